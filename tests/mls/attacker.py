"""A member, a joiner or an external sender with a modified client: it sends what it likes.

It holds all that it may hold: the group's secrets as a member, an init secret as a joiner. What it
sends is therefore signed and tagged as it should be, its paths decrypt, and its commits open an
epoch that everybody who follows agrees on: only the rule that a test breaks is broken.
"""

from collections.abc import Callable
from typing import Any

import attrs
from tree.members import NOW, SUITE, content_of

from mimi.codec import encode, replace
from mimi.crypto import Secret, SeededEntropy, SignaturePrivateKey
from mimi.mls import Client, Group, PublicGroup, WireFormat
from mimi.mls.appdata import Components
from mimi.mls.apply import Applied, apply, next_context
from mimi.mls.framing import (
    AuthenticatedContent,
    CommitAuthData,
    ExternalSenderIndex,
    FramedContent,
    FramedContentAuthData,
    FramedContentTBS,
    MemberSender,
    NewMemberCommitSender,
    NewMemberProposalSender,
    PublicMessage,
    Sender,
)
from mimi.mls.member import MemberState
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Commit, ExternalInit, Proposal
from mimi.mls.protect import KNOWING_THE_CONTEXT, protect_private, protect_public
from mimi.mls.resolve import Covered
from mimi.mls.rules import NO_COMPONENTS
from mimi.mls.schedule import EpochSecrets, joiner_secret
from mimi.mls.state import PublicState
from mimi.mls.transcript import confirmed_transcript_hash
from mimi.tree.extension import Extensions
from mimi.tree.leaf import CommitSource, LeafNode, LeafNodeContent, sign_leaf
from mimi.tree.math import LeafIndex
from mimi.tree.node import ParentNode
from mimi.tree.path import HPKECiphertext, UpdatePath, UpdatePathNode, create_update_path
from mimi.tree.ratchet import RatchetTree

PUBLIC, PRIVATE = WireFormat.MLS_PUBLIC_MESSAGE, WireFormat.MLS_PRIVATE_MESSAGE


def same(value: Any) -> Any:
    return value


def zeros(octets: bytes) -> bytes:
    """Return as many zeros."""
    return bytes(len(octets))


@attrs.frozen(kw_only=True)
class Deviation:
    """How a commit departs from a genuine one; what is not said is genuine.

    Attributes:
        covered: What is applied, where that differs from what is listed.
        path: Whether there is a path.
        leaf: From what the new leaf says to what it says instead; it is signed all the same.
        signed: From the signed leaf to what is sent.
        nodes: From the nodes of the path to what is sent.
        sealed: The extensions under which the path is encrypted; None for those of the new epoch.
        signature: From the commit's signature to what is sent; the tags are over that.
        tag: From the confirmation tag to what is sent.
        membership: From the membership tag to what is sent.
        psk_secret: What stands for the pre-shared keys, where they cannot be looked up.
        signer: Whose key signs the commit.
        sender: In whose name.
        aad: The authenticated data.
        components: What the attacker's own application knows.
    """

    covered: tuple[Covered, ...] | None = None
    path: bool = True
    leaf: Callable[[LeafNodeContent], LeafNodeContent] = same
    signed: Callable[[LeafNode], LeafNode] = same
    nodes: Callable[[tuple[UpdatePathNode, ...]], tuple[UpdatePathNode, ...]] = same
    sealed: Extensions | None = None
    signature: Callable[[bytes], bytes] = same
    tag: Callable[[bytes], bytes] = same
    membership: Callable[[bytes], bytes] = same
    psk_secret: Secret | None = None
    signer: SignaturePrivateKey | None = None
    sender: Sender | None = None
    aad: bytes = b"aad"
    components: Components = NO_COMPONENTS


GENUINE = Deviation()


def changing(**changes: Any) -> Callable[[LeafNodeContent], LeafNodeContent]:
    """Return the function that changes what a leaf says."""
    return lambda leaf: content_of(leaf, **changes)


@attrs.frozen(eq=False)
class Forged:
    """An update path and the tree that it leads to."""

    path: UpdatePath
    tree: RatchetTree
    commit_secret: Secret


