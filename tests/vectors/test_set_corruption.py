"""The verifier verifies: whatever is changed in a set of vectors, it notices, and says where."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors.changes import WRONG, others
from vectors.content_changes import CHANGES as CONTENT_CHANGES
from vectors.corruption import (
    parts_of,
    path_of,
    pattern_of,
    removed,
    replaced,
    spread,
    steps_of,
    value_at,
)
from vectors.extension_changes import CHANGES as EXTENSION_CHANGES
from vectors.protocol_changes import CHANGES as PROTOCOL_CHANGES
from vectors.sets import OWN_FORMATS, each_of, every_file_of
from vectors.vandalism import vandalised, verify_vandalised

from mimi.vectors import verify, verify_case

ALL = (CONTENT_CHANGES, EXTENSION_CHANGES, PROTOCOL_CHANGES)

every_file = pytest.mark.parametrize(
    ("changes", "name"),
    [
        pytest.param(changes, name, id=f"{changes.of.name}-{name}")
        for changes in ALL
        for name in changes.of.files
    ],
)
every_exception = pytest.mark.parametrize(
    ("changes", "kind", "pattern"),
    [
        pytest.param(changes, kind, pattern, id=f"{kind}-{pattern}")
        for changes in ALL
        for kind, pattern in changes.unnoticed
        if kind != "*"
    ],
)


@every_file
def test_a_checked_field_that_is_changed_is_named(changes, name):
    kind, wrong = changes.of.kind_of[name], []
    for number, case in changes.some_of(name):
        for field in spread(changes.named(kind, case), number, changes.limit):
            for other in others(value_at(case, steps_of(field))):
                failure = verify_case(kind, replaced(case, steps_of(field), other), number)
                if failure is None or failure.field != field:
                    wrong.append((number, field, failure and str(failure)))
    assert wrong == []


@every_file
def test_every_field_that_is_changed_is_noticed(changes, name):
    kind, unnoticed = changes.of.kind_of[name], []
    for number, case in changes.some_of(name):
        if changes.is_free(name, case):
            continue
        for field in changes.leaves_of(case, number):
            if changes.is_unnoticed(kind, pattern_of(field)):
                continue
            unnoticed += [
                (number, field, other)
                for other in others(value_at(case, steps_of(field)))
                if verify_case(kind, replaced(case, steps_of(field), other)) is None
            ]
    assert unnoticed == []


@every_exception
def test_every_field_is_noticed_somewhere(changes, kind, pattern):
    (file,) = (file for file, each in changes.of.kind_of.items() if each.name == kind)
    for number, case in enumerate(changes.of.cases_of(file)):
        for field in changes.leaves_of(case, number):
            if pattern_of(field) != pattern:
                continue
            for other in changes.others_somewhere(value_at(case, steps_of(field))):
                changed_case = replaced(case, steps_of(field), other)
                if verify_case(changes.of.kind_of[file], changed_case) is not None:
                    return
    raise AssertionError(f"nothing depends on {pattern}")


@every_file
def test_a_value_of_the_wrong_type_is_named(changes, name):
    kind = changes.of.kind_of[name]
    for turn, (_, case) in enumerate(changes.some_of(name)[::5]):
        fields = [path_of(steps) for steps, _ in parts_of(case)]
        for field in spread(fields, turn, changes.limit_of_types):
            value = value_at(case, steps_of(field))
            for other in WRONG:
                if changes.may_be(kind, field, value, other):
                    continue
                failure = verify_case(kind, replaced(case, steps_of(field), other))
                assert failure is not None, (field, other)
                assert is_at(failure.field, field, other), (field, other, str(failure))


def is_at(named, field, other):
    """Whether a failure names a field, or what in it is wrong."""
    return named == field or (isinstance(other, dict) and named.startswith(f"{field}."))


FOR_PEOPLE = {"sentences[]", "sentences[].section", "sentences[].sentence"}
"""What a decision is due to, in the words of the draft: nothing is computed from it."""


def every_fifth_of(of, name):
    """Some cases of a file, those of a decision table or a scenario with the beginning of it."""
    for case in of.cases_of(name)[::5]:
        cut = {part: case[part][:most] for part, most in MOST.items() if part in case}
        yield case | cut


MOST = {"rows": 5, "steps": 20}
"""How many rows of a table, and steps of a scenario."""


@every_file_of(*OWN_FORMATS)
def test_a_field_that_is_missing_is_named(of, name):
    kind = of.kind_of[name]
    for case in every_fifth_of(of, name):
        fields = [path_of(steps) for steps, _ in parts_of(case) if isinstance(steps[-1], str)]
        for field in fields:
            if pattern_of(field) not in FOR_PEOPLE:
                failure = verify_case(kind, removed(case, steps_of(field)))
                assert failure is not None, field
                named = failure.field, failure.expected, failure.got
                assert named == (field, "a value", "nothing"), str(failure)


@every_file_of(*OWN_FORMATS)
def test_a_field_too_many_is_named(of, name):
    kind = of.kind_of[name]
    for case in every_fifth_of(of, name):
        fields = [path_of(steps) for steps, value in parts_of(case) if isinstance(value, dict)]
        for field in fields:
            if pattern_of(field) not in FOR_PEOPLE:
                more = value_at(case, steps_of(field)) | {"more": 1}
                failure = verify_case(kind, replaced(case, steps_of(field), more))
                assert failure is not None, field
                assert failure.field == f"{field}.more"


@each_of(*OWN_FORMATS)
def test_another_kind_is_named(of):
    for name, kind in of.kind_of.items():
        case = of.cases_of(name)[0]
        for other in (f"{kind.name}s", f"{of.name}-poll", "", 1, None):
            failure = verify_case(kind, case | {"kind": other})
            assert failure is not None
            assert failure.field == "kind"
        report = verify("x", json.dumps([case | {"kind": f"{of.name}-poll"}]).encode())
        assert report.problem == "no known kind of vector"


@each_of(*OWN_FORMATS)
def test_nothing_in_a_case_makes_the_verifier_raise(of):
    @settings(deadline=None, max_examples=400)
    @given(data=st.data(), name=st.sampled_from(of.files))
    def holds(data, name):
        verify_vandalised(data.draw(vandalised(st.sampled_from(of.cases_of(name)))))

    holds()
