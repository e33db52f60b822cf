"""The signature schemes of RFC 9420 section 5.1.

EdDSA (RFC 8032) keys and signatures are octet strings of one length. ECDSA keys are written as
on the curves of ``mimi.crypto.curve``, its signatures are DER (RFC 8446 section 4.2.3), and it
signs deterministically (RFC 6979), so that no signature depends on randomness.

Verification takes what RFC 9420 leaves to the algorithms from the library underneath. In
particular an Ed25519 key is not refused for having small order, although anybody can sign for
such a key: RFC 8032 does not ask for it, its owner could as well publish the private key, and
refusing what other members of a group accept would split the group.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import attrs
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519

from mimi.crypto.curve import P256, P384, P521, NistCurve
from mimi.crypto.entropy import Entropy, draw
from mimi.crypto.errors import (
    InvalidPrivateKeyError,
    InvalidPublicKeyError,
    KeyDerivationError,
    SignatureError,
    UnavailableAlgorithmError,
)


@attrs.frozen
class SignaturePrivateKey:
    """A private key for signing, ready for use, beside its public key.

    Two keys are equal if their public keys are.

    Attributes:
        scheme: What the key is for.
        public: The public key, as it is sent.
        key: The key object of the library underneath, for the scheme's own use.
    """

    scheme: "SignatureScheme"
    public: bytes
    key: Any = attrs.field(repr=False, eq=False)

    def sign(self, content: bytes) -> bytes:
        """Return the signature over *content*; MLS signs with a label, see ``Suite``."""
        return self.scheme.sign(self.key, content)

    def reveal(self) -> bytes:
        """Return the private key for storage under the caller's protection."""
        return self.scheme.private_octets(self.key)


class SignatureScheme(ABC):
    """An algorithm that signs and verifies.

    Attributes:
        code: The SignatureScheme of RFC 8446 section 4.2.3, 16 bits.
        name: Its name there.
        nsk: Octets of a private key.
        npk: Octets of a public key.
    """

    code: int
    name: str
    nsk: int
    npk: int

    def __repr__(self) -> str:
        return f"SignatureScheme({self.name})"

    @abstractmethod
    def generate(self, entropy: Entropy) -> SignaturePrivateKey:
        """Return a new key pair.

        Raises:
            EntropyError: The source is broken.
            KeyDerivationError: So is its output.
        """

    @abstractmethod
    def private_key(self, octets: bytes) -> SignaturePrivateKey:
        """Return the key pair of a stored private key.

        Raises:
            InvalidPrivateKeyError: The octets are none.
        """

    @abstractmethod
    def private_octets(self, key: Any) -> bytes:
        """Return the octets of a key object."""

    @abstractmethod
    def check_public_key(self, octets: bytes) -> None:
        """Return if *octets* are a public key.

        Raises:
            InvalidPublicKeyError: They are not.
        """

    @abstractmethod
    def sign(self, key: Any, content: bytes) -> bytes:
        """Return the signature over *content* by a key object."""

    @abstractmethod
    def verify(self, public: bytes, content: bytes, signature: bytes) -> None:
        """Return if the owner of *public* signed *content*.

        Raises:
            InvalidPublicKeyError: *public* is no public key.
            SignatureError: *signature* is not theirs, or no signature at all.
        """


@attrs.frozen(repr=False)
class EdDSA(SignatureScheme):
    """Ed25519 or Ed448: the private key is any string of the right length."""

    code: int
    name: str
    nsk: int
    npk: int
    _private: type[ed25519.Ed25519PrivateKey] | type[ed448.Ed448PrivateKey]
    _public: type[ed25519.Ed25519PublicKey] | type[ed448.Ed448PublicKey]

    def generate(self, entropy: Entropy) -> SignaturePrivateKey:
        """Return the key pair whose private key is the next octets of *entropy*."""
        return self.private_key(draw(entropy, self.nsk))

    def private_key(self, octets: bytes) -> SignaturePrivateKey:
        """Return the key pair of a private key of exactly the right length."""
        if len(octets) != self.nsk:
            raise InvalidPrivateKeyError(f"wrong length of an {self.name} key", size=len(octets))
        try:
            key = self._private.from_private_bytes(octets)
        except UnsupportedAlgorithm as error:
            raise UnavailableAlgorithmError(f"{self.name} is not available") from error
        return SignaturePrivateKey(self, key.public_key().public_bytes_raw(), key)

    def private_octets(self, key: Any) -> bytes:
        """Return the octets of a key object."""
        octets: bytes = key.private_bytes_raw()
        return octets

    def check_public_key(self, octets: bytes) -> None:
        """Return if the length is right; whether it is a point shows when it is used."""
        self._public_key(octets)

    def _public_key(self, octets: bytes) -> ed25519.Ed25519PublicKey | ed448.Ed448PublicKey:
        if len(octets) != self.npk:
            raise InvalidPublicKeyError(f"wrong length of an {self.name} key", size=len(octets))
        try:
            return _read(self._public, octets)
        except ValueError as error:
            raise InvalidPublicKeyError(f"no {self.name} public key") from error
        except UnsupportedAlgorithm as error:
            raise UnavailableAlgorithmError(f"{self.name} is not available") from error

    def sign(self, key: Any, content: bytes) -> bytes:
        """Return R || S."""
        signature: bytes = key.sign(content)
        return signature

    def verify(self, public: bytes, content: bytes, signature: bytes) -> None:
        """Return if R || S satisfies the equation of RFC 8032 section 5.1.7 or 5.2.7."""
        key = self._public_key(public)
        try:
            key.verify(signature, content)
        except (InvalidSignature, ValueError) as error:
            raise SignatureError("the signature does not verify", scheme=self.name) from error


