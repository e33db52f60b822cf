"""Values that CBOR can encode, and how to compare them."""

import math
import struct
from typing import Any

from cbor2 import CBORTag
from hypothesis import strategies as st

from mimi.codec import cbor

MESSAGE = bytes.fromhex(
    "87505eed9406c2545547ab6f09f20a18b003f640f6f6a20178206d696d693a2f2f6578616d706c652e636f6d2f752f"
    "616c6963652d736d6974680278256d696d693a2f2f6578616d706c652e636f6d2f722f656e67696e656572696e675f"
    "7465616d85016001781e746578742f6d61726b646f776e3b76617269616e743d47464d2d4d494d4958394869206576"
    "6572796f6e652c207765206a75737420736869707065642072656c6561736520322e302e205f5f476f6f642020776f"
    "726b5f5f21"
)


def typed(value: Any) -> Any:
    """Return *value* with its types, so that 1, 1.0 and True differ, and 0.0 and -0.0."""
    match value:
        case list() | tuple():
            return "array", [typed(item) for item in value]
        case dict():
            return "map", {typed(key): typed(item) for key, item in value.items()}
        case CBORTag():
            return "tag", value.tag, typed(value.value)
        case float():
            return "float", struct.pack(">d", value)
    return type(value).__name__, value


# What cbor2 would make of these tags: dates, fractions, references, patterns, sets ...
INTERPRETED = [0, 1, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100]
INTERPRETED += [256, 258, 260, 261, 1004, 43000, 55799]

INTEGERS = st.integers(-(2**64), 2**64 - 1) | st.sampled_from(
    [sign * 2**bits + step for bits in (8, 16, 32, 63) for sign in (1, -1) for step in (-1, 0, 1)]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = INTEGERS | st.integers(-30, 30) | st.binary(max_size=30) | TEXT
HALVES = st.integers(0, 0xFFFF).map(lambda bits: struct.unpack(">e", bits.to_bytes(2, "big"))[0])
FLOATS = st.floats(allow_nan=False) | st.floats(width=32, allow_nan=False)
FLOATS |= HALVES.filter(lambda value: not math.isnan(value))
BIGNUMS = st.builds(
    lambda tag, first, rest: CBORTag(tag, bytes([first]) + rest),
    st.sampled_from(cbor.BIGNUMS),
    st.integers(1, 255),
    st.binary(min_size=8, max_size=40),
)
LEAVES = st.none() | st.booleans() | INTEGERS | st.binary() | TEXT | FLOATS
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(KEYS, inner)
        | st.builds(CBORTag, st.sampled_from(INTERPRETED), inner)
        | BIGNUMS
    ),
)
