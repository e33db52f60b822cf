"""What components of a room must not say beside each other, and what is no component's data."""

import attrs
import pytest

from mimi.codec import encode
from mimi.errors import MalformedError
from mimi.mls import MediaType, Parameter
from mimi.policy import errors
from mimi.policy.capability import Capability
from mimi.policy.checks import check_base_and_roles, check_component, check_policy
from mimi.policy.media import covers, is_text, read_media_type
from mimi.policy.policy import RoomPolicy, room_data
from mimi.policy.structures import (
    PARTICIPANT_LIST,
    ROLES_LIST,
    AssetPolicy,
    AssetUploadLocation,
    BaseRoomPolicy,
    DownloadPrivacy,
    DownloadPrivacyType,
    HistoryPolicy,
    HistorySharing,
    JoinLink,
    JoinLinkPolicy,
    JoinLinksData,
    Optionality,
    ProviderAssetUploadDomains,
    Role,
    RoleData,
    RoomMetaData,
)

DIRECT = DownloadPrivacyType.DIRECT
METADATA = RoomMetaData(b"mimi://hub.example/r/clubhouse")
ADDS = (Capability.CAN_ADD_PARTICIPANT,)
FIXED = BaseRoomPolicy(fixed_membership=True)


def with_adding(index: int, name: bytes) -> RoleData:
    return RoleData((Role(9, b"other"), Role(index, name, b"", ADDS)))


def hub(domain: bytes, where: AssetUploadLocation) -> AssetPolicy:
    entries = (ProviderAssetUploadDomains(domain, (b"cdn.example",)),)
    return AssetPolicy(where, entries, DownloadPrivacy((DIRECT,), (), DIRECT), 1, 1, 1, 1)


@pytest.mark.parametrize(("index", "name"), [(0, b""), (1, b"banned")])
def test_in_a_room_of_fixed_membership_who_is_not_in_it_might_add(index: int, name: bytes) -> None:
    check_base_and_roles(FIXED, with_adding(index, name))


@pytest.mark.parametrize(("index", "name"), [(1, b"guest"), (2, b"banned")])
def test_in_a_room_of_fixed_membership_nobody_adds(index: int, name: bytes) -> None:
    roles = with_adding(index, name)
    check_base_and_roles(BaseRoomPolicy(), roles)
    check_policy(RoomPolicy.of(room_data([roles])))
    for check in (
        lambda: check_base_and_roles(FIXED, roles),
        lambda: check_policy(RoomPolicy.of(room_data([FIXED, roles]))),
    ):
        with pytest.raises(errors.FixedMembershipError) as caught:
            check()
        assert caught.value.where == {"role": index}


def test_history_is_not_shared_by_a_role_that_is_never_active() -> None:
    role = Role(2, b"a", maximum_active_participants_constraint=1)
    history = HistoryPolicy(Optionality.REQUIRED, HistorySharing((5, 2), False, 9))
    check_policy(RoomPolicy.of(room_data([RoleData((role,)), history])))
    never = attrs.evolve(role, maximum_active_participants_constraint=0)
    with pytest.raises(errors.HistoryRoleError) as caught:
        check_policy(RoomPolicy.of(room_data([RoleData((never,)), history])))
    assert caught.value.where == {"role": 2}
    silent = HistoryPolicy(Optionality.FORBIDDEN)
    check_policy(RoomPolicy.of(room_data([RoleData((never,)), silent])))


def test_links_on_request_are_one_at_most() -> None:
    two = JoinLinksData((JoinLink(b"a"), JoinLink(b"b")))
    one = JoinLinksData((JoinLink(b"a"),))
    on_request = JoinLinkPolicy(True, b"", False, 0)
    always = attrs.evolve(on_request, on_request=False)
    for policy, links in ((on_request, one), (always, two)):
        check_policy(RoomPolicy.of(room_data([policy, links])))
    with pytest.raises(errors.JoinLinkCountError) as caught:
        check_policy(RoomPolicy.of(room_data([on_request, two])))
    assert caught.value.where == {"links": 2}


