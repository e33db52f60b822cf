"""A user's device: the client's machine, and what its person wants from it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from mimi import content
from mimi.client import (
    Asking,
    Change,
    ChangeRefused,
    Device,
    DeviceRoom,
    Joined,
    Material,
    NeedsResync,
    Next,
    RemovedMe,
    RoomOver,
    RoomStep,
)
from mimi.codec import decode, encode, encode_all
from mimi.content import attachment
from mimi.content.model import ExternalPart
from mimi.content.model import Message as Content
from mimi.crypto import Entropy
from mimi.demo.carrier import octets_of
from mimi.demo.machine import Delivered, Kind, Message, Output
from mimi.demo.notes import files_in, note_of, short, shown
from mimi.demo.room import ASSETS, MOST_OCTETS, components
from mimi.errors import MimiError, UsageError
from mimi.identity import ClientUri, RoomUri
from mimi.mls.keypackage import KeyPackage
from mimi.policy.presets.cooperative import GROUP_ADMIN, POLICY_ENFORCER
from mimi.protocol.abuse import AbuseReport, AbuseType
from mimi.protocol.fanout import FanoutMessage, WelcomeFanout
from mimi.protocol.franking import FrankingAgentData
from mimi.protocol.groupinfo import GroupInfoResponse, SealedGroupInfo
from mimi.protocol.http import Refused
from mimi.protocol.keys import KeyMaterialRequest, KeyMaterialResponse
from mimi.protocol.provider_calls import NewRoom
from mimi.protocol.submit import SubmitMessageResponse
from mimi.protocol.update import UpdateRequest, UpdateRoomResponse
from mimi.tree.extension import ExternalSender

KEY_PACKAGES = 2
"""How many key packages a device offers, beside that of last resort."""


class Handset:
    """A user's device.

    Args:
        provider: The domain of the user's provider.
        name: The names of the user and of the device, as in its URI: ``alice/phone``.
        entropy: From where its keys are drawn.
    """

    def __init__(self, provider: str, name: str, entropy: Entropy) -> None:
        self.name, self.home, self.entropy = name, provider, entropy
        self.device = Device.create(ClientUri.parse(f"mimi://{provider}/d/{name}"), entropy=entropy)
        self.said: list[bytes] = []
        self._room: DeviceRoom | None = None
        self._calls = self._number = self._heard = self._since = self._joined = 0
        self._removed_by: bytes | None = None
        self._is_behind = False
        self._head: Mapping[str, Any] = MappingProxyType({})
        self._asked: dict[int, KeyMaterialRequest] = {}
        self._materials: list[Material] = []
        self._asking: Asking | None = None
        self._posted: dict[int, bytes] = {}
        self._changing: dict[int, UpdateRequest] = {}
        self._ready: Content | None = None

    @property
    def room(self) -> DeviceRoom:
        """The room.

        Raises:
            UsageError: The device has not been in one.
        """
        if self._room is None:
            raise UsageError(f"{self.name} is in no room")
        return self._room

    def take(self, message: Message, now: int) -> Output:
        """Take a message; see `mimi.demo.machine.Machine.take`."""
        match message.kind:
            case Kind.WISH:
                self._head = message.head
                return WISHES[message.name](self, now)
            case Kind.ANSWER if "refused" in message.head:
                return self._refused(message, now)
            case Kind.ANSWER:
                return ANSWERS[message.name](self, message, now)
            case Kind.RESPONSE:
                assert self._ready is not None  # noqa: S101 - it was uploaded to be sent
                return self._sends(self._ready, now)
            case _ if message.name == "event":
                return self._event(message, now)
        head = message.head
        pair = f"{short(head['requester'])} and {short(head['target'])}"
        return Output((), (f"consent between {pair}: {head['operation'].lower()}",))

    def end(self) -> dict[str, Any]:
        """Return in what state it is, and what it shows."""
        room = self._room
        if room is None:
            return {"member": False}
        return {
            "member": room.is_member,
            "epoch": room.group.epoch,
            "authenticator": room.epoch_authenticator.hex(),
            "joined": self._joined,
            "since": self._since,
            "removed_by": None if self._removed_by is None else self._removed_by.decode(),
            "conversation": [shown(entry) for entry in room.shown],
        }

    # What its provider is asked

    def _call(self, name: str, body: bytes = b"", **head: Any) -> Message:
        self._calls += 1
        said = {"call": self._calls, **head}
        return Message(self.name, self.home, Kind.CALL, name, said, body)

    def _about(self) -> dict[str, str]:
        return {"room": str(self.room.uri)}

    def _changes(self, change: Change[DeviceRoom]) -> Output:
        self._room = change.room
        return Output((self._update(change.request),))

    def _update(self, request: UpdateRequest) -> Message:
        call = self._call("update", encode(request), **self._about())
        self._changing[self._calls] = request
        return call

    def _sends(self, message: Content, now: int) -> Output:
        post = self.room.send(message, now=now)
        self._room = post.room
        self.said.append(post.message_id)
        call = self._call("submitMessage", encode(post.request.app_message), **self._about())
        self._posted[self._calls] = post.message_id
        return Output((call,))

    # What comes of it

    def _stepped(self, step: RoomStep[DeviceRoom], *messages: Message) -> Output:
        self._room = step.room
        notes = (note_of(event) for event in step.events)
        for event in step.events:
            match event:
                case RemovedMe(by=by):
                    messages = (*messages, self._goes(str(self.room.uri)))
                    self._removed_by = by
                case RoomOver():
                    messages = (*messages, self._goes(str(self.room.uri)))
                case Joined(epoch=epoch, accepted=accepted):
                    self._comes(epoch, accepted)
                case NeedsResync() | ChangeRefused(next=Next.RESYNC):
                    messages, self._is_behind = (*messages, self._asks(self.room.uri)), True
                case ChangeRefused(next=Next.JOIN_AGAIN):
                    self._is_behind = True
                case ChangeRefused(next=Next.CATCH_UP):
                    messages = (*messages, self._misses(str(self.room.uri)))
        return Output(messages, tuple(note for note in notes if note is not None))

    def _comes(self, epoch: int, since: int) -> None:
        """Note in which epoch it came into the room, and when."""
        self._joined, self._since = epoch, since
        self._removed_by, self._is_behind = None, False

    def _goes(self, room: str, number: int | None = None) -> Message:
        """Say that the device is in the room no more, as far as it has heard."""
        head = {"room": room, "number": self._number if number is None else number}
        return Message(self.name, self.home, Kind.RECEIPT, "gone", head)

    def _refused(self, message: Message, now: int) -> Output:
        """Take that the provider, or the hub, has not done what was asked for."""
        status, call = message.head["refused"], message.head["call"]
        told = Output((), (f"{message.name} is refused: {status}",))
        posted, changing = self._posted.pop(call, None), self._changing.pop(call, None)
        self._asked.pop(call, None)
        if not isinstance(status, int) or self._room is None:
            return told
        if posted is not None:
            step = self.room.submitted(posted, Refused(status))
        elif changing is not None:
            step = self.room.answered(Refused(status), now=now, request=changing)
        else:
            return told
        after = self._stepped(step)
        return Output(after.messages, (*told.notes, *after.notes))

    # What it has missed

    def _misses(self, room: str) -> Message:
        """Ask for what it has missed."""
        place: dict[str, Any] = {"number": self._number, "epoch": 0, "group": "", "room": room}
        if self._room is not None:
            group = self._room.group
            place |= {"epoch": group.epoch, "group": group.group_id.hex()}
        return self._call("missed", b"", **place)

    def _asks(self, uri: RoomUri) -> Message:
        """Ask for the group info, to come in."""
        self._asking = self.device.ask(uri)
        return self._call("groupInfo", encode(self._asking.request), room=str(uri))

    def _event(self, message: Message, now: int) -> Output:
        """Take what the hub says, as one's provider delivers it."""
        delivered = decode(Delivered, message.body)
        head = {**message.head, "number": delivered.number}
        receipt = Message(self.name, self.home, Kind.RECEIPT, "had", head)
        elsewhere = self._room is not None and str(self._room.uri) != message.head["room"]
        if delivered.number <= self._number or elsewhere:  # it is in one room alone
            return Output((receipt,))
        self._heard = max(self._heard, delivered.number)
        if delivered.after not in (0, self._number):
            asks = self._misses(message.head["room"])
            return Output((asks,), (f"{delivered.number} came before what it follows",))
        self._number = delivered.number
        event = decode(FanoutMessage, delivered.event)
        if isinstance(event.attached, WelcomeFanout):
            return self._welcomed(RoomUri.parse(message.head["room"]), event, now, receipt)
        if self._room is None or not self._room.group.is_active or self._room.is_over:
            # its provider has not heard so
            return Output((receipt, self._goes(message.head["room"])))
        return self._stepped(self.room.receive(event, now=now), receipt)

    def _welcomed(self, uri: RoomUri, event: FanoutMessage, now: int, receipt: Message) -> Output:
        """Join by a Welcome; one that is no good is said to have been had, or it comes again."""
        try:
            self.device, self._room = self.device.join(uri, event, now=now, before=self._room)
        except MimiError as error:
            return Output((receipt,), (f"welcome refused: {error}",))
        self._comes(self.room.group.epoch, event.timestamp)
        return Output((receipt,), (f"welcome: joined in epoch {self.room.group.epoch}",))


