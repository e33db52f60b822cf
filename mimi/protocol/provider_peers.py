"""What other providers ask a provider: one function for each endpoint (section 5).

Each takes what was received and returns a step; what is wrong with the request is raised, and
answered by `mimi.protocol.http.refuse`.
"""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import attrs

from mimi.crypto import UnknownCipherSuiteError
from mimi.identity import Domain, MimiUri, RoomUri
from mimi.mls.components import ComponentID, component_of
from mimi.policy.structures import ASSET_POLICY, AssetPolicy
from mimi.protocol.abuse import (
    NOBODY,
    AbuseReport,
    AbusiveMessage,
    check_report,
    verify_abusive_message,
)
from mimi.protocol.assets import asset_domains, check_download
from mimi.protocol.audience import gone_between
from mimi.protocol.consents import ConsentStep, Peering
from mimi.protocol.directory import Endpoint
from mimi.protocol.errors import (
    BodyError,
    FrankError,
    IncompatibleProtocolError,
    RequesterCredentialError,
)
from mimi.protocol.follower_errors import ForeignUserError
from mimi.protocol.franking import ServerFrankingContext
from mimi.protocol.groupinfo import GroupInfoNoSuchRoom, GroupInfoResponse
from mimi.protocol.http import HttpResponse, Received, refusal, respond
from mimi.protocol.http_errors import Status
from mimi.protocol.identifiers import check_identifier_request
from mimi.protocol.keys import (
    NO_ROOM,
    KeyMaterialRequest,
    KeyMaterialResponse,
    check_key_material_request,
    incompatible_protocol,
    read_key_material_request,
)
from mimi.protocol.keystore import read_claim
from mimi.protocol.protocol import ROOMS, USERS, identified
from mimi.protocol.provider_index import asset_servers
from mimi.protocol.provider_rooms import claim_as_hub, claim_here, follow, hub_of, spread
from mimi.protocol.provider_state import (
    Fetch,
    PeerClaim,
    ProviderState,
    ProviderStep,
    Reported,
    SendHttp,
    Serving,
    Ticket,
    To,
    ToPeer,
)
from mimi.protocol.room import HubRoom, HubStep

Handler: TypeAlias = Callable[[Serving, ProviderState, Received, int, Ticket], ProviderStep]


def taken(
    serving: Serving, state: ProviderState, received: Received, now: int, ticket: Ticket
) -> ProviderStep:
    """Take a request of another provider; see `mimi.protocol.provider.Provider.handle`."""
    if isinstance(received.parameter, RoomUri):
        state = _heard(state, received.parameter, received.source, now)
    return HANDLERS[received.endpoint](serving, state, received, now, ticket)


def _heard(state: ProviderState, room: RoomUri, source: Domain, now: int) -> ProviderState:
    """Return the state after a provider asked about a room: it is there, and can be told now."""
    line = state.outbox.get((room, source))
    heard = None if line is None else line.heard(now)
    return state if heard is None or heard is line else state.with_line(room, source, heard)


def _refused(state: ProviderState, status: Status) -> ProviderStep:
    return ProviderStep(state, refusal(status))


# Rooms that are hosted here


def _hosted(state: ProviderState, received: Received) -> HubRoom | None:
    assert isinstance(received.parameter, RoomUri)  # noqa: S101 - the endpoint takes a room
    return state.rooms.get(received.parameter)


def _after_hub(
    serving: Serving,
    state: ProviderState,
    received: Received,
    step: HubStep[Any],
    now: int,
    gone: Collection[bytes] = (),
) -> ProviderStep:
    """Return what comes of a hub's step: its answer, and what it tells everybody."""
    spreading = spread(serving, state.with_room(step.room), step.effects, now, gone)
    return attrs.evolve(spreading, response=respond(received.endpoint, step.response))


def _update(
    serving: Serving, state: ProviderState, received: Received, now: int, _: Ticket
) -> ProviderStep:
    request, room = received.content(), _hosted(state, received)
    if room is None:
        return _refused(state, Status.NOT_FOUND)
    hub = hub_of(serving, state)
    step = hub.update(room, request, received.source, now=now)
    gone = gone_between(hub.room(room), hub.room(step.room))
    return _after_hub(serving, state, received, step, now, gone)


