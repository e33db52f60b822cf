"""What senders have seen last: lists of one kind of ID, graphs of them, and loops in those."""

import pytest
from content.published import PUBLISHED_IDS
from hypothesis import given
from hypothesis import strategies as st

from mimi.codec import cbor
from mimi.codec.cddl import OutOfRangeError
from mimi.codec.document import value_of
from mimi.content.companions import ExternalMessageId, ScopeURI
from mimi.content.errors import (
    EmptyLastSeenError,
    ExcessiveLastSeenError,
    ExtensionValueError,
    LastSeenLoopError,
    MessageIdSizeError,
    MixedLastSeenError,
    UnexpectedScopeError,
    UnknownHashError,
)
from mimi.content.extensions import Extensions
from mimi.content.last_seen import (
    MOST_LAST_SEEN,
    LastSeen,
    check_last_seen,
    check_loop,
    latest,
)
from mimi.content.message import decode, encode
from mimi.content.model import Message, NullPart
from mimi.errors import UsageError

ID = b"\x01" + bytes(31)
OTHER = b"\x01" + bytes(30) + b"\x01"
EXTERNAL = ExternalMessageId(b"a", 311)


def message(*extensions):
    return Message(bytes(16), None, b"", None, None, Extensions.of(extensions), NullPart())


def octets_with(value):
    return cbor.encode([bytes(16), None, b"", None, None, {256: value}, [1, "", 0]])


def external(name):
    return ExternalMessageId(name.encode(), "example.com")


# Lists


def test_the_drafts_example():
    # draft-ietf-mimi-content-08 section 6.3, which shows four levels
    made = message(
        LastSeen(
            (
                ExternalMessageId(b"\x12\x34", ScopeURI("http://example.com")),
                ExternalMessageId(b"\x34\x56", 5771),
            )
        )
    )
    octets = encode(made)
    assert octets[22:-4].hex() == (
        "a1" + "190100" + "82" + "82421234d82072" + b"http://example.com".hex() + "8242345619168b"
    )
    assert decode(octets) == made


ids = st.binary(min_size=31, max_size=31).map(lambda rest: b"\x01" + rest)
scopes = st.integers(1, (1 << 64) - 1) | st.text(max_size=9) | st.text(max_size=9).map(ScopeURI)
externals = st.builds(ExternalMessageId, st.binary(max_size=9), scopes)


@given(st.lists(ids, max_size=5) | st.lists(externals, max_size=5))
def test_any_list_returns(references):
    made = LastSeen(tuple(references))
    received = decode(encode(message(made))).extensions.find(LastSeen)
    assert received == made


def test_the_longest_list_returns():
    longest = LastSeen((ExternalMessageId(b"", ScopeURI("a:")),) * MOST_LAST_SEEN)
    octets = encode(message(longest))
    assert len(octets) < 1 << 20
    assert decode(octets).extensions.find(LastSeen) == longest


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ((ID, (b"a", 311)), MixedLastSeenError),
        (((b"a", 311), ID), MixedLastSeenError),
        (((b"a", 311), (b"b", 311), ID), MixedLastSeenError),
        (((b"a", 311),) * (MOST_LAST_SEEN + 1), OutOfRangeError),
        ((ID[1:],), MessageIdSizeError),
        ((ID + b"\0",), MessageIdSizeError),
        ((bytes(32),), UnknownHashError),
    ],
)
def test_a_mix_an_excess_and_what_is_no_id_are_not_decoded(value, error):
    with pytest.raises(error) as caught:
        value_of(LastSeen, value)
    assert type(caught.value) is error
    with pytest.raises(ExtensionValueError) as refused:
        decode(octets_with(value))
    assert refused.value.path == "Message.extensions[256]"
    assert caught.value.reason in refused.value.reason
    with pytest.raises(UsageError):
        Extensions({256: value})


@pytest.mark.parametrize("value", [None, ID, {}, (1,), ("a",), ((b"a",),), ((b"a", 0),), (None,)])
def test_another_shape_is_not_decoded(value):
    with pytest.raises(ExtensionValueError):
        decode(octets_with(value))


@pytest.mark.parametrize("references", [(ID, EXTERNAL), (EXTERNAL, ID), (ID[1:],), (None,)])
def test_what_could_not_be_decoded_is_no_extension(references):
    with pytest.raises(UsageError):
        message(LastSeen(references))


# What to send: the draft's story of the pizza


def test_the_latest_messages_are_those_that_nobody_has_seen():
    known = {"Alice": []}
    assert latest({}) == LastSeen(())
    assert latest(known) == LastSeen(("Alice",))
    known |= {"Bob": ["Alice"], "Cathy": ["Alice"]}
    assert latest(known) == LastSeen(("Bob", "Cathy"))
    known |= {"Doug": ["Bob", "Cathy"]}
    assert latest(known) == LastSeen(("Doug",))


@given(st.lists(st.sets(st.integers(0, 19), max_size=3), max_size=20))
def test_in_a_graph_of_any_shape_all_is_seen_from_the_latest(choices):
    names = [external(str(number)) for number in range(20)]
    known = {
        names[at]: [names[number] for number in chosen if number < at]
        for at, chosen in enumerate(choices)
    }
    waiting = list(latest(known).ids)
    reached = set()
    while waiting:
        reference = waiting.pop()
        reached.add(reference)
        waiting += known[reference]
    assert reached == set(known)


# Anomalies (section 7)


