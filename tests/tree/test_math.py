"""The arithmetic against the pseudo-code of RFC 9420 appendix C, and against drawings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tree.members import refused

from mimi.tree import math
from mimi.tree.math import TreeIndexError

# RFC 9420 appendix C, as it stands there


def appendix_level(x):
    if x & 0x01 == 0:
        return 0
    k = 0
    while ((x >> k) & 0x01) == 1:
        k += 1
    return k


def appendix_log2(x):
    if x == 0:
        return 0
    k = 0
    while (x >> k) > 0:
        k += 1
    return k - 1


def appendix_root(n):
    w = 2 * (n - 1) + 1
    return (1 << appendix_log2(w)) - 1


def appendix_left(x):
    k = appendix_level(x)
    return x ^ (0x01 << (k - 1))


def appendix_right(x):
    k = appendix_level(x)
    return x ^ (0x03 << (k - 1))


def appendix_parent(x):
    k = appendix_level(x)
    b = (x >> (k + 1)) & 0x01
    return (x | (1 << k)) ^ (b << (k + 1))


def appendix_sibling(x):
    p = appendix_parent(x)
    return appendix_right(p) if x < p else appendix_left(p)


def appendix_direct_path(x, n):
    d = []
    while x != appendix_root(n):
        x = appendix_parent(x)
        d.append(x)
    return d


def appendix_copath(x, n):
    if x == appendix_root(n):
        return []
    d = appendix_direct_path(x, n)
    d.insert(0, x)
    d.pop()
    return [appendix_sibling(y) for y in d]


def appendix_common_ancestor(x, y, n):
    dx = {x} | set(appendix_direct_path(x, n))
    dy = {y} | set(appendix_direct_path(y, n))
    return min(dx & dy, key=appendix_level)


every_size = pytest.mark.parametrize("count", [1, 2, 4, 8, 16, 64])


@every_size
def test_every_node_has_the_relatives_of_the_appendix(count):
    top = appendix_root(count)
    assert math.root(count) == top
    assert math.node_width(count) == 2 * count - 1
    for node in range(2 * count - 1):
        assert math.level(node) == appendix_level(node)
        assert math.direct_path(node, count) == appendix_direct_path(node, count)
        assert math.copath(node, count) == appendix_copath(node, count)
        if node & 1:
            assert (math.left(node), math.right(node)) == (
                appendix_left(node),
                appendix_right(node),
            )
        if node != top:
            assert math.parent(node, count) == appendix_parent(node)
            assert math.sibling(node, count) == appendix_sibling(node)


@pytest.mark.parametrize("count", [1, 2, 8, 16])
def test_every_two_nodes_have_the_ancestor_of_the_appendix(count):
    for first in range(2 * count - 1):
        for second in range(2 * count - 1):
            shared = appendix_common_ancestor(first, second, count)
            assert math.common_ancestor(first, second) == shared
            below = second == first or second in appendix_direct_path(first, count)
            assert math.is_below(first, second) == below


@every_size
def test_the_leaves_below_a_node_are_those_whose_direct_path_meets_it(count):
    for node in range(2 * count - 1):
        below = [
            leaf
            for leaf in range(count)
            if node in (2 * leaf, *appendix_direct_path(2 * leaf, count))
        ]
        assert list(math.leaves_below(node)) == below


@given(st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 32) - 1))
def test_it_holds_for_leaves_of_32_bits(first, second):
    count = 1 << 32
    one, other = math.node_of(first), math.node_of(second)
    assert math.leaf_of(one) == first
    assert math.direct_path(one, count) == appendix_direct_path(one, count)
    assert math.common_ancestor(one, other) == appendix_common_ancestor(one, other, count)


@given(st.integers(1, 5000))
def test_a_tree_is_the_least_full_one(nodes):
    count = math.leaf_width(nodes)
    assert count & (count - 1) == 0
    assert math.node_width(count) >= nodes
    assert count == 1 or math.node_width(count // 2) < nodes


def test_no_leaves_are_no_nodes():
    assert math.node_width(0) == 0


@pytest.mark.parametrize("count", [-1, 0, 3, 5, 6, 7, 12])
def test_a_tree_has_a_power_of_two_of_leaves(count):
    with refused(TreeIndexError):
        math.root(count)


@pytest.mark.parametrize(
    ("ask", "node"),
    [
        pytest.param(math.leaf_of, 3, id="a parent has no leaf index"),
        pytest.param(math.left, 4, id="a leaf has no left child"),
        pytest.param(math.right, 0, id="a leaf has no right child"),
        pytest.param(lambda node: math.parent(node, 4), 3, id="the root has no parent"),
        pytest.param(lambda node: math.parent(node, 4), 7, id="beyond the tree"),
        pytest.param(lambda node: math.parent(node, 4), -1, id="before the tree"),
        pytest.param(lambda node: math.sibling(node, 4), 3, id="the root has no sibling"),
        pytest.param(lambda node: math.direct_path(node, 4), 8, id="no path from beyond"),
    ],
)
def test_there_is_no_such_relative(ask, node):
    with refused(TreeIndexError, node=node):
        ask(node)
