"""One epoch of a group of two, and what an attacker who knows all its secrets can make of it."""

import attrs
import pytest
from tree.members import GROUP_ID, Person, person

from mimi.codec import encode, replace
from mimi.crypto import (
    CipherSuite,
    Entropy,
    Secret,
    SeededEntropy,
    SignaturePrivateKey,
    Suite,
    suite_of,
)
from mimi.errors import UsageError
from mimi.mls.codepoints import ContentType, WireFormat
from mimi.mls.context import GroupContext
from mimi.mls.framing import (
    AuthenticatedContent,
    CommitAuthData,
    ExternalSenderIndex,
    FramedContent,
    FramedContentAuthData,
    FramedContentTBS,
    MemberSender,
    NewMemberCommitSender,
    NewMemberProposalSender,
    PrivateContentAAD,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderData,
    SenderDataAAD,
)
from mimi.mls.keypackage import KeyPackage, sign_key_package
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
    protect_private,
    protect_public,
    sender_data_key,
    unprotect_private,
    unprotect_public,
)
from mimi.mls.psk import ExternalPSK, PreSharedKeyID
from mimi.mls.schedule import EpochSecrets
from mimi.mls.secrets import RatchetKind, SecretTree, Window
from mimi.tree.codepoints import ProtocolVersion
from mimi.tree.math import LeafIndex

SUITE = suite_of(CipherSuite.X25519_AES128)
ALICE, BOB = LeafIndex(0), LeafIndex(1)

MEMBER = MemberSender(BOB)
EXTERNAL = ExternalSenderIndex(0)
JOINER = NewMemberCommitSender()
PROPOSER = NewMemberProposalSender()

PUBLIC, PRIVATE = WireFormat.MLS_PUBLIC_MESSAGE, WireFormat.MLS_PRIVATE_MESSAGE


def offer(entropy: SeededEntropy, suite: Suite = SUITE) -> tuple[KeyPackage, Person]:
    """Return a key package and who made it; the init key follows from the encryption key."""
    member = person(entropy, suite)
    init = suite.derive_key_pair(member.key.reveal())
    return sign_key_package(suite, member.leaf, init, member.signer), member


OFFER, CAROL = offer(SeededEntropy(b"carol"))

PROPOSALS: dict[type[Proposal], Proposal] = {
    Add: Add(OFFER),
    Update: Update(CAROL.leaf),
    Remove: Remove(LeafIndex(1)),
    PreSharedKey: PreSharedKey(PreSharedKeyID(ExternalPSK(b"psk"), bytes(SUITE.nh))),
    ReInit: ReInit(b"next group", ProtocolVersion.MLS10, SUITE.code, ()),
    ExternalInit: ExternalInit(bytes(32)),
    GroupContextExtensions: GroupContextExtensions(()),
}
"""One proposal of each kind."""

COMMIT = Commit((Remove(LeafIndex(0)), b"a reference"), None)


