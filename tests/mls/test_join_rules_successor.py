"""Joining what follows from a group (RFC 9420 sections 11.2, 11.3 and 12.4.3.1), rule by rule.

Alice founds the successor or the branch; Bob joins. Each of her Welcomes breaks one rule and is
right in everything else: it has the resumption PSK of the old group, the members, the tree.
"""

from functools import cache
from typing import Any

import pytest
from mls.inviter import NOW, Invitation, client, joins, refuses, with_package
from tree.members import SUITE, refused

from mimi.codec import replace
from mimi.crypto import CipherSuite, suite_of
from mimi.errors import UsageError
from mimi.mls.client import Client
from mimi.mls.codepoints import ResumptionPSKUsage
from mimi.mls.errors import (
    BranchMismatchError,
    KeyPackageSignatureError,
    PSKNonceError,
    ReInitMismatchError,
    SuccessorEpochError,
    SuccessorMembersError,
    UnexpectedMessageError,
)
from mimi.mls.group import Group
from mimi.mls.proposal import ReInit
from mimi.mls.psk import PreSharedKeyID, ResumptionPSK
from mimi.mls.successor import branch, reinitialise
from mimi.tree.codepoints import ExtensionType, ProtocolVersion
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import ExternalSender, ExternalSenders, extension
from mimi.tree.ratchet import RatchetTree

NONCE = bytes(SUITE.nh)
OTHER_SUITE = suite_of(CipherSuite.P256_AES128)
SENDERS = extension(
    ExtensionType.EXTERNAL_SENDERS,
    (ExternalSender(b"key", BasicCredential(b"hub")),),
    ExternalSenders,
)
ANNOUNCED = ReInit(b"new", ProtocolVersion.MLS10, SUITE.code, (SENDERS,))
REINIT, BRANCH = ResumptionPSKUsage.REINIT, ResumptionPSKUsage.BRANCH


@cache
def old(reinit: ReInit | None = None) -> tuple[Group, Group]:
    """Return the old group as Alice and Bob hold it; Carol is there, too."""
    people = [with_package(client(name)) for name in (b"bob", b"carol")]
    group = client(b"alice").create_group(b"old", now=NOW)
    draft = group.commit(add=[package for _, package in people], now=NOW)
    bob = people[0][0].join(draft.welcome, now=NOW).accept()[1]
    group = draft.accept()
    if reinit is None:
        return group, bob
    draft = group.commit(reinit=reinit, now=NOW)
    return draft.accept(), bob.receive(draft.commit, now=NOW).events[0].accept().group


def following(
    usage: ResumptionPSKUsage,
    old_group: Group,
    names: tuple[bytes, ...] = (b"alice", b"bob", b"carol"),
    **context: Any,
) -> tuple[Client, Invitation]:
    """Return Bob, and the right invitation to a group that follows from another."""
    people = {name: with_package(client(name)) for name in names}
    first, *others = (package for _, package in people.values())
    tree = RatchetTree.of_leaf(SUITE, first.leaf_node)
    for package in others:
        tree, _ = tree.add(package.leaf_node)
    named = PreSharedKeyID(ResumptionPSK(usage, b"old", old_group.epoch), NONCE)
    bob, package = people[b"bob"]
    right = {"group_id": b"new", "epoch": 1, "extensions": (SENDERS,), **context}
    psks = ((named, old_group.secrets.resumption_psk),)
    return bob, Invitation(package, tree, people[names[0]][0].signer, psks=psks, context=right)


def named(invitation: Invitation, **changes: Any) -> Invitation:
    """Return an invitation that names its resumption PSK otherwise; the value is the right one."""
    (psk, value), *_ = invitation.psks
    return invitation.but(psks=((replace(psk, psk=replace(psk.psk, **changes)), value),))


# Successors, from the joiner's side


def test_what_the_reinit_announced_is_joined():
    seat = old(ANNOUNCED)[1]
    joins(*following(REINIT, seat), groups=[seat])
    joins(*following(REINIT, seat, (b"alice", b"bob", b"carol", b"dave")), groups=[seat])


@pytest.mark.parametrize("epoch", [0, 2, 3])
def test_a_successor_begins_in_epoch_1(epoch):
    seat = old(ANNOUNCED)[1]
    bob, right = following(REINIT, seat)
    wrong = right.but(context={"epoch": epoch})
    refuses(bob, wrong, right, SuccessorEpochError, {"groups": [seat]})


