"""Bodies typed octet by octet: nothing here is encoded by what the vectors are to test.

A body is a list of its fields, each a name and its octets.
"""

from collections.abc import Iterable
from typing import TypeAlias

Typed: TypeAlias = tuple[tuple[str, bytes], ...]


def u8(number: int) -> bytes:
    """Return an octet."""
    return bytes((number,))


def u16(number: int) -> bytes:
    """Return two octets."""
    return number.to_bytes(2, "big")


def u32(number: int) -> bytes:
    """Return four octets."""
    return number.to_bytes(4, "big")


def u64(number: int) -> bytes:
    """Return eight octets."""
    return number.to_bytes(8, "big")


def opaque(content: bytes | str) -> bytes:
    """Return ``opaque content<V>``."""
    octets = content.encode() if isinstance(content, str) else content
    size = len(octets)
    if size < 1 << 6:
        return u8(size) + octets
    return u16(1 << 14 | size) + octets if size < 1 << 14 else u32(1 << 31 | size) + octets


def vector(*elements: bytes) -> bytes:
    """Return ``T elements<V>``."""
    return opaque(b"".join(elements))


NONE = b"\0"
"""An absent value, or an empty vector."""


def some(value: bytes) -> bytes:
    """Return a present value."""
    return b"\1" + value


def joined(fields: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the octets of all fields."""
    return b"".join(octets for _, octets in fields)


def dictionary(*items: tuple[int, bytes]) -> bytes:
    """Return an AppDataDictionary."""
    return vector(*(u16(component) + opaque(data) for component, data in items))


# What MLS defines, as small as it may be

ALICE, BOB, CATHY = "mimi://a.example/u/alice", "mimi://b.example/u/bob", "mimi://c.example/u/cathy"
ROOM = "mimi://a.example/r/clubhouse"
BOBS_PHONE, BOBS_LAPTOP = "mimi://b.example/d/bob/phone", "mimi://b.example/d/bob/laptop"

PRIVATE, WELCOME_FORMAT, GROUP_INFO_FORMAT, KEY_PACKAGE_FORMAT = 2, 3, 4, 5
SEMI_PRIVATE = 0xF501

SUITE = u16(1)
CREDENTIAL = u16(1) + opaque(ALICE)
CAPABILITIES = vector(u16(1)) + vector(u16(1)) + vector() + vector() + vector(u16(1))
REQUIRED = vector() + vector() + vector(u16(1))
LEAF_NODE = (
    opaque(b"encryption key")
    + opaque(b"signature key")
    + u16(1)
    + opaque(BOBS_PHONE)
    + CAPABILITIES
    + (u8(1) + u64(0) + u64(7))  # a key package's, from 0 to 7
    + vector()
    + opaque(b"signature of the leaf")
)
KEY_PACKAGE = (
    u16(1) + SUITE + opaque(b"init key") + LEAF_NODE + vector() + opaque(b"signature of it all")
)


def group_context(epoch: int) -> bytes:
    """Return a GroupContext."""
    hashes = opaque(b"tree hash") + opaque(b"transcript")
    return u16(1) + SUITE + opaque("clubhouse") + u64(epoch) + hashes + vector()


def group_info(epoch: int, extensions: bytes = NONE) -> bytes:
    """Return a GroupInfo that member 0 signed."""
    tag, signature = opaque(b"confirmation"), opaque(b"signature")
    return group_context(epoch) + extensions + tag + u32(0) + signature


PARTIAL_GROUP_INFO = u8(0) + vector() + opaque(b"signature")
TREE = vector(some(u8(1) + LEAF_NODE))
FULL_TREE, SERVED_TREE = u8(1) + TREE, u8(4)
TREE_URL = u8(2) + opaque("https://a.example/tree") + opaque("")
OUT_OF_BAND_TREE = u8(3) + opaque("")
WELCOME = SUITE + vector() + opaque(b"group info")


def message(wire_format: int, body: bytes) -> bytes:
    """Return an MLSMessage."""
    return u16(1) + u16(wire_format) + body


def public(content_type: int, content: bytes, epoch: int = 5, sender: bytes | None = None) -> bytes:
    """Return a PublicMessage of member 3, or of another sender, in an MLSMessage.

    Args:
        content_type: 1 for application data, 2 for a proposal, 3 for a commit.
        content: What is sent.
        epoch: The epoch.
        sender: The encoded Sender, unless it is the member.
    """
    by = u8(1) + u32(3) if sender is None else sender
    framed = opaque("clubhouse") + u64(epoch) + by + opaque("") + u8(content_type) + content
    auth = opaque(b"signature") + (opaque(b"confirmation") if content_type == 3 else b"")
    return message(1, framed + auth + (opaque(b"membership") if sender is None else b""))


def hidden(content_type: int, epoch: int = 5) -> bytes:
    """Return a PrivateMessage in an MLSMessage."""
    framed = opaque("clubhouse") + u64(epoch) + u8(content_type) + opaque("")
    return message(PRIVATE, framed + opaque(b"sender data") + opaque(b"ciphertext"))


def semi_private(content_type: int, epoch: int = 5) -> bytes:
    """Return a SemiPrivateMessage without receivers in an MLSMessage."""
    framed = opaque("clubhouse") + u64(epoch) + u8(content_type) + opaque("")
    keys = opaque(b"context hash") + vector() + opaque(b"content hash")
    return message(SEMI_PRIVATE, framed + keys + opaque(b"sender data") + opaque(b"ciphertext"))


REMOVE = u16(3) + u32(1)
PROPOSAL, COMMIT, APPLICATION = public(2, REMOVE), public(3, vector() + NONE), hidden(1)
WELCOMING = message(WELCOME_FORMAT, WELCOME)
FRANK = bytes(range(32)) + SUITE + opaque(b"signature")
EXTENSIONS = dictionary((0xF001, b"x"), (0xF002, b""))
SEALED = opaque(b"kem output") + opaque(b"ciphertext")
EXTERNAL_SENDER = opaque(b"hub key") + u16(1) + opaque("mimi://a.example")
