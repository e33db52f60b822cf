"""Everything that is encoded by itself: what documentation and tools walk over."""

from typing import Any

from mimi.crypto import labels
from mimi.mls import components, framing, message, proposal, psk, transcript, welcome
from mimi.tree import extension, hashes, leaf, node, path

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
    "draft-ietf-mls-extensions-10, section 4.6": (components.AppDataDictionary,),
}
"""From sections to their outermost structures, choices and aliases."""
