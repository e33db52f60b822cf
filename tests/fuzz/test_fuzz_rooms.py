"""Whatever components of rooms are told, they take it or refuse it with an error of their own."""

from functools import cache

import pytest
from fuzz.fuzz_codec import CORPUS
from hypothesis import given, settings
from hypothesis import strategies as st
from policy.furniture import update
from policy.house import House, with_bob
from policy.scenes import ALICE, BOB, CAROL, around, by
from tree.members import NOW

from mimi.codec import decode, encode
from mimi.codec.strategy import strategy
from mimi.errors import ForbiddenError, InvalidError, MalformedError
from mimi.mls import Group, PublicGroup
from mimi.policy.actions import ChangeBasePolicy, ChangeRoles
from mimi.policy.capability import Capability
from mimi.policy.checks import check_component, check_policy
from mimi.policy.constraints import check_founded
from mimi.policy.decide import decide
from mimi.policy.decision import Grant
from mimi.policy.participants import Participants
from mimi.policy.policy import STRUCTURES, RoomPolicy
from mimi.policy.room import Room
from mimi.policy.structures import (
    JOIN_LINKS,
    PARTICIPANT_LIST,
    BaseRoomPolicy,
    JoinLinksUpdate,
    ParticipantListData,
    ParticipantListUpdate,
    RoleData,
)

REFUSALS = (MalformedError, InvalidError, ForbiddenError)

UPDATES = {
    **STRUCTURES,
    int(PARTICIPANT_LIST): ParticipantListUpdate,
    int(JOIN_LINKS): JoinLinksUpdate,
}
"""The structures of updates, by the numbers of their components."""

share = settings(max_examples=150, deadline=None)


@cache
def seeds(name: str) -> tuple[bytes, ...]:
    """Return valid encodings of a structure."""
    lines = (CORPUS / f"{name}.hex").read_text(encoding="ascii").splitlines()
    return tuple(map(bytes.fromhex, lines))


@st.composite
def changed(draw: st.DrawFn, octets: bytes) -> bytes:
    """Return octets of which some are others, or gone, or repeated."""
    changed = bytearray(octets)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(changed)))
        match draw(st.integers(0, 3)):
            case 0 if at < len(changed):
                changed[at] = draw(st.integers(0, 255))
            case 1:
                changed[at:at] = draw(st.binary(min_size=1, max_size=4))
            case 2:
                del changed[at : at + draw(st.integers(1, 4))]
            case _:
                changed += changed[at:]
    return bytes(changed)


def data_of(declared: type) -> st.SearchStrategy[bytes]:
    """Return octets that are a value of a structure, nearly one, or anything."""
    known = st.sampled_from(seeds(declared.__name__))
    values = strategy(declared).map(encode)
    return st.one_of(values, known.flatmap(changed), values.flatmap(changed), st.binary())


@pytest.mark.parametrize("number", STRUCTURES)
@given(st.data())
@share
def test_components_are_checked_or_refused(number, data):
    octets = data.draw(data_of(STRUCTURES[number]))
    try:
        value = check_component(number, octets)
    except (MalformedError, InvalidError):
        return
    assert encode(value) == octets


@given(st.data())
@share
def test_participants_are_read_or_refused(data):
    octets = data.draw(data_of(ParticipantListData))
    try:
        listed = Participants.decode(octets)
    except (MalformedError, InvalidError):
        return
    assert listed.encode() == octets
    assert Participants.decode(octets, trusted=True) == listed


LISTED = Participants.of([(ALICE, 3), (BOB, 2), (CAROL, 2)])


@given(st.lists(data_of(ParticipantListUpdate), max_size=3))
@share
def test_updates_of_the_list_are_applied_or_refused(several):
    try:
        after = LISTED.updated([decode(ParticipantListUpdate, each) for each in several])
    except (MalformedError, InvalidError):
        return
    assert Participants.decode(after.encode()) == after


@given(st.data())
@share
def test_any_policy_can_be_asked(data):
    """Whatever its components say, as long as each of them is valid."""
    said = {}
    for number, declared in STRUCTURES.items():
        if data.draw(st.booleans()):
            octets = data.draw(
                st.one_of(data_of(declared), st.sampled_from(seeds(declared.__name__)))
            )
            try:
                check_component(number, octets)
            except (MalformedError, InvalidError):
                continue
            said[number] = octets
    policy = RoomPolicy.of(said)
    room = Room.of(policy, LISTED, {ALICE: 1, BOB: 2})
    try:
        check_policy(policy)
    except InvalidError:
        return
    check_founded(room, around([ALICE]))
    roles, base = data.draw(strategy(RoleData)), data.draw(strategy(BaseRoomPolicy))
    request = by(ALICE, ChangeRoles(roles), ChangeBasePolicy(base))
    decision = decide(room, [request], around([BOB]))
    defining = Capability.CAN_CHANGE_ROLE_DEFINITIONS
    may = defining in policy.role(room.role_of(ALICE)).capabilities
    assert (Grant(ChangeRoles(roles), defining) in decision.grants) is may


@cache
def house() -> House:
    return with_bob()


def take(group: Group | PublicGroup, wire: bytes) -> bool:
    """Return whether a group takes a message; it is as it was, if not."""
    before = group.save()
    try:
        group.receive(wire, now=NOW)
    except REFUSALS:
        assert group.save() == before
        return False
    return True


@pytest.mark.parametrize("who", ["alice", "bob"])
@given(st.sampled_from(sorted(UPDATES)), st.data())
@settings(max_examples=200, deadline=None)
def test_members_and_followers_take_updates_or_refuse_them(who, number, data):
    """By the same answer, as a proposal and as a commit."""
    at = house()
    octets = data.draw(data_of(UPDATES[number]))
    deviant = at.groups[who].with_settings(at.lenient)
    other = at.groups["bob" if who == "alice" else "alice"]
    _, proposal = deviant.propose(update(number, octets), now=NOW)
    assert take(other, proposal) == take(at.follower, proposal)
    try:
        draft = at.groups[who].commit(proposals=[update(number, octets)], now=NOW)
    except REFUSALS:
        commit = deviant.commit(proposals=[update(number, octets)], now=NOW).commit
        assert not take(at.follower, commit)
        assert not take(other, commit)
    else:
        assert take(at.follower, draft.commit)
        assert take(other, draft.commit)
