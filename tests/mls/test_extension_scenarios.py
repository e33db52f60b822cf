"""The scenarios of plain groups, and what the drafts add, in groups that use all of it together.

The members are not all the same: in what they support, how many credentials they show, and which
components they have. GREASE is everywhere.
"""

import attrs
import pytest
from mls import test_scenarios as plain
from mls.gathering import Hall, assembled
from mls.meeting import PUBLIC
from mls.polls import FORMAT, NOTES, POLL, UNHEARD_OF
from mls.snapshot import whole
from simulation.proposing import APP_COMPONENTS, listing, removed, updated
from simulation.traits import RARE, SEMI
from tree.drafts import some_suites
from tree.members import NOW, SUITE

from mimi.codec import decode
from mimi.crypto import DecryptionError, Secret, SignatureError
from mimi.errors import ForbiddenError, InvalidError, MalformedError
from mimi.mls import (
    AppEphemeral,
    ApplicationMessage,
    ApplicationPSK,
    CommitStaged,
    Group,
    LeafChange,
    MLSMessage,
    ReInit,
    SelfRemove,
    app_data,
    branch,
    propose_from_outside,
    reinitialise,
    safe_aad_of,
)
from mimi.mls.appack import MessageRange, app_ack_proposal
from mimi.mls.component_errors import (
    ComponentConflictError,
    ComponentRefusalError,
    RequiredComponentError,
    RequiredWireFormatError,
    SelfRemoveByValueError,
    UnknownComponentError,
)
from mimi.mls.components import REQUIRED_WIRE_FORMATS
from mimi.mls.errors import UnsupportedProposalError
from mimi.mls.exporter import ComponentSecretConsumedError
from mimi.mls.negotiation import WireFormats
from mimi.mls.semiprivate import SemiPrivateMessage
from mimi.mls.semiprivate_errors import SemiPrivateUnavailableError
from mimi.tree.codepoints import ProtocolVersion
from mimi.tree.errors import RequiredCapabilityError
from mimi.tree.extension import extension
from mimi.tree.multicredential import MultiCredential, WeakMultiCredential

WAYS = {
    f"{handshake}, tree {tree}": {"handshake": wire_format, "tree_in_welcome": inside}
    for handshake, wire_format in (("public", PUBLIC), ("semi-private", SEMI))
    for tree, inside in (("in the Welcome", True), ("out of band", False))
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)

PLAIN_SCENARIOS = (
    plain.test_one_to_one_join,
    plain.test_multiple_joins_at_once,
    plain.test_update,
    plain.test_remove,
    plain.test_external_psk,
)


@some_suites
@every_way
@pytest.mark.parametrize("scenario", PLAIN_SCENARIOS, ids=lambda each: each.__name__)
def test_scenarios_of_plain_groups(scenario, suite, way):
    scenario(Hall(suite, **way))


@some_suites
@every_way
def test_three_party_join(suite, way):
    hall = Hall(suite, **way)
    alice, bob, carol = hall.enter("Alice", "Bob", "Carol")
    alice.founds()
    alice.commits(add=[bob])
    bob.commits(add=[carol])
    hall.agrees()
    assert isinstance(bob.group.leaf_node.credential, MultiCredential)


@some_suites
@every_way
def test_external_join(suite, way):
    hall, alice, _, carol = assembled(3, suite, **way)
    (dave,) = hall.enter("Dave")
    dave.joins_from_outside(by=carol, proposals=[updated(POLL, b"\1")])
    assert app_data(alice.group.extensions)[POLL] == b"\0\1\0\0"
    assert isinstance(dave.group.leaf_node.credential, WeakMultiCredential)
    hall.agrees()


def named(one, other):
    """Return whether credentials show one name: their bindings are to other keys."""
    both = [getattr(each, "bindings", None) or (each,) for each in (one, other)]
    names = [getattr(each[0], "credential", each[0]) for each in both]
    return names[0] == names[1]


