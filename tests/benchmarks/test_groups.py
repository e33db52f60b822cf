"""Groups against the primitives that each operation needs: see `primitives` for the formulas."""

from functools import cache

import pytest
from benchmarks import primitives
from benchmarks.large import NOW, SUITE, Many, bulk_added, full

from mimi.crypto import SeededEntropy
from mimi.mls import ApplicationMessage, Client, CommitStaged, PublicGroup
from mimi.mls.settings import Settings
from mimi.tree import BasicCredential

SIZES = [2, 10, 100, 1000]
DATA = bytes(100)

sizes = pytest.mark.parametrize("members", SIZES)


@pytest.fixture(scope="session")
def made(request):
    """Return a function to groups by kind and size; small ones where nothing is timed."""
    timed = request.config.option.benchmark_enable

    @cache
    def make(kind, members: int) -> Many:
        return kind(members if timed else min(members, 20))

    return make


@sizes
def test_encrypt(measure, made, members):
    """The member has sent before: its first message opens the secret tree, once in an epoch."""
    group, _ = made(full, members).group(0).protect(DATA)
    floor = primitives.call(primitives.encrypt(100))
    measure(f"encrypt 100 octets, {members} members", lambda: group.protect(DATA), floor, 1.5, 200)


@sizes
def test_decrypt(measure, made, members):
    """The receiver has read a message of the sender before, as above."""
    many = made(full, members)
    sender, first = many.group(0).protect(DATA)
    group = many.group(len(many.signers) - 1).receive(first, now=NOW).group
    _, wire = sender.protect(DATA)

    def decrypt() -> None:
        (event,) = group.receive(wire, now=NOW).events
        assert isinstance(event, ApplicationMessage)

    floor = primitives.call(primitives.decrypt(100))
    measure(f"decrypt 100 octets, {members} members", decrypt, floor, 1.3, 200)


def recipients(many: Many) -> int:
    """How many nodes a path of leaf 0 is encrypted to."""
    tree = many.tree
    return sum(len(tree.resolution(child)) for _, child in tree.filtered_direct_path(0))


@pytest.mark.parametrize(("kind", "bound"), [(full, 1.5), (bulk_added, 1.8)])
@sizes
def test_create_commit(measure, made, members, kind, bound):
    many = made(kind, members)
    group = many.group(0)
    size = len(group.commit(now=NOW).commit)
    work = primitives.create_commit(len(many.signers), recipients(many), size)
    title = f"create a commit, {members} members, {kind.__name__.replace('_', ' ')}"
    measure(title, lambda: group.commit(now=NOW), primitives.call(work), bound, 1)


def processing(many: Many, shared: int):
    """Return how a member processes a commit of leaf 0, and the floor; it shares so many nodes."""
    group = many.group(many.tree.leaf_count >> shared)
    wire = many.group(0).commit(now=NOW).commit
    work = primitives.process_commit(len(many.signers), len(wire), shared)

    def process() -> object:
        (event,) = group.receive(wire, now=NOW).events
        assert isinstance(event, CommitStaged)
        return event.accept()

    return process, primitives.call(work)


@pytest.mark.parametrize(("kind", "bound"), [(full, 1.6), (bulk_added, 1.8)])
@sizes
def test_process_commit(measure, made, members, kind, bound):
    """The receiver shares two nodes with the sender, as many as members do on the average.

    Half of them share the root alone, a quarter two nodes, and so on: two and a little.
    """
    many = made(kind, members)
    process, floor = processing(many, min(2, primitives.depth(len(many.signers))))
    title = f"process a commit, {members} members, {kind.__name__.replace('_', ' ')}"
    measure(title, process, floor, bound, 1)


@sizes
def test_process_commit_at_the_far_end(measure, made, members):
    """What the half of the members measure that share the root alone: a floor of one key less."""
    process, floor = processing(made(full, members), 1)
    measure(f"process a commit, {members} members, at the far end", process, floor, 1.7, 1)


def test_join(measure, made):
    many = made(full, 1000)
    entropy = SeededEntropy(b"joiner")
    joiner = Client.create(
        BasicCredential(b"joiner"), SUITE, entropy=entropy, settings=Settings(grease=False)
    )
    joiner, package = joiner.key_package(now=NOW)
    draft = many.group(0).commit(add=[package], now=NOW)
    welcome = draft.welcome
    work = primitives.join(len(many.signers) + 1, len(welcome))
    operation = lambda: joiner.join(welcome, now=NOW).accept()  # noqa: E731 - it is measured
    measure("join from a Welcome, 1000 members", operation, primitives.call(work), 1.4, 1)


def test_public_group_does_not_walk_the_tree(measure, made):
    """A commit in a full tree of 10,000 beside one in a full tree of 1,000."""

    def follow(many: Many):
        group = many.group(0)
        public = PublicGroup.from_group_info(group.group_info(), now=NOW)
        wire = group.commit(now=NOW).commit

        def process() -> object:
            (event,) = public.receive(wire, now=NOW).events
            return event.accept()

        return process

    few, lots = follow(made(full, 1000)), follow(made(full, 10_000))
    measure("a public group's commit, 10,000 / 1,000 members", lots, few, 1.5, 20)
