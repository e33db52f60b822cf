"""Copies that were damaged, forged or repeated: they change nothing, and the genuine one counts."""

from typing import Any

import attrs
import pytest
from mls.attacker import PRIVATE, PUBLIC, Deviation
from mls.proposals import GRACE
from mls.snapshot import whole
from mls.victims import (
    BOB,
    MALLORY,
    both_formats,
    check_followed,
    check_refused,
    followed,
    scene,
)
from tree.members import NOW, refused

from mimi.codec import decode, encode, replace
from mimi.errors import InvalidError, MalformedError
from mimi.mls import (
    ApplicationMessage,
    FutureEpoch,
    Held,
    OwnMessageEchoed,
    ProposalReceived,
)
from mimi.mls.errors import (
    ContentDecryptionError,
    GenerationTooFarError,
    KeyConsumedError,
    MembershipTagError,
    MessageSignatureError,
    SenderDataError,
    WrongEpochError,
)
from mimi.mls.framing import MemberSender
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Add, Remove
from mimi.mls.psk import ExternalPSK

REFUSED = (InvalidError, MalformedError)
MINE = MemberSender(MALLORY)


def flipped(wire: bytes, at: int, by: int = 0xFF) -> bytes:
    """Return octets with one changed."""
    changed = bytearray(wire)
    changed[at] ^= by
    return bytes(changed)


def survives(group: Any, wire: bytes) -> bool:
    """Return whether a damaged message is refused, or held for an epoch that is yet to come."""
    try:
        step = group.receive(wire, now=NOW)
    except REFUSED:
        return True
    (event,) = step.events
    return isinstance(event, Held) and isinstance(event.reason, FutureEpoch) and step.group is group


@pytest.mark.parametrize("by", [0x01, 0x80, 0xFF])
def test_no_octet_of_a_public_commit_can_be_changed(by):
    here = scene()
    wire = here.attacker.commit(Remove(BOB), path=True)
    before = whole(here.alice)
    wrong = [at for at in range(len(wire)) if not survives(here.alice, flipped(wire, at, by))]
    assert wrong == []
    assert whole(here.alice) == before
    check_followed(here, wire)


@pytest.mark.parametrize("by", [0x01, 0x80, 0xFF])
def test_no_octet_of_a_small_public_commit_can_be_changed(by):
    here = scene()
    wire = here.attacker.commit(Add(GRACE), path=False)
    before = whole(here.alice)
    wrong = [at for at in range(len(wire)) if not survives(here.alice, flipped(wire, at, by))]
    assert wrong == []
    assert whole(here.alice) == before
    check_followed(here, wire)


def test_a_follower_is_not_misled_by_a_copy_either():
    """It cannot see the two tags at the end, which only members can compute."""
    here = scene()
    wire = here.attacker.commit(Add(GRACE), path=False)
    before, seen = whole(here.public), len(wire) - 2 * 33
    wrong = [at for at in range(seen) if not survives(here.public, flipped(wire, at))]
    assert wrong == []
    assert whole(here.public) == before


@pytest.mark.parametrize("by", [0x01, 0x80])
def test_no_octet_of_a_private_commit_can_be_changed(by):
    here = scene()
    wire = here.attacker.commit(Remove(BOB), wire_format=PRIVATE)
    before = whole(here.alice)
    places = [*range(64), *range(64, len(wire), 7), *range(len(wire) - 20, len(wire))]
    wrong = [at for at in places if not survives(here.alice, flipped(wire, at, by))]
    assert wrong == []
    assert whole(here.alice) == before
    check_followed(here, wire, public=False)


@both_formats
def test_no_truncated_commit_is_taken(wire_format):
    here = scene()
    wire = here.attacker.commit(Remove(BOB), wire_format=wire_format)
    for length in (*range(0, len(wire), 11), len(wire) - 1):
        with pytest.raises(MalformedError):
            here.alice.receive(wire[:length], now=NOW)
    with pytest.raises(MalformedError):
        here.alice.receive(wire + b"\0", now=NOW)
    check_followed(here, wire, public=wire_format == PUBLIC)


