"""A small share of the fuzzing of a provider, and that it would find what it looks for."""

import sys

import attrs
import pytest
from fuzz.fuzz_provider import (
    LEAST_TAKEN,
    FindingError,
    Totals,
    check,
    fuzz,
    main,
    report,
    seeds,
    signed,
)
from protocol.carried import NOTIFIED
from protocol.endpoint_cases import ABROAD, asking, claim

from mimi.protocol import Endpoint, HttpResponse, notify_body, refusal
from mimi.protocol.http_errors import Status
from mimi.protocol.provider import Provider
from mimi.protocol.provider_state import Answer, ProviderState, ProviderStep


def test_the_requests_that_are_changed_are_answered_as_they_are():
    for endpoint, listed in seeds().items():
        assert listed
        for asked in listed:
            check(endpoint, asked)


def test_three_thousand_inputs():
    totals = fuzz("continuous", 3000)
    assert totals.findings == []
    assert totals.inputs == 3000
    assert totals.share >= LEAST_TAKEN
    for endpoint in Endpoint:
        statuses = {status for name, status in totals.statuses if name == endpoint.value}
        assert {Status.BAD_REQUEST, Status.NOT_FOUND} <= statuses
        assert min(statuses) < Status.BAD_REQUEST


def test_inputs_are_the_same_for_the_same_seed():
    first, second, other = (fuzz(seed, 500).statuses for seed in ("1", "1", "2"))
    assert first == second != other


def test_what_is_signed_anew_is_taken():
    asked = claim()
    body = asked.request.body
    broken = body[:-1] + bytes([body[-1] ^ 1])
    assert check(Endpoint.KEY_MATERIAL, attrs.evolve(asked, carried={"body": broken}))[0] == 400
    assert signed(Endpoint.KEY_MATERIAL, broken) == body
    assert signed(Endpoint.KEY_MATERIAL, b"?") == b"?"


def test_the_command_line(capsys):
    assert main(["--inputs", "200", "--seed", "3", "--processes", "1"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split()[0] == "endpoint"
    assert [line.split()[0] for line in shown[1:11]] == [each.value for each in Endpoint]
    assert shown[-1] == "nothing found"


# What grows


def lines_for(count):
    """Return how many lines are run for a notification of so many messages."""
    asked = asking(Endpoint.NOTIFY, ABROAD, body=notify_body(NOTIFIED[1:]) * count)
    lines, before = 0, sys.gettrace()

    def count_lines(_frame, event, _argument):
        nonlocal lines
        lines += event == "line"
        return count_lines

    sys.settrace(count_lines)
    try:
        check(Endpoint.NOTIFY, asked)
    finally:
        sys.settrace(before)
    return lines


def test_four_times_as_many_messages_take_no_more_than_four_times_as_much():
    """Whoever is the hub of any room may send them, and nobody need be in it."""
    assert lines_for(256) < lines_for(1_024) < 4.5 * lines_for(256)
    assert lines_for(4_000) < lines_for(1_024)  # more than are taken together


# What it would find.


@attrs.frozen(eq=False, repr=False)
class Fails(Provider):
    def handle(self, state, *request, **options):
        raise ZeroDivisionError


@attrs.frozen(eq=False, repr=False)
class Does(Provider):
    """A provider that does the same whatever it is asked."""

    step: ProviderStep = attrs.field(kw_only=True)

    def handle(self, state, *request, **options):
        return attrs.evolve(self.step, state=self.step.state or state)


def of(kind, **fields):
    asked = asking(Endpoint.NOTIFY)
    options = {field.name: getattr(asked.provider, field.name) for field in attrs.fields(Provider)}
    return attrs.evolve(asked, provider=kind(**options, **fields))


def doing(response, *effects, state=None):
    return of(Does, step=ProviderStep(state, response, effects))


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        (of(Fails), "ZeroDivisionError"),
        (doing(HttpResponse(299)), "is answered 299"),
        (doing(HttpResponse(Status.OK)), "is answered 200"),
        (doing(refusal(Status.SERVICE_UNAVAILABLE)), "is answered 503"),
        (doing(HttpResponse(Status.FORBIDDEN, b"why")), "is refused with a body"),
        (doing(refusal(Status.FORBIDDEN), state=ProviderState()), "changes the state"),
        (doing(refusal(Status.FORBIDDEN), Answer("it", None)), "does"),
        (doing(None), "asks others"),
        (doing(None, Answer("it", None)), "answers nothing"),
    ],
)
def test_what_must_not_happen_is_found(asked, what, capsys):
    with pytest.raises(FindingError, match=what):
        check(Endpoint.NOTIFY, asked)
    totals = Totals()
    totals.count(Endpoint.NOTIFY, asked)
    totals.add(Totals())
    assert len(totals.findings) == 1
    report(totals)
    assert capsys.readouterr().out.startswith("endpoint")
