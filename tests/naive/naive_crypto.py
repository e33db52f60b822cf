"""The cipher suites of MLS (RFC 9420, section 17.1) and the functions built on them."""

import hashlib
import hmac
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, x448, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from naive.naive_wire import U16, U32, write_opaque
from pyhpke import AEADId, CipherSuite, KDFId, KEMId
from pyhpke.exceptions import PyHPKEError


class Suite(NamedTuple):
    """One row of the table of cipher suites."""

    kem: int
    kdf: int
    aead: int
    hash_name: str
    signature: str


SUITES = {
    1: Suite(0x0020, 1, 1, "sha256", "ed25519"),
    2: Suite(0x0010, 1, 1, "sha256", "p256"),
    3: Suite(0x0020, 1, 3, "sha256", "ed25519"),
    4: Suite(0x0021, 3, 2, "sha512", "ed448"),
    5: Suite(0x0012, 3, 2, "sha512", "p521"),
    6: Suite(0x0021, 3, 3, "sha512", "ed448"),
    7: Suite(0x0011, 2, 2, "sha384", "p384"),
}

CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "p256": (ec.SECP256R1(), hashes.SHA256()),
    "p384": (ec.SECP384R1(), hashes.SHA384()),
    "p521": (ec.SECP521R1(), hashes.SHA512()),
}

# RFC 9180, sections 7.1 and 7.1.3: curve, octets of a private key, bitmask, order of the group
NIST_KEMS: dict[int, tuple[ec.EllipticCurve, int, int, int]] = {
    0x0010: (
        ec.SECP256R1(),
        32,
        0xFF,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ),
    0x0011: (
        ec.SECP384R1(),
        48,
        0xFF,
        (0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF << 192)
        | 0xC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    ),
    0x0012: (
        ec.SECP521R1(),
        66,
        0x01,
        (0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA << 256)
        | 0x51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
    ),
}
X25519_KEM = 0x0020
X448_KEM = 0x0021

AEAD_KEY_SIZES = {1: 16, 2: 32, 3: 32}
AEAD_NONCE_SIZE = 12


def suite_of(number: int) -> Suite:
    if number not in SUITES:
        raise ValueError(f"there is no cipher suite {number}")
    return SUITES[number]


# Hash, MAC and key derivation (RFC 2104, RFC 5869)


def hash_size(suite: Suite) -> int:
    return hashlib.new(suite.hash_name).digest_size


def hash_of(suite: Suite, octets: bytes) -> bytes:
    return hashlib.new(suite.hash_name, octets).digest()


def mac(suite: Suite, key: bytes, octets: bytes) -> bytes:
    return hmac.new(key, octets, suite.hash_name).digest()


def extract(suite: Suite, salt: bytes, ikm: bytes) -> bytes:
    return mac(suite, salt or bytes(hash_size(suite)), ikm)


def expand(suite: Suite, prk: bytes, info: bytes, length: int) -> bytes:
    if length > 255 * hash_size(suite):
        raise ValueError(f"HKDF does not give {length} octets")
    output = b""
    block = b""
    counter = 0
    while len(output) < length:
        counter += 1
        block = mac(suite, prk, block + info + bytes([counter]))
        output += block
    return output[:length]


# Labelled functions (RFC 9420, sections 5.1, 5.2, 8 and 9)


def label_octets(label: str) -> bytes:
    return b"MLS 1.0 " + label.encode()


def ref_hash(suite: Suite, label: str, value: bytes) -> bytes:
    return hash_of(suite, write_opaque(label.encode()) + write_opaque(value))


def key_package_ref(suite: Suite, key_package: bytes) -> bytes:
    return ref_hash(suite, "MLS 1.0 KeyPackage Reference", key_package)


def expand_with_label(
    suite: Suite, secret: bytes, label: str, context: bytes, length: int
) -> bytes:
    info = U16.write(length) + write_opaque(label_octets(label)) + write_opaque(context)
    return expand(suite, secret, info, length)


def derive_secret(suite: Suite, secret: bytes, label: str) -> bytes:
    return expand_with_label(suite, secret, label, b"", hash_size(suite))


def derive_tree_secret(
    suite: Suite, secret: bytes, label: str, generation: int, length: int
) -> bytes:
    return expand_with_label(suite, secret, label, U32.write(generation), length)


# AEAD (RFC 5116)


def key_size(suite: Suite) -> int:
    return AEAD_KEY_SIZES[suite.aead]


def aead_open(suite: Suite, key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes:
    cipher = ChaCha20Poly1305(key) if suite.aead == 3 else AESGCM(key)
    try:
        return cipher.decrypt(nonce, ciphertext, aad)
    except InvalidTag as error:
        raise ValueError("the AEAD does not open the ciphertext") from error


# Signatures


def sign_content(label: str, content: bytes) -> bytes:
    return write_opaque(label_octets(label)) + write_opaque(content)


def load_public_signature_key(suite: Suite, public: bytes) -> Any:
    if suite.signature == "ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(public)
    if suite.signature == "ed448":
        return ed448.Ed448PublicKey.from_public_bytes(public)
    if public[:1] != b"\x04":
        raise ValueError("an ECDSA public key is not an uncompressed point")
    curve, _ = CURVES[suite.signature]
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, public)


