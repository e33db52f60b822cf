"""The safe exporter: the tree word by word, what it costs, and that nothing comes back."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.meeting import PUBLIC, gathered
from mls.storage import Stored, altered, damaged, payload_of, reloaded
from tree.drafts import refused_by, some_suites
from tree.members import NOW, SUITE

from mimi.crypto import Kdf, Secret, Suite
from mimi.errors import UsageError
from mimi.mls import CommitStaged, Group
from mimi.mls.components import ComponentID
from mimi.mls.exporter import (
    LEAF_COUNT,
    ROOT,
    ComponentSecretConsumedError,
    ExporterTree,
    ExporterTreeError,
)
from mimi.tree import math

POLL, PINS = 0x8001, 0x8002
ROOT_SECRET = bytes(range(32))

components = st.integers(0, 0xFFFF)


def naive_secret(suite: Suite, root: bytes, component: int) -> bytes:
    """RFC 9420 section 9, with 2^16 leaves: one step for each bit, the most significant first."""
    secret = root
    for bit in f"{component:016b}":
        side = b"right" if bit == "1" else b"left"
        secret = suite.expand_with_label(secret, b"tree", side, suite.nh)
    return secret


def tree(suite: Suite = SUITE) -> ExporterTree:
    return ExporterTree.of(suite, Secret(ROOT_SECRET[: suite.nh].ljust(suite.nh, b"r")))


class CountingKdf(Kdf):
    """A key derivation function that counts how often it expands."""

    count = 0

    def expand(self, prk: bytes, info: bytes, length: int) -> bytes:
        type(self).count += 1
        return super().expand(prk, info, length)

    def expand_each(self, prk: bytes, wanted: Any) -> list[bytes]:
        return [self.expand(prk, info, length) for info, length in wanted]


@some_suites
@pytest.mark.parametrize("component", [0, 1, 5, 0x7FFF, 0x8000, POLL, 0xFFFF])
def test_a_secret_is_that_of_its_leaf(suite, component):
    root = tree(suite).frontier[ROOT].reveal()
    _, secret = tree(suite).export(component)
    assert secret.reveal() == naive_secret(suite, root, component)
    assert len(secret) == suite.nh


@some_suites
def test_a_cold_export_costs_what_is_on_the_way(suite):
    counting = CountingKdf(suite.kdf.code, suite.kdf.hash_name, suite.kdf.nh)
    CountingKdf.count = 0
    parts = (suite.code, suite.kem, counting, suite.aead, suite.hash_name, suite.signature)
    after, _ = tree(Suite(*parts)).export(POLL)
    assert CountingKdf.count == 2 * 16 <= 45
    after.export(POLL ^ 1)
    assert CountingKdf.count == 2 * 16  # its sibling lies on the frontier
    with refused_by("4.4", ComponentSecretConsumedError):
        after.export(POLL)
    assert CountingKdf.count == 2 * 16


@settings(deadline=None)
@given(st.lists(components, min_size=1, max_size=6))
def test_what_is_exported_cannot_be_derived_again(exported):
    root, now = tree().frontier[ROOT].reveal(), tree()
    for component in exported:
        before = now
        if now.has(component):
            now, secret = now.export(component)
            assert secret.reveal() == naive_secret(SUITE, root, component)
        with refused_by("4.4", ComponentSecretConsumedError, component=component):
            now.export(component)
        assert before.frontier.keys() != now.frontier.keys() or before is now
    below = [math.leaves_below(node) for node in now.frontier]
    assert sum(map(len, below)) == LEAF_COUNT - len(set(exported))
    assert not any(component in leaves for component in exported for leaves in below)
    assert now == ExporterTree.restore(SUITE, revealed(now))


@settings(deadline=None)
@given(first=components, second=components)
def test_the_order_of_exports_does_not_matter(first, second):
    if first == second:
        second ^= 1
    one, of_first = tree().export(first)
    other, of_second = tree().export(second)
    assert (one.export(second)[1], other.export(first)[1]) == (of_second, of_first)
    assert one.export(second)[0] == other.export(first)[0]
    assert of_first != of_second


def revealed(exporter: ExporterTree) -> dict[int, bytes]:
    return {int(node): secret.reveal() for node, secret in exporter.frontier.items()}


@pytest.mark.parametrize(
    ("frontier", "node"),
    [
        ({-1: bytes(32)}, -1),
        ({2 * LEAF_COUNT - 1: bytes(32)}, 2 * LEAF_COUNT - 1),
        ({ROOT: bytes(32), 0: bytes(32)}, None),
        ({1: bytes(32), 2: bytes(32)}, 2),
        ({7: bytes(31)}, 7),
        ({7: b""}, 7),
    ],
    ids=["left of it", "right of it", "below the root", "below another", "short", "empty"],
)
def test_what_is_no_exporter_tree_is_refused(frontier, node):
    where = {} if node is None else {"node": node}
    with refused_by("4.4", ExporterTreeError, **where):
        ExporterTree.restore(SUITE, frontier)


def test_a_tree_of_which_all_is_exported_is_one():
    empty = ExporterTree.restore(SUITE, {})
    with refused_by("4.4", ComponentSecretConsumedError, component=0):
        empty.export(0)


@pytest.mark.parametrize("component", [-1, 1 << 16])
def test_a_component_has_16_bits(component):
    _, alice = gathered(1)
    for use in (tree().export, tree().has, alice.group.safe_export, alice.group.component):
        with pytest.raises(UsageError) as caught:
            use(component)
        assert type(caught.value) is UsageError


# In groups


@some_suites
def test_members_export_the_same_once_in_each_epoch(suite):
    _, alice, bob = gathered(2, suite=suite)
    alice.group, first = alice.group.safe_export(POLL)
    bob.group, same = bob.group.component(POLL).export_secret()
    assert first == same
    alice.group, other = alice.group.safe_export(PINS)
    assert other != first
    for group in (alice.group, bob.group):
        with refused_by("4.4", ComponentSecretConsumedError, component=ComponentID(POLL)):
            group.safe_export(POLL)
    alice.says(b"a message changes nothing of it")
    for group in (alice.group, bob.group):
        with refused_by("4.4", ComponentSecretConsumedError, component=POLL):
            group.safe_export(POLL)
    bob.commits()
    alice.group, second = alice.group.safe_export(POLL)
    bob.group, same = bob.group.safe_export(POLL)
    assert second == same != first


def test_a_joiner_exports_what_the_others_do():
    room, alice, bob = gathered(2)
    carol, dave = room.enter("Carol", "Dave")
    alice.commits(add=[carol])
    assert len({person.group.safe_export(POLL)[1].reveal() for person in (alice, bob, carol)}) == 1
    dave.joins_from_outside(alice)
    secrets = {person.group.safe_export(POLL)[1].reveal() for person in room.members}
    assert len(room.members) == 4
    assert len(secrets) == 1


def test_an_export_costs_the_old_value_nothing():
    _, alice = gathered(1)
    before = alice.group
    after, secret = before.safe_export(POLL)
    assert before.safe_export(POLL)[1] == secret
    assert after.epoch_authenticator == before.epoch_authenticator
    assert (after.secrets, after.message_keys) == (before.secrets, before.message_keys)


def test_the_exporter_of_the_rfc_is_another():
    _, alice = gathered(1)
    after, secret = alice.group.safe_export(POLL)
    assert after.export(b"label", b"", 32) == alice.group.export(b"label", b"", 32) != secret


def test_a_member_who_was_removed_learns_nothing_new():
    _, alice, bob = gathered(2)
    bob.group, secret = bob.group.safe_export(POLL)
    alice.commits(remove=[bob])
    assert bob.group.removed
    with refused_by("4.4", ComponentSecretConsumedError, component=POLL):
        bob.group.safe_export(POLL)
    assert alice.group.safe_export(POLL)[1] != secret
    assert alice.group.safe_export(PINS)[1] != bob.group.safe_export(PINS)[1]


# In rows


def exporter_row(group: Group) -> str:
    return f"epoch/{group.epoch}/exporter"


@some_suites
def test_an_export_is_stored_as_it_is(suite):
    _, alice, bob = gathered(2, suite=suite)
    stored, root = Stored(alice.group), alice.group.exporter.frontier[ROOT].reveal()
    assert payload_of(stored.rows[exporter_row(alice.group)])[1] == {"exporter_tree": {ROOT: root}}
    alice.group, secret = alice.group.safe_export(POLL)
    written, erased = stored.keep(alice.group)
    assert (written.keys(), erased) == ({exporter_row(alice.group)}, ())
    assert sum(map(len, written.values())) < 1200
    for octets in (root, secret.reveal()):
        assert not any(octets in row for row in stored.rows.values())
    loaded = stored.loaded()
    assert loaded.exporter == alice.group.exporter
    with refused_by("4.4", ComponentSecretConsumedError, component=POLL):
        loaded.safe_export(POLL)
    assert loaded.safe_export(PINS)[1] == bob.group.safe_export(PINS)[1]


def test_what_is_left_of_an_epoch_goes_with_it():
    _, alice, bob = gathered(2)
    alice.group, _ = alice.group.safe_export(POLL)
    stored, old = Stored(alice.group), alice.group
    bob.commits()
    written, erased = stored.keep(alice.group)
    assert exporter_row(old) in erased
    assert exporter_row(alice.group) in written
    for secret in old.exporter.frontier.values():
        assert not any(secret.reveal() in row for row in stored.rows.values())
    assert stored.loaded().safe_export(POLL)[1] == bob.group.safe_export(POLL)[1]


def test_a_held_commit_holds_the_exporter_of_its_epoch():
    _, alice, bob = gathered(2, handshake=PUBLIC)
    draft = alice.group.commit(now=NOW)
    group = draft.hold()
    group, _ = group.safe_export(POLL)
    group = reloaded(group)
    with refused_by("4.4", ComponentSecretConsumedError, component=POLL):
        group.safe_export(POLL)
    (staged,) = bob.group.receive(draft.commit, now=NOW).events
    assert isinstance(staged, CommitStaged)
    after = group.receive(draft.commit, now=NOW).group
    assert after.safe_export(POLL)[1] == staged.accept().group.safe_export(POLL)[1]


def test_damage_is_found():
    _, alice, bob = gathered(2)
    alice.group, _ = alice.group.safe_export(POLL)
    rows, name = alice.group.save(), exporter_row(alice.group)
    table = payload_of(rows[name])[1]["exporter_tree"]
    with damaged(name):
        reloaded(alice.group, {at: row for at, row in rows.items() if at != name})
    for wrong in ({**table, 2 * POLL: bytes(32), ROOT: bytes(32)}, {0: b"short"}, {1 << 20: b""}):
        with damaged(name):
            reloaded(alice.group, altered(rows, name, exporter_tree=wrong))
    bob.commits()
    older = {**alice.group.save(), name: rows[name]}
    del older[exporter_row(alice.group)]
    with damaged(exporter_row(alice.group), "missing"):
        reloaded(alice.group, older)


def test_damage_of_a_held_commit_is_found():
    _, alice, _ = gathered(2)
    rows = alice.group.commit(now=NOW).hold().save()
    epoch = payload_of(rows["held"])[1]["epoch"]
    wrong = {**epoch, "exporter_tree": {0: b""}}
    with damaged("held"):
        reloaded(alice.group, altered(rows, "held", epoch=wrong))


def test_nothing_of_it_is_shown():
    _, alice = gathered(1)
    exporter = alice.group.safe_export(POLL)[0].exporter
    assert repr(exporter) == "ExporterTree(16 secrets)"
