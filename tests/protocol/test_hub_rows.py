"""Rooms of a hub in rows: whatever happens, they are what was stored, and damage is found."""

from collections.abc import Iterator
from functools import cache

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.opened import Looked
from protocol.hall import ADMIN, ALICE, BOB, CATHY, Hall, octets
from protocol.hub_storage import FIELDS, StoringHub, applied, said
from protocol.test_hub_lives import Chance, able, proposed

from mimi.errors import UsageError
from mimi.identity import Domain, RoomUri
from mimi.mls import PublicGroup
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.rows import RowEdit
from mimi.policy.presets import COOPERATIVE
from mimi.policy.structures import BaseRoomPolicy
from mimi.protocol.hub_row_entries import HEAD, PARTICIPANTS, PROVIDERS
from mimi.protocol.hub_rows import load_room, open_room, room_changes, save_room
from mimi.protocol.recent import Recent
from mimi.protocol.room import RECENT, Destination, HubRoom, Taken
from mimi.protocol.submit import Frank
from mimi.tree.table import Table


def storing(**options: object) -> Hall:
    """Return a room whose hub stores it after each step."""
    hall = Hall()
    hall.hub = StoringHub.of(hall.hub)
    hall.create("alice/phone", **options)
    return hall


def test_a_story():
    hall = storing()
    hall.add("alice/phone", "alice", "bob")
    hall.add("bob/phone", "cathy")
    hall.taken(hall.message("cathy/phone"), CATHY.provider)
    hall.hear()
    hall.changed("alice/phone", lambda room: room.change_roles({octets(BOB): ADMIN}, now=hall.now))
    hall.changed("bob/phone", lambda room: room.rename("The attic", now=hall.now))
    hall.taken(hall.leaving("cathy/phone"), CATHY.provider)
    hall.hear()
    hall.changed("bob/phone", lambda room: room.commit(now=hall.now))
    hall.add("alice/phone", "cathy")
    hall.come_in(hall.buy("cathy", "tablet"))
    hall.wanted_out(CATHY)
    hall.hear()
    hall.changed("alice/phone", lambda room: room.ban([octets(CATHY)], now=hall.now))
    hall.taken(hall.message("bob/laptop", "alone"), BOB.provider)
    hall.taken(hall.leaving("alice/phone"), ALICE.provider)
    assert hall.room.group.pending


def test_a_room_that_persists_begins_anew():
    persistent = COOPERATIVE.having(BaseRoomPolicy(persistent_room=True))
    hall = storing(preset=persistent)
    hall.taken(hall.leaving("alice/phone"), ALICE.provider)
    assert hall.room.is_vacant


@pytest.mark.parametrize("seed", range(4))
def test_a_life(seed):
    chance, hall = Chance(seed), Hall()
    hall.hub = StoringHub.of(hall.hub)
    hall.furnished("alice", "bob", "cathy")
    for _ in range(6):
        members = list(able(hall))
        if not members:
            break
        name = chance.pick(members)
        request = proposed(hall, name, chance)
        if request is None:
            continue
        step = hall.asked(request, hall.owner_of(name).provider)
        hall.room = step.room
        hall.notify(step.effects)
        hall.hear()


def test_another_group_takes_the_place_of_all_rows():
    hall, other = furnished(), Hall()
    other.create("bob/phone")
    before, group = hall.room, other.room.group
    begun = attrs.evolve(other.room, destinations=before.destinations, numbers=before.numbers)
    rows = applied(save_room(before), room_changes(begun, before))
    assert rows == save_room(begun)
    assert load_room(rows, hall.hub).group.context == group.context


# Fields


def test_every_field_is_stored():
    assert FIELDS.keys() == {each.name for each in attrs.fields(HubRoom)}


@cache
def furnished() -> Hall:
    """Return a room with a pending proposal and a few messages."""
    hall = Hall().furnished("bob", "cathy")
    hall.taken(hall.message("bob/phone"), BOB.provider)
    hall.hear()
    hall.taken(hall.leaving("cathy/phone"), CATHY.provider)
    hall.claimed(hall.packages_of("alice"), ALICE.provider)
    hall.room = attrs.evolve(hall.room, wanted={octets(BOB): 0})
    return hall


domains = st.integers(0, 40).map(lambda number: Domain(f"d{number}.example"))
moments = st.integers(0, 1 << 50)
digests = st.binary(min_size=32, max_size=32)
users = st.integers(0, 99).map(lambda number: f"mimi://a.example/u/{number}".encode())


def taken(digest: bytes) -> Taken:
    """Return what was answered to something: to the same always the same."""
    frank = Frank(digest, 1, digest[:20]) if digest[0] & 1 else None
    return Taken(int.from_bytes(digest[1:5], "big"), digest[:9], frank)


values = st.fixed_dictionaries(
    {
        "destinations": st.dictionaries(digests, st.builds(Destination, domains, moments)),
        "numbers": st.dictionaries(domains, st.integers(1, 1 << 60), max_size=40),
        "timestamp": moments,
        "wanted": st.dictionaries(users, st.integers(0, 1), max_size=40),
        "recent": st.lists(digests, max_size=20).map(lambda each: {at: taken(at) for at in each}),
        "is_vacant": st.booleans(),
        "uri": st.integers(0, 99).map(lambda number: RoomUri(ALICE.provider, f"r{number}")),
    }
)


