"""The verifier verifies: whatever is changed in a vector, it notices, and says where."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors.corruption import (
    FILES,
    KIND_OF,
    cases_of,
    changed,
    is_leaf,
    kind_of_file,
    malformed,
    parts_of,
    path_of,
    pattern_of,
    removed,
    replaced,
    smallest,
    spread,
    steps_of,
    typical,
    value_at,
)
from vectors.vandalism import values, vandalised, verify_anything, verify_vandalised

from mimi.crypto import Suite, suite_of
from mimi.vectors import checked_fields, verify_case

every_file = pytest.mark.parametrize("path", FILES.values(), ids=FILES)

LIMITS = {
    "tree-math": 40,
    "tree-validation": 3,
    "treekem": 1,
    "messages": 1,
    "secret-tree": 3,
    "passive-client": 8,
}
"""Where cases are many or large: how many fields of a pattern are changed in each case."""

UNNOTICED = {
    ("messages", "*"): "what is in the structures is the generator's choice: other values are good",
    ("*", "cipher_suite"): "see test_another_cipher_suite_is_noticed",
    ("secret-tree", "sender_data.ciphertext"): "only its first octets are the sample: see below",
    ("tree-operations", "proposal_sender"): "any member may send an Add or a Remove",
}
"""Given fields of which another well-formed value is as good, and why."""


def is_unnoticed(kind, pattern):
    return any(key in UNNOTICED for key in ((kind, pattern), (kind, "*"), ("*", pattern)))


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


@every_file
def test_a_given_field_that_is_changed_is_noticed(path):
    kind = kind_of_file(path)
    unnoticed = []
    for case in typical(path):
        named = {field for field, syntax_only in checked_fields(kind, case) if not syntax_only}
        given_fields = [
            path_of(steps)
            for steps, value in parts_of(case)
            if is_leaf(value) and path_of(steps) not in named
        ]
        for field in spread(given_fields, 0, 50):
            if is_unnoticed(kind.name, pattern_of(field)):
                continue
            steps = steps_of(field)
            other = changed(value_at(case, steps))
            if verify_case(kind, replaced(case, steps, other)) is None:
                unnoticed.append((case.get("cipher_suite"), field))
    assert unnoticed == []


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith("-secret-tree")])
def test_another_sample_of_a_ciphertext_is_noticed(name):
    for case in cases_of(FILES[name]):
        data = case["sender_data"]
        other = data | {"ciphertext": changed(data["ciphertext"][:2]) + data["ciphertext"][2:]}
        failure = verify_case(KIND_OF["secret-tree"], case | {"sender_data": other})
        assert failure is not None
        assert failure.field == "sender_data.key"


def hash_alone(suite: Suite):
    return suite.hash_name


def derivation_of_keys(suite: Suite):
    return suite.hash_name, suite.nk, suite.nn


def hash_and_signature(suite: Suite):
    return suite.hash_name, suite.signature


USED = {
    "tree-operations": hash_alone,
    "transcript-hashes": hash_alone,
    "psk_secret": hash_alone,
    "secret-tree": derivation_of_keys,
    "tree-validation": hash_and_signature,
}
"""What a kind uses of a cipher suite, where that is not all: suites that share it are as good."""


@every_file
def test_another_cipher_suite_is_noticed(path):
    kind = kind_of_file(path)
    used = USED.get(kind.name, lambda suite: suite)
    for case in typical(path) if "cipher_suite" in kind.fields else []:
        own = suite_of(case["cipher_suite"])
        for suite in map(suite_of, range(1, 8)):
            if used(suite) != used(own):
                other = case | {"cipher_suite": int(suite.code)}
                assert verify_case(kind, other) is not None, suite


SHORTER = {
    "epochs": "how many epochs follow is the generator's choice",
    "epochs[].proposals": "nobody need commit a proposal; see test_verify_groups",
    "leaves[]": "how many generations of a leaf are checked is the generator's choice",
    "leaves_private[].path_secrets": "a member need not know every node above it",
    "update_paths": "how many members send a path is the generator's choice",
}
"""Lists of which a shorter one is as good, and why."""


@every_file
def test_a_list_that_is_cut_is_noticed(path):
    kind = kind_of_file(path)
    for case in typical(path):
        for steps, value in parts_of(case):
            if not isinstance(value, list) or not value or pattern_of(path_of(steps)) in SHORTER:
                continue
            for cut in ([], value[:-1]):
                assert verify_case(kind, replaced(case, steps, cut)) is not None, path_of(steps)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("key-schedule", "epochs"),
        ("secret-tree", "leaves"),
        ("treekem", "leaves_private"),
        ("treekem", "update_paths"),
    ],
)
def test_a_list_without_which_nothing_is_verified_is_not_empty(name, field):
    for case in typical(FILES[f"own-{name}"]):
        failure = verify_case(KIND_OF[name], case | {field: []})
        assert failure is not None
        assert failure.field == field


WRONG = ({"x": 1}, ["zz"], True, -1, 1.5, "zz", "0", " 00", "\ud800", None)
"""Values that no field may have, but some that are of their type."""


def wrong_for(name, value):
    """The values that a field may not have."""
    if name == "label":
        return [other for other in WRONG if not isinstance(other, str) or other == "\ud800"]
    same = type(value) if isinstance(value, dict | list) else ()
    return [other for other in WRONG if other != value and not isinstance(other, same)]


def checked_as(steps):
    """The name under which a value is checked: a resolution is checked as a whole."""
    return path_of(steps[:2] if steps[0] == "resolutions" else steps)


@every_file
def test_a_value_of_the_wrong_type_is_named(path):
    kind = kind_of_file(path)
    for case in [*smallest(path), *typical(path)[:1]]:
        paths = {path_of(steps): steps for steps, _ in parts_of(case)}
        for field in spread(list(paths), 0, 3):
            steps = paths[field]
            for other in wrong_for(steps[-1], value_at(case, steps)):
                failure = verify_case(kind, replaced(case, steps, other))
                assert failure is not None, (field, other)
                assert failure.field == checked_as(steps), (field, other, str(failure))


@every_file
def test_a_field_that_is_missing_is_named(path):
    kind = kind_of_file(path)
    for case in [*smallest(path), *typical(path)[:1]]:
        fields = [path_of(steps) for steps, _ in parts_of(case) if isinstance(steps[-1], str)]
        for field in spread(fields, 0, 3):
            failure = verify_case(kind, removed(case, steps_of(field)))
            assert failure is not None
            assert (failure.field, failure.expected, failure.got) == (field, "a value", "nothing")


@st.composite
def smallest_cases(draw):
    return draw(st.sampled_from(smallest(FILES[f"own-{draw(st.sampled_from([*KIND_OF]))}"])))


@settings(deadline=None, max_examples=400)
@given(cases=vandalised(smallest_cases()))
def test_nothing_in_a_case_of_mls_makes_the_verifier_raise(cases):
    verify_vandalised(cases)


@given(value=values)
def test_nothing_in_json_makes_the_verifier_raise(value):
    verify_anything(json.dumps(value).encode())


@given(content=st.binary())
def test_nothing_in_a_file_makes_the_verifier_raise(content):
    verify_anything(content)


@pytest.mark.parametrize("depth", [100, 900, 980, 5000, 200_000])
@pytest.mark.parametrize("field", ["n_leaves", "n_nodes", "left"])
def test_no_depth_makes_the_verifier_raise(depth, field):
    case = dict(cases_of(FILES["own-tree-math"])[0]) | {field: 0}
    nested = "[" * depth + "]" * depth
    text = json.dumps([case]).replace(f'"{field}": 0', f'"{field}": {nested}')
    report = verify_anything(text.encode())
    assert not report.ok
