"""What people do: each action takes the world and the dice, and may find nothing to do.

Whether an action took effect is counted where it does: by the service, and by who receives it.
"""

from collections.abc import Callable
from typing import Any

import pytest
from simulation import hearing
from simulation.dice import Dice
from simulation.hearing import unharmed
from simulation.person import Person
from simulation.service import Handshake, Letter, name_of
from simulation.world import World
from tree.members import NOW

from mimi.mls import (
    PSK,
    Add,
    Draft,
    Group,
    GroupContextExtensions,
    LeafChange,
    MemberSender,
    PreSharedKey,
    PreSharedKeyID,
    ReInit,
    Remove,
    propose_from_outside,
)
from mimi.mls.errors import (
    StaleDraftError,
)
from mimi.mls.group import read_key_package
from mimi.mls.proposal import Update
from mimi.tree.codepoints import ProtocolVersion
from mimi.tree.extension import Extensions

Action = Callable[[World, Dice], None]


def somebody(world: World, dice: Dice) -> Person | None:
    """Return one of those who take part as far as they know; None if nobody does."""
    inside = world.inside
    return dice.pick(inside) if inside else None


def absent(world: World, group: Group) -> list[Person]:
    """Return who is no member as far as a member knows."""
    names = {name_of(member.leaf_node) for member in group.members}
    return [person for person in world.people if person.name not in names]


# Letters


def speak(world: World, dice: Dice) -> None:
    """Write some letters."""
    person = somebody(world, dice)
    for _ in range(1 + dice.roll(3)):
        if person is not None:
            write(person, dice)


def shout(world: World, dice: Dice) -> None:
    """Write many letters while somebody hears none, and then another."""
    person = somebody(world, dice)
    if person is None:
        return
    world.service.deaf = dice.pick(sorted(world.service.names))
    for _ in range(8 + dice.roll(7)):
        write(person, dice)
    person.sends(dice)
    world.service.deaf = None
    write(person, dice)


def write(person: Person, dice: Dice) -> None:
    """Write a letter, where no proposals are pending."""
    group = person.group
    if group is None or group.pending or not group.is_active:
        return
    data = person.world.framed(group, dice.pick((b"", b"yes", b"well, it depends", b"no" * 100)))
    aad = person.world.aad(group, dice.pick((b"", b"minutes")))
    after, wire = group.protect(data, aad)
    generation, leaf = person.said.get(group.epoch, 0), group.leaf_index
    person.posts(after, Letter(wire, group.epoch, person.name, leaf, generation, data, aad), dice)


# Proposals


def propose(world: World, dice: Dice) -> None:
    """Propose a change to the others."""
    person = somebody(world, dice)
    if person is None or person.group is None:
        return
    group = world.able(person.group)
    made = world.tries(lambda: world.proposes(group, dice) or _proposed(world, group, dice))
    if made is not None:
        after, wire = made
        person.posts(after, Handshake(wire, group.epoch, group.leaf_index), dice)


def debate(world: World, dice: Dice) -> None:
    """Make some proposals, and let almost everybody hear them; perhaps somebody commits them."""
    catch_up(world, dice)
    for _ in range(1 + dice.roll(4)):
        dice.pick((propose, propose, propose, propose_outside, propose_oneself))(world, dice)
    catch_up(world, dice)
    if dice.roll(3):
        commit(world, dice)


def _proposed(world: World, group: Group, dice: Dice) -> tuple[Group, bytes] | None:
    aad = world.aad(group, dice.pick((b"", b"motion")))
    kind = dice.roll(12)
    if kind < 5:
        return group.propose_update(_leaf_change(world, group, dice), now=NOW, aad=aad)
    if kind < 7:
        return group.propose_remove(dice.pick(group.members).leaf_index, now=NOW, aad=aad)
    if kind < 9:
        others = absent(world, group)
        if not others:
            return None
        return group.propose_add(dice.pick(others).offers(dice), now=NOW, aad=aad)
    if kind < 11:
        psk = _psk(world, group, dice)
        return _knowing(world, group, psk).propose_psk(psk, now=NOW, aad=aad)
    return group.propose_extensions(_extensions(world, group, dice), now=NOW, aad=aad)


def _leaf_change(world: World, group: Group, dice: Dice) -> LeafChange:
    if not dice.one_in(3):
        return LeafChange()
    signer = world.suite.generate_signature_key(world.entropy)
    return LeafChange(signer=signer, credential=world.credential_of(group, signer))


def _psk(world: World, group: Group, dice: Dice) -> PSK:
    if dice.roll(2):
        return dice.pick(world.resumable(group))
    return dice.pick(world.words)


def _knowing(world: World, group: Group, psk: PSK) -> Group:
    """Return a group that holds a pre-shared key, so that its member can use it."""
    return world.with_psks(group) if psk in world.words else group


def _extensions(world: World, group: Group, dice: Dice) -> Extensions:
    topic, required = dice.roll(1000), bool(dice.roll(2))
    return world.extensions(topic, required=required, before=group.extensions)


