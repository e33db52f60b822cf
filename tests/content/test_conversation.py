"""Conversations, as minutes: what happened, and what is seen of it."""

import re
from typing import Any

import pytest
from content.minutes import (
    ROOM,
    START,
    entry_of,
    held,
    is_consistent,
    name_of,
    named,
    names_of,
    refused,
    shown,
    text_part,
    uri,
)
from content.published import PUBLISHED, PUBLISHED_IDS
from content.samples import CONTENT, IS_PUBLISHED

from mimi.content.authority import Arrival
from mimi.content.conversation import EARLIEST, Conversation, fold
from mimi.content.entry import Reason
from mimi.content.errors import DuplicateMessageIdError
from mimi.content.message import decode
from mimi.content.model import (
    Disposition,
    Message,
    NullPart,
)
from mimi.errors import UsageError

# The examples of the draft

TEAM = "mimi://example.com/r/engineering_team"
ALICE, BOB, CATHY = (
    f"mimi://example.com/u/{name}" for name in ("alice-smith", "bob-jones", "cathy-washington")
)
TIMES = {
    "original": (ALICE, 1644387225019),
    "reply": (BOB, 1644387237492),
    "reaction": (CATHY, 1644387237728),
    "mention": (CATHY, 1644387243008),
    "edit": (BOB, 1644387248621),
    "delete": (BOB, 1644387248621),
    "unlike": (CATHY, 1644387250389),
    "expiring": (ALICE, 1644389403227),
}
ORIGINAL = "Hi everyone, we just shipped release 2.0. __Good  work__!"


def published(*names: str) -> Conversation:
    conversation = Conversation(TEAM)
    for name in names:
        sender, accepted = TIMES[name]
        conversation = conversation.add(decode(PUBLISHED[name]), sender=sender, accepted=accepted)
        assert conversation.has_arrived(PUBLISHED_IDS[name])
    return conversation


def published_entry(conversation: Conversation, name: str) -> Any:
    return conversation.entry(PUBLISHED_IDS[name])


def test_times_are_those_of_the_comments() -> None:
    assert bool(CONTENT) == IS_PUBLISHED
    for path in CONTENT:
        if path.stem in TIMES:
            time = re.search(r"# timestamp +=? (\d+)", path.read_text(encoding="utf-8"))
            assert time is not None, path
            assert int(time[1]) == TIMES[path.stem][1]
            assert path.with_suffix(".cbor").read_bytes() == PUBLISHED[path.stem]


def test_the_draft_from_original_to_mention() -> None:
    conversation = published("original", "reply", "reaction", "mention")
    original, reply, mention = conversation.entries
    assert original.text == ORIGINAL
    assert original.tally == {"❤": (CATHY,)}
    assert original.replies == (PUBLISHED_IDS["reply"], PUBLISHED_IDS["mention"])
    assert reply.text == "Right on! _Congratulations_ 'all!"
    assert reply.in_reply_to == mention.in_reply_to == original.latest_id
    assert mention.text.startswith("Kudos to [@Alice Smith](mimi://example.com/u/alice-smith)")
    assert is_consistent(conversation)


def test_the_draft_with_the_edit() -> None:
    conversation = published("original", "reply", "edit")
    reply = published_entry(conversation, "reply")
    assert reply.text == "Right on! _Congratulations_ y'all!"
    assert [each.text for each in reply.versions] == [
        "Right on! _Congratulations_ 'all!",
        "Right on! _Congratulations_ y'all!",
    ]
    assert reply.is_edited
    assert reply.latest_id == PUBLISHED_IDS["edit"]
    assert conversation.entry(PUBLISHED_IDS["edit"]) == reply
    assert published_entry(conversation, "original").replies == (PUBLISHED_IDS["reply"],)


def test_the_draft_with_the_withdrawal() -> None:
    reply = published_entry(published("original", "reply", "delete"), "reply")
    assert reply.is_deleted
    assert reply.deleted_by == BOB
    assert reply.text == reply.versions[0].text == ""
    assert reply.part is None


def test_the_draft_with_both_at_the_same_time_takes_the_lower_id_first() -> None:
    for names in (("edit", "delete"), ("delete", "edit")):
        reply = published_entry(published("original", "reply", *names), "reply")
        assert reply.is_deleted
        assert [each.reason for each in reply.refused] == [Reason.AFTER_DELETION]


