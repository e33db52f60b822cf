"""What a provider does for its own clients: as the hub itself, or by asking another (section 4.3).

::

    Call --> our own hub           --> Answer at once
         --> another hub, by HTTP  --> SendHttp, and Answer when it answers
"""

import hashlib
from collections.abc import Callable
from typing import assert_never

import attrs

from mimi.codec import encode
from mimi.identity import Domain, RoomUri
from mimi.mls.framing import NewMemberCommitSender
from mimi.protocol.abuse import NOBODY
from mimi.protocol.audience import gone_between, takes_part
from mimi.protocol.consent import REQUESTING, ConsentEntry, ConsentOperation
from mimi.protocol.consents import Consents, Peering, consent_entry, consent_request, receiving
from mimi.protocol.consents_rows import name_of_pair
from mimi.protocol.deliveries import Deliver
from mimi.protocol.directory import Directory, Endpoint
from mimi.protocol.follower import FollowerRoom
from mimi.protocol.follower_errors import ForeignUserError, OtherUserError
from mimi.protocol.forwarding import claim, to_hub
from mimi.protocol.groupinfo import GroupInfoNoSuchRoom, GroupInfoResponse
from mimi.protocol.http import HttpRequest, HttpResponse, Refused, request_to
from mimi.protocol.http_errors import Status
from mimi.protocol.identifiers import check_identifier_request
from mimi.protocol.keys import NO_ROOM, KeyMaterialRequest
from mimi.protocol.message import sender_of
from mimi.protocol.protocol import USERS, identified
from mimi.protocol.provider_peers import fetching, is_known, reported
from mimi.protocol.provider_rooms import (
    ask,
    claim_as_hub,
    claim_here,
    hub_of,
    spread,
    without,
)
from mimi.protocol.provider_state import (
    Answer,
    ClaimGroupInfo,
    ClaimKeys,
    CreateRoom,
    DecideConsent,
    FetchAsset,
    FindUser,
    HandOn,
    HandOnKeys,
    HandOnUpdate,
    OfferKeys,
    OwnCall,
    ProviderEffect,
    ProviderState,
    ProviderStep,
    ReportAbuse,
    SendHttp,
    Serving,
    Session,
    SubmitMessage,
    ToClient,
    UpdateRoom,
)
from mimi.protocol.update import UpdateAccepted, UpdateRoomResponse


def called(serving: Serving, state: ProviderState, own: OwnCall, now: int) -> ProviderStep:
    """Do what one of our clients asks for; see `mimi.protocol.provider.Provider.call`."""
    match own.call:
        case OfferKeys():
            return _offer_keys(serving, state, own, own.call, now)
        case CreateRoom():
            return _create(serving, state, own, own.call, now)
        case ClaimKeys(request=request):
            return _claim_keys(serving, state, own, request, now)
        case UpdateRoom():
            return _update(serving, state, own, own.call, now)
        case SubmitMessage():
            return _submit(serving, state, own, own.call, now)
        case ClaimGroupInfo():
            return _group_info(serving, state, own, own.call)
        case DecideConsent():
            return _consent(serving, state, own, own.call, now)
        case FindUser():
            return _find(serving, state, own, own.call)
        case ReportAbuse():
            return _report(serving, state, own, own.call)
        case FetchAsset():
            return _fetch(serving, state, own, own.call)
    assert_never(own.call)


def _answer(
    state: ProviderState, own: OwnCall, content: object, effects: tuple[ProviderEffect, ...] = ()
) -> ProviderStep:
    return ProviderStep(state, None, (Answer(own.ticket, content), *effects))


def _ask(
    serving: Serving,
    state: ProviderState,
    own: OwnCall,
    provider: Domain,
    make: Callable[[Directory], SendHttp],
) -> ProviderStep:
    return ProviderStep(state, None, (ask(serving, state, provider, make, own),))


