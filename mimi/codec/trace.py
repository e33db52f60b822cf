"""Reading and checking with a path: slowly, field by field, saying where.

The compiled functions only know that something is wrong. This module walks the same shapes and
knows what: `read` gives the value with the extent of every field, or raises the `MalformedError`
with path and offset; `check` raises the `UsageError` for a value that cannot be encoded.
"""

import re
from collections.abc import Callable
from typing import Any, NoReturn

import attrs

from mimi.codec.declare import Field, check_declaration, fields_of, is_struct, shape_of
from mimi.codec.encoder import accepts, encoder_of
from mimi.codec.lazy import LazyTuple
from mimi.codec.shape import (
    Between,
    Bool,
    Bytes,
    Code,
    Fixed,
    Given,
    Optional,
    Padding,
    Select,
    Shape,
    Struct,
    UInt,
    Vector,
)
from mimi.codec.source import LONGEST, MEDIUM, SHORT
from mimi.errors import MalformedError, UsageError


@attrs.frozen
class Span:
    """The extent of one item in an encoding.

    Attributes:
        start: Its first octet, from 0.
        end: The octet behind its last.
        path: The item, from the outermost structure.
        name: The last step of the path: ``.leaf``, ``[3]``; empty where a part has no name, as
            the content of an opaque field, and the value behind an optional's presence.
        kind: What it is: ``uint32``, ``opaque<V>``, ``length``, a structure's name.
        value: The decoded value.
        depth: How many structures and vectors it lies in.
    """

    start: int
    end: int
    path: str
    name: str
    kind: str
    value: Any
    depth: int


@attrs.frozen
class Traced:
    """A decoded value and the extents of its parts, in the order of the octets."""

    value: Any
    spans: tuple[Span, ...]

    @property
    def leaves(self) -> tuple[Span, ...]:
        """The items that have no parts: together they are the input, each octet once."""
        depths = [span.depth for span in self.spans[1:]]
        return tuple(
            span
            for span, following in zip(self.spans, [*depths, 0], strict=True)
            if following <= span.depth
        )


def name_of(declared: Any) -> str:
    """Return the name by which errors and views call a declared type."""
    shape = shape_of(declared)
    if isinstance(shape, Struct):
        return shape.declaration.__name__
    return (isinstance(shape, Select) and shape.name) or kind_of(shape)


def kind_of(shape: Shape) -> str:
    """Return the presentation language's word for a shape."""
    match shape:
        case UInt(octets=octets):
            return f"uint{8 * octets}"
        case Bool():
            return "bool"
        case Code(registry=registry):
            return registry.__name__
        case Fixed(length=length):
            return f"opaque[{length}]"
        case Bytes(name=name, header=header):
            return name if name != "opaque" else f"opaque{bounds_of(header)}"
        case Padding():
            return "padding"
        case Vector(element=element, header=header):
            return f"{kind_of(element)}{bounds_of(header)}"
        case Optional(value=value):
            return f"optional<{kind_of(value)}>"
        case Struct(declaration=declaration):
            return declaration.__name__
        case Select(name=name, registry=registry):
            return name or f"select({registry.__name__})"
        case Given(path=path):
            return f"select({path})"


def bounds_of(header: Between | None) -> str:
    """Return how the presentation language writes the bounds of a vector."""
    return "<V>" if header is None else f"<{header.floor}..{header.ceiling}>"


def case_name(tag: Any) -> str:
    """Return a tag as paths and select cases write it."""
    return str(getattr(tag, "name", tag)).lower()


def tag_name(select: Select) -> str:
    """Return what the tag of a select is called as a field: as its registry, in snake case."""
    return re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", select.registry.__name__).lower()


def as_bytes(octets: Any) -> bytes:
    """Return an input as bytes.

    Raises:
        UsageError: It is no buffer.
    """
    if isinstance(octets, bytes | bytearray | memoryview):
        return bytes(octets)
    raise UsageError(f"octets are bytes, not {type(octets).__name__}")


def read(declared: Any, octets: bytes) -> Traced:
    """Decode *octets* and say where everything is.

    Raises:
        MalformedError: They are no encoding of *declared*.
    """
    spans: list[Span] = []
    return Traced(_read(declared, as_bytes(octets), spans), tuple(spans))


