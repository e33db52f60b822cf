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
                                union it has ``cbor_types``, the types of the items it takes, or
                                the numbers of tags; its ``cddl`` is the text for it

The same checks are made both ways: what cannot be decoded cannot be encoded, and what is decoded
equals what was encoded.
"""

import types
from collections.abc import Callable
from typing import (
    Annotated,
    Any,
    ClassVar,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

import attrs
import cbor2

from mimi.codec.cddl_shape import (
    HIGHEST,
    KINDS,
    LOWEST,
    MARKS,
    Cases,
    Constant,
    Document,
    Entry,
    Many,
    Maybe,
    OneOf,
    Own,
    Registered,
    Rest,
    Ruled,
    Scalar,
    Shape,
)
from mimi.codec.cddl_shape import Count as Count
from mimi.codec.cddl_shape import Holds as Holds
from mimi.codec.cddl_shape import Key as Key
from mimi.codec.cddl_shape import Others as Others
from mimi.codec.cddl_shape import OutOfRangeError as OutOfRangeError
from mimi.codec.cddl_shape import Range as Range
from mimi.codec.cddl_shape import Refusal as Refusal
from mimi.codec.cddl_shape import Size as Size
from mimi.codec.cddl_shape import Unknown as Unknown
from mimi.codec.cddl_shape import WrongTypeError as WrongTypeError
from mimi.codec.codepoint import ClosedEnum, CodePoint
from mimi.codec.declare import OCTETS, once
from mimi.errors import UsageError

T = TypeVar("T")
M = TypeVar("M")

FORM = "__cbor__"


@dataclass_transform(frozen_default=True, field_specifiers=(attrs.field,))
def array(declaration: type[T]) -> type[T]:
    """Declare a CBOR array: an immutable value, its fields in their order.

    A class may have a method ``refusal(self) -> Refusal | None`` for what its fields must be
    together, a property ``is_plain`` that is true where no float, tag, unsorted map or integer
    beyond 64 bits is in it, and a hidden slot ``_octets`` in which decoding leaves the encoding.
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
    if isinstance(form, int) and not 0 <= form <= HIGHEST:
        raise UsageError(f"{declaration.__name__}: {form} is no tag")
    if any(FORM in vars(base) for base in declaration.__mro__[1:]):
        raise UsageError(f"{declaration.__name__} inherits from a class declared as CBOR")
    frozen = attrs.frozen(declaration, weakref_slot=False)
    setattr(frozen, FORM, form)
    return frozen


def form_of(declaration: object) -> str | int:
    """Return ``"array"``, ``"map"``, ``"bare"``, or the number of a tag.

    Raises:
        UsageError: It is no class under `array`, `entries`, `tagged` or `bare`.
    """
    form: str | int | None = vars(declaration).get(FORM) if _is_class(declaration) else None
    if form is None:
        name = getattr(declaration, "__name__", declaration)
        raise UsageError(f"{name} is not declared as CBOR")
    return form


def _is_class(hint: object) -> bool:
    return isinstance(hint, type) and get_origin(hint) is None


def rules_together(declaration: type[Any]) -> bool:
    """Return whether a class has a method that says what is wrong with its fields together."""
    return callable(getattr(declaration, "refusal", None))


@once
def entries_of(declaration: type[Any]) -> tuple[Entry, ...]:
    """Return the fields of a document, in the order of the declaration.

    Raises:
        UsageError: An annotation has no meaning here.
    """
    form = form_of(declaration)
    found = []
    for name, hint in _hints(declaration).items():
        try:
            entry = _entry(declaration, name, hint)
        except UsageError as error:
            raise UsageError(f"{declaration.__name__}.{name}: {error.reason}") from None
        if isinstance(entry.shape, Rest) and form != "map":
            raise UsageError(f"{declaration.__name__}.{name}: Others outside of a map")
        found.append(entry)
    if form not in ("array", "map") and len(found) != 1:
        raise UsageError(f"{declaration.__name__} has {len(found)} fields, not one")
    keys = [entry.key for entry in found]
    if form == "map" and len({*keys}) < len(keys):
        raise UsageError(f"{declaration.__name__} has the same key twice")
    return tuple(found)


def _hints(declaration: type[Any]) -> dict[str, Any]:
    try:
        hints = get_type_hints(declaration, include_extras=True)
    except NameError as error:
        raise UsageError(f"{declaration.__name__}: {error}") from None
    return {name: hints[name] for name in declaration.__annotations__ if name != OCTETS}


