"""A member that joins by a Welcome and listens, in a group that uses the extensions.

As ``naive_member``, on top of ``naive_public``, with application PSKs and SemiPrivateMessage.
"""

from typing import NamedTuple

from naive import naive_components as components
from naive import naive_crypto as crypto
from naive import naive_extended_tree as extended_tree
from naive import naive_extensions as ext
from naive import naive_semiprivate as semiprivate
from naive import naive_tree as tree
from naive import naive_wire as wire
from naive.naive_crypto import Suite
from naive.naive_logics import ComponentLogic
from naive.naive_member import keys_from_path
from naive.naive_public import (
    Committed,
    Public,
    context_octets,
    open_message,
    receive_commit,
    receive_proposal,
    start,
)
from naive.naive_schedule import key_schedule
from naive.naive_wire import OPAQUE, decode, encode, struct, vector

GROUP_SECRETS = struct(
    ("joiner_secret", OPAQUE),
    ("path_secret", wire.optional(OPAQUE)),
    ("psks", vector(ext.PRE_SHARED_KEY_ID)),
)


class Member(NamedTuple):
    """A member; ``keys`` by node, ``psks`` by component and name, ``resumption`` by epoch."""

    public: Public
    leaf: int
    keys: dict[int, bytes]
    secrets: dict[str, bytes]
    psks: dict[tuple[int | None, bytes], bytes]
    resumption: dict[int, bytes]


class Joiner(NamedTuple):
    """What a client has before it joins."""

    package: dict
    init_private: bytes
    encryption_private: bytes
    known: dict[int, ComponentLogic]
    psks: dict[tuple[int | None, bytes], bytes]


def psk_secret_for(
    suite: Suite,
    psk_ids: list[dict],
    psks: dict[tuple[int | None, bytes], bytes],
    resumption: dict[int, bytes],
) -> bytes:
    values = []
    for one in psk_ids:
        if one["psktype"] == ext.RESUMPTION_PSK:
            values.append((one, resumption[one["psk_epoch"]]))
        else:
            values.append((one, psks[one.get("component_id"), one["psk_id"]]))
    return components.psk_secret_of(suite, values)


def epoch_secrets(
    suite: Suite, context: dict, joiner_secret: bytes, psk_secret: bytes, tag: bytes
) -> dict[str, bytes]:
    """Derive the secrets of an epoch, whose confirmation tag is known."""
    secrets = key_schedule(suite, joiner_secret, psk_secret, encode(wire.GROUP_CONTEXT, context))
    confirmed = context["confirmed_transcript_hash"]
    computed = crypto.mac(suite, secrets["confirmation_key"], confirmed)
    ext.hold("confirmation-tag", "it is another one", holds=computed == tag)
    return secrets


# Welcome (section 12.4.3.1)


def open_group_secrets(suite: Suite, welcome: dict, joiner: Joiner) -> dict:
    reference = crypto.key_package_ref(suite, encode(ext.KEY_PACKAGE, joiner.package))
    sealed = next(
        one["encrypted_group_secrets"]
        for one in welcome["secrets"]
        if one["new_member"] == reference
    )
    pair, context = (sealed["kem_output"], sealed["ciphertext"]), welcome["encrypted_group_info"]
    opened = crypto.decrypt_with_label(suite, joiner.init_private, "Welcome", context, pair)
    return decode(GROUP_SECRETS, opened)


def open_group_info(suite: Suite, welcome: dict, joiner_secret: bytes, psk_secret: bytes) -> dict:
    member_secret = crypto.extract(suite, joiner_secret, psk_secret)
    welcome_secret = crypto.derive_secret(suite, member_secret, "welcome")
    size = crypto.key_size(suite)
    key = crypto.expand_with_label(suite, welcome_secret, "key", b"", size)
    nonce = crypto.expand_with_label(suite, welcome_secret, "nonce", b"", crypto.AEAD_NONCE_SIZE)
    opened = crypto.aead_open(suite, key, nonce, b"", welcome["encrypted_group_info"])
    return decode(wire.GROUP_INFO_STRUCT, opened)


