"""What a receiver refuses although it is well-formed (draft-ietf-mimi-content-08 section 9.1).

Such messages make no sense and are most likely malicious: log them, and show nothing. What is
wrong with a message by itself is refused by `mimi.content.message.decode` already: unknown hash
algorithms, long topics, too many parts, parts too deep, too large, unknown semantics.

None of these is wrong, and nothing refuses them: a reply to, or a new version of, a message that
is not known here, which may be older than our membership; a disposition, a content type or a
language that is not known here.
"""

from collections.abc import Callable, Container

from mimi.content.errors import (
    DuplicateMessageIdError,
    ExpiredLongAgoError,
    ExpiresTooLateError,
    RoomUriError,
    SenderNotMemberError,
    SenderUriError,
    TimestampBeforeFormatError,
    TimestampBeforeRoomError,
    TimestampInFutureError,
)
from mimi.content.model import Expiration, Message
from mimi.identity.errors import IdentifierError
from mimi.identity.uri import canonical

FORMAT_PUBLISHED = 1_713_830_400
"""2024-04-23T00:00Z: draft-ietf-mimi-content-03, the first with a concrete syntax."""

TOLERANCE = 5 * 60
"""A few minutes, in seconds: by how much the hub's clock may be ahead of ours."""

YEAR = 365 * 24 * 60 * 60
"""A year, in seconds; in leap years too."""


def check_received(  # noqa: PLR0913 - each rule needs another fact
    message: Message,
    *,
    message_id: bytes,
    accepted: int,
    now: int,
    sender_is_member: bool,
    known: Container[bytes] | Callable[[bytes], bool],
    room_created: int | None,
    format_published: int = FORMAT_PUBLISHED,
    tolerance: int = TOLERANCE,
    sender: str | None = None,
    room: str | None = None,
) -> None:
    """Check that a message makes sense where and when it was received.

    Args:
        message: The message.
        message_id: Its ID.
        accepted: When the hub accepted it, in milliseconds since 1970.
        now: The time, in seconds since 1970.
        sender_is_member: Whether its sender was in the group when it was sent.
        known: The IDs of the messages that were received before, or a function that knows them.
        room_created: When the room was created, in seconds since 1970; None where unknown.
        format_published: Since when there have been such messages, in seconds since 1970. Who
            receives messages that a gateway converted may have to say 0.
        tolerance: By how many seconds the hub's clock may be ahead.
        sender: The URI of the sender, as MLS and the hub know it, to be compared with that in the
            message, if there is one; None where it is not known. Of a pseudonym it is the URI by
            which the room knows it.
        room: The same of the room.

    Raises:
        SenderNotMemberError: The sender was not.
        DuplicateMessageIdError: The ID is known.
        TimestampInFutureError: It was accepted later than *now* and the tolerance.
        TimestampBeforeFormatError: It was accepted before *format_published*.
        TimestampBeforeRoomError: It was accepted before *room_created*.
        ExpiredLongAgoError: It expired more than a year before *now*.
        ExpiresTooLateError: It expires more than a year after *now*, or after it is read.
        SenderUriError: It names another sender.
        RoomUriError: It names another room.
    """
    if not sender_is_member:
        raise SenderNotMemberError("the sender is no member", message_id=message_id.hex())
    if message_id in known if isinstance(known, Container) else known(message_id):
        raise DuplicateMessageIdError("the message ID is known", message_id=message_id.hex())
    _check_accepted(accepted, now + tolerance, format_published, room_created)
    if message.expires is not None:
        _check_expires(message.expires, now)
    named = message.extensions.sender_uri
    if _differs(named, sender):
        raise SenderUriError("another sender is named", named=named, sender=sender)
    named = message.extensions.room_uri
    if _differs(named, room):
        raise RoomUriError("another room is named", named=named, room=room)


def _differs(named: str | None, known: str | None) -> bool:
    return named is not None and known is not None and _canonical(named) != _canonical(known)


def _canonical(uri: str) -> str:
    """Return the form in which URIs are compared: that of other schemes is not known here."""
    try:
        return canonical(uri)
    except IdentifierError:
        return uri


def _check_accepted(accepted: int, latest: int, published: int, created: int | None) -> None:
    if accepted > latest * 1000:
        raise TimestampInFutureError(
            "accepted in the future", accepted=accepted, latest=latest * 1000
        )
    if accepted < published * 1000:
        raise TimestampBeforeFormatError(
            "accepted before there was such a format",
            accepted=accepted,
            format_published=published,
        )
    if created is not None and accepted < created * 1000:
        raise TimestampBeforeRoomError(
            "accepted before there was such a room", accepted=accepted, room_created=created
        )


def _check_expires(expires: Expiration, now: int) -> None:
    ahead = expires.time if expires.relative else expires.time - now
    if ahead < -YEAR:
        raise ExpiredLongAgoError("expired more than a year ago", expires=expires.time, now=now)
    if ahead > YEAR:
        raise ExpiresTooLateError(
            "expires in more than a year",
            expires=expires.time,
            relative=expires.relative,
            now=now,
        )
