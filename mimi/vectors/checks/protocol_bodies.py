"""Bodies of requests and responses, and what is signed or encrypted in them."""

from typing import Any

from mimi.errors import MalformedError
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind
from mimi.vectors.protocol_form import (
    BODIES,
    body_in,
    decode_body,
    encode_body,
    form_of_body,
    place_of,
)


def check_body(case: Case) -> None:
    """Verify what a body says and its encoding, or where it cannot be read."""
    check_kind(case, "protocol-body")
    structure, octets = structure_in(case), case.octets("octets")
    for name, value in form_of_octets(structure, octets).items():
        case.same(name, value)
    if case.value("at") is None:
        with case.at("value"):
            written = encode_body(structure, body_in(case, "value", structure))
        case.equal("octets", written)


def structure_in(case: Case) -> str:
    """Return the name of the structure that a case is about.

    Raises:
        DifferenceError: There is none of this name.
    """
    structure = case.string("structure")
    if structure not in BODIES:
        raise DifferenceError(case.name("structure"), " or ".join(BODIES), shown(structure))
    return structure


def form_of_octets(structure: str, octets: bytes) -> dict[str, Any]:
    """Return what octets say: the fields of a case beside what is given."""
    try:
        value = decode_body(structure, octets)
    except MalformedError as error:
        return {"value": None, "at": place_of(structure, error)}
    return {"value": form_of_body(structure, value), "at": None}
