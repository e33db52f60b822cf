"""The room that several organisations administer (draft-ietf-mimi-room-policy-03, appendix).

Each organisation has users and administrators of its own, who can ban but not unban them. The
host's, organisation A's, can be preauthorised; the others have three administrators at most. The
enforcer has no power over the host's users: so the draft has it.
"""

from mimi.policy.presets.preset import (
    BANNED_ROLE,
    Preset,
    capabilities,
    no_role,
    policy_enforcer,
    role,
)
from mimi.policy.structures import BaseRoomPolicy, PreAuthData, RoleData

ORG_A_USER = 2
ORG_B_USER = 3
ORG_C_USER = 4
ORG_A_ADMIN = 5
ORG_B_ADMIN = 6
ORG_C_ADMIN = 7
SUPER_ADMIN = 8
POLICY_ENFORCER = 9

ORG_B_USER_CAPABILITIES = capabilities(
    """
    canRemoveSelf canAddOwnClient canRemoveOwnClient
    canSendMessage canReceiveMessage canCopyMessage canReportAbuse canReplyInTopic
    canReactToMessage canDeleteOwnReaction canEditOwnMessage
    canSendLink canSendLinkPreview canFollowLink canCopyLink
    canDownloadImage canDownloadVideo canDownloadAudio canDownloadAttachment
    canChangeOwnName canChangeOwnPresence canChangeOwnAvatar
    """
)
ORG_C_USER_CAPABILITIES = ORG_B_USER_CAPABILITIES
ORG_A_USER_CAPABILITIES = capabilities(
    ORG_B_USER_CAPABILITIES, "canChangeOwnRole canJoinIfPreauthorized"
)
ORG_B_ADMIN_CAPABILITIES = capabilities(
    ORG_B_USER_CAPABILITIES,
    """
    canDeleteOwnMessage canStartTopic
    canUploadImage canUploadVideo canUploadAudio canUploadAttachment
    canAddParticipant canRemoveParticipant canBan canKick canChangeUserRole
    """,
)
ORG_C_ADMIN_CAPABILITIES = ORG_B_ADMIN_CAPABILITIES
ORG_A_ADMIN_CAPABILITIES = capabilities(
    ORG_B_ADMIN_CAPABILITIES, "canChangeOwnRole canJoinIfPreauthorized"
)
SUPER_ADMIN_CAPABILITIES = capabilities(
    ORG_A_ADMIN_CAPABILITIES,
    """
    canUnBan canDeleteOtherReaction canDeleteOtherMessage canEditOwnTopic canEditOtherTopic
    canChangeRoomDescription canChangeRoomName canChangeRoomAvatar canChangeRoomSubject
    canChangeRoomMood canChangeRoomMembershipStyle canChangeRoleDefinitions
    canChangePreauthorizedUserList canDestroyRoom canSendMLSReinitProposal
    """,
)

MULTI_ORGANIZATION = Preset.of(
    "multi-organization",
    "For organisations that work together, each of which looks after its own people.",
    RoleData(
        (
            no_role(),
            BANNED_ROLE,
            role(ORG_A_USER, "org_a_user", ORG_A_USER_CAPABILITIES, {0: (2,), 2: (0,)}),
            role(ORG_B_USER, "org_b_user", ORG_B_USER_CAPABILITIES, {0: (3,), 3: (0,)}),
            role(ORG_C_USER, "org_c_user", ORG_C_USER_CAPABILITIES, {0: (4,), 4: (0,)}),
            role(
                ORG_A_ADMIN,
                "org_a_admin",
                ORG_A_ADMIN_CAPABILITIES,
                {0: (2, 5), 2: (0, 1, 5), 5: (0, 1, 2)},
            ),
            role(
                ORG_B_ADMIN,
                "org_b_admin",
                ORG_B_ADMIN_CAPABILITIES,
                {0: (3, 6), 3: (0, 1, 6), 6: (0, 1, 3)},
                participants=(1, 3),
                active=(1, None),
            ),
            role(
                ORG_C_ADMIN,
                "org_c_admin",
                ORG_C_ADMIN_CAPABILITIES,
                {0: (4, 7), 4: (0, 1, 7), 7: (0, 1, 4)},
                participants=(1, 3),
                active=(1, None),
            ),
            role(
                SUPER_ADMIN,
                "super_admin",
                SUPER_ADMIN_CAPABILITIES,
                {
                    0: (1, 2, 3, 4, 5, 6, 7, 8),
                    1: (0, 2, 3, 4, 5, 6, 7, 8),
                    2: (0, 1, 5, 8),
                    3: (0, 1, 6),
                    4: (0, 1, 7),
                    5: (0, 1, 2, 8),
                    6: (0, 1, 3),
                    7: (0, 1, 4),
                    8: (0, 1, 2, 5),
                },
                participants=(1, None),
                active=(1, None),
            ),
            policy_enforcer(POLICY_ENFORCER, 3, 4, 5, 6, 7, 8),
        )
    ),
    BaseRoomPolicy(persistent_room=True),
    PreAuthData(()),
)
