"""Which proposals a commit covers, and whether they may stand together (RFC 9420 section 12.2).

Each proposal by itself is checked by `check_proposal` when it arrives, or in the commit that brings
it by value. What depends on the other proposals of the list, above all on new extensions, is left
for `mimi.mls.apply`.
"""

from collections import Counter
from collections.abc import Iterable

import attrs

from mimi.mls.appdata import check_app_data_proposal, check_dictionary_kept
from mimi.mls.codepoints import ResumptionPSKUsage
from mimi.mls.component_errors import (
    RepeatedSelfRemoveError,
    SelfRemoveByValueError,
    SelfRemoveSenderError,
)
from mimi.mls.components import check_dictionary
from mimi.mls.errors import (
    ExternalCommitProposalError,
    ExternalCommitReferenceError,
    ExternalInitCountError,
    ExternalInitPlaceError,
    ExternalRemoveCountError,
    MissingPathError,
    PSKUsageError,
    ReInitVersionError,
    ReInitWithOthersError,
    RemoveCommitterError,
    RepeatedGroupContextExtensionsError,
    RepeatedLeafError,
    RepeatedPSKError,
    UnknownProposalError,
    UnsupportedProposalError,
    UpdateFromCommitterError,
    UpdateSenderError,
)
from mimi.mls.framing import MemberSender, NewMemberCommitSender, Sender
from mimi.mls.keypackage import validate_key_package
from mimi.mls.negotiation import Needs
from mimi.mls.proposal import (
    Add,
    AppDataUpdate,
    AppEphemeral,
    Commit,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    SelfRemove,
    Update,
)
from mimi.mls.psk import ResumptionPSK, check_psk_nonce
from mimi.mls.rules import Rules
from mimi.mls.state import PublicState
from mimi.tree import math
from mimi.tree.codepoints import DEFAULT_PROPOSALS
from mimi.tree.errors import LeafSourceError, UnrotatedKeyError
from mimi.tree.extension import external_senders, required_capabilities
from mimi.tree.leaf import (
    LeafNode,
    UpdateSource,
    check_capabilities,
    check_encryption_key,
    verify_leaf_signature,
)
from mimi.tree.math import LeafIndex
from mimi.tree.multicredential import verify_bindings

JOINING = (AppDataUpdate, AppEphemeral, SelfRemove)
"""What an external commit may cover besides what RFC 9420 names."""


@attrs.frozen
class Covered:
    """A proposal that a commit covers.

    Attributes:
        proposal: What is proposed.
        sender: Who proposed it: the committer, where the commit has it by value.
        reference: By what the commit refers to it; None for a proposal by value.
    """

    proposal: Proposal
    sender: Sender
    reference: bytes | None = None


def resolve(state: PublicState, commit: Commit, committer: Sender) -> tuple[Covered, ...]:
    """Return the proposals that a commit covers, in its order.

    Raises:
        ExternalCommitReferenceError: A joiner refers to a proposal.
        UnknownProposalError: A proposal that it refers to was not received; names all of them.
    """
    references = [at for at in commit.proposals if isinstance(at, bytes)]
    missing = tuple(at for at in references if at not in state.proposals)
    if missing:
        raise UnknownProposalError(
            f"the commit refers to {len(missing)} proposals that did not arrive",
            references=missing,
        )
    covered = []
    for item in commit.proposals:
        if isinstance(item, bytes):
            pending = state.proposals[item]
            if isinstance(committer, NewMemberCommitSender) and not isinstance(
                pending.proposal, SelfRemove
            ):
                raise ExternalCommitReferenceError(
                    "an external commit has all proposals but SelfRemove by value"
                )
            covered.append(Covered(pending.proposal, pending.sender, item))
        else:
            covered.append(Covered(item, committer))
    return tuple(covered)


# One proposal (section 12.1)


