"""What a joiner refuses of a tree (RFC 9420 sections 7.3, 7.9.2, 12.4.3.1 and 13.4), rule by rule.

Whoever joins looks at every node, by a Welcome or by a group info: as a member, by a commit of its
own, or as a follower without secrets.
"""

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from mls.inviter import NOW, Invitation, client, invited, joins, refuses, wire_of, with_package
from tree.certificates import ISSUER, certificate
from tree.members import SUITE, Group, refused, with_nodes, with_parent

from mimi.codec import encode, replace
from mimi.crypto import SeededEntropy
from mimi.errors import InvalidError
from mimi.mls.client import Client
from mimi.mls.public import PublicGroup
from mimi.mls.settings import Settings
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType
from mimi.tree.credential import X509Credential
from mimi.tree.errors import (
    DuplicateEncryptionKeyError,
    DuplicateSignatureKeyError,
    EncryptionKeyError,
    LeafSignatureError,
    LifetimeError,
    NodePlaceError,
    ParentHashError,
    RequiredCapabilityError,
    UnlistedCredentialError,
    UnlistedExtensionError,
    UnmergedLeafError,
    UnsupportedCipherSuiteError,
    UnsupportedCredentialError,
    UnsupportedExtensionError,
)
from mimi.tree.extension import Extension, RequiredCapabilities, extension
from mimi.tree.leaf import Capabilities, KeyPackageSource, Lifetime
from mimi.tree.math import LeafIndex
from mimi.tree.node import ParentNode, RatchetTreeNodes
from mimi.tree.ratchet import RatchetTree

CUSTOM = Extension(ExtensionType(0xF001), b"anything")
KEY = SUITE.generate_key_pair(SeededEntropy(b"a key of nobody's")).public
GREASE = Extension(ExtensionType(0x0A0A), b"anything")
LAST, ADDED = LeafIndex(2), LeafIndex(3)
LISTS = {
    "extension_types": (ExtensionType(0xF001),),
    "proposal_types": (ProposalType(0xF002),),
    "credential_types": (CredentialType.X509,),
}


def capabilities(**changes: Any) -> Capabilities:
    """Return the capabilities of a member, with changes."""
    return replace(Group().tree.member(LeafIndex(0)).capabilities, **changes)


@attrs.frozen
class Table:
    """Invitations to a group: the right one, and one that breaks a rule."""

    joiner: Client
    right: Invitation

    @classmethod
    def of(cls, group: Group, joiner: Client | None = None, *, path: bool = False) -> "Table":
        """Return a group to which a client is invited."""
        joiner, package = with_package(joiner or client(b"joiner"))
        return cls(joiner, invited(package, group, path=path))

    def refuses(self, wrong: Invitation, kind: type[InvalidError], **where: object) -> None:
        """Check that the joiner refuses, and so do a joiner from outside and a follower."""
        refuses(self.joiner, wrong, self.right, kind, **where)
        info = wire_of(wrong.group_info())
        with refused(kind, **where):
            client(b"outsider").join_externally(info, now=NOW)
        with refused(kind, **where):
            PublicGroup.from_group_info(info, now=NOW)

    def with_tree(self, tree: RatchetTree, **changes: Any) -> Invitation:
        """Return the invitation to another tree, without a path secret."""
        return self.right.but(tree=tree, path_secret=None, **changes)


def with_member(**changes: Any) -> tuple[Table, Invitation]:
    """Return the right invitation, and one to a group with a member whose leaf has changes."""
    table = Table.of(Group.of(3, commits=False))
    group = Group.of(3, commits=False)
    assert group.add(**changes) == ADDED
    return table, invited(table.right.package, group, path=False)


# Leaves


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"capabilities": capabilities(cipher_suites=())}, UnsupportedCipherSuiteError),
        ({"capabilities": capabilities(versions=())}, UnsupportedCipherSuiteError),
        ({"capabilities": Capabilities((), (), (), (), ())}, UnsupportedCipherSuiteError),
        (
            {"capabilities": capabilities(credentials=(CredentialType.X509,))},
            UnlistedCredentialError,
        ),
        ({"extensions": (CUSTOM,)}, UnlistedExtensionError),
    ],
    ids=["suite", "version", "nothing", "credential", "extension"],
)
def test_every_leaf_is_consistent_in_itself(changes, kind):
    table, wrong = with_member(**changes)
    table.refuses(wrong, kind, leaf=ADDED)


