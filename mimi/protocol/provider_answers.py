"""What comes of the answers of other providers, for whoever waits for them (section 5)."""

from typing import Any, assert_never

import attrs

from mimi.errors import ForbiddenError, InvalidError, MalformedError
from mimi.identity import Domain, RoomUri
from mimi.mls.errors import DamagedSnapshotError
from mimi.protocol.directory import Directory, Endpoint
from mimi.protocol.http import (
    Answered,
    Headers,
    HttpRequest,
    HttpResponse,
    Refused,
    read_directory,
    read_response,
    refuse,
)
from mimi.protocol.http_errors import Status
from mimi.protocol.keys import (
    NO_ROOM,
    KeyMaterialResponse,
    check_key_material_response,
)
from mimi.protocol.protocol import ROOMS, USERS, identified
from mimi.protocol.provider_rooms import (
    answer,
    claim_as_hub,
    declined,
    discover,
    flush,
    remembered,
    unavailable,
)
from mimi.protocol.provider_state import (
    Acknowledge,
    Addressed,
    Answer,
    Discover,
    HandOn,
    HandOnKeys,
    HandOnUpdate,
    Moved,
    OwnCall,
    PeerClaim,
    ProviderEffect,
    ProviderState,
    ProviderStep,
    Reply,
    SendHttp,
    Serving,
    Stuck,
    Then,
    ToClient,
    ToPeer,
)
from mimi.protocol.provider_users import after_update, called
from mimi.tree.leaf import LifetimePolicy


@attrs.frozen
class _Response:
    """A response, and when it came, in milliseconds."""

    status: int
    headers: Headers
    body: bytes
    now: int

    def read(self, endpoint: Endpoint) -> Answered | Refused:
        """Return what it says; what cannot be read is as good as none."""
        try:
            return read_response(
                endpoint, self.status, self.headers, self.body, now=self.now // 1000
            )
        except (MalformedError, InvalidError):
            return Refused(Status.BAD_GATEWAY)


def answered(
    serving: Serving,
    state: ProviderState,
    then: Then,
    status: int,
    headers: Headers,
    body: bytes,
    now: int,
) -> ProviderStep:
    """Take the response to a request; see `mimi.protocol.provider.Provider.answered`."""
    return _answered(serving, state, then, _Response(status, headers, body, now))


def _answered(
    serving: Serving, state: ProviderState, then: Then, response: _Response
) -> ProviderStep:
    match then:
        case Acknowledge():
            return _acknowledged(serving, state, then, response)
        case HandOn(ticket=ticket, endpoint=endpoint):
            return ProviderStep(state, None, (Answer(ticket, _content(response.read(endpoint))),))
        case HandOnUpdate(ticket=ticket):
            content = _content(response.read(Endpoint.UPDATE))
            state, waited = after_update(state, then, content)
            return ProviderStep(state, None, (Answer(ticket, content), *waited))
        case HandOnKeys():
            return _claimed(serving, state, then, response)
        case Addressed():
            return _addressed(serving, state, then, response)
        case Discover():
            return _discovered(serving, state, then, response)
    assert_never(then)


def _content(read: Answered | Refused) -> Any:
    return read.content if isinstance(read, Answered) else read


GONE = (404, 410, 421)
"""Statuses that say that nothing is there, or that it is not this server's to say: the directory
may be another than it was (RFC 9110 section 15.5)."""


def _addressed(
    serving: Serving, state: ProviderState, then: Addressed, response: _Response
) -> ProviderStep:
    """Take an answer; where nothing was at the place, fetch the directory anew."""
    if response.status not in GONE:
        return _answered(serving, state, then.then, response)
    provider = then.request.target
    if state.peers.get(provider) == then.directory:
        state = state.without_peer(provider)
    fetch = discover(serving, provider, Moved(then, response.status))
    return ProviderStep(state, None, (fetch,))


def _again(
    serving: Serving, state: ProviderState, moved: Moved, directory: Directory | None, now: int
) -> ProviderStep:
    """Send a request once more, if its endpoint is elsewhere now."""
    addressed = moved.addressed
    request = None if directory is None else _readdressed(addressed, directory)
    if request is None:
        refused = _Response(moved.status, (), b"", now)
        return _answered(serving, state, addressed.then, refused)
    sent = SendHttp(request, addressed.then, addressed.order)
    return ProviderStep(state, None, (sent,))


def _readdressed(addressed: Addressed, directory: Directory) -> HttpRequest | None:
    """Return a request as another directory would have it; None where it is the same, or none."""
    request = addressed.request
    assert request.place is not None  # noqa: S101 - the request was made by a directory
    endpoint, parameter = request.place
    if endpoint not in directory.templates:
        return None
    url = directory.url(endpoint, parameter)
    return None if url == request.url else attrs.evolve(request, url=url)


