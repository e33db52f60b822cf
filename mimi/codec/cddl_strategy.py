"""Hypothesis strategies from declared CBOR documents: any value that can be encoded.

This module needs the extra ``mimi[test]``. Nothing in the library imports it: it serves the tests
of the library, and those of whoever declares documents::

    @given(values_of(Expiration))
    def test_round_trip(expiration):
        assert decode_document(Expiration, encode_document(expiration)) == expiration

What a value may hold is wide, and what it does hold stays small: an array has a few elements, a
text some tens of octets; now and then one is as long as it may be.
"""

import math
from collections.abc import Mapping
from typing import Any

import cbor2
from hypothesis import strategies as st

from mimi.codec import cbor
from mimi.codec.cddl import entries_of, form_of, rules_together, shape_of
from mimi.codec.cddl_shape import (
    HIGHEST,
    LOWEST,
    Cases,
    Constant,
    Document,
    Many,
    Maybe,
    OneOf,
    Own,
    Range,
    Registered,
    Rest,
    Ruled,
    Scalar,
    Shape,
    Size,
)
from mimi.codec.codepoint import CodePoint
from mimi.errors import UsageError

FEW = 3
SHORT = 30
LONG = 1 << 13
DEEPEST = 6
"""How many documents contain one another, where the declaration does not say."""

Strategy = st.SearchStrategy[Any]
Given = Mapping[Any, Strategy]


def values_of(declaration: type[Any], given: Given | None = None) -> Strategy:
    """Return the strategy of the values that `encode_document` takes for a declared class.

    Args:
        declaration: The class.
        given: Strategies for annotations: for classes that read and write themselves, of which
            this knows nothing, and for those with a rule that only few values keep.

    Raises:
        UsageError: A class that reads and writes itself has no strategy.
    """
    form_of(declaration)
    known = [(shape_of(hint), strategy) for hint, strategy in (given or {}).items()]
    return _Drawing(known).of(Document(declaration), 1, 0)


@st.composite
def items(draw: st.DrawFn, levels: int = 3, keys: Strategy | None = None) -> Any:
    """Return the strategy of anything that CBOR encodes, immutable, of so many levels at most.

    Floats, NaN, tags, bignums, undefined and simple values are among it.

    Args:
        draw: What Hypothesis hands over.
        levels: How many maps, arrays and tags contain one another.
        keys: What the keys of maps are; by default integers, octets and texts.
    """
    kind = draw(st.integers(0, 9)) if levels else 0
    if kind < 6:
        return draw(_LEAVES)
    if kind == 9:
        octets = draw(st.binary(min_size=9, max_size=20))
        return cbor2.CBORTag(draw(st.sampled_from(cbor.BIGNUMS)), b"\1" + octets[1:])
    inner = items(levels - 1, keys)
    if kind == 8:
        return cbor2.CBORTag(draw(_TAGS), draw(inner))
    if kind == 7:
        drawn = draw(st.dictionaries(_KEYS if keys is None else keys, inner, max_size=FEW))
        return cbor2.frozendict(drawn)
    return tuple(draw(st.lists(inner, max_size=FEW)))


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=SHORT // 3)
_KEYS = st.integers(-30, 30) | st.binary(max_size=4) | _TEXTS
_TAGS = st.integers(0, HIGHEST).filter(lambda tag: tag not in cbor.BIGNUMS)
_LEAVES: Strategy = (
    st.none()
    | st.booleans()
    | st.integers(LOWEST, HIGHEST)
    | st.binary(max_size=SHORT)
    | _TEXTS
    | st.floats()
    | st.just(math.nan)
    | st.just(cbor2.undefined)
    | st.builds(cbor2.CBORSimpleValue, st.integers(0, 19) | st.integers(32, 255))
)


