"""The slow readings: extents, errors with their places, and that the fast ones agree with them."""

from typing import Any

import pytest
from codec.declarations import (
    STRUCTURES,
    ZOO,
    Aside,
    Creature,
    Fish,
    Givens,
    Inner,
    Item,
    Kind,
    Left,
    Options,
    Padded,
    SealedKey,
    Side,
    Unsigned,
    Vectors,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from mimi.codec import Opaque, Span, UInt8, UInt16, decode, encode, read
from mimi.codec.declare import shape_of
from mimi.codec.decoder import FAILURES, decoder_of
from mimi.codec.strategy import strategy
from mimi.codec.trace import check, kind_of, name_of
from mimi.errors import MalformedError, UsageError


def lines(declared: Any, octets: str) -> list[tuple[int, int, int, str, str]]:
    spans = read(declared, bytes.fromhex(octets.replace(" ", ""))).spans
    return [(span.depth, span.start, span.end, span.path, span.kind) for span in spans]


def test_a_structure_comes_before_its_fields():
    assert lines(Item, "0001 03 616263") == [
        (0, 0, 6, "Item", "Item"),
        (1, 0, 2, "Item.kind", "Kind"),
        (1, 2, 6, "Item.data", "opaque<V>"),
        (2, 2, 3, "Item.data.length", "length"),
        (2, 3, 6, "Item.data", "opaque"),
    ]


def test_an_empty_opaque_field_is_its_length():
    assert lines(SealedKey, "00") == [
        (0, 0, 1, "SealedKey", "SealedKey"),
        (1, 0, 1, "SealedKey.length", "length"),
    ]


def test_an_option_is_its_presence_and_the_value():
    assert lines(UInt16 | None, "01 0005") == [
        (0, 0, 3, "optional<uint16>", "optional<uint16>"),
        (1, 0, 1, "optional<uint16>.present", "uint8"),
        (1, 1, 3, "optional<uint16>", "uint16"),
    ]
    assert lines(UInt16 | None, "00")[1:] == [(1, 0, 1, "optional<uint16>.present", "uint8")]


def test_a_select_is_its_tag_and_the_case():
    assert lines(tuple[Creature, ...], "03 0001 07") == [
        (0, 0, 4, "Creature<V>", "Creature<V>"),
        (1, 0, 1, "Creature<V>.length", "length"),
        (1, 1, 4, "Creature<V>[0]", "Creature"),
        (2, 1, 3, "Creature<V>[0].kind", "Kind"),
        (2, 3, 4, "Creature<V>[0].first", "Fish"),
        (3, 3, 4, "Creature<V>[0].first.fins", "uint8"),
    ]


def test_constants_have_their_extent():
    assert [line[1:4] for line in lines(Unsigned, "0001 00 07")][1] == (0, 2, "Unsigned.version")


def test_values_of_spans():
    traced = read(Inner, bytes.fromhex("01 00000009 0100"))
    assert traced.value == Inner(Left(9), traced.value.colour)
    assert traced.spans[0] == Span(0, 7, "Inner", "Inner", "Inner", traced.value, 0)
    values = {span.path: span.value for span in traced.spans}
    assert values["Inner.aside.side"] is Side.LEFT
    assert values["Inner.aside.left.index"] == 9
    assert {span.path: span.name for span in traced.spans}["Inner.aside.left"] == ".left"


@pytest.mark.parametrize("name", ZOO)
@settings(max_examples=25)
@given(data=st.data())
def test_the_leaves_are_the_input(name, data):
    octets = encode(data.draw(strategy(ZOO[name])), ZOO[name])
    traced = read(ZOO[name], octets)
    at = 0
    for leaf in traced.leaves:
        assert leaf.start == at <= leaf.end
        at = leaf.end
    assert at == len(octets)


@pytest.mark.parametrize("name", ZOO)
@settings(max_examples=25)
@given(data=st.data())
def test_every_item_lies_in_the_one_around_it(name, data):
    octets = encode(data.draw(strategy(ZOO[name])), ZOO[name])
    around: list[Span] = []
    for span in read(ZOO[name], octets).spans:
        del around[span.depth :]
        assert len(around) == span.depth
        if around:
            assert around[-1].start <= span.start <= span.end <= around[-1].end
            assert span.path == around[-1].path + span.name
        else:
            assert (span.start, span.end, span.path) == (0, len(octets), name_of(ZOO[name]))
        around.append(span)


@pytest.mark.parametrize("buffer", [bytearray, memoryview])
def test_any_buffer_is_read(buffer):
    octets = encode(Item(Kind.FIRST, b"data"))
    assert read(Item, buffer(octets)) == read(Item, octets)
    assert type(read(Item, buffer(octets)).value.data) is bytes
    with pytest.raises(UsageError, match="octets are bytes, not str"):
        read(Item, "00")  # type: ignore[arg-type]


def test_reading_is_refused_with_path_and_offset():
    with pytest.raises(MalformedError) as caught:
        read(Options, bytes.fromhex("010005 0003"))
    assert (caught.value.path, caught.value.offset) == ("Options.item", 4)
    assert caught.value.reason == "an optional's presence is 0 or 1, not 3"


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        (Item, "Item"),
        (Aside, "Aside"),
        (Creature, "Creature"),
        (Opaque, "opaque<V>"),
        (tuple[Item | None, ...], "optional<Item><V>"),
        (bool, "bool"),
        (SealedKey, "SealedKey"),
    ],
)
def test_names_of_types(declared, name):
    assert name_of(declared) == name


