"""The verifier of MIMI content verifies: whatever is changed, it notices, and says where."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors.content_files import KIND_OF, Case, cases_of, every_file
from vectors.corruption import (
    changed,
    is_leaf,
    parts_of,
    path_of,
    pattern_of,
    removed,
    replaced,
    spread,
    steps_of,
    value_at,
)

from mimi.vectors import CONTENT_KINDS, DifferenceError, checked_fields, verify, verify_case
from mimi.vectors.checks.content import check_written
from mimi.vectors.generate import GENERATED_CONTENT

LIMIT = 6
"""How many fields of a pattern are changed in each case."""

UNNOTICED = {
    ("*", "description"): "it says what is remarkable, to people",
    ("content-refused", "content"): "another document may break the same rule",
    ("content-refused", "max_octets"): "it matters where it is exceeded",
    ("content-received", "now"): "it matters at the limits, as all times do",
    ("content-received", "accepted"): "see above",
    ("content-received", "room_created"): "see above",
    ("content-received", "format_published"): "see above",
    ("content-received", "known[]"): "it matters which ID is known, not which others are",
    ("content-reference", "content"): "what else the message says does not matter",
    ("content-reference", "uri"): "what is no reference means nothing in other words too",
    ("content-extension", "content"): "another message may be refused as well",
    ("content-extension", "key"): "see above",
    ("content-attachment", "content"): "what else the message says does not matter",
    ("content-attachment", "fetched"): "other octets may be refused as well",
    ("content-attachment", "now"): "it matters at the limit",
    ("content-attachment", "max_octets"): "it matters at the limit",
    ("content-conversation", "moderators[]"): "it matters where they do something",
    ("content-conversation", "now"): "it matters at an expiry",
    ("content-conversation", "readings[].at"): "the first one counts, for relative expiries",
    ("content-conversation", "arrivals[].accepted"): "only the order of some messages matters",
    ("content-conversation", "reports[].accepted"): "see above",
    ("content-conversation", "reports[].report[][]"): "some statuses make no sense, and are passed",
    ("content-conversation", "reports[].sender"): "see above",
    ("content-choose", "content"): "what else the message says does not matter",
    ("content-choose", "media_types[]"): "a type may be none of those that were chosen",
    ("content-choose", "languages[]"): "a language may be none of those that were chosen",
    ("content-markdown", "members[]"): "it matters where there is a mention",
}
"""Given fields of which another value may be as good, and why."""


def others(value: Any) -> list[Any]:
    """Other values of the same type, and another type for null."""
    if isinstance(value, bool):
        return [not value]
    if value is None:
        return [0, "00"]
    if isinstance(value, int):
        return [value + 1, abs(value - 1)]
    return [changed(value)]


def is_unnoticed(kind: str, pattern: str) -> bool:
    return (kind, pattern) in UNNOTICED or ("*", pattern) in UNNOTICED


def leaves_of(case: Case, number: int) -> list[str]:
    paths = [path_of(steps) for steps, value in parts_of(case) if is_leaf(value)]
    return spread(paths, number, LIMIT)


@every_file
def test_a_checked_field_that_is_changed_is_named(name):
    kind = KIND_OF[name]
    wrong = []
    for number, case in enumerate(cases_of(name)):
        fields = [field for field, _ in checked_fields(kind, case)]
        for field in spread(fields, number, LIMIT):
            for other in others(value_at(case, steps_of(field))):
                failure = verify_case(kind, replaced(case, steps_of(field), other), number)
                if failure is None or failure.field != field:
                    wrong.append((number, field, failure and str(failure)))
    assert wrong == []


@every_file
def test_every_field_that_is_changed_is_noticed(name):
    kind = KIND_OF[name]
    unnoticed = []
    for number, case in enumerate(cases_of(name)):
        for field in leaves_of(case, number):
            if is_unnoticed(kind.name, pattern_of(field)):
                continue
            unnoticed += [
                (number, field, other)
                for other in others(value_at(case, steps_of(field)))
                if verify_case(kind, replaced(case, steps_of(field), other)) is None
            ]
    assert unnoticed == []


@pytest.mark.parametrize(("name", "pattern"), [key for key in UNNOTICED if key[0] != "*"])
def test_every_field_is_noticed_somewhere(name, pattern):
    (kind,) = (kind for kind in CONTENT_KINDS if kind.name == name)
    for number, case in enumerate(cases_of(kind.files[0])):
        for field in leaves_of(case, number):
            if pattern_of(field) != pattern:
                continue
            for other in others(value_at(case, steps_of(field))):
                if verify_case(kind, replaced(case, steps_of(field), other)) is not None:
                    return
    raise AssertionError(f"nothing depends on {pattern}")


SHORTER = {
    ("content-received", "known"): "it matters which ID is known, not which others are",
    ("content-conversation", "moderators"): "it matters where they do something",
    ("content-conversation", "readings"): "the first one counts, for relative expiries",
    ("content-conversation", "reports"): "of messages that never arrive nothing is seen",
    ("content-conversation", "reports[].report"): "some statuses make no sense, and are passed",
    ("content-conversation", "orders"): "each of them gives the same view",
    ("content-choose", "media_types"): "what is left out may be none of those that were chosen",
    ("content-choose", "languages"): "the same",
    ("content-markdown", "members"): "it matters where there is a mention",
}
"""Lists of which a shorter one may be as good, and why."""


@every_file
def test_a_list_that_is_cut_is_noticed(name):
    kind = KIND_OF[name]
    for number, case in enumerate(cases_of(name)):
        lists = [path_of(steps) for steps, value in parts_of(case) if isinstance(value, list)]
        for field in spread(lists, number, LIMIT):
            value = value_at(case, steps_of(field))
            if (kind.name, pattern_of(field)) not in SHORTER and value:
                shorter = replaced(case, steps_of(field), value[:-1])
                assert verify_case(kind, shorter) is not None, (number, field)


WRONG = ({"x": 1}, ["zz"], True, -1, 1.5, "zz", " 00", "\ud800")


@every_file
def test_a_value_of_the_wrong_type_is_named(name):
    kind = KIND_OF[name]
    for number, case in enumerate(cases_of(name)[::5]):
        fields = [path_of(steps) for steps, _ in parts_of(case)]
        for field in spread(fields, number, 2):
            value = value_at(case, steps_of(field))
            for other in WRONG:
                if is_fine(kind.name, field, value, other):
                    continue
                failure = verify_case(kind, replaced(case, steps_of(field), other))
                assert failure is not None, (field, other)
                assert is_at(failure.field, field, other), (field, other, str(failure))


def is_fine(kind: str, field: str, value: Any, other: Any) -> bool:
    """Whether a value is of the type that a field has, or may have."""
    is_key = field == "key" and kind == "content-extension"
    if isinstance(other, str) and (is_key or isinstance(value, str)):
        return other != "\ud800"
    return type(value) is type(other)


def is_at(named: str, field: str, other: Any) -> bool:
    """Whether a failure names a field, or what in it is wrong."""
    return named == field or (isinstance(other, dict) and named.startswith(f"{field}."))


@every_file
def test_a_field_that_is_missing_is_named(name):
    kind = KIND_OF[name]
    for case in cases_of(name)[::5]:
        for steps, _ in parts_of(case):
            if isinstance(steps[-1], str) and len(steps) < 5:
                failure = verify_case(kind, removed(case, steps))
                assert failure is not None
                named = failure.field, failure.expected, failure.got
                assert named == (path_of(steps), "a value", "nothing")


@every_file
def test_a_field_too_many_is_named(name):
    kind = KIND_OF[name]
    for case in cases_of(name)[::5]:
        for steps, value in parts_of(case):
            if isinstance(value, dict) and len(steps) < 4:
                failure = verify_case(kind, replaced(case, steps, value | {"more": 1}))
                assert failure is not None
                assert failure.field == f"{path_of(steps)}.more"


def test_another_kind_is_named():
    for name, kind in KIND_OF.items():
        case = cases_of(name)[0]
        for other in ("content-messages", "", 1, None):
            failure = verify_case(kind, case | {"kind": other})
            assert failure is not None
            assert failure.field == "kind"
    report = verify("x", json.dumps([{**cases_of("salts")[0], "kind": "content-pepper"}]).encode())
    assert report.problem == "no known kind of vector"


def test_what_is_written_otherwise_is_named():
    check_written(b"\x80", b"\x80")
    for field in ("content", "fetched"):
        with pytest.raises(DifferenceError) as caught:
            check_written(b"\x80", b"\x81", field)
        named = caught.value.field, caught.value.expected, caught.value.got
        assert named == (field, "80", "81")


def test_an_attachment_is_an_external_part():
    case = cases_of("attachments")[0]
    other = next(each for each in cases_of("messages") if each["parts"] == 3)
    failure = verify_case(KIND_OF["attachments"], case | {"content": other["content"]})
    assert failure is not None
    named = failure.field, failure.expected, failure.got
    assert named == ("content", "an ExternalPart", "MultiPart")


def test_an_extension_without_a_meaning_here_has_none():
    message = next(case for case in cases_of("messages") if case["message"]["extensions"])
    key = message["message"]["extensions"][0][0]
    case = {**cases_of("extensions")[0], "content": message["content"], "key": key, "value": None}
    assert verify_case(KIND_OF["extensions"], case) is None
    failure = verify_case(KIND_OF["extensions"], case | {"key": 999})
    assert failure is not None
    assert (failure.field, failure.got) == ("key", "nothing")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    scalars | st.binary().map(bytes.hex) | st.sampled_from(["\ud800", "00", "zz", 1 << 64]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(deadline=None, max_examples=400)
@given(data=st.data(), name=st.sampled_from(GENERATED_CONTENT))
def test_nothing_in_a_case_makes_the_verifier_raise(data, name):
    case = data.draw(st.sampled_from(cases_of(name)))
    places = [steps for steps, _ in parts_of(case)]
    for steps in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=3)):
        try:
            case = replaced(case, steps, data.draw(values))
        except (TypeError, AttributeError, LookupError):
            continue  # what the place lay in is replaced already
    report = verify("some.json", json.dumps([case]).encode())
    json.dumps(report.as_json())
    assert report.passed + report.failed == report.cases
