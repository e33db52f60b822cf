"""Credentials: what a member shows to say who it is (RFC 9420 section 5.3).

Whether to believe a credential is for the application's authentication service to say. This module
only knows its form, and for certificates that the key in it is the key of the leaf.
"""

from typing import Annotated, ClassVar, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning

from mimi.codec import Bytes, Choice, Opaque, struct
from mimi.tree.codepoints import CredentialType
from mimi.tree.errors import CredentialKeyError
from mimi.tree.math import LeafIndex

SignaturePublicKey: TypeAlias = Annotated[bytes, Bytes("SignaturePublicKey")]
"""A key for verifying, in the format of the cipher suite's signature scheme (section 5.1.1)."""


UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    CryptographyDeprecationWarning,  # where the application turns warnings into errors
)
"""What the library underneath raises on octets that are no certificate."""


class Credential(Choice, tag=CredentialType):
    """A member's credential. Declare further types as cases of this choice."""

    __slots__ = ()
    tag: ClassVar[CredentialType]


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


def check_credential_key(
    credential: Credential, signature_key: bytes, leaf_index: LeafIndex | None = None
) -> None:
    """Check that a certificate is for the key of the leaf that shows it (section 5.3).

    Args:
        credential: The credential; one of another type than X.509 passes.
        signature_key: The key that it stands beside.
        leaf_index: For the error: the leaf, where it is in a tree.

    Raises:
        CredentialKeyError: It is for another key, or cannot be read.
    """
    if not isinstance(credential, X509Credential):
        return
    where = "" if leaf_index is None else f"leaf {leaf_index}: "
    if not credential.certificates:
        raise CredentialKeyError(f"{where}the credential has no certificates", leaf=leaf_index)
    try:
        certificate = x509.load_der_x509_certificate(credential.certificates[0].cert_data)
        key = certificate.public_key()
    except UNREADABLE as error:
        raise CredentialKeyError(
            f"{where}the end-entity certificate cannot be read: {error}", leaf=leaf_index
        ) from error
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        octets = key.public_bytes_raw()
    elif isinstance(key, ec.EllipticCurvePublicKey):
        octets = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    else:
        raise CredentialKeyError(
            f"{where}no cipher suite signs with a {type(key).__name__}", leaf=leaf_index
        )
    if octets != signature_key:
        raise CredentialKeyError(
            f"{where}the certificate is for another key than signature_key", leaf=leaf_index
        )
