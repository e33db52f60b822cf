"""Fuzzing messages, reports and derived values: octets are malformed, or the one encoding of one.

    python tests/fuzz/fuzz_content.py --inputs 1000000 --seed 1

takes the seeds of each format from ``content/<format>.hex``, the published examples and arbitrary
documents, and changes them as `changes_content` says. For each input it checks that

- decoding returns a value that encodes back to the same octets, also when the octets that are kept
  with it are left out, or raises `MalformedError` with a path and an offset inside of the input,
  and does nothing else;
- decoding takes less memory than 100 times the input and 1 MiB (sampled, since measuring is slow).

The inputs depend on nothing but the seed and the corpus. The exit code is 1 if anything was found,
or if less than a fifth of the inputs decode; the inputs at fault are printed in hexadecimal.
``--regenerate`` draws the corpus anew, with the examples in the folder MIMI_PUBLISHED_VECTORS.
"""

import argparse
import multiprocessing
import sys
import time
import tracemalloc
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random

import attrs
from hypothesis import HealthCheck, Phase, given, settings

if __name__ == "__main__":  # a script finds its own folder only
    sys.path.insert(0, str(Path(__file__).parents[1]))
from content.samples import CONTENT, FORMATS, STATUS, Format
from fuzz.changes_content import CHANGES

from mimi.errors import MalformedError

CORPUS = Path(__file__).parent / "content"
SEEDS = 40
LONGEST_SEED = 600
CHUNK = 5000
MEMORY_FACTOR = 100
MEMORY_REST = 1 << 20
LEAST_DECODED = 0.2
OF_CBOR = ("", "[", ".value")
"""How the path of an error begins that concerns CBOR, not the document."""


class FindingError(Exception):
    """What must not happen, with the input that makes it happen."""

    def __init__(self, name: str, octets: bytes, what: str) -> None:
        super().__init__(f"{name}: {what}\n    {octets.hex()}")


