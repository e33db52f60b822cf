"""Notifications on their way: in order, one request at a time, until it is taken (section 5.5).

::

    room x provider:  [ in the request | waiting ... ]  --201-->  [ the next ones | ... ]

What was sent once is sent again octet for octet, since by its octets the other side knows it again:
so what joins the line meanwhile waits for the next request.

Nothing is lost, however long a provider is away; it is told when the pause is over, or as soon as
it asks about the room itself. How much waits for it is known without reading it, and whose database
that fills may give up the first of it (`Provider.skipped`): what comes of a later epoch tells the
provider's clients that they have missed something; they ask for it, and join the room anew.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Final, Self, TypeAlias, overload

import attrs

from mimi.codec import encode
from mimi.errors import UsageError
from mimi.protocol.retry import retry_in
from mimi.protocol.room import Notify

MOST_TOGETHER = 64
"""How many notifications go in one request."""
MOST_OCTETS = 1 << 20
"""How long they may be together, unless one alone is longer."""
BLOCK = 64
"""How many numbers are in a block: what does not change is shared, and passed over, by blocks."""
PATIENCE = 60_000
"""For how many milliseconds an answer is waited for, before the request is sent again: nor is a
provider that does not take it asked more often because it asks something itself."""


@attrs.frozen
class Outgoing:
    """A notification that is not taken yet.

    Attributes:
        number: Its place among those about the room to the provider.
        body: The encoded `FanoutMessage`.
    """

    number: int
    body: bytes = attrs.field(repr=False)


Blocks: TypeAlias = Mapping[int, Mapping[int, Outgoing]]
"""From blocks to the notifications in them, by their numbers."""


class Waiting(Sequence[Outgoing]):
    """Notifications in order, by their numbers, which follow each other: a value.

    Those that are stored are read when somebody asks for them. Nothing that a further notification
    brings about costs more where many thousands wait: the other side may be away for days.

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
        fresh: Blocks,
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
        return self.of(self.numbers[at])

    def of(self, number: int) -> Outgoing:
        """Return the notification of a number."""
        found = self._at_hand(number)
        if found is None:
            assert self._read is not None  # noqa: S101 - else all are there
            found = self._read(number)
        return found

    def _at_hand(self, number: int) -> Outgoing | None:
        return self._fresh.get(number // BLOCK, _NONE).get(number)

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
            self._expect(number for number in numbers if self._at_hand(number) is None)

    def _only(self, numbers: range) -> "Waiting":
        fresh = dict[int, Mapping[int, Outgoing]]()
        for block in range(numbers.start // BLOCK, -(-numbers.stop // BLOCK)):
            held, inner = self._fresh.get(block, _NONE), range(block * BLOCK, (block + 1) * BLOCK)
            if inner[0] not in numbers or inner[-1] not in numbers:
                held = {number: each for number, each in held.items() if number in numbers}
            if held:
                fresh[block] = held
        return Waiting(numbers, fresh, self._read, self._expect)

    def joined(self, number: int, body: bytes) -> "Waiting":
        """Return the notifications and a further one.

        It gets the number after theirs, also where a room was closed and another has its name.
        """
        start = self.numbers.start if self.numbers else number
        added = Outgoing(start + len(self.numbers), body)
        numbers, block = range(start, added.number + 1), added.number // BLOCK
        held = {**self._fresh.get(block, _NONE), added.number: added}
        return Waiting(numbers, {**self._fresh, block: held}, self._read, self._expect)

    def new_since(self, before: "Waiting") -> list[int]:
        """Return the numbers of those that were not there before, or were others, in order."""
        numbers = set(_outside(self.numbers, before.numbers))
        for block, held in self._fresh.items():
            theirs = before._fresh.get(block, _NONE)
            if held is not theirs:
                numbers.update(at for at, each in held.items() if each != theirs.get(at))
        return sorted(numbers)

    def gone_since(self, before: "Waiting") -> Iterable[int]:
        """Return the numbers of those that were there before, and are not any more, in order."""
        return _outside(before.numbers, self.numbers)


_NONE: Mapping[int, Outgoing] = MappingProxyType({})


def _outside(numbers: range, others: range) -> Iterable[int]:
    """Return the numbers that are not among others."""
    before = range(numbers.start, min(numbers.stop, others.start))
    return chain(before, range(max(numbers.start, others.stop), numbers.stop))


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
    fresh = dict[int, dict[int, Outgoing]]()
    for each in listed:
        fresh.setdefault(each.number // BLOCK, {})[each.number] = each
    return Waiting(numbers, fresh)


NOTHING = waiting_of(())


@attrs.frozen
class Line:
    """What is to be told about one room to one provider.

    Attributes:
        waiting: In order, with what is in the request.
        together: How many of them are in the request; 0 where there is none.
        attempts: How often it was sent.
        at: When it is to be sent again, in milliseconds since 1970-01-01T00:00Z.
        soonest: When it may be sent again if the other side is heard of meanwhile: `at` where the
            request is on its way, or the other side has asked for that time.
        unaddressed: Whether it is still to be sent: nobody knows where to.
        octets: How long all of them are.
        length: How long the request is.
    """

    waiting: Waiting = attrs.field(default=NOTHING, converter=waiting_of)
    together: int = 0
    attempts: int = 0
    at: int = 0
    soonest: int = 0
    unaddressed: bool = False
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

    def sent(self, now: int, *, unaddressed: bool = False) -> Self:
        """Return the line whose request is sent now; see `body` and `last`.

        Args:
            now: Milliseconds since 1970-01-01T00:00Z.
            unaddressed: Whether it is to be sent once somebody knows where to; see `found`.
        """
        together = self.together or _together(self.waiting)
        return attrs.evolve(
            self,
            together=together,
            attempts=self.attempts + 1,
            at=now + PATIENCE,
            soonest=now + PATIENCE,
            unaddressed=unaddressed,
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
            unaddressed=False,
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
        at = now + retry_in(max(self.attempts, 1), guidance) * 1000
        soonest = min(at, now + max((guidance or 0) * 1000, PATIENCE))
        return attrs.evolve(self, at=at, soonest=soonest, unaddressed=False)

    def found(self, now: int) -> Self:
        """Return the line whose request can be sent now, if it is `unaddressed`."""
        if not self.unaddressed:
            return self
        return attrs.evolve(self, at=now, attempts=max(self.attempts - 1, 0), unaddressed=False)

    def heard(self, now: int) -> Self:
        """Return the line whose request is sent as soon as it may be: the other side is there."""
        soonest = max(now, self.soonest)
        return attrs.evolve(self, at=soonest) if self.together and soonest < self.at else self

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
