"""Messages against bare CBOR, and a conversation against itself at another size."""

import gc
from random import Random  # noqa: TID251 - a conversation drawn from a seed
from time import perf_counter  # noqa: TID251 - a benchmark measures time

import cbor2
import pytest
from codec.cbor_values import MESSAGE

from mimi.codec import replace
from mimi.content.authority import Arrival
from mimi.content.conversation import Conversation, fold
from mimi.content.message import decode, encode, message_id
from mimi.content.model import Disposition, Message, NullPart, SinglePart

ROOM = "mimi://a.example/r/benchmark"
USERS = [f"mimi://a.example/u/{number}" for number in range(50)]
START = 1_700_000_000_000


def test_decode_and_validate_the_original_message(measure) -> None:
    measure(
        "decode and validate the draft's original message",
        lambda: decode(MESSAGE),
        lambda: cbor2.loads(MESSAGE),
        8.0,
        2000,
    )


def test_encode_the_original_message(measure) -> None:
    items, message = cbor2.loads(MESSAGE), replace(decode(MESSAGE))  # which keeps no octets
    assert encode(message) == cbor2.dumps(items) == MESSAGE
    measure(
        "encode it, nothing kept from before",
        lambda: encode(message),
        lambda: cbor2.dumps(items),
        2.0,
        2000,
    )


def arrivals(count: int) -> list[Arrival]:
    """Return messages of a room: 55% new ones, 20% reactions, 15% edits, 10% deletions."""
    draw = Random(count)  # noqa: S311
    out: list[Arrival] = []
    firsts: list[Arrival] = []
    for number in range(count):
        kind = draw.random() if firsts else 0
        sender, target, replaces, disposition = draw.choice(USERS), None, None, Disposition.RENDER
        body = None if kind >= 0.9 else f"message {number}"
        if 0.55 <= kind < 0.75:
            target, body, disposition = draw.choice(firsts[-200:]), "\u2764", Disposition.REACTION
        elif kind >= 0.75:
            first = draw.choice(firsts[-500:])
            sender, replaces = first.sender, first.message_id
        elif kind < 0.1 and firsts:
            target = draw.choice(firsts[-200:])
        part = (
            NullPart(disposition)
            if body is None
            else SinglePart(disposition, "", "text/plain;charset=utf-8", body.encode())
        )
        topic = b"topic %d" % (number % 100) if kind > 0.5 else b""
        to = None if target is None else target.message_id
        message = Message(draw.randbytes(16), replaces, topic, None, to, {}, part)
        name = message_id(message, sender, ROOM)
        out.append(Arrival(message, name, sender, START + 10 * number))
        if replaces is None:
            firsts.append(out[-1])
    return out


def seconds(call, rounds: int) -> float:
    """Return the least time of a call, with what it collects of older garbage left out."""
    least = float("inf")
    for _ in range(rounds):
        gc.collect()
        start = perf_counter()
        call()
        least = min(least, perf_counter() - start)
    return least


@pytest.fixture(scope="module")
def sizes(request) -> tuple[int, int]:
    return (10_000, 100_000) if request.config.option.benchmark_enable else (100, 1_000)


@pytest.fixture(scope="module")
def large(sizes) -> tuple[list[Arrival], Conversation]:
    found = arrivals(sizes[1])
    return found, fold(ROOM, found)


def test_fold_costs_as_much_a_message_at_ten_times_the_size(request, report, sizes, large) -> None:
    small, (many, folded) = arrivals(sizes[0]), large
    assert len(fold(ROOM, small)) > 0
    assert len(folded) > len(small)
    if not request.config.option.benchmark_enable:
        return
    few = seconds(lambda: fold(ROOM, small), 7) / len(small)
    each = seconds(lambda: fold(ROOM, many), 3) / len(many)
    title = f"fold 100,000 messages: {each * 1e6:.2f} us each, of 10,000: {few * 1e6:.2f} us"
    report(title, each / few, 2.0)


@pytest.mark.parametrize("late", [False, True])
def test_one_message_more(request, report, large, late: bool) -> None:
    many, folded = large
    (more,) = arrivals(1)
    at = many[len(many) // 2].accepted + 1 if late else many[-1].accepted + 1
    arrival = Arrival(more.message, b"\x01" + bytes(31), more.sender, at)
    grown = folded.add_arrival(arrival)
    assert len(grown) == len(folded) + 1
    if not request.config.option.benchmark_enable:
        return
    whole = seconds(lambda: fold(ROOM, many), 3)
    times = 200
    one = seconds(lambda: [folded.add_arrival(arrival) for _ in range(times)], 5) / times
    title = f"add one {'late ' if late else ''}message to 100,000: {one * 1e6:.2f} us"
    title += f", of a fold of {whole:.2f} s"
    report(title, one / (whole / 10_000), 1.0)
