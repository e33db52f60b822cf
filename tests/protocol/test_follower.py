"""What a provider does with notifications: minutes of rooms that it follows (section 5.5)."""

import pytest
from protocol.followers import Device, Follower, RoomOfAlice, agreed, is_known, meeting
from protocol.offering import MS, references
from protocol.providers import BOB, CATHY, ROOM, B, C

from mimi.mls.errors import KeyConsumedError
from mimi.protocol import notify_body
from mimi.protocol.deliveries import Deliver, Limits, Resync, Unrouted
from mimi.protocol.follower import PATIENCE

# Minutes


def test_two_providers_users_enter_read_and_agree():
    room = RoomOfAlice()
    phone, laptop, cathys = Device(BOB), Device(BOB, "laptop"), Device(CATHY)
    at_b, at_c = Follower(B, phone, laptop), Follower(C, cathys)
    on_b, on_c = at_b.gives(BOB), at_c.gives(CATHY)
    commit, welcome = room.commits(*on_b, *on_c)

    for at, mine, others in ((at_b, on_b, on_c), (at_c, on_c, on_b)):
        assert at.notified(commit).status == 201
        assert (at.known.clients, len(at.known.log)) == ({}, 1)
        step = at.step(notify_body([welcome]))
        assert step.response.status == 201
        assert sorted(step.welcomed) == sorted(references(mine))
        (unrouted, *deliveries) = step.effects
        assert isinstance(unrouted, Unrouted)
        assert sorted(unrouted.references) == sorted(references(others))
        assert not unrouted.is_for_nobody
        assert [each.client for each in deliveries if isinstance(each, Deliver)] == sorted(
            at.devices, key=list(at.devices).index, reverse=at is at_b
        )
        at.stores(step)
        at.delivers(step.effects)
        assert {at.store.client_of(each) for each in references(mine)} == {None}
    assert agreed(room, phone, laptop, cathys)

    for fanned in (room.says(b"hello"), *room.commits(), room.says(b"again")):
        for at in (at_b, at_c):
            assert at.notified(fanned).status == 201
            at.acknowledges()
            assert at.known.undelivered() == ()
    assert agreed(room, phone, laptop, cathys)
    assert [each.read for each in (phone, laptop, cathys)] == [[b"hello", b"again"]] * 3
    assert [each.number for each in (phone, laptop, cathys)] == [MS + 5] * 3
    assert not phone.gaps + laptop.gaps + cathys.gaps


def test_several_messages_in_one_notification_come_in_order():
    room, at_b, phone, laptop = meeting()
    messages = (room.says(b"one"), *room.commits(), room.says(b"two"), room.says(b"three"))
    step = at_b.step(notify_body(messages))
    assert [(each.client, each.message) for each in step.effects if isinstance(each, Deliver)] == [
        (client, fanned) for fanned in messages for client in at_b.known.clients
    ]
    at_b.stores(step)
    at_b.delivers(step.effects)
    assert phone.read == laptop.read == [b"one", b"two", b"three"]
    assert agreed(room, phone, laptop)


def test_everything_twice_is_as_once():
    room, at_b, phone, _ = meeting()
    for fanned in (room.says(b"one"), *room.commits(), room.says(b"two")):
        octets_ = notify_body([fanned])
        first = at_b.step(octets_)
        at_b.stores(first)
        at_b.delivers(first.effects)
        rows = dict(at_b.rows)
        again = at_b.step(octets_)
        assert (again.response.status, again.effects, again.welcomed) == (201, (), ())
        at_b.stores(again)
        assert at_b.rows == rows
    assert phone.read == [b"one", b"two"]


def test_the_same_message_in_another_body_is_another_notification():
    room, at_b, phone, _ = meeting()
    fanned, more = room.says(b"one"), room.says(b"two")
    at_b.notified(fanned)
    step = at_b.step(notify_body([fanned, more]))
    assert len(step.effects) == 4
    with pytest.raises(KeyConsumedError):
        at_b.delivers(step.effects)
    assert phone.read == [b"one"]


def test_only_the_last_notifications_are_known_again():
    room, at_b, _, _ = meeting(bodies=3)
    octets_ = [notify_body([room.says(b"%d" % number)]) for number in range(4)]
    for each in octets_:
        at_b.stores(at_b.step(each))
    assert not is_known(at_b.known, octets_[0])
    assert all(is_known(at_b.known, each) for each in octets_[1:])
    assert len(at_b.known.bodies) == 3
    assert at_b.step(octets_[1]).effects == ()
    assert at_b.step(octets_[0]).effects != ()


