"""Attachments of MIMI content (draft-ietf-mimi-content-08, section 4.5), opened the long way."""

import hashlib
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import (
    AESCCM,
    AESGCM,
    AESGCMSIV,
    AESOCB3,
    AESSIV,
    ChaCha20Poly1305,
)
from naive.naive_cbor import Refused
from naive.naive_content import HASHES

TRUNCATED = {2: 16, 3: 15, 4: 12, 5: 8, 6: 4}  # octets of SHA-256


def truncated(size: int) -> Callable[[bytes], bytes]:
    return lambda octets: hashlib.sha256(octets).digest()[:size]


# the registry of hash algorithms for named information
CONTENT_HASHES: dict[int, Callable[[bytes], bytes]] = {
    **HASHES,
    **{number: truncated(size) for number, size in TRUNCATED.items()},
    9: lambda octets: hashlib.sha3_224(octets).digest(),
}

# the registry of AEAD algorithms: octets of a key, of the tag, of a nonce, and how to make one
AEADS: dict[int, tuple[int, int, range, Any]] = {
    1: (16, 16, range(12, 13), AESGCM),
    2: (32, 16, range(12, 13), AESGCM),
    3: (16, 16, range(12, 13), AESCCM),
    4: (32, 16, range(12, 13), AESCCM),
    15: (32, 16, range(1, 1 << 20), AESSIV),
    16: (48, 16, range(1, 1 << 20), AESSIV),
    17: (64, 16, range(1, 1 << 20), AESSIV),
    18: (16, 8, range(12, 13), lambda key: AESCCM(key, tag_length=8)),
    19: (32, 8, range(12, 13), lambda key: AESCCM(key, tag_length=8)),
    20: (16, 16, range(12, 16), AESOCB3),
    23: (24, 16, range(12, 16), AESOCB3),
    26: (32, 16, range(12, 16), AESOCB3),
    29: (32, 16, range(12, 13), ChaCha20Poly1305),
    30: (16, 16, range(12, 13), AESGCMSIV),
    31: (32, 16, range(12, 13), AESGCMSIV),
}


def open_attachment(part: dict, octets: bytes, now: int | None, most: int) -> bytes:
    """Give the content behind an ExternalPart, of which *octets* were fetched."""
    if now is not None and part["expires"] != 0 and now > part["expires"]:
        raise Refused("attachment-expired")
    if len(octets) > most:
        raise Refused("attachment-too-large")
    if part["enc_alg"] != 0 and part["enc_alg"] not in AEADS:
        raise Refused("attachment-aead")
    tag_size = AEADS[part["enc_alg"]][1] if part["enc_alg"] else 0
    if part["size"] not in (0, len(octets), len(octets) - tag_size):
        raise Refused("attachment-size")
    check_hash(part, octets)
    return decrypt(part, octets) if part["enc_alg"] else octets


def check_hash(part: dict, octets: bytes) -> None:
    digest = bytes.fromhex(part["content_hash"])
    if part["hash_alg"] == 0 and not digest:
        return
    if part["hash_alg"] not in CONTENT_HASHES:
        raise Refused("attachment-hash-algorithm")
    if CONTENT_HASHES[part["hash_alg"]](octets) != digest:
        raise Refused("attachment-hash")


def decrypt(part: dict, octets: bytes) -> bytes:
    key_size, _, nonce_sizes, make = AEADS[part["enc_alg"]]
    key, nonce, aad = (bytes.fromhex(part[name]) for name in ("key", "nonce", "aad"))
    if len(key) != key_size:
        raise Refused("attachment-key-size")
    if len(nonce) not in nonce_sizes:
        raise Refused("attachment-nonce-size")
    cipher = make(key)
    try:
        if isinstance(cipher, AESSIV):  # the nonce is the last of the additional data
            return cipher.decrypt(octets, [aad, nonce])
        return cipher.decrypt(nonce, octets, aad)
    except InvalidTag:
        raise Refused("attachment-decryption") from None
