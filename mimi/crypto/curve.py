"""The elliptic curves as data: how their keys are written, read and agreed upon.

Public keys travel as octets: the u-coordinate on the Montgomery curves (RFC 7748), and the
uncompressed point ``04 || x || y`` on the NIST curves (RFC 8446 section 4.2.8.2). No other form
of a point is accepted. Key objects are those of the library underneath.
Reading and comparing the number that a NIST private key is takes Python's integers, whose time
depends on its size; everything else about a private key is left to the library.
"""

from typing import Any

import attrs
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mimi.crypto.errors import (
    InvalidPrivateKeyError,
    InvalidPublicKeyError,
    KeyAgreementError,
    UnavailableAlgorithmError,
)


@attrs.frozen
class MontgomeryCurve:
    """Curve25519 or Curve448, whose keys are plain octet strings of one length.

    Attributes:
        name: The usual name of the key agreement, for messages.
        nsk: Octets of a private key.
        npk: Octets of a public key, and of what two keys agree on.
        private_class: The private keys of the library underneath.
        public_class: Its public keys.
        small_order: The public keys with which every agreement gives zero.
    """

    name: str
    nsk: int
    npk: int
    private_class: type[x25519.X25519PrivateKey | x448.X448PrivateKey]
    public_class: type[x25519.X25519PublicKey | x448.X448PublicKey]
    small_order: frozenset[bytes]

    def private_key(self, octets: bytes) -> Any:
        """Return the key object of a private key: any Nsk octets are one.

        Raises:
            InvalidPrivateKeyError: The length is wrong.
        """
        if len(octets) != self.nsk:
            raise InvalidPrivateKeyError(f"wrong length of an {self.name} key", size=len(octets))
        try:
            return self.private_class.from_private_bytes(octets)
        except UnsupportedAlgorithm as error:
            raise UnavailableAlgorithmError(f"{self.name} is not available") from error

    def private_octets(self, key: Any) -> bytes:
        """Return the Nsk octets of a private key."""
        octets: bytes = key.private_bytes_raw()
        return octets

    def public_key(self, octets: bytes) -> Any:
        """Return the key object of a public key: any Npk octets are one.

        Raises:
            InvalidPublicKeyError: The length is wrong.
        """
        if len(octets) != self.npk:
            raise InvalidPublicKeyError(f"wrong length of an {self.name} key", size=len(octets))
        try:
            return self.public_class.from_public_bytes(octets)
        except UnsupportedAlgorithm as error:
            raise UnavailableAlgorithmError(f"{self.name} is not available") from error

    def check_public_key(self, octets: bytes) -> None:
        """Check that a public key has the right length and can be agreed with at all.

        Raises:
            InvalidPublicKeyError: The length is wrong.
            KeyAgreementError: The key has small order: every agreement with it gives zero.
        """
        if len(octets) != self.npk:
            raise InvalidPublicKeyError(f"wrong length of an {self.name} key", size=len(octets))
        if octets in self.small_order:
            raise KeyAgreementError(f"{self.name} key of small order")

    def public_octets(self, key: Any) -> bytes:
        """Return the Npk octets of the public key that belongs to a private one."""
        octets: bytes = key.public_key().public_bytes_raw()
        return octets

    def agree(self, private: Any, public: Any) -> bytes:
        """Return the shared u-coordinate, Npk octets.

        Raises:
            KeyAgreementError: It is zero, because *public* has small order.
        """
        try:
            octets: bytes = private.exchange(public)
        except ValueError as error:
            raise KeyAgreementError(f"{self.name} key of small order") from error
        return octets


