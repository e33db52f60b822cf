"""Messages: what application/mimi-content holds (draft-ietf-mimi-content-08 sections 4 and 6).

::

    Message
      salt, replaces, topic_id, expires, in_reply_to, extensions
      nested_part ── NullPart       nothing: a message withdrawn, a reaction taken back
                     SinglePart     content here, of a content type
                     ExternalPart   content elsewhere, most often encrypted
                     MultiPart      two or more parts, and how they belong together

The names are the draft's, in Python's case. Values are immutable, and compared by what they hold.
"""

from typing import Annotated, ClassVar, TypeAlias

import attrs

from mimi.codec import ClosedEnum8, CodePoint8, CodePoint16, point
from mimi.codec.cddl import Count, Holds, Range, Refusal, Size, Unknown, array
from mimi.content.errors import (
    MessageIdSizeError,
    PartsTooDeepError,
    SaltSizeError,
    TooFewPartsError,
    TooManyPartsError,
    TopicTooLongError,
    UnencryptedError,
    UnknownCardinalityError,
    UnknownHashError,
    UnknownSemanticsError,
)
from mimi.content.extensions import Extensions
from mimi.content.hashes import IDENTIFYING, HashAlgorithm

SALT_OCTETS = 16
ID_OCTETS = 32
MOST_TOPIC_OCTETS = 4096
MOST_PARTS = 1024
MOST_LEVELS = 4

UInt32: TypeAlias = Annotated[int, Range(0, (1 << 32) - 1)]
UInt64: TypeAlias = Annotated[int, Range(0, (1 << 64) - 1)]


def _is_identifying(message_id: bytes) -> bool:
    return message_id[0] in IDENTIFYING


MessageId: TypeAlias = Annotated[
    bytes,
    Size(ID_OCTETS, ID_OCTETS, MessageIdSizeError),
    Holds(_is_identifying, UnknownHashError, "a message ID of an unknown hash algorithm"),
]
"""The number of a hash algorithm and 31 octets of a hash; see `message_id`."""


class Disposition(CodePoint8):
    """What a part is meant for (section 8.2.2). One that nobody knows is treated as `RENDER`."""

    __slots__ = ()
    UNSPECIFIED = point(0)
    RENDER = point(1)
    REACTION = point(2)
    PROFILE = point(3)
    INLINE = point(4)
    ICON = point(5)
    ATTACHMENT = point(6)
    SESSION = point(7)
    PREVIEW = point(8)


class PartSemantics(ClosedEnum8):
    """How the parts of a MultiPart belong together (section 4.4)."""

    CHOOSE_ONE = 0
    """Alternatives, of which the receiver processes one."""
    SINGLE_UNIT = 1
    """All are one thing: who does not understand one of them processes none."""
    PROCESS_ALL = 2
    """Things beside each other: the receiver processes as many as it can."""


class AEADAlgorithm(CodePoint16):
    """How the content of an ExternalPart is encrypted: a number of the IANA AEAD registry."""

    __slots__ = ()
    NONE = point(0)
    AES_128_GCM = point(1)
    AES_256_GCM = point(2)
    AES_128_CCM = point(3)
    AES_256_CCM = point(4)
    AES_128_GCM_8 = point(5)
    AES_256_GCM_8 = point(6)
    AES_128_GCM_12 = point(7)
    AES_256_GCM_12 = point(8)
    AES_128_CCM_SHORT = point(9)
    AES_256_CCM_SHORT = point(10)
    AES_128_CCM_SHORT_8 = point(11)
    AES_256_CCM_SHORT_8 = point(12)
    AES_128_CCM_SHORT_12 = point(13)
    AES_256_CCM_SHORT_12 = point(14)
    AES_SIV_CMAC_256 = point(15)
    AES_SIV_CMAC_384 = point(16)
    AES_SIV_CMAC_512 = point(17)
    AES_128_CCM_8 = point(18)
    AES_256_CCM_8 = point(19)
    AES_128_OCB_TAGLEN128 = point(20)
    AES_128_OCB_TAGLEN96 = point(21)
    AES_128_OCB_TAGLEN64 = point(22)
    AES_192_OCB_TAGLEN128 = point(23)
    AES_192_OCB_TAGLEN96 = point(24)
    AES_192_OCB_TAGLEN64 = point(25)
    AES_256_OCB_TAGLEN128 = point(26)
    AES_256_OCB_TAGLEN96 = point(27)
    AES_256_OCB_TAGLEN64 = point(28)
    CHACHA20_POLY1305 = point(29)
    AES_128_GCM_SIV = point(30)
    AES_256_GCM_SIV = point(31)


@array
class Expiration:
    """When a message is to be deleted (section 4.1, field 3): a hint that clients honour.

    Attributes:
        relative: Whether *time* counts from when the receiver reads the message.
        time: Seconds: from then, or since 1970.
    """

    relative: bool
    time: UInt32


