"""The policy of a room as its components state it, ready to be asked."""

from collections.abc import Callable, Iterable, Mapping
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
    _read: Callable[[int], bytes | None] | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "powers", _powers_of(self))

    @classmethod
    def stored(cls, read: Callable[[int], bytes | None]) -> "RoomPolicy":
        """Return the policy that components state which were checked before.

        What nobody asks for is not decoded.

        Args:
            read: From the number of a component to its data; None where there are none.
        """
        made = cls.__new__(cls)
        object.__setattr__(made, "_read", read)
        return made

    def __getattr__(self, name: str) -> Any:
        """Decode what is asked for the first time: what is known costs no call."""
        if name not in _PARTS:
            raise AttributeError(name)
        part = _PARTS[name](self)
        object.__setattr__(self, name, part)
        return part

    def _decoded(self, number: int, otherwise: Any) -> Any:
        assert self._read is not None  # noqa: S101 - else everything is known
        data = self._read(number)
        return otherwise if data is None else decode(STRUCTURES[number], data)

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
        roles = read.pop(ROLES_LIST, NO_ROLES)
        preauthorized = read.pop(PREAUTH_LIST, NO_PREAUTHORIZATION)
        base = read.pop(BASE_ROOM_POLICY, DEFAULT_BASE)
        operational = read.pop(MLS_OPERATIONAL_POLICY, NO_OPERATIONAL)
        active = _active(read.pop(JOIN_LINKS, NO_LINKS))
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


NO_ROLES, NO_LINKS = RoleData(()), JoinLinksData(())


def _active(links: JoinLinksData) -> frozenset[bytes]:
    return frozenset(link.join_link for link in links.join_links)


def _powers_of(policy: RoomPolicy) -> Mapping[int, Powers]:
    return MappingProxyType({int(at.role_index): Powers.of(at) for at in policy.roles.roles})


def _others_of(policy: RoomPolicy) -> Mapping[int, Any]:
    read = {number: policy._decoded(number, None) for number in STRUCTURES if number in REST}
    return MappingProxyType({number: each for number, each in read.items() if each is not None})


MAIN = (ROLES_LIST, PREAUTH_LIST, BASE_ROOM_POLICY, MLS_OPERATIONAL_POLICY, JOIN_LINKS)
REST = STRUCTURES.keys() - {int(at) for at in (*MAIN, ROOM_METADATA)}
_PARTS: Mapping[str, Callable[[RoomPolicy], Any]] = {
    "roles": lambda policy: policy._decoded(ROLES_LIST, NO_ROLES),
    "preauthorized": lambda policy: policy._decoded(PREAUTH_LIST, NO_PREAUTHORIZATION),
    "base": lambda policy: policy._decoded(BASE_ROOM_POLICY, DEFAULT_BASE),
    "operational": lambda policy: policy._decoded(MLS_OPERATIONAL_POLICY, NO_OPERATIONAL),
    "join_links": lambda policy: _active(policy._decoded(JOIN_LINKS, NO_LINKS)),
    "metadata": lambda policy: policy._decoded(ROOM_METADATA, None),
    "others": _others_of,
    "powers": _powers_of,
}
"""From the attributes of a policy to how they are read from its components."""

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