# What a person wants


def _offer(self: Handset, now: int) -> Output:
    self.device, packages = self.device.key_packages(KEY_PACKAGES, now=now)
    return Output((self._call("offerKeys", encode_all(packages, KeyPackage)),))


def _create(self: Handset, _: int) -> Output:
    return Output((self._call("hubSender"),))


def _add(self: Handset, _: int) -> Output:
    """Ask for key packages of all clients of the users; once they are there, add them."""
    messages = []
    for user in self._head["users"]:
        request = self.room.ask_key_material(user.encode())
        messages.append(self._call("keyMaterial", encode(request)))
        self._asked[self._calls] = request
    return Output(tuple(messages))


def _consent(self: Handset, _: int) -> Output:
    return Output((self._call("consent", b"", **self._head),))


def _say(self: Handset, now: int) -> Output:
    return self._sends(content.text(self._head["text"], entropy=self.entropy), now)


def _target(self: Handset) -> bytes:
    return bytes.fromhex(self._head["to"])


def _reply(self: Handset, now: int) -> Output:
    message = content.reply(self._head["text"], to=_target(self), entropy=self.entropy)
    return self._sends(message, now)


def _react(self: Handset, now: int) -> Output:
    return self._sends(
        content.reaction(self._head["text"], to=_target(self), entropy=self.entropy), now
    )


