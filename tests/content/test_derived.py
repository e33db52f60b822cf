"""What is known of a message from elsewhere: derived values, with both kinds of timestamp."""

import cbor2
import pytest
from content.published import PUBLISHED_IDS
from hypothesis import given
from hypothesis import strategies as st

from mimi.codec import cbor
from mimi.codec.cbor import NotDeterministicError, NotWellFormedError
from mimi.codec.cddl import OutOfRangeError, WrongTypeError
from mimi.content.derived import (
    ExtendedTime,
    MessageDerivedValues,
    decode_derived,
    encode_derived,
)
from mimi.content.errors import (
    ExtendedTimeError,
    ExtensionKeyError,
    ExtensionTooDeepError,
    MessageIdSizeError,
    UnknownHashError,
)
from mimi.errors import UsageError

ID = b"\x01" + bytes(31)

# As published, with the message ID that draft-ietf-mimi-content-07 gave the original message
PUBLISHED = bytes.fromhex(
    "87582001b0084467273cc43d6f0ebeac13eb84229c4fffe8f6c3594c905f47779e5a791b0000017edd1dcdbb5820"
    "eeee0d12a7b5b5b78115ad1a1ddb13811c83fd7387c43e66799a594beeda26bf04783e6d696d693a2f2f6578616d"
    "706c652e636f6d2f642f33623532323439642d363866392d343563652d386266352d633739396633636164376563"
    "2f3030303378206d696d693a2f2f6578616d706c652e636f6d2f752f616c6963652d736d69746878256d696d693a"
    "2f2f6578616d706c652e636f6d2f722f656e67696e656572696e675f7465616d"
)
ORIGINAL = MessageDerivedValues(
    message_id=bytes.fromhex("01b0084467273cc43d6f0ebeac13eb84229c4fffe8f6c3594c905f47779e5a79"),
    hub_accepted_timestamp=1_644_387_225_019,
    mls_group_id=bytes.fromhex("eeee0d12a7b5b5b78115ad1a1ddb13811c83fd7387c43e66799a594beeda26bf"),
    sender_leaf_index=4,
    sender_client_url="mimi://example.com/d/3b52249d-68f9-45ce-8bf5-c799f3cad7ec/0003",
    sender_user_url="mimi://example.com/u/alice-smith",
    room_url="mimi://example.com/r/engineering_team",
)


def values(timestamp=0, **changed):
    fields = {
        "message_id": ID,
        "hub_accepted_timestamp": timestamp,
        "mls_group_id": b"",
        "sender_leaf_index": 0,
        "sender_client_url": "",
        "sender_user_url": "",
        "room_url": "",
    }
    return MessageDerivedValues(**(fields | changed))


def items(**changed):
    """Give the encoding of other items."""
    fields = {"id": ID, "time": 0, "group": b"", "leaf": 0, "client": "", "user": "", "room": ""}
    return cbor.encode([*(fields | changed).values()], allow_nan=True, allow_simple=True)


def extended(entries):
    return items(time=cbor2.CBORTag(1001, entries))


def test_the_published_values():
    assert decode_derived(PUBLISHED) == ORIGINAL
    assert encode_derived(ORIGINAL) == PUBLISHED
    assert ORIGINAL.accepted == 1_644_387_225_019


def test_the_published_values_with_the_id_of_the_present_draft():
    identifier = PUBLISHED_IDS["original"]
    octets = PUBLISHED.replace(ORIGINAL.message_id, identifier)
    assert decode_derived(octets).message_id == identifier


