"""From what arrived to what is seen: pure functions over the records of a conversation."""

from collections.abc import Iterator
from typing import TypeAlias

import attrs

from mimi.content.authority import Arrival, Authority, Question, Right
from mimi.content.entry import Entry, Reaction, Reason, RefusedAmendment, Version
from mimi.content.extensions import NO_EXTENSIONS, Extensions
from mimi.content.model import (
    Disposition,
    Expiration,
    Message,
    MultiPart,
    NestedPart,
    NullPart,
    PartSemantics,
)
from mimi.content.persistent import NONE, Ordered, Trie
from mimi.content.status import Status, follows

Place: TypeAlias = tuple[int, bytes]
"""When a message was accepted, and its ID."""


@attrs.frozen
class Record:
    """What is known under one message ID, whether or not that message has arrived.

    Attributes:
        arrival: The message; None until it arrives.
        amendments: The messages that replace it.
        reactions: The reactions to it.
        replies: The replies to it.
        reports: What became of it: when that was accepted, who says so, and the status.
        read_at: When it was read here, in seconds since 1970; None for not yet.
    """

    arrival: Arrival | None = None
    amendments: Ordered[Place] = NONE
    reactions: Ordered[Place] = NONE
    replies: Ordered[Place] = NONE
    reports: Ordered[tuple[int, str, int]] = NONE
    read_at: int | None = None

    # Written out, since `attrs.evolve` takes longer than all the rest of an arrival.

    def with_arrival(self, arrival: Arrival) -> "Record":
        """Return the record with its message."""
        return Record(
            arrival, self.amendments, self.reactions, self.replies, self.reports, self.read_at
        )

    def with_amendment(self, place: Place) -> "Record":
        """Return the record with a message that replaces its own."""
        amendments = self.amendments.with_value(place)
        return Record(
            self.arrival, amendments, self.reactions, self.replies, self.reports, self.read_at
        )

    def with_reaction(self, place: Place) -> "Record":
        """Return the record with a reaction."""
        reactions = self.reactions.with_value(place)
        return Record(
            self.arrival, self.amendments, reactions, self.replies, self.reports, self.read_at
        )

    def with_reply(self, place: Place) -> "Record":
        """Return the record with a reply."""
        replies = self.replies.with_value(place)
        return Record(
            self.arrival, self.amendments, self.reactions, replies, self.reports, self.read_at
        )

    def with_report(self, accepted: int, sender: str, status: int) -> "Record":
        """Return the record with what one recipient says."""
        reports = self.reports.with_value((accepted, sender, status))
        return Record(
            self.arrival, self.amendments, self.reactions, self.replies, reports, self.read_at
        )

    def with_reading(self, at: int) -> "Record":
        """Return the record of a message that was read here, then or before."""
        read_at = at if self.read_at is None else min(at, self.read_at)
        return Record(
            self.arrival, self.amendments, self.reactions, self.replies, self.reports, read_at
        )


NOTHING = Record()

Records: TypeAlias = Trie[bytes, Arrival | Record]
"""From message IDs to what is known; a message that nobody refers to stands there by itself."""


def record_of(records: Records, message_id: bytes) -> Record:
    """Return what is known under a message ID."""
    found = records.find(message_id)
    if found is None:
        return NOTHING
    return found if isinstance(found, Record) else Record(found)


def is_reaction(message: Message) -> bool:
    """Whether a message is a reaction to another one."""
    return message.in_reply_to is not None and (
        message.nested_part.disposition == Disposition.REACTION
    )


@attrs.define
class Resolution:
    """A message after its amendments, in the making."""

    original: Arrival
    part: NestedPart
    topic_id: bytes
    expires: Expiration | None
    in_reply_to: bytes | None
    extensions: Extensions
    versions: list[tuple[Arrival, NestedPart]]
    deleted_by: Arrival | None = None
    refused: list[RefusedAmendment] = attrs.Factory(list)

    def amend(self, amendment: Arrival, authority: Authority) -> None:
        """Let one amendment take effect, as far as its sender may."""
        if self.deleted_by is not None:
            self.refuse(amendment, Reason.AFTER_DELETION)
            return
        message = amendment.message

        def may(right: Right) -> bool:
            return authority(Question(right, self.original, amendment))

        if isinstance(message.nested_part, NullPart) and not amendment.is_erased:
            if may(Right.DELETE):
                self.deleted_by = amendment
            else:
                self.refuse(amendment, Reason.NOT_AUTHORISED)
            return
        changed = False
        if may(Right.EDIT):
            self.part, changed = message.nested_part, True
        if message.topic_id != self.topic_id and may(Right.CHANGE_TOPIC):
            self.topic_id, changed = message.topic_id, True
        if message.expires != self.expires and may(Right.CHANGE_EXPIRY):
            self.expires, changed = message.expires, True
        if message.in_reply_to != self.in_reply_to and may(Right.CHANGE_REPLY):
            self.in_reply_to, changed = message.in_reply_to, True
        if message.extensions != self.extensions and may(Right.CHANGE_EXTENSIONS):
            self.extensions, changed = message.extensions, True
        if changed:
            self.versions.append((amendment, self.part))
        else:
            self.refuse(amendment, Reason.NOT_AUTHORISED)

    def refuse(self, amendment: Arrival, reason: Reason) -> None:
        """Note that an amendment has no effect."""
        self.refused.append(RefusedAmendment(amendment.message_id, amendment.sender, reason))


