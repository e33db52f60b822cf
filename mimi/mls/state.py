"""What everyone who follows a group knows of an epoch, with or without its secrets."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import attrs

from mimi.crypto import Suite
from mimi.mls.context import GroupContext
from mimi.mls.framing import Sender
from mimi.mls.proposal import Proposal, ReInit
from mimi.mls.transcript import interim_transcript_hash
from mimi.tree.extension import Extensions
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndex
from mimi.tree.ratchet import RatchetTree

T = TypeVar("T")


def changed(value: T, **changes: Any) -> T:
    """Return an attrs value with some fields changed, at a fourth of the cost of attrs.evolve.

    Fields are given as they are kept; converters and validators do not run.
    """
    kind = type(value)
    made = kind.__new__(kind)
    for name, get, put in kind.__quick_fields__:  # type: ignore[attr-defined]  # set by `quick`
        put(made, changes[name] if name in changes else get(value))
    return made


def quick(kind: type[T]) -> type[T]:
    """Make a slotted attrs class, and those that derive from it, known to `changed`."""
    kind.__quick_fields__ = tuple(  # type: ignore[attr-defined]  # for `changed` alone
        (name, slot.__get__, slot.__set__)
        for name, slot in ((field.name, getattr(kind, field.name)) for field in attrs.fields(kind))  # type: ignore[arg-type]  # it is attrs'
    )
    return kind


def read_only(items: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a copy that nobody can change."""
    return items if isinstance(items, MappingProxyType) else MappingProxyType(dict(items))


@attrs.frozen
class Member:
    """A member of a group.

    Attributes:
        leaf_index: Where it stands in the tree; what messages name it by.
        leaf_node: Its leaf: credential, keys, capabilities.
    """

    leaf_index: LeafIndex
    leaf_node: LeafNode


@attrs.frozen
class PendingProposal:
    """A valid proposal of the epoch that no commit has covered yet.

    Attributes:
        reference: The ProposalRef by which a commit refers to it.
        proposal: What is proposed.
        sender: Who proposes it.
    """

    reference: bytes
    proposal: Proposal
    sender: Sender


@quick
@attrs.frozen(eq=False, repr=False)
class PublicState:
    """The public state of a group in an epoch.

    Attributes:
        context: The group context.
        tree: The ratchet tree.
        interim_transcript_hash: What the next commit's transcript hash goes on from.
        confirmation_tag: That of the commit that opened the epoch.
        proposals: From references to pending proposals, in the order in which they came.
        reinit: The ReInit that ended the group; None in a living group.
        memo: What components of the application have worked out about the epoch. It is no part of
            the state: whoever does not find it here works it out again.
    """

    context: GroupContext
    tree: RatchetTree
    interim_transcript_hash: bytes
    confirmation_tag: bytes
    proposals: Mapping[bytes, PendingProposal] = attrs.field(
        default=MappingProxyType({}), converter=read_only
    )
    reinit: ReInit | None = None
    memo: dict[Any, Any] = attrs.field(factory=dict)

    @property
    def suite(self) -> Suite:
        """The cipher suite."""
        return self.tree.suite

    def __repr__(self) -> str:
        return f"PublicState(group {self.context.group_id!r}, epoch {self.context.epoch})"

    def members(self) -> tuple[Member, ...]:
        """Return the members, in the order of their leaves."""
        return tuple(Member(index, leaf) for index, leaf in self.tree.members())

    def with_proposal(self, pending: PendingProposal) -> "PublicState":
        """Return the state with another pending proposal."""
        return changed(self, proposals=read_only({**self.proposals, pending.reference: pending}))

    def without_proposal(self, reference: bytes) -> "PublicState":
        """Return the state without a pending proposal."""
        rest = {at: kept for at, kept in self.proposals.items() if at != reference}
        return changed(self, proposals=read_only(rest))


class GroupView:
    """What can be read of a group, with or without its secrets."""

    __slots__ = ()
    state: PublicState

    @property
    def suite(self) -> Suite:
        """The cipher suite."""
        return self.state.suite

    @property
    def context(self) -> GroupContext:
        """The group context of the epoch."""
        return self.state.context

    @property
    def group_id(self) -> bytes:
        """The group's identifier."""
        return self.state.context.group_id

    @property
    def epoch(self) -> int:
        """The number of the epoch, from 0."""
        return self.state.context.epoch

    @property
    def extensions(self) -> Extensions:
        """The extensions of the group context."""
        return self.state.context.extensions

    @property
    def members(self) -> tuple[Member, ...]:
        """The members, in the order of their leaves."""
        return self.state.members()

    @property
    def pending(self) -> tuple[PendingProposal, ...]:
        """The valid proposals of the epoch, in the order in which they came."""
        return tuple(self.state.proposals.values())

    @property
    def reinit(self) -> ReInit | None:
        """The ReInit that ended the group; None in a living group."""
        return self.state.reinit

    @property
    def ratchet_tree(self) -> bytes:
        """The encoded ratchet tree, for joiners that get it out of band (section 12.4.3.3)."""
        return self.state.tree.encode()


def replaced_leaves(
    before: PublicState, tree: RatchetTree, touched: Iterable[LeafIndex]
) -> dict[LeafIndex, LeafNode | None]:
    """Return the leaves that are others in *tree* than before, as they were before."""
    old = before.tree
    leaves = [(index, old.leaf(index)) for index in touched]
    return {index: leaf for index, leaf in leaves if leaf is not tree.leaf(index)}


def next_state(
    context: GroupContext,
    tree: RatchetTree,
    confirmation_tag: bytes,
    reinit: ReInit | None = None,
    memo: dict[Any, Any] | None = None,
) -> PublicState:
    """Return the state of an epoch that has just been opened."""
    interim = interim_transcript_hash(
        tree.suite, context.confirmed_transcript_hash, confirmation_tag
    )
    known = {} if memo is None else memo
    return PublicState(context, tree, interim, confirmation_tag, reinit=reinit, memo=known)
