"""Everybody who takes part, and what goes between them: in order, one message at a time."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import attrs

from mimi.crypto import SeededEntropy
from mimi.demo.handset import Handset
from mimi.demo.machine import Kind, Machine, Message, Output
from mimi.demo.room import ASSETS, PROVIDERS
from mimi.demo.server import AssetServer, Server

START = 1_800_000_000_000
"""When everything begins, in milliseconds since 1970-01-01T00:00Z."""
LATENCY = 10
"""How long each message is on its way, in milliseconds."""


@attrs.frozen
class Record:
    """A message that arrived, and what was noticed of it.

    Attributes:
        number: Its place, from 1.
        now: When it arrived, in milliseconds.
        message: The message.
        notes: What was noticed.
    """

    number: int
    now: int
    message: Message
    notes: tuple[str, ...]


def machine(name: str, seed: bytes) -> Machine:
    """Return a machine as it is at the beginning, by its name and the seed of all of them.

    A device's name is followed by the provider's: ``alice/phone@a.example``.
    """
    entropy = SeededEntropy(seed).fork(name.encode())
    device, at, provider = name.partition("@")
    if at:
        return Handset(provider, device, entropy)
    if name.startswith(ASSETS):
        return AssetServer(name)
    return Server(name, entropy)


class World:
    """Machines, and the messages between them.

    Args:
        seed: From what all keys are made.
        told: What is called with every message that has arrived.
    """

    def __init__(self, seed: bytes, told: Callable[[Record], None] = lambda _: None) -> None:
        self.seed, self.told, self.now = seed, told, START
        self.records: list[Record] = []
        self.machines: dict[str, Machine] = {}
        self.origins: dict[str, str] = {}
        self._waiting: deque[Message] = deque()
        for provider in PROVIDERS:
            self._start(provider)
            self._start(f"{ASSETS}{provider}")

    def buy(self, provider: str, name: str) -> None:
        """Let a user of a provider have a new device, which offers key packages."""
        self._start(f"{name}@{provider}")
        self.wish(name, "offer")

    def _start(self, origin: str) -> None:
        made = machine(origin, self.seed)
        self.machines[made.name], self.origins[made.name] = made, origin

    def device(self, name: str) -> Handset:
        """Return a device."""
        found = self.machines[name]
        assert isinstance(found, Handset)  # noqa: S101 - it is one of those that were bought
        return found

    @property
    def devices(self) -> tuple[Handset, ...]:
        """All devices."""
        return tuple(each for each in self.machines.values() if isinstance(each, Handset))

    def wish(self, device: str, what: str, **head: Any) -> None:
        """Let a person want something from a device, and everybody do what comes of it."""
        person = device.partition("/")[0]
        self.send([Message(person, device, Kind.WISH, what, head)])

    def send(self, messages: Iterable[Message]) -> None:
        """Let messages arrive, and all that comes of them, until nobody has anything to say."""
        self._waiting += messages
        while self._waiting:
            for message in self.carried(self._waiting.popleft()):
                self.now += LATENCY
                output = self.machines[message.receiver].take(message, self.now)
                record = Record(len(self.records) + 1, self.now, message, output.notes)
                self.records.append(record)
                self.told(record)
                self._waiting += self.sent(message, output)

    def carried(self, message: Message) -> Iterable[Message]:
        """Return what arrives of a message: here it always does, once."""
        return (message,)

    def sent(self, message: Message, output: Output) -> Iterable[Message]:  # noqa: ARG002 - it may depend on what was taken
        """Return what a machine sends after it has taken a message: here everything."""
        return output.messages