def explain(declared: Any, octets: bytes, *, many: bool = False) -> NoReturn:
    """Say why *octets* do not decode to one value or, back to back, to *many*.

    Neither extents nor elements are kept on the way.

    Raises:
        MalformedError: Always.
    """
    _read(declared, octets, None, many=many)
    raise MalformedError("only one of two decoders accepts it", name_of(declared), 0)


def _read(declared: Any, octets: bytes, spans: list[Span] | None, *, many: bool = False) -> Any:
    shape = shape_of(declared)
    check_declaration(shape)
    reader = _Reader(octets, name_of(declared), spans)
    count, value = 0, None if many else reader.read_here(shape)
    while many and reader.at < len(octets):
        reader.read(shape, count)
        count += 1
    reader.finish()
    return value


def read_length(octets: bytes) -> int:
    """Return the length that *octets*, a variable-size header and nothing else, state."""
    reader = _Reader(as_bytes(octets), "length", None)
    length = reader.variable_length()
    reader.finish()
    return length


def _step(step: str | int) -> str:
    return step if isinstance(step, str) else f"[{step}]"


_UNFINISHED = Span(0, 0, "", "", "", None, 0)


class _Reader:
    """A position in the input, the path to it, and the end of the innermost vector."""

    def __init__(self, octets: bytes, name: str, spans: list[Span] | None) -> None:
        self.octets = octets
        self.at = 0
        self.limit = len(octets)
        self.path: list[str | int] = [name]  # indices stay numbers until somebody looks at them
        self.spans = spans

    def malformed(self, reason: str, at: int | None = None, section: str = "") -> MalformedError:
        text = f"{reason} ({section})" if section else reason
        return MalformedError(text, self.place(), self.at if at is None else at)

    def place(self) -> str:
        return "".join(map(_step, self.path))

    def finish(self) -> None:
        if self.at != len(self.octets):
            raise self.malformed(f"{len(self.octets) - self.at} octets follow the end")

    def take(self, count: int) -> bytes:
        left = self.limit - self.at
        if count > left:
            raise self.malformed(f"{left} octets left, {count} needed")
        self.at += count
        return self.octets[self.at - count : self.at]

    def note(self, name: str, start: int, kind: str, value: Any) -> None:
        """Keep the extent of a part that ends here, if extents are asked for."""
        if self.spans is not None:
            self.path.append(name)
            self.spans.append(self._span(start, kind, value))
            self.path.pop()

    def _span(self, start: int, kind: str, value: Any) -> Span:
        name, depth = _step(self.path[-1]), len(self.path) - 1
        return Span(start, self.at, self.place(), name, kind, value, depth)

    def number(self, octets: int) -> int:
        return int.from_bytes(self.take(octets), "big")

    def read(self, shape: Shape, step: str | int) -> Any:
        """Read one value, a *step* further down; the step to what has no name is empty."""
        self.path.append(step)
        value = self.read_here(shape)
        self.path.pop()
        return value

    def read_here(self, shape: Shape, owner: dict[str, Any] | None = None) -> Any:
        """Read one value; *owner* holds the earlier fields of the structure around it."""
        if self.spans is None or isinstance(shape, Given):
            return self._value(shape, owner)
        start, place = self.at, len(self.spans)
        self.spans.append(_UNFINISHED)
        value = self._value(shape, owner)
        self.spans[place] = self._span(start, kind_of(shape), value)
        return value

    def _value(self, shape: Shape, owner: dict[str, Any] | None) -> Any:
        match shape:
            case UInt(octets=octets):
                return self.number(octets)
            case Bool():
                return bool(self._flag("a bool"))
            case Code():
                return self._code(shape)
            case Fixed(length=length):
                return self.take(length)
            case Bytes(header=header, wrap=wrap):
                return self._bytes(header, wrap)
            case Padding():
                return self._padding()
            case Vector():
                return self._vector(shape)
            case Optional(value=inner):
                return self._optional(inner)
            case Struct(declaration=declaration):
                return self._struct(declaration)
            case Select():
                return self._select(shape)
            case Given():
                hint = given_hint(shape, owner or {})
                return None if hint is None else self.read_here(shape_of(hint))

    def _flag(self, what: str) -> int:
        start = self.at
        flag = self.number(1)
        if flag > 1:
            raise self.malformed(f"{what} is 0 or 1, not {flag}", start)
        return flag

    def _code(self, code: Code) -> Any:
        start = self.at
        value = self.number(code.octets)
        if code.is_open:
            return code.table[value]
        if value not in code.table:
            raise self.malformed(f"{value} is no {code.registry.__name__}", start)
        return code.table[value]

    def _length(self, header: Between | None) -> int:
        start = self.at
        self.path.append(".length")
        if header is not None:
            length = self.number(header.octets)
            if not header.floor <= length <= header.ceiling:
                raise self.malformed(f"length {length} is not in {bounds_of(header)}", start)
        else:
            length = self.variable_length()
        self.path.pop()
        self.note(".length", start, "length", length)
        return length

    def variable_length(self) -> int:
        start = self.at
        section = "RFC 9420 section 2.1.2"
        first = self.number(1)
        prefix = first >> 6
        if prefix == 3:
            raise self.malformed(f"a length cannot start with {first:#04x}", start, section)
        rest = (1 << prefix) - 1
        length = int.from_bytes(bytes([first & 0x3F]) + self.take(rest), "big")
        if length < (0, SHORT, MEDIUM)[prefix]:
            raise self.malformed(f"length {length} takes fewer octets", start, section)
        return length

    def _bytes(self, header: Between | None, wrap: Callable[[bytes], Any] | None) -> Any:
        length, start = self._length(header), self.at
        content = self.take(length)
        if content:
            self.note("", start, "opaque", content)
        try:
            return content if wrap is None else wrap(content)
        except ValueError as error:
            raise self.malformed(str(error), start) from error

    def _padding(self) -> int:
        start = self.at
        zeros = self.take(self.limit - self.at)
        if any(zeros):
            raise self.malformed("padding is not all zeros", start, "RFC 9420 section 6.3.1")
        return len(zeros)

    def _optional(self, inner: Shape) -> Any:
        start = self.at
        flag = self._flag("an optional's presence")
        self.note(".present", start, "uint8", flag)
        return self.read(inner, "") if flag else None

    def _vector(self, shape: Vector) -> tuple[Any, ...]:
        start = self.at
        length = self._length(shape.header)
        if length > self.limit - self.at:
            raise self.malformed(f"{self.limit - self.at} octets left, {length} needed")
        outer, self.limit = self.limit, self.at + length
        items: list[Any] = []
        keep, count = self.spans is not None or bool(shape.rules), 0
        while self.at < self.limit:
            item = self.read(shape.element, count)
            count += 1
            if keep:
                items.append(item)
        self.limit = outer
        value = tuple(items)
        for rule in shape.rules:
            if not rule.holds(value):
                raise self.malformed(rule.sentence, start, rule.section)
        return value

    def _struct(self, declaration: type[Any]) -> Any:
        values: dict[str, Any] = {}
        for field in fields_of(declaration):
            start = self.at
            self.path.append(f".{field.name}")
            value = self.read_here(field.shape, values)
            if field.constant:
                self._constant(field, value, getattr(declaration, field.name), start)
            else:
                values[field.name] = value
            self.path.pop()
        return declaration(**values)

    def _constant(self, field: Field, value: Any, expected: Any, start: int) -> None:
        if value != expected:
            raise self.malformed(f"{field.name} is {value!s}, not {expected!s}", start)

    def _select(self, select: Select) -> Any:
        start = self.at
        tag = self._code(select.tag)
        if tag not in select.cases:
            raise self.malformed(f"{tag!s} is no known {kind_of(select)}", start)
        if self.spans is not None:
            self.note(f".{tag_name(select)}", start, select.registry.__name__, tag)
        shape = shape_of(select.cases[tag])
        check_declaration(shape)
        return self.read(shape, f".{case_name(tag)}")


