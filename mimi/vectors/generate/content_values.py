"""Values and keys of extensions: every type of CBOR, up to the limits."""

import json
from collections.abc import Iterator
from typing import Any

import cbor2
from cbor2 import CBORSimpleValue, CBORTag

LARGEST_KEY = (1 << 53) - 1


def diagnostic(value: Any) -> str:
    """Return a value in the diagnostic notation of CBOR (RFC 8949 section 8)."""
    match value:
        case bytes():
            return f"h'{value.hex()}'"
        case list():
            return f"[{', '.join(map(diagnostic, value))}]"
        case dict():
            entries = (f"{diagnostic(key)}: {diagnostic(value[key])}" for key in value)
            return f"{{{', '.join(entries)}}}"
        case CBORTag():
            return f"{value.tag}({diagnostic(value.value)})"
        case _:
            return json.dumps(value)


VALUES: tuple[tuple[str, Any], ...] = (
    *((f"the integer {value}", value) for value in (0, 23, 24, 255, 256, 65535, 65536)),
    ("the integer 2^32 - 1", (1 << 32) - 1),
    ("the integer 2^32", 1 << 32),
    ("the integer 2^64 - 1", (1 << 64) - 1),
    *((f"the integer {value}", value) for value in (-1, -24, -25, -256, -257)),
    ("the integer -2^64", -(1 << 64)),
    ("a bignum, 2^64", CBORTag(2, (1 << 64).to_bytes(9))),
    ("a negative bignum, -2^64 - 1", CBORTag(3, (1 << 64).to_bytes(9))),
    ("no octets", b""),
    ("octets", bytes(range(30))),
    ("an empty text", ""),
    ("a text of 24 octets", "\u00e9" * 12),
    ("an empty array", []),
    ("an array of 24 items", list(range(24))),
    ("an empty map", {}),
    ("a map with keys of all three types", {0: 0, -1: 1, b"": 2, b"x": 3, "": 4, "x": 5}),
    ("a map in bytewise order", {10: 0, 24: 1, 100: 2, -1: 3, b"\xff": 4, "z": 5, "aa": 6}),
    ("keys that just fit a double", {LARGEST_KEY: 0, -LARGEST_KEY: 1}),
    ("a tag", CBORTag(32, "https://example.com/")),
    ("a tag that many libraries interpret", CBORTag(0, "2024-04-23T00:00:00Z")),
    ("a regular expression, not to be compiled", CBORTag(35, "(a*)*b")),
    ("a reference to nothing", CBORTag(29, 0)),
    ("the greatest tag", CBORTag((1 << 64) - 1, None)),
    ("an array of floats with a NaN that is none elsewhere", CBORTag(81, bytes.fromhex("7e01"))),
    *((f"the float {value}", value) for value in (0.0, -0.0, 1.0, 0.5, -1.5, 65504.0)),
    ("the smallest half", 2.0**-24),
    ("a float of 4 octets", 65536.0),
    ("the smallest float of 4 octets", 2.0**-149),
    ("a float of 8 octets", 1.1),
    ("the smallest float of 8 octets", 2.0**-1074),
    ("the greatest float", float.fromhex("0x1.fffffffffffffp+1023")),
    ("infinity", float("inf")),
    ("minus infinity", float("-inf")),
    ("the one NaN", float("nan")),
    ("false", False),
    ("true", True),
    ("null", None),
    ("undefined", cbor2.undefined),
    *((f"the simple value {value}", CBORSimpleValue(value)) for value in (0, 19, 32, 255)),
    ("arrays at levels 2 to 4", [[[0]]]),
    ("maps at levels 2 to 4", {0: {0: {0: 0}}}),
    ("tags at levels 2 to 4", CBORTag(9, CBORTag(9, CBORTag(9, 0)))),
    ("all three at levels 2 to 4", {0: [CBORTag(9, 0), 0], 1: CBORTag(9, [0])}),
)
"""Values that an extension may have, each with what it is."""


def keyed() -> Iterator[tuple[str, dict[Any, Any]]]:
    """Yield extensions by what is remarkable about their keys."""
    yield "none", {}
    yield "the smallest positive key that is private to nobody", {6: None}
    yield "the greatest and the least integer", {LARGEST_KEY: 0, -LARGEST_KEY: 1}
    yield "a private integer", {-1: 0}
    yield "a text of one octet", {"\0": 0}
    yield "a text of 255 octets", {"\u00e9" * 127 + "e": 0}
    yield "bytewise order, not the shorter first", {24: 0, 1000: 1, -1: 2, "b": 3, "aa": 4}
    yield "texts that Python sorts otherwise", {"\uffff": 0, "\U00010000": 1, "z": 2}
    yield "100 of them", {f"k{number:02}": number for number in range(100)}
    yield "the sender and the room", {1: "mimi://a.example/u/alice", 2: "mimi://a.example/r/1"}
    yield "an empty sender and an empty room", {1: "", 2: ""}
