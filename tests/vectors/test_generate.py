"""Generated vectors: the same for the same seed, good for any, and what they are said to cover."""

import json
from functools import cache
from pathlib import Path

import pytest
from vectors.corruption import KIND_OF

from mimi.codec import GREASE_VALUES, decode
from mimi.crypto import suite_of
from mimi.errors import UsageError
from mimi.mls.framing import PublicMessage
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Commit, Proposal
from mimi.tree.codepoints import LeafNodeSource
from mimi.tree.leaf import CommitSource, KeyPackageSource, LeafNode, UpdateSource
from mimi.tree.math import level
from mimi.tree.ratchet import RatchetTree
from mimi.vectors import MLS_KINDS, verify
from mimi.vectors.generate import GENERATED, generate, generate_kind
from mimi.vectors.generate.written import SAFE_INTEGER

OWN = Path(__file__).parents[2] / "vectors" / "mls"

WITHOUT_SEED = {"tree-math", "deserialization"}
WITHOUT_SUITE = WITHOUT_SEED | {"messages"}

every_kind = pytest.mark.parametrize("kind", GENERATED)


@cache
def file_of(kind: str, seed: int) -> bytes:
    return generate_kind(kind, seed)


def cases_of(kind: str) -> list[dict]:
    return json.loads(file_of(kind, 1))


def trees_of(kind: str, *names: str) -> list[RatchetTree]:
    return [
        RatchetTree.decode(suite_of(case["cipher_suite"]), bytes.fromhex(case[name]))
        for case in cases_of(kind)
        for name in names
    ]


@every_kind
def test_the_files_are_those_of_seed_1(kind):
    assert (OWN / f"{kind}.json").read_bytes() == file_of(kind, 1)


def test_the_files_are_all_there_is():
    assert {path.stem for path in OWN.glob("*.json")} == set(GENERATED)


@every_kind
def test_the_same_seed_gives_the_same_octets(kind):
    assert generate_kind(kind, 2) == file_of(kind, 2)


@every_kind
def test_another_seed_gives_others(kind):
    assert (file_of(kind, 2) == file_of(kind, 1)) == (kind in WITHOUT_SEED)


@every_kind
def test_every_seed_gives_good_vectors(kind):
    report = verify(kind, file_of(kind, 2))
    assert report.ok, [str(failure) for failure in report.failures[:3]] or report.problem
    assert report.kind == KIND_OF[kind].name
    assert report.suites == (() if kind in WITHOUT_SUITE else tuple(range(1, 8)))


def test_the_whole_set_is_that_of_all_kinds():
    assert generate(2) == {f"{kind}.json": file_of(kind, 2) for kind in GENERATED}
    assert set(GENERATED) == {file for kind in MLS_KINDS for file in kind.files}


def test_an_unknown_kind_is_the_callers_mistake():
    with pytest.raises(UsageError, match="passive-client"):
        generate_kind("passive-client", 1)


@every_kind
def test_the_fields_are_those_of_the_format(kind):
    fields = KIND_OF[kind].fields
    for case in cases_of(kind):
        assert set(case) == fields
        assert list(case) == list(cases_of(kind)[0])


@every_kind
def test_every_json_reader_keeps_the_numbers(kind):
    def numbers(value):
        if isinstance(value, dict | list):
            for inner in value.values() if isinstance(value, dict) else value:
                yield from numbers(inner)
        elif isinstance(value, int):
            yield value

    assert max(numbers(cases_of(kind)), default=0) <= SAFE_INTEGER


# What README.md says that they cover


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