def _edit(self: Handset, now: int) -> Output:
    part = content.text_part(self._head["text"])
    return self._sends(content.edit(part, replaces=_target(self), entropy=self.entropy), now)


def _attach(self: Handset, _: int) -> Output:
    """Upload a file, encrypted; once it is there, send a message with it."""
    head, host = self._head, f"{ASSETS}{self.home}"
    target = f"/{self.entropy(8).hex()}"
    part, octets = attachment.encrypt(
        bytes.fromhex(head["octets"]),
        url=f"https://{host}{target}",
        content_type=head["type"],
        filename=head["filename"],
        entropy=self.entropy,
    )
    self._ready = content.reply(head["text"], _target(self), [part], entropy=self.entropy)
    request = octets_of(f"PUT {target} HTTP/1.1", (("Host", host),), octets)
    return Output((Message(self.name, host, Kind.REQUEST, "asset", {"exchange": 0}, request),))


def _file(self: Handset) -> ExternalPart:
    files = [
        file
        for entry in self.room.shown
        for file in files_in(entry.part)
        if file.filename == self._head["filename"]
    ]
    return files[-1]


def _fetch(self: Handset, _: int) -> Output:
    return Output((self._call("fetchAsset", b"", url=_file(self).url, **self._about()),))


def _leave(self: Handset, now: int) -> Output:
    return self._changes(self.room.leave(now=now))


def _commit(self: Handset, now: int) -> Output:
    return self._changes(self.room.commit(now=now))


def _ban(self: Handset, now: int) -> Output:
    users = [user.encode() for user in self._head["users"]]
    return self._changes(self.room.ban(users, now=now))


def _join(self: Handset, _: int) -> Output:
    return Output((self._asks(RoomUri.parse(self._head["room"])),))


def _catch_up(self: Handset, _: int) -> Output:
    return Output((self._misses(str(self.room.uri)),))


def _again(self: Handset, _: int) -> Output:
    """Send again what was not answered, as it was: nobody knows whether it was heard."""
    messages = [] if self.room.group.is_active else [self._goes(str(self.room.uri))]
    if self.room.underway is not None:
        messages.append(self._update(self.room.underway.request))
    for name, sent in self.room.sent.items():
        request = encode(sent.request.app_message)
        messages.append(self._call("submitMessage", request, **self._about()))
        self._posted[self._calls] = name
    return Output(tuple(messages))


def _report(self: Handset, _: int) -> Output:
    head = self._head
    report = AbuseReport(
        self.room.owner.user,
        head["user"].encode(),
        AbuseType(0),
        head["text"].encode(),
        (self.room.quoted(_target(self)),),
    )
    return Output((self._call("reportAbuse", encode(report), **self._about()),))


