"""The structures of rooms: roles, participants, metadata, and the rules about messages.

From draft-ietf-mimi-room-policy-03, with the participant list and the room metadata of
draft-ietf-mimi-protocol-06 sections 7.5 and 7.6. Each is the data of an application component; an
update has the same structure and replaces it, but for the participant list and the join links.

Code points are those that the drafts suggest; docs/deviations.md has what their text leaves open.
"""

from typing import Annotated, TypeAlias

from mimi.codec import (
    Bytes,
    ClosedEnum8,
    Given,
    Opaque,
    UInt32,
    UInt64,
    struct,
)
from mimi.mls import ComponentID, MediaType
from mimi.policy.capability import Capability
from mimi.tree.codepoints import CredentialType

FRANKING_AGENT = ComponentID.declare("FRANKING_AGENT", 0x0021)
PARTICIPANT_LIST = ComponentID.declare("PARTICIPANT_LIST", 0x0022)
ROOM_METADATA = ComponentID.declare("ROOM_METADATA", 0x0023)
MLS_OPERATIONAL_POLICY = ComponentID.declare("MLS_OPERATIONAL_POLICY", 0x0024)
ROLES_LIST = ComponentID.declare("ROLES_LIST", 0x0025)
PREAUTH_LIST = ComponentID.declare("PREAUTH_LIST", 0x0026)
BASE_ROOM_POLICY = ComponentID.declare("BASE_ROOM_POLICY", 0x0027)
STATUS_NOTIFICATION_POLICY = ComponentID.declare("STATUS_NOTIFICATION_POLICY", 0x0028)
JOIN_LINK_POLICY = ComponentID.declare("JOIN_LINK_POLICY", 0x0029)
JOIN_LINKS = ComponentID.declare("JOIN_LINKS", 0x002A)
LINK_PREVIEW_POLICY = ComponentID.declare("LINK_PREVIEW_POLICY", 0x002B)
ASSET_POLICY = ComponentID.declare("ASSET_POLICY", 0x002C)
LOGGING_POLICY = ComponentID.declare("LOGGING_POLICY", 0x002D)
CHAT_HISTORY_POLICY = ComponentID.declare("CHAT_HISTORY_POLICY", 0x002E)
BOT_POLICY = ComponentID.declare("BOT_POLICY", 0x002F)
MESSAGE_EXPIRATION_POLICY = ComponentID.declare("MESSAGE_EXPIRATION_POLICY", 0x0030)

NO_ROLE = 0
"""The role of who is not in the participant list."""
BANNED = 1
"""The role that bans, where it is called `BANNED_NAME`."""
BANNED_NAME = b"banned"

Uri: TypeAlias = Annotated[bytes, Bytes("Uri")]
"""A URI; empty, where a field may do without."""
UTF8String: TypeAlias = Annotated[bytes, Bytes("UTF8String")]
"""UTF-8 without the character U+0000."""
DomainName: TypeAlias = Annotated[bytes, Bytes("DomainName")]


class Optionality(ClosedEnum8):
    """Whether something is forbidden, required, or for each client to choose."""

    OPTIONAL = 0
    REQUIRED = 1
    FORBIDDEN = 2


# Roles (section 3)


@struct
class SingleSourceRoleChangeTargets:
    """To which roles the holder of a role may move somebody who has another one."""

    from_role_index: UInt32
    target_role_indexes: tuple[UInt32, ...]


@struct
class Role:
    """A role: what its holders may do, and how many they may be.

    Attributes:
        role_index: What the role is referred to by; 0 is who is not in the participant list, 1 who
            is banned. Indexes need not be contiguous.
        role_name: For people, in UTF-8.
        role_description: For people, in UTF-8; may be empty.
        role_capabilities: What its holders may do.
        minimum_participants_constraint: How many have the role at least; 0 for any number.
        maximum_participants_constraint: How many have it at most; None for any number.
        minimum_active_participants_constraint: How many of them have clients at least.
        maximum_active_participants_constraint: How many of them have clients at most.
        authorized_role_changes: Which transitions of others its holders may bring about.
    """

    role_index: UInt32
    role_name: Opaque
    role_description: Opaque = b""
    role_capabilities: tuple[Capability, ...] = ()
    minimum_participants_constraint: UInt32 = 0
    maximum_participants_constraint: UInt32 | None = None
    minimum_active_participants_constraint: UInt32 = 0
    maximum_active_participants_constraint: UInt32 | None = None
    authorized_role_changes: tuple[SingleSourceRoleChangeTargets, ...] = ()


