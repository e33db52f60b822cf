"""Providers and devices over a network that loses, repeats, overtakes, and machines that fail.

What a device and its provider tell each other stays in order, as on one connection, but for what
is pushed to the device; all else comes in any order, twice, or not at all. Whatever a machine has
not stored is gone when it fails.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
from protocol.restoring import from_rows, restart_handset
from simulation.dice import Dice
from simulation.providers_ledger import Ledger, WatchedHub

from mimi import content
from mimi.client import Event, MessageRefused, RoomStep
from mimi.client.state import Kind as Underway
from mimi.client.state import joins
from mimi.crypto import SeededEntropy
from mimi.demo.handset import Handset
from mimi.demo.machine import Kind, Machine, Message, Output
from mimi.demo.room import PROVIDERS
from mimi.demo.server import Server
from mimi.demo.world import World
from mimi.errors import MimiError
from mimi.identity import RoomUri
from mimi.protocol.consent_pairs import Consent
from mimi.protocol.deliveries import Limits
from mimi.protocol.hub import Hub
from mimi.protocol.provider_state import Fetch, ProviderStep
from mimi.protocol.room import HubRoom

ROOM = RoomUri.parse("mimi://a.example/r/clubhouse")
USERS = {
    "alice": "a.example",
    "anna": "a.example",
    "bob": "b.example",
    "ben": "b.example",
    "cathy": "c.example",
}
HOUR = 3_600_000
IN_ORDER = (Kind.CALL, Kind.RECEIPT, Kind.ANSWER)


def uri_of(user: str) -> str:
    return f"mimi://{USERS[user]}/u/{user}"


class Walker(Handset):
    """A device whose person wants more, and takes a no for an answer."""

    def __init__(self, provider: str, name: str, entropy: Any) -> None:
        super().__init__(provider, name, entropy)
        self.seen: list[Event] = []
        self.tally: Counter[str] = Counter()

    def take(self, message: Message, now: int) -> Output:
        try:
            if message.kind is Kind.WISH and message.name in MORE:
                self._head = message.head
                return MORE[message.name](self, now)
            return super().take(message, now)
        except MimiError as error:
            if message.kind is Kind.DELIVERY:
                raise
            self.tally[f"{message.kind} {message.name}: {type(error).__name__}"] += 1
            return Output()

    def _stepped(self, step: RoomStep[Any], *messages: Message) -> Output:
        for event in step.events:
            self.tally[f"event: {type(event).__name__}"] += 1
            if isinstance(event, MessageRefused):
                # who joins by a commit that another has overtaken is in no epoch of the room
                how = "refused while joining" if joins(step.room) else "refused"
                self.tally[f"{how}: {type(event.error).__name__}"] += 1
        return super()._stepped(step, *messages)


def _users(self: Handset) -> list[bytes]:
    return [each.encode() for each in self._head["users"]]


MORE: Mapping[str, Callable[[Handset, int], Output]] = {
    "remove": lambda self, now: self._changes(self.room.remove(_users(self), now=now)),
    "unban": lambda self, now: self._changes(self.room.unban(_users(self), now=now)),
    "kick": lambda self, now: self._changes(self.room.kick(_users(self), now=now)),
    "rename": lambda self, now: self._changes(self.room.rename(self._head["text"], now=now)),
    "role": lambda self, now: self._changes(
        self.room.change_roles(dict.fromkeys(_users(self), self._head["role"]), now=now)
    ),
    "delete": lambda self, now: self._sends(
        content.delete(bytes.fromhex(self._head["to"]), entropy=self.entropy), now
    ),
}
"""What else a person wants."""


class Streets(World):
    """The machines, and what is on its way between them.

    Args:
        seed: From what all keys are made.
        dice: By what everything is chosen.

    Attributes:
        ledger: What the hub has taken.
        tally: What happened.
        flying: What is on its way.
        is_calm: Whether nothing is lost, repeated or overtaken, and nobody fails.
        down: The providers that are away.
        forgot: From providers to when they have kept too little for their devices.
    """

    def __init__(self, seed: bytes, dice: Dice) -> None:
        self.dice, self.ledger, self.tally = dice, Ledger(), Counter[str]()
        self.flying: list[Message] = []
        self.is_calm = True
        self.down: set[str] = set()
        self.forgot: dict[str, int] = {}
        self._authenticators: dict[tuple[bytes, int], bytes] = {}
        super().__init__(seed)

    def _start(self, origin: str) -> None:
        entropy = SeededEntropy(self.seed).fork(origin.encode())
        device, at, provider = origin.partition("@")
        made: Machine
        if at:
            made = Walker(provider, device, entropy)
        elif origin in PROVIDERS:
            made = Server(origin, entropy)
            hub = made.provider.hub
            given = [each.name for each in attrs.fields(Hub) if each.init]
            fields = {name: getattr(hub, name) for name in given}
            watched = WatchedHub(**fields, ledger=self.ledger)
            made.provider = attrs.evolve(
                made.provider, hub=watched, consent=lambda *_: Consent.GRANTED
            )
        else:
            return
        self.machines[made.name], self.origins[made.name] = made, origin

    # What there is

    def server(self, name: str) -> Server:
        found = self.machines[name]
        assert isinstance(found, Server)
        return found

    def walker(self, name: str) -> Walker:
        found = self.machines[name]
        assert isinstance(found, Walker)
        return found

    @property
    def walkers(self) -> list[Walker]:
        return [each for each in self.machines.values() if isinstance(each, Walker)]

    @property
    def room(self) -> HubRoom | None:
        """The room at the hub; None where it is closed."""
        return self.server("a.example").state.rooms.get(ROOM)

    # The network

    def send(self, messages: Iterable[Message]) -> None:
        """Let messages set out; what a person wants is there at once."""
        for message in messages:
            if message.kind is Kind.WISH:
                self._takes(message)
            else:
                self.flying.append(message)

    def moves(self) -> None:
        """Let one message arrive, or be lost, or arrive and come again."""
        if not self.flying:
            return
        place = 0 if self.is_calm else self.dice.roll(len(self.flying))
        message = self.flying[place]
        if message.kind in IN_ORDER:
            link = message.sender, message.receiver
            place = next(
                at
                for at, each in enumerate(self.flying)
                if (each.sender, each.receiver) == link and each.kind in IN_ORDER
            )
            message = self.flying[place]
        del self.flying[place]
        if not self.is_calm and self._is_lost(message):
            self.tally[f"lost: {message.kind}"] += 1
            return
        if not self.is_calm and message.kind not in IN_ORDER and self.dice.one_in(12):
            self.tally[f"twice: {message.kind}"] += 1
            self.flying.append(message)
        self._takes(message)

    def _is_lost(self, message: Message) -> bool:
        if message.receiver in self.down:
            return True
        return self.dice.one_in(30 if message.kind in (Kind.CALL, Kind.ANSWER) else 10)

    def _takes(self, message: Message) -> None:
        self.now += 10
        machine = self.machines[message.receiver]
        output = machine.take(message, self.now)
        if isinstance(machine, Walker):
            self._looks(machine)
        if not self.is_calm and message.kind is not Kind.WISH and self.dice.one_in(40):
            self.tally[f"failed after storing: {type(machine).__name__}"] += 1
            self.restarts(message.receiver)
        else:
            self.send(output.messages)

    def _looks(self, walker: Walker) -> None:
        """Check that whoever is in an epoch has its authenticator."""
        room = walker._room
        if room is None or not room.is_member:
            return
        place = room.group.group_id, room.group.epoch
        known = self._authenticators.setdefault(place, room.epoch_authenticator)
        assert known == room.epoch_authenticator, f"{walker.name} is in another epoch {place[1]}"
        context = self.ledger.contexts.get(place)
        assert context in (None, room.group.context), f"{walker.name} has another context"

    # What becomes of machines

    def restarts(self, name: str) -> None:
        """Let a machine forget all but what it has stored; a provider delivers again."""
        machine = self.machines[name]
        if isinstance(machine, Walker):
            restart_handset(machine)
            machine._asked.clear()
            machine._posted.clear()
            machine._changing.clear()
            machine._materials.clear()
            machine._asking = None
            return
        server = self.server(name)
        server.state = from_rows(server.state, server.provider.hub)
        server.asked.clear()
        self._does(server, server.provider.resumed(server.state))

    def _does(self, server: Server, effects: Iterable[Any]) -> None:
        self.send(server.done(ProviderStep(server.state, None, tuple(effects))).messages)

    def forgets(self, name: str) -> None:
        """Let a provider keep only what came last; what else devices have not had is lost."""
        server = self.server(name)
        room = server.state.followed.get(ROOM)
        if room is not None:
            short = attrs.evolve(room, limits=Limits(entries=2, recent=1)).trimmed()
            server.state = server.state.with_followed(attrs.evolve(short, limits=room.limits))
            self.forgot[name] = self.now

    def waits(self, milliseconds: int) -> None:
        """Let time pass: whoever waits for an answer gives up, and what is due is sent."""
        self.now += milliseconds
        for name in PROVIDERS:
            if name in self.down:
                continue
            server = self.server(name)
            asked, server.asked = server.asked, {}
            for then in asked.values():
                assert not isinstance(then, Fetch)
                step = server.provider.unanswered(server.state, then, now=self.now)
                self.send(server.done(step).messages)
            step = server.provider.due(server.state, now=self.now)
            self.send(server.done(step).messages)

    # In the end

    def drains(self) -> None:
        """Let everything arrive that is on its way."""
        for _ in range(20_000):
            if not self.flying:
                return
            self.moves()
        raise AssertionError("they do not come to rest")

    def settles(self) -> None:
        """Let the network be calm, everybody catch up, and somebody commit what is pending."""
        self.is_calm, self.down = True, set()
        self.drains()
        for _ in range(12):
            self.waits(24 * HOUR)
            self.drains()
            for name in PROVIDERS:
                server = self.server(name)
                self._does(server, server.provider.resumed(server.state))
            self.drains()
            for walker in self.walkers:
                self._catches_up(walker)
            if not self._unsettled():
                return
        raise AssertionError(f"they do not settle: {self._unsettled()}")

    def _catches_up(self, walker: Walker) -> None:
        room, hub = walker._room, self.room
        is_in = hub is not None and walker.name in self.ledger.members
        is_quiet = room is None or (room.underway is None and not room.sent)
        if room is not None and not (is_quiet and room.group.is_active):
            self.wish(walker.name, "again")
            self.drains()
        room = walker._room
        if room is not None and room.group.is_active and room.underway is None:
            self.wish(walker.name, "catchUp")
            self.drains()
        room = walker._room
        comes = room is not None and joins(room)
        if comes or (is_in and (room is None or not room.is_member)):
            self.wish(walker.name, "join", room=str(ROOM))
            self.drains()
        room, hub = walker._room, self.room
        if hub is not None and hub.accepted and room is not None and room.is_member:
            self.wish(walker.name, "commit")
            self.drains()

    def _unsettled(self) -> list[str]:
        hub = self.room
        found = [f"{each} tells" for each in PROVIDERS if self.server(each).state.outbox]
        if hub is None:
            return found
        if hub.accepted:
            found.append(f"{len(hub.accepted)} pending")
        for walker in self.walkers:
            room = walker._room
            is_in = walker.name in self.ledger.members
            if is_in and (room is None or not room.is_member):
                found.append(f"{walker.name} does not know that it is in")
            elif not is_in and room is not None and room.is_member and not walker._is_behind:
                found.append(f"{walker.name} does not know that it is out")
            elif is_in and room is not None and room.group.epoch != hub.group.epoch:
                found.append(f"{walker.name} is in epoch {room.group.epoch} of {hub.group.epoch}")
            elif is_in and room is not None and (room.underway or room.sent):
                kind = room.underway.kind if room.underway else Underway.COMMIT
                found.append(f"{walker.name} waits: {kind}, {len(room.sent)} sent")
        return found
