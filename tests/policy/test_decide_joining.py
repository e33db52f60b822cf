"""Who may join by itself: openly, preauthorised, or by a code (section 8.1.1)."""

from policy.scenes import (
    ADMIN,
    ALICE,
    BANNED,
    BOB,
    DAVE,
    GUEST,
    HUB,
    MALLORY,
    NONE,
    USER,
    C,
    a_role,
    a_room,
    around,
    by,
    claiming,
    decided,
    entry,
    granted,
    joining,
    operational,
    preauthorizing,
    refused,
)

from mimi.policy.actions import (
    ActorKind,
    AddClient,
    AddParticipant,
    RemoveClient,
)
from mimi.policy.decision import Rule

WAYS_IN = (C.CAN_OPEN_JOIN, C.CAN_JOIN_IF_PREAUTHORIZED, C.CAN_USE_JOIN_CODE)
JOINS = joining(DAVE, AddParticipant(DAVE, USER), AddClient(DAVE))
CODE = b"code"


def no_way(room, request, **more):
    refused(room, request, Rule.JOIN, capabilities=WAYS_IN, transition=(NONE, USER), **more)


def test_open_join():
    outside = a_role(NONE, [C.CAN_OPEN_JOIN], {NONE: [USER]})
    assert granted(a_room((), {}, outside), JOINS) == (C.CAN_OPEN_JOIN, None)
    no_way(a_room((), {}, a_role(NONE, (), {NONE: [USER]})), JOINS)
    no_way(a_room((), {}, a_role(NONE, [C.CAN_OPEN_JOIN], {NONE: [GUEST]})), JOINS)
    no_way(a_room((), {}, a_role(NONE, [C.CAN_OPEN_JOIN], {USER: [USER]})), JOINS)


def test_adding_another_is_no_way_for_oneself():
    """Nor does what the joiner's own future role may do count."""
    able = a_role(USER, [C.CAN_ADD_PARTICIPANT, C.CAN_OPEN_JOIN, C.CAN_USE_JOIN_CODE])
    outside = a_role(NONE, [C.CAN_ADD_PARTICIPANT], {NONE: [USER]})
    no_way(a_room((), {}, able, outside), JOINS)


def test_joining_as_banned_or_as_nobody():
    outside = a_role(NONE, [C.CAN_OPEN_JOIN], {NONE: [NONE, BANNED, 9]})
    room = a_room((), {}, outside)
    assert decided(room, joining(DAVE, AddParticipant(DAVE, 0))).rules == (Rule.ROLE_ZERO,)
    assert decided(room, joining(DAVE, AddParticipant(DAVE, 9))).rules == (Rule.UNKNOWN_ROLE,)
    banned = joining(DAVE, AddParticipant(DAVE, BANNED), AddClient(DAVE))
    assert decided(room, banned).rules == (Rule.BANNED_CLIENT,)


def test_preauthorised_join():
    able = a_role(USER, [C.CAN_JOIN_IF_PREAUTHORIZED])
    first = preauthorizing(entry(USER, team=b"red"), entry(GUEST))
    joins = joining(DAVE, AddParticipant(DAVE, USER), AddClient(DAVE), claims=claiming(team=b"red"))
    room = a_room((), {}, able, preauthorized=first)
    assert granted(room, joins) == (C.CAN_JOIN_IF_PREAUTHORIZED, None)
    no_way(a_room(preauthorized=first), joins)
    assert room.acting_role(JOINS.actor) == GUEST
    no_way(room, JOINS, role=GUEST)
    other = preauthorizing(entry(GUEST), entry(USER, team=b"red"))
    no_way(a_room((), {}, able, preauthorized=other), joins, role=GUEST)
    nobody = preauthorizing(entry(NONE), entry(USER, team=b"red"))
    assert granted(a_room((), {}, able, preauthorized=nobody), joins)


def test_all_claims_of_a_set_must_be_made():
    able = a_role(USER, [C.CAN_JOIN_IF_PREAUTHORIZED])
    both = preauthorizing(entry(USER, team=b"red", city=b"Rome"))
    room = a_room((), {}, able, preauthorized=both)
    what = AddParticipant(DAVE, USER)
    assert granted(room, joining(DAVE, what, claims=claiming(team=b"red", city=b"Rome")))
    no_way(room, joining(DAVE, what, claims=claiming(team=b"red")))
    no_way(room, joining(DAVE, what, claims=claiming(team=b"red", city=b"Bonn")))


