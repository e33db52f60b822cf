"""What a peer may try: each attack is refused, or costs those alone who attack."""

import attrs
import pytest
from protocol import offering, providers
from protocol.carried import NOTIFIED
from protocol.endpoint_cases import (
    ALICE,
    BOB,
    QUERY,
    Case,
    asking,
    claim,
    octets,
    present,
    provider,
    said,
    town,
)
from protocol.providers import device, refused
from protocol.town import ROOM, A, B, C, Town

from mimi.codec import decode
from mimi.crypto import CipherSuite, SeededEntropy, suite_of
from mimi.identity import Domain, UserUri
from mimi.mls import MLSMessage, Remove
from mimi.protocol import (
    ConsentEntry,
    ConsentOperation,
    Directory,
    Endpoint,
    GroupInfoRequestTBS,
    ProposalBundle,
    UpdateRoomResponse,
    asset_response,
    check_download,
    request_to,
    sign_group_info_request,
    update_request,
)
from mimi.protocol.errors import DownloadUrlError, TemplateError
from mimi.protocol.http import MEDIA_TYPE
from mimi.protocol.provider_state import (
    Acknowledge,
    Discover,
    FindUser,
    HandOn,
    HandOnUpdate,
    OwnCall,
    Session,
)
from mimi.protocol.update import UpdateResponseCode
from mimi.tree.math import LeafIndex

ENTROPY = SeededEntropy(b"attacks")


def undone(asked, status=400):
    step = asked.step()
    assert (step.response.status, step.effects) == (status, ())
    assert step.state is asked.state


# Key packages and group infos


@pytest.mark.parametrize("code", [2, 4, 5, 6, 7])
def test_a_group_info_by_another_scheme(code):
    """The hub signs by the scheme of its own key: it cannot answer by another."""
    suite = suite_of(CipherSuite(code))
    client, key = device(providers.BOB, suite=suite), suite.generate_key_pair(ENTROPY)
    asked = GroupInfoRequestTBS(
        suite.code, client.signer.public, client.credential, key.public, None
    )
    request = sign_group_info_request(asked, client.signer)
    undone(asking(Endpoint.GROUP_INFO, ROOM, request))


def test_nobody_claims_in_the_name_of_our_users():
    """A peer could else be the hub of a room in which our user asks for key packages of herself."""
    request = offering.asking(providers.ALICE, ALICE, room_id=b"mimi://b.example/r/attic")
    undone(asking(Endpoint.KEY_MATERIAL, ALICE, request))


def test_who_is_banned_claims_no_key_packages():
    town = Town()
    bob = town.device("bob/phone").room
    wanted = town.request(Endpoint.KEY_MATERIAL, ALICE, bob.ask_key_material(octets(ALICE)))
    assert town.asked(wanted).response.status == 200
    town.wish("alice/phone", "ban", users=[str(BOB)])
    asked = town.asked(wanted)
    assert (asked.response.status, asked.effects) == (403, ())
    assert asked.state is town.server("a.example").state


def test_who_is_about_to_be_removed_claims_no_key_packages():
    town = Town()
    bob, server = town.device("bob/phone").room, town.server("a.example")
    wanted = town.request(Endpoint.KEY_MATERIAL, ALICE, bob.ask_key_material(octets(ALICE)))
    assert town.asked(wanted).response.status == 200
    server.state = server.provider.removed(server.state, ROOM, [octets(BOB)], now=town.now).state
    asked = town.asked(wanted)
    assert (asked.response.status, asked.effects) == (403, ())
    assert asked.state is server.state


# Proposals that cannot stand in one commit


