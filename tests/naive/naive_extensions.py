"""The structures of draft-ietf-mls-extensions-10 and of RFC 9420 around them.

They are written as in ``naive_wire``; a name that is there too is here the extended structure.
Wire format 0xF501, extension types 0xF501 and 0xF502 and credential type 0xF503 stand where drafts
say "TBD", or suggest a value that another draft has.
"""

from typing import Any

from naive import naive_wire as wire
from naive.naive_wire import (
    OPAQUE,
    U8,
    U16,
    U32,
    U64,
    Codec,
    Reader,
    choice,
    encode,
    one_of,
    optional,
    struct,
    vector,
    write_opaque,
)

# Code points (mls-extensions, section "IANA Considerations")

RATCHET_TREE = 2
REQUIRED_CAPABILITIES = 3
EXTERNAL_PUB = 4
EXTERNAL_SENDERS = 5
APP_DATA_DICTIONARY = 6
SUPPORTED_WIRE_FORMATS = 7
REQUIRED_WIRE_FORMATS = 8
EXTERNAL_RECEIVERS = 0xF501
RATCHET_TREE_SOURCE_DOMAINS = 0xF502

APP_DATA_UPDATE = 8
APP_EPHEMERAL = 9
SELF_REMOVE = 10

BASIC = 1
X509 = 2
MULTI = 3
WEAK_MULTI = 4
PSEUDONYMOUS = 0xF503

APP_COMPONENTS = 1
SAFE_AAD = 2
CONTENT_MEDIA_TYPES = 3
LAST_RESORT_KEY_PACKAGE = 4
APP_ACK = 5

EXTERNAL_PSK = 1
RESUMPTION_PSK = 2
APPLICATION_PSK = 3

SEMI_PRIVATE_MESSAGE = 0xF501
DEFAULT_WIRE_FORMATS = {1, 2, 3, 4, 5}


class Refused(ValueError):  # noqa: N818 - said of what is refused, by its rule
    """Something that is well formed and breaks a rule, which is named."""

    def __init__(self, rule: str, sentence: str) -> None:
        super().__init__(f"{rule}: {sentence}")
        self.rule = rule


def hold(rule: str, sentence: str, *, holds: bool) -> None:
    if not holds:
        raise Refused(rule, sentence)


def is_grease(value: int) -> bool:
    """Say whether a value is one of 0x0A0A, 0x1A1A, ..., 0xEAEA (RFC 9420, section 13.5)."""
    return value in {0x0A0A + 0x1010 * step for step in range(15)}


def is_grease_component(component_id: int) -> bool:
    """Say the same of a component: the row ends at 0x7A7A (section "MLS Component Types")."""
    return is_grease(component_id) and component_id < 0x8000


# Components (sections "Component IDs" to "Safe Additional Authenticated Data")

COMPONENT_OPERATION_LABEL = struct(("base_label", OPAQUE), ("component_id", U16), ("label", OPAQUE))

COMPONENT_DATA = struct(("component_id", U16), ("data", OPAQUE))
APP_DATA_DICTIONARY_STRUCT = vector(COMPONENT_DATA)

UPDATE_OPERATION = 1
REMOVE_OPERATION = 2
APP_DATA_UPDATE_STRUCT = struct(
    ("component_id", U16),
    ("op", one_of(U8, {UPDATE_OPERATION, REMOVE_OPERATION})),
    ("update", choice("op", {UPDATE_OPERATION: OPAQUE})),
)
APP_EPHEMERAL_STRUCT = struct(("component_id", U16), ("data", OPAQUE))
SELF_REMOVE_STRUCT = struct()

SAFE_AAD_ITEM = struct(("component_id", U16), ("aad_item_data", OPAQUE))
SAFE_AAD_STRUCT = vector(SAFE_AAD_ITEM)

COMPONENTS_LIST = vector(U16)
WIRE_FORMATS = vector(U16)
REQUIRED_CAPABILITIES_STRUCT = struct(
    ("extension_types", vector(U16)),
    ("proposal_types", vector(U16)),
    ("credential_types", vector(U16)),
)

MESSAGE_RANGE = struct(("sender", U32), ("first_generation", U32), ("last_generation", U32))
APP_ACK_STRUCT = vector(MESSAGE_RANGE)

PARAMETER = struct(("parameter_name", OPAQUE), ("parameter_value", OPAQUE))
MEDIA_TYPE = struct(("type", OPAQUE), ("parameters", vector(PARAMETER)))
APPLICATION_FRAMING = struct(("media_type", MEDIA_TYPE), ("inner_application_content", OPAQUE))


def not_empty(inner: Codec, what: str) -> Codec:
    """Make of a list one that is to have at least one item."""

    def some(items: list) -> list:
        if not items:
            raise ValueError(f"there are no {what}")
        return items

    return Codec(lambda r: some(inner.read(r)), lambda v: inner.write(some(v)))


