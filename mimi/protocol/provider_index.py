"""By what the rooms that a provider hosts are found in rows, besides their names.

::

    dependent/<parent>/<room>    a room that depends on another
    fixed/<participants>         the room of fixed membership that these participants have
    assets/<server>/<room>       a room whose policy names a server for assets of who takes part

Each names its room. They follow from the rooms, and change with them.
"""

import hashlib
from collections.abc import Iterable, Mapping

from mimi.identity import Domain, RoomUri
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.rows import Fields, RowEdit, damage, fields_of
from mimi.policy.structures import ASSET_POLICY, AssetPolicy
from mimi.protocol.assets import peer_domains
from mimi.protocol.audience import domain_of
from mimi.protocol.hosting import participants_of
from mimi.protocol.hub_row_entries import room_of
from mimi.protocol.hub_rows import seen_of
from mimi.protocol.keystore_rows import name_of
from mimi.protocol.room import HubRoom

DEPENDENT = "dependent"
FIXED = "fixed"
ASSETS = "assets"


def id_of_room(room: RoomUri) -> str:
    """Return what stands for a room in names: the first 16 octets of SHA-256, in hexadecimal."""
    return name_of(str(room).encode())


# What follows from a room


def fixed_participants(room: HubRoom) -> frozenset[bytes] | None:
    """Return by whom a room of fixed membership is known; None for another room."""
    seen = seen_of(room)
    return participants_of(seen) if seen.policy.base.fixed_membership else None


def asset_servers(room: HubRoom) -> frozenset[Domain]:
    """Return the servers for assets of the providers that take part in a room."""
    policy = seen_of(room).policy.component(ASSET_POLICY, AssetPolicy)
    if policy is None:
        return frozenset()
    return peer_domains(policy, (room.uri.provider, *room.audience.followers))


def name_of_fixed(users: Iterable[bytes]) -> str:
    """Return under which name the room of fixed membership of some participants is found."""
    digests = (hashlib.sha256(user).digest() for user in sorted(users))
    return f"{FIXED}/{name_of(b''.join(digests))}"


def _names(uri: RoomUri, room: HubRoom | None) -> dict[str, str]:
    """Return under which names a room is found, and the kind of each row."""
    if room is None:
        return {}
    last, parents = id_of_room(uri), seen_of(room).policy.base.parent_room
    found = {f"{DEPENDENT}/{name_of(parent)}/{last}": DEPENDENT for parent in parents}
    found |= {f"{ASSETS}/{server}/{last}": ASSETS for server in asset_servers(room)}
    users = fixed_participants(room)
    return found if users is None else {**found, name_of_fixed(users): FIXED}


# Writing


def write_index(
    out: RowEdit, now: Mapping[RoomUri, HubRoom], before: Mapping[RoomUri, HubRoom]
) -> None:
    """Write how rooms are found, where that is otherwise than what is stored."""
    written: dict[str, tuple[str, RoomUri]] = {}
    erased: set[str] = set()
    for uri in {**now, **before}:
        room, old = now.get(uri), before.get(uri)
        if _is_found_alike(room, old):
            continue
        names, stale = _names(uri, room), _names(uri, old)
        written |= {name: (kind, uri) for name, kind in names.items() if name not in stale}
        erased |= stale.keys() - names.keys()
    for name, (kind, uri) in written.items():
        out.write(name, kind, {"room": str(uri).encode()})
    for name in sorted(erased - written.keys()):
        out.erase(name)


def _is_found_alike(room: HubRoom | None, before: HubRoom | None) -> bool:
    """Return whether nothing has changed by which a room is found, as by any message."""
    if room is None or before is None:
        return room is before
    if room.group is before.group:
        return True
    seen, then = seen_of(before), seen_of(room)
    is_policy_kept = seen.policy is then.policy and seen.participants is then.participants
    return is_policy_kept and room.audience.followers == before.audience.followers


# Reading


def room_in(fields: Fields) -> RoomUri:
    """Return the room that a row names; it raises `DamagedSnapshotError`."""
    with damage(fields.row):
        return room_of(fields.octets("room"))


def found_in(name: str, kind: str, row: bytes) -> RoomUri:
    """Return the room that is found by a row.

    Raises:
        DamagedSnapshotError: The row is something else.
        NewerSnapshotError: It has a newer version.
    """
    fields = fields_of(name, kind, row)
    room = room_in(fields)
    fields.done()
    if kind != FIXED and not name.endswith(f"/{id_of_room(room)}"):
        raise DamagedSnapshotError("the name is not that of the room", name)
    return room


def dependents_in(stored: Mapping[str, bytes]) -> tuple[RoomUri, ...]:
    """Return the rooms that depend on others; errors are those of `found_in`."""
    names = (name for name in stored if name.startswith(f"{DEPENDENT}/"))
    return tuple(found_in(name, DEPENDENT, stored[name]) for name in names)


def asset_servers_in(stored: Mapping[str, bytes]) -> frozenset[Domain]:
    """Return the servers for assets that rooms name; errors are those of `found_in`."""
    found = set()
    for name, row in stored.items():
        if name.startswith(f"{ASSETS}/"):
            found_in(name, ASSETS, row)
            with damage(name):
                found.add(domain_of(name.split("/")[1].encode()))
    return frozenset(found)
