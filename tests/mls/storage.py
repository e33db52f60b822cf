"""What stands for a database: rows that follow a value step by step, and rows made by hand."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from mls.meeting import PUBLIC, gathered
from tree.members import NOW

from mimi.codec import cbor
from mimi.crypto import Secret
from mimi.errors import MimiError
from mimi.mls import Client, CommitStaged, ExternalPSK, Group, PublicGroup
from mimi.mls.errors import DamagedSnapshotError

Value = Group | PublicGroup | Client
PSK, PSK_VALUE = ExternalPSK(b"a word that all know"), Secret(b"swordfish")


class Stored:
    """The rows of a value, kept up to date by nothing but what has changed."""

    def __init__(self, value: Value) -> None:
        self.value = value
        self.rows = value.save()

    def keep(self, value: Value) -> tuple[dict[str, bytes], tuple[str, ...]]:
        """Store the next value; return what was written and what was erased."""
        changes = value.changes_since(self.value)
        assert not changes.written.keys() & set(changes.erased)
        assert set(changes.erased) <= self.rows.keys()
        self.rows |= changes.written
        for name in changes.erased:
            del self.rows[name]
        self.value = value
        assert self.rows == value.save()
        return dict(changes.written), changes.erased

    def loaded(self) -> Any:
        """Return what the rows are loaded as, which must be stored in the same rows."""
        value = reloaded(self.value, self.rows)
        assert value.save() == self.rows
        return value


def reloaded(value: Value, rows: dict[str, bytes] | None = None) -> Any:
    """Return a value as it comes back from rows: its own, or others."""
    stored = value.save() if rows is None else rows
    if isinstance(value, PublicGroup):
        return PublicGroup.load(stored, maximum_lifetime=value.maximum_lifetime)
    return type(value).load(stored, entropy=value.entropy, settings=value.settings)


def size_of(rows: dict[str, bytes]) -> int:
    """Return how many octets rows take, names included."""
    return sum(len(name) + len(row) for name, row in rows.items())


def framed(name: str, kind: str, payload: bytes, version: int = 1, tag: str = "mimi") -> bytes:
    """Return a row, made as `docs/persistence.md` describes it."""
    covered = cbor.encode([name, tag, kind, version, payload])
    digest = hashlib.sha256(covered).digest()[:16]
    return cbor.encode([tag, kind, version, payload, digest])


def payload_of(row: bytes) -> tuple[str, Any]:
    """Return the kind of a row, and what it says."""
    tag, kind, version, payload, digest = cbor.decode(row)
    assert (tag, version, len(digest)) == ("mimi", 1, 16)
    return kind, cbor.decode(payload)


def altered(rows: dict[str, bytes], name: str, **fields: Any) -> dict[str, bytes]:
    """Return rows of which one says something else, with a digest that is right."""
    kind, says = payload_of(rows[name])
    assert says.keys() >= fields.keys()
    return {**rows, name: framed(name, kind, cbor.encode({**says, **fields}))}


@contextmanager
def damaged(row: str, reason: str = "") -> Iterator[None]:
    """Expect exactly the error that names this row."""
    with pytest.raises(MimiError) as caught:
        yield
    assert type(caught.value) is DamagedSnapshotError
    assert caught.value.where["path"] == row
    assert reason in caught.value.reason


def eventful() -> Group:
    """Return a group whose rows are of every kind.

    It has past epochs with replaced leaves, keys of skipped messages in the present epoch and in a
    past one, pending proposals with an Update of its own, pre-shared keys, and a commit that waits
    to be confirmed.
    """
    room, alice, bob, carol, dave, erin = gathered(5)
    bob.commits()
    room.agrees()
    frank, grace = room.enter("Frank", "Grace")
    carol.commits(remove=[erin], add=[frank])
    bob.commits()
    sent = [_sent(carol) for _ in range(3)]
    alice.hears(sent[2])
    alice.commits()
    frank.says(b"present")
    sent = [_sent(dave) for _ in range(4)]
    alice.hears(sent[1])
    alice.hears(sent[3])
    alice.group = alice.group.with_psk(PSK, PSK_VALUE)
    bob.proposes(Group.propose_remove, dave.leaf)
    alice.proposes(Group.propose_update)
    bob.proposes(Group.propose_update)
    alice.group = alice.group.commit(now=NOW, add=[grace.offers()], psks=[PSK]).hold()
    return alice.group


def _sent(person: Any) -> bytes:
    """Return what somebody says, which nobody has heard yet."""
    person.group, wire = person.group.protect(b"unheard")
    return wire


def follower() -> PublicGroup:
    """Return a group without secrets, with group info and pending proposals."""
    room, _, bob, carol = gathered(3, handshake=PUBLIC)
    room.agrees()
    bob.proposes(Group.propose_update)
    carol.proposes(Group.propose_remove, bob.leaf)
    return room.follower


def client() -> Client:
    """Return a client with key packages and a pre-shared key."""
    (_, alice) = gathered(1)
    alice.offers()
    alice.offers(last_resort=True)
    return alice.client.with_psk(PSK, PSK_VALUE)


def taken(group: Any, wire: bytes) -> Any:
    """Return a group after a message; a commit takes effect."""
    step = group.receive(wire, now=NOW)
    (event,) = step.events
    return event.accept().group if isinstance(event, CommitStaged) else step.group
