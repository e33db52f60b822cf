"""What a sender had seen last: order without a hub (draft-mimi-content-more-extensions-00).

Each message names the latest ones that its sender knew of, so that the messages of a room are a
graph which shows what was sent after what (section 6)::

    Alice: pizza? ──┬── Bob: no pineapple ──┬── Doug: both of you are right
                    └── Cathy: yes! ────────┘
"""

from collections.abc import Callable, Collection, Container, Iterable, Mapping
from typing import Annotated, TypeAlias

from mimi.codec.cddl import Count, Refusal, bare
from mimi.content.companions import ExternalMessageId, Scope, check_scope
from mimi.content.errors import (
    EmptyLastSeenError,
    ExcessiveLastSeenError,
    LastSeenLoopError,
    MixedLastSeenError,
)
from mimi.content.extensions import extension
from mimi.content.model import MessageId

MOST_LAST_SEEN = 65535
MOST_FOLLOWED = 4096

Reference: TypeAlias = bytes | ExternalMessageId
"""A message ID or an external message ID."""


@extension(256)
@bare
class LastSeen:
    """The latest messages that the sender knew of (section 6).

    Attributes:
        ids: Message IDs, or external message IDs, but not both; none for a sender that has seen
            nothing yet.
    """

    ids: Annotated[tuple[MessageId | ExternalMessageId, ...], Count(0, MOST_LAST_SEEN)]

    def refusal(self) -> Refusal | None:
        """Return what is wrong with the IDs together, if anything."""
        if len({type(reference) for reference in self.ids}) > 1:
            return Refusal(MixedLastSeenError, "message IDs and external message IDs")
        return None


def latest(known: Mapping[Reference, Iterable[Reference]]) -> LastSeen:
    """Return what to send: the known messages that no other known message names, in their order.

    Args:
        known: From the messages, by one kind of ID, to what each of them names as last seen.
    """
    seen = {reference for last in known.values() for reference in last}
    return LastSeen(tuple(reference for reference in known if reference not in seen))


def check_last_seen(
    last_seen: LastSeen,
    *,
    sender_has_sent: bool,
    scopes: Container[Scope] | None = None,
    most: int = MOST_LAST_SEEN,
) -> None:
    """Check that what a sender says to have seen last is nothing that only a malicious one says.

    Two anomalies more: a mix of both kinds of ID is not decoded at all, and `check_loop` finds
    loops.

    Args:
        last_seen: The sender's.
        sender_has_sent: Whether an earlier message of that sender in this room is known.
        scopes: The scopes of external message IDs that are expected; None for any.
        most: How many messages it may name.

    Raises:
        EmptyLastSeenError: It names none, although the sender has sent some.
        ExcessiveLastSeenError: It names more than *most*.
        UnexpectedScopeError: It names one of another system.
    """
    count = len(last_seen.ids)
    if sender_has_sent and not count:
        raise EmptyLastSeenError("nothing seen, but something sent before")
    if count > most:
        raise ExcessiveLastSeenError(
            f"{count} messages last seen, {most} permitted", count=count, permitted=most
        )
    for reference in last_seen.ids:
        if isinstance(reference, ExternalMessageId):
            check_scope(reference, scopes)


def check_loop(
    last_seen: LastSeen,
    *,
    own: Collection[Reference],
    last_seen_of: Callable[[Reference], Iterable[Reference] | None],
    most_followed: int = MOST_FOLLOWED,
) -> None:
    """Check that no message that was seen before this one has seen it in turn.

    A loop closes with the last of its messages to arrive, so that only messages which others have
    named already need to be checked, by whoever keeps a list of those. Message IDs alone, being
    hashes, make no loops; external ones do.

    Args:
        last_seen: What the message that arrived names.
        own: The IDs of that message: its message ID, and its external one where it has one.
        last_seen_of: From an ID to what that message names; None for one that is not known.
        most_followed: How many messages are looked at, the nearest first; beyond them nothing is
            found, so that no message takes more time than that.

    Raises:
        LastSeenLoopError: There is such a message.
    """
    waiting: list[Reference] = list(last_seen.ids)
    found = set(waiting)
    for at in range(most_followed):
        if at == len(waiting):
            return
        reference = waiting[at]
        if reference in own:
            raise LastSeenLoopError("a message seen before itself", message=_name(reference))
        for other in last_seen_of(reference) or ():
            if other not in found:
                found.add(other)
                waiting.append(other)


def _name(reference: Reference) -> str:
    return (reference if isinstance(reference, bytes) else reference.native_id).hex()
