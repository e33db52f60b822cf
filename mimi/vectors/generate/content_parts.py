"""What the messages of vectors are made of: people, rooms, bodies and small messages."""

from collections.abc import Mapping
from typing import Any

from mimi.content.extensions import Extensions
from mimi.content.model import (
    Disposition,
    Expiration,
    ExternalPart,
    Message,
    MultiPart,
    NestedPart,
    NullPart,
    PartSemantics,
    SinglePart,
)
from mimi.crypto import Entropy, draw

ALICE = "mimi://example.com/u/alice-smith"
BOB = "mimi://example.com/u/bob-jones"
CATHY = "mimi://example.com/u/cathy-washington"
ROOM = "mimi://example.com/r/engineering_team"

MARKDOWN = "text/markdown;variant=GFM-MIMI"
PLAIN = "text/plain;charset=utf-8"
HTML = "text/html;charset=utf-8"

RENDER = Disposition.RENDER
REACTION = Disposition.REACTION
INLINE = Disposition.INLINE

CHOOSE_ONE = PartSemantics.CHOOSE_ONE
SINGLE_UNIT = PartSemantics.SINGLE_UNIT
PROCESS_ALL = PartSemantics.PROCESS_ALL

NULL = NullPart()


def says(text: str, content_type: str = MARKDOWN, language: str = "") -> SinglePart:
    """Return a text to be rendered."""
    return SinglePart(RENDER, language, content_type, text.encode())


def reacts(emoji: str) -> SinglePart:
    """Return a reaction."""
    return SinglePart(REACTION, "", PLAIN, emoji.encode())


def image(content: bytes, subtype: str = "png") -> SinglePart:
    """Return an image within a document."""
    return SinglePart(INLINE, "", f"image/{subtype}", content)


def multi(
    semantics: PartSemantics, *parts: NestedPart, disposition: Disposition = RENDER
) -> MultiPart:
    """Return several parts as one."""
    return MultiPart(disposition, "", semantics, parts)


def external(
    content_type: str = "video/mp4", url: str = "https://example.com/storage/8ksB4bSrrRE.mp4"
) -> ExternalPart:
    """Return content elsewhere, of which nothing else is known."""
    return ExternalPart(Disposition.ATTACHMENT, "", content_type, url)


def nested(levels: int, deepest: NestedPart = NULL) -> NestedPart:
    """Return a body with so many levels of parts."""
    return deepest if levels == 1 else multi(PROCESS_ALL, NULL, nested(levels - 1, deepest))


def some_id(entropy: Entropy, algorithm: int = 1) -> bytes:
    """Return the ID of a message that nobody has seen."""
    return bytes([algorithm]) + draw(entropy, 31)


def message(
    entropy: Entropy,
    part: NestedPart = NULL,
    extensions: Mapping[Any, Any] | None = None,
    *,
    replaces: bytes | None = None,
    topic_id: bytes = b"",
    expires: Expiration | None = None,
    in_reply_to: bytes | None = None,
) -> Message:
    """Return a message with a salt of its own, and else what is said of it."""
    return Message(
        draw(entropy, 16),
        replaces,
        topic_id,
        expires,
        in_reply_to,
        Extensions(extensions or {}),
        part,
    )
