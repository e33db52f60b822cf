"""Components of rooms, read and written by hand from draft-ietf-mimi-room-policy-03.

A component is read into the JSON form of vectors/policy: objects with the fields of the draft's
structures. Whatever is refused raises ``Refused`` with the short name of the rule.
"""

import re
from collections.abc import Callable
from typing import Any

from naive.naive_identity import fields_of_uri

NAMES = {}
for _first, _names in {
    0x0000: "AddParticipant RemoveParticipant AddOwnClient RemoveOwnClient OpenJoin"
    " JoinIfPreauthorized RemoveSelf CreateJoinCode DeleteJoinCode UseJoinCode Ban UnBan Kick Knock"
    " AcceptKnock ChangeUserRole ChangeOwnRole CreateSubgroup",
    0x0100: "SendMessage ReceiveMessage CopyMessage ReportAbuse ReplyToMessage ReactToMessage"
    " EditReaction DeleteOwnReaction DeleteOtherReaction EditOwnMessage DeleteOwnMessage"
    " DeleteOtherMessage StartTopic ReplyInTopic EditOwnTopic EditOtherTopic SendDirectMessage"
    " TargetMessage",
    0x0200: "UploadImage UploadAudio UploadVideo UploadAttachment DownloadImage DownloadAudio"
    " DownloadVideo DownloadAttachment SendLink SendLinkPreview FollowLink CopyLink",
    0x0300: "ChangeRoomName ChangeRoomDescription ChangeRoomAvatar ChangeRoomSubject"
    " ChangeRoomMood",
    0x0380: "ChangeOwnName ChangeOwnPresence ChangeOwnMood ChangeOwnAvatar",
    0x0400: "StartCall JoinCall SendAudio ReceiveAudio SendVideo ReceiveVideo ShareScreen"
    " ViewSharedScreen",
    0x0500: "CreateRoom DestroyRoom ChangeRoomMembershipStyle ChangeRoleDefinitions"
    " ChangePreauthorizedUserList ChangeOtherPolicyAttribute",
    0x0600: "ChangeMlsOperationalPolicies SendMLSReinitProposal SendMLSUpdateProposal"
    " SendMLSPSKProposal SendMLSExternalProposal SendMLSExternalCommit",
}.items():
    NAMES |= {_first + _at: f"can{_name}" for _at, _name in enumerate(_names.split())}

LARGEST_NUMBER = (1 << 53) - 1


class Refused(Exception):  # noqa: N818 - what happened, not what went wrong
    """A rule is broken."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def must(rule: str, *, holds: bool) -> None:
    if not holds:
        raise Refused(rule)


# Reading: a kind is a word, or a tuple that begins with one


class Reader:
    """Octets, and how far they are read."""

    def __init__(self, octets: bytes) -> None:
        self.octets, self.at = octets, 0

    def take(self, count: int) -> bytes:
        must("malformed", holds=self.at + count <= len(self.octets))
        self.at += count
        return self.octets[self.at - count : self.at]

    def number(self, octets: int) -> int:
        return int.from_bytes(self.take(octets), "big")

    def vector(self) -> bytes:
        first = self.number(1)
        size = first >> 6
        must("malformed", holds=size < 3)
        length = (first & 63) << 8 * ((1 << size) - 1) | self.number((1 << size) - 1)
        must("malformed", holds=size == 0 or length >= (64, 16384)[size - 1])
        return self.take(length)

    def done(self) -> bool:
        return self.at == len(self.octets)


def number_form(value: int) -> Any:
    return value if value <= LARGEST_NUMBER else str(value)


def read(kind: Any, reader: Reader) -> Any:
    if isinstance(kind, dict):
        return {name: read(inner, reader) for name, inner in kind.items()}
    if isinstance(kind, int):
        return number_form(reader.number(kind))
    if kind == "text":
        return readable(reader.vector())
    if kind == "octets":
        return reader.vector().hex()
    if kind == "bool":
        value = reader.number(1)
        must("malformed", holds=value < 2)
        return value == 1
    if kind == "capability":
        value = reader.number(2)
        return NAMES.get(value, f"0x{value:04X}")
    return read_compound(kind, reader)


def read_compound(kind: Any, reader: Reader) -> Any:
    name, *inner = kind
    if name == "list":
        elements, listed = Reader(reader.vector()), []
        while not elements.done():
            listed.append(read(inner[0], elements))
        return listed
    if name == "optional":
        return read(inner[0], reader) if read("bool", reader) else None
    if name == "enum":
        value = reader.number(1)
        must("malformed", holds=value in inner[0])
        return inner[0][value]
    assert name == "select", kind  # the rest of a structure, by a field in it
    field, discriminant, rest, structures = inner
    value = read(discriminant, reader)
    chosen = structures.get(value)
    return {field: value, rest: None if chosen is None else read(chosen, reader)}


def readable(octets: bytes) -> Any:
    """Text, or the octets where they are none: the rules on them decide."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets


