"""Cipher suites as data, and the operations of RFC 9420 that they define.

::

    CipherSuite 0x0001 ---> Suite: kem kdf aead -> hpke     encrypt, decrypt, external init
                                   kdf                      expand, derive
                                   aead                     seal, open
                                   hash                     hash, mac, references
                                   signature                sign, verify

Secrets go in and come out as plain ``bytes``: these functions are called thousands of times for
one commit. Whoever keeps a result wraps it in ``Secret`` where it is stored.
"""

import hashlib
import hmac
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs

from mimi.codec import CodePoint16, point
from mimi.crypto import labels
from mimi.crypto.aead import AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305, Aead
from mimi.crypto.entropy import Entropy
from mimi.crypto.errors import (
    InputSizeError,
    RegistrationError,
    SuiteMismatchError,
    UnknownCipherSuiteError,
)
from mimi.crypto.hpke import Hpke, PreparedInfo
from mimi.crypto.kdf import HKDF_SHA256, HKDF_SHA384, HKDF_SHA512, Kdf
from mimi.crypto.kem import (
    DHKEM_P256,
    DHKEM_P384,
    DHKEM_P521,
    DHKEM_X448,
    DHKEM_X25519,
    HPKEPrivateKey,
    Kem,
)
from mimi.crypto.signature import (
    ECDSA_SECP256R1_SHA256,
    ECDSA_SECP384R1_SHA384,
    ECDSA_SECP521R1_SHA512,
    ED448,
    ED25519,
    SignaturePrivateKey,
    SignatureScheme,
)

EXTERNAL_INIT = labels.PREFIX + b"external init secret"


class CipherSuite(CodePoint16):
    """The code point of a cipher suite (RFC 9420 section 17.1); unknown ones are kept."""

    MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519 = point(0x0001)
    MLS_128_DHKEMP256_AES128GCM_SHA256_P256 = point(0x0002)
    MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519 = point(0x0003)
    MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448 = point(0x0004)
    MLS_256_DHKEMP521_AES256GCM_SHA512_P521 = point(0x0005)
    MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448 = point(0x0006)
    MLS_256_DHKEMP384_AES256GCM_SHA384_P384 = point(0x0007)

    X25519_AES128 = point(0x0001)
    P256_AES128 = point(0x0002)
    X25519_CHACHA20 = point(0x0003)
    X448_AES256 = point(0x0004)
    P521_AES256 = point(0x0005)
    X448_CHACHA20 = point(0x0006)
    P384_AES256 = point(0x0007)


