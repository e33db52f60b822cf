"""Requests and responses of HTTP at every endpoint, and what is wrong with others.

Nothing depends on a seed.
"""

from collections.abc import Iterator
from typing import Any

from mimi.identity import Domain
from mimi.protocol.directory import Directory, Endpoint
from mimi.protocol.http import Listener
from mimi.vectors.checks.protocol_http import (
    DIRECTORY,
    Answer,
    Arrival,
    form_of_answer,
    form_of_arrival,
    sent,
)
from mimi.vectors.generate.protocol_bodies import GOOD
from mimi.vectors.generate.protocol_directory import ABOUT, DRAFT, VARIABLES, below
from mimi.vectors.generate.protocol_octets import joined
from mimi.vectors.generate.written import Vector

NOW = 784_111_777
"""Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110."""
LONGEST = 1 << 24

OURS = below("https://mimi.a.example:8443/v1")
NESTED = below(
    "https://mimi.a.example:8443/v1",
    templates={
        "update": "https://mimi.a.example:8443/{roomId}",
        "notify": "https://mimi.a.example:8443/notify{roomId}",
        "submitMessage": "https://mimi.a.example:8443/?submit={roomId}",
        "groupInfo": "https://mimi.a.example:8443?info={roomId}",
    },
)

_TYPED = {"Content-Type": "application/octet-stream"}
_FROM_B = {"Host": "mimi.a.example:8443", "From": "mimi@b.example"}
_ROOM_SEGMENT = "mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse"


def _body_of(structure: str) -> bytes:
    return next(joined(fields) for _, named, fields in GOOD if named == structure)


_REQUESTS = {
    "keyMaterial": "KeyMaterialRequest",
    "update": "UpdateRequest",
    "notify": "NotifyRequest",
    "submitMessage": "SubmitMessageRequest",
    "groupInfo": "GroupInfoRequest",
    "requestConsent": "ConsentEntry",
    "updateConsent": "ConsentEntry",
    "identifierQuery": "IdentifierRequest",
    "reportAbuse": "AbuseReport",
    "proxyDownload": None,
}
_RESPONSES = {
    "keyMaterial": "KeyMaterialResponse",
    "update": "UpdateRoomResponse",
    "submitMessage": "SubmitMessageResponse",
    "groupInfo": "GroupInfoResponse",
    "identifierQuery": "IdentifierResponse",
}
_WITHOUT_BODY = ("notify", "requestConsent", "updateConsent", "reportAbuse")


def _segment(text: str) -> str:
    return "".join(
        each if each.isalnum() or each in "-._~" else f"%{ord(each):02X}" for each in text
    )


def requests() -> Iterator[Vector]:
    """Yield requests: one to each endpoint, and what is answered with a status alone."""
    for endpoint, structure in _REQUESTS.items():
        yield _request(f"a request to {endpoint}", endpoint, is_sent=True)
        if structure is not None:
            body = _body_of(structure)
            for what, octets in (("an octet more", body + b"\0"), ("no body", b"")):
                yield _request(f"{endpoint}: {what}", endpoint, body=octets)
        else:
            yield _request(f"{endpoint}: a body", endpoint, body=b"\0")
        other = "POST" if structure is None else "GET"
        yield _request(f"{endpoint}: another method", endpoint, method=other)
    for description, changes in _CHANGES:
        yield _request(description, **{"endpoint": "update", **changes})


def _request(description: str, endpoint: str, **changes: Any) -> Vector:
    structure, variable = _REQUESTS[endpoint], VARIABLES[endpoint]
    headers = _FROM_B if structure is None else _FROM_B | _TYPED
    body = b"" if structure is None else _body_of(structure)
    directory = changes.get("directory", OURS)
    arrival = Arrival(
        Listener(
            Domain("a.example"),
            Directory.parse(directory.encode()),
            changes.get("most_octets", LONGEST),
        ),
        changes.get("method", "GET" if structure is None else "POST"),
        changes.get("target", f"/v1/{endpoint}/{_segment(ABOUT[variable])}"),
        tuple(changes.get("headers", tuple(headers.items()))),
        changes.get("body", body),
        tuple(Domain(name) for name in changes.get("authenticated", ("b.example",))),
    )
    return {
        "kind": "protocol-request",
        "description": description,
        "provider": "a.example",
        "directory": directory,
        "most_octets": arrival.listener.most_octets,
        "method": arrival.method,
        "target": arrival.target,
        "headers": [list(pair) for pair in arrival.headers],
        "body": arrival.body,
        "authenticated": [str(each) for each in arrival.authenticated],
        "url": sent(arrival).url if changes.get("is_sent") else None,
        **form_of_arrival(arrival),
    }


