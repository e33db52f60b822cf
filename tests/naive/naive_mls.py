"""One check for each kind of test vector of MLS, in the direction of verification.

``check_<kind>(case)`` raises ``AssertionError``, with a sentence, when the case and the text of
RFC 9420 disagree. ``KINDS`` lists the checks by the name of the file that holds the vectors.
The checks about trees are here, the others in the modules beside.
"""

from naive import naive_crypto as crypto
from naive import naive_tree as tree
from naive import naive_wire as wire
from naive.naive_agree import Check, agree, checking, group_context_of, must, unhex
from naive.naive_crypto import Suite
from naive.naive_messages import (
    check_key_package,
    check_message_protection,
    check_messages,
    check_welcome,
)
from naive.naive_passive import check_passive_client
from naive.naive_schedule import (
    check_crypto_basics,
    check_key_schedule,
    check_psk_secret,
    check_secret_tree,
    check_transcript_hashes,
)
from naive.naive_tree import Tree


@checking
def check_tree_math(case: dict) -> None:
    n_leaves = case["n_leaves"]
    must("the number of leaves is a power of two", holds=n_leaves.bit_count() == 1)
    width = tree.node_width(n_leaves)
    agree("n_nodes", width, case["n_nodes"])
    agree("root", tree.root(width), case["root"])
    nodes = range(width)
    agree("left", [None if tree.is_leaf(x) else tree.left(x) for x in nodes], case["left"])
    agree("right", [None if tree.is_leaf(x) else tree.right(x) for x in nodes], case["right"])
    agree("parent", [tree.parent(x, width) for x in nodes], case["parent"])
    agree("sibling", [tree.sibling(x, width) for x in nodes], case["sibling"])


@checking
def check_deserialization(case: dict) -> None:
    reader = wire.Reader(unhex(case["vlbytes_header"]))
    agree("length", wire.read_varint(reader), case["length"])
    must("the header is read to its end", holds=reader.at_end())
    agree("vlbytes_header", wire.write_varint(case["length"]), unhex(case["vlbytes_header"]))


