"""Changes of credential and signature key, and the simple policy for basic credentials."""

import pytest
from mls.meeting import PRIVATE, PUBLIC, certified, gathered
from tree.members import NOW, SUITE, refused

from mimi.crypto import SeededEntropy
from mimi.errors import UsageError
from mimi.mls import CredentialCheck, Group, KnownIdentities, LeafChange, Predecessor, Role
from mimi.mls.errors import CredentialRefusedError, MessageSignatureError
from mimi.tree.codepoints import CredentialType, ExtensionType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import Extension
from mimi.tree.leaf import Capabilities, CommitSource, UpdateSource

NEW_KEY = SUITE.generate_signature_key(SeededEntropy(b"a new key"))
NEW_NAME = BasicCredential(b"mimi://a.example/d/Robert")
CERTIFIED = certified("Bob", SUITE, NEW_KEY)
DRAFT_EXTENSION = ExtensionType(0xF0F0)

CHANGES = {
    "key": LeafChange(signer=NEW_KEY),
    "credential": LeafChange(credential=NEW_NAME),
    "both": LeafChange(credential=NEW_NAME, signer=NEW_KEY),
    "certificate": LeafChange(credential=CERTIFIED, signer=NEW_KEY),
}
every_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
both_formats = pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE], ids=["public", "private"])


def checks_for(before, change: LeafChange, role: Role) -> tuple[CredentialCheck, ...]:
    """Return what everybody is to judge where Bob's leaf changes."""
    old = Predecessor(before.credential, before.signature_key)
    credential = change.credential or before.credential
    key = change.signer.public if change.signer else before.signature_key
    return (CredentialCheck(role, credential, key, 1, old),)


@both_formats
@every_change
def test_a_commit_changes_the_committers_credential_and_key(handshake, change):
    room, alice, bob, carol = gathered(3, handshake=handshake)
    before = bob.group.leaf_node
    draft = bob.group.commit(now=NOW, leaf=change)
    assert draft.credentials == checks_for(before, change, Role.COMMITTER)
    events = bob.commits(leaf=change, path=False)  # a path comes with the change
    for person in (alice, carol):
        assert events[person].credentials == checks_for(before, change, Role.COMMITTER)
    assert bob.group.leaf_node.credential == (change.credential or before.credential)
    assert isinstance(bob.group.leaf_node.leaf_node_source, CommitSource)
    room.agrees()
    bob.commits()  # and it stays
    assert bob.group.leaf_node.credential == (change.credential or before.credential)
    room.agrees()


def test_a_change_brings_a_path_even_where_no_proposal_needs_one():
    room, alice, bob = gathered(2)
    (carol,) = room.enter("Carol")
    before = bob.group.leaf_node
    events = bob.commits(add=[carol], leaf=CHANGES["key"], path=False)
    assert [member.leaf_index for member in events[alice].updated] == [bob.leaf]
    assert bob.group.leaf_node.signature_key == NEW_KEY.public != before.signature_key
    room.agrees()


@both_formats
@every_change
def test_an_update_changes_them_when_it_is_committed(handshake, change):
    room, alice, bob, carol = gathered(3, handshake=handshake)
    before = bob.group.leaf_node
    bob.proposes(Group.propose_update, change)
    assert bob.group.leaf_node == before
    bob.proposes(Group.propose_remove, carol.leaf)  # still signed with the old key
    events = alice.commits()
    assert events[carol].credentials == checks_for(before, change, Role.UPDATED)
    assert bob.group.leaf_node.credential == (change.credential or before.credential)
    assert isinstance(bob.group.leaf_node.leaf_node_source, UpdateSource)
    room.agrees()


def test_an_update_that_is_not_committed_changes_nothing():
    room, alice, bob = gathered(2)
    before = bob.group.leaf_node
    bob.proposes(Group.propose_update, CHANGES["both"])
    alice.commits(references=[])
    assert bob.group.leaf_node == before
    assert bob.group.signer.public == before.signature_key
    assert not bob.group.updates
    room.agrees()


def test_capabilities_and_extensions_change_together():
    room, alice, bob = gathered(2)
    wide = Capabilities(
        cipher_suites=(SUITE.code,),
        extensions=(DRAFT_EXTENSION,),
        credentials=(CredentialType.BASIC, CredentialType.X509),
    )
    carried = Extension(DRAFT_EXTENSION, b"draft")
    for change in (LeafChange(capabilities=wide), LeafChange(extensions=(carried,))):
        with pytest.raises(UsageError, match="change together"):
            bob.group.commit(now=NOW, leaf=change)
    events = bob.commits(leaf=LeafChange(capabilities=wide, extensions=(carried,)))
    assert events[alice].credentials == ()
    leaf = alice.group.members[1].leaf_node
    assert carried in leaf.extensions
    assert DRAFT_EXTENSION in leaf.capabilities.extensions
    room.agrees()


