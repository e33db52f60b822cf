"""Bodies that are malformed within, typed octet by octet: what, of which structure, where."""

from mimi.vectors.generate.protocol_octets import (
    ALICE,
    APPLICATION,
    BOB,
    BOBS_PHONE,
    COMMIT,
    CREDENTIAL,
    FRANK,
    KEY_PACKAGE,
    NONE,
    PROPOSAL,
    REQUIRED,
    ROOM,
    SERVED_TREE,
    SUITE,
    WELCOMING,
    dictionary,
    group_info,
    message,
    opaque,
    some,
    u8,
    u16,
    u64,
    vector,
)

AT = u64(9)
_USER = opaque(BOB)
_SCOPE = opaque(ALICE) + opaque(BOB)
_TWICE = dictionary((0xF001, b""), (0xF001, b""))
_UNSORTED = dictionary((0xF002, b""), (0xF001, b""))
_ASKED = opaque(ALICE) + opaque(BOB) + opaque(ROOM)
_REQUESTED = SUITE + opaque(b"signature key") + CREDENTIAL + opaque(b"public key")
_FULL = u8(1) + group_info(6)

MALFORMED: tuple[tuple[str, str, str, bytes], ...] = (
    # 5.2
    (
        "another protocol",
        "KeyMaterialRequest",
        "protocol",
        u8(2) + _ASKED + vector(SUITE) + REQUIRED + opaque(b"key") + CREDENTIAL + opaque(b"sig"),
    ),
    (
        "half a cipher suite",
        "KeyMaterialRequest",
        "acceptable_ciphersuites",
        u8(1) + _ASKED + opaque(b"\0\1\0") + REQUIRED + opaque(b"key") + CREDENTIAL + opaque(b""),
    ),
    (
        "a credential of no known type",
        "KeyMaterialRequest",
        "requester_credential",
        u8(1) + _ASKED + vector(SUITE) + REQUIRED + opaque(b"key") + u16(0) + NONE + opaque(b""),
    ),
    ("a user status that is none", "KeyMaterialResponse", "user_status", u8(1) + u8(8) + _USER),
    ("user status 255", "KeyMaterialResponse", "user_status", u8(1) + u8(255) + _USER + NONE),
    (
        "a client status that is none",
        "KeyMaterialResponse",
        "clients",
        u8(1) + u8(3) + _USER + vector(u8(3) + opaque(BOBS_PHONE)),
    ),
    (
        "a client with success, and no key package",
        "KeyMaterialResponse",
        "clients",
        u8(1) + u8(0) + _USER + vector(u8(0) + opaque(BOBS_PHONE)),
    ),
    (
        "a presence octet of capabilities that is 2",
        "KeyMaterialResponse",
        "clients",
        u8(1) + u8(3) + _USER + vector(u8(2) + opaque(BOBS_PHONE) + u8(2)),
    ),
    (
        "a length of a URI that is not minimal",
        "KeyMaterialResponse",
        "user_uri",
        u8(1) + u8(4) + u16(0x4000 | len(BOB)) + BOB.encode() + NONE,
    ),
    (
        "a length of the reserved kind",
        "KeyMaterialResponse",
        "clients",
        u8(1) + u8(4) + _USER + u8(0xC0) + bytes(7),
    ),
    # 5.3
    (
        "a representation of the group info that is 0",
        "UpdateRequest",
        "attached",
        COMMIT + NONE + u8(0) + group_info(6) + SERVED_TREE,
    ),
    (
        "a representation of the group info that is 3",
        "UpdateRequest",
        "attached",
        COMMIT + NONE + u8(3) + group_info(6) + SERVED_TREE,
    ),
    (
        "a tree option that is 0",
        "UpdateRequest",
        "attached",
        COMMIT + NONE + _FULL + u8(0),
    ),
    ("a presence octet of the Welcome that is 2", "UpdateRequest", "attached", COMMIT + u8(2)),
    ("a commit with nothing behind", "UpdateRequest", "attached", COMMIT),
    ("a proposal with nothing behind", "UpdateRequest", "attached", PROPOSAL),
    (
        "a wire format that is none",
        "UpdateRequest",
        "proposal_or_commit",
        message(9, b"") + vector(),
    ),
    (
        "an MLS version that is none",
        "UpdateRequest",
        "proposal_or_commit",
        u16(2) + PROPOSAL[2:] + vector(),
    ),
    ("something behind application data", "UpdateRequest", "", APPLICATION + vector()),
    ("a response code that is none", "UpdateRoomResponse", "response_code", u8(4) + NONE + AT),
    ("notAllowed, and details", "UpdateRoomResponse", "", u8(2) + NONE + AT),
    (
        "a reference that is cut off",
        "UpdateRoomResponse",
        "details",
        u8(3) + NONE + vector(u8(32) + bytes(31)),
    ),
    # 5.4
    (
        "protocol 0",
        "SubmitMessageRequest",
        "protocol",
        u8(0) + APPLICATION + opaque(ALICE),
    ),
    ("another protocol", "SubmitMessageResponse", "protocol", u8(2) + u8(1)),
    ("a status code that is none", "SubmitMessageResponse", "status", u8(1) + u8(3)),
    (
        "a presence octet of the frank that is 255",
        "SubmitMessageResponse",
        "status",
        u8(1) + u8(0) + AT + u8(255) + FRANK,
    ),
    ("notAllowed, and an epoch", "SubmitMessageResponse", "", u8(1) + u8(1) + AT),
    ("a tag of 33 octets", "FrankAAD", "", bytes(33)),
    # 5.5
    (
        "a frank before it is said that there is one",
        "NotifyRequest",
        "[0].attached",
        b"".join((AT, APPLICATION, FRANK[2:])),
    ),
    (
        "the second event is cut off",
        "NotifyRequest",
        "[1].message",
        AT + APPLICATION + NONE + AT + APPLICATION[:-1],
    ),
    (
        "a Welcome without a tree option",
        "NotifyRequest",
        "[0].attached",
        AT + WELCOMING,
    ),
    (
        "a tree option that is 5",
        "NotifyRequest",
        "[1].attached",
        AT + APPLICATION + NONE + AT + WELCOMING + u8(5),
    ),
    (
        "events in a vector",
        "NotifyRequest",
        "[0].message",
        vector(AT + APPLICATION + NONE),
    ),
    # 5.6
    (
        "another protocol",
        "GroupInfoRequest",
        "protocol",
        u8(2) + _REQUESTED + NONE + opaque(b"signature"),
    ),
    (
        "no presence octet before the joining code",
        "GroupInfoRequest",
        "joining_code",
        u8(1) + _REQUESTED + opaque(b"let me in") + opaque(b"signature"),
    ),
    ("status 0", "GroupInfoResponse", "status", u8(1) + opaque(ROOM) + u8(0)),
    ("status 4", "GroupInfoResponse", "status", u8(1) + opaque(ROOM) + u8(4)),
    ("another version", "GroupInfoResponse", "version", u8(2) + opaque(ROOM) + u8(2)),
    (
        "notAuthorized, and something behind",
        "GroupInfoResponse",
        "",
        u8(1) + opaque(ROOM) + u8(2) + opaque(b""),
    ),
    (
        "another status in what is signed",
        "GroupInfoResponseTBS",
        "status",
        u8(1) + opaque(ROOM) + u8(2),
    ),
    (
        "a pending proposal without a time",
        "GroupInfoRatchetTreeTBE",
        "pending_proposals",
        group_info(5) + SERVED_TREE + vector(PROPOSAL),
    ),
    # 5.7
    ("an operation that is none", "ConsentEntry", "consent_operation", u8(4) + _SCOPE + NONE),
    ("grant without a list", "ConsentEntry", "consent_extensions", u8(2) + _SCOPE + NONE + NONE),
    (
        "a key package in a grant that is cut off",
        "ConsentEntry",
        "client_key_packages",
        u8(2) + _SCOPE + NONE + vector(KEY_PACKAGE[:-1]) + NONE,
    ),
    ("a list in a request", "ConsentEntry", "", u8(1) + _SCOPE + NONE + vector() + NONE),
    (
        "no presence octet before the room",
        "ConsentEntry",
        "room_id",
        u8(1) + _SCOPE + opaque(ROOM) + NONE,
    ),
    ("a component twice", "ConsentEntry", "consent_extensions", u8(0) + _SCOPE + NONE + _TWICE),
    # 5.8
    ("a search type that is 0", "IdentifierRequest", "query_elements", vector(NONE + NONE) + NONE),
    (
        "a search type that is 9",
        "IdentifierRequest",
        "query_elements",
        vector(u8(9) + opaque("x")) + NONE,
    ),
    (
        "a name where there is none",
        "IdentifierRequest",
        "query_elements",
        vector(u8(2) + opaque("nick") + opaque("bob")) + NONE,
    ),
    (
        "no name where there is one",
        "IdentifierRequest",
        "query_elements",
        vector(u8(8) + opaque("Bakery")) + NONE,
    ),
    (
        "components that do not increase",
        "IdentifierRequest",
        "id_request_extensions",
        vector() + _UNSORTED,
    ),
    ("a response code that is none", "IdentifierResponse", "response_code", u8(5) + bytes(3)),
    (
        "a source of a field that is none",
        "IdentifierResponse",
        "found_profiles",
        u8(0) + NONE + vector(_USER + vector(u8(1) + opaque("n") + opaque("v"))) + NONE,
    ),
    # 5.9
    (
        "a message that is cut off",
        "AbuseReport",
        "messages",
        opaque(ALICE) + _USER + u8(0) + NONE + vector(opaque(b"m") + FRANK + AT[1:]) + NONE,
    ),
    (
        "components that do not increase",
        "AbuseReport",
        "abuse_extensions",
        opaque(ALICE) + _USER + u8(0) + NONE + NONE + _UNSORTED,
    ),
    ("a kind of abuse that is cut off", "AbuseReport", "reason_code", opaque(ALICE) + _USER),
    (
        "a frank as optional",
        "AbuseReport",
        "messages",
        b"".join(
            (opaque(ALICE), _USER, u8(0), NONE, vector(opaque(b"m") + some(FRANK) + AT), NONE)
        ),
    ),
)
"""Descriptions, structures, fields, and octets."""
