"""Tables in rows: each shard is one, and read when somebody asks for what is in it.

::

    <table>/<n>     the entries of a shard, in the order of their keys
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeAlias, TypeVar

from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.open_rows import OpenRows
from mimi.mls.rows import RowEdit
from mimi.tree.shards import Shards, width_of
from mimi.tree.table import Table

V = TypeVar("V")

_NOTHING: Shards[Any] = Shards.of(())

Read: TypeAlias = Callable[[str, bytes], dict[bytes, V]]
"""From a row's name and its octets to the entries; it raises `DamagedSnapshotError`."""


class StoredShards(Generic[V]):
    """The shards of a table in rows; see `mimi.tree.shards.ShardSource`.

    Args:
        rows: The rows.
        table: What the rows' names begin with.
        read: How a row is read.
    """

    def __init__(self, rows: OpenRows, table: str, read: Read[V]) -> None:
        self._rows, self._table, self._read = rows, table, read
        self._shards: dict[int, dict[bytes, V]] = {}

    def shard(self, number: int) -> dict[bytes, V]:
        """Return a shard, the same object every time."""
        shard = self._shards.get(number)
        if shard is None:
            name = f"{self._table}/{number}"
            (octets,) = self._rows.octets(name, self._table, "entries")
            shard = self._shards[number] = self._read(name, octets)
        return shard

    def find(self, number: int, key: bytes) -> V | None:
        """Return what belongs to a key that is or would be in a shard."""
        return self.shard(number).get(key)

    def lost(self, key: bytes, number: int) -> DamagedSnapshotError:
        """Return the error that a key is not in the shard where it must be."""
        return DamagedSnapshotError(f"the key {key.hex()} is missing", f"{self._table}/{number}")


def stored_shards(rows: OpenRows, table: str, length: int, read: Read[V]) -> Shards[V]:
    """Return a table of so many entries whose rows are read as they are needed."""
    return Shards.stored(StoredShards(rows, table, read), length) if length else _NOTHING


def shard_names(table: str, length: int) -> Iterable[str]:
    """Return the names of the rows of a table of so many entries."""
    return (f"{table}/{number}" for number in range(width_of(length)))


def write_shards(
    out: RowEdit,
    table: str,
    now: Table[V],
    before: Table[V] | None,
    write: Callable[[Mapping[bytes, V]], bytes],
) -> None:
    """Write the shards that are not those of the table before.

    Args:
        out: To where.
        table: What the rows' names begin with.
        now: The table.
        before: The one that is stored; None where none is.
        write: From a shard to its octets.
    """
    if now is before:
        return
    mine, theirs = now.shards, None if before is None else before.shards
    numbers = range(mine.width) if theirs is None else mine.differences(theirs)
    for number in numbers:
        out.write(f"{table}/{number}", table, {"entries": write(mine.shard(number))})
    for number in range(mine.width, mine.width if theirs is None else theirs.width):
        out.erase(f"{table}/{number}")
