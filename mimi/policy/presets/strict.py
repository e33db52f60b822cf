"""The strictly administered room (draft-ietf-mimi-room-policy-03, appendix).

Who joins uses a joining link, or is preauthorised: for which claims, the room has yet to say.
"""

from mimi.policy.presets.preset import (
    BANNED_ROLE,
    Preset,
    capabilities,
    no_role,
    policy_enforcer,
    role,
)
from mimi.policy.structures import (
    BaseRoomPolicy,
    JoinLinkPolicy,
    JoinLinksData,
    PreAuthData,
    RoleData,
)

ORDINARY_USER = 2
GROUP_ADMIN = 3
SUPER_ADMIN = 4
POLICY_ENFORCER = 5

WEEK = 604_800
LINKS = JoinLinkPolicy(on_request=False, join_link=b"", multiuser=True, expiration=WEEK)
"""Several joining links, each for many users and for a week: the draft's examples do not say."""

ORDINARY_USER_CAPABILITIES = capabilities(
    """
    canAddOwnClient canJoinIfPreauthorized canRemoveOwnClient canRemoveSelf canChangeOwnRole
    canSendMessage canReceiveMessage canCopyMessage canReportAbuse
    canReactToMessage canDeleteOwnReaction canEditOwnMessage canDeleteOwnMessage
    canStartTopic canReplyInTopic
    canUploadImage canUploadVideo canUploadAudio canUploadAttachment
    canDownloadImage canDownloadVideo canDownloadAudio canDownloadAttachment
    canSendLink canSendLinkPreview canFollowLink canCopyLink
    canChangeOwnName canChangeOwnPresence canChangeOwnMood canChangeOwnAvatar
    """
)
GROUP_ADMIN_CAPABILITIES = capabilities(
    ORDINARY_USER_CAPABILITIES,
    """
    canAddParticipant canRemoveParticipant canBan canUnBan canKick canChangeUserRole
    canCreateJoinCode canDeleteJoinCode
    canDeleteOtherReaction canDeleteOtherMessage canEditOwnTopic canEditOtherTopic
    canChangeRoomDescription canChangeRoomName canChangeRoomAvatar canChangeRoomSubject
    canChangeRoomMood
    """,
)
SUPER_ADMIN_CAPABILITIES = capabilities(
    GROUP_ADMIN_CAPABILITIES,
    """
    canChangeRoomMembershipStyle canChangeRoleDefinitions canChangePreauthorizedUserList
    canDestroyRoom canSendMLSReinitProposal
    """,
)

STRICT = Preset.of(
    "strict",
    "For groups in which administrators alone bring in, promote and remove others.",
    RoleData(
        (
            no_role(capabilities("canUseJoinCode"), {0: (2,)}),
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
    BaseRoomPolicy(persistent_room=True),
    PreAuthData(()),
    LINKS,
    JoinLinksData(()),
)
