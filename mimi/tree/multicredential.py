"""Several credentials in the place of one (draft-ietf-mls-extensions-10 section 6.5).

::

    CredentialBinding: cipher_suite, credential, credential_key, signature
                                                      |
          SignWithLabel(credential_key, "CredentialBindingTBS", ... + the leaf's signature_key)

Whoever holds a credential's key states that the leaf's signature_key is theirs, too. In a
`MultiCredential` every member supports every binding, in a `WeakMultiCredential` every member
supports one at least, and verifies those that it supports.

A member may not know the type of a credential in a binding. So that it can read past it,
`BoundCredential` is a type and one vector, which the contents of every registered type are.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from mimi.codec import Opaque, decode, encode, is_grease, struct
from mimi.crypto import (
    CipherSuite,
    InvalidPublicKeyError,
    SignatureError,
    SignaturePrivateKey,
    Suite,
    UnknownCipherSuiteError,
    suite_of,
)
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import Credential, SignaturePublicKey, check_credential_key
from mimi.tree.errors import CredentialKeyError
from mimi.tree.math import LeafIndex
from mimi.tree.multicredential_errors import (
    BindingKeyError,
    BindingSignatureError,
    EmptyMultiCredentialError,
    NestedMultiCredentialError,
    UnsupportedBindingError,
)

if TYPE_CHECKING:
    from mimi.tree.leaf import Capabilities, LeafNode, LeafNodeContent

MULTI = CredentialType.declare("MULTI", 0x0003)
WEAK_MULTI = CredentialType.declare("WEAK_MULTI", 0x0004)

SIGNATURE_LABEL = b"CredentialBindingTBS"


@struct
class BoundCredential:
    """A credential in a binding, of a type that need not be known."""

    credential_type: CredentialType
    content: Opaque

    @classmethod
    def of(cls, credential: Credential) -> "BoundCredential":
        """Return a credential as it stands in a binding.

        Raises:
            MalformedError: The contents of its type are not one vector.
        """
        return decode(cls, encode(credential, Credential))

    def read(self) -> Credential:
        """Return the credential.

        Raises:
            MalformedError: Its type is not known here, or it does not parse.
        """
        credential: Credential = decode(Credential, encode(self))
        return credential


@struct
class CredentialBindingTBS:
    """What a binding's signature covers."""

    cipher_suite: CipherSuite
    credential: BoundCredential
    credential_key: SignaturePublicKey
    signature_key: SignaturePublicKey


@struct
class CredentialBinding:
    """The statement of a credential's holder that a leaf's signature_key is theirs."""

    cipher_suite: CipherSuite
    credential: BoundCredential
    credential_key: SignaturePublicKey
    signature: Opaque


@struct(case=MULTI)
class MultiCredential(Credential):
    """Credentials that every member supports, all of them."""

    bindings: tuple[CredentialBinding, ...]


@struct(case=WEAK_MULTI)
class WeakMultiCredential(Credential):
    """Credentials of which every member supports one at least."""

    bindings: tuple[CredentialBinding, ...]


def bindings_of(credential: Credential) -> tuple[CredentialBinding, ...]:
    """Return the bindings of a credential; none, where it is a single one."""
    if isinstance(credential, MultiCredential | WeakMultiCredential):
        return credential.bindings
    return ()


def sign_binding(
    suite: Suite, credential: Credential, signer: SignaturePrivateKey, signature_key: bytes
) -> CredentialBinding:
    """Return the binding of a credential to a leaf.

    Args:
        suite: The cipher suite of the credential's key, which need not be the group's.
        credential: The credential.
        signer: The private key that belongs to it.
        signature_key: That of the leaf.

    Raises:
        SuiteMismatchError: The key is for another signature scheme.
        MalformedError: The contents of the credential's type are not one vector.
    """
    bound = BoundCredential.of(credential)
    tbs = encode(CredentialBindingTBS(suite.code, bound, signer.public, signature_key))
    signature = suite.sign_with_label(signer, SIGNATURE_LABEL, tbs)
    return CredentialBinding(suite.code, bound, signer.public, signature)


def is_supported(binding: CredentialBinding, capabilities: "Capabilities") -> bool:
    """Return whether a client supports a binding: its cipher suite and its type of credential.

    GREASE values in capabilities are no support.
    """
    suite, kind = binding.cipher_suite, binding.credential.credential_type
    if is_grease(suite) or is_grease(kind):
        return False
    return suite in capabilities.cipher_suites and kind in capabilities.credentials


def _at(leaf_index: LeafIndex | None) -> str:
    return "" if leaf_index is None else f"leaf {leaf_index}: "


def check_bindings(credential: Credential, leaf_index: LeafIndex | None = None) -> None:
    """Check the form of a credential with bindings; one without them passes.

    Args:
        credential: The credential.
        leaf_index: For the error: the leaf, where it is in a tree.

    Raises:
        EmptyMultiCredentialError: It has no bindings: it would say nothing of anybody.
        NestedMultiCredentialError: One of its credentials has bindings itself.
    """
    if not isinstance(credential, MultiCredential | WeakMultiCredential):
        return
    if not credential.bindings:
        raise EmptyMultiCredentialError(
            f"{_at(leaf_index)}the credential has no bindings", leaf=leaf_index
        )
    for at, binding in enumerate(credential.bindings):
        if binding.credential.credential_type in (MULTI, WEAK_MULTI):
            raise NestedMultiCredentialError(
                f"{_at(leaf_index)}binding {at} holds bindings itself", leaf=leaf_index, binding=at
            )


