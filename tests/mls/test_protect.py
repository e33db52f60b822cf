"""Protecting messages, and what an attacker inside or outside of the group can make of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.epoch import (
    ALICE,
    BOB,
    COMMIT,
    EXTERNAL,
    JOINER,
    MEMBER,
    PRIVATE,
    PROPOSALS,
    PROPOSER,
    PUBLIC,
    SUITE,
    Epoch,
)
from tree.members import every_suite, refused

from mimi.codec import decode, encode, replace
from mimi.crypto import EntropyError, Secret, SeededEntropy, SuiteMismatchError, suite_of
from mimi.errors import InvalidError, MalformedError, MimiError, UsageError
from mimi.mls.codepoints import ContentType
from mimi.mls.errors import (
    ContentDecryptionError,
    ContentError,
    GenerationTooFarError,
    KeyConsumedError,
    LeafOutsideError,
    MembershipTagError,
    MessageSignatureError,
    PublicApplicationError,
    SenderContentError,
    SenderDataError,
    WrongGroupError,
)
from mimi.mls.framing import (
    AuthenticatedContent,
    CommitAuthData,
    FramedContentAuthData,
    MemberSender,
    PrivateApplication,
    PrivateCommit,
    PrivateContentAAD,
    PrivateMessage,
    PublicMessage,
    SenderData,
)
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import (
    Add,
    Commit,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    Remove,
)
from mimi.mls.protect import (
    EXTERNAL_PROPOSALS,
    authenticate,
    check_sender,
    content_type,
    open_sender_data,
    proposal_ref,
    protect_private,
    protect_public,
    sender_data_key,
    unprotect_private,
    unprotect_public,
    verify_signature,
)
from mimi.mls.secrets import RatchetKind, Window

EPOCH = Epoch.of()
REMOVE = PROPOSALS[Remove]
SENT = {"application": b"hello", "proposal": REMOVE, "commit": COMMIT}

every_content = pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
handshakes = pytest.mark.parametrize("sent", [REMOVE, COMMIT], ids=["proposal", "commit"])
every_sender = pytest.mark.parametrize(
    ("sender", "sent"),
    [(MEMBER, REMOVE), (EXTERNAL, REMOVE), (PROPOSER, PROPOSALS[Add]), (JOINER, COMMIT)],
    ids=["member", "external", "new member, proposal", "new member, commit"],
)


def flipped(octets: bytes, at: int = -1) -> bytes:
    changed = bytearray(octets)
    changed[at] ^= 1
    return bytes(changed)


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
    with refused(ContentError):
        EPOCH.sign(b"hello", wire_format=PUBLIC)
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
    with refused(WrongGroupError, **change):
        EPOCH.open_public(replace(public, content=replace(public.content, **change)))
    with refused(WrongGroupError, **change):
        EPOCH.open(replace(private, **change))
    other = replace(EPOCH.context, **change)
    with refused(WrongGroupError):
        EPOCH.open_public(public, other)
    with refused(WrongGroupError):
        EPOCH.open(private, context=other)


# Who may send what (sections 6.1 and 12.1.8)

EVERYTHING = {**{kind.__name__: one for kind, one in PROPOSALS.items()}, "Commit": COMMIT}
ALLOWED = {
    MEMBER: set(EVERYTHING) | {"bytes"},
    EXTERNAL: {"Add", "Remove", "PreSharedKey", "ReInit", "GroupContextExtensions"},
    PROPOSER: {"Add"},
    JOINER: {"Commit"},
}


@pytest.mark.parametrize("sender", ALLOWED, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("sent", [b"hello", *EVERYTHING.values()], ids=["bytes", *EVERYTHING])
def test_each_sender_sends_what_it_may(sender, sent):
    if type(sent).__name__ in ALLOWED[sender]:
        check_sender(EPOCH.content(sent, sender))
    else:
        with refused(SenderContentError, sender=sender):
            check_sender(EPOCH.content(sent, sender))


def test_external_senders_propose_what_the_specification_lists():
    assert set(EXTERNAL_PROPOSALS) == {
        Add,
        Remove,
        PreSharedKey,
        ReInit,
        GroupContextExtensions,
    }


@pytest.mark.parametrize(
    ("sender", "kind"),
    [(EXTERNAL, "Update"), (EXTERNAL, "Commit"), (PROPOSER, "Remove"), (JOINER, "Add")],
)
def test_what_may_not_be_sent_is_refused_although_signed(sender, kind):
    message = EPOCH.public(EVERYTHING[kind], sender)
    with refused(SenderContentError, sender=sender):
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


# Nonces and keys (sections 6.3.1 and 9.1)


def parts(message: PrivateMessage) -> SenderData:
    return open_sender_data(SUITE, message, EPOCH.secrets.sender_data_secret)


def test_the_reuse_guard_changes_the_first_four_octets_of_the_nonce():
    _, first = EPOCH.private(b"hello", entropy=1)
    _, second = EPOCH.private(b"hello", entropy=2)
    assert parts(first).generation == parts(second).generation == 0
    assert parts(first).reuse_guard != parts(second).reuse_guard
    assert first.ciphertext != second.ciphertext
    _, key = EPOCH.tree.take(BOB, RatchetKind.APPLICATION, 0, Window())
    for message in (first, second):
        guard, nonce = parts(message).reuse_guard, key.nonce.reveal()
        head = int.from_bytes(nonce[:4], "big") ^ int.from_bytes(guard, "big")
        aad = encode(
            PrivateContentAAD(message.group_id, message.epoch, ContentType.APPLICATION, b"aad")
        )
        plaintext = SUITE.aead_open(
            key.key.reveal(), head.to_bytes(4, "big") + nonce[4:], aad, message.ciphertext
        )
        assert decode(PrivateApplication, plaintext).content == b"hello"
        assert EPOCH.open(message)[1] == EPOCH.sign(b"hello")


def test_the_reuse_guard_is_drawn_anew_for_every_message():
    drawn = []
    source = SeededEntropy(1)

    def entropy(size):
        drawn.append(size)
        return source(size)

    tree = EPOCH.tree
    guards = set()
    for _ in range(5):
        tree, message = EPOCH.private(b"hello", tree, entropy)
        guards.add(parts(message).reuse_guard)
    assert drawn == [4] * 5
    assert len(guards) == 5


def test_a_broken_source_of_randomness_is_noticed():
    with pytest.raises(EntropyError):
        EPOCH.private(b"hello", entropy=lambda size: bytes(size - 1))


def test_every_message_has_a_generation_of_its_own():
    tree, generations = EPOCH.tree, []
    for sent in (b"one", b"two", REMOVE, b"three", COMMIT):
        tree, message = EPOCH.private(sent, tree)
        generations.append((message.content_type, parts(message).generation))
    assert [generation for _, generation in generations] == [0, 1, 0, 2, 1]


def test_messages_arrive_in_any_order_and_once():
    tree, messages = EPOCH.tree, []
    for number in range(4):
        tree, message = EPOCH.private(b"%d" % number, tree)
        messages.append(message)
    receiving = EPOCH.tree
    for number in (2, 0, 3, 1):
        receiving, opened = EPOCH.open(messages[number], receiving)
        assert opened.content.content == b"%d" % number
    for number, message in enumerate(messages):
        with refused(KeyConsumedError, generation=number):
            EPOCH.open(message, receiving)


def test_a_sender_cannot_open_its_own_message_with_its_own_tree():
    tree, message = EPOCH.private(b"hello")
    with refused(KeyConsumedError, generation=0):
        EPOCH.open(message, tree)


@pytest.mark.parametrize("generation", [11, 2**31, 2**32 - 1])
def test_a_message_drives_the_ratchet_only_so_far(generation):
    _, genuine = EPOCH.private(b"hello")
    far = EPOCH.addressed(genuine, SenderData(BOB, generation, bytes(4)))
    with refused(GenerationTooFarError, generation=generation):
        EPOCH.open(far, window=Window(ahead=10))
    near = EPOCH.addressed(genuine, SenderData(BOB, 10, bytes(4)))
    with refused(ContentDecryptionError, leaf=BOB, generation=10):
        EPOCH.open(near, window=Window(ahead=10))


# Forgeries


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_forged_copy_costs_the_genuine_message_nothing(data):
    receiving = EPOCH.tree
    receiving, _ = EPOCH.open(EPOCH.private(REMOVE)[1], receiving)
    state = repr(receiving), receiving
    _, genuine = EPOCH.private(b"hello", padding=3)
    octets = bytearray(encode(genuine))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((InvalidError, MalformedError)):
        EPOCH.open(decode(PrivateMessage, bytes(octets)), receiving)
    assert (repr(receiving), receiving) == state
    after, opened = EPOCH.open(genuine, receiving)
    assert opened == EPOCH.sign(b"hello")
    with refused(KeyConsumedError):
        EPOCH.open(genuine, after)


def test_one_member_cannot_speak_for_another():
    """Alice knows all secrets of the epoch, but not Bob's signature key."""
    alice = EPOCH.signers[MemberSender(ALICE)]
    forged = EPOCH.sign(b"I am Bob", signer=alice)
    plaintext = encode(PrivateApplication(b"I am Bob", forged.auth, 0))
    receiving = EPOCH.tree
    with refused(MessageSignatureError, sender=MEMBER):
        EPOCH.open(EPOCH.sealed(plaintext), receiving)
    genuine = encode(PrivateApplication(b"I am Bob", EPOCH.sign(b"I am Bob").auth, 0))
    assert EPOCH.open(EPOCH.sealed(genuine), receiving)[1].content.sender == MEMBER


