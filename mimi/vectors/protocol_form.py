"""The JSON form of bodies in vectors of the protocol (vectors/protocol/README.md).

A structure becomes an object with the names of its fields; what MLS defines is the hexadecimal of
its encoding as a whole. URIs and texts for people are text, other octets hexadecimal; values of
closed enumerations have the draft's names, other code points are numbers.
"""

from typing import Any

from mimi.codec import (
    Bytes,
    ClosedEnum,
    CodePoint,
    Fixed,
    Given,
    Select,
    decode,
    decode_all,
    encode,
    encode_all,
)
from mimi.codec.declare import fields_of, shape_of
from mimi.codec.shape import Code, Optional, Shape, Struct, UInt, Vector
from mimi.errors import MalformedError
from mimi.mls.keypackage import KeyPackage
from mimi.mls.message import MLSMessage
from mimi.mls.tree_options import PartialGroupInfo, RatchetTreeOption
from mimi.mls.welcome import GroupInfo, Welcome
from mimi.protocol.fanout import FanoutMessage
from mimi.protocol.structures import STRUCTURES
from mimi.tree.credential import Credential
from mimi.tree.extension import RequiredCapabilities
from mimi.tree.leaf import Capabilities
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.form import number

WHOLE: tuple[type[Any], ...] = (
    *(KeyPackage, MLSMessage, PartialGroupInfo, RatchetTreeOption, GroupInfo, Welcome),
    *(Credential, RequiredCapabilities, Capabilities),
)
"""What MLS defines."""

_WHOLE = {declaration.__name__: declaration for declaration in WHOLE}

TAGS = {"SubmitStatus": "code", "GroupInfoStatus": "code", "GroupInfoOption": "representation"}
"""What the tag of a select is called that stands right before what it selects."""

NOTIFY_REQUEST = "NotifyRequest"
"""The body of a notify request, which is no structure: messages one right behind the other."""

BODIES: dict[str, Any] = {
    structure.__name__: structure for listed in STRUCTURES.values() for structure in listed
} | {NOTIFY_REQUEST: None}
"""From the names of bodies, and of what is signed or encrypted, to their structures."""


def decode_body(structure: str, octets: bytes) -> Any:
    """Return the body that octets are.

    Raises:
        MalformedError: They are none.
    """
    if structure == NOTIFY_REQUEST:
        return decode_all(FanoutMessage, octets)
    return decode(BODIES[structure], octets)


def encode_body(structure: str, value: Any) -> bytes:
    """Return the octets of a body."""
    if structure == NOTIFY_REQUEST:
        return encode_all(value, FanoutMessage)
    return encode(value, BODIES[structure])


def _shape(structure: str) -> Shape:
    if structure == NOTIFY_REQUEST:
        return Vector(Struct(FanoutMessage))
    return shape_of(BODIES[structure])


def place_of(structure: str, error: MalformedError) -> str:
    """Return the field of a body that cannot be read; an empty text for what follows its end."""
    name, dot, path = error.path.partition(".")
    field = path.partition(".")[0].partition("[")[0]
    if structure == "UpdateRequest" and field:
        return place_of("HandshakeBundle", MalformedError("", path))
    return name.removeprefix("FanoutMessage") + dot + field if "[" in name else field


# From values to their form


def form_of_body(structure: str, value: Any) -> Any:
    """Return the JSON form of a body."""
    return _form(_shape(structure), value)


def _form(shape: Shape, value: Any) -> Any:
    match shape:
        case Struct(declaration):
            return _form_of_struct(declaration, value)
        case Select():
            return _form_of_select(shape, value)
        case Vector(element=element):
            return [_form(element, each) for each in value]
        case Optional(value=inner):
            return None if value is None else _form(inner, value)
        case Bytes(name=name) if name in TEXTS:
            return value.decode(errors="backslashreplace")
        case UInt() | Code():
            return spelled(value) if isinstance(value, ClosedEnum) else number(value)
    return value.hex()


TEXTS = frozenset({"IdentifierUri", "UTF8String"})
"""The octets that are text."""


def _form_of_struct(declaration: type[Any], value: Any) -> Any:
    if declaration.__name__ in _WHOLE:
        return encode(value, declaration).hex()
    found = {}
    for field in fields_of(declaration):
        if field.constant:
            continue
        inner, shape = getattr(value, field.name), field.shape
        if isinstance(shape, Given):
            chosen = _chosen(shape, getattr(value, shape.path))
            found[field.name] = None if chosen is None else _form(chosen, inner)
        else:
            found[field.name] = _form(shape, inner)
    return found


