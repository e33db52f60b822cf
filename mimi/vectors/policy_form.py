"""The JSON form of the components of rooms in vectors (vectors/policy/README.md).

A structure becomes an object with the names of its fields. Texts, URIs and the names of users stay
text, other octets become hexadecimal; a capability or the value of a closed enumeration is its
name, another code point its number; a number beyond 2^53 - 1 is decimal digits.
"""

import re
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from mimi.codec import ClosedEnum, CodePoint
from mimi.mls.codepoints import ContentType
from mimi.policy.capability import Capability, spelling
from mimi.policy.operational import PendingProposalStrategy
from mimi.policy.structures import (
    AssetUploadLocation,
    Claim,
    ClaimId,
    DownloadPrivacyType,
    JoinLink,
    Optionality,
    RichDescription,
)
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.form import number

T = TypeVar("T")

FIRST_PRIVATE = 0xF000

NAMES: dict[int, str] = {
    int(each): spelling(Capability(each))
    for each in sorted(Capability.known.values())
    if Capability(each).is_named and each < FIRST_PRIVATE
}
"""The capabilities of the registry, as section 10.2 of draft-ietf-mimi-room-policy-03 writes them.

Private ones are numbers here, whatever a program that reads vectors has declared.
"""

_NUMBERS = {name: capability for capability, name in NAMES.items()}

_WORDS: dict[type[ClosedEnum], dict[int, str]] = {
    Optionality: {0: "optional", 1: "required", 2: "forbidden"},
    AssetUploadLocation: {0: "unspecified", 1: "localProvider", 2: "hub"},
    DownloadPrivacyType: {0: "direct", 1: "hubProxy", 2: "ohttp"},
    PendingProposalStrategy: {
        0: "unspecified",
        1: "immediate_commit",
        2: "random_delay",
        255: "extension",
    },
    ContentType: {1: "application", 2: "proposal", 3: "commit"},
}

_OCTETS = {
    (ClaimId, "id"),
    (Claim, "claim_value"),
    (RichDescription, "description_content"),
    (JoinLink, "join_link"),
}
"""The fields that need not be text."""


def name_of(capability: int) -> str:
    """Return a capability's name; of one that is not registered, its number."""
    return NAMES.get(int(capability), f"0x{int(capability):04X}")


def capability_of(name: str) -> Capability | None:
    """Return the capability of a name; None where there is none such."""
    if name in _NUMBERS:
        return Capability(_NUMBERS[name])
    is_number = re.fullmatch("0x[0-9A-F]{4}", name) is not None
    if not is_number or int(name, 16) in NAMES:
        return None
    return Capability(int(name, 16))


def form_of(value: Any) -> Any:
    """Return the JSON form of a structure, or of a value in one."""
    if attrs.has(type(value)):
        return {
            field.name: _form_of_field(type(value), field.name, getattr(value, field.name))
            for field in attrs.fields(type(value))
        }
    if isinstance(value, tuple):
        return [form_of(each) for each in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Capability):
        return name_of(value)
    if isinstance(value, ClosedEnum):
        return _WORDS[type(value)][int(value)]
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else number(value)


def _form_of_field(owner: type, name: str, value: Any) -> Any:
    return value.hex() if (owner, name) in _OCTETS else form_of(value)


def value_in(case: Case, key: str | int, hint: Any) -> Any:
    """Read a value from its JSON form.

    Args:
        case: What it is in.
        key: Where in it.
        hint: The type of the value: a structure, or what stands in one.

    Raises:
        DifferenceError: It has another form.
    """
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, UnionType):
        return _one_of(case, key, get_args(hint))
    if get_origin(hint) is tuple:
        part = case.part(key)
        inner = get_args(hint)[0]
        return tuple(value_in(part, at, inner) for at in range(part.length()))
    if attrs.has(hint):
        return _structure(case.part(key), hint)
    return _scalar(case, key, hint)


def structure_in(case: Case, hint: type[T]) -> T:
    """Read a structure that is the whole of a part."""
    value: T = _structure(case, hint)
    return value


def _structure(part: Case, hint: Any) -> Any:
    hints = get_type_hints(hint, include_extras=True)
    names = [field.name for field in attrs.fields(hint)]
    part.only(*names)
    return hint(
        *(
            part.octets(name) if (hint, name) in _OCTETS else value_in(part, name, hints[name])
            for name in names
        )
    )


def _one_of(case: Case, key: str | int, choices: tuple[Any, ...]) -> Any:
    """Read one of several types: that of null, or the structure with the fields that are there."""
    if case.value(key) is None and NoneType in choices:
        return None
    kinds = [choice for choice in choices if choice is not NoneType]
    if len(kinds) == 1:
        return value_in(case, key, kinds[0])
    part = case.part(key)
    for kind in kinds:
        if isinstance(part.data, dict) and set(part.data) == {f.name for f in attrs.fields(kind)}:
            return _structure(part, kind)
    raise DifferenceError(part.path, "a structure that fits", shown(part.data))


def _scalar(case: Case, key: str | int, hint: Any) -> Any:
    if hint is bool:
        return _boolean(case, key)
    if hint is bytes:
        return case.text(key)
    if hint is Capability:
        return capability_in(case, key)
    if issubclass(hint, ClosedEnum):
        found = [at for at, word in _WORDS[hint].items() if word == case.value(key)]
        if not found:
            raise DifferenceError(case.name(key), "a known word", shown(case.value(key)))
        return hint(found[0])
    plain = _number(case, key)
    return _checked(case, key, hint, plain) if issubclass(hint, CodePoint) else plain


def _checked(case: Case, key: str | int, hint: type[CodePoint], plain: int) -> CodePoint:
    if plain >> 8 * hint.octets:
        raise DifferenceError(case.name(key), f"{8 * hint.octets} bits", shown(plain))
    return hint(plain)


def _number(case: Case, key: str | int) -> int:
    """Read a number, which is decimal digits where it is great."""
    value = case.value(key)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        return int(value)
    return case.integer(key)


def _boolean(case: Case, key: str | int) -> bool:
    value = case.value(key)
    if not isinstance(value, bool):
        raise DifferenceError(case.name(key), "true or false", shown(value))
    return value


def capability_in(case: Case, key: str | int) -> Capability:
    """Read a capability.

    Raises:
        DifferenceError: It has no such name.
    """
    found = capability_of(case.string(key))
    if found is None:
        raise DifferenceError(case.name(key), "a capability", shown(case.value(key)))
    return found
