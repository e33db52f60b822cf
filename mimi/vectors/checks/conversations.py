"""Conversations: the same view, in whatever order messages arrive."""

from typing import Any

from mimi.content.authority import Authority, Question, Right, author_alone
from mimi.content.conversation import Conversation
from mimi.content.entry import Entry
from mimi.content.message import decode, message_id
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind, optional
from mimi.vectors.form import Form, number, report_of

Step = tuple[Any, ...]
"""What a method of `Conversation` takes."""


def check_conversation(case: Case) -> None:
    """Verify what is seen of a conversation, for every order in which its messages arrive."""
    check_kind(case, "content-conversation")
    room, moderators = case.string("room_uri"), case.strings("moderators")
    arrivals = [_arrival(part, room) for part in case.parts("arrivals")]
    reports = [_report(part) for part in case.parts("reports")]
    readings = [_reading(part) for part in case.parts("readings")]
    now = optional(case, "now")
    for at, order in enumerate(_orders(case, len(arrivals))):
        conversation = Conversation(room, moderated(moderators))
        with case.at(f"orders[{at}]"):
            for index in order:
                message, sender, accepted = arrivals[index]
                conversation = conversation.add(message, sender=sender, accepted=accepted)
        for report, sender, accepted in reports:
            conversation = conversation.report(report, sender=sender, accepted=accepted)
        for name, read_at in readings:
            conversation = conversation.read(name, at=read_at)
        view = seen(conversation if now is None else conversation.at(now))
        case.same("view", view)


def _arrival(part: Case, room: str) -> Step:
    part.only("content", "message_id", "sender", "accepted")
    octets, sender = part.octets("content"), part.string("sender")
    with part.at("content"):
        message = decode(octets)
    part.same("message_id", message_id(message, sender, room))
    return message, sender, part.integer("accepted")


def _report(part: Case) -> Step:
    part.only("report", "sender", "accepted")
    rows = part.part("report")
    pairs = [rows.part(at) for at in range(rows.length())]
    statuses: list[list[Any]] = [[row.octets(0).hex(), row.integer(1)] for row in pairs]
    with part.at("report"):
        made = report_of(statuses)
    return made, part.string("sender"), part.integer("accepted")


def _reading(part: Case) -> tuple[bytes, int]:
    part.only("message_id", "at")
    return part.octets("message_id"), part.integer("at")


def _orders(case: Case, count: int) -> list[list[int]]:
    orders = []
    for part in case.parts("orders", 1):
        order = [part.integer(index) for index in range(part.length())]
        if sorted(order) != list(range(count)):
            raise DifferenceError(part.path, f"an order of {count} messages", shown(order))
        orders.append(order)
    return orders


def moderated(moderators: tuple[str, ...]) -> Authority:
    """Return the policy of a room in which some may withdraw what others wrote."""

    def policy(question: Question) -> bool:
        moderates = question.right is Right.DELETE and question.actor in moderators
        return author_alone(question) or moderates

    return policy


def seen(conversation: Conversation) -> Form:
    """Return what a person sees of a conversation."""
    return {
        "entries": [_entry(entry) for entry in conversation.entries],
        "unknown": list(conversation.unknown),
    }


def _entry(entry: Entry) -> Form:
    expires = entry.expires
    return {
        "message_id": entry.message_id,
        "original_id": entry.original_id,
        "author": entry.author,
        "accepted": number(entry.accepted),
        "text": entry.text,
        "topic_id": entry.topic_id,
        "in_reply_to": entry.in_reply_to,
        "expires": expires and {"relative": expires.relative, "time": expires.time},
        "expires_at": entry.expires_at,
        "is_original_known": entry.is_original_known,
        "is_expired": entry.is_expired,
        "deleted_by": entry.deleted_by,
        "read_at": entry.read_at,
        "versions": [
            {
                "message_id": version.message_id,
                "sender": version.sender,
                "accepted": number(version.accepted),
                "statuses": [[who, int(version.statuses[who])] for who in sorted(version.statuses)],
            }
            for version in entry.versions
        ],
        "reactions": [
            {"message_id": each.message_id, "to": each.to, "sender": each.sender, "text": each.text}
            for each in entry.reactions
        ],
        "replies": list(entry.replies),
        "refused": [
            {"message_id": each.message_id, "reason": each.reason.name.lower()}
            for each in entry.refused
        ],
    }
