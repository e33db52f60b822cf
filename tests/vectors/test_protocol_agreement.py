"""Any octets are read alike by `mimi` and by the reading of the draft in ``tests/naive``."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from naive.naive_protocol_wire import Unreadable, read_body, write_body

from mimi.codec import encode, encode_all
from mimi.codec.strategy import strategy
from mimi.protocol import FanoutMessage
from mimi.vectors.checks.protocol_bodies import form_of_octets
from mimi.vectors.protocol_form import BODIES, NOTIFY_REQUEST


def encodings(structure: str) -> st.SearchStrategy[bytes]:
    """Encodings of any values of a structure."""
    if structure == NOTIFY_REQUEST:
        events = st.lists(strategy(FanoutMessage), max_size=3)
        return events.map(lambda listed: encode_all(listed, FanoutMessage))
    return strategy(BODIES[structure]).map(lambda value: encode(value, BODIES[structure]))


@st.composite
def nearly(draw: Any, good: st.SearchStrategy[bytes]) -> bytes:
    """An encoding, or one that is damaged somewhere."""
    octets = draw(good)
    at = draw(st.integers(0, max(len(octets) - 1, 0)))
    others = st.binary(min_size=1, max_size=1)
    return draw(
        st.just(octets)
        | st.just(octets[:at])
        | st.just(octets + b"\0")
        | others.map(lambda other: octets[:at] + other + octets[at + 1 :])
    )


def naive_form(structure: str, octets: bytes) -> dict[str, Any]:
    try:
        value = read_body(structure, octets)
    except Unreadable as error:
        return {"value": None, "at": error.at}
    return {"value": value, "at": None}


@pytest.mark.parametrize("structure", BODIES)
def test_any_octets_are_read_alike(structure):
    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(nearly(encodings(structure)))
    def alike(octets):
        ours, theirs = form_of_octets(structure, octets), naive_form(structure, octets)
        assert json.loads(json.dumps(ours)) == theirs
        if theirs["at"] is None and "\\x" not in json.dumps(theirs):  # all texts are UTF-8
            assert write_body(structure, theirs["value"]) == octets

    alike()
