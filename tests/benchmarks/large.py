"""Groups of any size, put together from the tree up: a thousand commits would take too long."""

from collections.abc import Callable
from types import MappingProxyType

import attrs

from mimi.crypto import (
    CipherSuite,
    HPKEPrivateKey,
    Secret,
    SeededEntropy,
    os_entropy,
    suite_of,
)
from mimi.mls import GroupContext, Settings, WireFormat
from mimi.mls.group import Group
from mimi.mls.member import NewEpoch
from mimi.mls.schedule import EpochSecrets
from mimi.mls.settings import no_padding
from mimi.mls.state import next_state
from mimi.tree import math
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import Extensions
from mimi.tree.leaf import (
    Capabilities,
    KeyPackageSource,
    LeafNodeContent,
    Lifetime,
    sign_leaf,
)
from mimi.tree.path import create_update_path
from mimi.tree.private import PrivateTree
from mimi.tree.ratchet import RatchetTree

SUITE = suite_of(CipherSuite.X25519_AES128)
GROUP_ID = b"a group of many"
NOW = 1_700_000_000
SETTINGS = Settings(handshake=WireFormat.MLS_PUBLIC_MESSAGE, padding=no_padding)


@attrs.frozen
class Many:
    """A tree with all its private keys: of leaves, of nodes, for signing."""

    tree: RatchetTree
    keys: dict[int, HPKEPrivateKey]
    signers: list
    entropy: SeededEntropy

    def group(self, leaf: int, extensions: Extensions = (), settings: Settings = SETTINGS) -> Group:
        """Return the group as the member at a leaf knows it, who checked the tree on joining."""
        tree = self.tree
        assert tree.index.members == len(self.signers)
        positions = (math.node_of(leaf), *math.direct_path(math.node_of(leaf), tree.leaf_count))
        keys = {at: self.keys[at] for at in positions if tree.node(at) is not None}
        context = GroupContext(SUITE.code, GROUP_ID, 7, tree.tree_hash, bytes(32), extensions)
        secrets = EpochSecrets.of_epoch_secret(SUITE, Secret(bytes(32)))
        state = next_state(context, tree, secrets.confirmation_tag(bytes(32)))
        private = PrivateTree(leaf, MappingProxyType(keys))
        epoch = NewEpoch.opened(state, private, self.signers[leaf], secrets)
        return Group.of_epoch(epoch, settings, os_entropy)


PLAIN = Capabilities(cipher_suites=(SUITE.code,))


def identity(number: int) -> bytes:
    return f"mimi://a.example/d/member-{number}/phone".encode()


def _member(
    number: int,
    entropy: SeededEntropy,
    capabilities: Capabilities,
    extensions: Extensions,
    named: Callable[[int], bytes],
):
    signer, key = SUITE.generate_signature_key(entropy), SUITE.generate_key_pair(entropy)
    content = LeafNodeContent(
        key.public,
        signer.public,
        BasicCredential(named(number)),
        capabilities,
        KeyPackageSource(Lifetime(NOW - 3600, NOW + 80 * 24 * 3600)),
        extensions,
    )
    return sign_leaf(SUITE, content, signer), key, signer


def bulk_added(
    members: int,
    capabilities: Capabilities = PLAIN,
    extensions: Extensions = (),
    named: Callable[[int], bytes] = identity,
) -> Many:
    """Return a group whose members were all added just now: every parent is blank.

    Args:
        members: How many.
        capabilities: Those of every leaf.
        extensions: Those of every leaf.
        named: From a member's number to its identity.
    """
    entropy = SeededEntropy(b"many")
    keys, signers, nodes = {}, [], []
    for number in range(members):
        leaf, key, signer = _member(number, entropy, capabilities, extensions, named)
        nodes += (leaf, None)
        keys[math.node_of(number)] = key
        signers.append(signer)
    tree = RatchetTree.of_nodes(SUITE, tuple(nodes[:-1]))
    return Many(tree, keys, signers, entropy)


def _far_apart(members: int) -> list[int]:
    """Return the leaves in an order in which the tree fills evenly: else it takes N^2 / 4 steps."""
    bits = max(members - 1, 1).bit_length()
    mirrored = (int(f"{number:0{bits}b}"[::-1], 2) for number in range(1 << bits))
    return [number for number in mirrored if number < members]


def full(members: int) -> Many:
    """Return a group in which every member has committed: no parent with members is blank."""
    return filled(bulk_added(members))


def filled(many: Many) -> Many:
    """Return the group after a commit of every member."""
    tree, keys = many.tree, dict(many.keys)
    for index in _far_apart(len(many.signers)):
        leaf, signer = tree.member(index), many.signers[index]
        path = create_update_path(
            tree, index, leaf, signer, GROUP_ID, lambda _: b"", many.entropy, added=()
        )
        tree = path.tree
        keys.update(path.private.keys)
    return Many(tree, keys, many.signers, many.entropy)
