"""What comes of a received message: the events of `receive`, a closed union.

Match them exhaustively; mypy's ``assert_never`` finds a case that is missing.
"""

from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

import attrs

from mimi.mls.apply import Transition
from mimi.mls.codepoints import ContentType
from mimi.mls.credentials import CredentialCheck, checks_of_transition
from mimi.mls.framing import Sender
from mimi.mls.keypackage import KeyPackage
from mimi.mls.proposal import Proposal, ReInit
from mimi.mls.psk import PreSharedKeyID
from mimi.mls.state import Member
from mimi.tree.extension import Extensions
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndex

G = TypeVar("G")


@attrs.frozen(repr=False)
class ApplicationMessage:
    """Application data from a member.

    Attributes:
        sender: The member's leaf.
        leaf_node: The leaf as it was in the message's epoch, with the member's credential.
        epoch: The epoch in which it was sent; may lie a few back.
        generation: Which message of the sender in that epoch it is, from 0.
        data: What was sent.
        aad: The authenticated data, which were sent in the clear.
    """

    sender: LeafIndex
    leaf_node: LeafNode
    epoch: int
    generation: int
    data: bytes
    aad: bytes

    def __repr__(self) -> str:
        return f"ApplicationMessage(leaf {self.sender}, {len(self.data)} octets)"


@attrs.frozen
class ProposalReceived:
    """A valid proposal, pending until a commit covers it or another ends the epoch.

    Attributes:
        reference: By what a commit refers to it.
        proposal: What is proposed.
        sender: Who proposes it.
        credentials: What it would bring; judged, at the latest, in the commit.
        aad: The authenticated data.
    """

    reference: bytes
    proposal: Proposal
    sender: Sender
    credentials: tuple[CredentialCheck, ...]
    aad: bytes


@attrs.frozen(eq=False, repr=False)
class CommitStaged(Generic[G]):
    """A valid commit, to be looked at: it takes effect with `accept`, and can just be dropped.

    Attributes:
        transition: The commit with all that follows from it.
        removes_me: Whether this member is removed by it.
        aad: The authenticated data.
    """

    transition: Transition
    removes_me: bool
    aad: bytes
    _accept: Callable[[G | None], G]

    def __repr__(self) -> str:
        epoch = self.transition.before.context.epoch
        return f"CommitStaged(by leaf {self.committer}, epoch {epoch} to {epoch + 1})"

    def accept(self, group: G | None = None) -> "Step[G]":
        """Return the step into the next epoch.

        Args:
            group: The group as it is now; None where nothing happened since the commit was
                staged: what was sent or received meanwhile would be undone.

        Raises:
            StaleDraftError: *group* is another, or in another epoch.
        """
        return Step(self._accept(group), ())

    @property
    def committer(self) -> LeafIndex:
        """The committer's leaf: in an external commit, the one that the joiner takes."""
        return self.transition.committer

    @property
    def sender(self) -> Sender:
        """Who sent it: a member, or a joiner."""
        return self.transition.message.content.sender

    @property
    def added(self) -> tuple[Member, ...]:
        """The new members, a joiner by external commit included."""
        tree, before = self.transition.tree, self.transition.before.tree
        indices = [index for index, _ in self.transition.applied.added]
        committer = self.transition.committer
        if before.leaf(committer) is None or committer in self.transition.applied.removed:
            indices.append(committer)
        return tuple(Member(index, tree.member(index)) for index in indices)

    @property
    def removed(self) -> tuple[Member, ...]:
        """The members that leave, with their last leaves."""
        before = self.transition.before.tree
        return tuple(
            Member(index, before.member(index)) for index in self.transition.applied.removed
        )

    @property
    def updated(self) -> tuple[Member, ...]:
        """The members whose leaves are replaced, with the new ones; the committer's as well."""
        transition = self.transition
        indices = list(transition.applied.updated)
        joined = {member.leaf_index for member in self.added}
        if transition.merged is not None and transition.committer not in joined:
            indices.append(transition.committer)
        return tuple(Member(index, transition.tree.member(index)) for index in indices)

    @property
    def extensions(self) -> Extensions | None:
        """The new extensions of the group context; None where they stay."""
        new = self.transition.applied.extensions
        return None if new == self.transition.before.context.extensions else new

    @property
    def key_packages(self) -> tuple[KeyPackage, ...]:
        """The key packages of the members that are added."""
        return tuple(package for _, package in self.transition.applied.added)

    @property
    def psks(self) -> tuple[PreSharedKeyID, ...]:
        """The pre-shared keys that it uses."""
        return self.transition.applied.psks

    @property
    def reinit(self) -> ReInit | None:
        """The ReInit that ends the group; None where it goes on."""
        return self.transition.applied.reinit

    @property
    def proposals(self) -> tuple[tuple[Proposal, Sender], ...]:
        """The proposals that it covers, each with who proposed it."""
        return tuple((item.proposal, item.sender) for item in self.transition.covered)

    @property
    def credentials(self) -> tuple[CredentialCheck, ...]:
        """The credentials to judge before it is accepted."""
        return checks_of_transition(self.transition)


@attrs.frozen
class OwnMessageEchoed:
    """One's own message came back: nothing to do.

    It is recognised by sender and generation, since its key is gone. Any member can make up such a
    message, so that it is no proof that the genuine one was delivered.

    Attributes:
        epoch: In which it was sent.
    """

    epoch: int


@attrs.frozen
class OwnCommitConfirmed:
    """One's own commit came back. If it was held, it has taken effect.

    Attributes:
        epoch: In which it was sent.
        welcome: The encoded Welcome, to be sent now; None where nobody was added, or the commit
            had taken effect before.
    """

    epoch: int
    welcome: bytes | None = attrs.field(default=None, repr=False)


@attrs.frozen
class FutureEpoch:
    """The message belongs to an epoch that is yet to come."""

    epoch: int


@attrs.frozen
class MissingProposals:
    """The commit refers to proposals that did not arrive yet."""

    references: tuple[bytes, ...]


@attrs.frozen
class Held:
    """The message cannot be processed yet: keep it, and try again when *reason* is gone."""

    reason: FutureEpoch | MissingProposals


@attrs.frozen
class EncryptedMessage:
    """A private or semi-private message went by, which a follower without secrets cannot read.

    Attributes:
        epoch: In which it was sent.
        content_type: What it says that it is. After a commit the follower has lost the group.
        aad: The authenticated data: not authenticated for the follower.
    """

    epoch: int
    content_type: ContentType
    aad: bytes


Event: TypeAlias = (
    ApplicationMessage
    | ProposalReceived
    | CommitStaged[G]
    | OwnMessageEchoed
    | OwnCommitConfirmed
    | EncryptedMessage
    | Held
)
"""What `receive` reports.

A member never sees an `EncryptedMessage`; a follower without secrets sees no `ApplicationMessage`,
`OwnMessageEchoed` or `OwnCommitConfirmed`.
"""


@attrs.frozen(eq=False)
class Step(Generic[G]):
    """The outcome of a received message.

    Attributes:
        group: The group after it; the same value where nothing changed.
        events: What happened, in order.
    """

    group: G
    events: tuple[Event[G], ...]