def join(joiner: Joiner, welcome: dict) -> Member:
    suite = crypto.suite_of(welcome["cipher_suite"])
    extended_tree.check_key_package(suite, joiner.package)
    secrets = open_group_secrets(suite, welcome, joiner)
    psk_secret = psk_secret_for(suite, secrets["psks"], joiner.psks, {})
    joiner_secret = secrets["joiner_secret"]
    info = open_group_info(suite, welcome, joiner_secret, psk_secret)
    public = start(info, joiner.known)
    nodes = public.nodes
    leaf = next(
        one
        for one in tree.occupied_leaves(nodes)
        if tree.leaf_at(nodes, one) == joiner.package["leaf_node"]
    )
    keys = {2 * leaf: joiner.encryption_private}
    if secrets["path_secret"] is not None:
        path_keys, _ = keys_from_path(suite, nodes, leaf, info["signer"], secrets["path_secret"])
        keys.update(path_keys)
    context, tag = public.context, info["confirmation_tag"]
    after = epoch_secrets(suite, context, joiner_secret, psk_secret, tag)
    resumption = {context["epoch"]: after["resumption_psk"]}
    public = start(info, joiner.known, own_leaf=leaf)
    return Member(public, leaf, keys, after, joiner.psks, resumption)


# Messages and commits


def open_as(member: Member, octets: bytes) -> dict:
    def opener(public: Public, message: dict) -> dict:
        return semiprivate.open_as_member(public.suite, member.secrets, public.nodes, message)

    return open_message(member.public, octets, opener, member.secrets["membership_key"])


def take_proposal(member: Member, octets: bytes) -> Member:
    return member._replace(public=receive_proposal(member.public, open_as(member, octets)))


def open_path(member: Member, result: Committed, path: dict) -> tuple[dict[int, bytes], bytes]:
    """Open the path of a commit: the keys by node, and the commit secret."""
    suite, nodes = member.public.suite, result.public.nodes
    before = result.before_path
    kept = {x: k for x, k in member.keys.items() if x < len(before) and before[x] is not None}
    octets = encode(wire.GROUP_CONTEXT, result.provisional)
    receiver = (member.leaf, kept)
    path_secret, commit_secret = tree.open_update_path(
        suite, before, result.committer, path, receiver, octets, result.added
    )
    keys, again = keys_from_path(suite, nodes, member.leaf, result.committer, path_secret)
    if again != commit_secret:
        raise ValueError("the commit secret is not that of the tree")
    return {**kept, **keys}, commit_secret


def init_secret_for(member: Member, result: Committed) -> bytes:
    """Give the init secret, that of an external commit if there is one (section 8.3)."""
    suite = member.public.suite
    for one in result.listed:
        if one.proposal["proposal_type"] == wire.EXTERNAL_INIT:
            private, _ = crypto.derive_key_pair(suite, member.secrets["external_secret"])
            label = b"MLS 1.0 external init secret"
            return crypto.receive_export(suite, private, one.proposal["body"]["kem_output"], label)
    return member.secrets["init_secret"]


def take_commit(member: Member, octets: bytes) -> Member:
    opened = open_as(member, octets)
    result = receive_commit(member.public, opened)
    suite, size = member.public.suite, crypto.hash_size(member.public.suite)
    before, path = result.before_path, opened["content"]["body"]["path"]
    keys = {x: k for x, k in member.keys.items() if x < len(before) and before[x] is not None}
    commit_secret = bytes(size)
    if path is not None:
        keys, commit_secret = open_path(member, result, path)
    mixed = crypto.extract(suite, init_secret_for(member, result), commit_secret)
    joiner = crypto.expand_with_label(suite, mixed, "joiner", context_octets(result.public), size)
    psk_ids = [
        one.proposal["body"]["psk"]
        for one in result.listed
        if one.proposal["proposal_type"] == wire.PSK
    ]
    psk_secret = psk_secret_for(suite, psk_ids, member.psks, member.resumption)
    context, tag = result.public.context, opened["auth"]["confirmation_tag"]
    secrets = epoch_secrets(suite, context, joiner, psk_secret, tag)
    resumption = {**member.resumption, context["epoch"]: secrets["resumption_psk"]}
    return member._replace(public=result.public, keys=keys, secrets=secrets, resumption=resumption)
