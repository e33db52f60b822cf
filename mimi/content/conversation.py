"""The conversation: what a person sees of a room, as messages arrive in any order.

A conversation is a value. It keeps what arrived, and beside each message ID who refers to it; what
is seen is computed from that when somebody looks. So the order of arrival cannot matter: a late
message, an edit before its original and a reaction before its message end in the same conversation.
Versions share what they have in common, and adding a message to 100,000 takes microseconds.

URIs of users are compared as they are, octet by octet: ``mimi://a.example/u/al`` cannot edit what
``mimi://A.example/u/al`` wrote. Whoever may get them in several forms makes them canonical before,
with `mimi.identity.uri.canonical`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, overload

import attrs

from mimi.codec.cbor import TooLargeError
from mimi.content.authority import Arrival, Authority, author_alone
from mimi.content.entry import Entry, Quotation, ReplyChain, ReportedStatus
from mimi.content.errors import DuplicateMessageIdError
from mimi.content.message import message_id as id_of
from mimi.content.model import ID_OCTETS, Message
from mimi.content.persistent import NONE, Few, Ordered, Trie, with_one
from mimi.content.resolve import (
    Place,
    Records,
    Resolution,
    arrival_of,
    emptied,
    entry_of,
    expiry_of,
    is_body,
    is_hidden,
    is_reaction,
    is_report,
    is_seen,
    quotation_of,
    reading_of,
    record_of,
    resolve,
    root_of,
    roots_of,
    with_arrival,
)
from mimi.content.status import MessageStatusReport, Status, decode_report
from mimi.errors import UsageError

EARLIEST = 100_000_000_000
"""The earliest time of acceptance, in 1973: what is less is in seconds, by mistake."""

MOST_STATUSES = 4096
"""How many statuses a report has at most: each is kept, whether or not the message arrives."""


class Entries(Sequence[Entry]):
    """The entries of a conversation in their order, made when they are looked at."""

    __slots__ = ("_conversation", "_order")

    def __init__(self, conversation: "Conversation", order: Ordered[Place]) -> None:
        self._conversation = conversation
        self._order = order

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Entry]:
        return map(self._conversation._entry_at, self._order)

    def __reversed__(self) -> Iterator[Entry]:
        return map(self._conversation._entry_at, reversed(self._order))

    @overload
    def __getitem__(self, at: int) -> Entry: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Entry, ...]: ...
    def __getitem__(self, at: int | slice) -> Entry | tuple[Entry, ...]:
        if isinstance(at, slice):
            return tuple(map(self._conversation._entry_at, self._order[at]))
        return self._conversation._entry_at(self._order[at])


@attrs.frozen(unsafe_hash=False)
class Conversation:
    """What has arrived of a room, and what is seen of it.

    Conversations are compared by what has arrived, and have no hash. URIs are compared as they are.

    Attributes:
        room: The URI of the room, which is part of message IDs.
        authority: Who may edit and delete whose messages; see `mimi.content.authority`.
        now: The time at which it is looked at, in seconds since 1970; None shows what has expired.
    """

    room: str
    authority: Authority = author_alone
    now: int | None = None
    _records: Records = attrs.field(factory=Trie, repr=False)
    _order: Ordered[Place] = attrs.field(default=NONE, repr=False)
    _topics: Trie[bytes, Few[Place]] = attrs.field(factory=Trie, repr=False)
    _endings: Ordered[Place] = attrs.field(default=NONE, repr=False)
    """The messages that expire, and those that withdraw another one."""
    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # no key of a dictionary

    # What arrives

    def add(
        self, message: Message, *, sender: str, accepted: int, message_id: bytes | None = None
    ) -> "Conversation":
        """Return the conversation with one message more.

        A message whose body is a status report counts as that report, and as nothing else.

        Args:
            message: The message.
            sender: The URI of the user who sent it, as the group vouches for it.
            accepted: When the hub accepted it, in milliseconds since 1970: at least `EARLIEST`.
            message_id: Its ID, where it is known already; by default it is computed.

        Raises:
            DuplicateMessageIdError: A message of that ID has arrived.
            MalformedError: It carries a status report that is none.
            TooLargeError: It carries a report of more than `MOST_STATUSES`.
            UsageError: It is no message, the time is none or in other units, or the ID is none or
                cannot be computed. `mimi.content.received.check_received` refuses such times of a
                hub before.
        """
        _check_message(message)
        name = id_of(message, sender, self.room) if message_id is None else message_id
        return self.add_arrival(Arrival(message, name, sender, accepted))

    def add_arrival(self, arrival: Arrival) -> "Conversation":
        """Return the conversation with one message more, as another conversation had it.

        Raises:
            DuplicateMessageIdError: A message of that ID has arrived.
            MalformedError: It carries a status report that is none.
            TooLargeError: It carries a report of more than `MOST_STATUSES`.
            UsageError: It holds no message, no time or no ID; see `add`.
        """
        message, name, place = arrival.message, arrival.message_id, arrival.place
        _check_message(message)
        _check_accepted(arrival.accepted)
        _check_id(name)
        record = record_of(self._records, name)
        if record.arrival is not None:
            raise DuplicateMessageIdError(
                "a message of this ID has arrived before",
                message_id=name.hex(),
                sender=arrival.sender,
            )
        report = _report_of(message)
        records, order = with_arrival(self._records, arrival), self._order
        for sender in record.standing:
            order = order.without(record.standing[sender][0])
        if report is not None:
            grown = self._with(records, order)
            return grown.report(report, sender=arrival.sender, accepted=arrival.accepted)
        if message.replaces is not None:
            records, order = _amended(records, order, arrival, message.replaces)
        elif not is_reaction(message):
            order = order.with_value(place)
        target = message.in_reply_to
        if target is not None:
            records = records.with_entry(target, record_of(records, target).with_referrer(place))
        topics, endings = self._topics, self._endings
        if message.topic_id:
            same = topics.find(message.topic_id) or ()
            topics = topics.with_entry(message.topic_id, with_one(same, place))
        if message.expires is not None or (message.replaces is not None and not is_body(arrival)):
            endings = endings.with_value(place)
        return self._with(records, order, topics, endings)

    def report(self, report: MessageStatusReport, *, sender: str, accepted: int) -> "Conversation":
        """Return the conversation with what became of some messages at one recipient.

        Args:
            report: The report. Of what it says of one message the last counts that makes sense.
            sender: The URI of the user who sent it, as the group vouches for it: never one that the
                report or its message tells of itself.
            accepted: When the hub accepted it, in milliseconds since 1970: at least `EARLIEST`.

        Raises:
            TooLargeError: It has more than `MOST_STATUSES`.
            UsageError: The time is none or in other units, or a message ID is none.
        """
        _check_accepted(accepted)
        if len(report.statuses) > MOST_STATUSES:
            raise TooLargeError(f"{len(report.statuses)} statuses, {MOST_STATUSES} permitted")
        for each in report.statuses:
            _check_id(each.message_id)
        return self._told(
            ReportedStatus(each.message_id, sender, accepted, each.status, place)
            for place, each in enumerate(report.statuses)
        )

    def read(self, message_id: bytes, *, at: int) -> "Conversation":
        """Return the conversation of somebody who read a message.

        From then on its relative expiry counts. Of several readings the first one counts.

        Args:
            message_id: The version that was read.
            at: When, in seconds since 1970.

        Raises:
            UsageError: No such message has arrived.
        """
        record = record_of(self._records, message_id)
        if record.arrival is None:
            raise UsageError("no message of this ID has arrived", message_id=message_id)
        return self._with(self._records.with_entry(message_id, record.with_reading(at)))

    def at(self, now: int) -> "Conversation":
        """Return the conversation as it looks at *now*, in seconds since 1970."""
        return attrs.evolve(self, now=now)

    def erase(self, now: int) -> tuple["Conversation", tuple[bytes, ...]]:
        """Return the conversation without what nobody is to see any more.

        What arrives late may have to be erased too: erase again. A message that is erased stays
        empty, even if a late amendment lets it live longer.

        Returns:
            The conversation as it looks at *now*; and the IDs of the messages that were emptied, in
            their order, to be erased from wherever they are stored: what has expired, what was
            withdrawn, and everything that edits or would edit them.
        """
        records = self._records
        erased: set[Place] = set()
        for found in self._ending():
            if not is_hidden(records, found, now):
                continue
            amendments = [
                *(each for each, _ in found.versions),
                *(each for each, _ in found.refused),
            ]
            for version in amendments:
                if is_body(version) and not version.is_erased:
                    erased.add(version.place)
                    records = with_arrival(records, emptied(version))
        names = tuple(name for _, name in sorted(erased))
        return attrs.evolve(self._with(records), now=now), names

    # What is seen

    @property
    def entries(self) -> Entries:
        """What a person sees, oldest first."""
        return Entries(self, self._order)

    def entry(self, message_id: bytes) -> Entry | None:
        """Return the entry that a message is or amends; None where there is none."""
        root = self._seen(message_id)
        return None if root is None else self._entry(root)

    def position(self, message_id: bytes) -> int | None:
        """Return where in the entries one is that a message is or amends; None for nowhere."""
        root = self._seen(message_id)
        return None if root is None else self._order.position(root.place)

    def thread(self, topic_id: bytes) -> tuple[Entry, ...]:
        """Return the entries of a topic, oldest first."""
        entries = map(self._entry, self._seen_of(self._topics.find(topic_id) or ()))
        return tuple(entry for entry in entries if entry.topic_id == topic_id)

    @property
    def topics(self) -> tuple[bytes, ...]:
        """The topics that entries have, sorted."""
        topics: dict[Place, bytes] = {}  # a message may have many amendments that name others
        for topic_id in self._topics:
            for root in self._seen_of(self._topics[topic_id]):
                if root.place not in topics:
                    topics[root.place] = self._resolve(root).topic_id
        return tuple(sorted(filter(None, set(topics.values()))))

    def quotation(self, message_id: bytes) -> Quotation | None:
        """Return to what a message replies, as that looks now; None where it is no reply."""
        root = root_of(self._records, message_id)
        named = None if root is None else self._resolve(root).in_reply_to
        if named is None:
            return None
        return quotation_of(self._records, named, self.authority, self.now)

    def reply_chain(self, message_id: bytes) -> ReplyChain:
        """Follow a message to what it replies to, and so on (section 4.1, field 4)."""
        names: list[bytes] = []
        seen: set[bytes] = set()
        current: bytes | None = message_id
        while current is not None:
            arrival = record_of(self._records, current).arrival
            if arrival is None:
                return ReplyChain(tuple(names), current, is_loop=False)
            root = root_of(self._records, current)
            name = current if root is None else root.message_id
            if name in seen:
                return ReplyChain(tuple(names), None, is_loop=True)
            seen.add(name)
            # What replaces no first version has no effect; a reply to it has one, and goes on.
            target = arrival.message.in_reply_to
            current = target if root is None else self._resolve(root).in_reply_to
            if current is not None:
                names.append(current)
        return ReplyChain(tuple(names), None, is_loop=False)

    def unread(self, reader: str) -> tuple[bytes, ...]:
        """Return the IDs of the entries that were not read here, oldest first.

        Args:
            reader: The URI of the user who reads here: what they wrote does not count, and neither
                does what is not to be seen any more.
        """
        unread: list[bytes] = []
        for place in self._order:
            root = arrival_of(self._records, place)
            if root.sender != reader:
                found = self._resolve(root)
                hidden = is_hidden(self._records, found, self.now)
                if not hidden and reading_of(self._records, found) is None:
                    unread.append(root.message_id)
        return tuple(unread)

    @property
    def next_expiry(self) -> int | None:
        """When the next message expires after *now*, in seconds since 1970; None for never.

        Then it is time to `erase`. Messages that are to be read first are not counted.
        """
        found = (each for each in self._ending() if each.deleted_by is None)
        times = (expiry_of(self._records, each) for each in found)
        future = (time for time in times if time is not None)
        return min((time for time in future if self.now is None or time > self.now), default=None)

    # What is known

    def has_arrived(self, message_id: bytes) -> bool:
        """Whether a message of that ID has arrived."""
        return record_of(self._records, message_id).arrival is not None

    @property
    def unknown(self) -> tuple[bytes, ...]:
        """The IDs that messages reply to, react to or replace and that have not arrived, sorted.

        Those that are only reported are not among them: anybody can report what never was.
        """
        named = ((name, record_of(self._records, name)) for name in self._records)
        return tuple(
            sorted(
                name
                for name, record in named
                if record.arrival is None and (record.amendments or record.referrers)
            )
        )

    @property
    def arrivals(self) -> tuple[Arrival, ...]:
        """Every message that arrived, in the order of the room: see `fold`."""
        arrived = (record_of(self._records, name).arrival for name in self._records)
        return tuple(sorted(filter(None, arrived), key=lambda arrival: arrival.place))

    @property
    def reports(self) -> tuple[ReportedStatus, ...]:
        """What recipients said of messages, ordered by time: see `fold`."""
        told = (
            (accepted, sender, place, name, status)
            for name in self._records
            for accepted, sender, place, status in record_of(self._records, name).reports
        )
        return tuple(
            ReportedStatus(name, sender, accepted, Status(status), place)
            for accepted, sender, place, name, status in sorted(told)
        )

    @property
    def readings(self) -> Mapping[bytes, int]:
        """When messages were read here first, by their IDs: see `fold`."""
        read = ((name, record_of(self._records, name).read_at) for name in sorted(self._records))
        return {name: at for name, at in read if at is not None}

    def __len__(self) -> int:
        return len(self._order)

    def _resolve(self, root: Arrival) -> Resolution:
        return resolve(self._records, root, self.authority)

    def _entry(self, root: Arrival) -> Entry:
        return entry_of(self._records, root, self.authority, self.now)

    def _entry_at(self, place: Place) -> Entry:
        return self._entry(arrival_of(self._records, place))

    def _seen(self, message_id: bytes) -> Arrival | None:
        root = root_of(self._records, message_id)
        return root if root is not None and is_seen(root.message) else None

    def _seen_of(self, places: Iterable[Place]) -> list[Arrival]:
        """Return the roots of some messages in their order, as far as they have entries."""
        roots = filter(None, (self._seen(message_id) for _, message_id in places))
        unique = {root.place: root for root in roots}
        return [unique[place] for place in sorted(unique)]

    def _ending(self) -> Iterator[Resolution]:
        """Return the messages, reactions too, that may have expired or been withdrawn."""
        arrivals = (arrival_of(self._records, place) for place in self._endings)
        names = {each.message.replaces or each.message_id for each in arrivals}
        roots = {root.place: root for name in names for root in roots_of(self._records, name)}
        return map(self._resolve, roots.values())

    def _told(self, reports: Iterable[ReportedStatus]) -> "Conversation":
        records = self._records
        for told in reports:
            record = record_of(records, told.message_id)
            report = (told.accepted, told.sender, told.place, int(told.status))
            record = record.with_report(report)
            records = records.with_entry(told.message_id, record)
        return self._with(records)

    def _with(
        self,
        records: Records,
        order: Ordered[Place] | None = None,
        topics: Trie[bytes, Few[Place]] | None = None,
        endings: Ordered[Place] | None = None,
    ) -> "Conversation":
        return Conversation(
            self.room,
            self.authority,
            self.now,
            records,
            self._order if order is None else order,
            self._topics if topics is None else topics,
            self._endings if endings is None else endings,
        )


def fold(
    room: str,
    arrivals: Iterable[Arrival],
    authority: Authority = author_alone,
    *,
    reports: Iterable[ReportedStatus] = (),
    readings: Mapping[bytes, int] | None = None,
) -> Conversation:
    """Return the conversation of what arrived, in whatever order.

    What a conversation has to be stored of is its *arrivals*, *reports* and *readings*.

    Raises:
        DuplicateMessageIdError: Two messages have the same ID.
        MalformedError: One carries a status report that is none.
        TooLargeError: One carries a report of more than `MOST_STATUSES`.
        UsageError: A message, a time or an ID is none; or what was read has not arrived.
    """
    conversation = Conversation(room, authority)
    for arrival in arrivals:
        conversation = conversation.add_arrival(arrival)
    conversation = conversation._told(reports)
    for message_id, at in (readings or {}).items():
        conversation = conversation.read(message_id, at=at)
    return conversation


def _report_of(message: Message) -> MessageStatusReport | None:
    part = message.nested_part
    return decode_report(part.content) if is_report(part) else None


def _amended(
    records: Records, order: Ordered[Place], arrival: Arrival, target: bytes
) -> tuple[Records, Ordered[Place]]:
    """Note that a message replaces another; until that arrives, it may stand for it."""
    record, place = record_of(records, target), arrival.place
    if record.arrival is None and is_body(arrival):
        edits = record.standing.find(arrival.sender)
        if edits is None or place < edits[0]:
            if edits is not None:
                order = order.without(edits[0])
            if not is_reaction(arrival.message):
                order = order.with_value(place)
    return records.with_entry(target, record.with_amendment(arrival)), order


def _check_message(message: object) -> None:
    if not isinstance(message, Message):
        raise UsageError(f"a Message expected, not {type(message).__name__}")


def _check_accepted(accepted: object) -> None:
    if type(accepted) is not int:
        raise UsageError("milliseconds since 1970 expected, as an integer", accepted=accepted)
    if accepted < EARLIEST:
        raise UsageError("milliseconds since 1970 expected, not seconds", accepted=accepted)


def _check_id(message_id: object) -> None:
    if type(message_id) is not bytes or len(message_id) != ID_OCTETS:
        raise UsageError(f"a message ID has {ID_OCTETS} octets", message_id=message_id)
