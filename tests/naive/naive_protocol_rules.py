"""The rules of bodies in draft-ietf-mimi-protocol-06 that need neither a room nor a key."""

import re
from typing import Any

from naive import naive_extensions as ext
from naive import naive_identity as identity
from naive import naive_wire as wire
from naive.naive_agree import agree, unhex
from naive.naive_crypto import suite_of
from naive.naive_extended_tree import check_key_package
from naive.naive_extensions import Refused, hold
from naive.naive_protocol_http import USERS, domain_of
from naive.naive_protocol_wire import Unreadable, kind_of_message, read_body, write_body
from naive.naive_tree_options import NO_RATCHET_TREE, PARTIAL_GROUP_INFO, REMOVED

PARTICIPANTS = {*USERS, "provider"}


def body_of(structure: str, octets: bytes) -> Any:
    try:
        return read_body(structure, octets)
    except Unreadable as error:
        raise Refused("malformed", f"{error}") from error


def uri(text: str, kinds: set[str]) -> dict:
    """Read a URI that is to be canonical and of one of these kinds (section 5.2)."""
    found = identity.fields_of_uri(text)
    fits = found["type"] in kinds and found["canonical"] == text
    hold("identifier-uri", f"{text!r} is no {kinds}", holds=fits)
    return found


def provider(text: str) -> str:
    """Give the domain of a canonical URI."""
    return text.removeprefix("mimi://").split("/")[0]


def user_of_client(text: str) -> str | None:
    """Give the user of a client's canonical URI, if it says whose it is."""
    parts = text.removeprefix("mimi://").split("/")
    return f"mimi://{parts[0]}/u/{parts[2]}" if len(parts) == 4 else None


def owner_of(credential: dict) -> str | None:
    """Give whose a basic credential is; None where it does not say."""
    if credential["credential_type"] != 1:
        return None
    text = credential["identity"].decode("ascii", "replace")
    found = identity.fields_of_uri(text)
    if found["type"] == "client":
        return user_of_client(found["canonical"])
    return found["canonical"] if found["type"] in PARTICIPANTS else None


def check_text(digits: str | bytes, rule: str) -> str:
    try:
        return (unhex(digits) if isinstance(digits, str) else digits).decode()
    except UnicodeDecodeError as error:
        raise Refused(rule, f"{error}") from error


# Messages in bodies

HANDSHAKES = {wire.PUBLIC_MESSAGE, ext.SEMI_PRIVATE_MESSAGE}


def message_of(digits: str) -> dict:
    return wire.decode(ext.MLS_MESSAGE, unhex(digits))


def framing_of(message: dict) -> dict:
    body = message["body"]
    return body["content"] if message["wire_format"] == wire.PUBLIC_MESSAGE else body


def place_of(message: dict) -> tuple[bytes, int]:
    framing = framing_of(message)
    return framing["group_id"], framing["epoch"]


def is_handshake(message: dict, *kinds: str) -> bool:
    return message["wire_format"] in HANDSHAKES and kind_of_message(message) in kinds


def check_more(proposals: list[str], place: tuple[bytes, int]) -> None:
    for digits in proposals:
        message = message_of(digits)
        hold("handshake", "it is no proposal", holds=is_handshake(message, "proposal"))
        hold("more-proposals", "another group or epoch", holds=place_of(message) == place)


# Section 5.2


def other_protocol(body: bytes, given: dict) -> str:
    """Answer a request for key material of another protocol."""
    hold("malformed", "there is no protocol", holds=bool(body))
    code = {"protocol": body[0], "user_status": "incompatibleProtocol"}
    return write_body(
        "KeyMaterialResponse", {**code, "user_uri": given["target"], "clients": []}
    ).hex()


# Section 5.3


def check_no_tree(extensions: list[dict]) -> None:
    types = [each["extension_type"] for each in extensions]
    hold("embedded-tree", "there is a tree", holds=ext.RATCHET_TREE not in types)