def test_the_draft_with_the_reaction_taken_back() -> None:
    original = published_entry(published("original", "reaction", "unlike"), "original")
    assert original.reactions == ()


def test_the_draft_with_the_expiring_message() -> None:
    conversation = published("expiring")
    expiring = published_entry(conversation.at(1644390003), "expiring")
    assert expiring.text.startswith("__*VPN GOING DOWN*__")
    assert expiring.expires_at == 1644390004
    assert published_entry(conversation.at(1644390004), "expiring").is_expired


# Order


def test_entries_are_ordered_by_time_and_then_by_id() -> None:
    conversation = held("""
        @2000 alice m1: second
        @1000 bob zz: first, the higher ID
        @1000 alice aa: first, the lower ID
        @-5000 bob m4: before all
    """)
    assert shown(conversation) == [
        "bob m4: before all",
        "alice aa: first, the lower ID",
        "bob zz: first, the higher ID",
        "alice m1: second",
    ]
    assert is_consistent(conversation)


def test_a_message_arrives_once() -> None:
    conversation = held("alice m1: Hi")
    with pytest.raises(DuplicateMessageIdError) as error:
        held("bob m1: I was first", after=conversation)
    assert error.value.where == {"message_id": named("m1").hex(), "sender": uri("bob")}


def test_the_id_is_computed_where_it_is_not_given() -> None:
    message = Message(bytes(16), None, b"", None, None, {}, text_part("Hi"))
    conversation = Conversation(ROOM).add(message, sender=uri("alice"), accepted=START * 1000)
    with pytest.raises(DuplicateMessageIdError):
        conversation.add(message, sender=uri("alice"), accepted=START * 1000 + 1)
    with pytest.raises(UsageError):
        conversation.add(message, sender="mimi://\ud800", accepted=START * 1000)


@pytest.mark.parametrize("accepted", [START, EARLIEST - 1, 0, -1, START * 1000.0, None, True])
def test_times_of_acceptance_are_milliseconds(accepted: Any) -> None:
    message = Message(bytes(16), None, b"", None, None, {}, text_part("Hi"))
    arrival = Arrival(message, named("m1"), uri("alice"), accepted)
    for add in (
        lambda: Conversation(ROOM).add(message, sender=uri("alice"), accepted=accepted),
        lambda: Conversation(ROOM).add_arrival(arrival),
        lambda: fold(ROOM, [arrival]),
    ):
        with pytest.raises(UsageError) as error:
            add()
        assert error.value.where == {"accepted": accepted}
    earliest = Conversation(ROOM).add(message, sender=uri("alice"), accepted=EARLIEST)
    assert len(earliest) == 1


@pytest.mark.parametrize("message_id", [b"", b"m1", bytes(31), bytes(33), bytearray(32), "m" * 32])
def test_message_ids_have_32_octets(message_id: Any) -> None:
    message = Message(bytes(16), None, b"", None, None, {}, text_part("Hi"))
    with pytest.raises(UsageError) as error:
        Conversation(ROOM).add(
            message, sender=uri("alice"), accepted=EARLIEST, message_id=message_id
        )
    assert error.value.where == {"message_id": message_id}


@pytest.mark.parametrize("message", [PUBLISHED["original"], None, text_part("Hi")])
def test_messages_are_decoded_before(message: Any) -> None:
    for message_id in (None, named("m1")):
        with pytest.raises(UsageError):
            Conversation(ROOM).add(
                message, sender=uri("alice"), accepted=EARLIEST, message_id=message_id
            )
    with pytest.raises(UsageError):
        Conversation(ROOM).add_arrival(Arrival(message, named("m1"), uri("alice"), EARLIEST))


def test_uris_are_compared_as_they_are() -> None:
    (entry,) = held("alice m1: Hi\n Alice e1 edits m1: Mine").entries
    assert (entry.text, refused(entry)) == ("Hi", {"e1": "NOT_AUTHORISED"})