def updates(group, now):
    return group.propose_update(now=now // 1000)


def removes(group, now):
    return group.propose(Remove(LeafIndex(2)), now=now // 1000)


def proposed(place, *proposals):
    """Let devices propose something, and everybody hear of it, if the hub takes it."""
    server = place.server("a.example")
    for name, propose in proposals:
        group = place.device(name).room.group
        _, wire = propose(group, place.now)
        request = place.request(Endpoint.UPDATE, ROOM, update_request(decode(MLSMessage, wire)))
        source = {"alice": A, "bob": B, "cathy": C}[name.partition("/")[0]]
        asked = Case(
            attrs.evolve(request, source=source), server.state, server.provider, {"now": place.now}
        )
        place.send(server.done(asked.step()).messages)


def epoch_of(place):
    return place.server("a.example").state.rooms[ROOM].group.epoch


def test_two_updates_of_one_leaf_lock_nobody_out():
    place = Town(acts=4)
    before = epoch_of(place)
    group = place.device("bob/phone").room.group
    for _ in range(2):
        group, wire = updates(group, place.now)
        proposed(place, ("bob/phone", lambda *_, wire=wire: (None, wire)))
    place.wish("cathy/phone", "commit")
    assert epoch_of(place) == before + 1


def test_who_updates_and_then_leaves_locks_nobody_out():
    place = Town(acts=4)
    before = epoch_of(place)
    proposed(place, ("bob/phone", updates))
    place.wish("bob/phone", "leave")
    place.wish("cathy/phone", "commit")
    assert epoch_of(place) == before + 1


def test_who_updates_and_is_then_removed_locks_nobody_out():
    place = Town(acts=4)
    before = epoch_of(place)
    proposed(place, ("bob/phone", updates))
    server = place.server("a.example")
    step = server.provider.removed(server.state, ROOM, [octets(BOB)], now=place.now)
    place.send(server.done(step).messages)
    place.wish("cathy/phone", "commit")
    assert epoch_of(place) == before + 1


def test_two_removals_of_one_client_lock_nobody_out():
    place = Town(acts=4)
    before = epoch_of(place)
    proposed(place, ("alice/phone", removes), ("alice/laptop", removes))
    place.wish("cathy/phone", "commit")
    assert epoch_of(place) == before + 1


def test_updates_of_everybody_lock_nobody_out():
    place = Town(acts=4)
    before = epoch_of(place)
    names = [each.name for each in place.devices]
    proposed(place, *((name, updates) for name in names))
    place.wish("cathy/phone", "commit")
    assert epoch_of(place) == before + 1


def test_there_is_an_end_to_proposals():
    group, wires = town().device("bob/phone").room.group, []
    for _ in range(200):
        group, wire = updates(group, town().now)
        wires.append(decode(MLSMessage, wire))
    request = update_request(wires[0], ProposalBundle(tuple(wires[1:])))
    asked = asking(Endpoint.UPDATE, ROOM, request)
    step = asked.step()
    answer = decode(UpdateRoomResponse, step.response.body)
    assert answer.response_code is UpdateResponseCode.NOT_ALLOWED
    assert step.state is asked.state


# Directories and assets


def test_a_directory_without_notify_stops_nobody():
    peers = {**present().peers, C: Directory.parse(b"{}")}
    asked = asking(
        Endpoint.SUBMIT_MESSAGE, ROOM, said(), state=attrs.evolve(present(), peers=peers)
    )
    step = asked.step()
    assert step.response.status == 200
    assert step.state.outbox[ROOM, C].waiting
    provider().due(step.state, now=town().now + 1_000_000)


@pytest.mark.parametrize("scheme", ["HTTPS", "Https", "http\u017f", "HTTP\u017f"])
def test_schemes_of_templates(scheme):
    document = f'{{"notify": "{scheme}://mimi.b.example/{{roomId}}"}}'.encode()
    if scheme.isascii():
        request = request_to(
            Directory.parse(document), Endpoint.NOTIFY, ROOM, NOTIFIED, source=A, target=B
        )
        assert request.host == "mimi.b.example"
        assert request.url.startswith("https://mimi.b.example/mimi%3A")
    else:
        with refused(TemplateError, "5.1"):
            Directory.parse(document)


def test_ports_of_templates():
    with refused(TemplateError, "5.1"):
        Directory.parse(b'{"notify": "https://mimi.b.example:65536/{roomId}"}')
    Directory.parse(b'{"notify": "https://mimi.b.example:65535/{roomId}"}')


@pytest.mark.parametrize("end", ["\u017f", "\u212a", "\n", "\r\nX: y", " ", "é"])
def test_urls_of_assets_are_ascii(end):
    with refused(DownloadUrlError, "5.10"):
        check_download(f"https://assets.b.example/x{end}", {Domain("assets.b.example")})


@pytest.mark.parametrize(
    "stated", ["text/html\r\nSet-Cookie: a=b", "text/html\n", "", "nonsense", "a/b\0", "é/x"]
)
def test_the_media_type_of_an_asset_is_one(stated):
    assert asset_response(b"x", stated).headers == (("Content-Type", MEDIA_TYPE),)
    assert asset_response(b"x", "image/png").headers == (("Content-Type", "image/png"),)


# Consent


@pytest.mark.parametrize("operation", [ConsentOperation.GRANT, ConsentOperation.REVOKE])
def test_decisions_about_more_rooms_than_are_kept(operation):
    """A peer may decide for its own users about any rooms: not about all of them."""
    state, packages = present(), () if operation is ConsentOperation.GRANT else None
    for number in range(1010):
        room = f"mimi://b.example/r/{number}".encode()
        entry = ConsentEntry(operation, octets(ALICE), octets(BOB), room, packages)
        step = asking(Endpoint.UPDATE_CONSENT, ALICE, entry, state=state).step()
        assert step.response.status == 201
        state = step.state
    assert len(state.consents.pair(octets(ALICE), octets(BOB)).scopes) <= 1001
    entry = ConsentEntry(ConsentOperation.REVOKE, octets(ALICE), octets(BOB))
    step = asking(Endpoint.UPDATE_CONSENT, ALICE, entry, state=state).step()
    assert step.state.consents.pair(octets(ALICE), octets(BOB)).decided(None) is False


def test_a_claim_of_ones_own_is_still_answered():
    assert claim().answer().status == 200


# What others answer


ODD_HEADERS = [
    (),
    (("Retry-After", "1" * 5000),),
    (("Retry-After", "Sun, 99 Nov 9999 99:99:99 GMT"),),
    (("Retry-After", "-5"), ("retry-after", "5")),
    (("Content-Type", "application/json"),),
    (("Content-Type", ""), ("content-type", "")),
]
ODD_BODIES = [
    b"",
    b"{}",
    b"[]",
    b"\xff" * 50,
    b"[" * 60_000,
    b'{"a": ' + b"1" * 60_000 + b"}",
    b'{"notify": "https://c.example/{roomId}"}',
    bytes(1024),
]


def waiting():
    """Return what may come of an answer."""
    (claiming,) = claim(UserUri(C, "cathy")).step().effects
    session = Session(octets(ALICE), octets(ALICE.client("phone")))
    finding = OwnCall(session, FindUser(C, QUERY), "it")
    return [
        claiming.then,
        Discover(C),
        Discover(C, finding),
        HandOn("it", Endpoint.GROUP_INFO),
        HandOnUpdate("it", ROOM, session.client),
        Acknowledge(ROOM, C, 0),
    ]


@pytest.mark.parametrize("status", [-1, 0, 200, 201, 204, 304, 400, 404, 421, 500, 10**9])
def test_whatever_others_answer_nothing_escapes(status):
    for then in waiting():
        for headers in ODD_HEADERS:
            for body in ODD_BODIES:
                step = provider().answered(present(), then, status, headers, body, now=town().now)
                assert step.response is None