@attrs.frozen
class NistCurve:
    """P-256, P-384 or P-521, whose private keys are numbers and public keys points.

    Attributes:
        name: The curve's usual name, for messages.
        curve: The curve in the library underneath.
        order: The number of points; a private key is less.
        first_mask: What remains of a random candidate's first octet, so that few exceed it.
        nsk: Octets of a private key, and of what two keys agree on.
        npk: Octets of a public key.
    """

    name: str
    curve: ec.EllipticCurve
    order: int
    first_mask: int = 0xFF
    nsk: int = attrs.field(init=False)
    npk: int = attrs.field(init=False)

    @nsk.default
    def _nsk(self) -> int:
        return (self.curve.key_size + 7) // 8

    @npk.default
    def _npk(self) -> int:
        return 1 + 2 * self.nsk

    def private_key(self, octets: bytes) -> Any:
        """Return the key object of a private key, a big-endian number.

        Fewer than Nsk octets are read as the number they are: published MLS vectors hold
        P-521 keys whose leading zeros were left out.

        Raises:
            InvalidPrivateKeyError: Longer than Nsk octets, or not between 1 and order - 1.
        """
        number = int.from_bytes(octets, "big")
        if len(octets) > self.nsk or not 0 < number < self.order:
            raise InvalidPrivateKeyError(f"no {self.name} private key", size=len(octets))
        try:
            return ec.derive_private_key(number, self.curve)
        except UnsupportedAlgorithm as error:
            raise UnavailableAlgorithmError(f"{self.name} is not available") from error

    def candidate(self, octets: bytes) -> Any | None:
        """Return the key object of a masked random candidate, or None where it is no key."""
        masked = bytes((octets[0] & self.first_mask,)) + octets[1:]
        if not 0 < int.from_bytes(masked, "big") < self.order:
            return None
        return self.private_key(masked)

    def private_octets(self, key: Any) -> bytes:
        """Return the Nsk octets of a private key."""
        number: int = key.private_numbers().private_value
        return number.to_bytes(self.nsk, "big")

    def public_key(self, octets: bytes) -> Any:
        """Return the key object of an uncompressed point.

        Raises:
            InvalidPublicKeyError: Any other form or length, or a point off the curve.
        """
        if len(octets) != self.npk or octets[0] != 4:
            raise InvalidPublicKeyError(
                f"no uncompressed {self.name} point", size=len(octets), form=octets[:1].hex()
            )
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(self.curve, octets)
        except ValueError as error:
            raise InvalidPublicKeyError(f"a point off the curve {self.name}") from error
        except UnsupportedAlgorithm as error:
            raise UnavailableAlgorithmError(f"{self.name} is not available") from error

    def check_public_key(self, octets: bytes) -> None:
        """Check that a public key is a point of the curve, uncompressed; see `public_key`."""
        self.public_key(octets)

    def public_octets(self, key: Any) -> bytes:
        """Return the uncompressed point that belongs to a private key, Npk octets."""
        octets: bytes = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return octets

    def agree(self, private: Any, public: Any) -> bytes:
        """Return the x-coordinate of the shared point, Nsk octets.

        Raises:
            KeyAgreementError: There is none; a valid *public* never causes this.
        """
        try:
            octets: bytes = private.exchange(ec.ECDH(), public)
        except ValueError as error:
            raise KeyAgreementError(f"no agreement on {self.name}") from error
        return octets


Curve = MontgomeryCurve | NistCurve


def _small_order(prime: int, size: int, points: tuple[int, ...], ignored: int) -> frozenset[bytes]:
    """Return all encodings of u-coordinates of small order, *ignored* bits set or not."""
    numbers = {number + k * prime for number in points for k in (0, 1)}
    fit = {number for number in numbers if number < 1 << 8 * size - ignored}
    tops = (0, 1 << 8 * size - 1) if ignored else (0,)
    return frozenset((number | top).to_bytes(size, "little") for number in fit for top in tops)


_P25519 = 2**255 - 19
_P448 = 2**448 - 2**224 - 1
_ORDER_8 = (
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
)
"""The u-coordinates of order 8 on Curve25519; RFC 7748 section 7 speaks of such keys."""

X25519 = MontgomeryCurve(
    "X25519",
    32,
    32,
    x25519.X25519PrivateKey,
    x25519.X25519PublicKey,
    _small_order(_P25519, 32, (0, 1, _P25519 - 1, *_ORDER_8), ignored=1),
)
X448 = MontgomeryCurve(
    "X448",
    56,
    56,
    x448.X448PrivateKey,
    x448.X448PublicKey,
    _small_order(_P448, 56, (0, 1, _P448 - 1), ignored=0),
)
P256 = NistCurve("P-256", ec.SECP256R1(), ec.SECP256R1.group_order)
P384 = NistCurve("P-384", ec.SECP384R1(), ec.SECP384R1.group_order)
P521 = NistCurve("P-521", ec.SECP521R1(), ec.SECP521R1.group_order, first_mask=0x01)
