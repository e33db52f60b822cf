"""Who may come, go, and be given which role (draft-ietf-mimi-room-policy-03 section 8.1)."""

import pytest
from policy.scenes import (
    ADMIN,
    ALICE,
    BANNED,
    BOB,
    CAROL,
    DAVE,
    ERIN,
    GUEST,
    MALLORY,
    NONE,
    PSEUDONYM,
    USER,
    C,
    a_role,
    a_room,
    base,
    by,
    claiming,
    decided,
    entry,
    granted,
    joining,
    preauthorizing,
    refused,
)

from mimi.policy.actions import (
    AddClient,
    AddParticipant,
    ChangeBasePolicy,
    ChangeIdentity,
    ChangeRole,
    RemoveClient,
    RemoveParticipant,
    ReplaceClient,
)
from mimi.policy.decision import Rule

UNNAMED = a_role(BANNED, name=b"muted")
"""Role 1 by another name: an ordinary role."""


# Adding another (section 8.1.1)


def test_adding_takes_the_capability_and_the_transition():
    adds = by(ALICE, AddParticipant(DAVE, USER))
    adding = [C.CAN_ADD_PARTICIPANT]
    assert granted(a_room(adding, {NONE: [USER]}), adds) == (C.CAN_ADD_PARTICIPANT,)
    refusal = refused(
        a_room(changes={NONE: [USER]}), adds, Rule.CAPABILITY, capabilities=tuple(adding)
    )
    assert refusal.action == AddParticipant(DAVE, USER)
    assert refusal.reason == ("mimi://a.example/u/alice has role 3, which lacks canAddParticipant")
    for changes in ({}, {NONE: [GUEST]}, {BANNED: [USER]}):
        refused(a_room(adding, changes), adds, Rule.TRANSITION, transition=(NONE, USER))


def test_all_that_is_missing_is_said():
    decision = decided(a_room(), by(ALICE, AddParticipant(DAVE, USER), RemoveParticipant(BOB)))
    assert [(each.rule, each.action) for each in decision.refusals] == [
        (Rule.TRANSITION, AddParticipant(DAVE, USER)),
        (Rule.CAPABILITY, AddParticipant(DAVE, USER)),
        (Rule.TRANSITION, RemoveParticipant(BOB)),
        (Rule.CAPABILITY, RemoveParticipant(BOB)),
        (Rule.REMOVED_CLIENT, None),
    ]
    assert decision.rules == (Rule.TRANSITION, Rule.CAPABILITY, Rule.REMOVED_CLIENT)
    assert decision.grants == ()


def test_what_is_allowed_among_what_is_not_is_granted():
    room = a_room([C.CAN_KICK])
    decision = decided(room, by(ALICE, RemoveClient(BOB), RemoveParticipant(CAROL)))
    assert [(at.action, at.capability) for at in decision.grants] == [
        (RemoveClient(BOB), C.CAN_KICK)
    ]
    assert not decision.is_allowed


def test_the_capabilities_are_those_of_ones_own_role():
    adds = by(BOB, AddParticipant(DAVE, USER))
    room = a_room([C.CAN_ADD_PARTICIPANT], {NONE: [USER]})
    decision = decided(room, adds)
    assert decision.rules == (Rule.TRANSITION, Rule.CAPABILITY)
    assert {refusal.role for refusal in decision.refusals} == {USER}
    able = a_role(USER, [C.CAN_ADD_PARTICIPANT], {NONE: [USER]})
    assert granted(a_room((), {}, able), adds) == (C.CAN_ADD_PARTICIPANT,)


def test_a_role_that_is_not_defined_may_do_nothing():
    room = a_room(people={ALICE: 9, BOB: USER})
    refused(room, by(ALICE, RemoveClient(BOB)), Rule.CAPABILITY, role=9, capabilities=(C.CAN_KICK,))


@pytest.mark.parametrize("able", [[C.CAN_ADD_PARTICIPANT], [C.CAN_BAN]])
def test_somebody_can_be_banned_who_is_not_in_the_list(able):
    bans = by(ALICE, AddParticipant(DAVE, BANNED))
    assert granted(a_room(able, {NONE: [BANNED]}), bans) == (able[0],)
    either = (C.CAN_BAN, C.CAN_ADD_PARTICIPANT)
    refused(a_room(changes={NONE: [BANNED]}), bans, Rule.CAPABILITY, capabilities=either)
    refused(a_room(able), bans, Rule.TRANSITION, transition=(NONE, BANNED))


