"""What a joiner refuses of a Welcome (RFC 9420 sections 12.4.3 and 12.4.3.1), rule by rule.

Each Welcome breaks one rule and is right in everything else. It costs the client nothing: the
genuine one can still be joined with the same key package.
"""

from functools import cache

import attrs
import pytest
from mls.inviter import (
    NOW,
    Invitation,
    client,
    invited,
    joins,
    refuses,
    wire_of,
    with_package,
)
from tree.members import Group, refused

from mimi.codec import encode, replace
from mimi.crypto import CipherSuite, Secret, SeededEntropy, SignaturePrivateKey
from mimi.errors import MalformedError
from mimi.mls.client import Client
from mimi.mls.codepoints import ResumptionPSKUsage
from mimi.mls.errors import (
    ConfirmationTagError,
    DuplicateGroupError,
    GroupInfoError,
    GroupInfoSignatureError,
    GroupSecretsError,
    MissingTreeError,
    NoSecretsError,
    NotInTreeError,
    PSKNonceError,
    ResumptionPSKCountError,
    UnexpectedMessageError,
    UnknownPSKError,
    WelcomeSuiteError,
)
from mimi.mls.psk import ExternalPSK, PreSharedKeyID, ResumptionPSK
from mimi.mls.welcome import GroupSecrets, Welcome
from mimi.tree.codepoints import ExtensionType
from mimi.tree.errors import (
    BlankLeafError,
    PrivateKeyError,
    TrailingBlankError,
    TreeHashError,
)
from mimi.tree.extension import Extension
from mimi.tree.math import LeafIndex
from mimi.tree.node import RatchetTreeNodes
from mimi.tree.path import HPKECiphertext

BLANK, JOINED = LeafIndex(4), LeafIndex(3)
OTHER_SUITE = CipherSuite.X25519_CHACHA20


@attrs.frozen
class Meeting:
    """A group of six, two of whom were removed; the joiner takes the place of one of them."""

    joiner: Client
    right: Invitation
    stranger: SignaturePrivateKey

    def refuses(self, wrong, kind, options=None, **where) -> None:
        """Check that a Welcome is refused, and the right one is not."""
        refuses(self.joiner, wrong, self.right, kind, options, **where)


@cache
def meeting() -> Meeting:
    joiner, package = with_package(client(b"joiner"))
    group = Group.of(6)
    group.remove(JOINED)
    group.remove(BLANK)
    return Meeting(joiner, invited(package, group, path=True), group.members[LeafIndex(1)].signer)


def psk(name: bytes, value: bytes = b"value") -> tuple[PreSharedKeyID, Secret]:
    """Return an external pre-shared key."""
    nonce = SeededEntropy(name)(meeting().right.suite.nh)
    return PreSharedKeyID(ExternalPSK(name), nonce), Secret(value)


def holding(*psks: tuple[PreSharedKeyID, Secret]) -> Meeting:
    """Return a meeting whose joiner holds pre-shared keys, on which the epoch depends."""
    made = meeting()
    joiner = made.joiner
    for name, value in psks:
        joiner = joiner.with_psk(name.psk, value)
    return attrs.evolve(made, joiner=joiner, right=made.right.but(psks=psks))


def test_what_breaks_no_rule_is_joined():
    made = meeting()
    joins(made.joiner, made.right)
    staged = made.joiner.join(made.right.wire(), now=NOW)
    assert (staged.leaf_index, staged.inviter) == (JOINED, 0)
    assert [member.leaf_index for member in staged.members] == [0, 1, 2, 3, 5]
    assert staged.context == made.right.group_context()


def test_a_group_info_where_a_welcome_belongs_is_refused():
    made = meeting()
    made.refuses(wire_of(made.right.group_info()), UnexpectedMessageError)


def test_a_welcome_names_a_key_package_of_the_client():
    made = meeting()
    _, another = with_package(client(b"another"))
    made.refuses(made.right.but(package=another), NoSecretsError)
    nobody = replace(made.right.welcome(), secrets=())
    made.refuses(wire_of(nobody), NoSecretsError)


def test_a_welcome_is_for_the_suite_of_the_key_package():
    made = meeting()
    other = replace(made.right.welcome(), cipher_suite=OTHER_SUITE)
    made.refuses(wire_of(other), WelcomeSuiteError)


def with_secrets(welcome: Welcome, kem_output: bytes, ciphertext: bytes) -> bytes:
    sealed = HPKECiphertext(kem_output, ciphertext)
    entry = replace(welcome.secrets[0], encrypted_group_secrets=sealed)
    return wire_of(replace(welcome, secrets=(entry,)))


