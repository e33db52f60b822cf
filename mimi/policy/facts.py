"""What a policy needs to know of a message, and what it answers.

The policy of a room knows nothing of the format of messages: a client says what a message does, as
`MessageFacts`, before it is sent and when it has been received.
"""

from enum import Enum

import attrs

from mimi.policy.capability import Capability
from mimi.policy.errors import MessageRefusedError
from mimi.policy.media import read_media_type


class Act(Enum):
    """What a message is. Whose a message is, its first author's URI says."""

    MESSAGE = "message"
    """One of its own."""
    REPLY = "reply"
    REACTION = "reaction"
    EDIT_OWN_MESSAGE = "edit-own-message"
    EDIT_OTHER_MESSAGE = "edit-other-message"
    EDIT_OWN_REACTION = "edit-own-reaction"
    EDIT_OTHER_REACTION = "edit-other-reaction"
    DELETE_OWN_MESSAGE = "delete-own-message"
    DELETE_OTHER_MESSAGE = "delete-other-message"
    DELETE_OWN_REACTION = "delete-own-reaction"
    DELETE_OTHER_REACTION = "delete-other-reaction"
    CHANGE_OWN_TOPIC = "change-own-topic"
    """An edit of a message of one's own that changes nothing but the topic."""
    CHANGE_OTHER_TOPIC = "change-other-topic"
    """The same, of a message of somebody else."""
    NOTIFICATION = "notification"
    """Nothing but what has become of others' messages, as `MessageFacts.notifies` says."""


class Topic(Enum):
    """What a message does with topics."""

    NONE = "none"
    """It has none; or an edit leaves it as it was."""
    STARTED = "started"
    """It has one, and is no reply within it."""
    REPLIED_IN = "replied-in"
    """It is a reply, with the topic of what it replies to."""
    CHANGED = "changed"
    """It is an edit that changes the topic beside the content."""


class Notification(Enum):
    """What is told of a message."""

    DELIVERY = "delivery"
    """That it has arrived."""
    READ = "read"
    """That it has been read."""


