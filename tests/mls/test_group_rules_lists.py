"""The rules for the list of proposals in a member's commit (RFC 9420 sections 12.2 to 12.4)."""

from typing import Any

import attrs
import pytest
from codec.withdrawal import withdraw
from mls.attacker import OTHER_KEY, PRIVATE, PUBLIC, Attacker, Deviation, changing
from mls.proposals import (
    FRESH,
    GRACE,
    GRACES_KEY,
    REINIT,
    certified,
    graces,
    packed,
    psk,
    updated,
)
from mls.victims import (
    ALICE,
    BASE,
    BLANK,
    BOB,
    COMMON,
    ERIN,
    MALLORY,
    RARE,
    SENDERS,
    Scene,
    both_formats,
    check_followed,
    check_refused,
    client,
    genuine,
    offer,
    requiring,
    scene,
)
from tree.members import NOW, SUITE

from mimi.codec import GREASE_VALUES, Opaque, replace, struct
from mimi.crypto import Secret
from mimi.mls import CommitStaged
from mimi.mls.errors import (
    ExternalInitPlaceError,
    MissingPathError,
    ReInitWithOthersError,
    RemoveCommitterError,
    RepeatedGroupContextExtensionsError,
    RepeatedLeafError,
    RepeatedPSKError,
    UnsupportedProposalError,
    UpdateFromCommitterError,
)
from mimi.mls.proposal import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    Proposal,
    Remove,
    Update,
)
from mimi.mls.psk import ExternalPSK
from mimi.mls.resolve import Covered
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType
from mimi.tree.errors import (
    DuplicateEncryptionKeyError,
    DuplicateSignatureKeyError,
    RequiredCapabilityError,
    UnsupportedCredentialError,
    UnsupportedExtensionError,
)
from mimi.tree.extension import Extension
from mimi.tree.leaf import Capabilities

NO_PSKS = Secret(bytes(SUITE.nh))
SAME_EXTENSIONS = GroupContextExtensions((SENDERS,))
COMMON_IN_USE = GroupContextExtensions((SENDERS, Extension(COMMON, b"")))
RARE_IN_USE = GroupContextExtensions((SENDERS, Extension(RARE, b"")))


NUDGE = ProposalType(0xF103)


@pytest.fixture
def nudge():
    """A proposal that Mallory alone supports, besides the attacker's victims' code."""

    @struct(case=NUDGE)
    class Nudge(Proposal):
        whom: Opaque

    yield Nudge(b"Bob")
    withdraw(Nudge)


def proposing(here: Scene, *proposals: Proposal) -> tuple[Scene, list[bytes]]:
    """Have the server, or Mallory where it must, propose; return the references."""
    wires = []
    for number, proposal in enumerate(proposals):
        inside = isinstance(proposal, Update) or proposal.tag == NUDGE
        how = Deviation(aad=b"%d" % number)  # so that equal proposals have two references
        wires.append((here.attacker if inside else here.server).send(proposal, how=how))
    there = here.heard(*wires)
    return there, [pending.reference for pending in there.alice.pending]


def check_list(
    kind: Any,
    *proposals: Proposal,
    applied: tuple[Proposal, ...] | None = None,
    extensions: tuple[Extension, ...] = (),
    how: Deviation | None = None,
    **where: object,
) -> None:
    """Check that proposals cannot stand together, by value or by reference, in either format.

    Args:
        kind: The error.
        proposals: What the commit lists.
        applied: What it applies, where the whole list cannot be.
        extensions: Those of the group.
        how: What else the commit does.
        where: Values of the error.
    """
    here = scene(*extensions)
    there, references = proposing(here, *proposals)
    if applied is None:
        applied = proposals
    covered = tuple(Covered(proposal, here.attacker.sender) for proposal in applied)
    how = attrs.evolve(how or Deviation(), covered=covered, psk_secret=NO_PSKS)
    for at, listed in ((here, proposals), (there, references)):
        for wire_format in (PUBLIC, PRIVATE):
            wire = at.attacker.commit(*listed, wire_format=wire_format, how=how)
            check_refused(at, wire, kind, public=wire_format == PUBLIC, **where)


def test_the_attackers_genuine_commits_are_followed():
    here = scene()
    for listed in (
        (Add(GRACE),),
        (Remove(BOB),),
        (Remove(BOB), Remove(ERIN)),
        (Add(GRACE), Add(offer("Heidi"))),
        (COMMON_IN_USE,),
        (SAME_EXTENSIONS, Remove(BOB), Add(GRACE)),
        (REINIT,),
        (),
    ):
        check_followed(here, here.attacker.commit(*listed))
        there, references = proposing(here, *listed)
        after = check_followed(there, there.attacker.commit(*references))
        assert after.pending == ()