@some_suites
@every_way
def test_branch_and_resumption(suite, way):
    hall, alice, bob, carol = assembled(3, suite, **way)
    corner = Hall(suite, **{**way, "handshake": PUBLIC}, place=b"corner")
    (bob_there, carol_there) = corner.enter("Bob", "Carol")
    for before, person in ((bob, bob_there), (carol, carol_there)):
        person.elsewhere.append(before.group)
    packages = [carol_there.client.key_package(now=NOW)]
    carol_there.client = packages[0][0]
    draft = branch(
        bob.group,
        bob_there.client,
        b"a corner of it",
        [package for _, package in packages],
        now=NOW,
        extensions=corner.agreed(),
        same_client=named,
    )
    bob_there.opens(draft.accept())
    tree = None if corner.settings.tree_in_welcome else bob_there.group.ratchet_tree
    staged = carol_there.client.join(
        draft.welcome, now=NOW, tree=tree, groups=carol_there.elsewhere, same_client=named
    )
    carol_there.client, carol_there.group = staged.accept()
    name, value = alice.group.resumption_psk
    for person in (bob_there, carol_there):
        person.group = person.group.with_psk(name, value)
    bob_there.commits(psks=[name])
    corner.agrees()
    hall.agrees()


@some_suites
@every_way
def test_reinit(suite, way):
    hall, alice, bob = assembled(2, suite, **way)
    announced = ReInit(b"the next", ProtocolVersion.MLS10, suite.code, hall.agreed(required=False))
    alice.commits(reinit=announced)
    assert hall.follower.reinit == bob.group.reinit == announced
    after = Hall(suite, **way, place=b"after")
    alice_there, bob_there = after.enter("Alice", "Bob")
    bob_there.elsewhere.append(bob.group)
    package = bob_there.offers()
    draft = reinitialise(alice.group, alice_there.client, [package], now=NOW, same_client=named)
    alice_there.opens(draft.accept())
    tree = None if after.settings.tree_in_welcome else alice_there.group.ratchet_tree
    staged = bob_there.client.join(
        draft.welcome, now=NOW, tree=tree, groups=bob_there.elsewhere, same_client=named
    )
    bob_there.client, bob_there.group = staged.accept()
    alice_there.commits(proposals=[updated(POLL, b"\2")])
    after.agrees()


def test_a_branch_need_not_agree_on_how_its_founder_sends():
    """Nobody receives the commit that sets it up; the next one is another matter."""
    _, alice, bob = assembled(2)
    package = bob.offers()
    draft = branch(alice.group, alice.client, b"bare", [package], now=NOW, same_client=named)
    group = draft.accept()
    assert group.settings == alice.client.settings
    staged = bob.client.join(draft.welcome, now=NOW, groups=[bob.group], same_client=named)
    assert staged.accept()[1].epoch_authenticator == group.epoch_authenticator
    with pytest.raises(SemiPrivateUnavailableError):
        group.commit(now=NOW)


# What the drafts add


@some_suites
@every_way
def test_everybody_proposes_to_components_at_once(suite, way):
    hall, alice, bob, carol = assembled(3, suite, **way)
    bob.proposes(Group.propose, updated(POLL, b"\0"))
    carol.proposes(Group.propose, updated(NOTES, b"why not"))
    carol.proposes(Group.propose, AppEphemeral(NOTES, b"by the way"))
    aad = b"\0"
    context = alice.group.context
    hall.hears(propose_from_outside(context, 0, updated(POLL, b"\0"), hall.moderator, aad))
    alice.commits(proposals=[updated(NOTES, b"because")])
    said = app_data(hall.follower.context.extensions)
    assert said[POLL] == bytes([2, 0, 0, 0])
    assert sorted(said[NOTES].split(b"|")) == [b"0:because", b"2:why not"]
    hall.agrees()
    bob.commits(proposals=[removed(POLL)])
    assert POLL not in app_data(alice.group.extensions)
    hall.agrees()


@every_way
def test_what_a_component_refuses_is_left_out(way):
    hall, alice, bob = assembled(2, **way)
    wrong = updated(POLL, b"none")
    hall.hears(propose_from_outside(bob.group.context, 0, wrong, hall.moderator))
    bob.proposes(Group.propose, updated(POLL, b"\2"))
    assert len(alice.group.pending) == 2
    alice.commits()
    assert app_data(bob.group.extensions)[POLL] == b"\0\0\1\0"
    hall.agrees()


REFUSED = {
    "vote": ([updated(POLL, b"\7")], ComponentRefusalError),
    "remark": ([AppEphemeral(NOTES, b"bad")], ComponentRefusalError),
    "update of what nobody has": ([updated(UNHEARD_OF, b"")], UnknownComponentError),
    "removal beside an update": ([updated(NOTES, b"x"), removed(NOTES)], ComponentConflictError),
    "requirement": ([updated(APP_COMPONENTS, listing([UNHEARD_OF]))], RequiredComponentError),
    "SelfRemove by value": ([SelfRemove()], SelfRemoveByValueError),
}


