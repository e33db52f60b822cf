"""How a room ends on its devices: when nobody is left who could commit that the last ones leave."""

import pytest
from client.neighbourhood import ADMIN, ALICE, BOB, ENFORCER, ROOM, Neighbourhood, octets, text

from mimi.client import ChangeRefused, Next, Passed, Proposed, RoomOver
from mimi.client.errors import LeavingError, NoMemberError
from mimi.codec import replace
from mimi.mls import SelfRemove
from mimi.policy.presets import COOPERATIVE
from mimi.policy.structures import BaseRoomPolicy, RoleData, RoomMetaData
from mimi.protocol import Closed, Refused

LAPTOPS = ("alice/laptop", "bob/laptop")
EVERYBODY = ("alice/phone", "bob/phone", *LAPTOPS)
PERSISTENT = COOPERATIVE.having(BaseRoomPolicy(persistent_room=True))


@pytest.fixture(params=[False, True], ids=["kept", "restored"])
def there(request):
    return begun(request.param)


def begun(restoring=False, preset=COOPERATIVE):
    found = Neighbourhood(restoring=restoring)
    found.create("alice/phone", preset)
    found.add("alice/phone", "alice", "bob")
    found.hear()
    return found


def leave(there, name):
    return there.change(name, lambda room: room.leave(now=there.now))


def endings(there, name):
    return [event for event in there.events[name] if isinstance(event, RoomOver)]


def test_the_last_user_leaves_and_all_devices_know_that_the_room_is_over(there):
    there.changed("alice/phone", lambda room: room.remove([octets(BOB)], now=there.now))
    there.say("alice/phone", text("Goodbye", b"1"))
    assert leave(there, "alice/phone") == [RoomOver(there.now)]
    there.hear()
    for name in ("alice/phone", "alice/laptop"):
        room = there.of(name)
        assert (room.is_member, room.is_over) == (False, True)
        assert len(endings(there, name)) == 1
        assert room.shown[-1].text == "Goodbye"
        with pytest.raises(NoMemberError):
            room.commit(now=there.now)
        with pytest.raises(NoMemberError):
            room.send(text("Anybody?", b"2"), now=there.now)
        with pytest.raises(NoMemberError):
            room.leave(now=there.now)
    assert endings(there, "bob/phone") == []  # who was removed before


def test_the_last_users_leave_at_once(there):
    """The first to leave is told too: nobody can commit that it has left."""
    leave(there, "bob/phone")
    there.hear("bob/laptop")
    assert not any(there.of(name).is_over for name in EVERYBODY)
    with pytest.raises(LeavingError):
        there.of("bob/laptop").commit(now=there.now)
    there.hear("alice/phone")
    assert leave(there, "alice/phone") == [RoomOver(there.now)]
    there.hear()
    for name in EVERYBODY:
        assert (there.of(name).is_member, len(endings(there, name))) == (False, 1)
    kinds = [type(event) for event in there.events["alice/laptop"][-7:]]
    assert kinds == [*[Proposed] * 6, RoomOver]


def test_they_leave_in_the_same_moment(there):
    """Neither knows of the other when it asks: each hears it from the hub."""
    there.changed(
        "alice/phone", lambda room: room.change_roles({octets(BOB): ADMIN}, now=there.now)
    )
    changes = {name: there.of(name).leave(now=there.now) for name in ("alice/phone", "bob/phone")}
    responses = {}
    for name, change in changes.items():
        there.put(name, change.room)
        responses[name] = there.update(name, change.request)
    step = there.of("alice/phone").answered(responses["alice/phone"], now=there.now)
    assert there.note("alice/phone", step) == []
    there.hear()
    assert [len(endings(there, name)) for name in EVERYBODY] == [1, 1, 1, 1]
    late = there.of("bob/phone").answered(responses["bob/phone"], now=there.now)
    assert late.events == (Passed(),)  # it has heard its own proposals already


