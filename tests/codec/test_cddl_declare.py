from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Optional

import pytest
from codec.cddl_documents import Anything, Chain, Choice, Kind, Leaf, Mode, Name, Point, Tree

from mimi.codec.cddl import (
    Count,
    Holds,
    Key,
    Others,
    OutOfRangeError,
    Range,
    Size,
    Unknown,
    array,
    bare,
    entries,
    entries_of,
    form_of,
    shape_of,
    tagged,
)
from mimi.codec.cddl_shape import (
    Cases,
    Document,
    Many,
    Maybe,
    OneOf,
    Own,
    Registered,
    Ruled,
    Scalar,
)
from mimi.codec.cddl_source import reader_of, searcher_of, writer_of
from mimi.errors import MalformedError, UsageError


class FirstError(MalformedError):
    """One error."""


class SecondError(MalformedError):
    """Another one."""


ODD = Holds(lambda number: number % 2 == 0, FirstError, "odd")
SMALL = Holds(lambda number: number < 9, SecondError, "large")

SHAPES: list[tuple[Any, Any]] = [
    (bool, Scalar(bool)),
    (int, Scalar(int, Range(0, (1 << 64) - 1))),
    (Annotated[int, Range(-1, 1)], Scalar(int, Range(-1, 1))),
    (bytes, Scalar(bytes)),
    (Annotated[str, Size(1, 2), "somebody else's"], Scalar(str, Size(1, 2))),
    (Kind, Registered(Kind)),
    (Annotated[Mode, Unknown(FirstError)], Registered(Mode, FirstError)),
    (Point, Document(Point)),
    (Anything, Own(Anything)),
    (int | None, Maybe(Scalar(int, Range(0, (1 << 64) - 1)))),
    (Optional[Point], Maybe(Document(Point))),  # noqa: UP045 - it means the same
    (Annotated[int | None, Range(0, 1)], Maybe(Scalar(int, Range(0, 1)))),
    (Annotated[Annotated[int, Range(0, 1)] | None, Range(0, 2)], Maybe(Scalar(int, Range(0, 2)))),
    (Annotated[Annotated[int, Range(0, 9)], Range(0, 1)], Scalar(int, Range(0, 1))),
    (Annotated[Annotated[bytes, Size(0, 9)], Size(0, 1)], Scalar(bytes, Size(0, 1))),
    (Annotated[bool, ODD], Ruled(Scalar(bool), (ODD,))),
    (Annotated[bool | None, ODD], Maybe(Ruled(Scalar(bool), (ODD,)))),
    (
        Annotated[Annotated[bool, ODD] | None, SMALL],
        Maybe(Ruled(Scalar(bool), (ODD, SMALL))),
    ),
    (Annotated[Annotated[bool, ODD], SMALL], Ruled(Scalar(bool), (ODD, SMALL))),
    (tuple[bool, ...], Many(Scalar(bool))),
    (Annotated[tuple[bool, ...], Count(1, 2)], Many(Scalar(bool), Count(1, 2))),
    (bool | bytes, OneOf((Scalar(bool), Scalar(bytes)))),
    (bool | Point, OneOf((Scalar(bool), Document(Point)))),
    (bool | bytes | None, Maybe(OneOf((Scalar(bool), Scalar(bytes))))),
]


@pytest.mark.parametrize(("hint", "shape"), SHAPES, ids=lambda value: str(value)[:40])
def test_annotations_are_shapes(hint: Any, shape: Any) -> None:
    assert shape_of(hint) == shape


def test_arrays_are_told_apart_by_a_constant() -> None:
    cases = shape_of(Tree)
    assert isinstance(cases, Cases)
    assert (cases.place, cases.name) == (1, "kind")
    assert list(cases.declarations) == [0, 1, 2]
    mixed = shape_of(Tree | bytes)
    assert isinstance(mixed, OneOf)

    @array
    class First:
        version: ClassVar[int] = 1
        kind: ClassVar[int] = 1

    @array
    class Second:
        version: ClassVar[int] = 1
        kind: ClassVar[int] = 2

    told = shape_of(First | Second)
    assert isinstance(told, Cases)
    assert (told.place, told.declarations) == (1, {1: First, 2: Second})


def test_forms_are_known() -> None:
    assert form_of(Point) == "array"
    assert form_of(Name) == "bare"
    for other in (int, None, tuple[int, ...], Point(1)):
        with pytest.raises(UsageError, match="not declared as CBOR"):
            form_of(other)


MEANINGLESS: list[Any] = [
    *(float, complex, list[int], dict[str, int], tuple[int, str], Any, Mapping[int, int], object),
    *(tuple[float, ...], float | None, int | float, Kind | list[int], type(None), "Point"),
    *(Annotated[bool, Range(0, 1)], Annotated[int, Size(0, 1)], Annotated[bytes, Range(0, 1)]),
    *(Annotated[str, Count(0, 1)], Annotated[Kind, Range(0, 1)], Annotated[Point, Count(0, 1)]),
    *(Annotated[Anything, Size(0, 1)], Annotated[tuple[int, ...], Size(0, 1)]),
    *(Annotated[int, Unknown(FirstError)], Annotated[int | bytes, Range(0, 1)]),
    *(Annotated[Tree, Range(0, 1)], tuple[Annotated[int, Key(1)], ...]),
    *(Annotated[int, Others()], Point | Chain),
]


