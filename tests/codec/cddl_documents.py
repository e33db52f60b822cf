"""Declared CBOR documents of every shape."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self, TypeAlias

import attrs
import cbor2

from mimi.codec import ClosedEnum8, CodePoint8, CodePoint16, point
from mimi.codec.cddl import (
    Count,
    Holds,
    Key,
    Others,
    Range,
    Refusal,
    Size,
    Unknown,
    array,
    bare,
    entries,
    tagged,
)
from mimi.errors import MalformedError


class UnknownModeError(MalformedError):
    """A mode that nobody has."""


class TooManyError(MalformedError):
    """More points than there may be."""


class TooDeepError(MalformedError):
    """A tree that is too high."""


class UnknownTreeError(MalformedError):
    """No kind of tree."""


class SizeError(MalformedError):
    """A length that is not permitted."""


class OddError(MalformedError):
    """A number that is not even."""


class CrookedError(MalformedError):
    """An end before the start."""


class Kind(CodePoint8):
    __slots__ = ()
    FIRST = point(0)
    SECOND_KIND = point(1)


class Wide(CodePoint16):
    __slots__ = ()


class Mode(ClosedEnum8):
    OFF = 0
    ON = 7


def is_even(number: int) -> bool:
    return number % 2 == 0


Even: TypeAlias = Annotated[int, Range(-100, 100), Holds(is_even, OddError, "an odd number")]


@array
class Point:
    x: int
    y: Annotated[int, Range(-5, 5)] = 0


@array
class Sample:
    flag: bool
    number: int
    octets: Annotated[bytes, Size(2, 4, SizeError)]
    text: Annotated[str, Size(0, 6)]
    kind: Kind
    mode: Annotated[Mode, Unknown(UnknownModeError)]
    perhaps: Point | None
    points: Annotated[tuple[Point, ...], Count(0, 3, TooManyError)]


@array
class Empty:
    pass


@array
class Optionals:
    number: int | None
    octets: Annotated[bytes | None, Size(3, 3)]
    kind: Kind | None
    mode: Mode | None
    even: Even | None
    halved: Annotated[int | None, Holds(is_even, OddError, "an odd number")]
    rows: tuple[tuple[int, ...], ...] | None


def is_falling(numbers: tuple[int, ...]) -> bool:
    return list(numbers) == sorted(numbers, reverse=True)


@array
class Ruled:
    even: Even
    kind: Annotated[Kind, Holds(bool, OddError, "the first kind")]
    falling: Annotated[tuple[Even, ...], Holds(is_falling, OddError, "numbers that rise")]
    point: Annotated[Point, Holds(lambda point: point.x, OddError, "a point without x")]


@array
class Span:
    start: int
    end: int

    def refusal(self) -> Refusal | None:
        if self.end < self.start:
            return Refusal(CrookedError, "an end before the start")
        return None


@entries
class Record:
    version: ClassVar[Annotated[int, Key(-1), Unknown(UnknownModeError)]] = 3
    number: Annotated[int, Key(1)]
    name: Annotated[str | None, Key('it\'s {a} "name"')] = None
    even: Annotated[Even | None, Key(7)] = None
    span: Annotated[Span | None, Key(40)] = None


@entries
class Open:
    number: Annotated[int, Key(1)]
    others: Annotated[Mapping[int | str, Any], Others()] = attrs.field(
        default=cbor2.frozendict(), converter=cbor2.frozendict
    )


@entries
class Nothing:
    pass


@tagged(99)
class Numbers:
    numbers: tuple[int, ...]


@tagged(1234)
class Text:
    text: str


@tagged(98)
class Always:
    constant: ClassVar[int] = 5


@bare
class Name:
    text: Annotated[str, Size(1, 10)]


@bare
class Names:
    names: tuple[Name, ...]


@bare
class Nested:
    names: Names


@array
class Leaf:
    label: str
    kind: ClassVar[Annotated[int, Unknown(UnknownTreeError)]] = 0


@array
class Branch:
    label: str
    kind: ClassVar[Annotated[int, Unknown(UnknownTreeError)]] = 1
    trees: Annotated[
        tuple["Tree", ...], Count(1, 3, TooManyError, deepest=3, too_deep=TooDeepError)
    ]


@array
class Graft:
    label: str
    kind: ClassVar[Annotated[Kind, Unknown(UnknownTreeError)]] = 2
    tree: "Tree"


Tree: TypeAlias = Annotated[Leaf | Branch | Graft, Unknown(UnknownTreeError)]


@bare
class Wood:
    tree: Tree


@array
class Chain:
    number: int
    rest: "Chain | None"


class Backwards:
    """Reads and writes itself: a text, backwards."""

    cbor_types: ClassVar[tuple[type, ...]] = (str,)
    cddl: ClassVar[str] = "tstr .size (1..1000)"

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Backwards({self.text!r})"

    @classmethod
    def from_cbor(cls, item: object) -> Self:
        if not isinstance(item, str) or not item:
            raise OddError("no text to be turned")
        return cls(item[::-1])

    def to_cbor(self) -> str:
        if not self.text:
            raise OddError("no text to be turned")
        return self.text[::-1]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Backwards) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


class Anything:
    """Reads and writes itself: whatever there is."""

    def __init__(self, item: Any) -> None:
        self.item = item

    def __repr__(self) -> str:
        return f"Anything({self.item!r})"

    @classmethod
    def from_cbor(cls, item: object) -> Self:
        return cls(item)

    def to_cbor(self) -> Any:
        return self.item

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Anything) and self.item == other.item

    def __hash__(self) -> int:
        return 0


@array
class Owned:
    backwards: Backwards
    anything: Anything
    perhaps: Backwards | None


@bare
class Choice:
    value: (
        Annotated[int, Range(0, 9)]
        | bool
        | bytes
        | Backwards
        | Numbers
        | Text
        | Leaf
        | Graft
        | Annotated[Record | None, "a mark of somebody else"]
    )


@bare
class Codes:
    value: Kind | tuple[int, ...] | Open | Annotated[bytes, Size(1, 1)]


@array
class Hidden:
    """Fields whose names mean something else where they are no fields."""

    refusal: bool
    is_plain: bool
    made: Annotated[int, Range(0, 1)]
    v: tuple[int, ...]
    depth: int | None
    i: str


@array
class Kept:
    number: int
    text: str
    _octets: bytes | None = attrs.field(init=False, repr=False, eq=False, default=None)

    @property
    def is_plain(self) -> bool:
        return True


SAMPLE = Sample(True, 9, b"abc", "text", Kind.FIRST, Mode.ON, Point(1, -5), (Point(2, 3),))
VALUES: list[Any] = [
    SAMPLE,
    attrs.evolve(SAMPLE, perhaps=None, points=(), kind=Kind(255), text=3 * "\u00e9"),
    Empty(),
    Nothing(),
    Optionals(None, None, None, None, None, None, None),
    Optionals(1, b"abc", Kind.SECOND_KIND, Mode.OFF, -100, 8, ((), (1, 2))),
    Ruled(0, Kind(1), (8, 8, -2), Point(1)),
    Span(0, (1 << 64) - 1),
    Record(5),
    Record(5, "n", -2, Span(1, 1)),
    Open(1, {"a": (1, cbor2.frozendict({2: ()})), -1: None, b"b": cbor2.CBORTag(5, (1.5,))}),
    Numbers((1, 2)),
    Text("t"),
    Always(),
    Name("n"),
    Nested(Names((Name("a"), Name("b")))),
    Wood(Leaf("l")),
    Wood(Branch("1", (Branch("2", (Leaf("3"),)), Graft("g", Leaf("h"))))),
    Chain(1, Chain(2, Chain(3, None))),
    Owned(Backwards("abc"), Anything(7), None),
    *[Choice(value) for value in (1, True, b"1", Backwards("1"), Numbers(()), Text(""), None)],
    *[Choice(value) for value in (Leaf(""), Graft("", Leaf("")), Record(1))],
    *[Codes(value) for value in (Kind(1), (1, 2), Open(1), b"1")],
    Hidden(True, True, 1, (1,), None, ""),
    Kept(1, "t"),
]
