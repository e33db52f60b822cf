"""Which reasons against a single proposal others beside it could set right."""

import pytest
from policy.scenes import (
    ADMIN,
    ALICE,
    BANNED,
    BOB,
    CAROL,
    DAVE,
    HUB,
    MALLORY,
    NONE,
    PSEUDONYM,
    USER,
    C,
    a_role,
    a_room,
    base,
    by,
    decided,
    refused,
)

from mimi.policy.actions import (
    ActorKind,
    AddClient,
    AddParticipant,
    ChangeIdentity,
    ChangeRole,
    RemoveClient,
    RemoveParticipant,
    ReplaceClient,
)
from mimi.policy.decide import MENDABLE, alone
from mimi.policy.decision import Rule


def left(room, *requests):
    """What stands against requests that nothing beside them could set right."""
    return [refusal.rule for refusal in alone(room, decided(room, *requests))]


def test_a_client_waits_for_its_user():
    room = a_room([C.CAN_ADD_PARTICIPANT], {NONE: [USER]})
    for user in (DAVE, MALLORY):
        assert left(room, by(ALICE, AddClient(user))) == []
    assert left(room, by(ALICE, AddClient(PSEUDONYM))) == [Rule.PSEUDONYMS]


def test_a_client_waits_for_its_users_role():
    room = a_room([C.CAN_ADD_PARTICIPANT], {NONE: [ADMIN]})
    refused(room, by(ALICE, AddClient(CAROL)), Rule.TRANSITION, transition=(NONE, USER))
    assert left(room, by(ALICE, AddClient(CAROL))) == []
    unable = a_room(changes={NONE: [USER]})
    assert left(unable, by(ALICE, AddClient(CAROL))) == [Rule.CAPABILITY]
    assert left(unable, by(ALICE, AddParticipant(DAVE, ADMIN))) == [
        Rule.TRANSITION,
        Rule.CAPABILITY,
    ]


@pytest.mark.parametrize(
    ("capability", "user", "waits"),
    [
        (C.CAN_REMOVE_SELF, ALICE, True),
        (C.CAN_REMOVE_PARTICIPANT, ALICE, False),
        (C.CAN_BAN, ALICE, False),
        (C.CAN_REMOVE_PARTICIPANT, BOB, True),
        (C.CAN_BAN, BOB, True),
        (C.CAN_REMOVE_SELF, BOB, False),
        (C.CAN_CHANGE_USER_ROLE, BOB, False),
    ],
)
def test_who_takes_out_a_client_may_take_out_its_user(capability, user, waits):
    room = a_room([capability])
    request = by(ALICE, RemoveClient(user))
    assert decided(room, request).rules == (Rule.CAPABILITY,)
    assert left(room, request) == ([] if waits else [Rule.CAPABILITY])


def test_it_is_the_role_of_who_proposes_that_counts():
    able = a_role(USER, [C.CAN_REMOVE_SELF])
    room = a_room((), {}, able)
    assert left(room, by(BOB, RemoveClient(BOB))) == []
    assert left(room, by(ALICE, RemoveClient(ALICE))) == [Rule.CAPABILITY]
    hub = a_room([C.CAN_BAN], people={HUB: ADMIN, BOB: USER})
    assert left(hub, by(HUB, RemoveClient(BOB), kind=ActorKind.EXTERNAL)) == []


def test_a_removal_waits_for_the_clients():
    able = [C.CAN_REMOVE_PARTICIPANT, C.CAN_BAN]
    room = a_room(able, {USER: [NONE, BANNED]})
    for action in (RemoveParticipant(BOB), ChangeRole(BOB, BANNED)):
        assert len(decided(room, by(ALICE, action)).refusals) == 1
        assert left(room, by(ALICE, action)) == []


def test_numbers_wait_for_others():
    able = [C.CAN_ADD_PARTICIPANT]
    full = a_room(able, {NONE: [USER]}, base=base(max_users=3, max_clients=2))
    request = by(ALICE, AddParticipant(DAVE, USER), AddClient(DAVE))
    assert decided(full, request).rules == (Rule.MAX_USERS, Rule.MAX_CLIENTS)
    assert left(full, request) == []
    fixed = a_room(able, {NONE: [USER]}, base=base(fixed_membership=True))
    assert left(fixed, by(ALICE, AddParticipant(DAVE, USER))) == [Rule.FIXED_MEMBERSHIP]


def test_what_nothing_sets_right():
    room = a_room()
    assert left(room, by(ALICE, ChangeIdentity(ALICE, BOB))) == [Rule.IDENTITY]
    assert left(room, by(ALICE, AddParticipant(DAVE, 9))) == [Rule.UNKNOWN_ROLE]
    assert left(room, by(ALICE, RemoveParticipant(DAVE))) == [Rule.NO_PARTICIPANT]
    assert left(room, by(DAVE, ReplaceClient(DAVE))) == []
    able = a_room([C.CAN_BAN, C.CAN_REMOVE_SELF])
    for user in (ALICE, BOB):
        assert Rule.CAPABILITY in left(able, by(ALICE, ChangeRole(user, ADMIN)))
    assert Rule.CAPABILITY not in MENDABLE


def test_what_several_propose_has_no_actor():
    """Then what is left is what belongs to the outcome."""
    room = a_room([C.CAN_REMOVE_PARTICIPANT], {USER: [NONE]})
    twice = [by(ALICE, RemoveParticipant(CAROL)), by(ALICE, RemoveParticipant(CAROL))]
    assert left(room, *twice) == [Rule.USER_TWICE]
