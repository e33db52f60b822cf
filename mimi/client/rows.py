"""Devices and their rooms in rows (docs/persistence.md has their form).

::

    device             URIs                      room              what fits nowhere else
    client/...         the rows of the client    group/...         the rows of the group
                                                 underway          what is on its way to the hub
                                                 sent/<id>         messages that wait for times
                                                 unsent/<id>       what the hub did not take
                                                 waiting/<hash>    what cannot be processed yet
                                                 arrival/<id>      the conversation, by message IDs
                                                 contents          how many of each there are
"""

import hashlib
from collections.abc import Callable, Mapping, Sized
from typing import Any, TypeVar

import attrs

from mimi.client.state import (
    Kind,
    Moderated,
    Owner,
    R,
    RoomState,
    Sent,
    Stored,
    Underway,
    Waiting,
    journalled,
)
from mimi.codec import decode, encode
from mimi.content import message as content
from mimi.content.authority import Arrival
from mimi.content.conversation import Conversation
from mimi.content.model import Message
from mimi.content.persistent import Trie
from mimi.crypto import Entropy
from mimi.identity import ClientUri, RoomUri
from mimi.mls import Client, Group, MediaType, Settings
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.rows import Changes, Fields, RowEdit, Rows, damage
from mimi.policy.settings import settings_of
from mimi.protocol.fanout import FanoutMessage
from mimi.protocol.keystore_rows import octets_in_name
from mimi.protocol.submit import Frank, SubmitMessageRequest
from mimi.protocol.update import UpdateRequest

T = TypeVar("T")

CLIENT, GROUP = "client/", "group/"
_KINDS = tuple(Kind)


def _within(prefix: str, inner: Changes) -> Changes:
    written = {prefix + name: octets for name, octets in inner.written.items()}
    return Changes(written, tuple(prefix + name for name in inner.erased))


def _all(*parts: Changes) -> Changes:
    written: dict[str, bytes] = {}
    erased: list[str] = []
    for part in parts:
        written |= part.written
        erased += part.erased
    return Changes(written, tuple(name for name in erased if name not in written))


