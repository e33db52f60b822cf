"""Pre-shared keys: their secret, word by word, and their nonces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.epoch import SUITE
from tree.members import every_suite, refused

from mimi.codec import decode, encode, replace
from mimi.crypto import Secret
from mimi.errors import MalformedError
from mimi.mls.codepoints import ResumptionPSKUsage
from mimi.mls.errors import PSKCountError, PSKNonceError
from mimi.mls.psk import (
    ExternalPSK,
    PreSharedKeyID,
    ResumptionPSK,
    check_psk_nonce,
    psk_secret,
)

NONCE = bytes(SUITE.nh)
FIRST = PreSharedKeyID(ExternalPSK(b"first"), NONCE)
SECOND = PreSharedKeyID(ResumptionPSK(ResumptionPSKUsage.APPLICATION, b"group", 7), NONCE)


def naive_psk_secret(suite, psks):
    """RFC 9420 section 8.4."""
    secret = bytes(suite.nh)
    for index, (psk_id, psk) in enumerate(psks):
        label = encode(psk_id) + index.to_bytes(2, "big") + len(psks).to_bytes(2, "big")
        extracted = suite.extract(bytes(suite.nh), psk)
        psk_input = suite.expand_with_label(extracted, b"derived psk", label, suite.nh)
        secret = suite.extract(psk_input, secret)
    return secret


@every_suite
def test_the_secret_is_that_of_the_specification(suite):
    for count in range(4):
        nonce = NONCE.ljust(suite.nh, b"n")
        first, second = (replace(psk_id, psk_nonce=nonce) for psk_id in (FIRST, SECOND))
        psks = [(first, b"one"), (second, b"two"), (first, b"")][:count]
        made = psk_secret(suite, ((psk_id, Secret(psk)) for psk_id, psk in psks))
        assert made.reveal() == naive_psk_secret(suite, psks)
        assert len(made) == suite.nh


def test_no_keys_are_zeros():
    assert psk_secret(SUITE, ()).reveal() == bytes(SUITE.nh)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=5), min_size=1, max_size=4), st.data())
def test_everything_about_a_key_matters(names, data):
    psks = [(PreSharedKeyID(ExternalPSK(name), NONCE), Secret(name)) for name in names]
    made = psk_secret(SUITE, psks)
    at = data.draw(st.integers(0, len(psks) - 1))
    psk_id, psk = psks[at]
    for other in (
        (replace(psk_id, psk_nonce=b"\1" * SUITE.nh), psk),
        (replace(psk_id, psk=ExternalPSK(psk_id.psk.psk_id + b"!")), psk),
        (psk_id, Secret(psk.reveal() + b"!")),
    ):
        assert psk_secret(SUITE, [*psks[:at], other, *psks[at + 1 :]]) != made
    assert psk_secret(SUITE, [*psks, psks[0]]) != made


def test_a_secret_is_not_made_from_the_identifier_alone():
    assert psk_secret(SUITE, [(FIRST, Secret(b"one"))]) != psk_secret(
        SUITE, [(FIRST, Secret(b"two"))]
    )


@every_suite
def test_a_nonce_is_as_long_as_a_hash(suite):
    check_psk_nonce(suite, PreSharedKeyID(ExternalPSK(b"x"), bytes(suite.nh)))
    for length in (0, suite.nh - 1, suite.nh + 1):
        with refused(PSKNonceError):
            check_psk_nonce(suite, PreSharedKeyID(ExternalPSK(b"x"), bytes(length)))
        with refused(PSKNonceError):
            psk_secret(suite, [(PreSharedKeyID(ExternalPSK(b"x"), bytes(length)), Secret(b"x"))])


def test_there_are_no_more_keys_than_16_bits_count():
    with refused(PSKCountError):
        psk_secret(SUITE, [(FIRST, Secret(b""))] * 0x10000)
    assert len(psk_secret(SUITE, [(FIRST, Secret(b""))] * 0xFFFF)) == SUITE.nh


def test_identifiers_on_the_wire():
    assert encode(FIRST) == b"\1\5first" + bytes([SUITE.nh]) + NONCE
    assert encode(SECOND) == b"\2\1\5group" + (7).to_bytes(8, "big") + bytes([SUITE.nh]) + NONCE
    for psk_id in (FIRST, SECOND):
        assert decode(PreSharedKeyID, encode(psk_id)) == psk_id


@pytest.mark.parametrize("octets", [b"\0\1x\0", b"\3\1x\0", b"\xff\1x\0"])
def test_an_unknown_kind_is_malformed(octets):
    with pytest.raises(MalformedError):
        decode(PreSharedKeyID, octets)


@pytest.mark.parametrize("usage", [0, 4, 255])
def test_an_unknown_usage_is_malformed(usage):
    octets = encode(SECOND)
    with pytest.raises(MalformedError):
        decode(PreSharedKeyID, octets[:1] + bytes([usage]) + octets[2:])
