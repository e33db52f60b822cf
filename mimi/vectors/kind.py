"""A kind of vector file: how its cases are told, and verified."""

from collections.abc import Callable

import attrs

from mimi.vectors.case import Case, DifferenceError


@attrs.frozen
class Kind:
    """A kind of vector file.

    Attributes:
        name: What it is called.
        fields: The fields that every case has, and no other kind has all of.
        check: Verifies one case.
        files: What the published files of the kind are called, without ``.json``.
        missing: Says what has to be installed to verify such cases; empty for nothing.
    """

    name: str
    fields: frozenset[str]
    check: Callable[[Case], None]
    files: tuple[str, ...]
    missing: Callable[[], str] = str

    def verify(self, case: Case) -> None:
        """Verify one case.

        Raises:
            DifferenceError: A field differs.
        """
        missing = [field for field in sorted(self.fields) if field not in case.data]
        if missing:
            raise DifferenceError(missing[0], "a value", "nothing")
        with case.at(""):
            self.check(case)


def kind_with(
    name: str,
    fields: str,
    check: Callable[[Case], None],
    files: tuple[str, ...] = (),
    missing: Callable[[], str] = str,
) -> Kind:
    """Return a kind, of which the names of the fields are the words of a text."""
    return Kind(name, frozenset(fields.split()), check, files or (name,), missing)
