"""Media types of parts (draft-ietf-mimi-content-08 section 7.1, RFC 6838, RFC 2045 section 5.1).

::

    content type = type "/" subtype *( ";" name "=" ( token / quoted string ) )

Spaces and tabs may surround the semicolon; comments, line breaks and non-ASCII may not occur.
Types, subtypes and names of parameters are compared without regard to case. So are the values of
``charset``, and of ``variant``, whose registry has no two that differ in nothing else.

All text in MIMI is UTF-8, so a text type without a charset has that one, whatever the default of
its registration: ``text/plain``, ``text/plain;charset=utf-8`` and ``text/plain; charset=UTF-8``
are equal.
"""

import re
from collections.abc import Iterable
from typing import Self

import attrs

from mimi.content.errors import ContentTypeError

MIMI_CONTENT = "application/mimi-content"
TEXT = "text/plain;charset=utf-8"
GFM_MIMI = "text/markdown;variant=GFM-MIMI"
COMMONMARK = "text/markdown;variant=CommonMark"
HTML = "text/html;charset=utf-8"
JPEG = "image/jpeg"
PNG = "image/png"

_NAME = "[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_TOKEN = "[A-Za-z0-9!#$%&'*+.^_`{|}~-]+"  # noqa: S105 - a token is a word here
_WHOLE = re.compile(f"({_NAME})/({_NAME})")
_RANGE = re.compile(rf"({_NAME})/({_NAME}|\*)|(\*)/(\*)")
_PARAMETER = re.compile(
    rf'[ \t]*;[ \t]*({_TOKEN})=(?:({_TOKEN})|"((?:[\t !#-\[\]-~]|\\[\t -~])*)")'
)
_CHARSET = "charset"
_DEFAULT_CHARSET = "utf-8"
_IGNORING_CASE = frozenset({_CHARSET, "variant"})


def _lower(name: str) -> str:
    return name.lower()


def _lower_names(parameters: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.lower(), value) for name, value in parameters)


@attrs.frozen(eq=False)
class MediaType:
    """A media type with its parameters, or with ``*`` in it a range of them.

    Attributes:
        type: The top-level type, in lower case; ``*`` for any.
        subtype: In lower case; ``*`` for any.
        parameters: Names in lower case and values as they were, in their order.
    """

    type: str = attrs.field(converter=_lower)
    subtype: str = attrs.field(converter=_lower)
    parameters: tuple[tuple[str, str], ...] = attrs.field(default=(), converter=_lower_names)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the media type that *text* writes down.

        Raises:
            ContentTypeError: None; or a parameter occurs twice.
        """
        return cls._parse(text, _WHOLE)

    @classmethod
    def parse_range(cls, text: str) -> Self:
        """Return the media type or range, as ``image/*`` or ``*/*``, that *text* writes down.

        Raises:
            ContentTypeError: None; or a parameter occurs twice.
        """
        return cls._parse(text, _RANGE)

    @classmethod
    def _parse(cls, text: str, names: re.Pattern[str]) -> Self:
        # email.message would do it, but takes whatever comes and repairs it silently
        start = names.match(text)
        if start is None:
            raise ContentTypeError("no media type", content_type=text)
        kind, subtype = (name for name in start.groups() if name is not None)
        parameters: dict[str, str] = {}
        at = start.end()
        while at < len(text):
            match = _PARAMETER.match(text, at)
            if match is None:
                raise ContentTypeError("no parameter of a media type", content_type=text, at=at)
            name, token, quoted = match[1].lower(), match[2], match[3]
            if name in parameters:
                raise ContentTypeError(f"a second parameter {name}", content_type=text, at=at)
            parameters[name] = re.sub(r"\\(.)", r"\1", quoted) if token is None else token
            at = match.end()
        return cls(kind, subtype, tuple(parameters.items()))

    def __str__(self) -> str:
        return f"{self.type}/{self.subtype}" + "".join(
            f";{name}={_written(value)}" for name, value in self.parameters
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MediaType):
            return NotImplemented
        return self._names == other._names and self._compared == other._compared

    def __hash__(self) -> int:
        return hash((self._names, frozenset(self._compared.items())))

    @property
    def _names(self) -> tuple[str, str]:
        return self.type, self.subtype

    @property
    def _compared(self) -> dict[str, str]:
        """The parameters as they are compared."""
        default = {_CHARSET: _DEFAULT_CHARSET} if self.type == "text" else {}
        return default | {
            name: value.lower() if name in _IGNORING_CASE else value
            for name, value in self.parameters
        }

    def accepts(self, offered: "MediaType") -> bool:
        """Return whether who can receive this type, or any of this range, can receive *offered*.

        A parameter that is named here must be there, with the same value; one that is only there
        does not matter, but for the charset of a text.
        """
        if self.type not in ("*", offered.type) or self.subtype not in ("*", offered.subtype):
            return False
        given = offered._compared
        if given.get(_CHARSET) == "us-ascii":
            given[_CHARSET] = _DEFAULT_CHARSET  # each text in the one is a text in the other
        return all(given.get(name) == value for name, value in self._compared.items())


def _written(value: str) -> str:
    if re.fullmatch(_TOKEN, value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def recognised(content_type: str) -> MediaType | None:
    """Return the media type of a part that was received, None where it has none.

    A content type that nobody can read is no offence: the part is one more that is not supported
    (section 9.1).
    """
    try:
        return MediaType.parse(content_type)
    except ContentTypeError:
        return None


def matches(offered: MediaType | str, accepted: MediaType | str) -> bool:
    """Return whether content of the type *offered* is what *accepted* describes.

    ``text/markdown;variant=GFM-MIMI`` is accepted as itself, and as ``text/markdown``, ``text/*``
    and ``*/*``; ``text/markdown`` is not accepted as ``text/markdown;variant=GFM-MIMI``.

    Args:
        offered: The content type of a part; one that is no media type matches nothing.
        accepted: A media type or range.

    Raises:
        ContentTypeError: *accepted* is neither.
    """
    wanted = MediaType.parse_range(accepted) if isinstance(accepted, str) else accepted
    given = recognised(offered) if isinstance(offered, str) else offered
    return given is not None and wanted.accepts(given)


REQUIRED = (MediaType.parse(GFM_MIMI), MediaType.parse(TEXT), MediaType.parse(MIMI_CONTENT))
"""What every client must be able to receive (section 7.1)."""

RECOMMENDED = tuple(map(MediaType.parse, (COMMONMARK, HTML, JPEG, PNG)))
"""What every client should be able to receive besides (section 7.1)."""
