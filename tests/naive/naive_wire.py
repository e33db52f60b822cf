"""The wire format of MLS (RFC 9420), read and written by hand.

A codec is a pair of functions: one reads a value off a ``Reader``, one gives the octets of a value.
Structures are plain dicts, in the order of the RFC's fields; opaque fields are bytes, as they are.
Whatever is malformed raises ``ValueError``.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

MLS10 = 1

PUBLIC_MESSAGE = 1
PRIVATE_MESSAGE = 2
WELCOME = 3
GROUP_INFO = 4
KEY_PACKAGE = 5

APPLICATION = 1
PROPOSAL = 2
COMMIT = 3

MEMBER = 1
EXTERNAL = 2
NEW_MEMBER_PROPOSAL = 3
NEW_MEMBER_COMMIT = 4

SOURCE_KEY_PACKAGE = 1
SOURCE_UPDATE = 2
SOURCE_COMMIT = 3

ADD = 1
UPDATE = 2
REMOVE = 3
PSK = 4
REINIT = 5
EXTERNAL_INIT = 6
GROUP_CONTEXT_EXTENSIONS = 7

LEAF = 1
PARENT = 2


class Reader:
    """Octets and how far they have been read."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.position = 0

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.octets):
            raise ValueError(f"{count} octets wanted at {self.position} of {len(self.octets)}")
        taken = self.octets[self.position : end]
        self.position = end
        return taken

    def at_end(self) -> bool:
        return self.position == len(self.octets)

    def rest(self) -> bytes:
        return self.take(len(self.octets) - self.position)


class Codec(NamedTuple):
    """How a value of one type is read and written."""

    read: Callable[[Reader], Any]
    write: Callable[[Any], bytes]


def decode(codec: Codec, octets: bytes) -> Any:
    """Read one value that must fill the octets."""
    reader = Reader(octets)
    value = codec.read(reader)
    if not reader.at_end():
        raise ValueError(f"{len(octets) - reader.position} octets are left over")
    return value


def encode(codec: Codec, value: Any) -> bytes:
    """Write one value."""
    return codec.write(value)


# Numbers and vectors (RFC 9420, section 2.1)


def uint(size: int) -> Codec:
    def read(reader: Reader) -> int:
        return int.from_bytes(reader.take(size), "big")

    def write(number: int) -> bytes:
        if not 0 <= number < 1 << (8 * size):
            raise ValueError(f"{number} does not fit {size} octets")
        return number.to_bytes(size, "big")

    return Codec(read, write)


def one_of(inner: Codec, allowed: set[int]) -> Codec:
    """Make an enumeration: a number of which only some values are defined."""

    def known(number: int) -> int:
        if number not in allowed:
            raise ValueError(f"{number} is none of {sorted(allowed)}")
        return number

    return Codec(lambda r: known(inner.read(r)), lambda v: inner.write(known(v)))


def read_varint(reader: Reader) -> int:
    first = reader.take(1)[0]
    prefix = first >> 6
    if prefix == 3:
        raise ValueError("a vector length starts with the bits 11")
    number = first & 0x3F
    for octet in reader.take((1 << prefix) - 1):
        number = number * 256 + octet
    if (prefix == 1 and number < 64) or (prefix == 2 and number < 16384):
        raise ValueError(f"the vector length {number} is not in its shortest form")
    return number


def write_varint(number: int) -> bytes:
    if number < 64:
        return bytes([number])
    if number < 16384:
        return (0x4000 + number).to_bytes(2, "big")
    if number < 1 << 30:
        return (0x80000000 + number).to_bytes(4, "big")
    raise ValueError(f"{number} is too long for a vector")


def write_opaque(octets: bytes) -> bytes:
    return write_varint(len(octets)) + octets


def fixed(size: int) -> Codec:
    def write(octets: bytes) -> bytes:
        if len(octets) != size:
            raise ValueError(f"{len(octets)} octets where {size} are due")
        return octets

    return Codec(lambda reader: reader.take(size), write)


def vector(item: Codec) -> Codec:
    def read(reader: Reader) -> list:
        inner = Reader(OPAQUE.read(reader))
        items = []
        while not inner.at_end():
            items.append(item.read(inner))
        return items

    def write(items: list) -> bytes:
        return write_opaque(b"".join(item.write(one) for one in items))

    return Codec(read, write)