def test_group_secrets_decrypt_under_the_init_key():
    made = meeting()
    suite, welcome = made.right.suite, made.right.welcome()
    plaintext = encode(GroupSecrets(made.right.joiner_secret, None, ()))
    seal = suite.encrypt_with_label
    info, leaf = welcome.encrypted_group_info, made.right.package.leaf_node
    for key, context in ((leaf.encryption_key, info), (made.right.package.init_key, b"another")):
        sealed = seal(key, b"Welcome", context, plaintext, SeededEntropy(2))
        made.refuses(with_secrets(welcome, *sealed), GroupSecretsError)


def test_group_secrets_parse():
    made = meeting()
    suite, welcome = made.right.suite, made.right.welcome()
    plaintext = encode(GroupSecrets(made.right.joiner_secret, None, ()))
    for octets in (plaintext[:-1], plaintext + b"\0"):
        key, info = made.right.package.init_key, welcome.encrypted_group_info
        sealed = suite.encrypt_with_label(key, b"Welcome", info, octets, SeededEntropy(2))
        with pytest.raises(MalformedError, match="GroupSecrets"):
            made.joiner.join(with_secrets(welcome, *sealed), now=NOW)
    joins(made.joiner, made.right)


# Pre-shared keys


def test_the_joiner_holds_every_psk_of_the_group_secrets():
    held, lacking = psk(b"held"), psk(b"lacking")
    made = holding(held)
    made.refuses(made.right.but(psks=(held, lacking)), UnknownPSKError, psk=lacking[0].psk)


def test_the_psk_of_another_groups_epoch_is_held_by_its_members():
    """Who passes the group has its resumption PSKs, of this epoch and of none that is to come."""
    made = meeting()
    old = client(b"joiner").create_group(b"old", now=NOW)
    usage, nonce = ResumptionPSKUsage.APPLICATION, bytes(made.right.suite.nh)
    named = PreSharedKeyID(ResumptionPSK(usage, b"old", 0), nonce)
    right = made.right.but(psks=((named, old.resumption_psk[1]),))
    later = replace(named, psk=replace(named.psk, psk_epoch=1))
    wrong = right.but(psks=((later, old.resumption_psk[1]),))
    refuses(made.joiner, wrong, right, UnknownPSKError, {"groups": [old]}, psk=later.psk)


@pytest.mark.parametrize("octets", [0, 31, 33])
def test_a_psk_nonce_has_nh_octets(octets):
    name, value = psk(b"held")
    made = holding((name, value))
    wrong = ((replace(name, psk_nonce=bytes(octets)), value),)
    made.refuses(made.right.but(psks=wrong), PSKNonceError)


@pytest.mark.parametrize(
    "usages",
    [("REINIT", "REINIT"), ("BRANCH", "BRANCH"), ("REINIT", "BRANCH")],
    ids=" ".join,
)
def test_at_most_one_psk_is_for_reinitialisation_or_branching(usages):
    made = meeting()
    nonce, value = bytes(made.right.suite.nh), Secret(b"value")
    names = [
        ResumptionPSK(ResumptionPSKUsage[usage], group_id, 3)
        for usage, group_id in zip(usages, (b"one", b"two"), strict=True)
    ]
    joiner = made.joiner
    for name in names:
        joiner = joiner.with_psk(name, value)
    psks = tuple((PreSharedKeyID(name, nonce), value) for name in names)
    wrong = made.right.but(psks=psks, context={"epoch": 1})
    refuses(joiner, wrong, made.right, ResumptionPSKCountError)


def test_a_joiner_who_is_told_other_psks_cannot_open_the_group_info():
    first, second = psk(b"first"), psk(b"second", b"another value")
    made = holding(first, second)
    for told in ((second[0], first[0]), (first[0],), ()):
        made.refuses(made.right.but(told=told), GroupInfoError)


# The group info


def test_the_group_info_decrypts():
    made = meeting()
    suite, right, octets = made.right.suite, made.right, bytes(100)
    plaintext = encode(GroupSecrets(right.joiner_secret, None, ()))
    key = right.package.init_key
    sealed = suite.encrypt_with_label(key, b"Welcome", octets, plaintext, SeededEntropy(2))
    broken = replace(right.welcome(), encrypted_group_info=octets)
    made.refuses(with_secrets(broken, *sealed), GroupInfoError)