def update_request(body: bytes, _: dict) -> None:
    bundle = body_of("UpdateRequest", body)["bundle"]
    message, attached = message_of(bundle["proposal_or_commit"]), bundle["attached"]
    known = is_handshake(message, "proposal", "commit")
    hold("handshake", "the hub cannot read it", holds=known)
    group_id, epoch = place_of(message)
    if kind_of_message(message) == "proposal":
        check_more(attached["more_proposals"], (group_id, epoch))
        return
    option = attached["group_info_option"]
    if option["representation"] == "partial":
        partial = wire.decode(PARTIAL_GROUP_INFO, unhex(option["partial_group_info"]))
        check_no_tree(partial["group_info_extensions"])
        without = partial["ratchet_tree_presence"] in {NO_RATCHET_TREE, REMOVED}
        hold("embedded-tree", "there would be a tree", holds=without)
        return
    info = wire.decode(wire.GROUP_INFO_STRUCT, unhex(option["group_info"]))
    check_no_tree(info["extensions"])
    context = info["group_context"]
    next_place = context["group_id"], context["epoch"]
    hold("next-group-info", f"{next_place}", holds=next_place == (group_id, epoch + 1))


def update_response(body: bytes, _: dict) -> str:
    body_of("UpdateRoomResponse", body)
    reader = wire.Reader(body[1:])
    return check_text(wire.OPAQUE.read(reader), "text")


# Section 5.4


def check_application(digits: str) -> None:
    message = message_of(digits)
    private = message["wire_format"] == wire.PRIVATE_MESSAGE
    fits = private and kind_of_message(message) == "application"
    hold("not-application", "it is something else", holds=fits)


def submit_request(body: bytes, given: dict) -> str:
    hold("incompatible-protocol", f"{body[0]}", holds=body[0] == 1)
    request = body_of("SubmitMessageRequest", body)
    check_application(request["app_message"])
    sender = request["sending_uri"]
    uri(sender, PARTICIPANTS)
    hold("foreign-sender", sender, holds=provider(sender) in given["sender"])
    return sender


# Section 5.5


def notify(body: bytes, _: dict) -> list[str]:
    hold("empty-notify", "there is no message", holds=bool(body))
    return [check_event(event) for event in body_of("NotifyRequest", body)]


def check_event(event: dict) -> str:
    message = message_of(event["message"])
    kind = kind_of_message(message)
    if kind == "application":
        check_application(event["message"])
        return kind
    known = kind == "welcome" or is_handshake(message, "proposal", "commit")
    hold("fanned-out", f"a {kind}", holds=known)
    if kind == "proposal":
        check_more(event["attached"]["more_proposals"], place_of(message))
    elif kind == "commit":
        hold("last-epoch", "no epoch follows", holds=place_of(message)[1] < 2**64 - 1)
        check_stapled(message, event["attached"]["external_proposals"])
    return kind


def sender_type_of(message: dict) -> int | None:
    """Give the type of a sender, if it can be seen."""
    public = message["wire_format"] == wire.PUBLIC_MESSAGE
    return message["body"]["content"]["sender"]["sender_type"] if public else None


def check_stapled(commit: dict, proposals: list[str]) -> None:
    if not proposals:
        return
    external = sender_type_of(commit) == wire.NEW_MEMBER_COMMIT
    hold("stapled-proposals", "the commit is a member's", holds=external)
    group_id, epoch = place_of(commit)
    check_more(proposals, (group_id, epoch + 1))
    hubs = all(sender_type_of(message_of(each)) == wire.EXTERNAL for each in proposals)
    hold("stapled-proposals", "one is not the hub's", holds=hubs)


# Section 5.7

OPERATIONS = {"requestConsent": {"request", "cancel"}, "updateConsent": {"grant", "revoke"}}


def consent(body: bytes, given: dict) -> int:
    entry = body_of("ConsentEntry", body)
    allowed = OPERATIONS[given["endpoint"]]
    operation = entry["consent_operation"]
    hold("consent-operation", operation, holds=operation in allowed)
    requester, target = entry["requester_uri"], entry["target_uri"]
    uri(requester, USERS)
    uri(target, USERS)
    if entry["room_id"] is not None:
        uri(entry["room_id"], {"room"})
    ours, theirs = (
        (target, requester) if given["endpoint"] == "requestConsent" else (requester, target)
    )
    hold("consent-domain", ours, holds=provider(ours) in given["receiver"])
    hold("consent-domain", theirs, holds=provider(theirs) in given["sender"])
    path = given["path"]
    hold("path-mismatch", path, holds=path in {ours, provider(ours)})
    packages = entry["client_key_packages"] or []
    for package in packages:
        check_package(unhex(package), target, given["now"])
    return len(packages)


