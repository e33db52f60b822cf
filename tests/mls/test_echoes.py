"""One's own messages when they come back, and commits of one's own that win or lose."""

import pytest
from mls.meeting import PRIVATE, PUBLIC, gathered
from mls.snapshot import whole
from tree.members import NOW, refused

from mimi.crypto import Secret
from mimi.mls import (
    CommitStaged,
    ExternalPSK,
    Group,
    OwnCommitConfirmed,
    OwnMessageEchoed,
    RatchetKind,
)
from mimi.mls.errors import (
    ClosedGroupError,
    HeldCommitError,
    KeyConsumedError,
    OwnEchoError,
    StaleDraftError,
    WrongEpochError,
)

both_formats = pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE], ids=["public", "private"])


def heard(person, wire):
    """Return what somebody makes of octets, as often as they come; nothing is kept."""
    step = person.group.receive(wire, now=NOW)
    (event,) = step.events
    return event, step.group


# Messages and proposals


def test_ones_own_application_message_is_an_event():
    room, alice, bob = gathered(2)
    wire = alice.says(b"hello")
    before = whole(alice.group)
    for _ in range(2):
        assert heard(alice, wire) == (OwnMessageEchoed(1), alice.group)
    assert whole(alice.group) == before
    bob.commits()
    for _ in range(2):
        assert heard(alice, wire) == (OwnMessageEchoed(1), alice.group)
    room.agrees()


def test_ones_own_message_is_no_event_once_its_epoch_is_forgotten():
    _, alice, bob = gathered(2, past_epochs=1)
    wire = alice.says(b"hello")
    bob.commits()
    assert heard(alice, wire)[0] == OwnMessageEchoed(1)
    bob.commits()
    with refused(WrongEpochError, epoch=1):
        heard(alice, wire)


def test_a_message_that_one_has_not_sent_is_no_echo():
    """A state that was stored before the message was sent does not know it."""
    _, alice, bob = gathered(2)
    forgetful = alice.group
    _, wire = alice.group.protect(b"hello")
    with refused(OwnEchoError):
        forgetful.receive(wire, now=NOW)
    draft = bob.group.commit(now=NOW)
    forgetful = forgetful.receive(draft.commit, now=NOW).events[0].accept().group
    with refused(OwnEchoError):
        forgetful.receive(wire, now=NOW)


@both_formats
def test_ones_own_proposal_is_an_event_and_stays_pending(handshake):
    room, alice, bob = gathered(2, handshake=handshake)
    alice.group, wire = alice.group.propose_update(now=NOW)
    before = whole(alice.group)
    for _ in range(2):
        assert heard(alice, wire) == (OwnMessageEchoed(1), alice.group)
    assert whole(alice.group) == before
    assert len(alice.group.pending) == 1
    bob.hears(wire)
    room.follower = None  # it has not heard of the proposal
    bob.commits()
    room.agrees()


# Commits


@both_formats
def test_a_held_commit_takes_effect_when_it_comes_back(handshake):
    room, alice, bob = gathered(2, handshake=handshake)
    (carol,) = room.enter("Carol")
    draft = alice.group.commit(now=NOW, add=[carol.offers()])
    alice.group = draft.hold()
    assert alice.group.epoch == 1
    assert alice.says(b"meanwhile")
    assert bob.says(b"so do I")
    events = room.hears(draft.commit)
    assert events[alice] == OwnCommitConfirmed(1, draft.welcome)
    assert alice.group.epoch == bob.group.epoch == 2
    assert alice.group.held is None
    for _ in range(2):  # a second copy says nothing new, and has no Welcome to be sent again
        assert heard(alice, draft.commit) == (OwnCommitConfirmed(1), alice.group)
    carol.joins(draft.welcome, by=alice)
    room.agrees()


