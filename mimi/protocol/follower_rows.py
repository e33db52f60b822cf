"""A follower's room in rows, none of which has to be read before it is needed.

::

    follower              how far it is, and how many of the others there are
    client/<n>            how far clients are: a shard of them, see `mimi.tree.shards`
    standing              for how many clients nothing waits up to each number
    index/<block>         what is known of messages that are kept without reading them
    delivery/<number>     a message that is kept for clients
    named/<number>        to whom it goes, or does not, where that is not everybody
    body/<block>          notifications that are known again, by their digests

A notification for all reads the clients, whose URIs its deliveries name, but no message; it writes
the message and three small rows. An acknowledgement reads and writes the client's shard and a few
numbers.
"""

from collections.abc import Iterable, Mapping
from functools import partial as bound

import attrs

from mimi.codec import decode, encode
from mimi.identity import RoomUri
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.open_rows import OpenRows
from mimi.mls.rows import Changes, RowEdit, Rows, compare, damage
from mimi.mls.table_rows import shard_names, stored_shards, write_shards
from mimi.protocol.deliveries import LIMITS, Limits
from mimi.protocol.fanout import FanoutMessage
from mimi.protocol.follower import FollowerRoom
from mimi.protocol.follower_row_entries import (
    DIGEST_BLOCK,
    blocks_of_bodies,
    blocks_of_notes,
    counts_octets,
    gaps_octets,
    places_octets,
    read_bodies,
    read_counts,
    read_gaps,
    read_notes,
    read_places,
)
from mimi.protocol.kept import (
    BLOCK,
    NOTHING,
    Later,
    Log,
    LogSource,
    Note,
    Roster,
    entry_of,
    log_of,
    roster_of,
)
from mimi.tree.shards import address, width_of
from mimi.tree.table import Table

HEAD = "follower"
CLIENT, STANDING, INDEX = "client", "standing", "index"
DELIVERY, NAMED, BODY = "delivery", "named", "body"
_NUMBERS = ("number", "to_all", "dropped", "epoch", "heard")


def save_follower(room: FollowerRoom) -> dict[str, bytes]:
    """Return a room in rows."""
    return dict(follower_changes(room).written)


def follower_changes(now: FollowerRoom, before: FollowerRoom | None = None) -> Changes:
    """Return what a room has otherwise than what is stored.

    Args:
        now: The room.
        before: The one whose rows are stored; None where none are.

    Raises:
        RowNeededError: A row that is to be written again was not read yet.
    """
    out = RowEdit()
    if now is before:
        return out.changes()
    if before is None or _head_fields(now) != _head_fields(before):
        out.write(HEAD, HEAD, _head_fields(now))
    if before is None or now.clients is not before.clients:
        old = None if before is None else before.clients.table
        write_shards(out, CLIENT, now.clients.table, old, places_octets)
        standing = now.clients.standing
        if before is None or standing != before.clients.standing:
            out.write(STANDING, STANDING, {"counts": counts_octets(standing)})
    if before is None or now.log is not before.log:
        _write_log(out, now.log, NOTHING if before is None else before.log)
    if before is None or now.bodies is not before.bodies:
        known = {} if before is None else blocks_of_bodies(before.bodies)
        _write_blocks(out, BODY, "digests", blocks_of_bodies(now.bodies), known)
    return out.changes()


def follower_names(room: FollowerRoom) -> Iterable[str]:
    """Return the names of all rows of a room."""
    yield from (HEAD, STANDING, *shard_names(CLIENT, len(room.clients)))
    yield from (f"{INDEX}/{block}" for block in blocks_of_notes(room.log.notes))
    yield from (f"{DELIVERY}/{note.number}" for note in room.log.notes)
    yield from (f"{NAMED}/{note.number}" for note in room.log.notes if note.has_names)
    yield from (f"{BODY}/{block}" for block in blocks_of_bodies(room.bodies))


def _head_fields(room: FollowerRoom) -> dict[str, object]:
    return {
        "room": str(room.uri).encode(),
        "group_id": room.group_id,
        **{name: getattr(room, name) for name in _NUMBERS},
        "clients": len(room.clients),
        "deliveries": len(room.log),
        "index": gaps_octets(room.log.blocks),
        "bodies": len(room.bodies),
        "told": room.told,
    }


