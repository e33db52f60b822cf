"""Rooms that are founded, joined or begun to be followed; and what clients must be able to do."""

import attrs
import pytest
from policy.furniture import (
    ENTROPY,
    HUB_KEY,
    device,
    founding_data,
    founding_extensions,
    listed,
    roles,
    update,
    user,
)
from policy.house import House, a_house, rules_of, settings_with, with_bob
from policy.scenes import (
    ADMIN,
    ALICE,
    BANNED,
    BOB,
    CAROL,
    GUEST,
    HUB,
    NONE,
    USER,
    C,
    a_role,
    base,
    operational,
)
from tree.members import NOW, SUITE, refused

from mimi.codec import encode, replace
from mimi.errors import MalformedError
from mimi.mls import Client, PublicGroup, SelfRemove, Settings, WireFormat
from mimi.mls.ownleaf import LeafChange
from mimi.mls.state import changed
from mimi.policy.components import Rooms, room_components
from mimi.policy.decision import Rule
from mimi.policy.errors import (
    FixedMembershipError,
    LateRoomError,
    ParticipantUriError,
    PolicyRefusedError,
    RepeatedParticipantError,
    RepeatedRoleError,
    RoleZeroError,
    UnnamedClientError,
)
from mimi.policy.operational import ExtendedCapabilities
from mimi.policy.propose import room_extensions
from mimi.policy.structures import (
    JOIN_LINKS,
    MLS_OPERATIONAL_POLICY,
    PARTICIPANT_LIST,
    ROLES_LIST,
    ParticipantListData,
    RoleData,
    UserRolePair,
)
from mimi.tree.codepoints import CredentialType, ExtensionType
from mimi.tree.credential import BasicCredential, X509Credential
from mimi.tree.extension import ExternalSender, external_senders

# Founding


def found(data):
    """Found a room with components of this data."""
    house = House(settings_with(Rooms()), Rooms())
    house.client("alice").create_group(now=NOW, extensions=founding_extensions(data))


def founding_refusals(*others, **options):
    with refused(PolicyRefusedError) as caught:
        found(founding_data(*others, **options))
    return rules_of(caught.value.decision)


def test_a_room_that_breaks_its_own_constraints_is_not_founded():
    few = roles(a_role(USER, minimum_participants_constraint=1))
    assert founding_refusals(role_data=few) == ["minimum-participants"]
    many = roles(a_role(ADMIN, maximum_participants_constraint=0))
    assert founding_refusals(role_data=many) == ["maximum-participants"]
    quiet = roles(a_role(ADMIN, maximum_active_participants_constraint=0))
    assert founding_refusals(role_data=quiet) == ["maximum-active-participants"]
    assert founding_refusals(base(max_users=1)) == ["max-users"]
    assert founding_refusals(base(max_clients=0)) == ["max-clients"]
    with refused(FixedMembershipError, role=ADMIN):
        found(founding_data(base(fixed_membership=True)))
    assert founding_refusals(people={ALICE: ADMIN, HUB: 9}) == ["unknown-role"]
    without = founding_refusals(people={HUB: ADMIN})
    assert without == ["client-without-participant"]
    assert founding_refusals(people={ALICE: BANNED, BOB: ADMIN}) == [
        "banned-client",
        "maximum-active-participants",
    ]
    waiting = roles(a_role(USER, minimum_active_participants_constraint=1))
    found(founding_data(role_data=waiting))
    found(founding_data(base(max_users=2, max_clients=1, multi_device=False)))


def test_a_room_without_participants_is_not_founded():
    data = founding_data()
    del data[int(PARTICIPANT_LIST)]
    with refused(PolicyRefusedError) as caught:
        found(data)
    assert rules_of(caught.value.decision) == [
        "client-without-participant",
        "minimum-participants",
    ]


