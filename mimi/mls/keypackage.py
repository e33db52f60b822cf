"""Key packages: how a client lets itself be added while it is offline (RFC 9420 section 10)."""

from mimi.codec import Opaque, encode, encode_as, struct
from mimi.crypto import (
    CipherSuite,
    HPKEPrivateKey,
    InvalidPublicKeyError,
    SignatureError,
    SignaturePrivateKey,
    Suite,
)
from mimi.errors import UsageError
from mimi.mls.codepoints import MessageBody, WireFormat
from mimi.mls.errors import InitKeyError, KeyPackageSignatureError, KeyPackageVersionError
from mimi.tree.codepoints import ProtocolVersion
from mimi.tree.errors import LeafSourceError
from mimi.tree.extension import Extensions, HPKEPublicKey
from mimi.tree.leaf import (
    KeyPackageSource,
    LeafNode,
    LifetimePolicy,
    check_capabilities,
    check_encryption_key,
    check_lifetime,
    verify_leaf_signature,
)

SIGNATURE_LABEL = b"KeyPackageTBS"
REFERENCE_LABEL = b"MLS 1.0 KeyPackage Reference"


@struct
class KeyPackageTBS:
    """What a key package's signature covers: all its fields but the signature."""

    version: ProtocolVersion
    cipher_suite: CipherSuite
    init_key: HPKEPublicKey
    leaf_node: LeafNode
    extensions: Extensions


@struct(case=WireFormat.MLS_KEY_PACKAGE, cached=True)
class KeyPackage(KeyPackageTBS, MessageBody):
    """A client's offer to be added: a leaf, and a key for the Welcome."""

    signature: Opaque


def sign_key_package(
    suite: Suite,
    leaf: LeafNode,
    init_key: HPKEPrivateKey,
    signer: SignaturePrivateKey,
    extensions: Extensions = (),
) -> KeyPackage:
    """Return a signed key package.

    Args:
        suite: The cipher suite that it is for.
        leaf: The leaf to be added, from `mimi.tree.leaf.sign_leaf`.
        init_key: The key pair that a Welcome is encrypted to; used once.
        signer: The private key of the leaf's signature key.
        extensions: Those of the key package.

    Raises:
        UsageError: The signer is not the leaf's, the leaf is not for a key package, or one key is
            used for two purposes.
    """
    if signer.public != leaf.signature_key:
        raise UsageError("a key package is signed with the private key of its leaf")
    if not isinstance(leaf.leaf_node_source, KeyPackageSource):
        raise UsageError("the leaf of a key package has the source key_package")
    if init_key.public == leaf.encryption_key:
        raise UsageError("init_key and encryption_key are two keys")
    version = ProtocolVersion.MLS10
    tbs = encode(KeyPackageTBS(version, suite.code, init_key.public, leaf, extensions))
    signature = suite.sign_with_label(signer, SIGNATURE_LABEL, tbs)
    return KeyPackage(version, suite.code, init_key.public, leaf, extensions, signature)


def key_package_ref(suite: Suite, key_package: KeyPackage) -> bytes:
    """Return the KeyPackageRef by which a Welcome names its receiver (section 5.2)."""
    return suite.ref_hash(REFERENCE_LABEL, encode(key_package))


def validate_key_package(
    suite: Suite, key_package: KeyPackage, *, lifetimes: LifetimePolicy | None
) -> None:
    """Check a received key package, all but its credential (section 10.1).

    Whether the leaf fits a certain group is checked with the group.

    Args:
        suite: The group's cipher suite.
        key_package: What was received.
        lifetimes: How its lifetime is judged; None not at all.

    Raises:
        KeyPackageVersionError: It is for another version or suite.
        LeafSourceError: Its leaf is not from a key package.
        InitKeyError: init_key is no key, or also the encryption_key.
        EncryptionKeyError: The encryption_key is no key.
        LifetimeError: The leaf is not valid yet, no longer, or for too long.
        LeafSignatureError: The leaf's signature does not verify.
        KeyPackageSignatureError: Its own does not.
        InvalidError: The leaf is at odds with itself; see `mimi.tree.leaf.check_capabilities`.
    """
    if key_package.version != ProtocolVersion.MLS10 or key_package.cipher_suite != suite.code:
        raise KeyPackageVersionError(
            f"a key package for {key_package.version} with {key_package.cipher_suite}"
        )
    leaf = key_package.leaf_node
    if not isinstance(leaf.leaf_node_source, KeyPackageSource):
        raise LeafSourceError("the leaf of a key package has the source key_package")
    if leaf.encryption_key == key_package.init_key:
        raise InitKeyError("init_key and encryption_key are the same")
    try:
        suite.check_hpke_public_key(key_package.init_key)
    except InvalidPublicKeyError as error:
        raise InitKeyError(error.reason) from error
    check_encryption_key(suite, leaf.encryption_key)
    if lifetimes is not None:
        check_lifetime(leaf.leaf_node_source.lifetime, lifetimes)
    verify_key_package_signature(suite, key_package)
    verify_leaf_signature(suite, leaf)
    check_capabilities(suite, leaf)


def verify_key_package_signature(suite: Suite, key_package: KeyPackage) -> None:
    """Check the signature of a key package.

    Raises:
        KeyPackageSignatureError: It is not by the leaf's signature key.
    """
    tbs = encode_as(KeyPackageTBS, key_package)
    public = key_package.leaf_node.signature_key
    try:
        suite.verify_with_label(public, SIGNATURE_LABEL, tbs, key_package.signature)
    except (SignatureError, InvalidPublicKeyError) as error:
        raise KeyPackageSignatureError(error.reason) from error
