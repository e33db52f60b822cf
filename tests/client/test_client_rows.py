"""Devices and rooms in rows: what is written, what is refused, and what they come to again."""

import pytest
from client.neighbourhood import ALICE, ROOM, Neighbourhood, octets, text, transcript

from mimi import content
from mimi.client import Device
from mimi.codec import cbor, encode
from mimi.crypto import SeededEntropy
from mimi.mls.errors import DamagedSnapshotError, NewerSnapshotError
from mimi.mls.rows import RowEdit
from mimi.protocol.http import Refused


@pytest.fixture
def there():
    there = Neighbourhood()
    there.create("alice/phone")
    there.add("alice/phone", "alice", "bob")
    return there


def loaded(there, name, **changed):
    rows = {**there.rooms[name].save(), **changed}
    return there.devices[name].load_room({at: row for at, row in rows.items() if row is not None})


def written(changes, kind):
    return [name for name in changes.written if name.startswith(kind)]


def row(at, of, /, **fields):
    out = RowEdit()
    out.write(at, of, fields)
    return out.changes().written[at]


def test_a_message_writes_itself_and_little_else(there):
    for index in range(20):
        there.say("bob/phone", text(f"Message {index}", b"%d" % index))
    before = there.of("alice/phone")
    there.say("bob/laptop", text("One more", b"x"))
    after = there.of("alice/phone")
    changes = after.changes_since(before)
    assert len(written(changes, "arrival/")) == 1
    assert sum(map(len, changes.written.values())) < 4096
    assert after.changes_since(after).written == {}
    assert {**before.save(), **changes.written}.keys() - set(changes.erased) == after.save().keys()


def test_what_is_on_its_way_is_stored_with_its_room(there):
    sent = there.of("bob/phone").send(text("Hi", b"1"), now=there.now)
    change = there.of("alice/phone").rename("Club", now=there.now)
    there.put("bob/phone", sent.room)
    there.put("alice/phone", change.room)
    assert loaded(there, "alice/phone").underway == change.room.underway
    assert loaded(there, "bob/phone").sent == sent.room.sent
    assert loaded(there, "bob/phone").sent[sent.message_id].request == sent.request


def test_the_conversation_comes_back(there):
    hello = there.say("alice/phone", text("Hello", b"1"))
    there.say("bob/phone", content.reply("Hi", to=hello, entropy=SeededEntropy(b"r")))
    there.say("alice/phone", content.delete(hello, entropy=SeededEntropy(b"d")))
    room = there.of("bob/laptop").read(hello, now=there.now)
    there.put("bob/laptop", room)
    there.put("bob/laptop", room.read(hello, now=there.tick()).erase(now=there.now))
    again = loaded(there, "bob/laptop")
    kept = there.rooms["bob/laptop"].conversation
    assert again.conversation.at(kept.now) == kept
    assert transcript(again) == transcript(there.rooms["bob/laptop"])
    assert again.conversation.readings == {hello: room.stored[hello].read_at}
    assert again.stored[hello].arrival.is_erased
    assert again.version == there.rooms["bob/laptop"].version
    assert b"Hello" not in b"".join(there.rooms["bob/laptop"].save().values())


@pytest.mark.parametrize(
    "name", ["room", "contents", "arrival", "group/group", "sent", "unsent", "waiting"]
)
def test_a_row_that_is_missing_is_noticed(there, name):
    there.say("alice/phone", text("Hello", b"1"))
    there.change("alice/phone", lambda room: room.commit(now=there.now))
    there.post("alice/phone", text("Later", b"2"))
    there.take("bob/phone", there.inbox["bob/phone"][-1])
    there.put("bob/phone", there.of("bob/phone").send(text("Mine", b"3"), now=there.now).room)
    post = there.of("bob/phone").send(text("No", b"4"), now=there.now)
    there.put("bob/phone", post.room.submitted(post.message_id, Refused(403)).room)
    rows = there.rooms["bob/phone"].save()
    (gone,) = (each for each in rows if each == name or each.startswith(f"{name}/"))
    with pytest.raises(DamagedSnapshotError):
        loaded(there, "bob/phone", **{gone: None})


def test_a_row_that_nobody_stores_is_noticed(there):
    with pytest.raises(DamagedSnapshotError):
        loaded(there, "bob/phone", other=row("other", "other"))
    with pytest.raises(DamagedSnapshotError):
        loaded(there, "bob/phone", **{"sent/xyz": row("sent/xyz", "sent", message=b"")})
    with pytest.raises(DamagedSnapshotError):
        there.devices["bob/phone"].load_room([])


@pytest.mark.parametrize(
    ("name", "kind", "fields"),
    [
        ("room", "room", {"uri": b"mimi://a.example/u/alice"}),
        ("room", "room", {"uri": octets(ROOM)}),
        ("contents", "contents", {"underway": True}),
        ("sent/xyz", "sent", {"message": content.encode(text("Hi", b"1"))}),
        ("waiting/00", "waiting", {"message": b"", "arrived": 1}),
    ],
)
def test_damage_is_said_of_its_row(there, name, kind, fields):
    with pytest.raises(DamagedSnapshotError) as caught:
        loaded(there, "bob/phone", **{name: row(name, kind, **fields)})
    assert caught.value.path in (name, "underway")


def test_a_row_of_a_newer_version_is_left_alone(there):
    format_name, kind, version, payload, digest = cbor.decode(
        there.rooms["bob/phone"].save()["room"]
    )
    del digest
    import hashlib

    covered = cbor.encode(["room", format_name, kind, version + 1, payload])
    newer = [format_name, kind, version + 1, payload, hashlib.sha256(covered).digest()[:16]]
    with pytest.raises(NewerSnapshotError):
        loaded(there, "bob/phone", room=cbor.encode(newer))


def test_a_device_comes_back_with_its_key_packages(there):
    device = there.devices["alice/phone"]
    again = Device.load(device.save(), entropy=SeededEntropy(b"again"))
    assert again.client.key_packages.keys() == device.client.key_packages.keys()
    assert (again.owner.client, again.owner.user) == (device.owner.client, octets(ALICE))
    assert again.save() == device.save()
    assert device.changes_since(device).written == {}
    rows = device.save()
    del rows["device"]
    with pytest.raises(DamagedSnapshotError):
        Device.load(rows)
    with pytest.raises(DamagedSnapshotError):
        Device.load({**device.save(), "device": row("device", "device", client=b"x", user=b"")})


def test_reprs_tell_no_secrets(there):
    room = there.of("alice/phone")
    assert repr(room) == f"DeviceRoom({ROOM}, {ALICE.client('phone')}, epoch 1)"
    assert repr(there.devices["alice/phone"]) == f"Device({ALICE.client('phone')})"
    assert "private" not in repr(there.devices["bob/phone"].ask(ROOM))


def test_what_is_on_its_way_is_of_a_kind(there):
    change = there.of("alice/phone").commit(now=there.now)
    there.put("alice/phone", change.room)
    request = encode(change.request)
    for kind in (2, 3):
        odd = row("underway", "underway", kind=kind, request=request, references=[])
        if kind == 2:
            assert not loaded(there, "alice/phone", underway=odd).is_member
            continue
        with pytest.raises(DamagedSnapshotError) as caught:
            loaded(there, "alice/phone", underway=odd)
        assert caught.value.path == "underway"
