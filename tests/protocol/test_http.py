"""Requests of HTTP, and their responses (sections 4.1 and 5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.carried import (
    ASKED,
    CONSENT,
    HUB,
    LISTENER,
    NOTIFIED,
    NOW,
    SENT,
    arrived,
    asked,
    every_endpoint,
    with_header,
)
from protocol.providers import (
    BOB,
    ROOM,
    A,
    B,
    C,
    refused,
)

from mimi.errors import InvalidError, MalformedError, UsageError
from mimi.protocol import (
    FORMS,
    Answered,
    Directory,
    Endpoint,
    HttpError,
    HttpRequest,
    HttpResponse,
    Listener,
    Method,
    Protocol,
    Received,
    Status,
    SubmitAccepted,
    SubmitMessageResponse,
    asset_response,
    read_request,
    read_response,
    refusal,
    refuse,
    request_to,
    respond,
    update_accepted,
)
from mimi.protocol.errors import (
    EmptyNotifyError,
    IncompatibleProtocolError,
    MissingEndpointError,
)
from mimi.protocol.http import MEDIA_TYPE
from mimi.protocol.http_errors import (
    ContentLengthError,
    ContentTypeError,
    HeaderError,
    HostError,
    MethodError,
    PathParameterError,
    SourceError,
    UnauthenticatedSourceError,
    UnknownEndpointError,
)


def test_the_endpoints_are_all():
    assert ASKED.keys() == FORMS.keys() == set(Endpoint)


@every_endpoint
def test_a_request_arrives(endpoint):
    request, (parameter, content, _) = asked(endpoint), ASKED[endpoint]
    expected = "GET" if endpoint is Endpoint.PROXY_DOWNLOAD else "POST"
    assert request.method == expected
    assert request.url.startswith(f"https://mimi.a.example:8443/v1/{endpoint.value}/")
    assert request.headers[:2] == (("Host", "mimi.a.example:8443"), ("From", "mimi@b.example"))
    body_headers = (("Content-Type", MEDIA_TYPE),) if content else ()
    assert request.headers[2:] == body_headers
    received = arrived(request)
    assert received == Received(endpoint, parameter, B, A, request.body, frozenset({B}))
    assert received.content() == content


@every_endpoint
def test_a_response_arrives(endpoint):
    content = ASKED[endpoint][2]
    if endpoint is Endpoint.PROXY_DOWNLOAD:
        response = asset_response(content, "image/png")
    else:
        response = respond(endpoint, content)
    assert response.status == (201 if content is None else 200)
    assert bool(response.body) is (content is not None)
    found = read_response(endpoint, response.status, response.headers, response.body, now=NOW)
    assert found == Answered(content)


def test_what_endpoints_answer_with_201():
    created = {endpoint for endpoint in Endpoint if FORMS[endpoint].success == 201}
    assert created == {
        Endpoint.NOTIFY,
        Endpoint.REQUEST_CONSENT,
        Endpoint.UPDATE_CONSENT,
        Endpoint.REPORT_ABUSE,
    }


def test_headers_are_found_however_they_are_written():
    request = asked(Endpoint.UPDATE)
    written = (
        ("HOST", "mimi.A.example"),
        ("from", "\tmimi@B.example "),
        ("CONTENT-type", "Application/Octet-Stream; q=1"),
        ("X-Other", "1"),
        ("x-other", "2"),
    )
    assert arrived(request, headers=written).source == B


def test_a_body_whose_media_type_nobody_says():
    request = asked(Endpoint.UPDATE)
    assert arrived(request, headers=request.headers[:2]).content()


@pytest.mark.parametrize("name", ["Host", "From"])
def test_a_header_that_is_not_there_once(name):
    request = asked(Endpoint.UPDATE)
    for values in ((), ("x", "x")):
        with refused(HeaderError, "4.1", header=name.lower()) as caught:
            arrived(request, headers=with_header(request, name, *values))
        assert refuse(caught.value) == HttpResponse(400)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "b.example",
        "mimi",
        "MIMI@b.example",
        "alice@b.example",
        "<mimi@b.example>",
        "Mimi <mimi@b.example>",
        "mimi@",
        "mimi@b.example:443",
        "mimi@b..example",
        "mimi@b.example, mimi@c.example",
        "mimi@127.0.0.1",
        "mimi@" + "b" * 300 + ".example",
    ],
)
def test_a_source_that_is_none(value):
    request = asked(Endpoint.UPDATE)
    with refused(SourceError, "4.1") as caught:
        arrived(request, headers=with_header(request, "From", value))
    assert refuse(caught.value).status == 400


def test_a_source_that_the_connection_is_not_authenticated_as():
    for authenticated in (set(), {A, C}):
        with refused(UnauthenticatedSourceError, "4.1", source="b.example") as caught:
            arrived(asked(Endpoint.UPDATE), authenticated=authenticated)
        assert refuse(caught.value).status == 401


@pytest.mark.parametrize(
    "value", ["", "b.example", "a.example", "[::1]:8443", "127.0.0.1", "mimi..a.example"]
)
def test_a_host_that_is_not_here(value):
    request = asked(Endpoint.UPDATE)
    with refused(HostError, "4.1") as caught:
        arrived(request, headers=with_header(request, "Host", value))
    assert refuse(caught.value).status == 421


@pytest.mark.parametrize("value", ["mimi.a.example", "mimi.a.example:1", "mimi.a.example:8443"])
def test_the_port_of_the_host_does_not_matter(value):
    request = asked(Endpoint.UPDATE)
    assert arrived(request, headers=with_header(request, "Host", value))


@pytest.mark.parametrize("target", ["/", "/v1/update", "/v1/nothing/x", "*", "/v1/update/a/b"])
def test_a_target_where_nothing_is(target):
    with refused(UnknownEndpointError, "5.1", target=target) as caught:
        arrived(asked(Endpoint.UPDATE), target=target)
    assert refuse(caught.value).status == 404


@every_endpoint
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD", "get", ""])
def test_a_method_that_the_endpoint_does_not_have(endpoint, method):
    if method == FORMS[endpoint].method:
        return
    with refused(MethodError, "5", allow=FORMS[endpoint].method) as caught:
        arrived(asked(endpoint), method=method)
    response = refuse(caught.value)
    assert response == HttpResponse(405, allow=FORMS[endpoint].method)
    assert response.headers == (("Allow", str(FORMS[endpoint].method)),)


@pytest.mark.parametrize("room", ["clubhouse", "%FF", "mimi%3A%2F%2Fa.example", BOB.path_segment])
def test_a_path_about_something_else(room):
    with refused(PathParameterError, "5") as caught:
        arrived(asked(Endpoint.UPDATE), target=f"/v1/update/{room}")
    assert refuse(caught.value).status == 400


def test_a_body_that_is_too_long():
    request = asked(Endpoint.UPDATE)
    exact = Listener(A, HUB, len(request.body))
    assert arrived(request, listener=exact)
    with refused(ContentLengthError, "4.1", octets=len(request.body) + 1) as caught:
        arrived(request, listener=exact, body=request.body + b"\0")
    assert refuse(caught.value).status == 413


@pytest.mark.parametrize("endpoint", SENT, ids=lambda endpoint: endpoint.value)
def test_a_body_of_another_media_type(endpoint):
    request = asked(endpoint)
    for value in ("application/json", "", "message/mls"):
        with refused(ContentTypeError, "4.1", media_type=value) as caught:
            arrived(request, headers=with_header(request, "Content-Type", value))
        assert refuse(caught.value).status == 415


@every_endpoint
def test_a_body_that_does_not_parse(endpoint):
    request = asked(endpoint)
    wrong = (request.body + b"\0", request.body[:-1], b"\xff" * 40)
    for body in wrong if request.body else (b"\0",):
        received = arrived(request, body=body)
        with pytest.raises((MalformedError, IncompatibleProtocolError)) as caught:
            received.content()
        assert refuse(caught.value) == HttpResponse(400)


@pytest.mark.parametrize("endpoint", SENT, ids=lambda endpoint: endpoint.value)
def test_no_body(endpoint):
    received = arrived(asked(endpoint), body=b"")
    kind = EmptyNotifyError if endpoint is Endpoint.NOTIFY else MalformedError
    with pytest.raises(kind) as caught:
        received.content()
    assert refuse(caught.value).status == 400


@pytest.mark.parametrize(
    "endpoint", [Endpoint.KEY_MATERIAL, Endpoint.SUBMIT_MESSAGE, Endpoint.GROUP_INFO]
)
def test_a_body_of_another_protocol(endpoint):
    request = asked(endpoint)
    received = arrived(request, body=b"\x02" + request.body[1:])
    with refused(IncompatibleProtocolError, "5", protocol=Protocol(2)):
        received.content()


@given(st.binary(max_size=200), st.sampled_from(list(Endpoint)))
def test_any_body_is_read_or_answered(body, endpoint):
    received = arrived(asked(endpoint), body=body)
    try:
        received.content()
    except (MalformedError, InvalidError) as error:
        response = refuse(error)
    else:
        return
    assert response == HttpResponse(400)


@given(
    st.text(max_size=12),
    st.text(max_size=60),
    st.lists(
        st.tuples(st.sampled_from(["Host", "From", "Content-Type", "X"]), st.text(max_size=30))
    ),
)
def test_any_request_is_read_or_answered(method, target, headers):
    with pytest.raises(HttpError) as caught:
        read_request(LISTENER, method, target, headers, b"", authenticated={B})
    assert 400 <= refuse(caught.value).status < 500


# What is sent


def test_requests_that_cannot_be_sent():
    few = Directory({Endpoint.UPDATE: HUB.template(Endpoint.UPDATE)})
    with refused(MissingEndpointError, "5.1"):
        request_to(few, Endpoint.NOTIFY, ROOM, NOTIFIED, source=B, target=A)
    for endpoint, parameter, content in (
        (Endpoint.UPDATE, BOB, ASKED[Endpoint.UPDATE][1]),
        (Endpoint.UPDATE, ROOM, CONSENT),
        (Endpoint.UPDATE, ROOM, None),
        (Endpoint.NOTIFY, ROOM, ()),
        (Endpoint.NOTIFY, ROOM, (CONSENT,)),
    ):
        with pytest.raises(UsageError):
            request_to(HUB, endpoint, parameter, content, source=B, target=A)


def test_responses_that_cannot_be_sent():
    for endpoint, content in (
        (Endpoint.UPDATE, None),
        (Endpoint.UPDATE, SubmitMessageResponse(SubmitAccepted(1))),
        (Endpoint.NOTIFY, update_accepted(1)),
        (Endpoint.PROXY_DOWNLOAD, b"PNG"),
    ):
        with pytest.raises(UsageError):
            respond(endpoint, content)
    with pytest.raises(UsageError):
        refusal(Status.CREATED)


def test_the_host_of_a_url():
    for url, host in (
        ("https://a.example/x", "a.example"),
        ("https://a.example:8443/x?y", "a.example:8443"),
        ("https://a.example?x=/", "a.example"),
    ):
        assert HttpRequest(Method.GET, url, B, A).host == host
