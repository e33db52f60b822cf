"""The rules for commits by which somebody joins (RFC 9420 sections 12.2 and 12.4.3.2)."""

from typing import Any

import attrs
import pytest
from mls.attacker import (
    JOINER,
    OTHER_KEY,
    PUBLIC,
    Attacker,
    changing,
    external,
    zeros,
)
from mls.proposals import FRESH, GRACE, REINIT, psk, updated
from mls.victims import (
    BASE,
    BLANK,
    BOB,
    COMMON,
    ERIN,
    SENDERS,
    SERVER,
    check_followed,
    check_refused,
    check_unharmed,
    client,
    scene,
)
from tree.members import NOW, SUITE

from mimi.codec import encode, replace
from mimi.crypto import InvalidPublicKeyError, Secret
from mimi.mls import CommitStaged, Held, MissingProposals
from mimi.mls.errors import (
    ConfirmationTagError,
    ExternalCommitProposalError,
    ExternalCommitReferenceError,
    ExternalInitCountError,
    ExternalInitPlaceError,
    ExternalRemoveCountError,
    MessageSignatureError,
    PSKNonceError,
    PublicApplicationError,
    RepeatedPSKError,
    SenderContentError,
    UnknownPSKError,
    UnknownSenderError,
)
from mimi.mls.framing import CommitAuthData, FramedContentAuthData, MemberSender, PublicMessage
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import (
    Add,
    Commit,
    ExternalInit,
    GroupContextExtensions,
    Remove,
    Update,
)
from mimi.mls.psk import ExternalPSK
from mimi.mls.resolve import Covered
from mimi.tree.codepoints import CredentialType
from mimi.tree.errors import (
    BlankLeafError,
    DuplicateSignatureKeyError,
    EncryptionKeyError,
    LeafSignatureError,
    LeafSourceError,
    PathLengthError,
    PathParentHashError,
    PathSecretCountError,
    PathSecretError,
    UnlistedCredentialError,
    UnrotatedKeyError,
    UnsupportedCipherSuiteError,
    UnsupportedExtensionError,
)
from mimi.tree.extension import Extension
from mimi.tree.leaf import Capabilities, UpdateSource

EVE = client("Eve")
NO_PSKS = Secret(bytes(SUITE.nh))
PLAIN = GroupContextExtensions((SENDERS,))


def joiner(name: str = "Eve", *extensions: Extension) -> tuple[Attacker, ExternalInit]:
    """Return a joiner with a modified client."""
    return Attacker.joining(client(name), scene(*extensions).alice)


def test_a_genuine_external_commit_of_the_attacker_is_followed():
    here = scene()
    eve, init = joiner()
    after = check_followed(here, eve.commit(init))
    assert after.members[BLANK].leaf_node.signature_key == EVE.signer.public
    check_followed(here, eve.commit(Remove(ERIN), init))
    bob, init = joiner("Bob")
    after = check_followed(here, bob.commit(init, Remove(BOB)))
    assert [member.leaf_index for member in after.members] == [0, 1, 2, 4]


@pytest.mark.parametrize("count", [0, 2])
def test_it_has_exactly_one_external_init(count):
    here = scene()
    eve, init = joiner()
    check_refused(here, eve.commit(*[init] * count), ExternalInitCountError)
    with_removal = eve.commit(*[init] * count, Remove(BOB))
    check_refused(here, with_removal, ExternalInitCountError)


def test_two_different_external_inits_are_two():
    here = scene()
    eve, init = joiner()
    check_refused(here, eve.commit(ExternalInit(bytes(32)), init), ExternalInitCountError)


def test_it_removes_at_most_one_leaf():
    here = scene()
    eve, init = joiner()
    check_refused(here, eve.commit(init, Remove(BOB), Remove(ERIN)), ExternalRemoveCountError)


