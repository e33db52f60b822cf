"""Key packages: what is signed, and each rule of RFC 9420 section 10.1."""

import attrs
import pytest
from hypothesis import given, settings
from mls.epoch import CAROL, OFFER, SUITE, offer
from tree.certificates import KEYS, certificate
from tree.members import every_suite, person, refused

from mimi.codec import decode, encode, encode_as, replace
from mimi.codec.strategy import strategy
from mimi.crypto import CipherSuite, SeededEntropy, suite_of
from mimi.errors import MalformedError
from mimi.mls.errors import InitKeyError, KeyPackageSignatureError, KeyPackageVersionError
from mimi.mls.keypackage import (
    KeyPackage,
    KeyPackageTBS,
    key_package_ref,
    sign_key_package,
    validate_key_package,
)
from mimi.tree.codepoints import CredentialType, ExtensionType, ProtocolVersion
from mimi.tree.credential import X509Credential
from mimi.tree.errors import (
    CredentialKeyError,
    LeafSignatureError,
    LeafSourceError,
    UnlistedCredentialError,
    UnlistedExtensionError,
    UnsupportedCipherSuiteError,
)
from mimi.tree.extension import Extension
from mimi.tree.leaf import Capabilities, CommitSource, UpdateSource

INIT = SUITE.derive_key_pair(CAROL.key.reveal())


def with_leaf(**changes) -> KeyPackage:
    """Return a key package, all signatures of which are right, with a changed leaf."""
    return sign_key_package(SUITE, CAROL.signed(0, **changes), INIT, CAROL.signer)


def test_a_genuine_key_package_is_accepted():
    validate_key_package(SUITE, OFFER)
    validate_key_package(SUITE, with_leaf())
    assert decode(KeyPackage, encode(OFFER)) == OFFER


@every_suite
def test_key_packages_of_every_suite(suite):
    package, _ = offer(SeededEntropy(2), suite)
    validate_key_package(suite, package)
    validate_key_package(suite, decode(KeyPackage, encode(package)))
    with refused(KeyPackageSignatureError):
        validate_key_package(suite, replace(package, signature=package.signature[::-1]))


@settings(deadline=None)
@given(package=strategy(KeyPackage))
def test_what_is_signed_is_the_declared_structure(package):
    fields = [field.name for field in attrs.fields(KeyPackageTBS)]
    expected = encode(KeyPackageTBS(*(getattr(package, name) for name in fields)))
    assert encode_as(KeyPackageTBS, package) == expected
    encoded = encode(package)
    assert encode_as(KeyPackageTBS, package) == expected
    assert encode_as(KeyPackageTBS, decode(KeyPackage, encoded)) == expected
    assert encoded.startswith(expected)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"version": ProtocolVersion(2)}, id="version"),
        pytest.param({"version": ProtocolVersion(0x0A0A)}, id="grease"),
        pytest.param({"cipher_suite": CipherSuite.X25519_CHACHA20}, id="suite"),
    ],
)
def test_it_is_for_the_version_and_the_suite_of_the_group(changes):
    with refused(KeyPackageVersionError):
        validate_key_package(SUITE, replace(OFFER, **changes))
    with refused(KeyPackageVersionError):
        validate_key_package(suite_of(CipherSuite.X25519_CHACHA20), OFFER)


@pytest.mark.parametrize("source", [UpdateSource(), CommitSource(b"hash")])
def test_its_leaf_is_from_a_key_package(source):
    with refused(LeafSourceError):
        validate_key_package(SUITE, with_leaf(leaf_node_source=source))


def test_its_init_key_is_not_its_encryption_key():
    leaf = CAROL.signed(encryption_key=INIT.public)
    with refused(InitKeyError):
        validate_key_package(SUITE, sign_key_package(SUITE, leaf, INIT, CAROL.signer))


@every_suite
def test_its_keys_are_keys(suite):
    package, member = offer(SeededEntropy(3), suite)
    validate_key_package(suite, package)
    for wrong in (b"", package.init_key[:-1], package.init_key + b"\0"):
        with refused(InitKeyError):
            validate_key_package(suite, replace(package, init_key=wrong))
        leaf = replace(member.leaf, encryption_key=wrong)
        with refused(InitKeyError):
            validate_key_package(suite, replace(package, leaf_node=leaf))


def test_its_leaf_is_consistent():
    cases = (
        (UnsupportedCipherSuiteError, {"capabilities": Capabilities((), (), (), (), ())}),
        (
            UnlistedCredentialError,
            {"capabilities": replace(CAROL.leaf.capabilities, credentials=())},
        ),
        (UnlistedExtensionError, {"extensions": (Extension(ExtensionType(0xF001), b""),)}),
        (
            CredentialKeyError,
            {"credential": X509Credential((certificate(KEYS["Ed25519"].public_key()),))},
        ),
    )
    for kind, changes in cases:
        with refused(kind, leaf=None) as caught:
            validate_key_package(SUITE, with_leaf(**changes))
        assert "leaf 0" not in str(caught.value)


def test_a_certificate_may_be_its_credential():
    key = SUITE.signature_private_key(b"\1" * 32)
    member = person(SeededEntropy(4))
    chain = X509Credential((certificate(KEYS["Ed25519"].public_key()),))
    leaf = replace(member, signer=key).signed(credential=chain, signature_key=key.public)
    assert leaf.credential.tag == CredentialType.X509
    validate_key_package(SUITE, sign_key_package(SUITE, leaf, INIT, key))


def test_its_leaf_is_signed():
    forged = replace(CAROL.leaf, signature=bytes(64))
    package = sign_key_package(SUITE, forged, INIT, CAROL.signer)
    with refused(LeafSignatureError, leaf=None) as caught:
        validate_key_package(SUITE, package)
    assert "leaf 0" not in str(caught.value)


def test_it_is_signed_by_the_key_of_its_leaf():
    other = SUITE.generate_signature_key(SeededEntropy(6))
    for wrong in (
        sign_key_package(SUITE, CAROL.leaf, INIT, other),
        replace(OFFER, signature=CAROL.leaf.signature),
        replace(OFFER, signature=b""),
        replace(OFFER, extensions=(Extension(ExtensionType.APPLICATION_ID, b"\0"),)),
        replace(OFFER, init_key=SUITE.generate_key_pair(SeededEntropy(7)).public),
    ):
        with refused(KeyPackageSignatureError):
            validate_key_package(SUITE, wrong)


def test_octets_behind_it_are_malformed():
    octets = encode(OFFER)
    for length in range(len(octets)):
        with pytest.raises(MalformedError):
            decode(KeyPackage, octets[:length])
    with pytest.raises(MalformedError):
        decode(KeyPackage, octets + b"\0")


@every_suite
def test_its_reference_is_the_hash_of_all_its_octets(suite):
    package, _ = offer(SeededEntropy(8), suite)
    octets = encode(package)
    label = b"MLS 1.0 KeyPackage Reference"
    length = (0x4000 | len(octets)).to_bytes(2, "big")
    assert 64 <= len(octets) < 0x4000
    expected = suite.hash(bytes([len(label)]) + label + length + octets)
    assert key_package_ref(suite, package) == expected
    assert key_package_ref(suite, replace(package, signature=b"")) != expected
