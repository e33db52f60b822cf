"""Groups whose handshakes a hub reads (draft-mahy-mls-semiprivatemessage-07)."""

import pytest
from mls.meeting import PRIVATE, PUBLIC
from mls.receivers import (
    ARCHIVE_NAME,
    HUB_NAME,
    SEMI,
    HubRoom,
    gathered_with_hub,
    hpke_key,
    receiver,
    refused_by,
    some_suites,
    with_handshake,
)
from mls.snapshot import whole
from tree.members import NOW, SUITE

from mimi.codec import decode, encode
from mimi.crypto import Secret
from mimi.errors import UsageError
from mimi.mls import (
    CommitStaged,
    ContentType,
    EncryptedMessage,
    ExternalPSK,
    FutureEpoch,
    Group,
    Held,
    MissingProposals,
    MLSMessage,
    OwnCommitConfirmed,
    OwnMessageEchoed,
    ProposalReceived,
    PublicGroup,
    PublicMessage,
    Settings,
    WireFormat,
    proposal_ref,
)
from mimi.mls.errors import (
    ContentError,
    HandshakeAfterEndError,
    PendingProposalsError,
    StaleDraftError,
    WrongEpochError,
    WrongGroupError,
)
from mimi.mls.external_receivers import (
    EXTERNAL_RECEIVERS,
    MLS_SEMIPRIVATE_MESSAGE,
    ExternalReceivers,
    external_receivers,
    with_receivers,
)
from mimi.mls.framing import (
    AuthenticatedContent,
    FramedContent,
    FramedContentAuthData,
    MemberSender,
    NewMemberProposalSender,
)
from mimi.mls.message import ALL_BODIES
from mimi.mls.proposal import ReInit, Remove, SelfRemove
from mimi.mls.semiprivate import SemiPrivateMessage, protect_semi_private
from mimi.mls.semiprivate_errors import SemiPrivateUnavailableError
from mimi.mls.state import changed
from mimi.tree.codepoints import ExtensionType, ProtocolVersion
from mimi.tree.extension import find

LETTER, WORDS = ExternalPSK(b"a letter"), Secret(b"what the letter says")


def body_of(wire: bytes):
    return decode(MLSMessage, wire).body


# Together with a hub


@some_suites
def test_a_hub_follows_what_only_members_and_receivers_read(suite):
    room, alice, bob, carol, dave = gathered_with_hub(4, suite)
    (erin,) = room.enter("Erin")
    for person in (alice, bob, carol, dave):
        person.group = person.group.with_psk(LETTER, WORDS)
    erin.client = erin.client.with_psk(LETTER, WORDS)
    alice.proposes(Group.propose_add, erin.offers())
    bob.proposes(Group.propose_update)
    carol.proposes(Group.propose_remove, dave.leaf)
    carol.proposes(Group.propose_psk, LETTER)
    assert room.follower.pending == alice.group.pending
    events = carol.commits(joining=[erin])
    assert events[dave].removes_me
    room.agrees()
    bob.commits(aad=b"for all who read it")
    room.agrees()


@some_suites
def test_member_and_hub_see_the_same_event(suite):
    room, alice, bob = gathered_with_hub(2, suite)
    alice.group, wire = alice.group.propose_update(now=NOW, aad=b"said in the clear")
    message = body_of(wire)
    assert isinstance(message, SemiPrivateMessage)
    (seen,) = bob.group.receive(wire, now=NOW).events
    assert isinstance(seen, ProposalReceived)
    assert room.follower.receive(wire, now=NOW).events == (seen,)
    assert seen.aad == b"said in the clear"
    draft = bob.group.commit(now=NOW, aad=b"in the clear, too")
    of_member = alice.group.receive(draft.commit, now=NOW).events[0]
    of_hub = room.follower.receive(draft.commit, now=NOW).events[0]
    assert isinstance(of_member, CommitStaged)
    assert isinstance(of_hub, CommitStaged)
    assert of_hub.transition.after().context == of_member.transition.after().context
    assert (of_hub.aad, of_hub.sender) == (of_member.aad, of_member.sender)


