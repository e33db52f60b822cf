"""For every rule octets that break just this one: the error, its path and its offset."""

import math
from typing import Any

from cbor2 import CBORSimpleValue, CBORTag, undefined
from content.samples import octets_of

from mimi.codec.cbor import (
    NotDeterministicError,
    NotPermittedError,
    NotValidError,
    NotWellFormedError,
    TooLargeError,
)
from mimi.codec.cddl import OutOfRangeError, WrongTypeError
from mimi.content.errors import (
    ExtendedTimeError,
    ExtensionKeyError,
    ExtensionTooDeepError,
    ExtensionValueError,
    MessageIdSizeError,
    PartsTooDeepError,
    SaltSizeError,
    TooFewPartsError,
    TooManyPartsError,
    TopicTooLongError,
    UnencryptedError,
    UnknownCardinalityError,
    UnknownHashError,
    UnknownSemanticsError,
)
from mimi.errors import MalformedError

ID = b"\1" + bytes(31)
NULL = [1, "", 0]


def message(**changed: Any) -> bytes:
    """Return a message of an empty body, with other fields as named."""
    items = {
        "salt": bytes(16),
        "replaces": None,
        "topic": b"",
        "expires": None,
        "reply": None,
        "extensions": {},
        "body": NULL,
    }
    assert not set(changed) - set(items)
    return octets_of(list((items | changed).values()))


def single(**changed: Any) -> bytes:
    items = {"disposition": 1, "language": "", "cardinality": 1, "content_type": "", "content": b""}
    assert not set(changed) - set(items)
    return message(body=list((items | changed).values()))


def external(**changed: Any) -> bytes:
    items: dict[str, Any] = {"disposition": 1, "language": "", "cardinality": 2}
    items |= {"content_type": "", "url": "", "expires": 0, "size": 0, "enc_alg": 0}
    items |= {"key": b"", "nonce": b"", "aad": b"", "hash_alg": 0, "content_hash": b""}
    items |= {"description": "", "filename": ""}
    assert not set(changed) - set(items)
    return message(body=list((items | changed).values()))


def multi(*parts: Any, semantics: int = 0) -> list[Any]:
    return [1, "", 3, semantics, list(parts)]


def nested(levels: int) -> list[Any]:
    """Return a body with parts down to a level."""
    return NULL if levels == 1 else multi(NULL, nested(levels - 1))


def boxes(levels: int, inner: Any = None) -> Any:
    return [boxes(levels - 1, inner)] if levels else inner


def value(item: Any, key: Any = "x") -> bytes:
    """Return a message with one extension."""
    return message(extensions={key: item})


def raw(octets: str, key: str = "6178") -> bytes:
    """Return a message whose one extension has a value in these octets, and perhaps such a key."""
    return message().replace(b"\xa0\x83", bytes.fromhex("a1" + key + octets) + b"\x83")


def report(*statuses: Any) -> bytes:
    return octets_of(list(statuses))


def derived(**changed: Any) -> bytes:
    items = {"id": ID, "time": 1644387225019, "group": b"", "leaf": 4}
    items |= {"client": "", "user": "", "room": ""}
    assert not set(changed) - set(items)
    return octets_of(list((items | changed).values()))


BODY, EXTENSION = "Message.nested_part", "Message.extensions"
REPORT, TIMES = "MessageStatusReport", "MessageDerivedValues"
ACCEPTED = f"{TIMES}.hub_accepted_timestamp"
LONG_KEY = f"{EXTENSION}['{256 * 'k'}']"
WIDE_KEY = LONG_KEY.replace("kk", "\u00e9")

