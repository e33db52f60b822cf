"""What a member's own program cannot do with a group, and what it is told instead."""

from functools import cache

import pytest
from mls.inviter import NOW, client, with_package
from tree.members import SUITE, refused

from mimi.crypto import Secret
from mimi.mls.errors import (
    AEADLimitError,
    ClosedGroupError,
    HeldCommitError,
    PendingProposalsError,
    StaleDraftError,
    UnknownReferenceError,
)
from mimi.mls.group import Group
from mimi.mls.proposal import ReInit
from mimi.mls.psk import ExternalPSK
from mimi.mls.settings import Settings
from mimi.tree.codepoints import ProtocolVersion

EXTERNAL = ExternalPSK(b"psk")
NEXT = ReInit(b"next", ProtocolVersion.MLS10, SUITE.code, ())


@cache
def pair(settings: Settings | None = None) -> tuple[Group, Group]:
    """Return a group of two, as each of them holds it."""
    bob, package = with_package(client(b"bob"))
    draft = client(b"alice", settings=settings).create_group(b"pair", now=NOW)
    draft = draft.commit(add=[package], now=NOW)
    return draft.accept(), bob.join(draft.welcome, now=NOW).accept()[1]


def test_application_data_wait_until_valid_proposals_are_committed():
    alice, bob = pair()
    proposing, wire = bob.propose_update(now=NOW)
    received = alice.receive(wire, now=NOW).group
    for group in (proposing, received):
        with refused(PendingProposalsError, proposals=group.pending):
            group.protect(b"too early")
    assert received.commit(now=NOW).accept().protect(b"now")
    assert received.without_proposal(received.pending[0].reference).protect(b"now")


@pytest.mark.parametrize("padded", [0, 1000])
def test_no_more_is_encrypted_in_an_epoch_than_the_aead_bears(padded):
    """Application data and handshake messages count alike, with their padding."""
    limit = 4096
    settings = Settings(octets_per_epoch=limit, padding=lambda length: padded)
    alice, _ = pair(settings)
    assert alice.protect(bytes(limit - padded))
    with refused(AEADLimitError):
        alice.protect(bytes(limit - padded + 1))
    alice, _ = alice.protect(bytes(limit - padded))
    assert alice.sent_octets == limit
    with refused(AEADLimitError):
        alice.protect(b"a")
    with refused(AEADLimitError):
        alice.propose_update(now=NOW)
    assert alice.sent_octets == limit


def test_the_next_epoch_begins_with_nothing_encrypted():
    alice, bob = pair()
    alice, _ = alice.protect(bytes(90))
    draft = bob.commit(now=NOW)
    after = alice.receive(draft.commit, now=NOW).events[0].accept().group
    assert (alice.sent_octets > 0, after.sent_octets) == (True, 0)


def sends_nothing(group: Group) -> None:
    """Check that a member sends nothing in a group any more."""
    assert not group.is_active
    for send in (
        lambda: group.protect(b"anything"),
        lambda: group.propose_update(now=NOW),
        lambda: group.propose_remove(0, now=NOW),
        lambda: group.commit(now=NOW),
    ):
        with refused(ClosedGroupError):
            send()


def test_after_a_reinit_nothing_more_is_sent():
    alice, bob = pair()
    draft = alice.commit(reinit=NEXT, now=NOW)
    received = bob.receive(draft.commit, now=NOW).events[0].accept().group
    for group in (draft.accept(), received):
        sends_nothing(group)
        assert group.reinit == NEXT
    assert alice.protect(b"before")


def test_who_was_removed_sends_nothing():
    alice, bob = pair()
    draft = alice.commit(remove=[bob.leaf_index], now=NOW)
    removed = bob.receive(draft.commit, now=NOW).events[0].accept().group
    sends_nothing(removed)


def test_one_commit_of_ones_own_waits_at_a_time():
    alice, _ = pair()
    draft = alice.commit(now=NOW)
    held = draft.hold()
    with refused(HeldCommitError):
        held.commit(now=NOW)
    assert held.without_held().commit(now=NOW)
    confirmed = held.receive(draft.commit, now=NOW).group
    assert confirmed.commit(now=NOW)


def test_a_draft_is_for_the_epoch_in_which_it_was_made():
    alice, bob = pair()
    draft = alice.commit(now=NOW)
    lost = alice.receive(bob.commit(now=NOW).commit, now=NOW).events[0].accept().group
    with refused(StaleDraftError):
        draft.accept(lost)
    kept = alice.receive(bob.protect(b"hello")[1], now=NOW).group
    assert draft.accept(kept).context == draft.accept().context


def test_a_reference_names_a_pending_proposal():
    alice, _ = pair()
    proposing, _ = alice.with_psk(EXTERNAL, Secret(b"value")).propose_psk(EXTERNAL, now=NOW)
    reference = proposing.pending[0].reference
    for group, name in ((alice, reference), (proposing, b""), (proposing, reference[:-1])):
        with refused(UnknownReferenceError):
            group.commit(references=[name], now=NOW)
        with refused(UnknownReferenceError):
            group.without_proposal(name)
    assert proposing.commit(references=[reference], now=NOW)
    assert not proposing.without_proposal(reference).pending
