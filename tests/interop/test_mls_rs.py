"""Members by mimi and by mls-rs: joining, committing, leaving."""

import pytest
from interop.mlsrs import Ours, Room, Seen, Theirs, mls_rs
from interop.rooms import (
    both_formats,
    either_founder,
    room_of_ours,
    tree_in_or_beside,
    with_or_without_path,
)

from mimi.crypto import os_entropy
from mimi.mls import LeafChange
from mimi.mls.errors import ClosedGroupError, WrongEpochError

# Joining by a Welcome


@both_formats
@tree_in_or_beside
@with_or_without_path
def test_they_join_by_our_welcome(handshake, tree_in_welcome, path):
    ann = Ours(b"ann", handshake=handshake, tree_in_welcome=tree_in_welcome)
    room = Room(ann)
    room.commit(ann, add=[Theirs(b"bob"), Theirs(b"cid")], path=path)
    room.talk()
    room.commit(room.members[2])
    room.commit(ann, add=[Theirs(b"dan")], path=path)
    room.commit(room.members[3])
    room.talk()


@tree_in_or_beside
def test_we_join_by_their_welcome(tree_in_welcome):
    bob = Theirs(b"bob", tree_in_welcome=tree_in_welcome)
    room = Room(bob)
    room.commit(bob, add=[Ours(b"ann"), Ours(b"dan")])
    room.talk()
    room.commit(room.members[2])
    room.commit(bob, add=[Ours(b"eve"), Theirs(b"cid")])
    room.commit(room.members[3])
    room.talk()


@tree_in_or_beside
def test_both_kinds_join_by_one_welcome(tree_in_welcome):
    ann = Ours(b"ann", tree_in_welcome=tree_in_welcome)
    room = Room(ann, Theirs(b"bob"), Ours(b"cid"), Theirs(b"dan"))
    room.talk()


def test_a_client_joins_two_groups():
    bob = Theirs(b"bob")
    ann, dan = Ours(b"ann"), Ours(b"dan")
    first = Room(ann, bob)
    first.talk()
    dan.create(b"another room")
    wire = dan.draft(add=[bob.key_package()])
    assert dan.receive(wire.commit) is Seen.EPOCH
    bob.join(wire.welcome)
    assert bob.receive(dan.say(b"hello")) == b"hello"


def test_they_add_us_twice_by_a_last_resort_key_package():
    dan = Ours(b"dan")
    package = dan.key_package(last_resort=True)
    for name in (b"first", b"second"):
        bob = Theirs(b"bob")
        bob.create(name)
        sent = bob.draft(add=[package])
        assert bob.receive(sent.commit) is Seen.EPOCH
        dan.join(sent.welcome)
        assert dan.receive(bob.say(b"hello")) == b"hello"


@either_founder
def test_the_grease_of_ours_is_in_the_trees_that_agree(made):
    room, ann, bob, cid, dan = made()
    room.commit(ann, path=True)
    room.propose(dan, dan.propose("update"))
    room.commit(bob, add=[Theirs(b"eve")])
    room.commit(cid)
    for member in (ann, dan):
        leaf = member.group.leaf_node
        assert any(suite.is_grease for suite in leaf.capabilities.cipher_suites)
        assert any(kind.is_grease for kind in leaf.capabilities.proposals)
        assert any(it.extension_type.is_grease for it in leaf.extensions)
    room.talk()


def test_without_grease():
    room = Room(Ours(b"ann", grease=False), Theirs(b"bob"), Ours(b"dan", grease=False))
    for member in room.members:
        room.commit(member)
    room.talk()


# Commits


@either_founder
@both_formats
def test_empty_commits_give_fresh_keys(made, handshake):
    room, ann, *_ = made(handshake)
    secrets = {ann.secret()}
    for member in (*room.members, *room.members):
        room.commit(member)
        secrets.add(ann.secret())
    room.talk()
    assert len(secrets) == 9


@either_founder
@both_formats
def test_we_add_with_a_path_and_without(made, handshake):
    room, ann, _, _, dan = made(handshake)
    room.commit(ann, add=[Theirs(b"eve")], path=False)
    assert dan.staged.updated == ()
    room.commit(dan, add=[Theirs(b"fay"), Ours(b"gus")])
    assert [member.leaf_index for member in ann.staged.updated] == [dan.group.leaf_index]
    room.talk()


