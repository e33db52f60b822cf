"""A room that goes on with a new group (draft-ietf-mimi-room-policy-03 section 5).

::

    persistent room, no clients    same policy, those who took part   by who may come in
    group reinitialised            what the ReInit says

MLS has no group without members, so that such a room is a sequence of groups.
"""

from collections.abc import Mapping

import attrs

from mimi.mls import PublicGroup
from mimi.mls.components import app_data
from mimi.policy.actions import Action, Actor, ActorKind, AddClient, AddParticipant, Request
from mimi.policy.decide import decide
from mimi.policy.participants import Participants
from mimi.policy.room import Room
from mimi.policy.structures import NO_ROLE, PARTICIPANT_LIST
from mimi.protocol.audience import list_updates
from mimi.protocol.errors import LivingRoomError, RestartError
from mimi.protocol.hosting import Hosting
from mimi.protocol.room import HubRoom


def begun_anew(hub: Hosting, before: HubRoom, made: HubRoom, now: int) -> HubRoom:
    """Return a room with its new group; see `mimi.protocol.hub.Hub.create`.

    Args:
        hub: The hub.
        before: The room as it is.
        made: The same with the new group alone.
        now: Milliseconds since 1970-01-01T00:00Z.
    """
    if before.uri != made.uri:
        raise RestartError("it is another room", room=str(before.uri))
    old, new = before.group, made.group
    if not before.is_vacant and old.reinit is None:
        raise LivingRoomError("there are clients in the room", room=str(before.uri))
    if old.group_id == new.group_id:
        raise RestartError("a new group has another identifier", group_id=new.group_id)
    if before.is_vacant:
        _check_kept(hub, old, new)
        _check_participants(hub, before, new)
    else:
        _check_successor(old, new)
    return attrs.evolve(
        made,
        destinations=before.destinations,
        numbers=before.numbers,
        timestamp=before.at(now),
        recent=before.recent,
    )


def _check_successor(old: PublicGroup, new: PublicGroup) -> None:
    """Check that a group is the one that a ReInit announces (RFC 9420 section 11.2)."""
    said, context = old.reinit, new.context
    assert said is not None  # noqa: S101 - the caller has looked
    is_said = (said.group_id, said.version, said.cipher_suite, said.extensions) == (
        context.group_id,
        context.version,
        context.cipher_suite,
        context.extensions,
    )
    if not is_said:
        raise RestartError("the group is not the one that the ReInit announces")


def _check_kept(hub: Hosting, old: PublicGroup, new: PublicGroup) -> None:
    """Check that what the room is has stayed, but for who takes part."""
    policy = hub.room_of(old).policy
    was, then = (_policy_data(hub.room_of(each), each) for each in (old, new))
    for number in {**was, **then}:
        if number != PARTICIPANT_LIST and was.get(number) != then.get(number):
            raise RestartError(f"component {number} is another", component=number)
    assert policy.base.persistent_room  # noqa: S101 - another room would have been closed


def _policy_data(room: Room, group: PublicGroup) -> Mapping[int, bytes]:
    listed = app_data(group.extensions)
    return {at: each for at, each in listed.items() if room.policy.is_policy(at)}


def participants_left(hub: Hosting, room: HubRoom) -> Participants:
    """Return the participants of a room without clients: without those who asked to be removed."""
    seen = hub.room(room)
    updates = [octets for _, octets in list_updates(room.group)]
    listed = hub.rooms.listed(seen, room.group.state, updates)[1] if updates else seen.participants
    gone = [user for user, role in room.wanted.items() if role == NO_ROLE]
    return Participants.of((user, role) for user, role in listed.roles.items() if user not in gone)


def _check_participants(hub: Hosting, before: HubRoom, new: PublicGroup) -> None:
    """Check that all are there who took part, and others only as far as they may come in.

    Raises:
        RestartError: Somebody is missing, or has another role, or is put in by somebody else.
        PolicyRefusedError: Whose clients are in the group may not come in.
    """
    then, left = hub.room_of(new), participants_left(hub, before)
    was = Room.of(hub.room(before).policy, left, {})
    for user, role in left.roles.items():
        if then.role_of(user) != role:
            raise RestartError(f"{user.decode()} had role {role}", user=user)
    coming = {user for user in then.participants.roles if user not in left.roles}
    if not coming.issubset(then.clients):
        raise RestartError("somebody is put in who has no client in the group")
    identities = hub.rooms.identities
    credentials = {
        identities.identify(leaf.credential): leaf.credential for _, leaf in new.tree.members()
    }
    for user, number in then.clients.items():
        actions: list[Action] = [AddClient(user)] * number
        if user in coming:
            actions.insert(0, AddParticipant(user, then.role_of(user)))
        actor = Actor(user, ActorKind.MEMBER, identities.claims(credentials[user]))
        decide(was, [Request(actor, tuple(actions))], hub.rooms.surroundings).check()