def decode(kind: Any, octets: bytes) -> Any:
    reader = Reader(octets)
    value = read(kind, reader)
    must("malformed", holds=reader.done())
    return flat(value)


def flat(value: Any) -> Any:
    """Selects that are read as fields ``*`` stand among the fields around them."""
    if isinstance(value, list):
        return [flat(each) for each in value]
    if not isinstance(value, dict):
        return value
    fields: dict[str, Any] = {}
    for name, inner in value.items():
        fields |= flat(inner) if name == "*" else {name: flat(inner)}
    return fields


# Writing


def length(size: int) -> bytes:
    if size < 64:
        return bytes((size,))
    return (
        (size | 1 << 14).to_bytes(2, "big") if size < 16384 else (size | 1 << 31).to_bytes(4, "big")
    )


def write(kind: Any, value: Any) -> bytes:
    if isinstance(kind, dict):
        return b"".join(
            write(inner, value if name == "*" else value[name]) for name, inner in kind.items()
        )
    if isinstance(kind, int):
        return int(value).to_bytes(kind, "big")
    if kind in ("text", "octets"):
        octets = value.encode() if kind == "text" else bytes.fromhex(value)
        return length(len(octets)) + octets
    if kind == "bool":
        return bytes((value,))
    if kind == "capability":
        numbers = {name: number for number, name in NAMES.items()}
        return (numbers[value] if value in numbers else int(value, 16)).to_bytes(2, "big")
    name, *inner = kind
    if name == "list":
        elements = b"".join(write(inner[0], each) for each in value)
        return length(len(elements)) + elements
    if name == "optional":
        return b"\0" if value is None else b"\1" + write(inner[0], value)
    if name == "enum":
        return bytes(at for at, word in inner[0].items() if word == value)
    field, discriminant, rest, structures = inner
    chosen = structures.get(value[field])
    return write(discriminant, value[field]) + (
        b"" if chosen is None else write(chosen, value[rest])
    )


# The structures of the draft

OPTIONALITY = ("enum", {0: "optional", 1: "required", 2: "forbidden"})
USER_ROLE = {"user": "text", "role_index": 4}
ROLE = {
    "role_index": 4,
    "role_name": "text",
    "role_description": "text",
    "role_capabilities": ("list", "capability"),
    "minimum_participants_constraint": 4,
    "maximum_participants_constraint": ("optional", 4),
    "minimum_active_participants_constraint": 4,
    "maximum_active_participants_constraint": ("optional", 4),
    "authorized_role_changes": (
        "list",
        {"from_role_index": 4, "target_role_indexes": ("list", 4)},
    ),
}
CLAIM = {"claim_id": {"credential_type": 2, "id": "octets"}, "claim_value": "octets"}
MEDIA_TYPE = {
    "type": "text",
    "parameters": ("list", {"parameter_name": "text", "parameter_value": "text"}),
}
DOWNLOAD = ("enum", {0: "direct", 1: "hubProxy", 2: "ohttp"})
CAPABILITIES = {
    "versions": ("list", 2),
    "cipher_suites": ("list", 2),
    "extensions": ("list", 2),
    "proposals": ("list", 2),
    "credentials": ("list", 2),
    "wire_formats": ("list", 2),
    "component_ids": ("list", 2),
    "safe_aad_types": ("list", 2),
    "media_types": ("list", MEDIA_TYPE),
    "content_types": ("list", ("enum", {1: "application", 2: "proposal", 3: "commit"})),
}
TIMES = {"minimum_time": 8, "default_time": 8, "maximum_time": 8}


