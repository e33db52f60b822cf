"""Leaf nodes: what is signed, and what a leaf must say to be consistent."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree.certificates import ISSUER, certificate
from tree.members import (
    GROUP_ID,
    LIFETIME,
    NOW,
    SUITE,
    content_of,
    every_suite,
    person,
    refused,
    signed,
)

from mimi.codec import GREASE_VALUES, decode, encode, encode_as, replace
from mimi.codec.strategy import strategy
from mimi.crypto import CipherSuite, SeededEntropy, SuiteMismatchError, suite_of
from mimi.errors import MalformedError, UsageError
from mimi.tree.codepoints import (
    DEFAULT_EXTENSIONS,
    DEFAULT_PROPOSALS,
    CredentialType,
    ExtensionType,
    LeafNodeSource,
    ProposalType,
    ProtocolVersion,
)
from mimi.tree.credential import X509Credential
from mimi.tree.errors import (
    CredentialKeyError,
    LeafSignatureError,
    LifetimeError,
    RequiredCapabilityError,
    UnlistedCredentialError,
    UnlistedExtensionError,
    UnsupportedCipherSuiteError,
    UnsupportedExtensionError,
)
from mimi.tree.extension import Extension, RequiredCapabilities, extension
from mimi.tree.leaf import (
    DEFAULT_MAXIMUM_LIFETIME,
    Capabilities,
    CommitSource,
    GroupNeeds,
    KeyPackageSource,
    LeafNode,
    LeafNodeContent,
    LeafNodeTBS,
    LeafPosition,
    Lifetime,
    LifetimePolicy,
    UpdateSource,
    check_capabilities,
    check_group_needs,
    check_lifetime,
    sign_leaf,
    to_be_signed,
    verify_leaf_signature,
)

ALICE = person(SeededEntropy(b"alice"))
BOB = person(SeededEntropy(b"bob"))
CUSTOM = Extension(ExtensionType(0xF001), b"anything")
SOURCES = (KeyPackageSource(LIFETIME), UpdateSource(), CommitSource(b"a parent hash"))

every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda one: type(one).__name__)


def declared_tbs(leaf: LeafNodeContent, group_id: bytes, index: int) -> bytes:
    """Return the LeafNodeTBS written field by field."""
    position = LeafPosition(group_id, index)
    if isinstance(leaf.leaf_node_source, KeyPackageSource):
        position = None
    return encode(LeafNodeTBS(**attrs.asdict(content_of(leaf), recurse=False), position=position))


def needs(required: RequiredCapabilities) -> GroupNeeds:
    return GroupNeeds.of((extension(ExtensionType.REQUIRED_CAPABILITIES, required),))


# Signatures (RFC 9420 section 7.2)


@settings(deadline=None)
@given(leaf=strategy(LeafNode), group_id=st.binary(max_size=70), index=st.integers(0, 2**32 - 1))
def test_what_is_signed_is_the_declared_structure(leaf, group_id, index):
    expected = declared_tbs(leaf, group_id, index)
    assert to_be_signed(leaf, group_id, index) == expected
    encoded = encode(leaf)
    assert to_be_signed(leaf, group_id, index) == expected
    decoded = decode(LeafNode, encoded)
    assert to_be_signed(decoded, group_id, index) == expected
    assert encode_as(LeafNodeContent, decoded) == encode(content_of(leaf))


@every_suite
@every_source
def test_a_leaf_is_signed_for_its_place(suite, source):
    alice = person(SeededEntropy(1), suite)
    leaf = signed(alice.leaf, alice.signer, 3, suite, leaf_node_source=source)
    verify_leaf_signature(suite, leaf, GROUP_ID, 3)
    verify_leaf_signature(suite, decode(LeafNode, encode(leaf)), GROUP_ID, 3)
    with refused(LeafSignatureError, leaf=3):
        verify_leaf_signature(suite, replace(leaf, encryption_key=b"another"), GROUP_ID, 3)
    elsewhere = ((b"another group", 3), (GROUP_ID, 0))
    for group_id, index in elsewhere:
        if isinstance(source, KeyPackageSource):
            verify_leaf_signature(suite, leaf, group_id, index)
        else:
            with refused(LeafSignatureError, leaf=index):
                verify_leaf_signature(suite, leaf, group_id, index)


@every_source
def test_every_field_of_a_leaf_is_signed(source):
    leaf = ALICE.signed(2, leaf_node_source=source, extensions=(CUSTOM,))
    verify_leaf_signature(SUITE, leaf, GROUP_ID, 2)
    changes = {
        "encryption_key": BOB.key.public,
        "signature_key": BOB.signer.public,
        "credential": BOB.leaf.credential,
        "capabilities": Capabilities(),
        "leaf_node_source": CommitSource(b"another parent hash"),
        "extensions": (),
        "signature": BOB.signed(2).signature,
    }
    assert set(changes) == {field.name for field in attrs.fields(LeafNode)} - {"_octets"}
    for name, value in changes.items():
        with refused(LeafSignatureError, leaf=2):
            verify_leaf_signature(SUITE, replace(leaf, **{name: value}), GROUP_ID, 2)


@pytest.mark.parametrize("wrong", [b"", bytes(64), bytes(63), b"\xff" * 64])
def test_a_signature_of_zeros_or_another_size_is_refused(wrong):
    verify_leaf_signature(SUITE, ALICE.leaf)
    with refused(LeafSignatureError, leaf=None):
        verify_leaf_signature(SUITE, replace(ALICE.leaf, signature=wrong))


@every_suite
def test_a_signature_key_that_is_no_key_verifies_nothing(suite):
    leaf = person(SeededEntropy(2), suite).leaf
    for wrong in (b"", leaf.signature_key[:-1], leaf.signature_key + b"\0"):
        with refused(LeafSignatureError, leaf=5):
            verify_leaf_signature(suite, replace(leaf, signature_key=wrong), GROUP_ID, 5)


def test_a_leaf_is_signed_by_its_own_key():
    with pytest.raises(UsageError, match="own signature_key"):
        sign_leaf(SUITE, content_of(ALICE.leaf), BOB.signer)


def test_a_leaf_is_signed_with_the_scheme_of_the_suite():
    other = suite_of(CipherSuite.P256_AES128)
    with refused(SuiteMismatchError):
        sign_leaf(other, content_of(ALICE.leaf), ALICE.signer)


def test_a_leaf_of_a_group_has_a_place():
    with pytest.raises(UsageError, match="place"):
        verify_leaf_signature(SUITE, ALICE.signed(0, leaf_node_source=UpdateSource()))


# Decoding


def test_a_source_that_nobody_declared_is_malformed():
    genuine = encode(ALICE.leaf)
    head = len(encode(content_of(ALICE.leaf, leaf_node_source=UpdateSource()))) - 2
    assert genuine[head] == LeafNodeSource.KEY_PACKAGE
    for wrong in (0, 4, 255):
        with pytest.raises(MalformedError):
            decode(LeafNode, genuine[:head] + bytes([wrong]) + genuine[head + 1 :])


def test_every_truncation_of_a_leaf_is_malformed():
    octets = encode(ALICE.leaf)
    assert decode(LeafNode, octets) == ALICE.leaf
    for length in range(len(octets)):
        with pytest.raises(MalformedError):
            decode(LeafNode, octets[:length])
    with pytest.raises(MalformedError):
        decode(LeafNode, octets + b"\0")


# Capabilities (sections 7.2, 7.3 and 13.4)


def listing(**changes) -> LeafNode:
    """Return Alice's leaf with other capabilities."""
    return replace(ALICE.leaf, capabilities=replace(ALICE.leaf.capabilities, **changes))


