"""What stands for the storage of a room: rows that are looked up, and counted."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from mls.meeting import PUBLIC, Room
from mls.storage import taken
from tree.members import NOW

from mimi.mls import PublicGroup
from mimi.mls.rows import RowNeededError

T = TypeVar("T")


class Looked(Mapping[str, bytes]):
    """Rows that can be looked up by their names, and in no other way."""

    def __init__(self, rows: Mapping[str, bytes]) -> None:
        self.rows = rows
        self.seen: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        self.seen[name] = row = self.rows[name]
        return row

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def octets(self, *, context: bool = True) -> int:
        """Return how many octets were read, names included."""
        return sum(
            len(name) + len(row)
            for name, row in self.seen.items()
            if context or not name.startswith("context/")
        )


def fetching(rows: Mapping[str, bytes], work: Callable[[Mapping[str, bytes]], T]) -> tuple[T, int]:
    """Do something with rows that are fetched as they are needed; return how often that was."""
    there: dict[str, bytes] = {}
    rounds = 0
    while True:
        try:
            return work(there), rounds
        except RowNeededError as error:
            needed = {name: rows[name] for name in error.names if name not in there}
        assert needed
        there |= needed
        rounds += 1


class Hub:
    """The rows of a group, of which every message is taken in four ways.

    By the group that was loaded in full, by one that is opened for it, by one whose rows are
    fetched, and by one that was opened at the beginning and has gone on since.
    """

    def __init__(self, group: PublicGroup) -> None:
        self.rows = group.save()
        self.going = PublicGroup.open(Looked(dict(self.rows)))
        self.most_rounds = 0

    def takes(self, wire: bytes) -> None:
        """Take a message, and store what it changes."""
        before = dict(self.rows)
        loaded, opened = PublicGroup.load(before), PublicGroup.open(Looked(before))
        full, quick = taken(loaded, wire), taken(opened, wire)
        assert quick.context == full.context
        changes, expected = quick.changes_since(opened), full.changes_since(loaded)
        assert changes == expected
        for name in changes.erased:
            del self.rows[name]
        self.rows |= changes.written
        assert self.rows == full.save()
        assert self.rows == quick.save()
        self._takes_with_fetched_rows(before, wire)
        went = taken(self.going, wire)
        assert went.changes_since(self.going) == expected
        self.going = went
        self._agrees(quick, full)

    def _takes_with_fetched_rows(self, before: Mapping[str, bytes], wire: bytes) -> None:
        def step(there: Mapping[str, bytes]) -> dict[str, bytes]:
            group = PublicGroup.open(there, partial=True)
            changes = taken(group, wire).changes_since(group)
            return dict(changes.written)

        written, rounds = fetching(before, step)
        assert before | written | self.rows == self.rows | (before | written)
        assert all(self.rows[name] == row for name, row in written.items())
        self.most_rounds = max(self.most_rounds, rounds)

    def _agrees(self, quick: PublicGroup, full: PublicGroup) -> None:
        fresh = PublicGroup.open(Looked(self.rows))
        for group in (quick, fresh, self.going):
            assert group.tree.leftmost_blank() == full.tree.leftmost_blank()
            assert group.tree.index.members == full.tree.index.members
            assert group.tree.index.counts == full.tree.stored_index().counts
        for group in (quick, fresh):
            assert group.tree.nodes == full.tree.nodes
            assert group.members == full.members
            assert group.pending == full.pending
            assert group.group_info == full.group_info
            assert group.tree.encode() == full.tree.encode()
            for position in range(2 * full.tree.leaf_count - 1):
                assert group.tree.resolution(position) == full.tree.resolution(position)
                assert group.tree.reach(position) == len(full.tree.resolution(position))
                assert group.tree.node_hash(position) == full.tree.node_hash(position)
        assert PublicGroup.load(self.rows).save() == self.rows


class Watched(Room):
    """A room in which a hub takes every message before anybody hears it."""

    def __init__(self) -> None:
        super().__init__(handshake=PUBLIC)
        self.hub: Hub | None = None

    def hears(self, wire: bytes) -> dict:
        if self.hub is None:
            self.hub = Hub(self.follower)
        self.hub.takes(wire)
        return super().hears(wire)

    def passive(self, who, *, add: int = 0, remove: tuple[int, ...] = ()) -> None:
        """Let somebody commit additions of people who never come, and removals."""
        packages = [self.guest() for _ in range(add)]
        draft = who.group.commit(now=NOW, add=packages, remove=list(remove))
        who.group = draft.hold()
        self.hears(draft.commit)

    def guest(self) -> bytes:
        """Return a key package of somebody who never comes."""
        (guest,) = self.enter(f"guest {len(self.people)}")
        return guest.offers()
