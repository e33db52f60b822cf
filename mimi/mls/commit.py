"""Creating a commit (RFC 9420 section 12.4.1).

::

    proposals --> tree --> path --> signature --> transcript hash --> secrets --> confirmation tag
                                                                         |
                                                                         +--> group info --> Welcome

Nothing of it changes the group: the outcome is a draft, which can take effect, be held until it
comes back, or just be dropped.
"""

from collections.abc import Hashable, Iterable, Iterator
from typing import Any, TypeAlias, TypeVar

import attrs

from mimi.codec import encode
from mimi.crypto import Secret, SignaturePrivateKey
from mimi.errors import ForbiddenError, InvalidError, MalformedError
from mimi.mls.appdata import judge_of
from mimi.mls.apply import Applied, Transition, apply, check_epoch, judge, next_context
from mimi.mls.codepoints import WireFormat
from mimi.mls.context import GroupContext
from mimi.mls.draft import Draft
from mimi.mls.errors import HeldCommitError
from mimi.mls.framing import (
    AuthenticatedContent,
    CommitAuthData,
    FramedContent,
    MemberSender,
)
from mimi.mls.member import MemberState, NewEpoch
from mimi.mls.message import MLSMessage
from mimi.mls.negotiation import own_aad
from mimi.mls.ownleaf import check_own_support
from mimi.mls.proposal import (
    Add,
    Commit,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    SelfRemove,
    Update,
)
from mimi.mls.protect import sign_content
from mimi.mls.psk import ResumptionPSK
from mimi.mls.resolve import Covered, check_list, check_proposal, removed_by
from mimi.mls.schedule import EpochSecrets, joiner_secret
from mimi.mls.secrets import RatchetKind
from mimi.mls.sending import group_info, wrapped
from mimi.mls.state import PublicState, next_state, replaced_leaves
from mimi.mls.transcript import confirmed_transcript_hash
from mimi.mls.welcome import NewMember, encrypt_welcome
from mimi.tree import math
from mimi.tree.extension import Extensions
from mimi.tree.leaf import LeafNodeContent, check_capabilities
from mimi.tree.math import LeafIndex
from mimi.tree.multicredential import verify_bindings
from mimi.tree.path import ContextOf, CreatedPath, MergedPath, create_update_path
from mimi.tree.private import PrivateTree
from mimi.tree.ratchet import RatchetTree

G = TypeVar("G", bound=MemberState)


@attrs.frozen(eq=False, repr=False)
class Plan:
    """What a commit is to do.

    Attributes:
        covered: The proposals, in the order of the commit.
        path: Whether to give fresh keys even where no proposal needs it.
        leaf: What the committer's new leaf says; key and source are replaced.
        signer: The private key of the new leaf's signature key.
        aad: Authenticated data.
        now: Seconds since 1970-01-01T00:00Z.
        info_extensions: What the group info of the Welcome says besides.
    """

    covered: tuple[Covered, ...]
    path: bool
    leaf: LeafNodeContent
    signer: SignaturePrivateKey
    aad: bytes
    now: int
    info_extensions: Extensions = ()

    @property
    def needs_path(self) -> bool:
        """Whether the commit needs a path: by wish, without proposals, or for one of them."""
        required = any(item.proposal.path_required for item in self.covered)
        return self.path or not self.covered or required


def create(group: G, plan: Plan, *, founding: bool = False) -> Draft[G]:
    """Create a commit by a member.

    Args:
        group: The group.
        plan: What to do.
        founding: Whether it is the first commit of a successor or a branch, which alone may name
            a resumption PSK of that usage.

    Raises:
        ClosedGroupError: The member was removed, or the group reinitialised.
        HeldCommitError: A commit of one's own waits to be confirmed.
        InvalidError: The proposals are invalid; a class for each rule.
    """
    group.check_active()
    if group.held is not None:
        raise HeldCommitError("a commit of one's own waits to be confirmed")
    before, sender = group.state, MemberSender(group.leaf_index)
    for item in plan.covered:
        if item.reference is None and not (founding and isinstance(item.proposal, PreSharedKey)):
            check_proposal(before, item.proposal, sender, group.rules(plan.now))
    needs_path = plan.needs_path
    check_list(before, plan.covered, sender, has_path=needs_path)
    applied = apply(before, plan.covered, group.settings.components)
    leaf = plan.leaf if needs_path else None
    memo = None if founding else _judged(group, plan.covered, applied, leaf, plan.now)
    path = _member_path(group, plan, applied) if needs_path else None
    psks = group.psk_secret(applied.psks)
    listed = tuple(item.reference or item.proposal for item in plan.covered)
    content = FramedContent(
        before.context.group_id,
        before.context.epoch,
        sender,
        own_aad(before.context.extensions, plan.aad),
        Commit(listed, None if path is None else path.update_path),
    )
    private = group.private.without_blanks(applied.tree) if path is None else path.private
    signer = group.signer if path is None else plan.signer
    shared = Shared(before, applied, path, group.secrets.init_secret, psks, memo)
    concluded = conclude(
        shared, content, group.signer, NewKeys(private, signer), group.settings.handshake
    )
    after, wire = wrapped(group, concluded.message)
    taken = None
    if group.settings.handshake != WireFormat.MLS_PUBLIC_MESSAGE:
        taken = group.message_keys.next_generation(group.leaf_index, RatchetKind.HANDSHAKE)
    welcome = None
    if applied.added:
        welcome = _welcome(after, concluded, shared, plan.info_extensions)

    def transition() -> Transition:
        return shared.transition(concluded.message, plan.covered, group.leaf_index)

    return Draft(wire, welcome, transition, after, concluded.epoch, taken)


