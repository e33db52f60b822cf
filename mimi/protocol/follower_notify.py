"""A notification: what the hub says of a room to a provider that follows it (section 5.5).

::

    FanoutMessage of all    --> kept, and delivered to everybody
                 a commit   --> who joins by it is in the room
                 a Welcome  --> who is welcomed is in the room, and gets it
"""

import hashlib
from collections.abc import Callable, Collection
from types import MappingProxyType
from typing import TypeAlias

import attrs

from mimi.codec import encode
from mimi.errors import UsageError
from mimi.identity import Domain, RoomUri
from mimi.mls.framing import NewMemberCommitSender
from mimi.mls.welcome import Welcome
from mimi.protocol.deliveries import LIMITS, FollowerEffect, Limits, Unrouted
from mimi.protocol.directory import Endpoint
from mimi.protocol.fanout import CommitFanout, FanoutMessage, check_fanout, read_notify
from mimi.protocol.follower import FollowerRoom
from mimi.protocol.http import HttpResponse, refusal, respond
from mimi.protocol.http_errors import Status
from mimi.protocol.kept import place_of_message
from mimi.protocol.message import sender_of

MOST_AT_ONCE = 256
"""After how many messages of one notification it is looked what is too much."""

ClientOf: TypeAlias = Callable[[bytes], bytes | None]
"""From a KeyPackageRef to the client whose it is, such as `KeyStore.client_of`; None to none."""


@attrs.frozen
class FollowerStep:
    """The outcome of a notification.

    Attributes:
        room: The room after it; the same value where nothing changed.
        response: What to answer.
        effects: What else to do, in order.
        welcomed: The references by which clients were welcomed, for `KeyStore.used`.
    """

    room: FollowerRoom | None
    response: HttpResponse
    effects: tuple[FollowerEffect, ...] = ()
    welcomed: tuple[bytes, ...] = ()


def notify(  # noqa: PLR0913 - what a follower has and knows, each by its name
    room: FollowerRoom | None,
    body: bytes,
    *,
    uri: RoomUri,
    source: Domain,
    client_of: ClientOf,
    now: int,
    hub_domains: Collection[Domain] = (),
    is_silenced: Callable[[bytes], bool] | None = None,
    limits: Limits = LIMITS,
) -> FollowerStep:
    """Take a notification (section 5.5).

    A notification that came before, octet for octet, is taken and does nothing. A room that is not
    known begins: with the first Welcome, or with what comes before it.

    Args:
        room: The room; None where it is not known.
        body: The body, as it came.
        uri: The room in the path.
        source: The provider that sends it.
        client_of: Whose key packages are; `FollowerStep.welcomed` says which were used.
        now: Milliseconds since 1970-01-01T00:00Z.
        hub_domains: Further domains of the room's hub.
        is_silenced: Whether what comes is not for the clients of a user, as the hub itself knows of
            its own; None where it is for all.
        limits: How much is kept of a room that begins.

    Returns:
        Where another provider than the hub sends it, a refusal.

    Raises:
        MalformedError: It does not parse.
        EmptyNotifyError: It has no message.
        LongNotifyError: It has too many.
        BodyError: One breaks a rule; see `check_fanout`.
        UsageError: The room is another.
    """
    if source != uri.provider and source not in hub_domains:
        return FollowerStep(room, refusal(Status.FORBIDDEN))
    if room is not None and room.uri != uri:
        raise UsageError(f"{room.uri} is not {uri}")
    begun = FollowerRoom.begun(uri, now=now, limits=limits) if room is None else room
    digest, response = hashlib.sha256(body).digest(), respond(Endpoint.NOTIFY)
    if digest in begun.bodies:
        return FollowerStep(room, response)
    messages = read_notify(body)
    for each in messages:
        check_fanout(each)
    after = _told(begun, digest, now)
    effects: list[FollowerEffect] = []
    welcomed: list[bytes] = []
    for count, each in enumerate(messages, 1):
        if count % MOST_AT_ONCE == 0:
            after = after.trimmed()
        if isinstance(each.message.body, Welcome):
            after, made, references = _welcome(after, each, client_of)
            effects += made
            welcomed += references
        else:
            after, waited = _heard(after, each).let_in(*_joining(after, each))
            but = after.clients.of_users(is_silenced) if is_silenced is not None else ()
            after, delivered = after.logged(each, but=but)
            effects += (*waited, *delivered)
    after = after.trimmed()
    return FollowerStep(after, response, tuple(effects), tuple(welcomed))


def _told(room: FollowerRoom, digest: bytes, now: int) -> FollowerRoom:
    told = room.told + 1
    oldest = told - room.limits.bodies
    bodies = {each: number for each, number in room.bodies.items() if number > oldest}
    bodies[digest] = told
    return attrs.evolve(
        room, bodies=MappingProxyType(bodies), told=told, heard=max(room.heard, now)
    )


def _heard(room: FollowerRoom, message: FanoutMessage) -> FollowerRoom:
    """Return the room that knows to which epoch a message shows that the group has come."""
    group_id, epoch = place_of_message(message)
    epoch += isinstance(message.attached, CommitFanout)
    if group_id == room.group_id:
        epoch = max(epoch, room.epoch)
    return attrs.evolve(room, group_id=group_id, epoch=epoch)


def _joining(room: FollowerRoom, message: FanoutMessage) -> list[bytes]:
    """Return the clients that join by a commit, if a message is one, and wait for the hub."""
    if not isinstance(sender_of(message.message), NewMemberCommitSender):
        return []
    by = hashlib.sha256(encode(message.message)).digest()
    return room.clients.waiting(by)


def _welcome(
    room: FollowerRoom, message: FanoutMessage, client_of: ClientOf
) -> tuple[FollowerRoom, tuple[FollowerEffect, ...], tuple[bytes, ...]]:
    """Return the room that clients enter, what is delivered, and by which references.

    What everybody got already of what the hub accepted later is for them as well.
    """
    body = message.message.body
    assert isinstance(body, Welcome)  # noqa: S101 - the caller has looked
    routes = {each.new_member: client_of(each.new_member) for each in body.secrets}
    found = dict.fromkeys(client for client in routes.values() if client is not None)
    unknown = tuple(each for each, client in routes.items() if client is None)
    effects: list[FollowerEffect] = []
    if unknown:
        effects.append(Unrouted(room.uri, unknown, is_for_nobody=not found))
    if found:
        room.clients.expect(found)
        room = room.without_ended(*found)
        new = [client for client in found if client not in room.clients]
        later = room.later(message.timestamp) if new else []
        room, made = room.logged(message, found)
        effects += made
        for each in later:
            room, made = room.logged(each, new)
            effects += made
    return room, tuple(effects), tuple(each for each in routes if routes[each] is not None)
