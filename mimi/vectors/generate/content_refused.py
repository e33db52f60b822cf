"""Messages, reports and derived values that are refused, each for breaking exactly one rule."""

from collections.abc import Iterator
from typing import Any

import attrs
import cbor2
from cbor2 import CBORTag

from mimi.codec import cbor
from mimi.content.message import MOST_OCTETS
from mimi.crypto import Entropy, draw
from mimi.vectors.generate.content_octets import KEYS, OCTETS
from mimi.vectors.generate.content_values import LARGEST_KEY, diagnostic
from mimi.vectors.generate.written import Vector

KNOWN = bytes([1])
UINT64 = (1 << 64) - 1

NULL: list[Any] = [1, "", 0]
SINGLE: list[Any] = [1, "", 1, "text/plain", b"."]
EXTERNAL: list[Any] = [
    *(6, "", 2, "video/mp4", "https://example.com/1"),
    *(0, 0, 0, b"", b"", b"", 0, b"", "", ""),
]
NAMES = (
    *("disposition", "language", "cardinality", "content_type", "url", "expires", "size"),
    *("enc_alg", "key", "nonce", "aad", "hash_alg", "content_hash", "description", "filename"),
)
"""The fields of an ExternalPart, in their order."""

MESSAGE = ("salt", "replaces", "topic_id", "expires", "in_reply_to", "extensions", "nested_part")
DERIVED = ("message_id", "timestamp", "group_id", "leaf", "client", "user", "room")

Found = tuple[str, str, bytes]
"""A rule, how it is broken, and by what."""


@attrs.frozen
class Octets:
    """Items that stand as they are, whatever they are."""

    octets: bytes


def _item(value: Any) -> bytes:
    if isinstance(value, Octets):
        return value.octets
    return cbor.encode(value, allow_nan=True, allow_simple=True)


def _array(*items: Any) -> bytes:
    return bytes([0x80 + len(items)]) + b"".join(map(_item, items))


def _multi(*parts: Any, semantics: Any = 0) -> list[Any]:
    return [1, "", 3, semantics, list(parts)]


def _nested(levels: int) -> list[Any]:
    return NULL if levels == 1 else _multi(NULL, _nested(levels - 1), semantics=2)


def _external(**changed: Any) -> list[Any]:
    return [changed.get(name, value) for name, value in zip(NAMES, EXTERNAL, strict=True)]


@attrs.frozen
class _Maker:
    """Documents with a salt, or an ID, of their own."""

    entropy: Entropy

    def id(self) -> bytes:
        return KNOWN + draw(self.entropy, 31)

    def message(self, **changed: Any) -> bytes:
        items: dict[str, Any] = dict(
            zip(MESSAGE, (None, None, b"", None, None, {}, NULL), strict=True)
        )
        return _array(*(items | {"salt": draw(self.entropy, 16)} | changed).values())

    def valued(self, value: Any, key: Any = "x") -> bytes:
        return self.message(extensions={key: value})

    def raw(self, value: str, key: str = "6178") -> bytes:
        """Return a message whose one extension, key and value, is spelled out."""
        return self.message(extensions=Octets(bytes.fromhex("a1" + key + value)))

    def derived(self, **changed: Any) -> bytes:
        values = (None, 1644387225019, b"", 4, "mimi://a.example/d/1", "", "")
        items = dict(zip(DERIVED, values, strict=True))
        return _array(*(items | {"message_id": self.id()} | changed).values())


def refused(entropy: Entropy) -> Iterator[Vector]:
    """Yield all cases."""
    make = _Maker(entropy)
    for rule, description, octets in (
        *_ill_formed(make),
        *_octets(make),
        *_types(make),
        *_part_types(make),
        *_ranges(make),
        *_sizes(make),
        *_bodies(make),
        *_keys(make),
        *_values(make),
    ):
        yield _case("message", rule, description, octets)
    for rule, description, octets in _reports(make):
        yield _case("status", rule, description, octets)
    for rule, description, octets in (*_derived(make), *_times(make)):
        yield _case("implied", rule, description, octets)
    for form, octets in (
        ("message", make.message()),
        ("status", _array([make.id(), 1])),
        ("implied", make.derived()),
    ):
        most = len(octets) - 1
        yield _case(form, "too-large", f"{most} octets permitted, one more there", octets, most)
        yield _case(form, "too-large", "no octets permitted", octets, 0)


