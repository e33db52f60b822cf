"""Components of rooms as structures: what is valid, and what breaks which rule."""

from mimi.codec import replace
from mimi.crypto import CipherSuite
from mimi.mls import ComponentID, MediaType
from mimi.mls.codepoints import ContentType, WireFormat
from mimi.mls.negotiation import Parameter
from mimi.policy.capability import Capability
from mimi.policy.operational import (
    AppMessagePolicy,
    ExtendedCapabilities,
    MinDefaultMaxTime,
    OperationalParameters,
    PendingProposalPolicy,
    PendingProposalStrategy,
    RandomDelay,
    StrategyParams,
)
from mimi.policy.presets import role
from mimi.policy.structures import (
    AssetPolicy,
    AssetUploadLocation,
    BaseRoomPolicy,
    Bot,
    BotPolicy,
    Claim,
    ClaimId,
    DownloadPrivacy,
    DownloadPrivacyType,
    ExpirationDurations,
    HistoryPolicy,
    HistorySharing,
    JoinLink,
    JoinLinkPolicy,
    JoinLinksData,
    LinkPreviewPolicy,
    LoggingDetails,
    LoggingPolicy,
    MessageExpiration,
    Optionality,
    ParticipantListData,
    PreAuthData,
    PreAuthRoleEntry,
    ProviderAssetUploadDomains,
    RichDescription,
    Role,
    RoleData,
    RoomMetaData,
    SingleSourceRoleChangeTargets,
    StatusNotificationPolicy,
    UserRolePair,
)
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType, ProtocolVersion

OPTIONAL, REQUIRED, FORBIDDEN = Optionality
DIRECT, HUB_PROXY, OHTTP = DownloadPrivacyType
MOST32 = (1 << 32) - 1
MOST64 = (1 << 64) - 1

ROOM = b"mimi://hub.example/r/club"
PROXY = b"https://proxy.hub.example/preview"
PNG = MediaType(b"image/png")
MARKDOWN = MediaType(b"text/markdown", (Parameter(b"variant", b"GFM-MIMI"),))

_FULL_ROLE = Role(
    role_index=MOST32,
    role_name="Vorstände".encode(),
    role_description="die alles dürfen".encode(),
    role_capabilities=(Capability(0), Capability(0x0605), Capability(0xF001), Capability(0x7777)),
    minimum_participants_constraint=1,
    maximum_participants_constraint=MOST32,
    minimum_active_participants_constraint=0,
    maximum_active_participants_constraint=0,
    authorized_role_changes=(
        SingleSourceRoleChangeTargets(0, (1, 2, MOST32)),
        SingleSourceRoleChangeTargets(0, ()),
    ),
)
_OID = ClaimId(CredentialType.X509, b"\x06\x03\x55\x04\x0a")
_CLAIM = Claim(_OID, b"Example Ltd")

