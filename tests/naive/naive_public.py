"""A group as it is followed from outside: GroupInfo, proposals and commits, without secrets.

RFC 9420, sections 6, 8.2 and 12, with what draft-ietf-mls-extensions-10 adds to them. What opens
messages is an argument, since members and external receivers do it differently.
"""

from collections.abc import Callable
from typing import NamedTuple

from naive import naive_crypto as crypto
from naive import naive_extended_tree as extended_tree
from naive import naive_extensions as ext
from naive import naive_semiprivate as semiprivate
from naive import naive_tree as tree
from naive import naive_wire as wire
from naive.naive_components import (
    aad_items,
    component_data,
    dictionary_in,
    requires_app_data_update,
)
from naive.naive_crypto import Suite
from naive.naive_extensions import hold
from naive.naive_logics import ComponentLogic, known_logic, next_extensions
from naive.naive_multicredential import faults
from naive.naive_negotiation import check_leaf
from naive.naive_tree import Tree
from naive.naive_wire import decode, encode, write_opaque

# "Recommended: Y, External: Y" of the registrations, and RFC 9420, section 12.1.8
EXTERNAL_PROPOSALS = {
    wire.ADD,
    wire.REMOVE,
    wire.PSK,
    wire.REINIT,
    wire.GROUP_CONTEXT_EXTENSIONS,
    ext.APP_DATA_UPDATE,
    ext.APP_EPHEMERAL,
}
# by value; SelfRemove is the only one by reference
EXTERNAL_COMMIT_PROPOSALS = {
    wire.EXTERNAL_INIT,
    wire.REMOVE,
    wire.PSK,
    ext.APP_DATA_UPDATE,
    ext.APP_EPHEMERAL,
}
WITHOUT_PATH = {wire.ADD, wire.PSK, wire.REINIT, ext.APP_DATA_UPDATE, ext.APP_EPHEMERAL}


class Pending(NamedTuple):
    """A proposal with its sender, as it was received."""

    proposal: dict
    sender: dict


class Public(NamedTuple):
    """What everybody knows of an epoch; ``own_leaf`` is whose capabilities judge, or None."""

    suite: Suite
    nodes: Tree
    context: dict
    interim: bytes
    known: dict[int, ComponentLogic]
    pending: dict[bytes, Pending]
    own_leaf: int | None


SemiPrivateOpener = Callable[[Public, dict], dict]


def context_octets(public: Public) -> bytes:
    return encode(wire.GROUP_CONTEXT, public.context)


def interim_hash(suite: Suite, confirmed: bytes, tag: bytes) -> bytes:
    return crypto.hash_of(suite, confirmed + write_opaque(tag))


def tree_of_info(info: dict, beside: bytes | None = None) -> Tree:
    octets = ext.find(info["extensions"], ext.RATCHET_TREE)
    octets = beside if octets is None else octets
    if octets is None:
        raise ValueError("there is no ratchet tree")
    return extended_tree.read_tree(octets)


def check_group_info(suite: Suite, info: dict, nodes: Tree) -> None:
    """Check the signature of a GroupInfo by its signer's leaf (section 12.4.3)."""
    key = tree.leaf_at(nodes, info["signer"])["signature_key"]
    signed = encode(wire.GROUP_INFO_TBS, info)
    valid = crypto.verify_with_label(suite, key, "GroupInfoTBS", signed, info["signature"])
    hold("group-info-signature", "it does not verify", holds=valid)


def start(
    info: dict,
    known: dict[int, ComponentLogic],
    beside: bytes | None = None,
    own_leaf: int | None = None,
) -> Public:
    """Begin with a GroupInfo and its tree, which are checked as who joins does."""
    context = info["group_context"]
    suite = crypto.suite_of(context["cipher_suite"])
    nodes = tree_of_info(info, beside)
    if extended_tree.root_hash(suite, nodes) != context["tree_hash"]:
        raise ValueError("the tree is not that of the group context")
    extended_tree.check_tree(suite, nodes, context["group_id"])
    check_group_info(suite, info, nodes)
    interim = interim_hash(suite, context["confirmed_transcript_hash"], info["confirmation_tag"])
    public = Public(suite, nodes, context, interim, known, {}, own_leaf)
    check_members(public, nodes, context["extensions"])
    return public