def test_kinds_of_fields():
    kinds = {field: kind_of(shape_of(hint)) for field, hint in Vectors.__annotations__.items()}
    assert kinds == {
        "small": "uint8<V>",
        "kinds": "Kind<V>",
        "sides": "Side<V>",
        "colours": "Colour<V>",
        "thirds": "uint24<V>",
        "wide": "uint64<V>",
        "flags": "bool<V>",
        "hashes": "opaque[32]<V>",
        "keys": "HPKEPublicKey<V>",
        "items": "Item<V>",
        "ascending": "uint32<V>",
        "even": "uint8<V>",
        "nested": "uint16<V><V>",
        "options": "optional<uint8><V>",
    }
    assert kind_of(shape_of(Padded.__annotations__["padding"])) == "padding"
    assert kind_of(shape_of(Givens.__annotations__["by_class"])) == "select(inner.aside)"


# The compiled decoder and the reader that says where.


def agree(declared: Any, octets: bytes) -> bool:
    """Check that both decoders give one value, or both refuse; return whether they gave one."""
    try:
        fast, end = decoder_of(shape_of(declared))(octets, 0)
        accepted = end == len(octets)
    except FAILURES:
        accepted = False
    if not accepted:
        with pytest.raises(MalformedError):
            read(declared, octets)
        return False
    slow = read(declared, octets).value
    assert slow == fast
    assert type(slow) is type(fast)
    assert encode(slow, declared) == encode(fast, declared) == octets
    return True


@pytest.mark.parametrize("name", ZOO)
@settings(max_examples=25)
@given(data=st.data())
def test_they_agree_on_valid_octets(name, data):
    assert agree(ZOO[name], encode(data.draw(strategy(ZOO[name])), ZOO[name]))


@pytest.mark.parametrize("name", ZOO)
@settings(max_examples=25)
@given(data=st.data())
def test_they_agree_on_changed_octets(name, data):
    octets = bytearray(encode(data.draw(strategy(ZOO[name])), ZOO[name]))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(octets)))
        change = data.draw(st.sampled_from(["set", "insert", "delete", "cut"]))
        if change == "cut":
            del octets[at:]
        elif change == "delete":
            del octets[at : at + data.draw(st.integers(1, 4))]
        elif change == "insert":
            octets[at:at] = data.draw(st.binary(min_size=1, max_size=4))
        else:
            octets[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
    agree(ZOO[name], bytes(octets))


@pytest.mark.parametrize("name", ZOO)
@given(octets=st.binary(max_size=64))
def test_they_agree_on_arbitrary_octets(name, octets):
    agree(ZOO[name], octets)


@pytest.mark.parametrize("name", ZOO)
def test_they_agree_on_short_octets(name):
    agree(ZOO[name], b"")
    for first in range(256):
        agree(ZOO[name], bytes([first]))
        for second in (0, 1, 2, 0x3F, 0x40, 0xFF):
            agree(ZOO[name], bytes([first, second]))
            agree(ZOO[name], bytes([first, second, 0]))
            agree(ZOO[name], bytes([first, second, 1, first]))


# The checks behind the encoder.


@pytest.mark.parametrize("kind", STRUCTURES, ids=lambda kind: kind.__name__)
@settings(max_examples=25)
@given(data=st.data())
def test_what_is_encoded_passes_the_check(kind, data):
    check(kind, data.draw(strategy(kind)))


def test_a_long_value_is_shown_in_part():
    with pytest.raises(UsageError) as caught:
        encode((bytes(1000),), tuple[UInt8, ...])
    assert len(str(caught.value)) < 150


def test_the_check_finds_a_case_behind_its_tag():
    with pytest.raises(UsageError, match=r"^Creature\.first\.fins takes uint8, not -1$"):
        check(Creature, Fish(-1))
    check(Creature, Fish(1))


def test_decoding_and_reading_give_equal_values():
    octets = encode(Options(5, b"o", Item(Kind.FIRST, b"i"), None, None))
    assert decode(Options, octets) == read(Options, octets).value
