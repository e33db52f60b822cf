"""Whoever commits checks what it commits, and does what a committer must (section 12.4.1)."""

import attrs
import pytest
from mls.attacker import OTHER_KEY
from mls.proposals import GRACE, GRACES_KEY, REINIT, certified, graces, packed, psk, updated
from mls.snapshot import whole
from mls.victims import (
    ALICE,
    BLANK,
    BOB,
    COMMON,
    ERIN,
    MALLORY,
    RARE,
    SENDERS,
    check_followed,
    client,
    offer,
    requiring,
    scene,
)
from tree.members import NOW, SUITE, refused

from mimi.codec import decode, replace
from mimi.crypto import Secret
from mimi.mls.errors import (
    ExternalInitPlaceError,
    KeyPackageSignatureError,
    PSKNonceError,
    ReInitWithOthersError,
    RemoveCommitterError,
    RepeatedGroupContextExtensionsError,
    RepeatedLeafError,
    RepeatedPSKError,
    UnknownPSKError,
    UpdateFromCommitterError,
)
from mimi.mls.framing import MemberSender
from mimi.mls.message import MLSMessage
from mimi.mls.ownleaf import LeafChange
from mimi.mls.proposal import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Remove,
    Update,
)
from mimi.mls.psk import ExternalPSK
from mimi.tree.codepoints import CredentialType
from mimi.tree.errors import (
    BlankLeafError,
    DuplicateEncryptionKeyError,
    DuplicateSignatureKeyError,
    LifetimeError,
    RequiredCapabilityError,
    UnsupportedCredentialError,
    UnsupportedExtensionError,
)
from mimi.tree.extension import Extension
from mimi.tree.leaf import Capabilities
from mimi.tree.validate import validate_tree

SAME = GroupContextExtensions((SENDERS,))
USING_RARE = GroupContextExtensions((SENDERS, Extension(RARE, b"")))
NEEDING_RARE = GroupContextExtensions((SENDERS, requiring(extension_types=(RARE,))))
TAKEN = scene().bob.leaf_node

REFUSED = {
    "own removal": ((Remove(ALICE),), RemoveCommitterError),
    "removal twice": ((Remove(BOB), Remove(BOB)), RepeatedLeafError),
    "blank leaf": ((Remove(BLANK),), BlankLeafError),
    "Add twice": ((Add(GRACE), Add(GRACE)), DuplicateSignatureKeyError),
    "Add of a member": ((Add(offer("Bob")),), DuplicateSignatureKeyError),
    "Add with a member's key": (
        (Add(packed(graces(encryption_key=TAKEN.encryption_key))),),
        DuplicateEncryptionKeyError,
    ),
    "Add not signed": ((Add(packed(GRACE.leaf_node, OTHER_KEY)),), KeyPackageSignatureError),
    "short nonce": ((psk(SUITE.nh - 1),), PSKNonceError),
    "PSK twice": ((psk(), psk()), RepeatedPSKError),
    "unknown PSK": ((psk(),), UnknownPSKError),
    "two extensions": ((SAME, SAME), RepeatedGroupContextExtensionsError),
    "ReInit with others": ((REINIT, Add(GRACE)), ReInitWithOthersError),
    "ExternalInit": ((ExternalInit(bytes(32)),), ExternalInitPlaceError),
    "extension": ((USING_RARE,), UnsupportedExtensionError),
    "requirement": ((NEEDING_RARE,), RequiredCapabilityError),
}


@pytest.mark.parametrize("path", [True, False], ids=["path", "no path"])
@pytest.mark.parametrize(("proposals", "kind"), REFUSED.values(), ids=REFUSED.keys())
def test_what_others_would_refuse_is_not_committed(proposals, kind, path):
    alice = scene().alice
    before = whole(alice)
    with refused(kind):
        alice.commit(now=NOW, proposals=proposals, path=path)
    after = whole(alice)
    assert drawn(after) == drawn(before)


def drawn(taken):
    """Return what a group holds but for its source of randomness, from which a draft draws."""
    fields, rows = taken
    return {name: value for name, value in fields.items() if name != "entropy"}, rows