def _write_log(out: RowEdit, now: Log, before: Log) -> None:
    notes, old = set(now.notes), set(before.notes)
    # of thousands that wait for a client that is away, few change: the other blocks are left alone
    touched = {note.number // BLOCK for note in notes ^ old}
    index, was = (
        blocks_of_notes(note for note in log.notes if note.number // BLOCK in touched)
        for log in (now, before)
    )
    _write_blocks(out, INDEX, "notes", index, was)
    for note in sorted(notes - old):
        message = now.message(note.number)
        out.write(f"{DELIVERY}/{note.number}", DELIVERY, {"message": encode(message)})
        if note.has_names:
            clients = sorted(now.named(note.number))
            out.write(f"{NAMED}/{note.number}", NAMED, {"clients": clients})
    for note in sorted(old - notes):
        out.erase(f"{DELIVERY}/{note.number}")
        if note.has_names:
            out.erase(f"{NAMED}/{note.number}")


def _write_blocks(
    out: RowEdit, kind: str, field: str, now: Mapping[int, bytes], before: Mapping[int, bytes]
) -> None:
    for block, octets in now.items():
        if before.get(block) != octets:
            out.write(f"{kind}/{block}", kind, {field: octets})
    for block in before:
        if block not in now:
            out.erase(f"{kind}/{block}")


# Reading


def open_follower(
    stored: Mapping[str, bytes],
    *,
    above: str = "",
    partial: bool = False,
    limits: Limits = LIMITS,
) -> FollowerRoom:
    """Return a room whose rows are read as they are needed.

    Args:
        stored: Its rows.
        above: What their names begin with where they are stored.
        partial: Whether a row that is missing may be stored elsewhere.
        limits: How much is kept of it from now on.

    Raises:
        RowNeededError: A row is not among *stored* yet.
        DamagedSnapshotError: What was read is something else.
        NewerSnapshotError: A row has a newer version.
    """
    rows = OpenRows(stored, partial=partial, above=above)
    head = rows.take(HEAD, HEAD)
    with damage(HEAD):
        uri = RoomUri.parse(head.octets("room").decode("ascii", "replace"))
    numbers = {name: head.number(name) for name in (*_NUMBERS, "told")}
    clients, deliveries, bodies = (
        head.number(name) for name in ("clients", "deliveries", "bodies")
    )
    if bodies > numbers["told"]:
        raise DamagedSnapshotError("more notifications than were told", HEAD)
    blocks = read_gaps(HEAD, head.octets("index"))
    group_id = head.octets("group_id")
    head.done()
    log = Log(_Stored(rows, blocks, deliveries), deliveries, None, {}) if deliveries else NOTHING
    base = (STANDING, *(f"{INDEX}/{block}" for block in blocks))
    read = bound(_read_bodies, rows, base, numbers["told"], bodies)
    return FollowerRoom(
        uri,
        _open_clients(rows, base, clients),
        log,
        bodies=Later(bodies, read) if bodies else {},
        group_id=group_id,
        limits=limits,
        **numbers,
    )


def _open_clients(rows: OpenRows, base: tuple[str, ...], count: int) -> Roster:
    """Return the clients; with the first of them the rows are read that most steps need."""
    table = Table(stored_shards(rows, CLIENT, count, read_places))
    width = width_of(count)

    def standing() -> Mapping[int, int]:
        (octets,) = rows.octets(STANDING, STANDING, "counts")
        found = read_counts(STANDING, octets)
        if sum(found.values()) != count:
            raise DamagedSnapshotError("clients are missing, or too many", STANDING)
        return found

    expected: set[int] = set()

    def expect(clients: Iterable[bytes] | None) -> None:
        if count and rows.partial:
            shards = range(width) if clients is None else [address(each, width) for each in clients]
            wanted = sorted(set(shards) - expected)
            if wanted:
                rows.expect((*base, *(f"{CLIENT}/{number}" for number in wanted)))
                expected.update(wanted)

    return Roster(table, standing, expect)


def _read_bodies(
    rows: OpenRows, base: tuple[str, ...], last: int, count: int
) -> Mapping[bytes, int]:
    first, found = last - count + 1, dict[bytes, int]()
    blocks = range(first // DIGEST_BLOCK, last // DIGEST_BLOCK + 1)
    rows.expect((*base, *(f"{BODY}/{block}" for block in blocks)))
    for block in blocks:
        name = f"{BODY}/{block}"
        (octets,) = rows.octets(name, BODY, "digests")
        found |= read_bodies(name, octets, max(first, block * DIGEST_BLOCK))
    if len(found) != count:
        raise DamagedSnapshotError("digests are missing, or too many", HEAD)
    return found


class _Stored(LogSource):
    """Messages in rows."""

    def __init__(self, rows: OpenRows, blocks: tuple[int, ...], count: int) -> None:
        self._rows, self.blocks, self._count = rows, blocks, count
        self._messages: dict[int, FanoutMessage] = {}
        self._named: dict[int, frozenset[bytes]] = {}

    def notes(self) -> tuple[Note, ...]:
        notes: list[Note] = []
        self._rows.expect(f"{INDEX}/{block}" for block in self.blocks)
        for block in self.blocks:
            name = f"{INDEX}/{block}"
            (octets,) = self._rows.octets(name, INDEX, "notes")
            notes += read_notes(name, block, octets)
        if len(notes) != self._count:
            raise DamagedSnapshotError("messages are missing, or too many", HEAD)
        return tuple(notes)

    def message(self, number: int) -> FanoutMessage:
        found = self._messages.get(number)
        if found is None:
            name = f"{DELIVERY}/{number}"
            (octets,) = self._rows.octets(name, DELIVERY, "message")
            with damage(name):
                found = self._messages[number] = decode(FanoutMessage, octets)
        return found

    def named(self, number: int) -> frozenset[bytes]:
        found = self._named.get(number)
        if found is None:
            fields = self._rows.take(f"{NAMED}/{number}", NAMED)
            found = self._named[number] = frozenset(fields.octet_strings("clients"))
            fields.done()
        return found

    def expect(self, messages: Iterable[int], named: Iterable[int]) -> None:
        names = [f"{DELIVERY}/{number}" for number in messages]
        self._rows.expect((*names, *(f"{NAMED}/{number}" for number in named)))


def load_follower(stored: Mapping[str, bytes], *, limits: Limits = LIMITS) -> FollowerRoom:
    """Return a room that is stored, all of it read and checked.

    Args:
        stored: All its rows.
        limits: How much is kept of it from now on.

    Raises:
        DamagedSnapshotError: They are something else.
        NewerSnapshotError: A row has a newer version.
    """
    Rows(stored)
    with damage(HEAD):
        opened = open_follower(stored, limits=limits)
        entries = [entry_of(at.number, at.message, at.clients, at.but) for at in opened.log]
        room = attrs.evolve(
            opened,
            clients=roster_of(dict(opened.clients)),
            log=log_of(entries),
            bodies=dict(opened.bodies),
        )
    compare(stored, save_follower(room))
    return room
