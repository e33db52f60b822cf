"""Claiming group infos (section 5.6)."""

from typing import Any

import pytest
from protocol.providers import (
    ACCEPTED,
    CATHY,
    ENTROPY,
    HUB,
    HUB_SIGNER,
    OTHER_ROOM,
    ROOM,
    ROOM_ID,
    A,
    device,
    octets,
    refused,
    scene,
)
from tree.certificates import KEYS, certificate
from tree.members import SUITE, every_suite

from mimi.codec import decode, encode, replace
from mimi.crypto import CipherSuite, Suite, UnknownCipherSuiteError, suite_of
from mimi.errors import MalformedError, UsageError
from mimi.mls import ServedRatchetTree, full_tree
from mimi.protocol import (
    GroupInfoNoSuchRoom,
    GroupInfoNotAuthorized,
    GroupInfoRatchetTreeTBE,
    GroupInfoRequest,
    GroupInfoRequestTBS,
    GroupInfoResponse,
    PendingProposal,
    SealedGroupInfo,
    check_group_info_request,
    open_group_info,
    seal_group_info,
    sign_group_info_request,
)
from mimi.protocol.errors import (
    EmbeddedTreeError,
    GroupInfoCredentialError,
    GroupInfoKeyError,
    GroupInfoRequestSignatureError,
    GroupInfoResponseSignatureError,
    GroupInfoRoomError,
    GroupInfoSuiteError,
    HandshakeError,
    HubSenderError,
    PendingProposalError,
    ProviderCredentialError,
    SealedGroupInfoError,
)
from mimi.protocol.groupinfo import ENCRYPTION_LABEL, RESPONSE_LABEL, GroupInfoResponseTBS
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import BasicCredential, X509Credential
from mimi.tree.extension import Extension, ExternalSenders, extension
from mimi.tree.path import HPKECiphertext

SCENE = scene()
TBE = GroupInfoRatchetTreeTBE(
    SCENE.info,
    full_tree(SCENE.alice.ratchet_tree),
    (PendingProposal(SCENE.proposals[0], ACCEPTED), PendingProposal(SCENE.removals[0], ACCEPTED)),
)


def keys(suite: Suite = SUITE):
    """Return the key pair to which Cathy lets things be encrypted."""
    return suite.generate_key_pair(ENTROPY.fork(b"group info"))


def request(suite: Suite = SUITE, **changes: Any) -> GroupInfoRequest:
    """Return Cathy's request, with changes before it is signed."""
    cathy = device(CATHY, suite=suite)
    asked = GroupInfoRequestTBS(
        suite.code, cathy.signer.public, cathy.credential, keys(suite).public, None
    )
    return sign_group_info_request(replace(asked, **changes), cathy.signer)


def sealed(answer: GroupInfoRatchetTreeTBE = TBE, **options: Any) -> GroupInfoResponse:
    """Return what the hub answers."""
    asked, room = options.pop("request", request()), options.pop("room", ROOM)
    hub, signer = options.pop("hub", HUB), options.pop("signer", HUB_SIGNER)
    return seal_group_info(room, asked, answer, hub, signer, ENTROPY)


def opened(response: GroupInfoResponse, **options: Any) -> GroupInfoRatchetTreeTBE:
    """Return what Cathy reads."""
    asked, private = options.pop("request", request()), options.pop("private", keys())
    room = options.pop("room", ROOM)
    received = decode(GroupInfoResponse, encode(response))
    return open_group_info(room, asked, received, private, **options)


# Requests


@every_suite
def test_a_request_is_signed(suite):
    for code in (None, b"let me in"):
        asked = request(suite, joining_code=code)
        assert check_group_info_request(decode(GroupInfoRequest, encode(asked))) == suite
        for changed in (
            replace(asked, joining_code=b"let him in"),
            replace(asked, requesting_credential=BasicCredential(b"somebody else")),
            replace(asked, requesting_signature_key=keys(suite).public),
            replace(asked, signature=b""),
        ):
            with refused(GroupInfoRequestSignatureError, "5.6"):
                check_group_info_request(changed)


def test_a_suite_that_nobody_knows():
    with pytest.raises(UnknownCipherSuiteError):
        check_group_info_request(replace(request(), cipher_suite=CipherSuite(0xF00F)))


def test_what_to_encrypt_to_is_no_key():
    with refused(GroupInfoKeyError, "5.6"):
        check_group_info_request(request(group_info_public_key=b"short"))


def test_a_key_that_makes_no_shared_secret():
    asked = request(group_info_public_key=bytes(32))
    with refused(GroupInfoKeyError, "5.6"):
        sealed(request=asked)


def test_the_credential_is_for_the_key():
    stolen = X509Credential((certificate(KEYS["Ed25519"].public_key()),))
    with refused(GroupInfoCredentialError, "5.6"):
        check_group_info_request(request(requesting_credential=stolen))


def test_signing_with_another_key():
    with pytest.raises(UsageError):
        request(requesting_signature_key=b"another")


# Answers


@every_suite
def test_the_answer_is_for_the_requester_alone(suite):
    signer = suite.generate_signature_key(ENTROPY.fork(b"hub of another suite"))
    hub = replace(HUB, signature_key=signer.public)
    senders = extension(ExternalType, (hub,), ExternalSenders)
    context = replace(SCENE.info.group_context, extensions=(senders,))
    answer = replace(TBE, group_info=replace(SCENE.info, group_context=context))
    asked = request(suite)
    response = sealed(answer, request=asked, hub=hub, signer=signer)
    assert opened(response, request=asked, private=keys(suite)) == answer
    other = suite.generate_key_pair(ENTROPY.fork(b"other"))
    with pytest.raises(UsageError):
        opened(response, request=asked, private=other)
    theirs = replace(asked, group_info_public_key=other.public)
    with refused(SealedGroupInfoError, "5.6"):
        opened(response, request=theirs, private=other)


