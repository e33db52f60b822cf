"""What happens in a room, as a device sees it: a closed union, to be matched exhaustively.

They come of what the hub fans out (section 5.5), and of its answers (sections 5.3 and 5.4). Times
are when the hub accepted something, in milliseconds since 1970-01-01T00:00Z.
"""

from enum import Enum
from typing import TypeAlias

import attrs

from mimi.content.model import Message
from mimi.errors import MimiError
from mimi.mls.proposal import Proposal
from mimi.policy.messages import Reception


@attrs.frozen
class MessageShown:
    """A message came into the conversation: another's, or one's own that the hub accepted.

    Attributes:
        message_id: Its ID.
        message: What it says.
        sender: The canonical URI of its sender's user.
        accepted: When.
        reception: What the policy lets the receiver do with it; None for one's own.
    """

    message_id: bytes
    message: Message
    sender: bytes
    accepted: int
    reception: Reception | None = None


@attrs.frozen
class MessageRefused:
    """A message is not shown: it breaks a rule, of the protocol or of the room.

    Attributes:
        error: Which.
        sender: The canonical URI of its sender's user; None where that is not known.
        accepted: When.
    """

    error: MimiError
    sender: bytes | None
    accepted: int


@attrs.frozen
class RoomChanged:
    """A commit took effect.

    Attributes:
        epoch: The epoch that it opened.
        accepted: When.
        by: The canonical URI of the user who committed it.
        joined: From users who came into the participant list to their roles.
        left: Who is not in it any more.
        roles: From participants whose role changed to what it was, and what it is.
        clients: From users to how many clients they had, and have, where that changed.
        is_policy_changed: Whether anything else of the room changed.
    """

    epoch: int
    accepted: int
    by: bytes
    joined: tuple[tuple[bytes, int], ...] = ()
    left: tuple[bytes, ...] = ()
    roles: tuple[tuple[bytes, int, int], ...] = ()
    clients: tuple[tuple[bytes, int, int], ...] = ()
    is_policy_changed: bool = False


@attrs.frozen
class RemovedMe:
    """The device was removed from the room.

    Attributes:
        by: The canonical URI of the user who committed it.
        accepted: When.
        role: The role that the user has now: 0 for none, perhaps that of the banned.
    """

    by: bytes
    accepted: int
    role: int


@attrs.frozen
class RoomOver:
    """The last ones are leaving: nobody is left to commit it, and the hub takes nothing more.

    The room is closed. One that persists begins anew, with a group that somebody creates.

    Attributes:
        accepted: When, or when that was known.
    """

    accepted: int


@attrs.frozen
class Joined:
    """The device is in the room.

    Attributes:
        epoch: In which epoch.
        accepted: When.
    """

    epoch: int
    accepted: int


@attrs.frozen
class Proposed:
    """Something is proposed: nobody can send messages before it is committed.

    Attributes:
        reference: By what a commit refers to it.
        proposal: What.
        by: The canonical URI of the participant; None where it has none.
        accepted: When.
    """

    reference: bytes
    proposal: Proposal
    by: bytes | None
    accepted: int


class Next(Enum):
    """What to do about what the hub did not take."""

    CATCH_UP = "catch-up"
    """Process what was missed: a change is decided by that; a message is to be sent anew."""
    TRY_AGAIN = "try-again"
    """Make it anew.

    Something else came first, what was wrong with it is forgotten, or it has missed what was
    proposed meanwhile, which it must cover.
    """
    GIVE_UP = "give-up"
    """It is not allowed, and nothing that the device knows would change that.

    If `Proposed` follows, a commit has missed what it must cover: make it anew.
    """
    JOIN_AGAIN = "join-again"
    """Ask for the group info again."""
    SEND_AGAIN = "send-again"
    """Send the same request again, later: nobody knows whether it was heard."""
    RESYNC = "resync"
    """Come back by a commit from outside: the hub is behind."""


@attrs.frozen
class ChangeRefused:
    """A change of one's own does not take place.

    Attributes:
        next: What to do.
        reason: What the hub says, for people; empty for nothing.
    """

    next: Next
    reason: str = ""


@attrs.frozen
class NotSent:
    """The hub did not take a message.

    Attributes:
        message: Which: encrypted anew, it has the same ID.
        message_id: Its ID.
        next: What to do: to catch up and encrypt it anew, to send the same request again, or to
            give up.
    """

    message: Message
    message_id: bytes
    next: Next


@attrs.frozen
class LeaveLost:
    """The epoch has ended in which the user wanted to leave.

    Leave again, unless the hub proposes it for the user.
    """

    epoch: int


@attrs.frozen
class Kept:
    """Something cannot be processed before something else arrives: it is kept.

    Attributes:
        epoch: Its epoch.
    """

    epoch: int


@attrs.frozen
class Passed:
    """Nothing to do: it is a duplicate, too late, or one's own.

    Attributes:
        error: Why it was passed over; None where nothing is wrong.
    """

    error: MimiError | None = None


@attrs.frozen
class NeedsResync:
    """The device cannot follow the room any more: come back by a commit from outside.

    Attributes:
        reason: What it cannot process; None where something did not arrive in time.
    """

    reason: MimiError | None = None


Event: TypeAlias = (
    MessageShown
    | MessageRefused
    | RoomChanged
    | RemovedMe
    | RoomOver
    | Joined
    | Proposed
    | ChangeRefused
    | NotSent
    | LeaveLost
    | Kept
    | Passed
    | NeedsResync
)
