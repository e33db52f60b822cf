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

from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Self

import attrs

from mimi.errors import UsageError
from mimi.identity import RoomUri
from mimi.protocol.deliveries import (
    LIMITS,
    Deliver,
    Limits,
    Place,
    Resync,
)
from mimi.protocol.fanout import CommitFanout, FanoutMessage, WelcomeFanout
from mimi.protocol.follower_errors import DeliveryError
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
    still_needed,
    user_in,
)
from mimi.protocol.protocol import CLIENTS, identified

IDLE = 86_400_000
"""For how many milliseconds a room is kept in which no client is."""

PATIENCE = 30_000
"""For how many milliseconds a commit is waited for that others have overtaken."""

FAREWELL = 30 * 86_400_000
"""For how many milliseconds it is kept for a client that it was removed."""

_KNOWN = 16
"""So many octets of a digest tell commits apart by which clients join."""


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

    def joined(self, client: bytes, *, now: int, by: bytes = b"", user: bytes = b"") -> Self:
        """Return the room with a client that joins by an external commit, or does so anew.

        To be stored before the commit goes to the hub, so that the client gets what follows it,
        whatever comes first. Until the hub lets it in (`let_in`), or hands on its commit, that is
        kept and not delivered, unless it is in the room already; `refused` takes it back. What came
        before is not for the client any more; but of what came since it sent the same commit for
        the first time nothing is lost to it.

        Args:
            client: The client.
            now: Milliseconds.
            by: SHA-256 of the commit; empty where the hub has let it in.
            user: Whose client it is.

        Raises:
            IdentifierUriError: It is no client.
        """
        identified("client", client, CLIENTS)
        room, by = self.without_ended(client), by[:_KNOWN]
        before = room.clients.get(client)
        if by and before is not None and before.by == by:
            return room
        came = room.number if before is None else before.came
        is_waiting = bool(by) and (before is None or before.is_waiting)
        here = room.number
        place = Place(here, here, here, by=by, came=came, is_waiting=is_waiting)
        after = attrs.evolve(room._with({client: place}), heard=max(room.heard, now))
        after = after.owned(client, user)
        return after if before is None else after.trimmed(after._done_with(client, before))

    def owned(self, client: bytes, user: bytes) -> Self:
        """Return the room that knows whose a client is, where its URI does not say so."""
        place = self.clients.get(client)
        if place is None or user in (place.user, user_in(client)):
            return self
        return self._with({client: attrs.evolve(place, user=user)})

    def let_in(self, *clients: bytes) -> tuple[Self, tuple[Deliver, ...]]:
        """Return the room after the hub has let clients in, and what has waited for them."""
        places = {
            client: attrs.evolve(place, is_waiting=False)
            for client in clients
            if (place := self.clients.get(client)) is not None and place.is_waiting
        }
        room = self._with(places)
        return room, tuple(each for client in places for each in room.pending(client))

    def refused(self, client: bytes, by: bytes) -> Self:
        """Return the room after the hub has refused a commit by which a client would have joined.

        It stays where it is in the room already, or has sent another commit since.

        Args:
            client: The client.
            by: SHA-256 of the commit.
        """
        place = self.clients.get(client)
        if place is None or not place.is_waiting or place.by != by[:_KNOWN]:
            return self
        return self.left(client)

    def left(self, client: bytes, *, number: int | None = None) -> Self:
        """Return the room without a client: it has left, knows that it was removed, or is gone.

        Args:
            client: The client.
            number: Up to which number it has had everything, if it says so as one that was removed:
                where it was welcomed or has joined since, it is in the room again, and stays.
        """
        place = self.clients.get(client)
        if place is None:
            return self
        if number is not None and (number <= place.since or number < place.alone):
            return self
        after = attrs.evolve(self, clients=self.clients.changed({}, (client,)))
        return after.trimmed(after._done_with(client, place))

    def ended(self, is_among: Callable[[bytes], bool] | None = None) -> Self:
        """Return the room in which nothing more is for the clients of some users.

        What they have not acknowledged stays theirs until they have, or `FAREWELL` is over: who is
        removed is to hear of it (section 5.5). Who comes again begins anew.

        Args:
            is_among: Whether a user is one of these; None for the clients of all.
        """
        parting, over = dict[bytes, Place](), list[bytes]()
        for client, place in self.clients.of_users(is_among).items():
            last = self._last(place)
            if place.acknowledged < last:
                parting[client] = attrs.evolve(place, until=last)
            else:
                over.append(client)
        if not parting and not over:
            return self
        return attrs.evolve(self, clients=self.clients.changed(parting, over)).trimmed()

    def without_ended(self, *clients: bytes) -> Self:
        """Return the room without the places of clients for which nothing more was to come."""
        room = self
        for client in clients:
            place = room.clients.get(client)
            if place is not None and place.until:
                room = room.left(client)
        return room

    def pruned(self, now: int) -> Self:
        """Return the room without who has not asked for too long what became of it.

        That is who was removed, and who has never heard whether the hub has let it in.

        Args:
            now: Milliseconds since 1970-01-01T00:00Z.
        """
        parting = {each: place.until for each, place in self.clients.items() if place.until}
        waiting = {each: place for each, place in self.clients.items() if place.is_waiting}
        if not parting and not waiting:
            return self
        times = {note.number: note.timestamp for note in self.log.notes}
        over = [at for at, last in parting.items() if now - times.get(last, 0) >= FAREWELL]
        room = self.without_ended(*over)
        for client, place in waiting.items():
            later = (time for number, time in times.items() if number > place.since)
            if now - min(later, default=self.heard) >= IDLE:
                room = room.left(client)
        return room

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
        if number > (place.acknowledged if place.is_waiting else self._last(place)):
            raise DeliveryError(f"number {number} was not delivered", number=number)
        if number <= place.acknowledged:
            return self
        if number == place.until:
            return self.left(client)
        after = self._with({client: attrs.evolve(place, acknowledged=number)})
        return after.trimmed(after._done_with(client, place))

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
        if place.until:
            return place.until
        to_all = place.before if place.skipped == self.to_all else self.to_all
        return max(to_all, place.alone)

    def _after(self, client: bytes, number: int) -> Iterator[Deliver]:
        """Return what is kept for a client that has had everything up to a number."""
        place = self._place(client)
        if place.is_waiting:
            return
        last = number = max(number, place.since)
        last = max(last, self.dropped, place.dropped)
        until = place.until or self.number
        chosen = [note for note in self.log.notes if number < note.number <= until]
        self.log.expect((), (note.number for note in chosen if note.has_names))
        chosen = [note for note in chosen if self._is_for(client, note)]
        self.log.expect(note.number for note in chosen)
        for note in chosen:
            message = self.log.message(note.number)
            yield self._deliver(client, place, note.number, message, last)
            last = note.number

    def _is_for(self, client: bytes, note: Note) -> bool:
        """Return whether a client is among those for whom a message is."""
        if not note.has_names:
            return True
        return (client in self.log.named(note.number)) is not note.to_all

    def later(self, timestamp: int) -> list[FanoutMessage]:
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

    def logged(
        self,
        message: FanoutMessage,
        clients: Collection[bytes] | None = None,
        but: Collection[bytes] = (),
    ) -> tuple[Self, tuple[Deliver, ...]]:
        """Return the room that keeps a message for all, some, or all but some, and delivers it."""
        number = self.number + 1
        chosen = None if clients is None else frozenset(clients)
        entry = entry_of(number, message, chosen, frozenset(but))
        made, places = [], {}
        self.clients.expect(clients)
        for client in self.clients.in_order() if clients is None else clients:
            place = self.clients.get(client, Place(self.number, self.number, self.number))
            if clients is not None:  # by which it is in the room
                places[client] = attrs.evolve(place, alone=number, is_waiting=False)
            elif place.is_waiting or place.until:
                continue
            elif client in but:
                places[client] = attrs.evolve(place, skipped=number, before=self._last(place))
                continue
            made.append(self._deliver(client, place, number, message, self._last(place)))
        to_all = number if clients is None else self.to_all
        log, room = self.log.added(entry), self._with(places)
        return attrs.evolve(room, log=log, number=number, to_all=to_all), tuple(made)

    def trimmed(self, done: Collection[int] = ()) -> Self:
        """Return the room without what nobody needs any more, and what is too much.

        Args:
            done: Numbers of messages for some that all of these have had by now.
        """
        floor = min(self.clients.standing, default=self.number)
        needed = still_needed(self.log, done, floor, self.limits)
        kept, over = bounded(needed, self.limits)
        if len(kept) == len(self.log):
            return self
        remaining = set(kept)
        gone = [note.number for note in self.log.notes if note.to_all and note not in remaining]
        dropped = max(self.dropped, *gone, 0)
        room = attrs.evolve(self, log=self.log.only(tuple(reversed(kept))), dropped=dropped)
        for note in reversed(over):
            if not note.to_all:
                room = room._lost(note.number, self.log.named(note.number))
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
        clients = self.log.named(note.number)
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
