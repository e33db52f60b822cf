"""Minutes of what is lost for good, or away for long, and how all agree again."""

import itertools

import attrs
from protocol.town import (
    ALICES,
    BOBS,
    CATHYS,
    EVERYBODY,
    ROOM,
    A,
    B,
    C,
    Town,
    is_answer_to_notify,
    is_called,
    is_delivery_to,
    is_notify_to,
    nothing,
)

from mimi.demo.carrier import arrived, response_octets
from mimi.demo.machine import Kind
from mimi.protocol import Directory, HttpResponse
from mimi.protocol.deliveries import Limits
from mimi.protocol.directory import Endpoint
from mimi.protocol.outbox import PATIENCE
from mimi.protocol.retry import LONGEST

CATHY = "mimi://c.example/u/cathy"


def said(town, name):
    return [entry["text"] for entry in town.device(name).end()["conversation"]]


def epoch(town, name="alice/phone"):
    return town.device(name).end()["epoch"]


def limited(town, provider, **limits):
    """Let a provider keep less for its devices than it would."""
    server = town.server(provider)
    room = attrs.evolve(server.state.followed[ROOM], limits=Limits(**limits))
    server.state = server.state.with_followed(room)


# A Welcome


def adding_cathy(town):
    scope = {"room": str(ROOM), "requester": "mimi://b.example/u/bob", "target": CATHY}
    town.wish("bob/phone", "consent", operation="REQUEST", **scope)
    town.wish("cathy/phone", "consent", operation="GRANT", **scope)
    town.wish("bob/phone", "add", users=[CATHY])


def test_a_welcome_is_lost_on_its_way_to_a_device_and_is_delivered_again():
    town = Town(acts=3)
    town.lost = is_delivery_to("cathy/phone")
    adding_cathy(town)
    town.lost = nothing
    assert town.device("cathy/phone").end() == {"member": False}
    town.begins("c.example")
    town.agree(*EVERYBODY)


def test_a_welcome_is_lost_for_good_and_the_device_comes_in_by_a_commit():
    town = Town(acts=3)
    town.lost = is_delivery_to("cathy/phone")
    adding_cathy(town)
    town.lost = nothing
    # c.example has lost what it kept for the device, and the device knows of the room from Bob
    server = town.server("c.example")
    server.state = server.provider.left(server.state, b"mimi://c.example/d/cathy/phone", ROOM)
    town.begins("c.example")
    assert town.device("cathy/phone").end() == {"member": False}
    leaves = len(town.device("bob/phone").room.group.members)
    town.wish("cathy/phone", "join", room=str(ROOM))
    # it has replaced the leaf that it could never use
    assert len(town.device("bob/phone").room.group.members) == leaves
    town.wish("cathy/phone", "say", text="I lost your invitation")
    assert said(town, "alice/laptop") == ["I lost your invitation"]
    town.agree(*EVERYBODY)


def test_a_welcome_that_is_no_good_is_not_delivered_for_ever():
    town = Town(acts=3)
    phone = town.device("cathy/phone")
    # the phone has lost its keys
    empty = attrs.evolve(phone.device.client, key_packages={})
    phone.device = attrs.evolve(phone.device, client=empty)
    adding_cathy(town)
    assert town.notes("cathy/phone")[-1].startswith("welcome refused")
    town.wish("alice/phone", "say", text="Hello")
    c = town.server("c.example")
    assert c.provider.resumed(c.state) == ()
    town.wish("cathy/phone", "join", room=str(ROOM))
    town.wish("cathy/phone", "say", text="Here I am")
    town.agree(*EVERYBODY)


# Away for long


def test_a_follower_that_is_down_for_a_day_is_asked_again_more_and_more_seldom():
    town = Town()
    town.lost = is_notify_to("b.example")
    for number in range(3):
        town.wish("cathy/phone", "say", text=str(number))
        town.wish("alice/phone", "commit")
    a, sent = town.server("a.example"), []
    end = town.now + 86_400_000
    while (at := a.provider.next_due(a.state)) is not None and at < end:
        assert a.state.outbox[ROOM, B].at == at
        town.wait(at - town.now)
        sent.append(town.now)
        town.gives_up("a.example")  # whoever carries the request sees that nobody answers
    waits = [after - before for before, after in itertools.pairwise(sent)]
    assert waits == sorted(waits)
    assert waits[-1] // 1000 == LONGEST
    assert 30 < len(sent) < 40
    assert len(a.state.outbox[ROOM, B].waiting) == 6
    town.lost = nothing
    town.wait(at - town.now)
    assert said(town, "bob/phone") == ["0", "1", "2"]
    assert a.state.outbox == {}
    town.agree(*EVERYBODY)


