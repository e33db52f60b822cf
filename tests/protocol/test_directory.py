"""The directory of a provider (section 5.1)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.providers import ALICE, BOB, ROOM, A, B, refused

from mimi.errors import UsageError
from mimi.identity import Domain, IdentifierError, PseudonymUri, RoomUri
from mimi.protocol import Directory, Endpoint, Template, directory_url
from mimi.protocol.directory import MOST_OCTETS, VARIABLES
from mimi.protocol.errors import (
    DirectoryError,
    DirectorySizeError,
    EndpointParameterError,
    MissingEndpointError,
    RepeatedNameError,
    RepeatedTemplateError,
    TemplateError,
)

HOST = Domain("mimi.example.com")
OURS = Directory.at("https://mimi.example.com/v1")
DOWNLOAD = "https://assets.b.example/1.png?x=1"

DRAFT = b"""{
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
"""That of the draft, with the colon that it lacks."""

PARAMETERS = {
    Endpoint.KEY_MATERIAL: (BOB, "mimi%3A%2F%2Fb.example%2Fu%2Fbob"),
    Endpoint.UPDATE: (ROOM, "mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse"),
    Endpoint.NOTIFY: (ROOM, "mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse"),
    Endpoint.SUBMIT_MESSAGE: (ROOM, "mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse"),
    Endpoint.GROUP_INFO: (ROOM, "mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse"),
    Endpoint.REQUEST_CONSENT: (BOB, "mimi%3A%2F%2Fb.example%2Fu%2Fbob"),
    Endpoint.UPDATE_CONSENT: (ALICE, "mimi%3A%2F%2Fa.example%2Fu%2Falice"),
    Endpoint.IDENTIFIER_QUERY: (B, "b.example"),
    Endpoint.REPORT_ABUSE: (ROOM, "mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse"),
    Endpoint.PROXY_DOWNLOAD: (
        DOWNLOAD,
        "https%3A%2F%2Fassets.b.example%2F1.png%3Fx%3D1",
    ),
}


def document(**places: object) -> bytes:
    return json.dumps(places).encode()


def test_where_the_directory_is():
    assert directory_url(A) == "https://a.example/.well-known/mimi-protocol-directory"


def test_the_drafts_directory():
    read = Directory.parse(DRAFT)
    assert read.templates.keys() == set(Endpoint)
    assert [each.value for each in Endpoint] == list(json.loads(DRAFT))
    assert read.hosts == {HOST}
    url = read.url(Endpoint.UPDATE, ROOM)
    assert url == "https://mimi.example.com/v1/updatemimi%3A%2F%2Fa.example%2Fr%2Fclubhouse"
    assert Directory.parse(read.encode()) == read
    assert json.loads(read.encode()) == json.loads(DRAFT)


def test_a_directory_of_ones_own():
    assert Directory.at("https://mimi.example.com/v1/") == OURS
    mended = DRAFT.replace(b"update{", b"update/{")
    assert Directory.parse(mended) == OURS == Directory.parse(OURS.encode())
    with refused(TemplateError, "5.1"):
        Directory.at("http://mimi.example.com")


@pytest.mark.parametrize("endpoint", Endpoint, ids=lambda endpoint: endpoint.value)
@pytest.mark.parametrize("directory", [OURS, Directory.parse(DRAFT)], ids=["ours", "draft's"])
def test_there_and_back(directory, endpoint):
    parameter, encoded = PARAMETERS[endpoint]
    url = directory.url(endpoint, parameter)
    assert url.startswith("https://mimi.example.com/v1/")
    assert url.endswith(encoded)
    target = url.removeprefix("https://mimi.example.com")
    assert directory.match(HOST, target) == (endpoint, encoded)
    assert directory.parameter_of(endpoint, encoded) == parameter
    assert directory.match(A, target) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_any_name_survives(name):
    try:
        room = RoomUri(A, name)
    except IdentifierError:
        return
    target = OURS.url(Endpoint.NOTIFY, room).removeprefix("https://mimi.example.com")
    found = OURS.match(HOST, target)
    assert found is not None
    assert target.isascii()
    assert OURS.parameter_of(*found) == room


@pytest.mark.parametrize(
    "target",
    [
        "",
        "/",
        "/v1/update/",
        "/v1/update",
        "/v2/update/x",
        "/v1/update/x/y",
        "/v1/update/x?y",
        "/v1/update/mimi://a.example/r/clubhouse",
        "/v1/Update/x",
        "https://mimi.example.com/v1/update/x",
    ],
)
def test_what_is_no_endpoint(target):
    assert OURS.match(HOST, target) is None


@pytest.mark.parametrize(
    ("endpoint", "encoded"),
    [
        (Endpoint.UPDATE, "clubhouse"),
        (Endpoint.UPDATE, "mimi%3A%2F%2Fa.example%2Fu%2Falice"),
        (Endpoint.UPDATE, "mimi%3A%2F%2Fa.example%2Fr%2"),
        (Endpoint.UPDATE, "mimi%3A%2F%2Fa.example%2Fr%2F%FF"),
        (Endpoint.KEY_MATERIAL, "mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse"),
        (Endpoint.IDENTIFIER_QUERY, "mimi%3A%2F%2Fb.example"),
        (Endpoint.IDENTIFIER_QUERY, "b..example"),
        (Endpoint.PROXY_DOWNLOAD, "%FF"),
        (Endpoint.PROXY_DOWNLOAD, "a b"),
    ],
)
def test_what_cannot_stand_for_a_variable(endpoint, encoded):
    with pytest.raises(IdentifierError):
        OURS.parameter_of(endpoint, encoded)


def test_what_stands_for_a_variable_need_not_be_all_encoded():
    plain = "mimi:%2F%2FA.example%2fr%2F%63lubhouse"
    assert OURS.match(HOST, f"/v1/update/{plain}") == (Endpoint.UPDATE, plain)
    assert OURS.parameter_of(Endpoint.UPDATE, plain) == ROOM


def test_consent_is_asked_of_a_user_or_a_domain():
    """As the directory and section 5.7 differ."""
    other = Directory.parse(
        document(
            requestConsent="https://a.example/requestConsent/{targetDomain}",
            updateConsent="https://a.example/updateConsent/{requesterDomain}",
        )
    )
    for endpoint in (Endpoint.REQUEST_CONSENT, Endpoint.UPDATE_CONSENT):
        for parameter in (B, BOB, PseudonymUri(B, "kiwi")):
            url = other.url(endpoint, parameter)
            assert url == f"https://a.example/{endpoint.value}/b.example"
        assert other.parameter_of(endpoint, "b.example") == B
    with pytest.raises(EndpointParameterError):
        OURS.url(Endpoint.REQUEST_CONSENT, B)


@pytest.mark.parametrize("endpoint", Endpoint, ids=lambda endpoint: endpoint.value)
def test_an_endpoint_is_asked_about_something_else(endpoint):
    wrong = A if endpoint is not Endpoint.IDENTIFIER_QUERY else ROOM
    with pytest.raises(EndpointParameterError) as caught:
        OURS.url(endpoint, wrong)
    assert caught.value.where == {"variable": VARIABLES[endpoint][0].name}
    assert isinstance(caught.value, UsageError)


def test_an_endpoint_that_is_not_offered():
    few = Directory.parse(document(update="https://a.example/{roomId}"))
    assert few.url(Endpoint.UPDATE, ROOM).startswith("https://a.example/mimi%3A")
    with refused(MissingEndpointError, "5.1", endpoint=Endpoint.NOTIFY):
        few.url(Endpoint.NOTIFY, ROOM)
    assert Directory.parse(b"{}").templates == {}


def test_names_that_nobody_knows():
    more = json.loads(DRAFT) | {"meta": {"a": [1, None]}, "newEndpoint": 7}
    assert Directory.parse(json.dumps(more).encode()) == Directory.parse(DRAFT)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        DRAFT + b"x",
        b"\xef\xbb\xbf{}",
        DRAFT.decode().encode("utf-16"),
        b'{"update": "\xff"}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"a": ' + b"1" * 5000 + b"}",
        b'{"update": 7}',
        b'{"update": null}',
    ],
)
def test_what_is_no_directory(octets):
    with refused(DirectoryError, "5.1"):
        Directory.parse(octets)


