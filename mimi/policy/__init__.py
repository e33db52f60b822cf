"""The policy of rooms: who may do what, decided the same way by everybody.

::

    room = Room.of(preset.policy, participants, clients)     # or rooms.room(group.state)
    decide(room, [Request(actor, actions)])                  # granted, or all reasons against it

    Settings(components=room_components(rooms))              # members create and follow no others

draft-ietf-mimi-room-policy-03, with the participant list and the room metadata of
draft-ietf-mimi-protocol-06. Structures are in `mimi.policy.structures` and `.operational`, errors
in `.errors`; `.presets`, `.lint` and `.table` are for the authors of policies, `.messages` and
`.settings` for clients.
"""

from mimi.policy.actions import (
    NO_CLAIMS,
    Action,
    Actor,
    ActorKind,
    AddClient,
    AddParticipant,
    ChangeBasePolicy,
    ChangeComponent,
    ChangeExtensions,
    ChangeIdentity,
    ChangeJoinLinks,
    ChangeMetadata,
    ChangePreauthorized,
    ChangeRole,
    ChangeRoles,
    Claims,
    Perform,
    Reinitialize,
    RemoveClient,
    RemoveComponent,
    RemoveParticipant,
    ReplaceClient,
    Request,
    claims_of,
)
from mimi.policy.capability import Capability, spelled, spelling
from mimi.policy.components import Rooms, room_components
from mimi.policy.constraints import check_founded
from mimi.policy.decide import decide
from mimi.policy.decision import Decision, Grant, Refusal, Rule
from mimi.policy.errors import PolicyDataError, PolicyRefusedError
from mimi.policy.facts import Act, AssetFacts, MessageDecision, MessageFacts
from mimi.policy.identities import Identities, user_of_basic
from mimi.policy.messages import judge_receiving, judge_sending
from mimi.policy.participants import Participants
from mimi.policy.policy import RoomPolicy
from mimi.policy.propose import (
    links_update,
    list_update,
    removal_of,
    room_extensions,
    shown_link,
    update_of,
)
from mimi.policy.room import Room, Surroundings

__all__ = [
    "NO_CLAIMS",
    "Act",
    "Action",
    "Actor",
    "ActorKind",
    "AddClient",
    "AddParticipant",
    "AssetFacts",
    "Capability",
    "ChangeBasePolicy",
    "ChangeComponent",
    "ChangeExtensions",
    "ChangeIdentity",
    "ChangeJoinLinks",
    "ChangeMetadata",
    "ChangePreauthorized",
    "ChangeRole",
    "ChangeRoles",
    "Claims",
    "Decision",
    "Grant",
    "Identities",
    "MessageDecision",
    "MessageFacts",
    "Participants",
    "Perform",
    "PolicyDataError",
    "PolicyRefusedError",
    "Refusal",
    "Reinitialize",
    "RemoveClient",
    "RemoveComponent",
    "RemoveParticipant",
    "ReplaceClient",
    "Request",
    "Room",
    "RoomPolicy",
    "Rooms",
    "Rule",
    "Surroundings",
    "check_founded",
    "claims_of",
    "decide",
    "judge_receiving",
    "judge_sending",
    "links_update",
    "list_update",
    "removal_of",
    "room_components",
    "room_extensions",
    "shown_link",
    "spelled",
    "spelling",
    "update_of",
    "user_of_basic",
]
