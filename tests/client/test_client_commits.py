"""Changes on their way: two in one epoch, answers that are lost, and what the hub refuses."""

from functools import partial

import pytest
from client.neighbourhood import ADMIN, ALICE, BOB, CATHY, USER, Neighbourhood, octets, text

from mimi.client import (
    ChangeRefused,
    DeviceRoom,
    Kept,
    LeaveLost,
    Material,
    MessageRefused,
    Next,
    Passed,
    Proposed,
    RoomChanged,
)
from mimi.client.errors import (
    LeavingError,
    NoKeyPackageError,
    NoMemberError,
    RefusedError,
    UnderwayError,
)
from mimi.codec import decode, replace
from mimi.mls import MLSMessage, Remove
from mimi.mls.errors import MembershipTagError, PendingProposalsError
from mimi.policy.errors import NoParticipantError, PolicyRefusedError
from mimi.policy.operational import AppMessagePolicy, OperationalParameters
from mimi.policy.presets import ANNOUNCEMENT_CHANNEL, COOPERATIVE
from mimi.policy.presets.announcement import OWNER
from mimi.policy.propose import list_update, update_of
from mimi.policy.structures import RoleData
from mimi.protocol.fanout import FanoutMessage, ProposalFanout
from mimi.protocol.http import Refused
from mimi.protocol.keys import (
    ClientKeyMaterial,
    KeyMaterialClientCode,
    KeyMaterialResponse,
    KeyMaterialUserCode,
)
from mimi.protocol.protocol import Protocol
from mimi.protocol.update import (
    UpdateAccepted,
    UpdateResponseCode,
    invalid_proposals,
    not_allowed,
    update_accepted,
    wrong_epoch,
)


@pytest.fixture(params=[False, True], ids=["kept", "restored"])
def there(request):
    there = Neighbourhood(restoring=request.param)
    there.create("alice/phone")
    there.add("alice/phone", "alice", "bob")
    return there


def kinds(events):
    return [type(event) for event in events]


def test_two_commits_in_one_epoch_end_in_agreement(there):
    drafts = {}
    for name in ("alice/phone", "bob/phone"):
        drafts[name] = there.of(name).commit(now=there.now)
        there.put(name, drafts[name].room)
    first = there.update("bob/phone", drafts["bob/phone"].request)
    second = there.update("alice/phone", drafts["alice/phone"].request)
    there.note("bob/phone", there.of("bob/phone").answered(first, now=there.now))
    step = there.of("alice/phone").answered(second, now=there.now)

    assert step.events == (ChangeRefused(Next.CATCH_UP),)
    assert step.room.underway is not None
    with pytest.raises(UnderwayError):
        step.room.commit(now=there.now)

    there.note("alice/phone", step)
    there.hear()
    assert kinds(there.events["alice/phone"][-2:]) == [RoomChanged, ChangeRefused]
    assert there.events["alice/phone"][-1].next is Next.TRY_AGAIN
    there.changed("alice/phone", lambda room: room.commit(now=there.now))
    there.check_agreement()


def test_a_commit_that_is_sent_again_is_answered_again(there):
    change = there.of("alice/phone").rename("Club", now=there.now)
    there.put("alice/phone", change.room)
    lost = there.update("alice/phone", change.request)
    again = there.update("alice/phone", change.request)
    assert again == lost
    there.note("alice/phone", there.of("alice/phone").answered(again, now=there.now))
    there.hear()
    there.check_agreement()


def test_a_commit_whose_answer_is_lost_takes_effect_when_it_comes_back(there):
    change = there.of("alice/phone").rename("Club", now=there.now)
    there.put("alice/phone", change.room)
    there.update("alice/phone", change.request)
    there.room = replace(there.room, recent={})  # too long ago
    again = there.update("alice/phone", change.request)
    step = there.of("alice/phone").answered(again, now=there.now)
    assert step.events[0].next is Next.CATCH_UP
    there.note("alice/phone", step)
    there.hear()
    assert there.events["alice/phone"][-1].is_policy_changed
    assert there.of("alice/phone").policy.policy.metadata.room_name == b"Club"
    there.check_agreement()


def test_a_commit_that_is_neither_answered_nor_echoed_is_known_by_what_follows(there):
    change = there.of("alice/phone").commit(now=there.now)
    there.put("alice/phone", change.room)
    response = there.update("alice/phone", change.request)
    there.inbox["alice/phone"].clear()
    there.hear()
    there.say("bob/phone", text("In the new epoch", b"1"))
    assert [entry.text for entry in there.of("alice/phone").shown] == ["In the new epoch"]
    there.check_agreement()

    late = there.of("alice/phone").answered(response, now=there.now)
    assert late.events == (Passed(),)


