"""What a user might ask for in a room, as it comes to mind: of itself, or of others."""

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import attrs
from policy.room_people import TEAMS
from policy.room_plans import (
    REINITIALIZE,
    Ask,
    add_client,
    add_participant,
    change_component,
    change_extensions,
    change_role,
    preauthorized_role,
    remove_client,
    remove_component,
    remove_participant,
)
from policy.room_policies import (
    LINKS,
    chance,
    changed_metadata,
    changed_roles,
    random_base,
    random_operational,
    random_preauthorized,
    random_status,
)
from policy.room_world import World
from simulation.dice import Dice

from mimi.mls import APP_DATA_DICTIONARY
from mimi.policy.operational import OperationalParameters
from mimi.policy.structures import (
    BASE_ROOM_POLICY,
    JOIN_LINK_POLICY,
    JOIN_LINKS,
    MLS_OPERATIONAL_POLICY,
    PARTICIPANT_LIST,
    PREAUTH_LIST,
    ROLES_LIST,
    ROOM_METADATA,
    STATUS_NOTIFICATION_POLICY,
    JoinLink,
    JoinLinksUpdate,
    RoleData,
    RoomMetaData,
)

T = TypeVar("T")
Asks: TypeAlias = list[Ask]
Wish: TypeAlias = Callable[[World, str, Dice], Asks | None]
"""From a world and a user to what it asks for; None for nothing."""


def role(world: World, dice: Dice) -> int:
    """Return a role to be given: rarely one that there is not."""
    indexes = world.recount.indexes
    return 9 if chance(dice, 2) or not indexes else dice.pick(indexes)


def one_of(dice: Dice, items: Sequence[T]) -> T | None:
    """Return one of some items; None where there are none."""
    return dice.pick(items) if items else None


def some_of(dice: Dice, items: Sequence[T], most: int) -> list[T]:
    """Return some items, or none."""
    return dice.some(items, most) if items and chance(dice, 75) else []


def others(world: World, user: str) -> list[str]:
    """Return the other participants."""
    return [each for each in world.recount.listed if each != user]


def invite(world: World, user: str, dice: Dice) -> Asks | None:
    listed = world.recount.listed
    guest = one_of(dice, [each for each in TEAMS if each not in listed])
    if guest is None:
        return None
    comers = some_of(dice, world.spare_of(guest), 2)
    return [add_participant(guest, role(world, dice)), *map(add_client, comers)]


def invite_several(world: World, user: str, dice: Dice) -> Asks | None:
    listed = world.recount.listed
    guests = [each for each in TEAMS if each not in listed]
    asks: Asks = []
    for guest in some_of(dice, guests, 3):
        comers = some_of(dice, world.spare_of(guest), 1)
        asks += [add_participant(guest, role(world, dice)), *map(add_client, comers)]
    return asks or None


def add_own_device(world: World, user: str, dice: Dice) -> Asks | None:
    device = one_of(dice, world.spare_of(user))
    return device and [add_client(device)]


def add_device(world: World, user: str, dice: Dice) -> Asks | None:
    device = one_of(dice, [each for each in world.spare if each.user != user])
    return device and [add_client(device)]


def remove(world: World, user: str, dice: Dice) -> Asks | None:
    """Remove a participant, mostly with all its clients."""
    target = one_of(dice, others(world, user))
    return target and [remove_participant(target), *_ejected(world, target, dice)]


def _ejected(world: World, target: str, dice: Dice) -> Asks:
    clients = list(map(remove_client, world.of_user(target)))
    return clients[1:] if chance(dice, 10) else clients


def kick(world: World, user: str, dice: Dice) -> Asks | None:
    there = [each for each in world.inside if each.user != user]
    return list(map(remove_client, dice.some(there, 2))) if there else None


def ban(world: World, user: str, dice: Dice) -> Asks | None:
    target = one_of(dice, [each for each in others(world, user) if world.recount.listed[each] != 1])
    return target and [change_role(target, 1), *_ejected(world, target, dice)]


def unban(world: World, user: str, dice: Dice) -> Asks | None:
    target = one_of(dice, [each for each in others(world, user) if world.recount.listed[each] == 1])
    if target is None:
        return None
    if chance(dice, 30):
        return [remove_participant(target)]
    return [change_role(target, role(world, dice))]


