"""Sending and receiving messages (section 5.4).

::

    Message --judge--> framed --franking tag, message ID in the AAD--> protect --> hub
    hub --> decrypted --> decoded --message ID, frank, order of times, policy--> conversation
"""

from typing import Any

from mimi.client.errors import SentTwiceError, TimeOrderError
from mimi.client.events import (
    Event,
    MessageRefused,
    MessageShown,
    Next,
    NotSent,
    Passed,
)
from mimi.client.facts import facts_of
from mimi.client.reading import application_data, check_readable, framed, unframed
from mimi.client.state import (
    Post,
    R,
    RoomState,
    RoomStep,
    Sent,
    Stored,
    check_member,
    check_staying,
    extensions_then,
    policy_then,
    stepped,
    with_stored,
)
from mimi.codec import decode, encode, replace
from mimi.content import message as content
from mimi.content.authority import Arrival
from mimi.content.extensions import ROOM_URI, SENDER_URI, Extensions
from mimi.content.message import check_message_id_component
from mimi.content.model import Message
from mimi.content.received import check_received
from mimi.content.resolve import is_reaction
from mimi.errors import ForbiddenError, InvalidError, MalformedError, UsageError
from mimi.mls import ApplicationMessage
from mimi.mls.components import ComponentID, component_of
from mimi.mls.message import MLSMessage
from mimi.mls.negotiation import safe_aad, safe_aad_components, safe_aad_of
from mimi.policy.capability import Capability
from mimi.policy.errors import MessageRefusedError
from mimi.policy.facts import BotFacts
from mimi.policy.messages import Reception, judge_receiving, judge_sending
from mimi.policy.room import Room
from mimi.protocol.abuse import AbusiveMessage
from mimi.protocol.fanout import ApplicationFanout, FanoutMessage
from mimi.protocol.franking import (
    FRANK_AAD,
    FrankedMessage,
    ServerFrankingContext,
    check_franking_agent,
    frank_aad,
    franking_agent,
    franking_tag,
    franking_tag_of,
    verify_frank,
    verify_received,
)
from mimi.protocol.http import Refused
from mimi.protocol.submit import (
    Frank,
    SubmitAccepted,
    SubmitEpochTooOld,
    SubmitMessageRequest,
    SubmitMessageResponse,
)
from mimi.tree.extension import Extensions as GroupExtensions

# Sending


