"""The sentences of the drafts that decide rows of the decision table, each by short names.

The name of a capability stands for the sentence that defines it; the name of a rule, or of a rule
and what is asked for, for the sentence that has the rule. Texts are quoted but for the marks of
Markdown; a section is one of draft-ietf-mimi-room-policy-03, or of
draft-ietf-mimi-protocol-06 (``protocol``) or draft-ietf-mimi-arch-02 (``arch``).
"""

import re

_TABLE = """
2
  room-uri:
    An identifier which uniquely identifies a room.
3
  no-active:
    If the maximum number of active participants is zero, then no participants are allowed to
    have clients in the room's MLS group.
  no-minimum:
    If the minimum number is zero, there is no minimum number of participants for that
    particular role.
  no-maximum:
    If there is no maximum number of participants for a particular role, that parameter is
    absent.
  unknown-role:
    It contains a role_index, which is used to refer to the role elsewhere.
  role-zero:
    The role_index zero is reserved to refer to a participant that does not (yet) or no longer
    appears
  roles-with-participants:
    an update to this component is not valid if it appear in the same commit as any Participant
    List change.
  role-in-use:
    each participant only having a single role at a time, with a single list of capabilities
  essential-component:
    The Role-Based Access Control component contains a list of all the roles in the room
4
  preauthorized-role:
    When the rules in a Preauthorized users struct match multiple roles, the requesting client
    receives the first role which matches its claims.
  consulted:
    for external joins (external commits) and external proposals when the requester does not
    already appear in the participant list
  banned-rejoin:
    it prevents an explicitly banned user from rejoining a group based on a preauthorization.
  enforcer:
    a preauthorized role could allow the Hub to remove participants and to ban them, but not to
    add any users or devices.
  preauthorized-with-participants:
    an update to this component is not valid if it appears in the same commit as any Participant
    List change, except for user removals.
5
  max-users:
    Likewise when max_users has a value, the room MUST NOT have more non-banned entries in the
    participant list than that value.
  max-clients:
    When max_clients has a value, the room's associated MLS group MUST NOT have more clients
    than the provided value.
  multi-device:
    If false only a single client can be an MLS member at one time.
  parent-room:
    the list of participants of the room MUST be a strict subset of the participants of the
    parent room.
  pseudonyms:
    Otherwise the policy of the room is that "real" long-term identifiers are required in MLS
    credentials
  fixed-membership:
    other users cannot be added, so none of its non-zero, non-banned roles can contain the
    canAddParticipant capability.
  fixed-membership remove-participant:
    Ordinary users cannot leave or be removed, however a user can remove all its clients from
    the associated MLS group.
  fixed-clients:
    While clients of existing participants can be added
7.1
  external-commit:
    if external joiners are allowed
  external-proposal:
    if external proposals are allowed
8
  no-participant:
    has a specific entry in the Participant List struct and a corresponding role--or is
    preauthorized to take action with a specific role
  no-capabilities:
    each role has a list of capabilities, which in rare cases could be empty.
8.1.1
  canAddParticipant:
    the holder of this capability can add another user, that is not already in the participant
    list, to the participant list.
  canAddOwnClient:
    a holder of this capability that is in the participant list, can add its own client (via an
    external commit or external proposal)
  canOpenJoin:
    when this capability appears on role zero, any user who is not already in the participant
    list can add itself externally, with certain conditions.
  canJoinIfPreauthorized:
    can externally join as that target role if authorized for that role as the first matching
    role in the Preauthorized users mechanism.
  canUseJoinCode:
    the holder of this capability can externally join a room using a join code for that room,
    provided the join code is valid
  maximum-participants, maximum-active-participants:
    The proposed action is only authorized if the action respects both the
    maximum_participants_constraint (if present) and maximum_active_participants_constraint
  transition add-participant:
    The authorized_role_changes list in the holder's role is consulted to authorize the added
    user's target role.
  join:
    (This capability does not apply to the holder adding itself.)
  join-open:
    The holder can add itself with any non-zero target_role_indexes from that entry
  join-preauthorized:
    The authorized_role_changes list is not consulted for this capability.
  join-code:
    provided the join code is valid, the join code refers to a valid target role
  add-client:
    the holder is also authorized to add any MLS clients matching the added user to the room's
    MLS group
  other-own-client:
    can add other clients that share the same user identity (via Add proposals)
8.1.2
  canRemoveParticipant:
    the holder of this capability can propose a) the removal of another user (excluding itself)
    from the participant list
  canRemoveOwnClient:
    the holder of this capability can propose to remove its own client using an MLS Remove or
    SelfRemove proposal without changing the Participant list.
  canRemoveSelf:
    the holder of this capability can propose to remove itself from (i.e. leave) the participant
    list
  canKick:
    the holder of this capability can propose removal of another participant's clients, without
    changing the Participant List.
  minimum-participants:
    contains zero, and the minimum_participants_constraint and
    minimum_active_participants_constraint are satisfied, the proposal is authorized.
  minimum-active-participants:
    If the minimum_active_participants_constraint is satisfied, the proposal is authorized.
  transition remove-participant:
    consults its role's authorized_role_changes entries for an entry where from_role_index
    matches the target user's current role
  removed-client:
    There MUST NOT be any clients of the removed user in the MLS group after the corresponding
    commit.
  leave-clients:
    it MUST simultaneously propose to remove all of its remaining clients from the corresponding
    MLS group.
  remove-client:
    removal of all of that user's clients, as a single action.
8.1.3
  canBan:
    the holder of this capability can propose to "ban" another user.
  canUnBan:
    the holder of this capability can propose to "unban" another user.
  canChangeUserRole:
    the holder of this capability is authorized to change the role of another participant (but
    not itself)
  canChangeOwnRole:
    the holder of this capability is authorized to change its own role to the first non-zero
    role it matches in the Preauthorized users component
  maximum-participants change-role:
    maximum_active_participants_constraint (if present) for the target user's target role must
    also be satisfied.
  minimum-participants change-role:
    The minimum_participants_constraint and minimum_active_participants_constraint for the
    target user's current role
  transition change-role:
    according to the holder's authorized_role_changes list, from a role represented by an entry
    where the target's current role matches from_role_index
  own-role:
    The authorized_role_changes list is not consulted.
  ban-transition:
    that role_name = "banned" for the role with role_index = 1
  banned-name:
    The "banned" role always has role_index = 1 and role_name = "banned" (without quotes).
  unban-source:
    except that the from_role_index for the unbanned user MUST be 1
  unban-clients:
    Adding clients for that unbanned user is not authorized by this capability.
  ban-and-kick:
    While holding canChangeUserRole and canKick capabilities would allow the same action, it
    could potentially allow the holder other actions
  banned-client:
    a successful ban changes the target user's role to a special "banned" role (if it exists),
    and removes all the banned user's clients.
8.2
  canChangeRoomName, canChangeRoomDescription, canChangeRoomAvatar, canChangeRoomSubject,
  canChangeRoomMood:
    The holder of each of the following capabilities is authorized to update the Room metadata
8.3
  canSendMessage:
    the holder can send instant messages to the room.
  canReceiveMessage:
    the holder can receive instant messages from the room.
  canCopyMessage:
    the holder can copy content from a received instant message.
  canReportAbuse:
    the holder can report a franked instant message as abusive.
  canReplyToMessage:
    the holder can send a message replying to another message.
  canReactToMessage:
    the holder can send a reaction, replying to another message, and using the "reaction"
    disposition.
  canEditReaction:
    the holder can replace its own previous reaction with another reaction
  canDeleteOwnReaction:
    the holder can retract (unlike) its own previous reaction.
  canDeleteOtherReaction:
    the holder can delete the reaction of another user's previous reaction
  canEditOwnMessage:
    the holder can edit the content of one of its own previously sent messages
  canDeleteOwnMessage:
    the holder can retract one of its own previously sent messages
  canDeleteOtherMessage:
    the holder can retract messages for other users.
  canStartTopic:
    the holder can set the topic for a message
  canReplyInTopic:
    the holder can send a message replying to a previous message, using the same topic as the
    original sender.
  canEditOwnTopic:
    the holder can change the topic of a previously sent message
  canEditOtherTopic:
    the holder can change the topic of a message previously sent by another user.
  canSendLink:
    the holder can send an inline link
  canSendLinkPreview:
    the holder can send an inline link with an associated preview.
  canFollowLink:
    the holder can open a sent inline link.
  canCopyLink:
    the holder can copy the URL of a sent inline link.
8.4
  canUploadImage:
    the holder can upload a file with the media type of "image" and the disposition of "render"
  canUploadAudio:
    the holder can upload a file with the media type of "audio" and the disposition of "render"
  canUploadVideo:
    the holder can upload a file with the media type of "video" and the disposition of "render"
  canUploadAttachment:
    the holder can upload a file with the "attachent" disposition.
  canDownloadImage:
    the holder can download a file with the media type of "image" and the disposition of
    "render"
  canDownloadAudio:
    the holder can download a file with the media type of "audio" and the disposition of
    "render"
  canDownloadVideo:
    the holder can download a file with the media type of "video" and the disposition of
    "render"
  canDownloadAttachment:
    the holder can download a file with the "attachent" disposition.
8.5
  canStartCall:
    the holder can initiate a new real-time call/conference
  canJoinCall:
    the holder can join an existing real-time call/conference
  canSendAudio:
    the holder is authorized to contribute audio in a call/conference.
  canReceiveAudio:
    the holder is authorized to receive audio in a call/conference.
  canSendVideo:
    the holder is authorized to contribute video in a call/conference.
  canReceiveVideo:
    the holder is authorized to receive video in a call/conference.
  canShareScreen:
    the holder is authorized to contribute screen sharing in a call/conference
  canViewSharedScreen:
    the holder is authorized to receive screen sharing in a call/conference
8.6
  canDestroyRoom:
    the holder is authorized to completely destroy the room.
  canChangeRoomMembershipStyle:
    the holder is authorized to modify the base room membership style.
  canChangeRoleDefinitions:
    the holder is authorized to make changes to the definitions of the Roles component.
  canChangePreauthorizedUserList:
    the holder is authorized to make changes to the Preauthorized Users component.
  canSendMLSReinitProposal:
    the holder is authorized to send an MLS ReInit proposal.
8.7
  canCreateJoinCode, canDeleteJoinCode, canKnock, canAcceptKnock, canCreateSubgroup,
  canSendDirectMessage, canTargetMessage, canChangeOwnName, canChangeOwnPresence,
  canChangeOwnMood, canChangeOwnAvatar, canCreateRoom, canChangeOtherPolicyAttribute,
  canChangeMlsOperationalPolicies, reserved:
    The following capability names are reserved for possible future use
  canSendMLSUpdateProposal:
    update - update policy
  canSendMLSPSKProposal:
    PSK - psk policy
  canSendMLSExternalProposal:
    external proposal - general operational policy rules
  canSendMLSExternalCommit:
    external commit - general operational policy rules
10.2
  private-capability:
    Assignments in the range 0xF000 to 0xFFFF are for private use.
arch 4.2
  client-without-participant:
    A client may be a member of the E2EE state of a room only if its user is a participant in
    the room.
arch 4.3
  replace-client:
    a user may begin using a new device (adding the device without changing the user-level
    participation)
protocol 7.5
  user-twice:
    updates that operate on (add, remove, or change the role of) the same user in the
    participant list more than once.
  separately:
    Each of these actions (modifying a user's role, removing a user, and adding a user) is
    authorized separately
  inactive:
    The participant list may include inactive participants, which currently do not have any
    clients in the corresponding MLS group
  identity:
    the identifier for each user in participants.user is the same across all that user's clients
    in the room.
"""
"""Sections; names with a colon at the end of them all; and the sentences that have these names."""


_PART = re.compile(r"^(\S.*)$|^  (\S[^:]*):\n((?:    .*\n)+)", re.MULTILINE)


def _read() -> dict[str, tuple[str, str]]:
    sentences, section = dict[str, tuple[str, str]](), ""
    for part in _PART.finditer(_TABLE):
        if part[1]:
            section = part[1]
        else:
            text = " ".join(part[3].split())
            sentences |= {name.strip(): (section, text) for name in part[2].split(",")}
    return sentences


SENTENCES: dict[str, tuple[str, str]] = _read()
"""From the names of sentences to the sections in which they stand, and the sentences."""
