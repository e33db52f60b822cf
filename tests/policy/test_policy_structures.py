"""The structures of rooms on the wire: any value, and octets typed from the presentation."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimi.codec import decode, encode
from mimi.codec.strategy import strategy
from mimi.errors import MalformedError
from mimi.mls import ComponentID, MediaType, Parameter
from mimi.mls.codepoints import WireFormat
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
from mimi.policy.policy import STRUCTURES, room_data
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
    JoinLinksUpdate,
    LinkPreviewPolicy,
    LoggingDetails,
    LoggingPolicy,
    MessageExpiration,
    Optionality,
    ParticipantListData,
    ParticipantListUpdate,
    PreAuthData,
    PreAuthRoleEntry,
    ProviderAssetUploadDomains,
    RichDescription,
    Role,
    RoleData,
    RoomMetaData,
    SingleSourceRoleChangeTargets,
    StatusNotificationPolicy,
    UserindexRolePair,
    UserRolePair,
)
from mimi.tree.codepoints import CredentialType, ProposalType

OPTIONAL, REQUIRED, FORBIDDEN = Optionality
ALL = (*STRUCTURES.values(), ParticipantListData, ParticipantListUpdate, JoinLinksUpdate)

ROLE = Role(
    2,
    b"admin",
    b"",
    (Capability.CAN_SEND_MESSAGE, Capability(0xF001)),
    minimum_participants_constraint=1,
    maximum_participants_constraint=10,
    maximum_active_participants_constraint=0,
    authorized_role_changes=(SingleSourceRoleChangeTargets(0, (1, 2)),),
)
PARAMETERS = OperationalParameters(
    mandatory_capabilities=ExtendedCapabilities(proposals=(ProposalType(0x000A),)),
    forbidden_capabilities=ExtendedCapabilities(
        media_types=(MediaType(b"a/b", (Parameter(b"c", b"d"),)),)
    ),
    handshake_formats=(WireFormat.MLS_PUBLIC_MESSAGE, WireFormat(0x000B)),
    external_commit_allowed=False,
    pending_proposal_policy=PendingProposalPolicy(
        PendingProposalStrategy.RANDOM_DELAY, RandomDelay(1, 2)
    ),
    leaf_node_update_time=MinDefaultMaxTime(3, 4, 5),
    app_message_policy=AppMessagePolicy(6, 7, 8),
    max_kp_lifetime=9,
    max_credential_lifetime=10,
    resumption_psk_lifetime=11,
    sender_nonce_keypair_lifetime=MinDefaultMaxTime(12, 13, 14),
    max_keypairs=15,
    buffer_incoming_message_time=MinDefaultMaxTime(16, 17, 18),
    max_buffered_messages=19,
)
DIRECT = DownloadPrivacy(
    (DownloadPrivacyType.DIRECT, DownloadPrivacyType.OHTTP),
    (DownloadPrivacyType.HUB_PROXY,),
    DownloadPrivacyType.OHTTP,
)


def number(value: int, octets: int) -> str:
    return f"{value:0{2 * octets}x}"


def octets_of(typed: str) -> bytes:
    """Return octets that are typed with bars between fields."""
    return bytes.fromhex(typed.replace("|", ""))


TYPED: dict[str, tuple[Any, str]] = {
    "no roles": (RoleData(()), "00"),
    "a role": (
        RoleData((ROLE,)),
        # the length of the roles, then of the one role: index, name, description, capabilities
        "30 | 00000002 | 05" + b"admin".hex() + "00 | 04 0100 f001"
        # minimum, maximum, minimum and maximum of active participants
        + "00000001 | 01 0000000a | 00000000 | 01 00000000"
        # one entry of changes: from, to two
        + "0d | 00000000 | 08 00000001 00000002",
    ),
    "preauthorised": (
        PreAuthData(
            (PreAuthRoleEntry((Claim(ClaimId(CredentialType.X509, b"\x55\x04\x0a"), b"Org"),), 7),)
        ),
        "0f | 0a | 0002 | 03 55040a | 03" + b"Org".hex() + "00000007",
    ),
    "base": (BaseRoomPolicy(), "00 00 00 01 00 00 00 00 00 00"),
    "base with all": (
        BaseRoomPolicy(
            fixed_membership=True,
            parent_dependant=True,
            parent_room=(b"mimi:",),
            multi_device=False,
            max_clients=2,
            max_users=1,
            pseudonyms_allowed=True,
            persistent_room=True,
            discoverable=True,
            policy_component_ids=(ComponentID(0x25), ComponentID(0x26)),
        ),
        "01 01 | 06 05" + b"mimi:".hex() + "00 | 01 00000002 | 01 00000001"
        + "01 01 01 | 04 0025 0026",
    ),
    "participants": (
        ParticipantListData((UserRolePair(b"u", 2), UserRolePair(b"vw", 3))),
        "0d | 01 75 00000002 | 02 7677 00000003",
    ),
    "update of participants": (
        ParticipantListUpdate((UserindexRolePair(4, 5),), (6, 7), (UserRolePair(b"u", 2),)),
        "08 00000004 00000005 | 08 00000006 00000007 | 06 01 75 00000002",
    ),
    "metadata": (
        RoomMetaData(
            b"r", b"n", (RichDescription(b"t", b"en", b"d"),), b"a", b"s", b"m"
        ),
        "01 72 | 01 6e | 07 01 74 02 656e 01 64 | 01 61 | 01 73 | 01 6d",
    ),
    "notifications": (StatusNotificationPolicy(FORBIDDEN, REQUIRED), "02 01"),
    "link policy": (
        JoinLinkPolicy(on_request=True, join_link=b"", multiuser=False, expiration=3600),
        "01 00 00 00000e10",
    ),
    "links": (JoinLinksData((JoinLink(b"ab"), JoinLink(b""))), "04 02 6162 00"),
    "update of links": (JoinLinksUpdate((1,), (JoinLink(b"c"),)), "04 00000001 02 01 63"),
    "previews without proxy": (
        LinkPreviewPolicy(OPTIONAL, REQUIRED, FORBIDDEN, FORBIDDEN),
        "00 01 02 02",
    ),
    "previews with proxies": (
        LinkPreviewPolicy(FORBIDDEN, OPTIONAL, OPTIONAL, OPTIONAL, (b"p", b"q")),
        "02 00 00 00 04 01 70 01 71",
    ),
    "assets": (
        AssetPolicy(
            AssetUploadLocation.LOCAL_PROVIDER,
            (ProviderAssetUploadDomains(b"p", (b"q", b"r")),),
            DIRECT,
            *(1, 2, 3, 4),
            (MediaType(b"a/b"),),
            (MediaType(b"c/d", (Parameter(b"e", b"f"),)),),
        ),
        "01 | 07 01 70 04 01 71 01 72 | 02 00 02 | 01 01 | 02"
        + "".join(number(each, 8) for each in (1, 2, 3, 4))
        + "05 03 612f62 00 | 01 09 03 632f64 04 01 65 01 66",
    ),
    "no list of permitted media types": (
        AssetPolicy(AssetUploadLocation.UNSPECIFIED, (), DIRECT, *(0, 0, 0, 0)),
        "00 | 00 | 02 00 02 | 01 01 | 02" + number(0, 32) + "00 | 00",
    ),
    "an empty list of permitted media types": (
        AssetPolicy(AssetUploadLocation.HUB, (), DIRECT, *(0, 0, 0, 0), (), ()),
        "02 | 00 | 02 00 02 | 01 01 | 02" + number(0, 32) + "00 | 01 00",
    ),
    "no logging": (LoggingPolicy(FORBIDDEN), "02"),
    "logging": (
        LoggingPolicy(REQUIRED, LoggingDetails((b"c",), b"m", b"")),
        "01 | 02 01 63 | 01 6d | 00",
    ),
    "history": (
        HistoryPolicy(OPTIONAL, HistorySharing((2, 3), True, 60)),
        "00 | 08 00000002 00000003 | 01 | 0000003c",
    ),
    "no history": (HistoryPolicy(FORBIDDEN), "02"),
    "bots": (
        BotPolicy((Bot(b"n", b"d", b"h", False, 2, True, False),)),
        "0d | 01 6e 01 64 01 68 | 00 | 00000002 | 01 00",
    ),
    "expiration": (
        MessageExpiration(REQUIRED, ExpirationDurations(1, 3, 2)),
        "01 | 00000001 | 00000003 | 01 00000002",
    ),
    "expiration without default": (
        MessageExpiration(OPTIONAL, ExpirationDurations(1, 3)),
        "00 | 00000001 | 00000003 | 00",
    ),
    "no expiration": (MessageExpiration(FORBIDDEN), "02"),
    "nothing operational": (
        OperationalParameters(),
        number(0, 30) + "00 | 01 01 | 00" + number(0, 111),
    ),
    "all operational": (
        PARAMETERS,
        "00 00 00 02 000a 00 00 00 00 00 00" + number(0, 10) + number(0, 8)
        + "09 03 612f62 04 01 63 01 64 | 00 | 04 0001 000b | 01 00"
        + "02" + number(1, 8) + number(2, 8)
        + "".join(number(each, 8) for each in (3, 4, 5))
        + "06 0007 00000008"
        + "".join(number(each, 8) for each in range(9, 15))
        + "0000000f"
        + "".join(number(each, 8) for each in (16, 17, 18))
        + "00000013",
    ),
    "a strategy of its own": (
        PendingProposalPolicy(
            PendingProposalStrategy.EXTENSION, StrategyParams(ComponentID(0x8001))
        ),
        "ff 8001",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPED)
def test_octets_typed_by_hand(name: str) -> None:
    value, octets = TYPED[name]
    assert encode(value).hex() == octets_of(octets).hex()
    assert decode(type(value), octets_of(octets)) == value


def test_every_component_is_typed() -> None:
    assert {type(value) for value, _ in TYPED.values()} >= set(ALL)


@pytest.mark.parametrize("declared", ALL, ids=lambda declared: declared.__name__)
def test_round_trip(declared: Any) -> None:
    @settings(deadline=None, max_examples=60)
    @given(value=strategy(declared), data=st.data())
    def holds(value: Any, data: st.DataObject) -> None:
        octets = encode(value)
        assert decode(declared, octets) == value
        with pytest.raises(MalformedError):
            decode(declared, octets[: data.draw(st.integers(0, len(octets) - 1))])
        with pytest.raises(MalformedError):
            decode(declared, octets + b"\0")

    holds()


WRONG = {
    "a bool of 2": (BaseRoomPolicy, "02 00 00 01 00 00 00 00 00 00"),
    "an optional of 2": (BaseRoomPolicy, "00 00 00 01 02 00000001 00 00 00 00 00"),
    "an unknown optionality": (StatusNotificationPolicy, "03 00"),
    "details of what is forbidden": (LoggingPolicy, "02 00 00 00"),
    "no details of what is not": (LoggingPolicy, "00"),
    "an unknown upload location": (AssetPolicy, "03 00 00 00 00" + "00" * 34),
    "an unknown strategy": (PendingProposalPolicy, "03"),
    "parameters of a strategy without": (PendingProposalPolicy, "01" + "00" * 16),
    "capabilities of an odd length": (
        RoleData,
        "13 00000002 00 00 01 01 00000000 00 00000000 00 00",
    ),
    "a length that is longer than need be": (JoinLinksData, "4001 00"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_parse(name: str) -> None:
    declared, octets = WRONG[name]
    with pytest.raises(MalformedError):
        decode(declared, octets_of(octets))


def test_the_data_of_a_room_is_what_its_structures_encode() -> None:
    notified, base = StatusNotificationPolicy(OPTIONAL, OPTIONAL), BaseRoomPolicy()
    assert room_data([notified, base]) == {0x28: encode(notified), 0x27: encode(base)}
