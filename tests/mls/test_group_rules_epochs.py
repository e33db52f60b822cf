"""Which messages belong to an epoch, which proposals to a commit, and what ends a group."""

from typing import Any

import attrs
import pytest
from mls.attacker import PRIVATE, PUBLIC, zeros
from mls.proposals import GRACE, REINIT
from mls.victims import (
    ALICE,
    BOB,
    COMMON,
    ERIN,
    Scene,
    both_formats,
    check_followed,
    check_refused,
    check_unharmed,
    followed,
    scene,
)
from tree.members import NOW, SUITE, refused

from mimi.codec import decode, encode, replace
from mimi.mls import (
    ApplicationMessage,
    CommitStaged,
    Held,
    MissingProposals,
    OwnCommitConfirmed,
    ProposalReceived,
)
from mimi.mls.errors import (
    HandshakeAfterEndError,
    MembershipTagError,
    MessageSignatureError,
    UnexpectedMessageError,
    WrongEpochError,
    WrongGroupError,
)
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Add, Remove
from mimi.tree.extension import Extension

# Group and epoch


@pytest.mark.parametrize("wire_format", [PUBLIC, PRIVATE])
def test_a_message_of_another_group(wire_format):
    here = scene()
    context = replace(here.mallory.context, group_id=b"another group")
    attacker = attrs.evolve(here.attacker, state=attrs.evolve(here.mallory.state, context=context))
    wire = attacker.send(Remove(BOB), wire_format)
    check_refused(here, wire, WrongGroupError, group_id=b"another group")


@both_formats
def test_a_handshake_message_of_an_earlier_epoch(wire_format):
    here = scene()
    proposal = here.attacker.send(Remove(BOB), wire_format)
    commit = here.attacker.commit(wire_format=wire_format)
    draft = here.bob.commit(now=NOW)
    after = followed(here.alice, draft.commit)
    public = followed(here.public, draft.commit)
    for wire in (proposal, commit):
        with refused(WrongEpochError, epoch=after.epoch - 1):
            after.receive(wire, now=NOW)
        if wire_format == PUBLIC:
            with refused(WrongEpochError, epoch=after.epoch - 1):
                public.receive(wire, now=NOW)


def test_a_welcome_is_no_message_of_the_group():
    here = scene()
    draft = here.bob.commit(now=NOW, add=[GRACE])
    for wire in (draft.welcome, here.bob.group_info(), encode(MLSMessage(GRACE))):
        check_refused(here, wire, UnexpectedMessageError)


# References and the pending proposals (section 12.4)


@both_formats
def test_a_commit_whose_proposals_did_not_arrive_is_held(wire_format):
    here = scene()
    there = here.heard(here.server.send(Remove(ERIN)))
    (reference,) = (pending.reference for pending in there.alice.pending)
    wire = there.attacker.commit(reference, wire_format=wire_format)
    receivers = (here.alice, here.public) if wire_format == PUBLIC else (here.alice,)
    for group in receivers:
        step = group.receive(wire, now=NOW)
        assert step.events == (Held(MissingProposals((reference,))),)
        assert step.group is group
        check_unharmed(here, group)
    check_followed(there, wire, public=wire_format == PUBLIC)


def committed(at: Scene) -> tuple[Any, Any]:
    """Return Alice and the follower after a commit of Mallory's that covers nothing."""
    wire = at.attacker.commit()
    return followed(at.alice, wire), followed(at.public, wire)


def test_proposals_do_not_outlive_their_epoch():
    here = scene()
    wire = here.server.send(Remove(ERIN))
    there = here.heard(wire)
    (reference,) = (pending.reference for pending in there.alice.pending)
    covering = there.attacker.commit(reference)
    for group in (there.alice, there.public):
        assert followed(group, covering).pending == ()
    for group in committed(there):
        assert group.pending == ()
        with refused(WrongEpochError):
            group.receive(wire, now=NOW)
    alice, _ = there.alice.propose_update(now=NOW)
    after = followed(alice, there.attacker.commit())
    assert after.pending == ()
    assert after.updates == {}


# What comes after a ReInit or one's own removal (section 12.4.2)


@both_formats
def test_after_a_reinit_no_handshake_message_is_taken(wire_format):
    here = scene()
    wire = here.attacker.commit(REINIT)
    alice, public = followed(here.alice, wire), followed(here.public, wire)
    assert alice.reinit == public.reinit == REINIT
    bob = attrs.evolve(followed(here.bob, wire), state=attrs.evolve(alice.state, reinit=None))
    living = attrs.evolve(here, mallory=bob).attacker  # Bob goes on as if nothing had been
    who = living.commit(wire_format=wire_format), living.send(Remove(ERIN), wire_format)
    for sent in who:
        for group in (alice, public) if wire_format == PUBLIC else (alice,):
            with refused(HandshakeAfterEndError):
                group.receive(sent, now=NOW)
    (event,) = alice.receive(living.send(b"hello", PRIVATE), now=NOW).events
    assert isinstance(event, ApplicationMessage)


def test_a_reinit_does_not_change_the_group_in_place():
    here = scene()
    other = replace(REINIT, cipher_suite=type(SUITE.code)(3), extensions=(Extension(COMMON, b""),))
    after = check_followed(here, here.attacker.commit(other))
    assert after.context.cipher_suite == SUITE.code
    assert after.context.group_id == here.alice.group_id
    assert after.extensions == here.alice.extensions
    assert after.suite is here.alice.suite
    assert not after.is_active


@both_formats
def test_who_was_removed_takes_no_handshake_messages(wire_format):
    here = scene()
    (event,) = here.alice.receive(here.attacker.commit(Remove(ALICE)), now=NOW).events
    assert isinstance(event, CommitStaged)
    alice = event.accept().group
    assert (alice.removed, alice.epoch) == (True, here.alice.epoch)
    for sent in (
        here.attacker.commit(wire_format=wire_format),
        here.attacker.send(Remove(BOB), wire_format),
    ):
        with refused(HandshakeAfterEndError):
            alice.receive(sent, now=NOW)


# One's own messages


def test_ones_own_commit_is_an_event_even_after_its_epoch():
    here = scene()
    draft = here.alice.commit(now=NOW, add=[GRACE])
    held = draft.hold()
    (event,) = held.receive(draft.commit, now=NOW).events
    assert event == OwnCommitConfirmed(here.alice.epoch, draft.welcome)
    after = draft.accept()
    (event,) = after.receive(draft.commit, now=NOW).events
    assert event == OwnCommitConfirmed(here.alice.epoch)


def test_a_held_commit_that_lost_is_forgotten():
    here = scene()
    draft = here.alice.commit(now=NOW)
    after = followed(draft.hold(), here.attacker.commit())
    assert after.held is None
    with refused(WrongEpochError):
        after.receive(draft.commit, now=NOW)


def test_every_copy_of_a_message_is_decoded_and_checked_again():
    """Nothing that was accepted before lends its standing to a copy that differs."""
    here = scene()
    wire = here.attacker.commit(Add(GRACE))
    (event,) = here.alice.receive(wire, now=NOW).events
    assert isinstance(event, CommitStaged)
    signature = GRACE.signature
    assert wire.count(signature) == 1
    proposal = here.attacker.send(Add(GRACE))
    assert isinstance(here.alice.receive(proposal, now=NOW).events[0], ProposalReceived)
    for sent in (wire, proposal):
        forged = sent.replace(signature, zeros(signature))
        check_refused(here, forged, MembershipTagError, public=False)
        with refused(MessageSignatureError):
            here.public.receive(forged, now=NOW)
    assert decode(MLSMessage, wire) is not decode(MLSMessage, wire)
