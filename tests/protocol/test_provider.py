"""Providers, as minutes: what is lost, repeated and overtaken, and that all agree in the end."""

from protocol.town import (
    ALICES,
    BOBS,
    CATHYS,
    EVERYBODY,
    ROOM,
    B,
    Town,
    is_answer_to_notify,
    is_notify_to,
    nothing,
)

from mimi.codec import encode
from mimi.demo.carrier import arrived
from mimi.demo.machine import Kind
from mimi.protocol.outbox import PATIENCE
from mimi.protocol.provider_state import Stuck


def notified(town, provider):
    return [arrived(each.body).body for each in town.heard(provider, Kind.REQUEST, "notify")]


def said(town, name):
    return [entry["text"] for entry in town.device(name).end()["conversation"]]


# Lost, and sent again


def test_a_notification_that_is_lost_is_sent_again_and_what_follows_waits():
    town = Town()
    town.lost = is_notify_to("b.example")
    town.wish("alice/phone", "say", text="One")
    town.lost = nothing
    town.wish("alice/phone", "say", text="Two")
    town.wish("alice/phone", "say", text="Three")
    assert said(town, "bob/phone") == []
    assert said(town, "cathy/phone") == ["One", "Two", "Three"]
    a = town.server("a.example")
    line = a.state.outbox[ROOM, B]
    assert (len(line.waiting), line.together) == (3, 1)
    assert a.provider.next_due(a.state) == line.at

    before = len(notified(town, "b.example"))
    town.wait(PATIENCE)
    assert said(town, "bob/phone") == ["One", "Two", "Three"]
    first, others = notified(town, "b.example")[before:]
    assert first == line.body
    assert others == b"".join(each.body for each in line.waiting[1:])
    assert not a.state.outbox
    assert a.provider.next_due(a.state) is None
    town.agree(*EVERYBODY)


def test_a_notification_whose_answer_is_lost_comes_twice_and_does_nothing_twice():
    town = Town()
    town.lost = is_answer_to_notify("b.example")
    town.wish("alice/phone", "say", text="Once")
    town.lost = nothing
    deliveries = len(town.heard("bob/phone", Kind.DELIVERY, "event"))
    b = town.server("b.example").state

    town.wait(PATIENCE)
    first, second = notified(town, "b.example")[-2:]
    assert first == second
    assert town.server("b.example").state.followed[ROOM] is b.followed[ROOM]
    assert town.statuses("a.example", "notify")[-1] == 201
    assert len(town.heard("bob/phone", Kind.DELIVERY, "event")) == deliveries
    assert said(town, "bob/phone") == ["Once"]
    assert not town.server("a.example").state.outbox
    town.agree(*EVERYBODY)


def test_every_notification_twice():
    town = Town(acts=1)
    town.twice = lambda message: (message.name, message.kind) == ("notify", Kind.REQUEST)
    town.wish("alice/phone", "create", room=str(ROOM))
    town.wish("alice/phone", "add", users=["mimi://a.example/u/alice"])
    scope = {"room": str(ROOM), "target": "mimi://b.example/u/bob"}
    scope["requester"] = "mimi://a.example/u/alice"
    town.wish("alice/phone", "consent", operation="REQUEST", **scope)
    town.wish("bob/phone", "consent", operation="GRANT", **scope)
    town.wish("alice/phone", "add", users=["mimi://b.example/u/bob"])
    town.wish("bob/laptop", "say", text="Hello")
    town.agree(*ALICES, *BOBS)


def test_a_provider_that_is_away_for_long_gets_everything_in_order():
    town = Town()
    town.lost = is_notify_to("c.example")
    for number in range(3):
        town.wish("bob/phone", "say", text=str(number))
    town.wish("bob/phone", "commit")
    town.wish("alice/phone", "commit")
    town.wish("alice/laptop", "say", text="after two commits")
    for _ in range(3):
        town.wait(PATIENCE)
    assert town.device("cathy/phone").end()["epoch"] == 3
    town.lost = nothing
    town.wait(PATIENCE)
    assert said(town, "cathy/phone") == ["0", "1", "2", "after two commits"]
    town.agree(*EVERYBODY)


