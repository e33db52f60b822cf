"""Simulating providers whose users share a room, over a network that does what networks do.

    python tests/simulation/simulate_providers.py --runs 1000 --steps 60 --seed 1

Each run has three providers and five users with two devices each, and one room: persons want
whatever comes to their minds, messages are lost, overtaken and repeated, machines fail and begin
again from their rows. Then the network is calm, and all must agree; see `check`. A run depends on
nothing but the seed and its number, so that ``--first 123 --runs 1`` takes run 123 again. The exit
code is 1 if some kind of event was rarer than ``--least`` says; a run at fault is named before its
error is raised.
"""

import argparse
import sys
import time  # noqa: TID251 - how long it takes is printed
from collections import Counter
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":  # a script finds its own folder only
    sys.path[0] = str(Path(__file__).parents[1])
from simulation.dice import Dice, SeededDice
from simulation.providers_world import ROOM, USERS, Streets, Walker, uri_of

from mimi.client.state import joins
from mimi.demo.room import PROVIDERS
from mimi.policy.presets.cooperative import GROUP_ADMIN, ORDINARY_USER, SUPER_ADMIN

Wish = Callable[[Streets, Walker], None]


def _message_to(streets: Streets, walker: Walker) -> str | None:
    """Return the ID of some message that a device shows, in hexadecimal."""
    room = walker._room
    shown = [] if room is None else [each.message_id for each in room.shown]
    return streets.dice.pick(shown).hex() if shown else None


def _about(name: str) -> Wish:
    def wish(streets: Streets, walker: Walker) -> None:
        to = _message_to(streets, walker)
        if to is not None:
            text = "👍" if name == "react" else f"{name} {streets.now}"
            streets.wish(walker.name, name, text=text, to=to)

    return wish


def _to_users(name: str) -> Wish:
    def wish(streets: Streets, walker: Walker) -> None:
        user = streets.dice.pick(list(USERS))
        head = {"users": [uri_of(user)]}
        if name == "role":
            role = streets.dice.pick([ORDINARY_USER, GROUP_ADMIN, SUPER_ADMIN])
            streets.wish(walker.name, name, role=role, **head)
        else:
            streets.wish(walker.name, name, **head)

    return wish


def _alone(name: str) -> Wish:
    return lambda streets, walker: streets.wish(walker.name, name)


def _say(streets: Streets, walker: Walker) -> None:
    streets.wish(walker.name, "say", text=f"It is {streets.now}")


def _rename(streets: Streets, walker: Walker) -> None:
    streets.wish(walker.name, "rename", text=f"Room {streets.now}")


def _join(streets: Streets, walker: Walker) -> None:
    streets.wish(walker.name, "join", room=str(ROOM))


def _new_device(streets: Streets, walker: Walker) -> None:
    """Buy a device, and join with it; no user has many."""
    user = walker.name.partition("/")[0]
    count = sum(each.name.startswith(f"{user}/") for each in streets.walkers)
    if count < 4:
        name = f"{user}/device{count}"
        streets.buy(USERS[user], name)
        _join(streets, streets.walker(name))


def _fails(streets: Streets, walker: Walker) -> None:
    names = [walker.name, *PROVIDERS]
    streets.restarts(streets.dice.pick(names))


def _goes_down(streets: Streets, _: Walker) -> None:
    """Let a provider be away, or come back."""
    if streets.down:
        streets.down.clear()
    else:
        streets.down.add(streets.dice.pick(PROVIDERS))


def _forgets(streets: Streets, _: Walker) -> None:
    if streets.dice.one_in(4):
        streets.forgets(streets.dice.pick(PROVIDERS))


def _waits(streets: Streets, _: Walker) -> None:
    streets.waits(streets.dice.pick([1_000, 30_000, 60_000, 3_600_000]))


WISHES: dict[Wish, tuple[str, int]] = {
    _say: ("say", 12),
    _about("reply"): ("reply", 3),
    _about("react"): ("react", 3),
    _about("edit"): ("edit", 2),
    _about("delete"): ("delete", 1),
    _alone("commit"): ("commit", 4),
    _to_users("add"): ("add", 6),
    _alone("leave"): ("leave", 2),
    _to_users("remove"): ("remove", 2),
    _to_users("ban"): ("ban", 1),
    _to_users("unban"): ("unban", 1),
    _to_users("kick"): ("kick", 1),
    _to_users("role"): ("role", 3),
    _rename: ("rename", 2),
    _new_device: ("new device", 2),
    _join: ("join", 2),
    _alone("again"): ("again", 5),
    _alone("catchUp"): ("catch up", 3),
    _fails: ("fail", 2),
    _goes_down: ("down", 2),
    _forgets: ("forget", 1),
    _waits: ("wait", 6),
}
EVENTS = (
    "ChangeRefused",
    "Joined",
    "Kept",
    "LeaveLost",
    "MessageShown",
    "NeedsResync",
    "NotSent",
    "Passed",
    "Proposed",
    "RemovedMe",
    "RoomChanged",
)
BAG = tuple(wish for wish, (_, weight) in WISHES.items() for _ in range(weight))
KINDS = frozenset(
    (
        *(f"event: {each}" for each in EVENTS),
        *(f"lost: {each}" for each in ("request", "response", "delivery", "call", "answer")),
        *(f"twice: {each}" for each in ("request", "response", "delivery")),
        "failed after storing: Server",
        "failed after storing: Walker",
        "settled: all agree",
    )
)


def simulate(seed: bytes, steps: int, dice: Dice | None = None) -> Streets:
    """Take one run.

    Args:
        seed: What decides.
        steps: How often somebody wants something.
        dice: By what it is chosen what happens; None for the seed.
    """
    streets = begun(seed, SeededDice(seed) if dice is None else dice)
    streets.is_calm = False
    for _ in range(steps):
        step(streets)
    finish(streets)
    return streets


