"""What a room may become: asked of what is proposed, so that no room is locked (section 7.4)."""

import attrs
import pytest
from protocol.hall import (
    ADMIN,
    ALICE,
    BOB,
    CATHY,
    NOT_ALLOWED,
    USER,
    A,
    B,
    C,
    Hall,
    allowing,
    octets,
)

from mimi.client.events import ChangeRefused, Next
from mimi.codec import replace
from mimi.identity import RoomUri
from mimi.mls import Remove
from mimi.mls.proposal import GroupContextExtensions, ReInit
from mimi.policy.capability import Capability
from mimi.policy.components import Rooms
from mimi.policy.presets import COOPERATIVE
from mimi.policy.propose import list_update, update_of
from mimi.policy.structures import RoleData
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import ExternalSenders, extension, external_senders

HUB = b"mimi://a.example"
OTHER = RoomUri(A, "other")
TWO = frozenset((HUB, octets(ALICE), octets(BOB)))
POWERS = (
    "canChangeOtherPolicyAttribute",
    "canChangeRoomMembershipStyle",
    "canChangeRoomName",
    "canSendMLSReinitProposal",
)


@pytest.fixture
def hall():
    """Return a room in which Alice may change almost everything, and the hub little."""
    return Hall().furnished("alice", "bob", preset=allowing(ADMIN, *POWERS))


def with_senders(hall, *senders):
    kind = ExtensionType.EXTERNAL_SENDERS
    made = extension(kind, senders, ExternalSenders)
    present = hall.room.group.extensions
    return tuple(made if each.extension_type == kind else each for each in present)


def senders_of(hall):
    return external_senders(hall.room.group.extensions)


def set_senders(hall, *senders):
    proposal = GroupContextExtensions(with_senders(hall, *senders))
    hall.changed("alice/phone", lambda room: room.commit([proposal], now=hall.now))


def renamed(hall, name):
    return update_of(replace(hall.of("alice/phone").policy.policy.metadata, room_name=name))


def commits(hall, name):
    """Let a device commit what is pending, which the hub must take."""
    hall.hear()
    hall.changed(name, lambda room: room.commit(now=hall.now))


# What nobody could commit is not taken as a proposal


def not_hosted(hall):
    """Yield proposals by Alice after which the hub would not host the room, and why."""
    policy = hall.of("alice/phone").policy.policy
    _, cathys = hall.sender(C)
    _, bobs = hall.sender(B)
    elsewhere = {"parent_dependant": True, "parent_room": (b"mimi://b.example/r/parent",)}
    yield renamed(hall, b"Bad"), "no bad rooms"
    yield update_of(replace(policy.base, **elsewhere)), "is not hosted here"
    for listed, reason in (
        ((bobs,), "the hub is no external sender"),
        ((hall.hub.sender, cathys), "of no provider that takes part"),
    ):
        yield GroupContextExtensions(with_senders(hall, *listed)), reason
    context = hall.room.group.context
    for extensions, reason in (
        ((), "no room"),
        (with_senders(hall, hall.hub.sender, cathys), "of no provider that takes part"),
        (with_senders(hall, bobs), "the hub is no external sender"),
    ):
        yield ReInit(b"next", context.version, context.cipher_suite, extensions), reason
    again = (context.group_id, context.version, context.cipher_suite, context.extensions)
    yield ReInit(*again), "another identifier"


def test_what_the_hub_would_not_host_is_not_taken_as_a_proposal(hall):
    names = {b"Bad": "no bad rooms"}
    hall.hub = attrs.evolve(hall.hub, envelope=lambda policy: names.get(policy.metadata.room_name))
    for proposal, reason in not_hosted(hall):
        hall.refused(hall.proposing("alice/phone", proposal), A, NOT_ALLOWED, reason)
    commits(hall, "bob/phone")


