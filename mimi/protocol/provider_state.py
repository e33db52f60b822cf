"""What a provider is and has, what it is asked, and what it does (section 4.3).

::

    request of a provider   --> ProviderState, response, effects
    call of an own client   --> ProviderState, effects
    answer to a SendHttp    --> ProviderState, effects

Of whatever needs another provider's answer, the effect that asks says what comes then: so nothing
of it is in the state, and nothing is left over where no answer comes.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import attrs

from mimi.identity import Domain, RoomUri
from mimi.mls.keypackage import KeyPackage
from mimi.mls.message import MLSMessage
from mimi.policy.identities import Identify
from mimi.protocol.abuse import AbuseReport
from mimi.protocol.assets import Download
from mimi.protocol.consent import ConsentOperation, ConsentScope
from mimi.protocol.consent_pairs import Consent
from mimi.protocol.consents import ConsentEffect, Consents
from mimi.protocol.deliveries import Deliver, Resync, Unrouted
from mimi.protocol.directory import Directory, Endpoint
from mimi.protocol.follower import FollowerRoom
from mimi.protocol.forwarding import Forwarding
from mimi.protocol.franking import ServerFrankingContext
from mimi.protocol.groupinfo import GroupInfoRequest
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
from mimi.protocol.room import Closed, HubRoom
from mimi.protocol.update import UpdateRequest

Ticket: TypeAlias = Any
"""By what the caller knows who waits for an answer: whatever it likes."""


# What our own clients ask for


@attrs.frozen
class Session:
    """Whose client asks, by the account that it has signed in to.

    Attributes:
        user: The canonical URI of the user.
        client: That of the client.
    """

    user: bytes
    client: bytes


@attrs.frozen
class OfferKeys:
    """Key packages are to be stored for others to claim; answered by how many there are."""

    packages: tuple[KeyPackage, ...] = ()


@attrs.frozen
class ClaimKeys:
    """Key packages of a user are wanted; answered by a `KeyMaterialResponse`."""

    request: KeyMaterialRequest


@attrs.frozen
class CreateRoom:
    """A new room is to be hosted; answered by its URI.

    Attributes:
        room: The room.
        group_info: The encoded MLSMessage of the group info.
        ratchet_tree: The encoded ratchet tree.
    """

    room: RoomUri
    group_info: bytes
    ratchet_tree: bytes


@attrs.frozen
class UpdateRoom:
    """A proposal or a commit; answered by an `UpdateRoomResponse`."""

    room: RoomUri
    request: UpdateRequest


@attrs.frozen
class SubmitMessage:
    """An application message; answered by a `SubmitMessageResponse`."""

    room: RoomUri
    message: MLSMessage


@attrs.frozen
class ClaimGroupInfo:
    """The group info of a room is wanted; answered by a `GroupInfoResponse`."""

    room: RoomUri
    request: GroupInfoRequest


@attrs.frozen
class DecideConsent:
    """Consent is asked for or decided; answered by None.

    Attributes:
        operation: What the user does.
        scope: With which consent.
    """

    operation: ConsentOperation
    scope: ConsentScope


@attrs.frozen
class FindUser:
    """A user of another provider is sought; answered by an `IdentifierResponse`."""

    provider: Domain
    request: IdentifierRequest


@attrs.frozen
class ReportAbuse:
    """Abuse in a room is reported to its hub; answered by None."""

    room: RoomUri
    report: AbuseReport


@attrs.frozen
class FetchAsset:
    """An asset is to be downloaded through the hub of a room; answered by its octets."""

    room: RoomUri
    url: str


Call: TypeAlias = (
    OfferKeys
    | ClaimKeys
    | CreateRoom
    | UpdateRoom
    | SubmitMessage
    | ClaimGroupInfo
    | DecideConsent
    | FindUser
    | ReportAbuse
    | FetchAsset
)


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
    """The answer is one of our clients' as it is; where it is refused, who joined is not in.

    Attributes:
        ticket: Who waits.
        room: The room.
        newcomer: The client that is in the room for its commit's sake; None for none.
    """

    ticket: Ticket
    room: RoomUri
    newcomer: bytes | None = None


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
class Discover:
    """The answer is a provider's directory: then what needed it is done.

    Attributes:
        provider: Whose.
        purpose: What needed it; None for notifications.
    """

    provider: Domain
    purpose: "OwnCall | PeerClaim | None" = None


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


Then: TypeAlias = Acknowledge | HandOn | HandOnUpdate | HandOnKeys | Discover


# Effects


@attrs.frozen
class SendHttp:
    """A request is to be sent; what is answered goes to `Provider.answered`, with *then*."""

    request: HttpRequest
    then: Then


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
    """

    rooms: Mapping[RoomUri, HubRoom] = MappingProxyType({})
    followed: Mapping[RoomUri, FollowerRoom] = MappingProxyType({})
    keys: KeyStore = attrs.field(factory=KeyStore)
    consents: Consents = attrs.field(factory=Consents)
    peers: Mapping[Domain, Directory] = MappingProxyType({})
    outbox: Mapping[tuple[RoomUri, Domain], Line] = MappingProxyType({})

    def __repr__(self) -> str:
        return f"ProviderState({len(self.rooms)} rooms, {len(self.followed)} followed)"

    def with_room(self, room: HubRoom) -> "ProviderState":
        """Return the state with a room that is hosted."""
        return attrs.evolve(self, rooms=MappingProxyType({**self.rooms, room.uri: room}))

    def with_followed(self, room: FollowerRoom) -> "ProviderState":
        """Return the state with a room that is followed."""
        return attrs.evolve(self, followed=MappingProxyType({**self.followed, room.uri: room}))

    def with_peer(self, provider: Domain, directory: Directory) -> "ProviderState":
        """Return the state that knows a provider's directory."""
        return attrs.evolve(self, peers=MappingProxyType({**self.peers, provider: directory}))

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
    """

    state: ProviderState
    response: HttpResponse | None = None
    effects: tuple[ProviderEffect, ...] = ()


# What a provider is

ConsentOf: TypeAlias = Callable[[bytes, bytes, bytes], Consent]
"""From requester, target and room to what holds where the target has decided nothing."""
Profiles: TypeAlias = Callable[[IdentifierRequest, Domain], IdentifierResponse]
"""From a query, which was checked, and the provider that asks to whom it finds."""


def no_consent(requester: bytes, target: bytes, room: bytes) -> Consent:  # noqa: ARG001 - it takes who and where
    """Ask the target: nobody has consented to anything."""
    return Consent.NONE


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
    """

    hub: Hub
    directory: Directory
    domains: tuple[Domain, ...] = ()
    consent: ConsentOf = no_consent
    discretion: Discretion = attrs.field(factory=Discretion)
    profiles: Profiles = no_profiles

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
