"""HKDF (RFC 5869) as data: one hash function, one length.

::

    Extract(salt, ikm) = HMAC(salt, ikm)
    Expand(prk, info, L) = first L octets of T(1) || T(2) || ...
    T(i) = HMAC(prk, T(i-1) || info || octet(i))
"""

import hmac
from collections.abc import Iterable

import attrs
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from mimi.crypto.errors import OutputLengthError


@attrs.frozen
class Kdf:
    """A key derivation function.

    Attributes:
        code: The identifier of RFC 9180 section 7.2, 16 bits.
        hash_name: The hash function, by the name that ``hashlib`` knows.
        nh: Octets of what Extract returns.
        limit: The most octets that Expand returns.
    """

    code: int
    hash_name: str
    nh: int
    limit: int = attrs.field(init=False)
    _hash: hashes.HashAlgorithm | None = attrs.field(init=False, eq=False, repr=False)

    _unsalted: HMAC | None = attrs.field(init=False, eq=False, repr=False)

    @limit.default
    def _limit(self) -> int:
        return 255 * self.nh

    @_hash.default
    def _hash_algorithm(self) -> hashes.HashAlgorithm | None:
        algorithm = getattr(hashes, self.hash_name.upper(), None)
        return None if algorithm is None else algorithm()

    @_unsalted.default
    def _hmac_without_salt(self) -> HMAC | None:
        return None if self._hash is None else HMAC(bytes(self.nh), self._hash)

    def extract(self, salt: bytes, ikm: bytes) -> bytes:
        """Return the pseudorandom key of *ikm*, Nh octets. An empty *salt* means Nh zeros."""
        if self._hash is None or self._unsalted is None:
            return hmac.digest(salt, ikm, self.hash_name)
        # HPKE extracts without salt several times for each message
        one = HMAC(salt, self._hash) if salt else self._unsalted.copy()
        one.update(ikm)
        return one.finalize()

    def expand(self, prk: bytes, info: bytes, length: int) -> bytes:
        """Return *length* octets that depend on *prk* and are bound to *info*.

        Raises:
            OutputLengthError: *length* is negative or exceeds 255 times Nh.
        """
        if 0 <= length <= self.nh and self._hash is not None:
            one = HMAC(prk, self._hash)
            one.update(info + b"\x01")
            return one.finalize()[:length]
        self.check_length(length)
        blocks = [b""]
        for index in range(1, -(-length // self.nh) + 1):
            block = blocks[-1] + info + index.to_bytes(1, "big")
            blocks.append(hmac.digest(prk, block, self.hash_name))
        return b"".join(blocks)[:length]

    def expand_each(self, prk: bytes, wanted: Iterable[tuple[bytes, int]]) -> list[bytes]:
        """Return `expand` of one *prk* for each info and length.

        To set HMAC up for a key takes twice as long as to compute it of a label; here that is done
        once. The time counts: this is most of what a message costs beside its signature.

        Raises:
            OutputLengthError: A length is negative or exceeds 255 times Nh.
        """
        if self._hash is None:
            return [self.expand(prk, info, length) for info, length in wanted]
        ready, expanded = HMAC(prk, self._hash), []
        for info, length in wanted:
            if 0 <= length <= self.nh:
                one = ready.copy()
                one.update(info + b"\x01")
                expanded.append(one.finalize()[:length])
            else:
                expanded.append(self.expand(prk, info, length))
        return expanded

    def check_length(self, length: int) -> None:
        """Raise ``OutputLengthError`` unless ``expand`` can return *length* octets."""
        if not 0 <= length <= self.limit:
            raise OutputLengthError(
                "this length cannot be derived", length=length, limit=self.limit
            )


HKDF_SHA256 = Kdf(0x0001, "sha256", 32)
HKDF_SHA384 = Kdf(0x0002, "sha384", 48)
HKDF_SHA512 = Kdf(0x0003, "sha512", 64)
