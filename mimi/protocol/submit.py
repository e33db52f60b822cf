"""Submitting a message to the hub (section 5.4)."""

from collections.abc import Collection
from typing import Annotated, ClassVar, TypeAlias

from mimi.codec import ClosedEnum8, Fixed, Opaque, Select, UInt64, struct
from mimi.crypto import CipherSuite
from mimi.identity import Domain, MimiUri
from mimi.mls.framing import PrivateMessage
from mimi.mls.message import MLSMessage
from mimi.protocol.errors import ForeignSenderError, NotApplicationError
from mimi.protocol.message import MessageKind, content_kind
from mimi.protocol.protocol import PARTICIPANTS, IdentifierUri, Protocol, identified


@struct
class SubmitMessageRequest:
    """What brings a message to the hub.

    Attributes:
        app_message: A PrivateMessage with application data.
        sending_uri: The user who sends it, as the sender's provider says; followers never see it.
    """

    protocol: ClassVar[Protocol] = Protocol.MLS10
    app_message: MLSMessage
    sending_uri: IdentifierUri


@struct
class Frank:
    """A hub's stamp on a message (section 5.4.1).

    Attributes:
        server_frank: What only the hub can verify; 32 octets.
        franking_signature_ciphersuite: By which the hub signs.
        franking_integrity_signature: The hub's, over server frank and context.
    """

    server_frank: Annotated[bytes, Fixed(32)]
    franking_signature_ciphersuite: CipherSuite
    franking_integrity_signature: Opaque


class SubmitResponseCode(ClosedEnum8):
    """What became of a message."""

    ACCEPTED = 0
    NOT_ALLOWED = 1
    EPOCH_TOO_OLD = 2


@struct
class SubmitAccepted:
    """The hub will fan it out.

    Attributes:
        accepted_timestamp: When it was accepted, in milliseconds since 1970-01-01T00:00Z.
        frank: The hub's stamp; None where the message has no franking tag.
    """

    accepted_timestamp: UInt64
    frank: Frank | None = None


@struct
class SubmitNotAllowed:
    """Policy forbids it, or it is nonsense."""


@struct
class SubmitEpochTooOld:
    """The group is in another epoch already, and no longer takes messages of that one."""

    current_epoch: UInt64


SubmitStatus: TypeAlias = Annotated[
    SubmitAccepted | SubmitNotAllowed | SubmitEpochTooOld,
    Select(
        SubmitResponseCode,
        {
            SubmitResponseCode.ACCEPTED: SubmitAccepted,
            SubmitResponseCode.NOT_ALLOWED: SubmitNotAllowed,
            SubmitResponseCode.EPOCH_TOO_OLD: SubmitEpochTooOld,
        },
        "SubmitStatus",
    ),
]


@struct
class SubmitMessageResponse:
    """What answers a message that was submitted."""

    protocol: ClassVar[Protocol] = Protocol.MLS10
    status: SubmitStatus


def private_application(message: MLSMessage) -> PrivateMessage:
    """Return the application message that a message is.

    Raises:
        NotApplicationError: It is another message.
    """
    body, kind = message.body, content_kind(message)
    if not isinstance(body, PrivateMessage) or kind is not MessageKind.APPLICATION:
        raise NotApplicationError(
            f"{kind.name.lower()} in a {type(body).__name__}", kind=kind, body=type(body).__name__
        )
    return body


def check_submit_request(
    request: SubmitMessageRequest, sender: Collection[Domain]
) -> tuple[PrivateMessage, MimiUri]:
    """Check a received message, all that can be without the room; return it and who sends it.

    Args:
        request: What was received.
        sender: The domains of the provider that it comes from.

    Raises:
        NotApplicationError: It is no application message.
        IdentifierUriError: The sender is none that can stand in a participant list.
        ForeignSenderError: The sender is of another provider.
    """
    body = private_application(request.app_message)
    user = identified("sending_uri", request.sending_uri, PARTICIPANTS)
    if user.provider not in sender:
        raise ForeignSenderError(f"{user} is of another provider", user=request.sending_uri)
    return body, user
