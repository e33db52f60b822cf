"""What must hold of numbers, lists and clients when everything is done."""

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
    HUB,
    LISTED,
    MALLORY,
    NONE,
    PARENT,
    PSEUDONYM,
    USER,
    C,
    a_role,
    a_room,
    around,
    base,
    by,
    decided,
    founded,
    granted,
    refused,
    roles_of,
)

from mimi.policy.actions import (
    AddClient,
    AddParticipant,
    ChangeBasePolicy,
    ChangeRole,
    ChangeRoles,
    RemoveClient,
    RemoveParticipant,
)
from mimi.policy.decision import Rule
from mimi.policy.room import Surroundings

ABLE = [
    *(C.CAN_ADD_PARTICIPANT, C.CAN_REMOVE_PARTICIPANT, C.CAN_CHANGE_USER_ROLE, C.CAN_KICK),
    *(C.CAN_CHANGE_ROLE_DEFINITIONS, C.CAN_CHANGE_ROOM_MEMBERSHIP_STYLE, C.CAN_ADD_OWN_CLIENT),
    *(C.CAN_REMOVE_OWN_CLIENT,),
]
MOVES = {
    NONE: [BANNED, USER, GUEST],
    BANNED: [NONE, USER],
    USER: [NONE, BANNED, GUEST],
    GUEST: [USER, BANNED],
}


def bounded(role, clients=None, people=None, **constraints):
    """A room in which a role has bounds; two have role 2, of whom one has a client."""
    return a_room(ABLE, MOVES, a_role(role, **constraints), clients=clients, people=people)


def low(room, request, rule, bound, **more):
    return refused(room, request, rule, bound=bound, **more)


# How many have a role


def test_the_minimum_of_participants():
    goes, moves = RemoveParticipant(CAROL), ChangeRole(CAROL, GUEST)
    for action in (goes, moves):
        low(
            bounded(USER, minimum_participants_constraint=2),
            by(ALICE, action),
            Rule.MINIMUM_PARTICIPANTS,
            2,
        )
        granted(bounded(USER, minimum_participants_constraint=1), by(ALICE, action))


def test_the_maximum_of_participants():
    comes, moves = AddParticipant(DAVE, USER), ChangeRole(MALLORY, USER)
    for action in (comes, moves):
        low(
            bounded(USER, maximum_participants_constraint=2),
            by(ALICE, action),
            Rule.MAXIMUM_PARTICIPANTS,
            2,
        )
        for bound in (3, None):
            granted(bounded(USER, maximum_participants_constraint=bound), by(ALICE, action))


def test_the_minimum_of_active_participants():
    two = {ALICE: 1, BOB: 1, CAROL: 2}
    how = {"clients": two, "minimum_active_participants_constraint": 2}
    rule = Rule.MINIMUM_ACTIVE_PARTICIPANTS
    for actions in (
        [RemoveClient(BOB)],
        [RemoveParticipant(BOB), RemoveClient(BOB)],
        [ChangeRole(BOB, GUEST)],
    ):
        low(bounded(USER, **how), by(ALICE, *actions), rule, 2)
        granted(
            bounded(USER, **{**how, "minimum_active_participants_constraint": 1}),
            by(ALICE, *actions),
        )
    granted(bounded(USER, **how), by(ALICE, RemoveClient(CAROL)))


def test_the_maximum_of_active_participants():
    rule = Rule.MAXIMUM_ACTIVE_PARTICIPANTS
    for actions in (
        [AddClient(CAROL)],
        [AddParticipant(DAVE, USER), AddClient(DAVE)],
    ):
        how = {"maximum_active_participants_constraint": 1}
        low(bounded(USER, **how), by(ALICE, *actions), rule, 1)
        for bound in (2, None):
            how = {"maximum_active_participants_constraint": bound}
            granted(bounded(USER, **how), by(ALICE, *actions))
    how = {"maximum_active_participants_constraint": 1}
    granted(bounded(USER, **how), by(ALICE, AddClient(BOB)))
    granted(bounded(USER, **how), by(ALICE, AddParticipant(DAVE, USER)))
    low(
        bounded(GUEST, maximum_active_participants_constraint=0),
        by(ALICE, ChangeRole(BOB, GUEST)),
        rule,
        0,
    )


