"""The naive reading of the extensions of MLS against the vectors of the project."""

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


# what comes out of a case, by kind
RESULTS = {
    "signing": ("operation_label", "signature_pub", "rule"),
    "encryption": ("operation_label", "public_key", "plaintext", "rule"),
    "export": ("application_export_secret",),
    "psk": ("psk_secret", "rule"),
    "dictionary": ("components", "rule"),
    "update": ("calls", "extensions", "rule"),
    "safe-aad": ("framed", "items", "rule"),
    "message-id": ("message_id", "stated", "rule"),
    "framing": ("framed", "media_type", "content", "rule"),
    "negotiation": ("leaf", "value", "rule"),
    "app-ack": ("app_ack", "lost", "rule"),
    "self-remove": ("leaf_index", "proposal_ref", "rule", "member_rule"),
    "last-resort": ("last_resort", "rule"),
    "multi-credential": ("leaf", "rule"),
    "semi-private": ("content", "member_rule"),
    "tree-option": ("representation", "ratchet_tree", "url", "rule"),
    "partial-group-info": ("group_info", "rule"),
    "group": ("initial_epoch_authenticator",),
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


@pytest.mark.parametrize("kind", KINDS)
def test_other_results_disagree(kind: str) -> None:
    unnoticed = [
        (case["description"], name)
        for case in read_cases(kind)
        if case["cipher_suite"] == 1
        for name in RESULTS[kind]
        if accepts({**case, name: spoiled(case[name])})
    ]
    assert not unnoticed, "changes that the check lets pass"