def _case(form: str, rule: str, description: str, octets: bytes, most: int = MOST_OCTETS) -> Vector:
    return {
        "kind": "content-refused",
        "description": description,
        "format": form,
        "content": octets,
        "max_octets": most,
        "rule": rule,
    }


# Octets


def _ill_formed(make: _Maker) -> Iterator[Found]:
    whole = make.message()
    yield "well-formed", "no octets", b""
    yield "well-formed", "the last octet is missing", whole[:-1]
    yield "well-formed", "all but the first octet is missing", whole[:1]
    yield "well-formed", "one octet after the message", whole + b"\0"
    yield "well-formed", "the message twice", whole + whole
    yield "well-formed", "a break after the message", whole + b"\xff"
    longer = whole.replace(b"\x50", b"\x5b" + b"\xff" * 8, 1)
    yield "well-formed", "octets longer than the message can be", longer
    yield "deterministic", "the array of the message with a longer head", b"\x98\7" + whole[1:]
    yield "deterministic", "the message as an array without a length", b"\x9f" + whole[1:] + b"\xff"
    longer = whole.replace(b"\x50", b"\x58\x10", 1)
    yield "deterministic", "a salt with a longer head", longer


def _octets(make: _Maker) -> Iterator[Found]:
    for rule, description, value in OCTETS:
        yield rule, f"within an extension: {description}", make.raw(value)
    for rule, description, key in KEYS:
        yield rule, f"as the key of an extension: {description}", make.raw("f6", key=key)
        inner = make.raw(f"a1{key}f6")
        yield rule, f"as a key within an extension: {description}", inner
    for name in ("language", "content_type", "url", "description", "filename"):
        part = Octets(_array(*_external(**{name: Octets(b"\x61\xff")})))
        yield "valid", f"{name} that is not UTF-8", make.message(nested_part=part)
    for key, name in (("01", "1"), ("6178", "x"), ("20", "-1")):
        twice = Octets(bytes.fromhex(f"a2{key}60{key}60"))
        yield "valid", f"the extension {name} twice", make.message(extensions=twice)
    for pairs, name in (("2000181800", "-1 before 24"), ("6161f601f6", "a before 1")):
        late = Octets(bytes.fromhex(f"a2{pairs}"))
        yield "deterministic", f"the extension {name}", make.message(extensions=late)


# Types

STRANGE: tuple[tuple[str, Any], ...] = (
    ("a tag", CBORTag(32, "https://example.com/")),
    ("a float", 1.0),
    ("undefined", cbor2.undefined),
    ("a simple value", cbor2.CBORSimpleValue(99)),
)
"""Items that stand nowhere but in extensions."""

OTHERWISE: dict[str, tuple[Any, ...]] = {
    "salt": (None, "0123456789abcdef", 0, [0] * 16),
    "replaces": (False, "", 0, [], {}),
    "topic_id": (None, "", 0),
    "expires": (
        True,
        0,
        {},
        [],
        [True],
        [True, 1, 1],
        [None, 1],
        [1, 1],
        [True, "1"],
        [True, None],
    ),
    "in_reply_to": (True, "", [b""]),
    "extensions": (None, [], b"", 0),
    "nested_part": (None, {}, b"", 0, [], [1], [1, ""]),
}
"""Values of other types than the fields of a message have."""


def _types(make: _Maker) -> Iterator[Found]:
    for name, values in OTHERWISE.items():
        for value in values:
            yield "type", f"{name} is {diagnostic(value)}", make.message(**{name: value})
        for what, value in STRANGE:
            yield "type", f"{name} is {what}", make.message(**{name: value})
    fields: list[Any] = [draw(make.entropy, 16), None, b"", None, None, {}, NULL]
    yield "type", "a message of six fields", _array(*fields[:6])
    yield "type", "a message of eight fields", _array(*fields, None)
    yield "type", "no message but null", b"\xf6"
    yield "type", "no message but an empty map", b"\xa0"
    yield "type", "no message but its octets", _item(make.message())
    tagged = _item(CBORTag(55799, fields))
    yield "type", "a message that describes itself as CBOR", tagged


