"""In whatever order things arrive, the conversation is the same, and so is what is seen of it."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from content.happenings import MODERATOR, NAMES, RIGHTS, happenings
from content.minutes import (
    START,
    Event,
    held,
    is_consistent,
    minutes,
    moderated,
    named,
    readable,
    uri,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from mimi.content.authority import Authority, Right, author_alone
from mimi.content.conversation import Conversation

POLICIES = st.just(author_alone) | RIGHTS.map(lambda rights: moderated(MODERATOR, rights=rights))
TIMES = st.none() | st.integers(0, 15)


def seen(conversation: Conversation) -> dict[str, Any]:
    """Return everything that a conversation can be asked for."""
    names = [*map(named, NAMES), named("unknown")]
    return {
        "entries": list(conversation.entries),
        "refused": [entry.refused for entry in conversation.entries],
        "each": [conversation.entry(name) for name in names],
        "positions": [conversation.position(name) for name in names],
        "threads": [conversation.thread(topic_id) for topic_id in (b"t1", b"t2")],
        "topics": conversation.topics,
        "chains": [conversation.reply_chain(name) for name in names],
        "quotations": [conversation.quotation(name) for name in names],
        "unknown": conversation.unknown,
        "unread": conversation.unread(uri("alice")),
        "expiry": conversation.next_expiry,
        "stored": (conversation.arrivals, conversation.reports),
        "readings": list(conversation.readings.items()),
        "erased": conversation.erase(START + 5),
    }


def check_orders(
    events: Sequence[Event], orders: Sequence[Sequence[Event]], policy: Authority, now: int | None
) -> None:
    first = held(events, policy, now=now)
    assert is_consistent(first)
    expected = seen(first)
    for order in orders:
        conversation = held(order, policy, now=now)
        assert conversation == first
        assert seen(conversation) == expected


@given(happenings(5, 5), POLICIES, TIMES)
@settings(max_examples=25, deadline=None)
def test_all_120_orders_of_five(events: list[Event], policy: Authority, now: int | None) -> None:
    check_orders(events, list(permutations(events)), policy, now)


@given(happenings(6, 8), POLICIES, TIMES, st.data())
@settings(deadline=None)
def test_some_orders_of_more(
    events: list[Event], policy: Authority, now: int | None, data: st.DataObject
) -> None:
    orders = data.draw(st.lists(st.permutations(events), min_size=1, max_size=3))
    check_orders(events, orders, policy, now)


SETS = {
    "edits": """
        alice m1: first
        alice m2 edits m1: second
        alice m3 edits m1: third
        mallory m4 edits m1: mine
        alice m5 edits m2: misnamed
    """,
    "edits at the same time": """
        @0 alice m3 edits m1: second
        @0 alice m2 edits m1: third
        @0 alice m1: first
        @0 bob m4 deletes m1
        @0 alice m5 edits m1: fourth
    """,
    "a withdrawal": """
        alice m1: Hi
        alice m2 edits m1: Hello
        alice m3 deletes m1
        alice m4 edits m1: Hello again
        bob m5 re m2: Hi
    """,
    "reactions": """
        alice m1: Hi
        bob m2 on m1: ❤
        bob m3 edits m2 on m1: 👍
        bob m4 deletes m2
        bob m5 on m2: 😀
    """,
    "what stands": """
        alice m2 edits m1 re m5: second
        alice m3 edits m1 topic t1: third
        mallory m4 edits m1: mine
        bob m5 deletes m1
        bob m6 edits m2: misnamed
    """,
    "a loop": """
        alice m1 re m3: 1
        alice m2 re m1: 2
        alice m3 re m2: 3
        bob m4 edits m1 re m2: 4
        alice m5 edits m5 re m5: 5
    """,
    "a circle of edits": """
        alice m1 edits m2 re m3: 1
        alice m2 edits m1: 2
        alice m3 edits m1 topic t1: 3
        alice m4 deletes m2
        bob m5 re m1: 5
    """,
    "topics": """
        alice m1 topic t1: 1
        bob m2 topic t1: 2
        bob m3 edits m1 topic t2: 3
        alice m4 edits m1 topic t2: 4
        bob m5 deletes m2
    """,
    "expiry": """
        alice m1 after 2: 1
        alice m2 edits m1 until 3: 2
        I read m2 at 1
        I read m1 at 4
        bob m4 on m1 until 4: ❤
    """,
    "reports": """
        alice m1: 1
        bob m2 reports m1=read,m1=unread
        bob m3 edits m1 reports m2=deleted,m1=delivered
        @1000 cathy m4 reports m1=error
        alice m5 edits m2: no report
    """,
}


@pytest.mark.parametrize("policy", [author_alone, moderated("bob"), moderated("bob", rights=Right)])
@pytest.mark.parametrize("name", SETS)
def test_all_120_orders_of(name: str, policy: Authority) -> None:
    events = minutes(SETS[name])
    assert len(events) == 5
    for now in (None, 3, 60):
        check_orders(events, list(permutations(events)), policy, now)


@given(happenings(), POLICIES, st.data())
def test_what_came_in_between_does_not_matter(
    events: list[Event], policy: Authority, data: st.DataObject
) -> None:
    """Looking, and going on from an older version, leave no traces."""
    events = readable(events)
    at = data.draw(st.integers(0, len(events)))
    before = held(events[:at], policy)
    expected = seen(before)
    assert held(events[at:], after=before) == held(events, policy)
    assert seen(before) == expected
