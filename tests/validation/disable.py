"""Take each check out in turn: the test that the inventory names for it must then fail.

    python tests/validation/disable.py [--each] [--sample N] [--only ID] [--processes N]

Every ``raise E(...)`` of the function ``check`` becomes ``pass``, where E is the entry's error,
and so it does in functions nested in it. Where a decision refuses, and raises nothing yet, what
makes the refusal that names the entry's rule becomes ``pass`` in the same way.

What the codec refuses is refused twice, by compiled decoders and by the reader that says where: for
these entries ``compiled`` names the functions that write, or are, the compiled half, and ``raise
BrokenError`` becomes ``pass`` in them and in the lines that they write. An unknown case of a select
has no compiled half: nothing can be decoded.

With ``--each``, the raises of a function that has several become ``pass`` one after the other, and
one of the tests must fail that stand in the files of those that are named.

The rewritten module takes the place of the genuine one in a process of its own, which runs the
tests. Before that, all tests must pass on the modules as they are.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import attrs
import pytest
from validation.rules import ROOT, Rule, find, named, raises, rules

BROKEN = "BrokenError"
MARK = "outcomes: "
PATIENCE = 120
"""How many seconds tests may take without a check: some checks bound what a message costs."""


@attrs.frozen(order=True)
class Change:
    """What is taken out: the raises of one error in one function, and its compiled halves.

    Attributes:
        check: The function; empty where nothing is taken out.
        error: The name of the class, or of the rule that a refusal names.
        compiled: The compiled halves.
        only: Which of the raises, in the order of the source; -1 for all.
    """

    check: str = ""
    error: str = ""
    compiled: tuple[str, ...] = ()
    only: int = -1

    @classmethod
    def of(cls, rule: Rule) -> "Change":
        """Return the change that takes the check of a rule out."""
        return cls(rule.check, rule.error_name, tuple(rule.compiled))

    def each(self) -> list["Change"]:
        """Return the changes that take out one raise and leave the others."""
        function = named(self.check)
        assert function is not None
        count = len(raises(function, self.error))
        return [attrs.evolve(self, only=at) for at in range(count)] if count > 1 else [self]

    def places(self) -> dict[str, list[tuple[str, str]]]:
        """Return the functions that change and the error that each no longer raises, by module."""
        listed = [(self.check, self.error), *((place, BROKEN) for place in self.compiled)]
        modules = defaultdict(list)
        for place, error in listed:
            module, _, name = place.partition(":")
            modules[module].append((name, error))
        return modules


class _Disabled(ast.NodeTransformer):
    """Replaces certain raises, and ``raise BrokenError`` in lines of a source in the making."""

    def __init__(self, gone: Iterable[ast.AST]) -> None:
        self.gone = set(gone)

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        return ast.copy_location(ast.Pass(), node) if node in self.gone else node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """Replace a refusal; a generator stays one."""
        if node not in self.gone:
            return self.generic_visit(node)
        nothing = ast.YieldFrom(ast.Tuple([], ast.Load()))
        passed = ast.Expr(nothing) if isinstance(node.value, ast.Yield) else ast.Pass()
        return ast.copy_location(passed, node)

    def visit_Return(self, node: ast.Return) -> ast.AST:
        passed = ast.copy_location(ast.Pass(), node)
        return passed if node in self.gone else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if node not in self.gone:
            return node
        text = str(node.value).replace(f"raise {BROKEN}", "pass")
        return ast.copy_location(ast.Constant(text), node)


def without(source: str, functions: Iterable[tuple[str, str]], only: int = -1) -> ast.Module:
    """Return a module in which functions no longer raise certain errors, or not at one place.

    Raises:
        LookupError: A function is not there, or raises no such error.
    """
    tree = ast.parse(source)
    for name, error in functions:
        function = find(tree, name)
        if function is None:
            raise LookupError(f"there is no {name}")
        gone: list[ast.AST] = [*raises(function, error)]
        if error == BROKEN:
            gone += (
                node
                for node in ast.walk(function)
                if isinstance(node, ast.Constant) and f"raise {BROKEN}" in str(node.value)
            )
        if not gone:
            raise LookupError(f"{name} does not raise {error}")
        gone = gone if only < 0 or error == BROKEN else gone[only : only + 1]
        _Disabled(gone).visit(function)
    return ast.fix_missing_locations(tree)


class _Loader(SourceFileLoader):
    functions: Sequence[tuple[str, str]] = ()
    only = -1

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        tree = without(Path(path).read_text(encoding="utf-8"), self.functions, self.only)
        return compile(tree, path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, change: Change) -> None:
        self.only = change.only
        self.places = change.places() if change.check else {}

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname not in self.places:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        assert spec is not None
        assert spec.origin is not None
        spec.loader = _Loader(fullname, spec.origin)
        spec.loader.functions = self.places[fullname]
        spec.loader.only = self.only
        return spec


class _Record:
    """Which tests ran, and whether they failed; a parametrised one fails with any of its cases."""

    def __init__(self) -> None:
        self.failed: dict[str, bool] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.partition("[")[0]
        self.failed[test] = self.failed.get(test, False) or report.failed


def run_here(change: Change, tests: Sequence[str]) -> None:
    """Run tests on the changed modules in this process, and print which ran and failed."""
    sys.meta_path.insert(0, _Finder(change))
    record = _Record()
    options = ["-q", "-p", "no:cacheprovider", "--no-cov", "--no-header", "--tb=no"]
    if change.only >= 0:
        options.append("-x")  # one that notices is enough
    pytest.main([*options, *tests], plugins=[record])
    print(MARK + json.dumps(record.failed))


def run(change: Change, tests: Sequence[str]) -> dict[str, bool]:
    """Run tests on the changed modules in a process of their own.

    Returns:
        Whether each test that ran has failed; one that cannot even be collected is not among them.
        All have, if they do not come to an end.

    Raises:
        RuntimeError: The process ended otherwise.
    """
    asked = json.dumps({"change": attrs.asdict(change), "tests": tests})
    with tempfile.TemporaryDirectory() as kept:
        command = [sys.executable, __file__, "--run", asked]
        env = {**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": kept}
        # Tests run where the change is, not in further processes.
        env.pop("PYTEST_ADDOPTS", None)
        limit = PATIENCE if change.check else None
        try:
            ended = subprocess.run(
                command,
                cwd=ROOT,
                env=env,
                timeout=limit,
                capture_output=True,
                text=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return dict.fromkeys(tests, True)
    for line in reversed(ended.stdout.splitlines()):
        if line.startswith(MARK):
            return json.loads(line.removeprefix(MARK))
    raise RuntimeError(f"{change}: {ended.stdout}{ended.stderr}")


class Verdict(Enum):
    """What a test does when the check that it is for has been taken out."""

    NOTICED = "noticed"
    SURVIVED = "not noticed"
    BROKEN = "not to be told"
    """It fails as things are, or does not run without the check."""


def walk(chosen: Sequence[Rule], processes: int = 2) -> list[tuple[Rule, Verdict]]:
    """Take out the checks of rules in turn, and say of each whether its test noticed."""
    wanted: dict[Change, set[str]] = defaultdict(set)
    before = run(Change(), sorted({rule.test for rule in chosen}))
    for rule in chosen:
        if before.get(rule.test) is False:
            wanted[Change.of(rule)].add(rule.test)
    changes = sorted(wanted)
    with ThreadPoolExecutor(processes) as pool:
        results = pool.map(lambda change: run(change, sorted(wanted[change])), changes)
        after = dict(zip(changes, results, strict=True))

    def verdict(rule: Rule) -> Verdict:
        failed = after.get(Change.of(rule), {}).get(rule.test)
        if failed is None or before.get(rule.test) is not False:
            return Verdict.BROKEN
        return Verdict.NOTICED if failed else Verdict.SURVIVED

    return [(rule, verdict(rule)) for rule in chosen]


def walk_each(chosen: Sequence[Rule], processes: int = 2) -> list[Change]:
    """Take out the raises of checks one by one; return those that go unnoticed.

    Raises:
        RuntimeError: A test fails as things are.
    """
    wanted: dict[Change, set[str]] = defaultdict(set)
    for rule in chosen:
        for change in Change.of(rule).each():
            wanted[change].add(rule.test.partition("::")[0])
    everything = run(Change(), sorted(set().union(*wanted.values())))
    failing = [test for test, failed in everything.items() if failed]
    if failing:
        raise RuntimeError(f"these fail anyway: {failing}")
    changes = sorted(wanted)
    with ThreadPoolExecutor(processes) as pool:
        results = pool.map(lambda change: run(change, sorted(wanted[change])), changes)
        failed = zip(changes, results, strict=True)
        return [change for change, tests in failed if not any(tests.values())]


def sample(among: Sequence[Rule], count: int) -> list[Rule]:
    """Return so many rules, from all over the list, the same ones each time."""
    taken = min(count, len(among))
    return [among[at * len(among) // taken] for at in range(taken)]


def filled() -> list[Rule]:
    """Return the rules whose check can be taken out."""
    return [rule for rule in rules() if rule.is_checked and rule.check and rule.test]


def show(verdicts: Sequence[tuple[Rule, Verdict]]) -> None:
    """Print what was not noticed, and the totals."""
    for rule, verdict in verdicts:
        if verdict is not Verdict.NOTICED:
            print(f"{rule.id}: {verdict.value}\n    {rule.error} in {rule.check}\n    {rule.test}")
    counts = Counter(verdict for _, verdict in verdicts)
    changes = len({Change.of(rule) for rule, _ in verdicts})
    totals = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)
    print(f"{len(verdicts)} rules, {changes} checks taken out: {totals}")


def main() -> int:
    parser = argparse.ArgumentParser(description="take each check out in turn")
    parser.add_argument("--sample", type=int, help="so many rules, from all over the inventory")
    parser.add_argument("--only", action="append", help="the id of a rule, or how it begins")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--each", action="store_true", help="take out raises one by one")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        asked = json.loads(options.run)
        asked["change"]["compiled"] = tuple(asked["change"]["compiled"])
        run_here(Change(**asked["change"]), asked["tests"])
        return 0
    chosen = filled()
    if options.only:
        chosen = [rule for rule in chosen if rule.id.startswith(tuple(options.only))]
    if options.sample:
        chosen = sample(chosen, options.sample)
    if options.each:
        unnoticed = walk_each(chosen, options.processes)
        for change in unnoticed:
            print(f"raise {change.only + 1} of {change.error} in {change.check}: not noticed")
        places = {change for rule in chosen for change in Change.of(rule).each()}
        print(f"{len(places)} raises taken out one by one, {len(unnoticed)} not noticed")
        return 1 if unnoticed else 0
    verdicts = walk(chosen, options.processes)
    show(verdicts)
    return 0 if all(verdict is Verdict.NOTICED for _, verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