def test_banning_does_not_add_to_a_role_1_by_another_name():
    bans = by(ALICE, AddParticipant(DAVE, BANNED))
    room = a_room([C.CAN_BAN], {NONE: [BANNED]}, UNNAMED)
    refused(room, bans, Rule.CAPABILITY, capabilities=(C.CAN_ADD_PARTICIPANT,))


def test_several_entries_for_one_source_are_one():
    split = a_role(ADMIN, [C.CAN_ADD_PARTICIPANT], {NONE: [USER]})
    twice = split.authorized_role_changes + a_role(9, (), {NONE: [GUEST]}).authorized_role_changes
    role = type(split)(ADMIN, b"", b"", split.role_capabilities, authorized_role_changes=twice)
    for target in (USER, GUEST):
        assert granted(a_room((), {}, role), by(ALICE, AddParticipant(DAVE, target)))


def test_nobody_gets_role_0_or_one_that_is_not_there():
    adding, every = [C.CAN_ADD_PARTICIPANT, C.CAN_CHANGE_USER_ROLE], [NONE, USER, GUEST, 9]
    room = a_room(adding, {NONE: every, USER: every})
    for action in (AddParticipant(DAVE, 0), ChangeRole(CAROL, 0)):
        assert refused(room, by(ALICE, action), Rule.ROLE_ZERO).action == action
    for action in (AddParticipant(DAVE, 9), ChangeRole(CAROL, 9)):
        assert refused(room, by(ALICE, action), Rule.UNKNOWN_ROLE).action == action
    for action in (AddParticipant(DAVE, GUEST), ChangeRole(CAROL, GUEST)):
        granted(room, by(ALICE, action))


def test_nobody_is_added_who_is_there():
    room = a_room([C.CAN_ADD_PARTICIPANT], {NONE: [USER]})
    refused(room, by(ALICE, AddParticipant(BOB, USER)), Rule.ALREADY_PARTICIPANT)
    granted(room, by(ALICE, AddParticipant(DAVE, USER)))


# Clients (sections 8.1.1 and 8.1.2)


def test_adding_ones_own_client():
    for request in (by(ALICE, AddClient(ALICE)), joining(ALICE, AddClient(ALICE))):
        assert granted(a_room([C.CAN_ADD_OWN_CLIENT]), request) == (C.CAN_ADD_OWN_CLIENT,)
        refused(a_room(), request, Rule.CAPABILITY, capabilities=(C.CAN_ADD_OWN_CLIENT,))


def test_a_client_comes_with_who_is_added():
    room = a_room([C.CAN_ADD_PARTICIPANT], {NONE: [USER]})
    both = by(ALICE, AddParticipant(DAVE, USER), AddClient(DAVE), AddClient(DAVE))
    assert granted(room, both) == (C.CAN_ADD_PARTICIPANT, None, None)
    refused(room, by(ALICE, AddClient(DAVE)), Rule.CLIENT_WITHOUT_PARTICIPANT)
    another = by(ALICE, AddParticipant(DAVE, USER), AddClient(ERIN))
    refused(room, another, Rule.CLIENT_WITHOUT_PARTICIPANT)
    listed = by(ALICE, AddParticipant(DAVE, GUEST), AddClient(CAROL))
    guests = a_room([C.CAN_ADD_PARTICIPANT], {NONE: [GUEST]})
    refused(guests, listed, Rule.TRANSITION, transition=(NONE, USER))


def test_a_client_of_somebody_who_is_in_the_list():
    adds = by(ALICE, AddClient(CAROL))
    adding = [C.CAN_ADD_PARTICIPANT]
    assert granted(a_room(adding, {NONE: [USER]}), adds) == (C.CAN_ADD_PARTICIPANT,)
    own = [C.CAN_ADD_OWN_CLIENT]
    room = a_room(own, {NONE: [USER]})
    refused(room, adds, Rule.CAPABILITY, capabilities=(C.CAN_ADD_PARTICIPANT,))
    refused(a_room(adding, {NONE: [GUEST]}), adds, Rule.TRANSITION, transition=(NONE, USER))


