"""The files of vectors of the MLS extensions."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mimi.vectors import EXTENSION_KINDS
from mimi.vectors.generate import GENERATED_EXTENSIONS

FOLDER = Path(__file__).parents[2] / "vectors" / "mls-extensions"

KIND_OF = {kind.files[0]: kind for kind in EXTENSION_KINDS}
"""The kinds of all files, by the names of the files without ``.json``."""

every_file = pytest.mark.parametrize("name", GENERATED_EXTENSIONS)

Case = dict[str, Any]


@cache
def cases_of(name: str) -> tuple[Case, ...]:
    """The cases of a file."""
    return tuple(json.loads((FOLDER / f"{name}.json").read_bytes()))


def rules_of(case: Case) -> set[str | None]:
    """The rules that a case names, wherever in it."""
    inner = [*case.get("exports", ()), *case.get("receivers", ())]
    inner += [part for epoch in case.get("epochs", ()) for part in epoch["refused"]]
    rules = {part["rule"] for part in inner}
    return rules | {case[name] for name in ("rule", "member_rule") if name in case}
