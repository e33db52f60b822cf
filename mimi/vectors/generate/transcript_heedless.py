"""How a room looks to a device that does not care for its policy."""

import attrs

from mimi.codec import decode, encode, replace
from mimi.mls.components import app_data
from mimi.mls.state import PublicState
from mimi.policy.components import Rooms
from mimi.policy.policy import RoomPolicy
from mimi.policy.room import Room
from mimi.policy.structures import ROLES_LIST, Role, RoleData


@attrs.frozen(eq=False)
class Heedless(Rooms):
    """Takes a role for the mightiest of the room.

    Attributes:
        role: The role of the device's user.
    """

    role: int = 0

    def room(self, state: PublicState) -> Room | None:
        """Return the room that a group is, as if the role might do everything."""
        found = super().room(state)
        if found is None:
            return None
        data = app_data(state.context.extensions)
        roles = decode(RoleData, data[ROLES_LIST]).roles
        mighty = max(roles, key=lambda each: len(each.role_capabilities))
        changed = RoleData(tuple(self._raised(each, mighty) for each in roles))
        policy = RoomPolicy.of({**data, int(ROLES_LIST): encode(changed)})
        return Room.of(policy, found.participants, found.clients)

    def _raised(self, role: Role, mighty: Role) -> Role:
        if role.role_index != self.role:
            return role
        return replace(
            role,
            role_capabilities=mighty.role_capabilities,
            authorized_role_changes=mighty.authorized_role_changes,
        )