def _judged(
    group: MemberState,
    covered: Iterable[Covered],
    applied: Applied,
    leaf: LeafNodeContent | None,
    now: int,
) -> dict[Any, Any]:
    """Let the components judge a commit of this member; return what they remember of it."""
    sender, wire_format = MemberSender(group.leaf_index), group.settings.handshake
    return judge(group.state, sender, covered, applied, leaf, wire_format, group.rules(now))


def _member_path(group: MemberState, plan: Plan, applied: Applied) -> CreatedPath:
    return create_update_path(
        applied.tree,
        group.leaf_index,
        plan.leaf,
        plan.signer,
        group.context.group_id,
        provisional(group.state, applied),
        group.entropy,
        added=applied.new_leaves,
    )


def provisional(before: PublicState, applied: Applied) -> ContextOf:
    """Return the function from a tree hash to the encoded provisional group context."""
    old = before.context

    def context_of(tree_hash: bytes) -> bytes:
        epoch, confirmed = old.epoch + 1, old.confirmed_transcript_hash
        context = GroupContext(
            old.cipher_suite, old.group_id, epoch, tree_hash, confirmed, applied.extensions
        )
        return encode(context)

    return context_of


@attrs.frozen(eq=False, repr=False)
class NewKeys:
    """The private keys of a committer in the epoch that its commit opens."""

    private: PrivateTree
    signer: SignaturePrivateKey


@attrs.frozen(eq=False, repr=False)
class Shared:
    """What the commit of a member and that of a joiner have in common.

    Attributes:
        before: The epoch in which it is sent.
        applied: The proposals, applied.
        path: The path; None where there is none.
        init_secret: That of the epoch, or what the ExternalInit stands for.
        psk_secret: That of the commit's pre-shared keys.
        memo: What components remember of the next epoch.
    """

    before: PublicState
    applied: Applied
    path: CreatedPath | None
    init_secret: Secret
    psk_secret: Secret
    memo: dict[Any, Any] | None = None

    @property
    def tree(self) -> RatchetTree:
        """The tree of the next epoch."""
        return self.applied.tree if self.path is None else self.path.tree

    def transition(
        self, message: AuthenticatedContent, covered: tuple[Covered, ...], leaf: LeafIndex
    ) -> Transition:
        """Return the commit as others see it."""
        merged = None
        if self.path is not None:
            added = self.applied.new_leaves
            path = self.path
            merged = MergedPath(
                self.applied.tree, path.tree, leaf, path.update_path, added, path.steps
            )
        return Transition(self.before, message, leaf, covered, self.applied, merged)


@attrs.frozen(eq=False, repr=False)
class Concluded:
    """A signed commit, the epoch that it opens, and that epoch's joiner_secret."""

    message: AuthenticatedContent
    epoch: NewEpoch
    joiner: Secret


