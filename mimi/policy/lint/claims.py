"""Findings about who is preauthorised (section 4)."""

from collections.abc import Iterator

from mimi.policy.capability import Capability
from mimi.policy.lint.finding import Finding, LintRule, warning
from mimi.policy.lint.survey import Survey
from mimi.policy.structures import NO_ROLE, PreAuthRoleEntry

FROM_OUTSIDE = frozenset(
    (
        Capability.CAN_ADD_PARTICIPANT,
        Capability.CAN_REMOVE_PARTICIPANT,
        Capability.CAN_CREATE_JOIN_CODE,
        Capability.CAN_DELETE_JOIN_CODE,
        Capability.CAN_USE_JOIN_CODE,
        Capability.CAN_BAN,
        Capability.CAN_UNBAN,
        Capability.CAN_KICK,
        Capability.CAN_CHANGE_USER_ROLE,
    )
)
"""What a preauthorised sender can do, besides changing metadata and policy, and never join."""


def _entries(survey: Survey) -> Iterator[tuple[int, PreAuthRoleEntry]]:
    yield from enumerate(survey.policy.preauthorized.preauthorized_entries, 1)


def unmatchable(survey: Survey) -> Iterator[Finding]:
    """Yield claims that no credential makes together."""
    for place, entry in _entries(survey):
        kinds = {int(claim.claim_id.credential_type) for claim in entry.claimset}
        if len(kinds) > 1:
            yield warning(
                LintRule.UNMATCHABLE_CLAIMS,
                f"no credential matches entry {place} of preauth_list, because its claims are of "
                "several credential types; make an entry for each of them",
                int(entry.target_role),
            )
        values: dict[tuple[int, bytes], set[bytes]] = {}
        for claim in entry.claimset:
            at = (int(claim.claim_id.credential_type), claim.claim_id.id)
            values.setdefault(at, set()).add(claim.claim_value)
        if several := [at[1] for at, each in values.items() if len(each) > 1]:
            named = ", ".join(repr(each)[1:] for each in several)
            yield warning(
                LintRule.UNMATCHABLE_CLAIMS,
                f"entry {place} of preauth_list asks for several values of one claim ({named}), "
                "which only a credential has that makes the claim more than once; make an entry "
                "for each value",
                int(entry.target_role),
            )


def shadowed(survey: Survey) -> Iterator[Finding]:
    """Yield entries that never come first: whoever matches them matches an earlier one."""
    earlier: list[tuple[int, frozenset[object]]] = []
    for place, entry in _entries(survey):
        claims = frozenset(entry.claimset)
        first = next((number for number, fewer in earlier if fewer <= claims), None)
        if first is not None:
            yield warning(
                LintRule.SHADOWED_ENTRY,
                f"entry {place} of preauth_list is never used, because entry {first} comes before "
                "it and asks for no more; put it first, or drop it",
                int(entry.target_role),
            )
        if entry.target_role != NO_ROLE:
            earlier.append((place, claims))


def anyone(survey: Survey) -> Iterator[Finding]:
    """Yield entries that ask for nothing."""
    for place, entry in _entries(survey):
        if not entry.claimset and entry.target_role != NO_ROLE:
            role = survey.name(int(entry.target_role))
            yield warning(
                LintRule.ANYONE_PREAUTHORIZED,
                f"entry {place} of preauth_list gives everybody in the world {role}; add claims, "
                "or let role 0 join openly",
                int(entry.target_role),
            )


def useless(survey: Survey) -> Iterator[Finding]:
    """Yield entries that lead nowhere."""
    policy = survey.policy
    changeable = any(
        Capability.CAN_CHANGE_OWN_ROLE in powers.capabilities
        for index, powers in policy.powers.items()
        if index != NO_ROLE
    )
    for place, entry in _entries(survey):
        target = int(entry.target_role)
        where = f"entry {place} of preauth_list"
        if target == NO_ROLE:
            text = f"{where} is for role 0, which is passed over; name a role, or drop it"
            yield warning(LintRule.USELESS_ENTRY, text, target)
        elif target not in policy.powers:
            text = f"{where} is for role {target}, which is not defined; define it, or drop it"
            yield warning(LintRule.UNDEFINED_ROLE, text, target)
        elif not changeable and not _is_of_use(policy.role(target).capabilities):
            yield warning(
                LintRule.USELESS_ENTRY,
                f"{where} allows nothing: {survey.name(target)} lacks canJoinIfPreauthorized, "
                "nobody can change its own role, and from outside the role can do nothing; give "
                "it canJoinIfPreauthorized, or drop the entry",
                target,
            )


def _is_of_use(held: frozenset[Capability]) -> bool:
    """Return whether a role is worth being preauthorised for: to join, or to act from outside."""
    return Capability.CAN_JOIN_IF_PREAUTHORIZED in held or any(
        capability in FROM_OUTSIDE or 0x0300 <= capability < 0x0380 or capability >= 0x0501
        for capability in held
    )


CHECKS = (unmatchable, shadowed, anyone, useless)
