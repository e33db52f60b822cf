"""Proposals and commits on the wire."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.epoch import COMMIT, OFFER, PROPOSALS
from tree.members import Group

from mimi.codec import GREASE_VALUES, decode, encode
from mimi.codec.strategy import strategy
from mimi.errors import MalformedError
from mimi.mls.proposal import Add, Commit, Proposal, ProposalOrRef, Remove, Update
from mimi.tree.codepoints import ProposalType

every_proposal = pytest.mark.parametrize(
    "proposal", PROPOSALS.values(), ids=[kind.__name__ for kind in PROPOSALS]
)


@every_proposal
def test_a_proposal_begins_with_its_type(proposal):
    octets = encode(proposal, Proposal)
    assert octets == int(proposal.tag).to_bytes(2, "big") + encode(proposal)
    assert decode(Proposal, octets) == proposal
    assert type(decode(Proposal, octets)) is type(proposal)


def test_there_is_a_proposal_of_each_type():
    types = {proposal.tag for proposal in PROPOSALS.values()}
    assert sorted(types) == [ProposalType(number) for number in range(1, 8)]


@every_proposal
def test_octets_behind_a_proposal_are_malformed(proposal):
    octets = encode(proposal, Proposal)
    for length in range(len(octets)):
        with pytest.raises(MalformedError):
            decode(Proposal, octets[:length])
    with pytest.raises(MalformedError):
        decode(Proposal, octets + b"\0")


@pytest.mark.parametrize("kind", [0, 11, 0xFFFF, *GREASE_VALUES[:2]])
def test_a_proposal_of_an_unknown_type_is_malformed(kind):
    with pytest.raises(MalformedError) as caught:
        decode(Proposal, kind.to_bytes(2, "big") + b"\0\0\0\1")
    assert caught.value.offset == 0


def test_a_removed_leaf_is_a_number_of_32_bits():
    assert encode(Remove(2**32 - 1)) == b"\xff\xff\xff\xff"
    assert decode(Remove, b"\0\0\0\0") == Remove(0)


def test_a_commit_holds_proposals_by_value_and_by_reference():
    octets = encode(COMMIT)
    assert octets == b"\x14" + b"\1\0\3\0\0\0\0" + b"\2\x0ba reference" + b"\0"
    assert decode(Commit, octets) == COMMIT
    assert decode(ProposalOrRef, b"\2\0") == b""
    for wrong in (0, 3, 255):
        with pytest.raises(MalformedError):
            decode(ProposalOrRef, bytes([wrong]) + b"\0")


def test_a_commit_may_have_a_path_and_no_proposals():
    path = Group.of(3).create(0).update_path
    for commit in (Commit((), path), Commit((Add(OFFER), Update(path.leaf_node)), path)):
        octets = encode(commit)
        assert decode(Commit, octets) == commit
        with pytest.raises(MalformedError):
            decode(Commit, octets + b"\0")
    with pytest.raises(MalformedError):
        decode(Commit, b"\0\2")


@settings(deadline=None, max_examples=50)
@given(commit=strategy(Commit), data=st.data())
def test_commits_round_trip(commit, data):
    octets = encode(commit)
    assert decode(Commit, octets) == commit
    with pytest.raises(MalformedError):
        decode(Commit, octets[: data.draw(st.integers(0, len(octets) - 1))])
