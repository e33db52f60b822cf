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
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, TypeVar

import attrs

from mimi.codec import cbor
from mimi.crypto import Secret
from mimi.errors import MimiError
from mimi.mls.errors import DamagedSnapshotError, NewerSnapshotError

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
        octets = cbor.encode(payload)
        sealed = [FORMAT, kind, VERSION, octets, _digest(name, kind, VERSION, octets)]
        self.written[name] = cbor.encode(sealed)

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


def _digest(name: str, kind: str, version: int, payload: bytes) -> bytes:
    covered = cbor.encode([name, FORMAT, kind, version, payload])
    return hashlib.sha256(covered).digest()[:DIGEST_SIZE]


@contextmanager
def damage(row: str = "") -> Iterator[None]:
    """Report whatever a row breaks on the way as damage of that row.

    Raises:
        DamagedSnapshotError: Something was refused.
    """
    try:
        yield
    except (DamagedSnapshotError, NewerSnapshotError):
        raise
    except MimiError as error:
        raise DamagedSnapshotError(error.reason, row) from error


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
        raise DamagedSnapshotError(f"a row of the kind {opened.kind!r}, not {kind!r}", name)
    with damage(name):
        return Fields(name, cbor.decode(opened.payload, max_octets=len(opened.payload)))
