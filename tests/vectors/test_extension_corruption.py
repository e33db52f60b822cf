"""Every value in the vectors of the MLS extensions is changed, and the verifier notices it.

Where something is refused, other changes may leave it refused for the same rule: there the rule and
what would come out are changed, and nothing else.
"""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors.corruption import (
    changed,
    is_hex,
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
from vectors.extension_files import KIND_OF, Case, cases_of, every_file, rules_of

from mimi.vectors import checked_fields, verify, verify_case
from mimi.vectors.generate import GENERATED_EXTENSIONS

LIMIT = 2

UNNOTICED = {
    ("*", "description"): "it is for people",
    ("*", "cipher_suite"): "nothing in some files depends on it",
    ("mls-extensions-dictionary", "object"): "a group context is not signed",
    ("mls-extensions-update", "group_context"): "of its octets only the extensions matter",
    ("mls-extensions-update", "components[].component_id"): "not all have something to do",
    ("mls-extensions-update", "components[].logic"): "the same",
    ("mls-extensions-safe-aad", "authenticated_data"): "where it is not framed",
    ("mls-extensions-safe-aad", "extensions"): "what else the group has agreed on",
    ("mls-extensions-message-id", "extensions"): "the same",
    ("mls-extensions-message-id", "authenticated_data"): "what else is in it",
    ("mls-extensions-framing", "extensions"): "what else the group has agreed on",
    ("mls-extensions-negotiation", "extensions"): "a component may be another that all have",
    ("mls-extensions-negotiation", "role"): "it matters for media types",
    ("mls-extensions-app-ack", "claims[]"): "what is claimed may have arrived",
    ("mls-extensions-self-remove", "membership_key"): "where the rule is that of the outside",
    ("mls-extensions-multi-credential", "own_leaf"): "others judge alike",
    ("mls-extensions-semi-private", "receivers[].private_key"): "a stranger's key",
    ("mls-extensions-tree-option", "option"): "a signature in it is not verified",
    ("mls-extensions-tree-option", "extensions"): "where there is no URL",
    ("mls-extensions-group", "components[].component_id"): "not all have something to do",
    ("mls-extensions-group", "components[].logic"): "the same",
    ("mls-extensions-group", "psks[].component_id"): "not all groups use them",
    ("mls-extensions-group", "psks[].psk_id"): "the same",
    ("mls-extensions-group", "psks[].psk"): "the same",
    ("mls-extensions-group", "epochs[].refused[].message"): "it may break the same rule",
    ("mls-extensions-group", "receiver_priv"): "where the follower reads all that there is",
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


def some_of(name: str) -> list[tuple[int, Case]]:
    """The cases of the smallest cipher suite, and some of the others."""
    return [
        (number, case)
        for number, case in enumerate(cases_of(name))
        if case["cipher_suite"] == 1 or number % 5 == 0
    ]


@every_file
def test_every_field_of_extensions_that_is_changed_is_noticed(name):
    kind, unnoticed = KIND_OF[name], []
    for number, case in some_of(name):
        if rules_of(case) - {None} and name not in ("groups", "exports"):
            continue
        for field in leaves_of(case, number):
            if is_unnoticed(kind.name, pattern_of(field)):
                continue
            unnoticed += [
                (number, field, other)
                for other in others(value_at(case, steps_of(field)))
                if verify_case(kind, replaced(case, steps_of(field), other)) is None
            ]
    assert unnoticed == []


@every_file
def test_a_rule_and_a_result_that_are_changed_are_named(name):
    kind, wrong = KIND_OF[name], []
    for number, case in some_of(name):
        fields = [field for field, syntax_only in checked_fields(kind, case) if not syntax_only]
        results = [field for field in fields if is_result(field)]
        for field in spread(results, number, LIMIT):
            for other in others(value_at(case, steps_of(field))):
                failure = verify_case(kind, replaced(case, steps_of(field), other), number)
                if failure is None or not failure.field.startswith(field):
                    wrong.append((number, field, failure and str(failure)))
    assert wrong == []


RESULTS = {
    *("rule", "member_rule", "operation_label", "plaintext", "secret", "psk_secret"),
    *("application_export_secret", "components", "calls", "framed", "items", "stated"),
    *("media_type", "content", "leaf", "value", "app_ack", "lost", "leaf_index", "proposal_ref"),
    *("last_resort", "representation", "ratchet_tree", "url", "group_info", "kind"),
    *("initial_epoch_authenticator", "epoch_authenticator", "group_context"),
}


def is_result(field: str) -> bool:
    steps = [step for step in steps_of(field) if isinstance(step, str)]
    return steps[0] in RESULTS or steps[-1] in RESULTS


def with_each_octet_changed(value: Any) -> list[str]:
    """Octets with one bit changed, in each of them in turn."""
    octets = bytes.fromhex(value) if is_hex(value) else b""
    return [
        (octets[:at] + bytes((octets[at] ^ 1,)) + octets[at + 1 :]).hex()
        for at in range(len(octets))
    ]


@pytest.mark.parametrize(("name", "pattern"), [key for key in UNNOTICED if key[0] != "*"])
def test_every_field_of_extensions_is_noticed_somewhere(name, pattern):
    (file,) = (file for file, kind in KIND_OF.items() if kind.name == name)
    kind = KIND_OF[file]
    for number, case in enumerate(cases_of(file)):
        for field in leaves_of(case, number):
            if pattern_of(field) != pattern:
                continue
            value = value_at(case, steps_of(field))
            for other in (*others(value), *with_each_octet_changed(value)):
                if verify_case(kind, replaced(case, steps_of(field), other)) is not None:
                    return
    raise AssertionError(f"nothing depends on {pattern}")


WRONG = ({"x": 1}, ["zz"], True, -1, 1.5, "zz", " 00", "\ud800")


@every_file
def test_a_value_of_extensions_that_has_the_wrong_type_is_noticed(name):
    kind = KIND_OF[name]
    for number, case in some_of(name)[::5]:
        fields = [path_of(steps) for steps, _ in parts_of(case)]
        for field in spread(fields, number, 1):
            value = value_at(case, steps_of(field))
            for other in WRONG:
                if type(value) is type(other) and (other != "\ud800") and not is_hex(value):
                    continue
                assert verify_case(kind, replaced(case, steps_of(field), other)) is not None, (
                    number,
                    field,
                    other,
                )


@every_file
def test_a_field_of_extensions_that_is_missing_is_named(name):
    kind = KIND_OF[name]
    for _, case in some_of(name)[::5]:
        for steps, _ in parts_of(case):
            if isinstance(steps[-1], str) and len(steps) < 4:
                failure = verify_case(kind, removed(case, steps))
                assert failure is not None
                named = failure.field, failure.expected, failure.got
                assert named == (path_of(steps), "a value", "nothing"), str(failure)


@every_file
def test_a_field_of_extensions_too_many_is_named(name):
    kind = KIND_OF[name]
    for _, case in some_of(name)[::5]:
        for steps, value in parts_of(case):
            if isinstance(value, dict):
                failure = verify_case(kind, replaced(case, steps, value | {"more": 1}))
                assert failure is not None
                assert failure.field == f"{path_of(steps)}.more"


def test_another_kind_of_extension_is_named():
    for name, kind in KIND_OF.items():
        case = cases_of(name)[0]
        for other in ("mls-extensions-poll", "", 1, None):
            failure = verify_case(kind, case | {"kind": other})
            assert failure is not None
            assert failure.field == "kind"
    other = json.dumps([{**cases_of("signing")[0], "kind": "mls-extensions-poll"}])
    assert verify("x", other.encode()).problem == "no known kind of vector"


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    scalars | st.binary().map(bytes.hex) | st.sampled_from(["\ud800", "00", "zz", 1 << 64]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(data=st.data(), name=st.sampled_from(GENERATED_EXTENSIONS))
def test_nothing_in_a_case_of_extensions_makes_the_verifier_raise(data, name):
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
