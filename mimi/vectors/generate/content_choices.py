"""Bodies, and which of their parts receivers process that understand this and like that."""

from collections.abc import Iterator
from typing import TypeAlias

import attrs

from mimi.codec import replace
from mimi.content.choose import Receiver, choose
from mimi.content.message import encode
from mimi.content.model import NestedPart, SinglePart
from mimi.crypto import Entropy
from mimi.vectors.generate.content_messages import illustrated
from mimi.vectors.generate.content_parts import (
    CHOOSE_ONE,
    HTML,
    INLINE,
    MARKDOWN,
    NULL,
    PLAIN,
    PROCESS_ALL,
    SINGLE_UNIT,
    external,
    image,
    message,
    multi,
    reacts,
    says,
)
from mimi.vectors.generate.written import Vector

PNG, GIF = "image/png", "image/gif"
VENDOR = "application/vnd.examplevendor-fancy-im-message"
USUAL = MARKDOWN, PLAIN, HTML, PNG


Readers: TypeAlias = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
"""The media types that receivers understand, and the languages that they like."""


@attrs.frozen
class _Read:
    """A body, and those who read it."""

    description: str
    part: NestedPart
    readers: Readers = ((USUAL, ()),)


def choices(entropy: Entropy) -> Iterator[Vector]:
    """Yield all cases."""
    for read in (
        *_published(entropy),
        *_supported(),
        *_preferred(),
        *_spoken(),
        *_together(),
        *_referring(),
    ):
        for media_types, languages in read.readers:
            chosen = choose(read.part, Receiver(media_types, languages))
            yield {
                "kind": "content-choose",
                "description": read.description,
                "content": encode(message(entropy, read.part)),
                "media_types": list(media_types),
                "languages": list(languages),
                "chosen": [each.index for each in chosen],
            }


def _published(entropy: Entropy) -> Iterator[_Read]:
    readers: Readers = (
        ((HTML, PNG), ("fr",)),
        ((HTML, PNG), ("en",)),
        ((HTML, GIF), ("fr",)),
        ((HTML, GIF, PNG), ("en",)),
        ((HTML, PNG, GIF), ("en",)),
        ((HTML, "image/*"), ()),
        ((HTML, "*/*"), ("de", "fr-CA")),
        ((HTML,), ("fr",)),
        ((PNG,), ("fr",)),
        ((PLAIN,), ("fr",)),
    )
    yield _Read("images and languages to choose from", illustrated(entropy), readers)
    fancy = SinglePart(INLINE, "", VENDOR, b"...")
    both = multi(CHOOSE_ONE, says("# Welcome!"), fancy)
    readers = ((USUAL, ()), ((VENDOR, *USUAL), ()), ((*USUAL, VENDOR), ()), ((VENDOR,), ()))
    yield _Read("a common and a vendor's format", both, readers)
    several = multi(PROCESS_ALL, reacts("\u2764"), reacts("\U0001f973"), reacts("\U0001f91e"))
    yield _Read("several reactions", several)
    yield _Read("a message withdrawn", NULL)


def _supported() -> Iterator[_Read]:
    yield _Read("a single part", says("Hello", PLAIN))
    yield _Read("a single part that is not understood", image(b"...", "gif"))
    for content_type in (
        "text/plain",
        "TEXT/plain; Charset=UTF-8",
        'text/plain;charset="utf-8"',
        "text/plain;charset=us-ascii",
        "text/plain;charset=utf-16",
        "text/plain;charset=utf-8;format=flowed",
        "text/markdown",
        "text/markdown;variant=gfm-mimi",
        "text/markdown;variant=CommonMark",
        "text",
        "",
    ):
        yield _Read(f"the content type {content_type!a}", says(".", content_type))
    readers: Readers = tuple(
        ((each,), ()) for each in ("text/*", "*/*", "text/markdown", "image/*")
    )
    yield _Read("whoever understands a range", says("."), readers)
    readers = ((("video/mp4",), ()), (USUAL, ()))
    yield _Read("external content", external(), readers)
    conference = external(content_type="", url="https://example.com/join/12345")
    yield _Read("a link of which no type is known", conference, ((USUAL, ()), ((), ())))


def _preferred() -> Iterator[_Read]:
    three = multi(CHOOSE_ONE, says("a", PLAIN), says("b", HTML), says("c"))
    readers = tuple(
        (types, ())
        for types in (USUAL, (HTML, PLAIN, MARKDOWN), (PLAIN, HTML), ("text/*",), (PNG,))
    )
    yield _Read("the receiver's order", three, readers)
    same = multi(CHOOSE_ONE, says("first", PLAIN), says("second", PLAIN))
    yield _Read("the sender's order where the receiver has none", same)
    empty = multi(CHOOSE_ONE, NULL, says("Hello"))
    yield _Read("a null part among alternatives", empty, ((USUAL, ()), ((PNG,), ())))
    partial = multi(CHOOSE_ONE, multi(PROCESS_ALL, says("a"), image(b"", "gif")), says("b", HTML))
    readers = ((USUAL, ()), ((MARKDOWN,), ()), ((MARKDOWN, GIF), ()))
    yield _Read("all that is understood before more that is not", partial, readers)
    inner = multi(CHOOSE_ONE, multi(CHOOSE_ONE, says("a", HTML), says("b")), says("c", PLAIN))
    readers = ((USUAL, ()), ((PLAIN, MARKDOWN), ()), ((HTML,), ()))
    yield _Read("alternatives among alternatives", inner, readers)


