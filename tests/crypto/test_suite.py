"""Cipher suites: the registry, and every operation computed a second way."""

import hashlib
import hmac

import attrs
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from mimi.codec import encode
from mimi.crypto import (
    CipherSuite,
    DecryptionError,
    ExportOnlyError,
    InputSizeError,
    InvalidPrivateKeyError,
    InvalidPublicKeyError,
    OutputLengthError,
    RegistrationError,
    SeededEntropy,
    SignatureError,
    Suite,
    SuiteMismatchError,
    UnknownCipherSuiteError,
    known_suites,
    labels,
    os_entropy,
    register,
    suite_of,
)
from mimi.crypto.aead import AES_256_GCM, EXPORT_ONLY
from mimi.crypto.kdf import HKDF_SHA256, HKDF_SHA384, HKDF_SHA512, Kdf
from mimi.crypto.kem import DHKEM_P384, DHKEM_P521, DHKEM_X448, DHKEM_X25519
from mimi.crypto.signature import ECDSA_SECP521R1_SHA512, ED25519

SUITES = known_suites()[:7]
every_suite = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.code.name)

HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}

# RFC 9420 section 17.1, with the lengths of RFC 9180 section 7: Nh, Nk, Nn, Nsk, Npk, signature
TABLE = {
    1: ("X25519_AES128", 32, 16, 12, 32, 32, "ed25519"),
    2: ("P256_AES128", 32, 16, 12, 32, 65, "ecdsa_secp256r1_sha256"),
    3: ("X25519_CHACHA20", 32, 32, 12, 32, 32, "ed25519"),
    4: ("X448_AES256", 64, 32, 12, 56, 56, "ed448"),
    5: ("P521_AES256", 64, 32, 12, 66, 133, "ecdsa_secp521r1_sha512"),
    6: ("X448_CHACHA20", 64, 32, 12, 56, 56, "ed448"),
    7: ("P384_AES256", 48, 32, 12, 48, 97, "ecdsa_secp384r1_sha384"),
}
NAMES = [
    "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
    "MLS_128_DHKEMP256_AES128GCM_SHA256_P256",
    "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
    "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448",
    "MLS_256_DHKEMP521_AES256GCM_SHA512_P521",
    "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448",
    "MLS_256_DHKEMP384_AES256GCM_SHA384_P384",
]


def vector(octets):
    """opaque<V> of fewer than 16384 octets (RFC 9420 section 2.1.2)."""
    size = len(octets)
    head = bytes([size]) if size < 64 else (0x4000 | size).to_bytes(2, "big")
    return head + octets


def expanded(suite, secret, label, context, length):
    info = length.to_bytes(2, "big") + vector(b"MLS 1.0 " + label) + vector(context)
    return HKDFExpand(HASHES[suite.hash_name], length, info).derive(secret)


@every_suite
def test_a_suite_is_what_the_specification_says(suite):
    alias, nh, nk, nn, nsk, npk, signature = TABLE[suite.code]
    assert suite.code is suite_of(getattr(CipherSuite, alias)).code
    assert (suite.nh, suite.nk, suite.nn) == (nh, nk, nn)
    assert (suite.kem.nsk, suite.kem.npk) == (nsk, npk)
    assert suite.signature.name == signature
    assert len(suite.hash(b"")) == len(suite.mac(b"", b"")) == nh
    assert repr(suite) == f"Suite({suite.code.name})"


def test_the_code_points_have_their_registered_names():
    assert [suite.code.name for suite in SUITES] == NAMES
    assert [int(getattr(CipherSuite, name)) for name in NAMES] == [1, 2, 3, 4, 5, 6, 7]
    assert suite_of(1) is suite_of(CipherSuite.X25519_AES128)


@pytest.mark.parametrize("code", [0x0000, 0x0008, 0x0A0A, 0xFFFF])
def test_an_unknown_suite_is_an_error_with_its_number(code):
    for wrong in (code, CipherSuite(code)):
        with pytest.raises(UnknownCipherSuiteError) as caught:
            suite_of(wrong)
        assert caught.value.where == {"cipher_suite": code}


