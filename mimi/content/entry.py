"""What a person sees of a message: its entry in the conversation."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import ClassVar

import attrs

from mimi.content.extensions import Extensions
from mimi.content.model import Expiration, NestedPart
from mimi.content.status import Status
from mimi.content.words import text_of

LONGEST_TALLIED = 64
"""How many characters a reaction has at most to be counted: an emoji may be a dozen of them."""


class Reason(Enum):
    """Why an amendment has no effect."""

    NOT_AUTHORISED = auto()
    """Its sender may not do that."""
    NOT_FIRST_VERSION = auto()
    """It names an edit, where it should name the first version."""
    AFTER_DELETION = auto()
    """The message was withdrawn before, by the order of the room."""


@attrs.frozen
class RefusedAmendment:
    """An amendment without effect.

    Attributes:
        message_id: Its ID.
        sender: Who sent it.
        accepted: When the hub accepted it, in milliseconds since 1970.
        reason: Why it has none.
    """

    message_id: bytes
    sender: str
    accepted: int
    reason: Reason


@attrs.frozen
class ReportedStatus:
    """What one recipient says of one message.

    Attributes:
        message_id: The version that it is about.
        sender: The URI of the recipient.
        accepted: When the hub accepted the report, in milliseconds since 1970.
        status: What became of the message.
        place: Its place in the report, counted from 0.
    """

    message_id: bytes
    sender: str
    accepted: int
    status: Status
    place: int = 0


@attrs.frozen(unsafe_hash=False)
class Version:
    """The message as it was written first, or as an edit made it.

    Versions are compared by what they hold, and have no hash.

    Attributes:
        message_id: The ID of the message that made it.
        sender: Who sent that.
        accepted: When the hub accepted that, in milliseconds since 1970.
        part: Its body; None where the message has expired or is withdrawn.
        statuses: What became of it, by the recipients who reported.
    """

    message_id: bytes
    sender: str
    accepted: int
    part: NestedPart | None
    statuses: Mapping[str, Status]
    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # no key of a dictionary

    @property
    def text(self) -> str:
        """The body in words; see `Entry.text`."""
        return "" if self.part is None else text_of(self.part)


@attrs.frozen
class Reaction:
    """A reaction that nobody took back.

    Attributes:
        message_id: The ID of the message that brought it: what to replace to take it back.
        to: The ID of the version to which it reacts.
        sender: Who reacts.
        accepted: When the hub accepted it, in milliseconds since 1970.
        part: The reaction: most often a text of one emoji.
    """

    message_id: bytes
    to: bytes
    sender: str
    accepted: int
    part: NestedPart

    @property
    def text(self) -> str:
        """The reaction as a text of whatever length; empty where it is none."""
        return text_of(self.part)


@attrs.frozen(unsafe_hash=False)
class Entry:
    """A message with everything that came later.

    Entries are compared by what they hold, and have no hash: a key is their *message_id*, until the
    first version arrives.

    Attributes:
        message_id: The ID of the oldest version that has arrived.
        original_id: The ID of its first version, arrived or not: what an edit or a withdrawal
            names.
        author: The URI of the user who wrote it.
        accepted: When the hub accepted it, in milliseconds since 1970.
        versions: The first version and the edits that took effect, oldest first.
        part: The body now; None where the message has expired or is withdrawn.
        topic_id: Its topic; empty for none.
        in_reply_to: The version of a message to which it replies; None for none.
        expires: When it is to be deleted, as its author wrote that; None for never.
        expires_at: When it is hidden here, in seconds since 1970; None for never, or not before it
            is read.
        extensions: Its extensions.
        deleted_by: Who withdrew it; None for nobody.
        is_expired: Whether it has expired.
        read_at: When it was read here, in seconds since 1970; None for not yet.
        reactions: The reactions to any of its versions, oldest first; of one message that brings
            several at most `mimi.content.resolve.MOST_REACTIONS`.
        replies: The IDs of the replies to any of its versions, oldest first.
        refused: The amendments that have no effect, oldest first.
    """

    message_id: bytes
    original_id: bytes
    author: str
    accepted: int
    versions: tuple[Version, ...]
    part: NestedPart | None
    topic_id: bytes
    in_reply_to: bytes | None
    expires: Expiration | None
    expires_at: int | None
    extensions: Extensions
    deleted_by: str | None
    is_expired: bool
    read_at: int | None
    reactions: tuple[Reaction, ...]
    replies: tuple[bytes, ...]
    refused: tuple[RefusedAmendment, ...]
    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # no key of a dictionary

    @property
    def text(self) -> str:
        """The body in words, as they were sent: see `mimi.content.words`.

        Markdown stays Markdown: `mimi.content.gfm_mimi` renders it.
        """
        return "" if self.part is None else text_of(self.part)

    @property
    def latest_id(self) -> bytes:
        """The ID of the version that is seen: what a reply or a reaction should name."""
        return self.versions[-1].message_id

    @property
    def is_original_known(self) -> bool:
        """Whether the first version has arrived.

        Where it has not, the author is not known either: *versions* are edits of one sender, who
        may be anybody.
        """
        return self.message_id == self.original_id

    @property
    def is_edited(self) -> bool:
        """Whether it is not the first version that is seen."""
        return len(self.versions) > 1 or not self.is_original_known

    @property
    def is_deleted(self) -> bool:
        """Whether it was withdrawn: a placeholder says so."""
        return self.deleted_by is not None

    @property
    def is_hidden(self) -> bool:
        """Whether its body is not to be seen, since it has expired or was withdrawn."""
        return self.is_deleted or self.is_expired

    @property
    def statuses(self) -> Mapping[str, Status]:
        """What became of the last version, by the recipients who reported."""
        return self.versions[-1].statuses

    @property
    def tally(self) -> Mapping[str, tuple[str, ...]]:
        """From each reaction that is a short text to those who sent it, everybody once.

        Those of more than `LONGEST_TALLIED` characters are left out.
        """
        senders: dict[str, dict[str, None]] = {}
        for reaction in self.reactions:
            text = reaction.text
            if 0 < len(text) <= LONGEST_TALLIED:
                senders.setdefault(text, {})[reaction.sender] = None
        return {text: tuple(who) for text, who in senders.items()}


@attrs.frozen(unsafe_hash=False)
class Quotation:
    """To what a message replies.

    Attributes:
        message_id: The version that it names: `Conversation.entry` has all of the message.
        entry_id: The ID of the entry; None where the message has not arrived, or has no entry.
        author: The URI of the user who wrote it; None where there is no entry.
        version: The version; None where there is no entry, or the ID is that of an amendment
            without effect.
        is_outdated: Whether the message was edited after the version that the reply names.
    """

    message_id: bytes
    entry_id: bytes | None = None
    author: str | None = None
    version: Version | None = None
    is_outdated: bool = False
    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # no key of a dictionary

    @property
    def text(self) -> str:
        """What was replied to, in words; empty where it is not to be seen any more."""
        return "" if self.version is None else self.version.text


@attrs.frozen
class ReplyChain:
    """To what a message replies, and to what that replies, and so on.

    Attributes:
        message_ids: The IDs of the versions named, the nearest first.
        missing: The ID of the last one, if it has not arrived.
        is_loop: Whether the chain leads back to a message in it.
    """

    message_ids: tuple[bytes, ...]
    missing: bytes | None
    is_loop: bool
