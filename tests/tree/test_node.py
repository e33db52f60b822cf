"""Nodes on the wire, and what tree and parent hashes cover."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree.members import SUITE, person

from mimi.codec import decode, encode
from mimi.codec.strategy import strategy
from mimi.crypto import SeededEntropy
from mimi.errors import MalformedError
from mimi.tree.hashes import (
    LeafNodeHashInput,
    ParentHashInput,
    ParentNodeHashInput,
    TreeHashInput,
    parent_hash,
)
from mimi.tree.node import ParentNode, RatchetTreeNodes


def opaque(octets: bytes) -> bytes:
    assert len(octets) < 64
    return bytes([len(octets)]) + octets


def parent_octets(*unmerged: int) -> bytes:
    listed = b"".join(leaf.to_bytes(4, "big") for leaf in unmerged)
    return opaque(b"key") + opaque(b"hash") + opaque(listed)


def test_a_parent_node_is_key_hash_and_unmerged_leaves():
    for unmerged in ((), (0,), (1, 2, 5)):
        node = ParentNode(b"key", b"hash", unmerged)
        assert encode(node) == parent_octets(*unmerged)
        assert decode(ParentNode, parent_octets(*unmerged)) == node


@pytest.mark.parametrize("unmerged", [(2, 1), (1, 1), (0, 3, 2), (5, 6, 7, 0)])
def test_unmerged_leaves_increase(unmerged):
    with pytest.raises(MalformedError, match=r"\(RFC 9420 section 7\.1\)$") as caught:
        decode(ParentNode, parent_octets(*unmerged))
    assert caught.value.path.startswith("ParentNode.unmerged_leaves")


def test_the_tree_hash_covers_index_and_node():
    leaf = person(SeededEntropy(3)).leaf
    assert encode(LeafNodeHashInput(5, None), TreeHashInput) == b"\1\0\0\0\5\0"
    assert encode(LeafNodeHashInput(5, leaf), TreeHashInput) == b"\1\0\0\0\5\1" + encode(leaf)
    blank = ParentNodeHashInput(None, b"left", b"right")
    assert encode(blank, TreeHashInput) == b"\2\0" + opaque(b"left") + opaque(b"right")
    full = ParentNodeHashInput(ParentNode(b"key", b"hash", (1,)), b"left", b"right")
    assert encode(full, TreeHashInput) == (
        b"\2\1" + parent_octets(1) + opaque(b"left") + opaque(b"right")
    )


def test_the_parent_hash_covers_key_hash_and_sibling_but_no_unmerged_leaves():
    covered = encode(ParentHashInput(b"key", b"hash", b"sibling"))
    assert covered == opaque(b"key") + opaque(b"hash") + opaque(b"sibling")
    for unmerged in ((), (1, 2)):
        node = ParentNode(b"key", b"hash", unmerged)
        assert parent_hash(SUITE, node, b"sibling") == SUITE.hash(covered)


@settings(deadline=None, max_examples=50)
@given(nodes=strategy(RatchetTreeNodes), data=st.data())
def test_nodes_round_trip_and_every_truncation_is_malformed(nodes, data):
    octets = encode(nodes, RatchetTreeNodes)
    assert decode(RatchetTreeNodes, octets) == nodes
    with pytest.raises(MalformedError):
        decode(RatchetTreeNodes, octets[: data.draw(st.integers(0, len(octets) - 1))])
    with pytest.raises(MalformedError):
        decode(RatchetTreeNodes, octets + b"\0")


@pytest.mark.parametrize(
    "octets", [b"\1\2", b"\2\1\0", b"\2\1\3"], ids=["presence 2", "node type 0", "node type 3"]
)
def test_an_unknown_kind_of_node_is_malformed(octets):
    with pytest.raises(MalformedError):
        decode(RatchetTreeNodes, octets)
