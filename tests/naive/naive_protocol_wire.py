"""The bodies of draft-ietf-mimi-protocol-06, read and written by hand, in the form of the vectors.

They are written as in ``naive_wire``, but that a value is what stands in the JSON: text, digits of
octets, numbers, the draft's names, and null for a field that there is not.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from naive import naive_extensions as ext
from naive import naive_wire as wire
from naive.naive_tree_options import PARTIAL_GROUP_INFO, RATCHET_TREE_OPTION
from naive.naive_wire import OPAQUE, U8, U16, U64, Codec, Reader, one_of, vector

SAFE_INTEGER = (1 << 53) - 1

Field = tuple[str, Any]

# Values as they stand in the JSON

TEXT = Codec(
    lambda reader: OPAQUE.read(reader).decode("utf-8", "backslashreplace"),
    lambda value: OPAQUE.write(value.encode()),
)
HEX = Codec(
    lambda reader: OPAQUE.read(reader).hex(), lambda value: OPAQUE.write(bytes.fromhex(value))
)


def number(inner: Codec) -> Codec:
    def read(reader: Reader) -> Any:
        value = inner.read(reader)
        return value if value <= SAFE_INTEGER else str(value)

    return Codec(read, lambda value: inner.write(int(value)))


NUMBER8, NUMBER16, NUMBER64 = number(U8), number(U16), number(U64)


def fixed_hex(size: int) -> Codec:
    inner = wire.fixed(size)
    return Codec(
        lambda reader: inner.read(reader).hex(), lambda value: inner.write(bytes.fromhex(value))
    )


def whole(inner: Codec) -> Codec:
    """Make of what MLS defines the hexadecimal of all its octets."""

    def read(reader: Reader) -> str:
        start = reader.position
        value = inner.read(reader)
        octets = reader.octets[start : reader.position]
        if inner.write(value) != octets:
            raise ValueError("it is written otherwise")
        return octets.hex()

    return Codec(read, bytes.fromhex)


def optional(inner: Codec) -> Codec:
    return wire.optional(inner)


def enum(names: str, first: int = 0) -> Codec:
    """Make an enumeration of names, which are numbered from the first on; ``-`` is none."""
    known = {at: name for at, name in enumerate(names.split(), first) if name != "-"}
    octet = one_of(U8, set(known))
    numbers = {name: at for at, name in known.items()}
    return Codec(lambda reader: known[octet.read(reader)], lambda name: octet.write(numbers[name]))


# A field is a codec, or a function from the fields before it to one, or to None for nothing


def codec_of(kind: Any, before: dict) -> Codec | None:
    return kind if isinstance(kind, Codec) else kind(before)


def struct(*fields: Field) -> Codec:
    def read(reader: Reader) -> dict:
        value: dict[str, Any] = {}
        for name, kind in fields:
            codec = codec_of(kind, value)
            value[name] = None if codec is None else codec.read(reader)
        return shown(value)

    def write(value: dict) -> bytes:
        octets = b""
        for name, kind in fields:
            codec = codec_of(kind, value)
            if codec is not None:
                octets += codec.write(constant(name, value))
        return octets

    return Codec(read, write)


CONSTANT = "constant "


def shown(value: dict) -> dict:
    """Leave out what is always the same."""
    return {name: field for name, field in value.items() if not name.startswith(CONSTANT)}


def constant(name: str, value: dict) -> Any:
    return 1 if name.startswith(CONSTANT) else value[name]


def given(field: str, cases: dict[str, Codec]) -> Callable[[dict], Codec | None]:
    return lambda before: cases.get(before[field])


def tagged(name: str, tag: Codec, cases: dict[str, tuple[Field, ...]]) -> Codec:
    """Make a select on a tag that stands before: one object with the tag and what it selects."""

    def read(reader: Reader) -> dict:
        chosen = tag.read(reader)
        return {name: chosen, **struct(*cases[chosen]).read(reader)}

    def write(value: dict) -> bytes:
        return tag.write(value[name]) + struct(*cases[value[name]]).write(value)

    return Codec(read, write)


ALWAYS_MLS10 = one_of(U8, {1})


def mls10(name: str = "protocol") -> Field:
    return (CONSTANT + name, ALWAYS_MLS10)


# What MLS defines

PSEUDONYMS: tuple[Field, ...] = (
    ("client_pseudonym", TEXT),
    ("user_pseudonym", TEXT),
    ("signature_public_key", HEX),
)


def read_tree_option(reader: Reader) -> dict:
    """Read a tree, in which unmerged leaves are to increase (RFC 9420, section 7.1)."""
    option = RATCHET_TREE_OPTION.read(reader)
    for node in option.get("ratchet_tree") or ():
        unmerged = node["parent_node"]["unmerged_leaves"] if node and "parent_node" in node else ()
        if any(one >= other for one, other in pairwise(unmerged)):
            raise ValueError("unmerged leaves do not increase")
    return option


CREDENTIAL = whole(ext.CREDENTIAL)
CAPABILITIES = whole(wire.CAPABILITIES)
REQUIRED_CAPABILITIES = whole(ext.REQUIRED_CAPABILITIES_STRUCT)
KEY_PACKAGE = whole(ext.KEY_PACKAGE)
MESSAGE = whole(ext.MLS_MESSAGE)
WELCOME = whole(wire.WELCOME_STRUCT)
GROUP_INFO = whole(wire.GROUP_INFO_STRUCT)
PARTIAL = whole(PARTIAL_GROUP_INFO)
TREE = whole(Codec(read_tree_option, RATCHET_TREE_OPTION.write))
SENDER = struct(("signature_key", HEX), ("credential", CREDENTIAL))
CIPHERTEXT = struct(("kem_output", HEX), ("ciphertext", HEX))

KINDS = {wire.APPLICATION: "application", wire.PROPOSAL: "proposal", wire.COMMIT: "commit"}


def kind_of_message(message: dict) -> str:
    """Say what a message is, from outside: by its content type, or else by its wire format."""
    body, wire_format = message["body"], message["wire_format"]
    if wire_format == wire.PUBLIC_MESSAGE:
        return KINDS[body["content"]["content_type"]]
    if wire_format in {wire.PRIVATE_MESSAGE, ext.SEMI_PRIVATE_MESSAGE}:
        return KINDS[body["content_type"]]
    return "welcome" if wire_format == wire.WELCOME else "other"


def by_message(field: str, cases: dict[str, Codec]) -> Callable[[dict], Codec | None]:
    def chosen(before: dict) -> Codec | None:
        message = wire.decode(ext.MLS_MESSAGE, bytes.fromhex(before[field]))
        return cases.get(kind_of_message(message))

    return chosen


def increasing(inner: Codec) -> Codec:
    def checked(items: list) -> list:
        numbers = [item["component_id"] for item in items]
        if any(one >= other for one, other in pairwise(numbers)):
            raise ValueError("components do not increase")
        return items

    return Codec(lambda reader: checked(inner.read(reader)), inner.write)


COMPONENT_DATA = struct(("component_id", NUMBER16), ("data", HEX))
EXTENSIONS = struct(("component_data", increasing(vector(COMPONENT_DATA))))

# Section 5.2

KEY_MATERIAL_TBS: tuple[Field, ...] = (
    mls10(),
    ("requesting_user", TEXT),
    ("target_user", TEXT),
    ("room_id", TEXT),
    ("acceptable_ciphersuites", vector(NUMBER16)),
    ("required_capabilities", REQUIRED_CAPABILITIES),
    ("requester_signature_key", HEX),
    ("requester_credential", CREDENTIAL),
)
USER_CODE = enum(
    "success partialSuccess incompatibleProtocol noCompatibleMaterial userUnknown noConsent"
    " noConsentForThisRoom userDeleted"
)
CLIENT = struct(
    ("client_status", enum("success keyMaterialExhausted nothingCompatible")),
    ("client_uri", TEXT),
    (
        "material",
        given(
            "client_status",
            {"success": KEY_PACKAGE, "nothingCompatible": optional(CAPABILITIES)},
        ),
    ),
)

# Section 5.3

GROUP_INFO_OPTION = tagged(
    "representation",
    enum("full partial", 1),
    {"full": (("group_info", GROUP_INFO),), "partial": (("partial_group_info", PARTIAL),)},
)
COMMIT_BUNDLE = struct(
    ("welcome", optional(WELCOME)),
    ("group_info_option", GROUP_INFO_OPTION),
    ("ratchet_tree_option", TREE),
)
MORE_PROPOSALS = struct(("more_proposals", vector(MESSAGE)))
BUNDLE: tuple[Field, ...] = (
    ("proposal_or_commit", MESSAGE),
    (
        "attached",
        by_message("proposal_or_commit", {"commit": COMMIT_BUNDLE, "proposal": MORE_PROPOSALS}),
    ),
)

# Section 5.4

FRANK: tuple[Field, ...] = (
    ("server_frank", fixed_hex(32)),
    ("franking_signature_ciphersuite", NUMBER16),
    ("franking_integrity_signature", HEX),
)
CONTEXT: tuple[Field, ...] = (
    ("sender_uri", TEXT),
    ("room_uri", TEXT),
    ("accepted_timestamp", NUMBER64),
)
FRANKED = (("accepted_timestamp", NUMBER64), ("frank", optional(struct(*FRANK))))

# Section 5.5

EVENT: tuple[Field, ...] = (
    ("timestamp", NUMBER64),
    ("message", MESSAGE),
    (
        "attached",
        by_message(
            "message",
            {
                "application": struct(("frank", optional(struct(*FRANK)))),
                "welcome": struct(("ratchet_tree_option", TREE)),
                "proposal": MORE_PROPOSALS,
                "commit": struct(("external_proposals", vector(MESSAGE))),
            },
        ),
    ),
)

# Section 5.6

GROUP_INFO_REQUEST_TBS: tuple[Field, ...] = (
    mls10(),
    ("cipher_suite", NUMBER16),
    ("requesting_signature_key", HEX),
    ("requesting_credential", CREDENTIAL),
    ("group_info_public_key", HEX),
    ("joining_code", optional(HEX)),
)
SEALED: tuple[Field, ...] = (
    ("cipher_suite", NUMBER16),
    ("hub_sender", SENDER),
    ("encrypted_groupinfo_and_tree", CIPHERTEXT),
)
PENDING = struct(("proposal", MESSAGE), ("hub_accepted_time", NUMBER64))

# Sections 5.7 and 5.8

SCOPE: tuple[Field, ...] = (
    ("requester_uri", TEXT),
    ("target_uri", TEXT),
    ("room_id", optional(TEXT)),
)
ELEMENT = struct(
    (
        "search_type",
        enum("handle nick email phone partialName wholeProfile oidcStdClaim vcardField", 1),
    ),
    ("name", given("search_type", {"oidcStdClaim": HEX, "vcardField": HEX})),
    ("search_value", HEX),
)
PROFILE = struct(
    ("stable_uri", TEXT),
    (
        "fields",
        vector(
            struct(
                ("field_source", enum("oidcStdClaim vcardField", 7)),
                ("field_name", TEXT),
                ("field_value", HEX),
            )
        ),
    ),
)
ABUSIVE: tuple[Field, ...] = (
    ("message_content", HEX),
    ("frank", struct(*FRANK)),
    ("accepted_timestamp", NUMBER64),
)

BODIES: dict[str, tuple[Field, ...]] = {
    "KeyMaterialRequestTBS": KEY_MATERIAL_TBS,
    "KeyMaterialRequest": (*KEY_MATERIAL_TBS, ("key_material_request_signature", HEX)),
    "KeyMaterialResponse": (
        ("protocol", NUMBER8),
        ("user_status", USER_CODE),
        ("user_uri", TEXT),
        ("clients", vector(CLIENT)),
    ),
    "UpdateRequest": BUNDLE,
    "UpdateRoomResponse": (
        ("response_code", enum("success wrongEpoch notAllowed invalidProposal")),
        ("error_description", TEXT),
        (
            "details",
            given(
                "response_code",
                {
                    "success": struct(("accepted_timestamp", NUMBER64)),
                    "wrongEpoch": struct(("current_epoch", NUMBER64)),
                    "invalidProposal": struct(("invalid_proposals", vector(HEX))),
                },
            ),
        ),
    ),
    "SubmitMessageRequest": (mls10(), ("app_message", MESSAGE), ("sending_uri", TEXT)),
    "SubmitMessageResponse": (
        mls10(),
        (
            "status",
            tagged(
                "code",
                enum("accepted notAllowed epochTooOld"),
                {
                    "accepted": FRANKED,
                    "notAllowed": (),
                    "epochTooOld": (("current_epoch", NUMBER64),),
                },
            ),
        ),
    ),
    "FrankAAD": (("franking_tag", fixed_hex(32)),),
    "FrankingAgentData": (("franking_signature_key", HEX), ("credential", CREDENTIAL)),
    "FrankingIntegrityTBS": (*FRANK[:2], ("context", struct(*CONTEXT))),
    "FanoutMessage": EVENT,
    "GroupInfoRequestTBS": GROUP_INFO_REQUEST_TBS,
    "GroupInfoRequest": (*GROUP_INFO_REQUEST_TBS, ("signature", HEX)),
    "GroupInfoRatchetTreeTBE": (
        ("group_info", GROUP_INFO),
        ("ratchet_tree_option", TREE),
        ("pending_proposals", vector(PENDING)),
    ),
    "GroupInfoResponseTBS": (mls10("version"), ("room_id", TEXT), mls10("status"), *SEALED),
    "GroupInfoResponse": (
        mls10("version"),
        ("room_id", TEXT),
        (
            "status",
            tagged(
                "code",
                enum("success notAuthorized noSuchRoom", 1),
                {"success": (*SEALED, ("signature", HEX)), "notAuthorized": (), "noSuchRoom": ()},
            ),
        ),
    ),
    "ConsentEntry": (
        ("consent_operation", enum("cancel request grant revoke")),
        *SCOPE,
        ("client_key_packages", given("consent_operation", {"grant": vector(KEY_PACKAGE)})),
        ("consent_extensions", EXTENSIONS),
    ),
    "ConsentScope": SCOPE,
    "IdentifierRequest": (
        ("query_elements", vector(ELEMENT)),
        ("id_request_extensions", EXTENSIONS),
    ),
    "IdentifierResponse": (
        ("response_code", enum("success notFound ambiguous forbidden unsupportedField")),
        ("uri", vector(TEXT)),
        ("found_profiles", vector(PROFILE)),
        ("id_response_extensions", EXTENSIONS),
    ),
    "AbuseReport": (
        ("reporting_user", TEXT),
        ("alleged_abuser_uri", TEXT),
        ("reason_code", NUMBER8),
        ("note", HEX),
        ("messages", vector(struct(*ABUSIVE))),
        ("abuse_extensions", EXTENSIONS),
    ),
    "PseudonymousCredentialTBS": PSEUDONYMS,
    "PseudonymousCredential": (*PSEUDONYMS, ("identity_link_ciphertext", HEX)),
    "IdentityLinkTBE": (
        ("pseudonymous_credential_signature", HEX),
        ("client_credential", CREDENTIAL),
    ),
    "AbusiveMessage": ABUSIVE,
    "Frank": FRANK,
}
"""From the names of structures to their fields."""


class Unreadable(ValueError):  # noqa: N818 - said of octets, with the field that is not there
    """A body is malformed."""

    def __init__(self, at: str) -> None:
        super().__init__(f"it cannot be read at {at or 'its end'}")
        self.at = at


def read_fields(fields: tuple[Field, ...], reader: Reader, before: str = "") -> dict:
    value: dict[str, Any] = {}
    for name, kind in fields:
        try:
            codec = codec_of(kind, value)
            value[name] = None if codec is None else codec.read(reader)
        except ValueError as error:
            raise Unreadable(before + name.removeprefix(CONSTANT)) from error
    return shown(value)


def read_body(structure: str, octets: bytes) -> Any:
    """Read a body into its JSON form."""
    reader = Reader(octets)
    if structure == "NotifyRequest":
        messages: list[dict] = []
        while not reader.at_end():
            messages.append(read_fields(EVENT, reader, f"[{len(messages)}]."))
        return messages
    value = read_fields(BODIES[structure], reader)
    if not reader.at_end():
        raise Unreadable("")
    return {"bundle": value} if structure == "UpdateRequest" else value


def write_body(structure: str, value: Any) -> bytes:
    if structure == "NotifyRequest":
        return b"".join(struct(*EVENT).write(each) for each in value)
    inner = value["bundle"] if structure == "UpdateRequest" else value
    return struct(*BODIES[structure]).write(inner)


def tbs_of(structure: str, octets: bytes) -> bytes:
    """Give the octets of a structure but for its last field, which is opaque: a signature."""
    value = read_body(structure, octets)
    name = BODIES[structure][-1][0]
    return octets[: len(octets) - len(HEX.write(value[name]))]
