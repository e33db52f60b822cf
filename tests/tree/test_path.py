"""Update paths: everybody agrees, and each rule refuses what breaks it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree.members import (
    GROUP_ID,
    LIFETIME,
    SUITE,
    Group,
    content_of,
    context_of,
    every_suite,
    person,
    refused,
    signed,
)

from mimi.codec import decode, encode, replace
from mimi.crypto import InvalidPublicKeyError, KeyAgreementError, SeededEntropy
from mimi.errors import MalformedError, UsageError
from mimi.tree import math
from mimi.tree.errors import (
    BlankLeafError,
    DuplicateEncryptionKeyError,
    DuplicateSignatureKeyError,
    EncryptionKeyError,
    LeafSourceError,
    PathLengthError,
    PathParentHashError,
    PathSecretCountError,
    PathSecretError,
    UnrotatedKeyError,
)
from mimi.tree.leaf import CommitSource, KeyPackageSource, UpdateSource, verify_leaf_signature
from mimi.tree.path import (
    HPKECiphertext,
    MergedPath,
    UpdatePath,
    UpdatePathNode,
    create_update_path,
    merge_update_path,
    process_update_path,
)
from mimi.tree.private import PrivateTree, node_key

SENDER, RECEIVER = 1, 2


class Sent:
    """A path that leaf 1 of a group sends, and how the others take it."""

    def __init__(self, suite=SUITE, size=4):
        self.group = Group.of(size, suite)
        self.created = self.group.create(SENDER)
        self.path = self.created.update_path
        self.context = context_of(self.created.tree.tree_hash)

    def merge(self, path=None):
        return merge_update_path(self.group.tree, SENDER, path or self.path, added=())

    def process(self, path=None, context=None, private=None):
        private = private or self.group.members[RECEIVER].private
        created = self.created
        merged = MergedPath(
            self.group.tree, created.tree, SENDER, path or self.path, frozenset(), created.steps
        )
        return process_update_path(merged, private, context or self.context)

    def with_leaf(self, **changes):
        """Return the path with another leaf, signed by the sender."""
        signer = self.group.members[SENDER].signer
        return replace(self.path, leaf_node=signed(self.path.leaf_node, signer, SENDER, **changes))

    def with_node(self, at, **changes):
        """Return the path with a node changed."""
        nodes = list(self.path.nodes)
        nodes[at] = replace(nodes[at], **changes)
        return replace(self.path, nodes=tuple(nodes))


@pytest.fixture(scope="module")
def sent() -> Sent:
    one = Sent()
    assert one.merge().tree == one.created.tree
    assert one.process().commit_secret == one.created.commit_secret
    return one


# What is right


@every_suite
def test_everybody_agrees(suite):
    one = Sent(suite, 3)
    assert decode(UpdatePath, encode(one.path)) == one.path
    merged = one.merge(decode(UpdatePath, encode(one.path))).tree
    assert merged == one.created.tree
    verify_leaf_signature(suite, one.path.leaf_node, GROUP_ID, SENDER)
    one.group.validate(merged)
    for leaf in (0, 2):
        processed = one.process(private=one.group.members[leaf].private)
        assert processed.commit_secret == one.created.commit_secret
        assert len(processed.commit_secret) == suite.nh
        processed.private.check(merged)
        shared = math.common_ancestor(2 * leaf, 2 * SENDER)
        assert processed.path_secret == one.created.path_secrets[shared]


@settings(deadline=None, max_examples=25)
@given(
    size=st.integers(2, 16), gone=st.sets(st.integers(0, 15), max_size=8), joining=st.integers(0, 3)
)
def test_everybody_agrees_whoever_is_missing(size, gone, joining):
    group = Group.of(size, commits=bool(size & 1))
    for leaf in sorted(gone & set(group.leaves))[: size - 1]:
        group.remove(leaf)
    sender = group.leaves[0]
    joined = tuple(group.add() for _ in range(joining))
    created = group.commit(sender, joined)
    assert len(created.update_path.nodes) == len(group.tree.filtered_direct_path(sender))
    group.check()
    group.validate()


def test_a_path_secret_leads_to_the_next_and_at_the_end_to_the_commit_secret(sent):
    lower, upper = sent.created.path_secrets[1], sent.created.path_secrets[3]
    assert node_key(SUITE, lower)[1] == upper
    assert node_key(SUITE, upper)[1] == sent.created.commit_secret
    for node, secret in sent.created.path_secrets.items():
        assert node_key(SUITE, secret)[0].public == sent.created.tree.node(node).encryption_key


def test_the_sender_knows_all_its_new_keys_and_no_others(sent):
    assert set(sent.created.private.keys) == {2, 1, 3}
    sent.created.private.check(sent.created.tree)


def test_a_group_of_one_commits_to_an_empty_path():
    group = Group()
    first, second = group.create(0), group.create(0)
    assert first.update_path.nodes == ()
    assert first.update_path.leaf_node.leaf_node_source == CommitSource(b"")
    assert first.commit_secret != second.commit_secret
    assert merge_update_path(group.tree, 0, first.update_path, added=()).tree == first.tree
    group.validate(first.tree)


def test_parents_off_the_filtered_path_become_blank():
    group = Group.of(8)
    for leaf in (2, 3):
        group.remove(leaf)
    created = group.commit(0)
    assert len(created.update_path.nodes) == 2
    assert [at for at in (1, 3, 7) if group.tree.node(at) is None] == [3]
    assert group.tree.parent_node(1).parent_hash != b""
    group.validate()


def test_new_members_get_no_ciphertext():
    group = Group.of(3)
    joined = (group.add(), group.add())
    created = group.create(0, joined)
    counts = [len(node.encrypted_path_secret) for node in created.update_path.nodes]
    assert counts == [1, 1, 0]
    group.commit(0, joined)
    group.check()


def test_leaves_are_signed_anew_with_the_parent_hash(sent):
    old, new = sent.group.tree.member(SENDER), sent.path.leaf_node
    assert isinstance(new.leaf_node_source, CommitSource)
    assert new.leaf_node_source.parent_hash
    assert (new.credential, new.capabilities) == (old.credential, old.capabilities)
    assert new.encryption_key != old.encryption_key


def test_the_same_entropy_makes_the_same_path(sent):
    def create(seed):
        return create_update_path(
            sent.group.tree,
            SENDER,
            sent.path.leaf_node,
            sent.group.members[SENDER].signer,
            GROUP_ID,
            context_of,
            SeededEntropy(seed),
            added=(),
        )

    assert create(1).update_path == create(1).update_path
    assert create(1).commit_secret != create(2).commit_secret


def test_secrets_are_not_shown(sent):
    for one in (sent.created, sent.process()):
        assert one.commit_secret.reveal().hex() not in repr(one)
        assert repr(one.commit_secret) not in repr(one)


# What its sender cannot do


def test_only_the_owner_of_a_leaf_signs_it(sent):
    with pytest.raises(UsageError, match="own signature_key"):
        create_update_path(
            sent.group.tree,
            SENDER,
            sent.path.leaf_node,
            sent.group.members[0].signer,
            GROUP_ID,
            context_of,
            SeededEntropy(1),
            added=(),
        )


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(32)], ids=["none", "short", "small order"])
def test_a_member_with_an_unusable_key_is_named(key):
    """Whoever wants to commit must know whom to remove."""
    group = Group.of(4, commits=False)
    group.tree = group.with_node(6, replace(group.tree.member(3), encryption_key=key))
    with pytest.raises(InvalidPublicKeyError) as caught:
        group.create(0)
    assert not isinstance(caught.value, KeyAgreementError) or key == bytes(32)
    assert caught.value.where == {"node": 6}
    group.remove(3)
    group.create(0)


# What merging refuses


@pytest.mark.parametrize("source", [UpdateSource(), KeyPackageSource(LIFETIME)])
def test_the_leaf_of_a_path_is_from_a_commit(sent, source):
    with refused(LeafSourceError, leaf=SENDER):
        sent.merge(sent.with_leaf(leaf_node_source=source))


@pytest.mark.parametrize("nodes", [0, 1, 3])
def test_a_path_has_a_node_for_each_of_the_filtered_direct_path(sent, nodes):
    spare = UpdatePathNode(SUITE.generate_key_pair(SeededEntropy(5)).public, ())
    changed = replace(sent.path, nodes=(*sent.path.nodes, spare)[:nodes])
    with refused(PathLengthError, leaf=SENDER):
        sent.merge(changed)


def test_the_leaf_key_is_rotated(sent):
    old = sent.group.tree.member(SENDER).encryption_key
    with refused(UnrotatedKeyError, leaf=SENDER, node=2 * SENDER):
        sent.merge(sent.with_leaf(encryption_key=old))


@pytest.mark.parametrize("taken", range(7))
def test_no_key_of_a_path_is_in_the_tree(sent, taken):
    """RFC 9420 section 12.4.2: of any node, not only of those that the path replaces."""
    key = sent.group.tree.node(taken).encryption_key
    with refused(UnrotatedKeyError, leaf=SENDER, node=taken):
        sent.merge(sent.with_leaf(encryption_key=key))
    for at in (0, 1):
        with refused(UnrotatedKeyError, leaf=SENDER, node=taken):
            sent.merge(sent.with_node(at, encryption_key=key))


def test_the_keys_of_a_path_are_keys(sent):
    for wrong in (b"", b"short", bytes(33)):
        with refused(EncryptionKeyError, node=2 * SENDER):
            sent.merge(sent.with_leaf(encryption_key=wrong))
        with refused(EncryptionKeyError, node=2 * SENDER):
            sent.merge(sent.with_node(1, encryption_key=wrong))


def test_the_leaf_has_nobody_elses_signature_key(sent):
    other = sent.group.members[0].signer
    leaf = signed(sent.path.leaf_node, other, SENDER, signature_key=other.public)
    with refused(DuplicateSignatureKeyError, leaf=SENDER):
        sent.merge(replace(sent.path, leaf_node=leaf))


def test_a_joiner_has_nobodys_signature_key():
    newcomer = person(SeededEntropy(b"joiner"))
    group = Group.of(3)
    member = group.members[1].signer
    for signer in (newcomer.signer, member):
        content = content_of(newcomer.leaf, signature_key=signer.public)
        path = create_update_path(
            group.tree, 3, content, signer, GROUP_ID, context_of, group.entropy, added=()
        ).update_path
        if signer is newcomer.signer:
            merge_update_path(group.tree, 3, path, added=(), joining=True)
            continue
        with refused(DuplicateSignatureKeyError, leaf=3):
            merge_update_path(group.tree, 3, path, added=(), joining=True)


def test_the_proposals_of_a_commit_bring_no_key_that_is_there(sent):
    """Whatever the path is like: the tree that it goes into has a key twice."""
    newcomer = person(SeededEntropy(b"twin"))
    taken = sent.group.tree.member(2)
    for error, key in (
        (DuplicateSignatureKeyError, {"signature_key": taken.signature_key}),
        (DuplicateEncryptionKeyError, {"encryption_key": taken.encryption_key}),
    ):
        tree, leaf = sent.group.tree.add(newcomer.leaf)
        path = create_update_path(
            tree,
            SENDER,
            sent.path.leaf_node,
            sent.group.members[SENDER].signer,
            GROUP_ID,
            context_of,
            SeededEntropy(1),
            added=(leaf,),
        ).update_path
        merge_update_path(tree, SENDER, path, added=(leaf,))
        twins, _ = sent.group.tree.add(replace(newcomer.leaf, **key))
        where = {"leaf": leaf} if error is DuplicateSignatureKeyError else {"node": 2 * leaf}
        with refused(error, **where):
            merge_update_path(twins, SENDER, path, added=(leaf,))


def test_only_members_and_joiners_send_paths(sent):
    tree = sent.group.tree
    for sender in (4, 2**32 - 1):
        with refused(BlankLeafError, leaf=sender):
            merge_update_path(tree, sender, sent.path, added=())
    with refused(BlankLeafError, leaf=SENDER):
        merge_update_path(tree, SENDER, sent.path, added=(), joining=True)


def test_a_joiner_sends_a_path_from_a_blank_leaf():
    group = Group.of(3)
    newcomer = person(SeededEntropy(b"joiner"))
    created = create_update_path(
        group.tree, 3, newcomer.leaf, newcomer.signer, GROUP_ID, context_of, group.entropy, added=()
    )
    merged = merge_update_path(group.tree, 3, created.update_path, added=(), joining=True)
    assert merged.tree == created.tree
    with refused(BlankLeafError, leaf=3):
        merge_update_path(group.tree, 3, created.update_path, added=())


def test_no_key_of_a_path_is_in_it_twice(sent):
    first, second = (node.encryption_key for node in sent.path.nodes)
    with refused(UnrotatedKeyError, leaf=SENDER):
        sent.merge(sent.with_node(0, encryption_key=second))
    with refused(UnrotatedKeyError, leaf=SENDER):
        sent.merge(sent.with_leaf(encryption_key=first))


@pytest.mark.parametrize("wrong", [b"", bytes(32), bytes(31)], ids=["null", "zeros", "short"])
def test_the_leaf_carries_the_parent_hash_of_the_path(sent, wrong):
    with refused(PathParentHashError, leaf=SENDER):
        sent.merge(sent.with_leaf(leaf_node_source=CommitSource(wrong)))


def test_the_leaf_vouches_for_every_node_of_the_path(sent):
    for at in (0, 1):
        key = SUITE.generate_key_pair(SeededEntropy(at)).public
        with refused(PathParentHashError, leaf=SENDER):
            sent.merge(sent.with_node(at, encryption_key=key))


def test_a_path_is_for_the_tree_it_was_made_in(sent):
    other = sent.group.tree.update(3, sent.group.signed(3, leaf_node_source=UpdateSource()))
    with refused(PathParentHashError, leaf=SENDER):
        merge_update_path(other, SENDER, sent.path, added=())


# What processing refuses


@pytest.mark.parametrize("at", [0, 1])
def test_every_node_is_encrypted_to_exactly_its_recipients(sent, at):
    sealed = sent.path.nodes[at].encrypted_path_secret
    node = (1, 3)[at]
    for wrong in ((), sealed[:-1], (*sealed, sealed[0])):
        with refused(PathSecretCountError, node=node):
            sent.merge(sent.with_node(at, encrypted_path_secret=wrong))


def altered(sent, **changes):
    sealed = sent.path.nodes[1].encrypted_path_secret
    return sent.with_node(1, encrypted_path_secret=(replace(sealed[0], **changes), *sealed[1:]))


@pytest.mark.parametrize("octets", [b"", bytes(15), bytes(16), bytes(48)])
def test_a_path_secret_that_does_not_decrypt_is_refused(sent, octets):
    with refused(PathSecretError, node=5):
        sent.process(altered(sent, ciphertext=octets))


@pytest.mark.parametrize("octets", [b"", bytes(31), bytes(32), bytes(33)])
def test_a_path_secret_without_a_usable_key_is_refused(sent, octets):
    with refused(PathSecretError, node=5):
        sent.process(altered(sent, kem_output=octets))


def test_a_path_secret_is_bound_to_the_context(sent):
    for wrong in (b"", GROUP_ID, context_of(sent.group.tree.tree_hash)):
        with refused(PathSecretError, node=5):
            sent.process(context=wrong or b"another")


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(32), bytes(33)])
def test_a_path_secret_gives_the_keys_of_the_path(sent, secret):
    info = SUITE.encryption_info(b"UpdatePathNode", sent.context)
    public = sent.group.tree.node(5).encryption_key

    def sealed(octets):
        parts = SUITE.hpke.seal(public, info, b"", octets, SeededEntropy(9))
        return sent.with_node(1, encrypted_path_secret=(HPKECiphertext(*parts),))

    genuine = sent.process(sealed(sent.created.path_secrets[3].reveal()))
    assert genuine.commit_secret == sent.created.commit_secret
    with refused(PathSecretError, node=3):
        sent.process(sealed(secret))


def test_every_node_above_the_shared_one_is_checked(sent):
    """Leaf 0 gets the secret of node 1, from which the key of node 3 follows."""
    private = sent.group.members[0].private
    assert sent.process(private=private).commit_secret == sent.created.commit_secret
    key = SUITE.generate_key_pair(SeededEntropy(3)).public
    with refused(PathSecretError, node=3):
        sent.process(sent.with_node(1, encryption_key=key), private=private)
    with refused(PathSecretError, node=1):
        sent.process(sent.with_node(0, encryption_key=key), private=private)


def test_somebody_without_a_key_finds_nothing(sent):
    nobody = PrivateTree(RECEIVER, {})
    with refused(PathSecretError, leaf=RECEIVER):
        sent.process(private=nobody)


def test_one_cannot_process_ones_own_path(sent):
    with refused(PathSecretError, leaf=SENDER):
        sent.process(private=sent.group.members[SENDER].private)


def test_a_failed_path_changes_nothing(sent):
    private, tree_hash = sent.group.members[RECEIVER].private, sent.group.tree.tree_hash
    keys = dict(private.keys)
    with pytest.raises(PathSecretError):
        sent.process(altered(sent, ciphertext=b""))
    assert sent.group.members[RECEIVER].private.keys == keys
    assert sent.group.tree.tree_hash == tree_hash
    assert sent.process().commit_secret == sent.created.commit_secret


def test_every_truncation_of_a_path_is_malformed(sent):
    octets = encode(sent.path)
    for length in range(len(octets)):
        with pytest.raises(MalformedError):
            decode(UpdatePath, octets[:length])
    with pytest.raises(MalformedError):
        decode(UpdatePath, octets + b"\0")
