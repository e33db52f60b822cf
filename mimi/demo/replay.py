"""Replaying one machine alone, from what was written of all."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from mimi.demo.machine import Kind, Message
from mimi.demo.scenario import Outcome
from mimi.demo.world import World, machine
from mimi.errors import MimiError

FORMAT = 1


@attrs.frozen
class Replayed:
    """What became of a machine that was replayed.

    Attributes:
        taken: How many messages it got.
        sent: How many it sent, octet for octet those of the trace until there is a problem.
        problem: Where it did something else than in the trace; None for nowhere.
    """

    taken: int
    sent: int
    problem: str | None


def file_of(number: int, message: Message) -> str:
    """Return the name of the file for the octets of a message."""
    names = "-".join(
        part.replace("/", "_") for part in (message.sender, message.receiver, message.kind)
    )
    return f"{number:04d}-{names}-{message.name}.bin"


def manifest_of(world: World, outcome: Outcome) -> dict[str, Any]:
    """Return what is to be known of a trace beside the octets of its messages."""
    return {
        "format": FORMAT,
        "seed": world.seed.decode(),
        "machines": world.origins,
        "messages": [
            {
                "number": record.number,
                "now": record.now,
                "from": record.message.sender,
                "to": record.message.receiver,
                "kind": record.message.kind.value,
                "name": record.message.name,
                "head": dict(record.message.head),
                "octets": len(record.message.body),
                "file": file_of(record.number, record.message) if record.message.body else None,
            }
            for record in world.records
        ],
        "ends": outcome.ends,
    }


def replay(manifest: Mapping[str, Any], read: Callable[[str], bytes], name: str) -> Replayed:
    """Replay one machine: give it what it got, and compare what it says with what it said.

    Args:
        manifest: What is known of the trace.
        read: From the name of a file to its octets.
        name: Which machine.
    """
    alone = machine(manifest["machines"][name], manifest["seed"].encode())
    said: deque[Message] = deque()
    taken = sent = 0
    for each in manifest["messages"]:
        if each["from"] == name:
            if not said or said.popleft() != _message(each, read):
                return Replayed(taken, sent, f"message {each['number']} is another")
            sent += 1
        if each["to"] == name:
            try:
                said += alone.take(_message(each, read), each["now"]).messages
            except MimiError as error:
                return Replayed(taken, sent, f"message {each['number']}: {error}")
            taken += 1
    if said:
        return Replayed(taken, sent, f"{len(said)} messages more")
    if alone.end() != manifest["ends"][name]:
        return Replayed(taken, sent, "another end")
    return Replayed(taken, sent, None)


def _message(each: Mapping[str, Any], read: Callable[[str], bytes]) -> Message:
    body = b"" if each["file"] is None else read(each["file"])
    return Message(each["from"], each["to"], Kind(each["kind"]), each["name"], each["head"], body)
