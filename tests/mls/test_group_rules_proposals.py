"""The rules for a proposal by itself, when it arrives and when a commit brings it by value."""

from typing import Any

import attrs
import pytest
from mls.attacker import (
    OTHER_KEY,
    PROPOSER,
    PUBLIC,
    Attacker,
    Deviation,
    external,
    zeros,
)
from mls.proposals import (
    GRACE,
    GRACES_KEY,
    REINIT,
    graces,
    lasting,
    packed,
    psk,
    resumption,
    updated,
)
from mls.victims import (
    BLANK,
    BOB,
    COMMON,
    MALLORY,
    SERVER,
    both_formats,
    check_followed,
    check_refused,
    check_unharmed,
    scene,
)
from tree.members import NOW, SUITE

from mimi.codec import replace
from mimi.crypto import Secret
from mimi.errors import MalformedError, MimiError
from mimi.mls import EncryptedMessage, Held, MissingProposals, ProposalReceived
from mimi.mls.codepoints import ResumptionPSKUsage
from mimi.mls.errors import (
    ExternalInitPlaceError,
    ExternalProposalError,
    InitKeyError,
    KeyPackageSignatureError,
    KeyPackageVersionError,
    MembershipTagError,
    MessageSignatureError,
    PSKNonceError,
    PSKUsageError,
    ReInitVersionError,
    SenderContentError,
    UnknownSenderError,
    UpdateSenderError,
)
from mimi.mls.framing import AuthenticatedContent, FramedContentAuthData, MemberSender
from mimi.mls.proposal import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    Proposal,
    ReInit,
    Remove,
    Update,
)
from mimi.mls.protect import proposal_ref
from mimi.mls.psk import ExternalPSK
from mimi.mls.resolve import Covered
from mimi.tree.codepoints import CredentialType, ExtensionType, ProtocolVersion
from mimi.tree.credential import Certificate, X509Credential
from mimi.tree.errors import (
    BlankLeafError,
    CredentialKeyError,
    EncryptionKeyError,
    LeafSignatureError,
    LeafSourceError,
    LifetimeError,
    UnlistedCredentialError,
    UnlistedExtensionError,
    UnrotatedKeyError,
    UnsupportedCipherSuiteError,
)
from mimi.tree.extension import Extension
from mimi.tree.leaf import (
    CommitSource,
    LeafNode,
    UpdateSource,
)
from mimi.tree.math import LeafIndex

DAY = 24 * 3600


def broken(extension_type: ExtensionType) -> GroupContextExtensions:
    return GroupContextExtensions((Extension(extension_type, b"\x05"),))


LISTS_NOTHING = replace(GRACE.leaf_node.capabilities, extensions=(), credentials=())
NO_SUITE = replace(GRACE.leaf_node.capabilities, cipher_suites=())
NO_VERSION = replace(GRACE.leaf_node.capabilities, versions=())
NOT_CERTIFIED = X509Credential((Certificate(b"no certificate"),))
ZERO_SIGNED = replace(GRACE.leaf_node, signature=zeros(GRACE.leaf_node.signature))

