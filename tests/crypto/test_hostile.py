"""Whatever octets a peer sends, only the documented errors come out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimi.crypto import (
    DecryptionError,
    InvalidPrivateKeyError,
    InvalidPublicKeyError,
    KeyAgreementError,
    SeededEntropy,
    SignatureError,
    known_suites,
)
from mimi.crypto.curve import X448, X25519

SUITES = known_suites()[:7]
every_suite = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.code.name)
PAIRS = {suite: suite.derive_key_pair(b"ikm") for suite in SUITES}
SIGNERS = {suite: suite.generate_signature_key(SeededEntropy(1)) for suite in SUITES}
SIGNATURES = {suite: suite.sign_with_label(SIGNERS[suite], b"L", b"c") for suite in SUITES}
SEALED = {
    suite: suite.encrypt_with_label(PAIRS[suite].public, b"L", b"c", b"text", SeededEntropy(2))
    for suite in SUITES
}


@st.composite
def resembling(draw, genuine):
    """Any octets: none like the genuine ones, of their length, or of them with a piece changed."""
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return draw(st.binary(max_size=2 * len(genuine)))
    if kind == 1:
        return draw(st.binary(min_size=len(genuine), max_size=len(genuine)))
    if kind == 2:
        rest = st.binary(min_size=len(genuine) - 1, max_size=len(genuine) - 1)
        return genuine[:1] + draw(rest)
    start = draw(st.integers(0, len(genuine)))
    stop = draw(st.integers(start, len(genuine)))
    return genuine[:start] + draw(st.binary(max_size=8)) + genuine[stop:]


@every_suite
@settings(deadline=None)
@given(data=st.data())
def test_any_signature(suite, data):
    genuine = SIGNATURES[suite]
    signature = data.draw(resembling(genuine))
    if signature == genuine:
        return
    with pytest.raises(SignatureError):
        suite.verify_with_label(SIGNERS[suite].public, b"L", b"c", signature)


@every_suite
@settings(deadline=None)
@given(data=st.data())
def test_any_public_key_for_verifying(suite, data):
    genuine = SIGNERS[suite].public
    public = data.draw(resembling(genuine))
    if public == genuine:
        return
    with pytest.raises((InvalidPublicKeyError, SignatureError)):
        suite.verify_with_label(public, b"L", b"c", SIGNATURES[suite])
    try:
        suite.check_signature_public_key(public)
    except InvalidPublicKeyError:
        return
    assert len(public) == suite.signature.npk


@every_suite
@settings(deadline=None)
@given(data=st.data())
def test_any_public_key_for_encrypting(suite, data):
    public = data.draw(resembling(PAIRS[suite].public))
    try:
        kem_output, _ = suite.encrypt_with_label(public, b"L", b"c", b"text", SeededEntropy(3))
        suite.send_external_init(public, SeededEntropy(3))
    except InvalidPublicKeyError:
        return
    assert len(public) == suite.kem.npk
    assert len(kem_output) == suite.kem.nenc


@every_suite
@settings(deadline=None)
@given(data=st.data())
def test_any_ciphertext(suite, data):
    genuine = SEALED[suite]
    received = (data.draw(resembling(genuine[0])), data.draw(resembling(genuine[1])))
    if received == genuine:
        return
    with pytest.raises((InvalidPublicKeyError, DecryptionError)):
        suite.decrypt_with_label(PAIRS[suite], b"L", b"c", *received)
    with pytest.raises((InvalidPublicKeyError, DecryptionError)):
        suite.decrypt_with_label(PAIRS[suite], b"L", b"c", genuine[0], received[1] + b"\0")


@every_suite
@settings(deadline=None)
@given(data=st.data())
def test_any_kem_output_of_an_external_init(suite, data):
    kem_output = data.draw(resembling(SEALED[suite][0]))
    try:
        init_secret = suite.receive_external_init(PAIRS[suite], kem_output)
    except InvalidPublicKeyError:
        return
    assert len(init_secret) == suite.nh


@every_suite
@settings(deadline=None)
@given(data=st.data())
def test_any_private_key(suite, data):
    pairs = (
        (suite.hpke_private_key, PAIRS[suite]),
        (suite.signature_private_key, SIGNERS[suite]),
    )
    for load, genuine in pairs:
        octets = data.draw(resembling(genuine.reveal()))
        try:
            key = load(octets)
        except InvalidPrivateKeyError:
            continue
        assert int.from_bytes(key.reveal(), "big") == int.from_bytes(octets, "big")


@pytest.mark.parametrize("curve", [X25519, X448], ids=lambda curve: curve.name)
def test_keys_of_small_order_are_no_keys(curve):
    """Each is refused at a look, and each would be refused when used."""
    private = curve.private_key(bytes(range(curve.nsk)))
    curve.check_public_key(curve.public_octets(private))
    assert len(curve.small_order) == {"X25519": 14, "X448": 5}[curve.name]
    for octets in curve.small_order:
        with pytest.raises(KeyAgreementError):
            curve.check_public_key(octets)
        with pytest.raises(KeyAgreementError):
            curve.agree(private, curve.public_key(octets))
