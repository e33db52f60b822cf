"""A device: a client of a user, before and beside the rooms that it is in.

Beside each operation is its section of the draft::

    device = Device.create(ClientUri.parse("mimi://a.example/d/alice/phone"))
    device, packages = device.key_packages(20, now=now)          # to one's own provider: 5.2
    founding = device.create_room(uri, COOPERATIVE..., now=now)  # to the hub: 3.1
    device, room = device.join(uri, welcome, now=now)            # from the hub: 5.5
    room = device.come_in(asking, response, now=now).room        # by a commit of its own: 5.6
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Self

import attrs

from mimi.client import joining, rows
from mimi.client.joining import Asking
from mimi.client.reading import CONTENT, leaf_type
from mimi.client.room import DeviceRoom
from mimi.client.state import Change, Judge, Owner, any_credential
from mimi.codec import encode
from mimi.content.media import RECOMMENDED, REQUIRED
from mimi.content.media import MediaType as ContentType
from mimi.crypto import CipherSuite, Entropy, Suite, os_entropy
from mimi.errors import UsageError
from mimi.identity import ClientUri, RoomUri
from mimi.mls import Client, KeyPackage, MediaType, Settings, WireFormat, agreement
from mimi.mls.client import DEFAULT_LIFETIME
from mimi.mls.components import ComponentID
from mimi.mls.group import read_key_package
from mimi.mls.negotiation import ComponentsList, MediaTypeList
from mimi.mls.rows import Changes
from mimi.policy.components import Rooms, room_components
from mimi.policy.structures import FRANKING_AGENT
from mimi.protocol.fanout import FanoutMessage
from mimi.protocol.franking import FRANK_AAD, FrankingAgent, FrankingAgentData
from mimi.protocol.groupinfo import GroupInfoResponse
from mimi.protocol.http import Refused
from mimi.protocol.protocol import ProviderOf, provider_of_basic
from mimi.tree.credential import BasicCredential, Credential
from mimi.tree.extension import ExternalSender

READ = REQUIRED + RECOMMENDED
"""The media types that a device reads where nothing else is said."""
SAFE_AAD = (FRANK_AAD, ComponentID.MESSAGE_ID)
"""What a device puts into the authenticated data, and reads there, where rooms require it."""


@attrs.frozen(eq=False)
class Founding:
    """A new room: store it, and give the group info and the tree to the hub.

    Attributes:
        room: The room.
        group_info: The encoded MLSMessage of the group info, without the tree.
        ratchet_tree: The encoded tree.
    """

    room: DeviceRoom
    group_info: bytes
    ratchet_tree: bytes


def settings_for(rooms: Rooms, base: Settings | None = None) -> Settings:
    """Return the settings of a device in rooms.

    The hub reads handshakes, and the tree comes beside a Welcome.

    Args:
        rooms: How groups are read as rooms.
        base: What else is to be set, with components of one's own.
    """
    given = Settings() if base is None else base
    known = {**given.components, **room_components(rooms), int(FRANKING_AGENT): FrankingAgent()}
    handshake = given.handshake
    if handshake == WireFormat.MLS_PRIVATE_MESSAGE:
        handshake = WireFormat.MLS_PUBLIC_MESSAGE
    return attrs.evolve(given, handshake=handshake, tree_in_welcome=False, components=known)


@attrs.frozen(eq=False, repr=False)
class Device:
    """A device: an immutable value; an operation returns the next one.

    Attributes:
        owner: Whose it is, and how it behaves in rooms.
        client: Its client, with the private keys of its key packages.
    """

    owner: Owner
    client: Client

    def __repr__(self) -> str:
        return f"Device({self.owner.client})"

    @classmethod
    def create(  # noqa: PLR0913 - each argument is one thing to choose
        cls,
        uri: ClientUri,
        suite: CipherSuite | Suite = CipherSuite.X25519_AES128,
        *,
        credential: Credential | None = None,
        reads: Iterable[ContentType] = READ,
        rooms: Rooms | None = None,
        settings: Settings | None = None,
        judge: Judge = any_credential,
        provider_of: ProviderOf = provider_of_basic,
        is_partial: bool = False,
        entropy: Entropy = os_entropy,
    ) -> Self:
        """Return a new device.

        Args:
            uri: Its URI.
            suite: The cipher suite.
            credential: What its leaves show; None for its URI.
            reads: The media types that it reads, beside MIMI content.
            rooms: How groups are read as rooms: the same for everybody.
            settings: How it behaves in its groups, as far as rooms leave it open.
            judge: By what the credentials of others are judged.
            provider_of: Whose credentials of providers are.
            is_partial: Whether commits are sent with a part of the group info alone.
            entropy: The source of randomness.

        Raises:
            UnnamedClientError: The credential does not say whose it is.
        """
        known = Rooms() if rooms is None else rooms
        shown = BasicCredential(str(uri).encode()) if credential is None else credential
        behaviour = settings_for(known, settings)
        kinds = dict.fromkeys((CONTENT, *map(leaf_type, reads)))
        supported = agreement(
            components=behaviour.components, safe_aad=SAFE_AAD, media_types=tuple(kinds)
        )
        client = Client.create(
            shown, suite, leaf_extensions=(supported,), settings=behaviour, entropy=entropy
        )
        user = known.identities.identify(shown)
        return cls(Owner(uri, user, known, judge, provider_of, is_partial), client)

    # Key packages (section 5.2)

    def key_packages(
        self, count: int, *, now: int, last_resort: bool = True, lifetime: int = DEFAULT_LIFETIME
    ) -> tuple[Self, tuple[KeyPackage, ...]]:
        """Make key packages, for one's own provider to give out.

        Args:
            count: How many are used once.
            now: Milliseconds since 1970-01-01T00:00Z.
            last_resort: Whether one more is made, to be used when they are all gone.
            lifetime: How long they are valid, in seconds.

        Returns:
            The device, to be stored first; and the key packages, that of last resort at the end.
        """
        client, made = self.client, list[KeyPackage]()
        for resort in (*[False] * count, *[True] * last_resort):
            client, wire = client.key_package(
                now=now // 1000, lifetime=lifetime, last_resort=resort
            )
            made.append(read_key_package(wire))
        return attrs.evolve(self, client=client), tuple(made)

    # Rooms

    def create_room(  # noqa: PLR0913 - what a room is made of, each by its name
        self,
        uri: RoomUri,
        components: Iterable[Any],
        participants: Mapping[bytes, int],
        *,
        hub: ExternalSender,
        now: int,
        franking: FrankingAgentData | None = None,
        media_types: Collection[MediaType] = (CONTENT,),
        safe_aad: Collection[int] = (ComponentID.MESSAGE_ID,),
        before: DeviceRoom | None = None,
    ) -> Founding:
        """Create a room (section 3.1).

        Args:
            uri: The room.
            components: What its components say, as structures; `Preset.components` has them.
            participants: From users to their roles: one's own, and that of the hub as
                ``policy_enforcer``, where there is that role.
            hub: The hub, as an external sender.
            now: Milliseconds since 1970-01-01T00:00Z.
            franking: Who franks messages; the messages have a franking tag then.
            media_types: What all members must read, MIMI content among it; then application data
                is framed. Nothing: nobody need read anything, and it is not.
            safe_aad: Which components say something in the authenticated data of messages; by
                default the ID of the message.
            before: What the device has of a room that persists, has no members any more, and
                begins anew with this group: its conversation goes on.

        Raises:
            UsageError: What the device has is of another room.
            PolicyRefusedError: The room breaks its own policy.
            InvalidError: A component is not consistent, or the device does not support what the
                room requires.
        """
        _check_same(uri, before)
        more: list[tuple[int, bytes]] = []
        listed = {int(each) for each in safe_aad}
        if franking is not None:
            more.append((int(FRANKING_AGENT), encode(franking)))
            listed.add(int(FRANK_AAD))
        if listed:
            numbers = tuple(map(ComponentID, sorted(listed)))
            more.append((int(ComponentID.SAFE_AAD), encode(ComponentsList(numbers))))
        if media_types:
            kinds = encode(MediaTypeList(tuple(media_types)))
            more.append((int(ComponentID.CONTENT_MEDIA_TYPES), kinds))
        group = joining.found(self.client, components, participants, hub, more, now)
        joining.check_room(self.owner, uri, group.extensions)
        room = joining.begun(DeviceRoom, self.owner, uri, group, before)
        created = now // 1000 if before is None else before.created
        room = attrs.evolve(room, created=created, opened={0: now}, waiting=())
        return Founding(room, room.group.group_info(tree=False), room.group.ratchet_tree)

    def join(
        self, uri: RoomUri, message: FanoutMessage, *, now: int, before: DeviceRoom | None = None
    ) -> tuple[Self, DeviceRoom]:
        """Join a room by a Welcome.

        Args:
            uri: The room, as the hub names it.
            message: The Welcome, as it was handed on.
            now: Milliseconds since 1970-01-01T00:00Z.
            before: What the device has of the room from when it was in it before.

        Returns:
            The device without the key package that was used, and the room: to be stored together.

        Raises:
            UsageError: What the device has is of another room.
            NoRoomError: The group is another room, or none; or it is no Welcome.
            NoSecretsError: The Welcome is for none of the device's key packages.
            DuplicateGroupError: The device is in the room.
            MissingTreeError: The tree is nowhere.
            InvalidError: A rule is broken; a class for each.
            ForbiddenError: The room breaks its own policy, or a credential is refused.
        """
        _check_same(uri, before)
        client, room = joining.welcome(
            DeviceRoom, self.client, self.owner, uri, message, now, before
        )
        return attrs.evolve(self, client=client), room

    def ask(self, uri: RoomUri, join_code: bytes | None = None) -> Asking:
        """Return a request for the group info of a room, to join it by a commit (section 5.6).

        Args:
            uri: The room.
            join_code: What may permit somebody to join who is no participant.
        """
        return joining.ask(self.client, uri, join_code)

    def come_in(
        self,
        asking: Asking,
        response: GroupInfoResponse | Refused,
        *,
        now: int,
        before: DeviceRoom | None = None,
        role: int | None = None,
    ) -> Change[DeviceRoom]:
        """Join a room by a commit of one's own, or come back into it.

        Args:
            asking: What was asked.
            response: What the hub has answered.
            now: Milliseconds since 1970-01-01T00:00Z.
            before: What the device has of the room, which it cannot follow any more.
            role: The role for who is no participant; None for the one that the joining code, a
                preauthorisation or role 0 gives.

        Raises:
            GroupInfoRefusedError: The hub does not give it: who asks may not come in, or there is
                no such room.
            RefusedError: The answer is a status.
            GroupInfoBodyError: The answer breaks a rule; the class says which.
            NoRoomError: The group is another room, or none.
            NoWayInError: The room has no role for who joins.
            ForbiddenError: The policy does not let the user join, or a credential is refused.
            InvalidError: A rule is broken; a class for each.
            UsageError: What the device has is of another room.
        """
        _check_same(asking.uri, before)
        return joining.come_in(
            DeviceRoom,
            self.client,
            self.owner,
            asking,
            response,
            now,
            before=before,
            role=role,
        )

    # Storing

    def save(self) -> dict[str, bytes]:
        """Return the device in rows, by their names; they hold private keys in the clear."""
        return dict(rows.device_changes(self.owner, self.client, None).written)

    def changes_since(self, before: "Device") -> Changes:
        """Return what to do with the rows of an earlier value to have the rows of this one."""
        return rows.device_changes(self.owner, self.client, before.client)

    @classmethod
    def load(
        cls,
        stored: Mapping[str, bytes],
        *,
        owner: Owner | None = None,
        settings: Settings | None = None,
        entropy: Entropy = os_entropy,
    ) -> Self:
        """Return the device of stored rows.

        Args:
            stored: All rows of the device, and no others.
            owner: How it behaves in rooms; None for the default. Its URIs are among the rows.
            settings: How it behaves in its groups, as in `create`; not among the rows.
            entropy: The source of randomness.

        Raises:
            NewerSnapshotError: A row has a version that is not known here.
            DamagedSnapshotError: The rows are not what was stored; names the row.
        """
        known, own = rows.load_device(stored, owner)
        client = Client.load(own, entropy=entropy, settings=settings_for(known.rooms, settings))
        return cls(known, client)

    def load_room(self, stored: Mapping[str, bytes]) -> DeviceRoom:
        """Return a room of stored rows; errors are those of `load`.

        Args:
            stored: All rows of the room, and no others.
        """
        client = self.client
        return rows.load_room(DeviceRoom, stored, self.owner, client.settings, client.entropy)


def _check_same(uri: RoomUri, before: DeviceRoom | None) -> None:
    """Check that what a device has of a room is of that room."""
    if before is not None and before.uri != uri:
        raise UsageError(f"{before.uri} is another room")
