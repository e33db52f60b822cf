"""What people do wrong themselves in groups that use all of the drafts."""

from collections.abc import Callable

import pytest
from mls.polls import NOTES, POLL, UNHEARD_OF, ClosedPollError
from simulation.actions import somebody
from simulation.dice import Dice
from simulation.hearing import unharmed
from simulation.proposing import known_to_all, removed, updated
from simulation.together import Together
from simulation.traits import PROPOSALS, SEMI, all_take
from simulation.world import World
from tree.members import NOW

from mimi.errors import MimiError
from mimi.mls import AppEphemeral, Group, Proposal, SelfRemove, app_data
from mimi.mls.component_errors import (
    ComponentConflictError,
    ComponentRefusalError,
    FramingError,
    RepeatedSelfRemoveError,
    SelfRemoveByValueError,
    UnknownComponentError,
)
from mimi.mls.errors import PendingProposalsError, UnsupportedProposalError
from mimi.mls.external_receivers import agreed_receivers
from mimi.mls.negotiation import media_types, safe_aad_components
from mimi.mls.semiprivate_errors import SemiPrivateUnavailableError

Blunder = tuple[Callable[[], object], type[MimiError]]


def blunder(world: World, dice: Dice) -> None:
    """Ask for what such a group cannot do, and find that nothing has happened."""
    assert isinstance(world, Together)
    person = somebody(world, dice)
    if person is None or person.group is None or person.group.held is not None:
        return
    group = world.able(person.group)
    found = dice.pick((_components, _framing, _others))(world, group, dice)
    if found is None:
        return
    mistake, expected = found
    with unharmed(group, draws=True), pytest.raises(MimiError) as caught:
        mistake()
    assert type(caught.value) is expected, caught.value
    world.note(f"blunder: {expected.__name__}")


def _components(world: Together, group: Group, dice: Dice) -> Blunder | None:
    aad, supported = world.aad(group, b""), all(all_take(group, kind) for kind in PROPOSALS[:2])
    unknown = dice.pick((updated(UNHEARD_OF, b""), AppEphemeral(UNHEARD_OF, b"")))
    if not known_to_all(group, (POLL, NOTES)) or dice.one_in(4):
        return lambda: group.propose(unknown, now=NOW, aad=aad), UnknownComponentError
    if not supported:
        change = updated(NOTES, b"so")
        return lambda: group.propose(change, now=NOW, aad=aad), UnsupportedProposalError
    said = app_data(group.extensions)
    if said.get(POLL, bytes(4))[3]:
        vote = updated(POLL, b"\0")
        return lambda: group.propose(vote, now=NOW, aad=aad), ClosedPollError
    refused: tuple[Proposal, ...] = updated(POLL, b"\7"), AppEphemeral(NOTES, b"bad")
    listed = [dice.pick(refused)]
    if NOTES not in said or dice.roll(2):
        return lambda: _commits(group, listed), ComponentRefusalError
    both: list[Proposal] = [updated(NOTES, b"so"), removed(NOTES)]
    return lambda: _commits(group, both), ComponentConflictError


def _commits(group: Group, proposals: list[Proposal]) -> object:
    return group.commit(now=NOW, proposals=proposals, references=())


def _framing(world: Together, group: Group, dice: Dice) -> Blunder | None:
    if safe_aad_components(group.extensions) is not None and dice.roll(2):
        wrong = b"no frame"
        return lambda: group.commit(now=NOW, aad=wrong, references=()), FramingError
    if group.pending:
        return lambda: group.protect(b"", b""), PendingProposalsError
    if media_types(group.extensions):
        return lambda: group.protect(b"no frame"), FramingError
    return None


def _others(world: Together, group: Group, dice: Dice) -> Blunder | None:
    leaving = any(
        isinstance(at.proposal, SelfRemove)
        and getattr(at.sender, "leaf_index", None) == group.leaf_index
        for at in group.pending
    )
    if not all_take(group, PROPOSALS[2], but=group.leaf_index):
        return lambda: group.propose(SelfRemove(), now=NOW), UnsupportedProposalError
    if leaving:
        return lambda: group.propose(SelfRemove(), now=NOW), RepeatedSelfRemoveError
    if not agreed_receivers(group.extensions):
        semi = world.sending(group, SEMI)
        return lambda: semi.commit(now=NOW, references=()), SemiPrivateUnavailableError
    return lambda: _commits(group, [SelfRemove()]), SelfRemoveByValueError