@pytest.mark.parametrize("signature", [b"", bytes(64), b"\xff" * 64, bytes(1000)])
def test_an_application_message_needs_a_signature(signature):
    plaintext = encode(PrivateApplication(b"hello", FramedContentAuthData(signature), 0))
    with refused(MessageSignatureError, sender=MEMBER):
        EPOCH.open(EPOCH.sealed(plaintext))


def test_a_message_cannot_be_taken_to_another_epoch_of_the_same_keys():
    _, message = EPOCH.private(b"hello")
    other = replace(EPOCH.context, confirmed_transcript_hash=b"a fork")
    with refused(MessageSignatureError):
        EPOCH.open(message, context=other)


@pytest.mark.parametrize("field", ["authenticated_data", "content_type"])
def test_what_is_in_the_open_is_authenticated(field):
    _, message = EPOCH.private(REMOVE)
    value = {"authenticated_data": b"other", "content_type": ContentType.COMMIT}[field]
    kind = ContentDecryptionError if field == "authenticated_data" else SenderDataError
    with refused(kind):
        EPOCH.open(replace(message, **{field: value}))


def test_the_content_type_is_bound_to_the_content_too():
    """Even someone who can encrypt sender data cannot turn a proposal into a commit."""
    _, message = EPOCH.private(REMOVE)
    relabelled = replace(message, content_type=ContentType.COMMIT)
    with refused(ContentDecryptionError, leaf=BOB, generation=0):
        EPOCH.open(EPOCH.addressed(relabelled, parts(message)))


