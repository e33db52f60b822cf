"""Findings about the base policy (section 5)."""

from collections.abc import Iterable, Iterator

from mimi.mls import ComponentID
from mimi.policy.capability import Capability
from mimi.policy.lint.finding import Finding, LintRule, error, note
from mimi.policy.lint.survey import Survey, spellings
from mimi.policy.policy import NO_OPERATIONAL
from mimi.policy.structures import (
    JOIN_LINKS,
    MLS_OPERATIONAL_POLICY,
    NO_ROLE,
    PREAUTH_LIST,
    ROLES_LIST,
)

WITHOUT_USE = frozenset(
    (
        Capability.CAN_REMOVE_PARTICIPANT,
        Capability.CAN_REMOVE_SELF,
        Capability.CAN_OPEN_JOIN,
        Capability.CAN_JOIN_IF_PREAUTHORIZED,
        Capability.CAN_CREATE_JOIN_CODE,
        Capability.CAN_USE_JOIN_CODE,
        Capability.CAN_KNOCK,
        Capability.CAN_ACCEPT_KNOCK,
    )
)
"""What nobody can do where participants are fixed."""


def fixed_membership(survey: Survey) -> Iterator[Finding]:
    """Yield what contradicts fixed membership."""
    policy = survey.policy
    if not policy.base.fixed_membership:
        return
    for index in survey.roles:
        if Capability.CAN_ADD_PARTICIPANT in policy.role(index).capabilities:
            yield error(
                LintRule.FIXED_MEMBERSHIP,
                f"{survey.name(index)} has canAddParticipant, which no role of a room with "
                "fixed_membership may have; drop one of the two",
                index,
            )
    for index in (NO_ROLE, *survey.roles):
        if idle := policy.role(index).capabilities & WITHOUT_USE:
            yield note(
                LintRule.FIXED_MEMBERSHIP_UNUSED,
                f"{survey.name(index)} has {spellings(idle)}, but the participants are fixed; drop "
                "the capabilities, or fixed_membership",
                index,
            )


def parent_room(survey: Survey) -> Iterator[Finding]:
    """Yield a parent that is missing, or one too many."""
    base = survey.policy.base
    if base.parent_dependant and len(base.parent_room) != 1:
        yield error(
            LintRule.PARENT_ROOM,
            f"the room depends on a parent, and names {len(base.parent_room)}; set parent_room to "
            "the URI of one, or parent_dependant to false",
        )
    if not base.parent_dependant and base.parent_room:
        yield error(
            LintRule.PARENT_ROOM,
            "the room names a parent and does not depend on it; set parent_dependant, or leave "
            "parent_room empty",
        )


def components(survey: Survey) -> Iterator[Finding]:
    """Yield components that the base policy does not list, or that nobody can change."""
    policy = survey.policy
    present = {int(ROLES_LIST), *policy.others}
    if policy.preauthorized.preauthorized_entries:
        present.add(int(PREAUTH_LIST))
    if policy.join_links:
        present.add(int(JOIN_LINKS))
    if policy.operational != NO_OPERATIONAL:
        present.add(int(MLS_OPERATIONAL_POLICY))
    if missing := sorted(present - set(map(int, policy.base.policy_component_ids))):
        yield note(
            LintRule.UNLISTED_COMPONENT,
            f"policy_component_ids lacks {_component_names(missing)}; list what the room has",
        )
    changing = survey.holders(Capability.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE)
    if policy.others and survey.administrators and not changing:
        yield note(
            LintRule.LOCKED_COMPONENT,
            f"nobody can change {_component_names(policy.others)}; give "
            "canChangeOtherPolicyAttribute to a role that somebody has",
        )


def _component_names(numbers: Iterable[int]) -> str:
    return ", ".join(ComponentID(number).name.lower() for number in sorted(numbers))


CHECKS = (fixed_membership, parent_room, components)
