"""What a step of a provider has to do with, where its state does not hold everything.

::

    request of a provider  -->
    call of an own client  --> Scope --> the rows of these rooms, users, pairs --> ProviderState
    answer to a SendHttp   -->

A scope follows from what comes in alone, before anything is read. What is wrong with that is for
the step to say: the scope of it is empty.
"""

from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias, assert_never

import attrs

from mimi.crypto import UnknownCipherSuiteError, suite_of
from mimi.errors import InvalidError, MalformedError
from mimi.identity import Domain, RoomUri
from mimi.mls.keypackage import KeyPackage, key_package_ref
from mimi.mls.message import MLSMessage
from mimi.mls.welcome import Welcome
from mimi.protocol.assets import host_of
from mimi.protocol.consent import ConsentScope
from mimi.protocol.directory import WELL_KNOWN, Endpoint
from mimi.protocol.http import Listener, Received, read_request
from mimi.protocol.keys import NO_ROOM, KeyMaterialRequest
from mimi.protocol.protocol import ROOMS, identified
from mimi.protocol.provider_rows import Scope
from mimi.protocol.provider_state import (
    Acknowledge,
    Addressed,
    Call,
    ClaimGroupInfo,
    ClaimKeys,
    CreateRoom,
    DecideConsent,
    Discover,
    FetchAsset,
    FindUser,
    HandOn,
    HandOnKeys,
    HandOnUpdate,
    Moved,
    OfferKeys,
    OwnCall,
    PeerClaim,
    Purpose,
    ReportAbuse,
    Serving,
    Session,
    SubmitMessage,
    Then,
    UpdateRoom,
)
from mimi.protocol.update import CommitBundle, UpdateRequest

NOTHING = Scope(cascades=False)

Untold: TypeAlias = Callable[[Domain], Iterable[RoomUri]]
"""From a provider to the rooms about which it is to be told something."""


def scope_of_request(
    serving: Serving,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    authenticated: Collection[Domain],
) -> Scope:
    """Return what a request of another provider has to do with; arguments of `Provider.handle`."""
    if target == WELL_KNOWN:
        return NOTHING
    listener = Listener(serving.provider, serving.directory)
    try:
        received = read_request(
            listener, method, target, headers, body, authenticated=authenticated
        )
        return _of_received(serving, received)
    except (MalformedError, InvalidError):
        return NOTHING


def _of_received(serving: Serving, received: Received) -> Scope:
    endpoint, parameter = received.endpoint, received.parameter
    match endpoint:
        case Endpoint.KEY_MATERIAL:
            request = received.content()
            scope = _of_claim(request)  # and whose key it is by which the request is signed
            return attrs.evolve(scope, users=(*scope.users, request.requesting_user))
        case Endpoint.REQUEST_CONSENT | Endpoint.UPDATE_CONSENT:
            return _of_consent(received.content().scope)
        case Endpoint.PROXY_DOWNLOAD if serving.asset_servers is None:
            return Scope(servers=(host_of(str(parameter)),))
        case Endpoint.IDENTIFIER_QUERY | Endpoint.PROXY_DOWNLOAD:
            return NOTHING
    assert isinstance(parameter, RoomUri)  # noqa: S101 - all others take a room
    if endpoint is Endpoint.UPDATE:
        return _of_update(parameter, received.content())
    if endpoint is Endpoint.NOTIFY:
        messages = (each.message for each in received.content())
        return attrs.evolve(_in_room(parameter), references=_welcomed(messages))
    return _in_room(parameter)


def scope_of_call(session: Session, call: Call) -> Scope:
    """Return what a call of one of our clients has to do with; arguments of `Provider.call`."""
    try:
        return _of_call(session, call)
    except InvalidError:
        return NOTHING


def _of_call(session: Session, call: Call) -> Scope:
    match call:
        case OfferKeys(packages=packages):
            return Scope(users=(session.user,), references=_references(packages))
        case ClaimKeys(request=request):
            return _of_claim(request)
        case UpdateRoom(room=room, request=request):
            return _of_update(room, request)
        case DecideConsent(scope=scope):
            return _of_consent(scope)
        case FindUser():
            return NOTHING
        case CreateRoom() | SubmitMessage() | ClaimGroupInfo() | ReportAbuse() | FetchAsset():
            return _in_room(call.room)
    assert_never(call)


def scope_of_answer(then: Then, waiting: Untold) -> Scope:
    """Return what an answer has to do with.

    Args:
        then: What comes of it, from the `SendHttp`.
        waiting: In which rooms notifications wait for a provider: they are sent once its directory
            is known.
    """
    if not isinstance(then, Discover):
        return _of_then(then)
    scope = _of_purpose(then.purpose)
    rooms = dict.fromkeys((*scope.rooms, *waiting(then.provider)))
    return attrs.evolve(scope, rooms=tuple(rooms))


def _of_then(then: Acknowledge | HandOn | HandOnUpdate | HandOnKeys | Addressed) -> Scope:
    match then:
        case Acknowledge(room=room) | HandOnUpdate(room=room):
            return _in_room(room)
        case HandOn():
            return NOTHING
        case HandOnKeys(request=request):
            return _of_claim(request)
        case Addressed(then=afterwards):
            return _of_then(afterwards)
    assert_never(then)


def _of_purpose(purpose: Purpose | None) -> Scope:
    match purpose:
        case OwnCall(session=session, call=call):
            return scope_of_call(session, call)
        case PeerClaim(request=request):
            return _of_claim(request)
        case Moved(addressed=addressed):
            return _of_then(addressed)
        case None:
            return NOTHING
    assert_never(purpose)


# Parts


def _in_room(room: RoomUri) -> Scope:
    """Return what has to do with a room, and takes nobody out of it."""
    return Scope(rooms=(room,), cascades=False)


def _of_claim(request: KeyMaterialRequest) -> Scope:
    rooms: tuple[RoomUri, ...] = ()
    if request.room_id != NO_ROOM:
        room = identified("room_id", request.room_id, ROOMS)
        assert isinstance(room, RoomUri)  # noqa: S101 - it was identified as one
        rooms = (room,)
    pair = request.requesting_user, request.target_user
    return Scope(rooms=rooms, users=(request.target_user,), pairs=(pair,), cascades=False)


def _of_consent(scope: ConsentScope) -> Scope:
    pair = scope.requester_uri, scope.target_uri
    return Scope(users=pair, pairs=(pair,))


def _of_update(room: RoomUri, request: UpdateRequest) -> Scope:
    attached = request.bundle.attached
    if not isinstance(attached, CommitBundle) or attached.welcome is None:
        return Scope(rooms=(room,))
    return Scope(rooms=(room,), references=_named(attached.welcome))


def _welcomed(messages: Iterable[MLSMessage]) -> tuple[bytes, ...]:
    welcomes = (each.body for each in messages if isinstance(each.body, Welcome))
    return tuple(reference for welcome in welcomes for reference in _named(welcome))


def _named(welcome: Welcome) -> tuple[bytes, ...]:
    return tuple(each.new_member for each in welcome.secrets)


def _references(packages: Iterable[KeyPackage]) -> tuple[bytes, ...]:
    try:
        return tuple(key_package_ref(suite_of(each.cipher_suite), each) for each in packages)
    except UnknownCipherSuiteError:
        return ()  # the step refuses them all
