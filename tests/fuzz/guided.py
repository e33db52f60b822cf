"""Fuzzing guided by coverage: what reaches new lines of the codec is changed further.

    python tests/fuzz/guided.py -runs=1000000 -seed=1 FOLDER

needs atheris (extra `dev`); the options are libFuzzer's. The compiled decoders and encoders are
instrumented as the rest of `mimi.codec` is. An input is the number of a structure, two octets, and
octets to decode; it starts as a seed of the corpus, and is changed as in `changes`; the
checks are those of `fuzz_codec`. Every 10,000 inputs it says how many decoded. An input at fault
is written to a file, as libFuzzer does, and ends the run.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import atheris

with atheris.instrument_imports(include=["mimi.codec"]):
    from mimi.codec import source

_function = source.Source.function


def _instrumented(self: source.Source, signature: str, title: str) -> Callable[..., Any]:
    made: Callable[..., Any] = atheris.instrument_func(_function(self, signature, title))
    return made


source.Source.function = _instrumented  # before anything is compiled

sys.path.insert(0, str(Path(__file__).parents[1]))
from fuzz.changes import CHANGES  # noqa: E402 - after the instrumentation
from fuzz.fuzz_codec import (  # noqa: E402 - the same
    LEAST_DECODED,
    Totals,
    check,
    declared_structures,
    read_corpus,
)

STRUCTURES = declared_structures()
NAMES = list(STRUCTURES)
SEEDS = read_corpus(STRUCTURES)
TOTALS = Totals()


def split(octets: bytes) -> tuple[str, bytes]:
    """Return the structure that an input is for, and what is to be decoded."""
    return NAMES[int.from_bytes(octets[:2], "big") % len(NAMES)], octets[2:]


def one_input(octets: bytes) -> None:
    """Check an input."""
    name, content = split(octets)
    (TOTALS.decoded if check(name, STRUCTURES[name], content) else TOTALS.refused)[name] += 1
    if TOTALS.inputs % 10_000 == 0:  # the fuzzer ends the process, and leaves no time for a report
        print(f"{TOTALS.inputs} inputs, {TOTALS.share:.1%} decoded", flush=True)
        assert TOTALS.share >= LEAST_DECODED, "too few of the inputs decode"


def mutate(octets: bytes, most: int, seed: int) -> bytes:
    """Change an input that decodes as `changes` says, another one as libFuzzer does."""
    random = Random(seed)
    if len(octets) < 3 or random.random() < 0.2:
        number = random.randrange(len(NAMES))
        return number.to_bytes(2, "big") + random.choice(SEEDS[NAMES[number]])
    name, content = split(octets)
    if random.random() < 0.2 or not check(name, STRUCTURES[name], content):
        return octets[:2] + bytes(atheris.Mutate(content, max(most - 2, 1)))
    change = random.choices(list(CHANGES), list(CHANGES.values()))[0]
    changed = change(random, STRUCTURES[name], content, random.choice(SEEDS[name]))
    return (octets[:2] + changed)[:most]


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input, custom_mutator=mutate)
    atheris.Fuzz()