def test_who_is_in_the_list_is_not_preauthorised():
    """So somebody who is banned stays banned."""
    able = a_role(USER, [C.CAN_JOIN_IF_PREAUTHORIZED, C.CAN_ADD_OWN_CLIENT, C.CAN_KICK])
    room = a_room((), {}, able, preauthorized=preauthorizing(entry(USER)))
    kick = by(MALLORY, RemoveClient(BOB), kind=ActorKind.EXTERNAL)
    refused(room, kick, Rule.CAPABILITY, role=BANNED, capabilities=(C.CAN_KICK,))
    granted(room, by(HUB, RemoveClient(BOB), kind=ActorKind.EXTERNAL))
    joins = joining(MALLORY, AddParticipant(MALLORY, USER))
    refused(room, joins, Rule.ALREADY_PARTICIPANT, role=BANNED)


def test_join_code():
    outside = a_role(NONE, [C.CAN_USE_JOIN_CODE], {NONE: [USER]})
    shown = joining(DAVE, AddParticipant(DAVE, USER), AddClient(DAVE), join_code=CODE)
    room = a_room((), {}, outside, links=[CODE])
    assert granted(room, shown) == (C.CAN_USE_JOIN_CODE, None)
    no_way(room, JOINS)
    no_way(a_room((), {}, outside, links=[b"other"]), shown)
    no_way(a_room((), {}, a_role(NONE, (), {NONE: [USER]}), links=[CODE]), shown)
    no_way(a_room((), {}, a_role(NONE, [C.CAN_USE_JOIN_CODE]), links=[CODE]), shown)


def test_the_role_that_a_join_code_is_for():
    outside = a_role(NONE, [C.CAN_USE_JOIN_CODE], {NONE: [USER]})
    closed = a_role(NONE, [C.CAN_USE_JOIN_CODE])
    shown = joining(DAVE, AddParticipant(DAVE, USER), join_code=CODE)
    meant = around(code=USER)
    assert granted(a_room((), {}, closed, links=[CODE]), shown, around=meant)
    no_way(a_room((), {}, outside, links=[CODE]), shown, around=around(code=GUEST))
    assert granted(a_room((), {}, outside, links=[CODE]), shown, around=around(other=GUEST))


def test_a_join_code_in_the_role_that_preauthorisation_gives():
    able = a_role(GUEST, [C.CAN_USE_JOIN_CODE])
    shown = joining(DAVE, AddParticipant(DAVE, USER), join_code=CODE)
    options = {"links": [CODE], "preauthorized": preauthorizing(entry(GUEST))}
    assert granted(a_room((), {}, able, **options), shown, around=around(code=USER))
    no_way(a_room(**options), shown, around=around(code=USER))
    everyone = a_role(NONE, [C.CAN_USE_JOIN_CODE])
    assert granted(a_room((), {}, everyone, **options), shown, around=around(code=USER))


def test_a_room_that_nobody_joins_by_a_commit():
    outside = a_role(NONE, [C.CAN_OPEN_JOIN], {NONE: [USER]})
    closed = a_room((), {}, outside, operational=operational(external_commit_allowed=False))
    refused(closed, JOINS, Rule.EXTERNAL_COMMIT)
    open_ = a_room((), {}, outside, operational=operational(external_proposal_allowed=False))
    granted(open_, JOINS)


def test_a_room_in_which_nobody_proposes_from_outside():
    kicks = by(HUB, RemoveClient(BOB), kind=ActorKind.EXTERNAL)
    people = {ALICE: ADMIN, BOB: USER, HUB: ADMIN}
    how = {"people": people, "operational": operational(external_proposal_allowed=False)}
    refused(a_room([C.CAN_KICK], **how), kicks, Rule.EXTERNAL_PROPOSAL)
    granted(a_room([C.CAN_KICK], **how), by(ALICE, RemoveClient(BOB)))
    how["operational"] = operational(external_commit_allowed=False)
    granted(a_room([C.CAN_KICK], **how), kicks)
