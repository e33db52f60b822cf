"""Leaf nodes: how a member appears in the group (RFC 9420 sections 7.2 and 7.3)."""

from collections.abc import Container
from typing import Annotated, TypeAlias

import attrs

from mimi.codec import Given, Opaque, Select, UInt64, encode_as, field_encoder, struct
from mimi.crypto import CipherSuite, SignatureError, SignaturePrivateKey, Suite
from mimi.crypto.errors import InvalidPublicKeyError
from mimi.errors import UsageError
from mimi.tree.codepoints import (
    DEFAULT_EXTENSIONS,
    DEFAULT_PROPOSALS,
    CredentialType,
    ExtensionType,
    LeafNodeSource,
    ProposalType,
    ProtocolVersion,
)
from mimi.tree.credential import (
    Credential,
    SignaturePublicKey,
    check_credential_key,
)
from mimi.tree.errors import (
    EncryptionKeyError,
    LeafSignatureError,
    LifetimeError,
    RequiredCapabilityError,
    UnlistedCredentialError,
    UnlistedExtensionError,
    UnsupportedCipherSuiteError,
    UnsupportedExtensionError,
)
from mimi.tree.extension import Extensions, HPKEPublicKey, required_capabilities
from mimi.tree.math import LeafIndex, LeafIndexField, NodeIndex
from mimi.tree.multicredential import check_bindings

SIGNATURE_LABEL = b"LeafNodeTBS"

DEFAULT_MAXIMUM_LIFETIME = 84 * 24 * 3600 + 3600
"""The longest total lifetime that is accepted unless the caller says otherwise, in seconds.

RFC 9420 section 7.2 leaves the number to applications; 84 days and an hour of clock skew is what
deployed implementations allow.
"""


@struct(cached=True)
class Capabilities:
    """What a client supports, besides the defaults that everyone does (section 7.2)."""

    versions: tuple[ProtocolVersion, ...] = (ProtocolVersion.MLS10,)
    cipher_suites: tuple[CipherSuite, ...] = ()
    extensions: tuple[ExtensionType, ...] = ()
    proposals: tuple[ProposalType, ...] = ()
    credentials: tuple[CredentialType, ...] = (CredentialType.BASIC,)


@struct
class Lifetime:
    """When a key package may be used, in seconds since 1970-01-01T00:00Z, both ends included."""

    not_before: UInt64
    not_after: UInt64


@struct
class KeyPackageSource:
    """The leaf comes from a key package."""

    lifetime: Lifetime


@struct
class UpdateSource:
    """The leaf comes from an Update proposal."""


@struct
class CommitSource:
    """The leaf comes from a commit's update path."""

    parent_hash: Opaque


LeafSource: TypeAlias = Annotated[
    KeyPackageSource | UpdateSource | CommitSource,
    Select(
        LeafNodeSource,
        {
            LeafNodeSource.KEY_PACKAGE: KeyPackageSource,
            LeafNodeSource.UPDATE: UpdateSource,
            LeafNodeSource.COMMIT: CommitSource,
        },
        "LeafSource",
    ),
]


@struct
class LeafNodeContent:
    """The fields that LeafNode and LeafNodeTBS have in common."""

    encryption_key: HPKEPublicKey
    signature_key: SignaturePublicKey
    credential: Credential
    capabilities: Capabilities
    leaf_node_source: LeafSource
    extensions: Extensions


@struct(cached=True)
class LeafNode(LeafNodeContent):
    """A member's leaf, signed by the member."""

    signature: Opaque


@struct
class LeafPosition:
    """The group and the place that the signature of an Update or a commit's leaf covers."""

    group_id: Opaque
    leaf_index: LeafIndexField


_position = field_encoder(LeafPosition)


@struct
class LeafNodeTBS(LeafNodeContent):
    """What a leaf's signature covers."""

    position: Annotated[
        LeafPosition | None,
        Given("leaf_node_source", {UpdateSource: LeafPosition, CommitSource: LeafPosition}),
    ]


def to_be_signed(leaf: LeafNodeContent, group_id: bytes, leaf_index: LeafIndex | None) -> bytes:
    """Return the encoded LeafNodeTBS of *leaf*: its own encoding without the signature, extended.

    Group and index are not read for leaves from a key package.

    Raises:
        UsageError: The leaf is signed for a place, and *leaf_index* is None.
    """
    content = encode_as(LeafNodeContent, leaf)
    if isinstance(leaf.leaf_node_source, KeyPackageSource):
        return content
    if leaf_index is None:
        raise UsageError("the leaf of an Update or a commit is signed for its place in a group")
    return content + _position(group_id, leaf_index)


