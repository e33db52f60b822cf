"""The ratchet tree: operations against naive definitions, and what versions share."""

import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree.members import SUITE, Group, Person, every_suite, person, refused, with_parent

from mimi.codec import encode, replace
from mimi.crypto import CipherSuite, SeededEntropy, suite_of
from mimi.errors import MalformedError
from mimi.tree import math
from mimi.tree.errors import (
    BlankLeafError,
    NodePlaceError,
    TrailingBlankError,
    TreeWidthError,
)
from mimi.tree.hashes import LeafNodeHashInput, ParentNodeHashInput, TreeHashInput
from mimi.tree.leaf import LeafNode, UpdateSource
from mimi.tree.node import ParentNode, RatchetTreeNodes
from mimi.tree.ratchet import RatchetTree

MOST = 16
"""The members of the largest tree."""

OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(("add", "add", "update", "remove", "commit", "add and commit")),
        st.integers(0, 63),
    ),
    min_size=3,
    max_size=14,
)

GROUPS = st.builds(Group.of, st.integers(1, 9), commits=st.booleans())


def operate(group: Group, kind: str, number: int) -> None:
    """Apply one operation, wherever it makes sense."""
    who = group.leaves[number % len(group.leaves)]
    match kind:
        case "add" if len(group.leaves) < MOST:
            group.add()
        case "update":
            group.update(who)
        case "remove" if len(group.leaves) > 1:
            group.remove(who)
        case "commit":
            group.commit(who)
        case "add and commit" if len(group.leaves) < MOST - 2:
            group.commit(who, tuple(group.add() for _ in range(1 + number % 2)))


# Naive definitions


def nodes_of(tree: RatchetTree) -> dict[int, Any]:
    return {at: tree.node(at) for at in range(math.node_width(tree.leaf_count))}


