r"""What an identifier may do to the eye of its reader.

::

    for finding in look_at(UserUri("a.example", "p\N{CYRILLIC SMALL LETTER A}yments")):
        finding.danger, finding.part, finding.at     # MIXED_SCRIPTS, "user", 1

Identifiers are compared as octets and read as pictures. Nothing found here makes one invalid, and
its owner may be honest: what to do about it is for those who show it to decide. They can show the
URI itself, in which such characters are encoded, ask, or refuse.

What can be found depends on the Unicode data that is installed. It needs the extra ``identity``.
"""

import enum
import unicodedata
from collections.abc import Callable, Iterable, Iterator

import attrs

from mimi.identity.domain import Domain
from mimi.identity.foreign import Foreign
from mimi.identity.percent import GEN_DELIMS
from mimi.identity.scripts import first_foreign, is_ignorable, is_latin, skeleton
from mimi.identity.uri import MimiUri, Part

BIDI_CONTROLS = frozenset(
    "\N{ARABIC LETTER MARK}\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}"
    "\N{LEFT-TO-RIGHT EMBEDDING}\N{RIGHT-TO-LEFT EMBEDDING}\N{POP DIRECTIONAL FORMATTING}"
    "\N{LEFT-TO-RIGHT OVERRIDE}\N{RIGHT-TO-LEFT OVERRIDE}\N{LEFT-TO-RIGHT ISOLATE}"
    "\N{RIGHT-TO-LEFT ISOLATE}\N{FIRST STRONG ISOLATE}\N{POP DIRECTIONAL ISOLATE}"
)
"""Characters that change the order in which others are shown: Bidi_Control (UAX #9)."""

BLANK = frozenset("\N{BRAILLE PATTERN BLANK}")
"""What is neither white space nor ignorable, and shown as nothing all the same."""

DELIMITERS = frozenset(GEN_DELIMS | set("%\\"))
"""What a reader takes for the end of a name, or for the beginning of another part."""

MOST_MARKS = 4
"""As many marks on one letter are read as letters are (UTS #39 section 5.4)."""


class Danger(enum.Enum):
    """What may mislead."""

    CONTROL = "a control character"
    BIDI_CONTROL = "a character that changes the order of others"
    MIXED_DIRECTIONS = "letters that are read from the left and from the right"
    INVISIBLE = "a character that is shown as nothing"
    SPACE = "white space, or what looks like it"
    UNKNOWN = "a character that is not assigned, or for private use"
    DELIMITER = "a delimiter of URIs, or what looks like one"
    MARKS = "a mark without a letter, twice on one, or too many"
    DECOMPOSED = "a sequence of characters for which there is one (NFC)"
    COMPATIBILITY = "a variant of an ordinary character (NFKC)"
    MIXED_SCRIPTS = "letters of scripts that do not belong together"
    MIXED_NUMBERS = "digits of more than one script"
    HOMOGRAPH = "letters or digits that pass for those of ASCII"
    LOOKALIKE = "a name that looks like a known one"


@attrs.frozen
class Finding:
    """A danger, and where it is.

    Attributes:
        danger: What was found.
        at: The first character that is to blame, counted from 0 in the text.
        part: The part of the identifier, as ``provider`` or ``user``; empty for a text.
        text: The text of that part.
        known: The known text that this one looks like; empty but for `Danger.LOOKALIKE`.
    """

    danger: Danger
    at: int
    part: str
    text: str
    known: str = ""


