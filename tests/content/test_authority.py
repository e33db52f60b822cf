"""Who may change whose messages, and what of them (draft-ietf-mimi-content-08 section 9.3)."""

import pytest
from content.minutes import (
    START,
    calls,
    entry_of,
    held,
    minutes,
    moderated,
    name_of,
    named,
    names_of,
    refused,
    shown,
    uri,
    who,
)
from hypothesis import given
from hypothesis import strategies as st

from mimi.codec import cbor
from mimi.content.authority import Arrival, Question, Right, author_alone
from mimi.content.extensions import NO_EXTENSIONS, Extensions
from mimi.content.model import Expiration

CHANGES = """
    alice m0: Before
    alice m1: Hi
    {} e1 edits m1 re m0 topic lunch until 60 mood sad: Hello
"""
FIELDS = {
    Right.EDIT: "text",
    Right.CHANGE_TOPIC: "topic_id",
    Right.CHANGE_EXPIRY: "expires",
    Right.CHANGE_REPLY: "in_reply_to",
    Right.CHANGE_EXTENSIONS: "extensions",
}
OLD = ("Hi", b"", None, None, NO_EXTENSIONS)
NEW = ("Hello", b"lunch", Expiration(False, START + 60), named("m0"), Extensions({"mood": "sad"}))


def question(right: Right, actor: str, author: str = "alice") -> Question:
    first, second = minutes(f"{author} m1: Hi\n{actor} e1 edits m1: Hello")
    assert isinstance(first, Arrival)
    assert isinstance(second, Arrival)
    return Question(right, first, second)


@pytest.mark.parametrize("right", Right)
def test_nobody_but_the_author_may_do_anything(right: Right) -> None:
    asked = question(right, "bob")
    assert (who(asked.actor), who(asked.author)) == ("bob", "alice")
    assert not author_alone(asked)
    assert author_alone(question(right, "alice")) == (right in (Right.EDIT, Right.DELETE))


def test_places_are_times_and_ids() -> None:
    (arrival,) = minutes("alice m1: Hi")
    assert isinstance(arrival, Arrival)
    assert arrival.place == (START * 1000, named("m1"))
    assert not arrival.is_erased


def test_an_author_changes_the_body_alone() -> None:
    entry = entry_of(held(CHANGES.format("alice")), "m1")
    assert entry.text == "Hello"
    assert (entry.topic_id, entry.expires, entry.in_reply_to, entry.extensions) == OLD[1:]
    assert entry.is_edited


@given(st.frozensets(st.sampled_from(tuple(FIELDS))), st.sampled_from(("alice", "bob")))
def test_each_right_changes_one_field(rights: frozenset[Right], editor: str) -> None:
    conversation = held(CHANGES.format(editor), moderated("alice", "bob", rights=rights))
    entry = entry_of(conversation, "m1")
    granted = rights | ({Right.EDIT} if editor == "alice" else set())
    for (right, field), old, new in zip(FIELDS.items(), OLD, NEW, strict=True):
        assert getattr(entry, field) == (new if right in granted else old)
    assert entry.is_edited == bool(granted)
    assert refused(entry) == ({} if granted else {"e1": "NOT_AUTHORISED"})
    assert entry.author == uri("alice")
    assert [who(version.sender) for version in entry.versions] == ["alice", editor][
        : 1 + bool(granted)
    ]


def test_who_may_change_a_topic_shows_the_body_as_it_was() -> None:
    policy = moderated("erin", rights=[Right.CHANGE_TOPIC])
    conversation = held(
        """
        alice m1: Hi
        alice e1 edits m1: Hello
        erin e2 edits m1 topic lunch: Not my words
        erin e3 edits m1 topic lunch: Nor these
        """,
        policy,
    )
    assert shown(conversation.thread(b"lunch")) == ["alice m1 topic lunch edited by e1 e2: Hello"]
    entry = entry_of(conversation, "m1")
    assert [version.text for version in entry.versions] == ["Hi", "Hello", "Hello"]
    assert refused(entry) == {"e3": "NOT_AUTHORISED"}


def test_moderators_withdraw_and_do_not_edit() -> None:
    conversation = held(
        """
        alice m1: Hi
        alice m2: Ho
        bob r1 on m1: ❤
        erin e1 edits m1: Mine
        erin d1 deletes m2
        erin d2 deletes r1
        bob d3 deletes m1
        """,
        moderated("erin"),
    )
    assert shown(conversation) == ["alice m1: Hi", "alice m2 deleted by erin"]
    assert refused(entry_of(conversation, "m1")) == {
        "e1": "NOT_AUTHORISED",
        "d3": "NOT_AUTHORISED",
    }


