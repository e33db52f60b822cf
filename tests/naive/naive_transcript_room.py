"""A room of a transcript as one member's device follows it, from the drafts alone.

RFC 9420 with draft-ietf-mls-extensions-10 for the group, draft-ietf-mimi-protocol-06 for what is
fanned out. A device draws nothing: of its own commits it is told the path secret.
"""

import hmac
from typing import Any

from naive import naive_crypto as crypto
from naive import naive_extended_tree as extended_tree
from naive import naive_extensions as ext
from naive import naive_tree as tree
from naive import naive_wire as wire
from naive.naive_agree import agree, must, unhex
from naive.naive_components import aad_items, component_data, dictionary_in
from naive.naive_content import decode_message, message_id
from naive.naive_crypto import Suite
from naive.naive_extended_member import (
    Joiner,
    Member,
    epoch_secrets,
    open_group_info,
    open_group_secrets,
)
from naive.naive_logics import ComponentLogic, anything, last
from naive.naive_member import keys_from_path
from naive.naive_messages import unprotect_private
from naive.naive_policy_wire import COMPONENTS, participants_of, updated_links
from naive.naive_policy_wire import updated_participants as updated
from naive.naive_policy_wire import write as write_policy
from naive.naive_public import Public, open_message, receive_commit, receive_proposal, start
from naive.naive_wire import OPAQUE, U16, U64, decode, encode, struct, write_opaque

FRANK_AAD = 0x20
FRANKING_AGENT = 0x21
PARTICIPANTS = 0x22
JOIN_LINKS = 0x2A
AGENT = struct(("franking_signature_key", OPAQUE), ("credential", ext.CREDENTIAL))


def join_participants(data: bytes | None, updates: list[bytes]) -> bytes:
    pairs = [{"user": user, "role_index": role} for user, role in updated(data or b"\0", updates)]
    return write_policy(COMPONENTS[PARTICIPANTS], {"participants": pairs})


def join_links(data: bytes | None, updates: list[bytes]) -> bytes:
    links = [{"join_link": link} for link in updated_links(data or b"\0", updates)]
    return write_policy(COMPONENTS[JOIN_LINKS], {"join_links": links})


REPLACED = ComponentLogic(anything, anything, last, anything)
LOGICS = dict.fromkeys((*COMPONENTS, FRANKING_AGENT), REPLACED) | {
    PARTICIPANTS: ComponentLogic(anything, anything, join_participants, anything),
    JOIN_LINKS: ComponentLogic(anything, anything, join_links, anything),
}


def user_of(credential: dict) -> str:
    """The user of a client, by the URI in its basic credential: /d/alice/phone of /u/alice."""
    uri = credential["identity"].decode()
    place, _, client = uri.partition("/d/")
    return f"{place}/u/{client.partition('/')[0]}"


def opener(*_: Any) -> dict:
    raise ValueError("handshakes are public here")


# Epochs that the device itself opens


def founded(info: dict, nodes: bytes, epoch_secret: bytes, leaf_private: bytes) -> Member:
    """The creator's group: its epoch_secret is drawn (section 11)."""
    public = start(info, LOGICS, nodes, own_leaf=0)
    suite = public.suite
    labels = {
        "init_secret": "init",
        "sender_data_secret": "sender data",
        "encryption_secret": "encryption",
        "epoch_authenticator": "authentication",
        "external_secret": "external",
        "confirmation_key": "confirm",
        "membership_key": "membership",
        "resumption_psk": "resumption",
    }
    secrets = {
        name: crypto.derive_secret(suite, epoch_secret, label) for name, label in labels.items()
    }
    tag = crypto.mac(suite, secrets["confirmation_key"], b"")
    agree("the confirmation tag of the founder", tag, info["confirmation_tag"])
    return own_member(public, 0, {0: leaf_private}, secrets)


def own_member(
    public: Public, leaf: int, keys: dict[int, bytes], secrets: dict[str, bytes]
) -> Member:
    check_own_key(public, leaf, keys[2 * leaf])
    return Member(public, leaf, keys, secrets, {}, {})


def check_own_key(public: Public, leaf: int, private: bytes) -> None:
    own = crypto.hpke_public_of(public.suite, private)
    agree("the key of the device's leaf", own, tree.leaf_at(public.nodes, leaf)["encryption_key"])


def own_commit(member: Member, octets: bytes, secrets: dict) -> Member:
    """The epoch that a member's own commit opens."""
    opened = open_message(member.public, octets, opener, member.secrets["membership_key"])
    agree("the committer", opened["content"]["sender"]["leaf_index"], member.leaf)
    result = receive_commit(member.public, opened)
    nodes = result.before_path
    keys = {x: k for x, k in member.keys.items() if x < len(nodes) and nodes[x] is not None}
    return opened_by(member.leaf, keys, member.secrets["init_secret"], result, opened, secrets)


def own_entry(info: dict, nodes: bytes, pending: list[bytes], octets: bytes, own: dict) -> Member:
    """The group of who joins by a commit (section 12.4.3.2)."""
    public = start(info, LOGICS, nodes)
    for one in pending:
        public = receive_proposal(public, open_message(public, one, opener))
    opened = open_message(public, octets, opener)
    result = receive_commit(public, opened)
    return opened_by(result.committer, {}, unhex(own["init_secret"]), result, opened, own)


