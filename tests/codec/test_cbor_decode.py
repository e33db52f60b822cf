import math
import os
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cbor2 import CBORTag
from codec.cbor_values import INTERPRETED, MESSAGE, VALUES, typed
from hypothesis import example, given
from hypothesis import strategies as st

from mimi.codec import cbor
from mimi.codec.cbor import (
    NotDeterministicError,
    NotPermittedError,
    NotValidError,
    NotWellFormedError,
    TooLargeError,
    decode,
    encode,
)
from mimi.errors import MalformedError, UsageError


def attempt(octets: bytes) -> Any:
    """Return the value of *octets*, or the error that says why they have none."""
    try:
        return decode(octets, allow_tags=cbor.ANY_TAG, allow_nan=True, allow_simple=True)
    except MalformedError as error:
        return error


# RFC 8949 appendix A, in its order: (diagnostic notation, octets, value), or instead of the value
# why the example is refused. Permitted are the tags 1, 23, 24, 32 and 0, and NaN.
INDEFINITE = (NotDeterministicError, "indefinite")
LONG_FLOAT = (NotDeterministicError, "shortest")
OTHER_NAN = (NotPermittedError, "NaN")
SIMPLE = (NotPermittedError, "simple value")
BIGNUM = (NotPermittedError, "tag")
TAGS = (0, 1, 23, 24, 32)
MIXED = {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}
APPENDIX_A: list[tuple[str, str, Any]] = [
    ("0", "00", 0),
    ("1", "01", 1),
    ("10", "0a", 10),
    ("23", "17", 23),
    ("24", "1818", 24),
    ("25", "1819", 25),
    ("100", "1864", 100),
    ("1000", "1903e8", 1000),
    ("1000000", "1a000f4240", 1000000),
    ("1000000000000", "1b000000e8d4a51000", 1000000000000),
    ("18446744073709551615", "1bffffffffffffffff", 18446744073709551615),
    ("18446744073709551616", "c249010000000000000000", BIGNUM),
    ("-18446744073709551616", "3bffffffffffffffff", -18446744073709551616),
    ("-18446744073709551617", "c349010000000000000000", BIGNUM),
    ("-1", "20", -1),
    ("-10", "29", -10),
    ("-100", "3863", -100),
    ("-1000", "3903e7", -1000),
    ("0.0", "f90000", 0.0),
    ("-0.0", "f98000", -0.0),
    ("1.0", "f93c00", 1.0),
    ("1.1", "fb3ff199999999999a", 1.1),
    ("1.5", "f93e00", 1.5),
    ("65504.0", "f97bff", 65504.0),
    ("100000.0", "fa47c35000", 100000.0),
    ("3.4028234663852886e+38", "fa7f7fffff", 3.4028234663852886e38),
    ("1.0e+300", "fb7e37e43c8800759c", 1.0e300),
    ("5.960464477539063e-8", "f90001", 5.960464477539063e-8),
    ("0.00006103515625", "f90400", 0.00006103515625),
    ("-4.0", "f9c400", -4.0),
    ("-4.1", "fbc010666666666666", -4.1),
    ("Infinity", "f97c00", math.inf),
    ("NaN", "f97e00", math.nan),
    ("-Infinity", "f9fc00", -math.inf),
    ("Infinity", "fa7f800000", LONG_FLOAT),
    ("NaN", "fa7fc00000", OTHER_NAN),
    ("-Infinity", "faff800000", LONG_FLOAT),
    ("Infinity", "fb7ff0000000000000", LONG_FLOAT),
    ("NaN", "fb7ff8000000000000", OTHER_NAN),
    ("-Infinity", "fbfff0000000000000", LONG_FLOAT),
    ("false", "f4", False),
    ("true", "f5", True),
    ("null", "f6", None),
    ("undefined", "f7", (NotPermittedError, "undefined")),
    ("simple(16)", "f0", SIMPLE),
    ("simple(255)", "f8ff", SIMPLE),
    (
        '0("2013-03-21T20:04:00Z")',
        "c074323031332d30332d32315432303a30343a30305a",
        CBORTag(0, "2013-03-21T20:04:00Z"),
    ),
    ("1(1363896240)", "c11a514b67b0", CBORTag(1, 1363896240)),
    ("1(1363896240.5)", "c1fb41d452d9ec200000", CBORTag(1, 1363896240.5)),
    ("23(h'01020304')", "d74401020304", CBORTag(23, b"\1\2\3\4")),
    ("24(h'6449455446')", "d818456449455446", CBORTag(24, b"dIETF")),
    (
        '32("http://www.example.com")',
        "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
        CBORTag(32, "http://www.example.com"),
    ),
    ("h''", "40", b""),
    ("h'01020304'", "4401020304", b"\1\2\3\4"),
    ('""', "60", ""),
    ('"a"', "6161", "a"),
    ('"IETF"', "6449455446", "IETF"),
    (r'"\"\\"', "62225c", '"\\'),
    ("U+00fc", "62c3bc", "\u00fc"),
    ("U+6c34", "63e6b0b4", "\u6c34"),
    ("U+10151", "64f0908591", "\U00010151"),
    ("[]", "80", []),
    ("[1, 2, 3]", "83010203", [1, 2, 3]),
    ("[1, [2, 3], [4, 5]]", "8301820203820405", [1, [2, 3], [4, 5]]),
    (
        "[1, ..., 25]",
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
        list(range(1, 26)),
    ),
    ("{}", "a0", {}),
    ("{1: 2, 3: 4}", "a201020304", {1: 2, 3: 4}),
    ('{"a": 1, "b": [2, 3]}', "a26161016162820203", {"a": 1, "b": [2, 3]}),
    ('["a", {"b": "c"}]', "826161a161626163", ["a", {"b": "c"}]),
    ('{"a": "A", ...}', "a56161614161626142616361436164614461656145", MIXED),
    ("(_ h'0102', h'030405')", "5f42010243030405ff", INDEFINITE),
    ('(_ "strea", "ming")', "7f657374726561646d696e67ff", INDEFINITE),
    ("[_ ]", "9fff", INDEFINITE),
    ("[_ 1, [2, 3], [_ 4, 5]]", "9f018202039f0405ffff", INDEFINITE),
    ("[_ 1, [2, 3], [4, 5]]", "9f01820203820405ff", INDEFINITE),
    ("[1, [2, 3], [_ 4, 5]]", "83018202039f0405ff", INDEFINITE),
    ("[1, [_ 2, 3], [4, 5]]", "83019f0203ff820405", INDEFINITE),
    (
        "[_ 1, ..., 25]",
        "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
        INDEFINITE,
    ),
    ('{_ "a": 1, "b": [_ 2, 3]}', "bf61610161629f0203ffff", INDEFINITE),
    ('["a", {_ "b": "c"}]', "826161bf61626163ff", INDEFINITE),
    ('{_ "Fun": true, "Amt": -2}', "bf6346756ef563416d7421ff", INDEFINITE),
]


