"""Bodies that are cut, longer, altered or made up: answered with a 400-class status, all undone."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocol.carried import NOTIFIED
from protocol.endpoint_answers import called, is_refusal, written
from protocol.endpoint_cases import ABROAD, CASES, asking

from mimi.protocol import FORMS, Endpoint, notify_body
from mimi.protocol.http import MOST_OCTETS
from mimi.protocol.http_errors import Status
from mimi.protocol.keys import KeyMaterialUserCode

POSTED = [each for each in Endpoint if FORMS[each].request is not None]
every_endpoint = pytest.mark.parametrize("endpoint", POSTED, ids=lambda endpoint: endpoint.value)
FIRST = len(notify_body(NOTIFIED[:1]))
"""Where the first of two notifications ends."""


def taken(endpoint):
    """Return a request that is taken; whose body is altered at many places."""
    if endpoint is Endpoint.NOTIFY:
        return asking(Endpoint.NOTIFY, ABROAD)
    return CASES[endpoint, called(FORMS[endpoint].success)]()


def answer(endpoint, asked, body):
    """Return the status of the answer to another body; what is refused is undone."""
    step = attrs.evolve(asked, carried={"body": body}).step()
    assert step.response.status in written(endpoint)
    if is_refusal(endpoint, step.response):
        assert step.state is asked.state
        if step.response.status != Status.NOT_FOUND:
            assert step.effects == ()
    return step.response.status


@every_endpoint
def test_the_body_is_taken_as_it_is(endpoint):
    asked = taken(endpoint)
    assert answer(endpoint, asked, asked.request.body) == FORMS[endpoint].success


@every_endpoint
def test_every_end_that_is_cut_off(endpoint):
    asked = taken(endpoint)
    whole = asked.request.body
    for end in range(len(whole)):
        if (endpoint, end) != (Endpoint.NOTIFY, FIRST):
            assert answer(endpoint, asked, whole[:end]) == Status.BAD_REQUEST


@every_endpoint
@pytest.mark.parametrize("more", [b"\0", b"\xff", bytes(1000)])
def test_every_end_that_is_added(endpoint, more):
    asked = taken(endpoint)
    assert answer(endpoint, asked, asked.request.body + more) == Status.BAD_REQUEST


@every_endpoint
@pytest.mark.parametrize("flipped", [0x01, 0x80, 0xFF])
def test_every_octet_that_is_altered(endpoint, flipped):
    asked = taken(endpoint)
    body = bytearray(asked.request.body)
    for at in range(len(body)):
        body[at] ^= flipped
        status = answer(endpoint, asked, bytes(body))
        assert status == FORMS[endpoint].success or 400 <= status < 500
        body[at] ^= flipped


@every_endpoint
def test_too_long_a_body(endpoint):
    asked = taken(endpoint)
    assert answer(endpoint, asked, bytes(MOST_OCTETS + 1)) == Status.CONTENT_TOO_LARGE
    if endpoint is not Endpoint.KEY_MATERIAL:
        assert answer(endpoint, asked, bytes(1 << 20)) == Status.BAD_REQUEST


@every_endpoint
def test_the_body_of_another_endpoint(endpoint):
    asked = taken(endpoint)
    for other in POSTED:
        if FORMS[other].request is not FORMS[endpoint].request:
            status = answer(endpoint, asked, taken(other).request.body)
            assert status in (Status.OK, Status.BAD_REQUEST)


@every_endpoint
@settings(max_examples=100)
@given(body=st.binary(max_size=400))
def test_octets_that_mean_nothing(endpoint, body):
    asked = taken(endpoint)
    status = answer(endpoint, asked, body)
    assert status in (Status.BAD_REQUEST, FORMS[endpoint].success)


def test_of_what_means_nothing_another_protocol_is_answered_as_such():
    """All that is read of it is its first octet."""
    asked = taken(Endpoint.KEY_MATERIAL)
    step = attrs.evolve(asked, carried={"body": bytes(200)}).step()
    assert step.response.status == Status.OK
    assert step.response.body[1] == KeyMaterialUserCode.INCOMPATIBLE_PROTOCOL
    assert step.state is asked.state