def sign_leaf(
    suite: Suite,
    content: LeafNodeContent,
    signer: SignaturePrivateKey,
    group_id: bytes = b"",
    leaf_index: LeafIndex | None = None,
) -> LeafNode:
    """Return *content* as a signed leaf.

    Args:
        suite: The group's cipher suite.
        content: What the leaf says.
        signer: The private key of ``content.signature_key``.
        group_id: The group; not read for a leaf from a key package.
        leaf_index: The leaf's place; None for the leaf of a key package, which has none yet.

    Raises:
        UsageError: The signer is not the content's, or a leaf that needs a place has none.
    """
    if signer.public != content.signature_key:
        raise UsageError("a leaf is signed with the private key of its own signature_key")
    tbs = to_be_signed(content, group_id, leaf_index)
    return LeafNode(
        content.encryption_key,
        content.signature_key,
        content.credential,
        content.capabilities,
        content.leaf_node_source,
        content.extensions,
        suite.sign_with_label(signer, SIGNATURE_LABEL, tbs),
    )


def _at(leaf_index: LeafIndex | None) -> str:
    return "" if leaf_index is None else f"leaf {leaf_index}: "


def verify_leaf_signature(
    suite: Suite, leaf: LeafNode, group_id: bytes = b"", leaf_index: LeafIndex | None = None
) -> None:
    """Check the signature of a leaf (section 7.3).

    Args:
        suite: The cipher suite.
        leaf: The leaf.
        group_id: The group; not read for a leaf from a key package.
        leaf_index: The leaf's place; None for the leaf of a key package, which has none yet.

    Raises:
        LeafSignatureError: It is not by the leaf's own signature key, or that is no key.
    """
    tbs = to_be_signed(leaf, group_id, leaf_index)
    try:
        suite.verify_with_label(leaf.signature_key, SIGNATURE_LABEL, tbs, leaf.signature)
    except (SignatureError, InvalidPublicKeyError) as error:
        raise LeafSignatureError(f"{_at(leaf_index)}{error.reason}", leaf=leaf_index) from error


def check_encryption_key(suite: Suite, *public: bytes, node: NodeIndex | None = None) -> None:
    """Check that nodes' encryption keys are keys: a broken one would lock the group.

    Raises:
        EncryptionKeyError: One is none; names the node.
    """
    check = suite.kem.check_public_key
    try:
        for key in public:
            check(key)
    except InvalidPublicKeyError as error:
        where = "" if node is None else f"node {node}: "
        raise EncryptionKeyError(f"{where}{error.reason}", node=node) from error


def check_capabilities(suite: Suite, leaf: LeafNode, leaf_index: LeafIndex | None = None) -> None:
    """Check that a leaf is consistent in itself (sections 5.3, 7.2 and 7.3).

    Args:
        suite: The cipher suite.
        leaf: The leaf.
        leaf_index: For the error: the leaf, where it is in a tree.

    Raises:
        UnsupportedCipherSuiteError: Its capabilities lack MLS 1.0 or the suite.
        UnlistedCredentialError: They lack the type of its own credential.
        UnlistedExtensionError: They lack the type of one of its own extensions.
        CredentialKeyError: Its certificate is for another key.
        EmptyMultiCredentialError: Its credential should have bindings and has none.
        NestedMultiCredentialError: A credential in a binding has bindings itself.
    """
    listed = leaf.capabilities
    if ProtocolVersion.MLS10 not in listed.versions or suite.code not in listed.cipher_suites:
        raise UnsupportedCipherSuiteError(
            f"{_at(leaf_index)}capabilities lack MLS 1.0 or {suite.code}", leaf=leaf_index
        )
    kind = leaf.credential.tag
    if kind not in listed.credentials:
        raise UnlistedCredentialError(
            f"{_at(leaf_index)}capabilities lack credential {kind}", leaf=leaf_index
        )
    supported: Container[int] = listed.extensions
    if len(listed.extensions) > 8:  # long lists come from attackers: do not search them in turn
        supported = frozenset(listed.extensions)
    for extension in leaf.extensions:
        carried = extension.extension_type
        if carried not in DEFAULT_EXTENSIONS and carried not in supported:
            raise UnlistedExtensionError(
                f"{_at(leaf_index)}capabilities lack extension {carried}", leaf=leaf_index
            )
    check_credential_key(leaf.credential, leaf.signature_key, leaf_index)
    check_bindings(leaf.credential, leaf_index)


