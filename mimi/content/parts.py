"""Parts by their index, and the references between them (draft-ietf-mimi-content-08 section 4.4).

Each part of a body has a number that is not sent: its place, counted from 0, depth first::

    0  MultiPart
    1    MultiPart
    2      SinglePart     text/html: <img src="cid:3@local.invalid">
    3      SinglePart     image/png
    4    SinglePart

A part whose content is a document may refer to another part of the same message by it.
"""

import re
from collections.abc import Sequence
from typing import TypeAlias

from mimi.content.errors import PartReferenceError
from mimi.content.media import recognised
from mimi.content.model import MOST_PARTS, ExternalPart, MultiPart, NestedPart, SinglePart
from mimi.errors import UsageError

Leaf: TypeAlias = SinglePart | ExternalPart
"""A part that has content, which is what can be referred to."""

_SCHEME = "cid:"
_HOST = "@local.invalid"
_INDEX = "(0|[1-9][0-9]{0,3})"
_WITHIN = re.compile(rf"(?<![\w+.-]){_SCHEME}{_INDEX}{re.escape(_HOST)}(?![\w%/-]|\.\w)", re.ASCII)


def parts(part: NestedPart) -> tuple[NestedPart, ...]:
    """Return a body and all parts inside of it, in the order of their indexes."""
    found: list[NestedPart] = []
    waiting: list[NestedPart] = [part]
    while waiting:
        found.append(waiting.pop())
        if isinstance(found[-1], MultiPart):
            waiting.extend(reversed(found[-1].parts))
    return tuple(found)


def part_at(part: NestedPart, index: int) -> NestedPart:
    """Return the part that has *index* in the body *part*.

    Raises:
        PartReferenceError: There are not so many.
    """
    return listed_at(parts(part), index)


def listed_at(listed: Sequence[NestedPart], index: int) -> NestedPart:
    """Return the part that has *index* among those that `parts` found: for many of one body.

    Raises:
        PartReferenceError: There are not so many.
    """
    if not 0 <= index < len(listed):
        raise PartReferenceError(
            f"a reference to part {index} of {len(listed)}", index=index, parts=len(listed)
        )
    return listed[index]


def content_id(index: int) -> str:
    """Return the URI by which one part refers to another of the same message.

    Raises:
        UsageError: No message has so many parts.
    """
    if not 0 <= index < MOST_PARTS:
        raise UsageError(f"no part has the index {index}: 0..{MOST_PARTS - 1}", index=index)
    return f"{_SCHEME}{index}{_HOST}"


def index_of(uri: str) -> int | None:
    """Return the index in a URI as `content_id` makes it; None for any other URI.

    Other content IDs are None as well: what they name is not in this message.

    Raises:
        PartReferenceError: It is a content ID at ``local.invalid``, but its index is no number
            without leading zeros, or one that no part has.
    """
    if not uri.startswith(_SCHEME) or not uri.endswith(_HOST):
        return None
    digits = uri[len(_SCHEME) : -len(_HOST)]
    if re.fullmatch(_INDEX, digits) is None or int(digits) >= MOST_PARTS:
        raise PartReferenceError("a content ID without a part index", uri=uri)
    return int(digits)


def referenced(part: NestedPart, uri: str) -> tuple[int, Leaf]:
    """Return the part that *uri* means in a message with the body *part*, and its index.

    Whether *uri* means a part at all is what `index_of` tells.

    Raises:
        PartReferenceError: It means none, or one without content, or is another kind of URI.
    """
    index = index_of(uri)
    if index is None:
        raise PartReferenceError("a URI that is no reference to a part", uri=uri)
    found = part_at(part, index)
    if not isinstance(found, Leaf):
        raise PartReferenceError(
            f"a reference to part {index}, a {type(found).__name__}", uri=uri, index=index
        )
    return index, found


def references(text: str) -> tuple[int, ...]:
    """Return the indexes to which a document refers, each once, in the order of the text.

    The document is searched for URIs as they are written, whatever its syntax: HTML, Markdown,
    vCard and iCalendar write them alike. So a reference in a comment counts; one spelled with
    character references, percent-encoding or escapes, or folded over two lines, does not.
    Nothing depends on that but whether the part is shown once more on its own. Nor is it known
    whether a part has the index: `referenced` checks that.
    """
    found = (int(match[1]) for match in _WITHIN.finditer(text))
    return tuple(dict.fromkeys(index for index in found if index < MOST_PARTS))


def check_references(body: NestedPart) -> None:
    """Check that what documents in a body refer to are parts with content.

    The documents are HTML, searched as `references` says, and Markdown, of which links and images
    alone count. To tell these from other text the extra ``markdown`` is needed, but only where the
    text does name a part that cannot be meant.

    Raises:
        PartReferenceError: They refer to something else.
        MissingExtraError: The extra is needed, and not installed.
    """
    listed = parts(body)
    for part in listed:
        if not isinstance(part, SinglePart) or _SCHEME.encode() not in part.content:
            continue
        kind = recognised(part.content_type)
        name = f"{kind.type}/{kind.subtype}" if kind else ""
        if name not in ("text/html", "text/markdown"):
            continue
        text = part.content.decode(errors="replace")
        wrong = [
            index
            for index in references(text)
            if index >= len(listed) or not isinstance(listed[index], Leaf)
        ]
        if wrong and name == "text/markdown":
            wrong = _linked(wrong, text)
        if wrong:
            raise PartReferenceError(
                f"a reference to part {wrong[0]}, which is not there or has no content",
                index=wrong[0],
                parts=len(listed),
            )


def _linked(indexes: Sequence[int], source: str) -> list[int]:
    # here, for nothing else in this module needs the extra
    from mimi.content.gfm_mimi import links  # noqa: PLC0415

    targets = {link.target for link in links(source, limit=len(source))}
    return [index for index in indexes if content_id(index) in targets]
