"""Tree operations, tree validation and TreeKEM."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from mimi.codec import encode
from mimi.crypto import Entropy, Suite
from mimi.mls.proposal import Add, Proposal, Remove, Update
from mimi.tree import math
from mimi.tree.math import LeafIndex, NodeIndex
from mimi.tree.path import merge_update_path, process_update_path
from mimi.tree.ratchet import RatchetTree
from mimi.vectors.generate.clients import CERTIFIED
from mimi.vectors.generate.group import Group, Member
from mimi.vectors.generate.written import SUITES, Vector

Script: TypeAlias = Callable[[Suite, Entropy], Group]
"""A way to make a group."""

# Tree operations


def tree_operations(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    """Yield proposals of every kind, applied where they have every kind of effect."""
    yield from _additions(suite, entropy)
    yield from _updates(suite, entropy)
    yield from _removals(suite, entropy)


def _additions(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    yield _add(Group.start(suite, entropy), 0)  # a tree of one becomes a tree of two
    yield _add(Group.grown(suite, entropy, 3), 1)  # trailing blank: unmerged at the root
    yield _add(Group.grown(suite, entropy, 2), 1)  # the full tree is extended
    blank = Group.grown(suite, entropy, 4).remove((1,))
    yield _add(blank, 0)  # a blank in the middle, with blanks above it
    beside = _with_blanks(suite, entropy).add()
    yield _add(beside, 4)  # unmerged at two ancestors, beside one that is already


def _with_blanks(suite: Suite, entropy: Entropy) -> Group:
    """Return a group with leaves 1 and 3 blank below a grandparent and a root that are not."""
    return Group.grown(suite, entropy, 5).commit(0, remove=(1, 3))


def _updates(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    yield _update(Group.grown(suite, entropy, 4), 2)  # its ancestors become blank
    yield _update(Group.grown(suite, entropy, 2), 0)  # the first leaf


def _removals(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    yield _remove(Group.grown(suite, entropy, 4), 3, 1)  # in the middle
    yield _remove(Group.grown(suite, entropy, 2), 1, 0)  # the first
    yield _remove(_with_blanks(suite, entropy).add(), 0, 1)  # an unmerged leaf
    yield _remove(Group.grown(suite, entropy, 4), 0, 3)  # at the edge: the width remains
    sparse = Group.grown(suite, entropy, 9).remove((0, 2, 3, 4, 5, 6, 7))
    yield _remove(sparse, 1, 8)  # at the edge: three halvings
    yield _remove(Group.start(suite, entropy).add(), 0, 1)  # a tree of one remains


def _add(group: Group, sender: int) -> Vector:
    client = group.client()
    return _operation(group, sender, Add(client.key_package), group.join(client)[0].tree)


def _update(group: Group, sender: int) -> Vector:
    leaf, _ = group.updated_leaf(sender)
    return _operation(group, sender, Update(leaf), group.tree.update(LeafIndex(sender), leaf))


def _remove(group: Group, sender: int, removed: int) -> Vector:
    leaf = LeafIndex(removed)
    return _operation(group, sender, Remove(leaf), group.tree.remove(leaf))


def _operation(group: Group, sender: int, proposal: Proposal, after: RatchetTree) -> Vector:
    return {
        "cipher_suite": group.suite.code,
        "tree_before": group.tree.encode(),
        "proposal": encode(proposal, Proposal),
        "proposal_sender": sender,
        "tree_hash_before": group.tree.tree_hash,
        "tree_after": after.encode(),
        "tree_hash_after": after.tree_hash,
    }


# Tree validation


def tree_validation(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    """Yield trees as a joiner may meet them, the simple ones first."""
    for count in (1, 2, 3, 4, 8):
        yield _validation(Group.grown(suite, entropy, count))
    for make in (*OF_THE_FORMAT, *BEYOND_THE_FORMAT):
        yield _validation(make(suite, entropy))
    yield _validation(Group.grown(suite, entropy, 2, CERTIFIED))
    if suite is SUITES[0]:  # large trees say no more in other suites, and take much room
        yield _validation(blanks_and_unmerged(suite, entropy))
        yield _validation(unmerged_everywhere(suite, entropy))
        yield _validation(unmerged_at_right(suite, entropy))
        yield _validation(Group.grown(suite, entropy, 33))


def _validation(group: Group) -> Vector:
    tree = group.tree
    nodes = [NodeIndex(node) for node in range(math.node_width(tree.leaf_count))]
    return {
        "cipher_suite": group.suite.code,
        "tree": tree.encode(),
        "group_id": group.group_id,
        "resolutions": [list(tree.resolution(node)) for node in nodes],
        "tree_hashes": [tree.node_hash(node) for node in nodes],
    }


def internal_blanks(suite: Suite, entropy: Entropy) -> Group:
    """Two members leave a full tree, and one comes."""
    return Group.grown(suite, entropy, 8).commit(0, remove=(2, 3), add=1)


def skipping_blanks(suite: Suite, entropy: Entropy) -> Group:
    """Three of four members below a node leave: parent hash links skip what is above them."""
    return Group.grown(suite, entropy, 8).commit(0, remove=(1, 2, 3))


def unmerged_leaf(suite: Suite, entropy: Entropy) -> Group:
    """The last leaf of eight is taken without a path."""
    return Group.grown(suite, entropy, 7).add()


def figure_20(suite: Suite, entropy: Entropy) -> Group:
    """Appendix A of RFC 9420: an unmerged leaf, and parent hash links that skip a blank."""
    group = Group.start(suite, entropy).commit(0, add=6)
    return group.commit(0, remove=(5,)).commit(4).add()


def blanks_and_unmerged(suite: Suite, entropy: Entropy) -> Group:
    """Appendix A: the left half is a parent, its unmerged leaf, another parent and a leaf."""
    group = Group.start(suite, entropy).commit(0, add=9).commit(5)
    return group.commit(3, remove=(1, 2)).commit(8, remove=(6,)).add()


def unmerged_pair(suite: Suite, entropy: Entropy) -> Group:
    """Two leaves are unmerged at both their ancestors."""
    return _with_blanks(suite, entropy).add(2)


def unmerged_everywhere(suite: Suite, entropy: Entropy) -> Group:
    """In every quarter of sixteen a leaf is unmerged, at each of three ancestors."""
    group = Group.start(suite, entropy).commit(0, add=15).commit(5).commit(10).commit(15)
    group = group.commit(0, remove=(1, 6, 9, 14)).commit(7).commit(8).commit(15)
    return group.add(4)


def unmerged_at_right(suite: Suite, entropy: Entropy) -> Group:
    """After a commit at the left, leaves are unmerged below a root that lists none of them."""
    return unmerged_everywhere(suite, entropy).commit(0)


def extended(suite: Suite, entropy: Entropy) -> Group:
    """A full tree is extended without a path: its root, and all beside the new leaf, are blank."""
    return Group.grown(suite, entropy, 4).add(2)


def extended_and_merged(suite: Suite, entropy: Entropy) -> Group:
    """The same, once one of the old and then one of the new members have committed."""
    return extended(suite, entropy).commit(1).add().commit(5).add()


def updated(suite: Suite, entropy: Entropy) -> Group:
    """Leaves of all three sources: from a key package, an update and a commit."""
    return Group.grown(suite, entropy, 3).commit(0, add=1, update=(1,))


def only_the_edge(suite: Suite, entropy: Entropy) -> Group:
    """All but the first and the last leaf of nine are blank, and one link skips three levels."""
    return Group.grown(suite, entropy, 9).commit(8, remove=range(1, 8))


OF_THE_FORMAT: tuple[Script, ...] = (internal_blanks, skipping_blanks, unmerged_leaf, figure_20)
"""The trees with a history that the specification of the vectors lists."""

BEYOND_THE_FORMAT: tuple[Script, ...] = (
    unmerged_pair,
    extended,
    extended_and_merged,
    updated,
    only_the_edge,
)
"""Those that it does not."""

# TreeKEM


def treekem(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    """Yield update paths from several members of trees with all private keys."""
    yield _kem(Group.start(suite, entropy), (0,))
    yield _kem(Group.grown(suite, entropy, 2), (0, 1))
    yield _kem(Group.grown(suite, entropy, 3), (0, 2))
    yield _kem(Group.start(suite, entropy).add(3), (0, 3))  # no parent at all
    yield _kem(figure_20(suite, entropy), (0, 5))
    yield _kem(unmerged_pair(suite, entropy), (3, 4))
    yield _kem(only_the_edge(suite, entropy), (0, 8))
    if suite is SUITES[0]:
        yield _kem(blanks_and_unmerged(suite, entropy), (1, 9))


def _kem(group: Group, senders: tuple[int, ...]) -> Vector:
    members = sorted(group.members.items())
    return {
        "cipher_suite": group.suite.code,
        "group_id": group.group_id,
        "epoch": group.epoch,
        "confirmed_transcript_hash": group.confirmed_transcript_hash,
        "ratchet_tree": group.tree.encode(),
        "leaves_private": [_private(leaf, member) for leaf, member in members],
        "update_paths": [_update_path(group, LeafIndex(sender)) for sender in senders],
    }


def _private(leaf: LeafIndex, member: Member) -> Vector:
    return {
        "index": leaf,
        "encryption_priv": member.private.keys[math.node_of(leaf)].reveal(),
        "signature_priv": member.signer.reveal(),
        "path_secrets": [
            {"node": node, "path_secret": secret.reveal()}
            for node, secret in sorted(member.path_secrets.items())
        ],
    }


def _update_path(group: Group, sender: LeafIndex) -> Vector:
    created = group.path(sender)
    tree, path = group.tree, created.update_path
    merged = merge_update_path(tree, sender, path, added=())
    tree_hash = merged.tree.tree_hash
    context = encode(group.context(tree_hash))
    path_secrets: list[bytes | None] = []
    for leaf in map(LeafIndex, range(tree.leaf_count)):
        member = group.members.get(leaf)
        if member is None or leaf == sender:
            path_secrets.append(None)
        else:
            known = process_update_path(merged, member.private, context)
            path_secrets.append(known.path_secret.reveal())
    return {
        "sender": sender,
        "update_path": encode(path),
        "path_secrets": path_secrets,
        "commit_secret": created.commit_secret.reveal(),
        "tree_hash_after": tree_hash,
    }
