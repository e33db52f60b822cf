"""Deterministic CBOR: one value, one encoding (RFC 8949 section 4.2.1).

An item starts with its head, and the head with its initial octet::

    major type (3 bits) | additional information (5 bits)

    0 unsigned integer         0..23   the argument itself
    1 negative integer         24..27  the argument follows in 1, 2, 4 or 8 octets
    2 octets      3 text       28..30  reserved
    4 array       5 map        31      indefinite length, or the end of one
    6 tag         7 simple value or float

The argument is a number, a length, a count, or the number of a tag. The core rules choose the
shortest argument and the shortest float that keeps the value, forbid indefinite lengths, and
sort the keys of a map by the octets of their encodings: ``24`` (``1818``) stands before ``-1``
(``20``). That is not the order of RFC 7049, shorter keys first, which `cbor2` calls canonical.

`decode` walks over the heads before `cbor2` builds anything. The walk keeps tags from being
interpreted (`cbor2` compiles the regular expression in tag 35), keeps keys that Python holds
equal (``1``, ``1.0``, ``True``) from falling together, and bounds what will be built.
"""

import math
import reprlib
from collections.abc import Collection, Container, Iterable, Mapping
from functools import partial
from typing import Any, TypeAlias

import cbor2

from mimi.errors import MalformedError, UsageError

Key: TypeAlias = int | bytes | str
Value: TypeAlias = (
    "int | float | bytes | str | list[Value] | dict[Key, Value] | cbor2.CBORTag"
    " | cbor2.CBORSimpleValue | None"
)

ANY_TAG = range(1 << 64)
"""For *allow_tags*: whatever tag there is."""
BIGNUMS = (2, 3)
"""The tags of integers beyond 64 bits (RFC 8949 section 3.4.3)."""

MAX_OCTETS = 1 << 20
MAX_DEPTH = 64
# The dearest input is nested maps of one entry: 111 octets of memory for each octet. So many of
# them exceed 100 times the input by less than 1 MiB.
MAX_CONTAINERS = 1 << 14
_DEEPEST = 128  # cbor2 recurses: dumps() of a list 100,000 deep ends the process

# The width of an item, where its initial octet tells it; 0 where there is more to check.
_WIDTHS = (
    2 * (bytes([1] * 24) + bytes(8))  # 00..17 and 20..37: integers
    + 2 * (bytes(range(1, 25)) + bytes(8))  # 40..57 and 60..77: strings of up to 23 octets
    + bytes(0x74) + bytes([1, 1, 1]) + bytes(9)  # f4..f6: false, true, null
)  # fmt: skip
_LEAST = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}  # what needs so wide an argument

_TWICE = "the same key twice"
_LATE = "a key that belongs before the last one, octet by octet"

_ATOMS = frozenset({bytes, str, bool, type(None)})
_SCALARS = (int, float, bytes, str, type(None))
_NAN = b"\xf9\x7e\0"
_SIMPLE = (cbor2.CBORSimpleValue, type(cbor2.undefined))
_LOWEST, _HIGHEST = -(1 << 64), (1 << 64) - 1


class NotWellFormedError(MalformedError):
    """The octets are not exactly one item."""

    rule = "RFC 8949 appendix C"


class NotValidError(MalformedError):
    """An item means nothing: text that is not UTF-8, a map with one key twice."""

    rule = "RFC 8949 section 5.3.1"


class NotDeterministicError(MalformedError):
    """The value has another encoding, which is the one to use."""

    rule = "RFC 8949 section 4.2.1"


class NotPermittedError(MalformedError):
    """CBOR has such items, but here they are not expected."""

    rule = "RFC 8949 section 5"


class TooLargeError(MalformedError):
    """A limit on length, depth or number of items is exceeded."""

    rule = "RFC 8949 section 10"


