"""Tree math, crypto basics and vector deserialization."""

from collections.abc import Callable
from typing import Any

from mimi.codec import decode_length
from mimi.crypto import SeededEntropy, Suite
from mimi.tree import math
from mimi.vectors.case import Case


def check_tree_math(case: Case) -> None:
    """Verify the relations of all nodes in a tree of ``n_leaves``."""
    leaves = case.integer("n_leaves")
    with case.valid("n_leaves"):
        root = math.root(leaves)
    case.equal("n_nodes", math.node_width(leaves))
    case.equal("root", root)
    relations: dict[str, Callable[[int], int]] = {
        "left": math.left,
        "right": math.right,
        "parent": lambda node: math.parent(node, leaves),
        "sibling": lambda node: math.sibling(node, leaves),
    }
    for name, relation in relations.items():
        part = case.part(name)
        case.equal_length(name, math.node_width(leaves))
        for node in range(part.length()):
            part.equal(node, _relative(relation, node))


def _relative(relation: Callable[[int], int], node: int) -> Any:
    try:
        return int(relation(node))
    except math.TreeIndexError:
        return None


def check_deserialization(case: Case) -> None:
    """Verify the length that a vector header states."""
    with case.valid("vlbytes_header", syntax_only=True):
        length = decode_length(case.octets("vlbytes_header"))
    case.equal("length", length)


def check_crypto_basics(case: Case) -> None:
    """Verify the labelled operations of a cipher suite, both ways where there are two."""
    suite = case.suite()
    part = case.part("ref_hash")
    part.equal("out", suite.ref_hash(part.text("label"), part.octets("value")))
    _check_expansions(suite, case)
    _check_signing(suite, case.part("sign_with_label"))
    _check_encryption(suite, case.part("encrypt_with_label"))


def _check_expansions(suite: Suite, case: Case) -> None:
    part = case.part("expand_with_label")
    secret, label, length = part.octets("secret"), part.text("label"), part.integer("length")
    with part.valid("length", syntax_only=True):
        expanded = suite.expand_with_label(secret, label, part.octets("context"), length)
    part.equal("out", expanded)
    part = case.part("derive_secret")
    part.equal("out", suite.derive_secret(part.octets("secret"), part.text("label")))
    part = case.part("derive_tree_secret")
    secret, label, length = part.octets("secret"), part.text("label"), part.integer("length")
    generation = part.integer("generation")
    with part.valid("generation", syntax_only=True):
        suite.derive_tree_secret(secret, label, generation, suite.nh)
    with part.valid("length", syntax_only=True):
        derived = suite.derive_tree_secret(secret, label, generation, length)
    part.equal("out", derived)


def _check_signing(suite: Suite, part: Case) -> None:
    with part.at("priv"):
        private = suite.signature_private_key(part.octets("priv"))
    label, content, signature = part.text("label"), part.octets("content"), part.octets("signature")

    def verify() -> None:
        suite.verify_with_label(private.public, label, content, signature)

    part.equal_keys("priv", "pub", private.public, verify)
    with part.valid("signature"):
        verify()
    with part.at("priv"):
        again = suite.sign_with_label(private, label, content)
        suite.verify_with_label(private.public, label, content, again)


def _check_encryption(suite: Suite, part: Case) -> None:
    with part.at("priv"):
        private = suite.hpke_private_key(part.octets("priv"))
    label, context = part.text("label"), part.octets("context")
    encrypted = part.octets("kem_output"), part.octets("ciphertext")

    def decrypt() -> bytes:
        return suite.decrypt_with_label(private, label, context, *encrypted)

    part.equal_keys("priv", "pub", private.public, decrypt)
    with part.valid("ciphertext"):
        opened = decrypt()
    part.equal("plaintext", opened)
    with part.at("priv"):
        entropy = SeededEntropy(b"crypto-basics")
        sealed = suite.encrypt_with_label(private.public, label, context, opened, entropy)
        part.equal("plaintext", suite.decrypt_with_label(private, label, context, *sealed))
