"""Rooms that end, begin anew, or may be there once: what a provider does about them."""

import attrs
import pytest
from protocol.hall import Hall
from protocol.providers import octets
from protocol.town import ALICES, EVERYBODY, ROOM, A, Town, is_notify_to, nothing

from mimi.demo.machine import Kind
from mimi.demo.room import components
from mimi.demo.server import CALLS
from mimi.identity import RoomUri
from mimi.mls import SelfRemove
from mimi.policy.presets import DIRECT_MESSAGE
from mimi.policy.presets.cooperative import COOPERATIVE, GROUP_ADMIN, POLICY_ENFORCER
from mimi.policy.structures import BaseRoomPolicy, RoomMetaData
from mimi.protocol import Closed, Directory
from mimi.protocol.errors import FixedRoomError
from mimi.protocol.follower_errors import OtherUserError
from mimi.protocol.outbox import PATIENCE
from mimi.protocol.provider import Provider
from mimi.protocol.provider_state import Answer, CreateRoom, ProviderState, Session

ALICE = Session(b"mimi://a.example/u/alice", b"mimi://a.example/d/alice/phone")
BOB = b"mimi://b.example/u/bob"


def creates(town, uri, preset, participants, device="alice/phone"):
    """Let a device of Alice create a room; return what comes of it."""
    server = town.server("a.example")
    founding = town.device(device).device.create_room(
        uri,
        preset.having(RoomMetaData(octets(uri), b"Room")).components(),
        participants,
        hub=server.provider.hub.sender,
        now=town.now,
    )
    call = CreateRoom(uri, founding.group_info, founding.ratchet_tree)
    step = server.provider.call(server.state, ALICE, call, now=town.now, ticket="it")
    server.state = step.state
    return founding, step


def closing(town):
    """Let Bob and Cathy leave, and then Alice, who is the last; return the closing effects."""
    for name in ("bob/phone", "cathy/phone"):
        town.wish(name, "leave")
        town.wish("alice/phone", "commit")
    town.agree(*ALICES)
    town.wish("alice/phone", "leave")


def test_a_room_that_the_last_ones_leave_is_closed_and_what_was_said_of_it_is_told():
    town = Town()
    town.wish("bob/phone", "leave")
    town.wish("alice/phone", "commit")
    town.wish("cathy/phone", "leave")
    town.lost = is_notify_to("c.example")
    town.wish("alice/phone", "commit")
    town.wish("alice/phone", "leave")
    town.lost = nothing
    a = town.server("a.example")
    assert ROOM not in a.state.rooms
    # Cathy's devices still have to hear that they were removed
    assert town.device("cathy/phone").end()["member"]
    town.wait(PATIENCE)
    assert a.state.outbox == {}
    for name in EVERYBODY:
        if name not in ALICES:
            assert not town.device(name).end()["member"]
    # whoever asks for it now is told that there is no such room
    town.wish("bob/phone", "join", room=str(ROOM))
    assert town.notes("bob/phone")[-1] == "not let in: GroupInfoNoSuchRoom"


def test_that_a_room_is_closed_is_said_to_whoever_runs_the_machine():
    town = Town()
    for name in ("bob/phone", "cathy/phone"):
        town.wish(name, "leave")
        town.wish("alice/phone", "commit")
    town.held = lambda message: (message.kind, message.name) == (Kind.CALL, "update")
    town.wish("alice/phone", "leave")
    server, (call,) = town.server("a.example"), town.kept
    step = server.provider.call(server.state, ALICE, CALLS["update"](call), now=town.now)
    assert Closed(ROOM) in step.effects
    assert ROOM not in step.state.rooms
    (answer,) = [each for each in step.effects if isinstance(each, Answer)]
    assert answer.content.details is not None


