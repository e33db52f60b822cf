"""MIMI content (draft-ietf-mimi-content-08) and status reports, read and written the long way.

Messages are dicts as in the vectors: octets in hex, values of extensions in the hex of their CBOR.
Whatever breaks a rule raises ``Refused`` with the short name of the rule. Octets are read as CBOR
first, and then item by item in the order of the document.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from naive.naive_cbor import FALSE, NULL, TRUE, Item, Refused, integer, read, write

MOST_OCTETS = 1 << 20
MOST_PARTS = 1024
DEEPEST_PART = 4
DEEPEST_VALUE = 4
LONGEST_TOPIC = 4096
LARGEST_KEY = (1 << 53) - 1
MOST_LAST_SEEN = 65535

# the registry of hash algorithms for named information, as far as they give 31 octets or more
HASHES: dict[int, Callable[[bytes], bytes]] = {
    1: lambda octets: hashlib.sha256(octets).digest(),
    7: lambda octets: hashlib.sha384(octets).digest(),
    8: lambda octets: hashlib.sha512(octets).digest(),
    10: lambda octets: hashlib.sha3_256(octets).digest(),
    11: lambda octets: hashlib.sha3_384(octets).digest(),
    12: lambda octets: hashlib.sha3_512(octets).digest(),
    33: lambda octets: hashlib.blake2s(octets, digest_size=32).digest(),
    34: lambda octets: hashlib.blake2b(octets, digest_size=32).digest(),
    35: lambda octets: hashlib.blake2b(octets, digest_size=64).digest(),
}

CARDINALITIES = ["null", "single", "external", "multi"]
PART_LENGTHS = [3, 5, 15, 5]
SEMANTICS = ["chooseOne", "singleUnit", "processAll"]
PREVIEW = 8

# how each field of an ExternalPart is written; a number is the bits of an unsigned integer
EXTERNAL_FIELDS: list[tuple[str, str | int]] = [
    ("content_type", "text"),
    ("url", "text"),
    ("expires", 32),
    ("size", 64),
    ("enc_alg", 16),
    ("key", "bytes"),
    ("nonce", "bytes"),
    ("aad", "bytes"),
    ("hash_alg", 8),
    ("content_hash", "bytes"),
    ("description", "text"),
    ("filename", "text"),
]


# Items (section 6.2)


def expect(item: Item, *kinds: str) -> Any:
    """Give the value of an item of one of these kinds."""
    kind, value = item
    if kind not in kinds:
        raise Refused("type")
    return value


def read_array(item: Item, length: int) -> list[Item]:
    items = expect(item, "array")
    if len(items) != length:
        raise Refused("type")
    return items


def read_uint(item: Item, bits: int) -> int:
    number = expect(item, "uint", "nint")
    if not 0 <= number < 1 << bits:
        raise Refused("range")
    return number


def read_octets(octets: bytes, size: int) -> Item:
    if len(octets) > size:
        raise Refused("too-large")
    return read(octets)


# Message IDs (section 3.3)


def read_message_id(item: Item) -> str:
    octets = expect(item, "bytes")
    if len(octets) != 32:
        raise Refused("message-id-size")
    if octets[0] not in HASHES:
        raise Refused("hash-algorithm")
    return octets.hex()


def message_id(octets: bytes, sender_uri: str, room_uri: str, algorithm: int = 1) -> bytes:
    """Hash sender, room, message and its salt (section 3.3)."""
    if algorithm not in HASHES:
        raise Refused("hash-algorithm")
    hashed = b""
    for uri in (sender_uri.encode(), room_uri.encode()):
        if len(uri) > 65535:
            raise ValueError("a URI of more than 65535 octets")
        hashed += len(uri).to_bytes(2, "big") + uri
    hashed += octets + bytes.fromhex(decode_message(octets, len(octets))["salt"])
    return bytes([algorithm]) + HASHES[algorithm](hashed)[:31]


# Messages (section 4.1)


def decode_message(octets: bytes, size: int = MOST_OCTETS) -> dict:
    salt, replaces, topic, expires, reply, extensions, body = read_array(
        read_octets(octets, size), 7
    )
    message: dict[str, Any] = {"salt": read_salt(salt)}
    message["replaces"] = None if replaces == NULL else read_message_id(replaces)
    message["topic_id"] = expect(topic, "bytes").hex()
    if len(topic[1]) > LONGEST_TOPIC:
        raise Refused("topic-size")
    message["expires"] = None if expires == NULL else read_expiration(expires)
    message["in_reply_to"] = None if reply == NULL else read_message_id(reply)
    message["extensions"] = read_extensions(extensions)
    message["nested_part"] = read_part(body, 1, [])
    check_part_references(message)
    return message


def read_salt(item: Item) -> str:
    salt = expect(item, "bytes")
    if len(salt) != 16:
        raise Refused("salt-size")
    return salt.hex()


def read_expiration(item: Item) -> dict:
    relative, time = read_array(item, 2)
    if relative not in (TRUE, FALSE):
        raise Refused("type")
    return {"relative": relative == TRUE, "time": read_uint(time, 32)}


def encode_message(message: dict) -> bytes:
    expires: Item = NULL
    if message["expires"] is not None:
        relative = TRUE if message["expires"]["relative"] else FALSE
        expires = ("array", [relative, integer(message["expires"]["time"])])
    extensions = []
    for key, value in message["extensions"]:
        key_item = ("text", key) if isinstance(key, str) else integer(key)
        extensions.append((key_item, read(bytes.fromhex(value))))
    items = [
        octets_item(message["salt"]),
        NULL if message["replaces"] is None else octets_item(message["replaces"]),
        octets_item(message["topic_id"]),
        expires,
        NULL if message["in_reply_to"] is None else octets_item(message["in_reply_to"]),
        ("map", extensions),
        part_item(message["nested_part"]),
    ]
    return write(("array", items))


def octets_item(digits: str) -> Item:
    return "bytes", bytes.fromhex(digits)


# Bodies (sections 4.4 and 4.5)


def read_part(item: Item, level: int, seen: list[Item]) -> dict:
    """Read a part at a level of nesting, the root's being 1, after the parts already seen."""
    seen.append(item)
    if level > DEEPEST_PART:
        raise Refused("part-depth")
    if len(seen) > MOST_PARTS:
        raise Refused("parts-maximum")
    items = expect(item, "array")
    if len(items) < 3:
        raise Refused("type")
    disposition = read_uint(items[0], 8)
    language = expect(items[1], "text")
    cardinality = expect(items[2], "uint", "nint")
    if cardinality not in (0, 1, 2, 3):
        raise Refused("cardinality")
    if len(items) != PART_LENGTHS[cardinality]:
        raise Refused("type")
    part = {
        "disposition": disposition,
        "language": language,
        "cardinality": CARDINALITIES[cardinality],
    }
    if part["cardinality"] == "single":
        part["content_type"] = expect(items[3], "text")
        part["content"] = expect(items[4], "bytes").hex()
    if part["cardinality"] == "external":
        part |= read_external(items[3:])
    if part["cardinality"] == "multi":
        part |= read_multi(items[3], items[4], level, seen)
    return part


