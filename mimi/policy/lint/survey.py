"""Who can come to have which role, and act in it.

::

    founded     roles with a minimum: somebody has them when the room begins;
                every role, where nobody with a minimum could have clients
    held        those, and what their holders, joiners and preauthorised users make of them
    acting      roles in which somebody can do something: as a member, or from outside
"""

from collections.abc import Iterable, Iterator

import attrs

from mimi.policy.capability import Capability, spelling
from mimi.policy.policy import RoomPolicy
from mimi.policy.structures import BANNED, NO_ROLE, Role


def ways(policy: RoomPolicy, holder: int, source: int, target: int) -> tuple[Capability, ...]:
    """Return the capabilities by each of which a role's holders would bring about a transition.

    It is what `authorized_role_changes` is consulted for (section 8.1), with the room's fixed
    membership and with whether it has the role that bans; none, where it is never consulted.
    """
    is_ban = target == BANNED and policy.has_banned
    if source == target or (policy.base.fixed_membership and NO_ROLE in {source, target}):
        return ()
    if source == NO_ROLE:
        found = [Capability.CAN_ADD_PARTICIPANT]
        if holder == NO_ROLE:
            found += [Capability.CAN_OPEN_JOIN, Capability.CAN_USE_JOIN_CODE]
        return tuple(found + [Capability.CAN_BAN] * is_ban)
    if target == NO_ROLE:
        own = [Capability.CAN_REMOVE_SELF] * (source == holder)
        return (Capability.CAN_REMOVE_PARTICIPANT, *own)
    is_unban = source == BANNED and policy.has_banned
    bans = [Capability.CAN_BAN] * is_ban + [Capability.CAN_UNBAN] * is_unban
    return (Capability.CAN_CHANGE_USER_ROLE, *bans)


def used(policy: RoomPolicy, holder: int, source: int, target: int) -> tuple[Capability, ...]:
    """Return those of the `ways` that the role has; a joining link may be shown in any role."""
    held = policy.role(holder).capabilities
    if holder == NO_ROLE and any(
        Capability.CAN_USE_JOIN_CODE in powers.capabilities for powers in policy.powers.values()
    ):
        held |= {Capability.CAN_USE_JOIN_CODE}
    return tuple(way for way in ways(policy, holder, source, target) if way in held)


def transitions(policy: RoomPolicy, holder: int) -> Iterator[tuple[int, int]]:
    """Yield the transitions that a role's `authorized_role_changes` name."""
    for source, targets in sorted(policy.role(holder).transitions.items()):
        for target in sorted(targets):
            yield source, target


def given(policy: RoomPolicy, holder: int, among: Iterable[int]) -> frozenset[int]:
    """Return the roles that a role's holders can give to those who have certain ones, or none."""
    sources = {NO_ROLE, *among}
    return frozenset(
        target
        for source, target in transitions(policy, holder)
        if source in sources
        and target != NO_ROLE
        and target in policy.powers
        and used(policy, holder, source, target)
    )


def preauthorized(policy: RoomPolicy) -> frozenset[int]:
    """Return the roles for which somebody is preauthorised."""
    entries = policy.preauthorized.preauthorized_entries
    return frozenset(int(entry.target_role) for entry in entries) & set(policy.powers) - {NO_ROLE}


def joined(policy: RoomPolicy) -> frozenset[int]:
    """Return the roles that somebody can take who is not in the participant list.

    A joining link that is for a role which role 0 does not give is not known here.
    """
    if policy.base.fixed_membership:
        return frozenset()
    by_claims = {
        role
        for role in preauthorized(policy)
        if Capability.CAN_JOIN_IF_PREAUTHORIZED in policy.role(role).capabilities
    }
    return given(policy, NO_ROLE, ()) | by_claims


def minimum(role: Role) -> int:
    """Return how many must have a role at least, with clients or without."""
    return max(role.minimum_participants_constraint, role.minimum_active_participants_constraint)


