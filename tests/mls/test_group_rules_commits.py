"""The rules for a commit as a whole: path, signature, tags, keys and what comes after it."""

from typing import Any

import attrs
import pytest
from mls.attacker import OTHER_KEY, PRIVATE, PUBLIC, Deviation, changing, zeros
from mls.proposals import FRESH, GRACE, psk, resumption
from mls.victims import (
    ALICE,
    BASE,
    BLANK,
    BOB,
    COMMON,
    ERIN,
    MALLORY,
    SENDERS,
    both_formats,
    check_followed,
    check_refused,
    offer,
    scene,
)
from tree.members import NOW, SUITE

from mimi.codec import encode, replace
from mimi.crypto import Secret
from mimi.mls.codepoints import ResumptionPSKUsage
from mimi.mls.errors import (
    ConfirmationTagError,
    MembershipTagError,
    MessageSignatureError,
    OwnEchoError,
    UnknownPSKError,
    UnknownSenderError,
)
from mimi.mls.framing import MemberSender
from mimi.mls.proposal import Add, GroupContextExtensions, Remove
from mimi.mls.psk import ExternalPSK
from mimi.tree.codepoints import CredentialType
from mimi.tree.errors import (
    DuplicateSignatureKeyError,
    EncryptionKeyError,
    LeafSignatureError,
    LeafSourceError,
    PathLengthError,
    PathParentHashError,
    PathSecretCountError,
    PathSecretError,
    UnlistedCredentialError,
    UnlistedExtensionError,
    UnrotatedKeyError,
    UnsupportedCipherSuiteError,
)
from mimi.tree.extension import Extension
from mimi.tree.leaf import CommitSource, KeyPackageSource, Lifetime, UpdateSource

COMMON_IN_USE = GroupContextExtensions((SENDERS, Extension(COMMON, b"")))
HERE = {"leaf": MALLORY}
MINE = MemberSender(MALLORY)
PARENT = next(node for _, node in scene().public.tree.parents())


def check_both(kind: Any, *listed: Any, public: bool = True, how: Deviation, **where: Any) -> None:
    """Check that a commit is refused in both formats."""
    here = scene()
    for wire_format in (PUBLIC, PRIVATE):
        wire = here.attacker.commit(*listed, wire_format=wire_format, how=how)
        check_refused(here, wire, kind, public=public and wire_format == PUBLIC, **where)


# The committer's leaf (sections 7.3, 7.5 and 12.4.2)

LEAVES: dict[str, tuple[Deviation, Any, dict[str, Any]]] = {
    "source key_package": (
        Deviation(leaf=changing(leaf_node_source=KeyPackageSource(Lifetime(0, NOW + 1)))),
        LeafSourceError,
        HERE,
    ),
    "source update": (
        Deviation(leaf=changing(leaf_node_source=UpdateSource())),
        LeafSourceError,
        HERE,
    ),
    "same encryption key": (
        Deviation(leaf=changing(encryption_key=scene().mallory.leaf_node.encryption_key)),
        UnrotatedKeyError,
        {**HERE, "node": 2 * MALLORY},
    ),
    "another member's encryption key": (
        Deviation(leaf=changing(encryption_key=scene().bob.leaf_node.encryption_key)),
        UnrotatedKeyError,
        {**HERE, "node": 2 * BOB},
    ),
    "a parent's encryption key": (
        Deviation(leaf=changing(encryption_key=PARENT.encryption_key)),
        UnrotatedKeyError,
        HERE,
    ),
    "no encryption key": (
        Deviation(leaf=changing(encryption_key=bytes(32))),
        EncryptionKeyError,
        {"node": 2 * MALLORY},
    ),
    "signature of zeros": (
        Deviation(signed=lambda leaf: replace(leaf, signature=zeros(leaf.signature))),
        LeafSignatureError,
        HERE,
    ),
    "parent hash": (
        Deviation(leaf=changing(leaf_node_source=CommitSource(bytes(SUITE.nh)))),
        PathParentHashError,
        HERE,
    ),
    "no parent hash": (
        Deviation(leaf=changing(leaf_node_source=CommitSource(b""))),
        PathParentHashError,
        HERE,
    ),
    "suite": (
        Deviation(leaf=changing(capabilities=replace(BASE, cipher_suites=()))),
        UnsupportedCipherSuiteError,
        HERE,
    ),
    "credential": (
        Deviation(leaf=changing(capabilities=replace(BASE, credentials=(CredentialType.X509,)))),
        UnlistedCredentialError,
        HERE,
    ),
    "extension": (
        Deviation(
            leaf=changing(
                capabilities=replace(BASE, extensions=()), extensions=(Extension(COMMON, b""),)
            )
        ),
        UnlistedExtensionError,
        HERE,
    ),
}


