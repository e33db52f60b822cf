"""The index of a tree: always as if made from scratch, and never by walking over the whole tree."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree.members import STRANGER, SUITE, Group, bulk, crowd, fresh, full, refused, with_nodes

from mimi.codec import replace
from mimi.tree import math
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType
from mimi.tree.credential import X509Credential
from mimi.tree.errors import (
    DuplicateEncryptionKeyError,
    DuplicateSignatureKeyError,
)
from mimi.tree.index import FULL, KeyMap, TreeIndex
from mimi.tree.leaf import Capabilities
from mimi.tree.node import ParentNode
from mimi.tree.ratchet import RatchetTree

LISTINGS = ("extensions", "proposals", "credentials")
EXTENSION, PROPOSAL = ExtensionType(0xF001), ProposalType(0xF002)


def lists(number: int) -> Capabilities:
    """Return one of a few capabilities, some with a code point twice."""
    codes = tuple(map(ExtensionType, (0xF000, 0xF001, 0xF000)[: number % 4]))
    credentials = (CredentialType.BASIC, CredentialType.X509)[: 1 + number % 2]
    return replace(STRANGER.capabilities, extensions=codes, credentials=credentials)


def path(tree: RatchetTree, leaf: int, number: int) -> dict[int, ParentNode]:
    above = math.direct_path(2 * leaf, tree.leaf_count)
    return {at: ParentNode(b"%d above %d" % (at, number), b"") for at in above}


def contents(index: TreeIndex) -> tuple:
    """Return all that an index says."""
    nodes = {key: index.node_with(key) for key in index.encryption_keys()}
    leaves = {key: index.leaf_with(key) for key in index._leaves}
    counts = {pair: index.supporters(*pair) for pair in index._listed}
    return nodes, leaves, counts, dict(index._types), index.members


def naive(tree: RatchetTree) -> tuple:
    """Return the same, looking at every node."""
    members = list(tree.members())
    every = [*((2 * at, leaf) for at, leaf in members), *tree.parents()]
    counts = Counter(
        (listing, code)
        for _, leaf in members
        for listing in LISTINGS
        for code in set(getattr(leaf.capabilities, listing))
    )
    return (
        {node.encryption_key: at for at, node in every},
        {leaf.signature_key: at for at, leaf in members},
        dict(counts),
        dict(Counter(leaf.credential.tag for _, leaf in members)),
        len(members),
    )


def ask(tree: RatchetTree) -> TreeIndex:
    return tree.index


def check(tree: RatchetTree) -> None:
    assert contents(tree.index) == naive(tree)
    assert contents(TreeIndex.of(tree.nodes)) == naive(tree)
    assert tree.index.credential_types == {leaf.credential.tag for _, leaf in tree.members()}


# As if made from scratch

STEPS = st.lists(
    st.tuples(
        st.sampled_from(("add", "add", "add", "update", "remove", "path", "swap", "ask", "back")),
        st.integers(0, 1000),
    ),
    max_size=40,
)


def step(tree: RatchetTree, kind: str, number: int, new: int) -> RatchetTree:
    """Return a tree after one operation; keys come from *new*."""
    leaves = [leaf for leaf, _ in tree.members()]
    who = leaves[number % len(leaves)]
    other = leaves[number // 7 % len(leaves)]
    leaf = fresh(new, capabilities=lists(number))
    if number % 3 == 0:
        leaf = replace(leaf, credential=X509Credential(()))
    match kind:
        case "add":
            return tree.add(leaf)[0]
        case "update":
            return tree.update(who, leaf)
        case "remove" if len(leaves) > 1:
            return tree.remove(who)
        case "path":
            return tree.with_path(who, leaf, path(tree, who, new))
        case "swap":
            one, two = tree.member(who), tree.member(other)
            return tree.update(who, two).update(other, one)
    return tree


@settings(deadline=None, max_examples=150)
@given(size=st.integers(1, 9), steps=STEPS)
def test_an_index_is_as_if_made_from_scratch(size, steps):
    tree = crowd(size)
    versions = [tree]
    for new, (kind, number) in enumerate(steps, 1000):
        if kind == "ask":
            check(tree)
        tree = versions[number % len(versions)] if kind == "back" else step(tree, kind, number, new)
        versions.append(tree)
    for version in reversed(versions):
        check(version)


@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_the_index_of_a_group_that_agrees(data):
    group = Group.of(data.draw(st.integers(1, 5)))
    kinds = st.sampled_from(("add", "update", "remove", "commit"))
    for kind in data.draw(st.lists(kinds, max_size=6)):
        if kind == "add":
            group.add()
        elif kind != "remove" or len(group.leaves) > 1:
            getattr(group, kind)(data.draw(st.sampled_from(group.leaves)))
        if data.draw(st.booleans()):
            check(group.tree)
    check(group.tree)


def test_what_nobody_has_is_nowhere():
    index = crowd(3).index
    assert (index.leaf_with(b"S2"), index.node_with(b"E2"), index.node_with(b"P1")) == (2, 4, 3)
    assert index.leaf_with(b"S3") is index.leaf_with(b"E2") is index.leaf_with(b"") is None
    assert index.node_with(b"P2") is index.node_with(b"S2") is None
    assert index.supporters("extensions", 0xF001) == 0
    empty = crowd(1).remove(0)
    check(empty)
    assert empty.index.members == 0
    assert empty.index.all_support("extensions", {0xF001})


def test_an_index_is_made_once():
    tree = crowd(3)
    assert tree.index is tree.index
    after = tree.update(0, fresh(9))
    assert after.index is after.index is not tree.index


# Duplicates (RFC 9420 section 7.3)


@pytest.mark.parametrize("known", [False, True], ids=["from scratch", "derived"])
@pytest.mark.parametrize("way", ["add", "update", "path"])
def test_no_two_leaves_have_one_signature_key(way, known):
    base = crowd(5)
    tree = base if known else RatchetTree.of_nodes(SUITE, base.nodes)
    twin = fresh(9, signature_key=b"S1")
    at = 5 if way == "add" else 4
    match way:
        case "add":
            tree, _ = tree.add(twin)
        case "update":
            tree = tree.update(4, twin)
        case "path":
            tree = tree.with_path(4, twin, path(tree, 4, 9))
    for _ in range(2):
        with refused(DuplicateSignatureKeyError, leaf=at) as caught:
            ask(tree)
        assert caught.value.reason == f"leaves 1 and {at} have one signature key"
    check(tree.update(at, fresh(9)))
    check(tree.update(1, fresh(9, encryption_key=b"E1")))


@pytest.mark.parametrize("known", [False, True], ids=["from scratch", "derived"])
@pytest.mark.parametrize(
    ("first", "second"), [(2, 8), (8, 3), (2, 3), (1, 3)], ids=lambda at: f"node {at}"
)
def test_no_two_nodes_have_one_encryption_key(first, second, known):
    base = crowd(5)
    tree = base if known else RatchetTree.of_nodes(SUITE, base.nodes)
    stolen = tree.node(first).encryption_key
    leaf, parents = fresh(9), path(tree, 4, 9)
    if second == 8:
        tree = tree.with_path(4, replace(leaf, encryption_key=stolen), parents)
    else:
        parents = {at: base.parent_node(at) for at in (1, 3, 7)}
        parents[second] = ParentNode(stolen, b"")
        tree = tree.with_path(0, leaf, parents)
    with refused(DuplicateEncryptionKeyError, node=second) as caught:
        ask(tree)
    assert caught.value.reason == f"nodes {first} and {second} have one encryption key"
    check(tree.update(second // 2 if second == 8 else 0, fresh(10)))


def test_no_two_that_come_together_have_one_key():
    tree = crowd(3)
    both, _ = tree.add(fresh(7))[0].add(fresh(8, signature_key=b"S7"))
    with refused(DuplicateSignatureKeyError, leaf=4):
        ask(both)
    both, _ = tree.add(fresh(7))[0].add(fresh(8, encryption_key=b"E7"))
    with refused(DuplicateEncryptionKeyError, node=8):
        ask(both)
    check(tree)


def test_a_key_may_be_a_signature_key_here_and_an_encryption_key_there():
    check(crowd(2).add(fresh(7, signature_key=b"E1", encryption_key=b"S1"))[0])


def test_keys_may_be_exchanged_between_positions_that_are_touched():
    tree = crowd(5)
    one, two = tree.member(1), tree.member(3)
    check(tree.update(1, two).update(3, one))
    check(tree.update(1, fresh(9, signature_key=b"S3")).update(3, fresh(8, signature_key=b"S1")))
    check(tree.remove(1).add(one)[0])
    check(tree.remove(0).remove(1).add(one)[0])
    parents = path(tree, 1, 9)
    parents[1] = ParentNode(one.encryption_key, b"")
    leaf = fresh(9, encryption_key=tree.node(1).encryption_key)
    after = tree.with_path(1, leaf, parents)
    assert after.index.node_with(one.encryption_key) == 1
    check(after)
    check(after.update(1, one))


# Larger and smaller trees


def test_a_tree_that_doubles_and_halves():
    tree = crowd(4)
    larger, index = tree.add(fresh(4))
    assert larger._known.since.base is tree.index
    check(larger)
    check(larger.remove(index))
    unasked = tree.add(fresh(4))[0].add(fresh(5))[0].remove(4).remove(5)
    assert unasked.leaf_count == 4
    check(unasked)
    check(unasked.remove(3).remove(2).remove(1))
    check(crowd(9).remove(8).add(fresh(9))[0].remove(8).remove(7))


def test_what_is_cut_off_is_in_the_tree_no_more():
    """As only an attacker's tree has it: a parent without anyone below."""
    blanks = (None,) * 4
    tree = RatchetTree.of_nodes(SUITE, (*crowd(5).nodes, *blanks, ParentNode(b"over", b"")))
    assert tree.index.node_with(b"over") == 13
    shorter = tree.remove(4)
    assert shorter.leaf_count == 4
    assert shorter._known.since.base is tree.index
    assert shorter.index.node_with(b"over") is None
    check(shorter)