def test_a_directory_that_is_too_long():
    with refused(DirectorySizeError, "5.1"):
        Directory.parse(b"{}" + b" " * MOST_OCTETS)
    assert Directory.parse(b"{}" + b" " * (MOST_OCTETS - 2)).templates == {}


def test_a_name_that_stands_there_twice():
    place = b'"https://a.example/{roomId}"'
    with refused(RepeatedNameError, "5.1"):
        Directory.parse(b'{"update": ' + place + b', "update": ' + place + b"}")
    with refused(RepeatedNameError, "5.1", path="x"):
        Directory.parse(b'{"meta": {"x": 1, "x": 2}}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "update/{roomId}",
        "http://a.example/{roomId}",
        "https://a.example/update",
        "https://a.example/{room}",
        "https://a.example/{targetUser}",
        "https://a.example/{+roomId}",
        "https://a.example/{?roomId}",
        "https://a.example/{roomId*}",
        "https://a.example/{roomId:3}",
        "https://a.example/{roomId,x}",
        "https://a.example/{roomId}/{roomId}",
        "https://a.example/{roomId",
        "https://a.example/roomId}",
        "https://{roomId}/update",
        "https://a.example{roomId}",
        "https://a.example/#{roomId}",
        "https://a.example/{roomId}#x",
        "https://user@a.example/{roomId}",
        "https://127.0.0.1/{roomId}",
        "https://[::1]/{roomId}",
        "https://a..example/{roomId}",
        "https://a.example:123456/{roomId}",
        "https://a.example:65536/{roomId}",
        "https://a.example:0/{roomId}",
        "https://a.example/\u00fc/{roomId}",
        "https://a.example/%2/{roomId}",
        "https://a.example/ {roomId}",
        "https://a.example/\ud800{roomId}",
    ],
)
def test_what_is_no_place(text):
    with refused(TemplateError, "5.1", path="update"):
        Directory.parse(document(update=text))