BAD_LISTS = {
    "repeated": ([(ALICE, ADMIN), (BOB, USER), (BOB, GUEST)], RepeatedParticipantError),
    "role 0": ([(ALICE, ADMIN), (BOB, 0)], RoleZeroError),
    "a client": ([(ALICE, ADMIN), (device("bob"), USER)], ParticipantUriError),
    "no UTF-8": ([(ALICE, ADMIN), (b"\xff", USER)], ParticipantUriError),
}


@pytest.mark.parametrize(("entries", "error"), BAD_LISTS.values(), ids=BAD_LISTS)
def test_a_room_with_a_bad_list_is_neither_founded_nor_joined(entries, error):
    data = founding_data()
    pairs = tuple(UserRolePair(who, role) for who, role in entries)
    data[int(PARTICIPANT_LIST)] = encode(ParticipantListData(pairs))
    with refused(error):
        found(data)
    nobody_enters(data, error)


def test_a_room_with_bad_components_is_neither_founded_nor_joined():
    data = founding_data()
    data[int(ROLES_LIST)] = encode(RoleData((*roles().roles, a_role(ADMIN))))
    with refused(RepeatedRoleError, role=ADMIN):
        found(data)
    nobody_enters(data, RepeatedRoleError)
    data[int(ROLES_LIST)] = b"\1"
    with pytest.raises(MalformedError):
        found(data)


# Joining


def nobody_enters(data, error):
    """Check that a room which a deviant has founded is neither joined nor followed."""
    house = House(settings_with(Rooms()), Rooms())
    founder = changed(house.client("alice"), settings=house.lenient)
    group = founder.create_group(now=NOW, extensions=founding_extensions(data))
    info, known = group.group_info(), house.settings.components
    decisions = []
    with refused(error) as caught:
        PublicGroup.from_group_info(info, now=NOW, components=known)
    decisions.append(getattr(caught.value, "decision", None))
    with refused(error) as caught:
        house.client("bob").join_externally(info, now=NOW)
    decisions.append(getattr(caught.value, "decision", None))
    draft = group.commit(add=[house.offer("bob")], now=NOW)
    with refused(error) as caught:
        house.clients["bob"].join(draft.welcome, now=NOW)
    welcomed = getattr(caught.value, "decision", None)
    assert decisions[0] == decisions[1]
    return decisions[0], welcomed


def test_a_room_that_breaks_its_constraints_is_not_entered():
    data = founding_data(base(max_users=1))
    alone, welcomed = nobody_enters(data, PolicyRefusedError)
    assert rules_of(alone) == ["max-users"]
    assert rules_of(welcomed) == ["client-without-participant", "max-users"]
    unknown = founding_data(people={ALICE: ADMIN, HUB: 9, BOB: USER})
    assert rules_of(nobody_enters(unknown, PolicyRefusedError)[1]) == ["unknown-role"]


def test_minima_are_for_founders_alone():
    """What was enough once may be missed by who is let in later."""
    house = a_house(role_data=roles(a_role(USER, minimum_participants_constraint=0)))
    data = founding_data(role_data=roles(a_role(USER, minimum_participants_constraint=3)))
    founder = changed(house.client("alice"), settings=house.lenient)
    group = founder.create_group(now=NOW, extensions=founding_extensions(data))
    known = house.settings.components
    assert PublicGroup.from_group_info(group.group_info(), now=NOW, components=known)


# Groups that are no rooms


def roomless(**options):
    settings = settings_with(Rooms(), **options)
    house = House(settings, Rooms())
    return house, house.client("alice").create_group(
        b"no room", now=NOW, extensions=founding_extensions({})
    )


def test_a_group_does_not_become_a_room():
    house, group = roomless()
    follower = PublicGroup.from_group_info(
        group.group_info(), now=NOW, components=house.settings.components
    )
    late = [update(ROLES_LIST, roles())]
    with refused(LateRoomError):
        group.commit(proposals=late, now=NOW)
    wire = group.with_settings(house.lenient).commit(proposals=late, now=NOW).commit
    with refused(LateRoomError):
        follower.receive(wire, now=NOW)


