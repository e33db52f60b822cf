"""Attacks that once worked: what an attacker sends, and what it no longer achieves."""

import traceback
from typing import Any

import pytest
from mls.attacker import zeros
from mls.inviter import client, invited, wire_of, with_package
from mls.victims import ALICE, BASE, BOB, COMMON, MALLORY, followed, offer, proposed, scene
from tree.members import NOW, SUITE, fresh, refused
from tree.members import Group as TreeGroup

from mimi.codec import GREASE_VALUES, replace
from mimi.crypto import Secret, SeededEntropy
from mimi.errors import InvalidError, MalformedError
from mimi.mls import Client, ExternalPSK, Group, Settings
from mimi.mls import commit as commits
from mimi.mls.errors import ReInitMismatchError, StaleDraftError, WrongEpochError
from mimi.mls.framing import MemberSender, NewMemberProposalSender
from mimi.mls.proposal import Add, PreSharedKey, Proposal, ReInit, Remove
from mimi.mls.psk import PreSharedKeyID
from mimi.mls.state import PendingProposal, changed, read_only
from mimi.mls.successor import reinitialise
from mimi.tree import math
from mimi.tree.codepoints import ExtensionType, ProtocolVersion
from mimi.tree.credential import BasicCredential
from mimi.tree.errors import BlankLeafError
from mimi.tree.extension import Extension
from mimi.tree.leaf import Capabilities
from mimi.tree.math import LeafIndex
from mimi.tree.node import ParentNode
from mimi.tree.ratchet import RatchetTree

PSK = ExternalPSK(b"psk")
LAST_EPOCH = 2**64 - 1


# Proposals that keep a committer from committing


def test_nobody_stops_commits_by_proposing_an_extension_of_somebodys_grease():
    """A member that lists all GREASE values can have any of them used; others only sent them."""
    entropy = SeededEntropy(b"grease")
    alice = Client.create(BasicCredential(b"alice"), SUITE, entropy=entropy.fork(b"alice"))
    mallory = Client.create(
        BasicCredential(b"mallory"),
        SUITE,
        capabilities=Capabilities(cipher_suites=(SUITE.code,)),
        settings=Settings(grease=False),
        entropy=entropy.fork(b"mallory"),
    )
    everything = tuple(map(ExtensionType, GREASE_VALUES))
    listing = Capabilities(cipher_suites=(SUITE.code,), extensions=everything)
    mallory, package = changed_client(mallory, listing).key_package(now=NOW)
    draft = alice.create_group(now=NOW).commit(add=[package], now=NOW)
    group = draft.accept()
    _, theirs = mallory.join(draft.welcome, now=NOW).accept()
    sent = next(kind for kind in group.leaf_node.capabilities.extensions if kind in everything)
    _, wire = theirs.propose_extensions((Extension(sent, b""),), now=NOW)
    group = proposed(group, wire)
    after = group.commit(now=NOW).accept()
    assert after.epoch == group.epoch + 1
    assert after.extensions == ()


def changed_client(who: Client, capabilities: Capabilities) -> Client:
    """Return a client that says of itself what `Client.create` refuses."""
    return changed(who, capabilities=capabilities)


def known(number: int) -> Proposal:
    return PreSharedKey(PreSharedKeyID(PSK, number.to_bytes(SUITE.nh, "big")))


def unknown(number: int) -> Proposal:
    return PreSharedKey(PreSharedKeyID(ExternalPSK(b"?"), number.to_bytes(SUITE.nh, "big")))


def flooded(*proposals: tuple[Proposal, Any]) -> Group:
    """Return Alice's group with proposals pending, each with its sender."""
    group = scene(Extension(COMMON, b"")).alice.with_psk(PSK, Secret(b"p" * SUITE.nh))
    pending = {}
    for number, (proposal, sender) in enumerate(proposals):
        reference = number.to_bytes(SUITE.nh, "big")
        pending[reference] = PendingProposal(reference, proposal, sender)
    return changed(group, state=changed(group.state, proposals=read_only(pending)))


def flood(size: int) -> list[tuple[Proposal, Any]]:
    """Return proposals every second of which Alice cannot commit."""
    sender = MemberSender(MALLORY)
    return [((known if at & 1 else unknown)(at), sender) for at in range(size)]


def test_choosing_among_a_flood_ends_after_some_trials():
    """Each trial costs as much as all that is chosen: with 1,000 of them, a flood holds one up."""
    chosen = [commits.choose(flooded(*flood(size)), (), NOW) for size in (500, 1000, 2000)]
    assert len(chosen[0]) == len(chosen[1]) == len(chosen[2]) < commits.TRIALS / 2
    assert {item.proposal.psk.psk for item in chosen[2]} == {PSK}


def test_a_flood_does_not_crowd_out_the_removal_of_who_sends_it():
    removal = (Remove(MALLORY), MemberSender(BOB))
    draft = flooded(*flood(2000), removal).commit(now=NOW)
    assert Remove(MALLORY) in [item.proposal for item in draft.transition.covered]


def test_a_flood_from_outside_does_not_crowd_out_what_members_propose():
    outside = NewMemberProposalSender()
    lacking = replace(BASE, extensions=())
    strangers = [
        (Add(offer(f"Stranger {at}", 0, BASE if at & 1 else lacking)), outside) for at in range(200)
    ]
    grace = Add(offer("Grace"))
    draft = flooded(*strangers, (grace, MemberSender(BOB))).commit(now=NOW)
    covered = [item.proposal for item in draft.transition.covered]
    assert grace in covered
    assert len(covered) < 100


