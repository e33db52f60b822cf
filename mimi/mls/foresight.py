"""Which rows a message needs, as far as that can be told before: so that they are fetched together.

::

    who sends it              the path of the sender's leaf
    once its signature holds  the paths of the leaves that change, the shards of the keys that come
    once these are there      the shards of the keys that go

Nothing is fetched for what a message names whose signature was not verified. What is overlooked
here is asked for when it is missing.
"""

from collections.abc import Iterable

from mimi.mls.framing import FramedContent, MemberSender, Sender
from mimi.mls.proposal import Add, Commit, Remove, SelfRemove, Update
from mimi.mls.snapshot_branches import OpenTree
from mimi.mls.snapshot_keys import OpenShards
from mimi.mls.state import PublicState
from mimi.tree import math
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndex
from mimi.tree.ratchet import RatchetTree


def foresee_sender(state: PublicState, sender: Sender) -> None:
    """Say which rows it takes to verify a message.

    Raises:
        RowNeededError: Some are not there yet.
    """
    stored = state.tree.stored
    if isinstance(stored, OpenTree) and stored.partial and isinstance(sender, MemberSender):
        stored.expect((sender.leaf_index,))


def foresee(state: PublicState, message: FramedContent) -> None:
    """Say which rows a message needs whose signature holds.

    Raises:
        RowNeededError: Some are not there yet.
    """
    stored, commit = state.tree.stored, message.content
    if not isinstance(stored, OpenTree) or not stored.partial or not isinstance(commit, Commit):
        return
    leaves, come = _concerned(state, message, commit)
    keys = [leaf.encryption_key for leaf in come]
    if commit.path is not None:
        keys += [node.encryption_key for node in commit.path.nodes]
    signers = [leaf.signature_key for leaf in come]
    stored.expect(leaves, _shards(state.tree, keys, signers))
    gone = [leaf for index in leaves if (leaf := state.tree.leaf(index)) is not None]
    keys = [leaf.encryption_key for leaf in gone] + _keys_above(state.tree, leaves)
    stored.expect((), _shards(state.tree, keys, (leaf.signature_key for leaf in gone)))


def _keys_above(tree: RatchetTree, leaves: Iterable[LeafIndex]) -> list[bytes]:
    """Return the encryption keys on the direct paths of leaves."""
    inside = [math.node_of(leaf) for leaf in leaves if 0 <= leaf < tree.leaf_count]
    path = {above for leaf in inside for above in math.direct_path(leaf, tree.leaf_count)}
    nodes = map(tree.parent_node, path)
    return [node.encryption_key for node in nodes if node is not None]


def _shards(tree: RatchetTree, keys: Iterable[bytes], signers: Iterable[bytes]) -> list[str]:
    """Return the names of the rows in which encryption keys and signature keys are or would be."""
    names: list[str] = []
    for shards, listed in zip(tree.stored_index().shards, (keys, signers), strict=True):
        if isinstance(shards.source, OpenShards):
            names += shards.source.names(listed)
    return names


def _concerned(
    state: PublicState, message: FramedContent, commit: Commit
) -> tuple[list[LeafIndex], list[LeafNode]]:
    """Return the leaves whose paths a commit changes, and the leaves that it brings."""
    leaves = [message.sender.leaf_index] if isinstance(message.sender, MemberSender) else []
    come = [] if commit.path is None else [commit.path.leaf_node]
    for item in commit.proposals:
        pending = state.proposals.get(item) if isinstance(item, bytes) else None
        proposal = item if pending is None else pending.proposal
        by = message.sender if pending is None else pending.sender
        match proposal:
            case Add(key_package=package):
                come.append(package.leaf_node)
            case Update(leaf_node=leaf):
                come.append(leaf)
            case Remove(removed=index):
                leaves.append(index)
        if isinstance(proposal, Update | SelfRemove) and isinstance(by, MemberSender):
            leaves.append(by.leaf_index)
    return leaves, come
