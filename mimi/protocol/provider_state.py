"""What a provider is and has, what it is asked, and what it does (section 4.3).

::

    request of a provider   --> ProviderState, response, effects
    call of an own client   --> ProviderState, effects
    answer to a SendHttp    --> ProviderState, effects

Of whatever needs another provider's answer, the effect that asks says what comes then: so nothing
of it is in the state, and nothing is left over where no answer comes.
"""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import attrs

from mimi.errors import MimiError
from mimi.identity import Domain, RoomUri
from mimi.policy.identities import Identify
from mimi.protocol.abuse import AbuseReport
from mimi.protocol.assets import Download
from mimi.protocol.consent_pairs import Consent
from mimi.protocol.consents import ConsentEffect, Consents
from mimi.protocol.deliveries import Deliver, Resync, Unrouted
from mimi.protocol.directory import Directory, Endpoint
from mimi.protocol.follower import FollowerRoom
from mimi.protocol.forwarding import Forwarding
from mimi.protocol.franking import ServerFrankingContext
from mimi.protocol.http import HttpRequest, HttpResponse
from mimi.protocol.hub import Hub
from mimi.protocol.identifiers import (
    IdentifierQueryCode,
    IdentifierRequest,
    IdentifierResponse,
)
from mimi.protocol.keys import KeyMaterialRequest
from mimi.protocol.keystore import Discretion, KeyStore
from mimi.protocol.outbox import Line
from mimi.protocol.provider_calls import Call as Call
from mimi.protocol.provider_calls import ClaimGroupInfo as ClaimGroupInfo
from mimi.protocol.provider_calls import ClaimKeys as ClaimKeys
from mimi.protocol.provider_calls import CreateRoom as CreateRoom
from mimi.protocol.provider_calls import DecideConsent as DecideConsent
from mimi.protocol.provider_calls import FetchAsset as FetchAsset
from mimi.protocol.provider_calls import FindUser as FindUser
from mimi.protocol.provider_calls import OfferKeys as OfferKeys
from mimi.protocol.provider_calls import ReportAbuse as ReportAbuse
from mimi.protocol.provider_calls import Session as Session
from mimi.protocol.provider_calls import SubmitMessage as SubmitMessage
from mimi.protocol.provider_calls import UpdateRoom as UpdateRoom
from mimi.protocol.room import Closed, HubRoom
from mimi.tree.credential import Credential

Ticket: TypeAlias = Any
"""By what the caller knows who waits for an answer: whatever it likes."""


# What comes of an answer


@attrs.frozen
class ToClient:
    """One of our own clients waits for it."""

    ticket: Ticket


@attrs.frozen
class ToPeer:
    """Another provider waits for it."""

    ticket: Ticket


To: TypeAlias = ToClient | ToPeer


@attrs.frozen
class Acknowledge:
    """Notifications were taken, or not.

    Attributes:
        room: About which room.
        provider: By whom.
        number: The number of the last one in the request.
    """

    room: RoomUri
    provider: Domain
    number: int


@attrs.frozen
class HandOn:
    """The answer is one of our clients' as it is."""

    ticket: Ticket
    endpoint: Endpoint


@attrs.frozen
class HandOnUpdate:
    """The answer is one of our clients' as it is; by it who joins is in the room, or is not.

    Attributes:
        ticket: Who waits.
        room: The room.
        newcomer: The client that joins by its commit; None for none.
        by: SHA-256 of the commit: by another one it may have joined, or want to.
    """

    ticket: Ticket
    room: RoomUri
    newcomer: bytes | None = None
    by: bytes = b""


@attrs.frozen
class HandOnKeys:
    """The answer has key packages for a room: its hub remembers where they came from.

    Attributes:
        to: Who waits.
        request: What was asked.
    """

    to: To
    request: KeyMaterialRequest


@attrs.frozen
class Addressed:
    """A request went where a directory says; where nothing is there any more, one looks anew.

    Attributes:
        request: The request.
        directory: The directory.
        then: What comes of the answer.
        order: That of the request; see `SendHttp`.
    """

    request: HttpRequest
    directory: Directory
    then: HandOn | HandOnUpdate | HandOnKeys
    order: bytes | None = None


@attrs.frozen
class Moved:
    """Nothing was where a request went: it is sent again, if the endpoint is elsewhere now.

    Attributes:
        addressed: The request.
        status: What was answered: the answer, if it is not elsewhere.
    """

    addressed: Addressed
    status: int


@attrs.frozen
class Discover:
    """The answer is a provider's directory: then what needed it is done.

    Attributes:
        provider: Whose.
        purpose: What needed it; None for notifications.
    """

    provider: Domain
    purpose: "Purpose | None" = None


