"""How a simulation ends: all that was sent arrives, who is lost comes back, and all agree.

After that a group that was reinitialised goes on as its successor, and sometimes some members
branch off.
"""

import pytest
from simulation import hearing
from simulation.actions import draft_external
from simulation.dice import Dice
from simulation.hearing import unharmed
from simulation.person import Person
from simulation.service import Handshake, Letter
from simulation.world import World
from tree.members import NOW

from mimi.mls import Group, branch, reinitialise
from mimi.mls.errors import SuccessorMembersError, UnknownPSKError

ROUNDS = 40


def quieten(world: World, dice: Dice) -> None:
    """Deliver all that is on the way."""
    for _ in range(ROUNDS):
        busy = False
        for person in world.people:
            busy |= bool(person.outbox)
            person.sends(dice)
            busy |= hearing.join(person, dice)
            while hearing.follow(person, dice):
                busy = True
        for person in world.people:
            _read_all(person, dice)
        while world.follower is not None and world.follower.follow(dice):
            busy = True
        if not busy and not any(person.welcomes for person in world.lost):
            return
    raise AssertionError("the network does not settle")


def _read_all(person: Person, dice: Dice) -> None:
    for _ in range(2 * len(person.world.service.mail.get(person.name, ()))):
        hearing.read(person, dice)


def settle(world: World, dice: Dice) -> None:
    """Let everybody find together, and check that they do.

    The last commit clears what is pending, and all letters after it are of a new epoch.
    """
    decided = False
    for _ in range(ROUNDS):
        quieten(world, dice)
        if world.service.closed:
            break
        if world.lost:
            for person in world.lost:
                draft_external(world, person, dice)
            continue
        if decided:
            break
        decided = True
        _decide(dice.pick(world.present))
    else:
        raise AssertionError("somebody stays lost")
    check(world)
    if not world.service.closed:
        _call_the_roll(world, dice)


def _decide(person: Person) -> None:
    """Commit what is pending."""
    assert person.group is not None
    draft = person.world.able(person.group).commit(now=NOW)
    person.group = draft.hold()
    person.outbox.append(Handshake.of(draft))
    person.store()


def check(world: World) -> None:
    """Check that all who are present agree, and that all mail was read."""
    service = world.service
    groups = []
    for person in world.present:
        assert person.group is not None
        assert person.group.epoch == service.epoch
        assert person.group.held is None
        groups.append(person.group)
        service.here.agrees_with(person.group)
        assert not service.mail.get(person.name)
    assert groups
    if not service.closed:
        assert {person.name for person in world.present} == service.names
    if world.follower is not None:
        assert world.follower.group.context == groups[0].context
        assert world.follower.group.tree.encode() == groups[0].ratchet_tree
        assert world.follower.group.reinit == groups[0].reinit
    world.note("settled: all agree")


def _call_the_roll(world: World, dice: Dice) -> None:
    """Let everybody say something that all others hear."""
    for person in world.present:
        group = person.group
        assert group is not None
        data, aad = world.framed(group, b"present"), world.aad(group, b"roll call")
        person.group, wire = group.protect(data, aad)
        said = person.said.get(group.epoch, 0)
        person.said[group.epoch] = said + 1
        letter = Letter(wire, group.epoch, person.name, group.leaf_index, said, data, aad)
        person.store()
        world.ledger.send(wire)
        for other in world.others(person):
            world.service.mail.setdefault(other.name, []).append(letter)
            _read_all(other, dice)
            assert letter in other.heard
    world.note("settled: all hear each other")


# Successors and branches


def succeed(world: World, dice: Dice) -> None:
    """Go on with the successor of a group that was reinitialised."""
    founder = dice.pick(world.present)
    old, names = founder.group, world.service.names - {founder.name}
    assert old is not None
    others = [person for person in world.people if person.name in names]
    packages = [person.offers(dice) for person in others]
    draft = reinitialise(old, founder.client, packages, now=NOW, same_client=world.same_client)
    group = draft.accept()
    joined = []
    for person in others:
        assert draft.welcome is not None
        after = _joins(person, draft.welcome, group.ratchet_tree)
        if after is not None:
            joined.append((person, after))
    for person in world.people:
        person.loses_everything()
        person.store()
    world.opens(founder, group)
    for person, after in joined:
        person.enters(after, 0)
    world.note("group: reinitialised")
    world.note("group: reinitialised, those who were lost left behind", len(joined) < len(others))


def _joins(person: Person, welcome: bytes, tree: bytes) -> Group | None:
    """Return the group that somebody joins who has the old group; None if they have not."""
    old = [person.group] if person.group is not None and person.is_present else []
    try:
        staged = person.client.join(
            welcome, now=NOW, tree=tree, groups=old, same_client=person.world.same_client
        )
    except (UnknownPSKError, SuccessorMembersError):
        assert not old
        return None
    assert old
    person.client, group = staged.accept()
    return group


def branch_off(world: World, dice: Dice) -> None:
    """Let some members branch off, and meet once."""
    founder = dice.pick(world.present)
    others = world.others(founder)
    if founder.group is None or not others:
        return
    chosen = dice.some(others, len(others))
    packages = [person.offers(dice) for person in chosen]
    draft = branch(
        founder.group,
        founder.client,
        b"a branch",
        packages,
        now=NOW,
        same_client=world.same_client,
    )
    assert draft.welcome is not None
    groups = [draft.accept()]
    tree = groups[0].ratchet_tree
    for person in chosen:
        group = _joins(person, draft.welcome, tree)
        assert group is not None
        person.store()
        groups.append(group)
    assert len({group.epoch_authenticator for group in groups}) == 1
    world.note("group: branched off")
    strangers = world.strangers(founder)
    if strangers:
        stranger = [dice.pick(strangers).offers(dice)]
        with unharmed(founder.group, draws=True), pytest.raises(SuccessorMembersError):
            branch(
                founder.group,
                founder.client,
                b"a branch",
                stranger,
                now=NOW,
                same_client=world.same_client,
            )
        world.note("misuse: SuccessorMembersError")


def finish(world: World, dice: Dice) -> None:
    """End a simulation: settle, and go on with what follows from the group."""
    settle(world, dice)
    if world.service.closed:
        succeed(world, dice)
        settle(world, dice)
    if not world.service.closed and dice.one_in(3):
        branch_off(world, dice)
