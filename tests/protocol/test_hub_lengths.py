"""How long may be what a hub takes: followers and joiners take all that comes of it (section 5)."""

import pytest
from client import neighbourhood
from protocol.endpoint_cases import asking
from protocol.endpoint_cases import said as said_by_bob
from protocol.hall import BOB, NOT_ALLOWED, ROOM, A, B, C, Hall, bundle_of, changed_bundle, told

from mimi.client.changes import request_of
from mimi.codec import decode, encode, replace
from mimi.identity import UserUri
from mimi.mls import MLSMessage, safe_aad
from mimi.protocol import (
    Endpoint,
    FullGroupInfo,
    SealedGroupInfo,
    notify_body,
    open_group_info,
    read_response,
    respond,
)
from mimi.protocol.http import MOST_OCTETS
from mimi.protocol.http_errors import ContentLengthError, Status
from mimi.protocol.hub_commits import MOST_INFO_OCTETS
from mimi.protocol.hub_proposals import MOST_OCTETS_OF_ALL, MOST_PENDING_OCTETS
from mimi.protocol.hub_refusals import MOST_MESSAGE
from mimi.tree.extension import Extension

NOBODYS = 0xF000
"""A component, and an extension, that nobody knows."""
MUCH = 1 << 19
"""So many octets that their number takes as many octets as that of any greater number here."""


@pytest.fixture
def hall():
    hall = Hall().furnished("bob", "cathy")
    hall.buy("cathy", "tablet")
    return hall


def padding(octets):
    """Return authenticated data with so many octets."""
    return safe_aad([(NOBODYS, bytes(octets))])


def of_length(request, length):
    """Return a message that is so long."""
    outer = request.app_message
    much = replace(outer.body, ciphertext=bytes(MUCH))
    body = replace(much, ciphertext=bytes(MUCH + length - len(encode(much))))
    return replace(request, app_message=replace(outer, body=body))


# What followers take


def test_the_longest_message_is_taken_by_all_who_follow_the_room(hall):
    request = hall.message("bob/phone")
    with pytest.raises(ContentLengthError):
        hall.asked(of_length(request, MOST_MESSAGE + 1), B)
    step = hall.taken(of_length(request, MOST_MESSAGE), B)
    lengths = {to: len(notify_body([message])) for to, message in told(step)}
    assert lengths.keys() == {"a.example", "b.example", "c.example"}
    assert max(lengths.values()) <= MOST_OCTETS


def test_a_message_that_nobody_could_be_told_of_stops_nobody():
    """The request is as long as one may be: with time and stamp it would be longer."""
    short = said_by_bob()
    rest = len(encode(short)) - len(encode(short.app_message.body))
    case = asking(Endpoint.SUBMIT_MESSAGE, ROOM, of_length(short, MOST_OCTETS - rest))
    assert len(case.request.body) == MOST_OCTETS
    step = case.step()
    assert step.response.status == Status.CONTENT_TOO_LARGE
    assert step.state is case.state
    assert step.effects == ()


def test_a_commit_that_nobody_could_be_told_of(hall):
    with pytest.raises(ContentLengthError):
        hall.asked(hall.commit("alice/phone", aad=padding(MOST_OCTETS)), A)


def test_what_the_hub_proposes_with_a_commit_counts(hall):
    """Bob is to go: after an external commit the hub says so anew, and beside it."""
    hall.wanted_out(BOB)
    with_much = told(hall.asked(hall.intruding("cathy/tablet", aad=padding(MUCH)), C))[0][1]
    assert with_much.attached.external_proposals
    most = MUCH + MOST_OCTETS - len(encode(with_much))
    beside = sum(len(encode(each)) for each in with_much.attached.external_proposals)
    grease = 64  # one's own leaf may have a few octets more or less
    assert beside > 4 * grease
    with pytest.raises(ContentLengthError):
        hall.asked(hall.intruding("cathy/tablet", aad=padding(most + grease)), C)
    step = hall.taken(hall.intruding("cathy/tablet", aad=padding(most - grease)), C)
    (length,) = {len(notify_body([each])) for _, each in told(step)}
    assert MOST_OCTETS - 2 * grease <= length <= MOST_OCTETS


# What joiners take


@pytest.fixture
def crowd(monkeypatch):
    """Return a room with so many users that they can propose too much together."""
    for name in ("dora", "emil"):
        monkeypatch.setitem(neighbourhood.USERS, name, UserUri(B, name))
    hall = Hall().furnished("alice", "bob", "cathy", "dora", "emil")
    hall.buy("cathy", "tablet")
    return hall


def updating(hall, name, octets):
    """Return a proposal by which a client brings its leaf up to date, with so many octets more."""
    group = hall.of(name).group
    _, wire = group.propose_update(now=hall.now // 1000, aad=padding(octets))
    return bundle_of([wire])


def test_what_one_user_proposes_is_not_longer_than_anybody_needs(hall):
    hall.taken(updating(hall, "bob/phone", MOST_PENDING_OCTETS // 2), B)
    long = updating(hall, "bob/laptop", MOST_PENDING_OCTETS // 2)
    hall.refused(long, B, NOT_ALLOWED, "the proposals of mimi://b.example/u/bob are too long")
    hall.taken(updating(hall, "bob/laptop", 10), B)
    hall.taken(updating(hall, "cathy/phone", MOST_PENDING_OCTETS // 2), C)


def test_two_proposals_of_one_request_are_not_longer_either(hall):
    each = [updating(hall, f"bob/{kind}", MOST_PENDING_OCTETS // 2) for kind in ("phone", "laptop")]
    wires = [encode(one.bundle.proposal_or_commit) for one in each]
    hall.refused(bundle_of(wires), B, NOT_ALLOWED, "the proposals of mimi://b.example/u/bob")
    hall.taken(bundle_of(wires[:1]), B)


def test_who_joins_takes_all_that_is_pending(crowd):
    most = MOST_PENDING_OCTETS - 1024
    for name in ("alice", "bob", "cathy", "dora"):
        provider = neighbourhood.USERS[name].provider
        crowd.taken(updating(crowd, f"{name}/phone", most), provider)
    long = updating(crowd, "emil/phone", most)
    crowd.refused(long, B, NOT_ALLOWED, "the pending proposals are too long")
    asking_, sealed = crowd.answer("cathy/tablet")
    answer = respond(Endpoint.GROUP_INFO, sealed)
    assert MOST_OCTETS_OF_ALL - 8192 < len(answer.body) < MOST_OCTETS_OF_ALL + 65536
    read = read_response(
        Endpoint.GROUP_INFO, answer.status, answer.headers, answer.body, now=crowd.now // 1000
    )
    assert type(read.content.status) is SealedGroupInfo
    opened = open_group_info(ROOM, asking_.request, read.content, asking_.private)
    assert len(opened.pending_proposals) == 4


def test_who_joins_takes_the_group_info(hall):
    group = hall.of("alice/phone").group
    draft = group.commit(now=hall.now // 1000)
    request, after = request_of(draft.commit, None, draft.accept()), draft.accept()

    def saying(octets):
        info = after.group_info(tree=False, extensions=(Extension(NOBODYS, bytes(octets)),))
        return changed_bundle(
            request, group_info_option=FullGroupInfo(decode(MLSMessage, info).body)
        )

    hall.refused(saying(MOST_INFO_OCTETS), A, NOT_ALLOWED, "the extensions of the group info")
    hall.taken(saying(MOST_INFO_OCTETS - 100), A)
