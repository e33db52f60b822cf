"""What a provider checks of what its users' clients ask for, before it asks the hub (section 4.3).

::

    client --> its provider: is it our user, and whose client it comes from? --> HttpRequest --> hub

A hub believes a provider who its users are, and cannot see which client a request comes from: that
is for the provider to check, by the account that the client has signed in to. What a proposal, a
commit or a message says within is for the hub and the members.

A provider of several domains speaks for a user, or for a room, as the domain that its URI names: to
others it is one provider for each domain. Where the provider is the hub itself, nothing is sent:
the checks alone are for that.
"""

from collections.abc import Collection
from typing import cast

import attrs

from mimi.identity import Domain, RoomUri
from mimi.mls.framing import NewMemberCommitSender, NewMemberProposalSender, PublicMessage
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Add, Commit
from mimi.policy.errors import UnnamedClientError
from mimi.policy.identities import Identify, user_of_basic
from mimi.protocol.directory import Directory, Endpoint, User
from mimi.protocol.follower_errors import (
    ForeignUserError,
    KeyMaterialSourceError,
    OtherHubError,
    OtherUserError,
)
from mimi.protocol.groupinfo import GroupInfoRequest, check_group_info_request
from mimi.protocol.http import HttpRequest, request_to
from mimi.protocol.keys import NO_ROOM, KeyMaterialRequest, check_key_material_request
from mimi.protocol.protocol import PARTICIPANTS, ROOMS, USERS, identified
from mimi.protocol.submit import SubmitMessageRequest, check_submit_request
from mimi.protocol.update import ProposalBundle, UpdateRequest, check_update_request
from mimi.tree.credential import Credential


@attrs.frozen
class Forwarding:
    """A provider that speaks for its users.

    Attributes:
        provider: Its domain.
        domains: Further domains that it has.
        identify: Whose a credential is.
    """

    provider: Domain
    domains: Collection[Domain] = ()
    identify: Identify = user_of_basic

    def check_update(self, request: UpdateRequest, user: bytes) -> None:
        """Check proposals or a commit that are to be brought to the hub.

        Of a member's, only those who know the group can see whose it is; who joins, or asks to be
        added, shows a credential.

        Args:
            request: What the client sends.
            user: Whose client it is.

        Raises:
            IdentifierUriError: The user is none.
            ForeignUserError: The user is not ours.
            OtherUserError: Somebody else would join.
            UpdateError: The request is none; see `check_update_request`.
            EmbeddedTreeError: The group info has the ratchet tree.
        """
        self._check_ours(user)
        check_update_request(request)
        attached = request.bundle.attached
        more = attached.more_proposals if isinstance(attached, ProposalBundle) else ()
        for message in (request.bundle.proposal_or_commit, *more):
            credential = newcomer(message)
            if credential is not None:
                self._check_credential(credential, user)

    def check_message(self, message: MLSMessage, user: bytes) -> SubmitMessageRequest:
        """Return what submits an application message, in the name of its sender.

        Raises:
            IdentifierUriError: The user is none.
            ForeignUserError: The user is not ours.
            NotApplicationError: It is no application message.
        """
        self._check_ours(user)
        request = SubmitMessageRequest(message, user)
        check_submit_request(request, (self.provider, *self.domains))
        return request

    def check_group_info(self, request: GroupInfoRequest, user: bytes) -> None:
        """Check a request for the group info; arguments are those of `check_update`.

        Raises:
            IdentifierUriError: The user is none.
            ForeignUserError: The user is not ours.
            OtherUserError: The credential is another user's.
            UnknownCipherSuiteError: The request is for a cipher suite that is not known here.
            GroupInfoBodyError: The request is none; see `check_group_info_request`.
        """
        self._check_ours(user)
        check_group_info_request(request)
        self._check_credential(request.requesting_credential, user)

    def check_claim(self, request: KeyMaterialRequest, user: bytes) -> Domain:
        """Check a claim of key packages; return which provider it goes to.

        That is the hub of the room, as which we may be it ourselves; for no certain room the
        target's provider. Arguments are those of `check_update`.

        Raises:
            IdentifierUriError: A URI is not that of a user, or of a room.
            ForeignUserError: The user is not ours.
            OtherUserError: The request is in the name of another user.
            KeyMaterialError: The request breaks a rule; see `check_key_material_request`.
        """
        self._check_ours(user)
        target = target_of(request)
        check_key_material_request(request, target=target, identify=self.identify)
        if request.requesting_user != user:
            raise OtherUserError("in the name of another user", user=request.requesting_user)
        if request.room_id == NO_ROOM:
            return target.provider
        return identified("room_id", request.room_id, ROOMS).provider

    def check_relayed(self, request: KeyMaterialRequest, source: Domain) -> None:
        """Check a claim of key packages that we as the hub hand on, to the target's provider.

        Args:
            request: What was received.
            source: From whom: the requester's provider.

        Raises:
            IdentifierUriError: A URI is not that of a user, or of a room.
            KeyMaterialSourceError: The requesting user is not of the provider that sends it.
            OtherHubError: The room is not ours.
            KeyMaterialError: The request breaks a rule; see `check_key_material_request`.
        """
        check_key_material_request(request, target=target_of(request), identify=self.identify)
        requester = identified("requesting_user", request.requesting_user, USERS)
        if requester.provider != source:
            raise KeyMaterialSourceError(f"{source} asks for {requester}", source=str(source))
        if request.room_id == NO_ROOM:
            raise OtherHubError("for no room, a hub has nobody to ask")
        room = identified("room_id", request.room_id, ROOMS)
        if room.provider not in (self.provider, *self.domains):
            raise OtherHubError(f"{room} is of another hub", room=str(room))

    def _check_ours(self, user: bytes) -> None:
        uri = identified("user", user, PARTICIPANTS)
        if uri.provider not in (self.provider, *self.domains):
            raise ForeignUserError(f"{uri} is of another provider", user=user)

    def _check_credential(self, credential: Credential, user: bytes) -> None:
        try:
            found = self.identify(credential)
        except UnnamedClientError as error:
            raise OtherUserError(error.reason, user=None) from error
        if found != user:
            raise OtherUserError("a credential of another user", user=found)


