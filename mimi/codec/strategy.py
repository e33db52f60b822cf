"""Hypothesis strategies from declarations: any value that can be encoded.

This module needs the extra ``mimi[test]``. Nothing in the library imports it: it serves the
tests of the library, and those of whoever declares structures of their own::

    @given(strategy(Lifetime))
    def test_round_trip(lifetime):
        assert decode(Lifetime, encode(lifetime)) == lifetime

What a value may hold is wide, and what it does hold stays small: a vector has a few elements, an
opaque field some tens of octets, both sides of the length at which the header grows among them.
"""

from typing import Any

from hypothesis import strategies as st

from mimi.codec.codepoint import GREASE_VALUES, is_grease
from mimi.codec.declare import cases_of, check_declaration, fields_of, least_octets, once, shape_of
from mimi.codec.lazy import LEAST
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
from mimi.codec.source import LONGEST, SHORT
from mimi.codec.tls import encode
from mimi.codec.trace import given_hint

_FEW = 4
_MORE = 20
_PADDING = 40


def strategy(declared: Any) -> st.SearchStrategy[Any]:
    """Return the strategy of the values that `encode` takes for a declared type.

    Cases that join a `Choice` later are drawn too.

    Raises:
        UsageError: A declaration has no meaning.
    """
    shape = shape_of(declared)
    check_declaration(shape)
    return _drawn(shape)


@once
def _drawn(shape: Shape) -> st.SearchStrategy[Any]:
    match shape:
        case UInt(octets=octets):
            return st.integers(0, (1 << 8 * octets) - 1)
        case Bool():
            return st.booleans()
        case Code():
            return _code(shape)
        case Bytes(header=header, wrap=wrap):
            content = _octets(header)
            return content if wrap is None else content.map(wrap)
        case Fixed(length=length):
            return st.binary(min_size=length, max_size=length)
        case Padding():
            return st.integers(0, _PADDING)
        case Vector():
            return _vector(shape)
        case Optional(value=value):
            return st.none() | _drawn(value)
        case Struct(declaration=declaration):
            return _struct(declaration)
        case Select():
            return _select(shape)
        case Given():
            return st.nothing()  # it is drawn with its structure


def _code(code: Code) -> st.SearchStrategy[Any]:
    """Return the known members, and of an open registry what nobody has heard of too."""
    table = code.table
    if not code.is_open:
        return st.sampled_from(list(table.values()))

    def members() -> st.SearchStrategy[Any]:
        known = [number for number in table if not is_grease(number)]
        return st.sampled_from(known) if known else st.nothing()

    numbers = [st.integers(0, (1 << 8 * code.octets) - 1)]
    if code.octets == 2:
        numbers.append(st.sampled_from(GREASE_VALUES))
    return (st.deferred(members) | st.one_of(numbers)).map(table.__getitem__)


def _octets(header: Between | None) -> st.SearchStrategy[Any]:
    floor, ceiling = (0, LONGEST) if header is None else (header.floor, header.ceiling)
    short = st.binary(min_size=floor, max_size=min(floor + SHORT // 2, ceiling))
    if not floor < SHORT <= ceiling:
        return short
    return short | st.binary(min_size=max(SHORT - 2, floor), max_size=min(SHORT + 2, ceiling))


@st.composite
def _vector(draw: st.DrawFn, vector: Vector) -> tuple[Any, ...]:
    header = vector.header or Between(0, LONGEST)
    least = max(least_octets(vector.element), 1)
    few = -(-header.floor // least)
    most = min(few + (_MORE if isinstance(vector.element, UInt | Code) else _FEW), LONGEST)
    elements = st.lists(_drawn(vector.element), min_size=few, max_size=most).map(tuple)
    if vector.lazy:
        alike = st.tuples(_drawn(vector.element), st.integers(LEAST, 2 * LEAST))
        elements |= alike.map(lambda drawn: (drawn[0],) * drawn[1])
    for rule in vector.rules:
        if rule.repair is not None:
            elements = elements.map(rule.repair)

    def fits(value: tuple[Any, ...]) -> bool:
        content = sum(len(encode(element, vector.element)) for element in value)
        return header.floor <= content <= header.ceiling and all(
            rule.holds(value) for rule in vector.rules
        )

    return draw(elements.map(lambda value: _shortened(vector, header.ceiling, value)).filter(fits))


def _shortened(vector: Vector, ceiling: int, value: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return as many of the elements as there is room for."""
    room = ceiling
    for index, element in enumerate(value):
        room -= len(encode(element, vector.element))
        if room < 0:
            return value[:index]
    return value


@st.composite
def _struct(draw: st.DrawFn, declaration: type[Any]) -> Any:
    """Draw the fields in the order of the wire: an earlier one may give the type of a later."""
    values: dict[str, Any] = {}
    for field in fields_of(declaration):
        if field.constant:
            continue
        shape: Shape | None = field.shape
        if isinstance(shape, Given):
            hint = given_hint(shape, values)
            shape = None if hint is None else shape_of(hint)
        values[field.name] = None if shape is None else draw(_drawn(shape))
    return declaration(**values)


@st.composite
def _select(draw: st.DrawFn, select: Select) -> Any:
    return draw(_drawn(draw(st.sampled_from([shape for _, shape in cases_of(select)]))))
