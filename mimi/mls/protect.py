"""Protecting and unprotecting messages (RFC 9420 sections 6.1 to 6.3).

::

    FramedContent -- sign --> AuthenticatedContent --+-- membership tag --> PublicMessage
                                                     +-- encrypt ---------> PrivateMessage

and the same way back, each check in its place. What a message means is for the group to say.
"""

from typing import TYPE_CHECKING

from mimi.codec import decode, encode, field_encoder
from mimi.crypto import (
    DecryptionError,
    Entropy,
    InvalidPublicKeyError,
    Secret,
    SignatureError,
    SignaturePrivateKey,
    Suite,
    draw,
)
from mimi.errors import InvalidError
from mimi.mls.codepoints import ContentType, WireFormat
from mimi.mls.context import GroupContext
from mimi.mls.errors import (
    ContentDecryptionError,
    ContentError,
    MembershipTagError,
    MessageSignatureError,
    PublicApplicationError,
    SenderDataError,
    WrongEpochError,
    WrongGroupError,
)
from mimi.mls.framing import (
    AuthenticatedContent,
    AuthenticatedContentTBM,
    CommitAuthData,
    Content,
    FramedContent,
    FramedContentAuthData,
    FramedContentTBS,
    MemberSender,
    NewMemberCommitSender,
    PrivateApplication,
    PrivateCommit,
    PrivateContentAAD,
    PrivateMessage,
    PrivateMessageContent,
    PrivateProposal,
    PublicMessage,
    SenderData,
    SenderDataAAD,
)
from mimi.mls.proposal import REFERENCE_LABEL, Commit
from mimi.mls.secrets import MessageKey, RatchetKind, SecretTree, Window
from mimi.mls.senders import KeyOf, check_sender

if TYPE_CHECKING:
    from mimi.mls.semiprivate import SemiPrivateMessage

SIGNATURE_LABEL = b"FramedContentTBS"

KNOWING_THE_CONTEXT = (MemberSender, NewMemberCommitSender)
"""The senders whose signatures cover the group context (section 6.1)."""

DEFAULT_WINDOW = Window()


def content_type(content: FramedContent) -> ContentType:
    """Return the content type of a message."""
    if isinstance(content.content, bytes):
        return ContentType.APPLICATION
    return ContentType.COMMIT if isinstance(content.content, Commit) else ContentType.PROPOSAL


def _tbs(
    wire_format: WireFormat, content: FramedContent, context: GroupContext
) -> FramedContentTBS:
    covers = isinstance(content.sender, KNOWING_THE_CONTEXT)
    return FramedContentTBS(wire_format, content, context if covers else None)


def sign_content(
    suite: Suite,
    wire_format: WireFormat,
    content: FramedContent,
    context: GroupContext,
    signer: SignaturePrivateKey,
) -> bytes:
    """Return the signature of a message (section 6.1).

    Args:
        suite: The cipher suite.
        wire_format: How the message will be sent.
        content: The message.
        context: The group context of the epoch; covered for members and joiners.
        signer: The sender's private key.

    Raises:
        ContentError: Application data cannot be sent in a public message, nor a message of another
            group, epoch or cipher suite than the context's, nor what its sender may not send.
    """
    try:
        _check_context(content.group_id, content.epoch, context)
        check_sender(content)
    except InvalidError as error:
        raise ContentError(error.reason) from error
    if context.cipher_suite != suite.code:
        raise ContentError(f"the group's cipher suite is {context.cipher_suite}")
    if wire_format == WireFormat.MLS_PUBLIC_MESSAGE and isinstance(content.content, bytes):
        raise ContentError("application data is sent in private messages only")
    tbs = encode(_tbs(wire_format, content, context))
    return suite.sign_with_label(signer, SIGNATURE_LABEL, tbs)


