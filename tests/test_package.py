"""The package as a whole: how long its parts may be, what it ships, and what it must not catch."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import mimi

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "mimi").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONGEST_FILE = 500
LONGEST_FUNCTION = 40

LONGER = {"mimi/codec/cbor.py: _walk": "inlining is what makes it fast"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def nodes_of(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def body_lines(function: Function) -> int:
    """Return how many lines the body has without its docstring."""
    end = function.end_lineno or 0
    first = function.body[0]
    if ast.get_docstring(function) is None:
        return end - first.lineno + 1
    return end - (first.end_lineno or 0)


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Return whether it catches more than the errors that somebody thought of."""
    if handler.type is None:
        return True
    names = {ast.unparse(node).removeprefix("builtins.") for node in ast.walk(handler.type)}
    return not names.isdisjoint({"Exception", "BaseException"})


def test_there_is_something_to_measure():
    assert ROOT / "mimi" / "__init__.py" in PACKAGE
    assert Path(__file__) in TESTS


def test_no_file_is_too_long():
    lengths = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in PACKAGE + TESTS
    }
    assert {name: count for name, count in lengths.items() if count > LONGEST_FILE} == {}


def test_no_function_is_too_long_but_for_those_that_have_a_reason():
    long = {
        f"{name_of(path)}: {node.name}": body_lines(node)
        for path in PACKAGE
        for node in nodes_of(path)
        if isinstance(node, Function) and body_lines(node) > LONGEST_FUNCTION
    }
    assert long.keys() == LONGER.keys(), long


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("def f(): return 1", 1),
        ("def f():\n    'What it does.'", 0),
        ("def f(\n    a,\n):\n    '''What.\n\n    More.\n    '''\n    a += 1\n\n    return a", 3),
        ("async def f():\n    a = 1\n    return a", 2),
    ],
)
def test_how_lines_are_counted(code, lines):
    (function,) = ast.parse(code).body
    assert isinstance(function, Function)
    assert body_lines(function) == lines


def test_nothing_catches_what_it_does_not_name():
    broad = [
        f"{name_of(path)}:{node.lineno}"
        for path in PACKAGE
        for node in nodes_of(path)
        if isinstance(node, ast.ExceptHandler) and is_broad(node)
    ]
    assert broad == []


@pytest.mark.parametrize(
    ("clause", "broad"),
    [
        ("except", True),
        ("except Exception", True),
        ("except BaseException as error", True),
        ("except (ValueError, Exception)", True),
        ("except builtins.Exception", True),
        ("except* Exception", True),
        ("except ValueError", False),
        ("except (ValueError, UnicodeError) as error", False),
    ],
)
def test_which_clauses_are_broad(clause, broad):
    (statement,) = ast.parse(f"try:\n    pass\n{clause}:\n    pass").body
    assert isinstance(statement, ast.Try | ast.TryStar)
    assert is_broad(statement.handlers[0]) == broad


def test_the_package_that_is_tested_is_this_version_and_is_typed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert mimi.__version__ == project["version"]
    assert Path(mimi.__file__).with_name("py.typed").is_file()
