"""Status reports: the published one, what is refused, and which changes make sense."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimi.codec import cbor
from mimi.codec.cbor import (
    NotDeterministicError,
    NotWellFormedError,
    TooLargeError,
)
from mimi.codec.cddl import OutOfRangeError, WrongTypeError
from mimi.content.errors import MessageIdSizeError, UnknownHashError
from mimi.content.status import (
    MEDIA_TYPE,
    TRANSITIONS,
    MessageStatusReport,
    PerMessageStatus,
    Status,
    decode_report,
    encode_report,
    follows,
)
from mimi.errors import UsageError

ID = b"\x01" + bytes(31)

PUBLISHED = bytes.fromhex(
    "84825820017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f402825820015354973c2b"
    "65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b2702825820018d825adf9f6be00dcafc5704c4102f"
    "5022e74219d0b603e4ba7622654042af0082582001e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c94"
    "64a8d6717a0303"
)


def report(*statuses):
    return MessageStatusReport(tuple(PerMessageStatus(ID, status) for status in statuses))


def test_the_published_report():
    expected = [
        ("017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4", Status.READ),
        ("015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27", Status.READ),
        ("018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af", Status.UNREAD),
        ("01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03", Status.EXPIRED),
    ]
    made = MessageStatusReport(
        tuple(
            PerMessageStatus(bytes.fromhex(identifier), status) for identifier, status in expected
        )
    )
    assert decode_report(PUBLISHED) == made
    assert encode_report(made) == PUBLISHED
    assert MEDIA_TYPE == "application/mimi-message-status"


@given(st.lists(st.tuples(st.binary(min_size=31, max_size=31), st.integers(0, 255)), max_size=5))
def test_any_statuses_return(pairs):
    made = MessageStatusReport(
        tuple(PerMessageStatus(b"\x01" + rest, Status(status)) for rest, status in pairs)
    )
    octets = encode_report(made)
    assert octets == cbor.encode([[b"\x01" + rest, status] for rest, status in pairs])
    assert decode_report(octets) == made


def test_a_status_without_a_name_is_kept():
    (entry,) = decode_report(encode_report(report(Status(200)))).statuses
    assert (entry.status, entry.status.name) == (200, "0xC8")


def test_a_message_may_be_reported_more_than_once():
    made = report(Status.DELIVERED, Status.READ)
    assert decode_report(encode_report(made)) == made


@pytest.mark.parametrize(
    ("octets", "error", "path"),
    [
        (b"", NotWellFormedError, ""),
        (PUBLISHED[:-1], NotWellFormedError, "[3][1]"),
        (PUBLISHED + b"\0", NotWellFormedError, ""),
        (b"\x9f\xff", NotDeterministicError, ""),
        (b"\xf6", WrongTypeError, "MessageStatusReport.statuses"),
        (b"\xa0", WrongTypeError, "MessageStatusReport.statuses"),
        (b"\x81\x01", WrongTypeError, "MessageStatusReport.statuses[0]"),
        (cbor.encode([[ID]]), WrongTypeError, "MessageStatusReport.statuses[0]"),
        (cbor.encode([[ID, 1, 1]]), WrongTypeError, "MessageStatusReport.statuses[0]"),
        (cbor.encode([[ID, None]]), WrongTypeError, "MessageStatusReport.statuses[0].status"),
        (cbor.encode([["a", 1]]), WrongTypeError, "MessageStatusReport.statuses[0].message_id"),
        (
            cbor.encode([[ID, 1], [ID, 256]]),
            OutOfRangeError,
            "MessageStatusReport.statuses[1].status",
        ),
        (cbor.encode([[ID, -1]]), OutOfRangeError, "MessageStatusReport.statuses[0].status"),
        (
            cbor.encode([[ID[1:], 1]]),
            MessageIdSizeError,
            "MessageStatusReport.statuses[0].message_id",
        ),
        (
            cbor.encode([[ID + ID, 1]]),
            MessageIdSizeError,
            "MessageStatusReport.statuses[0].message_id",
        ),
        (
            cbor.encode([[bytes(32), 1]]),
            UnknownHashError,
            "MessageStatusReport.statuses[0].message_id",
        ),
        (
            cbor.encode([[b"\x02" * 32, 1]]),
            UnknownHashError,
            "MessageStatusReport.statuses[0].message_id",
        ),
        (
            b"\x81\x82\xc2\x49" + b"\x01" * 9 + b"\x01",
            WrongTypeError,
            "MessageStatusReport.statuses[0].message_id",
        ),
        (cbor.encode([[ID, 1.5]]), WrongTypeError, "MessageStatusReport.statuses[0].status"),
        (
            b"\x81\x82\x58\x20" + ID + b"\xf7",
            WrongTypeError,
            "MessageStatusReport.statuses[0].status",
        ),
    ],
)
def test_what_is_no_report_is_refused(octets, error, path):
    with pytest.raises(error) as caught:
        decode_report(octets)
    assert type(caught.value) is error
    assert caught.value.path == path


@pytest.mark.parametrize(
    "entry",
    [
        PerMessageStatus(b"", Status.READ),
        PerMessageStatus(bytes(32), Status.READ),
        PerMessageStatus(ID, 256),
        PerMessageStatus(ID, -1),
        PerMessageStatus(ID, None),
        PerMessageStatus("a", Status.READ),
        None,
    ],
)
def test_what_could_not_be_decoded_is_not_encoded(entry):
    with pytest.raises(UsageError):
        encode_report(MessageStatusReport((entry,)))


def test_a_report_may_be_as_long_as_a_message():
    octets = encode_report(report(*[Status.READ] * 29_000))
    assert len(octets) < 1 << 20
    assert len(decode_report(octets).statuses) == 29_000


@pytest.mark.parametrize(("status", "count"), [(Status.READ, 30_000), (Status(200), 29_000)])
def test_what_is_larger_than_permitted_is_neither_read_nor_written(status, count):
    long = report(*[status] * count)
    with pytest.raises(UsageError):
        encode_report(long)
    octets = encode_report(long, max_octets=1 << 21)
    with pytest.raises(TooLargeError):
        decode_report(octets)
    assert decode_report(octets, max_octets=len(octets)) == long


# Which status can follow which: rows are before, columns after, in the order of the numbers
SENSIBLE = {
    #                 UNREAD DELIVERED READ EXPIRED DELETED HIDDEN ERROR
    Status.UNREAD: (1, 1, 1, 1, 1, 1, 1),
    Status.DELIVERED: (1, 1, 1, 1, 1, 1, 1),
    Status.READ: (1, 0, 1, 1, 1, 1, 0),
    Status.EXPIRED: (0, 0, 0, 1, 1, 0, 0),
    Status.DELETED: (0, 0, 0, 0, 1, 0, 0),
    Status.HIDDEN: (1, 0, 1, 1, 1, 1, 0),
    Status.ERROR: (1, 1, 1, 1, 1, 1, 1),
}


@pytest.mark.parametrize("before", range(7))
@pytest.mark.parametrize("after", range(7))
def test_every_pair(before, after):
    assert follows(Status(after), Status(before)) == bool(SENSIBLE[Status(before)][after])


def test_the_drafts_own_example_makes_no_sense():
    assert not follows(Status.DELIVERED, Status.DELETED)


def test_the_drafts_other_example_does():
    steps = [Status.DELIVERED, Status.READ, Status.UNREAD, Status.EXPIRED]
    assert all(follows(after, before) for before, after in itertools.pairwise(steps))


@pytest.mark.parametrize("status", [*range(7), 7, 200, 255])
def test_any_status_can_be_the_first(status):
    assert follows(Status(status), None)


@pytest.mark.parametrize("known", range(7))
@pytest.mark.parametrize("unknown", [7, 100, 255])
def test_what_an_unknown_status_means_is_not_ours_to_say(known, unknown):
    assert follows(Status(unknown), Status(known))
    assert follows(Status(known), Status(unknown))
    assert follows(Status(unknown), Status(unknown))
    assert follows(Status(unknown), Status(unknown - 1))


def test_the_table_has_every_named_status():
    assert set(TRANSITIONS) == {Status(number) for number in range(7)}
    assert [status.name for status in TRANSITIONS if status == 6] == ["ERROR"]