@pytest.mark.parametrize(("proposals", "kind"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_of_ones_own_changes_nothing(proposals, kind):
    hall, alice, bob, _ = assembled(3)
    if kind in (ComponentConflictError, SelfRemoveByValueError):
        alice.commits(proposals=[updated(NOTES, b"first")])
    entropy = bob.group.entropy
    before = {name: field for name, field in whole(bob.group)[0].items() if name != "entropy"}
    with pytest.raises(kind) as caught:
        bob.group.commit(now=NOW, proposals=proposals)
    assert type(caught.value) is kind
    after = {name: field for name, field in whole(bob.group)[0].items() if name != "entropy"}
    assert before == after
    assert bob.group.entropy is entropy
    hall.agrees()


@every_way
def test_whoever_has_the_component_follows(way):
    """Carol does not have the rare component, and refuses as a follower does who has it not."""
    hall, alice, bob, carol = assembled(3, **way)
    wire = alice.group.commit(now=NOW, proposals=[updated(RARE, b"rare")]).commit
    (event,) = bob.group.receive(wire, now=NOW).events
    (seen,) = hall.follower.receive(wire, now=NOW).events
    assert isinstance(event, CommitStaged)
    assert event.transition.after().context == seen.transition.after().context
    poorer = attrs.evolve(hall.follower, components=carol.trait.components)
    for who in (carol.group, poorer):
        before = whole(who)
        with pytest.raises(InvalidError) as caught:
            who.receive(wire, now=NOW)
        assert type(caught.value) is UnknownComponentError
        assert caught.value.where == {"component": RARE}
        assert whole(who) == before
    hall.agrees()


@every_way
def test_who_leaves_is_removed_by_members_and_by_joiners(way):
    hall, alice, bob, carol = assembled(3, **way)
    (dave,) = hall.enter("Dave")
    carol.proposes(Group.propose, SelfRemove())
    events = alice.commits(remove=[carol])
    assert events[carol].removes_me
    hall.agrees()
    bob.group, wire = bob.group.propose(SelfRemove(), now=NOW)
    hall.hears(wire)
    events = dave.joins_from_outside(by=alice, pending=[wire])
    assert events[bob].removes_me
    assert {person.name for person in hall.members} == {"Alice", "Dave"}
    hall.agrees()


@every_way
def test_who_does_not_fit_is_refused_until_less_is_required(way):
    hall, alice, bob, _ = assembled(3, **way)
    erin, frank, grace = hall.enter("Erin", "Frank", "Grace")
    for person, kind in ((frank, RequiredWireFormatError), (grace, RequiredCapabilityError)):
        before = whole(hall.follower)
        with pytest.raises(InvalidError) as caught:
            alice.group.commit(now=NOW, add=[person.offers()])
        assert type(caught.value) is kind
        assert whole(hall.follower) == before
    alice.commits(add=[erin])
    with pytest.raises(InvalidError) as caught:
        bob.group.propose(SelfRemove(), now=NOW)
    assert type(caught.value) is UnsupportedProposalError
    kept = alice.group.extensions
    lowered = tuple(each for each in kept if each.extension_type != REQUIRED_WIRE_FORMATS)
    alice.commits(extensions=lowered)
    for person in hall.members:
        settings = attrs.evolve(person.group.settings, handshake=PUBLIC)
        person.group = person.group.with_settings(settings)
    frank.client = attrs.evolve(
        frank.client, settings=attrs.evolve(frank.client.settings, handshake=PUBLIC)
    )
    alice.commits(add=[frank])
    hall.agrees()
    with pytest.raises(InvalidError) as caught:
        alice.group.commit(now=NOW, extensions=kept)
    assert type(caught.value) is RequiredWireFormatError
    raised = extension(REQUIRED_WIRE_FORMATS, WireFormats((FORMAT,)))
    alice.commits(extensions=(*lowered, raised))
    hall.agrees()


@every_way
def test_requirements_of_components_rise_and_fall(way):
    hall, alice, bob, carol = assembled(3, **way)
    rare = updated(APP_COMPONENTS, listing([POLL, RARE]))
    with pytest.raises(RequiredComponentError) as caught:
        alice.group.commit(now=NOW, proposals=[rare])
    assert caught.value.where == {"leaf": carol.leaf, "component": RARE}
    alice.commits(remove=[carol], proposals=[rare])
    with pytest.raises(RequiredComponentError):
        bob.group.commit(now=NOW, add=[carol.offers()])
    hall.agrees()
    bob.commits(add=[carol], proposals=[updated(APP_COMPONENTS, listing([POLL]))])
    hall.agrees()


@some_suites
@every_way
def test_secrets_and_signatures_of_components(suite, way):
    hall, alice, bob, _ = assembled(3, suite, **way)
    mine, theirs = alice.group.component(POLL), bob.group.component(POLL)
    signature = mine.sign(b"label", b"word")
    for reader in (theirs, hall.follower.component(POLL)):
        reader.verify(alice.leaf, b"label", b"word", signature)
    with pytest.raises(SignatureError):
        bob.group.component(NOTES).verify(alice.leaf, b"label", b"word", signature)
    sealed = hall.follower.component(POLL).encrypt_to(bob.leaf, b"label", b"", b"for Bob")
    assert theirs.decrypt(b"label", b"", sealed) == b"for Bob"
    with pytest.raises(DecryptionError):
        mine.decrypt(b"label", b"", sealed)
    for_all = hall.follower.component(POLL).encrypt_to_group(b"label", b"", b"for all")
    assert theirs.decrypt_for_group(b"label", b"", for_all) == b"for all"
    name = theirs.psk_id(b"a word")
    assert name == ApplicationPSK(POLL, b"a word")
    for person in hall.members:
        person.group = person.group.with_psk(name, Secret(b"the word"))
    bob.commits(psks=[name])
    hall.agrees()
    before = whole(bob.group)
    with pytest.raises(ComponentSecretConsumedError):
        bob.group.safe_export(NOTES)
    assert whole(bob.group) == before


@every_way
def test_what_got_lost_is_found(way):
    hall, alice, bob, carol = assembled(3, **way)
    bob.says(b"first")
    bob.group, unheard = bob.group.protect(b"\0\0\x06second", b"\0")
    (event,) = alice.group.receive(unheard, now=NOW).events
    assert isinstance(event, ApplicationMessage)
    assert safe_aad_of(alice.group.extensions, event.aad) == {}
    alice.hears(unheard)
    acked = app_ack_proposal(alice.group.app_ack())
    wire = alice.group.commit(now=NOW, proposals=[acked]).commit
    (event,) = carol.group.receive(wire, now=NOW).events
    assert carol.group.lost(event) == (MessageRange(bob.leaf, 1, 1),)
    alice.commits(proposals=[acked])
    hall.agrees()


def test_who_is_no_receiver_loses_the_group_and_comes_back():
    hall, alice, bob, _ = assembled(3)
    assert hall.stranger is None
    hall.follow(alice.group)
    bob.proposes(Group.propose, SelfRemove())
    assert hall.stranger.pending == hall.follower.pending
    alice.commits()
    assert hall.stranger is None
    hall.follow(alice.group)
    assert isinstance(
        decode(MLSMessage, alice.group.propose_update(now=NOW)[1]).body, SemiPrivateMessage
    )
    hall.agrees()


CHANGES = {
    "wire": lambda wire: wire[:-1] + bytes([wire[-1] ^ 1]),
    "end": lambda wire: wire[:-1],
    "more": lambda wire: wire + b"\0",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_changed_on_its_way_is_refused_by_all_who_read_it(change):
    hall, alice, bob, carol = assembled(3)
    wire = change(alice.group.commit(now=NOW, proposals=[updated(POLL, b"\1")]).commit)
    kinds = []
    for who in (bob.group, carol.group, hall.follower):
        before = whole(who)
        with pytest.raises((InvalidError, MalformedError, ForbiddenError)) as caught:
            who.receive(wire, now=NOW)
        kinds.append(type(caught.value).__mro__[1])
        assert whole(who) == before
    assert len(set(kinds)) == 1
    hall.agrees()


def test_a_new_key_keeps_all_bindings():
    hall, alice, bob, _, dave = assembled(4)
    for person in (bob, dave):
        signer = SUITE.generate_signature_key(person.group.entropy)
        shown = person.trait.credential(person.name, signer.public)
        person.commits(leaf=LeafChange(signer=signer, credential=shown))
        assert person.group.leaf_node.credential == shown
        assert alice.group.members[person.leaf].leaf_node.credential == shown
    hall.agrees()