def encode(
    value: object,
    *,
    allow_nan: bool = False,
    allow_simple: bool = False,
    max_depth: int = MAX_DEPTH,
) -> bytes:
    """Return the one encoding of *value*, by RFC 8949 section 4.2.1.

    Integers lie in the half-open range from -2^64 to 2^64. A key is encoded as the type that it
    has, so that ``{True: 0}`` and ``{1: 0}`` differ. A `cbor2.CBORTag` is written as it stands; a
    bignum, tag 2 or 3, needs more than eight octets and the first of them not 0.

    Args:
        value: None, booleans, numbers, bytes, text, lists, tuples, mappings and tags.
        allow_nan: Whether NaN may occur; it is written ``f97e00``.
        allow_simple: Whether `cbor2.undefined` and `cbor2.CBORSimpleValue` may occur.
        max_depth: How many arrays, maps and tags may contain one another; at most 128.

    Raises:
        UsageError: Something in *value* cannot be encoded; ``where["path"]`` is the Python
            expression that leads to it, as ``[6].value['a']``.
    """
    _check_depth(max_depth)
    if _is_plain((value,), max_depth):
        try:
            return cbor2.dumps(value)
        except UnicodeEncodeError:
            pass  # a lone surrogate: the slow way finds out where
    return _Encoder(allow_nan, allow_simple).encoding(value, max_depth)


def decode(
    octets: bytes,
    *,
    max_octets: int = MAX_OCTETS,
    max_depth: int = MAX_DEPTH,
    max_containers: int = MAX_CONTAINERS,
    allow_tags: Container[int] = (),
    allow_nan: bool = False,
    allow_simple: bool = False,
) -> Value:
    """Return the value of which *octets* are the encoding, by RFC 8949 section 4.2.1.

    `encode` of the result returns *octets*. Keys are integers, octet strings or text; permitted
    tags become `cbor2.CBORTag`, whatever their number stands for elsewhere; of a bignum, tag 2 or
    3, the octets are checked. With the default limits, memory stays below 100 times the input and
    1 MiB.

    Args:
        octets: One item, and nothing else.
        max_octets: How long the input may be.
        max_depth: How many arrays, maps and tags may contain one another; at most 128.
        max_containers: How many arrays, maps and tags there may be altogether.
        allow_tags: The tag numbers that may occur, as `ANY_TAG`.
        allow_nan: Whether NaN may occur, which is ``f97e00``.
        allow_simple: Whether undefined and simple values may occur.

    Raises:
        MalformedError: *octets* are nothing that `encode` writes, or exceed a limit. The path
            is the Python expression that leads to the item at fault, as ``[6].value['a']``.
        UsageError: *max_depth* is out of range.
    """
    _check_depth(max_depth)
    if len(octets) > max_octets:
        raise TooLargeError(f"{len(octets)} octets, {max_octets} permitted", offset=0)
    limits = (max_depth, max_containers, (allow_tags, allow_nan, allow_simple))
    try:
        # A decoder of our own for each tag that occurs comes before the one that cbor2 has.
        tags = _walk(octets, *limits, exact=False)
        keepers = {tag: partial(_kept, tag) for tag in tags} if tags else None
        value: Value = cbor2.loads(octets, max_depth=_DEEPEST, semantic_decoders=keepers)
    except (MalformedError, IndexError, cbor2.CBORDecodeError) as error:
        _walk(octets, *limits, exact=True)  # raises, and knows the place
        raise NotValidError(f"cbor2 refuses it: {error}", offset=0) from error
    return value


def locate(octets: bytes, steps: Iterable[object]) -> int:
    """Return where in *octets*, which `decode` accepts, an item begins.

    Args:
        octets: The encoding.
        steps: What leads to it: positions in arrays, keys of maps, `cbor2.CBORTag` into a tag.
    """
    pos = 0
    for step in steps:
        number, end = _argument(octets, pos)
        kind, pos = octets[pos] >> 5, end
        if kind == 4 and isinstance(step, int):
            for _ in range(min(step, number)):
                pos = _item_end(octets, pos)
        elif kind == 5:
            sought = encode(step)
            while octets[pos : pos + len(sought)] != sought:
                pos = _item_end(octets, _item_end(octets, pos))
            pos += len(sought)
    return pos