def test_an_answer_to_another_request_is_passed_over(there):
    first = there.of("alice/phone").commit(now=there.now)
    there.change("bob/phone", lambda room: room.commit(now=there.now))
    there.put("alice/phone", first.room)
    there.hear()
    second = there.of("alice/phone").commit(now=there.now)
    there.put("alice/phone", second.room)
    room = there.of("alice/phone")
    step = room.answered(update_accepted(there.now), now=there.now, request=first.request)
    assert step.room is room


def test_what_is_not_allowed_is_dropped(there):
    change = there.of("bob/phone").commit(now=there.now)
    step = change.room.answered(not_allowed("not today"), now=there.now)
    assert step.events == (ChangeRefused(Next.GIVE_UP, "not today"),)
    there.put("bob/phone", step.room)
    there.changed("bob/phone", lambda room: room.commit(now=there.now))
    there.check_agreement()


def test_a_commit_that_misses_what_is_pending_is_made_anew(there):
    leave = there.of("bob/phone").leave(now=there.now)
    there.put("bob/phone", leave.room)
    assert isinstance(there.update("bob/phone", leave.request).details, UpdateAccepted)
    (refused,) = there.change("alice/phone", lambda room: room.commit(now=there.now))
    assert (type(refused), refused.next) == (ChangeRefused, Next.GIVE_UP)
    there.hear()
    assert kinds(there.events["alice/phone"][-3:]) == [Proposed] * 3
    there.changed("alice/phone", lambda room: room.commit(now=there.now))
    there.check_agreement("alice/phone", "alice/laptop")


def test_a_commit_is_made_anew_where_it_has_missed_what_was_proposed_before_the_answer(there):
    leave = there.of("bob/phone").leave(now=there.now)
    there.put("bob/phone", leave.room)
    change = there.of("alice/phone").rename("Club", now=there.now)
    there.put("alice/phone", change.room)
    assert isinstance(there.update("bob/phone", leave.request).details, UpdateAccepted)
    response = there.update("alice/phone", change.request)
    assert response.response_code is UpdateResponseCode.NOT_ALLOWED
    there.hear("alice/phone")  # before the answer
    step = there.of("alice/phone").answered(response, now=there.now)
    (refused,) = there.note("alice/phone", step)
    assert (type(refused), refused.next) == (ChangeRefused, Next.TRY_AGAIN)

    again = there.of("alice/phone").rename("Club", now=there.now)
    step = again.room.answered(not_allowed("not today"), now=there.now)
    assert step.events == (ChangeRefused(Next.GIVE_UP, "not today"),)  # it covers all that it knows
    there.put("alice/phone", step.room)
    there.changed("alice/phone", lambda room: room.rename("Club", now=there.now))
    assert there.of("alice/laptop").policy.policy.metadata.room_name == b"Club"
    there.check_agreement("alice/phone", "alice/laptop")


@pytest.mark.parametrize("is_answered_first", [False, True])
def test_proposals_that_a_commit_outruns_are_made_anew(there, is_answered_first):
    change = there.of("bob/phone").propose([rename(there)], now=there.now)
    there.put("bob/phone", change.room)
    there.change("alice/phone", lambda room: room.commit(now=there.now))
    response = there.update("bob/phone", change.request)
    if is_answered_first:
        step = there.of("bob/phone").answered(response, now=there.now)
        (refused,) = there.note("bob/phone", step)
        assert refused.next is Next.CATCH_UP
    there.hear("bob/phone")
    assert kinds(there.events["bob/phone"][-2:]) == [RoomChanged, ChangeRefused]
    assert there.events["bob/phone"][-1].next is Next.TRY_AGAIN
    assert there.of("bob/phone").answered(response, now=there.now).events == (Passed(),)
    there.changed("bob/phone", lambda room: room.propose([rename(there)], now=there.now))
    there.changed("alice/phone", lambda room: room.commit(now=there.now))
    assert there.of("bob/phone").policy.policy.metadata.room_name == b"Club"
    there.check_agreement()


def test_proposals_that_a_commit_covers_take_place_before_they_are_answered(there):
    change = there.of("bob/phone").propose([rename(there)], now=there.now)
    there.put("bob/phone", change.room)
    response = there.update("bob/phone", change.request)
    there.hear("alice/phone")
    there.change("alice/phone", lambda room: room.commit(now=there.now))
    there.hear()
    assert kinds(there.events["bob/phone"][-2:]) == [Passed, RoomChanged]
    assert there.of("bob/phone").answered(response, now=there.now).events == (Passed(),)
    assert there.of("bob/phone").policy.policy.metadata.room_name == b"Club"
    there.check_agreement()