def _submit(
    serving: Serving, state: ProviderState, received: Received, now: int, _: Ticket
) -> ProviderStep:
    request, room = received.content(), _hosted(state, received)
    if room is None:
        return _refused(state, Status.NOT_FOUND)
    step = serving.hub.submit(room, request, received.source, now=now)
    return _after_hub(serving, state, received, step, now)


def _group_info(
    serving: Serving, state: ProviderState, received: Received, now: int, _: Ticket
) -> ProviderStep:
    request, room = received.content(), _hosted(state, received)
    if room is None:
        nothing = GroupInfoResponse(str(received.parameter).encode(), GroupInfoNoSuchRoom())
        return ProviderStep(state, respond(received.endpoint, nothing))
    step = serving.hub.group_info(room, request, received.source)
    return _after_hub(serving, state, received, step, now)


def _report_abuse(
    serving: Serving, state: ProviderState, received: Received, _: int, __: Ticket
) -> ProviderStep:
    report, room = received.content(), _hosted(state, received)
    if room is None:
        return _refused(state, Status.NOT_FOUND)
    effect = reported(serving, room, report, received.source)
    return ProviderStep(state, respond(received.endpoint), (effect,))


def reported(serving: Serving, room: HubRoom, report: AbuseReport, source: Domain) -> Reported:
    """Return a report of abuse with what is true of it.

    Raises:
        IdentifierUriError: A URI is not that of a user.
        TextError: The note is not UTF-8.
        ForeignUserError: The reporting user is not of the provider that reports.
    """
    check_report(report)
    if report.reporting_user != NOBODY:
        user = identified("reporting_user", report.reporting_user, USERS)
        if user.provider != source:
            raise ForeignUserError(f"{source} reports for {user}", user=report.reporting_user)
    abuser = identified("alleged_abuser_uri", report.alleged_abuser_uri, USERS)
    framed = component_of(room.group.extensions, ComponentID.CONTENT_MEDIA_TYPES) is not None

    def franked(message: AbusiveMessage) -> ServerFrankingContext | None:
        try:
            return verify_abusive_message(
                message,
                abuser=abuser,
                room=room.uri,
                hub_key=serving.hub.hub_key,
                signature_key=serving.hub.signer.public,
                framed=framed,
            )
        except (BodyError, FrankError, UnknownCipherSuiteError):
            return None

    return Reported(room.uri, source, report, tuple(map(franked, report.messages)))


# Our own users


def _notify(
    serving: Serving, state: ProviderState, received: Received, now: int, _: Ticket
) -> ProviderStep:
    assert isinstance(received.parameter, RoomUri)  # noqa: S101 - the endpoint takes a room
    return follow(serving, state, received.parameter, received.body, received.source, now)


def _key_material(
    serving: Serving, state: ProviderState, received: Received, now: int, ticket: Ticket
) -> ProviderStep:
    """Give key packages of a user; or, as the hub of the room, let its provider give them."""
    target, source = received.parameter, received.source
    assert isinstance(target, MimiUri)  # noqa: S101 - the endpoint takes a user
    try:
        request = read_key_material_request(received.body)
    except IncompatibleProtocolError:
        return _answered(state, received, incompatible_protocol(received.body, target))
    check_key_material_request(request, target=target, identify=serving.identify)
    _check_requester(serving, state, request, source)
    if request.room_id != NO_ROOM:
        room = identified("room_id", request.room_id, ROOMS)
        assert isinstance(room, RoomUri)  # noqa: S101 - it was identified as one
        if room.provider in serving.ours and source not in serving.ours:
            purpose = PeerClaim(request, source, ticket)
            state = _heard(state, room, source, now)
            state, content = claim_as_hub(serving, state, request, purpose, now)
            return _answered(state, received, content)
    read_claim(received.body, target=target, source=source, identify=serving.identify)
    if target.provider not in serving.ours:
        return _refused(state, Status.NOT_FOUND)
    state, response = claim_here(serving, state, request, now)
    return _answered(state, received, response)


def _check_requester(
    serving: Serving, state: ProviderState, request: KeyMaterialRequest, source: Domain
) -> None:
    """Check that the key by which a request of another provider is signed is the requester's.

    That of a user of ours, for a room of the other provider, is known here.
    """
    user, key = request.requesting_user, request.requester_signature_key
    provider = identified("requesting_user", user, USERS).provider
    if source in serving.ours:
        return
    if provider in serving.ours:
        is_known = state.keys.has_key(user, key)
    else:
        is_known = serving.vouching(user, request.requester_credential, key)
    if not is_known:
        raise RequesterCredentialError("the key is not the requester's", user=user)