def load_private_signature_key(suite: Suite, private: bytes) -> Any:
    if suite.signature == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(private)
    if suite.signature == "ed448":
        return ed448.Ed448PrivateKey.from_private_bytes(private)
    curve, _ = CURVES[suite.signature]
    return ec.derive_private_key(int.from_bytes(private, "big"), curve)


def signature_public_of(suite: Suite, private: bytes) -> bytes:
    return public_octets(load_private_signature_key(suite, private).public_key())


def verify_with_label(
    suite: Suite, public: bytes, label: str, content: bytes, signature: bytes
) -> bool:
    key = load_public_signature_key(suite, public)
    signed = sign_content(label, content)
    try:
        if suite.signature in CURVES:
            key.verify(signature, signed, ec.ECDSA(CURVES[suite.signature][1]))
        else:
            key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def sign_with_label(suite: Suite, private: bytes, label: str, content: bytes) -> bytes:
    key = load_private_signature_key(suite, private)
    signed = sign_content(label, content)
    if suite.signature in CURVES:
        return key.sign(signed, ec.ECDSA(CURVES[suite.signature][1]))
    return key.sign(signed)


def public_octets(key: Any) -> bytes:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


# HPKE (RFC 9180)


def full_private_key(suite: Suite, private: bytes) -> bytes:
    """Give the leading zeros back that published vectors leave out on the NIST curves."""
    return private.rjust(NIST_KEMS[suite.kem][1], b"\0") if suite.kem in NIST_KEMS else private


def hpke_public_of(suite: Suite, private: bytes) -> bytes:
    if suite.kem == X25519_KEM:
        return public_octets(x25519.X25519PrivateKey.from_private_bytes(private).public_key())
    if suite.kem == X448_KEM:
        return public_octets(x448.X448PrivateKey.from_private_bytes(private).public_key())
    curve, size, _, _ = NIST_KEMS[suite.kem]
    if len(private) != size:
        raise ValueError(f"an HPKE private key has {len(private)} octets, not {size}")
    return public_octets(ec.derive_private_key(int.from_bytes(private, "big"), curve).public_key())


def derive_key_pair(suite: Suite, ikm: bytes) -> tuple[bytes, bytes]:
    """DeriveKeyPair of RFC 9180, section 7.1.3: private key and public key.

    In every suite of MLS the KEM's hash is the suite's own.
    """
    suite_id = b"KEM" + U16.write(suite.kem)
    prk = extract(suite, b"", b"HPKE-v1" + suite_id + b"dkp_prk" + ikm)

    def labeled_expand(label: bytes, info: bytes, length: int) -> bytes:
        labeled_info = U16.write(length) + b"HPKE-v1" + suite_id + label + info
        return expand(suite, prk, labeled_info, length)

    if suite.kem == X25519_KEM:
        private = labeled_expand(b"sk", b"", 32)
    elif suite.kem == X448_KEM:
        private = labeled_expand(b"sk", b"", 56)
    else:
        _, size, bitmask, order = NIST_KEMS[suite.kem]
        private = b""
        counter = 0
        while not 0 < int.from_bytes(private, "big") < order:
            if counter > 255:
                raise ValueError("DeriveKeyPair found no key")
            candidate = labeled_expand(b"candidate", bytes([counter]), size)
            private = bytes([candidate[0] & bitmask]) + candidate[1:]
            counter += 1
    return private, hpke_public_of(suite, private)


def hpke_suite(suite: Suite) -> CipherSuite:
    return CipherSuite.new(KEMId(suite.kem), KDFId(suite.kdf), AEADId(suite.aead))


def encrypt_with_label(
    suite: Suite, public: bytes, label: str, context: bytes, plaintext: bytes
) -> tuple[bytes, bytes]:
    """Give the KEM output and the ciphertext."""
    hpke = hpke_suite(suite)
    info = write_opaque(label_octets(label)) + write_opaque(context)
    enc, sender = hpke.create_sender_context(hpke.kem.deserialize_public_key(public), info)
    return enc, sender.seal(plaintext)


def decrypt_with_label(
    suite: Suite, private: bytes, label: str, context: bytes, sealed: tuple[bytes, bytes]
) -> bytes:
    """Open a pair of KEM output and ciphertext."""
    hpke = hpke_suite(suite)
    info = write_opaque(label_octets(label)) + write_opaque(context)
    kem_output, ciphertext = sealed
    try:
        key = hpke.kem.deserialize_private_key(private)
        return hpke.create_recipient_context(kem_output, key, info).open(ciphertext)
    except PyHPKEError as error:
        raise ValueError(f"HPKE does not open what is labelled {label!r}") from error


def receive_export(suite: Suite, private: bytes, kem_output: bytes, label: bytes) -> bytes:
    """Give the exported secret, as long as a hash, of a context without info and plaintext."""
    hpke = hpke_suite(suite)
    try:
        key = hpke.kem.deserialize_private_key(private)
        return hpke.create_recipient_context(kem_output, key).export(label, hash_size(suite))
    except PyHPKEError as error:
        raise ValueError("HPKE does not open the KEM output") from error
