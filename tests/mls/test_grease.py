"""Random values where receivers ignore what they do not know (RFC 9420 section 13.5)."""

import pytest
from mls.meeting import PRIVATE, PUBLIC, Room, gathered
from tree.members import NOW, SUITE

from mimi.codec import GREASE_VALUES, decode, is_grease
from mimi.crypto import SeededEntropy
from mimi.mls import (
    Group,
    GroupInfo,
    LeafChange,
    MLSMessage,
    ReInit,
    branch,
    reinitialise,
)
from mimi.mls.grease import grease_extensions, grease_leaf, grease_value
from mimi.mls.group import read_key_package
from mimi.tree.codepoints import CredentialType, ExtensionType, ProtocolVersion
from mimi.tree.extension import Extension
from mimi.tree.leaf import Capabilities, LeafNode

CAPABILITIES = ("cipher_suites", "extensions", "proposals", "credentials")
PLAIN = Capabilities(
    cipher_suites=(SUITE.code,), credentials=(CredentialType.BASIC, CredentialType.X509)
)
AFTER = ReInit(b"the next group", ProtocolVersion.MLS10, SUITE.code, ())

with_or_without = pytest.mark.parametrize("grease", [True, False], ids=["grease", "no grease"])


def types(extensions) -> list[int]:
    return [extension.extension_type for extension in extensions]


def greased_in(listed) -> bool:
    return any(map(is_grease, listed))


def check_leaf(leaf: LeafNode, grease: bool) -> None:
    """Check the five fields of a leaf."""
    for field in CAPABILITIES:
        assert greased_in(getattr(leaf.capabilities, field)) is grease, field
    assert greased_in(types(leaf.extensions)) is grease
    assert set(types(leaf.extensions)) <= set(leaf.capabilities.extensions)
    assert not is_grease(leaf.credential.tag)


def check_everywhere(room: Room, grease: bool) -> None:
    """Check all leaves, the group context and the group infos of a room."""
    for person in room.members:
        for member in person.group.members:
            check_leaf(member.leaf_node, grease)
        info = decode(MLSMessage, person.group.group_info()).body
        assert isinstance(info, GroupInfo)
        assert greased_in(types(info.extensions)) is grease
        assert not greased_in(types(info.group_context.extensions))
        assert not greased_in(types(person.group.extensions))
    room.agrees()


@with_or_without
def test_it_is_in_key_packages_or_not(grease):
    (bob,) = Room(grease=grease).enter("Bob")
    for options in ({}, {"last_resort": True}):
        package = read_key_package(bob.offers(**options))
        assert greased_in(types(package.extensions)) is grease
        check_leaf(package.leaf_node, grease)
    if not grease:
        plain = read_key_package(bob.offers())
        assert (plain.extensions, plain.leaf_node.extensions) == ((), ())
        assert plain.leaf_node.capabilities == PLAIN


@with_or_without
@pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE], ids=["public", "private"])
def test_it_is_in_leaves_of_every_source_or_not(grease, handshake):
    room, alice, bob = gathered(2, grease=grease, handshake=handshake)
    (carol,) = room.enter("Carol")
    check_everywhere(room, grease)
    carol.joins_from_outside(by=alice)
    check_everywhere(room, grease)
    bob.proposes(Group.propose_update)
    alice.commits()
    check_everywhere(room, grease)
    carol.commits(leaf=LeafChange(capabilities=PLAIN, extensions=()))
    bob.proposes(Group.propose_update, LeafChange(capabilities=PLAIN, extensions=()))
    alice.commits(extensions=())
    check_everywhere(room, grease)


@with_or_without
def test_it_is_in_the_group_info_of_a_welcome_or_not(grease):
    room, alice = gathered(1, grease=grease)
    (bob,) = room.enter("Bob")
    draft = alice.group.commit(now=NOW, add=[bob.offers()])
    staged = bob.client.join(draft.welcome, now=NOW)
    assert greased_in(types(staged.group_info_extensions)) is grease
    assert not greased_in(types(staged.context.extensions))


@with_or_without
@pytest.mark.parametrize("found", [branch, reinitialise])
def test_it_is_in_groups_that_follow_from_a_group_or_not(grease, found):
    _, alice, bob = gathered(2, grease=grease)
    hall = Room(place=b"hall", grease=grease)
    alice_there, bob_there = hall.enter("Alice", "Bob")
    if found is reinitialise:
        alice.commits(reinit=AFTER)
        arguments = (alice.group, alice_there.client)
    else:
        arguments = (alice.group, alice_there.client, b"a branch")
    bob_there.elsewhere.append(bob.group)
    draft = found(*arguments, [bob_there.offers()], now=NOW)
    alice_there.opens_after(draft, bob_there)
    check_everywhere(hall, grease)


def test_who_sends_it_and_who_does_not_are_in_one_group():
    room, alice, bob = gathered(2, grease=True)
    plain = Room(grease=False, place=b"a plain room")
    (carol,) = plain.enter("Carol")
    carol.room = room
    room.people.append(carol)
    alice.commits(add=[carol])
    check_leaf(bob.group.leaf_node, grease=True)
    check_leaf(carol.group.leaf_node, grease=False)
    carol.commits()
    room.agrees()


def test_a_clients_own_capabilities_are_without_it():
    room, alice, _ = gathered(2)
    assert alice.client.capabilities == PLAIN
    assert alice.client.leaf_extensions == ()
    assert room.settings.grease


# The values


def test_all_fifteen_values_are_sent():
    entropy = SeededEntropy(b"grease")
    assert {grease_value(entropy) for _ in range(300)} == set(GREASE_VALUES)
    (bob,) = Room().enter("Bob")
    sent = {field: set() for field in (*CAPABILITIES, "leaf", "package")}
    for _ in range(150):
        package = read_key_package(bob.offers())
        leaf = package.leaf_node
        for field in CAPABILITIES:
            sent[field] |= set(filter(is_grease, getattr(leaf.capabilities, field)))
        sent["leaf"] |= set(filter(is_grease, types(leaf.extensions)))
        sent["package"] |= set(filter(is_grease, types(package.extensions)))
    assert all(values == set(GREASE_VALUES) for values in sent.values()), sent


def test_they_stand_at_any_place_and_contents_have_any_length():
    entropy = SeededEntropy(b"places")
    others = tuple(Extension(ExtensionType(0xF000 + number), b"") for number in range(3))
    places, lengths = set(), set()
    for _ in range(200):
        greased = grease_extensions(others, entropy)
        assert tuple(item for item in greased if item in others) == others
        (place,) = (at for at, item in enumerate(greased) if item not in others)
        places.add(place)
        lengths.add(len(greased[place].extension_data))
    assert places == {0, 1, 2, 3}
    assert lengths == set(range(16))


def test_no_type_of_extension_is_there_twice():
    entropy = SeededEntropy(b"twice")
    everything = tuple(Extension(ExtensionType(value), b"") for value in GREASE_VALUES)
    assert grease_extensions(everything, entropy) == everything
    capabilities, extensions = grease_leaf(PLAIN, everything, entropy)
    assert extensions == everything
    assert capabilities.extensions == ()
    assert greased_in(capabilities.cipher_suites)
