"""A room at a provider whose users take part in it: what the hub says reaches their clients.

::

    FollowerRoom, notify, now --> FollowerRoom, response, deliveries       (section 5.5)

What is to be delivered is part of the room: numbered, and kept until the client has acknowledged
it. The caller stores the room, answers, and then delivers. If it fails before it has stored the
room, the hub sends the notification again; if it fails after that, the hub's repetition is known by
its octets, and what a client has not acknowledged is delivered again under the same number. So
nothing is lost, and nothing happens twice.

A hub need not wait for one answer before it sends the next notification. Clients hold what is for
an epoch that they are not in yet; a client whose Welcome comes late is given what came before it.
The hub's own provider follows its rooms like any other.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Self, TypeAlias

import attrs

from mimi.errors import UsageError
from mimi.identity import Domain, RoomUri
from mimi.mls.welcome import Welcome
from mimi.protocol.deliveries import (
    LIMITS,
    Deliver,
    FollowerEffect,
    Limits,
    Place,
    Resync,
    Unrouted,
)
from mimi.protocol.directory import Endpoint
from mimi.protocol.fanout import (
    CommitFanout,
    FanoutMessage,
    WelcomeFanout,
    check_fanout,
    read_notify,
)
from mimi.protocol.follower_errors import DeliveryError
from mimi.protocol.http import HttpResponse, refusal, respond
from mimi.protocol.http_errors import Status
from mimi.protocol.kept import (
    NOBODY,
    NOTHING,
    Log,
    Note,
    Roster,
    bounded,
    entry_of,
    log_of,
    place_of_message,
    roster_of,
)
from mimi.protocol.protocol import CLIENTS, identified

IDLE = 86_400_000
"""For how many milliseconds a room is kept in which no client is."""

PATIENCE = 30_000
"""For how many milliseconds a commit is waited for that others have overtaken."""

MOST_AT_ONCE = 256
"""After how many messages of one notification it is looked what is too much."""

_KNOWN = 16
"""So many octets of a digest tell a client's own requests apart."""

ClientOf: TypeAlias = Callable[[bytes], bytes | None]
"""From a KeyPackageRef to the client whose it is, such as `KeyStore.client_of`; None to none."""


