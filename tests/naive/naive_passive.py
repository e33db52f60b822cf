"""The check of vectors about a client that joins a group and follows it."""

from naive import naive_crypto as crypto
from naive import naive_tree as tree
from naive import naive_wire as wire
from naive.naive_agree import agree, check_round_trip, checking, must, unhex
from naive.naive_crypto import Suite
from naive.naive_member import (
    Member,
    enter_epoch,
    keys_from_path,
    psk_secret_for,
    receive_commit,
    receive_proposal,
)
from naive.naive_messages import (
    check_group_info,
    check_key_package,
    open_group_info,
    open_group_secrets,
)
from naive.naive_tree import Tree


def private_key(suite: Suite, case: dict, name: str) -> bytes:
    return crypto.full_private_key(suite, unhex(case[name]))


def own_key_package(suite: Suite, case: dict) -> dict:
    """Check the key package of a case and the private keys beside it."""
    message = check_round_trip("key_package", wire.MLS_MESSAGE, unhex(case["key_package"]))
    agree("the wire format of key_package", message["wire_format"], wire.KEY_PACKAGE)
    package = message["body"]
    check_key_package(suite, package)
    agree("the suite of key_package", package["cipher_suite"], case["cipher_suite"])
    leaf = package["leaf_node"]
    init_key = crypto.hpke_public_of(suite, private_key(suite, case, "init_priv"))
    agree("init_key", init_key, package["init_key"])
    encryption_key = crypto.hpke_public_of(suite, private_key(suite, case, "encryption_priv"))
    agree("encryption_key", encryption_key, leaf["encryption_key"])
    public = crypto.signature_public_of(suite, unhex(case["signature_priv"]))
    agree("signature_key", public, leaf["signature_key"])
    return package


def tree_of(suite: Suite, case: dict, info: dict) -> Tree:
    """Read the tree, from the group info or beside it, and check it as a joiner does."""
    octets = wire.find_extension(info["extensions"], wire.RATCHET_TREE_EXTENSION)
    if octets is None:
        octets = unhex(case["ratchet_tree"])
    else:
        agree("ratchet_tree beside that in the Welcome", None, case["ratchet_tree"])
    nodes = tree.read_tree(octets)
    agree("ratchet_tree, written again", tree.write_tree(nodes), octets)
    context = info["group_context"]
    agree("tree_hash", tree.root_hash(suite, nodes), context["tree_hash"])
    tree.check_unmerged_leaves(nodes)
    tree.check_parent_hashes(suite, nodes)
    for leaf in tree.occupied_leaves(nodes):
        tree.check_leaf_signature(suite, tree.leaf_at(nodes, leaf), context["group_id"], leaf)
    return nodes


def join(case: dict) -> Member:
    """Join by the Welcome of a case (RFC 9420, section 12.4.3.1)."""
    suite = crypto.suite_of(case["cipher_suite"])
    package = own_key_package(suite, case)
    psks = {unhex(one["psk_id"]): unhex(one["psk"]) for one in case["external_psks"]}
    outsider = Member(suite, -1, {}, [], {}, b"", {}, psks, {}, {})
    message = check_round_trip("welcome", wire.MLS_MESSAGE, unhex(case["welcome"]))
    agree("the wire format of welcome", message["wire_format"], wire.WELCOME)
    welcome = message["body"]
    agree("the suite of welcome", welcome["cipher_suite"], case["cipher_suite"])
    secrets = open_group_secrets(suite, welcome, package, private_key(suite, case, "init_priv"))
    joiner_secret, psk_secret = secrets["joiner_secret"], psk_secret_for(outsider, secrets["psks"])
    info = open_group_info(suite, welcome, joiner_secret, psk_secret)
    nodes, signer = tree_of(suite, case, info), info["signer"]
    check_group_info(suite, info, tree.leaf_at(nodes, signer)["signature_key"])
    leaves = tree.occupied_leaves(nodes)
    own = [leaf for leaf in leaves if tree.leaf_at(nodes, leaf) == package["leaf_node"]]
    must("the leaf of the key package is in the tree once", holds=len(own) == 1)
    keys = {2 * own[0]: private_key(suite, case, "encryption_priv")}
    if secrets["path_secret"] is not None:
        path_keys, _ = keys_from_path(suite, nodes, own[0], signer, secrets["path_secret"])
        keys.update(path_keys)
    joined = outsider._replace(leaf=own[0], keys=keys, nodes=nodes)
    context, tag = info["group_context"], info["confirmation_tag"]
    return enter_epoch(joined, context, joiner_secret, psk_secret, tag)


@checking
def check_passive_client(case: dict) -> None:
    member = join(case)
    authenticator = member.secrets["epoch_authenticator"]
    agree("initial_epoch_authenticator", authenticator, unhex(case["initial_epoch_authenticator"]))
    for number, epoch in enumerate(case["epochs"]):
        for proposal in epoch["proposals"]:
            member = receive_proposal(member, unhex(proposal))
        member = receive_commit(member, unhex(epoch["commit"]))
        authenticator = member.secrets["epoch_authenticator"]
        given = unhex(epoch["epoch_authenticator"])
        agree(f"epoch_authenticator of epoch {number}", authenticator, given)
