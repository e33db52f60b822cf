"""Whether a message may be sent, and what who receives it may do (sections 6, 8.3 and 8.4).

::

    judge_sending(room, facts)              before it is sent
    judge_receiving(room, facts, receiver)  when it has come; `room` as it was in its epoch
    judge_download(room, user, asset)       before a file is fetched, and when its size is known
    judge_history(room, user, age)          before old messages are shown to who has joined
    permissions_of(room, user)              what a user interface offers

Who sends a message and who receives it ask the same questions of the same values. Each thing that
a message does needs the one capability that section 8.3 describes it by, and no other: in the
draft's examples there are roles that may react, or reply in topics, and not send messages. Where a
room does not have a component, the component forbids nothing and leaves the choice to clients.

The draft's "instant message" is read to include all that is sent, but for notifications, which only
their own policy restricts. What is deleted has nothing left that could expire: a deletion and a
notification need no expiry where others do.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import attrs

from mimi.identity import Domain, IdentifierError, parse
from mimi.policy.capability import Capability
from mimi.policy.facts import (
    Act,
    AssetFacts,
    AssetKind,
    BotFacts,
    MessageDecision,
    MessageFacts,
    MessageRefusal,
    MessageRule,
    Notification,
    Topic,
)
from mimi.policy.media import is_listed, read_media_type
from mimi.policy.policy import RoomPolicy
from mimi.policy.room import Room
from mimi.policy.structures import (
    ASSET_POLICY,
    BOT_POLICY,
    CHAT_HISTORY_POLICY,
    LINK_PREVIEW_POLICY,
    LOGGING_POLICY,
    MESSAGE_EXPIRATION_POLICY,
    NO_ROLE,
    STATUS_NOTIFICATION_POLICY,
    AssetPolicy,
    AssetUploadLocation,
    Bot,
    BotPolicy,
    DownloadPrivacyType,
    HistoryPolicy,
    LinkPreviewPolicy,
    LoggingPolicy,
    MessageExpiration,
    Optionality,
    StatusNotificationPolicy,
)

NEEDS: Mapping[Act, Capability] = MappingProxyType(
    {
        Act.MESSAGE: Capability.CAN_SEND_MESSAGE,
        Act.REPLY: Capability.CAN_REPLY_TO_MESSAGE,
        Act.REACTION: Capability.CAN_REACT_TO_MESSAGE,
        Act.EDIT_OWN_MESSAGE: Capability.CAN_EDIT_OWN_MESSAGE,
        Act.EDIT_OWN_REACTION: Capability.CAN_EDIT_REACTION,
        Act.DELETE_OWN_MESSAGE: Capability.CAN_DELETE_OWN_MESSAGE,
        Act.DELETE_OTHER_MESSAGE: Capability.CAN_DELETE_OTHER_MESSAGE,
        Act.DELETE_OWN_REACTION: Capability.CAN_DELETE_OWN_REACTION,
        Act.DELETE_OTHER_REACTION: Capability.CAN_DELETE_OTHER_REACTION,
        Act.CHANGE_OWN_TOPIC: Capability.CAN_EDIT_OWN_TOPIC,
        Act.CHANGE_OTHER_TOPIC: Capability.CAN_EDIT_OTHER_TOPIC,
    }
)
"""What each act takes; a reply in a topic takes `Capability.CAN_REPLY_IN_TOPIC` instead."""

UPLOADS: Mapping[AssetKind, Capability] = MappingProxyType(
    {
        AssetKind.IMAGE: Capability.CAN_UPLOAD_IMAGE,
        AssetKind.AUDIO: Capability.CAN_UPLOAD_AUDIO,
        AssetKind.VIDEO: Capability.CAN_UPLOAD_VIDEO,
        AssetKind.ATTACHMENT: Capability.CAN_UPLOAD_ATTACHMENT,
    }
)
DOWNLOADS: Mapping[AssetKind, Capability] = MappingProxyType(
    {
        AssetKind.IMAGE: Capability.CAN_DOWNLOAD_IMAGE,
        AssetKind.AUDIO: Capability.CAN_DOWNLOAD_AUDIO,
        AssetKind.VIDEO: Capability.CAN_DOWNLOAD_VIDEO,
        AssetKind.ATTACHMENT: Capability.CAN_DOWNLOAD_ATTACHMENT,
    }
)

_EDITS_OF_OTHERS = frozenset({Act.EDIT_OTHER_MESSAGE, Act.EDIT_OTHER_REACTION})
_LASTING = frozenset(
    {
        Act.NOTIFICATION,
        Act.DELETE_OWN_MESSAGE,
        Act.DELETE_OTHER_MESSAGE,
        Act.DELETE_OWN_REACTION,
        Act.DELETE_OTHER_REACTION,
    }
)
"""What needs no expiry."""


@attrs.frozen
class Permissions:
    """What a user may do with messages in a room, and what it must.

    Attributes:
        receives: Whether it may be shown messages.
        copies_messages: Whether it may copy their content.
        copies_links: Whether it may copy the URLs of links.
        follows_links: Whether it may open links.
        reports_abuse: Whether it may report messages.
        delivery_notifications: Whether it tells that messages have arrived.
        read_notifications: Whether it tells that they have been read.
        autodetection: Whether texts that look like links become links when they are composed.
        sent_previews: Whether links are sent with previews.
        automatic_previews: Whether who receives a link makes a preview unasked.
        preview_proxy: Whether previews are made through a proxy.
        preview_proxies: The proxies.
        download_types: In which ways assets may be downloaded.
        default_download_type: In which way they are by default; None where the room does not say.
    """

    receives: bool
    copies_messages: bool
    copies_links: bool
    follows_links: bool
    reports_abuse: bool
    delivery_notifications: Optionality
    read_notifications: Optionality
    autodetection: Optionality
    sent_previews: Optionality
    automatic_previews: Optionality
    preview_proxy: Optionality
    preview_proxies: tuple[bytes, ...]
    download_types: tuple[DownloadPrivacyType, ...]
    default_download_type: DownloadPrivacyType | None


@attrs.frozen
class Reception:
    """What becomes of a message that was received.

    Attributes:
        decision: Whether it might be sent, and may be shown to the receiver.
        downloads: For each of its assets, whether the receiver may fetch it.
        permissions: What the receiver may do with it.
    """

    decision: MessageDecision
    downloads: tuple[MessageDecision, ...]
    permissions: Permissions


def judge_sending(room: Room, facts: MessageFacts) -> MessageDecision:
    """Return whether a message may be sent to a room, with all reasons against it."""
    return MessageDecision(tuple(_Judge(room, facts.sender).message(facts)))


def judge_receiving(room: Room, facts: MessageFacts, receiver: bytes) -> Reception:
    """Return whether a message might be sent to a room, and what a receiver may do with it.

    Args:
        room: The room as it was in the epoch of the message.
        facts: What the message does.
        receiver: The canonical URI of the receiver's user.
    """
    against = list(judge_sending(room, facts).refusals)
    against += _Judge(room, receiver).needs(Capability.CAN_RECEIVE_MESSAGE)
    downloads = tuple(judge_download(room, receiver, asset) for asset in facts.assets)
    return Reception(MessageDecision(tuple(against)), downloads, permissions_of(room, receiver))


def judge_download(
    room: Room, user: bytes, asset: AssetFacts, how: DownloadPrivacyType | None = None
) -> MessageDecision:
    """Return whether a user may fetch an asset.

    Args:
        room: The room.
        user: The canonical URI of the user.
        asset: The asset; ask again when its size is known.
        how: In which way; None for one of `Permissions.download_types`.
    """
    return MessageDecision(tuple(_Judge(room, user).download(asset, how)))


def judge_history(room: Room, user: bytes, age: int, *, automatic: bool = False) -> MessageDecision:
    """Return whether a user may show an old message to who has joined after it.

    Args:
        room: The room.
        user: The canonical URI of who would show it.
        age: How old it is, in seconds.
        automatic: Whether that is done without a user saying so.
    """
    return MessageDecision(tuple(_Judge(room, user).history(age, automatic=automatic)))


@attrs.frozen
class _Judge:
    """What the policy of a room has against what a user does."""

    room: Room
    user: bytes

    @property
    def role(self) -> int:
        return self.room.role_of(self.user)

    @property
    def policy(self) -> RoomPolicy:
        return self.room.policy

    @property
    def assets(self) -> AssetPolicy | None:
        return self.policy.component(ASSET_POLICY, AssetPolicy)

    def refusal(
        self,
        rule: MessageRule,
        reason: str,
        capability: Capability | None = None,
        bound: int | None = None,
        asset: int | None = None,
    ) -> MessageRefusal:
        return MessageRefusal(rule, reason, self.user, self.role, capability, bound, asset)

    def needs(self, capability: Capability, asset: int | None = None) -> Iterator[MessageRefusal]:
        if capability not in self.policy.role(self.role).capabilities:
            reason = f"role {self.role} lacks {capability.name}"
            yield self.refusal(MessageRule.CAPABILITY, reason, capability, asset=asset)

    def message(self, facts: MessageFacts) -> Iterator[MessageRefusal]:
        yield from self.act(facts)
        yield from self.links(facts)
        yield from self.parts(facts)
        yield from self.expiry(facts)
        yield from self.notification(facts)
        yield from self.bot(facts)

    def act(self, facts: MessageFacts) -> Iterator[MessageRefusal]:
        act, topic = facts.act, facts.topic
        if act in (Act.MESSAGE, Act.REPLY) and topic is Topic.REPLIED_IN:
            yield from self.needs(Capability.CAN_REPLY_IN_TOPIC)
        elif act in _EDITS_OF_OTHERS:
            yield self.refusal(MessageRule.EDIT_OTHER, "nobody edits what others have written")
        elif act in NEEDS:
            yield from self.needs(NEEDS[act])
        if topic is Topic.STARTED:
            yield from self.needs(Capability.CAN_START_TOPIC)
        elif topic is Topic.CHANGED:
            other = act in _EDITS_OF_OTHERS
            yield from self.needs(NEEDS[Act.CHANGE_OTHER_TOPIC if other else Act.CHANGE_OWN_TOPIC])

    def links(self, facts: MessageFacts) -> Iterator[MessageRefusal]:
        policy = self.policy.component(LINK_PREVIEW_POLICY, LinkPreviewPolicy)
        previews = Optionality.OPTIONAL if policy is None else policy.send_link_previews
        if facts.bare_links:
            yield from self.needs(Capability.CAN_SEND_LINK)
            if previews is Optionality.REQUIRED:
                yield self.refusal(MessageRule.PREVIEW_REQUIRED, "a link has no preview")
        if facts.previewed_links:
            yield from self.needs(Capability.CAN_SEND_LINK_PREVIEW)
            if previews is Optionality.FORBIDDEN:
                yield self.refusal(MessageRule.PREVIEW_FORBIDDEN, "a link has a preview")

    def parts(self, facts: MessageFacts) -> Iterator[MessageRefusal]:
        for at, asset in enumerate(facts.assets):
            yield from self.needs(UPLOADS[asset.kind], at)
            yield from self.asset(asset, at)
            yield from self.place(asset, at)
        for media_type in facts.media_types:
            yield from self.media_type(media_type)

    def asset(self, asset: AssetFacts, at: int | None = None) -> Iterator[MessageRefusal]:
        if self.assets is None:
            return
        most = getattr(self.assets, f"max_{asset.kind.value}")
        if asset.size is not None and asset.size > most:
            reason = f"{asset.size} octets of {asset.kind.value}, over {most}"
            yield self.refusal(MessageRule.MAX_SIZE, reason, bound=most, asset=at)
        yield from self.media_type(asset.media_type, at)

    def media_type(self, text: str, at: int | None = None) -> Iterator[MessageRefusal]:
        """Judge a media type: one that is none is on no list."""
        if self.assets is None:
            return
        media_type = read_media_type(text)
        permitted = self.assets.permitted_media_types
        if media_type is not None and is_listed(self.assets.forbidden_media_types, media_type):
            rule = MessageRule.MEDIA_TYPE_FORBIDDEN
            yield self.refusal(rule, f"{text} is forbidden", asset=at)
        if permitted is not None and (media_type is None or not is_listed(permitted, media_type)):
            rule = MessageRule.MEDIA_TYPE_NOT_PERMITTED
            yield self.refusal(rule, f"{text} is not permitted", asset=at)

    def place(self, asset: AssetFacts, at: int) -> Iterator[MessageRefusal]:
        if asset.host is None or self.assets is None:
            return
        where, entries = self.assets.asset_upload_location, self.assets.upload_domains
        if where is AssetUploadLocation.UNSPECIFIED:
            return
        if where is AssetUploadLocation.LOCAL_PROVIDER:
            own = _provider_of(self.user)
            entries = tuple(entry for entry in entries if entry.provider == own)
        host = _domain(asset.host)
        if not any(host in entry.asset_upload_destinations for entry in entries):
            reason = f"{asset.host} is not where this user's assets are"
            yield self.refusal(MessageRule.UPLOAD_DOMAIN, reason, asset=at)

    def download(
        self, asset: AssetFacts, how: DownloadPrivacyType | None
    ) -> Iterator[MessageRefusal]:
        yield from self.needs(DOWNLOADS[asset.kind])
        yield from self.asset(asset)
        if self.assets is None or how is None:
            return
        if how not in self.assets.download_privacy.allowed_download_types:
            yield self.refusal(MessageRule.DOWNLOAD_TYPE, f"{how.name} is not allowed")

    def expiry(self, facts: MessageFacts) -> Iterator[MessageRefusal]:
        policy = self.policy.component(MESSAGE_EXPIRATION_POLICY, MessageExpiration)
        if policy is None:
            return
        seconds = facts.expiry
        if seconds is None:
            if policy.expiring_messages is Optionality.REQUIRED and facts.act not in _LASTING:
                yield self.refusal(MessageRule.EXPIRY_REQUIRED, "a message does not expire")
            return
        if policy.durations is None:
            yield self.refusal(MessageRule.EXPIRY_FORBIDDEN, "a message expires")
            return
        least = policy.durations.min_expiration_duration
        most = policy.durations.max_expiration_duration
        if seconds < least:
            reason = f"expires after {seconds} seconds, before {least}"
            yield self.refusal(MessageRule.MIN_EXPIRATION, reason, bound=least)
        if seconds > most:
            reason = f"expires after {seconds} seconds, later than {most}"
            yield self.refusal(MessageRule.MAX_EXPIRATION, reason, bound=most)

    def notification(self, facts: MessageFacts) -> Iterator[MessageRefusal]:
        policy = self.policy.component(STATUS_NOTIFICATION_POLICY, StatusNotificationPolicy)
        if policy is None:
            return
        for notification, rule, said in (
            (
                Notification.DELIVERY,
                MessageRule.DELIVERY_NOTIFICATION,
                policy.delivery_notifications,
            ),
            (Notification.READ, MessageRule.READ_NOTIFICATION, policy.read_receipts),
        ):
            if notification in facts.notifies and said is Optionality.FORBIDDEN:
                yield self.refusal(rule, f"{notification.value} notifications are forbidden")

    def bot(self, facts: MessageFacts) -> Iterator[MessageRefusal]:
        policy = self.policy.component(BOT_POLICY, BotPolicy)
        if facts.bot is None or policy is None:
            return
        named = [bot for bot in policy.allowed_bots if bot.name == facts.bot.name]
        if not named:
            yield self.refusal(MessageRule.BOT, f"no bot {facts.bot.name!r} is allowed")
            return
        yield from min((list(self.one_bot(bot, facts.bot)) for bot in named), key=len)

    def one_bot(self, bot: Bot, facts: BotFacts) -> Iterator[MessageRefusal]:
        if bot.bot_role_index == NO_ROLE:
            yield self.refusal(MessageRule.BOT_LOCAL, "the bot takes no part itself")
        elif bot.bot_role_index != self.role:
            yield self.refusal(MessageRule.BOT_ROLE, f"the bot's role is {bot.bot_role_index}")
        if facts.is_targeted and not bot.can_target_message_in_group:
            yield self.refusal(MessageRule.BOT_TARGETED, "the bot sends to everybody")
        if facts.is_per_user and not bot.per_user_content:
            yield self.refusal(MessageRule.BOT_PER_USER, "the bot sends the same to everybody")

    def history(self, age: int, *, automatic: bool) -> Iterator[MessageRefusal]:
        policy = self.policy.component(CHAT_HISTORY_POLICY, HistoryPolicy)
        if policy is None:
            return
        if policy.details is None:
            yield self.refusal(MessageRule.HISTORY_FORBIDDEN, "history is not shared")
            return
        if self.role not in policy.details.roles_that_can_share:
            reason = f"role {self.role} does not share history"
            yield self.refusal(MessageRule.HISTORY_ROLE, reason)
        if automatic and not policy.details.automatically_share:
            yield self.refusal(MessageRule.HISTORY_AUTOMATIC, "no user has said so")
        most = int(policy.details.max_time_period)
        if age > most:
            reason = f"history of {age} seconds, over {most}"
            yield self.refusal(MessageRule.HISTORY_AGE, reason, bound=most)


def _provider_of(user: bytes) -> bytes | None:
    try:
        return parse(user.decode("ascii")).provider.ascii.encode("ascii")
    except (UnicodeDecodeError, IdentifierError):
        return None


def _domain(host: str) -> bytes | None:
    """Return a host as domains are written in policies; None for an address."""
    try:
        return Domain(host).ascii.encode("ascii")
    except IdentifierError:
        return None


# What is allowed apart from any message


def permissions_of(room: Room, user: bytes) -> Permissions:
    """Return what a user may do with messages in a room, and what it must.

    What the room says nothing of is optional.

    Args:
        room: The room.
        user: The canonical URI of the user.
    """
    policy = room.policy
    may = policy.role(room.role_of(user)).capabilities
    status = policy.component(STATUS_NOTIFICATION_POLICY, StatusNotificationPolicy)
    links = policy.component(LINK_PREVIEW_POLICY, LinkPreviewPolicy)
    assets = policy.component(ASSET_POLICY, AssetPolicy)
    free = Optionality.OPTIONAL
    privacy = assets.download_privacy if assets else None
    return Permissions(
        receives=Capability.CAN_RECEIVE_MESSAGE in may,
        copies_messages=Capability.CAN_COPY_MESSAGE in may,
        copies_links=Capability.CAN_COPY_LINK in may,
        follows_links=Capability.CAN_FOLLOW_LINK in may,
        reports_abuse=Capability.CAN_REPORT_ABUSE in may,
        delivery_notifications=status.delivery_notifications if status else free,
        read_notifications=status.read_receipts if status else free,
        autodetection=links.autodetect_hyperlinks_in_text if links else free,
        sent_previews=links.send_link_previews if links else free,
        automatic_previews=links.automatic_link_previews if links else free,
        preview_proxy=links.link_preview_proxy_use if links else free,
        preview_proxies=(links.link_preview_proxy or ()) if links else (),
        download_types=privacy.allowed_download_types if privacy else tuple(DownloadPrivacyType),
        default_download_type=privacy.default_download_type if privacy else None,
    )


def default_expiry(policy: RoomPolicy) -> int | None:
    """Return after how many seconds messages expire by default; None where the room says none."""
    said = policy.component(MESSAGE_EXPIRATION_POLICY, MessageExpiration)
    return said.durations.default_expiration_duration if said and said.durations else None


def logging_clients(policy: RoomPolicy) -> tuple[bytes, ...]:
    """Return the URIs of those that log what is said in a room."""
    said = policy.component(LOGGING_POLICY, LoggingPolicy)
    return said.details.logging_clients if said and said.details else ()


def logging_is_active(policy: RoomPolicy) -> bool:
    """Return whether what is said in a room is logged: required, or optional and somebody does."""
    said = policy.component(LOGGING_POLICY, LoggingPolicy)
    is_required = said is not None and said.logging is Optionality.REQUIRED
    return is_required or bool(logging_clients(policy))


def allowed_bots(policy: RoomPolicy) -> tuple[Bot, ...] | None:
    """Return the bots that a room allows; None where it does not say."""
    said = policy.component(BOT_POLICY, BotPolicy)
    return None if said is None else said.allowed_bots
