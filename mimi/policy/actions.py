"""Who asks for what: the terms in which the policy of a room is stated and decided.

A commit is a list of `Request`s: what each of those whose proposals it covers asks for. The same
terms serve to ask beforehand, as a user interface does to know which buttons to show.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

import attrs

from mimi.policy.capability import Capability
from mimi.policy.structures import BaseRoomPolicy, RoleData
from mimi.tree.codepoints import CredentialType

ClaimKey: TypeAlias = tuple[int, bytes]
"""A credential type and the `ClaimId.id` in credentials of that type."""

Claims: TypeAlias = Mapping[ClaimKey, frozenset[bytes]]
"""What a credential says: of each claim the values that it has."""

NO_CLAIMS: Claims = MappingProxyType({})


def claims_of(kind: CredentialType, values: Mapping[bytes, Iterable[bytes]]) -> Claims:
    """Return the claims of a credential.

    Args:
        kind: The type of the credential.
        values: From each `ClaimId.id` to its values.
    """
    return MappingProxyType({(int(kind), at): frozenset(each) for at, each in values.items()})


class ActorKind(Enum):
    """From where somebody acts."""

    MEMBER = "member"
    """A client in the group."""
    JOINER = "joiner"
    """A client that joins by a commit of its own, or proposes to be added."""
    EXTERNAL = "external"
    """A sender whom the group knows and who is not in it, such as the hub."""


@attrs.frozen
class Actor:
    """Who asks.

    Attributes:
        user: The participant's URI, in canonical form: that of the user, or of the provider.
        kind: From where.
        claims: What the credential says, for preauthorisation.
        join_code: The joining link that a joiner shows; None where it shows none.
    """

    user: bytes
    kind: ActorKind = ActorKind.MEMBER
    claims: Claims = attrs.field(default=NO_CLAIMS, hash=False, repr=False)
    join_code: bytes | None = None


# What is asked for


@attrs.frozen
class AddParticipant:
    """Put a user into the participant list."""

    user: bytes
    role: int


@attrs.frozen
class RemoveParticipant:
    """Take a user out of the participant list."""

    user: bytes


@attrs.frozen
class ChangeRole:
    """Give a participant another role; 1 bans, and unbans whom it is taken from."""

    user: bytes
    role: int


@attrs.frozen
class AddClient:
    """Bring a client of a user into the group."""

    user: bytes


@attrs.frozen
class RemoveClient:
    """Take a client of a user out of the group."""

    user: bytes


@attrs.frozen
class ReplaceClient:
    """Come back with a new leaf in place of one's old one, by a commit from outside."""

    user: bytes


@attrs.frozen
class ChangeIdentity:
    """Go on as another user: nobody may."""

    user: bytes
    becomes: bytes


METADATA = {
    "room_name": Capability.CAN_CHANGE_ROOM_NAME,
    "room_descriptions": Capability.CAN_CHANGE_ROOM_DESCRIPTION,
    "room_avatar": Capability.CAN_CHANGE_ROOM_AVATAR,
    "room_subject": Capability.CAN_CHANGE_ROOM_SUBJECT,
    "room_mood": Capability.CAN_CHANGE_ROOM_MOOD,
}
"""Which capability changes which field of the metadata (section 8.2); nobody changes the URI."""


@attrs.frozen
class ChangeMetadata:
    """Change fields of the room's metadata, by the names of `RoomMetaData`."""

    fields: frozenset[str]


@attrs.frozen
class ChangeRoles:
    """Define the roles anew."""

    roles: RoleData


@attrs.frozen
class ChangePreauthorized:
    """Change who is preauthorised."""


@attrs.frozen
class ChangeBasePolicy:
    """Change the base policy."""

    policy: BaseRoomPolicy


@attrs.frozen
class ChangeJoinLinks:
    """Add joining links, take some away, or both."""

    adds: bool = False
    removes: bool = False


@attrs.frozen
class ChangeComponent:
    """Change another component of the policy."""

    component_id: int


@attrs.frozen
class RemoveComponent:
    """Take the data of a component away."""

    component_id: int


@attrs.frozen
class ChangeExtensions:
    """Change the extensions of the group, such as the external senders.

    Attributes:
        forgets: Whether nothing changes but that external senders go of whom nobody takes part.
    """

    forgets: bool = False


@attrs.frozen
class Reinitialize:
    """End the group, to go on in another one (ReInit)."""


@attrs.frozen
class Perform:
    """Do something that changes no state: send, copy, call, destroy the room.

    Attributes:
        capability: What it takes.
    """

    capability: Capability


Action: TypeAlias = (
    AddParticipant
    | RemoveParticipant
    | ChangeRole
    | AddClient
    | RemoveClient
    | ReplaceClient
    | ChangeIdentity
    | ChangeMetadata
    | ChangeRoles
    | ChangePreauthorized
    | ChangeBasePolicy
    | ChangeJoinLinks
    | ChangeComponent
    | RemoveComponent
    | ChangeExtensions
    | Reinitialize
    | Perform
)


@attrs.frozen
class Request:
    """What one asks for, to be done together.

    Attributes:
        actor: Who.
        actions: What.
    """

    actor: Actor
    actions: tuple[Action, ...]
