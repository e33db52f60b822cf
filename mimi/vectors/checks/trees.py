"""Tree operations, tree validation and TreeKEM."""

from functools import partial

import attrs

from mimi.codec import decode, encode, replace
from mimi.crypto import HPKEPrivateKey, SeededEntropy, SignaturePrivateKey, Suite
from mimi.mls.context import GroupContext
from mimi.mls.keypackage import verify_key_package_signature
from mimi.mls.proposal import Add, Proposal, Remove, Update
from mimi.tree import math
from mimi.tree.leaf import LeafNode, verify_leaf_signature
from mimi.tree.math import LeafIndex, NodeIndex
from mimi.tree.path import (
    MergedPath,
    UpdatePath,
    create_update_path,
    merge_update_path,
    process_update_path,
)
from mimi.tree.private import PrivateTree, node_key
from mimi.tree.ratchet import RatchetTree
from mimi.tree.validate import (
    check_keys,
    check_unmerged_leaves,
    verify_leaf_signatures,
    verify_parent_hashes,
)
from mimi.vectors.case import Case, DifferenceError, holds


def check_tree_operations(case: Case) -> None:
    """Apply a proposal to a tree."""
    suite = case.suite()
    with case.valid("tree_before", syntax_only=True):
        tree = RatchetTree.decode(suite, case.octets("tree_before"))
    case.equal("tree_hash_before", tree.tree_hash)
    with case.valid("proposal", syntax_only=True):
        after = _applied(tree, case)
    case.equal("tree_after", after.encode())
    case.equal("tree_hash_after", after.tree_hash)


def _applied(tree: RatchetTree, case: Case) -> RatchetTree:
    sender = LeafIndex(case.integer("proposal_sender"))
    with case.valid("proposal_sender", syntax_only=True):
        tree.member(sender)
    match decode(Proposal, case.octets("proposal")):
        case Add(key_package=key_package):
            verify_key_package_signature(tree.suite, key_package)
            return tree.add(key_package.leaf_node)[0]
        case Update(leaf_node=leaf):
            return tree.update(sender, leaf)
        case Remove(removed=removed):
            return tree.remove(removed)
        case other:
            raise DifferenceError(
                case.name("proposal"), "Add, Update or Remove", type(other).__name__
            )


def check_tree_validation(case: Case) -> None:
    """Verify a tree as a joiner does, and the resolution and hash of every node."""
    suite = case.suite()
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
    check_keys(tree)
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
    suite = case.suite()
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
    missing = [leaf for leaf, _ in tree.members() if leaf not in members]
    if missing:
        raise DifferenceError(case.name("leaves_private"), "all members", f"no leaf {missing[0]}")
    group = Group(tree, context, members)
    for part in case.parts("update_paths", least=1):
        _check_update_path(group, part)


def _member(tree: RatchetTree, part: Case) -> Member:
    suite, leaf = tree.suite, LeafIndex(part.integer("index"))
    with part.valid("index"):
        own = tree.member(leaf)
    with part.at("encryption_priv"):
        key = suite.hpke_private_key(part.octets("encryption_priv"))
    with part.at("signature_priv"):
        signer = suite.signature_private_key(part.octets("signature_priv"))
    same_key, same_signer = key.public == own.encryption_key, signer.public == own.signature_key
    if not same_key and not same_signer:
        raise DifferenceError(part.name("index"), "the leaf of the keys", "a leaf with others")
    if not same_key:
        raise DifferenceError(part.name("encryption_priv"), f"the key of leaf {leaf}", "another")
    if not same_signer:
        raise DifferenceError(part.name("signature_priv"), f"the key of leaf {leaf}", "another")
    part.note("encryption_priv")
    part.note("signature_priv")
    private = PrivateTree.of_leaf(leaf, key)
    for entry in part.parts("path_secrets"):
        private = private.with_keys(_path_key(tree, leaf, entry))
    with part.at("path_secrets"):
        private.check(tree)
    return Member(private, signer)


def _path_key(tree: RatchetTree, leaf: LeafIndex, entry: Case) -> dict[NodeIndex, HPKEPrivateKey]:
    """Check a path secret against the node that it is for, and return the node's key."""
    with entry.at("path_secret"):
        key, _ = node_key(tree.suite, entry.secret("path_secret"))
    position = NodeIndex(entry.integer("node"))
    path = math.direct_path(math.node_of(leaf), tree.leaf_count)
    nodes = {at: node.encryption_key for at in path if (node := tree.node(at)) is not None}
    if nodes.get(position) != key.public:
        elsewhere = [at for at, public in nodes.items() if public == key.public]
        if elsewhere:
            raise DifferenceError(entry.name("node"), str(position), str(elsewhere[0]))
        raise DifferenceError(
            entry.name("path_secret"), f"the path secret of node {position}", "another"
        )
    entry.note("node")
    entry.note("path_secret")
    return {position: key}


def _check_update_path(group: Group, part: Case) -> None:
    sender = LeafIndex(part.integer("sender"))
    with part.valid("sender"):
        own = group.tree.member(sender)
    path_secrets = part.part("path_secrets")
    part.equal_length("path_secrets", group.tree.leaf_count)
    with part.at("update_path"):
        path = decode(UpdatePath, part.octets("update_path"))
    merge = partial(_merged, group, sender, path)
    if path_secrets.value(sender) is not None and not holds(merge):
        raise DifferenceError(part.name("sender"), str(sender), "a leaf with a path secret")
    with part.valid("update_path"):
        merged = merge()
    part.equal("tree_hash_after", merged.tree.tree_hash)
    context = group.context_of(merged.tree.tree_hash)
    part.octets("commit_secret")  # nobody computes it in a group of one
    others = group.others(sender)
    for leaf in map(LeafIndex, range(group.tree.leaf_count)):
        if leaf not in others:
            path_secrets.equal(leaf, None)
            continue
        with part.at("update_path"):
            processed = process_update_path(merged, others[leaf].private, context)
        path_secrets.equal(leaf, processed.path_secret.reveal())
        part.equal("commit_secret", processed.commit_secret.reveal())
    with part.at("sender"):
        _check_created(group, sender, own, part)


def _merged(group: Group, sender: LeafIndex, path: UpdatePath) -> MergedPath:
    """Return an update path merged into the tree, if it is valid."""
    merged = merge_update_path(group.tree, sender, path, added=())
    verify_leaf_signature(group.tree.suite, path.leaf_node, group.group_id, sender)
    return merged


def _check_created(group: Group, sender: LeafIndex, own: LeafNode, part: Case) -> None:
    created = create_update_path(
        group.tree,
        sender,
        own,
        group.members[sender].signer,
        group.group_id,
        group.context_of,
        SeededEntropy(b"treekem"),
        added=(),
    )
    path = decode(UpdatePath, encode(created.update_path))
    merged = merge_update_path(group.tree, sender, path, added=())
    context = group.context_of(merged.tree.tree_hash)
    for leaf, member in group.others(sender).items():
        processed = process_update_path(merged, member.private, context)
        if processed.commit_secret != created.commit_secret:
            wanted = f"leaf {leaf} to compute the commit secret of a new path"
            raise DifferenceError(part.name("sender"), wanted, "another")
