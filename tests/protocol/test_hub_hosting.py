"""Whom the group of a room knows outside, and which rooms a provider hosts (section 7.4)."""

import attrs
import pytest
from protocol.hall import (
    ADMIN,
    ALICE,
    BOB,
    CATHY,
    NOT_ALLOWED,
    ROOM,
    USER,
    A,
    B,
    C,
    Hall,
    allowing,
    kinds,
    octets,
)

from mimi.codec import replace
from mimi.identity import RoomUri
from mimi.mls.proposal import GroupContextExtensions
from mimi.policy.participants import Participants
from mimi.policy.propose import list_update, update_of
from mimi.policy.room import Room
from mimi.policy.structures import (
    BaseRoomPolicy,
    Claim,
    ClaimId,
    PreAuthData,
    PreAuthRoleEntry,
)
from mimi.protocol.errors import FixedRoomError
from mimi.protocol.hosting import participants_of
from mimi.tree.codepoints import CredentialType, ExtensionType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import ExternalSenders, extension, external_senders

# External senders (section 7.4)


@pytest.fixture
def open_hall():
    """Alice may change what has no capability of its own."""
    preset = allowing(ADMIN, "canChangeOtherPolicyAttribute")
    preset = allowing(5, "canChangeOtherPolicyAttribute", preset=preset)
    return Hall().furnished("alice", "bob", preset=preset)


def with_senders(hall, *senders):
    return replaced(hall.room.group.extensions, senders)


def set_senders(hall, *senders):
    proposal = GroupContextExtensions(with_senders(hall, *senders))
    hall.changed("alice/phone", lambda room: room.commit([proposal], now=hall.now))


def replaced(extensions, senders):
    kind = ExtensionType.EXTERNAL_SENDERS
    made = extension(kind, senders, ExternalSenders)
    return tuple(made if each.extension_type == kind else each for each in extensions)


def test_the_hub_stays_an_external_sender(open_hall):
    hall = open_hall
    _, other = hall.sender(B)
    request = hall.commit("alice/phone", extensions=with_senders(hall, other))
    hall.refused(request, A, NOT_ALLOWED, "the hub is no external sender")


def test_a_provider_that_takes_part_may_become_one(open_hall):
    hall = open_hall
    _, bobs = hall.sender(B)
    set_senders(hall, hall.hub.sender, bobs)
    assert external_senders(hall.room.group.extensions) == (hall.hub.sender, bobs)


def test_a_provider_that_does_not_take_part_may_not(open_hall):
    hall = open_hall
    _, cathys = hall.sender(C)
    request = hall.commit("alice/phone", extensions=with_senders(hall, hall.hub.sender, cathys))
    hall.refused(request, A, NOT_ALLOWED, "of no provider that takes part")
    nobody = attrs.evolve(cathys, credential=BasicCredential(b"nobody"))
    request = hall.commit("alice/phone", extensions=with_senders(hall, hall.hub.sender, nobody))
    hall.refused(request, A, NOT_ALLOWED, "of no provider that takes part")


def test_a_follower_stays_while_it_takes_part(open_hall):
    hall = open_hall
    _, bobs = hall.sender(B)
    set_senders(hall, hall.hub.sender, bobs)
    request = hall.commit("alice/phone", extensions=with_senders(hall, hall.hub.sender))
    hall.refused(request, A, NOT_ALLOWED, "the external sender of a provider goes")