def test_a_status_in_place_of_an_answer_keeps_a_change_or_drops_it(there):
    change = there.of("bob/phone").commit(now=there.now)
    step = change.room.answered(Refused(503, 60), now=there.now)
    assert step.events == (ChangeRefused(Next.SEND_AGAIN, "status 503"),)
    assert step.room.underway.request == change.request
    step = step.room.answered(Refused(403), now=there.now)
    assert step.events == (ChangeRefused(Next.GIVE_UP, "status 403"),)
    assert step.room.underway is None
    assert step.room.answered(Refused(403), now=there.now).events == (Passed(),)
    there.put("bob/phone", step.room)
    there.changed("bob/phone", lambda room: room.commit(now=there.now))
    there.check_agreement()


def test_who_gives_no_key_package_is_not_added(there):
    room = there.of("alice/phone")
    request = room.ask_key_material(octets(CATHY))
    code = KeyMaterialUserCode.NO_CONSENT
    nothing = KeyMaterialResponse(Protocol.MLS10, code, octets(CATHY))
    with pytest.raises(NoKeyPackageError) as caught:
        room.add([Material(request, nothing)], now=there.now)
    assert caught.value.where == {"user": octets(CATHY), "status": code}

    with pytest.raises(RefusedError) as refused:
        Material(request, Refused(502))
    assert refused.value.where == {"status": 502, "is_final": False, "retry_after": None}

    given = there.material("alice/phone", "cathy")
    phone, laptop = given.response.clients
    exhausted = ClientKeyMaterial(KeyMaterialClientCode.KEY_MATERIAL_EXHAUSTED, laptop.client_uri)
    some = replace(
        given.response,
        user_status=KeyMaterialUserCode.PARTIAL_SUCCESS,
        clients=(phone, exhausted),
    )
    short = Material(given.request, some)
    assert short.left_out == {laptop.client_uri: KeyMaterialClientCode.KEY_MATERIAL_EXHAUSTED}
    there.changed("alice/phone", lambda room: room.add([short], now=there.now))
    assert there.of("bob/phone").policy.clients[octets(CATHY)] == 1


def test_a_hub_that_is_behind_is_met_with_a_resync(there):
    change = there.of("bob/phone").commit(now=there.now)
    step = change.room.answered(wrong_epoch(0), now=there.now)
    assert step.events == (ChangeRefused(Next.RESYNC),)
    assert step.room.underway is None


def test_the_policy_is_asked_before_anything_is_sent(there):
    with pytest.raises(PolicyRefusedError):
        there.of("bob/phone").ban([octets(ALICE)], now=there.now)
    with pytest.raises(NoParticipantError):
        there.of("alice/phone").remove([octets(CATHY)], now=there.now)
    with pytest.raises(NoParticipantError):
        there.of("alice/phone").unban([octets(BOB)], now=there.now)


def test_roles_and_clients_change(there):
    there.changed(
        "alice/phone", lambda room: room.change_roles({octets(BOB): ADMIN}, now=there.now)
    )
    (event,) = (each for each in there.events["bob/phone"] if isinstance(each, RoomChanged))
    assert event.roles == ((octets(BOB), USER, ADMIN),)
    assert event.by == octets(ALICE)

    there.changed("alice/phone", lambda room: room.kick([octets(BOB)], now=there.now))
    assert there.events["alice/laptop"][-1].clients == ((octets(BOB), 2, 0),)
    assert there.events["bob/phone"][-1].role == ADMIN
    there.check_agreement("alice/phone", "alice/laptop")
    with pytest.raises(NoMemberError):
        there.of("bob/phone").commit(now=there.now)

    there.add("alice/phone", "bob")
    there.say("bob/laptop", text("Back again", b"1"))
    there.check_agreement()


def test_who_is_banned_comes_back_when_somebody_lets_it(there):
    bob = [octets(BOB)]
    there.changed("alice/phone", lambda room: room.ban(bob, now=there.now))
    assert there.of("alice/laptop").policy.role_of(bob[0]) == 1
    there.changed("alice/phone", lambda room: room.unban(bob, now=there.now, role=USER))
    there.add("alice/laptop", "bob")
    there.check_agreement()
    there.changed("alice/phone", lambda room: room.remove(bob, now=there.now))
    there.changed("alice/phone", lambda room: room.ban([octets(CATHY)], now=there.now))
    there.changed("alice/phone", lambda room: room.unban([octets(CATHY)], now=there.now))
    assert octets(CATHY) not in there.of("alice/phone").policy.participants.roles
    there.check_agreement("alice/phone", "alice/laptop")