def given_hint(given: Given, owner: dict[str, Any]) -> Any:
    """Return the type that an earlier field gives to this one; None where nothing is encoded."""
    first, *rest = given.path.split(".")
    earlier = owner[first]
    for name in rest:
        earlier = getattr(earlier, name)
    key = given.chooser
    return given.cases.get(earlier if key is None else key(earlier), given.otherwise)


def check(declared: Any, value: Any) -> None:
    """Check that *value* can be encoded as *declared*.

    Raises:
        UsageError: It cannot; names the field.
    """
    shape = shape_of(declared)
    if isinstance(shape, Struct):
        _check_struct(shape.declaration, value, name_of(declared))
    else:
        _check(shape, value, name_of(declared), {})


def _check(shape: Shape, value: Any, path: str, owner: dict[str, Any]) -> None:
    match shape:
        case UInt() | Code():
            _check_number(shape, value, path)
        case Bool():
            _require(isinstance(value, bool), path, "a bool", value)
        case Fixed(length=length):
            _require(isinstance(value, bytes), path, "bytes", value)
            _require(len(value) == length, path, f"{length} octets", value)
        case Bytes(header=header, wrap=wrap):
            kind = wrap if isinstance(wrap, type) else bytes
            if wrap is not None and not isinstance(value, kind):  # what is wrapped may be secret
                wrong = type(value).__name__
                raise UsageError(f"{path} takes {kind.__name__}, not {wrong}", field=path)
            _require(isinstance(value, kind), path, kind.__name__, value)
            _check_length(header, len(bytes(value)), path)
        case Padding():
            _require(isinstance(value, int), path, "a count of octets", value)
            _require(value >= 0, path, "a count of octets", value)
        case Vector():
            _check_vector(shape, value, path)
        case Optional(value=inner):
            if value is not None:
                _check(inner, value, path, {})
        case Struct(declaration=declaration):
            _require(type(value) is declaration, path, declaration.__name__, value)
            _check_struct(declaration, value, path)
        case Select():
            _check_select(shape, value, path)
        case Given():
            hint = given_hint(shape, owner)
            if hint is None:
                _require(value is None, path, f"None, given {shape.path}", value)
            else:
                _check(shape_of(hint), value, path, {})


