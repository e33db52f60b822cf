"""Extensions that other drafts define: every shape that they may have, and those they may not."""

from collections.abc import Iterator
from typing import Any

from cbor2 import CBORTag

from mimi.codec import cbor
from mimi.content.hashes import IDENTIFYING
from mimi.content.message import decode, encode
from mimi.content.model import Disposition, NestedPart, NullPart, SinglePart
from mimi.crypto import Entropy, draw
from mimi.vectors.checks.extensions import meaning
from mimi.vectors.generate.content_parts import (
    CHOOSE_ONE,
    HTML,
    INLINE,
    NULL,
    PLAIN,
    PROCESS_ALL,
    SINGLE_UNIT,
    external,
    message,
    multi,
    says,
    some_id,
)
from mimi.vectors.generate.content_values import diagnostic
from mimi.vectors.generate.written import Vector

TIMESTAMP, EXTERNAL_ID, SUBJECT, LAST_SEEN, AV = 3, 4, 5, 256, "av_metadata"
VALUE, REFERENCE = "extension-value", "part-reference"
UINT64 = (1 << 64) - 1
URI = CBORTag(32, "https://chat.example/")

Case = tuple[str, int | str, Any]
"""What is remarkable, the key, and the value."""


def extensions(entropy: Entropy) -> Iterator[Vector]:
    """Yield all cases."""
    for what, key, value in (*_timestamps(), *_external_ids(entropy), *_others(entropy)):
        octets = encode(message(entropy, NULL, {key: value}))
        yield _accepted(what, key, octets)
    for what, key, value in (*_no_timestamps(), *_no_external_ids(), *_no_others(entropy)):
        yield _refused(what, key, _with(entropy, NULL, key, value), VALUE)
    body = _body(entropy)
    for what, entries in _metadata():
        yield _accepted(what, AV, encode(message(entropy, body, {AV: entries})))
    for what, entries in _no_metadata():
        yield _refused(what, AV, _with(entropy, body, AV, entries), VALUE)
    for what, entries in _dangling():
        octets = encode(message(entropy, body, {AV: entries}))
        yield _refused(what, AV, octets, REFERENCE)


def _with(entropy: Entropy, part: NestedPart, key: int | str, value: Any) -> bytes:
    """Return a message with an extension that `Extensions` does not take."""
    octets = encode(message(entropy, part, {"~": None}))
    return octets.replace(cbor.encode({"~": None}), cbor.encode({key: value}), 1)


def _accepted(what: str, key: int | str, octets: bytes) -> Vector:
    return {
        "kind": "content-extension",
        "description": what,
        "content": octets,
        "key": key,
        "value": meaning(decode(octets), key),
        "rule": None,
    }


def _refused(what: str, key: int | str, octets: bytes, rule: str) -> Vector:
    return {
        "kind": "content-extension",
        "description": what,
        "content": octets,
        "key": key,
        "value": None,
        "rule": rule,
    }


# senderTimestamp


def _timestamps() -> Iterator[Case]:
    for seconds in (0, 1762760377, (1 << 53) - 1, 1 << 53, UINT64):
        yield f"sent at {seconds} seconds", TIMESTAMP, {1: seconds}
    for key, most in ((-3, 999), (-6, 999_999), (-9, 999_999_999)):
        for fraction in (0, 1, most):
            value = {1: 1762760377, key: fraction}
            yield f"sent at {diagnostic(value)}", TIMESTAMP, value


def _no_timestamps() -> Iterator[Case]:
    for value in (
        1762760377,
        [1762760377],
        {},
        {-3: 0},
        {1: -1},
        {1: 0.5},
        {1: "1762760377"},
        {1: None},
        {1: CBORTag(2, (1 << 64).to_bytes(9))},
        {1: 1, -3: 1000},
        {1: 1, -6: 1_000_000},
        {1: 1, -9: 1_000_000_000},
        {1: 1, -3: -1},
        {1: 1, -6: "0"},
        {1: 1, -9: None},
        {1: 1, -3: 0, -6: 0},
        {1: 1, -6: 0, -9: 0},
        {1: 1, -12: 0},
        {1: 1, 2: 0},
        {1: 1, "note": ""},
        {1: 1, b"": 0},
    ):
        yield f"no timestamp: {diagnostic(value)}", TIMESTAMP, value


# externalMessageId, which lastSeen has too


