"""Compiling declarations into decoders.

One straight-line function comes from each structure: nested structures are inlined, cases of a
select are functions of their own. The function takes the input *d* and a position *p*, and returns
the value and the position behind it.

It is written for valid input. Slices of `bytes` clamp and the position only grows, so that reading
past the end is found out by one comparison at the end of each vector and of the input. Whatever
goes wrong raises one of `FAILURES`; `mimi.codec.trace` then reads the input again and says where.
"""

from collections.abc import Callable
from struct import Struct as Packed
from struct import error as StructError  # noqa: N812 - an exception, spelt in lower case there
from typing import Any

from mimi.codec.declare import (
    OCTETS,
    Field,
    check_declaration,
    fields_of,
    least_octets,
    once,
    shape_of,
)
from mimi.codec.lazy import LEAST, LazyTuple
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
from mimi.codec.source import FORMAT, LENGTH, UNPACKERS, BrokenError, Source, long_length

FAILURES = (IndexError, KeyError, StructError, ValueError, BrokenError)
"""What a compiled decoder raises on malformed input; a `Bytes.wrap` refuses with `ValueError`."""

Decoder = Callable[[bytes, int], tuple[Any, int]]


@once
def decoder_of(shape: Shape) -> Decoder:
    """Return the compiled decoder of *shape*.

    Raises:
        UsageError: A declaration has no meaning.
    """
    source = Source()
    source.names["N"] = long_length
    title = "decode"
    check_declaration(shape)
    if isinstance(shape, Struct):
        title = f"decode {shape.declaration.__name__}"
    source.line("end = len(d)")
    _read(source, shape, "x")
    source.line("return x, p")
    return source.function("d, p", title)


class _Lists(dict[bytes, tuple[Any, ...]]):
    """From octets to the code points in them: few lists are sent, and sent again and again.

    Equal lists become one object. At most 512 short ones are kept, then none, and so again.
    """

    def __init__(self, code: Code) -> None:
        super().__init__()
        self.unpack = UNPACKERS[code.octets]
        self.member = code.table.__getitem__

    def __missing__(self, octets: bytes) -> tuple[Any, ...]:
        made = tuple(map(self.member, self.unpack[len(octets)](octets)))
        if len(octets) <= 64:
            if len(self) >= 512:
                self.clear()
            self[octets] = made
        return made


@once
def _lists(code: Code) -> _Lists:
    return _Lists(code)


class _Cases(dict[Any, Decoder]):
    """From tags to the decoders of cases, compiled at first use; unknown tags are key errors."""

    def __init__(self, select: Select) -> None:
        super().__init__()
        self.select = select

    def __missing__(self, tag: Any) -> Decoder:
        decode = decoder_of(shape_of(self.select.cases[tag]))
        self[tag] = decode
        return decode


@once
def _cases(select: Select) -> _Cases:
    return _Cases(select)


@once
def _kinds(given: Given) -> Callable[[Any], Decoder | None]:
    otherwise = None if given.otherwise is None else decoder_of(shape_of(given.otherwise))
    table = {key: decoder_of(shape_of(hint)) for key, hint in given.cases.items()}
    key = given.chooser
    if key is not None:
        return lambda earlier: table.get(key(earlier), otherwise)
    return lambda earlier: table.get(earlier, otherwise)


