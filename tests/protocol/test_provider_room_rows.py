"""What steps read and write of a provider's side of a room: many clients, one away, peers away."""

import hashlib
from collections.abc import Callable
from functools import cache
from itertools import permutations
from typing import Any

import attrs
import pytest
from protocol.hub_storage import applied
from protocol.town import ROOM, A, C, Town

from mimi import content
from mimi.codec import encode
from mimi.crypto import SeededEntropy
from mimi.demo.server import Server
from mimi.errors import UsageError
from mimi.mls.rows import Changes, RowNeededError
from mimi.protocol import Session, SubmitMessage, UpdateRoom
from mimi.protocol.deliveries import Deliver, Limits, Place
from mimi.protocol.follower import FollowerRoom
from mimi.protocol.follower_notify import notify
from mimi.protocol.outbox import (
    MOST_TOGETHER,
    Line,
    Outgoing,
)
from mimi.protocol.provider_rooms import follow
from mimi.protocol.provider_rows import (
    Scope,
    load_provider,
    open_provider,
    prefixes,
    provider_changes,
    save_provider,
)
from mimi.protocol.provider_scope import scope_of_call
from mimi.protocol.provider_state import ProviderState, ProviderStep
from mimi.protocol.room import Notify

KIB = 1 << 10
MOST_READ, MOST_WRITTEN = 256 * KIB, 64 * KIB
CLIENTS = 3334
"""A third of the clients of a room of 10,000."""
SPANS = ((0, 3), (2, 70), (64, 128), (300, 301), (0, 200))
"""Which notifications wait, in one line and in another."""

Act = Callable[[ProviderState], ProviderStep]


def uri_of(number: int) -> bytes:
    """Return the URI of a client, of some 60 octets."""
    return f"mimi://a.example/d/somebody.with.a.name-{number:05}/telephone-{number:08x}".encode()


def user_of(number: int) -> bytes:
    """Return the URI of the user whose client that is."""
    return f"mimi://a.example/u/somebody.with.a.name-{number:05}".encode()


def octets_of(rows: dict[str, bytes]) -> int:
    """Return how many octets rows take, names included, but for those of the group context."""
    return sum(len(name) + len(row) for name, row in rows.items() if "/context/" not in name)


@attrs.frozen
class Done:
    """A step, what it has read in how many queries, and what it writes."""

    step: ProviderStep
    read: dict[str, bytes]
    queries: int
    changes: Changes

    @property
    def mine(self) -> set[str]:
        """The kinds of rows of one's own side that were read, and of notifications."""
        kinds = {tuple(name.split("/")[2:4]) for name in self.read if name.startswith("room/")}
        return {steps[1] if steps[0] == "follower" else steps[0] for steps in kinds} - {"hub"}


def done(server: Server, rows: dict[str, bytes], scope: Scope, act: Act) -> Done:
    """Take a step as a worker that remembers nothing."""
    hub, read, queries = server.provider.hub, dict[str, bytes](), 1
    stored = {name: row for name, row in rows.items() if name.startswith(prefixes(scope))}
    while True:
        try:
            before = open_provider(stored, hub, lookup=read, partial=True)
            step = act(before)
            changes = provider_changes(step.state, before)
            break
        except RowNeededError as error:
            read |= {name: rows[name] for name in error.names}
            queries += 1
    after = applied(rows, changes)
    assert save_provider(load_provider(after, hub)) == after
    assert octets_of(dict(changes.written)) < MOST_WRITTEN
    return Done(step, stored | read, queries, changes)


@cache
def large(*, joined: bool = False) -> tuple[Town, dict[str, bytes]]:
    """Return the example flow, whose hub has thousands of own clients in the room, and its rows.

    Args:
        joined: Whether they came by external commits.
    """
    town = Town(6)
    server = town.server("a.example")
    room = server.state.followed[ROOM]
    more = {}
    for number in range(CLIENTS - len(room.clients)):
        since = room.number - number % 900
        by = hashlib.sha256(uri_of(number)).digest()[:16] if joined else b""
        more[uri_of(number)] = Place(since, min(since + number % 50, room.number), since, 0, by)
    followed = attrs.evolve(room, clients={**room.clients, **more})
    state = server.state.with_followed(followed)
    return town, save_provider(state)