@pytest.mark.parametrize(("notation", "octets", "expected"), APPENDIX_A)
def test_example_of_rfc_8949_appendix_a(notation: str, octets: str, expected: Any) -> None:
    data = bytes.fromhex(octets)
    if isinstance(expected, tuple):
        error, reason = expected
        with pytest.raises(error, match=reason):
            decode(data, allow_tags=TAGS, allow_nan=True)
    else:
        assert typed(decode(data, allow_tags=TAGS, allow_nan=True)) == typed(expected)
        assert encode(expected, allow_nan=True) == data


# error, reason, octets, path, offset
REFUSED = [
    (NotWellFormedError, "ends too early", "", "", 0),
    (NotWellFormedError, "ends too early", "8201", "[1]", 2),
    (NotWellFormedError, "ends too early", "a101", "[1]", 2),
    (NotWellFormedError, "ends too early", "a1", "", 1),
    (NotWellFormedError, "ends too early", "f8", "", 0),
    (NotWellFormedError, "within the argument", "18", "", 0),
    (NotWellFormedError, "within the argument", "811901", "[0]", 1),
    (NotWellFormedError, "within the argument", "1b00000000000000", "", 0),
    (NotWellFormedError, "within a float", "f93c", "", 0),
    (NotWellFormedError, "within a float", "81fa47c350", "[0]", 1),
    (NotWellFormedError, "within a float", "fb3ff19999999999", "", 0),
    (NotWellFormedError, "2 announced, 1 octets left", "4201", "", 0),
    (NotWellFormedError, "2 announced, 1 octets left", "6261", "", 0),
    (NotWellFormedError, "24 announced, 1 octets left", "81581800", "[0]", 1),
    (NotWellFormedError, "24 announced, 0 octets left", "9818", "", 0),
    (NotWellFormedError, "65536 announced, 0 octets left", "9a00010000", "", 0),
    (NotWellFormedError, "18446744073709551615 announced", "5bffffffffffffffff", "", 0),
    (NotWellFormedError, "18446744073709551615 announced", "7bffffffffffffffff", "", 0),
    (NotWellFormedError, "18446744073709551615 announced", "9bffffffffffffffff", "", 0),
    (NotWellFormedError, "18446744073709551615 announced", "bbffffffffffffffff", "", 0),
    (NotWellFormedError, "1 octets after the item", "0000", "", 1),
    (NotWellFormedError, "2 octets after the item", "80f6f6", "", 1),
    (NotWellFormedError, "reserved form: 1c", "1c", "", 0),
    (NotWellFormedError, "reserved form: 3e", "813e", "[0]", 1),
    (NotWellFormedError, "reserved form: 1f", "1f", "", 0),
    (NotWellFormedError, "reserved form: df", "df00", "", 0),
    (NotWellFormedError, "reserved form: fc", "fc", "", 0),
    (NotWellFormedError, "reserved form: f818", "f818", "", 0),
    (NotWellFormedError, "break", "ff", "", 0),
    (NotWellFormedError, "break", "8201ff", "[1]", 2),
    (NotValidError, "UTF-8", "6180", "", 0),
    (NotValidError, "UTF-8", "820063eda080", "[1]", 2),
    (NotValidError, "UTF-8", "62c080", "", 0),
    (NotValidError, "UTF-8", "81a161ff00", "[0]", 2),
    (NotValidError, "UTF-8", "7818" + "61" * 23 + "ff", "", 0),
    (NotValidError, "same key twice", "a201000100", "", 3),
    (NotValidError, "same key twice", "81a2616100616100", "[0]", 5),
    (NotDeterministicError, "indefinite", "9fff", "", 0),
    (NotDeterministicError, "indefinite", "a1015fff", "[1]", 2),
    (NotDeterministicError, "indefinite", "a17fff00", "", 1),
    (NotDeterministicError, "0 is not in its shortest form", "1800", "", 0),
    (NotDeterministicError, "23 is not in its shortest form", "1817", "", 0),
    (NotDeterministicError, "255 is not in its shortest form", "1900ff", "", 0),
    (NotDeterministicError, "65535 is not in its shortest form", "1a0000ffff", "", 0),
    (NotDeterministicError, "not in its shortest form", "1b00000000ffffffff", "", 0),
    (NotDeterministicError, "not in its shortest form", "3817", "", 0),
    (NotDeterministicError, "not in its shortest form", "580100", "", 0),
    (NotDeterministicError, "not in its shortest form", "5817" + 23 * "00", "", 0),
    (NotDeterministicError, "not in its shortest form", "7817" + 23 * "61", "", 0),
    (NotDeterministicError, "not in its shortest form", "7800", "", 0),
    (NotDeterministicError, "not in its shortest form", "980100", "", 0),
    (NotDeterministicError, "not in its shortest form", "b8010000", "", 0),
    (NotDeterministicError, "not in its shortest form", "d80100", "", 0),
    (NotDeterministicError, "float", "fa3f800000", "", 0),
    (NotDeterministicError, "float", "fb3ff0000000000000", "", 0),
    (NotDeterministicError, "float", "fb40f86a0000000000", "", 0),
    (NotDeterministicError, "float", "fa80000000", "", 0),
    (NotDeterministicError, "a key that belongs before", "a202000100", "", 3),
    (NotDeterministicError, "a key that belongs before", "a22000181800", "", 3),
    (NotDeterministicError, "a key that belongs before", "a2616200616100", "", 4),
    (NotDeterministicError, "a key that belongs before", "a260004000", "", 3),
    (NotDeterministicError, "a key that belongs before", "82a10000a20181000000", "[1]", 8),
    (NotPermittedError, "neither integer nor octets nor text", "a1f500", "", 1),
    (NotPermittedError, "neither integer nor octets nor text", "a1f600", "", 1),
    (NotPermittedError, "neither integer nor octets nor text", "a1f93c0000", "", 1),
    (NotPermittedError, "neither integer nor octets nor text", "a20100f500", "", 3),
    (NotPermittedError, "neither integer nor octets nor text", "a18000", "", 1),
    (NotPermittedError, "neither integer nor octets nor text", "a1a000", "", 1),
    (NotPermittedError, "neither integer nor octets nor text", "a1c10000", "", 1),
    (NotPermittedError, "undefined", "81f7", "[0]", 1),
    (NotPermittedError, "simple value 0", "e0", "", 0),
    (NotPermittedError, "simple value 19", "f3", "", 0),
    (NotPermittedError, "simple value 32", "f820", "", 0),
    (NotPermittedError, "NaN", "f97e00", "", 0),
    (NotPermittedError, "NaN", "fb7ff8000000000000", "", 0),
    (NotPermittedError, "tag 2", "c24101", "", 0),
    (NotPermittedError, "tag 28", "d81c80", "", 0),
    (NotPermittedError, "tag 35", "a16161d82362285b", "['a']", 3),
    (NotPermittedError, "tag 55799", "d9d9f700", "", 0),
    (NotPermittedError, "tag 18446744073709551615", "dbffffffffffffffff00", "", 0),
]


