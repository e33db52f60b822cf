"""Checking a tree that somebody sent: one test for each rule, each beside a tree that holds it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree.members import (
    GROUP_ID,
    LIFETIME,
    SUITE,
    Group,
    bulk,
    every_suite,
    full,
    person,
    refused,
    with_nodes,
    with_parent,
)

from mimi.codec import replace
from mimi.errors import InvalidError
from mimi.tree import math
from mimi.tree.codepoints import ExtensionType
from mimi.tree.errors import (
    DuplicateEncryptionKeyError,
    DuplicateSignatureKeyError,
    EncryptionKeyError,
    LeafSignatureError,
    ParentHashError,
    TreeHashError,
    UnmergedLeafError,
)
from mimi.tree.extension import Extension
from mimi.tree.leaf import CommitSource, KeyPackageSource, Lifetime
from mimi.tree.node import ParentNode
from mimi.tree.ratchet import RatchetTree
from mimi.tree.validate import (
    parent_hash,
    validate_tree,
    verify_leaf_signatures,
    verify_parent_hashes,
)

CUSTOM = Extension(ExtensionType(0xF001), b"anything")


# Tree hash


def test_the_tree_is_that_of_the_group_context():
    group = full(3)
    group.validate(tree_hash=group.tree.tree_hash)
    for wrong in (b"", bytes(32), bulk().tree.tree_hash):
        with refused(TreeHashError):
            group.validate(tree_hash=wrong)


# Keys


def test_no_two_leaves_have_one_signature_key():
    group, twin = bulk(), person(Group().entropy)
    tree, _ = group.tree.add(twin.leaf)
    group.validate(tree)
    key = SUITE.generate_key_pair(group.entropy).public
    tree, index = tree.add(twin.signed(encryption_key=key))
    with refused(DuplicateSignatureKeyError, leaf=index):
        group.validate(tree)


def test_no_two_leaves_have_one_encryption_key():
    group, other = bulk(), person(Group().entropy)
    tree, _ = group.tree.add(other.leaf)
    group.validate(tree)
    taken = other.signed(encryption_key=group.tree.member(2).encryption_key)
    tree, index = group.tree.add(taken)
    with refused(DuplicateEncryptionKeyError, node=2 * index):
        group.validate(tree)


def test_a_parent_has_the_encryption_key_of_no_leaf():
    group = full()
    stolen = group.tree.member(6).encryption_key
    with refused(DuplicateEncryptionKeyError, node=3):
        group.validate(with_parent(group.tree, 3, encryption_key=stolen))


def test_no_two_parents_have_one_encryption_key():
    group = full()
    stolen = group.tree.parent_node(1).encryption_key
    with refused(DuplicateEncryptionKeyError, node=11):
        group.validate(with_parent(group.tree, 11, encryption_key=stolen))


def test_every_encryption_key_is_a_key():
    group = full()
    for wrong in (b"", b"short", bytes(33)):
        with refused(EncryptionKeyError, node=3):
            group.validate(with_parent(group.tree, 3, encryption_key=wrong))
        leaf = group.signed(2, encryption_key=wrong)
        with refused(EncryptionKeyError, node=4):
            group.validate(group.with_node(4, leaf))


# Unmerged leaves


def unmerged() -> Group:
    """Return a group with leaf 5 unmerged at nodes 7 and 11, below which node 9 is blank."""
    group = full()
    group.remove(5)
    group.commit(6)
    group.commit(0)
    assert group.add() == 5
    group.validate()
    listed = {at: parent.unmerged_leaves for at, parent in group.tree.parents()}
    assert listed == {1: (), 3: (), 5: (), 7: (5,), 11: (5,), 13: ()}
    return group


def test_an_unmerged_leaf_is_a_member():
    tree = unmerged().tree
    nodes = list(tree.nodes)
    nodes[10] = None
    with refused(UnmergedLeafError, node=7, leaf=5):
        validate_tree(
            RatchetTree.of_nodes(SUITE, tuple(nodes)), GROUP_ID, (), tree_hash=None, lifetimes=None
        )


@pytest.mark.parametrize("leaf", [4, 7, 8, 2**32 - 1])
def test_an_unmerged_leaf_is_below_its_parent(leaf):
    tree = full().tree
    with refused(UnmergedLeafError, node=3, leaf=leaf):
        validate_tree(
            with_parent(tree, 3, unmerged_leaves=(leaf,)),
            GROUP_ID,
            (),
            tree_hash=None,
            lifetimes=None,
        )


def test_an_unmerged_leaf_is_known_to_every_parent_between():
    tree = unmerged().tree
    with refused(UnmergedLeafError, node=11, leaf=5):
        validate_tree(
            with_parent(tree, 11, unmerged_leaves=()), GROUP_ID, (), tree_hash=None, lifetimes=None
        )


# Parent hashes (RFC 9420 section 7.9)


@pytest.mark.parametrize("position", [1, 3, 5, 7, 9, 11, 13])
def test_no_parent_can_be_replaced(position):
    group = full()
    key = SUITE.generate_key_pair(group.entropy).public
    with pytest.raises(InvalidError) as caught:
        group.validate(with_parent(group.tree, position, encryption_key=key))
    assert type(caught.value) is ParentHashError
    with pytest.raises(ParentHashError):
        group.validate(with_parent(group.tree, position, parent_hash=bytes(SUITE.nh)))


def test_a_parent_without_anyone_who_vouches_is_refused():
    group = bulk(4)
    key = SUITE.generate_key_pair(group.entropy).public
    for position in (1, 3):
        with refused(ParentHashError, node=position):
            group.validate(group.with_node(position, ParentNode(key, b"")))


def pair() -> Group:
    """Return a group of two whose root leaf 0 vouches for."""
    group = Group.of(2, commits=False)
    group.commit(0)
    group.validate()
    return group


@pytest.mark.parametrize("wrong", [b"", bytes(32), bytes(31)], ids=["null", "zeros", "short"])
def test_the_leaf_that_vouches_carries_the_parent_hash(wrong):
    group = pair()
    leaf = group.signed(0, leaf_node_source=CommitSource(wrong))
    tree = group.with_node(0, leaf)
    verify_leaf_signatures(tree, GROUP_ID)
    with refused(ParentHashError, node=1):
        group.validate(tree)


def test_a_leaf_from_elsewhere_than_a_commit_vouches_for_nothing():
    group = pair()
    leaf = group.signed(0, leaf_node_source=KeyPackageSource(LIFETIME))
    with refused(ParentHashError, node=1):
        group.validate(group.with_node(0, leaf))


def test_a_null_parent_hash_vouches_for_no_parent():
    """Node 1 carries no parent hash but is itself vouched for: the chain to node 3 is broken."""
    group = Group.of(4, commits=False)
    group.commit(0)
    group.validate()
    middle = replace(group.tree.parent_node(1), parent_hash=b"")
    vouching = parent_hash(SUITE, middle, group.tree.node_hash(2))
    leaf = group.signed(0, leaf_node_source=CommitSource(vouching))
    tree = with_nodes(group.tree, {0: leaf, 1: middle})
    with refused(ParentHashError, node=3):
        group.validate(tree)
    root = replace(tree.parent_node(3), parent_hash=b"")
    with refused(ParentHashError, node=3):
        group.validate(with_nodes(tree, {3: root}))


def test_a_hash_over_nothing_vouches_for_no_parent():
    """A parent hash that leaves out the sibling would fit every sibling."""
    group = pair()
    lone = parent_hash(SUITE, group.tree.parent_node(1), b"")
    leaf = group.signed(0, leaf_node_source=CommitSource(lone))
    with refused(ParentHashError, node=1):
        group.validate(group.with_node(0, leaf))


def test_a_member_that_no_parent_lists_is_refused():
    """Added at a leaf that was blank when the parent was made, and listed nowhere."""
    tree = unmerged().tree
    tree = with_parent(with_parent(tree, 11, unmerged_leaves=()), 7, unmerged_leaves=())
    with refused(ParentHashError, node=7):
        validate_tree(tree, GROUP_ID, (), tree_hash=None, lifetimes=None)


def test_a_merged_member_cannot_be_listed_as_unmerged():
    """It would be left out of what was encrypted to the parent's key before it was made."""
    group = full()
    for position, leaf in ((1, 0), (3, 2), (7, 5)):
        changes = {
            at: replace(group.tree.parent_node(at), unmerged_leaves=(leaf,))
            for at in (1, 3, 5, 7, 9, 11, 13)
            if leaf in math.leaves_below(at) and at <= position
        }
        with pytest.raises((ParentHashError, UnmergedLeafError)):
            group.validate(with_nodes(group.tree, changes))


