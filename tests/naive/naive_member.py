"""A member that only listens (RFC 9420, sections 6, 8 and 12): its state, and what changes it."""

from typing import NamedTuple

from naive import naive_crypto as crypto
from naive import naive_tree as tree
from naive import naive_wire as wire
from naive.naive_agree import agree, check_round_trip, must
from naive.naive_crypto import Suite
from naive.naive_messages import check_key_package, unprotect_private
from naive.naive_schedule import key_schedule, psk_secret_of, transcript_hash
from naive.naive_tree import Tree

EXTERNAL_PSK = 1


class Member(NamedTuple):
    """All that a member knows; ``keys`` by node, ``proposals`` by reference, with their senders."""

    suite: Suite
    leaf: int
    keys: dict[int, bytes]
    nodes: Tree
    context: dict
    interim: bytes
    secrets: dict[str, bytes]
    external_psks: dict[bytes, bytes]
    resumption_psks: dict[int, bytes]
    proposals: dict[bytes, tuple[dict, dict]]


def context_octets(context: dict) -> bytes:
    return wire.encode(wire.GROUP_CONTEXT, context)


# Pre-shared keys and epochs


def psk_secret_for(member: Member, psk_ids: list[dict]) -> bytes:
    values = []
    for psk_id in psk_ids:
        if psk_id["psktype"] == EXTERNAL_PSK:
            values.append((psk_id, member.external_psks[psk_id["psk_id"]]))
        else:
            agree("psk_group_id", psk_id["psk_group_id"], member.context["group_id"])
            values.append((psk_id, member.resumption_psks[psk_id["psk_epoch"]]))
    return psk_secret_of(member.suite, values)


def enter_epoch(
    member: Member, context: dict, joiner_secret: bytes, psk_secret: bytes, confirmation_tag: bytes
) -> Member:
    """Derive the secrets of an epoch, the tree and keys of which the member has already."""
    suite = member.suite
    secrets = key_schedule(suite, joiner_secret, psk_secret, context_octets(context))
    confirmed = context["confirmed_transcript_hash"]
    tag = crypto.mac(suite, secrets["confirmation_key"], confirmed)
    agree("the confirmation tag", tag, confirmation_tag)
    return member._replace(
        context=context,
        interim=crypto.hash_of(suite, confirmed + wire.write_opaque(tag)),
        secrets=secrets,
        resumption_psks={**member.resumption_psks, context["epoch"]: secrets["resumption_psk"]},
        proposals={},
    )


def keys_from_path(
    suite: Suite, nodes: Tree, leaf: int, sender: int, path_secret: bytes
) -> tuple[dict[int, bytes], bytes]:
    """Derive the keys from the lowest node above two leaves on, and the commit secret."""
    above = tree.direct_path(2 * leaf, len(nodes))
    shared = [x for x in above if x in tree.direct_path(2 * sender, len(nodes))]
    keys = {}
    for x in shared:
        if nodes[x] is None:
            continue
        keys[x], public = tree.derive_node_key_pair(suite, path_secret)
        agree(f"the public key of node {x}", public, tree.key_at(nodes, x))
        path_secret = crypto.derive_secret(suite, path_secret, "path")
    return keys, path_secret


# Messages


def signature_key(member: Member, content: dict) -> bytes:
    """Find the public key of a message's sender (section 6.1)."""
    sender, body = content["sender"], content["body"]
    kind = sender["sender_type"]
    if kind == wire.MEMBER:
        return tree.leaf_at(member.nodes, sender["leaf_index"])["signature_key"]
    if kind == wire.NEW_MEMBER_COMMIT:
        return body["path"]["leaf_node"]["signature_key"]
    if kind == wire.NEW_MEMBER_PROPOSAL:
        return body["body"]["key_package"]["leaf_node"]["signature_key"]
    extensions = member.context["extensions"]
    octets = wire.find_extension(extensions, wire.EXTERNAL_SENDERS_EXTENSION)
    must("the group has external senders", holds=octets is not None)
    senders = wire.decode(wire.EXTERNAL_SENDERS, octets)
    return senders[sender["sender_index"]]["signature_key"]


def open_message(member: Member, octets: bytes) -> dict:
    """Unprotect a handshake message and check that it is the sender's, in this epoch."""
    suite = member.suite
    message = check_round_trip("a message", wire.MLS_MESSAGE, octets)
    wire_format, body = message["wire_format"], message["body"]
    if wire_format == wire.PUBLIC_MESSAGE:
        content, auth = body["content"], body["auth"]
    else:
        agree("the wire format", wire_format, wire.PRIVATE_MESSAGE)
        n_leaves = (len(member.nodes) + 1) // 2
        content, auth = unprotect_private(suite, member.secrets, n_leaves, body)
    agree("the group", content["group_id"], member.context["group_id"])
    agree("the epoch", content["epoch"], member.context["epoch"])
    signed = wire.framed_content_tbs(wire_format, content, context_octets(member.context))
    public = signature_key(member, content)
    valid = crypto.verify_with_label(suite, public, "FramedContentTBS", signed, auth["signature"])
    must("the signature of the message verifies", holds=valid)
    if "membership_tag" in body:
        maced = signed + wire.encode(wire.auth_data(content["content_type"]), auth)
        tag = crypto.mac(suite, member.secrets["membership_key"], maced)
        agree("the membership tag", tag, body["membership_tag"])
    return {"wire_format": wire_format, "content": content, "auth": auth}


# Proposals