def change_of_role(world: World, user: str, dice: Dice) -> Asks | None:
    target = one_of(dice, others(world, user))
    return target and [change_role(target, role(world, dice))]


def change_of_own_role(world: World, user: str, dice: Dice) -> Asks | None:
    """Take another role, mostly one for which one is preauthorised."""
    devices = world.of_user(user)
    if user not in world.recount.listed or not devices:
        return None
    meant = preauthorized_role(world.recount, dice.pick(devices).identity)
    target = meant if meant and chance(dice, 75) else role(world, dice)
    return [change_role(user, target)]


def rename(world: World, user: str, dice: Dice) -> Asks | None:
    metadata = world.recount.metadata or RoomMetaData(b"mimi://hub.example/r/lobby")
    return [change_component(changed_metadata(dice, metadata), world.recount)]


def define(world: World, user: str, dice: Dice) -> Asks | None:
    data: RoleData = world.recount.roles
    return [change_component(changed_roles(dice, data), world.recount)]


def preauthorize(world: World, user: str, dice: Dice) -> Asks | None:
    data = random_preauthorized(dice, world.recount.indexes or [2])
    return [change_component(data, world.recount)]


def restyle(world: World, user: str, dice: Dice) -> Asks | None:
    base, drawn = world.recount.base, random_base(dice)
    fields = [each.name for each in attrs.fields(type(base)) if "parent" not in each.name]
    changes = {name: getattr(drawn, name) for name in dice.some(fields, 3)}
    if chance(dice, 20):
        names = "parent_dependant", "parent_room"
        changes.update({name: getattr(drawn, name) for name in names})
    return [change_component(attrs.evolve(base, **changes), world.recount)]


def link(world: World, user: str, dice: Dice) -> Asks | None:
    links = world.recount.links
    places = list(range(len(links)))
    removed = dice.some(places, 2) if places and chance(dice, 45) else []
    added = dice.some(LINKS, 2) if not removed or chance(dice, 30) else []
    update = JoinLinksUpdate(tuple(removed), tuple(map(JoinLink, added)))
    return [change_component(update, world.recount)]


def operate(world: World, user: str, dice: Dice) -> Asks | None:
    usual = OperationalParameters()
    data = usual if chance(dice, 40) else random_operational(dice)
    return [change_component(data, world.recount)]


def notify(world: World, user: str, dice: Dice) -> Asks | None:
    return [change_component(random_status(dice), world.recount)]


def drop(world: World, user: str, dice: Dice) -> Asks | None:
    """Take a component away: rarely one without which there is no room."""
    usual = (STATUS_NOTIFICATION_POLICY, JOIN_LINK_POLICY, MLS_OPERATIONAL_POLICY)
    lists = (JOIN_LINKS, PREAUTH_LIST)
    vital = (ROLES_LIST, PARTICIPANT_LIST, BASE_ROOM_POLICY, ROOM_METADATA)
    number = dice.pick(dice.pick((usual, usual, lists, vital)))
    return [remove_component(number)] if number in world.recount.data else None


def extend(world: World, user: str, dice: Dice) -> Asks | None:
    """Change the extensions: there is one more external sender, or one less."""
    present, number = world.server.context.extensions, 1 + dice.roll(2)
    kept = [each for each in present if each.extension_type == APP_DATA_DICTIONARY]
    is_there = any(
        user.startswith("mimi://b.example") and not world.recount.is_banned(user)
        for user, _ in world.recount.entries
    )
    forgets = number < world.senders and not is_there
    return [change_extensions((*world.extensions(number), *kept), forgets=forgets)]


def end(world: World, user: str, dice: Dice) -> Asks | None:
    return [REINITIALIZE]


WISHES: tuple[Wish, ...] = (
    invite,
    invite_several,
    add_own_device,
    add_device,
    remove,
    kick,
    ban,
    unban,
    change_of_role,
    change_of_own_role,
    rename,
    define,
    preauthorize,
    restyle,
    link,
    operate,
    notify,
    drop,
    extend,
)
"""All but the end, which is committed alone."""
