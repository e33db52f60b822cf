"""Who gets what in an epoch of a room (sections 5.3 to 5.5).

::

    provider, role --> how many of its users have clients, in that role

    followers    providers with such users
    receivers    those with such a user who may receive messages and is not about to be removed

The counts are changed with the room, by what a commit changes: nobody looks through the members.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeAlias

from mimi.codec import decode
from mimi.identity import Domain
from mimi.mls.proposal import AppDataUpdate, UpdateData
from mimi.mls.state import GroupView, PendingProposal
from mimi.policy.capability import Capability
from mimi.policy.room import Room
from mimi.policy.structures import BANNED, NO_ROLE, PARTICIPANT_LIST, ParticipantListUpdate

Present: TypeAlias = Mapping[Domain, Mapping[int, int]]
"""From providers and roles to how many of a provider's users have clients; at least one each."""


def provider_of_user(user: bytes) -> Domain:
    """Return the provider of a participant, whose URI is canonical."""
    return domain_of(user.split(b"/", 3)[2])


@lru_cache(maxsize=4096)
def domain_of(octets: bytes) -> Domain:
    """Return the domain that octets are; it raises `IdentifierError`."""
    return Domain(octets.decode("ascii", "replace"))


class Audience:
    """Who gets what in an epoch: a value.

    Args:
        present: From providers and roles to how many of a provider's users have clients.
        cut_off: Users who are to be removed or banned by what is pending: nothing is taken from
            them but what takes out their own clients.
        room: The room as its policy sees it; None where nobody is present.
    """

    __slots__ = ("_receivers", "_room", "cut_off", "followers", "present")

    def __init__(
        self,
        present: Present = MappingProxyType({}),
        cut_off: frozenset[bytes] = frozenset(),
        room: Room | None = None,
    ) -> None:
        self.present = present
        self.cut_off = cut_off
        self.followers = tuple(sorted(present, key=attrgetter("ascii")))
        """The providers of all whose clients are in the group, sorted."""
        self._room = room
        self._receivers: tuple[Domain, ...] | None = None

    @property
    def receivers(self) -> tuple[Domain, ...]:
        """Those followers of whose users at least one may receive messages, and is not cut off."""
        if self._receivers is None:
            room = self._room
            assert room is not None or not self.present  # noqa: S101 - somebody is in a room
            self._receivers = () if room is None else tuple(self._able(room))
        return self._receivers

    def all_may_receive(self, providers: Collection[Domain]) -> bool:
        """Return whether the roles of all users of some providers let them receive messages."""
        roles = {role for each in providers for role in self.present.get(each, ())}
        return all(map(self._lets_receive, roles))

    def may_receive(self, user: bytes) -> bool:
        """Return whether the role of a user lets it receive messages."""
        return self._room is not None and self._lets_receive(self._room.role_of(user))

    def _lets_receive(self, role: int) -> bool:
        assert self._room is not None  # noqa: S101 - somebody is in a room
        return Capability.CAN_RECEIVE_MESSAGE in self._room.policy.role(role).capabilities

    def _able(self, room: Room) -> Iterator[Domain]:
        leaving: dict[Domain, dict[int, int]] = {}
        for user in self.cut_off:
            if user in room.clients:
                _count(leaving.setdefault(provider_of_user(user), {}), room.role_of(user), 1)
        receive, powers = Capability.CAN_RECEIVE_MESSAGE, room.policy.role
        for provider in self.followers:
            gone = leaving.get(provider, {})
            if any(
                number > gone.get(role, 0) and receive in powers(role).capabilities
                for role, number in self.present[provider].items()
            ):
                yield provider

    def of_next(self, before: Room, room: Room, group: GroupView) -> "Audience":
        """Return who gets what after something has happened.

        The cost is that of what has changed between the rooms, and of what is pending.

        Args:
            before: The room of which this is the audience, as its policy sees it.
            room: The room now.
            group: Its group, with what is pending.
        """
        cut = cut_off(room, group)
        if room is before:
            return self if cut == self.cut_off else Audience(self.present, cut, room)
        present = _recounted(self.present, room.differing(before), before, room)
        return Audience(present, cut, room)


