"""What a room is, what its holders do with it, and what must not stand in one commit."""

import pytest
from policy.scenes import (
    ADMIN,
    ALICE,
    BANNED,
    BOB,
    CAROL,
    DAVE,
    GUEST,
    HUB,
    MALLORY,
    NONE,
    USER,
    C,
    a_role,
    a_room,
    base,
    by,
    decided,
    granted,
    refused,
    roles_of,
)

from mimi.mls import ComponentID
from mimi.policy.actions import (
    ActorKind,
    AddClient,
    AddParticipant,
    ChangeBasePolicy,
    ChangeComponent,
    ChangeExtensions,
    ChangeJoinLinks,
    ChangeMetadata,
    ChangePreauthorized,
    ChangeRole,
    ChangeRoles,
    Perform,
    Reinitialize,
    RemoveClient,
    RemoveComponent,
    RemoveParticipant,
    Request,
)
from mimi.policy.decision import Decision, Grant, Refusal, Rule
from mimi.policy.errors import PolicyRefusedError
from mimi.policy.policy import STRUCTURES
from mimi.policy.structures import (
    BASE_ROOM_POLICY,
    JOIN_LINKS,
    MLS_OPERATIONAL_POLICY,
    PARTICIPANT_LIST,
    PREAUTH_LIST,
    ROLES_LIST,
    ROOM_METADATA,
)

EVERY = [*C.known.values()]
SAME_ROLES = ChangeRoles(a_room().policy.roles)

# What takes one capability and nothing else: all the others do not help.

ONE = {
    "name": (ChangeMetadata(frozenset({"room_name"})), C.CAN_CHANGE_ROOM_NAME),
    "descriptions": (
        ChangeMetadata(frozenset({"room_descriptions"})),
        C.CAN_CHANGE_ROOM_DESCRIPTION,
    ),
    "avatar": (ChangeMetadata(frozenset({"room_avatar"})), C.CAN_CHANGE_ROOM_AVATAR),
    "subject": (ChangeMetadata(frozenset({"room_subject"})), C.CAN_CHANGE_ROOM_SUBJECT),
    "mood": (ChangeMetadata(frozenset({"room_mood"})), C.CAN_CHANGE_ROOM_MOOD),
    "roles": (SAME_ROLES, C.CAN_CHANGE_ROLE_DEFINITIONS),
    "preauthorised": (ChangePreauthorized(), C.CAN_CHANGE_PREAUTHORIZED_USER_LIST),
    "base policy": (ChangeBasePolicy(base()), C.CAN_CHANGE_ROOM_MEMBERSHIP_STYLE),
    "links come": (ChangeJoinLinks(adds=True), C.CAN_CREATE_JOIN_CODE),
    "links go": (ChangeJoinLinks(removes=True), C.CAN_DELETE_JOIN_CODE),
    "operational": (
        ChangeComponent(MLS_OPERATIONAL_POLICY),
        C.CAN_CHANGE_MLS_OPERATIONAL_POLICIES,
    ),
    "extensions": (ChangeExtensions(), C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE),
    "reinit": (Reinitialize(), C.CAN_SEND_MLS_REINIT_PROPOSAL),
    "unheard of": (ChangeComponent(0x8123), C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE),
    "roles by number": (ChangeComponent(ROLES_LIST), C.CAN_CHANGE_ROLE_DEFINITIONS),
    "base policy by number": (
        ChangeComponent(BASE_ROOM_POLICY),
        C.CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
    ),
    "no preauthorised": (
        RemoveComponent(PREAUTH_LIST),
        C.CAN_CHANGE_PREAUTHORIZED_USER_LIST,
    ),
    "no operational": (
        RemoveComponent(MLS_OPERATIONAL_POLICY),
        C.CAN_CHANGE_MLS_OPERATIONAL_POLICIES,
    ),
    "no links": (RemoveComponent(JOIN_LINKS), C.CAN_DELETE_JOIN_CODE),
    "not even what is unheard of": (
        RemoveComponent(0x8123),
        C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE,
    ),
}
OTHERS = set(STRUCTURES) - {
    int(each)
    for each in (
        ROLES_LIST,
        PREAUTH_LIST,
        BASE_ROOM_POLICY,
        JOIN_LINKS,
        ROOM_METADATA,
        MLS_OPERATIONAL_POLICY,
    )
}
for number in sorted(OTHERS):
    for kind in (ChangeComponent, RemoveComponent):
        ONE[f"{kind.__name__} {ComponentID(number).name}"] = (
            kind(number),
            C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE,
        )


