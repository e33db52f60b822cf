import re
from typing import Annotated, Any

import pytest
from codec.declarations import (
    ZOO,
    Bounded,
    Codes,
    Creature,
    Fish,
    Givens,
    Inner,
    Item,
    Key,
    Kind,
    Left,
    Numbers,
    Options,
    Outer,
    Padded,
    Right,
    Sealed,
    Selects,
    Signed,
    Strings,
    Vectors,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from mimi.codec import (
    ClosedEnum8,
    Given,
    Opaque,
    UInt8,
    UInt16,
    annotate,
    encode,
    presentation,
    read,
    struct,
)
from mimi.codec.strategy import strategy
from mimi.errors import MalformedError


def last(declared: object) -> str:
    return presentation(declared).rpartition("\n\n")[2]


def test_a_structure():
    assert presentation(Numbers) == (
        "struct {\n"
        "    uint8 one;\n"
        "    uint16 two;\n"
        "    uint24 three;\n"
        "    uint32 four;\n"
        "    uint64 eight;\n"
        "    bool flag;\n"
        "    uint32 last;\n"
        "    uint64 very_last;\n"
        "} Numbers;"
    )


def test_registries():
    assert presentation(Codes) == (
        "uint8 Tiny;\n\n"
        "uint16 Kind;\n\n"
        "uint32 Wide;\n\n"
        "uint16 Nameless;\n\n"
        "enum {\n    reserved(0),\n    left(1),\n    right(2),\n    (255)\n} Side;\n\n"
        "enum {\n    reserved(0),\n    red(256),\n    green(257),\n    (65535)\n} Colour;\n\n"
        "struct {\n"
        "    Tiny tiny;\n"
        "    Kind kind;\n"
        "    Wide wide;\n"
        "    Nameless nameless;\n"
        "    Side side;\n"
        "    Colour colour;\n"
        "} Codes;"
    )


def test_opaque_fields():
    assert presentation(Strings) == (
        "opaque HPKEPublicKey<V>;\n\n"
        "opaque SealedKey<V>;\n\n"
        "opaque Cookie<1..65535>;\n\n"
        "struct {\n"
        "    opaque plain<V>;\n"
        "    HPKEPublicKey key;\n"
        "    SealedKey sealed;\n"
        "    opaque short<0..255>;\n"
        "    Cookie long;\n"
        "    opaque four[4];\n"
        "} Strings;"
    )


def test_vectors():
    assert "    opaque[32] hashes<V>;\n" in last(Vectors)
    assert "    HPKEPublicKey keys<V>;\n    Item items<V>;\n" in last(Vectors)
    assert "    uint16 pairs<2..8>;\n" in last(Bounded)
    assert "    uint32 many<0..16777215>;\n" in last(Bounded)


def test_options():
    assert "    optional<uint16> number;\n    optional<opaque<V>> octets;\n" in last(Options)


def test_constants():
    assert last(Signed) == (
        "struct {\n"
        "    Kind version = first;\n"
        "    opaque content<V>;\n"
        "    uint8 number;\n"
        "    opaque signature<V>;\n"
        "} Signed;"
    )
    assert "    uint16 version = 7;\n" in presentation(Options)


def test_selects():
    assert last(Outer) == (
        "struct {\n"
        "    Tiny tiny;\n"
        "    select (Outer.tiny) {\n"
        "        case one: Creature;\n"
        "        case two: Item;\n"
        "        case 0x03: opaque<V>;\n"
        "    };\n"
        "} Outer;"
    )
    assert "        case first: Fish;\n        case second: Bird;\n" in presentation(Creature)
    assert "    Aside aside;\n    Creature creature;\n    Outer outer;\n" in last(Selects)


def test_what_an_earlier_field_gives():
    assert last(Givens) == (
        "struct {\n"
        "    Inner inner;\n"
        "    select (Givens.inner.aside.side) {\n"
        "        case left: opaque by_class<V>;\n"
        "        case right: struct {};\n"
        "    };\n"
        "    select (Givens.inner.colour) {\n"
        "        case red: Item by_value;\n"
        "        case green: uint16 by_value;\n"
        "    };\n"
        "    uint8 count;\n"
        "    select (Givens.count) {\n"
        "        case 0: opaque by_number[2];\n"
        "        default: Empty by_number;\n"
        "    };\n"
        "} Givens;"
    )


def selected(path: str, cases: dict[Any, Any], otherwise: Any = None) -> str:
    """Return the select that a field of *path* gives, without the fields around it."""

    @struct
    class Asked:
        selects: Selects
        codes: Codes
        maybe: Inner | None
        answer: Annotated[Any, Given(path, cases, otherwise)]

    return last(Asked).partition("    select ")[2].removesuffix("    };\n} Asked;")


def test_cases_of_the_same_type_stand_together():
    assert selected("selects.aside", {Right: UInt8, Left: UInt8}) == (
        "(Asked.selects.aside.side) {\n        case right:\n        case left: uint8 answer;\n"
    )
    assert selected("codes.colour", {0x0101: UInt8}, UInt16) == (
        "(Asked.codes.colour) {\n"
        "        case green: uint8 answer;\n"
        "        case red: uint16 answer;\n"
    )


def test_opaque_cases_are_given_by_the_class_of_their_octets():
    assert selected("selects.sealed", {Sealed: Item}) == (
        "(Asked.selects.sealed.side) {\n"
        "        case left: Item answer;\n"
        "        case right: struct {};\n"
    )


def test_what_is_left_of_an_open_registry_is_the_default():
    assert selected("selects.creature", {Fish: UInt8}, Opaque) == (
        "(Asked.selects.creature.kind) {\n"
        "        case first: uint8 answer;\n"
        "        default: opaque answer<V>;\n"
    )
    assert selected("codes.kind", {Kind.SECOND: UInt8}) == (
        "(Asked.codes.kind) {\n        case second: uint8 answer;\n        default: struct {};\n"
    )


@pytest.mark.parametrize("path", ["selects.outer", "maybe.aside"])
def test_a_class_that_no_tag_tells_keeps_its_name(path):
    assert selected(path, {Fish: UInt8}) == (
        f"(Asked.{path}) {{\n        case Fish: uint8 answer;\n        default: struct {{}};\n"
    )


def test_enums_with_a_zero_reserve_none():
    class Level(ClosedEnum8):
        NONE = 0
        SOME = 1

    assert presentation(Level) == "enum {\n    none(0),\n    some(1),\n    (255)\n} Level;"


def test_padding():
    assert "    opaque padding[length_of_padding];\n" in presentation(Padded)


def test_a_declaration_stands_once_and_above_its_use():
    text = presentation(ZOO["Everything"])
    names = re.findall(r"^(?:\}|opaque|uint\d+|(?:struct|enum) \{\}) (\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names)) > 20
    for name in names:
        declared = re.search(rf"^\S.* {name}\b[^ ]*;$|^\}} {name};$", text, re.MULTILINE)
        used = re.search(rf"^    +(?:\w+<)?{name}\b", text, re.MULTILINE)
        assert declared is not None
        assert used is None or declared.start() < used.start()


@pytest.mark.parametrize("name", ZOO)
def test_everything_can_be_shown(name):
    text = presentation(ZOO[name])
    assert text.count("{") == text.count("}")
    assert presentation(Key) == "opaque HPKEPublicKey<V>;"


def test_annotations():
    selects = bytes.fromhex("01 00000001 0001 04 02 0a0a 00 00 00 02")
    assert annotate(Selects, selects).splitlines() == [
        "     0                                    Selects",
        "     0                                      aside: Aside",
        "     0  01                                    side: Side = LEFT",
        "     1                                        left: Left",
        "     1  00000001                                index: uint32 = 1",
        "     5                                      creature: Creature",
        "     5  0001                                  kind: Kind = FIRST",
        "     7                                        first: Fish",
        "     7  04                                      fins: uint8 = 4",
        "     8                                      outer: Outer",
        "     8  02                                    tiny: Tiny = TWO",
        "     9                                        two: Item",
        "     9  0a0a                                    kind: Kind = GREASE_0A0A",
        "    11                                          data: opaque<V>",
        "    11  00                                        length = 0",
        "    12                                      creatures: Creature<V>",
        "    12  00                                    length = 0",
        "    13                                      perhaps: optional<Aside>",
        "    13  00                                    present: uint8 = 0",
        "    14                                      sealed: MaybeSealed",
        "    14  02                                    side: Side = RIGHT",
        "    15                                        right: Empty",
    ]


def test_long_octets_are_shown_in_part():
    octets = encode(Item(Kind.FIRST, bytes(range(40))))
    assert annotate(Item, octets).splitlines() == [
        "     0                                    Item",
        "     0  0001                                kind: Kind = FIRST",
        "     2                                      data: opaque<V>",
        "     2  28                                    length = 40",
        "     3  000102030405060708090a0b0c0d..27      opaque",
    ]


@pytest.mark.parametrize("name", ZOO)
@settings(max_examples=25)
@given(data=st.data())
def test_every_octet_is_shown_once(name, data):
    octets = encode(data.draw(strategy(ZOO[name])), ZOO[name])
    ends = {leaf.start: leaf.end for leaf in read(ZOO[name], octets).leaves}
    at = 0
    for row in annotate(ZOO[name], octets).splitlines():
        offset, shown = int(row[:6]), row[8:40].strip()
        if shown:
            assert offset == at
            assert octets[at:].hex().startswith(shown.partition("..")[0])
            at = ends[at]
    assert at == len(octets)


def test_only_encodings_are_annotated():
    with pytest.raises(MalformedError, match=r"Item\.data at octet 3: 0 octets left, 1 needed"):
        annotate(Item, bytes.fromhex("000101"))
