"""Rows that are not what was stored: each is refused as damage, and nothing else ever comes out."""

import functools
from collections.abc import Iterator
from typing import Any

import pytest
from mls.meeting import gathered
from mls.storage import (
    altered,
    client,
    damaged,
    eventful,
    follower,
    framed,
    payload_of,
    reloaded,
)
from tree.members import SUITE

from mimi.codec import cbor, decode, encode
from mimi.crypto import SeededEntropy
from mimi.errors import UsageError
from mimi.mls import Client, Group, KeyPackage, PublicGroup, Settings
from mimi.mls.errors import DamagedSnapshotError, NewerSnapshotError
from mimi.mls.proposal import Proposal, Remove
from mimi.mls.snapshot_tree import MOST_LEAVES, check_width
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndex

VALUES = {"group": eventful, "public group": follower, "client": client}


@functools.cache
def stored_value(what: str) -> Any:
    return VALUES[what]()


every_value = pytest.mark.parametrize("what", VALUES)


def rows_of(what: str) -> dict[str, bytes]:
    return stored_value(what).save()


def survives(what: str, rows: Any) -> bool:
    """Load rows: return whether they are taken, and see that they are refused as damage if not."""
    try:
        loaded = reloaded(stored_value(what), rows)
    except DamagedSnapshotError:
        return False
    loaded.save()
    return True


def refuses(what: str, rows: Any) -> None:
    assert not survives(what, rows)


# Octets


def below(entropy: SeededEntropy, limit: int) -> int:
    """Return a number that is less than *limit*."""
    return int.from_bytes(entropy(8)) % limit


def places(size: int, entropy: SeededEntropy, most: int) -> list[int]:
    """Return some places in octets: all of the first and the last, and others at random."""
    ends = [*range(min(size, 4)), *range(max(size - 4, 0), size)]
    return sorted({*ends, *(below(entropy, size) for _ in range(most))})


@every_value
def test_a_row_that_was_cut_is_refused(what):
    rows, chosen = rows_of(what), SeededEntropy(1)
    for name, row in rows.items():
        for size in places(len(row), chosen, 10):
            with damaged(name):
                reloaded(stored_value(what), {**rows, name: row[:size]})
        with damaged(name):
            reloaded(stored_value(what), {**rows, name: row + b"\0"})


@every_value
def test_a_row_in_which_a_bit_has_changed_is_refused(what):
    rows, chosen = rows_of(what), SeededEntropy(2)
    for name, row in rows.items():
        for place in places(len(row), chosen, 20):
            octets = bytearray(row)
            octets[place] ^= 1 << below(chosen, 8)
            with damaged(name):
                reloaded(stored_value(what), {**rows, name: bytes(octets)})


@every_value
def test_a_row_that_is_missing_is_noticed(what):
    rows = rows_of(what)
    for name in rows:
        refuses(what, {at: row for at, row in rows.items() if at != name})


@every_value
def test_rows_that_were_swapped_are_noticed(what):
    rows, chosen = rows_of(what), SeededEntropy(3)
    names = list(rows)
    for _ in range(40):
        another = names[1 + below(chosen, len(names) - 1)]
        one = names[below(chosen, names.index(another))]
        with damaged(one):
            reloaded(stored_value(what), {**rows, one: rows[another], another: rows[one]})


STRANGE = (
    *("", "/", "group/", "groups", "tree", "tree/0", "tree/0/00", "tree/0/-1", "tree/0/1/2"),
    *("tree/0/9", "tree/9/0", "tree/0/ 1", "tree/0/1 ", "tree/0/\u0661", "tree/0/" + "9" * 5000),
    *("proposal", "proposal/", "proposal/0", "proposal/zz", "proposal/AB", "proposal/ab cd"),
    *("update/AB", "update/x", "psk/00", "psk/x", "held/1", "sent/0", "contents/0"),
    *(
        "epoch/",
        "epoch/99",
        "epoch/x",
        "epoch/1/secret/0",
        "epoch/7/secret/x",
        "epoch/7/sender/1e0",
    ),
    *("key_package/00", "key_package/x", "client", "group", "public_group", "group_info", "held"),
)


