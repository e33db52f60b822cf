"""What the hub has taken, written down beside it: by this it is checked what devices have."""

from typing import Any

import attrs

from mimi.identity import Domain
from mimi.mls.framing import NewMemberCommitSender, PublicMessage
from mimi.policy.identities import user_of_basic
from mimi.protocol.hub import Hub
from mimi.protocol.room import HubRoom, HubStep
from mimi.protocol.submit import SubmitMessageRequest, SubmitMessageResponse
from mimi.protocol.update import UpdateRequest, UpdateRoomResponse


def device_of(leaf: Any) -> str:
    """Return the name of the device whose leaf it is."""
    return leaf.credential.identity.decode().partition("/d/")[2]


def user_of(leaf: Any) -> bytes:
    """Return the user whose leaf it is."""
    return user_of_basic(leaf.credential)


def devices_of(room: HubRoom) -> frozenset[str]:
    return frozenset(device_of(leaf) for _, leaf in room.group.state.tree.members())


@attrs.frozen
class Said:
    """A message that the hub has taken.

    Attributes:
        timestamp: When.
        epoch: In which epoch.
        members: The devices that were in the room, but of users who were about to leave it.
    """

    timestamp: int
    epoch: int
    members: frozenset[str]


class Ledger:
    """What the hub has taken.

    Attributes:
        said: From times to messages.
        members: Who is in the room.
        joined: From devices to the epoch, and the time, in which they came in the last time.
        removed: From devices that were removed to when.
        contexts: From groups and epochs to their contexts.
    """

    def __init__(self) -> None:
        self.said: dict[int, Said] = {}
        self.members: frozenset[str] = frozenset()
        self.joined: dict[str, tuple[int, int]] = {}
        self.removed: dict[str, int] = {}
        self.contexts: dict[tuple[bytes, int], Any] = {}

    def begins(self, room: HubRoom) -> None:
        self._opened(room, frozenset())

    def hears(self, before: HubRoom, after: HubRoom, request: UpdateRequest) -> None:
        """Take note of an update."""
        if after.group.epoch == before.group.epoch:
            return
        anew: frozenset[str] = frozenset()
        body = request.bundle.proposal_or_commit.body
        if isinstance(body, PublicMessage) and isinstance(
            body.content.sender, NewMemberCommitSender
        ):
            commit: Any = body.content.content
            anew = frozenset([device_of(commit.path.leaf_node)])
        self._opened(after, anew)

    def _opened(self, room: HubRoom, anew: frozenset[str]) -> None:
        members = devices_of(room)
        at, epoch = room.timestamp, room.group.epoch
        self.contexts[room.group.group_id, epoch] = room.group.context
        for name in (members - self.members) | anew:
            self.joined[name] = epoch, at
            self.removed.pop(name, None)
        for name in self.members - members:
            self.removed[name] = at
        self.members = members

    def takes(self, before: HubRoom, after: HubRoom) -> None:
        """Take note of a message, if it was taken, and for the first time."""
        at = after.timestamp
        if at != before.timestamp:
            assert at not in self.said
            members = (leaf for _, leaf in after.group.state.tree.members())
            devices = {device_of(leaf): user_of(leaf) for leaf in members}
            owed = {name for name, user in devices.items() if not before.is_cut_off(user)}
            self.said[at] = Said(at, after.group.epoch, frozenset(owed))


@attrs.frozen(eq=False, repr=False)
class WatchedHub(Hub):
    """A hub that is watched."""

    ledger: Ledger = attrs.field(factory=Ledger)

    def create(self, *arguments: Any, **options: Any) -> HubRoom:
        room = Hub.create(self, *arguments, **options)
        self.ledger.begins(room)
        return room

    def update(
        self, room: HubRoom, request: UpdateRequest, source: Domain, *, now: int
    ) -> HubStep[UpdateRoomResponse]:
        step = Hub.update(self, room, request, source, now=now)
        self.ledger.hears(room, step.room, request)
        return step

    def submit(
        self, room: HubRoom, request: SubmitMessageRequest, source: Domain, *, now: int
    ) -> HubStep[SubmitMessageResponse]:
        step = Hub.submit(self, room, request, source, now=now)
        self.ledger.takes(room, step.room)
        return step
