"""The draft's example flow (section 3), and what it leaves out: consent, abuse, a ban."""

from collections.abc import Callable
from typing import Any

import attrs

from mimi.demo.world import World

ROOM = "mimi://a.example/r/clubhouse"
ALICE, BOB, CATHY = (
    "mimi://a.example/u/alice",
    "mimi://b.example/u/bob",
    "mimi://c.example/u/cathy",
)
PICTURE = bytes.fromhex("89504e470d0a1a0a") + bytes(range(256)) * 8
"""What is attached: the beginning of a PNG, and octets."""


@attrs.frozen
class Checkpoint:
    """Whether devices agree at some point.

    Attributes:
        name: After what.
        members: The devices that are in the room.
        others: Those that are not, or no more.
        epoch: The epoch; 0 where nobody is in the room.
        authenticator: The epoch authenticator, in hexadecimal; empty where nobody is in the room.
        problems: What is wrong; nothing, it is to be hoped.
    """

    name: str
    members: tuple[str, ...]
    others: tuple[str, ...]
    epoch: int
    authenticator: str
    problems: tuple[str, ...]


@attrs.frozen
class Outcome:
    """What became of everything.

    Attributes:
        checkpoints: Where it was looked whether all agree.
        ends: From the names of machines to the states that they are in.
    """

    checkpoints: tuple[Checkpoint, ...]
    ends: dict[str, dict[str, Any]]

    @property
    def is_good(self) -> bool:
        """Whether all who should agree do, and nobody else."""
        return bool(self.checkpoints) and not any(each.problems for each in self.checkpoints)


def check(world: World, name: str, *members: str) -> Checkpoint:
    """Look whether devices agree, each since it came into the room, and all others do not."""
    ends = {each.name: each.end() for each in world.devices}
    others = tuple(each for each in ends if each not in members)
    inside = [each for each in members if ends[each]["member"]]
    problems = [f"{each} is not in the room" for each in members if each not in inside]
    eldest = min(inside, key=lambda each: ends[each]["since"], default=None)
    if eldest is None:
        return Checkpoint(name, members, others, 0, "", tuple(problems))
    first = ends[eldest]
    for each in inside:
        end = ends[each]
        if end["authenticator"] != first["authenticator"]:
            problems.append(f"{each} is not in the epoch of {eldest}")
        elif _since(end, end["since"]) != _since(first, end["since"]):
            problems.append(f"{each} does not show what {eldest} shows")
    for each in others:
        end = ends[each]
        if end["member"] or end.get("authenticator") == first["authenticator"]:
            problems.append(f"{each} is still in the room")
    epoch, authenticator = first["epoch"], first["authenticator"]
    return Checkpoint(name, members, others, epoch, authenticator, tuple(problems))


def _since(end: dict[str, Any], time: int) -> list[Any]:
    """Return what a device shows from a time on."""
    return [each for each in end["conversation"] if each["accepted"] >= time]


def play(world: World, told: Callable[[str | Checkpoint], None] = lambda _: None) -> Outcome:
    """Play it.

    Args:
        world: Where.
        told: What is called with the name of each act before it, and each checkpoint.

    Returns:
        What became of it.
    """
    checkpoints: list[Checkpoint] = []
    for title, act, members in ACTS:
        told(title)
        act(world)
        if members:
            checkpoints.append(check(world, title, *members))
            told(checkpoints[-1])
    return Outcome(tuple(checkpoints), {each.name: each.end() for each in world.machines.values()})


# The acts


def _devices(world: World) -> None:
    for provider, user in (("a.example", "alice"), ("b.example", "bob"), ("c.example", "cathy")):
        for kind in ("phone", "laptop"):
            world.buy(provider, f"{user}/{kind}")


def _create(world: World) -> None:
    world.wish("alice/phone", "create", room=ROOM)
    world.wish("alice/phone", "add", users=[ALICE])


def _ask(world: World, device: str, requester: str, target: str, granting: str) -> None:
    """Let somebody ask for consent, and get it."""
    scope = {"requester": requester, "target": target, "room": ROOM}
    world.wish(device, "consent", operation="REQUEST", **scope)
    world.wish(granting, "consent", operation="GRANT", **scope)


def _add_bob(world: World) -> None:
    _ask(world, "alice/phone", ALICE, BOB, "bob/phone")
    world.wish("alice/phone", "add", users=[BOB])


def _add_cathy(world: World) -> None:
    _ask(world, "bob/phone", BOB, CATHY, "cathy/laptop")
    world.wish("bob/phone", "add", users=[CATHY])


def _talk(world: World) -> None:
    world.wish("cathy/phone", "say", text="Hi evrybody")
    hello = world.device("cathy/phone").said[-1].hex()
    world.wish("bob/laptop", "reply", text="Hi _Cathy_", to=hello)
    answer = world.device("bob/laptop").said[-1].hex()
    world.wish("alice/laptop", "react", text="👍", to=hello)
    world.wish("cathy/laptop", "edit", text="Hi everybody", to=hello)
    world.wish(
        "bob/phone",
        "attach",
        text="Look",
        to=answer,
        filename="clubhouse.png",
        type="image/png",
        octets=PICTURE.hex(),
    )
    world.wish("cathy/laptop", "fetch", filename="clubhouse.png")


def _leave(world: World) -> None:
    world.wish("bob/phone", "leave")
    world.wish("cathy/phone", "commit")
    world.wish("alice/phone", "say", text="Bye, Bob")


def _new_device(world: World) -> None:
    world.buy("c.example", "cathy/tablet")
    world.wish("cathy/tablet", "join", room=ROOM)
    world.wish("cathy/tablet", "say", text="From my new tablet")


def _return(world: World) -> None:
    world.wish("alice/laptop", "add", users=[BOB])
    world.wish("bob/laptop", "say", text="Buy my tokens! https://b.example/tokens")


def _ban(world: World) -> None:
    spam = world.device("bob/laptop").said[-1].hex()
    world.wish("cathy/phone", "report", user=BOB, to=spam, text="Spam")
    world.wish("alice/phone", "ban", users=[BOB])
    world.wish("bob/phone", "join", room=ROOM)
    world.wish("cathy/tablet", "say", text="Where were we?")


_ALICES = ("alice/phone", "alice/laptop")
_BOBS = ("bob/phone", "bob/laptop")
_CATHYS = ("cathy/phone", "cathy/laptop")
_ALL_CATHYS = (*_CATHYS, "cathy/tablet")

ACTS: tuple[tuple[str, Callable[[World], None], tuple[str, ...]], ...] = (
    ("Devices offer key packages", _devices, ()),
    ("Alice creates a room", _create, _ALICES),
    ("Alice adds Bob", _add_bob, (*_ALICES, *_BOBS)),
    ("Bob adds Cathy", _add_cathy, (*_ALICES, *_BOBS, *_CATHYS)),
    ("They talk", _talk, (*_ALICES, *_BOBS, *_CATHYS)),
    ("Bob leaves, in three steps", _leave, (*_ALICES, *_CATHYS)),
    ("Cathy adds a new device", _new_device, (*_ALICES, *_ALL_CATHYS)),
    ("Bob comes back, and sends spam", _return, (*_ALICES, *_BOBS, *_ALL_CATHYS)),
    ("Cathy reports Bob, Alice bans Bob", _ban, (*_ALICES, *_ALL_CATHYS)),
)
"""What happens: the title, what is done, and who must agree then."""