def test_a_room_of_the_same_name_can_begin_after_that():
    town = Town()
    closing(town)
    hub = town.server("a.example").provider.hub
    founding = town.device("alice/phone").device.create_room(
        ROOM,
        components(ROOM),
        {ALICE.user: GROUP_ADMIN, hub.user: POLICY_ENFORCER},
        hub=hub.sender,
        now=town.now,
    )
    server = town.server("a.example")
    call = CreateRoom(ROOM, founding.group_info, founding.ratchet_tree)
    step = server.provider.call(server.state, ALICE, call, now=town.now)
    assert step.state.rooms[ROOM].group.epoch == 0
    assert ALICE.client in step.state.followed[ROOM].clients


@pytest.mark.parametrize("device", ["bob/phone", "cathy/laptop"])
def test_a_room_begins_with_clients_of_its_own_user_alone(device):
    """Whose keys they are nobody else could tell: Alice speaks for Bob, whose group it seems."""
    town, room = Town(), RoomUri(A, "trap")
    hub, user = town.server("a.example").provider.hub, town.device(device).device.owner.user
    before = town.server("a.example").state
    with pytest.raises(OtherUserError) as caught:
        creates(town, room, COOPERATIVE, {user: GROUP_ADMIN, hub.user: POLICY_ENFORCER}, device)
    assert caught.value.where["user"] == user
    assert town.server("a.example").state is before


def test_a_room_does_not_begin_anew_with_clients_of_another_user():
    """Alice has left the room, which persists: another user of her provider makes keys for her."""
    persistent = COOPERATIVE.having(BaseRoomPolicy(persistent_room=True))
    hall = Hall().furnished(preset=persistent)
    hall.taken(hall.proposing("alice/phone", SelfRemove()), A)
    assert hall.room.is_vacant
    provider = Provider(hall.hub, Directory.at("https://mimi.a.example/v1"))
    state = ProviderState().with_room(hall.room)
    users = {ALICE.user: GROUP_ADMIN, hall.hub.user: POLICY_ENFORCER}
    founding = hall.founding("alice/laptop", persistent, users)
    call = CreateRoom(ROOM, founding.group_info, founding.ratchet_tree)
    mallory = Session(b"mimi://a.example/u/mallory", b"mimi://a.example/d/mallory/phone")
    with pytest.raises(OtherUserError):
        provider.call(state, mallory, call, now=hall.tick())
    laptop = Session(ALICE.user, b"mimi://a.example/d/alice/laptop")
    step = provider.call(state, laptop, call, now=hall.tick(), ticket="it")
    assert step.effects == (Answer("it", ROOM),)
    assert not step.state.rooms[ROOM].is_vacant


def test_two_users_have_one_room_of_two():
    town = Town()
    first, second = RoomUri(A, "two"), RoomUri(A, "two-again")
    pair = {ALICE.user: 2, BOB: 2}
    _, step = creates(town, first, DIRECT_MESSAGE, pair)
    assert step.effects == (Answer("it", first),)
    with pytest.raises(FixedRoomError) as caught:
        creates(town, second, DIRECT_MESSAGE, pair)
    assert caught.value.where["room"] == str(first)
    creates(town, second, DIRECT_MESSAGE, {ALICE.user: 2, b"mimi://c.example/u/cathy": 2})


def test_a_vendor_knows_rooms_that_are_not_in_the_state():
    town = Town()
    server, elsewhere = town.server("a.example"), RoomUri(A, "elsewhere")
    hub = attrs.evolve(server.provider.hub, fixed_rooms=lambda _: [elsewhere])
    server.provider = attrs.evolve(server.provider, hub=hub)
    with pytest.raises(FixedRoomError) as caught:
        creates(town, RoomUri(A, "two"), DIRECT_MESSAGE, {ALICE.user: 2, BOB: 2})
    assert caught.value.where["room"] == str(elsewhere)
    creates(town, RoomUri(A, "any"), COOPERATIVE, {ALICE.user: 3, hub.user: POLICY_ENFORCER})
