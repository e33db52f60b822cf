"""What became of messages: application/mimi-message-status (draft-mahy-mimi-message-status-01).

A report is sent by one member of a room and tells, of any number of messages of that room, what
became of them at the member's. Which changes make sense is left to implementations by the draft;
`follows` is our answer, as a table.
"""

from mimi.codec import CodePoint8, point
from mimi.codec.cddl import array, bare
from mimi.codec.document import decode_document, encode_document
from mimi.content.model import MessageId
from mimi.errors import UsageError

MEDIA_TYPE = "application/mimi-message-status"
MOST_OCTETS = 1 << 20
SMALLEST = 36
"""The octets of one message ID with its status."""


class Status(CodePoint8):
    """What became of a message at the one who reports (section 3)."""

    __slots__ = ()
    UNREAD = point(0)
    DELIVERED = point(1)
    READ = point(2)
    EXPIRED = point(3)
    DELETED = point(4)
    HIDDEN = point(5)
    ERROR = point(6)


@array
class PerMessageStatus:
    """What became of one message."""

    message_id: MessageId
    status: Status


@bare
class MessageStatusReport:
    """What became of some messages at the one who sends the report."""

    statuses: tuple[PerMessageStatus, ...]


def decode_report(octets: bytes, *, max_octets: int = MOST_OCTETS) -> MessageStatusReport:
    """Return the report of which *octets* are the one encoding.

    Raises:
        MalformedError: They are none.
    """
    return decode_document(
        MessageStatusReport,
        octets,
        max_octets=max_octets,
        max_containers=_most_arrays(max_octets),
    )


def encode_report(report: MessageStatusReport, *, max_octets: int = MOST_OCTETS) -> bytes:
    """Return the one encoding of a report.

    Raises:
        UsageError: A message ID or a status cannot be encoded, or there are more of them than fit
            into *max_octets*.
    """
    octets = encode_document(report, max_containers=_most_arrays(max_octets))
    if len(octets) > max_octets:
        raise UsageError(f"a report of {len(octets)} octets, {max_octets} permitted")
    return octets


def _most_arrays(max_octets: int) -> int:
    return 1 + max_octets // SMALLEST


S = Status

TRANSITIONS: dict[Status, frozenset[Status]] = {
    S.UNREAD: frozenset({S.DELIVERED, S.READ, S.EXPIRED, S.DELETED, S.HIDDEN, S.ERROR}),
    S.DELIVERED: frozenset({S.UNREAD, S.READ, S.EXPIRED, S.DELETED, S.HIDDEN, S.ERROR}),
    S.READ: frozenset({S.UNREAD, S.EXPIRED, S.DELETED, S.HIDDEN}),
    S.HIDDEN: frozenset({S.UNREAD, S.READ, S.EXPIRED, S.DELETED}),
    S.ERROR: frozenset({S.UNREAD, S.DELIVERED, S.READ, S.EXPIRED, S.DELETED, S.HIDDEN}),
    S.EXPIRED: frozenset({S.DELETED}),
    S.DELETED: frozenset(),
}
"""From each status to those that can follow it.

What is deleted is gone, and what expired can only be deleted still. A message that was read is not
delivered afterwards, and does not fail to arrive. One that was hidden can be shown again. After an
error the message may still arrive.
"""


def follows(status: Status, before: Status | None) -> bool:
    """Return whether a message can have *status* after *before*; None is that nothing is known.

    A status without a name here, before or after, is anything's follower: what it means is known to
    those who use it. So is a status repeated.
    """
    if before is None or status == before or before not in TRANSITIONS or status not in TRANSITIONS:
        return True
    return status in TRANSITIONS[before]
