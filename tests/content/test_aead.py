"""The algorithms that encrypt external content: known answers, second computations, sizes."""

import pytest
from content.aead_otherwise import ccm, siv
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from mimi.content.aead import AEADS, CCM_MOST, ContentAEAD, aead_of, register
from mimi.content.errors import (
    AttachmentDecryptionError,
    AttachmentKeySizeError,
    AttachmentNonceSizeError,
    UnknownAEADError,
)
from mimi.content.model import AEADAlgorithm
from mimi.errors import UsageError

# From the registry: the number, its name, and the octets of key, nonce drawn here, and tag.
TABLE = {
    1: ("AES_128_GCM", 16, 12, 16),
    2: ("AES_256_GCM", 32, 12, 16),
    3: ("AES_128_CCM", 16, 12, 16),
    4: ("AES_256_CCM", 32, 12, 16),
    15: ("AES_SIV_CMAC_256", 32, 16, 16),
    16: ("AES_SIV_CMAC_384", 48, 16, 16),
    17: ("AES_SIV_CMAC_512", 64, 16, 16),
    18: ("AES_128_CCM_8", 16, 12, 8),
    19: ("AES_256_CCM_8", 32, 12, 8),
    20: ("AES_128_OCB_TAGLEN128", 16, 12, 16),
    23: ("AES_192_OCB_TAGLEN128", 24, 12, 16),
    26: ("AES_256_OCB_TAGLEN128", 32, 12, 16),
    29: ("CHACHA20_POLY1305", 32, 12, 16),
    30: ("AES_128_GCM_SIV", 16, 12, 16),
    31: ("AES_256_GCM_SIV", 32, 12, 16),
}
every_number = pytest.mark.parametrize("number", TABLE)

KEY = bytes(range(64))
NONCE = bytes(range(100, 116))
CONTENTS = [b"", b"a", bytes(15), bytes(16), bytes(range(200))]


def inputs(number):
    """Give a key and a nonce of the sizes in the table."""
    _, key_octets, nonce_octets, _ = TABLE[number]
    return KEY[:key_octets], NONCE[:nonce_octets]


def test_the_registry_is_the_table():
    assert {
        number: (AEADAlgorithm(number).name, aead.key_octets, aead.nonce_octets, aead.tag_octets)
        for number, aead in AEADS.items()
    } == TABLE


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("content", CONTENTS)
def test_gcm_is_counter_mode_and_its_tag(number, content):
    key, nonce = inputs(number)
    cipher = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    cipher.authenticate_additional_data(b"aad")
    expected = cipher.update(content) + cipher.finalize() + cipher.tag
    assert AEADS[number].seal(key, nonce, b"aad", content) == expected


@pytest.mark.parametrize("number", [3, 4, 18, 19])
@pytest.mark.parametrize("aad", [b"", b"aad", bytes(14)])
@pytest.mark.parametrize("content", CONTENTS)
def test_ccm_computed_from_aes(number, aad, content):
    key, nonce = inputs(number)
    expected = ccm(key, nonce, aad, content, TABLE[number][3])
    assert AEADS[number].seal(key, nonce, aad, content) == expected


@pytest.mark.parametrize("number", [15, 16, 17])
@pytest.mark.parametrize("aad", [b"", b"aad", bytes(16)])
@pytest.mark.parametrize("content", CONTENTS)
def test_siv_computed_from_aes_has_the_nonce_after_the_additional_data(number, aad, content):
    key, nonce = inputs(number)
    assert AEADS[number].seal(key, nonce, aad, content) == siv(key, nonce, aad, content)


# RFC 7253 appendix A: what 385 encryptions come to
OCB = {
    20: "67e944d23256c5e0b6c61fa22fdf1ea2",
    23: "f673f2c3e7174aae7bae986ca9f29e17",
    26: "d90eb8e9c977c88b79dd793d7ffa161c",
}


