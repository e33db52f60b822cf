"""The simulation as a state machine of Hypothesis, which draws the actions.

It shrinks to the shortest course that goes wrong.
"""

from collections.abc import Callable
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from simulation import actions, components, mistakes
from simulation.actions import Action
from simulation.blunders import blunder
from simulation.deviants import deviate
from simulation.dice import DrawnDice, SeededDice
from simulation.run import gather
from simulation.settling import finish, settle, succeed
from simulation.together import Together
from simulation.world import World


def taking(action: Action) -> Callable[..., None]:
    """Return a rule by which an action is taken."""

    def take(machine: "Simulation", data: st.DataObject) -> None:
        machine.is_sound = False
        action(machine.world, DrawnDice(data))
        machine.is_sound = True

    take.__name__ = action.__name__
    return rule(data=st.data())(take)


class Simulation(RuleBasedStateMachine):
    """People with a group, of whom anybody may do anything at any time."""

    is_sound = False
    kind: ClassVar[type[World]] = World
    """What is simulated."""

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        dice = DrawnDice(data)
        self.world = self.kind(dice)
        gather(self.world, dice)
        self.is_sound = True

    speak = taking(actions.speak)
    shout = taking(actions.shout)
    debate = taking(actions.debate)
    propose = taking(actions.propose)
    propose_outside = taking(actions.propose_outside)
    propose_oneself = taking(actions.propose_oneself)
    propose_end = taking(actions.propose_end)
    commit = taking(actions.commit)
    commit_at_once = taking(actions.commit_at_once)
    withdraw = taking(actions.withdraw)
    join_from_outside = taking(actions.join_from_outside)
    lose_everything = taking(actions.lose_everything)
    deliver = taking(actions.deliver)
    deliver_letters = taking(actions.deliver_letters)
    catch_up = taking(actions.catch_up)
    send = taking(actions.send)
    repeat = taking(actions.repeat)
    restart = taking(actions.restart)
    inform = taking(actions.inform)
    misuse = taking(mistakes.misuse)

    @rule(data=st.data())
    def find_together(self, data: st.DataObject) -> None:
        self.is_sound = False
        dice = DrawnDice(data)
        settle(self.world, dice)
        if self.world.service.closed:
            succeed(self.world, dice)
        self.is_sound = True

    @invariant()
    def somebody_knows_the_group(self) -> None:
        assert not self.is_sound or self.world.present

    def teardown(self) -> None:
        if self.is_sound:
            finish(self.world, SeededDice(0))


class TogetherSimulation(Simulation):
    """The same for a group that uses all of the drafts."""

    kind = Together

    export = taking(components.export)
    acknowledge = taking(components.acknowledge)
    whisper = taking(components.whisper)
    invite = taking(components.invite)
    deviate = taking(deviate)
    blunder = taking(blunder)