def test_refusals_tell_who_and_when() -> None:
    (entry,) = held("alice m1: Hi\n bob e1 edits m1: Mine").entries
    (each,) = entry.refused
    assert (each.message_id, each.sender, each.accepted) == (
        named("e1"),
        uri("bob"),
        START * 1000 + 1000,
    )


def test_moderators_withdraw_edits_that_stand_for_a_message() -> None:
    text = "alice e1 edits m1: Hello\n bob x1 edits m1: Mine\n erin d1 deletes m1"
    assert shown(held(text)) == [
        "alice e1 of unknown m1: Hello",
        "bob x1 of unknown m1: Mine",
    ]
    assert shown(held(text, moderated("erin"))) == [
        "alice e1 deleted by erin of unknown m1",
        "bob x1 deleted by erin of unknown m1",
    ]


def test_a_policy_may_move_replies_and_reactions() -> None:
    policy = moderated("erin", rights=[Right.CHANGE_REPLY])
    text = """
        alice m1: 1
        alice m2: 2
        bob m3 re m1: to 1
        cathy r1 on m1: ❤
        erin e1 edits m3 re m2: to 2
        erin e2 edits r1 on m2: ❤
    """
    before, after = held(text), held(text, policy)
    assert [names_of(entry.replies) for entry in before.entries] == [["m3"], [], []]
    assert [names_of(entry.replies) for entry in after.entries] == [[], ["m3"], []]
    assert shown(before)[:2] == ["alice m1: 1 | cathy ❤", "alice m2: 2"]
    assert shown(after)[:2] == ["alice m1: 1", "alice m2: 2 | cathy ❤"]
    assert name_of(after.entries[1].reactions[0].to) == "m2"


def test_a_policy_may_let_a_message_live_longer() -> None:
    text = "alice m1 until 10: Hi\n alice e1 edits m1 until 20: Hello"
    policy = moderated("alice", rights=[Right.CHANGE_EXPIRY])
    assert shown(held(text, now=15)) == ["alice m1 expired edited by e1"]
    assert shown(held(text, policy, now=15)) == ["alice m1 edited by e1: Hello"]
    assert shown(held(text, policy, now=20)) == ["alice m1 expired edited by e1"]


def test_a_policy_is_asked_about_the_first_version() -> None:
    asked: list[Question] = []

    def policy(question: Question) -> bool:
        asked.append(question)
        return author_alone(question)

    (entry,) = held("alice m1: Hi\n alice e1 edits m1: Ho\n bob d1 deletes m1", policy).entries
    assert entry.text == "Ho"
    assert {(name_of(each.original.message_id), each.right, who(each.actor)) for each in asked} == {
        ("m1", Right.EDIT, "alice"),
        ("m1", Right.CHANGE_EXTENSIONS, "alice"),
        ("m1", Right.DELETE, "bob"),
    }


def test_what_had_an_effect_has_it_after_erasing() -> None:
    """Who may change extensions alone changes them, even if nobody can see whether they differ."""
    policy = moderated("erin", rights=[Right.CHANGE_EXTENSIONS])
    text = """
        alice m1 until 5 mood sad: Hi
        erin e1 edits m1 mood sad: Hi
        erin e2 edits m1 mood glad: Hi
        erin e3 edits m1: Hi
        erin e4 edits m1: Hi
    """
    conversation = held(text, policy, now=5)
    (entry,) = conversation.entries
    assert names_of(each.message_id for each in entry.versions) == ["m1", "e1", "e2", "e3", "e4"]
    assert entry.refused == ()
    erased = conversation.erase(START + 5)[0]
    assert list(erased.entries) == [entry]
    late = "@9000 erin e5 edits m1 mood sad: Hi"
    assert list(held(late, after=erased).entries) == list(held(late, after=conversation).entries)


def test_extensions_are_not_encoded_to_see_a_message() -> None:
    """They may be long, and whoever looks would do it for each edit that anybody sends."""
    text = "alice m1 mood sad: Hi\n" + "\n".join(
        f"{who} e{number}{who} edits m1 mood glad: Hi"
        for number in range(9)
        for who in ("mallory", "alice", "erin")
    )
    for policy in (author_alone, moderated("erin", rights=Right)):
        conversation = held(text, policy)
        assert calls(conversation.entries.__iter__().__next__, cbor.encode) == 0
