"""The bodies on the wire: round trips, and every structure typed by hand."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocol.providers import CREDENTIAL, FRANK, REQUEST

from mimi.codec import decode, encode, is_struct
from mimi.codec.strategy import strategy
from mimi.crypto import CipherSuite
from mimi.errors import MalformedError, UsageError
from mimi.mls import (
    MLSMessage,
    PartialGroupInfo,
    PrivateMessage,
    ServedRatchetTree,
    Welcome,
)
from mimi.mls.codepoints import ContentType
from mimi.mls.components import AppDataDictionary, ComponentData, ComponentID
from mimi.mls.tree_options import RatchetTreePresence
from mimi.protocol import (
    AbuseReport,
    AbuseType,
    AbusiveMessage,
    ApplicationFanout,
    ClientKeyMaterial,
    ConsentEntry,
    ConsentOperation,
    ConsentScope,
    FanoutMessage,
    FieldSource,
    FrankAAD,
    FrankingAgentData,
    FrankingIntegrityTBS,
    GroupInfoNoSuchRoom,
    GroupInfoNotAuthorized,
    GroupInfoOption,
    GroupInfoRequest,
    GroupInfoRequestTBS,
    GroupInfoResponse,
    IdentifierQueryCode,
    IdentifierRequest,
    IdentifierResponse,
    IdentityLinkTBE,
    KeyMaterialClientCode,
    KeyMaterialRequest,
    KeyMaterialRequestTBS,
    KeyMaterialResponse,
    KeyMaterialUserCode,
    PartialGroupInfoOption,
    ProfileField,
    Protocol,
    PseudonymousCredential,
    PseudonymousCredentialTBS,
    QueryElement,
    SealedGroupInfo,
    SearchIdentifierType,
    ServerFrankingContext,
    SubmitAccepted,
    SubmitEpochTooOld,
    SubmitMessageRequest,
    SubmitMessageResponse,
    SubmitNotAllowed,
    UpdateResponseCode,
    UpdateRoomResponse,
    UserProfile,
    WelcomeFanout,
    invalid_proposals,
    not_allowed,
    update_accepted,
    wrong_epoch,
)
from mimi.protocol.groupinfo import GroupInfoResponseTBS
from mimi.protocol.structures import STRUCTURES
from mimi.tree.credential import Credential
from mimi.tree.extension import ExternalSender, RequiredCapabilities
from mimi.tree.leaf import Capabilities
from mimi.tree.path import HPKECiphertext

BODIES = [structure for listed in STRUCTURES.values() for structure in listed]


@pytest.mark.parametrize("structure", BODIES, ids=lambda structure: structure.__name__)
def test_what_is_written_is_read(structure):
    @settings(max_examples=60)
    @given(strategy(structure))
    def read(value):
        octets = encode(value)
        assert decode(structure, octets) == value
        with pytest.raises(MalformedError):
            decode(structure, octets + b"\0")
        with pytest.raises(MalformedError):
            decode(structure, octets[:-1])

    read()


@pytest.mark.parametrize("structure", BODIES, ids=lambda structure: structure.__name__)
@given(data=st.data())
def test_any_octets_are_malformed_or_one_encoding(structure, data):
    octets = data.draw(st.binary(max_size=60) | strategy(structure).map(encode))
    place = data.draw(st.integers(0, max(len(octets) - 1, 0)))
    changed = octets[:place] + data.draw(st.binary(max_size=2)) + octets[place + 1 :]
    with suppress(MalformedError):
        assert encode(decode(structure, changed)) == changed


def test_all_of_them_are_structures():
    assert all(map(is_struct, BODIES))
    assert len(BODIES) == len(set(BODIES))


# By hand

CREDENTIAL_HEX = "0001 026d65"
EXTENSIONS = AppDataDictionary((ComponentData(ComponentID(0xF001), b"x"),))
EXTENSIONS_HEX = "04 f001 0178"
FRANK_HEX = "0f" * 32 + "0001 03736967"
MESSAGE = MLSMessage(PrivateMessage(b"g", 5, ContentType.APPLICATION, b"", b"s", b"c"))
MESSAGE_HEX = "0001 0002 0167 0000000000000005 01 00 0173 0163"
WELCOME = MLSMessage(Welcome(CipherSuite(1), (), b"i"))
WELCOME_HEX = "0001 0003 0001 00 0169"
TBS = KeyMaterialRequestTBS(
    b"mimi://a", b"mimi://b", b"", (CipherSuite(1),), RequiredCapabilities(), b"key", CREDENTIAL
)
TBS_HEX = f"""01 08 6d696d693a2f2f61 08 6d696d693a2f2f62 00 02 0001 00 00 00 03 6b6579
              {CREDENTIAL_HEX}"""
CODE, CLIENT = KeyMaterialUserCode, KeyMaterialClientCode
SENDER, SENDER_HEX = ExternalSender(b"hk", CREDENTIAL), f"02 686b {CREDENTIAL_HEX}"
SEALED, SEALED_HEX = HPKECiphertext(b"k", b"c"), "016b 0163"
CONTEXT, CONTEXT_HEX = ServerFrankingContext(b"u", b"r", 9), "0175 0172 0000000000000009"

WRITTEN: list[tuple[Any, str]] = [
    (TBS, TBS_HEX),
    (REQUEST, f"{TBS_HEX} 03 736967"),
    (KeyMaterialResponse(Protocol.MLS10, CODE.USER_UNKNOWN, b"u"), "01 04 0175 00"),
    (KeyMaterialResponse(Protocol(9), CODE.INCOMPATIBLE_PROTOCOL, b"u"), "09 02 0175 00"),
    (
        KeyMaterialResponse(
            Protocol.MLS10,
            CODE.NO_COMPATIBLE_MATERIAL,
            b"u",
            (
                ClientKeyMaterial(CLIENT.KEY_MATERIAL_EXHAUSTED, b"c"),
                ClientKeyMaterial(CLIENT.NOTHING_COMPATIBLE, b"d"),
                ClientKeyMaterial(CLIENT.NOTHING_COMPATIBLE, b"e", Capabilities()),
            ),
        ),
        "01 03 0175 14 01 0163 02 0164 00 02 0165 01 02 0001 00 00 00 02 0001",
    ),
    (update_accepted(258), "00 00 0000000000000102"),
    (wrong_epoch(7, "late"), "01 04 6c617465 0000000000000007"),
    (not_allowed("no"), "02 02 6e6f"),
    (invalid_proposals((b"\x01\x02", b"")), "03 00 04 02 0102 00"),
    (SubmitMessageRequest(MESSAGE, b"u"), f"01 {MESSAGE_HEX} 0175"),
    (SubmitMessageResponse(SubmitAccepted(9)), "01 00 0000000000000009 00"),
    (SubmitMessageResponse(SubmitAccepted(9, FRANK)), f"01 00 0000000000000009 01 {FRANK_HEX}"),
    (SubmitMessageResponse(SubmitNotAllowed()), "01 01"),
    (SubmitMessageResponse(SubmitEpochTooOld(3)), "01 02 0000000000000003"),
    (FrankAAD(bytes(32)), "00" * 32),
    (FrankingAgentData(b"hk", CREDENTIAL), SENDER_HEX),
    (
        FrankingIntegrityTBS(b"\x0f" * 32, CipherSuite(1), CONTEXT),
        "0f" * 32 + "0001" + CONTEXT_HEX,
    ),
    (
        FanoutMessage(9, MESSAGE, ApplicationFanout(FRANK)),
        f"0000000000000009 {MESSAGE_HEX} 01 {FRANK_HEX}",
    ),
    (FanoutMessage(9, MESSAGE, ApplicationFanout()), f"0000000000000009 {MESSAGE_HEX} 00"),
    (
        FanoutMessage(9, WELCOME, WelcomeFanout(ServedRatchetTree())),
        f"0000000000000009 {WELCOME_HEX} 04",
    ),
    (
        GroupInfoRequestTBS(CipherSuite(1), b"key", CREDENTIAL, b"pub", None),
        f"01 0001 03 6b6579 {CREDENTIAL_HEX} 03 707562 00",
    ),
    (
        GroupInfoRequest(CipherSuite(1), b"key", CREDENTIAL, b"pub", b"jc", b"sig"),
        f"01 0001 03 6b6579 {CREDENTIAL_HEX} 03 707562 01 026a63 03736967",
    ),
    (
        GroupInfoResponse(b"r", SealedGroupInfo(CipherSuite(1), SENDER, SEALED, b"sig")),
        f"01 0172 01 0001 {SENDER_HEX} {SEALED_HEX} 03736967",
    ),
    (
        GroupInfoResponseTBS(b"r", CipherSuite(1), SENDER, SEALED),
        f"01 0172 01 0001 {SENDER_HEX} {SEALED_HEX}",
    ),
    (GroupInfoResponse(b"r", GroupInfoNotAuthorized()), "01 0172 02"),
    (GroupInfoResponse(b"r", GroupInfoNoSuchRoom()), "01 0172 03"),
    (ConsentEntry(ConsentOperation.CANCEL, b"a", b"b"), "00 0161 0162 00 00"),
    (
        ConsentEntry(ConsentOperation.REQUEST, b"a", b"b", b"r", consent_extensions=EXTENSIONS),
        f"01 0161 0162 01 0172 {EXTENSIONS_HEX}",
    ),
    (ConsentEntry(ConsentOperation.GRANT, b"a", b"b", None, ()), "02 0161 0162 00 00 00"),
    (ConsentEntry(ConsentOperation.REVOKE, b"a", b"b"), "03 0161 0162 00 00"),
    (ConsentScope(b"a", b"b", b"r"), "0161 0162 01 0172"),
    (
        IdentifierRequest(
            (
                QueryElement(SearchIdentifierType.NICK, None, b"al"),
                QueryElement(SearchIdentifierType.OIDC_STD_CLAIM, b"n", b"v"),
                QueryElement(SearchIdentifierType.VCARD_FIELD, b"ORG", b"v"),
            ),
            EXTENSIONS,
        ),
        f"10 02 02616c 07 016e 0176 08 034f5247 0176 {EXTENSIONS_HEX}",
    ),
    (
        IdentifierResponse(
            IdentifierQueryCode.SUCCESS,
            (b"u", b"w"),
            (UserProfile(b"u", (ProfileField(FieldSource.VCARD_FIELD, b"ORG", b"v"),)),),
        ),
        "00 04 0175 0177 0a 0175 07 08 034f5247 0176 00",
    ),
    (IdentifierResponse(IdentifierQueryCode.FORBIDDEN), "03 00 00 00"),
    (
        AbuseReport(b"", b"u", AbuseType(0), b"no", (AbusiveMessage(b"m", FRANK, 9),), EXTENSIONS),
        f"00 0175 00 026e6f 30 016d {FRANK_HEX} 0000000000000009 {EXTENSIONS_HEX}",
    ),
    (PseudonymousCredentialTBS(b"c", b"u", b"key"), "0163 0175 036b6579"),
    (IdentityLinkTBE(b"sig", CREDENTIAL), f"03736967 {CREDENTIAL_HEX}"),
]


@pytest.mark.parametrize(
    ("value", "octets"), WRITTEN, ids=[type(value).__name__ for value, _ in WRITTEN]
)
def test_octets_by_hand(value, octets):
    assert encode(value).hex() == bytes.fromhex(octets).hex()
    assert decode(type(value), bytes.fromhex(octets)) == value


def test_cases_with_their_tags():
    partial = PartialGroupInfo(RatchetTreePresence.NO_RATCHET_TREE, (), b"sig")
    option = PartialGroupInfoOption(partial)
    assert encode(option, GroupInfoOption).hex() == "02000003736967"
    assert decode(GroupInfoOption, bytes.fromhex("02000003736967")) == option
    credential = PseudonymousCredential(b"c", b"u", b"key", b"sealed")
    written = "f50301630175036b6579067365616c6564"
    assert encode(credential, Credential).hex() == written
    assert decode(Credential, bytes.fromhex(written)) == credential


@pytest.mark.parametrize(
    ("structure", "octets", "place"),
    [
        (KeyMaterialResponse, "01 08 0175 00", "KeyMaterialResponse.user_status"),
        (ClientKeyMaterial, "03 0163", "ClientKeyMaterial.client_status"),
        (UpdateRoomResponse, "04 00", "UpdateRoomResponse.response_code"),
        (SubmitMessageResponse, "01 03", "SubmitMessageResponse.status"),
        (SubmitMessageResponse, "02 01", "SubmitMessageResponse.protocol"),
        (SubmitMessageRequest, f"00 {MESSAGE_HEX} 0175", "SubmitMessageRequest.protocol"),
        (KeyMaterialRequest, "02" + TBS_HEX[2:], "KeyMaterialRequest.protocol"),
        (GroupInfoResponse, "01 0172 00", "GroupInfoResponse.status"),
        (GroupInfoResponse, "01 0172 04", "GroupInfoResponse.status"),
        (GroupInfoResponse, "02 0172 02", "GroupInfoResponse.version"),
        (GroupInfoOption, "00", "GroupInfoOption"),
        (GroupInfoOption, "03", "GroupInfoOption"),
        (ConsentEntry, "04 0161 0162 00 00", "ConsentEntry.consent_operation"),
        (QueryElement, "00 0176", "QueryElement.search_type"),
        (QueryElement, "09 0176", "QueryElement.search_type"),
        (IdentifierResponse, "05 00 00 00", "IdentifierResponse.response_code"),
        (ProfileField, "01 00 00", "ProfileField.field_source"),
        (
            ConsentEntry,
            "00 0161 0162 00 06 f001 00 0001 00",
            "ConsentEntry.consent_extensions.component_data",
        ),
        (IdentifierRequest, "00 06 f001 00 f001 00", "IdentifierRequest.id_request_extensions"),
    ],
)
def test_what_is_no_encoding(structure, octets, place):
    with pytest.raises(MalformedError) as caught:
        decode(structure, bytes.fromhex(octets))
    assert caught.value.path.startswith(place)


def test_codes_and_what_they_tell_go_together():
    for wrong in (
        UpdateRoomResponse(UpdateResponseCode.NOT_ALLOWED, b"", update_accepted(1).details),
        UpdateRoomResponse(UpdateResponseCode.SUCCESS, b"", wrong_epoch(1).details),
        ClientKeyMaterial(KeyMaterialClientCode.SUCCESS, b"c"),
        ClientKeyMaterial(KeyMaterialClientCode.KEY_MATERIAL_EXHAUSTED, b"c", Capabilities()),
        ConsentEntry(ConsentOperation.GRANT, b"a", b"b"),
        ConsentEntry(ConsentOperation.REQUEST, b"a", b"b", None, ()),
        QueryElement(SearchIdentifierType.HANDLE, b"n", b"v"),
        QueryElement(SearchIdentifierType.VCARD_FIELD, None, b"v"),
        FanoutMessage(1, MESSAGE, WelcomeFanout(ServedRatchetTree())),
    ):
        with pytest.raises(UsageError):
            encode(wrong)