def read_external(items: list[Item]) -> dict:
    """Read the fields of content kept elsewhere (section 4.5)."""
    part: dict[str, Any] = {}
    for (name, kind), item in zip(EXTERNAL_FIELDS, items, strict=True):
        if isinstance(kind, int):
            part[name] = read_uint(item, kind)
        elif kind == "bytes":
            part[name] = expect(item, "bytes").hex()
        else:
            part[name] = expect(item, "text")
        if name == "aad" and part["enc_alg"] == 0 and part["key"] + part["nonce"] + part["aad"]:
            raise Refused("unencrypted")
    return part


def read_multi(semantics: Item, parts: Item, level: int, seen: list[Item]) -> dict:
    number = expect(semantics, "uint", "nint")
    if number not in (0, 1, 2):
        raise Refused("part-semantics")
    items = expect(parts, "array")
    if len(items) < 2:
        raise Refused("multipart-minimum")
    inner = [read_part(item, level + 1, seen) for item in items]
    return {"part_semantics": SEMANTICS[number], "parts": inner}


def part_item(part: dict) -> Item:
    cardinality = CARDINALITIES.index(part["cardinality"])
    items = [integer(part["disposition"]), ("text", part["language"]), integer(cardinality)]
    if part["cardinality"] == "single":
        items += [("text", part["content_type"]), octets_item(part["content"])]
    if part["cardinality"] == "external":
        for name, kind in EXTERNAL_FIELDS:
            if isinstance(kind, int):
                items.append(integer(int(part[name])))
            elif kind == "bytes":
                items.append(octets_item(part[name]))
            else:
                items.append(("text", part[name]))
    if part["cardinality"] == "multi":
        inner = [part_item(one) for one in part["parts"]]
        items += [integer(SEMANTICS.index(part["part_semantics"])), ("array", inner)]
    return "array", items