def _read(source: Source, shape: Shape, target: str, owner: str = "") -> None:
    """Write the lines that decode *shape* into *target*; *owner* holds the earlier fields."""
    match shape:
        case UInt(octets=octets):
            _read_uint(source, octets, target)
        case Bool():
            table = source.bind({0: False, 1: True}, "bools")
            source.line(f"{target} = {table}[d[p]]; p += 1")
        case Code():
            _read_uint(source, shape.octets, "n")
            source.line(f"{target} = {_codes(source, shape)}[n]")
        case Fixed(length=length):
            source.line(f"q = p + {length}; {target} = d[p:q]; p = q")
        case Bytes(header=header, wrap=wrap):
            _read_length(source, header)
            source.line("q = p + n")
            made = "d[p:q]" if wrap is None else f"{source.bind(wrap, 'wrap')}(d[p:q])"
            source.line(f"{target} = {made}; p = q")
        case Padding():
            source.line(f"{target} = end - p")
            source.line(f"if d.count(0, p) != {target}: raise BrokenError")
            source.line("p = end")
        case Vector():
            _read_vector(source, shape, target)
        case Optional(value=value):
            _read_optional(source, value, target)
        case Struct(declaration=declaration):
            _read_struct(source, declaration, target)
        case Select():
            _read_uint(source, shape.tag.octets, "n")
            source.line(f"{target}, p = {source.bind(_cases(shape), 'cases')}[n](d, p)")
        case Given(path=path):
            source.line(f"k = {source.bind(_kinds(shape), 'kinds')}({owner}.{path})")
            source.line(f"if k is None: {target} = None")
            source.line(f"else: {target}, p = k(d, p)")


def _read_uint(source: Source, octets: int, target: str) -> None:
    if octets <= 3:
        terms = ["d[p]", "d[p + 1]", "d[p + 2]"][:octets]
        shifted = (f"{term} << {8 * (octets - at - 1)}" for at, term in enumerate(terms[:-1]))
        source.line(f"{target} = {' | '.join([*shifted, terms[-1]])}; p += {octets}")
    else:
        unpack = source.bind(Packed(f">{FORMAT[octets]}").unpack_from, "unpack")
        source.line(f"({target},) = {unpack}(d, p); p += {octets}")


def _codes(source: Source, code: Code) -> str:
    """Return the name of the table from numbers to code points."""
    return source.bind(code.table, "codes")


def _read_length(source: Source, header: Between | None) -> None:
    """Write the lines that read a length into *n*."""
    if header is not None:
        _read_uint(source, header.octets, "n")
        source.line(f"if not {header.floor} <= n <= {header.ceiling}: raise BrokenError")
        return
    source.line("n = d[p]")
    source.line("if n < 64: p += 1")
    source.line("elif n < 128:")
    source.line("    n = (n & 63) << 8 | d[p + 1]; p += 2")
    source.line("    if n < 64: raise BrokenError")
    source.line("else: n, p = N(d, p)")


def _read_vector(source: Source, shape: Vector, target: str) -> None:
    element = shape.element
    _read_length(source, shape.header)
    if isinstance(element, Code) and element.octets in FORMAT:
        lists = source.bind(_lists(element), "lists")
        source.line(f"q = p + n; {target} = {lists}[d[p:q]]; p = q")
    elif isinstance(element, UInt) and element.octets in FORMAT:
        unpack = source.bind(UNPACKERS[element.octets], "unpackers")
        source.line(f"q = p + n; {target} = {unpack}[n](d[p:q]) if n else (); p = q")
    else:
        stop, items, item = source.local("stop"), source.local("items"), source.local("item")
        source.line(f"{stop} = p + n; {items} = []")
        source.line(f"if {stop} > end: raise BrokenError")
        if isinstance(element, Struct) and shape.lazy:
            start, begin = source.local("start"), source.bind(_beginning(element), "begin")
            source.line(f"{start} = p")
            source.line(f"if p < {stop}:")
            source.depth += 1
            _read(source, element, item)
            source.line(f"{items}.append({item})")
            enough = f"{stop} - p >= {LEAST - 1} * (p - {start})"
            source.line(f"if {enough}: {items}, p = {begin}(d, {start}, {stop})")
            source.depth -= 1
        source.line(f"while p < {stop}:")
        source.depth += 1
        _read(source, element, item)
        source.line(f"{items}.append({item})")
        source.depth -= 1
        source.line(f"if p != {stop}: raise BrokenError")
        made = f"tuple({items})"
        if shape.lazy:
            made = f"{items} if type({items}) is {source.bind(LazyTuple, 'Lazy')} else {made}"
        source.line(f"{target} = {made}")
    for rule in shape.rules:
        source.line(f"if not {source.bind(rule.holds, 'holds')}({target}): raise BrokenError")


