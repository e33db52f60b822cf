"""What a member does with a message that it received (RFC 9420 sections 6, 12.4.2 and 15.3).

::

    epoch ahead    hold it
    epoch now      proposal: pending; commit: staged; application data: delivered
    epoch behind   application data alone, while the epoch is kept

A message that does not check leaves everything as it was.
"""

from typing import TypeVar

from mimi.codec import decode, encode
from mimi.crypto import Secret
from mimi.mls.appdata import check_proposed
from mimi.mls.apply import Transition, transition
from mimi.mls.codepoints import ContentType, WireFormat
from mimi.mls.component_errors import SelfRemoveFramingError
from mimi.mls.context import GroupContext
from mimi.mls.credentials import checks_of_proposal
from mimi.mls.errors import (
    HandshakeAfterEndError,
    KeyConsumedError,
    OwnEchoError,
    StaleDraftError,
    UnexpectedMessageError,
    UnknownProposalError,
    UnknownSenderError,
    WrongEpochError,
    WrongGroupError,
)
from mimi.mls.events import (
    ApplicationMessage,
    CommitStaged,
    Event,
    FutureEpoch,
    Held,
    MissingProposals,
    OwnCommitConfirmed,
    OwnMessageEchoed,
    ProposalReceived,
    Step,
)
from mimi.mls.framing import (
    AuthenticatedContent,
    CommitAuthData,
    FramedContent,
    MemberSender,
    PrivateMessage,
    PublicMessage,
    SenderData,
)
from mimi.mls.member import MemberState, NewEpoch, PastEpoch
from mimi.mls.message import MLSMessage
from mimi.mls.negotiation import check_aad, check_framing
from mimi.mls.ownleaf import check_own_support
from mimi.mls.proposal import Commit, Proposal, SelfRemove, Update
from mimi.mls.protect import (
    open_private,
    open_sender_data,
    proposal_ref,
    unprotect_public,
)
from mimi.mls.resolve import check_first_self_removal, check_proposal
from mimi.mls.rules import Rules
from mimi.mls.schedule import EpochSecrets, joiner_secret
from mimi.mls.secrets import RatchetKind
from mimi.mls.semiprivate import (
    GroupMessage,
    SemiPrivateMessage,
    check_semi_private,
    open_semi_private,
)
from mimi.mls.senders import signature_keys
from mimi.mls.state import PendingProposal, PublicState, changed, replaced_leaves
from mimi.tree import math
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndex
from mimi.tree.path import process_update_path

G = TypeVar("G", bound=MemberState)


def receive(group: G, wire: bytes, now: int) -> Step[G]:
    """Process an encoded MLSMessage for the group.

    Args:
        group: The member's state.
        wire: What was received.
        now: Seconds since 1970-01-01T00:00Z.

    Raises:
        MalformedError: It does not parse.
        InvalidError: It breaks a rule; a class for each.
    """
    message, group_id, epoch = addressed(wire)
    context = group.state.context
    if group_id != context.group_id:
        raise WrongGroupError("the message is for another group", group_id=group_id)
    if epoch > context.epoch:
        if not group.is_active:
            raise WrongEpochError(f"epoch {epoch} is none of this member's", epoch=epoch)
        return Step(group, (Held(FutureEpoch(epoch)),))
    if epoch < context.epoch:
        return _late(group, message, wire, epoch)
    if isinstance(message, PublicMessage):
        return _public(group, message, wire, now)
    return _private(group, message, wire, now)


def addressed(wire: bytes) -> tuple[GroupMessage, bytes, int]:
    """Return a group's message with the group and the epoch that it names.

    Raises:
        MalformedError: It does not parse.
        UnexpectedMessageError: It is no message of a group.
    """
    message = decode(MLSMessage, wire).body
    if isinstance(message, PrivateMessage | SemiPrivateMessage):
        return message, message.group_id, message.epoch
    if isinstance(message, PublicMessage):
        return message, message.content.group_id, message.content.epoch
    raise UnexpectedMessageError(f"a {type(message).__name__} is no message of a group")


