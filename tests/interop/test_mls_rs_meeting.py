"""Members by mimi and by mls-rs: many of them, over many epochs."""

import pytest
from interop.mlsrs import Ours, Room, Theirs
from interop.rooms import (
    PRIVATE,
    PUBLIC,
)

from mimi.crypto import SeededEntropy


class Meeting:
    """Ten members and ever new ones, who do what a seed says.

    In one epoch nobody proposes two updates, nor is removed after proposing one: mls-rs would
    commit both; see `test_mls_rs_refusals.py`.
    """

    def __init__(self, seed):
        self.draw = SeededEntropy(seed)
        self.count = 0
        self.updating = []
        first, *others = (self.newcomer() for _ in range(10))
        self.room = Room(first, *others)

    def choose(self, items):
        return items[self.draw(1)[0] % len(items)]

    def newcomer(self):
        """Return somebody new: every other one is ours, and of those every other one private."""
        self.count += 1
        name = b"member %d" % self.count
        handshake = PUBLIC if self.count % 4 == 1 else PRIVATE
        return Ours(name, handshake=handshake) if self.count % 2 else Theirs(name)

    def others(self, *but):
        return [member for member in self.room.members if member not in but]

    def propose_something(self):
        """Let somebody propose an addition or an update; return who will join."""
        by = self.choose(self.room.members)
        if isinstance(by, Ours) and by not in self.updating and self.choose([True, False]):
            self.room.propose(by, by.propose("update"))
            self.updating.append(by)
            return []
        joiner = self.newcomer()
        self.room.propose(by, by.propose_add(joiner.key_package()))
        return [joiner]

    def epoch(self):
        self.updating.clear()
        proposed = self.choose([0, 1, 2])
        joining = [joiner for _ in range(proposed) for joiner in self.propose_something()]
        by = self.choose(self.room.members)
        match self.choose(["nothing", "add", "remove", "propose removal"]):
            case "nothing":
                return self.room.commit(by, joining=joining)
            case "add":
                return self.room.commit(by, joining=joining, add=[self.newcomer()])
            case "remove":
                gone = self.choose(self.others(by, *self.updating))
                return self.room.commit(by, joining=joining, remove=[gone])
            case "propose removal":
                gone = self.choose(self.others(by, *self.updating))
                proposer = self.choose(self.others(by, gone))
                self.room.propose(proposer, proposer.propose_remove(gone))
                return self.room.commit(by, joining=joining)


@pytest.mark.parametrize("seed", range(4))
def test_ten_members_and_whoever_commits(seed):
    meeting = Meeting(seed)
    for _ in range(12):
        assert len(meeting.epoch()) <= 1
        speaker = meeting.choose(meeting.room.members)
        assert set(meeting.room.hand(speaker.say(b"noted"), speaker)) == {b"noted"}
    meeting.room.talk()
    kinds = {type(member) for member in meeting.room.members}
    assert kinds == {Ours, Theirs}
