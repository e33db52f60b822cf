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

    rule = "draft-ietf-mimi-content-08 section 9.1"


class TopicTooLongError(MalformedError):
    """A topic ID of more than 4096 octets."""

    rule = "draft-ietf-mimi-content-08 section 9.1"


class UnknownCardinalityError(MalformedError):
    """A part that is neither null nor single nor external nor multi."""

    rule = "draft-ietf-mimi-content-08 section 4.4"


class UnknownSemanticsError(MalformedError):
    """A MultiPart of which it is unknown how its parts belong together."""

    rule = "draft-ietf-mimi-content-08 section 9.1"


class TooFewPartsError(MalformedError):
    """A MultiPart of fewer than two parts."""

    rule = "draft-ietf-mimi-content-08 section 4.4"


class TooManyPartsError(MalformedError):
    """A body of more than 1024 parts, counted at all levels."""

    rule = "draft-ietf-mimi-content-08 section 9.1"


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

    rule = "draft-ietf-mimi-content-08 section 9.1"


class DuplicateMessageIdError(InvalidError):
    """A message ID that another message had before."""

    rule = "draft-ietf-mimi-content-08 section 9.1"


class TimestampInFutureError(InvalidError):
    """Accepted more than a few minutes from now."""

    rule = "draft-ietf-mimi-content-08 section 9.1"


class TimestampBeforeFormatError(InvalidError):
    """Accepted before there was a syntax for such messages."""

    rule = "draft-ietf-mimi-content-08 section 9.1"


class TimestampBeforeRoomError(InvalidError):
    """Accepted before the room was created."""

    rule = "draft-ietf-mimi-content-08 section 9.1"


class ExpiredLongAgoError(InvalidError):
    """An expiry more than a year in the past."""

    rule = "draft-ietf-mimi-content-08 section 9.1"


class ExpiresTooLateError(InvalidError):
    """An expiry more than a year in the future."""

    rule = "draft-ietf-mimi-content-08 section 9.1"


class UnfetchableURLError(InvalidError):
    """A URL that not every client can download from: not http or https, no host, or user info."""

    rule = "draft-ietf-mimi-content-08 section 7.1"


class AttachmentExpiredError(InvalidError):
    """External content after the time until which it is valid."""

    rule = "draft-ietf-mimi-content-08 section 4.5"


class AttachmentTooLargeError(InvalidError):
    """External content larger than local policy permits."""

    rule = "draft-ietf-mimi-content-08 section 4.5"


class AttachmentSizeError(InvalidError):
    """External content of another size than the message says."""

    rule = "draft-ietf-mimi-content-08 section 4.5"


class UnknownContentHashError(InvalidError):
    """External content with a hash by an algorithm that is not known here."""

    rule = "draft-ietf-mimi-content-08 section 4.5"


class AttachmentHashError(InvalidError):
    """External content with another hash than the message says."""

    rule = "draft-ietf-mimi-content-08 section 4.5"


class UnknownAEADError(InvalidError):
    """External content encrypted by an algorithm that is not known here."""

    rule = "draft-ietf-mimi-content-08 section 4.5"


class AttachmentKeySizeError(InvalidError):
    """A key for external content that its algorithm cannot have."""

    rule = "RFC 5116 section 2.1"


class AttachmentNonceSizeError(InvalidError):
    """A nonce for external content that its algorithm cannot have."""

    rule = "RFC 5116 section 2.1"


class AttachmentDecryptionError(InvalidError):
    """External content that was not encrypted with the key, nonce and data in the message."""

    rule = "RFC 5116 section 2.2"


class SenderTimestampTooEarlyError(InvalidError):
    """A sender's timestamp before the first message that the system knows of."""

    rule = "draft-mimi-content-more-extensions-00 section 7"


class SenderTimestampInFutureError(InvalidError):
    """A sender's timestamp in the far future."""

    rule = "draft-mimi-content-more-extensions-00 section 7"


class SenderTimestampJumpError(InvalidError):
    """A sender's timestamp farther from now than the system expects."""

    rule = "draft-mimi-content-more-extensions-00 section 7"


class DuplicateExternalIdError(InvalidError):
    """An external message ID that another message had before."""

    rule = "draft-mimi-content-more-extensions-00 section 7"


class UnexpectedScopeError(InvalidError):
    """An external message ID of a system that has no business in this room."""

    rule = "draft-mimi-content-more-extensions-00 section 7"


class MixedLastSeenError(MalformedError):
    """Message IDs and external message IDs in one list of what was last seen."""

    rule = "draft-mimi-content-more-extensions-00 section 6"


class EmptyLastSeenError(InvalidError):
    """A sender who has seen no message, but has sent some."""

    rule = "draft-mimi-content-more-extensions-00 section 7"


class LastSeenLoopError(InvalidError):
    """A message that its sender saw, directly or not, before it was sent."""

    rule = "draft-mimi-content-more-extensions-00 section 7"


class ExcessiveLastSeenError(InvalidError):
    """More messages last seen than can have been sent at once."""

    rule = "draft-mimi-content-more-extensions-00 section 7"


class SenderUriError(InvalidError):
    """A message that names another sender than the one from whom it came."""

    rule = "draft-ietf-mimi-content-08 section 8.2.1"


class RoomUriError(InvalidError):
    """A message that names another room than the one in which it was received."""

    rule = "draft-ietf-mimi-content-08 section 8.2.1"
