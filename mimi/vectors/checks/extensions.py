"""Extensions that other drafts define: accepted with their meaning, or refused for a rule."""

from collections.abc import Callable
from typing import Any

from mimi.content.av import AVMetadata, MetadataEntry, check_av_metadata
from mimi.content.companions import (
    ExternalMessageId,
    Scope,
    ScopeURI,
    SenderTimestamp,
    Subject,
)
from mimi.content.last_seen import LastSeen
from mimi.content.message import decode
from mimi.content.model import Message
from mimi.errors import MimiError
from mimi.vectors.case import Case
from mimi.vectors.checks.content import check_kind
from mimi.vectors.form import Form, form_of_entries, number
from mimi.vectors.rules import rule_of


def check_extension(case: Case) -> None:
    """Verify what an extension of a message means, or why the message is refused."""
    check_kind(case, "content-extension")
    octets, key = case.octets("content"), _stated(case)
    value = rule = None
    try:
        message = decode(octets)
        check_av_metadata(message)
        value = meaning(message, key)
    except MimiError as error:
        rule = rule_of(error)
    case.same("rule", rule)
    if rule is None:
        case.same("key", _key(message, key))
    case.same("value", value)


def _stated(case: Case) -> int | str:
    key = case.value("key")
    return case.string("key") if isinstance(key, str) else case.integer("key")


def _key(message: Message, key: int | str) -> int | str | None:
    """Return the key of the extension that a case is about, which the message must have."""
    return next((each for each in message.extensions if each == key), None)


def meaning(message: Message, key: int | str) -> Any:
    """Return what an extension of a message means; None where it has no meaning here."""
    for declaration, form in _FORMS.items():
        if declaration.key == key:
            found = message.extensions.find(declaration)
            return None if found is None else form(found)
    return None


def _timestamp(value: SenderTimestamp) -> Form:
    return {
        "seconds": number(value.seconds),
        "millisecs": value.millisecs,
        "microsecs": value.microsecs,
        "nanosecs": value.nanosecs,
        "nanoseconds": number(value.nanoseconds),
    }


def _scope(scope: Scope) -> Form:
    if isinstance(scope, ScopeURI):
        return {"uri": scope.uri}
    return {"domain": scope} if isinstance(scope, str) else {"pen": number(scope)}


def _external_id(value: ExternalMessageId) -> Form:
    return {"native_id": value.native_id, "scope": _scope(value.scope)}


def _last_seen(value: LastSeen) -> list[Any]:
    return [each if isinstance(each, bytes) else _external_id(each) for each in value.ids]


def _metadata(value: AVMetadata) -> list[Form]:
    return [_metadata_entry(entry) for entry in value.entries]


def _metadata_entry(entry: MetadataEntry) -> Form:
    numbers = ("width", "height", "duration", "preview_index")
    form = {name: getattr(entry, name) for name in ("part_index", "type", *numbers)}
    return {name: value if value is None else number(value) for name, value in form.items()} | {
        "accessibility_text": entry.accessibility_text,
        "rotation": entry.rotation,
        "orientation": None if entry.orientation is None else entry.orientation.value,
        "others": form_of_entries(entry.others),
    }


_FORMS: dict[type[Any], Callable[[Any], Any]] = {
    SenderTimestamp: _timestamp,
    ExternalMessageId: _external_id,
    Subject: lambda value: value.text,
    LastSeen: _last_seen,
    AVMetadata: _metadata,
}
"""How what each extension means is written in JSON."""