@pytest.mark.parametrize(("error", "reason", "octets", "path", "offset"), REFUSED)
def test_refusal_names_rule_reason_and_place(
    error: type[MalformedError], reason: str, octets: str, path: str, offset: int
) -> None:
    with pytest.raises(error, match=reason) as caught:
        decode(bytes.fromhex(octets))
    assert type(caught.value) is error
    assert (caught.value.path, caught.value.offset) == (path, offset)
    assert caught.value.rule in str(caught.value)


def test_place_leads_through_arrays_maps_and_tags() -> None:
    octets = encode([0, {5: [], "k": CBORTag(99, [7, {b"x": [1, "\u00e9"]}])}])
    octets = octets.replace("\u00e9".encode(), b"\xff\xff")
    with pytest.raises(NotValidError) as caught:
        decode(octets, allow_tags=(99,))
    assert caught.value.path == "[1]['k'].value[1][b'x'][1]"
    assert caught.value.offset == octets.index(b"\x62\xff\xff")


def test_nan_is_decoded_in_one_form_only_where_it_is_permitted() -> None:
    assert math.isnan(decode(b"\xf9\x7e\0", allow_nan=True))  # type: ignore[arg-type]
    for octets in ("f97e01", "f9fe00", "f97d00", "fa7fc00000", "fb7ff8000000000001"):
        with pytest.raises(NotPermittedError, match="NaN"):
            decode(bytes.fromhex(octets), allow_nan=True)


