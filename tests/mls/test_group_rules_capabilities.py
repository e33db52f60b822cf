"""What a client says of itself, and GREASE, which it sends and does not support."""

import pytest
from mls.attacker import Attacker, changing
from mls.inviter import invited, joins, with_package
from mls.victims import BASE, COMMON, SENDERS, client, followed
from tree import members
from tree.members import NOW, SUITE, refused

from mimi.codec import GREASE_VALUES, decode, is_grease, replace
from mimi.mls import Client, CommitStaged, Group, PublicGroup, Settings, WireFormat
from mimi.mls.errors import CapabilitiesError
from mimi.mls.framing import PublicMessage
from mimi.mls.grease import without_grease
from mimi.mls.group import read_key_package
from mimi.mls.keypackage import KeyPackage
from mimi.mls.message import MLSMessage
from mimi.mls.ownleaf import LeafChange, listing
from mimi.mls.proposal import GroupContextExtensions
from mimi.mls.welcome import GroupInfo
from mimi.tree.codepoints import (
    DEFAULT_EXTENSIONS,
    DEFAULT_PROPOSALS,
    CredentialType,
    ExtensionType,
    ProposalType,
)
from mimi.tree.credential import BasicCredential
from mimi.tree.errors import UnsupportedExtensionError
from mimi.tree.extension import Extension
from mimi.tree.math import LeafIndex
from mimi.tree.private import PrivateTree
from mimi.tree.ratchet import RatchetTree

PUBLIC = WireFormat.MLS_PUBLIC_MESSAGE
GREASY = [ExtensionType(value) for value in GREASE_VALUES]


def greasing(name: str = "Alice") -> Client:
    """Return a client that sends GREASE."""
    entropy = client(name).entropy
    credential = BasicCredential(name.encode())
    settings = Settings(handshake=PUBLIC)
    return Client.create(credential, SUITE, capabilities=BASE, settings=settings, entropy=entropy)


@pytest.mark.parametrize("kind", sorted(DEFAULT_EXTENSIONS), ids=str)
def test_default_extensions_are_not_listed(kind):
    listed = replace(BASE, extensions=(COMMON, kind))
    with refused(CapabilitiesError, listed=kind):
        client("Alice", listed)
    with refused(CapabilitiesError, listed=kind):
        LeafChange(capabilities=listed, extensions=()).of(leaf(), None)


@pytest.mark.parametrize("kind", sorted(DEFAULT_PROPOSALS), ids=str)
def test_default_proposals_are_not_listed(kind):
    with refused(CapabilitiesError, listed=kind):
        client("Alice", replace(BASE, proposals=(kind,)))


@pytest.mark.parametrize("value", GREASE_VALUES)
@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("cipher_suites", type(SUITE.code)),
        ("extensions", ExtensionType),
        ("proposals", ProposalType),
        ("credentials", CredentialType),
    ],
)
def test_a_clients_own_capabilities_hold_no_grease(field, kind, value):
    listed = replace(BASE, **{field: (*getattr(BASE, field), kind(value))})
    with refused(CapabilitiesError):
        client("Alice", listed)
    assert without_grease(listed) == BASE


def leaf():
    """Return the leaf of a new key package."""
    return read_key_package(client("Alice").key_package(now=NOW)[1]).leaf_node


def test_grease_is_sent_and_not_kept():
    alice = greasing()
    sent = read_key_package(alice.key_package(now=NOW)[1])
    assert alice.capabilities == BASE
    assert without_grease(sent.leaf_node.capabilities) == BASE
    for field in ("cipher_suites", "extensions", "proposals", "credentials"):
        assert any(map(is_grease, getattr(sent.leaf_node.capabilities, field)))
    for carried in (sent.extensions, sent.leaf_node.extensions):
        assert any(extension.extension_type.is_grease for extension in carried)
    assert listing(BASE, sent.extensions).extensions != BASE.extensions


