"""What mimi and mls-rs refuse of each other, and where mls-rs does what others refuse."""

import pytest
from interop.mlsrs import Ours, Room, Seen, Theirs, mls_rs, now
from interop.rooms import both_formats, either_founder, room_of_ours

from mimi.crypto import Secret
from mimi.mls import (
    ExternalPSK,
    LeafChange,
    ReInit,
    Settings,
    branch,
    reinitialise,
)
from mimi.mls.errors import RepeatedLeafError
from mimi.tree import ApplicationId, BasicCredential, Capabilities, ExtensionType, ProtocolVersion
from mimi.tree.errors import LifetimeError, UnsupportedExtensionError
from mimi.tree.extension import Extension, extension
from mimi.tree.leaf import DEFAULT_MAXIMUM_LIFETIME

DEFAULT = {"maximum_lifetime": DEFAULT_MAXIMUM_LIFETIME}
UNKNOWN = ExtensionType(0xF000)


def refused(text):
    return pytest.raises(mls_rs.Error.MlsError, match=text)


# Lifetimes


def test_our_default_refuses_their_key_packages():
    ann = Ours(b"ann", **DEFAULT)
    assert ann.client.settings == Settings()
    ann.create(b"room")
    package = Theirs(b"bob").key_package()
    for operation in (ann.group.propose_add, lambda it, now: ann.group.commit(add=[it], now=now)):
        with pytest.raises(LifetimeError) as caught:
            operation(package, now=now())
        assert caught.value.where == {"leaf": None}


def test_our_default_refuses_a_commit_or_a_proposal_that_adds_them():
    room, ann, bob, *_ = room_of_ours()
    fay = Ours(b"fay", **DEFAULT)
    room.commit(ann, add=[fay])
    proposal = bob.propose_add(Theirs(b"eve").key_package())
    commit = ann.draft(add=[Theirs(b"gus").key_package()]).commit
    for wire in (proposal, commit):
        with pytest.raises(LifetimeError) as caught:
            fay.receive(wire)
        assert caught.value.where == {"leaf": None}


def test_our_default_joins_where_they_are_and_follows():
    room, ann, bob, *_ = room_of_ours()
    room.commit(ann, add=[Ours(b"fay", **DEFAULT)])
    room.commit(bob, add=[Ours(b"gus", **DEFAULT)])
    for member in room.members:
        room.commit(member)
    room.talk()


def test_their_key_packages_are_not_valid_for_a_clock_that_is_slow():
    ann = Ours(b"ann")
    ann.create(b"room")
    slow = now() - 60
    with pytest.raises(LifetimeError) as caught:
        ann.group.commit(add=[Theirs(b"bob").key_package()], now=slow)
    assert caught.value.where == {"leaf": None}


def test_they_refuse_our_key_package_that_has_expired():
    bob, dan = Theirs(b"bob"), Ours(b"dan")
    bob.create(b"room")
    _, package = dan.client.key_package(now=now() - 100, lifetime=10)
    with refused("is not within key package lifetime"):
        bob.draft(add=[package])


# Names


@both_formats
def test_they_refuse_two_members_of_one_name(handshake):
    room, ann, bob, *_ = room_of_ours(handshake)
    commit = ann.draft(add=[Ours(b"dan").key_package()]).commit
    with refused("duplicate signature key, hpke key or identity found"):
        bob.receive(commit)
    ann.group = ann.group.without_held()
    room.commit(ann)
    room.talk()


def test_they_refuse_a_member_that_takes_another_name():
    room, ann, bob, *_ = room_of_ours()
    change = LeafChange(credential=BasicCredential(b"anna"))
    with refused("Updated identity not a valid successor"):
        bob.receive(ann.draft(leaf=change).commit)
    ann.group = ann.group.without_held()
    room.commit(ann)
    room.talk()


def test_they_refuse_an_external_commit_that_removes_another_name():
    room, ann, bob, *_ = room_of_ours()
    eve = Ours(b"eve")
    commit = eve.join_externally(ann.group.group_info(), resync=ann.group.leaf_index)
    with refused("External commit contains removal of other identity"):
        bob.receive(commit)
    room.commit(bob)


# Extensions and capabilities


