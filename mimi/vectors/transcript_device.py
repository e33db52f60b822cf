"""A device of a transcript that only listens, even to itself.

What it sends is given, with what it alone knows of it; nothing is drawn. So it follows its rooms
from the octets and the private keys of the file, whoever made them.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from mimi import content
from mimi.client import Asking, Device, DeviceRoom, Kind, RoomStep
from mimi.client.changes import of_commit
from mimi.client.events import Event, MessageShown
from mimi.client.joining import begun, self_removes
from mimi.client.reading import unframed
from mimi.client.state import Sent, Underway
from mimi.codec import decode, decode_all, encode
from mimi.content.entry import Entry
from mimi.content.model import ExternalPart
from mimi.content.parts import parts
from mimi.crypto import Secret, SeededEntropy, SignaturePrivateKey, Suite
from mimi.errors import InvalidError
from mimi.identity import ClientUri, RoomUri
from mimi.mls.framing import NewMemberCommitSender, PrivateMessage, PublicMessage
from mimi.mls.join import OwnKeyPackage
from mimi.mls.keypackage import KeyPackage
from mimi.mls.message import MLSMessage
from mimi.mls.state import changed
from mimi.mls.tree_options import encoded_tree
from mimi.policy.components import Rooms
from mimi.protocol.fanout import FanoutMessage, WelcomeFanout
from mimi.protocol.groupinfo import GroupInfoRequest, GroupInfoResponse, open_group_info
from mimi.protocol.http import Refused
from mimi.protocol.provider_calls import NewRoom
from mimi.protocol.submit import SubmitMessageRequest, SubmitMessageResponse
from mimi.protocol.update import CommitBundle, UpdateRequest, UpdateRoomResponse
from mimi.vectors.form import Form
from mimi.vectors.transcript_epochs import (
    OwnSecretError,
    OwnSecrets,
    own_commit,
    own_entry,
    own_founding,
    own_message,
)
from mimi.vectors.transcript_provider import form_of_participants

Message = Mapping[str, Any]
"""What a step says, with octets as bytes."""

OK = 200


class OutOfPlaceError(InvalidError):
    """A step of a device has no place in its course: it answers nothing, or asks for nothing."""


def device_of(uri: str, suite: Suite, signer: SignaturePrivateKey, rooms: Rooms) -> Device:
    """Return a device with a given signature key, from which nothing is drawn any more."""
    made = Device.create(ClientUri.parse(uri), suite, rooms=rooms, entropy=SeededEntropy(b""))
    return attrs.evolve(made, client=changed(made.client, signer=signer))


class Listener:
    """A device that listens.

    Args:
        device: The device.

    Attributes:
        rooms: Its rooms.
    """

    def __init__(self, device: Device) -> None:
        self.device, self.suite = device, device.client.suite
        self.rooms: dict[RoomUri, DeviceRoom] = {}
        self._calls: dict[int, Message] = {}
        self._asking: dict[RoomUri, Asking] = {}
        self._granted: dict[RoomUri, GroupInfoResponse] = {}

    def take(self, message: Message, now: int) -> tuple[Event, ...]:
        """Take a step that comes to the device, or that it makes itself; return what happened.

        Raises:
            MimiError: It does not fit.
        """
        if message["kind"] == "call":
            self._calls[message["call"]] = message
            own = _OWN.get(message["name"])
            if own is not None:
                own(self, message, now)
            return ()
        if message["kind"] == "delivery":
            return self._delivered(message, now)
        call = self._calls.pop(message["call"], None)
        if call is None:
            raise OutOfPlaceError("nobody has asked")
        answered = _ANSWERED.get(call["name"])
        return () if answered is None else answered(self, call, message, now)

    def _room(self, message: Message) -> DeviceRoom:
        found = self.rooms.get(RoomUri.parse(message["about"]))
        if found is None:
            raise OutOfPlaceError("the device is in no such room", room=message["about"])
        return found

    def _stepped(self, step: RoomStep[DeviceRoom]) -> tuple[Event, ...]:
        self.rooms[step.room.uri] = step.room
        return step.events

    # What it sends

    def _offers(self, message: Message, _: int) -> None:
        client, packages = self.device.client, decode_all(KeyPackage, message["body"])
        listed = message["secrets"]["key_packages"]
        if len(listed) != len(packages):
            raise OwnSecretError("key_packages", f"{len(packages)} key packages are offered")
        for at, (package, keys) in enumerate(zip(packages, listed, strict=True)):
            init, leaf = (self.suite.hpke_private_key(keys[name]) for name in KEYS)
            public = package.init_key, package.leaf_node.encryption_key
            for name, key, wanted in zip(KEYS, (init, leaf), public, strict=True):
                if key.public != wanted:
                    raise OwnSecretError(f"key_packages[{at}].{name}", "it is of another key")
            client = client.with_key_package(OwnKeyPackage(package, init, leaf, client.signer))
        self.device = attrs.evolve(self.device, client=client)

    def _founds(self, message: Message, now: int) -> None:
        found, secrets = decode(NewRoom, message["body"]), message["secrets"]
        leaf = self.suite.hpke_private_key(secrets["encryption_priv"])
        epoch_secret, uri = Secret(secrets["epoch_secret"]), RoomUri.parse(message["about"])
        group = own_founding(
            self.device.client,
            found.group_info,
            found.ratchet_tree,
            leaf,
            epoch_secret,
            now // 1000,
        )
        room = begun(DeviceRoom, self.device.owner, uri, group)
        self.rooms[uri] = attrs.evolve(room, created=now // 1000, opened={0: now})

    def _updates(self, message: Message, now: int) -> None:
        request = decode(UpdateRequest, message["body"])
        wire = request.bundle.proposal_or_commit
        if not isinstance(request.bundle.attached, CommitBundle):
            self._proposes(message, request, now)
        elif message["secrets"]["joiner_secret"] is None:
            _check_no_secrets(message)  # the device itself does not believe in it
        elif isinstance(wire.body, PublicMessage) and isinstance(
            wire.body.content.sender, NewMemberCommitSender
        ):
            self._enters(message, request, now)
        else:
            self._commits(message, request, now)

    def _secrets(self, message: Message) -> OwnSecrets:
        given = message["secrets"]
        leaf, path, init = (
            given[name] for name in ("encryption_priv", "path_secret", "init_secret")
        )
        return OwnSecrets(
            None if leaf is None else self.suite.hpke_private_key(leaf),
            None if path is None else Secret(path),
            None if init is None else Secret(init),
        )

    def _check_joiner(self, message: Message, joiner: Secret) -> None:
        if message["secrets"]["joiner_secret"] != joiner.reveal():
            raise OwnSecretError("joiner_secret", "it is not that of the commit")

    def _commits(self, message: Message, request: UpdateRequest, now: int) -> None:
        room, bundle = self._room(message), request.bundle
        assert isinstance(bundle.attached, CommitBundle)  # noqa: S101 - the caller has looked
        wire, welcome = encode(bundle.proposal_or_commit), bundle.attached.welcome
        welcomed = None if welcome is None else encode(MLSMessage(welcome))
        secrets = self._secrets(message)
        if secrets.init_secret is not None:
            raise OwnSecretError("init_secret", "a member's is that of its group")
        held, joiner = own_commit(room.group, wire, welcomed, secrets, now // 1000)
        self._check_joiner(message, joiner)
        underway = of_commit(room.group, request)
        group = changed(room.group, held=held)
        self.rooms[room.uri] = attrs.evolve(room, group=group, underway=underway)

    def _proposes(self, message: Message, request: UpdateRequest, now: int) -> None:
        room, bundle = self._room(message), request.bundle
        _check_no_secrets(message)
        group, known = room.group, room.group.state.proposals
        for each in (bundle.proposal_or_commit, *getattr(bundle.attached, "more_proposals", ())):
            group = group.receive(encode(each), now=now // 1000).group
        references = tuple(each for each in group.state.proposals if each not in known)
        underway = Underway(Kind.PROPOSALS, request, references)
        self.rooms[room.uri] = attrs.evolve(room, group=group, underway=underway)

    def _enters(self, message: Message, request: UpdateRequest, now: int) -> None:
        uri, device = RoomUri.parse(message["about"]), self.device
        asking, response = self._asking.get(uri), self._granted.get(uri)
        if asking is None or response is None:
            raise OutOfPlaceError("the device has no group info", room=str(uri))
        opened = open_group_info(uri, asking.request, response, asking.private)
        group, joiner = own_entry(
            device.client,
            encode(MLSMessage(opened.group_info)),
            encoded_tree(opened.ratchet_tree_option, None),
            self_removes(opened),
            encode(request.bundle.proposal_or_commit),
            self._secrets(message),
            now // 1000,
        )
        self._check_joiner(message, joiner)
        room = begun(DeviceRoom, device.owner, uri, group, self.rooms.get(uri))
        self.rooms[uri] = attrs.evolve(room, underway=Underway(Kind.JOIN, request))

    def _says(self, message: Message, _: int) -> None:
        room, wire = self._room(message), decode(MLSMessage, message["body"])
        if not isinstance(wire.body, PrivateMessage):
            raise OwnSecretError("body", "no private message")
        for name, each in room.sent.items():
            if encode(each.request.app_message) == message["body"]:  # it is sent again as it was
                _check_said(message, content.encode(each.message), name)
                return
        group, data = own_message(room.group, wire.body)
        octets, media_type = unframed(group.extensions, data)
        said, owner = content.decode(octets), room.owner
        name = content.message_id(said, owner.user.decode(), str(room.uri))
        _check_said(message, octets, name)
        request = SubmitMessageRequest(wire, owner.user)
        sent = {**room.sent, name: Sent(said, name, request, group.epoch, media_type)}
        self.rooms[room.uri] = attrs.evolve(room, group=group, sent=sent)

    def _asks(self, message: Message, _: int) -> None:
        uri, request = RoomUri.parse(message["about"]), decode(GroupInfoRequest, message["body"])
        private = self.suite.hpke_private_key(message["secrets"]["group_info_priv"])
        if private.public != request.group_info_public_key:
            raise OwnSecretError("group_info_priv", "the request has another key")
        self._asking[uri] = Asking(uri, request, private)

    # What it is told

    def _delivered(self, message: Message, now: int) -> tuple[Event, ...]:
        event, uri = decode(FanoutMessage, message["body"]), RoomUri.parse(message["about"])
        if not isinstance(event.attached, WelcomeFanout):
            room = self.rooms.get(uri)
            return () if room is None else self._stepped(room.receive(event, now=now))
        before = self.rooms.get(uri)
        self.device, self.rooms[uri] = self.device.join(uri, event, now=now, before=before)
        return ()

    def _updated(self, call: Message, answer: Message, now: int) -> tuple[Event, ...]:
        response: UpdateRoomResponse | Refused = Refused(answer["status"])
        if answer["status"] == OK:
            response = decode(UpdateRoomResponse, answer["body"])
        request = decode(UpdateRequest, call["body"])
        return self._stepped(self._room(call).answered(response, now=now, request=request))

    def _submitted(self, call: Message, answer: Message, _: int) -> tuple[Event, ...]:
        response: SubmitMessageResponse | Refused = Refused(answer["status"])
        if answer["status"] == OK:
            response = decode(SubmitMessageResponse, answer["body"])
        name = call["secrets"]["message_id"]
        return self._stepped(self._room(call).submitted(name, response))

    def _given(self, call: Message, answer: Message, _: int) -> tuple[Event, ...]:
        if answer["status"] == OK:
            self._granted[RoomUri.parse(call["about"])] = decode(GroupInfoResponse, answer["body"])
        return ()


def _check_said(message: Message, octets: bytes, name: bytes) -> None:
    for field, value in (("content", octets), ("message_id", name)):
        if message["secrets"][field] != value:
            raise OwnSecretError(field, "the device has sent something else")


def _check_no_secrets(message: Message) -> None:
    for name, value in message["secrets"].items():
        if value is not None:
            raise OwnSecretError(name, "nothing depends on it")


KEYS = ("init_priv", "encryption_priv")
"""The private keys beside a key package."""

_OWN: Mapping[str, Callable[[Listener, Message, int], None]] = MappingProxyType(
    {
        "offerKeys": Listener._offers,
        "createRoom": Listener._founds,
        "update": Listener._updates,
        "submitMessage": Listener._says,
        "groupInfo": Listener._asks,
    }
)
_ANSWERED: Mapping[str, Callable[[Listener, Message, Message, int], tuple[Event, ...]]] = (
    MappingProxyType(
        {
            "update": Listener._updated,
            "submitMessage": Listener._submitted,
            "groupInfo": Listener._given,
        }
    )
)


# What is to be seen of it


class Seen:
    """What was to be seen of a device's rooms before: what is new is an outcome of a step."""

    def __init__(self) -> None:
        self._shown: dict[RoomUri, Form] = {}

    def outcome(self, rooms: Mapping[RoomUri, DeviceRoom], events: Iterable[Event]) -> Form:
        """Return the outcome of a step: rooms that changed, messages that came, what happened."""
        changed_rooms, messages, names = [], [], []
        for uri, room in rooms.items():
            form = form_of_room(room)
            if self._shown.get(uri) != form:
                self._shown[uri] = form
                changed_rooms.append(form)
        for event in events:
            names.append(_word(type(event).__name__))
            if isinstance(event, MessageShown):
                messages.append(_form_of_message(rooms, event))
        return {"rooms": changed_rooms, "messages": messages, "events": names}


