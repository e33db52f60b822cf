"""The naive reading of the drafts against the transcripts of the project."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from naive.naive_transcript import check_transcript

VECTORS = Path(__file__).parents[2] / "vectors" / "protocol"
NAMES = ("example", "policy", "failures", "services")

every_transcript = pytest.mark.parametrize("name", NAMES)


@cache
def case_of(name: str) -> dict:
    (case,) = json.loads((VECTORS / f"transcript-{name}.json").read_text(encoding="utf-8"))
    return case


def test_these_are_all_transcripts() -> None:
    assert {path.stem for path in VECTORS.glob("transcript-*.json")} == {
        f"transcript-{name}" for name in NAMES
    }


@every_transcript
def test_transcripts_agree(name: str) -> None:
    check_transcript(case_of(name))


@every_transcript
def test_there_are_three_providers_and_their_devices(name: str) -> None:
    case = case_of(name)
    assert len(case["providers"]) >= 3
    homes = {one["uri"].removeprefix("mimi://").partition("/")[0] for one in case["devices"]}
    assert homes == {one["domain"] for one in case["providers"]}


def test_each_transcript_is_in_a_cipher_suite_of_its_own() -> None:
    assert len({case_of(name)["cipher_suite"] for name in NAMES}) == len(NAMES)


def replaced(value: Any, path: tuple, other: Any) -> Any:
    """A copy in which something else stands at a path; everything else is shared."""
    if not path:
        return other
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], other)
    return copy


def flipped(octets: str) -> str:
    if not octets:
        return "00"
    half = len(octets) // 4 * 2
    return octets[:half] + f"{int(octets[half : half + 2], 16) ^ 1:02x}" + octets[half + 2 :]


def is_noticed(case: dict) -> bool:
    try:
        check_transcript(case)
    except AssertionError:
        return True
    return False


def steps_with(case: dict, name: str) -> list[int]:
    """Some steps in which a list is not empty: the first ones and the last."""
    found = [at for at, step in enumerate(case["steps"]) if step.get(name)]
    return sorted({*found[:4], *found[-2:]})


@every_transcript
@pytest.mark.parametrize(
    ("lists", "field"),
    [
        ("hosted", "tree_hash"),
        ("hosted", "confirmed_transcript_hash"),
        ("rooms", "tree_hash"),
        ("rooms", "confirmed_transcript_hash"),
        ("rooms", "epoch_authenticator"),
        ("messages", "message_id"),
        ("messages", "content"),
    ],
)
def test_another_outcome_is_noticed(name: str, lists: str, field: str) -> None:
    for at in steps_with(case_of(name), lists):
        known = case_of(name)["steps"][at][lists][0][field]
        path = ("steps", at, lists, 0, field)
        assert is_noticed(replaced(case_of(name), path, flipped(known))), at


@every_transcript
@pytest.mark.parametrize(
    ("lists", "field"),
    [
        ("rooms", "epoch"),
        ("rooms", "pending"),
        ("rooms", "waiting"),
        ("messages", "accepted"),
    ],
)
def test_another_number_is_noticed(name: str, lists: str, field: str) -> None:
    for at in steps_with(case_of(name), lists):
        known = case_of(name)["steps"][at][lists][0][field]
        path = ("steps", at, lists, 0, field)
        assert is_noticed(replaced(case_of(name), path, known + 1)), at


NOT_READ = ("keyMaterial", "identifierQuery", "reportAbuse", "requestConsent", "updateConsent")
"""What is asked for at these is not read here beyond its form."""


def is_decided(step: dict) -> bool:
    """Whether a step is a request of a message, a commit or a notification that arrives."""
    if step["kind"] != "request" or step["is_lost"] or not step["body"]:
        return False
    return not any(endpoint in step["target"] for endpoint in (*NOT_READ, "groupInfo"))


@every_transcript
def test_another_body_is_noticed(name: str) -> None:
    steps = case_of(name)["steps"]
    chosen = [at for at, step in enumerate(steps) if is_decided(step)]
    for at in chosen[:: max(1, len(chosen) // 12)]:
        other = flipped(steps[at]["body"])
        assert is_noticed(replaced(case_of(name), ("steps", at, "body"), other)), at


@every_transcript
def test_a_notification_that_is_missing_is_noticed(name: str) -> None:
    """What was accepted is told to every provider that takes part: by no other name."""
    steps = case_of(name)["steps"]
    chosen = [
        at
        for at, step in enumerate(steps)
        if step["kind"] == "request" and "/notify/" in step["target"] and not step["is_lost"]
    ]
    for at in chosen[:: max(1, len(chosen) // 8)]:
        other = steps[at]["target"].replace("notify", "update")
        assert is_noticed(replaced(case_of(name), ("steps", at, "target"), other)), at
