"""What every leaf of a received tree says of itself (RFC 9420 section 7.3)."""

import pytest
from tree.certificates import ISSUER, certificate
from tree.members import (
    LIFETIME,
    NOW,
    SUITE,
    Group,
    bulk,
    full,
    refused,
    with_nodes,
)

from mimi.codec import replace
from mimi.errors import MalformedError
from mimi.tree.codepoints import CredentialType, ExtensionType
from mimi.tree.credential import X509Credential
from mimi.tree.errors import (
    CredentialKeyError,
    LifetimeError,
    RequiredCapabilityError,
    UnlistedCredentialError,
    UnlistedExtensionError,
    UnsupportedCipherSuiteError,
    UnsupportedCredentialError,
    UnsupportedExtensionError,
)
from mimi.tree.extension import Extension, RequiredCapabilities, extension
from mimi.tree.leaf import Capabilities, KeyPackageSource, Lifetime, LifetimePolicy
from mimi.tree.ratchet import RatchetTree
from mimi.tree.validate import (
    check_leaves,
)

CUSTOM = Extension(ExtensionType(0xF001), b"anything")


# Leaves (RFC 9420 section 7.3)


def changed(group: Group, leaf: int, **changes) -> RatchetTree:
    """Return the tree with a leaf changed and signed again by its owner."""
    return group.with_node(2 * leaf, group.signed(leaf, **changes))


def listing(group: Group, leaf: int, **changes) -> RatchetTree:
    capabilities = replace(group.tree.member(leaf).capabilities, **changes)
    return changed(group, leaf, capabilities=capabilities)


@pytest.mark.parametrize("leaf", [0, 3])
def test_every_leaf_supports_version_and_suite(leaf):
    group = bulk()
    with refused(UnsupportedCipherSuiteError, leaf=leaf):
        group.validate(listing(group, leaf, cipher_suites=()))
    with refused(UnsupportedCipherSuiteError, leaf=leaf):
        group.validate(changed(group, leaf, capabilities=Capabilities((), (), (), (), ())))


@pytest.mark.parametrize("leaf", [0, 3])
def test_every_leaf_lists_its_own_credential_and_extensions(leaf):
    group = bulk()
    with refused(UnlistedCredentialError, leaf=leaf):
        group.validate(listing(group, leaf, credentials=(CredentialType.X509,)))
    with refused(UnlistedExtensionError, leaf=leaf):
        group.validate(changed(group, leaf, extensions=(CUSTOM,)))


def certified(group: Group, leaf: int) -> RatchetTree:
    """Return the tree with a leaf that shows a certificate for its own key."""
    key = SUITE.signature_private_key(bytes(32))
    member = group.members[leaf]
    group.members[leaf] = type(member)(key, member.private)
    chain = X509Credential((certificate(ISSUER.public_key()),))
    return changed(group, leaf, credential=chain, signature_key=key.public)


def test_a_certificate_is_for_the_key_of_its_leaf():
    group = bulk()
    tree = certified(group, 2)
    group.validate(tree)
    stolen = changed(group, 3, credential=tree.member(2).credential)
    with refused(CredentialKeyError, leaf=3):
        group.validate(stolen)


def test_everybody_supports_the_credentials_of_everybody():
    group = bulk()
    tree = certified(group, 4)
    group.validate(tree)
    for leaf in (0, 3):
        basic_only = replace(tree.member(leaf).capabilities, credentials=(CredentialType.BASIC,))
        unable = group.signed(leaf, capabilities=basic_only)
        with refused(UnsupportedCredentialError, leaf=leaf):
            group.validate(with_nodes(tree, {2 * leaf: unable}))


def test_everybody_has_what_the_group_requires():
    group = bulk(3)
    required = RequiredCapabilities((ExtensionType(0xF001),))
    extensions = (extension(ExtensionType.REQUIRED_CAPABILITIES, required),)
    with refused(RequiredCapabilityError, leaf=0):
        group.validate(extensions=extensions)
    for leaf in range(3):
        group.tree = listing(group, leaf, extensions=(ExtensionType(0xF001),))
    group.validate(extensions=extensions)
    group.validate(extensions=(*extensions, CUSTOM))
    with refused(RequiredCapabilityError, leaf=2):
        group.validate(listing(group, 2, extensions=()), extensions=extensions)
    with refused(UnsupportedExtensionError, leaf=2):
        group.validate(listing(group, 2, extensions=()), extensions=(CUSTOM,))


def test_required_capabilities_that_do_not_parse_are_malformed():
    extensions = (Extension(ExtensionType.REQUIRED_CAPABILITIES, b"\0\0"),)
    with pytest.raises(MalformedError):
        check_leaves(bulk(1).tree, extensions)


# Lifetimes


@pytest.mark.parametrize(
    "lifetime",
    [
        pytest.param(Lifetime(NOW - 100, NOW - 1), id="expired"),
        pytest.param(Lifetime(NOW + 1, NOW + 100), id="not begun"),
        pytest.param(Lifetime(NOW + 100, NOW - 100), id="inverted"),
        pytest.param(Lifetime(NOW - 1, NOW + 2**40), id="too long"),
    ],
)
@pytest.mark.parametrize("leaf", [0, 3])
def test_lifetimes_are_judged_only_where_the_caller_says_so(lifetime, leaf):
    group = bulk()
    group.validate(lifetimes=LifetimePolicy(NOW))
    tree = changed(group, leaf, leaf_node_source=KeyPackageSource(lifetime))
    group.validate(tree)
    with refused(LifetimeError, leaf=leaf):
        group.validate(tree, lifetimes=LifetimePolicy(NOW))


def test_the_longest_lifetime_is_the_callers():
    group = bulk()
    length = LIFETIME.not_after - LIFETIME.not_before
    group.validate(lifetimes=LifetimePolicy(NOW, length))
    with refused(LifetimeError, leaf=0):
        group.validate(lifetimes=LifetimePolicy(NOW, length - 1))


def test_leaves_of_commits_and_updates_have_no_lifetime():
    group = full(3)
    group.update(1)
    group.validate(lifetimes=LifetimePolicy(1 << 60))
