"""Messages that expire, and what is left of them (section 4.1, field 3)."""

from content.happenings import happenings
from content.minutes import (
    ROOM,
    START,
    Event,
    entry_of,
    held,
    moderated,
    named,
    names_of,
    readable,
    shown,
)
from content.minutes import uri as uri_of
from hypothesis import given
from hypothesis import strategies as st

from mimi.content.authority import Arrival, Right
from mimi.content.conversation import Conversation, fold
from mimi.content.extensions import NO_EXTENSIONS
from mimi.content.model import Disposition, NullPart

SECONDS = st.integers(START, START + 15)


def test_absolute_expiry_comes_whether_or_not_it_was_read() -> None:
    conversation = held("alice m1 until 10 mood sad: Hi")
    assert shown(conversation) == shown(conversation.at(START + 9)) == ["alice m1: Hi"]
    assert shown(conversation.at(START + 10)) == ["alice m1 expired"]
    (entry,) = conversation.at(START + 10).entries
    assert entry.is_hidden
    assert entry.part is entry.versions[0].part is None
    assert entry.extensions == NO_EXTENSIONS
    assert entry.text == entry.versions[0].text == ""
    assert entry.expires_at == START + 10


def test_relative_expiry_counts_from_the_first_reading() -> None:
    conversation = held("alice m1 after 10: Hi", now=1000)
    assert shown(conversation) == ["alice m1: Hi"]
    assert entry_of(conversation, "m1").expires_at is None
    for text in ("I read m1 at 5", "I read m1 at 7", "I read m1 at 3"):
        conversation = held(text, after=conversation)
    assert entry_of(conversation, "m1").expires_at == START + 13
    assert entry_of(conversation, "m1").read_at == START + 3
    assert shown(conversation.at(START + 12)) == ["alice m1: Hi"]
    assert shown(conversation.at(START + 13)) == ["alice m1 expired"]


def test_reading_any_version_counts() -> None:
    conversation = held("""
        I read e1 at 5
        alice m1 after 10: Hi
        alice e1 edits m1: Hello
    """)
    assert shown(conversation.at(START + 14)) == ["alice m1 edited by e1: Hello"]
    assert shown(conversation.at(START + 15)) == ["alice m1 expired edited by e1"]


def test_reading_an_edit_without_effect_does_not_count() -> None:
    conversation = held("alice m1 after 10: Hi\n bob x1 edits m1: Mine\n I read x1 at 0")
    assert shown(conversation.at(START + 10)) == ["alice m1: Hi"]


def test_an_edit_alone_cannot_change_when_a_message_expires() -> None:
    conversation = held("""
        alice m1: Hi
        alice e1 edits m1 until 5: Hello
        alice m2 until 5: Ho
        alice e2 edits m2: Ho ho
    """)
    assert shown(conversation.at(START + 5)) == [
        "alice m1 edited by e1: Hello",
        "alice m2 expired edited by e2",
    ]


def test_reactions_expire() -> None:
    conversation = held("alice m1: Hi\n bob r1 on m1 until 5: ❤\n bob r2 on m1 after 5: 👍")
    assert shown(conversation.at(START + 4)) == ["alice m1: Hi | bob ❤ | bob 👍"]
    assert shown(conversation.at(START + 5)) == ["alice m1: Hi | bob 👍"]
    conversation = held("I read r2 at 5", after=conversation)
    conversation, erased = conversation.erase(START + 10)
    assert shown(conversation) == ["alice m1: Hi"]
    assert names_of(erased) == ["r1", "r2"]
    assert shown(Conversation(ROOM)) == []
    again = fold(ROOM, conversation.arrivals, readings=conversation.readings)
    assert shown(again) == ["alice m1: Hi"]


def test_the_next_expiry_is_when_to_erase() -> None:
    conversation = held("""
        alice m1 until 30: Hi
        alice m2 until 20: Hi
        alice m3 until 10: Hi
        alice d3 deletes m3
        alice m4 after 5: Hi
        bob e5 edits m5 until 25: Hi
    """)
    assert conversation.next_expiry == START + 20
    for now, later in ((20, 25), (25, 30), (30, None)):
        conversation, erased = conversation.erase(START + now)
        assert erased
        assert conversation.next_expiry == (None if later is None else START + later)
    assert held("I read m4 at 95", after=conversation).next_expiry == START + 100