@either_founder
def test_they_add_without_a_path(made):
    room, ann, bob, *_ = made()
    room.commit(bob, add=[Theirs(b"eve"), Ours(b"fay")])
    assert len(ann.staged.added) == 2
    assert ann.staged.updated == ()
    room.talk()


@either_founder
@both_formats
def test_we_remove_and_add_in_one_commit(made, handshake):
    room, ann, _, cid, dan = made(handshake)
    assert room.commit(ann, remove=[cid], add=[Theirs(b"eve")]) == [cid]
    assert room.commit(dan, remove=[ann], add=[Theirs(b"cid"), Ours(b"ann")]) == [ann]
    room.talk()


@either_founder
@both_formats
def test_a_commit_with_authenticated_data(made, handshake):
    room, ann, _, _, dan = made(handshake)
    room.commit(ann, aad=b"in the clear")
    assert dan.staged.aad == b"in the clear"


@either_founder
@both_formats
def test_we_change_our_signature_key(made, handshake):
    room, ann, bob, *_ = made(handshake)
    fresh = ann.client.suite.generate_signature_key(os_entropy)
    room.commit(ann, leaf=LeafChange(signer=fresh))
    room.talk()
    room.commit(bob)
    room.commit(ann)
    room.talk()


@either_founder
@both_formats
def test_of_two_commits_at_once_one_wins(made, handshake):
    room, ann, bob, *_ = made(handshake)
    for winner, loser in ((ann, bob), (bob, ann)):
        late, first = loser.draft(), winner.draft()
        room.follow(first.commit)
        room.agree()
        room.commit(loser)
        room.talk()
        assert late.commit != first.commit


# Leaving


def test_a_member_of_theirs_notices_that_it_is_removed():
    for by in (0, 1):
        room, ann, bob, cid, _ = room_of_ours()
        committer = (ann, bob)[by]
        assert room.commit(committer, remove=[cid]) == [cid]
        room.talk()
        assert cid.secret() != ann.secret()
        with pytest.raises(mls_rs.Error.MlsError, match="Epoch not found"):
            cid.receive(ann.say(b"without cid"))


def test_a_member_of_ours_notices_that_it_is_removed():
    for by in (0, 1):
        room, ann, bob, _, dan = room_of_ours()
        committer = (ann, bob)[by]
        assert room.commit(committer, remove=[dan]) == [dan]
        room.talk()
        assert dan.staged.removes_me
        with pytest.raises(ClosedGroupError) as caught:
            dan.say(b"still here")
        assert caught.value.where == {}
        with pytest.raises(WrongEpochError):
            dan.receive(ann.say(b"without dan"))


def test_who_was_removed_comes_back():
    room, ann, bob, cid, dan = room_of_ours()
    room.commit(ann, remove=[cid, dan])
    room.commit(bob, add=[Theirs(b"cid"), Ours(b"dan")])
    room.talk()


# Joining by an external commit


@tree_in_or_beside
def test_we_join_by_an_external_commit(tree_in_welcome):
    room, ann, *_ = room_of_ours()
    eve = Ours(b"eve")
    info = ann.group.group_info(tree=tree_in_welcome)
    commit = eve.join_externally(info, tree=None if tree_in_welcome else ann.tree())
    assert room.follow(commit) == []
    room.members.append(eve)
    room.agree()
    for member in room.members:
        room.commit(member)
    room.talk()


def test_we_come_back_by_an_external_commit():
    room, ann, *_, dan = room_of_ours()
    back = Ours(b"dan")
    commit = back.join_externally(ann.group.group_info(), resync=dan.group.leaf_index)
    assert room.follow(commit) == [dan]
    room.members.append(back)
    room.agree()
    room.talk()


def test_they_notice_that_an_external_commit_replaces_them():
    room, ann, bob, *_ = room_of_ours()
    back = Ours(b"bob")
    commit = back.join_externally(ann.group.group_info(), resync=ann.leaf_of(bob))
    assert room.follow(commit) == [bob]
    room.members.append(back)
    room.agree()
    room.talk()
