"""Whatever happens in a group: rows that are kept up to date are the rows of the new state.

Some people have a number of steps drawn for them. After each one everybody stores what has changed,
and now and then somebody goes on from what was stored.
"""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from mls.meeting import NAMES, PRIVATE, PUBLIC, Person, Room, gathered
from mls.storage import PSK, PSK_VALUE, Stored, reloaded
from tree.members import NOW

from mimi.mls import ApplicationMessage, Group, PublicGroup


@attrs.define(eq=False)
class Archive:
    """Everybody's rows."""

    room: Room
    groups: dict[Person, Stored] = attrs.field(factory=dict)
    clients: dict[Person, Stored] = attrs.field(factory=dict)
    follower: Stored | None = None

    def keep(self) -> None:
        """Store what has changed."""
        for person in self.room.people:
            self._keep(self.clients, person, person.client)
            if person.group is not None:
                self._keep(self.groups, person, person.group)
        if self.room.follower is not None:
            if self.follower is None:
                self.follower = Stored(self.room.follower)
            self.follower.keep(self.room.follower)

    def _keep(self, table: dict[Person, Stored], person: Person, value: Any) -> None:
        if person not in table:
            table[person] = Stored(value)
        table[person].keep(value)

    def load(self, person: Person) -> None:
        """Let somebody go on from what is stored."""
        person.client, person.group = self.clients[person].loaded(), self.groups[person].loaded()
        self.clients[person].value, self.groups[person].value = person.client, person.group
        if self.follower is not None:
            self.room.follower = self.follower.value = self.follower.loaded()


# What can happen: each takes a room, somebody in it, and a number


def speak(room: Room, person: Person, number: int) -> None:
    if not person.group.pending and person.group.held is None:
        person.says(b"%d" % number)


def speak_out_of_order(room: Room, person: Person, number: int) -> None:
    """Say four things, of which the others hear some, the last one first."""
    if person.group.pending:
        return
    wires = []
    for place in range(4):
        person.group, wire = person.group.protect(b"%d" % place)
        wires.append(wire)
    for other in room.members:
        for place in reversed(range(4)):
            if other is not person and number >> place & 1:
                assert isinstance(other.hears(wires[place]), ApplicationMessage)


def late(room: Room, person: Person, number: int) -> None:
    """Say something that arrives after a commit."""
    if person.group.pending or len(room.members) < 2:
        return
    person.group, wire = person.group.protect(b"late")
    commit(room, room.members[number % len(room.members)], number)
    for other in room.members:
        if other is not person:
            assert isinstance(other.hears(wire), ApplicationMessage)


def propose_update(room: Room, person: Person, number: int) -> None:
    person.proposes(Group.propose_update)


def propose_removal(room: Room, person: Person, number: int) -> None:
    person.proposes(Group.propose_remove, room.members[number % len(room.members)].leaf)


def forget_proposal(room: Room, person: Person, number: int) -> None:
    """Everybody forgets a proposal."""
    if person.group.pending:
        reference = person.group.pending[number % len(person.group.pending)].reference
        for other in room.members:
            other.group = other.group.without_proposal(reference)
        if room.follower is not None:
            state = room.follower.state.without_proposal(reference)
            room.follower = PublicGroup(state, room.follower.group_info)


def commit(room: Room, person: Person, number: int) -> None:
    others = [other for other in room.members if other is not person]
    references = None if others else ()
    person.commits(references=references)


def add(room: Room, person: Person, number: int) -> None:
    missing = NAMES[len(room.people) : len(room.people) + 1 + number % 3]
    person.commits(add=room.enter(*missing))


def remove(room: Room, person: Person, number: int) -> None:
    """Remove the last members, so that the tree may become less wide."""
    others = [other for other in room.members if other is not person]
    person.commits(remove=others[len(others) - number % 4 :] if number % 4 else (), references=())


def compete(room: Room, person: Person, number: int) -> None:
    """Hold a commit that is overtaken by another."""
    others = [other for other in room.members if other is not person]
    if others:
        person.group = person.group.commit(now=NOW).hold()
        commit(room, others[number % len(others)], number)


def hold(room: Room, person: Person, number: int) -> None:
    """Hold a commit, go on from what is stored, and have it confirmed."""
    draft = person.group.commit(now=NOW)
    person.group = draft.hold()
    stored = Stored(person.group)
    person.group = stored.loaded()
    room.hears(draft.commit)


def use_psk(room: Room, person: Person, number: int) -> None:
    name, value = (PSK, PSK_VALUE) if number & 1 else person.group.resumption_psk
    for other in room.members:
        other.group = other.group.with_psk(name, value)
    person.commits(psks=[name], references=())
    for other in room.members:
        other.group = other.group.without_psk(name)


def provide(room: Room, person: Person, number: int) -> None:
    if room.follower is not None:
        room.follower = room.follower.with_group_info(person.group.group_info())


STEPS = (
    *(speak, speak_out_of_order, late, propose_update, propose_removal, forget_proposal),
    *(commit, add, remove, compete, hold, use_psk, provide),
)


def drive(room: Room, script: list[tuple[Any, int]]) -> Archive:
    """Take the steps of a script, and store what has changed after each."""
    archive = Archive(room)
    archive.keep()
    for place, (step, number) in enumerate(script):
        person = room.members[number % len(room.members)]
        step(room, person, number)
        archive.keep()
        if number % 3 == place % 3:
            archive.load(room.members[number % len(room.members)])
            archive.keep()
    return archive


@given(
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 255)), max_size=14),
    st.sampled_from([PUBLIC, PRIVATE]),
)
@hypothesis_settings(max_examples=40, deadline=None)
def test_rows_that_follow_are_the_rows_of_the_state(script, handshake):
    room, *_ = gathered(3, handshake=handshake)
    archive = drive(room, script)
    for person in room.members:
        archive.load(person)
        person.group = person.group.without_held()
    room.members[0].commits(references=())
    room.agrees()


@pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE])
def test_a_long_life(handshake):
    """Every kind of step, growth over the width of the tree, and back again."""
    room, *_ = gathered(1, handshake=handshake)
    steps = [(add, 2), (add, 5), (speak, 3), (add, 1), (speak_out_of_order, 9), (late, 4)]
    steps += [(step, number) for number, step in enumerate(STEPS, 17) if step is not add]
    steps += [(propose_update, 1), (hold, 2), (compete, 5), (remove, 3), (remove, 7), (speak, 1)]
    archive = drive(room, steps)
    widths = room.members[0].group.state.tree.leaf_count
    assert widths <= 4
    for person in room.members:
        archive.load(person)
    room.members[0].commits()
    room.agrees()


def test_a_joiner_from_outside_is_stored():
    room, alice, _ = gathered(2)
    (carol,) = room.enter("Carol")
    archive = Archive(room)
    archive.keep()
    carol.joins_from_outside(alice)
    archive.keep()
    for person in room.people:
        person.group = reloaded(person.group)
    room.agrees()