def check_proposal(state: PublicState, proposal: Proposal, sender: Sender, rules: Rules) -> None:
    """Check a proposal by itself, as far as it does not depend on others.

    Args:
        state: The epoch.
        proposal: What is proposed.
        sender: Who proposes it.
        rules: How lifetimes are judged, and the components that the application knows.

    Raises:
        InvalidError: A class for each rule of section 12.1.
        MalformedError: The contents of an extension do not parse.
    """
    match proposal:
        case Add(key_package=key_package):
            validate_key_package(state.suite, key_package, lifetimes=rules.lifetimes)
            verify_bindings(key_package.leaf_node, rules.capabilities)
            check_dictionary(key_package.extensions)
            Needs.of_leaf(key_package.leaf_node.extensions)
        case Update(leaf_node=leaf):
            if not isinstance(sender, MemberSender):
                raise UpdateSenderError(f"{sender} has no leaf to update", sender=sender)
            check_update_leaf(state, leaf, sender.leaf_index)
            verify_bindings(leaf, rules.capabilities, sender.leaf_index)
            Needs.of_leaf(leaf.extensions)
        case Remove(removed=removed):
            state.tree.member(removed)
        case PreSharedKey():
            check_psk_proposal(state, proposal)
        case ExternalInit():
            if isinstance(sender, MemberSender):
                raise ExternalInitPlaceError("ExternalInit is for those who join by a commit")
        case ReInit(version=version):
            if version < state.context.version:
                raise ReInitVersionError(f"{version} is less than {state.context.version}")
        case GroupContextExtensions(extensions=extensions):
            required_capabilities(extensions)
            external_senders(extensions)
            check_dictionary_kept(state.context.extensions, extensions)
            check_dictionary(extensions)
            Needs.of_group(extensions)
        case AppDataUpdate() | AppEphemeral():
            check_app_data_proposal(proposal, state.context.extensions, rules.components)
        case SelfRemove():
            if not isinstance(sender, MemberSender):
                raise SelfRemoveSenderError(f"{sender} has no leaf to remove", sender=sender)
            state.tree.member(sender.leaf_index)


def check_update_leaf(state: PublicState, leaf: LeafNode, index: LeafIndex) -> None:
    """Check the leaf of an Update (sections 7.3 and 12.1.2).

    Raises:
        BlankLeafError: The sender is no member.
        LeafSourceError: The leaf does not come from an Update.
        UnrotatedKeyError: Its encryption key is the one that it replaces.
        EncryptionKeyError: That key is none.
        LeafSignatureError: The signature does not verify for this place in this group.
        InvalidError: The leaf is at odds with itself; see `mimi.tree.leaf.check_capabilities`.
    """
    before = state.tree.member(index)
    if not isinstance(leaf.leaf_node_source, UpdateSource):
        raise LeafSourceError(f"leaf {index}: an Update's leaf has the source update", leaf=index)
    if leaf.encryption_key == before.encryption_key:
        raise UnrotatedKeyError(f"leaf {index}: the Update keeps the encryption key", leaf=index)
    check_encryption_key(state.suite, leaf.encryption_key, node=math.node_of(index))
    verify_leaf_signature(state.suite, leaf, state.context.group_id, index)
    check_capabilities(state.suite, leaf, index)


def check_psk_proposal(state: PublicState, proposal: PreSharedKey) -> None:
    """Check a PreSharedKey proposal in a living group (section 12.1.4).

    Raises:
        PSKNonceError: Its nonce is not Nh octets.
        PSKUsageError: Its resumption PSK is for reinitialisation or branching.
    """
    check_psk_nonce(state.suite, proposal.psk)
    psk = proposal.psk.psk
    if isinstance(psk, ResumptionPSK) and psk.usage is not ResumptionPSKUsage.APPLICATION:
        raise PSKUsageError(
            f"a resumption PSK for {psk.usage.name.lower()} in a living group", psk=psk
        )


def check_first_self_removal(
    state: PublicState, sender: Sender, reference: bytes | None = None
) -> None:
    """Check that a member has not proposed to remove itself before in the epoch.

    Args:
        state: The epoch.
        sender: The member.
        reference: By what the proposal will be referred to: it may arrive twice.

    Raises:
        RepeatedSelfRemoveError: It has, by another proposal.
    """
    for at, pending in state.proposals.items():
        own = isinstance(pending.proposal, SelfRemove) and pending.sender == sender
        if own and at != reference:
            raise RepeatedSelfRemoveError(f"{sender} has a SelfRemove pending", sender=sender)