def bans(role: Role) -> bool:
    """Return whether a role is the one that bans, by its index and its name (section 8.1.3)."""
    return role.role_index == BANNED and role.role_name == BANNED_NAME


@struct
class RoleData:
    """The component ``roles_list``."""

    roles: tuple[Role, ...]


# Preauthorised users (section 4)


@struct
class ClaimId:
    """Where a claim stands in a credential.

    Attributes:
        credential_type: Of which type the credential is.
        id: An X.509 OID in binary, the name of a JWT claim, or the CBOR key of a CWT claim.
    """

    credential_type: CredentialType
    id: Opaque


@struct
class Claim:
    """What a credential must say."""

    claim_id: ClaimId
    claim_value: Opaque


@struct
class PreAuthRoleEntry:
    """A role for those whose credential makes all claims of a set.

    The draft writes the target as a whole role; like everywhere else it is the role's index.
    """

    claimset: tuple[Claim, ...]
    target_role: UInt32


@struct
class PreAuthData:
    """The component ``preauth_list``: the first entry that matches counts."""

    preauthorized_entries: tuple[PreAuthRoleEntry, ...]


# Base policy (section 5)


@struct
class BaseRoomPolicy:
    """The component ``base_room_policy``.

    Attributes:
        fixed_membership: Whether the participants are those of the room's creation.
        parent_dependant: Whether they are a strict subset of those of another room.
        parent_room: That room; empty where there is none.
        multi_device: Whether a user may have several clients in the room.
        max_clients: How many clients there may be; None for any number.
        max_users: How many participants that are not banned; None for any number.
        pseudonyms_allowed: Whether clients may go by pseudonyms.
        persistent_room: Whether the room stays when no client is left.
        discoverable: Whether it can be found.
        policy_component_ids: The other components of the room's policy.
    """

    fixed_membership: bool = False
    parent_dependant: bool = False
    parent_room: tuple[Uri, ...] = ()
    multi_device: bool = True
    max_clients: UInt32 | None = None
    max_users: UInt32 | None = None
    pseudonyms_allowed: bool = False
    persistent_room: bool = False
    discoverable: bool = False
    policy_component_ids: tuple[ComponentID, ...] = ()


# Participants and metadata (draft-ietf-mimi-protocol-06 sections 7.5 and 7.6)


@struct
class UserRolePair:
    """A participant and its role."""

    user: Opaque
    role_index: UInt32


@struct
class ParticipantListData:
    """The component ``participant_list``."""

    participants: tuple[UserRolePair, ...]


@struct
class UserindexRolePair:
    """A participant, by its place in the list from 0, and its new role."""

    user_index: UInt32
    role_index: UInt32


@struct
class ParticipantListUpdate:
    """An update of the participant list: roles change, participants go, others come at the end.

    All indices are places in the list of the epoch in which it is committed.
    """

    changed_role_participants: tuple[UserindexRolePair, ...] = ()
    removed_indices: tuple[UInt32, ...] = ()
    added_participants: tuple[UserRolePair, ...] = ()


@struct
class RichDescription:
    """A description; an empty media type is ``text/plain;charset=utf-8``."""

    media_type: Opaque
    language_tag: Opaque
    description_content: Opaque


@struct
class RoomMetaData:
    """The component ``room_metadata``: what is shown of a room."""

    room_uri: Uri
    room_name: UTF8String = b""
    room_descriptions: tuple[RichDescription, ...] = ()
    room_avatar: Uri = b""
    room_subject: UTF8String = b""
    room_mood: UTF8String = b""


# Messages, links, assets (section 6)


@struct
class StatusNotificationPolicy:
    """The component ``status_notification_policy``."""

    delivery_notifications: Optionality
    read_receipts: Optionality


@struct
class JoinLinkPolicy:
    """The component ``join_link_policy``.

    Attributes:
        on_request: Whether the room keeps one joining link at most, got out of band.
        join_link: Where to request one; empty where there is no such place.
        multiuser: Whether a link can be for several users.
        expiration: How long a new link can be valid, in seconds.
    """

    on_request: bool
    join_link: Uri
    multiuser: bool
    expiration: UInt32


@struct
class JoinLink:
    """A joining link."""

    join_link: Opaque


@struct
class JoinLinksData:
    """The component ``join_links``: those that are active."""

    join_links: tuple[JoinLink, ...]


