"""What a provider does for its own users without asking anybody, and as the hub of its rooms."""

import json

import attrs
import pytest
from protocol.providers import octets
from protocol.town import ALICES, CATHYS, ROOM, A, B, C, Town

from mimi.errors import UsageError
from mimi.identity import RoomUri, UserUri
from mimi.policy.presets.cooperative import COOPERATIVE, GROUP_ADMIN, POLICY_ENFORCER
from mimi.policy.structures import RoomMetaData
from mimi.protocol import (
    AbuseReport,
    AbuseType,
    ConsentOperation,
    Directory,
    IdentifierQueryCode,
    IdentifierRequest,
    IdentifierResponse,
    KeyMaterialUserCode,
    QueryElement,
    Refused,
    SearchIdentifierType,
)
from mimi.protocol.consent import ConsentScope
from mimi.protocol.consents import ConsentNotice
from mimi.protocol.deliveries import Deliver, Resync
from mimi.protocol.errors import AssetDomainError, EmptyQueryError
from mimi.protocol.follower_errors import DeliveryError
from mimi.protocol.keys import NO_ROOM, KeyMaterialRequestTBS, sign_key_material_request
from mimi.protocol.outbox import MOST_OCTETS, MOST_TOGETHER, Line, Outgoing
from mimi.protocol.provider_state import (
    Answer,
    ClaimKeys,
    CreateRoom,
    DecideConsent,
    Fetch,
    FetchAsset,
    FindUser,
    OfferKeys,
    ReportAbuse,
    Reported,
    SendHttp,
    Session,
    ToClient,
)
from mimi.tree.extension import RequiredCapabilities

DORA = UserUri(A, "dora")
DORAS = Session(octets(DORA), octets(DORA.client("phone")))
ALICE = Session(b"mimi://a.example/u/alice", b"mimi://a.example/d/alice/phone")
BOB = b"mimi://b.example/u/bob"
QUERY = IdentifierRequest((QueryElement(SearchIdentifierType.NICK, None, b"dora"),))


@pytest.fixture
def town():
    """Return the town, in which a.example has another user."""
    town = Town()
    call(town, DORAS, OfferKeys())
    return town


def call(town, session, what, provider="a.example"):
    """Let a client call its provider; return the effects."""
    server = town.server(provider)
    step = server.provider.call(server.state, session, what, now=town.now, ticket="it")
    server.state = step.state
    return step.effects


def consents(town, session, operation, scope):
    return call(town, session, DecideConsent(operation, scope))


def claim(town, target):
    """Return a claim of key packages for no room, by Alice's phone."""
    device = town.device("alice/phone").device
    suite, signer = device.client.suite, device.client.signer
    tbs = KeyMaterialRequestTBS(
        ALICE.user,
        target,
        NO_ROOM,
        (suite.code,),
        RequiredCapabilities(),
        signer.public,
        device.client.credential,
    )
    return ClaimKeys(sign_key_material_request(suite, tbs, signer))


def test_consent_between_two_users_of_one_provider(town):
    scope = ConsentScope(ALICE.user, DORAS.user)
    (claimed,) = call(town, ALICE, claim(town, DORAS.user))
    assert claimed.content.user_status is KeyMaterialUserCode.NO_CONSENT
    asked, told = consents(town, ALICE, ConsentOperation.REQUEST, scope)
    assert asked == Answer("it", None)
    assert told == ConsentNotice(DORAS.user, ConsentOperation.REQUEST, scope)
    _, told = consents(town, DORAS, ConsentOperation.GRANT, scope)
    assert told == ConsentNotice(ALICE.user, ConsentOperation.GRANT, scope)
    (claimed,) = call(town, ALICE, claim(town, DORAS.user))
    assert claimed.content.user_status is KeyMaterialUserCode.NO_COMPATIBLE_MATERIAL


def test_consent_of_nobody_here(town):
    scope = ConsentScope(ALICE.user, octets(UserUri(A, "nobody")))
    effects = consents(town, ALICE, ConsentOperation.REQUEST, scope)
    assert effects[0] == Answer("it", Refused(404))


