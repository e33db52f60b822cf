"""A room at its hub in rows, which need not all be read to accept something in it.

::

    hub_room              which room it is, how far it is, how many have each role, and how large
                          the rest is
    participants          how the participant list is divided
    clients/<n>           users with clients in the group, and how many
    providers/<n>         providers: the next notification's number, and their users by role
    destinations/<n>      references of claimed key packages, and where these came from
    wanted/<n>            users whom the hub itself wants to have another role
    accepted/<reference>  a proposal of the epoch, as it was received
    recent                digests of what was accepted lately, in order
    recent/<digest>       what was answered to one of them

and the rows of the group: see `mimi.mls.PublicGroup`. A commit, a proposal and a message write a
few of them each, however many members there are.

The group context says who takes part and the tree who has clients, but only if one looks through
them; ``participants``, ``clients`` and ``providers`` say what follows from that. `load_room`
compares them with it. What `open_room` reads is trusted as far as its digest.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from functools import partial as with_first
from types import MappingProxyType
from typing import Any, NamedTuple

import attrs

from mimi.codec import decode, encode
from mimi.errors import UsageError
from mimi.identity import Domain
from mimi.mls import PublicGroup
from mimi.mls.appdata import Components
from mimi.mls.builtin import with_built_in
from mimi.mls.components import component_of
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.message import MLSMessage
from mimi.mls.open_rows import OpenRows
from mimi.mls.rows import Changes, RowEdit, Rows, compare, damage
from mimi.mls.table_rows import shard_names, stored_shards, write_shards
from mimi.policy.blocks import Block, body_of
from mimi.policy.clients import Clients
from mimi.policy.components import Roles, Rooms, room_components
from mimi.policy.participants import Participants
from mimi.policy.policy import RoomPolicy
from mimi.policy.room import Room
from mimi.policy.structures import FRANKING_AGENT, PARTICIPANT_LIST, ROLES_LIST
from mimi.protocol.audience import Audience, audience_of, cut_off, domain_of
from mimi.protocol.franking import FrankingAgent
from mimi.protocol.hosting import Hosting
from mimi.protocol.hub_row_entries import (
    ACCEPTED,
    CLIENTS,
    DESTINATIONS,
    HEAD,
    PARTICIPANTS,
    PROVIDERS,
    RECENT,
    WANTED,
    Presence,
    Sizes,
    block_octets,
    count_octets,
    destination_octets,
    divided,
    number_octets,
    presence_octets,
    read_counts,
    read_destinations,
    read_numbers,
    read_presences,
    room_of,
)
from mimi.protocol.recent import Recent
from mimi.protocol.room import Accepted, HubRoom, Taken
from mimi.protocol.submit import Frank
from mimi.tree.table import Table

HEAD_FIELDS = ("room", "sizes", "counts", "vacant", "accepted")
DIGEST = 32
NO_USERS: Mapping[int, int] = MappingProxyType({})


def save_room(room: HubRoom) -> dict[str, bytes]:
    """Return a room in rows, by their names; errors are those of `PublicGroup.save`."""
    return dict(room_changes(room).written)


def room_changes(now: HubRoom, before: HubRoom | None = None) -> Changes:
    """Return what a room has otherwise than what is stored.

    The cost depends on what has changed and hardly on the size of the room.

    Args:
        now: The room.
        before: The one whose rows are stored; None where none are.

    Raises:
        UsageError: The group is no room, or its tree has over 2^20 leaves.
    """
    out = RowEdit()
    group = _group_changes(now.group, None if before is None else before.group)
    out.written.update(group.written)
    out.erased.extend(group.erased)
    mine, theirs = _beside(now), None if before is None else _beside(before)
    for name, (table, octets) in mine.tables.items():
        old = None if theirs is None else theirs.tables[name][0]
        write_shards(out, name, table, old, octets)
    proposals, were = _by_hex(now.accepted), _by_hex(() if before is None else before.accepted)
    out.write_table(ACCEPTED, proposals, were, _accepted_fields)
    _write_recent(out, now.recent, None if before is None else before.recent)
    if theirs is None or mine.participants is not theirs.participants:
        out.write(PARTICIPANTS, PARTICIPANTS, {"blocks": block_octets(mine.participants.blocks)})
    if theirs is None or mine.head != theirs.head:
        out.write(HEAD, HEAD, mine.head)
    return out.changes()


def rooms_of(group: PublicGroup) -> Rooms:
    """Return how a group is read as a room.

    Raises:
        UsageError: It is followed without the components of rooms.
    """
    roles = group.components.get(int(ROLES_LIST))
    if not isinstance(roles, Roles):
        raise UsageError("the group is followed without the components of rooms")
    return roles.rooms


def seen_of(room: HubRoom) -> Room:
    """Return a room as its policy sees it; errors are those of `room_changes`."""
    found = rooms_of(room.group).room(room.group.state)
    if found is None:
        raise UsageError("the group is no room")
    return found


def _group_changes(now: PublicGroup, before: PublicGroup | None) -> Changes:
    """Return what to do with the rows of the group; a room that begins anew has another one."""
    if before is None:
        return Changes(now.save(), ())
    if before.group_id == now.group_id:
        return now.changes_since(before)
    written = now.save()
    return Changes(written, tuple(name for name in before.save() if name not in written))


_Tables = dict[str, tuple[Table[Any], Callable[[Mapping[bytes, Any]], bytes]]]


class _Beside(NamedTuple):
    """What is stored of a room beside its group, its proposals and what was accepted lately.

    Attributes:
        participants: The participant list.
        tables: Tables by their names, and how a shard of each is written.
        head: The fields of the first row.
    """

    participants: Participants
    tables: _Tables
    head: dict[str, bytes]


def _beside(room: HubRoom) -> _Beside:
    seen = seen_of(room)
    tables: _Tables = {
        CLIENTS: (seen.clients, number_octets),
        PROVIDERS: (_provider_table(room), presence_octets),
        DESTINATIONS: (Table.of(room.destinations), destination_octets),
        WANTED: (Table.of(room.wanted), number_octets),
    }
    return _Beside(seen.participants, tables, _head_fields(room, seen, tables))


def _provider_table(room: HubRoom) -> Table[Presence]:
    numbers, present = room.numbers, room.audience.present
    presences = {
        each.ascii.encode(): Presence(numbers.get(each, 0), present.get(each, NO_USERS))
        for each in (*numbers, *present)
    }
    return Table.of(presences)


def _head_fields(room: HubRoom, seen: Room, tables: _Tables) -> dict[str, bytes]:
    lengths = (len(table) for table, _ in tables.values())
    return {
        "room": str(room.uri).encode(),
        "sizes": Sizes(room.timestamp, seen.members, *lengths).octets(),
        "counts": count_octets(seen.counts),
        "accepted": b"".join(each.reference for each in room.accepted),
        "vacant": b"\1" if room.is_vacant else b"",
    }


def _by_hex(accepted: Iterable[Accepted]) -> dict[str, Accepted]:
    return {each.reference.hex(): each for each in accepted}


def _accepted_fields(accepted: Accepted) -> dict[str, object]:
    return {
        "message": encode(accepted.message),
        "timestamp": accepted.timestamp.to_bytes(8, "big"),
    }


def _write_recent(
    out: RowEdit, now: Mapping[bytes, Taken], before: Mapping[bytes, Taken] | None
) -> None:
    mine, theirs = tuple(now), () if before is None else tuple(before)
    if before is not None and (now is before or mine == theirs):
        return
    out.write(RECENT, RECENT, {"digests": b"".join(mine)})
    old, new = frozenset(theirs), frozenset(mine)
    for digest in mine:
        if digest not in old:
            out.write(f"{RECENT}/{digest.hex()}", RECENT, _taken_fields(now[digest]))
    for digest in theirs:
        if digest not in new:
            out.erase(f"{RECENT}/{digest.hex()}")


def _taken_fields(taken: Taken) -> dict[str, object]:
    return {
        "timestamp": taken.timestamp.to_bytes(8, "big"),
        "by": taken.by,
        "frank": b"" if taken.frank is None else encode(taken.frank),
    }


# Reading


@lru_cache(maxsize=16)
def _components(rooms: Rooms) -> Components:
    """Return the components of a hub's rooms: the same objects for every room that is opened."""
    return with_built_in({**room_components(rooms), int(FRANKING_AGENT): FrankingAgent()})


