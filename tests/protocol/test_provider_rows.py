"""What providers have in rows: every step by what it changes, every part by itself, and damage."""

from functools import cache

import attrs
import pytest
from protocol.hub_storage import applied
from protocol.providers import octets
from protocol.test_provider_rooms import ALICE, creates
from protocol.town import ROOM, A, B, C, Town, is_notify_to

from mimi.demo.server import Server
from mimi.errors import UsageError
from mimi.identity import RoomUri
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.rows import RowEdit, RowNeededError
from mimi.policy.presets import COOPERATIVE
from mimi.policy.structures import BaseRoomPolicy
from mimi.protocol.outbox import Line
from mimi.protocol.provider_rows import (
    Scope,
    id_of_room,
    load_provider,
    open_provider,
    part_of,
    prefixes,
    provider_changes,
    save_provider,
    with_dependents,
)
from mimi.protocol.provider_state import ProviderState

PROVIDERS = ("a.example", "b.example", "c.example")
CHILD = RoomUri(A, "kitchen")


@cache
def town() -> Town:
    """Return the example flow, in which c.example has not taken everything."""
    found = Town(6)
    found.lost = is_notify_to("c.example")
    found.wish("alice/phone", "say", text="anybody there?")
    found.wish("alice/phone", "say", text="hello?")
    return found


def below(rows: dict[str, bytes], scope: Scope) -> dict[str, bytes]:
    return {name: row for name, row in rows.items() if name.startswith(prefixes(scope))}


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_a_provider_has(name):
    server = town().server(name)
    rows = save_provider(server.state)
    loaded = load_provider(rows, server.provider.hub)
    assert save_provider(loaded) == rows
    assert loaded.outbox == server.state.outbox
    assert loaded.peers == server.state.peers
    assert loaded.keys.users == server.state.keys.users
    assert loaded.followed.keys() == server.state.followed.keys()
    assert provider_changes(loaded, loaded).written == {}


def test_every_act_is_stored_by_what_it_changes():
    stored: dict[str, dict[str, bytes]] = {name: {} for name in PROVIDERS}
    before = dict.fromkeys(PROVIDERS, ProviderState())
    for acts in range(10):
        flow = Town(acts, seed=b"rows")
        for name in PROVIDERS:
            server = flow.server(name)
            changes = provider_changes(server.state, before[name])
            stored[name] = applied(stored[name], changes)
            assert stored[name] == save_provider(server.state)
            before[name] = server.state


def test_all_rows_have_a_part():
    parts = {part_of(name).partition("/")[0] for name in all_rows()}
    assert parts == {"room", "user", "given", "pair", "peer"}
    assert part_of(f"dependent/x/{id_of_room(ROOM)}") == f"room/{id_of_room(ROOM)}"
    for name in ("", "room", "keys", "other/x", "peer/a/b"):
        with pytest.raises(UsageError, match="no row is called"):
            part_of(name)


def all_rows() -> dict[str, bytes]:
    return save_provider(town().server("a.example").state)


def test_a_step_stays_within_its_scope():
    server = town().server("a.example")
    rows, hub = all_rows(), server.provider.hub
    scope = Scope(rooms=(ROOM,))
    state = open_provider(below(rows, scope), hub, lookup=rows)
    assert state.rooms.keys() == state.followed.keys() == {ROOM}
    assert state.outbox == server.state.outbox
    step = server.provider.removed(state, ROOM, [b"mimi://c.example/u/cathy"], now=town().now)
    changes = provider_changes(step.state, state)
    assert {part_of(name) for name in (*changes.written, *changes.erased)} == {
        f"room/{id_of_room(ROOM)}"
    }
    load_provider(applied(rows, changes), hub)


def test_a_step_that_fetches_its_rows():
    server = town().server("a.example")
    rows, hub, rounds = all_rows(), server.provider.hub, 0
    stored = below(rows, Scope(rooms=(ROOM,)))
    there: dict[str, bytes] = {}
    while True:
        try:
            state = open_provider(stored, hub, lookup=there, partial=True)
            step = server.provider.removed(state, ROOM, [b"mimi://c.example/u/cathy"], now=0)
            changes = provider_changes(step.state, state)
            break
        except RowNeededError as error:
            there |= {name: rows[name] for name in error.names}
            rounds += 1
    assert rounds > 1
    assert all(name.startswith(f"room/{id_of_room(ROOM)}/") for name in there)
    load_provider(applied(rows, changes), hub)


def test_users_pairs_references_and_peers():
    server = town().server("a.example")
    user = next(iter(server.state.keys.users))
    pair = next(iter(server.state.consents.pairs))
    reference = next(iter(server.state.keys.given))
    scope = Scope(users=(user,), pairs=(pair,), references=(reference,), peers=(B,))
    state = open_provider(below(all_rows(), scope), server.provider.hub)
    assert state.keys.users == {user: server.state.keys.users[user]}
    assert state.keys.given == {reference: server.state.keys.given[reference]}
    assert state.consents.pairs.keys() == {pair}
    assert state.peers == {B: server.state.peers[B]}
    assert not state.rooms


