"""What is wrong with the data of a room's components, one class for each rule.

What parses and is consistent, but not allowed to who asks for it, is a `PolicyRefusedError`, or for
messages a `MessageRefusedError`, with the whole decision.
"""

from typing import TYPE_CHECKING

from mimi.errors import ForbiddenError, InvalidError, UsageError

if TYPE_CHECKING:
    from mimi.policy.decision import Decision
    from mimi.policy.facts import MessageDecision

ROOM_POLICY = "draft-ietf-mimi-room-policy-03"
PROTOCOL = "draft-ietf-mimi-protocol-06"


class PolicyDataError(InvalidError):
    """A component of the room's policy does not parse, or contradicts itself."""

    rule = ROOM_POLICY


class TextError(PolicyDataError):
    """A text for people is not UTF-8, or has the character U+0000."""

    rule = f"{PROTOCOL} section 7.6"


class PolicyUriError(PolicyDataError):
    """What should be a URI is none."""

    rule = f"{PROTOCOL} section 7.6"


class RoomUriError(PolicyUriError):
    """A room is not named by its ``mimi:`` URI in canonical form."""


class AvatarUriError(PolicyUriError):
    """The avatar of a room is not an https URI."""


class LanguageTagError(PolicyDataError):
    """The language of a description has not the form of a language tag."""

    rule = f"{PROTOCOL} section 7.6"


class DescriptionTypeError(PolicyDataError):
    """The media type of a description is none."""

    rule = f"{PROTOCOL} section 7.6"


class RepeatedRoleError(PolicyDataError):
    """Two roles have one index."""

    rule = f"{ROOM_POLICY} section 3"


class OpenJoinRoleError(PolicyDataError):
    """A role other than 0 has canOpenJoin."""

    rule = f"{ROOM_POLICY} section 8.1.1"


class ParentRoomError(PolicyDataError):
    """A parent-dependent room does not name one parent, or another room names one."""

    rule = f"{ROOM_POLICY} section 5"


class FixedMembershipError(PolicyDataError):
    """In a room of fixed membership a role other than 0 and the banned one can add participants."""

    rule = f"{ROOM_POLICY} section 5"


class AutodetectError(PolicyDataError):
    """Composers would be required to find links in texts."""

    rule = f"{ROOM_POLICY} section 6.3"


class LinkPreviewProxyError(PolicyDataError):
    """A link preview proxy may or must be used, and none is named."""

    rule = f"{ROOM_POLICY} section 6.3"


class MediaTypeError(PolicyDataError):
    """A media type is none: it has not the form of type and subtype, or a parameter is none."""

    rule = f"{ROOM_POLICY} section 6.4"


class UploadDomainError(PolicyDataError):
    """Where assets are uploaded to the hub, the list has not the hub as its only provider."""

    rule = f"{ROOM_POLICY} section 6.4"


class DomainNameError(PolicyDataError):
    """A domain is none, or is not in its canonical form."""

    rule = f"{ROOM_POLICY} section 6.4"


class DownloadTypeError(PolicyDataError):
    """A way to download is both allowed and forbidden."""

    rule = f"{ROOM_POLICY} section 6.4"


class DefaultDownloadError(PolicyDataError):
    """The way to download by default is not among those that are allowed."""

    rule = f"{ROOM_POLICY} section 6.4"


class NoLoggingClientError(PolicyDataError):
    """Logging is required, and nobody logs."""

    rule = f"{ROOM_POLICY} section 6.5"


class LoggingClientError(PolicyDataError):
    """Who logs is not named by the ``mimi:`` URI of a client or a user in canonical form."""

    rule = f"{ROOM_POLICY} section 6.5"


class HistoryRoleError(PolicyDataError):
    """History would be shared by role 0 or 1, or by a role that has no active participants."""

    rule = f"{ROOM_POLICY} section 6.6"


class BotRoleError(PolicyDataError):
    """A bot that is local to a client has a role in the room."""

    rule = f"{ROOM_POLICY} section 6.7"


class DurationError(PolicyDataError):
    """A shortest time is longer than the longest, or a default is not between them."""


class ExpirationDurationError(DurationError):
    """Of the durations of messages."""

    rule = f"{ROOM_POLICY} section 6.8"


class OperationalTimeError(DurationError):
    """Of the times by which clients run the group."""

    rule = f"{ROOM_POLICY} section 7"


class CapabilityConflictError(PolicyDataError):
    """What every client must be able to do, no client may."""

    rule = f"{ROOM_POLICY} section 7"


class JoinLinkCountError(PolicyDataError):
    """A room that gets joining links on request keeps more than one."""

    rule = f"{ROOM_POLICY} section 6.2"


class UncheckedComponentError(UsageError):
    """A component is none whose data can be checked by itself: of another kind, or unknown."""

    rule = f"{ROOM_POLICY} section 10.1"


class RepeatedUpdateError(PolicyDataError):
    """A commit updates more than once what an update replaces as a whole."""

    rule = f"{PROTOCOL} section 7.6"


# The participant list


class ParticipantListError(PolicyDataError):
    """A participant list, or an update of one, breaks a rule."""

    rule = f"{PROTOCOL} section 7.5"


class ParticipantUriError(ParticipantListError):
    """A participant is not the canonical URI of a user, a pseudonym or a provider."""


class RepeatedParticipantError(ParticipantListError):
    """A user is in the participant list twice, or would be."""


class ParticipantIndexError(ParticipantListError):
    """An index is not that of a participant."""


class NoParticipantError(UsageError):
    """Somebody is asked for who is no participant."""

    rule = f"{PROTOCOL} section 7.5"


class RoleZeroError(ParticipantListError):
    """A participant would have the role 0, which is for those who are none."""

    rule = f"{ROOM_POLICY} section 3"


class TwoOperationsError(ParticipantListError):
    """A commit adds, removes or changes the same user more than once."""


class LinkIndexError(PolicyDataError):
    """An index is not that of a join link, or is given twice."""

    rule = f"{ROOM_POLICY} section 6.2"


# Rooms


class UnnamedClientError(InvalidError):
    """A credential does not say whose client it belongs to."""

    rule = f"{PROTOCOL} section 7.5"


class PolicyRefusedError(ForbiddenError):
    """The room's policy forbids what somebody asks for.

    Attributes:
        decision: All reasons.
    """

    rule = f"{ROOM_POLICY} section 8"

    def __init__(self, decision: "Decision") -> None:
        reasons = "; ".join(refusal.reason for refusal in decision.refusals)
        rules = tuple(refusal.rule for refusal in decision.refusals)
        super().__init__(reasons, rules=rules)
        self.decision = decision


class MessageRefusedError(ForbiddenError):
    """The room's policy forbids a message, or what somebody would do with it.

    Attributes:
        decision: All reasons.
    """

    rule = f"{ROOM_POLICY} sections 6, 8.3 and 8.4"

    def __init__(self, decision: "MessageDecision") -> None:
        reasons = "; ".join(refusal.reason for refusal in decision.refusals)
        super().__init__(reasons, rules=decision.rules)
        self.decision = decision


class JoinCodeError(PolicyDataError):
    """A joining link is shown by somebody who does not join by a commit."""

    rule = f"{ROOM_POLICY} section 8.1.1"


class LateRoomError(InvalidError):
    """A group that was created without roles would get them: it is no room for good."""

    rule = f"{ROOM_POLICY} section 3"