# Members


def check_members(public: Public, nodes: Tree, extensions: list[dict]) -> None:
    """Check what members support: what the group requires, and each other's credentials."""
    leaves = [tree.leaf_at(nodes, leaf) for leaf in tree.occupied_leaves(nodes)]
    clients = [leaf["capabilities"] for leaf in leaves]
    own = None
    if public.own_leaf is not None:
        own = tree.leaf_at(nodes, public.own_leaf)["capabilities"]
    for leaf in leaves:
        check_leaf(extensions, leaf["extensions"])
        for fault in faults(leaf["credential"], leaf["signature_key"], clients, own):
            raise ext.Refused(fault.rule, "a credential is at fault")


# Messages (sections 6.1 and 6.2)


def signature_key(public: Public, content: dict) -> bytes:
    sender, body = content["sender"], content["body"]
    kind = sender["sender_type"]
    if kind == wire.MEMBER:
        semiprivate.check_sender(public.nodes, sender["leaf_index"])
        return tree.leaf_at(public.nodes, sender["leaf_index"])["signature_key"]
    if kind == wire.NEW_MEMBER_COMMIT:
        return body["path"]["leaf_node"]["signature_key"]
    if kind == wire.NEW_MEMBER_PROPOSAL:
        return body["body"]["key_package"]["leaf_node"]["signature_key"]
    octets = ext.find(public.context["extensions"], ext.EXTERNAL_SENDERS)
    senders = [] if octets is None else decode(ext.EXTERNAL_SENDERS_STRUCT, octets)
    hold("unknown-sender", "no such sender", holds=sender["sender_index"] < len(senders))
    return senders[sender["sender_index"]]["signature_key"]


def check_addressed(public: Public, named: dict) -> None:
    """Check group and epoch (sections 6 and 12.4.2)."""
    for rule, name in (("wrong-group", "group_id"), ("wrong-epoch", "epoch")):
        hold(rule, f"its {name} is another", holds=named[name] == public.context[name])


def membership_tag(
    suite: Suite, membership_key: bytes, signed: bytes, content: dict, auth: dict
) -> bytes:
    maced = signed + encode(wire.auth_data(content["content_type"]), auth)
    return crypto.mac(suite, membership_key, maced)


def open_public_message(public: Public, body: dict, membership_key: bytes | None) -> dict:
    """Check a PublicMessage; its membership tag only with the key for it."""
    content, auth = body["content"], body["auth"]
    check_addressed(public, content)
    signed = ext.framed_content_tbs(wire.PUBLIC_MESSAGE, content, context_octets(public))
    key = signature_key(public, content)
    valid = crypto.verify_with_label(
        public.suite, key, "FramedContentTBS", signed, auth["signature"]
    )
    hold("message-signature", "it does not verify", holds=valid)
    if membership_key is not None and "membership_tag" in body:
        tag = membership_tag(public.suite, membership_key, signed, content, auth)
        hold("membership-tag", "it is another one", holds=tag == body["membership_tag"])
    return {"wire_format": wire.PUBLIC_MESSAGE, "content": content, "auth": auth}


def open_message(
    public: Public, octets: bytes, opener: SemiPrivateOpener, membership_key: bytes | None = None
) -> dict:
    """Open a handshake message: an AuthenticatedContent."""
    message = decode(ext.MLS_MESSAGE, octets)
    body = message["body"]
    if message["wire_format"] == wire.PUBLIC_MESSAGE:
        opened = open_public_message(public, body, membership_key)
    elif message["wire_format"] == ext.SEMI_PRIVATE_MESSAGE:
        check_addressed(public, body)
        semiprivate.check_message(public.suite, public.context["extensions"], body)
        opened = opener(public, body)
        key = signature_key(public, opened["content"])
        semiprivate.check_content(public.suite, body, opened, context_octets(public), key)
    else:
        raise ext.Refused("unexpected-message", f"wire format {message['wire_format']}")
    aad_items(public.context["extensions"], opened["content"]["authenticated_data"])
    return opened


# Proposals (section 12.1, and the sections of the draft)


def proposal_reference(suite: Suite, opened: dict) -> bytes:
    octets = encode(ext.AUTHENTICATED_CONTENT, opened)
    return crypto.ref_hash(suite, "MLS 1.0 Proposal Reference", octets)