def authenticate(
    suite: Suite,
    wire_format: WireFormat,
    content: FramedContent,
    context: GroupContext,
    signer: SignaturePrivateKey,
    confirmation_tag: bytes | None = None,
) -> AuthenticatedContent:
    """Return a signed message.

    Args:
        suite: The cipher suite.
        wire_format: How the message will be sent.
        content: The message.
        context: The group context of the epoch.
        signer: The sender's private key.
        confirmation_tag: For a commit, where it is known already. A committer who must compute
            it from the signature calls `sign_content`.

    Raises:
        ContentError: The parts do not go together.
    """
    if isinstance(content.content, Commit) != (confirmation_tag is not None):
        raise ContentError("a commit has a confirmation tag, and nothing else has")
    signature = sign_content(suite, wire_format, content, context, signer)
    if confirmation_tag is None:
        return AuthenticatedContent(wire_format, content, FramedContentAuthData(signature))
    return AuthenticatedContent(wire_format, content, CommitAuthData(signature, confirmation_tag))


def verify_signature(
    suite: Suite, message: AuthenticatedContent, context: GroupContext, public: bytes
) -> None:
    """Check the signature of a message.

    Raises:
        MessageSignatureError: It is not by *public*.
    """
    _verify(suite, message, _tbs(message.wire_format, message.content, context), public)


def _verify(
    suite: Suite, message: AuthenticatedContent, tbs: FramedContentTBS, public: bytes
) -> None:
    try:
        suite.verify_with_label(public, SIGNATURE_LABEL, encode(tbs), message.auth.signature)
    except (SignatureError, InvalidPublicKeyError) as error:
        sender = message.content.sender
        raise MessageSignatureError(f"{sender}: {error.reason}", sender=sender) from error


def proposal_ref(suite: Suite, message: AuthenticatedContent) -> bytes:
    """Return the ProposalRef by which a commit refers to a proposal (section 5.2)."""
    return suite.ref_hash(REFERENCE_LABEL, encode(message))


def _check_context(group_id: bytes, epoch: int, context: GroupContext) -> None:
    if group_id != context.group_id:
        raise WrongGroupError("the message is for another group", group_id=group_id)
    if epoch != context.epoch:
        raise WrongEpochError(f"the message is of epoch {epoch}, not {context.epoch}", epoch=epoch)


# Public messages (section 6.2)


def protect_public(
    suite: Suite, message: AuthenticatedContent, context: GroupContext, membership_key: Secret
) -> PublicMessage:
    """Return a signed message as a public message.

    Args:
        suite: The cipher suite.
        message: The message, signed for this wire format.
        context: The group context of the epoch.
        membership_key: That of the epoch; used where the sender is a member.

    Raises:
        ContentError: The message is application data, or was signed for another wire format.
    """
    if message.wire_format != WireFormat.MLS_PUBLIC_MESSAGE:
        raise ContentError("the message was not signed as a public message")
    if isinstance(message.content.content, bytes):
        raise ContentError("application data is sent in private messages only")
    tag = None
    if isinstance(message.content.sender, MemberSender):
        tbm = AuthenticatedContentTBM(
            _tbs(message.wire_format, message.content, context), message.auth
        )
        tag = suite.mac(membership_key.reveal(), encode(tbm))
    return PublicMessage(message.content, message.auth, tag)


def unprotect_public(
    suite: Suite,
    message: PublicMessage,
    context: GroupContext,
    membership_key: Secret | None,
    key_of: KeyOf,
) -> AuthenticatedContent:
    """Check a public message and return the signed message in it.

    Args:
        suite: The cipher suite.
        message: What was received.
        context: The group context of the epoch.
        membership_key: That of the epoch; None for a follower without secrets, who cannot check
            membership tags.
        key_of: From the message to the sender's signature key.

    Raises:
        WrongGroupError: It is for another group.
        WrongEpochError: It is of another epoch.
        PublicApplicationError: It holds application data.
        SenderContentError: Its sender may not send such a message.
        ExternalProposalError: It proposes from outside what only members may.
        UnknownSenderError: Its sender has no signature key.
        MembershipTagError: The tag is wrong.
        MessageSignatureError: The signature is wrong.
    """
    content = message.content
    _check_context(content.group_id, content.epoch, context)
    if isinstance(content.content, bytes):
        raise PublicApplicationError("application data in a public message")
    check_sender(content)
    signed = AuthenticatedContent(WireFormat.MLS_PUBLIC_MESSAGE, content, message.auth)
    tbs = _tbs(signed.wire_format, content, context)
    if isinstance(content.sender, MemberSender) and membership_key is not None:
        tag = message.membership_tag
        tbm = encode(AuthenticatedContentTBM(tbs, message.auth))
        # the key has no name here: who records the variables of a traceback must not record it
        if tag is None or not suite.verify_mac(membership_key.reveal(), tbm, tag):
            raise MembershipTagError(
                f"{content.sender}: the membership tag is missing or wrong", sender=content.sender
            )
    _verify(suite, signed, tbs, key_of(content))
    return signed