BAD: dict[str, tuple[Proposal, type[MimiError], dict[str, Any]]] = {
    # 12.1.1, 10.1 and 7.3
    "Add: signature of zeros": (
        Add(replace(GRACE, signature=zeros(GRACE.signature))),
        KeyPackageSignatureError,
        {},
    ),
    "Add: signed by another": (
        Add(packed(GRACE.leaf_node, OTHER_KEY)),
        KeyPackageSignatureError,
        {},
    ),
    "Add: leaf signature of zeros": (Add(packed(ZERO_SIGNED)), LeafSignatureError, {"leaf": None}),
    "Add: version": (
        Add(packed(GRACE.leaf_node, version=ProtocolVersion(2))),
        KeyPackageVersionError,
        {},
    ),
    "Add: cipher suite": (
        Add(packed(GRACE.leaf_node, cipher_suite=type(SUITE.code)(2))),
        KeyPackageVersionError,
        {},
    ),
    "Add: init_key is encryption_key": (
        Add(packed(GRACE.leaf_node, init_key=GRACE.leaf_node.encryption_key)),
        InitKeyError,
        {},
    ),
    "Add: init_key is no key": (Add(packed(GRACE.leaf_node, init_key=b"")), InitKeyError, {}),
    "Add: encryption_key is no key": (
        Add(packed(graces(encryption_key=bytes(32)))),
        EncryptionKeyError,
        {},
    ),
    "Add: source update": (
        Add(packed(graces(leaf_node_source=UpdateSource()))),
        LeafSourceError,
        {},
    ),
    "Add: source commit": (
        Add(packed(graces(leaf_node_source=CommitSource(b"")))),
        LeafSourceError,
        {},
    ),
    "Add: expired": (
        Add(packed(graces(leaf_node_source=lasting(NOW - DAY, NOW - 1)))),
        LifetimeError,
        {"leaf": None},
    ),
    "Add: not valid yet": (
        Add(packed(graces(leaf_node_source=lasting(NOW + 1, NOW + DAY)))),
        LifetimeError,
        {},
    ),
    "Add: inverted lifetime": (
        Add(packed(graces(leaf_node_source=lasting(NOW + 1, NOW - 1)))),
        LifetimeError,
        {},
    ),
    "Add: lifetime too long": (
        Add(packed(graces(leaf_node_source=lasting(0, NOW + DAY)))),
        LifetimeError,
        {},
    ),
    "Add: capabilities without the suite": (
        Add(packed(graces(capabilities=NO_SUITE))),
        UnsupportedCipherSuiteError,
        {},
    ),
    "Add: capabilities without the version": (
        Add(packed(graces(capabilities=NO_VERSION))),
        UnsupportedCipherSuiteError,
        {},
    ),
    "Add: own credential type not listed": (
        Add(packed(graces(capabilities=LISTS_NOTHING))),
        UnlistedCredentialError,
        {},
    ),
    "Add: own extension not listed": (
        Add(
            packed(
                graces(
                    capabilities=replace(LISTS_NOTHING, credentials=(CredentialType.BASIC,)),
                    extensions=(Extension(COMMON, b""),),
                )
            )
        ),
        UnlistedExtensionError,
        {},
    ),
    "Add: certificate": (
        Add(packed(graces(credential=NOT_CERTIFIED))),
        CredentialKeyError,
        {},
    ),
    # 12.1.3
    "Remove: blank leaf": (Remove(BLANK), BlankLeafError, {"leaf": BLANK}),
    "Remove: outside the tree": (Remove(LeafIndex(8)), BlankLeafError, {"leaf": 8}),
    "Remove: far outside the tree": (
        Remove(LeafIndex(0xFFFFFFFF)),
        BlankLeafError,
        {"leaf": 0xFFFFFFFF},
    ),
    # 12.1.4
    "PreSharedKey: short nonce": (psk(SUITE.nh - 1), PSKNonceError, {}),
    "PreSharedKey: long nonce": (psk(SUITE.nh + 1), PSKNonceError, {}),
    "PreSharedKey: no nonce": (psk(0), PSKNonceError, {}),
    "PreSharedKey: reinit": (
        psk(name=resumption(ResumptionPSKUsage.REINIT)),
        PSKUsageError,
        {"psk": resumption(ResumptionPSKUsage.REINIT)},
    ),
    "PreSharedKey: branch": (
        psk(name=resumption(ResumptionPSKUsage.BRANCH)),
        PSKUsageError,
        {"psk": resumption(ResumptionPSKUsage.BRANCH)},
    ),
    # 12.1.5
    "ReInit: version": (
        ReInit(b"next", ProtocolVersion(0), SUITE.code, ()),
        ReInitVersionError,
        {},
    ),
    # 12.1.7
    "GroupContextExtensions: required_capabilities": (
        broken(ExtensionType.REQUIRED_CAPABILITIES),
        MalformedError,
        {},
    ),
    "GroupContextExtensions: external_senders": (
        broken(ExtensionType.EXTERNAL_SENDERS),
        MalformedError,
        {},
    ),
}
"""One proposal for each rule, which is broken, and by what it is refused."""

every_bad_proposal = pytest.mark.parametrize(
    ("proposal", "kind", "where"), BAD.values(), ids=BAD.keys()
)


@both_formats
@every_bad_proposal
def test_a_proposal_that_breaks_a_rule_is_refused_when_it_arrives(
    proposal, kind, where, wire_format
):
    here = scene()
    wire = here.attacker.send(proposal, wire_format)
    check_refused(here, wire, kind, public=wire_format == PUBLIC, **where)


@every_bad_proposal
def test_it_is_refused_from_an_external_sender_too(proposal, kind, where):
    here = scene()
    check_refused(here, here.server.send(proposal), kind, **where)


@both_formats
@every_bad_proposal
def test_it_is_refused_by_value_in_a_commit(proposal, kind, where, wire_format):
    here = scene()
    covered = (Covered(proposal, here.attacker.sender),)
    if isinstance(proposal, Remove):
        covered = ()  # what is blank cannot be removed
    deviation = Deviation(covered=covered, psk_secret=Secret(bytes(SUITE.nh)))
    wire = here.attacker.commit(proposal, wire_format=wire_format, how=deviation)
    check_refused(here, wire, kind, public=wire_format == PUBLIC, **where)