@both_formats
def test_an_accepted_commit_that_comes_back_is_confirmed(handshake):
    _, alice, bob = gathered(2, handshake=handshake)
    draft = alice.group.commit(now=NOW)
    alice.group = draft.accept()
    assert heard(alice, draft.commit) == (OwnCommitConfirmed(1), alice.group)
    bob.hears(draft.commit)
    for _ in range(2):  # as long as messages of its epoch are kept
        bob.commits()
        assert heard(alice, draft.commit) == (OwnCommitConfirmed(1), alice.group)


@both_formats
def test_a_held_commit_can_lose_to_another(handshake):
    room, alice, bob, carol = gathered(3, handshake=handshake)
    (dave,) = room.enter("Dave")
    lost = alice.group.commit(now=NOW, add=[dave.offers()])
    alice.group = lost.hold()
    event = bob.commits()[alice]
    assert isinstance(event, CommitStaged)
    assert alice.group.held is None
    for person in (alice, bob, carol):
        with refused(WrongEpochError, epoch=1):
            heard(person, lost.commit)
    room.agrees()
    alice.commits(add=[dave])
    room.agrees()


@both_formats
def test_who_holds_a_commit_can_be_removed(handshake):
    room, alice, bob, carol = gathered(3, handshake=handshake)
    alice.group = alice.group.commit(now=NOW).hold()
    assert bob.commits(remove=[alice])[alice].removes_me
    assert alice.group.held is None
    assert room.members == [bob, carol]
    room.agrees()


def test_a_held_commit_stands_in_the_way_of_another_until_it_is_forgotten():
    room, alice, _ = gathered(2)
    draft = alice.group.commit(now=NOW)
    alice.group = draft.hold()
    with refused(HeldCommitError):
        alice.group.commit(now=NOW)
    alice.proposes(Group.propose_update)  # proposals do not wait
    alice.group = alice.group.without_held()
    alice.commits()
    room.agrees()


@both_formats
def test_a_commit_in_ones_own_name_that_one_does_not_hold(handshake):
    room, alice, _ = gathered(2, handshake=handshake)
    draft = alice.group.commit(now=NOW)
    with refused(OwnEchoError):
        heard(alice, draft.commit)
    alice.commits()
    room.agrees()


# Drafts


@both_formats
def test_a_draft_takes_effect_in_the_group_as_it_is_by_now(handshake):
    room, alice, bob = gathered(2, handshake=handshake)
    draft = alice.group.commit(now=NOW)
    bob.group, late = bob.group.protect(b"sent before the commit arrived")
    bob.says(b"and another one")
    bob.hears(draft.commit)
    now_as_it_is = alice.group
    alice.group = draft.accept(now_as_it_is)
    event, alice.group = heard(alice, late)
    assert (event.data, event.epoch) == (b"sent before the commit arrived", 1)
    room.follower = None
    room.agrees()


def test_a_draft_of_another_epoch_is_stale():
    room, alice, bob = gathered(2)
    draft = alice.group.commit(now=NOW)
    bob.commits()
    before = whole(alice.group)
    with refused(StaleDraftError):
        draft.accept(alice.group)
    assert whole(alice.group) == before
    room.agrees()


def test_of_two_drafts_either_can_be_sent():
    room, alice, bob = gathered(2)
    alice.group.commit(now=NOW)
    second = alice.group.commit(now=NOW)
    alice.group = second.accept()
    bob.hears(second.commit)
    room.agrees()


def test_a_draft_that_was_sent_and_lost_leaves_its_key_consumed():
    room, alice, bob = gathered(2)
    before = alice.group
    draft = before.commit(now=NOW)
    lost = draft.reject()
    handshake = RatchetKind.HANDSHAKE
    generations = [
        group.message_keys.next_generation(alice.leaf, handshake)
        for group in (before, draft.hold().without_held(), lost)
    ]
    assert generations == [0, 1, 1]
    assert lost.context == before.context
    alice.group = lost
    bob.commits()
    room.agrees()


def test_nothing_later_is_held_for_who_was_removed():
    room, alice, bob, carol = gathered(3)
    alice.commits(remove=[carol])
    wire = bob.says(b"among ourselves")
    before = whole(carol.group)
    with refused(WrongEpochError, epoch=alice.group.epoch):
        carol.group.receive(wire, now=NOW)
    assert whole(carol.group) == before
    room.agrees()


