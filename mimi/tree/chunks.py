"""A sequence whose versions share what they have in common.

Replacing one path of a tree of 10,000 members copies a few chunks of 64, not the whole array.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Generic, TypeVar

T = TypeVar("T")

SHIFT = 6
SIZE = 1 << SHIFT
MASK = SIZE - 1


class Chunks(Generic[T]):
    """An immutable sequence of chunks of 64.

    Attributes:
        chunks: The chunks: item i is ``chunks[i >> SHIFT][i & MASK]``, for loops in which a call
            to get at it counts.
    """

    __slots__ = ("_length", "chunks")

    def __init__(self, items: Iterable[T] = ()) -> None:
        flat = tuple(items)
        self._length = len(flat)
        self.chunks = tuple(flat[at : at + SIZE] for at in range(0, len(flat), SIZE))

    @classmethod
    def _of(cls, chunks: tuple[tuple[T, ...], ...], length: int) -> "Chunks[T]":
        made = cls.__new__(cls)
        made.chunks = chunks
        made._length = length
        return made

    @classmethod
    def filled(cls, item: T, length: int) -> "Chunks[T]":
        """Return so many times the same item, in chunks that are the same object."""
        chunks = ((item,) * SIZE,) * (length >> SHIFT)
        rest = length & MASK
        return cls._of((*chunks, (item,) * rest) if rest else chunks, length)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, at: int) -> T:
        return self.chunks[at >> SHIFT][at & MASK]

    def __iter__(self) -> Iterator[T]:
        for chunk in self.chunks:
            yield from chunk

    def every_other(self, first: int) -> Iterator[T]:
        """Yield the items at even places (*first* is 0) or at odd ones (1)."""
        for chunk in self.chunks:
            yield from chunk[first::2]

    def replace(self, changes: Mapping[int, T]) -> "Chunks[T]":
        """Return the sequence with the items at the keys of *changes* replaced."""
        touched: dict[int, list[T]] = {}
        for at, item in changes.items():
            chunk = touched.get(at >> SHIFT)
            if chunk is None:
                chunk = touched[at >> SHIFT] = list(self.chunks[at >> SHIFT])
            chunk[at & MASK] = item
        chunks = list(self.chunks)
        for number, replaced in touched.items():
            chunks[number] = tuple(replaced)
        return self._of(tuple(chunks), self._length)

    def extend(self, items: Iterable[T]) -> "Chunks[T]":
        """Return the sequence with *items* behind it."""
        full = self._length >> SHIFT
        rest = Chunks((*(item for chunk in self.chunks[full:] for item in chunk), *items))
        return self._of(self.chunks[:full] + rest.chunks, (full << SHIFT) + len(rest))

    def truncate(self, length: int) -> "Chunks[T]":
        """Return the first *length* items."""
        full = length >> SHIFT
        chunks = self.chunks[:full]
        if length & MASK:
            chunks += (self.chunks[full][: length & MASK],)
        return self._of(chunks, length)

    def differences(self, other: "Chunks[T]") -> Iterator[int]:
        """Yield the places at which the items are not the same objects, or only one has any.

        Where a chunk is shared, nothing in it is looked at.
        """
        nothing = object()
        for number, (mine, theirs) in enumerate(
            zip_longest(self.chunks, other.chunks, fillvalue=())
        ):
            if mine is not theirs:
                pairs = zip_longest(mine, theirs, fillvalue=nothing)
                for at, (one, another) in enumerate(pairs, number << SHIFT):
                    if one is not another:
                        yield at
