"""Rows: the named, self-describing octets in which groups and clients are stored.

::

    row = CBOR [ "mimi", kind, version, payload, digest ]

    payload    the CBOR encoding of a map, as an octet string
    digest     the first 16 octets of SHA-256 over CBOR [ name, "mimi", kind, version, payload ]

The digest finds rows that were cut, altered, or stored under another row's name. It has no key:
somebody who can write to the storage can compute it. The frame stays as it is in every version,
so that a newer version can be told from damage.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeVar

import attrs

from mimi.codec import cbor
from mimi.crypto import Secret
from mimi.mls.errors import DamagedSnapshotError, NewerSnapshotError
from mimi.mls.row_errors import RowNeededError as RowNeededError
from mimi.mls.row_errors import damage as damage

T = TypeVar("T")

FORMAT = "mimi"
VERSION = 1
DIGEST_SIZE = 16
STRANGE = "nobody stores such a row"
NUMBER = re.compile("0|[1-9][0-9]{0,19}")


def _read_only(rows: Mapping[str, bytes]) -> Mapping[str, bytes]:
    return MappingProxyType(dict(rows))


@attrs.frozen(repr=False)
class Changes:
    """What to do with stored rows, all of it in one transaction.

    Attributes:
        written: From names to the rows that are new or changed.
        erased: The names of the rows that are gone.
    """

    written: Mapping[str, bytes] = attrs.field(converter=_read_only)
    erased: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Changes(written {list(self.written)}, erased {list(self.erased)})"


class RowEdit:
    """Changes in the making."""

    __slots__ = ("erased", "written")

    def __init__(self) -> None:
        self.written: dict[str, bytes] = {}
        self.erased: list[str] = []

    def write(self, name: str, kind: str, payload: Mapping[str, object]) -> None:
        """Write a row."""
        plain = all(type(value) is bytes for value in payload.values())
        octets = _encoded(payload) if plain else cbor.encode(payload)
        frame = b"".join((_frame_head(kind), head_of(BYTES, len(octets)), octets))
        self.written[name] = b"".join((frame, _DIGEST_HEAD, _digest_of(name, frame[1:])))

    def erase(self, name: str) -> None:
        """Erase a row."""
        self.erased.append(name)

    def write_table(
        self,
        kind: str,
        now: Mapping[str, T],
        before: Mapping[str, T],
        payload: Callable[[T], Mapping[str, object]],
    ) -> None:
        """Write and erase what differs between two tables of one row for each entry.

        Args:
            kind: The kind of the rows, and what their names begin with.
            now: The entries, by the rest of their names.
            before: Those that are stored. Tuples are compared part by part, all else by identity.
            payload: From an entry to what its row says.
        """
        for key, entry in now.items():
            if key not in before or not is_same(before[key], entry):
                self.write(f"{kind}/{key}", kind, payload(entry))
        for key in before:
            if key not in now:
                self.erase(f"{kind}/{key}")

    def changes(self) -> Changes:
        """Return the changes that were made."""
        return Changes(self.written, tuple(self.erased))


def is_same(one: object, another: object) -> bool:
    """Return whether two entries are the same object, numbers the same number."""
    if isinstance(one, tuple) and isinstance(another, tuple) and len(one) == len(another):
        return all(map(is_same, one, another))
    return one == another if isinstance(one, int) else one is another


# Frames, written and read without a list in between: most rows are small, and many are read.

BYTES, TEXT = 2, 3
_ARRAY_OF_5 = b"\x85"
_DIGEST_HEAD = b"\x50"
_TAIL = len(_DIGEST_HEAD) + DIGEST_SIZE


def head_of(major: int, length: int) -> bytes:
    """Return the head of a CBOR string of a length (RFC 8949 section 3)."""
    if length < 24:
        return bytes((major << 5 | length,))
    size = max(0, (length.bit_length() - 1).bit_length() - 3)  # the exponent of its octets
    return bytes((major << 5 | 24 + size,)) + length.to_bytes(1 << size, "big")


@lru_cache(maxsize=64)
def _frame_head(kind: str) -> bytes:
    """Return the octets of a frame before its payload."""
    return _ARRAY_OF_5 + b"".join(map(cbor.encode, (FORMAT, kind, VERSION)))


def _digest_of(name: str, covered: bytes) -> bytes:
    octets = name.encode()
    size = len(octets)
    head = _NAME_HEADS[size] if size < len(_NAME_HEADS) else _ARRAY_OF_5 + head_of(TEXT, size)
    return hashlib.sha256(head + octets + covered).digest()[:DIGEST_SIZE]


_NAME_HEADS = tuple(_ARRAY_OF_5 + head_of(TEXT, size) for size in range(128))


def _string(octets: bytes, at: int) -> tuple[int, int]:
    """Return where the contents of an octet string begin and end; past the end for none.

    What is not as short as it can be is none either.
    """
    try:
        first = octets[at]
        if first == 0x59:
            length = octets[at + 1] << 8 | octets[at + 2]
            return (at + 3, at + 3 + length) if length > 0xFF else _NO_STRING
        if first == 0x58:
            length = octets[at + 1]
            return (at + 2, at + 2 + length) if length > 23 else _NO_STRING
    except IndexError:
        return _NO_STRING
    if 0x40 <= first < 0x58:
        return at + 1, at + 1 + first - 0x40
    length = int.from_bytes(octets[at + 1 : at + 5], "big")
    return (at + 5, at + 5 + length) if first == 0x5A and length > 0xFFFF else _NO_STRING


_NO_STRING = (1 << 40, 1 << 40)


def payload_of(name: str, kind: str, row: object) -> bytes:
    """Return the payload of a row.

    Raises:
        DamagedSnapshotError: The row is damaged, or of another kind.
        NewerSnapshotError: It has a newer version.
    """
    head = _frame_head(kind)
    if type(row) is bytes and row.startswith(head):
        start, end = _string(row, len(head))
        if end + _TAIL == len(row) and row[end:] == _DIGEST_HEAD + _digest_of(name, row[1:end]):
            return row[start:end]
    with damage(name):
        opened = _open(name, row)
    if opened.kind != kind:
        raise _another_kind(name, opened.kind, kind)
    return opened.payload


def octets_of(name: str, kind: str, row: object, *fields: str) -> list[bytes]:
    """Return what a row says whose fields are all octet strings, in the order of its encoding.

    Raises:
        DamagedSnapshotError: It says anything else; or see `payload_of`.
        NewerSnapshotError: It has a newer version.
    """
    head, heads = _layout(kind, fields)
    if type(row) is bytes and row.startswith(head):
        at, end = _string(row, len(head))
        if end + _TAIL == len(row) and row[end:] == _DIGEST_HEAD + _digest_of(name, row[1:end]):
            found = []
            for field in heads:
                if not row.startswith(field, at):
                    break
                start, at = _string(row, at + len(field))
                found.append(row[start:at])
            if at == end and len(found) == len(fields):
                return found
    said = fields_of(name, kind, row)
    found = [said.octets(field) for field in fields]
    said.done()
    return found


@lru_cache(maxsize=64)
def _layout(kind: str, fields: tuple[str, ...]) -> tuple[bytes, list[bytes]]:
    """Return what the octets of a row have in common whose fields are all octet strings.

    Returns:
        Those before the payload, and those before the contents of each field.
    """
    first, *names = _field_heads(fields)
    names[0] = first + names[0]
    return _frame_head(kind), names


@lru_cache(maxsize=64)
def _field_heads(fields: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return the head of a map with these fields, and their encoded names."""
    return (cbor.encode(dict.fromkeys(fields))[:1], *map(cbor.encode, fields))


