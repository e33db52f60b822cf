"""The positions of a ratchet tree, and what is known of each.

An entry is shared by all versions of a tree in which the node and the whole subtree below it are
the same, so that what follows from them is worked out once.

A tree may also be stored elsewhere and read as far as it is asked for: see `Stored`. Its positions
hold one entry, the store's `Stored.unread`, until a change puts another there.
"""

from collections.abc import Collection
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from mimi.tree.chunks import MASK, SHIFT, Chunks
from mimi.tree.index import Change, TreeIndex
from mimi.tree.leaf import LeafNode
from mimi.tree.math import NodeIndex
from mimi.tree.node import ParentNode


class Unread:
    """What stands for the node of a position that was not read yet; false, as a blank one is."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


UNREAD: Any = Unread()


class Entry:
    """One position of the tree: a node and, once asked for, what follows from its subtree."""

    __slots__ = ("below", "node", "resolution", "tree_hash")

    def __init__(self, node: LeafNode | ParentNode | None) -> None:
        self.node: Final = node
        self.tree_hash: bytes | None = None
        self.resolution: tuple[NodeIndex, ...] | None = None
        self.below: tuple[int, int] | None = None


BLANK_LEAF = Entry(None)
"""The entry of every blank leaf: its hash depends on the place, and is not kept."""


class Summary(NamedTuple):
    """What is to be known of a subtree by who does not look into it.

    Attributes:
        tree_hash: Its tree hash.
        reach: How many nodes its resolution has (section 4.1.1).
        members: How many of its leaves are not blank.
    """

    tree_hash: bytes
    reach: int
    members: int


class Stored(Protocol):
    """A tree that is stored, and read as far as it is asked for."""

    unread: Entry
    """What stands at the positions that no change has touched; its node is `UNREAD`."""

    def read(self, position: NodeIndex) -> Entry:
        """Return the entry of a position."""

    def summary(self, position: NodeIndex) -> Summary:
        """Return what is known of the subtree of a position, of which no row need be read."""


def entry_of(position: int, node: LeafNode | ParentNode | None) -> Entry:
    """Return the entry of a node that was not there before."""
    return BLANK_LEAF if node is None and not position & 1 else Entry(node)


def joined(
    node: LeafNode | ParentNode | None, left: tuple[int, int], right: tuple[int, int]
) -> tuple[int, int]:
    """Return how many nodes a parent's resolution has, and how many members are below it.

    Args:
        node: The parent, None for a blank one.
        left: The same of its left child.
        right: The same of its right child.
    """
    reach = left[0] + right[0]
    if isinstance(node, ParentNode):
        reach = 1 + len(node.unmerged_leaves)
    return reach, left[1] + right[1]


Touched: TypeAlias = "tuple[Collection[NodeIndex], Touched] | None"
"""The positions that a change touched, and those of the changes before it."""


class Since(NamedTuple):
    """An earlier tree: its index, its entries, and how many positions were touched since."""

    base: TreeIndex
    entries: Chunks[Entry]
    touched: Touched
    steps: int

    def changes(self, entries: Chunks[Entry]) -> list[Change]:
        """Return the positions that were touched since, with their nodes before and after."""
        old_count, before = len(self.entries), self.entries.chunks
        new_count, after = len(entries), entries.chunks
        positions: Collection[NodeIndex] = ()
        touched = self.touched
        while touched is not None:
            positions = {*positions, *touched[0]} if positions else touched[0]
            touched = touched[1]
        changes: list[Change] = []
        for at in sorted(positions):
            old = before[at >> SHIFT][at & MASK].node if at < old_count else None
            new = after[at >> SHIFT][at & MASK].node if at < new_count else None
            if old is not new:
                changes.append((at, old, new))
        return changes


class Known:
    """What is known of a tree's index: itself, or failing that the last one before it."""

    __slots__ = ("index", "since")

    def __init__(self, since: Since | None = None, index: TreeIndex | None = None) -> None:
        self.index = index
        self.since = since

    def after(self, entries: Chunks[Entry], positions: Collection[NodeIndex]) -> "Known":
        """Return what is known when some positions of these entries were changed."""
        since, index = self.since, self.index
        if index is not None:
            return Known(Since(index, entries, (positions, None), len(positions)))
        if since is None:
            return Known()
        base, first, touched, steps = since
        if steps + len(positions) > len(first):  # to look at the whole tree is as quick
            return Known()
        return Known(Since(base, first, (positions, touched), steps + len(positions)))
