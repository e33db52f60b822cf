"""The moderated room (draft-ietf-mimi-room-policy-03, appendix).

A speaker includes what an attendee may do, and a moderator what a speaker may: the draft has the
speaker include itself, and the moderator a role that the room does not have.
"""

from mimi.policy.presets.preset import (
    ANY,
    BANNED_ROLE,
    Preset,
    capabilities,
    no_role,
    policy_enforcer,
    role,
)
from mimi.policy.presets.strict import LINKS
from mimi.policy.structures import BaseRoomPolicy, JoinLinksData, PreAuthData, RoleData

GUEST = 2
ATTENDEE = 3
SPEAKER = 4
MODERATOR = 5
SUPER_ADMIN = 6
POLICY_ENFORCER = 7

GUEST_CAPABILITIES = capabilities(
    """
    canRemoveSelf canReceiveMessage canCopyMessage canReactToMessage canDeleteOwnReaction
    canFollowLink canCopyLink canDownloadImage canDownloadVideo canDownloadAudio
    """
)
ATTENDEE_CAPABILITIES = capabilities(
    GUEST_CAPABILITIES,
    """
    canAddOwnClient canJoinIfPreauthorized canRemoveOwnClient canChangeOwnRole
    canReportAbuse canReplyInTopic canDownloadAttachment
    canChangeOwnName canChangeOwnPresence canChangeOwnAvatar
    """,
)
SPEAKER_CAPABILITIES = capabilities(
    ATTENDEE_CAPABILITIES,
    """
    canSendMessage canEditOwnMessage canDeleteOwnMessage canStartTopic
    canUploadImage canUploadVideo canUploadAudio canUploadAttachment
    canSendLink canSendLinkPreview
    """,
)
MODERATOR_CAPABILITIES = capabilities(
    SPEAKER_CAPABILITIES,
    """
    canAddParticipant canRemoveParticipant canBan canUnBan canKick canChangeUserRole
    canCreateJoinCode canDeleteJoinCode
    canDeleteOtherReaction canDeleteOtherMessage canEditOwnTopic canEditOtherTopic
    canChangeRoomName canChangeRoomAvatar canChangeRoomSubject canChangeRoomMood
    """,
)
SUPER_ADMIN_CAPABILITIES = capabilities(
    MODERATOR_CAPABILITIES,
    """
    canChangeRoomDescription canChangeRoomMembershipStyle canChangeRoleDefinitions
    canChangePreauthorizedUserList canDestroyRoom canSendMLSReinitProposal
    """,
)

MODERATED = Preset.of(
    "moderated",
    "For talks and panels: whoever has a link listens, and moderators say who speaks.",
    RoleData(
        (
            no_role(capabilities("canUseJoinCode"), {0: (2, 3)}, active=ANY),
            BANNED_ROLE,
            role(GUEST, "guest", GUEST_CAPABILITIES, {0: (2,), 2: (0,)}),
            role(ATTENDEE, "attendee", ATTENDEE_CAPABILITIES, {0: (3,), 3: (0,)}),
            role(SPEAKER, "speaker", SPEAKER_CAPABILITIES, {0: (4,), 4: (0,)}),
            role(
                MODERATOR,
                "moderator",
                MODERATOR_CAPABILITIES,
                {
                    0: (1, 2, 3, 4, 5),
                    1: (0, 2, 3, 4, 5),
                    2: (0, 1, 3, 4, 5),
                    3: (0, 1, 2, 4, 5),
                    4: (0, 1, 2, 3, 5),
                    5: (0, 1, 2, 3, 4),
                },
                participants=(1, None),
            ),
            role(
                SUPER_ADMIN,
                "super_admin",
                SUPER_ADMIN_CAPABILITIES,
                {
                    0: (1, 2, 3, 4, 5, 6),
                    1: (0, 2, 3, 4, 5, 6),
                    2: (0, 1, 3, 4, 5, 6),
                    3: (0, 1, 2, 4, 5, 6),
                    4: (0, 1, 2, 3, 5, 6),
                    5: (0, 1, 2, 3, 4, 6),
                    6: (0, 1, 2, 3, 4, 5),
                },
            ),
            policy_enforcer(POLICY_ENFORCER, 2, 3, 4, 5, 6),
        )
    ),
    BaseRoomPolicy(persistent_room=True),
    PreAuthData(()),
    LINKS,
    JoinLinksData(()),
)
