"""What a provider has in rows, so that one transaction stores a step.

::

    room/<room>/hub/...                        a room that it hosts          `hub_rows`
    room/<room>/follower/...                   its own users' side of it     `follower_rows`
    room/<room>/outbox/<provider>              how far another provider is told
    room/<room>/notify/<provider>/<number>     a notification that it has not taken yet
    dependent/<parent>/<room>, fixed/..., assets/...   how hosted rooms are found, `provider_index`
    keys/...                                   key packages of users         `keystore_rows`
    consents/...                               what users have consented to  `consents_rows`
    peer/<provider>                            another provider's directory

``<room>`` and ``<parent>`` are `id_of_room`. A worker reads what its step has to do with, and says
so by a `Scope`::

    scope  = Scope(rooms=(room,))
    stored = rows whose names begin with one of prefixes(scope)
    scope  = with_dependents(scope, stored)        and again, if there are more
    before = open_provider(stored, hub, lookup=a mapping that asks the database)
    step   = provider.handle(before, ...)
    store provider_changes(step.state, before), if nobody else has changed one of these parts

Rows of a part are changed together: who finds that somebody else was quicker does its step again.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

import attrs

from mimi.errors import UsageError
from mimi.identity import Domain, RoomUri
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.open_rows import OpenRows
from mimi.mls.row_errors import RowNeededError
from mimi.mls.rows import STRANGE, Changes, RowEdit, compare, damage, fields_of
from mimi.protocol.audience import domain_of
from mimi.protocol.consents_rows import consent_changes, load_consents, name_of_pair
from mimi.protocol.deliveries import LIMITS, Limits
from mimi.protocol.directory import Directory
from mimi.protocol.follower import FollowerRoom
from mimi.protocol.follower_rows import HEAD as FOLLOWER
from mimi.protocol.follower_rows import (
    follower_changes,
    follower_names,
    load_follower,
    open_follower,
)
from mimi.protocol.hosting import Hosting
from mimi.protocol.hub_row_entries import HEAD
from mimi.protocol.hub_rows import load_room, open_room, room_changes
from mimi.protocol.keystore_rows import key_changes, load_keys, name_of
from mimi.protocol.outbox import Line, Outgoing, Waiting, waiting_of
from mimi.protocol.provider_index import (
    FIXED,
    asset_servers_in,
    dependents_in,
    found_in,
    id_of_room,
    name_of_fixed,
    room_in,
    write_index,
)
from mimi.protocol.provider_state import Beyond, ProviderState
from mimi.protocol.room import HubRoom

Route: TypeAlias = tuple[RoomUri, Domain]
"""A room, and the provider that is told about it."""


@attrs.frozen
class Scope:
    """What a step has to do with; it must know nothing else.

    Attributes:
        rooms: Rooms, hosted or followed.
        users: Users whose key packages are stored, claimed or granted.
        pairs: Requesters and targets between whom consent is asked about or changed.
        references: Key packages for which a Welcome may come.
        peers: Other providers that are asked.
        servers: From which an asset may be downloaded, if some room names them.
        cascades: Whether users may be taken out of its rooms, and then out of those that depend on
            them. They may by `Provider.removed` and by updates, and by nothing else: so that
            messages cost the same however many rooms depend on theirs.
    """

    rooms: tuple[RoomUri, ...] = ()
    users: tuple[bytes, ...] = ()
    pairs: tuple[tuple[bytes, bytes], ...] = ()
    references: tuple[bytes, ...] = ()
    peers: tuple[Domain, ...] = ()
    servers: tuple[Domain, ...] = ()
    cascades: bool = True


def prefixes(scope: Scope) -> tuple[str, ...]:
    """Return with what the names of rows begin that are to be read as a whole: few, and short."""
    return tuple(dict.fromkeys(_prefixes(scope)))


def _prefixes(scope: Scope) -> Iterator[str]:
    for room in scope.rooms:
        above = f"room/{id_of_room(room)}"
        yield from (f"{above}/hub/{HEAD}", f"{above}/follower/{FOLLOWER}", f"{above}/outbox/")
        if scope.cascades:
            yield f"dependent/{id_of_room(room)}/"
    for user in scope.users:
        name = name_of(user)
        yield from (f"keys/user/{name}", f"keys/client/{name}/", f"keys/key_package/{name}/")
    for pair in scope.pairs:
        name = name_of_pair(*pair)
        yield from (f"consents/consent/{name}/", f"consents/granted/{name}/")
    for reference in scope.references:
        yield f"keys/given/{reference.hex()}"
    for provider in scope.peers:
        yield f"peer/{provider}"
    for server in scope.servers:
        yield f"assets/{server}/"


def with_dependents(scope: Scope, stored: Mapping[str, bytes]) -> Scope:
    """Return a scope with the rooms that depend on its rooms; the same value where there are none.

    Who leaves a room has to leave those as well; so it is about scopes by which somebody may.

    Args:
        scope: The scope.
        stored: The rows of its `prefixes`.

    Raises:
        DamagedSnapshotError: A row is something else.
        NewerSnapshotError: A row has a newer version.
    """
    if not scope.cascades:
        return scope
    more = tuple(dict.fromkeys(each for each in dependents_in(stored) if each not in scope.rooms))
    return attrs.evolve(scope, rooms=(*scope.rooms, *more)) if more else scope


def part_of(name: str) -> str:
    """Return what a row belongs to: what changes together, and has one version.

    They are ``room/<room>``, ``user/<user>``, ``given/<reference>``, ``pair/<pair>``,
    ``fixed/<participants>`` and ``peer/<provider>``.

    Raises:
        UsageError: There are no rows of this name.
    """
    match name.split("/"):
        case ["room", room, *_] | ["dependent" | "assets", _, room]:
            return f"room/{room}"
        case ["keys", "given", reference]:
            return f"given/{reference}"
        case ["keys", _, user, *_]:
            return f"user/{user}"
        case ["consents", _, pair, *_]:
            return f"pair/{pair}"
        case ["fixed" | "peer", _]:
            return name
    raise UsageError(f"no row is called {name}")


# Writing


def save_provider(state: ProviderState) -> dict[str, bytes]:
    """Return all that a provider has in rows."""
    return dict(provider_changes(state).written)


def provider_changes(now: ProviderState, before: ProviderState | None = None) -> Changes:
    """Return what a provider has otherwise than what is stored: one transaction.

    Args:
        now: The state after a step.
        before: The one before, whose rows are stored; None where none are.

    Raises:
        RowNeededError: A row that is to be written again was not read yet.
    """
    out, old = RowEdit(), ProviderState() if before is None else before
    for uri in {**now.rooms, **old.rooms}:
        if now.rooms.get(uri) is not old.rooms.get(uri):
            _write_room(out, uri, now.rooms.get(uri), old.rooms.get(uri))
    write_index(out, now.rooms, old.rooms)
    for uri in {**now.followed, **old.followed}:
        if now.followed.get(uri) is not old.followed.get(uri):
            _write_followed(out, uri, now.followed.get(uri), old.followed.get(uri))
    for route in {**now.outbox, **old.outbox}:
        if now.outbox.get(route) is not old.outbox.get(route):
            _write_line(out, route, now.outbox.get(route, NOTHING), old.outbox.get(route, NOTHING))
    _add(out, "keys", key_changes(now.keys, old.keys))
    _add(out, "consents", consent_changes(now.consents, old.consents))
    for provider in {**now.peers, **old.peers}:
        directory, name = now.peers.get(provider), f"peer/{provider}"
        if directory is None:
            out.erase(name)
        elif directory is not old.peers.get(provider):
            out.write(name, "peer", {"directory": directory.encode()})
    return out.changes()


NOTHING = Line()


def _add(out: RowEdit, above: str, changes: Changes) -> None:
    out.written.update({f"{above}/{name}": row for name, row in changes.written.items()})
    out.erased.extend(f"{above}/{name}" for name in changes.erased)


def _write_room(out: RowEdit, uri: RoomUri, now: HubRoom | None, before: HubRoom | None) -> None:
    above = f"room/{id_of_room(uri)}/hub"
    if now is not None:
        _add(out, above, room_changes(now, before))
    elif before is not None:
        _add(out, above, Changes({}, tuple(room_changes(before).written)))


def _write_followed(
    out: RowEdit, uri: RoomUri, now: FollowerRoom | None, before: FollowerRoom | None
) -> None:
    above = f"room/{id_of_room(uri)}/follower"
    if now is not None:
        _add(out, above, follower_changes(now, before))
    elif before is not None:
        _add(out, above, Changes({}, tuple(follower_names(before))))


def _write_line(out: RowEdit, route: Route, now: Line, before: Line) -> None:
    name = _name_of_line(route)
    if not now.waiting:
        out.erase(name)
    elif _line_fields(route, now) != _line_fields(route, before):
        out.write(name, "line", _line_fields(route, now))
    for number in now.waiting.new_since(before.waiting):
        body = now.waiting.of(number).body
        out.write(_name_of_note(route, number), "outgoing", {"body": body})
    for number in now.waiting.gone_since(before.waiting):
        out.erase(_name_of_note(route, number))


def _name_of_line(route: Route) -> str:
    return f"room/{id_of_room(route[0])}/outbox/{route[1]}"


def _name_of_note(route: Route, number: int) -> str:
    return f"room/{id_of_room(route[0])}/notify/{route[1]}/{number}"


def _line_fields(route: Route, line: Line) -> dict[str, object]:
    return {
        "room": str(route[0]).encode(),
        "first": line.waiting.numbers.start if line.waiting else 0,
        "waiting": len(line.waiting),
        "together": line.together,
        "attempts": line.attempts,
        "at": line.at,
        "soonest": line.soonest,
        "unaddressed": line.unaddressed,
        "octets": line.octets,
        "length": line.length,
    }


# Reading


def load_provider(
    stored: Mapping[str, bytes], hub: Hosting, *, limits: Limits = LIMITS
) -> ProviderState:
    """Return all that a provider has, checked in full.

    Args:
        stored: All its rows.
        hub: Its hub.
        limits: How much is kept for clients from now on.

    Raises:
        DamagedSnapshotError: They are something else.
        NewerSnapshotError: A row has a newer version.
    """
    state, rooms = _read(stored), {}
    followed = _load_followed(stored, limits)
    for room, rows in _below_rooms(stored, "hub").items():
        with damage(f"room/{room}/hub/{HEAD}"):
            loaded = load_room(rows, hub)
        _check_id(loaded.uri, room, f"room/{room}/hub/{HEAD}")
        rooms[loaded.uri] = loaded
    outbox = MappingProxyType({route: _whole(line) for route, line in state.outbox.items()})
    loaded_state = attrs.evolve(
        state, rooms=MappingProxyType(rooms), followed=followed, outbox=outbox
    )
    compare(stored, save_provider(loaded_state))
    return loaded_state


def open_provider(
    stored: Mapping[str, bytes],
    hub: Hosting,
    *,
    lookup: Mapping[str, bytes] | None = None,
    partial: bool = False,
    limits: Limits = LIMITS,
) -> ProviderState:
    """Return as much of what a provider has as a step has to do with.

    Args:
        stored: All rows whose names begin with one of the `prefixes` of its scope.
        hub: Its hub.
        lookup: The other rows of rooms, looked up by name as they are needed; None where
            they are among *stored*.
        partial: Whether a row that is missing may be stored elsewhere: `open_provider`, the step
            and `provider_changes` raise `RowNeededError` then. Fetch what it names, and do the same
            again; for a name that is not stored *lookup* has no octets, ``b""``.
        limits: How much is kept for clients from now on.

    Raises:
        RowNeededError: A row is not among *lookup* yet.
        DamagedSnapshotError: What was read is something else.
        NewerSnapshotError: A row has a newer version.
    """
    source = stored if lookup is None else _Either(stored, lookup)
    state, rooms, followed = _read(stored, source, partial=partial), {}, {}
    for name in stored:
        match name.split("/"):
            case ["room", room, "hub", last] if last == HEAD:
                above = f"room/{room}/hub/"
                with damage(name):
                    opened = open_room(source, hub, partial=partial, above=above)
                _check_id(opened.uri, room, name)
                rooms[opened.uri] = opened
            case ["room", room, "follower", last] if last == FOLLOWER:
                above = f"room/{room}/follower/"
                with damage(name):
                    known = open_follower(source, above=above, partial=partial, limits=limits)
                _check_id(known.uri, room, name)
                followed[known.uri] = known
    return attrs.evolve(
        state,
        rooms=MappingProxyType(rooms),
        followed=MappingProxyType(followed),
        beyond=_beyond(stored, source, hub, partial=partial),
    )


def _beyond(
    stored: Mapping[str, bytes], source: Mapping[str, bytes], hub: Hosting, *, partial: bool
) -> Beyond:
    """Return what is to be found beside the rooms that a step begins with."""

    def found(name: str) -> bytes | None:
        row = source.get(name)
        if row is None and partial:
            raise RowNeededError((name,))
        return row or None

    def room(uri: RoomUri) -> HubRoom | None:
        above = f"room/{id_of_room(uri)}/hub/"
        if found(above + HEAD) is None:
            return None
        with damage(above + HEAD):
            return open_room(source, hub, partial=partial, above=above)

    def fixed(users: frozenset[bytes]) -> RoomUri | None:
        name = name_of_fixed(users)
        row = found(name)
        return None if row is None else found_in(name, FIXED, row)

    return Beyond(room, fixed, asset_servers_in(stored))


class _Either(Mapping[str, bytes]):
    """Rows that were read, and others that are looked up."""

    def __init__(self, read: Mapping[str, bytes], lookup: Mapping[str, bytes]) -> None:
        self._read, self._lookup = read, lookup

    def __getitem__(self, name: str) -> bytes:
        row = self._read.get(name)
        return self._lookup[name] if row is None else row

    def __contains__(self, name: object) -> bool:
        return name in self._read or name in self._lookup

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


def _check_id(uri: RoomUri, room: str, row: str) -> None:
    if id_of_room(uri) != room:
        raise DamagedSnapshotError("the name is not that of the room", row)


def _load_followed(stored: Mapping[str, bytes], limits: Limits) -> Mapping[RoomUri, FollowerRoom]:
    followed = {}
    for room, rows in _below_rooms(stored, "follower").items():
        name = f"room/{room}/follower"
        with damage(name):
            loaded = load_follower(rows, limits=limits)
        _check_id(loaded.uri, room, name)
        followed[loaded.uri] = loaded
    return MappingProxyType(followed)


def _read(
    stored: Mapping[str, bytes], source: Mapping[str, bytes] | None = None, *, partial: bool = False
) -> ProviderState:
    """Return what stored rows say, but for rooms themselves."""
    rows = OpenRows(stored if source is None else source, partial=partial)
    return ProviderState(
        keys=load_keys(_below(stored, "keys/")),
        consents=load_consents(_below(stored, "consents/")),
        peers=MappingProxyType(dict(_read_peers(_below(stored, "peer/")))),
        outbox=MappingProxyType(dict(_read_lines(stored, rows))),
    )


def _below(stored: Mapping[str, bytes], above: str) -> dict[str, bytes]:
    return {name[len(above) :]: row for name, row in stored.items() if name.startswith(above)}


def _below_rooms(stored: Mapping[str, bytes], what: str) -> dict[str, dict[str, bytes]]:
    """Return the rows of one kind of each room."""
    found: dict[str, dict[str, bytes]] = {}
    for name, row in stored.items():
        match name.split("/", 3):
            case ["room", room, kind, last] if kind == what:
                found.setdefault(room, {})[last] = row
    return found


def _read_lines(stored: Mapping[str, bytes], rows: OpenRows) -> Iterator[tuple[Route, Line]]:
    """Yield the lines of rooms, whose notifications are read when they are sent.

    Raises:
        DamagedSnapshotError: They are something else.
    """
    for name, row in stored.items():
        match name.split("/"):
            case ["room", room, "outbox", provider]:
                fields = fields_of(name, "line", row)
                with damage(name):
                    route = room_in(fields), domain_of(provider.encode())
                first, count = fields.number("first"), fields.number("waiting")
                together, attempts = fields.number("together"), fields.number("attempts")
                at, soonest = fields.number("at"), fields.number("soonest")
                unaddressed = fields.flag("unaddressed")
                octets, length = fields.number("octets"), fields.number("length")
                fields.done()
                _check_id(route[0], room, name)
                if not count or together > count or str(route[1]) != provider:
                    raise DamagedSnapshotError(STRANGE, name)
                waiting = _open_waiting(rows, route, range(first, first + count))
                sent = together, attempts, at, soonest, unaddressed
                yield route, Line(waiting, *sent, octets, length)


def _whole(line: Line) -> Line:
    """Return a line all of which was read."""
    sent = line.together, line.attempts, line.at, line.soonest, line.unaddressed
    return Line(waiting_of(tuple(line.waiting)), *sent)


def _open_waiting(rows: OpenRows, route: Route, numbers: range) -> Waiting:
    def read(number: int) -> Outgoing:
        (body,) = rows.octets(_name_of_note(route, number), "outgoing", "body")
        return Outgoing(number, body)

    def expect(wanted: Iterable[int]) -> None:
        rows.expect(_name_of_note(route, number) for number in wanted)

    return Waiting(numbers, {}, read, expect)


def _read_peers(stored: Mapping[str, bytes]) -> Iterator[tuple[Domain, Directory]]:
    for name, row in stored.items():
        fields = fields_of(f"peer/{name}", "peer", row)
        with damage(fields.row):
            provider, directory = (
                domain_of(name.encode()),
                Directory.parse(fields.octets("directory")),
            )
        fields.done()
        if str(provider) != name:
            raise DamagedSnapshotError("the name is not that of the provider", fields.row)
        yield provider, directory