def _acknowledged(
    serving: Serving, state: ProviderState, then: Acknowledge, response: _Response
) -> ProviderStep:
    line = state.outbox.get((then.room, then.provider))
    if line is None:
        return ProviderStep(state)
    read, now, effects = response.read(Endpoint.NOTIFY), response.now, list[ProviderEffect]()
    if isinstance(read, Answered):
        line = line.taken(then.number)
    else:
        line = line.refused(then.number, read.retry_after, now)
        if read.is_final:
            effects.append(Stuck(then.room, then.provider, read.status))
        if read.status in GONE:
            state = state.without_peer(then.provider)
    sent = flush(serving, state.with_line(then.room, then.provider, line), now)
    return ProviderStep(sent.state, None, (*effects, *sent.effects))


def _claimed(
    serving: Serving, state: ProviderState, then: HandOnKeys, response: _Response
) -> ProviderStep:
    """Hand on key packages; those for a room of ours are remembered, so that Welcomes find them."""
    read, request = response.read(Endpoint.KEY_MATERIAL), then.request
    if isinstance(read, Refused):
        return ProviderStep(state, None, (declined(then.to, read),))
    content = read.content
    assert isinstance(content, KeyMaterialResponse)  # noqa: S101 - it was read as one
    try:
        check_key_material_response(
            content,
            request,
            lifetimes=LifetimePolicy(response.now // 1000),
            identify=serving.identify,
        )
    except InvalidError:
        return ProviderStep(state, None, (unavailable(then.to),))
    if request.room_id != NO_ROOM:
        room = identified("room_id", request.room_id, ROOMS)
        provider = identified("target_user", request.target_user, USERS).provider
        assert isinstance(room, RoomUri)  # noqa: S101 - it was identified as one
        state = remembered(serving, state, room, provider, content)
    return ProviderStep(state, None, (answer(then.to, Endpoint.KEY_MATERIAL, content),))


def _discovered(
    serving: Serving, state: ProviderState, then: Discover, response: _Response
) -> ProviderStep:
    """Do what needed a directory, which is there now; or say that it cannot be done."""
    purpose, now = then.purpose, response.now
    try:
        directory = read_directory(response.status, response.headers, response.body)
    except (MalformedError, InvalidError):
        directory = Status.BAD_GATEWAY
    if isinstance(directory, int):
        if isinstance(purpose, Moved):
            return _again(serving, state, purpose, None, now)
        if purpose is not None:
            return ProviderStep(state, None, (unavailable(_waiting(purpose)),))
        return ProviderStep(_lines(state, then.provider, now, is_found=False))
    state = _lines(state.with_peer(then.provider, directory), then.provider, now, is_found=True)
    sent = flush(serving, state, now)
    if purpose is None:
        return sent
    if isinstance(purpose, Moved):
        step = _again(serving, sent.state, purpose, directory, now)
    else:
        step = _resumed(serving, sent.state, purpose, now)
    return attrs.evolve(step, effects=(*sent.effects, *step.effects))


def _waiting(purpose: OwnCall | PeerClaim) -> ToClient | ToPeer:
    return (ToPeer if isinstance(purpose, PeerClaim) else ToClient)(purpose.ticket)


def _lines(state: ProviderState, provider: Domain, now: int, *, is_found: bool) -> ProviderState:
    """Return the state after a provider's directory came, or did not.

    What was sent there and refused goes on waiting: it would be again, wherever it is sent.
    """
    for (room, to), line in state.outbox.items():
        if to == provider and line.unaddressed:
            after = line.found(now) if is_found else line.refused(line.last, None, now)
            state = state.with_line(room, to, after)
    return state


def _resumed(
    serving: Serving, state: ProviderState, purpose: OwnCall | PeerClaim, now: int
) -> ProviderStep:
    """Do what needed a directory; what is wrong with it is answered: nobody can catch it."""
    if isinstance(purpose, OwnCall):
        try:
            return called(serving, state, purpose, now)
        except DamagedSnapshotError:  # that is no answer: our own caller has to know
            raise
        except (MalformedError, InvalidError, ForbiddenError) as error:
            return ProviderStep(state, None, (Answer(purpose.ticket, error),))
    to = ToPeer(purpose.ticket)
    try:
        state, content = claim_as_hub(serving, state, purpose.request, purpose, now)
    except DamagedSnapshotError:
        raise
    except (MalformedError, InvalidError, ForbiddenError) as error:
        return ProviderStep(state, None, (Reply(purpose.ticket, refuse(error)),), error)
    match content:
        case SendHttp():
            return ProviderStep(state, None, (content,))
        case HttpResponse():
            return ProviderStep(state, None, (Reply(purpose.ticket, content),))
    return ProviderStep(state, None, (answer(to, Endpoint.KEY_MATERIAL, content),))