def _reinit(world: World, group: Group, dice: Dice) -> ReInit:
    group_id, extensions = b"%d" % world.groups, _extensions(world, group, dice)
    extensions = world.announced(group, extensions)
    return ReInit(group_id, ProtocolVersion.MLS10, world.suite.code, extensions)


def propose_outside(world: World, dice: Dice) -> None:
    """Propose as an external sender."""
    informant = somebody(world, dice)
    if informant is None or informant.group is None:
        return
    group, kind = informant.group, dice.roll(8)
    proposal = world.proposes_outside(group, dice)
    if proposal is not None:
        pass
    elif kind < 2:
        proposal = Remove(dice.pick(group.members).leaf_index)
    elif kind < 4 and absent(world, group):
        package = dice.pick(absent(world, group)).offers(dice)
        proposal = Add(read_key_package(package))
    elif kind < 7:
        psk, nonce = _psk(world, group, dice), world.entropy(world.suite.nh)
        proposal = PreSharedKey(PreSharedKeyID(psk, nonce))
    else:
        proposal = GroupContextExtensions(_extensions(world, group, dice))
    aad = world.aad(group, b"outside")
    wire = propose_from_outside(group.context, 0, proposal, world.moderator, aad)
    world.submit(informant, Handshake(wire, group.epoch, None), dice)


def propose_oneself(world: World, dice: Dice) -> None:
    """Propose to be added."""
    informant = somebody(world, dice)
    outside = world.outside
    if informant is None or informant.group is None or not outside:
        return
    person, group = dice.pick(outside), informant.group
    info, aad = group.group_info(), world.aad(group, b"let me in")
    person.client, wire = person.client.propose_joining(info, now=NOW, aad=aad)
    person.store()
    world.submit(person, Handshake(wire, group.epoch, None), dice)


def propose_end(world: World, dice: Dice) -> None:
    """Propose to end the group, when nothing else is proposed, and let the others hear it."""
    if dice.roll(2):
        return
    catch_up(world, dice)
    person = somebody(world, dice)
    if person is None or person.group is None or person.group.pending:
        return
    group = world.able(person.group)
    aad = world.aad(group, b"farewell")
    after, wire = group.propose_reinit(_reinit(world, group, dice), now=NOW, aad=aad)
    if person.posts(after, Handshake(wire, group.epoch, group.leaf_index), dice):
        catch_up(world, dice)
        chair = somebody(world, dice)
        if chair is not None and chair.group is not None and chair.group.held is None:
            _hold(chair, world.able(chair.group).commit(now=NOW), dice)


# Commits


def _drafted(world: World, person: Person, dice: Dice) -> tuple[Draft[Group], bool] | None:
    """Return a commit of some of all that one can do, and whether it has a new signature key."""
    assert person.group is not None
    group = world.able(person.group)
    options: dict[str, Any] = {"aad": world.aad(group, dice.pick((b"", b"decision")))}
    others, absentees = group.members, absent(world, group)
    for _ in range(dice.roll(3)):
        kind = dice.roll(7)
        if kind < 2 and absentees:
            added = dice.some(absentees, 3)
            options["add"] = [other.offers(dice) for other in added]
        elif kind == 2 and len(others) > 2:
            chosen = dice.pick(others).leaf_index
            options["remove"] = [chosen] if chosen != group.leaf_index else []
        elif kind == 3:
            options["psks"] = [_psk(world, group, dice)]
            group = _knowing(world, group, options["psks"][0])
        elif kind == 4:
            options["extensions"] = _extensions(world, group, dice)
        elif kind == 5:
            options["leaf"] = _leaf_change(world, group, dice)
        elif kind == 6:
            options["path"] = False
    if dice.one_in(4):
        options["path"] = False
    if dice.one_in(4) and "remove" not in options:
        options["references"] = _references(person, dice)
    options.update(world.decides(group, dice))
    if dice.one_in(60):
        reinit = _reinit(world, group, dice)
        options = {"reinit": reinit, "references": (), "path": bool(dice.roll(2))}
    rotates = "leaf" in options and options["leaf"].signer is not None
    draft = world.tries(lambda: group.commit(now=NOW, **options))
    return None if draft is None else (draft, rotates)


def _references(person: Person, dice: Dice) -> list[bytes]:
    """Return the reference of one pending proposal that can be committed, or none."""
    assert person.group is not None
    group = person.group
    fit = [
        item.reference
        for item in group.pending
        if isinstance(item.proposal, Update) and item.sender != MemberSender(group.leaf_index)
    ]
    return dice.some(fit, 1) if fit else []


def commit(world: World, dice: Dice) -> None:
    """Draft a commit, hold it and send it."""
    person = somebody(world, dice)
    if person is None or person.group is None or person.group.held is not None:
        return
    drafted = _drafted(world, person, dice)
    if drafted is not None:
        _hold(person, drafted[0], dice, rotates=drafted[1])


def _hold(person: Person, draft: Draft[Group], dice: Dice, *, rotates: bool = False) -> None:
    person.posts(draft.hold(), Handshake.of(draft, rotates=rotates), dice)