def _headers(*others: tuple[str, str], without: str = "") -> tuple[tuple[str, str], ...]:
    kept = tuple(pair for pair in (_FROM_B | _TYPED).items() if pair[0] != without)
    return (*kept, *others)


def _instead(name: str, value: str) -> dict[str, Any]:
    return {"headers": _headers((name, value), without=name)}


_SOURCES = (
    *("", "b.example", "mimi", "MIMI@b.example", "alice@b.example", "<mimi@b.example>"),
    *("Mimi <mimi@b.example>", "mimi@", "mimi@b.example:443", "mimi@b..example"),
    *("mimi@b.example, mimi@c.example", "mimi@127.0.0.1"),
)
_HOSTS = ("", "b.example", "a.example", "[::1]:8443", "127.0.0.1", "mimi..a.example")
_TARGETS = (
    *("/", "*", "", "/v1/update", "/v1/update/", "/v1/nothing/x", "/v1/update/a/b"),
    *("/v1/update/x?y", "/v1/Update/x", "/v1/update/mimi://a.example/r/clubhouse"),
)
_PARAMETERS = (
    *("clubhouse", "%FF", "mimi%3A%2F%2Fa.example", "mimi%3A%2F%2Fb.example%2Fu%2Fbob"),
    "mimi%3A%2F%2Fa.example%2Fr%2",
)

_CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "names of headers in any case, values between blanks, others twice",
        {
            "headers": (
                ("HOST", "mimi.A.example"),
                ("from", "\tmimi@B.example "),
                ("CONTENT-type", "Application/Octet-Stream; q=1"),
                ("X-Other", "1"),
                ("x-other", "2"),
            )
        },
    ),
    ("no media type", {"headers": _headers(without="Content-Type")}),
    ("a Host with another port", _instead("Host", "mimi.a.example:1")),
    (
        "a connection that is authenticated for several",
        {"authenticated": ("c.example", "b.example")},
    ),
    (
        "an identifier that is not all encoded, in another spelling",
        {"target": "/v1/update/mimi:%2F%2FA.example%2fr%2F%63lubhouse"},
    ),
    (
        "the draft's directory, which lacks a slash",
        {
            "directory": DRAFT,
            "target": f"/v1/update{_ROOM_SEGMENT}",
            "headers": (("Host", "mimi.example.com"), ("From", "mimi@b.example"), *_TYPED.items()),
            "is_sent": True,
        },
    ),
    (
        "of several places that match, that with most before the variable",
        {
            "endpoint": "notify",
            "directory": NESTED,
            "target": f"/notify{_ROOM_SEGMENT}",
            "is_sent": True,
        },
    ),
    ("where only one matches", {"directory": NESTED, "target": f"/{_ROOM_SEGMENT}"}),
    (
        "a variable in the query",
        {
            "endpoint": "submitMessage",
            "directory": NESTED,
            "target": f"/?submit={_ROOM_SEGMENT}",
            "is_sent": True,
        },
    ),
    (
        "a variable in the query, where the template has no path",
        {
            "endpoint": "groupInfo",
            "directory": NESTED,
            "target": f"/?info={_ROOM_SEGMENT}",
            "is_sent": True,
        },
    ),
    ("a body as long as may be", {"most_octets": len(_body_of("UpdateRequest"))}),
    ("a body too long", {"most_octets": len(_body_of("UpdateRequest")) - 1}),
    ("no Host", {"headers": _headers(without="Host")}),
    ("no From", {"headers": _headers(without="From")}),
    ("two Hosts", {"headers": _headers(("host", "mimi.a.example"))}),
    ("two Froms", {"headers": _headers(("from", "mimi@b.example"))}),
    ("two media types", {"headers": _headers(("content-type", "application/octet-stream"))}),
    ("no certificate", {"authenticated": ()}),
    ("a certificate of others", {"authenticated": ("a.example", "c.example")}),
    ("another method than POST, in small letters", {"method": "post"}),
    ("JSON", _instead("Content-Type", "application/json")),
    ("an empty media type", _instead("Content-Type", "")),
    (
        "another protocol, told apart before the rest is read",
        {"endpoint": "submitMessage", "body": b"\2whatever it may be"},
    ),
    (
        "a group info in another protocol",
        {"endpoint": "groupInfo", "body": b"\0"},
    ),
    *((f"From: {value}", _instead("From", value)) for value in _SOURCES),
    *((f"Host: {value}", _instead("Host", value)) for value in _HOSTS),
    *((f"nothing is at {target}", {"target": target}) for target in _TARGETS),
    *((f"a room is not {text}", {"target": f"/v1/update/{text}"}) for text in _PARAMETERS),
)


