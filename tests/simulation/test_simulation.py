"""A small share of the simulation, and that it would find what it looks for.

Hypothesis draws the actions, and shrinks to the shortest course that goes wrong; some runs of the
script follow, in which everything is drawn from a seed.
"""

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from simulation.dice import SeededDice
from simulation.hearing import unharmed
from simulation.kinds import CHANCES, KINDS
from simulation.ledger import recording_suite
from simulation.machine import Simulation
from simulation.reading import Reading
from simulation.run import WEIGHTS, main, report, simulate
from simulation.world import World
from tree.members import NOW

from mimi.mls import Window
from mimi.mls.errors import GenerationTooFarError, KeyConsumedError

TestSimulation = Simulation.TestCase
TestSimulation.settings = settings(
    max_examples=160,
    stateful_step_count=30,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_every_action_is_drawn_by_both():
    assert {action.__name__ for action in WEIGHTS} <= vars(Simulation).keys()


@pytest.mark.parametrize("number", range(12))
def test_runs_of_the_script(number):
    world = simulate(b"1/%d" % number, 80)
    assert world.effects["settled: all agree"] >= 1
    assert world.effects.keys() <= KINDS | CHANCES


def test_a_run_depends_on_nothing_but_its_seed():
    one, another = simulate(b"again", 40), simulate(b"again", 40)
    assert one.effects == another.effects
    tags = [world.service.here.authenticator for world in (one, another)]
    assert tags[0] == tags[1] != b""


def test_the_script_reports_what_is_rare(capsys):
    assert main(["--runs", "1", "--steps", "5", "--least", "1"]) == 1
    assert "RARE commit: held, withdrawn" in capsys.readouterr().out
    assert report(Counter(dict.fromkeys(KINDS, 100)), 7, 1, 100, 0.5) == 0
    assert "every kind took effect" in capsys.readouterr().out


# That the checks find something


def test_a_key_that_is_used_twice_is_found():
    suite, _ = recording_suite()
    key, nonce = bytes(suite.nk), bytes(suite.nn)
    suite.aead_seal(key, nonce, b"", b"yes")
    suite.aead_seal(key, nonce, b"", b"yes")
    suite.aead_seal(key, bytes(11) + b"1", b"", b"no")
    with pytest.raises(AssertionError):
        suite.aead_seal(key, nonce, b"", b"no")
    with pytest.raises(AssertionError):
        suite.aead_seal(key, nonce, b"aad", b"yes")


def test_a_sender_that_forgets_that_it_sent_is_found():
    world = World(SeededDice(0))
    group = world.people[0].group
    world.ledger.send(group.protect(b"yes")[1])
    with pytest.raises(AssertionError):
        world.ledger.send(group.protect(b"no")[1])


def test_a_group_that_changes_is_found():
    group = World(SeededDice(0)).people[0].group
    with pytest.raises(AssertionError), unharmed(group):
        object.__setattr__(group, "sent_octets", 1)


def test_people_who_disagree_are_found():
    world = World(SeededDice(0))
    group = world.people[0].group
    world.service.here.agrees_with(group)
    other = world.people[0].client.create_group(b"0", now=NOW, extensions=group.extensions)
    with pytest.raises(AssertionError):
        world.service.here.agrees_with(other)


def test_how_far_a_sender_can_be_read():
    reading = Reading(Window(ahead=4, kept=2, behind=3))
    assert reading.refusal(5) is GenerationTooFarError
    assert reading.refusal(4) is None
    reading.read(4)
    assert [reading.refusal(at) for at in range(5)] == [
        KeyConsumedError,
        KeyConsumedError,
        None,
        None,
        KeyConsumedError,
    ]
    reading.read(6)
    assert reading.kept == {3, 5}
    reading.read(3)
    assert reading.refusal(3) is KeyConsumedError
