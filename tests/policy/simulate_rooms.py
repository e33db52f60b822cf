"""Simulating rooms under random policies.

    python tests/policy/simulate_rooms.py --rooms 300 --steps 200 --seed 1

Each room is founded on a random policy that the linter accepts. Whoever may take part then does
what comes to mind; see `room_world` and `room_commits` for what is checked. A room depends on
nothing but the seed and its number, so that ``--first 123 --rooms 1`` takes room 123 again.

The exit code is 1 if some kind of action was committed less often than ``--least`` says, if fewer
than a fifth of the decisions were refusals, or if the linter accepted under 30% of the policies.
"""

import argparse
import sys
import time  # noqa: TID251 - how long it takes is printed
from collections import Counter
from pathlib import Path

if __name__ == "__main__":  # a script finds its own folder only
    sys.path[0] = str(Path(__file__).parents[1])
from policy.room_policies import ADMINISTRATORS
from policy.room_run import simulate

from mimi.policy.capability import Capability, spelling

REFUSED = 20
"""How many of 100 decisions must be refusals."""
ACCEPTED = 30
"""How many of 100 random policies the linter must accept."""


ACTIONS = (
    "add-client, of another",
    "add-client, of oneself",
    "add-client, of oneself, by a joiner",
    "add-client, of oneself, from outside",
    "add-participant, of another",
    "add-participant, of oneself, by a joiner",
    "ban",
    "ban, from outside",
    "change-base-policy",
    "change-component",
    "change-component, from outside",
    "change-extensions",
    "change-join-links",
    "change-metadata",
    "change-preauthorized",
    "change-preauthorized, from outside",
    "change-role, of another",
    "change-role, of oneself",
    "change-roles",
    "change-roles, from outside",
    "reinitialize",
    "reinitialize, from outside",
    "remove-client by SelfRemove",
    "remove-client, of another",
    "remove-client, of another, from outside",
    "remove-client, of oneself",
    "remove-component",
    "remove-participant, of another",
    "remove-participant, of another, from outside",
    "remove-participant, of oneself",
    "replace-client, by a joiner",
    "unban",
)
"""What is committed, as the tally has it."""

GROUNDS = tuple(
    capability
    for capability in (*ADMINISTRATORS, Capability.CAN_OPEN_JOIN)
    if capability not in (Capability.CAN_SEND_MESSAGE, Capability.CAN_DESTROY_ROOM)
)
"""The capabilities by which it is allowed."""

KINDS = frozenset(f"committed: {action}" for action in ACTIONS) | frozenset(
    f"granted by: {spelling(capability)}" for capability in GROUNDS
)


def main(arguments: list[str]) -> int:
    """Run as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description="simulate rooms under random policies")
    parser.add_argument("--rooms", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="the number of the first room")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=200, help="steps in each room")
    parser.add_argument("--least", type=int, default=100, help="commits of each kind of action")
    options = parser.parse_args(arguments)
    started, tally = time.process_time(), Counter[str]()
    for number in range(options.first, options.first + options.rooms):
        try:
            tally += simulate(b"%d/%d" % (options.seed, number), options.steps).tally
        except BaseException:
            print(f"room {number} of seed {options.seed} is at fault", flush=True)
            raise
    seconds = time.process_time() - started
    print(f"{options.rooms:,d} rooms of {options.steps} steps, {seconds:.0f} s of processor time")
    return report(tally, options.least)


def report(tally: Counter[str], least: int) -> int:
    """Print what was counted; return the exit code."""
    for kind in sorted(tally):
        print(f"{kind:66} {tally[kind]:9,d}")
    granted, refused = tally["decisions: granted"], tally["decisions: refused"]
    drawn, accepted = tally["policies: drawn"], tally["policies: accepted by the linter"]
    print(f"{100 * refused / (granted + refused):.1f}% of the decisions are refusals")
    print(f"{100 * accepted / drawn:.1f}% of the random policies are accepted by the linter")
    rare = [kind for kind in sorted(KINDS) if tally[kind] < least]
    print("\n".join(f"RARE {kind}: {tally[kind]}" for kind in rare) or "every action was committed")
    is_balanced = 100 * refused >= REFUSED * (granted + refused)
    return 0 if not rare and is_balanced and 100 * accepted >= ACCEPTED * drawn else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