def test_a_parent_lists_no_leaf_that_the_node_below_does_not():
    """Parent hashes do not cover unmerged leaves: without this rule the root would be accepted."""
    group = Group.of(4, commits=False)
    group.commit(2)
    group.validate()
    tree = with_parent(group.tree, 3, unmerged_leaves=(3,))
    with refused(UnmergedLeafError, node=5, leaf=3):
        group.validate(tree)
    with refused(ParentHashError, node=3):
        verify_parent_hashes(tree)


def test_a_sibling_cannot_be_changed_behind_a_parent():
    """The root vouched for by leaf 0 covers all leaves on the other side."""
    group = Group.of(4, commits=False)
    group.commit(0)
    group.validate()
    other = group.signed(3, leaf_node_source=KeyPackageSource(Lifetime(0, 1)))
    tree = group.with_node(6, other)
    verify_leaf_signatures(tree, GROUP_ID)
    with refused(ParentHashError, node=3):
        group.validate(tree)


def test_members_added_below_a_blank_ancestor_change_no_parent_hash():
    """Node 9 is blank; leaf 5 came after leaf 0 committed to the hash of node 11."""
    group = unmerged()
    assert group.tree.node(9) is None
    root = group.tree.parent_node(7)
    now = parent_hash(SUITE, root, group.tree.node_hash(11))
    then = parent_hash(SUITE, root, group.tree.original_hash(11, root.unmerged_leaves))
    assert group.tree.parent_node(3).parent_hash == then != now
    verify_parent_hashes(group.tree)
    group.commit(5)
    group.validate()


