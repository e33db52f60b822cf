"""The words of a body: what a list of messages shows of it."""

from typing import Any

import pytest
from content.happenings import BODIES
from content.minutes import text_part
from hypothesis import given
from hypothesis import strategies as st

from mimi.content.choose import Receiver, choose
from mimi.content.model import (
    Disposition,
    ExternalPart,
    MultiPart,
    NestedPart,
    NullPart,
    PartSemantics,
    SinglePart,
)
from mimi.content.words import CHARSETS, text_of

D = Disposition
CHOOSE_ONE, SINGLE_UNIT, PROCESS_ALL = PartSemantics

PLAIN = "text/plain;charset=utf-8"
MARKDOWN = "text/markdown;variant=GFM-MIMI"
COMMONMARK = "text/markdown;variant=CommonMark"
HTML = "text/html"

NULL = NullPart()
HI = text_part("Hi")


def single(text: str, content_type: str = PLAIN, disposition: Disposition = D.RENDER) -> SinglePart:
    return SinglePart(disposition, "", content_type, text.encode())


def link(
    description: str, content_type: str = "video/mp4", disposition: Disposition = D.RENDER
) -> ExternalPart:
    return ExternalPart(disposition, "", content_type, "https://a.example", description=description)


def multi(
    semantics: PartSemantics, *parts: NestedPart, disposition: Disposition = D.RENDER
) -> MultiPart:
    return MultiPart(disposition, "", semantics, parts)


PNG = single("...", "image/png")
BOLD = single("<b>Hi</b>", HTML)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (HI, "Hi"),
        (single("*Hi*", MARKDOWN), "*Hi*"),
        (single("*Hi*", COMMONMARK), "*Hi*"),
        (BOLD, "<b>Hi</b>"),
        (PNG, ""),
        (single("BEGIN:VCARD", "text/vcard"), ""),
        (single("a,b", "text/csv"), ""),
        (single("Hi", "no media type"), ""),
        (NULL, ""),
        (link("A film"), "A film"),
        (link("A film", "x/unknown"), "A film"),
        (link(""), ""),
    ],
)
def test_words_of_one_part(part: NestedPart, text: str) -> None:
    assert text_of(part) == text
    assert text_of(multi(PROCESS_ALL, NULL, part, text_part("B"))) == (
        f"{text}\nB" if text else "B"
    )


@pytest.mark.parametrize(
    ("alternatives", "text"),
    [
        ((BOLD, single("*Hi*", MARKDOWN), HI), "Hi"),
        ((BOLD, single("*Hi*", COMMONMARK), single("_Hi_", MARKDOWN)), "_Hi_"),
        ((BOLD, single("*Hi*", COMMONMARK)), "*Hi*"),
        ((PNG, BOLD), "<b>Hi</b>"),
        ((link("A film"), BOLD), "<b>Hi</b>"),
        ((link("A film"), single("...", "x/unknown")), "A film"),
        ((single("...", "x/unknown"), HI), "Hi"),
        ((text_part("1"), text_part("2")), "1"),
        ((NULL, HI), "Hi"),
        ((multi(PROCESS_ALL, BOLD, single("...", "x/unknown")), HI), "Hi"),
        ((multi(SINGLE_UNIT, HI, single("...", "x/unknown")), BOLD), "<b>Hi</b>"),
    ],
)
def test_words_of_alternatives(alternatives: tuple[NestedPart, ...], text: str) -> None:
    assert text_of(multi(CHOOSE_ONE, *alternatives)) == text


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ((HI, BOLD), "Hi\n<b>Hi</b>"),
        ((HI, PNG), "Hi"),
        ((HI, link("A film")), "Hi\nA film"),
        ((HI, single("...", "x/unknown")), ""),
        ((HI, single("Hi", "text/plain;charset=x-unknown")), ""),
    ],
)
def test_words_of_a_unit(parts: tuple[NestedPart, ...], text: str) -> None:
    assert text_of(multi(SINGLE_UNIT, *parts)) == text


def test_what_another_part_shows_is_not_shown_twice() -> None:
    shows = single("[A film](cid:2@local.invalid)", MARKDOWN)
    assert text_of(multi(PROCESS_ALL, shows, link("A film"))) == "[A film](cid:2@local.invalid)"


