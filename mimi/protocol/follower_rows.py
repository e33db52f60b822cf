"""A follower's room in rows, one for each client and each message that is kept.

::

    follower              how far it is, and how many of the others there are
    client/<client>       how far a client is
    delivery/<number>     a message that is kept for clients
    body/<digest>         a notification that is known again

``<client>`` is the first 16 octets of SHA-256 of its URI, in hexadecimal; ``<digest>`` all of that
of the body. A notification writes two small rows and one for its message, and none for each client;
an acknowledgement writes one small row. A room of few clients is read as a whole.
"""

import hashlib
from collections.abc import Mapping

from mimi.codec import decode, encode
from mimi.identity import RoomUri
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.rows import STRANGE, Changes, Fields, RowEdit, Rows, damage
from mimi.protocol.deliveries import LIMITS, Entry, Limits, Place
from mimi.protocol.fanout import FanoutMessage
from mimi.protocol.follower import FollowerRoom
from mimi.protocol.keystore_rows import octets_in_name

HEAD = "follower"
_NUMBERS = ("number", "to_all", "dropped", "epoch", "heard")
_PLACES = ("since", "acknowledged", "alone", "dropped")


def save_follower(room: FollowerRoom) -> dict[str, bytes]:
    """Return a room in rows."""
    return dict(follower_changes(room).written)


def follower_changes(now: FollowerRoom, before: FollowerRoom | None = None) -> Changes:
    """Return what a room has otherwise than what is stored.

    Args:
        now: The room.
        before: The one whose rows are stored; None where none are.
    """
    out = RowEdit()
    if before is None or _head_fields(now) != _head_fields(before):
        out.write(HEAD, HEAD, _head_fields(now))
    clients, were = _clients(now), {} if before is None else _clients(before)
    out.write_table("client", clients, were, _client_fields)
    log, old = _log(now), {} if before is None else _log(before)
    out.write_table("delivery", log, old, _entry_fields)
    bodies, known = _bodies(now), {} if before is None else _bodies(before)
    out.write_table("body", bodies, known, lambda number: {"number": number})
    return out.changes()


def _head_fields(room: FollowerRoom) -> dict[str, object]:
    return {
        "room": str(room.uri).encode(),
        "group_id": room.group_id,
        **{name: getattr(room, name) for name in _NUMBERS},
        "clients": len(room.clients),
        "deliveries": len(room.log),
        "bodies": len(room.bodies),
    }


def _name_of(client: bytes) -> str:
    return hashlib.sha256(client).digest()[:16].hex()


def _clients(room: FollowerRoom) -> dict[str, tuple[bytes, Place]]:
    return {_name_of(client): (client, place) for client, place in room.clients.items()}


def _log(room: FollowerRoom) -> dict[str, Entry]:
    return {str(entry.number): entry for entry in room.log}


def _bodies(room: FollowerRoom) -> dict[str, int]:
    return {digest.hex(): number for digest, number in room.bodies.items()}


def _client_fields(client: tuple[bytes, Place]) -> dict[str, object]:
    uri, place = client
    return {"client": uri, "by": place.by, **{name: getattr(place, name) for name in _PLACES}}


def _entry_fields(entry: Entry) -> dict[str, object]:
    return {
        "message": encode(entry.message),
        "to_all": entry.clients is None,
        "clients": sorted(entry.clients or ()),
    }


def load_follower(stored: Mapping[str, bytes], *, limits: Limits = LIMITS) -> FollowerRoom:
    """Return a room that is stored.

    Args:
        stored: All its rows.
        limits: How much is kept of it from now on.

    Raises:
        DamagedSnapshotError: They are something else.
        NewerSnapshotError: A row has a newer version.
    """
    with damage():
        rows = Rows(stored)
        head = rows.take(HEAD, HEAD)
        with damage(HEAD):
            uri = RoomUri.parse(head.octets("room").decode("ascii", "replace"))
        clients = dict(_read_client(*each) for each in rows.take_below("client", "client"))
        log = [_read_entry(*each) for each in rows.take_numbered("delivery", "delivery")]
        bodies = dict(_read_body(*each) for each in rows.take_below("body", "body"))
        counts = [head.number(name) for name in ("clients", "deliveries", "bodies")]
        if counts != [len(clients), len(log), len(bodies)]:
            raise DamagedSnapshotError("rows are missing, or too many", HEAD)
        group_id = head.octets("group_id")
        number, to_all, dropped, epoch, heard = (head.number(name) for name in _NUMBERS)
        head.done()
        rows.done()
    log.sort(key=lambda entry: entry.number)
    return FollowerRoom(
        uri,
        clients,
        tuple(log),
        number,
        to_all,
        dropped,
        bodies,
        group_id=group_id,
        epoch=epoch,
        heard=heard,
        limits=limits,
    )


def _read_client(last: str, fields: Fields) -> tuple[bytes, Place]:
    client, by = fields.octets("client"), fields.octets("by")
    since, acknowledged, alone, dropped = (fields.number(name) for name in _PLACES)
    place = Place(since, acknowledged, alone, dropped, by)
    fields.done()
    if last != _name_of(client):
        raise DamagedSnapshotError("the name is not that of the client", fields.row)
    return client, place


def _read_entry(number: int, fields: Fields) -> Entry:
    octets, to_all = fields.octets("message"), fields.flag("to_all")
    clients = frozenset(fields.octet_strings("clients"))
    fields.done()
    if to_all and clients:
        raise DamagedSnapshotError(STRANGE, fields.row)
    with damage(fields.row):
        message = decode(FanoutMessage, octets)
    return Entry(number, message, None if to_all else clients, len(octets))


def _read_body(last: str, fields: Fields) -> tuple[bytes, int]:
    number = fields.number("number")
    fields.done()
    digest = octets_in_name(last, fields.row)
    if len(digest) != hashlib.sha256().digest_size:
        raise DamagedSnapshotError("the name is no digest", fields.row)
    return digest, number
