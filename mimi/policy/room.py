"""A room at one moment: its policy, its participants, and how many clients each of them has.

It is what a decision is made from, and a value like everything else: `Room.after` returns the room
in which something has happened. Counts are kept by role, so that asking costs the same in a room
of ten as of ten thousand.
"""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import TypeAlias

import attrs

from mimi.policy.actions import Actor
from mimi.policy.clients import Clients
from mimi.policy.participants import ListChange, Participants
from mimi.policy.policy import RoomPolicy
from mimi.policy.structures import BANNED, NO_ROLE

JoinRoles: TypeAlias = Callable[[bytes], int | None]
"""From a joining link to the role that it is for; None where the link does not say."""

Parents: TypeAlias = Callable[[bytes], Collection[bytes] | None]
"""From the URI of a parent room to its participants that are not banned.

None is for a room that is not known, as to a member that is not in it: nothing is decided by it.
"""


def any_role(link: bytes) -> int | None:  # noqa: ARG001 - a mapping takes the link
    """Leave the role to the joiner, among those that role 0 may give to who joins."""
    return None


def no_parents(room: bytes) -> Collection[bytes] | None:  # noqa: ARG001 - a mapping takes the room
    """Know nothing of other rooms."""
    return None


@attrs.frozen
class Surroundings:
    """What decides about a room and does not stand in it: everybody must be given the same.

    Attributes:
        parents: Who takes part in a parent room.
        join_role: For which role a joining link is.
    """

    parents: Parents = no_parents
    join_role: JoinRoles = any_role


NO_SURROUNDINGS = Surroundings()


@attrs.frozen
class Count:
    """How many have a role.

    Attributes:
        participants: Those in the participant list.
        active: Those among them that have clients in the group.
    """

    participants: int = 0
    active: int = 0


NOBODY = Count()


@attrs.frozen(eq=False, repr=False)
class Room:
    """A room.

    Attributes:
        policy: What its components say.
        participants: Its participants and their roles.
        clients: From users to how many clients they have in the group; at least one each.
        counts: From roles to how many have them.
        members: How many clients there are.
    """

    policy: RoomPolicy
    participants: Participants
    clients: Clients
    counts: Mapping[int, Count]
    members: int

    @classmethod
    def of(
        cls, policy: RoomPolicy, participants: Participants, clients: Mapping[bytes, int]
    ) -> "Room":
        """Return a room.

        Args:
            policy: What its components say.
            participants: Its participants and their roles.
            clients: From users to how many clients they have in the group.
        """
        present = clients
        if not isinstance(present, Clients):
            present = Clients.of({user: number for user, number in clients.items() if number})
        listed: dict[int, int] = {}
        active: dict[int, int] = {}
        for user, role in participants.roles.items():
            listed[role] = listed.get(role, 0) + 1
            if user in present:
                active[role] = active.get(role, 0) + 1
        counts = {role: Count(number, active.get(role, 0)) for role, number in listed.items()}
        return cls(
            policy,
            participants,
            present,
            MappingProxyType(counts),
            sum(present.values()),
        )

    def __repr__(self) -> str:
        return f"Room({len(self.participants)} participants, {self.members} clients)"

    def role_of(self, user: bytes) -> int:
        """Return a participant's role, 0 for who is none."""
        return self.participants.roles.get(user, NO_ROLE)

    def acting_role(self, actor: Actor) -> int:
        """Return the role in which somebody acts.

        Preauthorised users are consulted for those alone that are not in the participant list: who
        is banned stays banned (section 4).
        """
        role = self.role_of(actor.user)
        return role or self.policy.preauthorized_role(actor.claims)

    def count(self, role: int) -> Count:
        """Return how many have a role."""
        return self.counts.get(role, NOBODY)

    @property
    def users(self) -> int:
        """How many participants there are that are not banned."""
        banned = self.count(BANNED).participants if self.policy.has_banned else 0
        return len(self.participants) - banned

    def is_banned(self, role: int) -> bool:
        """Return whether a role is the one that bans."""
        return role == BANNED and self.policy.has_banned

    def after(
        self,
        listed: tuple[ListChange, Participants] | None = None,
        clients: Mapping[bytes, int] = MappingProxyType({}),
        policy: RoomPolicy | None = None,
    ) -> "Room":
        """Return the room in which something has happened.

        Args:
            listed: What changes in the participant list, and the list then; None for nothing.
            clients: From users to how many clients more they have; negative for fewer.
            policy: What its components say now; None for the same.
        """
        participants = self.participants
        moved = {user for user, number in clients.items() if number}
        if listed is not None:
            change, participants = listed
            moved.update(change.changed, change.removed, change.added)
        present = self.clients.with_more(clients)
        counts = dict(self.counts)
        for user in moved:
            _recount(counts, self.role_of(user), -1, user in self.clients)
            _recount(counts, participants.roles.get(user, NO_ROLE), 1, user in present)
        return Room(
            self.policy if policy is None else policy,
            participants,
            present,
            MappingProxyType(counts),
            self.members + sum(clients.values()),
        )

    def differing(self, before: "Room") -> set[bytes]:
        """Return whose role or number of clients is another than before.

        The cost is that of what a commit has changed between them, and not of the room.
        """
        listed = self.participants.differing(before.participants)
        return listed | self.clients.differing(before.clients)


def _recount(counts: dict[int, Count], role: int, by: int, active: bool) -> None:  # noqa: FBT001 - a count's second half
    if role != NO_ROLE:
        old = counts.get(role, NOBODY)
        counts[role] = Count(old.participants + by, old.active + (by if active else 0))
        if counts[role] == NOBODY:
            del counts[role]