def commit_at_once(world: World, dice: Dice) -> None:
    """Commit where the service answers at once, and let the commit take effect."""
    person = somebody(world, dice)
    if person is None or person.group is None or person.group.held is not None:
        return
    person.sends(dice)
    if not person.is_inside:  # what was sent may have been a commit that brings them back
        return
    drafted = _drafted(world, person, dice)
    if drafted is None:
        return
    (draft, rotates), service = drafted, world.service
    parcel = Handshake.of(draft, rotates=rotates)
    if dice.roll(2):
        person.group = draft.hold()
        person.store()
        hearing.read(person, dice)
    world.submit(person, parcel, dice)
    if service.log[-1:] != [parcel]:
        if person.group.held is None:
            person.group = draft.reject()
            person.store()
            world.note("commit: rejected at once")
        return
    person.group = draft.accept(person.group)
    person.own.insert(0, draft.commit)
    person.cursor = len(service.log)
    world.entered(person)
    person.store()
    world.invite(parcel, draft.welcome)
    with unharmed(person.group), pytest.raises(StaleDraftError):
        draft.accept(person.group)
    world.note("misuse: StaleDraftError")
    world.note("commit: accepted at once")
    write(person, dice)
    deliver_letters(world, dice)


def withdraw(world: World, dice: Dice) -> None:
    """Forget a commit that was never sent."""
    for person in world.inside:
        group = person.group
        assert group is not None
        held = group.held
        unsent = [
            parcel for parcel in person.unsent if held is not None and parcel.wire == held.wire
        ]
        if unsent:
            person.outbox.remove(unsent[0])
            person.group = group.without_held()
            person.store()
            world.note("commit: held, withdrawn")
            return


# Joining by a commit


def join_from_outside(world: World, dice: Dice) -> None:
    """Join by a commit, or come back by one."""
    present = world.present
    lost = [person for person in world.people if person.name in world.service.names]
    chosen = lost if dice.one_in(3) else world.outside
    if present and chosen:
        draft_external(world, dice.pick(chosen), dice)


def draft_external(world: World, person: Person, dice: Dice) -> bool:
    """Draft a commit by which somebody joins, to be sent later; return whether it could be."""
    informants = world.others(person)
    if not informants or world.service.closed:
        return False
    informant = dice.pick(informants)
    group = informant.group
    assert group is not None
    here = [
        member.leaf_index for member in group.members if name_of(member.leaf_node) == person.name
    ]
    psks = dice.some(world.words, 2) if dice.one_in(3) else []
    person.client = world.with_psks(person.client) if psks else person.client
    person.store()
    info, tree = world.info_of(informant, dice)
    more = world.brings(person, group, dice)
    draft = world.tries(
        lambda: person.client.join_externally(
            info,
            now=NOW,
            tree=tree,
            resync=here[0] if here else None,
            psks=psks,
            aad=world.aad(group, dice.pick((b"", b"here I am"))),
            **more,
        )
    )
    if draft is None:
        return False
    person.draft = draft
    person.outbox.append(Handshake.of(draft))
    if dice.one_in(8):
        person.restart()
    if dice.roll(3):
        person.sends(dice)
    return True


def lose_everything(world: World, dice: Dice) -> None:
    """Lose what is stored of the group."""
    present = world.present
    if len(present) > 2:
        person = dice.pick(present)
        person.loses_everything()
        person.store()
        world.note("crash: all that was stored of the group is lost")


# The network


def deliver(world: World, dice: Dice) -> None:
    """Deliver the next handshakes to somebody."""
    person = dice.pick(world.people)
    hearing.join(person, dice)
    for _ in range(1 + dice.roll(4)):
        hearing.follow(person, dice)


def deliver_letters(world: World, dice: Dice) -> None:
    """Deliver some letters to somebody."""
    person = dice.pick(world.people)
    for _ in range(1 + dice.roll(10)):
        hearing.read(person, dice)


def catch_up(world: World, dice: Dice) -> None:
    """Deliver all handshakes to everybody, or to all but one."""
    late = dice.pick(world.people)
    for person in world.people:
        hearing.join(person, dice)
        while person is not late and hearing.follow(person, dice):
            pass


def send(world: World, dice: Dice) -> None:
    """Send what somebody has stored to be sent."""
    waiting = [person for person in world.people if person.outbox]
    if waiting:
        dice.pick(waiting).sends(dice)


def repeat(world: World, dice: Dice) -> None:
    """Deliver a handshake once more."""
    hearing.hear_again(dice.pick(world.people), dice)


def restart(world: World, dice: Dice) -> None:
    """Let somebody go on from what is stored."""
    dice.pick(world.people).restart()


def inform(world: World, dice: Dice) -> None:
    """Let the follower follow, and take a group info."""
    follower, informant = world.follower, somebody(world, dice)
    if follower is None:
        return
    for _ in range(1 + dice.roll(6)):
        follower.follow(dice)
    if informant is not None and informant.group is not None:
        follower.learn(informant.group.group_info(), informant.group.epoch)
