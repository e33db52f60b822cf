"""A room as one device has it: an immutable value, and what a step makes of it.

::

    what the user wants  --> Change(room, request to the hub) ... answered(response) --> RoomStep
    what the hub hands on                                                        --> RoomStep

Whoever has a device stores the room that a step returns, with what is to be sent (sections 5.3 and
5.4), in one transaction, and sends then. Times are milliseconds since 1970-01-01T00:00Z.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from mimi.client.errors import LeavingError, NoMemberError, NoRoomError, UnderwayError
from mimi.client.events import Event, RoomOver
from mimi.content.authority import Arrival, Question, Right, author_alone
from mimi.content.conversation import Conversation
from mimi.content.model import Message
from mimi.content.persistent import Trie
from mimi.identity import ClientUri, RoomUri
from mimi.mls import Group, MediaType, Settings
from mimi.mls.components import app_data
from mimi.mls.credentials import CredentialCheck
from mimi.policy.components import Rooms
from mimi.policy.participants import Participants
from mimi.policy.policy import RoomPolicy
from mimi.policy.room import Room
from mimi.policy.structures import PARTICIPANT_LIST
from mimi.protocol.audience import cut_off
from mimi.protocol.fanout import FanoutMessage
from mimi.protocol.hub_pending import is_deserted
from mimi.protocol.message import place_of
from mimi.protocol.protocol import ProviderOf, provider_of_basic
from mimi.protocol.submit import Frank, SubmitMessageRequest
from mimi.protocol.update import UpdateRequest
from mimi.tree.extension import Extensions

Judge: TypeAlias = Callable[[tuple[CredentialCheck, ...]], None]
"""What credentials are judged by; it raises `ForbiddenError` or `InvalidError`."""


def any_credential(checks: tuple[CredentialCheck, ...]) -> None:
    """Take every credential for true."""


@attrs.frozen(eq=False)
class Owner:
    """Whose a device is, and how it behaves in rooms.

    Attributes:
        client: The URI of the device.
        user: The canonical URI of its user, as in participant lists.
        rooms: How groups are read as rooms.
        judge: By what the credentials of others are judged.
        provider_of: Whose credentials of providers are.
        is_partial: Whether commits are sent with a part of the group info alone.
    """

    client: ClientUri
    user: bytes
    rooms: Rooms = attrs.field(factory=Rooms)
    judge: Judge = any_credential
    provider_of: ProviderOf = provider_of_basic
    is_partial: bool = False


class Kind(Enum):
    """What is on its way to the hub."""

    COMMIT = "commit"
    PROPOSALS = "proposals"
    JOIN = "join"
    """The commit by which the device itself joins, or comes back."""


@attrs.frozen
class Underway:
    """A change that was sent to the hub, or is about to be, and was not answered.

    Attributes:
        kind: What it is.
        request: What was sent: to be sent again where it is not known whether it arrived.
        references: By what commits refer to the proposals: those that are proposed; beside a commit
            those that were pending when it was made.
    """

    kind: Kind
    request: UpdateRequest
    references: tuple[bytes, ...] = ()


@attrs.frozen
class Sent:
    """A message of one's own that waits for the time at which the hub accepts it.

    Attributes:
        message: What it says.
        message_id: Its ID.
        request: What was sent, to be sent again where it is not known whether it arrived.
        epoch: In which epoch.
        media_type: As what it was framed; None in a group without framing.
    """

    message: Message
    message_id: bytes
    request: SubmitMessageRequest
    epoch: int
    media_type: MediaType | None


@attrs.frozen
class Waiting:
    """What cannot be processed before something else arrives.

    Attributes:
        message: What was handed on.
        arrived: When, by one's own clock.
    """

    message: FanoutMessage
    arrived: int

    @property
    def epoch(self) -> int:
        """The epoch that it is of."""
        return place_of(self.message.message.body)[1]  # type: ignore[arg-type]  # it was received

    @property
    def accepted(self) -> int:
        """When the hub accepted it: what waits is in this order."""
        return self.message.timestamp


@attrs.frozen
class Stored:
    """A message of the conversation, with what goes with it.

    Attributes:
        arrival: The message.
        media_type: As what it was framed; None in a group without framing.
        frank: The hub's stamp, after it was verified; None where it has none.
        is_moderation: Whether its sender might withdraw what others wrote.
        read_at: When it was read here first, in seconds; None for not yet.
    """

    arrival: Arrival
    media_type: MediaType | None = None
    frank: Frank | None = None
    is_moderation: bool = False
    read_at: int | None = None


@attrs.frozen(eq=False, repr=False)
class Journal:
    """Which messages were stored, in the order in which they were: the latest, and those before."""

    message_id: bytes
    before: "Journal | None"


def journalled(now: Journal | None, before: Journal | None) -> Iterator[bytes]:
    """Yield the IDs of the messages that were stored since *before*."""
    while now is not None and now is not before:
        yield now.message_id
        now = now.before


@attrs.frozen(unsafe_hash=False, repr=False)
class Moderated:
    """Who may change whose messages: authors, and those whom the room's policy allowed to.

    Attributes:
        stored: What has arrived.
    """

    stored: Trie[bytes, Stored]

    def __call__(self, question: Question) -> bool:
        """Answer the question."""
        if author_alone(question):
            return True
        if question.right not in (Right.DELETE, Right.CHANGE_TOPIC):
            return False
        found = self.stored.find(question.amendment.message_id)
        return found is not None and found.is_moderation


EMPTY: Mapping[Any, Any] = MappingProxyType({})


@attrs.frozen(eq=False, repr=False)
class RoomState:
    """A room as one device has it.

    Attributes:
        owner: Whose the device is.
        uri: The room.
        group: Its group; with the commit of one's own that is on its way.
        conversation: What was said.
        settings: How the device behaves in its groups where the room says nothing; not stored.
        underway: What is on its way to the hub; None for nothing.
        sent: From message IDs to the messages that wait for their times.
        unsent: From message IDs to what the hub did not take: until it is sent anew, or forgotten.
        waiting: What cannot be processed yet, in the order of its acceptance.
        opened: From epochs to when the hub accepted the commits that opened them; the latest
            ones alone.
        stored: From message IDs to the messages of the conversation.
        journal: In which order they were stored.
        created: When the room was created, in seconds; None where that is not known.
        joined: How often the device came in: its groups have nothing in common.
        version: How many steps the value is from its beginning: for compare-and-swap.
    """

    owner: Owner
    uri: RoomUri
    group: Group
    conversation: Conversation
    settings: Settings
    underway: Underway | None = None
    sent: Mapping[bytes, Sent] = EMPTY
    unsent: Mapping[bytes, Message] = EMPTY
    waiting: tuple[Waiting, ...] = ()
    opened: Mapping[int, int] = EMPTY
    stored: Trie[bytes, Stored] = attrs.field(factory=Trie)
    journal: Journal | None = None
    created: int | None = None
    joined: int = 0
    version: int = 0

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.uri}, {self.owner.client}, epoch {self.group.epoch})"

    @property
    def room_id(self) -> bytes:
        """The URI of the room, in octets."""
        return str(self.uri).encode()

    @property
    def is_member(self) -> bool:
        """Whether the device is in the room, as far as it knows."""
        return self.group.is_active and not joins(self) and not self.is_over

    @property
    def is_over(self) -> bool:
        """Whether all clients are on their way out, so that nobody can commit that any more.

        The hub takes the group for gone then. What the device itself proposes does not count before
        the hub has taken it.
        """
        group, underway = self.group, self.underway
        if not group.pending or (underway is not None and underway.kind is Kind.PROPOSALS):
            return False
        policy = self.policy
        return is_deserted(self.owner.rooms, policy, group, cut_off(policy, group))

    @property
    def policy(self) -> Room:
        """The room as its policy sees it.

        Raises:
            NoRoomError: The group is no room.
        """
        return room_of(self.owner.rooms, self.group)

    def find(self, message_id: bytes) -> Arrival | None:
        """Return a message that has arrived; None where it has not."""
        found = self.stored.find(message_id)
        return None if found is None else found.arrival


R = TypeVar("R", bound=RoomState)


@attrs.frozen(eq=False)
class Change(Generic[R]):
    """A change that is asked for: store the room, and send the request to the hub.

    Attributes:
        room: The room, which holds what is on its way.
        request: What to send.
    """

    room: R
    request: UpdateRequest


@attrs.frozen(eq=False)
class Post(Generic[R]):
    """A message that is sent: store the room, and send the request to the hub.

    Attributes:
        room: The room, which waits for the time of the message.
        request: What to send.
        message_id: The ID of the message: to be given with the answer.
    """

    room: R
    request: SubmitMessageRequest
    message_id: bytes


@attrs.frozen(eq=False)
class RoomStep(Generic[R]):
    """What comes of an answer, or of what the hub hands on.

    Attributes:
        room: The room after it; the same value where nothing changed.
        events: What happened, in order.
    """

    room: R
    events: tuple[Event, ...] = ()


def stepped(room: R, **changes: Any) -> R:
    """Return the room one step on."""
    return attrs.evolve(room, version=room.version + 1, **changes)


def ended(before: RoomState, step: RoomStep[R], accepted: int) -> RoomStep[R]:
    """Return a step that says so where the room ends by it.

    Args:
        before: The room before the step.
        step: The step.
        accepted: When the hub accepted what the step is about.
    """
    if not step.room.is_over or before.is_over:
        return step
    return RoomStep(step.room, (*step.events, RoomOver(accepted)))


def joins(room: RoomState) -> bool:
    """Return whether the commit by which the device joins was not answered yet."""
    return room.underway is not None and room.underway.kind is Kind.JOIN


def check_member(room: RoomState) -> None:
    """Check that the device is in the room.

    Raises:
        NoMemberError: It is not, or not yet.
    """
    if not room.is_member:
        raise NoMemberError("the device is not in the room", room=str(room.uri))


def check_free(room: RoomState) -> None:
    """Check that a change can be made.

    Raises:
        NoMemberError: The device is not in the room.
        UnderwayError: Another one is on its way.
        LeavingError: The user is about to leave.
    """
    check_member(room)
    if room.underway is not None:
        raise UnderwayError(f"{room.underway.kind.value} is on its way")
    check_staying(room)


def check_staying(room: RoomState) -> None:
    """Check that nothing is pending that takes the user out of the room.

    Raises:
        LeavingError: Something is: the hub takes nothing from the user's clients any more.
    """
    if room.group.pending and room.owner.user in cut_off(room.policy, room.group):
        raise LeavingError("the user is about to leave the room")


def room_of(rooms: Rooms, group: Group) -> Room:
    """Return the room that a group is.

    Raises:
        NoRoomError: It is none.
    """
    found = rooms.room(group.state)
    if found is None:
        raise NoRoomError("the group is no room", group_id=group.group_id)
    return found


def extensions_then(group: Group, epoch: int) -> Extensions:
    """Return the extensions of the group context of an epoch whose messages can be read."""
    return group.extensions if epoch == group.epoch else _past(group, epoch)


def _past(group: Group, epoch: int) -> Extensions:
    return group.past[group.epoch - epoch - 1].context.extensions


def policy_then(room: RoomState, epoch: int) -> Room:
    """Return the room in an epoch whose messages can be read, as far as messages are judged by it.

    Who had how many clients is not known of past epochs.
    """
    if epoch == room.group.epoch:
        return room.policy
    data = app_data(_past(room.group, epoch))
    listed = Participants.decode(data.get(PARTICIPANT_LIST, b"\0"), trusted=True)
    return Room.of(RoomPolicy.of(data), listed, {})


def with_stored(room: R, stored: Stored) -> dict[str, Any]:
    """Return what changes in a room to which a message comes.

    Raises:
        MimiError: It does not belong into the conversation; see `Conversation.add_arrival`.
    """
    name = stored.arrival.message_id
    kept = room.stored.with_entry(name, stored)
    conversation = room.conversation.add_arrival(stored.arrival)
    conversation = attrs.evolve(conversation, authority=Moderated(kept))
    return {
        "stored": kept,
        "journal": Journal(name, room.journal),
        "conversation": conversation,
    }
