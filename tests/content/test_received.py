"""What is refused where it is received, rule by rule, and what is not."""

import pytest

from mimi.content.build import at, body, text
from mimi.content.errors import (
    DuplicateMessageIdError,
    ExpiredLongAgoError,
    ExpiresTooLateError,
    RoomUriError,
    SenderNotMemberError,
    SenderUriError,
    TimestampBeforeFormatError,
    TimestampBeforeRoomError,
    TimestampInFutureError,
)
from mimi.content.message import decode, encode
from mimi.content.model import Disposition, Expiration, SinglePart
from mimi.content.received import FORMAT_PUBLISHED, YEAR, check_received
from mimi.errors import InvalidError

NOW = 1_800_000_000
ID = b"\x01" + bytes(31)
OTHER = b"\x01" + b"\x07" * 31
SALT = bytes(16)
FACTS = {
    "message_id": ID,
    "accepted": NOW * 1000,
    "now": NOW,
    "sender_is_member": True,
    "known": frozenset({OTHER}),
    "room_created": NOW - 60,
}


def check(message=None, **changed):
    message = text("Hi", salt=SALT) if message is None else message
    check_received(decode(encode(message)), **(FACTS | changed))


def expiring(relative, time):
    return text("Hi", salt=SALT, expires=Expiration(relative, time))


def refused(error, message=None, **changed):
    with pytest.raises(InvalidError) as caught:
        check(message, **changed)
    assert type(caught.value) is error
    return caught.value.where


def test_an_ordinary_message_is_received():
    check()


def test_the_sender_is_a_member():
    assert refused(SenderNotMemberError, sender_is_member=False) == {"message_id": ID.hex()}


def test_no_message_id_is_used_twice():
    where = {"message_id": ID.hex()}
    assert refused(DuplicateMessageIdError, known={ID, OTHER}) == where
    assert refused(DuplicateMessageIdError, known=[ID]) == where
    assert refused(DuplicateMessageIdError, known={ID: None}) == where


def test_who_knows_the_message_ids_may_be_a_function():
    check(known=lambda message_id: message_id == OTHER)
    assert refused(DuplicateMessageIdError, known=lambda message_id: message_id == ID)


def test_no_message_is_accepted_more_than_a_few_minutes_from_now():
    check(accepted=(NOW + 300) * 1000)
    where = refused(TimestampInFutureError, accepted=(NOW + 300) * 1000 + 1)
    assert where == {"accepted": (NOW + 300) * 1000 + 1, "latest": (NOW + 300) * 1000}


def test_a_few_minutes_are_for_the_application_to_say():
    check(accepted=NOW * 1000, tolerance=0)
    assert refused(TimestampInFutureError, accepted=NOW * 1000 + 1, tolerance=0)
    check(accepted=(NOW + 600) * 1000, tolerance=600)


def test_no_message_is_accepted_before_its_format_was_published():
    assert FORMAT_PUBLISHED == 1_713_830_400
    check(accepted=FORMAT_PUBLISHED * 1000, room_created=None)
    before = FORMAT_PUBLISHED * 1000 - 1
    where = refused(TimestampBeforeFormatError, accepted=before, room_created=None)
    assert where == {"accepted": before, "format_published": FORMAT_PUBLISHED}


def test_when_the_format_was_published_is_for_the_application_to_say():
    check(accepted=1_644_387_225_019, room_created=None, format_published=0)
    assert refused(TimestampBeforeFormatError, format_published=NOW + 1)


def test_no_message_is_accepted_before_its_room_was_created():
    check(accepted=(NOW - 60) * 1000)
    where = refused(TimestampBeforeRoomError, accepted=(NOW - 60) * 1000 - 1)
    assert where == {"accepted": (NOW - 60) * 1000 - 1, "room_created": NOW - 60}
    assert refused(TimestampBeforeRoomError, accepted=NOW * 1000, room_created=NOW + 1)
    check(accepted=0, room_created=0, format_published=0)


def test_a_room_of_unknown_age_is_no_offence():
    check(accepted=(NOW - YEAR) * 1000, room_created=None)