def test_a_private_use_suite_is_registered_and_works(monkeypatch):
    suite = Suite(
        CipherSuite(0xF123), DHKEM_P384, HKDF_SHA384, AES_256_GCM, "sha512", ECDSA_SECP521R1_SHA512
    )
    with pytest.raises(UnknownCipherSuiteError):
        suite_of(0xF123)
    monkeypatch.setattr("mimi.crypto.suite._registry", {int(each.code): each for each in SUITES})
    register(suite)
    register(attrs.evolve(suite))
    assert suite_of(0xF123) is suite
    assert suite in known_suites()
    key = suite.generate_signature_key(os_entropy)
    suite.verify_with_label(key.public, b"L", b"c", suite.sign_with_label(key, b"L", b"c"))
    pair = suite.generate_key_pair(os_entropy)
    sealed = suite.encrypt_with_label(pair.public, b"L", b"c", b"text", os_entropy)
    assert suite.decrypt_with_label(pair, b"L", b"c", *sealed) == b"text"
    assert (suite.nh, len(suite.hash(b""))) == (48, 64)


def test_a_code_point_is_not_taken_over():
    usurper = attrs.evolve(suite_of(1), aead=AES_256_GCM)
    with pytest.raises(RegistrationError):
        register(usurper)
    assert suite_of(1) != usurper


def test_equal_suites_are_one_key_of_a_dictionary():
    assert {suite_of(1): "x"}[attrs.evolve(suite_of(1))] == "x"
    assert len({*SUITES, *SUITES}) == 7


@every_suite
def test_hash_and_mac(suite):
    assert suite.hash(b"data") == getattr(hashlib, suite.hash_name)(b"data").digest()
    tag = hmac.new(b"key", b"data", suite.hash_name).digest()
    assert suite.mac(b"key", b"data") == tag
    assert suite.verify_mac(b"key", b"data", tag) is True
    for wrong in (b"", tag[:-1], tag + b"\0", tag[:-1] + bytes([tag[-1] ^ 1])):
        assert suite.verify_mac(b"key", b"data", wrong) is False
    assert suite.verify_mac(b"kez", b"data", tag) is False


@every_suite
@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80), st.integers(1, 300))
def test_hkdf(suite, salt, ikm, info, length):
    algorithm = HASHES[suite.hash_name]
    theirs = HKDF(algorithm, length, salt, info).derive(ikm)
    assert suite.expand(suite.extract(salt, ikm), info, length) == theirs


@every_suite
def test_extraction_without_a_salt_takes_zeros(suite):
    assert suite.extract(b"", b"ikm") == suite.extract(bytes(suite.nh), b"ikm")


@every_suite
def test_expansion_has_a_limit(suite):
    limit = 255 * suite.nh
    theirs = HKDFExpand(HASHES[suite.hash_name], limit, b"info").derive(bytes(suite.nh))
    assert suite.expand(bytes(suite.nh), b"info", limit) == theirs
    assert suite.expand(bytes(suite.nh), b"info", 0) == b""
    for length in (-1, limit + 1, 1 << 16):
        with pytest.raises(OutputLengthError):
            suite.expand(bytes(suite.nh), b"info", length)
        with pytest.raises(OutputLengthError):
            suite.expand_with_label(bytes(suite.nh), b"label", b"", length)
        with pytest.raises(OutputLengthError):
            suite.derive_tree_secret(bytes(suite.nh), b"label", 0, length)


