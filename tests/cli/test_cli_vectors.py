"""The command ``mimi vectors``, and the process that runs it."""

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli.command import run

from mimi import cli as package
from mimi.cli import main
from mimi.cli.report import compact, printable
from mimi.vectors import Report
from mimi.vectors.generate import GENERATED, generate_kind

TREE_MATH = {
    "n_leaves": 2,
    "n_nodes": 3,
    "root": 1,
    "left": [None, 0, None],
    "right": [None, 2, None],
    "parent": [1, None, 1],
    "sibling": [2, None, 0],
}
HEADER = {"vlbytes_header": "05", "length": 5}


def write(path: Path, *cases):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(cases))
    return path


@pytest.fixture
def good(tmp_path):
    """A folder with two good files, one of them further down."""
    write(tmp_path / "good" / "b" / "deserialization.json", HEADER, HEADER)
    write(tmp_path / "good" / "tree-math.json", TREE_MATH)
    (tmp_path / "good" / "README").write_text("no vector")
    return tmp_path / "good"


# mimi vectors verify


def test_a_good_folder(good):
    result = run("vectors", "verify", good)
    assert result.exit_code == 0
    assert result.stderr == ""
    heading, first, second, _, last = result.stdout.splitlines()
    assert heading.split() == ["file", "kind", "suites", "cases", "passed", "failed"]
    assert first.split() == [
        str(good / "b" / "deserialization.json"),
        "deserialization",
        "-",
        "2",
        "2",
        "0",
    ]
    assert second.split() == [str(good / "tree-math.json"), "tree-math", "-", "1", "1", "0"]
    assert last == "2 of 2 files good, 3 of 3 cases passed"


def test_a_file_is_verified_once(good):
    result = run("vectors", "verify", "--json", good, good / "tree-math.json", good / "b")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["totals"]["files"] == 2


def test_a_link_to_itself_is_a_problem_of_the_file(tmp_path):
    (tmp_path / "loop.json").symlink_to("loop.json")
    ended = run("vectors", "verify", tmp_path)
    assert ended.exit_code == 1
    assert "loop.json" in ended.output


def test_pipes_in_a_folder_are_passed_over(good):
    os.mkfifo(good / "pipe.json")
    assert run("vectors", "verify", good).exit_code == 0


def test_a_file_that_is_named_may_be_called_anything(tmp_path):
    assert run("vectors", "verify", write(tmp_path / "vectors.txt", HEADER)).exit_code == 0


def test_a_failure_is_shown(tmp_path):
    bad = write(tmp_path / "bad.json", HEADER, HEADER | {"length": 6})
    result = run("vectors", "verify", bad)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[2:] == [
        "",
        f"{bad}: 1 of 2 cases fail",
        "  case 1: length",
        "    expected 6",
        "    got      5",
        "",
        "0 of 1 files good, 1 of 2 cases passed",
    ]


def test_the_suite_of_a_failure_is_shown(tmp_path):
    case = {"cipher_suite": 3, "psks": [], "psk_secret": ""}
    result = run("vectors", "verify", write(tmp_path / "psk_secret.json", case))
    assert result.exit_code == 1
    assert "  case 0, suite 3: psk_secret\n    expected \n    got      000000" in result.stdout


def test_a_good_file_does_not_excuse_a_bad_one(good):
    write(good / "bad.json", HEADER | {"length": 6})
    assert run("vectors", "verify", good).exit_code == 1


def test_ten_failures_of_a_file_are_shown_unless_all_are_asked_for(tmp_path):
    bad = write(tmp_path / "bad.json", *[HEADER | {"length": 6}] * 25)
    result = run("vectors", "verify", bad)
    assert result.exit_code == 1
    assert result.stdout.count("expected 6") == 10
    assert "  ... and 15 more (see --all-failures)\n" in result.stdout
    result = run("vectors", "verify", "--all-failures", bad)
    assert result.stdout.count("expected 6") == 25
    assert "more" not in result.stdout


PROBLEMS = [
    ("", "no JSON: "),
    ("not JSON", "no JSON: "),
    ("[]", "no cases"),
    ("{}", "no array of cases"),
    ("[{}]", "no known kind of vector"),
]