def call_of(town: Town, call: Any) -> tuple[Scope, Act]:
    owner = town.device("alice/phone").device.owner
    session = Session(owner.user, str(owner.client).encode())

    def act(state: ProviderState) -> ProviderStep:
        return town.server("a.example").provider.call(state, session, call, now=town.now)

    return scope_of_call(session, call), act


def post_of(town: Town) -> SubmitMessage:
    said = content.text("hello", entropy=SeededEntropy(b"post"))
    post = town.device("alice/phone").room.send(said, now=town.now)
    return SubmitMessage(ROOM, post.request.app_message)


def acknowledges(server: Server, client: bytes) -> Act:
    def act(state: ProviderState) -> ProviderStep:
        number = state.followed[ROOM].number
        return ProviderStep(server.provider.acknowledged(state, client, ROOM, number))

    return act


@pytest.mark.parametrize("joined", [False, True], ids=["welcomed", "joined"])
def test_a_commit_where_thousands_of_clients_are_ones_own(joined):
    town, rows = large(joined=joined)
    server = town.server("a.example")
    request = town.device("alice/phone").room.commit(now=town.now).request
    found = done(server, rows, *call_of(town, UpdateRoom(ROOM, request)))
    assert sum(isinstance(each, Deliver) for each in found.step.effects) == CLIENTS
    assert octets_of(found.read) < MOST_READ
    assert found.mine == {"follower", "client", "standing", "index", "body"}
    assert found.queries < 20


def test_a_message_that_is_not_for_one_of_thousands():
    town, rows = large()
    server = town.server("a.example")
    known = server.state.followed[ROOM].log
    fanned = next(each.message for each in known if each.clients is None)
    body = encode(attrs.evolve(fanned, timestamp=town.now))

    def follows(state: ProviderState) -> ProviderStep:
        return follow(server.provider, state, ROOM, body, A, town.now, {user_of(60)}.__contains__)

    found = done(server, rows, Scope(rooms=(ROOM,)), follows)
    clients = [each.client for each in found.step.effects if isinstance(each, Deliver)]
    assert len(clients) == CLIENTS - 1
    assert uri_of(60) not in clients
    assert octets_of(found.read) < MOST_READ
    assert octets_of(dict(found.changes.written)) < 4 * KIB
    rows = applied(rows, found.changes)
    found = done(server, rows, Scope(rooms=(ROOM,)), acknowledges(server, uri_of(61)))
    assert "named" not in found.mine


def test_an_acknowledgement_reads_one_shard():
    town, rows = large()
    server = town.server("a.example")
    found = done(server, rows, Scope(rooms=(ROOM,)), acknowledges(server, uri_of(60)))
    mine = {name: row for name, row in found.read.items() if "/follower/" in name}
    assert sum("/client/" in name for name in mine) == 1
    assert octets_of(mine) < 16 * KIB
    assert len(found.changes.written) == 2


def away(messages: int, limits: Limits) -> FollowerRoom:
    """Return a room in which one of two clients has not acknowledged anything."""
    town = Town(6)
    known = town.server("a.example").state.followed[ROOM]
    fanned = next(each.message for each in reversed(known.log) if each.clients is None)
    room = FollowerRoom.begun(ROOM, now=town.now, limits=limits)
    room = room.joined(uri_of(0), now=town.now).joined(uri_of(1), now=town.now)
    for number in range(messages):
        body = encode(attrs.evolve(fanned, timestamp=fanned.timestamp + number))
        step = notify(room, body, uri=ROOM, source=A, client_of=lambda _: None, now=town.now)
        assert step.room is not None
        room = step.room.acknowledged(uri_of(1), step.room.number)
    return room