def verify_bindings(
    leaf: "LeafNodeContent",
    capabilities: "Capabilities | None",
    leaf_index: LeafIndex | None = None,
) -> None:
    """Check that the bindings of a leaf's credential are valid for the leaf.

    All of a `MultiCredential`; of a `WeakMultiCredential` those that this client supports. Who is
    no member has no capabilities: it verifies whatever it can, as bindings of cipher suites that
    it does not know it cannot.

    Args:
        leaf: The leaf; one whose credential has no bindings passes.
        capabilities: This client's own; None for somebody who follows the group from outside.
        leaf_index: For the error: the leaf, where it is in a tree.

    Raises:
        UnsupportedBindingError: A binding of a `MultiCredential` has a cipher suite that is not
            known here.
        BindingSignatureError: A binding is not signed by its credential_key for this leaf.
        BindingKeyError: A certificate is for another key than credential_key.
        MalformedError: A credential that is to be valid does not parse.
    """
    credential = leaf.credential
    if not isinstance(credential, MultiCredential | WeakMultiCredential):
        return
    weak = isinstance(credential, WeakMultiCredential)
    for at, binding in enumerate(credential.bindings):
        if weak and capabilities is not None and not is_supported(binding, capabilities):
            continue
        try:
            suite = suite_of(binding.cipher_suite)
        except UnknownCipherSuiteError as error:
            if weak or capabilities is None:
                continue
            raise UnsupportedBindingError(
                f"{_at(leaf_index)}binding {at}: {error.reason}", leaf=leaf_index, binding=at
            ) from error
        _verify(suite, binding, leaf.signature_key, at, leaf_index)


def _verify(
    suite: Suite,
    binding: CredentialBinding,
    signature_key: bytes,
    at: int,
    leaf_index: LeafIndex | None,
) -> None:
    """Check one binding, number *at* of its credential."""
    bound, key = binding.credential, binding.credential_key
    where = {"leaf": leaf_index, "binding": at}
    if bound.credential_type in Credential.select.cases:
        try:
            check_credential_key(bound.read(), key)
        except CredentialKeyError as error:
            reason = f"{_at(leaf_index)}binding {at}: {error.reason}"
            raise BindingKeyError(reason, **where) from error
    tbs = encode(CredentialBindingTBS(binding.cipher_suite, bound, key, signature_key))
    try:
        suite.verify_with_label(key, SIGNATURE_LABEL, tbs, binding.signature)
    except (SignatureError, InvalidPublicKeyError) as error:
        reason = f"{_at(leaf_index)}binding {at}: {error.reason}"
        raise BindingSignatureError(reason, **where) from error


Members = Iterable[tuple[LeafIndex, "LeafNode"]]


def check_binding_support(members: Members) -> None:
    """Check that the members of a group support each other's bindings.

    That they support the types of the credentials that hold them is `check_group_support`'s.

    Raises:
        UnsupportedBindingError: A leaf lacks a cipher suite or a type of credential of a
            `MultiCredential`, or supports no binding of a `WeakMultiCredential`.
    """
    listed = [(index, leaf) for index, leaf in members]
    every: dict[_Kind, LeafIndex] = {}
    some: dict[frozenset[_Kind], LeafIndex] = {}
    for index, leaf in listed:
        kinds = frozenset(map(_kind, bindings_of(leaf.credential)))
        if isinstance(leaf.credential, MultiCredential):
            for kind in kinds:
                every.setdefault(kind, index)
        elif isinstance(leaf.credential, WeakMultiCredential):
            some.setdefault(kinds, index)
    known: dict[frozenset[_Kind], LeafIndex] = {}
    wanted = frozenset(every).union(*some)
    for index, leaf in listed:
        known.setdefault(_supported(wanted, leaf.capabilities), index)
    for supported, index in known.items():
        for (suite, credential), holder in every.items():
            if (suite, credential) not in supported:
                raise UnsupportedBindingError(
                    f"leaf {index} does not support {suite} with credential type {credential},"
                    f" which leaf {holder} uses",
                    leaf=index,
                )
        for kinds, holder in some.items():
            if kinds.isdisjoint(supported):
                raise UnsupportedBindingError(
                    f"leaf {index} supports no binding of leaf {holder}", leaf=index
                )


_Kind = tuple[CipherSuite, CredentialType]


def _kind(binding: CredentialBinding) -> _Kind:
    return binding.cipher_suite, binding.credential.credential_type


def _supported(kinds: Collection[_Kind], capabilities: "Capabilities") -> frozenset[_Kind]:
    """Return which of the pairs of cipher suite and type of credential a client supports."""
    suites = frozenset(capabilities.cipher_suites)
    types = frozenset(capabilities.credentials)
    return frozenset(
        (suite, kind)
        for suite, kind in kinds
        if suite in suites and kind in types and not is_grease(suite) and not is_grease(kind)
    )