def test_a_follower_says_when_it_wants_to_be_asked_again():
    town = Town()
    hour = 3_600_000
    town.held = is_answer_to_notify("b.example")
    before = town.server("b.example").state
    town.wish("cathy/phone", "say", text="One")
    # b.example has not taken it: it is busy, and says so
    (answer,), town.kept, town.held = town.kept, [], nothing
    town.server("b.example").state = before
    busy = response_octets(HttpResponse(503, retry_after=3600))
    town.send([attrs.evolve(answer, body=busy)])
    a = town.server("a.example")
    due = a.provider.next_due(a.state)
    assert due == town.now + hour
    town.wait(hour - PATIENCE)
    assert len(a.state.outbox) == 1
    town.wait(PATIENCE)
    assert a.state.outbox == {}
    town.agree(*EVERYBODY)


def test_a_follower_that_is_back_is_told_as_soon_as_it_asks_for_something():
    town = Town()
    town.lost = is_notify_to("b.example")
    town.wish("alice/phone", "say", text="One")
    a = town.server("a.example")
    for _ in range(20):
        town.gives_up("a.example")
        town.wait(a.provider.next_due(a.state) - town.now)
    town.gives_up("a.example")
    assert a.state.outbox[ROOM, B].at > town.now + LONGEST * 900
    town.now += PATIENCE
    town.lost = nothing
    town.wish("bob/phone", "say", text="Two")
    town.wait(0)
    assert said(town, "bob/phone") == ["One", "Two"]
    assert a.state.outbox == {}
    town.agree(*EVERYBODY)


def test_a_device_that_was_away_gets_all_that_is_kept():
    town = Town()
    town.lost = is_delivery_to("bob/laptop")
    for number in range(40):
        town.wish("cathy/phone", "say", text=str(number))
        if number % 10 == 0:
            town.wish("alice/phone", "commit")
    town.lost = nothing
    assert said(town, "bob/laptop") == []
    town.wish("bob/laptop", "catchUp")
    assert said(town, "bob/laptop") == [str(number) for number in range(40)]
    town.agree(*EVERYBODY)


def test_a_device_that_was_away_for_too_long_comes_back_by_a_commit():
    town = Town()
    town.wish("cathy/phone", "say", text="Before")
    limited(town, "b.example", entries=2, recent=2)
    town.lost = is_delivery_to("bob/laptop")
    for number in range(3):
        town.wish("cathy/phone", "say", text=str(number))
        town.wish("alice/phone", "commit")
    town.lost = nothing
    town.wish("bob/laptop", "catchUp")
    assert "has missed too much" in town.notes("bob/laptop")
    assert epoch(town, "bob/laptop") == epoch(town) == 7
    # it has what it had before, and all that was said since it is back
    town.wish("bob/laptop", "say", text="Back again")
    assert said(town, "bob/laptop") == ["Before", "Back again"]
    town.agree(*EVERYBODY)


def test_a_device_finds_out_by_the_next_delivery_that_it_has_missed_too_much():
    town = Town()
    limited(town, "b.example", entries=2, recent=2)
    town.lost = is_delivery_to("bob/laptop")
    for _ in range(3):
        town.wish("alice/phone", "commit")
    town.lost = nothing
    town.wish("cathy/phone", "say", text="Where is your laptop?")
    assert epoch(town, "bob/laptop") == epoch(town) == 7
    town.agree(*EVERYBODY)


def test_a_hub_that_skips_what_a_follower_never_takes():
    town = Town()
    # b.example refuses a commit for good, and a.example's operators skip it
    town.lost = is_notify_to("b.example")
    town.wish("alice/phone", "commit")
    town.lost = nothing
    a = town.server("a.example")
    town.send(a.done(a.provider.skipped(a.state, ROOM, B, now=town.now)).messages)
    town.wish("cathy/phone", "say", text="One")
    # Bob's devices hold what is of an epoch that they are not in; it does not come
    assert epoch(town, "bob/phone") == 3
    town.wait(PATIENCE)
    for name in BOBS:
        town.wish(name, "catchUp")
    assert "has missed too much" in town.notes("bob/phone")
    assert epoch(town, "bob/phone") == epoch(town, "bob/laptop") == epoch(town)
    town.agree(*EVERYBODY)