@pytest.mark.parametrize(("action", "capability"), ONE.values(), ids=ONE)
def test_what_takes_one_capability(action, capability):
    assert granted(a_room([capability]), by(ALICE, action)) == (capability,)
    unable = a_room(set(EVERY) - {capability, C.CAN_OPEN_JOIN})
    refusal = refused(unable, by(ALICE, action), Rule.CAPABILITY, capabilities=(capability,))
    assert refusal.action == action


@pytest.mark.parametrize("capability", EVERY, ids=lambda each: each.name)
def test_what_changes_no_state_takes_its_own_capability(capability):
    request = by(ALICE, Perform(capability))
    assert granted(a_room([capability]), request) == (capability,)
    unable = a_room(set(EVERY) - {capability})
    refused(unable, request, Rule.CAPABILITY, capabilities=(capability,))


def test_a_capability_that_nobody_knows_is_asked_for_like_any_other():
    pin = C(0xF0F1)
    assert granted(a_room([pin]), by(ALICE, Perform(pin))) == (pin,)
    refusal = refused(a_room(), by(ALICE, Perform(pin)), Rule.CAPABILITY, capabilities=(pin,))
    assert refusal.reason.endswith("lacks 0xF0F1")


def test_every_kind_of_action_can_be_done_by_who_may():
    """In one room or another all of them are granted."""
    many = {type(action) for action, _ in ONE.values()} | {Perform}
    assert many >= {ChangeMetadata, ChangeRoles, ChangePreauthorized, ChangeBasePolicy}
    assert len(many) == 10


# Metadata, field by field (section 8.2)


def test_each_field_is_refused_for_itself():
    fields = frozenset({"room_name", "room_subject", "room_mood"})
    request = by(ALICE, ChangeMetadata(fields))
    decision = decided(a_room([C.CAN_CHANGE_ROOM_NAME]), request)
    assert [(each.rule, each.capabilities) for each in decision.refusals] == [
        (Rule.CAPABILITY, (C.CAN_CHANGE_ROOM_MOOD,)),
        (Rule.CAPABILITY, (C.CAN_CHANGE_ROOM_SUBJECT,)),
    ]
    assert decision.grants == ()
    able = [C.CAN_CHANGE_ROOM_NAME, C.CAN_CHANGE_ROOM_SUBJECT, C.CAN_CHANGE_ROOM_MOOD]
    assert set(granted(a_room(able), request)) == set(able)


def test_metadata_that_stays_as_it_is_takes_nothing():
    assert granted(a_room(), by(ALICE, ChangeMetadata(frozenset()))) == (None,)


def test_the_uri_of_a_room_stays():
    request = by(ALICE, ChangeMetadata(frozenset({"room_uri"})))
    refused(a_room(EVERY), request, Rule.ROOM_URI)
    other = C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE
    assert granted(a_room([other], metadata=None), request) == (other,)
    refused(a_room(metadata=None), request, Rule.CAPABILITY, capabilities=(other,))


# Components


@pytest.mark.parametrize(
    "component", [PARTICIPANT_LIST, ROLES_LIST, BASE_ROOM_POLICY, ROOM_METADATA]
)
def test_what_makes_a_group_a_room_stays(component):
    refusal = refused(
        a_room(EVERY), by(ALICE, RemoveComponent(component)), Rule.ESSENTIAL_COMPONENT
    )
    assert component.name in refusal.reason


