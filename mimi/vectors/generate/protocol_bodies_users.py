"""Well-formed bodies about users: key material, consent, queries, reports, pseudonyms."""

from mimi.vectors.generate.protocol_octets import (
    ALICE,
    BOB,
    BOBS_LAPTOP,
    BOBS_PHONE,
    CAPABILITIES,
    CATHY,
    CREDENTIAL,
    EXTENSIONS,
    FRANK,
    KEY_PACKAGE,
    NONE,
    REQUIRED,
    ROOM,
    Typed,
    opaque,
    some,
    u8,
    u16,
    u64,
    vector,
)

# Key material (section 5.2)

_ASKED: Typed = (
    ("protocol", u8(1)),
    ("requesting_user", opaque(ALICE)),
    ("target_user", opaque(BOB)),
    ("room_id", opaque(ROOM)),
    ("acceptable_ciphersuites", vector(u16(1), u16(2), u16(0x0A0A))),
    ("required_capabilities", REQUIRED),
    ("requester_signature_key", opaque(b"signature key")),
    ("requester_credential", CREDENTIAL),
)
_SIGNATURE = (("key_material_request_signature", opaque(b"signature")),)
_FOR_NO_ROOM = tuple((name, NONE if name == "room_id" else octets) for name, octets in _ASKED)
_CERTIFICATE = u16(2) + vector(opaque(b"certificate"), opaque(b"issuer's certificate"))
_CERTIFIED = (*_ASKED[:-1], ("requester_credential", _CERTIFICATE))


def _key_material(status: int, *clients: bytes, protocol: int = 1) -> Typed:
    start = ("protocol", u8(protocol)), ("user_status", u8(status)), ("user_uri", opaque(BOB))
    return (*start, ("clients", vector(*clients)))


_GIVEN = u8(0) + opaque(BOBS_PHONE) + KEY_PACKAGE
_EXHAUSTED = u8(1) + opaque(BOBS_LAPTOP)
_INCOMPATIBLE = u8(2) + opaque(BOBS_LAPTOP) + NONE
_CAPABLE = u8(2) + opaque(BOBS_LAPTOP) + some(CAPABILITIES)

_KEY_MATERIAL: tuple[tuple[str, str, Typed], ...] = (
    ("a request for key material", "KeyMaterialRequest", (*_ASKED, *_SIGNATURE)),
    ("a request for no certain room", "KeyMaterialRequest", (*_FOR_NO_ROOM, *_SIGNATURE)),
    ("a requester with certificates", "KeyMaterialRequest", (*_CERTIFIED, *_SIGNATURE)),
    ("what is signed of a request for key material", "KeyMaterialRequestTBS", _ASKED),
    ("success: a key package of the only client", "KeyMaterialResponse", _key_material(0, _GIVEN)),
    (
        "partialSuccess: a key package, a client without, and one that is not compatible",
        "KeyMaterialResponse",
        _key_material(1, _GIVEN, _EXHAUSTED, _CAPABLE),
    ),
    (
        "incompatibleProtocol, with the number of the request's",
        "KeyMaterialResponse",
        _key_material(2, protocol=9),
    ),
    ("noCompatibleMaterial, no clients told", "KeyMaterialResponse", _key_material(3)),
    (
        "noCompatibleMaterial: nothingCompatible without the client's capabilities",
        "KeyMaterialResponse",
        _key_material(3, _INCOMPATIBLE),
    ),
    (
        "noCompatibleMaterial: nothingCompatible with them, keyMaterialExhausted",
        "KeyMaterialResponse",
        _key_material(3, _CAPABLE, _EXHAUSTED),
    ),
    ("userUnknown", "KeyMaterialResponse", _key_material(4)),
    ("noConsent", "KeyMaterialResponse", _key_material(5)),
    ("noConsentForThisRoom", "KeyMaterialResponse", _key_material(6)),
    ("userDeleted", "KeyMaterialResponse", _key_material(7)),
)

# Consent (section 5.7)


def _consent(
    operation: int, room: bytes, packages: bytes | None = None, extensions: bytes = NONE
) -> Typed:
    start = ("consent_operation", u8(operation)), ("requester_uri", opaque(ALICE))
    scope = ("target_uri", opaque(BOB)), ("room_id", room)
    more = () if packages is None else (("client_key_packages", packages),)
    return (*start, *scope, *more, ("consent_extensions", extensions))


_CONSENT: tuple[tuple[str, str, Typed], ...] = (
    ("request, for a room", "ConsentEntry", _consent(1, some(opaque(ROOM)))),
    ("request, for any room", "ConsentEntry", _consent(1, NONE)),
    ("request with what components add", "ConsentEntry", _consent(1, NONE, extensions=EXTENSIONS)),
    ("cancel", "ConsentEntry", _consent(0, some(opaque(ROOM)))),
    ("grant without key packages", "ConsentEntry", _consent(2, some(opaque(ROOM)), vector())),
    (
        "grant with a key package",
        "ConsentEntry",
        _consent(2, NONE, vector(KEY_PACKAGE), EXTENSIONS),
    ),
    ("revoke", "ConsentEntry", _consent(3, NONE)),
    (
        "the scope of consent",
        "ConsentScope",
        (
            ("requester_uri", opaque(ALICE)),
            ("target_uri", opaque(BOB)),
            ("room_id", some(opaque(ROOM))),
        ),
    ),
)