def with_child() -> Server:
    """Return a provider that hosts a room and one that depends on it."""
    flow = Town(4)
    base = BaseRoomPolicy(parent_dependant=True, parent_room=(octets(ROOM),))
    server = flow.server("a.example")
    hub = server.provider.hub
    rooms = attrs.evolve(hub.rooms, parents=lambda _: {ALICE.user, hub.user, b"another"})
    server.provider = attrs.evolve(server.provider, hub=attrs.evolve(hub, rooms=rooms))
    creates(flow, CHILD, COOPERATIVE.having(base), {ALICE.user: 3, hub.user: 5})
    return server


def test_rooms_that_depend_on_a_room_are_in_its_scope():
    server = with_child()
    assert CHILD in server.state.rooms
    rows, hub = save_provider(server.state), server.provider.hub
    assert save_provider(load_provider(rows, hub)) == rows
    scope = Scope(rooms=(ROOM,))
    wider = with_dependents(scope, below(rows, scope))
    assert wider.rooms == (ROOM, CHILD)
    assert with_dependents(wider, below(rows, wider)) is wider
    assert open_provider(below(rows, wider), hub, lookup=rows).rooms.keys() == {ROOM, CHILD}
    without = attrs.evolve(
        server.state, rooms={ROOM: server.state.rooms[ROOM]}, followed={}, outbox={}
    )
    left = applied(rows, provider_changes(without, server.state))
    assert left == save_provider(without)
    assert not any(id_of_room(CHILD) in name for name in left)


def test_by_a_message_nobody_leaves_the_rooms_that_depend_on_its_room():
    rows = save_provider(with_child().state)
    removing, saying = Scope(rooms=(ROOM,)), Scope(rooms=(ROOM,), cascades=False)
    assert set(prefixes(removing)) - set(prefixes(saying)) == {f"dependent/{id_of_room(ROOM)}/"}
    assert with_dependents(saying, rows) is saying
    assert with_dependents(removing, rows).rooms == (ROOM, CHILD)


def test_a_line_that_moves_on():
    server = town().server("a.example")
    state = server.state
    place = (ROOM, C)
    rows, line = save_provider(state), state.outbox[place]
    assert len(line.waiting) > 1
    for after in (
        line.without_first(1),
        attrs.evolve(line, attempts=7, at=9),
        Line(),
    ):
        then = state.with_line(*place, after)
        assert applied(rows, provider_changes(then, state)) == save_provider(then)
    known = state.without_peer(B)
    assert applied(rows, provider_changes(known, state)) == save_provider(known)


def names() -> list[str]:
    """Return one name of each kind of row, but for those of hosted rooms."""
    found: dict[tuple[str, ...], str] = {}
    for name in sorted(all_rows()):
        steps = name.split("/")
        kind = tuple(each for each in steps if not any(at.isdigit() for at in each))
        if "hub" not in steps:
            found.setdefault((*kind, str(len(steps))), name)
    return list(found.values())


@pytest.mark.parametrize("name", names())
def test_damage_is_found(name):
    rows, hub = all_rows(), town().server("a.example").provider.hub
    row = rows[name]
    other = next(each for at, each in rows.items() if at != name and each != row)
    for bad in (row[:-1], b"", row[:9] + bytes([row[9] ^ 1]) + row[10:], other):
        with pytest.raises(DamagedSnapshotError):
            load_provider({**rows, name: bad}, hub)


def test_rows_under_names_of_others():
    rows, hub = all_rows(), town().server("a.example").provider.hub
    other = id_of_room(CHILD)
    for kind in ("hub", "follower", "outbox"):
        moved = {
            name.replace(f"{id_of_room(ROOM)}/{kind}", f"{other}/{kind}"): row
            for name, row in rows.items()
        }
        with pytest.raises(DamagedSnapshotError):
            load_provider(moved, hub)
    out = RowEdit()
    out.write("something", "else", {})
    with pytest.raises(DamagedSnapshotError) as caught:
        load_provider({**rows, **out.written}, hub)
    assert caught.value.path == "something"


def test_a_notification_that_is_missing():
    rows, hub = all_rows(), town().server("a.example").provider.hub
    above = f"room/{id_of_room(ROOM)}/outbox/{C}"
    notes = f"room/{id_of_room(ROOM)}/notify/{C}/"
    lost = [name for name in rows if name.startswith(notes)]
    assert len(lost) > 1
    for name in (above, *lost):
        kept = {at: row for at, row in rows.items() if at != name}
        with pytest.raises(DamagedSnapshotError):
            load_provider(kept, hub)


def test_a_dependent_under_another_name():
    out = RowEdit()
    name = f"dependent/{id_of_room(ROOM)}/{id_of_room(ROOM)}"
    out.write(name, "dependent", {"room": octets(CHILD)})
    with pytest.raises(DamagedSnapshotError):
        with_dependents(Scope(rooms=(ROOM,)), out.written)