@pytest.mark.parametrize(
    ("disposition", "words", "described"),
    [
        (D.UNSPECIFIED, True, True),
        (D.RENDER, True, True),
        (D.INLINE, True, True),
        (D.PROFILE, True, True),
        (D(99), True, True),
        (D.ATTACHMENT, False, True),
        (D.SESSION, False, True),
        (D.ICON, False, False),
        (D.PREVIEW, False, False),
        (D.REACTION, False, False),
    ],
)
def test_what_is_not_there_to_be_read_has_no_words(
    disposition: Disposition, words: bool, described: bool
) -> None:
    is_alone = disposition == D.REACTION
    for text in ("B", "B" * 9):
        for kind in (PLAIN, "TEXT/plain", "text/plain;charset=us-ascii", HTML):
            part = single(text, kind, disposition)
            assert text_of(part) == (text if words or is_alone else "")
            assert text_of(multi(PROCESS_ALL, HI, part)) == (f"Hi\n{text}" if words else "Hi")
    film = link("A film", disposition=disposition)
    assert text_of(film) == ("A film" if described or is_alone else "")
    assert text_of(multi(PROCESS_ALL, HI, film)) == ("Hi\nA film" if described else "Hi")
    inner = multi(PROCESS_ALL, HI, link("A film"), disposition=disposition)
    expected = [*["Hi"] * words, *["A film"] * described]
    assert text_of(multi(PROCESS_ALL, text_part("1"), inner)) == "\n".join(["1", *expected])


def test_reactions_have_words_among_reactions() -> None:
    heart, thumb = (text_part(text, D.REACTION) for text in "❤👍")
    both = multi(PROCESS_ALL, heart, thumb, disposition=D.REACTION)
    assert text_of(both) == "❤\n👍"
    assert text_of(multi(PROCESS_ALL, HI, both)) == text_of(multi(PROCESS_ALL, HI, heart)) == "Hi"


@pytest.mark.parametrize(
    ("charset", "octets", "text"),
    [
        ("utf-8", b"caf\xc3\xa9", "caf\xe9"),
        ("UTF-8", b"caf\xc3\xa9", "caf\xe9"),
        ("iso-8859-1", b"caf\xe9", "caf\xe9"),
        ('"ISO-8859-15"', b"\xa4", "\u20ac"),
        ("windows-1252", b"\x80", "\u20ac"),
        ("utf-16", b"\xff\xfeH\0i\0", "Hi"),
        ("us-ascii", b"caf\xe9", "caf\ufffd"),
        ("utf-8", b"caf\xe9", "caf\ufffd"),
        ("utf-16le", b"\0\xd8", "\ufffd"),
        ("x-unknown", b"Hi", ""),
        ("utf-7", b"+AGE-", ""),
        ("unicode_escape", b"\\q", ""),
        ("idna", b"a" * 99, ""),
        ("hex", b"4869", ""),
        ("rot13", b"Hi", ""),
        ("latin_1", b"Hi", ""),
    ],
)
def test_words_are_in_the_charset_that_is_named(charset: str, octets: bytes, text: str) -> None:
    kind = f"text/plain;format=flowed;charset={charset}"
    assert text_of(SinglePart(D.RENDER, "", kind, octets)) == text


@given(st.sampled_from(sorted(CHARSETS)), st.binary(max_size=64))
def test_any_octets_are_words_in_any_charset(charset: str, octets: bytes) -> None:
    part = SinglePart(D.RENDER, "", f"text/plain;charset={charset}", octets)
    assert text_of(part).encode().decode() == octets.decode(charset, errors="replace")


@given(BODIES)
def test_words_are_those_of_what_a_receiver_processes(body: NestedPart) -> None:
    """Of bodies without links, other charsets and what is not to be read."""
    kinds = (PLAIN, MARKDOWN, COMMONMARK, HTML, "application/mimi-content", "image/jpeg", PNG_TYPE)
    plain = _plain(body)
    chosen = [each.part for each in choose(plain, Receiver(kinds))]
    words = [
        each.content.decode(errors="replace")
        for each in chosen
        if isinstance(each, SinglePart) and each.content_type.startswith("text/")
    ]
    assert text_of(plain) == "\n".join(filter(None, words))


PNG_TYPE = "image/png"


def _plain(part: NestedPart) -> NestedPart:
    given: dict[str, Any] = {"disposition": D.RENDER, "language": part.language}
    match part:
        case MultiPart(part_semantics=semantics, parts=parts):
            return MultiPart(**given, part_semantics=semantics, parts=tuple(map(_plain, parts)))
        case ExternalPart():
            return SinglePart(**given, content_type="text/vcard", content=b"")
        case SinglePart(content_type=kind, content=content):
            kind = PLAIN if "charset" in kind.lower() else kind
            return SinglePart(**given, content_type=kind, content=content)
    return part
