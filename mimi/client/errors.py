"""What a device cannot do, and what it does not believe: one class for each."""

from typing import Self

from mimi.errors import ForbiddenError, InvalidError, UsageError
from mimi.protocol.http import Refused

PROTOCOL = "draft-ietf-mimi-protocol-06"


class NoMemberError(UsageError):
    """The device is not in the room: not yet, or not any more."""


class UnderwayError(UsageError):
    """A change of one's own is on its way to the hub, or waits for what the hub sends first."""

    rule = "RFC 9420 section 14"


class LeavingError(UsageError):
    """The user is leaving: nothing more is taken from its clients."""

    rule = f"{PROTOCOL} section 5.3"


class SentTwiceError(UsageError):
    """A message was sent already."""


class NoWayInError(ForbiddenError):
    """The room has no role for somebody who joins."""

    rule = "draft-ietf-mimi-room-policy-03 section 8.1.1"


class UnreadableError(ForbiddenError):
    """Some members cannot read a message: they do not say that they read its media types."""

    rule = "draft-ietf-mls-extensions-10 section 6.2"


class NoKeyPackageError(ForbiddenError):
    """No client of a user who is to be added has given a key package: the answer says why."""

    rule = f"{PROTOCOL} section 5.2"


class GroupInfoRefusedError(ForbiddenError):
    """The hub does not give the group info of a room: ``code`` says why."""

    rule = f"{PROTOCOL} section 5.6"


class RefusedError(ForbiddenError):
    """What was asked for has no answer but a status: ``status``, and whether it ``is_final``."""

    rule = f"{PROTOCOL} section 5"

    @classmethod
    def of(cls, refused: Refused) -> Self:
        """Return the error that a status is, where there should be an answer."""
        status, is_final = refused.status, refused.is_final
        after = refused.retry_after
        return cls(f"status {status}", status=status, is_final=is_final, retry_after=after)


class NoRoomError(InvalidError):
    """A group that is joined is not the room that it should be, or no room at all."""

    rule = f"{PROTOCOL} section 7.2"


class TimeOrderError(InvalidError):
    """The hub says that it accepted a message before its epoch began, or after it had ended."""

    rule = f"{PROTOCOL} section 5.5"


class UnknownContentError(InvalidError):
    """Application data is of another media type than MIMI content."""

    rule = "draft-ietf-mls-extensions-10 section 6.2"
