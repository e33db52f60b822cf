"""What a malicious hub, follower or client may try at a provider, and what comes of it."""

import attrs
import pytest
from protocol.providers import octets, refused
from protocol.town import BOBS, EVERYBODY, ROOM, A, B, C, Town, is_called, nothing

from mimi.crypto import CipherSuite
from mimi.demo.machine import Kind, Message
from mimi.demo.server import device_of
from mimi.errors import MalformedError, UsageError
from mimi.identity import Domain, RoomUri, UserUri
from mimi.mls import MLSMessage, Welcome
from mimi.mls.tree_options import ServedRatchetTree
from mimi.mls.welcome import EncryptedGroupSecrets
from mimi.protocol import (
    ConsentEntry,
    ConsentOperation,
    Endpoint,
    FanoutMessage,
    HttpRequest,
    WelcomeFanout,
    notify_body,
)
from mimi.protocol.consent_pairs import Pair, Standing
from mimi.protocol.consents import MOST_PACKAGES, MOST_ROOMS, Consents, EntryDropped
from mimi.protocol.deliveries import Unrouted
from mimi.protocol.errors import RequesterCredentialError
from mimi.protocol.follower_errors import DeliveryError
from mimi.protocol.http import MEDIA_TYPE, asset_response
from mimi.protocol.http_errors import Method
from mimi.protocol.provider_rooms import LATER, MOST_EMPTY
from mimi.tree.path import HPKECiphertext

EVIL = Domain("evil.example")
PHONE = b"mimi://b.example/d/bob/phone"
ALICE, BOB, CATHY = (
    b"mimi://a.example/u/alice",
    b"mimi://b.example/u/bob",
    b"mimi://c.example/u/cathy",
)


def attack(town, uri, body, source=EVIL, to="b.example"):
    """Return what a provider does about a notification of anybody; nothing is stored."""
    url = town.server(to).provider.directory.url(Endpoint.NOTIFY, uri)
    request = HttpRequest(Method.POST, url, source, Domain(to), body, MEDIA_TYPE)
    return town.asked(request, to=to)


def spoken(town):
    """Return the last notification of the real hub to b.example."""
    before = len(town.heard("b.example", Kind.REQUEST, "notify"))
    town.wish("alice/phone", "say", text="Hello")
    requests = town.heard("b.example", Kind.REQUEST, "notify")[before:]
    return requests[-1].body.partition(b"\r\n\r\n")[2]


# A malicious hub, and its follower


def test_a_hub_speaks_of_rooms_of_its_own_alone():
    town = Town()
    body = spoken(town)
    for source in (EVIL, B, C):
        step = attack(town, ROOM, body, source=source)
        assert (step.response.status, step.effects) == (403, ())
        assert step.state is town.server("b.example").state


def test_what_one_hub_said_is_nothing_in_a_room_of_another():
    town = Town()
    room = RoomUri(EVIL, "clubhouse")
    step = attack(town, room, spoken(town))
    # nobody here is in that room: it is kept for a while, and goes to no device
    assert (step.response.status, step.effects) == (201, ())
    assert step.state.followed[room].clients == {}
    assert step.state.followed[ROOM] is town.server("b.example").state.followed[ROOM]


def welcome(*references):
    """Return a Welcome with which nobody can do anything."""
    nothing_in_it = HPKECiphertext(b"", b"")
    secrets = tuple(EncryptedGroupSecrets(each, nothing_in_it) for each in references)
    body = Welcome(CipherSuite.X25519_AES128, secrets, b"")
    return FanoutMessage(1, MLSMessage(body), WelcomeFanout(ServedRatchetTree()))


def test_a_hub_welcomes_by_references_that_it_has_made_up():
    town = Town()
    step = attack(town, RoomUri(EVIL, "trap"), notify_body([welcome(bytes(32), b"x")]))
    assert step.response.status == 201
    assert step.effects == (Unrouted(RoomUri(EVIL, "trap"), (bytes(32), b"x"), is_for_nobody=True),)
    assert step.state.keys is town.server("b.example").state.keys