def test_a_refusal_is_followed_by_longer_and_longer_waits_and_is_reported():
    town = Town()
    town.lost = is_notify_to("b.example")
    town.wish("alice/phone", "say", text="One")
    a = town.server("a.example")
    (then,) = a.asked.values()
    state, now, waits = a.state, town.now, []
    for _ in range(4):
        step = a.provider.answered(state, then, 400, (), b"", now=now)
        assert step.effects == (Stuck(ROOM, B, 400),)
        waits.append(step.state.outbox[ROOM, B].at - now)
        now = step.state.outbox[ROOM, B].at
        state = a.provider.due(step.state, now=now).state
    assert waits == [1000, 2000, 4000, 8000]
    guided = a.provider.answered(state, then, 503, (("Retry-After", "3600"),), b"", now=now)
    assert guided.effects == ()
    assert guided.state.outbox[ROOM, B].at == now + 3_600_000
    skipped = a.provider.skipped(guided.state, ROOM, B, now=now)
    assert not skipped.state.outbox
    assert a.provider.skipped(skipped.state, ROOM, B, now=now).state is skipped.state


def test_what_was_not_acknowledged_by_a_client_is_delivered_again_after_a_failure():
    town = Town()
    town.lost = lambda message: (message.sender, message.kind) == ("bob/phone", Kind.RECEIPT)
    town.wish("alice/phone", "say", text="Once")
    town.lost = nothing
    b = town.server("b.example")
    (again,) = b.provider.resumed(b.state)
    assert again.client == b"mimi://b.example/d/bob/phone"
    town.does("b.example", again)
    assert said(town, "bob/phone") == ["Once"]
    assert b.provider.resumed(b.state) == ()


# Two at a time


def test_two_commits_in_one_epoch_one_wins_and_the_other_is_made_anew():
    town = Town()
    town.held = lambda message: (message.kind, message.name) == (Kind.CALL, "update")
    town.wish("bob/phone", "commit")
    town.wish("cathy/phone", "commit")
    town.release()
    assert any(note.startswith("not taken, ") for note in town.notes("cathy/phone"))
    town.agree(*EVERYBODY)
    assert town.device("alice/phone").end()["epoch"] == 4
    town.wish("cathy/phone", "commit")
    town.agree(*EVERYBODY)
    assert town.device("alice/phone").end()["epoch"] == 5


def test_the_answer_to_a_commit_is_lost_and_the_commit_itself_says_what_became_of_it():
    town = Town()
    town.lost = lambda message: (
        (message.sender, message.kind, message.name) == ("a.example", Kind.RESPONSE, "update")
    )
    town.wish("bob/phone", "commit")
    town.agree(*EVERYBODY)


def test_an_update_that_is_lost_is_answered_with_a_refusal_and_sent_again():
    town = Town()
    town.lost = lambda message: (
        (message.receiver, message.kind, message.name) == ("a.example", Kind.REQUEST, "update")
    )
    town.wish("bob/phone", "commit")
    b = town.server("b.example")
    ((exchange, then),) = b.asked.items()
    step = b.provider.unanswered(b.state, then, now=town.now)
    assert step.effects[0].content.status == 503
    del b.asked[exchange]
    town.lost = nothing
    again = town.device("bob/phone").room.underway.request
    call = [each for each in town.records if each.message.name == "update"][-1].message
    assert call.body == encode(again)
    town.send([call])
    town.agree(*EVERYBODY)


def test_a_newcomer_that_is_refused_is_not_in_the_room_any_more():
    town = Town(acts=6)
    town.buy("c.example", "cathy/tablet")
    town.held = lambda message: (message.kind, message.name) == (Kind.CALL, "update")
    town.wish("cathy/tablet", "join", room=str(ROOM))
    (call,), town.kept = town.kept, []
    town.held = nothing
    town.wish("alice/phone", "commit")
    town.send([call])
    assert town.notes("cathy/tablet")[-1].startswith("not taken, join-again")
    clients = town.server("c.example").state.followed[ROOM].clients
    assert b"mimi://c.example/d/cathy/tablet" not in clients
    town.wish("cathy/tablet", "join", room=str(ROOM))
    town.agree(*ALICES, *CATHYS, "cathy/tablet")
