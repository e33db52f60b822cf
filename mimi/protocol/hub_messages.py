"""Application messages at the hub (section 5.4).

A message that comes again, octet for octet, is answered as it was and handed on no second time: a
provider sends it again where no answer came. In the name of another user it is nobody's.
"""

from hashlib import sha256
from typing import TypeAlias

from mimi.codec import encode
from mimi.identity import Domain
from mimi.mls.framing import PrivateMessage
from mimi.policy.capability import Capability
from mimi.protocol.fanout import fanout_of_message
from mimi.protocol.franking import encode_franking_context, frank_encoded, franking_terms
from mimi.protocol.hosting import Hosting
from mimi.protocol.hub_refusals import MOST_MESSAGE, too_long
from mimi.protocol.room import HubRoom, HubStep, Taken
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

_SENDERS = "senders"
_NOT_ALLOWED = SubmitMessageResponse(SubmitNotAllowed())


def submit(
    hub: Hosting, room: HubRoom, request: SubmitMessageRequest, source: Domain, now: int
) -> SubmitStep:
    """Take a message, or refuse it; see `mimi.protocol.hub.Hub.submit`."""
    message, _ = check_submit_request(request, (source,))
    group, user = room.group, request.sending_uri  # which is canonical
    encoded = encode(message)
    if len(encoded) > MOST_MESSAGE:
        raise too_long(len(encoded))
    digest = sha256(encoded).digest()
    if digest in room.recent:
        known = room.recent[digest]
        is_same = known.by == user
        again = SubmitAccepted(known.timestamp, known.frank)
        return HubStep(room, SubmitMessageResponse(again) if is_same else _NOT_ALLOWED)
    if message.group_id != group.group_id or message.epoch > group.epoch:
        return HubStep(room, _NOT_ALLOWED)
    if not _may_send(hub, room, user):  # who may not is not told either how far the room is
        return HubStep(room, _NOT_ALLOWED)
    if message.epoch < group.epoch:
        return HubStep(room, SubmitMessageResponse(SubmitEpochTooOld(group.epoch)))
    at = room.at(now)
    stamp = _stamp(hub, room, message, user, at)
    fanned = fanout_of_message(request, at, stamp)
    after, effects = room.with_message(digest, Taken(at, user, stamp), fanned)
    return HubStep(after, SubmitMessageResponse(SubmitAccepted(at, stamp)), effects)


def _may_send(hub: Hosting, room: HubRoom, user: bytes) -> bool:
    """Return whether an active participant may send, and is not about to be removed."""
    if room.is_vacant or room.is_cut_off(user):
        return False
    memo = room.group.state.memo  # an epoch's roles stay, and most who send do so again
    senders: dict[bytes, bool] | None = memo.get(_SENDERS)
    if senders is None:
        senders = memo[_SENDERS] = {}
    known = senders.get(user)
    if known is None:
        seen = hub.room(room)
        if user not in seen.clients:  # of whom there is no end: nothing is remembered
            return False
        able = seen.policy.role(seen.role_of(user)).capabilities
        known = senders[user] = Capability.CAN_SEND_MESSAGE in able
    return known


def _stamp(
    hub: Hosting, room: HubRoom, message: PrivateMessage, user: bytes, at: int
) -> Frank | None:
    """Return the frank of a message that asks for one, in a group whose franking agent we are."""
    terms = franking_terms(room.group.state)
    if terms is None or terms.agent.franking_signature_key != hub.signer.public:
        return None
    tag = terms.tag(message.authenticated_data)
    if tag is None:
        return None
    context = encode_franking_context(user, room.name, at)
    return frank_encoded(room.group.suite, hub.signer, hub.franking_key, tag, context)
