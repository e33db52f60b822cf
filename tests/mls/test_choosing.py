"""Which pending proposals a commit covers where the caller does not say (RFC 9420 section 12.2)."""

import pytest
from mls.meeting import gathered
from tree.members import NOW, SUITE, refused

from mimi.codec import replace
from mimi.crypto import Secret
from mimi.mls import (
    Add,
    ExternalPSK,
    Group,
    GroupContextExtensions,
    LeafChange,
    PreSharedKey,
    ReInit,
    Remove,
    Update,
)
from mimi.mls.errors import (
    RepeatedLeafError,
    UnknownReferenceError,
    UpdateFromCommitterError,
)
from mimi.mls.grease import without_grease
from mimi.tree.codepoints import ExtensionType, ProtocolVersion
from mimi.tree.extension import Extension, RequiredCapabilities, extension

NEXT = ReInit(b"the next group", ProtocolVersion.MLS10, SUITE.code, ())
NOTHING_REQUIRED = (extension(ExtensionType.REQUIRED_CAPABILITIES, RequiredCapabilities()),)
UNHEARD_OF = ExtensionType(0xF0F0)


def chosen(event) -> list[type]:
    return [type(proposal) for proposal, _ in event.proposals]


@pytest.mark.parametrize("update_first", [True, False])
def test_a_remove_is_preferred_to_an_update_of_the_same_leaf(update_first):
    room, alice, bob, carol = gathered(3)
    if update_first:
        carol.proposes(Group.propose_update)
    bob.proposes(Group.propose_remove, carol.leaf)
    if not update_first:
        carol.proposes(Group.propose_update)
    events = alice.commits()
    assert chosen(events[bob]) == [Remove]
    assert events[carol].removes_me
    room.agrees()


def test_a_later_update_is_preferred_to_an_earlier():
    room, alice, bob, carol = gathered(3)
    bob.proposes(Group.propose_update)
    carol.proposes(Group.propose_update)
    bob.proposes(Group.propose_update)
    latest = bob.group.pending[-1].proposal
    events = alice.commits()
    assert chosen(events[carol]) == [Update, Update]
    assert bob.group.leaf_node == latest.leaf_node
    room.agrees()


def test_an_earlier_update_can_be_chosen_by_its_reference():
    room, alice, bob = gathered(2)
    first = bob.proposes(Group.propose_update)
    earlier = bob.group.pending[0].proposal
    bob.proposes(Group.propose_update)
    alice.commits(references=[first])
    assert bob.group.leaf_node == earlier.leaf_node
    room.agrees()


def test_two_removes_of_one_leaf_are_one():
    room, alice, bob, carol = gathered(3)
    first = alice.proposes(Group.propose_remove, carol.leaf)
    second = bob.proposes(Group.propose_remove, carol.leaf)
    assert first != second
    events = alice.commits()
    assert chosen(events[bob]) == [Remove]
    room.agrees()


@pytest.mark.parametrize("reinit_first", [True, False])
def test_a_reinit_yields_to_everything_else(reinit_first):
    room, alice, bob = gathered(2)
    if reinit_first:
        alice.proposes(Group.propose_reinit, NEXT)
    bob.proposes(Group.propose_update)
    if not reinit_first:
        alice.proposes(Group.propose_reinit, NEXT)
    events = alice.commits()
    assert chosen(events[bob]) == [Update]
    assert bob.group.reinit is None
    room.agrees()


def test_a_reinit_yields_to_a_proposal_by_value():
    room, alice, bob = gathered(2)
    (carol,) = room.enter("Carol")
    bob.proposes(Group.propose_reinit, NEXT)
    events = alice.commits(add=[carol])
    assert chosen(events[bob]) == [Add]
    room.agrees()


def test_of_two_reinits_the_first_is_committed_alone():
    _, alice, bob = gathered(2)
    other = ReInit(b"another group", ProtocolVersion.MLS10, SUITE.code, ())
    alice.proposes(Group.propose_reinit, NEXT)
    bob.proposes(Group.propose_reinit, other)
    events = alice.commits()
    assert chosen(events[bob]) == [ReInit]
    assert bob.group.reinit == NEXT


def test_ones_own_update_is_left_out():
    room, alice, bob = gathered(2)
    reference = alice.proposes(Group.propose_update)
    with refused(UpdateFromCommitterError, leaf=alice.leaf):
        alice.group.commit(now=NOW, references=[reference])
    events = alice.commits()
    assert chosen(events[bob]) == []
    room.agrees()


def test_ones_own_removal_is_left_to_others():
    room, alice, bob, carol = gathered(3)
    bob.proposes(Group.propose_remove, alice.leaf)
    carol.proposes(Group.propose_update)
    events = alice.commits()
    assert chosen(events[bob]) == [Update]
    room.agrees()
    bob.proposes(Group.propose_remove, alice.leaf)
    events = carol.commits()
    assert events[alice].removes_me
    room.agrees()


def test_a_client_is_added_once_however_often_it_is_proposed():
    room, alice, bob = gathered(2)
    (carol,) = room.enter("Carol")
    alice.proposes(Group.propose_add, carol.offers())
    bob.proposes(Group.propose_add, carol.offers())
    events = bob.commits(joining=[carol])
    assert chosen(events[alice]) == [Add]
    room.agrees()