@pytest.mark.parametrize("hint", MEANINGLESS, ids=lambda value: str(value)[:40])
def test_other_annotations_have_no_meaning(hint: Any) -> None:
    with pytest.raises(UsageError):
        shape_of(hint)


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        *((Size, 2, 1), (Size, -1, 1), (Range, 2, 1), (Range, 0, 1 << 64)),
        *((Range, -(1 << 64) - 1, 0), (Count, 2, 1), (Count, -1, None)),
    ],
)
def test_bounds_have_something_between_them(kind: Any, least: int, most: int | None) -> None:
    with pytest.raises(UsageError, match="bounds"):
        kind(least, most)


def compile_all(declaration: type[Any]) -> None:
    for compiled in (reader_of, writer_of, searcher_of):
        compiled(declaration)


def fields(**hints: Any) -> dict[str, Any]:
    return {"__annotations__": hints}


MISTAKEN: list[tuple[Any, str]] = [
    (array(type("A", (), fields(f=float))), "A.f: float has no meaning"),
    (array(type("A", (), fields(f="Missing"))), "A: name 'Missing' is not defined"),
    (array(type("A", (), fields(f=Annotated[int, Key(1)]))), "A.f: a Key outside of a map"),
    (array(type("A", (), fields(f=Annotated[Mapping, Others()]))), "A.f: Others outside of a map"),
    (array(type("A", (), fields(f=ClassVar[int]))), "A.f: a constant is an integer"),
    (array(type("A", (), {"f": "1", **fields(f=ClassVar[str])})), "a constant is an integer"),
    (array(type("A", (), {"f": True, **fields(f=ClassVar[bool])})), "a constant is an integer"),
    (array(type("A", (), {"f": 1 << 64, **fields(f=ClassVar[int])})), "a constant is an integer"),
    (array(type("A", (), {"f": 1, **fields(f=ClassVar[Annotated[int, Range(0, 1)]])})), "Range"),
    (entries(type("A", (), fields(f=int))), "A.f: a field of a map needs a Key"),
    (entries(type("A", (), {"f": 1, **fields(f=ClassVar[int])})), "needs a Key"),
    (entries(type("A", (), fields(f=Annotated[int, Key(False)]))), "False cannot be a key"),
    (entries(type("A", (), fields(f=Annotated[int, Key(1 << 64)]))), "cannot be a key"),
    (entries(type("A", (), fields(f=Annotated[int, Key(b"k")]))), "cannot be a key"),
    (
        entries(type("A", (), fields(f=Annotated[int, Key(1)], g=Annotated[int, Key(1)]))),
        "A has the same key twice",
    ),
    (
        entries(
            type("A", (), fields(f=Annotated[Mapping, Others()], g=Annotated[Mapping, Others()]))
        ),
        "A has the same key twice",
    ),
    (entries(type("A", (), fields(f=Annotated[Mapping, Others(), Size(0, 1)]))), "Size"),
    (tagged(9)(type("A", (), fields(f=int, g=int))), "A has 2 fields, not one"),
    (tagged(9)(type("A", (), {})), "A has 0 fields, not one"),
    (bare(type("A", (), fields(f=int, g=int))), "A has 2 fields, not one"),
    (array(type("A", (), fields(f=int | Kind))), "told apart by nothing: two of an integer"),
    (array(type("A", (), fields(f=Name | str))), "told apart by nothing: two of a text"),
    (array(type("A", (), fields(f=Point | tuple[int, ...]))), "two of an array"),
    (array(type("A", (), fields(f=Anything | int))), "not told apart by its type"),
    (array(type("A", (), fields(f=Choice | None))), "null means two things"),
    (array(type("A", (), fields(f=tuple[Choice | None, ...] | None))), ""),
]


@pytest.mark.parametrize(("declared", "reason"), MISTAKEN[:-1], ids=lambda value: str(value)[:60])
def test_mistakes_in_declarations_are_our_users(declared: Any, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        compile_all(declared)
    assert type(caught.value) is UsageError
    assert reason in caught.value.reason


def test_a_mistake_in_an_element_is_found_at_the_first_use() -> None:
    declared = MISTAKEN[-1][0]
    with pytest.raises(UsageError, match="null means two things"):
        reader_of(declared)([[None]], 1)


class Half:
    @classmethod
    def from_cbor(cls, item: object) -> "Half":
        return cls()


def test_a_class_that_reads_itself_writes_itself_too() -> None:
    with pytest.raises(UsageError, match="Half has from_cbor, but not to_cbor"):
        shape_of(Half)


@pytest.mark.parametrize("number", [-1, 1 << 64])
def test_numbers_of_tags_have_64_bits(number: int) -> None:
    with pytest.raises(UsageError, match="is no tag"):
        tagged(number)(type("A", (), fields(f=int)))


def test_a_declared_class_has_no_heirs() -> None:
    with pytest.raises(UsageError, match="inherits"):
        array(type("Heir", (Point,), fields(z=int)))


def test_fields_are_in_the_order_of_the_declaration() -> None:
    found = entries_of(Leaf)
    assert [(entry.name, entry.constant) for entry in found] == [("label", False), ("kind", True)]
    assert OutOfRangeError.rule.startswith("RFC 8610")
