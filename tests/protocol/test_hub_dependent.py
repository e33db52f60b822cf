"""Rooms that depend on another one of the same hub: who leaves it leaves them (room-policy 5)."""

import attrs
import pytest
from protocol.hall import (
    ADMIN,
    ALICE,
    BOB,
    CATHY,
    ENFORCER,
    NOT_ALLOWED,
    ROOM,
    USER,
    A,
    Hall,
    octets,
)

from mimi.client import Device
from mimi.identity import RoomUri
from mimi.policy.components import Rooms
from mimi.policy.errors import PolicyRefusedError
from mimi.policy.presets import COOPERATIVE
from mimi.policy.propose import list_update
from mimi.policy.structures import RoomMetaData
from mimi.protocol import (
    Answer,
    Closed,
    CreateRoom,
    Deliver,
    Directory,
    Provider,
    ProviderState,
    Session,
    UpdateAccepted,
    UpdateRoom,
)
from mimi.protocol.hosting import participants_of

BOARD = RoomUri(A, "board")
HUB = b"mimi://a.example"
EVERYBODY = {octets(ALICE): ADMIN, octets(BOB): USER, octets(CATHY): USER, HUB: ENFORCER}


class Club:
    """A provider with a room and one that depends on it, and Alice's device, which is in both.

    Args:
        kind: What the provider is.
        rooms: How groups are read; None where the application says who takes part in parents.
    """

    def __init__(self, kind=Provider, rooms=None):
        self.hall = Hall()
        self.state = ProviderState()
        rooms = Rooms(parents=self.participants) if rooms is None else rooms
        hub = attrs.evolve(self.hall.hub, rooms=rooms)
        self.provider = kind(hub, Directory.at("https://mimi.a.example/v1"))
        self.device = Device.create(
            ALICE.client("tablet"), rooms=rooms, entropy=self.hall.entropy.fork(b"tablet")
        )
        self.rooms = {}

    def participants(self, parent):
        """Return who takes part in a room, as the hub and all devices are told."""
        room = next((each for at, each in self.state.rooms.items() if octets(at) == parent), None)
        return None if room is None else participants_of(self.provider.hub.room(room))

    def founding(self, uri, participants, base=None, device=None, preset=COOPERATIVE):
        about = RoomMetaData(octets(uri), b"Room")
        preset = preset.having(preset.base if base is None else base, about)
        return (device or self.device).create_room(
            uri,
            preset.components(),
            participants,
            hub=self.hall.hub.sender,
            franking=self.hall.agent,
            now=self.hall.now,
        )

    def call(self, call):
        session = Session(octets(ALICE), octets(self.device.owner.client))
        step = self.provider.call(self.state, session, call, now=self.hall.tick())
        self.state = step.state
        (answer,) = [each.content for each in step.effects if isinstance(each, Answer)]
        return answer, step.effects

    def found(self, uri, participants, **options):
        founding = self.founding(uri, participants, **options)
        self.call(CreateRoom(uri, founding.group_info, founding.ratchet_tree))
        self.rooms[uri] = founding.room

    def update(self, uri, make):
        change = make(self.rooms[uri])
        answer, effects = self.call(UpdateRoom(uri, change.request))
        assert isinstance(answer.details, UpdateAccepted), answer.error_description
        self.rooms[uri] = change.room.answered(answer, now=self.hall.now).room
        for each in effects:
            if isinstance(each, Deliver) and each.client == octets(self.device.owner.client):
                step = self.rooms[each.room].receive(each.message, now=self.hall.now)
                self.rooms[each.room] = step.room

    def listed(self, uri):
        return set(participants_of(self.provider.hub.room(self.state.rooms[uri])))


def dependent(club):
    base = attrs.evolve(COOPERATIVE.base, parent_dependant=True, parent_room=(octets(ROOM),))
    some = {at: role for at, role in EVERYBODY.items() if at != octets(CATHY)}
    club.found(BOARD, some, base=base)
    return base


@pytest.fixture
def club():
    club = Club()
    club.found(ROOM, EVERYBODY)
    return club


@pytest.mark.parametrize("way", ["remove", "ban"])
def test_who_is_out_of_the_parent_is_out_of_the_rooms_that_depend_on_it(club, way):
    dependent(club)
    club.update(ROOM, lambda room: getattr(room, way)([octets(BOB)], now=club.hall.now))
    assert octets(BOB) not in club.listed(ROOM)
    board = club.state.rooms[BOARD]
    assert board.wanted == {octets(BOB): 0}
    assert board.is_cut_off(octets(BOB))
    assert [type(each.proposal).__name__ for each in board.group.pending] == ["AppDataUpdate"]

    assert len(club.rooms[BOARD].group.pending) == 1  # Alice's device has heard of it
    club.update(BOARD, lambda room: room.commit(now=club.hall.now))
    assert club.listed(BOARD) == {octets(ALICE), HUB}
    assert club.state.rooms[BOARD].wanted == {}


def test_a_dependent_room_is_smaller_than_its_parent(club):
    """A device that knows nothing of the parent founds it: the hub does."""
    base = dependent(club)
    other = RoomUri(A, "attic")
    unknowing = club.hall.devices["alice/phone"]
    founding = club.founding(other, EVERYBODY, base=base, device=unknowing)
    call = CreateRoom(other, founding.group_info, founding.ratchet_tree)
    with pytest.raises(PolicyRefusedError, match="no strict subset of the parent room's"):
        club.call(call)
    assert other not in club.state.rooms


def test_who_is_not_in_the_parent_does_not_come_into_the_rooms_that_depend_on_it(club):
    base = attrs.evolve(COOPERATIVE.base, parent_dependant=True, parent_room=(octets(ROOM),))
    some = {octets(ALICE): ADMIN, HUB: ENFORCER}
    unknowing = club.hall.devices["alice/phone"]
    founding = club.founding(BOARD, some, base=base, device=unknowing)
    hub = club.provider.hub
    room = hub.create(BOARD, founding.group_info, founding.ratchet_tree, now=club.hall.now)
    stranger = list_update(hub.room(room), add={b"mimi://b.example/u/stranger": USER})
    change = founding.room.commit([stranger], now=club.hall.now)
    step = hub.update(room, change.request, A, now=club.hall.now)
    assert step.response.response_code is NOT_ALLOWED
    assert b"does not take part in the parent room" in step.response.error_description
    assert step.room is room


def test_the_end_of_the_parent_is_the_end_of_the_rooms_that_depend_on_it(club):
    dependent(club)
    step = club.provider.removed(
        club.state, ROOM, [octets(ALICE), octets(BOB), octets(CATHY)], now=club.hall.tick()
    )
    assert dict(step.state.rooms) == {}
    assert [each.room for each in step.effects if isinstance(each, Closed)] == [ROOM, BOARD]
