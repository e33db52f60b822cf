"""Consent, identifier queries and downloads (sections 5.7, 5.8 and 5.10)."""

from typing import Any

import pytest
from protocol.providers import (
    ALICE,
    BOB,
    CATHY,
    LIFETIMES,
    ROOM_ID,
    A,
    B,
    C,
    device,
    octets,
    package,
    refused,
)
from tree.members import NOW

from mimi.codec import decode, encode
from mimi.identity import Domain, PseudonymUri, UserUri
from mimi.policy.structures import (
    AssetPolicy,
    AssetUploadLocation,
    DownloadPrivacy,
    DownloadPrivacyType,
    ProviderAssetUploadDomains,
)
from mimi.protocol import (
    ConsentEntry,
    ConsentOperation,
    ConsentScope,
    FieldSource,
    IdentifierQueryCode,
    IdentifierRequest,
    IdentifierResponse,
    ProfileField,
    QueryElement,
    SearchIdentifierType,
    UserProfile,
    asset_domains,
    check_consent,
    check_download,
    check_granted,
    check_identifier_request,
    check_identifier_response,
)
from mimi.protocol.assets import Download
from mimi.protocol.consent import REQUESTING, UPDATING
from mimi.protocol.errors import (
    AssetDomainError,
    ConsentDomainError,
    ConsentOperationError,
    DownloadPortError,
    DownloadUrlError,
    EmptyQueryError,
    FoundUserError,
    IdentifierUriError,
    KeyPackageUserError,
    PathMismatchError,
    QueryResultError,
    QueryTextError,
    TextError,
    UnsuitableKeyPackageError,
)

OPERATION = ConsentOperation


def entry(operation: ConsentOperation, **changes: Any) -> ConsentEntry:
    """Return an entry: Alice would fetch key packages of Bob."""
    packages = () if operation is OPERATION.GRANT else None
    fields: dict[str, Any] = {
        "requester_uri": octets(ALICE),
        "target_uri": octets(BOB),
        "client_key_packages": packages,
        **changes,
    }
    made = ConsentEntry(operation, **fields)
    return decode(ConsentEntry, encode(made))


def checked(made: ConsentEntry, **changes: Any) -> None:
    """Check an entry at its endpoint."""
    requesting = made.consent_operation in REQUESTING
    options: dict[str, Any] = {
        "sender": {A} if requesting else {B},
        "receiver": {B} if requesting else {A},
        "operations": REQUESTING if requesting else UPDATING,
        **changes,
    }
    check_consent(made, options.pop("operations"), **options)


@pytest.mark.parametrize("operation", OPERATION, ids=lambda operation: operation.name)
def test_every_operation(operation):
    checked(entry(operation))
    checked(entry(operation, room_id=ROOM_ID))
    named = BOB if operation in REQUESTING else ALICE
    checked(entry(operation), path=named)
    checked(entry(operation), path=named.provider)
    pseudonyms = {
        "requester_uri": octets(PseudonymUri(A, "koala")),
        "target_uri": octets(PseudonymUri(B, "kiwi")),
    }
    checked(entry(operation, **pseudonyms))


@pytest.mark.parametrize("operation", OPERATION, ids=lambda operation: operation.name)
def test_an_operation_at_the_other_endpoint(operation):
    other = UPDATING if operation in REQUESTING else REQUESTING
    with refused(ConsentOperationError, "5.7", operation=operation):
        checked(entry(operation), operations=other)


@pytest.mark.parametrize("operation", OPERATION, ids=lambda operation: operation.name)
def test_users_of_other_providers(operation):
    for receiver in ({"receiver": {C}}, {"sender": {C}}):
        with refused(ConsentDomainError, "5.7"):
            checked(entry(operation), **receiver)
    with refused(ConsentDomainError, "5.7"):
        checked(entry(operation, requester_uri=octets(BOB), target_uri=octets(ALICE)))
    checked(entry(operation), sender={A, B, C}, receiver={A, B, C})


@pytest.mark.parametrize("operation", OPERATION, ids=lambda operation: operation.name)
def test_a_path_that_names_somebody_else(operation):
    for path in (CATHY, ALICE if operation in REQUESTING else BOB, C):
        with refused(PathMismatchError, "5.2 and 5.7", path=str(path)):
            checked(entry(operation), path=path)


