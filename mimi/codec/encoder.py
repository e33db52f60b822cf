"""Compiling declarations into encoders.

One straight-line function comes from each structure, as in `mimi.codec.decoder`: it collects the
parts of the encoding and joins them once. Values that do not fit their declaration make it raise
one of `FAILURES`; `mimi.codec.trace` then says which field is at fault.
"""

from collections.abc import Callable
from operator import index
from struct import Struct as Packed
from struct import error as StructError  # noqa: N812 - an exception, spelt in lower case there
from typing import Any, TypeGuard

from mimi.codec.declare import (
    OCTETS,
    Field,
    check_declaration,
    classes_of,
    fields_of,
    once,
    shape_of,
)
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
from mimi.codec.source import FORMAT, LENGTH, PACKERS, BrokenError, Source
from mimi.errors import UsageError

FAILURES = (
    AttributeError,
    KeyError,
    OverflowError,
    StructError,
    TypeError,
    ValueError,
    BrokenError,
)
"""What a compiled encoder raises on values that do not fit."""

Encoder = Callable[[Any], bytes]


@once
def encoder_of(shape: Shape) -> Encoder:
    """Return the compiled encoder of *shape*.

    Raises:
        UsageError: A declaration has no meaning.
    """
    source = Source()
    source.names["L"] = LENGTH
    title = "encode"
    parts: list[str] = []
    check_declaration(shape)
    if isinstance(shape, Struct):
        title = f"encode {shape.declaration.__name__}"
        if hasattr(shape.declaration, OCTETS):
            return _keeping(source, shape.declaration, title)
        _write_fields(source, fields_of(shape.declaration), "x", parts, shape.declaration)
    else:
        _write(source, shape, "x", parts)
    source.line(f"return {_joined(parts)}")
    return source.function("x", title)


def _keeping(source: Source, declaration: type[Any], title: str) -> Encoder:
    """Return an encoder that encodes a value once and keeps the octets beside it."""
    parts: list[str] = []
    real = source.bind(declaration, "Real")
    source.line(f"r = x.{OCTETS} if type(x) is {real} else None")
    source.line("if r is None:")
    source.depth += 1
    _write_fields(source, fields_of(declaration), "x", parts, declaration)
    source.line(f"r = {_joined(parts)}")
    keep = source.bind(object.__setattr__, "keep")
    source.line(f'if type(x) is {real}: {keep}(x, "{OCTETS}", r)')
    source.depth -= 1
    source.line("return r")
    return source.function("x", title)


@once
def tail_encoder(declaration: type[Any], base: type[Any]) -> Encoder:
    """Return the encoder of the fields that *declaration* adds to its base."""
    source = Source()
    source.names["L"] = LENGTH
    parts: list[str] = []
    added = fields_of(declaration)[len(fields_of(base)) :]
    _write_fields(source, added, "x", parts, declaration)
    source.line(f"return {_joined(parts)}")
    return source.function("x", f"encode the tail of {declaration.__name__}")


@once
def fields_encoder(shape: Struct, choice: Select | None) -> Callable[..., bytes]:
    """Return the function from the fields of a structure, in their order, to its encoding.

    Args:
        shape: The structure.
        choice: The select that it is a case of, whose tag comes first; None for none.

    Raises:
        UsageError: The structure has constant fields or a select on an earlier one.
    """
    fields = fields_of(shape.declaration)
    if any(field.constant or isinstance(field.shape, Given) for field in fields):
        raise UsageError(f"{shape.declaration.__name__} is not encoded from its fields alone")
    source = Source()
    source.names["L"] = LENGTH
    parts = [] if choice is None else [repr(_cases(choice)[shape.declaration][0])]
    check_declaration(shape)
    for field in fields:
        _write(source, field.shape, f"a_{field.name}", parts)
    source.line(f"return {_joined(parts)}")
    signature = ", ".join(f"a_{field.name}" for field in fields)
    return source.function(signature, f"encode the fields of {shape.declaration.__name__}")


def accepts(shape: Shape, kind: type[Any]) -> bool:
    """Return whether values of class *kind* belong to a case of this shape."""
    return kind in classes_of(shape)


