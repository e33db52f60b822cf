"""Declaring structures, and reading declarations into shapes.

A wire structure is a class with typed fields, in the order of the wire::

    @struct
    class Lifetime:
        not_before: UInt64
        not_after: UInt64

A field that is always the same (``ProtocolVersion version = mls10``) is a class variable::

        version: ClassVar[ProtocolVersion] = ProtocolVersion.MLS10

An open choice, which users of the library extend by declaring another case, is a base class::

    class Credential(Choice, tag=CredentialType): ...

    @struct(case=CredentialType.BASIC)
    class BasicCredential(Credential):
        identity: Opaque

Annotations are read at the first use, so that structures may refer to later ones. A structure
cannot contain itself: that is what bounds the depth of every encoding.
"""

import types
from collections.abc import Callable, Iterator
from functools import cache
from typing import (
    Annotated,
    Any,
    ClassVar,
    TypeVar,
    Union,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

import attrs

from mimi.codec.codepoint import ClosedEnum, CodePoint
from mimi.codec.shape import (
    Between,
    Bool,
    Bytes,
    Code,
    Fixed,
    Given,
    Optional,
    Padding,
    Rule,
    Select,
    Shape,
    Struct,
    UInt,
    Uniform,
    Vector,
)
from mimi.errors import UsageError

T = TypeVar("T")

F = TypeVar("F", bound=Callable[..., Any])


def once(function: F) -> F:
    """Compute a function once for each of its arguments: declarations do not change."""
    return cast(F, cache(function))


OCTETS = "_octets"
"""The slot in which a structure declared with ``cached=True`` keeps its encoding."""


@attrs.frozen
class Field:
    """One field of a structure.

    Attributes:
        name: Its name, the specification's.
        shape: How it is encoded.
        constant: Whether it always has the class's value.
    """

    name: str
    shape: Shape
    constant: bool = False


class Choice:
    """The base of an open select: cases join it where they are declared.

    Attributes:
        select: The registry of the tag and the cases declared so far.
        tag: In a case: the tag under which it was declared.
    """

    __slots__ = ()
    select: ClassVar[Select]
    tag: ClassVar[Any]

    def __init_subclass__(cls, tag: type[CodePoint] | None = None) -> None:
        if tag is not None:
            cls.select = Select(tag, {}, cls.__name__)


@overload
def struct(declaration: type[T], /) -> type[T]: ...
@overload
def struct(*, case: int | None = None, cached: bool = False) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True)
def struct(
    declaration: type[T] | None = None, /, *, case: int | None = None, cached: bool = False
) -> type[T] | Callable[[type[T]], type[T]]:
    """Declare a wire structure: an immutable value with a compiled codec.

    Args:
        declaration: The class with its annotated fields.
        case: The tag under which the class is a case of the `Choice` that is its base.
        cached: Keep the encoding beside the value: for structures that are hashed, signed and
            sent again and again.

    Raises:
        UsageError: Another class has the tag already, the base is ``cached``, or a case has a
            field called ``tag`` or ``select``.
    """

    def declare(declaration: type[T]) -> type[T]:
        if hasattr(declaration, OCTETS):
            raise UsageError(f"{declaration.__name__}: the base keeps the encoding of itself")
        if cached:
            declaration.__annotations__[OCTETS] = bytes | None
            hidden = attrs.field(init=False, repr=False, eq=False, default=None)
            setattr(declaration, OCTETS, hidden)
        frozen = attrs.frozen(declaration, weakref_slot=False)
        frozen.__wire__ = True  # type: ignore[attr-defined]  # what `is_struct` looks for
        if case is not None:
            _join(frozen, case)
        return frozen

    return declare if declaration is None else declare(declaration)


def _join(declaration: type[Any], case: int) -> None:
    taken = {"select", "tag"} & {field.name for field in attrs.fields(declaration)}
    if taken:
        raise UsageError(f"{declaration.__name__}: every case of a choice has a {taken.pop()}")
    select: Select = declaration.select
    cases: dict[Any, Any] = select.cases  # type: ignore[assignment]  # a choice's own dict
    tag = select.registry(case)
    if tag in cases:
        raise UsageError(f"{select.name} {tag} is {cases[tag].__name__} already")
    cases[tag] = declaration
    declaration.tag = tag


