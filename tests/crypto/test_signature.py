"""Signature schemes: known answers, tampering, and keys that are none."""

from itertools import pairwise

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from mimi.crypto import (
    EntropyError,
    InvalidPrivateKeyError,
    InvalidPublicKeyError,
    KeyDerivationError,
    SeededEntropy,
    SignatureError,
    os_entropy,
)
from mimi.crypto.signature import (
    ECDSA_SECP256R1_SHA256,
    ECDSA_SECP384R1_SHA384,
    ECDSA_SECP521R1_SHA512,
    ED448,
    ED25519,
)

EDDSA = (ED25519, ED448)
ECDSA = (ECDSA_SECP256R1_SHA256, ECDSA_SECP384R1_SHA384, ECDSA_SECP521R1_SHA512)
SCHEMES = EDDSA + ECDSA

every_scheme = pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
every_eddsa = pytest.mark.parametrize("scheme", EDDSA, ids=lambda scheme: scheme.name)
every_ecdsa = pytest.mark.parametrize("scheme", ECDSA, ids=lambda scheme: scheme.name)


def lines_of(name):
    with cryptography_vectors.open_vector_file(f"asymmetric/{name}", "r") as file:
        return file.read().splitlines()


def check_known_answer(scheme, private, public, content, signature):
    key = scheme.private_key(private)
    assert key.public == public
    assert key.sign(content) == signature
    assert key.reveal() == private
    scheme.check_public_key(public)
    scheme.verify(public, content, signature)


def test_ed25519_known_answers():
    lines = lines_of("Ed25519/sign.input")
    assert len(lines) == 1024
    for line in lines:
        private, public, content, signed = (bytes.fromhex(part) for part in line.split(":")[:4])
        check_known_answer(ED25519, private[:32], public, content, signed[:64])


def test_ed448_known_answers_of_rfc_8032():
    count = 0
    for block in "\n".join(lines_of("Ed448/rfc8032.txt")).split("COUNT")[1:]:
        case = dict(line.split(" =") for line in block.splitlines()[1:] if " =" in line)
        if "CONTEXT" in case:
            continue
        keys = ("SECRET", "PUBLIC", "MESSAGE", "SIGNATURE")
        check_known_answer(ED448, *(bytes.fromhex(case[key]) for key in keys))
        count += 1
    assert count == 8


@pytest.mark.parametrize(
    ("scheme", "curve", "digest"),
    [
        (ECDSA_SECP256R1_SHA256, "P-256", "SHA256"),
        (ECDSA_SECP384R1_SHA384, "P-384", "SHA384"),
        (ECDSA_SECP521R1_SHA512, "P-521", "SHA512"),
    ],
)
def test_ecdsa_known_answers_of_rfc_6979(scheme, curve, digest):
    text = "\n".join(lines_of("ECDSA/RFC6979/evppkey_ecdsa_rfc6979.txt"))
    pem = text.split(f"PrivateKey={curve}_PRIV\n")[1].split("\n\n")[0]
    number = load_pem_private_key(pem.encode(), None).private_numbers().private_value
    key = scheme.private_key(number.to_bytes(scheme.nsk, "big"))
    found = 0
    for block in text.split("\n\n"):
        case = dict(line.split(" = ", 1) for line in block.splitlines() if " = " in line)
        if (case.get("DigestSign"), case.get("Key")) != (digest, f"{curve}_PRIV"):
            continue
        content = case["Input"].strip('"').encode()
        assert key.sign(content) == bytes.fromhex(case["Output"])
        scheme.verify(key.public, content, bytes.fromhex(case["Output"]))
        found += 1
    assert found == 2


@every_scheme
def test_a_generated_key_signs_and_is_stored(scheme):
    key = scheme.generate(os_entropy)
    again = scheme.private_key(key.reveal())
    assert again == key
    assert again != scheme.generate(os_entropy)
    assert len(key.reveal()) == scheme.nsk
    assert len(key.public) == scheme.npk
    scheme.verify(again.public, b"content", key.sign(b"content"))
    assert scheme.generate(SeededEntropy(1)) == scheme.generate(SeededEntropy(1))


