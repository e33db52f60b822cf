"""Cases of what the linter finds in ways into a room, in its base policy and other components."""

from policy.lint_room import (
    ADMIN,
    ADULT,
    NOBODY,
    STAFF,
    USER,
    X509,
    base,
    case,
    claim,
    entry,
    less,
    limited,
    links,
    more,
    moving,
    operational,
    preauthorized,
    raw,
    room,
)

from mimi.mls import MLS_SEMIPRIVATE_MESSAGE, MediaType
from mimi.mls.codepoints import WireFormat
from mimi.policy.lint import LintRule as R
from mimi.policy.lint import Severity
from mimi.policy.structures import (
    AssetPolicy,
    AssetUploadLocation,
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
    RoomMetaData,
    StatusNotificationPolicy,
)

ERROR, NOTE = Severity.ERROR, Severity.NOTE
OPTIONAL, REQUIRED, FORBIDDEN = Optionality.OPTIONAL, Optionality.REQUIRED, Optionality.FORBIDDEN
DIRECT = DownloadPrivacyType.DIRECT
SOUND = room()

OPEN = moving(more(NOBODY, "canOpenJoin"), {0: (2,)})
LINKED = moving(more(NOBODY, "canUseJoinCode"), {0: (2,)})
JOINING = more(USER, "canJoinIfPreauthorized")
FOR_STAFF = preauthorized(entry(2, STAFF))
WRITER = more(USER, "canSendLink canUploadImage")
FIXED = base(fixed_membership=True)
FIXED_ADMIN = less(ADMIN, "canAddParticipant canRemoveParticipant canRemoveSelf")
FIXED_USER = less(USER, "canRemoveSelf")
STATUS = StatusNotificationPolicy(OPTIONAL, OPTIONAL)
PUBLIC, PRIVATE = WireFormat.MLS_PUBLIC_MESSAGE, WireFormat.MLS_PRIVATE_MESSAGE
EMPTY_HANDED = "canChangeOtherPolicyAttribute"


def shared(*roles):
    return HistoryPolicy(
        OPTIONAL, HistorySharing(roles, automatically_share=True, max_time_period=9)
    )


def bot(role, *, local=False):
    return BotPolicy((Bot(b"dealer", b"", b"", local, role, False, False),))


def previews(sending):
    return LinkPreviewPolicy(FORBIDDEN, sending, FORBIDDEN, FORBIDDEN)


def expiring(longest, how=REQUIRED):
    return MessageExpiration(how, ExpirationDurations(0, longest))


def joining(*, on_request=False, expiration=60):
    return JoinLinkPolicy(on_request, b"", multiuser=True, expiration=expiration)


def asset_policy(
    location=AssetUploadLocation.UNSPECIFIED, domains=(), image=1, permitted=None, forbidden=()
):
    download = DownloadPrivacy((DIRECT,), (), DIRECT)
    return AssetPolicy(location, domains, download, image, 1, 1, 1, forbidden, permitted)


PNG, JPEG = MediaType(b"image/png"), MediaType(b"image/jpeg")
HERE = ProviderAssetUploadDomains(b"a.example", (b"files.a.example",))

