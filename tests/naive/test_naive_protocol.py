"""The naive reading of the protocol between providers against the vectors of the project."""

import json
from pathlib import Path

import pytest
from naive.naive_protocol import KINDS, PREFIX, check_case

VECTORS = Path(__file__).parents[2] / "vectors" / "protocol"
OF_SUITES = {
    *(
        "key-material-request",
        "key-material-response",
        "frank",
        "franking-agent",
        "group-info-request",
    ),
    *("group-info-response", "report", "identity-link"),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def read_cases(kind: str) -> list[dict]:
    stem, _ = KINDS[kind]
    return json.loads((VECTORS / f"{stem}.json").read_text(encoding="utf-8"))


def test_every_file_is_of_a_kind() -> None:
    files = {path.stem for path in VECTORS.glob("*.json") if "transcript" not in path.stem}
    assert files == {stem for stem, _ in KINDS.values()}


@every_kind
def test_there_are_good_cases_and_bad_ones(kind: str) -> None:
    cases = read_cases(kind)
    assert {case["kind"] for case in cases} == {PREFIX + kind}
    broken = {case.get("rule", case.get("at")) for case in cases}
    assert None in broken
    assert len(broken) > 1
    assert {case.get("cipher_suite") for case in cases} == (
        set(range(1, 8)) if kind in OF_SUITES else {None}
    )


@every_kind
def test_vectors_agree(kind: str) -> None:
    disagreements = {}
    for number, case in enumerate(read_cases(kind)):
        try:
            check_case(case)
        except AssertionError as error:
            disagreements[number] = f"{case['description']}: {error}"
    assert not disagreements


# what comes out of a case, by kind
RESULTS = {
    "body": ("value", "at"),
    "check": ("result", "rule"),
    "directory": ("endpoints", "rule"),
    "request": ("endpoint", "parameter", "source", "rule", "status", "allow", "url"),
    "response": ("outcome", "structure", "retry_after", "is_final", "rule"),
    "key-material-request": ("tbs", "verified_by", "rule"),
    "key-material-response": ("references", "rule"),
    "frank": ("salt", "context", "server_frank", "tbs", "rule"),
    "franking-agent": ("after", "rule"),
    "group-info-request": ("tbs", "rule"),
    "group-info-response": ("tbs", "opened", "rule"),
    "report": ("franking_tag", "context", "rule"),
    "identity-link": ("tbs", "rule"),
}


def spoiled(value: object) -> object:
    """Give another value than that which comes out."""
    if value is None:
        return "malformed"
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return value + "00" if isinstance(value, str) else None


def accepts(case: dict) -> bool:
    try:
        check_case(case)
    except AssertionError:
        return False
    return True


@every_kind
def test_other_results_disagree(kind: str) -> None:
    unnoticed = [
        (case["description"], name)
        for case in read_cases(kind)
        if case.get("cipher_suite", 1) == 1
        for name in RESULTS[kind]
        if (name, case[name]) != ("url", None) and accepts({**case, name: spoiled(case[name])})
    ]
    assert not unnoticed, "changes that the check lets pass"
