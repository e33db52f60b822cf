"""Languages of parts: tags (RFC 5646), and which of them a reader wants (RFC 4647).

A part names its languages by tags that are separated by commas; a reader names ranges, the best
one first::

    part       "de-CH,fr"
    reader     ("de-AT", "fr")      lookup tries de-AT, de, and only then fr
"""

import re
from collections.abc import Iterable, Iterator, Sequence

_TAG = re.compile(
    r"""
    (?: [a-z]{2,3} (?:-[a-z]{3}){0,3} | [a-z]{4} | [a-z]{5,8} )     # language
    (?: -[a-z]{4} )?                                                # script
    (?: -(?: [a-z]{2} | [0-9]{3} ) )?                               # region
    (?: -(?: [a-z0-9]{5,8} | [0-9][a-z0-9]{3} ) )*                  # variants
    (?: -[0-9a-wyz] (?:-[a-z0-9]{2,8})+ )*                          # extensions
    (?: -x (?:-[a-z0-9]{1,8})+ )?                                   # private use
    | x (?:-[a-z0-9]{1,8})+
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_IRREGULAR = frozenset(
    {
        *("en-gb-oed", "i-ami", "i-bnn", "i-default", "i-enochian", "i-hak", "i-klingon", "i-lux"),
        *("i-mingo", "i-navajo", "i-pwn", "i-tao", "i-tay", "i-tsu"),
        *("sgn-be-fr", "sgn-be-nl", "sgn-ch-de"),
    }
)
"""The grandfathered tags that are no tags otherwise; the regular ones all are."""

_RANGE = re.compile(r"(?:[a-z]{1,8}|\*)(?:-(?:[a-z0-9]{1,8}|\*))*", re.ASCII | re.IGNORECASE)
ANY = "*"


def is_language_tag(text: str) -> bool:
    """Return whether *text* is a well-formed language tag (RFC 5646 section 2.1).

    Whether its subtags are registered is not asked.
    """
    return _TAG.fullmatch(text) is not None or text.lower() in _IRREGULAR


def is_language_list(text: str) -> bool:
    """Return whether *text* can be the language of a part: empty, or tags between commas."""
    return not text or all(map(is_language_tag, text.split(",")))


def is_language_range(text: str) -> bool:
    """Return whether *text* is a language range, basic or extended (RFC 4647 section 2)."""
    return _RANGE.fullmatch(text) is not None


def tags_of(language: str) -> tuple[str, ...]:
    """Return the tags of a part as it was received: any texts, without the spaces around them."""
    return tuple(tag for each in language.split(",") if (tag := each.strip()))


def lookup(ranges: Iterable[str], tags: Sequence[str], default: str | None = None) -> str | None:
    """Return the one of *tags* that suits a reader best (RFC 4647 section 3.4).

    For each range in turn, it is the tag that equals the range, or what is left of the range
    when subtags are taken from its end. ``*`` asks for nothing and is passed over; in extended
    ranges it is left out (section 3.2).

    Args:
        ranges: Language ranges, the best one first.
        tags: What there is; of equal ones the first is returned, as it is spelled.
        default: What to return where no range has a tag.
    """
    known: dict[str, str] = {}
    for tag in tags:
        known.setdefault(tag.lower(), tag)
    for each in ranges:
        for shorter in _shortened(each):
            if shorter in known:
                return known[shorter]
    return default


def _shortened(language_range: str) -> Iterator[str]:
    """Yield a range, then the same without its last subtags, until nothing is left."""
    subtags = language_range.lower().split("-")
    if subtags[0] == ANY:
        return
    subtags = [subtag for subtag in subtags if subtag != ANY]
    while subtags:
        yield "-".join(subtags)
        subtags.pop()
        while subtags and len(subtags[-1]) == 1:  # it only introduced what followed
            subtags.pop()


def within(language_range: str, tag: str) -> bool:
    """Return whether *tag* is the range, or a more special tag (RFC 4647 section 3.3.1)."""
    wanted, given = language_range.lower(), tag.lower()
    return wanted in (ANY, given) or given.startswith(wanted + "-")
