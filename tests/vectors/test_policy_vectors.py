"""The vectors of room policy: what they cover, and that two implementations agree about them."""

import json
import re

import pytest
from naive.naive_policy_cases import CHECKS, check_row
from naive.naive_policy_wire import NAMES as NAIVE_NAMES
from vectors.corruption import changed, parts_of, path_of, replaced, steps_of, value_at
from vectors.sets import POLICY, Case

from mimi.policy.decision import Rule
from mimi.policy.policy import STRUCTURES
from mimi.policy.presets import PRESETS
from mimi.policy.structures import PARTICIPANT_LIST
from mimi.vectors import checked_fields, verify_case
from mimi.vectors.checks.policy import RULES
from mimi.vectors.generate.policy_presets import WITH_TRANSITIONS, Stage
from mimi.vectors.generate.policy_sentences import SENTENCES
from mimi.vectors.policy_form import NAMES, capability_of
from mimi.vectors.policy_rows import ACTIONS

cases_of = POLICY.cases_of
KIND_OF = POLICY.kind_of

every_table = pytest.mark.parametrize("name", ["decisions", "combinations"])

OUT_OF_REACH = {Rule.HANDSHAKE_FORMAT, Rule.MANDATORY_CAPABILITY, Rule.FORBIDDEN_CAPABILITY}
"""What is judged by messages and leaves, not by what is asked for."""


def rows_of(name: str) -> list[tuple[Case, Case]]:
    """The rows of a decision table, each with the case in which it is."""
    return [(case, row) for case in cases_of(name) for row in case["rows"]]


# Two implementations


@POLICY.every_file
def test_the_naive_implementation_comes_to_the_same(name):
    for case in cases_of(name):
        CHECKS[case["kind"]](case)


def test_both_implementations_have_the_registry_of_capabilities():
    assert NAMES == NAIVE_NAMES
    assert len(NAMES) == 77
    assert all(capability_of(name) == number for number, name in NAMES.items())
    assert capability_of("0xF001") == 0xF001
    for wrong in ("0x0000", "0xf001", "0xF0010", "canunban", "canUnban", "", "0x"):
        assert capability_of(wrong) is None


# What they cover


def test_there_are_as_many_rows_as_promised():
    single = [row for _, row in rows_of("decisions")]
    combined = [
        row
        for _, row in rows_of("combinations")
        if sum(len(actions) for _, actions in row["requests"]) > 1
    ]
    assert (len(single), len(rows_of("combinations")), len(combined)) == COUNTS
    for name in ("decisions", "combinations"):
        allowed = sum(not row["rules"] for _, row in rows_of(name))
        assert len(rows_of(name)) / 5 < allowed < len(rows_of(name)) * 4 / 5


COUNTS = (4055, 394, 203)


def test_every_capability_is_decided_for_every_role_of_every_preset():
    cases = {case["description"]: case for case in cases_of("decisions")}
    assert len(cases) == len(PRESETS) + len(WITH_TRANSITIONS)
    for preset in PRESETS.values():
        stage = Stage(preset)
        case = cases[stage.cast().description]
        requests = {json.dumps(row["requests"]) for row in case["rows"]}
        for role in stage.roles:
            for capability in NAMES.values():
                assert json.dumps(stage.single(capability, role).requests) in requests


def test_every_transition_of_some_presets_is_decided():
    for name in WITH_TRANSITIONS:
        stage = Stage(PRESETS[name])
        (case,) = (c for c in cases_of("decisions") if c["description"].startswith(f"{name}: whom"))
        decided = {(row["requests"][0][0], tuple(row["requests"][0][1][0])) for row in case["rows"]}
        listed = dict(map(tuple, case["participants"]))
        for role in stage.roles:
            by = stage.by(role)
            found = {
                (listed.get(user, 0), *(target or (0,)))
                for actor, (_, user, *target) in decided
                if actor == by
            }
            sources = {
                index
                for index in stage.roles
                if f"{stage.name(index)}2" in stage.cast().participants
            }
            for source in sources:
                assert {(source, target) for target in stage.roles if target != source} <= found


@every_table
def test_a_row_stands_once(name):
    for case in cases_of(name):
        shown = [json.dumps(row["requests"]) for row in case["rows"]]
        assert len(set(shown)) == len(shown), case["description"]


def test_every_rule_of_decisions_refuses_somewhere():
    rules = {
        rule
        for name in ("decisions", "combinations")
        for _, row in rows_of(name)
        for rule in row["rules"]
    }
    assert rules == {rule.value for rule in Rule} - {rule.value for rule in OUT_OF_REACH}