def test_sender_data_under_another_key_is_refused():
    _, message = EPOCH.private(b"hello")
    with refused(SenderDataError):
        unprotect_private(
            SUITE, message, EPOCH.context, EPOCH.tree, Secret(bytes(32)), EPOCH.key_of
        )
    for wrong in (b"", bytes(15), flipped(message.encrypted_sender_data)):
        with refused(SenderDataError):
            EPOCH.open(replace(message, encrypted_sender_data=wrong))


def test_sender_data_is_bound_to_the_beginning_of_the_ciphertext():
    _, message = EPOCH.private(b"hello")
    with refused(SenderDataError):
        EPOCH.open(replace(message, ciphertext=flipped(message.ciphertext, SUITE.nh - 1)))
    with refused(ContentDecryptionError):
        EPOCH.open(replace(message, ciphertext=flipped(message.ciphertext, SUITE.nh)))


@every_suite
@pytest.mark.parametrize("length", [0, 1, 15, 16, 31])
def test_a_ciphertext_shorter_than_a_hash_is_its_own_sample(suite, length):
    epoch = Epoch.of(suite)
    secret, ciphertext = epoch.secrets.sender_data_secret, bytes(range(length))
    key = sender_data_key(suite, secret, ciphertext)
    expected = suite.expand_with_label(secret.reveal(), b"key", ciphertext, suite.nk)
    assert key.key.reveal() == expected
    _, message = epoch.private(b"hello")
    short = replace(message, ciphertext=ciphertext)
    data = SenderData(BOB, 0, bytes(4))
    with refused(ContentDecryptionError, leaf=BOB):
        epoch.open(epoch.addressed(short, data))