def open_room(
    stored: Mapping[str, bytes], hub: Hosting, *, partial: bool = False, above: str = ""
) -> HubRoom:
    """Return the room of stored rows, to be read as far as they are asked for.

    What the hub does with a commit, a proposal or a message needs a few rows, however large the
    room is. Each is checked when it is read, by its digest; whether they go together, `load_room`
    checks.

    Args:
        stored: The rows, looked up by name: a mapping that asks a database will do. They stay those
            of this room until another value of it is stored.
        hub: The hub.
        partial: Whether a row that is missing may be stored elsewhere: see `PublicGroup.open`.
        above: What the names begin with under which the rows are stored.

    Raises:
        RowNeededError: A row is not among *stored* yet.
        NewerSnapshotError: A row has a version that is not known here.
        DamagedSnapshotError: A row that was read is not what was stored; names the row.
    """
    rows = OpenRows(stored, partial=partial, above=above)
    with damage(HEAD):
        rows.expect((HEAD, RECENT))
        uri, octets, counts, vacant, listed = rows.octets(HEAD, HEAD, *HEAD_FIELDS)
        sizes = Sizes.read(octets)
        if vacant not in (b"", b"\1"):
            raise DamagedSnapshotError("neither yes nor no", HEAD)
        components = _components(hub.rooms)
        group = PublicGroup.open(stored, partial=partial, above=above, components=components)
        references = _references(listed, group.suite.nh)
        if partial:
            names = [f"{ACCEPTED}/{each.hex()}" for each in references]
            names += shard_names(PROVIDERS, sizes.providers)
            rows.expect((*names, *shard_names(WANTED, sizes.wanted)))
        seen = hub.rooms.known(group.state, _open_seen(rows, group, sizes, counts))
        numbers, present = _open_providers(rows, sizes.providers)
        wanted = stored_shards(rows, WANTED, sizes.wanted, read_numbers)
        return HubRoom(
            room_of(uri),
            group,
            tuple(_open_accepted(rows, each) for each in references),
            Table(stored_shards(rows, DESTINATIONS, sizes.destinations, read_destinations)),
            MappingProxyType(numbers),
            sizes.timestamp,
            MappingProxyType(dict(wanted.items())),
            Audience(MappingProxyType(present), cut_off(seen, group), seen),
            _open_recent(rows),
            vacant == b"\1",
        )


