from typing import Annotated, Any

import pytest
from codec.declarations import (
    ZOO,
    Ascending,
    Bird,
    Bounded,
    Colour,
    Creature,
    Fish,
    Givens,
    Item,
    Items,
    Kind,
    Left,
    Nameless,
    Numbers,
    Sealed,
    Side,
    Strings,
    Tiny,
    Vectors,
)
from hypothesis import HealthCheck, find, given, settings

from mimi.codec import Between, Choice, Opaque, UInt8, decode, encode, is_grease, struct
from mimi.codec.declare import shape_of
from mimi.codec.strategy import strategy

SAME = settings(max_examples=5000, database=None, derandomize=True, deadline=None)
"""The same draws in every run: that something rare is among them is no matter of luck."""


def finds(declared: Any, condition: Any) -> Any:
    return find(strategy(declared), condition, settings=SAME)


@pytest.mark.parametrize("name", ZOO)
def test_every_type_has_a_strategy_that_draws_without_heavy_filtering(name):
    drawn = []

    @settings(SAME, max_examples=30, suppress_health_check=(HealthCheck.too_slow,))
    @given(strategy(ZOO[name]))
    def draw(value: object) -> None:
        drawn.append(encode(value, ZOO[name]))

    draw()
    assert drawn


def test_integers_reach_their_bounds():
    for field, ceiling in (("one", 255), ("three", (1 << 24) - 1), ("eight", (1 << 64) - 1)):
        assert finds(Numbers, lambda value, field=field: getattr(value, field) > 0)
        largest = finds(Numbers, lambda value, f=field, c=ceiling: getattr(value, f) > c // 2)
        assert getattr(largest, field) <= ceiling


def test_open_registries_are_drawn_with_grease_and_the_unknown():
    assert finds(Kind, lambda code: code.name == "SECOND")
    assert finds(Kind, lambda code: is_grease(code) and code.name.startswith("GREASE_"))
    assert finds(Kind, lambda code: code not in Kind.known).name.startswith("0x")
    assert finds(Nameless, is_grease)
    assert finds(Tiny, lambda code: code not in Tiny.known) not in (1, 2)
    assert type(finds(Kind, lambda code: code == 0x0A0A)) is Kind


def test_closed_registries_are_drawn_from_their_members():
    for member in (*Side, *Colour):
        assert finds(type(member), lambda code, member=member: code is member) is member


def test_octets_reach_the_longer_header():
    for length in (0, 63, 64):
        assert len(finds(Opaque, lambda octets, length=length: len(octets) == length)) == length
    assert len(finds(Annotated[Opaque, Between(3, 5)], lambda octets: len(octets) > 4)) == 5
    assert finds(Strings, lambda strings: bytes(strings.sealed)).sealed.__class__ is Sealed


def test_cases_are_all_drawn():
    for kind in (Fish, Bird):
        assert finds(Creature, lambda case, kind=kind: type(case) is kind)


def test_cases_that_join_later_are_drawn():
    class Later(Choice, tag=Tiny):
        pass

    @struct(case=1)
    class Early(Later):
        pass

    drawn = strategy(Later)
    assert find(drawn, lambda case: type(case) is Early, settings=SAME)

    @struct(case=2)
    class Late(Later):
        pass

    assert find(drawn, lambda case: type(case) is Late, settings=SAME)


def test_what_an_earlier_field_gives_is_drawn():
    assert finds(Givens, lambda value: type(value.inner.aside) is Left).by_class is not None
    given_item = finds(Givens, lambda value: value.inner.colour is Colour.RED)
    assert type(given_item.by_value) is Item
    assert finds(Givens, lambda value: value.count == 0).by_number == bytes(2)


def test_rules_hold_in_vectors_of_some_length():
    assert len(finds(Items, lambda items: len(items) >= 4)) == 4
    assert len(finds(Ascending, lambda numbers: len(numbers) >= 4)) == 4
    even = shape_of(Vectors.__annotations__["even"])
    assert sum(finds(even, lambda value: len(value) >= 4)) % 2 == 0


@settings(deadline=None, suppress_health_check=(HealthCheck.filter_too_much, HealthCheck.too_slow))
@given(strategy(Bounded))
def test_bounds_hold(value):
    assert 2 <= 2 * len(value.pairs) <= 8
    assert 3 <= sum(1 + len(name) for name in value.names) <= 302


def test_bounds_are_reached():
    assert len(finds(Bounded, lambda value: len(value.pairs) == 4).pairs) == 4
    short = Annotated[tuple[Opaque, ...], Between(0, 40)]
    full = finds(short, lambda value: len(encode(value, short)) > 38)
    assert decode(short, encode(full, short)) == full


def test_vectors_of_small_elements_grow_longer():
    assert len(finds(tuple[UInt8, ...], lambda value: len(value) > 10)) > 10
