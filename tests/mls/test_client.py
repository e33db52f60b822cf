"""A client before its groups: key packages, those of last resort, joining."""

import pytest
from mls.meeting import Room, gathered
from tree.members import NOW, SUITE, refused

from mimi.codec import decode, encode
from mimi.crypto import CipherSuite, Secret, SeededEntropy
from mimi.errors import MalformedError
from mimi.mls import Client, ExternalPSK, KeyPackage, MLSMessage, Settings, is_last_resort
from mimi.mls.client import CLOCK_SKEW, DEFAULT_LIFETIME
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    EARLIER_LAST_RESORT,
    AppDataDictionary,
    ComponentData,
    ComponentID,
)
from mimi.mls.errors import MissingTreeError, NoSecretsError, UnexpectedMessageError
from mimi.mls.group import read_key_package
from mimi.mls.keypackage import key_package_ref, validate_key_package
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import BasicCredential
from mimi.tree.errors import LifetimeError
from mimi.tree.extension import Extension, extension, find
from mimi.tree.leaf import DEFAULT_MAXIMUM_LIFETIME, LifetimePolicy

BOB = BasicCredential(b"mimi://a.example/d/Bob")


def dictionary(*components: int) -> Extension:
    listed = tuple(ComponentData(ComponentID(component), b"data") for component in components)
    return extension(APP_DATA_DICTIONARY, AppDataDictionary(listed))


# Key packages


def test_a_key_package_is_valid_as_long_as_others_accept():
    (bob,) = Room().enter("Bob")
    package = read_key_package(bob.offers())
    lifetime = package.leaf_node.leaf_node_source.lifetime
    assert lifetime.not_before == NOW - CLOCK_SKEW
    assert lifetime.not_after == NOW + DEFAULT_LIFETIME
    assert lifetime.not_after - lifetime.not_before < DEFAULT_MAXIMUM_LIFETIME
    validate_key_package(SUITE, package, lifetimes=LifetimePolicy(NOW))
    short = read_key_package(bob.offers(lifetime=60))
    validate_key_package(SUITE, short, lifetimes=LifetimePolicy(NOW + 60))
    with refused(LifetimeError):
        validate_key_package(SUITE, short, lifetimes=LifetimePolicy(NOW + 61))


def test_a_client_of_the_first_days_of_1970_has_valid_key_packages():
    client, wire = Client.create(BOB, entropy=SeededEntropy(1)).key_package(now=5)
    assert read_key_package(wire).leaf_node.leaf_node_source.lifetime.not_before == 0
    assert client.create_group(now=5).epoch == 0


def test_every_key_package_has_keys_of_its_own():
    (bob,) = Room().enter("Bob")
    packages = [read_key_package(bob.offers()) for _ in range(5)]
    keys = {package.init_key for package in packages}
    keys |= {package.leaf_node.encryption_key for package in packages}
    assert len(keys) == 10
    assert len(bob.client.key_packages) == 5
    assert repr(bob.client) == f"Client({bob.client.credential!r}, 5 key packages)"


def test_a_group_without_an_identifier_gets_a_random_one():
    (alice,) = Room().enter("Alice")
    first, second = (alice.client.create_group(now=NOW).group_id for _ in range(2))
    assert len(first) == len(second) == SUITE.nh
    assert first != second


def test_a_client_is_of_the_suite_that_it_says():
    client = Client.create(BOB, CipherSuite.P256_AES128, entropy=SeededEntropy(2))
    assert client.capabilities.cipher_suites == (CipherSuite.P256_AES128,)
    assert client.capabilities.credentials == (CredentialType.BASIC,)
    assert client.create_group(now=NOW).suite.code == CipherSuite.P256_AES128


# Joining


def test_a_key_package_is_used_once():
    room, alice = gathered(1)
    (bob,) = room.enter("Bob")
    spare, package = bob.offers(), bob.offers()
    draft = alice.group.commit(now=NOW, add=[package])
    staged = bob.client.join(draft.welcome, now=NOW)
    assert len(bob.client.key_packages) == 2  # nothing has happened yet
    client, _ = staged.accept()
    reference = key_package_ref(SUITE, read_key_package(spare))
    assert list(client.key_packages) == [reference]
    with refused(NoSecretsError):
        client.join(draft.welcome, now=NOW)


def test_a_group_is_looked_at_before_it_is_joined():
    room, alice, bob = gathered(2)
    (carol,) = room.enter("Carol")
    name, value = ExternalPSK(b"a letter"), Secret(b"what it says")
    for person in (alice, bob):
        person.group = person.group.with_psk(name, value)
    carol.client = carol.client.with_psk(name, value)
    draft = bob.group.commit(now=NOW, add=[carol.offers()], psks=[name])
    staged = carol.client.join(draft.welcome, now=NOW)
    assert staged.context == draft.accept().context
    assert staged.members == draft.accept().members
    assert (staged.leaf_index, staged.inviter) == (2, bob.leaf)
    assert [psk.psk for psk in staged.psks] == [name]
    assert [check.credential for check in staged.credentials] == [
        alice.client.credential,
        bob.client.credential,
    ]
    assert repr(staged) == "StagedJoin(b'a meeting', epoch 2, leaf 2)"


