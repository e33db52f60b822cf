import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimi.crypto import EntropyError, SeededEntropy, draw, os_entropy


def hmac_sha256(key, data):
    """HMAC by its definition, independent of the module under test."""
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in key) + data).digest()
    return hashlib.sha256(bytes(octet ^ 0x5C for octet in key) + inner).digest()


def stream(key, blocks):
    return b"".join(hmac_sha256(key, b"block" + i.to_bytes(8, "big")) for i in range(blocks))


def test_the_system_gives_what_is_asked_for():
    assert os_entropy(0) == b""
    assert len(os_entropy(32)) == 32
    assert os_entropy(32) != os_entropy(32)


@pytest.mark.parametrize("seed", [b"", b"room 7", b"x" * 100])
def test_the_construction_is_the_documented_one(seed):
    key = hmac_sha256(b"mimi.crypto.SeededEntropy", seed)
    assert SeededEntropy(seed)(100) == stream(key, 4)[:100]
    forked = hmac_sha256(key, b"fork" + b"alice")
    assert SeededEntropy(seed).fork(b"alice")(40) == stream(forked, 2)[:40]


def test_the_first_octets_stay_for_ever():
    assert SeededEntropy(7)(16).hex() == "6b2f8ec148e2515fd9f0e06cc8aaa042"
    assert SeededEntropy(7).fork(b"alice")(16).hex() == "c4809f839204a76aaa37783dbe682675"


def test_a_number_is_its_digits():
    assert SeededEntropy(42)(32) == SeededEntropy(b"42")(32)
    assert SeededEntropy(42)(32) != SeededEntropy(43)(32)


@given(st.lists(st.integers(0, 100), max_size=20))
def test_the_stream_does_not_depend_on_how_it_is_cut(sizes):
    entropy = SeededEntropy(1)
    pieces = [entropy(size) for size in sizes]
    assert [len(piece) for piece in pieces] == sizes
    assert b"".join(pieces) == SeededEntropy(1)(sum(sizes))


def test_a_fork_depends_on_label_and_seed_only():
    read, unread = SeededEntropy(1), SeededEntropy(1)
    read(1000)
    assert read.fork(b"a")(32) == unread.fork(b"a")(32)
    streams = {
        unread.fork(b"a")(32),
        unread.fork(b"b")(32),
        SeededEntropy(2).fork(b"a")(32),
        unread.fork(b"a").fork(b"b")(32),
        unread(32),
    }
    assert len(streams) == 5


def test_what_it_shows_is_not_its_seed():
    entropy = SeededEntropy(b"hunter2")
    entropy(33)
    assert repr(entropy) == "SeededEntropy(2 blocks read)"


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_source_that_gives_another_number_of_octets_is_refused(size):
    with pytest.raises(EntropyError):
        draw(lambda _: bytes(size), 32)
    assert draw(bytes, 32) == bytes(32)


def test_the_reference_in_this_file_is_hmac():
    assert hmac_sha256(b"k" * 70, b"data") == hmac.digest(b"k" * 70, b"data", "sha256")