@every_suite
def test_aead(suite):
    key, nonce = bytes(range(suite.nk)), bytes(range(suite.nn))
    theirs = ChaCha20Poly1305(key) if suite.aead.code == 3 else AESGCM(key)
    sealed = suite.aead_seal(key, nonce, b"aad", b"text")
    assert sealed == theirs.encrypt(nonce, b"text", b"aad")
    assert len(sealed) == 4 + suite.aead.nt
    assert suite.aead_open(key, nonce, b"aad", sealed) == b"text"
    assert suite.aead_open(key, nonce, b"", suite.aead_seal(key, nonce, b"", b"")) == b""
    other_key, other_nonce = key[:-1] + b"\xff", nonce[:-1] + b"\xff"
    for arguments in (
        (other_key, nonce, b"aad", sealed),
        (key, other_nonce, b"aad", sealed),
        (key, nonce, b"", sealed),
        (key, nonce, b"aad", sealed[:-1]),
        (key, nonce, b"aad", sealed[:15]),
        (key, nonce, b"aad", b""),
        (key, nonce, b"aad", sealed + b"\0"),
    ):
        with pytest.raises(DecryptionError):
            suite.aead_open(*arguments)


@every_suite
@pytest.mark.parametrize(("key", "nonce"), [(-1, 0), (1, 0), (0, -1), (0, 1), (-99, 0), (0, -99)])
def test_a_key_or_nonce_of_the_wrong_size_is_a_mistake_of_the_caller(suite, key, nonce):
    key, nonce = bytes(max(0, suite.nk + key)), bytes(max(0, suite.nn + nonce))
    with pytest.raises(InputSizeError):
        suite.aead_seal(key, nonce, b"", b"")
    with pytest.raises(InputSizeError):
        suite.aead_open(key, nonce, b"", bytes(16))


def test_a_plaintext_beyond_what_the_library_takes_is_refused():
    """2^31 octets of zeros, which the operating system does not lay out before they are read."""
    suite = suite_of(1)
    with pytest.raises(InputSizeError):
        suite.aead_seal(bytes(16), bytes(12), b"", bytes(1 << 31))


def test_the_export_only_algorithm_does_not_encrypt():
    with pytest.raises(ExportOnlyError):
        EXPORT_ONLY.seal(b"", b"", b"", b"")
    with pytest.raises(ExportOnlyError):
        EXPORT_ONLY.open(b"", b"", b"", b"")


@every_suite
@pytest.mark.parametrize("label", [b"", b"joiner", b"x" * 100])
@pytest.mark.parametrize("context", [b"", b"context", b"y" * 1000])
def test_expand_with_label(suite, label, context):
    secret = bytes(range(suite.nh))
    for length in (1, 16, suite.nh, suite.nh + 1, 200):
        ours = suite.expand_with_label(secret, label, context, length)
        assert ours == expanded(suite, secret, label, context, length)


@every_suite
@pytest.mark.parametrize("label", [b"", b"welcome", b"x" * 100])
def test_derive_secret(suite, label):
    secret = bytes(range(suite.nh))
    assert suite.derive_secret(secret, label) == expanded(suite, secret, label, b"", suite.nh)


@every_suite
@pytest.mark.parametrize("generation", [0, 1, 0x01020304, (1 << 32) - 1])
def test_derive_tree_secret(suite, generation):
    secret = bytes(range(suite.nh))
    ours = suite.derive_tree_secret(secret, b"key", generation, suite.nk)
    assert ours == expanded(suite, secret, b"key", generation.to_bytes(4, "big"), suite.nk)


@every_suite
@pytest.mark.parametrize("generation", [-1, 1 << 32])
def test_a_generation_has_32_bits(suite, generation):
    with pytest.raises(InputSizeError):
        suite.derive_tree_secret(bytes(suite.nh), b"key", generation, suite.nk)


@every_suite
@pytest.mark.parametrize("generation", [0, 1, 0x01020304, (1 << 32) - 1])
def test_a_generation_of_a_ratchet_is_three_tree_secrets(suite, generation):
    secret = bytes(range(suite.nh))
    wanted = (b"key", suite.nk), (b"nonce", suite.nn), (b"secret", suite.nh)
    assert suite.derive_generation(secret, generation) == tuple(
        suite.derive_tree_secret(secret, label, generation, length) for label, length in wanted
    )
    for wrong in (-1, 1 << 32):
        with pytest.raises(InputSizeError):
            suite.derive_generation(secret, wrong)


