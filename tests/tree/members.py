"""A group that agrees by TreeKEM alone, with every member's private keys; and what refusals say.

Everything follows from a seed. After each change all members check their private keys, and after
each commit that they agree on its secret.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest

from mimi.codec import replace
from mimi.crypto import (
    CipherSuite,
    HPKEPrivateKey,
    SeededEntropy,
    SignaturePrivateKey,
    Suite,
    known_suites,
    suite_of,
)
from mimi.errors import MimiError
from mimi.tree import math
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import BasicCredential
from mimi.tree.leaf import (
    Capabilities,
    KeyPackageSource,
    LeafNode,
    LeafNodeContent,
    Lifetime,
    UpdateSource,
    sign_leaf,
)
from mimi.tree.math import LeafIndex
from mimi.tree.node import ParentNode
from mimi.tree.path import (
    CreatedPath,
    create_update_path,
    merge_update_path,
    process_update_path,
)
from mimi.tree.private import PrivateTree
from mimi.tree.ratchet import RatchetTree
from mimi.tree.validate import validate_tree

SUITE = suite_of(CipherSuite.X25519_AES128)
GROUP_ID = b"a group of the tests"
NOW = 1_700_000_000
LIFETIME = Lifetime(NOW - 3600, NOW + 80 * 24 * 3600)

SUITES = known_suites()[:7]
"""Those of RFC 9420: tests register others, which stay for as long as the process runs."""

every_suite = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.code.name)


@contextmanager
def refused(kind: type[MimiError], **where: object) -> Iterator[pytest.ExceptionInfo[MimiError]]:
    """Expect exactly this error, with these values, citing its section."""
    with pytest.raises(MimiError) as caught:
        yield caught
    error = caught.value
    assert type(error) is kind
    assert where.items() <= error.where.items()
    assert kind.rule.startswith(("RFC ", "draft-"))
    assert str(error).endswith(f" ({kind.rule})")
    assert "None" not in error.reason
    for name in ("leaf", "node"):
        if where.get(name) is not None:
            assert str(where[name]) in error.reason


@attrs.frozen
class Person:
    """Someone with keys, who is or may become a member."""

    leaf: LeafNode
    key: HPKEPrivateKey
    signer: SignaturePrivateKey

    def signed(self, leaf_index: int | None = None, **changes: Any) -> LeafNode:
        """Return the person's leaf with changes, signed for a place where it needs one."""
        return signed(self.leaf, self.signer, leaf_index, **changes)


def signed(
    leaf: LeafNodeContent,
    signer: SignaturePrivateKey,
    leaf_index: int | None = None,
    suite: Suite = SUITE,
    **changes: Any,
) -> LeafNode:
    """Return a leaf with changes, signed for a place in the group where it needs one."""
    content = content_of(leaf, **changes)
    if leaf_index is None:
        return sign_leaf(suite, content, signer)
    return sign_leaf(suite, content, signer, GROUP_ID, LeafIndex(leaf_index))


def content_of(leaf: LeafNodeContent, **changes: Any) -> LeafNodeContent:
    """Return what a leaf says, with changes."""
    fields = attrs.fields_dict(LeafNodeContent)
    return LeafNodeContent(**{name: getattr(leaf, name) for name in fields} | changes)


def person(entropy: SeededEntropy, suite: Suite = SUITE, **changes: Any) -> Person:
    """Return someone new."""
    signer, key = suite.generate_signature_key(entropy), suite.generate_key_pair(entropy)
    content = LeafNodeContent(
        key.public,
        signer.public,
        BasicCredential(b"mimi://a.example/d/" + entropy(4).hex().encode()),
        Capabilities(
            cipher_suites=(suite.code,), credentials=(CredentialType.BASIC, CredentialType.X509)
        ),
        KeyPackageSource(LIFETIME),
        (),
    )
    return Person(signed(content, signer, suite=suite, **changes), key, signer)


def context_of(tree_hash: bytes) -> bytes:
    """Return what stands here for the encoded group context."""
    return GROUP_ID + tree_hash


@attrs.frozen
class Member:
    """A member with its private keys."""

    signer: SignaturePrivateKey
    private: PrivateTree


