"""What a declaration may say, and what is refused at its first use."""

import re
from typing import Annotated, Any, ClassVar

import attrs
import pytest
from codec.declarations import (
    Aside,
    Bird,
    Colour,
    Creature,
    Empty,
    Fish,
    Inner,
    Item,
    Kept,
    Kind,
    Left,
    Right,
    Side,
    Signed,
    Tiny,
    Unsigned,
)
from codec.withdrawal import withdraw

from mimi.codec import (
    Between,
    Choice,
    Fixed,
    Given,
    Opaque,
    Padding,
    Select,
    UInt8,
    UInt16,
    decode,
    encode,
    increasing,
    is_struct,
    presentation,
    read,
    struct,
)
from mimi.codec.strategy import strategy
from mimi.errors import MalformedError, UsageError


def refuse(declared: Any, sentence: str) -> None:
    """Check that every reading of a declaration refuses it."""
    for reading in (
        lambda: decode(declared, bytes(8)),
        lambda: encode(0, declared),
        lambda: read(declared, bytes(8)),
        lambda: strategy(declared),
    ):
        with pytest.raises(UsageError, match=re.escape(sentence)):
            reading()


def test_a_structure_is_an_immutable_value():
    item = Item(Kind.FIRST, b"data")
    assert item == Item(kind=Kind.FIRST, data=b"data")
    assert item != Item(Kind.SECOND, b"data")
    assert hash(item) == hash(Item(Kind.FIRST, b"data"))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        item.data = b""  # type: ignore[misc]


def test_only_declared_classes_are_structures():
    class Bare(Item):
        pass

    assert is_struct(Item)
    assert is_struct(Signed)
    for other in (Bare, Creature, Aside, int, Item(Kind.FIRST, b""), None):
        assert not is_struct(other)


def test_the_kept_encoding_is_no_part_of_the_value():
    kept = Kept(b"name", Inner(Left(1), Colour.RED))
    encode(kept)
    fresh = Kept(b"name", Inner(Left(1), Colour.RED))
    assert kept == fresh
    assert hash(kept) == hash(fresh)
    assert repr(kept) == repr(fresh)
    assert encode(attrs.evolve(kept, name=b"other")) == bytes.fromhex("056f74686572 01000000010100")


def test_a_structure_that_keeps_its_encoding_is_no_base():
    with pytest.raises(UsageError, match="Derived: the base keeps the encoding of itself"):

        @struct
        class Derived(Kept):
            more: UInt8


def test_fields_are_those_of_the_bases_first():
    assert encode(Signed(b"c", 7, b"s")) == bytes.fromhex("0001 0163 07 0173")
    assert issubclass(Signed, Unsigned)


class Machine(Choice, tag=Tiny):
    pass


@struct(case=1)
class Lever(Machine):
    length: UInt8


def test_users_join_a_choice():
    with pytest.raises(UsageError):
        encode(Right(), Machine)

    @struct(case=0x77)
    class Pulley(Machine):
        rope: Opaque

    try:
        assert encode(Pulley(b"r"), Machine) == bytes.fromhex("77 0172")
        assert decode(Machine, bytes.fromhex("77 0172")) == Pulley(b"r")
        assert decode(Machine, bytes.fromhex("01 05")) == Lever(5)
        assert "case 0x77: Pulley;" in presentation(Machine)
    finally:
        withdraw(Pulley)
    with pytest.raises(MalformedError):
        decode(Machine, bytes.fromhex("77 0172"))


def test_a_tag_belongs_to_one_case():
    with pytest.raises(UsageError, match=r"^Creature FIRST is Fish already$"):

        @struct(case=Kind.FIRST)
        class Whale(Creature):
            pass

    assert decode(Creature, bytes.fromhex("0001 04")) == Fish(4)


def test_a_tag_fits_its_registry():
    with pytest.raises(UsageError, match="256 is no Tiny: 8 bits"):

        @struct(case=256)
        class Far(Machine):
            pass


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        (int, "int has no meaning in the presentation language"),
        (bytes, "bytes has no meaning"),
        (str, "str has no meaning"),
        (list[UInt8], "has no meaning"),
        (tuple[UInt8, UInt8], "has no meaning"),
        (dict[str, UInt8], "has no meaning"),
        (Left | Right, "has no meaning"),
        (Left | Right | None, "has no meaning"),
        (Annotated[int, 5], "5 has no meaning"),
        (Annotated[int, "a note"], "int has no meaning"),
        ("Item", "'Item' has no meaning"),
        (Choice, "Choice has no meaning"),
        (Annotated[UInt8, Between(0, 1)], "only a vector has bounds or rules"),
        (Annotated[Opaque, increasing("s", "1")], "only a vector has bounds or rules"),
        (Annotated[Item, Between(0, 1)], "only a vector has bounds or rules"),
    ],
)
def test_annotations_without_meaning(declared, sentence):
    refuse(declared, sentence)


def test_a_field_without_meaning_is_named():
    @struct
    class Odd:
        fine: UInt8
        odd: float

    refuse(Odd, "Odd.odd: float has no meaning in the presentation language")


@struct
class Ouroboros:
    tail: "Ouroboros | None"


