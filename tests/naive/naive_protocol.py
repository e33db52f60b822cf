"""The vectors of draft-ietf-mimi-protocol-06: what is signed, encrypted and authenticated in it."""

import hashlib
import hmac
from typing import Any

from cryptography.hazmat.primitives.asymmetric import x448
from naive import naive_content as content
from naive import naive_extensions as ext
from naive import naive_wire as wire
from naive.naive_agree import Check, agree, checking, must, unhex
from naive.naive_components import check_public_key
from naive.naive_crypto import (
    SUITES,
    X448_KEM,
    Suite,
    decrypt_with_label,
    hpke_public_of,
    key_package_ref,
    load_public_signature_key,
    signature_public_of,
    suite_of,
    verify_with_label,
)
from naive.naive_extensions import Refused, hold
from naive.naive_protocol_http import (
    USERS,
    check_directory,
    check_request,
    check_response,
)
from naive.naive_protocol_rules import (
    body_of,
    check_no_tree,
    check_package,
    check_rules,
    is_handshake,
    message_of,
    owner_of,
    place_of,
    provider,
    uri,
    user_of_client,
)
from naive.naive_protocol_wire import (
    SENDER,
    Unreadable,
    read_body,
    tbs_of,
    write_body,
)
from naive.naive_wire import U16, U64, decode, write_opaque

PREFIX = "protocol-"


def verdict(attempt: Any) -> tuple[Any, str | None]:
    """Give what comes out, or the rule for which it is refused."""
    try:
        return attempt(), None
    except Refused as refused:
        return None, refused.rule


def is_signed(code: int, key: bytes, label: str, signed: bytes, signature: bytes) -> bool:
    """Say whether a signature verifies; with a key that is none it does not."""
    try:
        return verify_with_label(suite_of(code), key, label, signed, signature)
    except ValueError:
        return False


def credential_of(digits: str) -> dict:
    return decode(ext.CREDENTIAL, unhex(digits))


# Bodies


def check_body(case: dict) -> None:
    structure, octets = case["structure"], unhex(case["octets"])
    try:
        value, at = read_body(structure, octets), None
    except Unreadable as error:
        value, at = None, error.at
    agree("at", at, case["at"])
    agree("value", value, case["value"])
    if at is None:
        agree("octets", write_body(structure, value), octets)


# Section 5.2


def verifying_suite(request: dict) -> int:
    """Give the first acceptable suite for whose scheme the requester's key is a key."""
    suites = request["acceptable_ciphersuites"]
    hold("no-acceptable-suite", "there is none", holds=bool(suites))
    for code in suites:
        try:
            load_public_signature_key(suite_of(code), unhex(request["requester_signature_key"]))
        except ValueError:
            continue
        return code
    raise Refused("requester-key", "it is none of these suites")


def key_material_request(case: dict) -> int:
    octets = unhex(case["request"])
    request = body_of("KeyMaterialRequest", octets)
    uri(request["requesting_user"], USERS)
    uri(request["target_user"], USERS)
    hold("path-mismatch", case["target"], holds=request["target_user"] == case["target"])
    if request["room_id"]:
        uri(request["room_id"], {"room"})
    code, key = verifying_suite(request), unhex(request["requester_signature_key"])
    tbs, signature = (
        tbs_of("KeyMaterialRequest", octets),
        unhex(request["key_material_request_signature"]),
    )
    signed = is_signed(code, key, "KeyMaterialRequestTBS", tbs, signature)
    hold("key-material-signature", "it does not verify", holds=signed)
    user = owner_of(credential_of(request["requester_credential"]))
    hold("requester-credential", f"{user}", holds=user == request["requesting_user"])
    return code


def check_key_material_request(case: dict) -> None:
    octets = unhex(case["request"])
    agree("tbs", tbs_of("KeyMaterialRequest", octets), unhex(case["tbs"]))
    code, rule = verdict(lambda: key_material_request(case))
    agree("rule", rule, case["rule"])
    agree("verified_by", code, case["verified_by"])
    public = signature_public_of(suite_of(case["cipher_suite"]), unhex(case["signature_priv"]))
    if rule is None:
        agree("key", public.hex(), body_of("KeyMaterialRequest", octets)["requester_signature_key"])


WITHOUT_CLIENTS = {
    *("incompatibleProtocol", "userUnknown", "noConsent", "noConsentForThisRoom", "userDeleted"),
}


def check_statuses(response: dict) -> None:
    status, clients = response["user_status"], response["clients"]
    populated = bool(clients) and status in WITHOUT_CLIENTS
    hold("populated-clients", status, holds=not populated)
    given = [client["client_status"] == "success" for client in clients]
    fits = {"success": bool(given) and all(given), "partialSuccess": any(given)}
    hold("client-status", status, holds=fits.get(status, not any(given)))


