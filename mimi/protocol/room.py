"""A room as its hub keeps it: an immutable value, and what a step does to it (section 4.3.1).

::

    HubRoom, request, now --> HubRoom, response, effects

The caller stores the room and the outgoing notifications in one transaction, answers, and then
sends: so nothing that was accepted is lost, whatever fails.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from mimi.codec import decode
from mimi.identity import Domain, RoomUri, parse
from mimi.mls import PublicGroup
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import AppDataUpdate, UpdateData
from mimi.mls.state import GroupView
from mimi.policy.capability import Capability
from mimi.policy.room import Room
from mimi.policy.structures import PARTICIPANT_LIST, ParticipantListUpdate
from mimi.protocol.fanout import FanoutMessage

R = TypeVar("R")


def provider_of_user(user: bytes) -> Domain:
    """Return the provider of a participant, whose URI is canonical."""
    return parse(user.decode("ascii")).provider


@attrs.frozen
class Notify:
    """A notification that goes to a provider: stored with the room, then sent until it is taken.

    Attributes:
        room: The room.
        provider: To whom; the hub's own domain for its own users.
        number: Its place among those to this provider, from 0; they are sent in this order.
        message: What happened.
    """

    room: RoomUri
    provider: Domain
    number: int
    message: FanoutMessage


@attrs.frozen
class Cascade:
    """Users have left the room: rooms that depend on it must remove them as well.

    Attributes:
        parent: The room.
        removed: Who left.
    """

    parent: RoomUri
    removed: tuple[bytes, ...]


@attrs.frozen
class Closed:
    """The room has no client left and does not persist: nobody can come back."""

    room: RoomUri


Effect: TypeAlias = Notify | Cascade | Closed


@attrs.frozen
class Accepted:
    """A proposal that the hub accepted in the present epoch.

    Attributes:
        message: As it was received.
        timestamp: When, in milliseconds since 1970-01-01T00:00Z.
        reference: By what a commit refers to it.
    """

    message: MLSMessage
    timestamp: int
    reference: bytes


@attrs.frozen
class Destination:
    """Where the key package of a client that may be added came from.

    Attributes:
        provider: Who gets the Welcome for it.
        not_after: When it may be forgotten, in seconds since 1970-01-01T00:00Z.
    """

    provider: Domain
    not_after: int


@attrs.frozen(eq=False)
class Audience:
    """Who gets what in an epoch, worked out once.

    Attributes:
        followers: The providers of all whose clients are in the group.
        receivers: Those of them of whose users at least one may receive messages.
        cut_off: Users who are to be removed or banned by what is pending: nothing is taken from
            them but what takes out their own clients.
    """

    followers: tuple[Domain, ...]
    receivers: tuple[Domain, ...]
    cut_off: frozenset[bytes]


@attrs.frozen(eq=False, repr=False)
class HubRoom:
    """A room at its hub.

    Attributes:
        uri: The room.
        group: Its group.
        accepted: The proposals of the epoch, in the order in which they came.
        destinations: From references of key packages to where they came from.
        numbers: From providers to the number of their next notification.
        timestamp: When the hub last accepted something, in milliseconds.
        wanted: Whom the hub itself wants out, until they are.
        audience: Who gets what in this epoch.
    """

    uri: RoomUri
    group: PublicGroup
    accepted: tuple[Accepted, ...] = ()
    destinations: Mapping[bytes, Destination] = MappingProxyType({})
    numbers: Mapping[Domain, int] = MappingProxyType({})
    timestamp: int = 0
    wanted: frozenset[bytes] = frozenset()
    audience: Audience = Audience((), (), frozenset())

    def __repr__(self) -> str:
        return f"HubRoom({self.uri}, epoch {self.group.epoch})"

    def notified(
        self, providers: Iterable[Domain], message: FanoutMessage
    ) -> tuple["HubRoom", tuple[Notify, ...]]:
        """Return the room that has numbered a message for some providers, and the notifications."""
        numbers, made = dict(self.numbers), []
        for provider in providers:
            number = numbers.get(provider, 0)
            made.append(Notify(self.uri, provider, number, message))
            numbers[provider] = number + 1
        return attrs.evolve(self, numbers=MappingProxyType(numbers)), tuple(made)

    def at(self, now: int) -> int:
        """Return when the hub accepts something now: no two events of a room have one time.

        Args:
            now: Milliseconds since 1970-01-01T00:00Z.
        """
        return max(now, self.timestamp + 1)


@attrs.frozen
class HubStep(Generic[R]):
    """The outcome of a request.

    Attributes:
        room: The room after it; the same value where nothing changed.
        response: What to answer.
        effects: What else to do, in order.
    """

    room: HubRoom
    response: R
    effects: tuple[Effect, ...] = ()


def audience_of(room: Room, group: PublicGroup) -> Audience:
    """Return who gets what.

    Args:
        room: The room as its policy sees it.
        group: Its group, with what is pending.
    """
    cut = cut_off(room, group)
    followers: dict[Domain, None] = {}
    receivers: dict[Domain, None] = {}
    receiving: dict[int, bool] = {}
    for user in room.clients:
        provider = provider_of_user(user)
        followers[provider] = None
        role = room.role_of(user)
        if role not in receiving:
            able = room.policy.role(role).capabilities
            receiving[role] = Capability.CAN_RECEIVE_MESSAGE in able
        if receiving[role] and user not in cut:
            receivers[provider] = None
    return Audience(tuple(followers), tuple(receivers), cut)


def cut_off(room: Room, group: GroupView) -> frozenset[bytes]:
    """Return the users whom pending proposals remove or ban (section 5.3)."""
    users: set[bytes] = set()
    for pending in group.pending:
        proposal: Any = pending.proposal
        if isinstance(proposal, AppDataUpdate) and proposal.component_id == PARTICIPANT_LIST:
            assert isinstance(proposal.change, UpdateData)  # noqa: S101 - nobody removes the list
            update = decode(ParticipantListUpdate, proposal.change.update)
            users.update(room.participants.user(index) for index in update.removed_indices)
            users.update(
                room.participants.user(each.user_index)
                for each in update.changed_role_participants
                if room.is_banned(each.role_index)
            )
    return frozenset(users)
