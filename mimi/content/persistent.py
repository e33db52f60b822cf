"""Two containers whose versions share what they have in common.

To copy a dict of 100,000 messages for each one that arrives takes milliseconds. These copy some
hundred references::

    Trie      a map: a tree of tuples of 16, chosen by four bits of the hash each, with small dicts
              as leaves
    Ordered   a sorted list without repetitions: a tuple of tuples of at most 128
"""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Generic, TypeAlias, TypeVar, overload

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

BITS = 4
WIDTH = 1 << BITS
LARGEST_LEAF = 48
DEEPEST = 60
"""How many bits of a hash are used; keys that agree in all of them share a leaf."""

Node: TypeAlias = "dict[Any, Any] | tuple[Node, ...]"


class Trie(Mapping[K, V]):
    """An immutable map; a changed copy costs time in proportion to the logarithm of its size."""

    __slots__ = ("_length", "_root")

    def __init__(self, root: "Node | None" = None, length: int = 0) -> None:
        self._root: Node = {} if root is None else root
        self._length = length

    def find(self, key: K) -> V | None:
        """Return what stands under *key*, or None."""
        node, bits = self._root, hash(key)
        while type(node) is tuple:
            node = node[bits & WIDTH - 1]
            bits >>= BITS
        found: V | None = node.get(key)  # type: ignore[union-attr]  # no tuple any more
        return found

    def __getitem__(self, key: K) -> V:
        found = self.find(key)
        if found is None:
            raise KeyError(key)
        return found

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[K]:
        nodes = [self._root]
        while nodes:
            node = nodes.pop()
            if isinstance(node, tuple):
                nodes.extend(node)
            else:
                yield from node

    def __repr__(self) -> str:
        return f"Trie({dict(self)})"

    def with_entry(self, key: K, value: V) -> "Trie[K, V]":
        """Return the map with an entry new or replaced; None is no value."""
        root, more = _changed(self._root, hash(key), 0, key, value)
        return Trie(root, self._length + more)


def _changed(node: "Node", bits: int, depth: int, key: Any, value: Any) -> "tuple[Node, int]":
    """Return a changed copy of a node, and how many entries it has more."""
    if type(node) is tuple:
        at = bits & WIDTH - 1
        child, more = _changed(node[at], bits >> BITS, depth + BITS, key, value)
        return (*node[:at], child, *node[at + 1 :]), more
    leaf = node.copy()  # type: ignore[union-attr]  # no tuple
    before = len(leaf)
    leaf[key] = value
    more = len(leaf) - before
    if len(leaf) <= LARGEST_LEAF or depth >= DEEPEST:
        return leaf, more
    leaves: tuple[dict[Any, Any], ...] = tuple({} for _ in range(WIDTH))
    for each, kept in leaf.items():
        leaves[hash(each) >> depth & WIDTH - 1][each] = kept
    return leaves, more


T = TypeVar("T")

LONGEST = 128
"""How many values a chunk has at most."""

_first = itemgetter(0)


class Ordered(Sequence[T], Generic[T]):
    """An immutable sorted list without repetitions, for values that compare."""

    __slots__ = ("_chunks", "_length")

    def __init__(self, chunks: tuple[tuple[T, ...], ...] = (), length: int = 0) -> None:
        self._chunks = chunks
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        for chunk in self._chunks:
            yield from chunk

    def __reversed__(self) -> Iterator[T]:
        for chunk in reversed(self._chunks):
            yield from reversed(chunk)

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[T, ...]: ...
    def __getitem__(self, at: int | slice) -> T | tuple[T, ...]:
        if isinstance(at, slice):
            return self._slice(range(self._length)[at])
        if not -self._length <= at < self._length:
            raise IndexError(at)
        return self._slice(range(at, at + 1) if at >= 0 else range(self._length)[at:][:1])[0]

    def _slice(self, places: range) -> tuple[T, ...]:
        """Return what stands at some places, all of which there are."""
        if not places:
            return ()
        low, high = min(places[0], places[-1]), max(places[0], places[-1])
        found: list[T] = []
        start = begin = 0
        for chunk in self._chunks:
            if start + len(chunk) > low:
                if not found:
                    begin = start
                found += chunk
            start += len(chunk)
            if start > high:
                break
        return tuple(found[place - begin] for place in places)

    def __contains__(self, value: object) -> bool:
        return self._find(value)[2]

    def _find(self, value: Any) -> tuple[int, int, bool]:
        """Return in which chunk a value is or belongs, where in it, and whether it is there."""
        at = max(bisect_right(self._chunks, value, key=_first) - 1, 0)
        chunk = self._chunks[at] if self._chunks else ()
        place = bisect_left(chunk, value)
        return at, place, place < len(chunk) and chunk[place] == value

    def position(self, value: T) -> int | None:
        """Return how many values stand before a value; None where it is not there."""
        at, place, there = self._find(value)
        return sum(map(len, self._chunks[:at])) + place if there else None

    def with_value(self, value: T) -> "Ordered[T]":
        """Return the list with a value; the same list where it has it already."""
        at, place, there = self._find(value)
        if there:
            return self
        chunks = self._chunks
        chunk = chunks[at] if chunks else ()
        grown = (*chunk[:place], value, *chunk[place:])
        made: tuple[tuple[T, ...], ...] = (grown,)
        if len(grown) > LONGEST:
            # What comes last comes in order, most often: the chunks before stay full.
            cut = LONGEST if place == LONGEST else LONGEST // 2
            made = (grown[:cut], grown[cut:])
        return Ordered((*chunks[:at], *made, *chunks[at + 1 :]), self._length + 1)

    def split(self) -> "Ordered[T]":
        """Return the same list in chunks of the usual length."""
        values = tuple(self)
        chunks = tuple(values[at : at + LONGEST] for at in range(0, len(values), LONGEST))
        return Ordered(chunks, len(values))

    def without(self, value: T) -> "Ordered[T]":
        """Return the list without a value; the same list where it has not got it."""
        at, place, there = self._find(value)
        if not there:
            return self
        chunk = self._chunks[at]
        left = chunk[:place] + chunk[place + 1 :]
        made = (left,) if left else ()
        return Ordered((*self._chunks[:at], *made, *self._chunks[at + 1 :]), self._length - 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ordered) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Ordered({list(self)})"


NONE: Ordered[Any] = Ordered()
"""The list of nothing."""

Few: TypeAlias = tuple[T, ...] | Ordered[T]
"""A sorted list without repetitions that is short, most often: a tuple until it is long.

A tuple of tuples of numbers and octets is nothing that the garbage collector must look at, while
an `Ordered` and its chunks are; there is one for each message that others refer to.
"""


def with_one(values: "Few[T]", value: T) -> "Few[T]":
    """Return the list with a value; the same list where it has it already."""
    if not isinstance(values, tuple):
        return values.with_value(value)
    compared: tuple[Any, ...] = values
    place = bisect_left(compared, value)
    if place < len(values) and values[place] == value:
        return values
    grown = (*values[:place], value, *values[place:])
    return grown if len(grown) <= LONGEST else Ordered((grown,), len(grown)).split()
