"""Delivery and reading: what recipients report, and what was read here."""

import pytest
from content.minutes import (
    ROOM,
    START,
    entry_of,
    held,
    minutes,
    named,
    names_of,
    report_of,
    shown,
    text_part,
    uri,
    who,
)
from content.published import PUBLISHED, PUBLISHED_IDS
from hypothesis import given
from hypothesis import strategies as st

from mimi.codec import replace
from mimi.codec.cbor import TooLargeError
from mimi.codec.cddl import WrongTypeError
from mimi.content.conversation import MOST_STATUSES, Conversation, fold
from mimi.content.entry import ReportedStatus
from mimi.content.message import decode
from mimi.content.model import Disposition, Message, SinglePart
from mimi.content.status import (
    MEDIA_TYPE,
    TRANSITIONS,
    MessageStatusReport,
    Status,
    decode_report,
    encode_report,
)
from mimi.errors import UsageError

REPORT = bytes.fromhex(
    "84825820017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f402825820015354973c"
    "2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27028258200"
    "18d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af0082582001e59db8173939facc2c"
    "8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a0303"
)
"""The example of draft-mahy-mimi-message-status."""


def statuses(conversation: Conversation, name: str) -> dict[str, str]:
    found = entry_of(conversation, name).statuses
    return {who(sender): status.name for sender, status in found.items()}


def test_the_example_of_the_draft() -> None:
    room, bob = "mimi://example.com/r/engineering_team", "mimi://example.com/u/bob-jones"
    report = decode_report(REPORT)
    conversation = Conversation(room).report(report, sender=bob, accepted=START * 1000)
    assert {told.message_id for told in conversation.reports} == {
        PUBLISHED_IDS[name] for name in ("original", "reply", "mention", "expiring")
    }
    for at, name in enumerate(("original", "reply", "mention", "expiring")):
        message = decode(PUBLISHED[name])
        sender = message.extensions.sender_uri
        assert sender is not None
        conversation = conversation.add(message, sender=sender, accepted=START * 1000 + at)
    assert [entry.statuses[bob] for entry in conversation.entries] == [
        Status.READ,
        Status.READ,
        Status.UNREAD,
        Status.EXPIRED,
    ]


def test_statuses_are_those_that_recipients_told_last() -> None:
    conversation = held("""
        alice m1: Hi
        alice m2: Ho
        bob s1 reports m1=delivered,m2=delivered
        cathy s2 reports m1=delivered
        bob s3 reports m1=read
        bob s4 reports m1=unread
        cathy s5 reports m1=error
    """)
    assert shown(conversation) == ["alice m1: Hi", "alice m2: Ho"]
    assert statuses(conversation, "m1") == {"bob": "UNREAD", "cathy": "ERROR"}
    assert statuses(conversation, "m2") == {"bob": "DELIVERED"}


def test_what_makes_no_sense_does_not_count() -> None:
    conversation = held("""
        alice m1: Hi
        bob s1 reports m1=read
        bob s2 reports m1=delivered
        cathy s3 reports m1=deleted
        cathy s4 reports m1=read
    """)
    assert statuses(conversation, "m1") == {"bob": "READ", "cathy": "DELETED"}


def test_a_late_report_is_ordered_by_when_it_was_accepted() -> None:
    conversation = held("""
        alice m1: Hi
        @3000 bob s2 reports m1=deleted
        @2000 bob s1 reports m1=read
    """)
    assert statuses(conversation, "m1") == {"bob": "DELETED"}


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("m1=read,m1=unread", "UNREAD"),
        ("m1=unread,m1=read", "READ"),
        ("m1=hidden,m2=read,m1=unread,m1=read", "READ"),
        ("m1=read,m1=delivered", "READ"),
        ("m1=delivered,m1=read", "READ"),
    ],
)
def test_what_a_report_tells_last_counts_if_it_makes_sense(told: str, status: str) -> None:
    conversation = held(f"alice m1: Hi\n bob s1 reports {told}")
    assert statuses(conversation, "m1") == {"bob": status}
    again = fold(ROOM, conversation.arrivals, reports=conversation.reports)
    assert again == conversation


