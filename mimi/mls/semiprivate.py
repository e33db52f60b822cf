"""Handshakes for the members and some others (draft-mahy-mls-semiprivatemessage-07 section 3).

::

                        .-- ratchet key, nonce ----- members, by their secret tree
    proposal, commit --+
                        '-- the same, encrypted ---- external receivers, one by one

There is one ciphertext for all. Who gives an external receiver another key than the members have,
to show it another content, must still name one hash of what is signed (FramedContentTBS): everybody
compares it with what came out, so that at most one of the two can take the message.
"""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from mimi.codec import Fixed, Opaque, UInt64, decode, encode, struct
from mimi.crypto import (
    DecryptionError,
    Entropy,
    HPKEPrivateKey,
    InvalidPublicKeyError,
    Secret,
    Suite,
    draw,
)
from mimi.mls.codepoints import ContentType, MessageBody
from mimi.mls.context import GroupContext
from mimi.mls.errors import ContentDecryptionError, ContentError, UnknownSenderError
from mimi.mls.external_receivers import (
    MLS_SEMIPRIVATE_MESSAGE,
    ExternalReceiver,
    agreed_receivers,
    external_receivers,
    receiver_ref,
)
from mimi.mls.framing import (
    AuthenticatedContent,
    FramedContent,
    FramedContentTBS,
    MemberSender,
    PrivateCommit,
    PrivateMessage,
    PrivateProposal,
    PublicMessage,
    SenderData,
    SenderDataAAD,
)
from mimi.mls.protect import (
    content_type,
    guarded_nonce,
    sender_data_key,
    verify_signature,
)
from mimi.mls.secrets import RatchetKind, SecretTree, Window
from mimi.mls.semiprivate_errors import (
    ContentDiffersError,
    PartialContextHashError,
    ReceiverKeysError,
    ReceiverListError,
    SemiPrivateApplicationError,
    SemiPrivateNotAgreedError,
    SemiPrivateUnavailableError,
)
from mimi.mls.welcome import SecretOctets
from mimi.tree.math import LeafIndex, LeafIndexField
from mimi.tree.path import HPKECiphertext
from mimi.tree.ratchet import RatchetTree

RECEIVER_LABEL = b"SemiPrivateMessageReceiver"

NOT_AGREED = "the group does not require mls_semiprivate_message, or names no external_receivers"


@struct
class PerMessageKeyAndNonces:
    """What opens one message: what a member takes from its secret tree and the sender data."""

    key: SecretOctets
    nonce: SecretOctets
    reuse_guard: Annotated[bytes, Fixed(4)]
    sender_leaf_index: LeafIndexField


@struct
class SemiPrivateMessageContext:
    """What the encryption to an external receiver is bound to."""

    group_id: Opaque
    epoch: UInt64
    partial_context_hash: Opaque


@struct
class KeyForExternalReceiver:
    """PerMessageKeyAndNonces, encrypted to one external receiver."""

    external_receiver_ref: Opaque
    encrypted_keys_and_nonces: HPKECiphertext


@struct
class SemiPrivateContentAAD:
    """What the encryption of a semi-private message's content is bound to."""

    group_id: Opaque
    epoch: UInt64
    content_type: ContentType
    authenticated_data: Opaque
    partial_context_hash: Opaque
    keys_for_external_receivers: tuple[KeyForExternalReceiver, ...]
    framed_content_tbs_hash: Opaque


@struct(case=MLS_SEMIPRIVATE_MESSAGE)
class SemiPrivateMessage(MessageBody):
    """A proposal or a commit that is signed, and encrypted to members and external receivers."""

    group_id: Opaque
    epoch: UInt64
    content_type: ContentType
    authenticated_data: Opaque
    partial_context_hash: Opaque
    keys_for_external_receivers: tuple[KeyForExternalReceiver, ...]
    framed_content_tbs_hash: Opaque
    encrypted_sender_data: Opaque
    ciphertext: Opaque


GroupMessage: TypeAlias = PublicMessage | PrivateMessage | SemiPrivateMessage
"""What can be sent to a group."""

_CONTENT = {ContentType.PROPOSAL: PrivateProposal, ContentType.COMMIT: PrivateCommit}
"""SemiPrivateMessageContent: as PrivateMessageContent, and never application data."""


def partial_context_hash(suite: Suite, leaf: LeafIndex, nonce: bytes) -> bytes:
    """Return the hash of a sender's leaf and the nonce of its ratchet, without the reuse guard."""
    return suite.hash(encode(leaf, LeafIndexField) + nonce)


def framed_content_tbs_hash(suite: Suite, content: FramedContent, context: GroupContext) -> bytes:
    """Return the hash of what the signature of a semi-private message covers."""
    return suite.hash(encode(FramedContentTBS(MLS_SEMIPRIVATE_MESSAGE, content, context)))


# Sending (section 3.1)


