"""What a joiner refuses of a group info before it commits, and a follower before it follows.

RFC 9420 sections 12.4.3, 12.4.3.2 and 12.4.3.3. Each group info breaks one rule, is right in
everything else and signed by a member. What is said of trees is in `test_join_rules_tree`.
"""

from functools import cache
from typing import Any

import attrs
import pytest
from mls.inviter import NOW, client, wire_of, with_package
from tree.members import refused

from mimi.codec import encode, replace
from mimi.crypto import CipherSuite, Secret, suite_of
from mimi.errors import MalformedError
from mimi.mls.client import Client
from mimi.mls.codepoints import ResumptionPSKUsage
from mimi.mls.errors import (
    DuplicateGroupError,
    GroupInfoSignatureError,
    MissingExternalPubError,
    MissingTreeError,
    UnexpectedMessageError,
    UnknownPSKError,
    WelcomeSuiteError,
    WrongEpochError,
    WrongGroupError,
)
from mimi.mls.external import read_group_info
from mimi.mls.group import Group
from mimi.mls.psk import ExternalPSK, ResumptionPSK
from mimi.mls.public import PublicGroup
from mimi.mls.welcome import GroupInfo, sign_group_info
from mimi.tree.codepoints import ExtensionType
from mimi.tree.errors import (
    BlankLeafError,
    DuplicateSignatureKeyError,
    TrailingBlankError,
    TreeHashError,
    UnlistedExtensionError,
    UnsupportedCipherSuiteError,
)
from mimi.tree.extension import Extension, ExternalPub, extension
from mimi.tree.leaf import Capabilities
from mimi.tree.math import LeafIndex
from mimi.tree.node import RatchetTreeNodes

ALICE, BOB, BLANK = LeafIndex(0), LeafIndex(1), LeafIndex(2)
CUSTOM = Extension(ExtensionType(0xF001), b"anything")
OUTSIDER = client(b"outsider")


@cache
def seats() -> tuple[Group, Group]:
    """Return Alice's group and Bob's, from which somebody was removed between Bob and Carol."""
    people = [with_package(client(name)) for name in (b"bob", b"gone", b"carol")]
    group = client(b"alice").create_group(b"a group", now=NOW)
    draft = group.commit(add=[package for _, package in people], now=NOW)
    bob = people[0][0].join(draft.welcome, now=NOW).accept()[1]
    group = draft.accept()
    draft = group.commit(remove=[BLANK], now=NOW)
    return draft.accept(), bob.receive(draft.commit, now=NOW).events[0].accept().group


def genuine() -> GroupInfo:
    return read_group_info(seats()[0].group_info())


def without(kind: ExtensionType, *others: Extension) -> tuple[Extension, ...]:
    """Return the extensions of the genuine group info without one, and with others."""
    kept = (item for item in genuine().extensions if item.extension_type != kind)
    return (*kept, *others)


def lying(
    signer: LeafIndex = ALICE, context: dict[str, Any] | None = None, **changes: Any
) -> bytes:
    """Return a group info that Alice signs, changed."""
    info, alice = genuine(), seats()[0]
    said = replace(info.group_context, **(context or {}))
    fields = {"extensions": info.extensions, "confirmation_tag": info.confirmation_tag} | changes
    signed = sign_group_info(
        alice.suite, said, fields["extensions"], fields["confirmation_tag"], signer, alice.signer
    )
    return wire_of(signed)


def joins(joiner: Client, **options: Any) -> None:
    """Check that a client joins by the genuine group info, as Alice and Bob see it."""
    draft = joiner.join_externally(wire_of(genuine()), now=NOW, **options)
    joined = draft.accept()
    assert joined.leaf_index == BLANK
    for seat in seats():
        after = seat.receive(draft.commit, now=NOW).events[0].accept().group
        assert after.epoch_authenticator == joined.epoch_authenticator


def refuses(
    wire: bytes, kind: type, options: dict[str, Any] | None = None, **where: object
) -> None:
    """Check that joiner and follower refuse a group info, and take the genuine one."""
    with refused(kind, **where):
        OUTSIDER.join_externally(wire, now=NOW, **(options or {}))
    with refused(kind, **where):
        PublicGroup.from_group_info(wire, now=NOW, **(options or {}))
    joins(OUTSIDER)
    assert PublicGroup.from_group_info(wire_of(genuine()), now=NOW).context == seats()[0].context


