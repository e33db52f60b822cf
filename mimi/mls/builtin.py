"""The components that draft-ietf-mls-extensions-10 itself defines, with their logic.

What an update of them means is open in the draft: here an update is the new data, whole, and of
several in one commit the last one counts.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mimi.codec import decode
from mimi.errors import MalformedError
from mimi.mls.appack import AppAck
from mimi.mls.appdata import Component, Components, Proposed
from mimi.mls.component_errors import ComponentRefusalError
from mimi.mls.components import ComponentID
from mimi.mls.negotiation import ComponentsList, MediaTypeList

if TYPE_CHECKING:
    from mimi.mls.state import PublicState


class Replaced(Component):
    """A component whose update is its new data, of a declared structure.

    Args:
        declaration: The structure.
    """

    def __init__(self, declaration: Any) -> None:
        self.declaration = declaration

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: "PublicState"
    ) -> bytes:
        """Return the last update; all of them must be what they should be."""
        for update in updates:
            self.check_data(update.data)
        return updates[-1].data

    def check_data(self, data: bytes) -> None:
        """Check that data is an encoding of the structure."""
        try:
            decode(self.declaration, data)
        except MalformedError as error:
            raise ComponentRefusalError(str(error)) from error


class _MediaTypes(Replaced):
    def check_data(self, data: bytes) -> None:
        super().check_data(data)
        if not decode(MediaTypeList, data).media_type_list:
            raise ComponentRefusalError("content_media_types names no media type")


class _AppAck(Component):
    def check_ephemeral(self, proposed: Proposed, state: "PublicState") -> None:
        try:
            decode(AppAck, proposed.data)
        except MalformedError as error:
            raise ComponentRefusalError(str(error)) from error


BUILT_IN: Components = MappingProxyType(
    {
        int(ComponentID.APP_COMPONENTS): Replaced(ComponentsList),
        int(ComponentID.SAFE_AAD): Replaced(ComponentsList),
        int(ComponentID.CONTENT_MEDIA_TYPES): _MediaTypes(MediaTypeList),
        int(ComponentID.APP_ACK): _AppAck(),
    }
)
"""What every client and follower of this library knows."""


def with_built_in(components: Mapping[int, Component]) -> Components:
    """Return an application's components and, where it has no logic of its own, the built-in."""
    if isinstance(components, MappingProxyType) and BUILT_IN.keys() <= components.keys():
        return components  # they were added before
    return MappingProxyType({**BUILT_IN, **{int(at): each for at, each in components.items()}})