def test_who_is_no_receiver_sees_that_something_went_by():
    room, alice, _ = gathered_with_hub(2)
    group, wire = alice.group.propose_update(now=NOW, aad=b"who reads this?")
    step = room.stranger.receive(wire, now=NOW)
    assert step.events == (EncryptedMessage(1, ContentType.PROPOSAL, b"who reads this?"),)
    assert step.group is room.stranger
    draft = group.commit(now=NOW, references=[])
    (event,) = room.stranger.receive(draft.commit, now=NOW).events
    assert event == EncryptedMessage(1, ContentType.COMMIT, b"")


def test_receivers_are_found_by_their_keys():
    room, alice, _ = gathered_with_hub(2)
    archive = hpke_key(SUITE, ARCHIVE_NAME)
    _, wire = alice.group.propose_update(now=NOW)
    (event,) = room.stranger.with_receivers(archive).receive(wire, now=NOW).events
    assert isinstance(event, EncryptedMessage)
    both = room.stranger.with_receivers(archive, hpke_key(SUITE, HUB_NAME))
    (event,) = both.receive(wire, now=NOW).events
    assert isinstance(event, ProposalReceived)


def test_a_hub_takes_a_new_key_into_use():
    room, alice, bob = gathered_with_hub(2)
    old, new = hpke_key(SUITE, HUB_NAME), hpke_key(SUITE, b"new")
    room.follower = room.follower.with_receivers(old, new)
    alice.commits(extensions=with_receivers(alice.group.extensions, [receiver(SUITE, b"new")]))
    room.follower = room.follower.with_receivers(new)
    bob.commits()
    room.agrees()


@some_suites
def test_there_may_be_several_receivers(suite):
    room, alice, bob = gathered_with_hub(2, suite)
    listed = [receiver(suite), receiver(suite, ARCHIVE_NAME)]
    alice.commits(extensions=with_receivers((), listed))
    assert external_receivers(bob.group.extensions) == tuple(listed)
    for name in (HUB_NAME, ARCHIVE_NAME):
        reader = PublicGroup.from_group_info(bob.group.group_info(), now=NOW)
        reader = reader.with_receivers(hpke_key(suite, name))
        (event,) = reader.receive(bob.group.commit(now=NOW).commit, now=NOW).events
        assert isinstance(event, CommitStaged)
    room.agrees()


def test_a_self_remove_is_public():
    """So that those can read it who join by a commit."""
    room, alice, bob, _ = gathered_with_hub(3)
    bob.proposes(Group.propose, SelfRemove())
    _, wire = alice.group.propose(SelfRemove(), now=NOW)
    assert isinstance(body_of(wire), PublicMessage)
    events = alice.commits()
    assert events[bob].removes_me
    room.agrees()


def test_who_joins_by_a_commit_does_so_in_public():
    room, alice, _ = gathered_with_hub(2)
    (carol,) = room.enter("Carol")
    carol.joins_from_outside(by=alice)
    room.agrees()
    carol.commits()
    room.agrees()


def test_all_framings_of_handshakes_are_received():
    room, alice, bob, carol = gathered_with_hub(3)
    with_handshake(bob, PUBLIC)
    bob.proposes(Group.propose_update)
    alice.commits()
    with_handshake(carol, PRIVATE)
    room.follower = None
    carol.commits()
    room.follow(carol.group)
    alice.commits()
    room.agrees()


# One's own messages


def test_ones_own_messages_come_back():
    _, alice, bob = gathered_with_hub(2)
    alice.group, wire = alice.group.propose_update(now=NOW)
    assert alice.group.receive(wire, now=NOW).events == (OwnMessageEchoed(1),)
    bob.group = bob.group.receive(wire, now=NOW).group
    draft = alice.group.commit(now=NOW)
    held = draft.hold()
    step = held.receive(draft.commit, now=NOW)
    assert step.events == (OwnCommitConfirmed(1, None),)
    assert step.group.epoch == 2
    assert step.group.receive(draft.commit, now=NOW).events == (OwnCommitConfirmed(1),)


