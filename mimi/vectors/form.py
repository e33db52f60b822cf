"""The JSON form of MIMI content in vectors (vectors/content/README.md).

Values become objects with the names of their fields; octets become hexadecimal when they are
written; a number beyond 2^53 - 1, which not every JSON reader keeps, becomes decimal digits; and
what an extension holds becomes the octets of its CBOR.
"""

from collections.abc import Mapping
from typing import Any

import attrs

from mimi.codec import cbor
from mimi.content.derived import ExtendedTime, MessageDerivedValues
from mimi.content.extensions import Extensions
from mimi.content.hashes import HashAlgorithm
from mimi.content.model import (
    AEADAlgorithm,
    Disposition,
    Expiration,
    ExternalPart,
    Message,
    MultiPart,
    NestedPart,
    NullPart,
    PartSemantics,
    SinglePart,
)
from mimi.content.status import MessageStatusReport, PerMessageStatus, Status
from mimi.vectors.case import SAFE_INTEGER

Form = dict[str, Any]

CARDINALITIES: dict[type[NestedPart], str] = {
    NullPart: "null",
    SinglePart: "single",
    ExternalPart: "external",
    MultiPart: "multi",
}
SEMANTICS = {
    PartSemantics.CHOOSE_ONE: "chooseOne",
    PartSemantics.SINGLE_UNIT: "singleUnit",
    PartSemantics.PROCESS_ALL: "processAll",
}

_PARTS = {name: declaration for declaration, name in CARDINALITIES.items()}
_SEMANTICS = {name: semantics for semantics, name in SEMANTICS.items()}

_READ = {"disposition": Disposition, "enc_alg": AEADAlgorithm, "hash_alg": HashAlgorithm}


def number(value: int) -> int | str:
    """Return a number as it stands in JSON."""
    return int(value) if abs(value) <= SAFE_INTEGER else str(int(value))


def item(value: object) -> bytes:
    """Return the CBOR of the value of an extension."""
    return cbor.encode(value, allow_nan=True, allow_simple=True)


def _value(octets: str) -> Any:
    return cbor.decode(
        bytes.fromhex(octets), allow_tags=cbor.ANY_TAG, allow_nan=True, allow_simple=True
    )


def _scalar(value: Any) -> Any:
    return number(value) if isinstance(value, int) and not isinstance(value, bool) else value


def form_of_entries(entries: Mapping[Any, Any]) -> list[list[Any]]:
    """Return a map from numbers and texts to any CBOR, in the order of the wire."""
    return [[key, item(entries[key])] for key in sorted(entries, key=cbor.encode)]


def _entries(form: list[list[Any]]) -> dict[int | str, Any]:
    return {key: _value(octets) for key, octets in form}


# Messages


def form_of_message(message: Message) -> Form:
    """Return the JSON form of a message."""
    expires = message.expires
    return {
        "salt": message.salt,
        "replaces": message.replaces,
        "topic_id": message.topic_id,
        "expires": expires and {"relative": expires.relative, "time": expires.time},
        "in_reply_to": message.in_reply_to,
        "extensions": form_of_entries(message.extensions),
        "nested_part": form_of_part(message.nested_part),
    }


def form_of_part(part: NestedPart) -> Form:
    """Return the JSON form of a part."""
    form: Form = {
        "disposition": int(part.disposition),
        "language": part.language,
        "cardinality": CARDINALITIES[type(part)],
    }
    if isinstance(part, MultiPart):
        semantics, parts = SEMANTICS[part.part_semantics], list(map(form_of_part, part.parts))
        return form | {"part_semantics": semantics, "parts": parts}
    names = (name for name in _fields(type(part)) if name not in form)
    return form | {name: _scalar(getattr(part, name)) for name in names}


def message_of(form: Form) -> Message:
    """Return the message of a JSON form that is known to be one.

    Raises:
        MimiError: It breaks a rule.
    """
    expires = form["expires"]
    return Message(
        bytes.fromhex(form["salt"]),
        _octets(form["replaces"]),
        bytes.fromhex(form["topic_id"]),
        None if expires is None else Expiration(expires["relative"], expires["time"]),
        _octets(form["in_reply_to"]),
        Extensions(_entries(form["extensions"])),
        part_of(form["nested_part"]),
    )


def _octets(digits: str | None) -> bytes | None:
    return None if digits is None else bytes.fromhex(digits)


def part_of(form: Form) -> NestedPart:
    """Return the part of a JSON form that is known to be one.

    Raises:
        MimiError: It breaks a rule.
    """
    declaration = _PARTS[form["cardinality"]]
    if declaration is MultiPart:
        parts = tuple(map(part_of, form["parts"]))
        semantics = _SEMANTICS[form["part_semantics"]]
        disposition = Disposition(form["disposition"])
        return MultiPart(disposition, form["language"], semantics, parts)
    fields = _fields(declaration)
    return declaration(**{name: _field(name, fields[name], form[name]) for name in fields})


def _fields(declaration: type[Any]) -> dict[str, Any]:
    """Return the names of the fields of a class, and their annotations."""
    return {field.name: field.type for field in attrs.fields(declaration)}


def _field(name: str, annotation: Any, value: Any) -> Any:
    if name in _READ:
        return _READ[name](value)
    if annotation is bytes:
        return bytes.fromhex(value)
    return value if annotation is str else int(value)


# Reports and derived values


def form_of_report(report: MessageStatusReport) -> list[list[Any]]:
    """Return the JSON form of a report: message IDs and the numbers of their statuses."""
    return [[each.message_id, int(each.status)] for each in report.statuses]


def report_of(form: list[list[Any]]) -> MessageStatusReport:
    """Return the report of a JSON form that is known to be one."""
    return MessageStatusReport(
        tuple(PerMessageStatus(bytes.fromhex(name), Status(status)) for name, status in form)
    )


def form_of_derived(derived: MessageDerivedValues) -> Form:
    """Return the JSON form of derived values."""
    time = derived.hub_accepted_timestamp
    form = {name: _scalar(getattr(derived, name)) for name in _fields(type(derived))}
    return form | {
        "hub_accepted_timestamp": (
            form_of_entries(time.entries) if isinstance(time, ExtendedTime) else number(time)
        )
    }


def derived_of(form: Form) -> MessageDerivedValues:
    """Return the derived values of a JSON form that is known to be one."""
    time = form["hub_accepted_timestamp"]
    octets = {name: bytes.fromhex(form[name]) for name in ("message_id", "mls_group_id")}
    stamp = ExtendedTime(_entries(time)) if isinstance(time, list) else int(time)
    return MessageDerivedValues(**(form | octets | {"hub_accepted_timestamp": stamp}))
