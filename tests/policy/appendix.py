"""The registry and the example rooms of draft-ietf-mimi-room-policy-03, copied in short.

Of a role: index, name, participants, active participants; below it the capabilities, ``+`` the role
whose capabilities it includes; then the transitions, from a role to others.
"""

import re

REGISTRY = """
0x0000 canAddParticipant canRemoveParticipant canAddOwnClient canRemoveOwnClient canOpenJoin
  canJoinIfPreauthorized canRemoveSelf canCreateJoinCode canDeleteJoinCode canUseJoinCode
  canBan canUnBan canKick canKnock canAcceptKnock canChangeUserRole canChangeOwnRole
  canCreateSubgroup
0x0100 canSendMessage canReceiveMessage canCopyMessage canReportAbuse canReplyToMessage
  canReactToMessage canEditReaction canDeleteOwnReaction canDeleteOtherReaction
  canEditOwnMessage canDeleteOwnMessage canDeleteOtherMessage canStartTopic canReplyInTopic
  canEditOwnTopic canEditOtherTopic canSendDirectMessage canTargetMessage
0x0200 canUploadImage canUploadAudio canUploadVideo canUploadAttachment canDownloadImage
  canDownloadAudio canDownloadVideo canDownloadAttachment canSendLink canSendLinkPreview
  canFollowLink canCopyLink
0x0300 canChangeRoomName canChangeRoomDescription canChangeRoomAvatar canChangeRoomSubject
  canChangeRoomMood
0x0380 canChangeOwnName canChangeOwnPresence canChangeOwnMood canChangeOwnAvatar
0x0400 canStartCall canJoinCall canSendAudio canReceiveAudio canSendVideo canReceiveVideo
  canShareScreen canViewSharedScreen
0x0500 canCreateRoom canDestroyRoom canChangeRoomMembershipStyle canChangeRoleDefinitions
  canChangePreauthorizedUserList canChangeOtherPolicyAttribute
0x0600 canChangeMlsOperationalPolicies canSendMLSReinitProposal canSendMLSUpdateProposal
  canSendMLSPSKProposal canSendMLSExternalProposal canSendMLSExternalCommit
"""
"""Names in the order of the registry, from each number on (section 10.2)."""