MEDIA_TYPE_LIST = not_empty(vector(MEDIA_TYPE), "media types")


# Credentials and leaves: of a type that is not known nobody can say where the credential ends,
# but in a binding, where all have one opaque field

PLAIN_CREDENTIAL = struct(("credential_type", U16), ("data", OPAQUE))

CREDENTIAL_BINDING_UNSIGNED = (
    ("cipher_suite", U16),
    ("credential", PLAIN_CREDENTIAL),
    ("credential_key", OPAQUE),
)
CREDENTIAL_BINDING = struct(*CREDENTIAL_BINDING_UNSIGNED, ("signature", OPAQUE))
CREDENTIAL_BINDING_TBS = struct(*CREDENTIAL_BINDING_UNSIGNED, ("signature_key", OPAQUE))
BINDINGS = vector(CREDENTIAL_BINDING)


def multi_credential(credential: dict) -> Codec | None:
    return BINDINGS if credential["credential_type"] in {MULTI, WEAK_MULTI} else None


# draft-ietf-mimi-protocol-06, section 6.1, which leaves the type open
PSEUDONYMOUS_CREDENTIAL = struct(
    ("client_pseudonym", OPAQUE),
    ("user_pseudonym", OPAQUE),
    ("signature_public_key", OPAQUE),
    ("identity_link_ciphertext", OPAQUE),
)

CREDENTIAL = struct(
    ("credential_type", one_of(U16, {BASIC, X509, MULTI, WEAK_MULTI, PSEUDONYMOUS})),
    ("identity", choice("credential_type", {BASIC: OPAQUE})),
    ("certificates", choice("credential_type", {X509: vector(OPAQUE)})),
    ("bindings", multi_credential),
    ("pseudonyms", choice("credential_type", {PSEUDONYMOUS: PSEUDONYMOUS_CREDENTIAL})),
)

LEAF_NODE_UNSIGNED = tuple(
    (name, CREDENTIAL if name == "credential" else codec) for name, codec in wire.LEAF_NODE_UNSIGNED
)
LEAF_NODE_TBS = struct(*LEAF_NODE_UNSIGNED)
LEAF_NODE = struct(*LEAF_NODE_UNSIGNED, ("signature", OPAQUE))

NODE = struct(
    ("node_type", one_of(U8, {wire.LEAF, wire.PARENT})),
    ("leaf_node", choice("node_type", {wire.LEAF: LEAF_NODE})),
    ("parent_node", choice("node_type", {wire.PARENT: wire.PARENT_NODE})),
)
RATCHET_TREE_STRUCT = vector(optional(NODE))

KEY_PACKAGE_UNSIGNED = tuple(
    (name, LEAF_NODE if name == "leaf_node" else codec) for name, codec in wire.KEY_PACKAGE_UNSIGNED
)
KEY_PACKAGE_TBS = struct(*KEY_PACKAGE_UNSIGNED)
KEY_PACKAGE = struct(*KEY_PACKAGE_UNSIGNED, ("signature", OPAQUE))

EXTERNAL_SENDERS_STRUCT = vector(struct(("signature_key", OPAQUE), ("credential", CREDENTIAL)))


# Proposals and commits


def psk_id_of(psk: dict) -> Codec | None:
    return OPAQUE if psk["psktype"] in {EXTERNAL_PSK, APPLICATION_PSK} else None


PRE_SHARED_KEY_ID = struct(
    ("psktype", one_of(U8, {EXTERNAL_PSK, RESUMPTION_PSK, APPLICATION_PSK})),
    ("component_id", choice("psktype", {APPLICATION_PSK: U16})),
    ("psk_id", psk_id_of),
    ("usage", choice("psktype", {RESUMPTION_PSK: one_of(U8, {1, 2, 3})})),
    ("psk_group_id", choice("psktype", {RESUMPTION_PSK: OPAQUE})),
    ("psk_epoch", choice("psktype", {RESUMPTION_PSK: U64})),
    ("psk_nonce", OPAQUE),
)

PROPOSALS = {
    **wire.PROPOSALS,
    wire.ADD: struct(("key_package", KEY_PACKAGE)),
    wire.UPDATE: struct(("leaf_node", LEAF_NODE)),
    wire.PSK: struct(("psk", PRE_SHARED_KEY_ID)),
    APP_DATA_UPDATE: APP_DATA_UPDATE_STRUCT,
    APP_EPHEMERAL: APP_EPHEMERAL_STRUCT,
    SELF_REMOVE: SELF_REMOVE_STRUCT,
}
PROPOSAL = struct(
    ("proposal_type", one_of(U16, set(PROPOSALS))),
    ("body", choice("proposal_type", PROPOSALS)),
)

