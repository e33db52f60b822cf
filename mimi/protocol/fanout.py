"""Fan-out: what the hub hands on to followers, in order (section 5.5).

The body of a notify request is one or more `FanoutMessage`, one right behind the other.
"""

from collections.abc import Iterable
from typing import Annotated

from mimi.codec import Given, UInt64, decode_all, encode_all, struct
from mimi.errors import UsageError
from mimi.mls.framing import ExternalSenderIndex, NewMemberCommitSender
from mimi.mls.message import MLSMessage
from mimi.mls.tree_options import RatchetTreeOption
from mimi.protocol.errors import (
    EmptyNotifyError,
    FannedOutError,
    HandshakeError,
    LastEpochError,
    StapledProposalsError,
)
from mimi.protocol.follower_errors import LongNotifyError
from mimi.protocol.message import (
    MessageKind,
    check_more_proposals,
    content_kind,
    handshake,
    place_of,
    sender_of,
)
from mimi.protocol.submit import Frank, SubmitMessageRequest, private_application
from mimi.protocol.update import CommitBundle, ProposalBundle, UpdateRequest

MOST_MESSAGES = 1024
"""How many messages a notify request may have: each of them goes to every client in the room."""

LAST_EPOCH = 2**64 - 1
"""The epoch that no other can follow."""


@struct
class ApplicationFanout:
    """What goes with a message: the hub's stamp, if it has one."""

    frank: Frank | None = None


@struct
class WelcomeFanout:
    """What goes with a Welcome: the ratchet tree."""

    ratchet_tree_option: RatchetTreeOption


@struct
class ProposalFanout:
    """What goes with a proposal: the further ones that were sent with it."""

    more_proposals: tuple[MLSMessage, ...] = ()


@struct
class CommitFanout:
    """What goes with a commit.

    An external commit ends an epoch whose pending proposals it could not cover: the hub proposes
    its own anew, for the epoch that begins, before anybody else can commit in it.
    """

    external_proposals: tuple[MLSMessage, ...] = ()


@struct
class FanoutMessage:
    """One event of a room; the room says that its protocol is MLS 1.0.

    Attributes:
        timestamp: When the hub accepted it, in milliseconds since 1970-01-01T00:00Z.
        message: Application data in a PrivateMessage, a proposal or a commit in a PublicMessage or
            a SemiPrivateMessage, or a Welcome.
        attached: What goes with it; None with anything else, which is refused.
    """

    timestamp: UInt64
    message: MLSMessage
    attached: Annotated[
        ApplicationFanout | WelcomeFanout | ProposalFanout | CommitFanout | None,
        Given(
            "message",
            {
                MessageKind.APPLICATION: ApplicationFanout,
                MessageKind.WELCOME: WelcomeFanout,
                MessageKind.PROPOSAL: ProposalFanout,
                MessageKind.COMMIT: CommitFanout,
            },
            key=content_kind,
        ),
    ]


def notify_body(messages: Iterable[FanoutMessage]) -> bytes:
    """Return the body of a notify request.

    Raises:
        UsageError: There is no message.
    """
    body = encode_all(messages, FanoutMessage)
    if not body:
        raise UsageError("a notify request has at least one message")
    return body


def read_notify(body: bytes) -> tuple[FanoutMessage, ...]:
    """Return the messages of a notify request.

    Raises:
        EmptyNotifyError: There is none.
        LongNotifyError: There are more than `MOST_MESSAGES`.
        MalformedError: They do not parse.
    """
    if not body:
        raise EmptyNotifyError("a notify request without a message")
    messages = decode_all(FanoutMessage, body)
    if len(messages) > MOST_MESSAGES:
        raise LongNotifyError(f"a notify request of {len(messages)} messages", count=len(messages))
    return messages


def check_fanout(message: FanoutMessage) -> None:
    """Check a received message, all that can be without the group.

    Raises:
        FannedOutError: It is a group info, a key package, or a handshake that is hidden.
        NotApplicationError: It is application data that is not encrypted.
        HandshakeError: What goes with it is no proposal that the hub could read.
        MoreProposalsError: The proposals with it are not of its group and epoch.
        LastEpochError: No epoch can follow a commit.
        StapledProposalsError: Those with a commit are not the hub's for the epoch after it.
    """
    attached = message.attached
    if isinstance(attached, ApplicationFanout):
        private_application(message.message)
    elif isinstance(attached, ProposalFanout):
        first = _handshake(message.message, MessageKind.PROPOSAL)
        check_more_proposals(attached.more_proposals, first)
    elif isinstance(attached, CommitFanout):
        _check_commit(message.message, attached)
    elif not isinstance(attached, WelcomeFanout):
        raise FannedOutError(f"a {type(message.message.body).__name__} is fanned out")


def _handshake(message: MLSMessage, kind: MessageKind) -> tuple[bytes, int]:
    try:
        return place_of(handshake(message, kind))
    except HandshakeError as error:
        raise FannedOutError(error.reason, **error.where) from error


def _check_commit(message: MLSMessage, attached: CommitFanout) -> None:
    group_id, epoch = _handshake(message, MessageKind.COMMIT)
    if epoch == LAST_EPOCH:
        raise LastEpochError(f"a commit in epoch {epoch}", epoch=epoch)
    if not attached.external_proposals:
        return
    if not isinstance(sender_of(message), NewMemberCommitSender):
        raise StapledProposalsError("proposals with a commit of a member")
    check_more_proposals(attached.external_proposals, (group_id, epoch + 1))
    for index, each in enumerate(attached.external_proposals):
        if not isinstance(sender_of(each), ExternalSenderIndex):
            raise StapledProposalsError(f"proposal {index} is not the hub's", index=index)


# What the hub makes of what it accepted


def fanout_of_message(
    request: SubmitMessageRequest, timestamp: int, frank: Frank | None = None
) -> FanoutMessage:
    """Return what is fanned out of a message.

    Args:
        request: As it was submitted.
        timestamp: When it was accepted, in milliseconds since 1970-01-01T00:00Z.
        frank: The hub's stamp.
    """
    return FanoutMessage(timestamp, request.app_message, ApplicationFanout(frank))


def fanout_of_update(
    request: UpdateRequest, timestamp: int, external_proposals: tuple[MLSMessage, ...] = ()
) -> FanoutMessage:
    """Return what is fanned out of an update to those who follow the room already.

    Args:
        request: As it was received.
        timestamp: When it was accepted, in milliseconds since 1970-01-01T00:00Z.
        external_proposals: What the hub proposes anew, after an external commit.
    """
    bundle = request.bundle
    if isinstance(bundle.attached, ProposalBundle):
        attached: ProposalFanout | CommitFanout = ProposalFanout(bundle.attached.more_proposals)
    else:
        attached = CommitFanout(external_proposals)
    return FanoutMessage(timestamp, bundle.proposal_or_commit, attached)


def fanout_of_welcome(request: UpdateRequest, timestamp: int) -> FanoutMessage | None:
    """Return what is fanned out of a commit to those whom it adds; None where it adds nobody.

    Arguments are those of `fanout_of_update`.
    """
    attached = request.bundle.attached
    if not isinstance(attached, CommitBundle) or attached.welcome is None:
        return None
    tree = WelcomeFanout(attached.ratchet_tree_option)
    return FanoutMessage(timestamp, MLSMessage(attached.welcome), tree)
