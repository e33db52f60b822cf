"""The announcement channel: a few write, whoever likes reads.

Anybody joins as a reader, but for those who are banned. Whom the room preauthorises as a writer
joins as one, or becomes one.
"""

from mimi.policy.presets.preset import BANNED_ROLE, Preset, capabilities, no_role, role
from mimi.policy.structures import (
    BaseRoomPolicy,
    HistoryPolicy,
    HistorySharing,
    Optionality,
    PreAuthData,
    RoleData,
    StatusNotificationPolicy,
)

READER = 2
WRITER = 3
OWNER = 4

MONTH = 2_592_000

READER_CAPABILITIES = capabilities(
    """
    canAddOwnClient canRemoveOwnClient canJoinIfPreauthorized canRemoveSelf canChangeOwnRole
    canReceiveMessage canCopyMessage canReportAbuse
    canReactToMessage canEditReaction canDeleteOwnReaction
    canDownloadImage canDownloadVideo canDownloadAudio canDownloadAttachment
    canFollowLink canCopyLink
    """
)
WRITER_CAPABILITIES = capabilities(
    READER_CAPABILITIES,
    """
    canSendMessage canReplyToMessage canEditOwnMessage canDeleteOwnMessage
    canStartTopic canReplyInTopic canEditOwnTopic
    canUploadImage canUploadVideo canUploadAudio canUploadAttachment
    canSendLink canSendLinkPreview
    """,
)
OWNER_CAPABILITIES = capabilities(
    WRITER_CAPABILITIES,
    """
    canAddParticipant canRemoveParticipant canBan canUnBan canKick canChangeUserRole
    canDeleteOtherReaction canDeleteOtherMessage canEditOtherTopic
    canChangeRoomName canChangeRoomDescription canChangeRoomAvatar canChangeRoomSubject
    canChangeRoomMood
    canDestroyRoom canChangeRoomMembershipStyle canChangeRoleDefinitions
    canChangePreauthorizedUserList canChangeOtherPolicyAttribute
    canChangeMlsOperationalPolicies canSendMLSReinitProposal
    """,
)

ANNOUNCEMENT_CHANNEL = Preset.of(
    "announcement-channel",
    "For news: a few write, and whoever likes joins and reads.",
    RoleData(
        (
            no_role(capabilities("canOpenJoin"), {0: (2,)}),
            BANNED_ROLE,
            role(READER, "reader", READER_CAPABILITIES, {2: (0,)}),
            role(WRITER, "writer", WRITER_CAPABILITIES, {3: (0,)}),
            role(
                OWNER,
                "owner",
                OWNER_CAPABILITIES,
                {
                    0: (1, 2, 3, 4),
                    1: (0, 2, 3, 4),
                    2: (0, 1, 3, 4),
                    3: (0, 1, 2, 4),
                    4: (0, 1, 2, 3),
                },
                participants=(1, None),
            ),
        )
    ),
    BaseRoomPolicy(persistent_room=True, discoverable=True),
    PreAuthData(()),
    StatusNotificationPolicy(
        delivery_notifications=Optionality.FORBIDDEN, read_receipts=Optionality.FORBIDDEN
    ),
    HistoryPolicy(
        Optionality.OPTIONAL,
        HistorySharing(
            roles_that_can_share=(WRITER, OWNER),
            automatically_share=True,
            max_time_period=MONTH,
        ),
    ),
)