# The octets, the error, its path, its offset.
Row = tuple[bytes, type[MalformedError], str, int]
MESSAGES: list[Row] = [
    (message()[:-1], NotWellFormedError, "[6][2]", 26),
    (message() + b"\0", NotWellFormedError, "", 27),
    (raw("1c"), NotWellFormedError, "[5]['x']", 25),
    (raw("ff"), NotWellFormedError, "[5]['x']", 25),
    (raw("f818"), NotWellFormedError, "[5]['x']", 25),
    (b"", NotWellFormedError, "", 0),
    (raw("61ff"), NotValidError, "[5]['x']", 25),
    (raw("a201010102"), NotValidError, "[5]['x']", 28),
    (raw("f6", key="61ff"), NotValidError, "[5]", 23),
    (raw("1817"), NotDeterministicError, "[5]['x']", 25),
    (raw("5800"), NotDeterministicError, "[5]['x']", 25),
    (raw("9fff"), NotDeterministicError, "[5]['x']", 25),
    (raw("fa3f800000"), NotDeterministicError, "[5]['x']", 25),
    (raw("a220000100"), NotDeterministicError, "[5]['x']", 28),
    (raw("c24101"), NotDeterministicError, "[5]['x']", 25),
    (raw("c24a00ffffffffffffffffff"), NotDeterministicError, "[5]['x']", 25),
    (raw("d80100"), NotDeterministicError, "[5]['x']", 25),
    (raw("f97e01"), NotPermittedError, "[5]['x']", 25),
    (raw("fa7fc00000"), NotPermittedError, "[5]['x']", 25),
    (raw("a1f4f6"), NotPermittedError, "[5]['x']", 26),
    (raw("f6", key="f5"), NotPermittedError, "[5]", 23),
    (raw("f6", key="c100"), NotPermittedError, "[5]", 23),
    (single(content=bytes(1 << 20)), TooLargeError, "", 0),
    (octets_of(None), WrongTypeError, "Message", 0),
    (octets_of({}), WrongTypeError, "Message", 0),
    (octets_of(CBORTag(5, [])), WrongTypeError, "Message", 0),
    (
        message()[:1].replace(b"\x87", b"\x88") + message()[1:] + b"\xf6",
        WrongTypeError,
        "Message",
        0,
    ),
    (message(salt="0123456789abcdef"), WrongTypeError, "Message.salt", 1),
    (message(salt=CBORTag(4, bytes(16))), WrongTypeError, "Message.salt", 1),
    (message(salt=undefined), WrongTypeError, "Message.salt", 1),
    (message(replaces=1.5), WrongTypeError, "Message.replaces", 18),
    (message(replaces=False), WrongTypeError, "Message.replaces", 18),
    (message(topic=math.nan), WrongTypeError, "Message.topic_id", 19),
    (message(topic=CBORSimpleValue(9)), WrongTypeError, "Message.topic_id", 19),
    (message(expires=[1, 1]), WrongTypeError, "Message.expires.relative", 21),
    (message(expires=[True]), WrongTypeError, "Message.expires", 20),
    (message(expires=[True, 1.0]), WrongTypeError, "Message.expires.time", 22),
    (
        message(expires=[True, CBORTag(2, b"\1" + bytes(8))]),
        WrongTypeError,
        "Message.expires.time",
        22,
    ),
    (message(extensions=None), WrongTypeError, EXTENSION, 22),
    (message(extensions=[]), WrongTypeError, EXTENSION, 22),
    (message(body={}), WrongTypeError, BODY, 23),
    (message(body=[1, ""]), WrongTypeError, BODY, 23),
    (message(body=[1, "", 0, None]), WrongTypeError, BODY, 23),
    (message(body=[1, b"", 0]), WrongTypeError, BODY + ".language", 25),
    (message(body=["1", "", 0]), WrongTypeError, BODY + ".disposition", 24),
    (message(body=[1, "", False]), WrongTypeError, BODY + ".cardinality", 26),
    (message(body=[1, "", 1, ""]), WrongTypeError, BODY, 23),
    (single(content=""), WrongTypeError, BODY + ".content", 28),
    (single(content_type=b""), WrongTypeError, BODY + ".content_type", 27),
    (external(filename=b""), WrongTypeError, BODY + ".filename", 38),
    (message(body=[1, "", 2, "", b""]), WrongTypeError, BODY, 23),
    (message(body=[1, "", 3, 0, None]), WrongTypeError, BODY + ".parts", 28),
    (message(body=[1, "", 3, None, [NULL, NULL]]), WrongTypeError, BODY + ".part_semantics", 27),
    (message(body=multi(NULL, [1, "", 0, 0])), WrongTypeError, BODY + ".parts[1]", 33),
    (
        message(body=multi(NULL, multi(NULL, CBORTag(5, NULL)))),
        WrongTypeError,
        BODY + ".parts[1].parts[1]",
        43,
    ),
    (message(expires=[True, 1 << 32]), OutOfRangeError, "Message.expires.time", 22),
    (message(expires=[True, -1]), OutOfRangeError, "Message.expires.time", 22),
    (message(body=[256, "", 0]), OutOfRangeError, BODY + ".disposition", 24),
    (message(body=[-1, "", 0]), OutOfRangeError, BODY + ".disposition", 24),
    (external(expires=1 << 32), OutOfRangeError, BODY + ".expires", 29),
    (external(size=-1), OutOfRangeError, BODY + ".size", 30),
    (external(enc_alg=65536), OutOfRangeError, BODY + ".enc_alg", 31),
    (external(hash_alg=256), OutOfRangeError, BODY + ".hash_alg", 35),
    (message(body=multi(NULL, [256, "", 0])), OutOfRangeError, BODY + ".parts[1].disposition", 34),
    (message(salt=bytes(15)), SaltSizeError, "Message.salt", 1),
    (message(salt=bytes(17)), SaltSizeError, "Message.salt", 1),
    (message(replaces=ID[:31]), MessageIdSizeError, "Message.replaces", 18),
    (message(reply=b""), MessageIdSizeError, "Message.in_reply_to", 21),
    (message(reply=ID + b"1"), MessageIdSizeError, "Message.in_reply_to", 21),
    (message(replaces=bytes(32)), UnknownHashError, "Message.replaces", 18),
    (message(reply=b"\2" + bytes(31)), UnknownHashError, "Message.in_reply_to", 21),
    (message(reply=b"\xff" + bytes(31)), UnknownHashError, "Message.in_reply_to", 21),
    (message(topic=bytes(4097)), TopicTooLongError, "Message.topic_id", 19),
    (message(body=[1, "", 4]), UnknownCardinalityError, BODY + ".cardinality", 26),
    (message(body=[1, "", -1]), UnknownCardinalityError, BODY + ".cardinality", 26),
    (message(body=[1, "", 1 << 32]), UnknownCardinalityError, BODY + ".cardinality", 26),
    (
        message(body=multi(NULL, NULL, semantics=3)),
        UnknownSemanticsError,
        BODY + ".part_semantics",
        27,
    ),
    (
        message(body=multi(NULL, multi(NULL, NULL, semantics=-1))),
        UnknownSemanticsError,
        BODY + ".parts[1].part_semantics",
        37,
    ),
    (message(body=multi(NULL)), TooFewPartsError, BODY + ".parts", 28),
    (message(body=multi()), TooFewPartsError, BODY + ".parts", 28),
    (message(body=multi(NULL, multi(NULL))), TooFewPartsError, BODY + ".parts[1].parts", 38),
    (message(body=multi(*1024 * [NULL])), TooManyPartsError, BODY, 23),
    (message(body=multi(NULL, multi(*1022 * [NULL]))), TooManyPartsError, BODY, 23),
    (message(body=nested(5)), PartsTooDeepError, BODY + ".parts[1].parts[1].parts[1].parts", 58),
    (external(key=b"1"), UnencryptedError, BODY, 23),
    (external(nonce=b"1"), UnencryptedError, BODY, 23),
    (external(aad=b"1"), UnencryptedError, BODY, 23),
    (
        message(
            body=multi(NULL, NULL, [1, "", 2, "", "", 0, 0, 0, b"1", b"", b"", 0, b"", "", ""])
        ),
        UnencryptedError,
        BODY + ".parts[2]",
        37,
    ),
    (value(None, 0), ExtensionKeyError, EXTENSION + "[0]", 24),
    (value(None, ""), ExtensionKeyError, EXTENSION + "['']", 24),
    (value(None, "k" * 256), ExtensionKeyError, LONG_KEY, 282),
    (value(None, "\u00e9" * 128), ExtensionKeyError, WIDE_KEY, 282),
    (value(None, b"x"), ExtensionKeyError, EXTENSION + "[b'x']", 25),
    (value(None, 1 << 53), ExtensionKeyError, EXTENSION + "[9007199254740992]", 32),
    (value(None, -(1 << 53)), ExtensionKeyError, EXTENSION + "[-9007199254740992]", 32),
    (value({1 << 53: None}), ExtensionKeyError, EXTENSION + "['x']", 25),
    (value([{-(1 << 53): None}]), ExtensionKeyError, EXTENSION + "['x'][0]", 26),
    (value(boxes(4)), ExtensionTooDeepError, EXTENSION + "['x'][0][0][0]", 28),
    (value(boxes(3, {})), ExtensionTooDeepError, EXTENSION + "['x'][0][0][0]", 28),
    (value(boxes(3, CBORTag(5, 1))), ExtensionTooDeepError, EXTENSION + "['x'][0][0][0]", 28),
    (value({1: {2: {3: {}}}}), ExtensionTooDeepError, EXTENSION + "['x'][1][2][3]", 31),
    (
        value(CBORTag(5, CBORTag(5, CBORTag(5, [])))),
        ExtensionTooDeepError,
        EXTENSION + "['x'].value.value.value",
        28,
    ),
    (value(7, 1), ExtensionValueError, EXTENSION + "[1]", 24),
    (value(b"mimi:", 2), ExtensionValueError, EXTENSION + "[2]", 24),
    (value(None, 3), ExtensionValueError, EXTENSION + "[3]", 24),
    (value({}, 3), ExtensionValueError, EXTENSION + "[3]", 24),
    (value({1: 1, -3: 1, -6: 1}, 3), ExtensionValueError, EXTENSION + "[3]", 24),
    (value([b"", ""], 4).replace(b"\x60\x83", b"\x61\xff\x83", 1), NotValidError, "[5][4][1]", 26),
    (value([b"", 0], 4), ExtensionValueError, EXTENSION + "[4]", 24),
    (value("", 5), ExtensionValueError, EXTENSION + "[5]", 24),
    (value("k" * 4097, 5), ExtensionValueError, EXTENSION + "[5]", 24),
    (value(ID, 256), ExtensionValueError, EXTENSION + "[256]", 26),
    (value([ID[1:]], 256), ExtensionValueError, EXTENSION + "[256]", 26),
    (value([bytes(32)], 256), ExtensionValueError, EXTENSION + "[256]", 26),
    (value([ID, [b"", 1]], 256), ExtensionValueError, EXTENSION + "[256]", 26),
    (value({}, "av_metadata"), ExtensionValueError, EXTENSION + "['av_metadata']", 35),
    (value([{1: 0}], "av_metadata"), ExtensionValueError, EXTENSION + "['av_metadata']", 35),
]