@pytest.mark.parametrize("name", ["blank leaf", "Add not signed", "short nonce", "ExternalInit"])
def test_what_others_would_refuse_is_not_proposed(name):
    (proposal,), kind = REFUSED[name]
    alice = scene().alice
    before = whole(alice)
    with refused(kind):
        alice.propose(proposal, now=NOW)
    assert whole(alice) == before


def test_ones_own_update_is_not_committed():
    alice, _ = scene().alice.propose_update(now=NOW)
    (own,) = alice.pending
    with refused(UpdateFromCommitterError, leaf=ALICE):
        alice.commit(now=NOW, references=(own.reference,))
    assert alice.commit(now=NOW).transition.covered == ()


def test_a_new_member_who_does_not_fit_is_not_added():
    here = scene(Extension(COMMON, b""))
    poor = offer("Grace", 0, Capabilities(cipher_suites=(SUITE.code,)))
    for path in (True, False):
        with refused(UnsupportedExtensionError, leaf=BLANK):
            here.alice.commit(now=NOW, add=[poor], path=path)
    there = scene()
    check_followed(there, there.bob.commit(now=NOW, add=[poor]).commit)


def test_a_new_member_whom_some_cannot_read_is_not_added():
    here = scene()
    narrow = replace(here.mallory.leaf_node.capabilities, credentials=(CredentialType.BASIC,))
    there = here.heard(here.attacker.send(Update(updated(capabilities=narrow))))
    draft = there.bob.commit(now=NOW)
    bob = draft.accept()
    for path in (True, False):
        with refused(UnsupportedCredentialError, leaf=MALLORY):
            bob.commit(now=NOW, add=[certified()], path=path)


def test_pending_proposals_that_cannot_stand_are_left_out():
    here = scene()
    there = here.heard(
        here.server.send(NEEDING_RARE),
        here.server.send(Add(offer("Bob"))),
        here.server.send(PreSharedKey(psk().psk)),
        here.server.send(Remove(ERIN)),
    )
    draft = there.bob.commit(now=NOW)
    assert [item.proposal for item in draft.transition.covered] == [Remove(ERIN)]
    after = check_followed(there, draft.commit)
    assert after.pending == ()


# The order of section 12.3


def test_proposals_are_applied_in_the_order_of_their_kinds():
    here = scene()
    heidi = offer("Heidi")
    wire = here.attacker.commit(Add(GRACE), Remove(BOB), Add(heidi), Remove(ERIN))
    after = check_followed(here, wire)
    leaves = {member.leaf_index: member.leaf_node for member in after.members}
    assert (leaves[BOB], leaves[BLANK]) == (GRACE.leaf_node, heidi.leaf_node)
    assert ERIN not in leaves


def test_new_members_take_leaves_in_the_order_of_the_list():
    here = scene()
    heidi = offer("Heidi")
    for first, second in ((GRACE, heidi), (heidi, GRACE)):
        after = check_followed(here, here.attacker.commit(Add(first), Add(second)))
        leaves = {member.leaf_index: member.leaf_node for member in after.members}
        assert (leaves[BLANK], leaves[5]) == (first.leaf_node, second.leaf_node)


def test_a_member_that_is_updated_keeps_its_place_and_one_that_is_removed_does_not():
    here = scene()
    there = here.heard(here.attacker.send(Update(updated())))
    (reference,) = (pending.reference for pending in there.bob.pending)
    draft = there.bob.commit(now=NOW, references=(reference,), add=[GRACE], remove=[ERIN])
    after = check_followed(there, draft.commit)
    leaves = {member.leaf_index: member.leaf_node for member in after.members}
    assert (leaves[MALLORY], leaves[BLANK]) == (updated(), GRACE.leaf_node)


def test_pre_shared_keys_are_mixed_in_the_order_of_the_list():
    here = scene()
    names = [ExternalPSK(b"first"), ExternalPSK(b"second")]

    def knowing(group):
        for name in names:
            group = group.with_psk(name, Secret(name.psk_id))
        return group

    alice, bob = knowing(here.alice), knowing(here.bob)
    here = attrs.evolve(here, alice=alice)
    grace = client("Grace")
    for name in names:
        grace = grace.with_psk(name, Secret(name.psk_id))
    for order in (names, names[::-1]):
        grace, package = grace.key_package(now=NOW)
        draft = bob.commit(now=NOW, add=[package], psks=order)
        check_followed(here, draft.commit)
        staged = grace.join(draft.welcome, now=NOW)
        assert [named.psk for named in staged.psks] == order
        committed = draft.transition.applied.psks
        assert staged.psks == committed
        _, group = staged.accept()
        assert group.epoch_authenticator == draft.accept().epoch_authenticator


