"""Every reading in docs/deviations.md is pinned by a vector or a test that is there."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest
from tree.members import NOW, SUITE, Group

from mimi.crypto import SeededEntropy
from mimi.mls import Client
from mimi.mls.transcript import interim_transcript_hash
from mimi.tree.credential import BasicCredential

ROOT = Path(__file__).parents[1]
HEADINGS = ["where", "what is open", "what we do", "pinned by"]
IDENTIFIERS = "uri", "text"
"""The fields of a case that name it as well as its description does."""


def tables() -> dict[str, list[list[str]]]:
    """The rows of each table, by the document that they are about."""
    found: dict[str, list[list[str]]] = {}
    about = "RFC 9420"
    for line in (ROOT / "docs" / "deviations.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("From draft-"):
            about = line.split()[1].rstrip(":")
        elif line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line)[1:-1]
            found.setdefault(about, []).append([cell.strip() for cell in cells])
    return found


TABLES = tables()
ROWS = [
    pytest.param(row, id=f"{about} {row[0]} {number}")
    for about, rows in TABLES.items()
    for number, row in enumerate(rows[2:], 1)
]


@cache
def cases_of(name: str) -> list[dict[str, object]]:
    """The cases of a file of vectors, which needs its folder where another has its name."""
    (path,) = (ROOT / "vectors").rglob(name)
    cases: list[dict[str, object]] = json.loads(path.read_bytes())
    return cases


@cache
def functions_of(name: str) -> frozenset[str]:
    """The test functions of a file of tests."""
    (path,) = (ROOT / "tests").rglob(name)
    parsed = ast.parse(path.read_bytes())
    return frozenset(node.name for node in parsed.body if isinstance(node, ast.FunctionDef))


def is_named(case: dict[str, object], words: str) -> bool:
    """Whether some words name a case."""
    return words in str(case["description"]) or words in (case.get(key) for key in IDENTIFIERS)


def is_there(pin: str) -> bool:
    """Whether there is the case, or the test, that is named."""
    file, separator, name = pin.partition("::" if pin.startswith("test_") else ": ")
    assert separator, pin
    if separator == "::":
        return name.startswith("test_") and name in functions_of(file)
    return any(is_named(case, name) for case in cases_of(file))


def test_every_document_has_its_table():
    assert len(TABLES) == 12
    for rows in TABLES.values():
        assert rows[0] == HEADINGS
        assert len(rows) > 2
    assert len(ROWS) >= 190


@pytest.mark.parametrize("row", ROWS)
def test_a_reading_has_what_pins_it(row):
    assert len(row) == len(HEADINGS)
    *_, pinned = row
    pins = re.findall("`([^`]+)`", pinned)
    assert pins
    assert "; ".join(f"`{pin}`" for pin in pins) == pinned
    assert [pin for pin in pins if not is_there(pin)] == []


def test_what_is_not_there_is_noticed():
    assert not is_there("safe-aad.json: no such case")
    assert not is_there("test_deviations.py::test_no_such_test")
    assert not is_there("test_deviations.py::is_there")
    with pytest.raises(ValueError, match="not enough values"):
        is_there("no-such-file.json: no items")
    with pytest.raises(ValueError, match="too many values"):
        is_there("messages.json: a message")


# Readings of RFC 9420 that nothing else pins


def test_who_is_alone_commits_a_fresh_secret():
    """Section 7.4: the filtered direct path is empty, and a path secret comes from nowhere."""
    one = Group.of(1, commits=False)
    first, second = one.create(one.leaves[0]), one.create(one.leaves[0])
    assert first.update_path.nodes == ()
    secrets = {bytes(SUITE.nh)} | {each.commit_secret.reveal() for each in (first, second)}
    assert len(secrets) == 3


def test_the_interim_hash_of_epoch_0_covers_the_confirmation_tag():
    """Section 8.2 gives it as empty, section 11 as computed."""
    client = Client.create(BasicCredential(b"founder"), SUITE, entropy=SeededEntropy(b"founder"))
    state = client.create_group(now=NOW).state
    assert state.context.confirmed_transcript_hash == b""
    computed = interim_transcript_hash(SUITE, b"", state.confirmation_tag)
    assert state.interim_transcript_hash == computed != b""
