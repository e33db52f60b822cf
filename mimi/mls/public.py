"""A group followed without its secrets, as a server does (RFC 9420 sections 12.4.2, 16.9).

What can be seen in public messages is checked as a member checks it: structure, signatures, the
tree, parent hashes, the rules for proposals, capabilities. What cannot be seen is whether a commit
is encrypted to the right members under the right keys, and whether its tags hold: a member who
lies there can lead a follower astray, and no member follows.

Encrypted handshakes are beyond it, but for semi-private ones whose external receiver it is
(draft-mahy-mls-semiprivatemessage-07): see `PublicGroup.with_receivers`.
"""

from collections.abc import Mapping
from typing import Self

import attrs

from mimi.codec import decode
from mimi.crypto import Entropy, HPKEPrivateKey, os_entropy, suite_of
from mimi.mls.appdata import Components
from mimi.mls.apply import transition
from mimi.mls.builtin import BUILT_IN, with_built_in
from mimi.mls.components import ComponentID
from mimi.mls.credentials import CredentialCheck, checks_of_tree
from mimi.mls.errors import (
    HandshakeAfterEndError,
    StaleDraftError,
    UnknownProposalError,
    WrongEpochError,
    WrongGroupError,
)
from mimi.mls.events import (
    CommitStaged,
    EncryptedMessage,
    FutureEpoch,
    Held,
    Step,
)
from mimi.mls.external import read_group_info
from mimi.mls.foresight import foresee, foresee_sender
from mimi.mls.framing import AuthenticatedContent, PrivateMessage
from mimi.mls.join import validated_info
from mimi.mls.negotiation import check_aad
from mimi.mls.open_rows import OpenRows
from mimi.mls.proposal import Commit, Proposal
from mimi.mls.protect import unprotect_public
from mimi.mls.receive import addressed, check_framed, receive_proposal, waiting_for
from mimi.mls.rows import Changes
from mimi.mls.rules import Rules
from mimi.mls.safe import PublicComponent
from mimi.mls.semiprivate import SemiPrivateMessage, check_semi_private, open_as_receiver
from mimi.mls.senders import signature_keys
from mimi.mls.snapshot_context import Pieces
from mimi.mls.snapshot_public import (
    BareInfo,
    Kept,
    KeptInfo,
    load_public,
    open_public,
    public_changes,
)
from mimi.mls.state import GroupView, PublicState, changed, quick
from mimi.mls.tree_options import MissingGroupInfoError, PartialGroupInfo, rebuilt_group_info
from mimi.mls.welcome import GroupInfo, check_group_info
from mimi.tree.leaf import DEFAULT_MAXIMUM_LIFETIME, LifetimePolicy
from mimi.tree.ratchet import RatchetTree
from mimi.tree.validate import Map


