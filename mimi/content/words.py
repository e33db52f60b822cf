"""The words of a body: what a list of messages shows.

They are those of the parts that a plain receiver processes (`mimi.content.choose`): one that reads
plain text best, then Markdown, then HTML, and can show what every client should be able to show.
The words of several parts stand one below the other, as they were sent. None are those of

- attachments and sessions: there to be opened, not to be read; icons and previews; reactions
  beside something else;
- a unit of which a part is not understood;
- a text with a charset that is none of `CHARSETS`: it is not understood.

An ExternalPart is understood, whatever its content is: it is a link. Its description stands for it,
of an attachment or a session too.
"""

from mimi.codec import replace
from mimi.content.choose import Receiver, choose
from mimi.content.media import (
    COMMONMARK,
    GFM_MIMI,
    HTML,
    JPEG,
    MIMI_CONTENT,
    PNG,
    TEXT,
    MediaType,
    recognised,
)
from mimi.content.model import Disposition, ExternalPart, MultiPart, NestedPart, SinglePart
from mimi.content.parts import Leaf

CHARSETS = frozenset(
    {"utf-8", "us-ascii", "utf-16", "utf-16be", "utf-16le", "koi8-r", "koi8-u"}
    | {f"iso-8859-{number}" for number in range(1, 17) if number != 12}
    | {f"windows-{number}" for number in range(1250, 1259)}
    | {"big5", "euc-jp", "euc-kr", "gb18030", "gb2312", "gbk", "iso-2022-jp", "shift_jis"}
)
"""The charsets that are read, by their names in the registry of IANA."""

_COMMON = frozenset({TEXT, GFM_MIMI, "text/plain"})
_CHARSET = "charset"
_RECEIVER = Receiver((TEXT, GFM_MIMI, COMMONMARK, HTML, MIMI_CONTENT, JPEG, PNG))

_UNOPENED = frozenset({Disposition.ATTACHMENT, Disposition.SESSION})
_UNSEEN = frozenset({Disposition.ICON, Disposition.PREVIEW})


def text_of(part: NestedPart) -> str:
    """Return the words of a body, or of a reaction; empty where it has none."""
    if isinstance(part, SinglePart) and part.content_type in _COMMON:
        # What almost every message and reaction is, some thousands of them in a popular entry.
        is_silent = part.disposition in _UNOPENED or part.disposition in _UNSEEN
        return "" if is_silent else part.content.decode(errors="replace")
    readable = _readable(part, part.disposition, is_unopened=False, is_unseen=False)
    words = (_words(chosen.part) for chosen in choose(readable, _RECEIVER))
    return "\n".join(filter(None, words))


def _words(part: Leaf) -> str:
    if isinstance(part, ExternalPart):
        return part.description
    return part.content.decode() if part.content_type.startswith("text/") else ""


def _readable(
    part: NestedPart, around: Disposition, *, is_unopened: bool, is_unseen: bool
) -> NestedPart:
    """Return a body with the same parts, of which each holds its words alone, in UTF-8."""
    disposition = part.disposition
    is_unopened = is_unopened or disposition in _UNOPENED
    is_beside = disposition == Disposition.REACTION != around
    is_unseen = is_unseen or is_beside or disposition in _UNSEEN
    match part:
        case MultiPart(parts=inner):
            within = {"is_unopened": is_unopened, "is_unseen": is_unseen}
            parts = tuple([_readable(each, disposition, **within) for each in inner])
            return replace(part, parts=parts)
        case ExternalPart(description=description):
            return replace(part, content_type="", description="" if is_unseen else description)
        case SinglePart():
            return _in_utf8(part, is_silent=is_unopened or is_unseen)
    return part


def _in_utf8(part: SinglePart, *, is_silent: bool) -> SinglePart:
    kind = recognised(part.content_type)
    if kind is None or kind.type != "text":
        return part
    parameters = dict(kind.parameters)
    charset = parameters.pop(_CHARSET, "utf-8").lower()
    if charset not in CHARSETS:
        return part
    words = "" if is_silent else part.content.decode(charset, errors="replace")
    plain = MediaType(kind.type, kind.subtype, tuple(parameters.items()))
    return replace(part, content_type=str(plain), content=words.encode())
