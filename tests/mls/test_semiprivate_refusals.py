"""Semi-private messages that break a rule: by a member who keeps to none.

Alice sends; Bob is a member, the hub an external receiver, and the stranger sees the outside alone.
"""

from functools import cache
from typing import Any

import pytest
from mls.attacker import Attacker
from mls.receivers import (
    ARCHIVE_NAME,
    HUB_NAME,
    HubRoom,
    forged,
    gathered_with_hub,
    group_info_with,
    hpke_key,
    receiver,
    refused_by,
    refuses,
    some_suites,
    supporting,
)
from mls.snapshot import whole
from tree.members import NOW, SUITE

from mimi.codec import decode, encode, replace
from mimi.crypto import Secret, SeededEntropy, Suite
from mimi.errors import InvalidError, MalformedError
from mimi.mls import (
    ContentType,
    EncryptedMessage,
    MLSMessage,
    ProposalReceived,
    PublicGroup,
    Settings,
)
from mimi.mls.component_errors import RequiredWireFormatError, SelfRemoveFramingError
from mimi.mls.errors import (
    ContentDecryptionError,
    KeyConsumedError,
    MessageSignatureError,
    SenderDataError,
    UnknownSenderError,
)
from mimi.mls.external_receivers import (
    EXTERNAL_RECEIVERS,
    ExternalReceiver,
    with_receivers,
)
from mimi.mls.framing import FramedContentAuthData, PrivateProposal
from mimi.mls.proposal import GroupContextExtensions, Remove, SelfRemove
from mimi.mls.semiprivate import RECEIVER_LABEL
from mimi.mls.semiprivate_errors import (
    ContentDiffersError,
    ExternalReceiverKeyError,
    PartialContextHashError,
    ReceiverKeysError,
    ReceiverListError,
    SemiPrivateApplicationError,
    SemiPrivateNotAgreedError,
)
from mimi.mls.state import changed
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import Extension
from mimi.tree.path import HPKECiphertext

REMOVE_CAROL, REMOVE_BOB = Remove(2), Remove(1)
GENUINE = encode(PrivateProposal(REMOVE_CAROL, FramedContentAuthData(b"a signature"), 0))
OTHER = SeededEntropy(b"another key")


@cache
def people(suite: Suite = SUITE):
    """Return Alice, Bob, the hub and the stranger, in a group of three with a blank leaf."""
    room, alice, bob, _ = gathered_with_hub(3, suite, grease=False)
    return alice.group, bob.group, room.follower, room.stranger


def check(
    member: type | None, hub: type | None, *, suite: Suite = SUITE, sent: Any = REMOVE_CAROL, **how
) -> None:
    """Check who refuses a forged message with what; None is who takes it.

    The stranger sees it go by: nothing on its outside is wrong.
    """
    alice, bob, reader, stranger = people(suite)
    wire = forged(alice, sent, **how)
    for group, kind in ((bob, member), (reader, hub)):
        if kind is None:
            (event,) = group.receive(wire, now=NOW).events
            assert isinstance(event, ProposalReceived)
        else:
            refuses(group, wire, kind)
    (event,) = stranger.receive(wire, now=NOW).events
    assert isinstance(event, EncryptedMessage)


def check_outside(kind: type, /, **how: Any) -> None:
    """Check that everybody refuses a forged message for what all can see."""
    alice, bob, hub, stranger = people()
    wire = forged(alice, REMOVE_CAROL, **how)
    for group in (bob, hub, stranger):
        refuses(group, wire, kind)


@some_suites
def test_what_is_not_forged_is_taken(suite):
    check(None, None, suite=suite)


# Section 3: for whom there are semi-private messages


@pytest.mark.parametrize("keeps", ["the format", "the receivers"])
def test_a_group_must_have_agreed(keeps):
    room = HubRoom(grease=False)
    alice, bob = room.enter("Alice", "Bob")
    agreed = with_receivers((), [receiver(SUITE)])
    if keeps == "the format":
        extensions = with_receivers((), ())
    else:
        extensions = tuple(each for each in agreed if each.extension_type == EXTERNAL_RECEIVERS)
    room.settings = Settings(grease=False)  # the founders commit in private messages
    for person in (alice, bob):
        person.client = changed(person.client, settings=room.settings)
    alice.founds(extensions=extensions)
    alice.commits(add=[bob])
    wire = forged(alice.group, Remove(1))
    stranger = PublicGroup.from_group_info(alice.group.group_info(), now=NOW)
    hub = stranger.with_receivers(hpke_key(SUITE, HUB_NAME))
    for group in (bob.group, hub, stranger):
        refuses(group, wire, SemiPrivateNotAgreedError)