# The list of a commit (section 12.2)


def check_list(
    state: PublicState, covered: Iterable[Covered], committer: Sender, *, has_path: bool
) -> None:
    """Check that proposals may stand together in a commit (section 12.2).

    Raises:
        InvalidError: A class for each rule.
    """
    listed = tuple(covered)
    proposals = [item.proposal for item in listed]
    if any(isinstance(item.proposal, SelfRemove) and item.reference is None for item in listed):
        raise SelfRemoveByValueError("a SelfRemove is committed by reference")
    if not has_path and (not proposals or any(item.path_required for item in proposals)):
        raise MissingPathError("the commit needs a path and has none")
    if not proposals and isinstance(committer, MemberSender):
        return
    if isinstance(committer, MemberSender):
        _check_member_list(listed, committer.leaf_index)
    else:
        _check_external_list(listed)
    check_support(state, listed)
    psks = [proposal.psk for proposal in proposals if isinstance(proposal, PreSharedKey)]
    if len(set(psks)) != len(psks):
        raise RepeatedPSKError("the commit names a PreSharedKeyID more than once")


def _check_member_list(covered: tuple[Covered, ...], committer: LeafIndex) -> None:
    changed: set[LeafIndex | None] = set()
    leaf: LeafIndex | None
    kinds = Counter(type(item.proposal) for item in covered)
    for item in covered:
        match item.proposal, item.sender:
            case Update(), MemberSender(leaf_index=leaf):
                if leaf == committer:
                    raise UpdateFromCommitterError(f"leaf {leaf} commits its own Update", leaf=leaf)
            case Remove() | SelfRemove(), _:
                leaf = removed_by(item)
                if leaf == committer:
                    raise RemoveCommitterError(f"leaf {leaf} removes itself", leaf=leaf)
            case _:
                continue
        if leaf in changed:
            raise RepeatedLeafError(f"leaf {leaf} is changed more than once", leaf=leaf)
        changed.add(leaf)
    if kinds[GroupContextExtensions] > 1:
        raise RepeatedGroupContextExtensionsError(
            f"{kinds[GroupContextExtensions]} GroupContextExtensions proposals in one commit"
        )
    if kinds[ReInit] and len(covered) > 1:
        raise ReInitWithOthersError("a ReInit is committed alone")


def check_support(state: PublicState, covered: Iterable[Covered]) -> None:
    """Check that all who will process the commit support its proposals.

    Who is removed by the commit need not, nor who is added.
    """
    kinds = {item.proposal.tag for item in covered} - DEFAULT_PROPOSALS
    if state.tree.index.all_support("proposals", kinds):
        return
    removed = {removed_by(item) for item in covered}
    for index, leaf in state.tree.members():
        missing = kinds.difference(leaf.capabilities.proposals)
        if missing and index not in removed:
            raise UnsupportedProposalError(
                f"leaf {index} does not support proposal {min(missing)}", leaf=index
            )


def removed_by(item: Covered) -> LeafIndex | None:
    """Return the leaf that a proposal removes; None for none."""
    match item.proposal, item.sender:
        case (Remove(removed=leaf), _) | (SelfRemove(), MemberSender(leaf_index=leaf)):
            return LeafIndex(leaf)
    return None


def _check_external_list(covered: tuple[Covered, ...]) -> None:
    kinds = Counter(type(item.proposal) for item in covered)
    removed = [leaf for leaf in map(removed_by, covered) if leaf is not None]
    if len(set(removed)) != len(removed):
        leaf = min(leaf for leaf in removed if removed.count(leaf) > 1)
        raise RepeatedLeafError(f"leaf {leaf} is removed more than once", leaf=leaf)
    if kinds[ExternalInit] != 1:
        raise ExternalInitCountError(f"an external commit with {kinds[ExternalInit]} ExternalInit")
    if kinds[Remove] > 1:
        raise ExternalRemoveCountError(f"an external commit with {kinds[Remove]} Remove")
    for kind in kinds:
        if kind not in (ExternalInit, Remove, PreSharedKey, *JOINING):
            raise ExternalCommitProposalError(f"{kind.__name__} in an external commit")