def given(field: str, rest: str, structure: Any) -> dict[str, Any]:
    """What there is but where something is forbidden."""
    structures = {"required": structure, "optional": structure}
    return {"*": ("select", field, OPTIONALITY, rest, structures)}


COMPONENTS: dict[int, Any] = {
    0x22: {"participants": ("list", USER_ROLE)},
    0x23: {
        "room_uri": "text",
        "room_name": "text",
        "room_descriptions": (
            "list",
            {"media_type": "text", "language_tag": "text", "description_content": "octets"},
        ),
        "room_avatar": "text",
        "room_subject": "text",
        "room_mood": "text",
    },
    0x24: {
        "mandatory_capabilities": CAPABILITIES,
        "default_capabilities": CAPABILITIES,
        "forbidden_capabilities": CAPABILITIES,
        "handshake_formats": ("list", 2),
        "external_proposal_allowed": "bool",
        "external_commit_allowed": "bool",
        "pending_proposal_policy": {
            "*": (
                "select",
                "pending_proposal_strategy",
                (
                    "enum",
                    {0: "unspecified", 1: "immediate_commit", 2: "random_delay", 255: "extension"},
                ),
                "parameters",
                {
                    "random_delay": {"minimum_delay_ms": 8, "maximum_delay_ms": 8},
                    "extension": {"id_of_strategy_params": 2},
                },
            )
        },
        "leaf_node_update_time": TIMES,
        "app_message_policy": {
            "epoch_tolerance": 1,
            "pad_to_size": 2,
            "max_generations_skipahead": 4,
        },
        "max_kp_lifetime": 8,
        "max_credential_lifetime": 8,
        "resumption_psk_lifetime": 8,
        "sender_nonce_keypair_lifetime": TIMES,
        "max_keypairs": 4,
        "buffer_incoming_message_time": TIMES,
        "max_buffered_messages": 4,
    },
    0x25: {"roles": ("list", ROLE)},
    0x26: {"preauthorized_entries": ("list", {"claimset": ("list", CLAIM), "target_role": 4})},
    0x27: {
        "fixed_membership": "bool",
        "parent_dependant": "bool",
        "parent_room": ("list", "text"),
        "multi_device": "bool",
        "max_clients": ("optional", 4),
        "max_users": ("optional", 4),
        "pseudonyms_allowed": "bool",
        "persistent_room": "bool",
        "discoverable": "bool",
        "policy_component_ids": ("list", 2),
    },
    0x28: {"delivery_notifications": OPTIONALITY, "read_receipts": OPTIONALITY},
    0x29: {"on_request": "bool", "join_link": "text", "multiuser": "bool", "expiration": 4},
    0x2A: {"join_links": ("list", {"join_link": "octets"})},
    0x2B: {
        "autodetect_hyperlinks_in_text": OPTIONALITY,
        "send_link_previews": OPTIONALITY,
        "automatic_link_previews": OPTIONALITY,
    }
    | given("link_preview_proxy_use", "link_preview_proxy", ("list", "text")),
    0x2C: {
        "asset_upload_location": ("enum", {0: "unspecified", 1: "localProvider", 2: "hub"}),
        "upload_domains": (
            "list",
            {"provider": "text", "asset_upload_destinations": ("list", "text")},
        ),
        "download_privacy": {
            "allowed_download_types": ("list", DOWNLOAD),
            "forbidden_download_types": ("list", DOWNLOAD),
            "default_download_type": DOWNLOAD,
        },
        "max_image": 8,
        "max_audio": 8,
        "max_video": 8,
        "max_attachment": 8,
        "forbidden_media_types": ("list", MEDIA_TYPE),
        "permitted_media_types": ("optional", ("list", MEDIA_TYPE)),
    },
    0x2D: given(
        "logging",
        "details",
        {
            "logging_clients": ("list", "text"),
            "machine_readable_policy": "text",
            "human_readable_policy": "text",
        },
    ),
    0x2E: given(
        "history_sharing",
        "details",
        {"roles_that_can_share": ("list", 4), "automatically_share": "bool", "max_time_period": 4},
    ),
    0x2F: {
        "allowed_bots": (
            "list",
            {
                "name": "text",
                "description": "text",
                "homepage": "text",
                "local_client_bot": "bool",
                "bot_role_index": 4,
                "can_target_message_in_group": "bool",
                "per_user_content": "bool",
            },
        )
    },
    0x30: given(
        "expiring_messages",
        "durations",
        {
            "min_expiration_duration": 4,
            "max_expiration_duration": 4,
            "default_expiration_duration": ("optional", 4),
        },
    ),
}
PARTICIPANT_UPDATE = {
    "changed_role_participants": ("list", {"user_index": 4, "role_index": 4}),
    "removed_indices": ("list", 4),
    "added_participants": ("list", USER_ROLE),
}
LINKS_UPDATE = {
    "removed_indices": ("list", 4),
    "added_links": ("list", {"join_link": "octets"}),
}

