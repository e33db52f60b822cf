from typing import Any, ClassVar

import pytest
from cddl_verifier import Validator, schema_diagnostics
from codec.cddl_documents import (
    VALUES,
    Anything,
    Backwards,
    Chain,
    Choice,
    Codes,
    Empty,
    Nested,
    Nothing,
    Numbers,
    Open,
    Optionals,
    Owned,
    Point,
    Record,
    Ruled,
    Sample,
    SizeError,
    TooManyError,
    UnknownModeError,
    UnknownTreeError,
    Wide,
    Wood,
)
from codec.cddl_refused import REFUSED

from mimi.codec import cbor
from mimi.codec.cddl import OutOfRangeError, WrongTypeError, array, bare
from mimi.codec.cddl_text import camel, cddl
from mimi.codec.document import encode_document
from mimi.errors import UsageError

CLASSES = sorted({type(value) for value in VALUES}, key=lambda declared: declared.__name__)
VALIDATORS = {declared: Validator(cddl(declared)) for declared in CLASSES}
SHAPES = {
    *(WrongTypeError, OutOfRangeError, SizeError, TooManyError, UnknownModeError),
    UnknownTreeError,
}
"""The errors that CDDL can say; others are rules of values."""

DRAWN = [
    (
        Point,
        """
Point = [
  x: uint,
  y: -5..5,
]""",
    ),
    (
        Record,
        """
Record = {
  &(version: -1) ^ => 3,
  &(number: 1) ^ => uint,
  ? "it's {a} \\"name\\"" ^ => tstr,
  ? &(even: 7) ^ => -100..100, ; never: an odd number
  ? &(span: 40) ^ => Span,
}

Span = [
  start: uint,
  end: uint,
]""",
    ),
    (
        Open,
        """
Open = {
  &(number: 1) ^ => uint,
  * (int / bstr / tstr) => any,
}""",
    ),
    (
        Ruled,
        """
Ruled = [
  even: -100..100, ; never: an odd number
  kind: Kind, ; never: the first kind
  falling: [* -100..100], ; never: numbers that rise
  point: Point, ; never: a point without x
]

Kind = &(
  first: 0,
  secondKind: 1,
) / 0..255

Point = [
  x: uint,
  y: -5..5,
]""",
    ),
    (
        Wood,
        """
Wood = Leaf / Branch / Graft

Leaf = [
  label: tstr,
  kind: 0,
]

Branch = [
  label: tstr,
  kind: 1,
  trees: [1*3 (Leaf / Branch / Graft)],
]

Graft = [
  label: tstr,
  kind: 2,
  tree: Leaf / Branch / Graft,
]""",
    ),
    (
        Chain,
        """
Chain = [
  number: uint,
  rest: null / Chain,
]""",
    ),
    (
        Owned,
        """
Owned = [
  backwards: Backwards,
  anything: any,
  perhaps: null / Backwards,
]

Backwards = tstr .size (1..1000)""",
    ),
    (
        Nested,
        """
Nested = Names

Names = [* Name]

Name = tstr .size (1..10)""",
    ),
    (Numbers, "\nNumbers = #6.99([* uint])"),
    (Empty, "\nEmpty = []"),
    (Nothing, "\nNothing = {}"),
]


@pytest.mark.parametrize(("declared", "text"), DRAWN, ids=lambda value: str(value)[-30:])
def test_the_text_of_a_declaration(declared: type[Any], text: str) -> None:
    assert f"\n{cddl(declared)}" == text


@pytest.mark.parametrize("declared", CLASSES)
def test_every_declaration_is_cddl(declared: type[Any]) -> None:
    assert list(schema_diagnostics(cddl(declared))) == []


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_are_as_the_text_says(value: Any) -> None:
    found = VALIDATORS[type(value)].validate(encode_document(value), root_type=type(value).__name__)
    assert found.valid, found.diagnostics


@pytest.mark.parametrize("row", [row for row in REFUSED if row[2] in SHAPES])
def test_items_of_another_shape_are_not(row: tuple[Any, ...]) -> None:
    declared, item = row[:2]
    validator = VALIDATORS.get(declared) or Validator(cddl(declared))
    octets = cbor.encode(item, allow_simple=True)
    assert not validator.validate(octets, root_type=declared.__name__).valid


def test_many_declarations_share_what_they_need() -> None:
    text = cddl(Sample, Optionals, Ruled, Codes, Choice)
    assert list(schema_diagnostics(text)) == []
    for name in ("Sample", "Optionals", "Point", "Kind", "Mode", "Numbers", "Record"):
        assert text.count(f"{name} = ") == 1
    assert text.startswith("Sample = [")


def test_registries() -> None:
    @array
    class Registries:
        wide: Wide
        one: ClassVar[int] = 3

    assert cddl(Registries).endswith("\n\nWide = 0..65535")
    assert "  one: 3,\n" in cddl(Registries)
    assert "Mode = &(\n  off: 0,\n  on: 7,\n)" in cddl(Sample)


class Told:
    """Reads and writes itself, and says of which types."""

    cbor_types: ClassVar[tuple[Any, ...]] = (list, tuple, dict, 5, float, type(None))

    @classmethod
    def from_cbor(cls, item: object) -> "Told":
        return cls()

    def to_cbor(self) -> None:
        return None


def test_classes_that_read_themselves_are_of_their_types() -> None:
    @bare
    class Telling:
        told: Told

    assert cddl(Telling) == "Telling = [* any] / {* any => any} / #6.5(any) / float / null"
    assert list(schema_diagnostics(cddl(Telling))) == []


def test_two_classes_of_one_name_have_no_text() -> None:
    @array
    class Point:
        z: int

    @array
    class Both:
        mine: Point
        other: Sample

    with pytest.raises(UsageError, match="two classes are Point"):
        cddl(Both)


@pytest.mark.parametrize("declared", [int, Anything, Backwards, tuple[int, ...]])
def test_what_is_not_declared_has_no_text(declared: Any) -> None:
    with pytest.raises(UsageError, match="not declared as CBOR"):
        cddl(declared)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("salt", "salt"),
        ("topic_id", "topicId"),
        ("in_reply_to", "inReplyTo"),
        ("sha_256_128", "sha256_128"),
        ("aes_128_gcm", "aes128Gcm"),
        ("sha3_256", "sha3_256"),
        ("_x", "_x"),
    ],
)
def test_names_are_in_the_case_of_cddl(name: str, expected: str) -> None:
    assert camel(name) == expected
