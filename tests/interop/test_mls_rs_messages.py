"""Application data between members by mimi and by mls-rs."""

import pytest
from interop.mlsrs import Ours, Room, Theirs, mls_rs
from interop.rooms import both_formats, either_founder, room_of_ours

from mimi.mls import StepPadding, Window, no_padding, padme
from mimi.mls.errors import GenerationTooFarError, KeyConsumedError, PendingProposalsError

AHEAD, KEPT = Window().ahead, Window().kept
THEIR_AHEAD = 1024
"""How many generations mls-rs skips at most."""

every_padding = pytest.mark.parametrize(
    "padding",
    [no_padding, padme, StepPadding(1), StepPadding(1000)],
    ids=["none", "padme", "to 1", "to 1000"],
)
every_size = pytest.mark.parametrize("size", [0, 1, 255, 256, 16383, 16384, 1 << 20])


@every_size
def test_data_of_every_size(size):
    ann, bob = Ours(b"ann"), Theirs(b"bob")
    Room(ann, bob)
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert bob.receive(ann.say(data)) == data
    assert ann.receive(bob.say(data)) == data


@every_padding
def test_they_read_what_we_pad(padding):
    ann, bob = Ours(b"ann", padding=padding), Theirs(b"bob")
    Room(ann, bob)
    for size in (0, 1, 100, 999, 1000, 1001):
        assert bob.receive(ann.say(bytes(size))) == bytes(size)


def test_they_read_what_we_send_with_authenticated_data():
    ann, bob = Ours(b"ann"), Theirs(b"bob")
    Room(ann, bob)
    assert bob.receive(ann.say(b"data", b"in the clear")) == b"data"


@either_founder
def test_everybody_reads_out_of_order(made):
    room, *members = made()
    data = [b"%d" % number for number in range(40)]
    for sender in members:
        wires = [sender.say(item) for item in data]
        for number in (7, 3, 39, 0, 38, 20, 21, 1):
            assert set(room.hand(wires[number], sender)) == {data[number]}
    room.talk()


@either_founder
@both_formats
def test_handshakes_between_messages_out_of_order(made, handshake):
    room, ann, bob, *_ = made(handshake)
    for sender in (ann, bob):
        first, second = sender.say(b"first"), sender.say(b"second")
        assert set(room.hand(second, sender)) == {b"second"}
        room.commit(sender)
        assert set(room.hand(sender.say(b"third"), sender)) == {b"third"}
        assert set(room.hand(first, sender)) == {b"first"}


@either_founder
def test_a_message_of_the_epoch_before_comes_late(made):
    room, ann, bob, cid, dan = made()
    wires = [(sender, sender.say(b"late " + sender.name)) for sender in (ann, bob)]
    room.commit(dan, remove=[cid])
    room.commit(bob)
    for sender, wire in wires:
        assert set(room.hand(wire, sender)) == {b"late " + sender.name}


def test_what_a_removed_member_had_said_is_read_late_by_us_alone():
    """Mls-rs looks for the sender's leaf in the tree of the present."""
    room, ann, bob, cid, dan = room_of_ours()
    for gone in (cid, dan):
        wire = gone.say(b"my last words")
        room.commit(ann, remove=[gone])
        assert ann.receive(wire) == b"my last words"
        with pytest.raises(mls_rs.Error.MlsError, match="node index is out of bounds"):
            bob.receive(wire)


def test_neither_reads_a_message_twice():
    ann, bob = Ours(b"ann"), Theirs(b"bob")
    Room(ann, bob)
    ours, theirs = ann.say(b"once"), bob.say(b"once")
    assert bob.receive(ours) == ann.receive(theirs) == b"once"
    with pytest.raises(mls_rs.Error.MlsError, match="key not available, invalid generation 0"):
        bob.receive(ours)
    with pytest.raises(KeyConsumedError) as caught:
        ann.receive(theirs)
    assert caught.value.where == {"generation": 0}


def test_how_far_each_goes_ahead():
    ann, bob = Ours(b"ann"), Theirs(b"bob")
    Room(ann, bob)
    wires = [ann.say(b"%d" % number) for number in range(THEIR_AHEAD + 2)]
    with pytest.raises(mls_rs.Error.MlsError, match="generation 1025 is too far ahead"):
        bob.receive(wires[THEIR_AHEAD + 1])
    assert bob.receive(wires[THEIR_AHEAD]) == b"1024"
    wires = [bob.say(b"%d" % number) for number in range(AHEAD + 2)]
    with pytest.raises(GenerationTooFarError) as caught:
        ann.receive(wires[AHEAD + 1])
    assert caught.value.where == {"generation": AHEAD + 1}
    assert ann.receive(wires[AHEAD]) == b"%d" % AHEAD


def test_how_many_keys_we_keep_for_late_messages():
    ann, bob = Ours(b"ann"), Theirs(b"bob")
    Room(ann, bob)
    last = KEPT + 10
    wires = [bob.say(b"%d" % number) for number in range(last + 1)]
    assert ann.receive(wires[last]) == b"%d" % last
    assert ann.receive(wires[last - KEPT]) == b"10"
    with pytest.raises(KeyConsumedError) as caught:
        ann.receive(wires[last - KEPT - 1])
    assert caught.value.where == {"generation": 9}


def test_neither_sends_while_proposals_wait():
    room, ann, bob, cid, dan = room_of_ours()
    room.propose(ann, ann.propose_remove(dan))
    with pytest.raises(PendingProposalsError) as caught:
        ann.say(b"too early")
    assert caught.value.where == {"proposals": ann.group.pending}
    with pytest.raises(mls_rs.Error.MlsError, match="pending proposals found"):
        bob.say(b"too early")
    room.commit(cid)
    room.talk()