def test_the_group_info_is_for_the_suite_of_the_key_package():
    made = meeting()
    made.refuses(made.right.but(context={"cipher_suite": OTHER_SUITE}), WelcomeSuiteError)


def test_the_group_info_is_signed_by_the_member_that_it_names():
    made = meeting()
    made.refuses(made.right.but(signer=made.stranger), GroupInfoSignatureError, leaf=0)
    made.refuses(made.right.but(inviter=LeafIndex(1)), GroupInfoSignatureError, leaf=1)
    info = made.right.group_info()
    for change in (
        {"signature": b""},
        {"signature": bytes(64)},
        {"extensions": info.extensions[:0]},
    ):
        forged = wire_of(made.right.welcome(replace(info, **change)))
        options = {"tree": made.right.tree.encode()}
        made.refuses(forged, GroupInfoSignatureError, options, leaf=0)


@pytest.mark.parametrize("leaf", [BLANK, 6, 8, 2**32 - 1])
def test_the_signer_of_the_group_info_is_a_member(leaf):
    made = meeting()
    made.refuses(made.right.but(inviter=LeafIndex(leaf)), BlankLeafError, leaf=leaf)


def test_the_group_id_is_that_of_no_group_of_the_client():
    made = meeting()
    own = client(b"joiner").create_group(b"mine", now=NOW)
    wrong = made.right.but(context={"group_id": b"mine"})
    made.refuses(wrong, DuplicateGroupError, {"groups": [own]}, group_id=b"mine")


def test_who_was_removed_takes_part_no_more():
    """The group can be given all the same, for its resumption PSKs."""
    member, package = with_package(client(b"member"))
    group = client(b"founder").create_group(b"mine", now=NOW)
    draft = group.commit(add=[package], now=NOW)
    group = draft.accept()
    member, seat = member.join(draft.welcome, now=NOW).accept()
    member, package = with_package(member)
    draft = group.commit(remove=[seat.leaf_index], now=NOW)
    removed = seat.receive(draft.commit, now=NOW).events[0].accept().group
    welcome = draft.accept().commit(add=[package], now=NOW).welcome
    assert member.join(welcome, now=NOW, groups=[removed]).accept()[1].epoch == 3
    with refused(DuplicateGroupError, group_id=b"mine"):
        member.join(welcome, now=NOW, groups=[seat])


def test_a_confirmation_tag_is_that_of_the_epoch():
    made = meeting()
    tag = made.right.group_info().confirmation_tag
    for wrong in (b"", bytes(32), tag[:-1], tag + b"\0"):
        made.refuses(made.right.but(tag=wrong), ConfirmationTagError)


# The tree


def test_the_tree_is_in_the_welcome_or_given():
    made = meeting()
    without = made.right.but(tree_inside=False)
    made.refuses(without, MissingTreeError)
    joins(made.joiner, without, tree=made.right.tree.encode())


def with_tree(made: Meeting, octets: bytes) -> Invitation:
    """Return the invitation with other octets for the tree."""
    carried = Extension(ExtensionType.RATCHET_TREE, octets)
    return made.right.but(tree_inside=False, extensions=(carried,))


def test_the_tree_is_that_of_the_group_context():
    made = meeting()
    earlier = Group.of(6).tree
    made.refuses(with_tree(made, earlier.encode()), TreeHashError)
    made.refuses(made.right.but(context={"tree_hash": b""}), TreeHashError)
    made.refuses(made.right.but(tree_inside=False), TreeHashError, {"tree": earlier.encode()})


def test_the_tree_does_not_end_with_a_blank_node():
    made = meeting()
    nodes = (*made.right.tree.nodes, *[None] * (15 - len(made.right.tree.nodes)))
    octets = encode(nodes, RatchetTreeNodes)
    made.refuses(with_tree(made, octets), TrailingBlankError)


def test_the_tree_holds_the_leaf_of_the_key_package():
    made = meeting()
    made.refuses(
        made.right.but(tree=made.right.tree.remove(JOINED), path_secret=None), NotInTreeError
    )
    _, other = with_package(made.joiner)
    assert other.leaf_node.signature_key == made.right.package.leaf_node.signature_key
    tree = invited(other, Group.of(3), path=False)
    made.refuses(attrs.evolve(tree, package=made.right.package), NotInTreeError)


def test_private_keys_are_those_of_the_tree():
    made = meeting()
    for wrong in (Secret(bytes(32)), Secret(b"")):
        made.refuses(made.right.but(path_secret=wrong), PrivateKeyError)