def able() -> Group:
    """Return a group of one who supports more than the joiner does."""
    group = Group(seed=b"able")
    listed = capabilities(extensions=LISTS["extension_types"], proposals=LISTS["proposal_types"])
    group.tree = group.with_node(0, group.signed(LeafIndex(0), capabilities=listed))
    return group


@pytest.mark.parametrize("name", LISTS)
def test_the_joiner_has_what_the_group_requires(name):
    table = Table.of(able())
    required = RequiredCapabilities(**{name: LISTS[name]})
    demanded = extension(ExtensionType.REQUIRED_CAPABILITIES, required)
    wrong = table.right.but(context={"extensions": (demanded,)})
    table.refuses(wrong, RequiredCapabilityError, leaf=1)


def test_the_joiner_supports_the_extensions_of_the_group_context():
    table = Table.of(able())
    wrong = table.right.but(context={"extensions": (CUSTOM,)})
    table.refuses(wrong, UnsupportedExtensionError, leaf=1)
    listed = capabilities(extensions=(CUSTOM.extension_type,))
    other = Table.of(able(), attrs.evolve(client(b"other"), capabilities=listed))
    joins(other.joiner, other.right.but(context={"extensions": (CUSTOM,)}))


def test_a_grease_extension_of_the_group_context_is_unsupported():
    table = Table.of(Group.of(3, commits=False))
    wrong = table.right.but(context={"extensions": (GREASE,)})
    table.refuses(wrong, UnsupportedExtensionError, leaf=0)


def test_unknown_extensions_of_a_group_info_are_ignored():
    table = Table.of(Group.of(3, commits=False))
    greased = table.right.but(extensions=(GREASE, CUSTOM))
    joins(table.joiner, greased)
    staged = table.joiner.join(greased.wire(), now=NOW)
    assert staged.group_info_extensions[1:] == (GREASE, CUSTOM)
    follower = PublicGroup.from_group_info(wire_of(greased.group_info()), now=NOW)
    assert follower.extensions == ()


def test_the_joiner_reads_the_credentials_of_all_members():
    group = Group.of(3, commits=False)
    key = SUITE.signature_private_key(bytes(32))
    group.members[LAST] = attrs.evolve(group.members[LAST], signer=key)
    chain = X509Credential((certificate(ISSUER.public_key()),))
    leaf = group.signed(LAST, credential=chain, signature_key=key.public)
    group.tree = group.with_node(2 * LAST, leaf)
    table = Table.of(Group.of(3, commits=False))
    wrong = invited(table.right.package, group, path=False)
    table.refuses(wrong, UnsupportedCredentialError, leaf=3)


@pytest.mark.parametrize(
    "lifetime",
    [
        Lifetime(NOW - 20, NOW - 10),
        Lifetime(NOW + 10, NOW + 20),
        Lifetime(NOW + 10, NOW - 10),
        Lifetime(0, NOW + 10),
    ],
    ids=["over", "to come", "inverted", "too long"],
)
def test_lifetimes_are_judged_where_the_joiner_wants_it(lifetime):
    strict = client(b"strict", settings=Settings(member_lifetimes=True))
    table = Table.of(Group.of(3, commits=False), strict)
    group = Group.of(3, commits=False)
    group.add(leaf_node_source=KeyPackageSource(lifetime))
    wrong = invited(table.right.package, group, path=False)
    refuses(table.joiner, wrong, table.right, LifetimeError, leaf=ADDED)
    info = wire_of(wrong.group_info())
    with refused(LifetimeError, leaf=ADDED):
        strict.join_externally(info, now=NOW)
    with refused(LifetimeError, leaf=ADDED):
        PublicGroup.from_group_info(info, now=NOW, member_lifetimes=True)
    easy, package = with_package(client(b"easy"))
    joins(easy, invited(package, group, path=False))


