"""A hub, with the room's policy at work: messages, and commits warm and cold, against primitives.

The room is that of `benchmarks.hub_rooms`: users of three providers in a full tree, whose
participant list is in the group context. What a hub needs, as formulas in N, with d = ceil(log2 N):

- A message: nothing, but for its frank: one signature, one HMAC, one hash by which it is known
  should it come again. With a frank or without, the bound is 1.5 signatures; so it is 1.5 times all
  that.
- A commit with a path, whose group info comes in part: its signature, over the group context and
  the message; that of the group info, over the group context; that of the new leaf. d parent
  hashes, d + 1 hashes of nodes, two transcript hashes, one hash of the message, as above.

*Warm* is a room that is at hand, *cold* one that is opened from its rows for the commit. Digests of
rows are not in the formula, nor is anything else that only the cold one needs.
"""

from collections.abc import Callable
from functools import cache, partial

import pytest
from benchmarks import primitives
from benchmarks.hub_rooms import HUB, MILLISECONDS, HubScene
from benchmarks.primitives import P, Work, depth
from benchmarks.test_rows import KIB, MOST_KIB, octets_of
from mls.opened import Looked

from mimi.protocol.hub_rows import load_room, open_room, room_changes, save_room
from mimi.protocol.room import HubRoom, HubStep
from mimi.protocol.submit import SubmitAccepted
from mimi.protocol.update import UpdateResponseCode


def frank(message: int) -> Work:
    """Return what a frank takes: some 100 octets of context are in it."""
    return [(P.sign(200), 1), (P.mac(140), 1), (P.hash(message), 1)]


def commit(scene: HubScene) -> Work:
    """Return the primitives of accepting a commit."""
    d, message = depth(scene.members), len(scene.commit)
    return [
        (P.verify(scene.context + message), 1),
        (P.verify(scene.context + 200), 1),
        (P.verify(400), 1),
        (P.hash(110), d),
        (P.hash(150), d + 1),
        (P.hash(message), 2),
        (P.hash(64), 1),
    ]


TURNS = {1000: 800, 10_000: 200}
"""How often a commit is timed, each time alone: others may be using the processor."""


def submitting(scene: HubScene) -> Callable[[], HubStep]:
    """Return the call that is measured, without any of ours around it."""
    return partial(HUB.submit, scene.warm, scene.submission, scene.source, now=MILLISECONDS + 1)


def submitted(scene: HubScene) -> HubStep:
    return submitting(scene)()


def updated(scene: HubScene, room: HubRoom) -> HubStep:
    return HUB.update(room, scene.update, scene.source, now=MILLISECONDS + 1)


def cold(scene: HubScene) -> HubStep:
    return updated(scene, open_room(scene.rows, HUB))


@cache
def stored(members: int, *, franking: bool) -> HubScene:
    """Return a room with its rows."""
    found = HubScene(members, franking=franking)
    found.rows = save_room(found.warm)
    return found


@pytest.fixture(scope="session")
def scene(request):
    """Return a function to rooms by their size; where nothing is timed, to smaller ones."""
    timed = request.config.option.benchmark_enable

    def made(members: int, *, franking: bool = False, untimed: int = 40) -> HubScene:
        return stored(members if timed else min(members, untimed), franking=franking)

    return made


@pytest.mark.parametrize("franking", [False, True], ids=["plain", "franked"])
def test_accept_a_message(scene, measure, franking):
    at = scene(1000, franking=franking)
    step = submitted(at)
    assert isinstance(step.response.status, SubmitAccepted)
    assert (step.response.status.frank is not None) == franking
    assert len(step.effects) == 3
    title = f"accept a {'franked' if franking else 'plain'} message, three providers"
    measure(title, submitting(at), P.sign(200), 1.5, 100, 200)


def test_accept_a_message_beside_its_frank(scene, measure):
    at = scene(1000, franking=True)
    size = len(at.submission.app_message.body.ciphertext)
    floor = primitives.call(frank(size))
    measure("the same against what the frank needs", submitting(at), floor, 1.5, 100, 200)


@pytest.mark.parametrize(("members", "bound"), [(1000, 2), (10_000, 1.6)])
def test_accept_a_commit_warm(scene, measure, members, bound):
    at = scene(members)
    assert updated(at, at.warm).response.response_code is UpdateResponseCode.SUCCESS
    floor = primitives.call(commit(at))
    measure(
        f"the hub accepts a commit, room of {members:,}, warm",
        lambda: updated(at, at.warm),
        floor,
        bound,
        1,
        TURNS[members],
    )


@pytest.mark.parametrize("members", [1000, 10_000])
def test_accept_a_commit_cold(scene, measure, members):
    at = scene(members)
    assert cold(at).response.response_code is UpdateResponseCode.SUCCESS
    floor = primitives.call(commit(at))
    title = f"the hub accepts a commit, room of {members:,}, cold"
    measure(title, lambda: cold(at), floor, 3, 1, TURNS[members])


@pytest.mark.parametrize("members", [1000, 10_000])
def test_accept_a_commit_and_store(scene, measure, members):
    """Beside the commit's primitives; what is written is small, and made in Python."""
    at = scene(members)
    floor = primitives.call(commit(at))

    def operation() -> object:
        before = open_room(at.rows, HUB)
        return room_changes(updated(at, before).room, before)

    title = f"the same, and what to store, room of {members:,}"
    measure(title, operation, floor, 6, 1, TURNS[members])


def test_what_a_commit_reads_and_writes(scene, report):
    """Octets in rows with their names, which need no clock: at 1,000 members in any run."""
    at = scene(10_000, untimed=1000)
    most_read, most_written = MOST_KIB[at.members]
    looked = Looked(at.rows)
    before = open_room(looked, HUB)
    step = updated(at, before)
    read = dict(looked.seen)
    changes = room_changes(step.room, before)
    title = f"rows of a hub's room of {at.members:,}"
    report(f"{title}: KiB read to accept a commit", octets_of(read) / KIB, most_read)
    again = octets_of(looked.seen) / KIB
    report(f"{title}: KiB read, and read to be written again", again, most_read)
    report(f"{title}: KiB written", octets_of(changes.written) / KIB, most_written)
    report(f"{title}: KiB of the context written", octets_of(changes.written, context=True), 0)
    report(f"{title}: rows read", len(looked.seen), 150)
    report(f"{title}: KiB of the longest row", max(map(len, at.rows.values())) / KIB, 9)
    stored = {name: row for name, row in at.rows.items() if name not in changes.erased}
    assert load_room(stored | changes.written, HUB).group.epoch == at.warm.group.epoch + 1


def test_what_a_message_reads_and_writes(scene, report):
    at = scene(10_000, untimed=1000)
    looked = Looked(at.rows)
    before = open_room(looked, HUB)
    step = HUB.submit(before, at.submission, at.source, now=MILLISECONDS + 1)
    changes = room_changes(step.room, before)
    title = f"rows of a hub's room of {at.members:,}, a message"
    report(f"{title}: KiB read", octets_of(looked.seen) / KIB, 16)
    report(f"{title}: KiB written", octets_of(changes.written) / KIB, 16)
    report(f"{title}: KiB of the context", octets_of(looked.seen, context=True) / KIB, 512)