def test_links_that_come_and_go_take_both():
    request = by(ALICE, ChangeJoinLinks(adds=True, removes=True))
    creating, deleting = C.CAN_CREATE_JOIN_CODE, C.CAN_DELETE_JOIN_CODE
    assert granted(a_room([creating, deleting]), request) == (creating, deleting)
    refused(a_room([creating]), request, Rule.CAPABILITY, capabilities=(deleting,))
    refused(a_room([deleting]), request, Rule.CAPABILITY, capabilities=(creating,))
    either = C.CAN_CREATE_JOIN_CODE, C.CAN_DELETE_JOIN_CODE
    for capability in either:
        assert granted(a_room([capability]), by(ALICE, ChangeJoinLinks())) == (capability,)
    refused(a_room(), by(ALICE, ChangeJoinLinks()), Rule.CAPABILITY, capabilities=either)


# What must not stand in one commit

ABLE = [
    *(C.CAN_ADD_PARTICIPANT, C.CAN_REMOVE_PARTICIPANT, C.CAN_CHANGE_USER_ROLE),
    *(C.CAN_CHANGE_ROLE_DEFINITIONS, C.CAN_CHANGE_PREAUTHORIZED_USER_LIST, C.CAN_KICK),
]
MOVES = {NONE: [USER, GUEST], USER: [NONE, GUEST], BANNED: [NONE, USER]}
ROOM = a_room(ABLE, MOVES)
COMES, GOES, CHANGES = (
    AddParticipant(DAVE, USER),
    RemoveParticipant(CAROL),
    ChangeRole(CAROL, GUEST),
)
REMAINS = ChangeRoles(ROOM.policy.roles)


@pytest.mark.parametrize(
    "actions",
    [(CHANGES, GOES), (GOES, CHANGES), (CHANGES, CHANGES), (GOES, GOES), (COMES, COMES)],
)
def test_one_operation_on_each_user(actions):
    refusal = refused(ROOM, by(ALICE, *actions), Rule.USER_TWICE)
    assert refusal.action is None
    assert actions[0].user.decode() in refusal.reason
    granted(ROOM, by(ALICE, actions[0]))
    granted(ROOM, by(ALICE, actions[1]))


def test_one_operation_on_each_user_whoever_asks():
    able = a_role(USER, [C.CAN_REMOVE_SELF], {USER: [NONE]})
    room = a_room(ABLE, MOVES, able)
    leaves = by(BOB, RemoveParticipant(BOB), RemoveClient(BOB))
    removes = by(ALICE, RemoveParticipant(BOB))
    refusal = refused(room, [leaves, removes], Rule.USER_TWICE)
    assert (refusal.actor, refusal.role) == (None, 0)
    granted(room, leaves, by(ALICE, RemoveParticipant(CAROL)))


def test_who_is_removed_is_not_added_again():
    decision = decided(ROOM, by(ALICE, GOES, AddParticipant(CAROL, GUEST)))
    assert decision.rules == (Rule.ALREADY_PARTICIPANT, Rule.USER_TWICE)


@pytest.mark.parametrize("action", [COMES, GOES, CHANGES])
def test_roles_are_not_defined_beside_changes_of_the_list(action):
    refused(ROOM, by(ALICE, REMAINS, action), Rule.ROLES_WITH_PARTICIPANTS)
    refused(ROOM, [by(ALICE, action), by(ALICE, REMAINS)], Rule.ROLES_WITH_PARTICIPANTS)
    granted(ROOM, by(ALICE, REMAINS, ChangePreauthorized(), RemoveClient(BOB)))


