import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy.lint_role_cases import POWERS, ROLES
from policy.lint_room import (
    ADMIN,
    BANNED,
    NOBODY,
    USER,
    Case,
    found,
    limited,
    more,
    named,
    raw,
    room,
)
from policy.lint_room_cases import BASE, CLAIMS, JOINS, OTHERS
from policy.room_policies import charter
from simulation.dice import SeededDice

from mimi.codec.strategy import strategy
from mimi.errors import MimiError
from mimi.policy.checks import check_policy, check_structure
from mimi.policy.lint import Finding, LintRule, Severity, is_acceptable, lint
from mimi.policy.policy import STRUCTURES, RoomPolicy, room_data
from mimi.policy.presets import PRESETS
from mimi.policy.structures import PreAuthData, RoleData

CASES = [*ROLES, *POWERS, *JOINS, *CLAIMS, *BASE, *OTHERS]


def test_of_a_sound_room_there_is_nothing_to_say():
    assert lint(room()) == ()
    assert is_acceptable(())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_finding(case: Case):
    assert found(lint(case.guilty), case.rule) == [(case.severity, case.roles)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_finding_is_not_there_where_it_just_is_not_so(case: Case):
    assert found(lint(case.innocent), case.rule) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_errors_alone_are_not_acceptable(case: Case):
    findings = lint(case.guilty)
    errors = [each for each in findings if each.severity is Severity.ERROR]
    assert is_acceptable(findings) == (not errors)
    assert (case.severity is Severity.ERROR) <= bool(errors)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_finding_is_a_sentence_that_says_what_to_do(case: Case):
    for finding in lint(case.guilty):
        said, _, wanted = finding.explanation.rpartition("; ")
        assert said
        assert wanted
        assert finding.explanation.isprintable()
        assert not finding.explanation.endswith(".")


def test_every_rule_has_a_case():
    assert {case.rule for case in CASES} == set(LintRule)


def test_names_of_cases_are_different():
    assert len({case.name for case in CASES}) == len(CASES)


# What is forbidden, is an error


def is_valid(policy: RoomPolicy) -> bool:
    """Return whether members would accept the components."""
    parts = [policy.roles, policy.base, policy.operational, *policy.others.values()]
    try:
        for part in parts if policy.metadata is None else [*parts, policy.metadata]:
            check_structure(part)
        check_policy(policy)
    except MimiError:
        return False
    return True


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_members_refuse_is_not_acceptable(case: Case):
    assert is_valid(case.guilty) >= is_acceptable(lint(case.guilty))
    assert is_valid(case.innocent) >= is_acceptable(lint(case.innocent))


@given(st.integers(min_value=0))
def test_of_random_rooms_those_that_members_refuse_are_not_acceptable(seed):
    policy = RoomPolicy.of(room_data(charter(SeededDice(seed)).components))
    findings = lint(policy)
    assert is_valid(policy) >= is_acceptable(findings)
    assert all(each.explanation.isprintable() for each in findings)


@given(strategy(RoleData), strategy(PreAuthData))
def test_whatever_roles_say_there_are_findings_and_no_exceptions(roles, entries):
    findings = lint(RoomPolicy(roles, entries))
    assert all(each.explanation.isprintable() for each in findings)


# Order and words


def test_the_worst_comes_first():
    order = [Severity.ERROR, Severity.WARNING, Severity.NOTE]
    policy = raw(NOBODY, more(BANNED, "canBan"), named(ADMIN, b""), limited(USER, (2, 1)))
    places = [order.index(finding.severity) for finding in lint(policy)]
    assert places == sorted(places)
    assert set(places) == {0, 1, 2}


def test_how_a_finding_is_written():
    (finding,) = lint(room(limited(ADMIN)))
    assert str(finding) == (
        "warning last-administrator: the last who can change the definitions of roles may go: who "
        "has role 3 (admin) may leave; set minimum_participants_constraint of one of these roles "
        "to 1"
    )


def test_a_finding_is_a_value():
    (finding,) = lint(room(limited(ADMIN)))
    assert finding == Finding(
        LintRule.LAST_ADMINISTRATOR, Severity.WARNING, (3,), finding.explanation
    )


@pytest.mark.parametrize("name", [b"\x1b[31mroot", b"two\nlines", b"\xff", "\u202enimda".encode()])
def test_names_that_others_wrote_are_not_repeated_as_they_are(name):
    (finding,) = lint(room(limited(named(ADMIN, name))))[-1:]
    assert finding.explanation.isprintable()


# The draft's own examples

FOUNDERS = (LintRule.FOUNDERS_ROLE, Severity.NOTE)
UNBAN = (LintRule.CAPABILITY_WITHOUT_TRANSITION, Severity.WARNING)
IDLE = (LintRule.UNUSED_TRANSITION, Severity.NOTE)
UNUSED = (LintRule.UNUSED_CAPABILITY, Severity.NOTE)
LOCKED = (LintRule.LOCKED_COMPONENT, Severity.NOTE)
STUCK = (LintRule.NO_ADMINISTRATOR, Severity.NOTE)


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("cooperative", {(*UNBAN, (5,)), (*FOUNDERS, (4,))}),
        (
            "strict",
            {
                (*UNBAN, (5,)),
                (*FOUNDERS, (4,)),
                (*IDLE, (2,)),
                (*UNUSED, (2, 3, 4)),
                (*LOCKED, ()),
            },
        ),
        (
            "moderated",
            {
                (*UNBAN, (7,)),
                (*FOUNDERS, (6,)),
                (*IDLE, (2,)),
                (*IDLE, (3,)),
                (*IDLE, (4,)),
                (*UNUSED, (3, 4, 5, 6)),
                (*LOCKED, ()),
            },
        ),
        (
            "multi-organization",
            {(*UNBAN, (9,)), (*IDLE, (2,)), (*IDLE, (3,)), (*IDLE, (4,)), (*UNUSED, (2, 5, 8))},
        ),
        ("direct-message", {(*STUCK, ())}),
        ("group-direct-message", {(*STUCK, ())}),
        ("announcement-channel", {(*UNUSED, (2, 3, 4))}),
    ],
)
def test_what_there_is_to_say_of_the_presets(preset, expected):
    findings = lint(PRESETS[preset].policy)
    assert {(each.rule, each.severity, each.roles) for each in findings} == expected
    assert STRUCTURES.keys() >= PRESETS[preset].data().keys()
