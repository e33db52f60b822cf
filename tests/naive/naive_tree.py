"""Ratchet trees (RFC 9420, sections 4, 7 and appendix C), without any cleverness.

A tree is a list of nodes in array order, of full width 2^(d+1) - 1. A node is None when blank, and
otherwise a dict as ``naive_wire.NODE`` reads it. Functions that change a tree give a new one.
"""

import copy
from typing import NamedTuple

from naive.naive_crypto import (
    Suite,
    decrypt_with_label,
    derive_key_pair,
    derive_secret,
    hash_of,
    verify_with_label,
)
from naive.naive_wire import (
    ADD,
    LEAF,
    LEAF_NODE,
    PARENT,
    PARENT_NODE,
    RATCHET_TREE,
    REMOVE,
    SOURCE_COMMIT,
    U8,
    U32,
    UPDATE,
    decode,
    encode,
    leaf_node_tbs,
    optional,
    write_opaque,
)

Tree = list[dict | None]


# Tree mathematics


def node_width(n_leaves: int) -> int:
    return 2 * n_leaves - 1


def root(width: int) -> int:
    return width // 2


def is_leaf(x: int) -> bool:
    return x % 2 == 0


def level(x: int) -> int:
    """Count the ones at the low end."""
    count = 0
    while x % 2 == 1:
        x //= 2
        count += 1
    return count


def left(x: int) -> int:
    return x - 2 ** (level(x) - 1)


def right(x: int) -> int:
    return x + 2 ** (level(x) - 1)


def search(x: int, width: int) -> list[int]:
    """Go down from the root to node x: all nodes on the way, the root first, x last."""
    if not 0 <= x < width:
        raise ValueError(f"there is no node {x} in a tree of {width} nodes")
    way = [root(width)]
    while way[-1] != x:
        way.append(left(way[-1]) if x < way[-1] else right(way[-1]))
    return way


def parent(x: int, width: int) -> int | None:
    way = search(x, width)
    return way[-2] if len(way) > 1 else None


def sibling(x: int, width: int) -> int | None:
    above = parent(x, width)
    if above is None:
        return None
    return right(above) if x < above else left(above)


def direct_path(x: int, width: int) -> list[int]:
    """List the nodes above x, the nearest first."""
    return search(x, width)[-2::-1]


def subtree(x: int) -> range:
    """List all nodes of the subtree under x, x included."""
    reach = 2 ** level(x) - 1
    return range(x - reach, x + reach + 1)


