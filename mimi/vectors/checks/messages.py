"""Messages, message protection and Welcome."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import attrs

from mimi.codec import decode, encode
from mimi.crypto import Secret, SeededEntropy, SignaturePrivateKey, Suite
from mimi.errors import MimiError, UsageError
from mimi.mls.codepoints import WireFormat
from mimi.mls.context import GroupContext
from mimi.mls.errors import ContentDecryptionError, MembershipTagError, SenderDataError
from mimi.mls.framing import (
    AuthenticatedContent,
    FramedContent,
    MemberSender,
    PrivateMessage,
    PublicMessage,
)
from mimi.mls.keypackage import KeyPackage, verify_key_package_signature
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import (
    Add,
    Commit,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    Update,
)
from mimi.mls.protect import (
    authenticate,
    protect_private,
    protect_public,
    unprotect_private,
    unprotect_public,
)
from mimi.mls.schedule import EpochSecrets
from mimi.mls.secrets import SecretTree
from mimi.mls.welcome import (
    GroupInfo,
    GroupSecrets,
    Welcome,
    decrypt_group_info,
    decrypt_group_secrets,
    verify_group_info,
)
from mimi.tree.math import LeafIndex
from mimi.tree.node import RatchetTreeNodes
from mimi.vectors.case import Case, DifferenceError, holds, shown

T = TypeVar("T")

SENDER = LeafIndex(1)
"""The leaf that sends in every message-protection vector."""

PUBLIC = ("proposal_pub", "commit_pub")
PRIVATE = ("proposal_priv", "commit_priv", "application_priv")
"""The messages of a message-protection vector."""

STRUCTURES: dict[str, Any] = {
    "ratchet_tree": RatchetTreeNodes,
    "group_secrets": GroupSecrets,
    "add_proposal": Add,
    "update_proposal": Update,
    "remove_proposal": Remove,
    "pre_shared_key_proposal": PreSharedKey,
    "re_init_proposal": ReInit,
    "external_init_proposal": ExternalInit,
    "group_context_extensions_proposal": GroupContextExtensions,
    "commit": Commit,
}
"""The structures of a messages vector that stand alone."""

BODIES: dict[str, tuple[type, type | None]] = {
    "mls_welcome": (Welcome, None),
    "mls_group_info": (GroupInfo, None),
    "mls_key_package": (KeyPackage, None),
    "public_message_application": (PublicMessage, bytes),
    "public_message_proposal": (PublicMessage, Proposal),
    "public_message_commit": (PublicMessage, Commit),
    "private_message": (PrivateMessage, None),
}
"""Those that are in an MLSMessage: the class of its body, and that of a public one's content."""


def check_messages(case: Case) -> None:
    """Decode every structure and encode it again."""
    for name, declared in STRUCTURES.items():
        with case.valid(name, syntax_only=True):
            _round_trip(case, name, declared)
    for name, (kind, content) in BODIES.items():
        with case.valid(name, syntax_only=True):
            body = _round_trip(case, name, MLSMessage).body
            if not isinstance(body, kind):
                raise DifferenceError(case.name(name), kind.__name__, type(body).__name__)
            sent = body.content.content if isinstance(body, PublicMessage) else None
            if content is not None and not isinstance(sent, content):
                raise DifferenceError(case.name(name), content.__name__, "other content")


def _round_trip(case: Case, name: str, declared: Any) -> Any:
    octets = case.octets(name)
    value = decode(declared, octets)
    if encode(value, declared) != octets:
        raise DifferenceError(case.name(name), octets.hex(), encode(value, declared).hex())
    return value


def body_of(case: Case, name: str, kind: type[T]) -> T:
    """Return the body of an MLSMessage, which must be of a certain class."""
    with case.at(name):
        body: object = decode(MLSMessage, case.octets(name)).body
    if not isinstance(body, kind):
        raise DifferenceError(case.name(name), kind.__name__, type(body).__name__)
    return body


@attrs.frozen
class Protection:
    """The group of a message-protection vector, as its member at leaf 1 sees it."""

    suite: Suite
    context: GroupContext
    signer: SignaturePrivateKey
    membership_key: Secret
    encryption_secret: Secret
    sender_data_secret: Secret

    @property
    def secrets(self) -> SecretTree:
        """A fresh secret tree for two members."""
        return SecretTree(self.suite, 2, self.encryption_secret)

    def key_of(self, content: FramedContent) -> bytes:
        """Return the one signature key there is."""
        if content.sender != MemberSender(SENDER):
            raise UsageError(f"{content.sender} is not the sender of these vectors")
        return self.signer.public

    def sign(
        self, wire_format: WireFormat, sent: bytes | Proposal | Commit
    ) -> AuthenticatedContent:
        """Return signed content; any octets serve as a confirmation tag here."""
        head = self.context.group_id, self.context.epoch, MemberSender(SENDER), b""
        content = FramedContent(*head, sent)
        tag = bytes(self.suite.nh) if isinstance(sent, Commit) else None
        return authenticate(self.suite, wire_format, content, self.context, self.signer, tag)

    def open_public(self, message: PublicMessage, *, tagged: bool = True) -> AuthenticatedContent:
        """Unprotect a public message; its membership tag is left out if not *tagged*."""
        key = self.membership_key if tagged else None
        return unprotect_public(self.suite, message, self.context, key, self.key_of)

    def open_private(self, message: PrivateMessage) -> AuthenticatedContent:
        """Unprotect a private message with a fresh secret tree."""
        return unprotect_private(
            self.suite, message, self.context, self.secrets, self.sender_data_secret, self.key_of
        )[1]

    def seal_public(self, sent: bytes | Proposal | Commit) -> PublicMessage:
        """Protect as a public message."""
        signed = self.sign(WireFormat.MLS_PUBLIC_MESSAGE, sent)
        return protect_public(self.suite, signed, self.context, self.membership_key)

    def seal_private(self, sent: bytes | Proposal | Commit) -> PrivateMessage:
        """Protect as a private message, padded with 7 octets."""
        signed = self.sign(WireFormat.MLS_PRIVATE_MESSAGE, sent)
        entropy = SeededEntropy(b"message-protection")
        return protect_private(
            self.suite, signed, self.secrets, self.sender_data_secret, entropy, padding=7
        )[1]


