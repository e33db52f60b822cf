"""What a linter says of a policy."""

from enum import Enum

import attrs


class Severity(Enum):
    """How bad it is."""

    ERROR = "error"
    """The room cannot work, or the draft forbids it."""
    WARNING = "warning"
    """The room works, but hardly as was meant."""
    NOTE = "note"
    """It may well be meant so; who reads the policy should know it."""


class LintRule(Enum):
    """What a finding is about; sections are of draft-ietf-mimi-room-policy-03."""

    # Definitions of roles (section 3)
    REPEATED_ROLE = "repeated-role"
    ROLE_NAME = "role-name"
    UNDEFINED_ROLE = "undefined-role"
    REPEATED_CAPABILITY = "repeated-capability"
    UNKNOWN_CAPABILITY = "unknown-capability"
    REPEATED_TRANSITION = "repeated-transition"
    CONTRADICTORY_CONSTRAINTS = "contradictory-constraints"
    USELESS_CONSTRAINT = "useless-constraint"
    IMPOSSIBLE_MINIMA = "impossible-minima"
    NOBODY_TAKES_PART = "nobody-takes-part"

    # Who is banned (section 8.1.3)
    BANNED_NAME = "banned-name"
    BANNED_CAPABILITIES = "banned-capabilities"
    BANNED_CONSTRAINT = "banned-constraint"
    NO_BANNED_ROLE = "no-banned-role"

    # Powers (section 8)
    UNREACHABLE_ROLE = "unreachable-role"
    FOUNDERS_ROLE = "founders-role"
    NO_ADMINISTRATOR = "no-administrator"
    LAST_ADMINISTRATOR = "last-administrator"
    SELF_ESCALATION = "self-escalation"
    ESCALATION = "escalation"
    ADMINISTRATOR_REMOVABLE = "administrator-removable"
    CAPABILITY_WITHOUT_TRANSITION = "capability-without-transition"
    UNUSED_TRANSITION = "unused-transition"
    CLIENTLESS_CAPABILITIES = "clientless-capabilities"
    CANNOT_ACT = "cannot-act"
    NO_LEAVING = "no-leaving"
    NOBODY_SENDS = "nobody-sends"

    # Ways in (sections 4, 5, 6.2 and 8.1.1)
    OPEN_JOIN_ROLE = "open-join-role"
    OUTSIDERS = "outsiders"
    JOIN_AS_BANNED = "join-as-banned"
    NO_EXTERNAL_COMMITS = "no-external-commits"
    NO_WAY_IN = "no-way-in"
    UNUSED_CAPABILITY = "unused-capability"
    UNMATCHABLE_CLAIMS = "unmatchable-claims"
    SHADOWED_ENTRY = "shadowed-entry"
    ANYONE_PREAUTHORIZED = "anyone-preauthorized"
    USELESS_ENTRY = "useless-entry"
    JOIN_LINKS = "join-links"

    # The base policy (section 5)
    FIXED_MEMBERSHIP = "fixed-membership"
    FIXED_MEMBERSHIP_UNUSED = "fixed-membership-unused"
    PARENT_ROOM = "parent-room"
    UNLISTED_COMPONENT = "unlisted-component"
    LOCKED_COMPONENT = "locked-component"

    # Other components (sections 6 and 7)
    INVALID_COMPONENT = "invalid-component"
    HISTORY_ROLES = "history-roles"
    BOT_ROLE = "bot-role"
    REQUIRED_STATUS = "required-status"
    LINK_PREVIEWS = "link-previews"
    EXPIRATION = "expiration"
    ASSETS = "assets"
    HANDSHAKE_FORMATS = "handshake-formats"


@attrs.frozen
class Finding:
    """Something about a policy that its author should know.

    Attributes:
        rule: What it is about.
        severity: How bad it is.
        roles: The indexes of the roles that it concerns; none, where it is the whole room.
        explanation: What is so, and what to do about it, in a sentence.
    """

    rule: LintRule
    severity: Severity
    roles: tuple[int, ...]
    explanation: str

    def __str__(self) -> str:
        return f"{self.severity.value} {self.rule.value}: {self.explanation}"


def error(rule: LintRule, explanation: str, *roles: int) -> Finding:
    """Return a finding by which the room cannot work, or which the draft forbids."""
    return Finding(rule, Severity.ERROR, roles, explanation)


def warning(rule: LintRule, explanation: str, *roles: int) -> Finding:
    """Return a finding of what is hardly meant."""
    return Finding(rule, Severity.WARNING, roles, explanation)


def note(rule: LintRule, explanation: str, *roles: int) -> Finding:
    """Return a finding of what may well be meant."""
    return Finding(rule, Severity.NOTE, roles, explanation)
