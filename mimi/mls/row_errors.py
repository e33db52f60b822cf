"""What can be wrong with rows, and with what they say."""

from mimi.errors import MimiError, UsageError
from mimi.mls.errors import DamagedSnapshotError, NewerSnapshotError


class RowNeededError(UsageError):
    """Rows that are not there yet are needed: fetch them, and do the same again.

    Attributes:
        names: Those that are known to be needed. For one that is not stored there are no octets:
            that is damage, but where a provider looks for what may be there (`open_provider`).
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        listed = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        super().__init__(f"rows are needed: {listed}", names=names)
        self.names = names


class _Damage:
    """What `damage` returns; a class, since rows are opened often."""

    __slots__ = ("row",)

    def __init__(self, row: str) -> None:
        self.row = row

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, MimiError) and not isinstance(error, _NAMED):
            raise DamagedSnapshotError(error.reason, self.row) from error


_NAMED = (DamagedSnapshotError, NewerSnapshotError, RowNeededError)


def damage(row: str = "") -> _Damage:
    """Report whatever a row breaks on the way as damage of that row.

    Raises:
        DamagedSnapshotError: Something was refused.
    """
    return _Damage(row)