def conclude(
    shared: Shared,
    content: FramedContent,
    signer: SignaturePrivateKey,
    keys: NewKeys,
    wire_format: WireFormat,
) -> Concluded:
    """Sign a commit and derive the epoch that it opens (section 12.4.1, from FramedContent on).

    Args:
        shared: What the commit does.
        content: The commit as framed.
        signer: What it is signed with.
        keys: The committer's private keys in the next epoch.
        wire_format: How it will be sent.

    Raises:
        InvalidError: The next epoch's tree is invalid, or the committer's leaf; see
            `mimi.mls.apply.check_epoch` and `mimi.tree.leaf.check_capabilities`.
    """
    before, tree, extensions = shared.before, shared.tree, shared.applied.extensions
    suite = before.suite
    if shared.path is not None:
        check_capabilities(suite, shared.path.update_path.leaf_node, keys.private.leaf)
        verify_bindings(shared.path.update_path.leaf_node, None, keys.private.leaf)
    me, touched = keys.private.leaf, shared.applied.touched
    with_mine = (*touched, me)
    changed = touched if shared.path is None else with_mine
    check_epoch(tree, extensions, before, changed, sending=True)
    check_own_support(tree.member(me), extensions, me)
    signature = sign_content(suite, wire_format, content, before.context, signer)
    confirmed = confirmed_transcript_hash(
        suite, before.interim_transcript_hash, wire_format, content, signature
    )
    context = next_context(before, tree, extensions, confirmed)
    zeros = Secret(bytes(suite.nh))
    commit_secret = zeros if shared.path is None else shared.path.commit_secret
    joiner = joiner_secret(suite, shared.init_secret, commit_secret, context)
    secrets = EpochSecrets.derive(suite, joiner, shared.psk_secret, context)
    tag = secrets.confirmation_tag(confirmed)
    state = next_state(context, tree, tag, shared.applied.reinit, shared.memo)
    message = AuthenticatedContent(wire_format, content, CommitAuthData(signature, tag))
    replaced = replaced_leaves(before, tree, with_mine)
    epoch = NewEpoch.opened(state, keys.private, keys.signer, secrets, replaced)
    return Concluded(message, epoch, joiner)


def _welcome(
    group: MemberState, concluded: Concluded, shared: Shared, extensions: Extensions
) -> bytes:
    """Return the encoded Welcome for all whom a commit adds (section 12.4.3.1)."""
    opened = MemberState.of_epoch(concluded.epoch, group.settings, group.entropy)
    with_tree = group.settings.tree_in_welcome
    info = group_info(opened, tree=with_tree, external_pub=False, extensions=extensions)
    members = []
    for index, package in shared.applied.added:
        secret = None
        if shared.path is not None:
            secret = _path_secret(shared.path, group.leaf_index, index)
        members.append(NewMember(package, secret))
    welcome = encrypt_welcome(
        group.suite,
        info,
        concluded.joiner,
        shared.psk_secret,
        shared.applied.psks,
        members,
        group.entropy,
    )
    return encode(MLSMessage(welcome))


def _path_secret(path: CreatedPath, committer: LeafIndex, index: LeafIndex) -> Secret:
    """Return the path secret of the lowest node that a new member shares with the committer.

    The new member's leaf is below the copath, so that the node is never filtered out.
    """
    shared = math.common_ancestor(math.node_of(committer), math.node_of(index))
    return path.path_secrets[shared]


# Which pending proposals to commit

TRIALS = 256
"""How often it is tried what can stand together: some 16 among 1,000 that cannot are found."""


def choose(group: MemberState, by_value: Iterable[Covered], now: int) -> tuple[Covered, ...]:
    """Return the pending proposals that can be committed beside those by value (section 12.2).

    A SelfRemove is preferred to all else, above all to a Remove or an Update of the same leaf;
    then a Remove, what members propose to what others do, a later Update to an earlier, everything
    to a ReInit. One's own Updates are left out, since a commit replaces the committer's leaf, and
    one's own SelfRemove, which somebody else has to commit.
    Where a component judges whole commits, what one party proposes is tried together: a participant
    leaves by several proposals of its clients, none of which can stand alone.
    A proposal that cannot stand with the others is left out as well, and a resumption PSK of this
    group beside an Add: who is added could not join. So nobody can keep the group from going on
    by proposing what cannot be committed, nor hold up a committer by proposing much of it: after
    `TRIALS` the rest is left out.
    """
    if not group.state.proposals:
        return ()
    pending = [
        Covered(item.proposal, item.sender, item.reference)
        for item in group.state.proposals.values()
    ]
    pending = [item for item in pending if not is_own(item, group.leaf_index)]
    leaving = [item for item in pending if isinstance(item.proposal, SelfRemove)]
    fixed = without_needless(
        by_value, [item for item in leaving if _can_stand(group, (item,), now)]
    )
    if any(isinstance(item.proposal, Add) for item in (*pending, *fixed)):
        pending = [item for item in pending if not _is_own_resumption(group, item.proposal)]
    updates = [item for item in pending if isinstance(item.proposal, Update)]
    others = [item for item in pending if not isinstance(item.proposal, Update)]
    ranked = sorted((*others, *reversed(updates)), key=_rank)
    trial = _Trial(group, fixed, now, iter(range(TRIALS)))
    chosen, before = trial.extended((), _bundles(group, without_repeated(ranked))), -1
    while before < len(chosen) < len(ranked):
        # what came too early may stand beside what was chosen later
        before, rest = len(chosen), [item for item in ranked if item not in chosen]
        chosen = trial.extended(chosen, _bundles(group, rest))
    references = {item.reference for item in chosen}
    return tuple(item for item in pending if item.reference in references)


