"""A small share of the simulation of groups that use all of the drafts, with unlike members."""

import pytest
from hypothesis import HealthCheck, settings
from simulation.dice import SeededDice
from simulation.hub import agree
from simulation.kinds import KINDS, KINDS_TOGETHER, is_known
from simulation.machine import TogetherSimulation
from simulation.run import TOGETHER, gather, main, simulate
from simulation.together import Together
from simulation.traits import FULL, TRAITS, misfit
from tree.members import NOW

from mimi.mls import Held, OwnMessageEchoed, ProposalReceived
from mimi.mls.component_errors import ComponentRefusalError, UnknownComponentError

TestTogether = TogetherSimulation.TestCase
TestTogether.settings = settings(
    max_examples=40,
    stateful_step_count=20,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_every_action_is_drawn_by_both():
    drawn = {name for kind in TogetherSimulation.__mro__ for name in vars(kind)}
    assert {action.__name__ for action in TOGETHER} <= drawn


@pytest.mark.parametrize("number", range(8))
def test_runs_of_the_script(number):
    world = simulate(b"1/%d" % number, 80, together=True)
    assert world.effects["settled: all agree"] >= 1
    assert world.effects["agreed: event"] > 0
    assert {kind for kind in world.effects if not is_known(kind)} == set()


def test_a_run_depends_on_nothing_but_its_seed():
    one, another = (simulate(b"again", 40, together=True) for _ in range(2))
    assert one.effects == another.effects
    tags = [world.service.here.authenticator for world in (one, another)]
    assert tags[0] == tags[1] != b""


def test_the_script_reports_what_is_rare(capsys):
    assert main(["--runs", "1", "--steps", "5", "--least", "1", "--together"]) == 1
    said = capsys.readouterr().out
    assert "RARE blunder: ClosedPollError" in said
    assert KINDS_TOGETHER > KINDS


# That the checks find something


@pytest.fixture(scope="module")
def world():
    dice = SeededDice(3)
    world = Together(dice, b"checks")
    gather(world, dice)
    return world


def test_members_are_not_all_the_same(world):
    assert len({world.traits[person.name] for person in world.people}) > 3


def test_a_follower_that_refuses_otherwise_is_found(world):
    group = world.people[0].group
    wire = group.propose_update(now=NOW)[1]
    one, another = ComponentRefusalError("no"), UnknownComponentError("no")
    agree(group, one, ComponentRefusalError("no"), wire)
    for other in (another, Held(None), ComponentRefusalError("no", component=7)):
        with pytest.raises(AssertionError):
            agree(group, one, other, wire)


def test_a_follower_that_goes_on_where_a_member_does_not_is_found(world):
    group = world.people[0].group
    after, wire = group.propose_update(now=NOW)
    other = world.others(world.people[0])[0].group
    event = other.receive(wire, now=NOW).events[0]
    assert isinstance(event, ProposalReceived)
    agree(after, OwnMessageEchoed(group.epoch), event, wire)
    for other in (ComponentRefusalError("no"), OwnMessageEchoed(group.epoch)):
        with pytest.raises(AssertionError):
            agree(group, event, other, wire)


def test_who_supports_everything_fits(world):
    group = world.people[0].group
    assert misfit(FULL, "Zoe", group) is None
    assert misfit(TRAITS["RFC 9420"], "Zoe", group) == "extensions"
