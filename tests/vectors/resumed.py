"""A transcript that is changed somewhere, replayed from there on: what is before is as it was.

A step looks ahead at none but those that it sends. So all goes as in the whole transcript up to the
first step that is another one, or that sends another one; from a copy of the machines, made before
it, the changed steps are replayed. What machines have are values, which copies share.
"""

from copy import copy
from typing import Any

import attrs

from mimi.vectors import Case, Kind
from mimi.vectors.checks.content import check_kind
from mimi.vectors.checks.transcripts import Replay, check_transcript
from mimi.vectors.transcript_device import Listener, Seen
from mimi.vectors.transcript_form import check_form
from mimi.vectors.transcript_provider import Station

EVERY = 12
"""After so many steps there is a copy."""


def copied(value: Any) -> Any:
    """A copy that goes on alone."""
    match value:
        case Replay() | Station() | Listener() | Seen():
            twin = copy(value)
            vars(twin).update({name: copied(each) for name, each in vars(value).items()})
            return twin
        case dict():
            return {key: copied(each) for key, each in value.items()}
        case list() | set():
            return type(value)(value)
    return value


class Resumable:
    """A transcript that is good, with copies of its machines from time to time."""

    def __init__(self, kind: Kind, data: dict[str, Any]) -> None:
        self.kind = attrs.evolve(kind, check=self.check)
        self.data, self.copies = data, list[Replay]()
        self.senders: dict[int, int] = {}
        case = Case(data)
        replay = Replay(case, check_form(case))
        for at, step in enumerate(data["steps"]):
            if at % EVERY == 0:
                self.copies.append(copied(replay))
            replay.step(at)
            self.senders |= dict.fromkeys(step.get("sends", ()), at)

    def first_other(self, data: dict[str, Any]) -> int:
        """The first step for which it matters that a transcript is another one."""
        steps, known = data["steps"], self.data["steps"]
        header = data.keys() - {"steps", "end"}
        if any(data[name] is not self.data.get(name) for name in header):
            return 0
        if not isinstance(steps, list) or len(steps) != len(known):
            return 0
        others = [at for at, step in enumerate(steps) if step is not known[at]]
        return min([len(steps), *others, *(self.senders.get(at, at) for at in others)])

    def check(self, case: Case) -> None:
        """Replay a transcript that shares with this one whatever is not changed."""
        first = self.first_other(case.data)
        if first < EVERY:
            check_transcript(case)
            return
        check_kind(case, self.kind.name)
        steps = check_form(case)
        number = min(first // EVERY, len(self.copies) - 1)
        replay = copied(self.copies[number])
        replay.steps, replay.cases = steps, list(case.parts("steps"))
        for at in range(number * EVERY, len(steps)):
            replay.step(at)
        case.same("end", replay.end())