def send(room: R, message: Message, now: int, bot: BotFacts | None = None) -> Post[R]:
    """Encrypt a message for the room.

    Where the room has a franking agent, the message names its sender and the room, so that it can
    be franked.

    Errors are those of `DeviceRoom.send`.
    """
    check_member(room)
    check_staying(room)
    group, owner = room.group, room.owner
    message = _named(room, message)
    octets = content.encode(message)
    message_id = content.message_id(message, owner.user.decode(), str(room.uri))
    if message_id in room.sent or room.conversation.has_arrived(message_id):
        raise SentTwiceError("the message was sent already", message_id=message_id.hex())
    facts = facts_of(message, sender=owner.user, at=now // 1000, find=room.find, bot=bot)
    judge_sending(room.policy, facts).check()
    check_readable(group, message.nested_part)
    data, media_type = framed(group, octets)
    aad = _aad(group.extensions, message, message_id, data)
    group, wire = group.protect(data, aad)
    request = SubmitMessageRequest(decode(MLSMessage, wire), owner.user)
    sent = Sent(message, message_id, request, group.epoch, media_type)
    unsent = {at: each for at, each in room.unsent.items() if at != message_id}
    after = stepped(room, group=group, sent={**room.sent, message_id: sent}, unsent=unsent)
    return Post(after, request, message_id)


def forgotten(room: R, message_id: bytes) -> R:
    """Return the room without a message that the hub did not take; errors as in `forget`."""
    if message_id not in room.unsent:
        raise UsageError("there is no such message that was not taken", message_id=message_id.hex())
    rest = {at: each for at, each in room.unsent.items() if at != message_id}
    return stepped(room, unsent=rest)


def _named(room: RoomState, message: Message) -> Message:
    """Return a message that says who sends it, and whereto, where it is to be franked."""
    if franking_agent(room.group.extensions) is None:
        return message
    said = {SENDER_URI: room.owner.user.decode(), ROOM_URI: str(room.uri)}
    for key, uri in said.items():
        if message.extensions.get(key, uri) != uri:
            raise UsageError("the message names another sender, or another room", key=key)
    return replace(message, extensions=Extensions({**message.extensions, **said}))


def _aad(extensions: GroupExtensions, message: Message, message_id: bytes, data: bytes) -> bytes:
    """Return the authenticated data of a message: what the room has agreed on."""
    listed = safe_aad_components(extensions)
    if listed is None:
        return b""
    items: list[tuple[int, bytes]] = []
    if FRANK_AAD in listed and franking_agent(extensions) is not None:
        items.append(frank_aad(franking_tag(message.salt, data)))
    if ComponentID.MESSAGE_ID in listed:
        items.append((ComponentID.MESSAGE_ID, message_id))
    return safe_aad(items)


def submitted(room: R, message_id: bytes, response: SubmitMessageResponse | Refused) -> RoomStep[R]:
    """Take the hub's answer to a message: it comes into the conversation with its time, or not."""
    sent = room.sent.get(message_id)
    if sent is None:
        return RoomStep(room, (Passed(),))
    if isinstance(response, Refused) and not response.is_final:
        return RoomStep(room, (NotSent(sent.message, message_id, Next.SEND_AGAIN),))
    status = None if isinstance(response, Refused) else response.status
    if isinstance(status, SubmitAccepted):
        return accepted(room, sent, status.accepted_timestamp, status.frank)
    rest = {at: each for at, each in room.sent.items() if at != message_id}
    following = Next.GIVE_UP
    if isinstance(status, SubmitEpochTooOld):
        following = Next.CATCH_UP
    event = NotSent(sent.message, message_id, following)
    unsent = {**room.unsent, message_id: sent.message}
    return RoomStep(stepped(room, sent=rest, unsent=unsent), (event,))


def accepted(room: R, sent: Sent, at: int, stamp: Frank | None) -> RoomStep[R]:
    """Return the room to which a message of one's own comes, which the hub accepted."""
    user, events = room.owner.user, list[Event]()
    rest = {name: each for name, each in room.sent.items() if name != sent.message_id}
    if stamp is not None:
        try:
            _verify_own(room, sent, at, stamp)
        except (InvalidError, MalformedError) as error:
            events.append(MessageRefused(error, user, at))
            stamp = None
    arrival = Arrival(sent.message, sent.message_id, user.decode(), at)
    is_moderation = _moderates(policy_of(room, sent.epoch), user, sent.message, room)
    stored = Stored(arrival, sent.media_type, stamp, is_moderation)
    events.append(MessageShown(sent.message_id, sent.message, user, at))
    return RoomStep(stepped(room, sent=rest, **with_stored(room, stored)), tuple(events))


def policy_of(room: RoomState, epoch: int) -> Room:
    """Return the room in an epoch; the earliest that is known, if that is not known any more."""
    return policy_then(room, max(epoch, room.group.epoch - len(room.group.past)))


def _verify_own(room: RoomState, sent: Sent, at: int, stamp: Frank) -> None:
    group = room.group
    epoch = max(sent.epoch, group.epoch - len(group.past))
    agent = franking_agent(extensions_then(group, epoch))
    if agent is not None:
        context = ServerFrankingContext(room.owner.user, room.room_id, at)
        verify_frank(group.suite, agent.franking_signature_key, stamp, context)


def _moderates(policy: Room, user: bytes, message: Message, room: RoomState) -> bool:
    """Return whether who withdraws a message might do so, were it somebody else's."""
    if message.replaces is None:
        return False
    original = room.find(message.replaces)
    reaction = is_reaction(message if original is None else original.message)
    needed = Capability.CAN_DELETE_OTHER_MESSAGE
    if reaction:
        needed = Capability.CAN_DELETE_OTHER_REACTION
    return needed in policy.policy.role(policy.role_of(user)).capabilities


# Receiving


def heard(room: R, event: ApplicationMessage, fanned: FanoutMessage, now: int) -> RoomStep[R]:
    """Take a message that was decrypted: into the conversation, or not."""
    sender = room.owner.rooms.identities.identify(event.leaf_node.credential)
    at = fanned.timestamp
    try:
        stored, reception = _received(room, event, fanned, sender, now)
        changes: dict[str, Any] = with_stored(room, stored)
    except (InvalidError, MalformedError, ForbiddenError) as error:
        return RoomStep(stepped(room), (MessageRefused(error, sender, at),))
    name, message = stored.arrival.message_id, stored.arrival.message
    shown = MessageShown(name, message, sender, at, reception)
    return RoomStep(stepped(room, **changes), (shown,))


def _received(
    room: RoomState, event: ApplicationMessage, fanned: FanoutMessage, sender: bytes, now: int
) -> tuple[Stored, Reception]:
    at, extensions = fanned.timestamp, extensions_then(room.group, event.epoch)
    check_order(room, event.epoch, at)
    octets, media_type = unframed(extensions, event.data)
    message = content.decode(octets)
    user, uri = sender.decode(), str(room.uri)
    message_id = content.message_id(message, user, uri)
    check_received(
        message,
        message_id=message_id,
        accepted=at,
        now=now // 1000,
        sender_is_member=True,
        known=room.conversation.has_arrived,
        room_created=room.created,
        sender=user,
        room=uri,
    )
    said = safe_aad_of(extensions, event.aad).get(ComponentID.MESSAGE_ID)
    if said is not None:
        check_message_id_component(said, message_id)
    stamp = _verified(room, event, fanned, extensions, sender)
    facts = facts_of(message, sender=sender, at=at // 1000, find=room.find)
    policy = policy_then(room, event.epoch)
    reception = judge_receiving(policy, facts, room.owner.user)
    if not reception.decision.is_allowed:
        raise MessageRefusedError(reception.decision)
    arrival = Arrival(message, message_id, user, at)
    is_moderation = _moderates(policy, sender, message, room)
    return Stored(arrival, media_type, stamp, is_moderation), reception


def check_order(room: RoomState, epoch: int, at: int) -> None:
    """Check that a message was accepted while its epoch lasted.

    Raises:
        TimeOrderError: It was not.
    """
    opened, ended = room.opened.get(epoch), room.opened.get(epoch + 1)
    if (opened is not None and at < opened) or (ended is not None and at > ended):
        raise TimeOrderError(
            f"accepted at {at}, in epoch {epoch}", accepted=at, opened=opened, ended=ended
        )


def _verified(
    room: RoomState,
    event: ApplicationMessage,
    fanned: FanoutMessage,
    extensions: GroupExtensions,
    sender: bytes,
) -> Frank | None:
    """Return the hub's stamp, verified; None where the message has none, or nobody could."""
    attached = fanned.attached
    assert isinstance(attached, ApplicationFanout)  # noqa: S101 - it was decoded beside a message
    tag, agent = franking_tag_of(extensions, event.aad), franking_agent(extensions)
    if attached.frank is None or tag is None or agent is None:
        return None
    check_franking_agent(agent, room.uri.provider, room.owner.provider_of)
    franked = FrankedMessage(
        event.data, tag, attached.frank, fanned.timestamp, sender, room.room_id
    )
    is_framed = component_of(extensions, ComponentID.CONTENT_MEDIA_TYPES) is not None
    verify_received(room.group.suite, agent, franked, framed=is_framed)
    return attached.frank


def quoted(room: RoomState, message_id: bytes) -> AbusiveMessage:
    """Return a message of the conversation as a report to the hub quotes it (section 5.9).

    Raises:
        UsageError: There is no such message, it was erased, or the hub has not franked it.
    """
    found = room.stored.find(message_id)
    if found is None or found.frank is None or found.arrival.is_erased:
        raise UsageError("there is no such message, or no frank", message_id=message_id.hex())
    data = application_data(content.encode(found.arrival.message), found.media_type)
    return AbusiveMessage(data, found.frank, found.arrival.accepted)


def own_echo(room: R, fanned: FanoutMessage) -> RoomStep[R]:
    """Take a message of one's own that comes back, perhaps before its answer, or instead of it."""
    wire, attached = encode(fanned.message), fanned.attached
    for sent in room.sent.values():
        if encode(sent.request.app_message) == wire:
            stamp = attached.frank if isinstance(attached, ApplicationFanout) else None
            return accepted(room, sent, fanned.timestamp, stamp)
    return RoomStep(room, (Passed(),))
