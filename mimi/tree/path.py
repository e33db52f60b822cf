"""Update paths: how one member gives the others fresh keys (RFC 9420 sections 7.4 to 7.6).

::

    path_secret[n] -> node_secret[n] -> key pair n          for each node of the sender's
          ^                                                 filtered direct path, leaf to root
          |  "path"
    path_secret[n-1] -> ...                                 path_secret[n] is encrypted to the
                                                            resolution of the child on the copath
"""

from collections.abc import Callable, Collection
from typing import TypeAlias

import attrs

from mimi.codec import Opaque, struct
from mimi.crypto import Entropy, HPKEPrivateKey, InvalidPublicKeyError, SignaturePrivateKey, draw
from mimi.crypto.errors import DecryptionError
from mimi.tree import math
from mimi.tree.errors import (
    LeafSourceError,
    PathLengthError,
    PathParentHashError,
    PathSecretCountError,
    PathSecretError,
    UnrotatedKeyError,
)
from mimi.tree.extension import HPKEPublicKey
from mimi.tree.hashes import parent_hash
from mimi.tree.leaf import CommitSource, LeafNode, LeafNodeContent, sign_leaf
from mimi.tree.math import LeafIndex, NodeIndex
from mimi.tree.node import ParentNode
from mimi.tree.private import PrivateTree, next_path_secret, node_key
from mimi.tree.ratchet import RatchetTree

ENCRYPTION_LABEL = b"UpdatePathNode"

ContextOf: TypeAlias = Callable[[bytes], bytes]
"""From the new tree hash to the encoded provisional GroupContext (section 12.4.1)."""

Steps: TypeAlias = tuple[tuple[NodeIndex, NodeIndex], ...]
"""The nodes of a filtered direct path, each with its child on the copath."""


@struct
class HPKECiphertext:
    """Something encrypted to a public key."""

    kem_output: Opaque
    ciphertext: Opaque


@struct
class UpdatePathNode:
    """A new key, and its path secret for each node of the copath's resolution."""

    encryption_key: HPKEPublicKey
    encrypted_path_secret: tuple[HPKECiphertext, ...]


@struct
class UpdatePath:
    """A sender's new leaf and the new nodes of its filtered direct path, leaf to root."""

    leaf_node: LeafNode
    nodes: tuple[UpdatePathNode, ...]


@attrs.frozen(repr=False)
class CreatedPath:
    """An update path as its sender sees it.

    Attributes:
        update_path: What is sent.
        tree: The tree with the path merged.
        private: The sender's private keys in it.
        path_secrets: From nodes of the path to their path secrets, for new members.
        commit_secret: The secret that the path brings into the key schedule, Nh octets.
    """

    update_path: UpdatePath
    tree: RatchetTree
    private: PrivateTree
    path_secrets: dict[NodeIndex, bytes]
    commit_secret: bytes


@attrs.frozen(repr=False)
class ProcessedPath:
    """An update path as a receiver sees it.

    Attributes:
        private: The receiver's private keys in the tree with the path merged.
        path_secret: What was decrypted: the path secret of the lowest shared node.
        commit_secret: The secret that the path brings into the key schedule, Nh octets.
    """

    private: PrivateTree
    path_secret: bytes
    commit_secret: bytes


