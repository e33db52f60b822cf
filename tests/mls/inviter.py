"""A member who invites, and makes everything right but for what a test asks of it.

A joiner cannot know how a joiner_secret came about, nor a transcript hash: an inviter can choose
both, and derive from them an epoch of any tree and any group context.
"""

from collections.abc import Mapping
from typing import Any

import attrs
from mls.epoch import SUITE
from tree.members import GROUP_ID, Group, refused

from mimi.codec import encode, replace
from mimi.crypto import Secret, SeededEntropy, SignaturePrivateKey, Suite
from mimi.errors import MimiError
from mimi.mls.client import Client
from mimi.mls.context import GroupContext
from mimi.mls.group import read_key_package
from mimi.mls.keypackage import KeyPackage, key_package_ref
from mimi.mls.message import MLSMessage
from mimi.mls.psk import PreSharedKeyID, PSKLabel
from mimi.mls.schedule import EpochSecrets
from mimi.mls.settings import Settings
from mimi.mls.welcome import (
    GroupInfo,
    NewMember,
    Welcome,
    encrypt_welcome,
    sign_group_info,
)
from mimi.tree import math
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import Extension, Extensions
from mimi.tree.math import LeafIndex
from mimi.tree.ratchet import RatchetTree

NOW = 1_700_000_000
FIRST = LeafIndex(0)
Named = tuple[tuple[PreSharedKeyID, Secret], ...]


def client(name: bytes, suite: Suite = SUITE, settings: Settings | None = None) -> Client:
    """Return a client; everything of it follows from its name."""
    entropy = SeededEntropy(name + bytes([suite.code]))
    return Client.create(BasicCredential(name), suite, entropy=entropy, settings=settings)


def with_package(who: Client, **options: Any) -> tuple[Client, KeyPackage]:
    """Return a client with a key package, and that."""
    who, wire = who.key_package(now=NOW, **options)
    return who, read_key_package(wire)


@attrs.frozen
class Invitation:
    """All that a Welcome is made of; what a test leaves alone is right.

    Attributes:
        package: The joiner's key package.
        tree: The ratchet tree.
        signer: What the group info is signed with.
        suite: The cipher suite.
        inviter: The leaf that the group info names as its signer.
        path_secret: For the joiner; None where the commit had no path.
        psks: The pre-shared keys of the epoch, with their values.
        told: Those that the joiner is told, where they are others.
        context: What is to differ in the group context.
        extensions: Those of the group info, besides the tree.
        tree_inside: Whether the group info carries the tree.
        tag: The confirmation tag, where it is another.
    """

    package: KeyPackage
    tree: RatchetTree
    signer: SignaturePrivateKey
    suite: Suite = SUITE
    inviter: LeafIndex = FIRST
    path_secret: Secret | None = None
    psks: Named = ()
    told: tuple[PreSharedKeyID, ...] | None = None
    context: Mapping[str, Any] = attrs.field(factory=dict)
    extensions: Extensions = ()
    tree_inside: bool = True
    tag: bytes | None = None

    def but(self, **changes: Any) -> "Invitation":
        """Return the invitation with changes; those of the context are added to earlier ones."""
        context = {**self.context, **changes.pop("context", {})}
        return attrs.evolve(self, context=context, **changes)

    def group_context(self) -> GroupContext:
        """Return the group context."""
        right = GroupContext(self.suite.code, GROUP_ID, 7, self.tree.tree_hash, b"transcript hash")
        return replace(right, **self.context)

    @property
    def joiner_secret(self) -> Secret:
        """The joiner_secret, of the inviter's choice."""
        return Secret(b"j" * self.suite.nh)

    def secrets(self) -> EpochSecrets:
        """Return the secrets of the epoch."""
        psk = psk_secret(self.suite, self.psks)
        return EpochSecrets.derive(self.suite, self.joiner_secret, psk, self.group_context())

    def group_info(self) -> GroupInfo:
        """Return the signed group info."""
        context, extensions = self.group_context(), self.extensions
        if self.tree_inside:
            carried = Extension(ExtensionType.RATCHET_TREE, self.tree.encode())
            extensions = (carried, *extensions)
        tag = self.tag
        if tag is None:
            tag = self.secrets().confirmation_tag(context.confirmed_transcript_hash)
        return sign_group_info(self.suite, context, extensions, tag, self.inviter, self.signer)

    def welcome(self, info: GroupInfo | None = None) -> Welcome:
        """Return the Welcome, with another group info if there is one."""
        ids = tuple(psk for psk, _ in self.psks) if self.told is None else self.told
        return encrypt_welcome(
            self.suite,
            info or self.group_info(),
            self.joiner_secret,
            psk_secret(self.suite, self.psks),
            ids,
            (NewMember(self.package, self.path_secret),),
            SeededEntropy(b"welcome"),
        )

    def wire(self) -> bytes:
        """Return the encoded MLSMessage with the Welcome."""
        return wire_of(self.welcome())


def wire_of(body: Any) -> bytes:
    """Return an encoded MLSMessage."""
    return encode(MLSMessage(body))


def psk_secret(suite: Suite, psks: Named) -> Secret:
    """Return the psk_secret of any keys, those with a wrong nonce included (section 8.4)."""
    secret = bytes(suite.nh)
    for index, (name, value) in enumerate(psks):
        label = encode(PSKLabel(name, index, len(psks)))
        extracted = suite.extract(bytes(suite.nh), value.reveal())
        psk_input = suite.expand_with_label(extracted, b"derived psk", label, suite.nh)
        secret = suite.extract(psk_input, secret)
    return Secret(secret)


def invited(package: KeyPackage, group: Group, *, path: bool) -> Invitation:
    """Return the invitation by which the first member of a group adds somebody."""
    group.tree, leaf = group.tree.add(package.leaf_node)
    signer = group.members[FIRST].signer
    if not path:
        return Invitation(package, group.tree, signer)
    created = group.create(FIRST, (leaf,))
    shared = math.common_ancestor(math.node_of(FIRST), math.node_of(leaf))
    return Invitation(package, created.tree, signer, path_secret=created.path_secrets[shared])


def refuses(
    joiner: Client,
    invitation: Invitation | bytes,
    genuine: Invitation,
    kind: type[MimiError],
    options: Mapping[str, Any] | None = None,
    **where: object,
) -> None:
    """Check that a client refuses to join, and can still do so by the genuine Welcome."""
    wire = invitation if isinstance(invitation, bytes) else invitation.wire()
    given = {"now": NOW, **(options or {})}
    with refused(kind, **where):
        joiner.join(wire, **given)
    joins(joiner, genuine, **given)


def joins(joiner: Client, invitation: Invitation, **options: Any) -> None:
    """Check that a client joins, and then no longer holds the key package."""
    reference = key_package_ref(invitation.suite, invitation.package)
    assert reference in joiner.key_packages
    after, group = joiner.join(invitation.wire(), **{"now": NOW, **options}).accept()
    assert reference not in after.key_packages
    expected = invitation.secrets().epoch_authenticator.reveal()
    assert group.epoch_authenticator == expected
