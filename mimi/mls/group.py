"""The group as a member holds it: every operation of a client, on an immutable value."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import attrs

from mimi.codec import decode, encode
from mimi.crypto import Entropy, Secret, SignaturePrivateKey, draw, os_entropy
from mimi.mls import appack, sending, tree_options
from mimi.mls import commit as commits
from mimi.mls import receive as receiving
from mimi.mls.appack import AppAck, MessageRange
from mimi.mls.codepoints import ResumptionPSKUsage
from mimi.mls.commit import Plan
from mimi.mls.draft import Draft
from mimi.mls.errors import UnexpectedMessageError, UnknownReferenceError
from mimi.mls.events import CommitStaged, Step
from mimi.mls.framing import MemberSender
from mimi.mls.keypackage import KeyPackage
from mimi.mls.member import MemberState, stored_as
from mimi.mls.message import MLSMessage
from mimi.mls.ownleaf import UNCHANGED, LeafChange
from mimi.mls.proposal import (
    Add,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
)
from mimi.mls.psk import PSK, PreSharedKeyID, ResumptionPSK
from mimi.mls.resolve import Covered
from mimi.mls.rows import Changes
from mimi.mls.safe import GroupComponent
from mimi.mls.settings import Settings
from mimi.mls.snapshot import load_member, member_changes
from mimi.mls.state import changed, read_only
from mimi.tree.extension import Extensions
from mimi.tree.leaf import LeafNode, LeafNodeContent
from mimi.tree.math import LeafIndex


@attrs.frozen(eq=False, repr=False)
class Group(MemberState):
    """A group as one of its members knows it: an immutable value.

    An operation returns the next value, mostly with octets to send; if it raises, nothing has
    happened. Store the next value before you send, and drop the old one.

    Groups come from `mimi.mls.Client`: `create_group`, `join`, `join_externally`.
    """

    def __repr__(self) -> str:
        context = self.context
        status = "" if self.is_active else ", closed"
        return f"Group({context.group_id!r}, epoch {context.epoch}, leaf {self.leaf_index}{status})"

    # Reading

    @property
    def leaf_node(self) -> LeafNode:
        """This member's own leaf."""
        return self.state.tree.member(self.leaf_index)

    @property
    def epoch_authenticator(self) -> bytes:
        """A value that members compare to find out that nobody sits between (section 8.7)."""
        return self.secrets.epoch_authenticator.reveal()

    def export(self, label: bytes, context: bytes, length: int) -> Secret:
        """Return a secret of the epoch for the application's use (section 8.5).

        Args:
            label: What it is for.
            context: What it is bound to.
            length: Octets, up to 255 times Nh.

        Raises:
            OutputLengthError: *length* is too long.
        """
        return self.secrets.export(label, context, length)

    # Components of the application (draft-ietf-mls-extensions-10 section 4)

    def component(self, component_id: int) -> GroupComponent[Self]:
        """Return what one component of the application can do with the group's keys.

        Raises:
            UsageError: *component_id* is no number of 16 bits.
        """
        return GroupComponent.of(self, component_id)

    def safe_export(self, component_id: int) -> tuple[Self, Secret]:
        """Take a component's secret of the epoch, which there is once (section 4.4 of the draft).

        Returns:
            The group without the secret, to be stored before the secret is used; and the secret,
            Nh octets.

        Raises:
            ComponentSecretConsumedError: It was taken before.
            UsageError: *component_id* is no number of 16 bits.
        """
        return self.component(component_id).export_secret()

    def app_ack(self) -> AppAck:
        """Return which application messages of the epoch have arrived (section 6.1 of the draft).

        `mimi.mls.appack.app_ack_proposal` makes the proposal of it.
        """
        return appack.app_ack(appack.received(self.message_keys, self.leaf_index))

    def lost(self, commit: CommitStaged[Any]) -> tuple[MessageRange, ...]:
        """Return what members acknowledge by a commit and what has not arrived here.

        Args:
            commit: A commit that was received, accepted or not.

        Raises:
            StaleDraftError: It is of another group, or of an epoch whose keys are not kept.
        """
        return appack.lost_messages(self, commit)

    def group_info(
        self, *, tree: bool = True, external_pub: bool = True, extensions: Extensions = ()
    ) -> bytes:
        """Return the encoded MLSMessage with the group info of the epoch (section 12.4.3).

        Args:
            tree: Whether it carries the ratchet tree.
            external_pub: Whether one can join with it by an external commit.
            extensions: What it says besides.
        """
        info = sending.group_info(self, tree=tree, external_pub=external_pub, extensions=extensions)
        return encode(MLSMessage(info))

    def partial_group_info(
        self, *, before: bool, tree: bool = True, external_pub: bool = True
    ) -> bytes:
        """Return the encoded PartialGroupInfo to send beside the commit that opened this epoch.

        It is for a server that makes the group info itself (`PublicGroup.with_commit`;
        draft-mahy-mls-ratchet-tree-options-03 section 4), from the committer alone: from what
        `Draft.accept` returns.

        Args:
            before: Whether the group info of the epoch before carried the tree.
            tree: Whether this one does.
            external_pub: Whether one can join with it by an external commit.
        """
        partial = tree_options.partial_group_info(
            self, before=before, now=tree, external_pub=external_pub
        )
        return encode(partial)

    # Sending

    def protect(self, data: bytes, aad: bytes = b"") -> tuple[Self, bytes]:
        """Encrypt application data for the group.

        Args:
            data: What to send.
            aad: Authenticated data, sent in the clear.

        Returns:
            The group without the key that was used, to be stored first; and the encoded
            MLSMessage.

        Raises:
            PendingProposalsError: Valid proposals wait to be committed (section 12.4).
            GenerationExhaustedError: The ratchet's 2^32 generations are used.
            AEADLimitError: The epoch's bound is reached (section 15.2).
            ClosedGroupError: The member was removed, or the group reinitialised.
        """
        return sending.protect(self, data, aad)

    def propose(self, proposal: Proposal, *, now: int, aad: bytes = b"") -> tuple[Self, bytes]:
        """Propose a change; `propose_update` is for one's own leaf.

        Args:
            proposal: What is proposed.
            now: Seconds since 1970-01-01T00:00Z.
            aad: Authenticated data.

        Returns:
            The group with the proposal pending, and the encoded MLSMessage.

        Raises:
            InvalidError: The proposal is invalid; a class for each rule.
            MalformedError: The contents of an extension in it do not parse.
            AEADLimitError: The epoch's bound is reached (section 15.2).
            ClosedGroupError: The member was removed, or the group reinitialised.
        """
        return sending.propose(self, proposal, aad, now)

    def propose_add(
        self, key_package: bytes | KeyPackage, *, now: int, aad: bytes = b""
    ) -> tuple[Self, bytes]:
        """Propose to add the client of a key package; see `propose`."""
        return self.propose(Add(read_key_package(key_package)), now=now, aad=aad)

    def propose_update(
        self, change: LeafChange = UNCHANGED, *, now: int, aad: bytes = b""
    ) -> tuple[Self, bytes]:
        """Propose to replace one's own leaf, with a fresh encryption key; see `propose`."""
        content, signer = self._own_leaf(change)
        return sending.propose_update(self, content, signer, aad, now)

    def propose_remove(
        self, member: LeafIndex, *, now: int, aad: bytes = b""
    ) -> tuple[Self, bytes]:
        """Propose to remove a member; see `propose`."""
        return self.propose(Remove(member), now=now, aad=aad)

    def propose_psk(self, psk: PSK, *, now: int, aad: bytes = b"") -> tuple[Self, bytes]:
        """Propose to bring a pre-shared key into the key schedule; see `propose`."""
        return self.propose(PreSharedKey(self._psk_id(psk)), now=now, aad=aad)

    def propose_extensions(
        self, extensions: Extensions, *, now: int, aad: bytes = b""
    ) -> tuple[Self, bytes]:
        """Propose to replace the extensions of the group context, all of them; see `propose`."""
        return self.propose(GroupContextExtensions(extensions), now=now, aad=aad)

    def propose_reinit(self, reinit: ReInit, *, now: int, aad: bytes = b"") -> tuple[Self, bytes]:
        """Propose to end this group in favour of another; see `propose`."""
        return self.propose(reinit, now=now, aad=aad)

    def without_proposal(self, reference: bytes) -> Self:
        """Forget a pending proposal, which this member will then neither commit nor follow.

        Raises:
            UnknownReferenceError: There is no such proposal.
        """
        if reference not in self.state.proposals:
            raise UnknownReferenceError("no pending proposal has this reference")
        updates = read_only({at: own for at, own in self.updates.items() if at != reference})
        return changed(self, state=self.state.without_proposal(reference), updates=updates)

    def commit(  # noqa: PLR0913 - each argument is one thing that a commit can do
        self,
        *,
        now: int,
        add: Iterable[bytes | KeyPackage] = (),
        remove: Iterable[LeafIndex] = (),
        psks: Iterable[PSK] = (),
        extensions: Extensions | None = None,
        reinit: ReInit | None = None,
        proposals: Iterable[Proposal] = (),
        references: Iterable[bytes] | None = None,
        leaf: LeafChange = UNCHANGED,
        path: bool = True,
        group_info_extensions: Extensions = (),
        aad: bytes = b"",
    ) -> Draft[Self]:
        """Draft a commit: nothing happens until the draft is held or accepted (section 12.4.1).

        Args:
            now: Seconds since 1970-01-01T00:00Z.
            add: Key packages of new members, encoded or not.
            remove: Leaves of members to remove; who removes itself need not be named.
            psks: Pre-shared keys to bring in.
            extensions: The new extensions of the group context, all of them; None keeps them.
            reinit: The successor of the group; committed alone.
            proposals: Further proposals by value.
            references: Which pending proposals to cover; None for all that can stand together.
            leaf: How one's own leaf changes; implies a path.
            path: Whether to give fresh keys even where no proposal needs it.
            group_info_extensions: What the Welcome says to the new members alone.
            aad: Authenticated data.

        Raises:
            InvalidError: The proposals are invalid; a class for each rule.
            UnknownPSKError: A pre-shared key is not known to this member.
            HeldCommitError: A commit of one's own waits to be confirmed.
            ClosedGroupError: The member was removed, or the group reinitialised.
            UnknownReferenceError: No pending proposal has a reference.
            MalformedError: A key package does not parse.
            CapabilitiesError: *leaf* lists what is not to be listed.
        """
        by_value: list[Proposal] = (
            [] if extensions is None else [GroupContextExtensions(extensions)]
        )
        by_value += map(Remove, remove)
        by_value += [Add(read_key_package(package)) for package in add]
        by_value += [PreSharedKey(self._psk_id(psk)) for psk in psks]
        by_value += proposals
        if reinit is not None:
            by_value.append(reinit)
        sender = MemberSender(self.leaf_index)
        values = tuple(Covered(proposal, sender) for proposal in by_value)
        if references is None:
            pending = commits.choose(self, values, now)
        else:
            pending = tuple(self._covered(reference) for reference in references)
        values = commits.without_needless(values, pending)
        content, signer = self._own_leaf(leaf)
        fresh, listed = path or leaf is not UNCHANGED, (*pending, *values)
        plan = Plan(listed, fresh, content, signer, aad, now, group_info_extensions)
        return commits.create(self, plan)

    def _covered(self, reference: bytes) -> Covered:
        pending = self.state.proposals.get(reference)
        if pending is None:
            raise UnknownReferenceError("no pending proposal has this reference")
        return Covered(pending.proposal, pending.sender, reference)

    def _own_leaf(self, change: LeafChange) -> tuple[LeafNodeContent, SignaturePrivateKey]:
        if change is UNCHANGED:
            return self.leaf_node, self.signer
        grease = self.entropy if self.settings.grease else None
        content = change.of(self.leaf_node, grease, self.settings.components)
        return content, change.signer or self.signer

    def _psk_id(self, psk: PSK) -> PreSharedKeyID:
        return PreSharedKeyID(psk, draw(self.entropy, self.suite.nh))

    def without_held(self) -> Self:
        """Forget one's own held commit: it was never sent, or the group did not take it."""
        return changed(self, held=None)

    # Receiving

    def receive(self, wire: bytes, *, now: int) -> Step[Self]:
        """Process what arrived for the group.

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
        return receiving.receive(self, wire, now)

    def with_settings(self, settings: Settings) -> Self:
        """Return the group in which this member behaves otherwise from now on."""
        return changed(self, settings=settings)

    # Pre-shared keys

    def with_psk(self, psk: PSK, value: Secret) -> Self:
        """Return the group with a pre-shared key of the application or of another group."""
        return changed(self, psks=read_only({**self.psks, stored_as(psk): value}))

    def without_psk(self, psk: PSK) -> Self:
        """Return the group without a pre-shared key."""
        rest = {at: value for at, value in self.psks.items() if at != stored_as(psk)}
        return changed(self, psks=read_only(rest))

    @property
    def resumption_psk(self) -> tuple[ResumptionPSK, Secret]:
        """The resumption PSK of the epoch, as another group takes it (section 8.6)."""
        usage = ResumptionPSKUsage.APPLICATION
        name = ResumptionPSK(usage, self.group_id, self.epoch)
        return name, self.secrets.resumption_psk

    # Storing

    def save(self) -> dict[str, bytes]:
        """Return the group in rows, by their names; they hold its secrets in the clear.

        Raises:
            UsageError: The tree has over 2^20 leaves.
        """
        return dict(member_changes(self).written)

    def changes_since(self, before: "Group") -> Changes:
        """Return what to do with the rows of an earlier value to have the rows of this one.

        The cost depends on what has changed and hardly on the size of the group.

        Args:
            before: The value whose rows are stored.

        Raises:
            UsageError: The tree has over 2^20 leaves.
        """
        return member_changes(self, before)

    @classmethod
    def load(
        cls,
        rows: Mapping[str, bytes],
        *,
        entropy: Entropy = os_entropy,
        settings: Settings,
    ) -> Self:
        """Return the group of stored rows.

        Args:
            rows: All rows of the group, and no others.
            entropy: The source of randomness.
            settings: How the member behaves; not among the rows.

        Raises:
            NewerSnapshotError: A row has a version that is not known here.
            DamagedSnapshotError: The rows are not what was stored; names the row.
        """
        return cls(settings=settings, entropy=entropy, **load_member(rows))


def read_key_package(key_package: bytes | KeyPackage) -> KeyPackage:
    """Return a key package, decoded where it is an encoded MLSMessage.

    Raises:
        MalformedError: It does not parse.
        UnexpectedMessageError: It is another message.
    """
    if isinstance(key_package, KeyPackage):
        return key_package
    body = decode(MLSMessage, key_package).body
    if not isinstance(body, KeyPackage):
        raise UnexpectedMessageError(f"a {type(body).__name__} is no key package")
    return body