def test_places_of_every_shape():
    for text, before, after, port in (
        ("https://A.example:8443/x%20y/{roomId}/z", "/x%20y/", "/z", 8443),
        ("HTTPS://a.example?room={roomId}&v=1", "/?room=", "&v=1", None),
        ("https://a.example/?room={roomId}", "/?room=", "", None),
    ):
        found = Template.parse(Endpoint.UPDATE, text)
        assert (found.host, found.before, found.after) == (A, before, after)
        assert found.port == port
        target = f"{before}{ROOM.path_segment}{after}"
        assert found.match(target) == ROOM.path_segment
        assert found.match(target.removeprefix("/")) == (
            ROOM.path_segment if target.startswith("/?") else None
        )
        written = text.replace("HTTPS", "https")
        assert found.url(ROOM) == written.replace("{roomId}", ROOM.path_segment)


def test_two_endpoints_at_one_place():
    with refused(RepeatedTemplateError, "5.1", path="notify"):
        Directory.parse(
            document(update="https://a.example/{roomId}", notify="https://A.example/{roomId}")
        )
    with refused(RepeatedTemplateError, "5.1", path="identifierQuery"):
        Directory.parse(
            document(
                requestConsent="https://a.example/{targetUser}",
                identifierQuery="https://a.example/{domain}",
            )
        )


def test_of_several_places_the_nearest():
    nested = Directory.parse(
        document(
            update="https://a.example/{roomId}",
            notify="https://a.example/notify{roomId}",
        )
    )
    assert nested.match(A, "/notifyx") == (Endpoint.NOTIFY, "x")
    assert nested.match(A, "/notice") == (Endpoint.UPDATE, "notice")


@pytest.mark.parametrize("length", [1, 200, 256, 5000])
def test_parameters_of_every_length(length):
    room = RoomUri(A, "r" * length)
    for _ in range(2):
        assert OURS.parameter_of(Endpoint.UPDATE, room.path_segment) == room
        with pytest.raises(IdentifierError):
            OURS.parameter_of(Endpoint.IDENTIFIER_QUERY, "." + "d" * length)
