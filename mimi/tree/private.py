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
    return MappingProxyType(dict(keys))


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
                derived[above] = node_key(tree.suite, secret)
                secret = next_path_secret(tree.suite, secret)
        private = self.with_keys(derived)
        private.check(tree)
        return private

    def without_blanks(self, tree: RatchetTree) -> "PrivateTree":
        """Drop the keys of nodes that are blank in *tree* by now, or have other keys."""
        kept = {at: key for at, key in self.keys.items() if _belongs(tree, at, key)}
        return PrivateTree(self.leaf, kept)

    def check(self, tree: RatchetTree) -> None:
        """Check that every key is that of the node it stands at.

        Raises:
            PrivateKeyError: One is not.
        """
        for position, key in self.keys.items():
            if not _belongs(tree, position, key):
                raise PrivateKeyError(
                    f"node {position} has another public key than the private one", node=position
                )


def _belongs(tree: RatchetTree, position: NodeIndex, key: HPKEPrivateKey) -> bool:
    node = tree.node(position)
    return node is not None and node.encryption_key == key.public


def node_key(suite: Suite, path_secret: Secret) -> HPKEPrivateKey:
    """Return the key pair of a node from its path secret (section 7.4)."""
    return suite.derive_key_pair(suite.derive_secret(path_secret.reveal(), b"node"))


def next_path_secret(suite: Suite, path_secret: Secret) -> Secret:
    """Return the path secret of the next node up, or at the end the commit secret, Nh octets."""
    return Secret(suite.derive_secret(path_secret.reveal(), b"path"))
