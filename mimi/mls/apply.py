"""Applying the proposals of a commit, and the epoch that follows (RFC 9420 sections 12.3, 12.4).

::

    Commit --resolve--> Covered ... --apply--> tree, extensions --path--> tree
                                                                            |
           GroupContext[n+1] <-- tree hash, transcript hash ----------------+

What is here needs no secrets: members and followers do the same, a committer too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from mimi.mls.appdata import Change, Components, check_commit, with_app_data_applied
from mimi.mls.codepoints import WireFormat
from mimi.mls.context import GroupContext
from mimi.mls.errors import WrongEpochError
from mimi.mls.external_receivers import check_external_receivers
from mimi.mls.framing import AuthenticatedContent, CommitAuthData, MemberSender, Sender
from mimi.mls.keypackage import KeyPackage
from mimi.mls.negotiation import check_media_types, check_negotiated, same_requirements
from mimi.mls.proposal import (
    Add,
    Commit,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    Remove,
    SelfRemove,
    Update,
)
from mimi.mls.psk import PreSharedKeyID
from mimi.mls.resolve import Covered, check_list, check_proposal, resolve
from mimi.mls.rules import Rules
from mimi.mls.state import PublicState, next_state
from mimi.mls.transcript import confirmed_transcript_hash
from mimi.mls.tree_options import source_domains
from mimi.tree.errors import UnrotatedKeyError
from mimi.tree.extension import Extensions
from mimi.tree.leaf import (
    GroupNeeds,
    LeafNode,
    LeafNodeContent,
    check_capabilities,
    verify_leaf_signature,
)
from mimi.tree.math import LeafIndex
from mimi.tree.multicredential import verify_bindings
from mimi.tree.path import MergedPath, merge_update_path
from mimi.tree.ratchet import RatchetTree
from mimi.tree.validate import check_group_support, has_same_support

LAST_EPOCH = 2**64 - 1
"""An inviter can put a group there, and nobody can leave it."""


@attrs.frozen(eq=False)
class Applied:
    """The proposals of a commit, applied (section 12.3).

    Attributes:
        tree: The tree with updates, removals and additions.
        extensions: The new ones of the group context.
        added: The new members' leaves with their key packages, in the order of the commit.
        updated: The leaves that Update proposals replaced.
        removed: The leaves that were blanked.
        psks: The pre-shared keys, in the order of the commit.
        external_init: The kem_output of an external commit; None in a member's.
        reinit: The ReInit; None where there is none.
    """

    tree: RatchetTree
    extensions: Extensions
    added: tuple[tuple[LeafIndex, KeyPackage], ...] = ()
    updated: tuple[LeafIndex, ...] = ()
    removed: tuple[LeafIndex, ...] = ()
    psks: tuple[PreSharedKeyID, ...] = ()
    external_init: bytes | None = None
    reinit: ReInit | None = None

    @property
    def new_leaves(self) -> frozenset[LeafIndex]:
        """The leaves that were added: a path is not encrypted to them."""
        return frozenset([index for index, _ in self.added])

    @property
    def touched(self) -> tuple[LeafIndex, ...]:
        """All leaves that the proposals changed."""
        return (*self.updated, *self.removed, *[index for index, _ in self.added])


def apply(state: PublicState, covered: Sequence[Covered], components: Components) -> Applied:
    """Apply a valid list of proposals, in the order of section 12.3.

    Args:
        state: The epoch in which the commit was sent.
        covered: The proposals, in the order of the commit.
        components: The components that the application knows.

    Raises:
        BlankLeafError: A proposal concerns a leaf without a member.
        WrongEpochError: The epoch is the last that a number stands for.
        InvalidError: A component refuses what is proposed to it.
    """
    extensions = state.context.extensions
    if state.context.epoch == LAST_EPOCH:
        raise WrongEpochError("no epoch follows the last", epoch=LAST_EPOCH)
    if not covered:
        return Applied(state.tree, extensions)
    updates: dict[LeafIndex, LeafNode] = {}
    removed: list[LeafIndex] = []
    packages: list[KeyPackage] = []
    psks: list[PreSharedKeyID] = []
    external_init: bytes | None = None
    reinit: ReInit | None = None
    for item in covered:
        match item.proposal:
            case GroupContextExtensions(extensions=new):
                extensions = new
            case Update(leaf_node=leaf) if isinstance(item.sender, MemberSender):
                updates[item.sender.leaf_index] = leaf
            case Remove(removed=index):
                removed.append(index)
            case SelfRemove() if isinstance(item.sender, MemberSender):
                removed.append(item.sender.leaf_index)
            case Add(key_package=key_package):
                packages.append(key_package)
            case PreSharedKey(psk=psk):
                psks.append(psk)
            case ExternalInit(kem_output=kem_output):
                external_init = kem_output
            case ReInit() as announced:
                reinit = announced
    tree, added = _members_changed(state.tree, updates, removed, packages)
    proposed = ((item.proposal, item.sender) for item in covered)
    extensions = with_app_data_applied(state, extensions, proposed, components)
    lists = added, tuple(updates), tuple(removed), tuple(psks)
    return Applied(tree, extensions, *lists, external_init, reinit)


def _members_changed(
    tree: RatchetTree,
    updates: Mapping[LeafIndex, LeafNode],
    removed: Sequence[LeafIndex],
    packages: Iterable[KeyPackage],
) -> tuple[RatchetTree, tuple[tuple[LeafIndex, KeyPackage], ...]]:
    """Return the tree with updates, removals and additions in this order, and who was added."""
    for index, leaf in updates.items():
        tree = tree.update(index, leaf)
    if removed:
        tree = tree.remove(*removed)
    added = []
    for key_package in packages:
        tree, index = tree.add(key_package.leaf_node)
        added.append((index, key_package))
    return tree, tuple(added)


def check_epoch(
    tree: RatchetTree,
    extensions: Extensions,
    before: PublicState | None = None,
    touched: Iterable[LeafIndex] = (),
    *,
    sending: bool = False,
) -> None:
    """Check the tree of a new epoch as a whole (sections 7.3 and 12.2).

    Args:
        tree: The tree.
        extensions: Those of the group context.
        before: The epoch before, which was checked; None for the first one of a group.
        touched: The leaves that are others than before.
        sending: Whether we are about to open the epoch ourselves: then members must also read the
            media types of the group (draft-ietf-mls-extensions-10 section 6.2.3).

    Raises:
        DuplicateSignatureKeyError: Two leaves have one signature key.
        DuplicateEncryptionKeyError: Two nodes have one encryption key.
        UnsupportedCredentialError: A member cannot read another's credential.
        RequiredCapabilityError: A member lacks what the group requires.
        UnsupportedExtensionError: A member does not support an extension in use.
        RequiredComponentError: A member lacks a component that the group requires.
        RequiredSafeAADError: A member lacks one that it requires in the safe AAD.
        RequiredWireFormatError: A member lacks a wire format that it requires.
        RequiredMediaTypeError: A member does not read a media type that it requires.
        ExternalReceiverKeyError: An external receiver has no key.
        MalformedError: The contents of an extension do not parse.
    """
    if before is None or not same_requirements(extensions, before.context.extensions):
        check_group_support(tree, GroupNeeds.of(extensions))
        leaves = tuple(tree.members())
    else:  # what is as it was there was checked there
        if not has_same_support(tree, before.tree):
            check_group_support(tree, GroupNeeds.of(extensions))
        known = None if sending else before.tree
        leaves = tuple(_changed_leaves(tree, known, touched))
    if leaves:
        check_negotiated(leaves, extensions)
        if sending and extensions:
            check_media_types(leaves, extensions)
    if extensions and (before is None or extensions is not before.context.extensions):
        check_external_receivers(tree.suite, extensions)
        source_domains(extensions)  # or every later look at them would fail


def _changed_leaves(
    tree: RatchetTree, known: RatchetTree | None, touched: Iterable[LeafIndex]
) -> Iterator[tuple[LeafIndex, LeafNode]]:
    """Yield the touched leaves but for those that say in a known tree what they support."""
    for index in touched:
        leaf = tree.leaf(index)
        if leaf is None:
            continue
        old = known.leaf(index) if known is not None and index < known.leaf_count else None
        if old is None or old.extensions != leaf.extensions:
            yield index, leaf


@attrs.frozen(eq=False)
class Transition:
    """A commit as everybody sees it: from one epoch to the next.

    Attributes:
        before: The state of the epoch in which it was sent.
        message: The commit, authenticated.
        committer: The leaf of the committer: for a joiner, the one that it takes.
        covered: The proposals.
        applied: What they change.
        merged: The path, merged; None where there is none.
        memo: What components remember of the next epoch.
    """

    before: PublicState
    message: AuthenticatedContent
    committer: LeafIndex
    covered: tuple[Covered, ...]
    applied: Applied
    merged: MergedPath | None
    memo: dict[Any, Any] = attrs.field(factory=dict)

    @property
    def tree(self) -> RatchetTree:
        """The tree of the next epoch."""
        return self.applied.tree if self.merged is None else self.merged.tree

    def provisional_context(self) -> GroupContext:
        """Return the next group context, with the old confirmed transcript hash."""
        return next_context(
            self.before,
            self.tree,
            self.applied.extensions,
            self.before.context.confirmed_transcript_hash,
        )

    def after(self) -> PublicState:
        """Return the state of the next epoch, if the commit's confirmation tag holds."""
        auth, content = self.message.auth, self.message.content
        assert isinstance(auth, CommitAuthData)  # noqa: S101 - the decoder sees to that
        confirmed = confirmed_transcript_hash(
            self.before.suite,
            self.before.interim_transcript_hash,
            self.message.wire_format,
            content,
            auth.signature,
        )
        context = next_context(self.before, self.tree, self.applied.extensions, confirmed)
        return next_state(context, self.tree, auth.confirmation_tag, self.applied.reinit, self.memo)


