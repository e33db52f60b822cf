"""A small share of the fuzzing, and that it would find what it looks for."""

from typing import Annotated, Any

import pytest
from fuzz.changes import grown, tree_of
from fuzz.fuzz_codec import (
    CORPUS,
    LEAST_DECODED,
    FindingError,
    Totals,
    check,
    check_ends,
    check_growth,
    check_memory,
    declared_structures,
    draw_seeds,
    fuzz,
    main,
    read_corpus,
    report,
    stretch,
)

from mimi.codec import Bytes, Opaque, Rule, UInt8, UInt16, decode, encode, struct
from mimi.errors import MalformedError

STRUCTURES = declared_structures()
SEEDS = read_corpus(STRUCTURES)


def test_the_corpus_has_seeds_of_every_structure_and_of_nothing_else():
    assert len(STRUCTURES) > 80
    assert {"LeafNode", "MLSMessage", "RatchetTreeNodes", "Credential", "Proposal"} <= set(
        STRUCTURES
    )
    assert {file.stem for file in CORPUS.iterdir()} == set(STRUCTURES)
    assert all(SEEDS.values())


@pytest.mark.parametrize("name", STRUCTURES)
def test_seeds_decode(name):
    for seed in SEEDS[name]:
        assert check(name, STRUCTURES[name], seed)
        assert tree_of(STRUCTURES[name], seed).write() == seed


def test_seeds_are_drawn_alike():
    for name in ("Lifetime", "Credential"):
        assert draw_seeds(STRUCTURES[name]) == draw_seeds(STRUCTURES[name])


def test_twenty_thousand_inputs():
    totals = fuzz(STRUCTURES, SEEDS, "continuous", 20_000)
    assert totals.findings == []
    assert totals.inputs == 20_000
    assert totals.share >= LEAST_DECODED
    assert min(totals.decoded[name] for name in STRUCTURES) > 0
    assert min(totals.refused[name] for name in STRUCTURES) > 0


@pytest.mark.parametrize("name", STRUCTURES)
def test_ends_and_growth(name):
    totals = stretch(name, STRUCTURES[name], SEEDS[name][::2], most=1 << 11)
    assert totals.findings == []
    assert totals.ends >= 256


def test_inputs_are_the_same_for_the_same_seed():
    first, second, other = (fuzz(STRUCTURES, SEEDS, seed, 2000) for seed in ("1", "1", "2"))
    assert (first.decoded, first.refused) == (second.decoded, second.refused)
    assert (first.decoded, first.refused) != (other.decoded, other.refused)


def test_the_command_line(capsys):
    assert main(["--inputs", "300", "--seed", "3", "--only", "Lifetime", "Credential"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1].split()[:2] == ["Credential", "150"]
    assert shown[2].split()[:2] == ["Lifetime", "150"]
    assert shown[-1] == "nothing found"


# What it would find.


def _fails(value: tuple[int, ...]) -> bool:
    return 1 // (len(value) - 3) < 2


@struct
class Failing:
    numbers: Annotated[tuple[UInt8, ...], Rule(_fails, "never", "no section")]


class Lossy:
    def __init__(self, octets: bytes) -> None:
        self.octets = octets.replace(b"\x99", b"")

    def __bytes__(self) -> bytes:
        return self.octets


@struct
class Losing:
    octets: Annotated[Lossy, Bytes(wrap=Lossy)]


def _slow(value: tuple[int, ...]) -> bool:
    return all(number in value for number in value for _ in map(abs, value))


@struct
class Slow:
    numbers: Annotated[tuple[UInt8, ...], Rule(_slow, "never", "no section")]


def _greedy(value: tuple[int, ...]) -> bool:
    return len(bytes((1 << 20) + 300 * len(value))) > 0


@struct
class Greedy:
    numbers: Annotated[tuple[UInt8, ...], Rule(_greedy, "never", "no section")]


@struct
class Fine:
    number: UInt16
    octets: Opaque


def test_another_exception_is_found():
    with pytest.raises(
        FindingError, match=r"Failing: decode raised ZeroDivisionError.*\n    03000000"
    ):
        check("Failing", Failing, bytes.fromhex("03000000"))


def test_another_encoding_is_found():
    with pytest.raises(FindingError, match=r"Losing: encodes as 0101\n    029901"):
        check("Losing", Losing, bytes.fromhex("029901"))


def test_too_many_calls_are_found():
    inputs = [encode((1,) * count, tuple[UInt8, ...]) for count in (100, 200)]
    with pytest.raises(FindingError, match="calls when it grows"):
        check_growth("Slow", Slow, inputs)


def test_too_much_memory_is_found():
    octets = encode((1,) * 10_000, tuple[UInt8, ...])
    with pytest.raises(FindingError, match=r"10002 octets take \d+ octets of memory"):
        check_memory("Greedy", Greedy, octets)


def test_an_end_elsewhere_is_found():
    assert check_ends("Fine", Fine, bytes.fromhex("00010161")) == 4 + 256
    with pytest.raises(FindingError, match="its end is elsewhere"):
        check_ends("Fine", Fine, bytes.fromhex("0001016161"))


def test_findings_are_counted_and_shown(capsys):
    seeds = {"Failing": [b"\0", bytes.fromhex("020101")], "Losing": [bytes.fromhex("029901")]}
    structures: dict[str, Any] = {"Failing": Failing, "Losing": Losing}
    with pytest.raises(ZeroDivisionError):
        decode(Failing, bytes.fromhex("03010101"))
    totals = Totals()
    totals.count("Failing", Failing, bytes.fromhex("03010101"))
    totals.count("Losing", Losing, bytes.fromhex("020102"))
    totals.count("Losing", Losing, bytes.fromhex("0201"))
    totals.add(fuzz(structures, seeds, "1", 500))
    assert sum("ZeroDivisionError" in finding for finding in totals.findings) > 1
    assert any(finding.startswith("Losing: encodes as") for finding in totals.findings)
    report(totals)
    assert "Losing" in capsys.readouterr().out


def test_vectors_and_opaque_fields_grow():
    inputs = grown(Fine, bytes.fromhex("000100"), 5000)
    assert list(inputs) == ["Fine.octets: opaque<V>"]
    assert decode(Fine, inputs["Fine.octets: opaque<V>"]) == Fine(1, bytes(5000))
    with pytest.raises(MalformedError):
        decode(Fine, inputs["Fine.octets: opaque<V>"][:-1])
