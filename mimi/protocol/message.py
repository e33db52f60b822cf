"""What an MLSMessage in a body is, and whose: several selects ask for it (sections 5.3 and 5.5)."""

from enum import Enum
from typing import TypeAlias

from mimi.mls.codepoints import ContentType
from mimi.mls.framing import (
    ExternalSenderIndex,
    MemberSender,
    PrivateMessage,
    PublicMessage,
    Sender,
)
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Add, Proposal
from mimi.mls.protect import content_type
from mimi.mls.semiprivate import SemiPrivateMessage
from mimi.mls.state import PublicState
from mimi.mls.welcome import Welcome
from mimi.protocol.errors import HandshakeError, MoreProposalsError
from mimi.tree.credential import Credential
from mimi.tree.extension import external_senders


class MessageKind(Enum):
    """What a message holds, as far as its outside says."""

    APPLICATION = 1
    PROPOSAL = 2
    COMMIT = 3
    WELCOME = 4
    OTHER = 5
    """A group info, or a key package."""


_KINDS = {
    ContentType.APPLICATION: MessageKind.APPLICATION,
    ContentType.PROPOSAL: MessageKind.PROPOSAL,
    ContentType.COMMIT: MessageKind.COMMIT,
}

HANDSHAKES = (PublicMessage, SemiPrivateMessage)
"""How proposals and commits are sent: so that the hub can read them."""

Handshake: TypeAlias = PublicMessage | SemiPrivateMessage


def content_kind(message: MLSMessage) -> MessageKind:
    """Return what a message holds: its content type, or else what its wire format says."""
    body = message.body
    if isinstance(body, PublicMessage):
        return _KINDS[content_type(body.content)]
    if isinstance(body, PrivateMessage | SemiPrivateMessage):
        return _KINDS[body.content_type]
    return MessageKind.WELCOME if isinstance(body, Welcome) else MessageKind.OTHER


def place_of(body: Handshake | PrivateMessage) -> tuple[bytes, int]:
    """Return the group ID and the epoch that a message is for."""
    if isinstance(body, PublicMessage):
        return body.content.group_id, body.content.epoch
    return body.group_id, body.epoch


def sender_of(message: MLSMessage) -> Sender | None:
    """Return who sends a message, as far as everybody can see; None where it is hidden."""
    body = message.body
    return body.content.sender if isinstance(body, PublicMessage) else None


def proposer(state: PublicState, proposal: Proposal, sender: Sender) -> Credential:
    """Return the credential of who proposes something.

    Args:
        state: The group, in the epoch of the proposal.
        proposal: The proposal, which was checked.
        sender: Its sender.
    """
    match sender:
        case MemberSender(leaf_index=index):
            return state.tree.member(index).credential
        case ExternalSenderIndex(sender_index=index):
            return external_senders(state.context.extensions)[index].credential
    assert isinstance(proposal, Add)  # noqa: S101 - a new member proposes nothing else
    return proposal.key_package.leaf_node.credential


def handshake(message: MLSMessage, *kinds: MessageKind) -> Handshake:
    """Return the handshake that a message is.

    Raises:
        HandshakeError: It is none of these kinds, or nobody but the members can read it.
    """
    kind, body = content_kind(message), message.body
    if kind not in kinds or not isinstance(body, PublicMessage | SemiPrivateMessage):
        raise HandshakeError(
            f"{kind.name.lower()} in a {type(body).__name__}", kind=kind, body=type(body).__name__
        )
    return body


def check_more_proposals(proposals: tuple[MLSMessage, ...], place: tuple[bytes, int]) -> None:
    """Check the proposals beside a first one.

    Args:
        proposals: What goes with it.
        place: The group ID and the epoch that it is for.

    Raises:
        HandshakeError: One is no proposal, or nobody but the members can read it.
        MoreProposalsError: One is for another group or epoch.
    """
    for index, each in enumerate(proposals):
        found = place_of(handshake(each, MessageKind.PROPOSAL))
        if found != place:
            raise MoreProposalsError(
                f"proposal {index} is of another group or epoch", index=index, epoch=found[1]
            )
