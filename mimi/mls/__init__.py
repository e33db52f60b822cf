"""Messaging Layer Security (RFC 9420): key packages, messages, the key schedule.

`MLSMessage` is the envelope of all that is sent; `decode(MLSMessage, octets)` reads any of it.
"""

from mimi.mls.codepoints import (
    ContentType,
    MessageBody,
    ProposalOrRefType,
    PSKType,
    ResumptionPSKUsage,
    SenderType,
    WireFormat,
)
from mimi.mls.context import (
    GroupContext,
)
from mimi.mls.framing import (
    AuthenticatedContent,
    CommitAuthData,
    ExternalSenderIndex,
    FramedContent,
    FramedContentAuthData,
    MemberSender,
    NewMemberCommitSender,
    NewMemberProposalSender,
    PrivateMessage,
    PublicMessage,
    Sender,
)
from mimi.mls.keypackage import (
    KeyPackage,
    key_package_ref,
    sign_key_package,
    validate_key_package,
)
from mimi.mls.message import (
    MLSMessage,
)
from mimi.mls.proposal import (
    Add,
    Commit,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ProposalOrRef,
    ReInit,
    Remove,
    Update,
)
from mimi.mls.protect import (
    authenticate,
    proposal_ref,
    protect_private,
    protect_public,
    sign_content,
    signature_keys,
    unprotect_private,
    unprotect_public,
)
from mimi.mls.psk import (
    PSK,
    ExternalPSK,
    PreSharedKeyID,
    ResumptionPSK,
    psk_secret,
)
from mimi.mls.schedule import (
    EpochSecrets,
    joiner_secret,
    welcome_secret,
)
from mimi.mls.secrets import RatchetKind, SecretTree, Window
from mimi.mls.transcript import (
    confirmed_transcript_hash,
    interim_transcript_hash,
)
from mimi.mls.welcome import (
    GroupInfo,
    GroupSecrets,
    NewMember,
    Welcome,
    check_group_info,
    decrypt_group_info,
    decrypt_group_secrets,
    encrypt_welcome,
    sign_group_info,
    verify_group_info,
)

__all__ = [
    "PSK",
    "Add",
    "AuthenticatedContent",
    "Commit",
    "CommitAuthData",
    "ContentType",
    "EpochSecrets",
    "ExternalInit",
    "ExternalPSK",
    "ExternalSenderIndex",
    "FramedContent",
    "FramedContentAuthData",
    "GroupContext",
    "GroupContextExtensions",
    "GroupInfo",
    "GroupSecrets",
    "KeyPackage",
    "MLSMessage",
    "MemberSender",
    "MessageBody",
    "NewMember",
    "NewMemberCommitSender",
    "NewMemberProposalSender",
    "PSKType",
    "PreSharedKey",
    "PreSharedKeyID",
    "PrivateMessage",
    "Proposal",
    "ProposalOrRef",
    "ProposalOrRefType",
    "PublicMessage",
    "RatchetKind",
    "ReInit",
    "Remove",
    "ResumptionPSK",
    "ResumptionPSKUsage",
    "SecretTree",
    "Sender",
    "SenderType",
    "Update",
    "Welcome",
    "Window",
    "WireFormat",
    "authenticate",
    "check_group_info",
    "confirmed_transcript_hash",
    "decrypt_group_info",
    "decrypt_group_secrets",
    "encrypt_welcome",
    "interim_transcript_hash",
    "joiner_secret",
    "key_package_ref",
    "proposal_ref",
    "protect_private",
    "protect_public",
    "psk_secret",
    "sign_content",
    "sign_group_info",
    "sign_key_package",
    "signature_keys",
    "unprotect_private",
    "unprotect_public",
    "validate_key_package",
    "verify_group_info",
    "welcome_secret",
]
