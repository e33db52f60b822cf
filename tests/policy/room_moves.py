"""What people, and the hub, do in a room: each move draws a commit, or finds none to make.

Half of the time moves are drawn until the naive evaluator would allow one; else they are taken as
they come.
"""

from collections.abc import Callable
from typing import TypeAlias

import attrs
from policy.room_commits import Commits, Joining, Plan
from policy.room_people import Device, Outsider, join_role
from policy.room_plans import (
    Ask,
    Part,
    add_client,
    add_participant,
    preauthorized_role,
    remove_client,
    remove_oneself,
    remove_participant,
    verdict,
)
from policy.room_policies import LINKS, chance
from policy.room_wishes import (
    WISHES,
    Asks,
    Wish,
    add_device,
    add_own_device,
    ban,
    change_of_own_role,
    change_of_role,
    define,
    drop,
    end,
    extend,
    invite,
    invite_several,
    kick,
    link,
    notify,
    one_of,
    operate,
    preauthorize,
    remove,
    rename,
    restyle,
    role,
    some_of,
    unban,
)
from policy.room_world import World
from simulation.dice import Dice

from mimi.mls import LeafChange
from mimi.policy.actions import ActorKind
from mimi.tree import BasicCredential
from mimi.vectors.policy_form import NAMES

Move: TypeAlias = Callable[[World, Dice], "Plan | Joining | None"]


def committing(wish: Wish) -> Move:
    """Return the move by which a member commits a wish of its own."""

    def move(world: World, dice: Dice) -> Plan | None:
        device = dice.pick(world.inside)
        asks = wish(world, device.user, dice)
        if not asks:
            return None
        part = Part(device, asks, word=chance(dice, 5))
        return Plan(wish.__name__, device, [part], path=chance(dice, 20))

    move.__name__ = wish.__name__
    return move


def proposing(world: World, dice: Dice) -> Plan | None:
    """Let one member propose what another commits."""
    proposer, wish = dice.pick(world.inside), dice.pick((*WISHES, end))
    return _committed_by_another(world, proposer, wish, "proposed by another", dice)


def _committed_by_another(
    world: World, proposer: Device | Outsider, wish: Wish, name: str, dice: Dice
) -> Plan | None:
    user = proposer.user
    asks = wish(world, user, dice)
    if not asks:
        return None
    gone = {ask.data for ask in asks if ask.kind == "remove-client"}
    stays = [each for each in world.inside if each.here.leaf_index not in gone]
    committer = one_of(dice, [each for each in stays if each is not proposer])
    if committer is None:
        return None
    kind = ActorKind.MEMBER if isinstance(proposer, Device) else ActorKind.EXTERNAL
    return Plan(name, committer, [Part(proposer, asks, kind)])


def moderate(world: World, dice: Dice) -> Plan | None:
    """Let the hub propose, or another provider that is an external sender."""
    wish = dice.pick((remove, ban, kick, unban, change_of_role, define, preauthorize, operate, end))
    sender = world.outsiders[0] if world.senders == 1 else dice.pick(world.outsiders)
    return _committed_by_another(world, sender, wish, "proposed from outside", dice)


def leave(world: World, dice: Dice) -> Plan | None:
    """Let a participant leave: it proposes so, and that its clients go; another commits."""
    leaver = dice.pick(world.inside)
    committer = one_of(dice, [each for each in world.inside if each.user != leaver.user])
    if committer is None:
        return None
    rest = [each for each in world.of_user(leaver.user) if each is not leaver]
    mine = [remove_participant(leaver.user), remove_oneself(leaver)]
    alone = [Part(each, [remove_oneself(each)]) for each in rest]
    if chance(dice, 50):
        mine += map(remove_client, rest)
        alone = []
    if chance(dice, 10):
        mine = mine[1:]
    return Plan("leave", committer, [Part(leaver, mine), *alone])


