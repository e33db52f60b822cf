"""What a hub is, whatever happens in its rooms: its keys, and how it reads groups as rooms."""

from collections.abc import Callable
from typing import TypeAlias

import attrs

from mimi.crypto import Entropy, Secret, SignaturePrivateKey, os_entropy
from mimi.errors import UsageError
from mimi.identity import Domain
from mimi.mls import PublicGroup
from mimi.policy.components import Rooms
from mimi.policy.policy import RoomPolicy
from mimi.policy.room import Room
from mimi.protocol.errors import HubSenderMissingError
from mimi.protocol.protocol import ProviderOf, provider_of_basic
from mimi.protocol.room import HubRoom
from mimi.tree.credential import Credential
from mimi.tree.extension import ExternalSender, external_senders

Envelope: TypeAlias = Callable[[RoomPolicy], str | None]
"""From a policy to why this provider does not host such rooms; None where it does."""


def any_policy(policy: RoomPolicy) -> str | None:  # noqa: ARG001 - an envelope takes the policy
    """Host rooms of every policy."""
    return None


@attrs.frozen(eq=False, repr=False)
class Hosting:
    """What a hub is.

    Attributes:
        provider: Its domain.
        signer: The private key of its external sender, and of its franks.
        credential: Its credential, as the groups' external senders name it.
        hub_key: The secret by which it recognises its own franks.
        rooms: How groups are read as rooms.
        envelope: Which policies it hosts (draft-ietf-mimi-arch-02 section 4.4).
        provider_of: Whose credentials of providers are.
        entropy: The source of randomness for sealing.
    """

    provider: Domain
    signer: SignaturePrivateKey
    credential: Credential
    hub_key: Secret
    rooms: Rooms = attrs.field(factory=Rooms)
    envelope: Envelope = any_policy
    provider_of: ProviderOf = provider_of_basic
    entropy: Entropy = os_entropy

    @property
    def user(self) -> bytes:
        """The hub as a participant."""
        return f"mimi://{self.provider}".encode()

    @property
    def sender(self) -> ExternalSender:
        """The hub as an external sender of its groups."""
        return ExternalSender(self.signer.public, self.credential)

    def sender_index(self, group: PublicGroup) -> int:
        """Return the hub's place among a group's external senders.

        Raises:
            HubSenderMissingError: It has none.
        """
        senders = external_senders(group.extensions)
        if self.sender not in senders:
            raise HubSenderMissingError("the hub is no external sender of the group")
        return senders.index(self.sender)

    def room_of(self, group: PublicGroup) -> Room:
        """Return a group as its policy sees it."""
        found = self.rooms.room(group.state)
        if found is None:
            raise UsageError("the group is no room")
        return found

    def room(self, room: HubRoom) -> Room:
        """Return a room as its policy sees it."""
        return self.room_of(room.group)