def resolve(records: Records, arrival: Arrival, authority: Authority) -> Resolution:
    """Return a message after all its amendments, in the order of the room.

    *arrival* is a first version; or, where that has not arrived, the first edit of its sender.
    """
    message = arrival.message
    found = Resolution(
        arrival,
        message.nested_part,
        message.topic_id,
        message.expires,
        message.in_reply_to,
        message.extensions,
        [(arrival, message.nested_part)],
    )
    for amendment in _amendments(records, arrival):
        found.amend(amendment, authority)
        for place in record_of(records, amendment.message_id).amendments:
            late = arrival_of(records, place)
            found.refuse(late, Reason.NOT_FIRST_VERSION)
    return found


def _amendments(records: Records, arrival: Arrival) -> Iterator[Arrival]:
    replaced = arrival.message.replaces
    if replaced is None:
        for place in record_of(records, arrival.message_id).amendments:
            yield arrival_of(records, place)
        return
    # The first version is not here, so that its author is not known: each sender's edits of it
    # stand for themselves.
    for place in record_of(records, replaced).amendments:
        other = arrival_of(records, place)
        if other.sender == arrival.sender and other is not arrival:
            yield other


def arrival_of(records: Records, place: Place) -> Arrival:
    """Return the message at a place where one has arrived."""
    found = records[place[1]]
    arrival = found.arrival if isinstance(found, Record) else found
    assert arrival is not None  # noqa: S101 (places are of arrivals)
    return arrival


def expiry_of(records: Records, found: Resolution) -> int | None:
    """Return when a message expires, in seconds since 1970; None for never, or not yet known."""
    if found.expires is None:
        return None
    if not found.expires.relative:
        return found.expires.time
    read = [record_of(records, version.message_id).read_at for version, _ in found.versions]
    first = min((at for at in read if at is not None), default=None)
    return None if first is None else first + found.expires.time


def is_gone(records: Records, found: Resolution, now: int | None) -> bool:
    """Whether a message has expired at *now*."""
    expiry = expiry_of(records, found)
    return expiry is not None and now is not None and now >= expiry


def entry_of(records: Records, arrival: Arrival, authority: Authority, now: int | None) -> Entry:
    """Return what is seen of a message at *now*."""
    found = resolve(records, arrival, authority)
    expired = is_gone(records, found, now)
    hidden = expired or found.deleted_by is not None
    versions = tuple(
        _version(records, version, None if hidden else part) for version, part in found.versions
    )
    return Entry(
        message_id=arrival.message_id,
        author=arrival.sender,
        accepted=arrival.accepted,
        versions=versions,
        is_original_known=arrival.message.replaces is None,
        part=versions[-1].part,
        topic_id=found.topic_id,
        in_reply_to=found.in_reply_to,
        expires=found.expires,
        extensions=NO_EXTENSIONS if hidden else found.extensions,
        deleted_by=None if found.deleted_by is None else found.deleted_by.sender,
        is_expired=expired,
        reactions=_reactions(records, found, authority, now),
        replies=_replies(records, found),
        refused=tuple(found.refused),
    )


def _version(records: Records, version: Arrival, part: NestedPart | None) -> Version:
    return Version(
        version.message_id,
        version.sender,
        version.accepted,
        None if version.is_erased else part,
        statuses_of(record_of(records, version.message_id)),
    )


def statuses_of(record: Record) -> dict[str, Status]:
    """Return what became of a message, by recipient: reports that make no sense do not count."""
    statuses: dict[str, Status] = {}
    for _, sender, number in record.reports:
        status = Status(number)
        if follows(status, statuses.get(sender)):
            statuses[sender] = status
    return statuses


def _places(records: Records, found: Resolution, kind: str) -> list[Place]:
    lists = [getattr(record_of(records, version.message_id), kind) for version, _ in found.versions]
    return sorted(place for places in lists for place in places) if len(lists) > 1 else [*lists[0]]


def _replies(records: Records, found: Resolution) -> tuple[bytes, ...]:
    return tuple(message_id for _, message_id in _places(records, found, "replies"))


def _reactions(
    records: Records, found: Resolution, authority: Authority, now: int | None
) -> tuple[Reaction, ...]:
    reactions: list[Reaction] = []
    for place in _places(records, found, "reactions"):
        reacting = resolve(records, arrival_of(records, place), authority)
        to = reacting.original.message.in_reply_to
        if to is None or reacting.deleted_by is not None or is_gone(records, reacting, now):
            continue
        reactions += (
            Reaction(place[1], to, reacting.original.sender, place[0], part)
            for part in _each(reacting.part)
        )
    return tuple(reactions)


def _each(part: NestedPart) -> tuple[NestedPart, ...]:
    """Return the reactions of one message: several, if it has several parts to be processed."""
    if isinstance(part, MultiPart) and part.part_semantics is PartSemantics.PROCESS_ALL:
        return tuple(single for inner in part.parts for single in _each(inner))
    return () if isinstance(part, NullPart) else (part,)
