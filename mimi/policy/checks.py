"""Whether what a component of a room says is valid, by itself and beside the others.

A receiver checks an update before it asks whether the sender may make it: data that contradict
themselves are no policy, whoever proposes them. What is only unwise, such as a role that nobody can
come by, is left to the linter; targets of transitions and capabilities that nobody knows are valid.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from mimi.codec import decode
from mimi.identity import ClientUri, Domain, IdentifierError, RoomUri, UserUri, parse
from mimi.mls import MediaType
from mimi.policy.capability import Capability
from mimi.policy.errors import (
    AutodetectError,
    AvatarUriError,
    BotRoleError,
    CapabilityConflictError,
    DefaultDownloadError,
    DescriptionTypeError,
    DomainNameError,
    DownloadTypeError,
    ExpirationDurationError,
    FixedMembershipError,
    HistoryRoleError,
    JoinLinkCountError,
    LanguageTagError,
    LinkPreviewProxyError,
    LoggingClientError,
    MediaTypeError,
    NoLoggingClientError,
    OpenJoinRoleError,
    OperationalTimeError,
    ParentRoomError,
    PolicyUriError,
    RepeatedRoleError,
    RoomUriError,
    TextError,
    UncheckedComponentError,
    UploadDomainError,
)
from mimi.policy.media import is_listed, is_media_type, is_text, read_media_type
from mimi.policy.operational import (
    ExtendedCapabilities,
    MinDefaultMaxTime,
    OperationalParameters,
    RandomDelay,
)
from mimi.policy.policy import STRUCTURES, RoomPolicy, adding_roles
from mimi.policy.structures import (
    ASSET_POLICY,
    BANNED,
    CHAT_HISTORY_POLICY,
    JOIN_LINK_POLICY,
    NO_ROLE,
    AssetPolicy,
    AssetUploadLocation,
    BaseRoomPolicy,
    BotPolicy,
    DownloadPrivacy,
    HistoryPolicy,
    JoinLinkPolicy,
    LinkPreviewPolicy,
    LoggingPolicy,
    MessageExpiration,
    Optionality,
    ProviderAssetUploadDomains,
    RichDescription,
    RoleData,
    RoomMetaData,
)

_CHAR = rb"[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2}"
_AUTHORITY = (
    rb"(?:(?:" + _CHAR + rb"|:)*+@)?"
    rb"(?:\[[0-9A-Fa-fv:.]+\]|(?:" + _CHAR + rb")*+)"
    rb"(?::[0-9]*+)?"
)
_URI = re.compile(
    rb"[A-Za-z][A-Za-z0-9+.-]*+:"
    rb"(?://" + _AUTHORITY + rb"(?=[/?#]|\Z)|(?!//))"
    rb"(?:" + _CHAR + rb"|[:@/])*+"
    rb"(?:\?(?:" + _CHAR + rb"|[:@/?])*+)?"
    rb"(?:\#(?:" + _CHAR + rb"|[:@/?])*+)?"
)
"""A URI as RFC 3986 has it; what a scheme adds is not looked at."""
_HTTPS = re.compile(rb"https://(?:[^/?#@]*+@)?[^/?#:]", re.IGNORECASE)
_TAG = re.compile(rb"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*+")
"""The form that all language tags have; which subtags there are, and where, is not looked at."""


def check_component(component_id: int, data: bytes) -> Any:
    """Return what a component of a room says, if that is valid by itself.

    Args:
        component_id: Its number; not the participant list, which `Participants` reads.
        data: Its data, or an update that replaces it.

    Raises:
        UncheckedComponentError: It is none of those in `STRUCTURES`.
        MalformedError: It does not parse.
        PolicyDataError: It breaks a rule; the class says which.
    """
    structure = STRUCTURES.get(int(component_id))
    if structure is None:
        raise UncheckedComponentError(f"component {component_id}", component=int(component_id))
    value = decode(structure, data)
    check_structure(value)
    return value


def check_structure(value: Any) -> None:
    """Check what a component says, given as its structure.

    Raises:
        PolicyDataError: It breaks a rule; the class says which.
    """
    check = _CHECKS.get(type(value))
    if check is not None:
        check(value)


# Fields


def _check_text(field: str, value: bytes) -> None:
    try:
        value.decode()
    except UnicodeDecodeError as error:
        raise TextError(f"{field} is not UTF-8", field=field, at=error.start) from error
    if b"\0" in value:
        raise TextError(f"{field} has the character U+0000", field=field, at=value.index(0))


def _check_uri(field: str, value: bytes) -> None:
    if _URI.fullmatch(value) is None:
        raise PolicyUriError(f"{field} is no URI", field=field, uri=value)


def _check_optional_uri(field: str, value: bytes) -> None:
    if value:
        _check_uri(field, value)


def _canonical(value: bytes) -> object:
    """Return the identifier that a ``mimi:`` URI in canonical form is; None for anything else."""
    try:
        text = value.decode("ascii")
        uri = parse(text)
    except (UnicodeDecodeError, IdentifierError):
        return None
    return uri if str(uri) == text else None


def _check_room(field: str, value: bytes) -> None:
    if not isinstance(_canonical(value), RoomUri):
        raise RoomUriError(f"{field} is no room's URI in canonical form", field=field, uri=value)


def _check_domain(field: str, value: bytes) -> None:
    try:
        text = value.decode("ascii")
        canonical = Domain(text).ascii
    except (UnicodeDecodeError, IdentifierError) as error:
        raise DomainNameError(
            f"{field} is no domain: {error}", field=field, domain=value
        ) from error
    if canonical != text:
        raise DomainNameError(f"{field} is to be {canonical}", field=field, domain=value)


def _check_media_types(field: str, listed: tuple[MediaType, ...]) -> None:
    for at, each in enumerate(listed):
        if not is_media_type(each):
            place = f"{field}[{at}]"
            raise MediaTypeError(f"{place} is no media type", field=place, media_type=each)


# Components


def _check_metadata(metadata: RoomMetaData) -> None:
    _check_room("room_uri", metadata.room_uri)
    for field in ("room_name", "room_subject", "room_mood"):
        _check_text(field, getattr(metadata, field))
    for at, description in enumerate(metadata.room_descriptions):
        _check_description(f"room_descriptions[{at}]", description)
    avatar = metadata.room_avatar
    if avatar and (_HTTPS.match(avatar) is None or _URI.fullmatch(avatar) is None):
        raise AvatarUriError("room_avatar is no https URI", field="room_avatar", uri=avatar)


def _check_description(field: str, description: RichDescription) -> None:
    tag, kind = description.language_tag, description.media_type
    if tag and _TAG.fullmatch(tag) is None:
        raise LanguageTagError(f"{field} is in no language", field=field, language_tag=tag)
    media_type = read_media_type(kind or b"text/plain")
    if media_type is None:
        raise DescriptionTypeError(f"{field} is of no media type", field=field, media_type=kind)
    if is_text(media_type):
        _check_text(field, description.description_content)


def _check_roles(data: RoleData) -> None:
    seen: set[int] = set()
    for at, role in enumerate(data.roles):
        _check_text(f"roles[{at}].role_name", role.role_name)
        _check_text(f"roles[{at}].role_description", role.role_description)
        index = int(role.role_index)
        if index in seen:
            raise RepeatedRoleError(f"two roles have the index {index}", role=index)
        seen.add(index)
        if index != NO_ROLE and Capability.CAN_OPEN_JOIN in role.role_capabilities:
            raise OpenJoinRoleError(f"role {index} has canOpenJoin", role=index)


def _check_base(base: BaseRoomPolicy) -> None:
    parents = len(base.parent_room)
    if parents != int(base.parent_dependant):
        wanted = "one" if base.parent_dependant else "none"
        raise ParentRoomError(f"{parents} parent rooms, {wanted} is wanted", parents=parents)
    for parent in base.parent_room:
        _check_room("parent_room", parent)


def _check_join_link_policy(policy: JoinLinkPolicy) -> None:
    _check_optional_uri("join_link", policy.join_link)


def _check_link_preview(policy: LinkPreviewPolicy) -> None:
    if policy.autodetect_hyperlinks_in_text is Optionality.REQUIRED:
        raise AutodetectError("autodetect_hyperlinks_in_text is required")
    if policy.link_preview_proxy_use is not Optionality.FORBIDDEN and not policy.link_preview_proxy:
        raise LinkPreviewProxyError("no link preview proxy", use=policy.link_preview_proxy_use)
    for at, proxy in enumerate(policy.link_preview_proxy or ()):
        _check_uri(f"link_preview_proxy[{at}]", proxy)


def _check_assets(policy: AssetPolicy) -> None:
    for at, entry in enumerate(policy.upload_domains):
        _check_upload_domains(f"upload_domains[{at}]", entry)
    providers = len(policy.upload_domains)
    if policy.asset_upload_location is AssetUploadLocation.HUB and providers != 1:
        raise UploadDomainError(f"{providers} providers beside the hub alone", providers=providers)
    _check_downloads(policy.download_privacy)
    _check_media_types("forbidden_media_types", policy.forbidden_media_types)
    _check_media_types("permitted_media_types", policy.permitted_media_types or ())


def _check_upload_domains(field: str, entry: ProviderAssetUploadDomains) -> None:
    _check_domain(f"{field}.provider", entry.provider)
    for at, domain in enumerate(entry.asset_upload_destinations):
        _check_domain(f"{field}.asset_upload_destinations[{at}]", domain)


def _check_downloads(privacy: DownloadPrivacy) -> None:
    allowed, usual = privacy.allowed_download_types, privacy.default_download_type
    for kind in privacy.forbidden_download_types:
        if kind in allowed:
            raise DownloadTypeError(f"{kind.name} is allowed and forbidden", download_type=kind)
    if usual not in allowed:
        raise DefaultDownloadError(f"{usual.name} is not allowed", download_type=usual)


def _check_logging(policy: LoggingPolicy) -> None:
    if policy.details is None:
        return
    clients = policy.details.logging_clients
    if policy.logging is Optionality.REQUIRED and not clients:
        raise NoLoggingClientError("logging is required, and nobody logs")
    for at, client in enumerate(clients):
        if not isinstance(_canonical(client), ClientUri | UserUri):
            field = f"logging_clients[{at}]"
            raise LoggingClientError(f"{field} is no client", field=field, uri=client)
    _check_optional_uri("machine_readable_policy", policy.details.machine_readable_policy)
    _check_optional_uri("human_readable_policy", policy.details.human_readable_policy)


def _check_history(policy: HistoryPolicy) -> None:
    for role in policy.details.roles_that_can_share if policy.details else ():
        if role in (NO_ROLE, BANNED):
            raise HistoryRoleError(f"role {role} would share history", role=int(role))


def _check_bots(policy: BotPolicy) -> None:
    for at, bot in enumerate(policy.allowed_bots):
        field = f"allowed_bots[{at}]"
        _check_text(f"{field}.name", bot.name)
        _check_text(f"{field}.description", bot.description)
        _check_optional_uri(f"{field}.homepage", bot.homepage)
        if bot.local_client_bot and bot.bot_role_index != NO_ROLE:
            raise BotRoleError(f"{field} is local, and has a role", role=int(bot.bot_role_index))


def _check_expiration(policy: MessageExpiration) -> None:
    if policy.durations is None:
        return
    least, most = policy.durations.min_expiration_duration, policy.durations.max_expiration_duration
    usual = policy.durations.default_expiration_duration
    if not least <= (least if usual is None else usual) <= most:
        raise ExpirationDurationError(
            f"durations {least}, {usual}, {most}", minimum=least, default=usual, maximum=most
        )


def _check_operational(parameters: OperationalParameters) -> None:
    mandatory, forbidden = parameters.mandatory_capabilities, parameters.forbidden_capabilities
    for what in COUNTED:
        both = set(getattr(mandatory, what)) & set(getattr(forbidden, what))
        if both:
            raise CapabilityConflictError(f"{what} that are mandatory and forbidden", field=what)
    for each in mandatory.media_types:
        if is_listed(forbidden.media_types, each):
            raise CapabilityConflictError(
                "media_types that are mandatory and forbidden", field="media_types"
            )
    for field in ("mandatory_capabilities", "default_capabilities", "forbidden_capabilities"):
        listed: ExtendedCapabilities = getattr(parameters, field)
        _check_media_types(f"{field}.media_types", listed.media_types)
    for field in (
        "leaf_node_update_time",
        "sender_nonce_keypair_lifetime",
        "buffer_incoming_message_time",
    ):
        _check_times(field, getattr(parameters, field))
    delay = parameters.pending_proposal_policy.parameters
    if isinstance(delay, RandomDelay) and delay.minimum_delay_ms > delay.maximum_delay_ms:
        raise OperationalTimeError(
            f"a delay from {delay.minimum_delay_ms} to {delay.maximum_delay_ms} ms",
            field="pending_proposal_policy",
        )


def _check_times(field: str, times: MinDefaultMaxTime) -> None:
    """Check times of which a maximum of 0 is none: then all three may be 0 too."""
    least, usual, most = times.minimum_time, times.default_time, times.maximum_time
    if not least <= usual or (most and usual > most):
        raise OperationalTimeError(f"{field} of {least}, {usual}, {most} seconds", field=field)


COUNTED = tuple(at for at in ExtendedCapabilities.__annotations__ if at != "media_types")
"""The fields of `ExtendedCapabilities` that hold numbers."""

_CHECKS: Mapping[type[Any], Callable[[Any], None]] = MappingProxyType(
    {
        RoomMetaData: _check_metadata,
        RoleData: _check_roles,
        BaseRoomPolicy: _check_base,
        JoinLinkPolicy: _check_join_link_policy,
        LinkPreviewPolicy: _check_link_preview,
        AssetPolicy: _check_assets,
        LoggingPolicy: _check_logging,
        HistoryPolicy: _check_history,
        BotPolicy: _check_bots,
        MessageExpiration: _check_expiration,
        OperationalParameters: _check_operational,
    }
)
"""Those of components that can be wrong; of the others everything that parses is valid."""


# Components beside each other


def check_base_and_roles(base: BaseRoomPolicy, roles: RoleData) -> None:
    """Check that in a room of fixed membership nobody in it can add participants (section 5).

    Raises:
        FixedMembershipError: A role other than 0 and the banned one can.
    """
    adding = adding_roles(roles.roles) if base.fixed_membership else ()
    if adding:
        raise FixedMembershipError(f"role {adding[0]} can add participants", role=adding[0])


def check_policy(policy: RoomPolicy) -> None:
    """Check what components of a room must keep to beside each other.

    Each is taken to be valid by itself.

    Raises:
        FixedMembershipError: See `check_base_and_roles`.
        HistoryRoleError: History would be shared by a role that has no active participants.
        JoinLinkCountError: Joining links are had on request, and more than one is kept.
        UploadDomainError: Assets go to a hub that is not the room's.
    """
    check_base_and_roles(policy.base, policy.roles)
    history = policy.component(CHAT_HISTORY_POLICY, HistoryPolicy)
    for index in history.details.roles_that_can_share if history and history.details else ():
        if policy.role(index).role.maximum_active_participants_constraint == 0:
            raise HistoryRoleError(f"role {index} is never active", role=int(index))
    links = policy.component(JOIN_LINK_POLICY, JoinLinkPolicy)
    if links is not None and links.on_request and len(policy.join_links) > 1:
        kept = len(policy.join_links)
        raise JoinLinkCountError(f"{kept} joining links, had on request", links=kept)
    _check_hub(policy)


def _check_hub(policy: RoomPolicy) -> None:
    assets = policy.component(ASSET_POLICY, AssetPolicy)
    if assets is None or policy.metadata is None:
        return
    if assets.asset_upload_location is AssetUploadLocation.HUB:
        hub = RoomUri.parse(policy.metadata.room_uri.decode("ascii")).provider.ascii
        provider = assets.upload_domains[0].provider
        if provider != hub.encode("ascii"):
            raise UploadDomainError(f"the hub is {hub}, not {provider!r}", provider=provider)
