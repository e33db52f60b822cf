"""What can be wrong with a message, a key package or a Welcome: one class for each rule."""

from mimi.errors import ForbiddenError, InvalidError, MalformedError, UsageError


class KeyPackageVersionError(InvalidError):
    """A key package is for another version or cipher suite than the group's."""

    rule = "RFC 9420 section 10.1"


class KeyPackageSignatureError(InvalidError):
    """A key package's signature is not by the signature key of its leaf."""

    rule = "RFC 9420 section 10.1"


class InitKeyError(InvalidError):
    """A key package's init_key is no key, or also its encryption_key."""

    rule = "RFC 9420 section 10.1"


class ExternalProposalError(InvalidError):
    """An external sender proposed what only members may."""

    rule = "RFC 9420 section 12.1.8"


class PSKNonceError(InvalidError):
    """A pre-shared key's nonce does not have Nh octets."""

    rule = "RFC 9420 section 12.1.4"


class PSKCountError(InvalidError):
    """More pre-shared keys than the key schedule can count."""

    rule = "RFC 9420 section 8.4"


class MembershipTagError(InvalidError):
    """A public message from a member is not authenticated with the group's membership key."""

    rule = "RFC 9420 section 6.2"


class MessageSignatureError(InvalidError):
    """A message's signature is not by its sender's key."""

    rule = "RFC 9420 section 6.1"


class ConfirmationTagError(InvalidError):
    """A confirmation tag is not that of the epoch."""

    rule = "RFC 9420 section 6.1"


class PublicApplicationError(InvalidError):
    """Application data in a public message."""

    rule = "RFC 9420 section 6"


class SenderContentError(InvalidError):
    """A sender outside the group sent what its kind of sender may not send."""

    rule = "RFC 9420 section 6.1"


class SenderDataError(InvalidError):
    """The sender data of a private message does not decrypt."""

    rule = "RFC 9420 section 6.3.2"


class ContentDecryptionError(InvalidError):
    """The content of a private message does not decrypt."""

    rule = "RFC 9420 section 6.3.1"


class WrongGroupError(InvalidError):
    """A message is for another group."""

    rule = "RFC 9420 section 6"


class WrongEpochError(InvalidError):
    """A message is of another epoch."""

    rule = "RFC 9420 section 12.4.2"


class UnknownSenderError(InvalidError):
    """A message's sender has no signature key: a blank leaf, or no external sender."""

    rule = "RFC 9420 section 6.1"


class KeyConsumedError(InvalidError):
    """The key of a generation was used before, or is too old to be kept."""

    rule = "RFC 9420 section 9.2"


class GenerationTooFarError(InvalidError):
    """A message would drive a ratchet further ahead than the bound."""

    rule = "RFC 9420 section 15.3"


class LeafOutsideError(InvalidError):
    """A leaf index is not in the secret tree."""

    rule = "RFC 9420 section 6.3.2"


class GenerationExhaustedError(UsageError):
    """A ratchet has no generation left: generations are 32 bits."""

    rule = "RFC 9420 section 9.1"


class ContentError(UsageError):
    """Content and sender, wire format or confirmation tag do not go together."""

    rule = "RFC 9420 section 6"


class WelcomeSuiteError(InvalidError):
    """Welcome, group info and key package are not all for one cipher suite."""

    rule = "RFC 9420 section 12.4.3.1"


class NoSecretsError(InvalidError):
    """A Welcome holds nothing for the key package."""

    rule = "RFC 9420 section 12.4.3.1"


class GroupSecretsError(InvalidError):
    """The group secrets of a Welcome do not decrypt."""

    rule = "RFC 9420 section 12.4.3.1"


class GroupInfoError(InvalidError):
    """The group info of a Welcome does not decrypt."""

    rule = "RFC 9420 section 12.4.3.1"


class GroupInfoSignatureError(InvalidError):
    """A group info is not signed by the member that it names."""

    rule = "RFC 9420 section 12.4.3.1"


# The list of proposals of a commit (section 12.2)


class UpdateFromCommitterError(InvalidError):
    """A commit covers an Update proposal of its own sender."""

    rule = "RFC 9420 section 12.2"


class RemoveCommitterError(InvalidError):
    """A commit removes its own sender."""

    rule = "RFC 9420 section 12.2"


class RepeatedLeafError(InvalidError):
    """A commit updates or removes one leaf more than once."""

    rule = "RFC 9420 section 12.2"


class RepeatedPSKError(InvalidError):
    """A commit names one PreSharedKeyID more than once."""

    rule = "RFC 9420 section 12.2"


class RepeatedGroupContextExtensionsError(InvalidError):
    """A commit replaces the extensions of the group context more than once."""

    rule = "RFC 9420 section 12.2"


class ReInitWithOthersError(InvalidError):
    """A commit covers a ReInit and another proposal."""

    rule = "RFC 9420 section 12.2"


class ExternalInitPlaceError(InvalidError):
    """A member commits or proposes an ExternalInit, which belongs to joiners."""

    rule = "RFC 9420 section 12.2"