def _external_ids(entropy: Entropy) -> Iterator[Case]:
    native = draw(entropy, 16)
    yield "an enterprise number", EXTERNAL_ID, [native, 311]
    yield "the first enterprise number", EXTERNAL_ID, [native, 1]
    yield "the last enterprise number", EXTERNAL_ID, [native, UINT64]
    yield "a domain", EXTERNAL_ID, [native, "chat.example"]
    yield "a domain beyond ASCII", EXTERNAL_ID, [native, "\u4f8b\u3048.example"]
    yield "an empty domain", EXTERNAL_ID, [native, ""]
    yield "a URI", EXTERNAL_ID, [native, URI]
    yield "a URI that is none", EXTERNAL_ID, [native, CBORTag(32, "")]
    yield "an empty ID", EXTERNAL_ID, [b"", 311]
    yield "an ID of 300 octets", EXTERNAL_ID, [draw(entropy, 300), 311]


NO_EXTERNAL_IDS: tuple[Any, ...] = (
    None,
    b"id",
    {},
    [],
    [b"id"],
    [b"id", 311, 0],
    ["id", 311],
    [None, 311],
    [b"id", 0],
    [b"id", -1],
    [b"id", None],
    [b"id", b"chat.example"],
    [b"id", 1.5],
    [b"id", CBORTag(33, "aHR0cA")],
    [b"id", CBORTag(32, b"https://chat.example/")],
    [b"id", CBORTag(32, 1)],
    [311, b"id"],
)


def _no_external_ids() -> Iterator[Case]:
    for value in NO_EXTERNAL_IDS:
        yield f"no external ID: {diagnostic(value)}", EXTERNAL_ID, value


# subject and lastSeen


def _others(entropy: Entropy) -> Iterator[Case]:
    yield "a subject", SUBJECT, "This space intentionally left blank"
    yield "a subject of one octet", SUBJECT, " "
    yield "a subject of 4096 octets", SUBJECT, "s" * 4096
    yield "a subject of 2048 characters and 4096 octets", SUBJECT, "\u00e9" * 2048
    yield "nothing seen yet", LAST_SEEN, []
    yield "one message seen last", LAST_SEEN, [some_id(entropy)]
    yield "two messages seen last", LAST_SEEN, [some_id(entropy), some_id(entropy)]
    ids = [some_id(entropy, number) for number in sorted(IDENTIFYING)]
    yield "IDs by all algorithms", LAST_SEEN, ids
    yield "the same ID twice", LAST_SEEN, [ids[0], ids[0]]
    yield "300 messages seen last", LAST_SEEN, [some_id(entropy) for _ in range(300)]
    yield "one external ID", LAST_SEEN, [[b"1234", URI]]
    mixed = [[b"", 1], [b"\x12\x34", "chat.example"], [b"1234", URI]]
    yield "external IDs of all scopes", LAST_SEEN, mixed


def _no_others(entropy: Entropy) -> Iterator[Case]:
    for text in ("", "s" * 4097, "\u00e9" * 2048 + "s"):
        yield f"no subject: a text of {len(text.encode())} octets", SUBJECT, text
    for other in (b"Subject", None, 5, ["Subject"]):
        yield f"no subject: {diagnostic(other)}", SUBJECT, other
    own, outer = some_id(entropy), [b"1234", 311]
    for what, value in (
        ("a message ID alone", own),
        ("an external ID alone", outer),
        ("null", None),
        ("a map", {0: own}),
        ("both kinds of IDs", [own, outer]),
        ("both kinds of IDs, the other way round", [outer, outer, own]),
        ("an ID of 31 octets", [own, own[:31]]),
        ("an ID of 33 octets", [own, own + b"\0"]),
        ("an empty ID", [b""]),
        ("an ID by algorithm 0", [bytes(32)]),
        ("an ID by algorithm 2", [b"\2" + own[1:]]),
        ("null in the list", [own, None]),
        ("a text in the list", ["1234"]),
        *((f"external {diagnostic(value)}", [value]) for value in NO_EXTERNAL_IDS[3:]),
    ):
        yield f"not seen last: {what}", LAST_SEEN, value


# av_metadata


def _preview(subtype: str) -> SinglePart:
    return SinglePart(Disposition.PREVIEW, "", f"image/{subtype}", b"...")


