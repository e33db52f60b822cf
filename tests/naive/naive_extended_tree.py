"""Ratchet trees whose leaves may have multi-credentials (RFC 9420, section 7).

What of ``naive_tree`` depends on how a leaf is written is here once more, with the structures of
``naive_extensions``; the rest is taken from there.
"""

import copy

from naive import naive_extensions as ext
from naive import naive_tree as tree
from naive.naive_crypto import Suite, hash_of, verify_with_label
from naive.naive_extensions import hold
from naive.naive_tree import Tree
from naive.naive_wire import (
    LEAF,
    PARENT,
    PARENT_NODE,
    SOURCE_COMMIT,
    U8,
    U32,
    decode,
    encode,
    optional,
    write_opaque,
)


def read_tree(octets: bytes) -> Tree:
    nodes = decode(ext.RATCHET_TREE_STRUCT, octets)
    if not nodes or nodes[-1] is None:
        raise ValueError("the last node of a ratchet tree is blank")
    for x, node in enumerate(nodes):
        if node is not None and node["node_type"] != (LEAF if tree.is_leaf(x) else PARENT):
            raise ValueError(f"node {x} is of the wrong type")
    width = 1
    while width < len(nodes):
        width = 2 * width + 1
    return nodes + [None] * (width - len(nodes))


def write_tree(nodes: Tree) -> bytes:
    last = max(x for x, node in enumerate(nodes) if node is not None)
    return encode(ext.RATCHET_TREE_STRUCT, nodes[: last + 1])


def tree_hash(suite: Suite, nodes: Tree, x: int, without: frozenset[int] = frozenset()) -> bytes:
    """Hash the subtree under x, as if the leaves ``without`` had never been added."""
    node = nodes[x]
    if tree.is_leaf(x):
        leaf = None if node is None or x // 2 in without else node["leaf_node"]
        octets = U8.write(LEAF) + U32.write(x // 2) + optional(ext.LEAF_NODE).write(leaf)
        return hash_of(suite, octets)
    content = None
    if node is not None:
        unmerged = [one for one in node["parent_node"]["unmerged_leaves"] if one not in without]
        content = {**node["parent_node"], "unmerged_leaves": unmerged}
    octets = U8.write(PARENT) + optional(PARENT_NODE).write(content)
    octets += write_opaque(tree_hash(suite, nodes, tree.left(x), without))
    octets += write_opaque(tree_hash(suite, nodes, tree.right(x), without))
    return hash_of(suite, octets)


def root_hash(suite: Suite, nodes: Tree) -> bytes:
    return tree_hash(suite, nodes, tree.root(len(nodes)))


def parent_hash(suite: Suite, nodes: Tree, p: int, s: int) -> bytes:
    """Give the parent hash of the node p with copath child s."""
    content = nodes[p]["parent_node"]
    without = frozenset(content["unmerged_leaves"])
    octets = write_opaque(content["encryption_key"]) + write_opaque(content["parent_hash"])
    return hash_of(suite, octets + write_opaque(tree_hash(suite, nodes, s, without)))


def check_parent_hashes(suite: Suite, nodes: Tree) -> None:
    """Check that one node vouches for each parent that is not blank (section 7.9.2)."""
    for p in range(1, len(nodes), 2):
        if nodes[p] is None:
            continue
        unmerged = {2 * leaf for leaf in nodes[p]["parent_node"]["unmerged_leaves"]}
        witnesses = []
        for c, s in ((tree.left(p), tree.right(p)), (tree.right(p), tree.left(p))):
            below = set(tree.resolution(nodes, c))
            expected = parent_hash(suite, nodes, p, s)
            witnesses += [
                d
                for d in below
                if tree.stored_parent_hash(nodes, d) == expected
                and below - {d} == unmerged & set(tree.subtree(c))
            ]
        if len(witnesses) != 1:
            raise ValueError(f"the nodes whose parent hash vouches for node {p}: {witnesses}")


def check_leaf_signature(suite: Suite, leaf: dict, group_id: bytes, leaf_index: int) -> None:
    signed = ext.leaf_node_tbs(leaf, group_id, leaf_index)
    key, signature = leaf["signature_key"], leaf["signature"]
    valid = verify_with_label(suite, key, "LeafNodeTBS", signed, signature)
    hold("leaf-signature", f"that of leaf {leaf_index} does not verify", holds=valid)


def check_key_package(suite: Suite, package: dict) -> None:
    """Check the two signatures of a key package (section 10.1)."""
    leaf = package["leaf_node"]
    check_leaf_signature(suite, leaf, b"", 0)  # group and index are not signed here
    signed = encode(ext.KEY_PACKAGE_TBS, package)
    key, signature = leaf["signature_key"], package["signature"]
    valid = verify_with_label(suite, key, "KeyPackageTBS", signed, signature)
    hold("key-package-signature", "it does not verify", holds=valid)


def check_tree(suite: Suite, nodes: Tree, group_id: bytes) -> None:
    """Check a tree as who joins does (section 12.4.3.1)."""
    tree.check_unmerged_leaves(nodes)
    check_parent_hashes(suite, nodes)
    for leaf in tree.occupied_leaves(nodes):
        check_leaf_signature(suite, tree.leaf_at(nodes, leaf), group_id, leaf)


def merge_update_path(suite: Suite, nodes: Tree, sender: int, path: dict) -> Tree:
    """Merge an update path (section 7.5); its parent hash must be that of the merged tree."""
    leaf = path["leaf_node"]
    if leaf["leaf_node_source"] != SOURCE_COMMIT:
        raise ValueError("the leaf of an update path is not made for a commit")
    steps = tree.filtered_direct_path(nodes, sender)
    if len(steps) != len(path["nodes"]):
        raise ValueError(f"{len(path['nodes'])} nodes for a path of {len(steps)}")
    new = copy.deepcopy(nodes)
    tree.blank_path(new, sender)
    for step, sent in zip(steps, path["nodes"], strict=True):
        content = {"encryption_key": sent["encryption_key"], "unmerged_leaves": []}
        new[step.node] = {"node_type": PARENT, "parent_node": content}
    above = b""
    for step in reversed(steps):
        new[step.node]["parent_node"]["parent_hash"] = above
        above = parent_hash(suite, new, step.node, step.copath)
    if leaf["parent_hash"] != above:
        raise ValueError("the parent hash in the leaf of an update path is not that of the tree")
    new[2 * sender] = {"node_type": LEAF, "leaf_node": leaf}
    return new