def _spoken() -> Iterator[_Read]:
    def spoken(*languages: str) -> NestedPart:
        return multi(CHOOSE_ONE, *(says(each, PLAIN, each) for each in languages))

    def readers(*languages: tuple[str, ...]) -> Readers:
        return tuple((USUAL, each) for each in languages)

    three = spoken("en", "de", "fr")
    found = readers((), ("de",), ("fr", "de"), ("it", "de"), ("it",), ("*",), ("DE",), ("*", "fr"))
    yield _Read("languages", three, found)
    found = readers(("de-CH",), ("de-CH-1996", "fr"), ("fr-CA", "de"), ("zh-Hant-x-a", "en"))
    yield _Read("ranges are shortened", three, found)
    special = spoken("en-GB", "de-CH", "de-AT")
    found = readers(("de",), ("de-DE",), ("en",), ("de-AT",), ("fr", "de"))
    yield _Read("tags that are more special", special, found)
    some = multi(CHOOSE_ONE, says("en", PLAIN, "en"), says("none", PLAIN), says("fr", HTML, "fr"))
    found = readers((), ("fr",), ("it",), ("it", "en"))
    yield _Read("one without a language", some, found)
    mixed = multi(CHOOSE_ONE, says("", PLAIN, "en, de"), says("", PLAIN, "fr"))
    yield _Read("two languages of one part", mixed, readers(("de",), ("fr",), ("en",)))
    page = multi(PROCESS_ALL, says("", PLAIN, "fr"), says("", PLAIN, "fr"))
    both = multi(CHOOSE_ONE, says("", PLAIN, "en"), page)
    yield _Read("the language of what is inside", both, readers(("fr",), ("en",)))
    stated = multi(CHOOSE_ONE, says("", PLAIN, "en"), replace(page, language="de"))
    yield _Read("the language of several parts", stated, readers(("fr",), ("de",)))
    typed = multi(CHOOSE_ONE, says("", PLAIN, "fr"), says("", MARKDOWN, "en"))
    yield _Read("language before media type", typed, readers((), ("fr",), ("en",)))
    unknown = multi(CHOOSE_ONE, says("", "text/x", "fr"), says("", PLAIN, "en"))
    yield _Read("support before language", unknown, readers(("fr",)))
    foreign = multi(PROCESS_ALL, says("", PLAIN, "fr"), says("", PLAIN, "en"))
    yield _Read("no choice, so that languages do not matter", foreign, readers(("en",)))


def _together() -> Iterator[_Read]:
    unit = multi(SINGLE_UNIT, says("a", HTML), image(b"...", "gif"))
    readers = ((USUAL, ()), ((HTML, GIF), ()), ((GIF,), ()))
    yield _Read("a unit", unit, readers)
    inner = multi(PROCESS_ALL, unit, says("b"), NULL)
    yield _Read("a unit in a list", inner, readers)
    inner = multi(SINGLE_UNIT, multi(CHOOSE_ONE, image(b"", "gif"), image(b"")), says("b", HTML))
    yield _Read(
        "a choice in a unit", inner, (((HTML, GIF, PNG), ()), ((HTML, PNG), ()), (USUAL, ()))
    )
    inner = multi(SINGLE_UNIT, NULL, says("b"))
    yield _Read("a null part in a unit", inner)
    inner = multi(SINGLE_UNIT, multi(PROCESS_ALL, says("a"), image(b"", "gif")), says("b"))
    yield _Read("a list in a unit, of which some is not understood", inner)


def _refers(*indexes: int, content_type: str = HTML) -> SinglePart:
    html = "".join(f'<img src="cid:{index}@local.invalid"/>' for index in indexes)
    return says(html, content_type)


def _referring() -> Iterator[_Read]:
    picture = image(b"...")
    yield _Read("a picture that is shown", multi(PROCESS_ALL, _refers(2), picture))
    yield _Read(
        "a picture of another message", multi(PROCESS_ALL, says("cid:2@b.example"), picture)
    )
    yield _Read("one picture shown, one not", multi(PROCESS_ALL, _refers(3), picture, picture))
    yield _Read("a picture before the page", multi(PROCESS_ALL, picture, _refers(1)))
    plain = _refers(2, content_type=PLAIN)
    yield _Read("plain text refers to nothing", multi(PROCESS_ALL, plain, picture))
    markdown = says("![](cid:2@local.invalid)")
    yield _Read("Markdown refers to a picture", multi(PROCESS_ALL, markdown, picture))
    yield _Read("references to several parts", multi(SINGLE_UNIT, _refers(0, 1, 2, 9), picture))
    chain = multi(PROCESS_ALL, _refers(2), _refers(3), picture)
    yield _Read("a page that shows a page that shows a picture", chain)
    loop = multi(PROCESS_ALL, _refers(2), _refers(1))
    yield _Read("two pages that show each other", loop)
    unchosen = multi(PROCESS_ALL, multi(CHOOSE_ONE, says(".", PLAIN), _refers(4)), picture)
    yield _Read("a page that is not chosen shows nothing", unchosen, (((PLAIN, HTML, PNG), ()),))
    gone = multi(PROCESS_ALL, _refers(3), multi(CHOOSE_ONE, picture, says(".", PLAIN)))
    yield _Read("a part shown is that which is chosen", gone, ((USUAL, ()), ((HTML, PNG), ())))