def replace(value: T, **changes: Any) -> T:
    """Return a structure with some of its fields changed."""
    changed: T = attrs.evolve(value, **changes)  # type: ignore[misc]  # every structure is attrs'
    return changed


def is_struct(declaration: object) -> bool:
    """Return whether *declaration* is a class under ``@struct``."""
    return isinstance(declaration, type) and "__wire__" in vars(declaration)


@once
def fields_of(declaration: type[Any]) -> tuple[Field, ...]:
    """Return the fields of a structure, in the order of the wire.

    Raises:
        UsageError: An annotation has no meaning in the presentation language.
    """
    hints = get_type_hints(declaration, include_extras=True)
    names: dict[str, None] = {}
    for base in reversed(declaration.__mro__):
        if is_struct(base):
            names.update(dict.fromkeys(base.__annotations__))
    names.pop(OCTETS, None)
    fields: list[Field] = []
    for name in names:
        hint = hints[name]
        constant = get_origin(hint) is ClassVar
        try:
            shape = shape_of(get_args(hint)[0] if constant else hint)
            if isinstance(shape, Given):
                _check_path(shape, fields)
            if constant:
                _check_constant(shape, getattr(declaration, name, None))
        except UsageError as error:
            raise UsageError(f"{declaration.__name__}.{name}: {error.reason}") from None
        fields.append(Field(name, shape, constant))
    return tuple(fields)


def _check_path(given: Given, fields: list[Field]) -> None:
    name = given.path.partition(".")[0]
    if not any(field.name == name and not field.constant for field in fields):
        raise UsageError(f"{name} is no earlier field")


def _check_constant(shape: Shape, value: Any) -> None:
    if not isinstance(shape, UInt | Code) or value is None:
        raise UsageError("a constant is a number, and the class says which")