def _item_end(octets: bytes, pos: int) -> int:
    left = 1
    while left:
        head = octets[pos]
        if 0x80 <= head < 0xE0:
            number, pos = _argument(octets, pos)
            left += {4: number, 5: 2 * number, 6: 1}[head >> 5]
        else:
            pos = _leaf_end(octets, pos, (ANY_TAG, True, True), exact=False)
        left -= 1
    return pos


def _check_depth(max_depth: int) -> None:
    if not 0 <= max_depth <= _DEEPEST:
        raise UsageError(f"max_depth is {max_depth}, not in 0..{_DEEPEST}")


def _kept(tag: int, value: object, _immutable: bool) -> cbor2.CBORTag:  # noqa: FBT001 (cbor2 calls it)
    return cbor2.CBORTag(tag, value)


def _is_plain(items: Collection[Any], depth: int) -> bool:
    """Whether `cbor2.dumps` writes *items* deterministically as they stand.

    So it does where there are no floats, tags or subclasses, and where the keys of maps are
    unsigned integers and ASCII text in their order. Most messages are like this.
    """
    for item in items:
        kind = type(item)
        if kind in _ATOMS:
            continue
        if kind is int:
            if not _LOWEST <= item <= _HIGHEST:
                return False
        elif not depth:
            return False
        elif kind is list or kind is tuple:
            if not _is_plain(item, depth - 1):
                return False
        elif kind is not dict or not _is_plain_map(item, depth - 1):
            return False
    return True


def _is_plain_map(items: dict[Any, Any], depth: int) -> bool:
    last, text = -1, (-1, "")
    for key in items:
        if type(key) is int and last < key <= _HIGHEST and text[0] < 0:
            last = key
        elif type(key) is str and key.isascii() and text < (len(key), key):
            text = len(key), key
        else:
            return False
    return _is_plain(items.values(), depth)


class _Encoder:
    """Writes the encoding of any value, or says what cannot be encoded and where it is."""

    def __init__(self, allow_nan: bool, allow_simple: bool) -> None:  # noqa: FBT001 (ours alone)
        self.allow_nan = allow_nan
        self.scalars = (*_SCALARS, *_SIMPLE) if allow_simple else _SCALARS
        self.path: list[object] = []

    def encoding(self, value: object, depth: int) -> bytes:
        if isinstance(value, self.scalars):
            return self.scalar(value)
        if not isinstance(value, (list, tuple, Mapping, cbor2.CBORTag, cbor2.frozendict)):
            raise self.error(f"{type(value).__name__} has no encoding here")
        if not depth:
            raise self.error("nested too deeply, or in itself")
        if isinstance(value, cbor2.CBORTag):
            self.check_bignum(value)
            return _head(6, value.tag) + self.within(cbor2.CBORTag, value.value, depth)
        if isinstance(value, (list, tuple)):
            items = [self.within(*entry, depth) for entry in enumerate(value)]
            return _head(4, len(value)) + b"".join(items)
        entries: dict[bytes, bytes] = {}
        for key, item in value.items():
            if not isinstance(key, _SCALARS):
                raise self.error(f"a key of type {type(key).__name__}")
            encoded = self.scalar(key)
            if encoded in entries:
                raise self.error(f"the key {reprlib.repr(key)} twice")
            entries[encoded] = self.within(key, item, depth)
        return _head(5, len(entries)) + b"".join([key + entries[key] for key in sorted(entries)])

    def within(self, step: object, item: object, depth: int) -> bytes:
        self.path.append(step)
        encoding = self.encoding(item, depth - 1)
        self.path.pop()
        return encoding

    def scalar(self, value: object) -> bytes:
        if isinstance(value, int) and not _LOWEST <= value <= _HIGHEST:
            raise self.error("an integer beyond 64 bits")
        if isinstance(value, float) and math.isnan(value) and not self.allow_nan:
            raise self.error("NaN")
        try:
            return cbor2.dumps(value, canonical=True)  # which means of floats: the shortest form
        except UnicodeEncodeError as error:
            raise self.error("text with a lone surrogate") from error

    def check_bignum(self, tag: cbor2.CBORTag) -> None:
        if tag.tag not in BIGNUMS:
            return
        if not isinstance(tag.value, bytes) or len(tag.value) < 9 or not tag.value[0]:
            raise self.error("a bignum that is not octets, fits 64 bits or begins with 0")

    def error(self, reason: str) -> UsageError:
        place = _expression(self.path)
        return UsageError(f"value{place}: {reason}", path=place)


