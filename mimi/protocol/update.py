"""Updating a room: proposals and commits on their way to the hub (section 5.3).

::

    UpdateRequest
      HandshakeBundle
        proposal_or_commit   in a PublicMessage or a SemiPrivateMessage
        attached             a commit's Welcome, group info and tree, or more proposals
"""

from typing import Annotated, ClassVar

from mimi.codec import Choice, ClosedEnum8, CodePoint8, Given, UInt64, point, struct
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import ProposalRef
from mimi.mls.tree_options import PartialGroupInfo, RatchetTreeOption, RatchetTreePresence
from mimi.mls.welcome import GroupInfo, Welcome
from mimi.protocol.errors import EmbeddedTreeError, NextGroupInfoError
from mimi.protocol.message import (
    MessageKind,
    check_more_proposals,
    content_kind,
    handshake,
    place_of,
)
from mimi.protocol.protocol import UTF8String, text_of
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extensions, find


class GroupInfoRepresentation(CodePoint8):
    """In which form a group info is conveyed."""

    FULL = point(1)
    PARTIAL = point(2)


class GroupInfoOption(Choice, tag=GroupInfoRepresentation):
    """How the hub comes by the group info of the epoch that a commit opens."""

    __slots__ = ()
    tag: ClassVar[GroupInfoRepresentation]


@struct(case=GroupInfoRepresentation.FULL)
class FullGroupInfo(GroupInfoOption):
    """It is here, without the ratchet tree."""

    group_info: GroupInfo


@struct(case=GroupInfoRepresentation.PARTIAL)
class PartialGroupInfoOption(GroupInfoOption):
    """The hub makes it from the commit and what only the committer knows."""

    partial_group_info: PartialGroupInfo


@struct
class CommitBundle:
    """What goes with a commit.

    Attributes:
        welcome: For those whom it adds; None where it adds nobody.
        group_info_option: The group info of the epoch that it opens.
        ratchet_tree_option: The tree of that epoch.
    """

    welcome: Welcome | None
    group_info_option: GroupInfoOption
    ratchet_tree_option: RatchetTreeOption


@struct
class ProposalBundle:
    """What goes with a proposal: further ones."""

    more_proposals: tuple[MLSMessage, ...] = ()


NO_MORE = ProposalBundle()


@struct
class HandshakeBundle:
    """A proposal or a commit, and what goes with it; None with anything else, which is refused."""

    proposal_or_commit: MLSMessage
    attached: Annotated[
        CommitBundle | ProposalBundle | None,
        Given(
            "proposal_or_commit",
            {MessageKind.COMMIT: CommitBundle, MessageKind.PROPOSAL: ProposalBundle},
            key=content_kind,
        ),
    ]


@struct
class UpdateRequest:
    """What changes a room; the room says that its protocol is MLS 1.0."""

    bundle: HandshakeBundle


class UpdateResponseCode(ClosedEnum8):
    """What became of an update."""

    SUCCESS = 0
    WRONG_EPOCH = 1
    NOT_ALLOWED = 2
    INVALID_PROPOSAL = 3


@struct
class UpdateAccepted:
    """When the hub accepted it, in milliseconds since 1970-01-01T00:00Z."""

    accepted_timestamp: UInt64


@struct
class UpdateWrongEpoch:
    """In which epoch the group is."""

    current_epoch: UInt64


@struct
class UpdateInvalidProposals:
    """Which proposals are invalid; one by value has no reference, and is not named."""

    invalid_proposals: tuple[ProposalRef, ...] = ()


@struct
class UpdateRoomResponse:
    """What answers an update.

    Attributes:
        response_code: What became of it.
        error_description: For people, in UTF-8; may be empty.
        details: What the code has to tell; None for `UpdateResponseCode.NOT_ALLOWED`.
    """

    response_code: UpdateResponseCode
    error_description: UTF8String = b""
    details: Annotated[
        UpdateAccepted | UpdateWrongEpoch | UpdateInvalidProposals | None,
        Given(
            "response_code",
            {
                UpdateResponseCode.SUCCESS: UpdateAccepted,
                UpdateResponseCode.WRONG_EPOCH: UpdateWrongEpoch,
                UpdateResponseCode.INVALID_PROPOSAL: UpdateInvalidProposals,
            },
        ),
    ] = None