@pytest.mark.parametrize("references", [(ID,), (EXTERNAL,), (ID, OTHER)])
@pytest.mark.parametrize("sender_has_sent", [True, False])
def test_whoever_has_seen_something(references, sender_has_sent):
    check_last_seen(LastSeen(references), sender_has_sent=sender_has_sent)


def test_nothing_seen_and_nothing_sent():
    check_last_seen(LastSeen(()), sender_has_sent=False)


def test_nothing_seen_but_something_sent():
    with pytest.raises(EmptyLastSeenError) as caught:
        check_last_seen(LastSeen(()), sender_has_sent=True)
    assert type(caught.value) is EmptyLastSeenError


def test_more_seen_than_the_system_expects():
    seen = LastSeen((ID,) * 5)
    check_last_seen(seen, sender_has_sent=True, most=5)
    with pytest.raises(ExcessiveLastSeenError) as caught:
        check_last_seen(seen, sender_has_sent=True, most=4)
    assert caught.value.where == {"count": 5, "permitted": 4}
    with pytest.raises(ExcessiveLastSeenError):
        check_last_seen(LastSeen((ID,) * (MOST_LAST_SEEN + 1)), sender_has_sent=True)


def test_a_scope_that_is_not_expected():
    seen = LastSeen((EXTERNAL, ExternalMessageId(b"b", 312)))
    check_last_seen(seen, sender_has_sent=True)
    check_last_seen(seen, sender_has_sent=True, scopes={311, 312})
    check_last_seen(LastSeen((ID,)), sender_has_sent=True, scopes=set())
    with pytest.raises(UnexpectedScopeError) as caught:
        check_last_seen(seen, sender_has_sent=True, scopes={311})
    assert caught.value.where == {"scope": 312}


# Loops


def loop(own, graph, most_followed=1000):
    """Check the message *own* of a graph, whose other messages are known."""
    known = {name: references for name, references in graph.items() if name != own}
    check_loop(
        LastSeen(tuple(graph[own])),
        own=(own,),
        last_seen_of=known.get,
        most_followed=most_followed,
    )


A, B, C, D = (external(name) for name in "ABCD")


@pytest.mark.parametrize(
    "graph",
    [
        {A: []},
        {A: [B]},  # B is not known
        {A: [B], B: []},
        {A: [B, C], B: [D], C: [D], D: []},
        {A: [B], B: [C], C: [B]},  # not A's fault
    ],
)
def test_no_loop(graph):
    loop(A, graph)


@pytest.mark.parametrize(
    "graph",
    [
        {A: [A]},
        {A: [B], B: [A]},
        {A: [B], B: [C], C: [A]},
        {A: [B, C], B: [], C: [D], D: [B, A]},
    ],
)
def test_a_loop_that_the_last_of_its_messages_closes(graph):
    with pytest.raises(LastSeenLoopError) as caught:
        loop(A, graph)
    assert caught.value.where == {"message": "41"}


def test_both_ids_of_a_message_close_a_loop():
    # Alice names Bob's external ID before there is such a message; Bob has seen Alice's.
    known = {ID: (B,)}
    with pytest.raises(LastSeenLoopError):
        check_loop(LastSeen((ID,)), own=(OTHER, B), last_seen_of=known.get)
    with pytest.raises(LastSeenLoopError) as caught:
        check_loop(LastSeen((OTHER,)), own=(OTHER, B), last_seen_of=known.get)
    assert caught.value.where == {"message": OTHER.hex()}


def chain(length):
    """Give messages, each of which has seen the one before, and the first of them the last."""
    names = [external(str(number)) for number in range(length)]
    return names, {name: [names[at - 1]] for at, name in enumerate(names)}


def test_a_loop_of_any_length_is_found():
    names, graph = chain(50_000)
    with pytest.raises(LastSeenLoopError):
        loop(names[7], graph, most_followed=50_000)


def test_no_message_takes_more_time_than_permitted():
    names, graph = chain(1000)
    asked = []

    def last_seen_of(reference):
        asked.append(reference)
        return graph[reference]

    check_loop(LastSeen((names[9],)), own=(A,), last_seen_of=last_seen_of, most_followed=50)
    assert len(asked) == 50
    loop(names[0], graph, most_followed=999)
    with pytest.raises(LastSeenLoopError):
        loop(names[0], graph, most_followed=1000)


def test_each_message_is_looked_at_once():
    # Of 40 generations of two, each has seen both of the one before: 2**40 ways lead back to A.
    names = [(external(f"{number} left"), external(f"{number} right")) for number in range(40)]
    graph = {name: names[at - 1] if at else (A,) for at, pair in enumerate(names) for name in pair}
    with pytest.raises(LastSeenLoopError):
        check_loop(LastSeen(names[-1]), own=(A,), last_seen_of=graph.get, most_followed=81)


@given(st.lists(st.sets(st.integers(0, 9), max_size=3), min_size=10, max_size=10))
def test_a_loop_is_found_where_there_is_a_way_back(choices):
    names = [external(str(number)) for number in range(10)]
    graph = {names[at]: [names[number] for number in chosen] for at, chosen in enumerate(choices)}
    reached = set(choices[0])
    for _ in range(10):
        reached |= {number for at in reached if at for number in choices[at]}
    if 0 in reached:
        with pytest.raises(LastSeenLoopError):
            loop(names[0], graph)
    else:
        loop(names[0], graph)


def test_published_ids_make_a_list():
    made = message(LastSeen(tuple(PUBLISHED_IDS.values())))
    assert decode(encode(made)) == made