@pytest.mark.parametrize("action", [COMES, CHANGES])
def test_who_is_preauthorised_changes_beside_removals_alone(action):
    anew = ChangePreauthorized()
    refused(ROOM, by(ALICE, action, anew), Rule.PREAUTHORIZED_WITH_PARTICIPANTS)
    goes = RemoveParticipant(MALLORY)
    refused(ROOM, by(ALICE, anew, goes, action), Rule.PREAUTHORIZED_WITH_PARTICIPANTS)
    refused(ROOM, by(ALICE, action, anew, goes), Rule.PREAUTHORIZED_WITH_PARTICIPANTS)
    granted(ROOM, by(ALICE, anew, GOES))


# The old policy decides


def test_who_is_promoted_acts_in_its_old_role():
    able = a_role(GUEST, [C.CAN_KICK])
    room = a_room([C.CAN_CHANGE_USER_ROLE], {USER: [GUEST]}, able)
    promotes, kicks = by(ALICE, ChangeRole(BOB, GUEST)), by(BOB, RemoveClient(ALICE))
    refusal = refused(room, [promotes, kicks], Rule.CAPABILITY, capabilities=(C.CAN_KICK,))
    assert (refusal.actor, refusal.role) == (kicks.actor, USER)


def test_new_roles_do_not_authorise_their_own_commit():
    room = a_room([C.CAN_CHANGE_ROLE_DEFINITIONS])
    anew = ChangeRoles(roles_of([C.CAN_CHANGE_ROLE_DEFINITIONS, C.CAN_KICK]))
    request = by(ALICE, anew, RemoveClient(BOB))
    refused(room, request, Rule.CAPABILITY, capabilities=(C.CAN_KICK,))


def test_no_request_is_allowed():
    assert decided(a_room()) == Decision((), ())
    assert granted(a_room(), by(ALICE)) == ()


def test_a_hub_is_a_participant_with_a_role():
    """It acts from outside, without a client."""
    people = {ALICE: USER, BOB: USER, HUB: ADMIN}
    room = a_room([C.CAN_BAN], {USER: [BANNED]}, people=people)
    bans = by(HUB, ChangeRole(BOB, BANNED), RemoveClient(BOB), kind=ActorKind.EXTERNAL)
    assert granted(room, bans) == (C.CAN_BAN, None)
    stranger = Request(by(DAVE, kind=ActorKind.EXTERNAL).actor, bans.actions)
    decision = decided(room, stranger)
    assert decision.rules == (Rule.TRANSITION, Rule.CAPABILITY)
    assert {refusal.role for refusal in decision.refusals} == {NONE}


# Values


def test_a_decision_raises_what_forbids():
    decision = decided(a_room(), by(ALICE, RemoveClient(BOB), AddClient(MALLORY)))
    with pytest.raises(PolicyRefusedError) as caught:
        decision.check()
    assert caught.value.decision is decision
    assert caught.value.where == {"rules": (Rule.CAPABILITY, Rule.BANNED_CLIENT)}
    assert caught.value.reason == (
        "mimi://a.example/u/alice has role 3, which lacks canKick; "
        "mimi://a.example/u/mallory is banned"
    )
    decided(a_room([C.CAN_KICK]), by(ALICE, RemoveClient(BOB))).check()


def test_decisions_are_compared_by_what_they_say():
    request = by(ALICE, RemoveClient(BOB))
    assert decided(a_room(), request) == decided(a_room(), request)
    assert decided(a_room(), request) != decided(a_room([C.CAN_KICK]), request)
    grant = Grant(RemoveClient(BOB), C.CAN_KICK)
    assert decided(a_room([C.CAN_KICK]), request) == Decision((), (grant,))
    refusal = Refusal(
        Rule.CAPABILITY,
        "mimi://a.example/u/alice has role 3, which lacks canKick",
        RemoveClient(BOB),
        request.actor,
        ADMIN,
        (C.CAN_KICK,),
    )
    assert decided(a_room(), request) == Decision((refusal,), ())