def test_a_tree_that_is_never_asked_remembers_no_more_than_its_size():
    tree = crowd(6)
    for number in range(10, 100):
        tree = tree.update(number % 6, fresh(number))
        since = tree._known.since
        assert since is None or since.steps <= 2 * 8 - 1
    assert tree._known.since is None
    check(tree)
    after = tree.update(0, fresh(100))
    assert after._known.since is not None
    check(after)
    assert after._known.since is None


# Counts


def test_a_code_point_that_is_listed_twice_counts_once():
    twice = replace(STRANGER.capabilities, extensions=(EXTENSION,) * 2, proposals=(PROPOSAL,) * 3)
    tree, _ = crowd(2).add(fresh(7, capabilities=twice))
    for index in (tree.index, TreeIndex.of(tree.nodes)):
        assert index.supporters("extensions", EXTENSION) == 1
        assert index.supporters("proposals", PROPOSAL) == 1
        assert index.supporters("proposals", EXTENSION) == 0
        assert index.supporters("credentials", CredentialType.BASIC) == 3
        assert index.all_support("credentials", {CredentialType.BASIC})
        assert not index.all_support("proposals", {PROPOSAL})
    check(tree.remove(2))


def test_types_in_use_are_those_of_members():
    tree = crowd(3)
    shown = fresh(1, credential=X509Credential(()))
    other = tree.update(1, shown)
    assert tree.index.credential_types == {CredentialType.BASIC}
    assert other.index.credential_types == {CredentialType.BASIC, CredentialType.X509}
    assert other.remove(1).index.credential_types == {CredentialType.BASIC}
    assert TreeIndex.of((shown,)).credential_types == {CredentialType.X509}


