"""The arithmetic of array-based trees (RFC 9420 appendix C).

Leaves stand at even positions, parents at odd ones; a tree has 2^d leaves::

                3
            .---+---.
            1       5          level = number of trailing ones
          .-+-.   .-+-.
          0   2   4   6        leaf i is node 2 * i

A leaf's place among the leaves and its place in the array are two types, `LeafIndex` and
`NodeIndex`, because mixing them up goes unnoticed for leaf 0 alone.
"""

from functools import lru_cache
from typing import Annotated, NewType, TypeAlias

from mimi.codec.shape import UInt
from mimi.errors import UsageError

LeafIndex = NewType("LeafIndex", int)
NodeIndex = NewType("NodeIndex", int)

MOST_LEAVES = 1 << 20
"""The most leaves of a tree that is received or stored."""

LeafIndexField: TypeAlias = Annotated[LeafIndex, UInt(4)]
"""A leaf index as a field of a wire structure: uint32."""


class TreeIndexError(UsageError):
    """A node has no such relative, or is not in the tree."""

    rule = "RFC 9420 appendix C"


def node_of(leaf: int) -> NodeIndex:
    """Return the node of a leaf."""
    return NodeIndex(2 * leaf)


def leaf_of(node: int) -> LeafIndex:
    """Return the leaf index of a node that is a leaf.

    Raises:
        TreeIndexError: The node is a parent.
    """
    if node & 1:
        raise TreeIndexError(f"node {node} is no leaf", node=node)
    return LeafIndex(node // 2)


def level(node: int) -> int:
    """Return the height of a node above the leaves."""
    return (~node & (node + 1)).bit_length() - 1


def node_width(leaf_count: int) -> int:
    """Return the number of nodes in a tree of *leaf_count* leaves."""
    return 2 * leaf_count - 1 if leaf_count else 0


def leaf_width(node_count: int) -> int:
    """Return the number of leaves, a power of two, of the least tree with *node_count* nodes."""
    return 1 << (node_count // 2).bit_length()


def root(leaf_count: int) -> NodeIndex:
    """Return the root of a tree of *leaf_count* leaves.

    Raises:
        TreeIndexError: *leaf_count* is not a power of two.
    """
    if leaf_count <= 0 or leaf_count & (leaf_count - 1):
        raise TreeIndexError(f"a tree has a power of two of leaves, not {leaf_count}")
    return NodeIndex(leaf_count - 1)


def children(node: int) -> tuple[NodeIndex, NodeIndex]:
    """Return the left and the right child of a parent node.

    Raises:
        TreeIndexError: The node is a leaf.
    """
    if not node & 1:
        raise TreeIndexError(f"node {node} is a leaf: it has no children", node=node)
    half = (~node & (node + 1)) >> 1
    return NodeIndex(node - half), NodeIndex(node + half)


def left(node: int) -> NodeIndex:
    """Return the left child of a parent node; see `children`."""
    return children(node)[0]


def right(node: int) -> NodeIndex:
    """Return the right child of a parent node; see `children`."""
    return children(node)[1]


def parent(node: int, leaf_count: int) -> NodeIndex:
    """Return the parent of a node other than the root."""
    if node == root(leaf_count) or not 0 <= node < node_width(leaf_count):
        raise TreeIndexError(f"node {node} has no parent in {leaf_count} leaves", node=node)
    height = level(node)
    return NodeIndex((node | (1 << height)) & ~(1 << (height + 1)))


def sibling(node: int, leaf_count: int) -> NodeIndex:
    """Return the other child of a node's parent."""
    above = parent(node, leaf_count)
    return right(above) if node < above else left(above)


def direct_path(node: int, leaf_count: int) -> list[NodeIndex]:
    """Return the ancestors of a node, from its parent to the root.

    The ancestor of height h ends in a zero and h ones and has the node's bits above them.
    """
    top = root(leaf_count)
    if not 0 <= node <= 2 * top:
        raise TreeIndexError(f"node {node} is not in a tree of {leaf_count} leaves", node=node)
    heights = range(level(node) + 1, level(top) + 1)
    return [NodeIndex(node >> (h + 1) << (h + 1) | (1 << h) - 1) for h in heights]


def copath(node: int, leaf_count: int) -> list[NodeIndex]:
    """Return the siblings of a node and of its ancestors but the root, from the leaf up.

    Siblings of height h differ in the bit above the ones, bit h + 1, alone.
    """
    path = [NodeIndex(node), *direct_path(node, leaf_count)][:-1]
    return [NodeIndex(step ^ 1 << h + 1) for h, step in enumerate(path, level(node))]


@lru_cache(maxsize=1024)
def steps_to_root(node: int, leaf_count: int) -> tuple[tuple[NodeIndex, NodeIndex], ...]:
    """Return the direct path of a node, each with its child on the copath, from the leaf up."""
    path = direct_path(node, leaf_count)
    return tuple(zip(path, copath(node, leaf_count), strict=True))


def is_below(node: int, head: int) -> bool:
    """Return whether *node* is in the subtree of *head*, which includes *head* itself."""
    reach = (1 << level(head)) - 1
    return head - reach <= node <= head + reach


def common_ancestor(first: int, second: int) -> NodeIndex:
    """Return the lowest node whose subtree holds both nodes."""
    if is_below(first, second):
        return NodeIndex(second)
    if is_below(second, first):
        return NodeIndex(first)
    height = (first ^ second).bit_length()
    return NodeIndex((first >> height << height) | ((1 << (height - 1)) - 1))


def leaves_below(node: int) -> range:
    """Return the indices of the leaves in the subtree of *node*."""
    reach = (1 << level(node)) - 1
    return range((node - reach) // 2, (node + reach) // 2 + 1)
