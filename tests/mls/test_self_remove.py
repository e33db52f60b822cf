"""Leaving by a proposal that joiners can commit, too (draft-ietf-mls-extensions-10 section 6.3)."""

from collections.abc import Callable

import pytest
from mls.attacker import (
    JOINER,
    PRIVATE,
    PROPOSER,
    PUBLIC,
    Attacker,
    Deviation,
    external,
    zeros,
)
from mls.polls import CAPABLE, ME, POLL, joiner, leaving, member, package, polling, removed, update
from mls.proposals import REINIT
from mls.victims import (
    ALICE,
    BOB,
    ERIN,
    MALLORY,
    Scene,
    check_followed,
    check_refused,
    followed,
    proposed,
    scene,
)
from tree.members import NOW, refused

from mimi.codec import decode, encode, replace
from mimi.mls import (
    Group,
    OwnMessageEchoed,
    ProposalReceived,
    Settings,
)
from mimi.mls.component_errors import (
    RepeatedSelfRemoveError,
    SelfRemoveByValueError,
    SelfRemoveFramingError,
    SelfRemoveSenderError,
)
from mimi.mls.errors import (
    ExternalProposalError,
    HandshakeAfterEndError,
    MembershipTagError,
    MissingPathError,
    PendingProposalsError,
    RemoveCommitterError,
    RepeatedLeafError,
    SenderContentError,
    UnsupportedProposalError,
)
from mimi.mls.framing import MemberSender, PublicMessage
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import (
    Proposal,
    Remove,
    SelfRemove,
    Update,
)
from mimi.mls.resolve import check_proposal

# Proposing


def test_it_is_an_empty_struct_that_no_external_sender_sends():
    assert encode(ME, Proposal) == bytes.fromhex("000a")
    assert (SelfRemove.external, SelfRemove.path_required) == (False, True)


@pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE], ids=["public", "private"])
def test_it_is_sent_in_a_public_message_however_the_others_are(handshake):
    at = polling()
    erin = at.erin.with_settings(Settings(handshake=handshake, grease=False))
    after, wire = erin.propose(ME, now=NOW)
    body = decode(MLSMessage, wire).body
    assert isinstance(body, PublicMessage)
    assert body.content.content == ME
    (event,) = at.alice.receive(wire, now=NOW).events
    assert isinstance(event, ProposalReceived)
    assert (event.proposal, event.sender, event.credentials) == (ME, MemberSender(ERIN), ())
    (echo,) = after.receive(wire, now=NOW).events
    assert echo == OwnMessageEchoed(erin.epoch)


def test_the_group_waits_for_a_commit():
    at, _ = leaving()
    with refused(PendingProposalsError):
        at.alice.protect(b"too early")


@pytest.mark.parametrize("again", [b"", b"other"], ids=["the same", "another"])
def test_nobody_proposes_it_twice_in_an_epoch(again):
    at = polling()
    erin, wire = at.erin.propose(ME, now=NOW)
    with refused(RepeatedSelfRemoveError, sender=MemberSender(ERIN)):
        erin.propose(ME, now=NOW, aad=again)
    at = at.heard(wire)
    for group in (at.alice, at.public):  # a second delivery is no second proposal
        assert proposed(group, wire).pending == group.pending
    attacker = Attacker.inside(at.erin)
    second = attacker.send(ME, how=Deviation(aad=b"second"))
    check_refused(at, second, RepeatedSelfRemoveError, sender=MemberSender(ERIN))
    assert proposed(polling().alice, second).pending[0].sender == MemberSender(ERIN)


def test_others_may_propose_it_in_the_same_epoch():
    at, _ = leaving()
    at, _ = leaving("bob", at)
    assert [item.sender for item in at.alice.pending] == [MemberSender(ERIN), MemberSender(BOB)]


def test_it_is_refused_in_a_private_message():
    at = polling()
    wire = at.attacker.send(ME, PRIVATE)
    check_refused(at, wire, SelfRemoveFramingError, public=False, sender=MemberSender(MALLORY))


def test_a_private_message_that_is_refused_costs_nobody_a_key():
    at = polling()
    wire = at.attacker.send(ME, PRIVATE)
    for _ in range(2):
        with refused(SelfRemoveFramingError):
            at.alice.receive(wire, now=NOW)