class AssetKind(Enum):
    """As what an asset counts (section 8.4)."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    ATTACHMENT = "attachment"


@attrs.frozen
class AssetFacts:
    """A file that comes with a message: kept elsewhere, or in the message itself.

    Attributes:
        media_type: Its content type, with parameters.
        is_attachment: Whether its disposition is ``attachment``.
        size: Its octets; None where they are not known yet.
        host: The host of the URL from which it is had; None where it is in the message.
    """

    media_type: str
    is_attachment: bool = False
    size: int | None = None
    host: str | None = None

    @property
    def kind(self) -> AssetKind:
        """As what it counts: images, audio and video that are not attached, else an attachment.

        Section 8.4 speaks of those with the disposition ``render``. What is shown in another way
        than as an attachment counts alike; a file of another type, shown or not, is a file.
        """
        media_type = None if self.is_attachment else read_media_type(self.media_type)
        if media_type is None:
            return AssetKind.ATTACHMENT
        return _KINDS.get(media_type.type.lower().split(b"/")[0], AssetKind.ATTACHMENT)


_KINDS = {kind.value.encode(): kind for kind in (AssetKind.IMAGE, AssetKind.AUDIO, AssetKind.VIDEO)}


@attrs.frozen
class BotFacts:
    """That a bot sends a message as a participant, and how.

    Attributes:
        name: What the room's policy calls it.
        is_targeted: Whether the message goes to some users alone.
        is_per_user: Whether each user gets another content.
    """

    name: bytes
    is_targeted: bool = False
    is_per_user: bool = False


@attrs.frozen
class MessageFacts:
    """What a message does.

    Attributes:
        sender: The canonical URI of its sender's user.
        act: What it is.
        topic: What it does with topics.
        assets: The files that come with it.
        media_types: The content types of its other parts.
        bare_links: Whether it has inline links without previews.
        previewed_links: Whether it has inline links with previews.
        expiry: Seconds from when it is sent, or read, to when it expires; None for never.
        notifies: What a notification tells.
        bot: Which bot sends it; None where it is none that takes part.
    """

    sender: bytes
    act: Act = Act.MESSAGE
    topic: Topic = Topic.NONE
    assets: tuple[AssetFacts, ...] = ()
    media_types: tuple[str, ...] = ()
    bare_links: bool = False
    previewed_links: bool = False
    expiry: int | None = None
    notifies: frozenset[Notification] = frozenset()
    bot: BotFacts | None = None


class MessageRule(Enum):
    """What forbids; sections are of draft-ietf-mimi-room-policy-03."""

    CAPABILITY = "capability"
    """The role lacks the capability (sections 8.3 and 8.4)."""
    EDIT_OTHER = "edit-other"
    """No capability allows to edit what another has written (section 8.3)."""
    DELIVERY_NOTIFICATION = "delivery-notification"
    """Delivery notifications are forbidden (section 6.1)."""
    READ_NOTIFICATION = "read-notification"
    """Read receipts are forbidden (section 6.1)."""
    PREVIEW_REQUIRED = "preview-required"
    """A link has no preview, and previews are required (section 6.3)."""
    PREVIEW_FORBIDDEN = "preview-forbidden"
    """A link has a preview, and previews are forbidden (section 6.3)."""
    MAX_SIZE = "max-size"
    """An asset is larger than those of its kind may be (section 6.4)."""
    MEDIA_TYPE_FORBIDDEN = "media-type-forbidden"
    """A media type is among the forbidden ones (section 6.4)."""
    MEDIA_TYPE_NOT_PERMITTED = "media-type-not-permitted"
    """There is a list of permitted media types, and it is not among them (section 6.4)."""
    UPLOAD_DOMAIN = "upload-domain"
    """An asset is kept where the sender's are not to be (section 6.4)."""
    DOWNLOAD_TYPE = "download-type"
    """Assets are not to be downloaded in this way (section 6.4)."""
    HISTORY_FORBIDDEN = "history-forbidden"
    """History is not shared (section 6.6)."""
    HISTORY_ROLE = "history-role"
    """The role is not one of those that share history (section 6.6)."""
    HISTORY_AUTOMATIC = "history-automatic"
    """History is shared when a user says so, and nobody has (section 6.6)."""
    HISTORY_AGE = "history-age"
    """The history is older than what is shared (section 6.6)."""
    BOT = "bot"
    """The room allows no such bot (section 6.7)."""
    BOT_LOCAL = "bot-local"
    """A bot sends that takes no part itself, such as one local to a client (section 6.7)."""
    BOT_ROLE = "bot-role"
    """A bot has another role than its own (section 6.7)."""
    BOT_TARGETED = "bot-targeted"
    """A bot sends to some users, and must send to all (section 6.7)."""
    BOT_PER_USER = "bot-per-user"
    """A bot sends to each user something else, and must not (section 6.7)."""
    EXPIRY_REQUIRED = "expiry-required"
    """A message does not expire, and all must (section 6.8)."""
    EXPIRY_FORBIDDEN = "expiry-forbidden"
    """A message expires, and none must (section 6.8)."""
    MIN_EXPIRATION = "min-expiration"
    """A message expires too soon (section 6.8)."""
    MAX_EXPIRATION = "max-expiration"
    """A message expires too late (section 6.8)."""


@attrs.frozen
class MessageRefusal:
    """Why a message, or what somebody would do with it, is forbidden.

    Attributes:
        rule: What forbids it.
        reason: A sentence for a log.
        user: Whose doing is forbidden.
        role: That user's role: 0 without one.
        capability: The capability that would have been enough; None where none helps.
        bound: The number that must not be passed: octets, or seconds.
        asset: Which of the assets is concerned, from 0; None where none is.
    """

    rule: MessageRule
    reason: str
    user: bytes
    role: int
    capability: Capability | None = None
    bound: int | None = None
    asset: int | None = None


@attrs.frozen
class MessageDecision:
    """Whether a message, or what somebody would do with it, is allowed.

    Attributes:
        refusals: All reasons against it; none, where it is allowed.
    """

    refusals: tuple[MessageRefusal, ...]

    @property
    def is_allowed(self) -> bool:
        """Whether there is no reason against it."""
        return not self.refusals

    @property
    def rules(self) -> tuple[MessageRule, ...]:
        """The rules that forbid it, each once."""
        return tuple(dict.fromkeys(refusal.rule for refusal in self.refusals))

    def check(self) -> None:
        """Raise what forbids it, if anything does.

        Raises:
            MessageRefusedError: Something does.
        """
        if self.refusals:
            raise MessageRefusedError(self)
