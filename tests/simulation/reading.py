"""Which messages of a sender a member must be able to read, from the settings alone.

This says again, in the simplest way, what `mimi.mls.Window` promises.
"""

import attrs

from mimi.errors import InvalidError
from mimi.mls import Window
from mimi.mls.errors import GenerationTooFarError, KeyConsumedError


@attrs.define
class Reading:
    """How far a member has read what a sender says in an epoch.

    Attributes:
        window: The member's.
        following: The first generation that was not reached.
        kept: The generations before that which can still be read.
    """

    window: Window
    following: int = 0
    kept: set[int] = attrs.field(factory=set)

    def refusal(self, generation: int) -> type[InvalidError] | None:
        """Return with what a message is refused; None if it must be read."""
        if generation < self.following:
            return None if generation in self.kept else KeyConsumedError
        too_far = generation - self.following > self.window.ahead
        return GenerationTooFarError if too_far else None

    def read(self, generation: int) -> None:
        """Note that a message was read."""
        if generation < self.following:
            self.kept.remove(generation)
            return
        reached = self.kept | set(range(self.following, generation))
        young = sorted(at for at in reached if at >= generation - self.window.behind)
        self.kept = set(young[max(len(young) - self.window.kept, 0) :])
        self.following = generation + 1
