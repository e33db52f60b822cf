"""Three providers, three users with two devices each, and a hub: what happens, in order.

The hub is a.example's. Whatever it hands on lies in the inbox of each device until the device
hears it: late, twice or in another order, as a script likes. Every value of a device is stored by
what has changed, and with `restoring` made from its rows again before it is used.
"""

from collections.abc import Callable, Iterable
from typing import Any

from mimi import content
from mimi.client import Device, DeviceRoom, Material
from mimi.client.reading import CONTENT
from mimi.client.state import Owner
from mimi.crypto import CipherSuite, Secret, SeededEntropy, suite_of
from mimi.identity import Domain, RoomUri, UserUri
from mimi.mls.components import ComponentID
from mimi.mls.welcome import Welcome
from mimi.policy.presets import COOPERATIVE
from mimi.policy.structures import RoomMetaData
from mimi.protocol.fanout import FanoutMessage
from mimi.protocol.franking import FrankingAgentData
from mimi.protocol.groupinfo import GroupInfoResponse
from mimi.protocol.hub import Hub
from mimi.protocol.keys import (
    ClientKeyMaterial,
    KeyMaterialClientCode,
    KeyMaterialResponse,
    KeyMaterialUserCode,
)
from mimi.protocol.protocol import Protocol
from mimi.protocol.room import Notify
from mimi.protocol.update import UpdateAccepted, UpdateRoomResponse
from mimi.tree.credential import BasicCredential

SUITE = suite_of(CipherSuite.X25519_AES128)
A, B, C = (Domain(f"{letter}.example") for letter in "abc")
ALICE, BOB, CATHY = UserUri(A, "alice"), UserUri(B, "bob"), UserUri(C, "cathy")
USERS = {"alice": ALICE, "bob": BOB, "cathy": CATHY}
ROOM = RoomUri(A, "clubhouse")
USER, ADMIN, SUPER, ENFORCER = 2, 3, 4, 5
NOW = 1_800_000_000_000
"""When everything begins, in milliseconds."""


def octets(uri: object) -> bytes:
    return str(uri).encode()


