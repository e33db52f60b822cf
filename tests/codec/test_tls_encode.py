from typing import Annotated, Any

import attrs
import pytest
from codec.declarations import (
    ALIASES,
    ZOO,
    Bird,
    Bounded,
    Codes,
    Colour,
    Creature,
    Empty,
    Fish,
    FourOctets,
    Givens,
    Inner,
    Item,
    Keeper,
    Kept,
    KeptSigned,
    Kind,
    Left,
    Nameless,
    Options,
    Outer,
    Padded,
    Right,
    Sealed,
    SealedKey,
    Selects,
    Side,
    Signed,
    Strings,
    Tiny,
    Unsigned,
    Versioned,
    Wide,
)
from codec.values import CODES, GIVENS, INNER, NUMBERS, SELECTS, STRINGS, VECTORS
from hypothesis import given, settings
from hypothesis import strategies as st

from mimi.codec import (
    Fixed,
    Given,
    Opaque,
    Select,
    UInt8,
    UInt16,
    UInt64,
    decode,
    decode_length,
    encode,
    encode_as,
    encode_length,
    struct,
)
from mimi.codec.strategy import strategy
from mimi.errors import UsageError

BOUNDED = Bounded((1,), (b"ab",), (), (3,))
OPTIONS = Options(None, None, None, None, None)


def unfit(value: object, field: str, sentence: str, declared: Any = None) -> None:
    with pytest.raises(UsageError) as caught:
        encode(value, declared)
    assert caught.value.where["field"] == field
    assert str(caught.value).startswith(field)
    assert sentence in str(caught.value)


# The encodings themselves.


@pytest.mark.parametrize(
    ("value", "declared", "octets"),
    [
        (Empty(), None, ""),
        (NUMBERS, None, "01 0002 000003 00000004 0000000000000005 01 00000006 0000000000000007"),
        (
            Codes(Tiny.ONE, Kind.FIRST, Wide(2), Nameless(0xFFFF), Side.RIGHT, Colour.RED),
            None,
            "01 0001 00000002 ffff 02 0100",
        ),
        (
            Strings(b"a", b"", Sealed(b"xyz"), b"s", b"l", b"four"),
            None,
            "0161 00 0378797a 0173 00016c 666f7572",
        ),
        (FourOctets(b"four"), None, "666f7572"),
        (
            VECTORS,
            None,
            (
                "020102 0400010009 0101 0401000101 03010203 080000000000000001 020100"
                f"20{bytes(32).hex()} 03016b00 06000100000200 080000000100000005 020101"
                "0400020001 03000107"
            ),
        ),
        (Bounded((1,), (b"ab",), (), (3,)), None, "020001 0003026162 000000 0400000003"),
        (Options(None, None, None, None, None), None, "0000000000"),
        (
            Options(5, b"o", Item(Kind.FIRST, b""), (), Versioned(1, b"v")),
            None,
            "010005 01016f 01000100 0100 01000700010200020176",
        ),
        (Versioned(0x0102, b"v"), None, "0007 0102 02 0002 0176"),
        (Fish(3), None, "03"),
        (Fish(3), Creature, "0001 03"),
        (Bird((), Right()), Creature, "0002 00 02"),
        (Fish(3), Outer, "01 0001 03"),
        (Item(Kind.SECOND, b"i"), Outer, "02 0002 0169"),
        (b"opaque", Outer, "03 066f7061717565"),
        (
            SELECTS,
            None,
            "01 00000001 0002 020166 02 01 0001 02 03000103 01 02 01 0173",
        ),
        (GIVENS, None, "01 00000009 0101 056769766 56e 004d 00 3030"),
        (
            Givens(Inner(Right(), Colour.RED), None, Item(Kind.FIRST, b""), 1, Empty()),
            None,
            "02 0100 000100 01",
        ),
        (Keeper(Kept(b"k", Inner(Right(), Colour.RED)), ()), None, "016b 02 0100 00"),
        (Signed(b"c", 7, b"s"), None, "0001 0163 07 0173"),
        (Signed(b"c", 7, b"s"), Unsigned, "0001 0163 07"),
        (Padded(b"c", 3), None, "0163 000000"),
        ((1, 2), tuple[UInt16, ...], "04 0001 0002"),
        ((None, Item(Kind.FIRST, b"")), tuple[Item | None, ...], "05 00 01000100"),
        (True, bool, "01"),
        (Kind.FIRST, Kind, "0001"),
        (Kind(0x0A0A), None, "0a0a"),
        (Side.LEFT, None, "01"),
    ],
    ids=repr,
)
def test_encodings(value, declared, octets):
    expected = bytes.fromhex(octets.replace(" ", ""))
    assert encode(value, declared) == expected
    assert type(encode(value, declared)) is bytes
    declared = type(value) if declared is None else declared
    back = decode(declared, expected)
    assert encode(back, declared) == expected
    if type(value) is type(back):
        assert back == value