def test_a_client_of_somebody_whose_role_changes():
    """The transition is to the role that the user has then."""
    able = [C.CAN_ADD_PARTICIPANT, C.CAN_CHANGE_USER_ROLE]
    both = by(ALICE, ChangeRole(CAROL, GUEST), AddClient(CAROL))
    granted(a_room(able, {NONE: [GUEST], USER: [GUEST]}), both)
    room = a_room(able, {NONE: [USER], USER: [GUEST]})
    refused(room, both, Rule.TRANSITION, transition=(NONE, GUEST))


def test_a_client_of_somebody_whom_another_adds():
    able = a_role(USER, [C.CAN_ADD_PARTICIPANT], {NONE: [USER]})
    first = by(BOB, AddParticipant(DAVE, USER))
    second = by(ALICE, AddClient(DAVE))
    room = a_room([C.CAN_ADD_PARTICIPANT], {NONE: [USER]}, able)
    assert granted(room, first, second) == (C.CAN_ADD_PARTICIPANT, C.CAN_ADD_PARTICIPANT)
    unable = a_room((), {NONE: [USER]}, able)
    adding = (C.CAN_ADD_PARTICIPANT,)
    refusal = refused(unable, [first, second], Rule.CAPABILITY, capabilities=adding)
    assert (refusal.actor, refusal.role) == (second.actor, ADMIN)


def test_a_banned_user_gets_no_client():
    able = [C.CAN_ADD_PARTICIPANT, C.CAN_UNBAN]
    changes = {NONE: [BANNED, USER], BANNED: [USER]}
    room = a_room(able, changes)
    refused(room, by(ALICE, AddClient(MALLORY)), Rule.BANNED_CLIENT)
    refused(room, by(ALICE, AddParticipant(DAVE, BANNED), AddClient(DAVE)), Rule.BANNED_CLIENT)
    granted(room, by(ALICE, ChangeRole(MALLORY, USER), AddClient(MALLORY)))
    granted(a_room(able, changes, UNNAMED), by(ALICE, AddClient(MALLORY)))


def test_a_client_of_a_user_who_is_removed():
    able = [C.CAN_ADD_PARTICIPANT, C.CAN_REMOVE_PARTICIPANT]
    room = a_room(able, {NONE: [USER], USER: [NONE]})
    both = by(ALICE, RemoveParticipant(CAROL), AddClient(CAROL))
    refused(room, both, Rule.CLIENT_WITHOUT_PARTICIPANT)
    granted(room, by(ALICE, RemoveParticipant(CAROL)))


def test_pseudonyms():
    adding, changes = [C.CAN_ADD_PARTICIPANT], {NONE: [USER]}
    adds = by(ALICE, AddParticipant(PSEUDONYM, USER), AddClient(PSEUDONYM))
    refused(a_room(adding, changes), adds, Rule.PSEUDONYMS)
    granted(a_room(adding, changes, base=base(pseudonyms_allowed=True)), adds)
    granted(a_room(adding, changes), by(ALICE, AddParticipant(PSEUDONYM, USER)))
    able = [*adding, C.CAN_CHANGE_ROOM_MEMBERSHIP_STYLE]
    allowing = by(ALICE, ChangeBasePolicy(base(pseudonyms_allowed=True)), *adds.actions)
    granted(a_room(able, changes), allowing)
    forbidding = by(ALICE, ChangeBasePolicy(base()), *adds.actions)
    refused(a_room(able, changes, base=base(pseudonyms_allowed=True)), forbidding, Rule.PSEUDONYMS)


def test_removing_ones_own_client():
    request = by(ALICE, RemoveClient(ALICE))
    assert granted(a_room([C.CAN_REMOVE_OWN_CLIENT]), request) == (C.CAN_REMOVE_OWN_CLIENT,)
    refused(a_room([C.CAN_KICK]), request, Rule.CAPABILITY, capabilities=(C.CAN_REMOVE_OWN_CLIENT,))


