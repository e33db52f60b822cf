"""Group infos and Welcomes: what a new member needs to know (RFC 9420 section 12.4.3).

::

    joiner_secret --> EncryptedGroupSecrets     one for each new member, to its init_key
         |
         +-- psk_secret --> welcome_secret --> key, nonce --> encrypted_group_info
"""

from collections.abc import Iterable
from typing import Annotated, TypeAlias

import attrs

from mimi.codec import Bytes, Opaque, decode, encode, encode_as, struct
from mimi.crypto import (
    CipherSuite,
    DecryptionError,
    Entropy,
    HPKEPrivateKey,
    InvalidPublicKeyError,
    Secret,
    SignatureError,
    SignaturePrivateKey,
    Suite,
)
from mimi.mls.codepoints import MessageBody, WireFormat
from mimi.mls.components import check_dictionary
from mimi.mls.context import GroupContext
from mimi.mls.errors import (
    GroupInfoError,
    GroupInfoSignatureError,
    GroupSecretsError,
    NoSecretsError,
    WelcomeSuiteError,
)
from mimi.mls.framing import MAC
from mimi.mls.keypackage import KeyPackage, key_package_ref
from mimi.mls.psk import PreSharedKeyID
from mimi.mls.schedule import welcome_secret
from mimi.tree.errors import TreeHashError
from mimi.tree.extension import Extensions
from mimi.tree.math import LeafIndex, LeafIndexField
from mimi.tree.path import HPKECiphertext
from mimi.tree.ratchet import RatchetTree

INFO_LABEL = b"GroupInfoTBS"
ENCRYPTION_LABEL = b"Welcome"


@struct
class GroupInfoTBS:
    """What a group info's signature covers: all its fields but the signature."""

    group_context: GroupContext
    extensions: Extensions
    confirmation_tag: MAC
    signer: LeafIndexField


@struct(case=WireFormat.MLS_GROUP_INFO, cached=True)
class GroupInfo(GroupInfoTBS, MessageBody):
    """The state of a group in an epoch, signed by a member."""

    signature: Opaque


SecretOctets: TypeAlias = Annotated[Secret, Bytes(wrap=Secret)]
"""``opaque x<V>`` that is held as a `Secret`."""


@struct
class PathSecret:
    """The path secret of the lowest node that a new member shares with the committer."""

    path_secret: SecretOctets


@struct
class GroupSecrets:
    """What a Welcome tells one new member."""

    joiner_secret: SecretOctets
    path_secret: PathSecret | None
    psks: tuple[PreSharedKeyID, ...]


@struct
class EncryptedGroupSecrets:
    """Group secrets, encrypted to the key package of a new member."""

    new_member: Opaque
    encrypted_group_secrets: HPKECiphertext


@struct(case=WireFormat.MLS_WELCOME)
class Welcome(MessageBody):
    """An invitation for some or all of the members that a commit adds."""

    cipher_suite: CipherSuite
    secrets: tuple[EncryptedGroupSecrets, ...]
    encrypted_group_info: Opaque


def sign_group_info(
    suite: Suite,
    context: GroupContext,
    extensions: Extensions,
    confirmation_tag: bytes,
    signer: LeafIndex,
    key: SignaturePrivateKey,
) -> GroupInfo:
    """Return a signed group info.

    Args:
        suite: The cipher suite.
        context: The group context of the epoch.
        extensions: What else joiners should know: the tree, the external public key.
        confirmation_tag: That of the commit that opened the epoch.
        signer: The signing member's leaf.
        key: Its private key.
    """
    tbs = encode(GroupInfoTBS(context, extensions, confirmation_tag, signer))
    signature = suite.sign_with_label(key, INFO_LABEL, tbs)
    return GroupInfo(context, extensions, confirmation_tag, signer, signature)


def verify_group_info(suite: Suite, group_info: GroupInfo, signature_key: bytes) -> None:
    """Check the signature of a group info by a key; see `check_group_info` for a group's.

    Args:
        suite: The cipher suite.
        group_info: What was received.
        signature_key: That of the leaf ``group_info.signer`` in the group's tree.

    Raises:
        GroupInfoSignatureError: It is not by that key.
    """
    tbs = encode_as(GroupInfoTBS, group_info)
    try:
        suite.verify_with_label(signature_key, INFO_LABEL, tbs, group_info.signature)
    except (SignatureError, InvalidPublicKeyError) as error:
        raise GroupInfoSignatureError(
            f"leaf {group_info.signer}: {error.reason}", leaf=group_info.signer
        ) from error


def check_group_info(tree: RatchetTree, group_info: GroupInfo) -> None:
    """Check a group info against the group's ratchet tree (section 12.4.3.1).

    Args:
        tree: The tree; whether it is valid itself is for `mimi.tree.validate_tree` to say.
        group_info: What was received.

    Raises:
        TreeHashError: The tree is not that of the group info.
        BlankLeafError: The signer is no member.
        GroupInfoSignatureError: The signature is not by the signer's key.
        MalformedError: The dictionary in its extensions does not parse.
    """
    if group_info.group_context.tree_hash != tree.tree_hash:
        raise TreeHashError("the tree is not that of the group info")
    signer = tree.member(group_info.signer)
    verify_group_info(tree.suite, group_info, signer.signature_key)
    check_dictionary(group_info.extensions)


