"""What a device alone knows of the commits that it sends, for those who only listen.

A device draws its path secret and forgets it: here it is found among the octets that were drawn, as
the one from which its commit follows.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mimi.client import Asking, Change, DeviceRoom
from mimi.client.joining import self_removes
from mimi.codec import decode, encode
from mimi.crypto import Entropy, Secret, Suite
from mimi.errors import MimiError
from mimi.mls import Group
from mimi.mls.client import Client
from mimi.mls.external import external_pub
from mimi.mls.framing import PublicMessage
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Commit, ExternalInit
from mimi.mls.schedule import EpochSecrets
from mimi.mls.tree_options import encoded_tree
from mimi.mls.welcome import GroupInfo
from mimi.protocol.groupinfo import GroupInfoResponse, open_group_info
from mimi.tree import math
from mimi.vectors.transcript_epochs import OwnSecrets, own_commit, own_entry

NO_SECRETS: Mapping[str, Any] = dict.fromkeys(
    ("encryption_priv", "path_secret", "init_secret", "joiner_secret")
)
"""What there is to know of proposals."""


def leaf_key(group: Group) -> bytes:
    """Return the private key of a member's leaf."""
    return group.private.keys[math.node_of(group.leaf_index)].reveal()


def epoch_secret(suite: Suite, wire: bytes, drawn: Iterable[bytes]) -> bytes:
    """Return which of the octets that were drawn are the epoch_secret of a new group."""
    info = decode(MLSMessage, wire).body
    assert isinstance(info, GroupInfo)  # noqa: S101 - it is one
    for octets in drawn:
        if len(octets) == suite.nh:
            secrets = EpochSecrets.of_epoch_secret(suite, Secret(octets))
            if secrets.confirmation_tag(b"") == info.confirmation_tag:
                return octets
    raise AssertionError("an epoch_secret is drawn")


def secrets_of_change(
    group: Group, change: Change[DeviceRoom], drawn: Iterable[bytes], now: int
) -> Mapping[str, Any]:
    """Return what a device alone knows of a commit of its own, whose path secret it has drawn."""
    held = change.room.group.held
    if held is None:
        return NO_SECRETS
    epoch, message = held.epoch, decode(MLSMessage, held.wire).body
    assert isinstance(message, PublicMessage)  # noqa: S101 - handshakes are public here
    assert isinstance(message.content.content, Commit)  # noqa: S101 - it is held
    if message.content.content.path is None:
        _, joiner = own_commit(group, held.wire, None, OwnSecrets(None, None), now)
        return {**NO_SECRETS, "joiner_secret": joiner.reveal()}
    leaf = epoch.private.keys[math.node_of(epoch.private.leaf)]

    def opened(path_secret: Secret) -> Secret:
        secrets = OwnSecrets(leaf, path_secret)
        return own_commit(group, held.wire, None, secrets, now)[1]

    path_secret, joiner = _drawn_path(group.suite, drawn, opened)
    return {
        "encryption_priv": leaf.reveal(),
        "path_secret": path_secret.reveal(),
        "init_secret": None,
        "joiner_secret": joiner.reveal(),
    }


def _drawn_path(
    suite: Suite, drawn: Iterable[bytes], opened: Callable[[Secret], Secret]
) -> tuple[Secret, Secret]:
    """Return which of the octets that were drawn are the path secret, and the joiner_secret."""
    for octets in drawn:
        if len(octets) != suite.nh:
            continue
        try:
            return Secret(octets), opened(Secret(octets))
        except MimiError:
            continue
    raise AssertionError("a path secret is drawn")


def secrets_of_entry(
    client: Client,
    asking: Asking,
    response: GroupInfoResponse,
    change: Change[DeviceRoom],
    drawn: list[bytes],
    now: int,
) -> Mapping[str, Any]:
    """Return what a device alone knows of the commit by which it joins."""
    found = open_group_info(asking.uri, asking.request, response, asking.private)
    group, suite = change.room.group, client.suite
    wire = encode(change.request.bundle.proposal_or_commit)
    init = _init_secret(suite, found.group_info, wire, drawn)
    leaf = group.private.keys[math.node_of(group.leaf_index)]
    info = encode(MLSMessage(found.group_info))
    tree = found.ratchet_tree_option
    pending = self_removes(found)

    def opened(path_secret: Secret) -> Secret:
        secrets = OwnSecrets(leaf, path_secret, init)
        octets = encoded_tree(tree, None)
        return own_entry(client, info, octets, pending, wire, secrets, now)[1]

    path_secret, joiner = _drawn_path(suite, drawn, opened)
    return {
        "encryption_priv": leaf.reveal(),
        "path_secret": path_secret.reveal(),
        "init_secret": init.reveal(),
        "joiner_secret": joiner.reveal(),
    }


def _init_secret(suite: Suite, info: GroupInfo, wire: bytes, drawn: Iterable[bytes]) -> Secret:
    """Return what an ExternalInit stands for, from what was drawn for it."""
    message = decode(MLSMessage, wire).body
    assert isinstance(message, PublicMessage)  # noqa: S101 - an external commit is public
    assert isinstance(message.content.content, Commit)  # noqa: S101 - it is one
    (wanted,) = (
        each.kem_output
        for each in message.content.content.proposals
        if isinstance(each, ExternalInit)
    )
    for octets in drawn:
        again = _once(octets)
        try:
            kem_output, secret = suite.send_external_init(external_pub(info.extensions), again)
        except MimiError:
            continue
        if kem_output == wanted:
            return Secret(secret)
    raise AssertionError("an ephemeral key is drawn")


def _once(octets: bytes) -> Entropy:
    return lambda size: octets if len(octets) == size else bytes(size)