def update_accepted(timestamp: int) -> UpdateRoomResponse:
    """Return the answer to an update that the hub accepts.

    Args:
        timestamp: When, in milliseconds since 1970-01-01T00:00Z.
    """
    return UpdateRoomResponse(UpdateResponseCode.SUCCESS, details=UpdateAccepted(timestamp))


def wrong_epoch(current: int, description: str = "") -> UpdateRoomResponse:
    """Return the answer to an update that is not of the current epoch."""
    code = UpdateResponseCode.WRONG_EPOCH
    return UpdateRoomResponse(code, description.encode(), UpdateWrongEpoch(current))


def not_allowed(description: str = "") -> UpdateRoomResponse:
    """Return the answer to an update that policy forbids."""
    return UpdateRoomResponse(UpdateResponseCode.NOT_ALLOWED, description.encode())


def invalid_proposals(references: tuple[bytes, ...], description: str = "") -> UpdateRoomResponse:
    """Return the answer to an update of which some proposals are invalid.

    Args:
        references: Those that have references.
        description: For people.
    """
    code, details = UpdateResponseCode.INVALID_PROPOSAL, UpdateInvalidProposals(references)
    return UpdateRoomResponse(code, description.encode(), details)


def update_request(
    message: MLSMessage, attached: CommitBundle | ProposalBundle = NO_MORE
) -> UpdateRequest:
    """Return the request that brings a proposal or a commit to the hub.

    Args:
        message: The proposal or commit.
        attached: What goes with it: for a commit, a `CommitBundle`.
    """
    return UpdateRequest(HandshakeBundle(message, attached))


def check_update_request(request: UpdateRequest) -> None:
    """Check a received request, all that can be without the group.

    Raises:
        HandshakeError: Something else is sent than proposals or commits that the hub can read.
        MoreProposalsError: Not all proposals are of one group and epoch.
        EmbeddedTreeError: The group info has the ratchet tree.
        NextGroupInfoError: The group info is not of the epoch that the commit opens.
    """
    bundle = request.bundle
    first = handshake(bundle.proposal_or_commit, MessageKind.PROPOSAL, MessageKind.COMMIT)
    if isinstance(bundle.attached, ProposalBundle):
        check_more_proposals(bundle.attached.more_proposals, place_of(first))
    elif isinstance(bundle.attached, CommitBundle):
        _check_group_info(bundle.attached.group_info_option, *place_of(first))


def _check_group_info(option: GroupInfoOption, group_id: bytes, epoch: int) -> None:
    if isinstance(option, FullGroupInfo):
        context = option.group_info.group_context
        check_no_tree(option.group_info.extensions)
        if (context.group_id, context.epoch) != (group_id, epoch + 1):
            raise NextGroupInfoError(
                f"a group info of epoch {context.epoch} beside a commit in {epoch}",
                epoch=context.epoch,
            )
    elif isinstance(option, PartialGroupInfoOption):
        partial = option.partial_group_info
        check_no_tree(partial.group_info_extensions)
        if partial.ratchet_tree_presence not in _WITHOUT_TREE:
            raise EmbeddedTreeError(
                f"a group info whose tree is {partial.ratchet_tree_presence}",
                presence=partial.ratchet_tree_presence,
            )


_WITHOUT_TREE = (RatchetTreePresence.NO_RATCHET_TREE, RatchetTreePresence.REMOVED)


def check_no_tree(extensions: Extensions) -> None:
    """Check that a group info does not hold the ratchet tree, which comes beside it.

    Raises:
        EmbeddedTreeError: It does.
    """
    if find(extensions, ExtensionType.RATCHET_TREE) is not None:
        raise EmbeddedTreeError("the group info holds the ratchet tree")


def check_update_response(response: UpdateRoomResponse) -> str:
    """Check a received answer; return what it tells people.

    Raises:
        TextError: The description is not UTF-8.
    """
    return text_of("error_description", response.error_description)