@attrs.frozen
class Epoch:
    """One epoch of a group of Alice and Bob, with all that they know."""

    suite: Suite
    context: GroupContext
    secrets: EpochSecrets
    signers: dict[Sender, SignaturePrivateKey]

    @classmethod
    def of(cls, suite: Suite = SUITE, number: int = 3) -> "Epoch":
        """Return an epoch of a group."""
        entropy = SeededEntropy(b"epoch")
        context = GroupContext(suite.code, GROUP_ID, number, b"tree hash", b"transcript hash")
        secrets = EpochSecrets.of_epoch_secret(suite, Secret(entropy(suite.nh)))
        senders = MemberSender(ALICE), MEMBER, EXTERNAL, JOINER, PROPOSER
        signers = {sender: suite.generate_signature_key(entropy) for sender in senders}
        return cls(suite, context, secrets, signers)

    @property
    def tree(self) -> SecretTree:
        """The secret tree as it is before the first message."""
        return self.secrets.open_trees(2)[1]

    def key_of(self, content: FramedContent) -> bytes:
        """Return the signature key of a sender."""
        signer = self.signers.get(content.sender)
        if signer is None:
            raise UsageError(f"there is no {content.sender}")
        return signer.public

    def content(self, sent: bytes | Proposal | Commit, sender: Sender = MEMBER) -> FramedContent:
        """Return framed content."""
        return FramedContent(self.context.group_id, self.context.epoch, sender, b"aad", sent)

    def sign(
        self,
        sent: bytes | Proposal | Commit,
        sender: Sender = MEMBER,
        wire_format: WireFormat = PRIVATE,
        context: GroupContext | None = None,
        signer: SignaturePrivateKey | None = None,
    ) -> AuthenticatedContent:
        """Return signed content; any octets serve as a confirmation tag.

        It is put together by hand, since `authenticate` does not sign all that an attacker would.
        """
        content, context = self.content(sent, sender), context or self.context
        covered = context if isinstance(sender, MemberSender | NewMemberCommitSender) else None
        tbs = encode(FramedContentTBS(wire_format, content, covered))
        key = signer or self.signers[sender]
        signature = self.suite.sign_with_label(key, b"FramedContentTBS", tbs)
        if isinstance(sent, Commit):
            auth = CommitAuthData(signature, bytes(self.suite.nh))
            return AuthenticatedContent(wire_format, content, auth)
        return AuthenticatedContent(wire_format, content, FramedContentAuthData(signature))

    def public(self, sent: bytes | Proposal | Commit, sender: Sender = MEMBER) -> PublicMessage:
        """Return a public message."""
        signed = self.sign(sent, sender, PUBLIC)
        return protect_public(self.suite, signed, self.context, self.secrets.membership_key)

    def open_public(
        self, message: PublicMessage, context: GroupContext | None = None
    ) -> AuthenticatedContent:
        """Open a public message as a member."""
        key = self.secrets.membership_key
        return unprotect_public(self.suite, message, context or self.context, key, self.key_of)

    def private(
        self,
        sent: bytes | Proposal | Commit,
        tree: SecretTree | None = None,
        entropy: Entropy | int = 1,
        padding: int = 0,
    ) -> tuple[SecretTree, PrivateMessage]:
        """Return a private message and the secret tree after it."""
        source = SeededEntropy(entropy) if isinstance(entropy, int) else entropy
        data_secret = self.secrets.sender_data_secret
        return protect_private(
            self.suite, self.sign(sent), tree or self.tree, data_secret, source, padding
        )

    def open(
        self,
        message: PrivateMessage,
        tree: SecretTree | None = None,
        window: Window | None = None,
        context: GroupContext | None = None,
    ) -> tuple[SecretTree, AuthenticatedContent]:
        """Open a private message."""
        return unprotect_private(
            self.suite,
            message,
            context or self.context,
            tree or self.tree,
            self.secrets.sender_data_secret,
            self.key_of,
            window,
        )

    # What only an attacker does

    def sealed(
        self,
        plaintext: bytes,
        kind: ContentType = ContentType.APPLICATION,
        leaf: LeafIndex = BOB,
        generation: int = 0,
    ) -> PrivateMessage:
        """Return a private message with any plaintext, under the right key."""
        where = self.context.group_id, self.context.epoch, kind
        window = Window(ahead=1 << 32, kept=0)
        _, key = self.tree.take(leaf, RatchetKind.of(kind), generation, window)
        aad = encode(PrivateContentAAD(*where, b"aad"))
        octets = self.suite.aead_seal(key.key.reveal(), key.nonce.reveal(), aad, plaintext)
        message = PrivateMessage(*where, b"aad", b"", octets)
        return self.addressed(message, SenderData(leaf, generation, bytes(4)))

    def addressed(self, message: PrivateMessage, data: SenderData | bytes) -> PrivateMessage:
        """Return a private message with other sender data, encrypted for its ciphertext."""
        secret = self.secrets.sender_data_secret
        key = sender_data_key(self.suite, secret, message.ciphertext)
        aad = encode(SenderDataAAD(message.group_id, message.epoch, message.content_type))
        octets = data if isinstance(data, bytes) else encode(data)
        sealed = self.suite.aead_seal(key.key.reveal(), key.nonce.reveal(), aad, octets)
        return replace(message, encrypted_sender_data=sealed)


EPOCH = Epoch.of()
REMOVE = PROPOSALS[Remove]
SENT = {"application": b"hello", "proposal": REMOVE, "commit": COMMIT}

every_content = pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
handshakes = pytest.mark.parametrize("sent", [REMOVE, COMMIT], ids=["proposal", "commit"])
every_sender = pytest.mark.parametrize(
    ("sender", "sent"),
    [(MEMBER, REMOVE), (EXTERNAL, REMOVE), (PROPOSER, PROPOSALS[Add]), (JOINER, COMMIT)],
    ids=["member", "external", "new member, proposal", "new member, commit"],
)


def flipped(octets: bytes, at: int = -1) -> bytes:
    changed = bytearray(octets)
    changed[at] ^= 1
    return bytes(changed)
