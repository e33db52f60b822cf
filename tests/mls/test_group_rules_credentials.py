"""Every credential that is new to a group is shown to the application (RFC 9420 section 5.3.1)."""

from typing import Any

import pytest
from mls.attacker import OTHER_KEY, PROPOSER, Attacker, changing
from mls.proposals import GRACE, GRACES_KEY, updated
from mls.victims import (
    BLANK,
    BOB,
    MALLORY,
    SENDERS,
    SERVER,
    client,
    followed,
    genuine,
    offer,
    scene,
)
from tree.members import NOW, refused

from mimi.codec import decode
from mimi.mls import Client, CommitStaged, Group, ProposalReceived, PublicGroup
from mimi.mls.credentials import CredentialCheck, KnownIdentities, Predecessor, Role
from mimi.mls.errors import CredentialRefusedError
from mimi.mls.proposal import Add, GroupContextExtensions, Remove, Update
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import BasicCredential, Certificate, X509Credential
from mimi.tree.extension import ExternalSender, ExternalSenders, extension

ALIAS = BasicCredential(b"mimi://a.example/d/somebody else")
EMPTY = KnownIdentities()


def known(*leaves: Any) -> KnownIdentities:
    """Return the policy that believes what leaves, or external senders, say."""
    policy = EMPTY
    for leaf in leaves:
        policy = policy.with_key(leaf.credential.identity, leaf.signature_key)
    return policy


def sender_of(signer: Any, credential: Any) -> ExternalSender:
    return ExternalSender(signer.public, credential)


def senders(*listed: ExternalSender) -> GroupContextExtensions:
    """Return the proposal that names external senders."""
    carried = extension(ExtensionType.EXTERNAL_SENDERS, listed, ExternalSenders)
    return GroupContextExtensions((carried,))


def check_shown(
    event: Any, *expected: CredentialCheck, believing: KnownIdentities | None = None
) -> None:
    """Check what an event shows, and that whoever does not know it refuses it."""
    assert event.credentials == expected
    first = expected[0]
    with refused(CredentialRefusedError, role=first.role, leaf=first.leaf_index):
        EMPTY.check(event.credentials)
    if believing is not None:
        believing.check(event.credentials)


def events_of(wire: bytes, at: Any = None) -> list[Any]:
    """Return what Alice and the follower make of a message."""
    here = at or scene()
    return [group.receive(wire, now=NOW).events[0] for group in (here.alice, here.public)]


def test_what_a_received_add_brings_is_shown():
    leaf = GRACE.leaf_node
    shown = CredentialCheck(Role.ADDED, leaf.credential, leaf.signature_key)
    own = Attacker.outside(scene().public, GRACES_KEY, PROPOSER)
    for sender in (scene().attacker, scene().server, own):
        for event in events_of(sender.send(Add(GRACE))):
            assert isinstance(event, ProposalReceived)
            check_shown(event, shown, believing=known(leaf))


@pytest.mark.parametrize("by_value", [True, False])
def test_what_an_add_in_a_commit_brings_is_shown(by_value):
    here, leaf = scene(), GRACE.leaf_node
    if by_value:
        wire = here.attacker.commit(Add(GRACE), path=False)
    else:
        here = here.heard(here.server.send(Add(GRACE)))
        wire = here.attacker.commit(here.alice.pending[0].reference, path=False)
    shown = CredentialCheck(Role.ADDED, leaf.credential, leaf.signature_key, BLANK)
    for event in events_of(wire, here):
        assert isinstance(event, CommitStaged)
        check_shown(event, shown, believing=known(leaf))


