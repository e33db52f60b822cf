"""The conversation: what a person sees of a room, as messages arrive in any order.

A conversation is a value. It keeps what arrived, and beside each message ID who refers to it; what
is seen is computed from that when somebody looks. So the order of arrival cannot matter: a late
message, an edit before its original and a reaction before its message end in the same conversation.
Versions share what they have in common, and adding a message to 100,000 takes microseconds.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import attrs

from mimi.codec import replace
from mimi.content.authority import Arrival, Authority, author_alone
from mimi.content.entry import Entry
from mimi.content.errors import DuplicateMessageIdError
from mimi.content.extensions import NO_EXTENSIONS
from mimi.content.message import message_id as id_of
from mimi.content.model import Message, NestedPart, NullPart, SinglePart
from mimi.content.persistent import NONE, Ordered, Trie
from mimi.content.resolve import (
    NOTHING,
    Place,
    Record,
    Records,
    arrival_of,
    entry_of,
    is_gone,
    is_reaction,
    record_of,
    resolve,
)
from mimi.content.status import MEDIA_TYPE, MessageStatusReport, decode_report


@attrs.frozen
class ReplyChain:
    """To what a message replies, and to what that replies, and so on.

    Attributes:
        message_ids: The IDs of the versions named, the nearest first.
        missing: The ID of the last one, if it has not arrived.
        is_loop: Whether the chain leads back to a message in it.
    """

    message_ids: tuple[bytes, ...]
    missing: bytes | None
    is_loop: bool


class Entries(Sequence[Entry]):
    """The entries of a conversation in their order, made when they are looked at."""

    __slots__ = ("_conversation", "_order")

    def __init__(self, conversation: "Conversation", order: Sequence[Place]) -> None:
        self._conversation = conversation
        self._order = order

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Entry]:
        return map(self._conversation._entry, self._order)

    @overload
    def __getitem__(self, at: int) -> Entry: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Entry, ...]: ...
    def __getitem__(self, at: int | slice) -> Entry | tuple[Entry, ...]:
        if isinstance(at, slice):
            return tuple(map(self._conversation._entry, self._order[at]))
        return self._conversation._entry(self._order[at])


@attrs.frozen
class Conversation:
    """What has arrived of a room, and what is seen of it.

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
    _topics: Trie[bytes, Ordered[Place]] = attrs.field(factory=Trie, repr=False)
    _expiring: Ordered[Place] = attrs.field(default=NONE, repr=False)

    # What arrives

    def add(
        self, message: Message, *, sender: str, accepted: int, message_id: bytes | None = None
    ) -> "Conversation":
        """Return the conversation with one message more.

        Args:
            message: The message.
            sender: The URI of the user who sent it, as the group vouches for it.
            accepted: When the hub accepted it, in milliseconds since 1970.
            message_id: Its ID, where it is known already; by default it is computed.

        Raises:
            DuplicateMessageIdError: A message of that ID has arrived.
            MalformedError: It carries a status report that is none.
        """
        name = id_of(message, sender, self.room) if message_id is None else message_id
        return self.add_arrival(Arrival(message, name, sender, accepted))

    def add_arrival(self, arrival: Arrival) -> "Conversation":
        """Return the conversation with one message more, as another conversation had it.

        Raises:
            DuplicateMessageIdError: A message of that ID has arrived.
            MalformedError: It carries a status report that is none.
        """
        message, name = arrival.message, arrival.message_id
        record = record_of(self._records, name)
        if record.arrival is not None:
            raise DuplicateMessageIdError(
                "a message of this ID has arrived before",
                message_id=name.hex(),
                sender=arrival.sender,
            )
        report = _report_of(message.nested_part)
        order = self._order
        for orphan in _orphans(self._records, record):
            order = order.without(orphan)
        records = self._records.with_entry(
            name, arrival if record is NOTHING else record.with_arrival(arrival)
        )
        place, target = arrival.place, message.in_reply_to
        if message.replaces is not None:
            records, order = _amended(records, order, arrival, message.replaces)
        elif target is not None and is_reaction(message):
            records = records.with_entry(target, record_of(records, target).with_reaction(place))
        elif report is None:
            order = order.with_value(place)
            if target is not None:
                records = records.with_entry(target, record_of(records, target).with_reply(place))
        topics, expiring = self._topics, self._expiring
        if message.topic_id:
            same = topics.find(message.topic_id) or NONE
            topics = topics.with_entry(message.topic_id, same.with_value(place))
        if message.expires is not None:
            expiring = expiring.with_value(place)
        grown = self._with(records, order, topics, expiring)
        if report is None:
            return grown
        return grown.report(report, sender=arrival.sender, accepted=arrival.accepted)

    def report(self, report: MessageStatusReport, *, sender: str, accepted: int) -> "Conversation":
        """Return the conversation with what became of some messages at one recipient.

        Args:
            report: The report.
            sender: The URI of the user who sent it.
            accepted: When the hub accepted it, in milliseconds since 1970.
        """
        records = self._records
        for each in report.statuses:
            record = record_of(records, each.message_id)
            told = record.with_report(accepted, sender, int(each.status))
            records = records.with_entry(each.message_id, told)
        return self._with(records)

    def read(self, message_id: bytes, *, at: int) -> "Conversation":
        """Return the conversation of somebody who read a message.

        From then on its relative expiry counts. Reading it again changes nothing.

        Args:
            message_id: The version that was read.
            at: When, in seconds since 1970.
        """
        record = record_of(self._records, message_id)
        return self._with(self._records.with_entry(message_id, record.with_reading(at)))

    def at(self, now: int) -> "Conversation":
        """Return the conversation as it looks at *now*, in seconds since 1970."""
        return attrs.evolve(self, now=now)

    def erase(self, now: int) -> tuple["Conversation", tuple[bytes, ...]]:
        """Return the conversation without the bodies that nobody is to see any more.

        Returns:
            The conversation as it looks at *now*; and the IDs of the messages that were emptied, to
            be erased from wherever they are stored: what has expired, what was withdrawn, and the
            edits of both.
        """
        records = self._records
        erased: list[bytes] = []
        for place in self._doomed():
            found = resolve(records, arrival_of(records, place), self.authority)
            if found.deleted_by is None and not is_gone(records, found, now):
                continue
            for version, _ in found.versions:
                if not version.is_erased:
                    erased.append(version.message_id)
                    record = record_of(records, version.message_id).with_arrival(_emptied(version))
                    records = records.with_entry(version.message_id, record)
        return attrs.evolve(self._with(records), now=now), tuple(erased)

    # What is seen

    @property
    def entries(self) -> Entries:
        """What a person sees, oldest first."""
        return Entries(self, self._order)

    def entry(self, message_id: bytes) -> Entry | None:
        """Return the entry that a message is, or is a version of; None where there is none."""
        root = self._root(message_id)
        return None if root is None else self._entry(root.place)

    def thread(self, topic_id: bytes) -> tuple[Entry, ...]:
        """Return the entries of a topic, oldest first."""
        names = [message_id for _, message_id in self._topics.find(topic_id) or NONE]
        roots = {root.place for root in map(self._root, names) if root is not None}
        entries = map(self._entry, sorted(roots))
        return tuple(entry for entry in entries if entry.topic_id == topic_id)

    @property
    def topics(self) -> tuple[bytes, ...]:
        """The topics of which messages have arrived, sorted."""
        return tuple(sorted(self._topics))

    def reply_chain(self, message_id: bytes) -> ReplyChain:
        """Follow a message to what it replies to, and so on (section 4.1, field 4)."""
        names: list[bytes] = []
        seen: set[bytes] = set()
        current: bytes | None = message_id
        while current is not None:
            root = self._root(current)
            if root is None:
                return ReplyChain(tuple(names), current, is_loop=False)
            if root.message_id in seen:
                return ReplyChain(tuple(names), None, is_loop=True)
            seen.add(root.message_id)
            current = resolve(self._records, root, self.authority).in_reply_to
            if current is not None:
                names.append(current)
        return ReplyChain(tuple(names), None, is_loop=False)

    @property
    def unknown(self) -> tuple[bytes, ...]:
        """The IDs of messages that others refer to and that have not arrived, sorted."""
        records = self._records
        return tuple(sorted(name for name in records if record_of(records, name).arrival is None))

    @property
    def arrivals(self) -> tuple[Arrival, ...]:
        """Everything that arrived, in the order of the room: to be added to another one."""
        arrived = (record_of(self._records, name).arrival for name in self._records)
        return tuple(sorted(filter(None, arrived), key=lambda arrival: arrival.place))

    def __len__(self) -> int:
        return len(self._order)

    def _entry(self, place: Place) -> Entry:
        arrival = arrival_of(self._records, place)
        return entry_of(self._records, arrival, self.authority, self.now)

    def _root(self, message_id: bytes) -> Arrival | None:
        """Return the message of which an ID names a version, if that is seen as an entry."""
        records = self._records
        arrival = record_of(records, message_id).arrival
        if arrival is None:
            return None
        replaced = arrival.message.replaces
        if replaced is not None:
            record = record_of(records, replaced)
            if record.arrival is not None:
                arrival = record.arrival
            else:
                first = _first_by(records, record.amendments, arrival.sender)
                arrival = arrival if first is None else arrival_of(records, first)
        return arrival if arrival.place in self._order else None

    def _doomed(self) -> Iterator[Place]:
        """Return the first versions, reactions too, that may have expired or been withdrawn."""
        places = {*self._expiring}
        for name in self._records:
            record = record_of(self._records, name)
            if record.arrival is not None and record.amendments:
                places.add(record.arrival.place)
        return (
            place
            for place in sorted(places)
            if arrival_of(self._records, place).message.replaces is None or place in self._order
        )

    def _with(
        self,
        records: Records,
        order: Ordered[Place] | None = None,
        topics: Trie[bytes, Ordered[Place]] | None = None,
        expiring: Ordered[Place] | None = None,
    ) -> "Conversation":
        return Conversation(
            self.room,
            self.authority,
            self.now,
            records,
            self._order if order is None else order,
            self._topics if topics is None else topics,
            self._expiring if expiring is None else expiring,
        )


