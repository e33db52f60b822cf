"""Claiming the group info of a room, to join it by an external commit (section 5.6).

::

    joiner:  GroupInfoRequest, signed; with a key of its own to encrypt to
    hub:     GroupInfoRatchetTreeTBE --EncryptWithLabel(key, room ID)--> GroupInfoResponse, signed

The request does not say for which room it is, only its path does: a hub that serves several rooms
must not take the right to know one for the right to know another.
"""

from typing import Annotated, ClassVar, TypeAlias

from mimi.codec import ClosedEnum8, Opaque, Select, UInt64, decode, encode, encode_as, struct
from mimi.crypto import (
    CipherSuite,
    DecryptionError,
    Entropy,
    HPKEPrivateKey,
    InvalidPublicKeyError,
    SignatureError,
    SignaturePrivateKey,
    Suite,
    suite_of,
)
from mimi.errors import UsageError
from mimi.identity import RoomUri
from mimi.mls.message import MLSMessage
from mimi.mls.tree_options import RatchetTreeOption
from mimi.mls.welcome import GroupInfo
from mimi.protocol.errors import (
    GroupInfoCredentialError,
    GroupInfoKeyError,
    GroupInfoRequestSignatureError,
    GroupInfoResponseSignatureError,
    GroupInfoRoomError,
    GroupInfoSuiteError,
    HubSenderError,
    PendingProposalError,
    SealedGroupInfoError,
)
from mimi.protocol.message import MessageKind, handshake, place_of
from mimi.protocol.protocol import (
    IdentifierUri,
    Protocol,
    ProviderOf,
    check_provider,
    provider_of_basic,
)
from mimi.protocol.update import check_no_tree
from mimi.tree.credential import Credential, SignaturePublicKey, check_credential_key
from mimi.tree.errors import CredentialKeyError
from mimi.tree.extension import ExternalSender, HPKEPublicKey, external_senders
from mimi.tree.path import HPKECiphertext

REQUEST_LABEL = b"GroupInfoRequestTBS"
RESPONSE_LABEL = b"GroupInfoResponseTBS"
ENCRYPTION_LABEL = b"GroupInfo and ratchet_tree encryption"


@struct
class GroupInfoRequestTBS:
    """What the signature of a request covers: all its fields but the signature.

    Attributes:
        cipher_suite: By which request and response are signed and encrypted: one that the hub
            knows, not necessarily the group's.
        requesting_signature_key: The key of the client that asks.
        requesting_credential: Its credential, perhaps a pseudonym's.
        group_info_public_key: What the answer is encrypted to.
        joining_code: What may permit somebody to ask who is no participant; None for none.
    """

    protocol: ClassVar[Protocol] = Protocol.MLS10
    cipher_suite: CipherSuite
    requesting_signature_key: SignaturePublicKey
    requesting_credential: Credential
    group_info_public_key: HPKEPublicKey
    joining_code: Opaque | None


@struct
class GroupInfoRequest(GroupInfoRequestTBS):
    """What claims the group info of a room."""

    signature: Opaque


@struct
class PendingProposal:
    """A proposal that the hub accepted in this epoch.

    Attributes:
        proposal: The proposal, in a PublicMessage or a SemiPrivateMessage.
        hub_accepted_time: When, in milliseconds since 1970-01-01T00:00Z.
    """

    proposal: MLSMessage
    hub_accepted_time: UInt64


@struct
class GroupInfoRatchetTreeTBE:
    """What is encrypted for a joiner.

    Attributes:
        group_info: The group info, without the ratchet tree.
        ratchet_tree_option: The tree, or how to come by it.
        pending_proposals: What the next commit of a member will have to cover.
    """

    group_info: GroupInfo
    ratchet_tree_option: RatchetTreeOption
    pending_proposals: tuple[PendingProposal, ...] = ()


class GroupInfoCode(ClosedEnum8):
    """What became of a request."""

    SUCCESS = 1
    NOT_AUTHORIZED = 2
    NO_SUCH_ROOM = 3


@struct
class SealedGroupInfo:
    """What a joiner is given.

    Attributes:
        cipher_suite: The request's.
        hub_sender: The hub, as the group's external senders name it.
        encrypted_groupinfo_and_tree: A `GroupInfoRatchetTreeTBE`.
        signature: The hub's, over a `GroupInfoResponseTBS`.
    """

    cipher_suite: CipherSuite
    hub_sender: ExternalSender
    encrypted_groupinfo_and_tree: HPKECiphertext
    signature: Opaque


