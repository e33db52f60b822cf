"""How much a step rewrites of the rows of a large group."""

import pytest
from mls.storage import Stored, size_of, taken
from tree.members import NOW, SUITE

from mimi.crypto import SeededEntropy
from mimi.mls import Client, Group, RatchetKind, Window
from mimi.mls.state import changed
from mimi.tree.credential import BasicCredential
from mimi.tree.math import LeafIndex

MEMBERS = 1000
LIMIT = 2048

COMMIT_LIMIT = 16 << 10
"""A path of rows of nodes, twice the group context, and a few secrets."""


def client(name: bytes) -> Client:
    return Client.create(BasicCredential(name), SUITE, entropy=SeededEntropy(b"crowd").fork(name))


@pytest.fixture(scope="module")
def crowd() -> tuple[Group, Group, Group]:
    """Return a group of 1,000 as its founder, one in the middle, and the last have it."""
    packages, joiners = [], {}
    for number in range(1, MEMBERS):
        joiner, package = client(b"mimi://a.example/d/%d" % number).key_package(now=NOW)
        packages.append(package)
        if number in (MEMBERS // 2, MEMBERS - 1):
            joiners[number] = joiner
    founder = client(b"mimi://a.example/d/0").create_group(b"a crowd", now=NOW)
    draft = founder.commit(add=packages, now=NOW)
    groups = [joiner.join(draft.welcome, now=NOW).accept()[1] for joiner in joiners.values()]
    return (draft.accept(), *groups)


def opened(group: Group, leaves: range) -> Group:
    """Return a group in which the members at *leaves* have sent two messages."""
    keys = group.message_keys
    for leaf in leaves:
        for generation in range(2):
            kind = RatchetKind.APPLICATION
            keys, _ = keys.take(LeafIndex(leaf), kind, generation, Window())
    return changed(group, message_keys=keys)


@pytest.mark.parametrize("busy", [range(0), range(1, 400), range(1, MEMBERS - 1, 2)])
def test_sending_a_message_rewrites_little(crowd, busy):
    sender = opened(crowd[0], busy)
    stored = Stored(sender)
    for number in range(3):
        sender, _ = sender.protect(b"message %d" % number)
        written, erased = stored.keep(sender)
        assert size_of(written) < LIMIT
        assert len(erased) == (1 if number == 0 else 0)
    assert size_of(written) < 300


def test_receiving_a_message_rewrites_little(crowd):
    sender, _, receiver = crowd
    stored = Stored(receiver)
    for number in range(3):
        sender, wire = sender.protect(b"message %d" % number)
        receiver = taken(receiver, wire)
        written, _ = stored.keep(receiver)
        assert size_of(written) < LIMIT
    assert size_of(written) < 300


def test_a_proposal_rewrites_itself(crowd):
    founder, _, last = crowd
    stored, receiver = Stored(last), Stored(founder)
    last, wire = last.propose_update(now=NOW)
    written, _ = stored.keep(last)
    assert size_of(written) < 2 * LIMIT
    assert {name.partition("/")[0] for name in written} == {
        *("contents", "proposal", "update", "sent", "epoch")
    }
    written, _ = receiver.keep(taken(founder, wire))
    assert size_of(written) < 2 * LIMIT


def test_a_commit_rewrites_one_path(crowd):
    groups = list(crowd)
    stored = [Stored(group) for group in groups]
    for committer in (1, 2, 1):
        draft = groups[committer].commit(now=NOW)
        for place, group in enumerate(groups):
            groups[place] = draft.accept() if place == committer else taken(group, draft.commit)
            written, _ = stored[place].keep(groups[place])
            trees = [name for name in written if name.startswith("tree/")]
            assert len(trees) <= 3
            assert size_of(written) < COMMIT_LIMIT


def test_a_held_commit_does_not_hold_the_tree(crowd):
    stored = Stored(crowd[0])
    draft = crowd[0].commit(now=NOW)
    written, _ = stored.keep(draft.hold())
    assert size_of(written) < len(draft.commit) + COMMIT_LIMIT


def test_a_tree_that_grows_over_its_rows_and_shrinks_again():
    """Rows of nodes come and go, in commits that were held and stored before."""
    packages = [client(b"guest %d" % number).key_package(now=NOW)[1] for number in range(150)]
    host = client(b"host").create_group(b"a feast", now=NOW)
    stored = Stored(host)
    trees = {}
    for size in (10, 16, 40, 150, 100, 33, 17, 16, 1):
        members = len(host.members)
        gone = [LeafIndex(leaf) for leaf in range(size, members)]
        draft = host.commit(now=NOW, add=packages[members - 1 : size - 1], remove=gone)
        stored.keep(draft.hold())
        held = stored.loaded()
        stored.value = held
        host = taken(held, draft.commit)
        assert len(host.members) == size
        _, erased = stored.keep(host)
        assert stored.loaded().state.tree == host.state.tree
        trees[size] = {name for name in stored.rows if name.startswith("tree/")}
        assert all(name.startswith(("held", "tree/", "epoch/")) for name in erased)
    counted = {size: len(names) for size, names in trees.items()}
    assert counted == {10: 1, 16: 1, 17: 2 + 1, 33: 3 + 1, 40: 3 + 1, 100: 7 + 1, 150: 10 + 1, 1: 1}
