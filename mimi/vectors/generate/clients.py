"""Clients: who they are, what they support, and the key packages that they offer."""

import datetime as dt
from typing import Any

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from mimi.codec import GREASE_VALUES
from mimi.crypto import CipherSuite, Entropy, HPKEPrivateKey, SignaturePrivateKey, Suite
from mimi.crypto.signature import ECDSA
from mimi.mls.keypackage import KeyPackage, sign_key_package
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType
from mimi.tree.credential import BasicCredential, Certificate, Credential, X509Credential
from mimi.tree.extension import ApplicationId, Extension, Extensions, extension
from mimi.tree.leaf import Capabilities, KeyPackageSource, LeafNodeContent, Lifetime, sign_leaf
from mimi.vectors.generate.written import SUITES, below

ALWAYS = Lifetime(0, (1 << 64) - 1)
"""For clients that no clock refuses."""

SPRING = Lifetime(1_767_225_600, 1_767_225_600 + 84 * 24 * 3600)
"""84 days from 2026-01-01T00:00Z on: what a client would really say."""

NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan")


@attrs.frozen
class Profile:
    """What a client says of itself.

    Attributes:
        certified: Whether it shows X.509 certificates rather than a basic credential.
        grease: How many GREASE values it mixes into everything that may have some.
        lifetime: That of its key package.
        is_bare: Whether all that can be empty is.
        is_versatile: Whether it supports all cipher suites rather than one.
    """

    certified: bool = False
    grease: int = 1
    lifetime: Lifetime = ALWAYS
    is_bare: bool = False
    is_versatile: bool = False


ORDINARY = Profile()
CERTIFIED = Profile(certified=True)
BARE = Profile(grease=0, lifetime=SPRING, is_bare=True)
FULL = Profile(certified=True, grease=len(GREASE_VALUES), is_versatile=True)


@attrs.frozen
class Client:
    """A client with all its private keys."""

    key_package: KeyPackage
    signer: SignaturePrivateKey
    leaf_key: HPKEPrivateKey
    init_key: HPKEPrivateKey


def new_client(suite: Suite, entropy: Entropy, number: int, profile: Profile = ORDINARY) -> Client:
    """Return a new client.

    Args:
        suite: Its cipher suite.
        entropy: The source of its keys.
        number: Its place in the line; gives the name.
        profile: What it says of itself.
    """
    signer = suite.generate_signature_key(entropy)
    leaf_key, init_key = suite.generate_key_pair(entropy), suite.generate_key_pair(entropy)
    grease = some_grease(entropy, profile.grease)
    content = LeafNodeContent(
        leaf_key.public,
        signer.public,
        credential_of(suite, entropy, signer, number, profile),
        capabilities_of(suite, grease, profile),
        KeyPackageSource(profile.lifetime),
        _leaf_extensions(number, grease, profile),
    )
    leaf = sign_leaf(suite, content, signer)
    key_package = sign_key_package(suite, leaf, init_key, signer, greased(entropy, grease[1:5]))
    return Client(key_package, signer, leaf_key, init_key)


def some_grease(entropy: Entropy, count: int) -> tuple[int, ...]:
    """Return *count* different GREASE values, from some place in their circle on."""
    start = below(entropy, len(GREASE_VALUES)) if count else 0
    circle = GREASE_VALUES[start:] + GREASE_VALUES[:start]
    return circle[:count]


def greased(entropy: Entropy, values: tuple[int, ...]) -> Extensions:
    """Return extensions with GREASE values as types, and random contents of any size."""
    return tuple(Extension(ExtensionType(value), entropy(below(entropy, 20))) for value in values)


def capabilities_of(suite: Suite, grease: tuple[int, ...], profile: Profile) -> Capabilities:
    """Return what a client supports: as little as it may, or all that there is."""
    if profile.is_bare:
        return Capabilities(cipher_suites=(suite.code,))
    suites = SUITES if profile.is_versatile else (suite,)
    return Capabilities(
        cipher_suites=(*(known.code for known in suites), *map(CipherSuite, grease)),
        extensions=tuple(map(ExtensionType, grease)),
        proposals=tuple(map(ProposalType, grease)),
        credentials=(
            CredentialType.BASIC,
            CredentialType.X509,
            *map(CredentialType, grease),
        ),
    )


def _leaf_extensions(number: int, grease: tuple[int, ...], profile: Profile) -> Extensions:
    if profile.is_bare or number % 4 != 1:
        return ()
    named = extension(ExtensionType.APPLICATION_ID, ApplicationId(f"device {number}".encode()))
    return (named, *(Extension(ExtensionType(value), b"") for value in grease[:3]))


def name_of(number: int) -> str:
    """Return the name of a client."""
    again, place = divmod(number, len(NAMES))
    return f"{NAMES[place]}{again or ''}"


def credential_of(
    suite: Suite, entropy: Entropy, signer: SignaturePrivateKey, number: int, profile: Profile
) -> Credential:
    """Return the credential of a client: its name, or a chain of two certificates for its key."""
    if profile.is_bare:
        return BasicCredential(b"")
    if not profile.certified:
        return BasicCredential(name_of(number).encode())
    authority = suite.generate_signature_key(entropy)
    chain = (
        _certificate(authority, signer, f"mimi://a.example/d/{name_of(number)}", 2 + number),
        _certificate(authority, authority, "mimi://a.example", 1),
    )
    return X509Credential(tuple(map(Certificate, chain)))


def _certificate(
    authority: SignaturePrivateKey, subject: SignaturePrivateKey, uri: str, serial: int
) -> bytes:
    """Return a certificate in DER: nothing in it depends on the time or on randomness."""
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Vectors")])
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(issuer if subject is authority else x509.Name([]))
        .public_key(subject.key.public_key())
        .serial_number(serial)
        .not_valid_before(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2046, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.BasicConstraints(subject is authority, None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]),
            critical=subject is not authority,
        )
    )
    scheme = authority.scheme
    if isinstance(scheme, ECDSA):
        hash_function: Any = scheme.hash()
        signed = builder.sign(authority.key, hash_function, ecdsa_deterministic=True)
    else:
        signed = builder.sign(authority.key, None)
    return signed.public_bytes(serialization.Encoding.DER)
