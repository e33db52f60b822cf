"""What a follower keeps for clients, and how far these are: read when somebody asks for it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar, overload

from mimi.codec import encode
from mimi.mls.framing import PrivateMessage, PublicMessage
from mimi.mls.semiprivate import SemiPrivateMessage
from mimi.mls.welcome import Welcome
from mimi.protocol.deliveries import Entry, Limits, Place
from mimi.protocol.fanout import FanoutMessage
from mimi.protocol.message import place_of
from mimi.tree.table import Table

V = TypeVar("V")

BLOCK = 64
"""The messages of how many numbers are in one row of an index."""


class Roster(Mapping[bytes, Place]):
    """Clients and how far they are, in shards; how far all of them are is known beside these.

    Args:
        table: The clients.
        standing: How many have acknowledged up to each number, or what reads that.
        expect: Says which clients will be needed; None for all.
    """

    __slots__ = ("_expect", "_standing", "table")

    def __init__(
        self,
        table: Table[Place],
        standing: Mapping[int, int] | Callable[[], Mapping[int, int]],
        expect: Callable[[Iterable[bytes] | None], None] | None = None,
    ) -> None:
        self.table: Final = table
        self._standing = standing
        self._expect = expect

    def __getitem__(self, client: bytes) -> Place:
        self.expect((client,))
        return self.table[client]

    def __contains__(self, client: Any) -> bool:
        self.expect((client,))
        return client in self.table

    def __iter__(self) -> Iterator[bytes]:
        self.expect()
        return iter(self.table)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def standing(self) -> Mapping[int, int]:
        """How many have acknowledged up to each number."""
        if not isinstance(self._standing, Mapping):
            self._standing = self._standing()
        return self._standing

    def left(self, after: "Roster") -> set[bytes]:
        """Return the clients that are not there afterwards; it reads the shards that differ."""
        return {each for each in self.table.differing(after.table) if each not in after.table}

    def in_order(self) -> list[bytes]:
        """Return all clients in the order in which they came into the room."""
        return sorted(self, key=lambda client: (self.table[client].came, client))

    def expect(self, clients: Iterable[bytes] | None = None) -> None:
        """Say which clients will be needed, so that they can be read together; None for all."""
        if self._expect is not None:
            self._expect(clients)

    def changed(self, come: Mapping[bytes, Place], gone: Iterable[bytes] = ()) -> "Roster":
        """Return the roster with clients that are new or elsewhere, and without some."""
        left = [place for each in (*come, *gone) if (place := self.table.get(each)) is not None]
        standing = _moved(self.standing, left, come.values())
        return Roster(self.table.changed(come, gone), standing, self._expect)


def _moved(
    standing: Mapping[int, int], gone: Iterable[Place], come: Iterable[Place]
) -> dict[int, int]:
    after = dict(standing)
    for place in come:
        after[place.acknowledged] = after.get(place.acknowledged, 0) + 1
    for place in gone:
        after[place.acknowledged] -= 1
        if not after[place.acknowledged]:
            del after[place.acknowledged]
    return after


def roster_of(entries: Mapping[bytes, Place]) -> Roster:
    """Return the roster of some clients."""
    if isinstance(entries, Roster):
        return entries
    return Roster(Table.of(dict(entries)), _moved({}, (), entries.values()))


NOBODY = roster_of({})


class Note(NamedTuple):
    """What is known of a message that is kept without reading it.

    Attributes:
        number: Its number.
        octets: How long it is.
        timestamp: When the hub accepted it.
        epoch: The epoch of its group; None for a Welcome.
        to_all: Whether it goes to all.
    """

    number: int
    octets: int
    timestamp: int
    epoch: int | None
    to_all: bool


def note_of(entry: Entry) -> Note:
    """Return what is known of a message without reading it."""
    message = entry.message
    is_welcome = isinstance(message.message.body, Welcome)
    epoch = None if is_welcome else place_of_message(message)[1]
    return Note(entry.number, entry.octets, int(message.timestamp), epoch, entry.clients is None)


_PLACED = PrivateMessage | PublicMessage | SemiPrivateMessage


def place_of_message(message: FanoutMessage) -> tuple[bytes, int]:
    """Return group ID and epoch of anything but a Welcome."""
    body = message.message.body
    assert isinstance(body, _PLACED)  # noqa: S101 - nothing else is fanned out
    return place_of(body)


def bounded(latest: list[Note], limits: Limits) -> tuple[list[Note], list[Note]]:
    """Return as much as may be kept, and what is too much; both from the latest on."""
    octets = 0
    for count, note in enumerate(latest):
        octets += note.octets
        if count == limits.entries or (count and octets > limits.octets):
            return latest[:count], latest[count:]
    return latest, []


class LogSource:
    """Where messages are that were not read yet: here, nowhere.

    Attributes:
        blocks: In which blocks of the index they are.
    """

    blocks: tuple[int, ...] = ()

    def notes(self) -> tuple[Note, ...]:
        """Return what is known of all, in order."""
        return ()

    def message(self, number: int) -> FanoutMessage:
        """Return a message."""
        raise KeyError(number)

    def recipients(self, number: int) -> frozenset[bytes]:
        """Return to whom a message goes that is for some."""
        raise KeyError(number)

    def expect(self, messages: Iterable[int], recipients: Iterable[int]) -> None:
        """Say what will be needed, so that it can be read together."""


class Log(Sequence[Entry]):
    """Messages that are kept, in order: a value.

    Args:
        source: Where those are that were not read.
        length: How many there are.
        notes: What is known of all; None where the source knows it.
        fresh: Those that are not in the source.
    """

    __slots__ = ("_fresh", "_length", "_notes", "source")

    def __init__(
        self,
        source: LogSource,
        length: int,
        notes: tuple[Note, ...] | None,
        fresh: Mapping[int, Entry],
    ) -> None:
        self.source: Final = source
        self._length, self._notes, self._fresh = length, notes, fresh

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is known of all, in order."""
        if self._notes is None:
            self._notes = self.source.notes()
        return self._notes

    @property
    def blocks(self) -> tuple[int, ...]:
        """In which blocks of the index there are any."""
        if self._notes is None:
            return self.source.blocks
        return tuple(dict.fromkeys(note.number // BLOCK for note in self._notes))

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, at: int) -> Entry: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Entry, ...]: ...

    def __getitem__(self, at: int | slice) -> Entry | tuple[Entry, ...]:
        if isinstance(at, slice):
            return tuple(self._entry(note) for note in self.notes[at])
        return self._entry(self.notes[at])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Log | tuple):
            return NotImplemented
        return tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def _entry(self, note: Note) -> Entry:
        message, number = self.message(note.number), note.number
        clients = None if note.to_all else self.recipients(number)
        return Entry(number, message, clients, note.octets)

    def message(self, number: int) -> FanoutMessage:
        """Return a message."""
        fresh = self._fresh.get(number)
        return self.source.message(number) if fresh is None else fresh.message

    def recipients(self, number: int) -> frozenset[bytes]:
        """Return to whom a message goes that is for some."""
        fresh = self._fresh.get(number)
        return self.source.recipients(number) if fresh is None else fresh.clients or frozenset()

    def expect(self, messages: Iterable[int] = (), recipients: Iterable[int] = ()) -> None:
        """Say what will be needed, so that it can be read together."""
        stored = [[at for at in each if at not in self._fresh] for each in (messages, recipients)]
        self.source.expect(*stored)

    def added(self, entry: Entry) -> "Log":
        """Return the log with one more."""
        fresh = {**self._fresh, entry.number: entry}
        return Log(self.source, self._length + 1, (*self.notes, note_of(entry)), fresh)

    def only(self, kept: tuple[Note, ...]) -> "Log":
        """Return the log with some of its messages."""
        numbers = {note.number for note in kept}
        fresh = {number: each for number, each in self._fresh.items() if number in numbers}
        return Log(self.source, len(kept), kept, fresh)


def log_of(entries: Iterable[Entry]) -> Log:
    """Return the log of some messages, in order."""
    if isinstance(entries, Log):
        return entries
    listed = tuple(entries)
    index = tuple(note_of(entry) for entry in listed)
    return Log(LogSource(), len(listed), index, {entry.number: entry for entry in listed})


NOTHING = log_of(())


def entry_of(number: int, message: FanoutMessage, clients: frozenset[bytes] | None) -> Entry:
    """Return a message that is to be kept."""
    return Entry(number, message, clients, len(encode(message)))


class Later(Mapping[bytes, V]):
    """A mapping that is read as a whole when somebody asks for anything in it.

    Args:
        length: How many entries it has.
        read: What reads it.
    """

    __slots__ = ("_found", "_length", "_read")

    def __init__(self, length: int, read: Callable[[], Mapping[bytes, V]]) -> None:
        self._length, self._read = length, read
        self._found: Mapping[bytes, V] | None = None

    @property
    def _all(self) -> Mapping[bytes, V]:
        if self._found is None:
            self._found = self._read()
        return self._found

    def __getitem__(self, key: bytes) -> V:
        return self._all[key]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._all)

    def __len__(self) -> int:
        return self._length
