"""Mentions in Markdown: links to users and rooms (draft-ietf-mimi-content-08 sections 5.4, 9.6)."""

import re

from mimi.errors import UsageError

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,31}:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_IN_NAME = {ord(mark): f"\\{mark}" for mark in r"\*_[]~|&"} | {ord("<"): "&lt;", ord("`"): "&#96;"}
"""Escapes for a name. A back quote is one even after a backslash if a code span has begun before;
and ``<`` would look like HTML."""
_IN_TARGET = {ord(mark): f"\\{mark}" for mark in "()&"}


def mention(uri: str, name: str = "") -> str:
    """Return Markdown that mentions a user or a room (sections 5.4 and 9.6).

    Args:
        uri: Whom.
        name: How the sender would call them: receivers may call them otherwise. Line breaks and
            control characters become spaces. Without a name it is for receivers to choose one.

    An exclamation mark directly before it would make it an image: ``Hi!`` and a mention need a
    space in between, and so does a text whose end is not known.

    Raises:
        UsageError: Not a URI as Markdown can link to.
    """
    if _URI.fullmatch(uri) is None:
        raise UsageError("no URI that could be mentioned", uri=uri)
    shown = _CONTROLS.sub(" ", name)
    if not shown.strip():
        return f"<{uri}>"
    return f"[{shown.translate(_IN_NAME)}]({uri.translate(_IN_TARGET)})"