REPORTS: list[Row] = [
    (report([ID, 1]) + b"\0", NotWellFormedError, "", 37),
    (octets_of(None), WrongTypeError, REPORT + ".statuses", 0),
    (octets_of({}), WrongTypeError, REPORT + ".statuses", 0),
    (report([ID]), WrongTypeError, REPORT + ".statuses[0]", 1),
    (report([ID, 1, 1]), WrongTypeError, REPORT + ".statuses[0]", 1),
    (report(ID), WrongTypeError, REPORT + ".statuses[0]", 1),
    (report([ID, "1"]), WrongTypeError, REPORT + ".statuses[0].status", 36),
    (report([ID, 1.0]), WrongTypeError, REPORT + ".statuses[0].status", 36),
    (report([ID, undefined]), WrongTypeError, REPORT + ".statuses[0].status", 36),
    (report([ID, CBORTag(5, 1)]), WrongTypeError, REPORT + ".statuses[0].status", 36),
    (report([None, 1]), WrongTypeError, REPORT + ".statuses[0].message_id", 2),
    (report([ID, 1], [ID, 256]), OutOfRangeError, REPORT + ".statuses[1].status", 72),
    (report([ID, -1]), OutOfRangeError, REPORT + ".statuses[0].status", 36),
    (report([b"", 1]), MessageIdSizeError, REPORT + ".statuses[0].message_id", 2),
    (report([ID, 1], [ID + b"1", 1]), MessageIdSizeError, REPORT + ".statuses[1].message_id", 38),
    (report([bytes(32), 1]), UnknownHashError, REPORT + ".statuses[0].message_id", 2),
    (report([ID, 1])[:-1], NotWellFormedError, "[0][1]", 36),
    (report([ID, 1])[:-1] + b"\x18\1", NotDeterministicError, "[0][1]", 36),
]

