"""Somebody without secrets who follows public handshakes, as a server does."""

import attrs
from mls.storage import Stored
from simulation.dice import Dice
from simulation.hearing import outcome, spoiled, unharmed
from simulation.service import Service
from tree.members import NOW

from mimi.mls import CommitStaged, Group, Held, ProposalReceived, PublicGroup
from mimi.mls.errors import WrongEpochError

TAGS = 2 * 33
"""The confirmation tag and the membership tag, with their lengths: a follower cannot check them."""


@attrs.define(eq=False)
class Follower:
    """A follower with its storage.

    Attributes:
        service: Whose log it follows.
        group: What it knows.
        cursor: How many handshakes of the log it has processed.
    """

    service: Service
    group: PublicGroup
    cursor: int = 0
    _stored: Stored = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._stored = Stored(self.group)

    @classmethod
    def of(cls, service: Service, group: Group) -> "Follower":
        """Return a follower from the first epoch on."""
        public = PublicGroup.from_group_info(group.group_info(), now=NOW)
        return cls(service, public)

    def follow(self, dice: Dice) -> bool:
        """Process the next handshake of the log; return whether there was one."""
        if self.cursor == len(self.service.log):
            return False
        wire = self.service.log[self.cursor].wire
        if dice.one_in(6):
            self._hear_spoiled(wire, dice)
        if self.cursor and dice.one_in(8):
            self._hear_again(dice)
        after, event = outcome(self.group, wire)
        if isinstance(event, CommitStaged):
            after = event.accept().group
            assert after.context.epoch == self.group.epoch + 1
            self.service.effects["follower: commit followed"] += 1
        else:
            assert isinstance(event, ProposalReceived), event
            self.service.effects["follower: proposal followed"] += 1
        self.group, self.cursor = after, self.cursor + 1
        self._agree()
        self._stored.keep(self.group)
        if dice.one_in(10):
            self.group = self._stored.value = self._stored.loaded()
            self.service.effects["follower: saved and loaded"] += 1
        return True

    def learn(self, info: bytes, epoch: int) -> None:
        """Take the group info that a member provides."""
        if epoch == self.group.epoch:
            self.group = self.group.with_group_info(info)
            self._stored.keep(self.group)
            self.service.effects["follower: group info taken"] += 1

    def _agree(self) -> None:
        known = self.service.epochs[self.group.epoch].context
        assert known is None or self.group.context == known

    def _hear_spoiled(self, wire: bytes, dice: Dice) -> None:
        group = self.group
        changed, at = spoiled(wire, dice)
        with unharmed(group):
            after, event = outcome(group, changed)
        if isinstance(event, CommitStaged | ProposalReceived):
            assert at >= len(wire) - TAGS
            return
        assert after is group
        self.service.effects["follower: corrupted copy, refused"] += not isinstance(event, Held)

    def _hear_again(self, dice: Dice) -> None:
        group, handshake = self.group, self.service.log[dice.roll(self.cursor)]
        with unharmed(group):
            _, event = outcome(group, handshake.wire)
        if handshake.epoch < group.epoch:
            assert type(event) is WrongEpochError
            self.service.effects["follower: duplicate, refused"] += 1
        else:
            assert isinstance(event, ProposalReceived), event
