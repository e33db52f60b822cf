"""Simulating groups of up to eight members over a network that does what networks do.

    python tests/simulation/run.py --runs 1600 --seed 1
    python tests/simulation/run.py --runs 300 --seed 1 --least 5 --together

Each run is a group of its own: actions are drawn and taken, then the network settles and all must
agree; see `settling`, `hearing` and `ledger` for what is checked. A run depends on nothing but the
seed and its number, so that ``--first 123 --runs 1`` takes run 123 again. The exit code is 1 if
some kind of action took effect less often than ``--least`` says; a run at fault is named before
its error is raised.
"""

import argparse
import sys
import time  # noqa: TID251 - how long it takes is printed
from collections import Counter
from pathlib import Path

if __name__ == "__main__":  # a script finds its own folder only
    sys.path[0] = str(Path(__file__).parents[1])
from simulation import actions, components
from simulation.actions import Action
from simulation.blunders import blunder
from simulation.deviants import deviate
from simulation.dice import Dice, SeededDice
from simulation.kinds import KINDS, KINDS_TOGETHER
from simulation.mistakes import misuse
from simulation.service import Handshake
from simulation.settling import finish, settle, succeed
from simulation.together import Together
from simulation.world import World
from tree.members import NOW

WEIGHTS: dict[Action, int] = {
    actions.speak: 9,
    actions.shout: 2,
    actions.debate: 12,
    actions.propose: 2,
    actions.propose_outside: 1,
    actions.propose_oneself: 1,
    actions.propose_end: 1,
    actions.commit: 6,
    actions.commit_at_once: 3,
    actions.withdraw: 3,
    actions.join_from_outside: 2,
    actions.lose_everything: 1,
    actions.deliver: 8,
    actions.deliver_letters: 7,
    actions.catch_up: 6,
    actions.send: 5,
    actions.repeat: 6,
    actions.restart: 1,
    actions.inform: 3,
    misuse: 4,
}
TOGETHER: dict[Action, int] = {
    **WEIGHTS,
    components.export: 4,
    components.acknowledge: 4,
    components.whisper: 2,
    components.invite: 4,
    deviate: 12,
    blunder: 5,
}
BAG, BAG_TOGETHER = (
    tuple(action for action, weight in weights.items() for _ in range(weight))
    for weights in (WEIGHTS, TOGETHER)
)


def simulate(seed: bytes | int, steps: int, *, together: bool = False) -> World:
    """Take one run.

    Args:
        seed: What decides.
        steps: How many actions.
        together: Whether the group uses all of the drafts.
    """
    dice: Dice = SeededDice(seed)
    world, bag = (Together, BAG_TOGETHER) if together else (World, BAG)
    return _taken(world(dice, seed), dice, bag, steps)


def _taken(world: World, dice: Dice, bag: tuple[Action, ...], steps: int) -> World:
    gather(world, dice)
    for _ in range(steps):
        dice.pick(bag)(world, dice)
        if world.service.closed and dice.one_in(8):
            settle(world, dice)
            succeed(world, dice)
    finish(world, dice)
    return world


def gather(world: World, dice: Dice) -> None:
    """Let the founder add some people, and let them come."""
    founder = world.people[0]
    assert founder.group is not None
    group = founder.group
    invited = world.fitting(dice.some(world.people[1:], 6), group)
    draft = group.commit(now=NOW, add=[person.offers(dice) for person in invited])
    founder.group = draft.hold()
    founder.outbox.append(Handshake.of(draft))
    founder.store()
    actions.send(world, dice)
    actions.catch_up(world, dice)


def main(arguments: list[str]) -> int:
    """Run as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description="simulate groups")
    parser.add_argument("--together", action="store_true", help="groups that use all of the drafts")
    parser.add_argument("--runs", type=int, default=1600)
    parser.add_argument("--first", type=int, default=0, help="the number of the first run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=120, help="actions in each run")
    parser.add_argument("--least", type=int, default=100, help="effects of each kind of action")
    options = parser.parse_args(arguments)
    started = time.process_time()
    effects: Counter[str] = Counter()
    sealed = 0
    for number in range(options.first, options.first + options.runs):
        try:
            seed = b"%d/%d" % (options.seed, number)
            world = simulate(seed, options.steps, together=options.together)
        except BaseException:
            print(f"run {number} of seed {options.seed} is at fault", flush=True)
            raise
        effects += world.effects
        sealed += world.ledger.size
    kinds = KINDS_TOGETHER if options.together else KINDS
    seconds = time.process_time() - started
    return report(effects, sealed, options.runs, options.least, seconds, kinds)


def report(
    effects: Counter[str],
    sealed: int,
    runs: int,
    least: int,
    seconds: float,
    kinds: frozenset[str] = KINDS,
) -> int:
    """Print what took effect; return the exit code."""
    for kind in sorted(kinds | effects.keys()):
        print(f"{kind:66} {effects[kind]:9,d}")
    print(f"{runs:,d} runs, {sealed:,d} encryptions, {seconds:.0f} s of processor time")
    rare = sorted(kind for kind in kinds if effects[kind] < least)
    print("\n".join(f"RARE {kind}: {effects[kind]}" for kind in rare) or "every kind took effect")
    return 1 if rare else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
