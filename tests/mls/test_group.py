"""A group at its ordinary business: proposals of every type, commits looked at, and dropped."""

import pytest
from mls.meeting import PRIVATE, PUBLIC, Room, gathered
from mls.snapshot import whole
from tree.members import NOW, SUITE, refused

from mimi.codec import decode
from mimi.crypto import Secret
from mimi.mls import (
    Add,
    CommitStaged,
    ExternalPSK,
    Group,
    GroupContextExtensions,
    MemberSender,
    MLSMessage,
    PreSharedKey,
    PublicMessage,
    ReInit,
    Remove,
    Update,
)
from mimi.mls.errors import ClosedGroupError, ConfirmationTagError, UnknownPSKError
from mimi.mls.group import read_key_package
from mimi.tree.codepoints import ExtensionType, ProtocolVersion
from mimi.tree.extension import Extension, RequiredCapabilities, extension

LETTER, WORDS = ExternalPSK(b"a letter"), Secret(b"what the letter says")
NOTHING_REQUIRED = (extension(ExtensionType.REQUIRED_CAPABILITIES, RequiredCapabilities()),)
NEXT = ReInit(b"the next group", ProtocolVersion.MLS10, SUITE.code, ())

both_formats = pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE], ids=["public", "private"])


def staged(person, wire) -> CommitStaged[Group]:
    """Return a commit as somebody sees it, who does not accept it yet."""
    (event,) = person.group.receive(wire, now=NOW).events
    assert isinstance(event, CommitStaged)
    return event


def with_letter(*people) -> None:
    for person in people:
        person.group = person.group.with_psk(LETTER, WORDS)


# Proposals


@both_formats
def test_every_proposal_is_committed_by_reference(handshake):
    room, alice, bob, carol, dave = gathered(4, handshake=handshake)
    (erin,) = room.enter("Erin")
    with_letter(alice, bob, carol, dave)
    references = (
        alice.proposes(Group.propose_add, erin.offers()),
        bob.proposes(Group.propose_update),
        carol.proposes(Group.propose_remove, dave.leaf),
        carol.proposes(Group.propose_psk, LETTER),
        bob.proposes(Group.propose_extensions, NOTHING_REQUIRED),
    )
    assert tuple(item.reference for item in carol.group.pending) == references
    assert [type(item.proposal) for item in carol.group.pending] == [
        Add,
        Update,
        Remove,
        PreSharedKey,
        GroupContextExtensions,
    ]
    erin.client = erin.client.with_psk(LETTER, WORDS)
    events = carol.commits(joining=[erin])
    assert events[dave].removes_me
    assert alice.group.extensions == NOTHING_REQUIRED
    assert erin.leaf == dave.leaf  # the leftmost blank leaf after the removal
    room.agrees()


@both_formats
def test_every_proposal_is_committed_by_value(handshake):
    room, alice, bob, carol = gathered(3, handshake=handshake)
    dave, erin = room.enter("Dave", "Erin")
    with_letter(alice, bob, carol)
    dave.client = dave.client.with_psk(LETTER, WORDS)
    events = alice.commits(
        add=[dave], remove=[carol], psks=[LETTER], extensions=NOTHING_REQUIRED, aad=b"for all"
    )
    assert events[bob].aad == b"for all"
    assert {type(proposal) for proposal, _ in events[bob].proposals} == {
        Add,
        Remove,
        PreSharedKey,
        GroupContextExtensions,
    }
    room.agrees()
    alice.commits(proposals=[Add(read_key_package(erin.offers()))], joining=[erin])
    room.agrees()


@both_formats
@pytest.mark.parametrize("by_reference", [True, False])
def test_a_reinit_ends_the_group(handshake, by_reference):
    room, alice, bob = gathered(2, handshake=handshake)
    if by_reference:
        bob.proposes(Group.propose_reinit, NEXT)
        events = alice.commits()
    else:
        events = alice.commits(reinit=NEXT)
    assert events[bob].reinit == NEXT
    for person in (alice, bob):
        assert person.group.reinit == NEXT
        assert not person.group.is_active
        assert "closed" in repr(person.group)
        with refused(ClosedGroupError):
            person.group.protect(b"too late")
    room.agrees(speakers=())


def test_proposals_by_value_and_by_reference_go_together():
    room, alice, bob, carol = gathered(3)
    (dave,) = room.enter("Dave")
    update = bob.proposes(Group.propose_update)
    remove = bob.proposes(Group.propose_remove, carol.leaf)
    events = alice.commits(add=[dave], references=[update])
    assert [type(proposal) for proposal, _ in events[bob].proposals] == [Update, Add]
    assert carol in room.members
    assert remove not in {item.reference for item in alice.group.pending}
    room.agrees()


