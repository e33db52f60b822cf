"""A map whose versions share what they have in common.

The senders of an epoch change one at a time, with every message. To copy a map of 10,000 of them
takes longer than to encrypt; to copy one bucket and the table of the buckets takes half a
microsecond.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

K = TypeVar("K", bound=int)
V = TypeVar("V")

SHIFT = 6
"""Keys that differ in this many low bits alone share a bucket."""


class NumberMap(Mapping[K, V]):
    """An immutable map from small numbers whose versions share what they have in common.

    Of 10,000 entries a change copies a table of some 160 buckets and one bucket of 64. A bucket is
    never spread anew, so that two versions are compared by the identity of their buckets; that is
    why the keys are numbers, and what `mimi.tree.index.KeyMap`, for any keys, does not have.
    """

    __slots__ = ("_buckets",)
    _buckets: dict[int, dict[K, V]]

    def __init__(self, buckets: dict[int, dict[K, V]]) -> None:
        self._buckets = buckets

    @classmethod
    def of(cls, entries: Mapping[K, V]) -> "NumberMap[K, V]":
        """Return the map of these entries."""
        buckets: dict[int, dict[K, V]] = {}
        for key, value in entries.items():
            buckets.setdefault(key >> SHIFT, {})[key] = value
        return cls(buckets)

    @classmethod
    def of_one(cls, key: K, value: V) -> "NumberMap[K, V]":
        """Return the map of a single entry, as that of every epoch's secrets begins."""
        return cls({key >> SHIFT: {key: value}})

    def __getitem__(self, key: K) -> V:
        return self._buckets[key >> SHIFT][key]

    def find(self, key: K) -> V | None:
        """Return what stands under *key*, or None: faster than ``get``."""
        bucket = self._buckets.get(key >> SHIFT)
        return None if bucket is None else bucket.get(key)

    def __iter__(self) -> Iterator[K]:
        for bucket in self._buckets.values():
            yield from bucket

    def __len__(self) -> int:
        return sum(map(len, self._buckets.values()))

    def __repr__(self) -> str:
        return f"NumberMap({dict(self)})"

    def with_entry(self, key: K, value: V) -> "NumberMap[K, V]":
        """Return the map with one entry new or replaced."""
        number, buckets = key >> SHIFT, self._buckets.copy()
        bucket = buckets.get(number)
        if bucket is None:
            buckets[number] = {key: value}
        else:
            buckets[number] = bucket = bucket.copy()
            bucket[key] = value
        return NumberMap(buckets)

    def replacing(self, gone: K, entries: Mapping[K, V]) -> "NumberMap[K, V]":
        """Return the map with other entries in the place of one."""
        buckets, number = self._buckets.copy(), gone >> SHIFT
        copied = {number: buckets[number].copy()}
        del copied[number][gone]
        for key, value in entries.items():
            bucket = copied.get(key >> SHIFT)
            if bucket is None:
                copied[key >> SHIFT] = bucket = buckets.get(key >> SHIFT, {}).copy()
            bucket[key] = value
        buckets |= copied
        if not buckets[number]:
            del buckets[number]
        return NumberMap(buckets)

    def changes_since(self, before: "NumberMap[K, V]") -> tuple[tuple[K, ...], tuple[K, ...]]:
        """Return the keys with another value than before, or a new one, and those that are gone.

        Values are told apart by identity. Where a bucket is shared, nothing in it is looked at.
        """
        written: list[K] = []
        erased: list[K] = []
        if self is before:
            return (), ()
        for number in self._buckets.keys() | before._buckets.keys():
            old, new = before._buckets.get(number, {}), self._buckets.get(number, {})
            if old is not new:
                written += (key for key, value in new.items() if old.get(key) is not value)
                erased += (key for key in old if key not in new)
        return tuple(sorted(written)), tuple(sorted(erased))