def test_reports_of_the_same_time_are_taken_place_by_place() -> None:
    lines = ["@7 bob s1 reports m1=read,m1=unread", "@7 bob s2 reports m2=read,m1=hidden"]
    for order in (lines, lines[::-1]):
        conversation = held("\n".join(["@5 alice m1: Hi", *order]))
        assert statuses(conversation, "m1") == {"bob": "HIDDEN"}


def test_what_is_reported_alone_is_not_missing() -> None:
    conversation = held("bob s1 reports m1=read,m2=read")
    assert conversation.unknown == ()
    assert len(conversation.reports) == 2
    conversation = held("bob m3 re m1: Hi\nbob r1 on m2: ❤\nbob d1 deletes m4", after=conversation)
    assert names_of(conversation.unknown) == ["m1", "m2", "m4"]
    conversation = held("@-9 alice m1: Hi", after=conversation)
    assert statuses(conversation, "m1") == {"bob": "READ"}


def test_a_report_has_a_number_of_statuses() -> None:
    each = report_of("m1=read").statuses
    most, more = (MessageStatusReport(each * many) for many in (MOST_STATUSES, MOST_STATUSES + 1))
    conversation = held("alice m1: Hi").report(most, sender=uri("bob"), accepted=START * 1000)
    assert len(conversation.reports) == MOST_STATUSES
    with pytest.raises(TooLargeError) as error:
        conversation.report(more, sender=uri("bob"), accepted=START * 1000)
    assert type(error.value) is TooLargeError
    part = SinglePart(Disposition.RENDER, "", MEDIA_TYPE, encode_report(more))
    message = Message(bytes(16), None, b"", None, None, {}, part)
    with pytest.raises(TooLargeError):
        conversation.add(message, sender=uri("bob"), accepted=START * 1000)


def test_reports_are_of_message_ids_and_times() -> None:
    (told,) = report_of("m1=read").statuses
    wrong = MessageStatusReport((replace(told, message_id=b"junk"),))
    with pytest.raises(UsageError) as error:
        Conversation(ROOM).report(wrong, sender=uri("bob"), accepted=START * 1000)
    assert error.value.where == {"message_id": b"junk"}
    with pytest.raises(UsageError) as error:
        Conversation(ROOM).report(report_of("m1=read"), sender=uri("bob"), accepted=START)
    assert error.value.where == {"accepted": START}


@pytest.mark.parametrize("name", [b"junk", named("m9"), named("m2"), named("s9")])
def test_nobody_reads_what_has_not_arrived(name: bytes) -> None:
    conversation = held("alice m1 re m2: Hi\n bob s1 reports s9=read")
    with pytest.raises(UsageError) as error:
        conversation.read(name, at=START)
    assert error.value.where == {"message_id": name}


def test_statuses_are_of_versions() -> None:
    conversation = held("""
        alice m1: Hi
        bob s1 reports m1=read
        alice e1 edits m1: Hello
        cathy s2 reports e1=read
    """)
    entry = entry_of(conversation, "m1")
    assert [list(map(who, version.statuses)) for version in entry.versions] == [["bob"], ["cathy"]]
    assert statuses(conversation, "m1") == {"cathy": "READ"}


def test_a_status_without_a_name_is_kept() -> None:
    assert Status(77) not in TRANSITIONS
    conversation = held("alice m1: Hi")
    (told,) = report_of("m1=read").statuses
    told = ReportedStatus(told.message_id, uri("bob"), 5, Status(77), 3)
    conversation = fold(ROOM, conversation.arrivals, reports=[told])
    assert entry_of(conversation, "m1").statuses == {uri("bob"): Status(77)}
    assert conversation.reports == (told,)


@pytest.mark.parametrize(
    "content_type",
    [MEDIA_TYPE, MEDIA_TYPE.upper(), MEDIA_TYPE + ";v=1", MEDIA_TYPE + " ; v=1"],
)
def test_reports_are_told_by_their_media_type(content_type: str) -> None:
    octets = encode_report(report_of("m1=read"))
    part = SinglePart(Disposition.RENDER, "", content_type, octets)
    message = Message(bytes(16), None, b"", None, None, {}, part)
    conversation = held("alice m1: Hi").add(message, sender=uri("bob"), accepted=START * 1000)
    assert statuses(conversation, "m1") == {"bob": "READ"}
    assert len(conversation) == 1