def begun(seed: bytes, dice: Dice) -> Streets:
    """Return a room in which Alice and Bob are, of three providers."""
    streets = Streets(seed, dice)
    for user, provider in USERS.items():
        for kind in ("phone", "laptop"):
            streets.buy(provider, f"{user}/{kind}")
    streets.drains()
    streets.wish("alice/phone", "create", room=str(ROOM))
    streets.drains()
    for user in ("alice", "bob"):
        streets.wish("alice/phone", "add", users=[uri_of(user)])
        streets.drains()
    assert len(streets.ledger.members) == 4
    return streets


def step(streets: Streets) -> None:
    """Let somebody want something, or something fail, and some messages arrive."""
    dice = streets.dice
    wish = dice.pick(BAG)
    inside = [each for each in streets.walkers if each._room is not None]
    wish(streets, dice.pick(streets.walkers if dice.one_in(4) else inside))
    streets.tally[f"wish: {WISHES[wish][0]}"] += 1
    for _ in range(dice.roll(16)):
        streets.moves()


def finish(streets: Streets) -> None:
    """Let the network be calm, and check that all agree."""
    streets.settles()
    check(streets)
    for walker in streets.walkers:
        streets.tally += walker.tally
    streets.tally["messages taken"] += len(streets.ledger.said)
    streets.tally["runs"] += 1
    if streets.room is None:
        streets.tally["settled: the room is closed"] += 1
    else:
        streets.tally["settled: all agree"] += 1
        streets.tally["epochs"] += streets.room.group.epoch


def check(streets: Streets) -> None:
    """Check that everybody has what the hub has taken, and nobody anything else."""
    ledger, hub = streets.ledger, streets.room
    for walker in streets.walkers:
        room = walker._room
        if room is None:
            continue
        name, refused = walker.name, walker.tally
        assert not any(each.startswith("refused: ") for each in refused), (name, refused)
        arrivals = [each.accepted for each in room.conversation.arrivals]
        assert len(arrivals) == len(set(arrivals)), f"{name} has something twice"
        assert ledger.said.keys() >= set(arrivals), f"{name} has what nobody has sent"
        removed = ledger.removed.get(name)
        assert removed is None or max(arrivals, default=0) < removed, f"{name} has what is later"
        epoch, _ = ledger.joined.get(name, (0, 0))
        kept = streets.forgot.get(walker.home, 0)
        owed = {
            at
            for at, said in ledger.said.items()
            if name in said.members and said.epoch >= epoch and at > kept
        }
        # who wanted to come back may have been removed before it had; of a room that is closed
        # nobody hears what became of one's last words
        if joins(room) or hub is None:
            continue
        missing = sorted(owed.difference(arrivals))
        assert not missing, f"{name} has not {[(at, ledger.said[at].epoch) for at in missing]}"
    if hub is not None:
        _check_agreement(streets)


def _check_agreement(streets: Streets) -> None:
    ledger, hub = streets.ledger, streets.room
    assert hub is not None
    members = [each for each in streets.walkers if each.name in ledger.members]
    assert len({each.room.epoch_authenticator for each in members}) == 1
    assert all(each.room.group.context == hub.group.context for each in members)
    since = max(*(ledger.joined[each.name][1] for each in members), *streets.forgot.values(), 0)
    shown = [_shown(each, since) for each in members]
    assert all(each == shown[0] for each in shown), "they show something else"
    outside = {each.name for each in streets.walkers} - ledger.members
    for name in outside:
        room = streets.walker(name)._room
        assert room is None or not room.is_member or streets.walker(name)._is_behind
        assert room is None or room.epoch_authenticator != members[0].room.epoch_authenticator
    for name in PROVIDERS:
        state = streets.server(name).state
        assert not state.outbox, f"{name} has not told everything"
        followed = state.followed.get(ROOM)
        clients = set() if followed is None else {*followed.clients}
        here = {each.device.owner.client for each in members if each.home == name}
        odd = clients ^ {str(each).encode() for each in here}
        assert not odd, f"{name} follows for others than are there: {odd}"


def _shown(walker: Walker, since: int) -> list[object]:
    """Return what a device shows of all that was said since a time.

    What changes a message that was said before is shown by those who do not have that one.
    """
    room = walker.room
    return [
        (entry.message_id, entry.author, entry.text, entry.accepted, dict(entry.tally))
        for entry in room.shown
        if entry.accepted > since
        and (found := room.find(entry.message_id)) is not None
        and found.message.replaces is None
    ]


def main(arguments: list[str]) -> int:
    """Run as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description="simulate providers that share a room")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=60, help="what is wanted in each run")
    parser.add_argument("--least", type=int, default=100, help="events of each kind")
    options = parser.parse_args(arguments)
    started, tally = time.process_time(), Counter[str]()
    for number in range(options.first, options.first + options.runs):
        try:
            tally += simulate(b"%d/%d" % (options.seed, number), options.steps).tally
        except BaseException:
            print(f"run {number} of seed {options.seed} is at fault", flush=True)
            raise
    seconds = time.process_time() - started
    print(f"{options.runs:,d} runs of {options.steps} steps, {seconds:.0f} s of processor time")
    return report(tally, options.least)


def report(tally: Counter[str], least: int) -> int:
    """Print what was counted; return the exit code."""
    for kind in sorted(tally):
        print(f"{kind:58} {tally[kind]:9,d}")
    rare = [kind for kind in sorted(KINDS) if tally[kind] < least]
    print("\n".join(f"RARE {kind}: {tally[kind]}" for kind in rare) or "everything happened")
    return 1 if rare else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
