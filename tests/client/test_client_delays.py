"""The hub delays, repeats and mixes up, and a Welcome is lost: every script ends in agreement."""

import attrs
import pytest
from client.neighbourhood import BOB, Neighbourhood, octets, text

from mimi.client import (
    ChangeRefused,
    Joined,
    Kept,
    MessageShown,
    NeedsResync,
    Next,
    NotSent,
    Passed,
    Proposed,
    RoomChanged,
)
from mimi.codec import replace
from mimi.mls.errors import KeyConsumedError, MembershipTagError, WrongEpochError
from mimi.policy.operational import MinDefaultMaxTime, OperationalParameters
from mimi.policy.presets import COOPERATIVE
from mimi.protocol.errors import FannedOutError, StapledProposalsError
from mimi.protocol.fanout import CommitFanout, FanoutMessage
from mimi.protocol.update import UpdateAccepted


@pytest.fixture(params=[False, True], ids=["kept", "restored"])
def there(request):
    return begun(restoring=request.param)


def begun(*, restoring=False, preset=COOPERATIVE):
    there = Neighbourhood(restoring=restoring)
    there.create("alice/phone", preset)
    there.add("alice/phone", "alice", "bob")
    return there


def unheard(there, name, rounds=3):
    """Let others talk and change the room, while a device hears nothing; return what it missed."""
    there.inbox[name].clear()
    others = [each for each in there.members() if each != name]
    for index in range(rounds):
        there.post_all("alice/laptop", text(f"Message {index}", b"m%d" % index), others)
        change = there.of("alice/phone").commit(now=there.now)
        there.put("alice/phone", change.room)
        response = there.update("alice/phone", change.request)
        there.note("alice/phone", there.of("alice/phone").answered(response, now=there.now))
        there.hear(*others)
    missed = there.inbox[name][:]
    there.inbox[name].clear()
    return missed


def test_what_comes_backwards_is_put_in_order(there):
    missed = unheard(there, "bob/phone", 2)  # as many epochs as messages may be late
    for message in reversed(missed):
        there.take("bob/phone", message)
    assert any(isinstance(event, Kept) for event in there.events["bob/phone"])
    assert there.of("bob/phone").waiting == ()
    there.check_agreement()


def test_what_comes_twice_changes_nothing(there):
    missed = unheard(there, "bob/phone")
    for message in [*missed, *missed]:
        events = there.take("bob/phone", message)
    for message in missed:
        before = there.of("bob/phone").save()
        (event,) = there.take("bob/phone", message)
        assert isinstance(event, Passed)
        assert type(event.error) in (WrongEpochError, KeyConsumedError)
        assert there.rooms["bob/phone"].save() == before
    assert isinstance(events[0], Passed)
    there.check_agreement()


def test_what_waits_comes_twice_as_well(there):
    missed = unheard(there, "bob/phone")
    last = missed[-1]
    assert [type(event) for event in there.take("bob/phone", last)] == [Kept]
    assert there.take("bob/phone", last) == [Passed()]
    assert len(there.of("bob/phone").waiting) == 1


def test_a_message_whose_answer_is_lost_is_known_when_it_comes_back(there):
    message_id, _ = there.post("bob/phone", text("Did it arrive?", b"1"))
    assert message_id in there.of("bob/phone").sent
    there.hear()
    assert isinstance(there.events["bob/phone"][-1], MessageShown)
    assert there.of("bob/phone").sent == {}
    there.check_agreement()


def test_a_message_that_was_too_late_is_sent_again_as_it_is(there):
    post = there.of("bob/phone").send(text("Late", b"1"), now=there.now)
    there.put("bob/phone", post.room)
    change = there.of("alice/phone").commit(now=there.now)
    there.put("alice/phone", change.room)
    answer = there.update("alice/phone", change.request)
    there.note("alice/phone", there.of("alice/phone").answered(answer, now=there.now))
    step = there.hub.submit(there.room, post.request, there.owner_of("bob/phone").provider, now=0)
    (event,) = there.note(
        "bob/phone", there.of("bob/phone").submitted(post.message_id, step.response)
    )
    assert isinstance(event, NotSent)
    assert event.next is Next.CATCH_UP
    there.hear()
    assert there.say("bob/phone", event.message) == post.message_id
    there.check_agreement()


