"""Protecting messages, and what an attacker inside or outside of the group can make of them."""

import pytest
from mls.epoch import (
    ALICE,
    COMMIT,
    EPOCH,
    EXTERNAL,
    JOINER,
    MEMBER,
    PRIVATE,
    PROPOSALS,
    PROPOSER,
    PUBLIC,
    REMOVE,
    SENT,
    SUITE,
    Epoch,
    every_content,
    every_sender,
    flipped,
    handshakes,
)
from tree.members import every_suite, refused

from mimi.codec import decode, encode, replace
from mimi.crypto import (
    CipherSuite,
    SeededEntropy,
    SuiteMismatchError,
    suite_of,
)
from mimi.mls.codepoints import ContentType
from mimi.mls.errors import (
    ContentError,
    ExternalProposalError,
    MembershipTagError,
    MessageSignatureError,
    PublicApplicationError,
    SenderContentError,
    WrongEpochError,
    WrongGroupError,
)
from mimi.mls.framing import (
    FramedContentAuthData,
    MemberSender,
    PublicMessage,
)
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import (
    Add,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
)
from mimi.mls.protect import (
    authenticate,
    content_type,
    proposal_ref,
    protect_private,
    protect_public,
    sign_content,
    unprotect_public,
    verify_signature,
)
from mimi.mls.senders import (
    check_sender,
)

# What is right


@every_suite
def test_messages_of_every_suite(suite):
    epoch = Epoch.of(suite)
    tree = receiving = epoch.tree
    for sent in SENT.values():
        tree, message = epoch.private(sent, tree, padding=9)
        message = decode(MLSMessage, encode(MLSMessage(message))).body
        receiving, opened = epoch.open(message, receiving)
        assert opened == epoch.sign(sent)
        if not isinstance(sent, bytes):
            public = decode(MLSMessage, encode(MLSMessage(epoch.public(sent)))).body
            assert epoch.open_public(public) == epoch.sign(sent, wire_format=PUBLIC)


@every_sender
def test_public_messages_of_every_sender(sender, sent):
    message = decode(PublicMessage, encode(EPOCH.public(sent, sender)))
    opened = EPOCH.open_public(message)
    assert (opened.content, opened.auth) == (message.content, message.auth)
    assert opened.wire_format == PUBLIC
    assert (message.membership_tag is not None) == (sender == MEMBER)


def test_the_type_of_content():
    types = [content_type(EPOCH.content(sent)) for sent in SENT.values()]
    assert types == list(ContentType)


def test_a_proposal_is_known_by_the_hash_of_its_message():
    signed = EPOCH.sign(REMOVE, wire_format=PUBLIC)
    assert proposal_ref(SUITE, signed) == SUITE.ref_hash(
        b"MLS 1.0 Proposal Reference", encode(signed)
    )
    assert proposal_ref(SUITE, signed) != proposal_ref(SUITE, EPOCH.sign(REMOVE))


# Signatures (RFC 9420 section 6.1)


@every_sender
def test_the_group_context_is_signed_by_those_who_know_it(sender, sent):
    signed = EPOCH.sign(sent, sender, PUBLIC)
    public = EPOCH.signers[sender].public
    verify_signature(SUITE, signed, EPOCH.context, public)
    for change in ({"tree_hash": b"another"}, {"confirmed_transcript_hash": b""}):
        context = replace(EPOCH.context, **change)
        if sender in (MEMBER, JOINER):
            with refused(MessageSignatureError, sender=sender):
                verify_signature(SUITE, signed, context, public)
        else:
            verify_signature(SUITE, signed, context, public)


@every_content
def test_every_part_of_a_message_is_signed(sent):
    signed = EPOCH.sign(sent)
    public = EPOCH.signers[MEMBER].public
    verify_signature(SUITE, signed, EPOCH.context, public)
    changes = [
        replace(signed, wire_format=PUBLIC),
        replace(signed, auth=replace(signed.auth, signature=bytes(64))),
        replace(signed, auth=replace(signed.auth, signature=b"")),
        replace(signed, auth=replace(signed.auth, signature=flipped(signed.auth.signature))),
    ]
    contents = (
        {"group_id": b"another"},
        {"epoch": 4},
        {"sender": MemberSender(ALICE)},
        {"authenticated_data": b""},
        {"content": b"other"},
    )
    changes += [replace(signed, content=replace(signed.content, **one)) for one in contents]
    for wrong in changes:
        with pytest.raises(MessageSignatureError):
            verify_signature(SUITE, wrong, EPOCH.context, public)
    for key in (b"", bytes(32), EPOCH.signers[MemberSender(ALICE)].public):
        with refused(MessageSignatureError, sender=MEMBER):
            verify_signature(SUITE, signed, EPOCH.context, key)