def draw_seeds(name: str) -> list[bytes]:
    """Return valid encodings, short and long ones; always the same."""
    _, strategy, encode, _ = FORMATS[name]
    drawn: set[bytes] = set()

    @settings(
        max_examples=400,
        database=None,
        derandomize=True,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=tuple(HealthCheck),
    )
    @given(strategy)
    def draw(value: object) -> None:
        octets = encode(value)
        if len(octets) <= LONGEST_SEED:
            drawn.add(octets)

    draw()
    ordered = sorted(drawn, key=lambda octets: (len(octets), octets))
    picked = {index * (len(ordered) - 1) // max(SEEDS - 1, 1) for index in range(SEEDS)}
    return [ordered[index] for index in sorted(picked)]


def published(name: str) -> list[bytes]:
    """Return the published examples of a format."""
    paths = STATUS if name == "status" else CONTENT
    derived = [path for path in paths if path.stem.startswith("implied")]
    chosen = derived if name == "derived" else [path for path in paths if path not in derived]
    return [path.with_suffix(".cbor").read_bytes() for path in chosen]


def write_corpus() -> None:
    """Draw the seeds anew."""
    CORPUS.mkdir(exist_ok=True)
    for name in FORMATS:
        lines = [f"{octets.hex()}\n" for octets in published(name) + draw_seeds(name)]
        (CORPUS / f"{name}.hex").write_text("".join(lines), encoding="ascii")


def read_corpus() -> dict[str, list[bytes]]:
    """Return the seeds of each format."""
    return {
        name: [
            bytes.fromhex(line)
            for line in (CORPUS / f"{name}.hex").read_text(encoding="ascii").splitlines()
        ]
        for name in FORMATS
    }


def check(name: str, octets: bytes, formats: dict[str, Format] = FORMATS) -> str:
    """Return the name of the error for *octets*, empty if they decode.

    Raises:
        FindingError: They do neither that nor are they malformed.
    """
    declared, _, encode, decode = formats[name]
    try:
        value = decode(octets)
    except MalformedError as error:
        if error.offset is None or not 0 <= error.offset <= len(octets):
            raise FindingError(name, octets, f"{error!s} is outside of the input") from error
        if not error.path.startswith((declared.__name__, *OF_CBOR[1:])) and error.path:
            raise FindingError(name, octets, f"{error!s} has another path") from error
        return type(error).__name__
    except Exception as error:
        raise FindingError(name, octets, f"decode raised {error!r}") from error
    try:
        again = {encode(value), encode(attrs.evolve(value))}
    except Exception as error:
        raise FindingError(name, octets, f"what decodes raised {error!r}") from error
    if again != {octets}:
        raise FindingError(name, octets, f"encodes as {' and '.join(o.hex() for o in again)}")
    return ""


def check_memory(name: str, octets: bytes, formats: dict[str, Format] = FORMATS) -> float:
    """Return the factor between the memory that decoding takes and the input."""
    decode = formats[name][3]
    tracemalloc.start()
    try:
        with suppress(MalformedError):
            decode(octets)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    if peak >= MEMORY_FACTOR * len(octets) + MEMORY_REST:
        raise FindingError(name, octets, f"{len(octets)} octets take {peak} octets of memory")
    return peak / max(len(octets), 1)


@attrs.define
class Totals:
    """What a run has seen."""

    decoded: Counter[str] = attrs.field(factory=Counter)
    refused: Counter[str] = attrs.field(factory=Counter)
    errors: Counter[str] = attrs.field(factory=Counter)
    findings: list[str] = attrs.field(factory=list)
    memory: float = 0.0

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
        self.errors += other.errors
        self.findings += other.findings
        self.memory = max(self.memory, other.memory)

    def count(
        self, name: str, octets: bytes, *, weigh: bool, formats: dict[str, Format] = FORMATS
    ) -> None:
        """Check one input, and count it."""
        try:
            error = check(name, octets, formats)
            if weigh:
                factor = check_memory(name, octets, formats)
                self.memory = max(self.memory, factor if len(octets) >= 1024 else 0.0)
        except FindingError as finding:
            self.findings.append(str(finding))
            return
        (self.refused if error else self.decoded)[name] += 1
        self.errors[error] += bool(error)


def fuzz(corpus: dict[str, list[bytes]], seed: str, inputs: int) -> Totals:
    """Check so many inputs, the same ones for the same *seed*."""
    random = Random(seed)
    totals = Totals()
    names, changes, weights = list(corpus), list(CHANGES), list(CHANGES.values())
    for index in range(inputs):
        # There is more to messages than to the rest: they are every second input.
        name = names[0] if index % 2 else names[index // 2 % len(names)]
        other = random.choice(corpus[random.choice(names)])
        octets = random.choice(corpus[name])
        for change in random.choices(changes, weights, k=random.choice((1, 1, 1, 2))):
            with suppress(IndexError, AssertionError, KeyError, ValueError):  # no tree any longer
                octets = change(random, octets, other)
        totals.count(name, octets, weigh=index % 100 == 0)
    return totals


def _chunk(work: tuple[str, int]) -> Totals:
    return fuzz(read_corpus(), *work)


def run(inputs: int, seed: int, processes: int) -> Totals:
    """Check so many inputs; the number of processes does not change them."""
    work = [(f"{seed}/{start}", min(CHUNK, inputs - start)) for start in range(0, inputs, CHUNK)]
    totals = Totals()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for done, part in enumerate(pool.imap_unordered(_chunk, work), 1):
            totals.add(part)
            if sys.stderr.isatty():
                print(f"\r{done} of {len(work)} parts", end="", file=sys.stderr)
    return totals


def report(totals: Totals) -> None:
    """Print what a run has seen."""
    print(f"{'format':32} {'inputs':>9} {'decoded':>8} {'refused':>8}")
    for name in sorted(totals.decoded | totals.refused):
        count = totals.decoded[name] + totals.refused[name]
        share = totals.decoded[name] / count
        print(f"{name:32} {count:9d} {share:8.1%} {1 - share:8.1%}")
    print(f"{'altogether':32} {totals.inputs:9d} {totals.share:8.1%} {1 - totals.share:8.1%}")
    for name, count in totals.errors.most_common():
        print(f"    {name:28} {count:9d}")
    print(f"worst memory: {totals.memory:.1f} times the input")


def main(arguments: list[str]) -> int:
    """Run as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description="fuzz messages, reports and derived values")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--regenerate", action="store_true", help="draw the corpus anew")
    options = parser.parse_args(arguments)
    if options.regenerate:
        write_corpus()
        return 0
    started = time.perf_counter()
    totals = run(options.inputs, options.seed, options.processes)
    report(totals)
    print(f"{time.perf_counter() - started:.0f} s")
    if totals.share < LEAST_DECODED:
        totals.findings.append(f"only {totals.share:.1%} of the inputs decode")
    print("\n".join(f"FOUND {finding}" for finding in totals.findings) or "nothing found")
    return 1 if totals.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