@pytest.mark.parametrize("number", OCB)
def test_ocb_as_in_the_appendix_of_its_rfc(number):
    aead = AEADS[number]
    key = bytes(aead.key_octets - 1) + bytes([128])
    total = b""
    for i in range(128):
        zeros = bytes(i)
        pairs = [(zeros, zeros), (b"", zeros), (zeros, b"")]
        for j, (aad, content) in enumerate(pairs, start=3 * i + 1):
            total += aead.seal(key, j.to_bytes(12), aad, content)
    assert aead.seal(key, (385).to_bytes(12), total, b"").hex() == OCB[number]


def test_chacha20_poly1305_as_in_its_rfc():
    # RFC 8439 section 2.8.2
    key = bytes(range(0x80, 0xA0))
    nonce = bytes.fromhex("070000004041424344454647")
    aad = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    content = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        b"future, sunscreen would be it."
    )
    octets = AEADS[29].seal(key, nonce, aad, content)
    assert octets[:16].hex() == "d31a8d34648e60db7b86afbc53ef7ec2"
    assert octets[-16:].hex() == "1ae10b594f09e26a7e902ecbd0600691"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (30, "b5d839330ac7b786578782fff6013b815b287c22493a364c"),
        (31, "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"),
    ],
)
def test_gcm_siv_as_in_the_appendix_of_its_rfc(number, expected):
    # RFC 8452 appendix C
    aead = AEADS[number]
    key, nonce = b"\x01" + bytes(aead.key_octets - 1), b"\x03" + bytes(11)
    assert aead.seal(key, nonce, b"", b"\x01" + bytes(7)).hex() == expected


@every_number
@given(content=st.binary(max_size=100), aad=st.binary(max_size=20), at=st.integers(0, 10**6))
def test_what_was_sealed_is_opened_and_no_octet_of_it_may_change(number, content, aad, at):
    aead = AEADS[number]
    key, nonce = inputs(number)
    octets = aead.seal(key, nonce, aad, content)
    assert len(octets) == len(content) + aead.tag_octets
    assert aead.open(key, nonce, aad, octets) == content
    changed = bytearray(octets)
    changed[at % len(octets)] ^= 1 << at % 8
    with pytest.raises(AttachmentDecryptionError):
        aead.open(key, nonce, aad, bytes(changed))


@every_number
@pytest.mark.parametrize("size", [0, 1, 7, 8, 15, 16])
def test_octets_that_nobody_made_are_not_genuine(number, size):
    key, nonce = inputs(number)
    with pytest.raises(AttachmentDecryptionError) as caught:
        AEADS[number].open(key, nonce, b"", bytes(size))
    assert caught.value.where == {"size": size}


@every_number
def test_another_key_nonce_or_additional_data_opens_nothing(number):
    aead = AEADS[number]
    key, nonce = inputs(number)
    octets = aead.seal(key, nonce, b"aad", b"content")
    others = [(key[::-1], nonce, b"aad"), (key, nonce[::-1], b"aad"), (key, nonce, b"")]
    for other in others:
        with pytest.raises(AttachmentDecryptionError):
            aead.open(*other, octets)


@every_number
def test_a_key_has_the_size_of_the_algorithm(number):
    aead = AEADS[number]
    _, nonce = inputs(number)
    for size in {0, 16, 24, 32, 48, 64, aead.key_octets - 1, aead.key_octets + 1}:
        if size == aead.key_octets:
            continue
        with pytest.raises(AttachmentKeySizeError) as caught:
            aead.open(bytes(size), nonce, b"", bytes(32))
        assert caught.value.where == {"size": size}


NONCES = {number: {12} for number in TABLE} | {
    15: set(range(1, 65)),
    16: set(range(1, 65)),
    17: set(range(1, 65)),
    20: {12, 13, 14, 15},
    23: {12, 13, 14, 15},
    26: {12, 13, 14, 15},
}


