"""How vectors are written: one field a line, so that a change to a file can be read."""

import json
from collections.abc import Iterable
from typing import Any, TypeAlias

from mimi.crypto import Entropy, suite_of
from mimi.vectors.case import SAFE_INTEGER as SAFE_INTEGER

Vector: TypeAlias = dict[str, Any]
"""One case, with octets as bytes: they become hexadecimal in the file."""

SUITES = tuple(suite_of(code) for code in range(1, 8))
"""The cipher suites of RFC 9420, in the order of their code points."""


def written(vectors: Iterable[Vector]) -> bytes:
    """Return the JSON array of some vectors.

    Every field of a vector is a line; of a list of objects, or of lists, every element is.
    """
    cases = ",\n".join(f" {{\n{_fields(vector)}\n }}" for vector in vectors)
    return f"[\n{cases}\n]\n".encode("ascii")


def _fields(vector: Vector) -> str:
    return ",\n".join(f'  "{name}": {_value(value)}' for name, value in vector.items())


def _value(value: Any) -> str:
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        items = ",\n".join(f"   {_compact(item)}" for item in value)
        return f"[\n{items}\n  ]"
    return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=bytes.hex)


def below(entropy: Entropy, bound: int) -> int:
    """Return a number from 0 to *bound* - 1, evenly enough for a vector."""
    return int.from_bytes(entropy(8), "big") % bound