def opened_by(
    leaf: int, keys: dict[int, bytes], init_secret: bytes, result: Any, opened: dict, own: dict
) -> Member:
    public = result.public
    suite, context = public.suite, public.context
    size = crypto.hash_size(suite)
    commit_secret = bytes(size)
    if opened["content"]["body"]["path"] is not None:
        path_keys, commit_secret = keys_from_path(
            suite, public.nodes, leaf, result.committer, unhex(own["path_secret"])
        )
        keys = {**keys, **path_keys, 2 * leaf: unhex(own["encryption_priv"])}
    mixed = crypto.extract(suite, init_secret, commit_secret)
    octets = encode(wire.GROUP_CONTEXT, context)
    joiner = crypto.expand_with_label(suite, mixed, "joiner", octets, size)
    agree("joiner_secret", joiner, unhex(own["joiner_secret"]))
    tag = opened["auth"]["confirmation_tag"]
    secrets = epoch_secrets(suite, context, joiner, bytes(size), tag)
    full = crypto.full_private_key(suite, keys[2 * leaf])
    return own_member(public, leaf, {**keys, 2 * leaf: full}, secrets)


def welcomed(
    packages: dict[bytes, dict], message: dict, nodes: bytes, suite: Suite
) -> Member | None:
    """Join by a Welcome for one of the device's key packages, with the tree beside it."""
    for sealed in message["secrets"]:
        own = packages.get(sealed["new_member"])
        if own is not None:
            return join_with(own, message, nodes, suite)
    return None


def join_with(own: dict, welcome: dict, nodes: bytes, suite: Suite) -> Member:
    """Join by a Welcome (RFC 9420, section 12.4.3.1); the tree came beside it."""
    init = crypto.full_private_key(suite, unhex(own["init_priv"]))
    private = crypto.full_private_key(suite, unhex(own["encryption_priv"]))
    package = own["package"]
    extended_tree.check_key_package(suite, package)
    secrets = open_group_secrets(suite, welcome, Joiner(package, init, private, LOGICS, {}))
    zeros = bytes(crypto.hash_size(suite))
    joiner = secrets["joiner_secret"]
    info = open_group_info(suite, welcome, joiner, zeros)
    read = extended_tree.read_tree(nodes)
    leaves = tree.occupied_leaves(read)
    leaf = next(one for one in leaves if tree.leaf_at(read, one) == package["leaf_node"])
    public = start(info, LOGICS, nodes, own_leaf=leaf)
    keys = {2 * leaf: private}
    if secrets["path_secret"] is not None:
        signer = info["signer"]
        path_keys, _ = keys_from_path(suite, read, leaf, signer, secrets["path_secret"])
        keys.update(path_keys)
    tag = info["confirmation_tag"]
    after = epoch_secrets(suite, public.context, joiner, zeros, tag)
    return own_member(public, leaf, keys, after)


# Messages


def read_application(member: Member, message: dict) -> dict:
    """Open an application message: who says what (draft-ietf-mimi-content-08, section 3.3)."""
    public, suite = member.public, member.public.suite
    n_leaves = (len(public.nodes) + 1) // 2
    content, auth = unprotect_private(suite, member.secrets, n_leaves, message)
    context = encode(wire.GROUP_CONTEXT, public.context)
    leaf = content["sender"]["leaf_index"]
    sender = tree.leaf_at(public.nodes, leaf)
    signed = ext.framed_content_tbs(wire.PRIVATE_MESSAGE, content, context)
    key = sender["signature_key"]
    valid = crypto.verify_with_label(suite, key, "FramedContentTBS", signed, auth["signature"])
    must("the signature of the message verifies", holds=valid)
    framed = decode(ext.APPLICATION_FRAMING, content["body"])
    items = aad_items(public.context["extensions"], content["authenticated_data"]) or []
    return {
        "leaf": leaf,
        "sender": user_of(sender["credential"]),
        "data": content["body"],
        "content": framed["inner_application_content"],
        "aad": {item["component_id"]: item["aad_item_data"] for item in items},
    }


def is_franked(member: Member, said: dict, frank: dict | None, room: str, accepted: int) -> bool:
    """Whether a message has the hub's frank; it is checked (section 5.4.1)."""
    tag = said["aad"].get(FRANK_AAD)
    if frank is None or tag is None:
        return False
    salt = unhex(decode_message(said["content"])["salt"])
    agree("franking_tag", hmac.digest(salt, said["data"], "sha256"), tag)
    entries = dictionary_in(member.public.context["extensions"])
    agent = decode(AGENT, component_data(entries, FRANKING_AGENT) or b"")
    context = franking_context(said["sender"], room, accepted)
    suite = member.public.suite
    signed = unhex(frank["server_frank"]) + U16.write(frank["franking_signature_ciphersuite"])
    valid = crypto.verify_with_label(
        suite,
        agent["franking_signature_key"],
        "FrankingIntegrityTBS",
        signed + context,
        unhex(frank["franking_integrity_signature"]),
    )
    must("the signature of the frank verifies", holds=valid)
    return True


def franking_context(sender: str, room: str, accepted: int) -> bytes:
    return write_opaque(sender.encode()) + write_opaque(room.encode()) + U64.write(accepted)


def id_of(said: dict, room: str) -> bytes:
    return message_id(said["content"], said["sender"], room)


def form_of(member: Member, room: str, *, active: bool, waiting: int) -> dict:
    """What a step says of a room on a device."""
    context = member.public.context
    listed = component_data(dictionary_in(context["extensions"]), PARTICIPANTS)
    return {
        "room": room,
        "epoch": context["epoch"],
        "tree_hash": context["tree_hash"].hex(),
        "confirmed_transcript_hash": context["confirmed_transcript_hash"].hex(),
        "participants": participants_of(listed or b"\0"),
        "pending": len(member.public.pending),
        "member": active,
        "epoch_authenticator": member.secrets["epoch_authenticator"].hex(),
        "waiting": waiting,
    }