def test_a_room_that_is_to_come_must_be_hosted_too(hall):
    """A ReInit by value: there would be no way back from it."""
    context = hall.room.group.context
    nowhere = ReInit(b"next", context.version, context.cipher_suite, ())
    request = hall.commit("alice/phone", reinit=nowhere)
    hall.refused(request, A, NOT_ALLOWED, "the group that is to come is no room")


@pytest.fixture
def three():
    """A room of fixed membership: Alice, Bob and Cathy; what rooms there are besides, and it."""
    preset = allowing(ADMIN, *POWERS, "canChangeRoleDefinitions")
    hall, rooms = Hall().furnished("alice", "bob", "cathy", preset=preset), {}
    hall.hub = attrs.evolve(hall.hub, fixed_rooms=lambda users: rooms.get(users, ()))
    policy, adding = hall.of("alice/phone").policy.policy, Capability.CAN_ADD_PARTICIPANT
    roles = tuple(
        replace(each, role_capabilities=tuple(at for at in each.role_capabilities if at != adding))
        for each in policy.roles.roles
    )
    change = [update_of(RoleData(roles)), update_of(replace(policy.base, fixed_membership=True))]
    hall.changed("alice/phone", lambda room: room.commit(change, now=hall.now))
    return hall, rooms


def banning_cathy(hall):
    """Return Alice's proposals to ban Cathy, with all clients."""
    leaves = [hall.of(f"cathy/{kind}").group.leaf_index for kind in ("phone", "laptop")]
    ban = list_update(hall.of("alice/phone").policy, change={octets(CATHY): 1})
    return hall.proposing("alice/phone", ban, *map(Remove, leaves))


def test_a_ban_that_would_make_it_a_second_room_of_two_is_not_taken(three):
    hall, rooms = three
    rooms[TWO] = [OTHER]
    hall.refused(banning_cathy(hall), A, NOT_ALLOWED, "has the same participants")
    commits(hall, "bob/phone")


def test_what_cannot_be_committed_any_more_is_named_and_left_out(three):
    """While a ban of Cathy is pending, there comes to be a room of Alice and Bob."""
    hall, rooms = three
    rename = hall.proposing("alice/phone", renamed(hall, b"Three"))
    hall.taken(rename, A)
    hall.taken(banning_cathy(hall), A)
    rooms[TWO] = [OTHER]
    hall.hear("bob/phone")
    events = hall.change("bob/phone", lambda room: room.commit(now=hall.now))
    (refusal,) = [each for each in events if isinstance(each, ChangeRefused)]
    assert refusal.next is Next.TRY_AGAIN
    assert len(hall.of("bob/phone").group.pending) == 3  # admins kick clients, too
    hall.changed("bob/phone", lambda room: room.commit(now=hall.now))
    seen = hall.hub.room(hall.room)
    assert seen.policy.metadata.room_name == b"Three"
    assert seen.role_of(octets(CATHY)) == USER
    assert octets(CATHY) not in seen.clients
    assert not hall.room.is_cut_off(octets(CATHY))


def test_who_cannot_go_together_goes_one_by_one(three):
    """Bans of Bob and of Cathy are cut short, and by both there would be a second room."""
    hall, rooms = three
    hall.taken(banning_cathy(hall), A)
    leaves = [hall.of(f"bob/{kind}").group.leaf_index for kind in ("phone", "laptop")]
    ban = list_update(hall.of("alice/phone").policy, change={octets(BOB): 1})
    hall.taken(hall.proposing("alice/laptop", ban, *map(Remove, leaves)), A)
    rooms[frozenset((HUB, octets(ALICE)))] = [OTHER]
    hall.buy("alice", "tablet")
    hall.taken(hall.joining("alice/tablet"), A)
    assert hall.room.wanted == {octets(BOB): 1}
    assert hall.room.audience.cut_off == {octets(BOB)}


