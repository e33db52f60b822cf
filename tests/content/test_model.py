"""Arbitrary messages, reports and derived values, there and back, and octets that are none."""

import tracemalloc
from typing import Any

import attrs
import pytest
from content.samples import FORMATS, MESSAGES, octets_of
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from mimi.codec import cbor
from mimi.codec.cddl_strategy import items
from mimi.content.derived import ExtendedTime, MessageDerivedValues
from mimi.content.message import decode, encode, message_id
from mimi.content.model import (
    MOST_PARTS,
    Disposition,
    ExternalPart,
    Message,
    MultiPart,
    NestedPart,
    NullPart,
    PartSemantics,
    SinglePart,
)
from mimi.content.status import MessageStatusReport, PerMessageStatus, Status
from mimi.errors import MalformedError, UsageError

NAMES = st.sampled_from(list(FORMATS))
QUIET = settings(
    deadline=None, suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large)
)
LIMIT = 1 << 20


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, Any]:
    """Return the name of a format, and a value of it."""
    name = draw(NAMES)
    return name, draw(FORMATS[name][1])


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return the name of a format, and octets that were an encoding."""
    name, value = draw(documents())
    octets = bytearray(FORMATS[name][2](value))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(octets)))
        end = draw(st.integers(start, min(start + 3, len(octets))))
        octets[start:end] = draw(st.binary(max_size=3))
    return name, bytes(octets)


@QUIET
@given(documents())
def test_a_value_decodes_as_it_was_encoded(document: tuple[str, Any]) -> None:
    name, value = document
    declared, _, write, read = FORMATS[name]
    octets = write(value)
    decoded = read(octets)
    assert type(decoded) is declared
    assert write(decoded) == octets
    assert write(attrs.evolve(decoded)) == octets
    if "nan" not in repr(value):
        assert decoded == value
        assert hash(decoded) == hash(value)


@QUIET
@given(MESSAGES)
def test_equal_messages_have_one_encoding_and_one_id(message: Message) -> None:
    octets = encode(message)
    decoded = decode(octets)
    assert decoded == message
    assert message_id(decoded, "mimi:a", "mimi:b") == message_id(octets, "mimi:a", "mimi:b")
    assert octets_of(cbor.decode(octets, **EVERYTHING)) == octets


EVERYTHING: dict[str, Any] = {
    "allow_tags": cbor.ANY_TAG,
    "allow_nan": True,
    "allow_simple": True,
}


@QUIET
@given(mutations() | st.tuples(NAMES, st.binary()))
@example(("message", b""))
@example(("status", b"\x80"))
def test_octets_are_malformed_or_the_encoding_of_their_value(given: tuple[str, bytes]) -> None:
    name, octets = given
    declared, _, write, read = FORMATS[name]
    refused = None
    try:
        value = read(octets)
    except MalformedError as error:
        refused = error
    else:
        assert write(value) == write(attrs.evolve(value)) == octets
    if refused is not None:
        assert refused.offset is not None
        assert 0 <= refused.offset <= len(octets)
        assert refused.path[:1] in ("", "[", ".") or refused.path.startswith(declared.__name__)
        assert refused.rule


@QUIET
@given(NAMES, items(4))
def test_any_item_is_malformed_or_a_value(name: str, item: Any) -> None:
    _, _, write, read = FORMATS[name]
    octets = octets_of(item)
    try:
        value = read(octets)
    except MalformedError:
        return
    assert write(value) == octets


@settings(QUIET, max_examples=30)
@given(documents())
def test_every_truncation_and_every_further_octet_is_refused(document: tuple[str, Any]) -> None:
    name, value = document
    _, _, write, read = FORMATS[name]
    octets = write(value)
    for end in range(min(len(octets), 700)):
        with pytest.raises(cbor.NotWellFormedError):
            read(octets[:end])
    for further in range(256):
        with pytest.raises(cbor.NotWellFormedError):
            read(octets + bytes([further]))


SPOILERS = st.one_of(
    items(2),
    st.sampled_from(
        [
            *(NullPart(), SinglePart(Disposition.RENDER, "", "", b""), bytearray(16), "\ud800"),
            *(MultiPart(Disposition.RENDER, "", PartSemantics.CHOOSE_ONE, ()), [NullPart()]),
            *(Disposition.ICON, PartSemantics.PROCESS_ALL, Status.READ, True, 256, -1, 1 << 64),
            *(bytes(32), b"\1" + bytes(31), b"\1" + bytes(30), bytes(16), bytes(4097)),
        ]
    ),
)


@QUIET
@given(documents(), st.data())
def test_a_spoiled_value_is_refused_or_decodes_to_an_equal_one(
    document: tuple[str, Any], data: Any
) -> None:
    name, value = document
    _, _, write, read = FORMATS[name]
    spoiled = attrs.evolve(value)
    target: Any = getattr(spoiled, "nested_part", spoiled)
    if name == "message" and data.draw(st.booleans()):
        target = spoiled
    field = data.draw(st.sampled_from([field.name for field in attrs.fields(type(target))]))
    if field == "_octets":
        return
    before = getattr(target, field)
    object.__setattr__(target, field, data.draw(SPOILERS))
    try:
        octets = write(spoiled)
    except UsageError:
        octets = None
    if octets is not None and "nan" not in repr(spoiled):
        assert read(octets) == spoiled
    object.__setattr__(target, field, before)


def depth_of(part: NestedPart) -> int:
    return 1 + max((depth_of(inner) for inner in getattr(part, "parts", ())), default=0)


def drawn(strategy: Any, number: int) -> list[Any]:
    """Return so many values, always the same."""
    values: list[Any] = []

    @settings(
        QUIET,
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
    )
    @given(strategy)
    def draw(value: Any) -> None:
        values.append(value)

    draw()
    return values


def test_what_is_drawn_reaches_what_there_is() -> None:
    messages = drawn(MESSAGES, 800)
    kinds = {type(message.nested_part) for message in messages}
    assert kinds == {NullPart, SinglePart, ExternalPart, MultiPart}
    assert {depth_of(message.nested_part) for message in messages} == {1, 2, 3, 4}
    for condition in (
        lambda message: message.replaces and message.in_reply_to,
        lambda message: message.expires and message.expires.relative,
        lambda message: len(message.topic_id) == 4096,
        lambda message: {3, 4, 5, 256, "av_metadata"} <= {*message.extensions},
        lambda message: not message.extensions.is_plain,
        lambda message: any(isinstance(value, float) for value in message.extensions.values()),
    ):
        assert any(map(condition, messages))
    reports = drawn(FORMATS["status"][1], 100)
    assert any(entry.status > 6 for report in reports for entry in report.statuses)
    derived = drawn(FORMATS["derived"][1], 200)
    assert {type(values.hub_accepted_timestamp) for values in derived} == {int, ExtendedTime}


def test_values_are_immutable() -> None:
    message = Message(bytes(16), None, b"", None, None, {"k": [1, {"l": [2]}]}, NullPart())
    assert message.extensions["k"] == (1, {"l": (2,)})
    for name in ("salt", "extensions", "nested_part"):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(message, name, None)
    assert hash(message) == hash(decode(encode(message)))


def message_of(octets: bytes) -> bytes:
    """Return a message with one extension, whose value is in these octets."""
    empty = encode(Message(bytes(16), None, b"", None, None, {}, NullPart()))
    return empty.replace(b"\xa0\x83", b"\xa1\x61k" + octets + b"\x83")


def array(unit: bytes, number: int) -> bytes:
    return cbor._head(4, number) + unit * number


CROWD = 1 << 14
PART = bytes.fromhex("830160" + "00")
HEAVY = {
    "empty arrays": message_of(array(b"\x80", CROWD)),
    "empty maps": message_of(array(b"\xa0", CROWD)),
    "maps of one": message_of(array(b"\xa1\0\0", CROWD)),
    "maps in arrays": message_of(array(b"\x81\xa1\0\0", CROWD // 2)),
    "tags": message_of(array(b"\xc7\xf9\x3c\0", CROWD)),
    "numbers": message_of(array(b"\x19\x10\0", 1 << 16)),
    "nulls": message_of(array(b"\xf6", 1 << 17)),
    "floats": message_of(array(b"\xf9\x3c\0", 1 << 16)),
    "one text": message_of(cbor._head(3, 1 << 19) + b"a" * (1 << 19)),
    "many keys": octets_of(
        [bytes(16), None, b"", None, None, dict.fromkeys(range(1000, 1 << 16)), [1, "", 0]]
    ),
    "parts": octets_of(
        [bytes(16), None, b"", None, None, {}, [1, "", 3, 0, (MOST_PARTS - 1) * [[1, "", 0]]]]
    ),
}
HEAVY_REFUSED = {
    "too deep": message_of(array(b"\x81\x81\x81\x80", 4000)),
    "too many parts": HEAVY["parts"].replace(b"\x99\x03\xff", b"\x99\x10\0") + 3073 * PART,
    "cut short": HEAVY["nulls"][:-1],
    "of a wrong type": HEAVY["maps in arrays"][:-3] + b"\x61a\0",
}


@pytest.mark.parametrize("octets", HEAVY.values(), ids=HEAVY)
def test_heavy_messages_are_within_the_limits(octets: bytes) -> None:
    assert encode(attrs.evolve(decode(octets))) == octets


@pytest.mark.parametrize("octets", HEAVY_REFUSED.values(), ids=HEAVY_REFUSED)
def test_heavy_messages_beyond_the_limits_are_refused(octets: bytes) -> None:
    with pytest.raises(MalformedError):
        decode(octets)


ALL_HEAVY = HEAVY | HEAVY_REFUSED


@pytest.mark.parametrize("octets", ALL_HEAVY.values(), ids=ALL_HEAVY)
def test_memory_stays_below_250_times_the_input_and_1_mib(octets: bytes) -> None:
    # Most of it are empty maps: one that was decoded, one that is kept.
    assert peak(decode, octets) < 250 * len(octets) + LIMIT


def test_memory_of_reports_and_derived_values_stays_below_100_times_the_input_and_1_mib() -> None:
    entry = PerMessageStatus(b"\1" + bytes(31), Status.READ)
    report = FORMATS["status"][2](MessageStatusReport(10_000 * (entry,)))
    assert peak(FORMATS["status"][3], report) < 100 * len(report) + LIMIT
    texts = [1 << 62, b"", 1, "a" * 100_000, "", ""]
    derived = octets_of([b"\1" + bytes(31), *texts])
    assert isinstance(FORMATS["derived"][3](derived), MessageDerivedValues)
    assert peak(FORMATS["derived"][3], derived) < 100 * len(derived) + LIMIT


def peak(read: Any, octets: bytes) -> int:
    """Return how much memory reading takes at most, in octets."""
    tracemalloc.start()
    try:
        read(octets)
    except MalformedError:
        pass
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return most
