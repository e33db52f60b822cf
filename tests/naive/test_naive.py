"""The naive reading of RFC 9420 against the project's vectors, and published ones if at hand."""

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from naive.naive_crypto import SUITES
from naive.naive_mls import KINDS
from naive.naive_wire import OPAQUE, PROPOSAL_STRUCT, U8, decode, optional, vector

OWN = Path(__file__).parents[2] / "vectors" / "mls"
SOURCES = [pytest.param(OWN, id="own")]
if "MIMI_PUBLISHED_VECTORS" in os.environ:
    PUBLISHED = Path(os.environ["MIMI_PUBLISHED_VECTORS"]) / "mls"
    SOURCES.append(pytest.param(PUBLISHED, id="published"))

# of the large published files only every tenth case is run
PUBLISHED_STEPS = {"tree-validation": 10, "treekem": 10, "messages": 10}

MOST_MUTATIONS = 100

# a client that is followed through hundreds of epochs is spoiled in the first of them
MOST_EPOCHS = 24


def read_cases(source: Path, kind: str) -> list[dict]:
    cases = json.loads((source / f"{kind}.json").read_text(encoding="utf-8"))
    assert cases, f"{kind}.json holds no case"
    return cases


def scalars(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Give the paths to all numbers, strings and nulls of a case."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from scalars(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from scalars(inner, (*path, index))
    else:
        yield path


def spoil(kind: str, name: str, value: Any) -> Any:
    """Give another value that a check of this kind must not accept."""
    if name == "cipher_suite":
        same_hash = {number for number in SUITES if SUITES[number][3] == SUITES[value][3]}
        return min(set(SUITES) - same_hash)
    if isinstance(value, int):
        return value + 1
    if not value:
        return 0 if kind == "tree-math" else "00"
    if kind == "messages":  # only the syntax is checked, and most octets may be any
        return value[:-2]
    at = 0 if name == "ciphertext" else len(value) - 1  # only its beginning is a sample
    digit = f"{int(value[at], 16) ^ 1:x}" if value[at] in "0123456789abcdef" else "0"
    return value[:at] + digit + value[at + 1 :]


def is_checked(kind: str, case: dict, name: str) -> bool:
    if (kind, name) == ("tree-operations", "proposal_sender"):
        return case["proposal"].startswith("0002")  # only an update depends on its sender
    return True


def with_other(case: dict, path: tuple, value: Any) -> dict:
    other = copy.deepcopy(case)
    inner: Any = other
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return other


def accepts(kind: str, case: dict) -> bool:
    try:
        KINDS[kind](case)
    except AssertionError:
        return False
    return True


def test_own_vectors_are_of_all_kinds() -> None:
    stems = {path.stem for path in OWN.glob("*.json")}
    assert not set(KINDS) - stems, "kinds without a file"
    assert not stems - set(KINDS), "files of no known kind"


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", KINDS)
def test_vectors_agree(source: Path, kind: str) -> None:
    cases = read_cases(source, kind)
    step = 1 if source == OWN else PUBLISHED_STEPS.get(kind, 1)
    disagreements = {}
    for number in range(0, len(cases), step):
        try:
            KINDS[kind](cases[number])
        except AssertionError as error:
            disagreements[number] = str(error)
    assert not disagreements


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", KINDS)
def test_spoiled_vectors_disagree(source: Path, kind: str) -> None:
    cases = sorted(read_cases(source, kind), key=lambda case: len(json.dumps(case)))
    case = cases[len(cases) // 2]
    if "epochs" in case:
        case["epochs"] = case["epochs"][:MOST_EPOCHS]
    assert accepts(kind, case)
    paths = []
    for path in scalars(case):
        name = [step for step in path if isinstance(step, str)][-1]
        if is_checked(kind, case, name):
            paths.append((path, name))
    unnoticed = []
    for path, name in paths[:: 1 + len(paths) // MOST_MUTATIONS]:
        value = case
        for step in path:
            value = value[step]
        if accepts(kind, with_other(case, path, spoil(kind, name, value))):
            unnoticed.append(path)
    assert not unnoticed, "changes that the check lets pass"


@pytest.mark.parametrize(
    ("codec", "octets"),
    [
        pytest.param(OPAQUE, "0561", id="too short"),
        pytest.param(OPAQUE, "016161", id="too long"),
        pytest.param(OPAQUE, "400161", id="length not shortest"),
        pytest.param(OPAQUE, "8000000161", id="length not shortest in four octets"),
        pytest.param(OPAQUE, "c000000161", id="length with prefix 11"),
        pytest.param(optional(U8), "0261", id="presence octet 2"),
        pytest.param(vector(optional(U8)), "0101", id="item beyond its vector"),
        pytest.param(PROPOSAL_STRUCT, "000800000000", id="unknown proposal"),
    ],
)
def test_malformed_octets_are_refused(codec: Any, octets: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode(codec, bytes.fromhex(octets))