@every_suite
@pytest.mark.parametrize("context", [b"", b"context", b"y" * 1000])
def test_a_key_and_a_nonce_are_two_expansions(suite, context):
    secret = bytes(range(suite.nh))
    assert suite.derive_key_and_nonce(secret, context) == (
        expanded(suite, secret, b"key", context, suite.nk),
        expanded(suite, secret, b"nonce", context, suite.nn),
    )


@every_suite
def test_the_children_of_a_node_of_the_secret_tree(suite):
    secret = bytes(range(suite.nh))
    assert suite.derive_children(secret) == (
        expanded(suite, secret, b"tree", b"left", suite.nh),
        expanded(suite, secret, b"tree", b"right", suite.nh),
    )


@every_suite
def test_the_ratchets_of_a_leaf_of_the_secret_tree(suite):
    secret = bytes(range(suite.nh))
    kinds = b"handshake", b"application"
    expected = tuple(suite.derive_secret(secret, kind) for kind in kinds)
    assert suite.derive_ratchets(secret) == expected


@given(
    st.binary(max_size=80),
    st.binary(max_size=20_000),
    st.integers(0, 255),
    st.integers(0, 2**32 - 1),
)
def test_labels_are_encoded_as_they_are_declared(label, content, length, generation):
    full = labels.PREFIX + label
    declared = labels.KDFLabel(length, full, content)
    assert labels.kdf_label(length, label, content) == encode(declared)
    assert labels.sign_content(label, content) == encode(labels.SignContent(full, content))
    position = labels.TreePosition(generation)
    assert labels.tree_position(generation) == encode(position)


@pytest.mark.parametrize("kdf", [HKDF_SHA256, HKDF_SHA384, HKDF_SHA512, Kdf(0, "blake2s", 32)])
@given(prk=st.binary(max_size=200), infos=st.lists(st.binary(max_size=80), max_size=4))
def test_many_expansions_of_one_key_are_what_each_is_alone(kdf, prk, infos):
    wanted = [(info, length) for info in infos for length in (0, 12, kdf.nh, kdf.nh + 1, 300)]
    expected = [kdf.expand(prk, info, length) for info, length in wanted]
    assert kdf.expand_each(prk, wanted) == expected
    for length in (-1, kdf.limit + 1):
        with pytest.raises(OutputLengthError):
            kdf.expand_each(prk, [(b"info", length)])


@every_suite
def test_ref_hash(suite):
    for label, value in ((b"", b""), (b"MLS 1.0 KeyPackage Reference", b"v" * 500)):
        whole = vector(label) + vector(value)
        theirs = hashlib.new(suite.hash_name, whole).digest()
        assert suite.ref_hash(label, value) == theirs


@every_suite
def test_sign_with_label_signs_the_declared_content(suite):
    key = suite.generate_signature_key(SeededEntropy(1))
    signature = suite.sign_with_label(key, b"LeafNodeTBS", b"content")
    signed = vector(b"MLS 1.0 LeafNodeTBS") + vector(b"content")
    if suite.signature.name.startswith("ecdsa"):
        curve = {65: ec.SECP256R1(), 97: ec.SECP384R1(), 133: ec.SECP521R1()}[len(key.public)]
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(curve, key.public)
        theirs.verify(signature, signed, ec.ECDSA(HASHES[suite.hash_name]))
        return
    kind = ed25519.Ed25519PublicKey if suite.signature is ED25519 else ed448.Ed448PublicKey
    theirs = kind.from_public_bytes(key.public)
    theirs.verify(signature, signed)
    with pytest.raises(InvalidSignature):
        theirs.verify(signature, b"content")


