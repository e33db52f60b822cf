"""Messages that break a rule, from somebody who is entitled to send: what all make of them.

Everybody who can read such a message must come to the same end, member or follower, and be as
before. Nobody is told what to expect but for the rule; what came of it is counted by classes.
"""

from collections.abc import Callable
from typing import Any

import attrs
from mls.attacker import Attacker, Deviation, changing
from mls.polls import LENIENT, NOTES, POLL, UNHEARD_OF
from mls.receivers import forged
from simulation import hub
from simulation.actions import absent
from simulation.dice import Dice
from simulation.hearing import unharmed
from simulation.ledger import unrecorded
from simulation.proposing import APP_COMPONENTS, listing, removed, updated
from simulation.service import name_of
from simulation.together import Together
from simulation.traits import COMPONENTS, RARE, misfit
from simulation.world import World

from mimi.errors import MimiError
from mimi.mls import (
    Add,
    AppEphemeral,
    CommitStaged,
    ContentType,
    ExternalSenderIndex,
    Group,
    GroupContextExtensions,
    NewMemberProposalSender,
    Proposal,
    ProposalReceived,
    Remove,
    SelfRemove,
    WireFormat,
    dictionary,
)
from mimi.mls.builtin import BUILT_IN
from mimi.mls.components import APP_DATA_DICTIONARY, REQUIRED_WIRE_FORMATS
from mimi.mls.external_receivers import agreed_receivers
from mimi.mls.group import read_key_package
from mimi.mls.negotiation import WireFormats
from mimi.tree.extension import Extension, Extensions, extension
from mimi.tree.math import LeafIndex

Deviant = Callable[[Together, Attacker, Group, Dice], bytes | None]

TAKING_ALL = {**LENIENT, **dict.fromkeys((*BUILT_IN, RARE), LENIENT[int(POLL)])}
NOBODYS = WireFormat(0xF1F2)


def deviate(world: World, dice: Dice) -> None:
    """Let somebody send what breaks a rule."""
    assert isinstance(world, Together)
    here = [each for each in world.present if each.is_inside and each.group is not None]
    if not here:
        return
    person, deviant = dice.pick(here), dice.pick(DEVIANTS)
    group = person.group
    assert group is not None
    attacker = attrs.evolve(Attacker.inside(group), entropy=world.entropy.fork(b"deviant"))
    with unrecorded():
        wire = deviant(world, attacker, group, dice)
        if wire is None:
            return
        name, ends = deviant.__name__.replace("_", " "), set()
        for other in world.others(person):
            if other.group is None or other.group.context != group.context:
                continue
            with unharmed(other.group):
                event = hub.seen(other.group, wire)
            hub.compared(world.hub, other.group, other.cursor, wire, event)
            ends.add(type(event).__name__)
            if not isinstance(event, MimiError):
                assert isinstance(event, CommitStaged | ProposalReceived), event
        for end in ends:
            world.note(f"deviant: {name}: {end}")


def _commit(
    world: Together, attacker: Attacker, group: Group, *listed: Proposal, **how: Any
) -> bytes:
    aad = world.aad(group, b"aad")
    return attacker.commit(*listed, how=Deviation(components=TAKING_ALL, aad=aad), **how)


def _extended(world: Together, attacker: Attacker, group: Group, *more: Extension) -> bytes:
    """Return a commit of the present extensions with others in the place of some."""
    replaced = {each.extension_type for each in more}
    kept: Extensions = tuple(
        each for each in group.extensions if each.extension_type not in replaced
    )
    proposal = GroupContextExtensions((*kept, *more))
    return _commit(world, attacker, group, proposal)


# Commits