def parts(message: dict) -> list[dict]:
    """List the parts by their implied index, depth first (section 4.4)."""
    return parts_from(message["nested_part"])


def parts_from(part: dict) -> list[dict]:
    found = [part]
    for one in part.get("parts", []):
        found += parts_from(one)
    return found


# Extensions (section 4.3, restrictions in sections 6.2 and 6.3)


def read_extensions(item: Item) -> list[list]:
    extensions = []
    for key, value in expect(item, "map"):
        check_key(key)
        if key == ("uint", 0):
            raise Refused("extension-key")
        check_value(value, 2)
        if key[1] in REGISTERED and not REGISTERED[key[1]](value):
            raise Refused("extension-value")
        extensions.append([key[1], write(value).hex()])
    return extensions


def check_key(key: Item) -> None:
    """Check what the CDDL calls a name: int / tstr .size (1..255)."""
    kind, value = key
    if kind == "bytes" or (kind == "text" and not 1 <= len(value.encode()) <= 255):
        raise Refused("extension-key")
    check_integer_key(key)


def check_integer_key(key: Item) -> None:
    """Check that a double holds the integer (section 6.2)."""
    if key[0] in ("uint", "nint") and abs(key[1]) > LARGEST_KEY:
        raise Refused("extension-key")


def check_value(item: Item, level: int) -> None:
    """Check all maps, arrays and tags from a level down; the extensions' is 1 (section 6.3)."""
    kind, value = item
    if kind in ("map", "array", "tag") and level > DEEPEST_VALUE:
        raise Refused("extension-depth")
    if kind == "map":
        for key, one in value:
            check_integer_key(key)
            check_value(one, level + 1)
    if kind == "array":
        for one in value:
            check_value(one, level + 1)
    if kind == "tag":
        check_value(value[1], level + 1)


def plain_map(item: Item) -> dict | None:
    """Give a map by its keys, if they are integers and texts only."""
    entries = {}
    if item[0] != "map":
        return None
    for key, value in item[1]:
        if key[0] == "bytes":
            return None
        entries[key[1]] = value
    return entries


def is_uint(item: Item, most: int) -> bool:
    return item[0] == "uint" and item[1] <= most


LARGEST_UINT = (1 << 64) - 1


def is_text(item: Item) -> bool:
    return item[0] == "text"


def is_sender_timestamp(item: Item) -> bool:
    """Check against draft-mimi-content-more-extensions, Sender Timestamp Extension."""
    entries = plain_map(item)
    if entries is None or 1 not in entries or not is_uint(entries.pop(1), LARGEST_UINT):
        return False
    for key, most in ((-3, 999), (-6, 999999), (-9, 999999999)):
        if key in entries:
            return len(entries) == 1 and is_uint(entries[key], most)
    return not entries


