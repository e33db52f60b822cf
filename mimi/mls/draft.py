"""Commits that have not happened yet (RFC 9420 section 14)."""

from collections.abc import Callable
from typing import Generic, TypeVar

import attrs

from mimi.mls.apply import Transition
from mimi.mls.credentials import CredentialCheck, checks_of_transition
from mimi.mls.errors import HeldCommitError, StaleDraftError
from mimi.mls.member import HeldCommit, MemberState, NewEpoch
from mimi.mls.secrets import RatchetKind
from mimi.mls.state import PendingProposal, changed

G = TypeVar("G", bound=MemberState)


@attrs.frozen(eq=False, repr=False)
class Draft(Generic[G]):
    """A commit that has not happened: send it, and let it take effect when the group takes it.

    The order that survives a crash: store ``hold()``, then send `commit`; when it comes back,
    `receive` reports that it is confirmed, with the Welcome to be sent then. Whoever knows by
    other means that the commit won calls ``accept()`` and sends the Welcome. A draft that was not
    sent is simply dropped; one that was sent and lost leaves ``reject()`` or what was held.

    A draft remembers the group that it was made from. Whoever has sent, received or stored
    something since gives the present group, or that is undone and its keys are used again.

    Attributes:
        commit: The encoded MLSMessage for the group.
        welcome: The encoded MLSMessage for the new members; None where nobody is added.
    """

    commit: bytes
    welcome: bytes | None
    _transition: Callable[[], Transition]
    _group: G
    _epoch: NewEpoch
    _taken: int | None
    """The generation of the handshake ratchet that encrypted the commit; None for a public one."""

    def __repr__(self) -> str:
        epoch = self._group.context.epoch
        return f"Draft(epoch {epoch} to {epoch + 1}, {len(self.commit)} octets)"

    def accept(self, group: G | None = None) -> G:
        """Return the group in the epoch that the commit opens.

        Args:
            group: The group as it is now; None where nothing happened since the draft.

        Raises:
            StaleDraftError: *group* is another, or in another epoch.
            HeldCommitError: It holds another commit.
        """
        present = self._group if group is None else self._checked(group)
        return present.advanced(self._epoch, self.commit)

    def hold(self, group: G | None = None) -> G:
        """Return the group in its present epoch, which remembers the draft until it comes back.

        Args:
            group: The group as it is now; None where nothing happened since the draft.

        Raises:
            StaleDraftError: *group* is another, in another epoch, or has used the draft's key for
                another message.
            HeldCommitError: It holds another commit.
        """
        held = HeldCommit(self.commit, self.welcome, self._epoch)
        return changed(self._without_key(group), held=held)

    def reject(self, group: G | None = None) -> G:
        """Return the group in its present epoch, if the draft was sent and not taken.

        What encrypted the commit is consumed: another message must not use the same key.

        Args:
            group: The group as it is now; None where nothing happened since the draft.

        Raises:
            StaleDraftError: *group* is another, in another epoch, or has used the draft's key for
                another message.
            HeldCommitError: It holds another commit.
        """
        return changed(self._without_key(group), held=None)

    def _checked(self, group: G) -> G:
        known = self._group
        if group.context != known.context or group.leaf_index != known.leaf_index:
            raise StaleDraftError("the draft belongs to another group, member or epoch")
        if group.removed:
            raise StaleDraftError("the member was removed from the group since")
        if group.held is not None and group.held.wire != self.commit:
            raise HeldCommitError("the group holds another commit")
        return group

    def _without_key(self, group: G | None) -> G:
        """Return the present group without the key that encrypted the commit."""
        if group is None or group is self._group:
            return self._group
        group = self._checked(group)
        if self._taken is None or group.held is not None:
            return group
        leaf, kind = group.leaf_index, RatchetKind.HANDSHAKE
        keys, generation, _ = group.message_keys.next_key(leaf, kind)
        if generation != self._taken:
            raise StaleDraftError("the key of the draft has encrypted another message")
        return changed(group, message_keys=keys, sent_octets=group.sent_octets + len(self.commit))

    @property
    def transition(self) -> Transition:
        """The commit with all that follows from it, as others see it."""
        return self._transition()

    @property
    def credentials(self) -> tuple[CredentialCheck, ...]:
        """The credentials that the commit brings, to be judged before it is sent."""
        return checks_of_transition(self.transition)

    @property
    def left_out(self) -> tuple[PendingProposal, ...]:
        """The pending proposals that the commit does not cover, and that end with the epoch."""
        transition = self.transition
        covered = {item.reference for item in transition.covered}
        pending = transition.before.proposals.items()
        return tuple(item for reference, item in pending if reference not in covered)