def test_the_hub_takes_out_a_follower_whose_last_participant_has_left():
    """Though b.example is preauthorised, nothing is taken from it in the meantime."""
    preset = allowing(5, "canChangeOtherPolicyAttribute")
    preset = allowing(ADMIN, "canChangeOtherPolicyAttribute", preset=preset)
    claim = Claim(ClaimId(CredentialType.BASIC, b""), b"mimi://b.example")
    enforcing = PreAuthData((PreAuthRoleEntry((claim,), 5),))
    hall = Hall().furnished("alice", "bob", preset=preset.having(enforcing))
    signer, bobs = hall.sender(B)
    set_senders(hall, hall.hub.sender, bobs)
    ban = list_update(hall.of("alice/phone").policy, add={octets(CATHY): 1})
    ask = hall.outside(signer, ban, index=1)
    assert kinds(hall.asked(ask, B))[0] == ("a", "proposals")
    change = hall.of("alice/phone").remove([octets(BOB)], now=hall.now)
    step = hall.taken(change.request, A)
    assert kinds(step) == [("a", "commit"), ("b", "commit"), ("a", "proposals")]
    (pending,) = hall.room.group.pending
    assert type(pending.proposal) is GroupContextExtensions

    ask = hall.outside(signer, ban, index=1)
    hall.refused(ask, B, NOT_ALLOWED, "nobody of b.example takes part")
    hall.hear("alice/laptop")
    hall.taken(hall.commit("alice/laptop"), A)
    assert external_senders(hall.room.group.extensions) == (hall.hub.sender,)


# The envelope (draft-ietf-mimi-arch-02 section 4.4)


def test_a_change_of_the_policy_stays_within_the_envelope():
    preset = allowing(ADMIN, "canChangeRoomMembershipStyle", "canChangeRoomName")
    hall = Hall().furnished("bob", preset=preset)
    hall.hub = attrs.evolve(
        hall.hub,
        envelope=lambda policy: "no crowds" if (policy.base.max_users or 0) > 50 else None,
    )
    base = hall.of("alice/phone").policy.policy.base
    crowd = hall.commit("alice/phone", proposals=[update_of(replace(base, max_users=60))])
    hall.refused(crowd, A, NOT_ALLOWED, "no crowds")
    few = hall.commit("alice/phone", proposals=[update_of(replace(base, max_users=40))])
    hall.taken(few, A)


def test_a_room_that_was_hosted_before_the_envelope_changed_goes_on():
    hall = Hall().furnished("bob")
    hall.hub = attrs.evolve(hall.hub, envelope=lambda _: "nothing is hosted any more")
    hall.taken(hall.of("alice/phone").rename("Still here", now=hall.now).request, A)


def test_a_room_does_not_come_to_depend_on_another_hubs():
    hall = Hall().furnished("bob", preset=allowing(ADMIN, "canChangeRoomMembershipStyle"))
    base = hall.of("alice/phone").policy.policy.base
    foreign = replace(base, parent_dependant=True, parent_room=(b"mimi://b.example/r/parent",))
    request = hall.commit("alice/phone", proposals=[update_of(foreign)])
    hall.refused(request, A, NOT_ALLOWED, "mimi://b.example/r/parent is not hosted here")


def fixed(hall, *users, before=None):
    """Return a room of fixed membership, as its policy sees it."""
    policy = attrs.evolve(
        hall.hub.room(hall.room).policy, base=BaseRoomPolicy(fixed_membership=True)
    )
    listed = Participants.of((octets(user), USER) for user in users)
    return Room.of(policy if before is None else before.policy, listed, {})


def test_a_room_does_not_become_a_second_one_of_the_same_participants():
    hall, rooms = Hall().furnished("bob"), {}
    hall.hub = attrs.evolve(hall.hub, fixed_rooms=lambda users: rooms.get(users, ()))
    three, two = fixed(hall, ALICE, BOB, CATHY), fixed(hall, ALICE, BOB)
    rooms[participants_of(two)] = [ROOM, RoomUri(A, "other")]
    hall.hub.check_hosted(ROOM, three)
    moved = fixed(hall, ALICE, BOB, before=three)  # Cathy was banned
    for before in (None, three, hall.hub.room(hall.room)):
        with pytest.raises(FixedRoomError) as caught:
            hall.hub.check_hosted(ROOM, moved, before)
        assert caught.value.where == {"room": "mimi://a.example/r/other"}
    renamed = attrs.evolve(two, policy=attrs.evolve(two.policy))
    hall.hub.check_hosted(ROOM, renamed, two)
    rooms[participants_of(two)] = [ROOM]
    hall.hub.check_hosted(ROOM, moved, three)
