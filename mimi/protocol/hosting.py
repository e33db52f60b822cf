"""What a hub is, whatever happens in its rooms: its keys, and how it reads groups as rooms."""

from collections.abc import Callable, Collection
from typing import TypeAlias

import attrs

from mimi.crypto import Entropy, HmacSha256, HPKEPrivateKey, Secret, SignaturePrivateKey, os_entropy
from mimi.errors import UsageError
from mimi.identity import Domain, RoomUri, parse
from mimi.mls import PublicGroup
from mimi.mls.external_receivers import agreed_receivers
from mimi.policy.components import Rooms
from mimi.policy.policy import RoomPolicy
from mimi.policy.room import Room
from mimi.protocol.audience import takes_part
from mimi.protocol.errors import (
    EnvelopeError,
    FixedRoomError,
    HubReceiverError,
    HubSenderMissingError,
    ParentHubError,
)
from mimi.protocol.protocol import ProviderOf, provider_of_basic
from mimi.protocol.room import HubRoom
from mimi.tree.credential import Credential
from mimi.tree.extension import ExternalSender, external_senders

Envelope: TypeAlias = Callable[[RoomPolicy], str | None]
"""From a policy to why this provider does not host such rooms; None where it does."""


def any_policy(policy: RoomPolicy) -> str | None:  # noqa: ARG001 - an envelope takes the policy
    """Host rooms of every policy."""
    return None


FixedRooms: TypeAlias = Callable[[frozenset[bytes]], Collection[RoomUri]]
"""From participants to the rooms of fixed membership that they have already."""


def no_fixed_rooms(users: frozenset[bytes]) -> Collection[RoomUri]:  # noqa: ARG001 - it takes users
    """Know nothing of other rooms."""
    return ()


def participants_of(room: Room) -> frozenset[bytes]:
    """Return the participants of a room that are not banned, by which a fixed one is known."""
    return frozenset(user for user in room.participants.roles if takes_part(room, user))


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
        fixed_rooms: Which rooms of fixed membership there are.
        receivers: The private keys with which it reads semi-private handshakes, as the sole
            external receiver of groups (draft-mahy-mls-semiprivatemessage-07).
        franking_key: The hub's secret, set up for use.
    """

    provider: Domain
    signer: SignaturePrivateKey
    credential: Credential
    hub_key: Secret
    rooms: Rooms = attrs.field(factory=Rooms)
    envelope: Envelope = any_policy
    provider_of: ProviderOf = provider_of_basic
    entropy: Entropy = os_entropy
    fixed_rooms: FixedRooms = no_fixed_rooms
    receivers: tuple[HPKEPrivateKey, ...] = ()
    franking_key: HmacSha256 = attrs.field(init=False)

    @franking_key.default
    def _hub_key_set_up(self) -> HmacSha256:
        return HmacSha256(self.hub_key)

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

    def check_receivers(self, group: PublicGroup) -> None:
        """Check that nobody but the hub reads what is hidden from other providers.

        Raises:
            HubReceiverError: Another provider does, or the hub does not.
        """
        known = [key.public for key in self.receivers]
        listed = agreed_receivers(group.extensions)
        if any(each.external_receiver_public_key not in known for each in listed):
            raise HubReceiverError("an external receiver of the group is not the hub")

    def room_of(self, group: PublicGroup) -> Room:
        """Return a group as its policy sees it."""
        found = self.rooms.room(group.state)
        if found is None:
            raise UsageError("the group is no room")
        return found

    def room(self, room: HubRoom) -> Room:
        """Return a room as its policy sees it."""
        return self.room_of(room.group)

    def check_hosted(self, uri: RoomUri, room: Room, before: Room | None = None) -> None:
        """Check that this provider hosts such a room.

        A room that the provider would not host any more goes on, whatever changes in it.

        Args:
            uri: The room.
            room: What it is, or would be after a commit.
            before: What it was; None for a new one.

        Raises:
            EnvelopeError: The policy is none that the provider hosts.
            ParentHubError: It depends on a room that is not hosted here.
            FixedRoomError: It is of fixed membership, and its participants have such a room.
        """
        policy, base = room.policy, room.policy.base
        was = None if before is None else before.policy
        if policy is not was:
            reason = self.envelope(policy)
            if reason is not None and (was is None or self.envelope(was) is None):
                raise EnvelopeError(reason)
            for parent in base.parent_room:
                found = parse(parent.decode("ascii"))
                if found.provider not in (self.provider, uri.provider):
                    raise ParentHubError(f"{found} is not hosted here", parent=parent)
        same = before is not None and before.participants is room.participants
        if base.fixed_membership and not (same and was is not None and was.base.fixed_membership):
            others = [each for each in self.fixed_rooms(participants_of(room)) if each != uri]
            if others:
                raise FixedRoomError(f"{others[0]} has the same participants", room=str(others[0]))
