"""A room's rows: what accepting a commit reads, writes and costs, warm and cold.

The room is a full tree with a participant list as long, which is in the group context. A commit is
an empty one with a path; accepting it is to process it, to let it take effect, and to take the
committer's group info, in part. *Warm* is a group that is at hand, *cold* one that is opened from
its rows, which are looked up as they are needed; storing what has changed comes on top of both.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import attrs
import pytest
from benchmarks import primitives
from benchmarks.large import NOW, SETTINGS, Many
from benchmarks.primitives import P, Work, depth
from benchmarks.rooms import PARTICIPANT_LIST, context_extensions, participants, room
from mls.opened import Looked

from mimi.codec import encode, encode_length
from mimi.mls import PublicGroup
from mimi.mls.appdata import Component, Proposed
from mimi.mls.proposal import AppDataUpdate, UpdateData
from mimi.mls.settings import with_built_in
from mimi.mls.state import PublicState
from mimi.mls.tree_options import PartialGroupInfo, partial_group_info
from mimi.tree.extension import Extensions

KIB = 1 << 10
MOST_KIB = {1000: (40, 40), 10_000: (256, 64)}
"""From members to how much a commit may read and write, beside the context.

The second is the issue's. The first is less than a participant list and what is needed anyway.
"""
MOST_KIB_CHANGED = {1000: 48, 10_000: 64}
"""The same for all that is written where a participant changes: less than with the whole list."""


def octets_of(rows: Mapping[str, bytes], *, context: bool = False) -> int:
    """Return how many octets rows take, names included: those of the context, or the others."""
    return sum(
        len(name) + len(row) for name, row in rows.items() if name.startswith("context/") == context
    )


class Scene:
    """A room of a size, and a commit in it with what goes with it."""

    def __init__(self, members: int) -> None:
        many: Many = room(members)
        extensions: Extensions = context_extensions(participants(members))
        committer = many.group(members // 3, extensions)
        info = many.group(0, extensions).group_info(tree=False)
        self.members, self.now = members, NOW
        self.warm = PublicGroup.from_group_info(info, committer.ratchet_tree, now=NOW)
        self.rows = self.warm.save()
        draft = committer.commit(now=NOW, aad=b"\0")
        self.commit = draft.commit
        partial: PartialGroupInfo = partial_group_info(
            draft.accept(), before=False, now=False, external_pub=True
        )
        self.partial = encode(partial)
        self.context = len(encode(committer.context))
        self.read = self.looked()

    def accepted(self, group: PublicGroup) -> PublicGroup:
        """Return the group after the commit."""
        (event,) = group.receive(self.commit, now=NOW).events
        return group.with_commit(event, self.partial)

    def cold(self) -> PublicGroup:
        """Return the same, of the group that is opened for it."""
        return self.accepted(PublicGroup.open(self.rows))

    def looked(self) -> dict[str, bytes]:
        """Return the rows that are read until the commit is accepted."""
        looked = Looked(self.rows)
        self.accepted(PublicGroup.open(looked))
        return dict(looked.seen)

    # What it needs

    def work(self) -> Work:
        """Return the primitives: three signatures, hashes of nodes, two transcript hashes.

        The commit's signature covers group context and message, that of the group info the context
        and a little; the leaf's is of some 400 octets. On the path are d nodes with parent hashes,
        and d + 1 nodes to be hashed. What members have beside it, the key schedule, a server has
        not.
        """
        d, message = depth(self.members), len(self.commit)
        return [
            (P.verify(self.context + message), 1),
            (P.verify(self.context + 200), 1),
            (P.verify(400), 1),
            (P.hash(110), d),
            (P.hash(150), d + 1),
            (P.hash(message), 1),
            (P.hash(64), 1),
        ]

    def work_from_rows(self) -> Work:
        """Return the same with what vouches for the rows: their digests, and the nodes that go."""
        digests: Work = [(P.hash(len(row)), 1) for row in self.read.values()]
        return [*self.work(), *digests, (P.hash(150), depth(self.members) + 1)]


@cache
def stored(members: int) -> Scene:
    return Scene(members)


@pytest.fixture(scope="session")
def scene(request):
    """Return a function to rooms by their size; where nothing is timed, to smaller ones."""
    timed = request.config.option.benchmark_enable

    def made(members: int, *, untimed: int = 40) -> Scene:
        return stored(members if timed else min(members, untimed))

    return made


def test_what_is_read_and_written(scene, report):
    """Octets in rows, which need no clock: at 1,000 members in any run."""
    at = scene(10_000, untimed=1000)
    most_read, most_written = MOST_KIB[at.members]
    looked = Looked(at.rows)
    group = PublicGroup.open(looked)
    after = at.accepted(group)
    accepting = dict(looked.seen)
    changes = after.changes_since(group)
    title = f"rows of a room of {at.members:,}"
    report(f"{title}: KiB read to accept a commit", octets_of(accepting) / KIB, most_read)
    again = octets_of(looked.seen) / KIB
    report(f"{title}: KiB read, and read to be written again", again, most_read)
    report(f"{title}: KiB written", octets_of(changes.written) / KIB, most_written)
    report(f"{title}: KiB of the context", octets_of(looked.seen, context=True) / KIB, 512)
    report(f"{title}: KiB of the context written", octets_of(changes.written, context=True), 0)
    report(f"{title}: rows read", len(looked.seen), 140)
    report(f"{title}: KiB of the longest row", max(map(len, at.rows.values())) / KIB, 9)


class Replaced(Component):
    """A component that takes what it is told."""

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        return updates[-1].data


def test_what_a_changed_participant_list_writes(scene, report):
    """A participant of the middle goes, and comes back at the end."""
    at = scene(10_000, untimed=1000)
    components = with_built_in({PARTICIPANT_LIST: Replaced()})
    settings = attrs.evolve(SETTINGS, components=components)
    listed = participants(at.members)
    gone = b"member-%d" % (at.members // 2)
    start = listed.index(gone) - len(b"mimi://a.example/u/") - 1
    end = listed.index(b"\0\0\0\2", start) + 4
    body = listed[4:start] + listed[end:] + listed[start:end]
    update = AppDataUpdate(PARTICIPANT_LIST, UpdateData(encode_length(len(body)) + body))
    committer = room(at.members).group(at.members // 3, context_extensions(listed), settings)
    wire = committer.commit(proposals=[update], now=NOW, aad=b"\0").commit
    group = PublicGroup.open(at.rows, components=components)
    (event,) = group.receive(wire, now=NOW).events
    changes = event.accept().group.changes_since(group)
    title = f"rows of a room of {at.members:,}, a participant changed"
    written = octets_of(changes.written) + octets_of(changes.written, context=True)
    report(f"{title}: KiB written", written / KIB, MOST_KIB_CHANGED[at.members])
    after = {name: row for name, row in at.rows.items() if name not in changes.erased}
    assert PublicGroup.load(after | changes.written, components=components)


@pytest.mark.parametrize(("members", "bound"), [(1000, 1.8), (10_000, 1.6)])
def test_warm(scene, measure, members, bound):
    at = scene(members)
    floor = primitives.call(at.work())
    title = f"accept a commit, room of {members:,}, warm"
    measure(title, lambda: at.accepted(at.warm), floor, bound, 5)


@pytest.mark.parametrize("members", [1000, 10_000])
def test_cold(scene, measure, members):
    at = scene(members)
    floor = primitives.call(at.work())
    measure(f"accept a commit, room of {members:,}, cold from rows", at.cold, floor, 3, 5)


@pytest.mark.parametrize("members", [1000, 10_000])
def test_cold_with_digests(scene, measure, members):
    at = scene(members)
    floor = primitives.call(at.work_from_rows())
    measure(f"the same beside digests, room of {members:,}", at.cold, floor, 2.7, 5)


@pytest.mark.parametrize("members", [1000, 10_000])
def test_stored(scene, measure, members):
    """Beside the commit's primitives; what is written is small, and made in Python."""
    at = scene(members)
    floor = primitives.call(at.work())

    def operation() -> object:
        group = PublicGroup.open(at.rows)
        return at.accepted(group).changes_since(group)

    measure(f"accept a commit and store, room of {members:,}, cold", operation, floor, 6, 5)
