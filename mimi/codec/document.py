"""Reading and writing declared CBOR documents."""

from collections.abc import Container
from typing import Any, TypeVar, cast

import cbor2

from mimi.codec import cbor
from mimi.codec.cddl import Refusal
from mimi.codec.cddl_source import Function, reader_of, searcher_of, writer_of
from mimi.codec.declare import OCTETS
from mimi.errors import UsageError

T = TypeVar("T")


def decode_document(
    declaration: type[T],
    octets: bytes,
    *,
    max_octets: int = cbor.MAX_OCTETS,
    max_depth: int = cbor.MAX_DEPTH,
    max_containers: int = cbor.MAX_CONTAINERS,
    allow_tags: Container[int] = cbor.ANY_TAG,
    allow_nan: bool = True,
    allow_simple: bool = True,
) -> T:
    """Return the value of which *octets* are the one encoding.

    Args:
        declaration: A class under `array`, `entries`, `tagged` or `bare`.
        octets: One item, and nothing else.
        max_octets: How long the input may be.
        max_depth: How many arrays, maps and tags may contain one another; at most 128.
        max_containers: How many arrays, maps and tags there may be altogether.
        allow_tags: The tag numbers that may occur, where the declaration has tags.
        allow_nan: Whether NaN may occur, where the declaration has floats.
        allow_simple: Whether undefined and simple values may occur, where the declaration has them.

    Raises:
        MalformedError: *octets* are nothing that `encode_document` writes.
        UsageError: The declaration has no meaning.
    """
    read = reader_of(declaration)
    octets = bytes(octets)  # of a bytearray: what is kept with the value must not change
    item = cbor.decode(
        octets,
        max_octets=max_octets,
        max_depth=max_depth,
        max_containers=max_containers,
        allow_tags=allow_tags,
        allow_nan=allow_nan,
        allow_simple=allow_simple,
    )
    try:
        value = read(item, 1)
    except Refusal as refusal:
        path, steps = _place(declaration, refusal)
        raise refusal.error(refusal.reason, path, cbor.locate(octets, steps)) from None
    if hasattr(declaration, OCTETS):
        object.__setattr__(value, OCTETS, octets)
    return cast(T, value)


def encode_document(
    value: object,
    *,
    max_depth: int = cbor.MAX_DEPTH,
    max_containers: int = cbor.MAX_CONTAINERS,
    allow_nan: bool = True,
    allow_simple: bool = True,
) -> bytes:
    """Return the one encoding of *value*, an instance of a declared class.

    Args:
        value: The value.
        max_depth: How many arrays, maps and tags may contain one another; at most 128.
        max_containers: How many arrays, maps and tags there may be altogether.
        allow_nan: Whether NaN may occur, where the declaration has floats.
        allow_simple: Whether undefined and simple values may occur, where the declaration has them.

    Raises:
        UsageError: What would be written could not be decoded; ``where["path"]`` says where.
    """
    kept: bytes | None = getattr(value, OCTETS, None)
    if kept is not None:
        return kept
    item = item_of(value)
    # A property of the class: a field of that name is the document's own.
    if isinstance(getattr(type(value), "is_plain", None), property) and value.is_plain:  # type: ignore[attr-defined]  # checked in this line
        try:
            return cbor2.dumps(item)
        except UnicodeEncodeError:
            pass  # a lone surrogate: the other encoder says so
    try:
        octets = cbor.encode(
            item, max_depth=max_depth, allow_nan=allow_nan, allow_simple=allow_simple
        )
    except UsageError:
        _written(value, searcher_of(type(value)))
        raise
    if len(octets) > max_containers:  # if they are fewer, so are their arrays, maps and tags
        _check_containers(octets, max_depth, max_containers)
    return octets


def _check_containers(octets: bytes, max_depth: int, max_containers: int) -> None:
    try:
        cbor.decode(
            octets,
            max_octets=len(octets),
            max_depth=max_depth,
            max_containers=max_containers,
            allow_tags=cbor.ANY_TAG,
            allow_nan=True,
            allow_simple=True,
        )
    except cbor.TooLargeError as error:
        raise UsageError(f"nobody could decode it: {error.reason}", path=error.path) from error


def item_of(value: object) -> Any:
    """Return lists, maps and scalars for *value*, ready to be encoded.

    Raises:
        UsageError: It breaks its declaration.
    """
    return _written(value, writer_of(type(value)))


def _written(value: object, write: Function) -> Any:
    try:
        return write(value, 1)
    except Refusal as refusal:
        path, _ = _place(type(value), refusal)
        raise UsageError(f"{path}: {refusal.reason}", path=path, rule=refusal.error) from None
    except RecursionError:
        name = type(value).__name__
        raise UsageError(f"{name}: nested too deeply, or in itself", path=name) from None


def value_of(declaration: type[T], item: object) -> T:
    """Return the declared value of what `cbor.decode` returned, or of a part of it.

    Raises:
        MalformedError: It breaks the declaration; the offset is not known.
        UsageError: The declaration has no meaning.
    """
    read = reader_of(declaration)
    try:
        return cast(T, read(item, 1))
    except Refusal as refusal:
        raise refusal.error(refusal.reason, _place(declaration, refusal)[0]) from None


def _place(declaration: type[Any], refusal: Refusal) -> tuple[str, list[object]]:
    """Return the path to what is refused, and the steps by which `cbor.locate` gets there."""
    names = [name if name[0] in "[." else f".{name}" for name in reversed(refusal.path)]
    steps = [step for step in reversed(refusal.steps) if step is not None]
    return "".join([declaration.__name__, *names]), steps