def test_a_message_may_come_after_the_commit_that_ends_its_epoch(there):
    missed = unheard(there, "bob/phone")
    first, commit, *rest = missed
    for message in (commit, first, *rest):
        there.take("bob/phone", message)
    there.check_agreement()


def test_a_lost_welcome_is_recovered_from_by_a_commit_of_one_s_own():
    there = begun()
    materials = [there.material("alice/phone", "cathy")]
    change = there.of("alice/phone").add(materials, now=there.now)
    there.put("alice/phone", change.room)
    response = there.update("alice/phone", change.request)
    there.note("alice/phone", there.of("alice/phone").answered(response, now=there.now))
    there.inbox["cathy/phone"].clear()
    there.hear()
    assert "cathy/phone" not in there.rooms
    assert "cathy/laptop" in there.rooms

    members = len(there.of("alice/phone").group.members)
    (event,) = there.come_in("cathy/phone")
    assert isinstance(event, Joined)
    assert len(there.of("alice/phone").group.members) == members
    there.say("cathy/phone", text("Here I am", b"1"))
    there.check_agreement()


@pytest.mark.parametrize("restoring", [False, True])
def test_who_missed_a_commit_comes_back_with_its_conversation(restoring):
    there = begun(restoring=restoring)
    there.say("alice/phone", text("Before", b"0"))
    missed = unheard(there, "bob/phone")
    for message in missed[2:]:
        there.take("bob/phone", message)
    (event,) = there.come_in("bob/phone")
    assert isinstance(event, Joined)
    there.say("bob/phone", text("After", b"1"))
    said = [entry.text for entry in there.of("bob/phone").shown]
    assert said[0] == "Before"
    assert said[-1] == "After"
    assert there.of("bob/phone").joined == 1
    there.check_agreement(since=event.accepted)


def tampered(message):
    """Return a commit whose confirmation tag is another, signed as it was."""
    body = message.message.body
    auth = replace(body.auth, confirmation_tag=bytes(32))
    return replace(message, message=replace(message.message, body=replace(body, auth=auth)))


def test_a_commit_that_nobody_can_process_needs_a_resync(there):
    missed = unheard(there, "bob/phone")
    first, commit, *rest = missed
    there.take("bob/phone", first)
    before = there.of("bob/phone").save()
    (event,) = there.take("bob/phone", tampered(commit))
    assert isinstance(event, NeedsResync)
    assert type(event.reason) is MembershipTagError
    assert there.rooms["bob/phone"].save() == before
    for message in rest:
        there.take("bob/phone", message)
    (event,) = there.come_in("bob/phone")
    assert isinstance(event, Joined)
    there.say("bob/phone", text("Again", b"9"))
    there.check_agreement(since=event.accepted)


def test_what_waits_too_long_is_given_up():
    times = MinDefaultMaxTime(0, 10, 60)
    said = OperationalParameters(buffer_incoming_message_time=times, max_buffered_messages=2)
    there = begun(preset=COOPERATIVE.having(said))
    _, *late = unheard(there, "bob/phone")[1:]
    assert there.of("bob/phone").next_deadline is None
    for message in late[:2]:
        assert [type(event) for event in there.take("bob/phone", message)] == [Kept]
    assert [type(event) for event in there.take("bob/phone", late[2])] == [NeedsResync]

    room = there.of("bob/phone")
    assert room.next_deadline is not None
    assert room.expire(now=room.next_deadline - 1).room is room
    step = room.expire(now=room.next_deadline)
    assert step.room.waiting == ()
    assert step.events == (NeedsResync(),)


