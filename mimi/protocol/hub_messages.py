"""Application messages at the hub (section 5.4)."""

from typing import TypeAlias

import attrs

from mimi.identity import Domain
from mimi.mls.framing import PrivateMessage
from mimi.policy.capability import Capability
from mimi.protocol.fanout import fanout_of_message
from mimi.protocol.franking import ServerFrankingContext, frank, franking_agent, franking_tag_of
from mimi.protocol.hosting import Hosting
from mimi.protocol.room import HubRoom, HubStep
from mimi.protocol.submit import (
    Frank,
    SubmitAccepted,
    SubmitEpochTooOld,
    SubmitMessageRequest,
    SubmitMessageResponse,
    SubmitNotAllowed,
    check_submit_request,
)

SubmitStep: TypeAlias = HubStep[SubmitMessageResponse]

_NOT_ALLOWED = SubmitMessageResponse(SubmitNotAllowed())


def submit(
    hub: Hosting, room: HubRoom, request: SubmitMessageRequest, source: Domain, now: int
) -> SubmitStep:
    """Take a message, or refuse it; see `mimi.protocol.hub.Hub.submit`."""
    message, sender = check_submit_request(request, (source,))
    group, user = room.group, str(sender).encode()
    if message.group_id != group.group_id or message.epoch > group.epoch:
        return HubStep(room, _NOT_ALLOWED)
    if message.epoch < group.epoch:
        return HubStep(room, SubmitMessageResponse(SubmitEpochTooOld(group.epoch)))
    if not _may_send(hub, room, user):
        return HubStep(room, _NOT_ALLOWED)
    at = room.at(now)
    stamp = _stamp(hub, room, message, user, at)
    after = attrs.evolve(room, timestamp=at)
    after, effects = after.notified(room.audience.receivers, fanout_of_message(request, at, stamp))
    return HubStep(after, SubmitMessageResponse(SubmitAccepted(at, stamp)), effects)


def _may_send(hub: Hosting, room: HubRoom, user: bytes) -> bool:
    """Return whether an active participant may send, and is not about to be removed."""
    seen = hub.room(room)
    role = seen.policy.role(seen.role_of(user))
    active = user in seen.clients and user not in room.audience.cut_off
    return active and Capability.CAN_SEND_MESSAGE in role.capabilities


def _stamp(
    hub: Hosting, room: HubRoom, message: PrivateMessage, user: bytes, at: int
) -> Frank | None:
    """Return the frank of a message that asks for one, in a group whose franking agent we are."""
    extensions = room.group.extensions
    agent = franking_agent(extensions)
    if agent is None or agent.franking_signature_key != hub.signer.public:
        return None
    tag = franking_tag_of(extensions, message.authenticated_data)
    if tag is None:
        return None
    context = ServerFrankingContext(user, str(room.uri).encode(), at)
    return frank(room.group.suite, hub.signer, hub.hub_key, tag, context)
