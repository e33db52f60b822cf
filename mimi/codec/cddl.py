"""CBOR documents as declarations: the shapes of CDDL (RFC 8610) that MIMI uses.

A document is a class with typed fields in the order of the wire, as it is under ``@struct`` for
the TLS presentation language::

    @array
    class Expiration:
        relative: bool
        time: Annotated[int, Range(0, 2**32 - 1)]

    decode_document(Expiration, octets)     # the value, or MalformedError with path and offset
    encode_document(Expiration(True, 60))   # its one encoding
    cddl(Expiration)                        # Expiration = [ relative: bool, time: 0..4294967295 ]

What an annotation means::

    bool, int, bytes, str       with Range or Size beside it for bounds, and Holds for a rule
    a CodePoint, a ClosedEnum   an integer of an open or a closed registry
    T | None                    null / T
    tuple[T, ...]               [* T], with Count beside it for bounds
    a class under @array        that array; under @entries that map; under @tagged that tag;
                                under @bare what its one field is
    A | B                       one of them: told apart by the type of item, or where all are
                                arrays with a constant (a ClassVar) at one place, by that
    a class with from_cbor      whatever it makes of the item, and ``to_cbor`` of the value; in a
                                union it has ``cbor_types``, the types of the items it takes

The same checks are made both ways: what cannot be decoded cannot be encoded.
"""

