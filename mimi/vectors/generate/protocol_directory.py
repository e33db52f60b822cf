"""Directories of providers: right ones, wrong ones, and what templates make of identifiers.

Nothing depends on a seed.
"""

import json
from collections.abc import Iterator

from mimi.identity import Domain, MimiUri, parse
from mimi.protocol.directory import Directory, Endpoint, Parameter
from mimi.vectors.checks.protocol_directory import form_of_directory, form_of_url
from mimi.vectors.generate.protocol_octets import ALICE, BOB, ROOM
from mimi.vectors.generate.written import Vector
from mimi.vectors.protocol_rules import decided

VARIABLES = {
    "keyMaterial": "targetUser",
    "update": "roomId",
    "notify": "roomId",
    "submitMessage": "roomId",
    "groupInfo": "roomId",
    "requestConsent": "targetUser",
    "updateConsent": "requesterUser",
    "identifierQuery": "domain",
    "reportAbuse": "roomId",
    "proxyDownload": "downloadUrl",
}
"""The endpoints of the draft, and the variables of its example."""

DRAFT = """{
  "keyMaterial":
     "https://mimi.example.com/v1/keyMaterial/{targetUser}",
  "update": "https://mimi.example.com/v1/update{roomId}",
  "notify": "https://mimi.example.com/v1/notify/{roomId}",
  "submitMessage":
     "https://mimi.example.com/v1/submitMessage/{roomId}",
  "groupInfo":
     "https://mimi.example.com/v1/groupInfo/{roomId}",
  "requestConsent":
     "https://mimi.example.com/v1/requestConsent/{targetUser}",
  "updateConsent":
     "https://mimi.example.com/v1/updateConsent/{requesterUser}",
  "identifierQuery":
     "https://mimi.example.com/v1/identifierQuery/{domain}",
  "reportAbuse":
     "https://mimi.example.com/v1/reportAbuse/{roomId}",
  "proxyDownload":
     "https://mimi.example.com/v1/proxyDownload/{downloadUrl}"
}"""
DOWNLOAD = "https://assets.b.example/1.png?x=1"
ABOUT = {"targetUser": BOB, "requesterUser": ALICE, "roomId": ROOM, "domain": "b.example"}
ABOUT["downloadUrl"] = DOWNLOAD
EVERY = [(endpoint, ABOUT[variable]) for endpoint, variable in VARIABLES.items()]

Asked = list[tuple[str, str]]


def below(base: str, *, templates: dict[str, str] | None = None) -> str:
    """Return a document of all endpoints below a URL, or some of them at other places."""
    places = {name: f"{base}/{name}/{{{variable}}}" for name, variable in VARIABLES.items()}
    return json.dumps(places | (templates or {}))


def _places(**places: object) -> str:
    return json.dumps(places)


_PSEUDONYM = "mimi://b.example/p/3e671687-395b-41f5-a30f-a58921a69b79"
_ODD = "mimi://a.example/r/caf%C3%A9%20%26%20bar"

_GOOD: tuple[tuple[str, str, Asked], ...] = (
    ("the draft's example, with the colon that it lacks", DRAFT, EVERY),
    ("all endpoints at a port", below("https://mimi.a.example:8443/mimi"), EVERY),
    (
        "identifiers that are encoded once more",
        below("https://mimi.a.example"),
        [("update", _ODD), ("notify", _ODD), ("keyMaterial", _PSEUDONYM)],
    ),
    (
        "domains where consent is asked for, as section 5.7 has it",
        below(
            "https://a.example",
            templates={
                "requestConsent": "https://a.example/requestConsent/{targetDomain}",
                "updateConsent": "https://a.example/updateConsent/{requesterDomain}",
            },
        ),
        [
            ("requestConsent", "b.example"),
            ("requestConsent", BOB),
            ("updateConsent", "a.example"),
            ("updateConsent", _PSEUDONYM),
        ],
    ),
    (
        "variables in queries, and before more of the path",
        _places(
            update="https://a.example/x%20y/{roomId}/z",
            notify="HTTPS://A.example/?room={roomId}&v=1",
            submitMessage="https://a.example/messages?{roomId}",
            groupInfo="https://a.example:65535?{roomId}",
        ),
        [("update", ROOM), ("notify", ROOM), ("submitMessage", ROOM), ("groupInfo", ROOM)],
    ),
    (
        "names that nobody knows",
        _places(meta={"a": [1, None]}, newEndpoint=7, update="https://a.example/{roomId}"),
        [("update", ROOM)],
    ),
    (
        "endpoints that are not offered",
        _places(update="https://a.example/{roomId}"),
        [("notify", ROOM), ("keyMaterial", BOB)],
    ),
    ("nothing is offered", "{}", [("update", ROOM)]),
    (
        "what endpoints are not about",
        below("https://a.example"),
        [
            ("update", BOB),
            ("keyMaterial", ROOM),
            ("requestConsent", "b.example"),
            ("identifierQuery", BOB),
            ("proxyDownload", "b.example"),
            ("notify", DOWNLOAD),
        ],
    ),
)

