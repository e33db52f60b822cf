"""Reporting abuse to the hub (section 5.9).

A report may quote messages. The hub believes none of it: from the content of a message it makes tag
and context again, and finds out whether it has franked them.
"""

from mimi.codec import CodePoint8, Opaque, UInt64, struct
from mimi.crypto import Secret, suite_of
from mimi.identity import MimiUri, RoomUri
from mimi.mls.components import AppDataDictionary
from mimi.protocol.consent import NO_EXTENSIONS
from mimi.protocol.errors import AbuserError, FrankedRoomError
from mimi.protocol.franking import (
    ServerFrankingContext,
    franked_content,
    franking_tag,
    verify_frank,
    verify_server_frank,
)
from mimi.protocol.protocol import USERS, IdentifierUri, identified, text_of
from mimi.protocol.submit import Frank

NOBODY = b""
"""The reporting user of a report that does not say who makes it."""


class AbuseType(CodePoint8):
    """Kinds of abuse: the draft registers none, so that any number is taken; 0 says nothing."""


@struct
class AbusiveMessage:
    """A message that is reported.

    Attributes:
        message_content: All of its application data, as it was encrypted.
        frank: The hub's stamp.
        accepted_timestamp: When the hub accepted it, in milliseconds since 1970-01-01T00:00Z.
    """

    message_content: Opaque
    frank: Frank
    accepted_timestamp: UInt64


@struct
class AbuseReport:
    """A report.

    Attributes:
        reporting_user: Who makes it; `NOBODY` where that is not said.
        alleged_abuser_uri: Whom it is about.
        reason_code: What kind of abuse.
        note: For people, in UTF-8; may be empty.
        messages: What is quoted; may be nothing.
        abuse_extensions: What components add.
    """

    reporting_user: IdentifierUri
    alleged_abuser_uri: IdentifierUri
    reason_code: AbuseType
    note: Opaque = b""
    messages: tuple[AbusiveMessage, ...] = ()
    abuse_extensions: AppDataDictionary = NO_EXTENSIONS


def check_report(report: AbuseReport) -> str:
    """Check a received report, all but its messages; return its note.

    Raises:
        IdentifierUriError: A URI is not that of a user.
        TextError: The note is not UTF-8.
    """
    if report.reporting_user != NOBODY:
        identified("reporting_user", report.reporting_user, USERS)
    identified("alleged_abuser_uri", report.alleged_abuser_uri, USERS)
    return text_of("note", report.note)


def verify_abusive_message(
    message: AbusiveMessage,
    *,
    abuser: MimiUri,
    room: RoomUri,
    hub_key: Secret,
    signature_key: bytes,
    framed: bool,
) -> ServerFrankingContext:
    """Check, as the hub, that a reported message was sent; return by whom, where and when.

    Args:
        message: What is quoted.
        abuser: Who should have sent it.
        room: To which room.
        hub_key: The secret that made the server frank: the hub tries those of the time.
        signature_key: That of the franking agent of the time.
        framed: Whether the room's group has ``content_media_types``.

    Raises:
        FrankedContentError: It is no MIMI message, or does not name its sender and its room.
        AbuserError: It was sent by somebody else.
        FrankedRoomError: It was sent to another room.
        ServerFrankError: The hub has not franked it.
        FrankSignatureError: The signature is not the hub's.
        UnknownCipherSuiteError: It is signed by a cipher suite that is not known here.
    """
    said = franked_content(message.message_content, framed=framed)
    if said.sender_uri != str(abuser).encode():
        raise AbuserError("a message of somebody else", named=said.sender_uri)
    if said.room_uri != str(room).encode():
        raise FrankedRoomError("a message to another room", named=said.room_uri)
    context = ServerFrankingContext(said.sender_uri, said.room_uri, message.accepted_timestamp)
    tag = franking_tag(said.salt, message.message_content)
    verify_server_frank(hub_key, tag, context, message.frank.server_frank)
    suite = suite_of(message.frank.franking_signature_ciphersuite)
    verify_frank(suite, signature_key, message.frank, context)
    return context
