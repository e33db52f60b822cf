"""A table of keys and what belongs to them, in shards that can be stored one by one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, TypeVar, overload

from mimi.tree.shards import Shards

T = TypeVar("T")
V = TypeVar("V")


class Table(Mapping[bytes, V]):
    """A mapping from keys: a value, whose next one shares what a change does not touch.

    To change it costs the same among ten entries as among ten thousand, and reads no more shards
    than keys are named.

    Args:
        shards: The entries.
    """

    __slots__ = ("shards",)

    def __init__(self, shards: Shards[V]) -> None:
        self.shards = shards

    @classmethod
    def of(cls, entries: Mapping[bytes, V]) -> Self:
        """Return the table of some entries."""
        return entries if isinstance(entries, cls) else cls(Shards.of(entries.items()))

    @overload
    def get(self, key: bytes, /) -> V | None: ...

    @overload
    def get(self, key: bytes, /, default: V | T) -> V | T: ...

    def get(self, key: bytes, /, default: V | T | None = None) -> V | T | None:
        """Return what belongs to a key."""
        found = self.shards.find(key)
        return default if found is None else found

    def __getitem__(self, key: bytes) -> V:
        found = self.shards.find(key)
        if found is None:
            raise KeyError(key)
        return found

    def __contains__(self, key: Any) -> bool:
        return self.shards.find(key) is not None

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.shards)

    def __len__(self) -> int:
        return len(self.shards)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} entries)"

    def changed(self, come: Mapping[bytes, V], gone: Iterable[bytes] = ()) -> Self:
        """Return the table with other entries.

        Args:
            come: Entries that come, or take the place of those of their keys.
            gone: Keys that go; those that are not there are passed over.
        """
        find = self.shards.find
        leaving = {key for key in (*gone, *come) if find(key) is not None}
        if not leaving and not come:
            return self
        shards, _ = self.shards.moved(leaving, come.items())
        return type(self)(shards)

    def differing(self, before: "Table[V]") -> set[bytes]:
        """Return the keys of what is otherwise than before; it costs the shards that differ."""
        mine, theirs = self.shards, before.shards
        if mine is theirs:
            return set()
        keys: set[bytes] = set()
        for number in mine.differences(theirs):
            keys.update(mine.shard(number))
            if number < theirs.width:
                keys.update(theirs.shard(number))
        for number in range(mine.width, theirs.width):
            keys.update(theirs.shard(number))
        return {key for key in keys if mine.find(key) != theirs.find(key)}
