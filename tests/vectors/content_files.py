"""The files of vectors of MIMI content."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mimi.vectors import CONTENT_KINDS
from mimi.vectors.generate import GENERATED_CONTENT

FOLDER = Path(__file__).parents[2] / "vectors" / "content"

KIND_OF = {kind.files[0]: kind for kind in CONTENT_KINDS}
"""The kinds of all files, by the names of the files without ``.json``."""

every_file = pytest.mark.parametrize("name", GENERATED_CONTENT)

Case = dict[str, Any]


@cache
def cases_of(name: str) -> tuple[Case, ...]:
    """The cases of a file."""
    return tuple(json.loads((FOLDER / f"{name}.json").read_bytes()))
