"""The policy of a room as its components state it, ready to be asked."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import attrs

from mimi.codec import decode, encode
from mimi.errors import UsageError
from mimi.policy.actions import Claims
from mimi.policy.capability import Capability
from mimi.policy.operational import OperationalParameters
from mimi.policy.structures import (
    ASSET_POLICY,
    BANNED,
    BASE_ROOM_POLICY,
    BOT_POLICY,
    CHAT_HISTORY_POLICY,
    JOIN_LINK_POLICY,
    JOIN_LINKS,
    LINK_PREVIEW_POLICY,
    LOGGING_POLICY,
    MESSAGE_EXPIRATION_POLICY,
    MLS_OPERATIONAL_POLICY,
    NO_ROLE,
    PREAUTH_LIST,
    ROLES_LIST,
    ROOM_METADATA,
    STATUS_NOTIFICATION_POLICY,
    AssetPolicy,
    BaseRoomPolicy,
    BotPolicy,
    HistoryPolicy,
    JoinLinkPolicy,
    JoinLinksData,
    LinkPreviewPolicy,
    LoggingPolicy,
    MessageExpiration,
    PreAuthData,
    Role,
    RoleData,
    RoomMetaData,
    StatusNotificationPolicy,
    bans,
)

T = TypeVar("T")

STRUCTURES: Mapping[int, Any] = MappingProxyType(
    {
        int(ROOM_METADATA): RoomMetaData,
        int(MLS_OPERATIONAL_POLICY): OperationalParameters,
        int(ROLES_LIST): RoleData,
        int(PREAUTH_LIST): PreAuthData,
        int(BASE_ROOM_POLICY): BaseRoomPolicy,
        int(STATUS_NOTIFICATION_POLICY): StatusNotificationPolicy,
        int(JOIN_LINK_POLICY): JoinLinkPolicy,
        int(JOIN_LINKS): JoinLinksData,
        int(LINK_PREVIEW_POLICY): LinkPreviewPolicy,
        int(ASSET_POLICY): AssetPolicy,
        int(LOGGING_POLICY): LoggingPolicy,
        int(CHAT_HISTORY_POLICY): HistoryPolicy,
        int(BOT_POLICY): BotPolicy,
        int(MESSAGE_EXPIRATION_POLICY): MessageExpiration,
    }
)
"""The structures of the components, but for the participant list."""


@attrs.frozen(eq=False)
class Powers:
    """A role, ready to be asked.

    Attributes:
        role: As it is defined.
        capabilities: What its holders may do.
        transitions: From each role to those to which its holders may move others.
    """

    role: Role
    capabilities: frozenset[Capability]
    transitions: Mapping[int, frozenset[int]]

    @classmethod
    def of(cls, role: Role) -> "Powers":
        """Return the powers of a role; several entries for one source role are read as one."""
        transitions: dict[int, frozenset[int]] = {}
        for entry in role.authorized_role_changes:
            source, targets = int(entry.from_role_index), frozenset(entry.target_role_indexes)
            transitions[source] = transitions.get(source, frozenset()) | targets
        return cls(role, frozenset(role.role_capabilities), MappingProxyType(transitions))

    def may_move(self, source: int, target: int) -> bool:
        """Return whether `authorized_role_changes` names a transition."""
        return target in self.transitions.get(source, ())


def adding_roles(roles: Iterable[Role]) -> tuple[int, ...]:
    """Return the roles that can add participants, which a room of fixed membership has none of.

    The role 0 is exempt, and the one that bans (section 5).
    """
    return tuple(
        int(role.role_index)
        for role in roles
        if Capability.CAN_ADD_PARTICIPANT in role.role_capabilities
        and role.role_index != NO_ROLE
        and not bans(role)
    )


NO_POWERS = Powers.of(Role(NO_ROLE, b""))
"""Those of a role that the room does not define."""

NO_PREAUTHORIZATION = PreAuthData(())
DEFAULT_BASE = BaseRoomPolicy()
NO_OPERATIONAL = OperationalParameters()


@attrs.frozen(eq=False)
class RoomPolicy:
    """What the components of a room say, but for its participants.

    Attributes:
        roles: The definitions of the roles.
        preauthorized: Who is preauthorised.
        base: The base policy.
        operational: The operational parameters.
        join_links: The active joining links.
        metadata: What is shown of the room; None where nothing is said.
        others: The other components of rooms, by their numbers.
        powers: From indexes of roles to their powers.
    """

    roles: RoleData
    preauthorized: PreAuthData = NO_PREAUTHORIZATION
    base: BaseRoomPolicy = DEFAULT_BASE
    operational: OperationalParameters = NO_OPERATIONAL
    join_links: frozenset[bytes] = frozenset()
    metadata: RoomMetaData | None = None
    others: Mapping[int, Any] = attrs.field(factory=lambda: MappingProxyType({}))
    powers: Mapping[int, Powers] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        powers = {int(role.role_index): Powers.of(role) for role in self.roles.roles}
        object.__setattr__(self, "powers", MappingProxyType(powers))

    @classmethod
    def of(cls, data: Mapping[int, bytes]) -> "RoomPolicy":
        """Return the policy that components state.

        Args:
            data: From the numbers of components to their data; those that are not of rooms are
                passed over.

        Raises:
            MalformedError: The data of one does not parse.
        """
        read = {at: decode(STRUCTURES[at], each) for at, each in data.items() if at in STRUCTURES}
        roles = read.pop(ROLES_LIST, RoleData(()))
        preauthorized = read.pop(PREAUTH_LIST, NO_PREAUTHORIZATION)
        base = read.pop(BASE_ROOM_POLICY, DEFAULT_BASE)
        operational = read.pop(MLS_OPERATIONAL_POLICY, NO_OPERATIONAL)
        links = read.pop(JOIN_LINKS, JoinLinksData(())).join_links
        active = frozenset(link.join_link for link in links)
        metadata = read.pop(ROOM_METADATA, None)
        others = MappingProxyType(read)
        return cls(roles, preauthorized, base, operational, active, metadata, others)

    def component(self, number: int, kind: type[T]) -> T | None:
        """Return what another component says; None where the room does not have it."""
        found = self.others.get(int(number))
        return found if isinstance(found, kind) else None

    def role(self, index: int) -> Powers:
        """Return the powers of a role; of one that is not defined, none."""
        return self.powers.get(index, NO_POWERS)

    @property
    def has_banned(self) -> bool:
        """Whether there is the role that bans."""
        return bans(self.role(BANNED).role)

    def preauthorized_role(self, claims: Claims) -> int:
        """Return the role of the first entry whose claims are all made; 0 where there is none."""
        for entry in self.preauthorized.preauthorized_entries:
            if entry.target_role != NO_ROLE and all(
                claim.claim_value
                in claims.get((int(claim.claim_id.credential_type), claim.claim_id.id), ())
                for claim in entry.claimset
            ):
                return int(entry.target_role)
        return NO_ROLE

    def is_policy(self, component: int) -> bool:
        """Return whether a component belongs to the policy: known here, or named by the base."""
        return component in STRUCTURES or component in self.base.policy_component_ids


_NUMBERS = {kind: number for number, kind in STRUCTURES.items()}


def number_of(kind: type) -> int:
    """Return the number of the component that has a structure.

    Raises:
        UsageError: None has.
    """
    if kind not in _NUMBERS:
        raise UsageError(f"{kind.__name__} is not what a component of a room says")
    return _NUMBERS[kind]


def room_data(components: Iterable[Any]) -> dict[int, bytes]:
    """Return the data of components that are given as structures, by their numbers.

    Raises:
        UsageError: One is no structure of a component.
    """
    return {number_of(type(each)): encode(each) for each in components}
