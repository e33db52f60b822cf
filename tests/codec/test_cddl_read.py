from typing import Any

import attrs
import pytest
from cbor2 import CBORSimpleValue, CBORTag, undefined
from codec.cddl_documents import (
    VALUES,
    Chain,
    Codes,
    Kept,
    Kind,
    Mode,
    Numbers,
    Open,
    Optionals,
    Owned,
    Point,
    Record,
    Sample,
    Wood,
)
from codec.cddl_refused import REFUSED, sample
from hypothesis import given
from hypothesis import strategies as st

from mimi.codec import cbor
from mimi.codec.cddl_strategy import items
from mimi.codec.document import decode_document, encode_document, value_of
from mimi.errors import MalformedError


@pytest.mark.parametrize(("declared", "item", "error", "path", "offset"), REFUSED)
def test_refusal_names_rule_and_place(
    declared: type[Any], item: Any, error: type[MalformedError], path: str, offset: int
) -> None:
    octets = cbor.encode(item, allow_simple=True)
    with pytest.raises(MalformedError) as caught:
        decode_document(declared, octets)
    assert type(caught.value) is error
    assert (caught.value.path, caught.value.offset) == (path, offset)
    with pytest.raises(MalformedError) as again:
        value_of(declared, cbor.decode(octets, allow_tags=cbor.ANY_TAG, allow_simple=True))
    assert type(again.value) is error
    assert (again.value.path, again.value.offset) == (path, None)
    assert again.value.reason == caught.value.reason


REASONS = [
    (Sample, None, "an array of 8 expected, null found"),
    (Sample, {}, "an array of 8 expected, a map found"),
    (Sample, sample(flag=1), "a boolean expected, an integer found"),
    (Sample, sample(flag=undefined), "a boolean expected, undefined found"),
    (Sample, sample(flag=CBORSimpleValue(9)), "a boolean expected, simple value 9 found"),
    (Sample, sample(number=1.0), "an integer expected, a float found"),
    (Sample, sample(number=CBORTag(5, 1)), "an integer expected, tag 5 found"),
    (Sample, sample(number=-1), "-1 is not in 0..18446744073709551615"),
    (Sample, sample(octets="abc"), "a byte string expected, a text found"),
    (Sample, sample(octets=b"a"), "1 octets, 2..4 permitted"),
    (Sample, sample(kind=256), "256 is not in 0..255"),
    (Sample, sample(mode=1), "1 is none of 0, 7"),
    (Sample, sample(points=4 * [[1, 1]]), "4 elements, 0..3 permitted"),
    (Optionals, [None, b"ab", *5 * [None]], "2 octets, 3 permitted"),
    (Optionals, [*4 * [None], 1, None, None], "an odd number"),
    (Record, {-1: 3}, "the map lacks the key 1"),
    (Record, {-1: 3, 1: 2, "k": 3}, "the key 'k' is not expected"),
    (Record, {-1: 4, 1: 2}, "4 is none of 3"),
    (Numbers, [], "tag 99 expected, an array of 0 found"),
    (Wood, ["", 3], "3 is none of 0, 1, 2"),
    (Wood, 1, "an array of more than 1 expected, an integer found"),
    (Codes, "", "an integer or an array or a map or a byte string expected, a text found"),
    (Owned, [1, 1, None], "no text to be turned"),
]


@pytest.mark.parametrize(("declared", "item", "reason"), REASONS)
def test_refusal_says_what_was_expected_and_found(
    declared: type[Any], item: Any, reason: str
) -> None:
    with pytest.raises(MalformedError) as caught:
        decode_document(declared, cbor.encode(item, allow_simple=True))
    assert caught.value.reason == reason


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_are_read_as_they_were_written(value: Any) -> None:
    octets = encode_document(value)
    read = decode_document(type(value), octets)
    assert read == value
    assert type(read) is type(value)
    assert encode_document(read) == octets
    assert encode_document(attrs.evolve(read)) == octets


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_every_truncation_and_every_further_octet_is_refused(value: Any) -> None:
    octets = encode_document(value)
    ends = [octets[:end] for end in range(len(octets))]
    for end in [*ends, *(octets + bytes([further]) for further in range(256))]:
        with pytest.raises(cbor.NotWellFormedError):
            decode_document(type(value), end)


CLASSES = sorted({type(value) for value in VALUES}, key=lambda declared: declared.__name__)


@given(st.sampled_from(CLASSES), items(4))
def test_any_item_is_malformed_or_the_encoding_of_a_value(declared: type[Any], item: Any) -> None:
    octets = cbor.encode(item, allow_nan=True, allow_simple=True)
    refused = None
    try:
        assert encode_document(decode_document(declared, octets)) == octets
    except MalformedError as error:
        refused = error
    if refused is not None:
        assert refused.path.startswith(declared.__name__)
        assert refused.offset is not None
        assert 0 <= refused.offset < len(octets)


def test_fields_are_what_the_declaration_says() -> None:
    record = decode_document(Open, bytes.fromhex("a4010120f64162c581f93e0061618201a10280"))
    assert record.number == 1
    assert record.others == {-1: None, b"b": CBORTag(5, (1.5,)), "a": (1, {2: ()})}
    assert hash(record) == hash(attrs.evolve(record))
    sample = decode_document(Sample, bytes.fromhex("88f50943616263647465787418c80782012481820a00"))
    assert type(sample.kind) is Kind
    assert sample.mode is Mode.ON
    assert sample.points == (Point(10, 0),)
    assert decode_document(Record, bytes.fromhex("a201012003")).version == 3


def test_octets_are_kept_where_there_is_a_slot_for_them() -> None:
    octets = bytearray.fromhex("82016174")
    kept = decode_document(Kept, octets)
    octets[1] = 2
    assert encode_document(kept) == bytes.fromhex("82016174")
    assert encode_document(attrs.evolve(kept, number=2)) == bytes.fromhex("82026174")
    assert kept == Kept(1, "t")


def test_limits_are_those_of_the_octets() -> None:
    octets = encode_document(Numbers((1, 2, 3)))
    assert decode_document(Numbers, octets, max_octets=6, max_depth=2, max_containers=2)
    for limits in ({"max_octets": 5}, {"max_depth": 1}, {"max_containers": 1}):
        with pytest.raises(cbor.TooLargeError):
            decode_document(Numbers, octets, **limits)
    with pytest.raises(cbor.NotPermittedError, match="tag 99"):
        decode_document(Numbers, octets, allow_tags=())
    for limit, octet in (("allow_nan", "f97e00"), ("allow_simple", "f7")):
        inside = bytes.fromhex("836161" + octet + "f6")
        assert decode_document(Owned, inside).perhaps is None
        with pytest.raises(cbor.NotPermittedError):
            decode_document(Owned, inside, **{limit: False})


def test_a_chain_is_as_long_as_the_octets_may_be_deep() -> None:
    octets = b"\x82\1" * 64 + b"\xf6"
    assert encode_document(decode_document(Chain, octets)) == octets
    with pytest.raises(cbor.TooLargeError):
        decode_document(Chain, b"\x82\1" + octets)