def check_proposal(member: Member, proposal: dict, sender: dict) -> None:
    """Check the signatures that a proposal carries."""
    if proposal["proposal_type"] == wire.ADD:
        check_key_package(member.suite, proposal["body"]["key_package"])
    if proposal["proposal_type"] == wire.UPDATE:
        leaf, group_id = proposal["body"]["leaf_node"], member.context["group_id"]
        agree("the source of an updated leaf", leaf["leaf_node_source"], wire.SOURCE_UPDATE)
        tree.check_leaf_signature(member.suite, leaf, group_id, sender["leaf_index"])


def receive_proposal(member: Member, octets: bytes) -> Member:
    signed = open_message(member, octets)
    content = signed["content"]
    agree("the content type of a proposal", content["content_type"], wire.PROPOSAL)
    check_proposal(member, content["body"], content["sender"])
    encoded = wire.encode(wire.AUTHENTICATED_CONTENT, signed)
    reference = crypto.ref_hash(member.suite, "MLS 1.0 Proposal Reference", encoded)
    pending = {**member.proposals, reference: (content["body"], content["sender"])}
    return member._replace(proposals=pending)


def proposals_of(member: Member, content: dict) -> list[tuple[dict, dict]]:
    """List the proposals of a commit with their senders."""
    listed = []
    for one in content["body"]["proposals"]:
        if "reference" in one:
            listed.append(member.proposals[one["reference"]])
        else:
            check_proposal(member, one["proposal"], content["sender"])
            listed.append((one["proposal"], content["sender"]))
    return listed


class Outcome(NamedTuple):
    """What the proposals of a commit lead to."""

    nodes: Tree
    added: frozenset[int]
    extensions: list[dict]
    psk_ids: list[dict]
    kem_output: bytes | None


def apply_proposals(member: Member, listed: list[tuple[dict, dict]]) -> Outcome:
    """Apply proposals in the order of section 12.3."""
    nodes, extensions, psk_ids, kem_output = member.nodes, member.context["extensions"], [], None
    for wanted in (wire.UPDATE, wire.REMOVE, wire.ADD):
        before = nodes
        for proposal, sender in listed:
            if proposal["proposal_type"] == wanted:
                nodes = tree.apply_proposal(nodes, proposal, sender.get("leaf_index"))
        if wanted == wire.ADD:
            occupied = set(tree.occupied_leaves(nodes))
            added = frozenset(occupied - set(tree.occupied_leaves(before)))
    for proposal, _ in listed:
        kind, body = proposal["proposal_type"], proposal["body"]
        if kind == wire.GROUP_CONTEXT_EXTENSIONS:
            extensions = body["extensions"]
        elif kind == wire.PSK:
            psk_ids.append(body["psk"])
        elif kind == wire.EXTERNAL_INIT:
            kem_output = body["kem_output"]
    return Outcome(nodes, added, extensions, psk_ids, kem_output)


# Commits


def process_path(
    member: Member, outcome: Outcome, sender: int, path: dict, provisional: dict
) -> tuple[Member, dict, bytes]:
    """Merge and open a path: member and provisional context with its tree, the commit secret."""
    suite, before = member.suite, outcome.nodes
    group_id = provisional["group_id"]
    tree.check_leaf_signature(suite, path["leaf_node"], group_id, sender)
    nodes = tree.merge_update_path(suite, before, sender, path)
    provisional = {**provisional, "tree_hash": tree.root_hash(suite, nodes)}
    receiver, octets = (member.leaf, member.keys), context_octets(provisional)
    path_secret, commit_secret = tree.open_update_path(
        suite, before, sender, path, receiver, octets, outcome.added
    )
    keys, again = keys_from_path(suite, nodes, member.leaf, sender, path_secret)
    agree("the commit secret, from the tree", again, commit_secret)
    return member._replace(nodes=nodes, keys={**member.keys, **keys}), provisional, commit_secret


def receive_commit(member: Member, octets: bytes) -> Member:
    signed = open_message(member, octets)
    suite, content = member.suite, signed["content"]
    agree("the content type of a commit", content["content_type"], wire.COMMIT)
    outcome = apply_proposals(member, proposals_of(member, content))
    sender = content["sender"].get("leaf_index")
    if sender is None:
        outcome = outcome._replace(nodes=tree.with_room(outcome.nodes))
        sender = tree.leftmost_blank(outcome.nodes)
    nodes, init_secret = outcome.nodes, member.secrets["init_secret"]
    if outcome.kem_output is not None:
        private, _ = crypto.derive_key_pair(suite, member.secrets["external_secret"])
        label = b"MLS 1.0 external init secret"
        init_secret = crypto.receive_export(suite, private, outcome.kem_output, label)
    kept = {x: key for x, key in member.keys.items() if x < len(nodes) and nodes[x] is not None}
    after = member._replace(nodes=nodes, keys=kept)
    context = {
        **member.context,
        "epoch": member.context["epoch"] + 1,
        "extensions": outcome.extensions,
        "tree_hash": tree.root_hash(suite, nodes),
    }
    size = crypto.hash_size(suite)
    path, commit_secret = content["body"]["path"], bytes(size)
    if path is not None:
        after, context, commit_secret = process_path(after, outcome, sender, path, context)
    confirmed = transcript_hash(suite, member.interim, signed)
    context = {**context, "confirmed_transcript_hash": confirmed}
    mixed = crypto.extract(suite, init_secret, commit_secret)
    joiner = crypto.expand_with_label(suite, mixed, "joiner", context_octets(context), size)
    psk_secret = psk_secret_for(member, outcome.psk_ids)
    return enter_epoch(after, context, joiner, psk_secret, signed["auth"]["confirmation_tag"])