@pytest.mark.parametrize(("how", "kind", "where"), LEAVES.values(), ids=LEAVES.keys())
def test_the_leaf_of_a_path_is_valid(how, kind, where):
    check_both(kind, how=how, **where)
    check_both(kind, Add(GRACE), how=how, **where)


def test_the_committer_takes_nobodys_signature_key():
    here = scene()
    erin = offer("Erin").leaf_node.signature_key
    assert erin == here.erin.leaf_node.signature_key
    wire = here.attacker.commit(
        Remove(BOB),
        signed=lambda leaf: replace(leaf, signature_key=erin),
    )
    check_refused(here, wire, DuplicateSignatureKeyError, leaf=MALLORY)


# The path (sections 7.5, 7.6 and 12.4.2)


def first(**changes: Any):
    """Return the function that changes the first node of a path."""
    return lambda nodes: (replace(nodes[0], **changes), *nodes[1:])


def swapped(nodes):
    """Give each of two nodes the other's ciphertexts."""
    one, two, *rest = nodes
    return (
        replace(one, encrypted_path_secret=two.encrypted_path_secret),
        replace(two, encrypted_path_secret=one.encrypted_path_secret),
        *rest,
    )


PATHS: dict[str, tuple[Deviation, Any, dict[str, Any]]] = {
    "a node too few": (Deviation(nodes=lambda nodes: nodes[:-1]), PathLengthError, HERE),
    "a node too many": (Deviation(nodes=lambda nodes: (*nodes, nodes[-1])), PathLengthError, HERE),
    "no nodes": (Deviation(nodes=lambda nodes: ()), PathLengthError, HERE),
    "no ciphertexts": (
        Deviation(nodes=first(encrypted_path_secret=())),
        PathSecretCountError,
        {},
    ),
    "a ciphertext twice": (
        Deviation(
            nodes=lambda nodes: first(encrypted_path_secret=(*nodes[0].encrypted_path_secret,) * 2)(
                nodes
            )
        ),
        PathSecretCountError,
        {},
    ),
    "another key": (
        Deviation(nodes=first(encryption_key=FRESH.public)),
        PathParentHashError,
        HERE,
    ),
    "a key that is none": (
        Deviation(nodes=first(encryption_key=bytes(32))),
        EncryptionKeyError,
        {},
    ),
    "a key of the tree": (
        Deviation(nodes=first(encryption_key=PARENT.encryption_key)),
        UnrotatedKeyError,
        HERE,
    ),
    "a key twice": (
        Deviation(
            nodes=lambda nodes: (
                replace(nodes[0], encryption_key=nodes[1].encryption_key),
                *nodes[1:],
            )
        ),
        UnrotatedKeyError,
        HERE,
    ),
}


@pytest.mark.parametrize(("how", "kind", "where"), PATHS.values(), ids=PATHS.keys())
def test_a_path_is_what_the_tree_demands(how, kind, where):
    check_both(kind, how=how, **where)


def test_a_path_is_encrypted_under_the_new_extensions():
    here = scene()
    old = here.alice.extensions
    for wire_format in (PUBLIC, PRIVATE):
        wire = here.attacker.commit(COMMON_IN_USE, sealed=old, wire_format=wire_format)
        check_refused(here, wire, PathSecretError, public=False)
    check_followed(here, here.attacker.commit(COMMON_IN_USE))


def unreadable(nodes):
    """Return the nodes with ciphertexts that nobody can decrypt."""
    return tuple(
        replace(
            node,
            encrypted_path_secret=tuple(
                replace(sealed, ciphertext=zeros(sealed.ciphertext))
                for sealed in node.encrypted_path_secret
            ),
        )
        for node in nodes
    )


@pytest.mark.parametrize("nodes", [unreadable, swapped])
def test_a_path_secret_decrypts(nodes):
    check_both(PathSecretError, public=False, how=Deviation(nodes=nodes))


# Signature, tags and sender (sections 6.1 and 6.2)