@attrs.frozen
class NewMember:
    """A receiver of a Welcome.

    Attributes:
        key_package: What it was added with.
        path_secret: That of the lowest node it shares with the committer; None where the commit
            has no path.
    """

    key_package: KeyPackage
    path_secret: Secret | None = None


def encrypt_welcome(
    suite: Suite,
    group_info: GroupInfo,
    joiner: Secret,
    psk_secret: Secret,
    psk_ids: tuple[PreSharedKeyID, ...],
    new_members: Iterable[NewMember],
    entropy: Entropy,
) -> Welcome:
    """Return a Welcome for some of the members that a commit adds.

    Args:
        suite: The cipher suite.
        group_info: The new epoch's, signed by the committer.
        joiner: The new epoch's joiner_secret.
        psk_secret: That of *psk_ids*.
        psk_ids: The pre-shared keys of the commit, in its order.
        new_members: The receivers.
        entropy: The source of randomness.

    Raises:
        InvalidPublicKeyError: An init_key cannot be used; names the KeyPackageRef.
    """
    key, nonce = _info_key(suite, joiner, psk_secret)
    encrypted_info = suite.aead_seal(key, nonce, b"", encode(group_info))
    info = suite.encryption_info(ENCRYPTION_LABEL, encrypted_info)
    entries = []
    for member in new_members:
        path = None if member.path_secret is None else PathSecret(member.path_secret)
        secrets = encode(GroupSecrets(joiner, path, psk_ids))
        init_key = member.key_package.init_key
        reference = key_package_ref(suite, member.key_package)
        try:
            sealed = HPKECiphertext(*suite.hpke.seal(init_key, info, b"", secrets, entropy))
        except InvalidPublicKeyError as error:
            raise InvalidPublicKeyError(error.reason, new_member=reference) from error
        entries.append(EncryptedGroupSecrets(reference, sealed))
    return Welcome(suite.code, tuple(entries), encrypted_info)


def decrypt_group_secrets(
    suite: Suite, welcome: Welcome, key_package: KeyPackage, init_key: HPKEPrivateKey
) -> GroupSecrets:
    """Find and decrypt what a Welcome holds for a key package.

    Args:
        suite: The key package's cipher suite.
        welcome: What was received.
        key_package: One's own.
        init_key: The private key of its init_key.

    Raises:
        WelcomeSuiteError: The Welcome is for another cipher suite.
        NoSecretsError: It holds nothing for the key package.
        GroupSecretsError: What it holds does not decrypt.
        MalformedError: What decrypts does not parse.
    """
    if welcome.cipher_suite != suite.code or key_package.cipher_suite != suite.code:
        raise WelcomeSuiteError(f"a Welcome for {welcome.cipher_suite}, not {suite.code}")
    reference = key_package_ref(suite, key_package)
    for entry in welcome.secrets:
        if entry.new_member == reference:
            break
    else:
        raise NoSecretsError("the Welcome holds nothing for the key package")
    sealed = entry.encrypted_group_secrets
    context = welcome.encrypted_group_info
    try:
        opened = suite.decrypt_with_label(
            init_key, ENCRYPTION_LABEL, context, sealed.kem_output, sealed.ciphertext
        )
    except (DecryptionError, InvalidPublicKeyError) as error:
        raise GroupSecretsError(error.reason) from error
    return decode(GroupSecrets, opened)


def decrypt_group_info(
    suite: Suite, welcome: Welcome, joiner: Secret, psk_secret: Secret
) -> GroupInfo:
    """Decrypt the group info of a Welcome; its signature is yet to be checked.

    Raises:
        GroupInfoError: It does not decrypt.
        MalformedError: What decrypts does not parse.
        WelcomeSuiteError: It is for another cipher suite.
    """
    key, nonce = _info_key(suite, joiner, psk_secret)
    try:
        opened = suite.aead_open(key, nonce, b"", welcome.encrypted_group_info)
    except DecryptionError as error:
        raise GroupInfoError("the group info does not decrypt") from error
    group_info = decode(GroupInfo, opened)
    inside = group_info.group_context.cipher_suite
    if inside != suite.code:
        raise WelcomeSuiteError(f"a group info for {inside} in a Welcome for {suite.code}")
    return group_info


def _info_key(suite: Suite, joiner: Secret, psk_secret: Secret) -> tuple[bytes, bytes]:
    secret = welcome_secret(suite, joiner, psk_secret).reveal()
    key = suite.expand_with_label(secret, b"key", b"", suite.nk)
    return key, suite.expand_with_label(secret, b"nonce", b"", suite.nn)