@once
def _beginning(element: Struct) -> Callable[[bytes, int, int], tuple[Any, int]]:
    """Return the function that begins a lazy vector, given the octets between two positions.

    It makes all of it where every length is that of the first element at the same place: they are
    well formed then, since opaque fields hold anything. Otherwise it makes a list of the first.
    """
    decode = decoder_of(element)
    headers = [
        (field.name, field.shape.header)
        for field in fields_of(element.declaration)
        if isinstance(field.shape, Bytes)
    ]

    def begin(d: bytes, p: int, stop: int) -> tuple[Any, int]:
        first, q = decode(d, p)
        stride = q - p
        count, odd = divmod(stop - p, stride)
        if odd or count < LEAST:
            return [first], q
        at = p
        for name, header in headers:
            length = len(getattr(first, name))
            content = at + (len(LENGTH[length]) if header is None else header.octets)
            for place in range(at, content):
                if d[place:stop:stride] != d[place : place + 1] * count:
                    return [first], q
            at = content + length
        octets = d[p:stop]
        return LazyTuple(octets, range(0, len(octets), stride), element.declaration, decode), stop

    return begin


def _read_optional(source: Source, value: Shape, target: str) -> None:
    source.line("n = d[p]; p += 1")
    source.line("if n == 1:")
    source.depth += 1
    _read(source, value, target)
    source.depth -= 1
    source.line(f"elif n == 0: {target} = None")
    source.line("else: raise BrokenError")


def _read_struct(source: Source, declaration: type[Any], target: str) -> None:
    """Write the lines that fill a plain twin of *declaration* and then make it the real one.

    Setting ``__class__`` at the end costs a third of what the frozen constructor does.
    """
    fields = fields_of(declaration)
    made = source.local("made")
    cached = hasattr(declaration, OCTETS)
    if cached:
        start = source.local("start")
        source.line(f"{start} = p")
    source.line(f"{made} = {source.bind(twin(declaration), 'Twin')}()")
    at = 0
    while at < len(fields):
        run = _run(fields, at)
        if run > 1:
            _read_run(source, fields[at : at + run], made)
        elif fields[at].constant:
            _read_constant(source, fields[at].shape, getattr(declaration, fields[at].name))
        else:
            _read(source, fields[at].shape, f"{made}.{fields[at].name}", made)
        at += run
    if cached:
        source.line(f"{made}.{OCTETS} = d[{start}:p]")
    source.line(f"{made}.__class__ = {source.bind(declaration, 'Real')}")
    source.line(f"{target} = {made}")


def _run(fields: tuple[Field, ...], at: int) -> int:
    """Return how many integers of four and eight octets stand together at *at*, at least one."""
    run = at
    while run < len(fields) and not fields[run].constant:
        shape = fields[run].shape
        if not (isinstance(shape, UInt) and shape.octets in (4, 8)):
            break
        run += 1
    return max(run - at, 1)


def _read_run(source: Source, fields: tuple[Field, ...], made: str) -> None:
    widths = [field.shape.octets for field in fields if isinstance(field.shape, UInt)]
    unpack = Packed(">" + "".join(FORMAT[width] for width in widths)).unpack_from
    targets = ", ".join(f"{made}.{field.name}" for field in fields)
    source.line(f"{targets} = {source.bind(unpack, 'unpack')}(d, p); p += {sum(widths)}")


def _read_constant(source: Source, shape: Shape, value: Any) -> None:
    _read_uint(source, least_octets(shape), "n")
    source.line(f"if n != {int(value)}: raise BrokenError")


@once
def twin(declaration: type[Any]) -> type[Any]:
    """Return a class of the same layout whose instances can be filled and then converted."""
    body = {
        "__slots__": vars(declaration)["__slots__"],
        "__init__": object.__init__,
        "__setattr__": object.__setattr__,
    }
    return type(f"{declaration.__name__}Twin", declaration.__bases__, body)
