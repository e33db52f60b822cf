"""Well-formed bodies about rooms: updates, messages, franks, fan-out, group infos."""

from mimi.vectors.generate.protocol_octets import (
    APPLICATION,
    COMMIT,
    CREDENTIAL,
    EXTERNAL_SENDER,
    FRANK,
    FULL_TREE,
    KEY_PACKAGE,
    KEY_PACKAGE_FORMAT,
    NONE,
    OUT_OF_BAND_TREE,
    PARTIAL_GROUP_INFO,
    PROPOSAL,
    REMOVE,
    ROOM,
    SEALED,
    SERVED_TREE,
    SUITE,
    TREE_URL,
    WELCOME,
    WELCOMING,
    Typed,
    group_info,
    hidden,
    message,
    opaque,
    public,
    semi_private,
    some,
    u8,
    u16,
    u32,
    u64,
    vector,
)

AT = u64(1_700_000_000_123)
ALICE = "mimi://a.example/u/alice"

# Updates (section 5.3)


def bundle(sent: bytes, attached: bytes = b"") -> Typed:
    """Return an update."""
    return ("proposal_or_commit", sent), ("attached", attached)


def _answer(code: int, text: str, details: bytes = b"") -> Typed:
    return ("response_code", u8(code)), ("error_description", opaque(text)), ("details", details)


_FULL, _PARTIAL = u8(1) + group_info(6), u8(2) + PARTIAL_GROUP_INFO

_UPDATES: tuple[tuple[str, str, Typed], ...] = (
    (
        "a commit with Welcome, group info and tree",
        "UpdateRequest",
        bundle(COMMIT, some(WELCOME) + _FULL + FULL_TREE),
    ),
    ("a commit that adds nobody", "UpdateRequest", bundle(COMMIT, NONE + _FULL + SERVED_TREE)),
    (
        "a commit with a partial group info, and a tree to download",
        "UpdateRequest",
        bundle(COMMIT, NONE + _PARTIAL + TREE_URL),
    ),
    (
        "a semi-private commit, and a tree that comes by another way",
        "UpdateRequest",
        bundle(semi_private(3), NONE + _PARTIAL + OUT_OF_BAND_TREE),
    ),
    ("a proposal", "UpdateRequest", bundle(PROPOSAL, vector())),
    (
        "proposals, public and semi-private",
        "UpdateRequest",
        bundle(semi_private(2), vector(PROPOSAL, semi_private(2))),
    ),
    (
        "a proposal in a PrivateMessage is well-formed",
        "UpdateRequest",
        bundle(hidden(2), vector()),
    ),
    ("application data is well-formed, with nothing behind", "UpdateRequest", bundle(APPLICATION)),
    ("a Welcome is well-formed, with nothing behind", "UpdateRequest", bundle(WELCOMING)),
    ("success", "UpdateRoomResponse", _answer(0, "", AT)),
    ("wrongEpoch", "UpdateRoomResponse", _answer(1, "too late", u64(7))),
    ("notAllowed", "UpdateRoomResponse", _answer(2, "nicht erw\u00fcnscht")),
    (
        "invalidProposal, two of them",
        "UpdateRoomResponse",
        _answer(3, "", vector(opaque(bytes(32)), opaque(b"\xff" * 32))),
    ),
    ("invalidProposal: one by value", "UpdateRoomResponse", _answer(3, "", vector())),
    ("the greatest epoch", "UpdateRoomResponse", _answer(1, "", b"\xff" * 8)),
)

# Messages (section 5.4)


def _submitted(sent: bytes, by: str = ALICE) -> Typed:
    return ("protocol", u8(1)), ("app_message", sent), ("sending_uri", opaque(by))


def _status(octets: bytes) -> Typed:
    return ("protocol", u8(1)), ("status", octets)


_CONTEXT = opaque(ALICE) + opaque(ROOM) + AT

_MESSAGES: tuple[tuple[str, str, Typed], ...] = (
    ("a message", "SubmitMessageRequest", _submitted(APPLICATION)),
    (
        "a message under a pseudonym",
        "SubmitMessageRequest",
        _submitted(APPLICATION, "mimi://a.example/p/3e671687-395b-41f5-a30f-a58921a69b79"),
    ),
    ("a proposal is well-formed", "SubmitMessageRequest", _submitted(PROPOSAL)),
    ("accepted, with a frank", "SubmitMessageResponse", _status(u8(0) + AT + some(FRANK))),
    ("accepted, without", "SubmitMessageResponse", _status(u8(0) + AT + NONE)),
    ("notAllowed", "SubmitMessageResponse", _status(u8(1))),
    ("epochTooOld", "SubmitMessageResponse", _status(u8(2) + u64(7))),
    ("the tag of a message", "FrankAAD", (("franking_tag", bytes(range(32))),)),
    (
        "the franking agent of a group",
        "FrankingAgentData",
        (("franking_signature_key", opaque(b"hub key")), ("credential", CREDENTIAL)),
    ),
    (
        "what a hub signs of a frank",
        "FrankingIntegrityTBS",
        (
            ("server_frank", bytes(range(32))),
            ("franking_signature_ciphersuite", SUITE),
            ("context", _CONTEXT),
        ),
    ),
)