# Section 12.2, in its order


def test_nobody_commits_an_update_of_its_own():
    check_list(UpdateFromCommitterError, Update(updated()), applied=(), leaf=MALLORY)


def test_nobody_removes_itself():
    check_list(RemoveCommitterError, Remove(MALLORY), applied=(), leaf=MALLORY)


@pytest.mark.parametrize("between", [(), (Remove(ERIN),)], ids=["in turn", "apart"])
def test_a_leaf_is_removed_once(between):
    check_list(
        RepeatedLeafError,
        Remove(BOB),
        *between,
        Remove(BOB),
        applied=(Remove(BOB), *between),
        leaf=BOB,
    )


def bobs_update() -> tuple[Scene, list[bytes]]:
    """Return the scene after two Updates of Bob's."""
    here = scene()
    bob, first = here.bob.propose_update(now=NOW)
    bob, second = bob.propose_update(now=NOW)
    receivers = {"alice": here.alice, "public": here.public}
    for wire in (first, second):
        receivers = {at: group.receive(wire, now=NOW).group for at, group in receivers.items()}
    mallory = here.mallory.receive(first, now=NOW).group.receive(second, now=NOW).group
    there = attrs.evolve(here, bob=bob, mallory=mallory, **receivers)
    return there, [pending.reference for pending in bob.pending]


def test_a_leaf_is_updated_once():
    there, references = bobs_update()
    check_refused(there, there.attacker.commit(*references), RepeatedLeafError, leaf=BOB)
    check_followed(there, there.attacker.commit(references[1]))


@pytest.mark.parametrize("update_first", [True, False])
def test_a_leaf_is_not_both_updated_and_removed(update_first):
    there, (update, _) = bobs_update()
    listed = (update, Remove(BOB)) if update_first else (Remove(BOB), update)
    pending = there.alice.pending[0]
    covered = (Covered(pending.proposal, pending.sender, update),)
    wire = there.attacker.commit(*listed, covered=covered)
    check_refused(there, wire, RepeatedLeafError, leaf=BOB)


def test_a_client_is_added_once():
    check_list(DuplicateSignatureKeyError, Add(GRACE), Add(GRACE), leaf=5)
    check_list(DuplicateSignatureKeyError, Add(GRACE), Add(offer("Grace", 1)), leaf=5)


def test_two_new_members_have_two_encryption_keys():
    other = client("Heidi")
    leaf = offer("Heidi").leaf_node
    both = packed(graces(encryption_key=leaf.encryption_key))
    check_list(DuplicateEncryptionKeyError, Add(offer("Heidi")), Add(both))
    assert other.signer != GRACES_KEY


def test_who_is_a_member_is_not_added():
    bob = scene().bob
    fresh = graces(signature_key=GRACES_KEY.public, encryption_key=FRESH.public)
    assert fresh.signature_key != bob.leaf_node.signature_key
    check_list(DuplicateSignatureKeyError, Add(offer("Bob")), leaf=BLANK)


def test_a_new_member_has_an_encryption_key_of_its_own():
    taken = scene().bob.leaf_node.encryption_key
    check_list(DuplicateEncryptionKeyError, Add(packed(graces(encryption_key=taken))))
    parent = next(node for _, node in scene().public.tree.parents())
    check_list(
        DuplicateEncryptionKeyError,
        Add(packed(graces(encryption_key=parent.encryption_key))),
        how=Deviation(path=False),
    )


def test_who_is_removed_may_come_back_in_the_same_commit():
    here = scene()
    wire = here.attacker.commit(Remove(BOB), Add(offer("Bob")))
    after = check_followed(here, wire)
    assert after.members[BOB].leaf_node == offer("Bob").leaf_node


def test_a_pre_shared_key_is_named_once():
    check_list(RepeatedPSKError, psk(), psk())
    check_list(RepeatedPSKError, psk(), psk(name=ExternalPSK(b"another")), psk())


def test_the_extensions_are_replaced_once():
    check_list(RepeatedGroupContextExtensionsError, SAME_EXTENSIONS, COMMON_IN_USE)


def test_the_same_extensions_count_as_often_as_they_are_proposed():
    here = scene()
    wire = here.attacker.commit(SAME_EXTENSIONS, SAME_EXTENSIONS)
    check_refused(here, wire, RepeatedGroupContextExtensionsError)