class UnsupportedProposalError(InvalidError):
    """A commit covers a proposal of a type that a member does not support."""

    rule = "RFC 9420 section 12.2"


class ExternalInitCountError(InvalidError):
    """An external commit has not exactly one ExternalInit."""

    rule = "RFC 9420 section 12.2"


class ExternalRemoveCountError(InvalidError):
    """An external commit removes more than one leaf."""

    rule = "RFC 9420 section 12.2"


class ExternalCommitProposalError(InvalidError):
    """An external commit covers a proposal of a type that it must not."""

    rule = "RFC 9420 section 12.2"


class ExternalCommitReferenceError(InvalidError):
    """An external commit covers a proposal by reference."""

    rule = "RFC 9420 section 12.4.3.2"


class UnknownProposalError(InvalidError):
    """A commit refers to proposals that were not received; ``references`` names them."""

    rule = "RFC 9420 section 12.4"


class UpdateSenderError(InvalidError):
    """An Update proposal that no member sent."""

    rule = "RFC 9420 section 12.1.2"


class MissingPathError(InvalidError):
    """A commit has no path although its proposals need one, or are none."""

    rule = "RFC 9420 section 12.4"


class PSKUsageError(InvalidError):
    """A proposal names a resumption PSK for reinitialisation or branching in a living group."""

    rule = "RFC 9420 section 12.1.4"


class UnknownPSKError(InvalidError):
    """A commit or a Welcome names a pre-shared key that this client does not hold."""

    rule = "RFC 9420 section 12.4.2"


class ReInitVersionError(InvalidError):
    """A ReInit would lower the version of the protocol."""

    rule = "RFC 9420 section 12.1.5"


class OwnEchoError(InvalidError):
    """A message says that this member sent it, and this member did not."""

    rule = "RFC 9420 section 6.1"


class UnexpectedMessageError(InvalidError):
    """A Welcome, a group info or a key package where a group's message belongs."""

    rule = "RFC 9420 section 6"


class HandshakeAfterEndError(InvalidError):
    """A handshake message in a group that was reinitialised, or for a member that was removed."""

    rule = "RFC 9420 section 12.4.2"


# Joining (section 12.4.3)


class NotInTreeError(InvalidError):
    """The tree of a Welcome does not hold the leaf of the key package."""

    rule = "RFC 9420 section 12.4.3.1"


class DuplicateGroupError(InvalidError):
    """A Welcome is for a group in which the client takes part already."""

    rule = "RFC 9420 section 12.4.3.1"


class ResumptionPSKCountError(InvalidError):
    """A Welcome names more than one resumption PSK for reinitialisation or branching."""

    rule = "RFC 9420 section 12.4.3.1"


class SuccessorEpochError(InvalidError):
    """The Welcome of a successor or a branch is not for epoch 1."""

    rule = "RFC 9420 section 12.4.3.1"


class ReInitMismatchError(InvalidError):
    """A successor group is not what the ReInit announced, or no ReInit was committed."""

    rule = "RFC 9420 section 11.2"


class BranchMismatchError(InvalidError):
    """A branch has another version or cipher suite than the group that it branches from."""

    rule = "RFC 9420 section 11.3"


class SuccessorMembersError(InvalidError):
    """A successor lacks a member of the old group, or a branch has one who was none."""

    rule = "RFC 9420 section 12.4.3.1"


class MissingExternalPubError(InvalidError):
    """A group info without the extension external_pub cannot be joined by a commit."""

    rule = "RFC 9420 section 12.4.3.2"


# Mistakes of our caller


class MissingTreeError(UsageError):
    """Neither the group info nor the caller provides the ratchet tree."""

    rule = "RFC 9420 section 12.4.3.1"


class PendingProposalsError(UsageError):
    """Application data cannot be sent while valid proposals wait to be committed."""

    rule = "RFC 9420 section 12.4"


class AEADLimitError(UsageError):
    """The member has encrypted as much in this epoch as the cipher suite's AEAD bears."""

    rule = "RFC 9420 section 15.2"


class ClosedGroupError(UsageError):
    """The member was removed, or the group reinitialised: nothing more can be sent."""

    rule = "RFC 9420 section 12.4.2"


class CredentialRefusedError(ForbiddenError):
    """The application does not take a credential for what it says."""

    rule = "RFC 9420 section 5.3.1"


class CapabilitiesError(UsageError):
    """A client's own capabilities list what everybody has, or GREASE values, which nobody has."""

    rule = "RFC 9420 section 7.2"


class HeldCommitError(UsageError):
    """A commit of one's own waits to be confirmed, and another cannot be made meanwhile."""

    rule = "RFC 9420 section 14"


class StaleDraftError(UsageError):
    """A draft or a staged commit does not go with the group as it is now."""

    rule = "RFC 9420 section 14"


class UnknownReferenceError(UsageError):
    """No pending proposal has this reference."""

    rule = "RFC 9420 section 12.4"


# Stored rows (docs/persistence.md)


class NewerSnapshotError(UsageError):
    """A stored row has a version that this version of the library does not know."""


class DamagedSnapshotError(MalformedError):
    """Stored rows are not what was stored, or do not belong together; `path` names the row."""
