"""The simulated room as a state machine of Hypothesis, which draws policies, actors and steps."""

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from policy.room_run import STEPS, Step
from policy.room_world import World
from simulation.dice import DrawnDice


def taking(step: Step) -> Callable[..., None]:
    """Return a rule by which a step is taken."""

    def take(machine: "RoomMachine", data: st.DataObject) -> None:
        machine.is_sound = False
        step(machine.world, DrawnDice(data))
        machine.is_sound = True

    take.__name__ = step.__name__
    return rule(data=st.data())(take)


class RoomMachine(RuleBasedStateMachine):
    """A room under a random policy, in which anybody may try anything at any time."""

    is_sound = False

    @initialize(data=st.data())
    def found(self, data: st.DataObject) -> None:
        self.world = World(DrawnDice(data))
        self.is_sound = True

    @invariant()
    def all_agree(self) -> None:
        if self.is_sound:
            self.world.check()


for each in STEPS:
    setattr(RoomMachine, each.__name__, taking(each))
