"""Credentials: what a member shows to say who it is (RFC 9420 section 5.3).

Whether to believe a credential is for the application's authentication service to say. This module
only knows its form, and for certificates that the key in it is the key of the leaf.
"""

from typing import Annotated, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mimi.codec import Bytes, Choice, Opaque, struct
from mimi.tree.codepoints import CredentialType
from mimi.tree.errors import CredentialKeyError

SignaturePublicKey: TypeAlias = Annotated[bytes, Bytes("SignaturePublicKey")]
"""A key for verifying, in the format of the cipher suite's signature scheme (section 5.1.1)."""


class Credential(Choice, tag=CredentialType):
    """A member's credential. Declare further types as cases of this choice."""

    __slots__ = ()


@struct(case=CredentialType.BASIC)
class BasicCredential(Credential):
    """A bare claim of an identity, in the application's format."""

    identity: Opaque


@struct
class Certificate:
    """One X.509 certificate in DER."""

    cert_data: Opaque


@struct(case=CredentialType.X509)
class X509Credential(Credential):
    """A chain of certificates; the first is the member's own."""

    certificates: tuple[Certificate, ...]


def credential_type(credential: Credential) -> CredentialType:
    """Return the code point under which a credential's class was declared."""
    for tag, case in Credential.select.cases.items():
        if isinstance(credential, case):
            return CredentialType(tag)
    raise CredentialKeyError(f"{type(credential).__name__} is no declared credential")


def check_credential_key(credential: Credential, signature_key: bytes) -> None:
    """Check that a certificate is for the key of the leaf that shows it (section 5.3).

    Raises:
        CredentialKeyError: It is for another key, or cannot be read.
    """
    if not isinstance(credential, X509Credential):
        return
    if not credential.certificates:
        raise CredentialKeyError("an X.509 credential has no certificates")
    try:
        certificate = x509.load_der_x509_certificate(credential.certificates[0].cert_data)
        key = certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CredentialKeyError(f"the end-entity certificate cannot be read: {error}") from error
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        octets = key.public_bytes_raw()
    elif isinstance(key, ec.EllipticCurvePublicKey):
        octets = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    else:
        raise CredentialKeyError(f"no cipher suite signs with a {type(key).__name__}")
    if octets != signature_key:
        raise CredentialKeyError("the certificate is for another key than the leaf's")
