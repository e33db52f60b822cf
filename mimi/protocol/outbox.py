"""Notifications on their way: in order, one request at a time, until it is taken (section 5.5).

::

    room x provider:  [ in the request | waiting ... ]  --201-->  [ the next ones | ... ]

What was sent once is sent again octet for octet, since by its octets the other side knows it again:
so what joins the line meanwhile waits for the next request.
"""

from typing import Self

import attrs

from mimi.codec import encode
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


@attrs.frozen
class Line:
    """What is to be told about one room to one provider.

    Attributes:
        waiting: In order, with what is in the request.
        together: How many of them are in the request; 0 where there is none.
        attempts: How often it was sent.
        at: When it is to be sent again, in milliseconds since 1970-01-01T00:00Z.
    """

    waiting: tuple[Outgoing, ...] = ()
    together: int = 0
    attempts: int = 0
    at: int = 0

    @property
    def last(self) -> int:
        """The number of the last notification in the request."""
        return self.waiting[self.together - 1].number

    @property
    def body(self) -> bytes:
        """The body of the request."""
        return b"".join(each.body for each in self.waiting[: self.together])

    def joined(self, note: Notify) -> Self:
        """Return the line with a further notification."""
        added = Outgoing(note.number, encode(note.message))
        return attrs.evolve(self, waiting=(*self.waiting, added))

    def is_due(self, now: int) -> bool:
        """Return whether there is a request to be sent, or to be sent again."""
        return bool(self.waiting) and (not self.together or self.at <= now)

    def sent(self, now: int) -> Self:
        """Return the line whose request is sent now; see `body` and `last`."""
        return attrs.evolve(
            self,
            together=self.together or _together(self.waiting),
            attempts=self.attempts + 1,
            at=now + PATIENCE,
        )

    def taken(self, number: int) -> Self:
        """Return the line after the other side has taken the request that ends with a number."""
        if not self.together or self.last != number:
            return self
        return attrs.evolve(self, waiting=self.waiting[self.together :], together=0, attempts=0)

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

    def without_first(self) -> Self:
        """Return the line without its first notification, which the other side never takes."""
        return attrs.evolve(self, waiting=self.waiting[1:], together=0, attempts=0, at=0)


def _together(waiting: tuple[Outgoing, ...]) -> int:
    octets = 0
    for count, each in enumerate(waiting[:MOST_TOGETHER]):
        octets += len(each.body)
        if count and octets > MOST_OCTETS:
            return count
    return min(len(waiting), MOST_TOGETHER)
