"""What members propose to rooms: each proposal does what its function says, in real groups."""

import pytest
from policy.house import with_bob
from policy.scenes import ADMIN, ALICE, BOB, CAROL, USER
from tree.members import refused

from mimi.errors import UsageError
from mimi.mls import AppEphemeral
from mimi.policy.errors import NoParticipantError
from mimi.policy.propose import (
    links_update,
    list_update,
    removal_of,
    room_extensions,
    shown_link,
    update_of,
)
from mimi.policy.structures import (
    JOIN_LINKS,
    STATUS_NOTIFICATION_POLICY,
    JoinLink,
    JoinLinksData,
    Optionality,
    ParticipantListUpdate,
    RoleData,
    StatusNotificationPolicy,
)

QUIET = StatusNotificationPolicy(Optionality.FORBIDDEN, Optionality.FORBIDDEN)


def test_a_list_is_changed_by_names():
    house = with_bob()
    room = house.room
    house.commits("alice", list_update(room, add={CAROL: USER}, change={BOB: ADMIN}))
    assert house.room.participants.roles == {**room.participants.roles, BOB: ADMIN, CAROL: USER}
    house.commits("alice", list_update(house.room, remove=[CAROL]))
    assert CAROL not in house.room.participants.roles
    with refused(NoParticipantError, user=CAROL):
        list_update(house.room, remove=[CAROL])


def test_a_component_is_replaced_and_removed():
    house = with_bob()
    house.commits("alice", update_of(QUIET))
    said = house.room.policy.component(STATUS_NOTIFICATION_POLICY, StatusNotificationPolicy)
    assert said == QUIET
    house.commits("alice", removal_of(StatusNotificationPolicy))
    said = house.room.policy.component(STATUS_NOTIFICATION_POLICY, StatusNotificationPolicy)
    assert said is None


def test_links_come_and_go_by_their_places():
    house = with_bob()
    house.commits("alice", links_update(add=[b"one", b"two", b"three"]))
    house.commits("alice", links_update(remove=[1], add=[b"four"]))
    assert house.room.policy.join_links == {b"one", b"three", b"four"}


def test_a_link_is_shown_in_what_is_kept_nowhere():
    assert shown_link(b"one") == AppEphemeral(JOIN_LINKS, b"one")


@pytest.mark.parametrize(
    "make",
    [
        lambda: update_of(JoinLinksData((JoinLink(b"one"),))),
        lambda: update_of(ParticipantListUpdate()),
        lambda: update_of(b"octets"),
        lambda: removal_of(ParticipantListUpdate),
        lambda: room_extensions([RoleData(()), 7], {ALICE: ADMIN}),
    ],
)
def test_what_no_component_of_a_room_says(make):
    with pytest.raises(UsageError):
        make()
