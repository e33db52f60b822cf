"""Key encapsulation: agreeing on a secret with the owner of a public key (RFC 9180 section 4.1).

::

    sender                                             recipient
    skE, pkE = GenerateKeyPair()
    dh = DH(skE, pkR)                   enc            dh = DH(skR, enc)
    enc = pkE                       ---------->
    shared_secret = ExtractAndExpand(dh, enc || pkR)   the same

The randomness is an argument, and a private key is kept as the object that the library
underneath computes with, because parsing one costs as much as using it.
"""

from abc import ABC, abstractmethod
from typing import Any

import attrs

from mimi.crypto.curve import P256, P384, P521, X448, X25519, Curve, NistCurve
from mimi.crypto.entropy import Entropy, draw
from mimi.crypto.errors import KeyDerivationError, SuiteMismatchError
from mimi.crypto.kdf import HKDF_SHA256, HKDF_SHA384, HKDF_SHA512, Kdf

VERSION = b"HPKE-v1"


@attrs.frozen
class HPKEPrivateKey:
    """A private key for decryption, ready for use, beside its public key.

    Two keys are equal if their public keys are.

    Attributes:
        kem: What the key is for.
        public: The public key, Npk octets.
        key: The key object of the library underneath, for the KEM's own use.
    """

    kem: "Kem"
    public: bytes
    key: Any = attrs.field(repr=False, eq=False)

    def reveal(self) -> bytes:
        """Return the private key, Nsk octets, for storage under the caller's protection."""
        return self.kem.private_octets(self.key)


