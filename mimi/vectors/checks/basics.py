"""Tree math, crypto basics and vector deserialization."""

from collections.abc import Callable
from typing import Any

from mimi.codec import decode_length
from mimi.crypto import SeededEntropy, Suite, suite_of
from mimi.tree import math
from mimi.vectors.case import Case


def check_tree_math(case: Case) -> None:
    """Verify the relations of all nodes in a tree of ``n_leaves``."""
    leaves = case.integer("n_leaves")
    case.equal("n_nodes", math.node_width(leaves))
    with case.valid("n_leaves"):
        case.equal("root", math.root(leaves))
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
    with case.valid("vlbytes_header"):
        length = decode_length(case.octets("vlbytes_header"))
    case.equal("length", length)


def check_crypto_basics(case: Case) -> None:
    """Verify the labelled operations of a cipher suite, both ways where there are two."""
    suite = suite_of(case.integer("cipher_suite"))
    part = case.part("ref_hash")
    part.equal("out", suite.ref_hash(_label(part), part.octets("value")))
    part = case.part("expand_with_label")
    secret, length = part.octets("secret"), part.integer("length")
    expanded = suite.expand_with_label(secret, _label(part), part.octets("context"), length)
    part.equal("out", expanded)
    part = case.part("derive_secret")
    part.equal("out", suite.derive_secret(part.octets("secret"), _label(part)))
    part = case.part("derive_tree_secret")
    secret, length = part.octets("secret"), part.integer("length")
    derived = suite.derive_tree_secret(secret, _label(part), part.integer("generation"), length)
    part.equal("out", derived)
    _check_signing(suite, case.part("sign_with_label"))
    _check_encryption(suite, case.part("encrypt_with_label"))


def _label(part: Case) -> bytes:
    return part.text("label").encode()


def _check_signing(suite: Suite, part: Case) -> None:
    with part.valid("priv"):
        private = suite.signature_private_key(part.octets("priv"))
    part.equal("pub", private.public)
    label, content = _label(part), part.octets("content")
    with part.valid("signature"):
        suite.verify_with_label(private.public, label, content, part.octets("signature"))
    with part.valid("priv"):
        signature = suite.sign_with_label(private, label, content)
        suite.verify_with_label(private.public, label, content, signature)


def _check_encryption(suite: Suite, part: Case) -> None:
    with part.valid("priv"):
        private = suite.hpke_private_key(part.octets("priv"))
    part.equal("pub", private.public)
    label, context = _label(part), part.octets("context")
    with part.valid("ciphertext"):
        opened = suite.decrypt_with_label(
            private, label, context, part.octets("kem_output"), part.octets("ciphertext")
        )
    part.equal("plaintext", opened)
    with part.valid("priv"):
        entropy = SeededEntropy(b"crypto-basics")
        sealed = suite.encrypt_with_label(private.public, label, context, opened, entropy)
        part.equal("plaintext", suite.decrypt_with_label(private, label, context, *sealed))
