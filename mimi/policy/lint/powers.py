"""Findings about who can do what, and to whom (section 8)."""

from collections.abc import Iterator

from mimi.policy.capability import Capability, spelling
from mimi.policy.lint.finding import Finding, LintRule, note, warning
from mimi.policy.lint.survey import (
    Survey,
    can_act,
    can_be_active,
    given,
    minimum,
    outside,
    preauthorized,
    spellings,
    transitions,
    used,
    ways,
)
from mimi.policy.structures import BANNED, NO_ROLE

MOVING = (
    Capability.CAN_ADD_PARTICIPANT,
    Capability.CAN_OPEN_JOIN,
    Capability.CAN_REMOVE_PARTICIPANT,
    Capability.CAN_REMOVE_SELF,
    Capability.CAN_CHANGE_USER_ROLE,
    Capability.CAN_BAN,
    Capability.CAN_UNBAN,
)
"""The capabilities that take a transition besides."""

NEEDED = {
    Capability.CAN_ADD_PARTICIPANT: "from 0",
    Capability.CAN_OPEN_JOIN: "from 0",
    Capability.CAN_REMOVE_PARTICIPANT: "to 0",
    Capability.CAN_REMOVE_SELF: "from its own role to 0",
    Capability.CAN_CHANGE_USER_ROLE: "from one role to another",
    Capability.CAN_BAN: "to 1",
    Capability.CAN_UNBAN: "from 1 to another role",
}

MEMBERSHIP = frozenset(MOVING[:4])
"""Those of them by which participants come and go."""

WITH_CLIENTS = frozenset((0x01, 0x02, 0x04))
"""The groups of capabilities that take clients: messages, assets, real-time media."""


def reachability(survey: Survey) -> Iterator[Finding]:
    """Yield roles that nobody comes to have when the room has begun."""
    policy = survey.policy
    if policy.base.fixed_membership:
        return
    wanted = [index for index in survey.roles if not minimum(policy.role(index).role)]
    if policy.has_banned:
        wanted.insert(0, BANNED)
    for index in wanted:
        if index not in survey.every and index not in survey.acting:
            yield warning(
                LintRule.UNREACHABLE_ROLE,
                f"nobody can be given {survey.name(index)} once the room is created; let another "
                "role move users into it, or drop it",
                index,
            )
        elif index not in survey.held and index not in survey.acting:
            yield note(
                LintRule.FOUNDERS_ROLE,
                f"nobody may ever be there to give {survey.name(index)} to anybody; give it to "
                "somebody when the room is created, or set a minimum",
                index,
            )


def administrators(survey: Survey) -> Iterator[Finding]:
    """Yield that nobody can change the policy, or that this may come about."""
    if not survey.administrators:
        yield from _without_administrator(survey)
        return
    policy, keeping = survey.policy, survey.administrators
    kept = any(minimum(policy.role(index).role) for index in keeping)
    if kept or keeping & outside(policy):
        return
    if losses := [text for index in sorted(keeping) for text in _losses(survey, index)]:
        yield warning(
            LintRule.LAST_ADMINISTRATOR,
            f"the last who can change the definitions of roles may go: {'; '.join(losses)}; set "
            "minimum_participants_constraint of one of these roles to 1",
            *sorted(keeping),
        )


def _without_administrator(survey: Survey) -> Iterator[Finding]:
    text = (
        "nobody who can act has canChangeRoleDefinitions, so that the policy stays as it is for "
        "good; give it to a role that somebody has"
    )
    if survey.policy.base.fixed_membership:
        yield note(LintRule.NO_ADMINISTRATOR, text)
    else:
        yield warning(LintRule.NO_ADMINISTRATOR, text)


def _losses(survey: Survey, index: int) -> Iterator[str]:
    """Yield how the holders of an administrators' role may lose it to the last."""
    policy, keeping = survey.policy, survey.administrators
    name, held = survey.name(index), policy.role(index).capabilities
    leaves = Capability.CAN_REMOVE_SELF in used(policy, index, index, NO_ROLE)
    if leaves and policy.role(index).may_move(index, NO_ROLE):
        yield f"who has {name} may leave"
    if Capability.CAN_CHANGE_OWN_ROLE in held and preauthorized(policy) - keeping:
        yield f"who has {name} may take another role"
    for other in sorted(survey.acting - keeping):
        if _ends(survey, other, index):
            yield f"{survey.name(other)} may remove or demote who has {name}"


def _ends(survey: Survey, holder: int, source: int) -> list[int]:
    """Return the roles to which a role's holders can move administrators away."""
    return [
        target
        for start, target in transitions(survey.policy, holder)
        if start == source
        and target not in survey.administrators
        and set(used(survey.policy, holder, start, target)) - {Capability.CAN_REMOVE_SELF}
        and (target == NO_ROLE or target in survey.policy.powers)
    ]


