"""Where two trees differ, and the one made from the other by that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tree.members import SUITE, Group, crowd, fresh, full, refused

from mimi.tree.chunks import Chunks
from mimi.tree.errors import NodePlaceError
from mimi.tree.math import LeafIndex, NodeIndex, TreeIndexError, direct_path, node_width
from mimi.tree.ratchet import RatchetTree


def compared(now: RatchetTree, before: RatchetTree) -> None:
    """Compare trees node by node, and make each from the other."""
    width = node_width(max(now.leaf_count, before.leaf_count))
    places = map(NodeIndex, range(width))
    different = tuple(at for at in places if now.node(at) != before.node(at))
    assert now.differences(before) == before.differences(now) == different
    for one, another in ((now, before), (before, now)):
        last = node_width(another.leaf_count)
        nodes = {at: another.node(at) for at in different if at < last}
        made = one.with_nodes(another.leaf_count, nodes)
        assert made == another
        assert made.nodes == another.nodes
        assert made.leaf_count == another.leaf_count
        assert made.leftmost_blank() == another.leftmost_blank()
        assert made.index.members == another.index.members
        for at, node in enumerate(another.nodes):
            assert node is None or made.index.node_with(node.encryption_key) == at


@given(st.lists(st.integers(0, 30), max_size=8))
def test_trees_of_a_group(steps):
    group = Group.of(3)
    trees = [group.tree]
    for step in steps:
        leaf = group.leaves[step % len(group.leaves)]
        if step % 3 == 0:
            group.add()
        elif step % 3 == 1 and len(group.leaves) > 1:
            group.remove(leaf)
        else:
            group.commit(leaf)
        trees.append(group.tree)
    compared(trees[-1], trees[-1])
    for before in trees:
        compared(trees[-1], before)


def test_equal_nodes_are_no_difference():
    tree = full().tree
    again = RatchetTree.of_nodes(SUITE, tree.nodes)
    assert RatchetTree.decode(SUITE, tree.encode()).differences(tree) == ()
    assert again.differences(tree) == ()


def test_a_large_tree_and_one_leaf():
    tree = crowd(300)
    leaf = fresh(1000)
    changed = tree.update(LeafIndex(40), leaf)
    assert set(changed.differences(tree)) == {80, *direct_path(80, 512)}
    assert changed.node(NodeIndex(80)) is leaf
    compared(changed, tree)


@pytest.mark.parametrize("leaf_count", [0, 3, -4])
def test_a_tree_has_a_power_of_two_of_leaves(leaf_count):
    with refused(TreeIndexError):
        crowd(4).with_nodes(leaf_count, {})


@pytest.mark.parametrize("node", [-2, 7, 8, 1 << 40])
def test_a_node_beyond_the_tree(node):
    with refused(TreeIndexError, node=node):
        crowd(4).with_nodes(4, {NodeIndex(node): fresh(9)})


def test_a_node_in_the_wrong_place():
    tree = crowd(4)
    with refused(NodePlaceError, node=1):
        tree.with_nodes(4, {NodeIndex(1): fresh(9)})
    with refused(NodePlaceError, node=2):
        tree.with_nodes(4, {NodeIndex(2): tree.node(NodeIndex(1))})


@given(st.lists(st.integers(0, 199), max_size=9), st.integers(0, 200), st.integers(0, 80))
def test_chunks_differ_where_objects_do(places, length, more):
    first = Chunks([[at] for at in range(200)])
    second = first.replace({at: [at] for at in places}).truncate(length)
    second = second.extend([[0]] * more)
    ours, theirs = list(first), list(second)
    expected = [
        at
        for at in range(max(len(ours), len(theirs)))
        if at >= len(ours) or at >= len(theirs) or ours[at] is not theirs[at]
    ]
    assert list(first.differences(second)) == list(second.differences(first)) == expected