def test_the_longest_lists_are_counted_and_forgotten():
    every = tuple(map(ExtensionType, range(1 << 16)))
    tree = crowd(3)
    longest, _ = tree.add(fresh(7, capabilities=replace(STRANGER.capabilities, extensions=every)))
    assert longest.index.supporters("extensions", every[-1]) == 1
    check(longest.update(0, fresh(8, capabilities=lists(3))))
    shorter = longest.remove(3).update(1, fresh(9, capabilities=lists(1)))
    check(shorter)
    check(shorter.update(1, fresh(10)))


# What it costs


def copied(before: KeyMap, after: KeyMap) -> int:
    pairs = zip(before._buckets, after._buckets, strict=True)
    return sum(one is not other for one, other in pairs)


def test_a_change_copies_few_buckets():
    tree = crowd(2000)
    ask(tree.update(0, fresh(5000)))  # the first change spreads the keys
    before = tree.index
    assert len(before._nodes._buckets) == 128
    assert max(map(len, before._nodes._buckets)) < 3 * FULL
    committed = tree.with_path(7, fresh(5001, signature_key=b"S7"), path(tree, 7, 1)).index
    assert 0 < copied(before._nodes, committed._nodes) <= 2 * 12
    assert committed._leaves is before._leaves
    assert committed._listed is before._listed
    updated = tree.update(7, fresh(5002)).index
    assert copied(before._nodes, updated._nodes) <= 12 + 1
    assert copied(before._leaves, updated._leaves) <= 2
    added = tree.add(fresh(5003))[0].index
    assert copied(before._nodes, added._nodes) == copied(before._leaves, added._leaves) == 1
    assert added._types[CredentialType.BASIC] == 2001


