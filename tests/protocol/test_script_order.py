"""Minutes of what comes twice, late, or in another order, and of two who want the same epoch."""

import itertools

import pytest
from protocol.town import (
    ALICES,
    BOBS,
    CATHYS,
    EVERYBODY,
    ROOM,
    B,
    Town,
    is_answer_to_notify,
    is_called,
    is_delivery_to,
    is_notify_to,
    nothing,
)

from mimi.client import Joined
from mimi.demo.machine import Kind
from mimi.protocol.outbox import PATIENCE


def said(town, name):
    return [entry["text"] for entry in town.device(name).end()["conversation"]]


def epoch(town, name="alice/phone"):
    return town.device(name).end()["epoch"]


# Notifications


def test_every_notification_comes_three_times():
    town = Town()
    # the answers to the first two are lost
    for text in ("One", "Two"):
        town.lost = is_answer_to_notify("b.example")
        town.wish("cathy/phone", "say", text=text)
        town.wait(PATIENCE)
        town.lost = nothing
        town.wait(PATIENCE * 2)
    assert said(town, "bob/phone") == ["One", "Two"]
    assert town.server("a.example").state.outbox == {}
    town.agree(*EVERYBODY)


def waiting_for_bob(town):
    """Let Cathy talk and Alice commit, while the hub's first request to b.example is lost."""
    town.lost = is_notify_to("b.example")
    town.wish("cathy/phone", "say", text="One")
    town.wish("alice/phone", "commit")
    town.wish("cathy/phone", "say", text="Two")
    town.wish("alice/laptop", "commit")
    town.lost = nothing
    assert len(town.server("a.example").state.outbox[ROOM, B].waiting) == 4


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))], ids=str)
def test_a_hub_that_does_not_wait_for_answers_overtakes_itself(order):
    town = Town()
    waiting_for_bob(town)
    town.does_not_wait("b.example", *order)
    assert sorted(said(town, "bob/phone")) == ["One", "Two"]
    town.wish("bob/laptop", "say", text="Three")
    assert said(town, "alice/phone") == ["One", "Two", "Three"]
    town.agree(*EVERYBODY)


def test_a_hub_that_overtakes_itself_and_says_everything_twice():
    town = Town()
    waiting_for_bob(town)
    town.does_not_wait("b.example", 3, 1, 3, 0, 1, 2, 0, 2)
    town.agree(*EVERYBODY)


def test_messages_that_overtake_the_welcome():
    town = Town(acts=3)
    scope = {"room": str(ROOM), "requester": "mimi://b.example/u/bob"}
    scope["target"] = "mimi://c.example/u/cathy"
    town.wish("bob/phone", "consent", operation="REQUEST", **scope)
    town.wish("cathy/phone", "consent", operation="GRANT", **scope)
    # commit, Welcome, message and another commit wait for c.example: all before the Welcome comes
    town.lost = is_notify_to("c.example")
    town.wish("bob/phone", "add", users=["mimi://c.example/u/cathy"])
    town.wish("alice/phone", "say", text="Hello, Cathy")
    town.wish("alice/phone", "commit")
    town.lost = nothing
    town.does_not_wait("c.example", 3, 2, 0, 1)
    assert said(town, "cathy/laptop") == ["Hello, Cathy"]
    assert epoch(town, "cathy/laptop") == epoch(town)
    town.agree(*EVERYBODY)


# Deliveries


@pytest.mark.parametrize("reverse", [False, True])
def test_a_provider_hands_out_late_or_backwards(reverse):
    town = Town()
    town.held = is_delivery_to("bob/phone")
    town.wish("cathy/phone", "say", text="One")
    town.wish("alice/phone", "commit")
    town.wish("cathy/phone", "say", text="Two")
    town.release(reverse=reverse)
    # what comes before what it follows is not taken: the device asks for what it has missed
    asked = town.heard("b.example", Kind.CALL, "missed")
    assert bool(asked) is reverse
    assert said(town, "bob/phone") == ["One", "Two"]
    town.agree(*EVERYBODY)


def test_a_provider_hands_out_everything_twice_and_loses_the_first():
    town = Town()
    town.lost = is_delivery_to("bob/phone")
    town.wish("cathy/phone", "say", text="One")
    town.lost = nothing
    town.twice = is_delivery_to("bob/phone")
    town.wish("cathy/phone", "say", text="Two")
    assert said(town, "bob/phone") == ["One", "Two"]
    town.agree(*EVERYBODY)


# Two in one epoch


