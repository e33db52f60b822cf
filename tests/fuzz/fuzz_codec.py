"""Fuzzing every declared structure: octets are malformed, or the one encoding of a value.

    python tests/fuzz/fuzz_codec.py --inputs 1000000 --seed 1

takes the seeds of each structure from ``corpus/<Name>.hex``, valid encodings one a line, and
changes them as `changes` says: some changes keep the lengths right, so that the input often
decodes, others do not. For each input it checks that

- `decode` returns a value that encodes back to the same octets, or raises `MalformedError` with a
  path and an offset inside of the input, and does nothing else;
- the compiled decoder and the one that says where agree;
- decoding takes less memory than 100 times the input and 1 MiB (sampled, since measuring is slow).

Every truncation of each seed, and each seed with a further octet, are tried too. Then vectors and
opaque fields grow, twice as long each time: the calls that decoding makes may double, no more.

The inputs depend on nothing but the seed and the corpus. The exit code is 1 if anything was found;
the inputs at fault are printed in hexadecimal. ``--regenerate`` draws the corpus anew.
"""

import argparse
import importlib
import multiprocessing
import pkgutil
import sys
import time
import tracemalloc
from collections import Counter
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import attrs
from hypothesis import HealthCheck, Phase, given, settings

if __name__ == "__main__":  # a script finds its own folder only
    sys.path.insert(0, str(Path(__file__).parents[1]))
from fuzz.changes import CHANGES, change_octets, grown

import mimi
from mimi.codec import Choice, decode, encode, is_struct
from mimi.codec.declare import fields_of, shape_of
from mimi.codec.decoder import decoder_of
from mimi.codec.shape import Padding, Select, Struct, Vector
from mimi.codec.strategy import strategy
from mimi.codec.trace import name_of
from mimi.errors import MalformedError, UsageError

CORPUS = Path(__file__).parent / "corpus"
SEEDS = 6
LONGEST_SEED = 500
CHUNK = 5000
MEMORY_FACTOR = 100
MEMORY_REST = 1 << 20
LEAST_DECODED = 0.2


class FindingError(Exception):
    """What must not happen, with the input that makes it happen."""

    def __init__(self, name: str, octets: bytes, what: str) -> None:
        super().__init__(f"{name}: {what}\n    {octets.hex()}")


# The structures, and their seeds.


@cache
def declared_structures() -> dict[str, Any]:
    """Return everything that `mimi` declares: structures, choices, and aliases of vectors."""
    found: dict[Any, str] = {}
    for module in pkgutil.walk_packages(mimi.__path__, "mimi."):
        if not module.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(module.name)).items():
                if not name.startswith("_") and _is_declared(value):
                    found.setdefault(value, name)
    names = Counter(found.values())
    return {
        name if names[name] == 1 else f"{value.__module__}.{name}": value
        for value, name in sorted(found.items(), key=lambda item: (item[1], repr(item[0])))
    }


def _is_declared(value: Any) -> bool:
    if isinstance(value, type):
        return is_struct(value) or (issubclass(value, Choice) and value is not Choice)
    if not hasattr(value, "__metadata__") and getattr(value, "__origin__", None) is not tuple:
        return False
    try:
        return isinstance(shape_of(value), Select | Vector)
    except UsageError:
        return False


def is_padded(declared: Any) -> bool:
    """Return whether zeros may follow, so that an encoding has longer and shorter ones."""
    shape = shape_of(declared)
    return isinstance(shape, Struct) and any(
        isinstance(field.shape, Padding) for field in fields_of(shape.declaration)
    )


