"""Which messages arrived, and which are lost (draft-ietf-mls-extensions-10 section 6.1)."""

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mls.meeting import NAMES
from mls.receivers import HubRoom, refused_by, some_suites
from mls.storage import reloaded
from tree.members import NOW

from mimi.codec import decode, encode
from mimi.errors import MalformedError
from mimi.mls import CommitStaged, Settings, Window
from mimi.mls.appack import (
    AppAck,
    MessageRange,
    acks_of,
    app_ack,
    app_ack_proposal,
    lost,
    undelivered_messages,
)
from mimi.mls.component_errors import ComponentRefusalError
from mimi.mls.components import ComponentID
from mimi.mls.errors import DamagedSnapshotError, KeyConsumedError, StaleDraftError
from mimi.mls.proposal import AppEphemeral
from mimi.mls.rows import Fields
from mimi.mls.secrets import LAST_GENERATION, MOST_FORGOTTEN
from mimi.mls.snapshot_secrets import read_sender, sender_fields
from mimi.mls.spans import joined, without

generations = st.frozensets(st.integers(0, 40), max_size=30)


def spans_of(numbers):
    """Return numbers as ranges."""
    return joined((at, at) for at in sorted(numbers))


def numbers_of(spans) -> set[int]:
    """Return ranges as numbers."""
    return {at for first, last in spans for at in range(first, last + 1)}


def ranges(*listed):
    return tuple(MessageRange(*each) for each in listed)


# Ranges


@given(generations)
def test_ranges_are_what_they_stand_for(numbers):
    spans = spans_of(numbers)
    assert numbers_of(spans) == numbers
    assert all(one[1] + 1 < other[0] for one, other in pairwise(spans))


@given(generations, generations)
def test_what_is_left_of_ranges(numbers, taken):
    left = without(spans_of(numbers), spans_of(taken))
    assert left == spans_of(numbers - taken)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), max_size=10))
def test_ranges_that_overlap_are_joined(given_spans):
    spans = sorted((first, first + more) for first, more in given_spans)
    together = joined(spans)
    assert numbers_of(together) == {at for span in spans for at in numbers_of([span])}
    assert together == spans_of(numbers_of(together))


@given(
    st.dictionaries(st.integers(0, 3), generations), st.dictionaries(st.integers(0, 3), generations)
)
def test_lost_is_what_they_have_and_we_have_not(theirs, ours):
    ack = app_ack({sender: spans_of(numbers) for sender, numbers in theirs.items()})
    assert decode(AppAck, encode(ack)) == ack
    here = {sender: spans_of(numbers) for sender, numbers in ours.items()}
    missing = lost([ack], here)
    assert {
        (each.sender, at)
        for each in missing
        for at in range(each.first_generation, each.last_generation + 1)
    } == {(s, at) for s, numbers in theirs.items() for at in numbers - ours.get(s, frozenset())}


def test_the_work_does_not_depend_on_what_is_claimed():
    """Ten thousand times all generations that there can be, and a thousand gaps of our own."""
    whole = MessageRange(0, 0, LAST_GENERATION)
    here = {0: tuple((at, at) for at in range(0, 2000, 2))}
    missing = lost([AppAck((whole,) * 10_000)], here)
    assert len(missing) == 1000
    assert missing[-1] == MessageRange(0, 1999, LAST_GENERATION)
    nested = tuple(MessageRange(0, at, LAST_GENERATION - at) for at in range(10_000))
    assert lost([AppAck(nested)], {}) == (whole,)


def test_a_range_does_not_end_before_it_begins():
    octets = encode(AppAck(ranges((0, 1, 1))))
    backwards = octets[:-4] + bytes(4)
    with pytest.raises(MalformedError, match="ends before it begins"):
        decode(AppAck, backwards)


# Groups


def gathered(size, suite=None, **settings):
    """Return people who exchange application messages; nobody hears but who is told to."""
    room = HubRoom(suite, **settings) if suite else HubRoom(**settings)
    people = room.enter(*NAMES[:size])
    room.is_founded(people[0])
    people[0].commits(add=people[1:])
    room.follow(people[0].group)
    return (room, *people)


def sent(person, count):
    """Return messages of somebody, which are yet to be delivered."""
    wires = []
    for number in range(count):
        person.group, wire = person.group.protect(f"message {number}".encode())
        wires.append(wire)
    return wires


def hear(person, wires):
    for wire in wires:
        person.group = person.group.receive(wire, now=NOW).group


def staged(person, wire) -> CommitStaged:
    (event,) = person.group.receive(wire, now=NOW).events
    assert isinstance(event, CommitStaged)
    return event


