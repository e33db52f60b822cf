"""What members, their own clients and followers of a room refuse, all for the same reason."""

import pytest
from policy.furniture import URI, code, device, links, listed, removal, roles, update, user
from policy.house import rules_of, with_bob, with_three
from policy.scenes import (
    ADMIN,
    BANNED,
    NONE,
    USER,
    C,
    a_role,
    base,
    operational,
)
from tree.members import NOW

from mimi.codec import encode
from mimi.errors import MalformedError
from mimi.mls import SelfRemove
from mimi.mls.component_errors import DictionaryChangedError
from mimi.mls.components import APP_DATA_DICTIONARY, app_data, dictionary
from mimi.mls.group import read_key_package
from mimi.mls.ownleaf import LeafChange
from mimi.mls.proposal import Add, GroupContextExtensions, ReInit, Remove
from mimi.policy.errors import (
    AvatarUriError,
    JoinCodeError,
    LinkIndexError,
    OpenJoinRoleError,
    ParentRoomError,
    ParticipantIndexError,
    ParticipantUriError,
    PolicyRefusedError,
    RepeatedParticipantError,
    RepeatedRoleError,
    RepeatedUpdateError,
    RoleZeroError,
    RoomUriError,
    TextError,
    TwoOperationsError,
    UnnamedClientError,
)
from mimi.policy.structures import (
    BASE_ROOM_POLICY,
    JOIN_LINKS,
    MLS_OPERATIONAL_POLICY,
    PARTICIPANT_LIST,
    PREAUTH_LIST,
    ROLES_LIST,
    ROOM_METADATA,
    JoinLink,
    JoinLinksUpdate,
    ParticipantListUpdate,
    PreAuthData,
    RoleData,
    RoomMetaData,
    UserindexRolePair,
    UserRolePair,
)
from mimi.tree.credential import BasicCredential

BOB_AT = 2
"""Bob's place in the list; behind Alice and the hub."""
DAVE = user("dave")


def adding(who, role=USER):
    return update(PARTICIPANT_LIST, ParticipantListUpdate((), (), (UserRolePair(who, role),)))


def metadata(**fields):
    return update(ROOM_METADATA, RoomMetaData(**{"room_uri": URI, **fields}))


SAME_ROLES = update(ROLES_LIST, roles())

# Bad input: each is refused as a commit; where a single proposal shows it, as that too.

BAD = {
    "repeated roles": ([update(ROLES_LIST, RoleData((a_role(2), a_role(2))))], RepeatedRoleError),
    "open join elsewhere": (
        [update(ROLES_LIST, roles(a_role(2, [C.CAN_OPEN_JOIN])))],
        OpenJoinRoleError,
    ),
    "added in role 0": ([adding(DAVE, 0)], RoleZeroError),
    "changed to role 0": ([listed({BOB_AT: 0})], RoleZeroError),
    "a change out of range": ([listed({3: USER})], ParticipantIndexError),
    "a removal out of range": ([listed(removed=[3])], ParticipantIndexError),
    "removed twice": ([listed(removed=[2, 2])], TwoOperationsError),
    "changed twice": (
        [
            update(
                PARTICIPANT_LIST,
                ParticipantListUpdate((UserindexRolePair(2, 3), UserindexRolePair(2, 3))),
            )
        ],
        TwoOperationsError,
    ),
    "changed and removed": ([listed({BOB_AT: ADMIN}, [BOB_AT])], TwoOperationsError),
    "changed and removed in two": (
        [listed({BOB_AT: ADMIN}), listed(removed=[BOB_AT])],
        TwoOperationsError,
    ),
    "added twice in two": ([adding(DAVE), adding(DAVE)], TwoOperationsError),
    "removed and added": ([listed(removed=[BOB_AT], bob=USER)], TwoOperationsError),
    "added, and there": ([adding(user("bob"))], RepeatedParticipantError),
    "a URI that is not UTF-8": ([adding(b"\xff")], ParticipantUriError),
    "one twice that is not UTF-8": (
        [
            update(
                PARTICIPANT_LIST,
                ParticipantListUpdate((), (), (UserRolePair(b"\xff", 2),) * 2),
            )
        ],
        ParticipantUriError,
    ),
    "a URI of a client": ([adding(b"mimi://a.example/d/dave/phone")], ParticipantUriError),
    "a URI not in canonical form": ([adding(b"mimi://A.example/u/dave")], ParticipantUriError),
    "no UTF-8 in a name": ([metadata(room_name=b"\xff")], TextError),
    "a NUL in a name": ([metadata(room_subject=b"\0")], TextError),
    "no UTF-8 in a role": ([update(ROLES_LIST, roles(a_role(2, name=b"\xff")))], TextError),
    "no URI of a room": ([metadata(room_uri=b"house")], RoomUriError),
    "no URI of an avatar": ([metadata(room_avatar=b"http://a.example/a.png")], AvatarUriError),
    "a parent room that is none": (
        [update(BASE_ROOM_POLICY, base(parent_room=(URI,)))],
        ParentRoomError,
    ),
    "a link out of range": ([update(JOIN_LINKS, JoinLinksUpdate((0,)))], LinkIndexError),
    "a list that does not parse": ([update(PARTICIPANT_LIST, b"\1")], MalformedError),
    "links that do not parse": ([update(JOIN_LINKS, b"\1")], MalformedError),
    "roles that do not parse": ([update(ROLES_LIST, b"\1")], MalformedError),
    "metadata that do not parse": ([update(ROOM_METADATA, b"")], MalformedError),
    "octets behind them": ([update(PREAUTH_LIST, b"\0\0")], MalformedError),
}