def test_kicking():
    request = by(ALICE, RemoveClient(BOB))
    assert granted(a_room([C.CAN_KICK]), request) == (C.CAN_KICK,)
    unable = a_room([C.CAN_REMOVE_OWN_CLIENT])
    refused(unable, request, Rule.CAPABILITY, capabilities=(C.CAN_KICK,))


def test_coming_back_in_place_of_ones_own_client():
    assert granted(a_room(), joining(BOB, ReplaceClient(BOB))) == (None,)
    refused(a_room(), joining(DAVE, ReplaceClient(DAVE)), Rule.CLIENT_WITHOUT_PARTICIPANT)
    refused(a_room(), joining(MALLORY, ReplaceClient(MALLORY)), Rule.BANNED_CLIENT)
    assert granted(a_room((), {}, UNNAMED), joining(MALLORY, ReplaceClient(MALLORY)))


def test_nobody_goes_on_as_another():
    refusal = refused(a_room(), by(ALICE, ChangeIdentity(ALICE, BOB)), Rule.IDENTITY)
    assert refusal.action == ChangeIdentity(ALICE, BOB)


# Removing (section 8.1.2)


def test_removing_somebody():
    removes = by(ALICE, RemoveParticipant(BOB), RemoveClient(BOB))
    able, changes = [C.CAN_REMOVE_PARTICIPANT], {USER: [NONE]}
    assert granted(a_room(able, changes), removes) == (C.CAN_REMOVE_PARTICIPANT, None)
    refused(a_room(changes=changes), removes, Rule.CAPABILITY, capabilities=tuple(able))
    for wrong in ({USER: [GUEST]}, {ADMIN: [NONE]}, {}):
        refused(a_room(able, wrong), removes, Rule.TRANSITION, transition=(USER, NONE))
    refused(a_room(able, changes), by(ALICE, RemoveParticipant(DAVE)), Rule.NO_PARTICIPANT)


def test_who_is_removed_leaves_no_client():
    able, changes = [C.CAN_REMOVE_PARTICIPANT], {USER: [NONE]}
    two = a_room(able, changes, clients={ALICE: 1, BOB: 2})
    removes, client = RemoveParticipant(BOB), RemoveClient(BOB)
    for request in (by(ALICE, removes), by(ALICE, removes, client)):
        refusal = refused(two, request, Rule.REMOVED_CLIENT)
        assert refusal.action is None
        assert " is removed and has " in refusal.reason
    granted(two, by(ALICE, removes, client, client))
    granted(two, by(ALICE, removes, client), by(BOB, client))


def test_leaving():
    leaves = by(ALICE, RemoveParticipant(ALICE), RemoveClient(ALICE))
    changes = {ADMIN: [NONE]}
    assert granted(a_room([C.CAN_REMOVE_SELF], changes), leaves) == (C.CAN_REMOVE_SELF, None)
    other = a_room([C.CAN_REMOVE_PARTICIPANT], changes)
    refused(other, leaves, Rule.CAPABILITY, capabilities=(C.CAN_REMOVE_SELF,))
    stays = a_room([C.CAN_REMOVE_SELF], {USER: [NONE]})
    refused(stays, leaves, Rule.TRANSITION, transition=(ADMIN, NONE))
    room = a_room([C.CAN_REMOVE_SELF], changes)
    refused(room, by(ALICE, RemoveParticipant(ALICE)), Rule.REMOVED_CLIENT)
    others = by(ALICE, RemoveParticipant(BOB), RemoveClient(BOB))
    assert not decided(a_room([C.CAN_REMOVE_SELF], {USER: [NONE]}), others).is_allowed


