"""Certificates for keys of every signature scheme, with fixed dates."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from mimi.tree.credential import Certificate

ISSUER = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))

KEYS = {
    "Ed25519": ed25519.Ed25519PrivateKey.from_private_bytes(b"\1" * 32),
    "Ed448": ed448.Ed448PrivateKey.from_private_bytes(b"\1" * 57),
    "P-256": ec.derive_private_key(7, ec.SECP256R1()),
    "P-384": ec.derive_private_key(7, ec.SECP384R1()),
    "P-521": ec.derive_private_key(7, ec.SECP521R1()),
}


def certificate(public_key, issuer=ISSUER, algorithm=None) -> Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mimi://a.example/d/x")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public_key)
        .serial_number(5)
        .not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2034, 1, 1, tzinfo=UTC))
    )
    return Certificate(builder.sign(issuer, algorithm).public_bytes(Encoding.DER))


def signature_key(key) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return key.public_key().public_bytes_raw()
