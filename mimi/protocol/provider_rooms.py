"""What a provider does about rooms, whoever asked for it: telling, claiming, discovering.

::

    Notify to another provider  --> its line --> SendHttp, one at a time   (section 5.5)
    Notify to ourselves         --> our own follower, at once
    Cascade                     --> the rooms that depend on the parent
"""

from collections.abc import Callable, Collection, Iterable
from types import MappingProxyType
from typing import Any, assert_never

import attrs

from mimi.codec import encode
from mimi.errors import ForbiddenError
from mimi.identity import Domain, RoomUri
from mimi.mls.keypackage import KeyPackage
from mimi.policy.room import Room, no_parents
from mimi.protocol.audience import provider_of_user, takes_part
from mimi.protocol.directory import Directory, Endpoint
from mimi.protocol.errors import PROTOCOL
from mimi.protocol.fanout import ApplicationFanout, CommitFanout
from mimi.protocol.follower import FollowerRoom
from mimi.protocol.follower_notify import notify
from mimi.protocol.forwarding import relayed_claim
from mimi.protocol.http import (
    MEDIA_TYPE,
    HttpRequest,
    HttpResponse,
    Refused,
    directory_request,
    refusal,
    respond,
)
from mimi.protocol.http_errors import Method, Status
from mimi.protocol.hub import Hub
from mimi.protocol.keys import KeyMaterialRequest, KeyMaterialResponse
from mimi.protocol.outbox import Line
from mimi.protocol.protocol import ROOMS, USERS, identified
from mimi.protocol.provider_index import fixed_participants
from mimi.protocol.provider_state import (
    Acknowledge,
    Addressed,
    Answer,
    Discover,
    HandOn,
    HandOnKeys,
    HandOnUpdate,
    OwnCall,
    PeerClaim,
    ProviderEffect,
    ProviderState,
    ProviderStep,
    Purpose,
    Reply,
    SendHttp,
    Serving,
    Stuck,
    To,
    ToClient,
    ToPeer,
)
from mimi.protocol.room import Cascade, Closed, Effect, HubRoom, Notify

MOST_EMPTY = 256
"""In how many rooms of one hub none of our users may be, of those that are followed."""
LATER = 3600
"""After how many seconds a notification may come again that was one too many."""


class NotParticipantError(ForbiddenError):
    """Key packages are claimed for a room by who is no participant of it, or is not to stay one."""

    rule = f"{PROTOCOL} section 5.2"


# As a hub


def hub_of(serving: Serving, state: ProviderState) -> Hub:
    """Return the hub, which knows its other rooms: those in the state, and those that are stored.

    What an application says of rooms of fixed membership counts besides, and what it says of
    parents (`Rooms.parents`) instead.
    """
    hub = serving.hub

    def fixed_rooms(users: frozenset[bytes]) -> list[RoomUri]:
        stored = state.beyond.fixed(users)
        found = [] if stored is None or stored in state.rooms else [stored]
        found += (uri for uri, room in state.rooms.items() if fixed_participants(room) == users)
        return [*hub.fixed_rooms(users), *found]

    def hosted(uri: RoomUri) -> Room | None:
        room = state.rooms.get(uri) or state.beyond.room(uri)
        return None if room is None else hub.room(room)

    knows_parents = hub.rooms.parents is not no_parents
    return attrs.evolve(hub, fixed_rooms=fixed_rooms, hosted=None if knows_parents else hosted)


# Telling


def spread(
    serving: Serving,
    state: ProviderState,
    effects: Iterable[Effect],
    now: int,
    gone: Collection[bytes] = (),
) -> ProviderStep:
    """Do what a hub says is to be done, and send what can be sent.

    Args:
        serving: The hub.
        state: What it has, with the room as it is now.
        effects: What is to be done.
        now: Milliseconds since 1970-01-01T00:00Z.
        gone: Who has no clients in the room any more: of our users, nothing that follows the
            commit is for them (section 5.3).
    """
    made: list[ProviderEffect] = []
    todo = list(effects)
    while todo:
        effect = todo.pop(0)
        match effect:
            case Notify(provider=provider) if provider in serving.ours:
                step = _told_ourselves(serving, state, effect, now)
                is_commit = isinstance(effect.message.attached, CommitFanout)
                state = step.state
                if gone and is_commit:
                    state = without(state, effect.room, gone.__contains__)
                made += step.effects
            case Notify():
                at = (effect.room, effect.provider)
                state = state.with_line(*at, state.outbox.get(at, Line()).joined(effect))
            case Cascade():
                state, more = _cascaded(serving, state, effect, now)
                todo += more
            case Closed():  # what is still to be told of it is told
                kept = {at: each for at, each in state.rooms.items() if at != effect.room}
                state = without(attrs.evolve(state, rooms=MappingProxyType(kept)), effect.room)
                made.append(effect)
            case _:
                assert_never(effect)
    sent = flush(serving, state, now, again=False)
    return ProviderStep(sent.state, None, (*made, *sent.effects))