# Responses


def responses() -> Iterator[Vector]:
    """Yield responses of every endpoint, with every status."""
    for endpoint, structure in _RESPONSES.items():
        body = _body_of(structure)
        yield _response(f"{endpoint}: 200", endpoint, 200, body)
        yield _response(f"{endpoint}: an octet more", endpoint, 200, body + b"\0")
        yield _response(f"{endpoint}: no body", endpoint, 200, b"")
        yield _response(f"{endpoint}: 201 instead of 200", endpoint, 201, body)
    for endpoint in _WITHOUT_BODY:
        for status in (200, 201, 202):
            yield _response(f"{endpoint}: {status}", endpoint, status)
        yield _response(f"{endpoint}: a body that nobody reads", endpoint, 201, b"thanks")
    yield from _others()
    for status in _STATUSES:
        yield _response(f"notify: {status}", "notify", status)
        yield _response(f"groupInfo: {status}, with a page", "groupInfo", status, b"<html>", _HTML)
    for value in _GUIDANCE:
        headers = (("Retry-After", value),)
        yield _response(f"Retry-After: {value}", "notify", 503, headers=headers)


_OCTETS = (("Content-Type", "application/octet-stream"),)
_HTML = (("Content-Type", "text/html"),)
_JSON = (("Content-Type", "application/json"),)
_STATUSES = (
    *(100, 202, 204, 301, 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 421, 422, 425, 429),
    *(500, 501, 502, 503, 504),
)
_GUIDANCE = (
    *("0", "120", "9999999999", "Sun, 06 Nov 1994 08:51:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"),
    *("Sun, 06 Nov 1994 08:49:36 GMT", "Tue, 29 Feb 2000 00:00:60 GMT"),
    *("", "-1", "1.5", "soon", "12345678901", "Sun, 31 Feb 2026 08:49:37 GMT"),
    *("Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"),
    *("Sun, 06 Nov 1994 24:00:00 GMT", "sun, 06 nov 1994 08:49:37 gmt"),
)


def _others() -> Iterator[Vector]:
    body = _body_of("UpdateRoomResponse")
    yield _response("no media type", "update", 200, body, headers=())
    yield _response("an answer that is a page", "update", 200, body, _HTML)
    yield _response("two media types", "update", 200, body, _OCTETS * 2)
    yield _response("as long as may be", "update", 200, body, most_octets=len(body))
    yield _response("too long", "update", 200, body, most_octets=len(body) - 1)
    retry = (("retry-after", " 7\t"),)
    yield _response("429, with guidance between blanks", "keyMaterial", 429, headers=retry)
    yield _response("guidance twice", "keyMaterial", 429, headers=retry * 2)
    yield _response("what was downloaded", "proxyDownload", 200, b"PNG", _HTML)
    yield _response("nothing was downloaded", "proxyDownload", 404)
    yield _response("a download too long", "proxyDownload", 200, b"PNG", most_octets=2)
    yield _response("a directory", DIRECTORY, 200, DRAFT.encode(), _JSON)
    typed = (("content-type", "Application/JSON; charset=utf-8"),)
    yield _response("a directory, with parameters", DIRECTORY, 200, b"{}", typed)
    yield _response("a directory without a media type", DIRECTORY, 200, b"{}", headers=())
    yield _response("a directory that is octets", DIRECTORY, 200, b"{}")
    yield _response("a directory that is a page", DIRECTORY, 200, b"<html>", _JSON)
    yield _response("no directory", DIRECTORY, 404)
    yield _response("a directory another time", DIRECTORY, 503)


def _response(
    description: str,
    endpoint: str,
    status: int,
    body: bytes = b"",
    headers: tuple[tuple[str, str], ...] | None = None,
    most_octets: int = LONGEST,
) -> Vector:
    stated = (_OCTETS if body else ()) if headers is None else headers
    about = None if endpoint == DIRECTORY else Endpoint(endpoint)
    answer = Answer(about, status, stated, body, NOW, most_octets)
    return {
        "kind": "protocol-response",
        "description": description,
        "endpoint": endpoint,
        "status": status,
        "headers": [list(pair) for pair in stated],
        "body": body,
        "now": NOW,
        "most_octets": most_octets,
        **form_of_answer(answer),
    }
