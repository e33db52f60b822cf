"""What a component of a room must not say, each with what it only just may."""

from typing import Any

import attrs
import pytest
from policy.component_data import (
    ALICE,
    DIRECT,
    FORBIDDEN,
    GFM,
    MARKDOWN,
    METADATA,
    NAME,
    NOT_MEDIA,
    NOT_UTF_8,
    NUL,
    NUMBERS,
    OHTTP,
    OPTIONAL,
    REQUIRED,
    ROOM,
    TIMES,
    able,
    assets,
    base,
    bot,
    delayed,
    described,
    downloads,
    expiring,
    history,
    join_link,
    kept,
    links,
    logging,
    metadata,
    operational,
    roles,
    uploads,
)

from mimi.codec import encode
from mimi.mls import ComponentID, MediaType, Parameter
from mimi.mls.codepoints import WireFormat
from mimi.policy import errors
from mimi.policy.capability import Capability
from mimi.policy.checks import check_component, check_structure
from mimi.policy.operational import (
    MinDefaultMaxTime,
    OperationalParameters,
)
from mimi.policy.structures import (
    HistoryPolicy,
    JoinLink,
    JoinLinksData,
    LoggingPolicy,
    MessageExpiration,
    PreAuthData,
    Role,
    RoleData,
    SingleSourceRoleChangeTargets,
    StatusNotificationPolicy,
)
from mimi.tree.codepoints import CredentialType, ExtensionType