NO_AUDIENCE = Audience()
"""That of a room whose audience nobody has worked out."""


def audience_of(room: Room, group: GroupView) -> Audience:
    """Return who gets what, by looking through all who take part.

    Args:
        room: The room as its policy sees it.
        group: Its group, with what is pending.
    """
    counts: dict[Domain, dict[int, int]] = {}
    for user in room.clients:
        _count(counts.setdefault(provider_of_user(user), {}), room.role_of(user), 1)
    present = {provider: MappingProxyType(roles) for provider, roles in counts.items()}
    return Audience(MappingProxyType(present), cut_off(room, group), room)


def _recounted(present: Present, users: Iterable[bytes], before: Room, room: Room) -> Present:
    """Return how many are there after users have changed roles, come or gone."""
    changed: dict[Domain, dict[int, int]] = {}
    for user in users:
        was = (user in before.clients, before.role_of(user))
        now = (user in room.clients, room.role_of(user))
        if was == now or not (was[0] or now[0]):
            continue
        provider = provider_of_user(user)
        if provider not in changed:
            changed[provider] = dict(present.get(provider, {}))
        for (is_there, role), by in ((was, -1), (now, 1)):
            if is_there:
                _count(changed[provider], role, by)
    if not changed:
        return present
    after = {**present, **{at: MappingProxyType(roles) for at, roles in changed.items()}}
    return MappingProxyType({at: roles for at, roles in after.items() if roles})


def _count(roles: dict[int, int], role: int, by: int) -> None:
    number = roles.get(role, 0) + by
    if number:
        roles[role] = number
    else:
        del roles[role]


def list_updates(group: GroupView) -> Iterator[tuple[PendingProposal, bytes]]:
    """Yield the pending proposals that update the participant list, with the encoded updates."""
    for pending in group.pending:
        proposal: Any = pending.proposal
        if isinstance(proposal, AppDataUpdate) and proposal.component_id == PARTICIPANT_LIST:
            assert isinstance(proposal.change, UpdateData)  # noqa: S101 - nobody removes the list
            yield pending, proposal.change.update


def roles_of_cut_off(room: Room, group: GroupView) -> dict[bytes, int]:
    """Return what pending proposals make of those whom they remove or ban (section 5.3).

    From users to 0 for those who are to go, and 1 for those who are to be banned.
    """
    found: dict[bytes, int] = {}
    user = room.participants.user
    for _, octets in list_updates(group):
        update = decode(ParticipantListUpdate, octets)
        found |= {user(index): NO_ROLE for index in update.removed_indices}
        found |= {
            user(each.user_index): BANNED
            for each in update.changed_role_participants
            if room.is_banned(each.role_index)
        }
    return found


def cut_off(room: Room, group: GroupView) -> frozenset[bytes]:
    """Return the users whom pending proposals remove or ban (section 5.3)."""
    return frozenset(roles_of_cut_off(room, group))


def takes_part(room: Room, user: bytes) -> bool:
    """Return whether a user is a participant that is not banned."""
    role = room.role_of(user)
    return role != NO_ROLE and not room.is_banned(role)


def gone_between(before: Room, room: Room) -> frozenset[bytes]:
    """Return who had clients in the group and has none; the cost is that of what has changed."""
    if room is before:
        return frozenset()
    users = room.clients.differing(before.clients)
    return frozenset(user for user in users if user in before.clients and user not in room.clients)


def left_between(before: Room, room: Room) -> tuple[bytes, ...]:
    """Return who took part and does not any more, sorted; the cost is that of what has changed."""
    if room is before:
        return ()
    users: Iterable[bytes] = room.differing(before)
    if before.policy.has_banned != room.policy.has_banned:
        users = before.participants.roles
    return tuple(sorted(at for at in users if takes_part(before, at) and not takes_part(room, at)))
