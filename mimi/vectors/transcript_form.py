"""What a transcript is made of: the fields of its header, its steps and its end.

A file is checked against this first, so that whatever is missing, too much or of another type is
named before anything is replayed.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeAlias

import attrs

from mimi.vectors.case import Case, DifferenceError, shown


class Kind(Enum):
    """What a value is."""

    OCTETS = "octets"
    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"


@attrs.frozen
class Maybe:
    """A value that may be null."""

    spec: "Spec"


@attrs.frozen
class Each:
    """A list whose elements are alike."""

    spec: "Spec"


Spec: TypeAlias = Kind | Maybe | Each | tuple["Spec", ...] | Mapping[str, "Spec"]
"""A tuple is a list of so many elements, a mapping an object."""

OCTETS, NUMBER, TEXT, FLAG = Kind.OCTETS, Kind.NUMBER, Kind.TEXT, Kind.FLAG


def value_in(case: Case, key: str | int, spec: Spec) -> Any:
    """Return a part of a case, octets as bytes, if its fields and their types are what they should.

    Raises:
        DifferenceError: They are not; names the first field that is missing, too much or of
            another type.
    """
    match spec:
        case Kind():
            return _READERS[spec](case, key)
        case Maybe(inner):
            return None if case.value(key) is None else value_in(case, key, inner)
        case Each(inner):
            part = case.part(key)
            return [value_in(part, at, inner) for at in range(part.length())]
        case tuple():
            case.equal_length(key, len(spec))
            return [value_in(case.part(key), at, each) for at, each in enumerate(spec)]
        case _:
            return object_in(case.part(key), spec)


def object_in(part: Case, fields: Mapping[str, Spec]) -> dict[str, Any]:
    """Return an object with certain fields, and no others; see `value_in`."""
    part.only(*fields)
    return {name: value_in(part, name, each) for name, each in fields.items()}


def _flag(case: Case, key: str | int) -> bool:
    value = case.value(key)
    if not isinstance(value, bool):
        raise DifferenceError(case.name(key), "true or false", shown(value))
    return value


_READERS: Mapping[Kind, Callable[[Case, str | int], Any]] = {
    OCTETS: Case.octets,
    NUMBER: Case.integer,
    TEXT: Case.string,
    FLAG: _flag,
}

# The header

PROVIDER: Spec = {
    "domain": TEXT,
    "directory": OCTETS,
    "hub": Maybe({"signature_priv": OCTETS, "credential": OCTETS, "hub_key": OCTETS}),
    "is_open": FLAG,
    "profiles": Each({"query": OCTETS, "found": OCTETS}),
}
DEVICE: Spec = {"uri": TEXT, "signature_priv": OCTETS}

# What comes of a step

PARTICIPANTS: Spec = Each((TEXT, NUMBER))
HUB_ROOM: dict[str, Spec] = {
    "room": TEXT,
    "epoch": NUMBER,
    "tree_hash": OCTETS,
    "confirmed_transcript_hash": OCTETS,
    "participants": PARTICIPANTS,
    "pending": NUMBER,
}
DEVICE_ROOM: Spec = {
    **HUB_ROOM,
    "member": FLAG,
    "epoch_authenticator": OCTETS,
    "waiting": NUMBER,
}
MESSAGE: Spec = {
    "room": TEXT,
    "message_id": OCTETS,
    "sender": TEXT,
    "accepted": NUMBER,
    "content": OCTETS,
    "franked": FLAG,
}
AT_PROVIDER: dict[str, Spec] = {
    "sends": Each(NUMBER),
    "hosted": Each(HUB_ROOM),
    "closed": Each(TEXT),
    "reported": Each(Each(FLAG)),
}
AT_DEVICE: dict[str, Spec] = {
    "rooms": Each(DEVICE_ROOM),
    "messages": Each(MESSAGE),
    "events": Each(TEXT),
}

# Steps

HEADERS: Spec = Each((TEXT, TEXT))
SECRETS: dict[str, Spec] = {
    "offerKeys": {"key_packages": Each({"init_priv": OCTETS, "encryption_priv": OCTETS})},
    "createRoom": {"encryption_priv": OCTETS, "epoch_secret": OCTETS},
    "update": {
        "encryption_priv": Maybe(OCTETS),
        "path_secret": Maybe(OCTETS),
        "init_secret": Maybe(OCTETS),
        "joiner_secret": Maybe(OCTETS),
    },
    "groupInfo": {"group_info_priv": OCTETS},
    "submitMessage": {"content": OCTETS, "message_id": OCTETS},
    "keyMaterial": {},
    "consent": {},
    "identifierQuery": {},
    "reportAbuse": {},
    "download": {},
    "gone": {},
}
"""From calls to what only the device knows of them."""

ABOUT_NOTHING = frozenset({"offerKeys", "keyMaterial", "consent"})
"""The calls that say in their bodies what they are about."""

_PLACE: dict[str, Spec] = {"at": NUMBER, "from": TEXT, "to": TEXT, "kind": TEXT}
_CARRIED: dict[str, Spec] = {"is_lost": FLAG, "repeats": Maybe(NUMBER)}

STEPS: dict[str, dict[str, Spec]] = {
    "request": {
        "exchange": NUMBER,
        "method": TEXT,
        "target": TEXT,
        "headers": HEADERS,
        "body": OCTETS,
        **_CARRIED,
        **AT_PROVIDER,
    },
    "response": {
        "exchange": NUMBER,
        "status": NUMBER,
        "headers": HEADERS,
        "body": OCTETS,
        "opened": Maybe(OCTETS),
        **_CARRIED,
        **AT_PROVIDER,
    },
    "silence": {"exchange": NUMBER, **AT_PROVIDER},
    "clock": AT_PROVIDER,
    "call": {
        "call": NUMBER,
        "name": TEXT,
        "about": TEXT,
        "body": OCTETS,
        "secrets": {},
        **AT_DEVICE,
        **AT_PROVIDER,
    },
    "answer": {
        "call": NUMBER,
        "status": NUMBER,
        "body": OCTETS,
        "opened": Maybe(OCTETS),
        **_CARRIED,
        **AT_DEVICE,
    },
    "delivery": {"about": TEXT, "body": OCTETS, **_CARRIED, **AT_DEVICE},
    "notice": {"body": OCTETS, **_CARRIED},
}
"""From kinds of steps to their fields beside those of all."""

# The end

ENTRY: Spec = {
    "message_id": OCTETS,
    "author": TEXT,
    "accepted": NUMBER,
    "text": TEXT,
    "in_reply_to": Maybe(OCTETS),
    "is_edited": FLAG,
    "is_deleted": FLAG,
    "reactions": Each((TEXT, Each(TEXT))),
    "files": Each(TEXT),
}
END: Spec = {
    "device": TEXT,
    "room": TEXT,
    "member": FLAG,
    "epoch": NUMBER,
    "epoch_authenticator": OCTETS,
    "conversation": Each(ENTRY),
}

HEADER: dict[str, Spec] = {
    "kind": TEXT,
    "description": TEXT,
    "cipher_suite": NUMBER,
    "providers": Each(PROVIDER),
    "devices": Each(DEVICE),
    "end": Each(END),
}


def check_form(case: Case) -> list[dict[str, Any]]:
    """Return the steps of a case that has the form of a transcript, octets as bytes.

    Raises:
        DifferenceError: It has another form; names the field.
    """
    case.only(*HEADER, "steps")
    for name, spec in HEADER.items():
        value_in(case, name, spec)
    return [_step_in(step) for step in case.parts("steps", least=1)]


def _step_in(step: Case) -> dict[str, Any]:
    kind = step.string("kind")
    if kind not in STEPS:
        raise DifferenceError(step.name("kind"), " or ".join(STEPS), shown(kind))
    fields = {**_PLACE, **STEPS[kind]}
    if kind == "call":
        name = step.string("name")
        if name not in SECRETS:
            raise DifferenceError(step.name("name"), " or ".join(SECRETS), shown(name))
        fields["secrets"] = SECRETS[name]
        if name in ABOUT_NOTHING:
            step.same("about", "")
    return object_in(step, fields)