def _body(entropy: Entropy) -> NestedPart:
    """Return seventeen parts with what there is to describe, and what there is not."""
    return multi(
        PROCESS_ALL,  # 0
        says("<p>Puppies!</p>", HTML),  # 1
        external("video/mp4"),  # 2
        NULL,  # 3
        _preview("png"),  # 4
        multi(CHOOSE_ONE, _preview("png"), _preview("GIF")),  # 5, 6, 7
        SinglePart(INLINE, "", "audio/ogg", draw(entropy, 8)),  # 8
        SinglePart(INLINE, "", "image/png", draw(entropy, 8)),  # 9
        NullPart(Disposition.PREVIEW),  # 10
        multi(SINGLE_UNIT, _preview("png"), _preview("gif")),  # 11, 12, 13
        multi(CHOOSE_ONE, _preview("png"), says("a preview in words", PLAIN)),  # 14, 15, 16
    )


VIDEO = {1: 2, 2: 3}


def _metadata() -> Iterator[tuple[str, list[Any]]]:
    text = "two golden retriever puppies in low sunlight"
    video = {**VIDEO, 3: 1920, 4: 1080, 5: 37000, 6: 4, 7: text, 8: 0}
    image, sound = {1: 4, 2: 2, 3: 1080, 4: 1920}, {1: 8, 2: 1, 5: 9450, 7: "laughter"}
    yield "nothing described", []
    yield "a video, its preview and a sound", [video, image, sound]
    yield "a type and nothing else", [VIDEO]
    yield "a preview to choose from", [{**VIDEO, 6: 5}]
    yield "a preview of an image", [{1: 9, 2: 2, 6: 4}]
    yield "a part described twice", [VIDEO, VIDEO]
    for rotation in (0, 90, 180, 270):
        yield f"rotated by {rotation} degrees", [{**VIDEO, 8: rotation}]
    for kind in (0, 4, UINT64):
        yield f"a type that is not known, {kind}", [{1: 2, 2: kind}]
    for wide, high in ((0, 0), (1, 1), (2, 1), (1, 2), (UINT64, UINT64 - 1)):
        yield f"{wide} by {high} pixels", [{**VIDEO, 3: wide, 4: high}]
    yield "a width without a height", [{**VIDEO, 3: 1}]
    yield "a duration of 2^64 - 1 milliseconds", [{**VIDEO, 5: UINT64}]
    yield "an empty text", [{**VIDEO, 7: ""}]
    others: dict[Any, Any] = {9: None, 0: 0, -1: [], "": "", "vendor": {b"": 0.5}}
    yield "entries of other extensions", [{**VIDEO, **others}]


NO_METADATA: tuple[Any, ...] = (
    *(None, {}, VIDEO, b""),
    *([[]], [None], [VIDEO, 1], [{}], [{1: 2}], [{2: 3}]),
)


def _no_metadata() -> Iterator[tuple[str, Any]]:
    for value in NO_METADATA:
        yield f"no metadata: {diagnostic(value)}", value
    wrong: dict[int, tuple[Any, ...]] = {
        1: (-1, 65536, "2", None),
        2: (-1, "video", None),
        3: (-1, 0.5, None),
        4: (-1, "1080", None),
        5: (-1, 0.5, None),
        6: (-1, 65536, None),
        7: (b"puppies", 1, None),
        8: (1, 45, 360, -90, "90", None),
    }
    for key, values in wrong.items():
        for value in values:
            entry = {**VIDEO, key: value}
            yield f"no metadata: {diagnostic(entry)}", [entry]
    yield "metadata with octets for a key", [{**VIDEO, b"": 0}]


def _dangling() -> Iterator[tuple[str, list[Any]]]:
    for index, what in (
        (0, "several parts"),
        (3, "a null part"),
        (10, "a null part"),
        (17, "none"),
    ):
        yield f"metadata of part {index}, {what}", [VIDEO, {1: index, 2: 2}]
    yield "metadata of part 65535", [{1: 65535, 2: 2}]
    for index, what in (
        (0, "several parts of any kind"),
        (1, "a text"),
        (2, "the video itself"),
        (9, "an image that is no preview"),
        (10, "a null part"),
        (11, "images that belong together"),
        (14, "images or words"),
        (17, "none"),
        (65535, "none"),
    ):
        yield f"a preview that is part {index}, {what}", [{**VIDEO, 6: index}]