class Neighbourhood:
    """Who there is, and what they have.

    Args:
        restoring: Whether devices are made from their rows before each step.
        partial: Whether devices send a part of the group info alone.
    """

    def __init__(self, *, restoring: bool = False, partial: bool = False) -> None:
        self.restoring, self.partial = restoring, partial
        self.entropy = SeededEntropy(b"neighbourhood")
        self.now = NOW
        signer = SUITE.generate_signature_key(self.entropy)
        credential = BasicCredential(octets("mimi://a.example"))
        self.hub = Hub(A, signer, credential, Secret(bytes(32)), entropy=self.entropy)
        self.agent = FrankingAgentData(signer.public, credential)
        self.room: Any = None
        self.devices: dict[str, Device] = {}
        self.rooms: dict[str, DeviceRoom] = {}
        self.packages: dict[str, list[Any]] = {}
        self.inbox: dict[str, list[FanoutMessage]] = {}
        self.stored: dict[str, dict[str, bytes]] = {}
        self.kept: dict[str, Any] = {}
        self.events: dict[str, list[Any]] = {}
        for user in USERS:
            for kind in ("phone", "laptop"):
                self.buy(user, kind)

    def tick(self, milliseconds: int = 1000) -> int:
        self.now += milliseconds
        return self.now

    def owner_of(self, name: str) -> UserUri:
        return USERS[name.partition("/")[0]]

    def buy(self, user: str, kind: str, **options: Any) -> str:
        """Make a device, whose key packages its provider gives out."""
        name = f"{user}/{kind}"
        device = Device.create(
            USERS[user].client(kind),
            entropy=self.entropy.fork(name.encode()),
            is_partial=self.partial,
            **options,
        )
        device, self.packages[name] = device.key_packages(4, now=self.now)
        self.packages[name] = list(self.packages[name])
        self.inbox[name], self.events[name] = [], []
        self.put_device(name, device)
        return name

    # What devices have

    def put_device(self, name: str, device: Device) -> None:
        self._store(f"device {name}", device)
        self.devices[name] = device

    def put(self, name: str, room: DeviceRoom) -> None:
        self._store(name, room)
        self.rooms[name] = room

    def _store(self, key: str, value: Any) -> None:
        before, rows = self.kept.get(key), self.stored.setdefault(key, {})
        changes = value.changes_since(before) if before is not None else None
        rows.update(value.save() if changes is None else changes.written)
        for name in changes.erased if changes is not None else ():
            del rows[name]
        assert rows == value.save()
        self.kept[key] = value

    def of(self, name: str) -> DeviceRoom:
        """Return a device's room, from its rows where that is to be."""
        if self.restoring:
            device = Device.load(
                self.stored[f"device {name}"],
                owner=Owner(self.devices[name].owner.client, b"", is_partial=self.partial),
                entropy=self.devices[name].client.entropy,
            )
            self.kept[f"device {name}"] = self.devices[name] = device
            self.kept[name] = self.rooms[name] = device.load_room(self.stored[name])
        return self.rooms[name]

    def note(self, name: str, step: Any) -> list[Any]:
        self.put(name, step.room)
        self.events[name] += step.events
        return list(step.events)

    # The hub

    def notify(self, effects: Iterable[Any]) -> None:
        """Lay what the hub hands on into inboxes, as the providers' followers do."""
        for effect in effects:
            if not isinstance(effect, Notify):
                continue
            message = effect.message
            for name, device in self.devices.items():
                if self.owner_of(name).provider != effect.provider:
                    continue
                body = message.message.body
                if isinstance(body, Welcome):
                    named = {each.new_member for each in body.secrets}
                    if named & device.client.key_packages.keys():
                        self.inbox[name].append(message)
                elif name in self.rooms:
                    self.inbox[name].append(message)

    def update(self, name: str, request: Any) -> UpdateRoomResponse:
        step = self.hub.update(self.room, request, self.owner_of(name).provider, now=self.tick())
        self.room = step.room
        self.notify(step.effects)
        return step.response

    # What devices do

    def create(
        self, name: str, preset: Any = COOPERATIVE, role: int = ADMIN, **options: Any
    ) -> None:
        options.setdefault("franking", self.agent)
        options.setdefault("media_types", (CONTENT,))
        options.setdefault("safe_aad", (ComponentID.MESSAGE_ID,))
        participants = {octets(self.owner_of(name)): role}
        if any(each.role_name == b"policy_enforcer" for each in preset.policy.roles.roles):
            index = max(each.role_index for each in preset.policy.roles.roles)
            participants[self.hub.user] = index
        founding = self.devices[name].create_room(
            ROOM,
            preset.having(RoomMetaData(octets(ROOM), b"Clubhouse")).components(),
            participants,
            hub=self.hub.sender,
            now=self.now,
            **options,
        )
        self.put(name, founding.room)
        self.room = self.hub.create(ROOM, founding.group_info, founding.ratchet_tree, now=self.now)

    def material(self, name: str, user: str, role: int | None = None) -> Material:
        """Claim key packages of all devices of a user."""
        room = self.of(name)
        request = room.ask_key_material(octets(USERS[user]))
        clients, given = [], []
        for other in self.devices:
            if other.startswith(f"{user}/"):
                packages = self.packages[other]
                package = packages.pop(0) if len(packages) > 1 else packages[0]
                given.append(package)
                uri = octets(self.devices[other].owner.client)
                clients.append(ClientKeyMaterial(KeyMaterialClientCode.SUCCESS, uri, package))
        provider = USERS[user].provider
        self.room = self.hub.expecting(self.room, given, provider)
        response = KeyMaterialResponse(
            Protocol.MLS10, KeyMaterialUserCode.SUCCESS, octets(USERS[user]), tuple(clients)
        )
        return Material(request, response, role)

    def change(self, name: str, make: Callable[[DeviceRoom], Any]) -> list[Any]:
        """Let a device change the room, and take the hub's answer."""
        change = make(self.of(name))
        self.put(name, change.room)
        response = self.update(name, change.request)
        return self.note(name, self.of(name).answered(response, now=self.now))

    def changed(self, name: str, make: Callable[[DeviceRoom], Any]) -> None:
        """Let a device change the room, which the hub must accept; all hear of it."""
        change = make(self.of(name))
        self.put(name, change.room)
        response = self.update(name, change.request)
        assert isinstance(response.details, UpdateAccepted), response.error_description
        self.note(name, self.of(name).answered(response, now=self.now))
        self.hear()

    def add(self, name: str, *users: str) -> None:
        materials = [self.material(name, user) for user in users]
        self.changed(name, lambda room: room.add(materials, now=self.now))

    def post(self, name: str, message: Any) -> Any:
        """Let a device send a message; return its ID and the hub's answer, which is not taken."""
        post = self.of(name).send(message, now=self.now)
        self.put(name, post.room)
        step = self.hub.submit(
            self.room, post.request, self.owner_of(name).provider, now=self.tick()
        )
        self.room = step.room
        self.notify(step.effects)
        return post.message_id, step.response

    def say(self, name: str, message: Any) -> bytes:
        """Let a device send a message, take the answer, and let all hear it."""
        message_id, response = self.post(name, message)
        self.note(name, self.of(name).submitted(message_id, response))
        self.hear()
        return bytes(message_id)

    def post_all(self, name: str, message: Any, others: Iterable[str]) -> None:
        """Let a device send a message, and some hear it."""
        message_id, response = self.post(name, message)
        self.note(name, self.of(name).submitted(message_id, response))
        self.hear(*others)

    def hear(self, *names: str) -> None:
        """Let devices hear all that lies in their inboxes."""
        for name in names or tuple(self.devices):
            while self.inbox[name]:
                self.take(name, self.inbox[name].pop(0))

    def take(self, name: str, message: FanoutMessage) -> list[Any]:
        """Let a device hear something."""
        if isinstance(message.message.body, Welcome):
            device, room = self.devices[name].join(
                ROOM, message, now=self.now, before=self.rooms.get(name)
            )
            self.put_device(name, device)
            self.put(name, room)
            return []
        return self.note(name, self.of(name).receive(message, now=self.now))

    def answer(self, name: str, code: bytes | None = None) -> tuple[Any, GroupInfoResponse]:
        """Let a device ask for the group info."""
        asking = self.devices[name].ask(ROOM, code)
        provider = self.owner_of(name).provider
        step = self.hub.group_info(self.room, asking.request, provider)
        return asking, step.response

    def come_in(self, name: str, code: bytes | None = None, **options: Any) -> list[Any]:
        """Let a device join by a commit, or come back."""
        asking, response = self.answer(name, code)
        before = self.rooms.get(name)
        change = self.devices[name].come_in(
            asking, response, now=self.now, before=before, **options
        )
        self.put(name, change.room)
        answer = self.update(name, change.request)
        events = self.note(name, self.of(name).answered(answer, now=self.now))
        self.hear()
        return events

    # What they see

    def members(self) -> list[str]:
        return [name for name, room in self.rooms.items() if room.is_member]

    def check_agreement(self, *names: str, since: int = 0) -> None:
        """Check that devices have the same epoch, and show the same conversation."""
        among = names or tuple(self.members())
        rooms = [self.rooms[name] for name in among]
        assert len({room.epoch_authenticator for room in rooms}) == 1, among
        assert rooms[0].group.context == self.room.group.context
        shown = [transcript(room, since) for room in rooms]
        for name, seen in zip(among, shown, strict=True):
            assert seen == shown[0], name
        for name, room in self.rooms.items():
            if name not in among:
                assert room.epoch_authenticator != rooms[0].epoch_authenticator


def transcript(room: DeviceRoom, since: int = 0) -> list[Any]:
    """Return what a device shows, without what was said before somebody joined."""
    return [
        (entry.author, entry.text, entry.is_edited, entry.deleted_by, dict(entry.tally))
        for entry in room.shown
        if entry.accepted >= since
    ]


def text(words: str, seed: bytes, **fields: Any) -> Any:
    return content.text(words, entropy=SeededEntropy(seed), **fields)