class Kem(ABC):
    """A way to agree on a shared secret with the owner of a public key.

    Attributes:
        code: The identifier of RFC 9180 section 7.1, 16 bits.
        nsecret: Octets of a shared secret.
        nenc: Octets of an encapsulated key.
        npk: Octets of a public key.
        nsk: Octets of a private key.
    """

    code: int
    nsecret: int
    nenc: int
    npk: int
    nsk: int

    def generate_key_pair(self, entropy: Entropy) -> HPKEPrivateKey:
        """Return a new key pair, derived from Nsk octets of *entropy*.

        Raises:
            EntropyError: The source is broken.
        """
        return self.derive_key_pair(draw(entropy, self.nsk))

    @abstractmethod
    def derive_key_pair(self, ikm: bytes) -> HPKEPrivateKey:
        """Return the key pair of *ikm*, which should hold Nsk octets' worth of entropy.

        Raises:
            KeyDerivationError: *ikm* leads to no key pair; does not happen by chance.
        """

    @abstractmethod
    def private_key(self, octets: bytes) -> HPKEPrivateKey:
        """Return the key pair of a stored private key.

        Raises:
            InvalidPrivateKeyError: The octets are none.
        """

    @abstractmethod
    def private_octets(self, key: Any) -> bytes:
        """Return the Nsk octets of a key object."""

    @abstractmethod
    def check_public_key(self, octets: bytes) -> None:
        """Return if *octets* are a public key.

        Raises:
            InvalidPublicKeyError: They are not.
        """

    @abstractmethod
    def encap(self, public: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        """Return a new shared secret, and ``enc``, from which its owner computes it too.

        Raises:
            InvalidPublicKeyError: *public* is no public key.
            KeyAgreementError: *public* has small order.
        """

    @abstractmethod
    def decap(self, enc: bytes, private: HPKEPrivateKey) -> bytes:
        """Return the shared secret that a sender encapsulated in *enc*.

        Raises:
            InvalidPublicKeyError: *enc* is no public key.
            KeyAgreementError: *enc* has small order.
            SuiteMismatchError: *private* belongs to another algorithm.
        """


@attrs.frozen(repr=False)
class Dhkem(Kem):
    """A key encapsulation made of a Diffie-Hellman group and HKDF (RFC 9180 section 4.1).

    Attributes:
        curve: The group; its keys are those of the KEM.
        kdf: What makes shared secret and derived keys; Nsecret is its Nh.
    """

    code: int
    curve: Curve
    kdf: Kdf
    nsecret: int = attrs.field(init=False)
    nenc: int = attrs.field(init=False)
    npk: int = attrs.field(init=False)
    nsk: int = attrs.field(init=False)
    _labelled: bytes = attrs.field(init=False)
    _extract_label: bytes = attrs.field(init=False)
    _expand_label: bytes = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Fill in what follows from group and KDF; the labels begin with "HPKE-v1" || suite_id."""
        fix = object.__setattr__
        fix(self, "nsecret", self.kdf.nh)
        fix(self, "nenc", self.curve.npk)
        fix(self, "npk", self.curve.npk)
        fix(self, "nsk", self.curve.nsk)
        labelled = VERSION + b"KEM" + self.code.to_bytes(2, "big")
        fix(self, "_labelled", labelled)
        fix(self, "_extract_label", labelled + b"eae_prk")
        fix(self, "_expand_label", self.kdf.nh.to_bytes(2, "big") + labelled + b"shared_secret")

    def __repr__(self) -> str:
        return f"Dhkem({self.curve.name})"

    def derive_key_pair(self, ikm: bytes) -> HPKEPrivateKey:
        """Return the key pair of *ikm* (RFC 9180 section 7.1.3)."""
        prk = self.kdf.extract(b"", self._labelled + b"dkp_prk" + ikm)
        if isinstance(self.curve, NistCurve):
            return self._pair(self._candidate(prk, self.curve))
        return self._pair(self.curve.private_key(self._scalar(prk, b"sk")))

    def _candidate(self, prk: bytes, curve: NistCurve) -> Any:
        """Return the first of 256 candidates that is a private key."""
        for counter in range(256):
            octets = self._scalar(prk, b"candidate" + counter.to_bytes(1, "big"))
            key = curve.candidate(octets)
            if key is not None:
                return key
        raise KeyDerivationError("no candidate is a private key", curve=curve.name)

    def _scalar(self, prk: bytes, label: bytes) -> bytes:
        info = self.nsk.to_bytes(2, "big") + self._labelled + label
        return self.kdf.expand(prk, info, self.nsk)

    def _pair(self, key: Any) -> HPKEPrivateKey:
        return HPKEPrivateKey(self, self.curve.public_octets(key), key)

    def private_key(self, octets: bytes) -> HPKEPrivateKey:
        """Return the key pair of a stored private key."""
        return self._pair(self.curve.private_key(octets))

    def private_octets(self, key: Any) -> bytes:
        """Return the Nsk octets of a key object."""
        return self.curve.private_octets(key)

    def check_public_key(self, octets: bytes) -> None:
        """Return if *octets* are a public key that can be used."""
        self.curve.check_public_key(octets)

    def encap(self, public: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        """Return a new shared secret and the ephemeral public key."""
        recipient = self.curve.public_key(public)
        ephemeral = self.generate_key_pair(entropy)
        dh = self.curve.agree(ephemeral.key, recipient)
        return self._extract_and_expand(dh, ephemeral.public + public), ephemeral.public

    def decap(self, enc: bytes, private: HPKEPrivateKey) -> bytes:
        """Return the secret shared with the owner of the ephemeral key *enc*."""
        if private.kem is not self and private.kem != self:
            raise SuiteMismatchError("the private key is for another KEM", kem=private.kem.code)
        dh = self.curve.agree(private.key, self.curve.public_key(enc))
        return self._extract_and_expand(dh, enc + private.public)

    def _extract_and_expand(self, dh: bytes, kem_context: bytes) -> bytes:
        prk = self.kdf.extract(b"", self._extract_label + dh)
        return self.kdf.expand(prk, self._expand_label + kem_context, self.nsecret)


DHKEM_P256 = Dhkem(0x0010, P256, HKDF_SHA256)
DHKEM_P384 = Dhkem(0x0011, P384, HKDF_SHA384)
DHKEM_P521 = Dhkem(0x0012, P521, HKDF_SHA512)
DHKEM_X25519 = Dhkem(0x0020, X25519, HKDF_SHA256)
DHKEM_X448 = Dhkem(0x0021, X448, HKDF_SHA512)
