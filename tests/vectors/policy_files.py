"""The files of vectors of room policy."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mimi.vectors import POLICY_KINDS
from mimi.vectors.generate import GENERATED_POLICY

FOLDER = Path(__file__).parents[2] / "vectors" / "policy"

KIND_OF = {file: kind for kind in POLICY_KINDS for file in kind.files}
"""The kinds of all files, by the names of the files without ``.json``."""

every_file = pytest.mark.parametrize("name", GENERATED_POLICY)
every_table = pytest.mark.parametrize("name", ["decisions", "combinations"])

Case = dict[str, Any]


@cache
def cases_of(name: str) -> tuple[Case, ...]:
    """The cases of a file."""
    return tuple(json.loads((FOLDER / f"{name}.json").read_bytes()))


def rows_of(name: str) -> list[tuple[Case, Case]]:
    """The rows of a decision table, each with the case in which it is."""
    return [(case, row) for case in cases_of(name) for row in case["rows"]]