Check = Callable[[Any], None]


def is_canonical(text: Any, *types: str) -> bool:
    """Whether a text is the canonical ``mimi:`` URI of some kinds."""
    if not isinstance(text, str):
        return False
    fields = fields_of_uri(text)
    return fields["canonical"] == text and fields["type"] in types


def is_uri(text: Any) -> bool:
    return (
        isinstance(text, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]*", text) is not None
    )


def check_text(value: Any) -> None:
    must("text", holds=isinstance(value, str) and "\0" not in value)


# Lists and their updates


def participants_of(octets: bytes) -> list[list[Any]]:
    listed = [list(pair.values()) for pair in decode(COMPONENTS[0x22], octets)["participants"]]
    for user, role in listed:
        check_participant(user, role)
    users = [user for user, _ in listed]
    must("repeated-participant", holds=len(set(users)) == len(users))
    return listed


def check_participant(user: Any, role: int) -> None:
    must("participant-uri", holds=is_canonical(user, "user", "pseudonym", "provider"))
    must("role-zero", holds=role != 0)


def updated_participants(octets: bytes, updates: list[bytes]) -> list[list[Any]]:
    """The list after the updates of one commit."""
    read_updates = [decode(PARTICIPANT_UPDATE, update) for update in updates]
    listed = participants_of(octets)
    touched: list[Any] = []
    changed, removed, added = {}, [], []
    for update in read_updates:
        for change in update["changed_role_participants"]:
            touched.append(name_at(listed, change["user_index"]))
            must("role-zero", holds=change["role_index"] != 0)
            changed[change["user_index"]] = change["role_index"]
        for index in update["removed_indices"]:
            touched.append(name_at(listed, index))
            removed.append(index)
        for pair in update["added_participants"]:
            check_participant(*pair.values())
            touched.append(pair["user"])
            added.append(list(pair.values()))
    must("two-operations", holds=len(set(touched)) == len(touched))
    must("repeated-participant", holds=not {u for u, _ in added} & {u for u, _ in listed})
    after = [[user, changed.get(at, role)] for at, (user, role) in enumerate(listed)]
    return [pair for at, pair in enumerate(after) if at not in removed] + added


def name_at(listed: list[list[Any]], index: int) -> Any:
    must("participant-index", holds=index < len(listed))
    return listed[index][0]


def updated_links(octets: bytes, updates: list[bytes]) -> list[str]:
    """The joining links after the updates of one commit, in hexadecimal."""
    read_updates = [decode(LINKS_UPDATE, update) for update in updates]
    links = [link["join_link"] for link in decode(COMPONENTS[0x2A], octets)["join_links"]]
    removed = [index for update in read_updates for index in update["removed_indices"]]
    must("link-index", holds=all(index < len(links) for index in removed))
    must("link-index", holds=len(set(removed)) == len(removed))
    kept = [link for at, link in enumerate(links) if at not in removed]
    return kept + [link["join_link"] for update in read_updates for link in update["added_links"]]
