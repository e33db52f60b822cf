"""Pre-shared keys of components: apart from all others, in groups and in rows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.meeting import PUBLIC, gathered
from mls.storage import Stored
from tree.drafts import some_suites
from tree.members import NOW, SUITE, refused

from mimi.codec import decode, encode
from mimi.codec.strategy import strategy
from mimi.crypto import Secret
from mimi.errors import MalformedError
from mimi.mls import PSK, ApplicationPSK, CommitStaged, ExternalPSK, PreSharedKeyID, PSKType
from mimi.mls.components import ComponentID
from mimi.mls.errors import ConfirmationTagError, UnknownPSKError
from mimi.mls.psk import psk_secret

POLL, PINS = ComponentID(0x8001), ComponentID(0x8002)
WORD, SWORDFISH = ApplicationPSK(POLL, b"word"), Secret(b"swordfish")


def test_it_is_encoded_with_its_component():
    octets = b"\3\x80\1\4word"
    assert encode(WORD, PSK) == octets
    assert decode(PSK, octets) == WORD
    assert WORD.tag == PSKType(3)
    assert str(WORD.tag) == "APPLICATION"
    named = PreSharedKeyID(WORD, b"nonce")
    assert encode(named) == octets + b"\5nonce"
    assert decode(PreSharedKeyID, encode(named)) == named


@pytest.mark.parametrize("octets", [b"\3", b"\3\x80", b"\3\x80\1", b"\3\x80\1\4wor", b"\4\x80\1\0"])
def test_what_is_cut_or_unknown_is_malformed(octets):
    with pytest.raises(MalformedError):
        decode(PSK, octets)


@given(strategy(ApplicationPSK))
def test_any_of_them_comes_back(psk):
    assert decode(PSK, encode(psk, PSK)) == psk


names = st.builds(ApplicationPSK, st.sampled_from([POLL, PINS]), st.binary(max_size=3)) | st.builds(
    ExternalPSK, st.binary(max_size=3)
)


@settings(deadline=None)
@given(one=names, other=names)
def test_the_secret_depends_on_the_component_and_the_name(one, other):
    nonce = bytes(SUITE.nh)
    secrets = [psk_secret(SUITE, [(PreSharedKeyID(psk, nonce), SWORDFISH)]) for psk in (one, other)]
    assert (secrets[0] == secrets[1]) == (one == other)


@some_suites
@pytest.mark.parametrize("by_value", [True, False])
def test_a_commit_brings_it_in(suite, by_value):
    room, alice, bob = gathered(2, suite=suite, handshake=PUBLIC)
    for person in (alice, bob):
        name = person.group.component(POLL).psk_id(b"word")
        person.group = person.group.with_psk(name, SWORDFISH)
    if by_value:
        alice.commits(psks=[WORD])
    else:
        bob.proposes(type(bob.group).propose_psk, WORD)
        alice.commits()
    room.agrees()


def test_who_does_not_hold_it_does_not_follow():
    _, alice, bob = gathered(2)
    alice.group = alice.group.with_psk(WORD, SWORDFISH)
    draft = alice.group.commit(psks=[WORD], now=NOW)
    for held in (ExternalPSK(b"word"), ApplicationPSK(PINS, b"word"), ApplicationPSK(POLL, b"")):
        with refused(UnknownPSKError, psk=WORD):
            bob.group.with_psk(held, SWORDFISH).receive(draft.commit, now=NOW)
    with refused(ConfirmationTagError):
        bob.group.with_psk(WORD, Secret(b"trout")).receive(draft.commit, now=NOW)
    (event,) = bob.group.with_psk(WORD, SWORDFISH).receive(draft.commit, now=NOW).events
    assert isinstance(event, CommitStaged)
    assert event.accept().group.epoch_authenticator == draft.accept().epoch_authenticator
    with refused(UnknownPSKError, psk=WORD):
        alice.group.without_psk(WORD).commit(psks=[WORD], now=NOW)


def test_a_client_brings_it_to_its_groups():
    room, alice = gathered(1)
    (bob,) = room.enter("Bob")
    alice.group = alice.group.with_psk(WORD, SWORDFISH)
    package = bob.offers()
    draft = alice.group.commit(add=[package], psks=[WORD], now=NOW)
    with refused(UnknownPSKError, psk=WORD):
        bob.client.join(draft.welcome, now=NOW)
    bob.client = bob.client.with_psk(WORD, SWORDFISH)
    staged = bob.client.join(draft.welcome, now=NOW)
    assert [psk.psk for psk in staged.psks] == [WORD]
    _, group = staged.accept()
    assert group.epoch_authenticator == draft.accept().epoch_authenticator
    assert group.psk_value(WORD) == SWORDFISH


def test_one_joins_by_a_commit_with_it():
    room, alice = gathered(1)
    (bob,) = room.enter("Bob")
    alice.group = alice.group.with_psk(WORD, SWORDFISH)
    bob.client = bob.client.with_psk(WORD, SWORDFISH)
    bob.joins_from_outside(alice, psks=[WORD])
    room.agrees()


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(names, st.binary(max_size=9)), max_size=5))
def test_it_is_stored_with_the_others(held):
    _, alice = ALONE
    for value in (alice.group, alice.client):
        stored = Stored(value)
        for name, octets in held:
            stored.keep(stored.value.with_psk(name, Secret(octets)))
        assert dict(stored.loaded().psks) == {name: Secret(octets) for name, octets in held}
        for name, _ in held:
            stored.keep(stored.value.without_psk(name))
        assert not stored.loaded().psks


ALONE = gathered(1)
