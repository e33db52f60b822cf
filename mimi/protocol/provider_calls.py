"""What a provider's own clients ask it for; how they do is the vendor's (section 4.3)."""

from typing import TypeAlias

import attrs

from mimi.codec import Opaque, struct
from mimi.identity import Domain, RoomUri
from mimi.mls.keypackage import KeyPackage
from mimi.mls.message import MLSMessage
from mimi.protocol.abuse import AbuseReport
from mimi.protocol.consent import ConsentOperation, ConsentScope
from mimi.protocol.groupinfo import GroupInfoRequest
from mimi.protocol.identifiers import IdentifierRequest
from mimi.protocol.keys import KeyMaterialRequest
from mimi.protocol.update import UpdateRequest


@attrs.frozen
class Session:
    """Whose client asks, by the account that it has signed in to.

    Attributes:
        user: The canonical URI of the user.
        client: That of the client.
    """

    user: bytes
    client: bytes


@attrs.frozen
class OfferKeys:
    """Key packages are to be stored for others to claim; answered by how many there are."""

    packages: tuple[KeyPackage, ...] = ()


@attrs.frozen
class ClaimKeys:
    """Key packages of a user are wanted; answered by a `KeyMaterialResponse`."""

    request: KeyMaterialRequest


@struct
class NewRoom:
    """What a client gives its provider so that a room is hosted.

    Attributes:
        group_info: The encoded MLSMessage of the group info.
        ratchet_tree: The encoded ratchet tree.
    """

    group_info: Opaque
    ratchet_tree: Opaque


@attrs.frozen
class CreateRoom:
    """A new room is to be hosted; answered by its URI.

    Attributes:
        room: The room.
        group_info: The encoded MLSMessage of the group info.
        ratchet_tree: The encoded ratchet tree.
    """

    room: RoomUri
    group_info: bytes
    ratchet_tree: bytes


@attrs.frozen
class UpdateRoom:
    """A proposal or a commit; answered by an `UpdateRoomResponse`."""

    room: RoomUri
    request: UpdateRequest


@attrs.frozen
class SubmitMessage:
    """An application message; answered by a `SubmitMessageResponse`."""

    room: RoomUri
    message: MLSMessage


@attrs.frozen
class ClaimGroupInfo:
    """The group info of a room is wanted; answered by a `GroupInfoResponse`."""

    room: RoomUri
    request: GroupInfoRequest


@attrs.frozen
class DecideConsent:
    """Consent is asked for or decided; answered by None.

    Attributes:
        operation: What the user does.
        scope: With which consent.
    """

    operation: ConsentOperation
    scope: ConsentScope


@attrs.frozen
class FindUser:
    """A user of a provider is sought; answered by an `IdentifierResponse`."""

    provider: Domain
    request: IdentifierRequest


@attrs.frozen
class ReportAbuse:
    """Abuse in a room is reported to its hub; answered by None."""

    room: RoomUri
    report: AbuseReport


@attrs.frozen
class FetchAsset:
    """An asset is to be downloaded through the hub of a room; answered by its octets."""

    room: RoomUri
    url: str


Call: TypeAlias = (
    OfferKeys
    | ClaimKeys
    | CreateRoom
    | UpdateRoom
    | SubmitMessage
    | ClaimGroupInfo
    | DecideConsent
    | FindUser
    | ReportAbuse
    | FetchAsset
)