def refuse(house, proposals, error):
    """Check that an administrator's commit, and a single proposal, are refused by everybody."""
    house.refuses("alice", *proposals, error=error)
    if len(proposals) == 1:
        house.refuses_proposal("alice", proposals[0], error=error)


@pytest.mark.parametrize(("proposals", "error"), BAD.values(), ids=BAD)
def test_bad_input(proposals, error):
    refuse(with_bob(), proposals, error)


def test_bad_input_of_who_may_not_do_it_anyway():
    """What is wrong with it comes first."""
    house = with_bob()
    for proposals, error in BAD.values():
        house.refuses("bob", *proposals, error=error)


def test_bad_input_of_a_hub_and_of_a_joiner():
    house = with_bob(role_data=roles(a_role(NONE, [C.CAN_OPEN_JOIN], {NONE: [USER]})))
    bad = [item for item in BAD.values() if len(item[0]) == 1]
    for (proposal,), error in bad:
        house.all_refuse(house.from_hub(proposal), error, {}, [])
        house.refuses_joiner("dave", proposal, error=error)


# Unknown roles, and what must not share a commit: the policy says so


@pytest.mark.parametrize(
    "proposals", [[listed(dave=9)], [listed({BOB_AT: 9})]], ids=["added", "changed"]
)
def test_unknown_roles(proposals):
    house = with_bob()
    assert "unknown-role" in rules_of(house.refuses("alice", *proposals))
    assert "unknown-role" in rules_of(house.refuses_proposal("alice", *proposals))


@pytest.mark.parametrize(
    "change",
    [listed({BOB_AT: ADMIN}), listed(dave=USER), listed(removed=[BOB_AT])],
    ids=["changed", "added", "removed"],
)
def test_roles_beside_a_change_of_the_list(change):
    house = with_bob()
    house.commits("alice", remove=["bob"])
    decision = house.refuses("alice", change, SAME_ROLES)
    assert rules_of(decision) == ["roles-with-participants"]


def test_roles_beside_a_change_of_the_list_by_another():
    house = with_three()
    house.commits("alice", listed({house.place("bob"): ADMIN}))
    house.proposes("bob", SAME_ROLES)
    draft = house.commits("alice", listed(dave=USER))
    assert [each.proposal for each in draft.left_out] == [SAME_ROLES]


def test_who_is_preauthorised_beside_an_addition():
    house = with_bob()
    anew = update(PREAUTH_LIST, PreAuthData(()))
    decision = house.refuses("alice", anew, listed(dave=USER))
    assert rules_of(decision) == ["preauthorized-with-participants"]
    house.commits("alice", anew, listed(removed=[BOB_AT]), remove=["bob"])


@pytest.mark.parametrize(
    ("component", "data"),
    [
        (ROLES_LIST, roles()),
        (ROOM_METADATA, RoomMetaData(URI)),
        (BASE_ROOM_POLICY, base()),
        (PREAUTH_LIST, PreAuthData(())),
    ],
)
def test_two_updates_of_what_an_update_replaces(component, data):
    house = with_bob()
    twice = [update(component, data)] * 2
    house.refuses("alice", *twice, error=RepeatedUpdateError, component=int(component))


# What the policy forbids


def test_what_an_ordinary_user_may_not_do():
    house = with_three()
    for proposals, options in (
        ([listed(dave=USER)], {}),
        ([listed(dave=USER)], {"add": ["dave"]}),
        ([], {"remove": ["carol"]}),
        ([listed({house.place("carol"): BANNED})], {"remove": ["carol"]}),
        ([listed({BOB_AT: ADMIN})], {}),
        ([SAME_ROLES], {}),
        ([update(PREAUTH_LIST, PreAuthData(()))], {}),
        ([update(BASE_ROOM_POLICY, base())], {}),
        ([update(MLS_OPERATIONAL_POLICY, operational())], {}),
        ([update(JOIN_LINKS, JoinLinksUpdate((), (JoinLink(b"1"),)))], {}),
        ([metadata(room_mood=b"good")], {}),
    ):
        decision = house.refuses("bob", *proposals, **options)
        assert {refusal.role for refusal in decision.refusals} == {USER}
        assert "capability" in rules_of(decision) or "preauthorized-role" in rules_of(decision)


