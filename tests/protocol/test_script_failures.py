"""Minutes of machines that fail, wherever they may: all that was taken is told, once."""

import pytest
from protocol.restoring import restart_handset
from protocol.town import (
    ALICES,
    BOBS,
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

from mimi.demo.machine import Kind
from mimi.demo.scenario import ACTS, check
from mimi.protocol.outbox import PATIENCE


def said(town, name):
    return [entry["text"] for entry in town.device(name).end()["conversation"]]


# A follower


def test_a_follower_fails_before_it_has_stored_anything():
    town = Town()
    # b.example hears the notification, and fails: it is as if it had not come
    town.lost = is_notify_to("b.example")
    town.wish("alice/phone", "say", text="One")
    town.lost = nothing
    town.begins("b.example")
    assert said(town, "bob/phone") == []
    # a.example has no answer, and sends it again
    town.wait(PATIENCE)
    assert said(town, "bob/phone") == ["One"]
    town.agree(*EVERYBODY)


def test_a_follower_fails_between_storing_and_sending():
    town = Town()
    # b.example stores the notification, and fails: no answer to the hub, nothing for the devices
    town.fails = is_notify_to("b.example")
    town.wish("alice/phone", "say", text="One")
    assert said(town, "cathy/phone") == ["One"]
    assert said(town, "bob/phone") == said(town, "bob/laptop") == []
    # it begins again, and delivers what no device has acknowledged
    town.begins("b.example")
    assert said(town, "bob/phone") == said(town, "bob/laptop") == ["One"]
    # the hub, which has no answer, sends the same octets: they are taken, and nothing else happens
    before = len(town.heard("bob/phone", Kind.DELIVERY, "event"))
    assert town.server("a.example").state.outbox[ROOM, B].together == 1
    town.wait(PATIENCE)
    assert not town.server("a.example").state.outbox
    assert len(town.heard("bob/phone", Kind.DELIVERY, "event")) == before
    town.agree(*EVERYBODY)


def test_a_follower_fails_between_storing_and_sending_a_commit_and_a_welcome():
    town = Town(acts=3)
    # alice's devices and bob's are in; cathy's are added while c.example fails after storing
    scope = {"room": str(ROOM), "requester": "mimi://b.example/u/bob"}
    scope["target"] = "mimi://c.example/u/cathy"
    town.wish("bob/phone", "consent", operation="REQUEST", **scope)
    town.wish("cathy/phone", "consent", operation="GRANT", **scope)
    town.fails = is_notify_to("c.example")
    town.wish("bob/phone", "add", users=["mimi://c.example/u/cathy"])
    assert town.device("cathy/phone").end() == {"member": False}
    town.begins("c.example")
    town.wait(PATIENCE)
    assert not town.server("a.example").state.outbox
    town.agree(*EVERYBODY)


def test_a_follower_fails_between_sending_and_the_acknowledgement():
    town = Town()
    # the devices have the message, but b.example does not hear so, nor a.example from it
    town.lost = lambda message: (
        is_answer_to_notify("b.example")(message)
        or (message.receiver, message.kind) == ("b.example", Kind.RECEIPT)
    )
    town.wish("alice/phone", "say", text="One")
    town.lost = nothing
    assert said(town, "bob/phone") == ["One"]
    # it begins again, and delivers all again, by the same numbers: the devices pass it over
    town.restarts("b.example")
    town.begins("b.example")
    town.wait(PATIENCE)
    assert said(town, "bob/phone") == said(town, "bob/laptop") == ["One"]
    b = town.server("b.example")
    assert b.provider.resumed(b.state) == ()
    assert not town.server("a.example").state.outbox
    town.agree(*EVERYBODY)


def test_a_device_fails_between_reading_and_acknowledging():
    town = Town()
    town.fails = is_delivery_to("bob/phone")
    town.wish("alice/phone", "say", text="One")
    town.begins("b.example")
    assert said(town, "bob/phone") == ["One"]
    town.wish("bob/phone", "say", text="Two")
    town.agree(*EVERYBODY)


# A hub


@pytest.mark.parametrize("what", ["submitMessage", "update"])
def test_a_hub_fails_between_storing_and_sending(what):
    town = Town()
    # a.example has taken what bob's device wants, and fails: nobody hears of it
    town.fails = is_called(what)
    if what == "update":
        town.wish("bob/phone", "commit")
    else:
        town.wish("bob/phone", "say", text="One")
    assert town.device("alice/phone").end()["epoch"] == 3
    # it begins again: what is to be told is due, also to its own users
    town.begins("a.example")
    town.wait(PATIENCE)
    # bob's device does not know whether it was heard, until it hears of it, or asks again
    town.gives_up("b.example")
    town.wish("bob/phone", "again")
    town.wait(PATIENCE)
    assert said(town, "alice/phone") == ([] if what == "update" else ["One"])
    town.wish("cathy/phone", "say", text="Two")
    town.agree(*EVERYBODY)


def test_a_hub_is_restarted_from_its_rows_after_every_step():
    town = Town(acts=0)
    town.restarting = True
    for title, act, members in ACTS:
        act(town)
        if members:
            assert check(town, title, *members).problems == ()


def test_the_hub_does_not_answer_and_the_members_send_again():
    town = Town()
    # the hub's answers are lost: to a message, and to a commit
    town.lost = lambda message: (
        message.kind is Kind.RESPONSE and message.name in ("submitMessage", "update")
    )
    town.wish("bob/phone", "say", text="One")
    town.wish("bob/phone", "commit")
    town.lost = nothing
    town.gives_up("b.example")
    epoch = town.device("alice/phone").end()["epoch"]
    for _ in range(3):
        town.wish("bob/phone", "again")
    # it was taken once, and told once
    assert town.device("alice/phone").end()["epoch"] == epoch == 4
    for name in EVERYBODY:
        assert said(town, name) == ["One"]
    town.agree(*EVERYBODY)


def test_the_hub_is_not_there_and_the_members_send_again():
    town = Town()
    town.lost = lambda message: message.kind is Kind.REQUEST and message.receiver == "a.example"
    town.wish("bob/phone", "say", text="One")
    town.wish("cathy/phone", "commit")
    for provider in ("b.example", "c.example"):
        town.gives_up(provider)
    assert town.notes("bob/phone")[-1] == "not sent, send-again"
    assert town.notes("cathy/phone")[-1] == "not taken, send-again: status 502"  # no directory
    town.lost = nothing
    town.wish("bob/phone", "again")
    town.wish("cathy/phone", "again")
    for name in EVERYBODY:
        assert said(town, name) == ["One"]
    town.agree(*EVERYBODY)


def test_everybody_is_restarted_in_the_middle_of_everything():
    town = Town()
    town.held = lambda message: message.kind in (Kind.REQUEST, Kind.ANSWER, Kind.DELIVERY)
    town.wish("bob/phone", "say", text="One")
    town.wish("cathy/phone", "commit")
    town.wish("alice/laptop", "say", text="Two")
    for provider in ("a.example", "b.example", "c.example"):
        town.restarts(provider)
    for name in EVERYBODY:
        restart_handset(town.device(name))
    town.release()
    town.wait(PATIENCE)
    for name in ("bob/phone", "cathy/phone", "alice/laptop"):
        town.wish(name, "again")
    town.wait(PATIENCE)
    assert sorted(said(town, "alice/phone")) == ["One", "Two"]
    town.agree(*EVERYBODY)


def test_what_does_not_reach_a_device_of_the_hubs_own_is_delivered_again():
    town = Town(acts=3)
    town.lost = is_delivery_to("alice/laptop")
    town.wish("bob/phone", "say", text="One")
    town.lost = nothing
    assert said(town, "alice/laptop") == []
    town.begins("a.example")
    assert said(town, "alice/laptop") == ["One"]
    town.agree(*ALICES, *BOBS)