@pytest.mark.parametrize(
    ("field", "uri"),
    [
        ("requester_uri", b"mimi://a.example"),
        ("target_uri", octets(BOB.client("phone"))),
        ("room_id", octets(BOB)),
        ("room_id", b""),
    ],
)
def test_uris_of_another_kind_in_an_entry(field, uri):
    with refused(IdentifierUriError, "5.2", field=field, uri=uri):
        checked(entry(OPERATION.REQUEST, **{field: uri}))


def test_the_scope_of_an_entry():
    made = entry(OPERATION.CANCEL, room_id=ROOM_ID)
    assert made.scope == ConsentScope(octets(ALICE), octets(BOB), ROOM_ID)
    assert made.scope == entry(OPERATION.REQUEST, room_id=ROOM_ID).scope
    assert made.scope != entry(OPERATION.REQUEST).scope


def test_key_packages_of_a_grant():
    packages = tuple(package(device(BOB, name)) for name in ("phone", "laptop"))
    granted = entry(OPERATION.GRANT, client_key_packages=packages)
    assert check_granted(granted, lifetimes=LIFETIMES) == packages
    assert check_granted(entry(OPERATION.GRANT), lifetimes=LIFETIMES) == ()
    assert check_granted(entry(OPERATION.REVOKE), lifetimes=LIFETIMES) == ()
    with refused(KeyPackageUserError, "5.2", found=octets(CATHY)):
        others = (packages[0], package(device(CATHY)))
        check_granted(entry(OPERATION.GRANT, client_key_packages=others), lifetimes=LIFETIMES)
    old = (package(device(BOB), now=NOW - 100 * 24 * 3600),)
    with refused(UnsuitableKeyPackageError, "5.2"):
        check_granted(entry(OPERATION.GRANT, client_key_packages=old), lifetimes=LIFETIMES)


# Identifier queries

SEARCH, QUERIED = SearchIdentifierType, IdentifierQueryCode
NAMED = (SEARCH.OIDC_STD_CLAIM, SEARCH.VCARD_FIELD)


def element(kind: SearchIdentifierType, value: bytes = b"alice") -> QueryElement:
    return QueryElement(kind, b"ORG" if kind in NAMED else None, value)


@pytest.mark.parametrize("kind", SEARCH, ids=lambda kind: kind.name)
def test_every_search(kind):
    request = IdentifierRequest((element(kind), element(SEARCH.NICK, "zoë".encode())))
    check_identifier_request(decode(IdentifierRequest, encode(request)))
    for broken, error in ((b"", EmptyQueryError), (b"\xff", QueryTextError)):
        with refused(error, "5.8", index=1):
            check_identifier_request(
                IdentifierRequest((element(SEARCH.NICK), element(kind, broken)))
            )


@pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.name)
def test_names_of_claims_and_properties(kind):
    for broken, error in ((b"", EmptyQueryError), (b"\xff", QueryTextError)):
        with refused(error, "5.8", index=0):
            check_identifier_request(IdentifierRequest((QueryElement(kind, broken, b"v"),)))


def test_a_query_for_nothing():
    with refused(EmptyQueryError, "5.8"):
        check_identifier_request(IdentifierRequest(()))


PROFILE = UserProfile(octets(BOB), (ProfileField(FieldSource.VCARD_FIELD, b"FN", b"\xff"),))


@pytest.mark.parametrize("code", QUERIED, ids=lambda code: code.name)
def test_every_answer_to_a_query(code):
    empty = IdentifierResponse(code)
    full = [
        IdentifierResponse(code, (octets(BOB),)),
        IdentifierResponse(code, (), (PROFILE,)),
        IdentifierResponse(code, (octets(BOB),), (PROFILE,)),
    ]
    fits, wrong = (full, [empty]) if code is QUERIED.SUCCESS else ([empty], full)
    for response in fits:
        check_identifier_response(decode(IdentifierResponse, encode(response)), {B})
    for response in wrong:
        with refused(QueryResultError, "5.8", code=code):
            check_identifier_response(response, {B})


