"""A small share of the simulated rooms, and that they would show what they look for."""

from collections import Counter
from collections.abc import Callable
from itertools import count

import attrs
import pytest
from hypothesis import HealthCheck, settings
from policy.room_commits import Commits, Plan
from policy.room_machine import RoomMachine
from policy.room_people import PEOPLE
from policy.room_plans import Part, change_role
from policy.room_policies import charter
from policy.room_recount import lost_minima
from policy.room_run import BAG, STEPS, simulate
from policy.room_world import World
from policy.simulate_rooms import KINDS, main, report
from simulation.dice import SeededDice

from mimi.policy.lint import is_acceptable, lint
from mimi.policy.policy import RoomPolicy, room_data
from mimi.policy.structures import Role, RoleData

TestRooms = RoomMachine.TestCase
TestRooms.settings = settings(
    max_examples=150,
    stateful_step_count=30,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_every_step_is_drawn_by_both():
    assert {step.__name__ for step in STEPS} <= vars(RoomMachine).keys()
    assert len({step.__name__ for step in STEPS}) == len(STEPS)
    assert set(BAG) == STEPS.keys()


@pytest.mark.parametrize("number", range(8))
def test_runs_of_the_script(number):
    world = simulate(b"1/%d" % number, 80)
    assert world.tally["decisions: granted"] > 0
    assert world.tally["decisions: refused"] > 0


def test_a_run_depends_on_nothing_but_its_seed():
    one, another = simulate(b"again", 40), simulate(b"again", 40)
    assert one.tally == another.tally
    assert one.server.context == another.server.context


def test_the_linter_accepts_many_random_policies_and_not_all():
    drawn = [RoomPolicy.of(room_data(charter(SeededDice(seed)).components)) for seed in range(200)]
    accepted = sum(is_acceptable(lint(policy)) for policy in drawn)
    assert 60 <= accepted < 200


# It would find what it looks for


def world_with(wanted: Callable[[World], bool]) -> World:
    """Return the first world in which something is so."""
    worlds = (simulate(b"busy/%d" % seed, 30) for seed in count())
    return next(world for world in worlds if wanted(world))


def test_a_member_that_judges_nothing_is_found():
    world = world_with(lambda world: len({device.user for device in world.inside}) > 1)
    sleeper, others = world.inside[0], world.inside[1:]
    other = next(device for device in others if device.user != sleeper.user)
    plan = Plan("promotion", other, [Part(other, [change_role(sleeper.user, 99)])])
    assert not Commits(world).attempt(plan)
    sleeper.group = sleeper.here.with_settings(world.cheating)
    with pytest.raises(AssertionError):
        Commits(world).attempt(plan)


def test_a_hub_that_counts_wrongly_is_found():
    world = world_with(lambda world: len(world.inside) > 1)
    miscounted = world.room.after(clients={world.inside[0].user.encode(): 1})
    world.server.state.memo[world.rooms] = miscounted
    with pytest.raises(AssertionError):
        world.check()


def test_a_banned_user_with_a_client_is_found():
    recount = world_with(lambda world: world.recount.bans(1)).recount
    banned = attrs.evolve(recount, entries=((PEOPLE[0], 1),), clients={PEOPLE[0]: 1})
    assert "banned-client" in banned.broken()


def test_a_client_of_nobody_is_found():
    recount = world_with(lambda world: True).recount
    assert "client-without-participant" in attrs.evolve(recount, entries=()).broken()


def test_a_minimum_that_is_no_longer_reached_is_found():
    recount = world_with(lambda world: len(world.recount.clients) > 1).recount
    user = next(iter(recount.clients))
    role = recount.listed[user]
    roles = RoleData((Role(role, b"", minimum_active_participants_constraint=9),))
    before = attrs.evolve(recount, roles=roles)
    assert lost_minima(before, before) == []
    assert lost_minima(before, attrs.evolve(before, clients={})) == [role]


# The script


def test_the_script_says_what_was_committed_too_rarely(capsys):
    assert main(["--rooms", "2", "--steps", "30", "--least", "0"]) == 0
    assert main(["--rooms", "1", "--steps", "5"]) == 1
    printed = capsys.readouterr().out
    assert "every action was committed" in printed
    assert "RARE committed: unban" in printed


@pytest.mark.parametrize(
    ("refused", "accepted", "code"), [(25, 30, 0), (24, 30, 1), (25, 29, 1), (90, 100, 0)]
)
def test_the_script_wants_refusals_and_accepted_policies(refused, accepted, code, capsys):
    tally = Counter(dict.fromkeys(KINDS, 100))
    tally["decisions: granted"], tally["decisions: refused"] = 100, refused
    tally["policies: drawn"], tally["policies: accepted by the linter"] = 100, accepted
    assert report(tally, 100) == code
    assert "every action was committed" in capsys.readouterr().out
