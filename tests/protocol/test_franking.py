"""Franking and reports of abuse (sections 5.4.1 and 5.9)."""

import hashlib
import hmac
from typing import Any

import pytest
from protocol.providers import (
    ACCEPTED,
    ALICE,
    BOB,
    ENTROPY,
    HUB,
    HUB_SIGNER,
    OTHER_ROOM,
    PUBLIC,
    ROOM,
    ROOM_ID,
    A,
    B,
    octets,
    refused,
)
from tree.certificates import KEYS, certificate
from tree.members import NOW, SUITE, every_suite

from mimi import content
from mimi.codec import decode, encode, replace
from mimi.crypto import (
    CipherSuite,
    HmacSha256,
    Secret,
    SuiteMismatchError,
    UnknownCipherSuiteError,
    suite_of,
)
from mimi.errors import MalformedError
from mimi.mls import (
    AppDataUpdate,
    Client,
    Settings,
    UpdateData,
    application_framing,
    dictionary,
    message_id_aad,
    safe_aad,
)
from mimi.mls.components import APP_DATA_DICTIONARY, ComponentID
from mimi.mls.negotiation import ComponentsList
from mimi.protocol import (
    FRANK_AAD,
    FRANKING_AGENT,
    AbuseReport,
    AbuseType,
    AbusiveMessage,
    FrankAAD,
    FrankedMessage,
    FrankingAgent,
    FrankingAgentData,
    ServerFrankingContext,
    check_franking_agent,
    check_report,
    frank,
    frank_aad,
    franking_agent,
    franking_tag,
    franking_tag_of,
    server_frank,
    verify_abusive_message,
    verify_frank,
    verify_received,
)
from mimi.protocol.errors import (
    AbuserError,
    FrankedContentError,
    FrankedRoomError,
    FrankedSenderError,
    FrankingKeyError,
    FrankingTagError,
    FrankSignatureError,
    FrankSuiteError,
    IdentifierUriError,
    ProviderCredentialError,
    RepeatedFrankingAgentError,
    ServerFrankError,
    TextError,
)
from mimi.tree.credential import BasicCredential, X509Credential
from mimi.tree.leaf import Capabilities

SALT = bytes(range(16))
MESSAGE = content.encode(
    content.text("hello", salt=SALT, sender=str(ALICE), room=str(ROOM), entropy=ENTROPY)
)
HUB_KEY = Secret(b"the hub's own")
FRANKING_KEY = HmacSha256(HUB_KEY)
AGENT = FrankingAgentData(HUB.signature_key, HUB.credential)
CONTEXT = ServerFrankingContext(octets(ALICE), ROOM_ID, ACCEPTED)
TAG = franking_tag(SALT, MESSAGE)
STAMP = frank(SUITE, HUB_SIGNER, FRANKING_KEY, TAG, CONTEXT)
RECEIVED = FrankedMessage(MESSAGE, TAG, STAMP, ACCEPTED, octets(ALICE), ROOM_ID)


def test_tags_and_franks_are_hmacs():
    assert hmac.new(SALT, MESSAGE, hashlib.sha256).digest() == TAG
    written = (
        bytes([len(octets(ALICE))])
        + octets(ALICE)
        + bytes([len(ROOM_ID)])
        + ROOM_ID
        + ACCEPTED.to_bytes(8, "big")
    )
    made = hmac.new(b"the hub's own", TAG + written, hashlib.sha256).digest()
    assert server_frank(HUB_KEY, TAG, CONTEXT) == made == STAMP.server_frank
    signed = made + b"\0\1" + written
    label = b"FrankingIntegrityTBS"
    signature = STAMP.franking_integrity_signature
    SUITE.verify_with_label(HUB.signature_key, label, signed, signature)


@every_suite
def test_franks_of_every_suite(suite):
    signer = suite.generate_signature_key(ENTROPY.fork(b"franking"))
    stamp = frank(suite, signer, FRANKING_KEY, TAG, CONTEXT)
    assert len(stamp.server_frank) == 32
    verify_frank(suite, signer.public, stamp, CONTEXT)
    for changed in (
        replace(CONTEXT, sender_uri=octets(BOB)),
        replace(CONTEXT, room_uri=octets(OTHER_ROOM)),
        replace(CONTEXT, accepted_timestamp=ACCEPTED + 1),
    ):
        with refused(FrankSignatureError, "5.4.1"):
            verify_frank(suite, signer.public, stamp, changed)
    for other in (
        replace(stamp, server_frank=bytes(32)),
        replace(stamp, franking_integrity_signature=b""),
    ):
        with refused(FrankSignatureError, "5.4.1"):
            verify_frank(suite, signer.public, other, CONTEXT)