def test_each_use_of_a_psk_has_a_fresh_nonce():
    here = scene()
    name = ExternalPSK(b"psk")
    alice = here.alice.with_psk(name, Secret(b"value"))
    nonces = {
        named.psk_nonce
        for _ in range(4)
        for named in alice.commit(now=NOW, psks=[name]).transition.applied.psks
    }
    nonces |= {alice.propose_psk(name, now=NOW)[0].pending[0].proposal.psk.psk_nonce}
    assert len(nonces) == 5
    assert {len(nonce) for nonce in nonces} == {SUITE.nh}


@pytest.mark.parametrize("path", [True, False])
def test_a_path_is_there_whenever_it_must_be(path):
    here = scene()
    for listed, needs in (
        ((), True),
        ((Add(GRACE),), False),
        ((REINIT,), False),
        ((Remove(BOB),), True),
        ((SAME,), True),
    ):
        draft = here.alice.commit(now=NOW, proposals=listed, path=path)
        message = decode(MLSMessage, draft.commit).body
        assert (message.content.content.path is not None) == (path or needs)
        assert message.content.sender == MemberSender(ALICE)


def test_a_welcome_is_for_every_new_member():
    here = scene()
    grace, first = client("Grace").key_package(now=NOW)
    heidi, second = client("Heidi").key_package(now=NOW)
    draft = here.alice.commit(now=NOW, add=[first, second])
    expected = draft.accept().epoch_authenticator
    for joiner in (grace, heidi):
        _, group = joiner.join(draft.welcome, now=NOW).accept()
        assert group.epoch_authenticator == expected
    assert GRACES_KEY.public == grace.signer.public


def test_a_draft_changes_nothing():
    here = scene()
    before = whole(here.alice)
    draft = here.alice.commit(now=NOW, add=[GRACE], remove=[BOB])
    assert drawn(whole(here.alice)) == drawn(before)
    assert draft.accept().epoch == here.alice.epoch + 1
    assert drawn(whole(here.alice)) == drawn(before)


def test_every_commits_own_tree_passes_the_checks_of_a_joiner():
    """Old leaf signatures, keys that stay, and parents above blank leaves would show here."""
    here = scene()
    there = here.heard(here.attacker.send(Update(updated())))
    commits = [
        there.bob.commit(now=NOW),
        there.bob.commit(now=NOW, path=False, references=(), add=[GRACE]),
        there.bob.commit(now=NOW, add=[GRACE, offer("Heidi")]),
        there.bob.commit(now=NOW, remove=[ERIN]),
        there.bob.commit(now=NOW, references=(), remove=[ALICE, MALLORY], add=[GRACE]),
        there.bob.commit(now=NOW, leaf=LeafChange(signer=OTHER_KEY)),
    ]
    for draft in commits:
        state = draft.accept().state
        validate_tree(
            state.tree,
            state.context.group_id,
            state.context.extensions,
            tree_hash=state.context.tree_hash,
            lifetimes=None,
        )
        after = draft.accept().commit(now=NOW, add=[offer("Ivan")])
        assert after.accept().epoch == there.bob.epoch + 2


def test_members_whose_lifetimes_have_ended_go_on():
    """Only a new member's key package is judged: a group outlives the leaves that it began with."""
    here = scene()
    later = NOW + 10 * 365 * 24 * 3600
    draft = here.bob.commit(now=later)
    (event,) = here.alice.receive(draft.commit, now=later).events
    assert event.accept().group.epoch == here.alice.epoch + 1
    with refused(LifetimeError, leaf=None):
        here.bob.commit(now=later, add=[GRACE])
    with refused(LifetimeError, leaf=None):
        here.alice.receive(here.attacker.commit(Add(GRACE)), now=later)
