"""What README.md of our vectors says that those of passive clients cover."""

from collections import Counter

import pytest
from vectors.corruption import FILES, cases_of
from vectors.following import epochs_of, octets, staged

from mimi.codec import decode
from mimi.mls import (
    Add,
    ExternalSenderIndex,
    GroupContextExtensions,
    KeyPackage,
    MemberSender,
    MLSMessage,
    NewMemberCommitSender,
    NewMemberProposalSender,
    PreSharedKey,
    PrivateMessage,
    PublicMessage,
    ReInit,
    Remove,
    ResumptionPSK,
    Update,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import BasicCredential, X509Credential
from mimi.tree.extension import find
from mimi.tree.leaf import KeyPackageSource, Lifetime

WELCOMES = FILES["own-passive-client-welcome"]
HANDLING = FILES["own-passive-client-handling-commit"]
RANDOM = FILES["own-passive-client-random"]

BY_MEMBERS = {Add, Remove, PreSharedKey, ReInit, GroupContextExtensions}


@pytest.mark.parametrize("path", [WELCOMES, HANDLING, RANDOM], ids=lambda path: path.stem)
def test_no_clock_refuses_a_key_package(path):
    for case in cases_of(path):
        package = decode(MLSMessage, octets(case, "key_package")).body
        assert isinstance(package, KeyPackage)
        source = package.leaf_node.leaf_node_source
        assert source == KeyPackageSource(Lifetime(0, (1 << 64) - 1))


def test_welcomes_are_of_all_sorts():
    for number in range(7):
        joins = [staged(case) for case in cases_of(WELCOMES)[5 * number : 5 * number + 5]]
        assert len({join.state.suite.code for join in joins}) == 1
        carried = (join.group_info_extensions for join in joins)
        in_welcome = [find(extensions, ExtensionType.RATCHET_TREE) for extensions in carried]
        assert [tree is not None for tree in in_welcome] == [True, False, False, True, True]
        assert [len(join.psks) for join in joins] == [0, 3, 0, 1, 0]
        assert [join.leaf_index for join in joins] == [1, 4, 3, 1, 3]
        assert [len(join.members) for join in joins] == [2, 5, 5, 5, 4]
        parents = [dict(join.state.tree.parents()) for join in joins]
        assert [bool(nodes) for nodes in parents] == [False, True, True, True, True], "paths"
        unmerged = [any(node.unmerged_leaves for node in nodes.values()) for nodes in parents]
        assert unmerged == [False, False, True, False, False]
        credentials = {type(member.leaf_node.credential) for member in joins[4].members}
        assert credentials == {BasicCredential, X509Credential}
        kinds = {one.extension_type for one in joins[4].context.extensions}
        assert kinds == {ExtensionType.REQUIRED_CAPABILITIES, ExtensionType.EXTERNAL_SENDERS}


def test_every_proposal_is_committed_by_value_and_by_reference():
    for case, epochs in epochs_of(HANDLING):
        covered = [item for epoch in epochs for item in epoch.commit.transition.covered]
        by_value = {type(item.proposal) for item in covered if item.reference is None}
        by_reference = {type(item.proposal) for item in covered if item.reference is not None}
        is_public = isinstance(message_of(case["epochs"][0]["commit"]), PublicMessage)
        assert by_reference - {ReInit} == BY_MEMBERS - {ReInit} | {Update}
        assert BY_MEMBERS - {ReInit} < by_value
        assert (ReInit in by_value, ReInit in by_reference) == (is_public, not is_public)


def message_of(wire: str):
    return decode(MLSMessage, bytes.fromhex(wire)).body


def test_messages_are_all_public_or_all_private_where_they_may_be():
    for (_, public), (_, private) in zip(*[iter(epochs_of(HANDLING))] * 2, strict=True):
        kinds = [
            {type(message_of(wire)) for epoch in epochs for wire in epoch.wires}
            for epochs in (public, private)
        ]
        assert kinds == [{PublicMessage}, {PublicMessage, PrivateMessage}]
        outside = [
            wire
            for epoch in private
            for wire in epoch.wires
            if isinstance(message_of(wire), PublicMessage)
        ]
        senders = {type(message_of(wire).content.sender) for wire in outside}
        everybody = {ExternalSenderIndex, NewMemberProposalSender, NewMemberCommitSender}
        assert senders == everybody


def test_the_group_grows_and_shrinks_with_and_without_paths():
    for _, epochs in epochs_of(HANDLING):
        widths = [epoch.group.state.tree.leaf_count for epoch in epochs]
        assert (widths[0], max(widths), widths[-1]) == (4, 8, 4)
        paths = Counter(epoch.commit.transition.merged is not None for epoch in epochs)
        assert paths[False] >= 3
        assert paths[True] >= 10
        assert [epoch.group.reinit is None for epoch in epochs] == [True] * 15 + [False]
        senders = Counter(type(epoch.commit.sender) for epoch in epochs)
        assert senders == {MemberSender: 14, NewMemberCommitSender: 2}
        joins = [epoch.commit for epoch in epochs if epoch.commit.sender == NewMemberCommitSender()]
        assert [len(join.removed) for join in joins] == [0, 1], "a resync"


def test_pre_shared_keys_are_the_applications_and_the_groups():
    for _, epochs in epochs_of(HANDLING):
        names = {psk.psk for epoch in epochs for psk in epoch.commit.psks}
        back = [
            epoch.group.epoch - 1 - psk.psk.psk_epoch
            for epoch in epochs
            for psk in epoch.commit.psks
            if isinstance(psk.psk, ResumptionPSK)
        ]
        assert sorted(back) == [0, 1], "the epoch of the commit, and the one before"
        assert {len(psk.psk_id) for psk in names if not isinstance(psk, ResumptionPSK)} == {
            0,
            20,
            70,
        }


def test_a_proposal_stays_uncommitted_and_is_forgotten():
    for _, epochs in epochs_of(HANDLING):
        left = [
            number
            for number, epoch in enumerate(epochs)
            if len(epoch.proposals)
            > sum(item.reference is not None for item in epoch.commit.transition.covered)
        ]
        assert left == [7]
        assert all(not epoch.group.pending for epoch in epochs)


def test_random_groups_fill_and_empty():
    seen: Counter[object] = Counter()
    last = set()
    for _, epochs in epochs_of(RANDOM):
        assert len(epochs) == 24
        widths = [epoch.group.state.tree.leaf_count for epoch in epochs]
        assert max(widths) == 16
        last.add(widths[-1])
        for epoch in epochs:
            seen.update(type(message_of(wire)) for wire in epoch.wires)
            seen.update(type(proposal) for proposal, _ in epoch.commit.proposals)
            seen[epoch.commit.transition.merged is not None] += 1
    assert min(last) <= 4
    assert min(seen[kind] for kind in BY_MEMBERS - {ReInit} | {Update}) >= 7
    assert min(seen[kind] for kind in (PublicMessage, PrivateMessage, True, False)) >= 7