JOINS = [
    case(
        "canOpenJoin of a participant",
        R.OPEN_JOIN_ROLE,
        (2,),
        room(more(USER, "canOpenJoin")),
        room(OPEN),
        ERROR,
    ),
    case(
        "what outsiders may do",
        R.OUTSIDERS,
        (0,),
        room(more(NOBODY, "canBan")),
        room(more(NOBODY, "canUseJoinCode canKnock")),
    ),
    case(
        "to join as banned",
        R.JOIN_AS_BANNED,
        (0,),
        room(moving(OPEN, {0: (1, 2)})),
        room(OPEN),
    ),
    case(
        "joins without commits",
        R.NO_EXTERNAL_COMMITS,
        (),
        room(OPEN, parts=(operational(external_commit_allowed=False),)),
        room(parts=(operational(external_commit_allowed=False),)),
    ),
    case(
        "found, and closed",
        R.NO_WAY_IN,
        (),
        room(parts=(base(discoverable=True),)),
        room(OPEN, parts=(base(discoverable=True),)),
    ),
    case(
        "found, and open to links",
        R.NO_WAY_IN,
        (),
        room(JOINING, parts=(base(discoverable=True),)),
        room(LINKED, parts=(base(discoverable=True),)),
    ),
    case(
        "found, and open to some",
        R.NO_WAY_IN,
        (),
        room(USER, parts=(base(discoverable=True), FOR_STAFF)),
        room(JOINING, parts=(base(discoverable=True), FOR_STAFF)),
    ),
    case(
        "nobody is preauthorised to join",
        R.UNUSED_CAPABILITY,
        (2,),
        room(JOINING),
        room(JOINING, parts=(FOR_STAFF,)),
        NOTE,
    ),
    case(
        "nobody is preauthorised for another role",
        R.UNUSED_CAPABILITY,
        (2,),
        room(more(USER, "canChangeOwnRole"), parts=(FOR_STAFF,)),
        room(more(USER, "canChangeOwnRole"), parts=(preauthorized(entry(3, STAFF)),)),
        NOTE,
    ),
    case(
        "nobody makes links",
        R.UNUSED_CAPABILITY,
        (0,),
        room(LINKED),
        room(LINKED, more(ADMIN, "canCreateJoinCode")),
        NOTE,
    ),
    case(
        "there is a link",
        R.UNUSED_CAPABILITY,
        (0,),
        room(LINKED),
        room(LINKED, parts=(links(1),)),
        NOTE,
    ),
    case(
        "nobody uses links",
        R.JOIN_LINKS,
        (),
        room(parts=(links(1),)),
        room(LINKED, parts=(links(1),)),
    ),
    case(
        "two links on request",
        R.JOIN_LINKS,
        (),
        room(LINKED, parts=(links(2), joining(on_request=True))),
        room(LINKED, parts=(links(1), joining(on_request=True))),
        ERROR,
    ),
    case(
        "links that expire at once",
        R.JOIN_LINKS,
        (),
        room(LINKED, parts=(joining(expiration=0),)),
        room(LINKED, parts=(joining(expiration=1),)),
    ),
]

CLAIMS = [
    case(
        "claims of two credential types",
        R.UNMATCHABLE_CLAIMS,
        (2,),
        room(JOINING, parts=(preauthorized(entry(2, STAFF, claim(b"o", b"A", X509))),)),
        room(JOINING, parts=(preauthorized(entry(2, STAFF, ADULT)),)),
    ),
    case(
        "two values of a claim",
        R.UNMATCHABLE_CLAIMS,
        (2,),
        room(JOINING, parts=(preauthorized(entry(2, STAFF, claim(b"team", b"guests"))),)),
        room(JOINING, parts=(preauthorized(entry(2, STAFF, STAFF)),)),
    ),
    case(
        "an entry after one that asks for less",
        R.SHADOWED_ENTRY,
        (3,),
        room(JOINING, parts=(preauthorized(entry(2, STAFF), entry(3, ADULT, STAFF)),)),
        room(JOINING, parts=(preauthorized(entry(3, ADULT, STAFF), entry(2, STAFF)),)),
    ),
    case(
        "an entry after one of role 0",
        R.SHADOWED_ENTRY,
        (2,),
        room(JOINING, parts=(preauthorized(entry(7, STAFF), entry(2, STAFF)),)),
        room(JOINING, parts=(preauthorized(entry(0, STAFF), entry(2, STAFF)),)),
    ),
    case(
        "an entry for everybody",
        R.ANYONE_PREAUTHORIZED,
        (2,),
        room(JOINING, parts=(preauthorized(entry(2)),)),
        room(JOINING, parts=(preauthorized(entry(2, STAFF)),)),
    ),
    case(
        "an entry for role 0",
        R.USELESS_ENTRY,
        (0,),
        room(JOINING, parts=(preauthorized(entry(0, STAFF)),)),
        room(JOINING, parts=(FOR_STAFF,)),
    ),
    case(
        "an entry for no role",
        R.UNDEFINED_ROLE,
        (7,),
        room(JOINING, parts=(preauthorized(entry(7, STAFF)),)),
        room(JOINING, parts=(FOR_STAFF,)),
    ),
    case(
        "an entry by which nobody joins",
        R.USELESS_ENTRY,
        (2,),
        room(parts=(FOR_STAFF,)),
        room(JOINING, parts=(FOR_STAFF,)),
    ),
    case(
        "an entry by which somebody rises",
        R.USELESS_ENTRY,
        (2,),
        room(parts=(FOR_STAFF,)),
        room(more(ADMIN, "canChangeOwnRole"), parts=(FOR_STAFF,)),
    ),
    case(
        "an entry by which somebody acts from outside",
        R.USELESS_ENTRY,
        (2,),
        room(parts=(FOR_STAFF,)),
        room(more(USER, "canChangeRoomMood"), parts=(FOR_STAFF,)),
    ),
]