def optional(item: Codec) -> Codec:
    def read(reader: Reader) -> Any:
        present = reader.take(1)[0]
        if present > 1:
            raise ValueError(f"the presence octet of an optional value is {present}")
        return item.read(reader) if present else None

    def write(value: Any) -> bytes:
        return b"\x00" if value is None else b"\x01" + item.write(value)

    return Codec(read, write)


# A field's type is a codec, or a choice: a function from the fields before it to a codec, or to
# None where the structure has no such field.
FieldType = Codec | Callable[[dict], Codec | None]


def struct(*fields: tuple[str, FieldType]) -> Codec:
    def codec_of(field_type: FieldType, before: dict) -> Codec | None:
        return field_type if isinstance(field_type, Codec) else field_type(before)

    def read(reader: Reader) -> dict:
        value: dict[str, Any] = {}
        for name, field_type in fields:
            codec = codec_of(field_type, value)
            if codec is not None:
                value[name] = codec.read(reader)
        return value

    def write(value: dict) -> bytes:
        octets = b""
        for name, field_type in fields:
            codec = codec_of(field_type, value)
            if codec is not None:
                octets += codec.write(value[name])
        return octets

    return Codec(read, write)


def choice(selector: str, cases: dict[int, Codec]) -> Callable[[dict], Codec | None]:
    """Select by an earlier field; a value without a case leaves the field out."""
    return lambda before: cases.get(before[selector])


U8 = uint(1)
U16 = uint(2)
U32 = uint(4)
U64 = uint(8)
OPAQUE = Codec(lambda reader: reader.take(read_varint(reader)), write_opaque)
VERSION_MLS10 = one_of(U16, {MLS10})


# Credentials, leaves and trees (sections 5.3, 7 and 12.4.3.3)

CREDENTIAL = struct(
    ("credential_type", one_of(U16, {1, 2})),
    ("identity", choice("credential_type", {1: OPAQUE})),
    ("certificates", choice("credential_type", {2: vector(OPAQUE)})),
)

CAPABILITIES = struct(
    ("versions", vector(U16)),
    ("cipher_suites", vector(U16)),
    ("extensions", vector(U16)),
    ("proposals", vector(U16)),
    ("credentials", vector(U16)),
)

LIFETIME = struct(("not_before", U64), ("not_after", U64))

EXTENSION = struct(("extension_type", U16), ("extension_data", OPAQUE))


def read_extensions(reader: Reader) -> list[dict]:
    """Read a list of extensions: one of a type at most (section 13.4)."""
    extensions = vector(EXTENSION).read(reader)
    types = [one["extension_type"] for one in extensions]
    if len(types) > len(set(types)):
        raise ValueError(f"an extension is twice among {types}")
    return extensions


EXTENSIONS = Codec(read_extensions, vector(EXTENSION).write)

LEAF_NODE_UNSIGNED = (
    ("encryption_key", OPAQUE),
    ("signature_key", OPAQUE),
    ("credential", CREDENTIAL),
    ("capabilities", CAPABILITIES),
    (
        "leaf_node_source",
        one_of(U8, {SOURCE_KEY_PACKAGE, SOURCE_UPDATE, SOURCE_COMMIT}),
    ),
    ("lifetime", choice("leaf_node_source", {SOURCE_KEY_PACKAGE: LIFETIME})),
    ("parent_hash", choice("leaf_node_source", {SOURCE_COMMIT: OPAQUE})),
    ("extensions", EXTENSIONS),
)
LEAF_NODE = struct(*LEAF_NODE_UNSIGNED, ("signature", OPAQUE))

PARENT_NODE = struct(
    ("encryption_key", OPAQUE),
    ("parent_hash", OPAQUE),
    ("unmerged_leaves", vector(U32)),
)

NODE = struct(
    ("node_type", one_of(U8, {LEAF, PARENT})),
    ("leaf_node", choice("node_type", {LEAF: LEAF_NODE})),
    ("parent_node", choice("node_type", {PARENT: PARENT_NODE})),
)
RATCHET_TREE = vector(optional(NODE))


def leaf_node_tbs(leaf: dict, group_id: bytes, leaf_index: int) -> bytes:
    octets = struct(*LEAF_NODE_UNSIGNED).write(leaf)
    if leaf["leaf_node_source"] in {SOURCE_UPDATE, SOURCE_COMMIT}:
        octets += OPAQUE.write(group_id) + U32.write(leaf_index)
    return octets


# Key packages, pre-shared keys and proposals (sections 8.4, 10 and 12.1)