def test_conversations_and_entries_have_no_hash() -> None:
    conversation = held("alice m1: Hi\n alice m2 re m1: Ho")
    quotation = conversation.quotation(named("m2"))
    entry = conversation.entries[0]
    for each in (conversation, entry, entry.versions[0], quotation):
        assert each is not None
        with pytest.raises(TypeError, match=f"unhashable type: '{type(each).__name__}'"):
            hash(each)


def test_entries_are_a_sequence() -> None:
    entries = held("alice m1: 1\n bob m2: 2\n alice m3: 3").entries
    assert len(entries) == 3
    assert shown(entries[1:]) == ["bob m2: 2", "alice m3: 3"]
    assert shown(entries[::-1]) == shown(reversed(entries))
    assert shown([entries[-1]]) == ["alice m3: 3"]
    with pytest.raises(IndexError):
        entries[3]


def test_positions_are_of_messages_and_their_versions() -> None:
    conversation = held("""
        alice m1: 1
        bob m2: 2
        bob e1 edits m2: two
        alice r1 on m2: ❤
    """)
    positions = [conversation.position(named(name)) for name in ("m1", "m2", "e1", "r1", "zz")]
    assert positions == [0, 1, 1, None, None]
    assert len(conversation) == 2


# Edits and withdrawals


def test_edits_keep_their_history() -> None:
    conversation = held("""
        alice m1: Bob, could I borow a pen?
        bob r1 on m1: 👍
        alice e1 edits m1: Bob, could I borrow your car?
        bob r2 on e1: 👎
        bob m2 re m1: Sure
        cathy m3 re e1: Really?
    """)
    assert shown(conversation)[0] == (
        "alice m1 edited by e1: Bob, could I borrow your car? | bob 👍 | bob 👎"
    )
    entry = entry_of(conversation, "m1")
    assert [name_of(each.to) for each in entry.reactions] == ["m1", "e1"]
    assert names_of(entry.replies) == ["m2", "m3"]
    assert [each.text for each in entry.versions] == [
        "Bob, could I borow a pen?",
        "Bob, could I borrow your car?",
    ]


def test_edits_take_effect_in_the_order_of_the_room() -> None:
    conversation = held("""
        @3000 alice e2 edits m1: third
        @2000 alice e1 edits m1: second
        @1000 alice m1: first
    """)
    assert shown(conversation) == ["alice m1 edited by e1 e2: third"]


def test_an_edit_accepted_before_its_message_takes_effect_all_the_same() -> None:
    conversation = held("@1000 alice e1 edits m1: second\n @2000 alice m1: first")
    assert shown(conversation) == ["alice m1 edited by e1: second"]


def test_what_comes_after_a_withdrawal_has_no_effect() -> None:
    conversation = held("""
        alice m1 mood sad: Hi
        alice e1 edits m1: Hello
        alice d1 deletes m1
        alice e2 edits m1: Still here
        alice d2 deletes m1
        bob m2 re m1: What?
    """)
    assert shown(conversation) == ["alice m1 deleted by alice edited by e1", "bob m2 re m1: What?"]
    entry = entry_of(conversation, "m1")
    assert refused(entry) == {"e2": "AFTER_DELETION", "d2": "AFTER_DELETION"}
    assert [each.part for each in entry.versions] == [None, None]
    assert dict(entry.extensions) == {}
    assert entry.is_hidden
    assert names_of(entry.replies) == ["m2"]


def test_edits_of_edits_are_refused_however_deep() -> None:
    conversation = held("""
        alice m1: one
        alice e1 edits m1: two
        alice e2 edits e1: three
        alice e3 edits e2: four
        alice d1 deletes e1
        bob x1 edits m1: mine
        bob x2 edits x1: mine
    """)
    assert shown(conversation) == ["alice m1 edited by e1: two"]
    assert refused(entry_of(conversation, "m1")) == {
        "e2": "NOT_FIRST_VERSION",
        "e3": "NOT_FIRST_VERSION",
        "d1": "NOT_FIRST_VERSION",
        "x1": "NOT_AUTHORISED",
        "x2": "NOT_FIRST_VERSION",
    }
    found = [conversation.entry(named(name)) is not None for name in ("e1", "x1", "e2", "e3")]
    assert found == [True, True, False, False]


