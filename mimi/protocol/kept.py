"""What a follower keeps for clients (section 5.5), read when somebody asks for it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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
        standing: For how many nothing waits up to each number, or what reads that.
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
        """For how many nothing waits up to each number."""
        if not isinstance(self._standing, Mapping):
            self._standing = self._standing()
        return self._standing

    def left(self, after: "Roster") -> set[bytes]:
        """Return the clients that are not there afterwards; it reads the shards that differ."""
        return {each for each in self.table.differing(after.table) if each not in after.table}

    def of_users(self, is_among: Callable[[bytes], bool] | None) -> dict[bytes, Place]:
        """Return the clients of some users that are in the room, and how far they are.

        Args:
            is_among: Whether a user is one of these; None for the clients of all.
        """
        found: dict[bytes, Place] = {}
        for client in self:
            place = self.table[client]
            user = place.user or user_in(client)
            is_wanted = is_among is None or (user is not None and is_among(user))
            if is_wanted and not place.until:
                found[client] = place
        return found

    def in_order(self) -> list[bytes]:
        """Return all clients in the order in which they came into the room."""
        return sorted(self, key=lambda client: (self.table[client].came, client))

    def waiting(self, by: bytes) -> list[bytes]:
        """Return the clients that the hub has not let in yet, and join by a commit.

        Args:
            by: SHA-256 of the commit.
        """
        places = ((each, self.table[each]) for each in self)
        return [each for each, place in places if place.is_waiting and by.startswith(place.by)]

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
        after[place.floor] = after.get(place.floor, 0) + 1
    for place in gone:
        after[place.floor] -= 1
        if not after[place.floor]:
            del after[place.floor]
    return after


def user_in(client: bytes) -> bytes | None:
    """Return the user whom the canonical URI of a client names; None for none."""
    match client.split(b"/"):
        case [scheme, nothing, provider, _, user, _]:
            return b"/".join((scheme, nothing, provider, b"u", user))
    return None


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
        but_some: Whether it does not to some of all.
    """

    number: int
    octets: int
    timestamp: int
    epoch: int | None
    to_all: bool
    but_some: bool = False

    @property
    def has_names(self) -> bool:
        """Whether some clients are named, to whom it goes or does not."""
        return self.but_some or not self.to_all


def note_of(entry: Entry) -> Note:
    """Return what is known of a message without reading it."""
    message = entry.message
    is_welcome = isinstance(message.message.body, Welcome)
    epoch = None if is_welcome else place_of_message(message)[1]
    timestamp, to_all, but_some = int(message.timestamp), entry.clients is None, bool(entry.but)
    return Note(entry.number, entry.octets, timestamp, epoch, to_all, but_some)


_PLACED = PrivateMessage | PublicMessage | SemiPrivateMessage


def place_of_message(message: FanoutMessage) -> tuple[bytes, int]:
    """Return group ID and epoch of anything but a Welcome."""
    body = message.message.body
    assert isinstance(body, _PLACED)  # noqa: S101 - nothing else is fanned out
    return place_of(body)


def still_needed(log: "Log", done: Collection[int], floor: int, limits: Limits) -> list[Note]:
    """Return what somebody still needs, or may need whose Welcome is late; from the latest on.

    Args:
        log: What is kept.
        done: Numbers of messages for some that all of these have had by now.
        floor: Up to which number everybody has had everything that is for it.
        limits: How much is kept.
    """
    recent = octets = 0
    needed: list[Note] = []
    for note in reversed(log.notes):
        if not note.to_all:
            is_needed = note.number not in done
        else:
            recent, octets = recent + 1, octets + note.octets
            is_few = recent <= limits.recent and octets <= limits.recent_octets
            is_needed = is_few or note.number > floor
        if is_needed:
            needed.append(note)
    return needed


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

    def named(self, number: int) -> frozenset[bytes]:
        """Return to whom a message goes that is for some; or not, that is for all others."""
        raise KeyError(number)

    def expect(self, messages: Iterable[int], named: Iterable[int]) -> None:
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
        named = self.named(number) if note.has_names else frozenset[bytes]()
        if note.to_all:
            return Entry(number, message, None, note.octets, named)
        return Entry(number, message, named, note.octets)

    def message(self, number: int) -> FanoutMessage:
        """Return a message."""
        fresh = self._fresh.get(number)
        return self.source.message(number) if fresh is None else fresh.message

    def named(self, number: int) -> frozenset[bytes]:
        """Return to whom a message goes that is for some; or not, that is for all others."""
        fresh = self._fresh.get(number)
        return self.source.named(number) if fresh is None else fresh.clients or fresh.but

    def expect(self, messages: Iterable[int] = (), named: Iterable[int] = ()) -> None:
        """Say what will be needed, so that it can be read together."""
        stored = [[at for at in each if at not in self._fresh] for each in (messages, named)]
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


def entry_of(
    number: int,
    message: FanoutMessage,
    clients: frozenset[bytes] | None,
    but: frozenset[bytes] = frozenset(),
) -> Entry:
    """Return a message that is to be kept."""
    return Entry(number, message, clients, len(encode(message)), but)


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
