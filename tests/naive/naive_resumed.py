"""Transcripts that are damaged somewhere, checked from there on: what is before is good.

A step looks ahead at none but those that it sends. So all goes as in the whole transcript up to the
first step that is another one, or that sends another one, and a copy of who takes part, made before
it, goes on with the damaged steps.
"""

from copy import deepcopy
from typing import Any

from naive.naive_agree import checking
from naive.naive_transcript import Transcript, replay

EVERY = 12
"""After so many steps there is a copy: of more, making them costs more than going on from them."""


def parts_of(value: Any) -> list[Any]:
    """A JSON value and all in it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(part for each in inner for part in parts_of(each))]


class Resumable:
    """A transcript that agrees, with copies of who takes part from time to time."""

    def __init__(self, case: dict) -> None:
        self.case = case
        self.shared = {id(part): part for part in parts_of(case)}  # nobody changes them
        self.copies: list[Transcript] = []
        self.senders: dict[int, int] = {}
        whole = Transcript(case)
        for number, step in enumerate(case["steps"]):
            if number % EVERY == 0:
                self.copies.append(self.copied(whole))
            whole.take(number, step)
            for sent in step.get("sends", []):
                self.senders.setdefault(sent, number)
        self.whole = whole

    def copied(self, transcript: Transcript) -> Transcript:
        return deepcopy(transcript, dict(self.shared))

    def first_other(self, case: dict) -> int:
        """The first step for which it matters that a case is another one."""
        if any(case[name] is not self.case[name] for name in case.keys() - {"steps", "end"}):
            return 0
        pairs = enumerate(zip(case["steps"], self.case["steps"], strict=True))
        others = [at for at, (one, other) in pairs if one is not other]
        return min([len(self.case["steps"]), *others, *(self.senders.get(at, at) for at in others)])

    def check(self, case: dict) -> None:
        """Check a case that shares with this one whatever is not damaged."""
        checking(self.go_on)(case)

    def go_on(self, case: dict) -> None:
        number = min(self.first_other(case) // EVERY, len(self.copies) - 1)
        transcript = self.copied(self.copies[number])
        transcript.steps = case["steps"]
        replay(transcript, case, number * EVERY)
