"""Findings about the definitions of roles and about who is banned (sections 3 and 8.1.3)."""

from collections import Counter
from collections.abc import Iterator

from mimi.policy.capability import Capability
from mimi.policy.lint.finding import Finding, LintRule, error, note, warning
from mimi.policy.lint.survey import (
    Survey,
    can_be_active,
    minimum,
    spellings,
    transitions,
)
from mimi.policy.structures import BANNED, BANNED_NAME, NO_ROLE, Role


def repeated_roles(survey: Survey) -> Iterator[Finding]:
    """Yield roles of one index."""
    counts = Counter(int(role.role_index) for role in survey.policy.roles.roles)
    for index, count in sorted(counts.items()):
        if count > 1:
            yield error(
                LintRule.REPEATED_ROLE,
                f"{count} roles have the index {index}; give each an index of its own",
                index,
            )


def role_names(survey: Survey) -> Iterator[Finding]:
    """Yield roles that people cannot tell apart."""
    named: dict[bytes, list[int]] = {}
    for index, powers in sorted(survey.policy.powers.items()):
        named.setdefault(powers.role.role_name, []).append(index)
    for name, indexes in named.items():
        if not name:
            listed = ", ".join(map(str, indexes))
            text = f"roles without a name: {listed}; name them, for people choose by the name"
            yield note(LintRule.ROLE_NAME, text, *indexes)
        elif len(indexes) > 1:
            text = f"{survey.names(indexes)} have one name; give each a name of its own"
            yield warning(LintRule.ROLE_NAME, text, *indexes)


def undefined_roles(survey: Survey) -> Iterator[Finding]:
    """Yield transitions from and to roles that are not defined; 0 needs no definition."""
    known = {NO_ROLE, *survey.policy.powers}
    for index in sorted(survey.policy.powers):
        ends = {end for transition in transitions(survey.policy, index) for end in transition}
        if missing := sorted(ends - known):
            listed = ", ".join(map(str, missing))
            yield warning(
                LintRule.UNDEFINED_ROLE,
                f"{survey.name(index)} has transitions of roles that are not defined ({listed}); "
                "define these, or drop the transitions",
                index,
                *missing,
            )


def capabilities(survey: Survey) -> Iterator[Finding]:
    """Yield capabilities that are repeated, or that nobody has heard of."""
    for index, powers in sorted(survey.policy.powers.items()):
        counts = Counter(powers.role.role_capabilities)
        if repeated := [capability for capability, count in counts.items() if count > 1]:
            text = f"{survey.name(index)} has {spellings(repeated)} more than once; once is enough"
            yield note(LintRule.REPEATED_CAPABILITY, text, index)
        if unknown := [capability for capability in counts if not capability.is_named]:
            yield note(
                LintRule.UNKNOWN_CAPABILITY,
                f"{survey.name(index)} has {spellings(unknown)}, which allow nothing here; "
                "declare private ones by name, and drop what is a mistake",
                index,
            )


def repeated_transitions(survey: Survey) -> Iterator[Finding]:
    """Yield what is said twice, or says nothing, in `authorized_role_changes`."""
    for index, powers in sorted(survey.policy.powers.items()):
        changes = powers.role.authorized_role_changes
        counts = Counter(int(change.from_role_index) for change in changes)
        if repeated := sorted(source for source, count in counts.items() if count > 1):
            listed = ", ".join(map(str, repeated))
            yield note(
                LintRule.REPEATED_TRANSITION,
                f"{survey.name(index)} has several entries for the source role {listed}; write "
                "one, since not everybody may read them as one",
                index,
            )


def constraints(survey: Survey) -> Iterator[Finding]:
    """Yield numbers of which no count can be right."""
    for index in sorted(survey.policy.powers):
        role = survey.policy.role(index).role
        if index == NO_ROLE:
            if minimum(role) or role.maximum_participants_constraint is not None:
                yield note(
                    LintRule.USELESS_CONSTRAINT,
                    f"{survey.name(index)} has bounds, but nobody in the participant list has it; "
                    "drop them",
                    index,
                )
        elif text := _contradiction(role):
            yield error(
                LintRule.CONTRADICTORY_CONSTRAINTS,
                f"{survey.name(index)} has {text}; raise the maximum or lower the minimum",
                index,
            )
        elif _is_idle(role):
            yield note(
                LintRule.USELESS_CONSTRAINT,
                f"{survey.name(index)} may have more active participants than participants; "
                "lower maximum_active_participants_constraint, or drop it",
                index,
            )