def test_a_pending_proposal_can_be_forgotten():
    room, alice, bob, carol = gathered(3)
    reference = bob.proposes(Group.propose_remove, carol.leaf)
    alice.group = alice.group.without_proposal(reference)
    assert alice.group.pending == ()
    events = alice.commits()
    assert events[bob].proposals == ()
    room.agrees()


# Commits, looked at


@both_formats
def test_a_commit_shows_what_it_does(handshake):
    room, alice, bob, carol, dave = gathered(4, handshake=handshake)
    (erin,) = room.enter("Erin")
    with_letter(*room.members)
    carol.proposes(Group.propose_update)
    package = erin.offers()
    draft = alice.group.commit(
        now=NOW,
        add=[package],
        remove=[dave.leaf],
        psks=[LETTER],
        extensions=NOTHING_REQUIRED,
        aad=b"minutes",
    )
    event = staged(bob, draft.commit)
    after = draft.accept()
    assert (event.committer, event.sender) == (alice.leaf, MemberSender(alice.leaf))
    assert (event.removes_me, event.aad, event.reinit) == (False, b"minutes", None)
    assert event.extensions == NOTHING_REQUIRED
    assert event.key_packages == (read_key_package(package),)
    (added,) = event.added
    assert added.leaf_index == dave.leaf
    assert added.leaf_node == read_key_package(package).leaf_node
    (removed,) = event.removed
    assert removed.leaf_index == dave.leaf
    assert removed.leaf_node == dave.group.leaf_node
    assert [item.leaf_index for item in event.updated] == [carol.leaf, alice.leaf]
    assert [after.state.tree.leaf(item.leaf_index) for item in event.updated] == [
        item.leaf_node for item in event.updated
    ]
    assert [psk.psk for psk in event.psks] == [LETTER]
    assert [type(proposal) for proposal, _ in event.proposals] == [
        Update,
        GroupContextExtensions,
        Remove,
        Add,
        PreSharedKey,
    ]
    assert [sender.leaf_index for _, sender in event.proposals] == [2, 0, 0, 0, 0]
    (check,) = event.credentials
    assert (check.leaf_index, check.credential) == (dave.leaf, erin.client.credential)
    assert staged(dave, draft.commit).removes_me


def test_a_plain_commit_shows_a_committer_alone():
    _, alice, bob = gathered(2)
    event = staged(bob, alice.group.commit(now=NOW).commit)
    assert (event.added, event.removed, event.key_packages, event.psks) == ((), (), (), ())
    assert (event.extensions, event.reinit, event.proposals, event.credentials) == (
        None,
        None,
        (),
        (),
    )
    assert [item.leaf_index for item in event.updated] == [alice.leaf]


@both_formats
def test_a_commit_is_dropped_at_no_cost(handshake):
    room, alice, bob, carol = gathered(3, handshake=handshake)
    bob.proposes(Group.propose_update)
    before = [whole(person.group) for person in room.members]
    draft = alice.group.commit(now=NOW, remove=[carol.leaf])
    for person in (bob, carol):
        step = person.group.receive(draft.commit, now=NOW)
        assert step.group is person.group
    after = [whole(person.group) for person in room.members]
    # who drafts a commit draws random octets; everything else is as it was
    assert before[0][0].pop("entropy") != after[0][0].pop("entropy")
    assert after == before
    carol.commits()
    room.agrees()


@both_formats
def test_a_dropped_commit_can_be_received_again_and_accepted(handshake):
    room, alice, bob = gathered(2, handshake=handshake)
    draft = alice.group.commit(now=NOW)
    for _ in range(3):
        staged(bob, draft.commit)
    alice.group = draft.accept()
    bob.hears(draft.commit)
    room.follower = None  # it has not heard of the commit
    room.agrees()


# Paths


def test_a_commit_without_a_path_where_no_proposal_needs_one():
    room, alice, bob = gathered(2, handshake=PUBLIC)
    carol, dave = room.enter("Carol", "Dave")
    with_letter(alice, bob)
    leaf = alice.group.leaf_node
    carol.client = carol.client.with_psk(LETTER, WORDS)
    events = alice.commits(add=[carol], psks=[LETTER], path=False)
    assert events[bob].updated == ()
    assert alice.group.leaf_node == leaf
    room.agrees()
    dave.offers()
    carol.commits(add=[dave], path=False)
    room.agrees()


