"""Messaging Layer Security (RFC 9420): clients, groups, and everything that they send.

`Client` makes key packages, creates and joins groups; `Group` is a group as a member holds it;
`PublicGroup` follows one without its secrets. All are immutable values: an operation returns the
next one. `MLSMessage` is the envelope of all that is sent; `decode(MLSMessage, octets)` reads it.
"""

from mimi.mls.client import (
    Client,
)
from mimi.mls.codepoints import (
    ContentType,
    MessageBody,
    ProposalOrRefType,
    PSKType,
    ResumptionPSKUsage,
    SenderType,
    WireFormat,
)
from mimi.mls.components import (
    is_last_resort,
)
from mimi.mls.context import (
    GroupContext,
)
from mimi.mls.credentials import (
    CredentialCheck,
    KnownIdentities,
    Predecessor,
    Role,
)
from mimi.mls.draft import (
    Draft,
)
from mimi.mls.events import (
    ApplicationMessage,
    CommitStaged,
    EncryptedMessage,
    Event,
    FutureEpoch,
    Held,
    MissingProposals,
    OwnCommitConfirmed,
    OwnMessageEchoed,
    ProposalReceived,
    Step,
)
from mimi.mls.external import (
    ExternalDraft,
    propose_from_outside,
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
from mimi.mls.group import (
    Group,
)
from mimi.mls.join import (
    OwnKeyPackage,
    StagedJoin,
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
from mimi.mls.ownleaf import (
    LeafChange,
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
    unprotect_private,
    unprotect_public,
)
from mimi.mls.psk import (
    PSK,
    ApplicationPSK,
    ExternalPSK,
    PreSharedKeyID,
    ResumptionPSK,
    psk_secret,
)
from mimi.mls.public import (
    PublicGroup,
)
from mimi.mls.rows import Changes
from mimi.mls.safe import (
    ClientComponent,
    GroupComponent,
    PublicComponent,
    safe_decrypt_with_label,
    safe_encrypt_with_label,
    safe_sign_with_label,
    safe_verify_with_label,
)
from mimi.mls.schedule import (
    EpochSecrets,
    joiner_secret,
    welcome_secret,
)
from mimi.mls.secrets import RatchetKind, SecretTree, Window
from mimi.mls.senders import (
    signature_keys,
)
from mimi.mls.settings import (
    PaddingPolicy,
    Settings,
    StepPadding,
    no_padding,
    padme,
)
from mimi.mls.state import (
    Member,
    PendingProposal,
    PublicState,
)
from mimi.mls.successor import (
    branch,
    reinitialise,
)
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
    "ApplicationMessage",
    "ApplicationPSK",
    "AuthenticatedContent",
    "Changes",
    "Client",
    "ClientComponent",
    "Commit",
    "CommitAuthData",
    "CommitStaged",
    "ContentType",
    "CredentialCheck",
    "Draft",
    "EncryptedMessage",
    "EpochSecrets",
    "Event",
    "ExternalDraft",
    "ExternalInit",
    "ExternalPSK",
    "ExternalSenderIndex",
    "FramedContent",
    "FramedContentAuthData",
    "FutureEpoch",
    "Group",
    "GroupComponent",
    "GroupContext",
    "GroupContextExtensions",
    "GroupInfo",
    "GroupSecrets",
    "Held",
    "KeyPackage",
    "KnownIdentities",
    "LeafChange",
    "MLSMessage",
    "Member",
    "MemberSender",
    "MessageBody",
    "MissingProposals",
    "NewMember",
    "NewMemberCommitSender",
    "NewMemberProposalSender",
    "OwnCommitConfirmed",
    "OwnKeyPackage",
    "OwnMessageEchoed",
    "PSKType",
    "PaddingPolicy",
    "PendingProposal",
    "PreSharedKey",
    "PreSharedKeyID",
    "Predecessor",
    "PrivateMessage",
    "Proposal",
    "ProposalOrRef",
    "ProposalOrRefType",
    "ProposalReceived",
    "PublicComponent",
    "PublicGroup",
    "PublicMessage",
    "PublicState",
    "RatchetKind",
    "ReInit",
    "Remove",
    "ResumptionPSK",
    "ResumptionPSKUsage",
    "Role",
    "SecretTree",
    "Sender",
    "SenderType",
    "Settings",
    "StagedJoin",
    "Step",
    "StepPadding",
    "Update",
    "Welcome",
    "Window",
    "WireFormat",
    "authenticate",
    "branch",
    "check_group_info",
    "confirmed_transcript_hash",
    "decrypt_group_info",
    "decrypt_group_secrets",
    "encrypt_welcome",
    "interim_transcript_hash",
    "is_last_resort",
    "joiner_secret",
    "key_package_ref",
    "no_padding",
    "padme",
    "proposal_ref",
    "propose_from_outside",
    "protect_private",
    "protect_public",
    "psk_secret",
    "reinitialise",
    "safe_decrypt_with_label",
    "safe_encrypt_with_label",
    "safe_sign_with_label",
    "safe_verify_with_label",
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
