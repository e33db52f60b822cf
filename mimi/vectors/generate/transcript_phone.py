"""A device of a transcript while it is written: what its user wants, and what it sends for it.

Beside every message stands what the device alone knows of it, so that others can follow.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from mimi import content
from mimi.client import Asking, Change, Device, DeviceRoom, Material, RoomStep
from mimi.client.device import settings_for
from mimi.client.events import Event
from mimi.client.reading import CONTENT
from mimi.codec import decode, encode, encode_all, replace
from mimi.content.model import Message as Content
from mimi.crypto import Entropy, HPKEPrivateKey, Suite
from mimi.errors import MimiError
from mimi.identity import ClientUri, Domain, RoomUri
from mimi.mls.components import ComponentID
from mimi.mls.keypackage import KeyPackage, key_package_ref
from mimi.policy.components import Rooms
from mimi.protocol.abuse import AbuseReport, AbuseType
from mimi.protocol.consent import ConsentOperation, ConsentScope
from mimi.protocol.consents import consent_entry
from mimi.protocol.fanout import FanoutMessage, WelcomeFanout
from mimi.protocol.franking import FrankingAgentData
from mimi.protocol.groupinfo import GroupInfoResponse, SealedGroupInfo
from mimi.protocol.http import Refused
from mimi.protocol.identifiers import IdentifierRequest
from mimi.protocol.keys import KeyMaterialResponse
from mimi.protocol.provider_calls import NewRoom
from mimi.protocol.submit import SubmitMessageResponse
from mimi.protocol.update import UpdateRequest, UpdateRoomResponse
from mimi.tree.extension import ExternalSender
from mimi.vectors.form import Form
from mimi.vectors.generate.transcript_heedless import Heedless
from mimi.vectors.generate.transcript_secrets import (
    NO_SECRETS,
    epoch_secret,
    leaf_key,
    secrets_of_change,
    secrets_of_entry,
)
from mimi.vectors.transcript_sealed import unsealed

Sends = Callable[[], list[Form]]
"""What makes what is sent next, after the outcome of the step was noted."""
Outcome = tuple[tuple[Event, ...], Sends]
"""What happened, and what makes what is sent then."""
Then = Callable[[Form, int], Outcome]
"""From an answer and the time to what comes of it."""


class Drawn:
    """A source of randomness that remembers what was drawn since it was last asked.

    Args:
        entropy: The source.
    """

    def __init__(self, entropy: Entropy) -> None:
        self.entropy = entropy
        self._octets: list[bytes] = []

    def __call__(self, size: int) -> bytes:
        """Return so many octets."""
        octets = self.entropy(size)
        self._octets.append(octets)
        return octets

    def recent(self) -> list[bytes]:
        """Return what was drawn since this was last called."""
        octets, self._octets = self._octets, []
        return octets


class Phone:
    """A device.

    Args:
        uri: Its URI.
        suite: The cipher suite.
        rooms: How groups are read as rooms.
        entropy: From where its keys are drawn.
        is_partial: Whether it sends a part of the group info with its commits.
    """

    def __init__(
        self, uri: str, suite: Suite, rooms: Rooms, entropy: Entropy, *, is_partial: bool = False
    ) -> None:
        self.uri, self.suite = uri, suite
        self.drawn = Drawn(entropy)
        self.device = Device.create(
            ClientUri.parse(uri), suite, rooms=rooms, is_partial=is_partial, entropy=self.drawn
        )
        self.home, self.user = str(self.device.owner.client.provider), self.device.owner.user
        self.rooms: dict[RoomUri, DeviceRoom] = {}
        self.said: list[bytes] = []
        self.refused: list[Any] = []
        self._calls = 0
        self._then: dict[int, Then] = {}
        self._private: list[HPKEPrivateKey] = []

    def room(self, uri: RoomUri) -> DeviceRoom:
        """Return a room that it is in."""
        return self.rooms[uri]

    def header(self) -> Form:
        """Return what the header says of the device."""
        return {"uri": self.uri, "signature_priv": self.device.client.signer.reveal()}

    def opened(self, body: bytes) -> bytes | None:
        """Return what is in an answer that is encrypted for the device; None where nothing is."""
        if not self._private:
            return None
        try:
            return unsealed(self.suite, decode(GroupInfoResponse, body), self._private)
        except MimiError:
            return None

    # What goes in and out

    def take(self, message: Form, now: int) -> Outcome:
        """Take an answer or a delivery."""
        if message["kind"] == "answer":
            then = self._then.pop(message["call"], None)
            return ((), list) if then is None else then(message, now)
        event, uri = decode(FanoutMessage, message["body"]), RoomUri.parse(message["about"])
        before = self.rooms.get(uri)
        if not isinstance(event.attached, WelcomeFanout):
            if before is None:
                return (), list
            return self._stepped(before.receive(event, now=now)), list
        self.device, self.rooms[uri] = self.device.join(uri, event, now=now, before=before)
        return (), list

    def _stepped(self, step: RoomStep[DeviceRoom]) -> tuple[Event, ...]:
        self.rooms[step.room.uri] = step.room
        return step.events

    def call(
        self,
        name: str,
        about: str,
        body: bytes = b"",
        then: Then | None = None,
        **secrets: Any,
    ) -> list[Form]:
        """Return the call of one's provider, as the one message that is sent."""
        self._calls += 1
        if then is not None:
            self._then[self._calls] = then
        place = {"from": self.uri, "to": self.home, "kind": "call", "call": self._calls}
        return [{**place, "name": name, "about": about, "body": body, "secrets": secrets}]

    # Key packages and rooms

    def offers(self, now: int, count: int = 2, *, last_resort: bool = True) -> list[Form]:
        """Offer key packages."""
        self.device, made = self.device.key_packages(count, now=now, last_resort=last_resort)
        known = self.device.client.key_packages
        own = [known[key_package_ref(self.suite, each)] for each in made]
        keys = [
            {"init_priv": each.init_key.reveal(), "encryption_priv": each.encryption_key.reveal()}
            for each in own
        ]
        return self.call("offerKeys", "", encode_all(made, KeyPackage), key_packages=keys)

    def founds(
        self,
        uri: RoomUri,
        components: Iterable[Any],
        participants: Mapping[bytes, int],
        hub: ExternalSender,
        now: int,
    ) -> list[Form]:
        """Create a room, with franks, framed messages and message IDs in the authenticated data."""
        self.drawn.recent()
        founding = self.device.create_room(
            uri,
            components,
            participants,
            hub=hub,
            now=now,
            franking=FrankingAgentData(hub.signature_key, hub.credential),
            media_types=(CONTENT,),
            safe_aad=(ComponentID.MESSAGE_ID,),
        )
        self.rooms[uri] = founding.room
        group = founding.room.group
        body = encode(NewRoom(founding.group_info, founding.ratchet_tree))
        return self.call(
            "createRoom",
            str(uri),
            body,
            encryption_priv=leaf_key(group),
            epoch_secret=epoch_secret(self.suite, founding.group_info, self.drawn.recent()),
        )

    def adds(self, uri: RoomUri, *users: bytes, role: int | None = None) -> list[Form]:
        """Ask for key packages of all clients of users; once they are there, add them."""
        materials: list[Material] = []
        sent: list[Form] = []

        def asked(user: bytes) -> list[Form]:
            request = self.rooms[uri].ask_key_material(user)

            def given(answer: Form, now: int) -> Outcome:
                response = decode(KeyMaterialResponse, answer["body"])
                self.refused.append(response.user_status)
                materials.append(Material(request, response, role))
                if len(materials) < len(users):
                    return (), list
                return (), lambda: self._brings_in(uri, materials, now)

            return self.call("keyMaterial", "", encode(request), given)

        self.drawn.recent()
        for user in users:
            sent += asked(user)
        return sent

    def _brings_in(self, uri: RoomUri, materials: list[Material], now: int) -> list[Form]:
        try:
            change = self.rooms[uri].add(materials, now=now)
        except MimiError as error:
            self.refused.append(error)
            return []
        return self.changes(uri, change, now)

    def asks_keys(self, uri: RoomUri, user: bytes) -> list[Form]:
        """Ask for key packages, and do nothing with them."""
        request = self.rooms[uri].ask_key_material(user)
        return self.call("keyMaterial", "", encode(request))

    # Changes

    def does(
        self, uri: RoomUri, what: Callable[[DeviceRoom], Change[DeviceRoom]], now: int
    ) -> list[Form]:
        """Change a room."""
        self.drawn.recent()
        return self.changes(uri, what(self.rooms[uri]), now)

    def changes(self, uri: RoomUri, change: Change[DeviceRoom], now: int) -> list[Form]:
        """Send a change that was drafted just now."""
        before, drawn = self.rooms[uri].group, self.drawn.recent()
        self.rooms[uri] = change.room
        secrets = secrets_of_change(before, change, drawn, now // 1000)
        return self.updates(uri, change.request, secrets)

    def updates(
        self, uri: RoomUri, request: UpdateRequest, secrets: Mapping[str, Any] = NO_SECRETS
    ) -> list[Form]:
        """Send an update."""

        def answered(answer: Form, now: int) -> Outcome:
            response: UpdateRoomResponse | Refused = Refused(answer["status"])
            if answer["status"] == 200:
                response = decode(UpdateRoomResponse, answer["body"])
            self.refused.append(response)
            room = self.rooms[uri]
            return self._stepped(room.answered(response, now=now, request=request)), list

        return self.call("update", str(uri), encode(request), answered, **secrets)

    def asks(self, uri: RoomUri, code: bytes | None = None, role: int | None = None) -> list[Form]:
        """Ask for the group info of a room, and come in by a commit if it is given."""
        self.drawn.recent()
        asking = self.device.ask(uri, code)
        self._private.append(asking.private)

        def given(answer: Form, now: int) -> Outcome:
            if answer["status"] != 200:
                return (), list
            response = decode(GroupInfoResponse, answer["body"])
            if not isinstance(response.status, SealedGroupInfo):
                self.refused.append(response.status)
                return (), list
            return (), lambda: self._enters(asking, response, now, role)

        body, private = encode(asking.request), asking.private.reveal()
        return self.call("groupInfo", str(uri), body, given, group_info_priv=private)

    def _enters(
        self, asking: Asking, response: GroupInfoResponse, now: int, role: int | None
    ) -> list[Form]:
        uri, before = asking.uri, self.rooms.get(asking.uri)
        self.drawn.recent()
        change = self.device.come_in(asking, response, now=now, before=before, role=role)
        drawn = self.drawn.recent()
        self.rooms[uri] = change.room
        secrets = secrets_of_entry(self.device.client, asking, response, change, drawn, now // 1000)
        return self.updates(uri, change.request, secrets)

    # Messages

    def says(self, uri: RoomUri, message: Content, now: int) -> list[Form]:
        """Send a message."""
        post = self.rooms[uri].send(message, now=now)
        self.rooms[uri] = post.room
        self.said.append(post.message_id)
        sent = post.room.sent[post.message_id]
        body = encode(post.request.app_message)
        return self.submits(uri, body, content.encode(sent.message), post.message_id)

    def submits(self, uri: RoomUri, body: bytes, octets: bytes, name: bytes) -> list[Form]:
        """Send an encrypted message."""

        def answered(answer: Form, _: int) -> Outcome:
            response: SubmitMessageResponse | Refused = Refused(answer["status"])
            if answer["status"] == 200:
                response = decode(SubmitMessageResponse, answer["body"])
            self.refused.append(response)
            return self._stepped(self.rooms[uri].submitted(name, response)), list

        return self.call("submitMessage", str(uri), body, answered, content=octets, message_id=name)

    def repeats(self, call: Form) -> list[Form]:
        """Send an update or a message again, as it was: nobody knows whether it was heard."""
        uri, body, secrets = RoomUri.parse(call["about"]), call["body"], call["secrets"]
        if call["name"] == "update":
            return self.updates(uri, decode(UpdateRequest, body), secrets)
        return self.submits(uri, body, secrets["content"], secrets["message_id"])

    # What a device does that does not keep to the rules

    def heedless(self, uri: RoomUri) -> DeviceRoom:
        """Return a room as it is for who does not care for its policy."""
        room = self.rooms[uri]
        careless = Heedless(role=room.policy.role_of(self.user))
        settings = settings_for(careless, room.group.settings)
        owner = attrs.evolve(room.owner, rooms=careless)
        return attrs.evolve(room, owner=owner, group=room.group.with_settings(settings))

    def dares(self, uri: RoomUri, what: Callable[[DeviceRoom], Change[DeviceRoom]]) -> list[Form]:
        """Send a change that the policy does not allow, in which the device does not believe."""
        return self.updates(uri, what(self.heedless(uri)).request)

    def shouts(self, uri: RoomUri, message: Content, now: int) -> list[Form]:
        """Send a message that the policy does not allow."""
        room, post = self.rooms[uri], self.heedless(uri).send(message, now=now)
        group = post.room.group.with_settings(room.group.settings)
        self.rooms[uri] = attrs.evolve(post.room, owner=room.owner, group=group)
        sent = post.room.sent[post.message_id]
        body = encode(post.request.app_message)
        return self.submits(uri, body, content.encode(sent.message), post.message_id)

    # The rest

    def gone(self, uri: RoomUri) -> list[Form]:
        """Tell one's provider that one is in a room no more."""
        return self.call("gone", str(uri))

    def consents(self, operation: ConsentOperation, scope: ConsentScope) -> list[Form]:
        """Ask for consent, or decide about it."""
        return self.call("consent", "", encode(consent_entry(operation, scope)))

    def finds(self, provider: str, request: IdentifierRequest) -> list[Form]:
        """Look for a user of another provider."""
        return self.call("identifierQuery", str(Domain(provider)), encode(request))

    def reports(
        self, uri: RoomUri, abuser: bytes, text: str, message: bytes, forged: bytes
    ) -> list[Form]:
        """Report abuse: a message, and another one that is given out for it."""
        quoted = self.rooms[uri].quoted(message)
        listed = (quoted, replace(quoted, message_content=forged))
        report = AbuseReport(self.user, abuser, AbuseType(0), text.encode(), listed)
        return self.call("reportAbuse", str(uri), encode(report))

    def fetches(self, uri: RoomUri, url: str) -> list[Form]:
        """Download an asset through the hub of a room."""
        return self.call("download", str(uri), url.encode())
