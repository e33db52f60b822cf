"""What a client publishes so as to be invited, and what others take (RFC 9420 section 10)."""

import attrs
import pytest
from mls.inviter import NOW, client, invited, joins, with_package
from tree.members import SUITE, Group, refused, signed

from mimi.codec import GREASE_VALUES, replace
from mimi.errors import UsageError
from mimi.mls.components import APP_DATA_DICTIONARY, is_last_resort
from mimi.mls.errors import KeyPackageSignatureError
from mimi.mls.group import read_key_package
from mimi.mls.keypackage import key_package_ref, sign_key_package, validate_key_package
from mimi.mls.settings import Settings
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension
from mimi.tree.leaf import LifetimePolicy

CUSTOM = Extension(ExtensionType(0xF001), b"anything")


@pytest.mark.parametrize("key", [b"", b"short", bytes(33)])
def test_the_signature_key_of_a_leaf_is_a_key(key):
    joiner, package = with_package(client(b"joiner"))
    wrong = replace(package, leaf_node=replace(package.leaf_node, signature_key=key))
    with refused(KeyPackageSignatureError):
        validate_key_package(SUITE, wrong, lifetimes=None)
    group = client(b"founder").create_group(now=NOW)
    with refused(KeyPackageSignatureError):
        group.commit(add=[wrong], now=NOW)
    assert joiner.join(group.commit(add=[package], now=NOW).welcome, now=NOW)


@pytest.mark.parametrize("options", [{}, {"last_resort": True}, {"extensions": (CUSTOM,)}], ids=str)
def test_the_extensions_of_a_key_package_are_in_its_leafs_capabilities(options):
    """GREASE too: the key package of a client that greases has a random extension."""
    _, package = with_package(client(b"joiner"), **options)
    carried = [extension.extension_type for extension in package.extensions]
    assert not set(GREASE_VALUES).isdisjoint(carried)
    listed = package.leaf_node.capabilities.extensions
    assert set(carried) <= set(listed)
    assert len(set(listed)) == len(listed)
    validate_key_package(SUITE, package, lifetimes=LifetimePolicy(NOW))


def test_capabilities_list_what_is_carried_and_nothing_else():
    plain = client(b"plain", settings=Settings(grease=False))
    _, package = with_package(plain)
    assert package.leaf_node.capabilities == plain.capabilities
    _, package = with_package(plain, last_resort=True)
    assert package.leaf_node.capabilities.extensions == (APP_DATA_DICTIONARY,)


def test_no_two_key_packages_have_one_init_key():
    joiner, first = with_package(client(b"joiner"))
    joiner, second = with_package(joiner)
    assert first.init_key != second.init_key
    assert first.leaf_node.encryption_key != second.leaf_node.encryption_key
    assert {key_package_ref(SUITE, package) for package in (first, second)} == set(
        joiner.key_packages
    )


def test_a_key_package_is_used_once_unless_it_is_the_last():
    joiner, package = with_package(client(b"joiner"))
    assert not is_last_resort(package.extensions)
    invitation = invited(package, Group.of(2), path=True)
    joins(joiner, invitation)
    last, package = with_package(client(b"last"), last_resort=True)
    assert is_last_resort(package.extensions)
    welcome = invited(package, Group.of(2), path=True).wire()
    after, _ = last.join(welcome, now=NOW).accept()
    assert after.key_packages == last.key_packages
    assert after.join(welcome, now=NOW).leaf_index == 2


def test_a_withdrawn_key_package_is_no_longer_held():
    joiner, package = with_package(client(b"joiner"))
    reference = key_package_ref(SUITE, package)
    own = joiner.key_packages[reference]
    without = joiner.without_key_package(reference)
    assert not without.key_packages
    joins(without.with_key_package(own), invited(package, Group.of(2), path=True))


@pytest.mark.parametrize("name", ["init_key", "encryption_key", "signer"])
def test_a_key_package_is_held_with_its_private_keys(name):
    joiner, package = with_package(client(b"joiner"))
    own = joiner.key_packages[key_package_ref(SUITE, package)]
    other, package = with_package(client(b"other"))
    (theirs,) = other.key_packages.values()
    with pytest.raises(UsageError, match="private keys"):
        joiner.with_key_package(attrs.evolve(own, **{name: getattr(theirs, name)}))


def test_a_key_package_is_read_decoded_or_encoded():
    _, wire = client(b"joiner").key_package(now=NOW)
    package = read_key_package(wire)
    assert read_key_package(package) is package


def test_a_leaf_of_another_key_signs_no_key_package():
    joiner, package = with_package(client(b"joiner"))
    other = client(b"other").signer
    leaf = signed(package.leaf_node, other, signature_key=other.public)
    with pytest.raises(UsageError, match="private key of its leaf"):
        sign_key_package(SUITE, leaf, SUITE.generate_key_pair(joiner.entropy), joiner.signer)