APPENDIX = {
    "cooperative": """
0 no_role 0..* 0..0
1 banned 0..* 0..0
2 ordinary_user 0..* 0..*
  canAddParticipant canRemoveParticipant canAddOwnClient canRemoveOwnClient canRemoveSelf
  canSendMessage canReceiveMessage canCopyMessage canReportAbuse canReplyToMessage
  canReactToMessage canDeleteOwnReaction canEditOwnMessage canDeleteOwnMessage canStartTopic
  canReplyInTopic canEditOwnTopic canUploadImage canUploadVideo canUploadAudio
  canUploadAttachment canDownloadImage canDownloadVideo canDownloadAudio
  canDownloadAttachment canSendLink canSendLinkPreview canFollowLink canCopyLink
  canChangeRoomName canChangeRoomAvatar canChangeRoomSubject canChangeRoomMood
  canChangeOwnName canChangeOwnPresence canChangeOwnMood canChangeOwnAvatar
  0>2 2>0
3 group_admin 1..* 0..*
  +ordinary_user canBan canUnBan canKick canRevokeVoice canGrantVoice canChangeUserRole
  canDeleteOtherMessage canEditOtherTopic canChangeRoomDescription
  0>1,2,3 1>0,2,3 2>0,1,3 3>0,1,2
4 super_admin 0..* 0..*
  +group_admin canChangeRoomMembershipStyle canChangePreauthorizedUserList canDestroyRoom
  0>1,2,3,4 1>0,2,3,4 2>0,1,3,4 3>0,1,2,4 4>0,1,2,3
5 policy_enforcer 1..2 0..0
  canRemoveParticipant canChangeUserRole canBan canUnban canChangeRoleDefinitions
  canChangePreauthorizedUserList canChangeMlsOperationalPolicies canDestroyRoom
  canSendMLSReinitProposal
  0>1 1>0 2>0,1 3>0,1 4>0,1
""",
    "strict": """
0 no_role 0..* 0..0
  canUseJoinCode
  0>2
1 banned 0..* 0..0
2 ordinary_user 0..* 0..*
  canAddOwnClient canJoinIfPreauthorized canRemoveOwnClient canRemoveSelf canChangeOwnRole
  canSendMessage canReceiveMessage canCopyMessage canReportAbuse canReactToMessage
  canDeleteOwnReaction canEditOwnMessage canDeleteOwnMessage canStartTopic canReplyInTopic
  canUploadImage canUploadVideo canUploadAudio canUploadAttachment canDownloadImage
  canDownloadVideo canDownloadAudio canDownloadAttachment canSendLink canSendLinkPreview
  canFollowLink canCopyLink canChangeOwnName canChangeOwnPresence canChangeOwnMood
  canChangeOwnAvatar
  0>2 2>0
3 group_admin 1..* 0..*
  +ordinary_user canAddParticipant canRemoveParticipant canBan canUnBan canKick
  canChangeUserRole canCreateJoinCode canDeleteJoinCode canDeleteOtherReaction
  canDeleteOtherMessage canEditOwnTopic canEditOtherTopic canChangeRoomDescription
  canChangeRoomName canChangeRoomAvatar canChangeRoomSubject canChangeRoomMood
  0>1,2,3 1>0,2,3 2>0,1,3 3>0,1,2
4 super_admin 0..* 0..*
  +group_admin canChangeRoomMembershipStyle canChangeRoleDefinitions
  canChangePreauthorizedUserList canDestroyRoom canSendMLSReinitProposal
  0>1,2,3,4 1>0,2,3,4 2>0,1,3,4 3>0,1,2,4 4>0,1,2,3
5 policy_enforcer 1..2 0..0
  canRemoveParticipant canChangeUserRole canBan canUnban canChangeRoleDefinitions
  canChangePreauthorizedUserList canChangeMlsOperationalPolicies canDestroyRoom
  canSendMLSReinitProposal
  0>1 1>0 2>0,1 3>0,1 4>0,1
""",
    "moderated": """
0 no_role 0..* 0..*
  canUseJoinCode
  0>2,3
1 banned 0..* 0..0
2 guest 0..* 0..*
  canRemoveSelf canReceiveMessage canCopyMessage canReactToMessage canDeleteOwnReaction
  canFollowLink canCopyLink canDownloadImage canDownloadVideo canDownloadAudio
  0>2 2>0
3 attendee 0..* 0..*
  +guest canAddOwnClient canJoinIfPreauthorized canRemoveOwnClient canChangeOwnRole
  canReportAbuse canReplyInTopic canDownloadAttachment canChangeOwnName canChangeOwnPresence
  canChangeOwnAvatar
  0>3 3>0
4 speaker 0..* 0..*
  +speaker canSendMessage canEditOwnMessage canDeleteOwnMessage canStartTopic canUploadImage
  canUploadVideo canUploadAudio canUploadAttachment canSendLink canSendLinkPreview
  0>4 4>0
5 moderator 1..* 0..*
  +ordinary_user canAddParticipant canRemoveParticipant canBan canUnBan canKick
  canChangeUserRole canCreateJoinCode canDeleteJoinCode canDeleteOtherReaction
  canDeleteOtherMessage canEditOwnTopic canEditOtherTopic canChangeRoomName
  canChangeRoomAvatar canChangeRoomSubject canChangeRoomMood
  0>1,2,3,4,5 1>0,2,3,4,5 2>0,1,3,4,5 3>0,1,2,4,5 4>0,1,2,3,5 5>0,1,2,3,4
6 super_admin 0..* 0..*
  +moderator canChangeRoomDescription canChangeRoomMembershipStyle canChangeRoleDefinitions
  canChangePreauthorizedUserList canDestroyRoom canSendMLSReinitProposal
  0>1,2,3,4,5,6 1>0,2,3,4,5,6 2>0,1,3,4,5,6 3>0,1,2,4,5,6 4>0,1,2,3,5,6 5>0,1,2,3,4,6
  6>0,1,2,3,4,5
7 policy_enforcer 1..2 0..0
  canRemoveParticipant canChangeUserRole canBan canUnban canChangeRoleDefinitions
  canChangePreauthorizedUserList canChangeMlsOperationalPolicies canDestroyRoom
  canSendMLSReinitProposal
  0>1 1>0 2>0,1 3>0,1 4>0,1 5>0,1 6>0,1
""",
    "multi-organization": """
0 no_role 0..* 0..0
1 banned 0..* 0..0
2 org_a_user 0..* 0..*
  +org_b_user canChangeOwnRole canJoinIfPreauthorized
  0>2 2>0
3 org_b_user 0..* 0..*
  canRemoveSelf canAddOwnClient canRemoveOwnClient canSendMessage canReceiveMessage
  canCopyMessage canReportAbuse canReplyInTopic canReactToMessage canDeleteOwnReaction
  canEditOwnMessage canSendLink canSendLinkPreview canFollowLink canCopyLink
  canDownloadImage canDownloadVideo canDownloadAudio canDownloadAttachment canChangeOwnName
  canChangeOwnPresence canChangeOwnAvatar
  0>3 3>0
4 org_c_user 0..* 0..*
  +org_b_user
  0>4 4>0
5 org_a_admin 0..* 0..*
  +org_b_admin canChangeOwnRole canJoinIfPreauthorized
  0>2,5 2>0,1,5 5>0,1,2
6 org_b_admin 1..3 1..*
  +org_b_user canDeleteOwnMessage canStartTopic canUploadImage canUploadVideo canUploadAudio
  canUploadAttachment canAddParticipant canRemoveParticipant canBan canKick
  canChangeUserRole
  0>3,6 3>0,1,6 6>0,1,3
7 org_c_admin 1..3 1..*
  +org_b_admin
  0>4,7 4>0,1,7 7>0,1,4
8 super_admin 1..* 1..*
  +org_a_admin canUnBan canDeleteOtherReaction canDeleteOtherMessage canEditOwnTopic
  canEditOtherTopic canChangeRoomDescription canChangeRoomName canChangeRoomAvatar
  canChangeRoomSubject canChangeRoomMood canChangeRoomMembershipStyle
  canChangeRoleDefinitions canChangePreauthorizedUserList canDestroyRoom
  canSendMLSReinitProposal
  0>1,2,3,4,5,6,7,8 1>0,2,3,4,5,6,7,8 2>0,1,5,8 3>0,1,6 4>0,1,7 5>0,1,2,8 6>0,1,3 7>0,1,4
  8>0,1,2,5
9 policy_enforcer 1..2 0..0
  canRemoveParticipant canChangeUserRole canBan canUnban canChangeRoleDefinitions
  canChangePreauthorizedUserList canChangeMlsOperationalPolicies canDestroyRoom
  canSendMLSReinitProposal
  0>1 1>0 3>0,1 4>0,1 5>0,1 6>0,1 7>0,1 8>0,1
""",
}
"""The examples, letter by letter."""

