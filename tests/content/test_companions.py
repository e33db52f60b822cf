"""Timestamps, external IDs and subjects: their shapes, and the anomalies that betray malice."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimi.codec import cbor
from mimi.codec.cbor import NotValidError
from mimi.content.companions import (
    FAR_FUTURE,
    ExternalMessageId,
    ScopeURI,
    SenderTimestamp,
    Subject,
    check_external_message_id,
    check_sender_timestamp,
)
from mimi.content.errors import (
    DuplicateExternalIdError,
    ExtensionValueError,
    SenderTimestampInFutureError,
    SenderTimestampJumpError,
    SenderTimestampTooEarlyError,
    UnexpectedScopeError,
)
from mimi.content.extensions import Extensions
from mimi.content.message import decode, encode
from mimi.content.model import Message, NullPart
from mimi.errors import UsageError

NOW = 1_762_760_377
DAY = 86400


def message(*extensions):
    return Message(bytes(16), None, b"", None, None, Extensions.of(extensions), NullPart())


def octets_with(key, value):
    """Give a message whose one extension has any value."""
    fields = [bytes(16), None, b"", None, None, {key: value}, [1, "", 0]]
    return cbor.encode(fields, allow_nan=True, allow_simple=True)


# The draft's examples, encoded by hand
EXAMPLES = [
    (SenderTimestamp(1_762_760_377, microsecs=462_917), "03a2011a691196b9251a00071045"),
    (
        ExternalMessageId(bytes.fromhex("08bbeeb8175c4a64a8926a5a23bb2811"), 311),
        "0482" + "5008bbeeb8175c4a64a8926a5a23bb2811" + "190137",
    ),
    (
        Subject("This space intentionally left blank"),
        "057823" + b"This space intentionally left blank".hex(),
    ),
]


@pytest.mark.parametrize(("value", "encoding"), EXAMPLES)
def test_the_drafts_examples(value, encoding):
    made = message(value)
    octets = encode(made)
    assert octets[22:-4].hex() == "a1" + encoding
    received = decode(octets)
    assert received == made
    assert received.extensions.find(type(value)) == value


def test_all_of_them_together():
    made = message(*(value for value, _ in EXAMPLES))
    received = decode(encode(made))
    assert list(received.extensions) == [3, 4, 5]
    for value, _ in EXAMPLES:
        assert received.extensions.find(type(value)) == value
    assert message().extensions.find(Subject) is None


@given(
    st.integers(0, (1 << 64) - 1),
    st.sampled_from([("millisecs", 999), ("microsecs", 999_999), ("nanosecs", 999_999_999)]),
    st.data(),
)
def test_any_timestamp_returns(seconds, fraction, data):
    name, most = fraction
    number = data.draw(st.none() | st.integers(0, most))
    made = SenderTimestamp(seconds, **{name: number})
    assert decode(encode(message(made))).extensions.find(SenderTimestamp) == made
    unit = 10**9 // (most + 1)
    assert made.nanoseconds == seconds * 10**9 + (number or 0) * unit
    assert made.milliseconds == made.nanoseconds // 10**6


def test_a_timestamp_of_milliseconds():
    made = SenderTimestamp.of_milliseconds(1_644_387_225_019)
    assert made == SenderTimestamp(1_644_387_225, millisecs=19)
    assert made.milliseconds == 1_644_387_225_019


@given(
    st.binary(max_size=40),
    st.integers(1, (1 << 64) - 1) | st.text(max_size=20) | st.text(max_size=20).map(ScopeURI),
)
def test_any_external_id_returns(native_id, scope):
    made = ExternalMessageId(native_id, scope)
    assert decode(encode(message(made))).extensions.find(ExternalMessageId) == made


@pytest.mark.parametrize("text", ["a", "a" * 4096, "\u00e9" * 2048, "\U0001f600" * 1024])
def test_a_subject_has_up_to_4096_octets(text):
    assert decode(encode(message(Subject(text)))).extensions.find(Subject) == Subject(text)


REFUSED = [
    (3, {}, "the map lacks the key 1"),
    (3, 5, "a map expected"),
    (3, [5], "a map expected"),
    (3, {1: -1}, "-1 is not in 0"),  # before 1970: there is no such timestamp
    (3, {1: 1.5}, "an integer expected"),
    (3, {1: cbor2.CBORTag(2, b"\x01" + bytes(8))}, "an integer expected"),
    (3, {1: 5, -3: 1000}, "1000 is not in 0..999"),
    (3, {1: 5, -6: 1_000_000}, "1000000 is not in 0..999999"),
    (3, {1: 5, -9: 1_000_000_000}, "1000000000 is not in 0..999999999"),
    (3, {1: 5, -3: -1}, "-1 is not in 0..999"),
    (3, {1: 5, -3: None}, "an integer expected"),
    (3, {1: 5, -3: 1, -6: 1}, "more than one fraction"),
    (3, {1: 5, -6: 1, -9: 1}, "more than one fraction"),
    (3, {1: 5, -12: 1}, "-12"),
    (3, {1: 5, "note": 1}, "note"),
    (3, {1: 5, b"note": 1}, "note"),
    (4, [b"a"], "an array of 2 expected"),
    (4, [b"a", 311, 1], "an array of 2 expected"),
    (4, b"a", "an array of 2 expected"),
    (4, ["a", 311], "a byte string expected"),
    (4, [b"a", 0], "0 is not in 1"),
    (4, [b"a", -1], "-1 is not in 1"),
    (4, [b"a", None], "expected"),
    (4, [b"a", b"example.com"], "expected"),
    (4, [b"a", cbor2.CBORTag(33, "a:")], "tag 32 expected"),
    (4, [b"a", cbor2.CBORTag(32, b"a:")], "a text expected"),
    (5, "", "0 octets, 1..4096 permitted"),
    (5, "a" * 4097, "4097 octets, 1..4096 permitted"),
    (5, "\u00e9" * 2049, "4098 octets, 1..4096 permitted"),
    (5, b"a", "a text expected"),
    (5, None, "a text expected"),
    (5, ["a"], "a text expected"),
]


@pytest.mark.parametrize(("key", "value", "reason"), REFUSED)
def test_another_shape_is_neither_decoded_nor_encoded(key, value, reason):
    with pytest.raises(ExtensionValueError) as caught:
        decode(octets_with(key, value))
    assert type(caught.value) is ExtensionValueError
    assert caught.value.path == f"Message.extensions[{key}]"
    assert reason in caught.value.reason
    with pytest.raises(UsageError) as caught:
        Extensions({key: value})
    assert type(caught.value) is UsageError


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (SenderTimestamp(-1), "SenderTimestamp.seconds"),
        (SenderTimestamp(1, 1, 1), "SenderTimestamp"),
        (SenderTimestamp(1, 1000), "SenderTimestamp.millisecs"),
        (ExternalMessageId(b"", 0), "ExternalMessageId.scope"),
        (ExternalMessageId("", 1), "ExternalMessageId.native_id"),
        (Subject(""), "Subject.text"),
        (Subject("a" * 4097), "Subject.text"),
    ],
)
def test_what_could_not_be_decoded_is_no_extension(value, path):
    with pytest.raises(UsageError) as caught:
        message(value)
    assert caught.value.where["path"] == path


# Anomalies (section 7)


def test_a_subject_is_utf_8():
    octets = octets_with(5, "ab").replace(b"\x62ab", b"\x62\xc3\x28")
    with pytest.raises(NotValidError) as caught:
        decode(octets)
    assert caught.value.path == "[5][5]"


@pytest.mark.parametrize("earliest", [0, NOW, NOW - 1])
def test_a_timestamp_from_the_first_known_message_on(earliest):
    check_sender_timestamp(SenderTimestamp(NOW), now=NOW, earliest=earliest)


def test_a_timestamp_before_the_first_known_message():
    with pytest.raises(SenderTimestampTooEarlyError) as caught:
        check_sender_timestamp(SenderTimestamp(NOW - 1, 999), now=NOW, earliest=NOW)
    assert caught.value.where == {"sent": NOW - 1, "earliest": NOW}


def test_a_timestamp_dramatically_in_the_future():
    check_sender_timestamp(SenderTimestamp(NOW + FAR_FUTURE, millisecs=0), now=NOW)
    with pytest.raises(SenderTimestampInFutureError) as caught:
        check_sender_timestamp(SenderTimestamp(NOW + FAR_FUTURE, millisecs=1), now=NOW)
    assert caught.value.where == {"sent": NOW + FAR_FUTURE, "now": NOW}
    with pytest.raises(SenderTimestampInFutureError):
        check_sender_timestamp(SenderTimestamp(NOW + 11), now=NOW, far_future=10)


@pytest.mark.parametrize("seconds", [NOW - 32 * DAY, NOW, NOW + 32 * DAY])
def test_a_timestamp_within_the_window(seconds):
    check_sender_timestamp(SenderTimestamp(seconds), now=NOW, window=32 * DAY)


@pytest.mark.parametrize(
    "timestamp",
    [
        SenderTimestamp(NOW - 32 * DAY - 1),
        SenderTimestamp(NOW - 32 * DAY - 1, millisecs=999),
        SenderTimestamp(NOW + 32 * DAY + 1),
        SenderTimestamp(NOW + 32 * DAY, nanosecs=1),
    ],
)
def test_a_timestamp_that_jumps(timestamp):
    check_sender_timestamp(timestamp, now=NOW)
    with pytest.raises(SenderTimestampJumpError) as caught:
        check_sender_timestamp(timestamp, now=NOW, window=32 * DAY)
    assert caught.value.where == {"sent": timestamp.seconds, "now": NOW}


KNOWN = ExternalMessageId(b"a", 311)


def test_an_external_id_that_is_new():
    others = {KNOWN, ExternalMessageId(b"b", "example.com")}
    for new in [
        ExternalMessageId(b"b", 311),
        ExternalMessageId(b"a", 312),
        ExternalMessageId(b"a", "example.com"),
        ExternalMessageId(b"b", ScopeURI("example.com")),
    ]:
        check_external_message_id(new, seen=others)


def test_an_external_id_that_another_message_has():
    with pytest.raises(DuplicateExternalIdError) as caught:
        check_external_message_id(ExternalMessageId(b"a", 311), seen={KNOWN})
    assert caught.value.where == {"native_id": "61", "scope": 311}


@pytest.mark.parametrize("scope", [311, "example.com", ScopeURI("https://example.com")])
def test_a_scope_that_is_expected(scope):
    expected = {311, "example.com", ScopeURI("https://example.com")}
    check_external_message_id(ExternalMessageId(b"", scope), seen=(), scopes=expected)


@pytest.mark.parametrize("scope", [312, "example.org", "311", ScopeURI("example.com")])
def test_a_scope_that_is_not(scope):
    with pytest.raises(UnexpectedScopeError) as caught:
        check_external_message_id(
            ExternalMessageId(b"", scope), seen=(), scopes={311, "example.com"}
        )
    assert caught.value.where == {"scope": scope}
    check_external_message_id(ExternalMessageId(b"", scope), seen=())