class _Cases(dict[type[Any], tuple[bytes, Encoder]]):
    """From classes to the encoded tag and the encoder of the case, compiled at first use."""

    def __init__(self, select: Select) -> None:
        super().__init__()
        self.select = select

    def __missing__(self, kind: type[Any]) -> tuple[bytes, Encoder]:
        for tag, hint in self.select.cases.items():
            shape = shape_of(hint)
            if accepts(shape, kind):
                found = int(tag).to_bytes(self.select.tag.octets, "big"), encoder_of(shape)
                self[kind] = found
                return found
        raise KeyError(kind)


@once
def _cases(select: Select) -> _Cases:
    return _Cases(select)


@once
def kinds_of(given: Given) -> Callable[[Any], Encoder]:
    """Return the function from the earlier field of a `Given` to the encoder of this one."""
    otherwise = _nothing if given.otherwise is None else _exactly(shape_of(given.otherwise))
    table = {key: _exactly(shape_of(hint)) for key, hint in given.cases.items()}
    key = given.chooser
    if key is not None:
        return lambda earlier: table.get(key(earlier), otherwise)
    return lambda earlier: table.get(earlier, otherwise)


def _exactly(shape: Shape) -> Encoder:
    """Return the encoder of *shape* that takes no other structure that looks alike."""
    encode = encoder_of(shape)
    if not isinstance(shape, Struct):
        return encode
    declaration = shape.declaration

    def encode_exactly(value: Any) -> bytes:
        if type(value) is not declaration:
            raise BrokenError
        return encode(value)

    return encode_exactly


def _nothing(value: object) -> bytes:
    if value is not None:
        raise BrokenError
    return b""


def _joined(parts: list[str]) -> str:
    return f'b"".join(({", ".join(parts)}{"," if parts else ""}))'


def _write(source: Source, shape: Shape, value: str, parts: list[str], owner: str = "") -> None:
    """Write the lines that encode the expression *value*, and append its parts."""
    match shape:
        case UInt(octets=octets) | Code(octets=octets):
            parts.append(_uint(source, octets, value, shape))
        case Bool():
            table = source.bind({False: b"\0", True: b"\1"}, "bools")
            parts.append(f"{table}[{value}]")
        case Fixed(length=length):
            made = source.local("octets")
            source.line(f"{made} = {value}")
            source.line(f"if len({made}) != {length}: raise BrokenError")
            parts.append(made)
        case Bytes(header=header, wrap=wrap):
            made = source.local("octets")
            source.line(f"{made} = {value}")
            if wrap is not None:
                _unwrap(source, wrap, made)
            parts += [_length(source, header, f"len({made})"), made]
        case Padding():
            parts.append(f"bytes({source.bind(index, 'index')}({value}))")
        case Vector():
            _write_vector(source, shape, value, parts)
        case Optional(value=inner):
            _write_optional(source, inner, value, parts)
        case Struct(declaration=declaration):
            _write_struct(source, declaration, value, parts)
        case Select():
            item, tag, encode = source.local("item"), source.local("tag"), source.local("encode")
            source.line(f"{item} = {value}")
            source.line(f"{tag}, {encode} = {source.bind(_cases(shape), 'cases')}[type({item})]")
            parts += [tag, f"{encode}({item})"]
        case Given(path=path):
            kinds = source.bind(kinds_of(shape), "kinds")
            parts.append(f"{kinds}({owner}.{path})({value})")


def _unwrap(source: Source, wrap: Callable[[bytes], Any], made: str) -> None:
    if isinstance(wrap, type):
        source.line(f"if type({made}) is not {source.bind(wrap, 'Wrap')}: raise BrokenError")
    source.line(f"{made} = bytes({made})")


def _uint(source: Source, octets: int, value: str, shape: Shape) -> str:
    if isinstance(shape, Code) and not shape.is_open:
        table = {member: number.to_bytes(octets, "big") for number, member in shape.table.items()}
        return f"{source.bind(table, 'codes')}[{value}]"
    if octets in FORMAT:
        return f"{source.bind(Packed(f'>{FORMAT[octets]}').pack, 'pack')}({value})"
    return f'({value}).to_bytes({octets}, "big")'