@pytest.mark.parametrize("tag", INTERPRETED)
@pytest.mark.parametrize("content", [0, "(", b"\1", [], [1, 2], {1: 2}, CBORTag(7, [1])])
def test_permitted_tag_is_not_interpreted(tag: int, content: object) -> None:
    octets = encode([CBORTag(tag, content)])
    value = decode(octets, allow_tags=(tag, 7))
    assert typed(value) == typed([CBORTag(tag, content)])
    assert encode(value) == octets


def nested(depth: int) -> bytes:
    """Return *depth* arrays, maps and tags in one another."""
    return (b"\x81\xa1\0\xc7" * depth)[: depth // 3 * 4 + (0, 1, 3)[depth % 3]] + b"\xf6"


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 64, 128])
def test_depth_is_limited_alike_in_both_directions(limit: int) -> None:
    value = decode(nested(limit), allow_tags=(7,), max_depth=limit)
    assert encode(value, max_depth=limit) == nested(limit)
    with pytest.raises(TooLargeError, match="too deeply"):
        decode(nested(limit + 1), allow_tags=(7,), max_depth=limit)
    with pytest.raises(UsageError, match="too deeply"):
        encode(CBORTag(7, value), max_depth=limit)
    with pytest.raises(UsageError, match="too deeply"):
        encode([value], max_depth=limit)
    with pytest.raises(UsageError, match="too deeply"):
        encode({0: value}, max_depth=limit)


