"""The hub of rooms: it orders what happens, judges it, and tells everybody (sections 4.3 and 5).

::

    update        proposals and commits       judged by MLS and by the room's policy
    submit        application messages        judged by the sender's role, and stamped
    group_info    for who joins by a commit   sealed for the joiner

A room is a value; every method returns a step, and changes nothing.
"""

from collections.abc import Collection, Iterable

import attrs

from mimi.identity import Domain, RoomUri
from mimi.mls import PublicGroup
from mimi.mls.external import read_group_info
from mimi.mls.keypackage import KeyPackage, key_package_ref
from mimi.policy.components import room_components
from mimi.policy.structures import FRANKING_AGENT
from mimi.protocol import hub_groupinfo, hub_messages, hub_restart, hub_update, hub_wanted
from mimi.protocol.audience import audience_of
from mimi.protocol.errors import RoomUriError
from mimi.protocol.franking import FrankingAgent
from mimi.protocol.groupinfo import GroupInfoRequest, GroupInfoResponse
from mimi.protocol.hosting import Hosting
from mimi.protocol.hub_expected import expected
from mimi.protocol.hub_hosted import check_senders, providers_in
from mimi.protocol.offers import lifetime_of
from mimi.protocol.room import Destination, HubRoom, HubStep
from mimi.protocol.submit import SubmitMessageRequest, SubmitMessageResponse
from mimi.protocol.update import UpdateRequest, UpdateRoomResponse, check_no_tree
from mimi.tree.extension import external_senders


@attrs.frozen(eq=False, repr=False)
class Hub(Hosting):
    """The machine of a hub."""

    def create(
        self,
        uri: RoomUri,
        group_info: bytes,
        ratchet_tree: bytes,
        *,
        now: int,
        domains: Collection[Domain] = (),
        before: HubRoom | None = None,
    ) -> HubRoom:
        """Return a room whose group a user of this provider has created (section 3.1).

        A room that persists, and has no clients any more, begins anew with another group: as what
        it was, and with those who took part in it (draft-ietf-mimi-room-policy-03 section 5).

        Args:
            uri: The room.
            group_info: The encoded MLSMessage of the creator's group info.
            ratchet_tree: The encoded ratchet tree.
            now: Milliseconds since 1970-01-01T00:00Z.
            domains: Further domains of this provider.
            before: What there is of the room already; None where it is new.

        Raises:
            EmbeddedTreeError: The group info holds the ratchet tree, which comes beside it.
            RoomUriError: The room is not this provider's, or its metadata name another.
            EnvelopeError: The provider does not host rooms of this policy.
            ParentHubError: The room depends on one that is not hosted here.
            ParentSubsetError: Somebody in it does not take part in that, or all of that do in it.
            FixedRoomError: Its participants, who are fixed, have such a room.
            HubSenderMissingError: The hub is no external sender of the group.
            StrangerSenderError: Somebody else is, of whom nobody takes part.
            HubReceiverError: Another provider would read its semi-private handshakes.
            LivingRoomError: There are clients in the room.
            RestartError: The new group is not what the room is.
            PolicyRefusedError: The room breaks its own policy; or who begins it anew may not.
            InvalidError: The group info breaks a rule; a class for each.
            UsageError: The group is no room.
        """
        if uri.provider not in (self.provider, *domains):
            raise RoomUriError(f"{uri} is not of {self.provider}", room=str(uri))
        check_no_tree(read_group_info(group_info).extensions)
        components = {**room_components(self.rooms), int(FRANKING_AGENT): FrankingAgent()}
        group = PublicGroup.from_group_info(
            group_info, ratchet_tree, now=now // 1000, components=components
        )
        self.check_group(group.extensions)
        seen = self.room_of(group)
        self.check_hosted(uri, seen, None if before is None else self.room(before))
        check_senders(self, external_senders(group.extensions), providers_in(seen))
        made = HubRoom(uri, group, timestamp=now, audience=audience_of(seen, group))
        return made if before is None else hub_restart.begun_anew(self, before, made, now)

    def expecting(self, room: HubRoom, packages: Iterable[KeyPackage], provider: Domain) -> HubRoom:
        """Return a room that knows where Welcomes for key packages go (section 5.2).

        That is forgotten once a Welcome has used a key package, or its time is over; and of a
        provider that has given more than `MOST_EXPECTED`.

        Args:
            room: The room for which they were claimed, through this hub.
            packages: The key packages.
            provider: Where they came from.
        """
        suite, made = room.group.suite, dict[bytes, Destination]()
        for package in packages:
            reference = key_package_ref(suite, package)
            made[reference] = Destination(provider, lifetime_of(package).not_after)
        return expected(room, made, provider)

    def update(
        self, room: HubRoom, request: UpdateRequest, source: Domain, *, now: int
    ) -> HubStep[UpdateRoomResponse]:
        """Take a proposal or a commit, or refuse it (section 5.3).

        Args:
            room: The room.
            request: What a provider sends.
            source: The provider.
            now: Milliseconds since 1970-01-01T00:00Z.

        Raises:
            MalformedError: Something within the request does not parse.
            UpdateError: The request is none.
            UnnamedClientError: The credential of who would join does not say whose it is.
            ContentLengthError: What others would be told of it is longer than they take.
        """
        return hub_update.update(self, room, request, source, now)

    def remove(self, room: HubRoom, users: Iterable[bytes], *, now: int) -> HubStep[None]:
        """Propose that users leave, as the hub: until they have, in every epoch anew.

        Nothing is taken from them any more, also where the policy does not let the hub propose it.

        Args:
            room: The room.
            users: Such as those whose account is gone, or who left the parent room; who does not
                take part is passed over.
            now: Milliseconds since 1970-01-01T00:00Z.
        """
        return hub_wanted.want_out(self, room, users, now)

    def submit(
        self, room: HubRoom, request: SubmitMessageRequest, source: Domain, *, now: int
    ) -> HubStep[SubmitMessageResponse]:
        """Take an application message, or refuse it (section 5.4); arguments as in `update`.

        Raises:
            SubmissionError: The request is none, or in the name of another provider's user.
            MalformedError: The authenticated data do not parse.
            ContentLengthError: It is longer than others take.
        """
        return hub_messages.submit(self, room, request, source, now)

    def group_info(
        self, room: HubRoom, request: GroupInfoRequest, source: Domain
    ) -> HubStep[GroupInfoResponse]:
        """Give a joiner what it needs, or refuse it (section 5.6); arguments as in `update`.

        Raises:
            GroupInfoBodyError: The request is none.
            UnnamedClientError: The credential does not say whose it is.
        """
        return hub_groupinfo.group_info(self, room, request, source)
