"""Media types in the policy of a room (draft-ietf-mimi-room-policy-03 section 6.4).

::

    entry of a list                   stands for
    text/markdown                     every text/markdown, whatever its parameters
    text/markdown; variant=GFM        that variant alone

Types and names of parameters are compared without regard to case; so are the values of ``charset``
and ``variant``, whose registries have no two that differ in nothing else. A text without a charset
is one of UTF-8, as all text of MIMI is.
"""

import re
from collections.abc import Iterable

from mimi.mls import MediaType, Parameter

_NAME = rb"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_TOKEN = rb"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+"
_WHOLE = re.compile(_NAME + b"/" + _NAME)
_PARAMETER_NAME = re.compile(_TOKEN)
_PARAMETER = re.compile(
    rb"[ \t]*;[ \t]*(" + _TOKEN + rb")=(?:(" + _TOKEN + rb')|"((?:[\t !#-\[\]-~]|\\[\t -~])*)")'
)
_CHARSET = b"charset"
_UTF_8 = b"utf-8"
_IGNORING_CASE = frozenset({_CHARSET, b"variant"})


def read_media_type(text: bytes | str) -> MediaType | None:
    """Return the media type that is written down, as in a Content-Type; None where it is none."""
    octets = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    start = _WHOLE.match(octets)
    if start is None:
        return None
    parameters = []
    at = start.end()
    while at < len(octets):
        match = _PARAMETER.match(octets, at)
        if match is None:
            return None
        name, token, quoted = match.groups()
        value = re.sub(rb"\\(.)", rb"\1", quoted) if token is None else token
        parameters.append(Parameter(name, value))
        at = match.end()
    media_type = MediaType(start[0], tuple(parameters))
    return media_type if is_media_type(media_type) else None


def is_media_type(media_type: MediaType) -> bool:
    """Return whether it is type and subtype, with parameters that are none or named once each."""
    names = [parameter.parameter_name.lower() for parameter in media_type.parameters]
    return (
        _WHOLE.fullmatch(media_type.type) is not None
        and all(map(_PARAMETER_NAME.fullmatch, names))
        and len(set(names)) == len(names)
    )


def is_text(media_type: MediaType) -> bool:
    """Return whether what is of the type is text in UTF-8."""
    return _compared(media_type).get(_CHARSET) == _UTF_8


def _compared(media_type: MediaType) -> dict[bytes, bytes]:
    """Return the parameters as they are compared."""
    default = {_CHARSET: _UTF_8} if media_type.type.lower().startswith(b"text/") else {}
    given = {at.parameter_name.lower(): at.parameter_value for at in media_type.parameters}
    return default | {
        name: value.lower() if name in _IGNORING_CASE else value for name, value in given.items()
    }


def covers(entry: MediaType, media_type: MediaType) -> bool:
    """Return whether an entry of a list stands for a media type."""
    if entry.type.lower() != media_type.type.lower():
        return False
    return not entry.parameters or _compared(entry) == _compared(media_type)


def is_listed(entries: Iterable[MediaType], media_type: MediaType) -> bool:
    """Return whether an entry of a list stands for a media type."""
    return any(covers(entry, media_type) for entry in entries)
