"""Key material: claiming key packages of all clients of a user (section 5.2).

::

    requester --> its provider --> hub --> provider of the target user
                KeyMaterialRequest, signed by the requesting client
                KeyMaterialResponse: for each client a key package, or why there is none

A key package in one response is in no other; but for one of last resort, which is (RFC 9420
section 16.8).
"""

from typing import Annotated, ClassVar

from mimi.codec import ClosedEnum8, Given, Opaque, decode, encode, encode_as, struct
from mimi.crypto import (
    CipherSuite,
    InvalidPublicKeyError,
    SignatureError,
    SignaturePrivateKey,
    Suite,
    UnknownCipherSuiteError,
    suite_of,
)
from mimi.errors import InvalidError, MalformedError, UsageError
from mimi.identity import ClientUri, MimiUri
from mimi.mls.keypackage import KeyPackage, key_package_ref, validate_key_package
from mimi.policy.errors import UnnamedClientError
from mimi.policy.identities import Identify, user_of_basic
from mimi.protocol.errors import (
    AnsweredProtocolError,
    AnsweredUserError,
    ClientStatusError,
    ClientUriError,
    KeyMaterialError,
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
from mimi.protocol.protocol import (
    CLIENTS,
    ROOMS,
    USERS,
    IdentifierUri,
    Protocol,
    check_protocol,
    identified,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import Credential, SignaturePublicKey, check_credential_key
from mimi.tree.errors import CredentialKeyError
from mimi.tree.extension import RequiredCapabilities, extension
from mimi.tree.leaf import Capabilities, GroupNeeds, LifetimePolicy, check_group_needs
from mimi.tree.math import LeafIndex

SIGNATURE_LABEL = b"KeyMaterialRequestTBS"

NO_ROOM = b""
"""The room of key material that is for no certain room."""


@struct
class KeyMaterialRequestTBS:
    """What the signature of a request covers: all its fields but the signature.

    Attributes:
        requesting_user: Who asks.
        target_user: Whose clients' key packages are wanted.
        room_id: The room that they are for; `NO_ROOM` where they are for none.
        acceptable_ciphersuites: For which cipher suites they may be.
        required_capabilities: What the clients must support.
        requester_signature_key: The key of the requesting client, of the scheme of the first
            acceptable cipher suite of whose scheme it is a key.
        requester_credential: Its credential.
    """

    protocol: ClassVar[Protocol] = Protocol.MLS10
    requesting_user: IdentifierUri
    target_user: IdentifierUri
    room_id: IdentifierUri
    acceptable_ciphersuites: tuple[CipherSuite, ...]
    required_capabilities: RequiredCapabilities
    requester_signature_key: SignaturePublicKey
    requester_credential: Credential


@struct
class KeyMaterialRequest(KeyMaterialRequestTBS):
    """What claims key packages."""

    key_material_request_signature: Opaque


class KeyMaterialUserCode(ClosedEnum8):
    """What became of a request, for the user as a whole."""

    SUCCESS = 0
    PARTIAL_SUCCESS = 1
    INCOMPATIBLE_PROTOCOL = 2
    NO_COMPATIBLE_MATERIAL = 3
    USER_UNKNOWN = 4
    NO_CONSENT = 5
    NO_CONSENT_FOR_THIS_ROOM = 6
    USER_DELETED = 7


class KeyMaterialClientCode(ClosedEnum8):
    """What became of it for one client."""

    SUCCESS = 0
    KEY_MATERIAL_EXHAUSTED = 1
    NOTHING_COMPATIBLE = 2


@struct
class ClientKeyMaterial:
    """The key package of a client, or why there is none.

    Attributes:
        client_status: Whether there is one.
        client_uri: Which client.
        material: The key package; where nothing is compatible what the client supports, or None
            where that is not said; where all is used up None.
    """

    client_status: KeyMaterialClientCode
    client_uri: IdentifierUri
    material: Annotated[
        KeyPackage | Capabilities | None,
        Given(
            "client_status",
            {
                KeyMaterialClientCode.SUCCESS: KeyPackage,
                KeyMaterialClientCode.NOTHING_COMPATIBLE: Capabilities | None,
            },
        ),
    ] = None


@struct
class KeyMaterialResponse:
    """What answers a request for key material.

    Attributes:
        protocol: The request's: also where nobody here speaks it, since clients are empty then.
        user_status: What became of the request.
        user_uri: The target user.
        clients: The clients of the user; none where the code says that there is no material.
    """

    protocol: Protocol
    user_status: KeyMaterialUserCode
    user_uri: IdentifierUri
    clients: tuple[ClientKeyMaterial, ...] = ()


# Requests


def sign_key_material_request(
    suite: Suite, request: KeyMaterialRequestTBS, signer: SignaturePrivateKey
) -> KeyMaterialRequest:
    """Return a signed request.

    Args:
        suite: The cipher suite of the requesting client.
        request: What it asks for.
        signer: The private key of its ``requester_signature_key``.

    Raises:
        UsageError: The signer's key is not the one in the request, or the suite not the one by
            which others will verify the signature.
    """
    if signer.public != request.requester_signature_key:
        raise UsageError("a request is signed with the private key of requester_signature_key")
    try:
        scheme = requester_suite(request).signature
    except KeyMaterialError as error:
        raise UsageError(f"nobody could verify the request: {error.reason}") from error
    if scheme != suite.signature:
        raise UsageError(f"the request would be verified as {scheme.name}", scheme=scheme.name)
    signature = suite.sign_with_label(signer, SIGNATURE_LABEL, encode(request))
    return KeyMaterialRequest(
        request.requesting_user,
        request.target_user,
        request.room_id,
        request.acceptable_ciphersuites,
        request.required_capabilities,
        request.requester_signature_key,
        request.requester_credential,
        signature,
    )


def read_key_material_request(body: bytes) -> KeyMaterialRequest:
    """Return the request that a body is.

    Raises:
        IncompatibleProtocolError: It is of another protocol, which is to be answered as
            `KeyMaterialUserCode.INCOMPATIBLE_PROTOCOL`.
        MalformedError: It does not parse.
    """
    check_protocol(body)
    return decode(KeyMaterialRequest, body)


def requester_suite(request: KeyMaterialRequestTBS) -> Suite:
    """Return the first acceptable cipher suite for whose scheme the requester has a key.

    Raises:
        NoAcceptableSuiteError: There is no acceptable suite.
        RequesterKeyError: The key is none of any suite that is known here.
    """
    if not request.acceptable_ciphersuites:
        raise NoAcceptableSuiteError("no cipher suite is acceptable")
    for code in request.acceptable_ciphersuites:
        try:
            suite = suite_of(code)
            suite.check_signature_public_key(request.requester_signature_key)
        except (UnknownCipherSuiteError, InvalidPublicKeyError):
            continue
        return suite
    raise RequesterKeyError("the key is none of an acceptable cipher suite")


def verify_key_material_request(request: KeyMaterialRequest) -> None:
    """Check the signature of a request.

    Raises:
        NoAcceptableSuiteError: There is no acceptable suite.
        RequesterKeyError: The key is none of any suite that is known here.
        KeyMaterialSignatureError: The signature is not by that key.
    """
    suite, tbs = requester_suite(request), encode_as(KeyMaterialRequestTBS, request)
    key, signature = request.requester_signature_key, request.key_material_request_signature
    try:
        suite.verify_with_label(key, SIGNATURE_LABEL, tbs, signature)
    except (SignatureError, InvalidPublicKeyError) as error:
        raise KeyMaterialSignatureError(error.reason) from error


def check_key_material_request(
    request: KeyMaterialRequest, *, target: MimiUri, identify: Identify = user_of_basic
) -> None:
    """Check a received request.

    Args:
        request: What was received.
        target: The user in the path.
        identify: Whose a credential is.

    Raises:
        IdentifierUriError: A URI is not that of a user, or of a room.
        PathMismatchError: The path names another user.
        RequesterCredentialError: The credential is not the requesting user's, or for another key.
        NoAcceptableSuiteError: There is no acceptable suite.
        RequesterKeyError: The key is none of any suite that is known here.
        KeyMaterialSignatureError: The signature is not by that key.
    """
    identified("requesting_user", request.requesting_user, USERS)
    if identified("target_user", request.target_user, USERS) != target:
        raise PathMismatchError("the path names another user", path=str(target))
    if request.room_id != NO_ROOM:
        identified("room_id", request.room_id, ROOMS)
    verify_key_material_request(request)
    try:
        check_credential_key(request.requester_credential, request.requester_signature_key)
        user = identify(request.requester_credential)
    except (CredentialKeyError, UnnamedClientError) as error:
        raise RequesterCredentialError(error.reason) from error
    if user != request.requesting_user:
        raise RequesterCredentialError("the credential is of another user", user=user)


# Responses


def incompatible_protocol(body: bytes, target: MimiUri) -> KeyMaterialResponse:
    """Return the answer to a request of another protocol.

    Args:
        body: The request's.
        target: The user in the path.

    Raises:
        MalformedError: The body is empty.
    """
    code = KeyMaterialUserCode.INCOMPATIBLE_PROTOCOL
    return KeyMaterialResponse(decode(Protocol, body[:1]), code, str(target).encode())


def check_key_material_response(
    response: KeyMaterialResponse,
    request: KeyMaterialRequestTBS,
    *,
    lifetimes: LifetimePolicy,
    identify: Identify = user_of_basic,
) -> dict[bytes, bytes]:
    """Check a received answer.

    Args:
        response: What was received.
        request: What was asked.
        lifetimes: The present, and how long key packages may be valid.
        identify: Whose a credential is.

    Returns:
        From the KeyPackageRef of each key package to the URI of its client: by it a Welcome is
        routed.

    Raises:
        KeyMaterialError: It breaks a rule; the class says which.
        IdentifierUriError: A client has no URI of a client.
    """
    if response.protocol != Protocol.MLS10:
        raise AnsweredProtocolError(f"key material of protocol {response.protocol}")
    if response.user_uri != request.target_user:
        raise AnsweredUserError("key material of another user", user=response.user_uri)
    _check_statuses(response)
    user, seen = identified("user_uri", response.user_uri, USERS), set[bytes]()
    references: dict[bytes, bytes] = {}
    for index, each in enumerate(response.clients):
        client = identified(f"clients[{index}].client_uri", each.client_uri, CLIENTS)
        if not is_client_of(client, user) or each.client_uri in seen:
            raise ClientUriError(f"{client} is no client, or again", client=each.client_uri)
        seen.add(each.client_uri)
        if isinstance(each.material, KeyPackage):
            reference = _suitable(each.client_uri, each.material, request, lifetimes, identify)
            if reference in references:
                raise RepeatedKeyPackageError(f"{client}: given before", client=each.client_uri)
            references[reference] = each.client_uri
    return references


def is_client_of(client: MimiUri, user: MimiUri) -> bool:
    """Return whether a client may be a user's: of the provider and, if it says whose, the user's.

    A user's pseudonym does not say whose it is, so that its clients name nobody.
    """
    named = client.user_uri if isinstance(client, ClientUri) else None
    return client.provider == user.provider and named in (None, user)


_WITHOUT_MATERIAL = frozenset(KeyMaterialUserCode) - {
    KeyMaterialUserCode.SUCCESS,
    KeyMaterialUserCode.PARTIAL_SUCCESS,
    KeyMaterialUserCode.NO_COMPATIBLE_MATERIAL,
}


def _check_statuses(response: KeyMaterialResponse) -> None:
    code, clients = response.user_status, response.clients
    if clients and code in _WITHOUT_MATERIAL:
        raise PopulatedClientsError(f"{len(clients)} clients beside {code}", code=code)
    given = [each.client_status is KeyMaterialClientCode.SUCCESS for each in clients]
    match code:
        case KeyMaterialUserCode.SUCCESS:
            fits = bool(given) and all(given)
        case KeyMaterialUserCode.PARTIAL_SUCCESS:
            fits = any(given)
        case _:
            fits = not any(given)
    if not fits:
        raise ClientStatusError(
            f"{sum(given)} key packages of {len(given)} clients beside {code}", code=code
        )


def check_key_package(
    package: KeyPackage,
    user: bytes,
    *,
    lifetimes: LifetimePolicy | None,
    identify: Identify = user_of_basic,
) -> Suite:
    """Check that a key package is valid and a user's; return its cipher suite.

    Args:
        package: What was received.
        user: The canonical URI of the user.
        lifetimes: How its lifetime is judged; None not at all.
        identify: Whose a credential is.

    Raises:
        UnsuitableKeyPackageError: It is not valid.
        KeyPackageUserError: It is another user's.
    """
    try:
        suite = suite_of(package.cipher_suite)
        validate_key_package(suite, package, lifetimes=lifetimes)
        found = identify(package.leaf_node.credential)
    except UnnamedClientError as error:
        raise KeyPackageUserError(error.reason, user=user) from error
    except (InvalidError, MalformedError) as error:
        raise UnsuitableKeyPackageError(f"{error}", user=user) from error
    if found != user:
        raise KeyPackageUserError("a key package of another user", user=user, found=found)
    return suite


def suits(package: KeyPackage, request: KeyMaterialRequestTBS) -> bool:
    """Return whether a key package is what a request asks for, if it is valid.

    It is of an acceptable cipher suite, and its client supports what is required.
    """
    if package.cipher_suite not in request.acceptable_ciphersuites:
        return False
    required = extension(ExtensionType.REQUIRED_CAPABILITIES, request.required_capabilities)
    try:
        check_group_needs(package.leaf_node, GroupNeeds.of((required,)), LeafIndex(0))
    except InvalidError:
        return False
    return True


def _suitable(
    client: bytes,
    package: KeyPackage,
    request: KeyMaterialRequestTBS,
    lifetimes: LifetimePolicy,
    identify: Identify,
) -> bytes:
    suite = check_key_package(package, request.target_user, lifetimes=lifetimes, identify=identify)
    if not suits(package, request):
        raise UnsuitableKeyPackageError(
            f"{package.cipher_suite} or its capabilities are not as asked for", client=client
        )
    return key_package_ref(suite, package)