@pytest.mark.parametrize("limit", [-1, 129])
def test_depth_limit_out_of_range_is_our_callers_mistake(limit: int) -> None:
    with pytest.raises(UsageError, match="max_depth"):
        encode(0, max_depth=limit)
    with pytest.raises(UsageError, match="max_depth"):
        decode(b"\0", max_depth=limit)


@pytest.mark.parametrize("head", [b"\x81", b"\xa1\0", b"\xc7", b"\x9f", b"\xd8\x1c"])
def test_a_million_levels_are_refused(head: bytes) -> None:
    with pytest.raises(MalformedError):
        decode(head * (1_000_000 // len(head)), allow_tags=(7, 28))


def test_input_is_measured_before_it_is_read() -> None:
    assert decode(b"\x81\0", max_octets=2) == [0]
    with pytest.raises(TooLargeError, match="3 octets, 2 permitted"):
        decode(b"\xff\xff\xff", max_octets=2)
    with pytest.raises(TooLargeError, match="1048577 octets"):
        decode(bytes(cbor.MAX_OCTETS + 1))


def test_containers_are_counted() -> None:
    octets = bytes.fromhex("84 80 a0 c700 8100")
    assert decode(octets, allow_tags=(7,), max_containers=5) == [[], {}, CBORTag(7, 0), [0]]
    with pytest.raises(TooLargeError, match="too many") as caught:
        decode(octets, allow_tags=(7,), max_containers=4)
    assert (caught.value.path, caught.value.offset) == ("[3]", 5)


def array(unit: bytes, size: int) -> bytes:
    """Return an array of *unit* that is about *size* octets long."""
    count = size // len(unit)
    return cbor._head(4, count) + unit * count


FULL = 1 << 17
CROWD = cbor.MAX_CONTAINERS * 31 // 32
WIDE_KEYS = range(1 << 16, 5 << 14)
HEAVY = {
    "empty arrays": array(b"\x80", CROWD),
    "empty maps": array(b"\xa0", CROWD),
    "arrays of one": array(b"\x81" * 60 + b"\x80", CROWD),
    "maps of one": array(b"\xa1\0\0", 3 * CROWD),
    "maps in maps": array(b"\xa1\0" * 62 + b"\xa0", 2 * CROWD),
    "tags": array(b"\xc7" * 62 + b"\xf9\x3c\0", CROWD),
    "nulls": array(b"\xf6", FULL),
    "integers": array(b"\x19\x10\0", FULL),
    "floats": array(b"\xf9\x3c\0", FULL),
    "texts": array(b"\x62ab", FULL),
    "octets": array(b"\x42ab", FULL),
    "one text": cbor._head(3, FULL) + b"a" * (FULL - 4) + "\U00010151".encode(),
    "a map": cbor._head(5, len(WIDE_KEYS))
    + b"".join(struct.pack(">BIB", 0x1A, i, 0) for i in WIDE_KEYS),
}
REFUSED_EARLY = {
    "too many arrays": array(b"\x80", FULL),
    "too many maps": array(b"\xa1\0" * 62 + b"\xa0", FULL),
    "too long": array(b"\x80", 5_000_000),
    "cut short": array(b"\xf6", FULL)[:-1],
    "spoiled at the end": array(b"\xf9\x3c\0", FULL) + b"\0",
    "spoiled maps": HEAVY["maps in maps"][:-1] + b"\xff",
}


@pytest.mark.parametrize("octets", HEAVY.values(), ids=HEAVY)
def test_heavy_input_is_within_the_limits(octets: bytes) -> None:
    assert not isinstance(attempt(octets), MalformedError)


ALL_HEAVY = HEAVY | REFUSED_EARLY


@pytest.mark.parametrize("octets", ALL_HEAVY.values(), ids=ALL_HEAVY)
def test_memory_stays_below_100_times_the_input_and_1_mib(octets: bytes) -> None:
    tracemalloc.start()
    try:
        attempt(octets)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * len(octets) + (1 << 20)


class Counted(bytes):
    """Octets that count how many of them were read."""

    read = 0

    def __getitem__(self, index: Any) -> Any:
        value = super().__getitem__(index)
        self.read += len(value) if isinstance(index, slice) else 1
        return value


@pytest.mark.parametrize("octets", ALL_HEAVY.values(), ids=ALL_HEAVY)
def test_each_octet_is_read_a_few_times_only(octets: bytes) -> None:
    counted = Counted(octets)
    attempt(counted)
    assert counted.read <= 12 * len(octets)


PUBLISHED = [
    (path.name, path.read_bytes())
    for variable in ("MIMI_PUBLISHED_VECTORS",)
    if variable in os.environ
    for path in sorted(Path(os.environ[variable], "mimi-content").glob("*.cbor"))
]


def test_published_vectors_are_there_where_the_environment_says_so() -> None:
    assert bool(PUBLISHED) == ("MIMI_PUBLISHED_VECTORS" in os.environ)


@pytest.mark.parametrize(
    ("name", "octets"), [("embedded", MESSAGE), *PUBLISHED], ids=lambda value: str(value)[:40]
)
def test_published_message_is_deterministic(name: str, octets: bytes) -> None:
    value = decode(octets)
    assert encode(value) == octets
    assert typed(value) == typed(cbor2.loads(octets))


def test_every_truncation_and_every_extra_octet_is_refused() -> None:
    for end in range(len(MESSAGE)):
        with pytest.raises(NotWellFormedError) as caught:
            decode(MESSAGE[:end])
        assert caught.value.offset is not None
        assert caught.value.offset <= end
    for octet in range(256):
        with pytest.raises(NotWellFormedError, match="after the item"):
            decode(MESSAGE + bytes([octet]))


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    octets = bytearray(draw(st.just(MESSAGE) | VALUES.map(encode)))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(octets)))
        end = draw(st.integers(start, min(start + 3, len(octets))))
        octets[start:end] = draw(st.binary(max_size=3))
    return bytes(octets)


@given(st.binary() | mutations())
@example(b"\xa2\x01\x00\xf5\x00")
@example(b"\xd8\x23\x62(b")
def test_any_octets_are_malformed_or_the_encoding_of_their_value(octets: bytes) -> None:
    value = attempt(octets)
    if isinstance(value, MalformedError):
        assert value.offset is not None
        assert 0 <= value.offset <= len(octets)
        assert "cbor2" not in value.reason  # what cbor2 refuses, we refuse with a reason
    else:
        assert encode(value, allow_nan=True, allow_simple=True) == octets