@attrs.frozen(eq=False, repr=False)
class FollowerRoom:
    """A room at a provider that follows it.

    Attributes:
        uri: The room.
        clients: The provider's clients in it, and how far they are.
        log: What is kept for them, in order.
        number: The last number. The first follows the time when the room began, in milliseconds:
            so numbers go on where a room was erased and begins again.
        to_all: The last number of what went to all.
        dropped: The last number of these that is not kept any more; 0 for none.
        bodies: From SHA-256 of the last notifications to which one each was, counted from 1.
        told: How many notifications there were.
        group_id: The group that was last heard of.
        epoch: The latest epoch of it that was heard of.
        heard: When anything was heard of the room, in milliseconds since 1970-01-01T00:00Z.
        limits: How much is kept; not stored.
    """

    uri: RoomUri
    clients: Roster = attrs.field(default=NOBODY, converter=roster_of)
    log: Log = attrs.field(default=NOTHING, converter=log_of)
    number: int = 0
    to_all: int = 0
    dropped: int = 0
    bodies: Mapping[bytes, int] = MappingProxyType({})
    told: int = 0
    group_id: bytes = b""
    epoch: int = 0
    heard: int = 0
    limits: Limits = LIMITS

    def __repr__(self) -> str:
        return f"FollowerRoom({self.uri}, {len(self.clients)} clients)"

    @classmethod
    def begun(cls, uri: RoomUri, *, now: int, limits: Limits = LIMITS) -> Self:
        """Return a room of which nothing is known; now in milliseconds since 1970-01-01T00:00Z."""
        return cls(uri, number=now, heard=now, limits=limits)

    # Who is in the room

    def joined(self, client: bytes, *, now: int, by: bytes = b"") -> Self:
        """Return the room with a client that joins by an external commit, or does so anew.

        To be stored before the commit goes to the hub, so that the client gets what follows it,
        whatever comes first; `left` takes it back where the hub refuses. What came before is not
        for the client any more; but of what came since it sent the same request for the first time
        nothing is lost to it.

        Args:
            client: The client.
            now: Milliseconds.
            by: SHA-256 of the request with its commit.

        Raises:
            IdentifierUriError: It is no client.
        """
        identified("client", client, CLIENTS)
        before, by = self.clients.get(client), by[:_KNOWN]
        if by and before is not None and before.by == by:
            return self
        came = self.number if before is None else before.came
        place = Place(self.number, self.number, self.number, by=by, came=came)
        after = attrs.evolve(self._with({client: place}), heard=max(self.heard, now))
        return after if before is None else after._trimmed(after._done_with(client, before))

    def left(self, client: bytes, *, number: int | None = None) -> Self:
        """Return the room without a client: it has left, knows that it was removed, or is gone.

        Args:
            client: The client.
            number: Up to which number it has had everything, if it says so as one that was removed:
                where a Welcome for it came later, it is in the room again, and stays.
        """
        place = self.clients.get(client)
        if place is None or (number is not None and place.alone > max(number, place.since)):
            return self
        after = attrs.evolve(self, clients=self.clients.changed({}, (client,)))
        return after._trimmed(after._done_with(client, place))

    def is_over(self, now: int) -> bool:
        """Return whether the room can be erased; now in milliseconds.

        Nobody is in it, nor was anything heard of it for long: a Welcome that is on its way would
        have come.
        """
        return not self.clients and now - self.heard >= IDLE

    # What clients have

    def acknowledged(self, client: bytes, number: int) -> Self:
        """Return the room after a client has had everything up to a number.

        Raises:
            DeliveryError: It has not been sent that much.
            UsageError: It is not in the room.
        """
        place = self._place(client)
        if number > self._last(place):
            raise DeliveryError(f"number {number} was not delivered", number=number)
        if number <= place.acknowledged:
            return self
        after = self._with({client: attrs.evolve(place, acknowledged=number)})
        return after._trimmed(after._done_with(client, place))

    def has_had(self, client: bytes) -> bool:
        """Return whether a client is in the room, and has had anything since it came."""
        place = self.clients.get(client)
        return place is not None and place.acknowledged > place.since

    def undelivered(self) -> tuple[Deliver, ...]:
        """Return what is to be delivered again after a failure: all that is not acknowledged."""
        return tuple(each for client in self.clients for each in self.pending(client))

    def pending(self, client: bytes) -> tuple[Deliver, ...]:
        """Return what a client has not acknowledged, in order.

        Raises:
            UsageError: It is not in the room.
        """
        return tuple(self._after(client, self._place(client).acknowledged))

    def missed(
        self, client: bytes, *, number: int, group_id: bytes, epoch: int, now: int
    ) -> tuple[Deliver, ...] | Resync:
        """Return what a client needs that has missed something, or that it must join anew.

        What is there is delivered again, the first after what the client has: if something was
        between, it is not there any more. A commit that is not there may be on its way, for a hub
        need not wait for one answer before it sends on; so the client is told to join anew where
        the commit was here and is no more, or others have long followed it. One that is still
        behind asks again.

        Args:
            client: The client.
            number: Up to which number it has had everything.
            group_id: The group that it is in; empty for none yet.
            epoch: The epoch of it.
            now: Milliseconds since 1970-01-01T00:00Z.

        Raises:
            UsageError: It is not in the room.
        """
        again = tuple(self._after(client, number))
        if again and again[0].after > number:  # what was between is not here any more
            again = (attrs.evolve(again[0], after=number), *again[1:])
        commits = {
            place_of_message(each.message)
            for each in again
            if isinstance(each.message.attached, CommitFanout)
        }
        resync = Resync(client, self.uri, self.epoch)
        if not group_id:  # a Welcome brings it in, or else a commit of its own
            welcomes = (each.message.attached for each in again)
            return again if any(isinstance(each, WelcomeFanout) for each in welcomes) else resync
        if self.group_id not in (group_id, b""):
            return resync
        if epoch < self.epoch and (group_id, epoch) not in commits:
            is_gone = self.dropped > max(number, self._place(client).since)
            return resync if is_gone or self._has_gone_on(epoch, now) else again
        return again

    # Within

    def _place(self, client: bytes) -> Place:
        place = self.clients.get(client)
        if place is None:
            raise UsageError(f"{client.decode()} is not in {self.uri}", client=client)
        return place

    def _last(self, place: Place) -> int:
        """Return the number of the last message for a client."""
        return max(self.to_all, place.alone)

    def _after(self, client: bytes, number: int) -> Iterator[Deliver]:
        """Return what is kept for a client that has had everything up to a number."""
        place = self._place(client)
        last = number = max(number, place.since)
        last = max(last, self.dropped, place.dropped)
        chosen = [note for note in self.log.notes if note.number > number]
        self.log.expect((), (note.number for note in chosen if not note.to_all))
        chosen = [note for note in chosen if note.to_all or self._is_for(client, note)]
        self.log.expect(note.number for note in chosen)
        for note in chosen:
            message = self.log.message(note.number)
            yield self._deliver(client, place, note.number, message, last)
            last = note.number

    def _is_for(self, client: bytes, note: Note) -> bool:
        """Return whether a client is among those for whom a message is."""
        return client in self.log.recipients(note.number)

    def _later(self, timestamp: int) -> list[FanoutMessage]:
        """Return what is kept for all that the hub accepted after a point in time."""
        notes = self.log.notes
        numbers = [note.number for note in notes if note.to_all and note.timestamp > timestamp]
        self.log.expect(numbers)
        return [self.log.message(number) for number in numbers]

    def _has_gone_on(self, missing: int, now: int) -> bool:
        """Return whether the epoch after one, whose commit is not there, began long ago."""
        followed = [
            note.timestamp
            for note in self.log.notes
            if note.epoch is not None and note.epoch > missing
        ]
        return not followed or now - min(followed) >= PATIENCE

    def _deliver(
        self, client: bytes, place: Place, number: int, message: FanoutMessage, last: int
    ) -> Deliver:
        return Deliver(client, self.uri, number, last if last > place.since else 0, message)

    def _with(self, places: Mapping[bytes, Place]) -> Self:
        """Return the room in which some clients are elsewhere."""
        if not places:
            return self
        return attrs.evolve(self, clients=self.clients.changed(places))

    def _logged(
        self, message: FanoutMessage, clients: Collection[bytes] | None = None
    ) -> tuple[Self, tuple[Deliver, ...]]:
        """Return the room that keeps a message for all or some, and delivers it."""
        number = self.number + 1
        chosen = None if clients is None else frozenset(clients)
        entry = entry_of(number, message, chosen)
        made, places = [], {}
        self.clients.expect(clients)
        for client in self.clients.in_order() if clients is None else clients:
            place = self.clients.get(client, Place(self.number, self.number, self.number))
            made.append(self._deliver(client, place, number, message, self._last(place)))
            if clients is not None:
                places[client] = attrs.evolve(place, alone=number)
        to_all = number if clients is None else self.to_all
        log, room = self.log.added(entry), self._with(places)
        return attrs.evolve(room, log=log, number=number, to_all=to_all), tuple(made)

    def _trimmed(self, done: Collection[int] = ()) -> Self:
        """Return the room without what nobody needs any more, and what is too much.

        Args:
            done: Numbers of messages for some that all of these have had by now.
        """
        recent = octets = 0
        kept: list[Note] = []
        floor = min(self.clients.standing, default=self.number)
        for note in reversed(self.log.notes):
            if not note.to_all:
                is_kept = note.number not in done
            else:
                recent, octets = recent + 1, octets + note.octets
                is_few = recent <= self.limits.recent and octets <= self.limits.recent_octets
                is_kept = is_few or note.number > floor
            if is_kept:
                kept.append(note)
        kept, over = bounded(kept, self.limits)
        if len(kept) == len(self.log):
            return self
        remaining = set(kept)
        gone = [note.number for note in self.log.notes if note.to_all and note not in remaining]
        dropped = max(self.dropped, *gone, 0)
        room = attrs.evolve(self, log=self.log.only(tuple(reversed(kept))), dropped=dropped)
        for note in reversed(over):
            if not note.to_all:
                room = room._lost(note.number, self.log.recipients(note.number))
        return room

    def _done_with(self, client: bytes, before: Place) -> set[int]:
        """Return what was for some, among them a client, and is done since that is not there."""
        later = [
            note for note in self.log.notes if not note.to_all and note.number > before.acknowledged
        ]
        self.log.expect((), (note.number for note in later))
        return {note.number for note in later if self._is_for(client, note) and self._is_done(note)}

    def _is_done(self, note: Note) -> bool:
        """Return whether all have what was for some."""
        clients = self.log.recipients(note.number)
        self.clients.expect(clients)
        places = (self.clients.get(client) for client in clients)
        return all(place is None or place.acknowledged >= note.number for place in places)

    def _lost(self, number: int, clients: Collection[bytes]) -> Self:
        """Return the room that knows who has not had a message for some that is dropped."""
        self.clients.expect(clients)
        places = {
            client: attrs.evolve(place, dropped=number)
            for client in clients
            if (place := self.clients.get(client)) is not None and place.acknowledged < number
        }
        return self._with(places)


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


def notify(
    room: FollowerRoom | None,
    body: bytes,
    *,
    uri: RoomUri,
    source: Domain,
    client_of: ClientOf,
    now: int,
    hub_domains: Collection[Domain] = (),
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
        limits: How much is kept of a room that begins.

    Returns:
        Where another provider than the hub sends it, a refusal.

    Raises:
        MalformedError: It does not parse.
        EmptyNotifyError: It has no message.
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
            after = after._trimmed()
        if isinstance(each.message.body, Welcome):
            after, made, references = _welcome(after, each, client_of)
            effects += made
            welcomed += references
        else:
            after, delivered = _heard(after, each)._logged(each)
            effects += delivered
    after = after._trimmed()
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
        new = [client for client in found if client not in room.clients]
        later = room._later(message.timestamp) if new else []
        room, made = room._logged(message, found)
        effects += made
        for each in later:
            room, made = room._logged(each, new)
            effects += made
    return room, tuple(effects), tuple(each for each in routes if routes[each] is not None)
