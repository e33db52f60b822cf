"""Whose key a message is signed with (RFC 9420 section 6.1), and group infos of a tree."""

import pytest
from mls.epoch import EPOCH, EXTERNAL, JOINER, OFFER, PROPOSALS, PROPOSER
from tree.members import GROUP_ID, SUITE, Group, refused

from mimi.codec import encode, replace
from mimi.crypto import CipherSuite, Secret, SeededEntropy, suite_of
from mimi.errors import MalformedError, UsageError
from mimi.mls.context import GroupContext
from mimi.mls.errors import GroupInfoSignatureError, UnknownSenderError, WelcomeSuiteError
from mimi.mls.framing import ExternalSenderIndex, MemberSender
from mimi.mls.proposal import Add, Commit, Remove
from mimi.mls.secrets import Window
from mimi.mls.senders import (
    signature_keys,
)
from mimi.mls.welcome import (
    NewMember,
    check_group_info,
    decrypt_group_info,
    encrypt_welcome,
    sign_group_info,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import BasicCredential
from mimi.tree.errors import BlankLeafError, TreeHashError
from mimi.tree.extension import Extension, ExternalSender, ExternalSenders

SENDERS = tuple(ExternalSender(bytes([key]), BasicCredential(b"hub")) for key in (7, 8))
EXTENSIONS = (Extension(ExtensionType.EXTERNAL_SENDERS, encode(SENDERS, ExternalSenders)),)
REMOVE = PROPOSALS[Remove]


@pytest.fixture(scope="module")
def group() -> Group:
    made = Group.of(4)
    made.remove(3)
    return made


def test_every_kind_of_sender_has_its_key(group):
    key_of = signature_keys(group.tree, EXTENSIONS)
    path = group.create(1).update_path
    joined = Commit((), path)
    for sender, sent, key in (
        (MemberSender(1), b"", group.tree.member(1).signature_key),
        (ExternalSenderIndex(1), REMOVE, b"\x08"),
        (PROPOSER, PROPOSALS[Add], OFFER.leaf_node.signature_key),
        (JOINER, joined, path.leaf_node.signature_key),
    ):
        assert key_of(EPOCH.content(sent, sender)) == key


@pytest.mark.parametrize(
    ("sender", "sent"),
    [
        (MemberSender(3), b""),
        (MemberSender(4), b""),
        (MemberSender(2**32 - 1), b""),
        (ExternalSenderIndex(2), REMOVE),
        (PROPOSER, REMOVE),
        (JOINER, Commit((), None)),
    ],
)
def test_a_sender_without_a_key_is_refused(group, sender, sent):
    with refused(UnknownSenderError, sender=sender):
        signature_keys(group.tree, EXTENSIONS)(EPOCH.content(sent, sender))


def test_without_the_extension_there_are_no_external_senders(group):
    with refused(UnknownSenderError, sender=EXTERNAL):
        signature_keys(group.tree, ())(EPOCH.content(REMOVE, EXTERNAL))
    broken = (Extension(ExtensionType.EXTERNAL_SENDERS, b"\x05"),)
    with pytest.raises(MalformedError):
        signature_keys(group.tree, broken)(EPOCH.content(REMOVE, EXTERNAL))


def info_of(group: Group, signer: int, key: int, **changes):
    context = GroupContext(SUITE.code, GROUP_ID, 3, group.tree.tree_hash, b"transcript")
    context = replace(context, **changes)
    return sign_group_info(SUITE, context, (), b"tag", signer, group.members[key].signer)


def test_a_group_info_is_that_of_a_member_and_its_tree(group):
    check_group_info(group.tree, info_of(group, 1, 1))
    with refused(GroupInfoSignatureError, leaf=1):
        check_group_info(group.tree, info_of(group, 1, 0))
    for blank in (3, 4, 2**32 - 1):
        with refused(BlankLeafError, leaf=blank):
            check_group_info(group.tree, info_of(group, blank, 1))
    with refused(TreeHashError):
        check_group_info(group.tree, info_of(group, 1, 1, tree_hash=b"another"))


def test_a_group_info_is_for_the_suite_of_its_welcome(group):
    joiner, psk = Secret(bytes(SUITE.nh)), Secret(bytes(SUITE.nh))
    for suite in (SUITE, suite_of(CipherSuite.X25519_CHACHA20)):
        info = info_of(group, 1, 1, cipher_suite=suite.code)
        entropy = SeededEntropy(1)
        welcome = encrypt_welcome(SUITE, info, joiner, psk, (), [NewMember(OFFER)], entropy)
        if suite is SUITE:
            assert decrypt_group_info(SUITE, welcome, joiner, psk) == info
        else:
            with refused(WelcomeSuiteError):
                decrypt_group_info(SUITE, welcome, joiner, psk)


@pytest.mark.parametrize("bounds", [(-1, 0), (0, -1)])
def test_a_window_looks_neither_back_nor_keeps_less_than_nothing(bounds):
    with pytest.raises(UsageError, match="must be >= 0"):
        Window(*bounds)