def test_a_poisoned_add_keeps_nobody_from_going_on():
    """Bob proposes somebody whom the group cannot take, among many whom it can."""
    room, alice, bob = gathered(2)
    carol, dave, erin = room.enter("Carol", "Dave", "Erin")
    bob.proposes(Group.propose_add, carol.offers())
    bob.proposes(Group.propose_add, alice.offers())  # a key of a member who stays
    bob.proposes(Group.propose_add, dave.offers())
    bob.proposes(Group.propose_psk, ExternalPSK(b"which nobody else has"))
    bob.proposes(Group.propose_add, erin.offers())
    events = alice.commits(joining=[carol, dave, erin])
    assert chosen(events[bob]) == [Add, Add, Add]
    assert [member.leaf_index for member in events[bob].added] == [2, 3, 4]
    assert all(person.group.pending == () for person in room.members)
    room.agrees()


def test_new_extensions_that_not_everybody_supports_are_left_out():
    room, alice, bob = gathered(2)
    (carol,) = room.enter("Carol")
    bob.proposes(Group.propose_extensions, (Extension(UNHEARD_OF, b""),))
    bob.proposes(Group.propose_add, carol.offers())
    bob.proposes(Group.propose_extensions, NOTHING_REQUIRED)
    events = alice.commits(joining=[carol])
    assert chosen(events[bob]) == [Add, GroupContextExtensions]
    assert bob.group.extensions == NOTHING_REQUIRED
    room.agrees()


@pytest.mark.parametrize(
    "extensions",
    [
        (*NOTHING_REQUIRED, Extension(UNHEARD_OF, b"")),
        (extension(ExtensionType.REQUIRED_CAPABILITIES, RequiredCapabilities((UNHEARD_OF,))),),
    ],
    ids=["used", "required"],
)
def test_new_extensions_that_the_committer_alone_supports_are_left_out(extensions):
    room, alice, bob = gathered(2)
    own = without_grease(alice.group.leaf_node.capabilities)
    known = replace(own, extensions=(*own.extensions, UNHEARD_OF))
    change = LeafChange(capabilities=known, extensions=())
    alice.commits(extensions=NOTHING_REQUIRED, leaf=change)
    bob.proposes(Group.propose_extensions, extensions)
    events = alice.commits()
    assert chosen(events[bob]) == []
    assert bob.group.extensions == NOTHING_REQUIRED
    room.agrees()


def test_of_two_changes_of_the_extensions_one_is_made():
    room, alice, bob = gathered(2)
    bob.proposes(Group.propose_extensions, NOTHING_REQUIRED)
    alice.proposes(Group.propose_extensions, ())
    events = alice.commits()
    assert chosen(events[bob]) == [GroupContextExtensions]
    assert bob.group.extensions == NOTHING_REQUIRED
    room.agrees()


def test_a_pre_shared_key_that_the_committer_lacks_is_left_out():
    room, alice, bob = gathered(2)
    name, value = ExternalPSK(b"a letter"), Secret(b"what it says")
    alice.proposes(Group.propose_psk, name)
    events = alice.commits()
    assert chosen(events[bob]) == []
    alice.proposes(Group.propose_psk, name)
    for person in (alice, bob):
        person.group = person.group.with_psk(name, value)
    events = alice.commits()
    assert chosen(events[bob]) == [PreSharedKey]
    room.agrees()


def test_a_resumption_psk_of_the_group_waits_while_somebody_is_added():
    """Who is added cannot hold it, and could not join."""
    room, alice, bob = gathered(2)
    name, _ = bob.group.resumption_psk
    alice.commits()
    bob.proposes(Group.propose_psk, name)
    (dave,) = room.enter("Dave")
    events = alice.commits(add=[dave])
    assert chosen(events[bob]) == [Add]
    room.agrees()


def test_a_resumption_psk_of_the_group_is_committed_otherwise():
    room, alice, bob = gathered(2)
    name, _ = bob.group.resumption_psk
    alice.commits()
    bob.proposes(Group.propose_psk, name)
    events = alice.commits()
    assert chosen(events[bob]) == [PreSharedKey]
    room.agrees()


def test_what_is_by_value_goes_before_what_is_pending():
    room, alice, bob, carol = gathered(3)
    carol.proposes(Group.propose_update)
    bob.proposes(Group.propose_extensions, NOTHING_REQUIRED)
    events = alice.commits(remove=[carol], extensions=())
    assert chosen(events[bob]) == [GroupContextExtensions, Remove]
    assert all(sender.leaf_index == alice.leaf for _, sender in events[bob].proposals)
    room.agrees()


def test_references_that_are_given_are_taken_as_they_are():
    room, alice, bob, carol = gathered(3)
    update = carol.proposes(Group.propose_update)
    remove = bob.proposes(Group.propose_remove, carol.leaf)
    with refused(RepeatedLeafError, leaf=carol.leaf):
        alice.group.commit(now=NOW, references=[update, remove])
    with refused(UnknownReferenceError):
        alice.group.commit(now=NOW, references=[update, b"never heard of"])
    events = alice.commits(references=[])
    assert chosen(events[bob]) == []
    assert carol in room.members
    room.agrees()