def test_what_is_longer_than_any_header_is_refused_before_it_is_made():
    class Endless(tuple[int, ...]):
        __slots__ = ()

        def __len__(self) -> int:
            return 1 << 27

    with pytest.raises(UsageError):
        encode(Endless((1,)), tuple[UInt64, ...])


@pytest.mark.parametrize("length", [0, 63, 64, 16383, 16384, (1 << 30) - 1])
def test_a_length_is_written_as_it_is_read(length):
    assert decode_length(encode_length(length)) == length


@pytest.mark.parametrize("length", [-1, 1 << 30])
def test_a_length_without_header_is_refused(length):
    with pytest.raises(UsageError, match="a vector has 0 to 1073741823 octets"):
        encode_length(length)


# What cannot be encoded.


@pytest.mark.parametrize(
    ("value", "changes", "field", "sentence"),
    [
        (NUMBERS, {"one": 256}, "Numbers.one", "takes uint8, not 256"),
        (NUMBERS, {"one": -1}, "Numbers.one", "takes uint8, not -1"),
        (NUMBERS, {"two": "2"}, "Numbers.two", "takes uint16, not '2'"),
        (NUMBERS, {"two": 1.0}, "Numbers.two", "takes uint16, not 1.0"),
        (NUMBERS, {"three": 1 << 24}, "Numbers.three", "takes uint24, not 16777216"),
        (NUMBERS, {"three": None}, "Numbers.three", "takes uint24, not None"),
        (NUMBERS, {"four": 1 << 32}, "Numbers.four", "takes uint32"),
        (NUMBERS, {"eight": 1 << 64}, "Numbers.eight", "takes uint64"),
        (NUMBERS, {"eight": b"8"}, "Numbers.eight", "takes uint64, not b'8'"),
        (NUMBERS, {"flag": 2}, "Numbers.flag", "takes a bool, not 2"),
        (NUMBERS, {"flag": "yes"}, "Numbers.flag", "takes a bool, not 'yes'"),
        (NUMBERS, {"flag": []}, "Numbers.flag", "takes a bool, not []"),
        (CODES, {"tiny": 256}, "Codes.tiny", "takes Tiny, not 256"),
        (CODES, {"kind": "first"}, "Codes.kind", "takes Kind, not 'first'"),
        (CODES, {"wide": -1}, "Codes.wide", "takes Wide, not -1"),
        (CODES, {"side": 3}, "Codes.side", "takes Side, not 3"),
        (CODES, {"side": 300}, "Codes.side", "takes Side, not 300"),
        (CODES, {"colour": None}, "Codes.colour", "takes Colour, not None"),
        (STRINGS, {"plain": "a"}, "Strings.plain", "takes bytes, not 'a'"),
        (STRINGS, {"plain": None}, "Strings.plain", "takes bytes, not None"),
        (STRINGS, {"plain": (1,)}, "Strings.plain", "takes bytes, not (1,)"),
        (STRINGS, {"key": 5}, "Strings.key", "takes bytes, not 5"),
        (STRINGS, {"sealed": b"bare"}, "Strings.sealed", "takes Sealed, not bytes"),
        (STRINGS, {"sealed": None}, "Strings.sealed", "takes Sealed, not NoneType"),
        (STRINGS, {"short": bytes(256)}, "Strings.short", "takes 0 to 255 octets, not 256"),
        (STRINGS, {"long": b""}, "Strings.long", "takes 1 to 65535 octets, not 0"),
        (STRINGS, {"long": bytes(65536)}, "Strings.long", "takes 1 to 65535 octets, not 65536"),
        (STRINGS, {"four": b"five."}, "Strings.four", "takes 4 octets, not b'five.'"),
        (STRINGS, {"four": "four"}, "Strings.four", "takes bytes, not 'four'"),
        (FourOctets(b"four"), {"four": "four"}, "FourOctets.four", "takes bytes, not 'four'"),
        (FourOctets(b"four"), {"four": (1, 2, 3, 4)}, "FourOctets.four", "takes bytes"),
        (FourOctets(b"four"), {"four": 4}, "FourOctets.four", "takes bytes"),
        (VECTORS, {"small": (1, 256)}, "Vectors.small[1]", "takes uint8, not 256"),
        (VECTORS, {"small": 5}, "Vectors.small", "takes a tuple, not 5"),
        (VECTORS, {"small": None}, "Vectors.small", "takes a tuple, not None"),
        (VECTORS, {"kinds": ("first",)}, "Vectors.kinds[0]", "takes Kind, not 'first'"),
        (VECTORS, {"sides": (Side.LEFT, 3)}, "Vectors.sides[1]", "takes Side, not 3"),
        (VECTORS, {"colours": (1,)}, "Vectors.colours[0]", "takes Colour, not 1"),
        (VECTORS, {"thirds": (-1,)}, "Vectors.thirds[0]", "takes uint24, not -1"),
        (VECTORS, {"flags": (None,)}, "Vectors.flags[0]", "takes a bool, not None"),
        (VECTORS, {"hashes": (bytes(31),)}, "Vectors.hashes[0]", "takes 32 octets"),
        (VECTORS, {"keys": ("k",)}, "Vectors.keys[0]", "takes bytes, not 'k'"),
        (VECTORS, {"items": (Item(Kind.FIRST, "d"),)}, "Vectors.items[0].data", "takes bytes"),
        (VECTORS, {"items": (5,)}, "Vectors.items[0]", "takes Item, not 5"),
        (
            VECTORS,
            {"items": (Item(Kind.FIRST, b"1"), Item(Kind.FIRST, b"2"))},
            "Vectors.items",
            ": two items have the same kind (section 1)",
        ),
        (
            VECTORS,
            {"ascending": (2, 2)},
            "Vectors.ascending",
            "numbers do not increase (section 2)",
        ),
        (
            VECTORS,
            {"ascending": (2, 1)},
            "Vectors.ascending",
            "numbers do not increase (section 2)",
        ),
        (VECTORS, {"ascending": (2, "x")}, "Vectors.ascending[1]", "takes uint32, not 'x'"),
        (VECTORS, {"even": (1,)}, "Vectors.even", "the sum is odd (section 3)"),
        (VECTORS, {"nested": ((1,), (1 << 16,))}, "Vectors.nested[1][0]", "takes uint16"),
        (VECTORS, {"options": (None, "x")}, "Vectors.options[1]", "takes uint8, not 'x'"),
        (BOUNDED, {"pairs": ()}, "Bounded.pairs", "takes 2 to 8 octets, not 0"),
        (BOUNDED, {"pairs": (1,) * 5}, "Bounded.pairs", "takes 2 to 8 octets, not 10"),
        (BOUNDED, {"names": (b"a",)}, "Bounded.names", "takes 3 to 300 octets, not 2"),
        (BOUNDED, {"names": (bytes(298), b"a")}, "Bounded.names", "takes 3 to 300 octets, not 302"),
        (OPTIONS, {"number": 65536}, "Options.number", "takes uint16, not 65536"),
        (OPTIONS, {"octets": "o"}, "Options.octets", "takes bytes, not 'o'"),
        (OPTIONS, {"item": b"i"}, "Options.item", "takes Item, not b'i'"),
        (OPTIONS, {"items": (None,)}, "Options.items[0]", "takes Item, not None"),
        (OPTIONS, {"forward": Versioned(-1, b"")}, "Options.forward.after", "takes uint16, not -1"),
        (SELECTS, {"aside": None}, "Selects.aside", "NoneType is no case of Aside"),
        (
            SELECTS,
            {"aside": Fish(1)},
            "Selects.aside",
            "Fish is a structure, but no case of Aside",
        ),
        (SELECTS, {"creature": Right()}, "Selects.creature", "but no case of Creature"),
        (SELECTS, {"creature": Fish(256)}, "Selects.creature.first.fins", "takes uint8, not 256"),
        (SELECTS, {"outer": Fish(256)}, "Selects.outer.one.first.fins", "takes uint8, not 256"),
        (SELECTS, {"outer": 3}, "Selects.outer", "int is no case of Outer"),
        (SELECTS, {"creatures": (Fish(1), None)}, "Selects.creatures[1]", "no case of Creature"),
        (SELECTS, {"perhaps": 1}, "Selects.perhaps", "int is no case of Aside"),
        (SELECTS, {"sealed": b"bare"}, "Selects.sealed", "bytes is no case of MaybeSealed"),
        (GIVENS, {"by_class": None}, "Givens.by_class", "takes bytes, not None"),
        (
            GIVENS,
            {"inner": Inner(Right(), Colour.GREEN)},
            "Givens.by_class",
            "takes None, given inner.aside, not b'given'",
        ),
        (GIVENS, {"by_value": Item(Kind.FIRST, b"")}, "Givens.by_value", "takes uint16, not Item("),
        (GIVENS, {"inner": INNER}, "Givens.by_value", "takes Item, not 77"),
        (GIVENS, {"by_number": b"123"}, "Givens.by_number", "takes 2 octets, not b'123'"),
        (Padded(b"", 0), {"padding": -1}, "Padded.padding", "takes a count of octets, not -1"),
        (Padded(b"", 0), {"padding": b"\1"}, "Padded.padding", "takes a count of octets, not b'"),
        (Padded(b"", 0), {"padding": 1.0}, "Padded.padding", "takes a count of octets, not 1.0"),
        (Padded(b"", 0), {"padding": None}, "Padded.padding", "takes a count of octets, not None"),
        (Kept(b"k", INNER), {"name": "k"}, "Kept.name", "takes bytes, not 'k'"),
        (KeptSigned(b"c", 1, Right(), b"s"), {"number": 256}, "KeptSigned.number", "takes uint8"),
    ],
)
def test_values_that_do_not_fit(value, changes, field, sentence):
    encode(value)
    unfit(attrs.evolve(value, **changes), field, sentence)


