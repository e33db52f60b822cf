import enum
import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import cbor2
import pytest
from cbor2 import CBORSimpleValue, CBORTag
from codec.cbor_values import FLOATS, VALUES, typed
from hypothesis import given

from mimi.codec import cbor
from mimi.codec.cbor import (
    NotDeterministicError,
    decode,
    encode,
)
from mimi.errors import UsageError


def test_keys_are_sorted_by_octets_and_not_by_length() -> None:
    keys = [10, 100, -1, "z", "aa"]  # RFC 8949 section 4.2.1, without the keys we do not decode
    octets = bytes.fromhex("a5" + "0a00" + "186400" + "2000" + "617a00" + "62616100")
    for order in (keys, keys[::-1], sorted(keys, key=str)):
        assert encode(dict.fromkeys(order, 0)) == octets
    assert list(decode(octets)) == keys  # type: ignore[arg-type]
    lengths_first = cbor2.dumps(dict.fromkeys(keys, 0), canonical=True)
    assert lengths_first != octets
    with pytest.raises(NotDeterministicError, match="belongs before"):
        decode(lengths_first)


def test_all_keys_of_the_example_in_section_4_2_1_are_encoded_in_its_order() -> None:
    octets = bytes.fromhex("a6" + "0a00" + "186400" + "2000" + "617a00" + "62616100" + "f400")
    assert encode(dict.fromkeys([False, "aa", "z", -1, 100, 10], 0)) == octets


def test_key_is_encoded_as_the_type_that_it_has() -> None:
    assert encode({1: 0}).hex() == "a10100"
    assert encode({True: 0}).hex() == "a1f500"
    assert encode({1.0: 0}).hex() == "a1f93c0000"
    assert encode({None: 0}).hex() == "a1f600"


class Entries(Mapping[Any, Any]):
    """A mapping that keeps what a dict would hold equal."""

    def __init__(self, *entries: tuple[Any, Any]) -> None:
        self._entries = entries

    def __getitem__(self, key: object) -> Any:
        return next(item for k, item in self._entries if type(k) is type(key) and k == key)

    def __iter__(self) -> Iterator[Any]:
        return (key for key, _ in self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def test_keys_that_python_holds_equal_stay_apart() -> None:
    value = Entries((True, "b"), (1, "a"), (1.0, "c"))
    assert encode(value).hex() == "a3" + "016161" + "f56162" + "f93c006163"


class Colour(enum.IntEnum):
    RED = 3


class Name(enum.StrEnum):
    ANN = "Ann"


class Octets(bytes):
    pass


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        ([Colour.RED, Name.ANN, Octets(b"x")], "8303 63416e6e 4178"),
        ({Colour.RED: (1, 2)}, "a1 03 820102"),
        (Entries(("b", 1), ("a", 2)), "a2 616102 616201"),
        (2**64 - 1, "1bffffffffffffffff"),
        (-(2**64), "3bffffffffffffffff"),
        ({"\u00e9": 0, "z": 1, "": 2, b"": 3}, "a4 4003 6002 617a01 62c3a900"),
        ({2: 0, 1: 0}, "a2 0100 0200"),
        ({-1: 0, 0: 0}, "a2 0000 2000"),
        ({"b": 0, "a": 0}, "a2 616100 616200"),
        ({"aa": 0, "b": 0}, "a2 616200 62616100"),
        ({"a": 0, 1: 0}, "a2 0100 616100"),
        ({"\u00e9": 0, "zz": 0}, "a2 627a7a00 62c3a900"),
        ([[1.5] * 24] * 2, "82" + 2 * ("9818" + 24 * "f93e00")),
        (CBORTag(2**64 - 1, CBORTag(24, [])), "dbffffffffffffffff d818 80"),
    ],
)
def test_encoding_of_a_value(value: object, octets: str) -> None:
    assert encode(value) == bytes.fromhex(octets)


CYCLE: list[Any] = []
CYCLE += [CYCLE, CYCLE]


@pytest.mark.parametrize(
    ("value", "reason", "path"),
    [
        (2**64, "beyond 64 bits", ""),
        ([-(2**64) - 1], "beyond 64 bits", "[0]"),
        ({10**5000: 0}, "beyond 64 bits", ""),
        ({"a": [0, 10**5000]}, "beyond 64 bits", "['a'][1]"),
        ([{5: "\ud800"}], "lone surrogate", "[0][5]"),
        ([{"\ud800": 5}], "lone surrogate", "[0]"),
        ({1: [math.nan]}, "NaN", "[1][0]"),
        ({(1, 2): 0}, "a key of type tuple", ""),
        ([{CBORTag(1, 1): 0}], "a key of type CBORTag", "[0]"),
        (Entries((1, 0), (Colour(3), 0), (3, 0)), "the key 3 twice", ""),
        (CBORTag(1, [set()]), "set has no encoding", ".value[0]"),
        ([bytearray(b"x")], "bytearray has no encoding", "[0]"),
        ([memoryview(b"x")], "memoryview has no encoding", "[0]"),
        (1j, "complex has no encoding", ""),
        (object(), "object has no encoding", ""),
        (cbor2.undefined, "has no encoding", ""),
        (CBORSimpleValue(99), "has no encoding", ""),
        ([0, iter(())], "has no encoding", "[1]"),
        (CYCLE, "nested too deeply, or in itself", "[0]" * 64),
    ],
)
def test_value_without_an_encoding_is_our_callers_mistake(
    value: object, reason: str, path: str
) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        encode(value)
    assert caught.value.where["path"] == path
    assert f"value{path}: " in str(caught.value)


@given(VALUES)
def test_decoding_undoes_encoding(value: object) -> None:
    assert typed(decode(encode(value), allow_tags=cbor.ANY_TAG)) == typed(value)


@given(VALUES)
def test_the_short_way_to_encode_agrees_with_the_long_one(value: object) -> None:
    assert encode(value) == cbor._Encoder(allow_nan=False, allow_simple=False).encoding(
        value, cbor.MAX_DEPTH
    )


def test_octet_widths_agree_with_the_heads() -> None:
    for head, width in enumerate(cbor._WIDTHS):
        if width:
            octets = bytes([head]) + b"a" * (width - 1)
            assert cbor._leaf_end(octets, 0, ((), False, False), exact=True) == width
    assert len(cbor._WIDTHS) == 256


@given(FLOATS)
def test_float_has_the_shortest_of_three_forms(value: float) -> None:
    fits = []
    for head, code in ((0xF9, ">e"), (0xFA, ">f"), (0xFB, ">d")):
        try:
            octets = struct.pack(code, value)
        except OverflowError:
            continue
        if struct.unpack(code, octets)[0] == value:
            fits.append(bytes([head]) + octets)
    assert encode(value) == fits[0]
    for longer in fits[1:]:
        with pytest.raises(NotDeterministicError, match="float"):
            decode(longer)
