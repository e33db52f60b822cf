"""What members by mimi and by mls-rs make of corrupted octets, and of the genuine ones after."""

import pytest
from interop.mlsrs import Ours, Seen, Theirs, mls_rs
from interop.rooms import PRIVATE, PUBLIC, room_of_ours

from mimi.errors import MalformedError, MimiError
from mimi.mls.errors import (
    ContentDecryptionError,
    GroupSecretsError,
    MembershipTagError,
    NoSecretsError,
    SenderDataError,
    WelcomeSuiteError,
    WrongGroupError,
)

FLIP = 0x80


def corrupted(wire, at):
    """Return a message with one bit changed."""
    return wire[:at] + bytes([wire[at] ^ FLIP]) + wire[at + 1 :]


def outcomes(member, wire):
    """Return what a member makes of every copy in which one octet is corrupted."""
    found = set()
    for at in range(len(wire)):
        try:
            found.add(member.receive(corrupted(wire, at)))
        except (MimiError, mls_rs.Error) as error:
            found.add(type(error))
    return found


def test_we_refuse_every_corrupted_copy_of_their_commit():
    room, ann, bob, *_ = room_of_ours()
    eve = Ours(b"eve")
    commit = bob.draft(add=[eve.key_package()])
    # A higher epoch may come yet, which is for the caller to wait for.
    expected = {MalformedError, MembershipTagError, WrongGroupError, Seen.HELD}
    before = ann.secret()
    assert outcomes(ann, commit.commit) == expected
    assert ann.secret() == before
    assert room.follow(commit.commit) == []
    eve.join(commit.welcome)
    room.members.append(eve)
    room.agree()
    room.talk()


def test_they_refuse_every_corrupted_copy_of_our_public_commit():
    room, ann, bob, *_ = room_of_ours(PUBLIC)
    commit = ann.draft(add=[Theirs(b"eve").key_package()]).commit
    before = bob.secret()
    assert outcomes(bob, commit) == {mls_rs.Error.MlsError}
    assert bob.secret() == before
    assert room.follow(commit) == []
    room.agree()
    room.talk()


def test_both_refuse_every_corrupted_copy_of_our_external_commit():
    room, ann, bob, *_ = room_of_ours()
    eve = Ours(b"eve")
    commit = eve.join_externally(ann.group.group_info())
    assert Seen.EPOCH not in outcomes(bob, commit) | outcomes(ann, commit)
    assert room.follow(commit) == []
    room.members.append(eve)
    room.agree()
    room.talk()


@pytest.mark.parametrize("kind", ["commit", "proposal", "data"])
def test_we_take_the_genuine_one_after_every_corrupted_copy_of_a_private_message(kind):
    """A copy that does not decrypt must not cost the genuine message its key."""
    room, ann, _, _, dan = room_of_ours(PRIVATE)
    wire, genuine = {
        "commit": lambda: (ann.draft().commit, Seen.EPOCH),
        "proposal": lambda: (ann.propose("update"), Seen.PROPOSAL),
        "data": lambda: (ann.say(b"data"), b"data"),
    }[kind]()
    refusals = outcomes(dan, wire)
    assert refusals == {
        MalformedError,
        WrongGroupError,
        Seen.HELD,
        SenderDataError,
        ContentDecryptionError,
    }
    assert set(room.hand(wire, None if kind == "commit" else ann)) == {genuine}


def test_we_take_the_genuine_data_of_theirs_after_every_corrupted_copy():
    room, ann, bob, *_ = room_of_ours()
    wire = bob.say(b"data")
    assert ContentDecryptionError in outcomes(ann, wire)
    assert set(room.hand(wire, bob)) == {b"data"}


def test_a_corrupted_welcome_is_refused_and_the_genuine_one_taken_by_us():
    room, _, bob, *_ = room_of_ours()
    eve = Ours(b"eve")
    sent = bob.draft(add=[eve.key_package()])
    room.follow(sent.commit)
    refused = set()
    for at in range(len(sent.welcome)):
        with pytest.raises(MimiError) as caught:
            eve.join(corrupted(sent.welcome, at))
        refused.add(caught.type)
    assert refused == {MalformedError, NoSecretsError, WelcomeSuiteError, GroupSecretsError}
    eve.join(sent.welcome)
    room.members.append(eve)
    room.agree()


def test_a_corrupted_welcome_is_refused_and_the_genuine_one_taken_by_them():
    room, ann, *_ = room_of_ours()
    eve = Theirs(b"eve")
    sent = ann.draft(add=[eve.key_package()])
    room.follow(sent.commit)
    for at in range(len(sent.welcome)):
        with pytest.raises(mls_rs.Error.MlsError):
            eve.join(corrupted(sent.welcome, at))
    eve.join(sent.welcome)
    room.members.append(eve)
    room.agree()


# What mls-rs does not do: it deletes the key of a private message before the message has decrypted


@pytest.mark.parametrize("kind", ["commit", "data"])
def test_a_corrupted_private_message_costs_them_the_genuine_one(kind):
    room, ann, bob, *_ = room_of_ours(PRIVATE)
    wire = ann.draft().commit if kind == "commit" else ann.say(b"data")
    for message in (corrupted(wire, len(wire) - 1), wire):
        with pytest.raises(mls_rs.Error.MlsError):
            bob.receive(message)
    room.members.remove(bob)
    room.hand(wire, None if kind == "commit" else ann)
    room.agree()
    # Whoever has lost an epoch is removed and added again.
    room.commit(ann, remove=[bob], add=[Theirs(b"bob")])
    room.talk()