@pytest.mark.parametrize("needing", ["nothing", "update", "remove", "extensions"])
def test_a_path_is_there_even_unasked_where_the_proposals_need_one(needing):
    _, alice, bob, carol = gathered(3, handshake=PUBLIC)
    options = {}
    if needing == "update":
        bob.proposes(Group.propose_update)
    elif needing == "remove":
        options["remove"] = [carol.leaf]
    elif needing == "extensions":
        options["extensions"] = NOTHING_REQUIRED
    draft = alice.group.commit(now=NOW, path=False, **options)
    message = decode(MLSMessage, draft.commit).body
    assert isinstance(message, PublicMessage)
    assert message.content.content.path is not None


# Extensions of the group context


def test_extensions_of_the_group_context_are_replaced_as_a_whole():
    room, alice, bob = gathered(2)
    named = Extension(ExtensionType.APPLICATION_ID, b"\4name")
    alice.commits(extensions=(named, *NOTHING_REQUIRED))
    assert bob.group.extensions == (named, *NOTHING_REQUIRED)
    events = bob.commits(extensions=(named,))
    assert events[alice].extensions == (named,)
    assert alice.group.extensions == (named,)
    events = bob.commits(extensions=(named,))
    assert events[alice].extensions is None  # they are as they were
    alice.commits(extensions=())
    assert bob.group.extensions == ()
    room.agrees()


# Pre-shared keys


def test_an_external_psk_is_in_the_key_schedule():
    room, alice, bob = gathered(2)
    alice.group = alice.group.with_psk(LETTER, WORDS)
    bob.group = bob.group.with_psk(LETTER, Secret(b"what somebody else says"))
    draft = alice.group.commit(now=NOW, psks=[LETTER])
    before = whole(bob.group)
    with refused(ConfirmationTagError):
        bob.group.receive(draft.commit, now=NOW)
    assert whole(bob.group) == before
    bob.group = bob.group.without_psk(LETTER)
    with refused(UnknownPSKError, psk=LETTER):
        bob.group.receive(draft.commit, now=NOW)
    bob.group = bob.group.with_psk(LETTER, WORDS)
    alice.commits(psks=[LETTER])
    room.agrees()


def test_a_resumption_psk_of_an_earlier_epoch_of_the_group():
    room, alice, bob, carol = gathered(3, resumption_epochs=2)
    names = []
    for _ in range(4):
        names.append(alice.group.resumption_psk[0])
        bob.commits()
    for name in names[2:]:
        carol.commits(psks=[name])
        room.agrees()
    forgotten = names[0]
    with refused(UnknownPSKError, psk=forgotten):
        alice.group.commit(now=NOW, psks=[forgotten])


def test_a_resumption_psk_of_the_present_epoch():
    room, alice, bob = gathered(2)
    name, value = alice.group.resumption_psk
    assert bob.group.psk_value(name) == value
    alice.commits(psks=[name])
    assert bob.group.psk_value(name) == value
    room.agrees()


def test_a_resumption_psk_of_another_group():
    elsewhere = Room(place=b"another room")
    alice_there, bob_there = elsewhere.enter("Alice", "Bob")
    alice_there.founds(b"another meeting")
    alice_there.commits(add=[bob_there])
    name, value = alice_there.group.resumption_psk
    room, alice, bob = gathered(2)
    alice.group = alice.group.with_psk(name, value)
    with refused(UnknownPSKError, psk=name):
        bob.group.commit(now=NOW, psks=[name])
    bob.group = bob.group.with_psk(*bob_there.group.resumption_psk)
    alice.commits(psks=[name])
    room.agrees()


# What the epoch is good for


def test_exported_secrets_depend_on_label_context_length_and_epoch():
    _, alice, bob = gathered(2)
    asked = [(b"a", b"", 32), (b"b", b"", 32), (b"a", b"c", 32), (b"a", b"", 33)]
    exported = [alice.group.export(*each) for each in asked]
    assert [len(secret) for secret in exported] == [32, 32, 32, 33]
    assert len({secret.reveal()[:32] for secret in exported}) == 4
    assert exported == [bob.group.export(*each) for each in asked]
    alice.commits()
    assert bob.group.export(*asked[0]) == alice.group.export(*asked[0]) != exported[0]


def test_what_can_be_read_of_a_group():
    _, alice, bob = gathered(2)
    group = bob.group
    assert (group.group_id, group.epoch, group.leaf_index) == (b"a meeting", 1, 1)
    assert group.is_active
    assert [member.leaf_node.credential for member in group.members] == [
        alice.client.credential,
        bob.client.credential,
    ]
    assert group.leaf_node == group.members[1].leaf_node
    assert (group.pending, group.reinit, group.extensions) == ((), None, ())
    assert repr(group) == "Group(b'a meeting', epoch 1, leaf 1)"
    assert group.suite is SUITE