ExternalType = ExtensionType.EXTERNAL_SENDERS


def test_what_is_signed_and_encrypted_is_as_the_draft_says():
    status = sealed().status
    assert isinstance(status, SealedGroupInfo)
    tbs = GroupInfoResponseTBS(ROOM_ID, SUITE.code, HUB, status.encrypted_groupinfo_and_tree)
    SUITE.verify_with_label(HUB.signature_key, RESPONSE_LABEL, encode(tbs), status.signature)
    assert RESPONSE_LABEL == b"GroupInfoResponseTBS"
    ciphertext = status.encrypted_groupinfo_and_tree
    plaintext = SUITE.decrypt_with_label(
        keys(),
        b"GroupInfo and ratchet_tree encryption",
        b"mimi://a.example/r/clubhouse",
        ciphertext.kem_output,
        ciphertext.ciphertext,
    )
    assert decode(GroupInfoRatchetTreeTBE, plaintext) == TBE


def test_a_refusal_holds_nothing():
    for status in (GroupInfoNotAuthorized(), GroupInfoNoSuchRoom()):
        with pytest.raises(UsageError):
            opened(GroupInfoResponse(ROOM_ID, status))


def test_an_answer_for_another_room():
    with refused(GroupInfoRoomError, "5.6", room_id=octets(OTHER_ROOM)):
        opened(sealed(room=OTHER_ROOM))


def changed(**changes: Any) -> GroupInfoResponse:
    response = sealed()
    return replace(response, status=replace(response.status, **changes))


def test_an_answer_of_another_suite():
    with refused(GroupInfoSuiteError, "5.6"):
        opened(changed(cipher_suite=CipherSuite(3)))


def test_an_answer_that_the_hub_did_not_sign():
    forger = SUITE.generate_signature_key(ENTROPY.fork(b"forger"))
    for response in (
        changed(signature=b""),
        changed(encrypted_groupinfo_and_tree=HPKECiphertext(b"", b"")),
        changed(hub_sender=replace(HUB, signature_key=forger.public)),
        changed(hub_sender=replace(HUB, signature_key=b"")),
    ):
        with refused(GroupInfoResponseSignatureError, "5.6"):
            opened(response)


def test_an_answer_of_another_provider():
    other = replace(HUB, credential=BasicCredential(b"mimi://b.example"))
    with refused(ProviderCredentialError, "5.4.1 and 7.4", provider="b.example"):
        opened(sealed(hub=other))
    for credential in (
        BasicCredential(b"mimi://a.example/u/alice"),
        BasicCredential(b"a.example"),
        X509Credential((certificate(KEYS["Ed25519"].public_key()),)),
    ):
        with refused(ProviderCredentialError, "5.4.1 and 7.4"):
            opened(sealed(hub=replace(HUB, credential=credential)))
    certified = replace(HUB, credential=X509Credential(()))
    with refused(HubSenderError, "7.4"):
        opened(sealed(hub=certified), provider_of=lambda _: A)


def test_a_hub_that_is_no_external_sender():
    context = replace(SCENE.info.group_context, extensions=())
    with refused(HubSenderError, "7.4"):
        opened(sealed(replace(TBE, group_info=replace(SCENE.info, group_context=context))))


def test_the_tree_is_not_in_the_group_info():
    tree = Extension(ExtensionType.RATCHET_TREE, SCENE.alice.ratchet_tree)
    info = replace(SCENE.info, extensions=(tree, *SCENE.info.extensions))
    answer = replace(TBE, group_info=info, ratchet_tree_option=ServedRatchetTree())
    with refused(EmbeddedTreeError, "5.3 and 5.6"):
        sealed(answer)
    with refused(EmbeddedTreeError, "5.3 and 5.6"):
        opened(sealed_as_it_is(encode(answer)))


def sealed_as_it_is(plaintext: bytes) -> GroupInfoResponse:
    """Return what a hub answers that does not look at what it encrypts."""
    ciphertext = HPKECiphertext(
        *SUITE.encrypt_with_label(keys().public, ENCRYPTION_LABEL, ROOM_ID, plaintext, ENTROPY)
    )
    tbs = encode(GroupInfoResponseTBS(ROOM_ID, SUITE.code, HUB, ciphertext))
    signature = SUITE.sign_with_label(HUB_SIGNER, RESPONSE_LABEL, tbs)
    return GroupInfoResponse(ROOM_ID, SealedGroupInfo(SUITE.code, HUB, ciphertext, signature))


def test_what_decrypts_does_not_parse():
    with pytest.raises(MalformedError) as caught:
        opened(sealed_as_it_is(b"nonsense"))
    assert caught.value.path.startswith("GroupInfoRatchetTreeTBE")


def test_pending_proposals_are_of_the_epoch():
    for other in (SCENE.removals[1], SCENE.late):
        pending = (*TBE.pending_proposals, PendingProposal(other, ACCEPTED))
        with refused(PendingProposalError, "5.6", index=2):
            opened(sealed(replace(TBE, pending_proposals=pending)))


def test_pending_proposals_can_be_read_by_the_hub():
    for other in (SCENE.hidden, SCENE.commit, SCENE.application):
        with refused(HandshakeError, "5.3, 5.5 and 5.6"):
            opened(sealed(replace(TBE, pending_proposals=(PendingProposal(other, ACCEPTED),))))


def test_sealing_with_another_key():
    other = SUITE.generate_signature_key(ENTROPY.fork(b"forger"))
    with pytest.raises(UsageError):
        sealed(signer=other)
    with pytest.raises(UsageError):
        sealed(request=request(suite_of(CipherSuite(2))))