@quick
@attrs.frozen(eq=False, repr=False)
class PublicGroup(GroupView):
    """A group as somebody without its secrets knows it: an immutable value.

    Attributes:
        state: The public state of the epoch.
        maximum_lifetime: The longest lifetime of a key package that is accepted, in seconds.
        components: The logic of the application's components, and the built-in one.
        receivers: The private keys with which it reads semi-private messages.
    """

    state: PublicState
    _info: KeptInfo | None = None
    maximum_lifetime: int = DEFAULT_MAXIMUM_LIFETIME
    components: Components = BUILT_IN
    receivers: tuple[HPKEPrivateKey, ...] = ()
    _pieces: Pieces = attrs.field(factory=Pieces)

    @classmethod
    def from_group_info(
        cls,
        group_info: bytes,
        tree: bytes | None = None,
        *,
        now: int,
        member_lifetimes: bool = False,
        maximum_lifetime: int = DEFAULT_MAXIMUM_LIFETIME,
        components: Components = BUILT_IN,
        map: Map = map,  # noqa: A002 - it stands for the built-in function
    ) -> Self:
        """Return the group that a group info describes.

        Args:
            group_info: The encoded MLSMessage.
            tree: The encoded ratchet tree, where the group info does not carry it.
            now: Seconds since 1970-01-01T00:00Z.
            member_lifetimes: Whether a group is refused in which a member's lifetime has ended.
            maximum_lifetime: The longest lifetime that is accepted, in seconds.
            components: The logic of the application's components; see `Settings.components`.
            map: How to verify the members' signatures.

        Raises:
            InvalidError: The group info or the tree breaks a rule; a class for each.
            MalformedError: It does not parse.
            MissingTreeError: The tree is nowhere.
        """
        info = read_group_info(group_info)
        suite = suite_of(info.group_context.cipher_suite)
        lifetimes = LifetimePolicy(now, maximum_lifetime) if member_lifetimes else None
        known = with_built_in(components)
        state = validated_info(suite, info, tree, lifetimes, map, components=known)
        return cls(state, info, maximum_lifetime, known)

    def __repr__(self) -> str:
        return f"PublicGroup({self.group_id!r}, epoch {self.epoch})"

    @property
    def tree(self) -> RatchetTree:
        """The ratchet tree."""
        return self.state.tree

    @property
    def group_info(self) -> GroupInfo | None:
        """The epoch's group info, where somebody has provided it; None otherwise."""
        return self._info.whole(self.tree) if isinstance(self._info, BareInfo) else self._info

    @property
    def credentials(self) -> tuple[CredentialCheck, ...]:
        """The credentials of the group, to be judged when one begins to follow it."""
        return checks_of_tree(self.state.tree, self.context.extensions)

    def component(self, component_id: int, *, entropy: Entropy = os_entropy) -> PublicComponent:
        """Return what a component can do with public keys (draft-ietf-mls-extensions-10 section 4).

        Args:
            component_id: The component.
            entropy: The source of randomness for encryption.

        Raises:
            UsageError: *component_id* is no number of 16 bits.
        """
        return PublicComponent(ComponentID(component_id), self.state, entropy, self.group_info)

    def with_receivers(self, *keys: HPKEPrivateKey) -> Self:
        """Return the group as one of its external receivers follows it.

        Args:
            keys: The private keys of ``external_receiver_public_key``: several while an old one
                gives way to a new one. They are not among the rows that are stored.
        """
        return changed(self, receivers=keys)

    def with_group_info(self, group_info: bytes) -> Self:
        """Return the group with the epoch's group info, as a committer provides it.

        Raises:
            InvalidError: It is not that of the epoch, or not signed by the member it names.
            MalformedError: It does not parse.
        """
        info, state = read_group_info(group_info), self.state
        if info.group_context.group_id != self.group_id:
            raise WrongGroupError("the group info is for another group")
        if info.group_context != state.context or info.confirmation_tag != state.confirmation_tag:
            raise WrongEpochError("the group info is not that of the epoch")
        check_group_info(state.tree, info)
        return changed(self, _info=info)

    def with_commit(self, commit: CommitStaged[Self], partial_group_info: bytes) -> Self:
        """Return the group after a commit, with the group info that comes with it in part.

        Args:
            commit: What `receive` has staged, of this group as it is now.
            partial_group_info: The encoded PartialGroupInfo, from the committer
                (draft-mahy-mls-ratchet-tree-options-03 section 4).

        Raises:
            InvalidError: It does not make the committer's group info; a class for each rule.
            MalformedError: It does not parse.
            MissingGroupInfoError: The group info of this epoch is not known.
            StaleDraftError: The commit was staged in another group or epoch.
        """
        if self._info is None:
            raise MissingGroupInfoError("there is no group info of the epoch before")
        partial = decode(PartialGroupInfo, partial_group_info)
        after = commit.accept(self).group
        before = self._info.info if isinstance(self._info, BareInfo) else self._info
        info = rebuilt_group_info(before, after.state, commit.committer, partial)
        return changed(after, _info=info)

    # Storing

    def save(self) -> dict[str, bytes]:
        """Return the group in rows, by their names.

        Raises:
            UsageError: The tree has over 2^20 leaves.
        """
        return dict(public_changes(self._kept()).written)

    def changes_since(self, before: "PublicGroup") -> Changes:
        """Return what to do with the rows of an earlier value to have the rows of this one.

        The cost depends on what has changed and hardly on the size of the group.

        Args:
            before: The value whose rows are stored.

        Raises:
            UsageError: The tree has over 2^20 leaves.
        """
        return public_changes(self._kept(), before._kept())

    def _kept(self) -> Kept:
        return self.state, self._info, self._pieces

    @classmethod
    def load(
        cls,
        rows: Mapping[str, bytes],
        *,
        maximum_lifetime: int = DEFAULT_MAXIMUM_LIFETIME,
        components: Components = BUILT_IN,
    ) -> Self:
        """Return the group of stored rows.

        Args:
            rows: All rows of the group, and no others.
            maximum_lifetime: The longest lifetime that is accepted, in seconds; not among the
                rows.
            components: The logic of the application's components, not among the rows either.

        Raises:
            NewerSnapshotError: A row has a version that is not known here.
            DamagedSnapshotError: The rows are not what was stored; names the row.
        """
        state, info, pieces = load_public(rows)
        return cls(state, info, maximum_lifetime, with_built_in(components), (), pieces)

    @classmethod
    def open(
        cls,
        rows: Mapping[str, bytes],
        *,
        partial: bool = False,
        above: str = "",
        maximum_lifetime: int = DEFAULT_MAXIMUM_LIFETIME,
        components: Components = BUILT_IN,
    ) -> Self:
        """Return the group of stored rows, to be read as far as they are asked for.

        What a commit needs is a few rows, however large the group is. Each row is checked when it
        is read: by its digest, and nodes by the tree hash of the group context as well. Whether all
        rows are there, and the index is that of the tree, `load` checks.

        Args:
            rows: The rows, looked up by name: a mapping that asks a database will do. They stay
                those of this group until another value of it is stored.
            partial: Whether a row that is missing may be stored elsewhere. Whatever needs it, the
                group's methods and those of its events, raises `RowNeededError` then: fetch what it
                names, and do the same again.
            above: What the names begin with under which the rows are stored.
            maximum_lifetime: See `load`.
            components: See `load`.

        Raises:
            RowNeededError: A row is not among *rows* yet.
            NewerSnapshotError: A row has a version that is not known here.
            DamagedSnapshotError: A row that was read is not what was stored; names the row.
        """
        state, info, pieces = open_public(OpenRows(rows, partial=partial, above=above))
        return cls(state, info, maximum_lifetime, with_built_in(components), (), pieces)

    def receive(self, wire: bytes, *, now: int) -> Step[Self]:
        """Process what went by for the group.

        Args:
            wire: An encoded MLSMessage.
            now: Seconds since 1970-01-01T00:00Z.

        Returns:
            The next state and what happened. A commit is staged: it takes effect when its event
            is accepted.

        Raises:
            MalformedError: It does not parse.
            InvalidError: It breaks a rule; a class for each. The group is as it was.
        """
        message, group_id, epoch = addressed(wire)
        if group_id != self.group_id:
            raise WrongGroupError("the message is for another group", group_id=group_id)
        if epoch > self.epoch:
            return Step(self, (Held(FutureEpoch(epoch)),))
        if isinstance(message, PrivateMessage):
            kind, aad = message.content_type, message.authenticated_data
            if epoch == self.epoch:
                check_aad(self.context.extensions, aad)
            return Step(self, (EncryptedMessage(epoch, kind, aad),))
        if isinstance(message, SemiPrivateMessage):
            return self._semi_private(message, now)
        state = self.state
        foresee_sender(state, message.content.sender)
        key_of = signature_keys(state.tree, state.context.extensions)
        signed = unprotect_public(state.suite, message, state.context, None, key_of)
        return self._handshake(signed, now)

    def _semi_private(self, message: SemiPrivateMessage, now: int) -> Step[Self]:
        state, epoch = self.state, message.epoch
        if epoch != self.epoch:
            raise WrongEpochError(f"the message is of epoch {epoch}, not {self.epoch}", epoch=epoch)
        check_semi_private(state.suite, state.context, message)
        signed = open_as_receiver(message, state.context, state.tree, self.receivers)
        if signed is not None:
            return self._handshake(signed, now)
        check_aad(state.context.extensions, message.authenticated_data)
        if state.reinit is not None:
            raise HandshakeAfterEndError("the group was reinitialised")
        seen = EncryptedMessage(epoch, message.content_type, message.authenticated_data)
        return Step(self, (seen,))

    def _handshake(self, signed: AuthenticatedContent, now: int) -> Step[Self]:
        """Process a proposal or a commit whose signature holds."""
        state = self.state
        foresee(state, signed.content)
        check_framed(state.context, signed.content)
        if state.reinit is not None:
            raise HandshakeAfterEndError("the group was reinitialised")
        rules = Rules(LifetimePolicy(now, self.maximum_lifetime), self.components)
        content = signed.content.content
        if not isinstance(content, Commit):
            assert isinstance(content, Proposal)  # noqa: S101 - it is no application data
            pending, event = receive_proposal(state, signed, content, rules)
            return Step(changed(self, state=pending), (event,))
        try:
            change = transition(state, signed, rules)
        except UnknownProposalError as error:
            return Step(self, (waiting_for(error),))
        after = change.after()
        pieces = self._pieces.after(after.context.extensions)

        def accept(present: Self | None) -> Self:
            base = self if present is None else present
            if base.context != self.context:
                raise StaleDraftError("the commit was staged in another group or epoch")
            return changed(base, state=after, _info=None, _pieces=pieces)

        aad = signed.content.authenticated_data
        return Step(self, (CommitStaged(change, removes_me=False, aad=aad, accept=accept),))