def _references(listed: bytes, size: int) -> list[bytes]:
    if len(listed) % size:
        raise DamagedSnapshotError("a reference is cut", HEAD)
    return [listed[at : at + size] for at in range(0, len(listed), size)]


def _open_providers(
    rows: OpenRows, count: int
) -> tuple[dict[Domain, int], dict[Domain, Mapping[int, int]]]:
    """Return the numbers of providers' next notifications, and how many users are present."""
    numbers: dict[Domain, int] = {}
    present: dict[Domain, Mapping[int, int]] = {}
    for name, each in stored_shards(rows, PROVIDERS, count, read_presences).items():
        provider = domain_of(name)
        if each.number:
            numbers[provider] = each.number
        if each.users:
            present[provider] = each.users
    return numbers, present


def _open_seen(rows: OpenRows, group: PublicGroup, sizes: Sizes, counts: bytes) -> Room:
    """Return a group as its policy sees it, by what is stored of that."""
    extensions = group.extensions

    def blocks() -> tuple[Block, ...]:
        (octets,) = rows.octets(PARTICIPANTS, PARTICIPANTS, "blocks")
        body = body_of(component_of(extensions, PARTICIPANT_LIST) or b"\0")
        if body is None:
            raise DamagedSnapshotError("the participant list does not parse", PARTICIPANTS)
        return divided(body, octets)

    clients = Clients(stored_shards(rows, CLIENTS, sizes.clients, read_numbers))
    policy = RoomPolicy.stored(with_first(component_of, extensions))
    return Room(policy, Participants(blocks), clients, read_counts(counts), sizes.members)


def _open_accepted(rows: OpenRows, reference: bytes) -> Accepted:
    name = f"{ACCEPTED}/{reference.hex()}"
    message, timestamp = rows.octets(name, ACCEPTED, "message", "timestamp")
    with damage(name):
        return Accepted(decode(MLSMessage, message), _moment(name, timestamp), reference)


def _moment(row: str, octets: bytes) -> int:
    if len(octets) != 8:
        raise DamagedSnapshotError("no point in time", row)
    return int.from_bytes(octets, "big")


def _open_recent(rows: OpenRows) -> Recent[Taken]:
    (octets,) = rows.octets(RECENT, RECENT, "digests")
    if len(octets) % DIGEST:
        raise DamagedSnapshotError("a digest is cut", RECENT)
    order = [octets[at : at + DIGEST] for at in range(0, len(octets), DIGEST)]

    def read(digest: bytes) -> Taken:
        name = f"{RECENT}/{digest.hex()}"
        by, frank, timestamp = rows.octets(name, RECENT, "by", "frank", "timestamp")
        with damage(name):
            stamp = decode(Frank, frank) if frank else None
        return Taken(_moment(name, timestamp), by, stamp)

    return Recent.stored(order, read)


def load_room(stored: Mapping[str, bytes], hub: Hosting) -> HubRoom:
    """Return the room of stored rows, all of it read, and checked against the group.

    Args:
        stored: All rows of the room, and no others.
        hub: The hub.

    Raises:
        NewerSnapshotError: A row has a version that is not known here.
        DamagedSnapshotError: The rows are not what was stored; names the row.
    """
    Rows(stored)
    opened = open_room(stored, hub)
    own = (HEAD, PARTICIPANTS, RECENT)
    tables = (CLIENTS, PROVIDERS, DESTINATIONS, WANTED, ACCEPTED, RECENT)
    group = PublicGroup.load(
        {
            name: row
            for name, row in stored.items()
            if name not in own and name.partition("/")[0] not in tables
        },
        components=_components(hub.rooms),
    )
    with damage(HEAD):
        listed = hub.room_of(opened.group).participants
        seen = hub.rooms.read(group.state)
        if seen.participants != listed:
            raise DamagedSnapshotError("the blocks are not those of the list", PARTICIPANTS)
        seen = hub.rooms.known(group.state, attrs.evolve(seen, participants=listed))
        room = attrs.evolve(
            opened,
            group=group,
            destinations=Table.of(dict(opened.destinations)),
            audience=audience_of(seen, group),
            recent=Recent.of(dict(opened.recent)),
        )
        compare(stored, save_room(room))
    return room
