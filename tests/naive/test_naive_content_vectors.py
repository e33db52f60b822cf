"""The naive reading of the drafts on MIMI content against the project's vectors.

What is sent of a Markdown text takes a whole parser to say: `tests/content` compares that with the
reference implementation of GFM.
"""

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from naive.naive_content_cases import CASES, check_case

FOLDER = Path(__file__).parents[2] / "vectors" / "content"

WITHOUT_NAIVE = {"content-markdown"}

MOST_MUTATIONS = 12  # of each case

UNCHECKED = {
    ("*", "kind"),
    ("*", "description"),
    ("content-refused", "content"),
    ("content-refused", "max_octets"),
    ("content-received", "now"),
    ("content-received", "accepted"),
    ("content-received", "room_created"),
    ("content-received", "format_published"),
    ("content-received", "known"),
    ("content-reference", "content"),
    ("content-reference", "uri"),
    ("content-extension", "content"),
    ("content-extension", "key"),
    ("content-attachment", "content"),
    ("content-attachment", "fetched"),
    ("content-attachment", "now"),
    ("content-attachment", "max_octets"),
    ("content-conversation", "moderators"),
    ("content-conversation", "now"),
    ("content-conversation", "at"),
    ("content-conversation", "accepted"),
    ("content-conversation", "report"),
    ("content-choose", "content"),
    ("content-choose", "media_types"),
    ("content-choose", "languages"),
}
"""What of a vector is given, so that another value may be as good; README.md says what is."""


@cache
def cases_of(name: str) -> list[dict]:
    cases = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert cases, f"{name}.json holds no case"
    return cases


FILES = sorted(path.stem for path in FOLDER.glob("*.json"))
CHECKED = [name for name in FILES if cases_of(name)[0]["kind"] not in WITHOUT_NAIVE]


def scalars(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Give the paths to all numbers, strings and nulls of a case."""
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from scalars(inner, (*path, step))
    else:
        yield path


def with_spoilt(case: dict, path: tuple) -> dict:
    other = copy.deepcopy(case)
    inner: Any = other
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = spoil(inner[path[-1]])
    return other


def accepts(case: dict) -> bool:
    try:
        check_case(case)
    except AssertionError:
        return False
    return True


def spoil(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if not value:
        return "00"
    digit = f"{int(value[-1], 16) ^ 1:x}" if value[-1] in "0123456789abcdef" else "0"
    return value[:-1] + digit


def is_checked(kind: str, path: tuple) -> bool:
    name = [step for step in path if isinstance(step, str)][-1]
    return (kind, name) not in UNCHECKED and ("*", name) not in UNCHECKED


def test_all_kinds_have_a_file() -> None:
    assert {cases_of(name)[0]["kind"] for name in FILES} == set(CASES) | WITHOUT_NAIVE


@pytest.mark.parametrize("name", CHECKED)
def test_vectors_agree(name: str) -> None:
    disagreements = {}
    for number, case in enumerate(cases_of(name)):
        try:
            check_case(case)
        except AssertionError as error:
            disagreements[number] = str(error)
    assert not disagreements


@pytest.mark.parametrize("name", CHECKED)
def test_spoiled_vectors_disagree(name: str) -> None:
    unnoticed = []
    cases = cases_of(name)
    for number, case in enumerate(cases[:: 1 + len(cases) // 40]):
        paths = [path for path in scalars(case) if is_checked(case["kind"], path)]
        unnoticed += [
            (case["description"], path)
            for path in paths[number % 3 :: 1 + len(paths) // MOST_MUTATIONS]
            if accepts(with_spoilt(case, path))
        ]
    assert not unnoticed, "changes that the check lets pass"