@pytest.mark.parametrize("leaf", [0, 2, 3])
def test_every_leaf_is_signed(leaf):
    """The joiner's own too, for which the tree need not be asked."""
    table = Table.of(Group.of(3, commits=False))
    forged = replace(table.right.tree.member(LeafIndex(leaf)), signature=bytes(64))
    wrong = table.with_tree(with_nodes(table.right.tree, {2 * leaf: forged}))
    table.refuses(wrong, LeafSignatureError, leaf=leaf)


def test_no_two_leaves_have_one_signature_key():
    group = Group.of(3, commits=False)
    twin = group.signed(LAST, encryption_key=KEY)
    table = Table.of(group)
    tree = RatchetTree.of_nodes(SUITE, (*table.right.tree.nodes, None, twin))
    table.refuses(table.with_tree(tree), DuplicateSignatureKeyError, leaf=ADDED + 1)


def test_no_two_leaves_have_one_encryption_key():
    first = Group.of(3, commits=False).tree.member(LeafIndex(0))
    table, wrong = with_member(encryption_key=first.encryption_key)
    table.refuses(wrong, DuplicateEncryptionKeyError, node=2 * ADDED)


@pytest.mark.parametrize("other", [0, 1])
def test_a_parent_has_the_encryption_key_of_no_other_node(other):
    table = parents()
    stolen = table.right.tree.node(other).encryption_key
    wrong = with_parent(table.right.tree, 5, encryption_key=stolen)
    table.refuses(table.with_tree(wrong), DuplicateEncryptionKeyError, node=5)


@pytest.mark.parametrize("key", [b"", b"short", bytes(33)])
def test_every_encryption_key_is_a_key(key):
    table, wrong = with_member(encryption_key=key)
    table.refuses(wrong, EncryptionKeyError, node=2 * ADDED)


# Parents


def parents() -> Table:
    """Return a group of eight in which everybody has committed, and the joiner is the ninth."""
    return Table.of(Group.of(8), path=True)


@pytest.mark.parametrize(("position", "unvouched"), [(1, 1), (3, 3), (5, 3), (7, 7)])
def test_every_parent_is_vouched_for(position, unvouched):
    table = parents()
    wrong = with_parent(table.right.tree, position, encryption_key=KEY)
    table.refuses(table.with_tree(wrong), ParentHashError, node=unvouched)


def test_a_parent_that_nobody_vouches_for_is_refused():
    table = Table.of(Group.of(3, commits=False))
    wrong = with_nodes(table.right.tree, {1: ParentNode(KEY, b"")})
    table.refuses(table.with_tree(wrong), ParentHashError, node=1)


def unmerged() -> Table:
    """Return a group with the joiner at leaf 5, unmerged at nodes 7 and 11; node 9 is blank."""
    group = Group.of(8)
    group.remove(5)
    group.commit(6)
    group.commit(0)
    table = Table.of(group)
    listed = {at: parent.unmerged_leaves for at, parent in table.right.tree.parents()}
    assert listed == {1: (), 3: (), 5: (), 7: (5,), 11: (5,), 13: ()}
    return table


Change = Callable[[RatchetTree], RatchetTree]


@pytest.mark.parametrize(
    ("change", "node", "leaf"),
    [
        (lambda tree: with_nodes(tree, {10: None}), 7, 5),
        (lambda tree: with_parent(tree, 3, unmerged_leaves=(5,)), 3, 5),
        (lambda tree: with_parent(tree, 11, unmerged_leaves=()), 11, 5),
    ],
    ids=["blank", "not below", "not between"],
)
def test_unmerged_leaves_are_members_below_and_known_between(change: Change, node, leaf):
    table = unmerged()
    wrong = table.with_tree(change(table.right.tree))
    table.refuses(wrong, UnmergedLeafError, node=node, leaf=leaf)


def test_leaves_and_parents_stand_in_their_places():
    table = parents()
    leaf, parent, *others = table.right.tree.nodes
    carried = encode((parent, leaf, *others), RatchetTreeNodes)
    inside = (Extension(ExtensionType.RATCHET_TREE, carried),)
    wrong = table.right.but(tree_inside=False, extensions=inside)
    table.refuses(wrong, NodePlaceError, node=0)
