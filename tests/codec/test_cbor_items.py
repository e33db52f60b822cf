import cbor2
import pytest
from cbor2 import CBORSimpleValue, CBORTag
from codec.cbor_values import VALUES
from hypothesis import given

from mimi.codec import cbor
from mimi.codec.cbor import (
    NotDeterministicError,
    NotPermittedError,
    NotValidError,
    NotWellFormedError,
    decode,
    encode,
)
from mimi.errors import MalformedError, UsageError

BIGNUM_ERRORS = [
    ("c24100", NotDeterministicError, 0),  # 0 in one octet
    ("c348ffffffffffffffff", NotDeterministicError, 0),  # fits
    ("c249000000000000000001", NotDeterministicError, 0),  # begins with 0
    ("c240", NotDeterministicError, 0),
    ("c201", NotValidError, 0),
    ("c26101", NotValidError, 0),
    ("81c249", NotWellFormedError, 1),
    ("c2", NotWellFormedError, 0),
]


@pytest.mark.parametrize(("octets", "error", "offset"), BIGNUM_ERRORS)
def test_bignum_is_octets_that_no_integer_holds(
    octets: str, error: type[MalformedError], offset: int
) -> None:
    with pytest.raises(error) as caught:
        decode(bytes.fromhex(octets), allow_tags=cbor.BIGNUMS)
    assert type(caught.value) is error
    assert caught.value.offset == offset


@pytest.mark.parametrize("tag", cbor.BIGNUMS)
def test_bignum_stays_a_tag(tag: int) -> None:
    octets = bytes([0xC0 | tag, 0x49, 1]) + bytes(8)
    assert decode(octets, allow_tags=cbor.BIGNUMS) == CBORTag(tag, b"\1" + bytes(8))
    assert encode(CBORTag(tag, b"\1" + bytes(8))) == octets
    for content in (b"\1" * 8, b"\0" + b"\1" * 8, "123456789", 7):
        with pytest.raises(UsageError, match="bignum"):
            encode(CBORTag(tag, content))


SIMPLE = [("f7", cbor2.undefined), ("e0", CBORSimpleValue(0)), ("f8ff", CBORSimpleValue(255))]


@pytest.mark.parametrize(("octets", "value"), SIMPLE)
def test_simple_values_where_they_are_expected(octets: str, value: object) -> None:
    within = bytes.fromhex("81" + octets)
    assert decode(within, allow_simple=True) == [value]
    assert encode([value], allow_simple=True) == within
    with pytest.raises(NotPermittedError):
        decode(within)
    with pytest.raises(UsageError, match="has no encoding"):
        encode([value])
    with pytest.raises(NotPermittedError, match="a key"):
        decode(bytes.fromhex("a1" + octets + "00"), allow_simple=True)


@pytest.mark.parametrize("octets", ["f800", "f81f", "f8", "fc", "ff"])
def test_reserved_simple_values_stay_refused(octets: str) -> None:
    with pytest.raises(NotWellFormedError):
        decode(bytes.fromhex(octets), allow_simple=True)


@given(VALUES, VALUES)
def test_an_item_is_located_by_what_leads_to_it(first: object, second: object) -> None:
    octets = encode([first, {"k": CBORTag(7, [0, second])}])
    at = cbor.locate(octets, [1, "k", CBORTag, 1])
    assert octets[at:] == encode(second)
    assert octets[cbor.locate(octets, [0]) :].startswith(encode(first))
    assert cbor.locate(octets, []) == 0