def test_whoever_was_removed_speaks_for_the_group_no_more():
    room, alice, _, carol = gathered(3)
    alice.commits(remove=[carol])
    with refused(ClosedGroupError):
        carol.group.group_info()
    room.agrees()


# The present value, where something happened meanwhile


@both_formats
def test_a_draft_is_held_in_the_group_as_it_is_by_now(handshake):
    room, alice, bob = gathered(2, handshake=handshake)
    draft = alice.group.commit(now=NOW)
    late = alice.says(b"one")
    alice.group = draft.hold(alice.group)
    event, alice.group = heard(alice, draft.commit)
    assert isinstance(event, OwnCommitConfirmed)
    bob.hears(draft.commit)
    assert isinstance(heard(alice, late)[0], OwnMessageEchoed)
    room.follower = None
    room.agrees()


@both_formats
def test_a_draft_that_lost_is_rejected_in_the_group_as_it_is_by_now(handshake):
    room, alice, _ = gathered(2, handshake=handshake)
    draft = alice.group.commit(now=NOW)
    alice.says(b"one")
    before = alice.group
    alice.group = draft.reject(alice.group)
    kind = RatchetKind.APPLICATION
    assert alice.group.message_keys.next_generation(alice.leaf, kind) == 1
    taken = alice.group.message_keys.next_generation(alice.leaf, RatchetKind.HANDSHAKE)
    consumed = before.message_keys.next_generation(alice.leaf, RatchetKind.HANDSHAKE)
    assert taken - consumed == (handshake == PRIVATE)
    alice.says(b"two")
    room.agrees()


def test_a_key_that_encrypted_another_message_holds_no_draft():
    room, alice, _ = gathered(2, handshake=PRIVATE)
    draft = alice.group.commit(now=NOW)
    alice.proposes(Group.propose_update)
    with refused(StaleDraftError):
        draft.hold(alice.group)
    with refused(StaleDraftError):
        draft.reject(alice.group)
    alice.commits()
    room.agrees()


def test_a_draft_is_its_makers_alone():
    room, alice, bob = gathered(2)
    draft, other = alice.group.commit(now=NOW), alice.group.commit(now=NOW)
    for use in (draft.accept, draft.hold, draft.reject):
        with refused(StaleDraftError):
            use(bob.group)
        with refused(HeldCommitError):
            use(other.hold())
    assert draft.hold(draft.hold()).held.wire == draft.commit
    room.agrees()


@both_formats
def test_a_staged_commit_takes_effect_in_the_group_as_it_is_by_now(handshake):
    room, alice, bob = gathered(2, handshake=handshake)
    draft = alice.group.commit(now=NOW)
    late = alice.says(b"one")
    staged, bob.group = heard(bob, draft.commit)
    name = ExternalPSK(b"learnt meanwhile")
    bob.group = bob.group.with_psk(name, Secret(bytes(32)))
    bob.group = staged.accept(bob.group).group
    alice.group = draft.accept(alice.group)
    assert name in bob.group.psks
    with refused(KeyConsumedError):
        heard(bob, late)
    with refused(StaleDraftError):
        staged.accept(bob.group)
    room.follower = None
    room.agrees()


def test_a_private_commit_that_was_rejected_and_comes_back_is_no_mere_echo():
    room, alice, _ = gathered(2, handshake=PRIVATE)
    draft = alice.group.commit(now=NOW)
    alice.group = draft.reject()
    with refused(OwnEchoError):
        heard(alice, draft.commit)
    room.agrees()


def test_a_draft_says_which_proposals_it_leaves_out():
    room, alice, bob = gathered(2)
    reference = alice.proposes(Group.propose_update)
    draft = alice.group.commit(now=NOW)
    assert [pending.reference for pending in draft.left_out] == [reference]
    assert bob.group.commit(now=NOW).left_out == ()
    alice.commits()
    room.agrees()