def look(text: str, known: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Return the dangers of a text, in the order of `Danger`.

    Args:
        text: The text, as it would be shown.
        known: Texts for which it should not be taken, as the names of others in a room.
    """
    return tuple(_findings("", text, known))


def look_at(
    identifier: MimiUri | Foreign | Domain, known: Iterable[str] = ()
) -> tuple[Finding, ...]:
    """Return the dangers of an identifier: of its parts, decoded, and of each label of its domain.

    Args:
        identifier: The identifier.
        known: Names and labels for which none of its own should be taken.
    """
    names = list(known)
    return tuple(
        finding
        for part, text in _parts(identifier)
        for name in (text.split(".") if part == "provider" else [text])
        for finding in _findings(part, name, names)
    )


def _parts(identifier: MimiUri | Foreign | Domain) -> tuple[Part, ...]:
    if isinstance(identifier, Domain):
        return (("provider", identifier.unicode),)
    return identifier.parts


def is_lookalike(first: str, second: str) -> bool:
    """Return whether two different texts look alike (UTS #39 section 4)."""
    return first != second and skeleton(first) == skeleton(second)


def _findings(part: str, text: str, known: Iterable[str]) -> Iterator[Finding]:
    for danger, where in _RULES.items():
        at = where(text)
        if at is not None:
            yield Finding(danger, at, part, text)
    for other in known:
        if is_lookalike(text, other):
            yield Finding(Danger.LOOKALIKE, 0, part, text, other)


def _first(text: str, is_bad: Callable[[str], bool]) -> int | None:
    return next((at for at, character in enumerate(text) if is_bad(character)), None)


def _control(text: str) -> int | None:
    return _first(text, lambda character: unicodedata.category(character) == "Cc")


def _bidi_control(text: str) -> int | None:
    return _first(text, BIDI_CONTROLS.__contains__)


def _mixed_directions(text: str) -> int | None:
    """Return where the direction changes: numbers and signs have none of their own."""
    first = ""
    for at, character in enumerate(text):
        direction = {"L": "left", "R": "right", "AL": "right"}.get(
            unicodedata.bidirectional(character), ""
        )
        if direction and first and direction != first and character not in BIDI_CONTROLS:
            return at
        if character not in BIDI_CONTROLS:
            first = first or direction
    return None


def _invisible(text: str) -> int | None:
    return _first(text, _is_invisible)


def _is_invisible(character: str) -> bool:
    if character in BIDI_CONTROLS:
        return False
    hidden = is_ignorable(character) or unicodedata.category(character) == "Cf"
    return hidden or character in BLANK


def _space(text: str) -> int | None:
    return _first(text, lambda character: unicodedata.category(character)[0] == "Z")


def _unknown(text: str) -> int | None:
    unknown = {"Cn", "Co", "Cs"}
    return _first(text, lambda character: unicodedata.category(character) in unknown)


def _delimiter(text: str) -> int | None:
    return _first(text, lambda character: not DELIMITERS.isdisjoint(skeleton(character)))


def _marks(text: str) -> int | None:
    previous, count = "", 0
    for at, character in enumerate(unicodedata.normalize("NFD", text)):
        is_mark = unicodedata.category(character) in {"Mn", "Me"}
        count = count + 1 if is_mark else 0
        if is_mark and (at == 0 or character == previous or count > MOST_MARKS):
            return min(at, len(text) - 1)
        previous = character
    return None


def _decomposed(text: str) -> int | None:
    """Return where a text begins to differ from its NFC."""
    normal = unicodedata.normalize("NFC", text)
    if normal == text:
        return None
    pairs = enumerate(zip(text, normal, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(text), len(normal)))


def _compatibility(text: str) -> int | None:
    return _first(
        text,
        lambda character: (
            unicodedata.normalize("NFKC", character) != unicodedata.normalize("NFC", character)
        ),
    )


def _mixed_numbers(text: str) -> int | None:
    systems = ""
    for at, character in enumerate(text):
        if unicodedata.category(character) == "Nd":
            zero = chr(ord(character) - unicodedata.decimal(character))
            if systems and zero != systems:
                return at
            systems = zero
    return None


def _homograph(text: str) -> int | None:
    """Return the first letter or digit beyond ASCII of what passes for ASCII.

    Accents make no difference to letters that are not Latin; Latin letters with accents are what
    they are.
    """
    at = _first(text, _is_written_beyond_ascii)
    if at is None:
        return None
    shown = skeleton(text)
    bare = "".join(letter for letter in shown if unicodedata.category(letter) != "Mn")
    passes = bare.isascii() and (shown.isascii() or not is_latin(text))
    return at if passes else None


def _is_written_beyond_ascii(character: str) -> bool:
    is_written = unicodedata.category(character)[0] in "LN" and not is_ignorable(character)
    return is_written and not character.isascii()


_RULES: dict[Danger, Callable[[str], int | None]] = {
    Danger.CONTROL: _control,
    Danger.BIDI_CONTROL: _bidi_control,
    Danger.MIXED_DIRECTIONS: _mixed_directions,
    Danger.INVISIBLE: _invisible,
    Danger.SPACE: _space,
    Danger.UNKNOWN: _unknown,
    Danger.DELIMITER: _delimiter,
    Danger.MARKS: _marks,
    Danger.DECOMPOSED: _decomposed,
    Danger.COMPATIBILITY: _compatibility,
    Danger.MIXED_SCRIPTS: first_foreign,
    Danger.MIXED_NUMBERS: _mixed_numbers,
    Danger.HOMOGRAPH: _homograph,
}