def test_an_external_sender_cannot_send_it():
    at = polling()
    check_refused(at, at.server.send(ME), ExternalProposalError)


def test_a_client_that_proposes_its_addition_cannot_send_it():
    at = polling()
    wire = at.server.send(ME, how=Deviation(sender=PROPOSER))
    check_refused(at, wire, SenderContentError)


@pytest.mark.parametrize("sender", [external(), PROPOSER, JOINER], ids=str)
def test_whoever_is_no_member_has_no_leaf_to_remove(sender):
    at = polling()
    with refused(SelfRemoveSenderError, sender=sender):
        check_proposal(at.alice.state, ME, sender, at.alice.rules(NOW))


def test_its_membership_tag_is_checked_by_members():
    at = polling()
    wire = at.attacker.send(ME, how=Deviation(membership=zeros))
    with refused(MembershipTagError):
        at.alice.receive(wire, now=NOW)
    assert proposed(at.public, wire).pending  # who has no secrets cannot


def test_every_member_must_support_it():
    at = scene()
    wire = at.attacker.send(ME)
    at = at.heard(wire)
    (reference,) = at.alice.state.proposals
    with refused(UnsupportedProposalError):
        at.erin.propose(ME, now=NOW)
    attacker = Attacker.inside(at.bob)
    check_refused(at, attacker.commit(reference), UnsupportedProposalError, leaf=ALICE)
    newcomer, init = Attacker.joining(
        member("Heidi", (), replace(CAPABLE, extensions=())), at.alice
    )
    check_refused(at, newcomer.commit(init, reference), UnsupportedProposalError, leaf=ALICE)
    draft = at.bob.commit(now=NOW, remove=[MALLORY])
    assert [item.proposal for item in draft.left_out] == [ME]
    assert followed(at.alice, draft.commit).epoch == at.alice.epoch + 1
    assert draft.transition.applied.removed == (MALLORY,)
    at = at.heard(at.mallory.propose_update(now=NOW)[1])
    draft = at.bob.commit(now=NOW, remove=[MALLORY])
    assert [type(item.proposal) for item in draft.left_out] == [SelfRemove, Update]
    check_followed(at, draft.commit)


# Committing


def test_a_members_commit_covers_it_and_removes_its_sender():
    at, _ = leaving()
    draft = at.bob.commit(now=NOW, path=False)
    assert draft.left_out == ()
    assert draft.transition.merged is not None
    for group in (at.alice, at.public):
        (event,) = group.receive(draft.commit, now=NOW).events
        assert [each.leaf_index for each in event.removed] == [ERIN]
        assert event.proposals == ((ME, MemberSender(ERIN)),)
        assert not event.removes_me
    after = check_followed(at, draft.commit)
    assert after.epoch_authenticator == draft.accept().epoch_authenticator
    assert removed(after) == [ALICE, BOB, MALLORY]


@pytest.mark.parametrize("held", [True, False], ids=["by an external commit", "by a member"])
def test_who_is_removed_sees_that_it_is(held):
    at = polling()
    erin, wire = at.erin.propose(ME, now=NOW)
    at = at.heard(wire)
    draft = at.bob.commit(now=NOW)
    if held:
        draft = member("Heidi").join_externally(at.bob.group_info(), pending=[wire], now=NOW)
    (event,) = erin.receive(draft.commit, now=NOW).events
    assert event.removes_me
    after = event.accept().group
    assert after.removed
    with refused(HandshakeAfterEndError):
        after.receive(at.attacker.send(update(POLL, b"\0")), now=NOW)


def test_it_is_committed_by_reference_only():
    at = polling()
    wire = at.attacker.commit(ME, covered=())
    check_refused(at, wire, SelfRemoveByValueError)
    with refused(SelfRemoveByValueError):
        at.bob.commit(proposals=[ME], now=NOW)
    newcomer, init = joiner(at)
    wire = newcomer.commit(init, ME, covered=newcomer._covered((init,)))
    check_refused(at, wire, SelfRemoveByValueError)
    with refused(SelfRemoveByValueError):
        member("Heidi").join_externally(at.alice.group_info(), proposals=[ME], now=NOW)


