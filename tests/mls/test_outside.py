"""From outside: joining by a commit, coming back, and proposing (RFC 9420 sections 11 and 12)."""

import pytest
from mls.meeting import PRIVATE, PUBLIC, Room, gathered
from tree.members import NOW, SUITE, refused

from mimi.codec import decode
from mimi.crypto import Secret, SeededEntropy
from mimi.mls import (
    Add,
    CommitStaged,
    ExternalPSK,
    ExternalSenderIndex,
    GroupContextExtensions,
    MLSMessage,
    NewMemberCommitSender,
    NewMemberProposalSender,
    PreSharedKey,
    PreSharedKeyID,
    ProposalReceived,
    PublicMessage,
    ReInit,
    Remove,
    Role,
    Update,
    propose_from_outside,
)
from mimi.mls.errors import (
    ContentError,
    DuplicateGroupError,
    MissingExternalPubError,
    MissingTreeError,
    UnexpectedMessageError,
    UnknownPSKError,
    UnknownSenderError,
    WrongEpochError,
)
from mimi.mls.group import read_key_package
from mimi.tree.codepoints import ExtensionType, ProtocolVersion
from mimi.tree.credential import BasicCredential
from mimi.tree.errors import DuplicateSignatureKeyError
from mimi.tree.extension import ExternalSender, ExternalSenders, extension

SERVER = SUITE.generate_signature_key(SeededEntropy(b"server"))
HUB = SUITE.generate_signature_key(SeededEntropy(b"hub"))
SENDERS = extension(
    ExtensionType.EXTERNAL_SENDERS,
    tuple(
        ExternalSender(key.public, BasicCredential(b"mimi://a.example")) for key in (SERVER, HUB)
    ),
    ExternalSenders,
)
LETTER, WORDS = ExternalPSK(b"a letter"), Secret(b"what it says")
NEXT = ReInit(b"the next group", ProtocolVersion.MLS10, SUITE.code, ())

both_formats = pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE], ids=["public", "private"])


# Joining by a commit


@both_formats
def test_who_joins_by_a_commit_is_shown_to_all(handshake):
    room, alice, bob = gathered(2, handshake=handshake)
    (carol,) = room.enter("Carol")
    events = carol.joins_from_outside(by=alice, aad=b"may I come in?")
    for person in (alice, bob):
        event = events[person]
        assert isinstance(event, CommitStaged)
        assert event.sender == NewMemberCommitSender()
        assert (event.committer, event.aad) == (2, b"may I come in?")
        assert [member.leaf_index for member in event.added] == [2]
        assert (event.updated, event.removed, event.key_packages) == ((), (), ())
        (check,) = event.credentials
        assert (check.role, check.leaf_index, check.predecessor) == (Role.JOINER, 2, None)
        assert check.credential == carol.client.credential
    room.agrees()
    carol.commits()
    room.agrees()


def test_who_joins_by_a_commit_looks_at_the_group_before():
    room, alice, _ = gathered(2)
    (carol,) = room.enter("Carol")
    draft = carol.client.join_externally(alice.group.group_info(), now=NOW)
    assert draft.leaf_index == 2
    assert draft.members == alice.group.members
    assert [(check.role, check.leaf_index) for check in draft.credentials] == [
        (Role.MEMBER, 0),
        (Role.MEMBER, 1),
    ]
    assert repr(draft) == "ExternalDraft(b'a meeting', epoch 1 to 2)"


def test_who_joins_by_a_commit_takes_the_leftmost_blank_leaf():
    room, alice, bob, carol = gathered(3)
    alice.commits(remove=[bob])
    (dave,) = room.enter("Dave")
    dave.joins_from_outside(by=carol)
    assert dave.leaf == 1
    room.agrees()


def test_a_tree_that_is_full_grows_for_a_joiner():
    room, alice, *_ = gathered(4)
    (erin,) = room.enter("Erin")
    erin.joins_from_outside(by=alice)
    assert (erin.leaf, erin.group.state.tree.leaf_count) == (4, 8)
    room.agrees()


def test_a_joiner_can_bring_pre_shared_keys():
    room, alice, bob = gathered(2)
    (carol,) = room.enter("Carol")
    for person in (alice, bob):
        person.group = person.group.with_psk(LETTER, WORDS)
    carol.client = carol.client.with_psk(LETTER, WORDS)
    events = carol.joins_from_outside(by=alice, psks=[LETTER])
    assert [psk.psk for psk in events[bob].psks] == [LETTER]
    room.agrees()


def test_a_joiner_needs_the_groups_tree_and_key():
    room, alice, _ = gathered(2)
    (carol,) = room.enter("Carol")
    with refused(MissingTreeError):
        carol.client.join_externally(alice.group.group_info(tree=False), now=NOW)
    with refused(MissingExternalPubError):
        carol.client.join_externally(alice.group.group_info(external_pub=False), now=NOW)
    with refused(UnexpectedMessageError):
        carol.client.join_externally(carol.offers(), now=NOW)
    with refused(UnknownPSKError, psk=LETTER):
        carol.client.join_externally(alice.group.group_info(), now=NOW, psks=[LETTER])
    draft = carol.client.join_externally(
        alice.group.group_info(tree=False), now=NOW, tree=alice.group.ratchet_tree
    )
    assert draft.leaf_index == 2