def next_context(
    before: PublicState, tree: RatchetTree, extensions: Extensions, confirmed: bytes
) -> GroupContext:
    """Return the group context of the next epoch."""
    old = before.context
    return GroupContext(
        old.cipher_suite, old.group_id, old.epoch + 1, tree.tree_hash, confirmed, extensions
    )


def transition(state: PublicState, message: AuthenticatedContent, rules: Rules) -> Transition:
    """Check a commit whose signature holds, in all that can be seen without secrets.

    Args:
        state: The epoch in which it was sent.
        message: The commit.
        rules: How lifetimes are judged, and the components that the application knows.

    Raises:
        UnknownProposalError: It refers to proposals that did not arrive.
        InvalidError: It breaks a rule of sections 12.1 to 12.4; a class for each.
        MalformedError: An extension's contents do not parse.
    """
    commit, sender = message.content.content, message.content.sender
    assert isinstance(commit, Commit)  # noqa: S101 - the caller has looked
    covered = resolve(state, commit, sender)
    check_list(state, covered, sender, has_path=commit.path is not None)
    for item in covered:
        if item.reference is None:
            check_proposal(state, item.proposal, item.sender, rules)
    applied = apply(state, covered, rules.components)
    leaf = None if commit.path is None else commit.path.leaf_node
    memo = judge(state, sender, covered, applied, leaf, message.wire_format, rules)
    committer, merged = _merge(state, commit, sender, applied)
    if commit.path is not None:
        verify_bindings(commit.path.leaf_node, rules.capabilities, committer)
    tree = applied.tree if merged is None else merged.tree
    touched = applied.touched if merged is None else (*applied.touched, committer)
    check_epoch(tree, applied.extensions, state, touched)
    return Transition(state, message, committer, covered, applied, merged, memo)


