"""Nodes of the ratchet tree on the wire (RFC 9420 sections 7.1 and 12.4.3.3)."""

from typing import Annotated, TypeAlias

from mimi.codec import Opaque, Select, increasing, struct
from mimi.tree.codepoints import NodeType
from mimi.tree.extension import HPKEPublicKey
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndexField

UnmergedLeaves: TypeAlias = Annotated[
    tuple[LeafIndexField, ...],
    increasing("unmerged leaves do not increase", "RFC 9420 section 7.1"),
]


@struct(cached=True)
class ParentNode:
    """A key that the members below share, but for those that are unmerged (section 7.1)."""

    encryption_key: HPKEPublicKey
    parent_hash: Opaque
    unmerged_leaves: UnmergedLeaves = ()


Node: TypeAlias = Annotated[
    LeafNode | ParentNode,
    Select(NodeType, {NodeType.LEAF: LeafNode, NodeType.PARENT: ParentNode}, "Node"),
]

RatchetTreeNodes: TypeAlias = tuple[Node | None, ...]
"""The contents of the extension ``ratchet_tree``: ``optional<Node> ratchet_tree<V>``."""

AnyNode: TypeAlias = LeafNode | ParentNode | None
"""What stands at a place of the tree; None where it is blank."""