def test_who_leaves_is_committed_by_whoever_comes_next(there):
    there.changed("bob/phone", lambda room: room.leave(now=there.now))
    assert kinds(there.events["alice/phone"][-3:]) == [Proposed] * 3
    assert {event.by for event in there.events["alice/phone"][-3:]} == {octets(BOB)}
    for name in ("bob/phone", "bob/laptop"):
        with pytest.raises(LeavingError):
            there.of(name).commit(now=there.now)
        with pytest.raises(LeavingError):
            there.of(name).send(text("Wait", b"1"), now=there.now)
    with pytest.raises(PendingProposalsError):
        there.of("alice/phone").send(text("Wait", b"1"), now=there.now)
    there.changed("alice/phone", lambda room: room.rename("Alone", now=there.now))
    assert there.members() == ["alice/phone", "alice/laptop"]
    there.check_agreement()


def test_a_leave_that_a_joiner_cannot_take_along_is_repeated_by_the_hub(there):
    there.changed("bob/phone", lambda room: room.leave(now=there.now))
    there.buy("alice", "tablet")
    there.come_in("alice/tablet")
    assert not there.of("bob/phone").is_member  # its SelfRemove was taken along
    lost, *anew = there.events["bob/laptop"][-3:]
    assert isinstance(lost, LeaveLost)
    assert [event.by for event in anew] == [b"mimi://a.example"] * 2
    with pytest.raises(LeavingError):
        there.of("bob/laptop").leave(now=there.now)
    there.changed("alice/tablet", lambda room: room.commit(now=there.now))
    there.check_agreement("alice/phone", "alice/laptop", "alice/tablet")


def test_a_leave_is_to_be_repeated_where_the_hub_may_not():
    roles = COOPERATIVE.roles.roles
    there = Neighbourhood()
    there.create("alice/phone", COOPERATIVE.having(RoleData(roles[:-1])))
    there.add("alice/phone", "alice", "bob")
    there.changed("bob/phone", lambda room: room.leave(now=there.now))
    there.buy("alice", "tablet")
    there.come_in("alice/tablet")
    assert isinstance(there.events["bob/laptop"][-1], LeaveLost)
    there.changed("bob/laptop", lambda room: room.leave(now=there.now))
    there.changed("alice/tablet", lambda room: room.commit(now=there.now))
    there.check_agreement("alice/phone", "alice/laptop", "alice/tablet")


def test_what_the_hub_wants_is_stapled_to_the_commit_of_a_joiner(there):
    bob = octets(BOB)
    step = there.hub.remove(there.room, [bob], now=there.tick())
    there.room = step.room
    there.notify(step.effects)
    there.buy("alice", "tablet")
    there.come_in("alice/tablet")
    assert len(there.of("alice/phone").group.pending) == 3
    assert there.events["alice/phone"][-1].by == b"mimi://a.example"
    with pytest.raises(LeavingError):
        there.of("bob/phone").commit(now=there.now)
    there.changed("alice/tablet", lambda room: room.commit(now=there.now))
    assert octets(BOB) not in there.of("alice/phone").policy.participants.roles
    there.check_agreement("alice/phone", "alice/laptop", "alice/tablet")


def test_what_the_hub_wants_follows_the_commit_of_a_member(there):
    cathy = octets(CATHY)
    there.add("alice/phone", "cathy")
    promotion = list_update(there.of("alice/phone").policy, change={cathy: ADMIN})
    there.changed("alice/phone", lambda room: room.propose([promotion], now=there.now))
    step = there.hub.remove(there.room, [cathy], now=there.tick())
    there.room = step.room
    assert step.effects == ()  # it cannot be both: that comes first
    there.changed("alice/phone", lambda room: room.commit(now=there.now))
    assert {event.by for event in there.events["bob/phone"][-3:]} == {b"mimi://a.example"}
    there.changed("bob/phone", lambda room: room.commit(now=there.now))
    assert cathy not in there.of("alice/phone").policy.participants.roles
    there.check_agreement("alice/phone", "alice/laptop", "bob/phone", "bob/laptop")


def test_proposals_of_others_are_committed_by_a_member(there):
    leaf = there.of("bob/laptop").group.leaf_index
    there.changed("bob/phone", lambda room: room.propose([Remove(leaf)], now=there.now))
    change = there.of("alice/phone").commit(now=there.now)
    response = there.update("alice/phone", change.request)
    assert isinstance(response.details, UpdateAccepted)
    there.note("alice/phone", change.room.answered(response, now=there.now))
    there.hear()
    there.check_agreement("alice/phone", "alice/laptop", "bob/phone")


