import math
from typing import Any

import cbor2
import pytest
from codec.cddl_documents import (
    VALUES,
    Anything,
    Backwards,
    Branch,
    Chain,
    Choice,
    Leaf,
    Mode,
    Name,
    Open,
    Optionals,
    Owned,
    Record,
    Ruled,
    Sample,
    Wood,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mimi.codec import cbor
from mimi.codec.cddl import array
from mimi.codec.cddl_strategy import items, values_of
from mimi.codec.document import decode_document, encode_document
from mimi.errors import UsageError

CLASSES = sorted({type(value) for value in VALUES}, key=lambda declared: declared.__name__)
GIVEN = {Backwards: st.text("ab", min_size=1).map(Backwards), Anything: items(1).map(Anything)}


def drawn(strategy: Any, number: int) -> list[Any]:
    """Return so many values, always the same."""
    values: list[Any] = []

    @settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=(HealthCheck.too_slow,),
    )
    @given(strategy)
    def draw(value: Any) -> None:
        values.append(value)

    draw()
    return values


@pytest.mark.parametrize("declared", CLASSES)
def test_values_of_every_class_are_drawn_and_encoded(declared: type[Any]) -> None:
    for value in drawn(values_of(declared, GIVEN), 60):
        octets = encode_document(value)
        decoded = decode_document(declared, octets)
        assert encode_document(decoded) == octets
        if "nan" not in repr(value) and declared is not Owned:
            assert decoded == value


def test_values_reach_their_bounds() -> None:
    samples = drawn(values_of(Sample), 400)
    assert {len(sample.octets) for sample in samples} == {2, 3, 4}
    assert {len(sample.text.encode()) for sample in samples} >= {0, 6}
    assert {len(sample.points) for sample in samples} == {0, 1, 2, 3}
    assert {sample.mode for sample in samples} == set(Mode)
    assert {sample.perhaps is None for sample in samples} == {True, False}
    assert any(sample.kind > 1 for sample in samples)
    assert any(sample.number > 1 << 63 for sample in samples)


def test_rules_hold() -> None:
    for value in drawn(values_of(Ruled), 50):
        assert value.even % 2 == 0
        assert value.kind
        assert value.point.x
    for value in drawn(values_of(Record), 50):
        assert value.span is None or value.span.start <= value.span.end
    assert any(value.halved for value in drawn(values_of(Optionals), 100))


def test_what_contains_itself_ends() -> None:
    def depth(tree: Any) -> int:
        if isinstance(tree, Leaf):
            return 0
        inner = tree.trees if isinstance(tree, Branch) else (tree.tree,)
        return isinstance(tree, Branch) + max(map(depth, inner))

    assert {depth(wood.tree) for wood in drawn(values_of(Wood), 400)} == {0, 1, 2}

    def length(chain: Chain | None) -> int:
        return 0 if chain is None else 1 + length(chain.rest)

    assert max(length(chain) for chain in drawn(values_of(Chain), 300)) in range(4, 10)


def test_what_is_given_is_drawn() -> None:
    names = drawn(values_of(Name, {Name.__annotations__["text"]: st.just("given")}), 3)
    assert {name.text for name in names} == {"given"}
    assert drawn(values_of(Owned, GIVEN), 3)
    for declared in (Owned, Choice):
        with pytest.raises(UsageError, match="a strategy for Backwards is to be given"):
            values_of(declared)
    with pytest.raises(UsageError, match="not declared as CBOR"):
        values_of(int)


def test_other_entries_have_other_keys() -> None:
    opened = drawn(values_of(Open), 200)
    assert all(1 not in value.others for value in opened)
    assert any(value.others for value in opened)


@array
class Lengthy:
    text: str
    exact: Name


def test_texts_have_their_lengths() -> None:
    for value in drawn(values_of(Lengthy), 50):
        assert 1 <= len(value.exact.text.encode()) <= 10


def kinds(item: Any) -> set[str]:
    match item:
        case tuple():
            return {"array"}.union(*map(kinds, item))
        case cbor2.CBORTag():
            return {"bignum" if item.tag in cbor.BIGNUMS else "tag"} | kinds(item.value)
        case cbor2.frozendict():
            return {"map"}.union(*map(kinds, item.values()))
        case float():
            return {"nan"} if math.isnan(item) else {"float"}
        case cbor2.CBORSimpleValue():
            return {"simple"}
    return {"undefined" if item is cbor2.undefined else type(item).__name__}


def levels(item: Any) -> int:
    match item:
        case tuple():
            return 1 + max(map(levels, item), default=0)
        case cbor2.CBORTag():
            return 1 + levels(item.value)
        case cbor2.frozendict():
            return 1 + max(map(levels, item.values()), default=0)
    return 0


def test_items_are_anything_of_so_many_levels() -> None:
    found = drawn(items(3), 1000)
    assert set().union(*map(kinds, found)) == {
        *("array", "map", "tag", "bignum", "float", "nan", "simple", "undefined"),
        *("int", "str", "bytes", "bool", "NoneType"),
    }
    assert {levels(item) for item in found} == {0, 1, 2, 3}
    assert {levels(item) for item in drawn(items(0), 50)} == {0}
    for item in found:
        octets = cbor.encode(item, allow_nan=True, allow_simple=True)
        cbor.decode(octets, allow_tags=cbor.ANY_TAG, allow_nan=True, allow_simple=True)
    keyed = drawn(items(2, st.just("key")), 300)
    assert any(isinstance(item, cbor2.frozendict) and "key" in item for item in keyed)