import types
from collections.abc import Callable, Mapping
from typing import (
    Annotated,
    Any,
    ClassVar,
    TypeAlias,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

import attrs

from mimi.codec.codepoint import ClosedEnum, CodePoint
from mimi.codec.declare import OCTETS, once
from mimi.errors import MalformedError, UsageError

T = TypeVar("T")


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


@attrs.frozen
class Size:
    """How many octets a byte string or the UTF-8 of a text has."""

    least: int
    most: int
    error: type[MalformedError] = OutOfRangeError


@attrs.frozen
class Range:
    """What an integer lies between, both included."""

    least: int
    most: int
    error: type[MalformedError] = OutOfRangeError


@attrs.frozen
class Count:
    """How many elements an array has; *deepest*: how many levels of itself it may be within."""

    least: int = 0
    most: int | None = None
    error: type[MalformedError] = OutOfRangeError
    deepest: int | None = None
    too_deep: type[MalformedError] = OutOfRangeError


@attrs.frozen
class Holds:
    """A rule of a value: *sentence* says what is wrong where *holds* is false."""

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
    """Beside a mapping, in a map: the entries under keys that have no field."""


# Shapes: what annotations mean.


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


@attrs.frozen
class OneOf:
    """Shapes that are told apart by the type of the item."""

    shapes: tuple["Shape", ...]


@attrs.frozen
class Own:
    """A class that reads and writes items itself, by ``from_cbor`` and ``to_cbor``."""

    declaration: type[Any]


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
    Scalar | Registered | Maybe | Many | Document | Cases | OneOf | Own | Constant | Ruled
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


FORM = "__cbor__"


@dataclass_transform(frozen_default=True, field_specifiers=(attrs.field,))
def array(declaration: type[T]) -> type[T]:
    """Declare a CBOR array: an immutable value, its fields in their order.

    A class may have a method ``refusal(self) -> Refusal | None`` for what its fields must be
    together, a property ``is_plain`` that is true where no float, tag or unsorted map is in it,
    and a hidden slot ``_octets`` in which decoding leaves the encoding.
    """
    return _declare(declaration, "array")


@dataclass_transform(frozen_default=True, field_specifiers=(attrs.field,))
def entries(declaration: type[T]) -> type[T]:
    """Declare a CBOR map: an immutable value, each of its fields with a `Key`."""
    return _declare(declaration, "map")


@dataclass_transform(frozen_default=True, field_specifiers=(attrs.field,))
def tagged(number: int) -> Callable[[type[T]], type[T]]:
    """Declare a tag: an immutable value of one field."""

    def declare(declaration: type[T]) -> type[T]:
        return _declare(declaration, number)

    return declare


@dataclass_transform(frozen_default=True, field_specifiers=(attrs.field,))
def bare(declaration: type[T]) -> type[T]:
    """Declare a name for an item: an immutable value of one field, encoded as that field is."""
    return _declare(declaration, "bare")


def _declare(declaration: type[T], form: str | int) -> type[T]:
    frozen = attrs.frozen(declaration, weakref_slot=False)
    setattr(frozen, FORM, form)
    return frozen


def form_of(declaration: type[Any]) -> str | int:
    """Return ``"array"``, ``"map"``, ``"bare"``, or the number of a tag.

    Raises:
        UsageError: The class is under none of `array`, `entries`, `tagged` and `bare`.
    """
    form: str | int | None = vars(declaration).get(FORM)
    if form is None:
        raise UsageError(f"{declaration.__name__} is not declared as CBOR")
    return form


@once
def entries_of(declaration: type[Any]) -> tuple[Entry, ...]:
    """Return the fields of a document, in the order of the declaration.

    Raises:
        UsageError: An annotation has no meaning here.
    """
    hints = get_type_hints(declaration, include_extras=True)
    found = []
    for name in declaration.__annotations__:
        if name == OCTETS:
            continue
        hint = hints[name]
        try:
            found.append(_entry(declaration, name, hint))
        except UsageError as error:
            raise UsageError(f"{declaration.__name__}.{name}: {error.reason}") from None
    return tuple(found)


def _entry(declaration: type[Any], name: str, hint: Any) -> Entry:
    if get_origin(hint) is ClassVar:
        inner = get_args(hint)[0]
        marks = inner.__metadata__ if get_origin(inner) is Annotated else ()
        error = next((mark.error for mark in marks if isinstance(mark, Unknown)), OutOfRangeError)
        return Entry(name, Constant(int(getattr(declaration, name)), error), constant=True)
    marks = hint.__metadata__ if get_origin(hint) is Annotated else ()
    key = next((mark.key for mark in marks if isinstance(mark, Key)), None)
    if any(isinstance(mark, Others) for mark in marks):
        return Entry(name, Own(Mapping))
    shape = shape_of(hint)
    if form_of(declaration) == "map":
        if key is None:
            raise UsageError("a field of a map needs a Key")
        if isinstance(shape, Maybe):
            return Entry(name, shape.value, key=key, optional=True)
    return Entry(name, shape, key=key)


def shape_of(hint: Any, marks: tuple[Any, ...] = ()) -> Shape:
    """Return what an annotation means.

    Raises:
        UsageError: Nothing.
    """
    if get_origin(hint) is Annotated:
        base, *more = get_args(hint)
        return shape_of(base, (*marks, *more))
    rules = tuple(mark for mark in marks if isinstance(mark, Holds))
    shape = _plain_shape(hint, tuple(mark for mark in marks if not isinstance(mark, Holds)))
    return Ruled(shape, rules) if rules else shape


def _plain_shape(hint: Any, marks: tuple[Any, ...]) -> Shape:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _union(arguments, marks)
    if origin is tuple and arguments[1:] == (Ellipsis,):
        return Many(shape_of(arguments[0]), _mark(marks, Count) or Count())
    if not isinstance(hint, type):
        raise UsageError(f"{hint!r} has no meaning in CBOR")
    if FORM in vars(hint):
        return Document(hint)
    if hasattr(hint, "from_cbor"):
        return Own(hint)
    if issubclass(hint, (CodePoint, ClosedEnum)):
        unknown = _mark(marks, Unknown)
        return Registered(hint, unknown.error if unknown else OutOfRangeError)
    if hint in (bytes, str):
        return Scalar(hint, _mark(marks, Size))
    if hint is int:
        return Scalar(hint, _mark(marks, Range) or Range(0, (1 << 64) - 1))
    if hint is bool:
        return Scalar(hint)
    raise UsageError(f"{hint.__name__} has no meaning in CBOR")


def _mark(marks: tuple[Any, ...], kind: type[T]) -> T | None:
    return next((mark for mark in marks if isinstance(mark, kind)), None)


def _union(arguments: tuple[Any, ...], marks: tuple[Any, ...]) -> Shape:
    some = tuple(argument for argument in arguments if argument is not type(None))
    if len(some) < len(arguments):
        value = shape_of(some[0], marks) if len(some) == 1 else _union(some, marks)
        return Maybe(value)
    unknown = _mark(marks, Unknown)
    if all(isinstance(case, type) and vars(case).get(FORM) == "array" for case in some):
        constants = [_constants(case) for case in some]
        cases = {value: case for case, at in zip(some, constants, strict=True) for value in at}
        places = {place for at in constants for place in at.values()}
        if len(places) == 1 and len(cases) == len(some):
            return Cases(places.pop(), cases, unknown.error if unknown else OutOfRangeError)
        raise UsageError("the constants of the cases do not tell them apart")
    return OneOf(tuple(shape_of(case) for case in some))


def _constants(declaration: type[Any]) -> dict[int, int]:
    """Return the constants of an array, and the places at which they stand.

    What the other fields mean is not asked: one of them may be an array of these very cases.
    """
    names = [name for name in declaration.__annotations__ if name != OCTETS]
    hints = get_type_hints(declaration)
    return {
        int(getattr(declaration, name)): place
        for place, name in enumerate(names)
        if get_origin(hints[name]) is ClassVar
    }