def test_fixed_membership():
    """Nobody comes or goes; clients do, and roles change."""
    able = [C.CAN_ADD_PARTICIPANT, C.CAN_REMOVE_PARTICIPANT, C.CAN_REMOVE_SELF, C.CAN_KICK]
    able += [C.CAN_CHANGE_USER_ROLE, C.CAN_REMOVE_OWN_CLIENT]
    changes = {NONE: [USER], USER: [NONE, GUEST], ADMIN: [NONE]}
    fixed = a_room(able, changes, base=base(fixed_membership=True))
    free = a_room(able, changes)
    for actions in (
        [AddParticipant(DAVE, USER)],
        [RemoveParticipant(CAROL)],
        [RemoveParticipant(ALICE), RemoveClient(ALICE)],
    ):
        assert refused(fixed, by(ALICE, *actions), Rule.FIXED_MEMBERSHIP).action == actions[0]
        granted(free, by(ALICE, *actions))
    for action in (ChangeRole(BOB, GUEST), RemoveClient(BOB), RemoveClient(ALICE)):
        granted(fixed, by(ALICE, action))
    clients = by(ALICE, AddClient(ALICE), AddClient(CAROL))
    own = (C.CAN_ADD_OWN_CLIENT,)
    assert granted(a_room(own, base=base(fixed_membership=True)), clients) == own * 2
    adds = by(ALICE, AddClient(CAROL))
    refused(a_room(able, base=base(fixed_membership=True)), adds, Rule.CAPABILITY, capabilities=own)
    outside = a_role(NONE, [C.CAN_OPEN_JOIN], {NONE: [USER]})
    closed = a_room((), {}, outside, base=base(fixed_membership=True))
    joins = joining(DAVE, AddParticipant(DAVE, USER), AddClient(DAVE))
    refused(closed, joins, Rule.FIXED_MEMBERSHIP)


# Roles (section 8.1.3)


def test_changing_the_role_of_another():
    request = by(ALICE, ChangeRole(BOB, GUEST))
    able = [C.CAN_CHANGE_USER_ROLE]
    assert granted(a_room(able, {USER: [GUEST]}), request) == (C.CAN_CHANGE_USER_ROLE,)
    unable = a_room([C.CAN_BAN, C.CAN_UNBAN, C.CAN_CHANGE_OWN_ROLE], {USER: [GUEST]})
    refused(unable, request, Rule.CAPABILITY, capabilities=(C.CAN_CHANGE_USER_ROLE,))
    refused(a_room(able, {GUEST: [USER]}), request, Rule.TRANSITION, transition=(USER, GUEST))
    room = a_room(able, {NONE: [GUEST]})
    refused(room, by(ALICE, ChangeRole(DAVE, GUEST)), Rule.NO_PARTICIPANT)


def test_changing_ones_own_role():
    request = by(ALICE, ChangeRole(ALICE, GUEST))
    first = preauthorizing(entry(GUEST))
    able = [C.CAN_CHANGE_OWN_ROLE]
    assert granted(a_room(able, preauthorized=first), request) == (C.CAN_CHANGE_OWN_ROLE,)
    other = a_room([C.CAN_CHANGE_USER_ROLE], {ADMIN: [GUEST]}, preauthorized=first)
    refused(other, request, Rule.CAPABILITY, capabilities=(C.CAN_CHANGE_OWN_ROLE,))
    for entries in ([], [entry(USER), entry(GUEST)], [entry(GUEST, team=b"red")]):
        room = a_room(able, {ADMIN: [GUEST]}, preauthorized=preauthorizing(*entries))
        refused(room, request, Rule.PREAUTHORIZED_ROLE)
    claims = {"claims": claiming(team=b"red")}
    room = a_room(able, preauthorized=preauthorizing(entry(GUEST, team=b"red")))
    assert granted(room, by(ALICE, ChangeRole(ALICE, GUEST), **claims))


def test_banning():
    bans = by(ALICE, ChangeRole(BOB, BANNED), RemoveClient(BOB))
    changes = {USER: [BANNED]}
    assert granted(a_room([C.CAN_BAN], changes), bans) == (C.CAN_BAN, None)
    either = (C.CAN_BAN, C.CAN_CHANGE_USER_ROLE)
    unable = a_room([C.CAN_UNBAN, C.CAN_KICK], changes)
    refused(unable, bans, Rule.CAPABILITY, capabilities=either)
    refused(a_room([C.CAN_BAN], {ADMIN: [BANNED]}), bans, Rule.TRANSITION, transition=(USER, 1))
    refused(a_room([C.CAN_BAN], changes), by(ALICE, ChangeRole(BOB, BANNED)), Rule.BANNED_CLIENT)
    kept = a_room([C.CAN_BAN, C.CAN_KICK], changes, clients={ALICE: 1, BOB: 2})
    assert " is banned and has 1 " in refused(kept, bans, Rule.BANNED_CLIENT).reason