def protect_semi_private(
    suite: Suite,
    message: AuthenticatedContent,
    context: GroupContext,
    secrets: SecretTree,
    sender_data_secret: Secret,
    entropy: Entropy,
    padding: int = 0,
) -> tuple[SecretTree, SemiPrivateMessage]:
    """Encrypt a signed handshake message from a member.

    Args:
        suite: The cipher suite.
        message: The message, signed for this wire format.
        context: The group context of the epoch, which names the external receivers.
        secrets: The epoch's secret tree.
        sender_data_secret: That of the epoch.
        entropy: The source of the reuse guard and of the encryptions to the receivers.
        padding: How many zeros to add to the content, in octets.

    Returns:
        The secret tree without the key that was used, to be kept before the message is sent; and
        the message.

    Raises:
        ContentError: It is application data, its sender is no member, or it was signed for another
            wire format.
        SemiPrivateUnavailableError: The group has not agreed on semi-private messages.
    """
    content, kind = message.content, content_type(message.content)
    if message.wire_format != MLS_SEMIPRIVATE_MESSAGE:
        raise ContentError("the message was not signed as a semi-private message")
    if not isinstance(content.sender, MemberSender) or kind is ContentType.APPLICATION:
        raise ContentError("members send semi-private messages, and no application data in them")
    receivers = agreed_receivers(context.extensions)
    if not receivers:
        raise SemiPrivateUnavailableError(NOT_AGREED)
    plaintext = encode(_CONTENT[kind](content.content, message.auth, padding))
    leaf = content.sender.leaf_index
    secrets, generation, key = secrets.next_key(leaf, RatchetKind.HANDSHAKE)
    given = PerMessageKeyAndNonces(key.key, key.nonce, draw(entropy, 4), leaf)
    partial = partial_context_hash(suite, leaf, key.nonce.reveal())
    where = SemiPrivateMessageContext(content.group_id, content.epoch, partial)
    bound = SemiPrivateContentAAD(
        content.group_id,
        content.epoch,
        kind,
        content.authenticated_data,
        partial,
        _sealed_keys(suite, given, where, receivers, entropy),
        framed_content_tbs_hash(suite, content, context),
    )
    nonce = guarded_nonce(key.nonce, given.reuse_guard)
    ciphertext = suite.aead_seal(key.key.reveal(), nonce, encode(bound), plaintext)
    data_key = sender_data_key(suite, sender_data_secret, ciphertext)
    data = encode(SenderData(leaf, generation, given.reuse_guard))
    data_bound = encode(bound, SenderDataAAD)
    sender_data = suite.aead_seal(data_key.key.reveal(), data_key.nonce.reveal(), data_bound, data)
    return secrets, SemiPrivateMessage(
        content.group_id,
        content.epoch,
        kind,
        content.authenticated_data,
        partial,
        bound.keys_for_external_receivers,
        bound.framed_content_tbs_hash,
        sender_data,
        ciphertext,
    )


def _sealed_keys(
    suite: Suite,
    given: PerMessageKeyAndNonces,
    where: SemiPrivateMessageContext,
    receivers: tuple[ExternalReceiver, ...],
    entropy: Entropy,
) -> tuple[KeyForExternalReceiver, ...]:
    info, plaintext = suite.encryption_info(RECEIVER_LABEL, encode(where)), encode(given)
    sealed = []
    for receiver in receivers:
        public = receiver.external_receiver_public_key
        ciphertext = HPKECiphertext(*suite.hpke.seal(public, info, b"", plaintext, entropy))
        sealed.append(KeyForExternalReceiver(receiver_ref(suite, receiver), ciphertext))
    return tuple(sealed)


# Receiving (sections 3.2 and 3.3)


def check_semi_private(suite: Suite, context: GroupContext, message: SemiPrivateMessage) -> None:
    """Check what everybody sees of a semi-private message of the group and epoch of *context*.

    Raises:
        SemiPrivateApplicationError: It holds application data.
        SemiPrivateNotAgreedError: The group has not agreed on semi-private messages.
        ReceiverListError: It does not have one key for each external receiver.
    """
    if message.content_type is ContentType.APPLICATION:
        raise SemiPrivateApplicationError("application data in a semi-private message")
    receivers = agreed_receivers(context.extensions)
    if not receivers:
        raise SemiPrivateNotAgreedError(NOT_AGREED)
    listed = sorted(each.external_receiver_ref for each in message.keys_for_external_receivers)
    if listed != sorted(receiver_ref(suite, receiver) for receiver in receivers):
        raise ReceiverListError(
            f"{len(listed)} keys, not one for each of {len(receivers)} external receivers"
        )