def _head(major: int, argument: int) -> bytes:
    head = bytearray(cbor2.dumps(argument))
    head[0] |= major << 5
    return bytes(head)


def _expression(path: Iterable[object]) -> str:
    return "".join(
        ".value" if step is cbor2.CBORTag else f"[{reprlib.repr(step)}]" for step in path
    )


_Permitted: TypeAlias = tuple[Container[int], bool, bool]
"""What may occur though most structures have none of it: tags, NaN, simple values."""

_Frame: TypeAlias = tuple[int, int, bytes | None]


def _walk(
    octets: bytes,
    max_depth: int,
    max_containers: int,
    permitted: _Permitted,
    *,
    exact: bool,
) -> list[int]:
    """Check everything but UTF-8, in one pass and without recursion; return the tags.

    An exact walk takes no short cuts: it checks UTF-8 too, and its error names the place. The
    other one notices only afterwards that it went beyond the end, by an IndexError perhaps.
    """
    widths, long_strings = (bytes(256), b"") if exact else (_WIDTHS, b"\x58\x78")
    # Of what is being read: items (of a map: entries) to come, and altogether.
    pos, containers, left, count = 0, 0, 1, 1
    outer: list[_Frame] = []
    key: bytes | None = None  # of a map: the key just read, empty while the next one is read
    tags: list[int] = []
    try:
        while True:
            if key is not None:
                before, key = key, b""
                width = widths[octets[pos]] if octets[pos] < 0x80 else 0
                end = pos + width if width else _key_end(octets, pos, permitted, exact=exact)
                if (after := octets[pos:end]) <= before:
                    raise NotValidError(_TWICE) if after == before else NotDeterministicError(_LATE)
                key, pos = after, end
            head = octets[pos]
            if width := widths[head]:
                pos += width
                left -= 1
            elif head in long_strings and octets[pos + 1] > 23:
                pos += 2 + octets[pos + 1]
                left -= 1
            elif head < 0x80 or head >= 0xE0:
                pos = _leaf_end(octets, pos, permitted, exact=exact)
                left -= 1
            else:
                number, end = (head & 31, pos + 1) if head & 31 < 24 else _argument(octets, pos)
                containers += 1
                if containers > max_containers or len(outer) == max_depth:
                    raise TooLargeError("too many arrays, maps and tags, or too deeply nested")
                if head >= 0xC0:
                    _check_tag(number, octets, end, permitted, tags)
                outer.append((left, count, key))
                left, count = (1, 0) if head >= 0xC0 else (number, number)
                key, pos = b"" if 0xA0 <= head < 0xC0 else None, end
            while not left:
                if not outer and pos == len(octets):
                    return tags
                if not outer:
                    raise NotWellFormedError(f"{len(octets) - pos} octets after the item")
                left, count, key = outer.pop()
                left -= 1
    except (MalformedError, IndexError) as error:
        if not exact:
            raise
        raise _placed(error, pos, [*outer, (left, count, key)]) from None