def test_messages_that_replace_one_another_are_not_seen() -> None:
    conversation = held("""
        alice m1 edits m1 re m1: myself
        alice m2 edits m3 on m3: the other
        alice m3 edits m2 on m2: the other
        bob m4 re m1: What?
        bob r1 on m2: ❤
        bob r2 on r2: ❤
    """)
    assert shown(conversation) == ["bob m4 re m1: What?"]
    assert conversation.erase(START)[1] == ()
    assert conversation.unknown == ()
    assert conversation.reply_chain(named("m4")).is_loop


def test_a_message_without_a_body_is_an_entry() -> None:
    (entry,) = held("alice m1").entries
    assert entry.part == NullPart(Disposition.RENDER)
    assert entry.text == ""
    assert not entry.is_hidden


# What has not arrived


def test_an_edit_stands_for_its_message_until_that_arrives() -> None:
    conversation = held("""
        alice e2 edits m1: third
        @-1000 alice e1 edits m1: second
        bob x1 edits m1: mine
        bob m2 re m1: first!
    """)
    assert shown(conversation) == [
        "alice e1 of unknown m1 edited by e2: third",
        "bob x1 of unknown m1: mine",
        "bob m2 re m1: first!",
    ]
    assert names_of(conversation.unknown) == ["m1"]
    assert is_consistent(conversation)
    conversation = held("@-2000 alice m1: first", after=conversation)
    assert shown(conversation) == [
        "alice m1 edited by e1 e2: third",
        "bob m2 re m1: first!",
    ]
    assert refused(entry_of(conversation, "m1")) == {"x1": "NOT_AUTHORISED"}
    assert conversation.unknown == ()


def test_an_edit_that_stands_can_be_withdrawn() -> None:
    conversation = held("""
        alice e1 edits m1: second
        alice e2 edits e1: third
        bob x1 edits m1: mine
        alice d1 deletes m1
        alice d2 deletes m9
    """)
    assert shown(conversation) == [
        "alice e1 deleted by alice of unknown m1",
        "bob x1 of unknown m1: mine",
    ]
    assert refused(entry_of(conversation, "e1")) == {"e2": "NOT_FIRST_VERSION"}
    assert refused(entry_of(conversation, "x1")) == {"d1": "NOT_AUTHORISED"}
    assert conversation.entry(named("d2")) is None


def test_an_edited_reaction_stands_for_a_reaction() -> None:
    conversation = held("alice m1: Hi\n bob e1 edits r1 on m1: 👍\n bob m2 re r1: I like")
    assert shown(conversation) == ["alice m1: Hi | bob 👍", "bob m2 re r1: I like"]
    conversation = held("bob r1 on m1: ❤", after=conversation)
    assert shown(conversation) == ["alice m1: Hi | bob 👍", "bob m2 re r1: I like"]
    assert names_of(each.message_id for each in conversation.entries[0].reactions) == ["r1"]


def test_references_are_kept_until_they_arrive() -> None:
    conversation = held("""
        @2000 bob r1 on m1: ❤
        @3000 bob m2 re m1: Right
        @4000 alice d1 deletes r9
        @5000 bob s1 reports m7=read
    """)
    assert names_of(conversation.unknown) == ["m1", "r9"]
    conversation = held("@0 alice m1: Hi", after=conversation)
    assert shown(conversation) == ["alice m1: Hi | bob ❤", "bob m2 re m1: Right"]


# Storage


def test_a_conversation_is_folded_again_from_what_is_stored() -> None:
    conversation = held(
        """
        alice m1: Hi
        bob s1 reports m1=read,m9=read
        bob e1 edits m2: Hello
        cathy r1 on m1: ❤
        I read m1 at 6
        I read m1 at 5
        """
    )
    stored = (conversation.arrivals, conversation.reports, conversation.readings)
    assert conversation.readings == {named("m1"): START + 5}
    again = fold(ROOM, stored[0], reports=stored[1], readings=stored[2])
    assert again == conversation
    assert [each.message_id for each in conversation.arrivals] == [
        named(name) for name in ("m1", "s1", "e1", "r1")
    ]
    assert fold(ROOM, stored[0]) != conversation


def test_a_repr_shows_no_messages() -> None:
    assert "Pssst" not in repr(held("alice m1: Pssst"))