BASE = [
    case(
        "who adds where membership is fixed",
        R.FIXED_MEMBERSHIP,
        (2,),
        room(more(FIXED_USER, "canAddParticipant"), FIXED_ADMIN, parts=(FIXED,)),
        room(FIXED_USER, FIXED_ADMIN, parts=(FIXED,)),
        ERROR,
    ),
    case(
        "who leaves where membership is fixed",
        R.FIXED_MEMBERSHIP_UNUSED,
        (2,),
        room(FIXED_ADMIN, parts=(FIXED,)),
        room(FIXED_USER, FIXED_ADMIN, parts=(FIXED,)),
        NOTE,
    ),
    case(
        "no parent",
        R.PARENT_ROOM,
        (),
        room(parts=(base(parent_dependant=True),)),
        room(parts=(base(parent_dependant=True, parent_room=(b"mimi://a.example/r/x",)),)),
        ERROR,
    ),
    case(
        "a parent too many",
        R.PARENT_ROOM,
        (),
        room(parts=(base(parent_room=(b"mimi://a.example/r/x",)),)),
        SOUND,
        ERROR,
    ),
    case(
        "a component that is not listed",
        R.UNLISTED_COMPONENT,
        (),
        raw(NOBODY, USER, policy_component_ids=()),
        raw(NOBODY, USER),
        NOTE,
    ),
    case(
        "a component that nobody changes",
        R.LOCKED_COMPONENT,
        (),
        room(less(ADMIN, EMPTY_HANDED), parts=(STATUS,)),
        room(less(ADMIN, EMPTY_HANDED)),
        NOTE,
    ),
]