def remove_own_device(world: World, dice: Dice) -> Plan | None:
    """Take out a device of one's own: by another, or by itself with somebody's help."""
    device = dice.pick(world.inside)
    rest = [each for each in world.of_user(device.user) if each is not device]
    if rest and chance(dice, 50):
        return Plan("remove own device", device, [Part(device, [remove_client(dice.pick(rest))])])
    committer = one_of(dice, [each for each in world.inside if each is not device])
    if committer is None:
        return None
    return Plan("device leaves by SelfRemove", committer, [Part(device, [remove_oneself(device)])])


def come(world: World, dice: Dice) -> Joining | None:
    """Let somebody come in who is no participant: openly, by its claims, or by a link."""
    listed = world.recount.listed
    joiner = one_of(dice, [each for each in world.spare if each.user not in listed])
    if joiner is None:
        return None
    code = dice.pick((*world.recount.links, LINKS[0])) if chance(dice, 40) else None
    asks = [add_participant(joiner.user, role(world, dice))]
    return Joining("come as a participant", joiner, asks, code, leavers=_leavers(world, dice))


def come_by_claims(world: World, dice: Dice) -> Joining | None:
    """Let somebody come in by what its credential claims."""
    found = come(world, dice)
    if found is None:
        return None
    meant = preauthorized_role(world.recount, found.joiner.identity)
    asks = (add_participant(found.joiner.user, meant),)
    return attrs.evolve(found, asks=asks, code=None) if meant else None


def come_by_link(world: World, dice: Dice) -> Joining | None:
    """Let somebody come in by a joining link, in the role that it is for."""
    found = come(world, dice)
    code = one_of(dice, world.recount.links)
    if found is None or code is None:
        return None
    meant = join_role(code)
    asks = found.asks if meant is None else (add_participant(found.joiner.user, meant),)
    return attrs.evolve(found, asks=asks, code=code)


def _leavers(world: World, dice: Dice) -> tuple[Device, ...]:
    return (dice.pick(world.inside),) if len(world.inside) > 2 and chance(dice, 10) else ()


def come_with_device(world: World, dice: Dice) -> Joining | None:
    """Let a device come in by itself, mostly of a participant."""
    listed = world.recount.listed
    comers = [each for each in world.spare if each.user in listed or chance(dice, 5)]
    joiner = one_of(dice, comers)
    return joiner and Joining("come with a device", joiner, leavers=_leavers(world, dice))


def come_back(world: World, dice: Dice) -> Joining | None:
    """Let a device that has lost the group come back in place of its old leaf."""
    device = dice.pick(world.inside)
    return Joining("come back", device, resync=device)


def usurp(world: World, dice: Dice) -> Joining | None:
    """Let a device come in place of another one's leaf, mostly of somebody else's."""
    device = one_of(dice, world.spare)
    return device and Joining("take another's place", device, resync=dice.pick(world.inside))


def ask_to_come(world: World, dice: Dice) -> Plan | None:
    """Let devices propose that they be added."""
    listed = world.recount.listed
    comers = [each for each in world.spare if each.user in listed]
    if not comers:
        return None
    chosen = dice.some(comers, 2)
    parts = [Part(each, [add_client(each)], ActorKind.EXTERNAL) for each in chosen]
    return Plan("new members' proposals", dice.pick(world.inside), parts)


def combine(world: World, dice: Dice) -> Plan | None:
    """Let several ask for something in one commit."""
    committer = dice.pick(world.inside)
    senders = [
        committer,
        *some_of(dice, [each for each in world.inside if each is not committer], 2),
    ]
    parts, gone = [], set()
    for sender in senders:
        asks: Asks = []
        for _ in range(1 + dice.roll(2)):
            asks += dice.pick(WISHES)(world, sender.user, dice) or []
        parts.append(Part(sender, asks))
        gone |= {ask.data for ask in asks if ask.kind == "remove-client"}
    if any(device.here.leaf_index in gone for device in senders):
        return None
    return Plan("several at once", committer, parts)


