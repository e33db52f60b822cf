"""Key material (section 5.2)."""

from typing import Any

import pytest
from protocol.providers import (
    ALICE,
    BOB,
    CATHY,
    LIFETIMES,
    OTHER_ROOM,
    ROOM_ID,
    device,
    octets,
    package,
    refused,
)
from tree.certificates import KEYS, certificate
from tree.members import NOW, SUITE, every_suite

from mimi.codec import decode, encode, replace
from mimi.crypto import CipherSuite, suite_of
from mimi.errors import MalformedError, UsageError
from mimi.identity import ClientUri
from mimi.mls import key_package_ref
from mimi.protocol import (
    ClientKeyMaterial,
    KeyMaterialClientCode,
    KeyMaterialRequest,
    KeyMaterialRequestTBS,
    KeyMaterialResponse,
    KeyMaterialUserCode,
    Protocol,
    check_key_material_request,
    check_key_material_response,
    incompatible_protocol,
    sign_key_material_request,
    suits,
)
from mimi.protocol.errors import (
    AnsweredProtocolError,
    AnsweredUserError,
    ClientStatusError,
    ClientUriError,
    IdentifierUriError,
    IncompatibleProtocolError,
    KeyMaterialSignatureError,
    KeyPackageUserError,
    NoAcceptableSuiteError,
    PathMismatchError,
    PopulatedClientsError,
    RepeatedKeyPackageError,
    RequesterCredentialError,
    RequesterKeyError,
    UnsuitableKeyPackageError,
)
from mimi.protocol.keys import NO_ROOM, is_client_of, read_key_material_request
from mimi.tree.codepoints import CredentialType, ExtensionType
from mimi.tree.credential import BasicCredential, X509Credential
from mimi.tree.errors import CredentialKeyError, LifetimeError
from mimi.tree.extension import RequiredCapabilities

CODE, CLIENT = KeyMaterialUserCode, KeyMaterialClientCode
PHONE, LAPTOP = (octets(BOB.client(name)) for name in ("phone", "laptop"))
SUITES = (SUITE.code, CipherSuite(2))


def request(suite=SUITE, **changes: Any) -> KeyMaterialRequest:
    """Return Alice's request for Bob's key packages, with changes before it is signed."""
    alice = device(ALICE, suite=suite)
    asked = KeyMaterialRequestTBS(
        octets(ALICE),
        octets(BOB),
        ROOM_ID,
        (suite.code, CipherSuite(0x0A0A)),
        RequiredCapabilities(),
        alice.signer.public,
        alice.credential,
    )
    return sign_key_material_request(suite, replace(asked, **changes), alice.signer)


@every_suite
def test_a_request_is_signed_by_the_requesting_client(suite):
    asked = request(suite)
    assert read_key_material_request(encode(asked)) == asked
    check_key_material_request(asked, target=BOB)
    other = suite.generate_signature_key(device(BOB).entropy)
    for changed in (
        replace(asked, room_id=octets(OTHER_ROOM)),
        replace(asked, requester_signature_key=other.public),
        replace(asked, required_capabilities=RequiredCapabilities((ExtensionType(9),))),
        replace(asked, acceptable_ciphersuites=(suite.code,)),
        replace(asked, key_material_request_signature=b""),
    ):
        with refused(KeyMaterialSignatureError, "5.2"):
            check_key_material_request(changed, target=BOB)


def test_the_scheme_is_that_of_the_first_suite_for_which_the_key_is_one():
    mixed = (CipherSuite.P256_AES128, CipherSuite(0xF00F), CipherSuite.X25519_CHACHA20)
    check_key_material_request(request(acceptable_ciphersuites=mixed), target=BOB)
    asked = request(suite_of(CipherSuite.P256_AES128), acceptable_ciphersuites=mixed)
    check_key_material_request(asked, target=BOB)


def test_no_acceptable_suite():
    asked = replace(request(), acceptable_ciphersuites=())
    with refused(NoAcceptableSuiteError, "5.2"):
        check_key_material_request(asked, target=BOB)


def test_a_key_of_no_acceptable_suite():
    for suites in ((CipherSuite(2),), (CipherSuite(0x0A0A),)):
        with refused(RequesterKeyError, "5.2"):
            check_key_material_request(
                replace(request(), acceptable_ciphersuites=suites), target=BOB
            )


