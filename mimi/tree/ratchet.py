"""The ratchet tree, as an immutable value (RFC 9420 sections 4.1, 7.7, 7.8 and 12.1).

::

                X          each position holds an entry: the node, or None for a blank one,
            .---+---.      and what follows from it and the nodes below: tree hash, resolution
            _       Y
          .-+-.   .-+-.
          A   _   C   D

An operation returns a new tree, which shares every entry with the old one but those on the paths
it touched. What follows from an entry is computed when it is first asked for and stays with the
entry, so that after a change only the touched paths are hashed again. The index of all keys is
derived in the same way: from the last one that was known and the positions touched since.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping

import attrs

from mimi.codec import decode, encode
from mimi.crypto import Suite
from mimi.tree import math
from mimi.tree.chunks import MASK, SHIFT, Chunks
from mimi.tree.entry import (
    BLANK_LEAF,
    UNREAD,
    Entry,
    Known,
    Since,
    Stored,
    Summary,
    entry_of,
    joined,
)
from mimi.tree.errors import (
    BlankLeafError,
    NodePlaceError,
    TrailingBlankError,
    TreeWidthError,
)
from mimi.tree.hashes import leaf_hash, parent_tree_hash
from mimi.tree.index import TreeIndex
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndex, NodeIndex
from mimi.tree.node import AnyNode, ParentNode, RatchetTreeNodes
from mimi.tree.subtrees import hash_without, leftmost_by_count


def _check_place(position: int, node: AnyNode) -> None:
    if node is not None and isinstance(node, ParentNode) != bool(position & 1):
        raise NodePlaceError(f"node {position} is a {type(node).__name__}", node=position)


@attrs.frozen(eq=False, repr=False)
class RatchetTree:
    """A ratchet tree; make one with `of_leaf`, `of_nodes` or `decode`.

    Attributes:
        suite: The cipher suite, whose hash the tree hashes are.
        leaf_count: The number of leaves, blank ones included: a power of two.
    """

    suite: Suite
    leaf_count: int
    _entries: Chunks[Entry]
    _no_blank_before: int = 0
    """No leaf below this index is blank: where to start looking for the leftmost blank one."""
    _known: Known = attrs.field(factory=Known)
    stored: Stored | None = None
    """Where the nodes are that were not read yet."""

    @classmethod
    def of_stored(
        cls, suite: Suite, leaf_count: int, stored: Stored, index: TreeIndex
    ) -> "RatchetTree":
        """Return a tree that is stored elsewhere, and read as far as it is asked for."""
        entries = Chunks.filled(stored.unread, math.node_width(leaf_count))
        return cls(suite, leaf_count, entries, 0, Known(index=index), stored)

    @classmethod
    def of_leaf(cls, suite: Suite, leaf: LeafNode) -> "RatchetTree":
        """Return the tree of a group of one."""
        return cls(suite, 1, Chunks([Entry(leaf)]), 1)

    @classmethod
    def of_nodes(cls, suite: Suite, nodes: tuple[AnyNode, ...]) -> "RatchetTree":
        """Return the tree of a ``ratchet_tree`` vector (section 12.4.3.3).

        Raises:
            TreeWidthError: It has more than `math.MOST_LEAVES` leaves: an octet of a blank node
                takes 180 of memory, so that whoever sends a tree would decide on ours.
            TrailingBlankError: The last node is blank, or there is none.
            NodePlaceError: A leaf stands at an odd position, or a parent at an even one.
        """
        if not nodes or nodes[-1] is None:
            raise TrailingBlankError("the last node of a ratchet tree is blank")
        if len(nodes) > math.node_width(math.MOST_LEAVES):
            raise TreeWidthError(f"{len(nodes)} nodes are more than {math.MOST_LEAVES} leaves have")
        for position, node in enumerate(nodes):
            _check_place(position, node)
        leaf_count = math.leaf_width(len(nodes))
        blanks = (entry_of(at, None) for at in range(len(nodes), math.node_width(leaf_count)))
        entries = (*(entry_of(at, node) for at, node in enumerate(nodes)), *blanks)
        return cls(suite, leaf_count, Chunks(entries))

    @classmethod
    def decode(cls, suite: Suite, octets: bytes) -> "RatchetTree":
        """Return the tree of an encoded ``ratchet_tree`` vector.

        Raises:
            MalformedError: It does not parse.
            InvalidError: It is no tree; see `of_nodes`.
        """
        nodes: tuple[AnyNode, ...] = decode(RatchetTreeNodes, octets)
        return cls.of_nodes(suite, nodes)

    def encode(self) -> bytes:
        """Return the encoded ``ratchet_tree`` vector."""
        return encode(self.nodes, RatchetTreeNodes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RatchetTree):
            return NotImplemented
        return self.suite == other.suite and self.tree_hash == other.tree_hash

    def __hash__(self) -> int:
        return hash(self.tree_hash)

    def __repr__(self) -> str:
        members = sum(1 for _ in self.members())
        return f"RatchetTree({members} members, {self.leaf_count} leaves)"

    # Reading

    @property
    def root(self) -> NodeIndex:
        """The root's position."""
        return NodeIndex(self.leaf_count - 1)

    @property
    def nodes(self) -> tuple[AnyNode, ...]:
        """The nodes from left to right, without the blank ones after the last that is not."""
        nodes = [entry.node for entry in self._entries]
        if self.stored is not None:
            nodes = [self._node(at, node) for at, node in enumerate(nodes)]
        while nodes and nodes[-1] is None:
            nodes.pop()
        return tuple(nodes)

    def node(self, position: NodeIndex) -> AnyNode:
        """Return the node at a position, None where it is blank or beyond the tree."""
        if not 0 <= position < 2 * self.leaf_count - 1:
            return None
        node = self._entries.chunks[position >> SHIFT][position & MASK].node
        return self._read(position).node if node is UNREAD else node

    def _read(self, position: int) -> Entry:
        """Return the entry of a position whose node was not read yet."""
        assert self.stored is not None  # noqa: S101 - or nothing would be unread
        return self.stored.read(NodeIndex(position))

    def _node(self, position: int, node: AnyNode) -> AnyNode:
        return self._read(position).node if node is UNREAD else node

    def is_unread(self, position: NodeIndex) -> bool:
        """Return whether a position is as it is stored."""
        return self._entries.chunks[position >> SHIFT][position & MASK].node is UNREAD

    def parent_node(self, position: NodeIndex) -> ParentNode | None:
        """Return the parent node at an odd position, None where it is blank."""
        node = self.node(position)
        return node if isinstance(node, ParentNode) else None

    def leaf(self, index: LeafIndex) -> LeafNode | None:
        """Return a leaf, None where it is blank or beyond the tree."""
        if not 0 <= index < self.leaf_count:
            return None
        position = 2 * index
        node = self._entries.chunks[position >> SHIFT][position & MASK].node
        if node is UNREAD:
            node = self._read(position).node
        return node if isinstance(node, LeafNode) else None

    def member(self, index: LeafIndex) -> LeafNode:
        """Return the leaf of a member.

        Raises:
            BlankLeafError: There is none at *index*.
        """
        leaf = self.leaf(index)
        if leaf is None:
            raise BlankLeafError(f"leaf {index} is blank", leaf=index)
        return leaf

    def members(self) -> Iterator[tuple[LeafIndex, LeafNode]]:
        """Yield the leaves that are not blank, from left to right, with their indices."""
        for index, entry in enumerate(self._entries.every_other(0)):
            node = entry.node if entry.node is not UNREAD else self._read(2 * index).node
            if isinstance(node, LeafNode):
                yield LeafIndex(index), node

    def parents(self) -> Iterator[tuple[NodeIndex, ParentNode]]:
        """Yield the parent nodes that are not blank, from left to right, with their positions."""
        for index, entry in enumerate(self._entries.every_other(1)):
            node = entry.node if entry.node is not UNREAD else self._read(2 * index + 1).node
            if isinstance(node, ParentNode):
                yield NodeIndex(2 * index + 1), node

    # What follows from the nodes

    @property
    def tree_hash(self) -> bytes:
        """The tree hash of the root, which the group context names."""
        return self.node_hash(self.root)

    def node_hash(self, position: NodeIndex) -> bytes:
        """Return the tree hash of a node (section 7.8), Nh octets."""
        entry = self._entries.chunks[position >> SHIFT][position & MASK]
        if entry.tree_hash is not None:
            return entry.tree_hash
        node = entry.node
        if node is UNREAD and self.stored is not None:
            return self.stored.summary(position).tree_hash
        if position & 1:
            left, right = math.children(position)
            parent = node if isinstance(node, ParentNode) else None
            made = parent_tree_hash(self.suite, parent, self.node_hash(left), self.node_hash(right))
        else:
            leaf = node if isinstance(node, LeafNode) else None
            made = leaf_hash(self.suite, math.leaf_of(position), leaf)
        if entry is not BLANK_LEAF:
            entry.tree_hash = made
        return made

    @property
    def index(self) -> TreeIndex:
        """Who has which key, and what the members support: for checks of the group as a whole.

        Raises:
            DuplicateSignatureKeyError: Two leaves have one signature key.
            DuplicateEncryptionKeyError: Two nodes have one encryption key.
        """
        known = self._known
        index = known.index
        if index is None:
            since = known.since
            index = TreeIndex.of(self.nodes) if since is None else self._index_since(since)
            known.index, known.since = index, None
        return index

    def _index_since(self, since: Since) -> TreeIndex:
        changes = since.changes(self._entries)
        if self.stored is not None:
            node = self._node
            changes = [(at, node(at, old), node(at, new)) for at, old, new in changes]
        return since.base.changed(changes)

    def stored_index(self) -> TreeIndex:
        """Return the index in the form in which it is stored; it is kept, and derived from."""
        index = self.index
        if not index.in_shards:
            index = self._known.index = index.sharded()
        return index

    def differences(self, other: "RatchetTree") -> tuple[NodeIndex, ...]:
        """Return the positions at which another tree has other nodes, from left to right.

        The cost depends on how much the trees do not share: that is told by identity.
        """
        different = []
        for at in map(NodeIndex, self._entries.differences(other._entries)):
            one, another = self.node(at), other.node(at)
            if one is not another and one != another:
                different.append(at)
        return tuple(different)

    def touched(self, other: "RatchetTree") -> list[NodeIndex]:
        """Return the positions whose subtrees may be others than in another tree, by identity."""
        return list(map(NodeIndex, self._entries.differences(other._entries)))

    def summary(self, position: NodeIndex) -> Summary:
        """Return what is to be known of a subtree by who does not look into it."""
        entry = self._entries.chunks[position >> SHIFT][position & MASK]
        if entry.node is UNREAD and self.stored is not None:
            return self.stored.summary(position)
        return Summary(self.node_hash(position), *self._below(position, entry))

    def reach(self, position: NodeIndex) -> int:
        """Return how many nodes the resolution of a node has."""
        entry = self._entries.chunks[position >> SHIFT][position & MASK]
        node = entry.node
        if isinstance(node, ParentNode):
            return 1 + len(node.unmerged_leaves)
        if self.stored is None:
            return len(self.resolution(position))
        if node is UNREAD:
            return self.stored.summary(position).reach
        return self._below(position, entry)[0]

    def _below(self, position: NodeIndex, entry: Entry) -> tuple[int, int]:
        """Return how many nodes a resolution has, and how many members there are below."""
        if entry.node is UNREAD:
            return self.summary(position)[1:]
        if entry.below is None and position & 1:
            left, right = (self._below(at, self._entries[at]) for at in math.children(position))
            entry.below = joined(entry.node, left, right)
        elif entry.below is None:
            entry.below = (0, 0) if entry.node is None else (1, 1)
        return entry.below

    def resolution(self, position: NodeIndex) -> tuple[NodeIndex, ...]:
        """Return the nodes that together reach every member below a node (section 4.1.1)."""
        entry = self._entries.chunks[position >> SHIFT][position & MASK]
        if entry.node is UNREAD:
            entry = self._read(position)
        if entry.resolution is None:
            node = entry.node
            if isinstance(node, ParentNode):
                unmerged = (math.node_of(leaf) for leaf in node.unmerged_leaves)
                entry.resolution = (position, *unmerged)
            elif node is not None:
                entry.resolution = (position,)
            elif position & 1:
                left, right = math.children(position)
                entry.resolution = self.resolution(left) + self.resolution(right)
            else:
                entry.resolution = ()
        return entry.resolution

    def filtered_direct_path(self, leaf: LeafIndex) -> tuple[tuple[NodeIndex, NodeIndex], ...]:
        """Return the filtered direct path of a leaf, each node with its child on the copath.

        Left out are the nodes whose child on the copath has an empty resolution (section 4.1.2).
        """
        chunks = self._entries.chunks
        steps = math.steps_to_root(math.node_of(leaf), self.leaf_count)
        filtered = [
            step
            for step in steps
            if chunks[step[1] >> SHIFT][step[1] & MASK].node or self.reach(step[1])
        ]
        return steps if len(filtered) == len(steps) else tuple(filtered)

    # Changing

    def leftmost_blank(self) -> LeafIndex:
        """Return where the next member goes: the leftmost blank leaf, or the first beyond."""
        if self.stored is not None:
            return leftmost_by_count(self)
        for index in range(self._no_blank_before, self.leaf_count):
            if self._entries[2 * index].node is None:
                return LeafIndex(index)
        return LeafIndex(self.leaf_count)

    def with_room(self) -> "RatchetTree":
        """Return the tree with a blank leaf: itself, or extended to the right (section 7.7)."""
        return self if self.leftmost_blank() < self.leaf_count else self._extended()

    def add(self, leaf: LeafNode) -> tuple["RatchetTree", LeafIndex]:
        """Add a member at the leftmost blank leaf, extending the tree if there is none.

        Returns:
            The tree (section 12.1.1) and the index of the new leaf.
        """
        tree, index = self.with_room(), self.leftmost_blank()
        position = math.node_of(index)
        changes: dict[NodeIndex, AnyNode] = {position: leaf}
        for above in math.direct_path(position, tree.leaf_count):
            parent = tree.parent_node(above)
            if parent is not None:
                listed = parent.unmerged_leaves
                at = bisect_left(listed, index)  # to sort them each time is felt from 8,000 on
                unmerged = (*listed[:at], index, *listed[at:])
                parent = ParentNode(parent.encryption_key, parent.parent_hash, unmerged)
            changes[above] = parent
        return tree._changed(changes, index + 1), index

    def update(self, index: LeafIndex, leaf: LeafNode) -> "RatchetTree":
        """Replace a member's leaf and blank its direct path (section 12.1.2).

        Raises:
            BlankLeafError: There is no member at *index*.
        """
        self.member(index)
        return self.with_path(index, leaf, {})

    def remove(self, *indices: LeafIndex) -> "RatchetTree":
        """Remove members, blank their direct paths, and truncate the tree (section 12.1.3).

        To truncate once leaves the same tree, and does not look for the last member every time.

        Raises:
            BlankLeafError: There is no member at an index, or it stands there twice.
        """
        tree = self
        for index in indices:
            tree.member(index)
            tree = tree.with_path(index, None, {})
        return tree._truncated()

    def with_path(
        self,
        index: LeafIndex,
        leaf: LeafNode | None,
        parents: Mapping[NodeIndex, ParentNode],
    ) -> "RatchetTree":
        """Return the tree with a leaf and its direct path replaced.

        Args:
            index: The leaf.
            leaf: Its new value; None blanks it.
            parents: The nodes of the direct path; those that are missing become blank.
        """
        position = math.node_of(index)
        changes: dict[NodeIndex, AnyNode] = {position: leaf}
        for above, _ in math.steps_to_root(position, self.leaf_count):
            changes[above] = parents.get(above)
        full = self._no_blank_before if leaf is not None else min(index, self._no_blank_before)
        return self._changed(changes, full)

    def _changed(self, changes: Mapping[NodeIndex, AnyNode], no_blank_before: int) -> "RatchetTree":
        """Return the tree with whole paths replaced, each up to the root."""
        entries = self._entries.replace(
            {
                at: Entry(node) if node is not None or at & 1 else BLANK_LEAF
                for at, node in changes.items()
            }
        )
        known = self._known.after(self._entries, tuple(changes))
        return RatchetTree(
            self.suite, self.leaf_count, entries, no_blank_before, known, self.stored
        )

    def with_nodes(self, leaf_count: int, nodes: Mapping[NodeIndex, AnyNode]) -> "RatchetTree":
        """Return the tree with another width and other nodes: what `differences` was taken from.

        Raises:
            TreeIndexError: *leaf_count* is not a power of two, or a node is beyond the tree.
            NodePlaceError: A leaf stands at an odd position, or a parent at an even one.
        """
        width, tree = math.node_width(math.root(leaf_count) + 1), self
        while tree.leaf_count < leaf_count:
            tree = tree._extended()
        if tree.leaf_count > leaf_count:
            tree = tree._cut(leaf_count)
        changes = dict(nodes)
        for position, node in nodes.items():
            if not 0 <= position < width:
                raise math.TreeIndexError(f"node {position} is beyond the tree", node=position)
            _check_place(position, node)
            for above in math.direct_path(position, leaf_count):
                changes.setdefault(above, tree.node(above))
        return tree._changed(changes, 0)

    def _extended(self) -> "RatchetTree":
        count = len(self._entries)
        blanks = (entry_of(at, None) for at in range(count, 2 * count + 1))
        entries = self._entries.extend(blanks)
        known, full = self._known.after(self._entries, ()), self.leaf_count
        return RatchetTree(self.suite, 2 * full, entries, full, known, self.stored)

    def _truncated(self) -> "RatchetTree":
        """Return the least tree with all members: halve while the right half is blank."""
        count = self.leaf_count
        if self.stored is not None:
            while count > 1 and not self.summary(math.right(count - 1)).members:
                count //= 2
            return self if count == self.leaf_count else self._cut(count)
        last = count - 1
        while last > 0 and self._entries[2 * last].node is None:
            last -= 1
        while count > 1 and last < count // 2:
            count //= 2
        return self if count == self.leaf_count else self._cut(count)

    def _cut(self, count: int) -> "RatchetTree":
        """Return the left part of the tree with *count* leaves."""
        width = math.node_width(count)
        entries = self._entries.truncate(width)
        beyond = map(NodeIndex, range(width, len(self._entries)))
        # what is unread there is blank: a tree that is stored was checked
        touched = tuple(at for at in beyond if self._entries[at].node is not UNREAD)
        known = self._known.after(self._entries, touched)
        full = min(self._no_blank_before, count)
        return RatchetTree(self.suite, count, entries, full, known, self.stored)

    def original_hash(self, position: NodeIndex, unmerged: tuple[LeafIndex, ...]) -> bytes:
        """Return a node's tree hash as if the leaves *unmerged* had not been added (section 7.9).

        That is ``original_sibling_tree_hash``: each of the leaves blanked, and taken out of the
        unmerged leaves of all parent nodes.
        """
        if not unmerged:
            return self.node_hash(position)
        below = math.leaves_below(position)
        return hash_without(self, position, frozenset(leaf for leaf in unmerged if leaf in below))
