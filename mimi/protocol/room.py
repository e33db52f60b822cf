"""A room as its hub keeps it: an immutable value, and what a step does to it (section 4.3.1).

::

    HubRoom, request, now --> HubRoom, response, effects

The caller stores the room and the outgoing notifications in one transaction, answers, and then
sends: so nothing that was accepted is lost, whatever fails.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Generic, TypeAlias, TypeVar

import attrs

from mimi.identity import Domain, RoomUri
from mimi.mls import PublicGroup
from mimi.mls.message import MLSMessage
from mimi.mls.state import changed, quick
from mimi.protocol.audience import NO_AUDIENCE, Audience
from mimi.protocol.fanout import FanoutMessage
from mimi.protocol.recent import Recent
from mimi.protocol.submit import Frank

K = TypeVar("K")
R = TypeVar("R")
V = TypeVar("V")

_NAME = "room"
RECENT = 256
"""How many messages and updates a hub remembers, should a provider send them again."""


def copied(table: Mapping[K, V]) -> dict[K, V]:
    """Return a copy of a mapping that may be changed; of what most are, in one step."""
    return table.copy() if isinstance(table, MappingProxyType) else dict(table)


@attrs.frozen
class Notify:
    """A notification that goes to a provider: stored with the room, then sent until it is taken.

    Attributes:
        room: The room.
        provider: To whom; the hub's own domain for its own users.
        number: Its place among those to this provider; they are sent in this order. The first
            follows the time: so a late answer about a room that was closed says nothing about one
            that has its name.
        message: What happened.
    """

    room: RoomUri
    provider: Domain
    number: int
    message: FanoutMessage


@attrs.frozen
class Cascade:
    """Users have left the room: rooms that depend on it must remove them as well.

    Attributes:
        parent: The room.
        removed: Who left.
    """

    parent: RoomUri
    removed: tuple[bytes, ...]


@attrs.frozen
class Closed:
    """The room has no client left and does not persist: nobody can come back."""

    room: RoomUri


Effect: TypeAlias = Notify | Cascade | Closed


@attrs.frozen
class Accepted:
    """A proposal that the hub accepted in the present epoch.

    Attributes:
        message: As it was received.
        timestamp: When, in milliseconds since 1970-01-01T00:00Z.
        reference: By what a commit refers to it.
    """

    message: MLSMessage
    timestamp: int
    reference: bytes


@attrs.frozen
class Destination:
    """Where the key package of a client that may be added came from.

    Attributes:
        provider: Who gets the Welcome for it.
        not_after: When it may be forgotten, in seconds since 1970-01-01T00:00Z.
    """

    provider: Domain
    not_after: int


@attrs.frozen
class Taken:
    """What was answered to a message or an update, should it come again.

    Attributes:
        timestamp: When it was accepted, in milliseconds since 1970-01-01T00:00Z.
        by: Who sent a message; the provider that sent an update.
        frank: The hub's stamp; None for none.
    """

    timestamp: int
    by: bytes
    frank: Frank | None = None


@quick
@attrs.frozen(eq=False, repr=False)
class HubRoom:
    """A room at its hub.

    Attributes:
        uri: The room.
        group: Its group.
        accepted: The proposals of the epoch, in the order in which they came.
        destinations: From references of key packages to where they came from.
        numbers: From providers to the number of their next notification.
        timestamp: When the hub last accepted something, in milliseconds.
        wanted: From users to the role that the hub itself wants them to have, until they have it:
            0 for those who are to go, and 1 for those who are to be banned.
        audience: Who gets what in this epoch.
        recent: From SHA-256 of what was accepted lately to what was answered, oldest first.
        is_vacant: Whether a room that persists has no clients, and waits for a new group.
    """

    uri: RoomUri
    group: PublicGroup
    accepted: tuple[Accepted, ...] = ()
    destinations: Mapping[bytes, Destination] = MappingProxyType({})
    numbers: Mapping[Domain, int] = MappingProxyType({})
    timestamp: int = 0
    wanted: Mapping[bytes, int] = MappingProxyType({})
    audience: Audience = NO_AUDIENCE
    recent: Mapping[bytes, Taken] = Recent({})
    is_vacant: bool = False

    def __repr__(self) -> str:
        return f"HubRoom({self.uri}, epoch {self.group.epoch})"

    def is_cut_off(self, user: bytes) -> bool:
        """Return whether nothing is taken from a user but what takes out its own clients."""
        return user in self.audience.cut_off or user in self.wanted

    def remembering(self, digest: bytes, taken: Taken) -> "HubRoom":
        """Return the room that has accepted something, and knows it should it come again."""
        recent = Recent.of(self.recent).remembering(digest, taken, RECENT)
        return changed(self, recent=recent, timestamp=taken.timestamp)

    def notified(
        self, providers: Iterable[Domain], message: FanoutMessage
    ) -> tuple["HubRoom", tuple[Notify, ...]]:
        """Return the room that has numbered a message for some providers, and the notifications."""
        numbers, made = self._numbered(providers, message)
        return changed(self, numbers=numbers), made

    def with_message(
        self, digest: bytes, taken: Taken, message: FanoutMessage
    ) -> tuple["HubRoom", tuple[Notify, ...]]:
        """Return the room that has taken an application message, and the notifications of it.

        It is `remembering` and `notified` at once, since this is what a hub does most.
        """
        numbers, made = self._numbered(self.audience.receivers, message)
        recent = Recent.of(self.recent).remembering(digest, taken, RECENT)
        room = changed(self, numbers=numbers, recent=recent, timestamp=taken.timestamp)
        return room, made

    def _numbered(
        self, providers: Iterable[Domain], message: FanoutMessage
    ) -> tuple[Mapping[Domain, int], tuple[Notify, ...]]:
        numbers, made, uri = copied(self.numbers), [], self.uri
        for provider in providers:
            number = numbers.get(provider) or message.timestamp
            numbers[provider] = number + 1
            made.append(Notify(uri, provider, number, message))
        return MappingProxyType(numbers), tuple(made)

    @property
    def name(self) -> bytes:
        """The room's URI as it stands in bodies."""
        memo = self.group.state.memo
        name: bytes | None = memo.get(_NAME)
        if name is None:
            name = memo[_NAME] = str(self.uri).encode()
        return name

    def at(self, now: int) -> int:
        """Return when the hub accepts something now: no two events of a room have one time.

        Args:
            now: Milliseconds since 1970-01-01T00:00Z.
        """
        return max(now, self.timestamp + 1)


@attrs.frozen
class HubStep(Generic[R]):
    """The outcome of a request.

    Attributes:
        room: The room after it; the same value where nothing changed.
        response: What to answer.
        effects: What else to do, in order.
    """

    room: HubRoom
    response: R
    effects: tuple[Effect, ...] = ()
