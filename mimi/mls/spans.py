"""Ranges of generations: however many messages they stand for, work goes by the ranges."""

from collections.abc import Iterable
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
"""Generations without a gap: the first, and the last, which belongs to them."""

Spans: TypeAlias = tuple[Span, ...]
"""Ranges in increasing order, with gaps between them."""


def joined(spans: Iterable[Span]) -> Spans:
    """Return ranges, given in the order of their first ones, with those joined that touch."""
    result: list[Span] = []
    for first, last in spans:
        if result and first <= result[-1][1] + 1:
            result[-1] = result[-1][0], max(last, result[-1][1])
        else:
            result.append((first, last))
    return tuple(result)


def without(spans: Spans, taken: Spans) -> Spans:
    """Return what of *spans* is in none of *taken*."""
    rest: list[Span] = []
    at = 0
    for begin, end in spans:
        first = begin
        while at < len(taken) and taken[at][1] < first:
            at += 1
        place = at
        while place < len(taken) and taken[place][0] <= end:
            if first < taken[place][0]:
                rest.append((first, taken[place][0] - 1))
            first = taken[place][1] + 1
            place += 1
        if first <= end:
            rest.append((first, end))
        at = max(at, place - 1)
    return tuple(rest)