def is_own(item: Covered, committer: LeafIndex) -> bool:
    """Return whether a proposal removes or updates its committer, which it never covers."""
    is_update = isinstance(item.proposal, Update) and item.sender == MemberSender(committer)
    return is_update or removed_by(item) == committer


def without_repeated(pending: Iterable[Covered]) -> tuple[Covered, ...]:
    """Return pending proposals, of each leaf that is removed one removal and no Update.

    Of several removals a SelfRemove counts, else the first.
    """
    listed, by_leaf = tuple(pending), dict[LeafIndex | None, Covered]()
    for item in sorted(listed, key=lambda each: not isinstance(each.proposal, SelfRemove)):
        by_leaf.setdefault(removed_by(item), item)

    def counts(item: Covered) -> bool:
        if isinstance(item.proposal, Update) and isinstance(item.sender, MemberSender):
            return item.sender.leaf_index not in by_leaf
        leaf = removed_by(item)
        return leaf is None or by_leaf[leaf] is item

    return tuple(filter(counts, listed))


def without_needless(
    by_value: Iterable[Covered], referred: Iterable[Covered]
) -> tuple[Covered, ...]:
    """Return proposals by value without each Remove of a member that removes itself.

    Beside a SelfRemove, a Remove of the same leaf is invalid (draft-ietf-mls-extensions-10
    section 6.3).

    Args:
        by_value: What the committer wants.
        referred: The pending proposals that the commit covers.
    """
    leaving = {removed_by(item) for item in referred if isinstance(item.proposal, SelfRemove)}
    return tuple(
        item
        for item in by_value
        if not isinstance(item.proposal, Remove) or removed_by(item) not in leaving
    )


def _rank(item: Covered) -> tuple[bool, bool, bool, bool]:
    """Return the order in which proposals are tried: what must not be crowded out comes first."""
    proposal, outside = item.proposal, not isinstance(item.sender, MemberSender)
    leaving, removing = isinstance(proposal, SelfRemove), isinstance(proposal, Remove)
    return isinstance(proposal, ReInit), not leaving, not removing, outside


def _is_own_resumption(group: MemberState, proposal: Proposal) -> bool:
    """Return whether a proposal brings in a key that only members of this group have."""
    if not isinstance(proposal, PreSharedKey):
        return False
    psk = proposal.psk.psk
    return isinstance(psk, ResumptionPSK) and psk.psk_group_id == group.context.group_id


_Bundles: TypeAlias = tuple[tuple[Covered, ...], ...]


def _bundles(group: MemberState, ranked: Iterable[Covered]) -> _Bundles:
    """Return what is tried together, in the order in which it is tried."""
    component = judge_of(group.settings.components)
    if component is None:
        return tuple((item,) for item in ranked)
    by_party: dict[Hashable, tuple[Covered, ...]] = {}
    for item in ranked:
        party = component.party(item.sender, group.state)
        by_party[party] = (*by_party.get(party, ()), item)
    return tuple(by_party.values())


@attrs.frozen
class _Trial:
    """The search for what can be committed beside what the committer wants.

    Attributes:
        group: The group.
        fixed: What the committer wants.
        now: Seconds since 1970-01-01T00:00Z.
        tries: How often something may still be tried.
    """

    group: MemberState
    fixed: tuple[Covered, ...]
    now: int
    tries: Iterator[int]

    def extended(self, chosen: tuple[Covered, ...], bundles: _Bundles) -> tuple[Covered, ...]:
        """Return *chosen* with what can stand with it, halving where not all can."""
        if next(self.tries, None) is None:
            return chosen
        items = tuple(item for bundle in bundles for item in bundle)
        if _can_stand(self.group, (*chosen, *items, *self.fixed), self.now):
            return (*chosen, *items)
        if len(items) <= 1:
            return chosen
        if len(bundles) == 1:
            bundles = tuple((item,) for item in items)
        half = len(bundles) // 2
        chosen = self.extended(chosen, bundles[:half])
        return self.extended(chosen, bundles[half:])


def _can_stand(group: MemberState, covered: tuple[Covered, ...], now: int) -> bool:
    """Return whether proposals can be committed together by this member.

    What a component refuses in whatever way must not stop who commits the rest.
    """
    before, sender = group.state, MemberSender(group.leaf_index)
    try:
        check_list(before, covered, sender, has_path=True)
        applied = apply(before, covered, group.settings.components)
        _judged(group, covered, applied, None, now)
        check_epoch(applied.tree, applied.extensions, before, applied.touched, sending=True)
        check_own_support(
            before.tree.member(sender.leaf_index), applied.extensions, sender.leaf_index
        )
        group.psk_secret(applied.psks)
    except (InvalidError, ForbiddenError, MalformedError):
        return False
    return True
