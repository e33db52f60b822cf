"""The verifier verifies: whatever is changed in a vector, it notices, and says where."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors.corruption import (
    FILES,
    LARGEST,
    SUPPORTED,
    cases_of,
    changed,
    is_hex,
    is_leaf,
    kind_of_file,
    malformed,
    one_of_each_suite,
    parts_of,
    path_of,
    pattern_of,
    removed,
    replaced,
    spread,
    steps_of,
    value_at,
)

from mimi.crypto import Suite, known_suites, suite_of
from mimi.vectors import checked_fields, verify, verify_case

every_file = pytest.mark.parametrize("path", FILES.values(), ids=FILES)

LIMITS = {"tree-validation": 3, "treekem": 2, "messages": 1, "secret-tree": 4}
"""Where cases are many or large: how many fields of a pattern are changed in each case."""

UNNOTICED = {
    ("tree-operations", "proposal_sender"): "any member may send an Add or a Remove",
    ("deserialization", "vlbytes_header"): "",
}


def corruptions(path: Path):
    """Each case of a file with one checked field changed, and the field."""
    kind = kind_of_file(path)
    for number, case in enumerate(cases_of(path)):
        fields = dict(checked_fields(kind, case))
        for field in spread(list(fields), number, LIMITS.get(kind.name, 1000)):
            steps = steps_of(field)
            value = value_at(case, steps)
            for other in malformed(value) if fields[field] else [changed(value)]:
                yield number, field, replaced(case, steps, other)


@every_file
def test_a_checked_field_that_is_changed_is_named(path):
    kind = kind_of_file(path)
    wrong, count = [], 0
    for number, field, case in corruptions(path):
        failure = verify_case(kind, case, number)
        if failure is None or failure.field != field:
            wrong.append((number, field, failure and str(failure)))
        count += 1
    assert wrong == []
    assert count >= len(cases_of(path))