@array
class NullPart:
    """No body: what stands in the place of a message that is withdrawn."""

    disposition: Disposition = Disposition.RENDER
    language: str = ""
    cardinality: ClassVar[Annotated[int, Unknown(UnknownCardinalityError)]] = 0


@array
class SinglePart:
    """Content in the message itself.

    Attributes:
        disposition: What it is meant for.
        language: Language tags (RFC 5646), separated by commas; empty for none.
        content_type: Media type, subtype and parameters, as ``text/plain;charset=utf-8``.
        content: The octets.
    """

    disposition: Disposition
    language: str
    cardinality: ClassVar[Annotated[int, Unknown(UnknownCardinalityError)]] = 1
    content_type: str
    content: bytes


@array
class ExternalPart:
    """Content that is fetched from elsewhere (section 4.5).

    Attributes:
        disposition: What it is meant for.
        language: Language tags (RFC 5646), separated by commas; empty for none.
        content_type: Media type, subtype and parameters of the content; empty where unknown.
        url: Where it can be fetched.
        expires: When it will be gone, in seconds since 1970; 0 for never.
        size: Its octets; 0 where unknown.
        enc_alg: How it is encrypted; `AEADAlgorithm.NONE` for not at all.
        key: The key of that algorithm.
        nonce: The nonce with which it was encrypted.
        aad: The additional data with which it was encrypted.
        hash_alg: By which algorithm it was hashed; `HashAlgorithm.NONE` for none.
        content_hash: The hash of what is at the URL, encrypted as it is.
        description: What it is, for people; may be empty.
        filename: A suggestion; may be empty.
    """

    disposition: Disposition
    language: str
    cardinality: ClassVar[Annotated[int, Unknown(UnknownCardinalityError)]] = 2
    content_type: str
    url: str
    expires: UInt32 = 0
    size: UInt64 = 0
    enc_alg: AEADAlgorithm = AEADAlgorithm.NONE
    key: bytes = attrs.field(default=b"", repr=False)
    nonce: bytes = b""
    aad: bytes = b""
    hash_alg: HashAlgorithm = HashAlgorithm.NONE
    content_hash: bytes = b""
    description: str = ""
    filename: str = ""

    def refusal(self) -> Refusal | None:
        """Return what is wrong with the fields together, if anything."""
        if not self.enc_alg and (self.key or self.nonce or self.aad):
            return Refusal(UnencryptedError, "no encryption, but a key, a nonce or additional data")
        return None


@array
class MultiPart:
    """Several parts.

    Attributes:
        disposition: What they are meant for together.
        language: Language tags (RFC 5646), separated by commas; empty for none.
        part_semantics: How they belong together.
        parts: At least two.
    """

    disposition: Disposition
    language: str
    cardinality: ClassVar[Annotated[int, Unknown(UnknownCardinalityError)]] = 3
    part_semantics: Annotated[PartSemantics, Unknown(UnknownSemanticsError)]
    parts: Annotated[
        tuple["NestedPart", ...],
        Count(2, None, TooFewPartsError, deepest=MOST_LEVELS, too_deep=PartsTooDeepError),
    ]

    def refusal(self) -> Refusal | None:
        """Return what is wrong with the fields together, if anything."""
        if sum(map(count, self.parts)) >= MOST_PARTS:
            return Refusal(TooManyPartsError, f"more than {MOST_PARTS} parts")
        return None


NestedPart: TypeAlias = Annotated[
    NullPart | SinglePart | ExternalPart | MultiPart, Unknown(UnknownCardinalityError)
]


def count(part: NestedPart) -> int:
    """Return of how many parts a body consists, itself and those inside of it."""
    return 1 + sum(map(count, part.parts)) if isinstance(part, MultiPart) else 1


@array
class Message:
    """One message of a room (section 4.1).

    Attributes:
        salt: 16 random octets.
        replaces: The ID of the message that this one edits or withdraws, in its first version.
        topic_id: What messages of one topic have in common; empty for none.
        expires: When the message is to be deleted; None for never.
        in_reply_to: The ID of the message to which this one replies or reacts.
        extensions: What else there is to say.
        nested_part: The body.
    """

    salt: Annotated[bytes, Size(SALT_OCTETS, SALT_OCTETS, SaltSizeError)]
    replaces: MessageId | None
    topic_id: Annotated[bytes, Size(0, MOST_TOPIC_OCTETS, TopicTooLongError)]
    expires: Expiration | None
    in_reply_to: MessageId | None
    extensions: Extensions = attrs.field(converter=Extensions.of)
    nested_part: NestedPart
    _octets: bytes | None = attrs.field(init=False, repr=False, eq=False, default=None)

    @property
    def is_plain(self) -> bool:
        """Whether nothing in it needs more than the plainest encoder."""
        return self.extensions.is_plain