@pytest.mark.parametrize("with_group", [True, False], ids=["knowing", "having lost everything"])
def test_who_lost_its_state_comes_back_by_a_commit(with_group):
    room, alice, bob, carol = gathered(3, handshake=PUBLIC)
    lost = bob.group
    with refused(DuplicateGroupError):
        bob.client.join_externally(alice.group.group_info(), now=NOW, groups=[lost])
    groups = [lost] if with_group else []
    events = bob.joins_from_outside(by=alice, resync=lost.leaf_index, groups=groups)
    event = events[carol]
    assert [member.leaf_index for member in event.removed] == [1]
    assert [member.leaf_index for member in event.added] == [1]
    assert event.added[0].leaf_node == bob.group.leaf_node != lost.leaf_node
    assert [type(proposal) for proposal, _ in event.proposals][1:] == [Remove]
    assert event.updated == ()
    # the same credential with the same key: there is nothing new to judge
    assert event.credentials == ()
    assert bob.leaf == 1
    room.agrees()


def test_who_does_not_come_back_in_its_own_place_is_there_twice():
    room, alice, bob = gathered(2)
    with refused(DuplicateSignatureKeyError):
        bob.client.join_externally(alice.group.group_info(), now=NOW)
    assert room.members == [alice, bob]


def test_an_external_commit_that_lost_is_of_an_earlier_epoch():
    room, alice, bob = gathered(2)
    (carol,) = room.enter("Carol")
    draft = carol.client.join_externally(alice.group.group_info(), now=NOW)
    bob.commits()
    for person in (alice, bob):
        with refused(WrongEpochError, epoch=1):
            person.group.receive(draft.commit, now=NOW)
    carol.joins_from_outside(by=alice)
    room.agrees()


# Proposals of external senders


@pytest.fixture
def watched() -> Room:
    """Return a room of Alice and Bob with two external senders, and Carol at the door."""
    room = Room(handshake=PUBLIC)
    alice, bob, _ = room.enter("Alice", "Bob", "Carol")
    alice.founds(extensions=(SENDERS,))
    alice.commits(add=[bob])
    return room


def test_external_senders_propose_what_they_may(watched):
    alice, bob, carol = watched.people
    for person in (alice, bob):
        person.group = person.group.with_psk(LETTER, WORDS)
    package = read_key_package(carol.offers())
    carol.client = carol.client.with_psk(LETTER, WORDS)
    nonce = bytes(SUITE.nh)
    wanted = (
        Add(package),
        PreSharedKey(PreSharedKeyID(LETTER, nonce)),
        GroupContextExtensions((SENDERS,)),
    )
    for place, (proposal, signer) in enumerate(zip(wanted, (SERVER, HUB, SERVER), strict=True)):
        index = 0 if signer is SERVER else 1
        wire = propose_from_outside(alice.group.context, index, proposal, signer, b"aad")
        event = watched.hears(wire)[bob]
        assert isinstance(event, ProposalReceived)
        assert (event.sender, event.proposal) == (ExternalSenderIndex(index), proposal)
        assert event.aad == b"aad"
        assert bob.group.pending[place].reference == event.reference
    events = alice.commits(joining=[carol])
    assert [type(proposal) for proposal, _ in events[bob].proposals] == list(map(type, wanted))
    watched.agrees()


def test_an_external_sender_removes_members_and_reinitialises(watched):
    alice, bob, carol = watched.people
    alice.commits(add=[carol])
    watched.hears(propose_from_outside(alice.group.context, 0, Remove(bob.leaf), SERVER))
    events = carol.commits()
    assert events[bob].removes_me
    watched.agrees()
    watched.hears(propose_from_outside(alice.group.context, 1, NEXT, HUB))
    alice.commits()
    assert carol.group.reinit == NEXT


def test_an_external_sender_proposes_no_update(watched):
    alice, bob, _ = watched.people
    with refused(ContentError):
        propose_from_outside(alice.group.context, 0, Update(bob.group.leaf_node), SERVER)


def test_who_is_no_external_sender_proposes_nothing(watched):
    alice, bob, _ = watched.people
    wire = propose_from_outside(alice.group.context, 2, Remove(bob.leaf), SERVER)
    with refused(UnknownSenderError, sender=ExternalSenderIndex(2)):
        alice.group.receive(wire, now=NOW)
    alice.commits(extensions=())
    wire = propose_from_outside(alice.group.context, 0, Remove(bob.leaf), SERVER)
    with refused(UnknownSenderError, sender=ExternalSenderIndex(0)):
        alice.group.receive(wire, now=NOW)


def test_new_external_senders_are_to_be_judged():
    _, alice, bob = gathered(2)
    events = alice.commits(extensions=(SENDERS,))
    assert [
        (check.role, check.signature_key, check.leaf_index) for check in events[bob].credentials
    ] == [(Role.EXTERNAL_SENDER, key.public, None) for key in (SERVER, HUB)]


# Proposing one's own addition


@both_formats
def test_a_client_proposes_its_own_addition(handshake):
    room, alice, bob = gathered(2, handshake=handshake)
    (carol,) = room.enter("Carol")
    info = bob.group.group_info()
    carol.client, wire = carol.client.propose_joining(info, now=NOW, aad=b"please")
    assert isinstance(decode(MLSMessage, wire).body, PublicMessage)
    for event in room.hears(wire).values():
        assert isinstance(event, ProposalReceived)
        assert (event.sender, event.aad) == (NewMemberProposalSender(), b"please")
        assert [(check.role, check.credential) for check in event.credentials] == [
            (Role.ADDED, carol.client.credential)
        ]
    events = alice.commits(joining=[carol])
    assert events[bob].proposals[0][1] == NewMemberProposalSender()
    room.agrees()


def test_an_own_addition_can_be_left_alone():
    room, alice, bob = gathered(2)
    (carol,) = room.enter("Carol")
    carol.client, wire = carol.client.propose_joining(alice.group.group_info(), now=NOW)
    room.hears(wire)
    alice.commits(references=[])
    assert bob.group.pending == ()
    assert room.members == [alice, bob]
    room.agrees()
