"""The frontier and the senders of a secret tree: what is dropped, what is stored, what changed."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.epoch import SUITE
from tree.members import refused

from mimi.crypto import Secret, SeededEntropy
from mimi.errors import InvalidError
from mimi.mls.secrets import (
    Ratchet,
    RatchetKind,
    SecretTree,
    SecretTreeError,
    SenderRatchets,
    Window,
)
from mimi.tree.math import TreeIndexError

SECRET = Secret(SeededEntropy(b"encryption secret")(SUITE.nh))
HANDSHAKE, APPLICATION = RatchetKind.HANDSHAKE, RatchetKind.APPLICATION
LEAVES = 16

Range = tuple[int, int]
"""The leaves below a node: from the first to before the last."""


def naive_nodes(secret: bytes, first: int, last: int) -> dict[Range, bytes]:
    """Return the secrets of all nodes of a secret tree."""
    nodes = {(first, last): secret}
    if last - first > 1:
        middle = (first + last) // 2
        for side, below in ((b"left", (first, middle)), (b"right", (middle, last))):
            child = SUITE.expand_with_label(secret, b"tree", side, SUITE.nh)
            nodes |= naive_nodes(child, *below)
    return nodes


NODES = naive_nodes(SECRET.reveal(), 0, LEAVES)


def naive_frontier(opened: set[int], first: int = 0, last: int = LEAVES) -> list[Range]:
    """Return the largest subtrees without an opened leaf."""
    if opened.isdisjoint(range(first, last)):
        return [(first, last)]
    middle = (first + last) // 2
    if middle == first:
        return []
    return naive_frontier(opened, first, middle) + naive_frontier(opened, middle, last)


def position(below: Range) -> int:
    """Return the place of a node in the array: twice the middle of its leaves."""
    return below[0] + below[1] - 1


def held(tree: SecretTree) -> set[bytes]:
    ratchets = [each.ratchet(kind) for each in tree.senders.values() for kind in RatchetKind]
    return {one.reveal() for one in (*tree.frontier.values(), *(each.secret for each in ratchets))}


def tree_of(leaf_count: int = LEAVES) -> SecretTree:
    return SecretTree(SUITE, leaf_count, SECRET)


def opened_at(*leaves: int, leaf_count: int = LEAVES) -> SecretTree:
    tree = tree_of(leaf_count)
    for leaf in leaves:
        tree, _, _ = tree.next_key(leaf, APPLICATION)
    return tree


steps = st.lists(
    st.tuples(st.integers(0, LEAVES - 1), st.sampled_from(RatchetKind), st.integers(0, 5)),
    max_size=30,
)


def stepped(tree: SecretTree, leaf: int, kind: RatchetKind, generation: int) -> SecretTree:
    """Return the tree after a message, of a chosen generation or (at 0) of the next one."""
    if generation == 0:
        return tree.next_key(leaf, kind)[0]
    try:
        return tree.take(leaf, kind, generation, Window(kept=3, behind=4))[0]
    except InvalidError:
        return tree


# The deletion schedule (RFC 9420 section 9.2)


@settings(deadline=None, max_examples=200)
@given(steps)
def test_frontier_and_senders_tile_the_leaves(order):
    """The frontier has the largest subtrees that nobody has sent from, and their right secrets."""
    tree, opened = tree_of(), set()
    for leaf, kind, generation in order:
        tree = stepped(tree, leaf, kind, generation)
        opened.add(leaf)
        assert set(tree.senders) == opened
        expected = {position(below): NODES[below] for below in naive_frontier(opened)}
        assert {node: secret.reveal() for node, secret in tree.frontier.items()} == expected


@settings(deadline=None, max_examples=100)
@given(st.sets(st.integers(0, LEAVES - 1), min_size=1))
def test_no_secret_above_an_opened_leaf_can_be_reached(leaves):
    tree = opened_at(*leaves)
    reachable = {
        secret
        for below, top in NODES.items()
        if Secret(top) in tree.frontier.values()
        for secret in naive_nodes(top, *below).values()
    }
    for (first, last), secret in NODES.items():
        above_an_opened_leaf = not leaves.isdisjoint(range(first, last))
        assert (secret in reachable) != above_an_opened_leaf
        if above_an_opened_leaf:
            assert secret not in held(tree)


def test_opening_a_leaf_adds_its_copath_only():
    tree = opened_at(5)
    assert sorted(tree.frontier) == [3, 8, 13, 23]
    assert sorted(opened_at(5, 4).frontier) == [3, 13, 23]
    assert sorted(opened_at(5, 15).frontier) == [3, 8, 13, 19, 25, 28]


def test_a_tree_of_one_leaf_has_no_frontier_once_it_is_open():
    assert dict(tree_of(1).frontier) == {0: SECRET}
    tree = opened_at(0, leaf_count=1)
    assert not tree.frontier
    assert list(tree.senders) == [0]


def test_the_whole_tree_is_never_laid_out():
    tree = opened_at(0, (1 << 30) - 1, 12345, leaf_count=1 << 30)
    assert len(tree.senders) == 3
    assert len(tree.frontier) < 90


# Versions


@settings(deadline=None, max_examples=100)
@given(steps)
def test_no_step_changes_an_older_version(order):
    versions = []
    tree = tree_of()
    for leaf, kind, generation in order:
        versions.append((tree, dict(tree.frontier), dict(tree.senders)))
        tree = stepped(tree, leaf, kind, generation)
    for version, frontier, senders in versions:
        assert (dict(version.frontier), dict(version.senders)) == (frontier, senders)


def test_a_message_of_an_opened_sender_leaves_the_frontier_alone():
    before = opened_at(3, 200, leaf_count=256)
    for after in (
        before.next_key(3, HANDSHAKE)[0],
        before.take(3, APPLICATION, 7, Window())[0],
    ):
        assert after.frontier is before.frontier
        assert after.senders[200] is before.senders[200]
        assert after.senders[3] is not before.senders[3]


def test_the_next_generation_of_a_sender():
    tree = tree_of()
    assert tree.next_generation(3, HANDSHAKE) == 0
    tree, _ = tree.take(3, HANDSHAKE, 6, Window())
    tree, _, _ = tree.next_key(3, APPLICATION)
    assert [tree.next_generation(3, kind) for kind in (HANDSHAKE, APPLICATION)] == [7, 1]
    assert tree.next_generation(4, HANDSHAKE) == 0
    assert list(tree.senders) == [3]


# Rows


@settings(deadline=None, max_examples=200)
@given(steps)
def test_a_stored_tree_comes_back(order):
    tree = tree_of()
    for step in order:
        tree = stepped(tree, *step)
    frontier = {node: Secret(secret.reveal()) for node, secret in tree.frontier.items()}
    senders = {leaf: SenderRatchets(*map(stored, pair(each))) for leaf, each in rows(tree.senders)}
    restored = SecretTree.restore(SUITE, LEAVES, frontier, senders)
    assert restored == tree
    for leaf in range(LEAVES):
        assert restored.next_key(leaf, HANDSHAKE)[1:] == tree.next_key(leaf, HANDSHAKE)[1:]


def rows(entries):
    return list(entries.items())


def pair(ratchets: SenderRatchets) -> tuple[Ratchet, Ratchet]:
    return ratchets.handshake, ratchets.application


def stored(ratchet: Ratchet) -> Ratchet:
    """Return a ratchet made anew of what a storage keeps."""
    secret = Secret(ratchet.secret.reveal())
    skipped, forgotten = dict(ratchet.skipped), ratchet.forgotten
    return Ratchet(ratchet.suite, secret, ratchet.generation, skipped, forgotten)


def test_what_is_restored_does_not_hang_on_the_callers_maps():
    tree = opened_at(3)
    frontier, senders = dict(tree.frontier), dict(tree.senders)
    restored = SecretTree.restore(SUITE, LEAVES, frontier, senders)
    frontier.clear()
    senders.clear()
    assert restored == tree


SENDER = opened_at(0).senders[0]


@settings(deadline=None, max_examples=500)
@given(
    nodes=st.sets(st.integers(-1, 16), max_size=6), leaves=st.sets(st.integers(-1, 9), max_size=6)
)
def test_parts_that_do_not_tile_the_leaves_are_no_tree(nodes, leaves):
    """Every leaf below exactly one part, and no part outside of the tree."""
    places = {position(below): below for below in NODES if below[1] <= 8}
    covered = [leaf for node in nodes & places.keys() for leaf in range(*places[node])]
    covered += leaves
    frontier, senders = dict.fromkeys(nodes, SECRET), dict.fromkeys(leaves, SENDER)
    if nodes <= places.keys() and sorted(covered) == list(range(8)):
        assert SecretTree.restore(SUITE, 8, frontier, senders).frontier == frontier
        return
    with refused(SecretTreeError):
        SecretTree.restore(SUITE, 8, frontier, senders)


@pytest.mark.parametrize(
    ("nodes", "leaves", "where"),
    [
        ([], [], {"leaf": 0}),
        ([1], [], {"leaf": 2}),
        ([5], [], {"leaf": 0}),
        ([1], [3], {"leaf": 2}),
        ([1, 5], [3], {"leaf": 3}),
        ([1, 5, 3], [], {"leaf": 0}),
        ([0, 1, 5], [], {"leaf": 0}),
        ([7], [], {"node": 7}),
        ([3, 8], [], {"node": 8}),
        ([-1], [], {"node": -1}),
        ([3], [4], {"node": 8}),
        ([3], [-1], {"node": -2}),
    ],
)
def test_the_error_names_what_is_wrong(nodes, leaves, where):
    with refused(SecretTreeError, **where):
        SecretTree.restore(SUITE, 4, dict.fromkeys(nodes, SECRET), dict.fromkeys(leaves, SENDER))


@pytest.mark.parametrize("size", [0, SUITE.nh - 1, SUITE.nh + 1])
def test_stored_secrets_are_as_long_as_a_hash(size):
    cut, whole = Ratchet(SUITE, Secret(bytes(size))), SENDER.handshake
    with refused(SecretTreeError, size=size):
        SecretTree.restore(SUITE, 4, {3: Secret(bytes(size))}, {})
    for ratchets in (SenderRatchets(cut, whole), SenderRatchets(whole, cut)):
        with refused(SecretTreeError, size=size):
            SecretTree.restore(SUITE, 1, {}, {0: ratchets})


@pytest.mark.parametrize("leaf_count", [0, -1, 3, 12])
def test_a_restored_tree_is_full(leaf_count):
    with refused(TreeIndexError):
        SecretTree.restore(SUITE, leaf_count, {}, {})


# Changes


@settings(deadline=None, max_examples=200)
@given(steps, st.sets(st.integers(0, 30)))
def test_a_storage_that_writes_the_changes_has_the_tree(order, saved_at):
    """However many steps lie between two saves."""
    frontier, senders = {}, {}
    before = tree = tree_of()
    frontier.update(tree.frontier)
    for number, step in enumerate(order):
        tree = stepped(tree, *step)
        if number in saved_at or number == len(order) - 1:
            changes = tree.changes_since(before)
            assert changes.forgotten == ()
            assert set(changes.removed) <= set(frontier)
            for node in changes.removed:
                del frontier[node]
            frontier.update({node: tree.frontier[node] for node in changes.added})
            senders.update({leaf: tree.senders[leaf] for leaf in changes.senders})
            before = tree
            assert SecretTree.restore(SUITE, LEAVES, frontier, senders) == tree


def test_a_message_of_an_opened_sender_changes_one_row():
    before = opened_at(*range(0, 1024, 3), leaf_count=1024)
    for after in (
        before.next_key(300, HANDSHAKE)[0],
        before.take(300, APPLICATION, 9, Window())[0],
    ):
        assert attrs.astuple(after.changes_since(before)) == ((300,), (), (), ())


def test_opening_a_leaf_moves_the_frontier():
    changes = opened_at(5).changes_since(tree_of())
    assert attrs.astuple(changes) == ((5,), (), (3, 8, 13, 23), (15,))
    changes = opened_at(5, 4).changes_since(opened_at(5))
    assert changes.senders == (4, 5)
    before = opened_at(5)
    changes = before.next_key(4, HANDSHAKE)[0].changes_since(before)
    assert attrs.astuple(changes) == ((4,), (), (), (8,))


def test_a_tree_has_no_changes_since_itself():
    tree = opened_at(5, 9)
    again = SecretTree.restore(SUITE, LEAVES, tree.frontier, tree.senders)
    for one in (tree, again):
        assert attrs.astuple(one.changes_since(tree)) == ((), (), (), ())


def test_between_trees_that_are_not_related_everything_has_changed():
    """The changes still make the one of the other."""
    old, new = opened_at(5, 9), opened_at(5, 6)
    changes = new.changes_since(old)
    assert changes.senders == (5, 6)
    assert changes.forgotten == (9,)
    assert changes.added == tuple(sorted(new.frontier))
    assert changes.removed == tuple(sorted(set(old.frontier) - set(new.frontier)))
    larger = opened_at(0, leaf_count=32).changes_since(old)
    assert (larger.senders, larger.forgotten) == ((0,), (5, 9))