def test_what_the_hub_takes_for_invalid_is_forgotten(there):
    there.changed("bob/phone", lambda room: room.propose([rename(there)], now=there.now))
    (pending,) = there.of("alice/phone").group.pending
    change = there.of("alice/phone").commit(now=there.now)
    step = change.room.answered(invalid_proposals((pending.reference,)), now=there.now)
    assert step.events == (ChangeRefused(Next.TRY_AGAIN),)
    assert step.room.group.pending == ()

    change = there.of("alice/laptop").commit(now=there.now)
    step = change.room.answered(invalid_proposals((), "no path"), now=there.now)
    assert step.events == (ChangeRefused(Next.GIVE_UP, "no path"),)
    assert step.room.group.pending == (pending,)


def rename(there):
    said = there.of("alice/phone").policy.policy.metadata
    return update_of(replace(said, room_name=b"Club"))


def test_proposals_that_the_hub_does_not_take_are_forgotten(there):
    change = there.of("bob/phone").leave(now=there.now)
    assert len(change.room.group.pending) == 3
    step = change.room.answered(not_allowed(), now=there.now)
    assert step.room.group.pending == ()
    assert step.room.commit(now=there.now).request != change.request


def test_a_join_that_is_not_allowed_is_given_up(there):
    there.buy("bob", "tablet")
    asking, response = there.answer("bob/tablet")
    change = there.devices["bob/tablet"].come_in(asking, response, now=there.now)
    step = change.room.answered(not_allowed(), now=there.now)
    assert step.events == (ChangeRefused(Next.GIVE_UP),)
    with pytest.raises(NoMemberError):
        step.room.send(text("Hi", b"1"), now=there.now)


def test_a_proposal_that_is_invalid_is_refused(there):
    change = there.of("bob/phone").propose([rename(there)], now=there.now)
    body = change.request.bundle.proposal_or_commit.body
    false = replace(
        change.request.bundle.proposal_or_commit, body=replace(body, membership_tag=bytes(32))
    )
    (event,) = there.take("alice/phone", FanoutMessage(there.now, false, ProposalFanout()))
    assert isinstance(event, MessageRefused)
    assert type(event.error) is MembershipTagError


def test_who_proposes_to_be_added_is_named(there):
    there.changed("alice/phone", lambda room: room.kick([octets(BOB)], now=there.now))
    client = there.devices["bob/phone"].client
    info = there.of("alice/phone").group.group_info()
    _, wire = client.propose_joining(info, now=there.now // 1000)
    message = FanoutMessage(there.now, decode(MLSMessage, wire), ProposalFanout())
    (event,) = there.take("alice/phone", message)
    assert isinstance(event, Proposed)
    assert event.by == octets(BOB)


def test_what_is_of_a_later_epoch_does_not_prove_another_commit(there):
    """Alice's commit lost: what Bob says two epochs later, and one, is kept until it is there."""
    change = there.of("alice/phone").commit(now=there.now)
    there.put("alice/phone", change.room)
    there.change("bob/phone", lambda room: room.commit(now=there.now))
    there.post_all("bob/phone", text("One", b"1"), ["bob/phone"])
    there.change("bob/phone", lambda room: room.commit(now=there.now))
    there.post_all("bob/phone", text("Two", b"2"), ["bob/phone"])
    first, one, second, two = there.inbox["alice/phone"]
    there.inbox["alice/phone"].clear()
    for message in (two, one):
        assert [type(event) for event in there.take("alice/phone", message)] == [Kept]
    there.take("alice/phone", first)
    there.take("alice/phone", second)
    there.hear()
    there.check_agreement()


@pytest.mark.parametrize("restoring", [False, True])
def test_a_room_says_how_many_epochs_are_kept(restoring):
    there = Neighbourhood(restoring=restoring)
    there.create("alice/phone", ANNOUNCEMENT_CHANNEL, OWNER)
    there.add("alice/phone", "bob")
    assert there.of("bob/phone").group.settings.past_epochs == 2
    for kept in (5, 0):
        said = OperationalParameters(app_message_policy=AppMessagePolicy(epoch_tolerance=kept))
        update = update_of(said)
        there.changed("alice/phone", partial(DeviceRoom.commit, proposals=[update], now=there.now))
        assert there.of("bob/phone").group.settings.past_epochs == (kept or 2)
    there.check_agreement()
