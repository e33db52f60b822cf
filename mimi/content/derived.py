"""What a receiver knows of a message besides its content (draft-ietf-mimi-content-08 section 4.6).

The draft writes these values down as a CBOR array too, `MessageDerivedValues`: its examples do, and
so may whoever stores messages.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeAlias

import attrs
import cbor2

from mimi.codec import cbor
from mimi.codec.cddl import Refusal, WrongTypeError, array
from mimi.codec.document import decode_document, encode_document
from mimi.content.errors import ExtendedTimeError
from mimi.content.extensions import freeze_map
from mimi.content.model import MessageId, UInt32, UInt64

EXTENDED_TIME = 1001
SECONDS = 1
FRACTIONS = {-3: 10**3, -6: 10**6, -9: 10**9, -12: 10**12, -15: 10**15, -18: 10**18}
"""Keys of an extended time, and how many of that unit a second has (RFC 9581 section 3.3)."""


@attrs.frozen
class ExtendedTime:
    """A time as a map of whatever is known of it: tag 1001 (RFC 9581 section 3).

    Attributes:
        entries: From integers and texts to any CBOR; 1 is the seconds since 1970, and -3, -6, -9
            and so on are what is to be added in milliseconds, microseconds, nanoseconds.
    """

    entries: Mapping[int | str, Any] = attrs.field(converter=cbor2.frozendict)
    cbor_types: ClassVar[tuple[type, ...]] = (cbor2.CBORTag,)

    @classmethod
    def from_cbor(cls, item: object) -> Self:
        """Return the time of a decoded tag."""
        if not isinstance(item, cbor2.CBORTag) or item.tag != EXTENDED_TIME:
            raise Refusal(WrongTypeError, f"tag {EXTENDED_TIME} expected")
        return cls(freeze_map(item.value))

    def to_cbor(self) -> cbor2.CBORTag:
        """Return the tag to be encoded."""
        return cbor2.CBORTag(EXTENDED_TIME, freeze_map(self.entries))

    @property
    def milliseconds(self) -> int:
        """The whole milliseconds since 1970.

        Raises:
            ExtendedTimeError: There are no seconds, or something is no integer.
        """
        seconds = self.entries.get(SECONDS)
        if type(seconds) is not int:
            raise ExtendedTimeError("an extended time without whole seconds since 1970")
        thousandths = seconds * 1000
        for key, units in FRACTIONS.items():
            fraction = self.entries.get(key, 0)
            if type(fraction) is not int or not 0 <= fraction < units:
                raise ExtendedTimeError(f"key {key} is not in 0..{units - 1}")
            thousandths += fraction * 1000 // units
        return thousandths


Timestamp: TypeAlias = UInt64 | ExtendedTime
"""Milliseconds since 1970, or an extended time."""


@array
class MessageDerivedValues:
    """What is known of a message from elsewhere than its content.

    Attributes:
        message_id: Its ID.
        hub_accepted_timestamp: When the hub accepted it.
        mls_group_id: The group in which it was sent.
        sender_leaf_index: The leaf of the client that sent it.
        sender_client_url: The URI of that client.
        sender_user_url: The URI of the client's user.
        room_url: The URI of the room.
    """

    message_id: MessageId
    hub_accepted_timestamp: Timestamp
    mls_group_id: bytes
    sender_leaf_index: UInt32
    sender_client_url: str
    sender_user_url: str
    room_url: str

    @property
    def accepted(self) -> int:
        """When the hub accepted the message, in milliseconds since 1970."""
        timestamp = self.hub_accepted_timestamp
        return timestamp if isinstance(timestamp, int) else timestamp.milliseconds


def decode_derived(octets: bytes) -> MessageDerivedValues:
    """Return the values of which *octets* are the one encoding.

    Raises:
        MalformedError: They are none.
    """
    return decode_document(
        MessageDerivedValues,
        octets,
        allow_tags=cbor.ANY_TAG,
        allow_nan=True,
        allow_simple=True,
    )


def encode_derived(values: MessageDerivedValues) -> bytes:
    """Return the one encoding of *values*.

    Raises:
        UsageError: Something in them cannot be encoded.
    """
    return encode_document(values, allow_nan=True, allow_simple=True)