def test_who_has_left_the_parent_room_meanwhile_is_named_and_left_out():
    """The hub alone knows who takes part in a parent room; Cathy was to be added, and left it."""
    above = {HUB, *map(octets, (ALICE, BOB, CATHY)), b"mimi://a.example/u/dave"}
    hall, base = Hall(), COOPERATIVE.base
    rooms = Rooms(parents=lambda _: above)
    hall.hub = attrs.evolve(hall.hub, rooms=rooms)
    base = replace(base, parent_dependant=True, parent_room=(b"mimi://a.example/r/above",))
    hall.furnished("bob", preset=COOPERATIVE.having(base))
    addition = list_update(hall.of("alice/phone").policy, add={octets(CATHY): USER})
    hall.taken(hall.proposing("alice/phone", addition), A)
    above.remove(octets(CATHY))
    hall.hear("bob/phone")
    (refusal,) = hall.change("bob/phone", lambda room: room.commit(now=hall.now))
    assert refusal.next is Next.TRY_AGAIN
    hall.changed("bob/phone", lambda room: room.commit(now=hall.now))
    assert octets(CATHY) not in hall.hub.room(hall.room).participants.roles


# External senders


def test_who_leaves_beside_a_change_of_the_senders_is_out(hall):
    """Bob is the last of b.example, which goes in the next epoch."""
    _, bobs = hall.sender(B)
    change = GroupContextExtensions(with_senders(hall, hall.hub.sender, bobs))
    hall.taken(hall.proposing("alice/phone", change), A)
    hall.taken(hall.leaving("bob/phone"), B)
    commits(hall, "alice/phone")
    assert octets(BOB) not in hall.hub.room(hall.room).clients
    assert senders_of(hall) == (hall.hub.sender, bobs)
    commits(hall, "alice/laptop")
    assert senders_of(hall) == (hall.hub.sender,)


def test_a_change_of_the_senders_does_not_hold_up_who_leaves(hall):
    """Alice takes b.example out because Bob leaves: with a friend of his instead, it stays."""
    _, bobs = hall.sender(B)
    set_senders(hall, hall.hub.sender, bobs)
    change = hall.proposing(
        "alice/phone", GroupContextExtensions(with_senders(hall, hall.hub.sender))
    )
    hall.refused(change, A, NOT_ALLOWED, "the external sender of a provider goes")
    hall.taken(hall.leaving("bob/phone"), B)
    hall.taken(change, A)
    policy = hall.of("alice/phone").policy
    dave = hall.proposing(
        "alice/laptop", list_update(policy, add={b"mimi://b.example/u/dave": USER})
    )
    hall.refused(dave, A, NOT_ALLOWED, "the external sender of a provider goes")
    commits(hall, "alice/laptop")
    assert senders_of(hall) == (hall.hub.sender,)


def test_who_was_the_last_of_a_provider_comes_back_at_once(hall):
    """The hub takes b.example out by the commit that adds Bob; it may be put in again."""
    _, bobs = hall.sender(B)
    set_senders(hall, hall.hub.sender, bobs)
    hall.changed("alice/phone", lambda room: room.remove([octets(BOB)], now=hall.now))
    assert len(hall.room.group.pending) == 1
    hall.add("alice/phone", "bob")
    assert senders_of(hall) == (hall.hub.sender,)
    set_senders(hall, hall.hub.sender, bobs)
    assert senders_of(hall) == (hall.hub.sender, bobs)


def test_the_hub_takes_out_a_follower_by_no_capability(hall):
    """COOPERATIVE gives its enforcer none for this: section 7.4 says that it MUST be removed."""
    _, bobs = hall.sender(B)
    set_senders(hall, hall.hub.sender, bobs)
    hall.changed("alice/phone", lambda room: room.remove([octets(BOB)], now=hall.now))
    early = hall.commit("alice/laptop", references=())
    hall.refused(early, A, NOT_ALLOWED, "1 pending proposals are to be committed")
    commits(hall, "alice/laptop")
    assert senders_of(hall) == (hall.hub.sender,)