def test_a_crash_before_the_room_is_stored():
    room, at_b, phone, laptop = meeting()
    octets_ = notify_body([room.says(b"hello"), *room.commits()])
    rows = dict(at_b.rows)
    at_b.step(octets_)
    assert at_b.rows == rows
    step = at_b.step(octets_)
    at_b.stores(step)
    at_b.delivers(step.effects)
    assert phone.read == laptop.read == [b"hello"]
    assert agreed(room, phone, laptop)


def test_a_crash_between_store_and_send_loses_nothing_and_repeats_nothing():
    room, phone = RoomOfAlice(), Device(BOB)
    at_b = Follower(B, phone)
    commit, welcome = room.commits(*at_b.gives(BOB))
    for fanned in (commit, welcome, room.says(b"one"), *room.commits(), room.says(b"two")):
        octets_ = notify_body([fanned])
        at_b.stores(at_b.step(octets_))
        assert at_b.step(octets_).effects == ()
    assert phone.group is None
    at_b.starts_again()
    at_b.starts_again()
    assert (phone.read, phone.gaps) == ([b"one", b"two"], [])
    assert agreed(room, phone)
    at_b.acknowledges()
    assert at_b.known.undelivered() == ()


def test_a_device_that_was_away():
    room, at_b, phone, laptop = meeting()
    at_b.offline.add(laptop.uri)
    for fanned in (room.says(b"one"), *room.commits(), room.says(b"two")):
        at_b.notified(fanned)
        at_b.acknowledges()
    assert (phone.read, laptop.read) == ([b"one", b"two"], [])
    assert at_b.known.pending(phone.uri) == ()
    at_b.offline.clear()
    for each in at_b.known.pending(laptop.uri):
        laptop.takes(each)
    assert laptop.read == [b"one", b"two"]
    assert agreed(room, phone, laptop)


# Out of order


def test_what_is_for_a_later_epoch_is_held():
    room, at_b, phone, laptop = meeting()
    one, (commit,), two = room.says(b"one"), room.commits(), room.says(b"two")
    for fanned in (two, commit, one):
        assert at_b.notified(fanned).status == 201
    assert agreed(room, phone, laptop)
    assert sorted(phone.read) == sorted(laptop.read) == [b"one", b"two"]


def test_a_welcome_that_comes_late_brings_what_followed_it():
    """The hub did not wait: what the newcomers missed is delivered to them after their Welcome."""
    room, phone, laptop = RoomOfAlice(), Device(BOB), Device(BOB, "laptop")
    at_b = Follower(B, phone, laptop)
    commit, welcome = room.commits(*at_b.gives(BOB))
    later = (room.says(b"one"), *room.commits(), room.says(b"two"))
    for fanned in (*later, commit, welcome):
        assert at_b.notified(fanned).status == 201
    assert agreed(room, phone, laptop)
    assert phone.read == laptop.read == [b"one", b"two"]
    assert [each.message for each in at_b.known.pending(phone.uri)] == [welcome, *later]
    at_b.notified(room.says(b"three"))
    assert (phone.read[-1], phone.gaps) == (b"three", [])
    at_b.acknowledges()
    assert at_b.known.pending(phone.uri) == ()


def test_a_late_welcome_for_a_further_device():
    room, at_b, phone, laptop = meeting()
    tablet = Device(BOB, "tablet")
    at_b.meets(tablet)
    commit, welcome = room.commits(*at_b.gives(BOB, only=tablet))
    said = room.says(b"one")
    for fanned in (commit, said, welcome):
        at_b.notified(fanned)
    assert [each.read for each in (phone, laptop, tablet)] == [[b"one"]] * 3
    assert agreed(room, phone, laptop, tablet)
    at_b.notified(room.says(b"two"))
    assert not phone.gaps + laptop.gaps + tablet.gaps


# What was missed


def test_a_device_that_reports_a_gap_gets_what_it_missed():
    room, at_b, phone, laptop = meeting()
    at_b.offline.add(laptop.uri)
    at_b.notified(room.says(b"one"))
    at_b.notified(*room.commits())
    at_b.offline.clear()
    at_b.notified(room.says(b"two"))
    assert (len(laptop.gaps), laptop.read) == (1, [])
    again = at_b.misses(laptop.uri)
    assert not isinstance(again, Resync)
    for each in again:
        laptop.takes(each)
    assert laptop.read == phone.read == [b"one", b"two"]
    assert agreed(room, phone, laptop)
    assert at_b.misses(phone.uri) == ()


