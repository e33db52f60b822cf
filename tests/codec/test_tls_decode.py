import re
import tracemalloc
from typing import Annotated, Any, Self

import pytest
from codec.declarations import (
    STRUCTURES,
    ZOO,
    Aside,
    Bounded,
    Colour,
    Creature,
    Empty,
    End,
    FourOctets,
    Givens,
    Inner,
    Item,
    Items,
    Keeper,
    Kept,
    KeptSigned,
    Kind,
    Left,
    Options,
    Outer,
    Padded,
    Right,
    Selects,
    Side,
    Versioned,
)
from codec.values import CODES, GIVENS, NUMBERS, SELECTS, STRINGS, VECTORS
from hypothesis import given, settings
from hypothesis import strategies as st

from mimi.codec import (
    Between,
    Bytes,
    Fixed,
    Opaque,
    UInt8,
    UInt16,
    UInt64,
    decode,
    decode_length,
    encode,
    struct,
)
from mimi.codec.source import LENGTH
from mimi.codec.strategy import strategy
from mimi.errors import MalformedError, UsageError


def refuse(declared: Any, octets: bytes, text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        decode(declared, octets)
    assert str(caught.value) == text


class Sub(bytes):
    pass


@pytest.mark.parametrize("buffer", [bytes, bytearray, memoryview, Sub])
@pytest.mark.parametrize("value", [NUMBERS, VECTORS, SELECTS, GIVENS], ids=repr)
def test_any_buffer_is_decoded(value, buffer):
    back = decode(type(value), buffer(encode(value)))
    assert back == value
    with pytest.raises(MalformedError):
        decode(type(value), buffer(encode(value)[:-1]))


def test_decoded_octets_are_bytes():
    octets = bytearray(encode(Item(Kind.FIRST, b"data")))
    item = decode(Item, octets)
    octets[:] = bytes(len(octets))
    assert item == Item(Kind.FIRST, b"data")
    assert type(item.data) is bytes


@pytest.mark.parametrize("octets", ["text", None, 5, [1, 2], (1,)])
def test_only_buffers_are_decoded(octets):
    with pytest.raises(UsageError, match=f"octets are bytes, not {type(octets).__name__}"):
        decode(Item, octets)


def test_unknown_code_points_survive():
    for number in (0x0000, 0x0A0A, 0xFFFF, 0xFAFA):
        octets = number.to_bytes(2, "big") + b"\0"
        item = decode(Item, octets)
        assert item.kind == number
        assert isinstance(item.kind, Kind)
        assert encode(item) == octets


def test_vectors_of_code_points_of_which_none_is_like_another():
    for number in range(2000):
        octets = b"\4" + number.to_bytes(2, "big") + b"\0\1"
        assert decode(tuple[Kind, ...], octets) == (number, Kind.FIRST)
        assert encode(decode(tuple[Kind, ...], octets), tuple[Kind, ...]) == octets


def test_known_code_points_are_the_members():
    assert decode(Kind, b"\0\1") is Kind.FIRST
    assert decode(Side, b"\1") is Side.LEFT


# Lengths (RFC 9420 section 2.1.2).


@pytest.mark.parametrize(
    ("header", "length"), [("9d7f3e7d", 494878333), ("7bbd", 15293), ("25", 37)]
)
def test_the_examples_of_rfc_9420_section_2_1_2(header, length):
    assert decode_length(bytes.fromhex(header)) == length
    assert LENGTH[length].hex() == header


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (0, "00"),
        (63, "3f"),
        (64, "4040"),
        (16383, "7fff"),
        (16384, "80004000"),
        ((1 << 30) - 1, "bfffffff"),
    ],
)
def test_the_boundaries_of_the_header(length, header):
    assert decode_length(bytes.fromhex(header)) == length
    assert LENGTH[length].hex() == header
    if length < 1 << 20:
        octets = bytes.fromhex(header) + bytes(length)
        for declared in (Opaque, tuple[UInt8, ...], tuple[bool, ...]):
            assert encode(decode(declared, octets), declared) == octets
        assert encode(bytes(length), Opaque) == octets


@pytest.mark.parametrize("length", [0, 1, 62, 63, 64, 65, 1023, 1024, 16382, 16383, 16384, 16385])
def test_vectors_around_the_boundaries(length):
    value = (True,) * length
    assert decode(tuple[bool, ...], encode(value, tuple[bool, ...])) == value
    numbers = tuple(n % 256 for n in range(length))
    assert decode(tuple[UInt8, ...], encode(numbers, tuple[UInt8, ...])) == numbers


@pytest.mark.parametrize(
    ("header", "length"),
    [("4000", 0), ("403f", 63), ("80000000", 0), ("8000003f", 63), ("80003fff", 16383)],
)
def test_a_header_that_is_not_minimal_is_refused(header, length):
    header = bytes.fromhex(header)
    reason = f"length {length} takes fewer octets (RFC 9420 section 2.1.2)"
    with pytest.raises(MalformedError, match=re.escape(reason)):
        decode_length(header)
    refuse(Opaque, header + bytes(length), f"opaque<V>.length at octet 0: {reason}")
    refuse(tuple[bool, ...], header + bytes(length), f"bool<V>.length at octet 0: {reason}")