def test_consent_with_users_of_others(town):
    asking = ConsentScope(ALICE.user, octets(UserUri(C, "cathy")))
    pairs, orders = town.server("a.example").state.consents.pairs, set()
    for operation in (ConsentOperation.REQUEST, ConsentOperation.CANCEL):
        (sent,) = consents(town, ALICE, operation, asking)
        assert (sent.request.target, sent.request.url.split("/")[4]) == (C, "requestConsent")
        orders.add(sent.order)
    assert town.server("a.example").state.consents.pairs == pairs
    # what is said of one pair of users goes one after the other
    assert len(orders) == 1
    asked = ConsentScope(BOB, ALICE.user)
    for operation in (ConsentOperation.GRANT, ConsentOperation.REVOKE):
        (sent,) = consents(town, ALICE, operation, asked)
        assert (sent.request.target, sent.request.url.split("/")[4]) == (B, "updateConsent")
        assert sent.order not in {None, *orders}
    (sent,) = call(town, ALICE, FindUser(B, QUERY))
    assert sent.order is None


BROAD, NARROW = "https://c.example/x/", "https://c.example/x/c"
ASKED_OF_CATHY = ConsentScope(ALICE.user, octets(UserUri(C, "cathy")))


@pytest.mark.parametrize(
    ("endpoint", "variable", "call_of", "place"),
    [
        ("identifierQuery", "domain", FindUser(C, QUERY), "identifierQuery/c.example"),
        (
            "requestConsent",
            "targetDomain",
            DecideConsent(ConsentOperation.REQUEST, ASKED_OF_CATHY),
            "requestConsent/mimi%3A%2F%2Fc.example%2Fu%2Fcathy",
        ),
    ],
    ids=["query", "consent"],
)
def test_what_was_not_there_is_sent_where_the_same_endpoint_is_now(
    town, endpoint, variable, call_of, place
):
    server, now = town.server("a.example"), town.now
    # the old places look alike: what is at the one might as well be at the other
    places = {
        endpoint: f"{BROAD}{{{variable}}}",
        "notify": f"{NARROW}{{roomId}}",
        "proxyDownload": f"{NARROW}{{downloadUrl}}.example",
    }
    alike = Directory.parse(json.dumps(places).encode())
    server.state = server.state.with_peer(C, alike)
    (sent,) = call(town, ALICE, call_of)
    assert sent.request.url == f"{BROAD}c.example"
    step = server.provider.answered(server.state, sent.then, 404, (), b"", now=now)
    (fetch,) = step.effects
    moved = Directory.at("https://c.example/y").encode()
    step = server.provider.answered(step.state, fetch.then, 200, (), moved, now=now)
    (again,) = step.effects
    assert again == attrs.evolve(
        sent,
        request=attrs.evolve(sent.request, url=f"https://c.example/y/{place}"),
        then=sent.then.then,
    )


def test_key_packages_for_no_room_are_claimed_at_the_other_provider(town):
    (sent,) = call(town, ALICE, claim(town, BOB))
    assert isinstance(sent, SendHttp)
    assert sent.request.target == B
    step = town.asked(sent.request, to="b.example")
    answered = town.server("a.example").provider.answered(
        town.server("a.example").state,
        sent.then,
        step.response.status,
        step.response.headers,
        step.response.body,
        now=town.now,
    )
    (answer,) = answered.effects
    assert answer.content.user_status is KeyMaterialUserCode.NO_CONSENT


def test_finding_users(town):
    assert call(town, ALICE, FindUser(A, QUERY)) == (
        Answer("it", IdentifierResponse(IdentifierQueryCode.FORBIDDEN)),
    )
    (sent,) = call(town, ALICE, FindUser(B, QUERY))
    assert sent.request.target == B
    with pytest.raises(EmptyQueryError):
        call(town, ALICE, FindUser(B, IdentifierRequest(())))


def test_reporting_to_ones_own_hub(town):
    town.wish("bob/phone", "say", text="Spam")
    (message_id,) = town.device("bob/phone").said
    quoted = town.device("alice/phone").room.quoted(message_id)
    forged = attrs.evolve(quoted, accepted_timestamp=quoted.accepted_timestamp + 1)
    report = AbuseReport(ALICE.user, BOB, AbuseType(0), b"", (quoted, forged))
    answer, reported = call(town, ALICE, ReportAbuse(ROOM, report))
    assert answer == Answer("it", None)
    assert isinstance(reported, Reported)
    assert [each is not None for each in reported.franked] == [True, False]
    assert reported.franked[0].sender_uri == BOB