@struct
class Chicken:
    egg: "tuple[Egg, ...]"


@struct
class Egg:
    chicken: Annotated[Any, Select(Side, {Side.LEFT: Chicken, Side.RIGHT: Right})]


@struct
class Mirror:
    index: UInt8
    mirror: "Annotated[Any, Given('index', {1: Mirror})]"


@struct
class Shadow:
    index: UInt8
    shadow: "Annotated[Any, Given('index', {1: Right}, Shadow)]"


@pytest.mark.parametrize("declared", [Ouroboros, Chicken, Egg, Mirror, Shadow])
def test_no_structure_contains_itself(declared):
    refuse(declared, f"{declared.__name__} contains itself")
    refuse(tuple[declared, ...] if declared is not Mirror else Mirror | None, "contains itself")


def test_a_later_case_may_not_contain_its_choice():
    class Box(Choice, tag=Tiny):
        pass

    @struct(case=1)
    class Full(Box):
        content: UInt8

    assert decode(Box, b"\1\5") == Full(5)

    @struct(case=2)
    class Nested(Box):
        content: Box  # type: ignore[valid-type]

    for reading in (decode, read):
        with pytest.raises(UsageError, match="Nested contains itself"):
            reading(Box, bytes.fromhex("0202020202020105"))


@struct
class Nothing:
    empty: Empty
    nothing: Annotated[Any, Given("empty", {})]


@struct
class Several:
    elements: tuple[Nothing, ...]


@pytest.mark.parametrize(
    "declared",
    [
        tuple[Empty, ...],
        tuple[Nothing, ...],
        tuple[Annotated[bytes, Fixed(0)], ...],
        tuple[Annotated[int, Padding()], ...],
        tuple[tuple[Empty, ...], ...],
        tuple[Annotated[Any, Given("x", {})], ...],
        Several,
        tuple[Empty, ...] | None,
    ],
)
def test_elements_of_no_octets_are_refused(declared):
    with pytest.raises(UsageError):
        decode(declared, b"\1\0")
    with pytest.raises(UsageError):
        encode((), declared)


def test_padding_stands_last_in_what_is_decoded_by_itself():
    @struct
    class Early:
        padding: Annotated[int, Padding()]
        after: UInt8

    @struct
    class Late:
        before: UInt8
        padding: Annotated[int, Padding()]

    @struct
    class Around:
        late: Late

    assert decode(Late, bytes(3)) == Late(0, 2)
    refuse(Early, "Early.padding: nothing follows padding")
    refuse(Around, "padding inside of Around: it goes to the end of the input")
    refuse(tuple[Late, ...], "padding inside of Vector")
    refuse(Late | None, "padding inside of Optional")


def test_two_cases_differ_by_their_classes():
    refuse(
        Annotated[Any, Select(Side, {Side.LEFT: Item, Side.RIGHT: Item})],
        "two cases of a select on Side",
    )
    refuse(
        Annotated[Any, Select(Side, {Side.LEFT: Opaque, Side.RIGHT: Annotated[bytes, Fixed(4)]})],
        "two cases of a select on Side",
    )
    refuse(
        Annotated[Any, Select(Side, {Side.LEFT: Bird, Side.RIGHT: Creature})],
        "two cases of a select on Side",
    )


@pytest.mark.parametrize("case", [UInt8, tuple[UInt8, ...], bool, Kind, Item | None])
def test_the_values_of_a_case_have_a_class(case):
    refuse(
        Annotated[Any, Select(Side, {Side.LEFT: case})],
        "a case is a structure, a choice or opaque",
    )


def test_what_is_optional_is_not_none():
    refuse(Annotated[UInt8 | None, "a note"] | None, "what is optional has a value, not None")


def test_nothing_is_given_outside_of_a_structure():
    refuse(Annotated[Any, Given("x", {1: UInt8})], "x gives the type of a field")
    refuse(Annotated[Any, Given("x", {1: UInt8})] | None, "x gives the type of a field")


def test_given_names_an_earlier_field():
    @struct
    class Later:
        value: Annotated[Any, Given("kind.of", {1: UInt8})]
        kind: UInt8

    @struct
    class Constant:
        kind: ClassVar[UInt8] = 1  # type: ignore[assignment]
        value: Annotated[Any, Given("kind", {1: UInt8})]

    refuse(Later, "Later.value: kind is no earlier field")
    refuse(Constant, "Constant.value: kind is no earlier field")


def test_a_constant_is_a_number_with_a_value():
    @struct
    class Text:
        text: ClassVar[Opaque] = b"text"  # type: ignore[assignment]

    @struct
    class Missing:
        number: ClassVar[UInt16]

    refuse(Text, "Text.text: a constant is a number, and the class says which")
    refuse(Missing, "Missing.number: a constant is a number, and the class says which")


@pytest.mark.parametrize("name", ["select", "tag"])
def test_a_case_has_no_field_that_every_case_has(name):
    class Open(Choice, tag=Kind):
        __slots__ = ()

    body = {"__annotations__": {name: UInt8}, "__module__": __name__}
    with pytest.raises(UsageError, match=f"every case of a choice has a {name}"):
        struct(case=0xF001)(type("Case", (Open,), body))
