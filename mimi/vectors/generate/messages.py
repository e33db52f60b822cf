"""Message protection and Welcome."""

from collections.abc import Iterator

import attrs

from mimi.codec import encode
from mimi.crypto import Entropy, Secret, SignaturePrivateKey, Suite, draw
from mimi.mls.codepoints import WireFormat
from mimi.mls.context import GroupContext
from mimi.mls.framing import (
    AuthenticatedContent,
    FramedContent,
    MemberSender,
    PrivateMessage,
    PublicMessage,
)
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Commit, Proposal
from mimi.mls.protect import authenticate, protect_private, protect_public
from mimi.mls.schedule import EpochSecrets, joiner_secret
from mimi.mls.secrets import RatchetKind
from mimi.mls.welcome import GroupInfo, NewMember, encrypt_welcome, sign_group_info
from mimi.tree import math
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension, Extensions, ExternalPub, extension
from mimi.tree.math import LeafIndex
from mimi.tree.path import CreatedPath
from mimi.tree.ratchet import RatchetTree
from mimi.vectors.generate.clients import Client, greased, some_grease
from mimi.vectors.generate.content import EMPTY_COMMIT, Contents, Flavour
from mimi.vectors.generate.group import Group
from mimi.vectors.generate.written import SAFE_INTEGER, SUITES, Vector, below

SENDER = LeafIndex(1)
COMMITTER = LeafIndex(0)
"""The leaf that sends in every message-protection vector."""

# Message protection


@attrs.frozen
class Protection:
    """An epoch of a group of two, and how its member at leaf 1 sends.

    Attributes:
        context: The group context.
        signer: The sender's private key.
        secrets: The secrets of the epoch.
        entropy: The source of reuse guards and confirmation tags.
        data: The octets of authenticated data.
        padding: The octets of padding.
        sent: How many private messages of either ratchet the sender has sent before.
    """

    context: GroupContext
    signer: SignaturePrivateKey
    secrets: EpochSecrets
    entropy: Entropy
    data: int
    padding: int
    sent: int

    @property
    def suite(self) -> Suite:
        """The cipher suite."""
        return self.secrets.suite

    def _signed(
        self, wire_format: WireFormat, sent: bytes | Proposal | Commit
    ) -> AuthenticatedContent:
        head = self.context.group_id, self.context.epoch, MemberSender(SENDER)
        content = FramedContent(*head, draw(self.entropy, self.data), sent)
        tag = draw(self.entropy, self.suite.nh) if isinstance(sent, Commit) else None
        return authenticate(self.suite, wire_format, content, self.context, self.signer, tag)

    @property
    def encryption_secret(self) -> bytes:
        """The root of the secret tree, which these vectors give away."""
        secret = self.secrets.encryption_secret
        return b"" if secret is None else secret.reveal()

    def public(self, sent: Proposal | Commit) -> PublicMessage:
        """Return a public message."""
        signed = self._signed(WireFormat.MLS_PUBLIC_MESSAGE, sent)
        return protect_public(self.suite, signed, self.context, self.secrets.membership_key)

    def private(self, sent: bytes | Proposal | Commit) -> PrivateMessage:
        """Return a private message."""
        secrets = self.secrets.open_trees(2)[1]
        for _ in range(self.sent):
            for kind in RatchetKind:
                secrets = secrets.next_key(SENDER, kind)[0]
        signed = self._signed(WireFormat.MLS_PRIVATE_MESSAGE, sent)
        data_secret = self.secrets.sender_data_secret
        return protect_private(
            self.suite, signed, secrets, data_secret, self.entropy, self.padding
        )[1]


