"""What people do wrong themselves: they are told so, and nothing has happened."""

from collections.abc import Callable

import pytest
from simulation.dice import Dice
from simulation.hearing import unharmed
from simulation.world import World
from tree.members import NOW

from mimi.errors import MimiError
from mimi.mls import ExternalPSK, Group
from mimi.mls.errors import (
    ClosedGroupError,
    HeldCommitError,
    PendingProposalsError,
    RemoveCommitterError,
    UnexpectedMessageError,
    UnknownPSKError,
    UnknownReferenceError,
    UpdateFromCommitterError,
)


def misuse(world: World, dice: Dice) -> None:
    """Ask for what cannot be done, and find that nothing has happened."""
    person = dice.pick(world.people)
    group = person.group
    if group is None:
        return
    mistake, expected = _mistake(world, group, dice)
    with unharmed(group, draws=True), pytest.raises(MimiError) as caught:
        mistake()
    assert type(caught.value) is expected, caught.value
    world.note(f"misuse: {expected.__name__}")


def _mistake(
    world: World, group: Group, dice: Dice
) -> tuple[Callable[[], object], type[MimiError]]:
    own = [item.reference for item in group.pending if item.reference in group.updates]
    if not group.is_active:
        if dice.roll(2):
            return lambda: group.protect(b"hello?"), ClosedGroupError
        return lambda: group.commit(now=NOW), ClosedGroupError
    if group.held is not None:
        return lambda: group.commit(now=NOW), HeldCommitError
    if own and dice.roll(2):
        return lambda: group.commit(now=NOW, references=own[:1]), UpdateFromCommitterError
    if group.pending:
        return lambda: group.protect(b"hello?"), PendingProposalsError
    kind = dice.roll(4)
    if kind == 0:
        mine = [group.leaf_index]
        return lambda: group.commit(now=NOW, remove=mine), RemoveCommitterError
    if kind == 1:
        return lambda: group.commit(now=NOW, references=[b"?"]), UnknownReferenceError
    if kind == 2:
        unknown = [ExternalPSK(b"a word that nobody knows")]
        return lambda: group.commit(now=NOW, psks=unknown), UnknownPSKError
    info = group.group_info()
    return lambda: group.receive(info, now=NOW), UnexpectedMessageError
