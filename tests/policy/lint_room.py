"""A room of which the linter has nothing to say, and how to make it otherwise."""

from typing import Any

import attrs

from mimi.mls import ComponentID
from mimi.policy.lint import Finding, LintRule, Severity
from mimi.policy.operational import OperationalParameters
from mimi.policy.policy import RoomPolicy
from mimi.policy.presets import Preset, capabilities, role
from mimi.policy.structures import (
    ROLES_LIST,
    BaseRoomPolicy,
    Claim,
    ClaimId,
    JoinLink,
    JoinLinksData,
    PreAuthData,
    PreAuthRoleEntry,
    Role,
    RoleData,
)
from mimi.tree.codepoints import CredentialType

NOBODY = role(0, "no_role")
BANNED = role(1, "banned", active=(0, 0))
USER = role(2, "user", capabilities("canSendMessage canReceiveMessage canRemoveSelf"), {2: (0,)})
ADMIN = role(
    3,
    "admin",
    capabilities(
        """
        canSendMessage canReceiveMessage canRemoveSelf canAddParticipant canRemoveParticipant
        canBan canUnban canChangeUserRole canChangeRoleDefinitions canChangeOtherPolicyAttribute
        """
    ),
    {0: (2, 3), 1: (0, 2), 2: (0, 1, 3), 3: (0, 2)},
    participants=(1, None),
)
HUB = role(4, "hub", capabilities("canBan"), {2: (1,)}, participants=(1, 1), active=(0, 0))

JWT, X509 = CredentialType(0xF0F0), CredentialType.X509


@attrs.frozen
class Case:
    """A policy that has a finding, and one that just does not."""

    name: str
    rule: LintRule
    severity: Severity
    roles: tuple[int, ...]
    guilty: RoomPolicy
    innocent: RoomPolicy


def case(
    name: str,
    rule: LintRule,
    roles: tuple[int, ...],
    guilty: RoomPolicy,
    innocent: RoomPolicy,
    severity: Severity = Severity.WARNING,
) -> Case:
    return Case(name, rule, severity, roles, guilty, innocent)


def found(findings: tuple[Finding, ...], rule: LintRule) -> list[tuple[Severity, tuple[int, ...]]]:
    return [(each.severity, each.roles) for each in findings if each.rule is rule]


def room(*changed: Role, without: tuple[int, ...] = (), parts: tuple[Any, ...] = ()) -> RoomPolicy:
    """Return the sound room with some roles in place of its own, or besides; and components."""
    roles = {int(each.role_index): each for each in (NOBODY, BANNED, USER, ADMIN, *changed)}
    kept = [each for index, each in sorted(roles.items()) if index not in without]
    return Preset.of("room", "To be read by the linter.", RoleData(tuple(kept)), *parts).policy


def raw(*roles: Role, **base: Any) -> RoomPolicy:
    """Return a room of these roles and no others, even where two have one index."""
    values = {"policy_component_ids": (ComponentID(ROLES_LIST),)} | base
    return RoomPolicy(RoleData(roles), base=BaseRoomPolicy(**values))


def more(changed: Role, names: str) -> Role:
    held = capabilities(changed.role_capabilities, names)
    return attrs.evolve(changed, role_capabilities=held)


def less(changed: Role, names: str) -> Role:
    gone = capabilities(names)
    held = tuple(each for each in changed.role_capabilities if each not in gone)
    return attrs.evolve(changed, role_capabilities=held)


def moving(changed: Role, moves: dict[int, tuple[int, ...]]) -> Role:
    return attrs.evolve(
        changed, authorized_role_changes=role(9, "", (), moves).authorized_role_changes
    )


def limited(
    changed: Role,
    participants: tuple[int, int | None] = (0, None),
    active: tuple[int, int | None] = (0, None),
) -> Role:
    return attrs.evolve(
        changed,
        minimum_participants_constraint=participants[0],
        maximum_participants_constraint=participants[1],
        minimum_active_participants_constraint=active[0],
        maximum_active_participants_constraint=active[1],
    )


def named(changed: Role, name: bytes) -> Role:
    return attrs.evolve(changed, role_name=name)


def claim(name: bytes, value: bytes, kind: CredentialType = JWT) -> Claim:
    return Claim(ClaimId(kind, name), value)


STAFF = claim(b"team", b"staff")
ADULT = claim(b"adult", b"yes")


def entry(target: int, *claims: Claim) -> PreAuthRoleEntry:
    return PreAuthRoleEntry(claims, target)


def preauthorized(*entries: PreAuthRoleEntry) -> PreAuthData:
    return PreAuthData(entries)


def links(count: int) -> JoinLinksData:
    return JoinLinksData(tuple(JoinLink(b"https://hub.example/%d" % each) for each in range(count)))


def base(**values: Any) -> BaseRoomPolicy:
    return BaseRoomPolicy(**values)


def operational(**values: Any) -> OperationalParameters:
    return OperationalParameters(**values)