def test_a_consistent_leaf_is_accepted():
    check_capabilities(SUITE, ALICE.leaf, 0)
    check_capabilities(SUITE, ALICE.leaf)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"versions": ()}, id="no version"),
        pytest.param({"versions": (ProtocolVersion(2),)}, id="another version"),
        pytest.param({"cipher_suites": ()}, id="no suite"),
        pytest.param({"cipher_suites": (CipherSuite.P256_AES128,)}, id="another suite"),
    ],
)
def test_capabilities_list_version_and_suite(changes):
    with refused(UnsupportedCipherSuiteError, leaf=7):
        check_capabilities(SUITE, listing(**changes), 7)


def test_empty_capabilities_are_not_unconstrained():
    empty = Capabilities((), (), (), (), ())
    with refused(UnsupportedCipherSuiteError, leaf=0):
        check_capabilities(SUITE, replace(ALICE.leaf, capabilities=empty), 0)


@pytest.mark.parametrize("listed", [(), (CredentialType.X509,), (CredentialType(0x0A0A),)])
def test_capabilities_list_the_leafs_own_credential(listed):
    with refused(UnlistedCredentialError, leaf=7):
        check_capabilities(SUITE, listing(credentials=listed), 7)


def test_capabilities_list_the_leafs_own_extensions():
    leaf = listing(extensions=(CUSTOM.extension_type,))
    check_capabilities(SUITE, replace(leaf, extensions=(CUSTOM,)), 7)
    with refused(UnlistedExtensionError, leaf=7):
        check_capabilities(SUITE, replace(ALICE.leaf, extensions=(CUSTOM,)), 7)