# Private messages (section 6.3)


def sender_data_key(suite: Suite, sender_data_secret: Secret, ciphertext: bytes) -> MessageKey:
    """Return the key and nonce of a private message's sender data (section 6.3.2)."""
    key, nonce = _sender_data_key(suite, sender_data_secret, ciphertext)
    return MessageKey(Secret(key), Secret(nonce))


def _sender_data_key(suite: Suite, secret: Secret, ciphertext: bytes) -> tuple[bytes, bytes]:
    """Return the same in the clear, to be used once."""
    return suite.derive_key_and_nonce(secret.reveal(), ciphertext[: suite.nh])


def guarded_nonce(nonce: Secret, reuse_guard: bytes) -> bytes:
    """Return the nonce with its first four octets XORed with the reuse guard."""
    octets = nonce.reveal()
    head = int.from_bytes(octets[:4], "big") ^ int.from_bytes(reuse_guard, "big")
    return head.to_bytes(4, "big") + octets[4:]


_KINDS: dict[ContentType, tuple[RatchetKind, type[PrivateMessageContent]]] = {
    ContentType.APPLICATION: (RatchetKind.APPLICATION, PrivateApplication),
    ContentType.PROPOSAL: (RatchetKind.HANDSHAKE, PrivateProposal),
    ContentType.COMMIT: (RatchetKind.HANDSHAKE, PrivateCommit),
}
"""The ratchet that encrypts a type of content, and the structure that is encrypted."""

_content_aad = field_encoder(PrivateContentAAD)
_sender_data_aad = field_encoder(SenderDataAAD)
_sender_data = field_encoder(SenderData)


def protect_private(
    suite: Suite,
    message: AuthenticatedContent,
    secrets: SecretTree,
    sender_data_secret: Secret,
    entropy: Entropy,
    padding: int = 0,
) -> tuple[SecretTree, PrivateMessage]:
    """Encrypt a signed message from a member.

    Args:
        suite: The cipher suite.
        message: The message, signed for this wire format.
        secrets: The epoch's secret tree.
        sender_data_secret: That of the epoch.
        entropy: The source of the reuse guard.
        padding: How many zeros to add to the content, in octets.

    Returns:
        The secret tree without the key that was used, to be kept before the message is sent; and
        the private message.

    Raises:
        ContentError: The sender is no member, or signed for another wire format.
    """
    content, kind = message.content, content_type(message.content)
    if message.wire_format != WireFormat.MLS_PRIVATE_MESSAGE:
        raise ContentError("the message was not signed as a private message")
    if not isinstance(content.sender, MemberSender):
        raise ContentError("only members send private messages")
    ratchet, structure = _KINDS[kind]
    plaintext = encode(structure(content.content, message.auth, padding))  # type: ignore[arg-type]  # the class goes with the content
    leaf, where = content.sender.leaf_index, (content.group_id, content.epoch, kind)
    secrets, generation, key = secrets.next_key(leaf, ratchet)
    guard = draw(entropy, 4)
    nonce = guarded_nonce(key.nonce, guard)
    aad = _content_aad(*where, content.authenticated_data)
    ciphertext = suite.aead_seal(key.key.reveal(), nonce, aad, plaintext)
    data = _sender_data(leaf, generation, guard)
    data_key, data_nonce = _sender_data_key(suite, sender_data_secret, ciphertext)
    sealed = suite.aead_seal(data_key, data_nonce, _sender_data_aad(*where), data)
    return secrets, PrivateMessage(*where, content.authenticated_data, sealed, ciphertext)