def _placed(error: Exception, pos: int, frames: list[_Frame]) -> MalformedError:
    """Return *error* with its place: the item at *pos*, inside of *frames*."""
    path: list[object] = []
    for left, count, key in frames[1:]:
        if key:
            path.append(cbor2.loads(key))
        elif key is None:
            path.append(count - left if left <= count else cbor2.CBORTag)
    if isinstance(error, MalformedError):
        return type(error)(error.reason, _expression(path), pos)
    return NotWellFormedError("the input ends too early", _expression(path), pos)


def _check_tag(tag: int, octets: bytes, pos: int, permitted: _Permitted, seen: list[int]) -> None:
    """Check a tag, which is followed by the item at *pos*, and add it to those seen."""
    if tag not in permitted[0]:
        raise NotPermittedError(f"tag {tag}")
    if tag in BIGNUMS:
        if octets[pos] >> 5 != 2:
            raise NotValidError("a bignum whose content is not octets")
        number, start = _argument(octets, pos)
        if number < 9 or not octets[start]:
            raise NotDeterministicError("a bignum that fits 64 bits or begins with 0")
    seen.append(tag)


def _key_end(octets: bytes, pos: int, permitted: _Permitted, *, exact: bool) -> int:
    if octets[pos] >= 0x80:
        raise NotPermittedError("a key that is neither integer nor octets nor text")
    return _leaf_end(octets, pos, permitted, exact=exact)


def _leaf_end(octets: bytes, pos: int, permitted: _Permitted, *, exact: bool) -> int:
    """Return where the number, string, simple value or float at *pos* ends."""
    head = octets[pos]
    if head >= 0xE0:
        return _special_end(octets, pos, permitted)
    number, end = _argument(octets, pos)
    if head < 0x40:
        return end
    if exact and head >= 0x60:
        try:
            octets[end : end + number].decode()
        except UnicodeDecodeError as error:
            raise NotValidError(f"text that is not UTF-8: {error.reason}") from error
    return end + number


def _special_end(octets: bytes, pos: int, permitted: _Permitted) -> int:
    """Return where the simple value or float at *pos* ends."""
    head = octets[pos]
    if 0xF4 <= head <= 0xF6:
        return pos + 1
    if head == 0xFF:
        raise NotWellFormedError("a break without an indefinite length")
    if head >= 0xFC or (head == 0xF8 and octets[pos + 1] < 32):
        raise NotWellFormedError(f"a reserved form: {octets[pos : pos + 2].hex()}")
    if head <= 0xF8:
        number = octets[pos + 1] if head == 0xF8 else head & 31
        if permitted[2]:
            return pos + 1 + (head == 0xF8)
        raise NotPermittedError("undefined" if number == 23 else f"simple value {number}")
    end = pos + 1 + (1 << (head & 31) - 24)
    if end > len(octets):
        raise NotWellFormedError("the input ends within a float")
    item = octets[pos:end]
    number = cbor2.loads(item)
    if math.isnan(number) and (item != _NAN or not permitted[1]):
        raise NotPermittedError(f"NaN: {item.hex()}")
    if cbor2.dumps(number, canonical=True) != item:
        raise NotDeterministicError("a float that is not in its shortest form")
    return end


def _argument(octets: bytes, pos: int) -> tuple[int, int]:
    """Return the argument of the head at *pos* and where the head ends."""
    head = octets[pos]
    size = head & 31
    if size < 24:
        number, end = size, pos + 1
    elif size < 28:
        end = pos + 1 + (1 << size - 24)
        number = int.from_bytes(octets[pos + 1 : end])
        if end > len(octets):
            raise NotWellFormedError("the input ends within the argument")
        if number < _LEAST[size]:
            raise NotDeterministicError(f"{number} is not in its shortest form")
    elif size == 31 and 0x40 <= head < 0xC0:
        raise NotDeterministicError("an indefinite length")
    else:
        raise NotWellFormedError(f"a reserved form: {head:02x}")
    if 0x40 <= head < 0xC0 and number > len(octets) - end:
        raise NotWellFormedError(f"{number} announced, {len(octets) - end} octets left")
    return number, end