def _answered(
    state: ProviderState,
    received: Received,
    content: KeyMaterialResponse | HttpResponse | SendHttp,
) -> ProviderStep:
    if isinstance(content, SendHttp):
        return ProviderStep(state, None, (content,))
    if isinstance(content, HttpResponse):
        return ProviderStep(state, content)
    return ProviderStep(state, respond(received.endpoint, content))


def _request_consent(
    serving: Serving, state: ProviderState, received: Received, now: int, _: Ticket
) -> ProviderStep:
    entry, peering = received.content(), _peering(serving, received)
    known = is_known(state, entry.target_uri)
    step = state.consents.requested(entry, peering, now=now, is_known=known)
    return _after_consent(state, step)


def _update_consent(
    serving: Serving, state: ProviderState, received: Received, now: int, _: Ticket
) -> ProviderStep:
    entry, peering = received.content(), _peering(serving, received)
    known, identify = is_known(state, entry.requester_uri), serving.identify
    step = state.consents.updated(entry, peering, now=now, is_known=known, identify=identify)
    return _after_consent(state, step)


def _peering(serving: Serving, received: Received) -> Peering:
    path, hides_users = received.parameter, serving.discretion.hides_users
    assert isinstance(path, MimiUri | Domain)  # noqa: S101 - the endpoints take a user or a domain
    return Peering(received.domains, serving.ours, path, hides_users)


def is_known(state: ProviderState, user: bytes) -> bool:
    """Return whether there is a user here."""
    keys = state.keys.users.get(user)
    return keys is not None and not keys.is_deleted


def _after_consent(state: ProviderState, step: ConsentStep) -> ProviderStep:
    if step.consents is not state.consents:
        state = attrs.evolve(state, consents=step.consents)
    return ProviderStep(state, step.response, step.effects)


def _identifier_query(
    serving: Serving, state: ProviderState, received: Received, _: int, __: Ticket
) -> ProviderStep:
    request = received.content()
    if received.parameter not in serving.ours:
        return _refused(state, Status.NOT_FOUND)
    check_identifier_request(request)
    found = serving.profiles(request, received.source)
    return ProviderStep(state, respond(received.endpoint, found))


# Assets


def _proxy_download(
    serving: Serving, state: ProviderState, received: Received, _: int, ticket: Ticket
) -> ProviderStep:
    received.content()
    url = str(received.parameter)
    if serving.asset_servers is None:
        domains = state.beyond.asset_servers.union(*map(asset_servers, state.rooms.values()))
    else:
        domains = frozenset(serving.asset_servers())
    return ProviderStep(state, None, (Fetch(check_download(url, domains), ToPeer(ticket)),))


def fetching(serving: Serving, state: ProviderState, uri: RoomUri, url: str, to: To) -> Fetch:
    """Return what fetches an asset, as the hub of a room.

    Raises:
        DownloadError: The room does not name its server as one for assets, or the server is not
            known to be of who takes part; the class says why.
    """
    room = state.rooms.get(uri)
    domains = frozenset[Domain]() if room is None else asset_servers(room)
    if room is not None and serving.asset_servers is not None:
        policy = serving.hub.room(room).policy.component(ASSET_POLICY, AssetPolicy)
        named = asset_domains(() if policy is None else (policy,))
        domains |= named.intersection(serving.asset_servers())
    return Fetch(check_download(url, domains), to)


HANDLERS: Mapping[Endpoint, Handler] = MappingProxyType(
    {
        Endpoint.KEY_MATERIAL: _key_material,
        Endpoint.UPDATE: _update,
        Endpoint.NOTIFY: _notify,
        Endpoint.SUBMIT_MESSAGE: _submit,
        Endpoint.GROUP_INFO: _group_info,
        Endpoint.REQUEST_CONSENT: _request_consent,
        Endpoint.UPDATE_CONSENT: _update_consent,
        Endpoint.IDENTIFIER_QUERY: _identifier_query,
        Endpoint.REPORT_ABUSE: _report_abuse,
        Endpoint.PROXY_DOWNLOAD: _proxy_download,
    }
)
