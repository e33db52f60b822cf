"""Members by mimi and by mls-rs: proposals, whoever commits them."""

import pytest
from interop.mlsrs import Ours, Seen, Theirs, mls_rs
from interop.rooms import (
    both_formats,
    either_founder,
    room_of_ours,
    with_or_without_path,
)

from mimi.codec import encode
from mimi.crypto import Secret, os_entropy
from mimi.mls import ExternalPSK, GroupContextExtensions, LeafChange, ReInit
from mimi.tree import (
    BasicCredential,
    CredentialType,
    ExtensionType,
    ExternalSender,
    ExternalSenders,
    ProtocolVersion,
    RequiredCapabilities,
)
from mimi.tree.extension import Extension, extension

# Proposals


@either_founder
@both_formats
@with_or_without_path
def test_we_propose_and_others_commit(made, handshake, path):
    for by in (1, 3):
        room, *members = made(handshake)
        ann, _, cid, dan = members
        committer = members[by]
        eve, fay = Theirs(b"eve"), Ours(b"fay")
        room.propose(ann, ann.propose_add(eve.key_package()))
        room.propose(dan, dan.propose_add(fay.key_package()))
        how = {"path": path} if committer is dan else {}
        room.commit(committer, joining=[eve, fay], **how)
        room.propose(ann, ann.propose_remove(cid))
        assert room.commit(committer) == [cid]
        room.talk()


@either_founder
def test_they_propose_and_others_commit(made):
    for by in (0, 2):
        room, *members = made()
        _, bob, cid, dan = members
        committer = members[by]
        eve, fay = Theirs(b"eve"), Ours(b"fay")
        room.propose(bob, bob.propose_add(eve.key_package()))
        room.propose(cid, cid.propose_add(fay.key_package()))
        room.commit(committer, joining=[eve, fay])
        room.propose(bob, bob.propose_remove(dan))
        assert room.commit(committer) == [dan]
        room.talk()


@either_founder
@both_formats
def test_we_update_and_others_commit(made, handshake):
    room, ann, bob, cid, dan = made(handshake)
    old = ann.group.leaf_node
    for committer in (bob, dan, cid):
        room.propose(ann, ann.propose("update"))
        room.commit(committer)
        assert ann.group.leaf_node.encryption_key != old.encryption_key
        old = ann.group.leaf_node
        room.commit(ann)
    room.talk()


@either_founder
@both_formats
def test_we_update_our_signature_key_and_they_commit(made, handshake):
    room, ann, bob, _, dan = made(handshake)
    fresh = ann.client.suite.generate_signature_key(os_entropy)
    room.propose(ann, ann.propose("update", LeafChange(signer=fresh)))
    room.propose(dan, dan.propose("update"))
    room.commit(bob)
    assert ann.group.leaf_node.signature_key == fresh.public
    assert len(dan.staged.updated) == 3
    room.talk()


@either_founder
@both_formats
def test_proposals_of_both_and_one_by_value_in_one_commit(made, handshake):
    for by in (0, 1):
        room, *members = made(handshake)
        ann, bob, cid, dan = members
        eve, fay, gus = Theirs(b"eve"), Ours(b"fay"), Theirs(b"gus")
        room.propose(bob, bob.propose_add(eve.key_package()))
        room.propose(ann, ann.propose_add(fay.key_package()))
        room.propose(dan, dan.propose("update"))
        assert room.commit(members[by], joining=[eve, fay], add=[gus]) == []
        assert len(room.members) == 7
        room.commit(cid)
        room.talk()


@either_founder
def test_a_proposal_that_no_commit_covers_is_gone(made):
    room, _, bob, cid, dan = made()
    room.propose(bob, bob.propose_remove(cid))
    assert room.commit(dan, references=[]) == []
    assert room.commit(bob) == []
    assert cid in room.members
    room.talk()