# Messages of the present epoch


def _private(
    group: G, message: PrivateMessage | SemiPrivateMessage, wire: bytes, now: int
) -> Step[G]:
    state = group.state
    if isinstance(message, SemiPrivateMessage):
        check_semi_private(state.suite, state.context, message)
    data = open_sender_data(state.suite, message, group.secrets.sender_data_secret)
    leaf = data.leaf_index
    if leaf == group.private.leaf:
        return _own_private(group, message, wire, data)
    sender = state.tree.leaf(leaf)
    if sender is None:
        raise UnknownSenderError(f"leaf {leaf} is blank", sender=MemberSender(leaf))
    where = data, state.context, group.message_keys, sender.signature_key, group.settings.window
    if isinstance(message, SemiPrivateMessage):
        keys, signed = open_semi_private(state.suite, message, *where)
    else:
        keys, signed = open_private(state.suite, message, *where)
    opened = changed(group, message_keys=keys)
    content = signed.content.content
    check_framed(state.context, signed.content)
    if isinstance(content, bytes):
        event = _application(signed.content, data, sender, content)
        return Step(opened, (event,))
    return _handshake(group, opened, signed, now, data)


def check_framed(context: GroupContext, framed: FramedContent) -> None:
    """Check the framing of what components say in a message of an epoch.

    Raises:
        MalformedError: Authenticated or application data is not what the group has agreed on.
    """
    if not context.extensions:
        return
    check_aad(context.extensions, framed.authenticated_data)
    if isinstance(framed.content, bytes):
        check_framing(context.extensions, framed.content)


def _application(
    framed: FramedContent, data: SenderData, sender: LeafNode, content: bytes
) -> ApplicationMessage:
    return ApplicationMessage(
        data.leaf_index,
        sender,
        framed.epoch,
        data.generation,
        content,
        framed.authenticated_data,
    )


def _own_private(
    group: G, message: PrivateMessage | SemiPrivateMessage, wire: bytes, data: SenderData
) -> Step[G]:
    """Recognise one's own private message: it cannot be decrypted, its key is gone."""
    if group.held is not None and group.held.wire == wire:
        return _confirmed(group)
    if message.content_type is ContentType.COMMIT:
        raise OwnEchoError("a commit in this member's name that it does not hold")
    kind = RatchetKind.of(message.content_type)
    if data.generation < group.message_keys.next_generation(data.leaf_index, kind):
        return Step(group, (OwnMessageEchoed(message.epoch),))
    raise OwnEchoError("a private message in this member's name that it did not send")


def _public(group: G, message: PublicMessage, wire: bytes, now: int) -> Step[G]:
    state = group.state
    if group.held is not None and group.held.wire == wire:
        return _confirmed(group)
    signed = unprotect_public(
        state.suite,
        message,
        state.context,
        group.secrets.membership_key,
        signature_keys(state.tree, state.context.extensions),
    )
    content, sender = signed.content.content, signed.content.sender
    check_framed(state.context, signed.content)
    if isinstance(sender, MemberSender) and sender.leaf_index == group.private.leaf:
        if isinstance(content, Commit):
            raise OwnEchoError("a commit in this member's name that it does not hold")
        if proposal_ref(state.suite, signed) in state.proposals:
            return Step(group, (OwnMessageEchoed(state.context.epoch),))
        if isinstance(content, Update):
            raise OwnEchoError("an Update in this member's name whose key it does not have")
    return _handshake(group, group, signed, now)


