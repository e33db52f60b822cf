"""What providers refuse: each status by a request that earns it, which changes nothing."""

import attrs
import pytest
from protocol.carried import ASKED
from protocol.town import ROOM, A, B, C, Town, is_called

from mimi import content
from mimi.codec import decode, encode
from mimi.demo.machine import Kind
from mimi.demo.room import components
from mimi.identity import RoomUri, UserUri
from mimi.policy.presets.cooperative import GROUP_ADMIN, POLICY_ENFORCER
from mimi.protocol import (
    AbuseReport,
    AbuseType,
    ConsentEntry,
    ConsentOperation,
    Directory,
    Endpoint,
    GroupInfoNoSuchRoom,
    GroupInfoResponse,
    IdentifierQueryCode,
    IdentifierRequest,
    IdentifierResponse,
    KeyMaterialResponse,
    KeyMaterialUserCode,
    Protocol,
    QueryElement,
    Refused,
    SearchIdentifierType,
    directory_request,
    directory_response,
    refusal,
)
from mimi.protocol.consent import ConsentScope
from mimi.protocol.errors import LivingRoomError, MissingEndpointError
from mimi.protocol.follower_errors import ForeignUserError, OtherUserError
from mimi.protocol.http_errors import Status
from mimi.protocol.provider_state import (
    Answer,
    ClaimGroupInfo,
    ClaimKeys,
    CreateRoom,
    DecideConsent,
    Discover,
    Fetch,
    FindUser,
    HandOnKeys,
    OfferKeys,
    Reply,
    ReportAbuse,
    SendHttp,
    Session,
    SubmitMessage,
    UpdateRoom,
)

NOWHERE = RoomUri(A, "nowhere")
ALICE = Session(b"mimi://a.example/u/alice", b"mimi://a.example/d/alice/phone")
BOB = Session(b"mimi://b.example/u/bob", b"mimi://b.example/d/bob/phone")
CATHY = b"mimi://c.example/u/cathy"
QUERY = IdentifierRequest((QueryElement(SearchIdentifierType.NICK, None, b"alice"),))
POSTED = [each for each in ASKED if each is not Endpoint.PROXY_DOWNLOAD]


@pytest.fixture(scope="module")
def town():
    return Town()


def unchanged(town, step):
    return step.state is town.server("a.example").state


def refused(town, request, status, **changes):
    step = town.asked(request, **changes)
    assert step.response is not None
    assert step.response.status == status
    assert step.effects == ()
    assert unchanged(town, step)


def there(town, endpoint, parameter=None, body=None, source=B):
    """Return a request to a.example of the town, with any body."""
    usual, content, _ = ASKED[endpoint]
    request = town.request(endpoint, parameter or usual, content)
    return attrs.evolve(request, source=source, body=request.body if body is None else body)


# Requests of others


@pytest.mark.parametrize("endpoint", POSTED, ids=lambda endpoint: endpoint.value)
@pytest.mark.parametrize("body", [b"", b"\xff", bytes(64), b"\x01" + bytes(range(200))])
def test_a_malformed_body_is_refused(town, endpoint, body):
    parameter = RoomUri(B, "other") if endpoint is Endpoint.NOTIFY else None
    other_protocol = endpoint is Endpoint.KEY_MATERIAL and body[:1] not in (b"", b"\x01")
    status = 200 if other_protocol else 400
    refused(town, there(town, endpoint, parameter, body), status)


