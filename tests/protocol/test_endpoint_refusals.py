"""Every answer of every endpoint is produced by the machine; what is refused changes nothing."""

import importlib
import inspect
import pkgutil

import attrs
import pytest
from protocol.endpoint_answers import (
    CODES,
    GOOD,
    GROUP_INFO_CODES,
    OF_HTTP,
    SUBMIT_CODES,
    called,
    outcomes,
    written,
)
from protocol.endpoint_cases import (
    CASES,
    NOBODY,
    NOWHERE,
    QUERY,
    Case,
    asking,
    case_names,
    claim,
    with_header,
)
from protocol.town import ROOM, B, C

import mimi.protocol
from mimi.codec import ClosedEnum8
from mimi.protocol import (
    FORMS,
    AbuseReport,
    AbuseType,
    ConsentEntry,
    ConsentOperation,
    Endpoint,
    directory_request,
    http_errors,
)
from mimi.protocol.consent import REQUESTING, UPDATING
from mimi.protocol.groupinfo import GroupInfoCode
from mimi.protocol.http_errors import HttpError, Status
from mimi.protocol.keys import KeyMaterialUserCode
from mimi.protocol.submit import SubmitResponseCode
from mimi.protocol.update import UpdateResponseCode

NOT_OF_A_MACHINE = {Status.INTERNAL_SERVER_ERROR, Status.SERVICE_UNAVAILABLE}
"""What carriers write, as `refusal`."""

# Nothing is left out


def test_every_endpoint_has_a_case_for_every_code_and_every_status():
    assert set(CODES) == set(Endpoint)
    wanted = {
        (each, called(outcome)) for each in Endpoint for outcome in (*CODES[each], *written(each))
    }
    assert set(CASES) == wanted


def test_every_status_is_written_by_somebody():
    made = {each for each in Status if called(each) in {outcome for _, outcome in CASES}}
    assert made | NOT_OF_A_MACHINE == set(Status)
    assert not made & NOT_OF_A_MACHINE


def test_every_enumeration_of_codes_is_one_of_an_endpoint():
    """A new enumeration of an answer is named like the others."""
    found = set()
    for module in pkgutil.iter_modules(mimi.protocol.__path__, "mimi.protocol."):
        for value in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(value) and issubclass(value, ClosedEnum8):
                found.add(value)
    codes = {each for each in found if each.__name__.endswith("Code")}
    said = {type(code) for listed in CODES.values() for code in listed}
    assert said - {ConsentOperation} == codes
    assert set(SUBMIT_CODES.values()) == set(SubmitResponseCode)
    assert set(GROUP_INFO_CODES.values()) == set(GroupInfoCode)


# Every answer


@pytest.mark.parametrize(("endpoint", "outcome"), CASES, ids=case_names(CASES))
def test_every_answer(endpoint, outcome):
    asked = CASES[endpoint, outcome]()
    answer = asked.answer()
    assert answer.status in written(endpoint)
    if outcome.startswith("ConsentOperation"):
        assert answer.status == Status.CREATED
    else:
        assert outcome in outcomes(endpoint, answer)
    if answer.status not in (Status.OK, Status.CREATED):
        assert answer.body == b""


REFUSED = [each for each in CASES if each[1] not in GOOD]


@pytest.mark.parametrize(("endpoint", "outcome"), REFUSED, ids=case_names(REFUSED))
def test_a_refusal_changes_nothing(endpoint, outcome):
    asked = CASES[endpoint, outcome]()
    step = asked.step()
    assert step.state is asked.state
    if asked.later is None:
        assert step.effects == ()


DOES = [
    (endpoint, called(each))
    for endpoint, listed in {
        Endpoint.UPDATE: (UpdateResponseCode.SUCCESS,),
        Endpoint.SUBMIT_MESSAGE: (SubmitResponseCode.ACCEPTED,),
        Endpoint.KEY_MATERIAL: (KeyMaterialUserCode.SUCCESS, KeyMaterialUserCode.PARTIAL_SUCCESS),
        Endpoint.NOTIFY: (Status.CREATED,),
        Endpoint.REQUEST_CONSENT: (*REQUESTING,),
        Endpoint.UPDATE_CONSENT: (*UPDATING,),
    }.items()
    for each in listed
]


@pytest.mark.parametrize(("endpoint", "outcome"), DOES, ids=case_names(DOES))
def test_what_is_taken_changes_something(endpoint, outcome):
    asked = CASES[endpoint, outcome]()
    assert asked.step().state is not asked.state


# What is wrong with a request, whatever its endpoint

OF_ONE_KIND = {
    http_errors.HeaderError: lambda asked: {"headers": asked.headers * 2},
    http_errors.SourceError: lambda asked: {
        "headers": with_header(asked, "From", "alice@b.example")
    },
    http_errors.UnauthenticatedSourceError: lambda _: {"authenticated": set()},
    http_errors.HostError: lambda asked: {"headers": with_header(asked, "Host", "b.example")},
    http_errors.UnknownEndpointError: lambda _: {"target": "/"},
    http_errors.MethodError: lambda _: {"method": "PUT"},
    http_errors.PathParameterError: lambda asked: {"target": f"{_place(asked)}%ZZ"},
    http_errors.ContentLengthError: lambda _: {"body": bytes((1 << 24) + 1)},
    http_errors.ContentTypeError: lambda asked: {
        "headers": with_header(asked, "Content-Type", "application/json")
    },
}


