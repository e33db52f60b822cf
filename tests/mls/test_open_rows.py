"""Groups whose rows are read as far as they are needed: what comes of it is what always does."""

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.opened import Looked, Watched, fetching
from mls.storage import altered, damaged, framed, payload_of, size_of, taken
from tree.members import NOW

from mimi.codec import cbor, encode
from mimi.crypto import SeededEntropy
from mimi.mls import Group, PublicGroup
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.proposal import Proposal, Remove
from mimi.mls.rows import RowNeededError
from mimi.mls.snapshot_context import LEAST, PIECE, divided
from mimi.tree.math import LeafIndex

LARGEST = 9 << 10
"""No row of a room is longer; members' credentials are some forty octets."""


def opened_room():
    """Return a room with three people who take part, and a hub."""
    room = Watched()
    people = room.enter("Alice", "Bob", "Carol")
    people[0].founds()
    people[0].commits(add=people[1:])
    return room, *people


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("add", "add", "remove", "path", "update", "join", "leave", "info")),
        st.integers(0, 1000),
    ),
    min_size=1,
    max_size=8,
)


def step(room: Watched, people: list, kind: str, number: int) -> None:
    """Let something happen in the room."""
    who, other = people[number % len(people)], people[number // 7 % len(people)]
    others = [at.leaf_index for at in who.group.members]
    passive = sorted(set(others) - {person.leaf for person in people})
    match kind:
        case "add":
            room.passive(who, add=number % 24 + 1)
        case "remove" if passive:
            chosen = SeededEntropy(number)
            some = [leaf for leaf in passive if chosen(1)[0] & 3] or passive[:1]
            room.passive(who, remove=tuple(map(LeafIndex, some)))
        case "path":
            room.passive(who)
        case "update" if who is not other:
            other.proposes(Group.propose_update)
            who.commits()
        case "join" if len(people) < 6:
            (guest,) = room.enter(f"late {len(room.people)}")
            guest.joins_from_outside(who)
            people.append(guest)
        case "leave" if who is not other and len(people) > 2:
            other.proposes(Group.propose_remove, who.leaf)
            other.commits()
            people.remove(who)
        case "info":
            assert room.hub is not None
            info = who.group.group_info(tree=bool(number % 2))
            group = PublicGroup.open(Looked(dict(room.hub.rows)))
            after = group.with_group_info(info)
            room.hub.rows |= after.changes_since(group).written
            room.hub.going = room.hub.going.with_group_info(info)


@settings(deadline=None, max_examples=25)
@given(steps=STEPS)
def test_what_is_opened_goes_on_as_what_is_loaded(steps):
    room, *people = opened_room()
    for kind, number in steps:
        step(room, people, kind, number)
    room.passive(people[0])
    assert max(map(len, room.hub.rows.values())) < LARGEST


def test_a_tree_that_grows_over_its_rows_and_shrinks_again():
    room, alice, *_ = opened_room()
    for size in (15, 17, 40, 150, 31, 16, 3):
        members = len(alice.group.members)
        gone = tuple(map(LeafIndex, range(size, members)))
        room.passive(alice, add=max(0, size - members), remove=gone)
        assert len(alice.group.members) == size
    assert room.hub.most_rounds <= 8


# A larger one


@cache
def crowd():
    """Return the rows of a group of 600, and a commit in it."""
    room = Watched()
    (alice,) = room.enter("Alice")
    alice.founds()
    packages = [room.guest() for _ in range(599)]
    draft = alice.group.commit(now=NOW, add=packages)
    before = draft.accept()
    group = PublicGroup.from_group_info(before.group_info(), now=NOW)
    return group.save(), before.commit(now=NOW).commit


def test_a_commit_reads_a_few_rows_and_writes_fewer():
    rows, wire = crowd()
    looked = Looked(rows)
    group = PublicGroup.open(looked)
    assert len(looked.seen) == 4
    after = taken(group, wire)
    assert sum(name.startswith("tree/") for name in looked.seen) == 3
    changes = after.changes_since(group)
    assert looked.octets() < 32 << 10
    assert size_of(dict(changes.written)) < 32 << 10
    assert max(map(len, rows.values())) < LARGEST
    assert len(rows) > 100


def test_rows_are_fetched_in_few_rounds():
    rows, wire = crowd()

    def work(there):
        group = PublicGroup.open(there, partial=True)
        after = taken(group, wire)
        return dict(after.changes_since(group).written), len(there)

    (written, fetched), rounds = fetching(rows, work)
    assert rounds <= 5
    assert fetched < 60
    group = PublicGroup.load(rows)
    assert written == dict(taken(group, wire).changes_since(group).written)


def test_a_row_that_is_needed_is_named():
    rows, _ = crowd()
    with pytest.raises(RowNeededError) as caught:
        PublicGroup.open({}, partial=True)
    assert caught.value.names == ("public_group", "contents", "capabilities")
    assert caught.value.where == {"names": caught.value.names}
    head = {name: rows[name] for name in caught.value.names}
    with pytest.raises(RowNeededError) as caught:
        PublicGroup.open(head, partial=True)
    assert caught.value.names == ("group_info",)
    group = PublicGroup.open({**head, "group_info": rows["group_info"]}, partial=True)
    with pytest.raises(RowNeededError) as caught:
        group.tree.node(0)
    assert caught.value.names == ("tree/2/0",)


# Damage


def everything(rows) -> None:
    """Open a group, and read all there is."""
    group = PublicGroup.open(rows)
    assert group.tree.nodes
    group.save()


@cache
def small():
    """Return the rows of a group of 40, with proposals and group info."""
    room, alice, bob, _ = opened_room()
    room.passive(alice, add=37)
    bob.commits()
    room.passive(alice, remove=(LeafIndex(20), LeafIndex(21)))
    rows = dict(room.hub.rows)
    group = PublicGroup.open(rows).with_group_info(alice.group.group_info())
    _, wire = bob.group.propose_update(now=NOW)
    return taken(group, wire).save(), alice.group.commit(now=NOW).commit


def test_an_altered_row_is_found_when_it_is_read():
    rows, _ = small()
    chosen = SeededEntropy(1)
    everything(rows)
    for name, row in rows.items():
        for _ in range(12):
            octets = bytearray(row)
            octets[int.from_bytes(chosen(4), "big") % len(row)] ^= 1 << chosen(1)[0] % 8
            with damaged(name):
                everything({**rows, name: bytes(octets)})
        with damaged(name):
            everything({**rows, name: row[:-1]})
        with damaged(name, "missing"):
            everything({at: each for at, each in rows.items() if at != name})


def test_a_row_is_not_that_of_another():
    rows, _ = small()
    trees = sorted(name for name in rows if name.startswith(("tree/", "keys/")))
    for one, another in pairwise(trees):
        with damaged(one):
            everything({**rows, one: rows[another]})


def test_the_tree_hash_vouches_for_what_is_read():
    """The digest is right: somebody has written another node, or another hash."""
    rows, wire = small()
    for name in ("tree/0/0", "tree/1/0"):
        kind, says = payload_of(rows[name])
        for field in ("nodes", "below"):
            octets = bytearray(says[field])
            octets[40 if field == "nodes" else 3] ^= 1
            forged = altered(rows, name, **{field: bytes(octets)})
            with damaged(name, "not that of the tree"):
                assert PublicGroup.open(forged).tree.nodes
            with pytest.raises(DamagedSnapshotError):
                taken(PublicGroup.open(forged), wire)
        assert framed(name, kind, cbor.encode(says)) == rows[name]


def test_numbers_beside_a_node_are_those_below_it():
    rows, _ = small()
    _, says = payload_of(rows["tree/1/0"])
    for at in (35, 39):
        octets = bytearray(says["below"])
        octets[at] += 1
        group = PublicGroup.open(altered(rows, "tree/1/0", below=bytes(octets)))
        with pytest.raises(DamagedSnapshotError, match="not that of the tree"):
            group.tree.node(0)


def test_a_row_of_an_epoch_before_is_found():
    rows, wire = small()
    group = PublicGroup.open(rows)
    written = taken(group, wire).changes_since(group).written
    for name in written:
        if name.startswith("tree/"):
            with damaged(name):
                everything({**rows, **written, name: rows[name]})


def misses(before: PublicGroup, after: PublicGroup, name: str) -> bool:
    """Return whether a key leaves a row of encryption keys."""
    number = int(name.rpartition("/")[2])
    old, new = (group.tree.stored_index().shards[0] for group in (before, after))
    return any(new.find(key) is None for key in old.shard(number))


def test_a_key_that_leaves_must_be_in_its_row():
    rows, wire = small()
    old = PublicGroup.open(rows)
    after = taken(old, wire)
    gone = {name for name in after.changes_since(old).written if name.startswith("keys/")}
    for name in sorted(gone):
        forged = altered(rows, name, entries=b"")
        group = PublicGroup.open(forged)
        after = taken(group, wire)
        if misses(old, after, name):
            with damaged(name, "missing"):
                after.changes_since(group)


@pytest.mark.parametrize("entries", [b"\0", b"\0\x20\0\1", b"\0\x20\0\1" + bytes(35), b"\0\0\1"])
def test_entries_that_are_cut(entries):
    rows, _ = small()
    with damaged("keys/0", "cut"):
        everything(altered(rows, "keys/0", entries=entries))


@pytest.mark.parametrize(("counts", "reason"), [(b"\0", "cut"), (b"\4\0\1\0\0\0\1", "of nothing")])
def test_counts_that_are_none(counts, reason):
    rows, _ = small()
    with damaged("capabilities", reason):
        PublicGroup.open(altered(rows, "capabilities", counts=counts))


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        ("contents", {"proposals": b"\0"}),
        ("contents", {"group_info": b"\2"}),
        ("group_info", {"ratchet_tree": b"\0"}),
        ("group_info", {"signer": b"\0"}),
        ("group_info", {"extensions": b"\1"}),
    ],
)
def test_rows_that_are_read_at_once(row, fields):
    rows, _ = small()
    with damaged(row):
        PublicGroup.open(altered(rows, row, **fields))