def _told_ourselves(serving: Serving, state: ProviderState, note: Notify, now: int) -> ProviderStep:
    """Let our own users hear of something, and of a message none who may not receive it."""
    is_silenced, body = None, encode(note.message)
    if isinstance(note.message.attached, ApplicationFanout):
        is_silenced = _silenced(serving, state.rooms[note.room])
    return follow(serving, state, note.room, body, serving.provider, now, is_silenced)


def _silenced(serving: Serving, room: HubRoom) -> Callable[[bytes], bool] | None:
    """Return whether one of our users may not receive messages; None where all may.

    That takes no look at anybody, as long as the counts by roles say so.
    """
    audience, going = room.audience, room.audience.cut_off.union(room.wanted)
    if not audience.all_may_receive(serving.ours):
        return lambda user: user in going or not audience.may_receive(user)
    is_ours = any(provider_of_user(user) in serving.ours for user in going)
    return going.__contains__ if is_ours else None


def without(
    state: ProviderState, uri: RoomUri, is_among: Callable[[bytes], bool] | None = None
) -> ProviderState:
    """Return the state in which nothing more of a room is for some of our users, or for any."""
    room = state.followed.get(uri)
    return state if room is None else state.with_followed(room.ended(is_among))


def _cascaded(
    serving: Serving, state: ProviderState, cascade: Cascade, now: int
) -> tuple[ProviderState, tuple[Effect, ...]]:
    """Return the state after those who left a room are to leave those that depend on it."""
    parent, more = str(cascade.parent).encode(), list[Effect]()
    for room in state.rooms.values():
        if parent in serving.hub.room(room).policy.base.parent_room:
            step = serving.hub.remove(room, cascade.removed, now=now)
            state = state.with_room(step.room)
            more += step.effects
    return state, tuple(more)


def flush(serving: Serving, state: ProviderState, now: int, *, again: bool = True) -> ProviderStep:
    """Send the notifications whose time has come.

    Args:
        serving: Who sends them.
        state: What it has.
        now: Milliseconds since 1970-01-01T00:00Z.
        again: Whether to repeat requests too, for which what is in them is read.
    """
    effects: list[ProviderEffect] = []
    asked: set[Domain] = set()
    unable: set[Domain] = set()
    for (room, provider), line in tuple(state.outbox.items()):
        if not line.is_due(now) or (line.together and not again):
            continue
        directory = state.peers.get(provider)
        sent = line.sent(now, unaddressed=directory is None)
        state = state.with_line(room, provider, sent)
        if directory is None:
            if provider not in asked:
                asked.add(provider)
                effects.append(discover(serving, provider, None))
        elif Endpoint.NOTIFY not in directory.templates:  # nobody else has to wait for that
            state = state.with_line(room, provider, sent.refused(sent.last, None, now))
            unable.add(provider)
            effects.append(Stuck(room, provider, Status.NOT_FOUND))
        else:
            url = directory.url(Endpoint.NOTIFY, room)
            request = HttpRequest(Method.POST, url, room.provider, provider, sent.body, MEDIA_TYPE)
            effects.append(SendHttp(request, Acknowledge(room, provider, sent.last)))
    for provider in unable:
        state = state.without_peer(provider)
    return ProviderStep(state, None, tuple(effects))


def follow(
    serving: Serving,
    state: ProviderState,
    uri: RoomUri,
    body: bytes,
    source: Domain,
    now: int,
    is_silenced: Callable[[bytes], bool] | None = None,
) -> ProviderStep:
    """Take a notification for our users in a room; errors are those of `notify`.

    Anybody can be the hub of rooms that none of our users is in. Such a room is kept for a while,
    since a Welcome may be overtaken by what follows it; but of one provider only so many. What is
    not for some users, as the hub knows of its own, is not for their clients.
    """
    before = state.followed.get(uri)
    step = notify(
        before,
        body,
        uri=uri,
        source=source,
        client_of=state.keys.client_of,
        now=now,
        hub_domains=serving.ours if uri.provider in serving.ours else (),
        is_silenced=is_silenced,
    )
    if before is None and step.room is not None and _is_flooded(state, step.room):
        return ProviderStep(state, refusal(Status.TOO_MANY_REQUESTS, retry_after=LATER))
    room = step.room
    if room is not None:
        given = (state.keys.given[reference] for reference in step.welcomed)
        for each in given:
            room = room.owned(each.client, each.user)
        state = state.with_followed(room)
    if step.welcomed:
        state = attrs.evolve(state, keys=state.keys.used(step.welcomed))
    return ProviderStep(state, step.response, step.effects)


def _is_flooded(state: ProviderState, room: FollowerRoom) -> bool:
    """Return whether a room begins that nobody is in, as do too many of its hub."""
    if room.clients:
        return False
    hub = room.uri.provider
    empty = (each.uri.provider == hub and not each.clients for each in state.followed.values())
    return sum(empty) >= MOST_EMPTY


# Answering


def answer(to: To, endpoint: Endpoint, content: Any) -> ProviderEffect:
    """Return what answers somebody who waits, with success."""
    if isinstance(to, ToPeer):
        return Reply(to.ticket, respond(endpoint, content))
    return Answer(to.ticket, content)


