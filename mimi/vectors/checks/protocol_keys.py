"""What requests and answers sign and encrypt: key material, group infos, links to identities."""

from typing import Any

from mimi.codec import decode, encode, encode_as
from mimi.crypto import HPKEPrivateKey
from mimi.identity import IdentifierError, MimiUri, RoomUri, parse
from mimi.protocol.groupinfo import (
    REQUEST_LABEL,
    GroupInfoRatchetTreeTBE,
    GroupInfoRequest,
    GroupInfoRequestTBS,
    GroupInfoResponse,
    GroupInfoResponseTBS,
    SealedGroupInfo,
    check_group_info_request,
    open_group_info,
)
from mimi.protocol.keys import (
    SIGNATURE_LABEL,
    KeyMaterialRequestTBS,
    KeyMaterialResponse,
    check_key_material_request,
    check_key_material_response,
    read_key_material_request,
    requester_suite,
)
from mimi.protocol.pseudonyms import (
    IdentityLinkTBE,
    PseudonymousCredential,
    PseudonymousCredentialTBS,
    verify_identity_link,
)
from mimi.tree.leaf import LifetimePolicy
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind
from mimi.vectors.checks.mls_data import LONGEST_LIFETIME
from mimi.vectors.checks.mls_keys import hpke_key_in, signer_in
from mimi.vectors.protocol_rules import judged


def uri_in(case: Case, field: str) -> MimiUri:
    """Return what the URI of a field identifies.

    Raises:
        DifferenceError: It is none.
    """
    try:
        return parse(case.string(field))
    except IdentifierError:
        raise DifferenceError(case.name(field), "a URI", shown(case.value(field))) from None


def room_in(case: Case, field: str = "room") -> RoomUri:
    """Return the room of a field.

    Raises:
        DifferenceError: It is none.
    """
    found = uri_in(case, field)
    if not isinstance(found, RoomUri):
        raise DifferenceError(case.name(field), "a room", shown(case.value(field)))
    return found


def structure_in(case: Case, field: str, structure: type[Any]) -> Any:
    """Return a structure of which a field has the octets.

    Raises:
        DifferenceError: It is none.
    """
    octets = case.octets(field)
    with case.at(field):
        return decode(structure, octets)


# Key material (section 5.2)


def check_request_for_key_material(case: Case) -> None:
    """Verify what is signed of a request for key material, and the rules of it."""
    check_kind(case, "protocol-key-material-request")
    suite, private = case.suite(), signer_in(case, case.suite(), "signature_priv")
    body, target = case.octets("request"), uri_in(case, "target")
    with case.at("request"):
        request = read_key_material_request(body)
    tbs = encode_as(KeyMaterialRequestTBS, request)
    case.same("tbs", tbs)

    def check() -> int:
        check_key_material_request(request, target=target)
        return int(requester_suite(request).code)

    case.same("verified_by", judged(case, check))
    again = suite.sign_with_label(private, SIGNATURE_LABEL, tbs)
    suite.verify_with_label(private.public, SIGNATURE_LABEL, tbs, again)
    if case.value("rule") is None and request.requester_signature_key != private.public:
        raise DifferenceError("signature_priv", "that of the request", "another key's")


def check_answer_with_key_material(case: Case) -> None:
    """Verify an answer with key packages, and their references."""
    check_kind(case, "protocol-key-material-response")
    code, request = case.suite().code, structure_in(case, "request", KeyMaterialRequestTBS)
    if code not in request.acceptable_ciphersuites:
        raise DifferenceError("cipher_suite", "an acceptable one", f"{code}")
    response = structure_in(case, "response", KeyMaterialResponse)
    lifetimes = LifetimePolicy(case.integer("now"), LONGEST_LIFETIME)
    references = judged(
        case, lambda: check_key_material_response(response, request, lifetimes=lifetimes)
    )
    case.same("references", references and _listed(references) if references != {} else [])


def _listed(references: dict[bytes, bytes]) -> list[dict[str, str]]:
    return [
        {"key_package_ref": reference.hex(), "client_uri": client.decode()}
        for reference, client in references.items()
    ]


# Group infos (section 5.6)


def check_request_for_group_info(case: Case) -> None:
    """Verify what is signed of a request for a group info, and the rules of it."""
    check_kind(case, "protocol-group-info-request")
    suite, private = case.suite(), signer_in(case, case.suite(), "signature_priv")
    request = structure_in(case, "request", GroupInfoRequest)
    tbs = encode_as(GroupInfoRequestTBS, request)
    case.same("tbs", tbs)
    judged(case, lambda: check_group_info_request(request))
    again = suite.sign_with_label(private, REQUEST_LABEL, tbs)
    suite.verify_with_label(private.public, REQUEST_LABEL, tbs, again)
    if case.value("rule") is None and request.requesting_signature_key != private.public:
        raise DifferenceError("signature_priv", "that of the request", "another key's")


def check_answer_with_group_info(case: Case) -> None:
    """Verify the signature of an answer with a group info, and decrypt it."""
    check_kind(case, "protocol-group-info-response")
    suite, room = case.suite(), room_in(case)
    request = structure_in(case, "request", GroupInfoRequestTBS)
    response = structure_in(case, "response", GroupInfoResponse)
    private = hpke_key_in(case, suite, "private_key")
    if request.cipher_suite != suite.code or private.public != request.group_info_public_key:
        raise DifferenceError("private_key", "that of the request", "another")
    case.note("private_key")
    case.same("tbs", _signed(response))
    answer = judged(case, lambda: _opened(room, request, response, private))
    case.same("opened", None if answer is None else encode(answer))


def _signed(response: GroupInfoResponse) -> bytes:
    status = response.status
    if not isinstance(status, SealedGroupInfo):
        raise DifferenceError("response", "an answer that is signed", "a refusal")
    sealed = status.cipher_suite, status.hub_sender, status.encrypted_groupinfo_and_tree
    return encode(GroupInfoResponseTBS(response.room_id, *sealed))


def _opened(
    room: RoomUri,
    request: GroupInfoRequestTBS,
    response: GroupInfoResponse,
    private: HPKEPrivateKey,
) -> GroupInfoRatchetTreeTBE:
    return open_group_info(room, request, response, private)


# Links to identities (section 6.1)


def check_link(case: Case) -> None:
    """Verify that a client stands behind a pseudonym."""
    check_kind(case, "protocol-identity-link")
    suite, key = case.suite(), case.octets("signature_pub")
    credential = structure_in(case, "credential", PseudonymousCredential)
    link = structure_in(case, "link", IdentityLinkTBE)
    case.same("tbs", encode_as(PseudonymousCredentialTBS, credential))
    judged(case, lambda: verify_identity_link(suite, credential, link, key))
