"""The answer to requests: granted, with the ground of each action, or refused, with all reasons."""

from enum import Enum

import attrs

from mimi.policy.actions import Action, Actor
from mimi.policy.capability import Capability
from mimi.policy.errors import PolicyRefusedError


class Rule(Enum):
    """What forbids; sections are those of draft-ietf-mimi-room-policy-03."""

    CAPABILITY = "capability"
    """The actor's role lacks the capability (section 8)."""
    TRANSITION = "transition"
    """`authorized_role_changes` of the actor's role does not name the transition (section 3)."""
    JOIN = "join"
    """No way into the room is open to the joiner (section 8.1.1)."""
    PREAUTHORIZED_ROLE = "preauthorized-role"
    """The role is not the first that the preauthorised users component gives (section 4)."""
    MINIMUM_PARTICIPANTS = "minimum-participants"
    MAXIMUM_PARTICIPANTS = "maximum-participants"
    MINIMUM_ACTIVE_PARTICIPANTS = "minimum-active-participants"
    MAXIMUM_ACTIVE_PARTICIPANTS = "maximum-active-participants"
    MAX_USERS = "max-users"
    MAX_CLIENTS = "max-clients"
    MULTI_DEVICE = "multi-device"
    FIXED_MEMBERSHIP = "fixed-membership"
    PARENT_ROOM = "parent-room"
    PSEUDONYMS = "pseudonyms"
    UNKNOWN_ROLE = "unknown-role"
    """The room has no such role (section 3)."""
    ROLE_ZERO = "role-zero"
    """A participant cannot have the role 0 (section 3)."""
    ALREADY_PARTICIPANT = "already-participant"
    NO_PARTICIPANT = "no-participant"
    USER_TWICE = "user-twice"
    """More than one operation on a user (draft-ietf-mimi-protocol-06 section 7.5)."""
    ROLES_WITH_PARTICIPANTS = "roles-with-participants"
    PREAUTHORIZED_WITH_PARTICIPANTS = "preauthorized-with-participants"
    CLIENT_WITHOUT_PARTICIPANT = "client-without-participant"
    """A client whose user is no participant (draft-ietf-mimi-arch-02 section 4.2)."""
    REMOVED_CLIENT = "removed-client"
    """A client of a removed user would stay (section 8.1.2)."""
    BANNED_CLIENT = "banned-client"
    """A client of a banned user would stay or come (section 8.1.3)."""
    ROLE_IN_USE = "role-in-use"
    """New definitions lack a role that participants have."""
    ROOM_URI = "room-uri"
    """The room's URI does not change."""
    ESSENTIAL_COMPONENT = "essential-component"
    """Without the component the group would be no room."""
    IDENTITY = "identity"
    """A client is that of one user for good."""
    EXTERNAL_COMMIT = "external-commit"
    EXTERNAL_PROPOSAL = "external-proposal"
    HANDSHAKE_FORMAT = "handshake-format"
    MANDATORY_CAPABILITY = "mandatory-capability"
    FORBIDDEN_CAPABILITY = "forbidden-capability"


@attrs.frozen
class Refusal:
    """Why something is forbidden.

    Attributes:
        rule: What forbids it.
        reason: A sentence for a log.
        action: What is forbidden; None where it is the outcome of all actions.
        actor: Who asks for it; None where several had a part.
        role: The actor's role: 0 without one.
        capabilities: Each of them would have been enough, as far as it goes; none, where no
            capability helps.
        transition: The transition, from one role to another, that the actor's role lacks.
        bound: The number that must not be passed.
    """

    rule: Rule
    reason: str
    action: Action | None = None
    actor: Actor | None = None
    role: int = 0
    capabilities: tuple[Capability, ...] = ()
    transition: tuple[int, int] | None = None
    bound: int | None = None


@attrs.frozen
class Grant:
    """By what something is allowed.

    Attributes:
        action: What.
        capability: The capability that allows it; None for what follows from something else.
    """

    action: Action
    capability: Capability | None


@attrs.frozen
class Decision:
    """Whether everything that is asked for may be done.

    Attributes:
        refusals: All reasons against it; none, where it is allowed.
        grants: The grounds of what is allowed, action by action, up to the first refusal of each.
    """

    refusals: tuple[Refusal, ...]
    grants: tuple[Grant, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """Whether there is no reason against it."""
        return not self.refusals

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that forbid it, each once."""
        return tuple(dict.fromkeys(refusal.rule for refusal in self.refusals))

    def check(self) -> None:
        """Raise what forbids it, if anything does.

        Raises:
            PolicyRefusedError: Something does.
        """
        if self.refusals:
            raise PolicyRefusedError(self)