@attrs.frozen
class GroupNeeds:
    """What the extensions of a group context demand of every leaf (sections 11.1 and 13.4).

    Attributes:
        extensions: Extension types that required_capabilities names, without the defaults.
        proposals: Proposal types that it names, without the defaults.
        credentials: Credential types that it names.
        used: Types of the extensions that are there, without the defaults.
    """

    extensions: frozenset[int]
    proposals: frozenset[int]
    credentials: frozenset[int]
    used: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.extensions or self.proposals or self.credentials or self.used)

    @classmethod
    def of(cls, extensions: Extensions) -> "GroupNeeds":
        """Return the needs of a group with these extensions.

        Raises:
            MalformedError: required_capabilities does not parse.
        """
        if not extensions:
            return NO_NEEDS
        required = required_capabilities(extensions)
        return cls(
            frozenset(required.extension_types) - DEFAULT_EXTENSIONS,
            frozenset(required.proposal_types) - DEFAULT_PROPOSALS,
            frozenset(required.credential_types),
            frozenset(extension.extension_type for extension in extensions) - DEFAULT_EXTENSIONS,
        )


NO_NEEDS = GroupNeeds(frozenset(), frozenset(), frozenset(), frozenset())


def _missing(needed: frozenset[int], listed: tuple[int, ...]) -> int | None:
    """Return one of what is needed and not listed, None where all is.

    However much is needed, the search ends after as many steps as the leaf lists, and one.
    """
    supported = frozenset(listed) if needed else needed
    return next((kind for kind in needed if kind not in supported), None)


def check_group_needs(leaf: LeafNode, needs: GroupNeeds, leaf_index: LeafIndex) -> None:
    """Check that a leaf has what the group requires, and supports what it uses.

    Raises:
        RequiredCapabilityError: It lacks something required (sections 7.3 and 11.1).
        UnsupportedExtensionError: It does not support an extension in use (section 13.4).
    """
    listed = leaf.capabilities
    for what, needed, supported in (
        ("extension", needs.extensions, listed.extensions),
        ("proposal", needs.proposals, listed.proposals),
        ("credential", needs.credentials, listed.credentials),
    ):
        missing = _missing(needed, supported)
        if missing is not None:
            raise RequiredCapabilityError(
                f"leaf {leaf_index}: lacks {what} {missing}", leaf=leaf_index
            )
    missing = _missing(needs.used, listed.extensions)
    if missing is not None:
        raise UnsupportedExtensionError(
            f"leaf {leaf_index}: does not support extension {missing}", leaf=leaf_index
        )


@attrs.frozen
class LifetimePolicy:
    """Whether the lifetimes of a received tree's leaves are enforced.

    RFC 9420 section 7.3 recommends it and does not demand it: a leaf may have expired since it
    was added, and a group whose members cannot be joined any more helps nobody. Leave the policy
    out to look at no lifetimes.

    Attributes:
        now: Seconds since 1970-01-01T00:00Z.
        maximum: The longest total lifetime accepted, in seconds.
    """

    now: int
    maximum: int = DEFAULT_MAXIMUM_LIFETIME


def check_lifetime(
    lifetime: Lifetime, policy: LifetimePolicy, leaf_index: LeafIndex | None = None
) -> None:
    """Check that a lifetime includes the present and is not too long (sections 7.2 and 7.3).

    Args:
        lifetime: From a leaf of a key package.
        policy: The present, and the longest lifetime accepted.
        leaf_index: For the error: the leaf, where it is in a tree.

    Raises:
        LifetimeError: It does not, or is inverted.
    """
    now, maximum = policy.now, policy.maximum
    start, end = lifetime.not_before, lifetime.not_after
    if start <= now <= end and end - start <= maximum:
        return
    where = _at(leaf_index)
    if start > end:
        raise LifetimeError(f"{where}ends at {end}, before it starts", leaf=leaf_index)
    if end - start > maximum:
        raise LifetimeError(f"{where}lasts {end - start} seconds, over {maximum}", leaf=leaf_index)
    raise LifetimeError(f"{where}valid from {start} to {end}, not at {now}", leaf=leaf_index)