def test_they_refuse_a_leaf_with_an_application_id():
    """Its type is a default, which is never listed; mls-rs wants it listed all the same."""
    named = extension(ExtensionType.APPLICATION_ID, ApplicationId(b"dan's telephone"))
    dan, bob = Ours(b"dan", leaf_extensions=(named,)), Theirs(b"bob")
    bob.create(b"room")
    with refused("capabilities must describe extensions used"):
        bob.draft(add=[dan.key_package()])
    Room(Ours(b"ann"), dan)


def knows_more():
    """Return one of ours who supports an extension that mls-rs does not."""
    suite = Ours(b"any").client.suite.code
    return Ours(b"ann", capabilities=Capabilities(cipher_suites=(suite,), extensions=(UNKNOWN,)))


def test_we_do_not_add_them_where_they_lack_what_the_group_uses():
    ann = knows_more()
    ann.create(b"room", extensions=(Extension(UNKNOWN, b"used"),))
    with pytest.raises(UnsupportedExtensionError) as caught:
        ann.draft(add=[Theirs(b"bob").key_package()])
    assert caught.value.where == {"leaf": 1}


def test_we_do_not_bring_in_what_they_do_not_support():
    ann = knows_more()
    room = Room(ann, Theirs(b"bob"))
    with pytest.raises(UnsupportedExtensionError) as caught:
        ann.draft(extensions=(Extension(UNKNOWN, b"used"),))
    assert caught.value.where == {"leaf": 1}
    room.talk()


# Pre-shared keys and successors


def test_they_refuse_a_commit_with_an_external_psk():
    room, ann, bob, *_ = room_of_ours()
    psk = ExternalPSK(b"known to us")
    ann.group = ann.group.with_psk(psk, Secret(bytes(32)))
    with refused("Missing required Psk"):
        bob.receive(ann.draft(psks=[psk]).commit)
    ann.group = ann.group.without_held()
    room.commit(ann)


def test_they_cannot_join_a_successor_nor_a_branch():
    ann, bob = Ours(b"ann"), Theirs(b"bob")
    room = Room(ann, bob)
    part = branch(ann.group, ann.client, b"part", [bob.key_package()], now=now())
    announced = ReInit(b"next", ProtocolVersion.MLS10, ann.client.suite.code, ())
    assert set(room.hand(ann.draft(reinit=announced).commit)) == {Seen.ENDED}
    after = reinitialise(ann.group, ann.client, [bob.key_package()], now=now())
    for draft in (part, after):
        with refused("Old group state not found"):
            bob.join(draft.welcome)


def test_they_cannot_join_an_epoch_with_a_resumption_psk():
    room, ann, *_ = room_of_ours()
    eve = Theirs(b"eve")
    psk, _ = ann.group.resumption_psk
    sent = ann.draft(add=[eve.key_package()], psks=[psk])
    room.follow(sent.commit)
    room.agree()
    with refused("Old group state not found"):
        eve.join(sent.welcome)


# Where mls-rs breaks a rule


def test_they_go_on_encrypting_after_they_were_removed():
    room, ann, bob, *_ = room_of_ours()
    assert room.commit(ann, remove=[bob]) == [bob]
    wire = bob.say(b"still here")
    # To the others this is a message of the old epoch which comes late.
    assert ann.receive(wire) == b"still here"


def two_updates(room, ann, _):
    room.propose(ann, ann.propose("update"))
    room.propose(ann, ann.propose("update"))
    return {}


def two_updates_and_a_removal(room, ann, dan):
    room.propose(ann, ann.propose("update"))
    room.propose(dan, dan.propose("update"))
    return {"remove": [ann]}


@either_founder
@pytest.mark.parametrize("prepare", [two_updates, two_updates_and_a_removal])
def test_they_commit_two_changes_of_one_leaf_and_find_themselves_alone(made, prepare):
    """Nobody follows, other members by mls-rs no more than ours (section 12.2)."""
    room, ann, bob, cid, dan = made()
    commit = bob.draft(**prepare(room, ann, dan)).commit
    assert bob.receive(commit) is Seen.EPOCH
    for member in (ann, dan):
        with pytest.raises(RepeatedLeafError) as caught:
            member.receive(commit)
        assert caught.value.where == {"leaf": ann.group.leaf_index}
    with refused("Updating non-existing member"):
        cid.receive(commit)
    room.members.remove(bob)
    room.commit(dan, remove=[bob], add=[Theirs(b"bob")])
    room.talk()