ASSETS = AssetPolicy(
    AssetUploadLocation.LOCAL_PROVIDER,
    (
        ProviderAssetUploadDomains(b"a.example", (b"assets.a.example", b"cdn.example")),
        ProviderAssetUploadDomains(b"b.example", ()),
    ),
    DownloadPrivacy((HUB_PROXY, OHTTP), (DIRECT,), HUB_PROXY),
    1 << 20,
    1 << 24,
    MOST64,
    0,
    (MediaType(b"image/svg+xml"),),
    (PNG, MARKDOWN),
)
LINKS = LinkPreviewPolicy(
    OPTIONAL, REQUIRED, FORBIDDEN, REQUIRED, (PROXY, b"https://other.example")
)
LOGGING = LoggingPolicy(
    REQUIRED,
    LoggingDetails(
        (b"mimi://a.example/d/logger/1", b"mimi://b.example/u/logger"),
        b"https://a.example/logging.json",
        b"",
    ),
)
HISTORY = HistoryPolicy(
    OPTIONAL, HistorySharing((2, 3), automatically_share=True, max_time_period=86400)
)
BOT = Bot(b"Poker", b"deals cards", b"https://poker.example", False, 4, True, True)  # noqa: FBT003 - in the draft's order
EXPIRING = MessageExpiration(REQUIRED, ExpirationDurations(60, 86400, 3600))
METADATA = RoomMetaData(
    ROOM,
    "Club für alle".encode(),
    (
        RichDescription(b"", b"", b"a club"),
        RichDescription(b"text/markdown", b"de-CH", b"*ein* Club"),
        RichDescription(b"application/octet-stream", b"", b"\xff\x00"),
    ),
    b"https://hub.example/club.png",
    b"this week",
    b"",
)
OPERATIONAL = OperationalParameters(
    mandatory_capabilities=ExtendedCapabilities(
        versions=(ProtocolVersion.MLS10,),
        cipher_suites=(CipherSuite(1), CipherSuite(0x0A0A)),
        extensions=(ExtensionType(6),),
        proposals=(ProposalType(8), ProposalType(10)),
        credentials=(CredentialType.X509,),
        wire_formats=(WireFormat(2),),
        component_ids=(ComponentID(0x22), ComponentID(0x25)),
        safe_aad_types=(ComponentID(0x40),),
        media_types=(MARKDOWN,),
        content_types=tuple(ContentType),
    ),
    forbidden_capabilities=ExtendedCapabilities(
        cipher_suites=(CipherSuite(4),), media_types=(PNG,)
    ),
    handshake_formats=(WireFormat(1), WireFormat(0xF501)),
    external_proposal_allowed=False,
    external_commit_allowed=True,
    pending_proposal_policy=PendingProposalPolicy(
        PendingProposalStrategy.RANDOM_DELAY, RandomDelay(100, 5000)
    ),
    leaf_node_update_time=MinDefaultMaxTime(3600, 86400, MOST64),
    app_message_policy=AppMessagePolicy(2, 256, 1000),
    max_kp_lifetime=7257600,
    max_credential_lifetime=31536000,
    resumption_psk_lifetime=86400,
    sender_nonce_keypair_lifetime=MinDefaultMaxTime(0, 60, 3600),
    max_keypairs=1000,
    buffer_incoming_message_time=MinDefaultMaxTime(1, 1, 1),
    max_buffered_messages=MOST32,
)


def _operational(**changed: object) -> OperationalParameters:
    return replace(OperationalParameters(), **changed)


def _metadata(**changed: object) -> RoomMetaData:
    return replace(METADATA, **changed)


def _assets(**changed: object) -> AssetPolicy:
    return replace(ASSETS, **changed)


def _listed(*users: bytes) -> ParticipantListData:
    return ParticipantListData(tuple(UserRolePair(user, 2) for user in users))


