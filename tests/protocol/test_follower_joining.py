"""Who joins by a commit of its own: in the room once its hub says so, and out if it says no."""

import hashlib

from protocol.followers import Device, Follower, RoomOfAlice, agreed, meeting
from protocol.offering import MS
from protocol.providers import BOB, CATHY, ROOM, B, octets, refused
from protocol.town import ALICES, BOBS, CATHYS, Town, is_called, nothing

from mimi.codec import encode
from mimi.demo.machine import Kind
from mimi.demo.server import Server
from mimi.protocol import FanoutMessage
from mimi.protocol.follower import IDLE, FollowerRoom
from mimi.protocol.follower_errors import DeliveryError
from mimi.protocol.follower_rows import load_follower, save_follower

TABLET = b"mimi://b.example/d/bob/tablet"


def by_of(fanned: FanoutMessage) -> bytes:
    """Return by what a commit is known."""
    return hashlib.sha256(encode(fanned.message)).digest()


def asking(*said: bytes) -> tuple[RoomOfAlice, Follower, Device, FanoutMessage]:
    """Return a room which Bob's phone asks to be let into, what is said before the hub answers."""
    room, phone = RoomOfAlice(), Device(BOB)
    at_b = Follower(B, phone)
    commit = room.lets_in(phone)
    begun = FollowerRoom.begun(ROOM, now=MS)
    at_b.keeps(begun.joined(phone.uri, now=MS, by=by_of(commit)))
    for data in said:
        at_b.notified(room.says(data))
    return room, at_b, phone, commit


# At the follower


def test_nothing_is_delivered_before_the_hub_has_let_a_client_in():
    """It may be anybody's: only the hub knows whether what it has sent is a commit at all."""
    _, at_b, phone, commit = asking(b"secret", b"more")
    assert (phone.number, at_b.known.pending(phone.uri), at_b.known.undelivered()) == (0, (), ())
    found = at_b.known.missed(phone.uri, number=0, group_id=b"clubhouse", epoch=0, now=MS)
    assert found == ()
    with refused(DeliveryError, "5.5"):
        at_b.known.acknowledged(phone.uri, MS + 1)
    at_b.keeps(at_b.known.refused(phone.uri, by_of(commit)))
    assert (at_b.known.clients, phone.number) == ({}, 0)


def test_who_never_hears_whether_it_was_let_in_is_forgotten_after_a_day():
    _, at_b, phone, _ = asking(b"one")
    known = at_b.known
    heard = known.log.notes[0].timestamp
    assert known.pruned(heard + IDLE - 1) is known
    assert known.pruned(heard + IDLE).clients == {}
    silent = FollowerRoom.begun(ROOM, now=MS).joined(phone.uri, now=MS, by=bytes(32))
    assert silent.pruned(MS + IDLE - 1) is silent
    assert silent.pruned(MS + IDLE).is_over(MS + IDLE)


def test_what_came_meanwhile_is_delivered_once_the_hub_has_let_it_in():
    _, at_b, phone, _ = asking(b"one", b"two")
    after, waited = at_b.known.let_in(phone.uri)
    at_b.keeps(after)
    assert [(each.number, each.after) for each in waited] == [(MS + 1, 0), (MS + 2, MS + 1)]
    at_b.delivers(waited)
    assert phone.read == [b"one", b"two"]
    again, nothing_more = at_b.known.let_in(phone.uri, octets(CATHY.client("phone")))
    assert (again.clients, nothing_more) == (at_b.known.clients, ())


def test_the_commit_that_comes_back_says_that_the_client_is_in():
    """The hub's answer may be late, or lost."""
    room, at_b, phone, commit = asking(b"after it")
    at_b.notified(commit, room.says(b"at once"))
    assert phone.read == [b"after it", b"at once"]
    assert agreed(room, phone)


def test_the_commit_of_another_lets_nobody_in():
    room, at_b, phone, _ = asking()
    laptop = Device(BOB, "laptop")
    at_b.meets(laptop)
    other = room.lets_in(laptop)
    at_b.keeps(at_b.known.joined(laptop.uri, now=MS, by=by_of(other)))
    at_b.notified(other)
    assert (phone.number, laptop.number) == (0, MS + 1)


def test_who_is_in_the_room_is_served_while_it_comes_back():
    room, at_b, phone, _ = meeting()
    at_b.keeps(at_b.known.joined(phone.uri, now=MS, by=b"a commit"))
    at_b.notified(room.says(b"hello"))
    at_b.keeps(at_b.known.refused(phone.uri, b"a commit"))
    at_b.notified(room.says(b"still there"))
    assert phone.read == [b"hello", b"still there"]


