"""The group info of a room, for who may join it by a commit (section 5.6)."""

import pytest
from protocol.hall import (
    ALICE,
    BOB,
    NOT_ALLOWED,
    ROOM,
    USER,
    WRONG_EPOCH,
    A,
    B,
    C,
    Hall,
    octets,
)

from mimi.codec import replace
from mimi.identity import RoomUri
from mimi.mls import full_tree
from mimi.policy.capability import Capability
from mimi.policy.operational import OperationalParameters
from mimi.policy.presets import ANNOUNCEMENT_CHANNEL, COOPERATIVE, MODERATED
from mimi.policy.presets.announcement import OWNER, READER
from mimi.policy.presets.moderated import GUEST, MODERATOR
from mimi.policy.propose import list_update, shown_link, update_of
from mimi.policy.structures import RoleData
from mimi.protocol import GroupInfoNotAuthorized, SealedGroupInfo, open_group_info
from mimi.protocol.errors import (
    GroupInfoKeyError,
    GroupInfoRequestSignatureError,
    GroupInfoResponseSignatureError,
    GroupInfoRoomError,
    SealedGroupInfoError,
)
from mimi.tree.credential import BasicCredential

LINK = b"mimi://a.example/join/1"


@pytest.fixture
def hall():
    hall = Hall().furnished("alice", "bob")
    hall.buy("bob", "tablet")
    return hall


def asked(hall, name, source, code=None):
    """Return what a device asked for, and the hub's answer to its provider."""
    asking = hall.devices[name].ask(ROOM, code)
    step = hall.hub.group_info(hall.room, asking.request, source)
    assert step.room is hall.room
    assert step.effects == ()
    return asking, step.response


def opened(asking, response):
    return open_group_info(ROOM, asking.request, response, asking.private)


def test_a_new_device_is_given_group_info_and_tree(hall):
    found = opened(*asked(hall, "bob/tablet", B))
    group = hall.room.group
    assert found.group_info == group.group_info
    assert found.ratchet_tree_option == full_tree(group.ratchet_tree)
    assert found.pending_proposals == ()


def test_a_joiner_is_told_what_is_pending(hall):
    said = hall.of("alice/phone").policy.policy.metadata
    rename = update_of(replace(said, room_name=b"Club"))
    hall.taken(hall.proposing("alice/laptop", rename), A)
    found = opened(*asked(hall, "bob/tablet", B))
    (pending,), (accepted,) = found.pending_proposals, hall.room.accepted
    assert (pending.proposal, pending.hub_accepted_time) == (accepted.message, accepted.timestamp)


def test_who_is_no_participant_is_not_authorised(hall):
    _, response = asked(hall, "cathy/phone", C)
    assert response.room_id == octets(ROOM)
    assert type(response.status) is GroupInfoNotAuthorized


def test_the_user_is_of_the_provider_that_asks(hall):
    _, response = asked(hall, "bob/tablet", C)
    assert type(response.status) is GroupInfoNotAuthorized


def test_who_is_banned_is_not_authorised(hall):
    hall.changed("alice/phone", lambda room: room.ban([octets(BOB)], now=hall.now))
    _, response = asked(hall, "bob/tablet", B)
    assert type(response.status) is GroupInfoNotAuthorized


def test_a_participant_without_clients_comes_back(hall):
    hall.changed("alice/phone", lambda room: room.kick([octets(BOB)], now=hall.now))
    hall.taken(hall.joining("bob/tablet"), B)


def test_a_device_that_has_lost_the_room_comes_back_in_its_own_place(hall):
    """A resync: the old leaf goes with the commit, and there are as many clients as before."""
    before = hall.hub.room(hall.room).clients[octets(BOB)]
    hall.taken(hall.joining("bob/phone"), B)
    assert hall.hub.room(hall.room).clients[octets(BOB)] == before


def test_a_participant_without_clients_who_may_not_bring_one_stays_out():
    """There is nothing to come back to, and adding a client takes canAddOwnClient."""
    roles = tuple(
        replace(
            each,
            role_capabilities=tuple(
                one for one in each.role_capabilities if one != Capability.CAN_ADD_OWN_CLIENT
            ),
        )
        if each.role_index == USER
        else each
        for each in COOPERATIVE.policy.roles.roles
    )
    hall = Hall().furnished("bob", preset=COOPERATIVE.having(RoleData(roles)))
    _, response = asked(hall, "bob/phone", B)
    assert type(response.status) is SealedGroupInfo  # it is in the room, and may come back
    hall.changed("alice/phone", lambda room: room.kick([octets(BOB)], now=hall.now))
    _, response = asked(hall, "bob/phone", B)
    assert type(response.status) is GroupInfoNotAuthorized


