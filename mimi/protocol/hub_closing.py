"""The end of a room: when no client is left that would stay (draft-ietf-mimi-room-policy-03, 5).

MLS has no group without members: the last ones ask to be removed, and nobody is there to commit it.
So the hub, which has taken what they proposed, takes the group for gone.
"""

import attrs

from mimi.protocol.audience import takes_part
from mimi.protocol.hosting import Hosting, participants_of
from mimi.protocol.hub_pending import is_deserted
from mimi.protocol.room import Cascade, Closed, Effect, HubStep, R


def settled(hub: Hosting, step: HubStep[R]) -> HubStep[R]:
    """Return a step whose room is closed, or waits for a new group, if nobody is left in it."""
    room = step.room
    if not (room.wanted or room.group.pending) or room.is_vacant:
        return step
    seen, cut = hub.room(room), room.audience.cut_off.union(room.wanted)
    if not is_deserted(hub.rooms, seen, room.group, cut):
        return step
    effects: list[Effect] = []
    if seen.policy.base.persistent_room:
        left = tuple(sorted(user for user in cut if takes_part(seen, user)))
        room = attrs.evolve(room, is_vacant=True)
    else:
        left = tuple(sorted(participants_of(seen)))
        effects = [Closed(room.uri)]
    if left:
        effects.insert(0, Cascade(room.uri, left))
    return attrs.evolve(step, room=room, effects=(*step.effects, *effects))