def test_a_batch_copies_a_bucket_once():
    tree = crowd(2000)
    for number in range(200):
        tree = tree.update(number, fresh(5000 + number))
    since = tree._known.since
    assert since is not None
    after = tree.index
    assert copied(since.base._nodes, after._nodes) <= 128
    assert contents(after) == naive(tree)
    draft = after._nodes.edit()
    bucket = draft.bucket(b"E1")
    assert draft.bucket(b"E1") is bucket
    assert copied(after._nodes, draft.done()) == 1


@settings(deadline=None, max_examples=60)
@given(
    ranges=st.lists(
        st.tuples(st.booleans(), st.integers(0, 900), st.integers(0, 900)), min_size=1, max_size=8
    )
)
def test_a_map_is_that_of_its_items_however_it_grows_and_shrinks(ranges):
    model: dict[int, int] = {}
    versions = [(KeyMap({}), model)]
    for insert, start, stop in ranges:
        draft, model = versions[-1][0].edit(), dict(model)
        for key in range(start, stop):
            if insert:
                draft.bucket(key)[key] = model[key] = stop
            elif key in model:
                del draft.bucket(key)[key], model[key]
        versions.append((draft.done(), model))
    for buckets, items in versions:
        buckets.edit()
        assert {key: buckets.find(key) for key in buckets} == items
        assert len(buckets) == len(items)
        assert all(buckets.find(key) is None for key in range(901) if key not in items)
        assert len(buckets._buckets) * FULL <= max(4 * FULL, 8 * len(items))
        assert max(map(len, buckets._buckets)) <= 3 * FULL


# With the whole tree


def test_a_validated_tree_is_indexed_for_the_first_commit():
    group = full(4)
    group.tree = RatchetTree.of_nodes(SUITE, group.tree.nodes)
    group.validate()
    known = group.tree._known.index
    assert known is not None
    group.commit(2)
    assert group.tree._known.since.base is known
    check(group.tree)


def test_the_tree_of_an_attacker_has_no_index():
    tree = bulk(3).tree
    twins = with_nodes(
        tree, {4: replace(tree.member(2), signature_key=tree.member(0).signature_key)}
    )
    with refused(DuplicateSignatureKeyError, leaf=2):
        ask(twins)