class Group:
    """A group, seen by all its members at once."""

    def __init__(self, suite: Suite = SUITE, seed: bytes | int = 0) -> None:
        self.suite = suite
        self.entropy = SeededEntropy(seed)
        first = person(self.entropy, suite)
        self.tree = RatchetTree.of_leaf(suite, first.leaf)
        private = PrivateTree.of_leaf(LeafIndex(0), first.key)
        self.members = {LeafIndex(0): Member(first.signer, private)}

    @classmethod
    def of(cls, size: int, suite: Suite = SUITE, *, commits: bool = True) -> "Group":
        """Return a group of a size, in which every member has committed if asked."""
        group = cls(suite, size)
        for _ in range(size - 1):
            group.add()
        for leaf in group.leaves if commits else ():
            group.commit(leaf)
        return group

    @property
    def leaves(self) -> list[LeafIndex]:
        """The members' leaves, from left to right."""
        return sorted(self.members)

    def validate(self, tree: RatchetTree | None = None, **options: Any) -> None:
        """Validate a tree, or the group's."""
        checks = {"extensions": (), "tree_hash": None, "lifetimes": None, **options}
        validate_tree(tree or self.tree, GROUP_ID, **checks)

    def check(self) -> None:
        """Check every member's private keys, and that it has the one of its leaf."""
        assert self.leaves == [index for index, _ in self.tree.members()]
        for leaf, member in self.members.items():
            assert math.node_of(leaf) in member.private.keys
            member.private.check(self.tree)

    def add(self, **changes: Any) -> LeafIndex:
        """Add someone new without a path."""
        added = person(self.entropy, self.suite, **changes)
        self.tree, leaf = self.tree.add(added.leaf)
        self.members[leaf] = Member(added.signer, PrivateTree.of_leaf(leaf, added.key))
        return leaf

    def update(self, leaf: LeafIndex) -> None:
        """Replace the leaf of a member by an Update."""
        member, key = self.members[leaf], self.suite.generate_key_pair(self.entropy)
        new = self.signed(leaf, encryption_key=key.public, leaf_node_source=UpdateSource())
        self.tree = self.tree.update(leaf, new)
        self.members[leaf] = Member(member.signer, PrivateTree.of_leaf(leaf, key))
        self._forget()

    def remove(self, leaf: LeafIndex) -> None:
        """Remove a member."""
        self.tree = self.tree.remove(leaf)
        del self.members[leaf]
        self._forget()

    def _forget(self) -> None:
        for leaf, member in self.members.items():
            private = member.private.without_blanks(self.tree)
            self.members[leaf] = Member(member.signer, private)

    def signed(self, leaf: LeafIndex, **changes: Any) -> LeafNode:
        """Return a member's leaf with changes, signed by that member."""
        signer = self.members[leaf].signer
        return signed(self.tree.member(leaf), signer, leaf, self.suite, **changes)

    def create(self, sender: LeafIndex, joined: tuple[LeafIndex, ...] = ()) -> CreatedPath:
        """Return an update path by a member; nothing changes."""
        return create_update_path(
            self.tree,
            sender,
            self.tree.member(sender),
            self.members[sender].signer,
            GROUP_ID,
            context_of,
            self.entropy,
            added=joined,
        )

    def commit(self, sender: LeafIndex, joined: tuple[LeafIndex, ...] = ()) -> CreatedPath:
        """Have a member commit with a path; *joined* were added just now and get a Welcome."""
        created = self.create(sender, joined)
        path = created.update_path
        sent = merge_update_path(self.tree, sender, path, added=joined)
        merged = sent.tree
        assert merged == created.tree
        context = context_of(merged.tree_hash)
        privates = {sender: created.private}
        for leaf, member in self.members.items():
            if leaf in joined:
                shared = math.common_ancestor(math.node_of(leaf), math.node_of(sender))
                secret = created.path_secrets[shared]
                privates[leaf] = member.private.with_path_secret(merged, shared, secret)
            elif leaf != sender:
                processed = process_update_path(sent, member.private, context)
                assert processed.commit_secret == created.commit_secret
                privates[leaf] = processed.private
        self.tree = merged
        for leaf, private in privates.items():
            self.members[leaf] = Member(self.members[leaf].signer, private)
        return created

    def with_node(self, position: int, node: Any) -> RatchetTree:
        """Return the tree with a node replaced and nothing else, as only an attacker would."""
        return with_nodes(self.tree, {position: node})


def with_nodes(tree: RatchetTree, changes: dict[int, Any]) -> RatchetTree:
    """Return a tree with nodes replaced and nothing else, as only an attacker would."""
    nodes = list(tree.nodes)
    for position, node in changes.items():
        nodes[position] = node
    return RatchetTree.of_nodes(tree.suite, tuple(nodes))


def with_parent(tree: RatchetTree, position: int, **changes: Any) -> RatchetTree:
    """Return a tree with a parent node changed and nothing else."""
    return with_nodes(tree, {position: replace(tree.node(position), **changes)})


def bulk(size: int = 5) -> Group:
    """Return a group whose leaves are all from key packages: no parents, no chains."""
    group = Group.of(size, commits=False)
    group.validate()
    return group


def full(size: int = 8) -> Group:
    """Return a group in which everybody has committed."""
    group = Group.of(size)
    group.validate()
    return group


STRANGER = person(SeededEntropy(b"stranger")).leaf


def fresh(number: int, **changes) -> LeafNode:
    """Return a leaf with keys of its own, which nobody can use: enough where they are compared."""
    keys = {"encryption_key": b"E%d" % number, "signature_key": b"S%d" % number}
    return replace(STRANGER, **keys | changes)


def crowd(size: int) -> RatchetTree:
    """Return a tree of many such members and parents whose index is known."""
    leaves = [fresh(number) for number in range(size)]
    parents = [ParentNode(b"P%d" % number, b"") for number in range(size - 1)]
    nodes = [node for pair in zip(leaves, parents, strict=False) for node in pair]
    tree = RatchetTree.of_nodes(SUITE, (*nodes, leaves[-1]))
    assert tree.index.members == size
    return tree
