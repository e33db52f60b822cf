"""What happens between the making of a step and its acceptance, and what is left behind."""

import pytest
from codec.withdrawal import withdraw
from mls.meeting import PUBLIC, gathered
from mls.snapshot import whole
from tree.members import NOW, SUITE, refused

from mimi.codec import struct
from mimi.crypto import Secret, SeededEntropy
from mimi.errors import UsageError
from mimi.mls import (
    Client,
    ExternalPSK,
    OwnCommitConfirmed,
    Proposal,
    PublicGroup,
    branch,
)
from mimi.mls.errors import StaleDraftError, UnsupportedProposalError
from mimi.tree import BasicCredential, ProposalType

DAY = 24 * 3600
PSK = ExternalPSK(b"from elsewhere")


@pytest.fixture
def note():
    """A proposal that nobody lists."""

    @struct(case=ProposalType(0xF104))
    class Note(Proposal):
        pass

    yield Note()
    withdraw(Note)


def client(name: bytes) -> Client:
    return Client.create(BasicCredential(name), SUITE, entropy=SeededEntropy(name))


def test_a_key_package_made_before_the_join_is_accepted_stays():
    alice, bob = client(b"alice"), client(b"bob")
    bob, package = bob.key_package(now=NOW)
    draft = alice.create_group(b"room", now=NOW).commit(add=[package], now=NOW)
    staged = bob.join(draft.welcome, now=NOW)
    bob, another = bob.key_package(now=NOW)
    bob, _ = staged.accept(bob)
    assert len(bob.key_packages) == 1
    draft = alice.create_group(b"other room", now=NOW).commit(add=[another], now=NOW)
    bob, group = bob.join(draft.welcome, now=NOW).accept()
    assert not bob.key_packages
    assert group.epoch == 1


def test_expired_key_packages_are_dropped():
    bob, _ = client(b"bob").key_package(now=NOW, lifetime=DAY)
    bob, _ = bob.key_package(now=NOW, lifetime=2 * DAY)
    assert len(bob.without_expired(now=NOW + DAY).key_packages) == 2
    assert len(bob.without_expired(now=NOW + DAY + 1).key_packages) == 1
    assert not bob.without_expired(now=NOW + 3 * DAY).key_packages


@pytest.mark.parametrize("lifetime", [0, -DAY])
def test_a_key_package_is_valid_for_some_time(lifetime):
    with pytest.raises(UsageError, match="valid for"):
        client(b"bob").key_package(now=NOW, lifetime=lifetime)


def test_a_pre_shared_key_is_copied_into_groups_and_forgotten_by_the_client():
    alice = client(b"alice").with_psk(PSK, Secret(bytes(32)))
    group = alice.create_group(b"room", now=NOW)
    assert not alice.without_psk(PSK).psks
    assert PSK in group.psks
    assert not group.without_psk(PSK).psks


def test_the_founder_of_a_branch_keeps_nothing_of_the_old_group():
    _, alice, bob = gathered(2)
    draft = branch(alice.group, alice.client, b"aside", [bob.offers()], now=NOW)
    assert not draft.accept().psks
    assert not draft.hold().psks


def test_an_external_commit_that_comes_back_is_confirmed():
    room, alice, _ = gathered(2)
    (carol,) = room.enter("Carol")
    draft = carol.client.join_externally(alice.group.group_info(), now=NOW)
    group = draft.accept()
    (event,) = group.receive(draft.commit, now=NOW).events
    assert event == OwnCommitConfirmed(group.epoch - 1)


def test_a_proposal_that_a_member_does_not_support_is_not_sent(note):
    _, alice, _ = gathered(2)
    before = whole(alice.group)
    with refused(UnsupportedProposalError, leaf=0):
        alice.group.propose(note, now=NOW)
    assert whole(alice.group) == before


def test_a_late_joiner_can_be_taught_an_earlier_resumption_psk():
    room, alice, bob = gathered(2)
    name, value = alice.group.resumption_psk
    alice.commits()
    (carol,) = room.enter("Carol")
    alice.commits(add=[carol])
    carol.group = carol.group.with_psk(name, value)
    alice.commits(psks=[name])
    room.agrees()
    assert bob.group.epoch == carol.group.epoch


def test_a_follower_judges_credentials_and_hands_out_the_tree():
    room, alice, bob = gathered(2, handshake=PUBLIC)
    follower = PublicGroup.from_group_info(alice.group.group_info(), now=NOW)
    assert follower.ratchet_tree == alice.group.ratchet_tree
    assert [check.leaf_index for check in follower.credentials] == [0, 1]
    draft = alice.group.commit(now=NOW)
    (staged,) = follower.receive(draft.commit, now=NOW).events
    after = staged.accept(follower).group
    with refused(StaleDraftError):
        staged.accept(after)
    assert after.context == draft.accept().context
    assert bob.group.epoch == room.members[0].group.epoch
