"""Findings about ways into the room without being added (sections 6.2 and 8.1.1)."""

from collections.abc import Iterator

from mimi.policy.capability import Capability, spelling
from mimi.policy.lint.finding import Finding, LintRule, error, note, warning
from mimi.policy.lint.survey import Survey, joined, preauthorized, spellings, used
from mimi.policy.structures import BANNED, JOIN_LINK_POLICY, NO_ROLE, JoinLinkPolicy

BY_ONESELF = (
    Capability.CAN_OPEN_JOIN,
    Capability.CAN_JOIN_IF_PREAUTHORIZED,
    Capability.CAN_USE_JOIN_CODE,
)
OUTSIDE = frozenset(
    (
        Capability.CAN_OPEN_JOIN,
        Capability.CAN_USE_JOIN_CODE,
        Capability.CAN_KNOCK,
        Capability.CAN_CREATE_ROOM,
    )
)
"""What may well be for those who are no participants."""


def open_join_roles(survey: Survey) -> Iterator[Finding]:
    """Yield roles other than 0 that have canOpenJoin."""
    for index, powers in sorted(survey.policy.powers.items()):
        if index != NO_ROLE and Capability.CAN_OPEN_JOIN in powers.capabilities:
            yield error(
                LintRule.OPEN_JOIN_ROLE,
                f"{survey.name(index)} has canOpenJoin, which only role 0 may have; move it there",
                index,
            )


def outsiders(survey: Survey) -> Iterator[Finding]:
    """Yield what everybody in the world may do."""
    policy = survey.policy
    if more := policy.role(NO_ROLE).capabilities - OUTSIDE:
        yield warning(
            LintRule.OUTSIDERS,
            f"everybody who is no participant has {spellings(more)}; take it from role 0",
            NO_ROLE,
        )
    own = {Capability.CAN_OPEN_JOIN, Capability.CAN_USE_JOIN_CODE}
    is_named = policy.has_banned and policy.role(NO_ROLE).may_move(NO_ROLE, BANNED)
    if is_named and own & set(used(policy, NO_ROLE, NO_ROLE, BANNED)):
        yield warning(
            LintRule.JOIN_AS_BANNED,
            "who joins may join as banned; take 1 from the transitions of role 0",
            NO_ROLE,
        )


def no_external_commits(survey: Survey) -> Iterator[Finding]:
    """Yield ways in that the operational parameters close."""
    policy = survey.policy
    if policy.operational.external_commit_allowed:
        return
    held = {c for powers in policy.powers.values() for c in powers.capabilities}
    if closed := held & set(BY_ONESELF):
        yield warning(
            LintRule.NO_EXTERNAL_COMMITS,
            f"the room has {spellings(closed)}, but nobody may join by a commit; set "
            "external_commit_allowed, or drop the capabilities",
        )


def no_way_in(survey: Survey) -> Iterator[Finding]:
    """Yield that who finds the room cannot join it."""
    policy = survey.policy
    if policy.base.discoverable and not (joined(policy) or _link_users(survey)):
        yield warning(
            LintRule.NO_WAY_IN,
            "the room can be found, but nobody who finds it can join; let role 0 join, "
            "preauthorise somebody, or set discoverable to false",
        )


def _link_users(survey: Survey) -> list[int]:
    """Return the roles that can use joining links."""
    return [
        index
        for index, powers in sorted(survey.policy.powers.items())
        if Capability.CAN_USE_JOIN_CODE in powers.capabilities
    ]


def unused_capabilities(survey: Survey) -> Iterator[Finding]:
    """Yield ways in and up that need an entry or a link which is not there."""
    policy = survey.policy
    targets, powers = preauthorized(policy), sorted(policy.powers.items())
    idle = {
        Capability.CAN_JOIN_IF_PREAUTHORIZED: [at for at, _ in powers if at not in targets],
        Capability.CAN_CHANGE_OWN_ROLE: [at for at, _ in powers if not targets - {at}],
    }
    for capability, indexes in idle.items():
        holders = [at for at in indexes if capability in policy.role(at).capabilities]
        if holders and not policy.base.fixed_membership:
            yield note(
                LintRule.UNUSED_CAPABILITY,
                f"{spelling(capability)} does nothing for {survey.names(holders)}, because no "
                "entry of preauth_list gives the role to take; add entries, or drop the capability",
                *holders,
            )
    users = _link_users(survey)
    if users and not policy.join_links and not survey.holders(Capability.CAN_CREATE_JOIN_CODE):
        yield note(
            LintRule.UNUSED_CAPABILITY,
            f"{survey.names(users)} can use joining links, but there are none and nobody can "
            "create one; give canCreateJoinCode to a role that somebody has",
            *users,
        )


def join_links(survey: Survey) -> Iterator[Finding]:
    """Yield joining links that nobody can use, or that no new one can follow."""
    policy = survey.policy
    if policy.join_links and not _link_users(survey):
        yield warning(
            LintRule.JOIN_LINKS,
            "there are joining links, but nobody can use them; give canUseJoinCode to role 0, or "
            "take the links away",
        )
    rules = policy.component(JOIN_LINK_POLICY, JoinLinkPolicy)
    if rules is None:
        return
    if rules.on_request and len(policy.join_links) > 1:
        yield error(
            LintRule.JOIN_LINKS,
            f"there are {len(policy.join_links)} joining links, but on_request allows one; take "
            "the others away",
        )
    if not rules.expiration:
        yield warning(
            LintRule.JOIN_LINKS,
            "joining links expire at once; set their expiration to more than 0 seconds",
        )


CHECKS = (
    open_join_roles,
    outsiders,
    no_external_commits,
    no_way_in,
    unused_capabilities,
    join_links,
)