def unavailable(
    to: To, status: Status = Status.BAD_GATEWAY, retry_after: int | None = None
) -> ProviderEffect:
    """Return what answers somebody who waits for what cannot be had."""
    if isinstance(to, ToPeer):
        return Reply(to.ticket, refusal(status, retry_after=retry_after))
    return Answer(to.ticket, Refused(status, retry_after))


_SAID_ON = (Status.FORBIDDEN, Status.NOT_FOUND, Status.TOO_MANY_REQUESTS)
"""Refusals that say something about what was asked for, whoever asks."""


def declined(to: To, refused: Refused) -> ProviderEffect:
    """Return what answers somebody for whom another provider was asked, which has refused.

    What is refused for good stays so, and who is to come again later is told when. All else is
    between us and that provider (RFC 9110 section 15.6.3).
    """
    if refused.status in _SAID_ON:
        status = Status(refused.status)
    else:
        status = Status.BAD_REQUEST if refused.is_final else Status.BAD_GATEWAY
    return unavailable(to, status, refused.retry_after)


# Asking others


def discover(serving: Serving, provider: Domain, purpose: Purpose | None) -> SendHttp:
    """Return what fetches a provider's directory, for something."""
    request = directory_request(source=serving.provider, target=provider)
    return SendHttp(request, Discover(provider, purpose))


def ask(
    serving: Serving,
    state: ProviderState,
    provider: Domain,
    make: Callable[[Directory], SendHttp],
    purpose: OwnCall | PeerClaim,
) -> SendHttp:
    """Return what asks another provider, or first where to ask it.

    Args:
        serving: Who asks.
        state: What it has.
        provider: Who is asked.
        make: From its directory to what asks it; what is asked was checked.
        purpose: What to do once its directory is known.
    """
    directory = state.peers.get(provider)
    if directory is None:
        return discover(serving, provider, purpose)
    made = make(directory)
    then = made.then
    if isinstance(then, HandOn | HandOnUpdate | HandOnKeys):
        addressed = Addressed(made.request, directory, then, made.order)
        return SendHttp(made.request, addressed, made.order)
    return made


# Key material


def claim_here(
    serving: Serving, state: ProviderState, request: KeyMaterialRequest, now: int
) -> tuple[ProviderState, KeyMaterialResponse]:
    """Give key packages of one of our users, or say why not; the request was checked."""
    requester, target, room = request.requesting_user, request.target_user, request.room_id
    otherwise = serving.consent(requester, target, room)
    consent = state.consents.consent_for(requester, target, room, otherwise=otherwise)
    claimed = state.keys.claim(request, consent=consent, now=now, discretion=serving.discretion)
    if claimed.store is not state.keys:
        state = attrs.evolve(state, keys=claimed.store)
    return state, claimed.response


def claim_as_hub(
    serving: Serving,
    state: ProviderState,
    request: KeyMaterialRequest,
    purpose: OwnCall | PeerClaim,
    now: int,
) -> tuple[ProviderState, KeyMaterialResponse | SendHttp | HttpResponse]:
    """Claim key packages for a room that is hosted here, of our own user or another provider's.

    Args:
        serving: The hub.
        state: What it has.
        request: What is asked for.
        purpose: For whom.
        now: Milliseconds since 1970-01-01T00:00Z.

    Returns:
        The state; and the answer, what asks the target's provider for it, or a refusal.

    Raises:
        NotParticipantError: The requester does not take part in the room, or is about to leave it.
        BodyError: The request breaks a rule; see `Forwarding.check_relayed`.
    """
    uri = identified("room_id", request.room_id, ROOMS)
    assert isinstance(uri, RoomUri)  # noqa: S101 - it was identified as one
    room = state.rooms.get(uri)
    if room is None:
        return state, refusal(Status.NOT_FOUND)
    user = request.requesting_user
    if not takes_part(serving.hub.room(room), user) or room.is_cut_off(user):
        raise NotParticipantError("key packages for a room of others", room=request.room_id)
    target = identified("target_user", request.target_user, USERS).provider
    to: To
    if isinstance(purpose, PeerClaim):
        source, to = purpose.source, ToPeer(purpose.ticket)
    else:
        source = identified("requesting_user", request.requesting_user, USERS).provider
        to = ToClient(purpose.ticket)

    def relayed(directory: Directory) -> SendHttp:
        return SendHttp(relayed_claim(request, directory), HandOnKeys(to, request))

    serving.forwarding.check_relayed(request, source)
    if target not in serving.ours:
        return state, ask(serving, state, target, relayed, purpose)
    state, response = claim_here(serving, state, request, now)
    return remembered(serving, state, uri, target, response), response


def remembered(
    serving: Serving,
    state: ProviderState,
    uri: RoomUri,
    provider: Domain,
    response: KeyMaterialResponse,
) -> ProviderState:
    """Return the state whose room knows where Welcomes for claimed key packages go."""
    room = state.rooms.get(uri)
    given = [each.material for each in response.clients if isinstance(each.material, KeyPackage)]
    if room is None or not given:
        return state
    return state.with_room(serving.hub.expecting(room, given, provider))
