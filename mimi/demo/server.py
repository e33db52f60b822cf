"""A provider's server: the provider's machine, and what goes in and out of it as octets."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mimi.codec import decode, decode_all, encode
from mimi.crypto import CipherSuite, Entropy, Secret, suite_of
from mimi.demo.carrier import arrived, request_octets, response_octets
from mimi.demo.machine import Delivered, Kind, Message, Output
from mimi.errors import MimiError
from mimi.identity import ClientUri, Domain, RoomUri
from mimi.mls.keypackage import KeyPackage
from mimi.mls.message import MLSMessage
from mimi.protocol import AbuseReport, Directory, GroupInfoRequest, HttpResponse, Refused
from mimi.protocol.consent import ConsentOperation, ConsentScope
from mimi.protocol.consents import ConsentNotice
from mimi.protocol.deliveries import Deliver, Resync
from mimi.protocol.http import HttpRequest
from mimi.protocol.http_errors import Method
from mimi.protocol.hub import Hub
from mimi.protocol.keys import KeyMaterialRequest
from mimi.protocol.provider import Provider
from mimi.protocol.provider_calls import NewRoom
from mimi.protocol.provider_state import (
    Answer,
    Call,
    ClaimGroupInfo,
    ClaimKeys,
    CreateRoom,
    DecideConsent,
    Fetch,
    FetchAsset,
    OfferKeys,
    ProviderEffect,
    ProviderState,
    ProviderStep,
    Reply,
    ReportAbuse,
    Reported,
    SendHttp,
    Session,
    SubmitMessage,
    Then,
    UpdateRoom,
)
from mimi.protocol.update import UpdateRequest
from mimi.tree.credential import BasicCredential

SUITE = suite_of(CipherSuite.X25519_AES128)


def provider_of(domain: Domain, entropy: Entropy) -> Provider:
    """Return the machine of a provider, whose keys are drawn from *entropy*."""
    signer = SUITE.generate_signature_key(entropy)
    credential = BasicCredential(f"mimi://{domain}".encode())
    hub = Hub(domain, signer, credential, Secret(entropy(32)), entropy=entropy)
    return Provider(hub, Directory.at(f"https://mimi.{domain}/v1"))


def device_of(client: bytes) -> str:
    """Return the name of the machine that a client is."""
    return client.decode().partition("/d/")[2]


def _room(message: Message) -> RoomUri:
    return RoomUri.parse(message.head["room"])


def _scope(message: Message) -> ConsentScope:
    head = message.head
    room = head.get("room")
    return ConsentScope(
        head["requester"].encode(), head["target"].encode(), None if room is None else room.encode()
    )


def _new_room(message: Message) -> CreateRoom:
    found = decode(NewRoom, message.body)
    return CreateRoom(_room(message), found.group_info, found.ratchet_tree)


CALLS: Mapping[str, Callable[[Message], Call]] = {
    "offerKeys": lambda message: OfferKeys(decode_all(KeyPackage, message.body)),
    "createRoom": _new_room,
    "keyMaterial": lambda message: ClaimKeys(decode(KeyMaterialRequest, message.body)),
    "update": lambda message: UpdateRoom(_room(message), decode(UpdateRequest, message.body)),
    "submitMessage": lambda message: SubmitMessage(
        _room(message), decode(MLSMessage, message.body)
    ),
    "groupInfo": lambda message: ClaimGroupInfo(
        _room(message), decode(GroupInfoRequest, message.body)
    ),
    "consent": lambda message: DecideConsent(
        ConsentOperation[message.head["operation"]], _scope(message)
    ),
    "reportAbuse": lambda message: ReportAbuse(_room(message), decode(AbuseReport, message.body)),
    "fetchAsset": lambda message: FetchAsset(_room(message), message.head["url"]),
}
"""From the names of calls to how they are read."""


class Server:
    """A provider's server.

    Args:
        domain: The provider's domain.
        entropy: From where its keys are drawn.

    Attributes:
        provider: Its machine.
        state: What it has.
        asked: From the numbers of its requests to what comes of their answers.
    """

    def __init__(self, domain: str, entropy: Entropy) -> None:
        self.name = domain
        self.provider = provider_of(Domain(domain), entropy)
        self.state = ProviderState()
        self._exchanges = 0
        self.asked: dict[int, Then | Fetch] = {}

    def take(self, message: Message, now: int) -> Output:
        """Take a message; see `mimi.demo.machine.Machine.take`."""
        match message.kind:
            case Kind.REQUEST:
                return self._request(message, now)
            case Kind.RESPONSE:
                return self._response(message, now)
            case Kind.CALL:
                return self._call(message, now)
            case Kind.RECEIPT:
                return self._receipt(message)
        return self.done(self.provider.due(self.state, now=now))

    def end(self) -> dict[str, Any]:
        """Return in what state it is."""
        return {
            "rooms": {
                str(uri): {"epoch": room.group.epoch, "context": _digest(room.group.context)}
                for uri, room in self.state.rooms.items()
            },
            "followed": {
                str(uri): sorted(device_of(client) for client in room.clients)
                for uri, room in self.state.followed.items()
            },
            "untold": len(self.state.outbox),
        }

    # What comes in

    def _request(self, message: Message, now: int) -> Output:
        found, ticket = arrived(message.body), (message.sender, message.head["exchange"])
        method, target, _ = found.line
        step = self.provider.handle(
            self.state,
            method,
            target,
            found.headers,
            found.body,
            authenticated={Domain(message.sender)},
            now=now,
            ticket=("peer", *ticket, message.name),
        )
        first: list[Message] = []
        if step.response is not None:
            first.append(self._reply(("peer", *ticket, message.name), step.response))
        return self.done(step, first)

    def _response(self, message: Message, now: int) -> Output:
        found = arrived(message.body)
        asked = self.asked.pop(message.head["exchange"], None)
        if asked is None:
            return Output()
        if isinstance(asked, Fetch):
            content = found.body if found.status == 200 else None
            return self.done(
                ProviderStep(self.state, None, (self.provider.fetched(asked, content),))
            )
        return self.done(
            self.provider.answered(
                self.state, asked, found.status, found.headers, found.body, now=now
            )
        )

    def _call(self, message: Message, now: int) -> Output:
        client = f"mimi://{self.name}/d/{message.sender}"
        user = str(ClientUri.parse(client).user_uri)
        session = Session(user.encode(), client.encode())
        ticket = ("client", message.sender, message.head["call"], message.name)
        if message.name == "hubSender":
            answer = Answer(ticket, self.provider.hub.sender)
            return self.done(ProviderStep(self.state, None, (answer,)))
        try:
            if message.name == "missed":
                return self._missed(message, client.encode(), now)
            call = CALLS[message.name](message)
            step = self.provider.call(self.state, session, call, now=now, ticket=ticket)
        except MimiError as error:
            step = ProviderStep(self.state, None, (Answer(ticket, error),))
        return self.done(step)

    def _missed(self, message: Message, client: bytes, now: int) -> Output:
        """Deliver again what a device has missed; or say that it must join anew."""
        head = message.head
        found = self.provider.missed(
            self.state,
            client,
            _room(message),
            number=head["number"],
            group_id=bytes.fromhex(head["group"]),
            epoch=head["epoch"],
            now=now,
        )
        again = () if isinstance(found, Resync) else found
        made = self.done(ProviderStep(self.state, None, again))
        is_gone = {"call": head["call"], "count": int(isinstance(found, Resync))}
        said = {**is_gone, "room": head["room"]}
        answer = Message(self.name, message.sender, Kind.ANSWER, message.name, said)
        return Output((*made.messages, answer), made.notes)

    def _receipt(self, message: Message) -> Output:
        client = f"mimi://{self.name}/d/{message.sender}".encode()
        room, number = _room(message), message.head["number"]
        if message.name == "gone":
            self.state = self.provider.left(self.state, client, room, number=number)
        else:
            self.state = self.provider.acknowledged(self.state, client, room, number)
        return Output()

    # What goes out

    def done(self, step: ProviderStep, first: Iterable[Message] = ()) -> Output:
        """Store the state of a step, and do its effects."""
        self.state = step.state
        messages, notes = list(first), list[str]()
        for effect in step.effects:
            if isinstance(effect, Reported):
                shown = sum(each is not None for each in effect.franked)
                who = effect.report.alleged_abuser_uri.decode()
                notes.append(f"abuse by {who}: {shown} of {len(effect.franked)} messages verified")
            else:
                messages += self._sent(effect)
        return Output(tuple(messages), tuple(notes))

    def _sent(self, effect: ProviderEffect) -> list[Message]:
        match effect:
            case SendHttp(request=request, then=then):
                name = request.request_target.split("/")[2]
                return [self._asks(name, request, then)]
            case Fetch(download=download):
                url, host = download.url, Domain(str(download.host))
                request = HttpRequest(Method.GET, url, Domain(self.name), host)
                return [self._asks("asset", request, effect)]
            case Reply(ticket=ticket, response=response):
                return [self._reply(ticket, response)]
            case Answer(ticket=(_, device, call, name), content=content):
                return [Message(self.name, device, Kind.ANSWER, name, *_answer(call, content))]
            case Deliver():
                event = Delivered(effect.number, effect.after, encode(effect.message))
                head = {"room": str(effect.room)}
                to = device_of(effect.client)
                return [Message(self.name, to, Kind.DELIVERY, "event", head, encode(event))]
            case ConsentNotice():
                return self._notices(effect)
        return []

    def _notices(self, notice: ConsentNotice) -> list[Message]:
        scope = notice.scope
        head = {
            "operation": notice.operation.name,
            "requester": scope.requester_uri.decode(),
            "target": scope.target_uri.decode(),
        }
        clients = sorted(self.state.keys.users[notice.user].clients)
        return [
            Message(self.name, device_of(each), Kind.DELIVERY, "consent", head) for each in clients
        ]

    def _asks(self, name: str, request: HttpRequest, then: Then | Fetch) -> Message:
        self._exchanges += 1
        self.asked[self._exchanges] = then
        head = {"exchange": self._exchanges}
        target, octets = str(request.target), request_octets(request)
        return Message(self.name, target, Kind.REQUEST, name, head, octets)

    def _reply(self, ticket: tuple[str, str, int, str], response: HttpResponse) -> Message:
        _, peer, exchange, name = ticket
        head = {"exchange": exchange}
        return Message(self.name, peer, Kind.RESPONSE, name, head, response_octets(response))


def _answer(call: int, content: Any) -> tuple[dict[str, Any], bytes]:
    """Return what is said of an answer, and its octets."""
    head: dict[str, Any] = {"call": call}
    if isinstance(content, Refused):
        return {**head, "refused": int(content.status)}, b""
    if isinstance(content, MimiError):
        return {**head, "refused": type(content).__name__}, b""
    if isinstance(content, int | None):
        return {**head, "count": content}, b""
    if isinstance(content, RoomUri):
        return {**head, "room": str(content)}, b""
    return head, content if isinstance(content, bytes) else encode(content)


def _digest(value: Any) -> str:
    return hashlib.sha256(encode(value)).hexdigest()


class AssetServer:
    """A provider's server for assets: whoever knows where they are gets them; they are encrypted.

    Args:
        name: Its domain.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._assets: dict[str, bytes] = {}

    def take(self, message: Message, now: int) -> Output:  # noqa: ARG002 - a machine is told the time
        """Take a request to keep something, or to give it."""
        found = arrived(message.body)
        method, target, _ = found.line
        if method == "PUT":
            self._assets[target] = found.body
            response = HttpResponse(201)
        elif target in self._assets:
            response = HttpResponse(200, self._assets[target], "application/octet-stream")
        else:
            response = HttpResponse(404)
        kind, head, octets = Kind.RESPONSE, message.head, response_octets(response)
        return Output((Message(self.name, message.sender, kind, message.name, head, octets),))

    def end(self) -> dict[str, Any]:
        """Return in what state it is."""
        return {"assets": {each: len(octets) for each, octets in self._assets.items()}}