@every_suite
def test_the_sample_is_no_longer_than_a_hash(suite):
    secret, ciphertext = Secret(bytes(suite.nh)), bytes(range(200))
    key = sender_data_key(suite, secret, ciphertext)
    assert key == sender_data_key(suite, secret, ciphertext[: suite.nh])
    assert key != sender_data_key(suite, secret, ciphertext[: suite.nh - 1])
    expected = suite.expand_with_label(bytes(suite.nh), b"nonce", ciphertext[: suite.nh], suite.nn)
    assert key.nonce.reveal() == expected


@pytest.mark.parametrize("octets", [b"", bytes(11), bytes(13)])
def test_sender_data_that_does_not_parse_is_malformed(octets):
    _, message = EPOCH.private(b"hello")
    with pytest.raises(MalformedError):
        EPOCH.open(EPOCH.addressed(message, octets))


def test_a_sender_is_in_the_tree():
    _, message = EPOCH.private(b"hello")
    for leaf in (2, 2**32 - 1):
        addressed = EPOCH.addressed(message, SenderData(leaf, 0, bytes(4)))
        with refused(LeafOutsideError, leaf=leaf):
            unprotect_private(
                SUITE,
                addressed,
                EPOCH.context,
                EPOCH.tree,
                EPOCH.secrets.sender_data_secret,
                lambda _: b"any key",
            )
        with pytest.raises(UsageError, match="there is no"):
            EPOCH.open(addressed)


# Content and padding


@pytest.mark.parametrize("padding", [1, 2, 500])
def test_padding_adds_to_the_length_and_is_zeros(padding):
    (_, plain), (_, padded) = EPOCH.private(b"hello"), EPOCH.private(b"hello", padding=padding)
    assert len(padded.ciphertext) == len(plain.ciphertext) + padding
    assert EPOCH.open(padded)[1] == EPOCH.open(plain)[1]
    auth = EPOCH.sign(b"hello").auth
    octets = encode(PrivateApplication(b"hello", auth, padding))
    assert EPOCH.open(EPOCH.sealed(octets))[1] == EPOCH.sign(b"hello")
    for at in (-1, -padding):
        with pytest.raises(MalformedError, match="padding"):
            EPOCH.open(EPOCH.sealed(flipped(octets, at)))


def test_padding_is_a_number_of_octets():
    with pytest.raises(UsageError):
        EPOCH.private(b"hello", padding=-1)


def test_content_that_does_not_parse_is_malformed():
    genuine = encode(PrivateApplication(b"hello", EPOCH.sign(b"hello").auth, 0))
    for length in range(len(genuine)):
        with pytest.raises(MalformedError):
            EPOCH.open(EPOCH.sealed(genuine[:length]))
    with pytest.raises(MalformedError):
        EPOCH.open(EPOCH.sealed(genuine, ContentType.COMMIT))


def test_a_commit_in_private_has_a_confirmation_tag():
    signed = EPOCH.sign(COMMIT)
    genuine = encode(PrivateCommit(COMMIT, signed.auth, 0))
    opened = EPOCH.open(EPOCH.sealed(genuine, ContentType.COMMIT))[1]
    assert opened.auth == signed.auth
    assert isinstance(opened.auth, CommitAuthData)
    without = encode(COMMIT) + encode(FramedContentAuthData(signed.auth.signature))
    with pytest.raises(MalformedError):
        EPOCH.open(EPOCH.sealed(without, ContentType.COMMIT))


def test_parts_that_do_not_go_together_are_not_protected():
    signed = EPOCH.sign(COMMIT)
    wrong = AuthenticatedContent(PRIVATE, signed.content, FramedContentAuthData(b""))
    with pytest.raises(UsageError):
        protect_private(
            SUITE, wrong, EPOCH.tree, EPOCH.secrets.sender_data_secret, SeededEntropy(1)
        )


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.sampled_from(list(ContentType)))
def test_no_plaintext_makes_another_error(plaintext, kind):
    with pytest.raises(MimiError):
        EPOCH.open(EPOCH.sealed(plaintext, kind))


def test_a_commit_with_an_empty_list_is_content_like_any():
    empty = Commit((), None)
    assert EPOCH.open(EPOCH.private(empty)[1])[1].content.content == empty
    assert EPOCH.open_public(EPOCH.public(empty)).content.content == empty


def test_reinit_is_a_proposal_like_any():
    for proposal in (PROPOSALS[ReInit], PROPOSALS[PreSharedKey]):
        assert EPOCH.open(EPOCH.private(proposal)[1])[1].content.content == proposal
