"""The vector files that tests read, and changing one value in them at a time."""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from mimi.vectors import MLS_KINDS, Kind

OWN = Path(__file__).parents[2] / "vectors" / "mls"
PUBLISHED = (
    Path(os.environ["MIMI_PUBLISHED_VECTORS"]) / "mls"
    if "MIMI_PUBLISHED_VECTORS" in os.environ
    else None
)

KIND_OF = {file: kind for kind in MLS_KINDS for file in kind.files}
"""The kinds of all files, by the names of the files without ``.json``."""

FILES = {f"own-{name}": OWN / f"{name}.json" for name in KIND_OF} | (
    {}
    if PUBLISHED is None
    else {f"published-{name}": PUBLISHED / f"{name}.json" for name in KIND_OF}
)
"""Every file of vectors. That one is missing shows when it is read."""

MOST_EPOCHS = 24
"""As many epochs are changed: a published case has 200, and all before are verified every time."""

Steps = tuple[str | int, ...]

LARGEST = (1 << 64) - 1


@cache
def cases_of(path: Path) -> tuple[dict[str, Any], ...]:
    """The cases of a file, of which there is at least one, with at most `MOST_EPOCHS` each."""
    cases = json.loads(path.read_bytes())
    assert cases, f"{path} holds no cases"
    return tuple(
        case | {"epochs": case["epochs"][:MOST_EPOCHS]} if "epochs" in case else case
        for case in cases
    )


def kind_of_file(path: Path) -> Kind:
    return KIND_OF[path.stem]


def of_each_suite(path: Path) -> list[list[dict[str, Any]]]:
    """The cases of a file, those of each cipher suite by themselves, the smallest first."""
    suites: dict[int | None, list[dict[str, Any]]] = {}
    for case in cases_of(path):
        suites.setdefault(case.get("cipher_suite"), []).append(case)
    return [sorted(cases, key=lambda case: len(str(case))) for cases in suites.values()]


def smallest(path: Path) -> list[dict[str, Any]]:
    """The smallest case of each cipher suite in a file."""
    return [cases[0] for cases in of_each_suite(path)]


def typical(path: Path) -> list[dict[str, Any]]:
    """A case of middle size of each cipher suite in a file."""
    return [cases[len(cases) // 2] for cases in of_each_suite(path)]


def steps_of(path: str) -> Steps:
    """The keys and indices of a path such as ``epochs[2].joiner_secret``."""
    matches = re.finditer(r"\[(\d+)\]|([^.\[\]]+)", path)
    return tuple(match[2] if match[1] is None else int(match[1]) for match in matches)


def path_of(steps: Steps) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(
        "."
    )


def pattern_of(path: str) -> str:
    """A path without its indices: what the fields of all epochs have in common."""
    return re.sub(r"\[\d+\]", "[]", path)


def value_at(case: Any, steps: Steps) -> Any:
    for step in steps:
        case = case[step]
    return case


def replaced(case: Any, steps: Steps, value: Any) -> Any:
    """A copy of a case with one value replaced; everything else is shared."""
    if not steps:
        return value
    copy = case.copy()
    copy[steps[0]] = replaced(case[steps[0]], steps[1:], value)
    return copy


def removed(case: Any, steps: Steps) -> Any:
    """A copy of a case without one field."""
    *outer, name = steps
    inner = value_at(case, tuple(outer))
    return replaced(case, tuple(outer), {key: inner[key] for key in inner if key != name})


def parts_of(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Every value inside of a JSON value, with its place."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for step, part in inner:
        yield (*steps, step), part
        if isinstance(part, dict | list):
            yield from parts_of(part, (*steps, step))


def is_leaf(value: Any) -> bool:
    return not isinstance(value, dict | list)


def is_hex(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("(?:[0-9a-f]{2})*", value) is not None


def changed(value: Any) -> Any:
    """Another value of the same type: of octets, one bit in the middle differs.

    X25519, X448 and their like ignore some bits of a private key, but none in the middle.
    """
    match value:
        case None:
            return "00"
        case int():
            return value ^ 1
        case list():
            return [*value, 0]
        case "":
            return "00"
        case str() if is_hex(value):
            octets = bytearray.fromhex(value)
            octets[len(octets) // 2] ^= 1
            return octets.hex()
        case str():
            return f"{value}."


def malformed(value: Any) -> list[Any]:
    """Values of the same type that are not well-formed."""
    if isinstance(value, int):
        return [LARGEST]
    return [value[:-2], f"{value}00"]


def spread(paths: list[str], number: int, limit: int) -> list[str]:
    """Some of many paths: of each pattern at most *limit*, other ones in each case."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault(pattern_of(path), []).append(path)
    chosen = []
    for group in groups.values():
        stride = max(1, len(group) // limit)
        chosen += group[number % stride :: stride][:limit]
    return chosen