def _domain_of(user: bytes) -> Domain:
    """Return as which of our domains we speak for a user."""
    return identified("user", user, USERS).provider


def _handed_on(own: OwnCall, endpoint: Endpoint, request: HttpRequest) -> SendHttp:
    return SendHttp(request, HandOn(own.ticket, endpoint))


# Key packages


def _offer_keys(
    serving: Serving, state: ProviderState, own: OwnCall, call: OfferKeys, now: int
) -> ProviderStep:
    user, client = own.session.user, own.session.client
    if identified("user", user, USERS).provider not in serving.ours:
        raise ForeignUserError(f"{user.decode()} is of another provider", user=user)
    keys = state.keys.stored(user, client, call.packages, now=now, identify=serving.identify)
    return _answer(attrs.evolve(state, keys=keys), own, keys.available(user, client, now=now))


def _claim_keys(
    serving: Serving, state: ProviderState, own: OwnCall, request: KeyMaterialRequest, now: int
) -> ProviderStep:
    asked = serving.forwarding.check_claim(request, own.session.user)
    if asked not in serving.ours:
        to = ToClient(own.ticket)

        def wanted(directory: Directory) -> SendHttp:
            return SendHttp(claim(request, directory, asked), HandOnKeys(to, request))

        return _ask(serving, state, own, asked, wanted)
    if request.room_id == NO_ROOM:
        state, response = claim_here(serving, state, request, now)
        return _answer(state, own, response)
    state, content = claim_as_hub(serving, state, request, own, now)
    if isinstance(content, SendHttp):
        return ProviderStep(state, None, (content,))
    if isinstance(content, HttpResponse):
        return _answer(state, own, Refused(content.status))
    return _answer(state, own, content)


# Rooms


def _create(
    serving: Serving, state: ProviderState, own: OwnCall, call: CreateRoom, now: int
) -> ProviderStep:
    """Host a room, new or begun anew, in which its creator's clients are; see `Hub.create`."""
    hub = hub_of(serving, state)
    room = hub.create(
        call.room,
        call.group_info,
        call.ratchet_tree,
        now=now,
        domains=serving.domains,
        before=state.rooms.get(call.room),
    )
    seen = hub.room(room)
    others = seen.clients.keys() - {own.session.user}
    if others:  # who has begun nothing would be in the room, by keys of somebody else
        raise OtherUserError("a room with clients of another user", user=min(others))
    if call.room in state.rooms:  # who left it stays away, though it begins anew
        state = without(state, call.room, lambda user: not takes_part(seen, user))
    state = _joined(state.with_room(room), call.room, own.session, now)
    return _answer(state, own, call.room)


def _joined(
    state: ProviderState, uri: RoomUri, session: Session, now: int, by: bytes = b""
) -> ProviderState:
    followed = state.followed.get(uri) or FollowerRoom.begun(uri, now=now)
    joined = followed.joined(session.client, now=now, by=by, user=session.user)
    return state.with_followed(joined)


def _update(
    serving: Serving, state: ProviderState, own: OwnCall, call: UpdateRoom, now: int
) -> ProviderStep:
    """Bring a change to the hub; who joins by it hears what follows, once the hub has taken it."""
    uri, user, client = call.room, own.session.user, own.session.client
    request = call.request
    serving.forwarding.check_update(request, user)
    message = request.bundle.proposal_or_commit
    joins = isinstance(sender_of(message), NewMemberCommitSender)
    by = hashlib.sha256(encode(message)).digest() if joins else b""
    then = HandOnUpdate(own.ticket, uri, client if joins else None, by)

    def wanted(directory: Directory) -> SendHttp:
        return SendHttp(to_hub(directory, Endpoint.UPDATE, uri, request, user), then)

    if uri.provider not in serving.ours:
        step = _ask(serving, state, own, uri.provider, wanted)
        if joins and uri.provider in state.peers:  # then it is sent
            step = attrs.evolve(step, state=_joined(state, uri, own.session, now, by))
        return step
    room = state.rooms.get(uri)
    if room is None:
        return _answer(state, own, Refused(Status.NOT_FOUND))
    if joins:
        state = _joined(state, uri, own.session, now, by)
    hub = hub_of(serving, state)
    made = hub.update(room, request, _domain_of(user), now=now)
    state, waited = after_update(state.with_room(made.room), then, made.response)
    seen = hub.room(made.room)
    if joins and user not in seen.clients:  # it was let in once, and has been removed since
        state, waited = without(state, uri, user.__eq__), ()
    gone = gone_between(hub.room(room), seen)
    spreading = spread(serving, state, made.effects, now, gone)
    return _answer(spreading.state, own, made.response, (*waited, *spreading.effects))