def fold(
    room: str, arrivals: Iterable[Arrival], authority: Authority = author_alone
) -> Conversation:
    """Return the conversation of messages that arrived, in whatever order.

    Raises:
        DuplicateMessageIdError: Two have the same ID.
        MalformedError: One carries a status report that is none.
    """
    conversation = Conversation(room, authority)
    for arrival in arrivals:
        conversation = conversation.add_arrival(arrival)
    return conversation


def _report_of(part: NestedPart) -> MessageStatusReport | None:
    if isinstance(part, SinglePart) and part.content_type.lower() == MEDIA_TYPE:
        return decode_report(part.content)
    return None


def _is_body(arrival: Arrival) -> bool:
    return arrival.is_erased or not isinstance(arrival.message.nested_part, NullPart)


def _first_by(records: Records, amendments: Ordered[Place], sender: str) -> Place | None:
    """Return the first of a sender's edits; None for none."""
    for place in amendments:
        arrival = arrival_of(records, place)
        if arrival.sender == sender and _is_body(arrival):
            return place
    return None


def _orphans(records: Records, record: Record) -> set[Place]:
    """Return the edits that stood for a message until it arrived, one for each sender."""
    first: dict[str, Place] = {}
    for place in record.amendments:
        arrival = arrival_of(records, place)
        if _is_body(arrival):
            first.setdefault(arrival.sender, place)
    return set(first.values())


def _amended(
    records: Records, order: Ordered[Place], arrival: Arrival, target: bytes
) -> tuple[Records, Ordered[Place]]:
    """Note that a message replaces another; until that arrives, it may stand for it."""
    record, place = record_of(records, target), arrival.place
    if record.arrival is None and _is_body(arrival):
        first = _first_by(records, record.amendments, arrival.sender)
        if first is None or place < first:
            order = (order if first is None else order.without(first)).with_value(place)
    return records.with_entry(target, record.with_amendment(place)), order


def _emptied(arrival: Arrival) -> Arrival:
    """Return a message without its body, and without extensions, which may say as much."""
    part = NullPart(arrival.message.nested_part.disposition)
    empty = replace(arrival.message, nested_part=part, extensions=NO_EXTENSIONS)
    return Arrival(empty, arrival.message_id, arrival.sender, arrival.accepted, is_erased=True)