def _part_types(make: _Maker) -> Iterator[Found]:
    def found(description: str, part: Any) -> Found:
        return "type", description, make.message(nested_part=part)

    for what, value in (("null", None), ("a text", "1"), *STRANGE):
        yield found(f"a disposition that is {what}", [value, "", 0])
        yield found(f"a cardinality that is {what}", [1, "", value])
    for what, value in (("null", None), ("octets", b"en"), *STRANGE):
        yield found(f"a language that is {what}", [1, value, 0])
    yield found("a NullPart of four items", [*NULL, None])
    for what, part in (("Single", SINGLE), ("External", EXTERNAL), ("Multi", _multi(NULL, NULL))):
        yield found(f"a {what}Part of one item less", part[:-1])
        yield found(f"a {what}Part of one item more", [*part, None])
    yield found("a content type that is octets", [1, "", 1, b"text/plain", b""])
    yield found("a content that is a text", [1, "", 1, "text/plain", "Hello"])
    yield found("a content that is null", [1, "", 1, "text/plain", None])
    for name, value in zip(NAMES[3:], EXTERNAL[3:], strict=True):
        other = b"" if isinstance(value, str) else ""
        yield found(f"an ExternalPart: {name}", _external(**{name: other}))
        yield found(f"an ExternalPart: {name} is null", _external(**{name: None}))
    uri = CBORTag(32, "https://example.com/1")
    yield found("a URL with the tag of URIs", _external(url=uri))
    big = CBORTag(2, (1 << 64).to_bytes(9))
    yield found("a size that is a bignum", _external(size=big))
    for value in (None, "0", 0.0):
        yield found(f"part semantics {diagnostic(value)}", _multi(NULL, NULL, semantics=value))
    for value in (None, {}, NULL):
        yield found(f"parts {diagnostic(value)}", [1, "", 3, 0, value])
    yield found("null among the parts", _multi(NULL, None))
    yield found("octets among the parts", _multi(NULL, _item(NULL)))


# Numbers and sizes


def _ranges(make: _Maker) -> Iterator[Found]:
    for relative in (True, False):
        for time in (-1, 1 << 32, UINT64):
            expires = [relative, time]
            yield "range", f"expires is {diagnostic(expires)}", make.message(expires=expires)
    for disposition in (-1, 256, UINT64):
        for part in (NULL, SINGLE):
            body = [disposition, *part[1:]]
            yield "range", f"disposition {disposition}", make.message(nested_part=body)
    for name, most in (("expires", 32), ("size", 64), ("enc_alg", 16), ("hash_alg", 8)):
        for number in (-1, 1 << most):
            if number <= UINT64:
                body = _external(**{name: number})
                yield "range", f"{name} is {number}", make.message(nested_part=body)


def _sizes(make: _Maker) -> Iterator[Found]:
    for size in (0, 15, 17, 32):
        salt = draw(make.entropy, size)
        yield "salt-size", f"a salt of {size} octets", make.message(salt=salt)
    for name in ("replaces", "in_reply_to"):
        for size in (0, 1, 31, 33, 64):
            some = (KNOWN + draw(make.entropy, 64))[:size]
            found = f"{name} of {size} octets"
            yield "message-id-size", found, make.message(**{name: some})
        for algorithm in (0, 2, 6, 9, 13, 32, 36, 255):
            some = bytes([algorithm]) + draw(make.entropy, 31)
            found = f"{name} by algorithm {algorithm}"
            yield "hash-algorithm", found, make.message(**{name: some})
    for size in (4097, 5000):
        topic = draw(make.entropy, size)
        yield "topic-size", f"a topic of {size} octets", make.message(topic_id=topic)


# Bodies


