"""Findings about the other components and the operational parameters (sections 6 and 7)."""

from collections.abc import Iterator
from typing import Any

from mimi.mls import MLS_SEMIPRIVATE_MESSAGE, ComponentID
from mimi.mls.codepoints import WireFormat
from mimi.policy.capability import Capability
from mimi.policy.checks import check_policy, check_structure
from mimi.policy.errors import (
    FixedMembershipError,
    HistoryRoleError,
    JoinLinkCountError,
    OpenJoinRoleError,
    ParentRoomError,
    PolicyDataError,
    RepeatedRoleError,
)
from mimi.policy.lint.finding import Finding, LintRule, error, note, warning
from mimi.policy.lint.survey import Survey, can_be_active
from mimi.policy.media import is_listed
from mimi.policy.policy import number_of
from mimi.policy.structures import (
    ASSET_POLICY,
    BANNED,
    BOT_POLICY,
    CHAT_HISTORY_POLICY,
    LINK_PREVIEW_POLICY,
    MESSAGE_EXPIRATION_POLICY,
    NO_ROLE,
    STATUS_NOTIFICATION_POLICY,
    AssetPolicy,
    AssetUploadLocation,
    BotPolicy,
    HistoryPolicy,
    LinkPreviewPolicy,
    MessageExpiration,
    Optionality,
    StatusNotificationPolicy,
)

EXPLAINED = (
    RepeatedRoleError,
    OpenJoinRoleError,
    ParentRoomError,
    FixedMembershipError,
    HistoryRoleError,
    JoinLinkCountError,
)
"""What has findings of its own, one for each role."""


def invalid(survey: Survey) -> Iterator[Finding]:
    """Yield components that no member would accept."""
    policy = survey.policy
    parts = [policy.roles, policy.base, policy.operational, policy.metadata]
    broken = [fault for part in (*parts, *policy.others.values()) for fault in _faults(part)]
    yield from broken
    if not broken:
        try:
            check_policy(policy)
        except EXPLAINED:
            pass
        except PolicyDataError as fault:
            yield error(LintRule.INVALID_COMPONENT, f"{fault}; correct it, for nobody accepts it")


def _faults(part: Any) -> Iterator[Finding]:
    try:
        check_structure(part)
    except EXPLAINED:
        pass
    except PolicyDataError as fault:
        name = ComponentID(number_of(type(part))).name.lower()
        text = f"{name} is invalid: {fault}; correct it, for nobody accepts it"
        yield error(LintRule.INVALID_COMPONENT, text)


def history(survey: Survey) -> Iterator[Finding]:
    """Yield roles that cannot share history, and that nobody can who must."""
    rules = survey.policy.component(CHAT_HISTORY_POLICY, HistoryPolicy)
    if rules is None or rules.details is None:
        return
    sharing = sorted(set(map(int, rules.details.roles_that_can_share)))
    for index in sharing:
        if index in (NO_ROLE, BANNED) or (
            index in survey.policy.powers and not can_be_active(survey.policy, index)
        ):
            yield error(
                LintRule.HISTORY_ROLES,
                f"{survey.name(index)} shares history and can have no clients; take it from "
                "roles_that_can_share",
                index,
            )
        elif index not in survey.policy.powers:
            yield warning(
                LintRule.UNDEFINED_ROLE,
                f"role {index} shares history and is not defined; define it, or take it from "
                "roles_that_can_share",
                index,
            )
    if not sharing:
        yield warning(
            LintRule.HISTORY_ROLES,
            "history is shared, but no role can share it; name one in roles_that_can_share, or "
            "forbid it",
        )


def bots(survey: Survey) -> Iterator[Finding]:
    """Yield bots in roles in which they can do nothing."""
    policy = survey.policy
    rules = policy.component(BOT_POLICY, BotPolicy)
    for bot in rules.allowed_bots if rules is not None else ():
        index, name = int(bot.bot_role_index), repr(bot.name)[1:]
        if index == NO_ROLE:
            continue
        if index not in policy.powers:
            text = f"the bot {name} has role {index}, which is not defined; define it, or use 0"
            yield warning(LintRule.UNDEFINED_ROLE, text, index)
        elif index == BANNED and policy.has_banned:
            text = f"the bot {name} is banned by its role; give it another one"
            yield warning(LintRule.BOT_ROLE, text, index)


