"""A provider: what stands between a vendor's HTTPS server, its database and its clients.

::

    handle      a request of another provider          section 5
    call        what one of our own clients asks for
    answered    what another provider answers
    due         what is to be sent (again) now

Each takes the state and returns a `ProviderStep`: store its state, then answer, then do its
effects. Everything that must not be lost is in the state: what was not taken, or not acknowledged,
comes again from `due` and `resumed`. Times are milliseconds since 1970-01-01T00:00Z.
"""

from collections.abc import Collection, Iterable
from types import MappingProxyType

import attrs

from mimi.errors import ForbiddenError, InvalidError, MalformedError, UsageError
from mimi.identity import Domain, RoomUri
from mimi.mls.errors import DamagedSnapshotError
from mimi.protocol import provider_answers, provider_peers, provider_users
from mimi.protocol.deliveries import Deliver, Resync
from mimi.protocol.directory import WELL_KNOWN, Directory
from mimi.protocol.follower import FollowerRoom
from mimi.protocol.http import (
    MEDIA_TYPE,
    Listener,
    asset_response,
    directory_response,
    read_request,
    refuse,
)
from mimi.protocol.http_errors import Method, MethodError, Status
from mimi.protocol.provider_rooms import flush, spread, unavailable
from mimi.protocol.provider_state import (
    Answer,
    Call,
    Fetch,
    OwnCall,
    ProviderEffect,
    ProviderState,
    ProviderStep,
    Reply,
    Serving,
    Session,
    Then,
    Ticket,
    ToPeer,
)


def _followed(state: ProviderState, uri: RoomUri) -> FollowerRoom:
    room = state.followed.get(uri)
    if room is None:
        raise UsageError(f"nobody here is in {uri}", room=str(uri))
    return room