def test_a_client_is_judged_to_be_new_by_the_application():
    """The library sees keys; that two of them are one client's is in the credentials."""
    here = scene()
    twin = offer("Heidi")
    wire = here.attacker.commit(Add(GRACE), Add(twin), path=False)
    for event in events_of(wire):
        identities = [check.credential.identity for check in event.credentials]
        assert identities == [b"mimi://a.example/d/Grace", b"mimi://a.example/d/Heidi"]
        assert {member.leaf_index for member in event.added} == {BLANK, 5}
        with refused(CredentialRefusedError, role=Role.ADDED, leaf=5):
            known(GRACE.leaf_node).check(event.credentials)


UPDATES = {
    "credential": ({"credential": ALIAS}, None),
    "signature key": ({}, OTHER_KEY),
    "both": ({"credential": ALIAS}, OTHER_KEY),
}


@pytest.mark.parametrize(("changes", "signer"), UPDATES.values(), ids=UPDATES.keys())
def test_what_an_update_changes_is_shown_with_what_it_replaces(changes, signer):
    here = scene()
    old, new = here.mallory.leaf_node, updated(signer=signer, **changes)
    before = Predecessor(old.credential, old.signature_key)
    shown = CredentialCheck(Role.UPDATED, new.credential, new.signature_key, MALLORY, before)
    wire = here.attacker.send(Update(new))
    for event in events_of(wire):
        check_shown(event, shown)
    there = here.heard(wire)
    commit = there.bob.commit(now=NOW).commit
    for event in events_of(commit, there):
        check_shown(event, shown)
    policy = known(new, old)
    if changes:  # however well known, nobody else takes a member's place
        with refused(CredentialRefusedError, role=Role.UPDATED, leaf=MALLORY):
            policy.check((shown,))
    else:
        policy.check((shown,))


def test_an_update_that_keeps_both_shows_nothing():
    here = scene()
    wire = here.attacker.send(Update(updated()))
    there = here.heard(wire)
    commit = there.bob.commit(now=NOW).commit
    for event in (*events_of(wire), *events_of(commit, there)):
        assert event.credentials == ()


@pytest.mark.parametrize(("changes", "signer"), UPDATES.values(), ids=UPDATES.keys())
def test_what_a_path_changes_is_shown_with_what_it_replaces(changes, signer):
    here = scene()
    old = here.mallory.leaf_node
    key = old.signature_key if signer is None else signer.public
    wire = here.attacker.commit(leaf=changing(signature_key=key, **changes))
    before = Predecessor(old.credential, old.signature_key)
    credential = changes.get("credential", old.credential)
    shown = CredentialCheck(Role.COMMITTER, credential, key, MALLORY, before)
    for event in events_of(wire):
        check_shown(event, shown)
    if changes:
        with refused(CredentialRefusedError, role=Role.COMMITTER, leaf=MALLORY):
            EMPTY.with_key(credential.identity, key).check((shown,))
    for event in events_of(here.attacker.commit()):
        assert event.credentials == ()


SECOND = sender_of(OTHER_KEY, BasicCredential(b"mimi://b.example"))
FIRST = decode(ExternalSenders, SENDERS.extension_data)[0]
CHANGED_KEY = sender_of(OTHER_KEY, FIRST.credential)
CHANGED_NAME = sender_of(SERVER, BasicCredential(b"mimi://b.example"))


@pytest.mark.parametrize(
    ("listed", "new"),
    [
        ((FIRST, SECOND), SECOND),
        ((SECOND,), SECOND),
        ((CHANGED_KEY,), CHANGED_KEY),
        ((CHANGED_NAME,), CHANGED_NAME),
    ],
    ids=["another", "instead", "changed key", "changed name"],
)
def test_new_external_senders_are_shown(listed, new):
    here = scene()
    shown = CredentialCheck(Role.EXTERNAL_SENDER, new.credential, new.signature_key)
    proposal = here.attacker.send(senders(*listed))
    there = here.heard(proposal)
    reference = there.alice.pending[0].reference
    for at, wire in (
        (here, proposal),
        (here, here.attacker.commit(senders(*listed))),
        (there, there.attacker.commit(reference)),
    ):
        for event in events_of(wire, at):
            check_shown(event, shown, believing=known(new))