@pytest.mark.parametrize(
    ("value", "declared", "field", "sentence"),
    [
        (5, Item, "Item", "takes Item, not 5"),
        (Left(1), Creature, "Creature", "Left is a structure, but no case of Creature"),
        ((1, 256), tuple[UInt8, ...], "uint8<V>[1]", "takes uint8, not 256"),
        (Sealed(b""), Opaque, "opaque<V>", "takes bytes"),
        ("four", Annotated[bytes, Fixed(4)], "opaque[4]", "takes bytes, not 'four'"),
        (3, Side, "Side", "takes Side, not 3"),
        (b"x", SealedKey, "SealedKey", "takes Sealed, not bytes"),
        ("x" * 100, Item, "Item", f"takes Item, not '{'x' * 76}..."),
    ],
)
def test_values_that_do_not_fit_the_named_type(value, declared, field, sentence):
    unfit(value, field, sentence, declared)


@pytest.mark.parametrize("value", [5, b"octets", "text", None, (1, 2), object()])
def test_a_value_of_no_declared_type_needs_its_type(value):
    with pytest.raises(UsageError, match=f"{type(value).__name__} has no meaning"):
        encode(value)


# Structures that keep their encoding, and what is signed.


def test_the_encoding_is_kept():
    kept = Kept(b"name", INNER)
    octets = encode(kept)
    assert encode(kept) is octets
    back = decode(Kept, octets)
    assert encode(back) == octets
    assert encode(back) is encode(back)