KEY_PACKAGE_UNSIGNED = (
    ("version", U16),
    ("cipher_suite", U16),
    ("init_key", OPAQUE),
    ("leaf_node", LEAF_NODE),
    ("extensions", EXTENSIONS),
)
KEY_PACKAGE_TBS = struct(*KEY_PACKAGE_UNSIGNED)
KEY_PACKAGE_STRUCT = struct(*KEY_PACKAGE_UNSIGNED, ("signature", OPAQUE))

PRE_SHARED_KEY_ID = struct(
    ("psktype", one_of(U8, {1, 2})),
    ("psk_id", choice("psktype", {1: OPAQUE})),
    ("usage", choice("psktype", {2: one_of(U8, {1, 2, 3})})),
    ("psk_group_id", choice("psktype", {2: OPAQUE})),
    ("psk_epoch", choice("psktype", {2: U64})),
    ("psk_nonce", OPAQUE),
)

ADD_STRUCT = struct(("key_package", KEY_PACKAGE_STRUCT))
UPDATE_STRUCT = struct(("leaf_node", LEAF_NODE))
REMOVE_STRUCT = struct(("removed", U32))
PRE_SHARED_KEY_STRUCT = struct(("psk", PRE_SHARED_KEY_ID))
REINIT_STRUCT = struct(
    ("group_id", OPAQUE),
    ("version", U16),
    ("cipher_suite", U16),
    ("extensions", EXTENSIONS),
)
EXTERNAL_INIT_STRUCT = struct(("kem_output", OPAQUE))
GROUP_CONTEXT_EXTENSIONS_STRUCT = struct(("extensions", EXTENSIONS))

PROPOSALS = {
    ADD: ADD_STRUCT,
    UPDATE: UPDATE_STRUCT,
    REMOVE: REMOVE_STRUCT,
    PSK: PRE_SHARED_KEY_STRUCT,
    REINIT: REINIT_STRUCT,
    EXTERNAL_INIT: EXTERNAL_INIT_STRUCT,
    GROUP_CONTEXT_EXTENSIONS: GROUP_CONTEXT_EXTENSIONS_STRUCT,
}
PROPOSAL_STRUCT = struct(
    ("proposal_type", one_of(U16, set(PROPOSALS))),
    ("body", choice("proposal_type", PROPOSALS)),
)


# Update paths and commits (sections 7.6 and 12.4)

HPKE_CIPHERTEXT = struct(("kem_output", OPAQUE), ("ciphertext", OPAQUE))

UPDATE_PATH_NODE = struct(
    ("encryption_key", OPAQUE),
    ("encrypted_path_secret", vector(HPKE_CIPHERTEXT)),
)
UPDATE_PATH = struct(("leaf_node", LEAF_NODE), ("nodes", vector(UPDATE_PATH_NODE)))

PROPOSAL_OR_REF = struct(
    ("type", one_of(U8, {1, 2})),
    ("proposal", choice("type", {1: PROPOSAL_STRUCT})),
    ("reference", choice("type", {2: OPAQUE})),
)
COMMIT_STRUCT = struct(
    ("proposals", vector(PROPOSAL_OR_REF)),
    ("path", optional(UPDATE_PATH)),
)


# Framing (section 6)

CONTENT_TYPE = one_of(U8, {APPLICATION, PROPOSAL, COMMIT})
CONTENTS = {APPLICATION: OPAQUE, PROPOSAL: PROPOSAL_STRUCT, COMMIT: COMMIT_STRUCT}

SENDER = struct(
    (
        "sender_type",
        one_of(U8, {MEMBER, EXTERNAL, NEW_MEMBER_PROPOSAL, NEW_MEMBER_COMMIT}),
    ),
    ("leaf_index", choice("sender_type", {MEMBER: U32})),
    ("sender_index", choice("sender_type", {EXTERNAL: U32})),
)

FRAMED_CONTENT = struct(
    ("group_id", OPAQUE),
    ("epoch", U64),
    ("sender", SENDER),
    ("authenticated_data", OPAQUE),
    ("content_type", CONTENT_TYPE),
    ("body", choice("content_type", CONTENTS)),
)


def auth_data(content_type: int) -> Codec:
    if content_type == COMMIT:
        return struct(("signature", OPAQUE), ("confirmation_tag", OPAQUE))
    return struct(("signature", OPAQUE))


AUTHENTICATED_CONTENT = struct(
    ("wire_format", one_of(U16, {PUBLIC_MESSAGE, PRIVATE_MESSAGE})),
    ("content", FRAMED_CONTENT),
    ("auth", lambda before: auth_data(before["content"]["content_type"])),
)