# Queries (section 5.8)


def _query(*elements: bytes, extensions: bytes = NONE) -> Typed:
    return ("query_elements", vector(*elements)), ("id_request_extensions", extensions)


def _element(search_type: int, value: str, name: str | None = None) -> bytes:
    return u8(search_type) + (b"" if name is None else opaque(name)) + opaque(value)


def _found(code: int, users: bytes = NONE, profiles: bytes = NONE, more: bytes = NONE) -> Typed:
    start = ("response_code", u8(code)), ("uri", users)
    return (*start, ("found_profiles", profiles), ("id_response_extensions", more))


_PROFILE = opaque(BOB) + vector(
    u8(7) + opaque("name") + opaque("Bob B\u00e4cker"), u8(8) + opaque("ORG") + opaque("Bakery")
)

_QUERIES: tuple[tuple[str, str, Typed], ...] = (
    ("handle", "IdentifierRequest", _query(_element(1, "im:bob@b.example"))),
    ("nick", "IdentifierRequest", _query(_element(2, "bob"))),
    ("email", "IdentifierRequest", _query(_element(3, "bob@b.example"))),
    ("phone", "IdentifierRequest", _query(_element(4, "+12025551212"))),
    ("partialName", "IdentifierRequest", _query(_element(5, "B\u00e4ck"))),
    ("wholeProfile", "IdentifierRequest", _query(_element(6, "bakery"))),
    ("oidcStdClaim", "IdentifierRequest", _query(_element(7, "Bob", "given_name"))),
    ("vcardField", "IdentifierRequest", _query(_element(8, "Bakery", "ORG"))),
    (
        "several elements, and what components add",
        "IdentifierRequest",
        _query(_element(2, "bob"), _element(8, "Bakery", "ORG"), extensions=EXTENSIONS),
    ),
    ("a query without elements is well-formed", "IdentifierRequest", _query()),
    ("success: a user", "IdentifierResponse", _found(0, vector(opaque(BOB)))),
    (
        "success: users and profiles",
        "IdentifierResponse",
        _found(0, vector(opaque(BOB), opaque(CATHY)), vector(_PROFILE), EXTENSIONS),
    ),
    (
        "success: a profile without fields",
        "IdentifierResponse",
        _found(0, NONE, vector(opaque(BOB) + vector())),
    ),
    ("notFound", "IdentifierResponse", _found(1)),
    ("ambiguous", "IdentifierResponse", _found(2)),
    ("forbidden", "IdentifierResponse", _found(3)),
    ("unsupportedField", "IdentifierResponse", _found(4)),
)

# Reports (section 5.9), and rooms of minimal metadata (section 6)


def _report(by: str, reason: int, note: str, *messages: bytes, more: bytes = NONE) -> Typed:
    start = ("reporting_user", opaque(by)), ("alleged_abuser_uri", opaque(BOB))
    what = ("reason_code", u8(reason)), ("note", opaque(note)), ("messages", vector(*messages))
    return (*start, *what, ("abuse_extensions", more))


_REPORTED = opaque(b"application data") + FRANK + u64(1_700_000_000_123)
_PSEUDONYMS: Typed = (
    ("client_pseudonym", opaque("mimi://a.example/d/f81d4fae-7dec-41d0-a765-00a0c91e6bf6")),
    ("user_pseudonym", opaque("mimi://a.example/p/3e671687-395b-41f5-a30f-a58921a69b79")),
    ("signature_public_key", opaque(b"signature key")),
)
_LINK = (("identity_link_ciphertext", opaque(b"ciphertext")),)

_OTHERS: tuple[tuple[str, str, Typed], ...] = (
    ("a report without messages", "AbuseReport", _report(ALICE, 0, "spam")),
    ("a report by nobody, without a note", "AbuseReport", _report("", 0, "")),
    ("a reason that is registered nowhere", "AbuseReport", _report(ALICE, 200, "")),
    (
        "a report of two messages, and what components add",
        "AbuseReport",
        _report(ALICE, 0, "Gr\u00fc\u00dfe", _REPORTED, _REPORTED, more=EXTENSIONS),
    ),
    ("what a client signs with its real key", "PseudonymousCredentialTBS", _PSEUDONYMS),
    ("a pseudonymous credential", "PseudonymousCredential", (*_PSEUDONYMS, *_LINK)),
    (
        "who is behind a pseudonym",
        "IdentityLinkTBE",
        (
            ("pseudonymous_credential_signature", opaque(b"signature")),
            ("client_credential", CREDENTIAL),
        ),
    ),
)

USERS = (*_KEY_MATERIAL, *_CONSENT, *_QUERIES, *_OTHERS)
"""Descriptions, structures and fields."""
