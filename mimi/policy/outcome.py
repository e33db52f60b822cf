"""What becomes of a room if everything that is asked for is done.

Only what changes is looked at: who changes place in the list, and whose clients come and go.
"""

from collections.abc import Iterable, Iterator, Sequence

import attrs

from mimi.policy.actions import (
    AddClient,
    AddParticipant,
    ChangeBasePolicy,
    ChangePreauthorized,
    ChangeRole,
    ChangeRoles,
    RemoveClient,
    RemoveParticipant,
    Request,
)
from mimi.policy.capability import Capability
from mimi.policy.policy import Powers
from mimi.policy.room import Count, Room
from mimi.policy.structures import BANNED, NO_ROLE, BaseRoomPolicy, RoleData, bans


@attrs.define(eq=False)
class Outcome:
    """The outcome of the requests of a commit.

    Attributes:
        room: The room before.
        roles: From users whose place in the list changes to their roles then; 0 for none.
        clients: From users to how many clients more they have.
        twice: Users on whom more than one operation of the list is asked for.
        is_list_changed: Whether the participant list changes at all.
        is_list_extended: Whether it changes otherwise than by removals.
        definitions: New definitions of the roles; None where they stay.
        base: A new base policy; None where it stays.
        preauthorized: Whether the preauthorised users change.
        lawful_bans: Who is banned by a holder of canBan.
    """

    room: Room
    roles: dict[bytes, int] = attrs.field(factory=dict)
    clients: dict[bytes, int] = attrs.field(factory=dict)
    twice: dict[bytes, None] = attrs.field(factory=dict)
    is_list_changed: bool = False
    is_list_extended: bool = False
    definitions: RoleData | None = None
    base: BaseRoomPolicy | None = None
    preauthorized: bool = False
    lawful_bans: set[bytes] = attrs.field(factory=set)

    @classmethod
    def of(cls, room: Room, requests: Sequence[Request]) -> "Outcome":
        """Return what becomes of a room."""
        outcome = cls(room)
        for request in requests:
            for action in request.actions:
                match action:
                    case AddParticipant(user=user, role=role):
                        outcome._place(user, role)
                    case ChangeRole(user=user, role=role):
                        outcome._place(user, role)
                        if room.is_banned(role) and outcome._holds(request, Capability.CAN_BAN):
                            outcome.lawful_bans.add(user)
                    case RemoveParticipant(user=user):
                        outcome._place(user, NO_ROLE)
                    case AddClient(user=user):
                        outcome.clients[user] = outcome.clients.get(user, 0) + 1
                    case RemoveClient(user=user):
                        outcome.clients[user] = outcome.clients.get(user, 0) - 1
                    case ChangeRoles(roles=definitions):
                        outcome.definitions = definitions
                    case ChangeBasePolicy(policy=base):
                        outcome.base = base
                    case ChangePreauthorized():
                        outcome.preauthorized = True
        return outcome

    def _holds(self, request: Request, capability: Capability) -> bool:
        acting = self.room.policy.role(self.room.acting_role(request.actor))
        return capability in acting.capabilities

    def _place(self, user: bytes, role: int) -> None:
        if user in self.roles:
            self.twice[user] = None
        self.roles[user] = role
        self.is_list_changed = True
        self.is_list_extended = self.is_list_extended or role != NO_ROLE

    def role(self, user: bytes) -> int:
        """Return a user's role then; 0 for none."""
        found = self.roles.get(user)
        return self.room.role_of(user) if found is None else found

    def number(self, user: bytes) -> int:
        """Return how many clients a user has then."""
        return self.room.clients.get(user, 0) + self.clients.get(user, 0)

    @property
    def moved(self) -> Iterable[bytes]:
        """Whose place or clients change."""
        if not self.clients:
            return self.roles
        if not self.roles:
            return self.clients
        return {**self.roles, **self.clients}

    def counts(self) -> dict[int, tuple[Count, Count]]:
        """Return how many have each role before and then, of the roles where that changes."""
        changes: dict[int, list[int]] = {}
        for user in self.moved:
            before, then = self.room.role_of(user), self.role(user)
            was, active = user in self.room.clients, self.number(user) > 0
            if before != then or was != active:
                old = changes.setdefault(before, [0, 0])
                old[0] -= 1
                old[1] -= was
                new = changes.setdefault(then, [0, 0])
                new[0] += 1
                new[1] += active
        changes.pop(NO_ROLE, None)
        result = {}
        for role, (participants, actives) in changes.items():
            old_count = self.room.count(role)
            then_count = Count(old_count.participants + participants, old_count.active + actives)
            result[role] = (old_count, then_count)
        return result

    def powers(self) -> Iterator[Powers]:
        """Return the powers of the roles then."""
        if self.definitions is None:
            yield from self.room.policy.powers.values()
        else:
            yield from map(Powers.of, self.definitions.roles)

    @property
    def base_then(self) -> BaseRoomPolicy:
        """The base policy then."""
        return self.room.policy.base if self.base is None else self.base

    @property
    def has_banned(self) -> bool:
        """Whether there is the role that bans, then."""
        if self.definitions is None:
            return self.room.policy.has_banned
        return any(map(bans, self.definitions.roles))

    def is_banned(self, role: int) -> bool:
        """Return whether a role is the one that bans, then."""
        return role == BANNED and self.has_banned

    @property
    def users(self) -> tuple[int, int]:
        """How many participants are not banned, before and then."""
        before = then = self.room.users
        for user, role in self.roles.items():
            old = self.room.role_of(user)
            then -= old != NO_ROLE and not self.room.is_banned(old)
            then += role != NO_ROLE and not self.room.is_banned(role)
        if self.definitions is not None:  # beside which the list stays as it is
            holders = self.room.count(BANNED).participants
            then += holders * (self.room.policy.has_banned - self.has_banned)
        return before, then

    @property
    def members(self) -> tuple[int, int]:
        """How many clients there are, before and then."""
        return self.room.members, self.room.members + sum(self.clients.values())

    def admitted(self) -> Iterator[bytes]:
        """Return who becomes a participant that is not banned, and was none."""
        for user, role in self.roles.items():
            old = self.room.role_of(user)
            outside = old in (NO_ROLE, BANNED) and (old == NO_ROLE or self.room.is_banned(old))
            if outside and role != NO_ROLE and not self.room.is_banned(role):
                yield user
        if self.room.policy.has_banned and not self.has_banned:
            for user, role in self.room.participants.roles.items():
                if role == BANNED:
                    yield user