def _place(request):
    target = request.request_target
    return f"{target.rpartition('/')[0]}/"


def test_every_error_of_http_is_made():
    errors = {
        each
        for each in vars(http_errors).values()
        if inspect.isclass(each) and issubclass(each, HttpError) and each is not HttpError
    }
    assert set(OF_ONE_KIND) == errors
    assert {each.status for each in errors} == OF_HTTP


@pytest.mark.parametrize("error", OF_ONE_KIND, ids=lambda error: error.__name__)
@pytest.mark.parametrize("endpoint", Endpoint, ids=lambda endpoint: endpoint.value)
def test_every_error_of_http(endpoint, error):
    usual = asking(endpoint)
    asked = attrs.evolve(usual, carried=OF_ONE_KIND[error](usual.request))
    step = asked.step()
    if error is http_errors.ContentTypeError and FORMS[endpoint].request is None:
        assert step.response is None
        return
    assert step.response.status == error.status
    assert (step.response.body, step.effects) == (b"", ())
    assert step.state is asked.state


def test_the_methods_that_there_are_are_said():
    for endpoint in Endpoint:
        answer = CASES[endpoint, called(Status.METHOD_NOT_ALLOWED)]().answer()
        assert answer.headers == (("Allow", FORMS[endpoint].method),)


def test_the_directory():
    asked = Case(directory_request(source=B, target=asking(Endpoint.NOTIFY).provider.provider))
    assert asked.answer().status == Status.OK
    other = attrs.evolve(asked, carried={"method": "POST"}).step()
    assert (other.response.status, other.state) == (Status.METHOD_NOT_ALLOWED, asked.state)


# What is not here


def _entry(operation):
    other, nobody = b"mimi://b.example/u/bob", str(NOBODY).encode()
    if operation in REQUESTING:
        return ConsentEntry(operation, other, nobody)
    packages = () if operation is ConsentOperation.GRANT else None
    return ConsentEntry(operation, nobody, other, None, packages)


NOT_HERE = {
    "update": lambda: asking(Endpoint.UPDATE, NOWHERE),
    "submitMessage": lambda: asking(Endpoint.SUBMIT_MESSAGE, NOWHERE),
    "reportAbuse": lambda: asking(
        Endpoint.REPORT_ABUSE, NOWHERE, AbuseReport(b"", b"mimi://b.example/u/bob", AbuseType(0))
    ),
    "keyMaterial, room": lambda: claim(room_id=str(NOWHERE).encode()),
    "identifierQuery": lambda: asking(Endpoint.IDENTIFIER_QUERY, C, QUERY),
    **{
        f"requestConsent, {each.name}": lambda each=each: asking(
            Endpoint.REQUEST_CONSENT, NOBODY, _entry(each)
        )
        for each in sorted(REQUESTING)
    },
    **{
        f"updateConsent, {each.name}": lambda each=each: asking(
            Endpoint.UPDATE_CONSENT, NOBODY, _entry(each)
        )
        for each in sorted(UPDATING)
    },
}


@pytest.mark.parametrize("name", NOT_HERE)
def test_what_is_not_here(name):
    asked = NOT_HERE[name]()
    step = asked.step()
    assert step.response.status == Status.NOT_FOUND
    assert step.state is asked.state


def test_users_that_are_not_told_of():
    for operation in ConsentOperation:
        name = "requestConsent" if operation in REQUESTING else "updateConsent"
        asked = NOT_HERE[f"{name}, {operation.name}"]()
        discretion = attrs.evolve(asked.provider.discretion, hides_users=True)
        step = attrs.evolve(
            asked, provider=attrs.evolve(asked.provider, discretion=discretion)
        ).step()
        assert step.response.status == Status.CREATED
        assert step.state is asked.state


def test_one_room_is_another_for_a_claim():
    assert claim(room_id=str(ROOM).encode()).answer().status == Status.OK


def test_a_request_for_a_group_info_is_about_the_room_of_its_path():
    """Its signature covers no room: what may be known is decided for each."""
    asked = CASES[Endpoint.GROUP_INFO, called(GroupInfoCode.SUCCESS)]()
    elsewhere = asking(Endpoint.GROUP_INFO, NOWHERE, body=asked.request.body)
    assert elsewhere.request.body == asked.request.body
    (found, nothing) = (each.answer() for each in (asked, elsewhere))
    assert called(GroupInfoCode.SUCCESS) in outcomes(Endpoint.GROUP_INFO, found)
    assert called(GroupInfoCode.NO_SUCH_ROOM) in outcomes(Endpoint.GROUP_INFO, nothing)
