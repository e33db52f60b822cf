"""Arbitrary messages, reports and derived values, and the published ones."""

import os
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import strategies as st

from mimi.codec import cbor
from mimi.codec.cddl_strategy import items, values_of
from mimi.codec.document import item_of
from mimi.content.av import AVMetadata
from mimi.content.companions import ExternalMessageId, SenderTimestamp, Subject
from mimi.content.derived import (
    ExtendedTime,
    MessageDerivedValues,
    decode_derived,
    encode_derived,
)
from mimi.content.extensions import LARGEST, MOST_KEY_OCTETS, REGISTERED, Extensions
from mimi.content.hashes import IDENTIFYING
from mimi.content.last_seen import LastSeen
from mimi.content.message import decode, encode
from mimi.content.model import Message, MessageId
from mimi.content.status import MessageStatusReport, decode_report, encode_report

if "MIMI_PUBLISHED_VECTORS" in os.environ:
    PUBLISHED = Path(os.environ["MIMI_PUBLISHED_VECTORS"])
    CONTENT = sorted((PUBLISHED / "mimi-content").glob("*.edn"))
    STATUS = sorted((PUBLISHED / "mimi-message-status").glob("*.edn"))
else:
    CONTENT = STATUS = []
IS_PUBLISHED = "MIMI_PUBLISHED_VECTORS" in os.environ
"""Whether there are published examples; the lists of them are empty if not."""

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = (
    st.integers(-30, 30)
    | st.sampled_from((-LARGEST, LARGEST))
    | st.binary(max_size=4)
    | TEXTS
    | st.sampled_from(("\u00e9" * 127, "k" * MOST_KEY_OCTETS))
)
"""Keys of maps in extensions."""

MESSAGE_IDS = st.builds(
    lambda number, rest: bytes([number]) + rest,
    st.sampled_from(sorted(IDENTIFYING)),
    st.binary(min_size=31, max_size=31),
)


def _is_free(key: Any) -> bool:
    return not isinstance(key, bytes) and bool(key) and key not in REGISTERED


PRIVATE = st.dictionaries(KEYS.filter(_is_free), items(3, KEYS), max_size=3)
KNOWN = (SenderTimestamp, ExternalMessageId, Subject, LastSeen, AVMetadata)
GIVEN: dict[Any, Any] = {MessageId: MESSAGE_IDS}
REGISTERED_VALUES = st.fixed_dictionaries(
    {},
    optional={1: TEXTS, 2: TEXTS}
    | {known.key: values_of(known, GIVEN).map(item_of) for known in KNOWN},
)
EXTENSIONS = st.builds(
    lambda private, registered: Extensions({**private, **registered}), PRIVATE, REGISTERED_VALUES
)
FRACTIONS = (-3, -6, -9, -12, -15, -18)
RESERVED = {1, 4, 5, *FRACTIONS}
EXTENDED_TIMES = st.builds(
    lambda others, seconds, fraction: ExtendedTime({**others, **seconds, **fraction}),
    PRIVATE.map(lambda entries: {key: entries[key] for key in entries if key not in RESERVED}),
    st.fixed_dictionaries({1: st.integers(-(1 << 64), (1 << 64) - 1)}),
    st.just({}) | st.dictionaries(st.sampled_from(FRACTIONS), st.integers(0, 999), max_size=1),
)
GIVEN |= {Extensions: EXTENSIONS, ExtendedTime: EXTENDED_TIMES}

MESSAGES = values_of(Message, GIVEN)
REPORTS = values_of(MessageStatusReport, GIVEN)
DERIVED = values_of(MessageDerivedValues, GIVEN)

Format: TypeAlias = tuple[type[Any], Any, Any, Any]
FORMATS: dict[str, Format] = {
    "message": (Message, MESSAGES, encode, decode),
    "status": (MessageStatusReport, REPORTS, encode_report, decode_report),
    "derived": (MessageDerivedValues, DERIVED, encode_derived, decode_derived),
}
"""From names to the class, the strategy of its values, its encoder and its decoder."""


def octets_of(item: Any) -> bytes:
    """Return the encoding of any item, whether or not it is a message."""
    return cbor.encode(item, allow_nan=True, allow_simple=True)
