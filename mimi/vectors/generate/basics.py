"""Tree math, crypto basics and vector deserialization."""

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from mimi.codec import encode_length
from mimi.crypto import Entropy, Suite, draw
from mimi.tree import math
from mimi.vectors.generate.written import Vector, below

LENGTHS = (
    *(0, 1, 2, 32, 62, 63),
    *(64, 65, 255, 256, 4095, 16382, 16383),
    *(16384, 16385, 65535, 65536, (1 << 24) - 1, 1 << 24, (1 << 30) - 2, (1 << 30) - 1),
)
"""Lengths at and beside every boundary, for headers of one, two and four octets."""


def tree_math() -> Iterator[Vector]:
    """Yield the relations of all nodes in trees of 1 to 512 leaves."""
    for height in range(10):
        leaves = 1 << height

        def parent(node: int, leaves: int = leaves) -> int:
            return math.parent(node, leaves)

        def sibling(node: int, leaves: int = leaves) -> int:
            return math.sibling(node, leaves)

        width = math.node_width(leaves)
        yield {
            "n_leaves": leaves,
            "n_nodes": width,
            "root": math.root(leaves),
            "left": _relatives(math.left, width),
            "right": _relatives(math.right, width),
            "parent": _relatives(parent, width),
            "sibling": _relatives(sibling, width),
        }


def _relatives(relation: Callable[[int], int], width: int) -> list[Any]:
    relatives: list[Any] = []
    for node in range(width):
        try:
            relatives.append(int(relation(node)))
        except math.TreeIndexError:
            relatives.append(None)
    return relatives


def deserialization() -> Iterator[Vector]:
    """Yield the headers of vectors of many lengths."""
    for length in LENGTHS:
        yield {"vlbytes_header": encode_length(length), "length": length}


@attrs.frozen
class Sizes:
    """How long the inputs of a crypto-basics vector are, in octets, and how far it counts."""

    value: int
    context: int
    length: int
    generation: int
    label: str


def crypto_basics(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    """Yield the labelled operations: with ordinary, empty and long inputs."""
    ordinary = Sizes(32, 32, suite.nk, below(entropy, 1 << 32), "")
    empty = Sizes(0, 0, 1, 0, " of nothing")
    long = Sizes(300, 70, 3 * suite.nh + 1, (1 << 32) - 1, " of long inputs, beyond 63 octets" * 2)
    for sizes in (ordinary, empty, long):
        yield {
            "cipher_suite": suite.code,
            **_derivations(suite, entropy, sizes),
            "sign_with_label": _signing(suite, entropy, sizes),
            "encrypt_with_label": _encryption(suite, entropy, sizes),
        }


def _derivations(suite: Suite, entropy: Entropy, sizes: Sizes) -> Vector:
    nh, length, generation = suite.nh, sizes.length, sizes.generation
    value, context = draw(entropy, sizes.value), draw(entropy, sizes.context)
    names = "RefHash", "ExpandWithLabel", "DeriveSecret", "DeriveTreeSecret"
    reference, expand, derive, tree = (name + sizes.label for name in names)
    expanded, derived, ratchet = draw(entropy, nh), draw(entropy, nh), draw(entropy, nh)
    return {
        "ref_hash": {
            "label": reference,
            "value": value,
            "out": suite.ref_hash(reference.encode(), value),
        },
        "expand_with_label": {
            "secret": expanded,
            "label": expand,
            "context": context,
            "length": length,
            "out": suite.expand_with_label(expanded, expand.encode(), context, length),
        },
        "derive_secret": {
            "secret": derived,
            "label": derive,
            "out": suite.derive_secret(derived, derive.encode()),
        },
        "derive_tree_secret": {
            "secret": ratchet,
            "label": tree,
            "generation": generation,
            "length": length,
            "out": suite.derive_tree_secret(ratchet, tree.encode(), generation, length),
        },
    }


def _signing(suite: Suite, entropy: Entropy, sizes: Sizes) -> Vector:
    signer, content = suite.generate_signature_key(entropy), draw(entropy, sizes.value)
    label = f"SignWithLabel{sizes.label}"
    return {
        "priv": signer.reveal(),
        "pub": signer.public,
        "content": content,
        "label": label,
        "signature": suite.sign_with_label(signer, label.encode(), content),
    }


def _encryption(suite: Suite, entropy: Entropy, sizes: Sizes) -> Vector:
    private, label = suite.generate_key_pair(entropy), f"EncryptWithLabel{sizes.label}"
    context, plaintext = draw(entropy, sizes.context), draw(entropy, sizes.value)
    sealed = suite.encrypt_with_label(private.public, label.encode(), context, plaintext, entropy)
    return {
        "priv": private.reveal(),
        "pub": private.public,
        "label": label,
        "context": context,
        "plaintext": plaintext,
        "kem_output": sealed[0],
        "ciphertext": sealed[1],
    }