@every_value
@pytest.mark.parametrize("name", STRANGE)
def test_rows_that_nobody_stores_are_refused(what, name):
    rows = rows_of(what)
    for kind, says in {payload_of(row)[0]: payload_of(row)[1] for row in rows.values()}.items():
        if name not in rows:
            refuses(what, {**rows, name: framed(name, kind, cbor.encode(says))})


@every_value
@pytest.mark.parametrize(
    "rows",
    [
        *(5, "rows", b"rows", [], [("group", b"")], {}, {"group": None}, {1: b""}),
        *({b"group": b""}, {"group": "text"}, {"group": bytearray(1)}, {"group": b""}),
        *({"\ud800": b""}, {"group": memoryview(b"x")}, {"group": b"\xff" * 9}, {None: None}),
    ],
)
def test_what_is_no_rows_is_refused(what, rows):
    refuses(what, rows)
    if isinstance(rows, dict):
        assert survives(what, {**rows_of(what), **rows}) == (not rows)


@every_value
def test_nothing_is_no_rows(what):
    with damaged("", "not a NoneType"):
        kind = type(stored_value(what))
        kind.load(None, **({} if kind is PublicGroup else {"settings": Settings()}))


@every_value
def test_a_row_is_of_one_kind(what):
    rows = rows_of(what)
    for name, row in rows.items():
        kind, says = payload_of(row)
        with damaged(name, f"not {kind!r}"):
            reloaded(stored_value(what), {**rows, name: framed(name, "another", cbor.encode(says))})


def test_frames_of_another_shape_are_refused():
    rows, payload = rows_of("group"), cbor.encode({"sent_octets": 1})
    tag, kind, version, _, digest = cbor.decode(framed("sent", "sent", payload))
    whole = [tag, kind, version, payload, digest]
    frames = [whole[:place] + whole[place + 1 :] for place in range(5)]
    frames += [[*whole, 1], [], {}, tag, None, [whole], dict(enumerate(whole)), 5, 1.5]
    frames += [
        [*whole[:place], other, *whole[place + 1 :]]
        for place in range(5)
        for other in (None, True, 1.0, -1, 1 << 63, "text", b"octets", [], {})
    ]
    for frame in frames:
        with damaged("sent"):
            Group.load({**rows, "sent": cbor.encode(frame)}, settings=Settings())
    with damaged("sent", "digest"):
        Group.load(
            {**rows, "sent": framed("sent", "sent", payload, tag="mini")}, settings=Settings()
        )


@pytest.mark.parametrize("value", [None, 1, "text", b"octets", [], [1], [[]], True, 1.5])
def test_a_row_says_a_map(value):
    for what in VALUES:
        rows = rows_of(what)
        for name, row in rows.items():
            kind, _ = payload_of(row)
            with damaged(name, "no map"):
                reloaded(stored_value(what), {**rows, name: framed(name, kind, cbor.encode(value))})


@pytest.mark.parametrize("payload", [b"", b"\xff", b"\xa1", b"\xa2\x01\x01\x01\x02", b"\xa0\x00"])
def test_a_payload_is_deterministic_cbor(payload):
    rows = rows_of("group")
    with damaged("sent"):
        Group.load({**rows, "sent": framed("sent", "sent", payload)}, settings=Settings())


# What rows say, under a digest that is right


ODD = (None, True, False, -1, 0, 1, (1 << 64) - 1, 1.5, "text", b"", b"\0", bytes(32), [], {})