def test_two_devices_of_the_last_user_leave_in_the_same_moment(there):
    """What the second asks for is refused, since the room is closed: it knows why."""
    there.changed("alice/phone", lambda room: room.remove([octets(BOB)], now=there.now))
    there.hear()
    names = ("alice/laptop", "alice/phone")
    changes = {name: there.of(name).leave(now=there.now) for name in names}
    for name, change in changes.items():
        there.put(name, change.room)
    response = there.update("alice/laptop", changes["alice/laptop"].request)
    there.note("alice/laptop", there.of("alice/laptop").answered(response, now=there.now))
    there.hear()
    assert endings(there, "alice/phone") == []
    step = there.of("alice/phone").answered(Refused(404), now=there.now)
    assert step.events == (ChangeRefused(Next.GIVE_UP, "status 404"), RoomOver(there.now))


def test_an_answer_that_is_lost_does_not_keep_a_device_in_the_room(there):
    there.changed("alice/phone", lambda room: room.remove([octets(BOB)], now=there.now))
    change = there.of("alice/phone").leave(now=there.now)
    there.put("alice/phone", change.room)
    assert not there.of("alice/phone").is_over  # nobody knows yet whether the hub takes it
    there.update("alice/phone", change.request)
    there.hear()
    assert there.of("alice/phone").underway is None
    assert len(endings(there, "alice/phone")) == 1


def test_what_the_hub_does_not_take_ends_nothing(there):
    there.changed("alice/phone", lambda room: room.remove([octets(BOB)], now=there.now))
    change = there.of("alice/phone").leave(now=there.now)
    there.put("alice/phone", change.room)
    step = there.of("alice/phone").answered(Refused(403), now=there.now)
    (event,) = there.note("alice/phone", step)
    assert (type(event), event.next) == (ChangeRefused, Next.GIVE_UP)
    assert there.of("alice/phone").is_member
    there.changed("alice/phone", lambda room: room.commit(now=there.now))


def test_the_hub_takes_everybody_out():
    """By proposals, as far as the policy lets it: who may not be missing finds no room any more."""
    nobody_must_stay = RoleData(
        tuple(
            replace(
                role, minimum_participants_constraint=0, minimum_active_participants_constraint=0
            )
            for role in COOPERATIVE.roles.roles
        )
    )
    there = begun(preset=COOPERATIVE.having(nobody_must_stay))
    step = there.hub.remove(there.room, [octets(ALICE), octets(BOB)], now=there.tick())
    there.room = step.room
    there.notify(step.effects)
    there.hear()
    assert Closed(ROOM) in step.effects
    assert [len(endings(there, name)) for name in EVERYBODY] == [1, 1, 1, 1]


def test_a_room_that_persists_begins_anew():
    """Alice's devices leave it, and she stays; later one of them creates a group for the room."""
    there = begun(preset=PERSISTENT)
    there.changed("alice/phone", lambda room: room.remove([octets(BOB)], now=there.now))
    there.say("alice/phone", text("Until tomorrow", b"1"))
    for name in ("alice/laptop", "alice/phone"):
        there.change(name, lambda room: room.propose([SelfRemove()], now=there.now))
        there.hear()
    assert there.room.is_vacant
    assert [len(endings(there, name)) for name in ("alice/phone", "alice/laptop")] == [1, 1]
    before = there.of("alice/phone")
    assert before.policy.policy.base.persistent_room
    founding = there.devices["alice/phone"].create_room(
        ROOM,
        PERSISTENT.having(RoomMetaData(octets(ROOM), b"Clubhouse")).components(),
        {octets(ALICE): ADMIN, there.hub.user: ENFORCER},
        hub=there.hub.sender,
        now=there.tick(),
        franking=there.agent,
        before=before,
    )
    there.put("alice/phone", founding.room)
    there.room = there.hub.create(
        ROOM, founding.group_info, founding.ratchet_tree, now=there.now, before=there.room
    )
    assert there.of("alice/phone").is_member
    there.say("alice/phone", text("Good morning", b"2"))
    shown = [entry.text for entry in there.of("alice/phone").shown]
    assert shown == ["Until tomorrow", "Good morning"]