def judge(
    state: PublicState,
    sender: Sender,
    covered: Iterable[Covered],
    applied: Applied,
    leaf: LeafNode | LeafNodeContent | None,
    wire_format: WireFormat,
    rules: Rules,
) -> dict[Any, Any]:
    """Let the application's components judge a commit; return what they remember of it.

    Raises:
        InvalidError: A component refuses it.
        ForbiddenError: A component forbids it.
    """
    proposals = tuple((item.proposal, item.sender) for item in covered)
    now, extensions = rules.lifetimes.now, applied.extensions
    change = Change(state, sender, proposals, extensions, leaf, wire_format, now)
    return check_commit(change, rules.components)


def _merge(
    state: PublicState, commit: Commit, sender: Sender, applied: Applied
) -> tuple[LeafIndex, MergedPath | None]:
    """Check the path of a commit and merge it (section 12.4.2); return the committer's leaf."""
    tree, joining = applied.tree, not isinstance(sender, MemberSender)
    index = sender.leaf_index if isinstance(sender, MemberSender) else tree.leftmost_blank()
    if commit.path is None:
        return index, None
    if joining:
        tree = tree.with_room()
    leaf, suite = commit.path.leaf_node, state.suite
    for old in applied.removed if joining else ():
        if leaf.encryption_key == state.tree.member(old).encryption_key:
            raise UnrotatedKeyError(f"leaf {old} comes back with its encryption key", leaf=old)
    merged = merge_update_path(tree, index, commit.path, added=applied.new_leaves, joining=joining)
    check_capabilities(suite, leaf, index)
    verify_leaf_signature(suite, leaf, state.context.group_id, index)
    return index, merged
