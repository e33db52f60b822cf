"""The measure of the scripts: where devices do not agree, they are not said to."""

import attrs
import pytest
from protocol.town import ALICES, BOBS, CATHYS, EVERYBODY, ROOM, Town, is_delivery_to, nothing

from mimi.content import Conversation
from mimi.demo.scenario import check


@pytest.fixture
def town():
    town = Town()
    town.wish("cathy/phone", "say", text="One")
    return town


def disagree(town, *problems, members=EVERYBODY):
    assert check(town, "here", *members).problems == problems
    with pytest.raises(AssertionError):
        town.agree(*members)


def test_they_agree(town):
    town.agree(*EVERYBODY)


def shows(town, name, conversation):
    handset = town.device(name)
    handset._room = attrs.evolve(handset.room, conversation=conversation)


def test_a_device_that_shows_nothing(town):
    shows(town, "bob/laptop", Conversation(str(ROOM)))
    disagree(town, "bob/laptop does not show what alice/phone shows")


def test_a_device_that_shows_less(town):
    before = town.device("bob/laptop").room.conversation
    town.wish("cathy/phone", "say", text="Two")
    shows(town, "bob/laptop", before)
    disagree(town, "bob/laptop does not show what alice/phone shows")


def test_a_device_that_shows_more(town):
    before = town.device("alice/phone").room.conversation
    town.wish("cathy/phone", "say", text="Two")
    for name in (*ALICES, *CATHYS, "bob/phone"):
        shows(town, name, before)
    disagree(town, "bob/laptop does not show what alice/phone shows")


def test_a_device_that_shows_what_was_before_an_edit(town):
    before = town.device("bob/laptop").room.conversation
    to = town.device("cathy/phone").said[-1].hex()
    town.wish("cathy/laptop", "edit", text="1", to=to)
    shows(town, "bob/laptop", before)
    disagree(town, "bob/laptop does not show what alice/phone shows")


def test_what_was_before_a_device_joined_is_not_expected_of_it(town):
    town.buy("b.example", "bob/tablet")
    town.wish("bob/tablet", "join", room=str(ROOM))
    town.wish("cathy/phone", "say", text="Two")
    town.agree(*EVERYBODY, "bob/tablet")
    shows(town, "bob/tablet", Conversation(str(ROOM)))
    disagree(
        town,
        "bob/tablet does not show what alice/phone shows",
        members=(*EVERYBODY, "bob/tablet"),
    )


def test_a_device_that_is_behind(town):
    town.lost = is_delivery_to("bob/laptop")
    town.wish("alice/phone", "commit")
    town.lost = nothing
    disagree(town, "bob/laptop is not in the epoch of alice/phone")


def test_a_device_that_is_outside(town):
    town.wish("bob/phone", "leave")
    town.wish("cathy/phone", "commit")
    disagree(town, *(f"{name} is not in the room" for name in BOBS))


def test_a_device_that_never_joined(town):
    town.buy("b.example", "bob/tablet")
    disagree(town, "bob/tablet is not in the room", members=(*EVERYBODY, "bob/tablet"))


def test_nobody_has_joined():
    town = Town(acts=1)
    disagree(town, *(f"{name} is not in the room" for name in EVERYBODY))
    found = check(town, "here", *EVERYBODY)
    assert (found.epoch, found.authenticator) == (0, "")
