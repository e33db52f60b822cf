"""Tree hashes and parent hashes (RFC 9420 sections 7.8 and 7.9).

::

    tree hash:   th(P) = Hash(P, th(left), th(right))       what the subtree is

    parent hash: ph(P) = Hash(P.key, P.parent_hash, th(S))  who set P's key, and for whom:
                                                            S is the child that was not updated
"""

from typing import Annotated, TypeAlias

from mimi.codec import Opaque, Select, field_encoder, struct
from mimi.crypto import Suite
from mimi.tree.codepoints import NodeType
from mimi.tree.extension import HPKEPublicKey
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndex, LeafIndexField
from mimi.tree.node import ParentNode


@struct
class LeafNodeHashInput:
    """What a leaf's tree hash covers."""

    leaf_index: LeafIndexField
    leaf_node: LeafNode | None


@struct
class ParentNodeHashInput:
    """What a parent's tree hash covers."""

    parent_node: ParentNode | None
    left_hash: Opaque
    right_hash: Opaque


TreeHashInput: TypeAlias = Annotated[
    LeafNodeHashInput | ParentNodeHashInput,
    Select(
        NodeType,
        {NodeType.LEAF: LeafNodeHashInput, NodeType.PARENT: ParentNodeHashInput},
        "TreeHashInput",
    ),
]


@struct
class ParentHashInput:
    """What a parent hash covers (section 7.9)."""

    encryption_key: HPKEPublicKey
    parent_hash: Opaque
    original_sibling_tree_hash: Opaque


_leaf_input = field_encoder(LeafNodeHashInput, TreeHashInput)
_parent_input = field_encoder(ParentNodeHashInput, TreeHashInput)
_parent_hash_input = field_encoder(ParentHashInput)


def leaf_hash(suite: Suite, index: LeafIndex, leaf: LeafNode | None) -> bytes:
    """Return the tree hash of a leaf, blank or not, Nh octets."""
    return suite.hash(_leaf_input(index, leaf))


def parent_tree_hash(
    suite: Suite, parent: ParentNode | None, left_hash: bytes, right_hash: bytes
) -> bytes:
    """Return the tree hash of a parent, blank or not, from those of its children, Nh octets."""
    return suite.hash(_parent_input(parent, left_hash, right_hash))


def parent_hash(suite: Suite, parent: ParentNode, original_sibling_tree_hash: bytes) -> bytes:
    """Return the parent hash of a node with the given sibling (section 7.9), Nh octets."""
    return suite.hash(
        _parent_hash_input(parent.encryption_key, parent.parent_hash, original_sibling_tree_hash)
    )