def test_erasing_empties_what_nobody_is_to_see() -> None:
    conversation = held("""
        alice m1 until 10 mood sad: secret
        alice e1 edits m1: secret
        bob x1 edits m1 mood sad: secret
        bob x2 edits x1: secret
        bob m2: secret
        bob e2 edits m2: secret
        bob d2 deletes m2
        bob e3 edits m2: secret
        bob r1 on m1: secret
        bob d3 deletes r1
        dave e9 edits m9: secret
        dave d9 deletes m9
        cathy m3 re m2: seen
        cathy s1 reports m1=read
        cathy d4 deletes s1
    """)
    assert conversation.erase(START)[1] == tuple(map(named, ("m2", "e2", "e3", "r1", "e9")))
    before = list(conversation.at(START + 10).entries)
    conversation, erased = conversation.erase(START + 10)
    assert names_of(erased) == ["m1", "e1", "x1", "x2", "m2", "e2", "e3", "r1", "e9"]
    assert list(conversation.entries) == before
    assert "secret" not in repr(conversation.arrivals)
    assert "sad" not in repr(conversation.arrivals)
    assert conversation.erase(START + 10) == (conversation, ())
    for arrival in conversation.arrivals:
        if arrival.is_erased:
            assert arrival.message_id in erased
            assert arrival.message.salt == bytes(16)
            assert isinstance(arrival.message.nested_part, NullPart)
    (reaction,) = (each for each in conversation.arrivals if each.message_id == named("r1"))
    assert reaction.message.nested_part.disposition == Disposition.REACTION


def test_what_is_erased_does_not_come_back() -> None:
    conversation, _ = held("alice m1 until 10: secret").erase(START + 10)
    assert shown(conversation.at(START)) == ["alice m1"]
    assert conversation.unread(uri_of("bob")) == ()


def test_what_arrives_late_is_erased_too() -> None:
    conversation, _ = held("@9000 alice m1: Hi\n alice d1 deletes m1").erase(START)
    conversation = held("@9500 alice e1 edits m1: secret", after=conversation)
    assert shown(conversation) == ["alice m1 deleted by alice edited by e1"]
    conversation, erased = conversation.erase(START)
    assert names_of(erased) == ["e1"]
    assert conversation.erase(START)[1] == ()
    conversation, _ = held("alice d1 deletes m1", after=Conversation(ROOM)).erase(START)
    assert names_of(held("@-9 alice m1: Hi", after=conversation).erase(START)[1]) == ["m1"]


def test_an_erased_message_stays_empty_if_it_may_live_longer() -> None:
    policy = moderated("alice", rights=[Right.CHANGE_EXPIRY])
    conversation, _ = held("alice m1 until 10: Hi", policy).erase(START + 10)
    late = held(
        "erin e1 edits m1 until 20: Hello\n alice e2 edits m1 until 20: Ho", after=conversation
    )
    (entry,) = late.entries
    assert not entry.is_expired
    assert [version.part is None for version in entry.versions] == [True, False]
    assert entry.text == "Ho"


RIGHTS = st.frozensets(st.sampled_from(Right))


@given(happenings(), RIGHTS, SECONDS)
def test_erasing_changes_nothing_that_is_seen(
    events: list[Event], rights: frozenset[Right], now: int
) -> None:
    conversation = held(events, moderated("bob", rights=rights)).at(now)
    erased, names = conversation.erase(now)
    assert list(erased.entries) == list(conversation.entries)
    assert erased.unknown == conversation.unknown
    assert erased.topics == conversation.topics
    assert erased.erase(now) == (erased, ())
    assert {each.message_id for each in erased.arrivals if each.is_erased} == set(names)
    again = fold(
        ROOM, erased.arrivals, erased.authority, reports=erased.reports, readings=erased.readings
    )
    assert again.at(now) == erased


@given(happenings(), SECONDS, st.data())
def test_erasing_early_and_late_is_erasing_late(
    events: list[Event], now: int, data: st.DataObject
) -> None:
    """Amendments of what has arrived may come at any time, before or after it is erased."""
    first = [each for each in events if isinstance(each, Arrival) and named_by(each) is None]
    names = {each.message_id for each in first}
    others = [each for each in events if not isinstance(each, Arrival) or named_by(each) in names]
    late = readable(data.draw(st.permutations(others)), held(first))
    early = data.draw(st.integers(0, len(late)))
    conversation, _ = held([*first, *late[:early]]).erase(now)
    conversation, _ = held(late[early:], after=conversation).erase(now)
    assert conversation == held([*first, *others]).erase(now)[0]


def named_by(arrival: Arrival) -> bytes | None:
    return arrival.message.replaces


@given(happenings(), SECONDS, st.integers(0, 10))
def test_what_is_hidden_stays_hidden(events: list[Event], now: int, later: int) -> None:
    conversation = held(events)
    before, after = conversation.at(now), conversation.at(now + later)
    for old, new in zip(before.entries, after.entries, strict=True):
        assert old.is_hidden <= new.is_hidden
        assert len(old.reactions) >= len(new.reactions)
        assert old.expires_at == new.expires_at
    assert set(before.unread(uri_of("bob"))) >= set(after.unread(uri_of("bob")))