@every_bad_proposal
def test_once_refused_it_cannot_be_committed_by_reference(proposal, kind, where):
    here = scene()
    attacker = here.attacker
    content = attacker.framed(proposal)
    auth = FramedContentAuthData(attacker.signature(content, PUBLIC))
    reference = proposal_ref(SUITE, AuthenticatedContent(PUBLIC, content, auth))
    wire = attacker.commit(reference, covered=())
    for group in (here.alice, here.public):
        step = group.receive(wire, now=NOW)
        assert step.events == (Held(MissingProposals((reference,))),)
        assert step.group is group
        check_unharmed(here, group)


GOOD = {
    "Add": Add(GRACE),
    "Remove": Remove(BOB),
    "PreSharedKey": psk(),
    "PreSharedKey: resumption": psk(name=resumption(ResumptionPSKUsage.APPLICATION)),
    "ReInit": REINIT,
    "GroupContextExtensions": GroupContextExtensions((Extension(COMMON, b""),)),
}


@both_formats
@pytest.mark.parametrize("proposal", GOOD.values(), ids=GOOD.keys())
def test_a_genuine_proposal_of_the_attacker_is_taken_in_all_three_ways(proposal, wire_format):
    here = scene()
    name, value = ExternalPSK(b"psk"), Secret(b"psk")
    alice, mallory = here.alice.with_psk(name, value), here.mallory.with_psk(name, value)
    here = attrs.evolve(here, alice=alice, mallory=mallory)
    wire = here.attacker.send(proposal, wire_format)
    there = here.heard(wire)
    (pending,) = there.alice.pending
    assert (pending.proposal, pending.sender) == (proposal, MemberSender(MALLORY))
    public = wire_format == PUBLIC
    assert there.public.pending == (there.alice.pending if public else ())
    if not public:
        assert isinstance(here.public.receive(wire, now=NOW).events[0], EncryptedMessage)
    check_followed(there, there.attacker.commit(pending.reference), public=public)
    commit = here.attacker.commit(proposal, wire_format=wire_format)
    check_followed(here, commit, public=public)
    check_unharmed(there, there.alice)
    wire = here.server.send(proposal)
    assert isinstance(here.alice.receive(wire, now=NOW).events[0], ProposalReceived)


# Update (sections 7.3 and 12.1.2)


def capable(**changes: Any) -> LeafNode:
    mine = scene().mallory.leaf_node
    return updated(capabilities=replace(mine.capabilities, **changes))


HERE = {"leaf": MALLORY}
BAD_UPDATES: dict[str, tuple[LeafNode, type[MimiError], dict[str, Any]]] = {
    "source key_package": (
        updated(leaf_node_source=lasting(NOW - 1, NOW + DAY)),
        LeafSourceError,
        HERE,
    ),
    "source commit": (updated(leaf_node_source=CommitSource(b"")), LeafSourceError, HERE),
    "same encryption key": (
        updated(encryption_key=scene().mallory.leaf_node.encryption_key),
        UnrotatedKeyError,
        HERE,
    ),
    "encryption_key is no key": (
        updated(encryption_key=bytes(32)),
        EncryptionKeyError,
        {"node": 2 * MALLORY},
    ),
    "signed for another leaf": (updated(BOB), LeafSignatureError, HERE),
    "signed for another group": (updated(group_id=b"another"), LeafSignatureError, HERE),
    "signature of zeros": (
        replace(updated(), signature=zeros(updated().signature)),
        LeafSignatureError,
        HERE,
    ),
    "capabilities without the suite": (
        capable(cipher_suites=()),
        UnsupportedCipherSuiteError,
        HERE,
    ),
    "own credential type not listed": (
        capable(credentials=(CredentialType.X509,)),
        UnlistedCredentialError,
        HERE,
    ),
    "own extension not listed": (
        updated(extensions=(Extension(ExtensionType(0xF1FF), b""),)),
        UnlistedExtensionError,
        HERE,
    ),
    "certificate": (updated(credential=NOT_CERTIFIED), CredentialKeyError, HERE),
}


@both_formats
@pytest.mark.parametrize(("leaf", "kind", "where"), BAD_UPDATES.values(), ids=BAD_UPDATES.keys())
def test_the_leaf_of_an_update_keeps_every_rule(leaf, kind, where, wire_format):
    here = scene()
    wire = here.attacker.send(Update(leaf), wire_format)
    check_refused(here, wire, kind, public=wire_format == PUBLIC, **where)