def variants(says: Any) -> Iterator[Any]:
    """Yield what a row could say instead, at each place in it."""
    yield from ODD
    if isinstance(says, dict):
        for key, value in says.items():
            rest = {at: item for at, item in says.items() if at != key}
            yield rest
            for other in ("unknown", -1, 1 << 40, (1 << 64) - 1, b"key"):
                yield {**rest, other: value}
                yield {**says, other: value}
            for variant in variants(value):
                yield {**says, key: variant}
    elif isinstance(says, list):
        yield [*says, *says, None]
        yield [*says, b""]
    elif isinstance(says, bytes) and says:
        yield says[:-1]
        yield says + b"\0"
        yield bytes(len(says))
        for place in {0, 1, 2, 3, len(says) // 2, len(says) - 1} & set(range(len(says))):
            yield says[:place] + bytes([says[place] ^ 0x41]) + says[place + 1 :]


@every_value
def test_whatever_a_row_says_is_taken_or_refused_as_damage(what):
    rows, chosen = rows_of(what), SeededEntropy(4)
    outcomes = {True: 0, False: 0}
    for name, row in rows.items():
        kind, says = payload_of(row)
        listed = list(variants(says))
        for variant in [listed[at] for at in places(len(listed), chosen, 150)]:
            try:
                octets = cbor.encode(variant)
            except UsageError:  # the same key twice
                continue
            outcomes[survives(what, {**rows, name: framed(name, kind, octets)})] += 1
    assert outcomes[False] > outcomes[True] > 0


@every_value
def test_fields_are_neither_missing_nor_unknown(what):
    rows = rows_of(what)
    for name, row in rows.items():
        kind, says = payload_of(row)
        for field in says:
            rest = {at: item for at, item in says.items() if at != field}
            with damaged(name):
                reloaded(stored_value(what), {**rows, name: framed(name, kind, cbor.encode(rest))})
        more = {**says, "more": 1}
        with damaged(name, "'more'"):
            reloaded(stored_value(what), {**rows, name: framed(name, kind, cbor.encode(more))})


# Rows that do not belong together


def group_rows() -> tuple[dict[str, bytes], Group]:
    _, alice, _, _ = gathered(3)
    alice.says(b"a word")
    return alice.group.save(), alice.group


def test_a_tree_that_is_not_the_contexts():
    rows, _ = group_rows()
    _, says = payload_of(rows["tree/0/0"])
    leaf = decode(LeafNode, says["nodes"][2])
    swapped = {**says["nodes"], 2: says["nodes"][4], 4: encode(leaf)}
    with damaged("tree", "tree hash"):
        Group.load(altered(rows, "tree/0/0", nodes=swapped), settings=Settings())
    with damaged("tree/0/0", "node 32 belongs elsewhere"):
        Group.load(
            altered(rows, "tree/0/0", nodes={**says["nodes"], 32: says["nodes"][0]}),
            settings=Settings(),
        )
    with damaged("tree/0/0", "without nodes"):
        Group.load(altered(rows, "tree/0/0", nodes={}), settings=Settings())
    with damaged("tree", "blank"):
        Group.load(
            {name: row for name, row in rows.items() if name != "tree/0/0"}, settings=Settings()
        )


def test_a_tree_that_is_too_wide():
    rows, _ = group_rows()
    _, says = payload_of(rows["tree/0/0"])
    far = 2 * MOST_LEAVES
    name = f"tree/0/{far >> 5}"
    row = framed(name, "tree", cbor.encode({"nodes": {far: says["nodes"][0]}}))
    with damaged("tree", f"{2 * MOST_LEAVES} leaves"):
        Group.load({**rows, name: row}, settings=Settings())
    check_width(MOST_LEAVES)
    with pytest.raises(UsageError, match="can be stored"):
        check_width(2 * MOST_LEAVES)


@pytest.mark.parametrize("field", ["private_keys", "signature_private_key", "leaf_index"])
def test_private_keys_that_are_not_the_trees(field):
    rows, _ = group_rows()
    stranger = SUITE.generate_key_pair(SeededEntropy(1)).reveal()
    _, says = payload_of(rows["group"])
    wrong = {
        "private_keys": {**says["private_keys"], 0: stranger},
        "signature_private_key": stranger,
        "leaf_index": 1,
    }
    with damaged("group"):
        Group.load(altered(rows, "group", **{field: wrong[field]}), settings=Settings())


def test_the_key_of_ones_own_leaf_is_needed():
    rows, _ = group_rows()
    _, says = payload_of(rows["group"])
    others = {at: key for at, key in says["private_keys"].items() if at != 0}
    with damaged("group", "one's own leaf"):
        Group.load(altered(rows, "group", private_keys=others), settings=Settings())


@pytest.mark.parametrize(
    ("field", "reason"),
    [("confirmation_key", "confirmation tag"), ("interim_transcript_hash", "transcript hash")],
)
def test_secrets_and_hashes_of_another_epoch(field, reason):
    rows, _ = group_rows()
    with damaged("group", reason):
        Group.load(altered(rows, "group", **{field: bytes(32)}), settings=Settings())


@pytest.mark.parametrize("listed", [[1], [None], [b"", "text"], [[]]])
def test_hashes_of_ones_own_commits_are_octets(listed):
    rows, _ = group_rows()
    with damaged("group", "'own_commits'"):
        Group.load(altered(rows, "group", own_commits=listed), settings=Settings())


def test_two_proposals_in_one_place():
    rows = rows_of("group")
    first, second, _ = (name for name in rows if name.startswith("proposal/"))
    _, says = payload_of(rows[first])
    with damaged(second, "place"):
        reloaded(stored_value("group"), altered(rows, second, place=says["place"]))


def test_what_ended_the_group_is_a_reinit():
    rows, _ = group_rows()
    proposal = encode(Remove(LeafIndex(1)), Proposal)
    with damaged("group", "ReInit"):
        Group.load(altered(rows, "group", reinit=proposal), settings=Settings())


def test_a_secret_tree_that_does_not_tile():
    rows, group = group_rows()
    epoch = group.epoch
    missing = {name: row for name, row in rows.items() if name != f"epoch/{epoch}/secret/2"}
    with damaged(f"epoch/{epoch}", "leaf 1"):
        Group.load(missing, settings=Settings())
    name = f"epoch/{epoch}/secret/1"
    _, says = payload_of(rows[f"epoch/{epoch}/secret/2"])
    with damaged(f"epoch/{epoch}", "leaf 0"):
        Group.load({**rows, name: framed(name, "secret", cbor.encode(says))}, settings=Settings())


@pytest.mark.parametrize(
    ("generation", "skipped"), [(1 << 33, {}), (1, {1: bytes(28)}), (0, {0: bytes(28)})]
)
def test_a_ratchet_beyond_its_generations(generation, skipped):
    rows, group = group_rows()
    name = f"epoch/{group.epoch}/sender/0"
    _, says = payload_of(rows[name])
    ratchet = {**says["application"], "generation": generation, "skipped": skipped}
    with damaged(name, "no such generation"):
        Group.load(altered(rows, name, application=ratchet), settings=Settings())


def test_more_past_epochs_than_there_were():
    rows, group = group_rows()
    with damaged("group", "epochs before"):
        Group.load(altered(rows, "group", past_epochs=group.epoch + 1), settings=Settings())


def test_a_past_epoch_of_another_group():
    rows = rows_of("group")
    epoch = stored_value("group").past[0].context.epoch
    other, _ = group_rows()
    _, says = payload_of(other["group"])
    name = f"epoch/{epoch}"
    with damaged(name, f"not epoch {epoch}"):
        Group.load(altered(rows, name, group_context=says["group_context"]), settings=Settings())


def test_the_rows_of_another_value():
    with damaged("sent", "missing"):
        Group.load(follower().save(), settings=Settings())
    with damaged("public_group", "missing"):
        PublicGroup.load(eventful().save())
    with damaged("client", "missing"):
        Client.load(eventful().save(), settings=Settings())


def test_a_group_info_of_another_epoch():
    rows = rows_of("public group")
    room, *_ = gathered(2, handshake=1)
    room.agrees()
    _, says = payload_of(room.follower.save()["group_info"])
    with damaged("group_info", "signature"):
        PublicGroup.load(altered(rows, "group_info", signature=says["signature"]))


def test_a_key_package_with_the_keys_of_another():
    rows = rows_of("client")
    one, another = (name for name in rows if name.startswith("key_package/"))
    _, says = payload_of(rows[another])
    with damaged(one, "keys are not those"):
        Client.load(
            altered(rows, one, init_private_key=says["init_private_key"]), settings=Settings()
        )
    with damaged(one, "name is not that"):
        Client.load(altered(rows, one, **says), settings=Settings())
    assert decode(KeyPackage, says["key_package"])


@pytest.mark.parametrize(
    ("what", "field", "row"),
    [
        ("group", "proposals", "proposal"),
        ("group", "updates", "update"),
        ("group", "psks", "psk"),
        ("client", "key_packages", "key_package"),
        ("client", "psks", "psk"),
    ],
)
def test_the_contents_are_complete(what, field, row):
    rows = rows_of(what)
    _, says = payload_of(rows["contents"])
    with damaged(row, "is missing"):
        reloaded(stored_value(what), altered(rows, "contents", **{field: says[field] + 1}))


def test_an_error_is_of_its_family():
    assert issubclass(NewerSnapshotError, UsageError)
    error = DamagedSnapshotError("the digest is not that of the row", "sent")
    assert str(error) == "sent: the digest is not that of the row"
