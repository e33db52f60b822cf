"""Deterministic CBOR: one value, one encoding (RFC 8949 section 4.2.1).

An item starts with its head, and the head with its initial octet::

    major type (3 bits) | additional information (5 bits)
                          0..23   the argument itself
                          24..27  the argument follows in 1, 2, 4 or 8 octets
                          28..30  reserved
                          31      indefinite length, or the end of one

    0 unsigned   1 negative   2 octets   3 text   4 array   5 map   6 tag   7 simple or float

The argument is the number, the length, the count, or the tag's number. The core rules choose
the shortest argument and the shortest float that keeps the value, forbid indefinite lengths,
and sort the keys of a map by the octets of their encodings: ``24`` (``1818``) stands before
``-1`` (``20``). The order of RFC 7049, shorter keys first, is another one.

`decode` walks over the heads before `cbor2` builds anything. The walk needs no recursion and
no memory but its stack. It is what keeps tags from being interpreted (`cbor2` compiles the
regular expression in tag 35), and keys that Python holds equal (``1``, ``1.0``, ``True``) from
falling together.
"""

import reprlib
from collections.abc import Callable, Collection, Mapping
from typing import NoReturn, TypeAlias

import cbor2
from cbor2 import CBORTag

from mimi.errors import MalformedError, UsageError

Value: TypeAlias = (
    "int | bytes | str | bool | float | list[Value] | tuple[Value, ...] | "
    "Mapping[Key, Value] | CBORTag | None"
)
Key: TypeAlias = int | bytes | str | bool | float | None

MAX_OCTETS = 1 << 20
MAX_DEPTH = 64
MAX_CONTAINERS = 1 << 15  # a one-entry map costs 2 octets here and 230 in memory
_DEEPEST = 256  # cbor2 recurses in C: dumps() of a list 100,000 deep ends the process


class NotWellFormedError(MalformedError):
    """The octets are not exactly one item."""

    rule = "RFC 8949 section 3"


class NotValidError(MalformedError):
    """An item means nothing: text that is not UTF-8, a map with the same key twice."""

    rule = "RFC 8949 section 5.3.1"


class NotDeterministicError(MalformedError):
    """The value has another encoding, the only one that is accepted."""

    rule = "RFC 8949 section 4.2.1"


class NotPermittedError(MalformedError):
    """CBOR has such an item, but the caller has not asked for it."""

    rule = "RFC 8949 section 5.3.2"


class TooLargeError(MalformedError):
    """The item exceeds a limit that bounds memory and time."""


def encode(value: Value, *, allow_nan: bool = False, max_depth: int = MAX_DEPTH) -> bytes:
    """Return the one encoding of *value* (RFC 8949 section 4.2.1).

    An integer lies within 64 bits and a sign. A map's key is a scalar, and is encoded as the type
    that it has: ``{True: 0}`` and ``{1: 0}`` differ. A tag stays what it is: it is neither
    looked up nor checked.

    Args:
        value: What to encode: the types of `Value`, and their subclasses by their value.
        allow_nan: Whether NaN may be encoded, as ``f97e00``.
        max_depth: How many arrays, maps and tags may contain one another, 256 at most.

    Raises:
        UsageError: *value* contains what has no encoding here; ``where["path"]`` is the
            subscript expression that leads to it.
    """
    _check_depth(max_depth)
    if _is_plain((value,), max_depth + 1):
        try:
            return cbor2.dumps(value)
        except UnicodeEncodeError:
            pass  # a lone surrogate: what follows finds out where
    return _encoding(value, "", max_depth, allow_nan=allow_nan)


def decode(
    octets: bytes,
    *,
    max_octets: int = MAX_OCTETS,
    max_depth: int = MAX_DEPTH,
    max_containers: int = MAX_CONTAINERS,
    allow_tags: Collection[int] = (),
    allow_nan: bool = False,
) -> Value:
    """Return the value of which *octets* are the encoding: `encode` returns them again.

    Keys of maps are integers, text or octet strings. Arrays become lists, and permitted tags
    `CBORTag`, whatever their number means elsewhere.

    With the limits as they are, the memory in use never exceeds 100 times the input and 1 MiB.

    Args:
        octets: One item, and nothing after it.
        max_octets: How long the input may be.
        max_depth: How many arrays, maps and tags may contain one another, 256 at most.
        max_containers: How many arrays, maps and tags there may be altogether.
        allow_tags: The tag numbers that may occur.
        allow_nan: Whether NaN may occur, as ``f97e00``.

    Raises:
        MalformedError: *octets* are no deterministic encoding, or not of a permitted value. The
            error's path is the subscript expression that leads to the item, as ``[6][0]``.
    """
    _check_depth(max_depth)
    if len(octets) > max_octets:
        raise TooLargeError(f"{len(octets)} octets, {max_octets} permitted", offset=0)
    walk = _Walk(octets, max_depth, max_containers, allow_tags, allow_nan=allow_nan)
    try:
        walk.run(_WIDTHS)
        return _built(octets, allow_tags)
    except (MalformedError, IndexError, cbor2.CBORDecodeError) as error:
        _explain(walk, error)
