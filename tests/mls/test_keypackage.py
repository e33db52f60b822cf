"""Key packages: what is signed, and each rule of RFC 9420 section 10.1."""

import attrs
import pytest
from hypothesis import given, settings
from mls.epoch import CAROL, OFFER, SUITE, offer
from tree.certificates import KEYS, certificate
from tree.members import every_suite, person, refused

from mimi.codec import decode, encode, encode_as, replace
from mimi.codec.strategy import strategy
from mimi.crypto import CipherSuite, SeededEntropy, Suite, suite_of
from mimi.errors import MalformedError, UsageError
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
    EncryptionKeyError,
    LeafSignatureError,
    LeafSourceError,
    LifetimeError,
    UnlistedCredentialError,
    UnlistedExtensionError,
    UnsupportedCipherSuiteError,
)
from mimi.tree.extension import Extension
from mimi.tree.leaf import (
    Capabilities,
    CommitSource,
    KeyPackageSource,
    LeafNode,
    Lifetime,
    LifetimePolicy,
    UpdateSource,
)

INIT = SUITE.derive_key_pair(CAROL.key.reveal())


def packed(leaf: LeafNode, signer=CAROL.signer) -> KeyPackage:
    """Return a key package as `sign_key_package` does, which refuses what an attacker signs."""
    version = ProtocolVersion.MLS10
    tbs = encode(KeyPackageTBS(version, SUITE.code, INIT.public, leaf, ()))
    signature = SUITE.sign_with_label(signer, b"KeyPackageTBS", tbs)
    return KeyPackage(version, SUITE.code, INIT.public, leaf, (), signature)


def with_leaf(**changes) -> KeyPackage:
    """Return a key package, all signatures of which are right, with a changed leaf."""
    return packed(CAROL.signed(0, **changes))


def validated(suite: Suite, package: KeyPackage, lifetimes: LifetimePolicy | None = None) -> None:
    validate_key_package(suite, package, lifetimes=lifetimes)


def test_a_genuine_key_package_is_accepted():
    validated(SUITE, OFFER)
    validated(SUITE, with_leaf())
    assert decode(KeyPackage, encode(OFFER)) == OFFER


@every_suite
def test_key_packages_of_every_suite(suite):
    package, _ = offer(SeededEntropy(2), suite)
    validated(suite, package)
    validated(suite, decode(KeyPackage, encode(package)))
    with refused(KeyPackageSignatureError):
        validated(suite, replace(package, signature=package.signature[::-1]))


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
        validated(SUITE, replace(OFFER, **changes))
    with refused(KeyPackageVersionError):
        validated(suite_of(CipherSuite.X25519_CHACHA20), OFFER)


@pytest.mark.parametrize("source", [UpdateSource(), CommitSource(b"hash")])
def test_its_leaf_is_from_a_key_package(source):
    with refused(LeafSourceError):
        validated(SUITE, with_leaf(leaf_node_source=source))


def test_its_init_key_is_not_its_encryption_key():
    leaf = CAROL.signed(encryption_key=INIT.public)
    with refused(InitKeyError):
        validated(SUITE, packed(leaf))


@every_suite
def test_its_keys_are_keys(suite):
    package, member = offer(SeededEntropy(3), suite)
    validated(suite, package)
    for wrong in (b"", package.init_key[:-1], package.init_key + b"\0"):
        with refused(InitKeyError):
            validated(suite, replace(package, init_key=wrong))
        leaf = replace(member.leaf, encryption_key=wrong)
        with refused(EncryptionKeyError):
            validated(suite, replace(package, leaf_node=leaf))


def test_its_lifetime_includes_the_present():
    source = KeyPackageSource(Lifetime(1000, 2000))
    package = with_leaf(leaf_node_source=source)
    validated(SUITE, package, LifetimePolicy(1500))
    validated(SUITE, package, LifetimePolicy(2000, 1000))
    for policy in (LifetimePolicy(999), LifetimePolicy(2001), LifetimePolicy(1500, 999)):
        with refused(LifetimeError):
            validated(SUITE, package, policy)


def test_what_would_be_refused_is_not_signed():
    key = CAROL.key
    for leaf, init, signer, reason in (
        (CAROL.leaf, INIT, SUITE.generate_signature_key(SeededEntropy(6)), "its leaf"),
        (CAROL.signed(0, leaf_node_source=UpdateSource()), INIT, CAROL.signer, "key_package"),
        (CAROL.leaf, key, CAROL.signer, "two keys"),
    ):
        with pytest.raises(UsageError, match=reason):
            sign_key_package(SUITE, leaf, init, signer)


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
            validated(SUITE, with_leaf(**changes))
        assert "leaf 0" not in str(caught.value)


def test_a_certificate_may_be_its_credential():
    key = SUITE.signature_private_key(b"\1" * 32)
    member = person(SeededEntropy(4))
    chain = X509Credential((certificate(KEYS["Ed25519"].public_key()),))
    leaf = replace(member, signer=key).signed(credential=chain, signature_key=key.public)
    assert leaf.credential.tag == CredentialType.X509
    validated(SUITE, sign_key_package(SUITE, leaf, INIT, key))


def test_its_leaf_is_signed():
    forged = replace(CAROL.leaf, signature=bytes(64))
    package = packed(forged)
    with refused(LeafSignatureError, leaf=None) as caught:
        validated(SUITE, package)
    assert "leaf 0" not in str(caught.value)


def test_it_is_signed_by_the_key_of_its_leaf():
    other = SUITE.generate_signature_key(SeededEntropy(6))
    for wrong in (
        packed(CAROL.leaf, other),
        replace(OFFER, signature=CAROL.leaf.signature),
        replace(OFFER, signature=b""),
        replace(OFFER, extensions=(Extension(ExtensionType.APPLICATION_ID, b"\0"),)),
        replace(OFFER, init_key=SUITE.generate_key_pair(SeededEntropy(7)).public),
    ):
        with refused(KeyPackageSignatureError):
            validated(SUITE, wrong)


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
