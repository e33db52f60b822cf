"""Handing out the group info of a room (section 5.6).

Nothing in a request says for which room it is: whoever carries it can ask for another one with it.
So the hub decides for the room of the path, by what its policy gives to the credential; that the
credential's user is of the provider that asks keeps other providers from asking with it; and what
is answered is sealed for the client's key and bound to the room, so that a client that asked for
another room does not take it.
"""

from typing import TypeAlias

from mimi.identity import Domain
from mimi.mls.tree_options import full_tree
from mimi.policy.actions import (
    Action,
    Actor,
    ActorKind,
    AddClient,
    AddParticipant,
    ReplaceClient,
    Request,
)
from mimi.policy.decide import decide
from mimi.policy.room import Room
from mimi.policy.structures import NO_ROLE
from mimi.protocol.audience import provider_of_user
from mimi.protocol.errors import GroupInfoSuiteError
from mimi.protocol.groupinfo import (
    GroupInfoNotAuthorized,
    GroupInfoRatchetTreeTBE,
    GroupInfoRequest,
    GroupInfoResponse,
    PendingProposal,
    check_group_info_request,
    seal_group_info,
)
from mimi.protocol.hosting import Hosting
from mimi.protocol.room import HubRoom, HubStep
from mimi.tree.credential import Credential

GroupInfoStep: TypeAlias = HubStep[GroupInfoResponse]


def group_info(
    hub: Hosting, room: HubRoom, request: GroupInfoRequest, source: Domain
) -> GroupInfoStep:
    """Give a joiner the group info, or refuse it; see `mimi.protocol.hub.Hub.group_info`."""
    suite = check_group_info_request(request)
    if suite.signature != hub.signer.scheme:
        raise GroupInfoSuiteError("the hub signs by another scheme", suite=suite.code)
    credential, info = request.requesting_credential, room.group.group_info
    if not may_know(hub, room, credential, request.joining_code, source) or info is None:
        return HubStep(room, GroupInfoResponse(str(room.uri).encode(), GroupInfoNotAuthorized()))
    pending = tuple(PendingProposal(each.message, each.timestamp) for each in room.accepted)
    answer = GroupInfoRatchetTreeTBE(info, full_tree(room.group.ratchet_tree), pending)
    sealed = seal_group_info(room.uri, request, answer, hub.sender, hub.signer, hub.entropy)
    return HubStep(room, sealed)


def may_know(
    hub: Hosting, room: HubRoom, credential: Credential, code: bytes | None, source: Domain
) -> bool:
    """Return whether a client may know the group, since it may join it.

    Args:
        hub: The hub.
        room: The room.
        credential: The client's credential.
        code: The joining code that it shows; None for none.
        source: The provider that asks for it.

    Raises:
        UnnamedClientError: The credential does not say whose it is.
    """
    identities = hub.rooms.identities
    user = identities.identify(credential)
    if provider_of_user(user) != source or room.is_cut_off(user):
        return False
    if room.is_vacant or room.group.reinit is not None:
        return False
    actor = Actor(user, ActorKind.JOINER, identities.claims(credential), code)
    return may_join(hub.room(room), hub, actor)


def may_join(room: Room, hub: Hosting, actor: Actor) -> bool:
    """Return whether somebody may join by a commit: as a participant, or for any of the roles."""
    surroundings = hub.rooms.surroundings
    ways: list[tuple[Action, ...]] = [(AddClient(actor.user),), (ReplaceClient(actor.user),)]
    if room.role_of(actor.user) == NO_ROLE:
        roles = (role for role in room.policy.powers if role != NO_ROLE)
        ways = [(AddParticipant(actor.user, role), AddClient(actor.user)) for role in roles]
    elif actor.user not in room.clients:
        ways.pop()
    return any(decide(room, [Request(actor, way)], surroundings).is_allowed for way in ways)
