"""Authenticated encryption with associated data (RFC 5116), as data."""

from collections.abc import Callable
from typing import Protocol

import attrs
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import aead as backend

from mimi.crypto.errors import (
    DecryptionError,
    ExportOnlyError,
    InputSizeError,
    UnavailableAlgorithmError,
)


class Cipher(Protocol):
    """What the library underneath makes of a key."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Return ciphertext and tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Return the plaintext, or raise ``InvalidTag``."""


@attrs.frozen
class Aead:
    """An algorithm that hides a plaintext and vouches for it and its associated data.

    Attributes:
        code: The identifier of RFC 9180 section 7.3, 16 bits.
        nk: Octets of a key.
        nn: Octets of a nonce.
        nt: Octets by which a ciphertext is longer than its plaintext.
        cipher: Makes the cipher of a key; None for the export-only algorithm.
    """

    code: int
    nk: int
    nn: int
    nt: int
    cipher: Callable[[bytes], Cipher] | None

    def seal(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        """Return ciphertext and tag: Nt octets more than *plaintext*.

        Raises:
            InputSizeError: *key* is not Nk, *nonce* not Nn octets, or an input is enormous.
            ExportOnlyError: The algorithm encrypts nothing.
        """
        cipher = self._cipher(key, nonce)
        try:
            return cipher.encrypt(nonce, plaintext, aad)
        except (ValueError, OverflowError) as error:
            raise InputSizeError("the plaintext is too long", size=len(plaintext)) from error

    def open(self, key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes:
        """Return the plaintext of *ciphertext*.

        Raises:
            DecryptionError: Key, nonce, associated data and ciphertext do not belong together.
            InputSizeError: *key* is not Nk or *nonce* not Nn octets.
            ExportOnlyError: The algorithm encrypts nothing.
        """
        cipher = self._cipher(key, nonce)
        try:
            return cipher.decrypt(nonce, ciphertext, aad)
        except (InvalidTag, ValueError, OverflowError) as error:
            raise DecryptionError("the ciphertext is not genuine", size=len(ciphertext)) from error

    def _cipher(self, key: bytes, nonce: bytes) -> Cipher:
        if self.cipher is None:
            raise ExportOnlyError("the export-only algorithm does not encrypt")
        if len(key) != self.nk or len(nonce) != self.nn:
            raise InputSizeError("wrong size of key or nonce", key=len(key), nonce=len(nonce))
        try:
            return self.cipher(key)
        except UnsupportedAlgorithm as error:
            raise UnavailableAlgorithmError("the cipher is not available") from error


AES_128_GCM = Aead(0x0001, nk=16, nn=12, nt=16, cipher=backend.AESGCM)
AES_256_GCM = Aead(0x0002, nk=32, nn=12, nt=16, cipher=backend.AESGCM)
CHACHA20_POLY1305 = Aead(0x0003, nk=32, nn=12, nt=16, cipher=backend.ChaCha20Poly1305)
EXPORT_ONLY = Aead(0xFFFF, nk=0, nn=0, nt=0, cipher=None)