def _entry(declaration: type[Any], name: str, hint: Any) -> Entry:
    constant = get_origin(hint) is ClassVar
    if constant:
        hint = get_args(hint)[0]
    marks: tuple[Any, ...] = hint.__metadata__ if get_origin(hint) is Annotated else ()
    key = _key(marks, in_map=form_of(declaration) == "map")
    if constant:
        _check_marks(marks, Unknown, Key)
        unknown = _mark(marks, Unknown)
        error = unknown.error if unknown else OutOfRangeError
        return Entry(name, Constant(_constant(declaration, name), error), constant=True, key=key)
    if _mark(marks, Others):
        _check_marks(marks, Others)
        return Entry(name, Rest())
    if marks:
        hint = _annotated(hint.__origin__, [mark for mark in marks if not isinstance(mark, Key)])
    shape = shape_of(hint)
    if key is not None and isinstance(shape, Maybe):
        return Entry(name, shape.value, key=key, optional=True)
    return Entry(name, shape, key=key)


def _annotated(hint: Any, marks: list[Any]) -> Any:
    return Annotated[(hint, *marks)] if marks else hint


def _key(marks: tuple[Any, ...], *, in_map: bool) -> int | str | None:
    mark = _mark(marks, Key)
    if mark is None:
        if in_map and not _mark(marks, Others):
            raise UsageError("a field of a map needs a Key")
        return None
    if not in_map:
        raise UsageError("a Key outside of a map")
    if type(mark.key) is not str and not (type(mark.key) is int and LOWEST <= mark.key <= HIGHEST):
        raise UsageError(f"{mark.key!r} cannot be a key")
    return mark.key


def _constant(declaration: type[Any], name: str) -> int:
    value = getattr(declaration, name, None)
    if not isinstance(value, int) or isinstance(value, bool) or not LOWEST <= value <= HIGHEST:
        raise UsageError("a constant is an integer")
    return int(value)


def shape_of(hint: Any, marks: tuple[Any, ...] = ()) -> Shape:
    """Return what an annotation means.

    Where two marks of one kind stand beside a type, the outer one counts, but rules hold all.

    Raises:
        UsageError: Nothing.
    """
    if get_origin(hint) is Annotated:
        base, *more = get_args(hint)
        return shape_of(base, (*more, *marks))
    rules = tuple(mark for mark in marks if isinstance(mark, Holds))
    shape = _plain_shape(hint, tuple(mark for mark in marks if not isinstance(mark, Holds)))
    return _ruled(shape, rules) if rules else shape


def _ruled(shape: Shape, rules: tuple[Holds, ...]) -> Shape:
    match shape:
        case Maybe():
            return Maybe(_ruled(shape.value, rules))
        case Ruled():
            return Ruled(shape.value, (*shape.rules, *rules))
    return Ruled(shape, rules)


def _plain_shape(hint: Any, marks: tuple[Any, ...]) -> Shape:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _union(arguments, marks)
    if origin is tuple and arguments[1:] == (Ellipsis,):
        _check_marks(marks, Count)
        return Many(shape_of(arguments[0]), _mark(marks, Count) or Count())
    if not _is_class(hint):
        raise UsageError(f"{hint!r} has no meaning in CBOR")
    if FORM in vars(hint):
        _check_marks(marks)
        return Document(hint)
    if hasattr(hint, "from_cbor"):
        _check_marks(marks)
        return _own(hint)
    if issubclass(hint, (CodePoint, ClosedEnum)):
        _check_marks(marks, Unknown)
        unknown = _mark(marks, Unknown)
        return Registered(hint, unknown.error if unknown else OutOfRangeError)
    if hint in (bytes, str):
        _check_marks(marks, Size)
        return Scalar(hint, _mark(marks, Size))
    if hint is int:
        _check_marks(marks, Range)
        return Scalar(hint, _mark(marks, Range) or Range(0, HIGHEST))
    if hint is bool:
        _check_marks(marks)
        return Scalar(hint)
    raise UsageError(f"{hint.__name__} has no meaning in CBOR")


def _own(hint: type[Any]) -> Own:
    if not hasattr(hint, "to_cbor"):
        raise UsageError(f"{hint.__name__} has from_cbor, but not to_cbor")
    return Own(hint)


def _mark(marks: tuple[Any, ...], kind: type[M]) -> M | None:
    return next((mark for mark in reversed(marks) if isinstance(mark, kind)), None)