# What is sent, of requests that were checked


def to_hub(
    directory: Directory, endpoint: Endpoint, room: RoomUri, content: object, user: bytes
) -> HttpRequest:
    """Return what brings something to the hub of a room, in the name of one of our users."""
    source = identified("user", user, PARTICIPANTS).provider
    return request_to(directory, endpoint, room, content, source=source, target=room.provider)


def target_of(request: KeyMaterialRequest) -> User:
    """Return the user whose key packages are claimed.

    Raises:
        IdentifierUriError: It is none.
    """
    return cast(User, identified("target_user", request.target_user, USERS))


def claim(request: KeyMaterialRequest, directory: Directory, asked: Domain) -> HttpRequest:
    """Return what claims key packages at a provider, in the name of one of our users."""
    source = identified("requesting_user", request.requesting_user, USERS).provider
    endpoint = Endpoint.KEY_MATERIAL
    return request_to(directory, endpoint, target_of(request), request, source=source, target=asked)


def relayed_claim(request: KeyMaterialRequest, directory: Directory) -> HttpRequest:
    """Return what claims key packages at their user's provider, as the hub of the room."""
    hub = identified("room_id", request.room_id, ROOMS).provider
    target, endpoint = target_of(request), Endpoint.KEY_MATERIAL
    return request_to(directory, endpoint, target, request, source=hub, target=target.provider)


def newcomer(message: MLSMessage) -> Credential | None:
    """Return the credential that a proposal or a commit shows of who sends it from outside.

    None where the sender is a member, or an external sender of the group.
    """
    body = message.body
    if not isinstance(body, PublicMessage):
        return None
    content = body.content.content
    match body.content.sender:
        case NewMemberCommitSender() if isinstance(content, Commit) and content.path is not None:
            return content.path.leaf_node.credential
        case NewMemberProposalSender() if isinstance(content, Add):
            return content.key_package.leaf_node.credential
    return None
