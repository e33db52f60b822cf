"""What a member sends, and when: application data, padding, limits, group infos; settings."""

import attrs
import pytest
from mls.meeting import PRIVATE, PUBLIC, gathered
from mls.snapshot import whole
from tree.members import NOW, refused

from mimi.codec import decode, encode
from mimi.errors import UsageError
from mimi.mls import (
    ExternalPSK,
    Group,
    GroupInfo,
    MLSMessage,
    PrivateMessage,
    PublicGroup,
    PublicMessage,
    Settings,
    StepPadding,
    WireFormat,
    check_group_info,
    no_padding,
    padme,
)
from mimi.mls.errors import (
    AEADLimitError,
    PendingProposalsError,
    WrongEpochError,
    WrongGroupError,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import ExternalPub, find

LENGTHS = (0, 1, 2, 3, 8, 9, 15, 16, 17, 31, 255, 256, 257, 1000, 4095, 4096, 70000)


# While proposals are pending


def test_application_data_wait_for_pending_proposals_which_are_named():
    room, alice, bob, carol = gathered(3)
    alice.proposes(Group.propose_update)
    bob.proposes(Group.propose_remove, carol.leaf)
    for person in room.members:
        before = whole(person.group)
        with refused(PendingProposalsError, proposals=person.group.pending) as caught:
            person.group.protect(b"hello")
        assert len(caught.value.where["proposals"]) == 2
        assert whole(person.group) == before
    alice.commits()
    room.agrees()


def test_a_message_that_was_sent_before_a_proposal_is_read_after_it():
    room, alice, bob = gathered(2)
    bob.group, wire = bob.group.protect(b"sent before")
    alice.proposes(Group.propose_psk, ExternalPSK(b"a letter"))
    assert alice.hears(wire).data == b"sent before"
    alice.commits()
    room.agrees()


# How much


def test_a_member_encrypts_so_much_in_an_epoch_and_no_more():
    room, alice, bob = gathered(2, octets_per_epoch=10_000, padding=no_padding)
    assert bob.group.sent_octets == 0
    alice.commits()
    sent = 10_000 - alice.group.sent_octets
    assert sent == 10_000  # what was encrypted in an earlier epoch is behind
    alice.says(bytes(9_999))
    before = whole(alice.group)
    with refused(AEADLimitError):
        alice.group.protect(b"ab")
    assert whole(alice.group) == before
    alice.says(b"a")
    bob.says(bytes(10_000))  # everybody has a limit of their own
    with refused(AEADLimitError):
        alice.group.protect(b"a")
    assert room.members == [alice, bob]


@pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE])
def test_the_next_epoch_is_a_fresh_start(handshake):
    """A commit is never refused: without it, who has reached the limit would be stuck."""
    room, alice, _ = gathered(2, handshake=handshake, octets_per_epoch=3000, padding=no_padding)
    alice.says(bytes(3000))
    with refused(AEADLimitError):
        alice.group.protect(b"a")
    alice.commits()
    alice.says(bytes(2000))
    room.agrees()


def test_padding_counts():
    _, alice, bob = gathered(2, handshake=PUBLIC, octets_per_epoch=999, padding=StepPadding(500))
    alice.says(b"a")
    with refused(AEADLimitError):
        alice.group.protect(b"b")
    with refused(AEADLimitError):
        bob.group.protect(bytes(501))


# Padding


def ciphertext_length(person, length: int) -> int:
    _, wire = person.group.protect(bytes(length))
    message = decode(MLSMessage, wire).body
    assert isinstance(message, PrivateMessage)
    return len(message.ciphertext)


def overhead(length: int) -> int:
    """Return what else is encrypted: the length of the data, a signature, and the AEAD's tag."""
    prefix = 1 if length < 0x40 else 2 if length < 0x4000 else 4
    return prefix + 2 + 64 + 16


@pytest.mark.parametrize("length", LENGTHS)
def test_without_padding_a_ciphertext_shows_the_length(length):
    _, alice = gathered(1, padding=no_padding)
    assert ciphertext_length(alice, length) == length + overhead(length)


@pytest.mark.parametrize("step", [1, 16, 256, 1000])
@pytest.mark.parametrize("length", LENGTHS)
def test_padding_in_steps_shows_the_step(length, step):
    _, alice = gathered(1, padding=StepPadding(step))
    padded = ciphertext_length(alice, length) - overhead(length)
    assert padded % step == 0
    assert length <= padded < length + step


@pytest.mark.parametrize("length", LENGTHS)
def test_padme_shows_little_and_costs_little(length):
    _, alice = gathered(1)  # the default
    assert alice.group.settings.padding is padme
    padded = ciphertext_length(alice, length) - overhead(length)
    assert length <= padded <= max(length * 1.12, length + 1)
    assert padme(padded) == 0
    if length:
        exponent = padded.bit_length() - 1
        assert padded % (1 << (exponent - exponent.bit_length() if padded > 1 else 0)) == 0