def test_a_frank_of_another_suite():
    with refused(FrankSuiteError, "5.4.1", cipher_suite=SUITE.code):
        verify_frank(suite_of(CipherSuite(3)), HUB.signature_key, STAMP, CONTEXT)
    renamed = replace(STAMP, franking_signature_ciphersuite=CipherSuite(3))
    with refused(FrankSignatureError, "5.4.1"):
        verify_frank(suite_of(CipherSuite(3)), HUB.signature_key, renamed, CONTEXT)
    with pytest.raises(SuiteMismatchError):
        frank(suite_of(CipherSuite(2)), HUB_SIGNER, FRANKING_KEY, TAG, CONTEXT)


def test_the_agent_is_the_hub():
    check_franking_agent(AGENT, A)
    for credential, hub in (
        (AGENT.credential, B),
        (BasicCredential(b"mimi://a.example/r/clubhouse"), A),
        (X509Credential((certificate(KEYS["Ed25519"].public_key()),)), A),
    ):
        with refused(ProviderCredentialError, "5.4.1 and 7.4"):
            check_franking_agent(replace(AGENT, credential=credential), hub)
    certified = replace(AGENT, credential=X509Credential(()))
    check_franking_agent(certified, A, provider_of=lambda _: A)


# Receivers


def received(framed: bool = False, **changes: Any) -> ServerFrankingContext:
    return verify_received(SUITE, AGENT, replace(RECEIVED, **changes), framed=framed)


def test_what_a_receiver_keeps():
    assert received() == CONTEXT


def test_franks_of_framed_messages():
    framed = application_framing(MESSAGE)
    tag = franking_tag(SALT, framed)
    assert tag != TAG
    stamp = frank(SUITE, HUB_SIGNER, FRANKING_KEY, tag, CONTEXT)
    said = {"application_data": framed, "tag": tag, "frank": stamp}
    assert received(framed=True, **said) == CONTEXT
    with refused(FrankedContentError, "5.4.1"):
        received(**said)


def test_a_tag_of_another_message():
    for tag in (bytes(32), franking_tag(bytes(16), MESSAGE)):
        with refused(FrankingTagError, "5.4.1"):
            received(tag=tag)


def test_somebody_else_sent_it():
    with refused(FrankedSenderError, "5.4.1", named=octets(ALICE)):
        received(sender=octets(BOB))


def test_it_was_sent_to_another_room():
    with refused(FrankedRoomError, "5.4.1", named=ROOM_ID):
        received(room=octets(OTHER_ROOM))


def test_a_follower_changes_the_time():
    with refused(FrankSignatureError, "5.4.1"):
        received(accepted_timestamp=ACCEPTED + 1)


def test_messages_that_do_not_say_who_sent_them_where():
    for unnamed in (
        content.encode(content.text("hello", salt=SALT, entropy=ENTROPY)),
        content.encode(content.text("hello", salt=SALT, sender=str(ALICE), entropy=ENTROPY)),
        b"no message",
    ):
        with refused(FrankedContentError, "5.4.1"):
            received(application_data=unnamed)


# The safe AAD


def agreed(*components: ComponentID):
    """Return the extensions of a group in which these components stand in the safe AAD."""
    return (dictionary({ComponentID.SAFE_AAD: encode(ComponentsList(components))}),)


def test_the_tag_in_the_authenticated_data():
    extensions = agreed(FRANK_AAD, ComponentID.MESSAGE_ID)
    aad = safe_aad([frank_aad(TAG), (ComponentID.MESSAGE_ID, b"id")])
    assert aad.hex().startswith("28002020" + TAG.hex())
    assert franking_tag_of(extensions, aad) == TAG
    assert franking_tag_of(extensions, message_id_aad(b"id")) is None
    assert franking_tag_of((), aad) is None
    for broken in (TAG[:-1], TAG + b"\0"):
        with pytest.raises(MalformedError):
            franking_tag_of(extensions, safe_aad([(FRANK_AAD, broken)]))
    with pytest.raises(MalformedError):
        franking_tag_of(extensions, b"\1")
    assert decode(FrankAAD, TAG) == FrankAAD(TAG)


# The component


def member(*, agent: FrankingAgentData | None = None):
    """Return a group of one whose members know the component."""
    client = Client.create(
        BasicCredential(octets(ALICE.client("phone"))),
        SUITE,
        capabilities=Capabilities(
            cipher_suites=(SUITE.code,),
            extensions=(APP_DATA_DICTIONARY,),
            proposals=(AppDataUpdate.tag,),
        ),
        settings=Settings(
            handshake=PUBLIC, grease=False, components={int(FRANKING_AGENT): FrankingAgent()}
        ),
        entropy=ENTROPY.fork(b"member"),
    )
    said = {} if agent is None else {int(FRANKING_AGENT): encode(agent)}
    return client.create_group(b"franked", now=NOW, extensions=(dictionary(said),))


def update(agent: FrankingAgentData | bytes) -> AppDataUpdate:
    data = agent if isinstance(agent, bytes) else encode(agent)
    return AppDataUpdate(FRANKING_AGENT, UpdateData(data))