def test_a_welcome_without_the_tree_needs_it():
    room = Room(tree_in_welcome=False)
    alice, bob = room.enter("Alice", "Bob")
    alice.founds()
    draft = alice.group.commit(now=NOW, add=[bob.offers()])
    with refused(MissingTreeError):
        bob.client.join(draft.welcome, now=NOW)
    tree = draft.accept().ratchet_tree
    assert bob.client.join(draft.welcome, now=NOW, tree=tree).leaf_index == 1


def test_what_is_no_welcome_is_not_joined():
    room, alice = gathered(1)
    (bob,) = room.enter("Bob")
    for wire in (bob.offers(), alice.group.group_info()):
        with refused(UnexpectedMessageError):
            bob.client.join(wire, now=NOW)


@pytest.mark.parametrize("judging", [True, False])
def test_lifetimes_of_members_are_judged_if_the_settings_say_so(judging):
    room = Room(member_lifetimes=judging)
    alice, bob = room.enter("Alice", "Bob")
    alice.founds(lifetime=3600)
    draft = alice.group.commit(now=NOW, add=[bob.offers()], path=False)
    later = NOW + 3601
    assert bob.client.join(draft.welcome, now=NOW + 3600).leaf_index == 1
    if judging:
        with refused(LifetimeError, leaf=0):
            bob.client.join(draft.welcome, now=later)
    else:
        assert bob.client.join(draft.welcome, now=later).leaf_index == 1


# Last resort


@pytest.mark.parametrize("grease", [True, False])
def test_a_key_package_of_last_resort_says_so_as_the_draft_does(grease):
    (bob,) = Room(grease=grease).enter("Bob")
    package = read_key_package(bob.offers(last_resort=True))
    assert is_last_resort(package.extensions)
    # component_data<V> of one component: its identifier, and no data
    marked = find(package.extensions, APP_DATA_DICTIONARY) == b"\x03\x00\x04\x00"
    assert marked is not grease
    assert find(package.extensions, EARLIER_LAST_RESORT) is None
    assert APP_DATA_DICTIONARY in package.leaf_node.capabilities.extensions
    validate_key_package(SUITE, package, lifetimes=None)
    assert not is_last_resort(read_key_package(bob.offers()).extensions)


@pytest.mark.parametrize("earlier", [True, False], ids=["earlier form", "form of the draft"])
def test_a_key_package_of_last_resort_is_used_again(earlier):
    (bob,) = Room().enter("Bob")
    if earlier:
        package = bob.offers(extensions=(Extension(EARLIER_LAST_RESORT, b""),))
    else:
        package = bob.offers(last_resort=True)
    offers = dict(bob.client.key_packages)
    for number in range(3):
        room = Room(place=b"room %d" % number)
        (alice,) = room.enter("Alice")
        alice.founds(b"meeting %d" % number)
        draft = alice.group.commit(now=NOW, add=[package])
        alice.group = draft.accept()
        bob.client, group = bob.client.join(draft.welcome, now=NOW).accept()
        assert group.epoch_authenticator == alice.group.epoch_authenticator
        assert dict(bob.client.key_packages) == offers


def test_both_forms_of_last_resort_are_read():
    cases = (
        ((), False),
        ((Extension(EARLIER_LAST_RESORT, b""),), True),
        ((dictionary(4),), True),
        ((dictionary(1, 4, 5),), True),
        ((dictionary(1, 5),), False),
        ((dictionary(),), False),
        ((Extension(ComponentID.LAST_RESORT_KEY_PACKAGE, b""),), False),
    )
    for extensions, expected in cases:
        assert is_last_resort(extensions) is expected
    for octets in (b"", b"\x03\x00\x04", encode(AppDataDictionary(())) + b"\0"):
        with pytest.raises(MalformedError):
            is_last_resort((Extension(APP_DATA_DICTIONARY, octets),))
    twice = b"\x06" + b"\x00\x04\x00" * 2
    with pytest.raises(MalformedError, match="do not increase"):
        is_last_resort((Extension(APP_DATA_DICTIONARY, twice),))


def test_settings_are_those_of_the_clients_groups():
    settings = Settings(past_epochs=7)
    client = Client.create(BOB, settings=settings, entropy=SeededEntropy(3))
    assert client.create_group(now=NOW).settings is settings
    message = decode(MLSMessage, client.key_package(now=NOW)[1])
    assert isinstance(message.body, KeyPackage)