@pytest.mark.parametrize("default", sorted(DEFAULT_EXTENSIONS))
def test_the_default_extensions_need_no_listing(default):
    leaf = replace(ALICE.leaf, extensions=(Extension(default, b""),))
    check_capabilities(SUITE, leaf, 7)
    check_group_needs(leaf, needs(RequiredCapabilities((default,))), 7)
    used = extension(default, RequiredCapabilities())  # empty lists: good contents for any
    check_group_needs(leaf, GroupNeeds.of((used,)), 7)


@pytest.mark.parametrize("default", sorted(DEFAULT_PROPOSALS))
def test_the_default_proposals_need_no_listing(default):
    check_group_needs(ALICE.leaf, needs(RequiredCapabilities((), (default,))), 7)


@pytest.mark.parametrize("grease", GREASE_VALUES[:3])
def test_grease_in_capabilities_is_ignored(grease):
    leaf = listing(
        versions=(ProtocolVersion(grease), ProtocolVersion.MLS10),
        cipher_suites=(CipherSuite(grease), SUITE.code),
        extensions=(ExtensionType(grease),),
        proposals=(ProposalType(grease),),
        credentials=(CredentialType(grease), CredentialType.BASIC),
    )
    check_capabilities(SUITE, leaf, 0)


def test_a_certificate_is_for_the_leafs_own_key():
    key = SUITE.signature_private_key(bytes(32))
    chain = X509Credential((certificate(ISSUER.public_key()),))
    leaf = replace(ALICE.leaf, credential=chain, signature_key=key.public)
    check_capabilities(SUITE, leaf, 6)
    with refused(CredentialKeyError, leaf=6):
        check_capabilities(SUITE, replace(leaf, signature_key=ALICE.signer.public), 6)


@pytest.mark.parametrize(
    ("required", "changes"),
    [
        (RequiredCapabilities((ExtensionType(0xF001),)), {"extensions": (ExtensionType(0xF001),)}),
        (
            RequiredCapabilities((), (ProposalType(0xF001),)),
            {"proposals": (ProposalType(0xF001),)},
        ),
        (
            RequiredCapabilities((), (), (CredentialType(0xF001),)),
            {"credentials": (CredentialType(0xF001),)},
        ),
    ],
    ids=["extension", "proposal", "credential"],
)
def test_what_the_group_requires_is_listed(required, changes):
    check_group_needs(ALICE.leaf, needs(RequiredCapabilities()), 7)
    check_group_needs(listing(**changes), needs(required), 7)
    with refused(RequiredCapabilityError, leaf=7):
        check_group_needs(ALICE.leaf, needs(required), 7)