def test_padme_as_it_was_published():
    assert [length + padme(length) for length in (1, 9, 17, 33, 100, 1000, 1001, 10_000)] == [
        1,
        10,
        18,
        36,
        104,
        1024,
        1024,
        10_240,
    ]


def test_handshake_messages_are_padded_too_and_read():
    def length_of(wire: bytes) -> int:
        return len(decode(MLSMessage, wire).body.ciphertext)

    room, alice, bob, _ = gathered(3, padding=StepPadding(4096))
    _, proposal = alice.group.propose_update(now=NOW)
    draft = alice.group.commit(now=NOW)
    assert length_of(proposal) > 4096
    assert length_of(draft.commit) > 4096
    bob.proposes(Group.propose_update)
    alice.commits()
    room.agrees()


@pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE])
def test_handshake_messages_are_sent_as_the_settings_say(handshake):
    _, alice, _ = gathered(2, handshake=handshake)
    kind = PublicMessage if handshake == PUBLIC else PrivateMessage
    _, proposal = alice.group.propose_update(now=NOW)
    for wire in (proposal, alice.group.commit(now=NOW).commit):
        assert isinstance(decode(MLSMessage, wire).body, kind)
    _, wire = alice.group.protect(b"hello")
    assert isinstance(decode(MLSMessage, wire).body, PrivateMessage)


def test_both_ways_of_sending_handshake_messages_go_together():
    room, alice, bob = gathered(2, handshake=PRIVATE)
    bob.group = attrs.evolve(bob.group, settings=Settings(handshake=PUBLIC))
    alice.proposes(Group.propose_update)
    bob.commits()
    bob.proposes(Group.propose_update)
    alice.commits()
    room.agrees()


# Group infos


@pytest.mark.parametrize("tree", [True, False])
@pytest.mark.parametrize("external_pub", [True, False])
def test_a_group_info_has_what_is_asked_for(tree, external_pub):
    _, alice, bob = gathered(2)
    wire = bob.group.group_info(tree=tree, external_pub=external_pub)
    info = decode(MLSMessage, wire).body
    assert isinstance(info, GroupInfo)
    assert (info.group_context, info.signer) == (alice.group.context, bob.leaf)
    check_group_info(alice.group.state.tree, info)
    carried = find(info.extensions, ExtensionType.RATCHET_TREE)
    assert carried == (alice.group.ratchet_tree if tree else None)
    key = find(info.extensions, ExtensionType.EXTERNAL_PUB)
    expected = encode(ExternalPub(alice.group.secrets.external_key_pair().public))
    assert key == (expected if external_pub else None)


def test_a_follower_begins_with_a_group_info_and_keeps_the_newest():
    room, alice, bob = gathered(2, handshake=PUBLIC)
    follower = PublicGroup.from_group_info(
        alice.group.group_info(tree=False), alice.group.ratchet_tree, now=NOW
    )
    assert follower.group_info is not None
    old = alice.group.group_info()
    draft = bob.group.commit(now=NOW)
    follower = follower.receive(draft.commit, now=NOW).events[0].accept().group
    assert follower.group_info is None
    with refused(WrongEpochError):
        follower.with_group_info(old)
    alice.hears(draft.commit)
    follower = follower.with_group_info(alice.group.group_info())
    assert follower.group_info.signer == alice.leaf
    assert follower.members == alice.group.members
    assert repr(follower) == "PublicGroup(b'a meeting', epoch 2)"
    (carol,) = room.enter("Carol")
    other = carol.client.create_group(b"another meeting", now=NOW)
    with refused(WrongGroupError):
        follower.with_group_info(other.group_info())


# Settings


@pytest.mark.parametrize(
    "wire_format", [WireFormat.MLS_WELCOME, WireFormat.MLS_GROUP_INFO, WireFormat.MLS_KEY_PACKAGE]
)
def test_handshake_messages_are_public_or_private(wire_format):
    with pytest.raises(UsageError, match="public or \\(semi-\\)private messages"):
        Settings(handshake=wire_format)


@pytest.mark.parametrize(
    "name", ["past_epochs", "resumption_epochs", "maximum_lifetime", "octets_per_epoch"]
)
def test_numbers_of_the_settings_are_not_negative(name):
    assert getattr(Settings(**{name: 0}), name) == 0
    with pytest.raises(UsageError, match="must be >= 0"):
        Settings(**{name: -1})


def test_a_step_of_padding_is_something():
    assert StepPadding(1)(17) == 0
    with pytest.raises(UsageError, match="must be >= 1"):
        StepPadding(0)


def test_the_settings_that_nobody_chose():
    settings = Settings()
    assert settings.handshake == WireFormat.MLS_PRIVATE_MESSAGE
    assert (settings.past_epochs, settings.tree_in_welcome, settings.grease) == (2, True, True)
    assert not settings.member_lifetimes
