"""Showing what became of vector files."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from mimi.vectors import Failure, Report

SHOWN = 10
"""How many failures of a file are shown unless all are asked for."""

UNBOUNDED = 10_000
"""The width, in columns, of what is not shown on a terminal: nothing is cut or wrapped."""


def is_good(reports: Iterable[Report]) -> bool:
    """Return whether there are reports, and all are good."""
    listed = list(reports)
    return bool(listed) and all(report.ok for report in listed)


def as_json(reports: list[Report]) -> dict[str, Any]:
    """Return the reports as one JSON document."""
    return {
        "ok": is_good(reports),
        "totals": {
            "files": len(reports),
            "ok": sum(report.ok for report in reports),
            "cases": sum(report.cases for report in reports),
            "passed": sum(report.passed for report in reports),
            "failed": sum(report.failed for report in reports),
        },
        "files": [report.as_json() for report in reports],
    }


def printable(text: str) -> str:
    """Return a text on one line, with what could direct a terminal escaped."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def compact(suites: Iterable[int]) -> str:
    """Return numbers in increasing order as ``1-3,7``; a dash for none."""
    runs: list[list[int]] = []
    for suite in suites:
        if runs and suite == runs[-1][-1] + 1:
            runs[-1].append(suite)
        else:
            runs.append([suite])
    return ",".join(f"{run[0]}-{run[-1]}" if run[1:] else str(run[0]) for run in runs) or "-"


def table(reports: Iterable[Report]) -> Table:
    """Return one row for each file."""
    shown = Table("file", "kind", "suites", box=None, pad_edge=False, header_style="bold")
    for heading in ("cases", "passed", "failed"):
        shown.add_column(heading, justify="right")
    for column in shown.columns:
        column.overflow = "fold"
    for report in reports:
        counts = map(str, (report.cases, report.passed, report.failed))
        names = printable(report.name), report.kind or "-", compact(report.suites)
        shown.add_row(*names, *counts, style=None if report.ok else "red")
    return shown


def failures(reports: Iterable[Report], limit: int | None = SHOWN) -> Iterator[str]:
    """Yield the lines that say what is wrong with each file, at most *limit* cases of it."""
    for report in reports:
        if report.ok:
            continue
        yield ""
        if report.problem:
            yield printable(f"{report.name}: {report.problem}")
            continue
        yield printable(f"{report.name}: {report.failed} of {report.cases} cases fail")
        shown = report.failures[:limit]
        for failure in shown:
            yield from _failure(failure)
        if len(report.failures) > len(shown):
            yield f"  ... and {len(report.failures) - len(shown)} more (see --all-failures)"


def _failure(failure: Failure) -> Iterator[str]:
    suite = "" if failure.suite is None else f", suite {failure.suite}"
    yield printable(f"  case {failure.case}{suite}: {failure.field or 'the case as a whole'}")
    yield printable(f"    expected {failure.expected}")
    yield printable(f"    got      {failure.got}")


def summary(reports: list[Report]) -> str:
    """Return the last line: how many files and cases are good."""
    totals = as_json(reports)["totals"]
    return (
        f"{totals['ok']} of {totals['files']} files good,"
        f" {totals['passed']} of {totals['cases']} cases passed"
    )


def console() -> Console:
    """Return where results are shown: as wide as they are where that is no terminal."""
    shown = Console(markup=False, emoji=False, highlight=False)
    if not shown.is_terminal:
        shown.width = UNBOUNDED
    return shown
