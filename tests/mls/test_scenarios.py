"""The interoperability scenarios of the MLS working group, in every way to hold them.

They are those of test-scenarios.md in github.com/mlswg/mls-implementations, and branching beside
them. In each, everybody sees octets alone.
"""

import attrs
import pytest
from mls.meeting import PRIVATE, PUBLIC, Person, Room, basic, certified, mixed
from tree.members import NOW, SUITE, SUITES, every_suite

from mimi.crypto import Secret, SeededEntropy, Suite
from mimi.mls import ExternalPSK, Group, ReInit, branch, reinitialise
from mimi.tree.codepoints import ProtocolVersion

WAYS = {
    f"{handshake}, tree {tree}": {"handshake": wire_format, "tree_in_welcome": inside}
    for handshake, wire_format in (("public", PUBLIC), ("private", PRIVATE))
    for tree, inside in (("in the Welcome", True), ("out of band", False))
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@pytest.fixture
def room(suite, way) -> Room:
    return Room(suite, **way)


@every_suite
@every_way
def test_one_to_one_join(room):
    alice, bob = room.enter("Alice", "Bob")
    alice.founds()
    alice.commits(add=[bob])
    room.agrees()


@every_suite
@every_way
@pytest.mark.parametrize("credential", [basic, certified, mixed])
def test_three_party_join(suite, way, credential):
    room = Room(suite, credential, **way)
    alice, bob, carol = room.enter("Alice", "Bob", "Carol")
    alice.founds()
    alice.commits(add=[bob])
    alice.commits(add=[carol])
    room.agrees()


@every_suite
@every_way
def test_multiple_joins_at_once(room):
    alice, bob, carol = room.enter("Alice", "Bob", "Carol")
    alice.founds()
    alice.commits(add=[bob, carol])
    room.agrees()


@every_suite
@every_way
@pytest.mark.parametrize("credential", [basic, mixed])
def test_external_join(suite, way, credential):
    room = Room(suite, credential, **way)
    alice, bob, carol = room.enter("Alice", "Bob", "Carol")
    alice.founds()
    alice.commits(add=[bob])
    carol.joins_from_outside(by=alice)
    room.agrees()


@every_suite
@every_way
def test_update(room):
    alice, bob = room.enter("Alice", "Bob")
    alice.founds()
    alice.commits(add=[bob])
    alice.proposes(Group.propose_update)
    bob.commits()
    room.agrees()
    alice.commits()
    room.agrees()


@every_suite
@every_way
def test_remove(room):
    alice, bob, carol = room.enter("Alice", "Bob", "Carol")
    alice.founds()
    alice.commits(add=[bob, carol])
    events = alice.commits(remove=[bob])
    assert events[bob].removes_me
    assert room.members == [alice, carol]
    room.agrees()


@every_suite
@every_way
def test_external_psk(room):
    alice, bob = room.enter("Alice", "Bob")
    alice.founds()
    alice.commits(add=[bob])
    name, value = ExternalPSK(b"from the letter"), Secret(b"what the letter said")
    for person in (alice, bob):
        person.group = person.group.with_psk(name, value)
    alice.commits(psks=[name])
    room.agrees()


def resumed(
    room: Room, place: bytes, suite: Suite | None = None
) -> tuple[Room, tuple[Person, ...]]:
    """Return another room, and the people of the first, who still know the group there."""
    settings = attrs.asdict(room.settings, recurse=False)
    other = Room(suite or room.suite, place=place, **settings)
    people = other.enter(*(person.name for person in room.members))
    for before, person in zip(room.members, people, strict=True):
        person.elsewhere.append(before.group)
    return other, people


@every_suite
@every_way
def test_resumption(room):
    alice, bob = room.enter("Alice", "Bob")
    alice.founds()
    alice.commits(add=[bob])
    name, value = alice.group.resumption_psk
    hall, (alice_there, bob_there) = resumed(room, b"hall")
    alice_there.founds(b"another meeting")
    alice_there.group = alice_there.group.with_psk(name, value)
    alice_there.commits(add=[bob_there], psks=[name])
    hall.agrees()
    room.agrees()


@every_suite
@every_way
def test_branch(room):
    alice, bob, carol = room.enter("Alice", "Bob", "Carol")
    alice.founds()
    alice.commits(add=[bob, carol])
    corner, (_, bob_there, carol_there) = resumed(room, b"corner")
    packages = [carol_there.offers()]
    draft = branch(bob.group, bob_there.client, b"a corner of it", packages, now=NOW)
    bob_there.opens_after(draft, carol_there)
    corner.agrees()
    room.agrees()


@every_suite
@every_way
def test_reinit(room):
    """Alice ends the group; Bob founds the next one, of another cipher suite."""
    alice, bob, carol = room.enter("Alice", "Bob", "Carol")
    alice.founds()
    alice.commits(add=[bob, carol])
    suite = SUITES[SUITES.index(room.suite) - 1]
    announced = ReInit(b"the next meeting", ProtocolVersion.MLS10, suite.code, ())
    alice.commits(reinit=announced)
    assert all(person.group.reinit == announced for person in room.members)
    room.agrees(speakers=())
    hall, (alice_there, bob_there, carol_there) = resumed(room, b"hall", suite)
    packages = [alice_there.offers(), carol_there.offers()]
    draft = reinitialise(bob.group, bob_there.client, packages, now=NOW)
    bob_there.opens_after(draft, alice_there, carol_there)
    assert alice_there.group.group_id == b"the next meeting"
    hall.agrees()


class Crowd:
    """A room of 64, and somebody who picks people at random."""

    def __init__(self, suite: Suite) -> None:
        self.room, self.entropy = Room(suite, handshake=PUBLIC), SeededEntropy(b"crowd")
        self.people = self.room.enter(*(f"Person {number}" for number in range(64)))
        self.people[0].founds()
        self.people[0].commits(add=self.people[1:32])

    def anyone(self, *but: Person) -> Person:
        there = [person for person in self.room.members if person not in but]
        return there[int.from_bytes(self.entropy(8), "big") % len(there)]

    def grows(self, at_once: int) -> None:
        """Have random members add the other half, so many at once."""
        for first in range(32, 64, at_once):
            self.anyone().commits(add=self.people[first : first + at_once])
        assert len(self.room.members) == 64
        self.room.agrees(speakers=self.people[::16])

    def shrinks(self, at_once: int) -> None:
        """Have random members remove random others, so many at once, until one is left."""
        while len(self.room.members) > 1:
            committer, leaving = self.anyone(), []
            while len(leaving) < min(at_once, len(self.room.members) - 1):
                leaving.append(self.anyone(committer, *leaving))
            committer.commits(remove=leaving)
        self.room.agrees()


def test_large_group_full_lifecycle():
    crowd = Crowd(SUITE)
    crowd.grows(at_once=1)
    for person in crowd.people:
        person.commits()
    crowd.room.agrees(speakers=crowd.people[::16])
    crowd.shrinks(at_once=1)


@every_suite
def test_large_group_full_lifecycle_in_steps_of_eight(suite):
    """The same in fewer commits, so that the slow suites take no minutes: all propose updates."""
    crowd = Crowd(suite)
    crowd.grows(at_once=8)
    committer = crowd.anyone()
    for person in crowd.people:
        if person is not committer:
            person.proposes(Group.propose_update)
    events = committer.commits()
    others = [event for person, event in events.items() if person is not committer]
    assert all(len(event.updated) == 64 for event in others)
    crowd.room.agrees(speakers=crowd.people[::16])
    crowd.shrinks(at_once=8)
