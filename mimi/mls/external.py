"""From outside the group: joining by a commit, and proposing (RFC 9420 sections 12.4.3.2, 12.1.8).

::

    joiner                                            members
    init_secret, kem_output = export to external_pub  init_secret = the same, from kem_output
    Commit(ExternalInit(kem_output), ..., path)  -->  the joiner takes the leftmost blank leaf
"""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import attrs

from mimi.codec import decode, encode
from mimi.crypto import Entropy, InvalidPublicKeyError, Secret, SignaturePrivateKey, suite_of
from mimi.mls.apply import Transition, apply, judge
from mimi.mls.codepoints import WireFormat
from mimi.mls.commit import Concluded, NewKeys, Shared, conclude, provisional
from mimi.mls.context import GroupContext
from mimi.mls.credentials import CredentialCheck, checks_of_tree
from mimi.mls.errors import MissingExternalPubError, UnexpectedMessageError
from mimi.mls.framing import (
    ExternalSenderIndex,
    FramedContent,
    NewMemberCommitSender,
    NewMemberProposalSender,
    PublicMessage,
    Sender,
)
from mimi.mls.message import MLSMessage
from mimi.mls.negotiation import own_aad
from mimi.mls.proposal import (
    Add,
    Commit,
    ExternalInit,
    PreSharedKey,
    Proposal,
    Remove,
)
from mimi.mls.protect import authenticate
from mimi.mls.psk import PreSharedKeyID
from mimi.mls.resolve import Covered, check_list, check_proposal, removed_by
from mimi.mls.rules import Rules
from mimi.mls.state import Member, PublicState
from mimi.mls.welcome import GroupInfo
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extensions, ExternalPub, find
from mimi.tree.leaf import LeafNodeContent
from mimi.tree.math import LeafIndex
from mimi.tree.path import create_update_path

G = TypeVar("G")


@attrs.frozen(eq=False, repr=False)
class ExternalDraft(Generic[G]):
    """A commit by which a client joins; nothing has happened until the group takes it.

    Attributes:
        commit: The encoded MLSMessage for the group.
        transition: The commit with all that follows from it.
    """

    commit: bytes
    transition: Transition
    _accept: Callable[[], G]

    def __repr__(self) -> str:
        context = self.transition.before.context
        return f"ExternalDraft({context.group_id!r}, epoch {context.epoch} to {context.epoch + 1})"

    def accept(self) -> G:
        """Return the group in the epoch that the commit opens."""
        return self._accept()

    @property
    def leaf_index(self) -> LeafIndex:
        """The leaf that the client takes."""
        return self.transition.committer

    @property
    def members(self) -> tuple[Member, ...]:
        """The members of the group that is joined, before the commit."""
        return self.transition.before.members()

    @property
    def credentials(self) -> tuple[CredentialCheck, ...]:
        """The credentials of the group, to be judged before joining."""
        before = self.transition.before
        return checks_of_tree(before.tree, before.context.extensions)


def read_group_info(wire: bytes) -> GroupInfo:
    """Return the group info of an encoded MLSMessage.

    Raises:
        MalformedError: It does not parse.
        UnexpectedMessageError: It is another message.
    """
    body = decode(MLSMessage, wire).body
    if not isinstance(body, GroupInfo):
        raise UnexpectedMessageError(f"a {type(body).__name__} is no group info")
    return body


def external_pub(extensions: Extensions) -> bytes:
    """Return the key for joining by an external commit.

    Raises:
        MissingExternalPubError: The group info has none.
        MalformedError: The extension does not parse.
    """
    data = find(extensions, ExtensionType.EXTERNAL_PUB)
    if data is None:
        raise MissingExternalPubError("the group info has no external_pub")
    return decode(ExternalPub, data).external_pub


@attrs.frozen(eq=False, repr=False)
class Joiner:
    """Who joins by a commit, and how.

    Attributes:
        leaf: What its leaf says; encryption key and source are replaced.
        signer: The private key of the leaf's signature key.
        remove: The leaf that it had before, in a resync; None where it is new. A SelfRemove of
            the same leaf takes the place of the Remove.
        psks: The pre-shared keys to bring in, with their values.
        psk_secret: What they make.
        aad: Authenticated data.
        rules: By what the proposals are judged.
        proposals: What it proposes besides: AppDataUpdate and AppEphemeral.
    """

    leaf: LeafNodeContent
    signer: SignaturePrivateKey
    remove: LeafIndex | None
    psks: tuple[PreSharedKeyID, ...]
    psk_secret: Secret
    aad: bytes
    rules: Rules
    proposals: tuple[Proposal, ...] = ()


