import pickle

import cbor2
import pytest
from content.minutes import calls

from mimi.codec import cbor
from mimi.content.build import text
from mimi.content.extensions import LARGEST, Extensions, check_key, extension
from mimi.content.message import decode, encode
from mimi.errors import UsageError


@pytest.mark.parametrize("key", [1, -1, LARGEST, -LARGEST, "a", "\u00e9" * 127, "a" * 255])
def test_keys_are_integers_of_a_double_and_short_texts(key):
    check_key(key)
    if key != 1:
        assert Extensions({key: 0})[key] == 0


@pytest.mark.parametrize(
    "key",
    [0, LARGEST + 1, -LARGEST - 1, "", "a" * 256, "\u00e9" * 128, b"a", True, 1.0, None, "\ud800"],
)
def test_nothing_else_is_a_key(key):
    with pytest.raises(UsageError) as caught:
        check_key(key)
    assert caught.value.where == {"key": key}
    with pytest.raises(UsageError, match=r"^extensions"):
        Extensions({key: 0})


@pytest.mark.parametrize("value", [1 << 64, -(1 << 64) - 1, [1 << 64], {"a": -(1 << 70)}])
def test_an_integer_has_64_bits(value):
    with pytest.raises(UsageError, match="beyond 64 bits"):
        Extensions({"a": value})


def test_a_bignum_is_a_tag():
    bignum = cbor2.CBORTag(2, b"\1" + bytes(8))
    message = text("hi", extensions={"a": bignum, "b": (1 << 64) - 1})
    assert decode(encode(message)) == message
    assert decode(encode(message)).extensions["a"] == bignum


def test_values_are_frozen_and_equal_by_their_encoding():
    given = Extensions({"a": [1, {"b": [2]}], -1: float("nan")})
    assert given["a"] == (1, cbor2.frozendict({"b": (2,)}))
    assert given == Extensions({-1: float("nan"), "a": (1, {"b": (2,)})})
    assert hash(given) == hash(Extensions({-1: float("nan"), "a": [1, {"b": [2]}]}))
    assert Extensions({"a": 1}) != Extensions({"a": 1.0})
    assert Extensions({"a": 1}) != Extensions({"a": True})
    assert Extensions({"a": 1}) != {"a": 1}


def test_extensions_are_encoded_once_to_be_compared():
    given, same, other = ({"a": tuple(range(9)), "b": at} for at in (1, 1, 2))
    given, same, other = map(Extensions, (given, same, other))
    assert given == given  # noqa: PLR0124 - the same object
    once = calls(lambda: hash(Extensions({})), cbor.encode)
    assert calls(lambda: given == same, cbor.encode) == 2 * once > 0
    assert calls(lambda: given == same and given != other, cbor.encode) == once
    assert calls(lambda: hash(given) == hash(same) != hash(other), cbor.encode) == 0
    assert pickle.loads(pickle.dumps(given)) == given  # noqa: S301 - our own


def test_a_key_is_registered_once():
    for key in (1, 3, "av_metadata"):
        with pytest.raises(UsageError, match="declared already"):
            extension(key)(Extensions)
