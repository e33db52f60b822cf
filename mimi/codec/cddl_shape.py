"""What the fields of CBOR documents hold: marks beside types, shapes, and refusals.

`mimi.codec.cddl` reads declarations into shapes; what each of them means is said there.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import attrs

from mimi.codec.codepoint import ClosedEnum, CodePoint
from mimi.codec.declare import OCTETS
from mimi.errors import MalformedError, UsageError

LOWEST, HIGHEST = -(1 << 64), (1 << 64) - 1
"""The integers of CBOR that are no bignums."""


class WrongTypeError(MalformedError):
    """An item of another type, or an array of another length, than the declaration says."""

    rule = "RFC 8610 section 2"


class OutOfRangeError(MalformedError):
    """A number, a length or a count that the declaration excludes."""

    rule = "RFC 8610 section 3"


class Refusal(Exception):  # noqa: N818 - no error yet: it never leaves `mimi.codec` as it is
    """Why an item does not fit its declaration, completed on the way out.

    Decoding makes a `MalformedError` of it, encoding a `UsageError`.

    Attributes:
        error: The class of the error when it is met on decoding.
        reason: What is wrong, as a sentence.
        path: The names that lead to the item, innermost first.
        steps: The positions and keys that lead to it, innermost first.
    """

    def __init__(
        self, error: type[MalformedError], reason: str, name: str = "", step: object = None
    ) -> None:
        super().__init__(reason)
        self.error = error
        self.reason = reason
        self.path = [name] if name else []
        self.steps = [step] if name else []

    def within(self, name: str, step: object) -> "Refusal":
        """Return the same refusal, of an item inside of another."""
        self.path.append(name)
        self.steps.append(step)
        return self


# What stands beside a type in Annotated.


def _check_bounds(least: int, most: int, lowest: int) -> None:
    if not lowest <= least <= most <= HIGHEST:
        raise UsageError(f"bounds that nothing is between: {least} and {most}")


@attrs.frozen
class Size:
    """How many octets a byte string or the UTF-8 of a text has."""

    least: int
    most: int
    error: type[MalformedError] = OutOfRangeError

    def __attrs_post_init__(self) -> None:
        _check_bounds(self.least, self.most, 0)


@attrs.frozen
class Range:
    """What an integer lies between, both included."""

    least: int
    most: int
    error: type[MalformedError] = OutOfRangeError

    def __attrs_post_init__(self) -> None:
        _check_bounds(self.least, self.most, LOWEST)


@attrs.frozen
class Count:
    """How many elements an array has; *deepest*: how many levels of itself it may be within."""

    least: int = 0
    most: int | None = None
    error: type[MalformedError] = OutOfRangeError
    deepest: int | None = None
    too_deep: type[MalformedError] = OutOfRangeError

    def __attrs_post_init__(self) -> None:
        _check_bounds(self.least, HIGHEST if self.most is None else self.most, 0)


@attrs.frozen
class Holds:
    """A rule of a value: *sentence* says what is wrong where *holds* is false.

    Beside an optional value it is a rule of the value, not of its absence.
    """

    holds: Callable[[Any], bool]
    error: type[MalformedError]
    sentence: str


@attrs.frozen
class Unknown:
    """The error for a number that a closed registry, or a constant, does not have."""

    error: type[MalformedError]


@attrs.frozen
class Key:
    """Under which key of a map a field stands; a field that may be None may be absent."""

    key: int | str


@attrs.frozen
class Others:
    """Beside a mapping, in a map: the entries under keys that have no field.

    Keys are integers, octets and texts. Values are immutable: arrays are tuples.
    """


MARKS = (Size, Range, Count, Holds, Unknown, Key, Others)


# Shapes: what annotations mean.

KINDS: dict[type[Any], str] = {
    bool: "a boolean",
    int: "an integer",
    bytes: "a byte string",
    str: "a text",
}


@attrs.frozen
class Scalar:
    """A boolean, an integer, a byte string or a text: *kind* is the Python type."""

    kind: type
    bounds: Range | Size | None = None


@attrs.frozen
class Registered:
    """An integer of a registry."""

    registry: type[CodePoint | ClosedEnum]
    error: type[MalformedError] = OutOfRangeError


@attrs.frozen
class Maybe:
    """``null / value``."""

    value: "Shape"


@attrs.frozen
class Many:
    """``[* element]``."""

    element: "Shape"
    count: Count = Count()


@attrs.frozen
class Document:
    """A class under ``@array``, ``@entries``, ``@tagged`` or ``@bare``."""

    declaration: type[Any]


@attrs.frozen
class Cases:
    """Arrays of which the number at *place* tells which one it is."""

    place: int
    declarations: Mapping[int, type[Any]]
    error: type[MalformedError]

    @property
    def name(self) -> str:
        """The name of the field at that place."""
        first = next(iter(self.declarations.values()))
        return [name for name in first.__annotations__ if name != OCTETS][self.place]


@attrs.frozen
class OneOf:
    """Shapes that are told apart by the type of the item."""

    shapes: tuple["Shape", ...]


@attrs.frozen
class Own:
    """A class that reads and writes items itself, by ``from_cbor`` and ``to_cbor``."""

    declaration: type[Any]


@attrs.frozen
class Rest:
    """The entries of a map under keys that have no field."""


@attrs.frozen
class Constant:
    """One integer, always."""

    value: int
    error: type[MalformedError] = OutOfRangeError


@attrs.frozen
class Ruled:
    """A shape and what must hold of its value."""

    value: "Shape"
    rules: tuple[Holds, ...]


Shape: TypeAlias = (
    Scalar | Registered | Maybe | Many | Document | Cases | OneOf | Own | Rest | Constant | Ruled
)


@attrs.frozen
class Entry:
    """One field of a document.

    Attributes:
        name: Its name.
        shape: What it holds.
        constant: Whether it always has the class's value, and is no field of the Python class.
        key: In a map: its key; None for the field that takes all others.
        optional: In a map: whether it may be absent, which is None.
    """

    name: str
    shape: Shape
    constant: bool = False
    key: int | str | None = None
    optional: bool = False