def test_what_an_ordinary_user_may_not_propose():
    house = with_three()
    for proposal in (
        listed(dave=USER),
        Remove(house.leaf("carol")),
        listed({house.place("carol"): BANNED}),
        SAME_ROLES,
        metadata(room_mood=b"good"),
        ReInit(b"next", 1, 1, ()),
        GroupContextExtensions(house.follower.extensions),
    ):
        decision = house.refuses_proposal("bob", proposal)
        assert "capability" in rules_of(decision)


def test_what_others_could_set_right_may_be_proposed():
    """A client waits for its user, and its user for a place that somebody leaves."""
    house = with_three(base(max_users=4))
    house.proposes("alice", Add(read_key_package(house.offer("dave"))), listed(dave=USER))
    draft = house.groups["bob"].commit(now=NOW)
    assert len(draft.left_out) == 2
    house.proposes("carol", listed(removed=[house.place("carol")]), SelfRemove())
    draft = house.groups["bob"].commit(now=NOW)
    assert draft.left_out == ()
    after = house.rooms.room(draft.accept().state)
    assert dict(after.clients) == {user("alice"): 1, user("bob"): 2, DAVE: 1}


def test_a_hub_may_not_do_everything():
    house = with_three()
    decision = house.all_refuse(house.from_hub(listed(dave=USER)), PolicyRefusedError, {}, [])
    assert rules_of(decision) == ["transition", "capability"]


def test_a_room_without_external_proposals_or_commits():
    outside = a_role(NONE, [C.CAN_OPEN_JOIN], {NONE: [USER]})
    closed = operational(external_proposal_allowed=False, external_commit_allowed=False)
    house = with_three(closed, role_data=roles(outside))
    ban = house.from_hub(listed({house.place("bob"): BANNED}))
    assert rules_of(house.all_refuse(ban, PolicyRefusedError, {}, [])) == ["external-proposal"]
    decision = house.refuses_joiner("dave", listed(dave=USER))
    assert rules_of(decision) == ["external-commit"]


def test_nobody_goes_on_as_another():
    house = with_bob()
    for other in ("carol", "alice"):
        leaf = LeafChange(credential=BasicCredential(device(other)))
        assert rules_of(house.refuses("bob", leaf=leaf)) == ["identity"]
        assert rules_of(house.refuses_update("bob", leaf)) == ["identity"]
    same = LeafChange(credential=BasicCredential(device("bob_tablet")))
    house.commits("bob", leaf=same)


def test_a_credential_that_names_nobody():
    house = with_bob()
    leaf = LeafChange(credential=BasicCredential(b"bob"))
    house.refuses("bob", leaf=leaf, error=UnnamedClientError)
    house.refuses_update("bob", leaf, error=UnnamedClientError)


def test_the_components_of_a_room_change_by_updates_alone():
    """Even where AppDataUpdate is not required, which leaves it to GroupContextExtensions too."""
    house = with_bob(required=False)
    extensions = house.follower.extensions
    data = app_data(extensions)
    data[int(ROOM_METADATA)] = encode(RoomMetaData(URI, b"Club"))
    for new in (dictionary(data), None):
        others = [at for at in extensions if at.extension_type != APP_DATA_DICTIONARY]
        proposal = GroupContextExtensions((*others, *([new] if new else [])))
        house.refuses("alice", proposal, error=DictionaryChangedError)
        house.refuses_proposal("alice", proposal, error=DictionaryChangedError)


def test_what_makes_a_group_a_room_stays():
    house = with_bob()
    for component in (PARTICIPANT_LIST, ROLES_LIST, BASE_ROOM_POLICY, ROOM_METADATA):
        decision = house.refuses("alice", removal(component))
        assert rules_of(decision) == ["essential-component"]
        assert rules_of(house.refuses_proposal("alice", removal(component))) == [
            "essential-component"
        ]


def test_a_link_is_shown_by_joiners_alone():
    house = with_bob()
    house.refuses("bob", code(b"1"), error=JoinCodeError)


def test_links_are_named_once_by_places_that_are_there():
    house = with_bob(links(b"1", b"2"))
    for removed, index in (((2,), 2), ((1, 1), 1)):
        proposal = update(JOIN_LINKS, JoinLinksUpdate(removed))
        house.refuses("alice", proposal, error=LinkIndexError, index=index)
        house.refuses_proposal("alice", proposal, error=LinkIndexError, index=index)
    twice = [update(JOIN_LINKS, JoinLinksUpdate((0,)))] * 2
    house.refuses("alice", *twice, error=LinkIndexError, index=0)
    house.commits("alice", update(JOIN_LINKS, JoinLinksUpdate((1, 0))))


# Reinitialisation


def test_who_may_end_the_group():
    house = with_bob()
    group = house.groups["alice"]
    reinit = ReInit(b"next", group.context.version, group.context.cipher_suite, ())
    assert rules_of(house.refuses("bob", reinit)) == ["capability"]
    house.groups["alice"].commit(proposals=[reinit], now=NOW)
