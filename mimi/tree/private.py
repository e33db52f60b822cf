"""What one member knows of the tree's private keys (RFC 9420 sections 4.2 and 7.4)."""

from collections.abc import Mapping
from types import MappingProxyType

import attrs

from mimi.crypto import HPKEPrivateKey, Secret, Suite
from mimi.tree import math
from mimi.tree.errors import PrivateKeyError
from mimi.tree.math import LeafIndex, NodeIndex
from mimi.tree.ratchet import RatchetTree


def _read_only(keys: Mapping[NodeIndex, HPKEPrivateKey]) -> Mapping[NodeIndex, HPKEPrivateKey]:
    return keys if type(keys) is MappingProxyType else MappingProxyType(dict(keys))


@attrs.frozen(repr=False)
class PrivateTree:
    """A member's private keys, at its leaf and at some of the nodes above it.

    Attributes:
        leaf: The member's leaf.
        keys: From positions to private keys.
    """

    leaf: LeafIndex
    keys: Mapping[NodeIndex, HPKEPrivateKey] = attrs.field(converter=_read_only)

    @classmethod
    def of_leaf(cls, leaf: LeafIndex, key: HPKEPrivateKey) -> "PrivateTree":
        """Return what a member knows who holds the key of its leaf alone."""
        return cls(leaf, {math.node_of(leaf): key})

    def __repr__(self) -> str:
        return f"PrivateTree(leaf {self.leaf}, keys at {sorted(self.keys)})"

    def with_keys(self, keys: Mapping[NodeIndex, HPKEPrivateKey]) -> "PrivateTree":
        """Return what the member knows with *keys* set or replaced."""
        return PrivateTree(self.leaf, {**self.keys, **keys})

    def with_path_secret(
        self, tree: RatchetTree, position: NodeIndex, path_secret: Secret
    ) -> "PrivateTree":
        """Set the keys that follow from a path secret, from *position* up to the root.

        A joiner gets the path secret of the lowest node that it shares with the committer
        (section 12.4.3.1).

        Raises:
            PrivateKeyError: The node is blank, or a derived key is not that of the tree.
        """
        if tree.node(position) is None:
            raise PrivateKeyError(f"node {position} is blank: it has no path secret", node=position)
        derived = {}
        secret = path_secret
        for above in (position, *math.direct_path(position, tree.leaf_count)):
            if tree.node(above) is not None:
                derived[above], secret = node_key(tree.suite, secret)
        private = self.with_keys(derived)
        private.check(tree)
        return private

    def without_blanks(
        self, tree: RatchetTree, keys: Mapping[NodeIndex, HPKEPrivateKey] = MappingProxyType({})
    ) -> "PrivateTree":
        """Set *keys* of *tree*, and drop others that are not, or no longer, of its nodes."""
        node, kept = tree.node, dict(keys)
        for at, key in self.keys.items():
            if at in kept:
                continue
            present = node(at)
            if present is not None and present.encryption_key == key.public:
                kept[at] = key
        return PrivateTree(self.leaf, MappingProxyType(kept))

    def check(self, tree: RatchetTree) -> None:
        """Check that every key is that of the node it stands at.

        Raises:
            PrivateKeyError: One is not.
        """
        for position, key in self.keys.items():
            node = tree.node(position)
            if node is None or node.encryption_key != key.public:
                raise PrivateKeyError(
                    f"node {position} has another public key than the private one", node=position
                )


def node_key(suite: Suite, path_secret: Secret) -> tuple[HPKEPrivateKey, Secret]:
    """Return what follows from a node's path secret (section 7.4).

    Returns:
        The node's key pair, and the path secret of the next node up, or at the end the commit
        secret, Nh octets.
    """
    node_secret, following = suite.derive_secrets(path_secret.reveal(), (b"node", b"path"))
    return suite.derive_key_pair(node_secret), Secret(following)
