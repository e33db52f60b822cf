"""Messages that come late, early or out of order (RFC 9420 sections 14 and 15.3)."""

import pytest
from mls.meeting import PRIVATE, PUBLIC, gathered
from mls.snapshot import whole
from tree.members import NOW, SUITE, refused

from mimi.crypto import SeededEntropy
from mimi.mls import (
    ApplicationMessage,
    CommitStaged,
    FutureEpoch,
    Group,
    Held,
    LeafChange,
    MissingProposals,
    ProposalReceived,
    PublicGroup,
    Window,
)
from mimi.mls.errors import GenerationTooFarError, KeyConsumedError, WrongEpochError

both_formats = pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE], ids=["public", "private"])


def sends(person, data: bytes) -> bytes:
    """Send something that nobody receives yet."""
    person.group, wire = person.group.protect(data)
    return wire


def reads(person, wire: bytes) -> bytes:
    """Receive application data."""
    event = person.hears(wire)
    assert isinstance(event, ApplicationMessage)
    return event.data


# Epochs that are gone


@both_formats
def test_late_messages_are_read_as_long_as_their_epoch_is_kept(handshake):
    room, alice, bob = gathered(2, handshake=handshake, past_epochs=3)
    wires = [sends(bob, b"first"), sends(bob, b"second"), sends(bob, b"third")]
    for wire, expected in ((wires[1], b"second"), (wires[0], b"first")):
        alice.commits()
        event = alice.hears(wire)
        assert (event.epoch, event.data, event.sender) == (1, expected, bob.leaf)
        with refused(KeyConsumedError):
            alice.hears(wire)
    alice.commits()
    alice.commits()
    before = whole(alice.group)
    with refused(WrongEpochError, epoch=1):
        alice.hears(wires[2])
    assert whole(alice.group) == before
    room.agrees()


@pytest.mark.parametrize("kept", [0, 1, 2, 5])
def test_as_many_past_epochs_are_kept_as_the_settings_say(kept):
    _, alice, bob = gathered(2, past_epochs=kept)
    late = [sends(bob, b"of epoch 1")]
    for _ in range(6):
        alice.commits()
        late.append(sends(bob, b"of epoch %d" % bob.group.epoch))
        assert len(alice.group.past) == min(kept, alice.group.epoch)
    for epoch, wire in enumerate(late, start=1):
        if epoch >= alice.group.epoch - kept:
            assert reads(alice, wire) == b"of epoch %d" % epoch
        else:
            with refused(WrongEpochError, epoch=epoch):
                alice.hears(wire)


@both_formats
def test_a_late_message_of_somebody_who_was_removed_meanwhile(handshake):
    room, alice, bob, carol = gathered(3, handshake=handshake)
    leaf, late = bob.group.leaf_node, [sends(bob, b"before I go"), sends(bob, b"one more thing")]
    alice.commits(remove=[bob])
    (dave,) = room.enter("Dave")
    for person, wire in ((alice, late[0]), (carol, late[1])):
        event = person.hears(wire)
        assert (event.sender, event.leaf_node, event.epoch) == (1, leaf, 1)
    carol.commits(add=[dave])
    assert dave.leaf == 1  # Bob's place is taken, and his message is still his
    event = alice.hears(late[1])
    assert (event.sender, event.leaf_node, event.data) == (1, leaf, b"one more thing")
    room.agrees()


@both_formats
@pytest.mark.parametrize("by_update", [True, False], ids=["update", "commit"])
def test_a_late_message_of_somebody_whose_signature_key_changed(handshake, by_update):
    room, alice, bob, _ = gathered(3, handshake=handshake)
    leaf, late = bob.group.leaf_node, [sends(bob, b"with the old key"), sends(bob, b"too")]
    change = LeafChange(signer=SUITE.generate_signature_key(SeededEntropy(b"another key")))
    if by_update:
        bob.proposes(Group.propose_update, change)
        alice.commits()
    else:
        bob.commits(leaf=change)
    event = alice.hears(late[0])
    assert event.leaf_node == leaf
    assert event.leaf_node.signature_key != bob.group.leaf_node.signature_key
    bob.commits()
    assert alice.hears(late[1]).leaf_node == leaf
    room.agrees()


def test_a_late_message_of_somebody_who_joined_by_a_commit_and_left():
    room, alice, bob = gathered(2)
    (carol,) = room.enter("Carol")
    carol.joins_from_outside(by=alice)
    late = sends(carol, b"I was here")
    bob.commits(remove=[carol])
    assert reads(alice, late) == b"I was here"


@both_formats
def test_late_handshake_messages_are_refused(handshake):
    room, alice, bob = gathered(2, handshake=handshake)
    room.follower = None
    _, proposal = bob.group.propose_update(now=NOW)
    commit = bob.group.commit(now=NOW).commit
    alice.commits()
    before = whole(alice.group)
    for wire in (proposal, commit):
        with refused(WrongEpochError, epoch=1):
            alice.hears(wire)
    assert whole(alice.group) == before
    room.agrees()