def test_components_of_a_group_that_is_no_room_are_checked_by_themselves():
    data = {int(PARTICIPANT_LIST): encode(ParticipantListData((UserRolePair(BOB, 0),)))}
    with refused(RoleZeroError):
        found(data)
    with pytest.raises(MalformedError):
        found({int(JOIN_LINKS): b"\1"})
    found({int(JOIN_LINKS): b"\0"})


def test_a_group_that_is_no_room_has_no_policy():
    """Whoever is in it need not even be named."""
    house, group = roomless()
    assert house.rooms.room(group.state) is None
    stranger = Client.create(
        BasicCredential(b"a stranger"), SUITE, settings=house.settings, entropy=ENTROPY
    )
    stranger, package = stranger.key_package(now=NOW)
    draft = group.commit(add=[package], now=NOW, proposals=[listed(carol=USER), listed(bob=USER)])
    group = draft.accept()
    _, joined = stranger.join(draft.welcome, now=NOW).accept()
    group, _ = group.propose(listed(removed=[0]), now=NOW)
    assert house.rooms.room(joined.state) is None
    assert group.commit(now=NOW).accept().epoch == 2


# Who is whose


def test_who_is_not_named_cannot_come():
    house = with_bob()
    stranger = Client.create(
        BasicCredential(b"carol"), SUITE, settings=house.settings, entropy=ENTROPY
    )
    stranger, package = stranger.key_package(now=NOW)
    with refused(UnnamedClientError):
        house.groups["alice"].commit(add=[package], now=NOW)
    wire = house.groups["alice"].with_settings(house.lenient).commit(add=[package], now=NOW).commit
    house.all_refuse(wire, UnnamedClientError, {}, [], but="alice")
    with refused(UnnamedClientError):
        stranger.join_externally(house.groups["alice"].group_info(), now=NOW)


def test_an_application_names_its_clients():
    """By another rule, and everybody by the same."""
    named = {device("alice"): ALICE, device("bob"): CAROL}
    identities = Rooms().identities
    rooms = Rooms(attrs.evolve(identities, identify=lambda each: named[each.identity]))
    house = a_house(rooms=rooms)
    house.commits("alice", listed(carol=USER), add=["bob"])
    assert dict(house.room.clients) == {ALICE: 1, CAROL: 1}


def test_credentials_of_other_types_name_nobody():
    with refused(UnnamedClientError):
        Rooms().identities.identify(X509Credential(()))
    assert Rooms().identities.claims(X509Credential(())) == {}
    for identity in (b"\xff", b"mimi://a.example/r/room", b"mimi://a.example/g/x"):
        with refused(UnnamedClientError):
            Rooms().identities.identify(BasicCredential(identity))
    for identity, who in (
        (device("bob_tablet"), BOB),
        (BOB, BOB),
        (b"mimi://A.example/u/bob", BOB),
        (b"mimi://a.example/p/x", b"mimi://a.example/p/x"),
        (HUB, HUB),
    ):
        credential = BasicCredential(identity)
        assert Rooms().identities.identify(credential) == who
        claims = {(int(CredentialType.BASIC), b""): frozenset({identity})}
        assert Rooms().identities.claims(credential) == claims


# What clients must be able to do (section 7)

RARE = ExtensionType(0xF102)
PLAIN = House(settings_with(Rooms()), Rooms()).client("alice").capabilities
ABLE = replace(PLAIN, extensions=(*PLAIN.extensions, RARE))


def lists(**what):
    return ExtendedCapabilities(**what)


def able(house, name):
    """Make a client that supports a rare extension."""
    house.client(name, capabilities=ABLE)
    return name