VALUES: tuple[tuple[str, object], ...] = (
    ("no participants", ParticipantListData(())),
    (
        "a user, a pseudonym and a provider",
        _listed(b"mimi://a.example/u/alice", b"mimi://a.example/p/fox", b"mimi://hub.example"),
    ),
    ("the greatest role", ParticipantListData((UserRolePair(b"mimi://a.example/u/a", MOST32),))),
    ("everything that is shown of a room", METADATA),
    ("nothing but the room's URI", RoomMetaData(ROOM)),
    ("everything about operations", OPERATIONAL),
    ("nothing about operations", OperationalParameters()),
    (
        "a strategy of a component's own",
        _operational(
            pending_proposal_policy=PendingProposalPolicy(
                PendingProposalStrategy.EXTENSION, StrategyParams(ComponentID(0xF00D))
            )
        ),
    ),
    (
        "proposals are committed at once",
        _operational(
            pending_proposal_policy=PendingProposalPolicy(PendingProposalStrategy.IMMEDIATE_COMMIT)
        ),
    ),
    ("no roles", RoleData(())),
    ("a role with everything, unknown capabilities too", RoleData((_FULL_ROLE,))),
    (
        "roles in another order, one that bans and one that is open",
        RoleData(
            (
                role(7, "user"),
                role(1, "banned"),
                role(0, "", (Capability.CAN_OPEN_JOIN,), {0: (7,)}),
            )
        ),
    ),
    ("nobody is preauthorised", PreAuthData(())),
    (
        "claims, and an entry without any",
        PreAuthData((PreAuthRoleEntry((_CLAIM, _CLAIM), 3), PreAuthRoleEntry((), MOST32))),
    ),
    ("a role that is 0, to which nobody comes", PreAuthData((PreAuthRoleEntry((_CLAIM,), 0),))),
    ("the base policy by default", BaseRoomPolicy()),
    (
        "a base policy with everything",
        BaseRoomPolicy(
            fixed_membership=True,
            parent_dependant=True,
            parent_room=(ROOM,),
            multi_device=False,
            max_clients=MOST32,
            max_users=0,
            pseudonyms_allowed=True,
            persistent_room=True,
            discoverable=True,
            policy_component_ids=(ComponentID(0x25), ComponentID(0xF001)),
        ),
    ),
    ("notifications", StatusNotificationPolicy(FORBIDDEN, REQUIRED)),
    ("links on request", JoinLinkPolicy(True, b"https://a.example/ask", False, 3600)),  # noqa: FBT003 - in the draft's order
    ("no place to ask for links", JoinLinkPolicy(False, b"", True, MOST32)),  # noqa: FBT003 - the same
    ("no joining links", JoinLinksData(())),
    (
        "joining links, one of them no text",
        JoinLinksData((JoinLink(b"https://a.example/1"), JoinLink(b"\xff\x00"), JoinLink(b""))),
    ),
    ("link previews through proxies", LINKS),
    ("link previews without", LinkPreviewPolicy(FORBIDDEN, OPTIONAL, OPTIONAL, FORBIDDEN)),
    ("assets at everybody's provider", ASSETS),
    (
        "assets at the hub",
        _assets(
            asset_upload_location=AssetUploadLocation.HUB, upload_domains=ASSETS.upload_domains[:1]
        ),
    ),
    (
        "assets anywhere",
        _assets(asset_upload_location=AssetUploadLocation.UNSPECIFIED, upload_domains=()),
    ),
    ("no media type is permitted", _assets(permitted_media_types=())),
    ("media types are not listed", _assets(permitted_media_types=None, forbidden_media_types=())),
    ("logging is required", LOGGING),
    ("logging is possible, and nobody logs", LoggingPolicy(OPTIONAL, LoggingDetails((), b"", b""))),
    ("no logging", LoggingPolicy(FORBIDDEN)),
    ("history is shared", HISTORY),
    (
        "history is shared by nobody",
        HistoryPolicy(REQUIRED, HistorySharing((), automatically_share=False, max_time_period=0)),
    ),
    ("no history", HistoryPolicy(FORBIDDEN)),
    ("no bots", BotPolicy(())),
    (
        "bots, one of them local",
        BotPolicy((BOT, replace(BOT, local_client_bot=True, bot_role_index=0, homepage=b""))),
    ),
    ("messages expire", EXPIRING),
    (
        "messages may expire, and nothing is usual",
        MessageExpiration(OPTIONAL, ExpirationDurations(0, 0)),
    ),
    ("messages do not expire", MessageExpiration(FORBIDDEN)),
)
"""Components that are valid."""

