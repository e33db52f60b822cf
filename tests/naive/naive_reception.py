"""What comes with MIMI content: reports, derived values, salts, rules of reception.

Written from draft-ietf-mimi-content-08, draft-mahy-mimi-message-status and RFC 9581, in the manner
of ``naive_content``.
"""

import hashlib
import hmac
from typing import Any

from naive.naive_cbor import Item, Refused, integer, read, write
from naive.naive_content import (
    MOST_OCTETS,
    check_key,
    decode_message,
    expect,
    octets_item,
    read_array,
    read_message_id,
    read_octets,
    read_uint,
)

EXTENDED_TIME = 1001
BASE_TIMES = (1, 4, 5)
TIMESCALE = -1
UTC: Item = ("uint", 0)
FRACTIONS = (-3, -6, -9, -12, -15, -18)

FIVE_MINUTES = 5 * 60
YEAR = 365 * 24 * 60 * 60

DERIVED_URLS = ("sender_client_url", "sender_user_url", "room_url")


# Status reports (draft-mahy-mimi-message-status, section 4)


def decode_status(octets: bytes, size: int = MOST_OCTETS) -> list[list]:
    report = []
    for item in expect(read_octets(octets, size), "array"):
        identifier, status = read_array(item, 2)
        report.append([read_message_id(identifier), read_uint(status, 8)])
    return report


def encode_status(report: list[list]) -> bytes:
    items = []
    for identifier, status in report:
        items.append(("array", [octets_item(identifier), integer(status)]))
    return write(("array", items))


# Derived values (draft-ietf-mimi-content-08, section 4.6; RFC 9581, section 3)


def decode_derived(octets: bytes, size: int = MOST_OCTETS) -> dict:
    """Read MessageDerivedValues; an extended time is given as pairs of key and value in hex."""
    items = read_array(read_octets(octets, size), 7)
    derived: dict[str, Any] = {"message_id": read_message_id(items[0])}
    derived["hub_accepted_timestamp"] = read_timestamp(items[1])
    derived["mls_group_id"] = expect(items[2], "bytes").hex()
    derived["sender_leaf_index"] = read_uint(items[3], 32)
    for name, item in zip(DERIVED_URLS, items[4:], strict=True):
        derived[name] = expect(item, "text")
    return derived


def read_timestamp(item: Item) -> int | list[list]:
    if item[0] != "tag":
        return read_uint(item, 64)
    number, inner = item[1]
    if number != EXTENDED_TIME:
        raise Refused("type")
    entries = []
    for key, value in expect(inner, "map"):
        check_key(key)
        entries.append([key[1], write(value).hex()])
    check_extended_time(timestamp_items(entries))
    return entries


def timestamp_items(timestamp: list[list]) -> dict[int | str, Item]:
    entries = {}
    for key, value in timestamp:
        entries[key] = read(bytes.fromhex(value))
    return entries


def check_extended_time(entries: dict[int | str, Item]) -> None:
    """Check that there is one base time and at most one fraction (RFC 9581, section 3)."""
    if sum(key in entries for key in BASE_TIMES) != 1:
        raise Refused("extended-time")
    if 1 in entries and entries[1][0] not in ("uint", "nint"):
        raise Refused("extended-time")
    fractions = [entries[key] for key in FRACTIONS if key in entries]
    if len(fractions) > 1 or not all(fraction[0] == "uint" for fraction in fractions):
        raise Refused("extended-time")


def milliseconds(timestamp: int | list[list]) -> int | None:
    """Give a timestamp in whole milliseconds since 1970, if that is all it says.

    A key that is an unsigned integer must not be ignored by those who do not know it.
    """
    if isinstance(timestamp, int):
        return timestamp
    entries = timestamp_items(timestamp)
    if entries.pop(TIMESCALE, UTC) != UTC or 1 not in entries:
        return None
    whole = entries.pop(1)[1] * 1000
    for key, value in entries.items():
        if isinstance(key, int) and key >= 0:
            return None
        if key in FRACTIONS:
            whole += value[1] * 1000 // 10**-key
    return whole


def encode_derived(derived: dict) -> bytes:
    timestamp = derived["hub_accepted_timestamp"]
    if isinstance(timestamp, int):
        time = integer(timestamp)
    else:
        pairs = []
        for key, value in timestamp:
            key_item = ("text", key) if isinstance(key, str) else integer(key)
            pairs.append((key_item, read(bytes.fromhex(value))))
        time = ("tag", (EXTENDED_TIME, ("map", pairs)))
    items = [octets_item(derived["message_id"]), time, octets_item(derived["mls_group_id"])]
    items.append(integer(derived["sender_leaf_index"]))
    items += [("text", derived[name]) for name in DERIVED_URLS]
    return write(("array", items))


DECODERS = {"message": decode_message, "status": decode_status, "implied": decode_derived}


# Salts (draft-ietf-mimi-content-08, section 9.2)


def salt_of(secret: bytes, nonce: bytes) -> bytes:
    return hmac.new(secret, nonce, hashlib.sha256).digest()[:16]


# What is refused where it is received (draft-ietf-mimi-content-08, section 9.1)


def received(message: dict, context: dict) -> str | None:
    """Name the rule that a message breaks in its context.

    ``now``, ``room_created`` (or None) and ``format_published`` are seconds since 1970,
    ``accepted`` is milliseconds; ``known`` holds the message IDs encountered so far.
    """
    now, accepted, created = context["now"], context["accepted"], context["room_created"]
    if not context["sender_is_member"]:
        return "sender-not-member"
    if context["message_id"] in context["known"]:
        return "duplicate-message-id"
    if accepted > (now + FIVE_MINUTES) * 1000:
        return "timestamp-future"
    if accepted < context["format_published"] * 1000:
        return "timestamp-before-format"
    if created is not None and accepted < created * 1000:
        return "timestamp-before-room"
    if message["expires"] is None:
        return None
    ahead = message["expires"]["time"]
    if not message["expires"]["relative"]:
        ahead -= now
    if ahead < -YEAR:
        return "expires-past"
    if ahead > YEAR:
        return "expires-future"
    return None