def commit_from_outside(
    state: PublicState, public: bytes, joiner: Joiner, entropy: Entropy
) -> tuple[bytes, Transition, Concluded]:
    """Create an external commit.

    Args:
        state: The group's, from a checked group info; its pending proposals are covered.
        public: The external_pub of the group info.
        joiner: Who joins.
        entropy: The source of randomness.

    Raises:
        MissingExternalPubError: *public* is no key.
        InvalidError: The group cannot be joined with this leaf; a class for each rule.
    """
    suite, sender = state.suite, NewMemberCommitSender()
    try:
        kem_output, init_secret = suite.send_external_init(public, entropy)
    except InvalidPublicKeyError as error:
        raise MissingExternalPubError(f"external_pub: {error.reason}") from error
    referred = tuple(
        Covered(each.proposal, each.sender, each.reference) for each in state.proposals.values()
    )
    proposals = (ExternalInit(kem_output), *_by_value(joiner, referred))
    covered = (*(Covered(proposal, sender) for proposal in proposals), *referred)
    check_list(state, covered, sender, has_path=True)
    for proposal in proposals:
        check_proposal(state, proposal, sender, joiner.rules)
    applied = apply(state, covered, joiner.rules.components)
    wire_format = WireFormat.MLS_PUBLIC_MESSAGE
    memo = judge(state, sender, covered, applied, joiner.leaf, wire_format, joiner.rules)
    tree = applied.tree.with_room()
    index = tree.leftmost_blank()
    path = create_update_path(
        tree,
        index,
        joiner.leaf,
        joiner.signer,
        state.context.group_id,
        provisional(state, applied),
        entropy,
        added=(),
    )
    listed = tuple(item.reference or item.proposal for item in covered)
    commit = Commit(listed, path.update_path)
    aad = own_aad(state.context.extensions, joiner.aad)
    content = FramedContent(state.context.group_id, state.context.epoch, sender, aad, commit)
    shared = Shared(state, applied, path, Secret(init_secret), joiner.psk_secret, memo)
    keys = NewKeys(path.private, joiner.signer)
    concluded = conclude(shared, content, joiner.signer, keys, wire_format)
    message = PublicMessage(content, concluded.message.auth, None)
    transition = shared.transition(concluded.message, covered, index)
    return encode(MLSMessage(message)), transition, concluded


def _by_value(joiner: Joiner, referred: tuple[Covered, ...]) -> Iterator[Proposal]:
    """Yield what a joiner proposes besides the ExternalInit."""
    if joiner.remove is not None and joiner.remove not in map(removed_by, referred):
        yield Remove(joiner.remove)
    yield from (PreSharedKey(psk) for psk in joiner.psks)
    yield from joiner.proposals


# Proposals from outside (section 12.1.8)


def propose_from_outside(
    context: GroupContext,
    sender_index: int,
    proposal: Proposal,
    signer: SignaturePrivateKey,
    aad: bytes = b"",
) -> bytes:
    """Return the encoded MLSMessage of an external sender's proposal.

    Args:
        context: The group context of the epoch, from a group info.
        sender_index: The sender's place in the extension ``external_senders``.
        proposal: What is proposed.
        signer: The sender's private key.
        aad: Authenticated data.

    Raises:
        ContentError: The type of proposal is for members only.
    """
    return _outside(context, ExternalSenderIndex(sender_index), proposal, signer, aad)


def propose_own_addition(
    context: GroupContext, add: Add, signer: SignaturePrivateKey, aad: bytes = b""
) -> bytes:
    """Return the encoded MLSMessage by which a client proposes to be added.

    Args:
        context: The group context of the epoch, from a group info.
        add: The proposal, with the client's key package.
        signer: The private key of the key package's leaf.
        aad: Authenticated data.
    """
    return _outside(context, NewMemberProposalSender(), add, signer, aad)


def _outside(
    context: GroupContext,
    sender: Sender,
    proposal: Proposal,
    signer: SignaturePrivateKey,
    aad: bytes,
) -> bytes:
    suite, aad = suite_of(context.cipher_suite), own_aad(context.extensions, aad)
    content = FramedContent(context.group_id, context.epoch, sender, aad, proposal)
    wire_format = WireFormat.MLS_PUBLIC_MESSAGE
    message = authenticate(suite, wire_format, content, context, signer)
    return encode(MLSMessage(PublicMessage(content, message.auth, None)))