def test_a_bound_that_is_passed_already_is_not_passed_further():
    """What brings the number nearer, or leaves it, is allowed."""
    people = {ALICE: ADMIN, BOB: USER, CAROL: USER, DAVE: USER, MALLORY: BANNED}
    clients = {ALICE: 1, BOB: 1, CAROL: 1, DAVE: 1}
    many = {
        "people": people,
        "clients": clients,
        "maximum_participants_constraint": 1,
        "maximum_active_participants_constraint": 1,
    }
    granted(bounded(USER, **many), by(ALICE, RemoveParticipant(BOB), RemoveClient(BOB)))
    granted(bounded(USER, **many), by(ALICE, RemoveClient(BOB)))
    swap = by(
        ALICE,
        *(RemoveParticipant(BOB), RemoveClient(BOB), AddParticipant(ERIN, USER), AddClient(ERIN)),
    )
    granted(bounded(USER, **many), swap)
    few = {
        "people": people,
        "clients": clients,
        "minimum_participants_constraint": 9,
        "minimum_active_participants_constraint": 9,
    }
    granted(bounded(USER, **few), by(ALICE, AddParticipant(ERIN, USER), AddClient(ERIN)))
    granted(bounded(USER, **few), swap)


def test_what_counts_is_what_comes_of_the_whole_commit():
    swap = by(ALICE, RemoveParticipant(CAROL), AddParticipant(DAVE, USER))
    how = {"minimum_participants_constraint": 2, "maximum_participants_constraint": 2}
    granted(bounded(USER, **how), swap)
    others = by(ALICE, RemoveParticipant(CAROL)), by(ALICE, AddParticipant(DAVE, USER))
    granted(bounded(USER, **how), *others)
    room = bounded(USER, **how, people={**LISTED, ERIN: GUEST})
    three = by(ALICE, RemoveParticipant(CAROL)), by(ALICE, ChangeRole(BOB, GUEST))
    refusal = low(room, three, Rule.MINIMUM_PARTICIPANTS, 2)
    assert (refusal.actor, refusal.role) == (None, 0)


def test_role_0_is_not_counted():
    nobody = {
        "minimum_participants_constraint": 5,
        "maximum_participants_constraint": 0,
        "minimum_active_participants_constraint": 5,
        "maximum_active_participants_constraint": 0,
    }
    room = bounded(NONE, **nobody)
    granted(room, by(ALICE, AddParticipant(DAVE, USER), AddClient(DAVE)))
    granted(room, by(ALICE, RemoveParticipant(BOB), RemoveClient(BOB)))
    granted(room, by(ALICE, ChangeRoles(room.policy.roles)))
    assert founded(room).is_allowed


def test_a_user_is_active_with_the_first_client_and_until_the_last():
    one = {"maximum_active_participants_constraint": 1, "clients": {ALICE: 1, BOB: 3}}
    granted(bounded(USER, **one), by(ALICE, AddClient(BOB)))
    two = {"minimum_active_participants_constraint": 1, "clients": {ALICE: 1, BOB: 2}}
    last = RemoveClient(BOB)
    granted(bounded(USER, **two), by(ALICE, last))
    low(bounded(USER, **two), by(ALICE, last, last), Rule.MINIMUM_ACTIVE_PARTICIPANTS, 1)
    granted(bounded(USER, **two), by(ALICE, last, last, AddClient(BOB)))


# The base policy (section 5)


def test_how_many_users_there_may_be():
    """The banned are not counted: three are there."""
    comes, unbans = AddParticipant(DAVE, USER), ChangeRole(MALLORY, USER)
    full, wide = (
        a_room(ABLE, MOVES, base=base(max_users=3)),
        a_room(ABLE, MOVES, base=base(max_users=4)),
    )
    for action in (comes, unbans):
        low(full, by(ALICE, action), Rule.MAX_USERS, 3)
        granted(wide, by(ALICE, action))
    for action in (
        ChangeRole(CAROL, GUEST),
        ChangeRole(CAROL, BANNED),
        RemoveParticipant(CAROL),
        AddParticipant(DAVE, BANNED),
        RemoveParticipant(MALLORY),
    ):
        granted(full, by(ALICE, action))
    granted(full, by(ALICE, RemoveParticipant(CAROL), comes))
    low(wide, by(ALICE, comes, unbans), Rule.MAX_USERS, 4)
    over = a_room(ABLE, MOVES, base=base(max_users=1))
    for action in (RemoveParticipant(CAROL), ChangeRole(CAROL, GUEST)):
        granted(over, by(ALICE, action))