@given(
    st.builds(
        MessageDerivedValues,
        message_id=st.binary(min_size=31, max_size=31).map(lambda rest: b"\x01" + rest),
        hub_accepted_timestamp=st.integers(0, (1 << 64) - 1)
        | st.builds(
            lambda seconds, others: ExtendedTime(others | {1: seconds}),
            st.integers(-(1 << 63), 1 << 63),
            st.dictionaries(
                st.integers(-90, -20) | st.integers(20, 90) | st.text(min_size=1, max_size=9),
                st.integers(-9, 9) | st.text(max_size=3) | st.floats(allow_nan=False),
                max_size=4,
            ),
        ),
        mls_group_id=st.binary(max_size=40),
        sender_leaf_index=st.integers(0, (1 << 32) - 1),
        sender_client_url=st.text(max_size=20),
        sender_user_url=st.text(max_size=20),
        room_url=st.text(max_size=20),
    )
)
def test_any_values_return(made):
    octets = encode_derived(made)
    assert encode_derived(decode_derived(octets)) == octets
    assert decode_derived(octets) == made


# Extended times (RFC 9581 section 3)


@pytest.mark.parametrize(
    ("entries", "milliseconds"),
    [
        ({1: 0}, 0),
        ({1: 1_644_387_225}, 1_644_387_225_000),
        ({1: 1_644_387_225, -3: 19}, 1_644_387_225_019),
        ({1: 1_644_387_225, -6: 19_999}, 1_644_387_225_019),
        ({1: 1_644_387_225, -9: 19_999_999}, 1_644_387_225_019),
        ({1: 5, -12: 10**12 - 1}, 5_999),
        ({1: 5, -15: 10**15 - 1}, 5_999),
        ({1: 5, -18: 10**18 - 1}, 5_999),
        ({1: 5, -3: 2_500}, 7_500),
        ({1: -5, -3: 1}, -4_999),
        ({1: 5, -1: 0}, 5_000),
        ({1: 5, -2: 7, -10: "Europe/Berlin", "note": [1, {2: 3}]}, 5_000),
    ],
)
def test_an_extended_time_in_milliseconds(entries, milliseconds):
    time = ExtendedTime(entries)
    assert time.milliseconds == milliseconds
    octets = encode_derived(values(time))
    assert octets == extended(entries)
    assert decode_derived(octets).accepted == milliseconds


@pytest.mark.parametrize(
    "entries",
    [
        {1: 5, -1: 1},
        {1: 5, -1: "TDB"},
        {1: 5, 10: "Europe/Berlin"},
        {1: 5, 3: 1},
    ],
)
def test_a_time_that_needs_more_knowledge_is_kept_but_tells_no_milliseconds(entries):
    octets = extended(entries)
    derived = decode_derived(octets)
    assert encode_derived(derived) == octets
    with pytest.raises(ExtendedTimeError):
        _ = derived.accepted


@pytest.mark.parametrize(
    "entries",
    [
        {},
        {-3: 5},
        {1: 5.5},
        {1: "5"},
        {1: None},
        {1: 5, 4: (0, 5)},
        {1: 5, -3: 1, -6: 1},
        {1: 5, -9: 0, -18: 0},
        {1: 5, -3: -1},
        {1: 5, -6: 1.5},
    ],
)
def test_what_is_no_extended_time_is_neither_decoded_nor_encoded(entries):
    with pytest.raises(ExtendedTimeError) as caught:
        decode_derived(extended(entries))
    assert caught.value.path == "MessageDerivedValues.hub_accepted_timestamp"
    with pytest.raises(UsageError):
        encode_derived(values(ExtendedTime(entries)))
    with pytest.raises(ExtendedTimeError):
        _ = ExtendedTime(entries).milliseconds


def test_an_extended_time_is_frozen():
    time = decode_derived(extended({1: 5, "note": [1, {2: [3]}]})).hub_accepted_timestamp
    assert time.entries["note"] == (1, cbor2.frozendict({2: (3,)}))
    hash(time)
    with pytest.raises(TypeError):
        time.entries[1] = 6


