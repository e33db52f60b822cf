"""The rules that vectors of refused content name, each by a short name of its own.

What an error class means and where its rule stands, the class says itself; another implementation
has other classes and needs the short names alone.
"""

from mimi.codec.cbor import (
    NotDeterministicError,
    NotPermittedError,
    NotValidError,
    NotWellFormedError,
    TooLargeError,
)
from mimi.codec.cddl import OutOfRangeError, WrongTypeError
from mimi.content import errors
from mimi.errors import MimiError

OCTETS: dict[str, type[MimiError]] = {
    "well-formed": NotWellFormedError,
    "valid": NotValidError,
    "deterministic": NotDeterministicError,
    "permitted": NotPermittedError,
    "too-large": TooLargeError,
}
"""Rules of CBOR, whatever it is the encoding of."""

SHAPE: dict[str, type[MimiError]] = {
    "type": WrongTypeError,
    "range": OutOfRangeError,
    "message-id-size": errors.MessageIdSizeError,
    "hash-algorithm": errors.UnknownHashError,
}
"""Rules of messages, reports and derived values alike."""

MESSAGE: dict[str, type[MimiError]] = {
    "salt-size": errors.SaltSizeError,
    "topic-size": errors.TopicTooLongError,
    "cardinality": errors.UnknownCardinalityError,
    "part-semantics": errors.UnknownSemanticsError,
    "multipart-minimum": errors.TooFewPartsError,
    "parts-maximum": errors.TooManyPartsError,
    "part-depth": errors.PartsTooDeepError,
    "unencrypted": errors.UnencryptedError,
    "extension-key": errors.ExtensionKeyError,
    "extension-depth": errors.ExtensionTooDeepError,
    "extension-value": errors.ExtensionValueError,
}
"""Rules of messages; ``extension-key`` is one of extended times too."""

DERIVED: dict[str, type[MimiError]] = {"extended-time": errors.ExtendedTimeError}
"""Rules of derived values."""

REFERENCE: dict[str, type[MimiError]] = {"part-reference": errors.PartReferenceError}
"""Rules of what refers to parts of a message."""

RECEIVED: dict[str, type[MimiError]] = {
    "sender-not-member": errors.SenderNotMemberError,
    "duplicate-message-id": errors.DuplicateMessageIdError,
    "timestamp-future": errors.TimestampInFutureError,
    "timestamp-before-format": errors.TimestampBeforeFormatError,
    "timestamp-before-room": errors.TimestampBeforeRoomError,
    "expires-past": errors.ExpiredLongAgoError,
    "expires-future": errors.ExpiresTooLateError,
}
"""Rules of messages where and when they are received."""

ATTACHMENT: dict[str, type[MimiError]] = {
    "attachment-expired": errors.AttachmentExpiredError,
    "attachment-too-large": errors.AttachmentTooLargeError,
    "attachment-size": errors.AttachmentSizeError,
    "attachment-hash-algorithm": errors.UnknownContentHashError,
    "attachment-hash": errors.AttachmentHashError,
    "attachment-aead": errors.UnknownAEADError,
    "attachment-key-size": errors.AttachmentKeySizeError,
    "attachment-nonce-size": errors.AttachmentNonceSizeError,
    "attachment-decryption": errors.AttachmentDecryptionError,
}
"""Rules of content that is kept elsewhere."""

RULES: dict[str, type[MimiError]] = {
    **OCTETS,
    **SHAPE,
    **MESSAGE,
    **DERIVED,
    **REFERENCE,
    **RECEIVED,
    **ATTACHMENT,
}
"""From short names to the errors of those who break the rules."""

_NAMES = {error: name for name, error in RULES.items()}


def rule_of(error: MimiError) -> str:
    """Return the short name of the rule that was broken; of another error, what it is."""
    return _NAMES.get(type(error), f"{type(error).__name__}: {error}")
