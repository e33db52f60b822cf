"""The participant list and its updates (draft-ietf-mimi-protocol-06 section 7.5)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree.members import refused

from mimi.codec import encode
from mimi.errors import MalformedError
from mimi.policy.blocks import BLOCK
from mimi.policy.errors import (
    NoParticipantError,
    ParticipantIndexError,
    ParticipantUriError,
    RepeatedParticipantError,
    RoleZeroError,
    TwoOperationsError,
)
from mimi.policy.participants import Participants, is_pseudonym
from mimi.policy.structures import (
    ParticipantListData,
    ParticipantListUpdate,
    UserindexRolePair,
    UserRolePair,
)

Entries = list[tuple[bytes, int]]


def user(number: int) -> bytes:
    """Return a participant, of whom some are written in more octets of length than others."""
    name = f"user{number}" if number % 7 else f"user{number}-with-quite-a-long-name-" + "x" * 40
    return f"mimi://a.example/u/{name}".encode()


def entries(count: int) -> Entries:
    return [(user(number), 2 + number % 3) for number in range(count)]


def update(
    changed: dict[int, int] | None = None,
    removed: tuple[int, ...] = (),
    added: dict[bytes, int] | None = None,
) -> ParticipantListUpdate:
    return ParticipantListUpdate(
        tuple(UserindexRolePair(at, role) for at, role in (changed or {}).items()),
        removed,
        tuple(UserRolePair(who, role) for who, role in (added or {}).items()),
    )


def naively(listed: Entries, *updates: ParticipantListUpdate) -> Entries:
    """Return the list after updates: change, remove, append; all places are of the list before."""
    roles = {
        change.user_index: change.role_index
        for each in updates
        for change in each.changed_role_participants
    }
    removed = {index for each in updates for index in each.removed_indices}
    kept = [
        (who, int(roles.get(at, role)))
        for at, (who, role) in enumerate(listed)
        if at not in removed
    ]
    new = [pair for each in updates for pair in each.added_participants]
    return kept + [(pair.user, int(pair.role_index)) for pair in new]


def wire(listed: Entries) -> bytes:
    """Return the list as the codec writes it."""
    return encode(ParticipantListData(tuple(UserRolePair(*each) for each in listed)))


def check(participants: Participants, listed: Entries) -> None:
    """Check everything that can be read of a list."""
    assert list(participants) == listed
    assert participants.encode() == wire(listed)
    assert participants.users == tuple(who for who, _ in listed)
    assert dict(participants.roles) == dict(listed)
    assert len(participants) == len(listed)
    assert all(0 < len(block.users) <= BLOCK for block in participants.blocks)
    for at, (who, _) in enumerate(listed):
        assert participants.user(at) == who
        assert participants.index(who) == at
    again = Participants.decode(participants.encode())
    assert again == participants
    assert hash(again) == hash(participants)


# What it says


@pytest.mark.parametrize("count", [0, 1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 300])
def test_lists_of_all_lengths(count):
    listed = entries(count)
    check(Participants.of(listed), listed)
    assert Participants.decode(wire(listed), trusted=True) == Participants.of(listed)


def test_lists_are_compared_by_their_order():
    first, second = entries(2)
    assert Participants.of([first, second]) != Participants.of([second, first])
    assert Participants.of([first]) != [first]
    assert repr(Participants.of([first])) == "Participants(1 users)"


def test_nobody_is_at_another_place():
    participants = Participants.of(entries(BLOCK + 2))
    for index in (BLOCK + 2, 2**32 - 1, -1):
        with refused(ParticipantIndexError, index=index):
            participants.user(index)
    with refused(NoParticipantError, user=b"mimi://a.example/u/nobody"):
        participants.index(b"mimi://a.example/u/nobody")


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (b"mimi://a.example/p/alice", True),
        (b"mimi://a.example/u/alice", False),
        (b"mimi://p/u/p", False),
        (b"mimi://a.example", False),
    ],
)
def test_pseudonyms(who, expected):
    assert is_pseudonym(who) is expected
    assert list(Participants.of([(who, 2)])) == [(who, 2)]


# What updates do

PLACES = (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK, 299)


@pytest.mark.parametrize("at", PLACES)
def test_one_place_of_a_long_list(at):
    listed = entries(300)
    before = Participants.of(listed)
    for change in (update({at: 9}), update(removed=(at,)), update({at: 9}, (at ^ 1,))):
        check(before.updated([change]), naively(listed, change))
    check(before, listed)


@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1])
@pytest.mark.parametrize("coming", [1, 2, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_others_come_at_the_end(count, coming):
    listed = entries(count)
    change = update(added={user(1000 + number): 5 for number in range(coming)})
    after = Participants.of(listed).updated([change])
    check(after, naively(listed, change))
    assert [len(block.users) for block in after.blocks[:-1]] == [BLOCK] * (len(after.blocks) - 1)


def test_a_block_that_is_left_empty_is_gone():
    listed = entries(BLOCK + 1)
    without = Participants.of(listed).updated([update(removed=(BLOCK,))])
    check(without, listed[:-1])
    assert len(without.blocks) == 1
    nobody = Participants.of(listed).updated([update(removed=tuple(range(BLOCK + 1)))])
    check(nobody, [])
    check(nobody.updated([update(added={user(1): 2})]), [(user(1), 2)])


def test_all_places_are_of_the_list_before():
    """Of several updates of one commit too, in whatever order they stand."""
    listed = entries(6)
    first = update({5: 7, 0: 8}, (1,), {user(10): 9})
    second = update({2: 9}, (4, 3), {user(11): 3})
    before = Participants.of(listed)
    check(before.updated([first, second]), naively(listed, first, second))
    assert before.updated([first, second]).users == (
        *(user(0), user(2), user(5), user(10), user(11)),
    )
    assert before.updated([second, first]).users[-2:] == (user(11), user(10))


def test_an_update_without_changes():
    listed = entries(3)
    check(Participants.of(listed).updated([update()]), listed)
    assert Participants.of(listed).updated([]) == Participants.of(listed)


def test_a_change_in_the_terms_of_users():
    change = Participants.of(entries(4)).read([update({3: 9}, (0,), {user(7): 5})])
    assert change.changed == {user(3): 9}
    assert change.removed == (user(0),)
    assert change.added == {user(7): 5}
    assert change.places == {user(3): 3, user(0): 0}


@st.composite
def changes(draw: st.DrawFn, listed: Entries, new: int = 1000) -> list[ParticipantListUpdate]:
    """Return the updates of one commit, which are valid."""
    places = draw(st.lists(st.integers(0, max(len(listed) - 1, 0)), unique=True, max_size=6))
    places = places if listed else []
    split = draw(st.integers(0, len(places)))
    changed = {at: draw(st.integers(1, 2**32 - 1)) for at in places[:split]}
    coming = draw(st.integers(0, 4))
    added = {user(new + number): draw(st.integers(1, 9)) for number in range(coming)}
    whole = [update({at: role}) for at, role in changed.items()]
    whole += [update(removed=(at,)) for at in places[split:]]
    whole += [update(added={who: role}) for who, role in added.items()]
    if draw(st.booleans()):
        return [update(changed, tuple(places[split:]), added)]
    return draw(st.permutations(whole))


@given(st.data(), st.sampled_from([0, 1, 5, BLOCK - 2, BLOCK, BLOCK + 3, 2 * BLOCK + 1]))
@settings(max_examples=60, deadline=None)
def test_any_history_is_that_of_a_naive_list(data, count):
    listed = entries(count)
    participants = Participants.of(listed)
    for epoch in range(data.draw(st.integers(1, 5))):
        updates = data.draw(changes(listed, 1000 * (epoch + 1)))
        participants = participants.updated(updates)
        listed = naively(listed, *updates)
        assert list(participants) == listed
    check(participants, listed)


# Bad input

ANN, BEN, CAT = (f"mimi://a.example/u/{name}".encode() for name in ("ann", "ben", "cat"))
SMALL = Participants.of([(ANN, 2), (BEN, 3)])

BAD_UPDATES: dict[str, tuple[list[ParticipantListUpdate], Any, dict[str, object]]] = {
    "a change out of range": ([update({2: 3})], ParticipantIndexError, {"index": 2}),
    "a removal out of range": ([update(removed=(2,))], ParticipantIndexError, {"index": 2}),
    "the highest index": (
        [update(removed=(2**32 - 1,))],
        ParticipantIndexError,
        {"index": 2**32 - 1},
    ),
    "the place of who comes": (
        [update({2: 3}, (), {CAT: 2})],
        ParticipantIndexError,
        {"index": 2},
    ),
    "changed twice": (
        [ParticipantListUpdate((UserindexRolePair(0, 3), UserindexRolePair(0, 4)))],
        TwoOperationsError,
        {"user": ANN},
    ),
    "changed twice in two": ([update({0: 3}), update({0: 3})], TwoOperationsError, {"user": ANN}),
    "removed twice": ([update(removed=(1, 1))], TwoOperationsError, {"user": BEN}),
    "removed twice in two": (
        [update(removed=(1,)), update(removed=(1,))],
        TwoOperationsError,
        {"user": BEN},
    ),
    "changed and removed": ([update({1: 2}, (1,))], TwoOperationsError, {"user": BEN}),
    "changed and removed in two": (
        [update(removed=(1,)), update({1: 2})],
        TwoOperationsError,
        {"user": BEN},
    ),
    "added twice": (
        [ParticipantListUpdate((), (), (UserRolePair(CAT, 2), UserRolePair(CAT, 3)))],
        TwoOperationsError,
        {"user": CAT},
    ),
    "added twice in two": (
        [update(added={CAT: 2}), update(added={CAT: 2})],
        TwoOperationsError,
        {"user": CAT},
    ),
    "added and changed": ([update({0: 3}, (), {ANN: 3})], TwoOperationsError, {"user": ANN}),
    "added and removed": ([update({}, (0,), {ANN: 3})], TwoOperationsError, {"user": ANN}),
    "added and removed in two": (
        [update(added={ANN: 3}), update(removed=(0,))],
        TwoOperationsError,
        {"user": ANN},
    ),
    "added, and there": ([update(added={ANN: 3})], RepeatedParticipantError, {"user": ANN}),
    "changed to role 0": ([update({0: 0})], RoleZeroError, {"user": ANN}),
    "added in role 0": ([update(added={CAT: 0})], RoleZeroError, {"user": CAT}),
}


@pytest.mark.parametrize(("updates", "error", "where"), BAD_UPDATES.values(), ids=BAD_UPDATES)
def test_bad_updates(updates, error, where):
    with refused(error, **where):
        SMALL.updated(updates)
    assert list(SMALL) == [(ANN, 2), (BEN, 3)]


NO_USERS = {
    "empty": b"",
    "no URI": b"ann",
    "another scheme": b"https://a.example/u/ann",
    "not ASCII": "mimi://a.example/u/änn".encode(),
    "not UTF-8": b"mimi://a.example/u/\xff",
    "a NUL": b"mimi://a.example/u/\0",
    "a client": b"mimi://a.example/d/ann/phone",
    "a room": b"mimi://a.example/r/room",
    "a group": b"mimi://a.example/g/cm9vbQ",
    "capitals in the domain": b"mimi://A.example/u/ann",
    "a percent sign without need": b"mimi://a.example/u/%61nn",
    "a dot at the end": b"mimi://a.example./u/ann",
    "a slash at the end": b"mimi://a.example/u/ann/",
    "a provider's slash": b"mimi://a.example/",
    "a port": b"mimi://a.example:1/u/ann",
    "a query": b"mimi://a.example/u/ann?x",
    "a fragment": b"mimi://a.example/u/ann#x",
    "a blank": b"mimi://a.example/u/ann ",
}


@pytest.mark.parametrize("who", NO_USERS.values(), ids=NO_USERS)
def test_who_is_no_participant(who):
    with refused(ParticipantUriError, user=who):
        SMALL.updated([update(added={who: 2})])
    with refused(ParticipantUriError, user=who):
        Participants.of([(ANN, 2), (who, 2)])
    with refused(ParticipantUriError, user=who):
        Participants.decode(wire([(ANN, 2), (who, 2)]))


def test_bad_lists():
    with refused(RepeatedParticipantError, user=ANN):
        Participants.decode(wire([(ANN, 2), (BEN, 2), (ANN, 3)]))
    with refused(RoleZeroError, user=BEN):
        Participants.decode(wire([(ANN, 2), (BEN, 0)]))
    assert list(Participants.decode(wire([(ANN, 2), (BEN, 0)]), trusted=True))


@pytest.mark.parametrize("octets", [b"", b"\1", b"\0\0", wire([(ANN, 2)])[:-1], b"\x04\0\0\0\2\0"])
def test_lists_that_do_not_parse(octets):
    for trusted in (True, False):
        with pytest.raises(MalformedError) as caught:
            Participants.decode(octets, trusted=trusted)
        assert caught.value.path.startswith("ParticipantListData")


# Lists that are octets until somebody asks

PREFIXES = st.lists(
    st.integers(0, 3).flatmap(
        lambda size: st.just(b"mimi://a.example/u/" + b"x" * (size * 64 + size + 1))
    ),
    unique=True,
    max_size=4,
)


@given(PREFIXES, st.integers(1, 1 << 32 - 1))
def test_a_role_is_found_among_names_that_begin_alike(users, role):
    listed = Participants.of((user, role) for user in users)
    stored = Participants.decode(listed.encode(), trusted=True)
    for user in (*users, b"mimi://a.example/u/", b"mimi://a.example/u/" + b"x" * 7):
        assert stored.roles.get(user) == dict(listed).get(user)
        assert (user in stored.roles) == (user in users)
    assert len(stored) == len(users)
    assert stored == listed
    assert stored.blocks == listed.blocks


@pytest.mark.parametrize("asked", [0, 3, 20])
def test_a_stored_list_goes_on_as_any_other(asked):
    listed = Participants.of(entries(300))
    stored = Participants.decode(listed.encode(), trusted=True)
    for user, role in entries(asked):
        assert stored.roles[user] == role
    with pytest.raises(KeyError):
        stored.roles[b"nobody"]
    update = ParticipantListUpdate(
        (UserindexRolePair(7, 9),), (130,), (UserRolePair(b"mimi://b.example/u/new", 4),)
    )
    one, another = listed.updated([update]), stored.updated([update])
    assert one == another
    assert one.encode() == another.encode()
    assert dict(one.roles) == dict(another.roles)
    assert (
        another.differing(stored)
        == one.differing(listed)
        == {
            listed.user(7),
            listed.user(130),
            b"mimi://b.example/u/new",
        }
    )


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x05\x04mim", b"\x40\x00"])
def test_octets_that_are_no_list_are_said_to_be_none(data):
    with pytest.raises(MalformedError):
        Participants.decode(data, trusted=True)
