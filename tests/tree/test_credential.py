"""Credentials: their form, and certificates for the key of the leaf."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from tree.certificates import ISSUER, KEYS, certificate, signature_key
from tree.members import refused

from mimi.codec import decode, encode
from mimi.errors import MalformedError
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import (
    BasicCredential,
    Certificate,
    Credential,
    X509Credential,
    check_credential_key,
)
from mimi.tree.errors import CredentialKeyError

every_key = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)


@every_key
def test_a_certificate_is_for_the_key_of_the_leaf(key):
    chain = certificate(key.public_key()), certificate(ISSUER.public_key())
    check_credential_key(X509Credential(chain), signature_key(key))
    check_credential_key(X509Credential(chain[:1]), signature_key(key), 4)


@every_key
def test_a_certificate_for_another_key_is_refused(key):
    chain = certificate(key.public_key()), certificate(ISSUER.public_key())
    for wrong in (b"", signature_key(ISSUER), signature_key(key)[:-1], signature_key(key) + b"\0"):
        with refused(CredentialKeyError, leaf=4):
            check_credential_key(X509Credential(chain), wrong, 4)
    with refused(CredentialKeyError, leaf=None):
        check_credential_key(X509Credential(chain[::-1]), signature_key(key))


@pytest.mark.parametrize("form", [PublicFormat.CompressedPoint], ids=["compressed"])
def test_a_compressed_point_is_no_signature_key(form):
    key = KEYS["P-256"].public_key()
    with refused(CredentialKeyError):
        chain = (certificate(key),)
        check_credential_key(X509Credential(chain), key.public_bytes(Encoding.X962, form))


def test_an_empty_chain_is_refused():
    with refused(CredentialKeyError, leaf=0):
        check_credential_key(X509Credential(()), signature_key(ISSUER), 0)


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x30\x00", id="an empty sequence"),
        pytest.param(b"-----BEGIN CERTIFICATE-----", id="PEM"),
        pytest.param(bytes(1000), id="zeros"),
    ],
)
def test_garbage_is_no_certificate(garbage):
    with refused(CredentialKeyError, leaf=1):
        check_credential_key(X509Credential((Certificate(garbage),)), signature_key(ISSUER), 1)


@pytest.mark.parametrize(
    "key",
    [
        rsa.RSAPublicNumbers(65537, (1 << 2047) | 1).public_key(),
        x25519.X25519PrivateKey.from_private_bytes(bytes(32)).public_key(),
    ],
    ids=["RSA", "X25519"],
)
def test_a_key_that_no_cipher_suite_signs_with_is_refused(key):
    with refused(CredentialKeyError):
        check_credential_key(X509Credential((certificate(key),)), b"")


def test_trailing_octets_are_no_certificate():
    good = certificate(ISSUER.public_key())
    check_credential_key(X509Credential((good,)), signature_key(ISSUER))
    with refused(CredentialKeyError):
        longer = Certificate(good.cert_data + b"\0")
        check_credential_key(X509Credential((longer,)), signature_key(ISSUER))


GENUINE = (
    certificate(ISSUER.public_key()).cert_data,
    certificate(KEYS["P-256"].public_key(), KEYS["P-256"], hashes.SHA256()).cert_data,
)


@pytest.mark.parametrize("version", [3, 4, 99, 255])
def test_a_certificate_of_an_unknown_version_is_refused(version):
    """The library underneath has an exception of its own for this."""
    genuine = GENUINE[0]
    at = genuine.index(b"\xa0\x03\x02\x01") + 4
    assert genuine[at] == 2
    wrong = Certificate(genuine[:at] + bytes([version]) + genuine[at + 1 :])
    with refused(CredentialKeyError):
        check_credential_key(X509Credential((wrong,)), signature_key(ISSUER))


def test_a_serial_number_below_zero_is_refused():
    """The library underneath warns of it, and here warnings are errors."""
    genuine = GENUINE[0]
    at = genuine.index(b"\x02\x01\x05") + 2
    wrong = Certificate(genuine[:at] + b"\xff" + genuine[at + 1 :])
    with refused(CredentialKeyError):
        check_credential_key(X509Credential((wrong,)), signature_key(ISSUER))


@settings(deadline=None, max_examples=500)
@given(genuine=st.sampled_from(GENUINE), at=st.integers(0), octet=st.integers(0, 255))
def test_no_certificate_makes_another_error(genuine, at, octet):
    at %= len(genuine)
    wrong = Certificate(genuine[:at] + bytes([octet]) + genuine[at + 1 :])
    with refused(CredentialKeyError):
        check_credential_key(X509Credential((wrong,)), b"no key")


def test_other_credentials_say_nothing_of_the_key():
    check_credential_key(BasicCredential(b"alice"), b"any key")


def test_a_credential_is_encoded_with_its_type():
    basic, chain = BasicCredential(b"alice"), X509Credential((Certificate(b"\1"),))
    assert encode(basic, Credential) == b"\0\1\5alice"
    assert encode(chain, Credential) == b"\0\2\2\1\1"
    for credential in (basic, chain):
        assert decode(Credential, encode(credential, Credential)) == credential
    assert (basic.tag, chain.tag) == (CredentialType.BASIC, CredentialType.X509)


@pytest.mark.parametrize("kind", [0, 5, 0x0A0A, 0xFFFF])
def test_a_credential_of_an_unknown_type_is_malformed(kind):
    with pytest.raises(MalformedError) as caught:
        decode(Credential, kind.to_bytes(2, "big") + b"\5alice")
    assert caught.value.offset == 0