@pytest.mark.parametrize(
    "change", [{"group_id": b"another"}, {"extensions": ()}], ids=["group_id", "extensions"]
)
def test_a_successor_is_what_the_reinit_announced(change):
    seat = old(ANNOUNCED)[1]
    bob, right = following(REINIT, seat)
    refuses(bob, right.but(context=change), right, ReInitMismatchError, {"groups": [seat]})


@pytest.mark.parametrize(
    "announced",
    [
        replace(ANNOUNCED, group_id=b"another"),
        replace(ANNOUNCED, version=ProtocolVersion(2)),
        replace(ANNOUNCED, cipher_suite=OTHER_SUITE.code),
        replace(ANNOUNCED, extensions=()),
    ],
    ids=["group_id", "version", "cipher_suite", "extensions"],
)
def test_a_successor_has_every_parameter_of_the_reinit(announced):
    seat = old(announced)[1]
    bob, wrong = following(REINIT, seat)
    genuine = following(REINIT, old(ANNOUNCED)[1])[1]
    with refused(ReInitMismatchError):
        bob.join(wrong.wire(), now=NOW, groups=[seat])
    joins(bob, genuine, groups=[old(ANNOUNCED)[1]])


def test_without_a_reinit_there_is_no_successor():
    seat = old()[1]
    bob, wrong = following(REINIT, seat)
    with refused(ReInitMismatchError):
        bob.join(wrong.wire(), now=NOW, groups=[seat])
    joins(bob, following(REINIT, old(ANNOUNCED)[1])[1], groups=[old(ANNOUNCED)[1]])


def test_a_successor_names_the_psk_of_the_last_epoch():
    """The member holds that of the epoch before as well, and the value is the right one."""
    seat = old(ANNOUNCED)[1]
    bob, right = following(REINIT, seat)
    earlier = seat.epoch - 1
    value = seat.resumption[earlier]
    (psk, _), *_ = right.psks
    wrong = right.but(psks=((replace(psk, psk=replace(psk.psk, psk_epoch=earlier)), value),))
    refuses(bob, wrong, right, ReInitMismatchError, {"groups": [seat]})


def test_the_announced_group_names_the_reinit_psk():
    seat = old(ANNOUNCED)[1]
    bob, right = following(REINIT, seat)
    application = named(right, usage=ResumptionPSKUsage.APPLICATION)
    for wrong in (right.but(psks=()), application):
        refuses(bob, wrong, right, ReInitMismatchError, {"groups": [seat]})


def test_all_members_of_the_old_group_are_in_its_successor():
    seat = old(ANNOUNCED)[1]
    bob, wrong = following(REINIT, seat, (b"alice", b"bob"))
    _, right = following(REINIT, seat)
    refuses(bob, wrong, right, SuccessorMembersError, {"groups": [seat]}, leaf=2)


def test_who_is_the_same_client_is_for_the_application_to_say():
    seat = old(ANNOUNCED)[1]
    bob, renamed = following(REINIT, seat, (b"alice", b"bob", b"Carol"))

    def same(one: BasicCredential, other: BasicCredential) -> bool:
        return one.identity.lower() == other.identity.lower()

    joins(bob, renamed, groups=[seat], same_client=same)
    with refused(SuccessorMembersError, leaf=2):
        bob.join(renamed.wire(), now=NOW, groups=[seat])


@pytest.mark.parametrize("usage", [REINIT, BRANCH])
def test_what_follows_from_a_group_is_joined_by_who_has_it(usage):
    """The value alone, without the group, proves nothing of its members."""
    seat = old(ANNOUNCED)[1] if usage is REINIT else old()[1]
    bob, right = following(usage, seat)
    bob = bob.with_psk(*seat.resumption_psk)
    with refused(SuccessorMembersError):
        bob.join(right.wire(), now=NOW)
    joins(bob, right, groups=[seat])


# Branches, from the joiner's side


def test_some_of_the_members_are_a_branch():
    seat = old()[1]
    for names in ((b"alice", b"bob"), (b"alice", b"bob", b"carol"), (b"carol", b"bob")):
        joins(*following(BRANCH, seat, names), groups=[seat])


@pytest.mark.parametrize("epoch", [0, 2])
def test_a_branch_begins_in_epoch_1(epoch):
    seat = old()[1]
    bob, right = following(BRANCH, seat)
    wrong = right.but(context={"epoch": epoch})
    refuses(bob, wrong, right, SuccessorEpochError, {"groups": [seat]})


def test_all_members_of_a_branch_are_members_of_the_old_group():
    seat = old()[1]
    bob, wrong = following(BRANCH, seat, (b"alice", b"bob", b"mallory"))
    _, right = following(BRANCH, seat)
    refuses(bob, wrong, right, SuccessorMembersError, {"groups": [seat]}, leaf=2)


