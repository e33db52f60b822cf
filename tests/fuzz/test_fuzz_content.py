"""A small share of the fuzzing of documents, and that it would find what it looks for."""

from random import Random
from typing import Any

import pytest
from content.samples import FORMATS
from fuzz.changes_content import CHANGES
from fuzz.fuzz_content import (
    CORPUS,
    LEAST_DECODED,
    FindingError,
    Totals,
    check,
    check_memory,
    draw_seeds,
    fuzz,
    main,
    published,
    read_corpus,
    report,
)
from fuzz.items import parse

from mimi.content import errors
from mimi.errors import MalformedError

SEEDS = read_corpus()


def test_the_corpus_has_seeds_of_every_format_and_of_nothing_else() -> None:
    assert {file.stem for file in CORPUS.iterdir()} == set(FORMATS)
    assert all(len(seeds) > 20 for seeds in SEEDS.values())


@pytest.mark.parametrize("name", FORMATS)
def test_seeds_decode(name: str) -> None:
    for seed in SEEDS[name]:
        assert check(name, seed) == ""
        assert parse(seed).write() == seed
    assert {*published(name)} <= {*SEEDS[name]}


def test_seeds_are_drawn_alike() -> None:
    assert draw_seeds("status") == draw_seeds("status")


def test_ten_thousand_inputs() -> None:
    totals = fuzz(SEEDS, "continuous", 10_000)
    assert totals.findings == []
    assert totals.inputs == 10_000
    assert totals.share >= LEAST_DECODED
    for name in FORMATS:
        assert totals.decoded[name] >= LEAST_DECODED * (totals.refused + totals.decoded)[name]
        assert totals.refused[name] > 0
    rules = {
        error.__name__
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, MalformedError)
    }
    # A message of more than 1024 parts is rare, and what LastSeen says is said of the extension.
    assert rules - set(totals.errors) <= {
        *("MalformedError", "MixedLastSeenError", "TooManyPartsError", "TooFewPartsError")
    }


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_makes_octets(change: Any) -> None:
    random = Random(1)
    made = {change(random, SEEDS["message"][at], SEEDS["message"][at + 1]) for at in range(20)}
    assert len(made) > 10
    assert all(isinstance(octets, bytes) for octets in made)


def test_inputs_are_the_same_for_the_same_seed() -> None:
    first, second, other = (fuzz(SEEDS, seed, 500) for seed in ("1", "1", "2"))
    assert (first.decoded, first.errors) == (second.decoded, second.errors)
    assert (first.decoded, first.errors) != (other.decoded, other.errors)


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--inputs", "300", "--seed", "3", "--processes", "1"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in shown[1:5]] == [
        ["derived", "50"],
        ["message", "200"],
        ["status", "50"],
        ["altogether", "300"],
    ]
    assert shown[-1] == "nothing found"


# What it would find.


class SaidError(MalformedError):
    """An error of another place."""


def _failing(_octets: bytes) -> Any:
    return 1 // 0


def _outside(octets: bytes) -> Any:
    raise SaidError("reason", "Message.salt", len(octets) + 1)


def _elsewhere(_octets: bytes) -> Any:
    raise SaidError("reason", "Report.salt", 0)


def _greedy(octets: bytes) -> Any:
    return len(bytes((1 << 20) + 200 * len(octets)))


def _unwritable(_value: Any) -> bytes:
    return bytes(1 // 0)


def _other(_value: Any) -> bytes:
    return b"other"


@pytest.mark.parametrize(
    ("encode", "decode", "finding"),
    [
        (None, _failing, "decode raised ZeroDivisionError"),
        (None, _outside, "is outside of the input"),
        (None, _elsewhere, "has another path"),
        (_unwritable, None, "what decodes raised ZeroDivisionError"),
        (_other, None, "encodes as 6f74686572"),
    ],
)
def test_what_must_not_be_is_found(encode: Any, decode: Any, finding: str) -> None:
    declared, strategy, own_encode, own_decode = FORMATS["message"]
    broken = {"message": (declared, strategy, encode or own_encode, decode or own_decode)}
    octets = SEEDS["message"][0]
    with pytest.raises(FindingError, match=f"message: .*{finding}"):
        check("message", octets, broken)
    totals = Totals()
    totals.count("message", octets, weigh=False, formats=broken)
    assert len(totals.findings) == 1
    assert totals.inputs == 0


def test_too_much_memory_is_found() -> None:
    declared, strategy, encode, _ = FORMATS["status"]
    greedy = {"status": (declared, strategy, encode, _greedy)}
    with pytest.raises(FindingError, match="octets of memory"):
        check_memory("status", SEEDS["status"][0], greedy)


def test_totals_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    totals = fuzz(SEEDS, "1", 30)
    totals.add(fuzz(SEEDS, "2", 30))
    assert totals.inputs == 60
    report(totals)
    assert "altogether" in capsys.readouterr().out