@struct
class GroupInfoNotAuthorized:
    """The requester may not know it."""


@struct
class GroupInfoNoSuchRoom:
    """There is no such room; a hub may say instead that it is not authorised."""


GroupInfoStatus: TypeAlias = Annotated[
    SealedGroupInfo | GroupInfoNotAuthorized | GroupInfoNoSuchRoom,
    Select(
        GroupInfoCode,
        {
            GroupInfoCode.SUCCESS: SealedGroupInfo,
            GroupInfoCode.NOT_AUTHORIZED: GroupInfoNotAuthorized,
            GroupInfoCode.NO_SUCH_ROOM: GroupInfoNoSuchRoom,
        },
        "GroupInfoStatus",
    ),
]


@struct
class GroupInfoResponse:
    """What answers a request for the group info of a room."""

    version: ClassVar[Protocol] = Protocol.MLS10
    room_id: IdentifierUri
    status: GroupInfoStatus

    @property
    def code(self) -> GroupInfoCode:
        """What became of the request."""
        match self.status:
            case SealedGroupInfo():
                return GroupInfoCode.SUCCESS
            case GroupInfoNotAuthorized():
                return GroupInfoCode.NOT_AUTHORIZED
        return GroupInfoCode.NO_SUCH_ROOM


@struct
class GroupInfoResponseTBS:
    """What the signature of an answer covers, which there is in case of success alone."""

    version: ClassVar[Protocol] = Protocol.MLS10
    room_id: IdentifierUri
    status: ClassVar[GroupInfoCode] = GroupInfoCode.SUCCESS
    cipher_suite: CipherSuite
    hub_sender: ExternalSender
    encrypted_groupinfo_and_tree: HPKECiphertext


def sign_group_info_request(
    request: GroupInfoRequestTBS, signer: SignaturePrivateKey
) -> GroupInfoRequest:
    """Return a signed request.

    Args:
        request: What it says.
        signer: The private key of its ``requesting_signature_key``.

    Raises:
        UsageError: The signer's key is not the one in the request.
    """
    if signer.public != request.requesting_signature_key:
        raise UsageError("a request is signed with the private key of requesting_signature_key")
    suite = suite_of(request.cipher_suite)
    return GroupInfoRequest(
        request.cipher_suite,
        request.requesting_signature_key,
        request.requesting_credential,
        request.group_info_public_key,
        request.joining_code,
        suite.sign_with_label(signer, REQUEST_LABEL, encode(request)),
    )


def check_group_info_request(request: GroupInfoRequest) -> Suite:
    """Check a received request, all but whether its client may know the room; return its suite.

    Raises:
        UnknownCipherSuiteError: It is for a cipher suite that is not known here.
        GroupInfoKeyError: What to encrypt to is no key.
        GroupInfoCredentialError: The credential is for another key.
        GroupInfoRequestSignatureError: The signature is not by the requesting key.
    """
    suite = suite_of(request.cipher_suite)
    key, tbs = request.requesting_signature_key, encode_as(GroupInfoRequestTBS, request)
    try:
        suite.check_hpke_public_key(request.group_info_public_key)
    except InvalidPublicKeyError as error:
        raise GroupInfoKeyError(error.reason) from error
    try:
        check_credential_key(request.requesting_credential, key)
    except CredentialKeyError as error:
        raise GroupInfoCredentialError(error.reason) from error
    try:
        suite.verify_with_label(key, REQUEST_LABEL, tbs, request.signature)
    except (SignatureError, InvalidPublicKeyError) as error:
        raise GroupInfoRequestSignatureError(error.reason) from error
    return suite


