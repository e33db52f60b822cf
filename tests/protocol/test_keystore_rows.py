"""Stored key packages in rows; and that none is given twice, whoever is faster."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocol.offering import (
    DAY,
    LAPTOP,
    MS,
    PHONE,
    claimed,
    given_of,
    kept,
    offering,
    packages,
    references,
)
from protocol.providers import ALICE, BOB, CATHY, device, octets
from tree.members import SUITE

from mimi.codec import encode
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.rows import RowEdit
from mimi.protocol.keystore import KeyStore
from mimi.protocol.keystore_rows import key_changes, load_keys, name_of, save_keys
from mimi.protocol.offers import UserKeys

USER, NOBODY = octets(BOB), UserKeys()


def test_a_store_in_rows():
    (last,) = packages(device(BOB), last_resort=True)
    store = offering(3, 2).stored(USER, PHONE, [last], now=MS).deleted(octets(CATHY))
    rows = save_keys(store)
    assert max(map(len, rows.values())) < 1000
    steps = [claimed(store).store]
    steps.append(claimed(steps[-1]).store)
    steps.append(steps[-1].used(list(steps[-1].given)[:2]))
    steps.append(steps[-1].withdrawn(USER, LAPTOP))
    steps.append(offering(2, user=ALICE, store=steps[-1]))
    steps.append(steps[-1].deleted(USER))
    steps.append(steps[-1].pruned(MS + 400 * DAY * 1000))
    before = store
    for each in steps:
        rows = kept(rows, key_changes(each, before))
        assert rows == save_keys(each)
        loaded = load_keys(rows)
        assert save_keys(loaded) == rows
        assert loaded.users == each.users
        assert loaded.given == each.given
        before = each
    assert key_changes(before, before).written == {}


def test_what_a_claim_writes():
    store = offering(5, 5, user=BOB)
    changes = key_changes(claimed(store).store, store)
    above = name_of(USER)
    assert {name.partition("/")[0] for name in changes.written} == {"client", "given"}
    assert (len(changes.written), len(changes.erased)) == (4, 2)
    assert all(name.startswith(f"key_package/{above}/") for name in changes.erased)
    assert sum(map(len, changes.written.values())) < 1000


def test_the_rows_of_one_user_suffice():
    store = offering(2, user=ALICE, store=offering(2, 1))
    rows, above = save_keys(store), name_of(USER)
    some = load_keys({name: row for name, row in rows.items() if above in name})
    assert claimed(some).response == claimed(store).response
    rows = kept(rows, key_changes(claimed(some).store, some))
    assert rows == save_keys(claimed(store).store)


def test_a_user_who_is_forgotten():
    store = offering(1)
    changes = key_changes(KeyStore(), store)
    assert kept(save_keys(store), changes) == {}


def test_rows_that_are_damaged():
    rows = save_keys(claimed(offering(2, 1)).store)
    by_kind: dict[str, str] = {}
    for name in rows:
        by_kind.setdefault(name.partition("/")[0], name)
    assert by_kind.keys() == {"user", "client", "key_package", "given"}
    for kind in ("user", "client", "key_package"):
        with pytest.raises(DamagedSnapshotError):
            load_keys({name: row for name, row in rows.items() if name != by_kind[kind]})
    for name in by_kind.values():
        moved = {**rows, f"{name[:-1]}g": rows[name]}
        with pytest.raises(DamagedSnapshotError):
            load_keys(moved)
    with pytest.raises(DamagedSnapshotError):
        load_keys({**rows, "stranger": rows[by_kind["user"]]})


def test_rows_that_say_something_else():
    store = claimed(offering(2, 1)).store
    assert repr(store) == "KeyStore(1 users, 2 given)"
    rows, made, above = save_keys(store), RowEdit(), name_of(USER)
    (package,) = packages(device(BOB, "tablet"))
    made.write("user/0", "user", {"user": USER, "deleted": False, "clients": 0})
    made.write(f"client/{above}/0", "client", {"client": PHONE, "offers": b""})
    offer = {"client": PHONE, "key_package": encode(package)}
    made.write(f"key_package/{above}/0", "key_package", offer)
    (reference,) = references([package])
    made.write(f"key_package/{above}/{reference.hex()}", "key_package", offer)
    made.write(f"key_package/{above}/1", "key_package", {**offer, "key_package": b""})
    given_ = {"client": PHONE, "not_after": 0, "last_resort": False, "used": False}
    for name in ("", "zz", "0A"):
        made.write(f"given/{name}", "given", given_)
    for name, row in made.written.items():
        with pytest.raises(DamagedSnapshotError):
            load_keys({**rows, name: row})


# Properties


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_key_package_is_given_twice_whoever_is_faster(data):
    """Workers read rows, and store what they did only where nobody was faster: or do it again."""
    made = packages(device(BOB), 4) + packages(device(BOB, "laptop"), 3)
    owners = [PHONE] * 4 + [LAPTOP] * 3
    rows, version = save_keys(KeyStore()), 0
    given_: list[bytes] = []
    held: dict[int, tuple[int, KeyStore]] = {}
    for _ in range(data.draw(st.integers(1, 25), "steps")):
        worker = data.draw(st.integers(0, 2), "worker")
        if worker not in held:
            held[worker] = (version, load_keys(rows))
            continue
        read, store = held.pop(worker)
        acts = st.sampled_from(["claim", "grant", "store", "use", "withdraw"])
        act, new = data.draw(acts, "act"), []
        if act == "claim":
            step = claimed(store)
            after, new = step.store, references(given_of(step))
        elif act == "grant" and USER in store.users:
            after, listed = store.granted(USER, [SUITE.code], now=MS)
            new = references(listed)
        elif act == "use":
            after = store.used(data.draw(st.lists(st.sampled_from(given_))) if given_ else [])
        elif act == "withdraw" and PHONE in store.users.get(USER, NOBODY).clients:
            after = store.withdrawn(USER, PHONE)
        else:
            at = data.draw(st.integers(0, len(made) - 1), "which")
            after = store.stored(USER, owners[at], [made[at]], now=MS)
        if read == version:
            rows, version = kept(rows, key_changes(after, store)), version + 1
            given_ += new
    assert len(set(given_)) == len(given_)
