"""Rows of a ratchet tree that is read as far as it is asked for: branches of five levels.

::

    level 5..9         tree/1/0              a row holds a branch: up to 31 nodes, and of both
                  .----+---+----.            children of each parent the tree hash, the size of the
    level 0..4    tree/0/0  tree/0/1  ...    resolution, and the number of members

What a path needs of its copath stands beside it, and so a commit reads the rows of paths alone. The
tree hash vouches for what is read: a node is hashed with the hashes beside it, and the result
compared with what stands beside its parent, up to the tree hash of the group context. A branch
without members has no row.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from struct import Struct, pack, unpack

from mimi.codec import decode, encode, encode_length
from mimi.crypto import Suite
from mimi.errors import MalformedError
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.open_rows import OpenRows
from mimi.mls.rows import RowEdit
from mimi.mls.snapshot_tree import LEVELS, check_width, positions_of, row_of
from mimi.tree import math
from mimi.tree.entry import BLANK_LEAF, UNREAD, Entry, Summary, joined
from mimi.tree.hashes import leaf_hash, parent_tree_hash
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndex, NodeIndex
from mimi.tree.node import ParentNode
from mimi.tree.ratchet import RatchetTree

KIND = "branch"
SIZE = 4
_pair, _two_numbers = Struct(">II").pack, Struct(">II").unpack_from


def name_of(band: int, place: int) -> str:
    """Return the name of a row."""
    return f"tree/{band}/{place}"


def path_names(leaf: LeafIndex, leaf_count: int) -> list[str]:
    """Return the names of the rows of a leaf and its direct path, from the leaf up."""
    position = math.node_of(leaf)
    path = (position, *math.direct_path(position, leaf_count))
    return [name_of(*at) for at in dict.fromkeys(map(row_of, path))]


def top_of(band: int, place: int, width: int) -> NodeIndex | None:
    """Return the highest node of a row in a tree of *width* nodes; None for none."""
    return max(positions_of(band, place, width), key=math.level, default=None)


def parent_input(octets: bytes, left_hash: bytes, right_hash: bytes) -> bytes:
    """Return the encoded ParentNodeHashInput of an encoded node, nothing for a blank one."""
    size = encode_length(len(left_hash))
    return b"".join((b"\2\1" if octets else b"\2\0", octets, size, left_hash, size, right_hash))


def leaf_input(leaf: LeafIndex, octets: bytes) -> bytes:
    """Return the encoded LeafNodeHashInput of an encoded leaf, nothing for a blank one."""
    return b"".join((b"\1", leaf.to_bytes(4, "big"), b"\1" if octets else b"\0", octets))


class Branch:
    """A row: the nodes of a branch as they are encoded, and what stands beside them.

    Args:
        row: The name of the row.
        said: The sizes of its nodes, the nodes, and what stands beside them.
        band: Its band.
        place: Its place in the band.
        width: How many nodes the tree has.
        nh: How many octets a tree hash has.

    Raises:
        DamagedSnapshotError: It is not of the size that it must be.
    """

    __slots__ = ("below", "ends", "first", "nodes", "record", "row", "shift", "step")

    def __init__(
        self, row: str, said: Sequence[bytes], band: int, place: int, width: int, nh: int
    ) -> None:
        positions = positions_of(band, place, width)
        self.row = row
        self.first, self.step = positions[0], LEVELS * band
        self.shift, self.record = max(1, self.step), nh + 2 * SIZE
        self.below, self.nodes, sizes = said
        parents = len(positions) if band else len(positions) // 2
        if len(sizes) != SIZE * len(positions) or len(self.below) != 2 * self.record * parents:
            raise DamagedSnapshotError("so many nodes are not in a row", row)
        self.ends = tuple(accumulate(unpack(f">{len(positions)}I", sizes), initial=0))
        if self.ends[-1] != len(self.nodes):
            raise DamagedSnapshotError("the nodes are not as long as they must be", row)

    def node(self, position: NodeIndex) -> bytes:
        """Return the encoded node at a position, nothing for a blank one."""
        at = position - self.first >> self.step
        return self.nodes[self.ends[at] : self.ends[at + 1]]

    def records(self, parent: NodeIndex) -> tuple[bytes, bytes]:
        """Return what stands beside a parent of its left and its right child."""
        size = self.record
        at = 2 * size * (parent - self.first >> self.shift)
        return self.below[at : at + size], self.below[at + size : at + 2 * size]


class OpenTree:
    """A ratchet tree in rows; see `mimi.tree.entry.Stored`.

    Whatever is read twice is the same object. A row that is not what was stored, or not of this
    tree, is a `DamagedSnapshotError`.

    Args:
        rows: The rows.
        suite: The cipher suite.
        leaf_count: How many leaves there are.
        tree_hash: The tree hash of the group context.
    """

    def __init__(self, rows: OpenRows, suite: Suite, leaf_count: int, tree_hash: bytes) -> None:
        self.unread = Entry(UNREAD)
        self.leaf_count = leaf_count
        self._rows, self._suite, self._tree_hash = rows, suite, tree_hash
        self._root, self._nh = math.root(leaf_count), suite.nh
        self._branches: dict[tuple[int, int], Branch] = {}
        self._entries: dict[NodeIndex, Entry] = {}
        self._records: dict[NodeIndex, bytes] = {}
        self._summaries: dict[NodeIndex, Summary] = {}

    def branch(self, position: NodeIndex) -> Branch:
        """Return the row of a node."""
        at = row_of(position)
        branch = self._branches.get(at)
        if branch is None:
            name = name_of(*at)
            said = self._rows.octets(name, KIND, "below", "nodes", "sizes")
            width = math.node_width(self.leaf_count)
            branch = self._branches[at] = Branch(name, said, *at, width, self._suite.nh)
        return branch

    def read(self, position: NodeIndex) -> Entry:
        """Return the entry of a position, checked against the entries above it."""
        entry = self._entries.get(position)
        if entry is None:
            if position == self._root:
                entry = self._entry(position, self._tree_hash)
            else:
                summary = self.summary(position)
                blank = BLANK_LEAF if not position & 1 else Entry(None)
                entry = self._entry(position, summary[0]) if summary[2] else blank
                if entry.below is not None and entry.below != summary[1:]:
                    raise self._wrong(position)
            self._entries[position] = entry
        return entry

    def summary(self, position: NodeIndex) -> Summary:
        """Return what is known of the subtree of a position: what stands beside its parent."""
        summary = self._summaries.get(position)
        if summary is None:
            if position == self._root:
                below = self.read(position).below
                assert below is not None  # noqa: S101 - it was read
                summary = Summary(self._tree_hash, *below)
            else:
                record, nh = self._records.get(position), self._nh
                if record is None:
                    record = self._record(position)
                summary = Summary(record[:nh], *_two_numbers(record, nh))
            self._summaries[position] = summary
        return summary

    def _record(self, position: NodeIndex) -> bytes:
        """Return what stands of a node beside its parent, which is read and checked first."""
        record = self._records.get(position)
        if record is None:
            self.read(math.parent(position, self.leaf_count))
            record = self._records.get(position)
        if record is None:  # the parent is blank, with no members below and no row
            record = self._records[position] = _packed(Summary(self._blank_hash(position), 0, 0))
        return record

    def _blank_hash(self, position: NodeIndex) -> bytes:
        if not position & 1:
            return leaf_hash(self._suite, math.leaf_of(position), None)
        left, right = map(self._blank_hash, math.children(position))
        return parent_tree_hash(self._suite, None, left, right)

    def _entry(self, position: NodeIndex, tree_hash: bytes) -> Entry:
        """Return the entry of a position in a branch with members."""
        branch = self.branch(position)
        octets = branch.node(position)
        if position & 1:
            left, right = branch.records(position)
            hashes = left[: -2 * SIZE], right[: -2 * SIZE]
            made = self._suite.hash(parent_input(octets, *hashes))
        else:
            made = self._suite.hash(leaf_input(math.leaf_of(position), octets))
        if made != tree_hash:
            raise self._wrong(position)
        entry = Entry(read_node(position, octets, branch.row))
        entry.tree_hash = made
        if position & 1:
            below = math.children(position)
            self._records[below[0]], self._records[below[1]] = left, right
            numbers = _two_numbers(left, len(hashes[0])), _two_numbers(right, len(hashes[1]))
            entry.below = joined(entry.node, *numbers)
        else:
            entry.below = (1, 1) if octets else (0, 0)
        return entry

    def _wrong(self, position: NodeIndex) -> DamagedSnapshotError:
        row = name_of(*row_of(position))
        return DamagedSnapshotError(f"node {position} is not that of the tree", row)

    @property
    def partial(self) -> bool:
        """Whether rows may be stored elsewhere."""
        return self._rows.partial

    def row(self, band: int, place: int) -> Branch | None:
        """Return a row, to be written again in part; None for a branch without members."""
        top = top_of(band, place, math.node_width(self.leaf_count))
        if top is None or ((band, place) not in self._branches and not self.summary(top).members):
            return None
        return self.branch(top)

    def expect(self, leaves: Iterable[LeafIndex], others: Iterable[str] = ()) -> None:
        """Say that the paths of some leaves will be read, and some other rows.

        Raises:
            RowNeededError: Some of the rows are not there yet.
        """
        inside = [leaf for leaf in leaves if 0 <= leaf < self.leaf_count]
        paths = (name for leaf in inside for name in path_names(leaf, self.leaf_count))
        self._rows.expect((*paths, *others))


def read_node(position: int, octets: bytes, row: str) -> LeafNode | ParentNode | None:
    """Return the node of a row at a position: None for no octets.

    Raises:
        DamagedSnapshotError: It does not parse.
    """
    if not octets:
        return None
    try:
        return decode(ParentNode, octets) if position & 1 else decode(LeafNode, octets)
    except MalformedError as error:
        raise DamagedSnapshotError(error.reason, row) from error


# Writing


def write_branches(out: RowEdit, now: RatchetTree, before: RatchetTree | None) -> None:
    """Write the rows of a tree that are not those of the tree before.

    Raises:
        UsageError: The tree is too wide to be stored.
    """
    if now is before:
        return
    check_width(now.leaf_count)
    width = math.node_width(now.leaf_count)
    touched = map(NodeIndex, range(width)) if before is None else now.touched(before)
    for band, place in sorted(set(map(row_of, touched))):
        if _has_members(now, band, place):
            out.write(name_of(band, place), KIND, _branch_fields(now, band, place))
        elif before is not None and _has_members(before, band, place):
            out.erase(name_of(band, place))


def _has_members(tree: RatchetTree, band: int, place: int) -> bool:
    """Return whether a branch has a row in a tree."""
    top = top_of(band, place, math.node_width(tree.leaf_count))
    return top is not None and tree.summary(top).members > 0


def _branch_fields(tree: RatchetTree, band: int, place: int) -> dict[str, object]:
    """Return what a row says; what nobody has looked at is taken over as it stands."""
    old = tree.stored.row(band, place) if isinstance(tree.stored, OpenTree) else None
    nodes: list[bytes] = []
    below: list[bytes] = []
    for position in positions_of(band, place, math.node_width(tree.leaf_count)):
        if old is not None and tree.is_unread(position):
            nodes.append(old.node(position))
            below += old.records(position) if position & 1 else ()
        else:
            node = tree.node(position)
            nodes.append(b"" if node is None else encode(node))
            if position & 1:
                below += [_packed(tree.summary(child)) for child in math.children(position)]
    sizes = pack(f">{len(nodes)}I", *map(len, nodes))
    return {"sizes": sizes, "nodes": b"".join(nodes), "below": b"".join(below)}


def _packed(summary: Summary) -> bytes:
    return summary.tree_hash + _pair(summary.reach, summary.members)