def test_application_data_has_no_place_in_it():
    check_outside(SemiPrivateApplicationError, kind=ContentType.APPLICATION)


def doubled(keys):
    return (*keys, *keys)


def renamed(keys):
    return tuple(replace(key, external_receiver_ref=bytes(SUITE.nh)) for key in keys)


@pytest.mark.parametrize("listed", [lambda keys: (), doubled, renamed], ids=["no", "two", "other"])
def test_each_receiver_has_one_key(listed):
    check_outside(ReceiverListError, listed=listed)


def test_receivers_may_stand_in_any_order():
    room, alice, bob = gathered_with_hub(2, grease=False)
    listed = [receiver(SUITE), receiver(SUITE, ARCHIVE_NAME)]
    alice.commits(extensions=with_receivers((), listed))
    for order in (tuple, lambda keys: keys[::-1]):
        wire = forged(alice.group, Remove(1), listed=order)
        for group in (bob.group, room.follower):
            (event,) = group.receive(wire, now=NOW).events
            assert isinstance(event, ProposalReceived)
    for missing in (lambda keys: keys[:1], lambda keys: keys[1:], lambda keys: (*keys, keys[0])):
        wire = forged(alice.group, Remove(1), listed=missing)
        for group in (bob.group, room.follower):
            refuses(group, wire, ReceiverListError)


def test_who_lacks_the_wire_format_cannot_be_added():
    room, alice, _ = gathered_with_hub(2)
    (dave,) = room.enter("Dave")
    capabilities, extensions = supporting(SUITE)
    dave.client = changed(dave.client, capabilities=capabilities, leaf_extensions=extensions)
    with refused_by(RequiredWireFormatError, leaf=2):
        alice.group.commit(now=NOW, add=[dave.offers()])


# Section 3.1: the sender, the nonce and the content that all must agree on


@some_suites
def test_the_partial_context_hash_must_be_right(suite):
    check(PartialContextHashError, PartialContextHashError, suite=suite, partial=bytes(suite.nh))


@some_suites
def test_a_hub_is_told_the_same_sender(suite):
    """Members take the message, for theirs is genuine."""
    check(None, PartialContextHashError, suite=suite, told={"sender_leaf_index": 2})


@some_suites
def test_a_hub_is_told_the_same_nonce(suite):
    nonce = Secret(OTHER.fork(b"nonce")(suite.nn))
    check(None, PartialContextHashError, suite=suite, told={"nonce": nonce})


@some_suites
def test_the_content_is_the_one_that_is_named(suite):
    check(ContentDiffersError, ContentDiffersError, suite=suite, tbs_hash=bytes(suite.nh))


@some_suites
def test_a_hub_shown_another_content_notices(suite):
    """Members and hub have different keys, and the content that only the hub can open is another.

    The message names one content: here the members', which to them does not even decrypt.
    """
    key = OTHER.fork(b"key")(suite.nk)
    other = encode(PrivateProposal(REMOVE_BOB, FramedContentAuthData(b""), 0))
    told = {"key": Secret(key)}
    both = ContentDecryptionError, ContentDiffersError
    check(*both, suite=suite, key=key, told=told, plaintext=other)


@some_suites
def test_a_member_can_lead_a_hub_astray_alone(suite):
    """As with a wrong membership tag: no member follows, and the hub cannot know."""
    key = OTHER.fork(b"key")(suite.nk)
    check(ContentDecryptionError, None, suite=suite, key=key, told={"key": Secret(key)})


# Section 3.2, 3.3: decryption


@some_suites
def test_what_is_for_the_hub_must_decrypt(suite):
    def for_nobody(at, said):
        return HPKECiphertext(hpke_key(suite, b"no key").public, bytes(64))

    check(None, ReceiverKeysError, suite=suite, seal=for_nobody)
    check(None, ReceiverKeysError, suite=suite, seal=lambda at, said: HPKECiphertext(b"", b""))


@some_suites
def test_what_is_for_the_hub_is_bound_to_the_message(suite):
    def bound_to_nothing(at, said):
        public = at.external_receiver_public_key
        sealed = suite.encrypt_with_label(public, RECEIVER_LABEL, b"", said, OTHER.fork(b"seal"))
        return HPKECiphertext(*sealed)

    check(None, ReceiverKeysError, suite=suite, seal=bound_to_nothing)


@pytest.mark.parametrize("field", ["key", "nonce"])
@pytest.mark.parametrize("size", [0, 3, 64])
def test_what_is_for_the_hub_must_be_keys(field, size):
    check(None, ReceiverKeysError, told={field: Secret(bytes(size))})


