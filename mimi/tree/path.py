"""Update paths: how one member gives the others fresh keys (RFC 9420 sections 7.4 to 7.6).

::

    path_secret[n] -> node_secret[n] -> key pair n          for each node of the sender's
          ^                                                 filtered direct path, leaf to root
          |  "path"
    path_secret[n-1] -> ...                                 path_secret[n] is encrypted to the
                                                            resolution of the child on the copath
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

import attrs

from mimi.codec import Lazy, Opaque, struct
from mimi.crypto import (
    Entropy,
    HPKEPrivateKey,
    InvalidPublicKeyError,
    PreparedInfo,
    Secret,
    SignaturePrivateKey,
    draw,
)
from mimi.crypto.errors import DecryptionError
from mimi.tree import math
from mimi.tree.errors import (
    BlankLeafError,
    DuplicateSignatureKeyError,
    LeafSourceError,
    PathLengthError,
    PathParentHashError,
    PathSecretCountError,
    PathSecretError,
    UnrotatedKeyError,
)
from mimi.tree.extension import HPKEPublicKey
from mimi.tree.hashes import parent_hash
from mimi.tree.leaf import (
    CommitSource,
    LeafNode,
    LeafNodeContent,
    check_encryption_key,
    sign_leaf,
)
from mimi.tree.math import LeafIndex, NodeIndex
from mimi.tree.node import ParentNode
from mimi.tree.private import PrivateTree, node_key
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
    encrypted_path_secret: Lazy[HPKECiphertext]


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
        steps: The sender's filtered direct path.
        tree: The tree with the path merged.
        private: The sender's private keys in it.
        path_secrets: From nodes of the path to their path secrets, for new members; to be dropped
            with this value once the Welcome is made (section 7.5).
        commit_secret: The secret that the path brings into the key schedule, Nh octets.
    """

    update_path: UpdatePath
    steps: Steps
    tree: RatchetTree
    private: PrivateTree
    path_secrets: Mapping[NodeIndex, Secret]
    commit_secret: Secret


@attrs.frozen(repr=False)
class MergedPath:
    """A received update path, merged into the tree; all that is public about it is checked.

    Attributes:
        before: The tree with the commit's proposals applied, without the path.
        tree: The tree with the path merged.
        sender: The committer's leaf.
        update_path: What it sent.
        added: Leaves added in the same commit: the path is not encrypted to them.
        steps: The committer's filtered direct path.
    """

    before: RatchetTree
    tree: RatchetTree
    sender: LeafIndex
    update_path: UpdatePath
    added: frozenset[LeafIndex]
    steps: Steps


@attrs.frozen(repr=False)
class ProcessedPath:
    """An update path as a receiver sees it.

    Attributes:
        private: The receiver's private keys in the tree with the path merged.
        path_secret: What was decrypted: the path secret of the lowest shared node. It is shown for
            comparison, and to be dropped with this value (section 7.5).
        commit_secret: The secret that the path brings into the key schedule, Nh octets.
    """

    private: PrivateTree
    path_secret: Secret
    commit_secret: Secret