@attrs.frozen
class OwnCall:
    """A call of one of our clients."""

    session: Session
    call: Call
    ticket: Ticket


@attrs.frozen
class PeerClaim:
    """A claim of key packages for one of our rooms, by another provider."""

    request: KeyMaterialRequest
    source: Domain
    ticket: Ticket


Purpose: TypeAlias = OwnCall | PeerClaim | Moved
"""What needs a directory."""
Then: TypeAlias = Acknowledge | HandOn | HandOnUpdate | HandOnKeys | Addressed | Discover


# Effects


@attrs.frozen
class SendHttp:
    """A request is to be sent; what is answered goes to `Provider.answered`, with *then*.

    What is said of consent has no time, and stands until something else is said: so whoever sends
    it waits for one answer, or for its end, before it sends the next of the same order.

    Attributes:
        request: The request.
        then: What comes of the answer.
        order: What else must not overtake it, or be overtaken: requests of the same order; None for
            no order. Notifications need none: the next is made when one was answered.
    """

    request: HttpRequest
    then: Then
    order: bytes | None = None


@attrs.frozen
class Reply:
    """A request of another provider is answered, which waited for it."""

    ticket: Ticket
    response: HttpResponse


@attrs.frozen
class Answer:
    """A call of one of our clients is answered.

    Attributes:
        ticket: Which.
        content: What the call says that it is answered by; or `Refused`; or the error that the
            call would have raised at once, if another provider had been known.
    """

    ticket: Ticket
    content: Any


@attrs.frozen
class Fetch:
    """An asset is to be fetched; what comes of it goes to `Provider.fetched`."""

    download: Download
    to: To


@attrs.frozen
class Reported:
    """Abuse is reported, for people to look into.

    Attributes:
        room: In which room.
        source: By which provider; our own for our own users.
        report: The report.
        franked: For each message of it when and by whom it was sent; None where that is not shown.
    """

    room: RoomUri
    source: Domain
    report: AbuseReport
    franked: tuple[ServerFrankingContext | None, ...]


@attrs.frozen
class Stuck:
    """Another provider does not take notifications, and will not: somebody is to look into it.

    They are sent again, more and more seldom, until `Provider.skipped`.

    Attributes:
        room: About which room.
        provider: Which provider.
        status: What it says.
    """

    room: RoomUri
    provider: Domain
    status: int


ProviderEffect: TypeAlias = (
    SendHttp
    | Reply
    | Answer
    | Deliver
    | Resync
    | Unrouted
    | Fetch
    | Reported
    | Stuck
    | ConsentEffect
    | Closed
)


# The state


def _no_room(uri: RoomUri) -> HubRoom | None:  # noqa: ARG001 - a lookup takes the room
    return None


def _no_fixed(users: frozenset[bytes]) -> RoomUri | None:  # noqa: ARG001 - a lookup takes users
    return None


@attrs.frozen
class Beyond:
    """What is to be found of other hosted rooms, where a state does not hold all of them.

    Attributes:
        room: What a room is that is hosted here; None where there is none.
        fixed: Which room of fixed membership some participants have; None for none.
        asset_servers: From which servers rooms let assets be downloaded, of those asked about.
    """

    room: Callable[[RoomUri], HubRoom | None] = _no_room
    fixed: Callable[[frozenset[bytes]], RoomUri | None] = _no_fixed
    asset_servers: frozenset[Domain] = frozenset()


NOTHING_BEYOND = Beyond()