def escalation(survey: Survey) -> Iterator[Finding]:
    """Yield who is no administrator and can make, become or remove one."""
    policy, ruling = survey.policy, survey.administrators
    for index in sorted(survey.acting - ruling):
        name, held = survey.name(index), policy.role(index).capabilities
        own = {Capability.CAN_CHANGE_OWN_ROLE, Capability.CAN_CHANGE_PREAUTHORIZED_USER_LIST}
        if ruling and own <= held:
            yield warning(
                LintRule.SELF_ESCALATION,
                f"who has {name} can make itself an administrator, by changing who is "
                "preauthorised and then its own role; take one of the two capabilities away",
                index,
            )
        if makes := given(policy, index, survey.held) & ruling:
            yield note(
                LintRule.ESCALATION,
                f"{name} cannot change the definitions of roles, and can make others "
                f"{survey.names(makes)}, who can; drop the transitions, if that is not meant",
                index,
                *sorted(makes),
            )
        if ends := [role for role in sorted(ruling & survey.held) if _ends(survey, index, role)]:
            yield note(
                LintRule.ADMINISTRATOR_REMOVABLE,
                f"{name} cannot change the definitions of roles, and can remove or demote "
                f"{survey.names(ends)}, who can; drop the transitions, if that is not meant",
                index,
                *ends,
            )


def moving(survey: Survey) -> Iterator[Finding]:
    """Yield capabilities for which the transitions lack."""
    policy = survey.policy
    skipped = MEMBERSHIP if policy.base.fixed_membership else frozenset[Capability]()
    if not policy.has_banned:
        skipped |= {Capability.CAN_BAN, Capability.CAN_UNBAN}
    for index, powers in sorted(policy.powers.items()):
        enabled = {
            way
            for source, target in transitions(policy, index)
            if {source, target} <= {NO_ROLE, *policy.powers}
            for way in ways(policy, index, source, target)
        }
        for capability in MOVING:
            if capability is Capability.CAN_OPEN_JOIN and index != NO_ROLE:
                continue
            if capability in powers.capabilities - skipped - enabled:
                yield warning(
                    LintRule.CAPABILITY_WITHOUT_TRANSITION,
                    f"{survey.name(index)} has {spelling(capability)}, which does nothing without "
                    f"a transition {NEEDED[capability]} in authorized_role_changes; add it, or "
                    "drop the capability",
                    index,
                )


def unused_transitions(survey: Survey) -> Iterator[Finding]:
    """Yield transitions that no capability of the role makes use of."""
    policy = survey.policy
    for index in sorted(policy.powers):
        idle = [
            f"{source} to {target}"
            for source, target in transitions(policy, index)
            if not used(policy, index, source, target)
        ]
        if idle:
            yield note(
                LintRule.UNUSED_TRANSITION,
                f"{survey.name(index)} has no capability to make use of its transitions "
                f"{', '.join(idle)}; drop them, or give it the capability",
                index,
            )


def clientless(survey: Survey) -> Iterator[Finding]:
    """Yield roles whose holders cannot do what they may, since they have no clients."""
    policy = survey.policy
    for index in survey.roles:
        held = policy.role(index).capabilities
        if can_be_active(policy, index):
            continue
        idle = [each for each in held if int(each) >> 8 in WITH_CLIENTS]
        idle += held & {Capability.CAN_ADD_OWN_CLIENT, Capability.CAN_REMOVE_OWN_CLIENT}
        if idle:
            yield warning(
                LintRule.CLIENTLESS_CAPABILITIES,
                f"{survey.name(index)} has {spellings(idle)}, but its holders can have no clients; "
                "drop the capabilities, or raise maximum_active_participants_constraint",
                index,
            )
        if held and not can_act(policy, index):
            yield warning(
                LintRule.CANNOT_ACT,
                f"{survey.name(index)} has capabilities, but its holders have neither clients nor "
                "external proposals; set external_proposal_allowed, or let them have clients",
                index,
            )


def leaving(survey: Survey) -> Iterator[Finding]:
    """Yield members who cannot leave."""
    policy = survey.policy
    if policy.base.fixed_membership:
        return
    for index in survey.roles:
        is_free = Capability.CAN_REMOVE_SELF in policy.role(index).capabilities
        if index in survey.held and can_be_active(policy, index) and not is_free:
            yield note(
                LintRule.NO_LEAVING,
                f"who has {survey.name(index)} cannot leave the room; give it canRemoveSelf with "
                f"a transition from {index} to 0, if that is not meant",
                index,
            )


def sending(survey: Survey) -> Iterator[Finding]:
    """Yield that nobody can say anything."""
    if not any(
        Capability.CAN_SEND_MESSAGE in survey.policy.role(index).capabilities
        and can_be_active(survey.policy, index)
        for index in survey.held
    ):
        text = "nobody can send a message; give canSendMessage to a role whose holders have clients"
        yield warning(LintRule.NOBODY_SENDS, text)


CHECKS = (
    reachability,
    administrators,
    escalation,
    moving,
    unused_transitions,
    clientless,
    leaving,
    sending,
)