@both_formats
def test_a_genuine_update_is_taken_and_committed_by_another(wire_format):
    here = scene()
    there = here.heard(here.attacker.send(Update(updated()), wire_format))
    draft = there.bob.commit(now=NOW)
    after = check_followed(there, draft.commit, public=wire_format == PUBLIC)
    assert after.members[MALLORY].leaf_node == updated()
    assert after.pending == ()


def test_an_update_proposal_from_leaf_0_is_as_good_as_any():
    here = scene()
    alice, wire = here.alice.propose_update(now=NOW)
    bob = here.bob.receive(wire, now=NOW).group
    public = here.public.receive(wire, now=NOW).group
    draft = bob.commit(now=NOW)
    there = attrs.evolve(here, alice=alice, public=public)
    after = check_followed(there, draft.commit)
    assert after.leaf_node == alice.pending[0].proposal.leaf_node
    assert after.epoch_authenticator == draft.accept().epoch_authenticator


# Who may propose what (sections 6.1 and 12.1.8)


@pytest.mark.parametrize(
    "proposal", [Update(updated()), ExternalInit(bytes(32))], ids=["Update", "ExternalInit"]
)
def test_what_an_external_sender_may_not_propose(proposal):
    here = scene()
    check_refused(here, here.server.send(proposal), ExternalProposalError, sender=external())


def test_an_external_sender_who_is_not_listed_is_unknown():
    here = scene()
    attacker = Attacker.outside(here.public, SERVER, external(1))
    check_refused(here, attacker.send(Remove(BOB)), UnknownSenderError, sender=external(1))


def test_an_external_sender_signs_with_the_key_that_is_listed():
    here = scene()
    attacker = Attacker.outside(here.public, OTHER_KEY, external())
    check_refused(here, attacker.send(Remove(BOB)), MessageSignatureError, sender=external())


@pytest.mark.parametrize("proposal", [Remove(BOB), Update(updated())], ids=["Remove", "Update"])
def test_a_new_member_proposes_its_own_addition_and_nothing_else(proposal):
    here = scene()
    attacker = Attacker.outside(here.public, GRACES_KEY, PROPOSER)
    check_refused(here, attacker.send(proposal), SenderContentError, sender=PROPOSER)


def test_a_new_members_proposal_is_signed_with_the_key_of_its_key_package():
    here = scene()
    attacker = Attacker.outside(here.public, OTHER_KEY, PROPOSER)
    check_refused(here, attacker.send(Add(GRACE)), MessageSignatureError, sender=PROPOSER)


def test_a_new_members_proposal_is_checked_as_a_members():
    here = scene()
    attacker = Attacker.outside(here.public, GRACES_KEY, PROPOSER)
    expired = packed(graces(leaf_node_source=lasting(NOW - DAY, NOW - 1)))
    check_refused(here, attacker.send(Add(expired)), LifetimeError)
    wire = attacker.send(Add(GRACE))
    assert isinstance(here.alice.receive(wire, now=NOW).events[0], ProposalReceived)


def test_the_content_of_a_proposal_is_of_the_senders_own_leaf():
    here = scene()
    who = MemberSender(BLANK)
    check_refused(
        here,
        here.attacker.send(Remove(BOB), how=Deviation(sender=who)),
        UnknownSenderError,
        public=True,
        sender=who,
    )


@both_formats
def test_an_external_init_is_not_proposed_by_members(wire_format):
    here = scene()
    wire = here.attacker.send(ExternalInit(bytes(32)), wire_format)
    check_refused(here, wire, ExternalInitPlaceError, public=wire_format == PUBLIC)


def test_an_update_is_by_a_member():
    """The framing refuses all other senders; the rule stands by itself all the same."""
    from mimi.mls.resolve import check_proposal

    here = scene()
    with pytest.raises(UpdateSenderError) as caught:
        check_proposal(here.public.state, Update(updated()), external(), here.alice.rules(NOW))
    assert caught.value.where == {"sender": external()}


def test_a_group_context_extensions_proposal_needs_its_membership_tag():
    here = scene()
    proposal = GroupContextExtensions(())
    for tag in (zeros, lambda tag: b"", lambda tag: tag[:-1], lambda tag: tag + b"\0"):
        wire = here.attacker.send(proposal, how=Deviation(membership=tag))
        check_refused(here, wire, MembershipTagError, public=False, sender=MemberSender(MALLORY))


@both_formats
def test_one_member_does_not_propose_in_the_name_of_another(wire_format):
    here = scene()
    wire = here.attacker.send(Remove(BOB), wire_format, Deviation(sender=MemberSender(BOB)))
    public = wire_format == PUBLIC
    check_refused(here, wire, MessageSignatureError, public=public, sender=MemberSender(BOB))