def test_what_every_client_must_be_able_to_do():
    rooms = Rooms()
    house = House(settings_with(rooms), rooms)
    wants = operational(mandatory_capabilities=lists(extensions=(RARE,)))
    outside = a_role(NONE, [C.CAN_OPEN_JOIN], {NONE: [USER]})
    data = founding_data(wants, role_data=roles(outside))
    able(house, "alice")
    house.founds("alice", founding_extensions(data))
    decision = house.refuses("alice", listed(bob=USER), add=["bob"])
    assert [each.rule for each in decision.refusals] == [Rule.MANDATORY_CAPABILITY]
    assert rules_of(house.refuses_joiner("bob", listed(bob=USER))) == ["mandatory-capability"]
    house.commits("alice", listed(carol=USER), add=[able(house, "carol")])
    house.joins(able(house, "dave"), listed(dave=USER))
    own = house.groups["carol"].leaf_node.extensions
    less = LeafChange(capabilities=PLAIN, extensions=own)
    assert rules_of(house.refuses("carol", leaf=less)) == ["mandatory-capability"]
    assert rules_of(house.refuses_update("carol", less)) == ["mandatory-capability"]


def test_what_no_client_may_list():
    wants = operational(forbidden_capabilities=lists(extensions=(RARE,)))
    house = with_bob(wants)
    decision = house.refuses("alice", listed(carol=USER), add=[able(house, "carol")])
    assert rules_of(decision) == ["forbidden-capability"]
    assert {each.rule for each in decision.refusals} == {Rule.FORBIDDEN_CAPABILITY}
    house.commits("alice", listed(dave=USER), add=["dave"])


def test_in_which_format_handshakes_are_sent():
    private = operational(handshake_formats=(WireFormat.MLS_PRIVATE_MESSAGE,))
    house = with_bob()
    house.commits("alice", update(MLS_OPERATIONAL_POLICY, private))
    decision = house.refuses("bob")
    assert [each.rule for each in decision.refusals] == [Rule.HANDSHAKE_FORMAT]
    bob, alice = house.groups["bob"], house.groups["alice"]
    discreet = attrs.evolve(house.settings, handshake=WireFormat.MLS_PRIVATE_MESSAGE)
    draft = bob.with_settings(discreet).commit(now=NOW)
    (event,) = alice.receive(draft.commit, now=NOW).events
    assert event.accept().group.epoch == alice.epoch + 1


def test_in_which_format_proposals_are_sent():
    """A SelfRemove is always public: joiners take it along."""
    private = operational(handshake_formats=(WireFormat.MLS_PRIVATE_MESSAGE,))
    house = with_bob()
    house.commits("alice", update(MLS_OPERATIONAL_POLICY, private))
    leave = listed(removed=[house.place("bob")])
    decision = house.refuses_proposal("bob", leave)
    assert [each.rule for each in decision.refusals] == [Rule.HANDSHAKE_FORMAT]
    house.proposes("bob", SelfRemove())
    discreet = attrs.evolve(house.settings, handshake=WireFormat.MLS_PRIVATE_MESSAGE)
    wire = house.groups["bob"].with_settings(discreet).propose(leave, now=NOW)[1]
    (event,) = house.groups["alice"].receive(wire, now=NOW).events
    assert event.proposal == leave


def test_components_are_those_of_one_application():
    """Two sets of components do not remember each other's rooms."""
    house = with_bob()
    other = Settings(components=room_components())
    group = house.groups["alice"].with_settings(other)
    assert house.rooms in group.state.memo
    assert group.commit(proposals=[listed(dave=USER)], now=NOW).accept().epoch == group.epoch + 1
    assert user("dave") == b"mimi://a.example/u/dave"


# Extensions of a new room


def test_a_new_room_knows_its_hub():
    hub = ExternalSender(HUB_KEY.public, BasicCredential(HUB))
    made = room_extensions([roles()], {ALICE: ADMIN}, external_senders=[hub])
    assert external_senders(made) == (hub,)
    assert external_senders(room_extensions([roles()], {ALICE: ADMIN})) == ()
