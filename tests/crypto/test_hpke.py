"""What RFC 9180 asks beyond its vectors."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimi.crypto import (
    DecryptionError,
    EntropyError,
    InvalidPrivateKeyError,
    InvalidPublicKeyError,
    KeyAgreementError,
    KeyDerivationError,
    MessageLimitError,
    OutputLengthError,
    SeededEntropy,
    SuiteMismatchError,
    known_suites,
    os_entropy,
    suite_of,
)
from mimi.crypto.curve import P256, P521
from mimi.crypto.kem import DHKEM_P256, DHKEM_P384, DHKEM_P521, DHKEM_X448, DHKEM_X25519, Dhkem

KEMS = (DHKEM_P256, DHKEM_P384, DHKEM_P521, DHKEM_X25519, DHKEM_X448)
NIST = (DHKEM_P256, DHKEM_P384, DHKEM_P521)
MONTGOMERY = (DHKEM_X25519, DHKEM_X448)
HPKE = suite_of(1).hpke

every_kem = pytest.mark.parametrize("kem", KEMS, ids=repr)


def contexts(info=b"info"):
    private = HPKE.kem.derive_key_pair(b"recipient")
    enc, sending = HPKE.setup_sender(private.public, info, SeededEntropy(1))
    return sending, HPKE.setup_recipient(enc, private, info)


@every_kem
def test_a_stored_private_key_is_the_same_key(kem):
    pair = kem.generate_key_pair(os_entropy)
    again = kem.private_key(pair.reveal())
    assert again == pair
    assert hash(again) == hash(pair)
    assert again.reveal() == pair.reveal()
    assert pair != kem.generate_key_pair(os_entropy)
    kem.check_public_key(pair.public)


@every_kem
def test_a_private_key_is_not_shown(kem):
    pair = kem.generate_key_pair(SeededEntropy(3))
    assert repr(pair) == f"HPKEPrivateKey(kem={kem!r}, public={pair.public!r})"


@every_kem
def test_randomness_is_drawn_once_and_decides_everything(kem):
    drawn = []

    def entropy(size):
        drawn.append(size)
        return SeededEntropy(5)(size)

    recipient = kem.derive_key_pair(b"ikm")
    assert kem.encap(recipient.public, entropy) == kem.encap(recipient.public, SeededEntropy(5))
    assert drawn == [kem.nsk]
    with pytest.raises(EntropyError):
        kem.encap(recipient.public, lambda size: bytes(size - 1))


@every_kem
@pytest.mark.parametrize("change", [-1, 1])
def test_a_public_key_of_the_wrong_length_is_refused(kem, change):
    pair = kem.derive_key_pair(b"ikm")
    wrong = (pair.public + b"\0")[: kem.npk + change]
    for attempt in (
        lambda: kem.check_public_key(wrong),
        lambda: kem.encap(wrong, os_entropy),
        lambda: kem.decap(wrong, pair),
    ):
        with pytest.raises(InvalidPublicKeyError):
            attempt()


@pytest.mark.parametrize("kem", NIST, ids=repr)
def test_only_uncompressed_points_on_the_curve_are_accepted(kem):
    pair = kem.derive_key_pair(b"ikm")
    x, y = pair.public[1 : 1 + kem.nsk], pair.public[1 + kem.nsk :]
    infinity, compressed = b"\0", bytes([2 + (y[-1] & 1)]) + x
    hybrid = bytes([6 + (y[-1] & 1)]) + x + y
    off_curve = b"\x04" + x + y[:-1] + bytes([y[-1] ^ 1])
    zero = b"\x04" + bytes(2 * kem.nsk)
    unreduced = b"\x04" + b"\xff" * (2 * kem.nsk)
    padded_infinity = bytes(kem.npk)
    padded_compressed = compressed.ljust(kem.npk, b"\0")
    for wrong in (
        b"",
        infinity,
        compressed,
        hybrid,
        off_curve,
        zero,
        unreduced,
        padded_infinity,
        padded_compressed,
        x + y,
    ):
        with pytest.raises(InvalidPublicKeyError):
            kem.check_public_key(wrong)
        with pytest.raises(InvalidPublicKeyError):
            kem.encap(wrong, os_entropy)
        with pytest.raises(InvalidPublicKeyError):
            kem.decap(wrong, pair)


@pytest.mark.parametrize("kem", MONTGOMERY, ids=repr)
@pytest.mark.parametrize("u", [0, 1, -1])
def test_a_zero_shared_secret_is_refused(kem, u):
    """RFC 9180 section 7.1.4: u = 0, 1 and p - 1 have small order on both curves."""
    prime = 2**255 - 19 if kem is DHKEM_X25519 else 2**448 - 2**224 - 1
    small = (u % prime).to_bytes(kem.npk, "little")
    with pytest.raises(KeyAgreementError):
        kem.encap(small, os_entropy)
    with pytest.raises(KeyAgreementError):
        kem.decap(small, kem.derive_key_pair(b"ikm"))


@pytest.mark.parametrize("kem", MONTGOMERY, ids=repr)
def test_a_montgomery_private_key_has_one_length(kem):
    for size in (0, kem.nsk - 1, kem.nsk + 1):
        with pytest.raises(InvalidPrivateKeyError):
            kem.private_key(bytes(size))


@pytest.mark.parametrize("kem", NIST, ids=repr)
def test_a_nist_private_key_is_a_number_below_the_order(kem):
    order = kem.curve.order
    top = (order - 1).to_bytes(kem.nsk, "big")
    assert kem.private_key(top).reveal() == top
    for wrong in (
        b"",
        bytes(kem.nsk),
        order.to_bytes(kem.nsk, "big"),
        b"\xff" * kem.nsk,
        b"\0" + top,
    ):
        with pytest.raises(InvalidPrivateKeyError):
            kem.private_key(wrong)


@pytest.mark.parametrize("kem", NIST, ids=repr)
def test_a_nist_private_key_may_lack_its_leading_zeros(kem):
    short = b"\x07" * (kem.nsk - 1)
    assert kem.private_key(short) == kem.private_key(b"\0" + short)
    assert kem.private_key(short).reveal() == b"\0" + short


def test_candidates_beyond_the_order_are_passed_over():
    """With half of the order, some first candidates fail and a later one serves."""
    halved = Dhkem(0x0010, attrs.evolve(P256, order=P256.order >> 4), DHKEM_P256.kdf)
    for index in range(20):
        pair = halved.derive_key_pair(bytes([index]))
        assert 0 < int.from_bytes(pair.reveal(), "big") < P256.order >> 4
        assert pair.public == DHKEM_P256.private_key(pair.reveal()).public


def test_no_candidate_at_all_is_an_error():
    hopeless = Dhkem(0x0012, attrs.evolve(P521, order=1), DHKEM_P521.kdf)
    with pytest.raises(KeyDerivationError):
        hopeless.derive_key_pair(b"ikm")


@every_kem
def test_a_private_key_of_another_algorithm_is_a_mistake_of_the_caller(kem):
    other = KEMS[KEMS.index(kem) - 1]
    enc = kem.derive_key_pair(b"ikm").public
    with pytest.raises(SuiteMismatchError):
        kem.decap(enc, other.derive_key_pair(b"ikm"))


def test_an_equal_algorithm_is_not_another():
    twin = Dhkem(DHKEM_X25519.code, DHKEM_X25519.curve, DHKEM_X25519.kdf)
    _, enc = twin.encap(DHKEM_X25519.derive_key_pair(b"ikm").public, os_entropy)
    assert len(twin.decap(enc, DHKEM_X25519.derive_key_pair(b"ikm"))) == 32


def test_a_series_of_messages_is_opened_in_order():
    sending, receiving = contexts()
    sent = []
    for index in range(5):
        sending, ciphertext = sending.seal(b"aad", b"%d" % index)
        sent.append(ciphertext)
    assert len(set(sent)) == 5
    with pytest.raises(DecryptionError):
        receiving.open(b"aad", sent[1])
    for index in range(5):
        with pytest.raises(DecryptionError):
            receiving.open(b"other", sent[index])
        receiving, plaintext = receiving.open(b"aad", sent[index])
        assert plaintext == b"%d" % index
        with pytest.raises(DecryptionError):
            receiving.open(b"aad", sent[index])


def test_contexts_are_values():
    sending, receiving = contexts()
    after, ciphertext = sending.seal(b"", b"m")
    assert (sending.sequence, after.sequence) == (0, 1)
    assert sending.seal(b"", b"m")[1] == ciphertext
    assert receiving.open(b"", ciphertext)[1] == receiving.open(b"", ciphertext)[1] == b"m"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        sending.sequence = 7


def test_a_context_shows_no_secret():
    sending, _ = contexts()
    for secret in (sending._key, sending._base_nonce, sending._exporter_secret):
        assert repr(secret) not in repr(sending)
        assert secret.hex() not in repr(sending)


def test_the_last_sequence_number_is_not_used():
    last = (1 << 96) - 1
    sending, receiving = (attrs.evolve(context, sequence=last - 1) for context in contexts())
    sending, ciphertext = sending.seal(b"", b"m")
    receiving, plaintext = receiving.open(b"", ciphertext)
    assert plaintext == b"m"
    with pytest.raises(MessageLimitError):
        sending.seal(b"", b"m")
    with pytest.raises(MessageLimitError):
        receiving.open(b"", ciphertext)


def test_a_prepared_info_stands_for_the_info():
    private = HPKE.kem.derive_key_pair(b"recipient")
    prepared = HPKE.prepare_info(b"info")
    plain = HPKE.seal(private.public, b"info", b"a", b"m", SeededEntropy(1))
    assert HPKE.seal(private.public, prepared, b"a", b"m", SeededEntropy(1)) == plain
    assert HPKE.open(plain[0], private, prepared, b"a", plain[1]) == b"m"
    with pytest.raises(DecryptionError):
        HPKE.open(plain[0], private, HPKE.prepare_info(b"other"), b"a", plain[1])


def test_a_prepared_info_belongs_to_its_algorithms():
    other = suite_of(3).hpke.prepare_info(b"info")
    private = HPKE.kem.derive_key_pair(b"recipient")
    with pytest.raises(SuiteMismatchError):
        HPKE.seal(private.public, other, b"", b"", os_entropy)
    with pytest.raises(SuiteMismatchError):
        HPKE.open(private.public, private, other, b"", b"")


def test_exports_have_a_limit():
    sending, receiving = contexts()
    limit = 255 * 32
    assert sending.export(b"x", limit) == receiving.export(b"x", limit)
    assert len(sending.export(b"x", limit)) == limit
    assert sending.export(b"x", 0) == b""
    for length in (-1, limit + 1, 1 << 20):
        with pytest.raises(OutputLengthError):
            sending.export(b"x", length)


@pytest.mark.parametrize("suite", known_suites()[:7], ids=lambda suite: suite.code.name)
@settings(deadline=None)
@given(part=st.integers(0, 3), position=st.integers(0), bit=st.integers(0, 7))
def test_no_changed_bit_goes_unnoticed(suite, part, position, bit):
    private = suite.derive_key_pair(b"ikm")
    enc, ciphertext = suite.hpke.seal(private.public, b"info", b"aad", b"m", SeededEntropy(1))
    parts = [enc, b"info", b"aad", ciphertext]
    changed = bytearray(parts[part])
    changed[position % len(changed)] ^= 1 << bit
    parts[part] = bytes(changed)
    enc, info, aad, ciphertext = parts
    with pytest.raises((DecryptionError, InvalidPublicKeyError)):
        suite.hpke.open(enc, private, info, aad, ciphertext)