def test_every_rule_of_data_is_broken_somewhere():
    cases = [
        case for name in ("components", "participants", "join_links") for case in cases_of(name)
    ]
    assert {case["rule"] for case in cases} - {None} == set(RULES)


def test_every_component_is_valid_malformed_and_but_for_some_refused():
    found = {}
    for case in cases_of("components"):
        found.setdefault(case["component_id"], set()).add(case["rule"])
    assert set(found) == {*map(int, STRUCTURES), int(PARTICIPANT_LIST)}
    assert all({None, "malformed"} <= rules for rules in found.values())
    assert {number for number, rules in found.items() if len(rules) == 2} == {0x26, 0x28, 0x2A}


def test_every_action_is_asked_for():
    asked = {
        action[0]
        for name in ("decisions", "combinations")
        for _, row in rows_of(name)
        for _, actions in row["requests"]
        for action in actions
    }
    assert asked == set(ACTIONS)


def test_sentences_are_named_that_are_there_and_all_of_them():
    used = set()
    for name in ("decisions", "combinations"):
        for case in cases_of(name):
            for each in case["sentences"]:
                assert SENTENCES[each["name"]] == (each["section"], each["sentence"])
            used |= {row["by"] for row in case["rows"]}
            assert {row["by"] for row in case["rows"]} == {
                each["name"] for each in case["sentences"]
            }
    used |= {
        name
        for name, said in SENTENCES.items()
        for case in cases_of("foundings")
        if said[1] == case["sentence"]
    }
    assert used == set(SENTENCES)
    assert all(len(sentence.split()) <= 25 for _, sentence in SENTENCES.values())


def test_the_readme_of_policy_names_everything():
    names = {field for kind in KIND_OF.values() for field in kind.fields}
    names |= {*RULES, *ACTIONS, *(rule.value for rule in Rule if rule not in OUT_OF_REACH)}
    names |= {"requests", "rules", "needed", "grounds", "by", "name", "user", "claims", "join_code"}
    readme = POLICY.readme
    for name in names:
        assert re.search(rf"`{name}`|\"{name}\"", readme), name


# Wrong expectations


def others(value):
    if isinstance(value, bool):
        return [not value]
    if value is None:
        return ["x"]
    if isinstance(value, list):
        return [[*value, "x"], value[:-1]] if value else [["x"]]
    return [value + 1] if isinstance(value, int) else [changed(value)]


@pytest.mark.parametrize("name", ["components", "participants", "join_links", "foundings"])
def test_a_wrong_expectation_of_policy_is_noticed(name):
    kind, results = KIND_OF[name], {"value", "rule", "after", "participants", "join_links", "rules"}
    results -= {"participants", "join_links"} if name == "foundings" else set()
    for case in cases_of(name):
        for field in results & set(case):
            for other in others(case[field]) if not isinstance(case[field], dict) else [None]:
                failure = verify_case(kind, case | {field: other})
                assert failure is not None, (case["description"], field)
                assert failure.field.startswith(field)


@every_table
def test_a_wrong_decision_is_noticed_by_both(name):
    kind = KIND_OF[name]
    for case in cases_of(name):
        for at, row in list(enumerate(case["rows"]))[::37]:
            small = case | {"rows": [row]}
            for field in ("rules", "needed", "grounds"):
                for other in others(row[field]):
                    wrong = row | {field: other}
                    failure = verify_case(kind, small | {"rows": [wrong]})
                    assert failure is not None
                    assert failure.field.startswith(f"rows[0].{field}"), at
                    with pytest.raises((AssertionError, ValueError)):
                        check_row(case, wrong)


@POLICY.every_file
def test_whatever_is_changed_is_no_accident(name):
    """Another value, or none, is verified or is a failure of the case: nothing else is raised."""
    kind = KIND_OF[name]
    for case in cases_of(name)[:: max(1, len(cases_of(name)) // 6)]:
        small = case | {"rows": case["rows"][:5]} if "rows" in case else case
        steps = [step for step, _ in parts_of(small)]
        for step in steps[:: max(1, len(steps) // 60)]:
            for other in (None, "x", 7, [], {}, -1, True, "0xF001"):
                verify_case(kind, replaced(small, step, other))


@pytest.mark.parametrize("name", ["components", "participants", "join_links"])
def test_what_is_checked_is_named(name):
    for case in cases_of(name)[::5]:
        for field, _ in checked_fields(KIND_OF[name], case):
            assert path_of(steps_of(field)) == field
            value_at(case, steps_of(field))