@attrs.frozen(eq=False)
class Survey:
    """A policy, and who can come to act in which role.

    Attributes:
        policy: The policy.
        roles: The indexes of its roles but 0 and the banned one, in their order.
        every: What roles somebody can be given in any way, if every role has holders.
        held: Those that somebody can come to have.
        acting: Those in which somebody can do something.
    """

    policy: RoomPolicy
    roles: tuple[int, ...]
    every: frozenset[int]
    held: frozenset[int]
    acting: frozenset[int]

    @classmethod
    def of(cls, policy: RoomPolicy) -> "Survey":
        """Return the survey of a policy."""
        roles = tuple(
            index
            for index in sorted(policy.powers)
            if index != NO_ROLE and not (index == BANNED and policy.has_banned)
        )
        possible = frozenset(index for index in roles if can_be_had(policy, index))
        every = _step(policy, possible) | joined(policy)
        held = _closure(policy, _founded(policy, possible))
        acting = {index for index in held if can_act(policy, index)} | outside(policy)
        return cls(policy, roles, every, held, frozenset(acting))

    def name(self, index: int) -> str:
        """Return what a role is called in a sentence."""
        name = self.policy.role(index).role.role_name.decode("utf-8", "replace")
        return f"role {index} ({name})" if name.isprintable() and name else f"role {index}"

    def names(self, indexes: Iterable[int]) -> str:
        """Return what roles are called in a sentence."""
        return ", ".join(map(self.name, sorted(indexes)))

    def holders(self, capability: Capability) -> frozenset[int]:
        """Return the roles that have a capability, and in which somebody can act."""
        return frozenset(
            index for index in self.acting if capability in self.policy.role(index).capabilities
        )

    @property
    def administrators(self) -> frozenset[int]:
        """The roles in which somebody can change the definitions of roles, and so everything."""
        return self.holders(Capability.CAN_CHANGE_ROLE_DEFINITIONS)


def spellings(capabilities: Iterable[Capability]) -> str:
    """Return the names of capabilities in a sentence."""
    return ", ".join(spelling(capability) for capability in sorted(capabilities))


def can_be_had(policy: RoomPolicy, index: int) -> bool:
    """Return whether any participant may have a role."""
    return policy.role(index).role.maximum_participants_constraint != 0


def can_be_active(policy: RoomPolicy, index: int) -> bool:
    """Return whether participants with a role may have clients."""
    role = policy.role(index).role
    return can_be_had(policy, index) and role.maximum_active_participants_constraint != 0


def can_act(policy: RoomPolicy, index: int) -> bool:
    """Return whether participants with a role can do anything: with clients, or from outside."""
    return can_be_active(policy, index) or policy.operational.external_proposal_allowed


def outside(policy: RoomPolicy) -> frozenset[int]:
    """Return the roles in which somebody can act without being a participant (section 4)."""
    operational = policy.operational
    if operational.external_proposal_allowed or operational.external_commit_allowed:
        return preauthorized(policy)
    return frozenset()


def _founded(policy: RoomPolicy, possible: frozenset[int]) -> frozenset[int]:
    founded = frozenset(
        index for index in possible if policy.role(index).role.minimum_participants_constraint
    )
    begun = any(can_be_active(policy, index) for index in founded)
    return founded if begun and not policy.base.fixed_membership else possible


def _step(policy: RoomPolicy, held: frozenset[int]) -> frozenset[int]:
    """Return the roles that somebody can be given where some are held."""
    actors = {index for index in held if can_act(policy, index)} | outside(policy) | {NO_ROLE}
    found: set[int] = set()
    for actor in actors:
        found |= given(policy, actor, held | {BANNED})
        if Capability.CAN_CHANGE_OWN_ROLE in policy.role(actor).capabilities:
            found |= preauthorized(policy)
    return frozenset(index for index in found if can_be_had(policy, index))


def _closure(policy: RoomPolicy, founded: frozenset[int]) -> frozenset[int]:
    held = founded | joined(policy)
    while not (more := _step(policy, held)) <= held:
        held |= more
    return held
