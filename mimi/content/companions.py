"""Extensions for messages from other systems (draft-mimi-content-more-extensions-00).

::

    3    senderTimestamp     when the message was sent, by the sender's own account
    4    externalMessageId   what it is called elsewhere, and where that is
    5    subject             its subject line
    256  lastSeen            in `mimi.content.last_seen`

What section 7 of the draft calls anomalies is checked by functions: a receiver may reject a message
for it, and knows best what its own system expects. Two of them need no function, because such an
extension cannot be written down: a timestamp before 1970, and a subject that is not UTF-8.
"""

from collections.abc import Container
from typing import Annotated, Self, TypeAlias

from mimi.codec.cddl import Key, Range, Refusal, Size, WrongTypeError, array, bare, entries, tagged
from mimi.content.errors import (
    DuplicateExternalIdError,
    SenderTimestampInFutureError,
    SenderTimestampJumpError,
    SenderTimestampTooEarlyError,
    UnexpectedScopeError,
)
from mimi.content.extensions import extension

MOST_SUBJECT_OCTETS = 4096
LARGEST_UINT = (1 << 64) - 1
FAR_FUTURE = 100 * 365 * 86400
"""Seconds that are dramatically in the future: the draft's example is hundreds of years."""
_BILLION = 10**9


@extension(3)
@entries
class SenderTimestamp:
    """When a message was sent, by the sender's own account (section 3).

    Attributes:
        seconds: Whole seconds since 1970.
        millisecs: Milliseconds to be added, 0..999.
        microsecs: Microseconds to be added, instead.
        nanosecs: Nanoseconds to be added, instead.
    """

    seconds: Annotated[int, Key(1)]
    millisecs: Annotated[int | None, Range(0, 999), Key(-3)] = None
    microsecs: Annotated[int | None, Range(0, 999_999), Key(-6)] = None
    nanosecs: Annotated[int | None, Range(0, 999_999_999), Key(-9)] = None

    @classmethod
    def of_milliseconds(cls, milliseconds: int) -> Self:
        """Return the timestamp of so many milliseconds since 1970."""
        seconds, millisecs = divmod(milliseconds, 1000)
        return cls(seconds, millisecs)

    def refusal(self) -> Refusal | None:
        """Return what is wrong with the fields together, if anything."""
        fractions = (self.millisecs, self.microsecs, self.nanosecs)
        if sum(fraction is not None for fraction in fractions) > 1:
            return Refusal(WrongTypeError, "more than one fraction of a second")
        return None

    @property
    def nanoseconds(self) -> int:
        """All of it, in nanoseconds since 1970."""
        fraction = (self.millisecs or 0) * 10**6 + (self.microsecs or 0) * 1000
        return self.seconds * _BILLION + fraction + (self.nanosecs or 0)

    @property
    def milliseconds(self) -> int:
        """The whole milliseconds since 1970."""
        return self.nanoseconds // 10**6


@tagged(32)
class ScopeURI:
    """A scope named by a URI."""

    uri: str


Scope: TypeAlias = Annotated[int, Range(1, LARGEST_UINT)] | str | ScopeURI
"""Whose identifiers they are: an IANA Private Enterprise Number, an Internet domain, or a URI."""


@extension(4)
@array
class ExternalMessageId:
    """What a message is called in another system (section 4).

    Attributes:
        native_id: The identifier.
        scope: The system within which it identifies.
    """

    native_id: bytes
    scope: Scope


@extension(5)
@bare
class Subject:
    """The subject of a message (section 5): 1 to 4096 octets of UTF-8."""

    text: Annotated[str, Size(1, MOST_SUBJECT_OCTETS)]


def check_sender_timestamp(
    timestamp: SenderTimestamp,
    *,
    now: int,
    earliest: int = 0,
    far_future: int = FAR_FUTURE,
    window: int | None = None,
) -> None:
    """Check that a sender's timestamp is none that only a malicious sender would send.

    Messages out of order are normal; a window of 32 days suits a system that delivers messages up
    to a month old.

    Args:
        timestamp: The sender's.
        now: Seconds since 1970: the receiver's, or those of the hub's accepted timestamp.
        earliest: When the first message known to the system was sent, in seconds since 1970.
        far_future: How many seconds after *now* are out of the question.
        window: How many seconds before or after *now* the system expects; None for any.

    Raises:
        SenderTimestampTooEarlyError: It is before *earliest*.
        SenderTimestampInFutureError: It is more than *far_future* after *now*.
        SenderTimestampJumpError: It is more than *window* before or after *now*.
    """
    if timestamp.seconds < earliest:
        raise SenderTimestampTooEarlyError(
            "sent before the first message", sent=timestamp.seconds, earliest=earliest
        )
    ahead = timestamp.nanoseconds - now * _BILLION
    if ahead > far_future * _BILLION:
        raise SenderTimestampInFutureError(
            "sent in the far future", sent=timestamp.seconds, now=now
        )
    if window is not None and abs(ahead) > window * _BILLION:
        raise SenderTimestampJumpError(
            f"sent more than {window} seconds from now", sent=timestamp.seconds, now=now
        )


def check_external_message_id(
    external_id: ExternalMessageId,
    *,
    seen: Container[ExternalMessageId],
    scopes: Container[Scope] | None = None,
) -> None:
    """Check that an external message ID is new, and of a system that is expected.

    Args:
        external_id: That of the message received.
        seen: Those of the messages before it.
        scopes: The scopes that are expected; None for any.

    Raises:
        UnexpectedScopeError: The scope is none of *scopes*.
        DuplicateExternalIdError: Another message has the same one.
    """
    check_scope(external_id, scopes)
    if external_id in seen:
        raise DuplicateExternalIdError(
            "another message has this external ID",
            native_id=external_id.native_id.hex(),
            scope=external_id.scope,
        )


def check_scope(external_id: ExternalMessageId, scopes: Container[Scope] | None) -> None:
    """Check that an external message ID is of a system that is expected.

    Raises:
        UnexpectedScopeError: The scope is none of *scopes*.
    """
    if scopes is not None and external_id.scope not in scopes:
        raise UnexpectedScopeError("an external ID of another system", scope=external_id.scope)