def test_signing_what_nobody_could_verify():
    for suite, changes in (
        (SUITE, {"acceptable_ciphersuites": ()}),
        (SUITE, {"acceptable_ciphersuites": (CipherSuite(2),)}),
        (SUITE, {"requester_signature_key": b"another"}),
    ):
        with pytest.raises(UsageError):
            request(suite, **changes)
    alice, ed448 = device(ALICE), suite_of(CipherSuite.X448_AES256)
    asked = decode(KeyMaterialRequestTBS, encode(request(), KeyMaterialRequestTBS))
    with pytest.raises(UsageError, match="would be verified as ed25519"):
        sign_key_material_request(ed448, asked, alice.signer)


@pytest.mark.parametrize(
    ("field", "uri"),
    [
        ("requesting_user", b""),
        ("requesting_user", ROOM_ID),
        ("requesting_user", b"mimi://A.example/u/alice"),
        ("target_user", PHONE),
        ("target_user", b"mimi://b.example"),
        ("target_user", b"\xff"),
        ("room_id", octets(BOB)),
        ("room_id", b"mimi://a.example/g/clubhouse"),
    ],
)
def test_uris_of_another_kind(field, uri):
    with refused(IdentifierUriError, "5.2", field=field, uri=uri):
        check_key_material_request(request(**{field: uri}), target=BOB)


def test_a_request_for_no_certain_room():
    check_key_material_request(request(room_id=NO_ROOM), target=BOB)


def test_the_path_names_another_user():
    with refused(PathMismatchError, "5.2 and 5.7", path=str(CATHY)):
        check_key_material_request(request(), target=CATHY)


def test_the_credential_is_the_requesting_users():
    for credential in (
        BasicCredential(octets(CATHY.client("phone"))),
        BasicCredential(b"alice"),
        X509Credential((certificate(KEYS["Ed25519"].public_key()),)),
    ):
        with refused(RequesterCredentialError, "5.2"):
            check_key_material_request(request(requester_credential=credential), target=BOB)
    alice = BasicCredential(octets(ALICE))
    check_key_material_request(request(requester_credential=alice), target=BOB)


def test_a_certificate_of_another_key():
    asked = request(requester_credential=X509Credential((certificate(KEYS["P-256"].public_key()),)))
    with refused(RequesterCredentialError, "5.2") as caught:
        check_key_material_request(asked, target=BOB, identify=lambda _: octets(ALICE))
    assert type(caught.value.__cause__) is CredentialKeyError


def test_another_protocol_is_answered_as_such():
    body = b"\x07" + encode(request())[1:]
    with refused(IncompatibleProtocolError, "5", protocol=Protocol(7)):
        read_key_material_request(body)
    answer = incompatible_protocol(body, BOB)
    assert encode(answer).hex() == "0702" + "16" + octets(BOB).hex() + "00"
    with pytest.raises(MalformedError):
        read_key_material_request(b"")
    with refused(AnsweredProtocolError, "5.2"):
        check_key_material_response(answer, request(), lifetimes=LIFETIMES)


# Responses


def given(client: bytes, key_package) -> ClientKeyMaterial:
    return ClientKeyMaterial(CLIENT.SUCCESS, client, key_package)


def answer(code=CODE.SUCCESS, *clients: ClientKeyMaterial) -> KeyMaterialResponse:
    return KeyMaterialResponse(Protocol.MLS10, code, octets(BOB), clients)


def checked(response: KeyMaterialResponse, **changes: Any) -> dict[bytes, bytes]:
    options: dict[str, Any] = {"lifetimes": LIFETIMES, **changes}
    asked = options.pop("request", None) or request()
    return check_key_material_response(
        decode(KeyMaterialResponse, encode(response)), asked, **options
    )


ON_PHONE, ON_LAPTOP = (package(device(BOB, name)) for name in ("phone", "laptop"))
USED_UP = ClientKeyMaterial(CLIENT.KEY_MATERIAL_EXHAUSTED, LAPTOP)
NOTHING = ClientKeyMaterial(CLIENT.NOTHING_COMPATIBLE, LAPTOP)


def test_key_packages_of_all_clients():
    references = checked(answer(CODE.SUCCESS, given(PHONE, ON_PHONE), given(LAPTOP, ON_LAPTOP)))
    assert references == {
        key_package_ref(SUITE, ON_PHONE): PHONE,
        key_package_ref(SUITE, ON_LAPTOP): LAPTOP,
    }


@pytest.mark.parametrize("code", CODE, ids=lambda code: code.name)
def test_every_code(code):
    clients = {
        CODE.SUCCESS: (given(PHONE, ON_PHONE),),
        CODE.PARTIAL_SUCCESS: (given(PHONE, ON_PHONE), USED_UP),
        CODE.NO_COMPATIBLE_MATERIAL: (NOTHING,),
    }
    assert len(checked(answer(code, *clients.get(code, ())))) == (code <= CODE.PARTIAL_SUCCESS)