@attrs.frozen(eq=False)
class Attacker:
    """Somebody who sends what it likes.

    Attributes:
        state: The epoch.
        sender: As whom it sends.
        leaf: What its leaf says.
        signer: Its signature key.
        entropy: The source of randomness.
        member: Its state as a member; None for others.
        init_secret: What it brings into the key schedule; None for an external sender.
    """

    state: PublicState
    sender: Sender
    leaf: LeafNodeContent | None
    signer: SignaturePrivateKey
    entropy: SeededEntropy
    member: MemberState | None = None
    init_secret: Secret | None = None

    @classmethod
    def inside(cls, group: Group) -> "Attacker":
        """Return the attacker that a member is."""
        return cls(
            group.state,
            MemberSender(group.leaf_index),
            group.leaf_node,
            group.signer,
            SeededEntropy(b"attacker"),
            group,
            group.secrets.init_secret,
        )

    @classmethod
    def outside(
        cls, group: Group | PublicGroup, signer: SignaturePrivateKey, sender: Sender
    ) -> "Attacker":
        """Return an external sender, or a client that proposes its own addition."""
        return cls(group.state, sender, None, signer, SeededEntropy(b"outside"))

    @classmethod
    def joining(cls, client: Client, group: Group) -> tuple["Attacker", ExternalInit]:
        """Return the attacker that joins by a commit, and the ExternalInit that it needs."""
        entropy = SeededEntropy(b"joining")
        public = group.secrets.external_key_pair().public
        kem_output, secret = group.suite.send_external_init(public, entropy)
        leaf = LeafNodeContent(
            b"",
            client.signer.public,
            client.credential,
            client.capabilities,
            CommitSource(b""),
            client.leaf_extensions,
        )
        sender, init = NewMemberCommitSender(), ExternalInit(kem_output)
        attacker = cls(
            group.state, sender, leaf, client.signer, entropy, init_secret=Secret(secret)
        )
        return attacker, init

    # Messages

    def framed(self, content: bytes | Proposal | Commit, how: Deviation = GENUINE) -> FramedContent:
        """Return framed content."""
        context = self.state.context
        who = self.sender if how.sender is None else how.sender
        return FramedContent(context.group_id, context.epoch, who, how.aad, content)

    def signature(
        self,
        content: FramedContent,
        wire_format: WireFormat,
        signer: SignaturePrivateKey | None = None,
    ) -> bytes:
        """Sign anything."""
        covers = isinstance(content.sender, KNOWING_THE_CONTEXT)
        tbs = FramedContentTBS(wire_format, content, self.state.context if covers else None)
        key = signer or self.signer
        return self.state.suite.sign_with_label(key, b"FramedContentTBS", encode(tbs))

    def wrapped(
        self, message: AuthenticatedContent, membership: Callable[[bytes], bytes] = same
    ) -> bytes:
        """Return a signed message as it is sent."""
        member = self.member
        if message.wire_format == PUBLIC:
            if isinstance(message.content.sender, MemberSender):
                assert member is not None
                key = member.secrets.membership_key
                public = protect_public(self.state.suite, message, self.state.context, key)
                tag = membership(public.membership_tag)
                return encode(MLSMessage(replace(public, membership_tag=tag)))
            return encode(MLSMessage(PublicMessage(message.content, message.auth, None)))
        assert member is not None
        _, private = protect_private(
            self.state.suite,
            message,
            member.message_keys,
            member.secrets.sender_data_secret,
            self.entropy,
        )
        return encode(MLSMessage(private))

    def send(
        self,
        content: bytes | Proposal,
        wire_format: WireFormat = PUBLIC,
        how: Deviation = GENUINE,
    ) -> bytes:
        """Return a proposal or application data, signed and tagged."""
        framed = self.framed(content, how)
        signature = how.signature(self.signature(framed, wire_format, how.signer))
        message = AuthenticatedContent(wire_format, framed, FramedContentAuthData(signature))
        return self.wrapped(message, how.membership)

    # Commits

    def commit(
        self,
        *listed: Proposal | bytes,
        wire_format: WireFormat = PUBLIC,
        how: Deviation = GENUINE,
        **deviation: Any,
    ) -> bytes:
        """Return a commit, signed and tagged.

        Args:
            listed: Its proposals and references.
            wire_format: How it is sent.
            how: What is wrong with it.
            deviation: The same, by its fields.
        """
        how = attrs.evolve(how, **deviation)
        covered = self._covered(listed) if how.covered is None else how.covered
        applied = apply(self.state, covered, how.components)
        forged = self._path(applied, how) if how.path else None
        path = None if forged is None else replace(forged.path, nodes=how.nodes(forged.path.nodes))
        content = self.framed(Commit(listed, path), how)
        signature = how.signature(self.signature(content, wire_format, how.signer))
        tag = how.tag(self._tag(applied, forged, content, signature, wire_format, how.psk_secret))
        auth = CommitAuthData(signature, tag)
        return self.wrapped(AuthenticatedContent(wire_format, content, auth), how.membership)

    def _covered(self, listed: tuple[Proposal | bytes, ...]) -> tuple[Covered, ...]:
        covered = []
        for item in listed:
            if isinstance(item, bytes):
                pending = self.state.proposals[item]
                covered.append(Covered(pending.proposal, pending.sender, item))
            else:
                covered.append(Covered(item, self.sender))
        return tuple(covered)

    def _tag(
        self,
        applied: Applied,
        forged: Forged | None,
        content: FramedContent,
        signature: bytes,
        wire_format: WireFormat,
        psks: Secret | None,
    ) -> bytes:
        """Return the confirmation tag of the epoch that a commit opens."""
        state, suite = self.state, self.state.suite
        assert self.init_secret is not None
        confirmed = confirmed_transcript_hash(
            suite, state.interim_transcript_hash, wire_format, content, signature
        )
        tree = applied.tree if forged is None else forged.tree
        context = next_context(state, tree, applied.extensions, confirmed)
        if psks is None:
            psks = Secret(bytes(suite.nh))
            if self.member is not None:
                psks = self.member.psk_secret(applied.psks)
        commit_secret = Secret(bytes(suite.nh)) if forged is None else forged.commit_secret
        joiner = joiner_secret(suite, self.init_secret, commit_secret, context)
        return EpochSecrets.derive(suite, joiner, psks, context).confirmation_tag(confirmed)

    def _path(self, applied: Applied, how: Deviation) -> Forged:
        """Return a path whose leaf is what the deviation makes of it, encrypted for its tree."""
        state, suite = self.state, self.state.suite
        assert self.leaf is not None
        if isinstance(self.sender, MemberSender):
            before, index = applied.tree, self.sender.leaf_index
        else:
            before = applied.tree.with_room()
            index = before.leftmost_blank()
        added = applied.new_leaves
        created = create_update_path(
            before,
            index,
            self.leaf,
            self.signer,
            state.context.group_id,
            same,
            self.entropy,
            added=added,
        )
        sent = created.update_path.leaf_node
        content = how.leaf(sent)
        signer = self.signer if how.leaf is same else signers_of(self.signer, content)
        if content is not sent:
            sent = sign_leaf(suite, content, signer, state.context.group_id, index)
        sent = how.signed(sent)
        parents = {at: created.tree.node(at) for at in created.path_secrets}
        tree = before.with_path(index, sent, parents)
        extensions = applied.extensions if how.sealed is None else how.sealed
        confirmed = state.context.confirmed_transcript_hash
        context = encode(next_context(state, tree, extensions, confirmed))
        nodes = self._nodes(before, index, added, created.path_secrets, parents, context)
        return Forged(UpdatePath(sent, nodes), tree, created.commit_secret)

    def _nodes(
        self,
        before: RatchetTree,
        index: LeafIndex,
        added: frozenset[LeafIndex],
        secrets: Any,
        parents: dict[Any, ParentNode],
        context: bytes,
    ) -> tuple[UpdatePathNode, ...]:
        nodes, new = [], {2 * leaf for leaf in added}
        for at, child in before.filtered_direct_path(index):
            sealed = tuple(
                HPKECiphertext(
                    *before.suite.encrypt_with_label(
                        before.node(recipient).encryption_key,
                        b"UpdatePathNode",
                        context,
                        secrets[at].reveal(),
                        self.entropy,
                    )
                )
                for recipient in before.resolution(child)
                if recipient not in new
            )
            nodes.append(UpdatePathNode(parents[at].encryption_key, sealed))
        return tuple(nodes)


OTHER_KEY = SUITE.generate_signature_key(SeededEntropy(b"another key"))
"""A signature key that no member has, for leaves that change theirs."""


def signers_of(own: SignaturePrivateKey, leaf: LeafNodeContent) -> SignaturePrivateKey:
    """Return the private key of a leaf that an attacker makes."""
    known = {key.public: key for key in (own, OTHER_KEY)}
    return known[leaf.signature_key]


def external(index: int = 0) -> ExternalSenderIndex:
    return ExternalSenderIndex(index)


PROPOSER = NewMemberProposalSender()
JOINER = NewMemberCommitSender()

__all__ = [
    "GENUINE",
    "JOINER",
    "NOW",
    "OTHER_KEY",
    "PRIVATE",
    "PROPOSER",
    "PUBLIC",
    "Attacker",
    "Deviation",
    "changing",
    "external",
    "same",
    "zeros",
]
