"""Checking a tree that somebody sent (RFC 9420 sections 7.3, 7.9.2 and 12.4.3.1).

The checks stand in the order of cost: what a look shows first, signatures last. Signatures can be
verified in parallel: `validate_tree` takes the ``map`` of an executor.
"""

from collections.abc import Callable, Iterable

from mimi.crypto.errors import InvalidPublicKeyError
from mimi.tree import math
from mimi.tree.errors import (
    ParentHashError,
    TreeHashError,
    UnmergedLeafError,
    UnsupportedCredentialError,
)
from mimi.tree.extension import Extensions
from mimi.tree.hashes import parent_hash
from mimi.tree.leaf import (
    Capabilities,
    CommitSource,
    GroupNeeds,
    KeyPackageSource,
    LeafNode,
    LifetimePolicy,
    check_capabilities,
    check_encryption_key,
    check_group_needs,
    check_lifetime,
    verify_leaf_signature,
)
from mimi.tree.math import LeafIndex, NodeIndex
from mimi.tree.multicredential import (
    MULTI,
    WEAK_MULTI,
    check_binding_support,
    verify_bindings,
)
from mimi.tree.node import ParentNode
from mimi.tree.ratchet import RatchetTree

BATCH = 32
"""How many signatures are verified in one call of a ``map``'s function."""

Members = tuple[tuple[LeafIndex, LeafNode], ...]
Map = Callable[[Callable[[Members], None], Iterable[Members]], Iterable[None]]
"""``map``, or that of a `concurrent.futures` executor."""


def validate_tree(
    tree: RatchetTree,
    group_id: bytes,
    extensions: Extensions,
    *,
    tree_hash: bytes | None,
    lifetimes: LifetimePolicy | None,
    capabilities: Capabilities | None = None,
    map: Map = map,  # noqa: A002 - it stands for the built-in function
) -> None:
    """Check a received tree in full, all but the credentials.

    Args:
        tree: The tree.
        group_id: The group's identifier, which leaf signatures cover.
        extensions: Those of the group context.
        tree_hash: That of the group context; None when there is nothing to compare with.
        lifetimes: How leaves' lifetimes are judged; None not at all.
        capabilities: Those of the client that is to join; None for somebody who stays outside.
        map: How to verify the signatures: an executor's ``map`` spreads them over threads.

    Raises:
        InvalidError: A class of `mimi.tree.errors` for each rule; names leaf or node.
        MalformedError: An extension of the group context does not parse.
    """
    if tree_hash is not None and tree.tree_hash != tree_hash:
        raise TreeHashError("the tree is not that of the group context")
    check_keys(tree)
    check_unmerged_leaves(tree)
    verify_parent_hashes(tree)
    check_leaves(tree, extensions, lifetimes)
    verify_leaf_signatures(tree, group_id, capabilities, map=map)


def check_keys(tree: RatchetTree) -> None:
    """Check that encryption keys are keys, and that no two nodes or members share one.

    Raises:
        EncryptionKeyError: An encryption key is none.
        DuplicateSignatureKeyError: Two leaves do.
        DuplicateEncryptionKeyError: Two nodes do.
    """
    check = tree.suite.check_hpke_public_key
    try:
        for key in tree.index.encryption_keys():
            check(key)
    except InvalidPublicKeyError:  # whose it is, the index does not say in order
        for position, node in enumerate(tree.nodes):
            if node is not None:
                check_encryption_key(tree.suite, node.encryption_key, node=NodeIndex(position))


def check_unmerged_leaves(tree: RatchetTree) -> None:
    """Check the unmerged leaves of all parents (section 12.4.3.1).

    Raises:
        UnmergedLeafError: One is blank, not below its parent, or missing at a node between.
    """
    listed = {at: frozenset(parent.unmerged_leaves) for at, parent in tree.parents()}
    for position, parent in tree.parents():
        for leaf in parent.unmerged_leaves:
            if leaf not in math.leaves_below(position) or tree.leaf(leaf) is None:
                raise UnmergedLeafError(
                    f"node {position}: unmerged leaf {leaf} is no member below it",
                    node=position,
                    leaf=leaf,
                )
            step = math.parent(math.node_of(leaf), tree.leaf_count)
            while step != position:
                if leaf not in listed.get(step, (leaf,)):
                    raise UnmergedLeafError(
                        f"node {step} does not list leaf {leaf}, unmerged at node {position}",
                        node=step,
                        leaf=leaf,
                    )
                step = math.parent(step, tree.leaf_count)


def verify_parent_hashes(tree: RatchetTree) -> None:
    """Check that every parent node is vouched for by exactly one node below (section 7.9.2).

    Top down: a parent P with children C and S is vouched for by D, in the resolution of C, when
    D carries the parent hash of P with copath child S, and the rest of that resolution is what P
    lists as unmerged below C. As every P is checked, the links make chains that end at leaves.
    Two nodes cannot vouch for one P, one on each side: the hash that each carries would cover
    the subtree in which the other carries its own.

    Raises:
        ParentHashError: No node vouches for a parent.
    """
    for position, parent in tree.parents():
        left, right = math.children(position)
        if not _vouches(tree, parent, left, right) and not _vouches(tree, parent, right, left):
            raise ParentHashError(f"no node below node {position} vouches for it", node=position)


