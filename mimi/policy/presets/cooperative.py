"""The cooperatively administered room (draft-ietf-mimi-room-policy-03, appendix).

Of the draft's list, ``canRevokeVoice`` and ``canGrantVoice`` are left out: no registry has them,
and ``canChangeUserRole`` does it.
"""

from mimi.policy.presets.preset import (
    BANNED_ROLE,
    Preset,
    capabilities,
    no_role,
    policy_enforcer,
    role,
)
from mimi.policy.structures import RoleData

ORDINARY_USER = 2
GROUP_ADMIN = 3
SUPER_ADMIN = 4
POLICY_ENFORCER = 5

ORDINARY_USER_CAPABILITIES = capabilities(
    """
    canAddParticipant canRemoveParticipant canAddOwnClient canRemoveOwnClient canRemoveSelf
    canSendMessage canReceiveMessage canCopyMessage canReportAbuse canReplyToMessage
    canReactToMessage canDeleteOwnReaction canEditOwnMessage canDeleteOwnMessage
    canStartTopic canReplyInTopic canEditOwnTopic
    canUploadImage canUploadVideo canUploadAudio canUploadAttachment
    canDownloadImage canDownloadVideo canDownloadAudio canDownloadAttachment
    canSendLink canSendLinkPreview canFollowLink canCopyLink
    canChangeRoomName canChangeRoomAvatar canChangeRoomSubject canChangeRoomMood
    canChangeOwnName canChangeOwnPresence canChangeOwnMood canChangeOwnAvatar
    """
)
GROUP_ADMIN_CAPABILITIES = capabilities(
    ORDINARY_USER_CAPABILITIES,
    """
    canBan canUnBan canKick canChangeUserRole canDeleteOtherMessage canEditOtherTopic
    canChangeRoomDescription
    """,
)
SUPER_ADMIN_CAPABILITIES = capabilities(
    GROUP_ADMIN_CAPABILITIES,
    "canChangeRoomMembershipStyle canChangePreauthorizedUserList canDestroyRoom",
)

COOPERATIVE = Preset.of(
    "cooperative",
    "For friends, families and small groups of peers, who bring in each other.",
    RoleData(
        (
            no_role(),
            BANNED_ROLE,
            role(
                ORDINARY_USER,
                "ordinary_user",
                ORDINARY_USER_CAPABILITIES,
                {0: (2,), 2: (0,)},
            ),
            role(
                GROUP_ADMIN,
                "group_admin",
                GROUP_ADMIN_CAPABILITIES,
                {0: (1, 2, 3), 1: (0, 2, 3), 2: (0, 1, 3), 3: (0, 1, 2)},
                participants=(1, None),
            ),
            role(
                SUPER_ADMIN,
                "super_admin",
                SUPER_ADMIN_CAPABILITIES,
                {
                    0: (1, 2, 3, 4),
                    1: (0, 2, 3, 4),
                    2: (0, 1, 3, 4),
                    3: (0, 1, 2, 4),
                    4: (0, 1, 2, 3),
                },
            ),
            policy_enforcer(POLICY_ENFORCER, 2, 3, 4),
        )
    ),
)
