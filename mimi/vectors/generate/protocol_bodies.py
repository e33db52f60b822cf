"""Bodies of every endpoint, well-formed and malformed, typed octet by octet.

Nothing depends on a seed.
"""

from collections.abc import Iterator

from mimi.vectors.checks.protocol_bodies import form_of_octets
from mimi.vectors.generate.protocol_bodies_events import EVENTS
from mimi.vectors.generate.protocol_bodies_users import USERS
from mimi.vectors.generate.protocol_malformed import MALFORMED
from mimi.vectors.generate.protocol_octets import Typed, joined
from mimi.vectors.generate.written import Vector

GOOD: tuple[tuple[str, str, Typed], ...] = (*USERS, *EVENTS)
"""Descriptions, structures and fields of well-formed bodies."""


def bodies() -> Iterator[Vector]:
    """Yield bodies: well-formed ones, ones that end too early or too late, and others."""
    for description, structure, fields in GOOD:
        yield _body(description, structure, joined(fields))
    for structure, fields in _first_of_each().items():
        yield from _damaged(structure, fields)
    for description, structure, field, octets in MALFORMED:
        yield _body(description, structure, octets, field)


def _first_of_each() -> dict[str, Typed]:
    found: dict[str, Typed] = {}
    for _, structure, fields in GOOD:
        found.setdefault(structure, fields)
    return found


def _damaged(structure: str, fields: Typed) -> Iterator[Vector]:
    """Yield the encodings of a body that end within each of its fields, or after the last."""
    for at, (name, octets) in enumerate(fields):
        if octets:
            cut = joined(fields[:at]) + octets[:-1]
            yield _body(f"ends within {name}", structure, cut, name)
    name = "[1].timestamp" if structure == "NotifyRequest" else ""
    yield _body("an octet more than there should be", structure, joined(fields) + b"\0", name)


def _body(description: str, structure: str, octets: bytes, at: str | None = None) -> Vector:
    form = form_of_octets(structure, octets)
    assert form["at"] == at, (description, structure, form["at"], at)  # noqa: S101 - it is typed
    given = {"structure": structure, "octets": octets}
    return {"kind": "protocol-body", "description": description} | given | form
