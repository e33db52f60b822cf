"""A small share of the simulation of providers, and that it would find what it looks for."""

from collections import Counter

import attrs
import pytest
from simulation.dice import SeededDice
from simulation.providers_world import ROOM, Streets
from simulation.simulate_providers import KINDS, begun, check, main, report, simulate

from mimi.content.conversation import Conversation
from mimi.protocol.outbox import Line, Outgoing


@pytest.mark.parametrize("number", range(8))
def test_runs_of_the_script(number):
    streets = simulate(b"ci/%d" % number, 40)
    assert streets.tally["runs"] == 1
    assert not any(each.startswith("refused: ") for each in streets.tally)


def test_a_run_depends_on_nothing_but_its_seed():
    one, another = simulate(b"again", 20), simulate(b"again", 20)
    assert one.tally == another.tally
    assert one.ledger.said == another.ledger.said


def test_the_script_reports_what_is_rare(capsys):
    assert main(["--runs", "1", "--steps", "2", "--least", "1"]) == 1
    assert "RARE event: LeaveLost" in capsys.readouterr().out
    assert report(Counter(dict.fromkeys(KINDS, 100)), 100) == 0
    assert "everything happened" in capsys.readouterr().out


# That the checks find something


@pytest.fixture
def streets() -> Streets:
    """Return a room in which something was said, and all agree."""
    streets = begun(b"calm", SeededDice(b"calm"))
    for name in ("alice/phone", "bob/laptop"):
        streets.wish(name, "say", text=f"{name} is here")
        streets.drains()
    streets.settles()
    check(streets)
    return streets


def test_a_message_that_somebody_has_not(streets):
    walker = streets.walker("bob/phone")
    walker._room = attrs.evolve(walker.room, conversation=Conversation(str(ROOM)))
    with pytest.raises(AssertionError, match="bob/phone has not"):
        check(streets)


def test_a_message_that_nobody_has_sent(streets):
    streets.ledger.said.popitem()
    with pytest.raises(AssertionError, match="has what nobody has sent"):
        check(streets)


def test_a_message_that_comes_after_the_removal(streets):
    streets.ledger.removed["bob/phone"] = min(streets.ledger.said)
    with pytest.raises(AssertionError, match="bob/phone has what is later"):
        check(streets)


def test_a_device_that_is_behind(streets):
    walker = streets.walker("bob/phone")
    late = walker.room
    streets.wish("alice/phone", "commit")
    streets.drains()
    walker._room = late
    assert streets._unsettled() == ["bob/phone is in epoch 2 of 3"]
    with pytest.raises(AssertionError):
        check(streets)


def test_an_epoch_of_ones_own(streets):
    alice, bob = streets.walker("alice/phone"), streets.walker("bob/phone")
    place = bob.room.group.group_id, bob.room.group.epoch
    assert streets._authenticators[place] == alice.room.epoch_authenticator
    streets._authenticators[place] = bytes(32)
    with pytest.raises(AssertionError, match="bob/phone is in another epoch"):
        streets._looks(bob)
    streets._authenticators[place] = bob.room.epoch_authenticator
    streets.ledger.contexts[place] = None
    streets._looks(bob)
    streets.ledger.contexts[place] = alice.room.group
    with pytest.raises(AssertionError, match="bob/phone has another context"):
        streets._looks(bob)


def test_a_provider_that_has_not_told_everything(streets):
    server = streets.server("a.example")
    line = Line(waiting=(Outgoing(0, b""),))
    server.state = server.state.with_line(ROOM, ROOM.provider, line)
    with pytest.raises(AssertionError, match=r"a\.example has not told everything"):
        check(streets)


def test_a_provider_that_follows_for_nobody(streets):
    server = streets.server("b.example")
    client = b"mimi://b.example/d/ben/phone"
    room = server.state.followed[ROOM].joined(client, now=streets.now)
    server.state = server.state.with_followed(room)
    with pytest.raises(AssertionError, match=r"b\.example follows for others"):
        check(streets)


def test_who_does_not_settle(streets):
    streets.ledger.members |= {"cathy/phone"}
    streets.ledger.members -= {"bob/phone"}
    assert streets._unsettled() == [
        "bob/phone does not know that it is out",
        "cathy/phone does not know that it is in",
    ]