@every_suite
def test_a_signature_is_bound_to_label_and_content(suite):
    key = suite.generate_signature_key(SeededEntropy(1))
    signature = suite.sign_with_label(key, b"Label", b"content")
    suite.verify_with_label(key.public, b"Label", b"content", signature)
    for label, content in ((b"Labe", b"content"), (b"Label", b"conten"), (b"Labelc", b"ontent")):
        with pytest.raises(SignatureError):
            suite.verify_with_label(key.public, label, content, signature)


@every_suite
def test_a_ciphertext_is_bound_to_label_context_and_key(suite):
    pair, other = suite.derive_key_pair(b"a"), suite.derive_key_pair(b"b")
    kem_output, ciphertext = suite.encrypt_with_label(
        pair.public, b"Label", b"context", b"text", os_entropy
    )
    opened = suite.decrypt_with_label(pair, b"Label", b"context", kem_output, ciphertext)
    assert opened == b"text"
    for private, label, context in (
        (other, b"Label", b"context"),
        (pair, b"label", b"context"),
        (pair, b"Label", b""),
        (pair, b"Labelc", b"ontext"),
    ):
        with pytest.raises(DecryptionError):
            suite.decrypt_with_label(private, label, context, kem_output, ciphertext)


@every_suite
def test_one_prepared_context_serves_many_recipients(suite):
    info = suite.encryption_info(b"UpdatePathNode", b"group context")
    for index in range(3):
        pair = suite.derive_key_pair(bytes([index]))
        sealed = suite.hpke.seal(pair.public, info, b"", b"text", SeededEntropy(index))
        alone = suite.encrypt_with_label(
            pair.public, b"UpdatePathNode", b"group context", b"text", SeededEntropy(index)
        )
        assert sealed == alone
        opened = suite.decrypt_with_label(pair, b"UpdatePathNode", b"group context", *sealed)
        assert opened == suite.hpke.open(sealed[0], pair, info, b"", sealed[1]) == b"text"


@every_suite
def test_external_init_gives_both_sides_one_secret(suite):
    pair = suite.derive_key_pair(b"external secret")
    kem_output, init_secret = suite.send_external_init(pair.public, os_entropy)
    assert len(init_secret) == suite.nh
    assert suite.receive_external_init(pair, kem_output) == init_secret
    other = suite.derive_key_pair(b"another epoch")
    assert suite.receive_external_init(other, kem_output) != init_secret


@every_suite
def test_stored_keys_come_back(suite):
    pair = suite.generate_key_pair(os_entropy)
    assert suite.hpke_private_key(pair.reveal()) == pair
    suite.check_hpke_public_key(pair.public)
    key = suite.generate_signature_key(os_entropy)
    assert suite.signature_private_key(key.reveal()) == key
    suite.check_signature_public_key(key.public)
    for load in (suite.hpke_private_key, suite.signature_private_key):
        with pytest.raises(InvalidPrivateKeyError):
            load(b"")
    for check in (suite.check_hpke_public_key, suite.check_signature_public_key):
        with pytest.raises(InvalidPublicKeyError):
            check(b"")


@every_suite
def test_a_key_of_another_suite_is_a_mistake_of_the_caller(suite):
    other = next(each for each in SUITES if each.signature != suite.signature)
    with pytest.raises(SuiteMismatchError):
        suite.sign_with_label(other.generate_signature_key(os_entropy), b"L", b"c")
    other = next(each for each in SUITES if each.kem != suite.kem)
    pair = other.generate_key_pair(os_entropy)
    with pytest.raises(SuiteMismatchError):
        suite.decrypt_with_label(pair, b"L", b"c", pair.public, b"")
    with pytest.raises(SuiteMismatchError):
        suite.receive_external_init(pair, pair.public)


def test_the_algorithms_have_their_registered_numbers():
    assert suite_of(1).hpke.suite_id == b"HPKE\0\x20\0\x01\0\x01"
    assert suite_of(6).hpke.suite_id == b"HPKE\0\x21\0\x03\0\x03"
    assert [kem.code for kem in (DHKEM_X25519, DHKEM_X448)] == [0x20, 0x21]
    assert DHKEM_P521.kdf is HKDF_SHA512