@pytest.mark.parametrize("messages", [100, 1000])
def test_a_message_while_a_client_is_away(messages):
    town, server = Town(6), Town(6).server("a.example")
    rows = save_provider(server.state.with_followed(away(messages, Limits())))
    assert octets_of(rows) > messages * 200
    for scope, act in (
        call_of(town, post_of(town)),
        (Scope(rooms=(ROOM,)), acknowledges(server, uri_of(0))),
        (Scope(rooms=(ROOM,)), acknowledges(server, uri_of(1))),
    ):
        found = done(server, rows, scope, act)
        assert "delivery" not in found.mine
        mine = {name: row for name, row in found.read.items() if "/follower/" in name}
        assert octets_of(mine) < 4 * KIB + 24 * messages


def test_what_is_kept_for_who_is_away_is_bounded_by_octets():
    every = away(10, Limits())
    length = every.log[0].octets
    few = away(10, Limits(octets=4 * length))
    assert [each.number for each in few.log] == [each.number for each in every.log[-4:]]
    assert len(away(3, Limits(octets=1)).log) == 1


def test_a_message_while_other_providers_are_away():
    town, server = Town(6), Town(6).server("a.example")
    state, line = server.state, Line()
    fanned = next(each.message for each in reversed(state.followed[ROOM].log))
    for number in range(400):
        line = line.joined(Notify(ROOM, C, number, fanned))
    rows = save_provider(state.with_line(ROOM, C, line.sent(0)))
    found = done(server, rows, *call_of(town, post_of(town)))
    assert "notify" not in found.mine
    assert octets_of(found.read) < 32 * KIB
    assert len(found.step.state.outbox[ROOM, C].waiting) == 401
    found = done(server, rows, Scope(rooms=(ROOM,), peers=(C,)), due(server, town.now))
    assert sum("/notify/" in name for name in found.read) == MOST_TOGETHER


def test_nothing_that_waits_for_who_is_away_is_lost_until_somebody_says_so():
    town, server = Town(6), Town(6).server("a.example")
    message = server.state.followed[ROOM].log[-1].message
    line, size = Line(), len(encode(message))
    for number in range(20_000):
        line = line.joined(Notify(ROOM, C, number, message))
    assert (len(line.waiting), line.octets) == (20_000, 20_000 * size)
    state = server.state.with_line(ROOM, C, line.sent(0))
    skipped = server.provider.skipped(state, ROOM, C, now=town.now, count=19_990)
    left = skipped.state.outbox[ROOM, C]
    assert (left.waiting.numbers, left.octets) == (range(19_990, 20_000), 10 * size)
    assert left.body == encode(message) * 10
    for count in (10, 11):
        state = server.provider.skipped(skipped.state, ROOM, C, now=town.now, count=count).state
        assert (ROOM, C) not in state.outbox
    with pytest.raises(UsageError, match="no notification to give up"):
        server.provider.skipped(state, ROOM, C, now=town.now, count=0)


def test_of_what_waits_the_rows_are_written_that_are_others():
    lines = [Line(), *(Line([Outgoing(at, b"%d" % at) for at in range(*few)]) for few in SPANS)]
    lines.append(lines[-1].sent(0))
    lines.append(lines[-1].taken(lines[-1].last))
    lines.append(lines[-1].without_first(1))
    lines.append(Line([*lines[-1].waiting[:9], Outgoing(lines[-1].waiting[9].number, b"else")]))
    states = [ProviderState().with_line(ROOM, C, line) for line in lines]
    for before, then in permutations(states, 2):
        rows, expected = save_provider(before), save_provider(then)
        changes = provider_changes(then, before)
        others = {name: row for name, row in expected.items() if rows.get(name) != row}
        assert changes.written == others
        assert sorted(changes.erased) == sorted(rows.keys() - expected.keys())


def test_a_room_that_was_closed_and_begins_again_counts_on_in_its_line():
    town = Town(6)
    message = town.server("a.example").state.followed[ROOM].log[-1].message
    line = Line().joined(Notify(ROOM, C, 5, message)).joined(Notify(ROOM, C, 0, message))
    assert [each.number for each in line.waiting] == [5, 6]
    with pytest.raises(UsageError, match="do not follow each other"):
        Line((Outgoing(0, b""), Outgoing(2, b"")))


def due(server: Server, now: int) -> Act:
    return lambda state: server.provider.due(state, now=now)