def test_a_provider_that_loses_its_room_and_is_told_again():
    town = Town()
    town.wish("cathy/phone", "say", text="One")
    # b.example has a backup from before the room, and the keys that its users gave since
    b = town.server("b.example")
    b.state = attrs.evolve(b.state, followed={})
    town.wish("cathy/phone", "say", text="Two")
    assert said(town, "bob/phone") == ["One"]
    for name in BOBS:
        town.wish(name, "join", room=str(ROOM))
    town.wish("bob/laptop", "say", text="Three")
    assert said(town, "bob/phone") == ["One", "Three"]
    town.agree(*EVERYBODY)


# Places that move


def moved(town, provider, base):
    """Let a provider's endpoints move: at the old places there is nothing."""
    server = town.server(provider)
    server.provider = attrs.evolve(server.provider, directory=Directory.at(base))
    return server.provider.directory


def test_the_hub_moves_and_the_members_find_it_again():
    town = Town()
    directory = moved(town, "a.example", "https://mimi.a.example/v2")
    town.wish("bob/phone", "say", text="One")
    assert town.statuses("b.example", "submitMessage")[-2:] == [404, 200]
    assert town.server("b.example").state.peers[A] == directory
    town.wish("bob/phone", "commit")
    town.buy("b.example", "bob/tablet")
    town.wish("bob/tablet", "join", room=str(ROOM))
    town.wish("bob/tablet", "say", text="Two")
    assert said(town, "cathy/phone") == ["One", "Two"]
    town.agree(*EVERYBODY, "bob/tablet")


def test_the_hub_moves_to_another_server():
    town = Town()
    moved(town, "a.example", "https://server.a.example/mimi")
    town.wish("bob/phone", "commit")
    assert town.statuses("b.example", "update")[-2:] == [421, 200]
    town.agree(*EVERYBODY)


def test_a_new_device_joins_while_the_hub_moves():
    town = Town()
    town.buy("b.example", "bob/tablet")
    town.held = is_called("update", Kind.CALL)
    town.wish("bob/tablet", "join", room=str(ROOM))
    moved(town, "a.example", "https://mimi.a.example/v2")
    town.release()
    town.wish("bob/tablet", "say", text="One")
    town.agree(*EVERYBODY, "bob/tablet")


def test_a_follower_moves_and_the_hub_finds_it_again():
    town = Town()
    directory = moved(town, "b.example", "https://mimi.b.example/v2")
    town.wish("cathy/phone", "say", text="One")
    assert said(town, "bob/phone") == []
    assert town.statuses("a.example", "notify")[-2:] == [404, 201]
    a = town.server("a.example")
    assert B not in a.state.peers
    town.wait(a.provider.next_due(a.state) - town.now)
    assert a.state.peers[B] == directory
    assert said(town, "bob/phone") == ["One"]
    town.agree(*EVERYBODY)


def test_a_request_for_key_packages_to_a_follower_that_moved():
    town = Town(acts=3)
    scope = {"room": str(ROOM), "requester": "mimi://b.example/u/bob", "target": CATHY}
    town.wish("bob/phone", "consent", operation="REQUEST", **scope)
    town.wish("cathy/phone", "consent", operation="GRANT", **scope)
    town.server("a.example").state = town.server("a.example").state.with_peer(
        C, Directory.at("https://mimi.c.example/v0")
    )
    town.wish("bob/phone", "add", users=[CATHY])
    town.wait(1000)
    assert town.server("a.example").state.peers[C] == town.server("c.example").provider.directory
    town.agree(*ALICES, *BOBS, *CATHYS)
    requests = town.heard("c.example", Kind.REQUEST, Endpoint.KEY_MATERIAL.value)
    assert [arrived(each.body).line[1][:3] for each in requests] == ["/v0", "/v1"]


def test_a_join_whose_answer_is_lost_is_sent_again_and_nothing_said_meanwhile_is_lost():
    town = Town()
    town.buy("b.example", "bob/tablet")
    answer = Kind.RESPONSE, "update", "b.example"
    town.lost = lambda message: (
        (message.kind, message.name, message.receiver) == answer
        or is_delivery_to("bob/tablet")(message)
    )
    town.wish("bob/tablet", "join", room=str(ROOM))
    town.wish("cathy/phone", "say", text="Welcome")
    town.lost = nothing
    town.gives_up("b.example")
    assert not town.device("bob/tablet").room.is_member
    # the tablet does not know whether its commit was heard, and sends it again
    town.wish("bob/tablet", "again")
    town.begins("b.example")
    assert said(town, "bob/tablet") == ["Welcome"]
    town.agree(*EVERYBODY, "bob/tablet")