class _Drawing:
    """Strategies for shapes; *depth* is how deep one is within its like, *around* within others."""

    def __init__(self, given: list[tuple[Shape, Strategy]]) -> None:
        self.given = given

    def of(self, shape: Shape, depth: int, around: int) -> Strategy:
        for known, strategy in self.given:
            if shape == known:
                return strategy
        match shape:
            case Scalar():
                return _scalar(shape)
            case Registered():
                return _registered(shape)
            case Maybe():
                possible = self.is_possible(shape.value, depth, around)
                return st.none() | self.of(shape.value, depth, around) if possible else st.none()
            case Many():
                return self.many(shape, depth, around)
            case Document():
                return self.document(shape.declaration, depth, around)
            case Cases() | OneOf():
                shapes = [case for case in _cases(shape) if self.is_possible(case, depth, around)]
                return st.one_of([self.of(case, depth, around) for case in shapes])
            case Rest():
                keys = _TEXTS | st.integers(-30, 30)
                return st.dictionaries(keys, items(1), max_size=FEW).map(cbor2.frozendict)
            case Ruled():
                rules = shape.rules
                drawn = self.of(shape.value, depth, around)
                return drawn.filter(lambda value: all(rule.holds(value) for rule in rules))
            case Own():
                raise UsageError(f"a strategy for {shape.declaration.__name__} is to be given")
            case Constant():
                return st.just(shape.value)

    def is_possible(self, shape: Shape, depth: int, around: int) -> bool:
        """Return whether there is any value at this depth."""
        match shape:
            case Many():
                count = shape.count
                if count.deepest is not None and depth >= count.deepest:
                    return False
                deeper = depth + (count.deepest is not None)
                return not count.least or self.is_possible(shape.element, deeper, around)
            case Document():
                fields = entries_of(shape.declaration)
                return around < DEEPEST and all(
                    self.is_possible(field.shape, depth, around + 1) for field in fields
                )
            case Cases() | OneOf():
                return any(self.is_possible(case, depth, around) for case in _cases(shape))
            case Ruled():
                return self.is_possible(shape.value, depth, around)
        return True

    def many(self, shape: Many, depth: int, around: int) -> Strategy:
        count = shape.count
        deeper = depth + (count.deepest is not None)
        if not self.is_possible(shape.element, deeper, around):
            return st.just(())
        most = min(count.least + FEW, HIGHEST if count.most is None else count.most)
        element = st.deferred(lambda: self.of(shape.element, deeper, around))
        return st.lists(element, min_size=count.least, max_size=most).map(tuple)

    def document(self, declaration: type[Any], depth: int, around: int) -> Strategy:
        parameters: dict[str, Strategy] = {}
        fields = entries_of(declaration)
        own = {field.key for field in fields}
        for field in fields:
            if field.constant:
                continue
            shape = Maybe(field.shape) if field.optional else field.shape
            drawn = self.of(shape, depth, around + 1)
            if isinstance(shape, Rest):
                drawn = drawn.filter(own.isdisjoint)
            parameters[field.name.lstrip("_")] = drawn
        made = st.builds(declaration, **parameters)
        if rules_together(declaration):
            return made.filter(lambda value: value.refusal() is None)
        return made


def _cases(shape: Cases | OneOf) -> list[Shape]:
    if isinstance(shape, OneOf):
        return list(shape.shapes)
    return [Document(case) for case in shape.declarations.values()]


def _scalar(shape: Scalar) -> Strategy:
    match shape.bounds:
        case Range(least=least, most=most):
            return st.integers(least, most)
        case Size(least=least, most=most):
            return _sized(shape.kind, least, most)
    if shape.kind is bool:
        return st.booleans()
    return _sized(shape.kind, 0, HIGHEST)


def _sized(kind: type[Any], least: int, most: int) -> Strategy:
    octets = st.binary(min_size=least, max_size=min(most, least + SHORT))
    if kind is bytes:
        repeated = st.binary(min_size=1, max_size=1).map(lambda octet: octet * most)
        return octets | octets | octets | repeated if SHORT < most <= LONG else octets
    texts = _TEXTS.map(lambda text: _fitted(text, least, most))
    longest = st.characters(exclude_categories=["Cs"]).map(lambda one: _fitted(one, most, most))
    return texts | texts | texts | longest if SHORT < most <= LONG else texts


def _fitted(text: str, least: int, most: int) -> str:
    """Return a text of that many octets of UTF-8 at least and at most."""
    octets = text.encode()[:most]
    text = octets.decode(errors="ignore")
    return text + "a" * (least - len(text.encode()))


def _registered(shape: Registered) -> Strategy:
    """Return the known members, and of an open registry what nobody has heard of too."""
    registry: Any = shape.registry
    if not issubclass(registry, CodePoint):
        return st.sampled_from(list(registry))
    numbers = st.integers(0, (1 << 8 * registry.octets) - 1).map(registry)
    known = list(registry.known.values())
    return st.sampled_from(known) | numbers if known else numbers