def _contradiction(role: Role) -> str | None:
    least, most = role.minimum_participants_constraint, role.maximum_participants_constraint
    fewest = role.minimum_active_participants_constraint
    largest = role.maximum_active_participants_constraint
    if most is not None and least > most:
        return f"at least {least} and at most {most} participants"
    if largest is not None and fewest > largest:
        return f"at least {fewest} and at most {largest} active participants"
    if most is not None and fewest > most:
        return f"at least {fewest} active participants and at most {most} participants"
    return None


def _is_idle(role: Role) -> bool:
    most = role.maximum_participants_constraint
    largest = role.maximum_active_participants_constraint
    return most is not None and largest is not None and largest > most


def impossible_minima(survey: Survey) -> Iterator[Finding]:
    """Yield minima that together exceed what the room holds."""
    policy = survey.policy
    defined = {index: policy.role(index).role for index in survey.roles}
    demanding = [index for index, role in defined.items() if minimum(role)]
    users = sum(minimum(role) for role in defined.values())
    if not any(can_be_active(policy, index) for index in demanding):
        users += 1  # who creates the room has a client, and so another role
    active = sum(role.minimum_active_participants_constraint for role in defined.values())
    for what, least, limit, most in (
        ("participants", users, "max_users", policy.base.max_users),
        ("active participants", active, "max_clients", policy.base.max_clients),
    ):
        if most and least > most:
            yield error(
                LintRule.IMPOSSIBLE_MINIMA,
                f"the room needs {least} {what}, and {limit} is {most}; raise {limit}, or lower "
                f"the minima of {survey.names(demanding)}",
                *demanding,
            )


def nobody_takes_part(survey: Survey) -> Iterator[Finding]:
    """Yield that no client could ever be in the group."""
    policy = survey.policy
    if policy.base.max_users == 0 or policy.base.max_clients == 0:
        yield error(
            LintRule.NOBODY_TAKES_PART,
            "max_users or max_clients is 0, so that the room cannot even be created; "
            "raise it, or leave it out",
        )
    if not any(can_be_active(policy, index) for index in survey.roles):
        yield error(
            LintRule.NOBODY_TAKES_PART,
            "no role lets its holders have clients, so that the room cannot even be created; "
            "define one without maximum_active_participants_constraint = 0",
            *survey.roles,
        )


# Who is banned


def banned_name(survey: Survey) -> Iterator[Finding]:
    """Yield names by which a role looks like the one that bans, or does not."""
    policy = survey.policy
    if BANNED in policy.powers and not policy.has_banned:
        yield warning(
            LintRule.BANNED_NAME,
            f"{survey.name(BANNED)} does not ban, because its name is not banned; name it so, or "
            "give it another index",
            BANNED,
        )
    for index, powers in sorted(policy.powers.items()):
        if index != BANNED and powers.role.role_name.strip().lower() == BANNED_NAME:
            yield warning(
                LintRule.BANNED_NAME,
                f"{survey.name(index)} does not ban, because its index is not 1; give it that "
                "index, or another name",
                index,
            )


def banned_role(survey: Survey) -> Iterator[Finding]:
    """Yield what the banned role should not have."""
    if not survey.policy.has_banned:
        return
    powers = survey.policy.role(BANNED)
    if powers.capabilities:
        yield warning(
            LintRule.BANNED_CAPABILITIES,
            f"who is banned still has {spellings(powers.capabilities)}; take the capabilities "
            f"from {survey.name(BANNED)}",
            BANNED,
        )
    if minimum(powers.role):
        yield warning(
            LintRule.BANNED_CONSTRAINT,
            "the banned role has a minimum, so that somebody must be banned when the room is "
            "created, or nobody can be unbanned; set it to 0",
            BANNED,
        )
    most = powers.role.maximum_participants_constraint
    if most is not None:
        yield warning(
            LintRule.BANNED_CONSTRAINT,
            f"no more than {most} users can be banned; drop the maximum of the banned role",
            BANNED,
        )


def no_banned_role(survey: Survey) -> Iterator[Finding]:
    """Yield who could ban if there were the role for it."""
    if survey.policy.has_banned:
        return
    banning = {Capability.CAN_BAN, Capability.CAN_UNBAN}
    for index, powers in sorted(survey.policy.powers.items()):
        if held := powers.capabilities & banning:
            yield warning(
                LintRule.NO_BANNED_ROLE,
                f"{survey.name(index)} has {spellings(held)}, which needs a role of index 1 with "
                "the name banned; define it, or drop the capability",
                index,
            )


CHECKS = (
    repeated_roles,
    role_names,
    undefined_roles,
    capabilities,
    repeated_transitions,
    constraints,
    impossible_minima,
    nobody_takes_part,
    banned_name,
    banned_role,
    no_banned_role,
)