def check_self_remove(public: Public, opened: dict) -> None:
    """Check a SelfRemove (section "SelfRemove Proposal")."""
    public_message = opened["wire_format"] == wire.PUBLIC_MESSAGE
    hold("self-remove-framing", "it is no PublicMessage", holds=public_message)
    sender = opened["content"]["sender"]
    member = sender["sender_type"] == wire.MEMBER
    hold("self-remove-sender", "the sender is no member", holds=member)
    reference = proposal_reference(public.suite, opened)
    for other, one in public.pending.items():
        own = one.proposal["proposal_type"] == ext.SELF_REMOVE and one.sender == sender
        repeated = own and other != reference
        hold("repeated-self-remove", "there is one in the epoch", holds=not repeated)


def check_proposal(public: Public, proposal: dict, sender: dict) -> None:
    """Check what a proposal says by itself."""
    kind, body = proposal["proposal_type"], proposal["body"]
    if sender["sender_type"] == wire.EXTERNAL:
        allowed = kind in EXTERNAL_PROPOSALS
        hold("external-proposal", "no external sender sends it", holds=allowed)
    if kind == wire.ADD:
        extended_tree.check_key_package(public.suite, body["key_package"])
    if kind == wire.UPDATE:
        group_id, leaf = public.context["group_id"], sender["leaf_index"]
        extended_tree.check_leaf_signature(public.suite, body["leaf_node"], group_id, leaf)
    if kind in {ext.APP_DATA_UPDATE, ext.APP_EPHEMERAL}:
        known_logic(public.known, body["component_id"])
    if kind == ext.APP_DATA_UPDATE:
        check_there(public.context["extensions"], body)


def check_there(extensions: list[dict], update: dict) -> None:
    """Check that what is removed is there, where nothing but AppDataUpdate can bring it."""
    if update["op"] == ext.REMOVE_OPERATION and requires_app_data_update(extensions):
        data = component_data(dictionary_in(extensions), update["component_id"])
        hold("absent-component", "a removal of what is not there", holds=data is not None)


def receive_proposal(public: Public, opened: dict) -> Public:
    content = opened["content"]
    kind = content["content_type"]
    hold("unexpected-message", f"content type {kind}", holds=kind == wire.PROPOSAL)
    if content["body"]["proposal_type"] == ext.SELF_REMOVE:
        check_self_remove(public, opened)
    check_proposal(public, content["body"], content["sender"])
    reference = proposal_reference(public.suite, opened)
    one = Pending(content["body"], content["sender"])
    return public._replace(pending={**public.pending, reference: one})


def committed(public: Public, content: dict) -> list[Pending]:
    """List the proposals of a commit with their senders."""
    external = content["sender"]["sender_type"] == wire.NEW_MEMBER_COMMIT
    listed = []
    for one in content["body"]["proposals"]:
        if "reference" in one:
            found = public.pending.get(one["reference"])
            if found is None:
                raise ValueError("a commit refers to a proposal that did not arrive")
            allowed = not external or found.proposal["proposal_type"] == ext.SELF_REMOVE
            hold("external-commit-reference", "a reference to another type", holds=allowed)
            listed.append(found)
        else:
            kind = one["proposal"]["proposal_type"]
            hold("self-remove-by-value", "only by reference", holds=kind != ext.SELF_REMOVE)
            allowed = not external or kind in EXTERNAL_COMMIT_PROPOSALS
            hold("external-commit", f"a proposal of type {kind}", holds=allowed)
            check_proposal(public, one["proposal"], content["sender"])
            listed.append(Pending(one["proposal"], content["sender"]))
    return listed


def leaf_of(one: Pending) -> int | None:
    """Give the leaf that a proposal changes or removes."""
    kind = one.proposal["proposal_type"]
    if kind in {wire.UPDATE, ext.SELF_REMOVE}:
        return one.sender["leaf_index"]
    return one.proposal["body"]["removed"] if kind == wire.REMOVE else None


def check_committer(listed: list[Pending], committer: int | None) -> None:
    """Check that no committer removes itself (section 12.2)."""
    for one in listed:
        removes = one.proposal["proposal_type"] in {wire.REMOVE, ext.SELF_REMOVE}
        own = removes and committer is not None and leaf_of(one) == committer
        hold("remove-committer", f"leaf {committer} removes itself", holds=not own)