@pytest.mark.parametrize("code", CODE, ids=lambda code: code.name)
def test_clients_where_there_are_none(code):
    listed = answer(code, given(PHONE, ON_PHONE), USED_UP)
    if code is CODE.PARTIAL_SUCCESS:
        checked(listed)
    elif code in (CODE.SUCCESS, CODE.NO_COMPATIBLE_MATERIAL):
        with refused(ClientStatusError, "5.2", code=code):
            checked(listed)
    else:
        with refused(PopulatedClientsError, "5.2", code=code):
            checked(listed)


def test_success_without_key_packages():
    for code, clients in (
        (CODE.SUCCESS, ()),
        (CODE.PARTIAL_SUCCESS, ()),
        (CODE.PARTIAL_SUCCESS, (NOTHING,)),
    ):
        with refused(ClientStatusError, "5.2", code=code):
            checked(answer(code, *clients))


def test_partial_success_may_be_that_of_all():
    assert checked(answer(CODE.PARTIAL_SUCCESS, given(PHONE, ON_PHONE)))


def test_an_answer_about_another_user():
    about = replace(answer(CODE.USER_UNKNOWN), user_uri=octets(CATHY))
    with refused(AnsweredUserError, "5.2", user=octets(CATHY)):
        checked(about)


@pytest.mark.parametrize(
    "uri",
    [octets(CATHY.client("phone")), b"mimi://b.example/d/cathy/phone", b"mimi://a.example/d/phone"],
)
def test_a_client_that_is_not_the_users(uri):
    with refused(ClientUriError, "5.2", client=uri):
        checked(answer(CODE.SUCCESS, given(uri, ON_PHONE)))


def test_a_client_listed_twice():
    with refused(ClientUriError, "5.2", client=PHONE):
        checked(answer(CODE.SUCCESS, given(PHONE, ON_PHONE), given(PHONE, ON_LAPTOP)))


def test_a_client_that_is_none():
    with refused(IdentifierUriError, "5.2", field="clients[0].client_uri"):
        checked(answer(CODE.SUCCESS, given(octets(BOB), ON_PHONE)))


def test_a_client_that_names_nobody():
    assert is_client_of(ClientUri(BOB.provider, "phone"), BOB)
    assert checked(answer(CODE.SUCCESS, given(b"mimi://b.example/d/phone", ON_PHONE)))


def test_a_key_package_that_is_given_twice():
    with refused(RepeatedKeyPackageError, "5.2", client=LAPTOP):
        checked(answer(CODE.SUCCESS, given(PHONE, ON_PHONE), given(LAPTOP, ON_PHONE)))


def test_a_key_package_of_another_user():
    cathys = package(device(CATHY))
    with refused(KeyPackageUserError, "5.2", user=octets(BOB), found=octets(CATHY)):
        checked(answer(CODE.SUCCESS, given(PHONE, cathys)))
    nobodys = package(device(BOB, identity=ROOM_ID))
    with refused(KeyPackageUserError, "5.2", user=octets(BOB)):
        checked(answer(CODE.SUCCESS, given(PHONE, nobodys)))


def test_a_key_package_that_has_expired():
    old = package(device(BOB), now=NOW - 100 * 24 * 3600)
    with refused(UnsuitableKeyPackageError, "5.2", user=octets(BOB)) as caught:
        checked(answer(CODE.SUCCESS, given(PHONE, old)))
    assert type(caught.value.__cause__) is LifetimeError


def test_a_key_package_that_is_not_valid():
    for broken in (
        replace(ON_PHONE, signature=b"broken"),
        replace(ON_PHONE, cipher_suite=CipherSuite(0xF00F)),
    ):
        with refused(UnsuitableKeyPackageError, "5.2", user=octets(BOB)):
            checked(answer(CODE.SUCCESS, given(PHONE, broken)))


def test_a_key_package_of_another_suite():
    other = package(device(BOB, suite=suite_of(CipherSuite(3))))
    assert not suits(other, request())
    with refused(UnsuitableKeyPackageError, "5.2", client=PHONE):
        checked(answer(CODE.SUCCESS, given(PHONE, other)))


@pytest.mark.parametrize(
    "required",
    [
        RequiredCapabilities(extension_types=(ExtensionType(0xF0F0),)),
        RequiredCapabilities(credential_types=(CredentialType.X509,)),
    ],
)
def test_a_key_package_whose_client_lacks_what_is_required(required):
    asked = request(required_capabilities=required)
    with refused(UnsuitableKeyPackageError, "5.2", client=PHONE):
        checked(answer(CODE.SUCCESS, given(PHONE, ON_PHONE)), request=asked)
