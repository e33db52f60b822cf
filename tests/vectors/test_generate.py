"""The vectors of MLS: what README.md says that they cover."""

from vectors.sets import MLS

from mimi.codec import GREASE_VALUES, decode
from mimi.crypto import suite_of
from mimi.mls.framing import PublicMessage
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Commit, Proposal
from mimi.tree.codepoints import LeafNodeSource
from mimi.tree.leaf import CommitSource, KeyPackageSource, LeafNode, UpdateSource
from mimi.tree.math import level
from mimi.tree.ratchet import RatchetTree

cases_of = MLS.cases_of


def trees_of(kind: str, *names: str) -> list[RatchetTree]:
    return [
        RatchetTree.decode(suite_of(case["cipher_suite"]), bytes.fromhex(case[name]))
        for case in cases_of(kind)
        for name in names
    ]


def test_tree_operations_cover_all_effects():
    changes = set()
    for case in cases_of("tree-operations"):
        suite = suite_of(case["cipher_suite"])
        before, after = (
            RatchetTree.decode(suite, bytes.fromhex(case[name]))
            for name in ("tree_before", "tree_after")
        )
        kind = type(decode(Proposal, bytes.fromhex(case["proposal"]))).__name__
        unmerged = max((len(node.unmerged_leaves) for _, node in after.parents()), default=0)
        changes.add((kind, before.leaf_count, after.leaf_count, unmerged))
    kinds = {change[0] for change in changes}
    assert kinds == {"Add", "Update", "Remove"}
    assert ("Remove", 16, 2, 0) in changes, "several halvings"
    assert ("Remove", 2, 1, 0) in changes
    assert ("Add", 2, 4, 0) in changes, "an extension"
    assert ("Add", 8, 8, 2) in changes, "beside another unmerged leaf"


def test_trees_have_unmerged_leaves_at_several_levels():
    trees = trees_of("tree-validation", "tree")
    levels = {
        (level(position), len(node.unmerged_leaves))
        for tree in trees
        for position, node in tree.parents()
        if node.unmerged_leaves
    }
    assert {(2, 1), (3, 2), (4, 4)} <= levels
    assert max(tree.leaf_count for tree in trees) == 64
    sources = {type(leaf.leaf_node_source) for tree in trees for _, leaf in tree.members()}
    assert sources == {KeyPackageSource, UpdateSource, CommitSource}
    assert len(sources) == len(LeafNodeSource)


def test_treekem_has_trees_with_blanks_and_unmerged_leaves():
    for case, tree in zip(cases_of("treekem"), trees_of("treekem", "ratchet_tree"), strict=True):
        members = [leaf for leaf, _ in tree.members()]
        assert [one["index"] for one in case["leaves_private"]] == members
    trees = trees_of("treekem", "ratchet_tree")
    assert any(node.unmerged_leaves for tree in trees for _, node in tree.parents())
    assert any(tree.leaf(0) is not None and tree.leaf(1) is None for tree in trees)


def test_messages_have_all_senders_proposals_and_extremes():
    public = [
        decode(MLSMessage, bytes.fromhex(case[name])).body
        for case in cases_of("messages")
        for name in (
            "public_message_application",
            "public_message_proposal",
            "public_message_commit",
        )
    ]
    assert all(isinstance(message, PublicMessage) for message in public)
    senders = {type(message.content.sender).__name__ for message in public}
    assert len(senders) == 4
    assert {message.content.epoch for message in public} >= {(1 << 64) - 1}
    commits = [decode(Commit, bytes.fromhex(case["commit"])) for case in cases_of("messages")]
    assert {type(proposal).__name__ for commit in commits for proposal in commit.proposals} == {
        "bytes",
        "Add",
        "Update",
        "Remove",
        "PreSharedKey",
        "ReInit",
        "ExternalInit",
        "GroupContextExtensions",
    }
    assert {commit.path is None for commit in commits} == {True, False}
    leaves = [leaf for commit in commits for leaf in added_leaves(commit)]
    assert any(set(GREASE_VALUES) <= set(leaf.capabilities.extensions) for leaf in leaves)
    assert {type(leaf.credential).__name__ for leaf in leaves} == {"X509Credential"}


def added_leaves(commit: Commit) -> list[LeafNode]:
    return [
        proposal.key_package.leaf_node
        for proposal in commit.proposals
        if type(proposal).__name__ == "Add"
    ]
