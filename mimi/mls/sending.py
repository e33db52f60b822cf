"""What a member sends besides commits: application messages, proposals, group infos."""

from typing import TypeVar

from mimi.codec import encode
from mimi.crypto import SignaturePrivateKey
from mimi.mls.appdata import check_proposed
from mimi.mls.apply import apply
from mimi.mls.codepoints import WireFormat
from mimi.mls.components import check_dictionary
from mimi.mls.errors import AEADLimitError, ClosedGroupError, PendingProposalsError
from mimi.mls.external_receivers import MLS_SEMIPRIVATE_MESSAGE
from mimi.mls.framing import AuthenticatedContent, FramedContent, MemberSender, PrivateMessage
from mimi.mls.grease import grease_extensions
from mimi.mls.member import MemberState, OwnUpdate
from mimi.mls.message import MLSMessage
from mimi.mls.negotiation import check_own_framing, own_aad
from mimi.mls.proposal import Commit, Proposal, SelfRemove, Update
from mimi.mls.protect import authenticate, proposal_ref, protect_private, protect_public
from mimi.mls.resolve import (
    Covered,
    check_first_self_removal,
    check_proposal,
    check_support,
)
from mimi.mls.semiprivate import SemiPrivateMessage, protect_semi_private
from mimi.mls.state import PendingProposal, changed, read_only
from mimi.mls.welcome import GroupInfo, sign_group_info
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension, Extensions, ExternalPub, extension
from mimi.tree.leaf import LeafNodeContent, UpdateSource, sign_leaf

G = TypeVar("G", bound=MemberState)


def framed(
    group: MemberState, content: bytes | Proposal, aad: bytes, wire_format: WireFormat
) -> AuthenticatedContent:
    """Return application data or a proposal, signed by the member."""
    context = group.state.context
    if context.extensions:
        aad = own_aad(context.extensions, aad)
    message = FramedContent(
        context.group_id, context.epoch, MemberSender(group.private.leaf), aad, content
    )
    return authenticate(group.state.tree.suite, wire_format, message, context, group.signer)


def sealed(
    group: G, message: AuthenticatedContent, size: int
) -> tuple[G, PrivateMessage | SemiPrivateMessage]:
    """Encrypt a signed message; *size* is the length of its content, for padding and limit.

    A commit is counted and never refused: it opens the epoch in which everybody starts anew.

    Raises:
        AEADLimitError: The epoch's bound is reached.
        SemiPrivateUnavailableError: The group has not agreed on semi-private messages.
    """
    settings, padding = group.settings, group.settings.padding(size)
    sent = group.sent_octets + size + padding
    if sent > settings.octets_per_epoch and not isinstance(message.content.content, Commit):
        raise AEADLimitError(
            f"{sent} octets in one epoch are more than {settings.octets_per_epoch}"
        )
    suite, context = group.state.tree.suite, group.state.context
    taken = group.message_keys, group.secrets.sender_data_secret, group.entropy, padding
    private: PrivateMessage | SemiPrivateMessage
    if message.wire_format == MLS_SEMIPRIVATE_MESSAGE:
        keys, private = protect_semi_private(suite, message, context, *taken)
    else:
        keys, private = protect_private(suite, message, *taken)
    return changed(group, message_keys=keys, sent_octets=sent), private


def protect(group: G, data: bytes, aad: bytes) -> tuple[G, bytes]:
    """Encrypt application data (section 15).

    Raises:
        ClosedGroupError: The member was removed, or the group reinitialised.
        PendingProposalsError: Valid proposals wait to be committed; names them.
        AEADLimitError: The epoch's bound is reached.
        GenerationExhaustedError: So are the ratchet's generations.
    """
    group.check_active()
    if group.state.proposals:
        raise PendingProposalsError(
            f"{len(group.state.proposals)} proposals must be committed first",
            proposals=tuple(group.state.proposals.values()),
        )
    if group.state.context.extensions:
        check_own_framing(group.state.context.extensions, data)
    message = framed(group, data, aad, WireFormat.MLS_PRIVATE_MESSAGE)
    group, private = sealed(group, message, len(data))
    return group, encode(MLSMessage(private))