def notifications(survey: Survey) -> Iterator[Finding]:
    """Yield receivers that must report what they received, and may not send."""
    policy = survey.policy
    rules = policy.component(STATUS_NOTIFICATION_POLICY, StatusNotificationPolicy)
    if rules is None or Optionality.REQUIRED not in (
        rules.delivery_notifications,
        rules.read_receipts,
    ):
        return
    silent = [
        index
        for index in survey.roles
        if can_be_active(policy, index)
        and Capability.CAN_RECEIVE_MESSAGE in policy.role(index).capabilities
        and Capability.CAN_SEND_MESSAGE not in policy.role(index).capabilities
    ]
    if silent:
        yield note(
            LintRule.REQUIRED_STATUS,
            f"{survey.names(silent)} must notify of messages that arrive or are read, and lack "
            "canSendMessage; make notifications optional, if a hub holds these back",
            *silent,
        )


def link_previews(survey: Survey) -> Iterator[Finding]:
    """Yield senders of links who cannot do what the room requires, or may do what it forbids."""
    policy = survey.policy
    rules = policy.component(LINK_PREVIEW_POLICY, LinkPreviewPolicy)
    if rules is None:
        return
    for index, powers in sorted(policy.powers.items()):
        sends = Capability.CAN_SEND_LINK in powers.capabilities
        previews = Capability.CAN_SEND_LINK_PREVIEW in powers.capabilities
        if rules.send_link_previews is Optionality.REQUIRED and sends and not previews:
            yield warning(
                LintRule.LINK_PREVIEWS,
                f"{survey.name(index)} has canSendLink and lacks canSendLinkPreview, but links "
                "need previews; give it both, or make previews optional",
                index,
            )
        if rules.send_link_previews is Optionality.FORBIDDEN and previews:
            yield note(
                LintRule.LINK_PREVIEWS,
                f"{survey.name(index)} has canSendLinkPreview, but previews are forbidden; drop "
                "the capability",
                index,
            )


def expiration(survey: Survey) -> Iterator[Finding]:
    """Yield messages that nobody could read."""
    rules = survey.policy.component(MESSAGE_EXPIRATION_POLICY, MessageExpiration)
    if (
        rules is not None
        and rules.durations is not None
        and rules.expiring_messages is Optionality.REQUIRED
        and not rules.durations.max_expiration_duration
    ):
        yield warning(
            LintRule.EXPIRATION,
            "messages must expire, and at once; raise max_expiration_duration, or forbid it",
        )


def assets(survey: Survey) -> Iterator[Finding]:
    """Yield assets that may be uploaded, and cannot be."""
    policy = survey.policy
    rules = policy.component(ASSET_POLICY, AssetPolicy)
    if rules is None:
        return
    limits = {
        Capability.CAN_UPLOAD_IMAGE: ("max_image", rules.max_image),
        Capability.CAN_UPLOAD_AUDIO: ("max_audio", rules.max_audio),
        Capability.CAN_UPLOAD_VIDEO: ("max_video", rules.max_video),
        Capability.CAN_UPLOAD_ATTACHMENT: ("max_attachment", rules.max_attachment),
    }
    for capability, (field, most) in limits.items():
        holders = [
            index
            for index, powers in sorted(policy.powers.items())
            if capability in powers.capabilities
        ]
        if holders and not most:
            yield warning(
                LintRule.ASSETS,
                f"{survey.names(holders)} may upload what {field} = 0 refuses; raise it, or drop "
                "the capability",
                *holders,
            )
    is_local = rules.asset_upload_location is AssetUploadLocation.LOCAL_PROVIDER
    if is_local and not rules.upload_domains:
        yield warning(
            LintRule.ASSETS,
            "nobody can upload, because no provider has upload_domains; list them",
        )
    permitted = rules.permitted_media_types
    if permitted is not None and all(
        is_listed(rules.forbidden_media_types, each) for each in permitted
    ):
        yield warning(
            LintRule.ASSETS,
            "no media type is permitted; forbid fewer, or permit more",
        )


def handshakes(survey: Survey) -> Iterator[Finding]:
    """Yield that the hub cannot see what it enforces."""
    formats = survey.policy.operational.handshake_formats
    readable = {WireFormat.MLS_PUBLIC_MESSAGE, MLS_SEMIPRIVATE_MESSAGE}
    if formats and not readable & set(formats):
        yield warning(
            LintRule.HANDSHAKE_FORMATS,
            "handshakes are sent so that no hub can read them, and enforce the policy; allow "
            "PublicMessage or SemiPrivateMessage in handshake_formats",
        )


CHECKS = (
    invalid,
    history,
    bots,
    notifications,
    link_previews,
    expiration,
    assets,
    handshakes,
)