RULES: dict[str, tuple[Any, Any, type[errors.PolicyDataError], dict[str, Any]]] = {
    # what may be said, what may not, the error, some of the values that it has
    **{
        f"{field} {what}": (
            metadata(**{field: NAME}),
            metadata(**{field: wrong}),
            errors.TextError,
            {"field": field, "at": at},
        )
        for field in ("room_name", "room_subject", "room_mood")
        for what, wrong, at in (("not UTF-8", NOT_UTF_8, 3), ("with U+0000", NUL, 1))
    },
    "description not UTF-8": (
        described(NAME),
        described(NOT_UTF_8),
        errors.TextError,
        {"field": "room_descriptions[0]"},
    ),
    "Markdown not UTF-8": (
        described(NOT_UTF_8, kind=b"image/png"),
        described(NOT_UTF_8, kind=b"text/markdown"),
        errors.TextError,
        {},
    ),
    "text said to be UTF-8": (
        described(NOT_UTF_8, kind=b"text/plain; charset=iso-8859-1"),
        described(NOT_UTF_8, kind=b"text/plain; charset=UTF-8"),
        errors.TextError,
        {},
    ),
    "description of no type": (
        described(kind=b'text/plain; a="b"'),
        described(kind=b"text/plain; a=b;"),
        errors.DescriptionTypeError,
        {"media_type": b"text/plain; a=b;"},
    ),
    "description in no language": (
        described(tag=b"zh-Hant-x-12345678"),
        described(tag=b"zh-Hant-x-123456789"),
        errors.LanguageTagError,
        {"language_tag": b"zh-Hant-x-123456789"},
    ),
    "language in other letters": (
        described(tag=b"fr"),
        described(tag="français".encode()),
        errors.LanguageTagError,
        {},
    ),
    "room of another form": (
        metadata(room_uri=ROOM),
        metadata(room_uri=b"mimi://HUB.example/r/clubhouse"),
        errors.RoomUriError,
        {"field": "room_uri"},
    ),
    "no room": (METADATA, metadata(room_uri=b""), errors.RoomUriError, {}),
    "room that is a user": (METADATA, metadata(room_uri=ALICE), errors.RoomUriError, {}),
    "room beyond ASCII": (METADATA, metadata(room_uri=ROOM + b"\xc3\xa9"), errors.RoomUriError, {}),
    "avatar without TLS": (
        metadata(room_avatar=b"HTTPS://a@[::1]:8/b?c#d"),
        metadata(room_avatar=b"http://a.example/b"),
        errors.AvatarUriError,
        {"uri": b"http://a.example/b"},
    ),
    "avatar without a host": (
        metadata(room_avatar=b"https://a"),
        metadata(room_avatar=b"https:///b"),
        errors.AvatarUriError,
        {},
    ),
    "avatar that is no URI": (
        metadata(room_avatar=b""),
        metadata(room_avatar=b"https://a.example/b c"),
        errors.AvatarUriError,
        {},
    ),
    "role's name": (
        roles(Role(2, NAME)),
        roles(Role(0, b""), Role(2, NUL)),
        errors.TextError,
        {"field": "roles[1].role_name", "at": 1},
    ),
    "role's description": (
        roles(Role(2, b"", NAME)),
        roles(Role(2, b"", NOT_UTF_8)),
        errors.TextError,
        {"field": "roles[0].role_description"},
    ),
    "repeated role": (
        roles(Role(7, b"a"), Role(2, b"a")),
        roles(Role(7, b"a"), Role(2, b"b"), Role(7, b"c")),
        errors.RepeatedRoleError,
        {"role": 7},
    ),
    "open to who is in": (
        roles(Role(0, b"", b"", (Capability.CAN_OPEN_JOIN,))),
        roles(Role(2, b"", b"", (Capability.CAN_SEND_MESSAGE, Capability.CAN_OPEN_JOIN))),
        errors.OpenJoinRoleError,
        {"role": 2},
    ),
    "no parent": (
        base(parent_dependant=True, parent_room=(ROOM,)),
        base(parent_dependant=True),
        errors.ParentRoomError,
        {"parents": 0},
    ),
    "two parents": (
        base(parent_dependant=True, parent_room=(ROOM,)),
        base(parent_dependant=True, parent_room=(ROOM, ROOM)),
        errors.ParentRoomError,
        {"parents": 2},
    ),
    "parent of an independent room": (
        base(),
        base(parent_room=(ROOM,)),
        errors.ParentRoomError,
        {"parents": 1},
    ),
    "parent that is no room": (
        base(parent_dependant=True, parent_room=(ROOM,)),
        base(parent_dependant=True, parent_room=(ALICE,)),
        errors.RoomUriError,
        {"field": "parent_room"},
    ),
    "place to request a link": (
        join_link(b"mailto:admin@a.example?subject=%20"),
        join_link(b"/join"),
        errors.PolicyUriError,
        {"field": "join_link"},
    ),
    "autodetection required": (
        links(autodetect_hyperlinks_in_text=FORBIDDEN),
        links(autodetect_hyperlinks_in_text=REQUIRED),
        errors.AutodetectError,
        {},
    ),
    "required proxy without URI": (
        links(link_preview_proxy_use=REQUIRED, link_preview_proxy=(b"urn:x",)),
        links(link_preview_proxy_use=REQUIRED, link_preview_proxy=()),
        errors.LinkPreviewProxyError,
        {"use": REQUIRED},
    ),
    "optional proxy without URI": (
        links(link_preview_proxy_use=FORBIDDEN),
        links(link_preview_proxy_use=OPTIONAL, link_preview_proxy=()),
        errors.LinkPreviewProxyError,
        {"use": OPTIONAL},
    ),
    "proxy that is no URI": (
        links(link_preview_proxy_use=OPTIONAL, link_preview_proxy=(b"a:", b"b:")),
        links(link_preview_proxy_use=OPTIONAL, link_preview_proxy=(b"a:", b"")),
        errors.PolicyUriError,
        {"field": "link_preview_proxy[1]"},
    ),
    "hub among others": (
        uploads(kept(b"hub.example")),
        uploads(kept(b"hub.example"), kept(b"b.example")),
        errors.UploadDomainError,
        {"providers": 2},
    ),
    "no hub": (uploads(hub=False), uploads(), errors.UploadDomainError, {"providers": 0}),
    "provider in capitals": (
        uploads(kept(b"xn--bcher-kva.example"), kept(b"b.example"), hub=False),
        uploads(kept(b"B.example"), hub=False),
        errors.DomainNameError,
        {"field": "upload_domains[0].provider"},
    ),
    "destination that is no domain": (
        uploads(kept(b"a.example", b"cdn.example"), hub=False),
        uploads(kept(b"a.example", b"cdn.example", b"192.0.2.1"), hub=False),
        errors.DomainNameError,
        {"field": "upload_domains[0].asset_upload_destinations[1]"},
    ),
    "destination with U-labels": (
        uploads(kept(b"a.example")),
        uploads(kept(b"a.example", "bücher.example".encode())),
        errors.DomainNameError,
        {},
    ),
    "download allowed and forbidden": (
        downloads((DIRECT,), (OHTTP,), DIRECT),
        downloads((DIRECT, OHTTP), (OHTTP,), DIRECT),
        errors.DownloadTypeError,
        {"download_type": OHTTP},
    ),
    "default that is not allowed": (
        downloads((DIRECT,), (), DIRECT),
        downloads((DIRECT,), (), OHTTP),
        errors.DefaultDownloadError,
        {"download_type": OHTTP},
    ),
    "forbidden type that is none": (
        assets(forbidden_media_types=(MARKDOWN, GFM)),
        assets(forbidden_media_types=(MARKDOWN, NOT_MEDIA)),
        errors.MediaTypeError,
        {"field": "forbidden_media_types[1]", "media_type": NOT_MEDIA},
    ),
    "permitted type that is none": (
        assets(permitted_media_types=()),
        assets(permitted_media_types=(MediaType(b"image/*"),)),
        errors.MediaTypeError,
        {"field": "permitted_media_types[0]"},
    ),
    "parameter that is none": (
        assets(permitted_media_types=(MediaType(b"a/b", (Parameter(b"c", NOT_UTF_8),)),)),
        assets(permitted_media_types=(MediaType(b"a/b", (Parameter(b"c=", b""),)),)),
        errors.MediaTypeError,
        {},
    ),
    "parameter twice": (
        assets(permitted_media_types=(GFM, GFM)),
        assets(permitted_media_types=(attrs.evolve(GFM, parameters=GFM.parameters * 2),)),
        errors.MediaTypeError,
        {},
    ),
    "logging by nobody": (
        logging(said=OPTIONAL),
        logging(),
        errors.NoLoggingClientError,
        {},
    ),
    "logging by a provider": (
        logging(ALICE, b"mimi://a.example/d/log", machine=b"https://a.example", human=b"tag:x"),
        logging(ALICE, b"mimi://a.example"),
        errors.LoggingClientError,
        {"field": "logging_clients[1]"},
    ),
    "logging by another form": (
        logging(said=OPTIONAL),
        logging(b"mimi://a.example/d/%6cog", said=OPTIONAL),
        errors.LoggingClientError,
        {},
    ),
    "policy for machines": (
        logging(ALICE),
        logging(ALICE, machine=b"x"),
        errors.PolicyUriError,
        {"field": "machine_readable_policy"},
    ),
    "policy for people": (
        logging(ALICE),
        logging(ALICE, human=b"https://a b"),
        errors.PolicyUriError,
        {"field": "human_readable_policy"},
    ),
    "history from outside": (history(2), history(2, 0), errors.HistoryRoleError, {"role": 0}),
    "history from the banned": (history(2), history(1), errors.HistoryRoleError, {"role": 1}),
    "bot's name": (
        bot(name=NAME),
        bot(name=NUL),
        errors.TextError,
        {"field": "allowed_bots[1].name"},
    ),
    "bot's description": (
        bot(description=NAME),
        bot(description=NOT_UTF_8),
        errors.TextError,
        {"field": "allowed_bots[1].description"},
    ),
    "bot's homepage": (
        bot(homepage=b"gemini://a"),
        bot(homepage=b"//a"),
        errors.PolicyUriError,
        {"field": "allowed_bots[1].homepage"},
    ),
    "local bot with a role": (
        bot(local_client_bot=True, bot_role_index=0),
        bot(local_client_bot=True, bot_role_index=2),
        errors.BotRoleError,
        {"role": 2},
    ),
    "expiration inverted": (
        expiring(5, 5),
        expiring(6, 5),
        errors.ExpirationDurationError,
        {"minimum": 6, "maximum": 5},
    ),
    "default too short": (
        expiring(5, 9, 5),
        expiring(5, 9, 4),
        errors.ExpirationDurationError,
        {"default": 4},
    ),
    "default too long": (
        expiring(5, 9, 9),
        expiring(5, 9, 10),
        errors.ExpirationDurationError,
        {"default": 10},
    ),
    **{
        f"{field} {times}": (
            operational(**{field: MinDefaultMaxTime(*right)}),
            operational(**{field: MinDefaultMaxTime(*times)}),
            errors.OperationalTimeError,
            {"field": field},
        )
        for field in TIMES
        for right, times in (
            ((5, 5, 5), (6, 5, 5)),
            ((5, 5, 5), (5, 6, 5)),
            ((5, 9, 0), (5, 4, 0)),
            ((0, 0, 0), (5, 0, 9)),
        )
    },
    "delay inverted": (
        delayed(5, 5),
        delayed(6, 5),
        errors.OperationalTimeError,
        {"field": "pending_proposal_policy"},
    ),
    **{
        f"{field} mandatory and forbidden": (
            able({field: (right,)}, {field: (wrong,)}),
            able({field: (right, wrong)}, {field: (wrong,)}),
            errors.CapabilityConflictError,
            {"field": field},
        )
        for field, right, wrong in (
            ("extensions", ExtensionType(0xF001), ExtensionType(0xF002)),
            ("credentials", CredentialType.BASIC, CredentialType.X509),
            ("wire_formats", WireFormat(0x000B), WireFormat(0x000C)),
            ("component_ids", ComponentID(0x8001), ComponentID(0x8002)),
            ("safe_aad_types", ComponentID(0x8001), ComponentID(0x8002)),
            ("media_types", MARKDOWN, GFM),
        )
    },
    "every variant forbidden, and one mandatory": (
        able({"media_types": (MARKDOWN,)}, {"media_types": (GFM,)}),
        able({"media_types": (GFM,)}, {"media_types": (MARKDOWN,)}),
        errors.CapabilityConflictError,
        {"field": "media_types"},
    ),
    "mandatory type that is none": (
        able({"media_types": (MARKDOWN,)}, {}),
        able({"media_types": (NOT_MEDIA,)}, {}),
        errors.MediaTypeError,
        {"field": "mandatory_capabilities.media_types[0]"},
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str) -> None:
    right, wrong, error, where = RULES[name]
    number = NUMBERS[type(wrong)]
    assert check_component(number, encode(right)) == right
    with pytest.raises(error) as caught:
        check_component(number, encode(wrong))
    assert type(caught.value) is error
    assert {key: caught.value.where[key] for key in where} == where
    assert "draft-ietf-mimi-" in error.rule


def test_every_rule_of_data_is_tested() -> None:
    own = {errors.ParticipantListError, errors.LinkIndexError, errors.RepeatedUpdateError}
    elsewhere = own | {
        errors.JoinCodeError,
        errors.FixedMembershipError,
        errors.JoinLinkCountError,
    }
    tested = {error for _, _, error, _ in RULES.values()} | {errors.DurationError}
    assert set(errors.PolicyDataError.__subclasses__()) <= tested | elsewhere


@pytest.mark.parametrize(
    "valid",
    [
        RoleData(()),
        roles(Role(1, b"guest"), Role(1 << 31, b"")),
        roles(
            Role(
                2,
                b"",
                b"",
                (Capability(0xF000), Capability(0x7777)),
                minimum_participants_constraint=9,
                maximum_participants_constraint=1,
                authorized_role_changes=(SingleSourceRoleChangeTargets(99, (98, 98)),) * 2,
            )
        ),
        PreAuthData(()),
        StatusNotificationPolicy(REQUIRED, FORBIDDEN),
        JoinLinksData((JoinLink(b""), JoinLink(b"\0\xff"))),
        LoggingPolicy(FORBIDDEN),
        HistoryPolicy(FORBIDDEN),
        MessageExpiration(FORBIDDEN),
        OperationalParameters(),
        METADATA,
        base(),
    ],
    ids=lambda valid: type(valid).__name__,
)
def test_what_is_valid(valid: Any) -> None:
    assert check_component(NUMBERS[type(valid)], encode(valid)) == valid
    check_structure(valid)