UNREGISTERED = {"canRevokeVoice", "canGrantVoice"}
"""What the cooperative room's group_admin has besides, and the registry does not."""

INCLUDED = {("moderated", "speaker"): "attendee", ("moderated", "moderator"): "speaker"}
"""Whom these include: not themselves, nor a role that the room lacks."""


def registry() -> dict[str, int]:
    """Return the numbers of capabilities, by their names in small letters."""
    numbers: dict[str, int] = {}
    for first, names in re.findall(r"0x(\w{4})([^0]+)", REGISTRY):
        numbers.update(
            {name.lower(): number for number, name in enumerate(names.split(), int(first, 16))}
        )
    return numbers


class Example:
    """A role of an example, with what it includes."""

    def __init__(self, room: str, lines: list[str]) -> None:
        index, self.name, self.participants, self.active = lines[0].split()
        self.index = int(index)
        words = " ".join(lines[1:]).split()
        self.own = [word for word in words if word.startswith("can")]
        parents = [word[1:] for word in words if word.startswith("+")]
        self.parents = [INCLUDED.get((room, self.name), parent) for parent in parents]
        moves = (word.split(">") for word in words if ">" in word)
        self.moves = {int(at): [int(each) for each in to.split(",")] for at, to in moves}


def examples(room: str) -> dict[str, Example]:
    """Return the roles of an example, by their names."""
    blocks: list[list[str]] = []
    for line in APPENDIX[room].strip().splitlines():
        if line[0].isdigit():
            blocks.append([])
        blocks[-1].append(line)
    found = [Example(room, block) for block in blocks]
    return {each.name: each for each in found}


def capabilities(roles: dict[str, Example], name: str) -> set[int]:
    """Return the numbers of a role's capabilities, those that it includes among them."""
    numbers, role = registry(), roles[name]
    held = {numbers[each.lower()] for each in role.own if each not in UNREGISTERED}
    return held.union(*(capabilities(roles, parent) for parent in role.parents))


def bounds(text: str) -> tuple[int, int | None]:
    """Return the least and the largest number; None for no largest."""
    least, most = text.split("..")
    return int(least), None if most == "*" else int(most)
