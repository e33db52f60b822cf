"""Who is in a room that a provider follows, what is refused, and what is stored (section 5.5)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocol.followers import Device, Follower, RoomOfAlice, agreed, meeting
from protocol.offering import MS, kept, references
from protocol.providers import BOB, CATHY, OTHER_ROOM, ROOM, A, B, C, octets, refused, scene

from mimi.codec import encode, replace
from mimi.errors import MalformedError, UsageError
from mimi.identity import Domain
from mimi.mls import MLSMessage, Remove
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.rows import Changes, RowEdit
from mimi.protocol import CommitFanout, FanoutMessage, ProposalFanout, notify_body, refuse
from mimi.protocol.deliveries import Resync, Unrouted
from mimi.protocol.errors import (
    EmptyNotifyError,
    FannedOutError,
    IdentifierUriError,
    LastEpochError,
    MoreProposalsError,
)
from mimi.protocol.fanout import LAST_EPOCH, MOST_MESSAGES
from mimi.protocol.follower import IDLE, FollowerRoom
from mimi.protocol.follower_errors import DeliveryError, LongNotifyError
from mimi.protocol.follower_notify import FollowerStep, notify
from mimi.protocol.follower_rows import follower_changes, load_follower
from mimi.tree.math import LeafIndex

NUMBERS = ("since", "acknowledged", "alone", "dropped")

# Who comes and goes


def test_a_device_that_joins_by_an_external_commit():
    """The provider knows of it before the hub does: so the commit finds somebody."""
    room, phone = RoomOfAlice(), Device(BOB)
    at_b = Follower(B, phone)
    at_b.keeps(FollowerRoom.begun(ROOM, now=MS).joined(phone.uri, now=MS))
    first = room.lets_in(phone)
    at_b.notified(first)
    at_b.notified(room.says(b"hello"))
    assert (phone.read, phone.number, phone.gaps) == ([b"hello"], MS + 2, [])
    assert agreed(room, phone)


def test_an_external_commit_that_the_hub_refuses():
    phone, at_b = Device(BOB), Follower(B)
    joining = FollowerRoom.begun(ROOM, now=MS).joined(phone.uri, now=MS)
    at_b.keeps(joining)
    at_b.keeps(joining.left(phone.uri))
    assert at_b.known.clients == {}
    with refused(IdentifierUriError, "5.2", field="client"):
        joining.joined(octets(BOB), now=MS)


def test_who_is_removed_gets_the_commit_that_removes_it():
    room, at_b, phone, laptop = meeting()
    at_b.notified(*room.commits(remove=[laptop]))
    assert (phone.removed, laptop.removed) == (False, True)
    at_b.keeps(at_b.known.left(laptop.uri))
    at_b.acknowledges()
    at_b.notified(room.says(b"hello"))
    assert (phone.read, laptop.read) == ([b"hello"], [])
    with pytest.raises(UsageError, match="is not in"):
        at_b.known.pending(laptop.uri)
    with pytest.raises(UsageError, match="is not in"):
        at_b.known.acknowledged(laptop.uri, 1)
    assert at_b.known.left(laptop.uri).clients == at_b.known.clients


def test_who_left_and_is_welcomed_again():
    room, at_b, phone, laptop = meeting()
    at_b.notified(*room.commits(remove=[laptop]))
    at_b.keeps(at_b.known.left(laptop.uri))
    laptop.removed, laptop.group = False, None
    at_b.notified(room.says(b"not for the laptop"))
    commit, welcome = room.commits(*at_b.gives(BOB, only=laptop))
    at_b.notified(commit, welcome, room.says(b"for both"))
    assert phone.read[-1:] == laptop.read == [b"for both"]
    assert not laptop.gaps
    assert agreed(room, phone, laptop)


def test_a_room_that_is_over():
    room, at_b, phone, laptop = meeting()
    assert repr(at_b.known) == "FollowerRoom(mimi://a.example/r/clubhouse, 2 clients)"
    late = MS + IDLE
    assert not at_b.known.is_over(late)
    empty = at_b.known.left(phone.uri).left(laptop.uri)
    assert empty.is_over(late)
    assert not empty.is_over(late - 1)
    at_b.keeps(empty)
    at_b.now = late
    assert at_b.notified(room.says(b"nobody hears it")).status == 201
    assert not at_b.known.is_over(late + 1)


# Proposals


def test_further_proposals_come_with_the_first():
    room, at_b, phone, laptop = meeting()
    first, second = room.proposes(Remove(LeafIndex(1)), Remove(LeafIndex(2)))
    at_b.notified(FanoutMessage(room.stamp(), first, ProposalFanout((second,))))
    for each in (phone, laptop):
        assert each.group is not None
        assert len(each.group.pending) == 2
    at_b.notified(*room.commits())
    assert phone.removed
    assert laptop.removed


def test_stapled_proposals_come_with_their_commit():
    room, at_b, phone, laptop = meeting()
    cathys = Device(CATHY)
    external = room.lets_in(cathys)
    (removal,) = room.proposes(Remove(LeafIndex(2)))
    at_b.notified(FanoutMessage(external.timestamp, external.message, CommitFanout((removal,))))
    for each in (phone, laptop):
        assert each.group is not None
        assert len(each.group.pending) == 1
    assert agreed(room, phone, laptop, cathys)
    at_b.notified(*room.commits())
    assert (phone.removed, laptop.removed) in ((True, False), (False, True))


# Refusals


def test_another_provider_than_the_hub():
    room, at_b, _, _ = meeting()
    octets_, rows = notify_body([room.says(b"forged")]), dict(at_b.rows)
    for source in (B, C):
        step = at_b.step(octets_, source)
        assert (step.response.status, step.effects) == (403, ())
        at_b.stores(step)
        assert at_b.rows == rows
    nobody = Follower(C).step(octets_, C)
    assert (nobody.response.status, nobody.room) == (403, None)
    assert at_b.step(octets_).response.status == 201


def test_a_hub_of_several_domains():
    room, at_b, _, _ = meeting()
    other = Domain("chat.a.example")
    step = notify(
        at_b.room,
        notify_body([room.says(b"hello")]),
        uri=ROOM,
        source=other,
        client_of=at_b.store.client_of,
        now=MS,
        hub_domains=(other,),
    )
    assert step.response.status == 201


def test_bodies_that_do_not_parse_change_nothing():
    room, at_b, phone, _ = meeting()
    good, rows = notify_body([room.says(b"one"), room.says(b"two")]), dict(at_b.rows)
    for octets_ in (good[:-1], good + b"\0", b"\0" * 9):
        with pytest.raises(MalformedError) as caught:
            at_b.step(octets_)
        assert refuse(caught.value).status == 400
    with refused(EmptyNotifyError, "5.5") as empty:
        at_b.step(b"")
    assert refuse(empty.value).status == 400
    assert (at_b.rows, phone.read) == (rows, [])
    at_b.stores(at_b.step(good))
    at_b.starts_again()
    assert phone.read == [b"one", b"two"]


def test_one_wrong_message_refuses_the_whole_body():
    room, at_b, _, _ = meeting()
    rows, good = dict(at_b.rows), room.says(b"one")
    proposals = scene().proposals
    wrong_more = FanoutMessage(MS, proposals[0], ProposalFanout((scene().late,)))
    info = FanoutMessage(MS, MLSMessage(scene().info), None)
    hidden = FanoutMessage(MS, scene().hidden, ProposalFanout())
    for wrong, kind, section in (
        (wrong_more, MoreProposalsError, "5.3 and 5.5"),
        (info, FannedOutError, "5.5"),
        (hidden, FannedOutError, "5.5"),
    ):
        with refused(kind, section) as caught:
            at_b.step(notify_body([good, wrong]))
        assert refuse(caught.value).status == 400
        assert at_b.rows == rows


def test_a_commit_in_the_last_epoch_there_can_be():
    """What the room would know could not be stored."""
    room, at_b, _, _ = meeting()
    rows, (commit,) = dict(at_b.rows), room.commits()
    body = commit.message.body
    last = replace(body, content=replace(body.content, epoch=LAST_EPOCH))
    wrong = replace(commit, message=MLSMessage(last))
    with refused(LastEpochError, "5.5", epoch=LAST_EPOCH) as caught:
        at_b.step(notify_body([wrong]))
    assert refuse(caught.value).status == 400
    assert at_b.rows == rows
    before = replace(body, content=replace(body.content, epoch=LAST_EPOCH - 1))
    at_b.notified(replace(commit, message=MLSMessage(before)))
    assert at_b.known.epoch == LAST_EPOCH


def test_more_messages_than_are_taken_at_once():
    """Each goes to every client: a short request could be work for minutes."""
    room, at_b, _, _ = meeting()
    rows, said = dict(at_b.rows), room.says(b"again")
    with refused(LongNotifyError, "5.5", count=MOST_MESSAGES + 1) as caught:
        at_b.step(notify_body([said] * (MOST_MESSAGES + 1)))
    assert refuse(caught.value).status == 413
    assert at_b.rows == rows
    step = at_b.step(notify_body([said] * MOST_MESSAGES))
    assert step.response.status == 201
    assert len(step.effects) == MOST_MESSAGES * len(at_b.known.clients)


def test_a_welcome_for_nobody_here():
    room, at_c = RoomOfAlice(), Follower(C, Device(CATHY))
    at_b = Follower(B, Device(BOB))
    given = at_b.gives(BOB)
    _, welcome = room.commits(*given)
    step = at_c.step(notify_body([welcome]))
    assert step == FollowerStep(
        step.room,
        step.response,
        (Unrouted(ROOM, tuple(references(given)), is_for_nobody=True),),
    )
    assert step.response.status == 201
    assert step.room is not None
    assert (step.room.clients, step.room.log) == ({}, ())


def test_a_reference_is_good_for_one_welcome():
    room, phone = RoomOfAlice(), Device(BOB)
    at_b = Follower(B, phone)
    given = at_b.gives(BOB)
    commit, welcome = room.commits(*given)
    at_b.notified(commit, welcome)
    again = at_b.step(notify_body([welcome]))
    assert again.effects == (Unrouted(ROOM, tuple(references(given)), is_for_nobody=True),)
    assert again.welcomed == ()


def test_acknowledging_what_was_not_delivered():
    room, at_b, phone, laptop = meeting()
    at_b.notified(room.says(b"one"))
    last = phone.number
    with refused(DeliveryError, "5.5", number=last + 1):
        at_b.known.acknowledged(phone.uri, last + 1)
    after = at_b.known.acknowledged(phone.uri, last)
    assert after.acknowledged(phone.uri, last - 1) is after
    assert (after.pending(phone.uri), len(after.pending(laptop.uri))) == ((), 1)


def test_a_room_that_is_another():
    _, at_b, _, _ = meeting()
    with pytest.raises(UsageError, match="is not"):
        notify(
            at_b.room,
            b"",
            uri=OTHER_ROOM,
            source=A,
            client_of=at_b.store.client_of,
            now=MS,
        )


# Rows


def test_what_a_notification_and_an_acknowledgement_write():
    room, at_b, phone, _ = meeting()
    before, octets_ = at_b.known, notify_body([room.says(b"hello")])
    step = notify(before, octets_, uri=ROOM, source=A, client_of=at_b.store.client_of, now=MS)
    assert step.room is not None
    changes = follower_changes(step.room, before)
    assert sorted(name.partition("/")[0] for name in changes.written) == [
        "body",
        "delivery",
        "follower",
        "index",
    ]
    assert changes.erased == ()
    assert sum(map(len, changes.written.values())) < 1000
    at_b.keeps(step.room)
    read = at_b.known
    changes = follower_changes(read.acknowledged(phone.uri, read.number), read)
    assert [name.partition("/")[0] for name in changes.written] == ["client", "standing"]
    assert follower_changes(read, read).written == {}


def test_what_is_kept_for_late_welcomes_is_bounded():
    room, at_b, _, _ = meeting(recent=2, bodies=5)
    for number in range(8):
        at_b.notified(room.says(b"%d" % number))
        at_b.acknowledges()
    kinds = [name.partition("/")[0] for name in at_b.rows]
    assert (kinds.count("delivery"), len(at_b.known.bodies)) == (2, 5)
    room, at_b, _, _ = meeting(recent_octets=400)
    at_b.notified(room.says(b"x" * 500))
    at_b.acknowledges()
    assert at_b.known.log == ()


def test_rows_of_a_followed_room_that_are_damaged():
    room, at_b, _, _ = meeting()
    at_b.notified(room.says(b"hello"))
    rows, by_kind = at_b.rows, {}
    for name in rows:
        by_kind.setdefault(name.partition("/")[0], name)
    assert by_kind.keys() == {"follower", "client", "standing", "index", "delivery", "body"}
    for name in by_kind.values():
        without = {each: row for each, row in rows.items() if each != name}
        for damaged in (
            without,
            {**rows, name: rows[name][:-1]},
            {**rows, f"{name}x": rows[name]},
            {**rows, "stranger": rows[name]},
        ):
            with pytest.raises(DamagedSnapshotError):
                load_follower(damaged)


def test_rows_that_say_something_else():
    room, at_b, phone, _ = meeting()
    at_b.notified(room.says(b"hello"))
    rows, made = at_b.rows, RowEdit()
    block = next(name for name in rows if name.startswith("body/"))
    last = max(name for name in rows if name.startswith("delivery/"))
    number = last.partition("/")[2]
    made.write(last, "delivery", {"message": encode(room.says(b"longer than that"))})
    made.write(f"named/{number}", "named", {"clients": [phone.uri]})
    for shard in (b"", b"\0", b"\0\0\1", b"\0\0\1x" + bytes(5), b"\xff" * 11):
        made.write("client/0", "client", {"entries": shard})
        with pytest.raises(DamagedSnapshotError):
            load_follower(kept(rows, Changes(made.written, ())))
    made.write("standing", "standing", {"counts": b"\1\1"})
    for digests in (b"", bytes(31), bytes(32)):
        made.write(block, "body", {"digests": digests})
        with pytest.raises(DamagedSnapshotError):
            load_follower(kept(rows, Changes({block: made.written[block]}, ())))
    for name, row in made.written.items():
        with pytest.raises(DamagedSnapshotError):
            load_follower(kept(rows, Changes({name: row}, ())))


# Properties

LATE = 2
"""By how many epochs a message may be late: clients keep the secrets of no more."""


@settings(max_examples=30, deadline=None)
@given(
    commits=st.lists(st.booleans(), min_size=1, max_size=5),
    happening=st.lists(
        st.sampled_from(["all is well", "crash", "twice", "overtaken"]), max_size=5
    ).filter(lambda each: each.count("overtaken") <= LATE),
    acknowledged=st.lists(st.booleans(), max_size=5),
)
def test_whatever_fails_everything_is_read_once_and_all_agree(commits, happening, acknowledged):
    """Notifications overtake each other, come twice, and find a provider that fails."""
    room, at_b, phone, laptop = meeting()
    sent, said = [], []
    for number, is_commit in enumerate(commits):
        said += [] if is_commit else [b"%d" % number]
        sent.append(notify_body(room.commits() if is_commit else [room.says(said[-1])]))
    for at, happens in enumerate(happening):
        if happens == "overtaken":
            sent[at : at + 2] = sent[at : at + 2][::-1]
    for at, octets_ in enumerate(sent):
        happens = happening[at] if at < len(happening) else ""
        step = at_b.step(octets_)
        at_b.stores(step)
        if happens != "crash":
            at_b.delivers(step.effects)
        if happens == "twice":
            assert at_b.step(octets_).effects == ()
        if at < len(acknowledged) and acknowledged[at]:
            at_b.acknowledges()
        for each in (phone, laptop):
            if each.gaps:
                each.gaps.clear()
                again = at_b.misses(each.uri)
                assert not isinstance(again, Resync)
                at_b.delivers(again)
    at_b.starts_again()
    assert sorted(phone.read) == sorted(laptop.read) == said
    assert agreed(room, phone, laptop)
