"""Everything that is encoded by itself: what documentation and tools walk over."""

from typing import Any

from mimi.crypto import labels
from mimi.mls import (
    appack,
    components,
    external_receivers,
    framing,
    message,
    negotiation,
    proposal,
    psk,
    safe,
    semiprivate,
    transcript,
    tree_options,
    welcome,
)
from mimi.tree import extension, hashes, leaf, multicredential, node, path

STRUCTURES: dict[str, Any] = {
    "Section 5 Cryptographic objects": (
        labels.SignContent,
        labels.EncryptContext,
        labels.RefHashInput,
    ),
    "Section 6 Message framing": (
        message.MLSMessage,
        framing.AuthenticatedContent,
        framing.FramedContentTBS,
        framing.AuthenticatedContentTBM,
        framing.PrivateApplication,
        framing.PrivateProposal,
        framing.PrivateCommit,
        framing.PrivateContentAAD,
        framing.SenderData,
        framing.SenderDataAAD,
    ),
    "Section 7 Ratchet tree": (
        node.RatchetTreeNodes,
        leaf.LeafNodeTBS,
        hashes.TreeHashInput,
        hashes.ParentHashInput,
        path.UpdatePath,
    ),
    "Sections 8 and 9 Key schedule and secret tree": (
        labels.KDFLabel,
        labels.TreePosition,
        transcript.ConfirmedTranscriptHashInput,
        transcript.InterimTranscriptHashInput,
        psk.PSKLabel,
    ),
    "Sections 11 and 12 Groups": (
        extension.RequiredCapabilities,
        extension.ExternalSenders,
        extension.ExternalPub,
        proposal.Proposal,
        proposal.Commit,
        welcome.GroupInfoTBS,
        welcome.GroupSecrets,
    ),
    "draft-ietf-mls-extensions-10, section 4": (
        safe.ComponentOperationLabel,
        components.AppDataDictionary,
        negotiation.SafeAAD,
    ),
    "draft-ietf-mls-extensions-10, sections 5 and 6": (
        negotiation.WireFormats,
        negotiation.ComponentsList,
        appack.AppAck,
        negotiation.MediaTypeList,
        negotiation.ApplicationFraming,
        multicredential.CredentialBindingTBS,
    ),
    "draft-mahy-mls-semiprivatemessage-07": (
        external_receivers.ExternalReceivers,
        semiprivate.PerMessageKeyAndNonces,
        semiprivate.SemiPrivateMessageContext,
        semiprivate.SemiPrivateContentAAD,
    ),
    "draft-mahy-mls-ratchet-tree-options-03": (
        tree_options.RatchetTreeOption,
        tree_options.DomainList,
        tree_options.PartialGroupInfo,
    ),
}
"""From sections to their outermost structures, choices and aliases."""
