"""Rooms at their hub: how they begin, end and begin anew (section 3.1, arch 4.4, room-policy 5)."""

import attrs
import pytest
from protocol.hall import (
    ADMIN,
    ALICE,
    BOB,
    CATHY,
    ENFORCER,
    NOT_ALLOWED,
    ROOM,
    SUPER,
    USER,
    A,
    B,
    C,
    Hall,
    allowing,
    kinds,
    octets,
)

from mimi.client.changes import request_of
from mimi.codec import replace
from mimi.errors import UsageError
from mimi.identity import RoomUri
from mimi.mls import Remove, SelfRemove
from mimi.mls.proposal import ReInit
from mimi.policy.errors import PolicyRefusedError
from mimi.policy.presets import ANNOUNCEMENT_CHANNEL, COOPERATIVE, DIRECT_MESSAGE
from mimi.policy.presets.announcement import OWNER, READER
from mimi.policy.propose import room_extensions
from mimi.policy.structures import BaseRoomPolicy, RoomMetaData
from mimi.protocol import (
    Cascade,
    Closed,
    GroupInfoNotAuthorized,
    SubmitNotAllowed,
    update_request,
)
from mimi.protocol.errors import (
    EmbeddedTreeError,
    EnvelopeError,
    FixedRoomError,
    HubSenderMissingError,
    LivingRoomError,
    ParentHubError,
    RestartError,
    RoomUriError,
    StrangerSenderError,
)
from mimi.protocol.hosting import participants_of
from mimi.protocol.hub_rows import room_changes
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import ExternalSenders, extension

HUB = b"mimi://a.example"
FRIENDS = {octets(ALICE): ADMIN, HUB: ENFORCER}
PERSISTENT = COOPERATIVE.having(BaseRoomPolicy(persistent_room=True))


@pytest.fixture
def hall():
    return Hall()


# How they begin


def test_a_room_begins(hall):
    room = hall.founded("alice/phone", COOPERATIVE, FRIENDS)
    assert room.uri == ROOM
    assert room.group.epoch == 0
    assert room.timestamp == hall.now
    assert room.audience.followers == (A,)


def test_a_room_of_another_provider(hall):
    founding = hall.founding("alice/phone", COOPERATIVE, FRIENDS)
    other = RoomUri(B, "clubhouse")
    with pytest.raises(RoomUriError, match=r"is not of a\.example") as caught:
        hall.hub.create(other, founding.group_info, founding.ratchet_tree, now=hall.now)
    assert caught.value.where == {"room": str(other)}
    with pytest.raises(RoomUriError):  # it may have two domains; the metadata say which one
        hall.hub.create(
            other, founding.group_info, founding.ratchet_tree, now=hall.now, domains=[B]
        )


def test_a_room_whose_metadata_name_another(hall):
    founding = hall.founding("alice/phone", COOPERATIVE, FRIENDS, RoomUri(A, "attic"))
    with pytest.raises(RoomUriError):
        hall.hub.create(ROOM, founding.group_info, founding.ratchet_tree, now=hall.now)


def test_the_tree_comes_beside_the_group_info(hall):
    founding = hall.founding("alice/phone", COOPERATIVE, FRIENDS)
    info = founding.room.group.group_info()
    with pytest.raises(EmbeddedTreeError):
        hall.hub.create(ROOM, info, founding.ratchet_tree, now=hall.now)


def test_a_room_without_the_hub_among_its_external_senders(hall):
    founding = hall.founding("alice/phone", COOPERATIVE, FRIENDS)
    signer, _ = hall.sender(A)
    other = attrs.evolve(hall.hub, signer=signer)
    with pytest.raises(HubSenderMissingError):
        other.create(ROOM, founding.group_info, founding.ratchet_tree, now=hall.now)