def _bodies(make: _Maker) -> Iterator[Found]:
    def found(rule: str, description: str, part: Any) -> Found:
        return rule, description, make.message(nested_part=part)

    for number in (4, 5, 255, UINT64, -1):
        yield found("cardinality", f"cardinality {number}", [1, "", number])
        inner = _multi(NULL, [1, "", number])
        yield found("cardinality", f"cardinality {number} of an inner part", inner)
    for number in (3, 4, 255, UINT64, -1):
        part = _multi(NULL, NULL, semantics=number)
        yield found("part-semantics", f"part semantics {number}", part)
    yield found("multipart-minimum", "no parts", _multi())
    yield found("multipart-minimum", "one part", _multi(SINGLE))
    yield found("multipart-minimum", "one part within another", _multi(NULL, _multi(NULL)))
    yield found("parts-maximum", "1025 parts", _multi(*[NULL] * 1024))
    yield found("parts-maximum", "1025 parts in threes", _multi(*[_multi(NULL, NULL)] * 341, NULL))
    quarter = _multi(*[NULL] * 255)
    yield found("parts-maximum", "1025 parts in quarters", _multi(*[quarter] * 4))
    for levels in (5, 6):
        yield found("part-depth", f"{levels} levels of parts", _nested(levels))
    late = _multi(NULL, NULL, NULL, _nested(4))
    yield found("part-depth", "five levels in the last part alone", late)
    for names in (("key",), ("nonce",), ("aad",), ("key", "nonce", "aad")):
        part = _external(**{name: draw(make.entropy, 16) for name in names})
        yield found("unencrypted", f"no encryption, but {' and '.join(names)}", part)
    inner = _multi(NULL, _external(nonce=b"\0"))
    yield found("unencrypted", "no encryption, but a nonce, of an inner part", inner)


# Extensions

NO_KEYS: tuple[tuple[str, Any], ...] = (
    ("0, which is reserved", 0),
    ("an empty text", ""),
    ("a text of 256 octets", "k" * 256),
    ("a text of 128 characters and 256 octets", "\u00e9" * 128),
    ("no octets", b""),
    ("octets", b"x"),
)
TOO_LARGE = (1 << 53, -(1 << 53), UINT64, -(1 << 64))


def _keys(make: _Maker) -> Iterator[Found]:
    for description, key in NO_KEYS:
        yield "extension-key", f"the key is {description}", make.valued(None, key)
    for key in TOO_LARGE:
        yield "extension-key", f"the key is {key}", make.valued(None, key)
        yield "extension-key", f"a key within a map is {key}", make.valued({key: None})
        deep = [CBORTag(9, {LARGEST_KEY: 0, key: None})]
        yield "extension-key", f"a key deep within a map is {key}", make.valued(deep)
    for description, value in (
        ("arrays", [[[[]]]]),
        ("arrays, the last one not empty", [[[[0]]]]),
        ("maps", {0: {0: {0: {}}}}),
        ("tags", CBORTag(9, CBORTag(9, CBORTag(9, CBORTag(9, 0))))),
        ("all three", [{0: CBORTag(9, [])}]),
        ("the last of several", [0, [], [0, [], [0, []]]]),
        ("a tag at the end", {0: [[CBORTag(32, "https://example.com/")]]}),
    ):
        yield "extension-depth", f"five levels: {description}", make.valued(value)
    yield "extension-depth", "41 levels", make.raw("81" * 40 + "f6")
    extensions = {1: "im:a@example.com", 2: "im:b@example.com", 300: [[[[1]]]]}
    yield "extension-depth", "five levels in the last", make.message(extensions=extensions)


def _values(make: _Maker) -> Iterator[Found]:
    for key, values in {
        1: (None, b"mimi://a.example/u/a", 1, ["mimi://a.example/u/a"]),
        2: (None, b"mimi://a.example/r/r", {}, CBORTag(32, "mimi://a.example/r/r")),
        3: (1700000000, {}),
        4: ("1", [b"1"]),
        5: (b"Subject", ""),
        256: (b"", [b""]),
        "av_metadata": (None, [{}]),
    }.items():
        for value in values:
            found = f"the extension {key} is {diagnostic(value)}"
            yield "extension-value", found, make.valued(value, key)


# Reports and derived values