def _check_marks(marks: tuple[Any, ...], *kinds: type[Any]) -> None:
    """Check that of our own marks there are none but those; whatever else there is, is others'."""
    for mark in marks:
        if isinstance(mark, MARKS) and not isinstance(mark, kinds):
            raise UsageError(f"{type(mark).__name__} has no meaning here")


def _union(arguments: tuple[Any, ...], marks: tuple[Any, ...]) -> Shape:
    some = tuple(argument for argument in arguments if argument is not type(None))
    if len(some) < len(arguments):
        value = shape_of(some[0], marks) if len(some) == 1 else _union(some, marks)
        return value if isinstance(value, Maybe) else Maybe(value)
    arrays = [case for case in some if _is_class(case) and vars(case).get(FORM) == "array"]
    others = tuple(shape_of(case) for case in some if case not in arrays)
    if len(arrays) < 2:
        _check_marks(marks)
        return OneOf(tuple(shape_of(case) for case in some))
    _check_marks(marks, Unknown)
    unknown = _mark(marks, Unknown)
    cases = Cases(*_told_apart(arrays), unknown.error if unknown else OutOfRangeError)
    return OneOf((cases, *others)) if others else cases


def _told_apart(arrays: list[type[Any]]) -> tuple[int, dict[int, type[Any]]]:
    """Return at which place the arrays differ by a constant, and which one has which there."""
    constants = [_constants(case) for case in arrays]
    for place in constants[0]:
        if all(place in others for others in constants):
            cases = {at[place]: case for case, at in zip(arrays, constants, strict=True)}
            if len(cases) == len(arrays):
                return place, cases
    raise UsageError("the constants of the cases do not tell them apart")


def _constants(declaration: type[Any]) -> dict[int, int]:
    """Return the constants of an array by the places at which they stand.

    What the other fields mean is not asked: one of them may be an array of these very cases.
    """
    return {
        place: _constant(declaration, name)
        for place, (name, hint) in enumerate(_hints(declaration).items())
        if get_origin(hint) is ClassVar
    }


def takes_null(shape: Shape) -> bool:
    """Return whether null is one of the items of a shape, so that it cannot mean absence too."""
    match shape:
        case Maybe():
            return True
        case Ruled():
            return takes_null(shape.value)
        case OneOf():
            return any(map(takes_null, shape.shapes))
        case Document() if form_of(shape.declaration) == "bare":
            return takes_null(entries_of(shape.declaration)[0].shape)
    return False


def kinds_of(shape: Shape, *, writing: bool) -> dict[object, str]:
    """Return by what a shape is told apart from others, with the words for it.

    That is the Python type of an item, or of a value, or the number of a tag.

    Raises:
        UsageError: Nothing tells it apart.
    """
    match shape:
        case Ruled():
            return kinds_of(shape.value, writing=writing)
        case Maybe():
            return kinds_of(shape.value, writing=writing) | {type(None): "null"}
        case Scalar():
            return {shape.kind: KINDS[shape.kind]}
        case Registered() if writing:
            return {shape.registry: shape.registry.__name__, int: "an integer"}
        case Registered():
            return {int: "an integer"}
        case OneOf():
            return _kinds_together(shape, writing=writing)
        case Cases() if writing:
            return {case: case.__name__ for case in shape.declarations.values()}
        case Document() | Own() if writing:
            return {shape.declaration: shape.declaration.__name__}
        case Own() if hasattr(shape.declaration, "cbor_types"):
            return dict.fromkeys(shape.declaration.cbor_types, shape.declaration.__name__)
        case Many() if writing:
            return {tuple: "a tuple"}
        case Many() | Cases():
            return {list: "an array", tuple: "an array"}
        case Document():
            return _kinds_of_form(shape.declaration)
    raise UsageError(f"{shape} is not told apart by its type")


def _kinds_of_form(declaration: type[Any]) -> dict[object, str]:
    form = form_of(declaration)
    if isinstance(form, int):
        return {form: f"tag {form}"}
    if form == "array":
        return {list: "an array", tuple: "an array"}
    if form == "map":
        return {dict: "a map", cbor2.frozendict: "a map"}
    return kinds_of(entries_of(declaration)[0].shape, writing=False)


def _kinds_together(choice: OneOf, *, writing: bool) -> dict[object, str]:
    kinds: dict[object, str] = {}
    for shape in choice.shapes:
        more = kinds_of(shape, writing=writing)
        if not kinds.keys().isdisjoint(more):
            names = ", ".join(dict.fromkeys(more.values()))
            raise UsageError(f"told apart by nothing: two of {names}")
        kinds |= more
    return kinds
