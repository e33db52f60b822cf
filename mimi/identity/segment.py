"""Names in URIs: path segments after the one that tells the type (RFC 3986 section 3.3)."""

from typing import TypeAlias

import attrs

from mimi.identity.errors import DotSegmentError, EmptySegmentError
from mimi.identity.percent import PCHAR, decode, encode, normal


def _normal(encoded: str) -> str:
    return _checked(normal(encoded, PCHAR), 0)


def _checked(name: str, at: int) -> str:
    if not name:
        raise EmptySegmentError("an empty path segment", at)
    if name in (".", ".."):
        raise DotSegmentError("a path segment that is no name", at)
    return name


@attrs.frozen
class Segment:
    """A name as it stands in a URI.

    Attributes:
        encoded: Its normal form.

    Raises:
        IdentifierError: There can be no such segment: one of the errors of `read`.
    """

    encoded: str = attrs.field(converter=_normal)

    @classmethod
    def of(cls, name: str) -> "Segment":
        """Return the segment for a name, with as little encoded as possible.

        Raises:
            EmptySegmentError: The name is empty.
            DotSegmentError: It is ``.`` or ``..``.
            CharacterError: It contains half of a surrogate pair.
        """
        return cls(encode(_checked(name, 0), PCHAR))

    @classmethod
    def read(cls, encoded: str, at: int, *, iri: bool = False) -> "Segment":
        """Return the segment that begins at the character *at* of a URI.

        Raises:
            EmptySegmentError: There is nothing in it.
            DotSegmentError: It is ``.`` or ``..``.
            CharacterError: It contains what a segment cannot.
            PercentError: A percent sign is not followed by two hexadecimal digits.
            EncodingError: It is not UTF-8.
        """
        return cls(_checked(normal(encoded, PCHAR, at, iri=iri), at))

    @property
    def text(self) -> str:
        """The name, decoded."""
        return decode(self.encoded, PCHAR).text

    @property
    def is_plain(self) -> bool:
        """Whether nothing is encoded that need not be."""
        return self.encoded == encode(self.text, PCHAR)

    def __str__(self) -> str:
        return self.encoded


Name: TypeAlias = str | Segment
"""A name as a text, not encoded; or as it stands in a URI."""


def segment_of(name: Name) -> Segment:
    """Return a name as it stands in a URI.

    Raises:
        IdentifierError: It cannot: one of the errors of `Segment.of`.
    """
    return name if isinstance(name, Segment) else Segment.of(name)
