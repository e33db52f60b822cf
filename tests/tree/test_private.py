"""What one member knows of the private keys."""

import attrs
import pytest
from tree.members import SUITE, Group, refused

from mimi.crypto import Secret
from mimi.tree import math
from mimi.tree.errors import PrivateKeyError
from mimi.tree.private import PrivateTree, node_key


@pytest.fixture(scope="module")
def group() -> Group:
    return Group.of(4)


def other_key(group):
    return SUITE.generate_key_pair(group.entropy)


def test_a_member_knows_the_keys_on_its_direct_path(group):
    for leaf, member in group.members.items():
        path = {math.node_of(leaf), *math.direct_path(math.node_of(leaf), 4)}
        assert set(member.private.keys) == path
        member.private.check(group.tree)


def test_a_key_belongs_to_its_node(group):
    private = group.members[2].private
    for position in private.keys:
        with refused(PrivateKeyError, node=position):
            private.with_keys({position: other_key(group)}).check(group.tree)


def test_a_blank_node_or_one_outside_has_no_key(group):
    tree = group.tree.update(2, group.signed(2, encryption_key=other_key(group).public))
    private = group.members[3].private
    private.check(group.tree)
    with refused(PrivateKeyError, node=5):
        private.check(tree)
    for position in (7, 100):
        with refused(PrivateKeyError, node=position):
            private.with_keys({position: other_key(group)}).check(group.tree)


def test_keys_of_blank_or_changed_nodes_are_dropped(group):
    private = group.members[3].private
    assert private.without_blanks(group.tree) == private
    tree = group.tree.update(2, group.signed(2, encryption_key=other_key(group).public))
    assert set(private.without_blanks(tree).keys) == {6}
    after = group.create(1).tree
    assert set(private.without_blanks(after).keys) == {5, 6}


def test_a_path_secret_gives_the_keys_up_to_the_root(group):
    created = group.create(0)
    lowest = PrivateTree.of_leaf(2, group.members[2].private.keys[4])
    joined = lowest.with_path_secret(created.tree, 3, created.path_secrets[3])
    assert set(joined.keys) == {4, 3}
    assert joined.keys[3].public == created.tree.node(3).encryption_key
    below = PrivateTree.of_leaf(1, group.members[1].private.keys[2])
    joined = below.with_path_secret(created.tree, 1, created.path_secrets[1])
    assert set(joined.keys) == {2, 1, 3}
    joined.check(created.tree)


def test_a_path_secret_passes_over_blank_nodes():
    group = Group.of(8)
    for leaf in (2, 3):
        group.remove(leaf)
    created = group.create(0)
    assert created.tree.node(3) is None
    member = group.members[1].private
    private = PrivateTree.of_leaf(1, member.keys[2])
    joined = private.with_path_secret(created.tree, 1, created.path_secrets[1])
    assert set(joined.keys) == {2, 1, 7}


def test_a_path_secret_of_another_tree_is_refused(group):
    created = group.create(0)
    private = PrivateTree.of_leaf(2, group.members[2].private.keys[4])
    for position, secret in ((3, Secret(bytes(SUITE.nh))), (3, created.path_secrets[1])):
        with refused(PrivateKeyError, node=3):
            private.with_path_secret(created.tree, position, secret)
    with refused(PrivateKeyError, node=1):
        private.with_path_secret(created.tree, 1, created.path_secrets[3])
    blank = group.tree.update(1, group.signed(1))
    with refused(PrivateKeyError, node=1):
        private.with_path_secret(blank, 1, created.path_secrets[1])


def test_a_private_tree_shows_no_keys_and_cannot_be_changed(group):
    private = group.members[0].private
    assert repr(private) == "PrivateTree(leaf 0, keys at [0, 1, 3])"
    with pytest.raises(TypeError):
        private.keys[0] = other_key(group)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        private.leaf = 1
    keys = dict(private.keys)
    own = PrivateTree(0, keys)
    keys.clear()
    assert own == private


def test_secrets_follow_from_one_another_as_in_section_7_4():
    secret = Secret(b"\7" * SUITE.nh)
    node_secret = SUITE.expand_with_label(secret.reveal(), b"node", b"", SUITE.nh)
    following = SUITE.expand_with_label(secret.reveal(), b"path", b"", SUITE.nh)
    pair = SUITE.derive_key_pair(node_secret)
    assert node_key(SUITE, secret) == (pair, Secret(following))
