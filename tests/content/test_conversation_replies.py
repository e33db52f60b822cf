"""Reactions, topics and replies, as minutes."""

from content.minutes import (
    ROOM,
    START,
    entry_of,
    held,
    is_consistent,
    moderated,
    name_of,
    named,
    names_of,
    shown,
    text_part,
    uri,
)
from content.published import PUBLISHED

from mimi.codec import replace
from mimi.content.authority import Arrival, Right
from mimi.content.conversation import Conversation
from mimi.content.entry import LONGEST_TALLIED
from mimi.content.message import decode
from mimi.content.model import (
    Disposition,
    Message,
    MultiPart,
    NestedPart,
    NullPart,
    PartSemantics,
    SinglePart,
)
from mimi.content.resolve import MOST_REACTIONS

# Reactions


def test_reactions_are_counted_by_sender() -> None:
    conversation = held("""
        alice m1: Hi
        bob r1 on m1: ❤
        bob r2 on m1: ❤
        cathy r3 on m1: ❤
        cathy r4 on m1: 🥳
        bob r5 on r3: 👍
    """)
    entry = entry_of(conversation, "m1")
    assert entry.tally == {"❤": (uri("bob"), uri("cathy")), "🥳": (uri("cathy"),)}
    assert len(entry.reactions) == 4
    assert shown(conversation) == ["alice m1: Hi | bob ❤ | bob ❤ | cathy ❤ | cathy 🥳"]
    assert conversation.entry(named("r1")) is None


def test_reactions_are_taken_back_and_adjusted_by_their_senders() -> None:
    conversation = held("""
        alice m1: Hi
        bob r1 on m1: ❤
        cathy r2 on m1: ❤
        bob d1 deletes r1
        bob d2 deletes r2
        cathy e1 edits r2 on m1: 🥳
    """)
    assert shown(conversation) == ["alice m1: Hi | cathy 🥳"]


def with_part(name: str, in_reply_to: str, part: NestedPart) -> Arrival:
    message = Message(bytes(16), None, b"", None, named(in_reply_to), {}, part)
    return Arrival(message, named(name), uri("bob"), START * 1000 + 60_000)


def test_a_message_of_several_parts_is_several_reactions() -> None:
    single = [text_part(text, Disposition.REACTION) for text in "❤🥳"]
    inner = MultiPart(Disposition.REACTION, "", PartSemantics.CHOOSE_ONE, tuple(single))
    nothing = NullPart(Disposition.REACTION)
    part = MultiPart(Disposition.REACTION, "", PartSemantics.PROCESS_ALL, (*single, inner, nothing))
    conversation = held("alice m1: Hi").add_arrival(with_part("r1", "m1", part))
    assert shown(conversation) == ["alice m1: Hi | bob ❤ | bob 🥳 | bob ❤"]
    assert published_reactions() == {"❤", "🥳", "🤞"}


def published_reactions() -> set[str]:
    message = replace(decode(PUBLISHED["multipart-2"]), in_reply_to=named("m1"))
    conversation = held("alice m1: Hi").add(message, sender=uri("bob"), accepted=START * 1000)
    return set(entry_of(conversation, "m1").tally)


def test_a_reaction_that_is_no_text_counts_as_none() -> None:
    image = SinglePart(Disposition.REACTION, "", "image/png", b"\x89PNG")
    conversation = held("alice m1: Hi").add_arrival(with_part("r1", "m1", image))
    entry = entry_of(conversation, "m1")
    assert [each.part for each in entry.reactions] == [image]
    assert entry.tally == {}


def test_a_reaction_to_nothing_is_a_message() -> None:
    part = text_part("❤", Disposition.REACTION)
    arrival = with_part("r1", "m1", part)
    arrival = Arrival(
        replace(arrival.message, in_reply_to=None), arrival.message_id, uri("bob"), START * 1000
    )
    assert shown(Conversation(ROOM).add_arrival(arrival)) == ["bob r1: ❤"]