def shape_of(hint: Any) -> Shape:
    """Return what an annotation means on the wire.

    Raises:
        UsageError: It means nothing there.
    """
    if isinstance(hint, UInt | Bool | Code | Bytes | Fixed | Padding | Vector | Optional | Struct):
        return hint
    if isinstance(hint, Select | Given):
        return hint
    if isinstance(hint, type):
        return _shape_of_class(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _shape_of_annotated(arguments[0], arguments[1:])
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _vector(arguments[0])
    if origin in (Union, types.UnionType):
        present = [argument for argument in arguments if argument is not type(None)]
        if len(present) == 1 and len(arguments) == 2:
            return Optional(shape_of(present[0]))
    raise UsageError(f"{hint!r} has no meaning in the presentation language")


def _shape_of_class(hint: type[Any]) -> Shape:
    if hint is bool:
        return Bool()
    if issubclass(hint, CodePoint | ClosedEnum):
        return Code(hint)
    if is_struct(hint):
        return Struct(hint)
    if issubclass(hint, Choice) and hint is not Choice:
        return hint.select
    raise UsageError(f"{hint.__name__} has no meaning in the presentation language")


def _shape_of_annotated(hint: Any, metadata: tuple[Any, ...]) -> Shape:
    header = next((entry for entry in metadata if isinstance(entry, Between)), None)
    rules = tuple(entry for entry in metadata if isinstance(entry, Rule))
    lazy = Uniform() in metadata
    if lazy:
        hint = get_args(hint)[0]  # the tuple of `Lazy`: its other arm means the same
    notes = Between | Rule | Uniform | str
    shapes = [entry for entry in metadata if not isinstance(entry, notes)]
    inner = shape_of(shapes[0] if shapes else hint)
    if header is not None or rules or lazy:
        if isinstance(inner, Vector):
            return Vector(inner.element, header or inner.header, inner.rules + rules, lazy)
        if isinstance(inner, Bytes) and not rules:
            return attrs.evolve(inner, header=header)
        raise UsageError(f"only a vector has bounds or rules, not {hint!r}")
    return inner


def _vector(element: Any) -> Vector:
    shape = shape_of(element)
    if not isinstance(shape, Struct) and least_octets(shape) == 0:
        raise UsageError("elements of a vector take at least one octet each")
    return Vector(shape)


def cases_of(select: Select) -> Iterator[tuple[Any, Shape]]:
    """Yield the tags and shapes of a select, as far as they are declared by now."""
    for tag, hint in select.cases.items():
        yield tag, shape_of(hint)


def least_octets(shape: Shape) -> int:
    """Return the length of the shortest encoding of *shape*, in octets."""
    match shape:
        case UInt(octets=octets):
            return octets
        case Code() | Select():
            return shape.octets if isinstance(shape, Code) else shape.tag.octets
        case Bool() | Optional():
            return 1
        case Fixed(length=length):
            return length
        case Bytes(header=header) | Vector(header=header):
            return 1 if header is None else header.octets + header.floor
        case Struct(declaration=declaration):
            return sum(least_octets(field.shape) for field in fields_of(declaration))
        case Padding() | Given():
            return 0


def classes_of(shape: Shape) -> Iterator[type[Any]]:
    """Yield the classes of the values of a select's case: by them the encoder finds the tag.

    Raises:
        UsageError: The values of the case cannot be told by their class.
    """
    match shape:
        case Struct(declaration=declaration):
            yield declaration
        case Select():
            for _, inner in cases_of(shape):
                yield from classes_of(inner)
        case Bytes(wrap=wrap) if isinstance(wrap, type):
            yield wrap
        case Bytes(wrap=None) | Fixed():
            yield bytes
        case _:
            raise UsageError(f"a case is a structure, a choice or opaque, not {shape}")


@once
def check_declaration(shape: Shape) -> None:
    """Check what a single annotation cannot show, at the first use of a declared type.

    Raises:
        UsageError: A structure contains itself; a vector has elements of no octets, or is lazy
            though the lengths in its elements do not lay them out; two cases have values of one
            class; something stands where it means nothing.
    """
    _check(shape, ())


def _check(shape: Shape, inside: tuple[type[Any], ...]) -> None:
    """Check *shape*, which stands inside of these structures and shapes."""
    if isinstance(shape, Padding) and len(inside) > 1:
        raise UsageError(f"padding inside of {inside[0].__name__}: it goes to the end of the input")
    if isinstance(shape, Given) and not (inside and is_struct(inside[-1])):
        raise UsageError(f"{shape.path} gives the type of a field, and of nothing inside of it")
    match shape:
        case Struct(declaration=declaration):
            if declaration in inside:
                raise UsageError(f"{declaration.__name__} contains itself")
            _check_fields(declaration, (*inside, declaration))
        case Vector(element=element):
            _check(element, (*inside, Vector))
            if least_octets(element) == 0:
                raise UsageError(f"a vector of {element} has elements of no octets")
            if shape.lazy:
                _check_lazy(shape)
        case Optional(value=value):
            if isinstance(value, Optional):
                raise UsageError("what is optional has a value, not None")
            _check(value, (*inside, Optional))
        case Select():
            _check_cases(shape, (*inside, Select))
        case Given():
            hints = list(shape.cases.values())
            if shape.otherwise is not None:
                hints.append(shape.otherwise)
            for hint in hints:
                _check(shape_of(hint), (*inside, Given))
        case _:
            pass


def _check_lazy(vector: Vector) -> None:
    element = vector.element
    if not isinstance(element, Struct) or not all(
        isinstance(field.shape, Bytes) and field.shape.wrap is None
        for field in fields_of(element.declaration)
    ):
        raise UsageError(f"elements of a lazy vector have opaque fields only, unlike {element}")
    if vector.rules:
        raise UsageError("a lazy vector has no rules: they would look at each element")


def _check_fields(declaration: type[Any], inside: tuple[type[Any], ...]) -> None:
    fields = fields_of(declaration)
    for field in fields:
        if isinstance(field.shape, Padding) and field is not fields[-1]:
            raise UsageError(f"{declaration.__name__}.{field.name}: nothing follows padding")
        _check(field.shape, inside)


def _check_cases(select: Select, inside: tuple[type[Any], ...]) -> None:
    seen: set[type[Any]] = set()
    for _, shape in cases_of(select):
        _check(shape, inside)
        for kind in classes_of(shape):
            if kind in seen:
                raise UsageError(f"two cases of a select on {select.registry.__name__}: {kind}")
            seen.add(kind)