def test_a_change_says_what_it_changes_and_no_more():
    assert repr(LeafChange()) == "LeafChange(nothing)"
    assert repr(CHANGES["both"]) == "LeafChange(credential, signer)"


def test_a_member_who_changed_its_key_no_longer_signs_with_the_old_one():
    _, alice, bob = gathered(2)
    before = bob.group
    bob.commits(leaf=CHANGES["key"])
    after = bob.group
    stolen = Group(
        after.state,
        after.private,
        before.signer,
        after.secrets,
        after.message_keys,
        after.exporter,
        after.settings,
        after.entropy,
    )
    _, wire = stolen.protect(b"signed with the old key")
    with refused(MessageSignatureError):
        alice.group.receive(wire, now=NOW)


# The simple policy


@pytest.fixture
def known() -> KnownIdentities:
    """Return the policy that knows the keys of Alice, Bob and Carol."""
    _, *people = gathered(3)
    policy = KnownIdentities()
    for person in people:
        leaf = person.group.leaf_node
        policy = policy.with_key(leaf.credential.identity, leaf.signature_key)
    return policy


def test_the_policy_believes_known_keys(known):
    _, alice, bob, _ = gathered(3)
    leaf = bob.group.leaf_node
    known.check(())
    known.check([CredentialCheck(Role.MEMBER, leaf.credential, leaf.signature_key, 1)])
    with refused(CredentialRefusedError, role=Role.MEMBER, leaf=0):
        known.check(
            [
                CredentialCheck(Role.MEMBER, leaf.credential, leaf.signature_key, 1),
                CredentialCheck(Role.MEMBER, alice.client.credential, leaf.signature_key, 0),
            ]
        )
    with refused(CredentialRefusedError, role=Role.EXTERNAL_SENDER):
        known.check([CredentialCheck(Role.EXTERNAL_SENDER, NEW_NAME, leaf.signature_key)])


def test_the_policy_has_several_keys_for_an_identity(known):
    _, _, bob = gathered(2)
    credential = bob.client.credential
    more = known.with_key(credential.identity, NEW_KEY.public)
    for key in (bob.client.signer.public, NEW_KEY.public):
        more.check([CredentialCheck(Role.ADDED, credential, key)])
    with refused(CredentialRefusedError, role=Role.ADDED):  # the old value is as it was
        known.check([CredentialCheck(Role.ADDED, credential, NEW_KEY.public)])


def test_the_policy_judges_who_joins_and_who_is_in_the_group(known):
    room, alice, _ = gathered(2)
    (carol,) = room.enter("Carol")
    draft = alice.group.commit(now=NOW, add=[carol.offers()])
    known.check(draft.credentials)
    known.check(carol.client.join(draft.welcome, now=NOW).credentials)
    (mallory,) = room.enter("Mallory")
    draft = alice.group.commit(now=NOW, add=[mallory.offers()])
    with refused(CredentialRefusedError, role=Role.ADDED, leaf=2):
        known.check(draft.credentials)


def test_the_policy_lets_a_key_change_that_it_knows_and_no_identity(known):
    _, alice, bob = gathered(2)

    def seen(change: LeafChange):
        draft = bob.group.commit(now=NOW, leaf=change)
        (event,) = alice.group.receive(draft.commit, now=NOW).events
        return event.credentials

    with refused(CredentialRefusedError, role=Role.COMMITTER, leaf=1) as caught:
        known.check(seen(CHANGES["key"]))
    assert "not known" in caught.value.reason
    more = known.with_key(bob.client.credential.identity, NEW_KEY.public)
    more = more.with_key(NEW_NAME.identity, NEW_KEY.public)
    more.check(seen(CHANGES["key"]))
    with refused(CredentialRefusedError, role=Role.COMMITTER, leaf=1) as caught:
        more.check(seen(CHANGES["both"]))
    assert "replaces somebody else" in caught.value.reason
    with refused(CredentialRefusedError, role=Role.COMMITTER, leaf=1) as caught:
        more.check(seen(CHANGES["certificate"]))
    assert "no basic credential" in caught.value.reason


def test_the_policy_cannot_be_changed_in_place(known):
    with pytest.raises(TypeError):
        known.keys[b"mimi://a.example/d/Mallory"] = frozenset({b"key"})
