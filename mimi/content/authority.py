"""Who may change whose message: a question that a room's policy answers.

Nobody but the author may edit or withdraw a message, and nobody may change anything but its body,
unless a concrete policy says so (draft-ietf-mimi-content-08 section 9.3). A policy is a function
from a question to yes or no::

    def moderated(question: Question) -> bool:
        return author_alone(question) or (
            question.right is Right.DELETE and question.actor in moderators
        )
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import TypeAlias

import attrs

from mimi.content.model import Message


class Right(Enum):
    """What somebody wants to do with a message that is there."""

    EDIT = auto()
    """Give it another body."""
    DELETE = auto()
    """Withdraw it; of a reaction: take it back."""
    CHANGE_TOPIC = auto()
    CHANGE_EXPIRY = auto()
    CHANGE_REPLY = auto()
    """Make it a reply to another message."""
    CHANGE_EXTENSIONS = auto()
    """Give it other extensions.

    They are not compared with those that it has: that cannot be done any more when they are erased.
    So each edit of somebody who may do this has an effect.
    """


@attrs.frozen
class Arrival:
    """A message, as it came.

    Attributes:
        message: What it says.
        message_id: Its ID.
        sender: The URI of the user who sent it.
        accepted: When the hub accepted it, in milliseconds since 1970.
        is_erased: Whether all that it said was dropped, because the message expired or was
            withdrawn.
        place: Its place in the room: by time, and by ID at the same time (section 5.11).
    """

    message: Message
    message_id: bytes
    sender: str
    accepted: int
    is_erased: bool = attrs.field(default=False, kw_only=True)
    place: tuple[int, bytes] = attrs.field(init=False, repr=False, eq=False)

    @place.default
    def _(self) -> tuple[int, bytes]:
        return self.accepted, self.message_id


@attrs.frozen
class Question:
    """May *actor* do that to the message?

    Attributes:
        right: What is to be done.
        original: The message in its first version; where that has not arrived, the first edit of
            one sender, who says that it is theirs.
        amendment: The message that would do it.
    """

    right: Right
    original: Arrival
    amendment: Arrival

    @property
    def actor(self) -> str:
        """The URI of the user who wants it."""
        return self.amendment.sender

    @property
    def author(self) -> str:
        """The URI of the user whose message it is."""
        return self.original.sender


Authority: TypeAlias = Callable[[Question], bool]
"""A policy. The same question has the same answer always: it may be asked again and again.

It must not depend on bodies, extensions and salts: erased messages have none.
"""


def author_alone(question: Question) -> bool:
    """Let authors edit and withdraw what they wrote, and nobody anything else."""
    return question.right in (Right.EDIT, Right.DELETE) and question.actor == question.author
