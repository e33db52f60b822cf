"""Conversations as minutes of a meeting: one line for each thing that happens.

::

    alice m1: Hi everyone                       a message
    bob m2 re m1: Right on                      a reply
    cathy r1 on m1: ❤                           a reaction
    bob e1 edits m2: Right on, all              an edit
    bob d1 deletes m2                           a withdrawal
    alice m3 topic lunch until 90: Pizza        in a topic; expires 90 seconds after START
    alice m4 after 60: Psst                     expires 60 seconds after it is read
    bob s1 reports m1=read,m3=delivered         a message that is a status report
    I read m4 at 30                             30 seconds after START

What happens first is accepted at START, and each line one second after that before; ``@500`` in
front of a line says: 500 milliseconds after START. The ID of a message is its name, as octets.
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from types import FrameType

import attrs

from mimi.content.authority import Arrival, Authority, Question, Right, author_alone
from mimi.content.conversation import Conversation, Entries
from mimi.content.entry import Entry
from mimi.content.model import (
    Disposition,
    Expiration,
    Message,
    NestedPart,
    NullPart,
    SinglePart,
)
from mimi.content.status import (
    MEDIA_TYPE,
    MessageStatusReport,
    PerMessageStatus,
    Status,
    encode_report,
)

START = 1_700_000_000
ROOM = "mimi://example.com/r/minutes"

_FIELDS = "edits|deletes|re|on|topic|until|after|reports|mood"
_LINE = re.compile(rf"(?:@(-?\d+) )?(\w+) (\w+)((?: (?:{_FIELDS}) \S+)*)(?:: (.*))?")
_READING = re.compile(r"I read (\w+) at (\d+)")


@attrs.frozen
class Reading:
    """A message was read here."""

    message_id: bytes
    at: int


Event = Arrival | Reading


def uri(name: str) -> str:
    """Return the URI of somebody."""
    return f"mimi://example.com/u/{name}"


def who(uri: str) -> str:
    """Return the name that somebody has in minutes."""
    return uri.rpartition("/")[2]


def named(name: str) -> bytes:
    """Return the message ID that a name stands for."""
    return b"\x01" + name.encode().ljust(31, b"\0")


def name_of(message_id: bytes) -> str:
    """Return the name that a message ID stands for."""
    return message_id[1:].rstrip(b"\0").decode()


def names_of(message_ids: Iterable[bytes]) -> list[str]:
    """Return the names that message IDs stand for."""
    return [name_of(message_id) for message_id in message_ids]


def report_of(told: str) -> MessageStatusReport:
    """Return the report that ``m1=read,m2=delivered`` stands for."""
    pairs = [pair.split("=") for pair in told.split(",")]
    return MessageStatusReport(
        tuple(
            PerMessageStatus(named(name), getattr(Status, status.upper())) for name, status in pairs
        )
    )


def text_part(text: str, disposition: Disposition = Disposition.RENDER) -> SinglePart:
    """Return a body of plain text."""
    return SinglePart(disposition, "", "text/plain;charset=utf-8", text.encode())


def _part(fields: dict[str, str], text: str | None) -> NestedPart:
    disposition = Disposition.REACTION if "on" in fields else Disposition.RENDER
    if "reports" in fields:
        octets = encode_report(report_of(fields["reports"]))
        return SinglePart(disposition, "", MEDIA_TYPE, octets)
    return NullPart(disposition) if text is None else text_part(text, disposition)


def _id_in(fields: dict[str, str], *keys: str) -> bytes | None:
    return next((named(fields[key]) for key in keys if key in fields), None)


def _expiration(fields: dict[str, str]) -> Expiration | None:
    if "after" in fields:
        return Expiration(relative=True, time=int(fields["after"]))
    return (
        Expiration(relative=False, time=START + int(fields["until"])) if "until" in fields else None
    )


def message_of(name: str, fields: dict[str, str], text: str | None) -> Message:
    """Return the message that a line stands for."""
    return Message(
        name.encode().ljust(16, b"\1"),
        _id_in(fields, "edits", "deletes"),
        fields.get("topic", "").encode(),
        _expiration(fields),
        _id_in(fields, "re", "on"),
        {"mood": fields["mood"]} if "mood" in fields else {},
        _part(fields, text),
    )


def minutes(text: str) -> list[Event]:
    """Return what happened, in the order of the lines."""
    events: list[Event] = []
    accepted = START * 1000
    for line in filter(None, map(str.strip, text.splitlines())):
        reading = _READING.fullmatch(line)
        if reading is not None:
            events.append(Reading(named(reading[1]), START + int(reading[2])))
            continue
        match = _LINE.fullmatch(line)
        assert match is not None, line
        at, sender, name, words, said = match.groups()
        fields = dict(re.findall(r"(\w+) (\S+)", words))
        accepted = accepted if at is None else START * 1000 + int(at)
        events.append(Arrival(message_of(name, fields, said), named(name), uri(sender), accepted))
        accepted += 1000
    return events


def readable(events: Iterable[Event], after: Conversation | None = None) -> list[Event]:
    """Return what happened, each reading after its message, and without those of no message."""
    ordered: list[Event] = []
    arrived: set[bytes] = set()
    waiting: dict[bytes, list[Event]] = {}
    for event in events:
        name = event.message_id
        if isinstance(event, Arrival):
            arrived.add(name)
            ordered += [event, *waiting.pop(name, ())]
        elif name in arrived or (after is not None and after.has_arrived(name)):
            ordered.append(event)
        else:
            waiting.setdefault(name, []).append(event)
    return ordered


def held(
    events: str | Sequence[Event],
    authority: Authority = author_alone,
    *,
    now: int | None = None,
    after: Conversation | None = None,
) -> Conversation:
    """Return the conversation of what happened; *now* is seconds after START.

    What is read before it arrives is read when it arrives.
    """
    conversation = Conversation(ROOM, authority) if after is None else after
    for event in readable(minutes(events) if isinstance(events, str) else events, after):
        if isinstance(event, Arrival):
            conversation = conversation.add_arrival(event)
        else:
            conversation = conversation.read(event.message_id, at=event.at)
    return conversation if now is None else conversation.at(START + now)


def moderated(
    *moderators: str, rights: Iterable[Right] = (Right.DELETE,)
) -> Callable[[Question], bool]:
    """Return the policy of a room where some may do more than authors may."""
    uris, granted = {*map(uri, moderators)}, {*rights}

    def policy(question: Question) -> bool:
        return author_alone(question) or (question.right in granted and question.actor in uris)

    return policy


def line_of(entry: Entry) -> str:
    """Return an entry as a line: what is seen, and by whom it was changed."""
    words = [who(entry.author), name_of(entry.message_id)]
    words += [] if entry.in_reply_to is None else ["re", name_of(entry.in_reply_to)]
    words += ["topic", entry.topic_id.decode()] if entry.topic_id else []
    words += [] if entry.deleted_by is None else ["deleted by", who(entry.deleted_by)]
    words += ["expired"] if entry.is_expired else []
    words += ["of unknown", name_of(entry.original_id)] if not entry.is_original_known else []
    edits = names_of(each.message_id for each in entry.versions[1:])
    words += ["edited by", *edits] if edits else []
    line = " ".join(words) + (f": {entry.text}" if entry.part is not None else "")
    reactions = [f"{who(each.sender)} {each.text}" for each in entry.reactions]
    return " | ".join([line, *reactions])


def shown(entries: Entries | Iterable[Entry] | Conversation) -> list[str]:
    """Return what is seen, a line for each entry."""
    return list(map(line_of, entries.entries if isinstance(entries, Conversation) else entries))


def refused(entry: Entry) -> dict[str, str]:
    """Return the names of the amendments without effect, and why they have none."""
    return {name_of(each.message_id): each.reason.name for each in entry.refused}


def entry_of(conversation: Conversation, name: str) -> Entry:
    """Return an entry that is there."""
    entry = conversation.entry(named(name))
    assert entry is not None, name
    return entry


def is_consistent(conversation: Conversation) -> bool:
    """Return whether entries, positions, replies and storage fit together."""
    entries = list(conversation.entries)
    assert [conversation.entry(each.message_id) for each in entries] == entries
    assert [conversation.position(each.message_id) for each in entries] == [*range(len(entries))]
    assert list(reversed(conversation.entries)) == entries[::-1]
    for entry in entries:
        versions = {version.message_id for version in entry.versions}
        found = [each.message_id for each in entries if each.in_reply_to in versions]
        assert list(entry.replies) == found
    return True


def calls(work: Callable[[], object], of: Callable[..., object] | None = None) -> int:
    """Return how often functions, or one of them alone, are called and return in some work."""
    counted = 0

    def count(frame: FrameType, _event: str, _argument: object) -> None:
        nonlocal counted
        counted += of is None or frame.f_code is of.__code__

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted
