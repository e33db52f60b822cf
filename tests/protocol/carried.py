"""What b.example asks a.example at each endpoint, and how it is carried."""

from typing import Any

import pytest
from protocol.providers import (
    ACCEPTED,
    ALICE,
    BOB,
    FRANK,
    REQUEST,
    ROOM,
    A,
    B,
    octets,
    scene,
)

from mimi.protocol import (
    FORMS,
    AbuseReport,
    AbuseType,
    ApplicationFanout,
    ConsentEntry,
    ConsentOperation,
    Directory,
    Endpoint,
    FanoutMessage,
    GroupInfoNoSuchRoom,
    GroupInfoRequest,
    GroupInfoResponse,
    HttpRequest,
    IdentifierQueryCode,
    IdentifierRequest,
    IdentifierResponse,
    KeyMaterialResponse,
    KeyMaterialUserCode,
    Listener,
    Method,
    Protocol,
    QueryElement,
    Received,
    SearchIdentifierType,
    SubmitAccepted,
    SubmitMessageRequest,
    SubmitMessageResponse,
    read_request,
    request_to,
    update_accepted,
    update_request,
)

SCENE = scene()
HUB = Directory.at("https://mimi.a.example:8443/v1")
LISTENER = Listener(A, HUB)
NOW = 784_111_777
"""Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110."""

URL = "https://assets.b.example/1.png"
NOTIFIED = (
    FanoutMessage(ACCEPTED, SCENE.application, ApplicationFanout(FRANK)),
    FanoutMessage(ACCEPTED, SCENE.application, ApplicationFanout()),
)
CONSENT = ConsentEntry(ConsentOperation.REQUEST, octets(BOB), octets(ALICE))
GRANT = ConsentEntry(ConsentOperation.GRANT, octets(ALICE), octets(BOB), None, ())
GROUP_INFO = GroupInfoRequest(
    REQUEST.acceptable_ciphersuites[0], b"key", REQUEST.requester_credential, b"pub", None, b"sig"
)

ASKED: dict[Endpoint, tuple[Any, Any, Any]] = {
    Endpoint.KEY_MATERIAL: (
        ALICE,
        REQUEST,
        KeyMaterialResponse(Protocol.MLS10, KeyMaterialUserCode.NO_CONSENT, octets(ALICE)),
    ),
    Endpoint.UPDATE: (ROOM, update_request(SCENE.proposals[0]), update_accepted(ACCEPTED)),
    Endpoint.NOTIFY: (ROOM, NOTIFIED, None),
    Endpoint.SUBMIT_MESSAGE: (
        ROOM,
        SubmitMessageRequest(SCENE.application, octets(BOB)),
        SubmitMessageResponse(SubmitAccepted(ACCEPTED, FRANK)),
    ),
    Endpoint.GROUP_INFO: (
        ROOM,
        GROUP_INFO,
        GroupInfoResponse(octets(ROOM), GroupInfoNoSuchRoom()),
    ),
    Endpoint.REQUEST_CONSENT: (ALICE, CONSENT, None),
    Endpoint.UPDATE_CONSENT: (ALICE, GRANT, None),
    Endpoint.IDENTIFIER_QUERY: (
        A,
        IdentifierRequest((QueryElement(SearchIdentifierType.NICK, None, b"alice"),)),
        IdentifierResponse(IdentifierQueryCode.SUCCESS, (octets(ALICE),)),
    ),
    Endpoint.REPORT_ABUSE: (ROOM, AbuseReport(b"", octets(ALICE), AbuseType(0)), None),
    Endpoint.PROXY_DOWNLOAD: (URL, None, b"PNG"),
}
"""What each endpoint is asked about, with which body, and what it answers."""

every_endpoint = pytest.mark.parametrize("endpoint", ASKED, ids=lambda endpoint: endpoint.value)
SENT = [endpoint for endpoint in Endpoint if FORMS[endpoint].method is Method.POST]


def asked(endpoint: Endpoint) -> HttpRequest:
    """Return what b.example asks a.example."""
    parameter, content, _ = ASKED[endpoint]
    return request_to(HUB, endpoint, parameter, content, source=B, target=A)


def arrived(request: HttpRequest, **changes: Any) -> Received:
    """Return a request as a.example reads it, with changes on its way."""
    options: dict[str, Any] = {
        "method": str(request.method),
        "target": request.request_target,
        "headers": request.headers,
        "body": request.body,
        "authenticated": {B},
        "listener": LISTENER,
        **changes,
    }
    return read_request(**options)


def with_header(request: HttpRequest, name: str, *values: str) -> tuple[tuple[str, str], ...]:
    others = tuple(header for header in request.headers if header[0] != name)
    return (*others, *((name, value) for value in values))