def test_many_members_added_below_blank_ancestors():
    group = Group.of(12)
    for leaf in (9, 8, 5, 4, 1):
        group.remove(leaf)
    group.commit(2)
    for _ in range(5):
        group.add()
        group.validate()
    assert group.tree.parent_node(15).unmerged_leaves == (1, 4, 5, 8, 9)
    for leaf in (4, 9, 0):
        group.commit(leaf)
        group.validate()


def test_the_tree_of_a_commit_is_valid_for_its_own_sender():
    group = full(5)
    created = group.create(3)
    group.validate(created.tree, tree_hash=created.tree.tree_hash)
    old, new = group.tree.member(3), created.tree.member(3)
    assert old.signature != new.signature
    assert old.encryption_key != new.encryption_key
    reused = replace(new, signature=old.signature)
    with refused(LeafSignatureError, leaf=3):
        group.validate(with_nodes(created.tree, {6: reused}))


# Signatures


@every_suite
def test_every_leaf_of_a_joined_tree_is_signed(suite):
    group = Group.of(3, suite, commits=False)
    group.commit(0)
    group.update(1)
    group.commit(2)
    group.validate()
    for leaf in group.leaves:
        forged = replace(group.tree.member(leaf), signature=group.tree.member(0).signature + b"\0")
        with refused(LeafSignatureError, leaf=leaf):
            verify_leaf_signatures(group.with_node(2 * leaf, forged), GROUP_ID)


def test_leaves_are_signed_for_this_group():
    group = full(3)
    with refused(LeafSignatureError, leaf=0):
        validate_tree(group.tree, b"another group", (), tree_hash=None, lifetimes=None)


def test_a_leaf_cannot_be_moved():
    group = Group.of(4, commits=False)
    for leaf in group.leaves:
        group.update(leaf)
    group.validate()
    moved = with_nodes(group.tree, {2: group.tree.member(2), 4: group.tree.member(1)})
    with refused(LeafSignatureError, leaf=1):
        group.validate(moved)


def test_signatures_are_verified_in_parallel_with_the_same_result():
    group = full()
    with ThreadPoolExecutor(2) as pool:
        group.validate(map=pool.map)
        forged = {
            2 * leaf: replace(group.tree.member(leaf), signature=bytes(64)) for leaf in (3, 6)
        }
        tree = with_nodes(group.tree, forged)
        for kind in (map, pool.map):
            with refused(LeafSignatureError, leaf=3):
                verify_leaf_signatures(tree, GROUP_ID, map=kind)
        with refused(DuplicateEncryptionKeyError, node=3):
            stolen = group.tree.member(6).encryption_key
            group.validate(with_parent(group.tree, 3, encryption_key=stolen), map=pool.map)


# Whatever an attacker changes


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_no_single_change_of_a_full_tree_goes_unnoticed(data):
    tree = FULL.tree
    position = data.draw(st.integers(0, len(tree.nodes) - 1))
    node = tree.nodes[position]
    if position % 2:
        field = data.draw(st.sampled_from(("encryption_key", "parent_hash", "unmerged_leaves")))
    else:
        field = data.draw(st.sampled_from(("encryption_key", "signature_key", "signature")))
    if field == "unmerged_leaves":
        below = math.leaves_below(position)
        value = (data.draw(st.integers(below.start, below.stop - 1)),)
    else:
        octets = bytearray(getattr(node, field) or b"\0")
        octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
        value = bytes(octets)
    with pytest.raises(InvalidError) as caught:
        FULL.validate(with_nodes(tree, {position: replace(node, **{field: value})}))
    assert {"leaf", "node"} & caught.value.where.keys()


FULL = full()
