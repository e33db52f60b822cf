"""Direct messages: rooms whose participants are those of their creation (section 5).

Nobody comes or goes, so that no role brings in or removes participants; everybody may take out
clients of its own, and all of them.
"""

from mimi.policy.presets.preset import Preset, capabilities, no_role, role
from mimi.policy.structures import (
    BaseRoomPolicy,
    Optionality,
    RoleData,
    StatusNotificationPolicy,
)

PARTICIPANT = 2
"""The only role; that of index 1 stays free, since nobody is banned."""

PARTICIPANT_CAPABILITIES = capabilities(
    """
    canAddOwnClient canRemoveOwnClient
    canSendMessage canReceiveMessage canCopyMessage canReportAbuse canReplyToMessage
    canReactToMessage canEditReaction canDeleteOwnReaction
    canEditOwnMessage canDeleteOwnMessage canStartTopic canReplyInTopic canEditOwnTopic
    canUploadImage canUploadVideo canUploadAudio canUploadAttachment
    canDownloadImage canDownloadVideo canDownloadAudio canDownloadAttachment
    canSendLink canSendLinkPreview canFollowLink canCopyLink
    canStartCall canJoinCall canSendAudio canReceiveAudio canSendVideo canReceiveVideo
    canShareScreen canViewSharedScreen
    canChangeOwnName canChangeOwnPresence canChangeOwnMood canChangeOwnAvatar
    """
)
GROUP_PARTICIPANT_CAPABILITIES = capabilities(
    PARTICIPANT_CAPABILITIES,
    """
    canChangeRoomName canChangeRoomDescription canChangeRoomAvatar canChangeRoomSubject
    canChangeRoomMood
    """,
)

STATUS = StatusNotificationPolicy(
    delivery_notifications=Optionality.OPTIONAL, read_receipts=Optionality.OPTIONAL
)

DIRECT_MESSAGE = Preset.of(
    "direct-message",
    "For two users.",
    RoleData(
        (no_role(), role(PARTICIPANT, "participant", PARTICIPANT_CAPABILITIES, participants=(2, 2)))
    ),
    BaseRoomPolicy(fixed_membership=True, max_users=2, persistent_room=True),
    STATUS,
)

GROUP_DIRECT_MESSAGE = Preset.of(
    "group-direct-message",
    "For a few users who are always the same.",
    RoleData(
        (
            no_role(),
            role(
                PARTICIPANT,
                "participant",
                GROUP_PARTICIPANT_CAPABILITIES,
                participants=(2, None),
            ),
        )
    ),
    BaseRoomPolicy(fixed_membership=True, persistent_room=True),
    STATUS,
)
