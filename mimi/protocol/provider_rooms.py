"""What a provider does about rooms, whoever asked for it: telling, claiming, discovering.

::

    Notify to another provider  --> its line --> SendHttp, one at a time
    Notify to ourselves         --> our own follower, at once
    Cascade                     --> the rooms that depend on the parent
"""

from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any, assert_never

import attrs

from mimi.codec import encode
from mimi.errors import ForbiddenError
from mimi.identity import Domain, RoomUri
from mimi.mls.keypackage import KeyPackage
from mimi.policy.structures import NO_ROLE
from mimi.protocol.directory import Directory, Endpoint
from mimi.protocol.errors import PROTOCOL
from mimi.protocol.follower import notify
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
from mimi.protocol.keys import KeyMaterialRequest, KeyMaterialResponse
from mimi.protocol.outbox import Line
from mimi.protocol.protocol import ROOMS, USERS, identified
from mimi.protocol.provider_state import (
    Acknowledge,
    Answer,
    Discover,
    HandOnKeys,
    OwnCall,
    PeerClaim,
    ProviderEffect,
    ProviderState,
    ProviderStep,
    Reply,
    SendHttp,
    Serving,
    To,
    ToClient,
    ToPeer,
)
from mimi.protocol.room import Cascade, Closed, Effect, Notify


class NotParticipantError(ForbiddenError):
    """Key packages are claimed for a room by who is no participant of it."""

    rule = f"{PROTOCOL} section 5.2"


# Telling


def spread(
    serving: Serving, state: ProviderState, effects: Iterable[Effect], now: int
) -> ProviderStep:
    """Do what a hub says is to be done, and send what can be sent."""
    made: list[ProviderEffect] = []
    todo = list(effects)
    while todo:
        effect = todo.pop(0)
        match effect:
            case Notify(provider=provider) if provider in serving.ours:
                step = follow(
                    serving, state, effect.room, encode(effect.message), serving.provider, now
                )
                state = step.state
                made += step.effects
            case Notify():
                at = (effect.room, effect.provider)
                state = state.with_line(*at, state.outbox.get(at, Line()).joined(effect))
            case Cascade():
                state, more = _cascaded(serving, state, effect, now)
                todo += more
            case Closed():
                kept = {at: each for at, each in state.rooms.items() if at != effect.room}
                state = attrs.evolve(state, rooms=MappingProxyType(kept))
                made.append(effect)
            case _:
                assert_never(effect)
    sent = flush(serving, state, now)
    return ProviderStep(sent.state, None, (*made, *sent.effects))


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


def flush(serving: Serving, state: ProviderState, now: int) -> ProviderStep:
    """Send the notifications whose time has come."""
    effects: list[ProviderEffect] = []
    asked: set[Domain] = set()
    for (room, provider), line in tuple(state.outbox.items()):
        if not line.is_due(now):
            continue
        sent = line.sent(now)
        state = state.with_line(room, provider, sent)
        directory = state.peers.get(provider)
        if directory is not None:
            url = directory.url(Endpoint.NOTIFY, room)
            request = HttpRequest(
                Method.POST, url, serving.provider, provider, sent.body, MEDIA_TYPE
            )
            effects.append(SendHttp(request, Acknowledge(room, provider, sent.last)))
        elif provider not in asked:
            asked.add(provider)
            effects.append(discover(serving, provider, None))
    return ProviderStep(state, None, tuple(effects))


def follow(
    serving: Serving, state: ProviderState, uri: RoomUri, body: bytes, source: Domain, now: int
) -> ProviderStep:
    """Take a notification for our users in a room; errors are those of `notify`."""
    step = notify(
        state.followed.get(uri),
        body,
        uri=uri,
        source=source,
        client_of=state.keys.client_of,
        now=now,
        hub_domains=serving.ours if uri.provider in serving.ours else (),
    )
    if step.room is not None and step.room is not state.followed.get(uri):
        state = state.with_followed(step.room)
    if step.welcomed:
        state = attrs.evolve(state, keys=state.keys.used(step.welcomed))
    return ProviderStep(state, step.response, step.effects)


# Answering


def answer(to: To, endpoint: Endpoint, content: Any) -> ProviderEffect:
    """Return what answers somebody who waits, with success."""
    if isinstance(to, ToPeer):
        return Reply(to.ticket, respond(endpoint, content))
    return Answer(to.ticket, content)


def unavailable(to: To, status: Status = Status.BAD_GATEWAY) -> ProviderEffect:
    """Return what answers somebody who waits for what cannot be had."""
    if isinstance(to, ToPeer):
        return Reply(to.ticket, refusal(status))
    return Answer(to.ticket, Refused(status))


# Asking others


def discover(serving: Serving, provider: Domain, purpose: OwnCall | PeerClaim | None) -> SendHttp:
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
        make: From its directory to what asks it.
        purpose: What to do once its directory is known.
    """
    directory = state.peers.get(provider)
    if directory is None:
        make(serving.directory)  # what is wrong with it is said at once
        return discover(serving, provider, purpose)
    return make(directory)


# Key material


def claim_here(
    serving: Serving, state: ProviderState, request: KeyMaterialRequest, now: int
) -> tuple[ProviderState, KeyMaterialResponse]:
    """Give key packages of one of our users, or say why not; the request was checked."""
    requester, target, room = request.requesting_user, request.target_user, request.room_id
    otherwise = serving.consent(requester, target, room)
    consent = state.consents.consent_for(requester, target, room, otherwise=otherwise)
    claimed = state.keys.claim(request, consent=consent, now=now, discretion=serving.discretion)
    return attrs.evolve(state, keys=claimed.store), claimed.response


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
        NotParticipantError: The requester does not take part in the room.
        BodyError: The request breaks a rule; see `Forwarding.relayed_key_material`.
    """
    uri = identified("room_id", request.room_id, ROOMS)
    assert isinstance(uri, RoomUri)  # noqa: S101 - it was identified as one
    room = state.rooms.get(uri)
    if room is None:
        return state, refusal(Status.NOT_FOUND)
    if serving.hub.room(room).role_of(request.requesting_user) == NO_ROLE:
        raise NotParticipantError("key packages for a room of others", room=request.room_id)
    target = identified("target_user", request.target_user, USERS).provider
    to: To
    if isinstance(purpose, PeerClaim):
        source, to = purpose.source, ToPeer(purpose.ticket)
    else:
        source, to = serving.provider, ToClient(purpose.ticket)

    def relayed(directory: Directory) -> SendHttp:
        wire = serving.forwarding.relayed_key_material(request, source, directory)
        return SendHttp(wire, HandOnKeys(to, request))

    if target not in serving.ours:
        return state, ask(serving, state, target, relayed, purpose)
    relayed(serving.directory)
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
