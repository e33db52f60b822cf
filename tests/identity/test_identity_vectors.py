"""The vectors of identifiers: what they cover, and that a wrong expectation is noticed."""

import json
from pathlib import Path

import pytest

from mimi.identity import FORMS
from mimi.vectors.case import Case, DifferenceError
from mimi.vectors.checks.identity import (
    RULES,
    TYPE_NAMES,
    check_eye,
    check_foreign,
    check_uri,
    missing,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "identity"
CHECKS = {"uris": check_uri, "foreign": check_foreign, "eye": check_eye}
GIVEN = {
    "uris": {"kind", "uri"},
    "foreign": {"kind", "form", "text", "mimi", "provider"},
    "eye": {"kind", "text", "known"},
}


def cases_of(file):
    cases = json.loads((VECTORS / f"{file}.json").read_text("ascii"))
    assert cases
    return cases


@pytest.fixture(params=CHECKS)
def file(request):
    return request.param


def test_a_case_stands_once(file):
    cases = cases_of(file)
    given_fields = GIVEN[file]
    shown = [
        json.dumps({name: case[name] for name in given_fields if name in case}) for case in cases
    ]
    assert len(set(shown)) == len(shown)


def test_every_wrong_expectation_is_noticed(file):
    for case in cases_of(file):
        for field in set(case) - GIVEN[file] - {"description"}:
            value = case[field]
            if isinstance(value, list) and (not value or isinstance(value[0], str)):
                other = [*value, "x"]
            elif isinstance(value, list):
                other = value[:-1]
            else:
                other = f"{value}." if isinstance(value, str) else (value or 0) + 1
            with pytest.raises(DifferenceError):
                CHECKS[file](Case(case | {field: other}))


def test_every_rule_form_and_type_is_there():
    rules = {case["rule"] for file in ("uris", "foreign") for case in cases_of(file)}
    assert rules - {None} == set(RULES)
    assert {case["form"] for case in cases_of("foreign")} == set(FORMS)
    assert {case["type"] for case in cases_of("uris")} - {None} == set(TYPE_NAMES.values())


def test_there_are_as_many_as_promised():
    accepted = [case for case in cases_of("uris") if case["rule"] is None]
    assert len(cases_of("uris")) + len(cases_of("foreign")) >= 120
    assert len(accepted) >= 50


def test_an_unknown_form_is_a_failure_of_the_case():
    with pytest.raises(DifferenceError) as difference:
        check_foreign(Case(cases_of("foreign")[0] | {"form": "icq"}))
    assert difference.value.field == "form"


def test_the_extra_is_installed():
    assert missing() == ""


def test_the_readme_names_every_field_rule_form_and_danger():
    readme = (VECTORS / "README.md").read_text("utf-8")
    fields = {field for file in CHECKS for field in cases_of(file)[0]}
    dangers = {danger["danger"] for case in cases_of("eye") for danger in case["dangers"]}
    for name in {*fields, *RULES, *FORMS, *dangers, *TYPE_NAMES.values()}:
        assert f"`{name}`" in readme, name
