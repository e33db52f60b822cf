"""What follows from whole subtrees of a ratchet tree (RFC 9420 sections 7.7 and 7.9)."""

from typing import TYPE_CHECKING

from mimi.codec import replace
from mimi.tree import math
from mimi.tree.hashes import leaf_hash, parent_tree_hash
from mimi.tree.math import LeafIndex, NodeIndex

if TYPE_CHECKING:
    from mimi.tree.ratchet import RatchetTree


def leftmost_by_count(tree: "RatchetTree") -> LeafIndex:
    """Return the leftmost blank leaf, going down where the leaves are more than the members.

    Whoever has a tree at hand is as quick to look at one leaf after the other; here nothing is read
    but one path.
    """
    position, width = tree.root, tree.leaf_count
    if tree.summary(position).members == width:
        return LeafIndex(width)
    while position & 1:
        width //= 2
        left, right = math.children(position)
        position = left if tree.summary(left).members < width else right
    return math.leaf_of(position)


def hash_without(tree: "RatchetTree", position: NodeIndex, leaves: frozenset[LeafIndex]) -> bytes:
    """Return a node's tree hash as if some leaves below had not been added."""
    if not leaves:
        return tree.node_hash(position)
    if not position & 1:
        return leaf_hash(tree.suite, math.leaf_of(position), None)
    parent = tree.parent_node(position)
    if parent is not None:
        rest = tuple(leaf for leaf in parent.unmerged_leaves if leaf not in leaves)
        parent = replace(parent, unmerged_leaves=rest)
    left, right = math.children(position)
    lower = frozenset(leaf for leaf in leaves if 2 * leaf < position)
    return parent_tree_hash(
        tree.suite,
        parent,
        hash_without(tree, left, lower),
        hash_without(tree, right, leaves - lower),
    )
