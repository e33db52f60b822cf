"""How the cases of a set of vectors are changed, so that the verifier has something to notice."""

from collections.abc import Callable
from typing import Any

import attrs
from vectors.corruption import changed, is_hex, is_leaf, parts_of, path_of, pattern_of, spread
from vectors.sets import Case, VectorSet

from mimi.vectors import Kind, checked_fields

WRONG = ({"x": 1}, ["zz"], True, -1, 1.5, "zz", " 00", "\ud800")
"""Values that few fields may have."""

Reasons = dict[tuple[str, str], str]
"""Why a change may go unnoticed, by the kind, or ``*``, and the pattern of the field."""


def others(value: Any) -> list[Any]:
    """Other values of the same type, and another type for null."""
    if isinstance(value, bool):
        return [not value]
    if value is None:
        return [0, "00"]
    if isinstance(value, int):
        return [value + 1, abs(value - 1)]
    return [changed(value)]


def with_each_octet_changed(value: Any) -> list[str]:
    """Octets with one bit changed, in each of them in turn."""
    octets = bytes.fromhex(value) if is_hex(value) else b""
    return [
        (octets[:at] + bytes((octets[at] ^ 1,)) + octets[at + 1 :]).hex()
        for at in range(len(octets))
    ]


def all_checked(kind: Kind, case: Case) -> list[str]:
    """The fields that are checked in a good case."""
    return [field for field, _ in checked_fields(kind, case)]


def never(*_: Any) -> bool:
    return False


@attrs.frozen
class Changes:
    """How the cases of one set are changed, and what of it may go unnoticed.

    Attributes:
        of: The set.
        unnoticed: Given fields of which another value may be as good, and why.
        limit: How many fields of a pattern are changed in each case.
        limit_of_types: How many of them are given values of other types.
        is_chosen: Whether a case is changed, by its number and itself.
        is_free: Whether it may go unnoticed that something is changed in a case of a file.
        named: The fields whose change is named.
        texts: Fields that may be any text, by kind and pattern, though some look like octets.
        others_somewhere: The other values of which one at least is noticed, in some case.
    """

    of: VectorSet
    unnoticed: Reasons
    limit: int
    limit_of_types: int
    texts: frozenset[tuple[str, str]] = frozenset()
    is_chosen: Callable[[int, Case], bool] = lambda number, case: True
    is_free: Callable[[str, Case], bool] = never
    named: Callable[[Kind, Case], list[str]] = all_checked
    others_somewhere: Callable[[Any], list[Any]] = others

    def some_of(self, file: str) -> list[tuple[int, Case]]:
        """The cases of a file that are changed, each with its number in the file."""
        cases = enumerate(self.of.cases_of(file))
        return [(number, case) for number, case in cases if self.is_chosen(number, case)]

    def leaves_of(self, case: Case, number: int) -> list[str]:
        """Some fields of a case that hold neither lists nor objects."""
        paths = [path_of(steps) for steps, value in parts_of(case) if is_leaf(value)]
        return spread(paths, number, self.limit)

    def is_unnoticed(self, kind: Kind, pattern: str) -> bool:
        return (kind.name, pattern) in self.unnoticed or ("*", pattern) in self.unnoticed

    def may_be(self, kind: Kind, field: str, value: Any, other: Any) -> bool:
        """Whether another value is of the type that a field has, and may well be its value."""
        if other == "\ud800":
            return False
        if isinstance(other, str) and (kind.name, pattern_of(field)) in self.texts:
            return True
        return type(value) is type(other) and not is_hex(value)