def test_an_all_zero_signature_is_refused():
    check_both(MessageSignatureError, how=Deviation(signature=zeros), sender=MINE)
    check_both(MessageSignatureError, Remove(BOB), how=Deviation(signature=zeros), sender=MINE)


def test_a_commit_is_signed_by_its_sender():
    check_both(MessageSignatureError, how=Deviation(signer=OTHER_KEY), sender=MINE)
    forged = Deviation(sender=MemberSender(BOB))
    check_both(MessageSignatureError, Remove(ERIN), how=forged, sender=MemberSender(BOB))


def test_a_commit_is_signed_with_the_key_of_the_old_leaf():
    here = scene()
    leaf = changing(signature_key=OTHER_KEY.public)
    check_refused(
        here,
        here.attacker.commit(leaf=leaf, signer=OTHER_KEY),
        MessageSignatureError,
        sender=MINE,
    )
    check_followed(here, here.attacker.commit(leaf=leaf))


def test_a_blank_leaf_sends_nothing():
    here = scene()
    forged = Deviation(sender=MemberSender(BLANK))
    wire = here.attacker.commit(how=forged)
    check_refused(here, wire, UnknownSenderError, sender=MemberSender(BLANK))


@pytest.mark.parametrize("tag", [zeros, lambda tag: b"", lambda tag: tag[:-1]])
def test_a_bad_confirmation_tag_leaves_epoch_and_tree_where_they_were(tag):
    check_both(ConfirmationTagError, public=False, how=Deviation(tag=tag))
    check_both(ConfirmationTagError, Add(GRACE), public=False, how=Deviation(tag=tag))


@pytest.mark.parametrize("tag", [zeros, lambda tag: b"", lambda tag: tag[:-1]])
def test_a_bad_membership_tag(tag):
    here = scene()
    wire = here.attacker.commit(membership=tag)
    check_refused(here, wire, MembershipTagError, public=False, sender=MINE)


@both_formats
def test_nobody_commits_in_the_name_of_the_receiver(wire_format):
    """Alice knows what she sent herself: even with her key another cannot speak for her."""
    here = scene()
    forged = Deviation(sender=MemberSender(ALICE), signer=here.alice.signer)
    wire = here.attacker.commit(Remove(BOB), wire_format=wire_format, how=forged)
    check_refused(here, wire, OwnEchoError, public=False)
    wire = here.attacker.send(b"hello", PRIVATE, forged)
    check_refused(here, wire, OwnEchoError, public=False)


def test_an_update_in_the_receivers_name_whose_key_it_does_not_have():
    here = scene()
    stolen = Deviation(sender=MemberSender(ALICE), signer=here.alice.signer)
    alice, _ = here.alice.propose_update(now=NOW)
    update = alice.pending[0].proposal
    wire = here.attacker.send(update, how=stolen)
    check_refused(here, wire, OwnEchoError, public=False)


# Pre-shared keys (section 12.4.2)


def test_an_unknown_psk_is_not_replaced_by_anything():
    here = scene()
    name = ExternalPSK(b"psk")
    mallory = here.mallory.with_psk(name, Secret(b"value"))
    here = attrs.evolve(here, mallory=mallory)
    wire = here.attacker.commit(psk())
    check_refused(here, wire, UnknownPSKError, public=False, psk=name)
    for guess in (b"", b"psk", bytes(SUITE.nh), encode(name)):
        wrong = attrs.evolve(here, alice=here.alice.with_psk(name, Secret(guess)))
        check_refused(wrong, wire, ConfirmationTagError, public=False)
    right = attrs.evolve(here, alice=here.alice.with_psk(name, Secret(b"value")))
    check_followed(right, wire)


def test_a_resumption_psk_is_of_an_epoch_that_is_known():
    here = scene()
    name = resumption(ResumptionPSKUsage.APPLICATION)
    for epoch in (name.psk_epoch + 1, (1 << 64) - 1):
        unknown = replace(name, psk_epoch=epoch)
        wire = here.attacker.commit(psk(name=unknown), psk_secret=Secret(bytes(SUITE.nh)))
        check_refused(here, wire, UnknownPSKError, public=False, psk=unknown)
    check_followed(here, here.attacker.commit(psk(name=name)))
    check_followed(here, here.attacker.commit(psk(name=replace(name, psk_epoch=4))))
