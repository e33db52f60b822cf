"""Making messages: one function for each thing that people do in a conversation.

::

    text("Hi", entropy=os_entropy)                      a message
    markdown(f"Kudos to {mention(uri, '@Alice')}")
    reply("See you *there*", to=original, attach=[picture])
    reaction("❤", to=original)                          reactions(["❤", "🥳"], to=original)
    edit("See you _here_", replaces=reply_id, in_reply_to=original)
    delete(reply_id, in_reply_to=original)              unlike(reaction_id, in_reply_to=original)
    conference("https://example.com/join/12345", "Join us")
    body(alternatives(markdown_part("# Hi"), single_part("image/png", octets)))

All take the fields of `Common`, most of them those of `Fields`. Texts are encoded as UTF-8, and
sent as they are, but for raw HTML in Markdown, which is sent as the text that it is. Language tags
and content types are checked here; sizes and counts by `mimi.content.message.encode`.

Sections are those of draft-ietf-mimi-content-08.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypedDict, Unpack

from mimi.content.emoji import count_emoji
from mimi.content.errors import ContentTypeError, PartReferenceError
from mimi.content.extensions import NO_EXTENSIONS, ROOM_URI, SENDER_URI, Extensions
from mimi.content.language import is_language_list
from mimi.content.media import GFM_MIMI, HTML, TEXT, MediaType
from mimi.content.mentioning import mention as mention
from mimi.content.message import random_salt
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
from mimi.content.parts import check_references, parts
from mimi.content.received import YEAR
from mimi.crypto import Entropy, os_entropy
from mimi.errors import UsageError

SomeExtensions: TypeAlias = Extensions | Mapping[Any, Any] | Iterable[Any]
"""Extensions as `Extensions.of` takes them: a map, or instances of registered classes."""


class Common(TypedDict, total=False):
    """What can be said of every message; all of it may be left out.

    Attributes:
        salt: 16 octets that were never used before, instead of random ones.
        entropy: Where a random salt comes from.
        topic_id: What the messages of one topic have in common.
        expires: When it is to be deleted: `after_reading` or `at`.
        extensions: More to say, as a map or as instances of registered classes.
        sender: The URI of the sender, to be sent as extension 1.
        room: The URI of the room, to be sent as extension 2.
    """

    salt: bytes | None
    entropy: Entropy
    topic_id: bytes
    expires: Expiration | None
    extensions: SomeExtensions
    sender: str | None
    room: str | None


class Fields(Common, total=False):
    """What can be said of a message that need not be a reply.

    Attributes:
        in_reply_to: The ID of the message to which it replies, in its most current version.
    """

    in_reply_to: bytes | None


def body(  # noqa: PLR0913 - the fields of a message, each by its name
    part: NestedPart,
    *,
    replaces: bytes | None = None,
    in_reply_to: bytes | None = None,
    salt: bytes | None = None,
    entropy: Entropy = os_entropy,
    topic_id: bytes = b"",
    expires: Expiration | None = None,
    extensions: SomeExtensions = NO_EXTENSIONS,
    sender: str | None = None,
    room: str | None = None,
) -> Message:
    """Return a message with any body; all other builders end here.

    Args:
        part: The body.
        replaces: The ID of the message that this one edits or withdraws, in its first version.
        in_reply_to: See `Fields`.
        salt: See `Common`, as for all that follow.
        entropy: The same.
        topic_id: The same.
        expires: The same.
        extensions: The same.
        sender: The same.
        room: The same.

    Raises:
        UsageError: A content type or a language in it is malformed, or an extension cannot be; it
            is no part; or HTML or Markdown in it refers to a part that is not there or has no
            content, as `mimi.content.parts.check_references` finds, for which the extra
            ``markdown`` may be needed.
    """
    for each in parts(part):
        _check_part(each)
    try:
        check_references(part)
    except PartReferenceError as error:
        raise UsageError(error.reason, **error.where) from None
    return Message(
        random_salt(entropy) if salt is None else salt,
        replaces,
        topic_id,
        expires,
        in_reply_to,
        _with_uris(Extensions.of(extensions), {SENDER_URI: sender, ROOM_URI: room}),
        part,
    )


def _with_uris(extensions: Extensions, uris: Mapping[int, str | None]) -> Extensions:
    added = {key: uri for key, uri in uris.items() if uri is not None}
    for key, uri in added.items():
        if extensions.get(key, uri) != uri:
            raise UsageError(f"extension {key} is given twice, and differs", key=key)
    return Extensions({**extensions, **added}) if added else extensions


def _check_part(part: object) -> None:
    if not isinstance(part, NullPart | SinglePart | ExternalPart | MultiPart):
        raise UsageError("no part: text_part and others make one", type=type(part).__name__)
    _check_language(part.language)
    if isinstance(part, SinglePart) or (isinstance(part, ExternalPart) and part.content_type):
        _check_content_type(part.content_type)


def _check_type(value: object, kind: type) -> None:
    # a bool is an int to Python alone
    if not isinstance(value, kind) or isinstance(value, bool):
        raise UsageError(f"no {kind.__name__}", type=type(value).__name__)


def _check_language(language: str) -> None:
    if not is_language_list(language):
        raise UsageError("no list of language tags (RFC 5646 section 2.1)", language=language)


def _check_content_type(content_type: str) -> None:
    try:
        MediaType.parse(content_type)
    except ContentTypeError as error:
        raise UsageError(str(error), **error.where) from None


# Parts


def single_part(
    content_type: str,
    content: bytes | str,
    *,
    disposition: Disposition = Disposition.RENDER,
    language: str = "",
) -> SinglePart:
    """Return a part with content; a text is encoded as UTF-8.

    Raises:
        UsageError: The content type or the language is malformed, the text has a surrogate, or
            the content is neither text nor octets.
    """
    _check_content_type(content_type)
    _check_language(language)
    if isinstance(content, str):
        try:
            content = content.encode()
        except UnicodeEncodeError as error:
            raise UsageError("a text with a lone surrogate", at=error.start) from None
    _check_type(content, bytes)
    return SinglePart(disposition, language, content_type, content)


def text_part(
    source: str, *, disposition: Disposition = Disposition.RENDER, language: str = ""
) -> SinglePart:
    """Return a part of plain text.

    Raises:
        UsageError: The language is malformed, or the text is none or has a surrogate.
    """
    _check_type(source, str)
    return single_part(TEXT, source, disposition=disposition, language=language)


def markdown_part(
    source: str, *, disposition: Disposition = Disposition.RENDER, language: str = ""
) -> SinglePart:
    """Return a part of Markdown, in the variant GFM-MIMI (section 7.1.1).

    Where there may be raw HTML, `mimi.content.gfm_mimi.without_html` takes care of it, which needs
    the extra ``markdown``.

    Raises:
        UsageError: The language is malformed, or the text is none or has a surrogate; or there
            may be raw HTML, and the extra is not installed.
        InvalidError: There may be raw HTML, and the text is too long or too nested to find it.
    """
    _check_type(source, str)
    if _MAY_BE_HTML.search(source):
        # here, for nothing else in this module needs the extra
        from mimi.content.gfm_mimi import without_html  # noqa: PLC0415

        source = without_html(source)
    return single_part(GFM_MIMI, source, disposition=disposition, language=language)


_MAY_BE_HTML = re.compile(r"<(?:[/!?]|[A-Za-z][A-Za-z0-9-]*+(?:[\s/>]|\Z))")
"""How an HTML tag or block begins (GFM sections 4.6 and 6.10). Autolinks, as ``<mimi://...>``, and
whatever else there is with a ``<`` do not begin so."""


def html_part(
    source: str, *, disposition: Disposition = Disposition.RENDER, language: str = ""
) -> SinglePart:
    """Return a part of HTML, as it is.

    Raises:
        UsageError: The language is malformed, or the text is none or has a surrogate.
    """
    _check_type(source, str)
    return single_part(HTML, source, disposition=disposition, language=language)


def alternatives(
    *options: NestedPart, disposition: Disposition = Disposition.RENDER, language: str = ""
) -> MultiPart:
    """Return a part of which the receiver chooses one of *options*.

    All should say the same: nobody sees which of them others see (section 9.5).

    Raises:
        UsageError: There are less than two, or the language is malformed.
    """
    return _multi(PartSemantics.CHOOSE_ONE, options, disposition, language)


def single_unit(
    *members: NestedPart, disposition: Disposition = Disposition.RENDER, language: str = ""
) -> MultiPart:
    """Return a part that makes sense only to who understands all of *members*.

    Raises:
        UsageError: There are less than two, or the language is malformed.
    """
    return _multi(PartSemantics.SINGLE_UNIT, members, disposition, language)


def mixed(
    *members: NestedPart, disposition: Disposition = Disposition.RENDER, language: str = ""
) -> MultiPart:
    """Return a part that consists of *members*, each of which makes sense by itself.

    Raises:
        UsageError: There are less than two, or the language is malformed.
    """
    return _multi(PartSemantics.PROCESS_ALL, members, disposition, language)


def _multi(
    semantics: PartSemantics,
    members: tuple[NestedPart, ...],
    disposition: Disposition,
    language: str,
) -> MultiPart:
    if len(members) < 2:
        raise UsageError("a MultiPart of fewer than two parts", parts=len(members))
    _check_language(language)
    return MultiPart(disposition, language, semantics, members)


def _part(given: str | NestedPart, language: str) -> NestedPart:
    """Return a part for Markdown, or the part itself."""
    if isinstance(given, str):
        return markdown_part(given, language=language)
    if language:
        raise UsageError("the part has a language of its own", language=language)
    return given


# Messages


def text(source: str, *, language: str = "", **fields: Unpack[Fields]) -> Message:
    """Return a message of plain text.

    Raises:
        UsageError: See `text_part` and `body`.
    """
    return body(text_part(source, language=language), **fields)


def markdown(source: str, *, language: str = "", **fields: Unpack[Fields]) -> Message:
    """Return a message of Markdown.

    Raises:
        UsageError: See `markdown_part` and `body`.
        InvalidError: See `markdown_part`.
    """
    return body(markdown_part(source, language=language), **fields)


def html(source: str, *, language: str = "", **fields: Unpack[Fields]) -> Message:
    """Return a message of HTML, which not all receivers understand: see `alternatives`.

    Raises:
        UsageError: See `html_part` and `body`.
    """
    return body(html_part(source, language=language), **fields)


def reply(
    answer: str | NestedPart,
    to: bytes,
    attach: Sequence[NestedPart] = (),
    *,
    language: str = "",
    **common: Unpack[Common],
) -> Message:
    """Return a reply.

    Args:
        answer: Markdown, or a part, as `text_part` for plain text.
        to: The ID of the message, in its most current version.
        attach: Parts to be sent with it. If *answer* is no MultiPart it has index 1, and the
            first of these index 2: see `mimi.content.parts.content_id`.
        language: The language of the Markdown.
        **common: See `Common`.

    Raises:
        UsageError: See `markdown_part` and `body`.
        InvalidError: See `markdown_part`.
    """
    part = _part(answer, language)
    return body(mixed(part, *attach) if attach else part, in_reply_to=to, **common)


def reaction(emoji: str, to: bytes | None, **common: Unpack[Common]) -> Message:
    """Return a reaction.

    A reaction of another kind, as an image, is a `body` with a part of that disposition.

    Args:
        emoji: One reaction: nobody could tell where the next one begins.
        to: The ID of the message.
        **common: See `Common`.

    Raises:
        UsageError: See `reactions`.
    """
    return reactions([emoji], to, **common)


def reactions(emoji: Sequence[str], to: bytes | None, **common: Unpack[Common]) -> Message:
    """Return several reactions to the same message, each a part of its own (section 5.3).

    Two emoji in one text are refused. All other texts are taken for one reaction, for nobody can
    tell whether words are.

    Args:
        emoji: The reactions.
        to: The ID of the message.
        **common: See `Common`.

    Raises:
        UsageError: There is none, one is empty or more than one, or all are one string; or see
            `text_part` and `body`.
    """
    if isinstance(emoji, str):
        raise UsageError("one text of several reactions, where each has to be a text")
    if not emoji or not all(emoji):
        raise UsageError("an empty reaction")
    kind = Disposition.REACTION
    each = [text_part(single, disposition=kind) for single in emoji]
    if any(count_emoji(single) > 1 for single in emoji):
        raise UsageError("several emoji in one reaction, where each has to be a text")
    return body(
        each[0] if len(each) == 1 else mixed(*each, disposition=kind), in_reply_to=to, **common
    )


def edit(
    new: str | NestedPart, replaces: bytes, *, language: str = "", **fields: Unpack[Fields]
) -> Message:
    """Return a new version of a message.

    Only its body may change (section 9.3): all other fields should be those of the first version,
    and its media type too: a text that becomes Markdown may look different.

    Args:
        new: Markdown, or a part: `text_part` for a new version of plain text.
        replaces: The ID of the first version.
        language: The language of the Markdown.
        **fields: See `Fields`.

    Raises:
        UsageError: See `markdown_part` and `body`.
        InvalidError: See `markdown_part`.
    """
    return body(_part(new, language), replaces=replaces, **fields)


def delete(replaces: bytes, **fields: Unpack[Fields]) -> Message:
    """Return the withdrawal of a message.

    Args:
        replaces: The ID of the first version.
        **fields: See `Fields`; a reply is withdrawn as the reply that it was.

    Raises:
        UsageError: See `body`.
    """
    return body(NullPart(), replaces=replaces, **fields)


def unlike(reaction_id: bytes, **fields: Unpack[Fields]) -> Message:
    """Return the withdrawal of a reaction.

    Args:
        reaction_id: The ID of the message with the reaction.
        **fields: See `Fields`; *in_reply_to* is the message to which it was a reaction.

    Raises:
        UsageError: See `body`.
    """
    return body(NullPart(Disposition.REACTION), replaces=reaction_id, **fields)


def conference(
    url: str, description: str = "", *, language: str = "", **fields: Unpack[Fields]
) -> Message:
    """Return an invitation to a conference, to be joined at a URL (section 5.10).

    Args:
        url: Where to join.
        description: What it is, for people.
        language: The language of the description.
        **fields: See `Fields`.

    Raises:
        UsageError: See `body`.
    """
    part = ExternalPart(Disposition.SESSION, language, "", url, description=description)
    return body(part, **fields)


# Expiry


def after_reading(seconds: int) -> Expiration:
    """Return when a message expires that is visible for some time after it was read.

    Raises:
        UsageError: More than a year, which receivers refuse; less than nothing; or no integer.
    """
    _check_type(seconds, int)
    if not 0 <= seconds <= YEAR:
        raise UsageError(f"{seconds} seconds: 0..{YEAR} are permitted", seconds=seconds)
    return Expiration(relative=True, time=seconds)


def at(time: int) -> Expiration:
    """Return when a message expires that is visible until *time*, in seconds since 1970.

    Receivers refuse what expires more than a year after they receive it.

    Raises:
        UsageError: The time does not fit 32 bits, which end in 2106; or is no integer.
    """
    _check_type(time, int)
    if not 0 <= time < 1 << 32:
        raise UsageError("no time of 32 bits", time=time)
    return Expiration(relative=False, time=time)
