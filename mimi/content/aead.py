"""Encryption of content kept elsewhere: algorithms by their numbers in the IANA AEAD registry.

An algorithm of RFC 5116 takes a key, a nonce, additional data and octets. The registry is open: a
vendor adds an algorithm with `register`. AES-128-GCM is the one that everybody has
(draft-ietf-mimi-content-08 section 4.5).
"""

from collections.abc import Callable
from functools import partial

import attrs
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import aead as backend

from mimi.content.errors import (
    AttachmentDecryptionError,
    AttachmentKeySizeError,
    AttachmentNonceSizeError,
    UnknownAEADError,
)
from mimi.content.model import AEADAlgorithm
from mimi.crypto import UnavailableAlgorithmError
from mimi.crypto.aead import Cipher
from mimi.errors import UsageError

GCM_MOST = (1 << 36) - 31
CCM_MOST = (1 << 24) - 1
"""With a nonce of 12 octets, 3 are left to count the octets (RFC 5116 section 5.3)."""
UNBOUNDED = 1 << 64


@attrs.frozen
class ContentAEAD:
    """An algorithm that hides content and vouches for it.

    Attributes:
        key_octets: Octets of a key.
        nonce_octets: Octets of the nonces that are drawn here.
        tag_octets: By how many octets what is encrypted is longer than the content.
        cipher: Makes the cipher of a key.
        other_nonces: How many octets the nonces of others may have besides.
        most_octets: How much content one nonce permits.
    """

    key_octets: int
    nonce_octets: int
    tag_octets: int
    cipher: Callable[[bytes], Cipher]
    other_nonces: range = range(0)
    most_octets: int = UNBOUNDED

    def seal(self, key: bytes, nonce: bytes, aad: bytes, content: bytes) -> bytes:
        """Return *content* encrypted: *tag_octets* more than it has.

        Raises:
            UsageError: The content is too long.
            UnavailableAlgorithmError: The library underneath was built without the algorithm.
        """
        if len(content) <= self.most_octets:
            try:
                return self._keyed(key).encrypt(nonce, content, aad)
            except (ValueError, OverflowError):
                pass  # longer than the library underneath takes in one piece
        raise UsageError("content too long for the algorithm", size=len(content))

    def open(self, key: bytes, nonce: bytes, aad: bytes, octets: bytes) -> bytes:
        """Return the content that was encrypted to *octets*.

        Raises:
            AttachmentKeySizeError: The key is of another length.
            AttachmentNonceSizeError: The nonce is of another length.
            AttachmentDecryptionError: Key, nonce, additional data and octets do not belong
                together.
            UnavailableAlgorithmError: The library underneath was built without the algorithm.
        """
        if len(key) != self.key_octets:
            raise AttachmentKeySizeError(
                f"a key of {len(key)} octets, {self.key_octets} expected", size=len(key)
            )
        if len(nonce) != self.nonce_octets and len(nonce) not in self.other_nonces:
            raise AttachmentNonceSizeError(
                f"a nonce of {len(nonce)} octets, {self.nonce_octets} expected", size=len(nonce)
            )
        try:
            return self._keyed(key).decrypt(nonce, octets, aad)
        except (InvalidTag, ValueError, OverflowError) as error:
            raise AttachmentDecryptionError(
                "the content is not genuine", size=len(octets)
            ) from error

    def _keyed(self, key: bytes) -> Cipher:
        try:
            return self.cipher(key)
        except UnsupportedAlgorithm as error:
            raise UnavailableAlgorithmError("the cipher is not available") from error


class _Siv:
    """AES-SIV as an AEAD: the nonce is the last of the associated data (RFC 5297 section 3)."""

    def __init__(self, key: bytes) -> None:
        self.cipher = backend.AESSIV(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        return self.cipher.encrypt(data, [associated_data, nonce])

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        return self.cipher.decrypt(data, [associated_data, nonce])


def _gcm(key_octets: int) -> ContentAEAD:
    return ContentAEAD(key_octets, 12, 16, backend.AESGCM, most_octets=GCM_MOST)


def _ccm(key_octets: int, tag_octets: int) -> ContentAEAD:
    cipher = partial(backend.AESCCM, tag_length=tag_octets)
    return ContentAEAD(key_octets, 12, tag_octets, cipher, most_octets=CCM_MOST)


def _siv(key_octets: int) -> ContentAEAD:
    # Any nonce will do, of one octet and more; none is longer than a part may be.
    return ContentAEAD(key_octets, 16, 16, _Siv, other_nonces=range(1, 1 << 20))


def _ocb(key_octets: int) -> ContentAEAD:
    # RFC 7253 section 3.1 begins at 1 octet, the library underneath at 12, which all recommend.
    return ContentAEAD(key_octets, 12, 16, backend.AESOCB3, other_nonces=range(12, 16))


def _gcm_siv(key_octets: int) -> ContentAEAD:
    return ContentAEAD(key_octets, 12, 16, backend.AESGCMSIV, most_octets=1 << 36)


AEADS: dict[int, ContentAEAD] = {
    AEADAlgorithm.AES_128_GCM: _gcm(16),
    AEADAlgorithm.AES_256_GCM: _gcm(32),
    AEADAlgorithm.AES_128_CCM: _ccm(16, 16),
    AEADAlgorithm.AES_256_CCM: _ccm(32, 16),
    AEADAlgorithm.AES_SIV_CMAC_256: _siv(32),
    AEADAlgorithm.AES_SIV_CMAC_384: _siv(48),
    AEADAlgorithm.AES_SIV_CMAC_512: _siv(64),
    AEADAlgorithm.AES_128_CCM_8: _ccm(16, 8),
    AEADAlgorithm.AES_256_CCM_8: _ccm(32, 8),
    AEADAlgorithm.AES_128_OCB_TAGLEN128: _ocb(16),
    AEADAlgorithm.AES_192_OCB_TAGLEN128: _ocb(24),
    AEADAlgorithm.AES_256_OCB_TAGLEN128: _ocb(32),
    AEADAlgorithm.CHACHA20_POLY1305: ContentAEAD(
        32, 12, 16, backend.ChaCha20Poly1305, most_octets=(1 << 38) - 64
    ),
    AEADAlgorithm.AES_128_GCM_SIV: _gcm_siv(16),
    AEADAlgorithm.AES_256_GCM_SIV: _gcm_siv(32),
}
"""From numbers to algorithms."""


def register(name: str, number: int, aead: ContentAEAD) -> AEADAlgorithm:
    """Add an algorithm that the registry gained, or a private one (32768 and above).

    Raises:
        UsageError: The number is taken, is 0, which means none, or is beyond 65535; or the name
            is that of another number.
    """
    code = AEADAlgorithm(number)
    if not code or number in AEADS:
        raise UsageError(f"AEAD algorithm {number} is {code.name} already")
    if any(other.name == name != code.name for other in AEADAlgorithm.known.values()):
        raise UsageError(f"another AEAD algorithm is {name} already", name=name)
    AEADS[number] = aead
    return AEADAlgorithm.declare(name, number)


def aead_of(number: int) -> ContentAEAD:
    """Return the algorithm of a number.

    Raises:
        UnknownAEADError: Nobody registered it.
    """
    aead = AEADS.get(number)
    if aead is None:
        raise UnknownAEADError(f"no AEAD algorithm {number}", number=number)
    return aead