def test_a_room_that_nobody_joins_by_a_commit():
    closed = OperationalParameters(external_commit_allowed=False)
    hall = Hall().furnished("bob", preset=COOPERATIVE.having(closed))
    hall.buy("bob", "tablet")
    _, response = asked(hall, "bob/tablet", B)
    assert type(response.status) is GroupInfoNotAuthorized


def test_whoever_likes_joins_an_open_room():
    hall = Hall().furnished(preset=ANNOUNCEMENT_CHANNEL, role=OWNER)
    _, response = asked(hall, "bob/phone", B)
    assert type(response.status) is SealedGroupInfo
    hall.taken(hall.joining("bob/phone"), B)
    assert hall.hub.room(hall.room).role_of(octets(BOB)) == READER


# Joining codes


@pytest.fixture
def linked():
    hall = Hall().furnished(preset=MODERATED, role=MODERATOR)
    hall.changed("alice/phone", lambda room: room.change_links(add=[LINK], now=hall.now))
    return hall


def test_a_joining_code_opens_the_room(linked):
    for code in (None, b"mimi://a.example/join/2"):
        _, response = asked(linked, "bob/phone", B, code)
        assert type(response.status) is GroupInfoNotAuthorized
    _, response = asked(linked, "bob/phone", B, LINK)
    assert type(response.status) is SealedGroupInfo
    linked.taken(linked.joining("bob/phone", LINK), B)
    assert linked.hub.room(linked.room).role_of(octets(BOB)) == GUEST


def test_a_joining_code_is_shown_again_with_the_commit(linked):
    """The group info is no permission: who has it, and no code, does not join."""
    update = list_update(linked.hub.room(linked.room), add={octets(BOB): GUEST})
    bare = linked.intruding("bob/phone", proposals=[update])
    linked.refused(bare, B, NOT_ALLOWED, "has no way into role")
    shown = linked.intruding("bob/phone", proposals=[update, shown_link(LINK)])
    linked.taken(shown, B)


def test_a_code_that_was_taken_back_opens_nothing(linked):
    joining = linked.joining("bob/phone", LINK)
    linked.changed("alice/phone", lambda room: room.change_links(remove=[0], now=linked.now))
    _, response = asked(linked, "bob/laptop", B, LINK)
    assert type(response.status) is GroupInfoNotAuthorized
    linked.refused(joining, B, NOT_ALLOWED, "nobody of b.example is in the room")


def test_who_may_come_in_and_is_late_hears_how_far_the_room_is(linked):
    joining = linked.joining("bob/phone", LINK)
    linked.changed("alice/phone", lambda room: room.commit(now=linked.now))
    details = linked.refused(joining, B, WRONG_EPOCH)
    assert details.current_epoch == linked.room.group.epoch
    linked.taken(linked.joining("bob/phone", LINK), B)


# Requests that are none, or somebody else's


def test_a_request_is_signed(hall):
    request = hall.devices["bob/tablet"].ask(ROOM).request
    with pytest.raises(GroupInfoRequestSignatureError):
        hall.hub.group_info(hall.room, replace(request, joining_code=LINK), B)


def test_a_request_for_no_key(hall):
    request = hall.devices["bob/tablet"].ask(ROOM).request
    with pytest.raises(GroupInfoKeyError):
        hall.hub.group_info(hall.room, replace(request, group_info_public_key=b"key"), B)


def test_a_request_in_the_name_of_another_user(hall):
    """A modified client asks with Alice's credential: her provider has to ask, and does not."""
    request = hall.devices["bob/tablet"].ask(ROOM).request
    stolen = BasicCredential(octets(ALICE.client("phone")))
    with pytest.raises(GroupInfoRequestSignatureError):
        hall.hub.group_info(hall.room, replace(request, requesting_credential=stolen), B)


def test_a_request_is_not_bound_to_a_room_but_its_answer_is(hall):
    """Bob asks for the attic; his provider asks for the clubhouse with it: it opens for nobody."""
    asking = hall.devices["bob/tablet"].ask(RoomUri(A, "attic"))
    step = hall.hub.group_info(hall.room, asking.request, B)
    assert type(step.response.status) is SealedGroupInfo
    with pytest.raises(GroupInfoRoomError):
        open_group_info(asking.uri, asking.request, step.response, asking.private)
    false = replace(step.response, room_id=octets(asking.uri))
    with pytest.raises(GroupInfoResponseSignatureError):
        open_group_info(asking.uri, asking.request, false, asking.private)
    other = hall.devices["bob/phone"].ask(ROOM)
    with pytest.raises(SealedGroupInfoError):
        opened(other, step.response)