UPDATE_PATH = struct(("leaf_node", LEAF_NODE), ("nodes", vector(wire.UPDATE_PATH_NODE)))
PROPOSAL_OR_REF = struct(
    ("type", one_of(U8, {1, 2})),
    ("proposal", choice("type", {1: PROPOSAL})),
    ("reference", choice("type", {2: OPAQUE})),
)
COMMIT = struct(("proposals", vector(PROPOSAL_OR_REF)), ("path", optional(UPDATE_PATH)))


# Framing

CONTENTS = {wire.APPLICATION: OPAQUE, wire.PROPOSAL: PROPOSAL, wire.COMMIT: COMMIT}
FRAMED_CONTENT = struct(
    ("group_id", OPAQUE),
    ("epoch", U64),
    ("sender", wire.SENDER),
    ("authenticated_data", OPAQUE),
    ("content_type", wire.CONTENT_TYPE),
    ("body", choice("content_type", CONTENTS)),
)


def auth_of(before: dict) -> Codec:
    return wire.auth_data(before["content"]["content_type"])


def membership_tag_of(before: dict) -> Codec | None:
    return OPAQUE if before["content"]["sender"]["sender_type"] == wire.MEMBER else None


AUTHENTICATED_CONTENT = struct(("wire_format", U16), ("content", FRAMED_CONTENT), ("auth", auth_of))
PUBLIC_MESSAGE = struct(
    ("content", FRAMED_CONTENT), ("auth", auth_of), ("membership_tag", membership_tag_of)
)

# draft-mahy-mls-semiprivatemessage-07, section "Encryption of a SemiPrivateMessage"
KEY_FOR_EXTERNAL_RECEIVER = struct(
    ("external_receiver_ref", OPAQUE), ("encrypted_keys_and_nonces", wire.HPKE_CIPHERTEXT)
)
SEMI_PRIVATE_CONTENT_AAD_FIELDS = (
    ("group_id", OPAQUE),
    ("epoch", U64),
    ("content_type", wire.CONTENT_TYPE),
    ("authenticated_data", OPAQUE),
    ("partial_context_hash", OPAQUE),
    ("keys_for_external_receivers", vector(KEY_FOR_EXTERNAL_RECEIVER)),
    ("framed_content_tbs_hash", OPAQUE),
)
SEMI_PRIVATE_CONTENT_AAD = struct(*SEMI_PRIVATE_CONTENT_AAD_FIELDS)
SEMI_PRIVATE_MESSAGE_STRUCT = struct(
    *SEMI_PRIVATE_CONTENT_AAD_FIELDS, ("encrypted_sender_data", OPAQUE), ("ciphertext", OPAQUE)
)

MESSAGES = {
    **wire.MESSAGES,
    wire.PUBLIC_MESSAGE: PUBLIC_MESSAGE,
    wire.KEY_PACKAGE: KEY_PACKAGE,
    SEMI_PRIVATE_MESSAGE: SEMI_PRIVATE_MESSAGE_STRUCT,
}
MLS_MESSAGE = struct(
    ("version", wire.VERSION_MLS10),
    ("wire_format", one_of(U16, set(MESSAGES))),
    ("body", choice("wire_format", MESSAGES)),
)


def framed_content_tbs(wire_format: int, content: dict, group_context: bytes) -> bytes:
    """Give the signed octets of a message (RFC 9420, section 6.1)."""
    octets = U16.write(wire.MLS10) + U16.write(wire_format) + encode(FRAMED_CONTENT, content)
    if content["sender"]["sender_type"] in {wire.MEMBER, wire.NEW_MEMBER_COMMIT}:
        octets += group_context
    return octets


def read_private_content(content_type: int, plaintext: bytes) -> tuple[Any, dict]:
    """Read body and auth data of a PrivateMessageContent; the padding must be zeros."""
    reader = Reader(plaintext)
    body = CONTENTS[content_type].read(reader)
    auth = wire.auth_data(content_type).read(reader)
    if any(reader.rest()):
        raise ValueError("the padding of a message is not all zeros")
    return body, auth


def leaf_node_tbs(leaf: dict, group_id: bytes, leaf_index: int) -> bytes:
    """Give the signed octets of a leaf (RFC 9420, section 7.2)."""
    octets = encode(LEAF_NODE_TBS, leaf)
    if leaf["leaf_node_source"] in {wire.SOURCE_UPDATE, wire.SOURCE_COMMIT}:
        octets += write_opaque(group_id) + U32.write(leaf_index)
    return octets


def find(extensions: list[dict], extension_type: int) -> bytes | None:
    """Find the data of an extension; there is one of a type at most (RFC 9420, section 7.2)."""
    found = [one["extension_data"] for one in extensions if one["extension_type"] == extension_type]
    hold("repeated-extension", f"extension {extension_type} is twice", holds=len(found) < 2)
    return found[0] if found else None
