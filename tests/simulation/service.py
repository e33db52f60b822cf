"""The delivery service: it puts handshakes in order, and carries letters without any order.

A commit ends its epoch: the first to arrive is accepted, the others come too late. Letters are
application messages; they are accepted of every epoch, and distributed to the members of theirs.
The service knows who is a member as it sees the octets' senders say so; it reads nothing.
"""

from collections import Counter
from collections.abc import Callable

import attrs
from simulation.dice import Dice

from mimi.crypto import Secret
from mimi.mls import Draft, ExternalDraft, Group, GroupContext
from mimi.mls.apply import Transition
from mimi.tree.credential import BasicCredential, Credential
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndex
from mimi.tree.multicredential import bindings_of
from mimi.tree.ratchet import RatchetTree


def name_of(leaf: LeafNode) -> str:
    """Return the name of the person to whom a leaf belongs."""
    return identity_of(leaf.credential)


def identity_of(credential: Credential) -> str:
    """Return the name that a credential shows, or the first of several."""
    for binding in bindings_of(credential):
        credential = binding.credential.read()
        break
    assert isinstance(credential, BasicCredential)
    return credential.identity.decode()


def roster_of(tree: RatchetTree) -> dict[LeafIndex, str]:
    """Return the members' names by their leaves."""
    return {index: name_of(leaf) for index, leaf in tree.members()}


@attrs.frozen(eq=False)
class Letter:
    """An application message on its way.

    Attributes:
        wire: The octets.
        epoch: In which it was sent.
        sender: The sender's name.
        leaf: The sender's leaf.
        generation: The number of the message among the sender's in the epoch.
        data: What it says.
        aad: What is said in the clear.
    """

    wire: bytes
    epoch: int
    sender: str
    leaf: LeafIndex
    generation: int
    data: bytes
    aad: bytes


@attrs.frozen(eq=False)
class Handshake:
    """A proposal or a commit on its way.

    Attributes:
        wire: The octets.
        epoch: In which it was sent.
        leaf: The sender's leaf; None for who is no member.
        transition: What a commit does; None for a proposal.
        rotates: Whether it brings a new signature key.
        opens: Returns the committer's group in the epoch that a commit opens.
    """

    wire: bytes
    epoch: int
    leaf: LeafIndex | None
    transition: Transition | None = None
    rotates: bool = False
    opens: Callable[[], Group] | None = None

    @classmethod
    def of(
        cls, draft: Draft[Group] | ExternalDraft[Group], *, rotates: bool = False
    ) -> "Handshake":
        """Return a commit as it is sent."""
        change = draft.transition
        leaf = None if isinstance(draft, ExternalDraft) else change.committer
        epoch = change.before.context.epoch
        return cls(draft.commit, epoch, leaf, change, rotates, draft.accept)

    @property
    def joins(self) -> bool:
        """Whether it is the commit of a joiner."""
        return self.transition is not None and self.transition.applied.external_init is not None

    @property
    def added(self) -> list[str]:
        """Whom the commit adds, to whom a Welcome is sent."""
        assert self.transition is not None
        return [name_of(package.leaf_node) for _, package in self.transition.applied.added]


@attrs.define(eq=False)
class Epoch:
    """What is known of an epoch, from the first member that has come into it.

    Attributes:
        roster: The members' names by their leaves.
        since: From names to the epoch in which they became members.
        context: The group context.
        tree: The encoded ratchet tree.
        authenticator: The epoch authenticator.
        exported: An exported secret.
        resumption: The resumption PSK.
    """

    roster: dict[LeafIndex, str]
    since: dict[str, int]
    context: GroupContext | None = None
    tree: bytes = b""
    authenticator: bytes = b""
    exported: Secret | None = None
    resumption: Secret | None = None

    def agrees_with(self, group: Group) -> None:
        """Check that a member that has come into the epoch agrees with those before it."""
        exported = group.export(b"a label", b"a context", 32)
        if self.context is None:
            self.context, self.tree = group.context, group.ratchet_tree
            self.authenticator, self.exported = group.epoch_authenticator, exported
            self.resumption = group.resumption_psk[1]
        assert group.context == self.context
        assert group.epoch_authenticator == self.authenticator
        assert exported == self.exported
        assert group.state.tree.tree_hash == self.context.tree_hash
        assert group.ratchet_tree == self.tree
        assert {member.leaf_index: name_of(member.leaf_node) for member in group.members} == (
            self.roster
        )


@attrs.define(eq=False)
class Service:
    """The delivery service of one group.

    Attributes:
        group_id: The group's.
        epoch: The present epoch.
        epochs: What is known of the epochs.
        log: The handshakes that were accepted, in order.
        mail: From names to letters that were not delivered yet.
        effects: The tally of the simulation.
        closed: Whether the group was reinitialised.
        deaf: To whom no letters get through.
    """

    group_id: bytes
    epoch: int
    epochs: dict[int, Epoch]
    effects: Counter[str]
    log: list[Handshake] = attrs.field(factory=list)
    mail: dict[str, list[Letter]] = attrs.field(factory=dict)
    closed: bool = False
    deaf: str | None = None
    _accepted: set[bytes] = attrs.field(factory=set)

    @classmethod
    def of(cls, group: Group, effects: Counter[str]) -> "Service":
        """Return the service of a group that has just been founded."""
        roster = roster_of(group.state.tree)
        epoch = Epoch(roster, dict.fromkeys(roster.values(), group.epoch))
        epoch.agrees_with(group)
        return cls(group.group_id, group.epoch, {group.epoch: epoch}, effects)

    @property
    def here(self) -> Epoch:
        """The present epoch."""
        return self.epochs[self.epoch]

    @property
    def names(self) -> set[str]:
        """Who is a member."""
        return set(self.here.roster.values())

    def log_after(self, epoch: int) -> int:
        """Return where in the log an epoch begins."""
        return sum(handshake.epoch < epoch for handshake in self.log)

    def submit(self, handshake: Handshake) -> bool:
        """Take a handshake, and return whether it is accepted; what comes twice counts once."""
        if handshake.wire in self._accepted:
            self.effects["service: handshake sent twice, counted once"] += 1
            return False
        if handshake.epoch != self.epoch or self.closed:
            what = "proposal" if handshake.transition is None else "commit"
            self.effects[f"service: {what} refused, too late"] += 1
            return False
        self._accepted.add(handshake.wire)
        self.log.append(handshake)
        if handshake.transition is not None:
            self._open(handshake.transition)
        return True

    def _open(self, transition: Transition) -> None:
        """Open the epoch that a commit leads to."""
        before, applied = self.here, transition.applied
        roster = roster_of(transition.tree)
        new = {index for index, _ in applied.added}
        if applied.external_init is not None:
            new.add(transition.committer)
        self.epoch += 1
        since = {
            name: self.epoch if index in new else before.since[name]
            for index, name in roster.items()
        }
        self.epochs[self.epoch] = Epoch(roster, since)
        self.closed = applied.reinit is not None

    def distribute(self, letter: Letter, dice: Dice) -> None:
        """Send a letter to the members of its epoch: once, twice or not at all."""
        for name in self.epochs[letter.epoch].roster.values():
            fate = dice.roll(12)
            if name == letter.sender and fate < 6:
                continue
            box = self.mail.setdefault(name, [])
            if fate == 11 or name == self.deaf:
                self.effects["letter: lost on the way"] += 1
                continue
            box.append(letter)
            if fate == 10:
                box.append(letter)
                self.effects["letter: duplicated on the way"] += 1