def test_a_decoded_structure_keeps_its_own_octets_only():
    keeper = Keeper(Kept(b"k", INNER), (Kept(b"l", INNER), Kept(b"m", INNER)))
    back = decode(Keeper, encode(keeper))
    for one, other in zip((back.kept, *back.more), (keeper.kept, *keeper.more), strict=True):
        assert encode(one) == encode(other)


def test_a_kept_encoding_stands_for_its_own_class_only():
    other = KeptSigned(b"c", 1, Right(), b"s")
    encode(other)
    unfit(Keeper(other, ()), "Keeper.kept", "takes Kept, not KeptSigned(")  # type: ignore[arg-type]

    @struct(cached=True)
    class Twin:
        name: Opaque
        inner: Inner
        more: UInt8

    twin = Twin(b"name", INNER, 7)
    encode(twin)
    assert encode(twin, Kept) == encode(Kept(b"name", INNER))


@pytest.mark.parametrize("value", [Signed(b"c", 7, b"s"), KeptSigned(b"c", 7, Left(1), b"s")])
def test_what_is_signed_is_the_encoding_of_the_base(value):
    for _ in range(2):
        assert encode_as(Unsigned, value) == encode(Unsigned(b"c", 7))
        assert encode_as(Unsigned, decode(type(value), encode(value))) == encode(Unsigned(b"c", 7))