@lru_cache(maxsize=64)
def _order_of(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of fields in the order in which they are encoded."""
    return tuple(sorted(fields, key=cbor.encode))


def _encoded(payload: Mapping[str, Any]) -> bytes:
    """Return the encoding of a map whose values are all octet strings."""
    fields = _order_of(tuple(payload))
    first, *names = _field_heads(fields)
    pieces = [first]
    for field, name in zip(fields, names, strict=True):
        pieces += (name, head_of(BYTES, len(payload[field])), payload[field])
    return b"".join(pieces)


def fields_of(name: str, kind: str, row: object) -> "Fields":
    """Return what a row says; errors are those of `payload_of`."""
    payload = payload_of(name, kind, row)
    with damage(name):
        return Fields(name, cbor.decode(payload, max_octets=len(payload)))


def _another_kind(name: str, found: str, kind: str) -> DamagedSnapshotError:
    return DamagedSnapshotError(f"a row of the kind {found!r}, not {kind!r}", name)


def _digest(name: str, kind: str, version: int, payload: bytes) -> bytes:
    covered = cbor.encode([name, FORMAT, kind, version, payload])
    return hashlib.sha256(covered).digest()[:DIGEST_SIZE]


def compare(stored: Mapping[str, bytes], written: Mapping[str, bytes]) -> None:
    """Check that rows are those of what they were loaded as.

    Raises:
        DamagedSnapshotError: One is another, is missing, or is too many.
    """
    for name, row in stored.items():
        if name not in written:
            raise DamagedSnapshotError(STRANGE, name)
        if row != written[name]:
            raise DamagedSnapshotError("the row does not say what follows from the others", name)
    for name in written:
        if name not in stored:
            raise DamagedSnapshotError("the row is missing", name)


class Fields:
    """What one row says, each field to be taken once and as the type that it must have.

    Every method raises `DamagedSnapshotError` where the field is missing or is another thing.
    """

    __slots__ = ("_fields", "row")

    def __init__(self, row: str, value: object) -> None:
        if not isinstance(value, dict):
            raise DamagedSnapshotError("no map", row)
        self.row = row
        self._fields: dict[Any, Any] = dict(value)

    def _wrong(self, name: object) -> DamagedSnapshotError:
        return DamagedSnapshotError(f"the field {name!r} is missing or wrong", self.row)

    def _take(self, name: str, kind: type[T]) -> T:
        value = self._fields.pop(name, self)
        if type(value) is not kind:
            raise self._wrong(name)
        return value

    def octets(self, name: str, size: int | None = None) -> bytes:
        """Take an octet string, of a given length."""
        octets = self._take(name, bytes)
        if size is not None and len(octets) != size:
            raise self._wrong(name)
        return octets

    def octets_or_none(self, name: str) -> bytes | None:
        """Take an octet string that may be null."""
        if name in self._fields and self._fields[name] is None:
            del self._fields[name]
            return None
        return self.octets(name)

    def secret(self, name: str, size: int | None = None) -> Secret:
        """Take a secret, of a given length."""
        return Secret(self.octets(name, size))

    def number(self, name: str) -> int:
        """Take a number that is not negative."""
        number = self._take(name, int)
        if number < 0:
            raise self._wrong(name)
        return number

    def flag(self, name: str) -> bool:
        """Take a truth value."""
        return self._take(name, bool)

    def octet_strings(self, name: str) -> tuple[bytes, ...]:
        """Take a list of octet strings."""
        listed: list[Any] = self._take(name, list)
        if any(type(item) is not bytes for item in listed):
            raise self._wrong(name)
        return tuple(listed)

    def within(self, name: str) -> "Fields":
        """Take a map with fields of its own."""
        return Fields(self.row, self._take(name, dict))

    def _numbered(self, name: str, *kinds: type) -> dict[int, Any]:
        table: dict[Any, Any] = self._take(name, dict)
        for key, value in table.items():
            if type(key) is not int or key < 0 or type(value) not in kinds:
                raise self._wrong(name)
        return table

    def table(self, name: str, size: int | None = None) -> dict[int, bytes]:
        """Take a map from numbers to octet strings, of a given length."""
        table = self._numbered(name, bytes)
        if size is not None and any(len(octets) != size for octets in table.values()):
            raise self._wrong(name)
        return table

    def table_with_none(self, name: str) -> dict[int, bytes | None]:
        """Take a map from numbers to octet strings that may be null."""
        return self._numbered(name, bytes, type(None))

    def tables(self, name: str) -> "dict[int, Fields]":
        """Take a map from numbers to maps with fields of their own."""
        table = self._numbered(name, dict)
        return {key: Fields(self.row, value) for key, value in table.items()}

    def done(self) -> None:
        """Check that there are no other fields."""
        if self._fields:
            raise self._wrong(next(iter(self._fields)))


@attrs.frozen
class _Opened:
    kind: str
    payload: bytes


class Rows:
    """Stored rows whose frames are checked, each to be taken once.

    Raises:
        DamagedSnapshotError: A row is damaged, or they are no rows at all.
        NewerSnapshotError: A row has a newer version.
    """

    __slots__ = ("_above",)

    def __init__(self, rows: object) -> None:
        if not isinstance(rows, Mapping):
            raise DamagedSnapshotError(f"rows are a mapping, not a {type(rows).__name__}")
        self._above: dict[str, dict[str, _Opened]] = {}
        for name, row in rows.items():
            if type(name) is not str:
                raise DamagedSnapshotError(f"the name of a row is a {type(name).__name__}")
            with damage(name):
                opened = _open(name, row)
            above, _, last = name.rpartition("/")
            self._above.setdefault(above, {})[last] = opened

    def take(self, name: str, kind: str) -> Fields:
        """Take the row of a name.

        Raises:
            DamagedSnapshotError: It is missing, or of another kind.
        """
        above, _, last = name.rpartition("/")
        opened = self._above.get(above, {}).pop(last, None)
        if opened is None:
            raise DamagedSnapshotError("the row is missing", name)
        return _fields(name, kind, opened)

    def take_below(self, above: str, kind: str) -> Iterator[tuple[str, Fields]]:
        """Take the rows of all names below one, each with the last part of its name.

        Raises:
            DamagedSnapshotError: One is of another kind.
        """
        for last, opened in self._above.pop(above, {}).items():
            yield last, _fields(f"{above}/{last}", kind, opened)

    def take_numbered(self, above: str, kind: str) -> Iterator[tuple[int, Fields]]:
        """Take the rows below a name, which are numbered.

        Raises:
            DamagedSnapshotError: One is of another kind, or not numbered.
        """
        for last, fields in self.take_below(above, kind):
            if NUMBER.fullmatch(last) is None:
                raise DamagedSnapshotError(STRANGE, fields.row)
            yield int(last), fields

    def done(self) -> None:
        """Check that all rows were taken.

        Raises:
            DamagedSnapshotError: One is left.
        """
        for above, rows in self._above.items():
            for last in rows:
                name = f"{above}/{last}" if above else last
                raise DamagedSnapshotError(STRANGE, name)


def _open(name: str, row: object) -> _Opened:
    """Return what is in the frame of a row."""
    if type(row) is not bytes:
        raise DamagedSnapshotError(f"a row is octets, not a {type(row).__name__}", name)
    items = cbor.decode(row, max_octets=len(row))
    if not isinstance(items, list) or [type(item) for item in items] != [
        str,
        str,
        int,
        bytes,
        bytes,
    ]:
        raise DamagedSnapshotError("no row", name)
    frame: list[Any] = items
    format_name, kind, version, payload, digest = frame
    if format_name != FORMAT or digest != _digest(name, kind, version, payload):
        raise DamagedSnapshotError("the digest is not that of the row", name)
    if version > VERSION:
        raise NewerSnapshotError(
            f"the row {name} has version {version}, newer than {VERSION}", row=name, version=version
        )
    if version < VERSION:
        raise DamagedSnapshotError(f"there is no version {version}", name)
    return _Opened(kind, payload)


def _fields(name: str, kind: str, opened: _Opened) -> Fields:
    if opened.kind != kind:
        raise _another_kind(name, opened.kind, kind)
    with damage(name):
        return Fields(name, cbor.decode(opened.payload, max_octets=len(opened.payload)))
