import copy
import hmac
import pickle

import attrs
import pytest

from mimi.crypto import Secret, SecretExposureError
from mimi.errors import UsageError


def test_shows_its_length_only():
    secret = Secret(b"attack at dawn")
    assert repr(secret) == str(secret) == f"{secret}" == "Secret(14 octets)"
    assert "dawn" not in repr([secret, {"key": secret}])


def test_gives_its_octets_when_asked():
    secret = Secret(b"\x00\x01")
    assert secret.reveal() == b"\x00\x01"
    assert bytes(secret) == b"\x00\x01"
    assert len(secret) == 2
    assert bytes(Secret(b"")) == b""


def test_copies_a_mutable_buffer():
    buffer = bytearray(b"abc")
    secret = Secret(buffer)
    buffer[0] = 0
    assert secret.reveal() == b"abc"


def test_equals_secrets_with_the_same_octets_only():
    assert Secret(b"abc") == Secret(b"abc")
    assert Secret(b"abc") != Secret(b"abd")
    assert Secret(b"abc") != Secret(b"abcd")
    assert Secret(b"abc") != b"abc"


@pytest.mark.parametrize(
    "leak",
    [
        hash,
        iter,
        list,
        lambda secret: secret[0],
        lambda secret: secret[:1],
        lambda secret: 97 in secret,
        lambda secret: secret + b"",
        lambda secret: b"" + secret,
        lambda secret: hmac.digest(secret, b"", "sha256"),
        lambda secret: {secret: 1},
    ],
)
def test_is_not_used_as_octets_by_accident(leak):
    with pytest.raises(TypeError):
        leak(Secret(b"abc"))


def test_cannot_be_changed():
    secret = Secret(b"abc")
    with pytest.raises(SecretExposureError):
        secret._octets = b"xyz"
    with pytest.raises(SecretExposureError):
        secret.other = 1
    with pytest.raises(SecretExposureError):
        del secret._octets
    assert secret.reveal() == b"abc"


def test_is_its_own_copy():
    secret = Secret(b"abc")
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_is_not_pickled(protocol):
    with pytest.raises(SecretExposureError) as caught:
        pickle.dumps(Secret(b"abc"), protocol)
    assert isinstance(caught.value, UsageError)


def test_stands_in_a_frozen_value():
    @attrs.frozen
    class Epoch:
        key: Secret

    assert Epoch(Secret(b"abc")) == Epoch(Secret(b"abc"))
    assert repr(Epoch(Secret(b"abc"))).endswith("Epoch(key=Secret(3 octets))")
