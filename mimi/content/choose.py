"""What of a body a receiver processes, and in which order (draft-ietf-mimi-content-08 section 4.4).

First the alternatives that are not chosen are dropped, with all that is in them; then what the
receiver does not understand; then what another part shows already::

    0  CHOOSE_ONE                       receiver: text/html, image/png; fr
    1    PROCESS_ALL                    partial: GIF is not understood
    2      CHOOSE_ONE
    3        text/html    en
    4        text/html    fr
    5      image/gif
    6    PROCESS_ALL                    chosen
    7      CHOOSE_ONE
    8        text/html    en
    9        text/html    fr            processed; it refers to 10
    10     image/png                    referenced by 9, and not processed again

Of several alternatives the draft lets receivers choose freely. Here the one is taken that is
best by, in this order:

1. *Support*: of which all is understood; then of which some is; then a NullPart.
2. *Language*: by `mimi.content.language.lookup` in the receiver's ranges. Where that finds none,
   the first range within which a language is; else alternatives without a language; else all.
   The language of a MultiPart without one is that of what would be processed of it.
3. *Media type*: the receiver's order, compared part by part.
4. The sender's order.
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum

import attrs

from mimi.content.errors import ContentTypeError
from mimi.content.language import ANY, is_language_range, lookup, tags_of, within
from mimi.content.media import RECOMMENDED, REQUIRED, MediaType, recognised
from mimi.content.model import (
    Disposition,
    ExternalPart,
    MultiPart,
    NestedPart,
    NullPart,
    PartSemantics,
    SinglePart,
)
from mimi.content.parts import Leaf, parts, references
from mimi.errors import UsageError

CONTAINERS = (
    *("text/html", "text/markdown", "text/vcard", "text/calendar"),
    *("application/xhtml+xml", "image/svg+xml"),
)
"""The media types of documents that refer to other parts."""


def _media_types(given: Iterable[MediaType | str]) -> tuple[MediaType, ...]:
    try:
        return tuple(
            MediaType.parse_range(each) if isinstance(each, str) else each for each in given
        )
    except ContentTypeError as error:
        raise UsageError(str(error), **error.where) from None


def _ranges(given: Iterable[str]) -> tuple[str, ...]:
    ranges = tuple(given)
    for each in ranges:
        if not is_language_range(each):
            raise UsageError("no language range (RFC 4647 section 2)", language=each)
    return ranges


@attrs.frozen
class Receiver:
    """What a receiver understands and likes.

    Attributes:
        media_types: The media types and ranges that it understands, the best one first.
        languages: Language ranges (RFC 4647), the best one first; none for no preference.
        containers: The media types of documents in which it follows references to parts.
    """

    media_types: tuple[MediaType, ...] = attrs.field(
        default=REQUIRED + RECOMMENDED, converter=_media_types
    )
    languages: tuple[str, ...] = attrs.field(default=(), converter=_ranges)
    containers: tuple[MediaType, ...] = attrs.field(default=CONTAINERS, converter=_media_types)

    def rank(self, part: Leaf) -> int | None:
        """Return the place of a part's type in the order of preference, None if not understood.

        An ExternalPart without a content type, as the URL of a conference, is understood: it is a
        link, if nothing else. It is the last choice.
        """
        if isinstance(part, ExternalPart) and not part.content_type:
            return len(self.media_types)
        return _first(self.media_types, part.content_type)

    def follows(self, part: Leaf) -> bool:
        """Return whether references to other parts are looked for in a part."""
        return (
            isinstance(part, SinglePart) and _first(self.containers, part.content_type) is not None
        )


def _first(accepted: tuple[MediaType, ...], content_type: str) -> int | None:
    given = recognised(content_type)
    if given is None:
        return None
    return next((place for place, each in enumerate(accepted) if each.accepts(given)), None)


@attrs.frozen
class Chosen:
    """A part that remains after the choice.

    Attributes:
        index: Its index.
        part: The part.
        references: The indexes of the parts to which it refers, of those that have content.
        referenced_by: The index of the part that is processed before and shows this one; None if
            this one is to be processed itself.
    """

    index: int
    part: Leaf
    references: tuple[int, ...] = ()
    referenced_by: int | None = None

    @property
    def disposition(self) -> Disposition:
        """What the part is meant for: `Disposition.RENDER` where that is not known here."""
        known = self.part.disposition in Disposition.known
        return self.part.disposition if known else Disposition.RENDER


@attrs.frozen
class Choice:
    """What a receiver processes of a body: iterate over it.

    Attributes:
        remaining: The parts that remain, in order, also those that others refer to.
    """

    remaining: tuple[Chosen, ...]

    def __iter__(self) -> Iterator[Chosen]:
        return (each for each in self.remaining if each.referenced_by is None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Support(IntEnum):
    """How much of a part is understood, the best one first."""

    WHOLE = 0
    PARTIAL = 1
    NOTHING_TO_DO = 2
    NONE = 3


@attrs.frozen
class _Evaluation:
    """What would be processed of a part.

    Attributes:
        support: How much is understood.
        leaves: What would be processed, with indexes.
        languages: The tags of it.
        ranks: The places of its media types in the receiver's order.
    """

    support: _Support
    leaves: tuple[tuple[int, Leaf], ...] = ()
    languages: tuple[str, ...] = ()
    ranks: tuple[int, ...] = ()


_UNSUPPORTED = _Evaluation(_Support.NONE)


def choose(part: NestedPart, receiver: Receiver) -> Choice:
    """Return what *receiver* processes of a body, in order.

    Iterating over the result yields the parts to process; those that are shown within another one
    are passed over, as are those that are not understood. Nothing is left of a body of which
    nothing is understood.

    Args:
        part: The body.
        receiver: What the receiver understands.
    """
    evaluation, _ = _evaluate(part, 0, receiver)
    with_content = {index for index, each in enumerate(parts(part)) if isinstance(each, Leaf)}
    found = {
        index: tuple(each for each in _references(leaf, receiver) if each in with_content)
        for index, leaf in evaluation.leaves
    }
    shown = _shown(found)
    return Choice(
        tuple(
            Chosen(index, leaf, found[index], shown.get(index)) for index, leaf in evaluation.leaves
        )
    )


def _references(part: Leaf, receiver: Receiver) -> tuple[int, ...]:
    if not isinstance(part, SinglePart) or not receiver.follows(part):
        return ()
    return references(part.content.decode(errors="replace"))


def _shown(found: dict[int, tuple[int, ...]]) -> dict[int, int]:
    """Return by which part each of those parts is shown that are not processed themselves.

    Args:
        found: The references of each part that remains, in the order of processing.
    """
    shown: dict[int, int] = {}
    processed: set[int] = set()
    for index in found:
        processed.add(index)
        # what a part shows, it shows with all that it refers to
        waiting = [index]
        while waiting:
            for each in found.get(waiting.pop(), ()):
                if each not in shown and each not in processed:
                    shown[each] = index
                    waiting.append(each)
    return shown


def _evaluate(part: NestedPart, index: int, receiver: Receiver) -> tuple[_Evaluation, int]:
    """Return what would be processed of the part with *index*, and the index after it."""
    own = tags_of(part.language)
    if isinstance(part, NullPart):
        return _Evaluation(_Support.NOTHING_TO_DO, languages=own), index + 1
    if not isinstance(part, MultiPart):
        rank = receiver.rank(part)
        if rank is None:
            return _UNSUPPORTED, index + 1
        return _Evaluation(_Support.WHOLE, ((index, part),), own, (rank,)), index + 1
    inner, index = [], index + 1
    for each in part.parts:
        evaluation, index = _evaluate(each, index, receiver)
        inner.append(evaluation)
    if part.part_semantics == PartSemantics.CHOOSE_ONE:
        best = _best(inner, receiver)
    else:
        best = _together(inner, _SUPPORT[part.part_semantics](inner))
    return attrs.evolve(best, languages=own) if own and best.leaves else best, index


def _best(alternatives: list[_Evaluation], receiver: Receiver) -> _Evaluation:
    """Return the alternative that the receiver likes best."""
    support = min(each.support for each in alternatives)
    supported = [each for each in alternatives if each.support == support]
    return min(_in_best_language(supported, receiver.languages), key=lambda each: each.ranks)


def _in_best_language(
    alternatives: list[_Evaluation], ranges: tuple[str, ...]
) -> list[_Evaluation]:
    tags = [tag for each in alternatives for tag in each.languages]
    best = lookup(ranges, tags)
    if best is None:
        # RFC 4647 leaves the default to its users: better Swiss German than English for "de"
        special = (tag for each in ranges if each != ANY for tag in tags if within(each, tag))
        best = next(special, None)
    if best is not None:
        wanted = best.lower()
        return [each for each in alternatives if wanted in map(str.lower, each.languages)]
    neutral = [each for each in alternatives if not each.languages]
    return neutral if ranges and neutral else alternatives


def _unit_support(inner: list[_Evaluation]) -> _Support:
    """Return how much is understood of parts of which all are needed."""
    support = {each.support for each in inner}
    if _Support.NONE in support:
        return _Support.NONE
    if _Support.PARTIAL in support:
        return _Support.PARTIAL
    return min(support)


def _list_support(inner: list[_Evaluation]) -> _Support:
    """Return how much is understood of parts that are independent of each other."""
    support = {each.support for each in inner} - {_Support.NOTHING_TO_DO}
    if not support:
        return _Support.NOTHING_TO_DO
    return _Support.PARTIAL if len(support) > 1 else support.pop()


_SUPPORT = {
    PartSemantics.SINGLE_UNIT: _unit_support,
    PartSemantics.PROCESS_ALL: _list_support,
}


def _together(inner: list[_Evaluation], support: _Support) -> _Evaluation:
    if support == _Support.NONE:
        return _UNSUPPORTED
    return _Evaluation(
        support,
        tuple(leaf for each in inner for leaf in each.leaves),
        tuple(tag for each in inner for tag in each.languages),
        tuple(rank for each in inner for rank in each.ranks),
    )
