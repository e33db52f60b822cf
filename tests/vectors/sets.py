"""The sets of vectors that are written here, each of which is a folder."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest

from mimi.vectors import (
    CONTENT_KINDS,
    EXTENSION_KINDS,
    MLS_KINDS,
    POLICY_KINDS,
    PROTOCOL_KINDS,
    Kind,
)
from mimi.vectors.generate import (
    GENERATED,
    GENERATED_CONTENT,
    GENERATED_EXTENSIONS,
    GENERATED_POLICY,
    GENERATED_PROTOCOL,
)
from mimi.vectors.kinds import IDENTITY_KINDS

VECTORS = Path(__file__).parents[2] / "vectors"

Case = dict[str, Any]


@cache
def cases_in(path: Path) -> tuple[Case, ...]:
    """The cases of a file, all that there are."""
    return tuple(json.loads(path.read_bytes()))


@attrs.frozen
class VectorSet:
    """A set of vectors. Files are called by their names without ``.json``.

    Attributes:
        name: What the set is called, and its folder.
        kinds: The kinds of its files.
        files: The files that are generated.
        first_fields: The fields with which every case begins.
        suites: The cipher suites of the cases in every file.
        without_seed: The files in which nothing is random.
        without_suite: The files whose cases have no cipher suites.
        other_suites: The cipher suites of files that have others.
    """

    name: str
    kinds: tuple[Kind, ...]
    files: tuple[str, ...]
    first_fields: tuple[str, ...] = ("kind", "description")
    suites: tuple[int, ...] = ()
    without_seed: frozenset[str] = frozenset()
    without_suite: frozenset[str] = frozenset()
    other_suites: Mapping[str, tuple[int, ...]] = attrs.field(factory=dict, hash=False)

    @property
    def folder(self) -> Path:
        return VECTORS / self.name

    @property
    def readme(self) -> str:
        return (self.folder / "README.md").read_text("utf-8")

    @property
    def kind_of(self) -> dict[str, Kind]:
        """The kinds of all files."""
        return {file: kind for kind in self.kinds for file in kind.files}

    @property
    def every_file(self) -> pytest.MarkDecorator:
        return pytest.mark.parametrize("name", self.files)

    def octets_of(self, file: str) -> bytes:
        return (self.folder / f"{file}.json").read_bytes()

    def cases_of(self, file: str) -> tuple[Case, ...]:
        return cases_in(self.folder / f"{file}.json")

    def suites_of(self, file: str) -> tuple[int, ...]:
        if file in self.other_suites:
            return self.other_suites[file]
        return () if file in self.without_suite else self.suites

    def section(self, heading: str) -> str:
        """The part of README.md under a heading of the second or third level."""
        level = heading.index(" ")
        return re.split(rf"\n#{{2,{level}}} ", self.readme.split(f"\n{heading}\n", 1)[1])[0]

    def table(self, heading: str) -> dict[str, list[str]]:
        """The rows of the table under a heading of README.md, by their first cells."""
        lines = [line for line in self.section(heading).splitlines() if line.startswith("|")]
        rows = [line.strip("| ").split(" | ") for line in lines[2:]]
        return {row[0].strip("`"): row[1:] for row in rows}


MLS = VectorSet(
    "mls",
    MLS_KINDS,
    GENERATED,
    first_fields=(),
    suites=(1, 2, 3, 4, 5, 6, 7),
    without_seed=frozenset({"tree-math", "deserialization"}),
    without_suite=frozenset({"tree-math", "deserialization", "messages"}),
)
CONTENT = VectorSet(
    "content", CONTENT_KINDS, GENERATED_CONTENT, without_seed=frozenset({"markdown"})
)
IDENTITY = VectorSet(
    "identity",
    IDENTITY_KINDS,
    ("uris", "foreign", "eye"),
    without_seed=frozenset({"uris", "foreign", "eye"}),
)
EXTENSIONS = VectorSet(
    "mls-extensions",
    EXTENSION_KINDS,
    GENERATED_EXTENSIONS,
    first_fields=("kind", "description", "cipher_suite"),
    suites=(1, 2, 3, 7),
    without_seed=frozenset({"app-acks"}),
)
POLICY = VectorSet(
    "policy", POLICY_KINDS, GENERATED_POLICY, without_seed=frozenset(GENERATED_POLICY)
)
PROTOCOL = VectorSet(
    "protocol",
    PROTOCOL_KINDS,
    GENERATED_PROTOCOL,
    suites=(1, 2, 3, 4, 5, 6, 7),
    without_seed=frozenset({"bodies", "directories", "requests", "responses"}),
    without_suite=frozenset({"bodies", "checks", "directories", "requests", "responses"}),
    other_suites={
        "transcript-example": (1,),
        "transcript-policy": (2,),
        "transcript-failures": (3,),
        "transcript-services": (4,),
    },
)

EVERY_SET = (MLS, CONTENT, IDENTITY, EXTENSIONS, POLICY, PROTOCOL)

OWN_FORMATS = EVERY_SET[1:]
"""The sets whose formats are described here; those of MLS have the published ones."""


def every_file_of(*sets: VectorSet) -> pytest.MarkDecorator:
    """A test for each file of some sets, which is told the set and the name of the file."""
    return pytest.mark.parametrize(
        ("of", "name"),
        [
            pytest.param(each, name, id=f"{each.name}-{name}")
            for each in sets
            for name in each.files
        ],
    )


def each_of(*sets: VectorSet) -> pytest.MarkDecorator:
    """A test for each of some sets."""
    return pytest.mark.parametrize("of", [pytest.param(each, id=each.name) for each in sets])
