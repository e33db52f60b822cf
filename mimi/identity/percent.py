"""Percent-encoding (RFC 3986 section 2).

Three sets of characters have names there::

    unreserved   A-Z a-z 0-9 - . _ ~        encoding them or not makes no difference
    gen-delims   : / ? # [ ] @              what separates the components of a URI
    sub-delims   ! $ & ' ( ) * + , ; =      what may separate things within a component

A reserved character, a delimiter of either kind, is not the same as its encoding.
"""

import string

import attrs

from mimi.identity.errors import CharacterError, EncodingError, PercentError

UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
GEN_DELIMS = frozenset(":/?#[]@")
SUB_DELIMS = frozenset("!$&'()*+,;=")
REG_NAME = UNRESERVED | SUB_DELIMS
"""What the host of a URI may contain as it is (section 3.2.2)."""
PCHAR = UNRESERVED | SUB_DELIMS | frozenset(":@")
"""What a path segment may contain as it is (section 3.3)."""
URI = UNRESERVED | GEN_DELIMS | SUB_DELIMS | frozenset("%")

HEX = frozenset(string.hexdigits)
FIRST_OUTSIDE_URIS = 0xA0
"""The first character that an IRI may contain and a URI may not (RFC 3987 section 2.2)."""


@attrs.frozen
class Decoded:
    """A text, and where each of its characters stood when it was encoded.

    Attributes:
        text: The text.
        places: The places of its characters in the whole identifier, and where it ends.
    """

    text: str
    places: tuple[int, ...]


def plain(text: str, at: int = 0) -> Decoded:
    """Return a text that is not encoded and begins at the character *at* of an identifier."""
    return Decoded(text, tuple(range(at, at + len(text) + 1)))


def decode(encoded: str, allowed: frozenset[str], at: int = 0, *, iri: bool = False) -> Decoded:
    """Return what a part of a URI means.

    Args:
        encoded: The part.
        allowed: What it may contain as it is, beside percent-encoded octets.
        at: Where the part begins in the URI.
        iri: Whether it may contain characters beyond ASCII as they are.

    Raises:
        CharacterError: It contains something else.
        PercentError: A percent sign is not followed by two hexadecimal digits.
        EncodingError: The octets are not UTF-8.
    """
    if allowed.issuperset(encoded):
        return plain(encoded, at)
    octets, places = bytearray(), []
    for index, character in _tokens(encoded, at):
        if len(character) == 3:
            octets.append(int(character[1:], 16))
            places.append(at + index)
        elif character in allowed or (iri and _is_beyond_ascii(character)):
            encoding = character.encode()
            octets += encoding
            places += [at + index] * len(encoding)
        else:
            raise CharacterError(f"{character!a} cannot stand here", at + index)
    try:
        text = octets.decode()
    except UnicodeDecodeError as error:
        raise EncodingError("octets that are not UTF-8", places[error.start]) from error
    starts = [place for octet, place in zip(octets, places, strict=True) if octet & 0xC0 != 0x80]
    return Decoded(text, (*starts, at + len(encoded)))


def _tokens(encoded: str, at: int) -> list[tuple[int, str]]:
    """Split a text into characters and percent-encoded octets, each with its place."""
    tokens = []
    index = 0
    while index < len(encoded):
        token = encoded[index]
        if token == "%":  # noqa: S105 - no password
            token = encoded[index : index + 3]
            if len(token) < 3 or not HEX.issuperset(token[1:]):
                raise PercentError("a percent sign without two digits", at + index)
        tokens.append((index, token))
        index += len(token)
    return tokens


def _is_beyond_ascii(character: str) -> bool:
    code = ord(character)
    return code >= FIRST_OUTSIDE_URIS and not 0xD800 <= code <= 0xDFFF


def normal(encoded: str, allowed: frozenset[str], at: int = 0, *, iri: bool = False) -> str:
    """Return the normal form of a part of a URI (section 6.2.2).

    Unreserved characters are decoded, digits of other octets are capitals, and delimiters stay as
    they are, encoded or not. Arguments and errors are those of `decode`.
    """
    if allowed.issuperset(encoded):
        return encoded
    decode(encoded, allowed, at, iri=iri)
    parts = []
    for _, token in _tokens(encoded, at):
        if len(token) == 3:
            character = chr(int(token[1:], 16))
            parts.append(character if character in UNRESERVED else token.upper())
        else:
            parts.append(encode(token, allowed))
    return "".join(parts)


def encode(text: str, allowed: frozenset[str] = UNRESERVED) -> str:
    """Return a text as a part of a URI, with everything encoded but what is *allowed* there.

    Raises:
        CharacterError: The text contains half of a surrogate pair, which has no UTF-8.
    """
    parts = []
    for index, character in enumerate(text):
        if character in allowed:
            parts.append(character)
            continue
        try:
            octets = character.encode()
        except UnicodeEncodeError as error:
            raise CharacterError("half of a surrogate pair", index) from error
        parts += [f"%{octet:02X}" for octet in octets]
    return "".join(parts)
