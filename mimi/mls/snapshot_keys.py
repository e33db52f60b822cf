"""Rows of the index of a ratchet tree that is read as far as it is asked for.

::

    keys/<n>        encryption keys of nodes, each with the node's position
    signers/<n>     signature keys of leaves, each with the leaf's index
    capabilities    how many members show a credential of a type, and name a code point in a list

In which row a key is, `mimi.tree.shards` says. The tree hash does not vouch for these rows: they
follow from the tree, and `PublicGroup.load` compares them with it. What is read later is trusted as
far as its digest, and as far as it knows the keys that a commit takes out of the tree.
"""

from collections.abc import Iterable
from itertools import chain
from struct import Struct, iter_unpack, pack
from typing import Literal, TypeAlias

from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.open_rows import OpenRows
from mimi.mls.rows import RowEdit
from mimi.tree.index import Listing, TreeIndex
from mimi.tree.shards import Shard, Shards, address, width_of

Table: TypeAlias = Literal["keys", "signers"]
LISTINGS: tuple[Listing, ...] = ("extensions", "proposals", "credentials")
CAPABILITIES = "capabilities"
_COUNT = Struct(">BHI")
"""Where something is counted, 0 for types of credentials; what; and how many members have it."""


class OpenShards:
    """The shards of one table in rows; see `mimi.tree.shards.ShardSource`.

    Args:
        rows: The rows.
        table: Which of the two.
        length: How many keys there are.
    """

    def __init__(self, rows: OpenRows, table: Table, length: int) -> None:
        self._rows, self._table, self._width = rows, table, width_of(length)
        self._octets: dict[int, bytes] = {}
        self._shards: dict[int, Shard] = {}

    def shard(self, number: int) -> Shard:
        """Return a shard, the same object every time."""
        shard = self._shards.get(number)
        if shard is None:
            name = f"{self._table}/{number}"
            shard = self._shards[number] = read_shard(name, self._entries(number))
        return shard

    def find(self, number: int, key: bytes) -> int | None:
        """Return the place of a key that is or would be in a shard, None where there is none."""
        entries, size = self._entries(number), len(key)
        at = entries.find(key)
        if at < 0:
            return None
        if entries.startswith(size.to_bytes(2, "big")) and not (at - 4) % (size + 4):
            return int.from_bytes(entries[at + size : at + size + 4], "big")
        return self.shard(number).get(key)

    def _entries(self, number: int) -> bytes:
        entries = self._octets.get(number)
        if entries is None:
            name = f"{self._table}/{number}"
            (entries,) = self._rows.octets(name, self._table, "entries")
            self._octets[number] = entries
        return entries

    def lost(self, key: bytes, number: int) -> DamagedSnapshotError:
        """Return the error that a key is not in the shard where it must be."""
        return DamagedSnapshotError(f"the key {key.hex()} is missing", f"{self._table}/{number}")

    def names(self, keys: Iterable[bytes]) -> list[str]:
        """Return the names of the rows in which keys are or would be."""
        return [f"{self._table}/{address(key, self._width)}" for key in keys]


def read_shard(row: str, octets: bytes) -> Shard:
    """Return the entries of a shard: runs of keys of one length, each with its place.

    Args:
        row: The name of the row.
        octets: For each run, the length of a key and the number of entries, and these.

    Raises:
        DamagedSnapshotError: They are none.
    """
    shard: Shard = {}
    at = 0
    while at < len(octets):
        size, count = int.from_bytes(octets[at : at + 2], "big"), octets[at + 2 : at + 4]
        end = at + 4 + (size + 4) * int.from_bytes(count, "big")
        if end > len(octets) or len(count) < 2:
            raise DamagedSnapshotError("an entry is cut", row)
        shard.update(iter_unpack(f">{size}sI", octets[at + 4 : end]))
        at = end
    return shard


def _shard_fields(shard: Shard) -> dict[str, object]:
    runs = []
    for size in sorted(set(map(len, shard))):
        entries = sorted(entry for entry in shard.items() if len(entry[0]) == size)
        count = len(entries)
        runs.append(pack(">HH" + f"{size}sI" * count, size, count, *chain.from_iterable(entries)))
    return {"entries": b"".join(runs)}


def write_index(out: RowEdit, now: TreeIndex, before: TreeIndex | None) -> None:
    """Write the rows of an index that are not those of the index before; both are in shards."""
    if before is None or not now.has_counts_of(before):
        out.write(CAPABILITIES, CAPABILITIES, _count_fields(now))
    old: tuple[Shards[int], Shards[int]] | tuple[None, None]
    old = (None, None) if before is None else before.shards
    tables: tuple[Table, Table] = ("keys", "signers")
    for table, mine, theirs in zip(tables, now.shards, old, strict=True):
        numbers = range(mine.width) if theirs is None else mine.differences(theirs)
        for number in numbers:
            out.write(f"{table}/{number}", table, _shard_fields(mine.shard(number)))
        for number in range(mine.width, mine.width if theirs is None else theirs.width):
            out.erase(f"{table}/{number}")


def _count_fields(index: TreeIndex) -> dict[str, object]:
    types, listed = index.counts
    records = [_COUNT.pack(0, kind, types[kind]) for kind in sorted(types)]
    for number, listing in enumerate(LISTINGS, 1):
        codes = sorted(code for kind, code in listed if kind == listing)
        records += [_COUNT.pack(number, code, listed[listing, code]) for code in codes]
    return {"counts": b"".join(records)}


def open_index(rows: OpenRows, nodes: int, leaves: int) -> TreeIndex:
    """Return the index of so many nodes and leaves.

    Raises:
        DamagedSnapshotError: The row of what is counted is damaged.
    """
    (octets,) = rows.octets(CAPABILITIES, CAPABILITIES, "counts")
    if len(octets) % _COUNT.size:
        raise DamagedSnapshotError("a count is cut", CAPABILITIES)
    types: dict[int, int] = {}
    listed: dict[tuple[Listing, int], int] = {}
    for number, code, count in _COUNT.iter_unpack(octets):
        if number > len(LISTINGS):
            raise DamagedSnapshotError("a count of nothing", CAPABILITIES)
        if number:
            listed[LISTINGS[number - 1], code] = count
        else:
            types[code] = count
    keys = Shards.stored(OpenShards(rows, "keys", nodes), nodes)
    signers = Shards.stored(OpenShards(rows, "signers", leaves), leaves)
    return TreeIndex.stored(keys, signers, types, listed)