def renew(world: World, dice: Dice) -> Plan | None:
    """Change nothing but keys."""
    device = dice.pick(world.inside)
    return Plan("update", device, [Part(device, (), word=chance(dice, 50))], path=True)


def change_identity(world: World, dice: Dice) -> Plan | None:
    """Go on as somebody else."""
    device = dice.pick(world.inside)
    other = dice.pick([each for each in world.devices if each.user != device.user])
    becomes = Ask(("change-identity", device.user, other.user))
    leaf = LeafChange(credential=BasicCredential(other.identity))
    return Plan("go on as another", device, [Part(device, [becomes])], leaf, path=True)


MOVES: dict[Move, int] = {
    committing(invite): 8,
    committing(invite_several): 3,
    committing(add_own_device): 4,
    committing(add_device): 4,
    committing(remove): 3,
    committing(kick): 3,
    committing(ban): 3,
    committing(unban): 4,
    committing(change_of_role): 4,
    committing(change_of_own_role): 7,
    committing(rename): 4,
    committing(define): 4,
    committing(preauthorize): 3,
    committing(restyle): 3,
    committing(link): 4,
    committing(operate): 2,
    committing(notify): 2,
    committing(drop): 3,
    committing(extend): 2,
    committing(end): 2,
    proposing: 6,
    moderate: 8,
    leave: 4,
    remove_own_device: 4,
    come: 9,
    come_by_link: 4,
    come_by_claims: 5,
    come_with_device: 5,
    come_back: 3,
    ask_to_come: 4,
    combine: 6,
    renew: 2,
    change_identity: 1,
    usurp: 1,
}


# Taking moves


def take(world: World, dice: Dice, move: Move) -> None:
    """Make a move: half of the time one that should be allowed."""
    commits, wanted = Commits(world), None
    for _ in range(8 if dice.roll(2) else 1):
        wanted = move(world, dice)
        if wanted is not None and not _verdict(world, wanted):
            break
    if isinstance(wanted, Plan):
        commits.attempt(wanted)
    elif wanted is not None:
        commits.join(wanted)


def _verdict(world: World, wanted: Plan | Joining) -> set[str]:
    if isinstance(wanted, Plan):
        return verdict(world.recount, wanted.parts).rules
    asks = (*wanted.asks, wanted.coming)
    return verdict(world.recount, [Part(wanted.joiner, asks, ActorKind.JOINER, wanted.code)]).rules


def commit_pending(world: World, dice: Dice) -> None:
    """Let some propose this and that, and somebody commit what fits together."""
    commits = Commits(world)
    for _ in range(1 + dice.roll(4)):
        plan = dice.pick((ask_to_come, moderate, leave))(world, dice) if chance(dice, 30) else None
        if plan is not None:
            for part in plan.parts:
                commits.introduce(part)
            continue
        device = dice.pick(world.inside)
        asks = dice.pick(WISHES)(world, device.user, dice)
        commits.introduce(Part(device, asks or [remove_oneself(device)]))
    commits.commit_pending("what was pending", dice.pick(world.inside))


def perform(world: World, dice: Dice) -> None:
    """Ask whether somebody may do what changes nothing."""
    device = dice.pick(world.inside)
    for name in dice.some(sorted(NAMES.values()), 4):
        part = Part(device, [Ask(("perform", name))])
        decision, judged = world.decided([part]), verdict(world.recount, [part])
        assert {rule.value for rule in decision.rules} == judged.rules


def reload(world: World, dice: Dice) -> None:
    """Let somebody store the room and load it, and somebody begin to follow it."""
    device = dice.pick(world.inside)
    group = device.here
    settings, entropy = world.honest, device.client.entropy
    device.group = type(group).load(group.save(), settings=settings, entropy=entropy)
    components = settings.components
    fresh = world.followed(group)
    assert fresh.state.context == world.server.state.context
    world.server = type(fresh).load(world.server.save(), components=components)
    world.check()
