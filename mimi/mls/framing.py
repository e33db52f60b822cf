"""Framing: what every handshake and application message is made of (RFC 9420 section 6)."""

from typing import Annotated, ClassVar, TypeAlias

from mimi.codec import (
    Bytes,
    Fixed,
    Given,
    Opaque,
    Padding,
    Select,
    UInt32,
    UInt64,
    struct,
)
from mimi.mls.codepoints import ContentType, MessageBody, SenderType, WireFormat
from mimi.mls.context import GroupContext
from mimi.mls.proposal import Commit, Proposal
from mimi.tree.codepoints import ProtocolVersion
from mimi.tree.math import LeafIndexField

MAC: TypeAlias = Annotated[bytes, Bytes("MAC")]


@struct
class MemberSender:
    """A member, by its leaf."""

    leaf_index: LeafIndexField


@struct
class ExternalSenderIndex:
    """Someone outside, by the place in the extension ``external_senders``."""

    sender_index: UInt32


@struct
class NewMemberProposalSender:
    """A client that proposes its own addition."""


@struct
class NewMemberCommitSender:
    """A client that joins by an external commit."""


Sender: TypeAlias = Annotated[
    MemberSender | ExternalSenderIndex | NewMemberProposalSender | NewMemberCommitSender,
    Select(
        SenderType,
        {
            SenderType.MEMBER: MemberSender,
            SenderType.EXTERNAL: ExternalSenderIndex,
            SenderType.NEW_MEMBER_PROPOSAL: NewMemberProposalSender,
            SenderType.NEW_MEMBER_COMMIT: NewMemberCommitSender,
        },
        "Sender",
    ),
]

Content: TypeAlias = Annotated[
    bytes | Proposal | Commit,
    Select(
        ContentType,
        {
            ContentType.APPLICATION: Opaque,
            ContentType.PROPOSAL: Proposal,
            ContentType.COMMIT: Commit,
        },
        "Content",
    ),
]
"""Application data as octets, a proposal, or a commit."""


@struct(cached=True)
class FramedContent:
    """A message as it is signed.

    Signature, membership tag and transcript hash cover the same octets, which are kept.
    """

    group_id: Opaque
    epoch: UInt64
    sender: Sender
    authenticated_data: Opaque
    content: Content


@struct(cached=True)
class FramedContentTBS:
    """What a message's signature covers; for members and joiners the group context too.

    The membership tag covers it as well, so that its octets are kept.
    """

    version: ClassVar[ProtocolVersion] = ProtocolVersion.MLS10
    wire_format: WireFormat
    content: FramedContent
    context: Annotated[
        GroupContext | None,
        Given("content.sender", {MemberSender: GroupContext, NewMemberCommitSender: GroupContext}),
    ]


@struct
class FramedContentAuthData:
    """The authentication of application data or a proposal: a signature."""

    signature: Opaque


@struct
class CommitAuthData:
    """The authentication of a commit: a signature, and the tag that confirms the new epoch."""

    signature: Opaque
    confirmation_tag: MAC


AuthData: TypeAlias = Annotated[
    FramedContentAuthData | CommitAuthData,
    Given("content.content", {Commit: CommitAuthData}, FramedContentAuthData),
]
"""FramedContentAuthData: a select on the content type, so two classes."""


@struct
class AuthenticatedContent:
    """A message with its authentication, before it is made public or private."""

    wire_format: WireFormat
    content: FramedContent
    auth: AuthData


@struct
class AuthenticatedContentTBM:
    """What the membership tag covers."""

    content_tbs: FramedContentTBS
    auth: Annotated[
        FramedContentAuthData | CommitAuthData,
        Given("content_tbs.content.content", {Commit: CommitAuthData}, FramedContentAuthData),
    ]


@struct(case=WireFormat.MLS_PUBLIC_MESSAGE)
class PublicMessage(MessageBody):
    """A message that is signed and not encrypted (section 6.2)."""

    content: FramedContent
    auth: AuthData
    membership_tag: Annotated[MAC | None, Given("content.sender", {MemberSender: MAC})]


@struct(case=WireFormat.MLS_PRIVATE_MESSAGE)
class PrivateMessage(MessageBody):
    """A message that is signed and encrypted (section 6.3)."""

    group_id: Opaque
    epoch: UInt64
    content_type: ContentType
    authenticated_data: Opaque
    encrypted_sender_data: Opaque
    ciphertext: Opaque


@struct
class PrivateApplication:
    """PrivateMessageContent of application data."""

    content: Opaque
    auth: FramedContentAuthData
    padding: Annotated[int, Padding()]


@struct
class PrivateProposal:
    """PrivateMessageContent of a proposal."""

    content: Proposal
    auth: FramedContentAuthData
    padding: Annotated[int, Padding()]


@struct
class PrivateCommit:
    """PrivateMessageContent of a commit."""

    content: Commit
    auth: CommitAuthData
    padding: Annotated[int, Padding()]


PrivateMessageContent: TypeAlias = PrivateApplication | PrivateProposal | PrivateCommit
"""What a PrivateMessage's ciphertext holds (section 6.3.1).

The select is on the content type of the PrivateMessage around it, so three classes; the padding
is all zeros, and its value is their number.
"""


@struct
class PrivateContentAAD:
    """What the encryption of a private message's content is bound to (section 6.3.1)."""

    group_id: Opaque
    epoch: UInt64
    content_type: ContentType
    authenticated_data: Opaque


@struct
class SenderData:
    """Who sent a private message, and with which key (section 6.3.2)."""

    leaf_index: LeafIndexField
    generation: UInt32
    reuse_guard: Annotated[bytes, Fixed(4)]


@struct
class SenderDataAAD:
    """What the encryption of the sender data is bound to (section 6.3.2)."""

    group_id: Opaque
    epoch: UInt64
    content_type: ContentType
