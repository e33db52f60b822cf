"""Containers whose versions share what they have in common, against a dict and a sorted list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimi.content.persistent import BITS, DEEPEST, LARGEST_LEAF, LONGEST, NONE, WIDTH, Ordered, Trie


class Colliding(int):
    """A number with the hash of many others."""

    __slots__ = ()

    def __hash__(self) -> int:
        return -8 if self % 2 else 1 << DEEPEST


KEYS = st.integers() | st.integers(0, 9).map(Colliding) | st.binary(max_size=2)


@given(st.lists(st.tuples(KEYS, st.integers())))
def test_a_trie_is_a_map(entries: list[tuple[object, int]]) -> None:
    trie: Trie[object, int] = Trie()
    for key, value in entries:
        before, changed = dict(trie), trie.with_entry(key, value)
        assert dict(trie) == before
        trie = changed
        assert trie[key] == trie.find(key) == value
        assert len(trie) == len({**before, key: value})
    assert dict(trie) == dict(entries)
    assert sorted(map(repr, trie)) == sorted(map(repr, dict(entries)))
    for key, value in reversed(list(dict(entries).items())):
        trie = trie.with_entry(key, value)
    assert trie == Trie() if not entries else trie == dict(entries)


def test_tries_of_the_same_entries_are_equal() -> None:
    forward = backward = Trie[int, int]()
    for key in range(1000):
        forward = forward.with_entry(key, key)
        backward = backward.with_entry(999 - key, 999 - key)
    assert forward == backward
    assert forward != backward.with_entry(5, 6)
    assert len(forward) == 1000
    assert all(forward[key] == key for key in range(1000))


def test_keys_with_the_same_hash_share_a_leaf() -> None:
    keys = [*map(Colliding, range(2 * LARGEST_LEAF + 2))]
    trie: Trie[int, int] = Trie()
    for key in keys:
        trie = trie.with_entry(key, int(key))
    assert len(trie) == len(keys)
    assert [trie[key] for key in keys] == [*range(len(keys))]
    assert DEEPEST % BITS == 0
    assert WIDTH == 2**BITS


def test_what_is_not_in_a_trie_is_none() -> None:
    trie = Trie[str, int]().with_entry("a", 1)
    assert trie.find("b") is None
    assert "b" not in trie
    assert trie.get("b", 2) == 2
    with pytest.raises(KeyError):
        trie["b"]
    assert repr(trie) == "Trie({'a': 1})"


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40))))
def test_an_ordered_list_is_a_sorted_set(changes: list[tuple[bool, int]]) -> None:
    ordered, model = NONE, set()
    for is_more, value in changes:
        assert (ordered.position(value) is not None) == (value in ordered) == (value in model)
        changed = ordered.with_value(value) if is_more else ordered.without(value)
        assert list(ordered) == sorted(model)
        (model.add if is_more else model.discard)(value)
        ordered = changed
    assert list(ordered) == sorted(model)
    assert list(reversed(ordered)) == sorted(model)[::-1]
    assert len(ordered) == len(model)


ORDERS = {
    "forward": range(1000),
    "backward": range(999, -1, -1),
    "inside out": [*range(0, 1000, 2), *range(999, 0, -2)],
}


@pytest.mark.parametrize("order", ORDERS)
def test_long_lists_are_the_same_however_they_came(order: str) -> None:
    ordered = NONE
    for value in ORDERS[order]:
        ordered = ordered.with_value(value)
    assert len(ordered) == 1000
    assert tuple(ordered) == tuple(range(1000))
    assert [ordered.position(value) for value in (0, 500, 999, 1000, -1)] == [
        0,
        500,
        999,
        None,
        None,
    ]
    left = ordered
    for value in range(1, 999):
        left = left.without(value)
    assert left == NONE.with_value(999).with_value(0)
    assert hash(left) == hash(NONE.with_value(0).with_value(999))
    assert left.without(5) is left
    assert left.with_value(0) is left
    assert ordered[-1] == 999
    assert left.without(0).without(999) == NONE


PLACES = st.none() | st.integers(-400, 400)


@given(PLACES, PLACES, st.none() | st.integers(-200, 200).filter(bool))
def test_slices_are_those_of_a_list(start: int | None, stop: int | None, step: int | None) -> None:
    ordered = NONE
    for value in range(2 * LONGEST + 20):
        ordered = ordered.with_value(value)
    plain = list(ordered)
    assert list(ordered[start:stop:step]) == plain[start:stop:step]


def test_places_of_an_ordered_list() -> None:
    ordered = NONE
    for value in range(300):
        ordered = ordered.with_value(value)
    assert [ordered[at] for at in (0, 127, 128, 299, -1, -300)] == [0, 127, 128, 299, 299, 0]
    for at in (300, -301):
        with pytest.raises(IndexError):
            ordered[at]
    with pytest.raises(IndexError):
        NONE[0]


def test_ordered_lists_are_not_equal_to_others() -> None:
    assert Ordered() == NONE
    assert NONE.with_value(1) != [1]
    assert repr(NONE.with_value(1)) == "Ordered([1])"
