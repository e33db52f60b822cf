"""What a preset is, and the words in which presets are written.

Capabilities are given as the draft's examples give them: by their names, and by including those of
another role::

    USER = capabilities("canSendMessage canReceiveMessage")
    ADMIN = capabilities(USER, "canBan canKick")
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import attrs

from mimi.errors import UsageError
from mimi.mls import ComponentID
from mimi.policy.capability import Capability, spelled
from mimi.policy.policy import RoomPolicy, number_of, room_data
from mimi.policy.structures import (
    BANNED,
    BANNED_NAME,
    BASE_ROOM_POLICY,
    NO_ROLE,
    ROOM_METADATA,
    BaseRoomPolicy,
    Role,
    RoleData,
    SingleSourceRoleChangeTargets,
)

Bounds: TypeAlias = tuple[int, int | None]
"""The least and the largest number; None for no largest."""

ANY: Bounds = (0, None)
NONE: Bounds = (0, 0)
ENFORCERS: Bounds = (1, 2)


@attrs.frozen
class Preset:
    """A kind of room: what its components say before anybody is in it.

    Attributes:
        name: Of the kind of room, such as ``moderated``.
        description: What it is good for, in a sentence.
        roles: The definitions of the roles.
        base: The base policy, which lists the other components.
        others: Those, but for the roles.
    """

    name: str
    description: str
    roles: RoleData
    base: BaseRoomPolicy
    others: tuple[Any, ...] = ()

    @classmethod
    def of(cls, name: str, description: str, *components: Any) -> "Preset":
        """Return the preset of some components, the roles among them.

        The base policy may be left out. Of what it says, `policy_component_ids` is put right: it
        becomes the numbers of the others. The room's metadata is a component, but no policy.

        Raises:
            UsageError: There are no roles, or something is no component of a room.
        """
        given = {number_of(type(component)): component for component in components}
        base = given.pop(int(BASE_ROOM_POLICY), BaseRoomPolicy())
        listed = sorted(number for number in given if number != ROOM_METADATA)
        base = attrs.evolve(base, policy_component_ids=tuple(map(ComponentID, listed)))
        roles = [each for each in components if isinstance(each, RoleData)]
        if len(roles) != 1:
            raise UsageError(f"{name} has {len(roles)} lists of roles")
        others = tuple(given[number] for number in sorted(given) if given[number] is not roles[0])
        return cls(name, description, roles[0], base, others)

    def having(self, *components: Any) -> "Preset":
        """Return the preset with these components, in place of its own of the same kind."""
        kept = {type(each): each for each in (*self.components(), *components)}
        return Preset.of(self.name, self.description, *kept.values())

    def components(self) -> tuple[Any, ...]:
        """Return the structures of all its components."""
        return (self.roles, self.base, *self.others)

    def data(self) -> dict[int, bytes]:
        """Return the data of all its components, by their numbers."""
        return room_data(self.components())

    @property
    def policy(self) -> RoomPolicy:
        """What a room of this kind allows."""
        return RoomPolicy.of(self.data())


def capabilities(*parts: str | Iterable[Capability]) -> tuple[Capability, ...]:
    """Return capabilities that are given by names or in sets, each once, in the registry's order.

    Args:
        parts: Names as the draft writes them, with blanks between them; or the capabilities of
            another role, which this one includes.

    Raises:
        UsageError: A name is none.
    """
    held: set[Capability] = set()
    for part in parts:
        held.update(map(spelled, part.split()) if isinstance(part, str) else part)
    return tuple(sorted(held))


def role(
    index: int,
    name: str,
    holds: tuple[Capability, ...] = (),
    moves: Mapping[int, Iterable[int]] | None = None,
    *,
    participants: Bounds = ANY,
    active: Bounds = ANY,
) -> Role:
    """Return a role.

    Args:
        index: What it is referred to by.
        name: What people call it.
        holds: Its capabilities.
        moves: From each role to those to which its holders may move others.
        participants: How many participants have it.
        active: How many of them have clients.
    """
    changes = [
        SingleSourceRoleChangeTargets(source, tuple(targets))
        for source, targets in (moves or {}).items()
    ]
    return Role(
        role_index=index,
        role_name=name.encode(),
        role_capabilities=holds,
        minimum_participants_constraint=participants[0],
        maximum_participants_constraint=participants[1],
        minimum_active_participants_constraint=active[0],
        maximum_active_participants_constraint=active[1],
        authorized_role_changes=tuple(changes),
    )


def no_role(
    holds: tuple[Capability, ...] = (),
    moves: Mapping[int, Iterable[int]] | None = None,
    *,
    active: Bounds = NONE,
) -> Role:
    """Return the role 0, of who is not in the participant list."""
    return role(NO_ROLE, "no_role", holds, moves, active=active)


BANNED_ROLE = role(BANNED, BANNED_NAME.decode(), active=NONE)
"""The role of who is banned: without any capability, and without clients."""

ENFORCER_CAPABILITIES = capabilities(
    """
    canRemoveParticipant canChangeUserRole canBan canUnban canChangeRoleDefinitions
    canChangePreauthorizedUserList canChangeMlsOperationalPolicies canDestroyRoom
    canSendMLSReinitProposal
    """
)
"""Those of the policy enforcer, the same in all examples of the draft."""


def policy_enforcer(index: int, *over: int) -> Role:
    """Return the role of a hub that enforces the policy without having clients.

    It can take who is banned out of the list, as a cleanup, but not back into the room.

    Args:
        index: What it is referred to by.
        over: Whose holders it can ban and remove.
    """
    moves: dict[int, tuple[int, ...]] = {NO_ROLE: (BANNED,), BANNED: (NO_ROLE,)}
    moves.update(dict.fromkeys(over, (NO_ROLE, BANNED)))
    return role(
        index,
        "policy_enforcer",
        ENFORCER_CAPABILITIES,
        moves,
        participants=ENFORCERS,
        active=NONE,
    )