def after_update(
    state: ProviderState, then: HandOnUpdate, response: UpdateRoomResponse | Refused
) -> tuple[ProviderState, tuple[Deliver, ...]]:
    """Return the state after a hub's answer, and what has waited for who joins by it.

    Who wanted to join and may not is not in the room.
    """
    followed = state.followed.get(then.room)
    if then.newcomer is None or followed is None:
        return state, ()
    if isinstance(response, Refused) and not response.is_final:
        return state, ()  # nobody knows what became of it
    if isinstance(response, UpdateRoomResponse) and isinstance(response.details, UpdateAccepted):
        followed, waited = followed.let_in(then.newcomer)
        return state.with_followed(followed), waited
    return state.with_followed(followed.refused(then.newcomer, then.by)), ()


def _submit(
    serving: Serving, state: ProviderState, own: OwnCall, call: SubmitMessage, now: int
) -> ProviderStep:
    uri, user, endpoint = call.room, own.session.user, Endpoint.SUBMIT_MESSAGE
    request = serving.forwarding.check_message(call.message, user)

    def wanted(directory: Directory) -> SendHttp:
        return _handed_on(own, endpoint, to_hub(directory, endpoint, uri, request, user))

    if uri.provider not in serving.ours:
        return _ask(serving, state, own, uri.provider, wanted)
    room = state.rooms.get(uri)
    if room is None:
        return _answer(state, own, Refused(Status.NOT_FOUND))
    made = serving.hub.submit(room, request, _domain_of(user), now=now)
    spreading = spread(serving, state.with_room(made.room), made.effects, now)
    return _answer(spreading.state, own, made.response, spreading.effects)


def _group_info(
    serving: Serving, state: ProviderState, own: OwnCall, call: ClaimGroupInfo
) -> ProviderStep:
    uri, user, endpoint = call.room, own.session.user, Endpoint.GROUP_INFO
    serving.forwarding.check_group_info(call.request, user)

    def wanted(directory: Directory) -> SendHttp:
        return _handed_on(own, endpoint, to_hub(directory, endpoint, uri, call.request, user))

    if uri.provider not in serving.ours:
        return _ask(serving, state, own, uri.provider, wanted)
    room = state.rooms.get(uri)
    if room is None:
        return _answer(state, own, GroupInfoResponse(str(uri).encode(), GroupInfoNoSuchRoom()))
    made = serving.hub.group_info(room, call.request, _domain_of(user))
    return _answer(state.with_room(made.room), own, made.response)


def _report(
    serving: Serving, state: ProviderState, own: OwnCall, call: ReportAbuse
) -> ProviderStep:
    uri, report = call.room, call.report
    if report.reporting_user not in (NOBODY, own.session.user):
        raise OtherUserError("in the name of another user", user=report.reporting_user)

    def wanted(directory: Directory) -> SendHttp:
        return _asked(own, Endpoint.REPORT_ABUSE, uri, report, directory)

    if uri.provider not in serving.ours:
        return _ask(serving, state, own, uri.provider, wanted)
    room = state.rooms.get(uri)
    if room is None:
        return _answer(state, own, Refused(Status.NOT_FOUND))
    effect = reported(serving, room, report, _domain_of(own.session.user))
    return _answer(state, own, None, (effect,))


