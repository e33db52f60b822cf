"""Safe signing and safe HPKE: labels word by word, and components that cannot act as another."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.meeting import PUBLIC, Room, gathered
from tree.drafts import refused_by, some_suites
from tree.members import NOW, SUITE, every_suite, refused

from mimi.codec import decode, encode, replace
from mimi.crypto import (
    DecryptionError,
    InvalidPublicKeyError,
    SeededEntropy,
    SignatureError,
    SuiteMismatchError,
    suite_of,
)
from mimi.errors import UsageError
from mimi.mls import ApplicationPSK, MLSMessage, PublicGroup
from mimi.mls.components import ComponentID
from mimi.mls.errors import MissingExternalPubError
from mimi.mls.group import read_key_package
from mimi.mls.keypackage import key_package_ref
from mimi.mls.safe import (
    ComponentOperationLabel,
    UnknownKeyPackageError,
    component_operation_label,
    safe_decrypt_with_label,
    safe_encrypt_with_label,
    safe_sign_with_label,
    safe_verify_with_label,
)
from mimi.mls.state import changed
from mimi.tree import math
from mimi.tree.errors import BlankLeafError
from mimi.tree.math import LeafIndex
from mimi.tree.path import HPKECiphertext

POLL, PINS = 0x8001, 0x8002
ENTROPY = SeededEntropy(b"safe")
POLL_LABEL = b"\x0dMLS Component\x80\x01\x04vote"


def test_a_label_names_the_component_and_the_operation():
    assert component_operation_label(POLL, b"vote") == POLL_LABEL
    label = ComponentOperationLabel(b"MLS Component", ComponentID(POLL), b"vote")
    assert decode(ComponentOperationLabel, POLL_LABEL) == label
    assert component_operation_label(0, b"") == b"\x0dMLS Component\0\0\0"
    for component in (-1, 1 << 16):
        with pytest.raises(UsageError) as caught:
            component_operation_label(component, b"")
        assert type(caught.value) is UsageError


labels = st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=80))


@given(labels, labels)
def test_labels_are_equal_for_the_same_operation_only(one, other):
    equal = component_operation_label(*one) == component_operation_label(*other)
    assert equal == (one == other)


@every_suite
def test_safe_signing_is_signing_with_the_label_of_the_component(suite):
    key = suite.generate_signature_key(ENTROPY.fork(suite.code.name.encode()))
    signature = safe_sign_with_label(suite, key, POLL, b"vote", b"yes")
    suite.verify_with_label(key.public, POLL_LABEL, b"yes", signature)
    suite.signature.verify(key.public, b"\x1dMLS 1.0 " + POLL_LABEL + b"\x03yes", signature)
    safe_verify_with_label(suite, key.public, POLL, b"vote", b"yes", signature)
    made = suite.sign_with_label(key, POLL_LABEL, b"yes")
    safe_verify_with_label(suite, key.public, POLL, b"vote", b"yes", made)
    for component, label, content in (
        (PINS, b"vote", b"yes"),
        (POLL, b"votes", b"yes"),
        (POLL, b"vote", b"no"),
    ):
        with refused(SignatureError):
            safe_verify_with_label(suite, key.public, component, label, content, signature)
    for label in (b"vote", b"FramedContentTBS", b"MLS Component"):
        with refused(SignatureError):
            suite.verify_with_label(key.public, label, b"yes", signature)


@every_suite
def test_safe_encryption_is_encryption_with_the_label_of_the_component(suite):
    entropy = ENTROPY.fork(suite.code.name.encode())
    key = suite.generate_key_pair(entropy)
    sealed = safe_encrypt_with_label(suite, key.public, POLL, b"vote", b"ctx", b"yes", entropy)
    assert decode(HPKECiphertext, encode(sealed)) == sealed
    parts = sealed.kem_output, sealed.ciphertext
    assert suite.decrypt_with_label(key, POLL_LABEL, b"ctx", *parts) == b"yes"
    info = b"\x1dMLS 1.0 " + POLL_LABEL + b"\x03ctx"
    assert suite.hpke.open(parts[0], key, info, b"", parts[1]) == b"yes"
    assert safe_decrypt_with_label(suite, key, POLL, b"vote", b"ctx", sealed) == b"yes"
    for component, label, context in (
        (PINS, b"vote", b"ctx"),
        (POLL, b"votes", b"ctx"),
        (POLL, b"vote", b""),
    ):
        with pytest.raises(DecryptionError) as caught:
            safe_decrypt_with_label(suite, key, component, label, context, sealed)
        assert type(caught.value) is DecryptionError
    with refused(InvalidPublicKeyError):
        safe_encrypt_with_label(suite, b"", POLL, b"vote", b"ctx", b"yes", entropy)
    with refused(InvalidPublicKeyError):
        broken = replace(sealed, kem_output=b"")
        safe_decrypt_with_label(suite, key, POLL, b"vote", b"ctx", broken)


def test_a_key_of_another_suite_does_not_sign():
    key = suite_of(2).generate_signature_key(ENTROPY)
    with refused(SuiteMismatchError):
        safe_sign_with_label(SUITE, key, POLL, b"vote", b"yes")


# A component of a group


@some_suites
def test_a_component_signs_for_itself(suite):
    _, alice, bob = gathered(2, suite=suite)
    poll, pins = (alice.group.component(number) for number in (POLL, PINS))
    votes = bob.group.component(POLL)
    signature = poll.sign(b"vote", b"yes")
    votes.verify(alice.leaf, b"vote", b"yes", signature)
    bob.group.component(PINS).verify(alice.leaf, b"vote", b"yes", signature, signed_by=POLL)
    for leaf, label, content, wrong in (
        (bob.leaf, b"vote", b"yes", signature),
        (alice.leaf, b"votes", b"yes", signature),
        (alice.leaf, b"vote", b"no", signature),
        (alice.leaf, b"vote", b"yes", pins.sign(b"vote", b"yes")),
    ):
        with refused(SignatureError):
            votes.verify(leaf, label, content, wrong)
    with refused(SignatureError):
        votes.verify(alice.leaf, b"vote", b"yes", signature, signed_by=0)
    with refused(BlankLeafError, leaf=7):
        votes.verify(LeafIndex(7), b"vote", b"yes", signature)


def undecryptable(read: Any, *what: Any) -> None:
    with pytest.raises(DecryptionError) as caught:
        read(*what)
    assert type(caught.value) is DecryptionError


@some_suites
def test_a_component_decrypts_what_is_for_it(suite):
    _, alice, bob, carol = gathered(3, suite=suite)
    poll = alice.group.component(POLL)
    sealed = poll.encrypt_to(bob.leaf, b"vote", b"ctx", b"yes")
    assert bob.group.component(POLL).decrypt(b"vote", b"ctx", sealed) == b"yes"
    undecryptable(bob.group.component(PINS).decrypt, b"vote", b"ctx", sealed)
    undecryptable(bob.group.component(POLL).decrypt, b"votes", b"ctx", sealed)
    undecryptable(bob.group.component(POLL).decrypt, b"vote", b"", sealed)
    undecryptable(carol.group.component(POLL).decrypt, b"vote", b"ctx", sealed)
    undecryptable(bob.group.component(POLL).decrypt_for_group, b"vote", b"ctx", sealed)
    passed = poll.encrypt_to(bob.leaf, b"vote", b"ctx", b"yes", read_by=PINS)
    assert bob.group.component(PINS).decrypt(b"vote", b"ctx", passed) == b"yes"
    undecryptable(bob.group.component(POLL).decrypt, b"vote", b"ctx", passed)
    assert sealed != poll.encrypt_to(bob.leaf, b"vote", b"ctx", b"yes")
    with refused(BlankLeafError, leaf=3):
        poll.encrypt_to(LeafIndex(3), b"vote", b"ctx", b"yes")
    node = math.node_of(bob.leaf)
    private = bob.group.private.keys[node]
    assert safe_decrypt_with_label(suite, private, POLL, b"vote", b"ctx", sealed) == b"yes"


@some_suites
def test_the_whole_group_decrypts_until_the_epoch_ends(suite):
    _, alice, bob, carol = gathered(3, suite=suite)
    sealed = alice.group.component(POLL).encrypt_to_group(b"vote", b"ctx", b"yes")
    passed = alice.group.component(POLL).encrypt_to_group(b"vote", b"", b"yes", read_by=PINS)
    for person in (alice, bob, carol):
        component = person.group.component(POLL)
        assert component.decrypt_for_group(b"vote", b"ctx", sealed) == b"yes"
        undecryptable(component.decrypt, b"vote", b"ctx", sealed)
        undecryptable(component.decrypt_for_group, b"vote", b"", passed)
        other = person.group.component(PINS)
        assert other.decrypt_for_group(b"vote", b"", passed) == b"yes"
        undecryptable(other.decrypt_for_group, b"vote", b"ctx", sealed)
    to_bob = alice.group.component(POLL).encrypt_to(bob.leaf, b"vote", b"ctx", b"yes")
    alice.commits()
    undecryptable(bob.group.component(POLL).decrypt_for_group, b"vote", b"ctx", sealed)
    assert bob.group.component(POLL).decrypt(b"vote", b"ctx", to_bob) == b"yes"
    bob.commits()
    undecryptable(bob.group.component(POLL).decrypt, b"vote", b"ctx", to_bob)


@some_suites
def test_a_follower_uses_the_public_keys(suite):
    room, alice, bob = gathered(2, suite=suite, handshake=PUBLIC)
    follower: PublicGroup = room.follower.with_group_info(alice.group.group_info())
    poll = follower.component(POLL, entropy=ENTROPY)
    poll.verify(bob.leaf, b"vote", b"yes", bob.group.component(POLL).sign(b"vote", b"yes"))
    sealed = poll.encrypt_to(bob.leaf, b"vote", b"ctx", b"yes")
    assert bob.group.component(POLL).decrypt(b"vote", b"ctx", sealed) == b"yes"
    sealed = poll.encrypt_to_group(b"vote", b"ctx", b"yes")
    assert bob.group.component(POLL).decrypt_for_group(b"vote", b"ctx", sealed) == b"yes"
    without = follower.with_group_info(alice.group.group_info(external_pub=False))
    for known in (without, changed(follower, _info=None)):
        with refused(MissingExternalPubError):
            known.component(POLL).encrypt_to_group(b"vote", b"ctx", b"yes")
    for use in ("sign", "decrypt", "decrypt_for_group", "export_secret"):
        assert not hasattr(poll, use)


def test_a_component_names_its_keys():
    room, alice = gathered(1, handshake=PUBLIC)
    name = ApplicationPSK(ComponentID(POLL), b"word")
    assert alice.group.component(POLL).psk_id(b"word") == name
    assert room.follower.component(POLL).psk_id(b"word") == name


# A component of a client


@some_suites
def test_a_key_package_can_be_encrypted_to_until_it_is_used(suite):
    room, alice, bob = gathered(2, suite=suite)
    (carol,) = room.enter("Carol")
    package = read_key_package(carol.offers())
    reference = key_package_ref(suite, package)
    sealed = bob.client.component(POLL).encrypt_to(package, b"vote", b"ctx", b"yes")
    passed = bob.client.component(POLL).encrypt_to(package, b"vote", b"", b"yes", read_by=PINS)
    poll, pins = (carol.client.component(number) for number in (POLL, PINS))
    assert poll.decrypt(reference, b"vote", b"ctx", sealed) == b"yes"
    assert pins.decrypt(reference, b"vote", b"", passed) == b"yes"
    undecryptable(pins.decrypt, reference, b"vote", b"ctx", sealed)
    undecryptable(poll.decrypt, reference, b"vote", b"", passed)
    with refused_by("4.2", UnknownKeyPackageError, reference=b"another"):
        poll.decrypt(b"another", b"vote", b"ctx", sealed)
    draft = alice.group.commit(add=[package], now=NOW)
    after, _ = carol.client.join(draft.welcome, now=NOW).accept()
    with refused_by("4.2", UnknownKeyPackageError, reference=reference):
        after.component(POLL).decrypt(reference, b"vote", b"ctx", sealed)


@some_suites
def test_a_client_signs_with_the_key_of_its_leaves(suite):
    _, alice, bob = gathered(2, suite=suite)
    signature = alice.client.component(POLL).sign(b"vote", b"yes")
    bob.group.component(POLL).verify(alice.leaf, b"vote", b"yes", signature)
    with refused(SignatureError):
        bob.group.component(PINS).verify(alice.leaf, b"vote", b"yes", signature)


def test_a_key_package_of_another_suite_is_refused():
    (alice,) = Room().enter("Alice")
    (bob,) = Room(suite=suite_of(2)).enter("Bob")
    package = decode(MLSMessage, bob.offers()).body
    with refused(InvalidPublicKeyError):
        alice.client.component(POLL).encrypt_to(package, b"vote", b"ctx", b"yes")


def test_what_is_handed_to_a_component_shows_no_secrets():
    room, alice = gathered(1, handshake=PUBLIC)
    assert repr(alice.group.component(POLL)) == "GroupComponent(ComponentID.0x8001, b'a meeting')"
    assert repr(room.follower.component(1)) == (
        "PublicComponent(ComponentID.APP_COMPONENTS, b'a meeting')"
    )
    assert repr(alice.client.component(POLL)) == "ClientComponent(ComponentID.0x8001)"


@settings(deadline=None, max_examples=30)
@given(one=labels, other=labels, content=st.binary(max_size=70))
def test_no_component_makes_what_passes_for_another_ones(one, other, content):
    _, alice = ALONE
    (component, label), (claimed, said) = one, other
    signature = alice.group.component(component).sign(label, content)
    reader = alice.group.component(claimed)
    sealed = reader.encrypt_to(alice.leaf, said, content, content)
    if one == other:
        reader.verify(alice.leaf, said, content, signature)
        assert alice.group.component(component).decrypt(label, content, sealed) == content
    else:
        with refused(SignatureError):
            reader.verify(alice.leaf, said, content, signature)
        undecryptable(alice.group.component(component).decrypt, label, content, sealed)


ALONE = gathered(1)