def test_banning_by_a_change_of_role_takes_kicking_as_well():
    bans = by(ALICE, ChangeRole(BOB, BANNED), RemoveClient(BOB))
    changes = {USER: [BANNED]}
    able = [C.CAN_CHANGE_USER_ROLE]
    refused(a_room(able, changes), bans, Rule.CAPABILITY, capabilities=(C.CAN_KICK,))
    both = a_room([*able, C.CAN_KICK], changes)
    assert granted(both, bans) == (C.CAN_CHANGE_USER_ROLE, C.CAN_KICK)
    absent = by(ALICE, ChangeRole(CAROL, BANNED))
    assert granted(a_room(able, changes), absent) == (C.CAN_CHANGE_USER_ROLE,)


def test_who_is_banned_takes_out_its_clients_itself():
    ban = by(ALICE, ChangeRole(BOB, BANNED))
    room = a_room([C.CAN_CHANGE_USER_ROLE], {USER: [BANNED]})
    assert granted(room, ban, by(BOB, RemoveClient(BOB))) == (C.CAN_CHANGE_USER_ROLE, None)
    refusal = refused(
        room,
        by(BOB, RemoveClient(BOB)),
        Rule.CAPABILITY,
        role=USER,
        capabilities=(C.CAN_REMOVE_OWN_CLIENT,),
    )
    assert refusal.action == RemoveClient(BOB)


def test_a_ban_does_not_kick_others():
    bans = by(ALICE, ChangeRole(CAROL, BANNED), RemoveClient(BOB))
    room = a_room([C.CAN_BAN], {USER: [BANNED]})
    refused(room, bans, Rule.CAPABILITY, capabilities=(C.CAN_KICK,))


def test_the_role_that_bans_is_called_so():
    """By another name it is an ordinary role, in which clients stay."""
    request = by(ALICE, ChangeRole(BOB, BANNED))
    room = a_room([C.CAN_BAN], {USER: [BANNED]}, UNNAMED)
    refused(room, request, Rule.CAPABILITY, capabilities=(C.CAN_CHANGE_USER_ROLE,))
    granted(a_room([C.CAN_CHANGE_USER_ROLE], {USER: [BANNED]}, UNNAMED), request)
    with_client = by(ALICE, ChangeRole(BOB, BANNED), RemoveClient(BOB))
    able = [C.CAN_BAN, C.CAN_CHANGE_USER_ROLE]
    muting = a_room(able, {USER: [BANNED]}, UNNAMED)
    refused(muting, with_client, Rule.CAPABILITY, capabilities=(C.CAN_KICK,))


def test_unbanning():
    request = by(ALICE, ChangeRole(MALLORY, USER))
    changes = {BANNED: [USER]}
    assert granted(a_room([C.CAN_UNBAN], changes), request) == (C.CAN_UNBAN,)
    assert granted(a_room([C.CAN_CHANGE_USER_ROLE], changes), request)
    either = (C.CAN_UNBAN, C.CAN_CHANGE_USER_ROLE)
    refused(a_room([C.CAN_BAN], changes), request, Rule.CAPABILITY, capabilities=either)
    refused(a_room([C.CAN_UNBAN], {BANNED: [GUEST]}), request, Rule.TRANSITION, transition=(1, 2))
    unnamed = a_room([C.CAN_UNBAN], changes, UNNAMED)
    refused(unnamed, request, Rule.CAPABILITY, capabilities=(C.CAN_CHANGE_USER_ROLE,))


def test_unbanning_adds_no_clients():
    both = by(ALICE, ChangeRole(MALLORY, USER), AddClient(MALLORY))
    changes = {NONE: [USER], BANNED: [USER]}
    room = a_room([C.CAN_UNBAN], changes)
    refused(room, both, Rule.CAPABILITY, capabilities=(C.CAN_ADD_PARTICIPANT,))
    granted(a_room([C.CAN_UNBAN, C.CAN_ADD_PARTICIPANT], changes), both)
