"""A provider of a transcript: its machine, with the keys that the header gives it.

What goes in and out has the fields that a step has (vectors/protocol/README.md), with octets as
bytes: so that the same machine writes transcripts and replays them.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import attrs

from mimi.codec import decode, decode_all, encode
from mimi.crypto import Entropy, Secret, SeededEntropy, Suite, os_entropy
from mimi.errors import MimiError
from mimi.identity import ClientUri, Domain, RoomUri
from mimi.mls.keypackage import KeyPackage
from mimi.mls.message import MLSMessage
from mimi.policy.components import Rooms
from mimi.protocol.abuse import AbuseReport
from mimi.protocol.consent import ConsentEntry
from mimi.protocol.consent_pairs import Consent
from mimi.protocol.consents import ConsentNotice, consent_entry
from mimi.protocol.deliveries import Deliver
from mimi.protocol.directory import Directory
from mimi.protocol.groupinfo import GroupInfoRequest
from mimi.protocol.http import HttpRequest, HttpResponse, Refused, refuse
from mimi.protocol.http_errors import Method, Status
from mimi.protocol.hub import Hub
from mimi.protocol.identifiers import (
    IdentifierQueryCode,
    IdentifierRequest,
    IdentifierResponse,
)
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
    FindUser,
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
from mimi.protocol.room import HubRoom
from mimi.protocol.update import UpdateRequest
from mimi.tree.credential import BasicCredential, Credential
from mimi.vectors.case import Case
from mimi.vectors.form import Form

Ticket: TypeAlias = tuple[str, int]
"""Who waits for an answer, and the number of its call or exchange."""


@attrs.frozen
class Taken:
    """What comes of a step at a provider.

    Attributes:
        messages: What it sends, in order.
        hosted: The rooms that it hosts and that are not as they were.
        closed: The rooms that it hosts no more.
        reported: For each report of abuse whether its messages were shown to be sent.
    """

    messages: list[Form]
    hosted: list[Form]
    closed: list[str]
    reported: list[list[bool]]


# From the header


def provider_in(part: Case, suite: Suite, rooms: Rooms, entropy: Entropy = os_entropy) -> Provider:
    """Return the machine of a provider of the header."""
    domain = Domain(part.string("domain"))
    with part.at("directory"):
        directory = Directory.parse(part.octets("directory"))
    hub = _hub_in(part, domain, suite, rooms, entropy)
    consent = Consent.GRANTED if part.boolean("is_open") else Consent.NONE
    found = {each.octets("query"): each.octets("found") for each in part.parts("profiles")}

    def profiles(request: IdentifierRequest, _: Domain) -> IdentifierResponse:
        octets = found.get(encode(request))
        if octets is None:
            return IdentifierResponse(IdentifierQueryCode.NOT_FOUND)
        return decode(IdentifierResponse, octets)

    return Provider(hub, directory, consent=lambda *_: consent, profiles=profiles)


def _hub_in(part: Case, domain: Domain, suite: Suite, rooms: Rooms, entropy: Entropy) -> Hub:
    """Return the hub of a provider; one that hosts no room has keys that nobody uses."""
    if part.value("hub") is None:
        signer, nobody = suite.generate_signature_key(SeededEntropy(b"")), BasicCredential(b"")
        return Hub(domain, signer, nobody, Secret(b""), rooms, entropy=entropy)
    keys = part.part("hub")
    with keys.at("signature_priv"):
        signer = suite.signature_private_key(keys.octets("signature_priv"))
    with keys.at("credential"):
        credential = decode(Credential, keys.octets("credential"))
    return Hub(domain, signer, credential, keys.secret("hub_key"), rooms, entropy=entropy)


# Calls of devices


def _room(message: Mapping[str, Any]) -> RoomUri:
    return RoomUri.parse(message["about"])


def _new_room(message: Mapping[str, Any]) -> CreateRoom:
    found = decode(NewRoom, message["body"])
    return CreateRoom(_room(message), found.group_info, found.ratchet_tree)


def _consent(message: Mapping[str, Any]) -> DecideConsent:
    entry = decode(ConsentEntry, message["body"])
    return DecideConsent(entry.consent_operation, entry.scope)


CALLS: Mapping[str, Callable[[Mapping[str, Any]], Call]] = MappingProxyType(
    {
        "offerKeys": lambda message: OfferKeys(decode_all(KeyPackage, message["body"])),
        "createRoom": _new_room,
        "keyMaterial": lambda message: ClaimKeys(decode(KeyMaterialRequest, message["body"])),
        "update": lambda message: UpdateRoom(
            _room(message), decode(UpdateRequest, message["body"])
        ),
        "submitMessage": lambda message: SubmitMessage(
            _room(message), decode(MLSMessage, message["body"])
        ),
        "groupInfo": lambda message: ClaimGroupInfo(
            _room(message), decode(GroupInfoRequest, message["body"])
        ),
        "consent": _consent,
        "identifierQuery": lambda message: FindUser(
            Domain(message["about"]), decode(IdentifierRequest, message["body"])
        ),
        "reportAbuse": lambda message: ReportAbuse(
            _room(message), decode(AbuseReport, message["body"])
        ),
        "download": lambda message: FetchAsset(
            _room(message), message["body"].decode("ascii", "replace")
        ),
    }
)
"""From the names of calls to how they are read."""


# The machine


class Station:
    """A provider that takes part.

    Args:
        provider: Its machine.

    Attributes:
        name: Its domain.
        state: What it has.
    """

    def __init__(self, provider: Provider) -> None:
        self.provider, self.name = provider, str(provider.provider)
        self.state = ProviderState()
        self._exchanges = 0
        self._asked: dict[int, Then | Fetch] = {}
        self._shown: dict[RoomUri, Form] = {}

    def take(self, message: Mapping[str, Any], now: int) -> Taken:
        """Take a step: what it says, without its outcome.

        Raises:
            MimiError: A call of a device, or what one says of itself, makes no sense.
        """
        match message["kind"]:
            case "request":
                return self._request(message, now)
            case "response":
                return self._response(message, now)
            case "silence":
                asked = self._asked.pop(message["exchange"], None)
                if asked is None or isinstance(asked, Fetch):
                    return self._done(ProviderStep(self.state))
                return self._done(self.provider.unanswered(self.state, asked, now=now))
            case "clock":
                return self._done(self.provider.due(self.state, now=now))
        return self._call(message, now)

    def _request(self, message: Mapping[str, Any], now: int) -> Taken:
        source = Domain(message["from"])
        ticket = (message["from"], message["exchange"])
        step = self.provider.handle(
            self.state,
            message["method"],
            message["target"],
            [(name, value) for name, value in message["headers"]],
            message["body"],
            authenticated={source},
            now=now,
            ticket=ticket,
        )
        first = () if step.response is None else (self._reply(ticket, step.response),)
        return self._done(step, first)

    def _response(self, message: Mapping[str, Any], now: int) -> Taken:
        asked = self._asked.pop(message["exchange"], None)
        if asked is None:
            return self._done(ProviderStep(self.state))
        status, body = message["status"], message["body"]
        if isinstance(asked, Fetch):
            content = body if status == Status.OK else None
            effect = self.provider.fetched(asked, content)
            return self._done(ProviderStep(self.state, None, (effect,)))
        headers = [(name, value) for name, value in message["headers"]]
        return self._done(self.provider.answered(self.state, asked, status, headers, body, now=now))

    def _call(self, message: Mapping[str, Any], now: int) -> Taken:
        client = message["from"].encode()
        ticket = (message["from"], message["call"])
        if message["name"] == "gone":
            self.state = self.provider.left(self.state, client, _room(message))
            return self._done(ProviderStep(self.state, None, (Answer(ticket, None),)))
        session = Session(str(ClientUri.parse(message["from"]).user_uri).encode(), client)
        try:
            call = CALLS[message["name"]](message)
            step = self.provider.call(self.state, session, call, now=now, ticket=ticket)
        except MimiError as error:
            step = ProviderStep(self.state, None, (Answer(ticket, error),))
        return self._done(step)

    # What goes out

    def _done(self, step: ProviderStep, first: Iterable[Form] = ()) -> Taken:
        self.state = step.state
        messages, reported = list(first), list[list[bool]]()
        for effect in step.effects:
            if isinstance(effect, Reported):
                reported.append([each is not None for each in effect.franked])
            else:
                messages += self._sent(effect)
        return Taken(messages, *self._changed(), reported)

    def _sent(self, effect: ProviderEffect) -> list[Form]:
        match effect:
            case SendHttp(request=request, then=then):
                return [self._asks(request, str(request.target), then)]
            case Fetch(download=download):
                url, host = download.url, Domain(str(download.host))
                request = HttpRequest(Method.GET, url, self.provider.provider, host)
                return [self._asks(request, str(host), effect)]
            case Reply(ticket=ticket, response=response):
                return [self._reply(ticket, response)]
            case Answer(ticket=ticket, content=content):
                return [self._answer(ticket, content)]
            case Deliver(client=client, room=room, message=message):
                place = {"from": self.name, "to": client.decode(), "kind": "delivery"}
                return [{**place, "about": str(room), "body": encode(message)}]
            case ConsentNotice():
                return self._notices(effect)
        return []

    def _asks(self, request: HttpRequest, to: str, then: Then | Fetch) -> Form:
        self._exchanges += 1
        self._asked[self._exchanges] = then
        target = request.url.removeprefix("https://").removeprefix(request.host)
        return {
            "from": self.name,
            "to": to,
            "kind": "request",
            "exchange": self._exchanges,
            "method": str(request.method),
            "target": target,
            "headers": [list(each) for each in request.headers],
            "body": request.body,
        }

    def _reply(self, ticket: Ticket, response: HttpResponse) -> Form:
        peer, exchange = ticket
        return {
            "from": self.name,
            "to": peer,
            "kind": "response",
            "exchange": exchange,
            "status": int(response.status),
            "headers": [list(each) for each in response.headers],
            "body": response.body,
        }

    def _answer(self, ticket: Ticket, content: Any) -> Form:
        device, call = ticket
        status, body = int(Status.OK), b""
        if isinstance(content, Refused):
            status = int(content.status)
        elif isinstance(content, MimiError):
            status = int(refuse(content).status)
        elif isinstance(content, bytes):
            body = content
        elif not isinstance(content, int | RoomUri | None):
            body = encode(content)
        place = {"from": self.name, "to": device, "kind": "answer"}
        return {**place, "call": call, "status": status, "body": body}

    def _notices(self, notice: ConsentNotice) -> list[Form]:
        body = encode(consent_entry(notice.operation, notice.scope))
        place = {"from": self.name, "kind": "notice", "body": body}
        clients = sorted(self.state.keys.users[notice.user].clients)
        return [{**place, "to": each.decode()} for each in clients]

    def _changed(self) -> tuple[list[Form], list[str]]:
        """Return the hosted rooms that are not as they were shown, and those that are no more."""
        changed = []
        for uri, room in self.state.rooms.items():
            form = self.form_of_room(room)
            if self._shown.get(uri) != form:
                self._shown[uri] = form
                changed.append(form)
        closed = [uri for uri in self._shown if uri not in self.state.rooms]
        for uri in closed:
            del self._shown[uri]
        return changed, [str(uri) for uri in closed]

    def form_of_room(self, room: HubRoom) -> Form:
        """Return what the hub knows of a room."""
        context, seen = room.group.context, self.provider.hub.room(room)
        return {
            "room": str(room.uri),
            "epoch": context.epoch,
            "tree_hash": context.tree_hash,
            "confirmed_transcript_hash": context.confirmed_transcript_hash,
            "participants": form_of_participants(seen.participants.roles),
            "pending": len(room.accepted),
        }


def form_of_participants(roles: Mapping[bytes, int]) -> list[list[Any]]:
    """Return a participant list, in its order."""
    return [[user.decode(), int(role)] for user, role in roles.items()]