def test_a_room_with_an_external_sender_of_whom_nobody_takes_part(hall):
    """It may be there from the beginning where somebody of it is put into the list."""
    _, cathys = hall.sender(C)
    components = COOPERATIVE.having(RoomMetaData(octets(ROOM), b"Clubhouse")).components()
    client = hall.devices["alice/phone"].client
    for friends, is_there in ((FRIENDS, False), ({**FRIENDS, octets(CATHY): USER}, True)):
        listed = room_extensions(components, friends, external_senders=[hall.hub.sender, cathys])
        group = client.create_group(now=hall.now // 1000, extensions=listed)
        given = ROOM, group.group_info(tree=False), group.ratchet_tree
        if is_there:
            assert hall.hub.create(*given, now=hall.now).group.epoch == 0
        else:
            with pytest.raises(StrangerSenderError):
                hall.hub.create(*given, now=hall.now)


def test_a_group_that_is_no_room(hall):
    client = hall.devices["alice/phone"].client
    senders = extension(ExtensionType.EXTERNAL_SENDERS, (hall.hub.sender,), ExternalSenders)
    group = client.create_group(now=hall.now // 1000, extensions=(senders,))
    with pytest.raises(UsageError, match="the group is no room"):
        hall.hub.create(ROOM, group.group_info(tree=False), group.ratchet_tree, now=hall.now)


def test_a_room_beyond_the_envelope(hall):
    hall.hub = attrs.evolve(
        hall.hub, envelope=lambda policy: None if policy.base.persistent_room else "too short"
    )
    with pytest.raises(EnvelopeError, match="too short"):
        hall.founded("alice/phone", COOPERATIVE, FRIENDS)
    hall.founded("alice/phone", PERSISTENT, FRIENDS)


def test_a_room_that_depends_on_another_hubs(hall):
    base = BaseRoomPolicy(parent_dependant=True, parent_room=(b"mimi://b.example/r/parent",))
    with pytest.raises(ParentHubError) as caught:
        hall.founded("alice/phone", COOPERATIVE.having(base), FRIENDS)
    assert caught.value.where == {"parent": b"mimi://b.example/r/parent"}


def test_one_room_of_fixed_membership_for_each_set_of_participants(hall):
    """Alice has a conversation with Bob: a second one there is not, but one with Cathy."""
    rooms = {}
    hall.hub = attrs.evolve(hall.hub, fixed_rooms=lambda users: rooms.get(users, ()))
    pair = {octets(ALICE): 2, octets(BOB): 2}
    first = hall.founded("alice/phone", DIRECT_MESSAGE, pair)
    rooms[participants_of(hall.hub.room(first))] = [ROOM]
    attic = RoomUri(A, "attic")
    with pytest.raises(FixedRoomError) as caught:
        hall.founded("alice/laptop", DIRECT_MESSAGE, pair, attic)
    assert caught.value.where == {"room": str(ROOM)}
    hall.founded("alice/laptop", DIRECT_MESSAGE, {octets(ALICE): 2, octets(CATHY): 2}, attic)
    hall.founded("alice/laptop", COOPERATIVE, {**FRIENDS, octets(BOB): USER}, attic)


# How they end


def test_a_room_whose_last_clients_leave_is_closed(hall):
    """Nobody is there to commit it: the hub takes the group for gone."""
    hall.furnished("bob")
    bob = hall.leaving("bob/phone")
    assert Closed(ROOM) not in hall.taken(bob, B).effects
    hall.hear("alice/phone")
    change = hall.of("alice/phone").commit(now=hall.now)
    hall.put("alice/phone", change.room)
    response = hall.taken(change.request, A).response
    hall.note("alice/phone", hall.of("alice/phone").answered(response, now=hall.now))
    step = hall.taken(hall.leaving("alice/phone"), A)
    assert kinds(step) == [("a", "proposals")]
    assert step.effects[1:] == (Cascade(ROOM, (HUB, octets(ALICE))), Closed(ROOM))


def test_a_room_whose_participants_all_ask_to_leave_is_closed(hall):
    hall.furnished("bob")
    hall.taken(hall.leaving("bob/phone"), B)
    change = hall.of("alice/phone").leave(now=hall.now)  # she has not heard of Bob's
    step = hall.taken(change.request, A)
    assert step.effects[-1] == Closed(ROOM)


def test_a_room_whose_participants_are_all_wanted_out_is_closed(hall):
    hall.furnished("bob")
    step = hall.wanted_out(ALICE, BOB)
    assert step.effects[-1] == Closed(ROOM)


def test_whom_the_hub_wants_out_who_is_not_there_is_forgotten(hall):
    hall.furnished("bob")
    assert hall.wanted_out(CATHY).effects == ()
    assert hall.room.wanted == {}
    hall.taken(hall.commit("bob/phone"), B)
    assert hall.room.wanted == {}


def test_who_left_the_parent_room_before_may_come_into_this_one_later(hall):
    """Cathy is removed from the parent room, and comes back there: then she is added here."""
    hall.furnished("bob")
    before = hall.room
    hall.wanted_out(CATHY)
    # who adds her at this very moment finds that the room has changed, and asks for her parent room
    assert room_changes(hall.room, before).written.keys() == {"hub_room"}
    hall.add("alice/phone", "cathy")
    assert not hall.room.is_cut_off(octets(CATHY))
    assert hall.room.group.pending == ()
    hall.taken(hall.message("cathy/phone"), C)


def test_a_room_that_persists_waits(hall):
    hall.furnished(preset=PERSISTENT)
    step = hall.taken(hall.leaving("alice/phone"), A)
    assert step.effects[1:] == (Cascade(ROOM, (octets(ALICE),)),)
    assert hall.room.is_vacant
    assert hall.wanted_out(ALICE).effects == ()


def test_who_is_taken_out_while_nobody_is_in_the_room_goes_from_those_that_depend_on_it(hall):
    hall.furnished("alice", "bob", preset=PERSISTENT)
    leaves = [hall.of(f"bob/{kind}").group.leaf_index for kind in ("phone", "laptop")]
    hall.changed("alice/phone", lambda room: room.commit(map(Remove, leaves), now=hall.now))
    hall.taken(hall.leaving("alice/phone"), A)
    assert hall.room.is_vacant
    assert hall.wanted_out(ALICE, BOB).effects == (Cascade(ROOM, (octets(BOB),)),)


def test_nothing_is_taken_in_a_room_without_clients(hall):
    hall.furnished(preset=PERSISTENT)
    hall.room = attrs.evolve(hall.room, is_vacant=True)
    hall.refused(hall.commit("alice/phone"), A, NOT_ALLOWED, "nobody is in the room")
    step = hall.asked(hall.message("alice/phone"), A)
    assert type(step.response.status) is SubmitNotAllowed
    assert step.room is hall.room
    _, response = hall.answer("alice/laptop")
    assert type(response.status) is GroupInfoNotAuthorized


# How they begin anew


@pytest.fixture
def vacant(hall):
    """A room that persists: Bob has left it, Alice has taken out her only client, and stays."""
    hall.furnished("bob", preset=PERSISTENT)
    hall.changed("bob/phone", lambda room: room.leave(now=hall.now))
    hall.changed("alice/phone", lambda room: room.commit(now=hall.now))
    hall.taken(hall.proposing("alice/phone", SelfRemove()), A)
    assert hall.room.is_vacant
    return hall


def test_a_participant_begins_the_room_anew(vacant):
    hall, before = vacant, vacant.room
    founding = hall.founding("alice/laptop", PERSISTENT, FRIENDS)
    room = hall.hub.create(
        ROOM, founding.group_info, founding.ratchet_tree, now=hall.tick(), before=before
    )
    assert not room.is_vacant
    assert room.group.epoch == 0
    assert room.group.group_id != before.group.group_id
    assert room.numbers == before.numbers
    assert room.timestamp > before.timestamp
    hall.room = room
    hall.taken(hall.commit("alice/laptop", group=founding.room.group), A)


def test_who_left_does_not_come_back_by_that(vacant):
    hall = vacant
    with pytest.raises(RestartError) as caught:
        hall.founded("alice/laptop", PERSISTENT, {**FRIENDS, octets(BOB): USER}, before=hall.room)
    assert caught.value.where == {}
    with pytest.raises(PolicyRefusedError):
        hall.founded("bob/laptop", PERSISTENT, {**FRIENDS, octets(BOB): USER}, before=hall.room)


def test_whoever_may_come_in_begins_an_open_room_anew(hall):
    """Nobody is in the channel: a reader opens it again, in the role that the channel gives."""
    channel = ANNOUNCEMENT_CHANNEL.having(BaseRoomPolicy(persistent_room=True))
    hall.furnished(preset=channel, role=OWNER)
    hall.taken(hall.proposing("alice/phone", SelfRemove()), A)
    listed = dict(hall.hub.room(hall.room).participants.roles)
    room = hall.founded("bob/phone", channel, {**listed, octets(BOB): READER}, before=hall.room)
    assert hall.hub.room(room).role_of(octets(BOB)) == READER
    with pytest.raises(PolicyRefusedError, match="no way into role"):
        hall.founded("bob/phone", channel, {**listed, octets(BOB): OWNER}, before=hall.room)


def test_whom_the_hub_wants_out_meanwhile_is_not_in_it_any_more(vacant):
    hall = vacant
    assert hall.wanted_out(ALICE).effects == (Cascade(ROOM, (octets(ALICE),)),)
    with pytest.raises(PolicyRefusedError):
        hall.founded("alice/laptop", PERSISTENT, FRIENDS, before=hall.room)


def test_those_who_took_part_still_do(vacant):
    hall = vacant
    with pytest.raises(RestartError) as caught:
        hall.founded(
            "alice/laptop",
            PERSISTENT,
            {octets(ALICE): SUPER, HUB: 5, octets(BOB): 3},
            before=hall.room,
        )
    assert caught.value.where == {"user": octets(ALICE)}


def test_the_policy_stays(vacant):
    hall = vacant
    other = PERSISTENT.having(BaseRoomPolicy(persistent_room=True, max_users=9))
    with pytest.raises(RestartError) as caught:
        hall.founded("alice/laptop", other, FRIENDS, before=hall.room)
    assert caught.value.where == {"component": 0x27}


def test_the_group_is_another(vacant):
    hall = vacant
    again = hall.founding("alice/laptop", PERSISTENT, FRIENDS)
    group_id = again.room.group.group_id
    same = attrs.evolve(hall.room.group.state.context, group_id=group_id)
    state = attrs.evolve(hall.room.group.state, context=same)
    before = attrs.evolve(hall.room, group=attrs.evolve(hall.room.group, state=state))
    with pytest.raises(RestartError) as caught:
        hall.hub.create(ROOM, again.group_info, again.ratchet_tree, now=hall.now, before=before)
    assert caught.value.where == {"group_id": group_id}


def test_the_room_is_the_same(vacant):
    hall = vacant
    attic = RoomUri(A, "attic")
    with pytest.raises(RestartError) as caught:
        hall.founded("alice/laptop", PERSISTENT, FRIENDS, attic, before=hall.room)
    assert caught.value.where == {"room": str(ROOM)}


def test_a_room_with_clients_does_not_begin_anew(hall):
    hall.furnished("bob", preset=PERSISTENT)
    with pytest.raises(LivingRoomError) as caught:
        hall.founded("alice/laptop", PERSISTENT, FRIENDS, before=hall.room)
    assert caught.value.where == {"room": str(ROOM)}


# After a ReInit


@pytest.fixture
def reinitialised(hall):
    """The group has ended in favour of another one, of which nobody has heard yet."""
    hall.furnished("bob", preset=allowing(ADMIN, "canSendMLSReinitProposal"))
    context = hall.room.group.context
    reinit = ReInit(b"next", context.version, context.cipher_suite, context.extensions)
    draft = hall.of("alice/phone").group.commit(now=hall.now // 1000, reinit=reinit)
    hall.taken(request_of(draft.commit, None, draft.accept()), A)
    return hall, draft.accept()


def test_nothing_is_taken_in_a_group_that_has_ended(reinitialised):
    hall, _ = reinitialised
    hall.hear("bob/phone")
    update = hall.proposing("bob/laptop", SelfRemove())
    message = replace(update.bundle.proposal_or_commit)
    body = replace(message.body, content=replace(message.body.content, epoch=2))
    late = update_request(replace(message, body=body))
    hall.refused(late, B, NOT_ALLOWED, "the group was reinitialised")
    _, response = hall.answer("alice/laptop")
    assert type(response.status) is GroupInfoNotAuthorized
    assert hall.wanted_out(BOB).effects == ()


def test_the_successor_takes_the_place_of_a_group(reinitialised):
    hall, ended = reinitialised
    client = hall.devices["alice/phone"].client
    context = ended.context
    group = client.create_group(b"next", now=hall.now // 1000, extensions=context.extensions)
    info, tree = group.group_info(tree=False), group.ratchet_tree
    room = hall.hub.create(ROOM, info, tree, now=hall.now, before=hall.room)
    assert room.group.group_id == b"next"
    other = client.create_group(b"other", now=hall.now // 1000, extensions=context.extensions)
    with pytest.raises(RestartError) as caught:
        hall.hub.create(
            ROOM, other.group_info(tree=False), other.ratchet_tree, now=hall.now, before=hall.room
        )
    assert caught.value.reason == "the group is not the one that the ReInit announces"