def sizes(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in numbers)


@pytest.mark.parametrize(
    "fields",
    [
        {"sizes": sizes(3, 70, 38)},
        {"sizes": sizes(1 << 21, 70, 38)},
        {"sizes": sizes(0, 70, 38)},
        {"sizes": sizes(64, 70, 0)},
        {"sizes": sizes(64, 70, 65)},
        {"sizes": sizes(64, 1 << 20, 38)},
        {"sizes": b"\0\0\0\1"},
        {"reinit": encode(Remove(LeafIndex(1)), Proposal)},
        {"reinit": b"\0"},
        {"interim_transcript_hash": bytes(32)},
        {"extensions": b"\0"},
        {"group_context": b"\0"},
        {"group_context": b"\1"},
    ],
)
def test_a_head_at_odds_with_itself(fields):
    rows, _ = small()
    with damaged("public_group"):
        PublicGroup.open(altered(rows, "public_group", **fields))


@pytest.mark.parametrize("rows", [None, 5, [], b"rows", [("public_group", b"")]])
def test_what_is_no_mapping(rows):
    with damaged("", "mapping"):
        PublicGroup.open(rows)


# The extensions in pieces


def bits(size: int, seed: int) -> bytes:
    entropy = SeededEntropy(seed)
    return b"".join(entropy(64) for _ in range(size // 64))


def test_pieces_are_found_again():
    octets = b"four" + bits(20 * PIECE, 1)
    pieces = divided(octets, ())
    assert b"".join(pieces) == octets
    assert max(map(len, pieces)) <= PIECE
    edited = b"FOUR" + octets[4 : 9 * PIECE] + octets[9 * PIECE + 40 :] + b"and more"
    again = divided(edited, pieces)
    assert b"".join(again) == edited
    assert max(map(len, again)) <= PIECE
    assert len(set(again) - set(pieces)) <= 4
    assert divided(edited, again) == again
    assert divided(octets, again)[2:8] == pieces[2:8]


@given(
    first=st.lists(st.integers(0, 9), max_size=20), second=st.lists(st.integers(0, 9), max_size=20)
)
def test_pieces_are_the_whole(first, second):
    blocks = [bits(LEAST, number) for number in range(10)]
    before, after = (b"".join(blocks[at] for at in chosen) for chosen in (first, second))
    pieces = divided(after, divided(before, ()))
    assert b"".join(pieces) == after
    assert all(0 < len(piece) <= PIECE for piece in pieces)
