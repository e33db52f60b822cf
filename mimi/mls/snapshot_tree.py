"""Rows of the ratchet tree: bands of five levels.

::

    level 5..9         tree/1/0              a row holds a subtree of five levels: up to 31 nodes
                  .----+---+----.
    level 0..4    tree/0/0  tree/0/1  ...

A commit changes one path, and so one row of each band: of 10,000 members three rows, where an
array cut into pieces would have one for every second node of the path.
"""

from mimi.codec import decode, encode
from mimi.crypto import Suite
from mimi.errors import UsageError
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.rows import Fields, RowEdit, Rows, damage
from mimi.tree import math
from mimi.tree.leaf import LeafNode
from mimi.tree.math import NodeIndex
from mimi.tree.node import ParentNode
from mimi.tree.ratchet import RatchetTree

LEVELS = 5
MOST_LEAVES = math.MOST_LEAVES

BANDS = MOST_LEAVES.bit_length() // LEVELS + 1


def row_of(position: NodeIndex) -> tuple[int, int]:
    """Return the band of a node, and the place of its row in the band."""
    band = math.level(position) // LEVELS
    return band, position >> LEVELS * (band + 1)


def positions_of(band: int, place: int, width: int) -> list[NodeIndex]:
    """Return the positions of a row, from left to right, in a tree of *width* nodes."""
    lowest = LEVELS * band
    first = (place << lowest + LEVELS) + (1 << lowest) - 1
    step = 1 << lowest
    end = min(first + (2**LEVELS - 1) * step, width)
    return [NodeIndex(at) for at in range(first, end, step)]


def _nodes(tree: RatchetTree, band: int, place: int) -> dict[int, bytes]:
    """Return the encoded nodes of a row, by their positions."""
    nodes = (
        (at, tree.node(at)) for at in positions_of(band, place, math.node_width(tree.leaf_count))
    )
    return {at: encode(node) for at, node in nodes if node is not None}


def check_width(leaf_count: int) -> None:
    """Check that a tree is not too wide to be loaded.

    Raises:
        UsageError: It is.
    """
    if leaf_count > MOST_LEAVES:
        raise UsageError(f"a tree of {leaf_count} leaves, {MOST_LEAVES} can be stored")


def write_tree(out: RowEdit, now: RatchetTree, before: RatchetTree | None) -> None:
    """Write the rows of a tree that are not those of the tree before.

    Raises:
        UsageError: The tree is too wide to be stored.
    """
    if now is before:
        return
    check_width(now.leaf_count)
    if before is None:
        everything = enumerate(now.nodes)
        touched = [NodeIndex(at) for at, node in everything if node is not None]
    else:
        touched = list(now.differences(before))
    for band, place in sorted(set(map(row_of, touched))):
        name, nodes = f"tree/{band}/{place}", _nodes(now, band, place)
        if nodes:
            out.write(name, "tree", {"nodes": nodes})
        else:
            out.erase(name)


def read_tree(rows: Rows, suite: Suite, tree_hash: bytes) -> RatchetTree:
    """Return the tree of the rows.

    Raises:
        DamagedSnapshotError: It is not the tree of *tree_hash*, or none.
    """
    nodes: dict[int, LeafNode | ParentNode] = {}
    for band in range(BANDS):
        for place, fields in rows.take_numbered(f"tree/{band}", "tree"):
            nodes.update(_read_row(fields, band, place))
    last = max(nodes, default=-1)
    with damage("tree"):
        check_width(math.leaf_width(last + 1))
        tree = RatchetTree.of_nodes(suite, tuple(nodes.get(at) for at in range(last + 1)))
    check_tree_hash(tree, tree_hash, "tree")
    return tree


def check_tree_hash(tree: RatchetTree, tree_hash: bytes, row: str) -> None:
    """Check that a tree is the one that its group context names.

    Raises:
        DamagedSnapshotError: It is not.
    """
    if tree.tree_hash != tree_hash:
        raise DamagedSnapshotError("the tree hash is not that of the group context", row)


def _read_row(fields: Fields, band: int, place: int) -> dict[int, LeafNode | ParentNode]:
    nodes = {}
    for at, octets in fields.table("nodes").items():
        if row_of(NodeIndex(at)) != (band, place):
            raise DamagedSnapshotError(f"node {at} belongs elsewhere", fields.row)
        nodes[at] = read_node(at, octets, fields.row)
    fields.done()
    if not nodes:
        raise DamagedSnapshotError("a row without nodes", fields.row)
    return nodes


def read_node(position: int, octets: bytes, row: str) -> LeafNode | ParentNode:
    """Return the node at a position: a leaf at an even one, a parent at an odd one.

    Raises:
        DamagedSnapshotError: It does not parse.
    """
    with damage(row):
        return decode(ParentNode, octets) if position & 1 else decode(LeafNode, octets)
