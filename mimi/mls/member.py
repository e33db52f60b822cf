"""What a member knows of its group, and how one epoch takes the place of another.

::

    state      what everybody knows: context, tree, pending proposals
    private    the private keys of one's leaf and of nodes above it; the signature key
    secrets    the epoch's secrets, without those that are consumed
    message_keys    the secret tree
    past       what late messages of earlier epochs need

All of it is one immutable value. The modules `sending`, `commit` and `receive` make the next one.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self, TypeVar

import attrs

from mimi.codec import replace
from mimi.crypto import Entropy, HPKEPrivateKey, Secret, SignaturePrivateKey
from mimi.mls.codepoints import ResumptionPSKUsage
from mimi.mls.context import GroupContext
from mimi.mls.errors import ClosedGroupError, UnknownPSKError
from mimi.mls.exporter import ExporterTree
from mimi.mls.psk import PSK, PreSharedKeyID, ResumptionPSK, psk_secret
from mimi.mls.rules import Rules
from mimi.mls.schedule import EpochSecrets
from mimi.mls.secrets import SecretTree
from mimi.mls.settings import Settings
from mimi.mls.state import GroupView, PublicState, changed, quick, read_only
from mimi.tree.leaf import LeafNode, LifetimePolicy
from mimi.tree.math import LeafIndex
from mimi.tree.private import PrivateTree

NOTHING: Mapping[Any, Any] = MappingProxyType({})

G = TypeVar("G", bound="MemberState")


@attrs.frozen(repr=False)
class OwnUpdate:
    """The private keys of an Update that this member proposed, until somebody commits it."""

    encryption_key: HPKEPrivateKey
    signer: SignaturePrivateKey


@attrs.frozen(eq=False, repr=False)
class PastEpoch:
    """What is kept of an epoch to read application messages that come late.

    Attributes:
        context: Its group context.
        sender_data_secret: That of the epoch.
        message_keys: The secret tree, without what was consumed.
        replaced: The leaves that the commit at its end changed, as they were before it; None for
            a leaf that was blank.
    """

    context: GroupContext
    sender_data_secret: Secret
    message_keys: SecretTree
    replaced: Mapping[LeafIndex, LeafNode | None] = attrs.field(converter=read_only)


@attrs.frozen(eq=False, repr=False)
class NewEpoch:
    """An epoch that a commit opens, as a member knows it.

    Attributes:
        state: The public state.
        private: The private keys.
        signer: The member's signature key.
        secrets: The epoch's secrets, without the encryption_secret.
        message_keys: The secret tree.
        exporter: The exporter tree.
        replaced: The leaves that the commit changed, as they were before.
    """

    state: PublicState
    private: PrivateTree
    signer: SignaturePrivateKey
    secrets: EpochSecrets
    message_keys: SecretTree
    exporter: ExporterTree
    replaced: Mapping[LeafIndex, LeafNode | None] = NOTHING

    @classmethod
    def opened(
        cls,
        state: PublicState,
        private: PrivateTree,
        signer: SignaturePrivateKey,
        secrets: EpochSecrets,
        replaced: Mapping[LeafIndex, LeafNode | None] = NOTHING,
    ) -> "NewEpoch":
        """Return an epoch whose trees of secrets are opened, so that their roots are consumed."""
        kept, message_keys, exporter = secrets.open_trees(state.tree.leaf_count)
        return cls(state, private, signer, kept, message_keys, exporter, replaced)


@attrs.frozen(eq=False, repr=False)
class HeldCommit:
    """A commit of one's own that was sent, or is about to be, and that nobody confirmed yet.

    Attributes:
        wire: The encoded MLSMessage.
        welcome: The encoded Welcome; None where nobody was added.
        epoch: What it opens.
    """

    wire: bytes
    welcome: bytes | None
    epoch: NewEpoch


@quick
@attrs.frozen(eq=False, repr=False)
class MemberState(GroupView):
    """A group as one of its members knows it.

    Attributes:
        state: What everybody knows of the epoch.
        private: The private keys of nodes.
        signer: The member's signature key.
        secrets: The epoch's secrets.
        message_keys: The secret tree.
        exporter: The exporter tree.
        settings: How this member behaves.
        entropy: The source of randomness.
        sent_octets: How much this member has encrypted in this epoch.
        past: Earlier epochs, the latest first.
        updates: From references of one's own Update proposals to their private keys.
        psks: From pre-shared keys of the application and of other groups to their values.
        resumption: From past epochs of this group to their resumption PSKs.
        held: One's own commit that waits to be confirmed.
        own_commits: Hashes of one's own commits of the epochs in `past`, the latest first.
        removed: Whether a commit removed this member.
    """

    state: PublicState
    private: PrivateTree
    signer: SignaturePrivateKey
    secrets: EpochSecrets
    message_keys: SecretTree
    exporter: ExporterTree
    settings: Settings
    entropy: Entropy
    sent_octets: int = 0
    past: tuple[PastEpoch, ...] = ()
    updates: Mapping[bytes, OwnUpdate] = NOTHING
    psks: Mapping[PSK, Secret] = NOTHING
    resumption: Mapping[int, Secret] = NOTHING
    held: HeldCommit | None = None
    own_commits: tuple[bytes, ...] = ()
    removed: bool = False

    @classmethod
    def of_epoch(
        cls,
        new: NewEpoch,
        settings: Settings,
        entropy: Entropy,
        psks: Mapping[PSK, Secret] = NOTHING,
    ) -> Self:
        """Return the state of somebody who has just come into an epoch."""
        return cls(
            new.state,
            new.private,
            new.signer,
            new.secrets,
            new.message_keys,
            new.exporter,
            settings,
            entropy,
            psks=psks,
        )

    # Reading

    @property
    def leaf_index(self) -> LeafIndex:
        """The leaf of this member."""
        return self.private.leaf

    @property
    def is_active(self) -> bool:
        """Whether the member can still send: it was not removed, nor the group reinitialised."""
        return not self.removed and self.state.reinit is None

    def check_active(self) -> None:
        """Check that the member can still send.

        Raises:
            ClosedGroupError: It was removed, or the group reinitialised.
        """
        if self.removed:
            raise ClosedGroupError("the member was removed from the group")
        if self.state.reinit is not None:
            raise ClosedGroupError("the group was reinitialised")

    def rules(self, now: int) -> Rules:
        """Return by what commits and proposals are judged at *now*."""
        lifetimes = LifetimePolicy(now, self.settings.maximum_lifetime)
        mine = self.state.tree.member(self.leaf_index).capabilities
        return Rules(lifetimes, self.settings.components, mine)

    # Pre-shared keys

    def psk_value(self, psk: PSK) -> Secret:
        """Return the value of a pre-shared key.

        Raises:
            UnknownPSKError: The member does not hold it.
        """
        known = stored_as(psk)
        if isinstance(known, ResumptionPSK) and known.psk_group_id == self.context.group_id:
            if known.psk_epoch == self.context.epoch:
                return self.secrets.resumption_psk
            value = self.resumption.get(known.psk_epoch) or self.psks.get(known)
        else:
            value = self.psks.get(known)
        if value is None:
            raise UnknownPSKError(f"{psk} is not known", psk=psk)
        return value

    def psk_secret(self, psks: tuple[PreSharedKeyID, ...]) -> Secret:
        """Return the psk_secret of a commit's pre-shared keys."""
        if not psks:
            return Secret(bytes(self.suite.nh))
        return psk_secret(self.suite, ((psk, self.psk_value(psk.psk)) for psk in psks))

    # The next epoch

    def advanced(self, new: NewEpoch, own_commit: bytes | None = None) -> Self:
        """Return the member's state in the next epoch.

        Args:
            new: The epoch.
            own_commit: The member's own encoded commit that opened it, if it was its own.
        """
        epoch, settings = self.context.epoch, self.settings
        here = PastEpoch(
            self.context, self.secrets.sender_data_secret, self.message_keys, new.replaced
        )
        resumption = {**self.resumption, epoch: self.secrets.resumption_psk}
        while len(resumption) > settings.resumption_epochs:
            del resumption[min(resumption)]
        own = self.own_commits
        if own_commit is not None:
            own = (self.suite.hash(own_commit), *own)[: settings.past_epochs + 1]
        return changed(
            self,
            state=new.state,
            private=new.private,
            signer=new.signer,
            secrets=new.secrets,
            message_keys=new.message_keys,
            exporter=new.exporter,
            sent_octets=0,
            past=(here, *self.past)[: settings.past_epochs],
            updates=NOTHING,
            resumption=MappingProxyType(resumption),
            held=None,
            own_commits=own,
        )


def stored_as(psk: PSK) -> PSK:
    """Return the name under which a pre-shared key is kept: a resumption PSK's usage is no part."""
    if isinstance(psk, ResumptionPSK):
        return replace(psk, usage=ResumptionPSKUsage.APPLICATION)
    return psk