def _split(stored: Mapping[str, bytes], prefix: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the rows below a prefix, without it, and the others."""
    if not isinstance(stored, Mapping):
        raise DamagedSnapshotError(f"rows are a mapping, not a {type(stored).__name__}")
    inner = {name.removeprefix(prefix): row for name, row in stored.items() if _is(name, prefix)}
    return inner, {name: row for name, row in stored.items() if not _is(name, prefix)}


def _is(name: object, prefix: str) -> bool:
    return isinstance(name, str) and name.startswith(prefix)


# Devices


def device_changes(owner: Owner, client: Client, before: Client | None) -> Changes:
    """Return what a device has otherwise than what is stored."""
    out = RowEdit()
    if before is None:
        out.write("device", "device", {"client": str(owner.client).encode(), "user": owner.user})
        inner = Changes(client.save(), ())
    else:
        inner = client.changes_since(before)
    return _all(out.changes(), _within(CLIENT, inner))


def load_device(stored: Mapping[str, bytes], owner: Owner | None) -> tuple[Owner, dict[str, bytes]]:
    """Return whose a stored device is, and the rows of its client.

    Raises:
        DamagedSnapshotError: The rows are not what was stored.
        NewerSnapshotError: A row has a newer version.
    """
    with damage():
        inner, own = _split(stored, CLIENT)
        rows = Rows(own)
        fields = rows.take("device", "device")
        with damage(fields.row):
            uri = ClientUri.parse(fields.octets("client").decode("ascii", "replace"))
        user = fields.octets("user")
        fields.done()
        rows.done()
    if owner is None:
        return Owner(uri, user), inner
    return attrs.evolve(owner, client=uri, user=user), inner


# Rooms


def room_changes(now: RoomState, before: RoomState | None) -> Changes:
    """Return what a room has otherwise than what is stored."""
    out = RowEdit()
    if before is None or now is not before:
        out.write("room", "room", _room_fields(now))
        out.write("contents", "contents", _contents(now))
    if before is None or now.underway is not before.underway:
        _write_underway(out, now.underway, None if before is None else before.underway)
    out.write_table("sent", _sent(now), {} if before is None else _sent(before), _sent_fields)
    old_unsent = {} if before is None else _unsent(before)
    out.write_table("unsent", _unsent(now), old_unsent, _unsent_fields)
    old = {} if before is None else _waiting(before)
    out.write_table("waiting", _waiting(now), old, _waiting_fields)
    for name in dict.fromkeys(journalled(now.journal, None if before is None else before.journal)):
        row = f"arrival/{name.hex()}"
        out.write(row, "arrival", _arrival_fields(now.stored[name]))
    if before is None:
        for name, each in now.stored.items():
            out.write(f"arrival/{name.hex()}", "arrival", _arrival_fields(each))
    return _all(out.changes(), _within(GROUP, _group_changes(now, before)))


def _group_changes(now: RoomState, before: RoomState | None) -> Changes:
    if before is None:
        return Changes(now.group.save(), ())
    if now.joined == before.joined:
        return now.group.changes_since(before.group)
    made = now.group.save()
    return Changes(made, tuple(name for name in before.group.save() if name not in made))


def _room_fields(room: RoomState) -> dict[str, object]:
    return {
        "uri": room.room_id,
        "created": 0 if room.created is None else room.created,
        "opened": {epoch: at.to_bytes(8) for epoch, at in room.opened.items()},
        "joined": room.joined,
        "version": room.version,
    }


def _contents(room: RoomState) -> dict[str, object]:
    return {
        "underway": room.underway is not None,
        "sent": len(room.sent),
        "unsent": len(room.unsent),
        "waiting": len(room.waiting),
        "arrivals": len(room.stored),
    }


def _write_underway(out: RowEdit, now: Underway | None, before: Underway | None) -> None:
    if now is None:
        if before is not None:
            out.erase("underway")
        return
    fields: dict[str, object] = {
        "kind": _KINDS.index(now.kind),
        "request": encode(now.request),
        "references": list(now.references),
    }
    out.write("underway", "underway", fields)


def _sent(room: RoomState) -> dict[str, Sent]:
    return {name.hex(): each for name, each in room.sent.items()}


def _sent_fields(sent: Sent) -> dict[str, object]:
    return {
        "message": content.encode(sent.message),
        "request": encode(sent.request),
        "epoch": sent.epoch,
        "media_type": _octets_of(sent.media_type),
    }


def _unsent(room: RoomState) -> dict[str, Message]:
    return {name.hex(): each for name, each in room.unsent.items()}


def _unsent_fields(message: Message) -> dict[str, object]:
    return {"message": content.encode(message)}


def _waiting(room: RoomState) -> dict[str, Waiting]:
    return {_hash(encode(each.message)): each for each in room.waiting}


def _hash(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()[:32]


def _waiting_fields(waiting: Waiting) -> dict[str, object]:
    return {"message": encode(waiting.message), "arrived": waiting.arrived}


def _arrival_fields(stored: Stored) -> dict[str, object]:
    arrival = stored.arrival
    return {
        "message": content.encode(arrival.message),
        "sender": arrival.sender.encode(),
        "accepted": arrival.accepted,
        "is_erased": arrival.is_erased,
        "media_type": _octets_of(stored.media_type),
        "frank": _octets_of(stored.frank),
        "is_moderation": stored.is_moderation,
        "read_at": 0 if stored.read_at is None else stored.read_at,
    }


def _octets_of(value: Any) -> bytes | None:
    return None if value is None else encode(value)


# Reading them


def load_room(
    kind: type[R],
    stored: Mapping[str, bytes],
    owner: Owner,
    settings: Settings,
    entropy: Entropy,
) -> R:
    """Return the room of stored rows.

    Args:
        kind: The class of rooms.
        stored: All rows of the room, and no others.
        owner: Whose the device is.
        settings: How the device behaves in its groups where the room says nothing.
        entropy: The source of randomness.

    Raises:
        NewerSnapshotError: A row has a version that is not known here.
        DamagedSnapshotError: The rows are not what was stored; names the row.
    """
    with damage():
        inner, own = _split(stored, GROUP)
        rows = Rows(own)
        contents, fields = rows.take("contents", "contents"), rows.take("room", "room")
        with damage(fields.row):
            uri = RoomUri.parse(fields.octets("uri").decode("ascii", "replace"))
        opened = {epoch: int.from_bytes(at) for epoch, at in fields.table("opened", 8).items()}
        created, joined = fields.number("created"), fields.number("joined")
        version = fields.number("version")
        underway = _read_underway(rows) if contents.flag("underway") else None
        sent = {each.message_id: each for each in _read(rows, "sent", _read_sent)}
        unsent = dict(_read(rows, "unsent", _read_unsent))
        waiting = sorted(_read(rows, "waiting", _read_waiting), key=lambda each: each.accepted)
        arrivals = _read(rows, "arrival", _read_arrival)
        counted: dict[str, Sized] = {"sent": sent, "unsent": unsent, "waiting": waiting}
        counted["arrivals"] = arrivals
        for name, found in counted.items():
            if contents.number(name) != len(found):
                raise DamagedSnapshotError("a row is missing", name)
        for each in (fields, contents, rows):
            each.done()
        group = Group.load(inner, entropy=entropy, settings=settings)
    room = kind(
        owner,
        uri,
        group,
        Conversation(str(uri)),
        settings,
        underway=underway,
        sent=sent,
        unsent=unsent,
        waiting=tuple(waiting),
        opened=opened,
        created=created or None,
        joined=joined,
        version=version,
    )
    group = group.with_settings(settings_of(room.policy.policy.operational, settings))
    return attrs.evolve(room, group=group, **_conversation(str(uri), arrivals))


def _conversation(uri: str, arrivals: list[Stored]) -> dict[str, Any]:
    conversation, stored = Conversation(uri), Trie[bytes, Stored]()
    for each in sorted(arrivals, key=lambda stored: stored.arrival.place):
        conversation = conversation.add_arrival(each.arrival)
        stored = stored.with_entry(each.arrival.message_id, each)
    for each in arrivals:
        if each.read_at is not None:
            conversation = conversation.read(each.arrival.message_id, at=each.read_at)
    conversation = attrs.evolve(conversation, authority=Moderated(stored))
    return {"conversation": conversation, "stored": stored}


def _read(rows: Rows, kind: str, reader: Callable[[str, Fields], T]) -> list[T]:
    found = []
    for last, fields in rows.take_below(kind, kind):
        with damage(fields.row):
            found.append(reader(last, fields))
        fields.done()
    return found


def _read_underway(rows: Rows) -> Underway:
    fields = rows.take("underway", "underway")
    with damage(fields.row):
        request = decode(UpdateRequest, fields.octets("request"))
    number, references = fields.number("kind"), fields.octet_strings("references")
    fields.done()
    if number >= len(_KINDS):
        raise DamagedSnapshotError("nothing of this kind is on its way", fields.row)
    return Underway(_KINDS[number], request, references)


def _read_sent(last: str, fields: Fields) -> Sent:
    return Sent(
        content.decode(fields.octets("message")),
        octets_in_name(last, fields.row),
        decode(SubmitMessageRequest, fields.octets("request")),
        fields.number("epoch"),
        _read_optional(MediaType, fields, "media_type"),
    )


def _read_unsent(last: str, fields: Fields) -> tuple[bytes, Message]:
    return octets_in_name(last, fields.row), content.decode(fields.octets("message"))


def _read_waiting(last: str, fields: Fields) -> Waiting:
    octets = fields.octets("message")
    if _hash(octets) != last:
        raise DamagedSnapshotError("the name is not that of the message", fields.row)
    return Waiting(decode(FanoutMessage, octets), fields.number("arrived"))


def _read_arrival(last: str, fields: Fields) -> Stored:
    arrival = Arrival(
        content.decode(fields.octets("message")),
        octets_in_name(last, fields.row),
        fields.octets("sender").decode("ascii", "replace"),
        fields.number("accepted"),
        is_erased=fields.flag("is_erased"),
    )
    return Stored(
        arrival,
        _read_optional(MediaType, fields, "media_type"),
        _read_optional(Frank, fields, "frank"),
        fields.flag("is_moderation"),
        fields.number("read_at") or None,
    )


def _read_optional(kind: Any, fields: Fields, name: str) -> Any:
    octets = fields.octets_or_none(name)
    return None if octets is None else decode(kind, octets)