def apply_to_tree(nodes: Tree, listed: list[Pending]) -> tuple[Tree, frozenset[int]]:
    """Apply proposals in their order; SelfRemove is "after Update proposals and before Remove"."""
    leaves = [leaf for one in listed if (leaf := leaf_of(one)) is not None]
    hold("repeated-leaf", f"{leaves}", holds=len(leaves) == len(set(leaves)))
    for wanted in (wire.UPDATE, ext.SELF_REMOVE, wire.REMOVE):
        for one in listed:
            if one.proposal["proposal_type"] == wanted:
                if wanted == wire.UPDATE:
                    leaf = one.proposal["body"]["leaf_node"]
                    nodes = tree.update_leaf(nodes, one.sender["leaf_index"], leaf)
                else:
                    nodes = tree.remove_leaf(nodes, leaf_of(one))
    before = set(tree.occupied_leaves(nodes))
    for one in listed:
        if one.proposal["proposal_type"] == wire.ADD:
            nodes = tree.add_leaf(nodes, one.proposal["body"]["key_package"]["leaf_node"])
    return nodes, frozenset(set(tree.occupied_leaves(nodes)) - before)


# Commits (section 12.4)


class Committed(NamedTuple):
    """What a commit leads to; ``before_path`` is the tree to which its path applies."""

    public: Public
    listed: list[Pending]
    before_path: Tree
    added: frozenset[int]
    committer: int
    provisional: dict


def path_is_due(listed: list[Pending]) -> bool:
    return not listed or any(one.proposal["proposal_type"] not in WITHOUT_PATH for one in listed)


def receive_commit(public: Public, opened: dict) -> Committed:
    suite, content = public.suite, opened["content"]
    kind = content["content_type"]
    hold("unexpected-message", f"content type {kind}", holds=kind == wire.COMMIT)
    listed = committed(public, content)
    committer = content["sender"].get("leaf_index")
    check_committer(listed, committer)
    nodes, added = apply_to_tree(public.nodes, listed)
    if committer is None:
        nodes = tree.with_room(nodes)
        committer = tree.leftmost_blank(nodes)
    proposals = [one.proposal for one in listed]
    extensions, _ = next_extensions(public.context["extensions"], proposals, public.known)
    path, before_path = content["body"]["path"], nodes
    due = path_is_due(listed)
    hold("path", "a commit without the path that is due", holds=path is not None or not due)
    if path is not None:
        group_id = public.context["group_id"]
        extended_tree.check_leaf_signature(suite, path["leaf_node"], group_id, committer)
        nodes = extended_tree.merge_update_path(suite, nodes, committer, path)
    check_members(public, nodes, extensions)
    provisional = {
        **public.context,
        "epoch": public.context["epoch"] + 1,
        "tree_hash": extended_tree.root_hash(suite, nodes),
        "extensions": extensions,
    }
    confirmed = confirmed_hash(suite, public.interim, opened)
    context = {**provisional, "confirmed_transcript_hash": confirmed}
    interim = interim_hash(suite, confirmed, opened["auth"]["confirmation_tag"])
    after = public._replace(nodes=nodes, context=context, interim=interim, pending={})
    return Committed(after, listed, before_path, added, committer, provisional)


def confirmed_hash(suite: Suite, interim: bytes, opened: dict) -> bytes:
    """Give the confirmed transcript hash after a commit (section 8.2)."""
    octets = wire.U16.write(opened["wire_format"]) + encode(ext.FRAMED_CONTENT, opened["content"])
    return crypto.hash_of(suite, interim + octets + write_opaque(opened["auth"]["signature"]))


def open_as_receiver_with(private: bytes | None) -> SemiPrivateOpener:
    """Make what opens SemiPrivateMessages with the private key of an external receiver."""

    def opener(public: Public, message: dict) -> dict:
        if private is None:
            raise ValueError("there is no key for a SemiPrivateMessage")
        extensions = public.context["extensions"]
        receiver = semiprivate.receiver_of(public.suite, extensions, private)
        if receiver is None:
            raise ValueError("the key is none of an external receiver")
        return semiprivate.open_as_receiver(public.suite, private, receiver, public.nodes, message)

    return opener
