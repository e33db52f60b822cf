"""What surrounds messages: reports, derived values, reception, references to parts, salts."""

from collections.abc import Iterator
from typing import Any

import attrs

from mimi.content.derived import ExtendedTime, MessageDerivedValues, encode_derived
from mimi.content.errors import ExtendedTimeError
from mimi.content.hashes import IDENTIFYING
from mimi.content.message import encode, exported_salt, message_id
from mimi.content.model import Expiration, Message, NestedPart
from mimi.content.parts import parts
from mimi.content.received import FORMAT_PUBLISHED, TOLERANCE, YEAR
from mimi.content.status import MessageStatusReport, PerMessageStatus, Status, encode_report
from mimi.crypto import Entropy, Secret, draw
from mimi.vectors.form import form_of_derived, form_of_part, form_of_report, number
from mimi.vectors.generate.content_parts import (
    ALICE,
    CHOOSE_ONE,
    NULL,
    PROCESS_ALL,
    ROOM,
    SINGLE_UNIT,
    external,
    image,
    message,
    multi,
    says,
    some_id,
)
from mimi.vectors.generate.written import Vector

# Reports


def reports(entropy: Entropy) -> Iterator[Vector]:
    """Yield reports of every status, known and unknown, on messages of every algorithm."""
    known = tuple(map(Status, range(7)))
    for description, statuses in (
        ("nothing to report", ()),
        *((f"one message is {each.name}", (each,)) for each in known),
        ("all statuses, each of another message", known),
        ("statuses that are not known", tuple(map(Status, (7, 23, 24, 254, 255)))),
        ("300 messages read", (Status.READ,) * 300),
    ):
        yield _report(description, [(some_id(entropy), status) for status in statuses])
    by_all = [(some_id(entropy, number), Status.DELIVERED) for number in sorted(IDENTIFYING)]
    yield _report("IDs by all algorithms", by_all)
    same = some_id(entropy)
    yield _report("one message twice", [(same, Status.DELIVERED), (same, Status.READ)])


def _report(description: str, statuses: list[tuple[bytes, Status]]) -> Vector:
    report = MessageStatusReport(tuple(PerMessageStatus(*each) for each in statuses))
    return {
        "kind": "content-status",
        "description": description,
        "content": encode_report(report),
        "report": form_of_report(report),
    }


# Derived values

TIMES: tuple[tuple[str, Any], ...] = (
    ("in 2022", 1644387225019),
    ("in 1970", 0),
    ("at 2^53 - 1", (1 << 53) - 1),
    ("at 2^53", 1 << 53),
    ("at 2^64 - 1", (1 << 64) - 1),
    ("extended, of whole seconds", {1: 1644387225}),
    ("extended, before 1970", {1: -1}),
    ("extended, before 1970 and half a second", {1: -1, -3: 500}),
    ("extended, at 2^64 - 1 seconds", {1: (1 << 64) - 1}),
    ("extended, with milliseconds", {1: 1644387225, -3: 19}),
    ("extended, with more than a thousand milliseconds", {1: 1644387225, -3: 2019}),
    ("extended, with microseconds", {1: 1644387225, -6: 19_999}),
    ("extended, with nanoseconds", {1: 1644387225, -9: 999_999_999}),
    ("extended, with picoseconds", {1: 1644387225, -12: 10**9}),
    ("extended, with femtoseconds", {1: 1644387225, -15: 10**12 - 1}),
    ("extended, with attoseconds", {1: 1644387225, -18: 10**15}),
    ("extended, in UTC by its own account", {1: 7, -1: 0}),
    ("extended, with keys that may be ignored", {1: 7, -99: None, "note": [0.5, b""]}),
    ("extended, in another time scale", {1: 7, -1: 1}),
    ("extended, in a time scale with a name", {1: 7, -1: "TDB"}),
    ("extended, with a key that must not be ignored", {1: 7, 10: "Europe/Berlin"}),
    ("extended, as a decimal fraction", {4: [-3, 1644387225019]}),
    ("extended, as a bigfloat", {5: [0, 1644387225]}),
)