def _length(source: Source, header: Between | None, length: str) -> str:
    """Return the expression of a length header, checking its bounds."""
    if header is None:
        return f"L[{length}]"
    source.line(f"if not {header.floor} <= {length} <= {header.ceiling}: raise BrokenError")
    return f'({length}).to_bytes({header.octets}, "big")'


def _write_vector(source: Source, shape: Vector, value: str, parts: list[str]) -> None:
    items, element = source.local("items"), shape.element
    made, body, item = source.local("made"), source.local("body"), source.local("item")
    source.line(f"{items} = {value}")
    if isinstance(element, Struct) and shape.lazy:
        lazy, real = source.bind(LazyTuple, "Lazy"), source.bind(element.declaration, "Real")
        source.line(f"if type({items}) is {lazy} and {items}.element is {real}:")
        source.line(f"    {body} = {items}.octets")
        source.line("else:")
        source.depth += 1
    source.line(f"if type({items}) is not tuple: raise BrokenError")
    for rule in shape.rules:
        source.line(f"if not {source.bind(rule.holds, 'holds')}({items}): raise BrokenError")
    if shape.header is None and _is_plain(element):
        pack = source.bind(PACKERS[element.octets], "packers")
        parts.append(f"{pack}[len({items})](*{items})")
        return
    inner: list[str] = []
    source.line(f"{made} = []")
    source.line(f"for {item} in {items}:")
    source.depth += 1
    _write(source, element, item, inner)
    source.line(f"{made} += ({', '.join(inner)},)")
    source.depth -= 1
    source.line(f'{body} = b"".join({made})')
    if shape.lazy:
        source.depth -= 1
    parts += [_length(source, shape.header, f"len({body})"), body]


def _write_optional(source: Source, inner: Shape, value: str, parts: list[str]) -> None:
    item, made = source.local("item"), source.local("made")
    written: list[str] = ['b"\\1"']
    source.line(f"{item} = {value}")
    source.line(f'if {item} is None: {made} = b"\\0"')
    source.line("else:")
    source.depth += 1
    _write(source, inner, item, written)
    source.line(f"{made} = {_joined(written)}")
    source.depth -= 1
    parts.append(made)


def _write_struct(source: Source, declaration: type[Any], value: str, parts: list[str]) -> None:
    """Inline a structure, or take its kept encoding."""
    item = source.local("item")
    source.line(f"{item} = {value}")
    if hasattr(declaration, OCTETS):
        encode = source.bind(encoder_of(Struct(declaration)), "encode")
        real = source.bind(declaration, "Real")
        parts.append(f"(type({item}) is {real} and {item}.{OCTETS} or {encode}({item}))")
    else:
        real = source.bind(declaration, "Real")
        source.line(f"if type({item}) is not {real}: raise BrokenError")
        _write_fields(source, fields_of(declaration), item, parts, declaration)


def _write_fields(
    source: Source,
    fields: tuple[Field, ...],
    item: str,
    parts: list[str],
    declaration: type[Any],
) -> None:
    at = 0
    while at < len(fields):
        run = _run(fields, at)
        if run > 1:
            parts.append(_packed(source, fields[at : at + run], item, declaration))
        else:
            run = 1
            _write(source, fields[at].shape, f"{item}.{fields[at].name}", parts, item)
        at += run


def _run(fields: tuple[Field, ...], at: int) -> int:
    """Return how many plain integers and open code points stand together at *at*."""
    run = at
    while run < len(fields):
        if not _is_plain(fields[run].shape):
            break
        run += 1
    return run - at


def _is_plain(shape: Shape) -> TypeGuard[UInt | Code]:
    """Whether `struct` writes the values of *shape*, and any number of its width is one."""
    if isinstance(shape, Code) and not shape.is_open:
        return False
    return isinstance(shape, UInt | Code) and shape.octets in FORMAT


def _packed(source: Source, fields: tuple[Field, ...], item: str, declaration: type[Any]) -> str:
    widths = "".join(FORMAT[field.shape.octets] for field in fields)  # type: ignore[union-attr]  # integers all
    pack = source.bind(Packed(f">{widths}").pack, "pack")
    values = [
        str(int(getattr(declaration, field.name))) if field.constant else f"{item}.{field.name}"
        for field in fields
    ]
    return f"{pack}({', '.join(values)})"
