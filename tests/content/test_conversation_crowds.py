"""Crowds: the work for each message must not grow with what others sent."""

from collections.abc import Callable

import pytest
from attrs import evolve
from content.minutes import (
    START,
    calls,
    held,
    minutes,
    named,
    uri,
)

from mimi.codec import replace
from mimi.content.authority import Arrival

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
    "edits by many": "u{} e{} edits m0: Hi",
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


def test_an_edit_costs_the_same_however_many_senders_edit_what_is_missing() -> None:
    """Each stands for itself, and the others have nothing to do with it."""

    def work(many: int) -> int:
        text = "\n".join(f"u{each} e{each} edits m0: Hi" for each in range(many))
        conversation = held(text)
        return calls(lambda: conversation.entry(named("e0")))

    assert work(300) == work(3)


def test_a_quotation_costs_the_same_however_many_react_and_reply() -> None:
    def work(many: int) -> int:
        lines = [f"bob r{each} on m1: ❤\nbob n{each} re m1: Hi" for each in range(many)]
        conversation = held("\n".join(["alice m1: Hi", *lines]))
        return calls(lambda: conversation.quotation(named("n0")))

    assert work(120) == work(3)


class Counting(bytes):
    """A message ID that counts how often it is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        type(self).compared += 1
        return bytes.__eq__(self, other)  # type: ignore[no-any-return]

    __hash__ = bytes.__hash__


def test_reactions_to_the_last_of_many_edits_are_found_at_once() -> None:
    def work(many: int) -> int:
        edits = [f"alice e{each} edits m1: Hi" for each in range(many)]
        conversation = held("\n".join(["alice m1: Hi", *edits]))
        last = Counting(named(f"e{many - 1}"))
        for each in minutes("\n".join(f"bob r{each} on e: ❤" for each in range(many))):
            assert isinstance(each, Arrival)
            message = replace(each.message, in_reply_to=last)
            conversation = conversation.add_arrival(evolve(each, message=message))
        Counting.compared = 0
        entry = conversation.entry(named("m1"))
        assert entry is not None
        assert len(entry.reactions) == many
        return Counting.compared

    assert work(400) < 12 * work(40)