# Out of order


def test_messages_of_one_sender_come_in_any_order():
    room, alice, bob = gathered(2)
    wires = [sends(bob, b"message %d" % number) for number in range(20)]
    for number in (3, 0, 19, 7, 1, 18, 2):
        event = alice.hears(wires[number])
        assert (event.generation, event.data) == (number, b"message %d" % number)
        with refused(KeyConsumedError, generation=number):
            alice.hears(wires[number])
    room.agrees()


def test_no_message_is_further_ahead_than_the_window():
    _, alice, bob = gathered(2, window=Window(ahead=5))
    wires = [sends(bob, b"message %d" % number) for number in range(13)]
    with refused(GenerationTooFarError, generation=6):
        alice.hears(wires[6])
    assert reads(alice, wires[5]) == b"message 5"
    with refused(GenerationTooFarError, generation=12):
        alice.hears(wires[12])
    assert reads(alice, wires[11]) == b"message 11"
    assert reads(alice, wires[12]) == b"message 12"


def test_as_many_keys_of_skipped_messages_are_kept_as_the_window_says():
    _, alice, bob = gathered(2, window=Window(kept=3))
    wires = [sends(bob, b"message %d" % number) for number in range(10)]
    assert reads(alice, wires[9]) == b"message 9"
    for number in range(6):
        with refused(KeyConsumedError, generation=number):
            alice.hears(wires[number])
    for number in (7, 6, 8):
        assert reads(alice, wires[number]) == b"message %d" % number


def test_the_window_holds_in_past_epochs_too():
    _, alice, bob = gathered(2, window=Window(ahead=2, kept=1))
    wires = [sends(bob, b"message %d" % number) for number in range(4)]
    alice.commits()
    with refused(GenerationTooFarError, generation=3):
        alice.hears(wires[3])
    assert reads(alice, wires[2]) == b"message 2"
    with refused(KeyConsumedError, generation=0):
        alice.hears(wires[0])
    assert reads(alice, wires[1]) == b"message 1"


# Too early


@both_formats
def test_messages_of_a_future_epoch_are_held_and_can_be_tried_again(handshake):
    room, alice, bob, carol = gathered(3, handshake=handshake)
    room.follower = None
    first = bob.group.commit(now=NOW)
    bob.group = first.accept()
    bob.group, proposal = bob.group.propose_remove(carol.leaf, now=NOW)
    second = bob.group.commit(now=NOW)
    bob.group = second.accept()
    message = sends(bob, b"of epoch 3")
    before = whole(alice.group)
    for wire, epoch in ((message, 3), (second.commit, 2), (proposal, 2)):
        step = alice.group.receive(wire, now=NOW)
        assert step.group is alice.group
        assert step.events == (Held(FutureEpoch(epoch)),)
    assert whole(alice.group) == before
    kinds = [alice.hears(wire) for wire in (first.commit, proposal, second.commit, message)]
    assert list(map(type, kinds)) == [
        CommitStaged,
        ProposalReceived,
        CommitStaged,
        ApplicationMessage,
    ]
    carol.hears(first.commit)
    carol.hears(proposal)
    carol.hears(second.commit)
    assert room.members == [alice, bob]
    room.agrees()


@both_formats
def test_a_commit_whose_proposals_are_missing_is_held_and_can_be_tried_again(handshake):
    room, alice, bob, carol = gathered(3, handshake=handshake)
    room.follower = None
    bob.group, first = bob.group.propose_update(now=NOW)
    bob.group, second = bob.group.propose_extensions((), now=NOW)
    carol.hears(first)
    carol.hears(second)
    references = tuple(item.reference for item in carol.group.pending)
    draft = carol.group.commit(now=NOW)
    before = whole(alice.group)
    assert alice.hears(draft.commit) == Held(MissingProposals(references))
    assert whole(alice.group) == before
    alice.hears(second)
    assert alice.hears(draft.commit) == Held(MissingProposals(references[:1]))
    alice.hears(first)
    assert isinstance(alice.hears(draft.commit), CommitStaged)
    assert isinstance(bob.hears(draft.commit), CommitStaged)
    carol.group = draft.accept()
    room.agrees()


def test_a_follower_holds_what_it_cannot_follow_yet():
    _, alice, bob = gathered(2, handshake=PUBLIC)
    follower = PublicGroup.from_group_info(alice.group.group_info(), now=NOW)
    bob.group, proposal = bob.group.propose_update(now=NOW)
    alice.hears(proposal)
    draft = alice.group.commit(now=NOW)
    after = draft.accept()
    later = after.commit(now=NOW).commit
    assert follower.receive(later, now=NOW).events == (Held(FutureEpoch(2)),)
    (held,) = follower.receive(draft.commit, now=NOW).events
    assert isinstance(held.reason, MissingProposals)
    follower = follower.receive(proposal, now=NOW).group
    follower = follower.receive(draft.commit, now=NOW).events[0].accept().group
    follower = follower.receive(later, now=NOW).events[0].accept().group
    assert follower.epoch == 3
