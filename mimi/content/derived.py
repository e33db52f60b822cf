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
from mimi.content.extensions import ANY_MAP, freeze_map
from mimi.content.model import MessageId, UInt32, UInt64
from mimi.errors import UsageError

EXTENDED_TIME = 1001
SECONDS = 1
BASES = (SECONDS, 4, 5)
"""Keys of a time to which the others add: an integer, a decimal fraction, a bigfloat."""
TIMESCALE = -1
UTC = 0
FRACTIONS = {-3: 10**3, -6: 10**6, -9: 10**9, -12: 10**12, -15: 10**15, -18: 10**18}
"""Keys of an extended time, and how many of that unit a second has (RFC 9581 section 3.3)."""
MOST_OCTETS = 1 << 20


def _frozen_entries(items: Mapping[Any, Any]) -> Mapping[Any, Any]:
    try:
        return freeze_map(items)
    except Refusal as refusal:
        raise UsageError(f"an extended time: {refusal.reason}") from None


def _encoded(entries: Mapping[Any, Any]) -> bytes:
    # Python holds 1, 1.0 and True for the same, and NaN for unlike itself.
    return cbor.encode(entries, allow_nan=True, allow_simple=True)


@attrs.frozen
class ExtendedTime:
    """A time as a map of whatever is known of it: tag 1001 (RFC 9581 section 3).

    There is exactly one base time, key 1, 4 or 5, and at most one fraction of a second.

    Attributes:
        entries: From integers and texts to any CBOR; 1 is the seconds since 1970, and -3, -6, -9
            and so on are what is to be added in milliseconds, microseconds, nanoseconds.
    """

    entries: Mapping[int | str, Any] = attrs.field(converter=_frozen_entries, eq=_encoded)
    cbor_types: ClassVar[tuple[type, ...]] = (cbor2.CBORTag,)
    cddl: ClassVar[str] = f"#6.{EXTENDED_TIME}({ANY_MAP})"

    @classmethod
    def from_cbor(cls, item: object) -> Self:
        """Return the time of a decoded tag."""
        if not isinstance(item, cbor2.CBORTag) or item.tag != EXTENDED_TIME:
            raise Refusal(WrongTypeError, f"tag {EXTENDED_TIME} expected")
        try:
            return cls(_checked(item.value))
        except Refusal as refusal:
            if refusal.steps:
                refusal.steps.append(cbor2.CBORTag)  # what is at fault lies inside of the tag
            raise

    def to_cbor(self) -> cbor2.CBORTag:
        """Return the tag to be encoded."""
        return cbor2.CBORTag(EXTENDED_TIME, _checked(self.entries))

    @property
    def milliseconds(self) -> int:
        """The whole milliseconds since 1970.

        Raises:
            ExtendedTimeError: It is no extended time, or its base is no number of whole seconds,
                the time scale is another than UTC, or there is another unsigned key, which must
                not be ignored.
        """
        entries = self.entries
        fault = _fault(entries)
        if fault:
            raise ExtendedTimeError(fault)
        if entries.get(TIMESCALE, UTC) != UTC:
            raise ExtendedTimeError(f"time scale {entries[TIMESCALE]}, not UTC")
        critical = [key for key in entries if type(key) is int and key >= 0 and key != SECONDS]
        if critical:
            raise ExtendedTimeError(f"a critical key that is not known: {critical[0]}")
        thousandths: int = entries[SECONDS] * 1000
        for key, units in FRACTIONS.items():
            thousandths += entries.get(key, 0) * 1000 // units
        return thousandths


def _checked(items: object) -> Mapping[Any, Any]:
    entries = freeze_map(items)
    fault = _fault(entries)
    if fault:
        raise Refusal(ExtendedTimeError, fault)
    return entries


def _fault(entries: Mapping[Any, Any]) -> str:
    """Return what no extended time can be like, empty for nothing (RFC 9581 sections 3.1, 3.3)."""
    bases = [key for key in BASES if key in entries]
    if len(bases) != 1:
        return f"{len(bases)} base times in an extended time, 1 expected"
    if SECONDS in entries and type(entries[SECONDS]) is not int:
        return "seconds since 1970 that are no integer"
    fractions = [key for key in FRACTIONS if key in entries]
    if len(fractions) > 1:
        return "more than one fraction of a second"
    if any(type(entries[key]) is not int or entries[key] < 0 for key in fractions):
        return f"key {fractions[0]} is no unsigned integer"
    return ""


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
        """When the hub accepted the message, in milliseconds since 1970.

        Raises:
            ExtendedTimeError: It is an extended time that tells no milliseconds.
        """
        timestamp = self.hub_accepted_timestamp
        return timestamp if isinstance(timestamp, int) else timestamp.milliseconds


def decode_derived(octets: bytes, *, max_octets: int = MOST_OCTETS) -> MessageDerivedValues:
    """Return the values of which *octets* are the one encoding.

    Raises:
        MalformedError: They are none.
    """
    return decode_document(
        MessageDerivedValues,
        octets,
        max_octets=max_octets,
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
