"""What is wrong with a message, one class for each rule of draft-ietf-mimi-content-08."""

from mimi.errors import InvalidError, MalformedError


class SaltSizeError(MalformedError):
    """A salt that has not 16 octets."""

    rule = "draft-ietf-mimi-content-08 section 4.1"


class MessageIdSizeError(MalformedError):
    """A message ID that has not 32 octets."""

    rule = "draft-ietf-mimi-content-08 section 3.3"


class UnknownHashError(MalformedError):
    """A message ID whose first octet is no hash algorithm that makes message IDs."""

    rule = "draft-ietf-mimi-content-08 section 8.1"


class TopicTooLongError(MalformedError):
    """A topic ID of more than 4096 octets."""

    rule = "draft-ietf-mimi-content-08 section 8.1"


class UnknownCardinalityError(MalformedError):
    """A part that is neither null nor single nor external nor multi."""

    rule = "draft-ietf-mimi-content-08 section 4.4"


class UnknownSemanticsError(MalformedError):
    """A MultiPart of which it is unknown how its parts belong together."""

    rule = "draft-ietf-mimi-content-08 section 8.1"


class TooFewPartsError(MalformedError):
    """A MultiPart of fewer than two parts."""

    rule = "draft-ietf-mimi-content-08 section 4.4"


class TooManyPartsError(MalformedError):
    """A body of more than 1024 parts, counted at all levels."""

    rule = "draft-ietf-mimi-content-08 section 8.1"


class PartsTooDeepError(MalformedError):
    """Parts nested more than four levels deep."""

    rule = "draft-ietf-mimi-content-08 section 6.3"


class UnencryptedError(MalformedError):
    """An ExternalPart without encryption, but with a key, a nonce or additional data."""

    rule = "draft-ietf-mimi-content-08 section 4.5"


class ExtensionKeyError(MalformedError):
    """A key that extensions, or a map within one, cannot have."""

    rule = "draft-ietf-mimi-content-08 section 6.2"


class ExtensionTooDeepError(MalformedError):
    """Extensions that nest maps, arrays and tags more than four levels deep."""

    rule = "draft-ietf-mimi-content-08 section 6.3"


class ExtensionValueError(MalformedError):
    """A registered extension with a value of another shape."""

    rule = "draft-ietf-mimi-content-08 section 4.3"


class StatusRangeError(MalformedError):
    """A status that is not in 0..255."""

    rule = "draft-mahy-mimi-message-status-01 section 4"


class ExtendedTimeError(MalformedError):
    """An extended time from which no milliseconds can be told."""

    rule = "RFC 9581 section 3"


class PartReferenceError(InvalidError):
    """A reference to a part that is not there, or is of a kind that cannot be meant."""

    rule = "draft-ietf-mimi-content-08 section 4.4"


class ContentTypeError(InvalidError):
    """A content type that is no media type."""

    rule = "draft-ietf-mimi-content-08 section 4.4"


class MessageIdMismatchError(InvalidError):
    """The AAD of an encrypted message names another message than the one inside."""

    rule = "draft-mahy-mimi-msgid-aad-02 section 3"


class SenderNotMemberError(InvalidError):
    """The apparent sender is not a member of the group."""

    rule = "draft-ietf-mimi-content-08 section 8.1"


class DuplicateMessageIdError(InvalidError):
    """A message ID that another message had before."""

    rule = "draft-ietf-mimi-content-08 section 8.1"


class TimestampInFutureError(InvalidError):
    """Accepted more than a few minutes from now."""

    rule = "draft-ietf-mimi-content-08 section 8.1"


class TimestampBeforeFormatError(InvalidError):
    """Accepted before there was a syntax for such messages."""

    rule = "draft-ietf-mimi-content-08 section 8.1"


class TimestampBeforeRoomError(InvalidError):
    """Accepted before the room was created."""

    rule = "draft-ietf-mimi-content-08 section 8.1"


class ExpiredLongAgoError(InvalidError):
    """An expiry more than a year in the past."""

    rule = "draft-ietf-mimi-content-08 section 8.1"


class ExpiresTooLateError(InvalidError):
    """An expiry more than a year in the future."""

    rule = "draft-ietf-mimi-content-08 section 8.1"