def test_the_refusal_of_a_commit_is_about_no_other():
    _, at_b, phone, first = asking()
    at_b.keeps(at_b.known.joined(phone.uri, now=MS, by=b"the second"))
    at_b.keeps(at_b.known.refused(phone.uri, by_of(first)))
    assert phone.uri in at_b.known.clients
    at_b.keeps(at_b.known.refused(phone.uri, b"the second"))
    assert phone.uri not in at_b.known.clients


def test_who_is_welcomed_meanwhile_stays_where_its_own_commit_is_refused():
    room, phone = RoomOfAlice(), Device(BOB)
    at_b = Follower(B, phone)
    begun = FollowerRoom.begun(ROOM, now=MS)
    at_b.keeps(begun.joined(phone.uri, now=MS, by=b"a commit"))
    at_b.notified(*room.commits(*at_b.gives(BOB)))
    at_b.keeps(at_b.known.refused(phone.uri, b"a commit"))
    at_b.starts_again()
    at_b.notified(room.says(b"hello"))
    at_b.starts_again()
    assert agreed(room, phone)
    assert len(at_b.known.pending(phone.uri)) == 3


def test_who_was_removed_and_joins_anew_stays_though_it_tells_of_the_removal_late():
    room, at_b, phone, _ = meeting()
    at_b.notified(*room.commits(remove=[phone]))
    removed = phone.number
    at_b.keeps(at_b.known.joined(phone.uri, now=MS, by=b"a commit"))
    at_b.keeps(at_b.known.left(phone.uri, number=removed))
    assert phone.uri in at_b.known.clients
    at_b.notified(*room.commits())
    at_b.keeps(at_b.known.left(phone.uri, number=removed + 1))
    assert phone.uri not in at_b.known.clients


def test_who_waits_for_the_hub_is_stored_as_one_who_waits():
    _, at_b, phone, _ = asking(b"one")
    place = load_follower(save_follower(at_b.known)).clients[phone.uri]
    assert place.is_waiting
    assert place == at_b.known.clients[phone.uri]


# At the provider


def town_of() -> tuple[Town, Server]:
    """Return the town after the example flow's beginning, with a tablet of Bob's."""
    town = Town(acts=4)
    town.buy("b.example", "bob/tablet")
    return town, town.server("b.example")


def test_the_late_refusal_of_a_join_does_not_undo_the_next_one():
    town, server = town_of()
    town.held = is_called("update")
    town.wish("bob/tablet", "join", room=str(ROOM))
    (late,), town.kept, town.held = town.kept, [], nothing
    town.wish("alice/phone", "commit")
    town.wish("bob/tablet", "join", room=str(ROOM))
    assert TABLET in server.state.followed[ROOM].clients
    town.send([late])
    assert TABLET in server.state.followed[ROOM].clients
    town.wish("cathy/phone", "say", text="Do you hear me?")
    town.agree(*ALICES, *BOBS, *CATHYS, "bob/tablet")


def test_a_commit_that_only_says_that_it_joins_makes_nobody_hear_of_the_room():
    """No provider but the hub can tell a made-up commit from a true one."""
    town, server = town_of()
    town.held = is_called("update")
    town.wish("bob/tablet", "join", room=str(ROOM))
    town.kept, town.held = [], nothing
    ((exchange, then),) = server.asked.items()
    del server.asked[exchange]
    busy = server.provider.answered(
        server.state, then, 429, (("Retry-After", "3600"),), b"", now=town.now
    )
    server.state = busy.state
    town.wish("alice/phone", "commit")
    town.wish("cathy/phone", "say", text="Not for everybody")
    assert town.heard("bob/tablet", Kind.DELIVERY, "notify") == []
    assert server.state.followed[ROOM].pending(TABLET) == ()
    assert not [each for each in server.provider.resumed(server.state) if each.client == TABLET]
    refused_ = server.provider.answered(server.state, then, 403, (), b"", now=town.now)
    assert TABLET not in refused_.state.followed[ROOM].clients
    town.agree(*ALICES, *BOBS, *CATHYS)


def test_what_was_notified_before_the_answer_is_delivered_after_it():
    town, server = town_of()
    town.held = lambda message: (message.kind, message.name) == (Kind.RESPONSE, "update")
    town.wish("bob/tablet", "join", room=str(ROOM))
    (answer,), town.kept, town.held = town.kept, [], nothing
    place = server.state.followed[ROOM].clients[TABLET]
    assert not place.is_waiting  # its commit has come back
    town.send([answer])
    town.wish("cathy/phone", "say", text="Do you hear me?")
    town.agree(*ALICES, *BOBS, *CATHYS, "bob/tablet")