def test_a_hub_welcomes_by_a_reference_that_it_has_from_somebody_else():
    town = Town()
    b = town.server("b.example")
    # Alice has claimed a key package, and the other hub has come by it
    town.held = is_called("update", Kind.CALL)
    town.wish("alice/phone", "add", users=[BOB.decode()])
    town.held, town.kept = nothing, []
    (reference, *_) = [at for at, given in b.state.keys.given.items() if not given.is_used]
    step = attack(town, RoomUri(EVIL, "trap"), notify_body([welcome(reference)]))
    (delivery,) = step.effects
    b.state = step.state
    before = town.device(device_of(delivery.client)).room
    town.does("b.example", delivery)
    # the device has nothing from it, and says so; its room is as it was
    assert b.provider.resumed(b.state) == ()
    assert town.device(device_of(delivery.client)).room is before
    town.wish("cathy/phone", "say", text="As ever")
    town.agree(*EVERYBODY)


def test_a_hub_has_only_so_many_rooms_in_which_nobody_is():
    town = Town()
    server, body = town.server("b.example"), spoken(town)
    for number in range(MOST_EMPTY):
        server.state = attack(town, RoomUri(EVIL, str(number)), body).state
    step = attack(town, RoomUri(EVIL, "one more"), body)
    assert (step.response.status, step.response.retry_after) == (429, LATER)
    assert step.state is server.state
    # nobody else has to suffer for it
    other = attack(town, RoomUri(C, "attic"), body, source=C)
    assert other.response.status == 201
    town.wish("cathy/phone", "say", text="As ever")
    town.agree(*EVERYBODY)
    # and after a day it is forgotten
    later = server.provider.pruned(server.state, now=town.now + 86_400_000)
    assert later.followed.keys() == {ROOM}
    assert later.followed[ROOM] is server.state.followed[ROOM]


def test_pruning_forgets_nothing_that_somebody_needs():
    town = Town()
    for name in ("a.example", "b.example", "c.example"):
        server = town.server(name)
        server.state = server.provider.pruned(server.state, now=town.now)
    town.wish("bob/phone", "say", text="Still here")
    town.agree(*EVERYBODY)


# Malicious clients


def test_a_client_acknowledges_what_it_did_not_get():
    town = Town()
    server = town.server("b.example")
    with refused(DeliveryError, "5.5", number=1 << 62):
        server.provider.acknowledged(server.state, PHONE, ROOM, 1 << 62)


def test_a_client_speaks_of_a_room_that_it_is_not_in():
    town = Town()
    server = town.server("b.example")
    provider, state, attic = server.provider, server.state, RoomUri(A, "attic")
    assert provider.acknowledged(state, PHONE, attic, 7) is state
    assert provider.acknowledged(state, b"mimi://b.example/d/ben/phone", ROOM, 7) is state
    assert provider.left(state, b"mimi://b.example/d/ben/phone", ROOM) is state
    assert provider.left(state, PHONE, attic) is state
    with pytest.raises(UsageError, match="nobody here is in"):
        provider.missed(state, PHONE, attic, number=0, group_id=b"", epoch=0, now=town.now)


def test_who_was_removed_and_welcomed_again_says_late_that_it_is_gone():
    town = Town()
    server = town.server("b.example")
    town.held = lambda message: (message.kind, message.name) == (Kind.RECEIPT, "gone")
    town.wish("alice/phone", "ban", users=["mimi://b.example/u/bob"])
    gone, town.kept = [each for each in town.kept if each.sender == "bob/phone"], []
    town.held = nothing
    assert len(gone) == 1
    place = server.state.followed[ROOM].clients[PHONE]
    # a Welcome comes before that is heard
    again = attrs.evolve(place, alone=gone[0].head["number"] + 1)
    room = server.state.followed[ROOM]
    welcomed = attrs.evolve(room, clients={**room.clients, PHONE: again})
    kept = welcomed.left(PHONE, number=gone[0].head["number"])
    assert kept is welcomed
    assert PHONE not in welcomed.left(PHONE).clients
    town.send(gone)
    assert PHONE not in server.state.followed[ROOM].clients
    assert not any(town.device(name).end()["member"] for name in BOBS)
    assert isinstance(gone[0], Message)


# A malicious follower


def claim_of_cathy(town, user, key_of="bob/phone"):
    """Return a claim of Cathy's key packages for the room, in somebody's name."""
    return town.device(key_of).room.ask_key_material(user)