def check_message_protection(case: Case) -> None:
    """Verify protection both ways, for a proposal, a commit and application data."""
    suite = case.suite()
    with case.at("signature_priv"):
        signer = suite.signature_private_key(case.octets("signature_priv"))
    group = Protection(
        suite,
        GroupContext(
            suite.code,
            case.octets("group_id"),
            case.integer("epoch"),
            case.octets("tree_hash"),
            case.octets("confirmed_transcript_hash"),
        ),
        signer,
        case.secret("membership_key"),
        case.secret("encryption_secret"),
        case.secret("sender_data_secret"),
    )
    public = [body_of(case, name, PublicMessage) for name in PUBLIC]
    private = [body_of(case, name, PrivateMessage) for name in PRIVATE]
    _check_heads(case, group.context, [*(message.content for message in public), *private])
    proof = partial(group.open_public, public[0])
    case.equal_keys("signature_priv", "signature_pub", signer.public, proof)
    _check_secrets(case, group, public, private)
    for name, kind in (("proposal", Proposal), ("commit", Commit), ("application", bytes)):
        _check_protection(case, group, name, kind)


def _check_heads(
    case: Case, context: GroupContext, heads: list[FramedContent | PrivateMessage]
) -> None:
    """Check that some message is of the group and the epoch, or else these are wrong."""
    for name in ("group_id", "epoch"):
        if all(getattr(head, name) != getattr(context, name) for head in heads):
            raise DifferenceError(case.name(name), shown(case.value(name)), "messages of another")
        case.note(name)


def _check_secrets(
    case: Case, group: Protection, public: list[PublicMessage], private: list[PrivateMessage]
) -> None:
    """Check that not all messages fail for the same secret, or else that is wrong."""
    if all(
        _fails(MembershipTagError, partial(group.open_public, message))
        and holds(partial(group.open_public, message, tagged=False))
        for message in public
    ):
        raise DifferenceError(case.name("membership_key"), "the key of the tags", "another")
    case.note("membership_key")
    secrets: dict[str, type[MimiError]] = {
        "sender_data_secret": SenderDataError,
        "encryption_secret": ContentDecryptionError,
    }
    for name, error in secrets.items():
        if all(_fails(error, partial(group.open_private, message)) for message in private):
            raise DifferenceError(case.name(name), "the secret of the messages", "another")
        case.note(name)


def _fails(error: type[MimiError], attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except MimiError as raised:
        return isinstance(raised, error)
    return False


def _check_protection(
    case: Case, group: Protection, name: str, kind: type[bytes | Proposal | Commit]
) -> None:
    if kind is not bytes:
        with case.valid(f"{name}_pub"):
            public = group.open_public(body_of(case, f"{name}_pub", PublicMessage))
            sent = _sent(case, f"{name}_pub", public, kind)
        case.equal(name, encode(sent, kind))
    with case.valid(f"{name}_priv"):
        private = group.open_private(body_of(case, f"{name}_priv", PrivateMessage))
        raw = _sent(case, f"{name}_priv", private, kind)
    case.equal(name, raw if isinstance(raw, bytes) else encode(raw, kind))
    with case.valid(name):
        if kind is bytes:
            _check_refused(case, group, name, raw)
        else:
            _check_same(case, name, raw, group.open_public(group.seal_public(raw)))
        _check_same(case, name, raw, group.open_private(group.seal_private(raw)))


def _sent(case: Case, name: str, opened: AuthenticatedContent, kind: type[Any]) -> Any:
    content = opened.content.content
    if not isinstance(content, kind):
        raise DifferenceError(case.name(name), kind.__name__, type(content).__name__)
    return content


def _check_same(case: Case, name: str, raw: Any, opened: AuthenticatedContent) -> None:
    if opened.content.content != raw:
        raise DifferenceError(case.name(name), "the same after protecting", "something else")


def _check_refused(case: Case, group: Protection, name: str, raw: Any) -> None:
    try:
        group.seal_public(raw)
    except UsageError:
        return
    raise DifferenceError(case.name(name), "a refusal to protect it publicly", "a message")


def check_welcome(case: Case) -> None:
    """Decrypt a Welcome, and verify its group info's signature and confirmation tag."""
    suite = case.suite()
    with case.valid("key_package"):
        key_package = body_of(case, "key_package", KeyPackage)
        verify_key_package_signature(suite, key_package)
    with case.valid("init_priv"):
        init_key = suite.hpke_private_key(case.octets("init_priv"))
        if init_key.public != key_package.init_key:
            raise DifferenceError(case.name("init_priv"), "the key of init_key", "another")
    with case.valid("welcome"):
        welcome = body_of(case, "welcome", Welcome)
        secrets = decrypt_group_secrets(suite, welcome, key_package, init_key)
        joiner, no_psk = secrets.joiner_secret, Secret(bytes(suite.nh))
        group_info = decrypt_group_info(suite, welcome, joiner, no_psk)
        context = group_info.group_context
        epoch = EpochSecrets.derive(suite, joiner, no_psk, context)
        epoch.check_confirmation_tag(context.confirmed_transcript_hash, group_info.confirmation_tag)
    with case.valid("signer_pub"):
        verify_group_info(suite, group_info, case.octets("signer_pub"))