def _vouches(tree: RatchetTree, parent: ParentNode, child: NodeIndex, sibling: NodeIndex) -> bool:
    """Return whether a node in the resolution of *child* vouches for *parent*."""
    candidates = tree.resolution(child)
    if parent.unmerged_leaves:
        candidates = _merged(candidates, parent, child)
    if len(candidates) != 1:
        return False
    claimed = _claimed(tree.node(candidates[0]))
    if not claimed:
        return False
    original = tree.original_hash(sibling, parent.unmerged_leaves)
    return claimed == parent_hash(tree.suite, parent, original)


def _merged(
    resolution: tuple[NodeIndex, ...], parent: ParentNode, child: NodeIndex
) -> tuple[NodeIndex, ...]:
    """Return a child's resolution without what the parent lists as unmerged below that child.

    Nothing remains of it when the parent lists a leaf that the resolution lacks.
    """
    below = math.leaves_below(child)
    unmerged = {math.node_of(leaf) for leaf in parent.unmerged_leaves if leaf in below}
    rest = tuple(node for node in resolution if node not in unmerged)
    return rest if len(resolution) == len(rest) + len(unmerged) else ()


def _claimed(node: LeafNode | ParentNode | None) -> bytes:
    """Return the parent hash that a node carries, nothing where it carries none."""
    if isinstance(node, ParentNode):
        return node.parent_hash
    if node is not None and isinstance(node.leaf_node_source, CommitSource):
        return node.leaf_node_source.parent_hash
    return b""


def check_leaves(
    tree: RatchetTree, extensions: Extensions, lifetimes: LifetimePolicy | None = None
) -> None:
    """Check what every leaf says of itself against the group (section 7.3).

    Raises:
        InvalidError: A class for each rule; names the leaf.
    """
    for index, leaf in tree.members():
        check_capabilities(tree.suite, leaf, index)
        if lifetimes is not None and isinstance(leaf.leaf_node_source, KeyPackageSource):
            check_lifetime(leaf.leaf_node_source.lifetime, lifetimes, index)
    check_group_support(tree, GroupNeeds.of(extensions))


def check_group_support(tree: RatchetTree, needs: GroupNeeds) -> None:
    """Check that all members have what the group requires, and read each other's credentials.

    The index has counted who supports what: members are looked at only to say who does not.

    Args:
        tree: The tree.
        needs: Those of the group context.

    Raises:
        DuplicateSignatureKeyError: Two leaves have one signature key.
        DuplicateEncryptionKeyError: Two nodes have one encryption key.
        RequiredCapabilityError: A leaf lacks something required (section 11.1).
        UnsupportedExtensionError: A leaf does not support an extension in use (section 13.4).
        UnsupportedCredentialError: A leaf does not support the credential of another (section 7.3).
        UnsupportedBindingError: Nor the bindings in it, as far as it has to.
    """
    index = tree.index
    if needs and not (
        index.all_support("extensions", needs.extensions)
        and index.all_support("extensions", needs.used)
        and index.all_support("proposals", needs.proposals)
        and index.all_support("credentials", needs.credentials)
    ):
        for at, leaf in tree.members():
            check_group_needs(leaf, needs, at)
    if not index.all_support("credentials", index.credential_types):
        _check_credential_types(tree)
    if not index.credential_types.isdisjoint((MULTI, WEAK_MULTI)):
        check_binding_support(tree.members())


def has_same_support(tree: RatchetTree, before: RatchetTree) -> bool:
    """Return whether what `check_group_support` looks at is what it was in another tree.

    Errors are those of the index, for keys that are there twice.
    """
    if tree is before:
        return True
    index = tree.index
    if not index.has_counts_of(before.index):
        return False
    return index.credential_types.isdisjoint((MULTI, WEAK_MULTI))


def _check_credential_types(tree: RatchetTree) -> None:
    """Check that every leaf supports the types of all credentials, one leaf after the other."""
    used: dict[int, LeafIndex] = {}
    for index, leaf in tree.members():
        used.setdefault(leaf.credential.tag, index)
    for index, leaf in tree.members():
        for kind, holder in used.items():
            if kind not in leaf.capabilities.credentials:
                raise UnsupportedCredentialError(
                    f"leaf {index} does not support credential type {kind}, which leaf {holder}"
                    " uses",
                    leaf=index,
                )


def verify_leaf_signatures(
    tree: RatchetTree,
    group_id: bytes,
    capabilities: Capabilities | None = None,
    *,
    map: Map = map,  # noqa: A002 - it stands for the built-in function
) -> None:
    """Check the signatures of all leaves, and those in their credentials.

    Raises:
        LeafSignatureError: One does not verify; names the leaf.
        InvalidError: A binding is not valid; see `mimi.tree.multicredential.verify_bindings`.
    """

    def verify(batch: Members) -> None:
        for index, leaf in batch:
            verify_leaf_signature(tree.suite, leaf, group_id, index)
            verify_bindings(leaf, capabilities, index)

    members = tuple(tree.members())
    for _ in map(verify, (members[at : at + BATCH] for at in range(0, len(members), BATCH))):
        pass