@every_scheme
def test_signing_is_deterministic(scheme):
    key = scheme.generate(SeededEntropy(2))
    assert key.sign(b"content") == key.sign(b"content")


@every_scheme
def test_a_private_key_is_not_shown(scheme):
    key = scheme.generate(SeededEntropy(3))
    shown = f"SignaturePrivateKey(scheme=SignatureScheme({scheme.name}), public={key.public!r})"
    assert repr(key) == shown


@every_scheme
def test_another_content_or_key_is_refused(scheme):
    key, other = scheme.generate(SeededEntropy(4)), scheme.generate(SeededEntropy(5))
    signature = key.sign(b"content")
    for public, content in (
        (key.public, b"contenT"),
        (key.public, b""),
        (other.public, b"content"),
    ):
        with pytest.raises(SignatureError):
            scheme.verify(public, content, signature)


@every_scheme
@settings(deadline=None)
@given(position=st.integers(0), bit=st.integers(0, 7))
def test_no_changed_bit_goes_unnoticed(scheme, position, bit):
    key = scheme.generate(SeededEntropy(6))
    changed = bytearray(key.sign(b"content"))
    changed[position % len(changed)] ^= 1 << bit
    with pytest.raises(SignatureError):
        scheme.verify(key.public, b"content", bytes(changed))


@every_scheme
def test_a_signature_of_another_size_is_refused(scheme):
    key = scheme.generate(SeededEntropy(7))
    signature = key.sign(b"content")
    sizes = [b"", signature + b"\0", b"\0" + signature, signature * 2, bytes(len(signature))]
    sizes += [signature[:size] for size in range(len(signature))]
    for wrong in sizes:
        with pytest.raises(SignatureError):
            scheme.verify(key.public, b"content", wrong)


@every_ecdsa
def test_only_der_is_a_signature(scheme):
    key = scheme.generate(SeededEntropy(8))
    signature = key.sign(b"content")
    r, s = decode_dss_signature(signature)
    assert encode_dss_signature(r, s) == signature
    order = scheme.curve.order
    size = scheme.nsk
    raw = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    body = signature[signature.index(b"\x02") :]
    indefinite = b"\x30\x80" + body + b"\0\0"
    long_length = b"\x30\x82" + len(body).to_bytes(2, "big") + body
    padded_r = b"\x02" + bytes([body[1] + 1]) + b"\0" + body[2:]
    padded = b"\x30" + bytes([len(padded_r)]) + padded_r
    numbers = [(0, s), (r, 0), (r + order, s), (r, s + order), (order, s)]
    minus_one = b"\x02\x01\xff"
    negative = b"\x30\x06" + minus_one + minus_one
    for wrong in (raw, indefinite, long_length, padded, negative, b"\x30\0", b"\x30", b"\x05\0"):
        with pytest.raises(SignatureError):
            scheme.verify(key.public, b"content", wrong)
    for wrong_r, wrong_s in numbers:
        with pytest.raises(SignatureError):
            scheme.verify(key.public, b"content", encode_dss_signature(wrong_r, wrong_s))


@every_eddsa
def test_a_number_beyond_the_group_order_is_no_signature(scheme):
    """RFC 8032 sections 5.1.7 and 5.2.7: S is less than the order."""
    order = {
        ED25519: 2**252 + 27742317777372353535851937790883648493,
        ED448: 2**446 - 13818066809895115352007386748515426880336692474882178609894547503885,
    }[scheme]
    key = scheme.generate(SeededEntropy(9))
    signature = key.sign(b"content")
    half = len(signature) // 2
    s = int.from_bytes(signature[half:], "little") + order
    with pytest.raises(SignatureError):
        scheme.verify(key.public, b"content", signature[:half] + s.to_bytes(half, "little"))