def test_a_join_that_came_too_late_is_made_again():
    there = begun()
    there.buy("bob", "tablet")
    asking, response = there.answer("bob/tablet")
    there.changed("alice/phone", lambda room: room.commit(now=there.now))
    change = there.devices["bob/tablet"].come_in(asking, response, now=there.now)
    refused = there.update("bob/tablet", change.request)
    (event,) = change.room.answered(refused, now=there.now).events
    assert event.next is Next.JOIN_AGAIN
    assert isinstance(there.come_in("bob/tablet")[0], Joined)
    there.say("bob/tablet", text("Third device", b"1"))
    there.check_agreement(*there.members(), since=there.now)


def test_a_join_whose_answer_is_lost_is_known_by_what_follows():
    there = begun()
    there.buy("bob", "tablet")
    asking, response = there.answer("bob/tablet")
    change = there.devices["bob/tablet"].come_in(asking, response, now=there.now)
    there.put("bob/tablet", change.room)
    assert isinstance(there.update("bob/tablet", change.request).details, UpdateAccepted)
    there.inbox["bob/tablet"].clear()
    there.hear()
    assert not there.of("bob/tablet").is_member
    there.say("bob/phone", text("Welcome", b"1"))
    assert there.of("bob/tablet").is_member
    assert [type(event) for event in there.events["bob/tablet"]] == [Joined, MessageShown]
    there.check_agreement()


def test_what_the_hub_proposes_does_not_prove_a_join():
    there = begun()
    step = there.hub.remove(there.room, [octets(BOB)], now=there.tick())
    there.room = step.room
    there.notify(step.effects)
    there.hear()
    for kind in ("tablet", "watch"):
        there.buy("alice", kind)
    asking, response = there.answer("alice/tablet")
    change = there.devices["alice/tablet"].come_in(asking, response, now=there.now)
    there.put("alice/tablet", change.room)

    there.come_in("alice/watch")  # with what the hub proposes for the epoch that this opens
    assert Joined not in map(type, there.events["alice/tablet"])
    assert not there.of("alice/tablet").is_member
    refused = there.update("alice/tablet", change.request)
    (event,) = there.of("alice/tablet").answered(refused, now=there.now).events
    assert event.next is Next.JOIN_AGAIN
    there.come_in("alice/tablet")
    there.changed("alice/tablet", lambda room: room.commit(now=there.now))
    there.check_agreement("alice/phone", "alice/laptop", "alice/tablet", "alice/watch")


def test_what_the_hub_proposes_does_not_prove_a_commit(there):
    mine = there.of("alice/phone").commit(now=there.now)
    there.put("alice/phone", mine.room)
    theirs = there.of("bob/phone").commit(now=there.now)
    there.put("bob/phone", theirs.room)
    answer = there.update("bob/phone", theirs.request)
    there.note("bob/phone", there.of("bob/phone").answered(answer, now=there.now))
    step = there.hub.remove(there.room, [octets(BOB)], now=there.tick())
    there.room = step.room
    there.notify(step.effects)

    commit, proposals = there.inbox["alice/phone"]
    there.inbox["alice/phone"] = []
    (event,) = there.take("alice/phone", proposals)
    assert isinstance(event, Kept)
    assert there.of("alice/phone").underway is not None
    events = there.take("alice/phone", commit)
    assert [type(each) for each in events[:2]] == [RoomChanged, ChangeRefused]
    assert {type(each) for each in events[2:]} == {Proposed}
    there.hear()
    there.changed("alice/phone", lambda room: room.commit(now=there.now))
    there.check_agreement("alice/phone", "alice/laptop")


def test_what_is_no_event_of_a_room_is_refused(there):
    room = there.of("alice/phone")
    commit = unheard(there, "bob/phone")[1]
    with pytest.raises(StapledProposalsError):
        room.receive(replace(commit, attached=CommitFanout((commit.message,))), now=there.now)
    info = attrs.evolve(commit.message, body=there.room.group.group_info)
    with pytest.raises(FannedOutError):
        room.receive(FanoutMessage(there.now, info, None), now=there.now)
