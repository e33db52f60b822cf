"""The inventory names every rule of RFC 9420 and six drafts, its check and the check's test."""

import ast
from collections import Counter

import attrs
import pytest
from validation.document import page
from validation.rules import (
    KINDS,
    ROOT,
    VIEWERS,
    Function,
    Rule,
    demands,
    error_classes,
    exists,
    find,
    named,
    raises,
    rules,
)

RULES = rules()
CHECKED = [rule for rule in RULES if rule.is_checked]
TOTALS = {
    "RFC 9420": 144,
    "draft-ietf-mls-extensions-10": 22,
    "draft-mahy-mls-semiprivatemessage-07": 0,
    "draft-mahy-mls-ratchet-tree-options-03": 1,
    "draft-mahy-mimi-msgid-aad-02": 1,
    "draft-ietf-mimi-protocol-06": 27,
    "draft-ietf-mimi-room-policy-03": 16,
}
"""How often each says MUST, MUST NOT, REQUIRED or SHALL; NOT REQUIRED demands nothing."""

ELSEWHERE = {
    "mimi.errors.MalformedError",
    "mimi.content.errors.MessageIdMismatchError",
    "mimi.protocol.hub_refusals.RefusedUpdate",
    "mimi.protocol.hub_refusals.forbidden",
}
"""Errors that the inventory names among others that are not its business; and what a hub raises on
its way to an answer."""


def test_every_entry_says_what_its_kind_needs():
    lacking = {rule.id: rule.missing() for rule in RULES if rule.missing()}
    assert lacking == {}


def test_every_entry_is_of_a_kind_and_has_a_name_of_its_own():
    assert [rule.id for rule in RULES if rule.kind not in KINDS] == []
    assert [name for name, count in Counter(rule.id for rule in RULES).items() if count > 1] == []
    wrong = [rule.id for rule in RULES if not rule.id.startswith(f"{rule.prefix}{rule.section}-")]
    assert wrong == []
    assert [rule.id for rule in RULES if (rule.section == "own") != (rule.kind == "own")] == []


def test_every_receiver_is_one_that_we_know():
    wrong = [rule.id for rule in RULES if not set(rule.seen_by) <= set(VIEWERS)]
    assert wrong == []


def test_an_entry_says_nothing_that_is_not_of_its_kind():
    """A duty of ours that names an error would be taken for one that is checked."""
    allowed = {
        "receiver": {"error", "refusal", "check", "compiled", "test", "seen_by"},
        "own": {"error", "refusal", "check", "compiled", "test", "why"},
        "sender": {"where"},
        "uncheckable": {"why"},
    }
    always = {"document", "prefix", "id", "section", "text", "kind"}
    fields = {field.name for field in attrs.fields(Rule)} - always
    odd = {
        rule.id: said
        for rule in RULES
        if (said := {name for name in fields if getattr(rule, name)} - allowed[rule.kind])
    }
    assert odd == {}


def test_every_check_is_there_and_raises_its_error():
    wrong = [
        (rule.id, rule.error_name, rule.check)
        for rule in CHECKED
        if rule.check
        and not (
            isinstance(function := named(rule.check), Function)
            and raises(function, rule.error_name)
        )
    ]
    assert wrong == []


def test_every_compiled_half_is_there():
    places = [(rule.id, place) for rule in RULES for place in rule.compiled]
    assert places
    assert [place for place in places if not isinstance(named(place[1]), Function)] == []


def test_every_test_is_there():
    assert [(rule.id, rule.test) for rule in CHECKED if rule.test and not exists(rule.test)] == []


def test_every_duty_of_ours_is_done_somewhere():
    wrong = [(rule.id, rule.where) for rule in RULES if rule.where and named(rule.where) is None]
    assert wrong == []


def test_every_test_that_a_reason_points_to_is_there():
    words = [(rule.id, word) for rule in RULES for word in rule.why.split()]
    tests = [(name, word.strip(".,;:")) for name, word in words if word.startswith("tests/")]
    assert tests
    assert [(name, test) for name, test in tests if not exists(test)] == []


def test_every_error_is_one_that_we_declare_and_every_one_that_we_declare_is_named():
    declared = {*error_classes(), *ELSEWHERE}
    used = {rule.error for rule in CHECKED if rule.error}
    assert used - declared == set()
    assert declared - used == set()


def test_every_demand_of_the_text_has_an_entry():
    """Most have more: a sentence introduces a list, or binds sender and receiver."""
    said = demands()
    assert {document: sum(sections.values()) for document, sections in said.items()} == TOTALS
    entries = Counter((rule.document, rule.section) for rule in RULES if rule.kind != "own")
    wanted = {
        (document, number): count
        for document, sections in said.items()
        for number, count in sections.items()
    }
    assert entries.keys() == wanted.keys()
    assert {place: count for place, count in wanted.items() if entries[place] < count} == {}


def test_the_page_is_current():
    assert (ROOT / "docs" / "validation.md").read_text(encoding="utf-8") == page()


# The inventory's own tools


MODULE = ast.parse(
    """
LIMIT = 3
class Outer:
    kept: int = 3
    class Inner:
        def method(self):
            if self:
                raise made(self)
            raise OtherError
def function():
    def nested():
        raise BrokenRuleError("why") from error
    raise self.malformed("why")
"""
)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("LIMIT", ast.Assign),
        ("Outer", ast.ClassDef),
        ("Outer.kept", ast.AnnAssign),
        ("Outer.Inner.method", ast.FunctionDef),
        ("function", ast.FunctionDef),
        ("nested", type(None)),
        ("Outer.nobody", type(None)),
        ("Outer.kept.further", type(None)),
        ("", type(None)),
    ],
)
def test_how_names_are_found(name, kind):
    assert type(find(MODULE, name)) is kind


@pytest.mark.parametrize(
    ("name", "error", "lines"),
    [
        ("function", "BrokenRuleError", [12]),
        ("function", "AnotherError", [13]),
        ("Outer.Inner.method", "OtherError", [9]),
        ("Outer.Inner.method", "AnotherError", [8]),
    ],
)
def test_where_an_error_is_raised(name, error, lines):
    function = find(MODULE, name)
    assert function is not None
    assert [node.lineno for node in raises(function, error)] == lines


@pytest.mark.parametrize(
    "test",
    [
        "tests/validation/test_inventory.py::test_nobody",
        "tests/validation/test_inventory.py::named",
        "tests/validation/test_nothing.py::test_every_test_is_there",
        "tests/validation/test_inventory.py",
        "",
    ],
)
def test_a_test_that_is_not_there(test):
    assert exists("tests/validation/test_inventory.py::test_a_test_that_is_not_there")
    assert not exists(test)