def test_credentials_have_no_defaults():
    required = RequiredCapabilities((), (), (CredentialType.BASIC,))
    check_group_needs(ALICE.leaf, needs(required), 7)
    with refused(RequiredCapabilityError, leaf=7):
        check_group_needs(listing(credentials=()), needs(required), 7)


def test_a_number_of_one_registry_is_none_of_another():
    required = RequiredCapabilities((ExtensionType(0xF001),))
    others = {"proposals": (ProposalType(0xF001),)}, {"credentials": (CredentialType(0xF001),)}
    for wrong in others:
        with refused(RequiredCapabilityError, leaf=7):
            check_group_needs(listing(**wrong), needs(required), 7)


def test_extensions_of_the_group_are_supported():
    check_group_needs(listing(extensions=(CUSTOM.extension_type,)), GroupNeeds.of((CUSTOM,)), 7)
    with refused(UnsupportedExtensionError, leaf=7):
        check_group_needs(ALICE.leaf, GroupNeeds.of((CUSTOM,)), 7)


# Lifetimes (sections 7.2 and 7.3)

SHORT = Lifetime(1000, 2000)


@pytest.mark.parametrize("now", [1000, 1500, 2000])
def test_both_ends_of_a_lifetime_are_included(now):
    check_lifetime(SHORT, LifetimePolicy(now))
    check_lifetime(SHORT, LifetimePolicy(now, 1000), 4)


@pytest.mark.parametrize("now", [0, 999, 2001, NOW])
def test_a_lifetime_not_begun_or_expired_is_refused(now):
    for leaf in (4, None):
        with refused(LifetimeError, leaf=leaf) as caught:
            check_lifetime(SHORT, LifetimePolicy(now), leaf)
        assert f"valid from 1000 to 2000, not at {now}" in caught.value.reason


@pytest.mark.parametrize("now", [0, 1000, 1500, 2000, 3000])
def test_an_inverted_lifetime_is_refused(now):
    with refused(LifetimeError, leaf=4) as caught:
        check_lifetime(Lifetime(2000, 1000), LifetimePolicy(now), 4)
    assert "before it starts" in caught.value.reason


def test_a_lifetime_that_is_too_long_is_refused():
    longest = Lifetime(NOW, NOW + DEFAULT_MAXIMUM_LIFETIME)
    check_lifetime(longest, LifetimePolicy(NOW), 4)
    with refused(LifetimeError, leaf=4) as caught:
        check_lifetime(Lifetime(NOW, longest.not_after + 1), LifetimePolicy(NOW), 4)
    assert f"over {DEFAULT_MAXIMUM_LIFETIME}" in caught.value.reason
    with refused(LifetimeError, leaf=4):
        check_lifetime(longest, LifetimePolicy(NOW, DEFAULT_MAXIMUM_LIFETIME - 1), 4)


def test_a_lifetime_of_one_second_or_the_longest_is_only_expired():
    for lifetime in (Lifetime(5, 5), Lifetime(5, 5 + DEFAULT_MAXIMUM_LIFETIME)):
        check_lifetime(lifetime, LifetimePolicy(5))
        with refused(LifetimeError) as caught:
            check_lifetime(lifetime, LifetimePolicy(4))
        assert "not at 4" in caught.value.reason


def test_a_lifetime_for_ever_is_refused():
    with refused(LifetimeError, leaf=4):
        check_lifetime(Lifetime(0, 2**64 - 1), LifetimePolicy(NOW), 4)


def test_the_default_maximum_is_84_days_and_an_hour():
    assert DEFAULT_MAXIMUM_LIFETIME == (84 * 24 + 1) * 3600
