"""Ratios to bare primitives, measured in the same run.

The floor and the operation take turns and their minima are compared, so that a machine whose
speed drifts slows both. Run with::

    pytest tests/benchmarks --benchmark-enable

Without ``--benchmark-enable`` every operation runs once and nothing is timed.
"""

from collections.abc import Callable
from time import perf_counter_ns  # noqa: TID251 - a benchmark measures time

import pytest

RESULTS = pytest.StashKey[list[str]]()

Measure = Callable[..., None]


def _nanoseconds(call: Callable[[], object], times: int) -> float:
    """Return what a call takes; the results are kept meanwhile, as a caller would keep them."""
    kept: list[object] = [None] * times
    start = perf_counter_ns()
    for at in range(times):
        kept[at] = call()
    return (perf_counter_ns() - start) / times


@pytest.fixture
def report(request) -> Callable[[str, float, float], None]:
    """Print a ratio that a test has measured by itself, and assert the bound."""

    def reported(title: str, ratio: float, bound: float) -> None:
        line = f"{title:<84} = {ratio:>6.3f}   bound {bound:.3f}"
        request.config.stash.setdefault(RESULTS, []).append(line)
        assert ratio <= bound, line

    return reported


@pytest.fixture
def measure(benchmark, request) -> Measure:
    """Time an operation against its floor; print the ratio and assert the bound."""

    def measured(
        title: str,
        operation: Callable[[], object],
        floor: Callable[[], object],
        bound: float,
        times: int,
        turns: int = 0,
    ) -> None:
        if benchmark.disabled:
            benchmark(operation)
            floor()
            return
        rounds = turns or (max(5, min(60, 600 // times)) if times < 100 else 25)
        pairs = [
            (_nanoseconds(floor, times), _nanoseconds(operation, times)) for _ in range(rounds)
        ]
        least_floor, least = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
        ratio = least / least_floor
        benchmark.extra_info["ratio"] = ratio
        benchmark.pedantic(operation, rounds=3, iterations=min(times, 100))
        line = (
            f"{title:<58} {least / 1000:>10.2f} us / {least_floor / 1000:>10.2f} us"
            f" = {ratio:>6.3f}   bound {bound:.3f}"
        )
        request.config.stash.setdefault(RESULTS, []).append(line)
        assert ratio <= bound, line

    return measured


def pytest_terminal_summary(terminalreporter, config) -> None:
    lines = config.stash.get(RESULTS, [])
    if lines:
        terminalreporter.section("ratios to bare primitives (minima, interleaved)")
        for line in lines:
            terminalreporter.write_line(line)
