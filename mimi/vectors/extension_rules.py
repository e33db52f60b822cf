"""The rules that vectors of the MLS extensions name (vectors/mls-extensions/README.md)."""

from collections.abc import Callable
from typing import TypeVar

from mimi.content.errors import MessageIdMismatchError
from mimi.crypto import DecryptionError, InvalidPublicKeyError, SignatureError
from mimi.errors import MalformedError, MimiError
from mimi.mls import component_errors as components
from mimi.mls import errors as mls
from mimi.mls import semiprivate_errors as semiprivate
from mimi.mls import tree_options
from mimi.mls.exporter import ComponentSecretConsumedError
from mimi.tree import multicredential_errors as credentials
from mimi.tree.errors import UnsupportedCredentialError
from mimi.vectors.case import Case, DifferenceError

T = TypeVar("T")

EXTENSION_RULES: dict[str, type[MimiError]] = {
    "malformed": MalformedError,
    "signature": SignatureError,
    "decryption": DecryptionError,
    "public-key": InvalidPublicKeyError,
    "component-secret-consumed": ComponentSecretConsumedError,
    "psk-nonce": mls.PSKNonceError,
    "unknown-component": components.UnknownComponentError,
    "absent-component": components.AbsentComponentError,
    "component-conflict": components.ComponentConflictError,
    "component-refusal": components.ComponentRefusalError,
    "dictionary-changed": components.DictionaryChangedError,
    "message-id": MessageIdMismatchError,
    "required-component": components.RequiredComponentError,
    "required-safe-aad": components.RequiredSafeAADError,
    "required-wire-format": components.RequiredWireFormatError,
    "required-media-type": components.RequiredMediaTypeError,
    "self-remove-framing": components.SelfRemoveFramingError,
    "self-remove-sender": components.SelfRemoveSenderError,
    "self-remove-by-value": components.SelfRemoveByValueError,
    "repeated-self-remove": components.RepeatedSelfRemoveError,
    "unexpected-message": mls.UnexpectedMessageError,
    "wrong-epoch": mls.WrongEpochError,
    "wrong-group": mls.WrongGroupError,
    "unknown-sender": mls.UnknownSenderError,
    "message-signature": mls.MessageSignatureError,
    "membership-tag": mls.MembershipTagError,
    "repeated-leaf": mls.RepeatedLeafError,
    "remove-committer": mls.RemoveCommitterError,
    "external-commit-reference": mls.ExternalCommitReferenceError,
    "key-package-signature": mls.KeyPackageSignatureError,
    "empty-multi-credential": credentials.EmptyMultiCredentialError,
    "nested-multi-credential": credentials.NestedMultiCredentialError,
    "binding-signature": credentials.BindingSignatureError,
    "binding-key": credentials.BindingKeyError,
    "unsupported-binding": credentials.UnsupportedBindingError,
    "unsupported-credential": UnsupportedCredentialError,
    "semi-private-application": semiprivate.SemiPrivateApplicationError,
    "semi-private-not-agreed": semiprivate.SemiPrivateNotAgreedError,
    "receiver-list": semiprivate.ReceiverListError,
    "partial-context-hash": semiprivate.PartialContextHashError,
    "receiver-keys": semiprivate.ReceiverKeysError,
    "content-decryption": mls.ContentDecryptionError,
    "content-differs": semiprivate.ContentDiffersError,
    "sender-data": mls.SenderDataError,
    "ratchet-tree-url": tree_options.RatchetTreeURLError,
    "ratchet-tree-domain": tree_options.RatchetTreeDomainError,
    "tree-extension": tree_options.TreeExtensionError,
    "tree-presence": tree_options.TreePresenceError,
    "group-info-signature": mls.GroupInfoSignatureError,
}
"""From short names to the errors of those who break the rules."""

_NAMES: dict[type, str] = {
    **{error: name for name, error in EXTENSION_RULES.items()},
    # RFC 9420 has rules of its own for who may send which proposals
    mls.ExternalProposalError: "self-remove-sender",
    mls.SenderContentError: "self-remove-sender",
}


def extension_rule_of(error: MimiError) -> str:
    """Return the short name of the rule that was broken; of another error, what it is.

    A kind of error that has no name of its own has that of what it is a kind of.
    """
    for kind in type(error).__mro__:
        if kind in _NAMES:
            return _NAMES[kind]
    return f"{type(error).__name__}: {error}"


def broken_by(attempt: Callable[[], T]) -> tuple[str | None, T | None, MimiError | None]:
    """Return the rule for which something is refused, or what comes of it.

    Returns:
        The short name of the rule, nothing, and the error; or nothing, the result, nothing.

    Raises:
        DifferenceError: A field of the case cannot be read.
    """
    try:
        return None, attempt(), None
    except DifferenceError:
        raise
    except MimiError as error:
        return extension_rule_of(error), None, error


def judged(case: Case, attempt: Callable[[], T], field: str = "rule") -> T | None:
    """Check the rule for which something is refused; return what comes of it otherwise.

    Raises:
        DifferenceError: It is refused for another rule, or is not refused.
    """
    rule, result, _ = broken_by(attempt)
    case.same(field, rule)
    return result
