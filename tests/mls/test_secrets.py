"""The secret tree and its ratchets against naive ones that remember everything."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.epoch import SUITE
from tree.members import every_suite, refused

from mimi.crypto import InputSizeError, Secret, SeededEntropy
from mimi.errors import InvalidError, UsageError
from mimi.mls.codepoints import ContentType
from mimi.mls.errors import (
    GenerationExhaustedError,
    GenerationTooFarError,
    KeyConsumedError,
    LeafOutsideError,
)
from mimi.mls.secrets import (
    LAST_GENERATION,
    Ratchet,
    RatchetKind,
    SecretTree,
    Window,
)
from mimi.tree.math import TreeIndexError

SECRET = Secret(SeededEntropy(b"encryption secret")(SUITE.nh))
HANDSHAKE, APPLICATION = RatchetKind.HANDSHAKE, RatchetKind.APPLICATION


# Naive derivations (RFC 9420 sections 9 and 9.1)


def naive_leaf_secret(suite, secret: bytes, leaf: int, leaf_count: int) -> bytes:
    """Go down from the root, halving the range of leaves."""
    first, last = 0, leaf_count
    while last - first > 1:
        middle = (first + last) // 2
        side = b"left" if leaf < middle else b"right"
        first, last = (first, middle) if leaf < middle else (middle, last)
        secret = suite.expand_with_label(secret, b"tree", side, suite.nh)
    return secret


def naive_keys(suite, secret: bytes, count: int) -> list[tuple[bytes, bytes]]:
    """Return the keys and nonces of the first generations of a ratchet."""
    keys = []
    for generation in range(count):
        context = generation.to_bytes(4, "big")
        keys.append(
            (
                suite.expand_with_label(secret, b"key", context, suite.nk),
                suite.expand_with_label(secret, b"nonce", context, suite.nn),
            )
        )
        secret = suite.expand_with_label(secret, b"secret", context, suite.nh)
    return keys


def naive_ratchet(suite, secret: bytes, leaf: int, leaf_count: int, kind: RatchetKind, count: int):
    at_leaf = naive_leaf_secret(suite, secret, leaf, leaf_count)
    label = b"handshake" if kind is HANDSHAKE else b"application"
    return naive_keys(suite, suite.expand_with_label(at_leaf, label, b"", suite.nh), count)


def revealed(key) -> tuple[bytes, bytes]:
    return key.key.reveal(), key.nonce.reveal()


@every_suite
def test_every_leaf_has_the_keys_of_the_specification(suite):
    secret = Secret(SeededEntropy(1)(suite.nh))
    for leaf_count in (1, 2, 8):
        tree = SecretTree(suite, leaf_count, secret)
        for leaf in reversed(range(leaf_count)):
            for kind in RatchetKind:
                expected = naive_ratchet(suite, secret.reveal(), leaf, leaf_count, kind, 2)
                tree, generation, key = tree.next_key(leaf, kind)
                assert (generation, revealed(key)) == (0, expected[0])
                tree, key = tree.take(leaf, kind, 1, Window())
                assert revealed(key) == expected[1]


NAIVE = {kind: naive_ratchet(SUITE, SECRET.reveal(), 2, 4, kind, 60) for kind in RatchetKind}


@settings(deadline=None, max_examples=200)
@given(
    order=st.lists(st.tuples(st.sampled_from(RatchetKind), st.integers(0, 59)), max_size=40),
    ahead=st.integers(0, 40),
    kept=st.integers(0, 8),
    behind=st.integers(0, 20),
)
def test_any_order_within_the_window(order, ahead, kept, behind):
    """Each key at most once, the right one; the newest of the skipped ones are kept."""
    tree, window = SecretTree(SUITE, 4, SECRET), Window(ahead, kept, behind)
    following = dict.fromkeys(RatchetKind, 0)
    skipped: dict[RatchetKind, list[int]] = {kind: [] for kind in RatchetKind}
    for kind, generation in order:
        if generation < following[kind] and generation not in skipped[kind]:
            with refused(KeyConsumedError, generation=generation):
                tree.take(2, kind, generation, window)
            continue
        if generation - following[kind] > ahead:
            with refused(GenerationTooFarError, generation=generation):
                tree.take(2, kind, generation, window)
            continue
        tree, key = tree.take(2, kind, generation, window)
        assert revealed(key) == NAIVE[kind][generation]
        if generation in skipped[kind]:
            skipped[kind].remove(generation)
        else:
            skipped[kind] += range(following[kind], generation)
            skipped[kind] = [at for at in skipped[kind] if generation - at <= behind]
            skipped[kind] = skipped[kind][max(len(skipped[kind]) - kept, 0) :]
            following[kind] = generation + 1
        for each in RatchetKind:
            ratchet = tree.senders[2].ratchet(each)
            assert ratchet.generation == following[each]
            assert list(ratchet.skipped) == skipped[each]
            assert len(ratchet.skipped) <= kept


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 7), st.sampled_from(RatchetKind)), max_size=20))
def test_the_keys_of_one_sender_do_not_depend_on_the_others(order):
    tree, counts = SecretTree(SUITE, 8, SECRET), {}
    for leaf, kind in order:
        count = counts[leaf, kind] = counts.get((leaf, kind), -1) + 1
        tree, generation, key = tree.next_key(leaf, kind)
        expected = naive_ratchet(SUITE, SECRET.reveal(), leaf, 8, kind, count + 1)
        assert (generation, revealed(key)) == (count, expected[count])


# What the window promises


def ratchet() -> Ratchet:
    return Ratchet(SUITE, SECRET)


def test_a_message_may_skip_as_many_generations_as_the_window_says():
    window = Window(ahead=10, kept=2)
    taken, _ = ratchet().take(10, window)
    assert taken.generation == 11
    taken, _ = taken.take(21, window)
    with refused(GenerationTooFarError, generation=33):
        taken.take(33, window)
    with refused(GenerationTooFarError, generation=11):
        ratchet().take(11, window)


def test_a_message_at_the_last_generation_costs_nothing():
    with refused(GenerationTooFarError, generation=LAST_GENERATION):
        ratchet().take(LAST_GENERATION, Window())


def test_skipped_keys_are_bounded_however_long_one_goes_on():
    window, one = Window(ahead=50, kept=7), ratchet()
    for generation in range(40, 4000, 41):
        one, _ = one.take(generation, window)
        assert len(one.skipped) <= window.kept
        assert min(one.skipped) >= generation - window.kept
    with refused(KeyConsumedError):
        one.take(40, window)


def test_the_newest_skipped_keys_replace_the_oldest():
    window, one = Window(ahead=50, kept=3), ratchet()
    one, _ = one.take(5, window)
    assert sorted(one.skipped) == [2, 3, 4]
    one, _ = one.take(7, window)
    assert sorted(one.skipped) == [3, 4, 6]
    one, _ = one.take(8, window)
    assert sorted(one.skipped) == [3, 4, 6]


def test_a_narrower_window_drops_what_was_kept():
    one, _ = ratchet().take(5, Window(kept=5))
    assert sorted(one.skipped) == [0, 1, 2, 3, 4]
    for kept in (2, 0):
        narrower, _ = one.take(6, Window(kept=kept))
        assert sorted(narrower.skipped) == [3, 4][: max(kept, 0)]


def test_keys_that_are_too_old_are_dropped():
    window, one = Window(kept=64, behind=5), ratchet()
    one, _ = one.take(3, window)
    for generation, kept in ((4, [0, 1, 2]), (5, [0, 1, 2]), (6, [1, 2]), (7, [2]), (8, [])):
        one, _ = one.take(generation, window)
        assert list(one.skipped) == kept
    with refused(KeyConsumedError, generation=2):
        one.take(2, window)


def test_a_gap_keeps_no_keys_that_are_too_old_at_once():
    one, _ = ratchet().take(10, Window(kept=64, behind=3))
    assert list(one.skipped) == [7, 8, 9]
    one, _ = one.take(12, Window(kept=64, behind=3))
    assert list(one.skipped) == [9, 11]
    assert not ratchet().take(10, Window(kept=64, behind=0))[0].skipped


def test_age_is_counted_in_generations_and_not_in_keys_taken():
    window = Window(kept=64, behind=5)
    one, _ = ratchet().take(5, window)
    for late in (3, 1, 4):
        one, _ = one.take(late, window)
    assert list(one.skipped) == [0, 2]


def test_by_default_a_message_may_be_as_late_as_it_may_be_early():
    window = Window()
    assert window.behind == window.ahead == 1000
    one, _ = ratchet().take(1, Window(kept=1))
    for generation in range(2, 1002):
        assert list(one.skipped) == [0]
        one, _ = one.take(generation, Window(kept=1))
    assert not one.skipped


@pytest.mark.parametrize("field", ["ahead", "kept", "behind"])
def test_the_bounds_of_a_window_are_no_less_than_nothing(field):
    Window(**{field: 0})
    with pytest.raises(UsageError, match="must be >= 0"):
        Window(**{field: -1})


def test_stored_keys_are_put_in_order():
    """The oldest key is the first: by that a ratchet sees whether one is too old."""
    one, _ = ratchet().take(5, Window())
    stored = {at: one.skipped[at] for at in (4, 0, 3, 1, 2)}
    restored = Ratchet(SUITE, one.secret, one.generation, stored)
    assert list(restored.skipped) == [0, 1, 2, 3, 4]
    assert restored == one
    after, _ = restored.take(6, Window(behind=5))
    assert list(after.skipped) == [1, 2, 3, 4]


def test_a_key_is_taken_once():
    one, _ = ratchet().take(3, Window())
    for generation in (3, 1, 0, 2):
        one, _ = (one, None) if generation == 3 else one.take(generation, Window())
        with refused(KeyConsumedError, generation=generation):
            one.take(generation, Window())
    assert not one.skipped


def test_a_refused_key_changes_nothing():
    before, _ = ratchet().take(3, Window())
    state = (before.generation, before.secret, dict(before.skipped))
    for generation in (3, 3 + 1002):
        with pytest.raises(InvalidError):
            before.take(generation, Window())
    assert (before.generation, before.secret, dict(before.skipped)) == state
    first, again = before.take(1, Window()), before.take(1, Window())
    assert first == again


def test_all_generations_can_be_used_and_no_more():
    last = Ratchet(SUITE, SECRET, LAST_GENERATION)
    after, generation, key = last.next_key()
    assert generation == LAST_GENERATION
    assert key == last.take(LAST_GENERATION, Window())[1]
    with refused(GenerationExhaustedError):
        after.next_key()
    with refused(KeyConsumedError):
        after.take(LAST_GENERATION, Window())
    with refused(InputSizeError):
        after.take(LAST_GENERATION + 1, Window())


def test_sending_keeps_the_keys_skipped_on_receiving():
    one, _ = ratchet().take(2, Window())
    after, generation, _ = one.next_key()
    assert generation == 3
    assert after.skipped == one.skipped


# The tree


@pytest.mark.parametrize("leaf", [-1, 4, 5, 2**32 - 1])
def test_a_leaf_is_in_the_tree(leaf):
    tree = SecretTree(SUITE, 4, SECRET)
    for attempt in (
        lambda: tree.next_key(leaf, HANDSHAKE),
        lambda: tree.take(leaf, APPLICATION, 0, Window()),
    ):
        with refused(LeafOutsideError, leaf=leaf):
            attempt()


@pytest.mark.parametrize("leaf_count", [0, -1, 3, 5, 6, 12])
def test_a_tree_is_full(leaf_count):
    """Otherwise two leaves would share a key and a nonce."""
    with refused(TreeIndexError):
        SecretTree(SUITE, leaf_count, SECRET)


def secrets_of(tree: SecretTree) -> list[bytes]:
    """Return all secrets that a tree holds, message keys aside."""
    ratchets = [each.ratchet(kind) for each in tree.senders.values() for kind in RatchetKind]
    return [one.reveal() for one in (*tree.frontier.values(), *(each.secret for each in ratchets))]


def test_what_is_consumed_is_dropped():
    """RFC 9420 section 9.2: nothing remains from which a used key could be derived again."""
    tree, _, _ = SecretTree(SUITE, 8, SECRET).next_key(5, APPLICATION)
    held = secrets_of(tree)
    secret, gone = SECRET.reveal(), [SECRET.reveal()]
    for side in (b"right", b"left", b"right"):
        secret = SUITE.expand_with_label(secret, b"tree", side, SUITE.nh)
        gone.append(secret)
    gone.append(SUITE.expand_with_label(secret, b"application", b"", SUITE.nh))
    assert not set(gone) & set(held)
    assert len(held) == 3 + 2
    assert SUITE.expand_with_label(secret, b"handshake", b"", SUITE.nh) in held


def test_old_trees_are_still_what_they_were():
    tree = SecretTree(SUITE, 4, SECRET)
    after, _, first = tree.next_key(1, HANDSHAKE)
    assert tree.next_key(1, HANDSHAKE)[2] == first
    assert after.next_key(1, HANDSHAKE)[2] != first
    assert dict(tree.frontier) == {3: SECRET}
    assert not tree.senders
    assert tree == SecretTree(SUITE, 4, SECRET)


def test_nothing_shows_a_key():
    tree, key = SecretTree(SUITE, 2, SECRET).take(0, HANDSHAKE, 3, Window())
    shown = repr(tree) + repr(key)
    octets = [*secrets_of(tree), *revealed(key)]
    skipped = tree.senders[0].handshake.skipped
    assert sorted(skipped) == [0, 1, 2]
    octets += [part for kept in skipped.values() for part in revealed(kept)]
    for one in octets:
        assert repr(one) not in shown
        assert one.hex() not in shown


def test_nothing_can_be_changed_in_place():
    tree = SecretTree(SUITE, 2, SECRET)
    for one in (tree, tree.take(0, HANDSHAKE, 3, Window())[0]):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            one.frontier = {}
        with pytest.raises(TypeError):
            one.frontier[0] = SECRET
    ratchet = one.senders[0].handshake
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        ratchet.generation = 0
    with pytest.raises(TypeError):
        ratchet.skipped[9] = ratchet.skipped[0]
    stored = dict(ratchet.skipped)
    restored = Ratchet(SUITE, SECRET, 4, stored)
    del stored[0]
    assert list(restored.skipped) == [0, 1, 2]


def test_commits_and_proposals_go_through_the_handshake_ratchet():
    kinds = [RatchetKind.of(content_type) for content_type in ContentType]
    assert kinds == [APPLICATION, HANDSHAKE, HANDSHAKE]