def test_assets_by_way_of_ones_own_hub(town):
    (fetch,) = call(town, ALICE, FetchAsset(ROOM, "https://assets.b.example/x"))
    assert isinstance(fetch, Fetch)
    assert fetch.to == ToClient("it")
    provider = town.server("a.example").provider
    assert provider.fetched(fetch, b"PNG") == Answer("it", b"PNG")
    assert provider.fetched(fetch, None) == Answer("it", Refused(502))
    with pytest.raises(AssetDomainError):
        call(town, ALICE, FetchAsset(ROOM, "https://b.example/x"))


def test_the_hub_wants_somebody_out():
    town = Town()
    server = town.server("a.example")
    step = server.provider.removed(server.state, ROOM, [BOB], now=town.now)
    town.send(server.done(step).messages)
    town.wish("cathy/phone", "commit")
    town.agree(*ALICES, *CATHYS)
    with pytest.raises(UsageError, match="is not hosted here"):
        server.provider.removed(server.state, RoomUri(A, "attic"), [BOB], now=town.now)


def dependent(town):
    """Let Alice create a room that depends on the clubhouse, with Bob as a participant."""
    uri, device = RoomUri(A, "board"), town.device("alice/phone").device
    base = attrs.evolve(COOPERATIVE.base, parent_dependant=True, parent_room=(octets(ROOM),))
    server = town.server("a.example")
    founding = device.create_room(
        uri,
        COOPERATIVE.having(base, RoomMetaData(octets(uri), b"Board")).components(),
        {ALICE.user: GROUP_ADMIN, BOB: 2, server.provider.hub.user: POLICY_ENFORCER},
        hub=server.provider.hub.sender,
        now=town.now,
    )
    call(town, ALICE, CreateRoom(uri, founding.group_info, founding.ratchet_tree))
    return uri


def test_who_leaves_a_room_is_to_leave_those_that_depend_on_it():
    town = Town()
    uri = dependent(town)
    town.wish("alice/laptop", "ban", users=[BOB.decode()])
    board = town.server("a.example").state.rooms[uri]
    assert board.wanted == {BOB: 0}
    assert board.audience.cut_off == {BOB}
    events = town.server("a.example").state.followed[uri].log
    assert len(events) == 1


def test_what_a_client_has_missed():
    town = Town()
    server = town.server("b.example")
    provider, state, client = server.provider, server.state, b"mimi://b.example/d/bob/phone"
    room = town.device("bob/phone").room
    place = {"group_id": room.group.group_id, "now": town.now}
    missed = provider.missed(state, client, ROOM, number=0, epoch=room.group.epoch, **place)
    assert all(isinstance(each, Deliver) for each in missed)
    other = provider.missed(
        state, client, ROOM, number=0, epoch=0, group_id=b"another", now=town.now
    )
    assert isinstance(other, Resync)
    with pytest.raises(DeliveryError):
        provider.acknowledged(state, client, ROOM, 1 << 60)
    gone = provider.left(state, client, ROOM)
    assert client not in gone.followed[ROOM].clients
    assert provider.left(state, client, RoomUri(B, "other")) is state


# Lines


def test_how_many_notifications_go_in_one_request():
    many = Line(tuple(Outgoing(number, b"x") for number in range(MOST_TOGETHER + 1)))
    assert many.sent(0).together == MOST_TOGETHER
    long = Line(tuple(Outgoing(number, bytes(MOST_OCTETS // 2 + 1)) for number in range(3)))
    assert long.sent(0).together == 1
    huge = Line((Outgoing(0, bytes(MOST_OCTETS + 1)),))
    assert huge.sent(0).together == 1


def test_an_answer_to_an_earlier_request_does_nothing():
    line = Line((Outgoing(0, b"x"), Outgoing(1, b"y"))).sent(0)
    assert line.taken(0) is line
    assert line.refused(7, None, 0) is line
    assert line.taken(1).waiting == ()
    assert not line.is_due(0)
