"""Everything that this library raises on purpose.

Four families say whose fault it is, and so what to do::

    MalformedError   the octets do not parse           drop them
    InvalidError     they break a rule of a protocol   reject them, keep the state
    ForbiddenError   legal, but not in this room       tell the sender
    UsageError       a mistake of our caller           mend the program

Below each family stands one class for each rule, beside the code that checks the rule.
Any other exception that comes from what a peer sent is a bug of this library.
"""

from typing import ClassVar


class MimiError(Exception):
    """The root of every error that the library raises on purpose.

    Attributes:
        rule: The specification and section of the broken rule, as ``"RFC 9420 section 7.3"``.
        reason: What happened, as a sentence for a log.
        where: The values that a log or a program needs: ``leaf=4``, ``node=7``, ``field=...``.
    """

    rule: ClassVar[str] = ""

    def __init__(self, reason: str, **where: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.where = where

    def __str__(self) -> str:
        return f"{self.reason} ({self.rule})" if self.rule else self.reason


class MalformedError(MimiError):
    """The octets are not an encoding of the declared structure: drop them.

    Attributes:
        path: The field that failed, from the outermost structure:
            ``Commit.proposals[3].add.key_package``.
        offset: The position in the input, in octets from 0, of what failed: a field, its length,
            or the octets that are missing.
    """

    def __init__(self, reason: str, path: str = "", offset: int | None = None) -> None:
        super().__init__(reason, path=path, offset=offset)
        self.path = path
        self.offset = offset

    def __str__(self) -> str:
        place = self.path
        if self.offset is not None:
            place = f"{place} at octet {self.offset}".lstrip()
        text = super().__str__()
        return f"{place}: {text}" if place else text


class InvalidError(MimiError):
    """Well-formed octets break a rule of the protocol: reject them and keep the state."""


class ForbiddenError(MimiError):
    """An action that the protocol allows, but the room's policy does not."""


class UsageError(MimiError):
    """Our caller asked for what cannot be done."""