def _handshake(
    group: G, opened: G, signed: AuthenticatedContent, now: int, data: SenderData | None = None
) -> Step[G]:
    """Process a proposal or a commit whose signature holds.

    Args:
        group: The member's state.
        opened: The state without the key that the message took.
        signed: The message.
        now: Seconds since 1970-01-01T00:00Z.
        data: Which key it took; None for a public message.
    """
    if group.state.reinit is not None:
        raise HandshakeAfterEndError("the group was reinitialised")
    if group.removed:
        raise HandshakeAfterEndError("this member was removed by an earlier commit")
    content = signed.content.content
    rules = group.rules(now)
    if isinstance(content, Commit):
        return _commit(group, opened, signed, rules, data)
    assert isinstance(content, Proposal)  # noqa: S101 - application data was handled before
    pending, event = receive_proposal(group.state, signed, content, rules)
    return Step(changed(opened, state=pending), (event,))


def receive_proposal(
    state: PublicState,
    signed: AuthenticatedContent,
    proposal: Proposal,
    rules: Rules,
) -> tuple[PublicState, ProposalReceived]:
    """Check a proposal whose signature holds, and make it pending.

    Raises:
        InvalidError: It is invalid by itself; a class for each rule.
    """
    sender = signed.content.sender
    check_proposal(state, proposal, sender, rules)
    now = rules.lifetimes.now
    check_proposed(state, proposal, sender, signed.wire_format, rules.components, now)
    reference = proposal_ref(state.suite, signed)
    if isinstance(proposal, SelfRemove):
        if signed.wire_format != WireFormat.MLS_PUBLIC_MESSAGE:
            raise SelfRemoveFramingError("a SelfRemove that joiners cannot read", sender=sender)
        check_first_self_removal(state, sender, reference)
    event = ProposalReceived(
        reference,
        proposal,
        sender,
        checks_of_proposal(state, proposal, sender),
        signed.content.authenticated_data,
    )
    return state.with_proposal(PendingProposal(reference, proposal, sender)), event


def _confirmed(group: G) -> Step[G]:
    """Let the commit that came back take effect."""
    held = group.held
    assert held is not None  # noqa: S101 - the caller has compared it
    event = OwnCommitConfirmed(group.context.epoch, held.welcome)
    return Step(group.advanced(held.epoch, held.wire), (event,))


# Commits (section 12.4.2)


def _commit(
    group: G,
    opened: G,
    signed: AuthenticatedContent,
    rules: Rules,
    data: SenderData | None,
) -> Step[G]:
    try:
        change = transition(group.state, signed, rules)
    except UnknownProposalError as error:
        return Step(group, (waiting_for(error),))
    me, extensions = group.private.leaf, change.applied.extensions
    removed = me in change.applied.removed
    if not removed and extensions != group.state.context.extensions:
        check_own_support(change.tree.member(me), extensions, me)
    epoch = None if removed else follow(group, change)

    def accept(present: G | None) -> G:
        base = opened if present is None else _without_key(group, present, data)
        if epoch is None:
            return changed(base, removed=True, held=None)
        return base.advanced(epoch)

    aad = signed.content.authenticated_data
    staged = CommitStaged(change, removes_me=removed, aad=aad, accept=accept)
    return Step(group, (staged,))


def _without_key(group: G, present: G, data: SenderData | None) -> G:
    """Return the present group without the key of a commit that was staged in *group*.

    Raises:
        StaleDraftError: It is another group, or in another epoch.
    """
    if present.context != group.context or present.leaf_index != group.leaf_index:
        raise StaleDraftError("the commit was staged in another group, by another member or epoch")
    if present.removed:
        raise StaleDraftError("the member was removed from the group since")
    if data is None:
        return present
    leaf, kind, window = data.leaf_index, RatchetKind.HANDSHAKE, present.settings.window
    try:
        keys, _ = present.message_keys.take(leaf, kind, data.generation, window)
    except KeyConsumedError:  # another copy of the commit, staged since
        return present
    return changed(present, message_keys=keys)


def waiting_for(error: UnknownProposalError) -> Held:
    """Return the event of a commit whose proposals did not arrive."""
    references = error.where["references"]
    assert isinstance(references, tuple)  # noqa: S101 - the error was raised with one
    return Held(MissingProposals(references))