def test_a_signature_does_not_cover_the_confirmation_tag():
    """That is for whoever verifies the tag; the signature comes first."""
    signed = EPOCH.sign(COMMIT)
    other = replace(signed, auth=replace(signed.auth, confirmation_tag=b"another"))
    verify_signature(SUITE, other, EPOCH.context, EPOCH.signers[MEMBER].public)


@pytest.mark.parametrize(("sent", "tag"), [(COMMIT, None), (REMOVE, b"tag"), (b"hello", b"")])
def test_a_commit_and_nothing_else_has_a_confirmation_tag(sent, tag):
    with refused(ContentError):
        signer = EPOCH.signers[MEMBER]
        authenticate(SUITE, PRIVATE, EPOCH.content(sent), EPOCH.context, signer, tag)


def test_one_signs_with_a_key_of_the_suite():
    with refused(SuiteMismatchError):
        signer = suite_of(2).generate_signature_key(SeededEntropy(1))
        EPOCH.sign(REMOVE, signer=signer)


# Application data in public (section 6)


def test_application_data_is_not_sent_in_public():
    content = EPOCH.content(b"hello")
    with refused(ContentError):
        sign_content(SUITE, PUBLIC, content, EPOCH.context, EPOCH.signers[MEMBER])
    signed = EPOCH.sign(b"hello")
    signed = replace(signed, wire_format=PUBLIC)
    with refused(ContentError):
        protect_public(SUITE, signed, EPOCH.context, EPOCH.secrets.membership_key)


def test_application_data_is_not_received_in_public():
    genuine = EPOCH.public(REMOVE)
    EPOCH.open_public(genuine)
    for sender in (MEMBER, EXTERNAL):
        content = EPOCH.content(b"hello", sender)
        tag = genuine.membership_tag if sender == MEMBER else None
        message = PublicMessage(content, FramedContentAuthData(b""), tag)
        with refused(PublicApplicationError):
            EPOCH.open_public(decode(PublicMessage, encode(message)))


# Membership tags (section 6.2)


@handshakes
@every_suite
def test_a_members_public_message_has_the_membership_tag(suite, sent):
    epoch = Epoch.of(suite)
    message = epoch.public(sent)
    epoch.open_public(message)
    tag = message.membership_tag
    other = suite.mac(epoch.secrets.confirmation_key.reveal(), b"")
    for wrong in (b"", tag[:-1], flipped(tag), tag + b"\0", bytes(len(tag)), other):
        with refused(MembershipTagError, sender=MEMBER):
            epoch.open_public(replace(message, membership_tag=wrong))


def test_a_group_context_extensions_proposal_needs_its_tag():
    message = EPOCH.public(PROPOSALS[GroupContextExtensions])
    with refused(MembershipTagError, sender=MEMBER):
        EPOCH.open_public(replace(message, membership_tag=None))


def test_the_tag_covers_the_signature_and_the_confirmation_tag():
    message = EPOCH.public(COMMIT)
    for change in ({"signature": b""}, {"confirmation_tag": b""}):
        with refused(MembershipTagError):
            EPOCH.open_public(replace(message, auth=replace(message.auth, **change)))


def test_the_tag_covers_the_group_context():
    message = EPOCH.public(REMOVE)
    with refused(MembershipTagError):
        EPOCH.open_public(message, replace(EPOCH.context, tree_hash=b"another"))


def test_a_follower_without_the_key_still_verifies_signatures():
    message = EPOCH.public(REMOVE)

    def follow(one):
        return unprotect_public(SUITE, one, EPOCH.context, None, EPOCH.key_of)

    assert follow(message) == EPOCH.open_public(message)
    assert follow(replace(message, membership_tag=b"")).content == message.content
    with refused(MessageSignatureError):
        follow(replace(message, auth=FramedContentAuthData(bytes(64))))


@every_sender
def test_an_all_zero_signature_is_refused(sender, sent):
    signed = EPOCH.sign(sent, sender, PUBLIC)
    forged = replace(signed, auth=replace(signed.auth, signature=bytes(64)))
    message = protect_public(SUITE, forged, EPOCH.context, EPOCH.secrets.membership_key)
    with refused(MessageSignatureError, sender=sender):
        EPOCH.open_public(message)


