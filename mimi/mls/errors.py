"""What can be wrong with a message, a key package or a Welcome: one class for each rule."""

from mimi.errors import InvalidError, UsageError


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
