"""The codec and the tree against the signature verifications that they stand beside."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mimi.codec import decode, encode
from mimi.crypto import CipherSuite, SeededEntropy, suite_of
from mimi.crypto.labels import sign_content
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType, ProtocolVersion
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import Extension
from mimi.tree.leaf import (
    Capabilities,
    KeyPackageSource,
    LeafNode,
    LeafNodeContent,
    Lifetime,
    LifetimePolicy,
    sign_leaf,
    to_be_signed,
)
from mimi.tree.path import create_update_path
from mimi.tree.ratchet import RatchetTree
from mimi.tree.validate import validate_tree

SUITE = suite_of(CipherSuite.X25519_AES128)
GROUP_ID = b"a group of a thousand"
NOW = 1_700_000_000
MEMBERS = 1000
EXTENSIONS = (
    Extension(ExtensionType.APPLICATION_ID, b"\x10device-0123456789"),
    Extension(ExtensionType(0xF001), bytes(24)),
)


def capabilities() -> Capabilities:
    return Capabilities(
        (ProtocolVersion.MLS10,),
        tuple(CipherSuite(code) for code in (1, 2, 3, 4, 5, 6, 7, 0x2A2A)),
        (ExtensionType(0xF001), ExtensionType(0x4A4A)),
        (ProposalType(0x8A8A),),
        (CredentialType.BASIC, CredentialType.X509, CredentialType(0x0A0A)),
    )


def member(number: int, entropy: SeededEntropy):
    signer = SUITE.generate_signature_key(entropy)
    content = LeafNodeContent(
        SUITE.generate_key_pair(entropy).public,
        signer.public,
        BasicCredential(f"mimi://a.example/d/member-{number}/phone".encode()),
        capabilities(),
        KeyPackageSource(Lifetime(NOW - 3600, NOW + 80 * 24 * 3600)),
        EXTENSIONS,
    )
    return signer, sign_leaf(SUITE, content, signer)


@pytest.fixture(scope="session")
def leaf() -> LeafNode:
    return member(0, SeededEntropy(b"leaf"))[1]


@pytest.fixture(scope="session")
def full_tree(request) -> RatchetTree:
    """A tree in which every member has committed: no parent is blank but at the right edge."""
    entropy = SeededEntropy(b"full tree")
    count = MEMBERS if request.config.option.benchmark_enable else 40
    signers = []
    tree = None
    for number in range(count):
        signer, leaf = member(number, entropy)
        signers.append(signer)
        tree = RatchetTree.of_leaf(SUITE, leaf) if tree is None else tree.add(leaf)[0]
    for index, signer in enumerate(signers):
        old = tree.member(index)
        tree = create_update_path(
            tree, index, old, signer, GROUP_ID, lambda _: b"context", entropy, added=()
        ).tree
    return tree


def verifications(tree: RatchetTree):
    """Return a call that verifies the signatures of all leaves, with the keys ready."""
    ready = []
    for index, leaf in tree.members():
        content = sign_content(b"LeafNodeTBS", to_be_signed(leaf, GROUP_ID, index))
        key = Ed25519PublicKey.from_public_bytes(leaf.signature_key)
        ready.append((key.verify, leaf.signature, content))

    def verify() -> None:
        for check, signature, content in ready:
            check(signature, content)

    return verify


def verification(leaf: LeafNode):
    content = sign_content(b"LeafNodeTBS", to_be_signed(leaf, b"", 0))
    check = Ed25519PublicKey.from_public_bytes(leaf.signature_key).verify
    return lambda: check(leaf.signature, content)


def test_decode_leaf(measure, leaf):
    octets = encode(leaf)
    assert decode(LeafNode, octets) == leaf
    measure(
        "decode a LeafNode / an Ed25519 verification",
        lambda: decode(LeafNode, octets),
        verification(leaf),
        1 / 10,
        1000,
    )


def test_encode_leaf(measure, leaf):
    """Nothing is kept from an earlier encoding: leaf and capabilities are made anew."""
    octets = encode(leaf)
    forget = object.__setattr__

    def encoded() -> bytes:
        forget(leaf, "_octets", None)
        forget(leaf.capabilities, "_octets", None)
        return encode(leaf)

    assert encoded() == octets
    measure(
        "encode a LeafNode / an Ed25519 verification",
        encoded,
        verification(leaf),
        1 / 25,
        1000,
    )


def validated(octets: bytes, tree_hash: bytes, **how) -> RatchetTree:
    tree = RatchetTree.decode(SUITE, octets)
    lifetimes = LifetimePolicy(NOW)
    validate_tree(tree, GROUP_ID, (), tree_hash=tree_hash, lifetimes=lifetimes, **how)
    return tree


def test_validate_tree(measure, full_tree):
    octets, tree_hash = full_tree.encode(), full_tree.tree_hash
    assert validated(octets, tree_hash) == full_tree
    measure(
        f"decode and validate a tree of {MEMBERS} / its verifications",
        lambda: validated(octets, tree_hash),
        verifications(full_tree),
        1.35,
        1,
    )


def test_validate_tree_in_parallel(measure, full_tree):
    octets, tree_hash = full_tree.encode(), full_tree.tree_hash
    with ThreadPoolExecutor(2) as threads:
        measure(
            f"the same with the map of two threads / with map, for {MEMBERS}",
            lambda: validated(octets, tree_hash, map=threads.map),
            lambda: validated(octets, tree_hash),
            1.0,
            1,
        )