def test_a_commit_that_nobody_has_any_more():
    """The hub gave up a commit: who sees the next epoch joins anew, and agrees."""
    room, at_b, phone, laptop = meeting()
    room.commits()
    unreadable = room.says(b"unreadable")
    at_b.notified(unreadable)
    at_b.now = unreadable.timestamp + PATIENCE - 1
    assert at_b.misses(phone.uri) == ()
    at_b.now += 1
    for device in (phone, laptop):
        assert device.group is not None
        assert at_b.misses(device.uri) == Resync(device.uri, ROOM, device.group.epoch + 1)
    at_b.keeps(at_b.known.joined(phone.uri, now=MS))
    at_b.notified(room.lets_in(phone, anew=True))
    at_b.keeps(at_b.known.joined(laptop.uri, now=MS))
    at_b.notified(room.lets_in(laptop, anew=True))
    at_b.notified(room.says(b"readable"))
    assert agreed(room, phone, laptop)
    assert phone.read == laptop.read == [b"readable"]


def test_what_is_there_is_given_though_a_later_commit_is_not():
    """Its own removal may be among it: what came after that was not for this provider."""
    room, at_b, _, laptop = meeting()
    at_b.offline.add(laptop.uri)
    at_b.notified(room.says(b"one"))
    at_b.notified(*room.commits())
    at_b.notified(room.says(b"two"))
    room.commits()
    unreadable = room.says(b"unreadable")
    at_b.notified(unreadable)
    at_b.now = unreadable.timestamp + PATIENCE
    again = at_b.misses(laptop.uri)
    assert not isinstance(again, Resync)
    at_b.offline.clear()
    at_b.delivers(again)
    assert laptop.read == [b"one", b"two"]
    assert laptop.group is not None
    assert at_b.misses(laptop.uri) == Resync(laptop.uri, ROOM, laptop.group.epoch + 1)


def test_a_device_that_was_away_for_too_long():
    room, at_b, phone, laptop = meeting(entries=3, recent=1)
    at_b.offline.add(laptop.uri)
    for _ in range(4):
        at_b.notified(*room.commits())
        at_b.acknowledges()
    at_b.notified(room.says(b"hello"))
    assert len(at_b.known.log) == 3
    at_b.offline.clear()
    at_b.starts_again()
    assert (phone.read, laptop.read) == ([b"hello"], [])
    assert laptop.gaps[0].after == at_b.known.dropped
    assert isinstance(at_b.misses(laptop.uri), Resync)
    at_b.keeps(at_b.known.joined(laptop.uri, now=MS))
    assert at_b.known.pending(laptop.uri) == ()
    at_b.notified(room.lets_in(laptop, anew=True))
    at_b.notified(room.says(b"again"))
    assert (phone.read[-1], laptop.read) == (b"again", [b"again"])
    assert agreed(room, phone, laptop)


def test_messages_of_one_epoch_that_are_lost_need_no_resync():
    room, at_b, _, laptop = meeting(entries=2, recent=1)
    at_b.offline.add(laptop.uri)
    for data in (b"one", b"two", b"three"):
        at_b.notified(room.says(data))
    again = at_b.misses(laptop.uri)
    assert not isinstance(again, Resync)
    # the first follows what the laptop has: what was between is nowhere any more
    assert [each.after for each in again] == [laptop.number, again[0].number]
    at_b.offline.clear()
    at_b.delivers(again)
    assert laptop.read == [b"two", b"three"]
    assert laptop.gaps == []


def test_a_request_to_join_that_is_sent_again_loses_nothing_that_came_since():
    room, at_b, _, laptop = meeting()
    at_b.keeps(at_b.known.joined(laptop.uri, now=MS, by=b"request"))
    at_b.notified(room.says(b"one"))
    at_b.acknowledges()
    at_b.offline.add(laptop.uri)
    at_b.notified(room.says(b"two"))
    again = at_b.known.joined(laptop.uri, now=MS + 1, by=b"request")
    assert len(again.pending(laptop.uri)) == 1
    assert again is again.joined(laptop.uri, now=MS + 2, by=b"request")
    anew = again.joined(laptop.uri, now=MS + 3, by=b"another")
    assert anew.pending(laptop.uri) == ()
    assert again.joined(laptop.uri, now=MS + 3).pending(laptop.uri) == ()


def test_a_welcome_that_is_dropped_leaves_a_gap():
    room, phone = RoomOfAlice(), Device(BOB)
    at_b = Follower(B, phone, limits=Limits(entries=1, recent=1))
    at_b.offline.add(phone.uri)
    _, welcome = room.commits(*at_b.gives(BOB))
    at_b.notified(welcome)
    at_b.notified(room.says(b"one"))
    (left,) = at_b.known.pending(phone.uri)
    assert (left.number, left.after) == (MS + 2, MS + 1)


def test_a_device_of_another_group_joins_anew():
    _, at_b, phone, _ = meeting()
    found = at_b.known.missed(phone.uri, number=phone.number, group_id=b"before", epoch=7, now=MS)
    assert found == Resync(phone.uri, ROOM, 1)
