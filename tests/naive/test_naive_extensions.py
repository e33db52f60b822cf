"""The naive reading of the extensions of MLS against the vectors of the project."""

import copy
import json
from pathlib import Path

import pytest
from naive.naive_extension_groups import KINDS, PREFIX, check_case

VECTORS = Path(__file__).parents[2] / "vectors" / "mls-extensions"
SUITES = {1, 2, 3, 7}


def read_cases(kind: str) -> list[dict]:
    stem, _ = KINDS[kind]
    return json.loads((VECTORS / f"{stem}.json").read_text(encoding="utf-8"))


def test_every_file_is_of_a_kind() -> None:
    assert {path.stem for path in VECTORS.glob("*.json")} == {stem for stem, _ in KINDS.values()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_suite_has_good_cases_and_bad_ones(kind: str) -> None:
    cases = read_cases(kind)
    assert {case["kind"] for case in cases} == {PREFIX + kind}
    assert {case["cipher_suite"] for case in cases} == SUITES
    for suite in SUITES:
        of_suite = json.dumps([case for case in cases if case["cipher_suite"] == suite])
        assert 'rule": null' in of_suite or 'refused": []' in of_suite
        assert 'rule": "' in of_suite


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_agree(kind: str) -> None:
    disagreements = {}
    for number, case in enumerate(read_cases(kind)):
        try:
            check_case(case)
        except AssertionError as error:
            disagreements[number] = f"{case['description']}: {error}"
    assert not disagreements


def is_octets(value: object) -> bool:
    digits = set("0123456789abcdef")
    return isinstance(value, str) and len(value) % 2 == 0 and bool(value) and set(value) <= digits


def with_last_bit_turned(case: dict, name: str) -> dict:
    other = copy.deepcopy(case)
    other[name] = case[name][:-1] + f"{int(case[name][-1], 16) ^ 1:x}"
    return other


def accepts(case: dict) -> bool:
    try:
        check_case(case)
    except AssertionError:
        return False
    return True
