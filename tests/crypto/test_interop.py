"""The same messages by two other implementations of HPKE, in both directions."""

import pytest
from cryptography.hazmat.primitives import hpke as cryptography_hpke
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from pyhpke import AEADId, CipherSuite, KDFId, KEMId
from pyhpke.kem_key import KEMKeyPair

from mimi.crypto import SeededEntropy, known_suites, os_entropy
from mimi.crypto.kem import DHKEM_P256, DHKEM_P384, DHKEM_P521, DHKEM_X25519

SUITES = known_suites()[:7]
every_suite = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.code.name)

THEIR_KEM = {
    DHKEM_X25519: cryptography_hpke.KEM.X25519,
    DHKEM_P256: cryptography_hpke.KEM.P256,
    DHKEM_P384: cryptography_hpke.KEM.P384,
    DHKEM_P521: cryptography_hpke.KEM.P521,
}
THEIR_KDF = {
    1: cryptography_hpke.KDF.HKDF_SHA256,
    2: cryptography_hpke.KDF.HKDF_SHA384,
    3: cryptography_hpke.KDF.HKDF_SHA512,
}
THEIR_AEAD = {
    1: cryptography_hpke.AEAD.AES_128_GCM,
    2: cryptography_hpke.AEAD.AES_256_GCM,
    3: cryptography_hpke.AEAD.CHACHA20_POLY1305,
}
WITH_CRYPTOGRAPHY = [suite for suite in SUITES if suite.kem in THEIR_KEM]
CURVES = {DHKEM_P256: ec.SECP256R1(), DHKEM_P384: ec.SECP384R1(), DHKEM_P521: ec.SECP521R1()}


def pyhpke_suite(suite):
    return CipherSuite.new(KEMId(suite.kem.code), KDFId(suite.kdf.code), AEADId(suite.aead.code))


def test_all_seven_suites_are_here():
    assert [int(suite.code) for suite in SUITES] == [1, 2, 3, 4, 5, 6, 7]
    assert [int(suite.code) for suite in WITH_CRYPTOGRAPHY] == [1, 2, 3, 5, 7]


@every_suite
def test_we_seal_and_pyhpke_opens(suite):
    theirs = pyhpke_suite(suite)
    private = suite.generate_key_pair(os_entropy)
    enc, context = suite.hpke.setup_sender(private.public, b"info", os_entropy)
    other = theirs.create_recipient_context(
        enc, theirs.kem.deserialize_private_key(private.reveal()), b"info"
    )
    for index in range(3):
        context, ciphertext = context.seal(b"aad %d" % index, b"text")
        assert other.open(ciphertext, b"aad %d" % index) == b"text"
    assert other.export(b"context", 42) == context.export(b"context", 42)


@every_suite
def test_pyhpke_seals_and_we_open(suite):
    theirs = pyhpke_suite(suite)
    private = suite.generate_key_pair(os_entropy)
    enc, other = theirs.create_sender_context(
        theirs.kem.deserialize_public_key(private.public), b"info"
    )
    context = suite.hpke.setup_recipient(enc, private, b"info")
    for index in range(3):
        ciphertext = other.seal(b"text", b"aad %d" % index)
        context, plaintext = context.open(b"aad %d" % index, ciphertext)
        assert plaintext == b"text"
    assert context.export(b"context", 42) == other.export(b"context", 42)


@every_suite
def test_the_same_randomness_gives_pyhpke_the_same_octets(suite):
    theirs = pyhpke_suite(suite)
    ephemeral = suite.kem.generate_key_pair(SeededEntropy(9))
    pair = theirs.kem.derive_key_pair(SeededEntropy(9)(suite.kem.nsk))
    assert pair.public_key.to_public_bytes() == ephemeral.public
    public = suite.derive_key_pair(b"recipient").public
    enc, other = theirs.create_sender_context(
        theirs.kem.deserialize_public_key(public),
        b"info",
        eks=KEMKeyPair(pair.private_key, pair.public_key),
    )
    ours = suite.hpke.seal(public, b"info", b"aad", b"text", SeededEntropy(9))
    assert ours == (enc, other.seal(b"text", b"aad"))


@every_suite
def test_pyhpke_computes_labelled_encryption_and_external_init(suite):
    theirs = pyhpke_suite(suite)
    private = suite.generate_key_pair(os_entropy)
    key = theirs.kem.deserialize_private_key(private.reveal())
    kem_output, ciphertext = suite.encrypt_with_label(
        private.public, b"Label", b"context", b"text", os_entropy
    )
    info = b"\x0dMLS 1.0 Label\x07context"
    assert theirs.create_recipient_context(kem_output, key, info).open(ciphertext) == b"text"
    kem_output, init_secret = suite.send_external_init(private.public, os_entropy)
    other = theirs.create_recipient_context(kem_output, key, b"")
    assert other.export(b"MLS 1.0 external init secret", suite.nh) == init_secret


@pytest.mark.parametrize("suite", WITH_CRYPTOGRAPHY, ids=lambda suite: suite.code.name)
def test_cryptography_opens_and_seals_too(suite):
    theirs = cryptography_hpke.Suite(
        THEIR_KEM[suite.kem], THEIR_KDF[suite.kdf.code], THEIR_AEAD[suite.aead.code]
    )
    private = suite.generate_key_pair(os_entropy)
    if suite.kem is DHKEM_X25519:
        key = x25519.X25519PrivateKey.from_private_bytes(private.reveal())
    else:
        number = int.from_bytes(private.reveal(), "big")
        key = ec.derive_private_key(number, CURVES[suite.kem])
    enc, ciphertext = suite.hpke.seal(private.public, b"info", b"", b"text", os_entropy)
    assert theirs.decrypt(enc + ciphertext, key, b"info") == b"text"
    message = theirs.encrypt(b"text", key.public_key(), b"info")
    enc, ciphertext = message[: suite.kem.nenc], message[suite.kem.nenc :]
    assert suite.hpke.open(enc, private, b"info", b"", ciphertext) == b"text"