OTHERS = {
    "Add": Add(GRACE),
    "Update": Update(updated()),
    "ReInit": REINIT,
    "GroupContextExtensions": PLAIN,
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_it_has_no_other_proposals(other):
    here = scene()
    eve, init = joiner()
    covered = (Covered(init, JOINER), Covered(other, JOINER))
    for listed in ((init, other), (other, init)):
        wire = eve.commit(*listed, covered=covered)
        check_refused(here, wire, ExternalCommitProposalError)


def test_it_has_no_proposals_by_reference():
    here = scene()
    there = here.heard(here.server.send(Remove(BOB)))
    eve, init = joiner()
    reference = there.alice.pending[0].reference
    covered = (Covered(init, JOINER), Covered(Remove(BOB), external()))
    wire = eve.commit(init, reference, covered=covered)
    check_refused(there, wire, ExternalCommitReferenceError)
    # Who has not received the proposal cannot know whether it is a SelfRemove, which may be there.
    (event,) = here.alice.receive(wire, now=NOW).events
    assert event == Held(MissingProposals((reference,)))


def test_the_joiner_proposes_what_is_valid():
    here = scene()
    eve, init = joiner()
    only_init = (Covered(init, JOINER),)
    wire = eve.commit(init, Remove(BLANK), covered=only_init)
    check_refused(here, wire, BlankLeafError, leaf=BLANK)
    wire = eve.commit(init, psk(SUITE.nh - 1), psk_secret=NO_PSKS)
    check_refused(here, wire, PSKNonceError)
    wire = eve.commit(init, psk(), psk(), psk_secret=NO_PSKS)
    check_refused(here, wire, RepeatedPSKError)


def test_the_joiner_brings_pre_shared_keys_that_members_hold():
    here = scene()
    eve, init = joiner()
    wire = eve.commit(init, psk(), psk_secret=NO_PSKS)
    check_refused(here, wire, UnknownPSKError, public=False, psk=ExternalPSK(b"psk"))
    draft = EVE.with_psk(ExternalPSK(b"psk"), Secret(b"value")).join_externally(
        here.bob.group_info(), now=NOW, psks=[ExternalPSK(b"psk")]
    )
    alice = here.alice.with_psk(ExternalPSK(b"psk"), Secret(b"value"))
    check_followed(attrs.evolve(here, alice=alice), draft.commit)


# The joiner's leaf


def test_a_returning_member_rotates_its_encryption_key():
    here = scene()
    bob, init = joiner("Bob")
    kept = changing(encryption_key=here.bob.leaf_node.encryption_key)
    wire = bob.commit(init, Remove(BOB), leaf=kept)
    check_refused(here, wire, UnrotatedKeyError, leaf=BOB)


def test_a_joiner_has_no_key_of_the_tree():
    here = scene()
    eve, init = joiner()
    taken = changing(encryption_key=here.alice.leaf_node.encryption_key)
    check_refused(here, eve.commit(init, leaf=taken), UnrotatedKeyError, leaf=BLANK, node=0)


def test_a_client_that_is_still_a_member_does_not_join():
    here = scene()
    bob, init = joiner("Bob")
    wire = bob.commit(init)
    check_refused(here, wire, DuplicateSignatureKeyError, leaf=BLANK)
    check_refused(here, bob.commit(init, Remove(ERIN)), DuplicateSignatureKeyError, leaf=BLANK)


POOR = Capabilities(cipher_suites=(SUITE.code,))
LEAVES: dict[str, tuple[dict[str, Any], Any, dict[str, Any]]] = {
    "source": ({"leaf_node_source": UpdateSource()}, LeafSourceError, {"leaf": BLANK}),
    "suite": (
        {"capabilities": replace(BASE, cipher_suites=())},
        UnsupportedCipherSuiteError,
        {"leaf": BLANK},
    ),
    "credential": (
        {"capabilities": replace(BASE, credentials=(CredentialType.X509,))},
        UnlistedCredentialError,
        {"leaf": BLANK},
    ),
    "encryption key": (
        {"encryption_key": bytes(32)},
        EncryptionKeyError,
        {"node": 2 * BLANK},
    ),
    "extension in use": ({"capabilities": POOR}, UnsupportedExtensionError, {"leaf": BLANK}),
}


@pytest.mark.parametrize(("changes", "kind", "where"), LEAVES.values(), ids=LEAVES.keys())
def test_the_joiners_leaf_keeps_the_rules(changes, kind, where):
    here = scene(Extension(COMMON, b""))
    eve, init = joiner("Eve", Extension(COMMON, b""))
    check_refused(here, eve.commit(init, leaf=changing(**changes)), kind, **where)
    check_followed(here, eve.commit(init))


def test_the_joiners_leaf_is_signed_for_its_place():
    here = scene()
    eve, init = joiner()

    def unsigned(leaf):
        return replace(leaf, signature=zeros(leaf.signature))

    wire = eve.commit(init, signed=unsigned)
    check_refused(here, wire, LeafSignatureError, leaf=BLANK)


# The path


def test_an_external_commit_without_a_path_has_no_key_to_be_verified_with():
    here = scene()
    eve, init = joiner()
    check_refused(here, eve.commit(init, path=False), UnknownSenderError, sender=JOINER)


def test_the_joiners_path_is_whole():
    here = scene()
    eve, init = joiner()
    shorter = eve.commit(init, nodes=lambda nodes: nodes[:-1])
    check_refused(here, shorter, PathLengthError, leaf=BLANK)

    def uncovered(nodes):
        return (replace(nodes[0], encrypted_path_secret=()), *nodes[1:])

    check_refused(here, eve.commit(init, nodes=uncovered), PathSecretCountError)
    stale = eve.commit(init, sealed=())
    check_refused(here, stale, PathSecretError, public=False)

    def another(nodes):
        return (replace(nodes[0], encryption_key=FRESH.public), *nodes[1:])

    check_refused(here, eve.commit(init, nodes=another), PathParentHashError, leaf=BLANK)


# The signature, the init secret and the tag


def test_it_is_signed_by_the_key_of_its_leaf():
    here = scene()
    eve, init = joiner()
    wire = eve.commit(init, signer=OTHER_KEY)
    check_refused(here, wire, MessageSignatureError, sender=JOINER)
    wire = eve.commit(init, signature=zeros)
    check_refused(here, wire, MessageSignatureError, sender=JOINER)


def test_its_tag_is_made_with_the_external_init_secret():
    here = scene()
    eve, init = joiner()
    wrong = attrs.evolve(eve, init_secret=Secret(bytes(SUITE.nh)))
    check_refused(here, wrong.commit(init), ConfirmationTagError, public=False)
    inside = attrs.evolve(eve, init_secret=here.mallory.secrets.init_secret)
    check_refused(here, inside.commit(init), ConfirmationTagError, public=False)
    check_refused(here, eve.commit(init, tag=zeros), ConfirmationTagError, public=False)


@pytest.mark.parametrize("kem_output", [b"", bytes(32), bytes(31), b"\x01" + bytes(31)])
def test_a_kem_output_that_is_none_is_refused(kem_output):
    here = scene()
    eve, _ = joiner()
    wire = eve.commit(ExternalInit(kem_output))
    with pytest.raises(InvalidPublicKeyError):
        here.alice.receive(wire, now=NOW)
    check_unharmed(here, here.alice)
    (event,) = here.public.receive(wire, now=NOW).events
    assert isinstance(event, CommitStaged)  # only members decapsulate


# Who sends what


def outside(sender: Any, content: Any) -> bytes:
    """Return anything from anybody outside, signed by the key that stands for it."""
    eve, _ = joiner()
    signer = SERVER if sender == external() else eve.signer
    attacker = attrs.evolve(eve, sender=sender, signer=signer)
    framed = attacker.framed(content)
    signature = attacker.signature(framed, PUBLIC)
    auth = CommitAuthData(signature, bytes(SUITE.nh))
    return encode(MLSMessage(PublicMessage(framed, auth, None)))


def test_an_external_sender_sends_no_commits():
    here = scene()
    wire = outside(external(), Commit((Remove(BOB),), None))
    check_refused(here, wire, SenderContentError, sender=external())


def test_a_joiner_sends_commits_alone():
    here = scene()
    eve, _ = joiner()
    check_refused(here, eve.send(Remove(BOB)), SenderContentError, sender=JOINER)
    check_refused(here, eve.send(Add(GRACE)), SenderContentError, sender=JOINER)


@pytest.mark.parametrize("who", ["member", "joiner"])
def test_application_data_are_not_public(who):
    here = scene()
    eve, _ = joiner()
    attacker = here.attacker if who == "member" else eve
    framed = attacker.framed(b"hello")
    signature = attacker.signature(framed, PUBLIC)
    tag = bytes(SUITE.nh) if isinstance(framed.sender, MemberSender) else None
    message = PublicMessage(framed, FramedContentAuthData(signature), tag)
    check_refused(here, encode(MLSMessage(message)), PublicApplicationError)


def test_a_member_does_not_join_its_own_group_by_an_external_init():
    """As a member it would bring an init secret that nobody else controls."""
    here = scene()
    _, init = joiner()
    wire = here.attacker.commit(init)
    check_refused(here, wire, ExternalInitPlaceError)
