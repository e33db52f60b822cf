"""Crowds: the work for each message must not grow with what others sent."""

import sys
from collections.abc import Callable

import pytest
from content.minutes import (
    START,
    held,
    minutes,
    named,
    uri,
)


def calls(work: Callable[[], object]) -> int:
    """Return how many calls of functions some work takes."""
    counted = 0

    def count(_frame: object, _event: str, _argument: object) -> None:
        nonlocal counted
        counted += 1

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted


CROWDS = {
    "edits": "alice e{} edits m1 re m2 topic t{}: Hi",
    "edits that reply to many": "bob n{}: Hi\nalice e{} edits m1 re n{}: Hi",
    "edits without right": "mallory e{} edits m1 re m{} topic t{}: Hi",
    "withdrawals": "alice d{} deletes m1",
    "withdrawals of the unknown": "alice d{} deletes m0",
    "withdrawals of the unknown before edits": "@-{} al d{} deletes m0\n@{} al e{} edits m0: Hi",
    "edits of the unknown": "alice e{} edits m0 re m{} topic t: Hi",
    "withdrawals by several": "u{few} d{} deletes m0",
    "edits by several": "u{few} e{} edits m0 until 5: Hi",
    "edits of edits": "alice e{} edits e1 topic t: Hi",
    "reactions": "bob r{} on m1: ❤",
    "reactions taken back": "bob r{} on m1: ❤\nbob d{} deletes r{}",
    "replies": "bob n{} re m1 until 5 topic t: ❤",
    "reports": "bob s{} reports m1=read,m1=unread,m{}=read",
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_crowds_cost_what_they_are_many(crowd: str) -> None:
    def work(many: int) -> Callable[[], object]:
        lines = [
            CROWDS[crowd].replace("{}", str(each)).replace("{few}", str(each % 9))
            for each in range(many)
        ]
        text = "\n".join(["alice m1: Hi", *lines, "bob m2 re m1: Hi"])
        events = [*minutes(text), *minutes("@99999 alice e edits m0: Hi")]

        def see() -> None:
            conversation = held(events)
            seen = (conversation.topics, conversation.thread(b"t"), conversation.unread(uri("bob")))
            assert seen is not None
            assert conversation.next_expiry is None or crowd in ("edits by several", "replies")
            assert conversation.erase(START + 9)[0].entry(named("m1")) is not None
            assert len(list(conversation.entries)) == len(conversation)
            conversation.reply_chain(named("m2"))

        return see

    few, more = calls(work(150)), calls(work(600))
    assert more < 6 * few


def test_a_long_chain_of_replies_is_followed() -> None:
    text = "\n".join(f"alice m{each + 1} re m{each}: Hi" for each in range(2000))
    assert len(held(text).reply_chain(named("m2000")).message_ids) == 2000
