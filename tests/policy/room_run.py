"""The course of a simulated room: moves, drawn from a bag."""

from collections.abc import Callable
from typing import TypeAlias

from policy.room_moves import MOVES, Move, commit_pending, perform, reload, take
from policy.room_world import World
from simulation.dice import Dice, SeededDice

Step: TypeAlias = Callable[[World, Dice], None]


def taking(move: Move) -> Step:
    """Return the step that makes a move."""

    def step(world: World, dice: Dice) -> None:
        take(world, dice, move)

    step.__name__ = move.__name__
    return step


STEPS: dict[Step, int] = {
    **{taking(move): weight for move, weight in MOVES.items()},
    commit_pending: 5,
    perform: 3,
    reload: 2,
}
"""All steps, by how often they are drawn."""

BAG = tuple(step for step, weight in STEPS.items() for _ in range(weight))


def simulate(seed: bytes, steps: int) -> World:
    """Take one run.

    Args:
        seed: What decides.
        steps: How many steps.
    """
    dice = SeededDice(seed)
    world = World(dice, seed)
    for _ in range(steps):
        dice.pick(BAG)(world, dice)
        world.check()
    return world