# Fan-out (section 5.5)


def event(sent: bytes, attached: bytes = b"", at: bytes = AT, place: int | None = None) -> Typed:
    """Return an event, one of several if it has a place."""
    before = "" if place is None else f"[{place}]."
    return (
        (f"{before}timestamp", at),
        (f"{before}message", sent),
        (f"{before}attached", attached),
    )


BY_THE_HUB = public(2, REMOVE, 6, u8(2) + u32(0))
BY_A_JOINER = public(3, vector() + NONE, 5, u8(4))

_EVENTS: tuple[tuple[str, str, Typed], ...] = (
    ("a message with a frank", "FanoutMessage", event(APPLICATION, some(FRANK))),
    ("a message without", "FanoutMessage", event(APPLICATION, NONE)),
    ("a Welcome with the tree", "FanoutMessage", event(WELCOMING, FULL_TREE)),
    ("a Welcome, and a tree to download", "FanoutMessage", event(WELCOMING, TREE_URL)),
    ("a proposal", "FanoutMessage", event(PROPOSAL, vector())),
    ("proposals", "FanoutMessage", event(PROPOSAL, vector(PROPOSAL, semi_private(2)))),
    ("a semi-private proposal", "FanoutMessage", event(semi_private(2), vector())),
    ("a commit", "FanoutMessage", event(COMMIT, vector())),
    ("a semi-private commit", "FanoutMessage", event(semi_private(3), vector())),
    (
        "an external commit with what the hub proposes anew",
        "FanoutMessage",
        event(BY_A_JOINER, vector(BY_THE_HUB)),
    ),
    ("a proposal of the hub", "FanoutMessage", event(BY_THE_HUB, vector())),
    (
        "a key package is well-formed, with nothing behind",
        "FanoutMessage",
        event(message(KEY_PACKAGE_FORMAT, KEY_PACKAGE)),
    ),
    (
        "a group info is well-formed, with nothing behind",
        "FanoutMessage",
        event(message(4, group_info(5))),
    ),
    ("one event", "NotifyRequest", event(APPLICATION, some(FRANK), place=0)),
    (
        "all kinds of events, back to back",
        "NotifyRequest",
        (
            *event(PROPOSAL, vector(), place=0),
            *event(COMMIT, vector(), place=1),
            *event(WELCOMING, FULL_TREE, place=2),
            *event(APPLICATION, some(FRANK), place=3),
            *event(APPLICATION, NONE, place=4),
        ),
    ),
)

# Group infos (section 5.6)


def _asked(code: bytes) -> Typed:
    return (
        ("protocol", u8(1)),
        ("cipher_suite", SUITE),
        ("requesting_signature_key", opaque(b"signature key")),
        ("requesting_credential", CREDENTIAL),
        ("group_info_public_key", opaque(b"public key")),
        ("joining_code", code),
    )


_SIGNATURE = (("signature", opaque(b"signature")),)
_START: Typed = (("version", u8(1)), ("room_id", opaque(ROOM)))
_PENDING = vector(PROPOSAL + AT, semi_private(2) + AT)
_SEALED = SUITE + EXTERNAL_SENDER + SEALED + opaque(b"signature")

_GROUP_INFOS: tuple[tuple[str, str, Typed], ...] = (
    (
        "a request with a joining code",
        "GroupInfoRequest",
        (*_asked(some(opaque(b"let me in"))), *_SIGNATURE),
    ),
    ("a request without a joining code", "GroupInfoRequest", (*_asked(NONE), *_SIGNATURE)),
    ("an empty joining code", "GroupInfoRequest", (*_asked(some(opaque(b""))), *_SIGNATURE)),
    (
        "an unknown cipher suite is well-formed",
        "GroupInfoRequest",
        (("protocol", u8(1)), ("cipher_suite", u16(0xF00F)), *_asked(NONE)[2:], *_SIGNATURE),
    ),
    ("what is signed of a request", "GroupInfoRequestTBS", _asked(some(opaque(b"let me in")))),
    ("success", "GroupInfoResponse", (*_START, ("status", u8(1) + _SEALED))),
    ("notAuthorized", "GroupInfoResponse", (*_START, ("status", u8(2)))),
    ("noSuchRoom", "GroupInfoResponse", (*_START, ("status", u8(3)))),
    (
        "what is signed of an answer",
        "GroupInfoResponseTBS",
        (
            *_START,
            ("status", u8(1)),
            ("cipher_suite", SUITE),
            ("hub_sender", EXTERNAL_SENDER),
            ("encrypted_groupinfo_and_tree", SEALED),
        ),
    ),
    (
        "what is encrypted, with pending proposals",
        "GroupInfoRatchetTreeTBE",
        (
            ("group_info", group_info(5)),
            ("ratchet_tree_option", FULL_TREE),
            ("pending_proposals", _PENDING),
        ),
    ),
    (
        "what is encrypted, without",
        "GroupInfoRatchetTreeTBE",
        (
            ("group_info", group_info(5)),
            ("ratchet_tree_option", SERVED_TREE),
            ("pending_proposals", vector()),
        ),
    ),
)

EVENTS = (*_UPDATES, *_MESSAGES, *_EVENTS, *_GROUP_INFOS)
"""Descriptions, structures and fields."""