@pytest.mark.parametrize(("content", "problem"), PROBLEMS)
def test_a_problem_of_a_whole_file(tmp_path, content, problem):
    file = tmp_path / "some.json"
    file.write_text(content)
    result = run("vectors", "verify", file)
    assert result.exit_code == 1
    assert f"\n{file}: {problem}" in result.stdout
    assert "0 of 1 files good, 0 of" in result.stdout


def test_a_folder_without_files(tmp_path):
    result = run("vectors", "verify", tmp_path)
    assert result.exit_code == 1
    assert "0 of 0 files good" in result.stdout


def test_a_path_that_does_not_exist(tmp_path):
    result = run("vectors", "verify", tmp_path / "none")
    assert result.exit_code == 2
    assert "does not exist" in result.stderr


def test_no_path():
    result = run("vectors", "verify")
    assert result.exit_code == 2
    assert result.stdout == ""


def test_a_file_that_cannot_be_read(good):
    (good / "folder.json").mkdir()  # a folder is no file, but may hold some
    (good / "dangling.json").symlink_to(good / "nothing")
    result = run("vectors", "verify", good)
    assert result.exit_code == 1
    assert f"{good / 'dangling.json'}: cannot be read: No such file" in result.stdout
    assert "2 of 3 files good" in result.stdout


@pytest.mark.parametrize(
    "name", ["[red]x[/red].json", ":smile:.json", "\x1b[31mx.json", "a\nb.json"]
)
def test_a_name_is_shown_as_it_is_and_commands_no_terminal(tmp_path, name):
    write(tmp_path / name, HEADER)
    result = run("vectors", "verify", tmp_path)
    assert result.exit_code == 0
    assert str(tmp_path / printable(name)) in result.stdout
    assert "\x1b" not in result.stdout


def test_a_value_commands_no_terminal(tmp_path):
    bad = write(tmp_path / "bad.json", HEADER | {"vlbytes_header": "\x1b[2J\n\ud800"})
    result = run("vectors", "verify", bad)
    assert result.exit_code == 1
    assert "    got      \\x1b[2J\\n\\ud800\n" in result.stdout


def test_json(good):
    write(good / "bad.json", HEADER, HEADER | {"length": 6})
    write(good / "empty.json")
    result = run("vectors", "verify", "--json", good)
    assert result.exit_code == 1
    shown = json.loads(result.stdout)
    names = ("b/deserialization.json", "bad.json", "empty.json", "tree-math.json")
    assert [file.pop("file") for file in shown["files"]] == [str(good / name) for name in names]
    failure = {"case": 1, "suite": None, "field": "length", "expected": "6", "got": "5"}
    common = {"suites": [], "failures": [], "problem": "", "failed": 0, "ok": True}
    assert shown == {
        "ok": False,
        "totals": {"files": 4, "ok": 2, "cases": 5, "passed": 4, "failed": 1},
        "files": [
            common | {"kind": "deserialization", "cases": 2, "passed": 2},
            common
            | {"kind": "deserialization", "cases": 2, "passed": 1, "failed": 1, "ok": False}
            | {"failures": [failure]},
            common | {"kind": None, "cases": 0, "passed": 0, "ok": False, "problem": "no cases"},
            common | {"kind": "tree-math", "cases": 1, "passed": 1},
        ],
    }


def test_json_of_nothing(tmp_path):
    result = run("vectors", "verify", "--json", tmp_path)
    assert result.exit_code == 1
    nothing = {"files": 0, "ok": 0, "cases": 0, "passed": 0, "failed": 0}
    assert json.loads(result.stdout) == {"ok": False, "totals": nothing, "files": []}


def test_json_holds_all_failures(tmp_path):
    bad = write(tmp_path / "bad.json", *[HEADER | {"length": 6}] * 25)
    shown = json.loads(run("vectors", "verify", "--json", bad).stdout)
    assert len(shown["files"][0]["failures"]) == 25


