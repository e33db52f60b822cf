"""Hash algorithms by their numbers in the Named Information Hash Algorithm registry (RFC 6920).

A number is open: a vendor adds one with `HashAlgorithm.register`. Message IDs take 31 octets of a
hash, so that only algorithms with at least as many make them; the content of an ExternalPart may
have been hashed by any.
"""

import hashlib
from collections.abc import Callable
from typing import ClassVar, Self

from mimi.codec import CodePoint8, point
from mimi.errors import UsageError

Function = Callable[[bytes], bytes]


def _of(name: str, octets: int | None = None) -> Function:
    def digest(data: bytes) -> bytes:
        return hashlib.new(name, data).digest()[:octets]

    return digest


class HashAlgorithm(CodePoint8):
    """A hash algorithm, known or not.

    Attributes:
        functions: From numbers to functions from octets to their hash.
    """

    __slots__ = ()
    NONE = point(0)
    SHA_256 = point(1)
    SHA_256_128 = point(2)
    SHA_256_120 = point(3)
    SHA_256_96 = point(4)
    SHA_256_64 = point(5)
    SHA_256_32 = point(6)
    SHA_384 = point(7)
    SHA_512 = point(8)
    SHA3_224 = point(9)
    SHA3_256 = point(10)
    SHA3_384 = point(11)
    SHA3_512 = point(12)
    BLAKE2S_256 = point(33)
    BLAKE2B_256 = point(34)
    BLAKE2B_512 = point(35)

    functions: ClassVar[dict[int, Function]] = {
        1: _of("sha256"),
        2: _of("sha256", 16),
        3: _of("sha256", 15),
        4: _of("sha256", 12),
        5: _of("sha256", 8),
        6: _of("sha256", 4),
        7: _of("sha384"),
        8: _of("sha512"),
        9: _of("sha3_224"),
        10: _of("sha3_256"),
        11: _of("sha3_384"),
        12: _of("sha3_512"),
        33: _of("blake2s"),
        34: lambda data: hashlib.blake2b(data, digest_size=32).digest(),
        35: _of("blake2b"),
    }

    @classmethod
    def register(cls, name: str, value: int, function: Function) -> Self:
        """Add an algorithm that the registry gained.

        The function is called once, to see how many octets a hash has. Where it raises an error,
        as where the name or the number cannot be had, nothing is added.

        Raises:
            UsageError: The number is taken, is 0, which means none, or is beyond 255; the name
                is that of another number; or the function returns no octets.
        """
        algorithm = cls(value)
        if value in cls.functions or value == 0:
            raise UsageError(f"hash algorithm {value} is {algorithm.name} already")
        if any(code.name == name != algorithm.name for code in cls.known.values()):
            raise UsageError(f"another hash algorithm is {name} already", name=name)
        hashed: object = function(b"")
        if not isinstance(hashed, bytes) or not hashed:
            raise UsageError("a hash function that returns no octets", name=name)
        cls.functions[value] = function
        if len(hashed) >= LEAST:
            IDENTIFYING.add(value)
        return cls.declare(name, value)

    @property
    def is_known(self) -> bool:
        """Whether it can be computed here."""
        return int(self) in self.functions

    def digest(self, data: bytes) -> bytes:
        """Return the hash of *data*.

        Raises:
            UsageError: The algorithm is not known.
        """
        function = self.functions.get(int(self))
        if function is None:
            raise UsageError(f"no hash algorithm: {self}")
        return function(data)


LEAST = 31
"""How many octets of a hash a message ID has."""

IDENTIFYING = {1, 7, 8, 10, 11, 12, 33, 34, 35}
"""The numbers of the algorithms that make message IDs."""
