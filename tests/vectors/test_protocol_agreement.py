"""Any octets are read alike by `mimi` and by the reading of the draft in ``tests/naive``."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from naive import naive_extensions as ext
from naive.naive_protocol_wire import Unreadable, read_body, write_body
from naive.naive_wire import U16, U32, U64, write_opaque

from mimi.codec import encode, encode_all
from mimi.codec.decoder import _cases
from mimi.codec.strategy import strategy
from mimi.mls.proposal import Proposal
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


@pytest.fixture
def specified_proposals(monkeypatch):
    """No proposals but those of the specifications.

    What another module of tests declares, and does not take back, stays for as long as the process
    runs: it would be drawn here too, and the other reading does not know it.
    """
    for tag in set(Proposal.select.cases) - set(ext.PROPOSALS):
        monkeypatch.delitem(Proposal.select.cases, tag)
        monkeypatch.delitem(_cases(Proposal.select), tag, raising=False)


@pytest.mark.parametrize("structure", BODIES)
def test_any_octets_are_read_alike(structure, specified_proposals):
    assert set(Proposal.select.cases) == set(ext.PROPOSALS)

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(nearly(encodings(structure)))
    def alike(octets):
        ours, theirs = form_of_octets(structure, octets), naive_form(structure, octets)
        assert json.loads(json.dumps(ours)) == theirs
        if theirs["at"] is None and "\\x" not in json.dumps(theirs):  # all texts are UTF-8
            assert write_body(structure, theirs["value"]) == octets

    alike()


# What damage brings about once in some thousands of draws, written down

SOME = U16.write(0xF001) + write_opaque(b"any")
OTHER = U16.write(0xF002) + write_opaque(b"any")
BASIC = U16.write(ext.BASIC) + write_opaque(b"alice")


def leaf(credential: bytes = BASIC, extensions: bytes = b"") -> bytes:
    """A leaf of an Update, and the octets that say that a node is one."""
    content = write_opaque(b"encrypt") + write_opaque(b"sign") + credential
    capabilities, source = bytes(5), b"\x02"
    signed = content + capabilities + source + write_opaque(extensions)
    return b"\x01\x01" + signed + write_opaque(b"signature")


def parent(*unmerged: int) -> bytes:
    leaves = b"".join(map(U32.write, unmerged))
    return b"\x01\x02" + write_opaque(b"encrypt") + write_opaque(b"") + write_opaque(leaves)


def sealed(node: bytes, extensions: bytes = b"", *, context_extensions: bytes = b"") -> bytes:
    """A GroupInfoRatchetTreeTBE with a tree of one node, and no pending proposals."""
    context = U16.write(1) + U16.write(1) + write_opaque(b"group") + U64.write(1) + bytes(2)
    info = context + write_opaque(context_extensions) + write_opaque(extensions)
    signed = info + write_opaque(b"tag") + U32.write(0) + write_opaque(b"signature")
    return signed + b"\x01" + write_opaque(node) + b"\x00"


RARE = {
    "nothing": (sealed(leaf()), None),
    "two extensions": (sealed(leaf(extensions=SOME + OTHER), SOME + OTHER), None),
    "one twice": (sealed(leaf(), SOME + SOME), "group_info"),
    "one twice in the context": (sealed(leaf(), context_extensions=SOME + SOME), "group_info"),
    "one twice in a leaf": (sealed(leaf(extensions=SOME + SOME)), "ratchet_tree_option"),
    "unknown credential": (sealed(leaf(U16.write(5) + write_opaque(b""))), "ratchet_tree_option"),
    "GREASE": (sealed(leaf(U16.write(0x0A0A) + write_opaque(b""))), "ratchet_tree_option"),
    "no bindings": (sealed(leaf(U16.write(ext.MULTI) + write_opaque(b""))), None),
    "unmerged leaves": (sealed(parent(1, 2)), None),
    "one twice unmerged": (sealed(parent(1, 1)), "ratchet_tree_option"),
    "unmerged in disorder": (sealed(parent(2, 1)), "ratchet_tree_option"),
}


@pytest.mark.parametrize(("octets", "at"), RARE.values(), ids=RARE)
def test_what_a_draw_rarely_meets_is_read_alike(octets, at):
    ours = form_of_octets("GroupInfoRatchetTreeTBE", octets)
    assert ours["at"] == at
    assert naive_form("GroupInfoRatchetTreeTBE", octets) == ours