# Both


def test_another_message_where_a_group_info_belongs_is_refused():
    _, package = with_package(OUTSIDER)
    refuses(wire_of(package), UnexpectedMessageError)
    with refused(UnexpectedMessageError):
        follower().with_group_info(wire_of(package))


def test_the_group_info_is_signed_by_the_member_that_it_names():
    refuses(lying(signer=BOB), GroupInfoSignatureError, leaf=BOB)
    for change in ({"signature": bytes(64)}, {"confirmation_tag": bytes(32)}):
        refuses(wire_of(replace(genuine(), **change)), GroupInfoSignatureError, leaf=ALICE)


@pytest.mark.parametrize("leaf", [BLANK, 4, 2**32 - 1])
def test_the_signer_is_a_member(leaf):
    refuses(lying(signer=LeafIndex(leaf)), BlankLeafError, leaf=leaf)


def test_the_tree_is_in_the_group_info_or_given():
    bare = lying(extensions=without(ExtensionType.RATCHET_TREE))
    refuses(bare, MissingTreeError)
    tree = seats()[0].ratchet_tree
    assert OUTSIDER.join_externally(bare, now=NOW, tree=tree).leaf_index == BLANK
    assert PublicGroup.from_group_info(bare, now=NOW, tree=tree).context == seats()[0].context


def test_the_tree_is_that_of_the_group_context_wherever_it_comes_from():
    refuses(lying(context={"tree_hash": bytes(32)}), TreeHashError)
    other = client(b"alice").create_group(b"another group", now=NOW).ratchet_tree
    carried = Extension(ExtensionType.RATCHET_TREE, other)
    refuses(lying(extensions=without(ExtensionType.RATCHET_TREE, carried)), TreeHashError)
    bare = lying(extensions=without(ExtensionType.RATCHET_TREE))
    refuses(bare, TreeHashError, {"tree": other})


def test_the_tree_does_not_end_with_a_blank_node():
    octets = encode((*seats()[0].state.tree.nodes, None, None), RatchetTreeNodes)
    carried = Extension(ExtensionType.RATCHET_TREE, octets)
    wire = lying(extensions=without(ExtensionType.RATCHET_TREE, carried))
    refuses(wire, TrailingBlankError)


# One who joins


def test_a_joiner_has_keys_of_the_groups_suite():
    other = client(b"outsider", suite_of(CipherSuite.P256_AES128))
    with refused(WelcomeSuiteError):
        other.join_externally(wire_of(genuine()), now=NOW)
    with refused(WelcomeSuiteError):
        other.propose_joining(wire_of(genuine()), now=NOW)
    joins(OUTSIDER)


def test_who_takes_part_does_not_join_again():
    alice, bob = seats()
    with refused(DuplicateGroupError, group_id=b"a group"):
        client(b"bob").join_externally(wire_of(genuine()), now=NOW, groups=[bob])
    other = client(b"outsider").create_group(b"another group", now=NOW)
    joins(OUTSIDER, groups=[other])
    back = client(b"bob").join_externally(wire_of(genuine()), now=NOW, groups=[bob], resync=BOB)
    assert back.accept().leaf_index == BOB
    assert alice.receive(back.commit, now=NOW)


def test_a_group_info_for_joiners_has_an_external_pub():
    with refused(MissingExternalPubError):
        OUTSIDER.join_externally(seats()[0].group_info(external_pub=False), now=NOW)
    joins(OUTSIDER)


@pytest.mark.parametrize("key", [b"", b"short", bytes(33)])
def test_an_external_pub_is_a_key(key):
    given = extension(ExtensionType.EXTERNAL_PUB, ExternalPub(key))
    wire = lying(extensions=without(ExtensionType.EXTERNAL_PUB, given))
    with refused(MissingExternalPubError):
        OUTSIDER.join_externally(wire, now=NOW)
    joins(OUTSIDER)