def is_external_message_id(item: Item) -> bool:
    """Check against draft-mimi-content-more-extensions, External Message ID Extension."""
    if item[0] != "array" or len(item[1]) != 2 or item[1][0][0] != "bytes":
        return False
    kind, scope = item[1][1]
    if kind == "tag":
        return scope[0] == 32 and scope[1][0] == "text"
    return kind == "text" or (kind == "uint" and scope > 0)


def is_subject(item: Item) -> bool:
    """Check against draft-mimi-content-more-extensions, Subject Extension."""
    return item[0] == "text" and 1 <= len(item[1].encode()) <= 4096


def is_message_id(item: Item) -> bool:
    return item[0] == "bytes" and len(item[1]) == 32 and item[1][0] in HASHES


def is_last_seen(item: Item) -> bool:
    """Check against draft-mimi-content-more-extensions, Message Ordering via lastSeen."""
    kind, items = item
    if kind != "array" or len(items) > MOST_LAST_SEEN:
        return False
    own = all(is_message_id(one) for one in items)
    external = all(is_external_message_id(one) for one in items)
    return own or external


def is_av_metadata(item: Item) -> bool:
    """Check against draft-mahy-mimi-av-metadata, AV Metadata Extensions."""
    return item[0] == "array" and all(is_av_entry(one) for one in item[1])


def is_av_entry(item: Item) -> bool:
    entries = plain_map(item)
    if entries is None or 1 not in entries or 2 not in entries:
        return False
    for key, most in ((1, 65535), (6, 65535), *((key, LARGEST_UINT) for key in (2, 3, 4, 5))):
        if key in entries and not is_uint(entries[key], most):
            return False
    if 7 in entries and not is_text(entries[7]):
        return False
    rotations = [("uint", degrees) for degrees in (0, 90, 180, 270)]
    return 8 not in entries or entries[8] in rotations


REGISTERED: dict[int | str, Callable[[Item], bool]] = {
    1: is_text,
    2: is_text,
    3: is_sender_timestamp,
    4: is_external_message_id,
    5: is_subject,
    256: is_last_seen,
    "av_metadata": is_av_metadata,
}


# References to parts (section 4.4; draft-mahy-mimi-av-metadata, AV Metadata Extensions)


def check_part_references(message: dict) -> None:
    listed = parts(message)
    for key, value in message["extensions"]:
        if key != "av_metadata":
            continue
        for entry in read(bytes.fromhex(value))[1]:
            entries = plain_map(entry) or {}
            part_of_index(listed, entries[1][1])
            if 6 in entries and not is_preview(listed, entries[6][1]):
                raise Refused("part-reference")


def part_of_index(listed: list[dict], index: int) -> dict:
    """Give the SinglePart or ExternalPart of an index."""
    if index >= len(listed) or listed[index]["cardinality"] not in ("single", "external"):
        raise Refused("part-reference")
    return listed[index]


def is_preview(listed: list[dict], index: int) -> bool:
    if index >= len(listed):
        return False
    choices = [listed[index]]
    if listed[index]["cardinality"] == "multi":
        if listed[index]["part_semantics"] != "chooseOne":
            return False
        choices = listed[index]["parts"]
    return all(is_preview_image(one) for one in choices)


def is_preview_image(part: dict) -> bool:
    if part["cardinality"] not in ("single", "external"):
        return False
    return part["disposition"] == PREVIEW and part["content_type"].lower().startswith("image/")


def part_of_cid(message: dict, uri: str) -> int | None:
    """Give the index of the part that a content ID URI names (section 4.4), if it names one."""
    index = uri.removeprefix("cid:").removesuffix("@local.invalid")
    if uri != f"cid:{index}@local.invalid":
        return None
    if index not in map(str, range(MOST_PARTS)):
        raise Refused("part-reference")
    part_of_index(parts(message), int(index))
    return int(index)