def test_long_reactions_are_not_counted() -> None:
    family = "👨‍👩‍👧‍👦" * (LONGEST_TALLIED // 7)
    texts = ["a" * LONGEST_TALLIED, "b" * (LONGEST_TALLIED + 1), family]
    lines = [f"bob r{at} on m1: {text}" for at, text in enumerate(texts)]
    entry = entry_of(held("\n".join(["alice m1: Hi", *lines])), "m1")
    assert [each.text for each in entry.reactions] == texts
    assert list(entry.tally) == [texts[0], family]


def test_a_message_brings_a_number_of_reactions() -> None:
    parts = tuple(text_part(str(at), Disposition.REACTION) for at in range(MOST_REACTIONS + 1))
    part = MultiPart(Disposition.REACTION, "", PartSemantics.PROCESS_ALL, parts)
    entry = entry_of(held("alice m1: Hi").add_arrival(with_part("r1", "m1", part)), "m1")
    assert [each.part for each in entry.reactions] == list(parts[:-1])
    nested = MultiPart(Disposition.REACTION, "", PartSemantics.PROCESS_ALL, (parts[0], part))
    entry = entry_of(held("alice m1: Hi").add_arrival(with_part("r1", "m1", nested)), "m1")
    assert len(entry.reactions) == MOST_REACTIONS


# Topics


def test_threads_are_the_entries_of_a_topic() -> None:
    conversation = held("""
        @9000 alice m1 topic lunch: Pizza?
        @5000 bob m2 topic lunch: Hungry
        @6000 bob m3 topic work: Busy
        @7000 cathy m4: Hi
        @8000 cathy e1 edits m4 topic lunch: Soup
        @8000 bob r1 on m1 topic reactions: ❤
        @9500 bob e2 edits m2: Very hungry
    """)
    assert shown(conversation.thread(b"lunch")) == [
        "bob m2 topic lunch edited by e2: Very hungry",
        "alice m1 topic lunch: Pizza? | bob ❤",
    ]
    assert conversation.topics == (b"lunch", b"work")
    assert conversation.thread(b"reactions") == conversation.thread(b"none") == ()


# Replies


def test_quotations_tell_the_version_that_was_replied_to() -> None:
    conversation = held("""
        alice m1: first
        bob m2 re m1: to the first
        alice e1 edits m1: second
        bob m3 re e1: to the second
        bob e2 edits m3 re m1: to the second still
        mallory x1 edits m1: mine
        bob m4 re x1: to one without effect
        bob m5 re m9: to nothing
        cathy r1 on m5: ❤
        cathy m6 re r1: to a reaction
    """)
    found = {}
    for name in ("m2", "m3", "e2", "m4", "m5", "m6"):
        quoted = conversation.quotation(named(name))
        assert quoted is not None
        author = None if quoted.author is None else quoted.author.rpartition("/")[2]
        entry = conversation.entry(quoted.message_id)
        assert (entry and entry.message_id, entry and entry.author) == (
            quoted.entry_id,
            quoted.author,
        )
        versions = () if entry is None else entry.versions
        assert (quoted.version in versions) == (quoted.version is not None)
        found[name] = (name_of(quoted.message_id), author, quoted.text, quoted.is_outdated)
    assert found == {
        "m2": ("m1", "alice", "first", True),
        "m3": ("e1", "alice", "second", False),
        "e2": ("e1", "alice", "second", False),
        "m4": ("x1", "alice", "", True),
        "m5": ("m9", None, "", False),
        "m6": ("r1", None, "", False),
    }
    assert conversation.quotation(named("m1")) is None
    assert conversation.quotation(named("m9")) is None


def test_quotations_of_what_is_withdrawn_are_empty() -> None:
    conversation = held("alice m1: Hi\n bob m2 re m1: What?\n alice d1 deletes m1")
    quoted = conversation.quotation(named("m2"))
    assert quoted is not None
    assert quoted.version is not None
    assert quoted.version.part is None
    assert quoted.text == ""
    conversation = held("alice m1 until 5: Hi\n bob m2 re m1: What?")
    for now, text in ((4, "Hi"), (5, "")):
        quoted = conversation.at(START + now).quotation(named("m2"))
        assert quoted is not None
        assert quoted.text == text


def test_reply_chains_lead_back_as_far_as_is_known() -> None:
    conversation = held("""
        alice m2 re m1: second
        bob m3 re m2: third
        alice e1 edits m2 re m1: second, edited
        bob m4 re e1: fourth
        cathy r1 on m4: ❤
        bob m5 re r1: I like
    """)
    chain = conversation.reply_chain(named("m5"))
    assert names_of(chain.message_ids) == ["r1", "m4", "e1", "m1"]
    assert chain.missing == named("m1")
    assert not chain.is_loop
    assert conversation.reply_chain(named("m1")).missing == named("m1")
    known = held("carol m1: first", after=conversation).reply_chain(named("m3"))
    assert names_of(known.message_ids) == ["m2", "m1"]
    assert known.missing is None
    assert not known.is_loop


def test_loops_of_replies_are_found() -> None:
    text = "alice m1 re m3: 1\n alice m2 re m1: 2\n alice m3 re m2: 3\n alice m4 re m4: 4"
    conversation = held(text)
    chain = conversation.reply_chain(named("m2"))
    assert chain.is_loop
    assert names_of(chain.message_ids) == ["m1", "m3", "m2"]
    assert names_of(conversation.reply_chain(named("m4")).message_ids) == ["m4"]
    assert is_consistent(conversation)


def test_loops_are_of_messages_not_of_versions() -> None:
    conversation = held("alice m1 re m2: 1\n alice e1 edits m1 re m2: one\n bob m2 re e1: 2")
    chain = conversation.reply_chain(named("m1"))
    assert chain.is_loop
    assert names_of(chain.message_ids) == ["m2", "e1"]


def test_loops_through_edits_that_a_policy_permits_are_found() -> None:
    policy = moderated("alice", rights=[Right.CHANGE_REPLY])
    text = "alice m1: 1\n bob m2 re m1: 2\n bob m3 re m2: 3\n alice e1 edits m1 re m3: 4"
    assert not held(text).reply_chain(named("m3")).is_loop
    conversation = held(text, policy)
    assert conversation.reply_chain(named("m3")).is_loop
    assert names_of(entry_of(conversation, "m3").replies) == ["m1"]