@struct
class JoinLinksUpdate:
    """An update of the join links: some go, others come at the end."""

    removed_indices: tuple[UInt32, ...] = ()
    added_links: tuple[JoinLink, ...] = ()


@struct
class LinkPreviewPolicy:
    """The component ``link_preview_policy``.

    Attributes:
        autodetect_hyperlinks_in_text: Whether texts that look like links become links; never
            required.
        send_link_previews: Whether senders add previews.
        automatic_link_previews: Whether receivers make them.
        link_preview_proxy_use: Whether they are made through a proxy.
        link_preview_proxy: The proxies; None where their use is forbidden.
    """

    autodetect_hyperlinks_in_text: Optionality
    send_link_previews: Optionality
    automatic_link_previews: Optionality
    link_preview_proxy_use: Optionality
    link_preview_proxy: Annotated[
        tuple[Uri, ...] | None,
        Given(
            "link_preview_proxy_use",
            {Optionality.REQUIRED: tuple[Uri, ...], Optionality.OPTIONAL: tuple[Uri, ...]},
        ),
    ] = None


class AssetUploadLocation(ClosedEnum8):
    """Where assets are uploaded to."""

    UNSPECIFIED = 0
    LOCAL_PROVIDER = 1
    HUB = 2


@struct
class ProviderAssetUploadDomains:
    """To which domains the users of a provider upload."""

    provider: DomainName
    asset_upload_destinations: tuple[DomainName, ...]


class DownloadPrivacyType(ClosedEnum8):
    """How an asset is downloaded (draft-ietf-mimi-protocol-06 section 5.10)."""

    DIRECT = 0
    HUB_PROXY = 1
    OHTTP = 2


@struct
class DownloadPrivacy:
    """How assets may be downloaded, and how they are by default."""

    allowed_download_types: tuple[DownloadPrivacyType, ...]
    forbidden_download_types: tuple[DownloadPrivacyType, ...]
    default_download_type: DownloadPrivacyType


@struct
class AssetPolicy:
    """The component ``asset_policy``; sizes in octets."""

    asset_upload_location: AssetUploadLocation
    upload_domains: tuple[ProviderAssetUploadDomains, ...]
    download_privacy: DownloadPrivacy
    max_image: UInt64
    max_audio: UInt64
    max_video: UInt64
    max_attachment: UInt64
    forbidden_media_types: tuple[MediaType, ...] = ()
    permitted_media_types: tuple[MediaType, ...] | None = None


@struct
class LoggingDetails:
    """Who logs, and by which policy; a policy's URI may be empty."""

    logging_clients: tuple[Uri, ...]
    machine_readable_policy: Uri
    human_readable_policy: Uri


@struct
class LoggingPolicy:
    """The component ``logging_policy``."""

    logging: Optionality
    details: Annotated[
        LoggingDetails | None,
        Given(
            "logging",
            {Optionality.REQUIRED: LoggingDetails, Optionality.OPTIONAL: LoggingDetails},
        ),
    ] = None


@struct
class HistorySharing:
    """Which roles share what was said before somebody joined; the period in seconds."""

    roles_that_can_share: tuple[UInt32, ...]
    automatically_share: bool
    max_time_period: UInt32


@struct
class HistoryPolicy:
    """The component ``chat_history_policy``."""

    history_sharing: Optionality
    details: Annotated[
        HistorySharing | None,
        Given(
            "history_sharing",
            {Optionality.REQUIRED: HistorySharing, Optionality.OPTIONAL: HistorySharing},
        ),
    ] = None


@struct
class Bot:
    """A bot that is allowed in the room; role 0 is for one that does not take part itself."""

    name: Opaque
    description: Opaque
    homepage: Uri
    local_client_bot: bool
    bot_role_index: UInt32
    can_target_message_in_group: bool
    per_user_content: bool


@struct
class BotPolicy:
    """The component ``bot_policy``."""

    allowed_bots: tuple[Bot, ...]


@struct
class ExpirationDurations:
    """How long messages last, in seconds."""

    min_expiration_duration: UInt32
    max_expiration_duration: UInt32
    default_expiration_duration: UInt32 | None = None


@struct
class MessageExpiration:
    """The component ``message_expiration_policy``."""

    expiring_messages: Optionality
    durations: Annotated[
        ExpirationDurations | None,
        Given(
            "expiring_messages",
            {Optionality.REQUIRED: ExpirationDurations, Optionality.OPTIONAL: ExpirationDurations},
        ),
    ] = None