def _chosen(given: Given, earlier: Any) -> Shape | None:
    key = given.chooser(earlier) if given.chooser else earlier
    found = given.cases.get(key, given.otherwise)
    return None if found is None else shape_of(found)


def _form_of_select(select: Select, value: Any) -> Any:
    if select.name in _WHOLE:
        return encode(value, _WHOLE[select.name]).hex()
    (tag,) = (tag for tag, case in select.cases.items() if case is type(value))
    return {TAGS[select.name]: spelled(tag), **_form_of_struct(type(value), value)}


def spelled(value: Any) -> str:
    """Return the draft's name of a value of an enumeration: ``noConsentForThisRoom``."""
    first, *others = value.name.lower().split("_")
    return "".join((first, *(word.capitalize() for word in others)))


# And back


def body_in(case: Case, field: str, structure: str) -> Any:
    """Return the body whose form a field has.

    Raises:
        DifferenceError: It has another form.
    """
    return _value(case, field, _shape(structure))


def _value(case: Case, key: str | int, shape: Shape) -> Any:
    match shape:
        case Struct(declaration):
            return _struct_in(case, key, declaration)
        case Select():
            return _select_in(case, key, shape)
        case Vector(element=element):
            part = case.part(key)
            return tuple(_value(part, at, element) for at in range(part.length()))
        case Optional(value=inner):
            return None if case.value(key) is None else _value(case, key, inner)
        case Bytes(name=name):
            return case.text(key) if name in TEXTS else case.octets(key)
        case Fixed(length=length):
            octets = case.octets(key)
            if len(octets) != length:
                raise DifferenceError(case.name(key), f"{length} octets", shown(octets.hex()))
            return octets
        case Code(registry=registry):
            return _code_in(case, key, registry)
    return _number_in(case, key)


def _struct_in(case: Case, key: str | int, declaration: type[Any]) -> Any:
    if declaration.__name__ in _WHOLE:
        return _whole(case, key, declaration)
    return _fields_in(case.part(key), declaration, ())


def _whole(case: Case, key: str | int, declaration: Any) -> Any:
    octets = case.octets(key)
    with case.at(key):
        return decode(declaration, octets)


def _fields_in(part: Case, declaration: type[Any], besides: tuple[str, ...]) -> Any:
    fields = [field for field in fields_of(declaration) if not field.constant]
    part.only(*besides, *(field.name for field in fields))
    found: dict[str, Any] = {}
    for field in fields:
        shape: Shape | None = field.shape
        if isinstance(shape, Given):
            shape = _chosen(shape, found[shape.path])
        if shape is None:
            if part.value(field.name) is not None:
                raise DifferenceError(part.name(field.name), "null", shown(part.value(field.name)))
            found[field.name] = None
        else:
            found[field.name] = _value(part, field.name, shape)
    return declaration(**found)


def _select_in(case: Case, key: str | int, select: Select) -> Any:
    if select.name in _WHOLE:
        return _whole(case, key, _WHOLE[select.name])
    part, tag = case.part(key), TAGS[select.name]
    cases = {spelled(code): declaration for code, declaration in select.cases.items()}
    found = cases.get(part.string(tag))
    if found is None:
        raise DifferenceError(part.name(tag), " or ".join(cases), shown(part.value(tag)))
    return _fields_in(part, found, (tag,))


def _code_in(case: Case, key: str | int, registry: type[Any]) -> Any:
    if issubclass(registry, CodePoint):
        return _fitting(case, key, registry)
    words = {spelled(value): value for value in registry}
    found = words.get(case.string(key))
    if found is None:
        raise DifferenceError(case.name(key), " or ".join(words), shown(case.value(key)))
    return found


def _fitting(case: Case, key: str | int, registry: type[CodePoint]) -> CodePoint:
    plain = _number_in(case, key)
    if plain >> 8 * registry.octets:
        raise DifferenceError(case.name(key), f"{8 * registry.octets} bits", shown(plain))
    return registry(plain)


def _number_in(case: Case, key: str | int) -> int:
    """Read a number, which is decimal digits where it is great."""
    value = case.value(key)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        return int(value)
    return case.integer(key)
