"""Messages, reports and derived values: accepted with their meaning, or refused for a rule."""

from collections.abc import Callable
from typing import Any

from mimi.content.derived import ExtendedTime, decode_derived, encode_derived
from mimi.content.errors import ExtendedTimeError
from mimi.content.hashes import HashAlgorithm
from mimi.content.message import decode, encode, exported_salt, message_id
from mimi.content.model import NestedPart
from mimi.content.parts import index_of, parts, referenced
from mimi.content.received import check_received
from mimi.content.status import decode_report, encode_report
from mimi.errors import MimiError
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.form import (
    derived_of,
    form_of_derived,
    form_of_message,
    form_of_part,
    form_of_report,
    message_of,
    number,
    report_of,
)
from mimi.vectors.rules import rule_of

NOTHING_REFUSED = "nothing that breaks a rule"


def check_kind(case: Case, kind: str) -> None:
    """Check what a case says that it is."""
    case.same("kind", kind)
    case.string("description")


def check_message(case: Case) -> None:
    """Verify a message, both ways, and its ID."""
    check_kind(case, "content-message")
    octets = case.octets("content")
    with case.at("content"):
        message = decode(octets)
    case.same("message", form_of_message(message))
    with case.at("message"):
        check_written(octets, encode(message_of(case.value("message"))))
    case.same("parts", len(parts(message.nested_part)))
    case.same("message_id", message_id_of(case, octets))


def message_id_of(case: Case, octets: bytes) -> bytes:
    """Return the ID that a message has by the algorithm that the ID in the case names."""
    sender, room = case.string("sender_uri"), case.string("room_uri")
    stated = case.octets("message_id")
    with case.at("message_id"):
        return message_id(octets, sender, room, HashAlgorithm(stated[0] if stated else 0))


def check_written(octets: bytes, written: bytes, field: str = "content") -> None:
    """Check that what was decoded, or opened, is encoded or sealed as it was."""
    if written != octets:
        raise DifferenceError(field, shown(octets.hex()), shown(written.hex()))


def check_status(case: Case) -> None:
    """Verify a report, both ways."""
    check_kind(case, "content-status")
    octets = case.octets("content")
    with case.at("content"):
        report = decode_report(octets)
    case.same("report", form_of_report(report))
    with case.at("report"):
        check_written(octets, encode_report(report_of(case.value("report"))))


def check_derived(case: Case) -> None:
    """Verify derived values, both ways, and the milliseconds that they tell."""
    check_kind(case, "content-derived")
    octets = case.octets("content")
    with case.at("content"):
        derived = decode_derived(octets)
    case.same("derived", form_of_derived(derived))
    with case.at("derived"):
        check_written(octets, encode_derived(derived_of(case.value("derived"))))
    case.same("milliseconds", _milliseconds(derived.hub_accepted_timestamp))


def _milliseconds(time: int | ExtendedTime) -> int | str | None:
    if isinstance(time, int):
        return number(time)
    try:
        return number(time.milliseconds)
    except ExtendedTimeError:
        return None


Decoder = Callable[..., Any]

FORMATS: dict[str, Decoder] = {
    "message": decode,
    "status": decode_report,
    "implied": decode_derived,
}
"""What octets can be said to be, and how they are decoded."""


def check_refused(case: Case) -> None:
    """Verify that something is refused, and for which rule."""
    check_kind(case, "content-refused")
    octets, most, form = case.octets("content"), case.integer("max_octets"), case.string("format")
    decoder = FORMATS.get(form)
    if decoder is None:
        raise DifferenceError("format", " or ".join(FORMATS), shown(form))
    case.same("rule", broken(lambda: decoder(octets, max_octets=most)) or NOTHING_REFUSED)


def broken(attempt: Callable[[], object]) -> str | None:
    """Return the rule for which something is refused; None where it is not."""
    try:
        attempt()
    except DifferenceError:
        raise
    except MimiError as error:
        return rule_of(error)
    return None


def check_reception(case: Case) -> None:
    """Verify whether a message is refused where and when it is received."""
    check_kind(case, "content-received")
    octets = case.octets("content")
    with case.at("content"):
        message = decode(octets)
    case.same("message_id", message_id_of(case, octets))
    known = case.part("known")
    numbers = {name: case.integer(name) for name in ("now", "accepted", "format_published")}

    def receive() -> None:
        check_received(
            message,
            message_id=case.octets("message_id"),
            accepted=numbers["accepted"],
            now=numbers["now"],
            sender_is_member=case.boolean("sender_is_member"),
            known=[known.octets(index) for index in range(known.length())],
            room_created=optional(case, "room_created"),
            format_published=numbers["format_published"],
        )

    case.same("rule", broken(receive))


def optional(case: Case, key: str) -> int | None:
    """Return a number, or None for null."""
    return None if case.value(key) is None else case.integer(key)


def check_reference(case: Case) -> None:
    """Verify which part a URI in a message means, if any."""
    check_kind(case, "content-reference")
    octets, uri = case.octets("content"), case.string("uri")
    with case.at("content"):
        part = decode(octets).nested_part
    rule = broken(lambda: _meant(part, uri))
    index, found = (None, None) if rule else _meant(part, uri)
    case.same("rule", rule)
    case.same("index", index)
    case.same("part", found and form_of_part(found))


def _meant(part: NestedPart, uri: str) -> tuple[int, NestedPart] | tuple[None, None]:
    return (None, None) if index_of(uri) is None else referenced(part, uri)


def check_salt(case: Case) -> None:
    """Verify a salt that comes from a secret of the group."""
    check_kind(case, "content-salt")
    case.same("salt", exported_salt(case.secret("salt_base_secret"), case.octets("nonce")))