def wrapped(group: G, message: AuthenticatedContent) -> tuple[G, bytes]:
    """Return a signed handshake message as it is sent, and the group without the key it took."""
    state = group.state
    if message.wire_format == WireFormat.MLS_PUBLIC_MESSAGE:
        public = protect_public(state.suite, message, state.context, group.secrets.membership_key)
        return group, encode(MLSMessage(public))
    content = message.content.content
    group, private = sealed(group, message, len(encode(content)))
    return group, encode(MLSMessage(private))


def propose(group: G, proposal: Proposal, aad: bytes, now: int) -> tuple[G, bytes]:
    """Propose a change (section 12.1).

    Raises:
        ClosedGroupError: The member was removed, or the group reinitialised.
        InvalidError: The proposal is invalid; a class for each rule.
    """
    group.check_active()
    sender = MemberSender(group.leaf_index)
    wire_format = group.settings.handshake
    if isinstance(proposal, SelfRemove):
        wire_format = WireFormat.MLS_PUBLIC_MESSAGE  # for those to read who join by a commit
    check_proposal(group.state, proposal, sender, group.rules(now))
    check_proposed(group.state, proposal, sender, wire_format, group.settings.components, now)
    covered = (Covered(proposal, sender),)
    check_support(group.state, covered)
    apply(group.state, covered, group.settings.components)
    if isinstance(proposal, SelfRemove):
        check_first_self_removal(group.state, sender)
    message = framed(group, proposal, aad, wire_format)
    group, wire = wrapped(group, message)
    pending = PendingProposal(proposal_ref(group.suite, message), proposal, sender)
    return changed(group, state=group.state.with_proposal(pending)), wire


def propose_update(
    group: G, content: LeafNodeContent, signer: SignaturePrivateKey, aad: bytes, now: int
) -> tuple[G, bytes]:
    """Propose to replace one's own leaf, with a fresh encryption key (section 12.1.2).

    Args:
        group: The group.
        content: What the new leaf says; encryption key and source are replaced.
        signer: The private key of its signature key.
        aad: Authenticated data.
        now: Seconds since 1970-01-01T00:00Z.
    """
    group.check_active()
    key = group.suite.generate_key_pair(group.entropy)
    fresh = LeafNodeContent(
        key.public,
        content.signature_key,
        content.credential,
        content.capabilities,
        UpdateSource(),
        content.extensions,
    )
    leaf = sign_leaf(group.suite, fresh, signer, group.context.group_id, group.leaf_index)
    after, wire = propose(group, Update(leaf), aad, now)
    reference = next(at for at in after.state.proposals if at not in group.state.proposals)
    updates = read_only({**group.updates, reference: OwnUpdate(key, signer)})
    return changed(after, updates=updates), wire


def group_info(
    group: MemberState, *, tree: bool, external_pub: bool, extensions: Extensions = ()
) -> GroupInfo:
    """Return the signed group info of the epoch (section 12.4.3).

    Args:
        group: The group.
        tree: Whether it carries the ratchet tree.
        external_pub: Whether it can be joined by an external commit.
        extensions: Further extensions.

    Raises:
        ClosedGroupError: The member was removed.
        MalformedError: The dictionary in *extensions* does not parse.
    """
    if group.removed:
        raise ClosedGroupError("the member was removed from the group")
    check_dictionary(extensions)
    state = group.state
    if tree:
        carried = Extension(ExtensionType.RATCHET_TREE, state.tree.encode())
        extensions = (*extensions, carried)
    if external_pub:
        key = group.secrets.external_key_pair().public
        extensions = (*extensions, extension(ExtensionType.EXTERNAL_PUB, ExternalPub(key)))
    if group.settings.grease:
        extensions = grease_extensions(extensions, group.entropy)
    return sign_group_info(
        state.suite,
        state.context,
        extensions,
        state.confirmation_tag,
        group.leaf_index,
        group.signer,
    )