def test_grease_is_sent_in_the_fields_for_it_and_no_others():
    alice = greasing()
    group = alice.create_group(b"greased", now=NOW, extensions=(SENDERS,))
    info = decode(MLSMessage, group.group_info()).body
    assert isinstance(info, GroupInfo)
    assert any(extension.extension_type.is_grease for extension in info.extensions)
    assert info.group_context.extensions == (SENDERS,)
    package = read_key_package(greasing("Bob").key_package(now=NOW)[1])
    assert isinstance(package, KeyPackage)
    draft = group.commit(now=NOW, add=[package], extensions=(SENDERS, Extension(COMMON, b"")))
    message = decode(MLSMessage, draft.commit).body
    assert isinstance(message, PublicMessage)
    proposals = message.content.content.proposals
    assert {type(proposal).tag for proposal in proposals} == {
        ProposalType.ADD,
        ProposalType.GROUP_CONTEXT_EXTENSIONS,
    }
    assert not any(map(is_grease, {type(proposal).tag for proposal in proposals}))
    assert not draft.accept().leaf_node.credential.tag.is_grease


@pytest.mark.parametrize("value", GREASY, ids=str)
def test_no_group_is_created_with_a_grease_extension(value):
    with refused(UnsupportedExtensionError, leaf=0):
        greasing().create_group(b"greased", now=NOW, extensions=(Extension(value, b""),))


def shared() -> tuple[Group, Attacker, PublicGroup, ExtensionType]:
    """Return Alice's group and Mallory, and a GREASE extension that Mallory's leaf lists as well.

    It is the one that Alice drew for her own leaf.
    """
    group = greasing().create_group(b"greased", now=NOW)
    public = PublicGroup.from_group_info(group.group_info(), now=NOW)
    mallory, package = greasing("Mallory").key_package(now=NOW)
    draft = group.commit(now=NOW, add=[package])
    _, inside = mallory.join(draft.welcome, now=NOW).accept()
    public, alice = followed(public, draft.commit), draft.accept()
    value = next(filter(is_grease, alice.leaf_node.capabilities.extensions))
    return alice, Attacker.inside(inside), public, value


def test_a_grease_extension_is_unsupported_even_where_all_leaves_happen_to_list_it():
    alice, attacker, public, value = shared()
    proposal = GroupContextExtensions((Extension(value, b""),))
    listed = replace(BASE, extensions=(COMMON, value))
    wire = attacker.commit(proposal, leaf=changing(capabilities=listed, extensions=()))
    with refused(UnsupportedExtensionError, leaf=0):
        alice.receive(wire, now=NOW)
    (event,) = public.receive(wire, now=NOW).events  # which supports nothing itself
    assert isinstance(event, CommitStaged)
    narrow = attacker.commit(proposal, leaf=changing(capabilities=BASE, extensions=()))
    with refused(UnsupportedExtensionError, leaf=1):
        public.receive(narrow, now=NOW)


def test_a_grease_extension_is_not_committed():
    alice, attacker, _, value = shared()
    listed = replace(BASE, extensions=(COMMON, value))
    after = followed(alice, attacker.commit(leaf=changing(capabilities=listed, extensions=())))
    with refused(UnsupportedExtensionError, leaf=0):
        after.commit(now=NOW, extensions=(Extension(value, b""),))


def test_nobody_joins_a_group_whose_extension_its_own_leaf_lists_as_grease_alone():
    bob, package = with_package(greasing("Bob"))
    value = next(filter(is_grease, package.leaf_node.capabilities.extensions))
    group = members.Group()
    listed = replace(BASE, extensions=(COMMON, value))
    founder = members.person(group.entropy, capabilities=listed)
    private = PrivateTree.of_leaf(LeafIndex(0), founder.key)
    group.tree = RatchetTree.of_leaf(SUITE, founder.leaf)
    group.members[LeafIndex(0)] = members.Member(founder.signer, private)
    right = invited(package, group, path=False)
    wrong = right.but(context={"extensions": (Extension(value, b""),)})
    with refused(UnsupportedExtensionError, leaf=1):
        bob.join(wrong.wire(), now=NOW)
    joins(bob, right.but(context={"extensions": (Extension(COMMON, b""),)}))