def test_what_is_signed_comes_from_a_structure_of_the_base():
    kept = Kept(b"name", INNER)
    encode(kept)
    for value in (kept, Fish(1)):
        with pytest.raises(UsageError):
            encode_as(Unsigned, value)


# Properties.


@pytest.mark.parametrize("name", ZOO)
@settings(max_examples=25)
@given(data=st.data())
def test_round_trip(name, data):
    value = data.draw(strategy(ZOO[name]))
    octets = encode(value, ZOO[name])
    back = decode(ZOO[name], octets)
    assert back == value
    assert type(back) is type(value)
    assert encode(back, ZOO[name]) == octets


def test_the_zoo_has_every_shape():
    assert set(ALIASES) <= set(ZOO)
    assert {Select, Given} <= {
        type(entry)
        for kind in (Selects, Givens)
        for hint in kind.__annotations__.values()
        for entry in getattr(hint, "__metadata__", ())
    }


@pytest.mark.parametrize("value", [[1, 2], {1, 2}, range(2), iter((1, 2))])
def test_vectors_are_tuples(value):
    """A list could change behind the encoding that a structure keeps."""
    with pytest.raises(UsageError, match="takes a tuple"):
        encode(value, tuple[UInt16, ...])


@struct
class Lookalike:
    """The fields of an `Inner`, and not an Inner."""

    kind: Kind
    data: Opaque


def test_a_structure_that_looks_alike_is_another():
    """It would be encoded silently, and decoded as something else."""
    assert encode((Item(Kind.FIRST, b""),), tuple[Item, ...])
    with pytest.raises(UsageError, match=r"Item<V>\[0\] takes Item, not Lookalike"):
        encode((Lookalike(Kind.FIRST, b""),), tuple[Item, ...])