def test_external_senders_who_stay_or_go_are_not_shown():
    here = scene()
    for proposal in (senders(FIRST), senders()):
        for event in events_of(here.attacker.commit(proposal)):
            assert event.credentials == ()


def test_a_joiner_by_commit_is_shown_and_a_returning_one_with_what_it_replaces():
    here = scene()
    eve, init = Attacker.joining(client("Eve"), here.alice)
    shown = CredentialCheck(
        Role.JOINER, client("Eve").credential, client("Eve").signer.public, BLANK
    )
    for event in events_of(eve.commit(init)):
        check_shown(event, shown, believing=known(leaf_of("Eve")))
    old = here.bob.leaf_node
    before = Predecessor(old.credential, old.signature_key)
    taking = eve.commit(init, Remove(BOB))
    shown = CredentialCheck(
        Role.JOINER, client("Eve").credential, client("Eve").signer.public, BOB, before
    )
    for event in events_of(taking):
        check_shown(event, shown)
        with refused(CredentialRefusedError, role=Role.JOINER, leaf=BOB):
            known(leaf_of("Eve")).check(event.credentials)


def leaf_of(name: str) -> Any:
    return offer(name).leaf_node


def test_what_a_commit_would_bring_is_shown_to_its_own_sender():
    here = scene()
    draft = here.alice.commit(now=NOW, add=[GRACE])
    with refused(CredentialRefusedError, role=Role.ADDED, leaf=BLANK):
        EMPTY.check(draft.credentials)
    known(GRACE.leaf_node).check(draft.credentials)


def joined() -> tuple[Client, bytes, Group]:
    """Return Grace, a Welcome for her, and a group that she joins."""
    grace, package = client("Grace").key_package(now=NOW)
    here = scene()
    draft = here.bob.commit(now=NOW, add=[package])
    return grace, draft.welcome, draft.accept()


def test_a_joiner_is_shown_everybody_in_the_group():
    grace, welcome, group = joined()
    staged = grace.join(welcome, now=NOW)
    others = [member for member in group.members if member.leaf_index != staged.leaf_index]
    roles = [Role.MEMBER] * len(others) + [Role.EXTERNAL_SENDER]
    assert [check.role for check in staged.credentials] == roles
    assert [check.leaf_index for check in staged.credentials[:-1]] == [
        member.leaf_index for member in others
    ]
    with refused(CredentialRefusedError, role=Role.MEMBER, leaf=0):
        EMPTY.check(staged.credentials)
    leaves = [member.leaf_node for member in others]
    with refused(CredentialRefusedError, role=Role.EXTERNAL_SENDER, leaf=None):
        known(*leaves).check(staged.credentials)
    known(*leaves, FIRST).check(staged.credentials)


def test_so_is_a_joiner_by_commit():
    here = scene()
    draft = client("Eve").join_externally(here.alice.group_info(), now=NOW)
    assert [check.leaf_index for check in draft.credentials] == [0, 1, 2, 4, None]
    with refused(CredentialRefusedError, role=Role.MEMBER, leaf=0):
        EMPTY.check(draft.credentials)


def test_a_simple_policy_takes_basic_credentials_only():
    credential = X509Credential((Certificate(b"a certificate"),))
    shown = CredentialCheck(Role.ADDED, credential, b"key", BLANK)
    with refused(CredentialRefusedError, role=Role.ADDED, leaf=BLANK):
        EMPTY.check((shown,))


def test_who_refuses_a_credential_just_drops_the_step():
    here = scene()
    for group in (here.alice, here.public):
        assert isinstance(group, Group | PublicGroup)
        (event,) = group.receive(here.attacker.commit(Add(GRACE)), now=NOW).events
        with refused(CredentialRefusedError):
            EMPTY.check(event.credentials)
        commit, _ = genuine(here)
        assert followed(group, commit).epoch == group.epoch + 1