def create_update_path(
    tree: RatchetTree,
    sender: LeafIndex,
    content: LeafNodeContent,
    signer: SignaturePrivateKey,
    group_id: bytes,
    context_of: ContextOf,
    entropy: Entropy,
    *,
    added: Collection[LeafIndex],
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
        added: Leaves added in the same commit: they get nothing from the path.

    Raises:
        UsageError: The signer is not the content's.
        InvalidPublicKeyError: A node that must be reached has no usable key; names the node.
    """
    suite = tree.suite
    steps = tree.filtered_direct_path(sender)
    leaf_key = suite.generate_key_pair(entropy)
    secrets: dict[NodeIndex, Secret] = {}
    keys: dict[NodeIndex, HPKEPrivateKey] = {}
    secret = Secret(draw(entropy, suite.nh))
    for node, _ in steps:
        secrets[node] = secret
        keys[node], secret = node_key(suite, secret)
    parents, leaf_hash = _parents(tree, steps, [key.public for key in keys.values()])
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
    context = context_of(merged.tree_hash)
    nodes = _encrypt(tree, steps, secrets, keys, context, entropy, frozenset(added))
    private = PrivateTree(sender, {math.node_of(sender): leaf_key, **keys})
    read_only = MappingProxyType(secrets)
    return CreatedPath(UpdatePath(leaf, nodes), steps, merged, private, read_only, secret)


def _parents(
    tree: RatchetTree, steps: Steps, public: Sequence[bytes]
) -> tuple[dict[NodeIndex, ParentNode], bytes]:
    """Return the new parent nodes, and the parent hash for the leaf below them.

    Hashes go from the root down, so that each covers all nodes above.
    """
    suite, node_hash = tree.suite, tree.node_hash
    parents: dict[NodeIndex, ParentNode] = {}
    above = b""
    for (node, child), key in zip(reversed(steps), reversed(public), strict=True):
        parents[node] = parent = ParentNode(key, above)
        above = parent_hash(suite, parent, node_hash(child))
    return parents, above


def _encrypt(
    tree: RatchetTree,
    steps: Steps,
    secrets: Mapping[NodeIndex, Secret],
    keys: Mapping[NodeIndex, HPKEPrivateKey],
    context: bytes,
    entropy: Entropy,
    added: frozenset[LeafIndex],
) -> tuple[UpdatePathNode, ...]:
    info = tree.suite.encryption_info(ENCRYPTION_LABEL, context)
    nodes = []
    for node, child in steps:
        sealed = tuple(
            _sealed(tree, recipient, info, secrets[node], entropy)
            for recipient in _recipients(tree, child, added)
        )
        nodes.append(UpdatePathNode(keys[node].public, sealed))
    return tuple(nodes)


def _sealed(
    tree: RatchetTree, recipient: NodeIndex, info: PreparedInfo, secret: Secret, entropy: Entropy
) -> HPKECiphertext:
    node = tree.node(recipient)
    assert node is not None  # noqa: S101 - a resolution holds no blank nodes
    try:
        sealed = tree.suite.hpke.seal(node.encryption_key, info, b"", secret.reveal(), entropy)
    except InvalidPublicKeyError as error:
        raise InvalidPublicKeyError(f"node {recipient}: {error.reason}", node=recipient) from error
    return HPKECiphertext(*sealed)


def _recipients(
    tree: RatchetTree, child: NodeIndex, added: frozenset[LeafIndex]
) -> tuple[NodeIndex, ...]:
    """Return the resolution of a node of the copath without the leaves added just now."""
    resolution = tree.resolution(child)
    if not added:
        return resolution
    nodes = set(map(math.node_of, added))
    return tuple(node for node in resolution if node not in nodes)


def merge_update_path(
    tree: RatchetTree,
    sender: LeafIndex,
    path: UpdatePath,
    *,
    added: Collection[LeafIndex],
    joining: bool = False,
) -> MergedPath:
    """Merge a received update path into the tree, checking all that is public (section 7.5).

    The leaf's own signature and capabilities are checked as every leaf's: see `mimi.tree.leaf`.

    Args:
        tree: The tree with the commit's proposals applied.
        sender: The committer's leaf.
        path: What it sent.
        added: Leaves added in the same commit.
        joining: Whether the sender joins by this commit, so that its leaf is blank before.

    Raises:
        BlankLeafError: The sender is no member, or a joiner's leaf is one already.
        LeafSourceError: The new leaf is not from a commit.
        PathLengthError: There is not one node for each of the filtered direct path.
        EncryptionKeyError: An encryption key is none.
        UnrotatedKeyError: An encryption key is in the tree already, or twice in the path.
        DuplicateSignatureKeyError: The leaf has the signature key of another, or two leaves of
            the tree have one.
        DuplicateEncryptionKeyError: Two nodes of the tree have one encryption key.
        PathParentHashError: The leaf's parent hash is not that of the path.
        PathSecretCountError: A node has not one ciphertext for each recipient.
    """
    if not 0 <= sender < tree.leaf_count or (tree.leaf(sender) is None) != joining:
        raise BlankLeafError(f"leaf {sender} cannot send this path", leaf=sender)
    source = path.leaf_node.leaf_node_source
    if not isinstance(source, CommitSource):
        raise LeafSourceError(f"leaf {sender}: an update path's leaf is from a commit", leaf=sender)
    steps = tree.filtered_direct_path(sender)
    if len(path.nodes) != len(steps):
        raise PathLengthError(
            f"leaf {sender}: {len(path.nodes)} nodes for a filtered direct path of {len(steps)}",
            leaf=sender,
        )
    _check_keys(tree, sender, path)
    parents, leaf_hash = _parents(tree, steps, [sent.encryption_key for sent in path.nodes])
    if source.parent_hash != leaf_hash:
        raise PathParentHashError(
            f"leaf {sender} does not carry the parent hash of its path", leaf=sender
        )
    after = tree.with_path(sender, path.leaf_node, parents)
    merged = MergedPath(tree, after, sender, path, frozenset(added), steps)
    _check_ciphertexts(merged)
    return merged


def _check_ciphertexts(merged: MergedPath) -> None:
    """Check that each node of the path has one ciphertext for each recipient."""
    added, reach = merged.added, merged.before.reach
    for (node, child), sent in zip(merged.steps, merged.update_path.nodes, strict=True):
        recipients = reach(child)
        if added:  # each is in the resolution of whatever it stands below
            recipients -= sum(math.is_below(math.node_of(leaf), child) for leaf in added)
        if len(sent.encrypted_path_secret) != recipients:
            raise PathSecretCountError(
                f"node {node}: not one ciphertext for each recipient", node=node
            )


def _check_keys(tree: RatchetTree, sender: LeafIndex, path: UpdatePath) -> None:
    """Check that the keys of the path are keys, and nobody's yet, the sender's own included."""
    sent = [path.leaf_node.encryption_key, *[node.encryption_key for node in path.nodes]]
    if len(set(sent)) != len(sent):
        raise UnrotatedKeyError(f"leaf {sender}: the path has a key twice", leaf=sender)
    check_encryption_key(tree.suite, *sent, node=math.node_of(sender))
    index = tree.index
    node = index.first_with(sent)
    if node is not None:
        raise UnrotatedKeyError(
            f"leaf {sender}: a key of the path is that of node {node} already",
            leaf=sender,
            node=node,
        )
    leaf = index.leaf_with(path.leaf_node.signature_key)
    if leaf is not None and leaf != sender:
        raise DuplicateSignatureKeyError(
            f"leaf {sender} has the signature key of leaf {leaf}", leaf=sender
        )


def process_update_path(merged: MergedPath, private: PrivateTree, context: bytes) -> ProcessedPath:
    """Decrypt one's path secret and derive the private keys that follow (section 7.5).

    Args:
        merged: The path, from `merge_update_path`.
        private: The receiver's private keys.
        context: The encoded provisional GroupContext.

    Raises:
        PathSecretError: No ciphertext is for the receiver, or it does not decrypt to a secret
            that gives the public keys of the path.
    """
    tree, path, suite = merged.before, merged.update_path, merged.before.suite
    steps = merged.steps
    lowest = math.common_ancestor(math.node_of(private.leaf), math.node_of(merged.sender))
    nodes = [node for node, _ in steps]
    if lowest not in nodes:
        raise PathSecretError(
            f"the path of leaf {merged.sender} shares no node with leaf {private.leaf}",
            leaf=private.leaf,
        )
    shared = nodes.index(lowest)
    recipients = _recipients(tree, steps[shared][1], merged.added)
    sealed = path.nodes[shared].encrypted_path_secret
    path_secret = Secret(_decrypt(tree, recipients, sealed, private, context))
    secret, keys = path_secret, {}
    for (node, _), sent in zip(steps[shared:], path.nodes[shared:], strict=True):
        keys[node], secret = node_key(suite, secret)
        if keys[node].public != sent.encryption_key:
            raise PathSecretError(f"node {node}: the path secret gives another key", node=node)
    return ProcessedPath(private.without_blanks(merged.tree, keys), path_secret, secret)


def _decrypt(
    tree: RatchetTree,
    recipients: tuple[NodeIndex, ...],
    sealed: Sequence[HPKECiphertext],
    private: PrivateTree,
    context: bytes,
) -> bytes:
    for place, node in enumerate(recipients):
        key = private.keys.get(node)
        if key is None:
            continue
        ciphertext = sealed[place]
        try:
            return tree.suite.decrypt_with_label(
                key, ENCRYPTION_LABEL, context, ciphertext.kem_output, ciphertext.ciphertext
            )
        except (DecryptionError, InvalidPublicKeyError) as error:
            raise PathSecretError(f"node {node}: {error.reason}", node=node) from error
    raise PathSecretError(f"no ciphertext is for leaf {private.leaf}", leaf=private.leaf)