def test_no_message_expired_more_than_a_year_ago():
    check(expiring(False, NOW - YEAR))
    where = refused(ExpiredLongAgoError, expiring(False, NOW - YEAR - 1))
    assert where == {"expires": NOW - YEAR - 1, "now": NOW}
    assert refused(ExpiredLongAgoError, expiring(False, 0))


def test_no_message_expires_more_than_a_year_from_now():
    check(expiring(False, NOW + YEAR))
    where = refused(ExpiresTooLateError, expiring(False, NOW + YEAR + 1))
    assert where == {"expires": NOW + YEAR + 1, "relative": False, "now": NOW}


def test_no_message_expires_more_than_a_year_after_it_is_read():
    check(expiring(True, 0))
    check(expiring(True, YEAR))
    where = refused(ExpiresTooLateError, expiring(True, YEAR + 1))
    assert where == {"expires": YEAR + 1, "relative": True, "now": NOW}
    assert refused(ExpiresTooLateError, expiring(True, NOW))


def test_a_year_has_365_days():
    assert YEAR == 31_536_000


# Who and where, by the sender's own account

ALICE, BOB = "mimi://a.example/u/alice", "mimi://b.example/u/bob"
ROOM, OTHER_ROOM = "mimi://a.example/r/lobby", "mimi://b.example/r/lobby"


def test_a_sender_does_not_pass_for_another():
    message = text("Hi", salt=SALT, sender=ALICE)
    check(message, sender=ALICE)
    where = refused(SenderUriError, message, sender=BOB)
    assert where == {"named": ALICE, "sender": BOB}


def test_a_message_is_of_the_room_where_it_is_received():
    message = text("Hi", salt=SALT, room=ROOM)
    check(message, room=ROOM)
    where = refused(RoomUriError, message, room=OTHER_ROOM)
    assert where == {"named": ROOM, "room": OTHER_ROOM}


def test_what_is_not_named_or_not_known_is_not_compared():
    check(text("Hi", salt=SALT), sender=ALICE, room=ROOM)
    check(text("Hi", salt=SALT, sender=ALICE, room=ROOM))
    check(text("Hi", salt=SALT, sender=""), room=ROOM)


def test_uris_are_compared_as_identifiers():
    check(text("Hi", salt=SALT, sender="MIMI://A.example/u/%61lice"), sender=ALICE)
    check(text("Hi", salt=SALT, room="im:Room@a.example"), room="im:Room@a.example")
    assert refused(SenderUriError, text("Hi", salt=SALT, sender=""), sender=ALICE)
    assert refused(
        RoomUriError, text("Hi", salt=SALT, room="im:Room@a.example"), room="im:room@a.example"
    )


# What may well be legitimate


def test_a_reply_to_an_unknown_message_is_received():
    check(text("Hi", salt=SALT, in_reply_to=b"\x01" + b"\x08" * 31))


def test_a_new_version_of_an_unknown_message_is_received():
    check(body(text("Hi", salt=SALT).nested_part, replaces=b"\x01" + b"\x08" * 31, salt=SALT))


@pytest.mark.parametrize("disposition", [9, 255])
def test_an_unknown_disposition_is_received(disposition):
    check(body(SinglePart(Disposition(disposition), "", "text/plain", b"Hi"), salt=SALT))


@pytest.mark.parametrize("content_type", ["application/vnd.unheard-of", "?!", ""])
def test_an_unknown_content_type_is_received(content_type):
    part = SinglePart(Disposition.RENDER, "", content_type, b"Hi")
    message = text("Hi", salt=SALT)
    octets = encode(message).replace(b"\x78\x18text/plain;charset=utf-8", _text(content_type))
    received = decode(octets)
    assert received.nested_part == part
    check_received(received, **FACTS)


@pytest.mark.parametrize("language", ["qzz-unheard", "?!", "en,,"])
def test_an_unknown_language_is_received(language):
    octets = encode(text("Hi", salt=SALT, language="xx"))
    received = decode(octets.replace(b"\x62xx", _text(language)))
    assert received.nested_part.language == language
    check_received(received, **FACTS)


def _text(value):
    head = bytes([0x60 + len(value)]) if len(value) < 24 else bytes([0x78, len(value)])
    return head + value.encode()


def test_a_message_that_expired_before_it_was_received_is_received():
    check(text("Hi", salt=SALT, expires=at(NOW - 1)))
