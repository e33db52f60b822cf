"""The naive reading of identifiers, against every vector."""

import json
from pathlib import Path

import pytest
from naive.naive_eye import RULES, dangers
from naive.naive_foreign import READERS, from_mimi, to_mimi
from naive.naive_identity import fields_of_uri

VECTORS = Path(__file__).parents[2] / "vectors" / "identity"


def cases(file: str, least: int) -> list:
    content = json.loads((VECTORS / f"{file}.json").read_text("ascii"))
    assert len(content) >= least
    return [
        pytest.param(case, id=f"{number}-{case['description']}")
        for number, case in enumerate(content)
    ]


def given_and(case: dict, *given_fields: str) -> dict:
    """Give the fields of a case that are not given but found out."""
    return {name: case[name] for name in case if name not in {"kind", "description", *given_fields}}


@pytest.mark.parametrize("case", cases("uris", 120))
def test_uris_are_what_the_vectors_say(case: dict) -> None:
    assert fields_of_uri(case["uri"]) == given_and(case, "uri")


@pytest.mark.parametrize("case", cases("foreign", 120))
def test_identifiers_of_other_systems_are_what_the_vectors_say(case: dict) -> None:
    if case["text"] is None:
        fields = from_mimi(case["form"], case["mimi"], case["provider"])
        assert fields == given_and(case, "form", "provider", "text", "mimi")
    else:
        fields = to_mimi(case["form"], case["text"], case["provider"])
        assert fields == given_and(case, "form", "provider", "text")


@pytest.mark.parametrize("case", cases("eye", 90))
def test_dangers_are_what_the_vectors_say(case: dict) -> None:
    assert dangers(case["text"], case["known"]) == case["dangers"]


def test_every_form_and_every_danger_is_in_the_vectors() -> None:
    foreign = json.loads((VECTORS / "foreign.json").read_text("ascii"))
    assert {case["form"] for case in foreign} == set(READERS)
    eye = json.loads((VECTORS / "eye.json").read_text("ascii"))
    found = {danger["danger"] for case in eye for danger in case["dangers"]}
    assert found == {*RULES, "lookalike"}