def test_the_agent_of_a_group():
    group = member()
    assert franking_agent(group.context.extensions) is None
    group = group.commit(proposals=[update(AGENT)], now=NOW).accept()
    assert franking_agent(group.context.extensions) == AGENT
    other = replace(AGENT, credential=BasicCredential(b"mimi://b.example"))
    group = group.commit(proposals=[update(other)], now=NOW).accept()
    assert franking_agent(group.context.extensions) == other
    assert franking_agent(member(agent=AGENT).context.extensions) == AGENT


OTHER_KEY = replace(
    AGENT, franking_signature_key=suite_of(2).generate_signature_key(ENTROPY).public
)
STOLEN = replace(AGENT, credential=X509Credential((certificate(KEYS["P-256"].public_key()),)))


@pytest.mark.parametrize("agent", [OTHER_KEY, STOLEN])
def test_the_agents_key_is_of_the_groups_scheme(agent):
    with refused(FrankingKeyError, "5.4.1"):
        member().commit(proposals=[update(agent)], now=NOW)
    with refused(FrankingKeyError, "5.4.1"):
        member(agent=agent)


def test_an_agent_that_is_none():
    with pytest.raises(MalformedError):
        member().commit(proposals=[update(b"nonsense")], now=NOW)
    with pytest.raises(MalformedError):
        FrankingAgent().check_data(b"nonsense")


def test_two_agents_in_one_commit():
    with refused(RepeatedFrankingAgentError, "5.4.1"):
        member().commit(proposals=[update(AGENT), update(AGENT)], now=NOW)


# Abuse

QUOTED = AbusiveMessage(MESSAGE, STAMP, ACCEPTED)
REPORT = AbuseReport(octets(BOB), octets(ALICE), AbuseType(7), "schlimm, häßlich".encode())


def verified(**changes: Any) -> ServerFrankingContext:
    options: dict[str, Any] = {
        "abuser": ALICE,
        "room": ROOM,
        "hub_key": HUB_KEY,
        "signature_key": HUB.signature_key,
        "framed": False,
    }
    message = replace(QUOTED, **{at: changes.pop(at) for at in list(changes) if at not in options})
    return verify_abusive_message(decode(AbusiveMessage, encode(message)), **{**options, **changes})


def test_a_report():
    assert check_report(replace(REPORT, messages=(QUOTED,))) == "schlimm, häßlich"
    assert check_report(replace(REPORT, reporting_user=b"", note=b"")) == ""


@pytest.mark.parametrize(
    ("field", "uri"),
    [
        ("reporting_user", ROOM_ID),
        ("alleged_abuser_uri", b""),
        ("alleged_abuser_uri", octets(ALICE.client("phone"))),
    ],
)
def test_a_report_names_users(field, uri):
    with refused(IdentifierUriError, "5.2", field=field, uri=uri):
        check_report(replace(REPORT, **{field: uri}))


def test_a_note_that_is_no_text():
    with refused(TextError, "5", field="note", at=1):
        check_report(replace(REPORT, note=b"a\xff"))


def test_a_message_that_the_hub_franked():
    assert verified() == CONTEXT
    framed = application_framing(MESSAGE)
    stamp = frank(SUITE, HUB_SIGNER, FRANKING_KEY, franking_tag(SALT, framed), CONTEXT)
    assert verified(message_content=framed, frank=stamp, framed=True) == CONTEXT


def test_a_message_of_somebody_else():
    with refused(AbuserError, "5.9", named=octets(ALICE)):
        verified(abuser=BOB)


def test_a_message_to_another_room():
    with refused(FrankedRoomError, "5.4.1", named=ROOM_ID):
        verified(room=OTHER_ROOM)


def test_a_message_that_the_hub_did_not_frank():
    forged = content.encode(
        content.text("bad words", salt=SALT, sender=str(ALICE), room=str(ROOM), entropy=ENTROPY)
    )
    for changes in (
        {"message_content": forged},
        {"accepted_timestamp": ACCEPTED + 1},
        {"frank": replace(STAMP, server_frank=bytes(32))},
        {"hub_key": Secret(b"another")},
    ):
        with refused(ServerFrankError, "5.4.1"):
            verified(**changes)


def test_a_message_that_the_agent_did_not_sign():
    other = SUITE.generate_signature_key(ENTROPY.fork(b"forger"))
    for changes in (
        {"signature_key": other.public},
        {"frank": replace(STAMP, franking_integrity_signature=b"")},
    ):
        with refused(FrankSignatureError, "5.4.1"):
            verified(**changes)
    with pytest.raises(UnknownCipherSuiteError):
        verified(frank=replace(STAMP, franking_signature_ciphersuite=CipherSuite(0xF00F)))


def test_a_message_that_is_none():
    with refused(FrankedContentError, "5.4.1"):
        verified(message_content=b"nonsense")
