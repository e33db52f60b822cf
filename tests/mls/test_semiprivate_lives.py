"""Groups with a hub, from their beginning to their end and beyond."""

import pytest
from mls.receivers import HubRoom, receiver, some_suites
from tree.members import NOW, SUITES

from mimi.mls import Group, ReInit, branch, reinitialise
from mimi.mls.external_receivers import with_receivers
from mimi.tree.codepoints import ProtocolVersion

NAMES = tuple(f"Person {number}" for number in range(12))


@some_suites
@pytest.mark.parametrize("tree_in_welcome", [True, False])
def test_a_group_grows_and_shrinks(suite, tree_in_welcome):
    room = HubRoom(suite, tree_in_welcome=tree_in_welcome)
    people = room.enter(*NAMES)
    room.is_founded(people[0])
    for first in range(1, 12, 4):
        people[first // 2].commits(add=people[first : first + 4])
    room.agrees(speakers=people[::5])
    for person in people[1:]:
        person.proposes(Group.propose_update)
    people[0].commits()
    room.agrees(speakers=people[::5])
    while len(room.members) > 1:
        committer, *leaving = room.members
        for person in leaving[1::2]:
            committer.proposes(Group.propose_remove, person.leaf)
        committer.commits(remove=leaving[::2][:2])
    room.agrees()


def elsewhere(room: HubRoom, suite=None) -> tuple:
    """Return another room, and the people of the first, who still know the group there."""
    other = HubRoom(suite or room.suite, place=b"elsewhere")
    people = other.enter(*(person.name for person in room.members))
    for before, person in zip(room.members, people, strict=True):
        person.elsewhere.append(before.group)
    return other, people


def founded(room: HubRoom):
    alice, bob, carol = room.enter("Alice", "Bob", "Carol")
    room.is_founded(alice)
    alice.commits(add=[bob, carol])
    room.follow(alice.group)
    return alice, bob, carol


@some_suites
def test_a_branch(suite):
    room = HubRoom(suite)
    _, bob, _ = founded(room)
    corner, (_, bob_there, carol_there) = elsewhere(room)
    packages = [carol_there.offers()]
    extensions = with_receivers((), [receiver(suite)])
    draft = branch(
        bob.group, bob_there.client, b"a corner of it", packages, now=NOW, extensions=extensions
    )
    bob_there.opens_after(draft, carol_there)
    corner.follow(bob_there.group)
    bob_there.commits()
    corner.agrees()
    room.agrees()


@some_suites
def test_a_successor_of_another_cipher_suite(suite):
    room = HubRoom(suite)
    alice, bob, _ = founded(room)
    other = SUITES[SUITES.index(suite) - 1]
    extensions = with_receivers((), [receiver(other)])
    alice.commits(reinit=ReInit(b"the next", ProtocolVersion.MLS10, other.code, extensions))
    room.agrees(speakers=())
    hall, (alice_there, bob_there, carol_there) = elsewhere(room, other)
    packages = [alice_there.offers(), carol_there.offers()]
    draft = reinitialise(bob.group, bob_there.client, packages, now=NOW)
    bob_there.opens_after(draft, alice_there, carol_there)
    hall.follow(bob_there.group)
    carol_there.commits()
    hall.agrees()
