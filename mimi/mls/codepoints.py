"""The registries of RFC 9420 that concern messages: sections 6, 8.4, 12.4 and 17.2."""

from mimi.codec import Choice, ClosedEnum8, CodePoint8, CodePoint16, point


class WireFormat(CodePoint16):
    """What an MLSMessage carries (section 17.2)."""

    MLS_PUBLIC_MESSAGE = point(0x0001)
    MLS_PRIVATE_MESSAGE = point(0x0002)
    MLS_WELCOME = point(0x0003)
    MLS_GROUP_INFO = point(0x0004)
    MLS_KEY_PACKAGE = point(0x0005)


class ContentType(ClosedEnum8):
    """What a framed content is (section 6)."""

    APPLICATION = 1
    PROPOSAL = 2
    COMMIT = 3


class SenderType(ClosedEnum8):
    """Who sent a message (section 6)."""

    MEMBER = 1
    EXTERNAL = 2
    NEW_MEMBER_PROPOSAL = 3
    NEW_MEMBER_COMMIT = 4


class AppDataUpdateOperation(CodePoint8):
    """What an AppDataUpdate does (draft-ietf-mls-extensions-10 section 4.7)."""

    UPDATE = point(1)
    REMOVE = point(2)


class PSKType(CodePoint8):
    """Where a pre-shared key comes from (section 8.4)."""

    EXTERNAL = point(1)
    RESUMPTION = point(2)


class ResumptionPSKUsage(ClosedEnum8):
    """What a resumption PSK proves (section 8.4)."""

    APPLICATION = 1
    REINIT = 2
    BRANCH = 3


class ProposalOrRefType(ClosedEnum8):
    """Whether a commit holds a proposal or a reference to one (section 12.4)."""

    PROPOSAL = 1
    REFERENCE = 2


class MessageBody(Choice, tag=WireFormat):
    """What an MLSMessage can carry. Declare further wire formats as cases of this choice."""

    __slots__ = ()