def test_a_draft_that_was_sent_has_used_its_key():
    _, alice, _ = gathered_with_hub(2)
    draft = alice.group.commit(now=NOW)
    other, _ = alice.group.propose_update(now=NOW)
    with refused_by(StaleDraftError):
        draft.hold(other)
    first, second = draft.reject().commit(now=NOW), draft.commit
    assert body_of(first.commit).partial_context_hash != body_of(second).partial_context_hash


def test_pending_proposals_hold_up_messages():
    _, alice, bob = gathered_with_hub(2)
    bob.proposes(Group.propose_update)
    with refused_by(PendingProposalsError):
        alice.group.protect(b"too early")


def test_what_is_encrypted_is_counted_and_padded():
    _, alice, _ = gathered_with_hub(2, padding=lambda length: 1000)
    group, wire = alice.group.propose(Remove(1), now=NOW)
    assert group.sent_octets > 1000
    assert len(body_of(wire).ciphertext) > 1000


# Other epochs, other groups


def test_messages_of_other_epochs_are_held_or_refused():
    room, alice, bob = gathered_with_hub(2)
    early, wire = alice.group.propose_update(now=NOW)
    behind, hub, stranger = bob.group, room.follower, room.stranger
    alice.commits()
    for group in (alice.group, bob.group, room.follower):
        before = whole(group)
        with refused_by(WrongEpochError, epoch=1):
            group.receive(wire, now=NOW)
        assert whole(group) == before
    ahead = PublicGroup.from_group_info(alice.group.group_info(), now=NOW)
    with refused_by(WrongEpochError, epoch=1):
        ahead.receive(wire, now=NOW)
    later = alice.group.commit(now=NOW).commit
    for group in (behind, hub, stranger):
        assert group.receive(later, now=NOW).events == (Held(FutureEpoch(2)),)
    assert early.epoch == 1


def test_messages_of_another_group_are_refused():
    room, alice, bob = gathered_with_hub(2)
    other = HubRoom(place=b"another room")
    (carol,) = other.enter("Carol")
    carol.founds(b"another meeting", extensions=with_receivers((), [receiver(SUITE)]))
    _, wire = carol.group.propose_update(now=NOW)
    for group in (alice.group, bob.group, room.follower, room.stranger):
        with refused_by(WrongGroupError):
            group.receive(wire, now=NOW)


def test_a_commit_waits_for_its_proposals():
    room, alice, bob, carol = gathered_with_hub(3)
    alice.group, _ = alice.group.propose_update(now=NOW)
    wire = alice.group.propose_remove(bob.leaf, now=NOW)[0].commit(now=NOW).commit
    for group in (carol.group, room.follower):
        (event,) = group.receive(wire, now=NOW).events
        assert isinstance(event, Held)
        assert isinstance(event.reason, MissingProposals)


def test_nothing_follows_a_reinit():
    _, alice, bob = gathered_with_hub(2)
    heedless = bob.group
    alice.commits(reinit=ReInit(b"next", ProtocolVersion.MLS10, SUITE.code, ()))
    # bob's group as it would be if no ReInit had ended it
    state = changed(bob.group.state, reinit=None)
    _, wire = changed(bob.group, state=state).propose_update(now=NOW)
    stranger = PublicGroup(bob.group.state)
    hub = stranger.with_receivers(hpke_key(SUITE, HUB_NAME))
    for group in (alice.group, hub, stranger):
        with refused_by(HandshakeAfterEndError):
            group.receive(wire, now=NOW)
    (event,) = PublicGroup(state).receive(wire, now=NOW).events
    assert isinstance(event, EncryptedMessage)
    assert heedless.receive(wire, now=NOW).events == (Held(FutureEpoch(2)),)


# Agreeing on it


def test_a_group_that_has_not_agreed_sends_none():
    room = HubRoom()
    (alice,) = room.enter("Alice")
    alice.founds()
    with refused_by(SemiPrivateUnavailableError):
        alice.group.propose_update(now=NOW)
    with refused_by(SemiPrivateUnavailableError):
        alice.group.commit(now=NOW)
    receivers_only = tuple(
        each
        for each in with_receivers((), [receiver(SUITE)])
        if each.extension_type == EXTERNAL_RECEIVERS
    )
    for extensions in (receivers_only, with_receivers((), ())):
        alice.group = alice.client.create_group(now=NOW, extensions=extensions)
        with refused_by(SemiPrivateUnavailableError):
            alice.group.propose_update(now=NOW)


