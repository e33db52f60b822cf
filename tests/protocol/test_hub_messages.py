"""Application messages at the hub: stamped, and handed on to who may receive them (section 5.4)."""

import pytest
from protocol.hall import (
    BOB,
    CATHY,
    NOT_ALLOWED,
    USER,
    A,
    B,
    C,
    Hall,
    kinds,
    octets,
    told,
)

from mimi.codec import decode, replace
from mimi.mls import MLSMessage, safe_aad
from mimi.mls.negotiation import application_framing
from mimi.policy.presets import COOPERATIVE
from mimi.policy.structures import RoleData
from mimi.protocol import (
    FrankingAgentData,
    ServerFrankingContext,
    SubmitAccepted,
    SubmitEpochTooOld,
    SubmitMessageRequest,
    SubmitNotAllowed,
    verify_frank,
)
from mimi.protocol.errors import ForeignSenderError, NotApplicationError


@pytest.fixture
def hall():
    return Hall().furnished("alice", "bob", "cathy")


def not_taken(hall, request, source, kind=SubmitNotAllowed):
    step = hall.asked(request, source)
    assert type(step.response.status) is kind
    assert step.room is hall.room
    assert step.effects == ()
    return step.response.status


def test_a_message_is_handed_on_to_all_who_may_receive_it(hall):
    request = hall.message("bob/phone")
    step = hall.taken(request, B)
    assert kinds(step) == [("a", "message"), ("b", "message"), ("c", "message")]
    accepted = step.response.status
    assert type(accepted) is SubmitAccepted
    for _, fanned in told(step):
        assert fanned.message == request.app_message
        assert fanned.timestamp == accepted.accepted_timestamp == hall.room.timestamp
        assert fanned.attached.frank == accepted.frank


def test_a_message_is_stamped(hall):
    request = hall.message("bob/phone")
    step = hall.taken(request, B)
    accepted, group = step.response.status, hall.room.group
    context = ServerFrankingContext(octets(BOB), octets(hall.room.uri), accepted.accepted_timestamp)
    verify_frank(group.suite, hall.hub.signer.public, accepted.frank, context)


def test_a_hub_that_lacks_the_agents_key_stamps_nothing():
    """The key was rotated in the group, and not at the hub: no stamp is better than a false one."""
    hall = Hall()
    signer, _ = hall.sender(C)
    agent = FrankingAgentData(signer.public, hall.hub.credential)
    hall.furnished("bob", franking=agent)
    step = hall.taken(hall.message("bob/phone"), B)
    assert step.response.status.frank is None


def test_a_message_without_a_tag_is_not_stamped(hall):
    room = hall.of("bob/phone")
    _, wire = room.group.protect(application_framing(b"hello"), safe_aad(()))
    request = SubmitMessageRequest(decode(MLSMessage, wire), octets(BOB))
    assert hall.taken(request, B).response.status.frank is None


def test_a_room_without_an_agent_stamps_nothing():
    hall = Hall().furnished("bob", franking=None)
    step = hall.taken(hall.message("bob/phone"), B)
    assert step.response.status.frank is None
    assert [each.attached.frank for _, each in told(step)] == [None, None]


def test_a_message_that_comes_again_is_answered_again(hall):
    request = hall.message("bob/phone")
    first = hall.taken(request, B)
    again = hall.asked(request, B)
    assert again.response == first.response
    assert again.room is hall.room
    assert again.effects == ()


def test_a_message_that_comes_again_in_the_next_epoch_is_answered_again(hall):
    """Its sender must not take it for refused, and send what it said once more."""
    request = hall.message("bob/phone")
    first = hall.taken(request, B)
    hall.taken(hall.commit("cathy/phone"), C)
    assert hall.asked(request, B).response == first.response


def test_a_message_that_another_user_repeats_is_refused(hall):
    """A follower sees all messages: it must not have them stamped for its own users."""
    request = hall.message("bob/phone")
    hall.taken(request, B)
    stolen = replace(request, sending_uri=octets(CATHY))
    not_taken(hall, stolen, C)


def test_a_message_of_an_epoch_that_is_over(hall):
    late = hall.message("bob/phone")
    hall.taken(hall.commit("cathy/phone"), C)
    assert not_taken(hall, late, B, SubmitEpochTooOld).current_epoch == 2


def test_a_message_of_an_epoch_that_is_yet_to_come(hall):
    request = hall.message("bob/phone")
    body = replace(request.app_message.body, epoch=2)
    not_taken(hall, replace(request, app_message=replace(request.app_message, body=body)), B)


def test_a_message_to_another_group(hall):
    request = hall.message("bob/phone")
    body = replace(request.app_message.body, group_id=b"another")
    not_taken(hall, replace(request, app_message=replace(request.app_message, body=body)), B)


def test_who_is_no_participant_sends_nothing(hall):
    stranger = b"mimi://c.example/u/stranger"
    not_taken(hall, replace(hall.message("bob/phone"), sending_uri=stranger), C)


def test_a_participant_without_clients_sends_nothing(hall):
    hall.changed("alice/phone", lambda room: room.kick([octets(CATHY)], now=hall.now))
    request = replace(hall.message("bob/phone"), sending_uri=octets(CATHY))
    not_taken(hall, request, C)


def test_who_may_not_send_sends_nothing():
    silent = tuple(
        replace(each, role_capabilities=()) if each.role_index == USER else each
        for each in COOPERATIVE.policy.roles.roles
    )
    hall = Hall().furnished("bob", preset=COOPERATIVE.having(RoleData(silent)))
    request = replace(hall.message("alice/phone"), sending_uri=octets(BOB))
    not_taken(hall, request, B)
    step = hall.taken(hall.message("alice/phone", "to myself"), A)
    assert kinds(step) == [("a", "message")]  # nobody of b.example may receive it
    step = hall.taken(hall.commit("alice/phone"), A)
    assert kinds(step) == [("a", "commit"), ("b", "commit")]


def test_the_sender_is_of_the_provider_that_submits(hall):
    request = hall.message("bob/phone")
    with pytest.raises(ForeignSenderError) as caught:
        hall.asked(request, C)
    assert caught.value.where == {"user": octets(BOB)}


def test_a_handshake_is_no_message(hall):
    request = hall.commit("bob/phone").bundle.proposal_or_commit
    with pytest.raises(NotApplicationError):
        hall.asked(SubmitMessageRequest(request, octets(BOB)), B)


def test_whom_the_hub_wants_out_sends_nothing_whether_or_not_it_may_say_so():
    roles = RoleData(COOPERATIVE.roles.roles[:-1])  # no enforcer
    hall = Hall().furnished("bob", preset=COOPERATIVE.having(roles))
    request = hall.message("bob/phone")
    step = hall.wanted_out(BOB)
    assert step.effects == ()
    not_taken(hall, request, B)
    hall.refused(hall.commit("bob/phone"), B, NOT_ALLOWED, "is about to be removed")