@attrs.frozen(eq=False, repr=False)
class Provider(Serving):
    """The machine of a provider: its hub, its users' key packages and consents, and their rooms."""

    # Other providers

    def handle(
        self,
        state: ProviderState,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        *,
        authenticated: Collection[Domain],
        now: int,
        ticket: Ticket = None,
    ) -> ProviderStep:
        """Take a request of another provider: whatever is wrong with it is in the response.

        Args:
            state: What the provider has.
            method: The method.
            target: Path and query, as they were sent.
            headers: Names and values.
            body: The body.
            authenticated: For which domains the certificate of the other side is.
            now: Milliseconds since 1970-01-01T00:00Z.
            ticket: By what the caller knows the request: a `Reply` has it where the step has no
                response, since others are to be asked first.

        Raises:
            DamagedSnapshotError: A row that is read on the way is not what was stored, which is
                not the other side's fault.
            NewerSnapshotError: It has a newer version.
        """
        try:
            if target == WELL_KNOWN:
                if method != Method.GET:
                    raise MethodError(f"a directory has no method {method!a}", allow=Method.GET)
                return ProviderStep(state, directory_response(self.directory))
            listener = Listener(self.provider, self.directory)
            received = read_request(
                listener, method, target, headers, body, authenticated=authenticated
            )
            return provider_peers.taken(self, state, received, now, ticket)
        except DamagedSnapshotError:
            raise
        except (MalformedError, InvalidError, ForbiddenError) as error:
            return ProviderStep(state, refuse(error), (), error)

    def answered(
        self,
        state: ProviderState,
        then: Then,
        status: int,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        *,
        now: int,
    ) -> ProviderStep:
        """Take the response to a request.

        Args:
            state: What the provider has.
            then: What comes then, from the `SendHttp`.
            status: Its status.
            headers: Names and values.
            body: The body.
            now: Milliseconds since 1970-01-01T00:00Z.

        Raises:
            DamagedSnapshotError: A row that was read on the way is something else.
        """
        return provider_answers.answered(self, state, then, status, tuple(headers), body, now)

    def unanswered(self, state: ProviderState, then: Then, *, now: int) -> ProviderStep:
        """Take note that a request had no response: nobody knows whether it was heard."""
        return self.answered(state, then, Status.SERVICE_UNAVAILABLE, (), b"", now=now)

    def met(self, state: ProviderState, provider: Domain, directory: Directory) -> ProviderState:
        """Return the state that knows where the endpoints of another provider are."""
        return state.with_peer(provider, directory)

    def due(self, state: ProviderState, *, now: int) -> ProviderStep:
        """Send the notifications whose time has come: see `next_due`."""
        return flush(self, state, now)

    def next_due(self, state: ProviderState) -> int | None:
        """Return when `due` is to be asked, in milliseconds; None for not before something else."""
        lines = state.outbox.values()
        return min((line.at if line.together else 0 for line in lines), default=None)

    def skipped(
        self, state: ProviderState, room: RoomUri, provider: Domain, *, now: int, count: int = 1
    ) -> ProviderStep:
        """Give up the first notifications that a provider does not take, and send the next.

        Args:
            state: What the provider has.
            room: What they are about.
            provider: Whom they are for.
            now: Milliseconds since 1970-01-01T00:00Z.
            count: How many; `state.outbox[room, provider]` says how many wait, how long they are.

        Raises:
            UsageError: Less than one.
        """
        if count < 1:
            raise UsageError("no notification to give up")
        line = state.outbox.get((room, provider))
        if line is None:
            return ProviderStep(state)
        return flush(self, state.with_line(room, provider, line.without_first(count)), now)

    # Our own clients

    def call(
        self, state: ProviderState, session: Session, call: Call, *, now: int, ticket: Ticket = None
    ) -> ProviderStep:
        """Do what one of our clients asks for.

        Args:
            state: What the provider has.
            session: Whose client it is.
            call: What it asks for.
            now: Milliseconds since 1970-01-01T00:00Z.
            ticket: By what the caller knows the call: the `Answer` has it, of this step or of
                one that comes of another provider's answer.

        Raises:
            MalformedError: Something does not parse.
            InvalidError: The call breaks a rule; see `Forwarding`, `Hub` and `KeyStore`.
            ForbiddenError: It is not allowed.
            UsageError: There is no such user.
        """
        return provider_users.called(self, state, OwnCall(session, call, ticket), now)

    def acknowledged(
        self, state: ProviderState, client: bytes, room: RoomUri, number: int
    ) -> ProviderState:
        """Return the state after a client has had everything of a room up to a number.

        That a client has had something that is in the room no more changes nothing.

        Raises:
            DeliveryError: It has not been sent that much.
        """
        followed = state.followed.get(room)
        if followed is None or client not in followed.clients:
            return state
        return state.with_followed(followed.acknowledged(client, number))

    def left(
        self, state: ProviderState, client: bytes, room: RoomUri, *, number: int | None = None
    ) -> ProviderState:
        """Return the state after a client knows that it is in a room no more.

        Args:
            state: What the provider has.
            client: The client.
            room: The room.
            number: Up to which number it has had everything: by a later Welcome, or a later commit
                of its own, it is in it again.
        """
        followed = state.followed.get(room)
        if followed is None:
            return state
        return state.with_followed(followed.left(client, number=number))

    def missed(
        self,
        state: ProviderState,
        client: bytes,
        room: RoomUri,
        *,
        number: int,
        group_id: bytes,
        epoch: int,
        now: int,
    ) -> tuple[Deliver, ...] | Resync:
        """Return what a client needs that has missed something; see `FollowerRoom.missed`."""
        return _followed(state, room).missed(
            client, number=number, group_id=group_id, epoch=epoch, now=now
        )

    def resumed(self, state: ProviderState) -> tuple[ProviderEffect, ...]:
        """Return what is delivered again after a failure: all that no client has acknowledged."""
        return tuple(each for room in state.followed.values() for each in room.undelivered())

    def pruned(self, state: ProviderState, *, now: int) -> ProviderState:
        """Return the state without what is over: to be asked for now and then, such as daily.

        That is what waits for clients that were removed long ago; rooms in which none of our
        clients is, and of which nothing was heard for long; and key packages that have expired.
        """
        pruned = {uri: room.pruned(now) for uri, room in state.followed.items()}
        kept = {uri: room for uri, room in pruned.items() if not room.is_over(now)}
        is_same = all(kept.get(uri) is room for uri, room in state.followed.items())
        followed = state.followed if is_same else MappingProxyType(kept)
        keys, consents = state.keys.pruned(now), state.consents.pruned(now)
        return attrs.evolve(state, followed=followed, keys=keys, consents=consents)

    def removed(
        self, state: ProviderState, room: RoomUri, users: Iterable[bytes], *, now: int
    ) -> ProviderStep:
        """Propose, as the hub, that users leave a room: see `Hub.remove`.

        Raises:
            UsageError: The room is not hosted here.
        """
        hosted = state.rooms.get(room)
        if hosted is None:
            raise UsageError(f"{room} is not hosted here", room=str(room))
        step = self.hub.remove(hosted, users, now=now)
        return spread(self, state.with_room(step.room), step.effects, now)

    # Assets

    def fetched(
        self, fetch: Fetch, content: bytes | None, media_type: str = MEDIA_TYPE
    ) -> ProviderEffect:
        """Return what answers who waits for an asset.

        Args:
            fetch: The effect.
            content: What was fetched; None where nothing was.
            media_type: Its media type.
        """
        to = fetch.to
        if content is None:
            return unavailable(to)
        if isinstance(to, ToPeer):
            return Reply(to.ticket, asset_response(content, media_type))
        return Answer(to.ticket, content)
