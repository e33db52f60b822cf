"""Verifying vector files: from octets to a report."""

import json
from collections.abc import Callable
from typing import Any

import attrs

from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.kinds import Kind, kind_of


@attrs.frozen
class Failure:
    """A case that does not agree.

    Attributes:
        case: Its place in the file, from 0.
        suite: Its cipher suite; None where the kind has none.
        field: The first field that differs, as a path in the case.
        expected: What the file has.
        got: What this implementation computes.
    """

    case: int
    suite: int | None
    field: str
    expected: str
    got: str

    def __str__(self) -> str:
        suite = "" if self.suite is None else f", suite {self.suite}"
        return f"case {self.case}{suite}: {self.field}: expected {self.expected}, got {self.got}"


@attrs.frozen
class Report:
    """What became of one file.

    Attributes:
        name: The file, as the caller called it.
        kind: The kind that it was recognised as; None for none.
        suites: The cipher suites of its cases, in order.
        cases: How many cases it has.
        failures: Those that do not agree.
        problem: What is wrong with the file as a whole; empty for nothing.
    """

    name: str
    kind: str | None = None
    suites: tuple[int, ...] = ()
    cases: int = 0
    failures: tuple[Failure, ...] = ()
    problem: str = ""

    @property
    def passed(self) -> int:
        """How many cases agree; none where none could be verified."""
        return 0 if self.problem else self.cases - len(self.failures)

    @property
    def failed(self) -> int:
        """How many cases do not agree."""
        return self.cases - self.passed

    @property
    def ok(self) -> bool:
        """Whether there are cases and all agree."""
        return not self.problem and not self.failures and self.cases > 0

    def as_json(self) -> dict[str, Any]:
        """Return the report as values for JSON."""
        return {
            "file": self.name,
            "kind": self.kind,
            "suites": list(self.suites),
            "cases": self.cases,
            "passed": self.passed,
            "failed": self.failed,
            "ok": self.ok,
            "problem": self.problem,
            "failures": [attrs.asdict(failure) for failure in self.failures],
        }


Progress = Callable[[int, int], None]
"""Called after each case with how many are done, and how many there are."""


def verify(name: str, content: bytes, progress: Progress | None = None) -> Report:
    """Verify a vector file.

    Args:
        name: What to call the file in the report.
        content: The file: a JSON array of cases.
        progress: Called after each case.

    Returns:
        A report. Whatever is wrong with the file is in it: nothing is raised.
    """
    try:
        cases = json.loads(content)
    except (ValueError, RecursionError) as error:
        return Report(name, problem=f"no JSON: {error}")
    if not isinstance(cases, list):
        return Report(name, problem="no array of cases")
    if not cases:
        return Report(name, problem="no cases")
    kind = kind_of(cases[0])
    if kind is None:
        return Report(name, cases=len(cases), problem="no known kind of vector")
    missing = kind.missing()
    if missing:
        return Report(name, kind.name, cases=len(cases), problem=missing)
    failures = []
    for number, data in enumerate(cases):
        failure = verify_case(kind, data, number)
        if failure is not None:
            failures.append(failure)
        if progress is not None:
            progress(number + 1, len(cases))
    suites = sorted({suite for suite in map(_suite, cases) if suite is not None})
    return Report(name, kind.name, tuple(suites), len(cases), tuple(failures))


def verify_case(kind: Kind, data: Any, number: int = 0) -> Failure | None:
    """Verify one case of a known kind; return why it fails, or None."""
    if not isinstance(data, dict):
        return Failure(number, None, "", "an object", shown(data))
    try:
        kind.verify(Case(data))
    except DifferenceError as difference:
        where = difference.field, difference.expected, difference.got
        return Failure(number, _suite(data), *where)
    return None


def checked_fields(kind: Kind, data: Any) -> tuple[tuple[str, bool], ...]:
    """Return the fields that verifying a good case checks, and whether only their syntax.

    Raises:
        DifferenceError: The case is not good.
    """
    case = Case(data)
    kind.verify(case)
    return tuple({check.field: check.syntax_only for check in case.checked}.items())


def _suite(data: Any) -> int | None:
    suite = data.get("cipher_suite") if isinstance(data, dict) else None
    return suite if isinstance(suite, int) and not isinstance(suite, bool) else None
