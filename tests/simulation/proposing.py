"""What people propose where groups use all of the drafts; see `simulation.together`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mls.polls import MARKDOWN, NOTES, PLAIN, POLL, UNHEARD_OF
from simulation.dice import Dice
from simulation.person import Person
from simulation.service import Letter
from simulation.traits import PROPOSALS, RARE, all_have, all_take
from tree.members import NOW

from mimi.codec import decode, encode
from mimi.mls import (
    AppDataUpdate,
    AppEphemeral,
    ComponentID,
    Group,
    MLSMessage,
    PrivateMessage,
    Proposal,
    PublicMessage,
    RemoveData,
    SelfRemove,
    UpdateData,
    app_data,
)
from mimi.mls.appack import app_ack_proposal
from mimi.mls.builtin import BUILT_IN
from mimi.mls.negotiation import ComponentsList, MediaTypeList

if TYPE_CHECKING:
    from simulation.together import Together

APP_COMPONENTS, SAFE_AAD, MEDIA_TYPES = (
    ComponentID.APP_COMPONENTS,
    ComponentID.SAFE_AAD,
    ComponentID.CONTENT_MEDIA_TYPES,
)


def updated(component: int, data: bytes) -> AppDataUpdate:
    """Return a proposal to update a component's data."""
    return AppDataUpdate(ComponentID(component), UpdateData(data))


def removed(component: int) -> AppDataUpdate:
    """Return a proposal to remove a component's data."""
    return AppDataUpdate(ComponentID(component), RemoveData())


def listing(components: Iterable[int]) -> bytes:
    """Return the data of a component that lists components."""
    return encode(ComponentsList(tuple(map(ComponentID, components))))


def known_to_all(group: Group, among: Iterable[int] = (POLL, NOTES, RARE)) -> list[int]:
    """Return the components that all members have."""
    return [component for component in among if all_have(group, component)]


def update(group: Group, components: list[int], dice: Dice) -> AppDataUpdate:
    """Return a proposal to change what a component says, its own or what all must support."""
    said = app_data(group.extensions)
    kind = dice.roll(9)
    if kind < 6 and components:
        component = dice.pick(components)
        present = said.get(component)
        if present is not None and dice.one_in(8):
            return removed(component)
        if component != POLL:
            return updated(component, dice.pick((b"so be it", b"", b"x" * 70)))
        if present is not None and present[3]:
            return removed(component)
        return updated(POLL, dice.pick((b"\0", b"\1", b"\2", b"\2", b"\x09")))
    if kind < 7 or not components:
        required = dice.pick(((), (POLL,), (POLL, NOTES), (NOTES, RARE), (UNHEARD_OF,)))
        return updated(APP_COMPONENTS, listing(required))
    which = SAFE_AAD if kind < 8 else MEDIA_TYPES
    if which in said and dice.roll(2):
        return removed(which)
    if which == SAFE_AAD:
        return updated(which, listing(dice.pick(((), (POLL,), (POLL, RARE)))))
    kinds = dice.pick(((PLAIN,), (PLAIN, MARKDOWN)))
    return updated(which, encode(MediaTypeList(kinds)))


def ephemeral(group: Group, components: list[int], dice: Dice) -> AppEphemeral:
    """Return ephemeral data: a remark, or what one has received."""
    remarkable = [component for component in components if component != POLL]
    if remarkable and dice.roll(2):
        return AppEphemeral(ComponentID(dice.pick(remarkable)), dice.pick((b"", b"by the way")))
    return app_ack_proposal(group.app_ack())


def proposed(world: "Together", group: Group, dice: Dice) -> tuple[Group, bytes]:
    """Let a member propose a change of the dictionary, ephemeral data, or to leave."""
    aad, components = world.aad(group, b"motion"), known_to_all(group)
    kind, proposal = dice.roll(8), None
    if kind < 2 and len(group.members) > 2:
        proposal = SelfRemove()
    elif kind < 5:
        proposal = ephemeral(group, components, dice)
    else:
        proposal = update(group, components, dice)
    made: tuple[Group, bytes] = group.propose(proposal, now=NOW, aad=aad)
    return made