def naive_hash(nodes: dict[int, Any], position: int) -> bytes:
    """RFC 9420 section 7.8, without remembering anything."""
    node = nodes[position]
    if position % 2 == 0:
        return SUITE.hash(encode(LeafNodeHashInput(position // 2, node), TreeHashInput))
    below = [naive_hash(nodes, child) for child in (math.left(position), math.right(position))]
    return SUITE.hash(encode(ParentNodeHashInput(node, *below), TreeHashInput))


def naive_resolution(tree: RatchetTree, position: int) -> list[int]:
    """RFC 9420 section 4.1.1, word by word."""
    node = tree.node(position)
    if node is not None:
        unmerged = node.unmerged_leaves if isinstance(node, ParentNode) else ()
        return [position, *(2 * leaf for leaf in unmerged)]
    if position % 2 == 0:
        return []
    left, right = math.left(position), math.right(position)
    return naive_resolution(tree, left) + naive_resolution(tree, right)


def naive_leftmost_blank(tree: RatchetTree) -> int:
    blank = [leaf for leaf in range(tree.leaf_count) if tree.leaf(leaf) is None]
    return min(blank, default=tree.leaf_count)


def naive_filtered_path(tree: RatchetTree, leaf: int) -> list[tuple[int, int]]:
    """RFC 9420 section 4.1.2, word by word."""
    pairs = []
    node = 2 * leaf
    while node != tree.root:
        sibling, node = math.sibling(node, tree.leaf_count), math.parent(node, tree.leaf_count)
        if naive_resolution(tree, sibling):
            pairs.append((node, sibling))
    return pairs


def naive_without(tree: RatchetTree, position: int, leaves: set[int]) -> bytes:
    """RFC 9420 section 7.9: blank the leaves, and take them out of all unmerged leaves."""
    nodes = nodes_of(tree)
    for at, node in nodes.items():
        if isinstance(node, ParentNode):
            rest = tuple(leaf for leaf in node.unmerged_leaves if leaf not in leaves)
            nodes[at] = replace(node, unmerged_leaves=rest)
    for leaf in leaves:
        nodes[2 * leaf] = None
    return naive_hash(nodes, position)


def check_against_naive(tree: RatchetTree) -> None:
    width = math.node_width(tree.leaf_count)
    for position in range(width):
        assert tree.node_hash(position) == naive_hash(nodes_of(tree), position)
        assert list(tree.resolution(position)) == naive_resolution(tree, position)
    for leaf, _ in tree.members():
        assert list(tree.filtered_direct_path(leaf)) == naive_filtered_path(tree, leaf)
    assert tree.leftmost_blank() == naive_leftmost_blank(tree)
    assert tree.root == math.root(tree.leaf_count)


def check_size(tree: RatchetTree) -> None:
    """RFC 9420 section 7.7: the right half of a tree is never all blank."""
    right_half = range(tree.leaf_count // 2, tree.leaf_count)
    assert any(tree.leaf(leaf) is not None for leaf in right_half)


# Properties


@settings(deadline=None, max_examples=150)
@given(group=GROUPS, operations=OPERATIONS)
def test_every_reachable_tree_is_valid_and_as_if_made_from_scratch(group, operations):
    for kind, number in operations:
        operate(group, kind, number)
        again = RatchetTree.of_nodes(SUITE, group.tree.nodes)
        assert again == group.tree
        assert hash(again) == hash(group.tree)
        assert again.tree_hash == group.tree.tree_hash
        assert (again.leaf_count, again.nodes) == (group.tree.leaf_count, group.tree.nodes)
        assert RatchetTree.decode(SUITE, group.tree.encode()) == group.tree
        check_size(group.tree)
        group.check()
    check_against_naive(group.tree)
    group.validate(tree_hash=group.tree.tree_hash)
    group.validate(RatchetTree.decode(SUITE, group.tree.encode()))


@settings(deadline=None, max_examples=50)
@given(group=GROUPS, operations=OPERATIONS)
def test_old_versions_stay_what_they_were(group, operations):
    """Half of the versions are asked for their hashes late, when later ones share entries."""
    versions = [(group.tree, group.tree.nodes, group.tree.leaf_count, group.tree.tree_hash)]
    for kind, number in operations:
        operate(group, kind, number)
        early = group.tree.tree_hash if number & 1 else None
        versions.append((group.tree, group.tree.nodes, group.tree.leaf_count, early))
    for tree, nodes, leaf_count, tree_hash in versions:
        assert (tree.nodes, tree.leaf_count) == (nodes, leaf_count)
        fresh = RatchetTree.of_nodes(SUITE, nodes)
        assert tree.tree_hash == fresh.tree_hash == (tree_hash or fresh.tree_hash)
        assert tree.leftmost_blank() == fresh.leftmost_blank()
        for position in range(math.node_width(leaf_count)):
            assert tree.resolution(position) == fresh.resolution(position)


@settings(deadline=None, max_examples=50)
@given(group=GROUPS, operations=OPERATIONS, data=st.data())
def test_a_hash_without_leaves_is_that_of_the_tree_without_them(group, operations, data):
    for kind, number in operations:
        operate(group, kind, number)
    tree = group.tree
    leaves = data.draw(st.sets(st.sampled_from(group.leaves)))
    position = data.draw(st.integers(0, math.node_width(tree.leaf_count) - 1))
    original = tree.original_hash(position, tuple(sorted(leaves)))
    assert original == naive_without(tree, position, leaves)
    assert tree.original_hash(tree.root, ()) == tree.tree_hash


@settings(deadline=None, max_examples=20)
@given(order=st.permutations(range(10)), stop=st.integers(1, 9))
def test_members_who_leave_and_return_get_the_leftmost_leaves(order, stop):
    group = Group.of(10, commits=False)
    assert (group.leaves, group.tree.leaf_count) == (list(range(10)), 16)
    for leaf in order[:stop]:
        group.remove(leaf)
        assert group.tree.leftmost_blank() == naive_leftmost_blank(group.tree)
        check_size(group.tree)
    for _ in range(stop):
        expected = naive_leftmost_blank(group.tree)
        assert group.add() == expected
    assert (group.leaves, group.tree.leaf_count) == (list(range(10)), 16)
    group.validate()


@every_suite
def test_a_group_of_every_suite(suite):
    group = Group.of(3, suite)
    group.commit(1, (group.add(),))
    group.update(2)
    group.remove(0)
    group.commit(3)
    group.check()
    group.validate(tree_hash=group.tree.tree_hash)
    assert len(group.tree.tree_hash) == suite.nh
    assert RatchetTree.decode(suite, group.tree.encode()) == group.tree


# Examples


def alone() -> tuple[RatchetTree, Person]:
    member = person(SeededEntropy(b"alone"))
    return RatchetTree.of_leaf(SUITE, member.leaf), member


def test_a_tree_of_one():
    tree, member = alone()
    assert (tree.leaf_count, tree.root, tree.nodes) == (1, 0, (member.leaf,))
    assert tree.filtered_direct_path(0) == ()
    assert tree.resolution(0) == (0,)
    assert repr(tree) == "RatchetTree(1 members, 1 leaves)"
    assert tree.leftmost_blank() == 1


def test_a_tree_without_members_has_no_nodes_and_cannot_be_sent():
    empty = alone()[0].remove(0)
    assert (empty.nodes, empty.leaf_count, empty.leftmost_blank()) == ((), 1, 0)
    with refused(TrailingBlankError):
        RatchetTree.decode(SUITE, empty.encode())


def test_a_tree_doubles_and_halves():
    group, counts = Group(), []
    for _ in range(8):
        group.add()
        counts.append(group.tree.leaf_count)
    assert counts == [2, 4, 4, 8, 8, 8, 8, 16]
    for leaf in (8, 3, 7, 6, 5, 4, 2, 1):
        group.remove(leaf)
        counts.append(group.tree.leaf_count)
    assert counts[8:] == [8, 8, 8, 8, 8, 4, 2, 1]


def test_removing_the_last_leaf_uncovers_all_blank_ones_before_it():
    group = Group.of(9, commits=False)
    for leaf in (4, 5, 6, 7, 2, 3, 1):
        group.remove(leaf)
    assert group.tree.leaf_count == 16
    group.remove(8)
    assert (group.tree.leaf_count, group.tree.nodes) == (1, (group.tree.leaf(0),))
    assert group.tree.leftmost_blank() == 1


def test_what_a_change_does_not_touch_is_not_computed_again():
    group = Group.of(8)
    before = {at: (group.tree.node_hash(at), group.tree.resolution(at)) for at in range(15)}
    tree = group.tree.update(2, group.signed(2, leaf_node_source=UpdateSource()))
    for at in set(range(15)) - {4, 5, 3, 7}:
        assert tree.node_hash(at) is before[at][0]
        assert tree.resolution(at) is before[at][1]
    for at in (4, 5, 3, 7):
        assert tree.node_hash(at) != before[at][0]
        assert tree.node_hash(at) is tree.node_hash(at)


def test_an_update_replaces_the_leaf_and_blanks_the_path():
    group = Group.of(4)
    assert all(group.tree.node(at) is not None for at in (1, 3, 5))
    group.update(2)
    assert [at for at in range(7) if group.tree.node(at) is None] == [3, 5]
    assert isinstance(group.tree.member(2).leaf_node_source, UpdateSource)


def test_the_first_leaf_is_updated_and_removed_like_any():
    group = Group.of(4)
    old = group.tree.member(0)
    group.update(0)
    assert group.tree.member(0) != old
    assert [at for at in range(7) if group.tree.node(at) is None] == [1, 3]
    group.remove(0)
    assert group.tree.leaf(0) is None
    assert group.add() == 0


def test_a_new_leaf_is_unmerged_at_every_parent_above_it():
    group = Group.of(4)
    group.remove(1)
    group.commit(2)
    group.commit(0)
    leaf = group.add()
    assert leaf == 1
    assert group.tree.node(1) is None
    assert group.tree.parent_node(3).unmerged_leaves == (1,)
    assert group.tree.parent_node(5).unmerged_leaves == ()
    assert group.tree.resolution(3) == (3, 2)


def test_unmerged_leaves_stay_sorted_whatever_their_order():
    group = Group.of(8)
    for leaf in (5, 2):
        group.remove(leaf)
    group.commit(7)
    group.commit(0)
    group.tree = with_parent(group.tree, 7, unmerged_leaves=(5,))
    group.tree, index = group.tree.add(person(group.entropy).leaf)
    assert index == 2
    assert group.tree.parent_node(7).unmerged_leaves == (2, 5)


def test_a_path_may_leave_its_leaf_blank():
    tree = Group.of(4).tree
    blank = tree.with_path(1, None, {5: tree.parent_node(5)})
    assert [blank.node(at) for at in (1, 2, 3)] == [None] * 3
    assert blank.node(5) == tree.node(5)
    assert blank.leftmost_blank() == 1
    assert tree.leftmost_blank() == 4


@pytest.mark.parametrize("index", [1, 4, 7, 8, 2**32 - 1, -1])
def test_there_is_no_member_at_a_blank_leaf_or_outside(index):
    group = Group.of(6)
    group.remove(1)
    group.remove(4)
    assert group.tree.leaf(index) is None
    leaf = group.tree.member(0)
    attempts = (
        lambda: group.tree.member(index),
        lambda: group.tree.update(index, leaf),
        lambda: group.tree.remove(index),
    )
    for attempt in attempts:
        with refused(BlankLeafError, leaf=index):
            attempt()


def test_nodes_beyond_the_tree_are_blank():
    tree = Group.of(3).tree
    assert [tree.node(at) for at in (-1, 6, 7, 100)] == [None] * 4
    assert tree.parent_node(0) is None


# Decoding (RFC 9420 section 12.4.3.3)


def test_a_tree_does_not_end_with_a_blank_node():
    tree = Group.of(3).tree
    assert RatchetTree.decode(SUITE, encode(tree.nodes, RatchetTreeNodes)) == tree
    for nodes in ((), (None,), (*tree.nodes, None), (*tree.nodes, None, None)):
        with refused(TrailingBlankError):
            RatchetTree.decode(SUITE, encode(nodes, RatchetTreeNodes))


@pytest.mark.parametrize(("position", "other"), [(0, 1), (1, 0), (4, 3), (3, 4)])
def test_leaves_and_parents_stand_at_their_places(position, other):
    tree = Group.of(4).tree
    nodes = list(tree.nodes)
    assert RatchetTree.of_nodes(SUITE, tuple(nodes)) == tree
    nodes[position] = nodes[other]
    with refused(NodePlaceError, node=position):
        RatchetTree.decode(SUITE, encode(tuple(nodes), RatchetTreeNodes))


def test_the_first_leaf_may_be_blank():
    group = Group.of(3)
    group.remove(0)
    tree = RatchetTree.decode(SUITE, group.tree.encode())
    assert tree == group.tree
    assert tree.leaf(0) is None
    assert tree.leftmost_blank() == 0


def test_unsorted_unmerged_leaves_are_malformed():
    group = Group.of(8)
    for leaf in (1, 2):
        group.remove(leaf)
    group.commit(5)
    group.add()
    group.add()
    octets, root = group.tree.encode(), group.tree.parent_node(7)
    assert root.unmerged_leaves == (1, 2)
    assert RatchetTree.decode(SUITE, octets) == group.tree
    listed = b"\x08\0\0\0\1\0\0\0\2"
    assert octets.count(listed) == 1
    for wrong in (b"\x08\0\0\0\2\0\0\0\1", b"\x08\0\0\0\1\0\0\0\1"):
        with pytest.raises(MalformedError, match=r"\(RFC 9420 section 7\.1\)$"):
            RatchetTree.decode(SUITE, octets.replace(listed, wrong))


def test_octets_behind_a_tree_are_malformed():
    octets = Group.of(2).tree.encode()
    for length in range(len(octets)):
        with pytest.raises(MalformedError):
            RatchetTree.decode(SUITE, octets[:length])
    with pytest.raises(MalformedError):
        RatchetTree.decode(SUITE, octets + b"\0")


def test_decoded_leaves_are_hashed_as_they_came():
    tree = Group.of(3).tree
    again = RatchetTree.decode(SUITE, tree.encode())
    for index, leaf in again.members():
        assert encode(leaf) == encode(replace(leaf))
        assert isinstance(leaf, LeafNode)
        assert again.node_hash(2 * index) == naive_hash(nodes_of(tree), 2 * index)


# Comparing


def test_trees_are_equal_when_suite_and_tree_hash_are():
    tree = Group.of(3).tree
    assert tree == RatchetTree.of_nodes(SUITE, tree.nodes)
    assert tree != Group.of(4).tree
    assert tree != RatchetTree.of_nodes(suite_of(CipherSuite.X25519_CHACHA20), tree.nodes)
    assert tree != tree.tree_hash


def test_blank_leaves_take_little_memory():
    """A tree can be blank for the most part, at an octet a node."""
    leaf = person(SeededEntropy(1)).leaf
    nodes = (None,) * (1 << 15) + (leaf,)
    octets = encode(nodes, RatchetTreeNodes)
    tracemalloc.start()
    tree = RatchetTree.decode(SUITE, octets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150 * len(octets)
    assert tree.leaf_count == 1 << 15
    assert tree.nodes == nodes


def test_a_tree_of_blanks_is_not_taken_at_any_width():
    """An octet on the wire would be 180 of memory."""
    leaf = person(SeededEntropy(b"far out")).leaf
    blanks = (None,) * math.node_width(math.MOST_LEAVES)
    with refused(TreeWidthError):
        RatchetTree.of_nodes(SUITE, (*blanks, None, leaf))
