"""Leaving a room, and which pending proposals are committed there."""

import pytest
from policy.furniture import (
    ENFORCER,
    URI,
    listed,
    roles,
    update,
    user,
)
from policy.house import with_bob, with_three
from policy.scenes import (
    ADMIN,
    ALICE,
    BOB,
    CAROL,
    HUB,
    NONE,
    USER,
    C,
    a_role,
)
from tree.members import NOW

from mimi.mls import SelfRemove
from mimi.mls.framing import MemberSender
from mimi.mls.proposal import Remove
from mimi.policy.structures import (
    ROLES_LIST,
    ROOM_METADATA,
    RoomMetaData,
)

OPEN = a_role(NONE, [C.CAN_OPEN_JOIN], {NONE: [USER]})

# Leaving


def test_leaving_takes_three_steps():
    """The list, one's client, and somebody else's commit."""
    house = with_bob()
    house.proposes("bob", listed(removed=[house.place("bob")]))
    house.proposes("bob", SelfRemove())
    draft = house.commits("alice")
    assert draft.left_out == ()
    assert list(house.room.participants) == [(ALICE, ADMIN), (HUB, ENFORCER)]
    assert house.groups["bob"].removed


@pytest.mark.parametrize("by_itself", [True, False])
def test_leaving_with_two_devices(by_itself):
    house = with_three()
    house.proposes("bob", listed(removed=[house.place("bob")]))
    if by_itself:
        house.proposes("bob", SelfRemove())
        house.proposes("bob_tablet", SelfRemove())
    else:
        house.proposes("bob", SelfRemove(), Remove(house.leaf("bob_tablet")))
    house.commits("alice")
    assert house.present == ["alice", "carol"]
    assert BOB not in house.room.participants.roles


def test_half_a_leave_is_not_committed():
    """Bob's client cannot stay without Bob, and Bob may not take it out and stay."""
    house = with_bob()
    house.proposes("bob", listed(removed=[house.place("bob")]))
    draft = house.commits("alice")
    assert [each.proposal for each in draft.left_out] == [listed(removed=[2])]
    house.proposes("bob", SelfRemove())
    draft = house.commits("alice")
    assert [each.proposal for each in draft.left_out] == [SelfRemove()]
    assert house.present == ["alice", "bob"]


def test_ones_own_leave_is_left_to_others():
    house = with_bob()
    house.proposes("bob", listed(removed=[house.place("bob")]), SelfRemove())
    draft = house.commits("bob")
    assert len(draft.left_out) == 2
    assert house.present == ["alice", "bob"]


def test_a_joiner_takes_along_who_may_take_its_client_out():
    able = a_role(USER, [C.CAN_REMOVE_OWN_CLIENT])
    house = with_three(role_data=roles(OPEN, able))
    group, wire = house.groups["carol"].propose(SelfRemove(), now=NOW)
    house.groups["carol"] = group
    for other in ("alice", "bob", "bob_tablet"):
        house.groups[other] = house.groups[other].receive(wire, now=NOW).group
    house.follower = house.follower.receive(wire, now=NOW).group
    house.joins("dave", listed(dave=USER), pending=[wire])
    assert house.groups["carol"].removed
    assert CAROL not in house.room.clients
    assert house.room.participants.roles[CAROL] == USER


# Which pending proposals are committed


def test_a_leave_amid_what_is_forbidden():
    """Each junk is fine alone, and together it cannot stand: Bob gets out all the same."""
    house = with_three()
    guests = [f"guest{number}" for number in range(6)]
    house.proposes("alice", *(listed(**{name: USER}) for name in guests[:3]))
    leaves = [SelfRemove(), Remove(house.leaf("bob_tablet"))]
    house.proposes("bob", listed(removed=[house.place("bob")]), *leaves)
    house.proposes("alice", *(listed(**{name: ADMIN}) for name in guests))
    house.proposes("alice", update(ROLES_LIST, roles()))
    draft = house.commits("carol")
    assert house.present == ["alice", "carol"]
    assert BOB not in house.room.participants.roles
    left = [each.proposal for each in draft.left_out]
    assert update(ROLES_LIST, roles()) in left
    assert len(left) == 4
    assert {user(name) for name in guests} <= house.room.participants.roles.keys()


def test_what_stands_alone_is_committed_without_what_cannot():
    house = with_three()
    house.proposes("bob", update(ROOM_METADATA, RoomMetaData(URI, b"Bob's")))
    house.proposes("carol", update(ROOM_METADATA, RoomMetaData(URI, b"Carol's")))
    draft = house.commits("alice")
    assert len(draft.left_out) == 1
    assert house.room.policy.metadata.room_name in (b"Bob's", b"Carol's")


def test_what_the_clients_of_a_user_propose_belongs_together():
    """Bob leaves with two devices, each by itself, while Alice asks for what cannot be together."""
    house = with_three()
    house.proposes("bob", listed(removed=[house.place("bob")]), SelfRemove())
    house.proposes("bob_tablet", SelfRemove())
    house.proposes("alice", update(ROLES_LIST, roles()), listed(dave=USER))
    draft = house.commits("carol")
    assert house.present == ["alice", "carol"]
    assert {item.sender for item in draft.left_out} == {MemberSender(house.leaf("alice"))}
