"""The epochs that a device itself opens, from what a transcript tells of its secrets.

::

    founding         epoch_secret                             --> secrets of epoch 0
    own commit       init_secret of the group, path_secret    --> joiner_secret --> next epoch
    own entry        init_secret of the ExternalInit, path_secret --> joiner_secret --> next epoch

Nothing is drawn: whoever listens follows in this way what a device has sent. The private keys of
nodes follow from the path secret, that of the leaf is given (RFC 9420 sections 7.4 and 8).
"""

from collections.abc import Iterable

import attrs

from mimi.codec import decode
from mimi.crypto import HPKEPrivateKey, Secret, SignaturePrivateKey
from mimi.errors import InvalidError
from mimi.mls import CommitStaged, Group, PublicGroup
from mimi.mls.apply import Transition, transition
from mimi.mls.client import Client
from mimi.mls.errors import ConfirmationTagError
from mimi.mls.framing import AuthenticatedContent, CommitAuthData, PrivateMessage, PublicMessage
from mimi.mls.member import HeldCommit, NewEpoch
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Commit
from mimi.mls.protect import open_private, open_sender_data, unprotect_public
from mimi.mls.schedule import EpochSecrets, joiner_secret
from mimi.mls.secrets import RatchetKind
from mimi.mls.senders import signature_keys
from mimi.mls.state import PublicState, changed, replaced_leaves
from mimi.tree import math
from mimi.tree.private import PrivateTree, node_key


class OwnSecretError(InvalidError):
    """What is told of a device's secrets is not that of what it sends.

    Attributes:
        field: Which of them.
    """

    rule = "RFC 9420 section 8"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason, field=field)
        self.field = field


@attrs.frozen(repr=False)
class OwnSecrets:
    """What a device alone knows of its commit.

    Attributes:
        leaf: The private key of its new leaf; None for a commit without a path.
        path_secret: That of the first node of its filtered direct path; None likewise.
        init_secret: What the ExternalInit stands for; None for the commit of a member.
    """

    leaf: HPKEPrivateKey | None
    path_secret: Secret | None
    init_secret: Secret | None = None


@attrs.frozen(repr=False)
class Opened:
    """An epoch that a commit opens, with its joiner_secret."""

    epoch: NewEpoch
    joiner: Secret


def _path(
    change: Transition, secrets: OwnSecrets
) -> tuple[dict[math.NodeIndex, HPKEPrivateKey], Secret]:
    """Return the private keys of a path, and the commit secret."""
    merged = change.merged
    assert merged is not None  # noqa: S101 - the caller has looked
    if secrets.leaf is None or secrets.path_secret is None:
        name = "encryption_priv" if secrets.leaf is None else "path_secret"
        raise OwnSecretError(name, "a commit with a path has fresh keys")
    suite, leaf = merged.before.suite, change.committer
    if secrets.leaf.public != merged.update_path.leaf_node.encryption_key:
        raise OwnSecretError("encryption_priv", "it is not the private key of the leaf")
    keys, secret = {math.node_of(leaf): secrets.leaf}, secrets.path_secret
    for (node, _), sent in zip(merged.steps, merged.update_path.nodes, strict=True):
        keys[node], secret = node_key(suite, secret)
        if keys[node].public != sent.encryption_key:
            raise OwnSecretError("path_secret", f"node {node} has another key")
    return keys, secret


def _opened(
    before: PublicState,
    change: Transition,
    private: PrivateTree,
    secrets: OwnSecrets,
    init_secret: Secret,
    signer: SignaturePrivateKey,
) -> Opened:
    suite, auth = before.suite, change.message.auth
    assert isinstance(auth, CommitAuthData)  # noqa: S101 - it is a commit
    if change.merged is None:
        private, commit_secret = private.without_blanks(change.tree), Secret(bytes(suite.nh))
    else:
        keys, commit_secret = _path(change, secrets)
        private = private.without_blanks(change.tree, keys)
    state = change.after()
    joiner = joiner_secret(suite, init_secret, commit_secret, state.context)
    derived = EpochSecrets.derive(suite, joiner, Secret(bytes(suite.nh)), state.context)
    derived.check_confirmation_tag(state.context.confirmed_transcript_hash, auth.confirmation_tag)
    touched = (*change.applied.touched, change.committer)
    replaced = replaced_leaves(before, change.tree, touched)
    return Opened(NewEpoch.opened(state, private, signer, derived, replaced), joiner)


