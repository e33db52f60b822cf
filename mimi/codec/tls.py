"""Encoding and decoding values of declared types."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, overload

from mimi.codec import decoder, encoder, trace
from mimi.codec.declare import OCTETS, shape_of
from mimi.codec.shape import Select, Struct
from mimi.codec.source import LENGTH, LONGEST
from mimi.errors import UsageError

T = TypeVar("T")

MOST = 1024
"""How many declared types keep their compiled functions at hand; the others are looked up."""

_DECODERS: dict[int, tuple[Any, decoder.Decoder]] = {}
_ENCODERS: dict[int, tuple[Any, encoder.Encoder]] = {}
"""By the identity of the declared type, which stands beside: an alias takes long to hash."""


def encode(value: object, declared: Any = None) -> bytes:
    """Return the one encoding of *value*.

    Args:
        value: A structure, or with *declared* a value of that type.
        declared: The type to encode as: a choice (which writes the tag), an alias such as
            `RatchetTreeNodes`, or a structure whose fields the value has.

    Raises:
        UsageError: The value does not fit its declaration; names the field.
    """
    if declared is None:
        declared = type(value)
    known = _ENCODERS.get(id(declared)) or _encoder(declared)
    try:
        return known[1](value)
    except encoder.FAILURES as failure:
        trace.check(declared, value)
        name = trace.name_of(declared)
        raise UsageError(f"{name} cannot encode a {type(value).__name__}") from failure


@overload
def decode(declared: type[T], octets: bytes) -> T: ...
@overload
def decode(declared: object, octets: bytes) -> Any: ...
def decode(declared: Any, octets: bytes) -> Any:
    """Return the value that *octets* are the encoding of: exactly one, to the last octet.

    Raises:
        MalformedError: They are no encoding of *declared*; carries path and offset.
    """
    if type(octets) is not bytes:
        octets = trace.as_bytes(octets)
    known = _DECODERS.get(id(declared)) or _decoder(declared)
    try:
        value, end = known[1](octets, 0)
    except decoder.FAILURES:
        value, end = None, -1  # go on outside: this traceback keeps all that was read so far
    if end != len(octets):
        trace.explain(declared, octets)
    return value


@overload
def decode_all(declared: type[T], octets: bytes) -> tuple[T, ...]: ...
@overload
def decode_all(declared: object, octets: bytes) -> tuple[Any, ...]: ...
def decode_all(declared: Any, octets: bytes) -> tuple[Any, ...]:
    """Return the values that *octets* are the encodings of, one right behind the other.

    There is no length before them and nothing between them, as in a vector to the end of the input;
    no octets are no values.

    Raises:
        MalformedError: They are no encodings of *declared*; the path counts the values from 0.
        UsageError: A value of *declared* has no octets.
    """
    if type(octets) is not bytes:
        octets = trace.as_bytes(octets)
    read = (_DECODERS.get(id(declared)) or _decoder(declared))[1]
    values, start, end = [], -1, 0
    try:
        while start < end < len(octets):
            start = end
            value, end = read(octets, start)
            values.append(value)
    except decoder.FAILURES:
        end = -1
    if end != len(octets):
        if end == start:
            raise UsageError(f"a {trace.name_of(declared)} of no octets: there is no last one")
        trace.explain(declared, octets, many=True)
    return tuple(values)


def encode_all(values: Iterable[object], declared: Any = None) -> bytes:
    """Return the encodings of *values*, one right behind the other; arguments as in `encode`."""
    return b"".join(encode(value, declared) for value in values)


def encode_as(base: type[Any], value: Any) -> bytes:
    """Return the encoding of the fields that *value*'s class has from its base structure.

    That is how a structure to be signed (``...TBS``) comes from the signed one: when the value
    keeps its encoding, it is cut rather than made again.

    Raises:
        UsageError: The value does not fit its declaration, or *base* is no base of its class.
    """
    if not isinstance(value, base):
        raise UsageError(f"{type(value).__name__} adds nothing to {base.__name__}")
    whole = getattr(value, OCTETS, None)
    if whole is None:
        return encode(value, base)
    return bytes(whole[: len(whole) - len(encoder.tail_encoder(type(value), base)(value))])


def field_encoder(declaration: type[Any], choice: Any = None) -> Callable[..., bytes]:
    """Return a function from the fields of a structure, in their order, to its encoding.

    For what is built only to be hashed, many times over: no value is made. Fields that do not fit
    raise whatever Python makes of them, so that this is for a library's own values.

    Args:
        declaration: The structure.
        choice: The choice that it is a case of, whose tag comes first; None for none.

    Raises:
        UsageError: The structure has constant fields or a select on an earlier one, or *choice* is
            no choice.
    """
    shape, select = shape_of(declaration), None if choice is None else shape_of(choice)
    if not isinstance(shape, Struct) or not isinstance(select, Select | None):
        raise UsageError("a field encoder is for a structure, alone or as a case of a choice")
    return encoder.fields_encoder(shape, select)


def decode_length(octets: bytes) -> int:
    """Return the length that a variable-size vector header states (RFC 9420 section 2.1.2).

    Raises:
        MalformedError: It is no header, is not minimal, or octets follow it.
    """
    return trace.read_length(octets)


def encode_length(length: int) -> bytes:
    """Return the variable-size header of a vector of *length* octets (RFC 9420 section 2.1.2).

    Raises:
        UsageError: It has no header: it is negative, or over 2^30 - 1.
    """
    if not 0 <= length <= LONGEST:
        raise UsageError(f"a vector has 0 to {LONGEST} octets, not {length}")
    return LENGTH[length]


def _encoder(declared: Any) -> tuple[Any, encoder.Encoder]:
    known = declared, encoder.encoder_of(shape_of(declared))
    if len(_ENCODERS) >= MOST:
        _ENCODERS.clear()
    _ENCODERS[id(declared)] = known
    return known


def _decoder(declared: Any) -> tuple[Any, decoder.Decoder]:
    known = declared, decoder.decoder_of(shape_of(declared))
    if len(_DECODERS) >= MOST:
        _DECODERS.clear()
    _DECODERS[id(declared)] = known
    return known
