"""Notifications on their way: in order, one request at a time, until it is taken (section 5.5).

::

    room x provider:  [ in the request | waiting ... ]  --201-->  [ the next ones | ... ]

What was sent once is sent again octet for octet, since by its octets the other side knows it again:
so what joins the line meanwhile waits for the next request.

Nothing is lost, however long a provider is away. How much waits for it is known without reading it,
and whose database that fills may give up the first of it (`Provider.skipped`): by the next commit
the provider's clients know that they have missed something, and join the room anew.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Self, overload

import attrs

from mimi.codec import encode
from mimi.errors import UsageError
from mimi.protocol.retry import retry_in
from mimi.protocol.room import Notify

MOST_TOGETHER = 64
"""How many notifications go in one request."""
MOST_OCTETS = 1 << 20
"""How long they may be together, unless one alone is longer."""
PATIENCE = 60_000
"""For how many milliseconds an answer is waited for, before the request is sent again."""


@attrs.frozen
class Outgoing:
    """A notification that is not taken yet.

    Attributes:
        number: Its place among those about the room to the provider.
        body: The encoded `FanoutMessage`.
    """

    number: int
    body: bytes = attrs.field(repr=False)


class Waiting(Sequence[Outgoing]):
    """Notifications in order, by their numbers, which follow each other: a value.

    Those that are stored are read when somebody asks for them.

    Args:
        numbers: The numbers of all.
        fresh: Those that are not stored, or were not read from there.
        read: Reads the notification of a number.
        expect: Says which will be needed, so that they can be read together.
    """

    __slots__ = ("_expect", "_fresh", "_read", "numbers")

    def __init__(
        self,
        numbers: range,
        fresh: Mapping[int, Outgoing],
        read: Callable[[int], Outgoing] | None = None,
        expect: Callable[[Iterable[int]], None] | None = None,
    ) -> None:
        self.numbers: Final = numbers
        self._fresh, self._read, self._expect = fresh, read, expect

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, at: int) -> Outgoing: ...

    @overload
    def __getitem__(self, at: slice) -> "Waiting": ...

    def __getitem__(self, at: int | slice) -> "Outgoing | Waiting":
        if isinstance(at, slice):
            return self._only(self.numbers[at])
        number = self.numbers[at]
        found = self._fresh.get(number)
        if found is None:
            assert self._read is not None  # noqa: S101 - else all are there
            found = self._read(number)
        return found

    def __iter__(self) -> Iterator[Outgoing]:
        self.expect(self.numbers)
        return (self[at] for at in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Waiting | tuple):
            return NotImplemented
        return tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def expect(self, numbers: Iterable[int]) -> None:
        """Say which will be needed, so that they can be read together."""
        if self._expect is not None:
            self._expect(number for number in numbers if number not in self._fresh)

    def _only(self, numbers: range) -> "Waiting":
        fresh = {number: each for number, each in self._fresh.items() if number in numbers}
        return Waiting(numbers, fresh, self._read, self._expect)

    def joined(self, number: int, body: bytes) -> "Waiting":
        """Return the notifications and a further one.

        It gets the number after theirs: a room that was closed and begins again counts from 0.
        """
        start = self.numbers.start if self.numbers else number
        added = Outgoing(start + len(self.numbers), body)
        numbers = range(start, added.number + 1)
        return Waiting(numbers, {**self._fresh, added.number: added}, self._read, self._expect)

    def fresh(self, number: int) -> Outgoing | None:
        """Return a notification if it is at hand."""
        return self._fresh.get(number)


def waiting_of(waiting: Iterable[Outgoing]) -> Waiting:
    """Return some notifications, in order.

    Raises:
        UsageError: One does not follow the one before it.
    """
    if isinstance(waiting, Waiting):
        return waiting
    listed = tuple(waiting)
    first = listed[0].number if listed else 0
    numbers = range(first, first + len(listed))
    if [each.number for each in listed] != list(numbers):
        raise UsageError("the numbers of notifications do not follow each other")
    return Waiting(numbers, {each.number: each for each in listed})


NOTHING = waiting_of(())


@attrs.frozen
class Line:
    """What is to be told about one room to one provider.

    Attributes:
        waiting: In order, with what is in the request.
        together: How many of them are in the request; 0 where there is none.
        attempts: How often it was sent.
        at: When it is to be sent again, in milliseconds since 1970-01-01T00:00Z.
        octets: How long all of them are.
        length: How long the request is.
    """

    waiting: Waiting = attrs.field(default=NOTHING, converter=waiting_of)
    together: int = 0
    attempts: int = 0
    at: int = 0
    octets: int = attrs.field()
    length: int = attrs.field()

    @octets.default
    def _of_all(self) -> int:
        return _length(self.waiting)

    @length.default
    def _of_request(self) -> int:
        return _length(self.waiting[: self.together])

    @property
    def last(self) -> int:
        """The number of the last notification in the request."""
        return self.waiting.numbers[self.together - 1]

    @property
    def body(self) -> bytes:
        """The body of the request."""
        return b"".join(each.body for each in self.waiting[: self.together])

    def joined(self, note: Notify) -> Self:
        """Return the line with a further notification."""
        body = encode(note.message)
        octets, joined = self.octets + len(body), self.waiting.joined(note.number, body)
        return attrs.evolve(self, waiting=joined, octets=octets)

    def is_due(self, now: int) -> bool:
        """Return whether there is a request to be sent, or to be sent again."""
        return bool(self.waiting) and (not self.together or self.at <= now)

    def sent(self, now: int) -> Self:
        """Return the line whose request is sent now; see `body` and `last`."""
        together = self.together or _together(self.waiting)
        return attrs.evolve(
            self,
            together=together,
            attempts=self.attempts + 1,
            at=now + PATIENCE,
            length=self.length or _length(self.waiting[:together]),
        )

    def taken(self, number: int) -> Self:
        """Return the line after the other side has taken the request that ends with a number."""
        if not self.together or self.last != number:
            return self
        return attrs.evolve(
            self,
            waiting=self.waiting[self.together :],
            together=0,
            attempts=0,
            octets=self.octets - self.length,
            length=0,
        )

    def refused(self, number: int, guidance: int | None, now: int) -> Self:
        """Return the line after the other side has not taken a request.

        Args:
            number: With which number the request ends.
            guidance: In how many seconds the other side wants it again, if it says so.
            now: Milliseconds since 1970-01-01T00:00Z.
        """
        if not self.together or self.last != number:
            return self
        wait = retry_in(max(self.attempts, 1), guidance)
        return attrs.evolve(self, at=now + wait * 1000)

    def found(self, at: int) -> Self:
        """Return the line whose request can be sent: it was not, nobody knew where to."""
        return attrs.evolve(self, at=at, attempts=max(self.attempts - 1, 0))

    def without_first(self, count: int) -> Self:
        """Return the line without its first notifications, which the other side never takes."""
        if count >= len(self.waiting):
            return type(self)()
        octets = self.octets - _length(self.waiting[:count])
        return type(self)(self.waiting[count:], octets=octets, length=0)


def _length(waiting: Waiting) -> int:
    return sum(len(each.body) for each in waiting)


def _together(waiting: Waiting) -> int:
    octets = 0
    for count, each in enumerate(waiting[:MOST_TOGETHER]):
        octets += len(each.body)
        if count and octets > MOST_OCTETS:
            return count
    return min(len(waiting), MOST_TOGETHER)