def _fetch(serving: Serving, state: ProviderState, own: OwnCall, call: FetchAsset) -> ProviderStep:
    hub = call.room.provider
    if hub in serving.ours:
        fetch = fetching(serving, state, call.room, call.url, ToClient(own.ticket))
        return ProviderStep(state, None, (fetch,))

    def wanted(directory: Directory) -> SendHttp:
        endpoint, source = Endpoint.PROXY_DOWNLOAD, _domain_of(own.session.user)
        request = request_to(directory, endpoint, call.url, source=source, target=hub)
        return _handed_on(own, endpoint, request)

    return _ask(serving, state, own, hub, wanted)


def _asked(
    own: OwnCall,
    endpoint: Endpoint,
    parameter: RoomUri | Domain,
    content: object,
    directory: Directory,
) -> SendHttp:
    """Return what asks another provider about something."""
    target = parameter if isinstance(parameter, Domain) else parameter.provider
    source = _domain_of(own.session.user)
    request = request_to(directory, endpoint, parameter, content, source=source, target=target)
    return _handed_on(own, endpoint, request)


# People


def _consent(
    serving: Serving, state: ProviderState, own: OwnCall, call: DecideConsent, now: int
) -> ProviderStep:
    """Ask for consent, or decide about it, as its requester or its target."""
    scope = call.scope
    us, them = scope.requester_uri, scope.target_uri
    if call.operation not in REQUESTING:
        us, them = them, us
    if us != own.session.user:
        raise OtherUserError("consent of another user", user=us)
    other = identified("user", them, USERS).provider
    if other in serving.ours:
        return _own_consent(serving, state, own, call, now)
    consents, entry = _decided(state.consents, call, now)
    endpoint, _ = receiving(entry)

    def wanted(directory: Directory) -> SendHttp:
        request = consent_request(entry, directory, source=_domain_of(us), target=other)
        order = name_of_pair(scope.requester_uri, scope.target_uri).encode()
        return attrs.evolve(_handed_on(own, endpoint, request), order=order)

    step = _ask(serving, state, own, other, wanted)
    is_sent = other in state.peers
    return attrs.evolve(step, state=attrs.evolve(state, consents=consents)) if is_sent else step


def _decided(consents: Consents, call: DecideConsent, now: int) -> tuple[Consents, ConsentEntry]:
    match call.operation:
        case ConsentOperation.REQUEST:
            return consents.ask(call.scope, now=now)
        case ConsentOperation.CANCEL:
            return consents.cancel(call.scope)
        case ConsentOperation.GRANT:
            return consents.grant(call.scope)
    return consents.revoke(call.scope)


def _own_consent(
    serving: Serving, state: ProviderState, own: OwnCall, call: DecideConsent, now: int
) -> ProviderStep:
    """Let one of our users hear what another of them says of consent."""
    entry, peering = consent_entry(call.operation, call.scope), Peering(serving.ours, serving.ours)
    if call.operation in REQUESTING:
        known = is_known(state, call.scope.target_uri)
        step = state.consents.requested(entry, peering, now=now, is_known=known)
    else:
        known = is_known(state, call.scope.requester_uri)
        step = state.consents.updated(entry, peering, now=now, is_known=known)
    content = None if known else Refused(Status.NOT_FOUND)
    return _answer(attrs.evolve(state, consents=step.consents), own, content, step.effects)


def _find(serving: Serving, state: ProviderState, own: OwnCall, call: FindUser) -> ProviderStep:
    check_identifier_request(call.request)
    if call.provider in serving.ours:
        return _answer(state, own, serving.profiles(call.request, serving.provider))

    def wanted(directory: Directory) -> SendHttp:
        endpoint = Endpoint.IDENTIFIER_QUERY
        return _asked(own, endpoint, call.provider, call.request, directory)

    return _ask(serving, state, own, call.provider, wanted)