PUBLIC_MESSAGE_STRUCT = struct(
    ("content", FRAMED_CONTENT),
    ("auth", lambda before: auth_data(before["content"]["content_type"])),
    (
        "membership_tag",
        lambda before: OPAQUE if before["content"]["sender"]["sender_type"] == MEMBER else None,
    ),
)

PRIVATE_MESSAGE_STRUCT = struct(
    ("group_id", OPAQUE),
    ("epoch", U64),
    ("content_type", CONTENT_TYPE),
    ("authenticated_data", OPAQUE),
    ("encrypted_sender_data", OPAQUE),
    ("ciphertext", OPAQUE),
)
PRIVATE_CONTENT_AAD = struct(
    ("group_id", OPAQUE),
    ("epoch", U64),
    ("content_type", CONTENT_TYPE),
    ("authenticated_data", OPAQUE),
)
SENDER_DATA_AAD = struct(("group_id", OPAQUE), ("epoch", U64), ("content_type", CONTENT_TYPE))
SENDER_DATA = struct(("leaf_index", U32), ("generation", U32), ("reuse_guard", fixed(4)))


def read_private_content(content_type: int, plaintext: bytes) -> tuple[Any, dict]:
    """Read a PrivateMessageContent: the body and the auth data; the padding must be zeros."""
    reader = Reader(plaintext)
    body = CONTENTS[content_type].read(reader)
    auth = auth_data(content_type).read(reader)
    if any(reader.rest()):
        raise ValueError("the padding of a private message is not all zeros")
    return body, auth


# Groups (sections 8.1, 12.1.8.1 and 12.4.3)

RATCHET_TREE_EXTENSION = 2
EXTERNAL_SENDERS_EXTENSION = 5

EXTERNAL_SENDERS = vector(struct(("signature_key", OPAQUE), ("credential", CREDENTIAL)))


def find_extension(extensions: list[dict], extension_type: int) -> bytes | None:
    for one in extensions:
        if one["extension_type"] == extension_type:
            return one["extension_data"]
    return None


GROUP_CONTEXT = struct(
    ("version", VERSION_MLS10),
    ("cipher_suite", U16),
    ("group_id", OPAQUE),
    ("epoch", U64),
    ("tree_hash", OPAQUE),
    ("confirmed_transcript_hash", OPAQUE),
    ("extensions", EXTENSIONS),
)

GROUP_INFO_UNSIGNED = (
    ("group_context", GROUP_CONTEXT),
    ("extensions", EXTENSIONS),
    ("confirmation_tag", OPAQUE),
    ("signer", U32),
)
GROUP_INFO_TBS = struct(*GROUP_INFO_UNSIGNED)
GROUP_INFO_STRUCT = struct(*GROUP_INFO_UNSIGNED, ("signature", OPAQUE))

GROUP_SECRETS = struct(
    ("joiner_secret", OPAQUE),
    ("path_secret", optional(OPAQUE)),
    ("psks", vector(PRE_SHARED_KEY_ID)),
)

ENCRYPTED_GROUP_SECRETS = struct(
    ("new_member", OPAQUE),
    ("encrypted_group_secrets", HPKE_CIPHERTEXT),
)
WELCOME_STRUCT = struct(
    ("cipher_suite", U16),
    ("secrets", vector(ENCRYPTED_GROUP_SECRETS)),
    ("encrypted_group_info", OPAQUE),
)

MESSAGES = {
    PUBLIC_MESSAGE: PUBLIC_MESSAGE_STRUCT,
    PRIVATE_MESSAGE: PRIVATE_MESSAGE_STRUCT,
    WELCOME: WELCOME_STRUCT,
    GROUP_INFO: GROUP_INFO_STRUCT,
    KEY_PACKAGE: KEY_PACKAGE_STRUCT,
}
MLS_MESSAGE = struct(
    ("version", VERSION_MLS10),
    ("wire_format", one_of(U16, set(MESSAGES))),
    ("body", choice("wire_format", MESSAGES)),
)


def framed_content_tbs(wire_format: int, content: dict, group_context: bytes) -> bytes:
    """Give the signed octets of a message, ``group_context`` being the encoded context."""
    octets = U16.write(MLS10) + U16.write(wire_format) + FRAMED_CONTENT.write(content)
    if content["sender"]["sender_type"] in {MEMBER, NEW_MEMBER_COMMIT}:
        octets += group_context
    return octets