OTHERS = [
    case(
        "a logger that is missing",
        R.INVALID_COMPONENT,
        (),
        room(parts=(LoggingPolicy(REQUIRED, LoggingDetails((), b"", b"")),)),
        room(parts=(LoggingPolicy(OPTIONAL, LoggingDetails((), b"", b"")),)),
        ERROR,
    ),
    case(
        "durations out of order",
        R.INVALID_COMPONENT,
        (),
        room(parts=(MessageExpiration(OPTIONAL, ExpirationDurations(3, 2)),)),
        room(parts=(MessageExpiration(OPTIONAL, ExpirationDurations(2, 2)),)),
        ERROR,
    ),
    case(
        "a local bot in the room",
        R.INVALID_COMPONENT,
        (),
        room(parts=(bot(2, local=True),)),
        room(parts=(bot(2),)),
        ERROR,
    ),
    case(
        "a hub that is not the room's",
        R.INVALID_COMPONENT,
        (),
        room(
            parts=(
                asset_policy(AssetUploadLocation.HUB, (HERE,)),
                RoomMetaData(b"mimi://b.example/r/x"),
            )
        ),
        room(
            parts=(
                asset_policy(AssetUploadLocation.HUB, (HERE,)),
                RoomMetaData(b"mimi://a.example/r/x"),
            )
        ),
        ERROR,
    ),
    case(
        "history by who is banned",
        R.HISTORY_ROLES,
        (1,),
        room(parts=(shared(1, 2),)),
        room(parts=(shared(2),)),
        ERROR,
    ),
    case(
        "history by who has no clients",
        R.HISTORY_ROLES,
        (2,),
        room(limited(USER, active=(0, 0)), parts=(shared(2),)),
        room(parts=(shared(2),)),
        ERROR,
    ),
    case(
        "history by nobody",
        R.HISTORY_ROLES,
        (),
        room(parts=(shared(),)),
        room(parts=(HistoryPolicy(FORBIDDEN),)),
    ),
    case(
        "history by no role",
        R.UNDEFINED_ROLE,
        (7,),
        room(parts=(shared(2, 7),)),
        room(parts=(shared(2),)),
    ),
    case(
        "a bot of no role",
        R.UNDEFINED_ROLE,
        (7,),
        room(parts=(bot(7),)),
        room(parts=(bot(0),)),
    ),
    case(
        "a banned bot",
        R.BOT_ROLE,
        (1,),
        room(parts=(bot(1),)),
        room(parts=(bot(2),)),
    ),
    case(
        "receipts of who cannot send",
        R.REQUIRED_STATUS,
        (2,),
        room(less(USER, "canSendMessage"), parts=(StatusNotificationPolicy(OPTIONAL, REQUIRED),)),
        room(less(USER, "canSendMessage"), parts=(STATUS,)),
        NOTE,
    ),
    case(
        "notifications of who cannot send",
        R.REQUIRED_STATUS,
        (2,),
        room(less(USER, "canSendMessage"), parts=(StatusNotificationPolicy(REQUIRED, FORBIDDEN),)),
        room(parts=(StatusNotificationPolicy(REQUIRED, FORBIDDEN),)),
        NOTE,
    ),
    case(
        "links without the preview",
        R.LINK_PREVIEWS,
        (2,),
        room(WRITER, parts=(previews(REQUIRED),)),
        room(more(WRITER, "canSendLinkPreview"), parts=(previews(REQUIRED),)),
    ),
    case(
        "previews that are forbidden",
        R.LINK_PREVIEWS,
        (2,),
        room(more(WRITER, "canSendLinkPreview"), parts=(previews(FORBIDDEN),)),
        room(more(WRITER, "canSendLinkPreview"), parts=(previews(OPTIONAL),)),
        NOTE,
    ),
    case(
        "messages that expire at once",
        R.EXPIRATION,
        (),
        room(parts=(expiring(0),)),
        room(parts=(expiring(1),)),
    ),
    case(
        "messages that may expire at once",
        R.EXPIRATION,
        (),
        room(parts=(expiring(0),)),
        room(parts=(expiring(0, OPTIONAL),)),
    ),
    case(
        "images of no octets",
        R.ASSETS,
        (2,),
        room(WRITER, parts=(asset_policy(image=0),)),
        room(parts=(asset_policy(image=0),)),
    ),
    case(
        "nowhere to upload",
        R.ASSETS,
        (),
        room(parts=(asset_policy(AssetUploadLocation.LOCAL_PROVIDER),)),
        room(parts=(asset_policy(AssetUploadLocation.LOCAL_PROVIDER, (HERE,)),)),
    ),
    case(
        "nothing to upload",
        R.ASSETS,
        (),
        room(parts=(asset_policy(permitted=(PNG,), forbidden=(PNG,)),)),
        room(parts=(asset_policy(permitted=(PNG, JPEG), forbidden=(PNG,)),)),
    ),
    case(
        "handshakes that no hub reads",
        R.HANDSHAKE_FORMATS,
        (),
        room(parts=(operational(handshake_formats=(PRIVATE,)),)),
        room(parts=(operational(handshake_formats=(PRIVATE, MLS_SEMIPRIVATE_MESSAGE)),)),
    ),
    case(
        "handshakes that everybody reads",
        R.HANDSHAKE_FORMATS,
        (),
        room(parts=(operational(handshake_formats=(PRIVATE,)),)),
        room(parts=(operational(handshake_formats=(PUBLIC,)),)),
    ),
]