def _reports(make: _Maker) -> Iterator[Found]:
    good = [make.id(), 1]
    yield "well-formed", "no octets", b""
    yield "well-formed", "the last octet is missing", _array(good)[:-1]
    yield "well-formed", "one octet after the report", _array(good) + b"\0"
    yield "deterministic", "a report without a length", b"\x9f" + _item(good) + b"\xff"
    yield "deterministic", "a status in two octets", _array(good)[:-1] + b"\x18\1"
    for what, value in (("null", None), ("a map", {}), ("one status", good), *STRANGE):
        yield "type", f"a report that is {what}", _item(value)
    for what, value in (("null", None), ("a text", "1"), *STRANGE):
        yield "type", f"a status that is {what}", _array([good[0], value])
        yield "type", f"a message ID that is {what}", _array([value, 1])
    yield "type", "an ID without a status", _array(good, good[:1])
    yield "type", "an ID with two statuses", _array(good, [*good, 1])
    for status in (-1, 256, UINT64):
        yield "range", f"status {status}", _array(good, [good[0], status])
    for size in (0, 31, 33):
        some = (KNOWN + draw(make.entropy, 64))[:size]
        yield "message-id-size", f"a message ID of {size} octets", _array(good, [some, 1])
    for algorithm in (0, 2, 255):
        some = bytes([algorithm]) + draw(make.entropy, 31)
        yield "hash-algorithm", f"a message ID by algorithm {algorithm}", _array(good, [some, 1])


def _derived(make: _Maker) -> Iterator[Found]:
    good = make.derived()
    yield "well-formed", "the last octet is missing", good[:-1]
    yield "well-formed", "one octet after the values", good + b"\0"
    yield "deterministic", "a leaf index in two octets", make.derived(leaf=Octets(b"\x18\4"))
    yield "valid", "a room that is not UTF-8", make.derived(room=Octets(b"\x61\xff"))
    fields = [make.id(), 0, b"", 4, "", "", ""]
    yield "type", "six values", _array(*fields[:6])
    yield "type", "eight values", _array(*fields, "")
    for name in DERIVED:
        for what, value in (("null", None), *STRANGE):
            yield "type", f"{name} is {what}", make.derived(**{name: value})
    yield "type", "the time in seconds, with tag 1", make.derived(timestamp=CBORTag(1, 1))
    yield "type", "an extended time that is no map", make.derived(timestamp=CBORTag(1001, 1))
    for name in ("timestamp", "leaf"):
        yield "range", f"{name} is -1", make.derived(**{name: -1})
    yield "range", "leaf is 2^32", make.derived(leaf=1 << 32)
    for size in (0, 31, 33):
        some = (KNOWN + draw(make.entropy, 64))[:size]
        yield "message-id-size", f"an ID of {size} octets", make.derived(message_id=some)
    for algorithm in (0, 9):
        some = bytes([algorithm]) + draw(make.entropy, 31)
        yield "hash-algorithm", f"an ID by algorithm {algorithm}", make.derived(message_id=some)


TIMES: tuple[tuple[str, dict[Any, Any]], ...] = (
    ("no base time", {}),
    ("no base time, but a fraction", {-3: 1}),
    ("keys 1 and 4 both", {1: 1, 4: [0, 1]}),
    ("keys 4 and 5 both", {4: [0, 1], 5: [0, 1]}),
    ("seconds that are a float", {1: 0.5}),
    ("seconds that are a text", {1: "1"}),
    ("seconds that are null", {1: None}),
    ("milliseconds and microseconds", {1: 1, -3: 0, -6: 0}),
    ("femtoseconds and attoseconds", {1: 1, -15: 1, -18: 1}),
    *((f"key {key} is -1", {1: 1, key: -1}) for key in (-3, -6, -9, -12, -15, -18)),
    ("a fraction that is a float", {1: 1, -9: 0.5}),
    ("a fraction that is null", {1: 1, -3: None}),
)


def _times(make: _Maker) -> Iterator[Found]:
    for description, entries in TIMES:
        time = CBORTag(1001, entries)
        yield "extended-time", f"an extended time: {description}", make.derived(timestamp=time)
    for description, key in NO_KEYS[1:]:
        time = CBORTag(1001, {1: 1, key: 0})
        found = f"a key of an extended time is {description}"
        yield "extension-key", found, make.derived(timestamp=time)
    for key in TOO_LARGE:
        time = CBORTag(1001, {1: 1, key: 0})
        found = f"a key of an extended time is {key}"
        yield "extension-key", found, make.derived(timestamp=time)
