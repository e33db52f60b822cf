"""What the components of an application do with a group's keys, and who fits into the group."""

from typing import Any

import pytest
from mls.polls import NOTES, POLL, UNHEARD_OF
from simulation import actions
from simulation.actions import absent, somebody
from simulation.dice import Dice
from simulation.hearing import unharmed
from simulation.person import Person
from simulation.proposing import acknowledges
from simulation.service import Handshake
from simulation.together import MISFITS, Together
from simulation.traits import PROPOSALS, all_take, misfit
from simulation.world import World
from tree.members import NOW

from mimi.crypto import DecryptionError, SignatureError
from mimi.mls import Group
from mimi.mls.appack import app_ack_proposal
from mimi.mls.exporter import ComponentSecretConsumedError

COMPONENTS = (POLL, POLL, NOTES, UNHEARD_OF, 0, 0xFFFF)


def _insider(world: World, dice: Dice) -> tuple[Together, Person, Group] | None:
    """Return somebody who takes part, and their group."""
    assert isinstance(world, Together)
    person = somebody(world, dice)
    if person is None or person.group is None:
        return None
    return world, person, person.group


def export(world: World, dice: Dice) -> None:
    """Take a component's secret: it is that of all others, and there is one."""
    found = _insider(world, dice)
    if found is None:
        return
    for _ in range(1 + dice.roll(5)):
        _export(found[0], found[2], dice)


def _export(here: Together, group: Group, dice: Dice) -> None:
    peers = [
        other
        for other in here.inside
        if other.group is not None and other.group.context == group.context
    ]
    person, component = dice.pick(peers), dice.pick(COMPONENTS)
    assert person.group is not None
    group = person.group
    taken = (person.name, group.group_id, group.epoch, component)
    if taken in here.taken:
        with unharmed(group), pytest.raises(ComponentSecretConsumedError):
            group.safe_export(component)
        here.note("safe export: taken before, refused")
        return
    after, secret = group.safe_export(component)
    if dice.one_in(8):
        person.restart()
        here.note("safe export: crash before storing")
        return
    person.group = after
    person.store()
    here.taken.add(taken)
    known = here.exported.setdefault(taken[1:], secret)
    assert known == secret
    here.note("safe export: taken")
    here.note("safe export: the same as another's", known is not secret)


def acknowledge(world: World, dice: Dice) -> None:
    """Write letters, let people read some, and commit with an AppAck of what arrived."""
    actions.catch_up(world, dice)
    for _ in range(1 + dice.roll(3)):
        actions.speak(world, dice)
    for _ in range(2 + dice.roll(4)):
        actions.deliver_letters(world, dice)
    found = _insider(world, dice)
    if found is None or found[2].held is not None:
        return
    here, person, group = found[0], found[1], found[0].able(found[2])
    if all_take(group, PROPOSALS[1]):
        acknowledges(here, group)
        proposal, aad = app_ack_proposal(group.app_ack()), here.aad(group, b"")
        draft = group.commit(now=NOW, proposals=[proposal], references=(), path=False, aad=aad)
        person.posts(draft.hold(), Handshake.of(draft), dice)
        actions.catch_up(world, dice)


def whisper(world: World, dice: Dice) -> None:
    """Sign and encrypt for others, as a component does, and find that no other component can."""
    found = _insider(world, dice)
    if found is None:
        return
    here, person, group = found
    others = [
        other
        for other in world.others(person)
        if other.group is not None and other.group.context == group.context
    ]
    if not others:
        return
    other = dice.pick(others).group
    assert other is not None
    mine, theirs, strange = group.component(POLL), other.component(POLL), other.component(NOTES)
    signature = mine.sign(b"a label", b"a word")
    at_hub: Any = here.hub.at(person.cursor).component(POLL, entropy=world.entropy)
    for reader in (theirs, at_hub):
        reader.verify(group.leaf_index, b"a label", b"a word", signature)
    with pytest.raises(SignatureError):
        strange.verify(group.leaf_index, b"a label", b"a word", signature)
    strange.verify(group.leaf_index, b"a label", b"a word", signature, signed_by=POLL)
    for sender in (mine, at_hub):
        sealed = sender.encrypt_to(other.leaf_index, b"a label", b"a context", b"a secret")
        assert theirs.decrypt(b"a label", b"a context", sealed) == b"a secret"
        with unharmed(other), pytest.raises(DecryptionError):
            strange.decrypt(b"a label", b"a context", sealed)
        for_all = sender.encrypt_to_group(b"a label", b"a context", b"a secret")
        assert theirs.decrypt_for_group(b"a label", b"a context", for_all) == b"a secret"
        with unharmed(other), pytest.raises(DecryptionError):
            strange.decrypt_for_group(b"a label", b"a context", for_all)
    world.note("component: signed, and encrypted to a member and to all")


def invite(world: World, dice: Dice) -> None:
    """Add somebody alone: it is refused exactly if they do not fit."""
    found = _insider(world, dice)
    if found is None or found[2].held is not None:
        return
    here, person, _ = found
    group = here.able(found[2])
    others = absent(world, group)
    if not others:
        return
    other = dice.pick(others)
    lacks = misfit(here.traits[other.name], other.name, group)
    package, aad = other.offers(dice), here.aad(group, b"")
    if lacks is None:
        draft = group.commit(now=NOW, add=[package], references=(), aad=aad)
        person.posts(draft.hold(), Handshake.of(draft), dice)
        world.note("invited: somebody who fits")
        return
    with unharmed(group, draws=True), pytest.raises(MISFITS):
        group.commit(now=NOW, add=[package], references=(), aad=aad)
    world.note(f"invited: somebody who does not fit, for {lacks}")
