"""Tree operations, tree validation and TreeKEM."""

import attrs

from mimi.codec import decode, encode, replace
from mimi.crypto import SeededEntropy, SignaturePrivateKey, Suite, suite_of
from mimi.mls.context import GroupContext
from mimi.mls.proposal import Add, Proposal, Remove, Update
from mimi.tree import math
from mimi.tree.errors import PrivateKeyError
from mimi.tree.leaf import verify_leaf_signature
from mimi.tree.math import LeafIndex, NodeIndex
from mimi.tree.path import (
    CreatedPath,
    UpdatePath,
    create_update_path,
    merge_update_path,
    process_update_path,
)
from mimi.tree.private import PrivateTree, node_key
from mimi.tree.ratchet import RatchetTree
from mimi.tree.validate import (
    check_unique_keys,
    check_unmerged_leaves,
    verify_leaf_signatures,
    verify_parent_hashes,
)
from mimi.vectors.case import Case, DifferenceError


def check_tree_operations(case: Case) -> None:
    """Apply a proposal to a tree."""
    suite = suite_of(case.integer("cipher_suite"))
    with case.valid("tree_before"):
        tree = RatchetTree.decode(suite, case.octets("tree_before"))
    case.equal("tree_hash_before", tree.tree_hash)
    with case.valid("proposal"):
        after = _applied(tree, case)
    case.equal("tree_after", after.encode())
    case.equal("tree_hash_after", after.tree_hash)


def _applied(tree: RatchetTree, case: Case) -> RatchetTree:
    sender = LeafIndex(case.integer("proposal_sender"))
    with case.valid("proposal_sender"):
        tree.member(sender)
    match decode(Proposal, case.octets("proposal")):
        case Add(key_package=key_package):
            return tree.add(key_package.leaf_node)[0]
        case Update(leaf_node=leaf):
            return tree.update(sender, leaf)
        case Remove(removed=removed):
            return tree.remove(removed)
        case other:
            raise DifferenceError("proposal", "Add, Update or Remove", type(other).__name__)


def check_tree_validation(case: Case) -> None:
    """Verify a tree as a joiner does, and the resolution and hash of every node."""
    suite = suite_of(case.integer("cipher_suite"))
    with case.valid("tree"):
        tree = _valid_tree(suite, case.octets("tree"), case.octets("group_id"))
    width = math.node_width(tree.leaf_count)
    case.equal_length("resolutions", width)
    case.equal_length("tree_hashes", width)
    for node in map(NodeIndex, range(width)):
        case.part("resolutions").equal(node, [int(at) for at in tree.resolution(node)])
        case.part("tree_hashes").equal(node, tree.node_hash(node))


def _valid_tree(suite: Suite, octets: bytes, group_id: bytes) -> RatchetTree:
    tree = RatchetTree.decode(suite, octets)
    check_unique_keys(tree)
    check_unmerged_leaves(tree)
    verify_parent_hashes(tree)
    verify_leaf_signatures(tree, group_id)
    return tree


@attrs.frozen
class Member:
    """A member of a TreeKEM vector, with its private keys."""

    private: PrivateTree
    signer: SignaturePrivateKey


@attrs.frozen
class Group:
    """The group of a TreeKEM vector."""

    tree: RatchetTree
    context: GroupContext
    members: dict[LeafIndex, Member]

    @property
    def group_id(self) -> bytes:
        """The group's identifier."""
        return self.context.group_id

    def context_of(self, tree_hash: bytes) -> bytes:
        """Return the encoded group context with another tree hash."""
        return encode(replace(self.context, tree_hash=tree_hash))

    def others(self, sender: LeafIndex) -> dict[LeafIndex, Member]:
        """Return the members but one."""
        return {leaf: member for leaf, member in self.members.items() if leaf != sender}


def check_treekem(case: Case) -> None:
    """Process every update path as every member, and create one in its place."""
    suite = suite_of(case.integer("cipher_suite"))
    with case.valid("ratchet_tree"):
        tree = _valid_tree(suite, case.octets("ratchet_tree"), case.octets("group_id"))
    context = GroupContext(
        suite.code,
        case.octets("group_id"),
        case.integer("epoch"),
        tree.tree_hash,
        case.octets("confirmed_transcript_hash"),
    )
    members: dict[LeafIndex, Member] = {}
    for part in case.parts("leaves_private"):
        members[LeafIndex(part.integer("index"))] = _member(tree, part)
    group = Group(tree, context, members)
    for part in case.parts("update_paths"):
        _check_update_path(group, part)


def _member(tree: RatchetTree, part: Case) -> Member:
    suite, leaf = tree.suite, LeafIndex(part.integer("index"))
    with part.valid("index"):
        own = tree.member(leaf)
    with part.valid("encryption_priv"):
        key = suite.hpke_private_key(part.octets("encryption_priv"))
        private = PrivateTree.of_leaf(leaf, key)
        private.check(tree)
    with part.valid("signature_priv"):
        signer = suite.signature_private_key(part.octets("signature_priv"))
        if signer.public != own.signature_key:
            raise PrivateKeyError(f"leaf {leaf} has another signature key", leaf=leaf)
    for entry in part.parts("path_secrets"):
        with entry.valid("path_secret"):
            position = NodeIndex(entry.integer("node"))
            keys = {position: node_key(suite, entry.octets("path_secret"))}
            private = private.with_keys(keys)
            private.check(tree)
    return Member(private, signer)


def _check_update_path(group: Group, part: Case) -> None:
    sender = LeafIndex(part.integer("sender"))
    with part.valid("sender"):
        own = group.tree.member(sender)
    with part.valid("update_path"):
        path = decode(UpdatePath, part.octets("update_path"))
        merged = merge_update_path(group.tree, sender, path)
        verify_leaf_signature(group.tree.suite, path.leaf_node, group.group_id, sender)
    part.equal("tree_hash_after", merged.tree_hash)
    path_secrets = part.part("path_secrets")
    path_secrets.equal(sender, None)
    context = group.context_of(merged.tree_hash)
    for leaf, member in group.others(sender).items():
        with part.valid("update_path"):
            processed = process_update_path(
                group.tree, merged, sender, path, member.private, context
            )
        path_secrets.equal(leaf, processed.path_secret)
        part.equal("commit_secret", processed.commit_secret)
    if sender in group.members:
        created = create_update_path(
            group.tree,
            sender,
            own,
            group.members[sender].signer,
            group.group_id,
            group.context_of,
            SeededEntropy(b"treekem"),
        )
        with part.valid("sender"):
            _check_created(group, sender, created)


def _check_created(group: Group, sender: LeafIndex, created: CreatedPath) -> None:
    path = decode(UpdatePath, encode(created.update_path))
    merged = merge_update_path(group.tree, sender, path)
    context = group.context_of(merged.tree_hash)
    for leaf, member in group.others(sender).items():
        processed = process_update_path(group.tree, merged, sender, path, member.private, context)
        if processed.commit_secret != created.commit_secret:
            raise DifferenceError(f"leaf {leaf}", "the commit secret of a new path", "another")