@every_scheme
def test_a_public_key_of_the_wrong_length_is_refused(scheme):
    public = scheme.generate(SeededEntropy(10)).public
    for wrong in (b"", public[:-1], public + b"\0", public[1:], public * 2):
        with pytest.raises(InvalidPublicKeyError):
            scheme.check_public_key(wrong)
        with pytest.raises(InvalidPublicKeyError):
            scheme.verify(wrong, b"content", b"signature")


@every_ecdsa
def test_only_uncompressed_points_on_the_curve_are_accepted(scheme):
    key = scheme.generate(SeededEntropy(11))
    size = scheme.nsk
    x, y = key.public[1 : 1 + size], key.public[1 + size :]
    sign = y[-1] & 1
    for wrong in (
        b"\0",
        bytes(scheme.npk),
        bytes([2 + sign]) + x,
        (bytes([2 + sign]) + x).ljust(scheme.npk, b"\0"),
        bytes([6 + sign]) + x + y,
        b"\x04" + x + y[:-1] + bytes([y[-1] ^ 1]),
        b"\x04" + bytes(2 * size),
        b"\x04" + b"\xff" * (2 * size),
    ):
        with pytest.raises(InvalidPublicKeyError):
            scheme.check_public_key(wrong)
        with pytest.raises(InvalidPublicKeyError):
            scheme.verify(wrong, b"content", key.sign(b"content"))


@every_eddsa
def test_octets_that_are_no_point_verify_nothing(scheme):
    key = scheme.generate(SeededEntropy(12))
    refused = 0
    for first in range(32):
        public = bytes([first]) + key.public[1:]
        if public == key.public:
            continue
        with pytest.raises((InvalidPublicKeyError, SignatureError)):
            scheme.verify(public, b"content", key.sign(b"content"))
        refused += 1
    assert refused >= 31


@every_eddsa
def test_an_eddsa_private_key_has_one_length(scheme):
    for size in (0, scheme.nsk - 1, scheme.nsk + 1, 2 * scheme.nsk):
        with pytest.raises(InvalidPrivateKeyError):
            scheme.private_key(bytes(size))


@every_ecdsa
def test_an_ecdsa_private_key_is_a_number_below_the_order(scheme):
    order = scheme.curve.order
    wrong = [b"", bytes(scheme.nsk), order.to_bytes(scheme.nsk, "big"), b"\xff" * scheme.nsk]
    wrong.append(b"\0" * scheme.nsk + b"\1")
    for octets in wrong:
        with pytest.raises(InvalidPrivateKeyError):
            scheme.private_key(octets)


@every_ecdsa
def test_an_ecdsa_private_key_may_lack_its_leading_zeros(scheme):
    short = b"\x07" * (scheme.nsk - 1)
    assert scheme.private_key(short) == scheme.private_key(b"\0" + short)
    assert scheme.private_key(short).reveal() == b"\0" + short


@every_scheme
def test_a_broken_source_of_randomness_is_noticed(scheme):
    with pytest.raises(EntropyError):
        scheme.generate(lambda size: bytes(size - 1))


@every_ecdsa
def test_candidates_that_are_no_number_are_passed_over(scheme):
    good = SeededEntropy(13)(scheme.nsk)
    draws = iter([bytes(scheme.nsk), b"\xff" * scheme.nsk, good])
    assert scheme.generate(lambda _: next(draws)) == scheme.generate(lambda _: good)
    with pytest.raises(KeyDerivationError):
        scheme.generate(bytes)


def test_the_code_points_are_those_of_tls():
    codes = [scheme.code for scheme in SCHEMES]
    assert codes == [0x0807, 0x0808, 0x0403, 0x0503, 0x0603]
    assert all(first != second for first, second in pairwise(SCHEMES))