def follow(group: MemberState, change: Transition) -> NewEpoch:
    """Derive the epoch that another's commit opens.

    Raises:
        UnknownPSKError: A pre-shared key of the commit is not known.
        PathSecretError: The path does not decrypt to what it says.
        InvalidPublicKeyError: The kem_output of an external commit is no key.
        ConfirmationTagError: The commit's tag is not that of the epoch.
    """
    suite, applied, auth = group.suite, change.applied, change.message.auth
    assert isinstance(auth, CommitAuthData)  # noqa: S101 - the decoder sees to that
    psks = group.psk_secret(applied.psks)
    private, signer = group.private, group.signer
    for item in change.covered:
        own = None if item.reference is None else group.updates.get(item.reference)
        if own is not None:
            private = private.with_keys({math.node_of(private.leaf): own.encryption_key})
            signer = own.signer
    if change.merged is None:
        private = private.without_blanks(change.tree)
        commit_secret = Secret(bytes(suite.nh))
    else:
        context = encode(change.provisional_context())
        processed = process_update_path(change.merged, private, context)
        private, commit_secret = processed.private, processed.commit_secret
    init_secret = group.secrets.init_secret
    if applied.external_init is not None:
        pair = group.secrets.external_key_pair()
        init_secret = Secret(suite.receive_external_init(pair, applied.external_init))
    state = change.after()
    joiner = joiner_secret(suite, init_secret, commit_secret, state.context)
    secrets = EpochSecrets.derive(suite, joiner, psks, state.context)
    secrets.check_confirmation_tag(state.context.confirmed_transcript_hash, auth.confirmation_tag)
    touched = (*applied.touched, change.committer)
    replaced = replaced_leaves(group.state, change.tree, touched)
    return NewEpoch.opened(state, private, signer, secrets, replaced)


# Messages of earlier epochs


def _late(group: G, message: GroupMessage, wire: bytes, epoch: int) -> Step[G]:
    if group.own_commits and group.suite.hash(wire) in group.own_commits:
        return Step(group, (OwnCommitConfirmed(epoch),))
    back = group.context.epoch - epoch
    application = (
        isinstance(message, PrivateMessage) and message.content_type is ContentType.APPLICATION
    )
    if not application or back > len(group.past):
        raise WrongEpochError(
            f"the message is of epoch {epoch}, not {group.context.epoch}", epoch=epoch
        )
    assert isinstance(message, PrivateMessage)  # noqa: S101 - as said above
    past = group.past[back - 1]
    suite = group.suite
    data = open_sender_data(suite, message, past.sender_data_secret)
    if data.leaf_index == group.leaf_index:
        if data.generation < past.message_keys.next_generation(
            data.leaf_index, RatchetKind.APPLICATION
        ):
            return Step(group, (OwnMessageEchoed(epoch),))
        raise OwnEchoError("a private message in this member's name that it did not send")
    sender = _leaf_then(group, back, data.leaf_index)
    keys, signed = open_private(
        suite,
        message,
        data,
        past.context,
        past.message_keys,
        sender.signature_key,
        group.settings.window,
    )
    content = signed.content.content
    assert isinstance(content, bytes)  # noqa: S101 - its content type says so
    check_framed(past.context, signed.content)
    left = PastEpoch(past.context, past.sender_data_secret, keys, past.replaced)
    kept = (*group.past[: back - 1], left, *group.past[back:])
    event: Event[G] = _application(signed.content, data, sender, content)
    return Step(changed(group, past=kept), (event,))


def _leaf_then(group: MemberState, back: int, index: LeafIndex) -> LeafNode:
    """Return a member's leaf as it was *back* epochs ago.

    Raises:
        UnknownSenderError: The leaf was blank then.
    """
    leaf = group.state.tree.leaf(index)
    for past in reversed(group.past[:back]):
        if index in past.replaced:
            leaf = past.replaced[index]
            break
    if leaf is None:
        raise UnknownSenderError(f"leaf {index} was blank then", sender=MemberSender(index))
    return leaf