@checking
def check_tree_operations(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    octets = unhex(case["tree_before"])
    before = tree.read_tree(octets)
    agree("tree_before, written again", tree.write_tree(before), octets)
    agree("tree_hash_before", tree.root_hash(suite, before), unhex(case["tree_hash_before"]))
    proposal = wire.decode(wire.PROPOSAL_STRUCT, unhex(case["proposal"]))
    if proposal["proposal_type"] == wire.ADD:
        check_key_package(suite, proposal["body"]["key_package"])
    after = tree.apply_proposal(before, proposal, case["proposal_sender"])
    agree("tree_after", tree.write_tree(after), unhex(case["tree_after"]))
    agree("tree_hash_after", tree.root_hash(suite, after), unhex(case["tree_hash_after"]))


@checking
def check_tree_validation(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    octets = unhex(case["tree"])
    nodes = tree.read_tree(octets)
    agree("tree, written again", tree.write_tree(nodes), octets)
    width = range(len(nodes))
    agree("resolutions", [tree.resolution(nodes, x) for x in width], case["resolutions"])
    hashes = [tree.tree_hash(suite, nodes, x).hex() for x in width]
    agree("tree_hashes", hashes, case["tree_hashes"])
    tree.check_unmerged_leaves(nodes)
    tree.check_parent_hashes(suite, nodes)
    check_leaf_signatures(suite, nodes, unhex(case["group_id"]))


def check_leaf_signatures(suite: Suite, nodes: Tree, group_id: bytes) -> None:
    for leaf in tree.occupied_leaves(nodes):
        tree.check_leaf_signature(suite, tree.leaf_at(nodes, leaf), group_id, leaf)


# TreeKEM


def private_state(suite: Suite, nodes: Tree, private: dict) -> dict[int, bytes]:
    """Give the private keys of a member by node, each checked against the tree."""
    leaf = private["index"]
    keys = {2 * leaf: unhex(private["encryption_priv"])}
    above = tree.direct_path(2 * leaf, len(nodes))
    for one in private["path_secrets"]:
        must(f"node {one['node']} is above leaf {leaf}", holds=one["node"] in above)
        keys[one["node"]], _ = tree.derive_node_key_pair(suite, unhex(one["path_secret"]))
    for x, key in keys.items():
        public = crypto.hpke_public_of(suite, key)
        agree(f"the key of leaf {leaf} for node {x}", public, tree.key_at(nodes, x))
    signature_key = crypto.signature_public_of(suite, unhex(private["signature_priv"]))
    given = tree.leaf_at(nodes, leaf)["signature_key"]
    agree(f"the signature key of leaf {leaf}", signature_key, given)
    return keys


def check_update_path(
    suite: Suite, case: dict, nodes: Tree, states: dict[int, dict[int, bytes]], update: dict
) -> None:
    sender, group_id = update["sender"], unhex(case["group_id"])
    octets = unhex(update["update_path"])
    path = wire.decode(wire.UPDATE_PATH, octets)
    agree("update_path, written again", wire.encode(wire.UPDATE_PATH, path), octets)
    tree.leaf_at(nodes, sender)
    tree.check_leaf_signature(suite, path["leaf_node"], group_id, sender)
    after = tree.merge_update_path(suite, nodes, sender, path)
    tree.check_parent_hashes(suite, after)
    tree_hash = tree.root_hash(suite, after)
    agree(f"tree_hash_after of sender {sender}", tree_hash, unhex(update["tree_hash_after"]))
    confirmed = unhex(case["confirmed_transcript_hash"])
    context = group_context_of(case, case["epoch"], tree_hash, confirmed)

    # one entry for each leaf of the tree, null for the sender and for blank leaves
    given = update["path_secrets"]
    agree("the number of path_secrets", (len(nodes) + 1) // 2, len(given))
    receivers = [leaf for leaf in tree.occupied_leaves(nodes) if leaf != sender]
    present = [leaf for leaf, secret in enumerate(given) if secret is not None]
    agree(f"the receivers of the path of sender {sender}", receivers, present)
    for leaf in receivers:
        receiver = (leaf, states[leaf])
        path_secret, commit_secret = tree.open_update_path(
            suite, nodes, sender, path, receiver, context
        )
        what = f"for leaf {leaf}, from sender {sender}"
        agree(f"path_secret {what}", path_secret, unhex(given[leaf]))
        agree(f"commit_secret {what}", commit_secret, unhex(update["commit_secret"]))


@checking
def check_treekem(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    octets = unhex(case["ratchet_tree"])
    nodes = tree.read_tree(octets)
    agree("ratchet_tree, written again", tree.write_tree(nodes), octets)
    tree.check_unmerged_leaves(nodes)
    tree.check_parent_hashes(suite, nodes)
    check_leaf_signatures(suite, nodes, unhex(case["group_id"]))
    states = {one["index"]: private_state(suite, nodes, one) for one in case["leaves_private"]}
    agree("the members with private state", tree.occupied_leaves(nodes), sorted(states))
    for update in case["update_paths"]:
        check_update_path(suite, case, nodes, states, update)


KINDS: dict[str, Check] = {
    "tree-math": check_tree_math,
    "crypto-basics": check_crypto_basics,
    "deserialization": check_deserialization,
    "key-schedule": check_key_schedule,
    "psk_secret": check_psk_secret,
    "secret-tree": check_secret_tree,
    "transcript-hashes": check_transcript_hashes,
    "messages": check_messages,
    "message-protection": check_message_protection,
    "welcome": check_welcome,
    "tree-operations": check_tree_operations,
    "tree-validation": check_tree_validation,
    "treekem": check_treekem,
    "passive-client-welcome": check_passive_client,
    "passive-client-handling-commit": check_passive_client,
    "passive-client-random": check_passive_client,
}