def proposed_outside(world: "Together", group: Group, dice: Dice) -> Proposal | None:
    """Return what the moderator proposes: it may be what a component refuses."""
    components = known_to_all(group)
    if not (components and all_take(group, PROPOSALS[0]) and all_take(group, PROPOSALS[1])):
        return None
    if dice.one_in(4):
        world.note("moderator: proposed what a component refuses")
        return updated(POLL, b"none of them")
    if dice.one_in(4):
        return AppEphemeral(NOTES, b"from above") if NOTES in components else None
    change = update(group, components, dice)
    gone = isinstance(change.change, RemoveData) and change.component_id not in BUILT_IN
    return None if gone else change


def decided(world: "Together", group: Group, dice: Dice) -> dict[str, Any]:
    """Return what a member commits by value."""
    components = known_to_all(group)
    if dice.roll(2):
        acknowledges(world, group)
        return {"proposals": [app_ack_proposal(group.app_ack())]}
    change = update(group, components, dice)
    if dice.one_in(3):
        return {"proposals": [change, ephemeral(group, components, dice)]}
    if change.component_id == NOTES and isinstance(change.change, UpdateData):
        return {"proposals": [change, updated(NOTES, b"and so on"), updated(NOTES, b"")]}
    return {"proposals": [change]}


def brought(world: "Together", person: Person, group: Group, dice: Dice) -> dict[str, Any]:
    """Return what a joiner commits: who wants to leave, and what it proposes itself."""
    options: dict[str, Any] = {"pending": leaving(world, group)}
    has = person.client.settings.components
    components = [at for at in known_to_all(group) if at in has]
    if not dice.one_in(3) or not (components and all_take(group, PROPOSALS[0])):
        return options
    change = update(group, components, dice)
    if isinstance(change.change, RemoveData) and change.component_id in (NOTES, RARE):
        return options  # only members may
    options["proposals"] = [change]
    if NOTES in components and all_take(group, PROPOSALS[1]):
        options["proposals"].append(AppEphemeral(NOTES, b"here I am"))
    return options


def leaving(world: "Together", group: Group) -> list[bytes]:
    """Return the SelfRemove proposals of a group's epoch that the service has accepted."""
    wires = []
    for handshake in world.service.log:
        if handshake.epoch == group.epoch and handshake.transition is None:
            body = decode(MLSMessage, handshake.wire).body
            if isinstance(body, PublicMessage) and isinstance(body.content.content, SelfRemove):
                wires.append(handshake.wire)
    return wires


# What arrived, worked out from the letters


def arrived(person: Person, group: Group) -> set[tuple[int, int]]:
    """Return the senders and generations of the letters that somebody has read in an epoch."""
    return {
        (int(letter.leaf), letter.generation)
        for letter in person.heard
        if letter.epoch == group.epoch and _is_of(letter, group)
    }


def _is_of(letter: Letter, group: Group) -> bool:
    body = decode(MLSMessage, letter.wire).body
    assert isinstance(body, PrivateMessage)
    return body.group_id == group.group_id


def acknowledges(world: "Together", group: Group) -> None:
    """Check that a member's AppAck is what its letters say."""
    person = next(each for each in world.inside if is_same(each, group))
    claimed = {
        (each.sender, at)
        for each in group.app_ack().received_ranges
        for at in range(each.first_generation, each.last_generation + 1)
    }
    assert claimed == arrived(person, group)
    world.note("AppAck: made of what was read")
    world.note("AppAck: made of something", claimed)


def is_same(person: Person, group: Group) -> bool:
    """Return whether a group is somebody's own."""
    mine = person.group
    return mine is not None and (mine.context, mine.leaf_index) == (group.context, group.leaf_index)