def check_package(octets: bytes, user: str, now: int) -> dict:
    """Check that a key package is valid and a user's (RFC 9420, section 10.1)."""
    package = wire.decode(ext.KEY_PACKAGE, octets)
    leaf, unsuitable = package["leaf_node"], "unsuitable-key-package"
    try:
        suite = suite_of(package["cipher_suite"])
        check_key_package(suite, package)
    except ValueError as error:
        raise Refused(unsuitable, f"{error}") from error
    times = leaf["lifetime"]
    hold(unsuitable, "not now", holds=times["not_before"] <= now <= times["not_after"])
    other = package["init_key"] != leaf["encryption_key"]
    hold(unsuitable, "one key for two things", holds=other)
    hold("key-package-user", f"not {user}", holds=owner_of(leaf["credential"]) == user)
    return package


# Section 5.8


def identifier_request(body: bytes, _: dict) -> None:
    elements = body_of("IdentifierRequest", body)["query_elements"]
    hold("empty-query", "no element", holds=bool(elements))
    for element in elements:
        for text in (element["name"], element["search_value"]):
            if text is not None:
                hold("empty-query", "nothing is searched", holds=bool(text))
                check_text(text, "query-text")


def identifier_response(body: bytes, given: dict) -> None:
    response = body_of("IdentifierResponse", body)
    profiles = response["found_profiles"]
    found = [*response["uri"], *(profile["stable_uri"] for profile in profiles)]
    fits = bool(found) == (response["response_code"] == "success")
    hold("query-result", f"{len(found)} results", holds=fits)
    for each in found:
        uri(each, USERS)
        hold("found-user", each, holds=provider(each) in given["asked"])
    fields = [field for profile in profiles for field in profile["fields"]]
    for field in fields:
        readable = "\\x" not in field["field_name"]  # as octets are shown that are not UTF-8
        hold("text", "the name of a field", holds=readable)


# Sections 5.9 and 5.10


def report(body: bytes, _: dict) -> str:
    found = body_of("AbuseReport", body)
    if found["reporting_user"]:
        uri(found["reporting_user"], USERS)
    uri(found["alleged_abuser_uri"], USERS)
    return check_text(found["note"], "text")


URL = re.compile(
    r"https://([A-Za-z0-9.\-]+)(?::([0-9]*))?"
    r"(?:[/?](?:[A-Za-z0-9\-._~:/?@\[\]!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)?",
    re.IGNORECASE | re.ASCII,
)


def download(_: bytes, given: dict) -> str:
    found = URL.fullmatch(given["url"])
    hold("download-url", given["url"], holds=found is not None)
    assert found is not None
    try:
        host = domain_of(found[1].lower().removesuffix("."))
    except ValueError as error:
        raise Refused("download-url", f"{error}") from error
    port = int(found[2] or 443)
    hold("download-port", f"{port}", holds=port in given["ports"])
    hold("asset-domain", host, holds=host in given["domains"])
    return host


# Section 6.1

RANDOM_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def pseudonym(body: bytes, given: dict) -> str:
    credential = body_of("PseudonymousCredential", body)
    client, user = credential["client_pseudonym"], credential["user_pseudonym"]
    for text, letter in ((client, "d"), (user, "p")):
        found = identity.fields_of_uri(text)
        fits = re.fullmatch(rf"mimi://[^/]+/{letter}/{RANDOM_UUID}", text)
        hold("pseudonym-form", text, holds=fits is not None and found["canonical"] == text)
    hold("pseudonym-form", "two providers", holds=provider(client) == provider(user))
    same = credential["signature_public_key"] == given["signature_key"]
    hold("pseudonym-key", "another key", holds=same)
    return user


CHECKS = {
    "other-protocol": other_protocol,
    "update-request": update_request,
    "update-response": update_response,
    "submit-request": submit_request,
    "notify": notify,
    "consent": consent,
    "identifier-request": identifier_request,
    "identifier-response": identifier_response,
    "report": report,
    "download": download,
    "pseudonym": pseudonym,
}


def check_rules(case: dict) -> None:
    try:
        result, rule = CHECKS[case["check"]](unhex(case["body"]), case["given"]), None
    except Refused as refused:
        result, rule = None, refused.rule
    agree("rule", rule, case["rule"])
    agree("result", result, case["result"])