DERIVED: list[Row] = [
    (octets_of([]), WrongTypeError, TIMES, 0),
    (octets_of(None), WrongTypeError, TIMES, 0),
    (derived(id=None), WrongTypeError, TIMES + ".message_id", 1),
    (derived(id=b""), MessageIdSizeError, TIMES + ".message_id", 1),
    (derived(id=bytes(32)), UnknownHashError, TIMES + ".message_id", 1),
    (derived(time=None), WrongTypeError, ACCEPTED, 35),
    (derived(time="now"), WrongTypeError, ACCEPTED, 35),
    (derived(time=1.5), WrongTypeError, ACCEPTED, 35),
    (derived(time=-1), OutOfRangeError, ACCEPTED, 35),
    (derived(time=CBORTag(1, 1)), WrongTypeError, ACCEPTED, 35),
    (derived(time=CBORTag(1001, 1)), WrongTypeError, ACCEPTED, 35),
    (derived(time=CBORTag(1001, {1: 1, "": 2})), ExtensionKeyError, ACCEPTED + "['']", 42),
    (derived(time=CBORTag(1001, {1: 1, b"x": 2})), ExtensionKeyError, ACCEPTED + "[b'x']", 43),
    (
        derived(time=CBORTag(1001, {1: 1, 1 << 53: 1})),
        ExtensionKeyError,
        ACCEPTED + "[9007199254740992]",
        50,
    ),
    (
        derived(time=CBORTag(1001, {1: 1, -1: boxes(4)})),
        ExtensionTooDeepError,
        ACCEPTED + "[-1][0][0][0]",
        45,
    ),
    (
        derived(time=CBORTag(1001, {1: 1, "k": {1 << 53: 1}})),
        ExtensionKeyError,
        ACCEPTED + "['k']",
        43,
    ),
    (derived(time=CBORTag(1001, {})), ExtendedTimeError, ACCEPTED, 35),
    (derived(time=CBORTag(1001, {1: 1, 4: 1})), ExtendedTimeError, ACCEPTED, 35),
    (derived(time=CBORTag(1001, {1: 1.5})), ExtendedTimeError, ACCEPTED, 35),
    (derived(time=CBORTag(1001, {1: 1, -3: 1, -6: 1})), ExtendedTimeError, ACCEPTED, 35),
    (derived(time=CBORTag(1001, {1: 1, -3: -1})), ExtendedTimeError, ACCEPTED, 35),
    (derived(group=""), WrongTypeError, TIMES + ".mls_group_id", 44),
    (derived(leaf=1 << 32), OutOfRangeError, TIMES + ".sender_leaf_index", 45),
    (derived(leaf=None), WrongTypeError, TIMES + ".sender_leaf_index", 45),
    (derived(client=b""), WrongTypeError, TIMES + ".sender_client_url", 46),
    (derived(user=None), WrongTypeError, TIMES + ".sender_user_url", 47),
    (derived(room=CBORTag(32, "")), WrongTypeError, TIMES + ".room_url", 48),
    (derived(room=undefined), WrongTypeError, TIMES + ".room_url", 48),
]
