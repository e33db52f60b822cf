"""Extended times: what they must be to be one, and which of them tell milliseconds."""

import cbor2
import pytest

from mimi.codec import cbor
from mimi.codec.cbor import TooLargeError
from mimi.content.derived import (
    ExtendedTime,
    MessageDerivedValues,
    decode_derived,
    encode_derived,
)
from mimi.content.errors import ExtendedTimeError, ExtensionKeyError
from mimi.errors import UsageError

MESSAGE_ID = b"\x01" + bytes(31)
HALF = 0.5


def values(entries):
    return MessageDerivedValues(MESSAGE_ID, ExtendedTime(entries), b"", 4, "", "", "")


def octets_of(entries):
    """The encoding of derived values with a time that is as wrong as it may be."""
    good = encode_derived(values({1: 7}))
    plain = cbor.encode(cbor2.CBORTag(1001, {1: 7}))
    return good.replace(plain, cbor.encode(cbor2.CBORTag(1001, entries)))


ACCEPTED = [
    {1: 0},
    {1: -1},
    {1: (1 << 64) - 1},
    {1: -(1 << 64)},
    {4: (0, 1)},
    {5: None},
    {1: 7, -3: 0},
    {1: 7, -18: (1 << 64) - 1},
    {1: 7, -1: 1, 2: "", 3: HALF, "note": HALF},
]

REFUSED = [
    ({}, "0 base times in an extended time, 1 expected"),
    ({2: 7}, "0 base times in an extended time, 1 expected"),
    ({-3: 7}, "0 base times in an extended time, 1 expected"),
    ({1: 7, 4: (0, 1)}, "2 base times in an extended time, 1 expected"),
    ({4: (0, 1), 5: (0, 1)}, "2 base times in an extended time, 1 expected"),
    ({1: 7, 4: (0, 1), 5: (0, 1)}, "3 base times in an extended time, 1 expected"),
    ({1: HALF}, "seconds since 1970 that are no integer"),
    ({1: True}, "seconds since 1970 that are no integer"),
    ({1: "7"}, "seconds since 1970 that are no integer"),
    ({1: cbor2.CBORTag(2, bytes([1] + [0] * 8))}, "seconds since 1970 that are no integer"),
    ({1: 7, -3: 1, -6: 1}, "more than one fraction of a second"),
    ({1: 7, -15: 1, -18: 1}, "more than one fraction of a second"),
    *(
        ({1: 7, key: wrong}, f"key {key} is no unsigned integer")
        for key in (-3, -6, -9, -12, -15, -18)
        for wrong in (-1, HALF, None, True)
    ),
]


@pytest.mark.parametrize("entries", ACCEPTED, ids=repr)
def test_extended_times_are_decoded_and_encoded(entries):
    octets = encode_derived(values(entries))
    assert encode_derived(decode_derived(octets)) == octets
    assert decode_derived(octets) == values(entries)


@pytest.mark.parametrize(("entries", "reason"), REFUSED, ids=repr)
def test_what_is_no_extended_time_is_not_decoded(entries, reason):
    with pytest.raises(ExtendedTimeError) as caught:
        decode_derived(octets_of(entries))
    assert caught.value.reason == reason
    assert caught.value.path == "MessageDerivedValues.hub_accepted_timestamp"
    assert caught.value.offset == 1 + 34


@pytest.mark.parametrize(("entries", "reason"), REFUSED, ids=repr)
def test_what_is_no_extended_time_is_not_encoded(entries, reason):
    with pytest.raises(UsageError) as caught:
        encode_derived(values(entries))
    assert caught.value.where["rule"] is ExtendedTimeError
    assert caught.value.where["path"] == "MessageDerivedValues.hub_accepted_timestamp"
    assert reason in caught.value.reason


@pytest.mark.parametrize(("entries", "reason"), REFUSED, ids=repr)
def test_what_is_no_extended_time_tells_no_milliseconds(entries, reason):
    with pytest.raises(ExtendedTimeError) as caught:
        _ = ExtendedTime(entries).milliseconds
    assert caught.value.reason == reason


def test_keys_are_checked_before_the_time():
    with pytest.raises(ExtensionKeyError):
        decode_derived(octets_of({1: HALF, "": 0}))


@pytest.mark.parametrize(
    ("entries", "milliseconds"),
    [
        ({1: 7}, 7000),
        ({1: -7, -3: 9}, -6991),
        ({1: 7, -3: 1009}, 8009),
        ({1: 7, -6: 9999}, 7009),
        ({1: 7, -9: 999_999_999}, 7999),
        ({1: 7, -12: 10**9}, 7001),
        ({1: 7, -15: 10**12}, 7001),
        ({1: 7, -18: 10**15}, 7001),
        ({1: 7, -1: 0, "note": HALF, -99: None}, 7000),
    ],
    ids=repr,
)
def test_milliseconds_are_told(entries, milliseconds):
    assert values(entries).accepted == milliseconds
    assert decode_derived(encode_derived(values(entries))).accepted == milliseconds


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({4: (0, 1)}, "a critical key that is not known: 4"),
        ({5: (0, 1)}, "a critical key that is not known: 5"),
        ({1: 7, 2: 0}, "a critical key that is not known: 2"),
        ({1: 7, -1: 1}, "time scale 1, not UTC"),
    ],
    ids=repr,
)
def test_some_times_tell_no_milliseconds(entries, reason):
    with pytest.raises(ExtendedTimeError) as caught:
        _ = values(entries).accepted
    assert caught.value.reason == reason


def test_values_larger_than_permitted_are_refused():
    octets = encode_derived(values({1: 7}))
    assert decode_derived(octets, max_octets=len(octets)) == values({1: 7})
    with pytest.raises(TooLargeError):
        decode_derived(octets, max_octets=len(octets) - 1)