def test_two_commits_in_one_epoch_one_wins_the_other_tries_again_and_wins():
    town = Town()
    # Bob and Cathy commit in epoch 3, and neither knows of the other
    town.held = is_called("update", Kind.CALL)
    town.wish("bob/phone", "commit")
    town.wish("cathy/phone", "commit")
    town.release()
    # Bob's was first: Cathy's is refused, for it is of a wrong epoch
    assert epoch(town) == 4
    assert any(note.startswith("not taken, ") for note in town.notes("cathy/phone"))
    town.agree(*EVERYBODY)
    # Cathy commits anew
    town.wish("cathy/phone", "commit")
    assert epoch(town) == 5
    town.agree(*EVERYBODY)


@pytest.mark.parametrize("first", ["bob/phone", "cathy/phone"])
def test_two_commits_in_one_epoch_whoever_is_first_and_whatever_is_heard_first(first):
    town = Town()
    town.wish("cathy/phone", "say", text="Where is the hub?")
    town.held = is_called("update", Kind.CALL)
    town.wish("bob/phone", "commit")
    town.wish("cathy/phone", "commit")
    calls = sorted(town.kept, key=lambda each: each.sender != first)
    # the one who is late hears its refusal long before the commit that has won
    town.kept, town.held = [], is_called("notify")
    town.send(calls)
    loser = "cathy/phone" if first == "bob/phone" else "bob/phone"
    assert "not taken, catch-up: " in town.notes(loser)[-1]
    town.release()
    town.agree(*EVERYBODY)
    town.wish(loser, "commit")
    assert epoch(town) == 5
    town.agree(*EVERYBODY)


def test_three_commit_in_one_epoch_while_somebody_leaves():
    town = Town()
    town.held = is_called("update", Kind.CALL)
    town.wish("bob/phone", "leave")
    town.wish("alice/phone", "commit")
    town.wish("cathy/phone", "commit")
    # Bob's proposals come first: a commit that does not cover them is refused
    (proposals, *commits), town.kept, town.held = town.kept, [], nothing
    town.send([proposals])
    town.send(commits)
    assert epoch(town) == 3
    for name in ("alice/phone", "cathy/phone"):
        assert any(note.startswith("not taken, ") for note in town.notes(name))
    town.wish("cathy/phone", "commit")
    assert epoch(town) == 4
    town.agree(*ALICES, *CATHYS)
    assert not any(town.device(name).end()["member"] for name in BOBS)


def test_a_message_and_the_commit_that_ends_its_epoch_cross():
    town = Town()
    town.held = is_called("submitMessage")
    town.wish("bob/phone", "say", text="One")
    town.held, kept = nothing, town.kept
    town.kept = []
    town.wish("cathy/phone", "commit")
    town.send(kept)
    # the hub takes nothing of an epoch that is over: the same message, encrypted anew, has its ID
    assert town.notes("bob/phone")[-1] == "not sent, catch-up"
    assert said(town, "alice/phone") == []
    town.wish("bob/phone", "say", text="One")
    assert said(town, "alice/phone") == ["One"]
    town.agree(*EVERYBODY)


def test_two_devices_join_in_one_epoch_while_somebody_leaves():
    town = Town()
    town.wish("cathy/phone", "say", text="Where is the hub?")
    for name in ("alice/tablet", "cathy/tablet"):
        town.buy(f"{name[0]}.example", name)
    town.wish("bob/phone", "leave")
    # both are given the group info of epoch 3, in which Bob wants to leave
    town.held = is_called("update", Kind.CALL)
    for name in ("alice/tablet", "cathy/tablet"):
        town.wish(name, "join", room=str(ROOM))
    first, second = town.kept
    town.kept, town.held = [], nothing
    # Alice's is first: the hub staples to it, for epoch 4, that Bob is to be removed
    town.send([first])
    assert len(town.server("a.example").state.rooms[ROOM].accepted) > 0
    # Cathy's tablet hears of that before its own answer: it is in no epoch of the room for that
    event = town.server("c.example").state.followed[ROOM].log[-1].message
    step = town.device("cathy/tablet").room.receive(event, now=town.now)
    assert not step.room.is_member
    assert not any(isinstance(each, Joined) for each in step.events)
    town.send([second])
    assert any(note.startswith("not taken, join-again") for note in town.notes("cathy/tablet"))
    town.wish("cathy/tablet", "join", room=str(ROOM))
    town.wish("alice/phone", "commit")
    town.agree(*ALICES, "alice/tablet", *CATHYS, "cathy/tablet")
