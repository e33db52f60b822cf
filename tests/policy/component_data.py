"""The data of components that are only just valid, and how to change them."""

from typing import Any

import attrs

from mimi.mls import MediaType, Parameter
from mimi.policy.operational import (
    ExtendedCapabilities,
    OperationalParameters,
    PendingProposalPolicy,
    PendingProposalStrategy,
    RandomDelay,
)
from mimi.policy.policy import STRUCTURES
from mimi.policy.structures import (
    AssetPolicy,
    AssetUploadLocation,
    BaseRoomPolicy,
    Bot,
    BotPolicy,
    DownloadPrivacy,
    DownloadPrivacyType,
    ExpirationDurations,
    HistoryPolicy,
    HistorySharing,
    JoinLinkPolicy,
    LinkPreviewPolicy,
    LoggingDetails,
    LoggingPolicy,
    MessageExpiration,
    Optionality,
    ProviderAssetUploadDomains,
    RichDescription,
    Role,
    RoleData,
    RoomMetaData,
)

OPTIONAL, REQUIRED, FORBIDDEN = Optionality
DIRECT, HUB_PROXY, OHTTP = DownloadPrivacyType
NUMBERS = {kind: number for number, kind in STRUCTURES.items()}

ROOM = b"mimi://hub.example/r/clubhouse"
ALICE = b"mimi://a.example/u/alice"
NOT_UTF_8 = b"caf\xe9"
NUL = b"a\0b"
NAME = "é\x01\u202e".encode()

METADATA = RoomMetaData(ROOM)
LINKS = LinkPreviewPolicy(OPTIONAL, OPTIONAL, OPTIONAL, FORBIDDEN)
PRIVACY = DownloadPrivacy((DIRECT, OHTTP), (HUB_PROXY,), OHTTP)
ASSETS = AssetPolicy(AssetUploadLocation.UNSPECIFIED, (), PRIVACY, 1, 1, 1, 1)
BOT = Bot(b"n", b"", b"", False, 2, False, False)
LINK = JoinLinkPolicy(False, b"", False, 0)


def metadata(**changes: Any) -> RoomMetaData:
    return attrs.evolve(METADATA, **changes)


def described(content: bytes = b"", *, tag: bytes = b"", kind: bytes = b"") -> RoomMetaData:
    return metadata(room_descriptions=(RichDescription(kind, tag, content),))


def roles(*listed: Role) -> RoleData:
    return RoleData(listed)


def base(**changes: Any) -> BaseRoomPolicy:
    return attrs.evolve(BaseRoomPolicy(), **changes)


def links(**changes: Any) -> LinkPreviewPolicy:
    return attrs.evolve(LINKS, **changes)


def join_link(uri: bytes) -> JoinLinkPolicy:
    return attrs.evolve(LINK, join_link=uri)


def assets(**changes: Any) -> AssetPolicy:
    return attrs.evolve(ASSETS, **changes)


def kept(provider: bytes, *domains: bytes) -> ProviderAssetUploadDomains:
    return ProviderAssetUploadDomains(provider, domains)


def uploads(*entries: ProviderAssetUploadDomains, hub: bool = True) -> AssetPolicy:
    where = AssetUploadLocation.HUB if hub else AssetUploadLocation.LOCAL_PROVIDER
    return assets(asset_upload_location=where, upload_domains=entries)


def downloads(*parts: Any) -> AssetPolicy:
    return assets(download_privacy=DownloadPrivacy(*parts))


def logging(
    *clients: bytes, said: Optionality = REQUIRED, machine: bytes = b"", human: bytes = b""
) -> LoggingPolicy:
    return LoggingPolicy(said, LoggingDetails(clients, machine, human))


def history(*sharing: int) -> HistoryPolicy:
    return HistoryPolicy(OPTIONAL, HistorySharing(sharing, False, 60))


def bot(**changes: Any) -> BotPolicy:
    return BotPolicy((BOT, attrs.evolve(BOT, **changes)))


def expiring(*durations: int | None) -> MessageExpiration:
    return MessageExpiration(OPTIONAL, ExpirationDurations(*durations))


def operational(**changes: Any) -> OperationalParameters:
    return attrs.evolve(OperationalParameters(), **changes)


def able(mandatory: dict[str, Any], forbidden: dict[str, Any]) -> OperationalParameters:
    return operational(
        mandatory_capabilities=ExtendedCapabilities(**mandatory),
        forbidden_capabilities=ExtendedCapabilities(**forbidden),
    )


def delayed(*bounds: int) -> OperationalParameters:
    policy = PendingProposalPolicy(PendingProposalStrategy.RANDOM_DELAY, RandomDelay(*bounds))
    return operational(pending_proposal_policy=policy)


MARKDOWN = MediaType(b"text/markdown")
GFM = MediaType(b"text/markdown", (Parameter(b"Variant", b"gfm"),))
NOT_MEDIA = MediaType(b"text")
TIMES = ("leaf_node_update_time", "sender_nonce_keypair_lifetime", "buffer_incoming_message_time")