def create_update_path(
    tree: RatchetTree,
    sender: LeafIndex,
    content: LeafNodeContent,
    signer: SignaturePrivateKey,
    group_id: bytes,
    context_of: ContextOf,
    entropy: Entropy,
    exclude: Collection[LeafIndex] = (),
) -> CreatedPath:
    """Make fresh keys for a leaf and its filtered direct path, and encrypt them to the others.

    Args:
        tree: The tree with the commit's proposals applied.
        sender: The leaf to update.
        content: What the new leaf says; encryption key and source are replaced.
        signer: The private key of ``content.signature_key``.
        group_id: The group, which the leaf's signature covers.
        context_of: From the new tree hash to the context that the encryptions are bound to.
        entropy: The source of randomness.
        exclude: Leaves added in the same commit: they get nothing.

    Raises:
        UsageError: The signer is not the content's.
        InvalidPublicKeyError: A node that must be reached has no usable key; names the node.
    """
    suite = tree.suite
    steps = tree.filtered_direct_path(sender)
    leaf_key = suite.generate_key_pair(entropy)
    secrets: dict[NodeIndex, bytes] = {}
    keys: dict[NodeIndex, HPKEPrivateKey] = {}
    secret = draw(entropy, suite.nh)
    for node, _ in steps:
        secrets[node], keys[node] = secret, node_key(suite, secret)
        secret = next_path_secret(suite, secret)
    parents, leaf_hash = _parents(tree, steps, {at: key.public for at, key in keys.items()})
    content = LeafNodeContent(
        leaf_key.public,
        content.signature_key,
        content.credential,
        content.capabilities,
        CommitSource(leaf_hash),
        content.extensions,
    )
    leaf = sign_leaf(suite, content, signer, group_id, sender)
    merged = tree.with_path(sender, leaf, parents)
    nodes = _encrypt(tree, steps, secrets, parents, context_of(merged.tree_hash), entropy, exclude)
    private = PrivateTree(sender, {math.node_of(sender): leaf_key, **keys})
    return CreatedPath(UpdatePath(leaf, nodes), merged, private, secrets, secret)


def _parents(
    tree: RatchetTree, steps: Steps, public: dict[NodeIndex, bytes]
) -> tuple[dict[NodeIndex, ParentNode], bytes]:
    """Return the new parent nodes, and the parent hash for the leaf below them.

    Hashes go from the root down, so that each covers all nodes above.
    """
    parents: dict[NodeIndex, ParentNode] = {}
    above = b""
    for node, child in reversed(steps):
        parents[node] = ParentNode(public[node], above)
        above = parent_hash(tree.suite, parents[node], tree.node_hash(child))
    return parents, above


def _encrypt(
    tree: RatchetTree,
    steps: Steps,
    secrets: dict[NodeIndex, bytes],
    parents: dict[NodeIndex, ParentNode],
    context: bytes,
    entropy: Entropy,
    exclude: Collection[LeafIndex],
) -> tuple[UpdatePathNode, ...]:
    info = tree.suite.encryption_info(ENCRYPTION_LABEL, context)
    nodes = []
    for node, child in steps:
        sealed = []
        for recipient in _recipients(tree, child, exclude):
            key = tree.node(recipient)
            assert key is not None  # noqa: S101 - a resolution holds no blank nodes
            try:
                parts = tree.suite.hpke.seal(key.encryption_key, info, b"", secrets[node], entropy)
            except InvalidPublicKeyError as error:
                raise InvalidPublicKeyError(
                    f"node {recipient}: {error.reason}", node=recipient
                ) from error
            sealed.append(HPKECiphertext(*parts))
        nodes.append(UpdatePathNode(parents[node].encryption_key, tuple(sealed)))
    return tuple(nodes)


def _recipients(
    tree: RatchetTree, child: NodeIndex, exclude: Collection[LeafIndex]
) -> tuple[NodeIndex, ...]:
    """Return the resolution of a node of the copath without the leaves added just now."""
    resolution = tree.resolution(child)
    if not exclude:
        return resolution
    added = {math.node_of(leaf) for leaf in exclude}
    return tuple(node for node in resolution if node not in added)


def merge_update_path(tree: RatchetTree, sender: LeafIndex, path: UpdatePath) -> RatchetTree:
    """Merge a received update path into the tree, checking all that is public (section 7.5).

    The leaf's own signature and capabilities are checked as every leaf's: see `mimi.tree.leaf`.

    Args:
        tree: The tree with the commit's proposals applied.
        sender: The committer's leaf.
        path: What it sent.

    Raises:
        LeafSourceError: The new leaf is not from a commit.
        PathLengthError: There is not one node for each of the filtered direct path.
        UnrotatedKeyError: An encryption key is in the tree already, or twice in the path.
        PathParentHashError: The leaf's parent hash is not that of the path.
    """
    steps = tree.filtered_direct_path(sender)
    source = path.leaf_node.leaf_node_source
    if not isinstance(source, CommitSource):
        raise LeafSourceError(f"leaf {sender}: an update path's leaf is from a commit", leaf=sender)
    if len(path.nodes) != len(steps):
        raise PathLengthError(
            f"leaf {sender}: {len(path.nodes)} nodes for a filtered direct path of {len(steps)}",
            leaf=sender,
        )
    _check_fresh(tree, sender, path)
    public = {node: sent.encryption_key for (node, _), sent in zip(steps, path.nodes, strict=True)}
    parents, leaf_hash = _parents(tree, steps, public)
    if source.parent_hash != leaf_hash:
        raise PathParentHashError(
            f"leaf {sender} does not carry the parent hash of its path", leaf=sender
        )
    return tree.with_path(sender, path.leaf_node, parents)