@both_formats
def test_of_an_update_and_a_removal_of_one_leaf_we_commit_the_removal(handshake):
    room, ann, _, cid, dan = room_of_ours(handshake)
    eve = Ours(b"eve")
    room.commit(cid, add=[eve])
    room.propose(dan, dan.propose("update"))
    room.propose(eve, eve.propose("update"))
    room.propose(dan, dan.propose("update"))
    room.propose(cid, cid.propose_remove(eve))
    assert room.commit(ann) == [eve]
    assert len(dan.staged.updated) == 2
    room.talk()


# Extensions of the group context

NEEDS_BASIC = extension(
    ExtensionType.REQUIRED_CAPABILITIES, RequiredCapabilities((), (), (CredentialType.BASIC,))
)


def external_senders():
    """Return the extension with one sender, whom nobody will hear."""
    key = Ours(b"server").client.signer.public
    senders = (ExternalSender(key, BasicCredential(b"server")),)
    return Extension(ExtensionType.EXTERNAL_SENDERS, encode(senders, ExternalSenders))


@both_formats
def test_they_join_a_group_with_extensions(handshake):
    room, *_ = room_of_ours(handshake, extensions=(NEEDS_BASIC, external_senders()))
    room.talk()


@either_founder
@both_formats
def test_we_change_the_extensions_of_the_group_context(made, handshake):
    room, ann, bob, cid, dan = made(handshake)
    extensions = (NEEDS_BASIC, external_senders())
    room.commit(ann, extensions=extensions)
    assert dan.staged.extensions == extensions
    room.propose(dan, dan.propose("extensions", (NEEDS_BASIC,)))
    room.commit(bob)
    assert ann.group.extensions == (NEEDS_BASIC,)
    room.commit(dan, proposals=[GroupContextExtensions(())], add=[Theirs(b"eve")])
    room.commit(cid)
    assert ann.group.extensions == ()
    room.talk()


# Pre-shared keys: mls-rs knows those of earlier epochs; its binding takes none from outside


@either_founder
@both_formats
def test_the_resumption_psk_of_an_epoch(made, handshake):
    room, ann, bob, _, dan = made(handshake)
    earlier = ann.group.resumption_psk
    room.commit(bob)
    present = ann.group.resumption_psk
    eve = Ours(b"eve")
    for name, value in (earlier, present):
        eve.client = eve.client.with_psk(name, value)
    room.commit(ann, psks=[earlier[0], present[0]], add=[eve], remove=[dan])
    room.talk()


@either_founder
@both_formats
def test_they_commit_the_resumption_psk_that_we_propose(made, handshake):
    room, ann, bob, *_ = made(handshake)
    psk, _ = ann.group.resumption_psk
    room.propose(ann, ann.propose("psk", psk))
    room.commit(bob)
    assert [used.psk for used in ann.staged.psks] == [psk]


@either_founder
def test_they_leave_out_an_external_psk_that_we_propose(made):
    room, ann, bob, _, dan = made()
    psk = ExternalPSK(b"known to us")
    for member in (ann, dan):
        member.group = member.group.with_psk(psk, Secret(bytes(32)))
    room.propose(ann, ann.propose("psk", psk))
    room.commit(bob)
    assert ann.staged.psks == ()


# The end of a group


@either_founder
def test_a_group_that_we_reinitialise_ends_for_all(made):
    room, ann, bob, *_ = made()
    announced = ReInit(b"next", ProtocolVersion.MLS10, ann.client.suite.code, ())
    assert set(room.hand(ann.draft(reinit=announced).commit)) == {Seen.ENDED}
    room.agree()
    with pytest.raises(mls_rs.Error.MlsError, match="A ReIinit has been applied"):
        bob.draft()


@either_founder
def test_they_commit_the_end_that_we_propose(made):
    room, ann, bob, _, dan = made()
    announced = ReInit(b"next", ProtocolVersion.MLS10, ann.client.suite.code, ())
    room.propose(ann, ann.propose("reinit", announced))
    assert set(room.hand(bob.draft().commit)) == {Seen.ENDED}
    room.agree()
    assert dan.group.reinit == announced