@attrs.frozen(repr=False)
class Suite:
    """One cipher suite: which algorithms it names, and the operations that they make.

    Attributes:
        code: Its code point.
        kem: The key encapsulation of its HPKE.
        kdf: The key derivation of its HPKE and of the key schedule.
        aead: The encryption of its HPKE and of messages.
        hash_name: The hash function, by the name that ``hashlib`` knows; also that of the MAC.
        signature: The signature scheme.
        hpke: Public key encryption with these algorithms.
    """

    code: CipherSuite
    kem: Kem
    kdf: Kdf
    aead: Aead
    hash_name: str
    signature: SignatureScheme
    hpke: Hpke = attrs.field(init=False)

    _hash: Callable[[bytes], Any] = attrs.field(init=False, eq=False)

    @_hash.default
    def _hash_function(self) -> Callable[[bytes], Any]:
        return getattr(hashlib, self.hash_name, None) or partial(hashlib.new, self.hash_name)

    _ratchet_labels: tuple[tuple[bytes, int], ...] = attrs.field(init=False, eq=False)
    """The labels of `derive_generation` without the generation, each with the length for it."""

    @_ratchet_labels.default
    def _labels_of_a_generation(self) -> tuple[tuple[bytes, int], ...]:
        wanted = (b"key", self.aead.nk), (b"nonce", self.aead.nn), (b"secret", self.kdf.nh)
        return tuple((labels.kdf_label_head(size, label, 4), size) for label, size in wanted)

    _child_labels: tuple[tuple[bytes, int], ...] = attrs.field(init=False, eq=False)
    """The labels of `derive_children`, each with its length."""

    @_child_labels.default
    def _labels_of_the_children(self) -> tuple[tuple[bytes, int], ...]:
        nh = self.kdf.nh
        return tuple((labels.kdf_label(nh, b"tree", side), nh) for side in (b"left", b"right"))

    @hpke.default
    def _hpke(self) -> Hpke:
        return Hpke(self.kem, self.kdf, self.aead)

    def __hash__(self) -> int:
        return hash(self.code)

    def __repr__(self) -> str:
        return f"Suite({self.code.name})"

    @property
    def nh(self) -> int:
        """KDF.Nh: octets of a secret of the key schedule."""
        return self.kdf.nh

    @property
    def nk(self) -> int:
        """AEAD.Nk: octets of an encryption key."""
        return self.aead.nk

    @property
    def nn(self) -> int:
        """AEAD.Nn: octets of a nonce."""
        return self.aead.nn

    # Hash, MAC, KDF and AEAD (RFC 9420 section 5.1)

    def hash(self, data: bytes) -> bytes:
        """Return the hash of *data*."""
        digest: bytes = self._hash(data).digest()
        return digest

    def mac(self, key: bytes, data: bytes) -> bytes:
        """Return HMAC of *data*, as long as a hash."""
        return hmac.digest(key, data, self.hash_name)

    def verify_mac(self, key: bytes, data: bytes, tag: bytes) -> bool:
        """Return whether *tag* is the MAC of *data*, in constant time."""
        return hmac.compare_digest(hmac.digest(key, data, self.hash_name), tag)

    def extract(self, salt: bytes, ikm: bytes) -> bytes:
        """Return KDF.Extract(salt, ikm), Nh octets."""
        return self.kdf.extract(salt, ikm)

    def expand(self, prk: bytes, info: bytes, length: int) -> bytes:
        """Return KDF.Expand(prk, info, length), or raise ``OutputLengthError``."""
        return self.kdf.expand(prk, info, length)

    def aead_seal(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        """Return the ciphertext of *plaintext* under a key of Nk and a nonce of Nn octets."""
        return self.aead.seal(key, nonce, aad, plaintext)

    def aead_open(self, key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes:
        """Return the plaintext of *ciphertext*, or raise ``DecryptionError``."""
        return self.aead.open(key, nonce, aad, ciphertext)

    # Derivation and references with labels (sections 5.2, 8 and 9.1)

    def expand_with_label(self, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
        """Return ExpandWithLabel(secret, label, context, length).

        Raises:
            OutputLengthError: *length* is negative or exceeds 255 times Nh.
        """
        self.kdf.check_length(length)
        return self.kdf.expand(secret, labels.kdf_label(length, label, context), length)

    def derive_key_and_nonce(self, secret: bytes, context: bytes) -> tuple[bytes, bytes]:
        """Return ExpandWithLabel under "key" and under "nonce", Nk and Nn octets."""
        kdf_label, nk, nn = labels.kdf_label, self.aead.nk, self.aead.nn
        wanted = (kdf_label(nk, b"key", context), nk), (kdf_label(nn, b"nonce", context), nn)
        key, nonce = self.kdf.expand_each(secret, wanted)
        return key, nonce

    def derive_children(self, secret: bytes) -> tuple[bytes, bytes]:
        """Return the secrets of both children of a node of the secret tree (section 9)."""
        left, right = self.kdf.expand_each(secret, self._child_labels)
        return left, right

    def derive_ratchets(self, secret: bytes) -> tuple[bytes, bytes]:
        """Return the first secrets of a leaf's handshake and application ratchet (section 9.1)."""
        kdf_label, nh = labels.kdf_label, self.kdf.nh
        wanted = (kdf_label(nh, b"handshake", b""), nh), (kdf_label(nh, b"application", b""), nh)
        handshake, application = self.kdf.expand_each(secret, wanted)
        return handshake, application

    def derive_secret(self, secret: bytes, label: bytes) -> bytes:
        """Return DeriveSecret(secret, label), Nh octets."""
        nh = self.kdf.nh
        return self.kdf.expand(secret, labels.kdf_label(nh, label, b""), nh)

    def derive_secrets(self, secret: bytes, wanted: tuple[bytes, ...]) -> list[bytes]:
        """Return DeriveSecret of one secret for each label, Nh octets each."""
        return self.kdf.expand_each(secret, labels.derive_secret_labels(self.kdf.nh, wanted))

    def derive_tree_secret(
        self, secret: bytes, label: bytes, generation: int, length: int
    ) -> bytes:
        """Return DeriveTreeSecret(secret, label, generation, length).

        Raises:
            InputSizeError: *generation* is no 32-bit number.
            OutputLengthError: *length* is negative or exceeds 255 times Nh.
        """
        return self.expand_with_label(secret, label, _tree_position(generation), length)

    def derive_generation(self, secret: bytes, generation: int) -> tuple[bytes, bytes, bytes]:
        """Return what a ratchet has at a generation: key, nonce, and the secret of the next one.

        They are DeriveTreeSecret with the labels "key", "nonce" and "secret": Nk, Nn and Nh octets.

        Raises:
            InputSizeError: *generation* is no 32-bit number.
        """
        context = _tree_position(generation)
        (key, nk), (nonce, nn), (following, nh) = self._ratchet_labels
        wanted = ((key + context, nk), (nonce + context, nn), (following + context, nh))
        key, nonce, following = self.kdf.expand_each(secret, wanted)
        return key, nonce, following

    def ref_hash(self, label: bytes, value: bytes) -> bytes:
        """Return RefHash(label, value); *label* is given in full, "MLS 1.0 " included."""
        return self.hash(labels.ref_hash_input(label, value))

    # Signing (section 5.1.2)

    def generate_signature_key(self, entropy: Entropy) -> SignaturePrivateKey:
        """Return a new key pair for signing."""
        return self.signature.generate(entropy)

    def signature_private_key(self, octets: bytes) -> SignaturePrivateKey:
        """Return the key pair of a stored private key, or raise ``InvalidPrivateKeyError``."""
        return self.signature.private_key(octets)

    def check_signature_public_key(self, public: bytes) -> None:
        """Return if *public* is a key for verifying, or raise ``InvalidPublicKeyError``."""
        self.signature.check_public_key(public)

    def sign_with_label(self, private: SignaturePrivateKey, label: bytes, content: bytes) -> bytes:
        """Return SignWithLabel(private, label, content).

        Raises:
            SuiteMismatchError: The key is for another signature scheme.
        """
        if private.scheme is not self.signature and private.scheme != self.signature:
            raise SuiteMismatchError("the key is for another scheme", scheme=private.scheme.name)
        return private.sign(labels.sign_content(label, content))

    def verify_with_label(
        self, public: bytes, label: bytes, content: bytes, signature: bytes
    ) -> None:
        """Return if VerifyWithLabel(public, label, content, signature) holds.

        Raises:
            InvalidPublicKeyError: *public* is no public key.
            SignatureError: Its owner did not sign this.
        """
        self.signature.verify(public, labels.sign_content(label, content), signature)

    # Public key encryption (sections 5.1.3 and 8.3)

    def derive_key_pair(self, secret: bytes) -> HPKEPrivateKey:
        """Return KEM.DeriveKeyPair(secret)."""
        return self.kem.derive_key_pair(secret)

    def generate_key_pair(self, entropy: Entropy) -> HPKEPrivateKey:
        """Return a new key pair for encryption."""
        return self.kem.generate_key_pair(entropy)

    def hpke_private_key(self, octets: bytes) -> HPKEPrivateKey:
        """Return the key pair of a stored private key, or raise ``InvalidPrivateKeyError``."""
        return self.kem.private_key(octets)

    def check_hpke_public_key(self, public: bytes) -> None:
        """Return if *public* is a key for encryption, or raise ``InvalidPublicKeyError``."""
        self.kem.check_public_key(public)

    def encryption_info(self, label: bytes, context: bytes) -> PreparedInfo:
        """Return what all encryptions under *label* and *context* have in common.

        With many recipients, compute this once and call ``hpke.seal(public, info, b"", ...)``.
        """
        return self.hpke.prepare_info(labels.encrypt_context(label, context))

    def encrypt_with_label(
        self, public: bytes, label: bytes, context: bytes, plaintext: bytes, entropy: Entropy
    ) -> tuple[bytes, bytes]:
        """Return EncryptWithLabel: the KEM output and the ciphertext.

        Raises:
            InvalidPublicKeyError: *public* is no public key, or one of small order.
        """
        info = labels.encrypt_context(label, context)
        return self.hpke.seal(public, info, b"", plaintext, entropy)

    def decrypt_with_label(
        self,
        private: HPKEPrivateKey,
        label: bytes,
        context: bytes,
        kem_output: bytes,
        ciphertext: bytes,
    ) -> bytes:
        """Return DecryptWithLabel: the plaintext.

        Raises:
            InvalidPublicKeyError: *kem_output* is no encapsulated key.
            DecryptionError: The ciphertext is not for this key, label and context.
        """
        info = labels.encrypt_context(label, context)
        return self.hpke.open(kem_output, private, info, b"", ciphertext)

    def send_external_init(self, external_pub: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        """Return the KEM output for an ExternalInit, and the init secret that it stands for.

        Raises:
            InvalidPublicKeyError: *external_pub* is no public key, or one of small order.
        """
        return self.hpke.send_export(external_pub, b"", EXTERNAL_INIT, self.nh, entropy)

    def receive_external_init(self, external_priv: HPKEPrivateKey, kem_output: bytes) -> bytes:
        """Return the init secret of an ExternalInit, Nh octets.

        Raises:
            InvalidPublicKeyError: *kem_output* is no encapsulated key.
        """
        return self.hpke.receive_export(kem_output, external_priv, b"", EXTERNAL_INIT, self.nh)


def _tree_position(generation: int) -> bytes:
    if not 0 <= generation < 1 << 32:
        raise InputSizeError("a ratchet counts in 32 bits", generation=generation)
    return labels.tree_position(generation)


_registry: dict[int, Suite] = {}


def register(suite: Suite) -> None:
    """Make *suite* known; code points from 0xF000 are for private use.

    Raises:
        RegistrationError: The code point already stands for something else.
    """
    known = _registry.setdefault(int(suite.code), suite)
    if known != suite:
        raise RegistrationError("the code point is taken", cipher_suite=suite.code)


def suite_of(code: CipherSuite | int) -> Suite:
    """Return the suite that *code* stands for.

    Raises:
        UnknownCipherSuiteError: Nobody registered it.
    """
    suite = _registry.get(int(code))
    if suite is None:
        raise UnknownCipherSuiteError(
            f"cipher suite 0x{int(code):04x} is not known", cipher_suite=int(code)
        )
    return suite


def known_suites() -> tuple[Suite, ...]:
    """Return every registered suite in the order of registration."""
    return tuple(_registry.values())


# fmt: off  # a table reads best as one
for _row in (
    (0x0001, DHKEM_X25519, HKDF_SHA256, AES_128_GCM, "sha256", ED25519),
    (0x0002, DHKEM_P256, HKDF_SHA256, AES_128_GCM, "sha256", ECDSA_SECP256R1_SHA256),
    (0x0003, DHKEM_X25519, HKDF_SHA256, CHACHA20_POLY1305, "sha256", ED25519),
    (0x0004, DHKEM_X448, HKDF_SHA512, AES_256_GCM, "sha512", ED448),
    (0x0005, DHKEM_P521, HKDF_SHA512, AES_256_GCM, "sha512", ECDSA_SECP521R1_SHA512),
    (0x0006, DHKEM_X448, HKDF_SHA512, CHACHA20_POLY1305, "sha512", ED448),
    (0x0007, DHKEM_P384, HKDF_SHA384, AES_256_GCM, "sha384", ECDSA_SECP384R1_SHA384),
):
    register(Suite(CipherSuite(_row[0]), *_row[1:]))
# fmt: on