@some_suites
def test_the_key_must_be_right(suite):
    check(None, ContentDecryptionError, suite=suite, told={"key": Secret(bytes(suite.nk))})
    check(None, ContentDecryptionError, suite=suite, told={"reuse_guard": b"\1\2\3\4"})
    check(ContentDecryptionError, ContentDecryptionError, suite=suite, key=bytes(suite.nk))


@some_suites
def test_the_signature_must_be_right(suite):
    signer = suite.generate_signature_key(OTHER.fork(b"signer"))
    check(MessageSignatureError, MessageSignatureError, suite=suite, signer=signer)


def test_the_sender_must_be_a_member():
    check(UnknownSenderError, UnknownSenderError, leaf=3)


def test_one_member_cannot_send_for_another():
    check(MessageSignatureError, MessageSignatureError, leaf=2)


UNREADABLE = {
    "padding that is not all zeros": GENUINE + b"\0\1",
    "a commit": b"\xff" * 40,
    "nothing": b"",
}


@pytest.mark.parametrize("plaintext", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_inside_must_parse(plaintext):
    alice, bob, hub, _ = people()
    wire = forged(alice, REMOVE_CAROL, plaintext=plaintext)
    for group in (bob, hub):
        before = whole(group)
        with pytest.raises(MalformedError) as caught:
            group.receive(wire, now=NOW)
        assert caught.value.path.startswith("PrivateProposal.")
        assert whole(group) == before


def test_a_self_remove_must_be_public():
    check(SelfRemoveFramingError, SelfRemoveFramingError, sent=SelfRemove())


BOUND = {
    "authenticated_data": b"other",
    "content_type": ContentType.COMMIT,
    "partial_context_hash": b"other",
    "framed_content_tbs_hash": b"other",
    "ciphertext": bytes(80),
}


@some_suites
@pytest.mark.parametrize("field", BOUND)
def test_no_field_can_be_another(suite, field):
    """The encryption of the content is bound to all that stands beside it."""
    alice, bob, hub, _ = people(suite)
    message = decode(MLSMessage, forged(alice, REMOVE_CAROL)).body
    wire = encode(MLSMessage(replace(message, **{field: BOUND[field]})))
    for group in (bob, hub):
        before = whole(group)
        with pytest.raises(InvalidError) as caught:
            group.receive(wire, now=NOW)
        assert type(caught.value) in ALTERED
        assert whole(group) == before


ALTERED = (
    SenderDataError,
    ContentDecryptionError,
    PartialContextHashError,
    ReceiverKeysError,
)
"""What is noticed first depends on what somebody reads first."""


def test_a_hub_does_not_see_the_sender_data():
    """They are bound to the ciphertext, and the ciphertext is not bound to them."""
    alice, bob, hub, _ = people()
    message = decode(MLSMessage, forged(alice, REMOVE_CAROL)).body
    wire = encode(MLSMessage(replace(message, encrypted_sender_data=bytes(40))))
    refuses(bob, wire, SenderDataError)
    (event,) = hub.receive(wire, now=NOW).events
    assert isinstance(event, ProposalReceived)


def test_a_key_opens_one_message():
    alice, bob, *_ = people()
    step = bob.receive(forged(alice, REMOVE_CAROL), now=NOW)
    refuses(step.group, forged(alice, REMOVE_BOB), KeyConsumedError)


# Section 3: the extension


def test_a_receiver_must_have_a_key():
    bad = ExternalReceiver(b"no key", BasicCredential(HUB_NAME))
    listed = with_receivers((), [receiver(SUITE), bad])
    alice, bob, hub, stranger = people()
    (carol,) = HubRoom().enter("Carol")
    with refused_by(ExternalReceiverKeyError, receiver=1):
        carol.client.create_group(now=NOW, extensions=listed)
    with refused_by(ExternalReceiverKeyError, receiver=1):
        alice.commit(now=NOW, extensions=listed)
    info = group_info_with(alice, listed)
    with refused_by(ExternalReceiverKeyError, receiver=1):
        PublicGroup.from_group_info(info, now=NOW)
    wire = Attacker.inside(alice).commit(GroupContextExtensions(listed))
    for group in (bob, hub, stranger):
        refuses(group, wire, ExternalReceiverKeyError, receiver=1)


def test_the_extension_must_parse():
    broken = Extension(EXTERNAL_RECEIVERS, b"\x01")
    alice, *_ = people()
    with pytest.raises(MalformedError) as caught:
        alice.commit(now=NOW, extensions=(broken,))
    assert caught.value.path