def test_another_providers_users_are_vouched_for():
    town = Town()
    server, asked = town.server("a.example"), []

    def vouching(user, credential, key):
        asked.append((user, key))
        return False

    request = town.request(Endpoint.KEY_MATERIAL, UserUri(C, "cathy"), claim_of_cathy(town, CATHY))
    assert town.asked(request).response is None
    server.provider = attrs.evolve(server.provider, vouching=vouching)
    step = town.asked(request)
    assert step.response.status == 400
    assert isinstance(step.error, RequesterCredentialError)
    assert asked == [(BOB, town.device("bob/phone").device.client.signer.public)]


def test_why_a_request_was_refused_is_in_the_step_and_in_no_answer():
    town = Town()
    step = attack(town, ROOM, b"", source=EVIL)
    assert step.error is None  # it is the protocol's own answer
    step = attack(town, ROOM, b"nonsense", source=A)
    assert isinstance(step.error, MalformedError)
    assert (step.response.status, step.response.body) == (400, b"")


def test_a_provider_of_several_domains_speaks_as_the_one_of_its_user():
    town = Town()
    entry = ConsentEntry(ConsentOperation.REQUEST, b"mimi://bee.example/u/bea", ALICE)
    request = town.request(Endpoint.REQUEST_CONSENT, UserUri(A, "alice"), entry)
    assert town.asked(request).response.status == 400
    bee = Domain("bee.example")
    assert town.asked(request, authenticated={B, bee}).response.status == 201


def test_grants_of_more_key_packages_than_are_kept():
    town = Town()
    device = town.device("bob/phone").device
    _, packages = device.key_packages(MOST_PACKAGES + 10, now=town.now)
    entry = ConsentEntry(ConsentOperation.GRANT, ALICE, BOB, None, packages)
    step = town.asked(town.request(Endpoint.UPDATE_CONSENT, UserUri(A, "alice"), entry))
    assert step.response.status == 201
    assert len(step.state.consents.pair(ALICE, BOB).packages) == MOST_PACKAGES


def test_decisions_about_more_rooms_than_are_kept_are_dropped():
    town = Town()
    server = town.server("a.example")
    scopes = {b"%d" % each: Standing(is_granted=True) for each in range(MOST_ROOMS)}
    full = Consents({(ALICE, BOB): Pair(scopes)})
    server.state = attrs.evolve(server.state, consents=full)
    entry = ConsentEntry(ConsentOperation.GRANT, ALICE, BOB, octets(ROOM), ())
    step = town.asked(town.request(Endpoint.UPDATE_CONSENT, UserUri(A, "alice"), entry))
    assert (step.response.status, step.state) == (201, server.state)
    assert [type(each) for each in step.effects] == [EntryDropped]
    # but consent for all rooms is decided whatever there is
    entry = ConsentEntry(ConsentOperation.REVOKE, ALICE, BOB)
    step = town.asked(town.request(Endpoint.UPDATE_CONSENT, UserUri(A, "alice"), entry))
    assert step.state.consents.pair(ALICE, BOB).decided(octets(ROOM)) is False


# Assets


def test_only_the_asset_servers_that_are_named_are_asked():
    town = Town()
    server = town.server("a.example")
    request = town.request(Endpoint.PROXY_DOWNLOAD, "https://elsewhere.example/x", None)
    assert town.asked(request).response.status == 400
    server.provider = attrs.evolve(
        server.provider, asset_servers=lambda: [Domain("elsewhere.example")]
    )
    (fetch,) = town.asked(request).effects
    assert fetch.download.host == Domain("elsewhere.example")


@pytest.mark.parametrize(
    "stated", ["text/html\r\nSet-Cookie: a=b", "", "text", 'a/b;c="\n"', "a/b; c=\u017f"]
)
def test_what_is_no_media_type_is_not_told_on(stated):
    assert asset_response(b"", stated).media_type == MEDIA_TYPE


@pytest.mark.parametrize("stated", ["image/png", "text/plain; charset=utf-8", 'a/b;c="d e";f=g'])
def test_a_media_type_is_told_on(stated):
    assert asset_response(b"", stated).media_type == stated