def test_a_commit_of_it_needs_a_path():
    at, _ = leaving()
    (reference,) = at.alice.state.proposals
    check_refused(at, at.attacker.commit(reference, path=False), MissingPathError)


def test_nobody_commits_its_own():
    at, _ = leaving("mallory")
    (reference,) = at.alice.state.proposals
    wire = at.attacker.commit(reference, covered=())
    check_refused(at, wire, RemoveCommitterError, leaf=MALLORY)


def test_ones_own_is_left_out_of_ones_commit():
    """It has to be proposed again in the next epoch, and the draft says so."""
    at = polling()
    erin, wire = at.erin.propose(ME, now=NOW)
    erin = proposed(erin, at.attacker.send(update(POLL, b"\0")))
    at = at.heard(wire, at.attacker.send(update(POLL, b"\0")))
    draft = erin.commit(now=NOW)
    assert [item.proposal for item in draft.left_out] == [ME]
    assert [item.proposal for item in draft.transition.covered] == [update(POLL, b"\0")]
    after = check_followed(at, draft.commit)
    assert ERIN in removed(after)
    assert draft.accept().pending == ()
    with refused(RemoveCommitterError, leaf=ERIN):
        erin.commit(now=NOW, references=[wire_reference(erin)])


def wire_reference(group: Group) -> bytes:
    """Return the reference of the first pending proposal."""
    return group.pending[0].reference


OTHERS: dict[str, Callable[[Scene], tuple[bytes, ...]]] = {
    "Remove by another": lambda at: (at.bob.propose(Remove(ERIN), now=NOW)[1],),
    "Update of its own": lambda at: (at.erin.propose_update(now=NOW)[1],),
    "both": lambda at: (
        at.bob.propose(Remove(ERIN), now=NOW)[1],
        at.erin.propose_update(now=NOW)[1],
    ),
}


@pytest.mark.parametrize("first", [True, False], ids=["it came first", "it came last"])
@pytest.mark.parametrize("others", OTHERS.values(), ids=OTHERS)
def test_beside_a_proposal_for_the_same_leaf_it_is_preferred(others, first):
    at = polling()
    wires = others(at)
    _, wire = at.erin.propose(ME, now=NOW)
    at = at.heard(*((wire, *wires) if first else (*wires, wire)))
    draft = at.bob.commit(now=NOW)
    assert [item.proposal for item in draft.transition.covered] == [ME]
    assert len(draft.left_out) == len(wires)
    check_followed(at, draft.commit)
    references = list(at.alice.state.proposals)[:2]
    check_refused(at, at.attacker.commit(*references, covered=()), RepeatedLeafError, leaf=ERIN)


def test_beside_a_remove_by_value_it_is_preferred():
    """Who names a member for removal that is about to leave gets what it wants."""
    at, _ = leaving()
    (reference,) = at.alice.state.proposals
    wire = at.attacker.commit(reference, Remove(ERIN), covered=())
    check_refused(at, wire, RepeatedLeafError, leaf=ERIN)
    for references in (None, [reference]):
        draft = at.bob.commit(now=NOW, remove=[ERIN, MALLORY], references=references)
        assert [item.proposal for item in draft.transition.covered] == [ME, Remove(MALLORY)]
        assert removed(check_followed(at, draft.commit)) == [ALICE, BOB]
    draft = at.bob.commit(now=NOW, remove=[ERIN], references=[])
    assert [item.proposal for item in draft.transition.covered] == [Remove(ERIN)]


def test_beside_a_reinit_it_is_preferred_and_by_value_it_is_not():
    at, _ = leaving()
    pending = at.heard(at.attacker.send(REINIT))
    draft = pending.bob.commit(now=NOW)
    assert [item.proposal for item in draft.transition.covered] == [ME]
    draft = at.bob.commit(now=NOW, reinit=REINIT)
    assert [item.proposal for item in draft.left_out] == [ME]


def test_several_leave_at_once_beside_an_addition():
    at, _ = leaving()
    at, _ = leaving("mallory", at)
    draft = at.bob.commit(now=NOW, add=[package("Grace")])
    after = check_followed(at, draft.commit)
    assert removed(after) == [ALICE, BOB, MALLORY]  # Grace is at Mallory's leaf
    assert after.members[2].leaf_node == package("Grace").leaf_node