def test_a_role_1_by_another_name_is_counted_among_the_users():
    muted = a_role(BANNED, name=b"muted")
    four = a_room(ABLE, MOVES, muted, base=base(max_users=4))
    low(four, by(ALICE, AddParticipant(DAVE, BANNED)), Rule.MAX_USERS, 4)
    granted(four, by(ALICE, ChangeRole(MALLORY, USER)))


def test_how_many_clients_there_may_be():
    full, wide = (a_room(ABLE, MOVES, base=base(max_clients=most)) for most in (2, 3))
    for actions in (
        [AddClient(CAROL)],
        [AddClient(ALICE)],
        [AddParticipant(DAVE, USER), AddClient(DAVE)],
    ):
        low(full, by(ALICE, *actions), Rule.MAX_CLIENTS, 2)
        granted(wide, by(ALICE, *actions))
    granted(full, by(ALICE, AddClient(CAROL), RemoveClient(BOB)))
    over = a_room(ABLE, MOVES, base=base(max_clients=0))
    granted(over, by(ALICE, RemoveClient(BOB)))
    granted(over, by(ALICE, RemoveClient(BOB), AddClient(CAROL)))
    granted(over, by(ALICE, AddParticipant(DAVE, USER)))


def test_one_client_of_each_user():
    single, many = (a_room(ABLE, MOVES, base=base(multi_device=each)) for each in (False, True))
    low(single, by(ALICE, AddClient(BOB)), Rule.MULTI_DEVICE, 1)
    granted(many, by(ALICE, AddClient(BOB)))
    granted(single, by(ALICE, AddClient(CAROL)))
    low(single, by(ALICE, AddClient(CAROL), AddClient(CAROL)), Rule.MULTI_DEVICE, 1)
    granted(single, by(ALICE, AddClient(BOB), RemoveClient(BOB)))
    three = {ALICE: 1, BOB: 3}
    over = a_room(ABLE, MOVES, base=base(multi_device=False), clients=three)
    granted(over, by(ALICE, RemoveClient(BOB)))
    granted(over, by(ALICE, RemoveClient(BOB), AddClient(BOB)))


def test_a_room_of_participants_of_another():
    room = a_room(ABLE, MOVES, base=CHILD)
    comes, unbans = AddParticipant(DAVE, USER), ChangeRole(MALLORY, USER)
    wide = around([*PARENT, MALLORY, HUB])
    for action in (comes, unbans):
        granted(room, by(ALICE, action), around=wide)
        granted(room, by(ALICE, action))
    refused(room, by(ALICE, comes), Rule.PARENT_ROOM, around([ALICE, BOB, CAROL, HUB, ERIN]))
    refused(room, by(ALICE, unbans), Rule.PARENT_ROOM, around([*PARENT, ERIN]))
    low(room, by(ALICE, comes), Rule.PARENT_ROOM, 3, around=around(PARENT))
    free = a_room(ABLE, MOVES)
    granted(free, by(ALICE, comes), around=around([ALICE]))
    for action in (
        RemoveParticipant(CAROL),
        RemoveParticipant(MALLORY),
        ChangeRole(CAROL, GUEST),
        ChangeRole(CAROL, BANNED),
    ):
        granted(room, by(ALICE, action), around=around([ALICE]))
    muting = a_room(ABLE, MOVES, a_role(BANNED, name=b"muted"), base=CHILD)
    granted(muting, by(ALICE, unbans), around=around([ALICE]))
    granted(room, by(ALICE, AddParticipant(DAVE, BANNED)), around=around([ALICE]))


def test_several_users_who_are_not_in_the_parent_room():
    both = by(ALICE, AddParticipant(DAVE, USER), AddParticipant(ERIN, USER))
    decision = decided(a_room(ABLE, MOVES, base=CHILD), both, around=around([ALICE, BOB, CAROL]))
    assert [(each.rule, each.bound) for each in decision.refusals] == [
        (Rule.PARENT_ROOM, None),
        (Rule.PARENT_ROOM, None),
        (Rule.PARENT_ROOM, 2),
    ]


# A new base policy holds for the room as it is


def anew(**fields):
    return by(ALICE, ChangeBasePolicy(base(**fields)))