def message_protection(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    """Yield protected messages; over two cipher suites, proposals of all types of a member's.

    The first group is in epoch 0 and has no identifier; nothing is padded or empty in the second;
    the third's numbers are great.
    """
    group = Group.grown(suite, entropy, 2)
    plain = Contents(group, Flavour.PLAIN)
    odd = SUITES.index(suite) % 2
    proposals = tuple(plain.members_proposals(SENDER))[3 * odd :]
    by_value = Commit((plain.remove(), plain.psk()), None)
    commits = EMPTY_COMMIT, plain.commit(SENDER), by_value
    heads = (b"", 0), (group.group_id, below(entropy, 1 << 32)), (draw(entropy, 80), SAFE_INTEGER)
    for number, application in enumerate((b"", b"Hello, group", draw(entropy, 300))):
        confirmed = draw(entropy, suite.nh) if number else b""
        context = GroupContext(suite.code, *heads[number], draw(entropy, suite.nh), confirmed)
        secrets = EpochSecrets.of_epoch_secret(suite, Secret(draw(entropy, suite.nh)))
        sizes = ((0, 0, 0), (32, 13, 1), (70, 200, 5))[number]
        signer = group.members[SENDER].signer
        protection = Protection(context, signer, secrets, entropy, *sizes)
        yield _protected(protection, proposals[number], commits[number], application)


def _protected(
    protection: Protection, proposal: Proposal, commit: Commit, application: bytes
) -> Vector:
    context = protection.context
    return {
        "cipher_suite": context.cipher_suite,
        "group_id": context.group_id,
        "epoch": context.epoch,
        "tree_hash": context.tree_hash,
        "confirmed_transcript_hash": context.confirmed_transcript_hash,
        "signature_priv": protection.signer.reveal(),
        "signature_pub": protection.signer.public,
        "encryption_secret": protection.encryption_secret,
        "sender_data_secret": protection.secrets.sender_data_secret.reveal(),
        "membership_key": protection.secrets.membership_key.reveal(),
        "proposal": encode(proposal, Proposal),
        "proposal_pub": encode(MLSMessage(protection.public(proposal))),
        "proposal_priv": encode(MLSMessage(protection.private(proposal))),
        "commit": encode(commit),
        "commit_pub": encode(MLSMessage(protection.public(commit))),
        "commit_priv": encode(MLSMessage(protection.private(commit))),
        "application": application,
        "application_priv": encode(MLSMessage(protection.private(application))),
    }


# Welcome


@attrs.frozen
class NewEpoch:
    """The epoch that new members are welcomed to.

    Attributes:
        tree: Its ratchet tree.
        context: Its group context.
        joiner: Its joiner_secret.
        secrets: Its other secrets.
    """

    tree: RatchetTree
    context: GroupContext
    joiner: Secret
    secrets: EpochSecrets

    @classmethod
    def of(
        cls, group: Group, created: CreatedPath | None = None, extensions: Extensions = ()
    ) -> "NewEpoch":
        """Return the epoch after a commit that *group* is the result of, but for the path."""
        suite, zeros = group.suite, Secret(bytes(group.suite.nh))
        tree = group.tree if created is None else created.tree
        commit_secret = zeros if created is None else created.commit_secret
        context = group.context(tree.tree_hash, extensions)
        init = Secret(draw(group.entropy, suite.nh))
        joiner = joiner_secret(suite, init, commit_secret, context)
        return cls(tree, context, joiner, EpochSecrets.derive(suite, joiner, zeros, context))

    def group_info(
        self, extensions: Extensions, signer: LeafIndex, key: SignaturePrivateKey
    ) -> GroupInfo:
        """Return the group info of a member."""
        tag = self.secrets.confirmation_tag(self.context.confirmed_transcript_hash)
        return sign_group_info(self.secrets.suite, self.context, extensions, tag, signer, key)

    def info_extensions(self, flavour: Flavour, entropy: Entropy) -> Extensions:
        """Return extensions for its group info."""
        if flavour is Flavour.BARE:
            return ()
        external = ExternalPub(self.secrets.external_key_pair().public)
        return (
            Extension(ExtensionType.RATCHET_TREE, self.tree.encode()),
            extension(ExtensionType.EXTERNAL_PUB, external),
            *greased(entropy, some_grease(entropy, flavour.profile.grease)),
        )


def welcome(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    """Yield a Welcome without a path, one for three with paths, and one with all extensions."""
    for flavour, receivers, place in (
        (Flavour.BARE, 1, 0),
        (Flavour.PLAIN, 3, 1),
        (Flavour.FULL, 1, 0),
    ):
        group = Group.grown(suite, entropy, 3).commit(1, remove=(0,))
        yield _welcome(group, flavour, receivers, place)


def _welcome(group: Group, flavour: Flavour, receivers: int, place: int) -> Vector:
    suite, entropy, committer = group.suite, group.entropy, LeafIndex(2)
    joined: dict[LeafIndex, Client] = {}
    for _ in range(receivers):
        client = group.client(flavour.profile)
        group, leaf = group.join(client)
        joined[leaf] = client
    created = None if flavour is Flavour.BARE else group.path(committer, tuple(joined))
    extensions = Contents(group, flavour).context_extensions()
    epoch = NewEpoch.of(group, created, extensions)
    info_extensions = epoch.info_extensions(flavour, entropy)
    signer = group.members[committer].signer
    info = epoch.group_info(info_extensions, committer, signer)
    receiver = tuple(joined.values())[place]
    new = [new_member(leaf, client, committer, created) for leaf, client in joined.items()]
    sealed = encrypt_welcome(suite, info, epoch.joiner, Secret(bytes(suite.nh)), (), new, entropy)
    return {
        "cipher_suite": suite.code,
        "init_priv": receiver.init_key.reveal(),
        "signer_pub": signer.public,
        "key_package": encode(MLSMessage(receiver.key_package)),
        "welcome": encode(MLSMessage(sealed)),
    }


def new_member(
    leaf: LeafIndex,
    client: Client,
    committer: LeafIndex = COMMITTER,
    created: CreatedPath | None = None,
) -> NewMember:
    """Return a receiver of a Welcome, with its path secret where there is a path."""
    if created is None:
        return NewMember(client.key_package)
    shared = math.common_ancestor(math.node_of(leaf), math.node_of(committer))
    return NewMember(client.key_package, created.path_secrets[shared])