def acknowledges(person) -> bytes:
    """Commit an AppAck by value; return the commit, which nobody has seen yet."""
    ack = app_ack_proposal(person.group.app_ack())
    return person.group.commit(now=NOW, proposals=[ack]).commit


def test_nothing_has_arrived():
    _, alice, _ = gathered(2)
    assert alice.group.app_ack() == AppAck(())
    sent(alice, 3)
    assert alice.group.app_ack() == AppAck(())


@some_suites
def test_what_a_service_drops_is_found_out(suite):
    room, alice, bob, carol = gathered(3, suite)
    wires = sent(alice, 10)
    hear(bob, wires)
    hear(carol, [wires[at] for at in (0, 1, 4, 3, 7)])
    assert bob.group.app_ack() == AppAck(ranges((0, 0, 9)))
    assert carol.group.app_ack() == AppAck(ranges((0, 0, 1), (0, 3, 4), (0, 7, 7)))
    wire = acknowledges(bob)
    event = staged(carol, wire)
    assert carol.group.lost(event) == ranges((0, 2, 2), (0, 5, 6), (0, 8, 9))
    # the hub counts nothing, and takes it
    (seen,) = room.follower.receive(wire, now=NOW).events
    assert acks_of(seen) == {1: [AppAck(ranges((0, 0, 9)))]}
    # late ones still count, before the commit is accepted and after
    hear(carol, [wires[2]])
    carol.group = event.accept(carol.group).group
    hear(carol, [wires[9]])
    assert carol.group.lost(event) == ranges((0, 5, 6), (0, 8, 8))
    hear(carol, [wires[5], wires[6], wires[8]])
    assert carol.group.lost(event) == ()


def test_all_messages_after_some_point_are_dropped():
    """What no gap in the generations would show."""
    _, alice, bob, carol = gathered(3)
    hear(bob, sent(alice, 5))
    event = staged(carol, acknowledges(bob))
    assert carol.group.lost(event) == ranges((0, 0, 4))


def test_several_members_acknowledge():
    room, alice, bob, carol, dave = gathered(4)
    first, second = sent(alice, 4), sent(bob, 2)
    hear(bob, first[:2])
    hear(carol, [*first[2:], *second])
    for person in (bob, carol):
        ack = app_ack_proposal(person.group.app_ack())
        person.group, wire = person.group.propose(ack, now=NOW)
        for other in {alice, bob, carol, dave} - {person}:
            hear(other, [wire])
    event = staged(dave, alice.group.commit(now=NOW).commit)
    assert dave.group.lost(event) == ranges((0, 0, 3), (1, 0, 1))
    assert set(acks_of(event)) == {bob.leaf, carol.leaf}
    event = staged(carol, alice.group.commit(now=NOW).commit)
    assert carol.group.lost(event) == ranges((0, 0, 1))
    event = staged(bob, alice.group.commit(now=NOW).commit)
    assert bob.group.lost(event) == ranges((0, 2, 3))
    assert undelivered_messages(bob.group, event) == {carol.leaf: ()}
    assert room.follower.pending == ()


def test_one_learns_which_of_ones_own_messages_did_not_arrive():
    _, alice, bob, carol = gathered(3)
    wires = sent(alice, 6)
    hear(bob, wires[1:3])
    event = staged(alice, acknowledges(bob))
    assert undelivered_messages(alice.group, event) == {bob.leaf: ((0, 0), (3, 5))}
    assert alice.group.lost(event) == ()
    assert undelivered_messages(carol.group, staged(carol, acknowledges(bob))) == {bob.leaf: ()}


def test_what_nobody_can_have_sent_is_not_lost():
    """A claim for a blank leaf, one beyond the tree, and one for our own messages."""
    _, alice, bob, _ = gathered(3)
    claims = AppAck(ranges((3, 0, 5), (2000, 0, 5), (1, 0, 5), (0, 0, LAST_GENERATION)))
    wire = alice.group.commit(now=NOW, proposals=[app_ack_proposal(claims)]).commit
    assert bob.group.lost(staged(bob, wire)) == ranges((0, 0, LAST_GENERATION))


def test_other_components_acknowledge_nothing():
    _, alice, bob = gathered(2)
    event = staged(bob, alice.group.commit(now=NOW).commit)
    assert acks_of(event) == {}
    assert bob.group.lost(event) == ()


def test_what_is_no_acknowledgement_is_refused():
    _, alice, _ = gathered(2)
    for data in (
        b"",
        b"\x0c" + bytes(8) + b"\0" * 3,
        encode(AppAck(ranges((0, 1, 1))))[:-1] + b"\0",
    ):
        with refused_by(ComponentRefusalError):
            alice.group.propose(AppEphemeral(ComponentID.APP_ACK, data), now=NOW)


