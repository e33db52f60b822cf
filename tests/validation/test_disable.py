"""A check that is taken out is missed: a sample of what `disable.py` does with all of them."""

import ast

import attrs
import pytest
from validation.disable import Verdict, filled, sample, walk, without
from validation.rules import Rule

SOURCE = """
def check(value):
    if value < 0:
        raise NegativeError("negative")
    def nested():
        raise NegativeError("nested") from None
    if value > 9:
        raise LargeError
def write(source):
    source.line("if n < 64: raise BrokenError")
    source.line(f"if {stop} > end: raise BrokenError")
def made(self):
    raise self.malformed("why")
def judged(case):
    if case.late:
        case.refuse(Rule.LATE, "late")
    if case.far:
        yield Refusal(Rule.FAR, "far")
    if case.loud:
        return Refusal(Rule.LOUD, "loud")
def kept(case):
    rule = Rule.SOFT if case.soft else Rule.HARD
    yield Refusal(rule, "why")
"""


@pytest.mark.parametrize(
    ("name", "error", "gone"),
    [
        (
            "check",
            "NegativeError",
            {"raise NegativeError('negative')", "raise NegativeError('nested') from None"},
        ),
        ("check", "LargeError", {"raise LargeError"}),
        ("made", "MalformedError", {"raise self.malformed('why')"}),
        ("judged", "Rule.LATE", {"case.refuse(Rule.LATE, 'late')"}),
        ("judged", "Rule.LOUD", {"return Refusal(Rule.LOUD, 'loud')"}),
    ],
)
def test_what_is_taken_out_of_a_function(name, error, gone):
    before = ast.unparse(ast.parse(SOURCE)).splitlines()
    after = ast.unparse(without(SOURCE, [(name, error)])).splitlines()
    changed = {(old.strip(), new.strip()) for old, new in zip(before, after, strict=True)}
    changed = {(old, new) for old, new in changed if old != new}
    assert changed == {(old, "pass") for old in gone}


@pytest.mark.parametrize(
    ("name", "rule", "gone"),
    [
        ("judged", "Rule.FAR", "yield Refusal(Rule.FAR, 'far')"),
        ("kept", "Rule.SOFT", "yield Refusal(rule, 'why')"),
        ("kept", "Rule.HARD", "yield Refusal(rule, 'why')"),
    ],
)
def test_a_generator_stays_one(name, rule, gone):
    before = ast.unparse(ast.parse(SOURCE))
    assert ast.unparse(without(SOURCE, [(name, rule)])) == before.replace(gone, "yield from ()")


def test_what_is_taken_out_of_lines_that_are_written():
    after = ast.unparse(without(SOURCE, [("write", "BrokenError")]))
    assert "source.line('if n < 64: pass')" in after
    assert "source.line(f'if {stop} > end: pass')" in after


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("nobody", "NegativeError"),
        ("check", "OtherError"),
        ("write", "OtherError"),
        ("kept", "Rule.FAR"),
    ],
)
def test_what_is_not_there_cannot_be_taken_out(name, error):
    with pytest.raises(LookupError):
        without(SOURCE, [(name, error)])


def test_a_sample_is_taken_from_all_over_the_list_and_the_same_each_time():
    every = list(range(100))
    assert sample(every, 4) == [0, 25, 50, 75]
    assert sample(every, 1000) == every


def test_checks_that_are_taken_out_are_missed():
    chosen = sample(filled(), 6)
    assert len({rule.id for rule in chosen}) == 6
    verdicts = walk(chosen)
    assert [
        (rule.id, verdict) for rule, verdict in verdicts if verdict is not Verdict.NOTICED
    ] == []


def rule_of(name: str) -> Rule:
    (rule,) = (rule for rule in filled() if rule.id == name)
    return rule


def test_a_check_that_the_codec_makes_twice_is_taken_out_twice():
    twice = rule_of("2.1.2-minimal")
    assert twice.compiled
    assert walk([twice]) == [(twice, Verdict.NOTICED)]


def test_a_test_that_does_not_look_is_found_out():
    rule = rule_of("12.4.3.1-one-psk")
    other = "tests/mls/test_join_rules.py::test_what_breaks_no_rule_is_joined"
    blind = attrs.evolve(rule, test=other)
    missing = attrs.evolve(rule, test=other.replace("what", "nothing"))
    verdicts = [verdict for _, verdict in walk([rule, blind])]
    assert verdicts == [Verdict.NOTICED, Verdict.SURVIVED]
    assert walk([missing]) == [(missing, Verdict.BROKEN)]