def key_material_response(case: dict) -> list[dict]:
    request = read_body("KeyMaterialRequestTBS", unhex(case["request"]))
    response = read_body("KeyMaterialResponse", unhex(case["response"]))
    user = request["target_user"]
    hold("answered-protocol", "not MLS 1.0", holds=response["protocol"] == 1)
    hold("answered-user", "another", holds=response["user_uri"] == user)
    check_statuses(response)
    seen: dict[str, bytes] = {}
    for each in response["clients"]:
        client = each["client_uri"]
        uri(client, {"client"})
        own = provider(client) == provider(user) and user_of_client(client) in {None, user}
        hold("client-uri", client, holds=own and client not in seen)
        seen[client] = b""
        if each["client_status"] == "success":
            reference = suitable(unhex(each["material"]), request, case["now"])
            fresh = reference not in seen.values()
            hold("repeated-key-package", client, holds=fresh)
            seen[client] = reference
    return [
        {"key_package_ref": reference.hex(), "client_uri": client}
        for client, reference in seen.items()
        if reference
    ]


def suitable(octets: bytes, request: dict, now: int) -> bytes:
    """Check that a key package is what was asked for; give its reference."""
    package = check_package(octets, request["target_user"], now)
    code, has = package["cipher_suite"], package["leaf_node"]["capabilities"]
    wanted = decode(ext.REQUIRED_CAPABILITIES_STRUCT, unhex(request["required_capabilities"]))
    lists = zip(
        wanted.values(), (has["extensions"], has["proposals"], has["credentials"]), strict=True
    )
    fits = code in request["acceptable_ciphersuites"]
    fits = fits and all(set(needed) <= set(supported) for needed, supported in lists)
    hold("unsuitable-key-package", "it is not what was asked for", holds=fits)
    return key_package_ref(suite_of(code), octets)


def check_key_material_response(case: dict) -> None:
    references, rule = verdict(lambda: key_material_response(case))
    agree("rule", rule, case["rule"])
    agree("references", references, case["references"])


# Sections 5.4.1 and 5.9


def sha256_mac(key: bytes, octets: bytes) -> bytes:
    return hmac.new(key, octets, hashlib.sha256).digest()


SENDER_URI, ROOM_URI = 1, 2


def said_in(application_data: bytes, *, framed: bool) -> tuple[bytes, str, str]:
    """Give the salt of a MIMI message, and the sender and the room that it names."""
    try:
        octets = application_data
        if framed:
            octets = decode(ext.APPLICATION_FRAMING, octets)["inner_application_content"]
        message = content.decode_message(octets, len(octets))
    except (ValueError, content.Refused) as error:
        raise Refused("franked-content", f"{error}") from error
    named = {key: text_of_item(unhex(item)) for key, item in message["extensions"]}
    both = SENDER_URI in named and ROOM_URI in named
    hold("franked-content", "it does not say from whom, to where", holds=both)
    return unhex(message["salt"]), named[SENDER_URI], named[ROOM_URI]


def text_of_item(item: bytes) -> str | None:
    kind, value = content.read(item)
    return value if kind == "text" else None


def context_of(sender: str, room: str, accepted: int) -> bytes:
    return write_opaque(sender.encode()) + write_opaque(room.encode()) + U64.write(accepted)


def integrity_tbs(frank: dict, code: int, context: bytes) -> bytes:
    return unhex(frank["server_frank"]) + U16.write(code) + context


def check_integrity(frank: dict, code: int, key: bytes, context: bytes) -> None:
    tbs = integrity_tbs(frank, code, context)
    signature = unhex(frank["franking_integrity_signature"])
    signed = is_signed(code, key, "FrankingIntegrityTBS", tbs, signature)
    hold("frank-signature", "it does not verify", holds=signed)


def received_frank(case: dict) -> None:
    data, code = unhex(case["application_data"]), case["cipher_suite"]
    salt, sender, room = said_in(data, framed=case["framed"])
    tag = sha256_mac(salt, data).hex()
    hold("franking-tag", "it is another", holds=tag == case["franking_tag"])
    hold("franked-sender", sender, holds=sender == case["sender_uri"])
    hold("franked-room", room, holds=room == case["room_uri"])
    frank = read_body("Frank", unhex(case["frank"]))
    same = frank["franking_signature_ciphersuite"] == code
    hold("frank-suite", "another", holds=same)
    agent = read_body("FrankingAgentData", unhex(case["franking_agent"]))
    context = context_of(sender, room, case["accepted_timestamp"])
    check_integrity(frank, code, unhex(agent["franking_signature_key"]), context)
    agree("its server frank", frank["server_frank"], case["server_frank"])


