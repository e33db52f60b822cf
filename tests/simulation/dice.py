"""Where the choices of a simulation come from: a seed, or Hypothesis.

The lower a number, the duller what comes of it, so that Hypothesis shrinks to a dull course.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

from mimi.crypto import SeededEntropy

T = TypeVar("T")


class Dice:
    """A source of choices."""

    def roll(self, sides: int) -> int:
        """Return a number from 0 to *sides* - 1."""
        raise NotImplementedError

    def pick(self, items: Sequence[T]) -> T:
        """Return one of some items."""
        return items[self.roll(len(items))]

    def some(self, items: Sequence[T], most: int) -> list[T]:
        """Return at least one of some items and at most so many, each once."""
        left = list(items)
        count = 1 + self.roll(min(most, len(left)))
        return [left.pop(self.roll(len(left))) for _ in range(count)]

    def one_in(self, sides: int) -> bool:
        """Return True once in so many times."""
        return self.roll(sides) == sides - 1


class SeededDice(Dice):
    """The same choices for the same seed, on every machine."""

    def __init__(self, seed: bytes | int) -> None:
        self._entropy = SeededEntropy(seed).fork(b"dice")

    def roll(self, sides: int) -> int:
        return int.from_bytes(self._entropy(4), "big") % sides


class DrawnDice(Dice):
    """Choices that Hypothesis draws.

    Args:
        data: What ``st.data()`` gives.
    """

    def __init__(self, data: Any) -> None:
        self._data = data

    def roll(self, sides: int) -> int:
        number: int = self._data.draw(st.integers(0, sides - 1))
        return number