# Time that grows faster than what is sent


def wide(members: int, leaves: int) -> RatchetTree:
    """Return a tree whose left leaves are members, and the first of the right half."""
    nodes: list[Any] = [None] * (leaves + 1)
    for at in range(members):
        nodes[2 * at] = fresh(at)
    nodes[leaves] = fresh(leaves)
    return RatchetTree.of_nodes(SUITE, tuple(nodes))


def test_to_remove_many_at_once_is_to_remove_one_after_the_other():
    tree = wide(6, 16)
    one_by_one = tree
    for index in (0, 3, 8, 5):
        one_by_one = one_by_one.remove(LeafIndex(index))
    at_once = tree.remove(*map(LeafIndex, (0, 3, 8, 5)))
    assert at_once == one_by_one
    assert at_once.nodes == one_by_one.nodes
    assert at_once.leaf_count == one_by_one.leaf_count == 8
    assert at_once.index.members == 3
    assert at_once.add(fresh(99))[1] == 0
    with refused(BlankLeafError, leaf=3):
        tree.remove(LeafIndex(3), LeafIndex(3))


def test_unmerged_leaves_stay_in_order_wherever_a_member_is_added():
    tree = wide(8, 16)
    root = ParentNode(b"root", b"", (LeafIndex(2), LeafIndex(8)))
    nodes = list(tree.nodes)
    nodes[math.root(16)] = root
    nodes[2 * 1] = None
    nodes[2 * 5] = None
    tree = RatchetTree.of_nodes(SUITE, tuple(nodes))
    for expected in (1, 5, 9):
        tree, index = tree.add(fresh(100 + expected))
        assert index == expected
    top = tree.parent_node(tree.root)
    assert top is not None
    assert top.unmerged_leaves == (1, 2, 5, 8, 9)


# Steps of a member that is none any more


def test_who_was_removed_meanwhile_takes_no_other_commit():
    """The removal leaves the group in its epoch, so that the epoch alone does not tell."""
    here = scene()
    draft = here.alice.commit(now=NOW)
    (staged,) = here.alice.receive(here.mallory.commit(now=NOW).commit, now=NOW).events
    removal = here.bob.commit(now=NOW, remove=[ALICE]).commit
    gone = followed(here.alice, removal)
    assert gone.removed
    assert gone.context == here.alice.context
    for late in (draft.accept, draft.hold, draft.reject, staged.accept):
        with refused(StaleDraftError):
            late(gone)


# What a refusal keeps in its traceback


@pytest.mark.parametrize("broken", ["tag", "membership"])
def test_the_variables_of_a_traceback_hold_no_key_of_the_epoch(broken):
    """Whoever reports errors with their variables would report a key to the server that asks."""
    here = scene()
    wire = here.attacker.commit(**{broken: zeros})
    with pytest.raises(InvalidError) as caught:
        here.alice.receive(wire, now=NOW)
    kept = here.alice.secrets
    keys = {secret.reveal() for secret in (kept.membership_key, kept.init_secret)}
    inside = list(traceback.walk_tb(caught.tb))[1:]
    named = [value for frame, _ in inside for value in frame.f_locals.values()]
    assert keys.isdisjoint(value for value in named if isinstance(value, bytes))


# Groups that cannot go on


@pytest.fixture(scope="module")
def invitation() -> tuple[Client, Any]:
    who, package = with_package(client(b"invited"))
    return who, invited(package, TreeGroup.of(2), path=True)


def test_the_last_epoch_is_the_inviters_fault_and_not_the_members(invitation):
    who, offered = invitation
    last = offered.but(context={"epoch": LAST_EPOCH})
    _, group = who.join(last.wire(), now=NOW).accept()
    assert group.epoch == LAST_EPOCH
    group, _ = group.protect(b"still")
    with refused(WrongEpochError, epoch=LAST_EPOCH):
        group.commit(now=NOW)
    with refused(WrongEpochError, epoch=LAST_EPOCH):
        client(b"somebody else").join_externally(group.group_info(), now=NOW)
    before = offered.but(context={"epoch": LAST_EPOCH - 1})
    _, group = who.join(before.wire(), now=NOW).accept()
    assert group.commit(now=NOW).accept().epoch == LAST_EPOCH


def test_a_group_whose_external_senders_nobody_can_read_is_not_joined(invitation):
    who, offered = invitation
    broken = Extension(ExtensionType.EXTERNAL_SENDERS, b"\xff")
    hostile = offered.but(context={"extensions": (broken,)})
    with pytest.raises(MalformedError, match="ExternalSender"):
        who.join(hostile.wire(), now=NOW)
    with pytest.raises(MalformedError, match="ExternalSender"):
        client(b"somebody else").join_externally(wire_of(hostile.group_info()), now=NOW)


def test_a_reinit_to_a_version_that_nobody_knows_has_no_successor():
    announced = ReInit(b"next", ProtocolVersion(7), SUITE.code, ())
    old = scene().alice.commit(now=NOW, reinit=announced).accept()
    assert old.leaf_index == ALICE
    with refused(ReInitMismatchError):
        reinitialise(old, client(b"alice"), [], now=NOW, same_client=lambda *_: True)
