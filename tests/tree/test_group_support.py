"""What all members of a group must support (RFC 9420 sections 7.3, 11.1 and 13.4)."""

import pytest
from tree.members import STRANGER, SUITE, crowd, fresh, refused

from mimi.codec import replace
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType
from mimi.tree.credential import X509Credential
from mimi.tree.errors import (
    DuplicateSignatureKeyError,
    RequiredCapabilityError,
    UnsupportedCredentialError,
    UnsupportedExtensionError,
)
from mimi.tree.leaf import Capabilities, GroupNeeds
from mimi.tree.ratchet import RatchetTree
from mimi.tree.validate import check_group_support

EXTENSION, PROPOSAL = ExtensionType(0xF001), ProposalType(0xF002)
CREDENTIAL = CredentialType(0xF003)


def needs(**changes) -> GroupNeeds:
    names = ("extensions", "proposals", "credentials", "used")
    return GroupNeeds(**{name: frozenset(changes.get(name, ())) for name in names})


def equipped() -> RatchetTree:
    """Return a tree of four in which everybody lists three unusual code points."""
    listed = Capabilities(
        extensions=(EXTENSION,),
        proposals=(PROPOSAL,),
        credentials=(CREDENTIAL, CredentialType.BASIC, CredentialType.X509),
    )
    return RatchetTree.of_nodes(
        SUITE,
        (
            fresh(0, capabilities=listed),
            None,
            fresh(1, capabilities=listed),
            None,
            fresh(2, capabilities=listed),
        ),
    )


@pytest.mark.parametrize("known", [False, True], ids=["from scratch", "derived"])
@pytest.mark.parametrize("leaf", [0, 2])
@pytest.mark.parametrize(
    ("need", "lacking", "error"),
    [
        ({"extensions": (EXTENSION,)}, "extensions", RequiredCapabilityError),
        ({"proposals": (PROPOSAL,)}, "proposals", RequiredCapabilityError),
        ({"credentials": (CREDENTIAL,)}, "credentials", RequiredCapabilityError),
        ({"used": (EXTENSION,)}, "extensions", UnsupportedExtensionError),
        ({}, "credentials", UnsupportedCredentialError),
    ],
    ids=["extension", "proposal", "credential", "extension in use", "credential in use"],
)
def test_everybody_supports_what_the_group_needs(need, lacking, error, leaf, known):
    tree = equipped()
    check_group_support(tree, needs(**need))
    member = tree.member(leaf)
    capabilities = replace(member.capabilities, **{lacking: ()})
    without = tree.update(leaf, replace(member, capabilities=capabilities))
    if not known:
        without = RatchetTree.of_nodes(SUITE, without.nodes)
    with refused(error, leaf=leaf):
        check_group_support(without, needs(**need))
    check_group_support(without.update(leaf, member), needs(**need))


def test_nobody_need_support_what_nobody_needs():
    check_group_support(crowd(3), needs())
    for name in ("extensions", "proposals", "credentials"):
        with refused(RequiredCapabilityError, leaf=0):
            check_group_support(crowd(3), needs(**{name: (0xF00F,)}))


def test_a_member_that_comes_with_another_credential_must_be_understood():
    tree = equipped()
    shown = fresh(7, credential=X509Credential(()), capabilities=tree.member(0).capabilities)
    tree, _ = tree.add(shown)
    check_group_support(tree, needs())
    only = replace(STRANGER.capabilities, credentials=(CredentialType.BASIC,))
    unable = tree.update(1, replace(tree.member(1), capabilities=only))
    with refused(UnsupportedCredentialError, leaf=1) as caught:
        check_group_support(unable, needs())
    assert caught.value.reason == (
        "leaf 1 does not support credential type X509, which leaf 3 uses"
    )
    check_group_support(unable.remove(3), needs())


def test_a_group_with_a_key_twice_supports_nothing():
    with refused(DuplicateSignatureKeyError, leaf=3):
        check_group_support(crowd(3).add(fresh(7, signature_key=b"S0"))[0], needs())
