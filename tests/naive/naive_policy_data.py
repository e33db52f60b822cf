"""What the components of rooms must keep to, each by itself, one rule after the other."""

import re
from typing import Any

from naive.naive_identity import fields_of_uri
from naive.naive_policy_wire import (
    COMPONENTS,
    check_text,
    decode,
    is_canonical,
    is_uri,
    must,
    participants_of,
)

WORD = r"[A-Za-z0-9!#$&^_.+-]+"


def component(number: int, octets: bytes) -> Any:
    """What a component says; raises ``Refused`` for data that are not valid."""
    if number == 0x22:
        participants_of(octets)
    value = decode(COMPONENTS[number], octets)
    if number in CHECKS:
        CHECKS[number](value)
    return value


def metadata(value: dict) -> None:
    must("room-uri", holds=is_canonical(value["room_uri"], "room"))
    for field in ("room_name", "room_subject", "room_mood"):
        check_text(value[field])
    for description in value["room_descriptions"]:
        kind, tag = description["media_type"], description["language_tag"]
        must("description-type", holds=kind == "" or re.match(f"{WORD}/{WORD}", kind) is not None)
        must(
            "language-tag",
            holds=re.fullmatch("([A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*)?", tag) is not None,
        )
        if kind == "" or kind.startswith("text/"):
            check_text(text_of(description["description_content"]))
    avatar = value["room_avatar"]
    must("avatar-uri", holds=avatar == "" or (is_uri(avatar) and avatar.startswith("https://")))


def text_of(octets: str) -> Any:
    try:
        return bytes.fromhex(octets).decode()
    except UnicodeDecodeError:
        return None


def operational(value: dict) -> None:
    mandatory, forbidden = value["mandatory_capabilities"], value["forbidden_capabilities"]
    for field, listed in mandatory.items():
        both = [each for each in listed if each in forbidden[field]]
        must("capability-conflict", holds=both == [])
    for field in (
        "leaf_node_update_time",
        "sender_nonce_keypair_lifetime",
        "buffer_incoming_message_time",
    ):
        least, usual, most = map(int, value[field].values())
        must("operational-time", holds=least <= usual <= most)
    policy = value["pending_proposal_policy"]
    if policy["pending_proposal_strategy"] == "random_delay":
        least, most = map(int, policy["parameters"].values())
        must("operational-time", holds=least <= most)


def roles(value: dict) -> None:
    for role in value["roles"]:
        check_text(role["role_name"])
        check_text(role["role_description"])
        opens = "canOpenJoin" in role["role_capabilities"]
        must("open-join-role", holds=role["role_index"] == 0 or not opens)
    indexes = [role["role_index"] for role in value["roles"]]
    must("repeated-role", holds=len(set(indexes)) == len(indexes))


def base(value: dict) -> None:
    wanted = 1 if value["parent_dependant"] else 0
    must("parent-room", holds=len(value["parent_room"]) == wanted)
    for parent in value["parent_room"]:
        must("room-uri", holds=is_canonical(parent, "room"))


def join_link(value: dict) -> None:
    must("uri", holds=value["join_link"] == "" or is_uri(value["join_link"]))


def link_preview(value: dict) -> None:
    must("autodetect", holds=value["autodetect_hyperlinks_in_text"] != "required")
    proxies = value["link_preview_proxy"]
    must("link-preview-proxy", holds=proxies != [])
    must("uri", holds=all(map(is_uri, proxies or [])))


def assets(value: dict) -> None:
    providers = value["upload_domains"]
    for entry in providers:
        for domain in (entry["provider"], *entry["asset_upload_destinations"]):
            must(
                "domain-name",
                holds=fields_of_uri(f"mimi://{domain}")["canonical"] == f"mimi://{domain}",
            )
    is_hub = value["asset_upload_location"] == "hub"
    must("upload-domain", holds=not is_hub or len(providers) == 1)
    downloads = value["download_privacy"]
    allowed = downloads["allowed_download_types"]
    must("download-type", holds=not set(allowed) & set(downloads["forbidden_download_types"]))
    must("default-download", holds=downloads["default_download_type"] in allowed)
    for kind in value["forbidden_media_types"] + (value["permitted_media_types"] or []):
        must("media-type", holds=re.fullmatch(f"{WORD}/{WORD}", kind["type"]) is not None)


def logging(value: dict) -> None:
    details = value["details"]
    if details is None:
        return
    clients = details["logging_clients"]
    must("no-logging-client", holds=value["logging"] != "required" or clients != [])
    for client in clients:
        must("logging-client", holds=is_canonical(client, "client", "user"))
    for field in ("machine_readable_policy", "human_readable_policy"):
        must("uri", holds=details[field] == "" or is_uri(details[field]))


def history(value: dict) -> None:
    shared = value["details"]["roles_that_can_share"] if value["details"] else []
    must("history-role", holds=not set(shared) & {0, 1})


def bots(value: dict) -> None:
    for bot in value["allowed_bots"]:
        check_text(bot["name"])
        check_text(bot["description"])
        must("uri", holds=bot["homepage"] == "" or is_uri(bot["homepage"]))
        must("bot-role", holds=not bot["local_client_bot"] or bot["bot_role_index"] == 0)


def expiration(value: dict) -> None:
    durations = value["durations"]
    if durations is not None:
        least, most, usual = durations.values()
        must("expiration-duration", holds=least <= (least if usual is None else usual) <= most)


CHECKS = {
    0x23: metadata,
    0x24: operational,
    0x25: roles,
    0x27: base,
    0x29: join_link,
    0x2B: link_preview,
    0x2C: assets,
    0x2D: logging,
    0x2E: history,
    0x2F: bots,
    0x30: expiration,
}
