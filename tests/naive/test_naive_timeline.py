"""Conversations, worked out by the library and the long way."""

import json
from typing import Any

import pytest
from content.happenings import PEOPLE, REPORTS, happenings
from content.minutes import START, Event, Reading, held, minutes, moderated, uri, who
from hypothesis import given
from hypothesis import strategies as st
from naive.naive_content import decode_message
from naive.naive_timeline import timeline

from mimi.content.authority import Arrival
from mimi.content.conversation import Conversation
from mimi.content.entry import Entry
from mimi.content.message import encode
from mimi.content.status import MessageStatusReport

JSON = dict[str, Any]
Told = tuple[MessageStatusReport, str, int]

TIMES = st.integers(START * 1000, START * 1000 + 3)
TOLD = st.lists(st.tuples(REPORTS, st.sampled_from(PEOPLE).map(uri), TIMES), max_size=3)


def document(events: list[Event], told: list[Told], moderators: list[str], now: int | None) -> JSON:
    """Return what happened as JSON."""
    return {
        "arrivals": [
            {
                "message": decode_message(encode(event.message)),
                "message_id": event.message_id.hex(),
                "sender": event.sender,
                "accepted": event.accepted,
            }
            for event in events
            if isinstance(event, Arrival)
        ],
        "reports": [
            {
                "report": [[each.message_id.hex(), int(each.status)] for each in report.statuses],
                "sender": sender,
                "accepted": accepted,
            }
            for report, sender, accepted in told
        ],
        "readings": [
            {"message_id": event.message_id.hex(), "at": event.at}
            for event in events
            if isinstance(event, Reading)
        ],
        "moderators": moderators,
        "now": now,
    }


def entry_document(entry: Entry) -> JSON:
    """Return an entry as JSON."""
    expires = entry.expires
    return {
        "message_id": entry.message_id.hex(),
        "original_id": entry.original_id.hex(),
        "author": entry.author,
        "accepted": entry.accepted,
        "text": entry.text,
        "topic_id": entry.topic_id.hex(),
        "in_reply_to": None if entry.in_reply_to is None else entry.in_reply_to.hex(),
        "expires": expires and {"relative": expires.relative, "time": expires.time},
        "expires_at": entry.expires_at,
        "is_original_known": entry.is_original_known,
        "is_expired": entry.is_expired,
        "deleted_by": entry.deleted_by,
        "read_at": entry.read_at,
        "versions": [
            {
                "message_id": version.message_id.hex(),
                "sender": version.sender,
                "accepted": version.accepted,
                "statuses": {sender: int(status) for sender, status in version.statuses.items()},
            }
            for version in entry.versions
        ],
        "reactions": [
            {
                "message_id": each.message_id.hex(),
                "to": each.to.hex(),
                "sender": each.sender,
                "text": each.text,
            }
            for each in entry.reactions
        ],
        "replies": [name.hex() for name in entry.replies],
        "refused": [
            {"message_id": each.message_id.hex(), "reason": each.reason.name.lower()}
            for each in entry.refused
        ],
    }


def view(conversation: Conversation) -> JSON:
    """Return what is seen of a conversation as JSON."""
    return {
        "entries": [entry_document(entry) for entry in conversation.entries],
        "unknown": [name.hex() for name in conversation.unknown],
    }


def both(
    events: list[Event], told: list[Told], moderators: list[str], now: int | None
) -> list[JSON]:
    """Return what the library sees of a conversation, and what is worked out the long way."""
    conversation = held(events, moderated(*map(who, moderators)))
    for report, sender, accepted in told:
        conversation = conversation.report(report, sender=sender, accepted=accepted)
    if now is not None:
        conversation = conversation.at(now)
    return [view(conversation), timeline(document(events, told, moderators, now))]


@given(
    happenings(),
    TOLD,
    st.lists(st.sampled_from(PEOPLE).map(uri), max_size=1),
    st.none() | st.integers(START, START + 12),
    st.data(),
)
def test_both_see_the_same(
    events: list[Event],
    told: list[Told],
    moderators: list[str],
    now: int | None,
    data: st.DataObject,
) -> None:
    library, naive = both(events, told, moderators, now)
    assert library == naive
    events, told = data.draw(st.permutations(events)), data.draw(st.permutations(told))
    assert both(events, told, moderators, now) == [naive, naive]
    assert json.loads(json.dumps(naive)) == naive


MINUTES = """
    alice m1: Hi everyone
    bob m2 re m1: Right on
    cathy r1 on m1: ❤
    @2000 cathy r2 edits r1 on m1: 👍
    bob e1 edits m2 re m1: Right on, all
    mallory x1 edits m2: Wrong
    alice m3 topic lunch until 90: Pizza
    alice m4 after 60: Psst
    bob s1 reports m1=delivered,m1=read,m3=delivered
    dave e9 edits m9 topic lunch: nobody knows the original
    I read m4 at 30
    erin d1 deletes m2
    erin d9 deletes m9
    bob e2 edits m2: Too late
"""


@pytest.mark.parametrize("now", [None, START, START + 90])
@pytest.mark.parametrize("moderators", [[], [uri("erin")]])
def test_both_see_the_same_of_minutes(moderators: list[str], now: int | None) -> None:
    library, naive = both(minutes(MINUTES), [], moderators, now)
    assert library == naive
    assert len(naive["entries"]) == 5
    deleted = [each["deleted_by"] for each in naive["entries"] if each["deleted_by"]]
    assert deleted == moderators * 2


def test_the_long_way_refuses_a_message_that_arrives_twice() -> None:
    twice = minutes("alice m1: Hi") * 2
    with pytest.raises(AssertionError):
        timeline(document(twice, [], [], None))
