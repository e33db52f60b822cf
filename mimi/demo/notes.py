"""What a person would notice, in words."""

from typing import Any

from mimi.client import (
    ChangeRefused,
    Event,
    Joined,
    LeaveLost,
    MessageRefused,
    MessageShown,
    NeedsResync,
    NotSent,
    Proposed,
    RemovedMe,
    RoomChanged,
    RoomOver,
)
from mimi.content.entry import Entry
from mimi.content.model import ExternalPart, NestedPart
from mimi.content.parts import parts
from mimi.content.words import text_of


def short(uri: str | bytes) -> str:
    """Return the name of a user, of its URI."""
    text = uri if isinstance(uri, str) else uri.decode()
    return text.rpartition("/")[2]


def files_in(part: NestedPart | None) -> list[ExternalPart]:
    """Return the files that a message has."""
    listed = () if part is None else parts(part)
    return [each for each in listed if isinstance(each, ExternalPart)]


def shown(entry: Entry) -> dict[str, Any]:
    """Return what a person sees of an entry of the conversation."""
    return {
        "from": entry.author,
        "text": entry.text,
        "accepted": entry.accepted,
        "edited": entry.is_edited,
        "reactions": {emoji: list(users) for emoji, users in entry.tally.items()},
        "files": [each.filename for each in files_in(entry.part)],
    }


def note_of(event: Event) -> str | None:
    """Return what a person notices of an event; None for nothing."""
    match event:
        case MessageShown(message=message, sender=sender):
            files = [f"[{each.filename}]" for each in files_in(message.nested_part)]
            words = " ".join((text_of(message.nested_part), *files))
            if message.replaces is not None:
                return f"{short(sender)} edits: {words}"
            if message.in_reply_to is not None:
                return f"{short(sender)} to a message: {words}"
            return f"{short(sender)}: {words}"
        case Joined(epoch=epoch):
            return f"joined in epoch {epoch}"
        case RemovedMe(by=by):
            return f"removed by {short(by)}"
        case RoomChanged(epoch=epoch):
            return f"epoch {epoch}: {_changes(event)}"
        case Proposed(proposal=proposal, by=by):
            who = "the hub" if by is None else short(by)
            return f"{who} proposes {type(proposal).__name__}"
        case MessageRefused(error=error) | NeedsResync(reason=error):
            return f"refused: {error}"
        case ChangeRefused(next=following, reason=reason):
            return f"not taken, {following.value}: {reason}"
        case NotSent(next=following):
            return f"not sent, {following.value}"
        case LeaveLost() | RoomOver():
            return "the room is over" if isinstance(event, RoomOver) else "to leave again"
    return None


def _changes(event: RoomChanged) -> str:
    said = [f"{short(user)} joins" for user, _ in event.joined]
    said += [f"{short(user)} leaves" for user in event.left]
    said += [f"{short(user)} has role {role}" for user, _, role in event.roles]
    said += [f"{short(user)} {was} -> {now} devices" for user, was, now in event.clients]
    return f"{', '.join(said) or 'fresh keys'} (by {short(event.by)})"