@pytest.mark.parametrize("first", [0xC0, 0xC1, 0xFF])
def test_a_header_that_starts_with_11_is_refused(first):
    octets = bytes([first]) + bytes(70)
    reason = f"a length cannot start with {first:#04x} (RFC 9420 section 2.1.2)"
    refuse(Opaque, octets, f"opaque<V>.length at octet 0: {reason}")
    with pytest.raises(MalformedError, match=re.escape(reason)):
        decode_length(octets[:1])


def test_a_header_alone_is_all_that_decode_length_takes():
    with pytest.raises(MalformedError, match="length at octet 1: 1 octets follow the end"):
        decode_length(b"\x25\x00")
    for header in ("", "40", "80", "800040"):
        with pytest.raises(MalformedError, match="octets left"):
            decode_length(bytes.fromhex(header))
    assert decode_length(bytearray(b"\x25")) == 37
    with pytest.raises(UsageError):
        decode_length("25")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        (Opaque, "opaque<V>"),
        (tuple[Annotated[bytes, Fixed(32)], ...], "opaque[32]<V>"),
        (tuple[UInt8, ...], "uint8<V>"),
        (tuple[UInt64, ...], "uint64<V>"),
        (tuple[Item, ...], "Item<V>"),
        (tuple[Empty | None, ...], "optional<Empty><V>"),
    ],
)
@pytest.mark.parametrize("there", [0, 64, 6400])
def test_a_claimed_length_costs_nothing(declared, name, there):
    octets = bytes.fromhex("bfffffc0") + bytes(there)
    claim = f"{there} octets left, {(1 << 30) - 64} needed"
    refuse(declared, octets, f"{name} at octet 4: {claim}")  # which compiles the decoder
    tracemalloc.start()
    refuse(declared, octets, f"{name} at octet 4: {claim}")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000 + 10 * there


# Everything that is refused, at its place.


@pytest.mark.parametrize(
    ("declared", "octets", "text"),
    [
        (bool, "02", "bool at octet 0: a bool is 0 or 1, not 2"),
        (bool, "ff", "bool at octet 0: a bool is 0 or 1, not 255"),
        (bool, "", "bool at octet 0: 0 octets left, 1 needed"),
        (
            Item | None,
            "02000100",
            "optional<Item> at octet 0: an optional's presence is 0 or 1, not 2",
        ),
        (Side, "00", "Side at octet 0: 0 is no Side"),
        (Side, "03", "Side at octet 0: 3 is no Side"),
        (Colour, "0001", "Colour at octet 0: 1 is no Colour"),
        (tuple[Side, ...], "020103", "Side<V>[1] at octet 2: 3 is no Side"),
        (Aside, "0300000000", "Aside at octet 0: 3 is no Side"),
        (Creature, "0003", "Creature at octet 0: 0x0003 is no known Creature"),
        (Creature, "0a0a", "Creature at octet 0: GREASE_0A0A is no known Creature"),
        (Outer, "0100ff", "Outer.one at octet 1: 0x00FF is no known Creature"),
        (Outer, "010001", "Outer.one.first.fins at octet 3: 0 octets left, 1 needed"),
        (FourOctets, "616263", "FourOctets.four at octet 0: 3 octets left, 4 needed"),
        (Item, "0001056162", "Item.data at octet 3: 2 octets left, 5 needed"),
        (Item, "00010161 62", "Item at octet 4: 1 octets follow the end"),
        (Versioned, "0008", "Versioned.version at octet 0: version is 8, not 7"),
        (Versioned, "0007000101", "Versioned.side at octet 4: side is LEFT, not RIGHT"),
        (Versioned, "0007000103", "Versioned.side at octet 4: 3 is no Side"),
        (
            Versioned,
            "0007000102000100",
            "Versioned.kind at octet 5: kind is FIRST, not SECOND",
        ),
        (tuple[UInt16, ...], "03000100", "uint16<V>[1] at octet 3: 1 octets left, 2 needed"),
        (tuple[UInt16, ...], "040001", "uint16<V> at octet 1: 2 octets left, 4 needed"),
        (
            tuple[Item, ...],
            "0500010161" + "00",
            "Item<V>[1].kind at octet 5: 1 octets left, 2 needed",
        ),
        (tuple[Opaque, ...], "020261", "opaque<V><V>[0] at octet 2: 1 octets left, 2 needed"),
        (
            tuple[tuple[UInt8, ...], ...],
            "02026162",
            "uint8<V><V>[0] at octet 2: 1 octets left, 2 needed",
        ),
        (
            Items,
            "0600010000" + "0100",
            "Item<V> at octet 0: two items have the same kind (section 1)",
        ),
        (
            Annotated[tuple[UInt16, ...], Between(2, 8)],
            "00",
            "uint16<2..8>.length at octet 0: length 0 is not in <2..8>",
        ),
        (
            Annotated[tuple[UInt16, ...], Between(2, 8)],
            "0a" + "00" * 10,
            "uint16<2..8>.length at octet 0: length 10 is not in <2..8>",
        ),
        (
            Annotated[Opaque, Between(1, 65535)],
            "0000",
            "opaque<1..65535>.length at octet 0: length 0 is not in <1..65535>",
        ),
        (
            Padded,
            "00000001",
            "Padded.padding at octet 1: padding is not all zeros (RFC 9420 section 6.3.1)",
        ),
        (Padded, "0561", "Padded.content at octet 1: 1 octets left, 5 needed"),
        (Givens, "02 0100 0001", "Givens.by_value.data.length at octet 5: 0 octets left, 1 needed"),
        (
            Keeper,
            "016b 02 0100 06 0178 02 0102",
            "Keeper.more at octet 6: 5 octets left, 6 needed",
        ),
        (
            Keeper,
            "016b 02 0100 05 0178 02 0102",
            "Keeper.more[0].inner.colour at octet 9: 258 is no Colour",
        ),
    ],
)
def test_refusals(declared, octets, text):
    refuse(declared, bytes.fromhex(octets.replace(" ", "")), text)


def test_a_path_goes_through_vectors_options_and_cases():
    @struct
    class Deep:
        selects: tuple[Selects, ...]

    octets = bytearray(encode(Deep((SELECTS, SELECTS))))
    octets[-3] = 9
    refuse(Deep, octets, "Deep.selects[1].sealed at octet 46: 9 is no Side")
    octets[-3:] = b"\1\2s"
    refuse(Deep, octets, "Deep.selects[1].sealed.left at octet 48: 1 octets left, 2 needed")


def test_an_error_carries_path_and_offset():
    with pytest.raises(MalformedError) as caught:
        decode(Item, bytes.fromhex("0001056162"))
    assert (caught.value.path, caught.value.offset) == ("Item.data", 3)
    assert caught.value.__context__ is None


SAMPLES: dict[str, Any] = {
    type(value).__name__: value
    for value in (
        NUMBERS,
        VECTORS,
        SELECTS,
        GIVENS,
        STRINGS,
        CODES,
        Bounded((1,), (b"ab",), (1 << 31,), (3, 4)),
        Options(5, b"o", Item(Kind.FIRST, b""), (), Versioned(1, b"v")),
        Keeper(Kept(b"k", Inner(Right(), Colour.RED)), (Kept(b"", Inner(Left(1), Colour.RED)),)),
        KeptSigned(b"c", 1, Left(3), b"s"),
        End(VECTORS, Empty()),
        Item(Kind.FIRST, bytes(100)),
    )
}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_truncation_and_every_further_octet_is_refused(name):
    value = SAMPLES[name]
    octets = encode(value)
    assert decode(type(value), octets) == value
    for end in range(len(octets)):
        with pytest.raises(MalformedError):
            decode(type(value), octets[:end])
    for further in range(256):
        with pytest.raises(MalformedError, match=f"at octet {len(octets)}: 1 octets follow"):
            decode(type(value), octets + bytes([further]))


# Properties.


@pytest.mark.parametrize("name", ZOO)
@given(octets=st.binary(max_size=100))
def test_any_octets_are_malformed_or_the_one_encoding(name, octets):
    try:
        value = decode(ZOO[name], octets)
    except MalformedError:
        return
    assert encode(value, ZOO[name]) == octets


@pytest.mark.parametrize("kind", STRUCTURES, ids=lambda kind: kind.__name__)
@settings(max_examples=25)
@given(data=st.data())
def test_truncations_and_further_octets(kind, data):
    octets = encode(data.draw(strategy(kind)))
    if kind is not Padded:
        with pytest.raises(MalformedError):
            decode(kind, octets + data.draw(st.binary(min_size=1, max_size=5)))
        if octets:
            with pytest.raises(MalformedError):
                decode(kind, octets[: data.draw(st.integers(0, len(octets) - 1))])


class Sixteen(bytes):
    """Octets that refuse to be another number than sixteen."""

    def __new__(cls, octets: bytes) -> Self:
        if len(octets) != 16:
            raise ValueError(f"16 octets, not {len(octets)}")
        return super().__new__(cls, octets)


def test_a_class_that_holds_octets_refuses_them():
    declared = Annotated[Sixteen, Bytes(wrap=Sixteen)]
    assert decode(declared, b"\x10" + bytes(16)) == bytes(16)
    with pytest.raises(MalformedError, match="at octet 1: 16 octets, not 2"):
        decode(declared, b"\x02ab")


def test_explaining_takes_no_more_memory_than_decoding():
    """100 times the input at most: elements are not kept on the way to what is wrong."""
    octets = encode((b"",) * 100_000, tuple[Opaque, ...])
    tracemalloc.start()
    with pytest.raises(MalformedError):
        decode(tuple[Opaque, ...], octets + b"x")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 * len(octets)