def test_who_is_found_is_a_user_of_the_provider():
    for uri, error, section in (
        (octets(ALICE), FoundUserError, "5.8"),
        (octets(BOB.client("phone")), IdentifierUriError, "5.2"),
    ):
        for response in (
            IdentifierResponse(QUERIED.SUCCESS, (octets(BOB), uri)),
            IdentifierResponse(QUERIED.SUCCESS, (octets(BOB),), (UserProfile(uri),)),
        ):
            with refused(error, section):
                check_identifier_response(response, {B})


def test_the_name_of_a_field_is_text():
    profile = UserProfile(octets(BOB), (ProfileField(FieldSource.OIDC_STD_CLAIM, b"\xff", b""),))
    with refused(TextError, "5", field="field_name", at=0):
        check_identifier_response(IdentifierResponse(QUERIED.SUCCESS, (), (profile,)), {B})


# Downloads

ASSETS = frozenset({Domain("assets.b.example"), Domain("xn--bcher-kva.example")})


@pytest.mark.parametrize(
    "url",
    [
        "https://assets.b.example/x/1.png?size=big&v=%20",
        "HTTPS://Assets.B.Example",
        "https://assets.b.example.:443/",
        "https://assets.b.example:/",
        "https://xn--bcher-kva.example/",
    ],
)
def test_what_a_hub_fetches(url):
    found = check_download(url, ASSETS)
    assert found == Download(url, found.host)
    assert found.host in ASSETS


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://assets.b.example/",
        "https:/assets.b.example/",
        "https://user@assets.b.example/",
        "https://assets.b.example@evil.example/",
        "https://evil.example\\@assets.b.example/",
        "https://assets.b.example/#fragment",
        "https://assets.b.example/\r\nHost: evil.example",
        "https://assets.b.example/ ",
        "https://bücher.example/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://.assets.b.example/",
        "https://assets..b.example/",
        "file:///etc/passwd",
    ],
)
def test_what_has_no_url_of_a_host(url):
    with refused(DownloadUrlError, "5.10"):
        check_download(url, ASSETS)


@pytest.mark.parametrize(
    "host", ["b.example", "evil.assets.b.example", "assets.b.example.evil.example", "localhost"]
)
def test_what_is_at_no_peers_asset_server(host):
    with refused(AssetDomainError, "5.10", domain=host):
        check_download(f"https://{host}/", ASSETS)


def test_ports_of_asset_servers():
    with refused(DownloadPortError, "5.10", port=8443):
        check_download("https://assets.b.example:8443/", ASSETS)
    assert check_download("https://assets.b.example:8443/", ASSETS, (443, 8443))


def policy(*names: bytes) -> AssetPolicy:
    direct = DownloadPrivacyType.DIRECT
    return AssetPolicy(
        AssetUploadLocation.LOCAL_PROVIDER,
        (ProviderAssetUploadDomains(b"b.example", names),),
        DownloadPrivacy((direct,), (), direct),
        *(1 << 20,) * 4,
    )


def test_asset_servers_that_policies_name():
    found = asset_domains([policy(b"assets.b.example"), policy(b"Assets.B.example", b"c.example")])
    assert found == {Domain("assets.b.example"), C}
    for broken in (b"", b"\xff", b"a..b"):
        with refused(DownloadUrlError, "5.10", domain=broken):
            asset_domains([policy(broken)])


def test_users_whose_names_are_beyond_ascii():
    zoe = UserUri.from_iri("mimi://b.example/u/zoë")
    checked(entry(OPERATION.REQUEST, target_uri=octets(zoe)), path=zoe)
    with refused(IdentifierUriError, "5.2", field="target_uri"):
        checked(entry(OPERATION.REQUEST, target_uri="mimi://b.example/u/zoë".encode()))
    with refused(IdentifierUriError, "5.2", field="target_uri"):
        checked(entry(OPERATION.REQUEST, target_uri=b"mimi://b.example/u/zo%c3%ab"))


@pytest.mark.parametrize("length", [1, 235, 236, 237, 238, 5000])
def test_identifiers_of_every_length(length):
    """Short ones are remembered, long ones are not."""
    user = UserUri(B, "b" * length)
    for _ in range(2):
        checked(entry(OPERATION.REQUEST, target_uri=octets(user)), path=user)
        with refused(IdentifierUriError, "5.2", field="target_uri"):
            checked(entry(OPERATION.REQUEST, target_uri=octets(user).replace(b"b.", b"B.")))