def check_frank(case: dict) -> None:
    _, rule = verdict(lambda: received_frank(case))
    agree("rule", rule, case["rule"])
    said, _ = verdict(lambda: said_in(unhex(case["application_data"]), framed=case["framed"]))
    agree("salt", said and said[0].hex(), case["salt"])
    context = context_of(case["sender_uri"], case["room_uri"], case["accepted_timestamp"])
    agree("context", context, unhex(case["context"]))
    tagged = unhex(case["franking_tag"]) + context
    agree("server_frank", sha256_mac(unhex(case["hub_key"]), tagged), unhex(case["server_frank"]))
    frank = read_body("Frank", unhex(case["frank"]))
    tbs = integrity_tbs(frank, case["cipher_suite"], context)
    agree("tbs", tbs, unhex(case["tbs"]))


def franking_agent(case: dict) -> str:
    agents = [body_of("FrankingAgentData", unhex(update)) for update in case["updates"][:1]]
    hold("repeated-franking-agent", "there are two", holds=len(case["updates"]) == 1)
    try:
        suite, key = suite_of(case["cipher_suite"]), unhex(agents[0]["franking_signature_key"])
        load_public_signature_key(suite, key)
    except ValueError as error:
        raise Refused("franking-key", f"{error}") from error
    basic = credential_of(agents[0]["credential"])["credential_type"] == 1
    hold("franking-key", "an unreadable certificate", holds=basic)
    return case["updates"][0]


def check_franking_agent(case: dict) -> None:
    after, rule = verdict(lambda: franking_agent(case))
    agree("rule", rule, case["rule"])
    agree("after", after, case["after"])


def reported(case: dict) -> bytes:
    message = read_body("AbusiveMessage", unhex(case["message"]))
    data, frank = unhex(message["message_content"]), message["frank"]
    salt, sender, room = said_in(data, framed=case["framed"])
    hold("abuser", sender, holds=sender == case["abuser"])
    hold("franked-room", room, holds=room == case["room"])
    context = context_of(sender, room, message["accepted_timestamp"])
    made = sha256_mac(unhex(case["hub_key"]), sha256_mac(salt, data) + context)
    hold("server-frank", "it is not the hub's", holds=made.hex() == frank["server_frank"])
    code = frank["franking_signature_ciphersuite"]
    hold("unknown-cipher-suite", f"{code}", holds=code in SUITES)
    check_integrity(frank, code, unhex(case["signature_pub"]), context)
    agree("cipher_suite", code, case["cipher_suite"])
    return context


def check_report(case: dict) -> None:
    context, rule = verdict(lambda: reported(case))
    agree("rule", rule, case["rule"])
    agree("context", context and context.hex(), case["context"])
    data = unhex(read_body("AbusiveMessage", unhex(case["message"]))["message_content"])
    said, _ = verdict(lambda: said_in(data, framed=case["framed"]))
    agree("franking_tag", said and sha256_mac(said[0], data).hex(), case["franking_tag"])


# Section 5.6


def check_reader(suite: Suite, public: bytes) -> None:
    """Check that there is a public key to encrypt to."""
    try:
        if suite.kem == X448_KEM:
            x448.X448PublicKey.from_public_bytes(public)
        else:
            check_public_key(suite, public)
    except ValueError as error:
        raise Refused("group-info-key", f"{error}") from error


def group_info_request(case: dict) -> None:
    octets = unhex(case["request"])
    request = body_of("GroupInfoRequest", octets)
    code, key = request["cipher_suite"], unhex(request["requesting_signature_key"])
    hold("unknown-cipher-suite", f"{code}", holds=code in SUITES)
    check_reader(suite_of(code), unhex(request["group_info_public_key"]))
    credential = credential_of(request["requesting_credential"])
    basic = credential["credential_type"] == 1  # the vectors have no certificate that can be read
    hold("group-info-credential", "an unreadable certificate", holds=basic)
    tbs, signature = tbs_of("GroupInfoRequest", octets), unhex(request["signature"])
    signed = is_signed(code, key, "GroupInfoRequestTBS", tbs, signature)
    hold("group-info-request-signature", "it does not verify", holds=signed)


def check_group_info_request(case: dict) -> None:
    octets = unhex(case["request"])
    agree("tbs", tbs_of("GroupInfoRequest", octets), unhex(case["tbs"]))
    _, rule = verdict(lambda: group_info_request(case))
    agree("rule", rule, case["rule"])
    public = signature_public_of(suite_of(case["cipher_suite"]), unhex(case["signature_priv"]))
    if rule is None:
        agree("key", public.hex(), body_of("GroupInfoRequest", octets)["requesting_signature_key"])


def sealed_of(octets: bytes) -> tuple[dict, bytes]:
    """Give the sealed group info of an answer, and what is signed of it."""
    response = read_body("GroupInfoResponse", octets)
    status = response["status"]
    must("the answer is a success", holds=status["code"] == "success")
    signature = write_opaque(unhex(status["signature"]))
    return {**status, "room_id": response["room_id"]}, octets[: len(octets) - len(signature)]