@pytest.mark.parametrize(
    "other", [Add(GRACE), Remove(BOB), psk(), SAME_EXTENSIONS, replace(REINIT, group_id=b"other")]
)
def test_a_reinit_stands_alone(other):
    check_list(ReInitWithOthersError, REINIT, other)
    check_list(ReInitWithOthersError, other, REINIT)


def test_a_member_commits_no_external_init():
    here = scene()
    external_init = ExternalInit(bytes(32))
    for listed in ((external_init,), (external_init, Remove(BOB))):
        check_refused(here, here.attacker.commit(*listed), ExternalInitPlaceError)


def test_all_who_process_a_commit_support_its_proposals(nudge):
    check_list(UnsupportedProposalError, nudge, leaf=ALICE)
    check_list(UnsupportedProposalError, nudge, Remove(BOB), leaf=ALICE)


def test_who_is_removed_need_not_support_a_proposal(nudge):
    here = scene()
    leaf = changing(capabilities=BASE)
    listed = (Remove(ALICE), Remove(BOB), Remove(ERIN), nudge)
    wire = here.attacker.commit(*listed, leaf=leaf)
    (event,) = here.alice.receive(wire, now=NOW).events
    assert isinstance(event, CommitStaged)
    assert event.removes_me


# The tree of the new epoch (the last rule of section 12.2; sections 7.3, 11.1, 12.1.7 and 13.4)


ONLY_BASIC = replace(BASE, credentials=(CredentialType.BASIC,))
UNUSUAL = CredentialType(0xF1C0)
NEEDS = {
    "extension": ({"extension_types": (RARE,)}, RequiredCapabilityError),
    "proposal": ({"proposal_types": (NUDGE,)}, RequiredCapabilityError),
    "credential": ({"credential_types": (UNUSUAL,)}, RequiredCapabilityError),
}


@pytest.mark.parametrize(("what", "kind"), NEEDS.values(), ids=NEEDS.keys())
@pytest.mark.parametrize("path", [True, False], ids=["path", "no path"])
def test_all_members_have_what_new_extensions_require(what, kind, path):
    here = scene()
    proposal = GroupContextExtensions((SENDERS, requiring(**what)))
    if path:
        check_list(kind, proposal, leaf=ALICE)
        return
    wire = here.attacker.commit(proposal, path=False)
    check_refused(here, wire, MissingPathError)


def test_all_members_support_the_extensions_that_come_into_use():
    check_list(UnsupportedExtensionError, RARE_IN_USE, leaf=ALICE)


@pytest.mark.parametrize("order", [1, -1], ids=["extensions first", "extensions last"])
def test_new_extensions_decide_on_the_other_proposals(order):
    """An Add that the old extensions allow, and a removal of all who lack the new one."""
    wanting = Add(offer("Grace", 0, Capabilities(cipher_suites=(SUITE.code,))))
    listed = (COMMON_IN_USE, wanting)[::order]
    check_list(UnsupportedExtensionError, *listed, leaf=BLANK)
    here = scene(Extension(COMMON, b""))
    check_refused(here, here.attacker.commit(wanting), UnsupportedExtensionError, leaf=BLANK)
    check_followed(here, here.attacker.commit(SAME_EXTENSIONS, wanting))
    needs = GroupContextExtensions((SENDERS, requiring(extension_types=(COMMON,))))
    check_list(RequiredCapabilityError, *(needs, wanting)[::order], leaf=BLANK)


def test_who_is_removed_need_not_have_what_new_extensions_require():
    here = scene()
    needs = GroupContextExtensions((SENDERS, requiring(extension_types=(RARE,))))
    removals = (Remove(ALICE), Remove(BOB), Remove(ERIN))
    (event,) = here.public.receive(here.attacker.commit(needs, *removals), now=NOW).events
    assert isinstance(event, CommitStaged)
    wire = here.attacker.commit(needs, Remove(ALICE), Remove(BOB))
    check_refused(here, wire, RequiredCapabilityError, leaf=ERIN)


def test_a_new_member_has_what_the_group_requires():
    poor = offer("Grace", 0, Capabilities(cipher_suites=(SUITE.code,)))
    extensions = (requiring(extension_types=(COMMON,)),)
    check_list(RequiredCapabilityError, Add(poor), extensions=extensions, leaf=BLANK)


def test_empty_capabilities_support_nothing():
    poor = offer("Grace", 0, Capabilities(cipher_suites=(SUITE.code,)))
    check_list(UnsupportedExtensionError, COMMON_IN_USE, Add(poor), leaf=BLANK)


