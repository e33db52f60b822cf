"""Operational parameters of a room's MLS group (draft-ietf-mimi-room-policy-03 section 7)."""

from typing import Annotated

from mimi.codec import ClosedEnum8, Given, UInt8, UInt16, UInt32, UInt64, struct
from mimi.crypto import CipherSuite
from mimi.mls import ComponentID, MediaType
from mimi.mls.codepoints import ContentType, WireFormat
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType, ProtocolVersion


@struct
class ExtendedCapabilities:
    """What clients must be able to do, do by default, or must not.

    Attributes:
        versions: Protocol versions.
        cipher_suites: Cipher suites.
        extensions: Extension types.
        proposals: Proposal types.
        credentials: Credential types.
        wire_formats: Wire formats.
        component_ids: Application components.
        safe_aad_types: Components in the safe AAD.
        media_types: Media types of application data.
        content_types: Content types of RFC 9420 section 6.
    """

    versions: tuple[ProtocolVersion, ...] = ()
    cipher_suites: tuple[CipherSuite, ...] = ()
    extensions: tuple[ExtensionType, ...] = ()
    proposals: tuple[ProposalType, ...] = ()
    credentials: tuple[CredentialType, ...] = ()
    wire_formats: tuple[WireFormat, ...] = ()
    component_ids: tuple[ComponentID, ...] = ()
    safe_aad_types: tuple[ComponentID, ...] = ()
    media_types: tuple[MediaType, ...] = ()
    content_types: tuple[ContentType, ...] = ()


class PendingProposalStrategy(ClosedEnum8):
    """When members commit what is proposed."""

    UNSPECIFIED = 0
    IMMEDIATE_COMMIT = 1
    RANDOM_DELAY = 2
    EXTENSION = 255


@struct
class RandomDelay:
    """Between which bounds a member waits, in milliseconds."""

    minimum_delay_ms: UInt64
    maximum_delay_ms: UInt64


@struct
class StrategyParams:
    """The component that says more about a strategy of another kind."""

    id_of_strategy_params: ComponentID


@struct
class PendingProposalPolicy:
    """When members commit what is proposed, with the parameters of the strategy."""

    pending_proposal_strategy: PendingProposalStrategy = PendingProposalStrategy.UNSPECIFIED
    parameters: Annotated[
        RandomDelay | StrategyParams | None,
        Given(
            "pending_proposal_strategy",
            {
                PendingProposalStrategy.RANDOM_DELAY: RandomDelay,
                PendingProposalStrategy.EXTENSION: StrategyParams,
            },
        ),
    ] = None


@struct
class MinDefaultMaxTime:
    """A time with its bounds, in seconds."""

    minimum_time: UInt64 = 0
    default_time: UInt64 = 0
    maximum_time: UInt64 = 0


@struct
class AppMessagePolicy:
    """How far application messages may be out of order, and how they are padded.

    Attributes:
        epoch_tolerance: How many past epochs are kept.
        pad_to_size: To multiples of what messages are padded, in octets; 0 for not at all.
        max_generations_skipahead: How far a ratchet is moved on by one message.
    """

    epoch_tolerance: UInt8 = 0
    pad_to_size: UInt16 = 0
    max_generations_skipahead: UInt32 = 0


NO_CAPABILITIES = ExtendedCapabilities()
NO_TIMES = MinDefaultMaxTime()


@struct
class OperationalParameters:
    """The component ``mls_operational_policy``; times in seconds.

    Attributes:
        mandatory_capabilities: What every client must be able to do.
        default_capabilities: What clients do by default.
        forbidden_capabilities: What no client may list.
        handshake_formats: In which wire formats handshakes may be sent; none means any.
        external_proposal_allowed: Whether somebody outside may propose.
        external_commit_allowed: Whether somebody may join by a commit.
        pending_proposal_policy: When members commit what is proposed.
        leaf_node_update_time: How often members change their keys.
        app_message_policy: Order and padding of application messages.
        max_kp_lifetime: The longest lifetime of a key package.
        max_credential_lifetime: The longest lifetime of a credential.
        resumption_psk_lifetime: How long resumption PSKs are kept.
        sender_nonce_keypair_lifetime: How long unused message keys are kept.
        max_keypairs: How many of them are kept.
        buffer_incoming_message_time: How long messages are kept that cannot be processed yet.
        max_buffered_messages: How many of them are kept.
    """

    mandatory_capabilities: ExtendedCapabilities = NO_CAPABILITIES
    default_capabilities: ExtendedCapabilities = NO_CAPABILITIES
    forbidden_capabilities: ExtendedCapabilities = NO_CAPABILITIES
    handshake_formats: tuple[WireFormat, ...] = ()
    external_proposal_allowed: bool = True
    external_commit_allowed: bool = True
    pending_proposal_policy: PendingProposalPolicy = PendingProposalPolicy()
    leaf_node_update_time: MinDefaultMaxTime = NO_TIMES
    app_message_policy: AppMessagePolicy = AppMessagePolicy()
    max_kp_lifetime: UInt64 = 0
    max_credential_lifetime: UInt64 = 0
    resumption_psk_lifetime: UInt64 = 0
    sender_nonce_keypair_lifetime: MinDefaultMaxTime = NO_TIMES
    max_keypairs: UInt32 = 0
    buffer_incoming_message_time: MinDefaultMaxTime = NO_TIMES
    max_buffered_messages: UInt32 = 0