def test_a_new_number_of_users():
    low(a_room(ABLE), anew(max_users=2), Rule.MAX_USERS, 2)
    granted(a_room(ABLE), anew(max_users=3))
    low(a_room(ABLE, base=base(max_users=1)), anew(max_users=2), Rule.MAX_USERS, 2)
    leaves = by(ALICE, ChangeBasePolicy(base(max_users=2)), RemoveParticipant(CAROL))
    granted(a_room(ABLE, MOVES), leaves)


def test_a_new_number_of_clients():
    low(a_room(ABLE), anew(max_clients=1), Rule.MAX_CLIENTS, 1)
    granted(a_room(ABLE), anew(max_clients=2))
    granted(a_room(ABLE), by(ALICE, ChangeBasePolicy(base(max_clients=1)), RemoveClient(BOB)))


def test_a_new_single_device():
    two = {ALICE: 1, BOB: 2}
    low(a_room(ABLE, clients=two), anew(multi_device=False), Rule.MULTI_DEVICE, 1)
    granted(a_room(ABLE), anew(multi_device=False))
    one_less = by(ALICE, ChangeBasePolicy(base(multi_device=False)), RemoveClient(BOB))
    granted(a_room(ABLE, clients=two), one_less)


def test_no_pseudonyms_any_more():
    how = {"people": {ALICE: ADMIN, PSEUDONYM: USER}, "base": base(pseudonyms_allowed=True)}
    there = a_room(ABLE, clients={ALICE: 1, PSEUDONYM: 1}, **how)
    refused(there, anew(), Rule.PSEUDONYMS)
    granted(there, anew(pseudonyms_allowed=True, max_users=9))
    granted(a_room(ABLE, clients={ALICE: 1}, **how), anew())


def test_a_new_parent_room():
    depends = by(ALICE, ChangeBasePolicy(CHILD))
    room = a_room(ABLE)
    granted(room, depends, around=around(PARENT))
    granted(room, depends)
    refused(room, depends, Rule.PARENT_ROOM, around([ALICE, BOB, DAVE, ERIN]))
    low(room, depends, Rule.PARENT_ROOM, 2, around=around([ALICE, BOB, CAROL]))


def test_the_parent_is_the_one_that_the_new_policy_names():
    depends = by(ALICE, ChangeBasePolicy(CHILD))
    asked = []

    def parents(uri):
        asked.append(uri)
        return frozenset([ALICE, BOB, CAROL])

    low(a_room(ABLE), depends, Rule.PARENT_ROOM, 2, around=Surroundings(parents))
    assert set(asked) == set(CHILD.parent_room)


def test_participants_that_are_fixed_from_now_on():
    fixed = anew(fixed_membership=True)
    refused(a_room(ABLE), fixed, Rule.FIXED_MEMBERSHIP)
    style = [C.CAN_CHANGE_ROOM_MEMBERSHIP_STYLE]
    granted(a_room(style), fixed)
    adding = [C.CAN_ADD_PARTICIPANT]
    for role in (a_role(NONE, adding), a_role(BANNED, adding)):
        granted(a_room(style, {}, role), fixed)
    for role in (
        a_role(USER, adding),
        a_role(BANNED, adding, name=b"muted"),
        a_role(USER, adding, name=b"banned"),
    ):
        refused(a_room(style, {}, role), fixed, Rule.FIXED_MEMBERSHIP)


# New definitions of the roles (section 3)

DEFINES = [C.CAN_CHANGE_ROLE_DEFINITIONS]


def defines(*others, without=(), **more):
    data = roles_of(DEFINES, {}, others)
    left = tuple(role for role in data.roles if role.role_index not in without)
    return by(ALICE, ChangeRoles(type(data)(left)))


def test_a_role_that_somebody_has_stays():
    room = a_room(DEFINES)
    refusal = refused(room, defines(without=[USER]), Rule.ROLE_IN_USE)
    assert refusal.reason == "2 participants have role 2"
    granted(room, defines(without=[GUEST]))