@pytest.mark.parametrize(
    ("suites", "text"),
    [
        ((), "-"),
        ((1,), "1"),
        (range(1, 8), "1-7"),
        ((1, 2, 5), "1-2,5"),
        ((1, 3, 4, 5, 7), "1,3-5,7"),
        ((61440,), "61440"),
    ],
)
def test_suites_are_shown_compactly(suites, text):
    assert compact(suites) == text


# mimi vectors generate


def test_generating(tmp_path):
    out = tmp_path / "new" / "mls"
    result = run("vectors", "generate", out, "--seed", "3")
    assert result.exit_code == 0
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    assert [name for _, name in lines] == [str(out / f"{kind}.json") for kind in GENERATED]
    assert [int(size) for size, _ in lines] == [Path(name).stat().st_size for _, name in lines]
    assert (out / "psk_secret.json").read_bytes() == generate_kind("psk_secret", 3)
    assert run("vectors", "verify", out / "psk_secret.json").exit_code == 0


@pytest.mark.parametrize("seed", [["--seed", "-1"], ["--seed", "x"], []])
def test_a_seed_is_a_number(tmp_path, seed):
    result = run("vectors", "generate", tmp_path / "out", *seed)
    assert result.exit_code == 2
    assert "--seed" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_is_not_overwritten_by_a_folder(tmp_path):
    file = write(tmp_path / "file", 1)
    result = run("vectors", "generate", file, "--seed", "1")
    assert result.exit_code == 2
    assert "is a file" in result.stderr
    assert file.read_text() == "[1]"


def test_a_folder_that_cannot_be_made(tmp_path):
    write(tmp_path / "file", 1)
    result = run("vectors", "generate", tmp_path / "file" / "out", "--seed", "1")
    assert result.exit_code == 1
    assert result.stderr == f"Error: {tmp_path / 'file' / 'out'}: Not a directory\n"


# The process


def process(*arguments, code="from mimi.cli import main; main()", **options):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        check=False,
        **{"capture_output": True, "text": True} | options,
    )


def test_the_process_ends_with_the_exit_status(good):
    result = process("vectors", "verify", str(good))
    assert (result.returncode, result.stderr) == (0, "")
    assert "2 of 2 files good" in result.stdout
    write(good / "empty.json")
    assert process("vectors", "verify", str(good)).returncode == 1
    assert process("vectors", "verify").returncode == 2


def test_running_the_module(good):
    result = process(
        code=f"""
import runpy, sys
sys.argv = ["mimi", "vectors", "verify", {str(good)!r}]
runpy.run_module("mimi.cli", run_name="__main__", alter_sys=True)
"""
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "2 of 2 files good" in result.stdout


def test_the_table_is_as_wide_as_it_must_be(good):
    long = write(good / ("x" * 150 + ".json"), HEADER)
    result = process("vectors", "verify", str(good), env=os.environ | {"COLUMNS": "40"})
    assert str(long) in result.stdout


def test_progress_is_shown_at_a_terminal(good):
    controller, terminal = pty.openpty()
    process(
        *("vectors", "verify", str(good)),
        capture_output=False,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        env=os.environ | {"TERM": "xterm"},
    )
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # the end of what a terminal shows, on Linux
        while part := os.read(controller, 1 << 16):
            shown += part
    os.close(controller)
    assert b"tree-math.json" in shown


@pytest.mark.parametrize("missing", package.NEEDED)
def test_without_the_packages_of_the_extra(missing):
    code = f"import sys; sys.modules[{missing!r}] = None; from mimi.cli import main; main()"
    result = process("--version", code=code)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == "mimi: this command needs more packages: pip install 'mimi[cli]'\n"


def test_another_missing_package_is_no_matter_of_the_extra():
    code = "import sys; sys.modules['cryptography'] = None; from mimi.cli import main; main()"
    result = process("--version", code=code)
    assert result.returncode == 1
    assert "ModuleNotFoundError" in result.stderr


def test_the_version():
    assert re.fullmatch(r"mimi, version \S.*\n", run("--version").stdout)


def test_the_command_is_declared():
    assert main.__module__ == "mimi.cli"
    for arguments in (["--help"], ["-h"], ["vectors", "-h"], ["inspect", "-h"]):
        assert run(*arguments).exit_code == 0


def test_a_good_report_needs_a_case():
    assert not Report("empty").ok