@given(values, values)
@settings(max_examples=60, deadline=None)
def test_random_rooms(first, second):
    hall = furnished()
    one, another = (attrs.evolve(hall.room, **each) for each in (first, second))
    rows = save_room(one)
    assert said(load_room(rows, hall.hub), hall.hub) == said(one, hall.hub)
    assert said(open_room(Looked(rows), hall.hub), hall.hub) == said(one, hall.hub)
    rows = applied(rows, room_changes(another, one))
    assert rows == save_room(another)
    assert room_changes(another, another).written == {}


def test_a_room_that_goes_on_from_its_rows_is_stored_by_what_changes():
    hall = furnished()
    rows = save_room(hall.room)
    opened = open_room(Looked(rows), hall.hub)
    digest = bytes(32)
    after = opened.remembering(digest, Taken(hall.now + 9, b"me"))
    changes = room_changes(after, opened)
    assert set(changes.written) == {"recent", f"recent/{digest.hex()}", HEAD}
    made = Destination(Domain("d.example"), 7)
    table = Table.of(opened.destinations).changed({digest: made})
    assert table[digest] == made
    written = room_changes(attrs.evolve(opened, destinations=table), opened).written
    assert set(written) <= {"destinations/0", "destinations/1", HEAD}


def test_only_so_much_is_remembered():
    recent = Recent.of({})
    for number in range(RECENT + 3):
        recent = recent.remembering(number.to_bytes(32, "big"), number, RECENT)
    assert list(recent.values()) == list(range(3, RECENT + 3))
    again = recent.remembering((3).to_bytes(32, "big"), 3, RECENT)
    assert list(again.values()) == [*range(4, RECENT + 3), 3]


def test_a_group_that_is_no_room():
    hall = furnished()
    group = hall.room.group
    bare = PublicGroup.open(group.save())
    with pytest.raises(UsageError, match="without the components"):
        save_room(attrs.evolve(hall.room, group=bare))


# Damage


def attacks(rows: dict[str, bytes], name: str) -> Iterator[dict[str, bytes]]:
    """Yield rows one of which is cut, altered, missing, or another one."""
    row = rows[name]
    for bad in (row[:-1], row + b"\0", b"", row[:8], bytes([row[0] ^ 1]) + row[1:]):
        yield {**rows, name: bad}
    for at in (len(row) // 3, len(row) // 2, len(row) - 1):
        yield {**rows, name: row[:at] + bytes([row[at] ^ 0x20]) + row[at + 1 :]}
    yield {at: each for at, each in rows.items() if at != name}
    yield {**rows, name: next(each for each in rows.values() if each != row)}
    out = RowEdit()
    out.write(name, name.partition("/")[0], {"something": b"else"})
    yield {**rows, **out.written}


def own_names() -> list[str]:
    rows = save_room(furnished().room)
    group = furnished().room.group.save()
    return sorted(name for name in rows if name not in group)


@pytest.mark.parametrize("at", range(len(own_names())), ids=own_names())
def test_damage_is_found(at):
    hall, name = furnished(), own_names()[at]
    rows = save_room(hall.room)
    for bad in attacks(rows, name):
        with pytest.raises(DamagedSnapshotError):
            load_room(bad, hall.hub)
        with pytest.raises(DamagedSnapshotError):
            said(open_room(bad, hall.hub), hall.hub)


def test_rows_of_the_group_are_checked_too():
    hall = furnished()
    rows = save_room(hall.room)
    for name in hall.room.group.save():
        bad = {**rows, name: rows[name][:-1]}
        with pytest.raises(DamagedSnapshotError):
            load_room(bad, hall.hub)


def test_a_row_too_many():
    hall = furnished()
    out = RowEdit()
    out.write("wanted/1", "wanted", {"entries": b""})
    with pytest.raises(DamagedSnapshotError) as caught:
        load_room({**save_room(hall.room), **out.written}, hall.hub)
    assert caught.value.path == "wanted/1"


LIES = {
    "clients/0": "clients",
    PARTICIPANTS: PARTICIPANTS,
    f"{PROVIDERS}/0": PROVIDERS,
    HEAD: HEAD,
}


@pytest.mark.parametrize("name", LIES)
def test_what_follows_from_the_group_is_compared_with_it(name):
    """Well-formed rows of the same room, one epoch before."""
    hall = Hall().furnished("bob")
    before = save_room(hall.room)
    hall.add("alice/phone", "cathy")
    now = save_room(hall.room)
    assert before[name] != now[name]
    with pytest.raises(DamagedSnapshotError):
        load_room({**now, name: before[name]}, hall.hub)


def test_a_row_of_another_version_says_so():
    hall = furnished()
    rows = save_room(hall.room)
    opened = open_room(Looked(rows), hall.hub)
    assert repr(opened.recent) == f"Recent({len(hall.room.recent)} entries)"
    assert next(iter(hall.room.recent)) in opened.recent
    with pytest.raises(KeyError):
        opened.recent[bytes(32)]