def _check_fresh(tree: RatchetTree, sender: LeafIndex, path: UpdatePath) -> None:
    """Check that no key of the path is in the tree, the sender's own nodes included."""
    sent = [path.leaf_node.encryption_key, *(node.encryption_key for node in path.nodes)]
    fresh = set(sent)
    if len(fresh) != len(sent):
        raise UnrotatedKeyError(f"leaf {sender}: the path has a key twice", leaf=sender)
    for position, node in enumerate(tree.nodes):
        if node is not None and node.encryption_key in fresh:
            raise UnrotatedKeyError(
                f"leaf {sender}: a key of the path is that of node {position} already",
                leaf=sender,
                node=position,
            )


def process_update_path(
    tree: RatchetTree,
    merged: RatchetTree,
    sender: LeafIndex,
    path: UpdatePath,
    private: PrivateTree,
    context: bytes,
    exclude: Collection[LeafIndex] = (),
) -> ProcessedPath:
    """Decrypt one's path secret and derive the private keys that follow (section 7.5).

    Args:
        tree: The tree with the commit's proposals applied.
        merged: The same with the path merged, from `merge_update_path`.
        sender: The committer's leaf.
        path: What it sent.
        private: The receiver's private keys.
        context: The encoded provisional GroupContext.
        exclude: Leaves added in the same commit.

    Raises:
        PathSecretCountError: There is not one ciphertext for each recipient.
        PathSecretError: No ciphertext is for the receiver, or it does not decrypt to a secret
            that gives the public keys of the path.
    """
    steps = tree.filtered_direct_path(sender)
    me = math.node_of(private.leaf)
    for at, (node, child) in enumerate(steps):
        if len(path.nodes[at].encrypted_path_secret) != len(_recipients(tree, child, exclude)):
            raise PathSecretCountError(
                f"node {node}: not one ciphertext for each recipient", node=node
            )
    shared = next((at for at, (_, child) in enumerate(steps) if math.is_below(me, child)), None)
    if shared is None:
        raise PathSecretError(
            f"the path of leaf {sender} shares no node with leaf {private.leaf}", leaf=private.leaf
        )
    recipients = _recipients(tree, steps[shared][1], exclude)
    sealed = path.nodes[shared].encrypted_path_secret
    path_secret = _decrypt(tree, recipients, sealed, private, context)
    secret, keys = path_secret, {}
    for (node, _), sent in zip(steps[shared:], path.nodes[shared:], strict=True):
        keys[node] = node_key(tree.suite, secret)
        if keys[node].public != sent.encryption_key:
            raise PathSecretError(f"node {node}: the path secret gives another key", node=node)
        secret = next_path_secret(tree.suite, secret)
    return ProcessedPath(private.with_keys(keys).without_blanks(merged), path_secret, secret)


def _decrypt(
    tree: RatchetTree,
    recipients: tuple[NodeIndex, ...],
    sealed: tuple[HPKECiphertext, ...],
    private: PrivateTree,
    context: bytes,
) -> bytes:
    for node, ciphertext in zip(recipients, sealed, strict=True):
        key = private.keys.get(node)
        if key is None:
            continue
        try:
            return tree.suite.decrypt_with_label(
                key, ENCRYPTION_LABEL, context, ciphertext.kem_output, ciphertext.ciphertext
            )
        except (DecryptionError, InvalidPublicKeyError) as error:
            raise PathSecretError(f"node {node}: {error.reason}", node=node) from error
    raise PathSecretError(f"no ciphertext is for leaf {private.leaf}", leaf=private.leaf)
