"""Refusals, directories and retries (sections 4.1, 5.1 and 5.5)."""

import pytest
from protocol.carried import (
    HUB,
    NOW,
)
from protocol.providers import (
    A,
    B,
    refused,
)

from mimi.codec import encode
from mimi.errors import ForbiddenError, InvalidError, MalformedError, UsageError
from mimi.identity import Domain
from mimi.protocol import (
    Answered,
    Endpoint,
    Listener,
    Method,
    Refused,
    Status,
    directory_request,
    directory_response,
    read_directory,
    read_response,
    refusal,
    refuse,
    retry_after,
    retry_in,
    update_accepted,
)
from mimi.protocol.errors import (
    DirectoryError,
)
from mimi.protocol.http import JSON
from mimi.protocol.http_errors import (
    ContentLengthError,
    ContentTypeError,
    HeaderError,
)
from mimi.protocol.retry import LONGEST, MOST

# Refusals


class _NotHereError(ForbiddenError):
    """Something is not allowed in a room."""


def test_statuses_of_errors():
    assert refuse(_NotHereError("no")).status == 403
    assert refuse(InvalidError("no")).status == 400
    assert refuse(MalformedError("no")).status == 400
    assert refuse(UsageError("our own mistake")).status == 500
    assert refuse(InvalidError("why?")).body == b""


@pytest.mark.parametrize("status", [each for each in Status if each >= 400], ids=str)
def test_every_refusal(status):
    for seconds in (None, 30):
        response = refusal(status, retry_after=seconds)
        headers = () if seconds is None else (("Retry-After", "30"),)
        assert response.headers == headers
        for endpoint in Endpoint:
            found = read_response(endpoint, status, response.headers, b"whatever", now=NOW)
            assert found == Refused(status, seconds)
    final = {400, 403, 404, 405, 413, 415}
    assert Refused(status).is_final is (status in final)


def test_only_201_takes_a_notify():
    for status in (200, 202, 204, 301, 100):
        found = read_response(Endpoint.NOTIFY, status, (), b"", now=NOW)
        assert found == Refused(status)
        assert not found.is_final
    for status in (200, 201, 202, 204):
        assert read_response(Endpoint.REPORT_ABUSE, status, (), b"", now=NOW) == Answered(None)
    assert read_response(Endpoint.UPDATE, 201, (), b"", now=NOW) == Refused(201)


def test_responses_that_are_none():
    octets_ = encode(update_accepted(1))
    with pytest.raises(MalformedError):
        read_response(Endpoint.UPDATE, 200, (), octets_ + b"\0", now=NOW)
    with refused(ContentTypeError, "4.1", media_type="text/html"):
        read_response(Endpoint.UPDATE, 200, [("content-type", "text/html")], octets_, now=NOW)
    with refused(ContentLengthError, "4.1", octets=len(octets_)):
        read_response(Endpoint.UPDATE, 200, (), octets_, now=NOW, most_octets=3)
    twice = [("Retry-After", "1"), ("retry-after", "2")]
    with refused(HeaderError, "4.1", header="retry-after"):
        read_response(Endpoint.UPDATE, 503, twice, b"", now=NOW)
    assert read_response(Endpoint.UPDATE, 200, (), octets_, now=NOW) == Answered(update_accepted(1))


# Directories


def test_a_directory_is_asked_for():
    request = directory_request(source=B, target=A)
    assert (request.method, request.body) == (Method.GET, b"")
    assert request.url == "https://a.example/.well-known/mimi-protocol-directory"
    assert request.headers == (("Host", "a.example"), ("From", "mimi@b.example"))
    response = directory_response(HUB)
    assert response.headers == (("Content-Type", "application/json"),)
    assert read_directory(response.status, response.headers, response.body) == HUB
    assert read_directory(404, (), b"") == 404
    with refused(ContentTypeError, "4.1", media_type="text/html"):
        read_directory(200, [("Content-Type", "text/html; charset=utf-8")], response.body)
    with refused(DirectoryError, "5.1"):
        read_directory(200, [("Content-Type", JSON)], b"<html>")


# When to ask again


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        ("9999999999", 9_999_999_999),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("Sun, 06 Nov 1994 08:50:07 GMT", 30),
        ("Mon, 07 Nov 1994 08:49:37 GMT", 86_400),
        ("Sat, 05 Nov 1994 08:49:37 GMT", 0),
        ("Thu, 29 Feb 1996 00:00:00 GMT", 41_440_223),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("\u0661", None),
        ("99999999999", None),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("Sun Nov  6 08:49:37 1994", None),
        ("Sun, 06 Nov 1994 08:49:37 UTC", None),
        ("Sun, 31 Nov 1994 08:49:37 GMT", None),
        ("Sun, 29 Feb 1995 08:49:37 GMT", None),
        ("Sun, 00 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 0000 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 24:00:00 GMT", None),
    ],
)
def test_when_the_other_side_wants_to_be_asked_again(header, seconds):
    assert retry_after(header, NOW) == seconds


def test_waits_double_and_respect_guidance():
    assert [retry_in(attempt) for attempt in range(1, 6)] == [1, 2, 4, 8, 16]
    assert retry_in(1, 120) == 120
    assert retry_in(9, 120) == 256
    assert retry_in(1, None, least=5) == 5


def test_waits_of_ones_own_and_those_that_are_wished_have_their_bounds():
    assert retry_in(12) == 2048
    assert retry_in(13) == retry_in(1000) == LONGEST == 3600
    assert retry_in(1000, 7200) == retry_in(1, 7200) == 7200
    assert retry_in(1, 9_999_999_999) == retry_in(1000, 86_401) == MOST == 86_400
    assert retry_in(3, least=5, longest=12) == 12
    assert retry_in(3, 30, least=5, longest=12, most=24) == 24
    assert retry_in(3, 30, least=5, most=12) == 20
    for attempt in (0, -1):
        with pytest.raises(UsageError, match="never sent"):
            retry_in(attempt)


def test_who_receives():
    assert Listener(A, HUB).most_octets == 1 << 24
    assert HUB.hosts == {Domain("mimi.a.example")}
