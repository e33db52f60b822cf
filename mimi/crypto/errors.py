"""What can go wrong in a cryptographic operation, and whose fault it is.

What a peer sent raises an ``InvalidError``; what our own caller passed raises a ``UsageError``.
No exception of the library underneath ever leaves this package.
"""

from typing import ClassVar

from mimi.errors import InvalidError, UsageError


class UnknownCipherSuiteError(InvalidError):
    """A cipher suite that nobody registered, so nothing protected by it can be processed."""

    rule: ClassVar[str] = "RFC 9420 section 17.1"


class InvalidPublicKeyError(InvalidError):
    """Octets that are no public key of the algorithm: wrong length, wrong form, off the curve.

    An encapsulated key (``enc``, ``kem_output``) is a public key too.
    """

    rule: ClassVar[str] = "RFC 9420 section 5.1.1"


class KeyAgreementError(InvalidPublicKeyError):
    """A public key of small order, which makes the shared secret zero for every private key."""

    rule: ClassVar[str] = "RFC 9180 section 7.1.4"


class SignatureError(InvalidError):
    """A signature that the public key did not make over this label and content."""

    rule: ClassVar[str] = "RFC 9420 section 5.1.2"


class DecryptionError(InvalidError):
    """A ciphertext that was not made with this key, nonce and associated data."""

    rule: ClassVar[str] = "RFC 5116 section 2.2"


class InvalidPrivateKeyError(UsageError):
    """Octets that are no private key of the algorithm."""

    rule: ClassVar[str] = "RFC 9180 section 7.1.2"


class SuiteMismatchError(UsageError):
    """A key or a prepared value of one cipher suite, used with another."""

    rule: ClassVar[str] = "RFC 9420 section 5.1"


class RegistrationError(UsageError):
    """A second, different cipher suite for a code point that is taken."""

    rule: ClassVar[str] = "RFC 9420 section 17.1"


class UnavailableAlgorithmError(UsageError):
    """An algorithm that the installed cryptographic library was built without."""


class InputSizeError(UsageError):
    """A key, nonce, plaintext or counter of a size that the algorithm does not take."""

    rule: ClassVar[str] = "RFC 5116 section 2.1"


class OutputLengthError(UsageError):
    """More octets asked of the key derivation function than it can give: 255 times Nh."""

    rule: ClassVar[str] = "RFC 5869 section 2.3"


class KeyDerivationError(UsageError):
    """No private key came out of the random or derived candidates; hardly ever by chance."""

    rule: ClassVar[str] = "RFC 9180 section 7.1.3"


class MessageLimitError(UsageError):
    """All sequence numbers of an HPKE context are used up."""

    rule: ClassVar[str] = "RFC 9180 section 5.2"


class ExportOnlyError(UsageError):
    """An attempt to seal or open under the export-only algorithm, which does neither."""

    rule: ClassVar[str] = "RFC 9180 section 5.3"


class EntropyError(UsageError):
    """A source of random octets that returned fewer or more of them than it was asked for."""


class SecretExposureError(UsageError):
    """An attempt to pickle or to change a secret; ``reveal()`` says what is meant."""