def _require(condition: bool, path: str, wanted: str, value: Any) -> None:  # noqa: FBT001 - the condition is the point
    if not condition:
        shown = repr(value)
        raise UsageError(
            f"{path} takes {wanted}, not {shown if len(shown) < 80 else shown[:77] + '...'}",
            field=path,
        )


def _check_number(shape: UInt | Code, value: Any, path: str) -> None:
    _require(isinstance(value, int), path, kind_of(shape), value)
    _require(0 <= value < 1 << 8 * shape.octets, path, kind_of(shape), value)
    if isinstance(shape, Code) and not shape.is_open:
        _require(value in shape.table, path, kind_of(shape), value)


def _check_length(header: Between | None, length: int, path: str) -> None:
    floor, ceiling = (0, LONGEST) if header is None else (header.floor, header.ceiling)
    _require(floor <= length <= ceiling, path, f"{floor} to {ceiling} octets", length)


def _check_vector(shape: Vector, value: Any, path: str) -> None:
    if shape.lazy and type(value) is LazyTuple and Struct(value.element) == shape.element:
        _check_length(shape.header, len(value.octets), path)
        return
    _require(type(value) is tuple, path, "a tuple", value)
    for index, item in enumerate(value):
        _check(shape.element, item, f"{path}[{index}]", {})
    for rule in shape.rules:
        if not rule.holds(value):
            raise UsageError(f"{path}: {rule.sentence} ({rule.section})", field=path)
    encode = encoder_of(shape.element)
    _check_length(shape.header, sum(len(encode(item)) for item in value), path)


def _check_struct(declaration: type[Any], value: Any, path: str) -> None:
    values: dict[str, Any] = {}
    for field in fields_of(declaration):
        if field.constant:
            continue
        _require(hasattr(value, field.name), path, declaration.__name__, value)
        values[field.name] = getattr(value, field.name)
        _check(field.shape, values[field.name], f"{path}.{field.name}", values)


def _check_select(select: Select, value: Any, path: str) -> None:
    for tag, hint in select.cases.items():
        shape = shape_of(hint)
        if accepts(shape, type(value)):
            _check(shape, value, f"{path}.{case_name(tag)}", {})
            return
    kind = type(value).__name__
    known = "is a structure, but no case" if is_struct(type(value)) else "is no case"
    raise UsageError(f"{path}: {kind} {known} of {kind_of(select)}", field=path)