def derived_values(entropy: Entropy) -> Iterator[Vector]:
    """Yield derived values: times of both forms, whatever else may be empty or great."""
    for description, time in TIMES:
        stamp = ExtendedTime(time) if isinstance(time, dict) else time
        fields = some_id(entropy), stamp, draw(entropy, 32), 4
        client = "mimi://example.com/d/3b52249d-68f9-45ce-8bf5-c799f3cad7ec/0003"
        yield _derived(f"a time {description}", MessageDerivedValues(*fields, client, ALICE, ROOM))
    empty = MessageDerivedValues(some_id(entropy), 0, b"", 0, "", "", "")
    yield _derived("all that may be empty empty", empty)
    great = some_id(entropy), 0, draw(entropy, 300), (1 << 32) - 1
    uri = "im:z\u00fcrich@\u4f8b.example"
    yield _derived("the last leaf, URIs beyond ASCII", MessageDerivedValues(*great, uri, uri, uri))
    for algorithm in sorted(IDENTIFYING):
        fields = some_id(entropy, algorithm), 1, b"g", 1
        values = MessageDerivedValues(*fields, "im:c", "im:u", "im:r")
        yield _derived(f"an ID by algorithm {algorithm}", values)


def _derived(description: str, values: MessageDerivedValues) -> Vector:
    try:
        milliseconds: int | str | None = number(values.accepted)
    except ExtendedTimeError:
        milliseconds = None
    return {
        "kind": "content-derived",
        "description": description,
        "content": encode_derived(values),
        "derived": form_of_derived(values),
        "milliseconds": milliseconds,
    }


# Reception

NOW = 1_800_000_000
CREATED = NOW - 86400


@attrs.frozen
class _Received:
    """A message and the circumstances in which it is received."""

    message: Message
    now: int = NOW
    accepted: int = NOW * 1000
    room_created: int | None = CREATED
    format_published: int = FORMAT_PUBLISHED
    sender_is_member: bool = True
    known: tuple[bytes, ...] = ()

    def vector(self, description: str, rule: str | None) -> Vector:
        octets = encode(self.message)
        return {
            "kind": "content-received",
            "description": description,
            "content": octets,
            "sender_uri": ALICE,
            "room_uri": ROOM,
            "message_id": message_id(octets, ALICE, ROOM),
            "now": self.now,
            "accepted": self.accepted,
            "room_created": self.room_created,
            "format_published": self.format_published,
            "sender_is_member": self.sender_is_member,
            "known": list(self.known),
            "rule": rule,
        }


def receptions(entropy: Entropy) -> Iterator[Vector]:
    """Yield messages with what is known where they are received, at and beyond all limits."""
    for description, rule, changed in (*_members(), *_timestamps()):
        received = _Received(message(entropy, says("Hello")), **changed)
        yield received.vector(description, rule)
    for description, rule, expires in _expiries():
        sent = message(entropy, says("Hello"), expires=expires)
        yield _Received(sent).vector(description, rule)
    sent = message(entropy, says("Hello"))
    same, others = message_id(sent, ALICE, ROOM), [some_id(entropy) for _ in range(3)]
    for description, rule, known in (
        ("a message that is new", None, others),
        ("the first of some messages again", "duplicate-message-id", [same, *others]),
        ("the last of some messages again", "duplicate-message-id", [*others, same]),
    ):
        yield _Received(sent, known=tuple(known)).vector(description, rule)
    twice = _Received(sent, known=(message_id(sent, ALICE, "mimi://example.com/r/other"),))
    yield twice.vector("a message that was sent to another room too", None)
    about = some_id(entropy)
    for description, sent in (
        ("a reply to a message that is not known", message(entropy, NULL, in_reply_to=about)),
        ("a version of a message that is not known", message(entropy, NULL, replaces=about)),
        ("a language that is none", message(entropy, says(".", language="Elvish!"))),
        ("a content type that is not known", message(entropy, says(".", "x/y"))),
    ):
        yield _Received(sent).vector(description, None)


Circumstance = tuple[str, str | None, dict[str, Any]]


def _members() -> Iterator[Circumstance]:
    yield "a message of a member", None, {}
    yield "a sender who is no member", "sender-not-member", {"sender_is_member": False}


