"""The frontier of a tree of secrets, and the way to a leaf (RFC 9420 sections 9 and 9.2).

::

    height 3             7                    what is known: the secret of node 7
    height 2      3             11            on the way to leaf 2, node 4: 7, 3, 5, 4
    height 1   1     5       9      13        beside the way: 11, 1, 6
    height 0  0 2   4 6     8 10  12 14

A node of height h is the k-th of its height, from 0, at position ``k << h + 1 | (1 << h) - 1``: a
leaf's ancestor there is the one whose k is the leaf's index without its last h bits.
"""

from mimi.crypto import Secret, Suite
from mimi.mls.numbermap import NumberMap
from mimi.tree.math import LeafIndex, NodeIndex

Frontier = NumberMap[NodeIndex, Secret]
"""The secrets from which those of the leaves follow that are left, by their nodes."""


def height_above(frontier: Frontier, leaf: LeafIndex, depth: int) -> int | None:
    """Return the height of the node from whose secret a leaf's follows; None where none is left.

    Args:
        frontier: The secrets that are left.
        leaf: A leaf of the tree.
        depth: The height of the root.
    """
    find = frontier.find
    for height in range(depth + 1):
        if find(NodeIndex(leaf >> height << height + 1 | (1 << height) - 1)) is not None:
            return height
    return None


def without_leaf(
    suite: Suite, frontier: Frontier, leaf: LeafIndex, depth: int
) -> tuple[Frontier, Secret] | None:
    """Return a frontier without the way to a leaf, and the leaf's secret.

    The secret above the leaf goes, with all that is derived on the way; what is derived for the
    siblings of the nodes on the way comes in its place.

    Args:
        suite: The cipher suite.
        frontier: The secrets that are left.
        leaf: A leaf of the tree.
        depth: The height of the root.

    Returns:
        None where the leaf's secret was taken before.
    """
    top = height_above(frontier, leaf, depth)
    if top is None:
        return None
    above = NodeIndex(leaf >> top << top + 1 | (1 << top) - 1)
    octets, beside = frontier[above].reveal(), {}
    for height in range(top - 1, -1, -1):
        place = leaf >> height
        sibling = NodeIndex((place ^ 1) << height + 1 | (1 << height) - 1)
        left, right = suite.derive_children(octets)
        if place & 1:
            octets, beside[sibling] = right, Secret(left)
        else:
            octets, beside[sibling] = left, Secret(right)
    return frontier.replacing(above, beside), Secret(octets)