BROKEN: tuple[tuple[str, object], ...] = (
    ("role 0 in the list", ParticipantListData((UserRolePair(b"mimi://a.example/u/a", 0),))),
    ("a participant twice", _listed(b"mimi://a.example/u/a", b"mimi://a.example/u/a")),
    ("a participant whose URI is not canonical", _listed(b"MIMI://a.example/u/a")),
    ("the same with a needless escape", _listed(b"mimi://a.example/u/%61")),
    ("a client in the list", _listed(b"mimi://a.example/d/a/1")),
    ("a room in the list", _listed(b"mimi://a.example/r/a")),
    ("a participant of another scheme", _listed(b"https://a.example/u/a")),
    ("a participant without a name", _listed(b"")),
    ("a participant in no UTF-8", _listed(b"mimi://a.example/u/\xff")),
    ("a name that is no UTF-8", _metadata(room_name=b"\xff")),
    ("a name with U+0000", _metadata(room_name=b"a\0b")),
    ("a subject in overlong UTF-8", _metadata(room_subject=b"\xc0\x80")),
    ("a mood with a surrogate", _metadata(room_mood=b"\xed\xa0\x80")),
    (
        "a description that is no UTF-8",
        _metadata(room_descriptions=(RichDescription(b"", b"", b"\xff"),)),
    ),
    (
        "a Markdown description that is no UTF-8",
        _metadata(room_descriptions=(RichDescription(b"text/markdown", b"", b"\xff"),)),
    ),
    ("no room URI", _metadata(room_uri=b"")),
    ("the URI of a user for that of a room", _metadata(room_uri=b"mimi://a.example/u/a")),
    ("an avatar without https", _metadata(room_avatar=b"http://a.example/a.png")),
    (
        "a language that is none",
        _metadata(room_descriptions=(RichDescription(b"", b"not a tag", b""),)),
    ),
    (
        "a media type that is none",
        _metadata(room_descriptions=(RichDescription(b"text", b"", b""),)),
    ),
    ("two roles with one index", RoleData((role(2, "a"), role(3, "b"), role(2, "c")))),
    ("a role whose name is no UTF-8", RoleData((Role(2, b"\xff"),))),
    ("a role whose description has U+0000", RoleData((Role(2, b"a", b"\0"),))),
    ("canOpenJoin on role 2", RoleData((role(2, "a", (Capability.CAN_OPEN_JOIN,)),))),
    ("a dependent room without a parent", BaseRoomPolicy(parent_dependant=True)),
    ("a parent that nothing depends on", BaseRoomPolicy(parent_room=(ROOM,))),
    ("two parents", BaseRoomPolicy(parent_dependant=True, parent_room=(ROOM, ROOM))),
    ("a parent that is no room", BaseRoomPolicy(parent_dependant=True, parent_room=(b"a",))),
    ("where to ask for links is no URI", JoinLinkPolicy(True, b"not a URI", True, 0)),  # noqa: FBT003 - the same
    ("finding links is required", replace(LINKS, autodetect_hyperlinks_in_text=REQUIRED)),
    ("a proxy is required, and there is none", replace(LINKS, link_preview_proxy=())),
    (
        "a proxy is possible, and there is none",
        replace(LINKS, link_preview_proxy_use=OPTIONAL, link_preview_proxy=()),
    ),
    ("a proxy that is no URI", replace(LINKS, link_preview_proxy=(PROXY, b""))),
    ("two providers beside the hub", _assets(asset_upload_location=AssetUploadLocation.HUB)),
    (
        "a domain in capitals",
        _assets(upload_domains=(ProviderAssetUploadDomains(b"A.example", ()),)),
    ),
    (
        "a domain with an empty label",
        _assets(upload_domains=(ProviderAssetUploadDomains(b"a.example", (b"a..example",)),)),
    ),
    (
        "a way to download that is allowed and forbidden",
        _assets(download_privacy=DownloadPrivacy((DIRECT, OHTTP), (OHTTP,), DIRECT)),
    ),
    (
        "a usual way to download that is not allowed",
        _assets(download_privacy=DownloadPrivacy((DIRECT,), (), OHTTP)),
    ),
    ("a media type without a subtype", _assets(permitted_media_types=(MediaType(b"image"),))),
    ("nobody logs, who must", LoggingPolicy(REQUIRED, LoggingDetails((), b"", b""))),
    ("a logger that is a room", LoggingPolicy(OPTIONAL, LoggingDetails((ROOM,), b"", b""))),
    ("a logging policy that is no URI", LoggingPolicy(OPTIONAL, LoggingDetails((), b"a b", b""))),
    (
        "nobody's role shares history",
        HistoryPolicy(
            OPTIONAL, HistorySharing((2, 0), automatically_share=True, max_time_period=1)
        ),
    ),
    (
        "the banned role shares history",
        HistoryPolicy(REQUIRED, HistorySharing((1,), automatically_share=True, max_time_period=1)),
    ),
    ("a local bot with a role", BotPolicy((replace(BOT, local_client_bot=True),))),
    ("a bot whose name is no UTF-8", BotPolicy((replace(BOT, name=b"\xff"),))),
    ("a bot whose homepage is no URI", BotPolicy((replace(BOT, homepage=b"poker"),))),
    (
        "a shortest duration beyond the longest",
        MessageExpiration(REQUIRED, ExpirationDurations(61, 60)),
    ),
    (
        "a usual duration that is too long",
        MessageExpiration(OPTIONAL, ExpirationDurations(0, 60, 61)),
    ),
    (
        "a shortest time beyond the longest",
        _operational(leaf_node_update_time=MinDefaultMaxTime(2, 2, 1)),
    ),
    (
        "a usual time that is too short",
        _operational(sender_nonce_keypair_lifetime=MinDefaultMaxTime(2, 1, 3)),
    ),
    (
        "a shortest delay beyond the longest",
        _operational(
            pending_proposal_policy=PendingProposalPolicy(
                PendingProposalStrategy.RANDOM_DELAY, RandomDelay(2, 1)
            )
        ),
    ),
    (
        "a cipher suite that is mandatory and forbidden",
        _operational(
            mandatory_capabilities=ExtendedCapabilities(cipher_suites=(CipherSuite(1),)),
            forbidden_capabilities=ExtendedCapabilities(cipher_suites=(CipherSuite(1),)),
        ),
    ),
)
"""Components that parse, and break a rule."""