def open_sender_data(
    suite: Suite, message: "PrivateMessage | SemiPrivateMessage", sender_data_secret: Secret
) -> SenderData:
    """Return who sent a private or semi-private message, and with which generation.

    Raises:
        SenderDataError: The sender data does not decrypt.
        MalformedError: What decrypts is no sender data.
    """
    key, nonce = _sender_data_key(suite, sender_data_secret, message.ciphertext)
    aad = encode(message, SenderDataAAD)
    try:
        opened = suite.aead_open(key, nonce, aad, message.encrypted_sender_data)
    except DecryptionError as error:
        raise SenderDataError("the sender data does not decrypt") from error
    return decode(SenderData, opened)


def unprotect_private(
    suite: Suite,
    message: PrivateMessage,
    context: GroupContext,
    secrets: SecretTree,
    sender_data_secret: Secret,
    key_of: KeyOf,
    window: Window | None = None,
) -> tuple[SecretTree, AuthenticatedContent]:
    """Decrypt and check a private message.

    Args:
        suite: The cipher suite.
        message: What was received.
        context: The group context of the epoch.
        secrets: The epoch's secret tree.
        sender_data_secret: That of the epoch.
        key_of: From the message to the sender's signature key; raises for a blank leaf.
        window: How far messages may be out of order.

    Returns:
        The secret tree without the key that was used, and the signed message.

    Raises:
        WrongGroupError: It is for another group.
        WrongEpochError: It is of another epoch.
        UnknownSenderError: Its sender's leaf is blank.
        SenderDataError: The sender data does not decrypt.
        InvalidError: No key is left for it; see `mimi.mls.secrets.SecretTree.take`.
        ContentDecryptionError: The content does not decrypt.
        MalformedError: What decrypts does not parse, or the padding is not all zeros.
        MessageSignatureError: The signature is wrong.
    """
    _check_context(message.group_id, message.epoch, context)
    data = open_sender_data(suite, message, sender_data_secret)
    public = key_of(_content_of(message, data, b""))
    return open_private(suite, message, data, context, secrets, public, window)


def _content_of(message: PrivateMessage, data: SenderData, content: Content) -> FramedContent:
    sender, bound = MemberSender(data.leaf_index), message.authenticated_data
    return FramedContent(message.group_id, message.epoch, sender, bound, content)


def open_private(
    suite: Suite,
    message: PrivateMessage,
    data: SenderData,
    context: GroupContext,
    secrets: SecretTree,
    signature_key: bytes,
    window: Window | None = None,
) -> tuple[SecretTree, AuthenticatedContent]:
    """Decrypt and check the content of a private message of the group and epoch of *context*.

    Args:
        suite: The cipher suite.
        message: What was received.
        data: Who sent it, and with which key: from `open_sender_data`.
        context: The group context of the epoch.
        secrets: The epoch's secret tree.
        signature_key: The sender's.
        window: How far messages may be out of order.

    Returns:
        The secret tree without the key that was used, and the signed message.

    Raises:
        InvalidError: See `unprotect_private`.
        MalformedError: What decrypts does not parse, or the padding is not all zeros.
    """
    ratchet, structure = _KINDS[message.content_type]
    window = window or DEFAULT_WINDOW
    secrets, key = secrets.take(data.leaf_index, ratchet, data.generation, window)
    opened = decode(structure, _open_content(suite, message, key, data))
    content = _content_of(message, data, opened.content)
    signed = AuthenticatedContent(WireFormat.MLS_PRIVATE_MESSAGE, content, opened.auth)
    verify_signature(suite, signed, context, signature_key)
    return secrets, signed


def _open_content(
    suite: Suite, message: PrivateMessage, key: MessageKey, data: SenderData
) -> bytes:
    aad = encode(message, PrivateContentAAD)
    nonce = guarded_nonce(key.nonce, data.reuse_guard)
    try:
        return suite.aead_open(key.key.reveal(), nonce, aad, message.ciphertext)
    except DecryptionError as error:
        raise ContentDecryptionError(
            f"leaf {data.leaf_index}, generation {data.generation}: does not decrypt",
            leaf=data.leaf_index,
            generation=data.generation,
        ) from error