@pytest.mark.parametrize("endpoint", POSTED, ids=lambda endpoint: endpoint.value)
def test_every_truncation_is_refused(town, endpoint):
    parameter = RoomUri(B, "other") if endpoint is Endpoint.NOTIFY else None
    whole = there(town, endpoint, parameter)
    for cut in {1, 2, len(whole.body) // 2, len(whole.body) - 1}:
        refused(town, attrs.evolve(whole, body=whole.body[:cut]), 400)
    refused(town, attrs.evolve(whole, body=whole.body + b"\0"), 400)


def test_what_http_says(town):
    request = there(town, Endpoint.UPDATE)
    refused(town, request, 401, authenticated={C})
    refused(town, request, 404, target="/elsewhere")
    refused(town, request, 405, method="GET")
    refused(town, request, 415, headers=(*request.headers[:2], ("Content-Type", "text/html")))
    refused(town, request, 421, headers=(("Host", "c.example"), *request.headers[1:]))
    refused(town, request, 400, headers=request.headers[:1])
    refused(town, request, 413, body=bytes((1 << 24) + 1))


def test_the_directory(town):
    request = directory_request(source=B, target=A)
    step = town.asked(request)
    assert step.response == directory_response(town.server("a.example").provider.directory)
    refused(town, request, 405, method="POST")


@pytest.mark.parametrize(
    "endpoint", [Endpoint.UPDATE, Endpoint.SUBMIT_MESSAGE, Endpoint.REPORT_ABUSE]
)
def test_rooms_that_are_not_here(town, endpoint):
    refused(town, there(town, endpoint, NOWHERE), 404)


def test_the_group_info_of_no_room(town):
    step = town.asked(there(town, Endpoint.GROUP_INFO, NOWHERE))
    assert decode(GroupInfoResponse, step.response.body) == GroupInfoResponse(
        str(NOWHERE).encode(), GroupInfoNoSuchRoom()
    )


def test_only_the_hub_notifies(town):
    refused(town, there(town, Endpoint.NOTIFY), 403)


def claim(town, device="bob/phone", user=CATHY):
    """Return a claim of key packages for the room by a device."""
    return town.device(device).room.ask_key_material(user)


def test_key_packages_for_a_room_are_claimed_by_its_participants(town):
    request = claim(town)
    step = town.asked(town.request(Endpoint.KEY_MATERIAL, UserUri.parse(CATHY.decode()), request))
    assert step.response is None
    (effect,) = step.effects
    assert isinstance(effect.then.then, HandOnKeys)
    request = town.request(Endpoint.KEY_MATERIAL, UserUri.parse(CATHY.decode()), request)
    before = Town(acts=3)
    for each in (town, before):
        refused(each, request, 400, headers=_from(request, "c.example"), authenticated={C})


def _from(request, name):
    return tuple(
        (field, f"mimi@{name}" if field == "From" else value) for field, value in request.headers
    )


def test_who_has_left_claims_no_key_packages():
    town = Town(acts=6)
    request = town.request(
        Endpoint.KEY_MATERIAL, UserUri.parse(CATHY.decode()), claim(town, "bob/phone")
    )
    refused(town, request, 403)


def test_a_claim_for_a_room_that_is_not_here(town):
    empty = attrs.evolve(town.server("a.example").state, rooms={})
    request = town.request(Endpoint.KEY_MATERIAL, UserUri.parse(CATHY.decode()), claim(town))
    step = town.asked(request, state=empty)
    assert (step.response.status, step.state) == (404, empty)


def test_key_material_of_another_protocol(town):
    target = UserUri.parse("mimi://a.example/u/alice")
    request = attrs.evolve(town.request(Endpoint.KEY_MATERIAL, target, claim(town)), body=b"\x07")
    step = town.asked(request)
    found = decode(KeyMaterialResponse, step.response.body)
    assert found.user_status is KeyMaterialUserCode.INCOMPATIBLE_PROTOCOL
    assert found.protocol == 7


def test_a_member_claims_key_packages_of_a_user_of_the_hub(town):
    target = UserUri.parse("mimi://a.example/u/alice")
    request = claim(town, user=str(target).encode())
    step = town.asked(town.request(Endpoint.KEY_MATERIAL, target, request))
    found = decode(KeyMaterialResponse, step.response.body)
    assert found.user_status is KeyMaterialUserCode.NO_CONSENT
    server = town.server("a.example")
    scope = ConsentScope(BOB.user, str(target).encode())
    consents, _ = server.state.consents.grant(scope)
    state = attrs.evolve(server.state, consents=consents)
    step = town.asked(town.request(Endpoint.KEY_MATERIAL, target, request), state=state)
    found = decode(KeyMaterialResponse, step.response.body)
    assert found.user_status is KeyMaterialUserCode.SUCCESS
    assert len(step.state.rooms[ROOM].destinations) == len(state.rooms[ROOM].destinations) + 2


def test_consent_of_nobody(town):
    nobody = UserUri(A, "nobody")
    entry = ConsentEntry(ConsentOperation.REQUEST, BOB.user, str(nobody).encode())
    step = town.asked(town.request(Endpoint.REQUEST_CONSENT, nobody, entry))
    assert step.response.status == 404
    entry = attrs.evolve(entry, consent_operation=ConsentOperation.GRANT, client_key_packages=())
    refused(town, town.request(Endpoint.REQUEST_CONSENT, nobody, entry), 400)
    foreign = attrs.evolve(entry, consent_operation=ConsentOperation.REQUEST)
    foreign = attrs.evolve(foreign, requester_uri=CATHY, client_key_packages=None)
    refused(town, town.request(Endpoint.REQUEST_CONSENT, nobody, foreign), 400)


def test_queries(town):
    step = town.asked(town.request(Endpoint.IDENTIFIER_QUERY, A, QUERY))
    assert decode(IdentifierResponse, step.response.body).response_code is (
        IdentifierQueryCode.FORBIDDEN
    )
    refused(town, town.request(Endpoint.IDENTIFIER_QUERY, C, QUERY), 404)
    nothing = IdentifierRequest(())
    refused(town, town.request(Endpoint.IDENTIFIER_QUERY, A, nothing), 400)


def test_reports(town):
    report = AbuseReport(CATHY, b"mimi://b.example/u/bob", AbuseType(0))
    refused(town, town.request(Endpoint.REPORT_ABUSE, ROOM, report), 400)
    (effect,) = town.asked(
        town.request(Endpoint.REPORT_ABUSE, ROOM, attrs.evolve(report, reporting_user=b""))
    ).effects
    assert (effect.source, effect.franked) == (B, ())


@pytest.mark.parametrize(
    "url", ["https://a.example/x", "http://assets.b.example/x", "https://assets.b.example:1/x"]
)
def test_downloads_from_elsewhere(town, url):
    refused(town, town.request(Endpoint.PROXY_DOWNLOAD, url, None), 400)


def test_a_download_that_fails(town):
    request = town.request(Endpoint.PROXY_DOWNLOAD, "https://assets.b.example/x", None)
    step = town.asked(request, ticket="it")
    assert step.response is None
    (fetch,) = step.effects
    assert isinstance(fetch, Fetch)
    provider = town.server("a.example").provider
    reply = provider.fetched(fetch, None)
    assert isinstance(reply, Reply)
    assert (reply.ticket, reply.response.status) == ("it", 502)
    reply = provider.fetched(fetch, b"PNG", "image/png")
    assert (reply.response.body, reply.response.media_type) == (b"PNG", "image/png")


# Calls of our own clients


def call(town, session, what, provider="a.example"):
    server = town.server(provider)
    return server.provider.call(server.state, session, what, now=town.now, ticket="it")


def answer(step):
    found = step.effects[0]
    assert isinstance(found, Answer)
    assert found.ticket == "it"
    return found.content


def test_calls_about_rooms_that_are_not_here(town):
    room, device = town.server("a.example").state.rooms[ROOM], town.device("alice/phone")
    update = device.room.commit(now=town.now).request
    message = device.room.send(content.text("Hi"), now=town.now).request.app_message
    report = AbuseReport(ALICE.user, BOB.user, AbuseType(0))
    for what in (
        UpdateRoom(NOWHERE, update),
        SubmitMessage(NOWHERE, message),
        ReportAbuse(NOWHERE, report),
    ):
        step = call(town, ALICE, what)
        assert answer(step) == Refused(404)
        assert unchanged(town, step)
    asking = device.device.ask(NOWHERE)
    assert isinstance(
        answer(call(town, ALICE, ClaimGroupInfo(NOWHERE, asking.request))).status,
        GroupInfoNoSuchRoom,
    )
    assert room is town.server("a.example").state.rooms[ROOM]


def test_a_room_that_is_there(town):
    hub = town.server("a.example").provider.hub
    founding = town.device("alice/phone").device.create_room(
        ROOM,
        components(ROOM),
        {ALICE.user: GROUP_ADMIN, hub.user: POLICY_ENFORCER},
        hub=hub.sender,
        now=town.now,
    )
    with pytest.raises(LivingRoomError) as caught:
        call(town, ALICE, CreateRoom(ROOM, founding.group_info, founding.ratchet_tree))
    assert caught.value.where["room"] == str(ROOM)


def test_calls_in_the_name_of_others(town):
    with pytest.raises(ForeignUserError):
        call(town, BOB, OfferKeys())
    report = AbuseReport(BOB.user, BOB.user, AbuseType(0))
    with pytest.raises(OtherUserError):
        call(town, ALICE, ReportAbuse(ROOM, report))
    scope = ConsentScope(BOB.user, CATHY)
    for operation in ConsentOperation:
        with pytest.raises(OtherUserError):
            call(town, ALICE, DecideConsent(operation, scope))
    request = claim(town, "bob/phone", b"mimi://a.example/u/alice")
    with pytest.raises(OtherUserError):
        call(town, ALICE, ClaimKeys(request))
    with pytest.raises(OtherUserError):
        call(town, ALICE, ClaimKeys(claim(town)))
    cathys = Session(CATHY, b"mimi://c.example/d/cathy/phone")
    with pytest.raises(OtherUserError):
        call(town, cathys, ClaimKeys(claim(town)), "c.example")


def test_what_is_wrong_is_said_before_a_directory_is_asked_for():
    town = Town()
    server = town.server("c.example")
    server.state = attrs.evolve(server.state, peers={})
    cathys = Session(CATHY, b"mimi://c.example/d/cathy/phone")
    with pytest.raises(OtherUserError):
        call(town, cathys, ClaimKeys(claim(town)), "c.example")


def test_a_directory_that_cannot_be_had():
    town = Town()
    server = town.server("a.example")
    server.state = attrs.evolve(server.state, peers={})
    provider = server.provider
    step = call(town, ALICE, FindUser(C, QUERY))
    (effect,) = step.effects
    assert isinstance(effect, SendHttp)
    assert isinstance(effect.then, Discover)
    for status, body in ((404, b""), (200, b"[]")):
        failed = provider.answered(server.state, effect.then, status, (), body, now=town.now)
        assert failed.effects == (Answer("it", Refused(502)),)
        assert failed.state is server.state
    found = provider.answered(server.state, effect.then, 200, (), b"{}", now=town.now)
    (answered,) = found.effects
    assert isinstance(answered.content, MissingEndpointError)
    request = town.request(
        Endpoint.KEY_MATERIAL, UserUri.parse(CATHY.decode()), claim(town, "bob/phone")
    )
    (effect,) = town.asked(request, ticket="it").effects
    failed = provider.unanswered(server.state, effect.then, now=town.now)
    assert failed.effects == (Reply("it", refusal(Status.BAD_GATEWAY)),)
    found = provider.answered(server.state, effect.then, 200, (), b"{}", now=town.now)
    assert found.effects == (Reply("it", refusal(Status.BAD_REQUEST)),)


def test_notifications_wait_for_a_directory():
    town = Town()
    server = town.server("a.example")
    known = server.state.peers
    server.state = attrs.evolve(server.state, peers={})
    town.lost = lambda message: message.kind is Kind.RESPONSE
    town.wish("alice/phone", "say", text="Hello")
    (to_b, to_c) = server.asked.values()
    step = server.provider.answered(server.state, to_b, 500, (), b"", now=town.now)
    assert step.effects == ()
    waiting = {at[1]: line.at for at, line in step.state.outbox.items()}
    assert waiting[B] == town.now + 1000
    document = known[C].encode()
    step = server.provider.answered(step.state, to_c, 200, (), document, now=town.now)
    (sent,) = step.effects
    assert sent.request.target == C
    assert step.state.outbox[ROOM, C].attempts == 1
    met = server.provider.met(step.state, B, known[B])
    (sent,) = server.provider.due(met, now=waiting[B]).effects
    assert sent.request.target == B


# Answers of others that make no sense


def test_key_material_that_is_not_what_was_asked_for(town):
    request = claim(town, "bob/phone")
    wire = town.request(Endpoint.KEY_MATERIAL, UserUri.parse(CATHY.decode()), request)
    (effect,) = town.asked(wire, ticket="it").effects
    server = town.server("a.example")
    other = KeyMaterialResponse(Protocol.MLS10, KeyMaterialUserCode.NO_CONSENT, BOB.user)
    for status, body in ((200, encode(other)), (200, b"?"), (503, b"")):
        step = server.provider.answered(server.state, effect.then, status, (), body, now=town.now)
        assert step.effects == (Reply("it", refusal(Status.BAD_GATEWAY)),)
        assert unchanged(town, step)


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (429, (("Retry-After", "120"),), Refused(429, 120)),
        (503, (("Retry-After", "120"),), Refused(502, 120)),
        (401, (), Refused(502)),
        (403, (), Refused(403)),
        (405, (("Allow", "GET"),), Refused(400)),
        (418, (), Refused(400)),
    ],
)
def test_what_the_targets_provider_says_is_said_on(town, status, headers, said):
    """When to ask for key packages again, and that one need not."""
    server, now = town.server("a.example"), town.now
    wire = town.request(
        Endpoint.KEY_MATERIAL, UserUri.parse(CATHY.decode()), claim(town, "bob/phone")
    )
    (for_bob,) = town.asked(wire, ticket="it").effects
    (for_alice,) = call(town, ALICE, ClaimKeys(claim(town, "alice/phone"))).effects
    refused = refusal(Status(said.status), retry_after=said.retry_after)
    for asked, effect in ((for_bob, Reply("it", refused)), (for_alice, Answer("it", said))):
        step = server.provider.answered(server.state, asked.then, status, headers, b"", now=now)
        assert step.effects == (effect,)
    assert said.is_final == (status in (403, 405, 418))