def _word(name: str) -> str:
    return name[0].lower() + name[1:]


def form_of_room(room: DeviceRoom) -> Form:
    """Return what a device knows of a room."""
    context = room.group.context
    return {
        "room": str(room.uri),
        "member": room.is_member,
        "epoch": context.epoch,
        "tree_hash": context.tree_hash,
        "confirmed_transcript_hash": context.confirmed_transcript_hash,
        "epoch_authenticator": room.epoch_authenticator,
        "participants": form_of_participants(room.policy.participants.roles),
        "pending": len(room.group.pending),
        "waiting": len(room.waiting),
    }


def _form_of_message(rooms: Mapping[RoomUri, DeviceRoom], event: MessageShown) -> Form:
    for room in rooms.values():
        found = room.stored.find(event.message_id)
        if found is not None:
            return {
                "room": str(room.uri),
                "message_id": event.message_id,
                "sender": event.sender.decode(),
                "accepted": event.accepted,
                "content": content.encode(event.message),
                "franked": found.frank is not None,
            }
    raise OutOfPlaceError("a message of no room", message_id=event.message_id.hex())


def form_of_end(uri: str, room: DeviceRoom) -> Form:
    """Return what a device shows of a room at the end."""
    return {
        "device": uri,
        "room": str(room.uri),
        "member": room.is_member,
        "epoch": room.group.epoch,
        "epoch_authenticator": room.epoch_authenticator,
        "conversation": [_form_of_entry(each) for each in room.shown],
    }


def _form_of_entry(entry: Entry) -> Form:
    listed = () if entry.part is None else parts(entry.part)
    return {
        "message_id": entry.message_id,
        "author": entry.author,
        "accepted": entry.accepted,
        "text": entry.text,
        "in_reply_to": entry.in_reply_to,
        "is_edited": entry.is_edited,
        "is_deleted": entry.is_deleted,
        "reactions": [[emoji, list(users)] for emoji, users in entry.tally.items()],
        "files": [each.filename for each in listed if isinstance(each, ExternalPart)],
    }