_NO_PLACES = (
    *("", "update/{roomId}", "http://a.example/{roomId}", "https://a.example/update"),
    *("https://a.example/{room}", "https://a.example/{targetUser}", "https://a.example/{+roomId}"),
    *("https://a.example/{?roomId}", "https://a.example/{roomId*}", "https://a.example/{roomId:3}"),
    *("https://a.example/{roomId,x}", "https://a.example/{roomId}/{roomId}"),
    *("https://a.example/{roomId", "https://a.example/roomId}", "https://{roomId}/update"),
    *("https://a.example{roomId}", "https://a.example/#{roomId}", "https://a.example/{roomId}#x"),
    *("https://user@a.example/{roomId}", "https://127.0.0.1/{roomId}", "https://[::1]/{roomId}"),
    *("https://a..example/{roomId}", "https://a.example:123456/{roomId}"),
    *("https://a.example:65536/{roomId}", "https://a.example:0/{roomId}"),
    *("http\u017f://a.example/{roomId}", "https://\u212a.example/{roomId}"),
    *("https://a.example/\u00fc/{roomId}", "https://a.example/%2/{roomId}"),
    "https://a.example/ {roomId}",
)

_BAD: tuple[tuple[str, bytes], ...] = (
    ("no octets", b""),
    ("an object that does not end", b"{"),
    ("an array", b"[]"),
    ("null", b"null"),
    ("more behind the object", b"{} x"),
    ("a byte order mark", b"\xef\xbb\xbf{}"),
    ("UTF-16", "{}".encode("utf-16-le")),
    ("octets that are not UTF-8", b'{"update": "\xff"}'),
    ("arrays in arrays, 5,000 deep", b"[" * 5000),
    ("a place that is a number", b'{"update": 7}'),
    ("a place that is null", b'{"update": null}'),
    ("an endpoint twice", (b'{"update": "https://a.example/{roomId}",' * 2)[:-1] + b"}"),
    ("a name twice within", b'{"meta": {"x": 1, "x": 2}}'),
    (
        "two endpoints at one place",
        _places(update="https://a.example/{roomId}", notify="https://A.example/{roomId}").encode(),
    ),
    (
        "two endpoints at one place, whose empty path is the root",
        _places(update="https://a.example?{roomId}", notify="https://a.example/?{roomId}").encode(),
    ),
    (
        "two endpoints at one place, with other variables",
        _places(
            requestConsent="https://a.example/{targetUser}",
            identifierQuery="https://a.example/{domain}",
        ).encode(),
    ),
    *((f"no place: {text}", _places(update=text).encode()) for text in _NO_PLACES),
)


def directories() -> Iterator[Vector]:
    """Yield directories."""
    for description, document, asked in _GOOD:
        yield _directory(description, document.encode(), asked)
    for description, octets in _BAD:
        yield _directory(description, octets, [])


def _directory(description: str, document: bytes, asked: Asked) -> Vector:
    directory, rule = decided(lambda: Directory.parse(document))
    return {
        "kind": "protocol-directory",
        "description": description.encode("ascii", "backslashreplace").decode(),
        "document": document,
        "endpoints": directory and form_of_directory(directory),
        "urls": [] if directory is None else [_url(directory, *each) for each in asked],
        "rule": rule,
    }


def _url(directory: Directory, endpoint: str, parameter: str) -> Vector:
    found = form_of_url(directory, Endpoint(endpoint), meant(parameter))
    return {"endpoint": endpoint, "parameter": parameter, **found}


def meant(text: str) -> Parameter:
    """Return what an endpoint is asked about: a user, a room, a URL, or a domain."""
    if text.startswith("mimi:"):
        found: MimiUri = parse(text)
        return found  # type: ignore[return-value]  # users and rooms are all that is asked about
    return text if ":" in text else Domain(text)
