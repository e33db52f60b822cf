"""Telling others which messages arrived (draft-ietf-mls-extensions-10 section 6.1).

An AppAck goes with a commit, as ephemeral data of the component ``app_ack``, so that a delivery
service which drops messages cannot hide it: who drops the AppAck drops the commit.
"""

from collections.abc import Iterable, Mapping

from mimi.codec import UInt32, struct


@struct
class MessageRange:
    """Messages of one sender without a gap, from the first generation to the last, inclusive."""

    sender: UInt32
    first_generation: UInt32
    last_generation: UInt32


@struct
class AppAck:
    """The application messages of the epoch that the sender received."""

    received_ranges: tuple[MessageRange, ...]


def app_ack(received: Mapping[int, Iterable[int]]) -> AppAck:
    """Return the AppAck for the generations received of each sender."""
    ranges = []
    for sender, generations in sorted(received.items()):
        for first, last in _spans(sorted(set(generations))):
            ranges.append(MessageRange(sender, first, last))
    return AppAck(tuple(ranges))


def _spans(generations: list[int]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for generation in generations:
        if spans and spans[-1][1] + 1 == generation:
            spans[-1] = spans[-1][0], generation
        else:
            spans.append((generation, generation))
    return spans


def lost(
    acknowledged: Iterable[MessageRange], received: Mapping[int, Iterable[int]]
) -> tuple[MessageRange, ...]:
    """Return what somebody else acknowledges and we have not received.

    The work is proportional to what was received, whatever ranges are claimed.
    """
    missing = []
    for claimed in acknowledged:
        first, last = claimed.first_generation, claimed.last_generation
        had = sorted(
            generation
            for generation in set(received.get(claimed.sender, ()))
            if first <= generation <= last
        )
        for generation in had:
            if first < generation:
                missing.append(MessageRange(claimed.sender, first, generation - 1))
            first = generation + 1
        if first <= last:
            missing.append(MessageRange(claimed.sender, first, last))
    return tuple(missing)
