"""The components of vectors, whose logic has a name (vectors/mls-extensions/README.md)."""

from collections.abc import Callable, Sequence

from mimi.mls.appdata import Component, Proposed
from mimi.mls.builtin import BUILT_IN
from mimi.mls.component_errors import ComponentRefusalError
from mimi.mls.components import ComponentID
from mimi.mls.framing import Sender
from mimi.mls.state import PublicState

Call = tuple[int, str, tuple[bytes, ...]]
"""What a component was given: its number, ``ephemeral``, ``update`` or ``remove``, and the data."""


class Replace(Component):
    """The last update is the new data."""

    def updated(
        self,
        before: bytes | None,  # noqa: ARG002 - what was there does not matter
        updates: Sequence[Proposed],
        state: PublicState,  # noqa: ARG002
    ) -> bytes:
        """Return the last update, where all are data."""
        for update in updates:
            self.check_data(update.data)
        return updates[-1].data

    def check_ephemeral(self, proposed: Proposed, state: PublicState) -> None:  # noqa: ARG002
        """Take what may be data."""
        self.check_data(proposed.data)


class Append(Replace):
    """Updates are put behind the data."""

    def updated(
        self,
        before: bytes | None,
        updates: Sequence[Proposed],
        state: PublicState,  # noqa: ARG002
    ) -> bytes:
        """Return the data and the updates behind it."""
        return b"".join((before or b"", *(update.data for update in updates)))


class Counter(Component):
    """A number of four octets, to which numbers are added."""

    def updated(
        self,
        before: bytes | None,
        updates: Sequence[Proposed],
        state: PublicState,  # noqa: ARG002
    ) -> bytes:
        """Return the sum."""
        for update in updates:
            self.check_data(update.data)
        numbers = (before or b"", *(update.data for update in updates))
        total = sum(int.from_bytes(number, "big") for number in numbers)
        if total >> 32:
            raise ComponentRefusalError("the sum has more than 32 bits")
        return total.to_bytes(4, "big")

    def check_data(self, data: bytes) -> None:
        """Take four octets."""
        if len(data) != 4:
            raise ComponentRefusalError(f"a number of {len(data)} octets")


class RefuseOdd(Replace):
    """Nothing has an odd number of octets."""

    def check_data(self, data: bytes) -> None:
        """Take an even number of octets."""
        if len(data) % 2:
            raise ComponentRefusalError(f"{len(data)} octets")


LOGICS: dict[str, Component] = {
    "replace": Replace(),
    "append": Append(),
    "counter": Counter(),
    "refuse-odd": RefuseOdd(),
    "components-list": BUILT_IN[ComponentID.APP_COMPONENTS],
    "media-type-list": BUILT_IN[ComponentID.CONTENT_MEDIA_TYPES],
    "app-ack": BUILT_IN[ComponentID.APP_ACK],
}
"""The logics by their names."""

BUILT_IN_LOGICS: dict[int, str] = {
    ComponentID.APP_COMPONENTS: "components-list",
    ComponentID.SAFE_AAD: "components-list",
    ComponentID.CONTENT_MEDIA_TYPES: "media-type-list",
    ComponentID.APP_ACK: "app-ack",
}
"""What the components that the draft itself defines have."""


class Heard(Component):
    """A component that has what it is given written down.

    Args:
        number: Its number.
        logic: What it does otherwise.
        write: Takes what it was given.
    """

    def __init__(self, number: int, logic: Component, write: Callable[[Call], object]) -> None:
        self.number, self.logic, self.write = number, logic, write

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        """Write down the updates."""
        self.write((self.number, "update", tuple(update.data for update in updates)))
        return self.logic.updated(before, updates, state)

    def check_removal(self, before: bytes, sender: Sender, state: PublicState) -> None:
        """Write down the removal."""
        self.write((self.number, "remove", ()))
        self.logic.check_removal(before, sender, state)

    def check_ephemeral(self, proposed: Proposed, state: PublicState) -> None:
        """Write down the data."""
        self.write((self.number, "ephemeral", (proposed.data,)))
        self.logic.check_ephemeral(proposed, state)

    def check_data(self, data: bytes) -> None:
        """Leave it to the logic."""
        self.logic.check_data(data)