def a_refused_vote(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes:
    """A component refuses the update."""
    return _commit(world, attacker, group, updated(POLL, b"\7"))


def a_refused_remark(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes:
    """A component refuses the ephemeral data."""
    return _commit(world, attacker, group, AppEphemeral(NOTES, b"bad"))


def an_update_beside_a_removal(
    world: Together, attacker: Attacker, group: Group, dice: Dice
) -> bytes:
    """One component is updated and removed."""
    listed = [updated(NOTES, b"so"), removed(NOTES)]
    return _commit(world, attacker, group, *listed, covered=())


def an_unknown_component(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes:
    """Nobody has the component."""
    return _commit(world, attacker, group, updated(UNHEARD_OF, b"?"))


def a_rare_component(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes:
    """Not everybody has the component."""
    listed = updated(RARE, b"rare")
    return _commit(world, attacker, group, listed, components=COMPONENTS)


def a_removal_of_nothing(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes:
    """The component has no data, or it has."""
    return _commit(world, attacker, group, removed(RARE), covered=())


def self_remove_by_value(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes:
    """A SelfRemove is no proposal by value."""
    return _commit(world, attacker, group, SelfRemove(), covered=())


def an_unsorted_dictionary(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes:
    """The components of the dictionary do not increase."""
    one, two = (dictionary({at: b""}).extension_data[1:] for at in (POLL, NOTES))
    data = bytes([len(one) + len(two)]) + two + one
    wrong = Extension(APP_DATA_DICTIONARY, data)
    proposal = GroupContextExtensions((*group.extensions[:1], wrong))
    return _commit(world, attacker, group, proposal, covered=())


def a_changed_dictionary(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes:
    """GroupContextExtensions change the dictionary: not where AppDataUpdate is required."""
    return _extended(world, attacker, group, dictionary({POLL: bytes(4)}))


def a_wrong_dictionary(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes:
    """A component refuses what GroupContextExtensions say of it."""
    return _extended(world, attacker, group, dictionary({POLL: b"no votes"}))


def a_required_component(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes:
    """Nobody supports what would be required."""
    change = updated(APP_COMPONENTS, listing([UNHEARD_OF]))
    return attacker.commit(change, how=Deviation(components=BUILT_IN, aad=world.aad(group, b"")))


def a_required_wire_format(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes:
    """Nobody supports the wire format that would be required."""
    required = extension(REQUIRED_WIRE_FORMATS, WireFormats((NOBODYS,)))
    return _extended(world, attacker, group, required)


def no_safe_aad(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes:
    """The authenticated data are not framed, where the group wants it or does not."""
    return _commit(world, attacker, group, aad=b"no frame")


def somebody_who_does_not_fit(
    world: Together, attacker: Attacker, group: Group, dice: Dice
) -> bytes | None:
    """A new member lacks something."""
    others = [
        other
        for other in absent(world, group)
        if misfit(world.traits[other.name], other.name, group) is not None
    ]
    if not others:
        return None
    package = read_key_package(dice.pick(others).offers(dice))
    return _commit(world, attacker, group, Add(package))


def a_binding_to_another_key(
    world: Together, attacker: Attacker, group: Group, dice: Dice
) -> bytes:
    """The credentials of the committer are bound to another key, if it has several."""
    name = name_of(group.leaf_node)
    wrong = world.traits[name].credential(name, b"another key")
    assert attacker.leaf is not None
    return _commit(world, attacker, group, leaf=changing(credential=wrong))


# Proposals


def _proposal(
    world: Together, attacker: Attacker, group: Group, sender: Any, sent: Proposal
) -> bytes:
    outside = attrs.evolve(attacker, sender=sender, signer=world.moderator)
    return outside.send(sent, how=Deviation(aad=world.aad(group, b"")))


def an_unknown_component_from_outside(
    world: Together, attacker: Attacker, group: Group, dice: Dice
) -> bytes:
    """The moderator proposes to a component that nobody has."""
    sent = updated(UNHEARD_OF, b"?")
    return _proposal(world, attacker, group, ExternalSenderIndex(0), sent)


def self_remove_from_outside(
    world: Together, attacker: Attacker, group: Group, dice: Dice
) -> bytes:
    """The moderator, or somebody who joins, wants to leave."""
    sender = dice.pick((ExternalSenderIndex(0), NewMemberProposalSender()))
    return _proposal(world, attacker, group, sender, SelfRemove())


# Semi-private proposals


def _semi(group: Group, world: Together, **how: Any) -> bytes | None:
    if not agreed_receivers(group.extensions):
        return None
    sent = how.pop("sent", None) or Remove(LeafIndex(group.leaf_index))
    return forged(group, sent, aad=world.aad(group, b""), **how)


def a_semi_private_self_remove(
    world: Together, attacker: Attacker, group: Group, dice: Dice
) -> bytes | None:
    """Joiners could not read it."""
    return _semi(group, world, sent=SelfRemove())


def another_content(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes | None:
    """The message names the hash of another content."""
    return _semi(group, world, tbs_hash=bytes(group.suite.nh))


def another_place(world: Together, attacker: Attacker, group: Group, dice: Dice) -> bytes | None:
    """The message names another place in the sender's ratchet."""
    return _semi(group, world, partial=bytes(group.suite.nh))


def nothing_for_the_hub(
    world: Together, attacker: Attacker, group: Group, dice: Dice
) -> bytes | None:
    """There is no key for an external receiver."""
    return _semi(group, world, listed=lambda _: ())


def semi_private_application_data(
    world: Together, attacker: Attacker, group: Group, dice: Dice
) -> bytes | None:
    """Application data are private."""
    return _semi(group, world, kind=ContentType.APPLICATION, plaintext=b"anything")


def semi_private_without_agreement(
    world: Together, attacker: Attacker, group: Group, dice: Dice
) -> bytes | None:
    """The group has not agreed on semi-private messages."""
    if agreed_receivers(group.extensions):
        return None
    return forged(group, Remove(LeafIndex(group.leaf_index)))


DEVIANTS: tuple[Deviant, ...] = (
    a_refused_vote,
    a_refused_remark,
    an_update_beside_a_removal,
    an_unknown_component,
    a_rare_component,
    a_removal_of_nothing,
    self_remove_by_value,
    an_unsorted_dictionary,
    a_changed_dictionary,
    a_wrong_dictionary,
    a_required_component,
    a_required_wire_format,
    no_safe_aad,
    somebody_who_does_not_fit,
    a_binding_to_another_key,
    an_unknown_component_from_outside,
    self_remove_from_outside,
    a_semi_private_self_remove,
    another_content,
    another_place,
    nothing_for_the_hub,
    semi_private_application_data,
    semi_private_without_agreement,
)