def open_semi_private(
    suite: Suite,
    message: SemiPrivateMessage,
    data: SenderData,
    context: GroupContext,
    secrets: SecretTree,
    signature_key: bytes,
    window: Window,
) -> tuple[SecretTree, AuthenticatedContent]:
    """Decrypt and check a semi-private message as a member (section 3.2).

    Args:
        suite: The cipher suite.
        message: What was received, after `check_semi_private`.
        data: Who sent it, and with which key: from `mimi.mls.protect.open_sender_data`.
        context: The group context of the epoch.
        secrets: The epoch's secret tree.
        signature_key: The sender's.
        window: How far messages may be out of order.

    Returns:
        The secret tree without the key that was used, and the signed message.

    Raises:
        InvalidError: No key is left for it, or it breaks a rule; a class for each.
        MalformedError: What decrypts does not parse, or the padding is not all zeros.
    """
    leaf = data.leaf_index
    secrets, key = secrets.take(leaf, RatchetKind.HANDSHAKE, data.generation, window)
    given = PerMessageKeyAndNonces(key.key, key.nonce, data.reuse_guard, leaf)
    return secrets, _opened(suite, message, given, context, signature_key)


def open_as_receiver(
    message: SemiPrivateMessage,
    context: GroupContext,
    tree: RatchetTree,
    keys: Sequence[HPKEPrivateKey],
) -> AuthenticatedContent | None:
    """Decrypt and check a semi-private message as an external receiver (section 3.3).

    The sender's place is taken from what the sender encrypted for the receiver: that the members
    see the same one is what the signature, in the end, is proof of.

    Args:
        message: What was received, after `check_semi_private`.
        context: The group context of the epoch.
        tree: The ratchet tree of the epoch.
        keys: The receiver's private keys, of which the group knows one, or none.

    Returns:
        The signed message; None for somebody who is no receiver.

    Raises:
        ReceiverKeysError: What is there for the receiver does not decrypt to keys.
        UnknownSenderError: The sender's leaf is blank.
        InvalidError: It breaks another rule; a class for each.
        MalformedError: What decrypts does not parse, or the padding is not all zeros.
    """
    suite, known = tree.suite, {key.public: key for key in keys}
    for receiver in external_receivers(context.extensions):
        private = known.get(receiver.external_receiver_public_key)
        if private is not None:
            break
    else:
        return None
    given = _given(suite, message, receiver_ref(suite, receiver), private)
    leaf = tree.leaf(given.sender_leaf_index)
    if leaf is None:
        raise UnknownSenderError(
            f"leaf {given.sender_leaf_index} is blank",
            sender=MemberSender(given.sender_leaf_index),
        )
    return _opened(suite, message, given, context, leaf.signature_key)


def _given(
    suite: Suite, message: SemiPrivateMessage, reference: bytes, private: HPKEPrivateKey
) -> PerMessageKeyAndNonces:
    """Return what a message holds for an external receiver."""
    where = encode(message, SemiPrivateMessageContext)
    sealed = next(
        each.encrypted_keys_and_nonces
        for each in message.keys_for_external_receivers
        if each.external_receiver_ref == reference
    )
    try:
        opened = suite.decrypt_with_label(
            private, RECEIVER_LABEL, where, sealed.kem_output, sealed.ciphertext
        )
    except (DecryptionError, InvalidPublicKeyError) as error:
        raise ReceiverKeysError(error.reason) from error
    given: PerMessageKeyAndNonces = decode(PerMessageKeyAndNonces, opened)
    if (len(given.key), len(given.nonce)) != (suite.nk, suite.nn):
        raise ReceiverKeysError(
            f"a key of {len(given.key)} octets, and a nonce of {len(given.nonce)}"
        )
    return given


def _opened(
    suite: Suite,
    message: SemiPrivateMessage,
    given: PerMessageKeyAndNonces,
    context: GroupContext,
    signature_key: bytes,
) -> AuthenticatedContent:
    """Decrypt and check the content, as members and external receivers both do."""
    leaf = given.sender_leaf_index
    expected = partial_context_hash(suite, leaf, given.nonce.reveal())
    if message.partial_context_hash != expected:
        raise PartialContextHashError(
            f"leaf {leaf}: the partial context hash is another", leaf=leaf
        )
    nonce = guarded_nonce(given.nonce, given.reuse_guard)
    bound = encode(message, SemiPrivateContentAAD)
    try:
        plaintext = suite.aead_open(given.key.reveal(), nonce, bound, message.ciphertext)
    except DecryptionError as error:
        raise ContentDecryptionError(f"leaf {leaf}: does not decrypt", leaf=leaf) from error
    opened: PrivateProposal | PrivateCommit = decode(_CONTENT[message.content_type], plaintext)
    sender, aad = MemberSender(leaf), message.authenticated_data
    content = FramedContent(message.group_id, message.epoch, sender, aad, opened.content)
    if message.framed_content_tbs_hash != framed_content_tbs_hash(suite, content, context):
        raise ContentDiffersError(
            f"leaf {leaf}: the content is not the one that the message names", leaf=leaf
        )
    signed = AuthenticatedContent(MLS_SEMIPRIVATE_MESSAGE, content, opened.auth)
    verify_signature(suite, signed, context, signature_key)
    return signed
