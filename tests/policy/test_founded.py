"""What must hold of a room that is founded, or looked at for the first time."""

import pytest
from policy.scenes import (
    ADMIN,
    ALICE,
    BANNED,
    BOB,
    CAROL,
    CHILD,
    DAVE,
    ERIN,
    GUEST,
    LISTED,
    MALLORY,
    PARENT,
    PSEUDONYM,
    USER,
    C,
    a_role,
    a_room,
    around,
    base,
    founded,
    roles_of,
)

from mimi.policy.decision import Rule
from mimi.policy.participants import Participants
from mimi.policy.policy import RoomPolicy
from mimi.policy.room import Room


def broken(room, *rules, **more):
    decision = founded(room, **more)
    assert [each.rule for each in decision.refusals] == list(rules)
    assert {(each.actor, each.role, each.action) for each in decision.refusals} <= {(None, 0, None)}
    return decision.refusals


def test_a_room_that_may_be_founded():
    assert founded(a_room()).is_allowed
    policy = RoomPolicy(roles_of())
    room = Room.of(policy, Participants.of(LISTED.items()), {ALICE: 1})
    assert (dict(room.clients), room.members, room.users) == ({ALICE: 1}, 1, 3)
    assert founded(room).is_allowed


def test_participants_have_roles_that_there_are():
    assert broken(a_room(people={ALICE: ADMIN, BOB: 9}), Rule.UNKNOWN_ROLE)


@pytest.mark.parametrize(
    ("name", "bound", "other", "rule"),
    [
        ("minimum_participants_constraint", 3, 2, Rule.MINIMUM_PARTICIPANTS),
        ("maximum_participants_constraint", 1, 2, Rule.MAXIMUM_PARTICIPANTS),
        ("maximum_active_participants_constraint", 0, 1, Rule.MAXIMUM_ACTIVE_PARTICIPANTS),
    ],
)
def test_bounds_of_roles_hold_from_the_beginning(name, bound, other, rule):
    (refusal,) = broken(a_room((), {}, a_role(USER, **{name: bound})), rule)
    assert refusal.bound == bound
    assert founded(a_room((), {}, a_role(USER, **{name: other}))).is_allowed


def test_minima_are_for_founders():
    few = a_room((), {}, a_role(GUEST, minimum_participants_constraint=1))
    broken(few, Rule.MINIMUM_PARTICIPANTS)
    assert founded(few, minima=False).is_allowed
    many = a_room((), {}, a_role(USER, maximum_participants_constraint=1))
    broken(many, Rule.MAXIMUM_PARTICIPANTS, minima=False)


def test_nobody_but_the_founder_is_active_yet():
    assert founded(
        a_room((), {}, a_role(USER, minimum_active_participants_constraint=9))
    ).is_allowed


def test_the_base_policy_holds_from_the_beginning():
    (users,) = broken(a_room(base=base(max_users=2)), Rule.MAX_USERS)
    (clients,) = broken(a_room(base=base(max_clients=1)), Rule.MAX_CLIENTS)
    assert (users.bound, clients.bound) == (2, 1)
    assert founded(a_room(base=base(max_users=3, max_clients=2))).is_allowed
    single = base(multi_device=False)
    broken(a_room(base=single, clients={ALICE: 1, BOB: 2}), Rule.MULTI_DEVICE)
    assert founded(a_room(base=single)).is_allowed
    how = {"people": {PSEUDONYM: USER}, "clients": {PSEUDONYM: 1}}
    broken(a_room(**how), Rule.PSEUDONYMS)
    assert founded(a_room(**how, base=base(pseudonyms_allowed=True))).is_allowed
    fixed = base(fixed_membership=True)
    broken(a_room([C.CAN_ADD_PARTICIPANT], base=fixed), Rule.FIXED_MEMBERSHIP)
    assert founded(a_room(base=fixed)).is_allowed


def test_the_parent_room_from_the_beginning():
    child = a_room(base=CHILD)
    assert founded(child, around(PARENT)).is_allowed
    assert founded(child).is_allowed
    (outsider,) = founded(child, around([ALICE, BOB, DAVE, ERIN])).refusals
    (as_large,) = founded(child, around([ALICE, BOB, CAROL])).refusals
    assert (outsider.rule, outsider.bound) == (Rule.PARENT_ROOM, None)
    assert (as_large.rule, as_large.bound) == (Rule.PARENT_ROOM, 2)


def test_clients_are_of_participants_who_are_not_banned():
    broken(a_room(clients={ALICE: 1, DAVE: 1}), Rule.CLIENT_WITHOUT_PARTICIPANT)
    broken(a_room(clients={ALICE: 1, MALLORY: 1}), Rule.BANNED_CLIENT)
    muted = a_role(BANNED, name=b"muted")
    assert founded(a_room((), {}, muted, clients={ALICE: 1, MALLORY: 1})).is_allowed