def test_a_group_comes_to_agree_and_gives_it_up_again():
    room = HubRoom()
    alice, bob = room.enter("Alice", "Bob")
    alice.founds()
    with_handshake(alice, PUBLIC)
    alice.commits(add=[bob])
    alice.commits(extensions=with_receivers((), [receiver(SUITE)]))
    room.follow(bob.group)
    bob.commits()
    room.agrees()
    bob.commits(extensions=())
    with refused_by(SemiPrivateUnavailableError):
        bob.group.commit(now=NOW)
    with_handshake(bob, PRIVATE)
    room.follower = None
    bob.commits()
    room.agrees()


def test_only_members_send_and_only_handshakes():
    _, alice, _ = gathered_with_hub(2)
    group = alice.group
    taken = group.message_keys, group.secrets.sender_data_secret, group.entropy
    auth = FramedContentAuthData(b"")
    for wire_format, who, content in (
        (PRIVATE, MemberSender(0), Remove(1)),
        (SEMI, MemberSender(0), b"application data"),
        (SEMI, NewMemberProposalSender(), Remove(1)),
    ):
        framed = FramedContent(group.group_id, group.epoch, who, b"", content)
        message = AuthenticatedContent(wire_format, framed, auth)
        with refused_by(ContentError):
            protect_semi_private(group.suite, message, group.context, *taken)


def test_settings_know_three_ways():
    assert Settings(handshake=MLS_SEMIPRIVATE_MESSAGE).handshake == SEMI
    with pytest.raises(UsageError, match="proposals and commits"):
        Settings(handshake=WireFormat.MLS_WELCOME)


def test_code_points_are_for_private_use():
    assert 0xF000 <= SEMI <= 0xFFFF
    assert 0xF000 <= EXTERNAL_RECEIVERS <= 0xFFFF
    assert SEMI.name == "MLS_SEMIPRIVATE_MESSAGE"
    assert ALL_BODIES[-1].tag == SEMI
    assert isinstance(EXTERNAL_RECEIVERS, ExtensionType)


def test_extensions_of_a_group_are_replaced_where_they_stand():
    first = with_receivers((), [receiver(SUITE)])
    again = with_receivers(first, [receiver(SUITE), receiver(SUITE, ARCHIVE_NAME)])
    assert len(again) == len(first)
    listed = decode(ExternalReceivers, find(again, EXTERNAL_RECEIVERS))
    assert encode(listed, ExternalReceivers) == find(again, EXTERNAL_RECEIVERS)
    assert [each.credential.identity for each in listed] == [HUB_NAME, ARCHIVE_NAME]


# Stored


def test_a_hub_is_stored_without_its_key():
    room, alice, _ = gathered_with_hub(2)
    rows = room.follower.save()
    key = hpke_key(SUITE, HUB_NAME)
    assert not any(key.reveal() in row for row in rows.values())
    loaded = PublicGroup.load(rows)
    assert loaded.receivers == ()
    draft = alice.group.commit(now=NOW)
    (event,) = loaded.receive(draft.commit, now=NOW).events
    assert isinstance(event, EncryptedMessage)
    (event,) = loaded.with_receivers(key).receive(draft.commit, now=NOW).events
    assert isinstance(event, CommitStaged)


def test_references_cover_the_wire_format():
    """A proposal has another reference than the same one in a private message would have."""
    _, alice, bob = gathered_with_hub(2)
    alice.group, wire = alice.group.propose(Remove(1), now=NOW)
    bob.group = bob.group.receive(wire, now=NOW).group
    (pending,) = bob.group.pending
    assert pending.reference == alice.group.pending[0].reference
    framed = FramedContent(bob.group.group_id, 1, MemberSender(0), b"", Remove(1))
    bare = AuthenticatedContent(PRIVATE, framed, FramedContentAuthData(b""))
    assert proposal_ref(SUITE, bare) != pending.reference
