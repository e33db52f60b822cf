"""From what arrived to what is seen: pure functions over the records of a conversation.

A message is seen by its root: its first version; or, as long as that has not arrived, the first
edit of each sender, since its author is not known.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeAlias, TypeGuard

import attrs

from mimi.codec import replace
from mimi.content.authority import Arrival, Authority, Question, Right
from mimi.content.entry import Entry, Quotation, Reaction, Reason, RefusedAmendment, Version
from mimi.content.extensions import NO_EXTENSIONS, Extensions
from mimi.content.model import (
    SALT_OCTETS,
    Disposition,
    Expiration,
    Message,
    MultiPart,
    NestedPart,
    NullPart,
    PartSemantics,
    SinglePart,
)
from mimi.content.persistent import Few, Trie, with_one
from mimi.content.status import MEDIA_TYPE, Status, follows

Place: TypeAlias = tuple[int, bytes]
"""When a message was accepted, and its ID."""

NOBODY: Trie[str, Few[Place]] = Trie()

MOST_REACTIONS = 32
"""How many reactions of one message count; the others are not seen."""


@attrs.frozen
class Record:
    """What is known under one message ID, whether or not that message has arrived.

    Attributes:
        arrival: The message; None until it arrives.
        amendments: The messages that replace it.
        standing: Until it arrives, from each sender of such messages to those with a body.
        withdrawals: Until it arrives, such messages without a body, of whomever.
        referrers: The messages that reply or react to it.
        reports: What became of it: when that was accepted, who says so, the place in the report,
            and the status.
        read_at: When it was read here, in seconds since 1970; None for not yet.
    """

    arrival: Arrival | None = None
    amendments: Few[Place] = ()
    standing: Trie[str, Few[Place]] = NOBODY
    withdrawals: Few[Place] = ()
    referrers: Few[Place] = ()
    reports: Few[tuple[int, str, int, int]] = ()
    read_at: int | None = None

    # Written out, since `attrs.evolve` takes longer than all the rest of an arrival.

    def with_arrival(self, arrival: Arrival) -> "Record":
        """Return the record with its message."""
        return Record(
            arrival, self.amendments, NOBODY, (), self.referrers, self.reports, self.read_at
        )

    def with_amendment(self, amendment: Arrival) -> "Record":
        """Return the record with a message that replaces its own."""
        place, sender = amendment.place, amendment.sender
        standing, withdrawals = self.standing, self.withdrawals
        if self.arrival is None:
            if is_body(amendment):
                edits = with_one(standing.find(sender) or (), place)
                standing = standing.with_entry(sender, edits)
            else:
                withdrawals = with_one(withdrawals, place)
        amendments = with_one(self.amendments, place)
        rest = self.referrers, self.reports, self.read_at
        return Record(self.arrival, amendments, standing, withdrawals, *rest)

    def with_referrer(self, place: Place) -> "Record":
        """Return the record with a reply or a reaction."""
        referrers = with_one(self.referrers, place)
        rest = self.reports, self.read_at
        return Record(
            self.arrival, self.amendments, self.standing, self.withdrawals, referrers, *rest
        )

    def with_report(self, report: tuple[int, str, int, int]) -> "Record":
        """Return the record with what one recipient says."""
        before = self.arrival, self.amendments, self.standing, self.withdrawals, self.referrers
        return Record(*before, with_one(self.reports, report), self.read_at)

    def with_reading(self, at: int) -> "Record":
        """Return the record of a message that was read here, then or before."""
        before = self.arrival, self.amendments, self.standing, self.withdrawals, self.referrers
        return Record(*before, self.reports, at if self.read_at is None else min(at, self.read_at))


NOTHING = Record()

Records: TypeAlias = Trie[bytes, Arrival | Record]
"""From message IDs to what is known; a message that nobody refers to stands there by itself."""


def record_of(records: Records, message_id: bytes) -> Record:
    """Return what is known under a message ID."""
    found = records.find(message_id)
    if found is None:
        return NOTHING
    return found if isinstance(found, Record) else Record(found)


def with_arrival(records: Records, arrival: Arrival) -> Records:
    """Return the records with a message, new or in place of what is there."""
    found = records.find(arrival.message_id)
    known = found.with_arrival(arrival) if isinstance(found, Record) else arrival
    return records.with_entry(arrival.message_id, known)


def arrival_of(records: Records, place: Place) -> Arrival:
    """Return the message at a place where one has arrived."""
    found = records[place[1]]
    arrival = found.arrival if isinstance(found, Record) else found
    assert arrival is not None  # noqa: S101 (places are of arrivals)
    return arrival


# What kind of message one is


def is_reaction(message: Message) -> bool:
    """Whether a message is a reaction to another one."""
    return message.in_reply_to is not None and (
        message.nested_part.disposition == Disposition.REACTION
    )


def is_report(part: NestedPart) -> TypeGuard[SinglePart]:
    """Whether a message of that body is a status report, and nothing else, whatever it says."""
    if not isinstance(part, SinglePart):
        return False
    return part.content_type.partition(";")[0].strip(" \t").lower() == MEDIA_TYPE


def is_seen(message: Message) -> bool:
    """Whether a message has an entry of its own, if it is a root."""
    return not is_reaction(message) and not is_report(message.nested_part)


def is_body(arrival: Arrival) -> bool:
    """Whether a message that replaces another one edits it, and does not withdraw it."""
    return arrival.is_erased or not isinstance(arrival.message.nested_part, NullPart)


def emptied(arrival: Arrival) -> Arrival:
    """Return a message without what it said.

    That is the body, the extensions, which may say as much, and the salt, without which nobody can
    guess the rest and compare the ID.
    """
    part = NullPart(arrival.message.nested_part.disposition)
    empty = replace(
        arrival.message, salt=bytes(SALT_OCTETS), nested_part=part, extensions=NO_EXTENSIONS
    )
    return Arrival(empty, arrival.message_id, arrival.sender, arrival.accepted, is_erased=True)


# Roots


def root_of(records: Records, message_id: bytes) -> Arrival | None:
    """Return the root of the message of which an ID names a version or an amendment.

    None where it is not known; and for reports, and for what replaces an amendment.
    """
    arrival = record_of(records, message_id).arrival
    if arrival is None or is_report(arrival.message.nested_part):
        return None
    replaced = arrival.message.replaces
    if replaced is None:
        return arrival
    record = record_of(records, replaced)
    if record.arrival is None:
        edits = record.standing.find(arrival.sender)
        return None if edits is None else arrival_of(records, edits[0])
    message = record.arrival.message
    is_root = message.replaces is None and not is_report(message.nested_part)
    return record.arrival if is_root else None


def roots_of(records: Records, message_id: bytes) -> Iterator[Arrival]:
    """Return the roots of what an amendment names."""
    record = record_of(records, message_id)
    root = root_of(records, message_id)
    if root is not None:
        yield root
    for sender in record.standing:
        yield arrival_of(records, record.standing[sender][0])


# Amendments


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
    refused: list[tuple[Arrival, Reason]] = attrs.Factory(list)

    def amend(self, amendment: Arrival, authority: Authority) -> None:
        """Let one amendment take effect, as far as its sender may."""
        if self.deleted_by is not None:
            self.refused.append((amendment, Reason.AFTER_DELETION))
        elif is_body(amendment):
            self._edit(amendment, authority)
        elif authority(Question(Right.DELETE, self.original, amendment)):
            self.deleted_by = amendment
        else:
            self.refused.append((amendment, Reason.NOT_AUTHORISED))

    def _edit(self, amendment: Arrival, authority: Authority) -> None:
        message = amendment.message

        def may(right: Right) -> bool:
            return authority(Question(right, self.original, amendment))

        changed = False
        if may(Right.EDIT):
            self.part, changed = message.nested_part, True
        if message.topic_id != self.topic_id and may(Right.CHANGE_TOPIC):
            self.topic_id, changed = message.topic_id, True
        if message.expires != self.expires and may(Right.CHANGE_EXPIRY):
            self.expires, changed = message.expires, True
        if message.in_reply_to != self.in_reply_to and may(Right.CHANGE_REPLY):
            self.in_reply_to, changed = message.in_reply_to, True
        if may(Right.CHANGE_EXTENSIONS):
            self.extensions, changed = message.extensions, True
        if changed:
            self.versions.append((amendment, self.part))
        else:
            self.refused.append((amendment, Reason.NOT_AUTHORISED))


def resolve(records: Records, root: Arrival, authority: Authority) -> Resolution:
    """Return a message after all its amendments, in the order of the room."""
    message = root.message
    found = Resolution(
        root,
        message.nested_part,
        message.topic_id,
        message.expires,
        message.in_reply_to,
        message.extensions,
        [(root, message.nested_part)],
    )
    misnamed = [] if message.replaces is None else [root]
    for place in _amendments(records, root):
        amendment = arrival_of(records, place)
        found.amend(amendment, authority)
        misnamed.append(amendment)
    while misnamed:
        for place in record_of(records, misnamed.pop().message_id).amendments:
            amendment = arrival_of(records, place)
            found.refused.append((amendment, Reason.NOT_FIRST_VERSION))
            misnamed.append(amendment)
    return found


def _amendments(records: Records, root: Arrival) -> Iterable[Place]:
    """Return the amendments of a message, in the order of the room.

    Of a message that has not arrived they are the further edits of the sender of the one that
    stands for it, and all withdrawals: edits of other senders stand for themselves, and who may
    withdraw it is for the policy to say.
    """
    replaced = root.message.replaces
    if replaced is None:
        return record_of(records, root.message_id).amendments
    record = record_of(records, replaced)
    return sorted((*record.standing[root.sender][1:], *record.withdrawals))


# Expiry


def expiry_of(records: Records, found: Resolution) -> int | None:
    """Return when a message expires, in seconds since 1970; None for never, or not yet known."""
    if found.expires is None:
        return None
    if not found.expires.relative:
        return found.expires.time
    read_at = reading_of(records, found)
    return None if read_at is None else read_at + found.expires.time


def reading_of(records: Records, found: Resolution) -> int | None:
    """Return when any version of a message was read here first; None for not yet."""
    read = [record_of(records, version.message_id).read_at for version, _ in found.versions]
    return min((at for at in read if at is not None), default=None)


def _is_past(expiry: int | None, now: int | None) -> bool:
    return expiry is not None and now is not None and now >= expiry


def is_hidden(records: Records, found: Resolution, now: int | None) -> bool:
    """Whether nobody is to see the body of a message at *now*."""
    return found.deleted_by is not None or _is_past(expiry_of(records, found), now)


# What is seen


def entry_of(records: Records, root: Arrival, authority: Authority, now: int | None) -> Entry:
    """Return what is seen of a message at *now*."""
    found = resolve(records, root, authority)
    expires_at = expiry_of(records, found)
    expired = _is_past(expires_at, now)
    hidden = expired or found.deleted_by is not None
    versions = tuple(
        _version(records, version, None if hidden else part) for version, part in found.versions
    )
    reactions, replies = _referring(records, found, authority, now)
    replaced = root.message.replaces
    return Entry(
        message_id=root.message_id,
        original_id=root.message_id if replaced is None else replaced,
        author=root.sender,
        accepted=root.accepted,
        versions=versions,
        part=versions[-1].part,
        topic_id=found.topic_id,
        in_reply_to=found.in_reply_to,
        expires=found.expires,
        expires_at=expires_at,
        extensions=NO_EXTENSIONS if hidden else found.extensions,
        deleted_by=None if found.deleted_by is None else found.deleted_by.sender,
        is_expired=expired,
        read_at=reading_of(records, found),
        reactions=reactions,
        replies=replies,
        refused=tuple(
            RefusedAmendment(arrival.message_id, arrival.sender, arrival.accepted, reason)
            for arrival, reason in sorted(found.refused, key=_place)
        ),
    )


def _place(refused: tuple[Arrival, Reason]) -> Place:
    return refused[0].place


def quotation_of(
    records: Records, named: bytes, authority: Authority, now: int | None
) -> Quotation:
    """Return what is seen at *now* of a version that a reply names."""
    root = root_of(records, named)
    if root is None or not is_seen(root.message):
        return Quotation(named)
    found = resolve(records, root, authority)
    hidden = is_hidden(records, found, now)
    versions = (
        _version(records, version, None if hidden else part)
        for version, part in found.versions
        if version.message_id == named
    )
    is_outdated = found.versions[-1][0].message_id != named
    return Quotation(named, root.message_id, root.sender, next(versions, None), is_outdated)


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
    for _, sender, _, number in record.reports:
        status = Status(number)
        if follows(status, statuses.get(sender)):
            statuses[sender] = status
    return statuses


def _referring(
    records: Records, found: Resolution, authority: Authority, now: int | None
) -> tuple[tuple[Reaction, ...], tuple[bytes, ...]]:
    """Return the reactions and the replies to any version of a message."""
    names = {version.message_id for version, _ in found.versions}
    referring: dict[Place, Resolution] = {}
    for name in names:
        for place in record_of(records, name).referrers:
            root = root_of(records, place[1])
            if root is None or root.place in referring:
                continue
            referrer = arrival_of(records, place)
            if referrer is root or authority(Question(Right.CHANGE_REPLY, root, referrer)):
                referring[root.place] = resolve(records, root, authority)
    reactions: list[Reaction] = []
    replies: list[bytes] = []
    for place in sorted(referring):
        other = referring[place]
        if other.in_reply_to not in names:
            continue
        if not is_reaction(other.original.message):
            replies.append(place[1])
        elif not is_hidden(records, other, now):
            reactions += _reactions(other)
    return tuple(reactions), tuple(replies)


def _reactions(found: Resolution) -> Iterator[Reaction]:
    root = found.original
    for part in islice(_each(found.part), MOST_REACTIONS):
        yield Reaction(root.message_id, found.in_reply_to or b"", root.sender, root.accepted, part)


def _each(part: NestedPart) -> Iterator[NestedPart]:
    """Return the reactions of one message: several, if it has several parts to be processed."""
    if isinstance(part, MultiPart) and part.part_semantics is PartSemantics.PROCESS_ALL:
        for inner in part.parts:
            yield from _each(inner)
    elif not isinstance(part, NullPart):
        yield part