def draw_seeds(declared: Any) -> list[bytes]:
    """Return valid encodings, short and long ones; always the same."""
    drawn: set[bytes] = set()

    @settings(
        max_examples=100,
        database=None,
        derandomize=True,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=tuple(HealthCheck),
    )
    @given(strategy(declared))
    def draw(value: object) -> None:
        octets = encode(value, declared)
        if len(octets) <= LONGEST_SEED:
            drawn.add(octets)

    draw()
    ordered = sorted(drawn, key=lambda octets: (len(octets), octets))
    picked = {index * (len(ordered) - 1) // max(SEEDS - 1, 1) for index in range(SEEDS)}
    return [ordered[index] for index in sorted(picked)]


def write_corpus(structures: dict[str, Any], folder: Path) -> None:
    """Draw the seeds of *structures* anew."""
    folder.mkdir(exist_ok=True)
    for file in folder.glob("*.hex"):
        file.unlink()
    for name, declared in structures.items():
        lines = "".join(f"{octets.hex()}\n" for octets in draw_seeds(declared))
        (folder / f"{name}.hex").write_text(lines, encoding="ascii")


def read_corpus(structures: dict[str, Any], folder: Path = CORPUS) -> dict[str, list[bytes]]:
    """Return the seeds of each structure."""
    return {
        name: [
            bytes.fromhex(line)
            for line in (folder / f"{name}.hex").read_text(encoding="ascii").splitlines()
        ]
        for name in structures
    }


# What is checked.


def check(name: str, declared: Any, octets: bytes) -> bool:
    """Return whether *octets* decode.

    Raises:
        FindingError: They do neither that nor are they malformed.
    """
    try:
        value = decode(declared, octets)
    except MalformedError as error:
        _check_place(name, declared, octets, error)
        return False
    except Exception as error:
        raise FindingError(name, octets, f"decode raised {error!r}") from error
    try:
        again = encode(value, declared)
        _, end = decoder_of(shape_of(declared))(octets, 0)
    except Exception as error:
        raise FindingError(name, octets, f"what decodes raised {error!r}") from error
    if again != octets:
        raise FindingError(name, octets, f"encodes as {again.hex()}")
    if end != len(octets):
        raise FindingError(name, octets, f"the compiled decoder reads {end} octets")
    return True


def _check_place(name: str, declared: Any, octets: bytes, error: MalformedError) -> None:
    if error.offset is None or not 0 <= error.offset <= len(octets):
        raise FindingError(name, octets, f"{error!s} is outside of the input") from error
    if not error.path.startswith(name_of(declared)):
        raise FindingError(name, octets, f"{error!s} has another path") from error


def memory_of(declared: Any, octets: bytes) -> int:
    """Return how much memory decoding takes at most, in octets."""
    tracemalloc.start()
    with suppress(MalformedError):
        decode(declared, octets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def check_memory(name: str, declared: Any, octets: bytes) -> float:
    """Return the factor between the memory that decoding takes and the input."""
    peak = memory_of(declared, octets)
    if peak >= MEMORY_FACTOR * len(octets) + MEMORY_REST:
        raise FindingError(name, octets, f"{len(octets)} octets take {peak} octets of memory")
    return peak / max(len(octets), 1)


def check_ends(name: str, declared: Any, octets: bytes) -> int:
    """Check every truncation, and every further octet; return how many inputs that were."""
    ends = [octets[:end] for end in range(len(octets))]
    ends += [octets + bytes([further]) for further in range(256)]
    for end in ends:
        if check(name, declared, end) and not is_padded(declared):
            raise FindingError(name, end, "decodes, though its end is elsewhere")
    return len(ends)


# Running.


@attrs.define
class Totals:
    """What a run has seen."""

    decoded: Counter[str] = attrs.field(factory=Counter)
    refused: Counter[str] = attrs.field(factory=Counter)
    findings: list[str] = attrs.field(factory=list)
    ends: int = 0
    memory: tuple[float, str] = (0.0, "")
    pace: tuple[float, str] = (0.0, "")

    @property
    def inputs(self) -> int:
        """How many inputs there were."""
        return self.decoded.total() + self.refused.total()

    @property
    def share(self) -> float:
        """Which share of them decoded."""
        return self.decoded.total() / max(self.inputs, 1)

    def add(self, other: "Totals") -> None:
        """Add what another process has seen."""
        self.decoded += other.decoded
        self.refused += other.refused
        self.findings += other.findings
        self.ends += other.ends
        self.memory = max(self.memory, other.memory)
        self.pace = max(self.pace, other.pace)

    def count(self, name: str, declared: Any, octets: bytes) -> None:
        """Check one input, and count it."""
        try:
            accepted = check(name, declared, octets)
        except FindingError as finding:
            self.findings.append(str(finding))
            return
        (self.decoded if accepted else self.refused)[name] += 1

    def weigh(self, name: str, declared: Any, octets: bytes) -> None:
        """Measure the memory for one input."""
        try:
            factor = check_memory(name, declared, octets)
        except FindingError as finding:
            self.findings.append(str(finding))
            return
        if len(octets) >= 1024:
            self.memory = max(self.memory, (factor, name))

    def time(self, name: str, declared: Any, octets: bytes) -> None:
        """Measure the time for one input."""
        start = time.perf_counter_ns()
        with suppress(MalformedError):
            decode(declared, octets)
        pace = (time.perf_counter_ns() - start) / len(octets)
        self.pace = max(self.pace, (pace, name))


def fuzz(
    structures: dict[str, Any], corpus: dict[str, list[bytes]], seed: str, inputs: int
) -> Totals:
    """Check so many inputs, the same ones for the same *seed*."""
    random = Random(seed)
    totals = Totals()
    for name, seeds in corpus.items():
        for octets in seeds:
            decode(structures[name], octets)  # what this compiles is not to be measured
    names, changes, weights = list(structures), list(CHANGES), list(CHANGES.values())
    for index in range(inputs):
        name = names[index % len(names)]
        declared, seeds = structures[name], corpus[name]
        change = random.choices(changes, weights)[0]
        octets = change(random, declared, random.choice(seeds), random.choice(seeds))
        totals.count(name, declared, octets)
        if index % 100 == 0:
            totals.weigh(name, declared, octets)
        if index % 1000 == 0:
            _weigh_grown(random, totals, name, declared, random.choice(seeds))
    return totals


def _weigh_grown(random: Random, totals: Totals, name: str, declared: Any, seed: bytes) -> None:
    inputs = list(grown(declared, seed, 1 << random.randint(10, 13)).values())
    if inputs:
        octets = random.choice(inputs)
        totals.weigh(name, declared, octets)
        totals.weigh(name, declared, change_octets(random, declared, octets, b""))


def chosen(names: tuple[str, ...]) -> dict[str, Any]:
    """Return the structures of these names, or all."""
    structures = declared_structures()
    return {name: structures[name] for name in names or structures}


def _chunk(work: tuple[tuple[str, ...], str, int]) -> Totals:
    names, seed, inputs = work
    structures = chosen(names)
    corpus = read_corpus(structures)
    if inputs:
        return fuzz(structures, corpus, seed, inputs)
    totals = Totals()
    for name, declared in structures.items():
        totals.add(stretch(name, declared, corpus[name]))
    return totals


def run(inputs: int, seed: int, processes: int, only: tuple[str, ...] = ()) -> Totals:
    """Check so many inputs, and the ends and the growth of each structure.

    The number of processes does not change the inputs.
    """
    work = [
        (only, f"{seed}/{start}", min(CHUNK, inputs - start)) for start in range(0, inputs, CHUNK)
    ]
    work += [((name,), "", 0) for name in chosen(only)]
    totals = Totals()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for done, part in enumerate(pool.imap_unordered(_chunk, work), 1):
            totals.add(part)
            if sys.stderr.isatty():
                print(f"\r{done} of {len(work)} parts", end="", file=sys.stderr)
    return totals


def stretch(name: str, declared: Any, seeds: list[bytes], most: int = 1 << 14) -> Totals:
    """Check the ends of each seed, and what grows out of the longest."""
    totals = Totals()
    try:
        totals.ends = sum(check_ends(name, declared, seed) for seed in seeds)
        for field in range(len(grown(declared, seeds[-1], 1))):
            inputs = [
                list(grown(declared, seeds[-1], size).values())[field]
                for size in (most // 4, most // 2, most)
            ]
            for cut in (0, 1):
                check_growth(name, declared, [octets[: len(octets) - cut] for octets in inputs])
                totals.weigh(name, declared, inputs[-1][: len(inputs[-1]) - cut])
                totals.time(name, declared, inputs[-1][: len(inputs[-1]) - cut])
    except FindingError as finding:
        totals.findings.append(str(finding))
    return totals


def check_growth(name: str, declared: Any, inputs: list[bytes]) -> None:
    """Check that decoding takes twice the calls, and no more, when the input is twice as long."""
    calls = [calls_of(declared, octets) for octets in inputs]
    for index, before in enumerate(calls[:-1]):
        check(name, declared, inputs[index])
        if calls[index + 1] > 2.2 * before + 100:
            raise FindingError(name, inputs[0], f"makes {calls} calls when it grows")


def calls_of(declared: Any, octets: bytes) -> int:
    """Return how many functions decoding calls, those written in C among them."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    with suppress(MalformedError):
        decode(declared, octets)
    sys.setprofile(None)
    return calls


def main(arguments: list[str]) -> int:
    """Run as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description="fuzz every declared structure")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these structures")
    parser.add_argument("--regenerate", action="store_true", help="draw the corpus anew")
    options = parser.parse_args(arguments)
    if options.regenerate:
        write_corpus(declared_structures(), CORPUS)
        return 0
    started = time.perf_counter()
    totals = run(options.inputs, options.seed, options.processes, tuple(options.only))
    report(totals)
    print(f"{time.perf_counter() - started:.0f} s")
    if totals.share < LEAST_DECODED:
        totals.findings.append(f"only {totals.share:.1%} of the inputs decode")
    print("\n".join(f"FOUND {finding}" for finding in totals.findings) or "nothing found")
    return 1 if totals.findings else 0


def report(totals: Totals) -> None:
    """Print what a run has seen."""
    print(f"{'structure':32} {'inputs':>9} {'decoded':>8} {'refused':>8}")
    for name in sorted(totals.decoded | totals.refused):
        count = totals.decoded[name] + totals.refused[name]
        share = totals.decoded[name] / count
        print(f"{name:32} {count:9d} {share:8.1%} {1 - share:8.1%}")
    print(f"{'altogether':32} {totals.inputs:9d} {totals.share:8.1%} {1 - totals.share:8.1%}")
    print(f"{totals.ends} truncations and further octets")
    print(f"worst memory: {totals.memory[0]:.1f} times the input ({totals.memory[1]})")
    print(f"worst pace: {totals.pace[0]:.0f} ns an octet ({totals.pace[1]})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
