"""Public messages with proposals, genuine but for what is given."""

import attrs

from mimi.codec import encode, replace
from mimi.crypto import Secret, SignaturePrivateKey, Suite
from mimi.mls.codepoints import WireFormat
from mimi.mls.context import GroupContext
from mimi.mls.framing import (
    AuthenticatedContent,
    AuthenticatedContentTBM,
    CommitAuthData,
    FramedContent,
    FramedContentAuthData,
    FramedContentTBS,
    MemberSender,
    PublicMessage,
    Sender,
)
from mimi.mls.group import Group
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Commit, Proposal
from mimi.mls.protect import SIGNATURE_LABEL, proposal_ref
from mimi.tree.math import LeafIndex

PUBLIC = WireFormat.MLS_PUBLIC_MESSAGE


@attrs.frozen
class Voice:
    """Who sends public messages, and in which epoch.

    Attributes:
        context: The group context.
        membership_key: That of the epoch.
        sender: In whose name.
        signer: With whose key.
    """

    context: GroupContext
    membership_key: Secret
    sender: Sender
    signer: SignaturePrivateKey

    @classmethod
    def of(
        cls,
        group: Group,
        sender: Sender | None = None,
        signer: SignaturePrivateKey | None = None,
    ) -> "Voice":
        """Return a member, or what it pretends to be."""
        key, own = group.secrets.membership_key, MemberSender(group.leaf_index)
        return cls(group.context, key, sender or own, signer or group.signer)

    def content(
        self, said: Proposal | Commit, aad: bytes = b"", **changes: object
    ) -> FramedContent:
        """Return what is to be signed."""
        context = self.context
        whole = FramedContent(context.group_id, context.epoch, self.sender, aad, said)
        return replace(whole, **changes)

    def signed(self, suite: Suite, content: FramedContent) -> AuthenticatedContent:
        """Return a proposal with its signature."""
        known = self.context if isinstance(content.sender, MemberSender) else None
        tbs = encode(FramedContentTBS(PUBLIC, content, known))
        signature = suite.sign_with_label(self.signer, SIGNATURE_LABEL, tbs)
        return AuthenticatedContent(PUBLIC, content, FramedContentAuthData(signature))

    def said(
        self,
        suite: Suite,
        proposal: Proposal,
        aad: bytes = b"",
        *,
        tag: bytes | None = None,
        **changes: object,
    ) -> tuple[bytes, bytes]:
        """Return an encoded MLSMessage with a proposal, and its reference.

        Args:
            suite: The cipher suite.
            proposal: The proposal.
            aad: Authenticated data.
            tag: The membership tag, where it is not the right one.
            changes: What is said otherwise in the FramedContent.
        """
        signed = self.signed(suite, self.content(proposal, aad, **changes))
        return self.wrapped(suite, signed, tag), proposal_ref(suite, signed)

    def wrapped(
        self, suite: Suite, signed: AuthenticatedContent, tag: bytes | None = None
    ) -> bytes:
        """Return the encoded MLSMessage with a signed message."""
        if not isinstance(signed.content.sender, MemberSender):
            return encode(MLSMessage(PublicMessage(signed.content, signed.auth, None)))
        tbs = FramedContentTBS(PUBLIC, signed.content, self.context)
        tbm = encode(AuthenticatedContentTBM(tbs, signed.auth))
        right = suite.mac(self.membership_key.reveal(), tbm)
        message = PublicMessage(signed.content, signed.auth, right if tag is None else tag)
        return encode(MLSMessage(message))


def spoiled(signed: AuthenticatedContent) -> AuthenticatedContent:
    """Return a signed message whose signature has a bit changed."""
    octets = bytearray(signed.auth.signature)
    octets[len(octets) // 2] ^= 1
    auth = signed.auth
    if isinstance(auth, CommitAuthData):
        return replace(signed, auth=CommitAuthData(bytes(octets), auth.confirmation_tag))
    return replace(signed, auth=FramedContentAuthData(bytes(octets)))


def member(leaf: int) -> MemberSender:
    """Return a member as the sender of a message."""
    return MemberSender(LeafIndex(leaf))