@attrs.frozen(eq=False, repr=False)
class ProviderState:
    """What a provider has: an immutable value.

    Rooms, users and pairs of users are independent of each other: a state may hold all of them, or
    those that a step has to do with.

    Attributes:
        rooms: The rooms that it hosts.
        followed: The rooms in which its own users are.
        keys: The key packages of their clients.
        consents: What they have consented to.
        peers: The directories of other providers.
        outbox: From rooms and providers to the notifications that are not taken yet.
        beyond: What is to be found of rooms that are hosted here and not in the state.
    """

    rooms: Mapping[RoomUri, HubRoom] = MappingProxyType({})
    followed: Mapping[RoomUri, FollowerRoom] = MappingProxyType({})
    keys: KeyStore = attrs.field(factory=KeyStore)
    consents: Consents = attrs.field(factory=Consents)
    peers: Mapping[Domain, Directory] = MappingProxyType({})
    outbox: Mapping[tuple[RoomUri, Domain], Line] = MappingProxyType({})
    beyond: Beyond = NOTHING_BEYOND

    def __repr__(self) -> str:
        return f"ProviderState({len(self.rooms)} rooms, {len(self.followed)} followed)"

    def with_room(self, room: HubRoom) -> "ProviderState":
        """Return the state with a room that is hosted; the same value where it has it already."""
        if self.rooms.get(room.uri) is room:
            return self
        return attrs.evolve(self, rooms=MappingProxyType({**self.rooms, room.uri: room}))

    def with_followed(self, room: FollowerRoom) -> "ProviderState":
        """Return the state with a room that is followed; the same value where it has it already."""
        if self.followed.get(room.uri) is room:
            return self
        return attrs.evolve(self, followed=MappingProxyType({**self.followed, room.uri: room}))

    def with_peer(self, provider: Domain, directory: Directory) -> "ProviderState":
        """Return the state that knows a provider's directory."""
        return attrs.evolve(self, peers=MappingProxyType({**self.peers, provider: directory}))

    def without_peer(self, provider: Domain) -> "ProviderState":
        """Return the state that does not know a provider's directory: it is fetched anew."""
        kept = {each: found for each, found in self.peers.items() if each != provider}
        return attrs.evolve(self, peers=MappingProxyType(kept))

    def with_line(self, room: RoomUri, provider: Domain, line: Line) -> "ProviderState":
        """Return the state with a line of notifications, which is erased where it is empty."""
        lines = {**self.outbox, (room, provider): line}
        if not line.waiting:
            del lines[room, provider]
        return attrs.evolve(self, outbox=MappingProxyType(lines))


@attrs.frozen
class ProviderStep:
    """The outcome of a request, a call or an answer.

    Attributes:
        state: What there is after it, to be stored first.
        response: What to answer to another provider's request; None where a `Reply` will say so,
            or there is nothing to answer.
        effects: What else to do, in order.
        error: Why another provider's request is refused, for one's own log: it is not told so.
    """

    state: ProviderState
    response: HttpResponse | None = None
    effects: tuple[ProviderEffect, ...] = ()
    error: MimiError | None = None


# What a provider is

ConsentOf: TypeAlias = Callable[[bytes, bytes, bytes], Consent]
"""From requester, target and room to what holds where the target has decided nothing."""
Vouching: TypeAlias = Callable[[bytes, Credential, bytes], bool]
"""From another provider's user, a credential and a signature key to whether they are the user's."""
Profiles: TypeAlias = Callable[[IdentifierRequest, Domain], IdentifierResponse]
"""From a query, which was checked, and the provider that asks to whom it finds."""


def no_consent(requester: bytes, target: bytes, room: bytes) -> Consent:  # noqa: ARG001 - it takes who and where
    """Ask the target: nobody has consented to anything."""
    return Consent.NONE


def anybody(user: bytes, credential: Credential, key: bytes) -> bool:  # noqa: ARG001 - it takes whose key it would be
    """Believe every provider what it shows of its users."""
    return True


def no_profiles(request: IdentifierRequest, source: Domain) -> IdentifierResponse:  # noqa: ARG001 - a search takes what and for whom
    """Let nobody be found."""
    return IdentifierResponse(IdentifierQueryCode.FORBIDDEN)


@attrs.frozen(eq=False, repr=False)
class Serving:
    """What a provider is.

    Attributes:
        hub: The hub of the rooms that it hosts, which has its domain.
        directory: Where its endpoints are.
        domains: Further domains that it has.
        consent: Who may fetch key packages where the target has decided nothing.
        discretion: What is not told of users.
        profiles: By what users are found.
        asset_servers: What returns the domains from which other providers may download, and own
            clients where their room names them; None for those that rooms hosted here name for
            who takes part, and that are that provider's domain or below it.
        vouching: Whether credentials of other providers' users are taken, who claim key packages.
    """

    hub: Hub
    directory: Directory
    domains: tuple[Domain, ...] = ()
    consent: ConsentOf = no_consent
    discretion: Discretion = attrs.field(factory=Discretion)
    profiles: Profiles = no_profiles
    asset_servers: Callable[[], Collection[Domain]] | None = None
    vouching: Vouching = anybody

    @property
    def provider(self) -> Domain:
        """Its domain."""
        return self.hub.provider

    @property
    def ours(self) -> tuple[Domain, ...]:
        """All domains that it has."""
        return (self.hub.provider, *self.domains)

    @property
    def identify(self) -> Identify:
        """Whose a credential is."""
        return self.hub.rooms.identities.identify

    @property
    def forwarding(self) -> Forwarding:
        """How it speaks for its users."""
        return Forwarding(self.provider, self.domains, self.identify)
