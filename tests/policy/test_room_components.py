"""What happens in rooms that are MLS groups, as minutes: members and a follower see the same."""

import attrs
import pytest
from policy.furniture import (
    ENFORCER,
    URI,
    code,
    device,
    founding_data,
    founding_extensions,
    links,
    listed,
    removal,
    roles,
    senders,
    update,
)
from policy.house import House, a_house, rules_of, settings_with, with_bob, with_three
from policy.scenes import (
    ADMIN,
    ALICE,
    BANNED,
    BASIC,
    BOB,
    CAROL,
    DAVE,
    GUEST,
    HUB,
    NONE,
    USER,
    C,
    a_role,
    base,
)
from tree.members import NOW, SUITE

from mimi.codec import replace
from mimi.mls import ComponentID, Group, PublicGroup
from mimi.mls.framing import MemberSender
from mimi.mls.proposal import GroupContextExtensions, Remove
from mimi.policy.actions import ChangeComponent
from mimi.policy.components import Rooms
from mimi.policy.decide import decide
from mimi.policy.decision import Rule
from mimi.policy.derive import FRANKING_AGENT, Derivation
from mimi.policy.structures import (
    BASE_ROOM_POLICY,
    JOIN_LINKS,
    PARTICIPANT_LIST,
    PREAUTH_LIST,
    ROLES_LIST,
    ROOM_METADATA,
    Claim,
    ClaimId,
    JoinLink,
    JoinLinksUpdate,
    PreAuthData,
    PreAuthRoleEntry,
    RoomMetaData,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import ExternalSender, ExternalSenders, extension, external_senders

OPEN = a_role(NONE, [C.CAN_OPEN_JOIN], {NONE: [USER]})
BY_CODE = a_role(NONE, [C.CAN_USE_JOIN_CODE], {NONE: [USER]})
CODE = b"https://a.example/join/1"


def preauthorizing(name: str, role: int) -> PreAuthData:
    """Return who is preauthorised: a client by its name."""
    claim = Claim(ClaimId(BASIC, b""), device(name))
    return PreAuthData((PreAuthRoleEntry((claim,), role),))


# Creating, adding, talking


def test_a_room_is_founded_and_grows():
    house = a_house()
    assert list(house.room.participants) == [(ALICE, ADMIN), (HUB, ENFORCER)]
    assert (dict(house.room.clients), house.room.members, house.room.users) == ({ALICE: 1}, 1, 2)
    house.commits("alice", listed(bob=USER, carol=USER), add=["bob", "bob_tablet", "carol"])
    assert list(house.room.participants)[2:] == [(BOB, USER), (CAROL, USER)]
    assert dict(house.room.clients) == {ALICE: 1, BOB: 2, CAROL: 1}
    house.commits("alice", listed(dave=USER))
    assert (house.room.users, house.room.members) == (5, 4)
    house.commits("alice", add=["dave"])
    assert house.room.clients[DAVE] == 1


def test_whoever_joins_by_a_welcome_can_act():
    house = with_three()
    house.commits("carol", update(ROOM_METADATA, RoomMetaData(URI, b"Carol's")))
    house.commits("bob_tablet", update(ROOM_METADATA, RoomMetaData(URI, b"Bob's")))
    assert house.room.policy.metadata.room_name == b"Bob's"


def test_an_empty_commit_changes_nothing():
    house = with_bob()
    before = house.room
    house.commits("bob")
    assert house.room is before


def test_keys_are_updated():
    house = with_bob()
    group, wire = house.groups["bob"].propose_update(now=NOW)
    house.groups["bob"] = group
    house.groups["alice"] = house.groups["alice"].receive(wire, now=NOW).group
    house.follower = house.follower.receive(wire, now=NOW).group
    draft = house.commits("alice")
    assert draft.left_out == ()


# Clients of one's own


def test_a_second_device_is_added_by_the_first():
    house = with_bob()
    house.commits("bob", add=["bob_tablet"])
    assert house.room.clients[BOB] == 2


def test_a_second_device_joins_by_a_commit():
    house = with_bob()
    house.joins("bob_tablet")
    assert house.room.clients[BOB] == 2
    house.commits("bob_tablet")


def test_a_second_device_proposes_to_be_added():
    house = with_bob()
    info = house.groups["alice"].group_info()
    client, wire = house.client("bob_tablet").propose_joining(info, now=NOW)
    house.clients["bob_tablet"] = client
    house.hears(wire)
    draft = house.groups["alice"].commit(now=NOW)
    assert (draft.left_out, len(draft.transition.covered)) == ((), 1)
    house.groups["alice"] = draft.accept()
    assert house.rooms.room(house.groups["alice"].state).clients[BOB] == 2


def test_several_who_propose_to_be_added_are_not_one():
    house = with_three()
    info = house.groups["alice"].group_info()
    for name in ("bob_laptop", "carol_laptop"):
        house.clients[name], wire = house.client(name).propose_joining(info, now=NOW)
        house.hears(wire)
    draft = house.groups["alice"].commit(now=NOW)
    assert draft.left_out == ()
    after = house.rooms.room(draft.accept().state)
    assert (after.clients[BOB], after.clients[CAROL]) == (3, 2)


def test_a_client_comes_back_in_place_of_its_old_leaf():
    house = with_three()
    leaf = house.leaf("bob")
    house.joins("bob", resync=leaf)
    assert house.room.clients[BOB] == 2
    assert house.leaf("bob") == leaf
    house.commits("bob")


def test_nobody_comes_back_in_place_of_another():
    house = with_three()
    decision = house.refuses_joiner("bob_laptop", resync=house.leaf("carol"))
    assert rules_of(decision) == ["identity"]
    decision = house.refuses_joiner("dave", resync=house.leaf("carol"))
    assert rules_of(decision) == ["identity"]


# Joining


def test_anybody_joins_an_open_room():
    house = with_bob(role_data=roles(OPEN))
    house.joins("dave", listed(dave=USER))
    assert house.room.participants.roles[DAVE] == USER
    assert house.room.clients[DAVE] == 1
    decision = house.refuses_joiner("erin", listed(erin=ADMIN))
    assert rules_of(decision) == ["join"]
    decision = house.refuses_joiner("erin")
    assert rules_of(decision) == ["client-without-participant"]


def test_nobody_joins_a_closed_room():
    house = with_bob()
    assert rules_of(house.refuses_joiner("dave", listed(dave=USER))) == ["join"]


def test_who_is_preauthorised_joins():
    house = with_bob(preauthorizing("dave", USER))
    house.joins("dave", listed(dave=USER))
    assert house.room.participants.roles[DAVE] == USER
    assert rules_of(house.refuses_joiner("erin", listed(erin=USER))) == ["join"]
    house.commits("alice", listed({house.place("dave"): BANNED}), remove=["dave"])
    del house.groups["dave"]
    decision = house.refuses_joiner("dave")
    assert rules_of(decision)[0] == "banned-client"


def test_a_code_lets_in():
    house = with_bob(links(CODE), role_data=roles(BY_CODE))
    assert rules_of(house.refuses_joiner("dave", listed(dave=USER))) == ["join"]
    wrong = house.refuses_joiner("dave", listed(dave=USER), code(b"https://a.example/join/2"))
    assert rules_of(wrong) == ["join"]
    house.joins("dave", listed(dave=USER), code(CODE))
    assert house.room.participants.roles[DAVE] == USER


def test_a_code_lets_in_for_a_role():
    meant = {CODE: GUEST, b"other": ADMIN}
    rooms = Rooms(join_role=meant.get)
    guests = a_role(GUEST)
    house = a_house(links(CODE), role_data=roles(BY_CODE, guests), rooms=rooms)
    assert rules_of(house.refuses_joiner("dave", listed(dave=USER), code(CODE))) == ["join"]
    house.joins("dave", listed(dave=GUEST), code(CODE))
    assert house.room.participants.roles[DAVE] == GUEST


def test_links_come_and_go():
    house = with_bob(role_data=roles(BY_CODE))
    house.commits("alice", update(JOIN_LINKS, JoinLinksUpdate((), (JoinLink(CODE),))))
    others = JoinLinksUpdate((0,), (JoinLink(b"2"), JoinLink(b"3")))
    house.commits("alice", update(JOIN_LINKS, others))
    assert house.room.policy.join_links == {b"2", b"3"}
    first, second = JoinLinksUpdate((1,)), JoinLinksUpdate((0,), (JoinLink(b"4"),))
    house.commits("alice", update(JOIN_LINKS, first), update(JOIN_LINKS, second))
    assert house.room.policy.join_links == {b"4"}
    house.commits("alice", removal(JOIN_LINKS))
    assert house.room.policy.join_links == frozenset()
    nothing = house.refuses("bob", update(JOIN_LINKS, JoinLinksUpdate()))
    (refusal,) = nothing.refusals
    assert refusal.capabilities == (C.CAN_CREATE_JOIN_CODE, C.CAN_DELETE_JOIN_CODE)


# Kicking, banning, removing


def test_who_is_kicked_comes_back():
    house = with_three()
    house.commits("alice", remove=["bob", "bob_tablet"])
    assert house.room.participants.roles[BOB] == USER
    assert BOB not in house.room.clients
    del house.groups["bob"], house.groups["bob_tablet"]
    house.joins("bob")
    assert house.room.clients[BOB] == 1


def test_who_is_banned_does_not_come_back_until_unbanned():
    house = with_three()
    place = house.place("bob")
    decision = house.refuses("alice", listed({place: BANNED}), remove=["bob"])
    assert set(rules_of(decision)) == {"banned-client", "maximum-active-participants"}
    house.commits("alice", listed({place: BANNED}), remove=["bob", "bob_tablet"])
    assert house.room.participants.roles[BOB] == BANNED
    del house.groups["bob"], house.groups["bob_tablet"]
    assert rules_of(house.refuses_joiner("bob"))[0] == "banned-client"
    assert rules_of(house.refuses("alice", add=["bob"]))[0] == "banned-client"
    house.commits("alice", listed({place: USER}), add=["bob"])
    assert house.room.clients[BOB] == 1


def test_a_hub_bans_and_removes():
    house = with_three()
    house.hub_proposes(
        listed({house.place("bob"): BANNED}),
        Remove(house.leaf("bob")),
        Remove(house.leaf("bob_tablet")),
    )
    assert house.commits("carol").left_out == ()
    assert house.room.participants.roles[BOB] == BANNED
    house.hub_proposes(listed(removed=[house.place("carol")]), Remove(house.leaf("carol")))
    assert house.commits("alice").left_out == ()
    assert CAROL not in house.room.participants.roles


def test_a_removal():
    house = with_three()
    place = house.place("bob")
    decision = house.refuses("alice", listed(removed=[place]), remove=["bob_tablet"])
    assert rules_of(decision) == ["removed-client"]
    house.commits("alice", listed(removed=[place]), remove=["bob", "bob_tablet"])
    assert house.room.participants.users == (ALICE, HUB, CAROL)


# What the room is


def test_roles_are_given_and_taken():
    house = with_three()
    house.commits("alice", listed({house.place("bob"): ADMIN}))
    house.commits("bob_tablet", listed({house.place("alice"): USER}))
    decision = house.refuses("alice", listed({house.place("bob"): USER}))
    assert rules_of(decision)[:2] == ["transition", "capability"]
    assert house.room.participants.roles == {ALICE: USER, HUB: ENFORCER, BOB: ADMIN, CAROL: USER}


def test_the_last_administrator_stays_one():
    house = with_bob(preauthorizing("alice", USER), role_data=roles())
    decision = house.refuses("alice", listed({house.place("alice"): USER}))
    assert "minimum-participants" in rules_of(decision)


def test_metadata_change():
    house = with_bob()
    house.commits("bob", update(ROOM_METADATA, RoomMetaData(URI, b"Club")))
    decision = house.refuses(
        "bob", update(ROOM_METADATA, RoomMetaData(URI, b"Club", room_subject=b"Chess"))
    )
    (refusal,) = decision.refusals
    assert (refusal.rule, refusal.capabilities, refusal.role) == (
        Rule.CAPABILITY,
        (C.CAN_CHANGE_ROOM_SUBJECT,),
        USER,
    )
    moved = RoomMetaData(b"mimi://a.example/r/elsewhere", b"Club")
    assert rules_of(house.refuses("bob", update(ROOM_METADATA, moved))) == ["room-uri"]


def test_metadata_come_later():
    """With the URI, which nobody changes from then on."""
    data = founding_data()
    del data[int(ROOM_METADATA)]
    house = House(settings_with(rooms := Rooms()), rooms)
    house.founds("alice", founding_extensions(data))
    house.commits("alice", listed(bob=USER), add=["bob"])
    assert house.room.policy.metadata is None
    subject = update(ROOM_METADATA, RoomMetaData(URI, room_subject=b"Chess"))
    needed = {refusal.capabilities for refusal in house.refuses("bob", subject).refusals}
    assert needed == {(C.CAN_CHANGE_ROOM_SUBJECT,), (C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE,)}
    club = update(ROOM_METADATA, RoomMetaData(URI, b"Club"))
    (refusal,) = house.refuses("bob", club).refusals
    assert refusal.capabilities == (C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE,)
    house.commits("alice", club)
    moved = update(ROOM_METADATA, RoomMetaData(b"mimi://a.example/r/other", b"Club"))
    assert rules_of(house.refuses("bob", moved)) == ["room-uri"]


@pytest.mark.parametrize("number", [FRANKING_AGENT, ComponentID.CONTENT_MEDIA_TYPES])
def test_what_the_room_agrees_on_is_no_role_of_its_own(number):
    """The data are another component's matter."""
    house = with_bob()
    derivation = Derivation(house.room, house.follower.state, Rooms().identities)
    (request,) = derivation.requests([(update(number, b"anything"), MemberSender(1))])
    assert request.actions == (ChangeComponent(number),)
    (refusal,) = decide(house.room, [request]).refusals
    assert refusal.capabilities == (C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE,)


def test_what_the_room_agrees_on_besides():
    """It has no capability of its own."""
    house, number = with_bob(), ComponentID.SAFE_AAD
    for proposal in (update(number, b"\0"), update(ComponentID.APP_COMPONENTS, b"\0")):
        (refusal,) = house.refuses("bob", proposal).refusals
        assert refusal.capabilities == (C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE,)
        house.refuses_proposal("bob", proposal)
    house.commits("alice", update(number, b"\0"))
    (refusal,) = house.refuses("bob", removal(number)).refusals
    assert refusal.capabilities == (C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE,)
    house.commits("alice", removal(number))


def test_roles_are_defined_anew():
    house = with_bob()
    before = update(ROOM_METADATA, RoomMetaData(URI, b"House", room_subject=b"Chess"))
    house.refuses("bob", before)
    house.commits("alice", update(ROLES_LIST, roles(a_role(USER, [C.CAN_CHANGE_ROOM_SUBJECT]))))
    house.commits("bob", before)
    assert house.room.policy.metadata.room_subject == b"Chess"
    gone = update(ROLES_LIST, replace(roles(), roles=roles().roles[:2]))
    assert set(rules_of(house.refuses("alice", gone))) == {"role-in-use"}


def test_who_is_preauthorised_changes():
    house = with_bob()
    house.commits("alice", update(PREAUTH_LIST, preauthorizing("dave", USER)))
    house.joins("dave", listed(dave=USER))
    house.commits("alice", removal(PREAUTH_LIST))
    assert rules_of(house.refuses_joiner("erin", listed(erin=USER))) == ["join"]


def test_the_base_policy_changes():
    house = with_three()
    decision = house.refuses("alice", update(BASE_ROOM_POLICY, base(max_users=3)))
    assert [(each.rule, each.bound) for each in decision.refusals] == [(Rule.MAX_USERS, 3)]
    house.commits("alice", update(BASE_ROOM_POLICY, base(max_users=4)))
    assert rules_of(house.refuses("alice", listed(dave=USER))) == ["max-users"]


def test_a_parent_room():
    known = {b"mimi://a.example/r/parent": {ALICE, HUB, BOB, CAROL}}
    rooms = Rooms(parents=known.get)
    depends = base(parent_dependant=True, parent_room=tuple(known))
    house = a_house(depends, rooms=rooms)
    house.commits("alice", listed(bob=USER), add=["bob"])
    decision = house.refuses("alice", listed(dave=USER))
    assert rules_of(decision) == ["parent-room", "parent-room"]
    assert rules_of(house.refuses("alice", listed(carol=USER))) == ["parent-room"]


def test_external_senders_change():
    """They are extensions of the group: the components stay octet for octet."""
    house = with_bob()
    key = SUITE.generate_signature_key(house.clients["alice"].entropy.fork(b"new hub"))
    extensions = house.follower.extensions
    anew = senders(key.public)
    changed = tuple(anew if at.extension_type == anew.extension_type else at for at in extensions)
    decision = house.refuses("bob", GroupContextExtensions(changed))
    assert [each.capabilities for each in decision.refusals] == [
        (C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE,)
    ]
    house.commits("alice", GroupContextExtensions(changed))
    house.hears(house.from_hub(listed({house.place("bob"): BANNED}), key))
    assert len(house.follower.pending) == 1


def test_external_senders_of_whom_nobody_takes_part_go_by_no_capability():
    """Section 7.4 of the protocol draft says that they MUST go, and not who sees to it."""
    house = with_bob()
    keys = [
        SUITE.generate_signature_key(house.clients["alice"].entropy.fork(name)).public
        for name in (b"a stranger", b"nobody", b"another")
    ]
    kind, present = ExtensionType.EXTERNAL_SENDERS, house.follower.extensions
    stranger, nobody, other = (
        ExternalSender(key, BasicCredential(named))
        for key, named in zip(keys, (b"mimi://c.example", b"nobody", HUB), strict=True)
    )
    (own,) = external_senders(present)

    def listing(*listed):
        made = extension(kind, listed, ExternalSenders)
        return tuple(made if each.extension_type == kind else each for each in present)

    house.commits("alice", GroupContextExtensions(listing(own, stranger, nobody, other)))
    for kept in ((own, stranger, nobody), (nobody, own, other), (own, own, stranger, other)):
        decision = house.refuses("bob", GroupContextExtensions(listing(*kept)))
        assert [each.capabilities for each in decision.refusals] == [
            (C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE,)
        ]
    house.commits("bob", GroupContextExtensions(listing(own, nobody, other)))
    house.commits("bob", GroupContextExtensions(listing(own, other)))


# Storing


def test_a_room_is_the_same_when_it_is_loaded():
    house = with_three()
    for name in house.present:
        group = house.groups[name]
        house.groups[name] = Group.load(group.save(), settings=house.settings)
        assert house.groups[name].state.memo == {}
    known = house.settings.components
    house.follower = PublicGroup.load(house.follower.save(), components=known)
    assert house.follower.state.memo == {}
    house.commits("alice", listed(dave=USER), add=["dave"])
    assert house.room.clients[DAVE] == 1


def test_components_of_no_room_are_the_applications():
    """A component that the policy does not name is not its business."""
    house = with_bob()
    assert not house.room.policy.is_policy(ComponentID(0x8123))
    assert house.room.policy.is_policy(ROLES_LIST)
    assert not house.room.policy.is_policy(PARTICIPANT_LIST)
    assert attrs.evolve(house.rooms).room(house.follower.state) is not house.room