def test_a_new_member_reads_the_credentials_of_all():
    here = scene()
    odd = replace(BASE, credentials=(UNUSUAL, CredentialType.BASIC))
    check_followed(here, here.attacker.commit(Add(offer("Grace", 0, odd))))
    check_followed(here, here.attacker.commit(Add(offer("Grace", 0, ONLY_BASIC))))


def test_all_members_read_the_credential_of_a_new_one():
    here = scene()
    check_followed(here, here.attacker.commit(Add(certified())))
    listed = replace(here.mallory.leaf_node.capabilities, credentials=(CredentialType.BASIC,))
    there = here.heard(here.attacker.send(Update(updated(capabilities=listed))))
    (reference,) = (pending.reference for pending in there.bob.pending)
    draft = there.bob.commit(now=NOW, references=(reference,))
    check_followed(there, draft.commit)
    wire = Attacker.inside(there.bob).commit(reference, Add(certified()))
    check_refused(there, wire, UnsupportedCredentialError, leaf=MALLORY)


def test_a_committers_own_leaf_has_what_the_group_requires():
    here = scene(Extension(COMMON, b""))
    poor = Capabilities(cipher_suites=(SUITE.code,))
    wire = here.attacker.commit(leaf=changing(capabilities=poor))
    check_refused(here, wire, UnsupportedExtensionError, leaf=MALLORY)


def test_an_update_keeps_what_the_group_requires():
    here = scene(Extension(COMMON, b""))
    poor = updated(capabilities=Capabilities(cipher_suites=(SUITE.code,)))
    there = here.heard(here.attacker.send(Update(poor)))
    (reference,) = (pending.reference for pending in there.bob.pending)
    wire = Attacker.inside(there.bob).commit(reference)
    check_refused(there, wire, UnsupportedExtensionError, leaf=MALLORY)
    commit, authenticator = genuine(there)
    assert check_followed(there, commit).epoch_authenticator == authenticator
    assert there.bob.commit(now=NOW).transition.covered == ()


def test_a_committer_takes_nobodys_signature_key():
    here = scene()
    wire = here.attacker.commit(leaf=changing(signature_key=OTHER_KEY.public))
    check_followed(here, wire)
    there = here.heard(here.attacker.send(Update(updated(signer=OTHER_KEY))))
    (reference,) = (pending.reference for pending in there.bob.pending)
    both = Attacker.inside(there.bob)
    wire = both.commit(reference, leaf=changing(signature_key=OTHER_KEY.public))
    check_refused(there, wire, DuplicateSignatureKeyError, leaf=BOB)


@pytest.mark.parametrize("value", [GREASE_VALUES[0], GREASE_VALUES[-1]])
def test_a_grease_extension_of_the_group_context_is_unsupported(value):
    proposal = GroupContextExtensions((SENDERS, Extension(ExtensionType(value), b"")))
    check_list(UnsupportedExtensionError, proposal)


# The path (section 12.4)


PATHS = {
    "no proposals": ((), True),
    "Add": ((Add(GRACE),), False),
    "PreSharedKey": ((psk(),), False),
    "ReInit": ((REINIT,), False),
    "Add and PreSharedKey": ((Add(GRACE), psk()), False),
    "Remove": ((Remove(BOB),), True),
    "Add and Remove": ((Add(GRACE), Remove(BOB)), True),
    "GroupContextExtensions": ((SAME_EXTENSIONS,), True),
    "GroupContextExtensions and Add": ((SAME_EXTENSIONS, Add(GRACE)), True),
}


@both_formats
@pytest.mark.parametrize(("listed", "required"), PATHS.values(), ids=PATHS.keys())
def test_a_path_is_there_where_the_proposals_need_one(listed, required, wire_format):
    here = scene()
    public = wire_format == PUBLIC
    name, value = ExternalPSK(b"psk"), Secret(b"psk")
    alice, mallory = here.alice.with_psk(name, value), here.mallory.with_psk(name, value)
    here = attrs.evolve(here, alice=alice, mallory=mallory)
    there, references = proposing(here, *listed)
    for at, named in ((here, listed), (there, references)):
        without = at.attacker.commit(*named, path=False, wire_format=wire_format)
        if required:
            check_refused(at, without, MissingPathError, public=public)
        else:
            check_followed(at, without, public=public)
        check_followed(at, at.attacker.commit(*named, wire_format=wire_format), public=public)


def test_an_update_by_reference_needs_a_path():
    there, (reference, _) = bobs_update()
    wire = there.attacker.commit(reference, path=False)
    check_refused(there, wire, MissingPathError)