@pytest.mark.parametrize(
    ("octets", "error", "path"),
    [
        (b"", NotWellFormedError, ""),
        (PUBLISHED + b"\0", NotWellFormedError, ""),
        (PUBLISHED.replace(b"\x04\x78", b"\x18\x04\x78"), NotDeterministicError, "[3]"),
        (b"\x80", WrongTypeError, "MessageDerivedValues"),
        (items(id=ID[1:]), MessageIdSizeError, "MessageDerivedValues.message_id"),
        (items(id=bytes(32)), UnknownHashError, "MessageDerivedValues.message_id"),
        (items(id=None), WrongTypeError, "MessageDerivedValues.message_id"),
        (items(time=-1), OutOfRangeError, "MessageDerivedValues.hub_accepted_timestamp"),
        (items(time=None), WrongTypeError, "MessageDerivedValues.hub_accepted_timestamp"),
        (items(time=1.5), WrongTypeError, "MessageDerivedValues.hub_accepted_timestamp"),
        (items(time={1: 5}), WrongTypeError, "MessageDerivedValues.hub_accepted_timestamp"),
        (
            items(time=cbor2.CBORTag(1, 5)),
            WrongTypeError,
            "MessageDerivedValues.hub_accepted_timestamp",
        ),
        (
            extended([1, 5]),
            WrongTypeError,
            "MessageDerivedValues.hub_accepted_timestamp",
        ),
        (
            extended({1: 5, b"a": 5}),
            ExtensionKeyError,
            "MessageDerivedValues.hub_accepted_timestamp[b'a']",
        ),
        (
            extended({1: 5, "": 5}),
            ExtensionKeyError,
            "MessageDerivedValues.hub_accepted_timestamp['']",
        ),
        (
            extended({1: 5, "a": [[[[]]]]}),
            ExtensionTooDeepError,
            "MessageDerivedValues.hub_accepted_timestamp['a'][0][0][0]",
        ),
        (items(group=""), WrongTypeError, "MessageDerivedValues.mls_group_id"),
        (items(leaf=1 << 32), OutOfRangeError, "MessageDerivedValues.sender_leaf_index"),
        (items(leaf=-1), OutOfRangeError, "MessageDerivedValues.sender_leaf_index"),
        (items(client=b""), WrongTypeError, "MessageDerivedValues.sender_client_url"),
        (items(user=None), WrongTypeError, "MessageDerivedValues.sender_user_url"),
        (
            items(room=cbor2.CBORTag(32, "mimi://a.example/r/1")),
            WrongTypeError,
            "MessageDerivedValues.room_url",
        ),
    ],
)
def test_what_are_no_derived_values_is_refused(octets, error, path):
    with pytest.raises(error) as caught:
        decode_derived(octets)
    assert type(caught.value) is error
    assert caught.value.path == path


@pytest.mark.parametrize("key", [b"a", True, "", "a" * 256, 1 << 53, None, "\ud800"])
def test_an_extended_time_has_the_keys_of_extensions_and_0(key):
    assert ExtendedTime({1: 5, 0: 1}).entries[0] == 1
    with pytest.raises(UsageError):
        ExtendedTime({1: 5, key: 1} if key is not True else {True: 5})


@pytest.mark.parametrize("value", [object(), 1 << 64, [[[[]]]], {b"": {True: 1}}])
def test_an_extended_time_has_the_values_of_extensions(value):
    with pytest.raises(UsageError):
        ExtendedTime({1: 5, "a": value})


def test_extended_times_are_equal_where_their_encodings_are():
    nan = float("nan")
    assert ExtendedTime({1: 5, "a": nan}) == ExtendedTime({"a": nan, 1: 5})
    assert hash(ExtendedTime({1: 5, "a": [nan]})) == hash(ExtendedTime({"a": [nan], 1: 5}))
    assert ExtendedTime({1: 5, "a": 1}) != ExtendedTime({1: 5, "a": 1.0})


@pytest.mark.parametrize(
    "changed",
    [
        {"message_id": b""},
        {"hub_accepted_timestamp": -1},
        {"hub_accepted_timestamp": None},
        {"sender_leaf_index": 1 << 32},
        {"room_url": None},
    ],
)
def test_what_could_not_be_decoded_is_not_encoded(changed):
    with pytest.raises(UsageError):
        encode_derived(values(**changed))