def test_a_commit_of_another_epoch_says_nothing_any_more():
    _, alice, bob, carol = gathered(3, past_epochs=1)
    hear(bob, sent(alice, 1))
    event = staged(carol, acknowledges(bob))
    carol.group = event.accept(carol.group).group
    assert carol.group.lost(event) == ranges((0, 0, 0))
    carol.group = carol.group.commit(now=NOW).accept()
    with refused_by(StaleDraftError):
        carol.group.lost(event)
    with refused_by(StaleDraftError):
        undelivered_messages(carol.group, event)


# Messages whose keys are gone


def narrow(person, **window):
    person.group = person.group.with_settings(Settings(window=Window(**window)))


def test_what_is_forgotten_has_not_arrived():
    """A gap of more messages than keys are kept for, of which all are used up later."""
    _, alice, bob = gathered(2)
    narrow(bob, kept=4, ahead=100, behind=100)
    wires = sent(alice, 30)
    hear(bob, [wires[0], wires[20]])
    assert bob.group.app_ack() == AppAck(ranges((0, 0, 0), (0, 20, 20)))
    hear(bob, wires[16:20])
    assert bob.group.app_ack() == AppAck(ranges((0, 0, 0), (0, 16, 20)))
    hear(bob, [wires[23], wires[27]])
    assert bob.group.app_ack() == AppAck(ranges((0, 0, 0), (0, 16, 20), (0, 23, 23), (0, 27, 27)))
    hear(bob, wires[24:27])
    expected = ranges((0, 0, 0), (0, 16, 20), (0, 23, 27))
    assert bob.group.app_ack() == AppAck(expected)
    assert reloaded(bob.group).app_ack() == AppAck(expected)


def test_what_is_forgotten_is_lost_where_others_have_it():
    _, alice, bob, carol = gathered(3)
    narrow(carol, kept=2, ahead=100, behind=100)
    wires = sent(alice, 12)
    hear(bob, wires)
    hear(carol, [wires[0], wires[10], wires[9], wires[8], wires[11]])
    event = staged(carol, acknowledges(bob))
    assert carol.group.lost(event) == ranges((0, 1, 7))
    assert reloaded(carol.group).lost(event) == ranges((0, 1, 7))


@cache
def listener():
    """Return a group, and messages for it."""
    _, alice, bob = gathered(2)
    return bob.group, sent(alice, 41)


@given(st.lists(st.integers(0, 40), max_size=40), st.integers(0, 6), st.integers(0, 12))
def test_what_has_arrived_is_told_from_the_keys(order, kept, behind):
    """In whatever order messages come, and however few keys are kept."""
    group, wires = listener()
    group = group.with_settings(Settings(window=Window(kept=kept, ahead=50, behind=behind)))
    arrived = set()
    for at in order:
        try:
            group = group.receive(wires[at], now=NOW).group
        except KeyConsumedError:  # it came before, or its key is gone
            continue
        arrived.add(at)
    ack = group.app_ack()
    assert {
        at
        for each in ack.received_ranges
        for at in range(each.first_generation, each.last_generation + 1)
    } == arrived


def test_ranges_that_are_forgotten_are_bounded():
    _, alice, bob = gathered(2)
    narrow(bob, kept=0, ahead=10, behind=10)
    wires = sent(alice, 2 * MOST_FORGOTTEN + 20)
    hear(bob, wires[1::2])
    ratchet = bob.group.message_keys.senders[0].application
    assert len(ratchet.forgotten) == MOST_FORGOTTEN
    assert ratchet.forgotten[0] == (0, 20)
    assert ratchet.forgotten[1] == (22, 22)
    ack = bob.group.app_ack()
    assert ack.received_ranges[0] == MessageRange(0, 21, 21)
    assert len(ack.received_ranges) == MOST_FORGOTTEN
    assert reloaded(bob.group).app_ack() == ack


@pytest.mark.parametrize(
    "octets",
    [
        b"\0",
        bytes(4),
        b"\0\0\0\1" + bytes(4),
        b"\0\0\0\0\0\0\0\x09",
        bytes(16),
        b"\0\0\0\2\0\0\0\3" + bytes(8),
        b"\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\3",
    ],
)
def test_stored_ranges_are_checked(octets):
    _, alice, bob = gathered(2)
    hear(bob, sent(alice, 9))
    says = sender_fields(bob.group.message_keys.senders[0])
    broken = {**says, "application": {**says["application"], "forgotten": octets}}
    with pytest.raises(DamagedSnapshotError) as caught:
        read_sender(Fields("a row", broken), bob.group.suite)
    assert caught.value.path == "a row"