@pytest.mark.parametrize(
    ("name", "bound", "other", "rule"),
    [
        ("minimum_participants_constraint", 3, 2, Rule.MINIMUM_PARTICIPANTS),
        ("maximum_participants_constraint", 1, 2, Rule.MAXIMUM_PARTICIPANTS),
        ("maximum_active_participants_constraint", 0, 1, Rule.MAXIMUM_ACTIVE_PARTICIPANTS),
        ("minimum_active_participants_constraint", 2, 1, Rule.MINIMUM_ACTIVE_PARTICIPANTS),
    ],
)
def test_new_bounds_hold_for_the_room_as_it_is(name, bound, other, rule):
    low(a_room(DEFINES), defines(a_role(USER, **{name: bound})), rule, bound)
    granted(a_room(DEFINES), defines(a_role(USER, **{name: other})))


@pytest.mark.parametrize("name", ["minimum_participants_constraint"])
def test_a_bound_of_a_role_that_nobody_has(name):
    low(a_room(DEFINES), defines(a_role(GUEST, **{name: 1})), Rule.MINIMUM_PARTICIPANTS, 1)
    low(a_room(DEFINES), defines(a_role(9, **{name: 1})), Rule.MINIMUM_PARTICIPANTS, 1)


def test_a_minimum_of_the_active_that_stays_may_be_missed_already():
    before = a_role(USER, minimum_active_participants_constraint=2)
    room = a_room([*DEFINES, C.CAN_KICK], {}, before)
    granted(room, defines(before))
    granted(room, defines(a_role(USER, minimum_active_participants_constraint=1)))
    more = a_role(USER, minimum_active_participants_constraint=3)
    low(room, defines(more), Rule.MINIMUM_ACTIVE_PARTICIPANTS, 3)
    kicks = by(ALICE, *defines(before).actions, RemoveClient(BOB))
    low(room, kicks, Rule.MINIMUM_ACTIVE_PARTICIPANTS, 2)


def test_new_definitions_are_held_against_the_clients_that_stay():
    """Beside them clients come and go: the list does not change."""
    room = a_room([*DEFINES, C.CAN_KICK])
    quiet = a_role(USER, maximum_active_participants_constraint=0)
    granted(room, by(ALICE, *defines(quiet).actions, RemoveClient(BOB)))
    open_ = a_room([*DEFINES, C.CAN_ADD_PARTICIPANT], {NONE: [USER]})
    one = a_role(USER, maximum_active_participants_constraint=1)
    two = by(ALICE, *defines(one).actions, AddClient(CAROL))
    low(open_, two, Rule.MAXIMUM_ACTIVE_PARTICIPANTS, 1)


def test_a_role_that_begins_to_ban_has_no_clients():
    muted = a_role(BANNED, name=b"muted")
    how = {"people": {**LISTED, DAVE: BANNED}}
    refused(
        a_room(DEFINES, {}, muted, clients={ALICE: 1, DAVE: 1}, **how),
        defines(),
        Rule.BANNED_CLIENT,
    )
    granted(a_room(DEFINES, {}, muted, **how), defines())
    granted(a_room(DEFINES, {}, muted, clients={ALICE: 1, DAVE: 1}, **how), defines(muted))


def test_a_role_that_no_longer_bans_lets_its_holders_in():
    """They count among the users, and must be in the parent room."""
    muted = a_role(BANNED, name=b"muted")
    low(a_room(DEFINES, base=base(max_users=3)), defines(muted), Rule.MAX_USERS, 3)
    another = a_role(GUEST, name=b"banned")
    low(a_room(DEFINES, base=base(max_users=3)), defines(muted, another), Rule.MAX_USERS, 3)
    granted(a_room(DEFINES, base=base(max_users=4)), defines(muted))
    granted(a_room(DEFINES, base=base(max_users=3)), defines())
    child = a_room(DEFINES, base=CHILD)
    refused(child, defines(muted), Rule.PARENT_ROOM, around([*PARENT, ERIN, HUB]))
    granted(child, defines(muted), around=around([*PARENT, MALLORY]))
    granted(child, defines(), around=around([]))
    muting = a_room(DEFINES, {}, muted, base=CHILD)
    granted(muting, defines(muted), around=around([]))


def test_new_roles_that_would_add_to_fixed_participants():
    room = a_room(DEFINES, base=base(fixed_membership=True))
    adding = a_role(USER, [C.CAN_ADD_PARTICIPANT])
    refused(room, defines(adding), Rule.FIXED_MEMBERSHIP)
    granted(room, defines(a_role(NONE, [C.CAN_ADD_PARTICIPANT])))
    granted(a_room(DEFINES), defines(adding))
