"""One test for each rule of messages, reports and derived values, that breaks just this one."""

import math
from typing import Any

import pytest
from cbor2 import CBORSimpleValue, CBORTag, undefined
from content.broken import (
    DERIVED,
    ID,
    MESSAGES,
    NULL,
    REPORTS,
    Row,
    boxes,
    external,
    message,
    multi,
    nested,
    single,
    value,
)

import mimi.content.errors
from mimi.codec import cbor
from mimi.codec.cbor import (
    NotDeterministicError,
    NotWellFormedError,
    TooLargeError,
)
from mimi.codec.document import value_of
from mimi.content.derived import decode_derived
from mimi.content.errors import (
    MixedLastSeenError,
    SaltSizeError,
    TopicTooLongError,
    UnencryptedError,
    UnknownCardinalityError,
)
from mimi.content.last_seen import LastSeen
from mimi.content.message import decode, encode
from mimi.content.status import decode_report
from mimi.errors import MalformedError


def numbered(rows: list[Row]) -> list[Any]:
    """Name cases by error and number: their octets would make long names."""
    return [pytest.param(*row, id=f"{row[1].__name__}-{at}") for at, row in enumerate(rows)]


def refuse(decoder: Any, row: Row) -> None:
    octets, error, path, offset = row
    with pytest.raises(MalformedError) as caught:
        decoder(octets)
    assert type(caught.value) is error
    assert (caught.value.path, caught.value.offset) == (path, offset)


@pytest.mark.parametrize(("octets", "error", "path", "offset"), numbered(MESSAGES))
def test_a_message_that_breaks_a_rule_is_refused_for_it(
    octets: bytes, error: type[MalformedError], path: str, offset: int
) -> None:
    refuse(decode, (octets, error, path, offset))


@pytest.mark.parametrize(("octets", "error", "path", "offset"), numbered(REPORTS))
def test_a_report_that_breaks_a_rule_is_refused_for_it(
    octets: bytes, error: type[MalformedError], path: str, offset: int
) -> None:
    refuse(decode_report, (octets, error, path, offset))


@pytest.mark.parametrize(("octets", "error", "path", "offset"), numbered(DERIVED))
def test_derived_values_that_break_a_rule_are_refused_for_it(
    octets: bytes, error: type[MalformedError], path: str, offset: int
) -> None:
    refuse(decode_derived, (octets, error, path, offset))


def test_every_rule_is_broken() -> None:
    broken = {error for _, error, _, _ in MESSAGES + REPORTS + DERIVED} | {MixedLastSeenError}
    declared = {
        error
        for module in (mimi.content.errors, cbor, mimi.codec.cddl)
        for error in vars(module).values()
        if isinstance(error, type) and issubclass(error, MalformedError)
    }
    assert declared - broken == {MalformedError}


def test_an_extension_by_itself_names_its_own_rule() -> None:
    with pytest.raises(MixedLastSeenError):
        value_of(LastSeen, [ID, [b"", 1]])


@pytest.mark.parametrize("rows", [MESSAGES, REPORTS, DERIVED], ids=["message", "report", "derived"])
def test_what_is_refused_names_the_section(rows: list[Row]) -> None:
    assert all(error.rule.startswith(("RFC ", "draft-")) for _, error, _, _ in rows)


KEPT = [
    message(replaces=ID, reply=b"\x23" + bytes(31)),
    message(topic=bytes(4096), expires=[True, (1 << 32) - 1]),
    message(expires=[False, 0]),
    message(body=[255, "", 0]),
    message(body=multi(*1023 * [NULL])),
    message(body=multi(NULL, multi(*1021 * [NULL]))),
    message(body=nested(4)),
    external(hash_alg=255, size=(1 << 64) - 1, expires=(1 << 32) - 1),
    external(enc_alg=65535, key=b"1", nonce=b"1", aad=b"1"),
    single(content_type="no media type", content=bytes(100_000)),
    single(language="no language"),
    value(boxes(3)),
    value(boxes(2, CBORTag(5, 1))),
    value({0: None, "": undefined, b"": CBORSimpleValue(255)}),
    value({(1 << 53) - 1: -(1 << 64), 1 - (1 << 53): (1 << 64) - 1}),
    value(math.nan, (1 << 53) - 1),
    value(-math.inf, 1 - (1 << 53)),
    value(CBORTag(2, b"\1" + bytes(8)), 127 * "\u00e9" + "e"),
    value({1: 1, -3: 999}, 3),
    value([b"", CBORTag(32, "a:")], 4),
    value("k" * 4096, 5),
    value([], 256),
    value([ID, ID], 256),
    value([{1: 0, 2: 2, "k": [1.5]}], "av_metadata"),
]


@pytest.mark.parametrize("octets", KEPT, ids=range(len(KEPT)))
def test_what_is_just_within_the_rules_is_accepted(octets: bytes) -> None:
    assert encode(decode(octets)) == octets


def test_one_octet_more_than_the_size_is_too_large() -> None:
    assert decode(message(), max_octets=len(message()))
    with pytest.raises(TooLargeError):
        decode(message(), max_octets=len(message()) - 1)
    assert decode(single(content=bytes((1 << 20) - 33)))


def test_rules_of_the_octets_come_before_those_of_the_document() -> None:
    late = message(salt=b"", body=[1, "", 9])
    for end, error in ((b"", NotWellFormedError), (b"\x18\1", NotDeterministicError)):
        with pytest.raises(error):
            decode(late[:-1] + end)
    with pytest.raises(SaltSizeError):
        decode(late)


def test_of_several_rules_the_first_in_the_document_is_named() -> None:
    with pytest.raises(TopicTooLongError):
        decode(message(topic=bytes(4097), expires=[True, -1], body=[1, "", 9]))
    with pytest.raises(UnknownCardinalityError):
        decode(message(body=["", 1, 9]))
    with pytest.raises(UnencryptedError):
        decode(message(body=multi(list(external_part()), [1, "", 9])))


def external_part() -> list[Any]:
    return [1, "", 2, "", "", 0, 0, 0, b"k", b"", b"", 0, b"", "", ""]