def test_a_public_message_is_signed_as_one():
    with refused(ContentError):
        protect_public(SUITE, EPOCH.sign(REMOVE), EPOCH.context, EPOCH.secrets.membership_key)
    relabelled = replace(EPOCH.sign(REMOVE), wire_format=PUBLIC)
    message = protect_public(SUITE, relabelled, EPOCH.context, EPOCH.secrets.membership_key)
    with refused(MessageSignatureError):
        EPOCH.open_public(message)


# Group and epoch


@pytest.mark.parametrize("change", [{"group_id": b"another"}, {"epoch": 2}, {"epoch": 4}])
def test_a_message_is_for_this_group_and_epoch(change):
    public, (_, private) = EPOCH.public(REMOVE), EPOCH.private(b"hello")
    error = WrongGroupError if "group_id" in change else WrongEpochError
    with refused(error, **change):
        EPOCH.open_public(replace(public, content=replace(public.content, **change)))
    with refused(error, **change):
        EPOCH.open(replace(private, **change))
    other = replace(EPOCH.context, **change)
    with refused(error):
        EPOCH.open_public(public, other)
    with refused(error):
        EPOCH.open(private, context=other)


# Who may send what (sections 6.1 and 12.1.8)

EVERYTHING = {**{kind.__name__: one for kind, one in PROPOSALS.items()}, "Commit": COMMIT}
ALLOWED = {
    MEMBER: set(EVERYTHING) | {"bytes"},
    EXTERNAL: {"Add", "Remove", "PreSharedKey", "ReInit", "GroupContextExtensions"},
    PROPOSER: {"Add"},
    JOINER: {"Commit"},
}


def refusal(sender, sent):
    proposed = sender == EXTERNAL and isinstance(sent, Proposal)
    return ExternalProposalError if proposed else SenderContentError


@pytest.mark.parametrize("sender", ALLOWED, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("sent", [b"hello", *EVERYTHING.values()], ids=["bytes", *EVERYTHING])
def test_each_sender_sends_what_it_may(sender, sent):
    if type(sent).__name__ in ALLOWED[sender]:
        check_sender(EPOCH.content(sent, sender))
    else:
        with refused(refusal(sender, sent), sender=sender):
            check_sender(EPOCH.content(sent, sender))


def test_external_senders_propose_what_the_specification_lists():
    external = {kind for kind in PROPOSALS if kind.external}
    assert external == {Add, Remove, PreSharedKey, ReInit, GroupContextExtensions}


def test_what_may_not_be_sent_is_not_signed():
    for sender, kind in ((EXTERNAL, "Update"), (PROPOSER, "Remove"), (JOINER, "Add")):
        content = EPOCH.content(EVERYTHING[kind], sender)
        with refused(ContentError):
            sign_content(SUITE, PUBLIC, content, EPOCH.context, EPOCH.signers[sender])


@pytest.mark.parametrize("change", [{"group_id": b"another"}, {"epoch": 2}])
def test_a_message_of_another_group_or_epoch_is_not_signed(change):
    content = replace(EPOCH.content(REMOVE), **change)
    with refused(ContentError):
        sign_content(SUITE, PUBLIC, content, EPOCH.context, EPOCH.signers[MEMBER])


def test_a_message_is_signed_with_the_suite_of_its_group():
    other = suite_of(CipherSuite.X25519_CHACHA20)
    with refused(ContentError):
        sign_content(other, PUBLIC, EPOCH.content(REMOVE), EPOCH.context, EPOCH.signers[MEMBER])


@pytest.mark.parametrize(
    ("sender", "kind"),
    [(EXTERNAL, "Update"), (EXTERNAL, "Commit"), (PROPOSER, "Remove"), (JOINER, "Add")],
)
def test_what_may_not_be_sent_is_refused_although_signed(sender, kind):
    message = EPOCH.public(EVERYTHING[kind], sender)
    with refused(refusal(sender, EVERYTHING[kind]), sender=sender):
        EPOCH.open_public(message)


@pytest.mark.parametrize("sender", [EXTERNAL, PROPOSER, JOINER], ids=lambda one: type(one).__name__)
def test_only_members_send_private_messages(sender):
    signed = EPOCH.sign(EVERYTHING["Commit" if sender == JOINER else "Add"], sender)
    with refused(ContentError):
        protect_private(
            SUITE, signed, EPOCH.tree, EPOCH.secrets.sender_data_secret, SeededEntropy(1)
        )


def test_a_private_message_is_signed_as_one():
    signed = EPOCH.sign(REMOVE, wire_format=PUBLIC)
    with refused(ContentError):
        protect_private(
            SUITE, signed, EPOCH.tree, EPOCH.secrets.sender_data_secret, SeededEntropy(1)
        )