WISHES: Mapping[str, Callable[[Handset, int], Output]] = MappingProxyType(
    {
        "offer": _offer,
        "create": _create,
        "add": _add,
        "consent": _consent,
        "say": _say,
        "reply": _reply,
        "react": _react,
        "edit": _edit,
        "attach": _attach,
        "fetch": _fetch,
        "leave": _leave,
        "commit": _commit,
        "ban": _ban,
        "join": _join,
        "catchUp": _catch_up,
        "again": _again,
        "report": _report,
    }
)
"""From what a person wants to what the device does about it."""


# What its provider answers


def _nothing(self: Handset, message: Message, now: int) -> Output:  # noqa: ARG001 - an answer is taken at a time
    return Output()


def _founds(self: Handset, message: Message, now: int) -> Output:
    """Create the room, with the hub that the provider says to have."""
    hub, uri = decode(ExternalSender, message.body), RoomUri.parse(self._head["room"])
    provider = f"mimi://{uri.provider}".encode()
    founding = self.device.create_room(
        uri,
        components(uri),
        {self.device.owner.user: GROUP_ADMIN, provider: POLICY_ENFORCER},
        hub=hub,
        now=now,
        franking=FrankingAgentData(hub.signature_key, hub.credential),
    )
    self._room, self._since = founding.room, now
    body = encode(NewRoom(founding.group_info, founding.ratchet_tree))
    return Output((self._call("createRoom", body, **self._about()),))


def _has_keys(self: Handset, message: Message, now: int) -> Output:
    request = self._asked.pop(message.head["call"], None)
    if request is None:
        return Output()
    response = decode(KeyMaterialResponse, message.body)
    self._materials.append(Material(request, response))
    if self._asked:
        return Output()
    materials, self._materials = self._materials, []
    given = ", ".join(
        f"{short(each.request.target_user)}: {each.response.user_status.name.lower()}"
        f" ({len(each.response.clients)} devices)"
        for each in materials
    )
    output = self._changes(self.room.add(materials, now=now))
    return Output(output.messages, (f"key packages of {given}",))


def _updated(self: Handset, message: Message, now: int) -> Output:
    response = decode(UpdateRoomResponse, message.body)
    request = self._changing.pop(message.head["call"], None)
    if request is None:
        return Output()
    return self._stepped(self.room.answered(response, now=now, request=request))


def _submitted(self: Handset, message: Message, _: int) -> Output:
    response = decode(SubmitMessageResponse, message.body)
    name = self._posted.pop(message.head["call"], None)
    return Output() if name is None else self._stepped(self.room.submitted(name, response))


def _comes_in(self: Handset, message: Message, now: int) -> Output:
    response, asking = decode(GroupInfoResponse, message.body), self._asking
    if asking is None:
        return Output()
    if not isinstance(response.status, SealedGroupInfo):
        gone: tuple[Message, ...] = ()
        if self._is_behind:  # who cannot follow the room, and may not come back, was removed
            gone = (self._goes(str(asking.uri), self._heard),)
        elif self._room is not None and not self._room.is_member:  # nor will it be by its commit
            gone = (self._goes(str(asking.uri)),)
        return Output(gone, (f"not let in: {type(response.status).__name__}",))
    self._asking = None
    return self._changes(self.device.come_in(asking, response, now=now, before=self._room))


def _has_missed(self: Handset, message: Message, _: int) -> Output:
    """Take the answer to what was missed: it comes again, or the room is to be joined anew."""
    if not message.head["count"]:
        return Output()
    self._is_behind = True
    uri = RoomUri.parse(message.head["room"])
    return Output((self._asks(uri),), ("has missed too much",))


def _has_asset(self: Handset, message: Message, _: int) -> Output:
    file = _file(self)
    octets = attachment.decrypt(file, message.body, max_octets=MOST_OCTETS)
    return Output((), (f"opens {file.filename}: {len(octets)} octets",))


ANSWERS: Mapping[str, Callable[[Handset, Message, int], Output]] = MappingProxyType(
    {
        "offerKeys": _nothing,
        "hubSender": _founds,
        "createRoom": _nothing,
        "consent": _nothing,
        "keyMaterial": _has_keys,
        "update": _updated,
        "submitMessage": _submitted,
        "groupInfo": _comes_in,
        "missed": _has_missed,
        "fetchAsset": _has_asset,
        "reportAbuse": _nothing,
    }
)
"""From the names of calls to what the device does about their answers."""