@pytest.mark.parametrize("octets", [0, 31, 33])
def test_the_nonce_of_a_branch_has_nh_octets(octets):
    seat = old()[1]
    bob, right = following(BRANCH, seat)
    ((psk, value),) = right.psks
    wrong = right.but(psks=((replace(psk, psk_nonce=bytes(octets)), value),))
    refuses(bob, wrong, right, PSKNonceError, {"groups": [seat]})


def test_a_branch_has_the_suite_of_the_old_group():
    """Everybody has keys of both suites; the resumption PSK serves either."""
    seat = old()[1]
    other = [with_package(client(name, OTHER_SUITE)) for name in (b"alice", b"bob")]
    (alice, first), (bob, package) = other
    tree, _ = RatchetTree.of_leaf(OTHER_SUITE, first.leaf_node).add(package.leaf_node)
    named = PreSharedKeyID(ResumptionPSK(BRANCH, b"old", seat.epoch), bytes(OTHER_SUITE.nh))
    psks = ((named, seat.secrets.resumption_psk),)
    context = {"group_id": b"new", "epoch": 1}
    wrong = Invitation(package, tree, alice.signer, OTHER_SUITE, psks=psks, context=context)
    right = wrong.but(psks=())
    refuses(bob, wrong, right, BranchMismatchError, {"groups": [seat]})


# From the founder's side


def packages(*names: bytes, suite: Any = SUITE) -> list[Any]:
    return [with_package(client(name, suite))[1] for name in names]


def test_a_successor_is_founded_after_a_reinit():
    with refused(ReInitMismatchError):
        reinitialise(old()[0], client(b"alice"), packages(b"bob", b"carol"), now=NOW)
    seat, _ = old(ANNOUNCED)
    draft = reinitialise(seat, client(b"alice"), packages(b"bob", b"carol"), now=NOW)
    assert draft.accept().context.epoch == 1


def test_a_successor_is_founded_with_the_suite_of_the_reinit():
    other = client(b"alice", OTHER_SUITE)
    with refused(ReInitMismatchError):
        reinitialise(old(ANNOUNCED)[0], other, packages(b"bob", b"carol"), now=NOW)
    announced = replace(ANNOUNCED, cipher_suite=OTHER_SUITE.code)
    keys = packages(b"bob", b"carol", suite=OTHER_SUITE)
    draft = reinitialise(old(announced)[0], other, keys, now=NOW)
    (bob, package) = with_package(client(b"bob", OTHER_SUITE))
    assert package == keys[0]
    staged = bob.join(draft.welcome, now=NOW, groups=[old(announced)[1]])
    assert staged.context.cipher_suite == OTHER_SUITE.code


def test_a_successor_is_founded_with_all_members():
    with refused(SuccessorMembersError, leaf=2):
        reinitialise(old(ANNOUNCED)[0], client(b"alice"), packages(b"bob"), now=NOW)


def test_a_branch_is_founded_with_the_suite_of_the_group():
    other = client(b"alice", OTHER_SUITE)
    with refused(BranchMismatchError):
        branch(old()[0], other, b"new", packages(b"bob", suite=OTHER_SUITE), now=NOW)


def test_a_branch_is_founded_with_members_only():
    with refused(SuccessorMembersError, leaf=2):
        branch(old()[0], client(b"alice"), b"new", packages(b"bob", b"mallory"), now=NOW)
    draft = branch(old()[0], client(b"alice"), b"new", packages(b"bob"), now=NOW)
    bob, _ = with_package(client(b"bob"))
    staged = bob.join(draft.welcome, now=NOW, groups=[old()[1]])
    assert [psk.psk.usage for psk in staged.psks] == [BRANCH]
    assert len(staged.psks[0].psk_nonce) == SUITE.nh


def test_who_founds_looks_at_the_key_packages():
    (package,) = packages(b"bob")
    forged = replace(package, signature=bytes(64))
    with refused(KeyPackageSignatureError):
        branch(old()[0], client(b"alice"), b"new", [forged], now=NOW)
    with refused(UnexpectedMessageError):
        branch(old()[0], client(b"alice"), b"new", [old()[0].group_info()], now=NOW)


def test_who_was_removed_founds_nothing():
    group, bob = old()
    draft = group.commit(remove=[bob.leaf_index], now=NOW)
    gone = bob.receive(draft.commit, now=NOW).events[0].accept().group
    with pytest.raises(UsageError, match="removed"):
        branch(gone, client(b"bob"), b"new", packages(b"alice"), now=NOW)