def own_commit(
    group: Group, wire: bytes, welcome: bytes | None, secrets: OwnSecrets, now: int
) -> tuple[HeldCommit, Secret]:
    """Return what a member holds that has sent a commit, and the joiner_secret of its epoch.

    Args:
        group: The member's group.
        wire: The encoded MLSMessage, a PublicMessage.
        welcome: The encoded Welcome; None for none.
        secrets: What the member alone knows.
        now: Seconds since 1970-01-01T00:00Z.

    Raises:
        OwnSecretError: The secrets are not those of the commit.
        InvalidError: The commit breaks a rule.
    """
    state, message = group.state, decode(MLSMessage, wire).body
    signed = _own_signed(group, message)
    change = transition(state, signed, group.rules(now))
    init = group.secrets.init_secret
    opened = _opened(state, change, group.private, secrets, init, group.signer)
    return HeldCommit(wire, welcome, opened.epoch), opened.joiner


def _own_signed(group: Group, message: object) -> AuthenticatedContent:
    state = group.state
    if not isinstance(message, PublicMessage) or not isinstance(message.content.content, Commit):
        raise OwnSecretError("body", "no public commit")
    keys = signature_keys(state.tree, state.context.extensions)
    key = group.secrets.membership_key
    return unprotect_public(state.suite, message, state.context, key, keys)


def own_entry(
    client: Client,
    group_info: bytes,
    tree: bytes,
    pending: Iterable[bytes],
    wire: bytes,
    secrets: OwnSecrets,
    now: int,
) -> tuple[Group, Secret]:
    """Return the group of a client that has joined by a commit, and the joiner_secret.

    Args:
        client: The client.
        group_info: The encoded MLSMessage of the group info.
        tree: The encoded ratchet tree.
        pending: The encoded SelfRemove proposals that the hub handed out.
        wire: The encoded commit.
        secrets: What the client alone knows.
        now: Seconds since 1970-01-01T00:00Z.

    Raises:
        OwnSecretError: The secrets are not those of the commit.
        InvalidError: The group info or the commit breaks a rule.
    """
    known = client.settings.components
    public = PublicGroup.from_group_info(group_info, tree, now=now, components=known)
    for each in pending:
        public = public.receive(each, now=now).group
    (event,) = public.receive(wire, now=now).events
    if not isinstance(event, CommitStaged) or secrets.init_secret is None:
        name = "init_secret" if isinstance(event, CommitStaged) else "body"
        raise OwnSecretError(name, "who joins by a commit has it")
    change = event.transition
    private, init = PrivateTree(change.committer, {}), secrets.init_secret
    try:
        opened = _opened(public.state, change, private, secrets, init, client.signer)
    except ConfirmationTagError as error:
        raise OwnSecretError("init_secret", error.reason) from error
    group = Group.of_epoch(opened.epoch, client.settings, client.entropy, client.psks)
    return changed(group, own_commits=(client.suite.hash(wire),)), opened.joiner


def own_founding(
    client: Client,
    group_info: bytes,
    tree: bytes,
    leaf: HPKEPrivateKey,
    epoch_secret: Secret,
    now: int,
) -> Group:
    """Return the group that a client has founded; the arguments are those of `own_entry`.

    Raises:
        OwnSecretError: A secret is not that of the group.
        InvalidError: The group info breaks a rule.
    """
    known = client.settings.components
    public = PublicGroup.from_group_info(group_info, tree, now=now, components=known)
    state = public.state
    secrets = EpochSecrets.of_epoch_secret(state.suite, epoch_secret)
    if secrets.confirmation_tag(b"") != state.confirmation_tag:
        raise OwnSecretError("epoch_secret", "the confirmation tag is another")
    if state.tree.member(math.LeafIndex(0)).encryption_key != leaf.public:
        raise OwnSecretError("encryption_priv", "it is not the private key of the leaf")
    private = PrivateTree.of_leaf(math.LeafIndex(0), leaf)
    epoch = NewEpoch.opened(state, private, client.signer, secrets)
    return Group.of_epoch(epoch, client.settings, client.entropy, client.psks)


def own_message(group: Group, message: PrivateMessage) -> tuple[Group, bytes]:
    """Return the group of a member that has sent an application message, and what it holds.

    Raises:
        OwnSecretError: It is not by the member, or not its next.
        InvalidError: It does not decrypt, or the signature is wrong.
        MalformedError: What decrypts does not parse.
    """
    suite, state, leaf = group.suite, group.state, group.leaf_index
    data = open_sender_data(suite, message, group.secrets.sender_data_secret)
    due = group.message_keys.next_generation(leaf, RatchetKind.APPLICATION)
    if (data.leaf_index, data.generation) != (leaf, due):
        raise OwnSecretError("body", "not the next message of the device")
    key = state.tree.member(leaf).signature_key
    keys, signed = open_private(suite, message, data, state.context, group.message_keys, key)
    content = signed.content.content
    if not isinstance(content, bytes):
        raise OwnSecretError("body", "no application message")
    return changed(group, message_keys=keys), content