def seal_group_info(
    room: RoomUri,
    request: GroupInfoRequest,
    answer: GroupInfoRatchetTreeTBE,
    hub: ExternalSender,
    signer: SignaturePrivateKey,
    entropy: Entropy,
) -> GroupInfoResponse:
    """Return the answer to a request that the hub grants.

    Args:
        room: The room.
        request: The request, after `check_group_info_request`.
        answer: What to tell.
        hub: The hub, as the group's external senders name it.
        signer: Its private key, of the scheme of the request's cipher suite.
        entropy: The source of the encryption's randomness.

    Raises:
        EmbeddedTreeError: The group info holds the ratchet tree.
        GroupInfoKeyError: The key to encrypt to makes no shared secret.
        UsageError: The signer's key is not the hub's, or of another scheme.
    """
    if signer.public != hub.signature_key:
        raise UsageError("the answer is signed with the private key of hub_sender")
    check_no_tree(answer.group_info.extensions)
    suite, room_id = suite_of(request.cipher_suite), str(room).encode()
    try:
        sealed = suite.encrypt_with_label(
            request.group_info_public_key, ENCRYPTION_LABEL, room_id, encode(answer), entropy
        )
    except InvalidPublicKeyError as error:
        raise GroupInfoKeyError(error.reason) from error
    ciphertext = HPKECiphertext(*sealed)
    tbs = encode(GroupInfoResponseTBS(room_id, suite.code, hub, ciphertext))
    signature = suite.sign_with_label(signer, RESPONSE_LABEL, tbs)
    return GroupInfoResponse(room_id, SealedGroupInfo(suite.code, hub, ciphertext, signature))


def open_group_info(
    room: RoomUri,
    request: GroupInfoRequestTBS,
    response: GroupInfoResponse,
    private: HPKEPrivateKey,
    *,
    provider_of: ProviderOf = provider_of_basic,
) -> GroupInfoRatchetTreeTBE:
    """Check and decrypt the answer to one's own request.

    The group info's own signature and the tree are checked where the group is joined.

    Args:
        room: The room that was asked for.
        request: What was asked.
        response: What was received, with success.
        private: The private key of ``group_info_public_key``.
        provider_of: Whose a credential is.

    Raises:
        GroupInfoRoomError: It is of another room.
        GroupInfoSuiteError: It is for another cipher suite.
        ProviderCredentialError: Who signed it is not the hub, whose domain the room has.
        GroupInfoResponseSignatureError: The signature is not the hub's.
        SealedGroupInfoError: It does not decrypt.
        HubSenderError: The hub is no external sender of the group.
        EmbeddedTreeError: The group info holds the ratchet tree.
        HandshakeError: A pending proposal is none.
        PendingProposalError: A pending proposal is of another group or epoch.
        MalformedError: What decrypts does not parse.
        UsageError: It is not of success, or the key is not the request's.
    """
    status, suite = response.status, suite_of(request.cipher_suite)
    if not isinstance(status, SealedGroupInfo):
        raise UsageError(f"a {type(status).__name__} holds nothing")
    if private.public != request.group_info_public_key:
        raise UsageError("the answer is opened with the private key of group_info_public_key")
    if response.room_id != str(room).encode():
        raise GroupInfoRoomError("a group info of another room", room_id=response.room_id)
    if status.cipher_suite != suite.code:
        raise GroupInfoSuiteError(f"sealed for {status.cipher_suite}, not {suite.code}")
    check_provider(status.hub_sender.credential, room.provider, provider_of)
    _verify(suite, response.room_id, status)
    sealed = status.encrypted_groupinfo_and_tree
    try:
        opened = suite.decrypt_with_label(
            private, ENCRYPTION_LABEL, response.room_id, sealed.kem_output, sealed.ciphertext
        )
    except (DecryptionError, InvalidPublicKeyError) as error:
        raise SealedGroupInfoError(error.reason) from error
    answer = decode(GroupInfoRatchetTreeTBE, opened)
    _check_answer(answer, status.hub_sender)
    return answer


def _verify(suite: Suite, room_id: bytes, sealed: SealedGroupInfo) -> None:
    ciphertext, hub = sealed.encrypted_groupinfo_and_tree, sealed.hub_sender
    tbs = encode(GroupInfoResponseTBS(room_id, sealed.cipher_suite, hub, ciphertext))
    try:
        suite.verify_with_label(hub.signature_key, RESPONSE_LABEL, tbs, sealed.signature)
    except (SignatureError, InvalidPublicKeyError) as error:
        raise GroupInfoResponseSignatureError(error.reason) from error


def _check_answer(answer: GroupInfoRatchetTreeTBE, hub: ExternalSender) -> None:
    context = answer.group_info.group_context
    check_no_tree(answer.group_info.extensions)
    if hub not in external_senders(context.extensions):
        raise HubSenderError("the hub is no external sender of the group")
    for index, each in enumerate(answer.pending_proposals):
        place = place_of(handshake(each.proposal, MessageKind.PROPOSAL))
        if place != (context.group_id, context.epoch):
            raise PendingProposalError(
                f"pending proposal {index} is of another group or epoch", index=index
            )