@both_formats
def test_a_corrupted_copy_of_a_commit_does_not_spoil_the_genuine_one(wire_format):
    here = scene()
    wire = here.attacker.commit(Add(GRACE), wire_format=wire_format)
    copies = [flipped(wire, at) for at in (-1, -40, -80, len(wire) // 2)]
    copies.append(here.attacker.commit(Add(GRACE), wire_format=wire_format, how=bad_tag()))
    group = here.alice
    for copy in copies:
        with pytest.raises(REFUSED):
            group.receive(copy, now=NOW)
    after = followed(group, wire)
    assert after.epoch == group.epoch + 1
    after, hello = after.protect(b"hello")
    bob = followed(here.bob, wire)
    assert bob.receive(hello, now=NOW).events[0].data == b"hello"


def bad_tag() -> Deviation:
    return Deviation(tag=lambda tag: flipped(tag, 0))


@pytest.mark.parametrize("wire_format", [PUBLIC, PRIVATE])
def test_a_corrupted_copy_of_a_proposal_does_not_spoil_the_genuine_one(wire_format):
    here = scene()
    wire = here.attacker.send(Remove(BOB), wire_format)
    before = whole(here.alice)
    wrong = [at for at in range(len(wire)) if not survives(here.alice, flipped(wire, at))]
    assert wrong == []
    assert whole(here.alice) == before
    assert isinstance(here.alice.receive(wire, now=NOW).events[0], ProposalReceived)


# Application messages


def test_an_application_message_needs_the_senders_signature():
    here = scene()
    forged = here.attacker.send(b"hello", PRIVATE, Deviation(sender=MemberSender(BOB)))
    check_refused(here, forged, MessageSignatureError, public=False, sender=MemberSender(BOB))
    unsigned = Deviation(signature=lambda signature: bytes(len(signature)))
    wire = here.attacker.send(b"hello", PRIVATE, unsigned)
    check_refused(here, wire, MessageSignatureError, public=False, sender=MINE)
    _, genuine = here.bob.protect(b"hello")
    assert here.alice.receive(genuine, now=NOW).events[0].sender == BOB


def test_a_ciphertext_is_decrypted_once():
    here = scene()
    _, wire = here.bob.protect(b"hello")
    after = here.alice.receive(wire, now=NOW).group
    before = whole(after)
    with refused(KeyConsumedError, generation=0):
        after.receive(wire, now=NOW)
    assert whole(after) == before


def test_a_handshake_message_is_decrypted_once():
    here = scene()
    wire = here.attacker.send(Remove(BOB), PRIVATE)
    after = here.alice.receive(wire, now=NOW).group
    with refused(KeyConsumedError, generation=0):
        after.receive(wire, now=NOW)
    commit = here.attacker.commit(wire_format=PRIVATE)  # of the same generation
    with refused(KeyConsumedError, generation=0):
        after.receive(commit, now=NOW)


def test_a_replay_into_a_later_epoch_is_decrypted_once_as_well():
    here = scene()
    bob, late = here.bob.protect(b"late")
    _, later = bob.protect(b"later")
    after = followed(here.alice, here.attacker.commit())
    step = after.receive(late, now=NOW)
    assert step.events[0].data == b"late"
    with refused(KeyConsumedError, generation=0):
        step.group.receive(late, now=NOW)
    assert step.group.receive(later, now=NOW).events[0].data == b"later"


def test_each_message_has_a_reuse_guard_of_its_own():
    here = scene()
    texts = {here.bob.protect(b"the same")[1] for _ in range(8)}
    assert len(texts) == 8
    for wire in texts:
        assert here.alice.receive(wire, now=NOW).events[0].data == b"the same"


def test_no_message_drives_a_ratchet_beyond_the_bound():
    here = scene()
    bob = here.bob
    for _ in range(here.alice.settings.window.ahead + 1):
        bob, wire = bob.protect(b"")
    assert isinstance(here.alice.receive(wire, now=NOW).events[0], ApplicationMessage)
    bob, wire = bob.protect(b"")
    check_refused(here, wire, GenerationTooFarError, public=False, generation=1001)


def test_old_epochs_are_kept_and_not_for_ever():
    here = scene()
    _, wire = here.bob.protect(b"old")
    alice, mallory = here.alice, here.mallory
    kept = alice.settings.past_epochs
    for number in range(kept + 1):
        assert len(alice.past) <= kept
        (event,) = alice.receive(wire, now=NOW).events
        assert (event.data, event.epoch) == (b"old", here.alice.epoch)
        if number == kept:
            break
        draft = mallory.commit(now=NOW)
        alice, mallory = followed(alice, draft.commit), draft.accept()
    alice = followed(alice, mallory.commit(now=NOW).commit)
    with refused(WrongEpochError, epoch=here.alice.epoch):
        alice.receive(wire, now=NOW)


def test_ones_own_messages_come_back_as_events():
    here = scene()
    for settings in (PUBLIC, PRIVATE):
        alice = attrs.evolve(
            here.alice, settings=attrs.evolve(here.alice.settings, handshake=settings)
        )
        for sent in (
            alice.protect(b"hello"),
            alice.propose_remove(BOB, now=NOW),
            alice.propose_update(now=NOW),
            alice.propose_add(GRACE, now=NOW),
            alice.propose_psk(ExternalPSK(b"psk"), now=NOW),
        ):
            after, wire = sent
            step = after.receive(wire, now=NOW)
            assert step.events == (OwnMessageEchoed(alice.epoch),)
            assert step.group is after


def test_a_message_is_not_carried_from_one_sender_or_content_type_to_another():
    here = scene()
    _, wire = here.bob.protect(b"hello", b"aad")
    message = decode(MLSMessage, wire).body
    for changes, kind in (
        ({"authenticated_data": b"other"}, ContentDecryptionError),
        ({"content_type": type(message.content_type)(2)}, SenderDataError),
        ({"ciphertext": message.ciphertext[::-1]}, SenderDataError),
    ):
        copy = encode(MLSMessage(replace(message, **changes)))
        check_refused(here, copy, kind, public=False)


def test_a_public_message_is_not_sent_on_as_another_wire_format():
    """The signature covers the wire format: a signed private proposal is no public one."""
    here = scene()
    attacker = here.attacker
    framed = attacker.framed(Remove(BOB))
    signature = attacker.signature(framed, PRIVATE)
    wire = attacker.send(Remove(BOB), PUBLIC, Deviation(signature=lambda _: signature))
    check_refused(here, wire, MessageSignatureError, sender=MINE)


def test_another_epochs_membership_key_does_not_serve():
    here = scene()
    key = followed(here.mallory, here.bob.commit(now=NOW).commit).secrets.membership_key
    secrets = attrs.evolve(here.mallory.secrets, membership_key=key)
    attacker = attrs.evolve(here.attacker, member=attrs.evolve(here.mallory, secrets=secrets))
    wire = attacker.send(Remove(BOB))
    check_refused(here, wire, MembershipTagError, public=False, sender=MINE)