def leaves_under(x: int) -> list[int]:
    """List the leaf indexes under node x."""
    return [node // 2 for node in subtree(x) if is_leaf(node)]


# Reading and writing


def read_tree(octets: bytes) -> Tree:
    nodes = decode(RATCHET_TREE, octets)
    if not nodes or nodes[-1] is None:
        raise ValueError("the last node of a ratchet tree is blank")
    for x, node in enumerate(nodes):
        if node is not None and node["node_type"] != (LEAF if is_leaf(x) else PARENT):
            raise ValueError(f"node {x} is of the wrong type")
    width = 1
    while width < len(nodes):
        width = 2 * width + 1
    return nodes + [None] * (width - len(nodes))


def write_tree(tree: Tree) -> bytes:
    nodes = list(tree)
    while nodes and nodes[-1] is None:
        nodes.pop()
    return encode(RATCHET_TREE, nodes)


def leaf_at(tree: Tree, leaf_index: int) -> dict:
    if not 0 <= 2 * leaf_index < len(tree):
        raise ValueError(f"there is no leaf {leaf_index}")
    node = tree[2 * leaf_index]
    if node is None:
        raise ValueError(f"leaf {leaf_index} is blank")
    return node["leaf_node"]


def parent_at(tree: Tree, x: int) -> dict | None:
    node = tree[x]
    return None if node is None else node["parent_node"]


def key_at(tree: Tree, x: int) -> bytes:
    node = tree[x]
    if node is None:
        raise ValueError(f"node {x} is blank")
    return node["leaf_node" if is_leaf(x) else "parent_node"]["encryption_key"]


def occupied_leaves(tree: Tree) -> list[int]:
    return [x // 2 for x in range(0, len(tree), 2) if tree[x] is not None]


# Resolutions, hashes and signatures


def resolution(tree: Tree, x: int) -> list[int]:
    if tree[x] is not None:
        if is_leaf(x):
            return [x]
        return [x] + [2 * leaf for leaf in tree[x]["parent_node"]["unmerged_leaves"]]
    if is_leaf(x):
        return []
    return resolution(tree, left(x)) + resolution(tree, right(x))


def tree_hash(suite: Suite, tree: Tree, x: int, without: frozenset[int] = frozenset()) -> bytes:
    """Hash the subtree under x, as if the leaves ``without`` had never been added."""
    node = tree[x]
    if is_leaf(x):
        leaf = None if node is None or x // 2 in without else node["leaf_node"]
        octets = U8.write(LEAF) + U32.write(x // 2) + optional(LEAF_NODE).write(leaf)
        return hash_of(suite, octets)
    content = None if node is None else dict(node["parent_node"])
    if content is not None:
        content["unmerged_leaves"] = [i for i in content["unmerged_leaves"] if i not in without]
    octets = U8.write(PARENT) + optional(PARENT_NODE).write(content)
    for child in (left(x), right(x)):
        octets += write_opaque(tree_hash(suite, tree, child, without))
    return hash_of(suite, octets)


def root_hash(suite: Suite, tree: Tree) -> bytes:
    return tree_hash(suite, tree, root(len(tree)))


def parent_hash(suite: Suite, tree: Tree, p: int, s: int) -> bytes:
    """Give the parent hash of the node p with copath child s."""
    content = parent_at(tree, p)
    if content is None:
        raise ValueError(f"node {p} is blank and has no parent hash")
    without = frozenset(content["unmerged_leaves"])
    return hash_of(
        suite,
        write_opaque(content["encryption_key"])
        + write_opaque(content["parent_hash"])
        + write_opaque(tree_hash(suite, tree, s, without)),
    )


def stored_parent_hash(tree: Tree, x: int) -> bytes | None:
    """Give the parent_hash field of a node, None where it has none."""
    if is_leaf(x):
        return leaf_at(tree, x // 2).get("parent_hash")
    return tree[x]["parent_node"]["parent_hash"]


def parent_hash_witnesses(suite: Suite, tree: Tree, p: int) -> list[int]:
    """List the nodes d whose parent hash is valid with respect to p (section 7.9.2)."""
    witnesses = []
    unmerged = {2 * leaf for leaf in tree[p]["parent_node"]["unmerged_leaves"]}
    for c, s in ((left(p), right(p)), (right(p), left(p))):
        expected = parent_hash(suite, tree, p, s)
        below = resolution(tree, c)
        for d in below:
            others = set(below) - {d}
            if stored_parent_hash(tree, d) == expected and others == unmerged & set(subtree(c)):
                witnesses.append(d)
    return witnesses


def check_parent_hashes(suite: Suite, tree: Tree) -> None:
    """Check that each non-blank parent is vouched for by exactly one node below it.

    That node is a leaf, or a parent to which the same applies; so there is a chain to a leaf.
    """
    for p in range(1, len(tree), 2):
        if tree[p] is None:
            continue
        witnesses = parent_hash_witnesses(suite, tree, p)
        if len(witnesses) != 1:
            raise ValueError(f"the nodes whose parent hash vouches for node {p}: {witnesses}")


def check_unmerged_leaves(tree: Tree) -> None:
    """Check the lists of unmerged leaves: ascending, occupied, below, and known to all between."""
    for p in range(1, len(tree), 2):
        if tree[p] is None:
            continue
        unmerged = tree[p]["parent_node"]["unmerged_leaves"]
        if unmerged != sorted(set(unmerged)):
            raise ValueError(f"the unmerged leaves of node {p} are not in order")
        for leaf in unmerged:
            if leaf not in leaves_under(p) or tree[2 * leaf] is None:
                raise ValueError(f"the unmerged leaf {leaf} is no member under node {p}")
            for between in direct_path(2 * leaf, len(tree)):
                node = tree[between]
                if between == p:
                    break
                if node is not None and leaf not in node["parent_node"]["unmerged_leaves"]:
                    raise ValueError(f"leaf {leaf} is unmerged at {p} but not at {between}")


def check_leaf_signature(suite: Suite, leaf: dict, group_id: bytes, leaf_index: int) -> None:
    signed = leaf_node_tbs(leaf, group_id, leaf_index)
    if not verify_with_label(
        suite, leaf["signature_key"], "LeafNodeTBS", signed, leaf["signature"]
    ):
        raise ValueError(f"the signature of leaf {leaf_index} does not verify")


# Proposals


def blank_path(tree: Tree, leaf_index: int) -> None:
    for x in direct_path(2 * leaf_index, len(tree)):
        tree[x] = None


def with_room(tree: Tree) -> Tree:
    """Double a tree without a blank leaf."""
    if any(tree[x] is None for x in range(0, len(tree), 2)):
        return tree
    return tree + [None] * (len(tree) + 1)


def leftmost_blank(tree: Tree) -> int:
    """Give the leaf that a new member takes."""
    return next(x // 2 for x in range(0, len(tree), 2) if tree[x] is None)


def add_leaf(tree: Tree, leaf: dict) -> Tree:
    new = with_room(copy.deepcopy(tree))
    x = 2 * leftmost_blank(new)
    for above in direct_path(x, len(new)):
        content = parent_at(new, above)
        if content is not None:
            content["unmerged_leaves"] = sorted([*content["unmerged_leaves"], x // 2])
    new[x] = {"node_type": LEAF, "leaf_node": leaf}
    return new


def update_leaf(tree: Tree, leaf_index: int, leaf: dict) -> Tree:
    leaf_at(tree, leaf_index)
    new = copy.deepcopy(tree)
    blank_path(new, leaf_index)
    new[2 * leaf_index] = {"node_type": LEAF, "leaf_node": leaf}
    return new


def remove_leaf(tree: Tree, leaf_index: int) -> Tree:
    leaf_at(tree, leaf_index)
    new = copy.deepcopy(tree)
    blank_path(new, leaf_index)
    new[2 * leaf_index] = None
    if not occupied_leaves(new):
        raise ValueError("a removal leaves no member")
    while len(new) > 1 and all(new[x] is None for x in range(root(len(new)) + 1, len(new), 2)):
        new = new[: root(len(new))]
    return new


def apply_proposal(tree: Tree, proposal: dict, sender: int) -> Tree:
    kind = proposal["proposal_type"]
    if kind == ADD:
        return add_leaf(tree, proposal["body"]["key_package"]["leaf_node"])
    if kind == UPDATE:
        return update_leaf(tree, sender, proposal["body"]["leaf_node"])
    if kind == REMOVE:
        return remove_leaf(tree, proposal["body"]["removed"])
    raise ValueError(f"a proposal of type {kind} does not change the tree")


# Update paths (sections 7.4 to 7.6)


class PathStep(NamedTuple):
    """A node on a sender's filtered direct path, and its child on the copath."""

    node: int
    copath: int


def filtered_direct_path(tree: Tree, leaf_index: int) -> list[PathStep]:
    steps = []
    for x in direct_path(2 * leaf_index, len(tree)):
        copath = right(x) if 2 * leaf_index < x else left(x)
        if resolution(tree, copath):
            steps.append(PathStep(x, copath))
    return steps


def merge_update_path(suite: Suite, tree: Tree, sender: int, path: dict) -> Tree:
    """Merge an update path; its parent hash must be that of the merged tree."""
    leaf = path["leaf_node"]
    if leaf["leaf_node_source"] != SOURCE_COMMIT:
        raise ValueError("the leaf of an update path is not made for a commit")
    steps = filtered_direct_path(tree, sender)
    if len(steps) != len(path["nodes"]):
        raise ValueError(f"{len(path['nodes'])} nodes for a path of {len(steps)}")
    new = copy.deepcopy(tree)
    blank_path(new, sender)
    for step, sent in zip(steps, path["nodes"], strict=True):
        content = {"encryption_key": sent["encryption_key"], "unmerged_leaves": []}
        new[step.node] = {"node_type": PARENT, "parent_node": content}
    above = b""
    for step in reversed(steps):
        new[step.node]["parent_node"]["parent_hash"] = above
        above = parent_hash(suite, new, step.node, step.copath)
    if leaf["parent_hash"] != above:
        raise ValueError("the parent hash in the leaf of an update path is not that of the tree")
    new[2 * sender] = {"node_type": LEAF, "leaf_node": copy.deepcopy(leaf)}
    return new


def derive_node_key_pair(suite: Suite, path_secret: bytes) -> tuple[bytes, bytes]:
    return derive_key_pair(suite, derive_secret(suite, path_secret, "node"))


def open_update_path(
    suite: Suite,
    before: Tree,
    sender: int,
    path: dict,
    receiver: tuple[int, dict[int, bytes]],
    group_context: bytes,
    added: frozenset[int] = frozenset(),
) -> tuple[bytes, bytes]:
    """Process an update path as one receiver: the path secret it decrypts, the commit secret.

    ``receiver`` is a leaf index and the private keys held, by node. The path secret is decrypted
    with every key that fits, and must come out the same. Nothing is encrypted to the leaves
    ``added`` by the same commit.
    """
    leaf_index, private_keys = receiver
    steps = filtered_direct_path(before, sender)
    first = [i for i, step in enumerate(steps) if 2 * leaf_index in subtree(step.copath)]
    if len(first) != 1:
        raise ValueError(f"leaf {leaf_index} is under {len(first)} copath nodes of {sender}")
    start = first[0]
    sealed = path["nodes"][start]["encrypted_path_secret"]
    new = {2 * leaf for leaf in added}
    receivers = [x for x in resolution(before, steps[start].copath) if x not in new]
    if len(sealed) != len(receivers):
        raise ValueError(f"{len(sealed)} ciphertexts for a resolution of {len(receivers)}")
    found = set()
    for x, one in zip(receivers, sealed, strict=True):
        if x in private_keys:
            pair = (one["kem_output"], one["ciphertext"])
            key = private_keys[x]
            found.add(decrypt_with_label(suite, key, "UpdatePathNode", group_context, pair))
    if len(found) != 1:
        raise ValueError(f"leaf {leaf_index} decrypts {len(found)} different path secrets")
    decrypted = secret = found.pop()
    for step, sent in list(zip(steps, path["nodes"], strict=True))[start:]:
        _, public = derive_node_key_pair(suite, secret)
        if public != sent["encryption_key"]:
            raise ValueError(f"the path secret does not give the public key of node {step.node}")
        secret = derive_secret(suite, secret, "path")
    return decrypted, secret
