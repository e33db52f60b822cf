"""What a hub is, whatever happens in its rooms: its keys, and what it hosts (sections 4.3 and 7.4).

::

    group --rooms--> room as its policy sees it --envelope, parents, fixed rooms--> hosted, or not
    external senders of the group: the hub among them, always
"""

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
from mimi.protocol.audience import left_between, takes_part
from mimi.protocol.errors import (
    EnvelopeError,
    FixedRoomError,
    HubReceiverError,
    HubSenderMissingError,
    ParentHubError,
    ParentSubsetError,
    RoomUriError,
)
from mimi.protocol.protocol import ProviderOf, provider_of_basic
from mimi.protocol.room import HubRoom
from mimi.tree.credential import Credential
from mimi.tree.extension import Extensions, ExternalSender, external_senders

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


Hosted: TypeAlias = Callable[[RoomUri], Room | None]
"""From a room to what it is, if it is hosted here; None where it is not."""


def participants_of(room: Room) -> frozenset[bytes]:
    """Return the participants of a room that are not banned, by which a fixed one is known."""
    return frozenset(user for user in room.participants.roles if takes_part(room, user))


def _named(policy: RoomPolicy) -> bytes | None:
    """Return which room the metadata name; None where there are none."""
    return None if policy.metadata is None else policy.metadata.room_uri


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
        hosted: What other rooms are, on which one may depend; None where it is not known, and
            `Rooms.parents` alone says who takes part in them.
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
    hosted: Hosted | None = None
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

    def check_group(self, extensions: Extensions) -> None:
        """Check whom outside the extensions of a group context name.

        Raises:
            HubSenderMissingError: The hub is no external sender.
            HubReceiverError: Somebody else than the hub reads semi-private handshakes.
        """
        self.sender_index(extensions)
        self.check_receivers(extensions)

    def sender_index(self, extensions: Extensions) -> int:
        """Return the hub's place among a group's external senders.

        Raises:
            HubSenderMissingError: It has none.
        """
        senders = external_senders(extensions)
        if self.sender not in senders:
            raise HubSenderMissingError("the hub is no external sender of the group")
        return senders.index(self.sender)

    def check_receivers(self, extensions: Extensions) -> None:
        """Check that nobody but the hub reads what is hidden from other providers.

        Raises:
            HubReceiverError: Another provider does, or the hub does not.
        """
        known = [key.public for key in self.receivers]
        listed = agreed_receivers(extensions)
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
            RoomUriError: The metadata come to name another room.
            EnvelopeError: The policy is none that the provider hosts.
            ParentHubError: It depends on a room that is not hosted here.
            ParentSubsetError: Its participants are no strict subset of those of that room.
            FixedRoomError: It is of fixed membership, and its participants have such a room.
        """
        policy, base = room.policy, room.policy.base
        was = None if before is None else before.policy
        if policy is not was:
            reason = self.envelope(policy)
            if reason is not None and (was is None or self.envelope(was) is None):
                raise EnvelopeError(reason)
            named, known = _named(policy), None if was is None else _named(was)
            if named not in (None, known, str(uri).encode()):
                raise RoomUriError("the metadata name another room", room=str(uri))
        for parent in base.parent_room:
            self._check_parent(parent, uri, room, before)
        if base.fixed_membership:
            self._check_fixed(uri, room, before)

    def _check_fixed(self, uri: RoomUri, room: Room, before: Room | None) -> None:
        """Check that the participants of a room of fixed membership have no other one."""
        users = participants_of(room)
        was_fixed = before is not None and before.policy.base.fixed_membership
        if was_fixed and before is not None and participants_of(before) == users:
            return
        others = [each for each in self.fixed_rooms(users) if each != uri]
        if others:
            raise FixedRoomError(f"{others[0]} has the same participants", room=str(others[0]))

    def _check_parent(self, parent: bytes, uri: RoomUri, room: Room, before: Room | None) -> None:
        """Check a room on which another depends: whoever comes into that must take part in it."""
        found = parse(parent.decode("ascii"))
        is_new = before is None or before.policy.base.parent_room != room.policy.base.parent_room
        if is_new and found.provider not in (self.provider, uri.provider):
            raise ParentHubError(f"{found} is not hosted here", parent=parent)
        coming: Collection[bytes]  # who comes is who has left, looking back
        coming = participants_of(room) if is_new or before is None else left_between(room, before)
        if self.hosted is None or not coming:
            return
        above = self.hosted(found) if isinstance(found, RoomUri) else None
        if above is None:
            raise ParentHubError(f"{found} is not hosted here", parent=parent)
        outside = [user for user in sorted(coming) if not takes_part(above, user)]
        if outside:
            reason = f"{outside[0].decode()} does not take part in {found}"
            raise ParentSubsetError(reason, parent=parent, user=outside[0])
        if room.users >= above.users:
            raise ParentSubsetError(f"no strict subset of who takes part in {found}", parent=parent)
