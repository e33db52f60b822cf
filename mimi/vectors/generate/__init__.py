"""Writing test vectors of our own, in the published formats.

::

    files = generate(1)                 # from file names to octets
    files["treekem.json"]               # the same for the same seed, everywhere and for ever

All randomness comes from the seed: each kind, and in it each cipher suite, reads a stream of its
own, so that a change to one kind leaves the others as they are.
"""

from collections.abc import Callable, Iterable, Iterator

from mimi.crypto import SeededEntropy, Suite
from mimi.errors import UsageError
from mimi.vectors.generate.basics import crypto_basics, deserialization, tree_math
from mimi.vectors.generate.messages import message_protection, welcome
from mimi.vectors.generate.passive import (
    passive_handling_commit,
    passive_random,
    passive_welcome,
)
from mimi.vectors.generate.schedule import (
    key_schedule,
    psk_secrets,
    secret_tree,
    transcript_hashes,
)
from mimi.vectors.generate.syntax import message_structures
from mimi.vectors.generate.trees import tree_operations, tree_validation, treekem
from mimi.vectors.generate.written import SUITES, Vector, written

OfSuite = Callable[[Suite, SeededEntropy], Iterable[Vector]]
Maker = Callable[[SeededEntropy], Iterable[Vector]]


def _in_each_suite(make: OfSuite) -> Maker:
    def made(entropy: SeededEntropy) -> Iterator[Vector]:
        for suite in SUITES:
            yield from make(suite, entropy.fork(int(suite.code).to_bytes(2, "big")))

    return made


_MAKERS: dict[str, Maker] = {
    "tree-math": lambda _: tree_math(),
    "crypto-basics": _in_each_suite(crypto_basics),
    "deserialization": lambda _: deserialization(),
    "key-schedule": _in_each_suite(key_schedule),
    "psk_secret": _in_each_suite(psk_secrets),
    "secret-tree": _in_each_suite(secret_tree),
    "transcript-hashes": _in_each_suite(transcript_hashes),
    "messages": _in_each_suite(message_structures),
    "message-protection": _in_each_suite(message_protection),
    "welcome": _in_each_suite(welcome),
    "tree-operations": _in_each_suite(tree_operations),
    "tree-validation": _in_each_suite(tree_validation),
    "treekem": _in_each_suite(treekem),
    "passive-client-welcome": _in_each_suite(passive_welcome),
    "passive-client-handling-commit": _in_each_suite(passive_handling_commit),
    "passive-client-random": _in_each_suite(passive_random),
}

GENERATED: tuple[str, ...] = tuple(_MAKERS)
"""The files that can be generated, by their names without ``.json``."""


def generate(seed: int) -> dict[str, bytes]:
    """Return a whole set of vectors: from file names to octets.

    Args:
        seed: What the vectors depend on.
    """
    return {f"{kind}.json": generate_kind(kind, seed) for kind in GENERATED}


def generate_kind(kind: str, seed: int) -> bytes:
    """Return one file.

    Args:
        kind: One of `GENERATED`.
        seed: What the vectors depend on.

    Raises:
        UsageError: There is no such kind.
    """
    maker = _MAKERS.get(kind)
    if maker is None:
        raise UsageError(f"no vectors of kind {kind} can be generated", kind=kind)
    return written(maker(SeededEntropy(seed).fork(kind.encode())))


__all__ = ["GENERATED", "generate", "generate_kind"]