def test_a_target_that_is_nowhere_stays_so(town):
    server, now = town.server("a.example"), town.now
    (asked,) = call(town, ALICE, ClaimKeys(claim(town, "alice/phone"))).effects
    step = server.provider.answered(server.state, asked.then, 404, (), b"", now=now)
    (fetch,) = step.effects
    body = directory_response(server.state.peers[C]).body
    step = server.provider.answered(step.state, fetch.then, 200, (), body, now=now)
    assert step.effects == (Answer("it", Refused(404)),)


def test_an_update_that_nobody_understands_is_answered_by_a_refusal():
    town = Town()
    town.lost = lambda message: message.kind is Kind.RESPONSE
    town.wish("bob/phone", "commit")
    server = town.server("b.example")
    (then,) = server.asked.values()
    step = server.provider.answered(server.state, then, 200, (), b"?", now=town.now)
    assert step.effects[0].content == Refused(502)


@pytest.mark.parametrize("document", [b"{}", b"", None])
def test_what_is_nowhere_is_answered_as_it_was(document):
    town = Town()
    server = town.server("b.example")
    town.held = is_called("submitMessage", Kind.RESPONSE)
    town.wish("bob/phone", "say", text="One")
    (then,) = server.asked.values()
    step = server.provider.answered(server.state, then, 404, (), b"", now=town.now)
    assert A not in step.state.peers
    (fetch,) = step.effects
    assert fetch.request.url == "https://a.example/.well-known/mimi-protocol-directory"
    if document is None:  # it is where it was
        document = directory_response(server.state.peers[A]).body
    after = server.provider.answered(step.state, fetch.then, 200, (), document, now=town.now)
    (answer,) = after.effects
    assert answer.content.status == 404
    # another answer knew better meanwhile: it stays
    better = step.state.with_peer(A, Directory.at("https://x.example"))
    again = server.provider.answered(better, then, 404, (), b"", now=town.now)
    assert again.state is better