def test_the_hub_that_keeps_assets_is_the_rooms() -> None:
    where = AssetUploadLocation.HUB
    check_policy(RoomPolicy.of(room_data([METADATA, hub(b"hub.example", where)])))
    check_policy(RoomPolicy.of(room_data([hub(b"b.example", where)])))
    check_policy(RoomPolicy.of(room_data([METADATA])))
    local = hub(b"b.example", AssetUploadLocation.LOCAL_PROVIDER)
    check_policy(RoomPolicy.of(room_data([METADATA, local])))
    with pytest.raises(errors.UploadDomainError) as caught:
        check_policy(RoomPolicy.of(room_data([METADATA, hub(b"b.example", where)])))
    assert caught.value.where == {"provider": b"b.example"}


def test_what_does_not_parse_is_malformed() -> None:
    with pytest.raises(MalformedError) as caught:
        check_component(ROLES_LIST, encode(RoleData(())) + b"\0")
    assert type(caught.value) is MalformedError


@pytest.mark.parametrize("number", [PARTICIPANT_LIST, 0, 0x0031, 0x8000])
def test_only_components_of_rooms_are_checked(number: int) -> None:
    with pytest.raises(errors.UncheckedComponentError) as caught:
        check_component(number, b"\0")
    assert caught.value.where == {"component": number}


# Media types


@pytest.mark.parametrize(
    ("text", "kind", "parameters"),
    [
        ("text/plain", b"text/plain", ()),
        ("Text/Plain ;\tA=b", b"Text/Plain", ((b"A", b"b"),)),
        ('a/b;c="d \\"e";f=g', b"a/b", ((b"c", b'd "e'), (b"f", b"g"))),
        ("application/vnd.a+json", b"application/vnd.a+json", ()),
    ],
)
def test_media_types_are_read(
    text: str, kind: bytes, parameters: tuple[tuple[bytes, bytes], ...]
) -> None:
    read = read_media_type(text)
    assert read == read_media_type(text.encode())
    assert read == MediaType(kind, tuple(Parameter(*each) for each in parameters))


@pytest.mark.parametrize(
    "text",
    ["", "text", "text/", "/plain", "te xt/plain", "a/b;", "a/b;c", "a/b;c=", 'a/b;c="',
     "a/b;c=d e",
     "a/b;c=d;C=e", "é/b", "a/*", "a/b;c=\ud800", f"{'a' * 128}/b"],
)  # fmt: skip
def test_what_is_no_media_type(text: str) -> None:
    assert read_media_type(text) is None


@pytest.mark.parametrize(
    ("entry", "media_type", "is_covered"),
    [
        ("text/markdown", "TEXT/markdown", True),
        ("text/markdown", "text/markdown;variant=GFM", True),
        ("text/markdown;variant=gfm", "text/markdown;Variant=GFM", True),
        ("text/markdown;variant=GFM", "text/markdown", False),
        ("text/markdown;variant=GFM", "text/markdown;variant=GFM;a=b", False),
        ("text/plain;charset=utf-8", "text/plain", True),
        ("text/plain;charset=utf-8", "text/plain;charset=us-ascii", False),
        ("image/png;a=b", "image/png;a=B", False),
        ("image/png", "image/jpeg", False),
    ],
)
def test_entries_stand_for_media_types(entry: str, media_type: str, is_covered: bool) -> None:
    listed, asked = read_media_type(entry), read_media_type(media_type)
    assert listed is not None
    assert asked is not None
    assert covers(listed, asked) is is_covered


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("text/plain", True),
        ("text/html; charset=UTF-8", True),
        ("application/json; charset=utf-8", True),
        ("application/json", False),
        ("text/plain; charset=koi8-r", False),
    ],
)
def test_texts_are_known(text: str, is_one: bool) -> None:
    media_type = read_media_type(text)
    assert media_type is not None
    assert is_text(media_type) is is_one