def group_info_response(case: dict) -> bytes:
    sealed, tbs = sealed_of(unhex(case["response"]))
    code, room = case["cipher_suite"], case["room"]
    hub = sealed["hub_sender"]
    hold("group-info-room", sealed["room_id"], holds=sealed["room_id"] == room)
    hold("group-info-suite", "another", holds=sealed["cipher_suite"] == code)
    owner = credential_of(hub["credential"])["identity"].decode()
    hold("provider-credential", owner, holds=owner == f"mimi://{provider(room)}")
    key, signature = unhex(hub["signature_key"]), unhex(sealed["signature"])
    signed = is_signed(code, key, "GroupInfoResponseTBS", tbs, signature)
    hold("group-info-response-signature", "it does not verify", holds=signed)
    label, ciphertext = (
        "GroupInfo and ratchet_tree encryption",
        sealed["encrypted_groupinfo_and_tree"],
    )
    both = unhex(ciphertext["kem_output"]), unhex(ciphertext["ciphertext"])
    try:
        opened = decrypt_with_label(
            suite_of(code), unhex(case["private_key"]), label, room.encode(), both
        )
    except ValueError as error:
        raise Refused("sealed-group-info", f"{error}") from error
    check_opened(opened, hub)
    return opened


def check_opened(opened: bytes, hub: dict) -> None:
    answer = body_of("GroupInfoRatchetTreeTBE", opened)
    info = decode(wire.GROUP_INFO_STRUCT, unhex(answer["group_info"]))
    check_no_tree(info["extensions"])
    context = info["group_context"]
    listed = ext.find(context["extensions"], ext.EXTERNAL_SENDERS)
    senders = decode(wire.vector(SENDER), listed or b"\0")
    hold("hub-sender", "the hub is none", holds=hub in senders)
    place = context["group_id"], context["epoch"]
    for each in answer["pending_proposals"]:
        message = message_of(each["proposal"])
        hold("handshake", "no proposal", holds=is_handshake(message, "proposal"))
        hold("pending-proposal", "of another epoch", holds=place_of(message) == place)


def check_group_info_response(case: dict) -> None:
    request = read_body("GroupInfoRequestTBS", unhex(case["request"]))
    suite = suite_of(case["cipher_suite"])
    public = hpke_public_of(suite, unhex(case["private_key"]))
    agree("the key of the request", public.hex(), request["group_info_public_key"])
    agree("the suite of the request", request["cipher_suite"], case["cipher_suite"])
    agree("tbs", sealed_of(unhex(case["response"]))[1], unhex(case["tbs"]))
    opened, rule = verdict(lambda: group_info_response(case))
    agree("rule", rule, case["rule"])
    agree("opened", opened and opened.hex(), case["opened"])


# Section 6.1

PSEUDONYMOUS = 0xF503


def identity_link(case: dict) -> None:
    link = read_body("IdentityLinkTBE", unhex(case["link"]))
    kind = credential_of(link["client_credential"])["credential_type"]
    hold("nested-pseudonym", "a pseudonym", holds=kind != PSEUDONYMOUS)
    hold("identity-link", "an unreadable certificate", holds=kind == 1)
    tbs = tbs_of("PseudonymousCredential", unhex(case["credential"]))
    signature = unhex(link["pseudonymous_credential_signature"])
    key, label = unhex(case["signature_pub"]), "PseudonymousCredentialTBS"
    signed = is_signed(case["cipher_suite"], key, label, tbs, signature)
    hold("identity-link", "it does not verify", holds=signed)


def check_identity_link(case: dict) -> None:
    agree("tbs", tbs_of("PseudonymousCredential", unhex(case["credential"])), unhex(case["tbs"]))
    _, rule = verdict(lambda: identity_link(case))
    agree("rule", rule, case["rule"])


KINDS: dict[str, tuple[str, Check]] = {
    "body": ("bodies", check_body),
    "check": ("checks", check_rules),
    "directory": ("directories", check_directory),
    "request": ("requests", check_request),
    "response": ("responses", check_response),
    "key-material-request": ("key-material-requests", check_key_material_request),
    "key-material-response": ("key-material-responses", check_key_material_response),
    "frank": ("franks", check_frank),
    "franking-agent": ("franking-agents", check_franking_agent),
    "group-info-request": ("group-info-requests", check_group_info_request),
    "group-info-response": ("group-info-responses", check_group_info_response),
    "report": ("reports", check_report),
    "identity-link": ("identity-links", check_identity_link),
}
"""From kinds of vectors to their files, and how a case is checked."""


@checking
def check_case(case: dict) -> None:
    KINDS[case["kind"].removeprefix(PREFIX)][1](case)
