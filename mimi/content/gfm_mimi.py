"""Markdown in messages: ``text/markdown;variant=GFM-MIMI`` (section 7.1.1).

::

    what a user wrote --> without_html --> sent
    received --> to_html   to be shown
             --> to_text   to be shown where nothing is rendered
             --> links     to be judged: mimi.content.links

All of it is text; no octets are decoded here. `mimi.content.gfm` says what the grammar is,
and which destinations make no link. Sections are those of draft-ietf-mimi-content-08.

It needs the extra ``markdown``.
"""

from collections.abc import Sequence

from attrs import frozen

from mimi.content.gfm_errors import TooLongError, extra_for

with extra_for(__name__):
    from markdown_it.token import Token

    from mimi.content import gfm, gfm_escape, gfm_text

LIMIT = 65_536
"""How many characters a text may have, unless the caller says otherwise.

The time is in proportion to it. At this length a dense text takes about half a second, the worst
that we know to write a few; plain text may be `mimi.content.gfm.NESTING` times as long.
"""

PICTURE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""What stands for an image in the text of a link."""

UNFETCHED = ("data:", "cid:")
"""Where images are that come with the message."""

_READER = gfm.Dialect()


@frozen
class Link:
    """A link or an image in a text, as it is rendered.

    Attributes:
        text: What the reader sees, with `PICTURE` for each image in a link; of an image its
            description. An image may show any text, and its description is not seen.
        target: Where it leads, with all that is not ASCII percent-encoded.
        is_autolink: The text was not chosen: it was written ``<target>``.
        is_image: It is to be shown rather than to be followed.
    """

    text: str
    target: str
    is_autolink: bool = False
    is_image: bool = False


def without_html(source: str, *, limit: int = LIMIT) -> str:
    """Return *source* with ``&lt;`` for the ``<`` of each HTML tag: to be done before sending.

    Tags are what section 6.10 of GFM calls so: open and closing tags, comments, processing
    instructions, declarations and CDATA sections; and the beginnings of HTML blocks (section 4.6
    there), even of those that never end. Nothing else changes: each ``<`` stays in code,
    autolinks, destinations and after a backslash. Only a text written for the purpose, in which
    one replacement after another reveals a new tag, loses these as well.

    The result has no raw HTML, even if it is parsed with raw HTML allowed. Parsers that differ
    on where a block ends may still find some in what is code for this one: receivers must not
    rely on senders.

    Raises:
        TooLongError: more than *limit* characters.
        TooComplexError: block quotes or lists beyond the bounds of `mimi.content.gfm`.
    """
    _check_length(source, limit)
    return gfm_escape.without_html(source)


def has_html(source: str, *, limit: int = LIMIT) -> bool:
    """Tell whether `without_html` would change *source*, which no sender may send then.

    Raises:
        TooLongError: more than *limit* characters.
        TooComplexError: block quotes or lists beyond the bounds of `mimi.content.gfm`.
    """
    _check_length(source, limit)
    return bool(gfm_escape.html_starts(source))


def to_html(source: str, *, limit: int = LIMIT, images: bool = True) -> str:
    """Return the HTML of a received text, in which HTML tags are the text that they are.

    It consists of elements of GFM alone, and is safe to put into a page: no scripts, no styles,
    and no destinations that a browser would run. Links still lead wherever the sender likes.

    Images are fetched from wherever the sender likes as soon as the page is shown, without anybody
    following a link. So the sender learns who reads the message, when, and from which address.

    Args:
        source: The text.
        limit: How many characters it may have.
        images: False for links instead of images, within links for their descriptions; but for
            those at `UNFETCHED`. It is what should be shown until the reader asks for more.

    Raises:
        TooLongError: more than *limit* characters.
    """
    tokens = _parsed(source, limit)
    if not images:
        for token in tokens:
            token.children = token.children and _without_images(token.children)
    return str(_READER.renderer.render(tokens, _READER.options, {}))


def to_text(source: str, *, limit: int = LIMIT) -> str:
    """Return a received text as plain text: `mimi.content.gfm_text` says how.

    Raises:
        TooLongError: more than *limit* characters.
    """
    return gfm_text.text_of(_parsed(source, limit))


def links(source: str, *, limit: int = LIMIT) -> tuple[Link, ...]:
    """Return the links and images of a received text, in the order in which they begin.

    Raises:
        TooLongError: more than *limit* characters.
    """
    tokens = _parsed(source, limit)
    return tuple(link for token in tokens for link in _links(token.children or ()))


def _check_length(source: str, limit: int) -> None:
    if len(source) > limit:
        raise TooLongError(
            f"a text of {len(source)} characters where {limit} are allowed",
            length=len(source),
            limit=limit,
        )


def _parsed(source: str, limit: int) -> Sequence[Token]:
    _check_length(source, limit)
    return _READER.parse(source)


def _without_images(tokens: Sequence[Token]) -> list[Token]:
    shown: list[Token] = []
    in_link = False
    for token in tokens:
        if token.type in ("link_open", "link_close"):
            in_link = token.type == "link_open"
        source = str(token.attrs.get("src", ""))
        if token.type != "image" or source.lower().startswith(UNFETCHED):
            shown.append(token)
            continue
        text = Token("text", "", 0, content=gfm_text.label_of([token]))
        opening = Token("link_open", "a", 1, attrs={"href": source})
        # links do not nest
        shown += [text] if in_link else [opening, text, Token("link_close", "a", -1)]
    return shown


def _text_of(tokens: Sequence[Token]) -> str:
    return "".join(
        PICTURE if token.type == "image" else gfm_text.label_of([token]) for token in tokens
    )


def _links(tokens: Sequence[Token]) -> list[Link]:
    found: list[Link] = []
    for index, token in enumerate(tokens):
        if token.type == "image":
            label = gfm_text.label_of(token.children or ())
            found.append(Link(label, str(token.attrs["src"]), is_image=True))
        elif token.type == "link_open":
            # links do not nest
            end = next(at for at in range(index, len(tokens)) if tokens[at].type == "link_close")
            label = _text_of(tokens[index + 1 : end])
            found.append(Link(label, str(token.attrs["href"]), is_autolink=token.info == "auto"))
    return found