def _timestamps() -> Iterator[Circumstance]:
    """Yield times at which the hub accepted a message: both sides of each limit."""
    latest, first, created = (NOW + TOLERANCE) * 1000, FORMAT_PUBLISHED * 1000, CREATED * 1000
    yield "accepted five minutes from now", None, {"accepted": latest}
    yield "accepted later than that", "timestamp-future", {"accepted": latest + 1}
    yield "accepted in a year", "timestamp-future", {"accepted": (NOW + YEAR) * 1000}
    yield "accepted in seconds", "timestamp-before-format", {"accepted": NOW}
    old = {"room_created": None}
    yield "accepted when the format was published", None, {**old, "accepted": first}
    rule = "timestamp-before-format"
    yield "accepted just before that", rule, {**old, "accepted": first - 1}
    yield "accepted in 1970", rule, {**old, "accepted": 0}
    gateway = {**old, "accepted": 1, "format_published": 0}
    yield "accepted in 1970, where a gateway converts old messages", None, gateway
    yield "accepted when the room was created", None, {"accepted": created}
    rule = "timestamp-before-room"
    yield "accepted just before the room was created", rule, {"accepted": created - 1}
    yield "accepted a day before that", rule, {"accepted": created - 86_400_000}


def _expiries() -> Iterator[tuple[str, str | None, Expiration]]:
    for rule, time in (
        (None, NOW),
        (None, NOW - YEAR),
        ("expires-past", NOW - YEAR - 1),
        ("expires-past", 0),
        (None, NOW + YEAR),
        ("expires-future", NOW + YEAR + 1),
        ("expires-future", (1 << 32) - 1),
    ):
        yield f"expiry {time - NOW} seconds from now", rule, Expiration(relative=False, time=time)
    for rule, time in (
        (None, 0),
        (None, YEAR),
        ("expires-future", YEAR + 1),
        ("expires-future", (1 << 32) - 1),
    ):
        expires = Expiration(relative=True, time=time)
        yield f"expiry {time} seconds after it is read", rule, expires


# References to parts

REFERENCE = "part-reference"


def references(entropy: Entropy) -> Iterator[Vector]:
    """Yield URIs within messages: those that mean a part, no part, and something else."""
    body = _body(entropy)
    for index in range(10):
        found = index if index in (3, 4, 5, 8, 9) else None
        rule = REFERENCE if found is None else None
        yield _reference(entropy, body, f"cid:{index}@local.invalid", found, rule)
    for uri in (
        "10",
        "1023",
        "1024",
        "99999999999999999999",
        "03",
        "-3",
        "+3",
        "",
        "3 ",
        "x",
        "0x3",
    ):
        yield _reference(entropy, body, f"cid:{uri}@local.invalid", None, REFERENCE)
    for uri in (
        "",
        "3",
        "cid:3",
        "cid:3@example.com",
        "cid:3@local.invalid.example",
        "cid:part3.image@mail.example",
        "mid:3@local.invalid",
        "https://example.com/3",
    ):
        yield _reference(entropy, body, uri, None, None)
    yield _reference(entropy, says("alone"), "cid:0@local.invalid", 0, None)
    yield _reference(entropy, NULL, "cid:0@local.invalid", None, REFERENCE)
    many = multi(PROCESS_ALL, *[NULL] * 1022, says("last"))
    yield _reference(entropy, many, "cid:1023@local.invalid", 1023, None)
    yield _reference(entropy, many, "cid:1022@local.invalid", None, REFERENCE)


def _body(entropy: Entropy) -> NestedPart:
    """Return ten parts: 3, 4 and 5, 8 and 9 have content."""
    inner = multi(CHOOSE_ONE, says("zero"), says("one"))
    first = multi(SINGLE_UNIT, inner, image(draw(entropy, 4)))
    second = multi(PROCESS_ALL, NULL, external())
    return multi(PROCESS_ALL, first, second, says("last"))


def _reference(
    entropy: Entropy, part: NestedPart, uri: str, index: int | None, rule: str | None
) -> Vector:
    what = "means nothing here" if index is None else f"is part {index}"
    return {
        "kind": "content-reference",
        "description": f"{uri!a} {'is refused' if rule else what}",
        "content": encode(message(entropy, part)),
        "uri": uri,
        "index": index,
        "part": None if index is None else form_of_part(parts(part)[index]),
        "rule": rule,
    }


# Salts


def salts(entropy: Entropy) -> Iterator[Vector]:
    """Yield salts from secrets and nonces of several lengths."""
    for secret_octets, nonce_octets in ((32, 16), (32, 0), (48, 1), (64, 8), (64, 64), (65, 200)):
        secret, nonce = draw(entropy, secret_octets), draw(entropy, nonce_octets)
        yield {
            "kind": "content-salt",
            "description": f"a secret of {secret_octets} octets, a nonce of {nonce_octets}",
            "salt_base_secret": secret,
            "nonce": nonce,
            "salt": exported_salt(Secret(secret), nonce),
        }
