"""What the verifier notices in the vectors of MIMI content alone."""

import pytest
from vectors.content_changes import CHANGES
from vectors.corruption import parts_of, path_of, pattern_of, replaced, spread, steps_of, value_at
from vectors.sets import CONTENT

from mimi.vectors import DifferenceError, verify_case
from mimi.vectors.checks.content import check_written

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


@CONTENT.every_file
def test_a_list_that_is_cut_is_noticed(name):
    kind = CONTENT.kind_of[name]
    for number, case in enumerate(CONTENT.cases_of(name)):
        lists = [path_of(steps) for steps, value in parts_of(case) if isinstance(value, list)]
        for field in spread(lists, number, CHANGES.limit):
            value = value_at(case, steps_of(field))
            if (kind.name, pattern_of(field)) not in SHORTER and value:
                shorter = replaced(case, steps_of(field), value[:-1])
                assert verify_case(kind, shorter) is not None, (number, field)


def test_what_is_written_otherwise_is_named():
    check_written(b"\x80", b"\x80")
    for field in ("content", "fetched"):
        with pytest.raises(DifferenceError) as caught:
            check_written(b"\x80", b"\x81", field)
        named = caught.value.field, caught.value.expected, caught.value.got
        assert named == (field, "80", "81")


def test_an_attachment_is_an_external_part():
    case = CONTENT.cases_of("attachments")[0]
    other = next(each for each in CONTENT.cases_of("messages") if each["parts"] == 3)
    failure = verify_case(CONTENT.kind_of["attachments"], case | {"content": other["content"]})
    assert failure is not None
    named = failure.field, failure.expected, failure.got
    assert named == ("content", "an ExternalPart", "MultiPart")


def test_an_extension_without_a_meaning_here_has_none():
    message = next(case for case in CONTENT.cases_of("messages") if case["message"]["extensions"])
    key = message["message"]["extensions"][0][0]
    case = {
        **CONTENT.cases_of("extensions")[0],
        "content": message["content"],
        "key": key,
        "value": None,
    }
    assert verify_case(CONTENT.kind_of["extensions"], case) is None
    failure = verify_case(CONTENT.kind_of["extensions"], case | {"key": 999})
    assert failure is not None
    assert (failure.field, failure.got) == ("key", "nothing")
