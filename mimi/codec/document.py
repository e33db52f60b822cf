"""Reading and writing declared CBOR documents."""

from typing import Any, TypeVar, cast

import cbor2

from mimi.codec import cbor
from mimi.codec.cddl import Refusal
from mimi.codec.cddl_source import reader_of, writer_of
from mimi.codec.declare import OCTETS
from mimi.errors import UsageError

T = TypeVar("T")


def decode_document(declaration: type[T], octets: bytes, **limits: Any) -> T:
    """Return the value of which *octets* are the one encoding.

    Args:
        declaration: A class under `array`, `entries` or `tagged`.
        octets: One item, and nothing else.
        **limits: What may occur, and how much of it: the keyword arguments of `cbor.decode`.

    Raises:
        MalformedError: *octets* are nothing that `encode_document` writes.
    """
    item = cbor.decode(octets, **limits)
    try:
        value = reader_of(declaration)(item, 1)
    except Refusal as refusal:
        path, steps = _place(declaration, refusal)
        raise refusal.error(refusal.reason, path, cbor.locate(octets, steps)) from None
    if hasattr(declaration, OCTETS):
        object.__setattr__(value, OCTETS, octets)
    return cast(T, value)


def encode_document(value: object, **limits: Any) -> bytes:
    """Return the one encoding of *value*, an instance of a declared class.

    Args:
        value: The value.
        **limits: The keyword arguments of `cbor.encode`.

    Raises:
        UsageError: What would be written could not be decoded; ``where["path"]`` says where.
    """
    kept: bytes | None = getattr(value, OCTETS, None)
    if kept is not None:
        return kept
    item = item_of(value)
    if getattr(value, "is_plain", False):
        try:
            return cbor2.dumps(item)
        except UnicodeEncodeError:
            pass  # a lone surrogate: the other encoder says where
    return cbor.encode(item, **limits)


def item_of(value: object) -> Any:
    """Return lists, maps and scalars for *value*, ready to be encoded.

    Raises:
        UsageError: It breaks its declaration.
    """
    try:
        return writer_of(type(value))(value, 1)
    except Refusal as refusal:
        path, _ = _place(type(value), refusal)
        raise UsageError(f"{path}: {refusal.reason}", path=path, rule=refusal.error) from None


def value_of(declaration: type[T], item: object) -> T:
    """Return the declared value of what `cbor.decode` returned, or of a part of it.

    Raises:
        MalformedError: It breaks the declaration; the offset is not known.
    """
    try:
        return cast(T, reader_of(declaration)(item, 1))
    except Refusal as refusal:
        raise refusal.error(refusal.reason, _place(declaration, refusal)[0]) from None


def _place(declaration: type[Any], refusal: Refusal) -> tuple[str, list[object]]:
    names = [declaration.__name__]
    names += [name if name[0] == "[" else f".{name}" for name in reversed(refusal.path)]
    return "".join(names), [step for step in reversed(refusal.steps) if step is not None]