@lru_cache(maxsize=4096)
def _read(
    kind: type[ed25519.Ed25519PublicKey] | type[ed448.Ed448PublicKey], octets: bytes
) -> ed25519.Ed25519PublicKey | ed448.Ed448PublicKey:
    """Return a key object: the keys of those who write are read again and again."""
    return kind.from_public_bytes(octets)


@attrs.frozen(repr=False)
class ECDSA(SignatureScheme):
    """ECDSA on a NIST curve, with the hash function of the curve's size."""

    code: int
    name: str
    curve: NistCurve
    hash: Callable[[], hashes.HashAlgorithm]
    nsk: int = attrs.field(init=False)
    npk: int = attrs.field(init=False)

    @nsk.default
    def _nsk(self) -> int:
        return self.curve.nsk

    @npk.default
    def _npk(self) -> int:
        return self.curve.npk

    def generate(self, entropy: Entropy) -> SignaturePrivateKey:
        """Return the key pair of the first candidate in *entropy* that is a private key."""
        for _ in range(256):
            key = self.curve.candidate(draw(entropy, self.nsk))
            if key is not None:
                return SignaturePrivateKey(self, self.curve.public_octets(key), key)
        raise KeyDerivationError("no candidate is a private key", curve=self.curve.name)

    def private_key(self, octets: bytes) -> SignaturePrivateKey:
        """Return the key pair of a private key, a big-endian number of at most Nsk octets."""
        key = self.curve.private_key(octets)
        return SignaturePrivateKey(self, self.curve.public_octets(key), key)

    def private_octets(self, key: Any) -> bytes:
        """Return the Nsk octets of a key object."""
        return self.curve.private_octets(key)

    def check_public_key(self, octets: bytes) -> None:
        """Return if *octets* are an uncompressed point on the curve."""
        self.curve.public_key(octets)

    def sign(self, key: Any, content: bytes) -> bytes:
        """Return the DER encoding of r and s."""
        try:
            algorithm = ec.ECDSA(self.hash(), deterministic_signing=True)
        except UnsupportedAlgorithm as error:
            raise UnavailableAlgorithmError("no deterministic ECDSA") from error
        signature: bytes = key.sign(content, algorithm)
        return signature

    def verify(self, public: bytes, content: bytes, signature: bytes) -> None:
        """Return if *signature* is the DER encoding of an r and s that satisfy the equation."""
        key = self.curve.public_key(public)
        try:
            key.verify(signature, content, ec.ECDSA(self.hash()))
        except (InvalidSignature, ValueError) as error:
            raise SignatureError("the signature does not verify", scheme=self.name) from error


ED25519 = EdDSA(0x0807, "ed25519", 32, 32, ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)
ED448 = EdDSA(0x0808, "ed448", 57, 57, ed448.Ed448PrivateKey, ed448.Ed448PublicKey)
ECDSA_SECP256R1_SHA256 = ECDSA(0x0403, "ecdsa_secp256r1_sha256", P256, hashes.SHA256)
ECDSA_SECP384R1_SHA384 = ECDSA(0x0503, "ecdsa_secp384r1_sha384", P384, hashes.SHA384)
ECDSA_SECP521R1_SHA512 = ECDSA(0x0603, "ecdsa_secp521r1_sha512", P521, hashes.SHA512)
