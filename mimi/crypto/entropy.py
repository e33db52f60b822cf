"""Where random octets come from: an argument of everything that needs them.

A source is any function from a number of octets to that many octets. Production passes
``os_entropy``; vectors and simulations pass a ``SeededEntropy``, which repeats itself for ever.
"""

import hmac
import os
from collections.abc import Callable

from mimi.crypto.errors import EntropyError

Entropy = Callable[[int], bytes]


def os_entropy(size: int) -> bytes:
    """Return *size* octets from the operating system's generator."""
    return os.urandom(size)  # noqa: TID251 - the one door to the system's randomness


def draw(entropy: Entropy, size: int) -> bytes:
    """Return *size* octets of *entropy*.

    Raises:
        EntropyError: The source returned another number of octets.
    """
    octets = entropy(size)
    if len(octets) != size:
        raise EntropyError("the source of randomness is broken", wanted=size, got=len(octets))
    return octets


class SeededEntropy:
    """The same octets for the same seed, on every machine and in every version.

    Never for production: whoever knows the seed knows every key made from it. The octets are
    read, one call after another, from the concatenation over i = 0, 1, 2... of ::

        HMAC-SHA-256(key, "block" || uint64(i))
        key = HMAC-SHA-256("mimi.crypto.SeededEntropy", seed)

    An integer is the seed of its decimal digits: 7 is the same as ``b"7"``.

    Args:
        seed: What the stream depends on; any length.
    """

    __slots__ = ("_counter", "_key", "_rest")

    def __init__(self, seed: bytes | int) -> None:
        octets = str(seed).encode() if isinstance(seed, int) else seed
        self._start(hmac.digest(b"mimi.crypto.SeededEntropy", octets, "sha256"))

    def _start(self, key: bytes) -> None:
        self._key = key
        self._counter = 0
        self._rest = b""

    def __call__(self, size: int) -> bytes:
        """Return the next *size* octets of the stream."""
        parts = [self._rest]
        missing = size - len(self._rest)
        while missing > 0:
            block = b"block" + self._counter.to_bytes(8, "big")
            parts.append(hmac.digest(self._key, block, "sha256"))
            self._counter += 1
            missing -= 32
        octets = b"".join(parts)
        self._rest = octets[size:]
        return octets[:size]

    def fork(self, label: bytes) -> "SeededEntropy":
        """Return an independent stream, however much of this one has been read.

        Its key is HMAC-SHA-256(key, "fork" || label). One stream for each participant keeps a
        simulation reproducible when the order of their steps changes.
        """
        child = SeededEntropy(b"")
        child._start(hmac.digest(self._key, b"fork" + label, "sha256"))
        return child

    def __repr__(self) -> str:
        return f"SeededEntropy({self._counter} blocks read)"