@every_number
def test_a_nonce_has_a_size_of_the_algorithm(number):
    aead = AEADS[number]
    key, _ = inputs(number)
    for size in range(65):
        nonce = bytes(size)
        if size in NONCES[number]:
            octets = aead.seal(key, nonce, b"", b"content")
            assert aead.open(key, nonce, b"", octets) == b"content"
            continue
        with pytest.raises(AttachmentNonceSizeError) as caught:
            aead.open(key, nonce, b"", bytes(32))
        assert caught.value.where == {"size": size}


@pytest.mark.parametrize("number", [3, 4, 18, 19])
def test_ccm_encrypts_no_more_than_three_octets_count(number):
    aead = AEADS[number]
    key, nonce = inputs(number)
    longest = bytes(CCM_MOST)
    octets = aead.seal(key, nonce, b"", longest)
    assert aead.open(key, nonce, b"", octets) == longest
    with pytest.raises(UsageError) as caught:
        aead.seal(key, nonce, b"", longest + b"\0")
    assert type(caught.value) is UsageError
    assert caught.value.where == {"size": 1 << 24}
    with pytest.raises(AttachmentDecryptionError):
        aead.open(key, nonce, b"", octets + b"\0")


class Rot:
    """Hides nothing: for a number of one's own."""

    def __init__(self, key):
        self.shift = key[0]

    def encrypt(self, nonce, data, associated_data, /):
        if len(data) > 9:
            raise OverflowError
        return bytes((octet + self.shift) % 256 for octet in data)

    def decrypt(self, nonce, data, associated_data, /):
        return bytes((octet - self.shift) % 256 for octet in data)


ROT = ContentAEAD(1, 0, 0, Rot)


def test_an_algorithm_of_ones_own_is_registered_once():
    try:
        code = register("ROT", 0xFFFE, ROT)
        assert (code, code.name) == (0xFFFE, "ROT")
        assert aead_of(0xFFFE) is ROT
        assert ROT.open(b"\x01", b"", b"", ROT.seal(b"\x01", b"", b"", b"a")) == b"a"
        with pytest.raises(UsageError):
            register("ROT13", 0xFFFE, ROT)
    finally:
        AEADS.pop(0xFFFE, None)
        AEADAlgorithm.known.pop(0xFFFE, None)
        AEADAlgorithm._names.pop(0xFFFE, None)


def test_what_the_library_underneath_cannot_take_is_too_long():
    with pytest.raises(UsageError) as caught:
        ROT.seal(b"\x01", b"", b"", bytes(10))
    assert caught.value.where == {"size": 10}


@pytest.mark.parametrize("number", [0, 1, 31, -1, 0x10000])
def test_no_number_is_registered_that_is_taken_or_none_or_out_of_range(number):
    before = dict(AEADS)
    with pytest.raises(UsageError):
        register("ANOTHER", number, ROT)
    assert before == AEADS


@pytest.mark.parametrize("name", ["AES_128_GCM", "NONE", "AES_128_OCB_TAGLEN96"])
def test_no_name_is_registered_that_is_taken(name):
    before = AEADS.copy(), AEADAlgorithm.known.copy()
    with pytest.raises(UsageError) as caught:
        register(name, 40000, ROT)
    assert caught.value.where == {"name": name}
    assert before == (AEADS, AEADAlgorithm.known)


def test_what_the_registry_names_is_registered_under_its_name():
    try:
        assert register("AES_128_OCB_TAGLEN96", 21, ROT) == AEADAlgorithm.AES_128_OCB_TAGLEN96
        assert aead_of(21) is ROT
    finally:
        AEADS.pop(21)


@pytest.mark.parametrize("number", [0, 5, 9, 14, 21, 22, 24, 25, 27, 28, 32, 0xFFFF])
def test_an_unknown_algorithm_is_named(number):
    with pytest.raises(UnknownAEADError) as caught:
        aead_of(number)
    assert caught.value.where == {"number": number}
