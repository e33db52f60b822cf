"""Keys in shards: always as a dict would have them, and in as few shards as a change concerns."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimi.tree.shards import FULL, Shard, Shards, address, width_of


def key(number: int) -> bytes:
    """Return a key, of one of two lengths."""
    return number.to_bytes(16 + 16 * (number % 3 == 0), "big")


class Source:
    """Shards as somebody has stored them; counts those that are read."""

    def __init__(self, stored: Shards) -> None:
        self.shards = [dict(stored.shard(number)) for number in range(stored.width)]
        self.read: set[int] = set()

    def shard(self, number: int) -> Shard:
        self.read.add(number)
        return self.shards[number]

    def find(self, number: int, key: bytes) -> int | None:
        return self.shard(number).get(key)

    def lost(self, key: bytes, number: int) -> Exception:
        return LookupError(key, number)


def contents(shards: Shards) -> dict[bytes, int]:
    """Return the entries, after checking that each stands where it must."""
    found = {}
    assert shards.width == width_of(len(shards))
    for number in range(shards.width):
        for each, place in shards.shard(number).items():
            assert address(each, shards.width) == number
            found[each] = place
    assert len(found) == len(shards)
    assert set(shards) == found.keys()
    return found


STEPS = st.lists(
    st.tuples(st.sets(st.integers(0, 300), max_size=60), st.sets(st.integers(0, 300), max_size=60)),
    max_size=8,
)


@settings(deadline=None, max_examples=200)
@given(first=st.sets(st.integers(0, 300)), steps=STEPS, stored=st.booleans())
def test_shards_are_as_a_dict(first, steps, stored):
    expected = {key(number): number for number in first}
    shards = Shards.of(expected.items())
    if stored:
        shards = Shards.stored(Source(shards), len(shards))
    versions = [(shards, dict(expected))]
    for place, (gone, come) in enumerate(steps, 1000):
        leaving = [key(number) for number in gone if key(number) in expected]
        for each in leaving:
            del expected[each]
        coming = [(key(number), place) for number in come if key(number) not in expected]
        shards, clash = shards.moved(leaving, coming)
        expected |= coming
        assert clash is None
        assert all(shards.find(key(number)) == expected.get(key(number)) for number in range(301))
        versions.append((shards, dict(expected)))
    for version, entries in reversed(versions):
        assert contents(version) == entries
    for (before, _), (version, _) in pairwise(versions):
        different = set(version.differences(before))
        for number in range(version.width):
            same = number < before.width and version.shard(number) == before.shard(number)
            assert (number in different) != same


def test_a_key_that_is_there():
    shards = Shards.of([(key(1), 10), (key(2), 20)])
    same, clash = shards.moved([], [(key(5), 50), (key(2), 21)])
    assert (same, clash) == (shards, (20, 21))
    assert shards.moved([], [(key(5), 50), (key(5), 51)])[1] == (50, 51)
    moved, clash = shards.moved([key(1), key(2)], [(key(2), 10), (key(1), 20)])
    assert clash is None
    assert contents(moved) == {key(2): 10, key(1): 20}


def test_a_key_that_is_not_there():
    shards, _ = Shards.of([(key(1), 10)]).moved([key(2)], [])
    with pytest.raises(KeyError):
        shards.shard(0)
    source = Source(Shards.of([(key(1), 10)]))
    shards, _ = Shards.stored(source, 1).moved([key(2)], [])
    with pytest.raises(LookupError):
        shards.shard(0)


def test_a_change_reads_what_it_concerns():
    entries = {key(number): number for number in range(100 * FULL)}
    source = Source(Shards.of(entries.items()))
    shards = Shards.stored(source, len(entries))
    assert shards.find(key(5)) == 5
    assert source.read == {address(key(5), 100)}
    after, _ = shards.moved([key(7)], [(key(5000), 7)])
    here, there = address(key(7), 100), address(key(5000), 100)
    assert source.read == {address(key(5), 100), there}
    assert set(after.differences(shards)) == {here, there}
    assert source.read == {address(key(5), 100), here, there}


def test_one_entry_more_splits_one_shard():
    entries = {key(number): number for number in range(100 * FULL)}
    shards = Shards.of(entries.items())
    more, _ = shards.moved([], [(key(9999), 1)])
    assert (shards.width, more.width) == (100, 101)
    assert set(more.differences(shards)) <= {address(key(9999), 100), 100 - 64, 100}
    fewer, _ = more.moved([key(9999)], [])
    assert fewer.width == 100
    assert set(fewer.differences(shards)) == set()


def test_the_first_key_that_there_is():
    shards = Shards.of([(key(1), 10), (key(2), 20)])
    assert shards.find_first([key(3), key(2), key(1)]) == 20
    assert shards.find_first([key(3)]) is None