@pytest.mark.parametrize("content_type", ["text/plain", MEDIA_TYPE + "s", ""])
def test_other_media_types_are_messages(content_type: str) -> None:
    part = SinglePart(Disposition.RENDER, "", content_type, b"")
    message = Message(bytes(16), None, b"", None, None, {}, part)
    assert len(Conversation(ROOM).add(message, sender=uri("bob"), accepted=START * 1000)) == 1


def test_a_report_is_a_report_whatever_else_it_says() -> None:
    conversation = held("""
        alice m1: Hi
        alice s1 edits m1 topic t until 5 reports m1=delivered
        bob s2 on m1 reports m1=read
        bob s3 re m1 reports m2=read
        bob e1 edits s2: no report
        bob d1 deletes s3
        cathy m2 re s2: What?
    """)
    assert shown(conversation) == ["alice m1: Hi", "cathy m2 re s2: What?"]
    entry = entry_of(conversation, "m1")
    assert not entry.is_edited
    assert (entry.reactions, entry.replies, entry.refused) == ((), (), ())
    assert statuses(conversation, "m1") == {"alice": "DELIVERED", "bob": "READ"}
    assert conversation.topics == ()
    assert conversation.next_expiry is None
    assert conversation.erase(START + 9)[1] == ()
    assert names_of(conversation.reply_chain(named("m2")).message_ids) == ["s2", "m1"]
    assert conversation.entry(named("s1")) is None
    assert conversation.entry(named("e1")) is None
    assert conversation.quotation(named("e1")) is None


def test_an_edit_does_not_stand_for_a_report_any_more_when_that_arrives() -> None:
    conversation = held("bob e1 edits s1: Hello")
    assert len(conversation) == 1
    assert len(held("bob s1 reports m1=read", after=conversation)) == 0


def test_a_report_that_is_none_is_refused() -> None:
    part = SinglePart(Disposition.RENDER, "", MEDIA_TYPE, b"\xa0")
    message = Message(bytes(16), None, b"", None, None, {}, part)
    with pytest.raises(WrongTypeError):
        Conversation(ROOM).add(message, sender=uri("bob"), accepted=START * 1000)


def test_reports_in_parts_are_not_looked_for() -> None:
    conversation = held("alice m1: Hi").add(
        decode(PUBLISHED["multipart-1"]), sender="", accepted=START * 1000
    )
    assert len(conversation) == 2
    assert text_part("Hi").content == b"Hi"


def test_a_message_is_unread_until_any_version_is_read() -> None:
    conversation = held("""
        alice m1: 1
        bob m2: 2
        alice m3: 3
        alice e3 edits m3: three
        alice m4 until 60: 4
        alice m5: 5
        alice d5 deletes m5
        alice r1 on m2: ❤
        alice s1 reports m2=read
    """)
    assert names_of(conversation.unread(uri("bob"))) == ["m1", "m3", "m4"]
    assert names_of(conversation.unread(uri("alice"))) == ["m2"]
    conversation = held("I read e3 at 10", after=conversation)
    assert names_of(conversation.unread(uri("bob"))) == ["m1", "m4"]
    assert names_of(conversation.at(START + 60).unread(uri("bob"))) == ["m1"]
    assert entry_of(conversation, "m3").read_at == START + 10
    assert entry_of(conversation, "m1").read_at is None


TOLD = st.tuples(st.integers(0, 3), st.sampled_from(list(TRANSITIONS)), st.integers(0, 2))


@given(st.lists(TOLD, max_size=6))
def test_reports_in_any_order_tell_the_same(told: list[tuple[int, Status, int]]) -> None:
    conversation = held("alice m1: Hi")
    reports = [ReportedStatus(named("m1"), uri("bob"), *each) for each in told]
    first = fold(ROOM, conversation.arrivals, reports=reports)
    assert first == fold(ROOM, conversation.arrivals, reports=reports[::-1])
    assert first == fold(ROOM, conversation.arrivals, reports=first.reports)
    assert len(entry_of(first, "m1").statuses) == bool(told)
    assert len(minutes("alice m1: Hi")) == 1