@pytest.mark.parametrize("octets", [b"", b"\x05key", b"\x03key and more"])
def test_an_external_pub_parses(octets):
    given = Extension(ExtensionType.EXTERNAL_PUB, octets)
    wire = lying(extensions=without(ExtensionType.EXTERNAL_PUB, given))
    with pytest.raises(MalformedError, match="ExternalPub"):
        OUTSIDER.join_externally(wire, now=NOW)
    joins(OUTSIDER)


@pytest.mark.parametrize("leaf", [BLANK, 4, 2**32 - 1])
def test_a_joiner_comes_back_in_place_of_a_member(leaf):
    with refused(BlankLeafError, leaf=leaf):
        OUTSIDER.join_externally(wire_of(genuine()), now=NOW, resync=LeafIndex(leaf))
    joins(OUTSIDER)


def test_a_joiner_holds_the_psks_that_it_brings():
    alice, _ = seats()
    resumption = ResumptionPSK(ResumptionPSKUsage.APPLICATION, alice.group_id, alice.epoch)
    for psk in (ExternalPSK(b"lacking"), resumption):
        with refused(UnknownPSKError, psk=psk):
            OUTSIDER.join_externally(wire_of(genuine()), now=NOW, psks=[psk])
    held = OUTSIDER.with_psk(ExternalPSK(b"held"), Secret(b"value"))
    assert held.join_externally(wire_of(genuine()), now=NOW, psks=[ExternalPSK(b"held")])
    joins(OUTSIDER)


def test_a_joiner_has_a_signature_key_of_its_own():
    twin = attrs.evolve(OUTSIDER, signer=seats()[1].signer)
    with refused(DuplicateSignatureKeyError):
        twin.join_externally(wire_of(genuine()), now=NOW)
    joins(OUTSIDER)


def test_a_joiners_own_leaf_is_consistent():
    """What it cannot be seen to support would be refused by everybody else."""
    assert OUTSIDER.settings.grease
    listed = attrs.evolve(OUTSIDER, leaf_extensions=(CUSTOM,))
    nothing = attrs.evolve(OUTSIDER, capabilities=Capabilities((), (), (), (), ()))
    able = replace(OUTSIDER.capabilities, extensions=(CUSTOM.extension_type,))
    with refused(UnlistedExtensionError):
        listed.join_externally(wire_of(genuine()), now=NOW)
    with refused(UnsupportedCipherSuiteError):
        nothing.join_externally(wire_of(genuine()), now=NOW)
    for who, kind in ((listed, UnlistedExtensionError), (nothing, UnsupportedCipherSuiteError)):
        with refused(kind):
            who.key_package(now=NOW)
    joins(attrs.evolve(listed, capabilities=able))


# One who follows


def follower() -> PublicGroup:
    return PublicGroup.from_group_info(wire_of(genuine()), now=NOW)


def test_a_follower_takes_the_group_info_of_its_group_and_epoch():
    group = follower()
    earlier, current = lying(context={"epoch": 1}), wire_of(genuine())
    another = client(b"alice").create_group(b"another group", now=NOW).group_info()
    for wire, kind in (
        (another, WrongGroupError),
        (lying(context={"group_id": b"another group"}), WrongGroupError),
        (earlier, WrongEpochError),
        (lying(context={"extensions": (CUSTOM,)}), WrongEpochError),
        (lying(context={"tree_hash": bytes(32)}), WrongEpochError),
        (lying(confirmation_tag=bytes(32)), WrongEpochError),
    ):
        with refused(kind):
            group.with_group_info(wire)
    assert group.with_group_info(current).group_info == read_group_info(current)


def test_a_follower_takes_no_group_info_that_the_named_member_did_not_sign():
    group = follower()
    with refused(GroupInfoSignatureError, leaf=ALICE):
        group.with_group_info(wire_of(replace(genuine(), signature=bytes(64))))
    with refused(GroupInfoSignatureError, leaf=BOB):
        group.with_group_info(lying(signer=BOB))
    with refused(BlankLeafError, leaf=BLANK):
        group.with_group_info(lying(signer=BLANK))
    assert group.with_group_info(wire_of(genuine())).group_info is not None
