"""Rows that are read as far as they are asked for.

A caller whose storage answers at once passes a mapping that looks rows up. One that must not wait
passes a mapping of the rows that it has, and is told which others are needed.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.rows import Fields, RowNeededError, fields_of, octets_of


class OpenRows:
    """Stored rows that are looked up by their names.

    Args:
        rows: The rows.
        partial: Whether a row that is not among them may be stored elsewhere.
        above: What their names begin with where they are stored.

    Raises:
        DamagedSnapshotError: They are no mapping.
    """

    __slots__ = ("above", "partial", "rows")

    def __init__(self, rows: Mapping[str, bytes], *, partial: bool, above: str = "") -> None:
        if not isinstance(rows, Mapping):
            raise DamagedSnapshotError(f"rows are a mapping, not a {type(rows).__name__}")
        self.rows: Final = rows
        self.partial: Final = partial
        self.above: Final = above

    def expect(self, names: Iterable[str]) -> None:
        """Say which rows will be needed, so that they can be fetched together.

        Raises:
            RowNeededError: Some are not there yet.
        """
        if self.partial:
            wanted = (self.above + name for name in dict.fromkeys(names))
            missing = tuple(name for name in wanted if name not in self.rows)
            if missing:
                raise RowNeededError(missing)

    def take(self, name: str, kind: str) -> Fields:
        """Return what a row says.

        Raises:
            RowNeededError: It is not there yet.
            DamagedSnapshotError: It is missing, damaged, or of another kind.
            NewerSnapshotError: It has a newer version.
        """
        return fields_of(name, kind, self._row(name))

    def octets(self, name: str, kind: str, *fields: str) -> list[bytes]:
        """Return what a row says whose fields are all octet strings; errors are those of `take`.

        Args:
            name: The row's name.
            kind: Its kind.
            fields: The names of its fields, in the order of its encoding.
        """
        return octets_of(name, kind, self._row(name), *fields)

    def _row(self, name: str) -> bytes:
        try:
            return self.rows[self.above + name]
        except KeyError:
            if self.partial:
                raise RowNeededError((self.above + name,)) from None
            raise DamagedSnapshotError("the row is missing", name) from None
